// The embedded development server with phones that sleep: the INVITE waits, the push goes out, the phone comes back.
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { hasEdge, listen, startEdge } from "./support/edge.mjs";
import { sleep, until } from "./support/process.mjs";
import { startPush } from "./support/push.mjs";
import { Ua } from "./support/ua.mjs";

const skip = !hasEdge && "the embedded server is not built";
const ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"';

let edge;
const living = [];

/** A phone: what stays when it sleeps. */
const aPhone = () => ({ instance: `urn:uuid:${randomUUID()}`, token: randomBytes(32).toString("hex") });
const parameters = ({ token }) => `app-id=org.example.app;pn-voip-tok=${token};pn-im-tok=11;pn-platform=iOS`;

async function connect(user, options = {}) {
  const ua = await Ua.connect(edge, { user, ...options });
  living.push(ua);
  return ua;
}

/** The phone registers, on a socket of its own. */
async function wake(phone) {
  const ua = await connect("bob", { instance: phone.instance });
  assert.equal((await ua.register({ uriParams: parameters(phone) })).status, 200);
  return ua;
}

/** A phone that registered and went to sleep, with an UNREGISTER that keeps its token. */
async function sleeping() {
  const phone = aPhone();
  const ua = await wake(phone);
  assert.equal((await ua.register({ expires: 0, uriParams: parameters(phone) })).status, 200);
  await ua.close();
  return phone;
}

async function caller(user = "alice") {
  const ua = await connect(user);
  assert.equal((await ua.register()).status, 200);
  return ua;
}

const call = (ua) => ua.invite(`sip:bob@${edge.domain}`);
const accept = async (ua, call_) => Promise.all([ua.next("INVITE").then((invite) => ua.answer(invite)), call_.answered()]);
const pushed = async ({ token }) => (await edge.pushes()).filter((push) => push.token === token);

function withEdge(...args) {
  before(async () => { edge = await startEdge(args); });
  after(async () => assert.equal(await edge.stop(), "ended: 0"));
}

/** A test after which nobody is connected and no phone of bob is known. */
const inOwn = (name, body) => test(name, async () => {
  try {
    await body();
  } finally {
    const bob = await connect("bob");
    assert.equal((await bob.register({ contact: "*", expires: 0 })).status, 200);
    for (const ua of living.splice(0)) await ua.close();
  }
});

describe("calls to a sleeping phone", { skip }, () => {
  withEdge("--hold", "1.5");

  inOwn("the INVITE waits, the push comes, the phone registers and has the INVITE on its new flow", async () => {
    const phone = await sleeping();
    const pushes = [];
    const feed = await listen(`${edge.push.listen}?token=${phone.token}`, (push) => pushes.push(push));
    const alice = await caller();
    const outgoing = call(alice);
    await outgoing.has(100);
    await until("the push", () => pushes.length === 1);
    const [payload] = pushes;
    const [{ headers }] = await pushed(phone);
    assert.deepEqual([headers["apns-topic"], headers["apns-push-type"]], ["org.example.app.voip", "voip"]);
    assert.equal(payload.aps["call-id"], outgoing.callId);
    assert.deepEqual([payload["call-id"], payload["from-uri"], payload.event], [outgoing.callId, alice.aor, "invite"]);
    await sleep(100);
    assert.ok(outgoing.provisional.every(({ status }) => status === 100), "nobody rings yet");
    const bob = await wake(phone);
    const invite = await bob.next("INVITE");
    assert.ok(invite.uri.includes(bob.host));
    assert.equal(invite.text.includes(phone.token), false);
    bob.reply(invite, 180);
    await outgoing.has(180);
    const [theirs] = await Promise.all([bob.answer(invite), outgoing.answered()]);
    const over = theirs.bye();
    alice.reply(await alice.next("BYE"), 200);
    assert.equal((await over).status, 200);
    feed.close();
    assert.equal(pushes.length, 1);
  });

  inOwn("a phone whose socket just ended is pushed, too, and one REGISTER frees two calls", async () => {
    const phone = aPhone();
    await (await wake(phone)).close();
    const outgoing = [call(await caller()), call(await caller("carol"))];
    await until("two pushes", async () => (await pushed(phone)).length === 2);
    const bob = await wake(phone);
    const ids = [await bob.next("INVITE"), await bob.next("INVITE")].map((invite) => invite.callId);
    assert.deepEqual(ids.sort(), outgoing.map(({ callId }) => callId).sort());
  });

  inOwn("cancelled while it waits: 487 at once, and the phone that comes later hears nothing", async () => {
    const phone = await sleeping();
    const outgoing = call(await caller());
    await until("the push", async () => (await pushed(phone)).length === 1);
    assert.equal((await outgoing.cancel()).status, 200);
    assert.equal((await outgoing.ended(500)).status, 487);
    assert.equal(await (await wake(phone)).gets("INVITE", 150), false);
    assert.equal((await pushed(phone)).length, 1);
  });

  inOwn("nobody wakes: 480 when the time is over, and nothing comes later", async () => {
    const phone = await sleeping();
    const began = Date.now();
    assert.equal((await call(await caller()).ended()).status, 480);
    assert.ok(Date.now() - began >= 1400);
    assert.equal(await (await wake(phone)).gets("INVITE", 150), false);
  });

  inOwn("log-out forgets the token: no push, 480 at once", async () => {
    const phone = await sleeping();
    const bob = await connect("bob", { instance: phone.instance });
    assert.equal((await bob.register({ expires: 0 })).status, 200);
    await bob.close();
    assert.equal((await call(await caller()).ended(1000)).status, 480);
    assert.equal((await pushed(phone)).length, 0);
  });

  inOwn("a token that the service calls dead is forgotten", async () => {
    const phone = await sleeping();
    await fetch(`${edge.http}/push/kill?token=${phone.token}`, { method: "POST" });
    const alice = await caller();
    for (let round = 0; round < 2; round += 1) {
      assert.equal((await call(alice).ended(1000)).status, 480);
      assert.deepEqual((await pushed(phone)).map(({ status }) => status), [410]);
    }
  });

  inOwn("a busy device does not end the call while a phone may wake", async () => {
    const phone = await sleeping();
    const desk = await connect("bob");
    await desk.register();
    const outgoing = call(await caller());
    desk.reply(await desk.next("INVITE"), 486);
    await desk.next("ACK");
    await accept(await wake(phone), outgoing);
  });

  inOwn("a busy phone that woke ends the call at once", async () => {
    const phone = await sleeping();
    const outgoing = call(await caller());
    const bob = await wake(phone);
    bob.reply(await bob.next("INVITE"), 486);
    assert.equal((await outgoing.ended(500)).status, 486);
  });

  inOwn("a phone that comes back on a new socket has the same INVITE again, and a refresh brings no third", async () => {
    const phone = aPhone();
    const old = await wake(phone);
    const outgoing = call(await caller());
    const first = await old.next("INVITE");
    // The old socket stays open: the server cannot know that nobody listens there.
    const fresh = await wake(phone);
    const second = await fresh.next("INVITE");
    assert.equal(second.callId, first.callId);
    assert.notEqual(second.branch, first.branch);
    await fresh.register({ uriParams: parameters(phone) });
    assert.equal(await fresh.gets("INVITE", 150), false);
    await Promise.all([fresh.answer(second), outgoing.answered()]);
    assert.equal((await old.next("CANCEL")).header("reason"), ELSEWHERE);
  });

  inOwn("a phone that dies while it rings is waited for", async () => {
    const phone = aPhone();
    const old = await wake(phone);
    const outgoing = call(await caller());
    old.reply(await old.next("INVITE"), 180);
    await outgoing.has(180);
    old.cut();
    await sleep(100);
    await accept(await wake(phone), outgoing);
  });

  inOwn("an awake phone is not pushed", async () => {
    const phone = aPhone();
    const bob = await wake(phone);
    const outgoing = call(await caller());
    bob.reply(await bob.next("INVITE"), 603);
    assert.equal((await outgoing.ended()).status, 603);
    assert.equal((await pushed(phone)).length, 0);
  });
});

describe("pushes also to the awake and when a call is over", { skip }, () => {
  withEdge("--push-always", "--cancel-push", "--keep-push-parameters");

  inOwn("an awake phone is called and pushed, a sleeping one learns of the CANCEL", async () => {
    const phone = aPhone();
    const bob = await wake(phone);
    const alice = await caller();
    const first = call(alice);
    const invite = await bob.next("INVITE");
    assert.ok(invite.uri.includes(`pn-voip-tok=${phone.token}`));
    bob.reply(invite, 486);
    await first.ended();
    assert.equal((await pushed(phone)).length, 1);
    await bob.close();
    const held = call(alice);
    await until("the second push", async () => (await pushed(phone)).length === 2);
    await held.cancel();
    await until("the third push", async () => (await pushed(phone)).length === 3);
    const last = (await pushed(phone))[2];
    assert.deepEqual([last.payload.event, last.headers["apns-push-type"]], ["cancel", "background"]);
  });
});

describe("a push service elsewhere", { skip }, () => {
  let service;
  before(async () => { service = await startPush(); });
  after(() => service.stop());

  test("gets the push as APNs would, with the topic of RFC 8599 parameters", async () => {
    edge = await startEdge(["--push-url", service.url, "--hold", "0.4"]);
    const bob = await connect("bob");
    await bob.register({ uriParams: "pn-provider=apns;pn-param=TEAM.org.app.voip;pn-prid=AbCd" });
    await bob.close();
    const alice = await caller();
    assert.equal((await call(alice).ended()).status, 480);
    assert.equal(service.log.length, 1);
    const [{ token, headers }] = service.log;
    assert.deepEqual([token, headers["apns-topic"], headers["apns-push-type"]], ["AbCd", "org.app.voip", "voip"]);
    await alice.close();
    assert.equal(await edge.stop(), "ended: 0");
  });
});
