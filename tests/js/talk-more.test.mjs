// What calls and accounts can beyond calling, with the built package in Chromium against the embedded server: real sockets,
// real audio.
import assert from "node:assert/strict";
import { test } from "node:test";
import { talking } from "./support/talk.mjs";

const talk = talking();

/** Runs `script` in a page with `window.t`, and fails on whatever the page complains about. */
async function page(script, { complains = [] } = {}) {
  const { page, complaints } = await talk.open();
  try {
    return await page.evaluate(script);
  } finally {
    await page.close();
    assert.deepEqual(complaints.filter((text) => !complains.some((expected) => text.includes(expected))), []);
  }
}
const near = (heard, wanted) => assert.ok(Math.abs(heard - wanted) < 30, `heard ${heard}, not ${wanted}`);

test("a call is held and taken back, and both sides know who holds whom", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice", 440), await t.start("bob", 1000)];
    const { call, incoming } = await t.talk(alice, bob);
    const flags = () => [call.onHold, call.remoteHold, incoming.onHold, incoming.remoteHold];
    await call.hold();
    await t.until("bob knows", () => incoming.remoteHold);
    const held = flags();
    await t.sleep(400);
    const heard = [await t.hears(incoming.remoteStream), await t.hears(call.remoteStream)];
    await call.unhold();
    await t.until("bob knows", () => !incoming.remoteHold);
    const back = flags();
    await t.sleep(400);
    heard.push(await t.hears(incoming.remoteStream), await t.hears(call.remoteStream));
    await incoming.renegotiate({ iceRestart: true });
    await t.sleep(400);
    heard.push(await t.hears(incoming.remoteStream), await t.hears(call.remoteStream));
    await call.hangup();
    await bob.find("call_terminated");
    await t.stop(alice, bob);
    return { held, back, heard };
  });
  assert.deepEqual(seen.held, [true, false, false, true]);
  assert.deepEqual(seen.back, [false, false, false, false]);
  assert.deepEqual(seen.heard.slice(0, 2), [0, 0]);
  for (const at of [2, 4]) near(seen.heard[at], 440), near(seen.heard[at + 1], 1000);
});

test("digits go in the media or by INFO, and messages and INFO go in the call", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice", 440), await t.start("bob", 1000)];
    const { call, incoming } = await t.talk(alice, bob);
    await call.dtmf("12");
    await call.dtmf("5#", { method: "info", durationMs: 250 });
    const digits = bob.events.filter(({ name }) => name === "dtmf_received").map(({ digit, durationMs, call }) => [digit, durationMs, call === incoming]);
    const { status } = await call.info({ contentType: "application/example", body: "hello", headers: [{ name: "X-Why", value: "a: b" }] });
    const info = await bob.find("info_received");
    const message = await call.message("in the call");
    const inside = await bob.find("message_received");
    await alice.endpoint.sendMessage(alice.account, "bob", new Uint8Array([0xff, 0, 1]), { headers: [{ name: "Subject", value: "octets" }] });
    const outside = await bob.find("message_received", ({ call }) => !call);
    const bad = await call.dtmf("1x").catch(({ code, field }) => [code, field]);
    const refused = await call.info({ headers: [{ name: "Via", value: "x" }] }).catch(({ code, field }) => [code, field]);
    await incoming.hangup({ headers: [{ name: "X-Bye", value: "bob" }] });
    const { headers } = await alice.find("call_terminated");
    await t.stop(alice, bob);
    const header = (list, wanted) => list.find(({ name }) => name === wanted)?.value;
    return {
      digits, status, message: message.status, bad, refused, bye: header(headers, "X-Bye"),
      info: [info.contentType, info.body, header(info.headers, "X-Why"), info.call === incoming],
      inside: [inside.body, inside.call === incoming, inside.fromUri],
      outside: [outside.contentType, [...outside.octets], header(outside.headers, "Subject")],
    };
  });
  assert.deepEqual(seen.digits, [["5", 250, true], ["#", 250, true]]);
  assert.deepEqual([seen.status, seen.message], [200, 200]);
  assert.deepEqual(seen.info, ["application/example", "hello", "a: b", true]);
  assert.deepEqual(seen.inside, ["in the call", true, `sip:alice@${talk.edge.domain}`]);
  assert.deepEqual(seen.outside, ["application/octet-stream", [255, 0, 1], "octets"]);
  assert.equal(seen.bye, "bob");
  assert.equal(seen.bad[0], "invalidOption");
  assert.equal(seen.refused[0], "invalidOption");
});

test("a call is transferred to somebody who was not asked, and the two others end up talking", async () => {
  const seen = await page(async () => {
    const sides = [await t.start("alice", 440), await t.start("bob", 1000), await t.start("carol", 2000)];
    const [alice, bob, carol] = sides;
    bob.endpoint.on("transfer_requested", async ({ referral }) => (bob.next = await referral.accept()));
    carol.endpoint.on("call_received", ({ call }) => ((carol.call = call), void call.answer()));
    const { call } = await t.talk(alice, bob);
    const transfer = await call.transfer("carol");
    const end = await alice.find("transfer_changed", ({ done }) => done);
    await t.until("carol talks", () => carol.call?.mediaConnected && bob.next?.mediaConnected);
    const asked = await bob.find("transfer_requested");
    const blind = { same: end.transfer === transfer, status: [end.status, transfer.status, transfer.done], target: asked.target, replaces: asked.replaces, by: asked.referredBy };
    blind.heard = [await t.hears(carol.call.remoteStream), await t.hears(bob.next.remoteStream)];
    await t.stop(...sides);
    return blind;
  });
  assert.deepEqual(seen.status, [200, 200, true]);
  assert.equal(seen.same, true);
  assert.equal(seen.replaces, false);
  assert.match(seen.target, /^sip:carol@/);
  assert.match(seen.by, /sip:alice@/);
  near(seen.heard[0], 1000), near(seen.heard[1], 2000);
});

test("a call is joined with another: the colleague's new call takes the place of the old one, and the two others talk", async () => {
  const seen = await page(async () => {
    const sides = [await t.start("alice", 440), await t.start("bob", 1000), await t.start("carol", 2000)];
    const [alice, bob, carol] = sides;
    bob.endpoint.on("transfer_requested", async ({ referral }) => (bob.next = await referral.accept()));
    // The engine itself answers the one that takes another's place.
    carol.endpoint.on("call_received", ({ call }) => void call.answer().catch(() => {}));
    const first = await t.talk(alice, bob);
    await first.call.hold();
    const second = await alice.endpoint.makeCall(alice.account, "carol");
    await t.until("alice talks to carol", () => second.mediaConnected);
    const before = carol.endpoint.state.calls[0].call;
    await first.call.transfer(second);
    const end = await alice.find("transfer_changed", ({ done }) => done);
    const replaced = await carol.find("call_replaced");
    await t.until("carol's new call", () => replaced.by.mediaConnected && bob.next?.mediaConnected);
    await t.until("the old one is over", () => before.state === "ended");
    const seen = { replaced: replaced.call === before, asked: (await bob.find("transfer_requested")).replaces, status: end.status };
    seen.heard = [await t.hears(replaced.by.remoteStream), await t.hears(bob.next.remoteStream)];
    await t.stop(...sides);
    return seen;
  });
  assert.deepEqual([seen.replaced, seen.asked, seen.status], [true, true, 200]);
  near(seen.heard[0], 1000), near(seen.heard[1], 2000);
});

test("who is not let in by itself rings, and takes the old call's place when it is answered", async () => {
  const seen = await page(async () => {
    const sides = [await t.start("alice", 440), await t.start("bob", 1000), await t.start("carol", 2000, {}, { replaces: "ask" })];
    const [alice, bob, carol] = sides;
    bob.endpoint.on("transfer_requested", async ({ referral }) => (bob.next = await referral.accept()));
    const first = await t.talk(alice, bob);
    await first.call.hold();
    const { incoming: before } = await t.talk(alice, carol);
    const second = alice.endpoint.state.calls.find(({ remoteUri }) => remoteUri.includes("carol")).call;
    await first.call.transfer(second);
    const { call: asks } = await carol.find("call_received", ({ call }) => call.remoteUri.includes("bob"));
    const seen = { of: asks.replaces === before, none: before.replaces === undefined, states: [asks.state, before.state] };
    await asks.answer();
    const replaced = await carol.find("call_replaced");
    await t.until("the old one is over", () => before.state === "ended");
    seen.replaced = [replaced.call === before, replaced.by === asks, asks.replaces === undefined];
    await t.stop(...sides);
    return seen;
  });
  assert.deepEqual(seen, { of: true, none: true, states: ["ringing", "connected"], replaced: [true, true, true] });
});

test("a state is followed and told, and OPTIONS says what the far end can", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice", 440), await t.start("bob", 1000, {}, { events: ["presence"] })];
    const json = { contentType: "application/json" };
    const following = alice.endpoint.subscribe(alice.account, "bob", "presence", { accept: ["application/json"], expires: 600 });
    const asked = await bob.find("subscribe_received");
    await asked.subscriber.accept("1", json);
    const subscription = await following;
    await alice.find("notify_received", ({ body }) => body === "1");
    await asked.subscriber.notify("2", json);
    const told = await alice.find("notify_received", ({ body }) => body === "2");
    const during = { state: subscription.state, listed: alice.endpoint.state.subscriptions.map(({ subscription: object, account }) => [object === subscription, account === alice.account]), same: told.subscription === subscription, follower: [asked.subscriber.state, asked.fromUri, asked.event, asked.expires] };
    await asked.subscriber.notify("3", { ...json, terminate: "noresource" });
    await alice.find("subscription_changed", ({ subscription: { state } }) => state === "terminated");
    const after = [subscription.state, subscription.reason, alice.endpoint.state.subscriptions.length];
    const refusing = alice.endpoint.subscribe(alice.account, "bob", "presence").catch(({ code, status }) => [code, status]);
    const second = await bob.find("subscribe_received", ({ subscriber }) => subscriber !== asked.subscriber);
    await second.subscriber.reject(403);
    const refused = await refusing;
    const unknown = await alice.endpoint.subscribe(alice.account, "bob", "weather").catch(({ code, status }) => [code, status]);
    const { headers } = await alice.endpoint.sendOptions(alice.account, "bob");
    await t.stop(alice, bob);
    return { during, after, refused, unknown, allow: headers.find(({ name }) => name === "Allow")?.value };
  });
  assert.deepEqual(seen.during.listed, [[true, true]]);
  assert.deepEqual([seen.during.state, seen.during.same], ["active", true]);
  assert.deepEqual(seen.during.follower, ["active", `sip:alice@${talk.edge.domain}`, "presence", 600]);
  assert.deepEqual(seen.after, ["terminated", "noresource", 0]);
  assert.equal(seen.refused[1], 403);
  assert.equal(seen.unknown[1], 489);
  assert.match(seen.allow, /INVITE/);
});

test("hooks see every message and description, change them, and are refused what must stay", async () => {
  const seen = await page(async () => {
    const shown = [];
    const sdps = [];
    const hooks = {
      message(text, { method, status }) {
        shown.push(`${method}${status ?? ""} ${text.split(" ")[0]}`);
        if (method === "MESSAGE" && text.includes("throw")) throw new Error("mine");
        if (method === "MESSAGE" && text.includes("spoil")) return text.replace(/^Call-ID: .*$/m, "Call-ID: other");
        if (method === "MESSAGE" && text.includes("number")) return 7;
        if (method === "MESSAGE") return text.replace("hi", "hello, longer").replace("\r\n\r\n", "\r\nX-Hooked: yes\r\n\r\n");
      },
      sdp(sdp, { local, type, call, callUuid }) {
        sdps.push([local, type, typeof callUuid, call === undefined || call.uuid === callUuid]);
        // From inside a hook as from inside a listener.
        t.inside ??= [t.alice?.endpoint.state.calls.length, t.alice?.endpoint.counters().sockets, t.alice?.account.register()];
        return local ? sdp.replace(/\r\na=/, "\r\na=x-hooked:1\r\na=") : undefined;
      },
    };
    const [alice, bob] = [(t.alice = await t.start("alice", 440, { hooks })), await t.start("bob", 1000)];
    const traced = [];
    alice.endpoint.on("trace", ({ kind, text }) => kind === "sipOut" && traced.push(text));
    const texts = [];
    for (const text of ["hi", "throw", "spoil", "number"]) {
      const { status } = await alice.endpoint.sendMessage(alice.account, "bob", text);
      texts.push(status);
    }
    const got = bob.events.filter(({ name }) => name === "message_received").map(({ body, headers }) => [body, headers.some(({ name }) => name === "X-Hooked")]);
    const problems = alice.events.filter(({ name }) => name === "problem").map(({ error }) => error.code);
    let offer = "";
    bob.endpoint.on("trace", ({ kind, text }) => kind === "sipIn" && text.startsWith("INVITE") && (offer = text));
    const { call, incoming } = await t.talk(alice, bob);
    const heard = await t.hears(incoming.remoteStream);
    await call.hangup();
    await (t.inside?.[2]);
    const inTrace = traced.some((text) => text.includes("X-Hooked: [redacted]"));
    await t.stop(alice, bob);
    const wrong = await t.Endpoint.start({ host: "none", hooks: { mesage() {} } }).catch(({ code, field }) => [code, field]);
    return { shown, sdps, texts, got, problems, offer, heard, inTrace, inside: t.inside.slice(0, 2), wrong };
  }, { complains: ["mine"] });
  assert.deepEqual(seen.texts, [200, 200, 200, 200], "the originals went");
  assert.deepEqual(seen.got, [["hello, longer", true], ["throw", false], ["spoil", false], ["number", false]]);
  assert.deepEqual(seen.problems, ["hookRefused", "hookRefused", "hookRefused"]);
  for (const wanted of ["REGISTER REGISTER", "MESSAGE MESSAGE", "INVITE INVITE", "ACK ACK", "BYE BYE"]) assert.ok(seen.shown.includes(wanted), `${wanted} in ${seen.shown}`);
  assert.deepEqual(seen.sdps.map(([local, type]) => [local, type]), [[true, "offer"], [false, "answer"]]);
  assert.ok(seen.sdps.every(([, , uuid, same]) => uuid === "string" && same));
  assert.match(seen.offer, /a=x-hooked:/);
  near(seen.heard, 440);
  assert.equal(seen.inTrace, true, "the trace shows what has left");
  assert.deepEqual(seen.inside, [1, 1]);
  assert.deepEqual(seen.wrong, ["invalidOption", "hooks"]);
});

test("the trace can be exported, is bounded, redacted unless the whole is wanted, and nothing else logs", async () => {
  const seen = await page(async () => {
    const logged = [];
    for (const name of ["log", "info", "debug", "warn", "error"]) console[name] = (...words) => logged.push(words.join(" "));
    const out = {};
    for (const trace of ["redacted", "names", "full", "events", "off"]) {
      const alice = await t.start("alice", 440, { trace });
      const bob = await t.start("bob", 1000, { trace });
      const { call } = await t.talk(alice, bob);
      await call.hangup();
      await bob.find("call_terminated");
      for (let i = 0; trace === "redacted" && i < 600; i++) await alice.endpoint.networkChanged().catch(() => {});
      out[trace] = alice.endpoint.exportTrace();
      await t.stop(alice, bob);
    }
    return { ...out, logged };
  });
  const entries = (text) => text.split("\n").filter((line) => /^\d{4}-\d\d-\d\dT[\d:.]+Z \w+/.test(line)).length;
  assert.ok(entries(seen.redacted) === 512, `${entries(seen.redacted)} entries`);
  assert.match(seen.full, /sipOut REGISTER sip:/);
  assert.match(seen.names, new RegExp(`sip:alice@${talk.edge.domain}`));
  assert.match(seen.full, new RegExp(`sip:alice@${talk.edge.domain}`));
  assert.match(seen.full, /a=ice-pwd:/);
  assert.match(seen.events, /note makeCall/);
  assert.match(seen.events, /note call_terminated \d+ ended/);
  assert.equal(seen.off, "");
  for (const text of [seen.redacted, seen.events]) assert.doesNotMatch(text, /alice|bob/);
  for (const text of [seen.redacted, seen.names, seen.events]) {
    assert.doesNotMatch(text, /a=ice-pwd:[A-Za-z0-9+/]|a=fingerprint:\S+ [0-9A-F]{2}:|response="[0-9a-f]/);
  }
  assert.doesNotMatch(seen.events, /sipOut|sipIn/);
  assert.deepEqual(seen.logged, []);
});

test("every method of calls, accounts, subscriptions and transfers may be called from inside every listener", async () => {
  const seen = await page(async () => {
    const sides = [await t.start("alice", 440, {}, { events: ["presence"] }), await t.start("bob", 1000, {}, { events: ["presence"] })];
    const [alice, bob] = sides;
    const called = {};
    const settled = [];
    let depth = 0;
    let deepest = 0;
    const all = ({ endpoint, account }, { call = endpoint.state.calls[0]?.call, subscription, subscriber, referral, transfer }) => ({
      exportTrace: () => endpoint.exportTrace(),
      networkChanged: () => endpoint.networkChanged(true),
      sendMessage: () => endpoint.sendMessage(account, "carol", "x"),
      sendOptions: () => endpoint.sendOptions(account, "carol"),
      refer: () => endpoint.refer(account, "carol", "dave"),
      subscribe: () => endpoint.subscribe(account, "carol", "presence"),
      publish: () => endpoint.publish(account, "presence", "x").then((publication) => publication.remove()),
      ...(call && {
        answer: () => call.answer({ headers: [] }),
        hold: () => call.hold(),
        unhold: () => call.unhold(),
        renegotiate: () => call.renegotiate(),
        dtmf: () => call.dtmf("1", { durationMs: 40, gapMs: 30 }),
        info: () => call.info(),
        message: () => call.message("x"),
        redirect: () => call.redirect("not a target:"),
        transfer: () => call.transfer("not a target:"),
        transferToCall: () => call.transfer(call),
        read: () => [call.onHold, call.remoteHold, call.assertedIdentity, call.account.name],
      }),
      ...(subscription && { unsubscribe: () => subscription.unsubscribe() }),
      ...(subscriber && { accept: () => subscriber.accept("x"), notify: () => subscriber.notify("y"), reject: () => subscriber.reject() }),
      ...(referral && { rejectReferral: () => referral.reject(), acceptReferral: () => referral.accept() }),
      ...(transfer && { status: () => [transfer.status, transfer.done] }),
    });
    for (const side of sides) {
      for (const name of t.names) {
        let first = true;
        side.endpoint.on(name, (event) => {
          if (!first) return;
          first = false;
          deepest = Math.max(deepest, ++depth);
          for (const [method, run] of Object.entries(all(side, event))) {
            const result = run();
            if (result instanceof Promise) settled.push(result.then(() => true, (error) => error instanceof t.SipError || String(error)));
            (called[name] ??= new Set()).add(method);
          }
          depth--;
        });
      }
    }
    await alice.endpoint.sendMessage(alice.account, "bob", "hi");
    const call = await alice.endpoint.makeCall(alice.account, "bob");
    await t.until("connected", () => call.state === "connected" && bob.endpoint.state.calls[0]?.state === "connected");
    await t.sleep(300);
    await call.dtmf("7", { method: "info" });
    await call.info({ contentType: "application/example", body: "x" }).catch(() => {});
    await alice.endpoint.subscribe(alice.account, "bob", "presence").catch(() => {});
    await call.transfer("carol").catch(() => {});
    const answers = await Promise.race([Promise.all(settled), t.sleep(40000).then(() => ["some promise is never settled"])]);
    await call.hangup().catch(() => {});
    await t.until("all is over", () => sides.every(({ endpoint }) => endpoint.state.calls.length === 0));
    await t.stop(...sides);
    return { wrong: answers.filter((answer) => answer !== true), deepest, count: answers.length, called: Object.fromEntries(Object.entries(called).map(([name, methods]) => [name, [...methods]])) };
  });
  assert.deepEqual(seen.wrong, []);
  assert.equal(seen.deepest, 1, "no listener is called from inside a method");
  assert.ok(seen.count > 80, `${seen.count} promises`);
  for (const name of ["call_received", "call_changed", "call_progress", "call_terminated", "dtmf_received", "info_received", "message_received", "transfer_requested", "transfer_changed", "subscription_changed", "subscribe_received", "trace"]) {
    for (const method of ["exportTrace", "networkChanged", "sendMessage", "sendOptions", "refer", "subscribe", "publish"]) assert.ok(seen.called[name]?.includes(method), `${method} in ${name}: ${Object.keys(seen.called)}`);
  }
  for (const name of ["call_received", "call_changed", "dtmf_received", "transfer_requested"]) for (const method of ["answer", "hold", "unhold", "renegotiate", "dtmf", "info", "message", "redirect", "transfer"]) assert.ok(seen.called[name].includes(method), `${method} in ${name}`);
  assert.ok(seen.called.subscribe_received.includes("accept") && seen.called.transfer_requested.includes("acceptReferral"));
});
