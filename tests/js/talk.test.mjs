// The built package in Chromium against the embedded server: two endpoints of one page, real sockets, real audio.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { launch, root } from "./support/browser.mjs";
import { talking } from "./support/talk.mjs";

const routes = {};
const talk = talking(routes);

test("two endpoints register, call, hear each other, mute, hang up, and leave nothing open", async () => {
  const { page, complaints } = await talk.open();
  const seen = await page.evaluate(async () => {
    const alice = await t.start("alice", 440);
    const bob = await t.start("bob", 1000);
    const call = await alice.endpoint.makeCall(alice.account, "bob");
    const first = { direction: call.direction, state: call.state, account: call.account === alice.account, uuid: /^[0-9a-f-]{36}$/.test(call.uuid) };
    const incoming = (await bob.find("call_received")).call;
    const ringing = { state: incoming.state, direction: incoming.direction, uri: incoming.remoteUri };
    await incoming.answer();
    await t.until("both connected", () => call.state === "connected" && incoming.state === "connected" && call.mediaConnected && incoming.mediaConnected);
    const heard = [await t.hears(incoming.remoteStream), await t.hears(call.remoteStream)];
    await call.mute(true);
    await t.sleep(400);
    heard.push(await t.hears(incoming.remoteStream));
    const muted = call.muted;
    await call.mute(false);
    await t.sleep(300);
    heard.push(await t.hears(incoming.remoteStream));
    const during = alice.endpoint.counters();
    const listed = alice.endpoint.state.calls.map(({ call: object, state }) => [object === call, state]);
    await call.hangup();
    const outcomes = [(await alice.find("call_terminated")).outcome, (await bob.find("call_terminated")).outcome];
    await t.sleep(200);
    const after = alice.endpoint.counters();
    const ended = { state: call.state, stream: call.remoteStream, again: await call.hangup().catch((error) => error.code), calls: alice.endpoint.state.calls };
    await Promise.all([alice.endpoint.stop(), bob.endpoint.stop()]);
    const stopped = { counters: alice.endpoint.counters(), later: await alice.account.register().catch((error) => error.code) };
    const order = alice.events.filter(({ call }) => call).map(({ name }) => name);
    return { first, ringing, heard, muted, during, listed, outcomes, after, ended, stopped, order };
  });
  const [atBob, atAlice, silent, again] = seen.heard;
  assert.deepEqual(seen.first, { direction: "outgoing", state: "connecting", account: true, uuid: true });
  assert.deepEqual(seen.ringing, { state: "ringing", direction: "incoming", uri: `sip:alice@${talk.edge.domain}` });
  assert.ok(Math.abs(atBob - 440) < 30 && Math.abs(atAlice - 1000) < 30 && Math.abs(again - 440) < 30, String(seen.heard));
  assert.equal(silent, 0);
  assert.equal(seen.muted, true);
  assert.deepEqual([seen.during.peerConnections, seen.during.liveTracks, seen.during.sockets], [2, 4, 1]);
  assert.deepEqual(seen.listed, [[true, "connected"]]);
  assert.deepEqual(seen.outcomes.map(({ kind, local }) => [kind, local]), [["completed", true], ["completed", false]]);
  assert.deepEqual([seen.after.peerConnections, seen.after.liveTracks, seen.after.sockets], [0, 0, 1]);
  assert.deepEqual(seen.ended, { state: "ended", stream: null, again: "notFound", calls: [] });
  assert.deepEqual(seen.stopped, { counters: { peerConnections: 0, liveTracks: 0, timers: 0, sockets: 0 }, later: "stopped" });
  assert.equal(seen.order.at(-1), "call_terminated");
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a wrong password is an error with its code, and the account can be removed", async () => {
  const { page } = await talk.open();
  const seen = await page.evaluate(async () => {
    const alice = await t.start("alice", 440, {}, { password: "wrong" });
    const { state, error, status } = alice.account.registration;
    const code = await alice.account.register().catch((error) => [error instanceof t.SipError, error.code, error.status]);
    await alice.account.remove().catch(() => {});
    const gone = [alice.endpoint.state.accounts.length, await alice.endpoint.makeCall(alice.account, "bob").catch((error) => error.code)];
    await alice.endpoint.stop();
    return { state, error: error.code, status, code, gone };
  });
  assert.equal(seen.state, "failed");
  assert.equal(seen.error, "wrongPassword");
  assert.deepEqual(seen.code.slice(0, 2), [true, "wrongPassword"]);
  assert.deepEqual(seen.gone, [0, "notFound"]);
  await page.close();
});

test("options that cannot be are errors that name the option", async () => {
  const { page } = await talk.open();
  const seen = await page.evaluate(async () => {
    const endpoint = await t.Endpoint.start({ host: "none" });
    const bad = [
      ["username", { ...t.options("alice"), username: 7 }],
      ["pasword", { ...t.options("alice"), pasword: "x" }],
      ["servers", { ...t.options("alice"), servers: "ws://x" }],
      ["expires", { ...t.options("alice"), expires: -1 }],
      ["declineCode", { ...t.options("alice"), declineCode: 700000 }],
      ["backgroundPolicy", { ...t.options("alice"), backgroundPolicy: "sleep" }],
      ["preset", { ...t.options("alice"), push: { preset: "x" } }],
      ["sha1", { ...t.options("alice"), ha1: { sha1: "x" } }],
      ["options", 3],
    ];
    const fields = [];
    for (const [field, options] of bad) {
      const error = await endpoint.createAccount(options).then(() => ({}), (error) => error);
      fields.push([field, error.code, error.field]);
    }
    const starts = [];
    for (const options of [{ host: {} }, { host: "yes" }, { trace: "loud" }, { iceServers: [{ url: 1 }, 2] }, { WebSocket: "x" }, null]) {
      starts.push(await t.Endpoint.start(options).then(() => "started", (error) => error.field));
    }
    const accounts = endpoint.state.accounts.length;
    const undefinedIsAbsent = await endpoint.createAccount({ ...t.options("alice"), displayName: undefined }).then(() => true, (error) => error.field);
    const names = [];
    try { endpoint.on("call_recieved", () => {}); } catch (error) { names.push(error.code); }
    try { endpoint.on("trace", 1); } catch (error) { names.push(error.code); }
    await endpoint.stop();
    return { fields, starts, accounts, undefinedIsAbsent, names };
  });
  for (const [field, code, named] of seen.fields) assert.deepEqual([field, code], [named, "invalidOption"]);
  assert.deepEqual(seen.starts, ["host", "host", "trace", "iceServers", "WebSocket", "options"]);
  assert.equal(seen.accounts, 0);
  assert.equal(seen.undefinedIsAbsent, true);
  assert.deepEqual(seen.names, ["invalidOption", "invalidOption"]);
  await page.close();
});

test("every method may be called from inside every listener", async () => {
  const { page, complaints } = await talk.open();
  const seen = await page.evaluate(async () => {
    const alice = await t.start("alice", 440);
    const bob = await t.start("bob", 1000);
    const called = {};
    const settled = [];
    const depth = { now: 0, most: 0 };
    // Each call of a method is counted with the event it came from; what it answers does not matter, but it must answer.
    const from = (name, methods) => {
      depth.now += 1;
      depth.most = Math.max(depth.most, depth.now);
      for (const [method, run] of Object.entries(methods)) {
        const result = run();
        if (result instanceof Promise) settled.push(result.then(() => true, (error) => error instanceof t.SipError));
        (called[name] ??= new Set()).add(method);
      }
      depth.now -= 1;
    };
    const busy = (side, name, event) => {
      const { endpoint, account } = side;
      const call = event.call ?? endpoint.state.calls[0]?.call ?? side.last;
      if (event.call) side.last = event.call;
      const once = side.extra !== name;
      side.extra = name;
      from(name, {
        state: () => endpoint.state,
        counters: () => endpoint.counters(),
        on: () => endpoint.on("problem", t.nothing)(),
        off: () => endpoint.off("problem", t.nothing),
        resume: () => endpoint.resume(0),
        ...(once ? { register: () => account.register(), createAccount: () => endpoint.createAccount({ username: "x" }), makeCall: () => endpoint.makeCall(account, "not a target:") } : {}),
        ...(call ? { mute: () => call.mute(false), call: () => [call.state, call.remoteStream, call.localStream], answer: () => call.answer() } : {}),
      });
    };
    t.nothing = () => {};
    for (const side of [alice, bob]) for (const name of t.names) side.endpoint.on(name, (event) => busy(side, name, event));
    const call = await alice.endpoint.makeCall(alice.account, "bob");
    await bob.find("call_received");
    await t.until("connected", () => call.state === "connected" && bob.last.state === "connected");
    // The methods that end things, each from inside a listener of its own.
    const end = (side, name, run) => new Promise((resolve) => {
      const off = side.endpoint.on(name, (event) => {
        off();
        from(name, { end: () => (resolve(run(event)), undefined) });
      });
    });
    const hung = end(bob, "call_changed", ({ call }) => call.hangup());
    await call.mute(true);
    await bob.last.mute(true);
    await hung;
    await bob.find("call_terminated");
    const second = alice.endpoint.makeCall(alice.account, "bob");
    const declined = end(bob, "call_received", ({ call }) => call.decline(486).catch((error) => error.code));
    await second;
    await declined;
    const unregistered = end(alice, "registration_changed", () => alice.account.unregister());
    await alice.account.register();
    await unregistered;
    const suspended = end(bob, "registration_changed", () => bob.endpoint.suspend());
    await bob.account.register().catch(() => {});
    await suspended;
    const removed = end(alice, "registration_changed", () => alice.account.remove());
    await alice.account.register().catch(() => {});
    await removed;
    const stopped = end(bob, "trace", () => bob.endpoint.stop());
    await bob.endpoint.resume(10);
    await bob.account.register().catch(() => {});
    await stopped;
    await alice.endpoint.stop();
    return {
      answers: (await Promise.all(settled)).every(Boolean), count: settled.length, depth: depth.most,
      called: Object.fromEntries(Object.entries(called).map(([name, methods]) => [name, [...methods].sort()])),
      counters: alice.endpoint.counters(),
    };
  });
  assert.ok(seen.answers, "every promise is settled, and rejected only with a SipError");
  assert.ok(seen.count > 50, `${seen.count} promises`);
  assert.equal(seen.depth, 1, "no listener is called from inside a method");
  for (const name of ["connectivity_changed", "registration_changed", "call_received", "call_changed", "call_terminated", "trace"]) {
    for (const method of ["state", "counters", "on", "off", "resume", "register", "createAccount", "makeCall"]) {
      assert.ok(seen.called[name]?.includes(method), `${method} in ${name}: ${seen.called[name]}`);
    }
  }
  assert.deepEqual(seen.counters, { peerConnections: 0, liveTracks: 0, timers: 0, sockets: 0 });
  assert.deepEqual(complaints, []);
  await page.close();
});

test("a listener that throws harms neither the engine nor the next listener", async () => {
  const { page, complaints } = await talk.open();
  const seen = await page.evaluate(async () => {
    const endpoint = await t.Endpoint.start({ host: "none" });
    const heard = [];
    endpoint.on("registration_changed", () => { throw new Error("mine, thrown"); });
    endpoint.on("registration_changed", async () => { throw new Error("mine, rejected"); });
    endpoint.on("registration_changed", ({ state }) => heard.push(state));
    const account = await endpoint.createAccount(t.options("alice"));
    await t.until("registered", () => account.registration.state === "registered");
    await endpoint.stop();
    return heard;
  });
  assert.ok(seen.includes("registered"), String(seen));
  assert.ok(complaints.some((text) => text.includes("mine, thrown")) && complaints.some((text) => text.includes("mine, rejected")), String(complaints));
  await page.close();
});

test("events before the first listener wait for it, in order", async () => {
  const { page } = await talk.open();
  const seen = await page.evaluate(async () => {
    const endpoint = await t.Endpoint.start({ host: "none" });
    const account = await endpoint.createAccount(t.options("alice"));
    await t.until("registered", () => account.registration.state === "registered");
    const heard = [];
    endpoint.on("registration_changed", ({ state }) => heard.push(state));
    const atOnce = heard.length;
    endpoint.on("trace", ({ kind, text }) => heard.push(`${kind} ${text.split(" ")[0]}`));
    await t.sleep(0);
    await endpoint.stop();
    return { heard, atOnce };
  });
  assert.equal(seen.atOnce, 0, "never from inside on()");
  assert.deepEqual(seen.heard.slice(0, 2), ["registering", "registered"]);
  assert.ok(seen.heard.indexOf("sipOut REGISTER") > 0, String(seen.heard));
  await page.close();
});

test("the README's page, with another server in it, calls and is called", async () => {
  const [, html] = /```html\n([\s\S]*?)```/.exec(await readFile(join(root, "README.md"), "utf8"));
  const { domain, users, wsUrl } = talk.edge;
  const body = html.replaceAll("wss://sip.example.com/ws", wsUrl).replaceAll('"secret"', JSON.stringify(users.alice))
    .replace(/\[\{ urls: .*?\}\]/, "[]").replaceAll("example.com", domain);
  routes["/readme.html"] = { body: `<!doctype html><meta charset=utf-8><title>readme</title>${body}` };
  const { page: other } = await talk.open();
  const talking = await launch({ microphone: true });
  try {
    const page = await talking.context.newPage();
    const said = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(`uncaught ${error}`));
    page.on("dialog", (dialog) => dialog.accept());
    const says = async (text) => {
      for (let i = 0; i < 500 && !said.some((line) => line.startsWith(text)); i++) await page.waitForTimeout(10);
      assert.ok(said.some((line) => line.startsWith(text)), `${text}: ${said.join("; ")}`);
    };
    const started = Date.now();
    await page.goto(`${talk.server.url}/readme.html`);
    await says(`alice@${domain} registered`);
    assert.ok(Date.now() - started < 2500, "where there is no host nothing waits for its token");
    await other.evaluate(async () => {
      t.bob = await t.start("bob", 1000);
      t.bob.endpoint.on("call_received", ({ call }) => call.answer());
    });
    await page.click("#call");
    await says("connected true");
    await page.click("#mute");
    await page.click("#end");
    await says("completed");
    said.length = 0;
    await other.evaluate(async () => { t.call = await t.bob.endpoint.makeCall(t.bob.account, "alice"); });
    await says("connected true");
    await other.evaluate(() => t.call.hangup());
    await says("completed");
    assert.deepEqual(said.filter((line) => /uncaught|Error/.test(line)), []);
  } finally {
    await talking.close();
    await other.close();
  }
});
