// A page that is loaded anew in the middle of a call: the call and its audio come back. The built package in two pages of
// Chromium, against the embedded server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { talking } from "./support/talk.mjs";

const talk = talking({});

/** Starts an endpoint of the page as `window.side`, with its trace. */
const start = (page, user, hertz) =>
  page.evaluate(
    async ({ user, hertz }) => {
      window.sent = [];
      window.side = await t.start(user, hertz, { state: "calls", trace: "full" });
      side.endpoint.on("trace", ({ kind, text }) => kind === "sipOut" && sent.push(text));
    },
    { user, hertz },
  );

/** What the page's only call is, and the loudest frequency that it hears. */
const look = (page) =>
  page.evaluate(async () => {
    const { call } = await t.until("one call", () => side.endpoint.state.calls[0]);
    await t.until("its audio", () => call.state === "connected" && call.mediaConnected && call.remoteStream);
    const { uuid, direction, state, remoteUri, connectedAt, sipCallId, onHold, muted } = call;
    return { hears: await t.hears(call.remoteStream), call: { uuid, direction, state, remoteUri, connectedAt: Number(connectedAt), sipCallId, onHold, muted } };
  });

const near = (heard, hertz) => assert.ok(Math.abs(heard - hertz) < 30, `${heard} instead of ${hertz} Hz`);

/** Waits until a page hears this again: what is played across a change of the session may take a moment. */
async function hears(page, hertz) {
  let heard;
  for (let i = 0; i < 20; i++) {
    heard = (await look(page)).hears;
    if (Math.abs(heard - hertz) < 30) return;
  }
  near(heard, hertz);
}

async function pages() {
  const alice = await talk.open();
  const bob = await talk.open();
  await start(alice.page, "alice", 440);
  await start(bob.page, "bob", 1000);
  await alice.page.evaluate(async () => void (window.call = await side.endpoint.makeCall(side.account, "bob")));
  await bob.page.evaluate(async () => {
    const { call } = await side.find("call_received");
    await call.answer();
  });
  await hears(alice.page, 1000);
  await hears(bob.page, 440);
  return { alice: alice.page, bob: bob.page };
}

for (const who of ["alice", "bob"]) {
  test(`the page of ${who === "alice" ? "the caller" : "the called"} is loaded anew, and both are heard again`, async () => {
    const both = await pages();
    const [page, other] = who === "alice" ? [both.alice, both.bob] : [both.bob, both.alice];
    const [own, theirs] = who === "alice" ? [440, 1000] : [1000, 440];
    const before = (await look(page)).call;
    const cseqs = await page.evaluate(() => sent.filter((text) => /^(INVITE|UPDATE|BYE) /.test(text)).map((text) => parseInt(text.match(/^CSeq: (\d+)/m)[1], 10)));
    const kept = await page.evaluate(() => sessionStorage.getItem("sipwake.state"));
    for (const secret of ["ice-pwd", "fingerprint", "candidate", talk.edge.users[who]]) assert.ok(!kept.includes(secret), secret);
    await page.reload();
    await talk.prepare(page);
    await start(page, who, own);
    assert.equal(await page.evaluate(async () => (await side.find("call_restored")).call === side.endpoint.state.calls[0].call), true);
    await hears(page, theirs);
    await hears(other, own);
    assert.deepEqual((await look(page)).call, before);
    const invite = await page.evaluate(() => sent.find((text) => text.startsWith("INVITE ")));
    assert.ok(invite.includes(`Call-ID: ${before.sipCallId}\r\n`));
    assert.ok(parseInt(invite.match(/^CSeq: (\d+)/m)[1], 10) > Math.max(0, ...cseqs));
    // It is in hand still, on both sides: hold and take back, and the end.
    await page.evaluate(async () => {
      const { call } = side.endpoint.state.calls[0];
      await call.hold();
      await call.unhold();
    });
    await hears(page, theirs);
    await other.evaluate(() => side.endpoint.state.calls[0].call.hangup());
    await page.evaluate(() => t.until("it is over", () => side.endpoint.state.calls.length === 0));
    assert.deepEqual(await page.evaluate(() => { const { peerConnections, liveTracks } = side.endpoint.counters(); return { peerConnections, liveTracks }; }), { peerConnections: 0, liveTracks: 0 });
    await Promise.all([page.close(), other.close()]);
  });
}

test("a tab that was duplicated takes no call, and the tab that has it keeps it", async () => {
  const { alice, bob } = await pages();
  const popup = alice.waitForEvent("popup");
  // The browser copies what the tab has stored.
  await alice.evaluate(() => void window.open(location.href));
  const copy = await popup;
  await copy.waitForLoadState();
  await talk.prepare(copy);
  assert.ok(await copy.evaluate(() => sessionStorage.getItem("sipwake.state").includes("\ncall ")), "it has what would be needed");
  await start(copy, "alice", 700);
  assert.deepEqual(await copy.evaluate(() => [side.endpoint.state.calls.length, side.events.some(({ name }) => name === "call_restored")]), [0, false]);
  await hears(alice, 1000);
  await hears(bob, 440);
  await Promise.all([copy.close(), alice.close(), bob.close()]);
});

test("with `state: session` no call is left to the next page", async () => {
  const { page } = await talk.open();
  const other = await talk.open();
  await start(other.page, "bob", 1000);
  const run = () => page.evaluate(async () => void (window.side = await t.start("alice", 440, { state: "session" })));
  await run();
  await page.evaluate(async () => void (await side.endpoint.makeCall(side.account, "bob")));
  await other.page.evaluate(async () => (await side.find("call_received")).call.answer());
  await hears(page, 1000);
  assert.equal(await page.evaluate(() => sessionStorage.getItem("sipwake.state").includes("\ncall ")), false);
  await page.reload();
  await talk.prepare(page);
  await run();
  assert.equal(await page.evaluate(() => side.endpoint.state.calls.length), 0);
  await Promise.all([page.close(), other.page.close()]);
});
