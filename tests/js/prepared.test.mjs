// ICE candidates that are gathered for a push, before its INVITE is here: Chromium, a host in the page, a STUN server that
// falls silent when the call comes.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { after, before, test } from "node:test";
import { until } from "../e2e/support/process.mjs";
import { talking } from "./support/talk.mjs";

const talk = talking();
const COOKIE = [0x21, 0x12, 0xa4, 0x42];
const stun = { asked: 0, silent: false, socket: createSocket("udp4") };

before(async () => {
  stun.socket.on("message", (request, { port, address }) => {
    stun.asked += 1;
    if (stun.silent) return;
    // A binding response with one XOR-MAPPED-ADDRESS (RFC 8489 14.2): as if a translator had given it the address 203.0.113.7.
    const answer = Buffer.from([1, 1, 0, 12, ...request.subarray(4, 20), 0, 0x20, 0, 8, 0, 1, 0, 0, ...[203, 0, 113, 7].map((octet, i) => octet ^ COOKIE[i])]);
    answer.writeUInt16BE(((port + 1) & 0xffff) ^ 0x2112, 26);
    stun.socket.send(answer, port, address);
  });
  await new Promise((resolve) => stun.socket.bind(0, "127.0.0.1", resolve));
});
after(() => stun.socket.close());

/** A page with bob, whom a host wakes, and alice. */
async function open() {
  stun.silent = false;
  const { page, complaints } = await talk.open();
  await page.evaluate(async (urls) => {
    const { bridgeHost } = await import("/tests/sipp/support/bridge-host.mjs");
    const answer = ({ id, type, p }, reply) => type === "call.incoming" && (reply(id, type, { callUuid: p.callUuid, match: "push" }), true);
    const host = bridgeHost({ answer });
    host.push = (uuid, kind = "call", inviteTimeoutMs = 15000) =>
      host.send("push.incoming", "request", {
        pushId: `push-${uuid}`, callUuid: uuid, kind, video: false, ageMs: 0, launch: "foreground", locked: false, reported: { ok: true }, mustReport: false, raw: {}, inviteTimeoutMs,
      }, { deadlineMs: 5000 });
    host.answer = (callUuid) => host.send("call.perform", "request", { actionId: "a1", callUuid, action: "answer", origin: "user" }, { deadlineMs: 9000 });
    const ask = navigator.mediaDevices?.getUserMedia;
    if (ask) navigator.mediaDevices.getUserMedia = (...wanted) => ((t.asked = (t.asked ?? 0) + 1), ask.apply(navigator.mediaDevices, wanted));
    t.bob = await t.start("bob", 1000, { host, trace: "full", iceServers: [{ urls }], gatheringLimitMs: 20000 });
    t.alice = await t.start("alice", 440, {}, { trickleIce: "off" });
    t.host = host;
    t.wire = [];
    t.bob.endpoint.on("trace", ({ text }) => t.wire.push(text));
    t.peerConnections = () => t.bob.endpoint.counters().peerConnections;
    t.uuid = () => crypto.randomUUID();
  }, `stun:127.0.0.1:${stun.socket.address().port}`);
  return { page, complaints };
}

/** A push comes, and the STUN server has been asked for it. */
async function pushed(page, ...more) {
  const before = stun.asked;
  const uuid = await page.evaluate((more) => { const uuid = t.uuid(); t.host.push(uuid, ...more); return uuid; }, more);
  await until("the STUN server is asked", () => stun.asked > before);
  return uuid;
}

test("a push has its candidates before the INVITE is here, and asks for no microphone", async () => {
  const { page, complaints } = await open();
  const uuid = await pushed(page);
  const ahead = await page.evaluate(async () => {
    // What the server answered is there: it answers at once.
    await t.sleep(500);
    return { ...t.bob.endpoint.counters(), asked: t.asked ?? 0, invites: t.wire.filter((text) => text.startsWith("INVITE ")).length };
  });
  assert.deepEqual([ahead.peerConnections, ahead.liveTracks, ahead.asked, ahead.invites], [1, 0, 0, 0]);
  // From now on nothing can be found out any more.
  stun.silent = true;
  const seen = await page.evaluate(async (uuid) => {
    const call = await t.alice.endpoint.makeCall(t.alice.account, "bob");
    const { call: incoming } = await t.bob.find("call_received");
    const during = t.peerConnections();
    t.host.answer(uuid);
    await t.until("both connected", () => call.state === "connected" && incoming.state === "connected" && call.mediaConnected && incoming.mediaConnected);
    const heard = [await t.hears(incoming.remoteStream), await t.hears(call.remoteStream)];
    const answer = t.wire.find((text) => text.startsWith("SIP/2.0 200") && text.includes("m=audio"));
    await call.hangup();
    await t.bob.find("call_terminated");
    await t.until("everything is closed", () => t.peerConnections() === 0);
    await t.stop(t.alice, t.bob);
    return { same: incoming.uuid === uuid, during, heard, answer, counters: t.bob.endpoint.counters() };
  }, uuid);
  assert.ok(seen.same);
  assert.equal(seen.during, 2, "that of the call and that of the caller");
  assert.match(seen.answer, /typ srflx/, "what the server said before the call came");
  assert.ok(Math.abs(seen.heard[0] - 440) < 30 && Math.abs(seen.heard[1] - 1000) < 30, String(seen.heard));
  assert.deepEqual(seen.counters, { peerConnections: 0, liveTracks: 0, timers: 0, sockets: 0 });
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a push without a call leaves nothing open, whether it is taken back, or no INVITE comes, or the engine stops", async () => {
  const { page } = await open();
  const uuid = await pushed(page);
  assert.equal(await page.evaluate(() => t.peerConnections()), 1);
  await page.evaluate(async (uuid) => {
    t.host.push(uuid, "cancel");
    await t.until("it is closed", () => t.peerConnections() === 0);
  }, uuid);
  await pushed(page, "call", 1500);
  await page.evaluate(() => t.until("the time is over", () => t.peerConnections() === 0));
  await pushed(page);
  assert.equal(await page.evaluate(() => t.peerConnections()), 1);
  const counters = await page.evaluate(async () => {
    await t.stop(t.alice, t.bob);
    return t.bob.endpoint.counters();
  });
  assert.deepEqual(counters, { peerConnections: 0, liveTracks: 0, timers: 0, sockets: 0 });
  await page.close();
});
