// The built package with a host that has everything: sockets, time and media. The engine runs in Node, which has no WebRTC, and gets no
// WebSocket class and no timer.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import init, { Endpoint } from "../../pkg/node.js";
import { startEdge } from "../e2e/support/edge.mjs";
import { Host } from "./support/host.mjs";

let edge;
/** Where the package itself asked the platform for a timer. */
const timers = [];
const own = { setTimeout: globalThis.setTimeout, setInterval: globalThis.setInterval };
before(async () => {
  edge = await startEdge();
  await init();
  for (const [name, real] of Object.entries(own)) {
    globalThis[name] = (...args) => {
      const { stack } = new Error();
      if (/\/pkg\//.test(stack)) timers.push(stack);
      return real(...args);
    };
  }
});
after(() => {
  Object.assign(globalThis, own);
  return edge?.stop();
});

const options = (username) => ({ username, domain: edge.domain, password: edge.users[username], servers: [edge.wsUrl] });
const once = (endpoint, name, match = () => true) =>
  new Promise((resolve) => {
    const off = endpoint.on(name, (event) => match(event) && (off(), resolve(event)));
  });

/** An endpoint of which the host has everything. */
async function start(t, more = {}) {
  const host = new Host(more);
  const connected = (endpoint) => (endpoint.state.host ? undefined : once(endpoint, "host_changed", ({ connected }) => connected));
  const endpoint = await Endpoint.start({ host, transport: "host", media: "host", timers: "host" });
  t.after(async () => {
    await endpoint.stop().catch(() => {});
    host.close();
  });
  await connected(endpoint);
  return { host, endpoint };
}

test("two phones talk with no socket, no timer and no media of their own", async (t) => {
  const alice = await start(t);
  const bob = await start(t);
  for (const [name, { endpoint }] of Object.entries({ alice, bob })) {
    const registered = once(endpoint, "registration_changed", ({ state }) => state === "registered");
    endpoint.account = await endpoint.createAccount(options(name));
    await registered;
  }
  const received = once(bob.endpoint, "call_received");
  const call = await alice.endpoint.makeCall(alice.endpoint.account, "bob");
  const { call: incoming } = await received;
  const connected = once(alice.endpoint, "call_changed", ({ call }) => call.state === "connected");
  await incoming.answer();
  await connected;
  assert.equal(incoming.state, "connected");
  for (const { host } of [alice, bob]) {
    assert.ok(host.of("ws.send").length >= 3, "SIP goes by the host's socket");
    assert.equal(host.of("media.open").length, 1);
    assert.ok(host.of("timer.set").length >= 1);
  }
  // Something that is due while nothing comes in: the holder's re-INVITE is answered, then the session goes on.
  await call.hold();
  const ended = once(bob.endpoint, "call_terminated");
  await call.hangup();
  assert.equal((await ended).outcome.kind, "completed");
  for (const { host, endpoint } of [alice, bob]) {
    assert.equal(host.of("media.close").length, 1);
    assert.deepEqual(endpoint.counters(), { peerConnections: 0, liveTracks: 0, timers: 0, sockets: 0 });
  }
  assert.deepEqual(timers, [], "a timer of the platform");
});

test("what is due is done when the host's timer rings, and not before", async (t) => {
  const { host, endpoint } = await start(t, { answers: { "timer.set": () => {} } });
  // A server that is not there: the engine tries again when it is time.
  const waiting = once(endpoint, "connectivity_changed", ({ state }) => state === "waiting");
  await endpoint.createAccount({ ...options("carol"), servers: ["ws://127.0.0.1:9"] });
  await waiting;
  const opened = () => host.of("ws.open").length;
  assert.equal(opened(), 1);
  const { timer, inMs } = host.of("timer.set").at(-1).p;
  await new Promise((resolve) => own.setTimeout(resolve, inMs + 200));
  assert.equal(opened(), 1, "nobody told the engine that time went by");
  host.event("timer.fired", { timer, lateMs: 200 });
  const until = Date.now() + 10_000;
  while (opened() < 2 && Date.now() < until) {
    await new Promise((resolve) => own.setTimeout(resolve, 20));
    const set = host.of("timer.set").at(-1).p;
    host.event("timer.fired", { timer: set.timer, lateMs: 0 });
  }
  assert.equal(opened(), 2);
  assert.deepEqual(timers, []);
});

/** What the host says of an account. */
const provided = (username, more = {}) => ({ id: `the ${username}`, options: { username, domain: edge.domain, servers: [edge.wsUrl] }, secret: edge.users[username], ...more });

test("accounts that the host provides are made, changed and taken away; one that cannot be is a problem", async (t) => {
  const { host, endpoint } = await start(t);
  const registered = once(endpoint, "registration_changed", ({ state }) => state === "registered");
  const told = once(endpoint, "account_provisioned");
  host.event("config", { accounts: [provided("alice")] });
  const { account, id } = await told;
  assert.deepEqual([id, account.name], ["the alice", "the alice"]);
  assert.equal((await registered).account, account);
  assert.ok(!endpoint.exportTrace().includes(edge.users.alice), "its secret is in no trace");
  // The same again changes nothing.
  const removed = once(endpoint, "registration_changed", ({ account: of, state }) => of === account && state === "unregistered");
  const other = once(endpoint, "account_provisioned");
  const problem = once(endpoint, "problem", ({ error }) => error.code === "invalidOption");
  host.event("config", { accounts: [provided("alice")] });
  host.event("config", { accounts: [provided("alice", { options: { nonsense: 1 } }), provided("bob")] });
  assert.equal((await problem).error.field, "nonsense");
  assert.equal((await other).id, "the bob");
  await removed;
  assert.deepEqual(endpoint.state.accounts.map(({ name }) => name), ["the bob"]);
});

test("a secret that nobody gave is asked of the host", async (t) => {
  const { host, endpoint } = await start(t, {
    capabilities: ["transport.host", "timers.host", "credentials"],
    answers: { "credentials.get": ({ p }) => ({ secret: p.account === "carol" ? edge.users.carol : null }) },
  });
  const registered = once(endpoint, "registration_changed", ({ state }) => state === "registered");
  const { password, ...rest } = options("carol");
  await endpoint.createAccount({ name: "carol", ...rest });
  await registered;
  assert.equal(host.of("credentials.get").length, 1);
  assert.ok(!endpoint.exportTrace().includes(password));
});

test("where the sound goes is told and chosen, and the host's own picture for it is shown", async (t) => {
  const { host, endpoint } = await start(t);
  const changed = once(endpoint, "audio_route_changed");
  const outputs = [{ type: "receiver", name: "iPhone", uid: "r" }, { type: "speaker", name: "Speaker", uid: "s" }];
  host.event("audio.route", { outputs, inputs: [], reason: "override" });
  assert.deepEqual(await changed, { outputs, inputs: [], reason: "override" });
  await endpoint.setDevices({ speaker: "s" });
  await endpoint.setDevices({ speaker: "speaker" });
  assert.deepEqual(host.of("audio.setRoute").map(({ p }) => p), [{ uid: "s" }, { route: "speaker" }]);
  await endpoint.showAudioPicker();
  assert.equal(host.of("audio.showPicker").length, 1);
  const events = ["audio_interrupted", "audio_reset", "audio_activated", "app_state_changed"].map((name) => once(endpoint, name));
  host.event("audio.interruption", { phase: "ended", shouldResume: true });
  host.event("audio.mediaServicesReset");
  host.event("audio.activated", { category: "playAndRecord" });
  host.event("app.state", { state: "background", locked: true, protectedData: true });
  const [interrupted, , activated, app] = await Promise.all(events);
  assert.deepEqual([interrupted.shouldResume, activated.category, app.locked], [true, "playAndRecord", true]);
});

test("a payload that is wrong in one field tells the application nothing, and stands in the host's log", async (t) => {
  const { host, endpoint } = await start(t);
  const told = [];
  endpoint.on("audio_route_changed", (event) => told.push(event));
  const problem = once(endpoint, "problem");
  host.onmessage(JSON.stringify({ ...host.sent[0], type: "audio.route", kind: "event", re: undefined, seq: host.sent.length + 1, p: { outputs: [{ type: "speaker", name: 7, uid: "tok-4711" }] } }));
  assert.equal((await problem).error.code, "badBridgeMessage");
  const until = Date.now() + 5_000;
  while (!host.of("log").length && Date.now() < until) await new Promise((resolve) => own.setTimeout(resolve, 5));
  const { level, message } = host.of("log")[0].p;
  assert.equal(level, "warn");
  assert.ok(message.endsWith("payload") && !message.includes("4711"), message);
  assert.deepEqual(told, []);
});
