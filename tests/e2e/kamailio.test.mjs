// Kamailio under tests/kamailio/ does what the browser runs rely on, shown with plain SIP agents.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { hasKamailio, startKamailio } from "./support/kamailio.mjs";
import { sleep, until } from "./support/process.mjs";
import { startPush } from "./support/push.mjs";
import { startRelay } from "./support/relay.mjs";
import { Ua, parse } from "./support/ua.mjs";

const skip = hasKamailio ? false : "kamailio is not installed";
const HOLD_MS = 2500;
let push;
let server;
let next = 0;

/** A token of its own for each device of each test. */
const token = () => (next += 1).toString(16).padStart(64, "0");
const modApn = (value) => `app-id=dev.sipwake.phone;pn-voip-tok=${value};pn-im-tok=${value}`;
const rfc8599 = (value) => `pn-provider=apns;pn-param=SWK42DEMO9.dev.sipwake.phone.voip;pn-prid=${value}`;

/** A phone that registered and went to sleep; `wake` comes back on a new connection. */
async function sleeper(user, { uriParams, params } = {}) {
  const first = await Ua.connect(server, { user });
  assert.equal((await first.register({ uriParams, params })).status, 200);
  assert.equal((await first.register({ expires: 0, uriParams, params })).status, 200);
  await first.close();
  return {
    instance: first.instance,
    async wake() {
      const ua = await Ua.connect(server, { user, instance: first.instance });
      assert.equal((await ua.register({ uriParams, params })).status, 200);
      return ua;
    },
  };
}

const logOut = async (user) => {
  const ua = await Ua.connect(server, { user });
  const gone = await ua.request("REGISTER", `sip:${ua.domain}`, { to: `<${ua.aor}>`, headers: ["Contact: *", "Expires: 0"] });
  assert.equal(gone.status, 200);
  await ua.close();
};

describe("Kamailio", { skip, timeout: 90000 }, () => {
  let alice;

  before(async () => {
    push = await startPush();
    server = await startKamailio({ pushUrl: push.url, holdMs: HOLD_MS });
    alice = await Ua.connect(server, { user: "alice" });
  });

  after(async () => {
    await alice?.close();
    await server?.stop();
    await push?.stop();
  });

  test("a registration is challenged, then kept with its push parameters in the contact's URI", async () => {
    const value = token();
    const bob = await Ua.connect(server, { user: "bob" });
    const refused = await bob.register({ uriParams: modApn(value), auth: false });
    assert.equal(refused.status, 401);
    assert.match(refused.header("www-authenticate"), /realm="sip\.example".*qop="auth"/);
    const ok = await bob.register({ uriParams: modApn(value) });
    assert.equal(ok.status, 200);
    assert.equal(ok.header("flow-timer"), "25");
    assert.match(ok.header("require"), /outbound/);
    assert.match(ok.header("contact"), /pub-gruu=/);
    const [binding] = await server.bindings("bob");
    assert.ok(binding.address.includes(`;pn-voip-tok=${value}`));
    assert.equal(binding.instance, bob.instance);
    assert.deepEqual(await server.devices("bob"), [{ instance: bob.instance, token: value, topic: "dev.sipwake.phone.voip" }]);
    await bob.close();
    await logOut("bob");
  });

  test("a wrong password is refused each time", async () => {
    const mallory = await Ua.connect(server, { user: "bob", password: "guess" });
    assert.equal((await mallory.register()).status, 401);
    assert.deepEqual(await server.bindings("bob"), []);
    await mallory.close();
  });

  for (const [name, parameters] of [
    ["mod_apn's names in the URI", (value) => ({ uriParams: modApn(value) })],
    ["RFC 8599 names in the URI", (value) => ({ uriParams: rfc8599(value) })],
    ["mod_apn's names after the URI", (value) => ({ params: modApn(value) })],
  ]) {
    test(`a held INVITE is pushed, and released by the phone's REGISTER: ${name}`, async () => {
      const value = token();
      const phone = await sleeper("bob", parameters(value));
      assert.deepEqual(await server.bindings("bob"), []);
      const call = alice.invite("sip:bob@sip.example");
      const { payload, headers } = await push.received((entry) => entry.token === value);
      assert.equal(payload.aps["call-id"], call.callId);
      assert.equal(payload["from-uri"], "sip:alice@sip.example");
      assert.equal(headers["apns-topic"], "dev.sipwake.phone.voip");
      assert.equal(headers["apns-push-type"], "voip");
      await call.has(180);
      await sleep(300);
      const bob = await phone.wake();
      const invite = await bob.next("INVITE");
      assert.equal(invite.callId, call.callId);
      bob.reply(invite, 180);
      const [callee, caller] = await Promise.all([bob.answer(invite), call.answered()]);
      // Either side may end it.
      const [by, other] = name.startsWith("RFC") ? [callee, alice] : [caller, bob];
      const ended = by.bye();
      other.reply(await other.next("BYE"), 200);
      assert.equal((await ended).status, 200);
      await bob.close();
      await logOut("bob");
    });
  }

  test("a caller who cancels while the phone wakes gets 487 at once, and the phone no INVITE", async () => {
    const value = token();
    const phone = await sleeper("bob", { uriParams: modApn(value) });
    const call = alice.invite("sip:bob@sip.example");
    await push.received((entry) => entry.token === value);
    await call.has(180);
    const at = Date.now();
    assert.equal((await call.cancel()).status, 200);
    assert.equal((await call.ended()).status, 487);
    assert.ok(Date.now() - at < 1000);
    const bob = await phone.wake();
    assert.equal(await bob.gets("INVITE", 300), false);
    await bob.close();
    await logOut("bob");
  });

  test("a CANCEL after the INVITE reaches the phone", async () => {
    const value = token();
    const phone = await sleeper("bob", { uriParams: modApn(value) });
    const call = alice.invite("sip:bob@sip.example");
    await push.received((entry) => entry.token === value);
    const bob = await phone.wake();
    const invite = await bob.next("INVITE");
    bob.reply(invite, 180);
    await call.cancel();
    const cancel = await bob.next("CANCEL");
    assert.equal(cancel.branch, invite.branch);
    bob.reply(invite, 487);
    await bob.next("ACK");
    assert.equal((await call.ended()).status, 487);
    await bob.close();
    await logOut("bob");
  });

  test("two devices ring, and the one that loses is told that the other answered", async () => {
    const values = [token(), token()];
    const phones = [await sleeper("bob", { uriParams: modApn(values[0]) }), await sleeper("bob", { uriParams: modApn(values[1]) })];
    const call = alice.invite("sip:bob@sip.example");
    for (const value of values) await push.received((entry) => entry.token === value);
    const [one, two] = await Promise.all(phones.map((phone) => phone.wake()));
    const invites = [await one.next("INVITE"), await two.next("INVITE")];
    one.reply(invites[0], 180);
    two.reply(invites[1], 180);
    await call.has(180, { count: 3 });
    const [, caller] = await Promise.all([two.answer(invites[1]), call.answered()]);
    const cancel = await one.next("CANCEL");
    assert.match(cancel.header("reason"), /SIP;cause=200/);
    one.reply(invites[0], 487);
    const ended = caller.bye();
    two.reply(await two.next("BYE"), 200);
    await ended;
    await Promise.all([one.close(), two.close()]);
    await logOut("bob");
  });

  test("one device's 486 leaves the call to the other, who still sleeps", async () => {
    const values = [token(), token()];
    const phones = [await sleeper("bob", { uriParams: modApn(values[0]) }), await sleeper("bob", { uriParams: modApn(values[1]) })];
    const call = alice.invite("sip:bob@sip.example");
    for (const value of values) await push.received((entry) => entry.token === value);
    const one = await phones[0].wake();
    one.reply(await one.next("INVITE"), 486);
    await sleep(300);
    const two = await phones[1].wake();
    const [, caller] = await Promise.all([two.answer(await two.next("INVITE")), call.answered()]);
    const ended = caller.bye();
    two.reply(await two.next("BYE"), 200);
    await ended;
    await Promise.all([one.close(), two.close()]);
    await logOut("bob");
  });

  for (const status of [486, 603]) {
    test(`a device's ${status} is what the caller gets`, async () => {
      const value = token();
      const phone = await sleeper("bob", { uriParams: modApn(value) });
      const call = alice.invite("sip:bob@sip.example");
      await push.received((entry) => entry.token === value);
      const bob = await phone.wake();
      bob.reply(await bob.next("INVITE"), status);
      assert.equal((await call.ended(1500)).status, status);
      await bob.close();
      await logOut("bob");
    });
  }

  test("when nobody wakes the caller gets 480 after the hold time", async () => {
    await sleeper("bob", { uriParams: modApn(token()) });
    const at = Date.now();
    const final = await alice.invite("sip:bob@sip.example").ended(HOLD_MS + 3000);
    assert.equal(final.status, 480);
    assert.ok(Date.now() - at >= HOLD_MS - 100);
    await logOut("bob");
  });

  test("a phone on a new connection while it rings gets the same INVITE again", async () => {
    const value = token();
    const phone = await sleeper("bob", { uriParams: modApn(value) });
    const call = alice.invite("sip:bob@sip.example");
    await push.received((entry) => entry.token === value);
    const old = await phone.wake();
    const first = await old.next("INVITE");
    old.reply(first, 180);
    old.cut();
    const bob = await phone.wake();
    const second = await bob.next("INVITE");
    assert.equal(second.callId, first.callId);
    assert.notEqual(second.branch, first.branch);
    const [, caller] = await Promise.all([bob.answer(second), call.answered()]);
    const ended = caller.bye();
    bob.reply(await bob.next("BYE"), 200);
    await ended;
    await bob.close();
    await logOut("bob");
  });

  test("a phone that unregisters without push parameters is pushed no more", async () => {
    const value = token();
    const bob = await Ua.connect(server, { user: "bob" });
    await bob.register({ uriParams: modApn(value) });
    await bob.register({ expires: 0 });
    assert.deepEqual(await server.devices("bob"), []);
    assert.equal((await alice.invite("sip:bob@sip.example").ended()).status, 480);
    assert.equal(push.log.some((entry) => entry.token === value), false);
    await bob.close();
  });

  test("a token that the push service calls dead is forgotten", async () => {
    const value = token();
    await sleeper("bob", { uriParams: modApn(value) });
    push.forget(value);
    const call = alice.invite("sip:bob@sip.example");
    await push.received((entry) => entry.token === value);
    await sleep(200);
    assert.deepEqual(await server.devices("bob"), []);
    await call.cancel();
    await call.ended();
  });

  test("an awake phone gets INVITE and push", async () => {
    const value = token();
    const bob = await Ua.connect(server, { user: "bob" });
    await bob.register({ uriParams: modApn(value) });
    const call = alice.invite("sip:bob@sip.example");
    const invite = await bob.next("INVITE");
    await push.received((entry) => entry.token === value);
    const [, caller] = await Promise.all([bob.answer(invite), call.answered()]);
    const ended = caller.bye();
    bob.reply(await bob.next("BYE"), 200);
    await ended;
    await bob.close();
    await logOut("bob");
  });

  test("an unknown user is 404, an unknown domain too", async () => {
    assert.equal((await alice.invite("sip:nobody@sip.example").ended()).status, 404);
    assert.equal((await alice.invite("sip:bob@elsewhere.example").ended()).status, 404);
    const lost = await Ua.connect(server, { user: "bob", domain: "elsewhere.example" });
    assert.equal((await lost.register()).status, 404);
    await lost.close();
  });

  test("wss with the certificate of the server's own making", async () => {
    const trusting = await Ua.connect(server, { user: "carol", url: server.wssUrl, rejectUnauthorized: true, ca: readFileSync(server.certificate) });
    assert.equal((await trusting.register({ uriParams: modApn(token()) })).status, 200);
    await trusting.close();
    await assert.rejects(Ua.connect(server, { user: "carol", url: server.wssUrl, rejectUnauthorized: true }), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    await logOut("carol");
  });

  test("the relay keeps what passes, injects what did not, and refuses what it is told to", async () => {
    const relay = await startRelay(server.wsUrl);
    const bob = await Ua.connect(server, { user: "bob", url: relay.url });
    assert.equal((await bob.register()).status, 200);
    assert.deepEqual(relay.frames.map(({ dir, text }) => `${dir} ${parse(text).method ?? parse(text).status}`),
      ["out REGISTER", "in 401", "out REGISTER", "in 200"]);
    relay.inject(`OPTIONS sip:bob@x SIP/2.0\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:bob@x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`);
    assert.equal((await bob.next("OPTIONS")).callId, "1");
    relay.rules.refuse = 403;
    await assert.rejects(Ua.connect(server, { user: "bob", url: relay.url }), /403/);
    await bob.close();
    assert.equal(relay.pairs[0].pageClosed, 1000);
    await relay.stop();
    await logOut("bob");
  });
});

test("Kamailio tells the phones that were pushed and did not come how the call ended", { skip, timeout: 30000 }, async () => {
  const service = await startPush();
  const telling = await startKamailio({ pushUrl: service.url, cancelPush: true, holdMs: 1000 });
  try {
    const alice = await Ua.connect(telling, { user: "alice" });
    const asleep = await Ua.connect(telling, { user: "bob" });
    const awake = await Ua.connect(telling, { user: "bob" });
    const [lost, here] = [token(), token()];
    await asleep.register({ uriParams: modApn(lost) });
    await asleep.register({ expires: 0, uriParams: modApn(lost) });
    await asleep.close();
    await awake.register({ uriParams: modApn(here) });
    const told = async (end, event) => {
      const before = service.log.length;
      const call = alice.invite("sip:bob@sip.example");
      const invite = await awake.next("INVITE");
      awake.reply(invite, 180);
      await call.has(180);
      await end(call, invite);
      const over = await until("the push", () => service.log.slice(before).find(({ payload }) => payload.event !== "incoming-call"));
      assert.deepEqual([over.token, over.payload.event, over.payload.aps["call-id"], over.headers["apns-push-type"]], [lost, event, call.callId, "background"]);
      await call.ended();
      assert.deepEqual(service.log.slice(before).map((push) => push.token).sort(), [lost, lost, here].sort());
    };
    await told(async (call, invite) => {
      const [, caller] = await Promise.all([awake.answer(invite), call.answered()]);
      const ended = caller.bye();
      awake.reply(await awake.next("BYE"), 200);
      await ended;
    }, "answeredElsewhere");
    await told((_, invite) => awake.reply(invite, 603), "declinedElsewhere");
    await told(async (call, invite) => {
      await call.cancel();
      awake.reply(invite, 487);
    }, "cancel");
    // This device is busy, the other never comes.
    await told((_, invite) => awake.reply(invite, 486), "missed");
    await Promise.all([alice.close(), awake.close()]);
  } finally {
    await telling.stop();
    await service.stop();
  }
});

test("Kamailio with SHA-256", { skip, timeout: 30000 }, async () => {
  const sha = await startKamailio({ algorithm: "SHA-256" });
  try {
    const bob = await Ua.connect(sha, { user: "bob" });
    const challenge = await bob.register({ auth: false });
    assert.match(challenge.header("www-authenticate"), /algorithm=SHA-256/);
    assert.equal((await bob.register()).status, 200);
    const alice = await Ua.connect(sha, { user: "alice" });
    const call = alice.invite("sip:bob@sip.example");
    const [, caller] = await Promise.all([bob.next("INVITE").then((invite) => bob.answer(invite)), call.answered()]);
    const ended = caller.bye();
    bob.reply(await bob.next("BYE"), 200);
    assert.equal((await ended).status, 200);
    await Promise.all([alice.close(), bob.close()]);
  } finally {
    await sha.stop();
  }
});
