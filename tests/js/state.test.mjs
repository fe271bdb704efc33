// What a page leaves to the next one of its tab: the built package in Chromium against the embedded server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startEdge } from "../e2e/support/edge.mjs";
import { launch, serve } from "./support/browser.mjs";

let edge, server, browser;
const routes = {
  "/": { body: '<!doctype html><title>state</title><script type="importmap">{ "imports": { "sipwake": "/pkg/sipwake.js" } }</script>' },
};

before(async () => {
  edge = await startEdge();
  server = await serve(routes);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
  await edge?.stop();
});

/** Registers alice in the page as it is now: the REGISTERs that left, and the statuses that came. */
const life = (page, options, blind) =>
  page.evaluate(
    async ({ url, domain, password, options, blind }) => {
      const { default: init, Endpoint } = await import("sipwake");
      await init();
      const endpoint = await Endpoint.start({ host: "none", trace: "full", ...options });
      const registers = [];
      const statuses = [];
      endpoint.on("trace", ({ text }) => {
        if (text.startsWith("REGISTER")) registers.push(text);
        else if (text.startsWith("SIP/2.0") && /^CSeq: \d+ REGISTER/m.test(text)) statuses.push(Number(text.slice(8, 11)));
      });
      const account = await endpoint.createAccount({ username: "alice", domain, password, servers: [url] });
      for (let i = 0; i < 500 && account.registration?.state !== "registered"; i++) await new Promise((go) => setTimeout(go, 10));
      const line = (text, name) => text.match(new RegExp(`^${name}: (.*?)\\r?$`, "m"))?.[1];
      return {
        state: account.registration?.state,
        statuses,
        authorized: registers.map((text) => /^Authorization: Digest/m.test(text)),
        callId: line(registers[0], "Call-ID"),
        instance: registers[0].match(/\+sip\.instance="<(.*?)>"/)?.[1],
        cseqs: registers.map((text) => parseInt(line(text, "CSeq"), 10)),
        kept: blind ? undefined : sessionStorage.getItem("sipwake.state"),
      };
    },
    { url: edge.wsUrl, domain: edge.domain, password: edge.users.alice, options, blind },
  );

test("a page that is loaded again registers with the nonce that it had, in one round trip", async () => {
  const page = await browser.context.newPage();
  await page.goto(server.url);
  const first = await life(page);
  assert.deepEqual([first.state, first.statuses, first.authorized], ["registered", [401, 200], [false, true]]);
  assert.ok(first.kept.includes("nonce=") && !first.kept.includes(edge.users.alice), first.kept);
  await page.reload();
  const second = await life(page);
  assert.deepEqual([second.state, second.statuses, second.authorized], ["registered", [200], [true]]);
  assert.equal(second.callId, first.callId);
  assert.ok(second.cseqs[0] > first.cseqs.at(-1));
  await page.close();
});

test("with `state: none` nothing is kept, and nothing that is kept is used", async () => {
  const page = await browser.context.newPage();
  await page.goto(server.url);
  const first = await life(page, { state: "none" });
  assert.deepEqual([first.statuses, first.kept], [[401, 200], null]);
  await page.reload();
  await life(page);
  await page.reload();
  const third = await life(page, { state: "none" });
  assert.deepEqual(third.statuses, [401, 200]);
  await page.close();
});

test("what somebody else left in its place does no harm", async () => {
  const page = await browser.context.newPage();
  await page.goto(server.url);
  for (const rubbish of ["", "sipwake-state 1\n", "sipwake-state 1\naccount 999999999\nx", "\u{1f4a5}".repeat(10_000)]) {
    await page.evaluate((text) => sessionStorage.setItem("sipwake.state", text), rubbish);
    await page.reload();
    const seen = await life(page);
    assert.deepEqual([seen.state, seen.statuses], ["registered", [401, 200]]);
  }
  await page.close();
});

test("two endpoints of a tab, and a tab that was duplicated, share neither instance nor state, and a reload keeps each of them", async () => {
  const page = await browser.context.newPage();
  await page.goto(server.url);
  const started = [await life(page), await life(page)];
  const popup = page.waitForEvent("popup");
  // The browser copies what the tab has stored.
  await page.evaluate((url) => void window.open(url), server.url);
  const other = await popup;
  const copied = await life(other);
  const names = ({ instance, callId }) => [instance, callId];
  assert.equal(new Set([...started, copied].flatMap(names)).size, 6);
  await page.reload();
  assert.deepEqual([await life(page), await life(page)].map(names), started.map(names));
  await other.reload();
  assert.deepEqual(names(await life(other)), names(copied));
  await other.close();
  await page.close();
});

test("where nothing can be stored an endpoint starts and registers all the same", async () => {
  const page = await browser.context.newPage();
  await page.addInitScript(() => {
    Object.defineProperty(window, "sessionStorage", { get() { throw new DOMException("no", "SecurityError"); } });
  });
  await page.goto(server.url);
  const seen = await life(page, {}, true);
  assert.deepEqual([seen.state, seen.kept], ["registered", undefined]);
  await page.close();
});
