// The smallest host of the manual, docs/examples/host/host.js, with the built package through whole wakes: a page whose account sleeps,
// the embedded server's push, real sockets and real audio.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../e2e/support/process.mjs";
import { talking } from "./support/talk.mjs";

const talk = talking();

/** A page with alice, and bob behind the smallest host; `screen` is what bob's call screen was told. */
async function phones() {
  const { page, complaints } = await talk.open();
  await page.evaluate(async () => {
    const { createHost } = await import("/docs/examples/host/host.js");
    window.screen_ = [];
    const note = (name) => (...values) => void screen_.push([name, ...values]);
    window.shell = createHost(Object.fromEntries(["report", "update", "state", "end", "fulfil", "fail"].map((name) => [name, note(name)])), {
      instance: `urn:uuid:${crypto.randomUUID()}`,
      token: { kind: "voip", provider: "apns", token: "AB".repeat(32), environment: "sandbox", bundleId: "org.example.app", topic: "org.example.app.voip", teamId: "TEAM123456" },
    });
    window.alice = await t.start("alice", 440);
    window.bob = await t.start("bob", 1000, { host: shell.port }, { push: { preset: "rfc8599-apns" }, backgroundPolicy: "unregister" });
    await t.until("the host is there", () => bob.endpoint.state.host);
    /** The screen was told this. */
    window.told = (name, match = () => true) => t.until(`${name} in ${JSON.stringify(screen_)}`, () => screen_.find(([of, ...values]) => of === name && match(...values)));
    /** Bob's page sleeps, and alice calls. */
    window.asleep = async () => {
      const { value } = await shell.suspend();
      if (!value.done || value.registered) throw new Error(`not asleep: ${JSON.stringify(value)}`);
      screen_.length = 0;
      alice.events.length = 0;
      return (window.call = await alice.endpoint.makeCall(alice.account, "bob"));
    };
  });
  let seen = (await talk.edge.pushes()).length;
  const pushed = async () => {
    let push;
    await until("the server pushes", async () => (push = (await talk.edge.pushes())[seen]), 10_000, 20);
    seen++;
    return push;
  };
  return { page, complaints, pushed };
}

test("the smallest host: sleep, push, report, an answer before the INVITE, a call with sound, the end", async () => {
  const { page, complaints, pushed } = await phones();
  await page.evaluate(async () => void (await asleep()));
  const push = await pushed();
  const seen = await page.evaluate(async (payload) => {
    const uuid = shell.push(payload);
    const before = bob.endpoint.state.calls.length;
    shell.perform(uuid, "answer");
    await told("fulfil");
    await told("state", (of, state) => of === uuid && state === "connected");
    await t.until("media", () => call.mediaConnected);
    const hertz = await t.hears(call.remoteStream);
    const reports = screen_.filter(([name]) => name === "report").length;
    await shell.perform(uuid, "mute");
    const muted = bob.endpoint.state.calls[0].muted;
    await shell.perform(uuid, "end");
    const { outcome } = await alice.find("call_terminated");
    await told("end", (of) => of === uuid).catch(() => {});
    return { before, hertz, reports, muted, outcome: outcome.kind, fails: screen_.filter(([name]) => name === "fail").length };
  }, push.payload ?? push);
  assert.equal(seen.before, 0, "the answer came before the INVITE");
  assert.ok(Math.abs(seen.hertz - 1000) < 30, `${seen.hertz}`);
  assert.deepEqual([seen.reports, seen.muted, seen.outcome, seen.fails], [1, true, "completed", 0]);
  assert.deepEqual(complaints, []);
  await page.close();
});

test("the smallest host: declined before the INVITE is there", async () => {
  const { page, pushed } = await phones();
  await page.evaluate(async () => void (await asleep()));
  const push = await pushed();
  const outcome = await page.evaluate(async (payload) => {
    const uuid = shell.push(payload);
    shell.perform(uuid, "end");
    const { outcome } = await alice.find("call_terminated");
    return [outcome.kind, outcome.status, bob.events.filter(({ name }) => name === "call_received").length];
  }, push.payload ?? push);
  assert.deepEqual(outcome, ["declined", 603, 0]);
  await page.close();
});

test("the smallest host: the page is gone when the push comes, and its successor gets it all", async () => {
  const { page, pushed } = await phones();
  await page.evaluate(async () => {
    await asleep();
    await bob.endpoint.stop();
  });
  const push = await pushed();
  const seen = await page.evaluate(async (payload) => {
    const uuid = shell.push(payload);
    shell.perform(uuid, "answer");
    const reported = screen_.map(([name]) => name);
    const next = await t.start("bob", 1000, { host: shell.port }, { push: { preset: "rfc8599-apns" }, backgroundPolicy: "unregister" });
    await told("state", (of, state) => of === uuid && state === "connected");
    await told("fulfil");
    await t.until("media", () => call.mediaConnected);
    call.hangup();
    await told("end", (of, reason) => of === uuid && reason === "remoteEnded");
    return { reported, reports: screen_.filter(([name]) => name === "report").length, calls: next.endpoint.state.calls.length };
  }, push.payload ?? push);
  assert.deepEqual(seen, { reported: ["report"], reports: 1, calls: 0 });
  await page.close();
});
