// Where the package runs: Node with a WebSocket class of one's own, pages with a host, pages that lack something.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import WebSocket from "ws";
import init, { Endpoint, SipError, parseMessage } from "../../pkg/node.js";
import { startEdge } from "../e2e/support/edge.mjs";
import { launch, serve } from "./support/browser.mjs";

let edge;
before(async () => {
  edge = await startEdge();
  await init();
});
after(() => edge?.stop());

const options = (username) => ({ username, domain: edge.domain, password: edge.users[username], servers: [edge.wsUrl] });
const once = (endpoint, name, match = () => true) =>
  new Promise((resolve) => {
    const off = endpoint.on(name, (event) => match(event) && (off(), resolve(event)));
  });

/** A host that only listens: what the engine posts. */
function port() {
  const posted = [];
  return { posted, onmessage: null, post(text) { posted.push(JSON.parse(text)); } };
}

test("in Node it registers over the WebSocket class that it is given, and stops without a trace", async () => {
  const endpoint = await Endpoint.start({ WebSocket });
  const account = await endpoint.createAccount(options("alice"));
  assert.equal(account.name, `alice@${edge.domain}`);
  const { expiresAt } = await once(endpoint, "registration_changed", ({ state }) => state === "registered");
  assert.ok(expiresAt > Date.now());
  assert.equal(endpoint.counters().sockets, 1);
  await account.unregister();
  assert.equal(account.registration.state, "unregistered");
  await endpoint.stop();
  assert.deepEqual(endpoint.counters(), { peerConnections: 0, liveTracks: 0, timers: 0, sockets: 0 });
});

test("a call without WebRTC ends at once with an error that says so", async () => {
  const endpoint = await Endpoint.start({ WebSocket });
  const account = await endpoint.createAccount(options("alice"));
  await once(endpoint, "registration_changed", ({ state }) => state === "registered");
  const ended = once(endpoint, "call_terminated");
  await endpoint.makeCall(account, "bob").catch(() => {});
  const { outcome, call } = await ended;
  assert.equal(outcome.error.code, "mediaUnsupported");
  assert.equal(outcome.endReason, "failed");
  assert.equal(call.state, "ended");
  await endpoint.stop();
});

test("every promise is settled by the end of the endpoint, and what is no target or no function is refused", async () => {
  const endpoint = await Endpoint.start({ WebSocket });
  for (const credentials of [true, null, "secret"]) {
    const error = await endpoint.createAccount({ ...options("alice"), credentials }).catch((error) => error);
    assert.deepEqual([error.code, error.field], ["invalidOption", "credentials"]);
  }
  const account = await endpoint.createAccount(options("alice"));
  for (const target of [undefined, null, 100]) {
    const error = await endpoint.sendMessage(account, target, "hello").catch((error) => error);
    assert.equal(error.code, "invalidTarget");
  }
  const waiting = [account.register(), account.unregister(), account.remove(), endpoint.stop()];
  const settled = await Promise.race([Promise.allSettled(waiting), new Promise((resolve) => setTimeout(resolve, 20_000).unref())]);
  assert.equal(settled?.length, waiting.length);
});

test("without any WebSocket class an account is refused, and the option is named", async (t) => {
  // Newer Nodes have one.
  const own = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  delete globalThis.WebSocket;
  t.after(() => own && Object.defineProperty(globalThis, "WebSocket", own));
  const endpoint = await Endpoint.start();
  const error = await endpoint.createAccount(options("alice")).catch((error) => error);
  assert.ok(error instanceof SipError);
  assert.deepEqual([error.code, error.field], ["invalidOption", "WebSocket"]);
  await endpoint.stop();
});

test("a server that is not there is an error with its code, and the next attempt is announced", async () => {
  const endpoint = await Endpoint.start({ WebSocket });
  await endpoint.createAccount({ ...options("alice"), servers: ["ws://127.0.0.1:9"] });
  const { error } = await once(endpoint, "connectivity_changed", ({ state }) => state === "waiting");
  assert.equal(error.code, "connectionFailed");
  await endpoint.stop();
});

test("to stop while a connection is being made leaves no error that nobody hears", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => silent.once("listening", resolve));
  const endpoint = await Endpoint.start({ WebSocket });
  await endpoint.createAccount({ ...options("alice"), servers: [`ws://127.0.0.1:${silent.address().port}`] });
  assert.equal(endpoint.counters().sockets, 1);
  await endpoint.stop();
  // An error event without a listener would end the process, and this test.
  await new Promise((resolve) => setTimeout(resolve, 50));
  silent.close();
});

test("a WebSocket class that throws is a failed connection, not an exception", async () => {
  class Throws {
    constructor() {
      throw new SyntaxError("no");
    }
  }
  const endpoint = await Endpoint.start({ WebSocket: Throws });
  await endpoint.createAccount(options("alice"));
  const { error } = await once(endpoint, "connectivity_changed", ({ error }) => error);
  assert.ok(error instanceof SipError);
  await endpoint.stop();
});

test("a port gets hello at the start, its texts are read, and broken ones are a problem that quotes nothing", async () => {
  const host = port();
  const endpoint = await Endpoint.start({ WebSocket, host });
  assert.equal(host.posted[0].type, "hello");
  assert.ok(host.posted[0].p.missing.includes("RTCPeerConnection"), JSON.stringify(host.posted[0].p));
  const problem = once(endpoint, "problem");
  assert.equal(host.onmessage("{ broken tok-4711"), true);
  host.onmessage({ data: "{}" });
  host.onmessage({ data: 7 });
  const { error } = await problem;
  assert.equal(error.code, "badBridgeMessage");
  assert.ok(!error.message.includes("4711"));
  await endpoint.stop();
  assert.equal(host.onmessage, null);
});

test("every method may be called from inside the listeners of what a host does, too", async () => {
  const methods = {
    state: ({ endpoint }) => endpoint.state,
    counters: ({ endpoint }) => endpoint.counters(),
    on: ({ endpoint }) => endpoint.on("trace", () => {}),
    off: ({ endpoint }) => endpoint.off("trace", () => {}),
    suspend: ({ endpoint }) => endpoint.suspend(),
    resume: ({ endpoint }) => endpoint.resume(1),
    stop: ({ endpoint }) => endpoint.stop(),
    createAccount: ({ endpoint }) => endpoint.createAccount(options("carol")),
    makeCall: ({ endpoint, account }) => endpoint.makeCall(account, "carol"),
    register: ({ account }) => account.register(),
    unregister: ({ account }) => account.unregister(),
    remove: ({ account }) => account.remove(),
    answer: ({ call }) => call.answer(),
    decline: ({ call }) => call.decline(486),
    hangup: ({ call }) => call.hangup(),
    mute: ({ call }) => call.mute(true),
  };
  const welcome = (re) => ({
    v: 1, type: "welcome", id: "h1", kind: "reply", re, session: "s1", seq: 1, ack: 0, at: Date.now(),
    p: { ok: true, value: {
      protocol: 1, session: "s1", instance: "urn:uuid:4edc28df-0cf9-49c8-97c0-294ab07ca4b9", capabilities: [], callUi: "none", lockdown: false,
      host: { name: "host", version: "1", os: "os", osVersion: "1", device: "device" }, snapshot: { tokens: [], calls: [], pushes: [] },
    } },
  });
  const causes = { problem: () => "nonsense", host_changed: ([hello]) => JSON.stringify(welcome(hello.id)) };
  for (const [name, cause] of Object.entries(causes)) {
    for (const [method, run] of Object.entries(methods)) {
      const host = port();
      const endpoint = await Endpoint.start({ WebSocket, host, tokenWaitMs: 1 });
      const account = await endpoint.createAccount(options("bob"));
      await once(endpoint, "registration_changed", ({ state }) => state === "registered");
      const ended = once(endpoint, "call_terminated");
      await endpoint.makeCall(account, "alice").catch(() => {});
      const { call } = await ended;
      const told = new Promise((resolve) => {
        const off = endpoint.on(name, () => {
          off();
          resolve((async () => run({ endpoint, account, call }))().catch((error) => error));
        });
      });
      host.onmessage(cause(host.posted));
      const answer = await told;
      assert.ok(!(answer instanceof Error) || answer instanceof SipError, `${method} in ${name}: ${answer}`);
      await endpoint.stop().catch(() => {});
      assert.deepEqual(endpoint.counters(), { peerConnections: 0, liveTracks: 0, timers: 0, sockets: 0 }, `${method} in ${name}`);
    }
  }
});

test("a port whose post throws does no harm", async () => {
  const endpoint = await Endpoint.start({ WebSocket, host: { post() { throw new Error("gone"); }, onmessage: null } });
  await endpoint.stop();
});

test("an endpoint that ends leaves the host to the one that was started after it", async (t) => {
  globalThis.webkit = { messageHandlers: { sipwake: { postMessage() {} } } };
  t.after(() => (delete globalThis.webkit, delete globalThis.sipwake));
  const first = await Endpoint.start({ WebSocket });
  const { receive: gone } = globalThis.sipwake;
  const second = await Endpoint.start({ WebSocket });
  const { receive } = globalThis.sipwake;
  await first.stop();
  assert.equal(globalThis.sipwake.receive, receive);
  assert.equal(gone("nonsense"), true, "nobody hears it, and nothing breaks");
  const problem = once(second, "problem");
  receive("nonsense");
  assert.equal((await problem).error.code, "badBridgeMessage");
  await second.stop();
});

test("parseMessage gives what the engine reads, and throws where nothing can be framed", () => {
  const text = "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/WSS a.invalid;branch=z9hG4bK1\r\nf: <sip:a@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nh\u00e9llo".replace("h\u00e9llo", "h\u00e9ll");
  for (const message of [text, new TextEncoder().encode(text)]) {
    const parsed = parseMessage(message);
    assert.deepEqual([parsed.kind, parsed.method, parsed.uri, parsed.body], ["request", "INVITE", "sip:bob@example.com", "h\u00e9ll"]);
    assert.deepEqual(parsed.headers[0], { name: "Via", value: "SIP/2.0/WSS a.invalid;branch=z9hG4bK1" });
    assert.deepEqual(Object.keys(parsed), ["kind", "method", "uri", "headers", "body", "problems"]);
  }
  const response = parseMessage("SIP/2.0 486 Busy Here\r\nVia: x\r\n\r\n");
  assert.deepEqual([response.kind, response.status, response.reason, response.method], ["response", 486, "Busy Here", undefined]);
  assert.ok(response.problems.length > 0 && response.problems.every(({ code }) => typeof code === "string"));
  for (const bad of ["", "hello", "INVITE\r\n\r\n", new Uint8Array(70_000)]) {
    assert.throws(() => parseMessage(bad), (error) => error instanceof SipError && error.code === "malformedMessage");
  }
  assert.throws(() => parseMessage(7), (error) => error instanceof SipError && error.field === "message");
});

test("in a page the shell's message handler is found, and window.sipwake.receive is there as long as the endpoint", async () => {
  const server = await serve({ "/": { body: "<!doctype html><title>host</title>" } });
  const browser = await launch();
  try {
    const page = await browser.context.newPage();
    await page.goto(server.url);
    const seen = await page.evaluate(async () => {
      const posted = [];
      window.webkit = { messageHandlers: { sipwake: { postMessage: (text) => (posted.push(text), Promise.reject(new Error("not now"))) } } };
      window.sipwake = { mine: 1 };
      const { default: init, Endpoint } = await import("/pkg/sipwake.js");
      await init();
      const before = typeof window.sipwake.receive;
      const endpoint = await Endpoint.start();
      const during = [typeof window.sipwake.receive, window.sipwake.mine];
      const problem = new Promise((resolve) => endpoint.on("problem", ({ error }) => resolve(error.code)));
      window.sipwake.receive("nonsense");
      const code = await problem;
      await endpoint.stop();
      const instance = sessionStorage.getItem("sipwake.instance");
      return { before, during, after: typeof window.sipwake.receive, type: JSON.parse(posted[0]).type, code, instance };
    });
    assert.deepEqual([seen.before, seen.during, seen.after], ["undefined", ["function", 1], "undefined"]);
    assert.equal(seen.type, "hello");
    assert.equal(seen.code, "badBridgeMessage");
    assert.match(seen.instance, /^urn:uuid:[0-9a-f-]{36}$/);
  } finally {
    await browser.close();
    await server.close();
  }
});
