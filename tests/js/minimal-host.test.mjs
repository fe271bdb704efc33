// The smallest host of the manual, docs/examples/host/host.js over link.js, with the built package through whole wakes: a page whose account sleeps,
// the embedded server's push, real sockets and real audio. What a page cannot be made to do, a page of the test's own says.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createHost } from "../../docs/examples/host/host.js";
import { createLink } from "../../docs/examples/host/link.js";
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
    await told("end", (of, reason) => of === uuid && reason === "local");
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

/** What has been posted is taken, and what follows from it has happened. */
const settled = () => new Promise(setImmediate);

/** A page that says what the test lets it say. `heard` is what the host wrote. */
function pageOf(port) {
  const heard = [];
  let session, seq, received;
  port.onmessage = (text) => {
    const message = JSON.parse(text);
    heard.push(message);
    if (message.type === "welcome") [session, seq, received] = [message.session, 0, 0];
    if (message.seq === received + 1) received++;
  };
  const post = async (message) => (port.post(JSON.stringify({ v: 1, ack: received, ...message })), await settled());
  return {
    heard,
    hello: (id) => post({ type: "hello", kind: "request", id, seq: 0, p: {} }),
    say: (type, p, kind = "event", more = {}) => post({ type, kind, session, seq: ++seq, id: `p-${seq}`, p, ...more }),
    /** The host's last message of this type. */
    last: (type, kind) => heard.findLast((message) => message.type === type && (!kind || message.kind === kind)),
  };
}

/** The smallest host, and a page that is ready; the clock is the test's. */
async function told(t) {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  t.after(() => mock.timers.reset());
  const screen = [];
  const note = (name) => (...values) => void screen.push([name, ...values]);
  const ui = Object.fromEntries(["report", "update", "state", "end", "fulfil", "fail"].map((name) => [name, note(name)]));
  const host = createHost(ui, { instance: "urn:uuid:1", token: {} });
  t.after(host.close);
  const page = pageOf(host.port);
  await page.hello("h");
  await page.say("ready", {});
  const invite = async (callUuid, sipCallId, more) => {
    await page.say("call.incoming", { callUuid, sipCallId, fromUri: "sip:alice@example.com", ...more }, "request");
    return page.last("call.incoming").p.value;
  };
  const of = (name) => screen.filter(([kind]) => kind === name).map(([, ...values]) => values);
  return { host, page, invite, of };
}

test("the smallest host: two INVITEs without a push ring twice, the same one again does not", async (t) => {
  const { page, invite, of } = await told(t);
  assert.deepEqual(await invite("u1", "c1"), { callUuid: "u1", match: "new" });
  assert.deepEqual(await invite("u2", "c2"), { callUuid: "u2", match: "new" });
  assert.deepEqual(of("report").map(([uuid]) => uuid), ["u1", "u2"]);
  assert.deepEqual(await invite("u3", "c2"), { callUuid: "u2", match: "duplicate" });
  assert.equal(of("report").length, 2);
  await page.say("call.ended", { callUuid: "u1", reason: "remoteEnded" });
  const { callUuid, match } = await invite("u1", "c1");
  assert.ok(match === "new" && callUuid !== "u1", "what is over is not found, and its UUID is not used again");
  assert.equal(of("report").length, 3);
});

test("the smallest host: an INVITE and its push ring once, in either order", async (t) => {
  const { host, invite, of } = await told(t);
  const uuid = host.push({ aps: { "call-id": "c1" } });
  assert.deepEqual(await invite("u1", "c1"), { callUuid: uuid, match: "push" });
  assert.deepEqual(await invite("u2", "c2"), { callUuid: "u2", match: "new" });
  assert.equal(host.push({ aps: { "call-id": "c2" } }), "u2");
  const nameless = host.push({});
  assert.deepEqual(await invite("u3", "c3", { pushId: nameless }), { callUuid: nameless, match: "push" });
  assert.deepEqual(of("report").map(([uuid]) => uuid), [uuid, "u2", "u2", nameless]);
});

test("the smallest host: a hello that comes again is the same page, and another is another", async (t) => {
  const link = createLink({ welcome: () => ({ instance: "i" }), take: () => false });
  t.after(link.close);
  const page = pageOf(link.port);
  await page.hello("h");
  await page.hello("h");
  const [first, second] = page.heard;
  assert.deepEqual({ ...second, at: 0 }, { ...first, at: 0 });
  await page.say("ready", {});
  await page.hello("h");
  assert.deepEqual(page.heard.map(({ type }) => type), ["welcome", "welcome", "ack"]);
  await page.hello("another");
  assert.notEqual(page.last("welcome").session, first.session);
});

test("the smallest host: end, mute and hold are fulfilled at once, an answer when the page says done", async (t) => {
  const { host, page, invite, of } = await told(t);
  await invite("u1", "c1");
  host.perform("u1", "answer");
  assert.equal(of("fulfil").length, 0);
  const asked = page.last("call.perform");
  for (const [count, state] of [[0, "pending"], [1, "done"]]) {
    await page.say("call.perform", { ok: true, value: { state } }, "reply", { re: asked.id });
    assert.equal(of("fulfil").length, count, state);
  }
  assert.deepEqual(of("fulfil"), [[asked.p.actionId]]);
  for (const action of ["mute", "unmute", "hold", "unhold", "end"]) {
    const before = of("fulfil").length;
    host.perform("u1", action);
    assert.equal(of("fulfil").length, before + 1, action);
    assert.equal(page.last("call.perform").p.action, action);
  }
  await page.say("call.ended", { callUuid: "u1", reason: "local" });
  assert.deepEqual([of("end"), of("fail")], [[["u1", "local"]], []]);
});

test("the smallest host: without an INVITE it gives up after 15 s, or 10 s after an answer", async (t) => {
  const { host, page, of } = await told(t);
  const [rings, answered, declined] = [host.push({}), host.push({}), host.push({})];
  mock.timers.tick(1_000);
  host.perform(answered, "answer");
  const { actionId } = page.last("call.perform").p;
  host.perform(declined, "end");
  mock.timers.tick(9_999);
  assert.deepEqual([of("end"), of("fail")], [[], []]);
  mock.timers.tick(1);
  assert.deepEqual([of("end"), of("fail")], [[[answered, "failed"]], [[actionId]]]);
  assert.deepEqual(page.last("call.performTimedOut").p, { actionId, callUuid: answered, action: "answer" });
  mock.timers.tick(3_999);
  assert.equal(of("end").length, 1);
  mock.timers.tick(1);
  assert.deepEqual(of("end").slice(1), [[rings, "unanswered"], [declined, "local"]]);
});
