// The embedded development server against clients that are not sipwake's: SIP by hand, and JsSIP.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import JsSIP from "jssip";
import WebSocket from "ws";
import { USERS, hasEdge, listen, startEdge } from "./support/edge.mjs";
import { until } from "./support/process.mjs";
import { Client, answer, hex } from "./support/wire.mjs";

const PUSH = (token) => `;app-id=org.example.app;pn-voip-tok=${token};pn-im-tok=11;pn-platform=iOS`;
const ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"';
const skip = !hasEdge && "the embedded server is not built";
const token = () => hex(32);

/** Runs a group of tests with a server of its own. */
function withEdge(name, args, body) {
  describe(name, { skip }, () => {
    const at = { clients: [] };
    before(async () => Object.assign(at, await startEdge(...args)));
    after(async () => {
      for (const client of at.clients) client.socket.terminate();
      assert.equal(await at.stop(), "ended: 0");
    });
    at.client = async (...rest) => {
      const client = await Client.connect(at, ...rest);
      at.clients.push(client);
      return client;
    };
    /** A phone that registered with a token and went to sleep with an UNREGISTER. */
    at.sleeping = async (name_, instance = hex(8), key = token()) => {
      const phone = await at.client(name_, { instance, contactParams: PUSH(key) });
      assert.equal((await phone.register()).status, 200);
      assert.equal((await phone.register({ expires: 0 })).status, 200);
      await phone.close();
      return { instance, key };
    };
    at.wake = async (name_, { instance, key }) => {
      const phone = await at.client(name_, { instance, contactParams: PUSH(key) });
      assert.equal((await phone.register()).status, 200);
      return phone;
    };
    body(at);
  });
}

async function hangUp(from, to, dialog) {
  from.within("BYE", dialog);
  to.respond(await to.next("BYE"), 200);
  assert.equal((await from.next((message) => message.method === "BYE" && message.status === 200)).status, 200);
}

withEdge("registrar", [], (edge) => {
  test("a challenge offers SHA-256 before MD5, and each works", async () => {
    for (const [index, algorithm] of ["SHA-256", "MD5"].entries()) {
      const client = await edge.client("alice");
      const refused = await client.register({ credentials: false });
      assert.equal(refused.status, 401);
      const challenges = refused.all("WWW-Authenticate");
      assert.deepEqual(challenges.map((value) => /algorithm=([^,]+)/.exec(value)[1]), ["SHA-256", "MD5"]);
      const uri = `sip:${edge.domain}`;
      const value = answer(challenges[index], { username: "alice", password: USERS.alice, method: "REGISTER", uri });
      assert.ok(value.includes(`algorithm=${algorithm}`));
      const headers = [["Contact", `<${client.uri}>`], ["Authorization", value]];
      const { response } = await client.request("REGISTER", uri, { to: `<${client.aor}>`, headers, credentials: false });
      assert.equal(response.status, 200);
    }
  });

  test("a nonce serves again with a higher count, and is stale with the same one", async () => {
    const client = await edge.client("alice");
    const challenge = (await client.register({ credentials: false })).get("WWW-Authenticate");
    const uri = `sip:${edge.domain}`;
    const register = async (nc) => {
      const value = answer(challenge, { username: "alice", password: USERS.alice, method: "REGISTER", uri, nc });
      const headers = [["Contact", `<${client.uri}>`], ["Authorization", value]];
      return (await client.request("REGISTER", uri, { to: `<${client.aor}>`, headers, credentials: false })).response;
    };
    assert.equal((await register(1)).status, 200);
    assert.equal((await register(2)).status, 200);
    const refused = await register(2);
    assert.equal(refused.status, 401);
    assert.match(refused.get("WWW-Authenticate"), /stale=true/);
  });

  test("a wrong password is refused without stale", async () => {
    const client = await edge.client("alice", { password: "wrong" });
    const refused = await client.register();
    assert.equal(refused.status, 401);
    assert.doesNotMatch(refused.get("WWW-Authenticate"), /stale/);
  });

  test("unknown users and domains have their own refusals", async () => {
    const nobody = await edge.client("nobody", { password: "x" });
    assert.equal((await nobody.register()).status, 404);
    const alice = await edge.client("alice");
    const uri = "sip:elsewhere.example";
    const { response } = await alice.request("REGISTER", uri, { to: `<sip:alice@elsewhere.example>` });
    assert.equal(response.status, 403);
  });

  test("the same instance replaces its binding, and the end of the socket removes it", async () => {
    const instance = hex(8);
    const first = await edge.client("carol", { instance });
    assert.equal((await first.register()).all("Contact").length, 1);
    const second = await edge.client("carol", { instance });
    const listed = (await second.register()).all("Contact");
    assert.equal(listed.length, 1);
    assert.ok(listed[0].startsWith(`<${second.uri}>`));
    const third = await edge.client("carol", { instance: hex(8) });
    assert.equal((await third.register()).all("Contact").length, 2);
    await second.close();
    const fetched = await third.request("REGISTER", `sip:${edge.domain}`, { to: `<${third.aor}>` });
    assert.equal(fetched.response.all("Contact").length, 1);
  });

  test("times are granted, cut, and refused with 423", async () => {
    const client = await edge.client("alice", { instance: hex(8) });
    const granted = async (expires) => {
      const contacts = (await client.register({ expires })).all("Contact");
      return /;expires=(\d+)/.exec(contacts.find((value) => value.includes(client.host)))[1];
    };
    assert.equal(await granted(600), "600");
    assert.equal(await granted(9999999), "604800");
    const refused = await client.register({ expires: 3 });
    assert.deepEqual([refused.status, refused.get("Min-Expires")], [423, "10"]);
  });

  test("outbound clients learn the Flow-Timer and their keep-alive is answered", async () => {
    const client = await edge.client("alice", { instance: hex(8) });
    const ok = await client.register();
    assert.deepEqual([ok.get("Require"), ok.get("Flow-Timer")], ["outbound", "25"]);
    client.send("\r\n\r\n");
    assert.equal((await client.next((message) => message.keepAlive)).text, "\r\n");
  });

  test("push services are named in Feature-Caps or refused with 555", async () => {
    const client = await edge.client("alice", { instance: hex(8), contactParams: ";pn-provider=apns;pn-prid=aa;pn-param=T.app.voip" });
    assert.equal((await client.register()).get("Feature-Caps"), '*;+sip.pns="apns"');
    client.contactParams = ";pn-provider=other;pn-prid=aa";
    assert.equal((await client.register()).status, 555);
    client.contactParams = "";
    await client.register({ expires: 0 });
  });

  test("JsSIP registers, and learns of a wrong password", async () => {
    for (const [password, wanted] of [[USERS.alice, "registered"], ["wrong", "registrationFailed"]]) {
      globalThis.WebSocket ??= WebSocket;
      const ua = new JsSIP.UA({
        sockets: [new JsSIP.WebSocketInterface(edge.ws)], uri: `sip:alice@${edge.domain}`, password, register: true,
      });
      const happened = new Promise((resolve) => {
        for (const name of ["registered", "registrationFailed"]) ua.once(name, (event) => resolve([name, event.response?.status_code]));
      });
      ua.start();
      assert.deepEqual(await happened, [wanted, wanted === "registered" ? 200 : 401]);
      ua.stop();
    }
  });
});

withEdge("calls between awake clients", [], (edge) => {
  const pair = async () => {
    const [alice, bob] = [await edge.client("alice"), await edge.client("bob")];
    for (const client of [alice, bob]) assert.equal((await client.register()).status, 200);
    return [alice, bob];
  };
  const end = async (...clients) => Promise.all(clients.map((client) => client.close()));

  test("INVITE, ACK and BYE go through with Via and Record-Route of the proxy", async () => {
    const [alice, bob] = await pair();
    const invite = await alice.invite("bob");
    assert.equal((await alice.next(100)).status, 100);
    const request = await bob.accept();
    assert.equal(request.uri, bob.uri);
    assert.equal(request.all("Via").length, 2);
    assert.match(request.all("Via")[1], /;received=127\.0\.0\.1/);
    assert.equal(request.get("Max-Forwards"), "68");
    assert.equal(request.get("Proxy-Authorization"), undefined);
    assert.equal(request.all("Record-Route").length, 1);
    await alice.next(180);
    const ok = await alice.next(200);
    assert.equal(ok.all("Via").length, 1);
    alice.within("ACK", { invite, ok });
    assert.equal((await bob.next("ACK")).get("Route"), undefined);
    await hangUp(bob, alice, { request });
    await end(alice, bob);
  });

  test("a decline comes back with its reason phrase, and its ACK stays on the hop", async () => {
    const [alice, bob] = await pair();
    const invite = await alice.invite("bob");
    bob.respond(await bob.next("INVITE"), 486, { reason: "Not now" });
    assert.equal((await bob.next("ACK")).get("CSeq"), `${invite.cseq} ACK`);
    const refused = await alice.next(486);
    assert.equal(refused.reason, "Not now");
    alice.ack(invite, refused);
    await bob.never("ACK");
    await end(alice, bob);
  });

  test("CANCEL reaches a ringing phone with the caller's Reason", async () => {
    const [alice, bob] = await pair();
    const invite = await alice.invite("bob");
    const request = await bob.next("INVITE");
    bob.respond(request, 180);
    await alice.next(180);
    alice.cancel(invite, [["Reason", 'Q.850;cause=16;text="Normal"']]);
    const cancel = await bob.next("CANCEL");
    assert.equal(cancel.get("Reason"), 'Q.850;cause=16;text="Normal"');
    assert.equal(cancel.get("Via"), request.get("Via"));
    assert.equal((await alice.next((message) => message.method === "CANCEL")).status, 200);
    bob.respond(cancel, 200);
    bob.respond(request, 487);
    const over = await alice.next(487);
    alice.ack(invite, over);
    await end(alice, bob);
  });

  test("CANCEL waits until the phone has said something", async () => {
    const [alice, bob] = await pair();
    const invite = await alice.invite("bob");
    const request = await bob.next("INVITE");
    alice.cancel(invite);
    await bob.never("CANCEL");
    bob.respond(request, 100);
    bob.respond(await bob.next("CANCEL"), 200);
    bob.respond(request, 487);
    await alice.next(487);
    await end(alice, bob);
  });

  test("the loser of a fork is cancelled with the reason", async () => {
    const [alice, bob] = await pair();
    const other = await edge.client("bob");
    await other.register();
    const invite = await alice.invite("bob");
    const lost = await other.next("INVITE");
    other.respond(lost, 180);
    await bob.accept();
    const ok = await alice.next(200);
    alice.within("ACK", { invite, ok });
    assert.equal((await other.next("CANCEL")).get("Reason"), ELSEWHERE);
    other.respond(lost, 487);
    assert.equal((await other.next("ACK")).method, "ACK");
    await alice.never(487);
    await end(alice, bob, other);
  });

  test("603 ends the call for every device, 486 only for its own", async () => {
    const [alice, bob] = await pair();
    const other = await edge.client("bob");
    await other.register();
    const busy = await alice.invite("bob");
    bob.respond(await bob.next("INVITE"), 486);
    const ringing = await other.next("INVITE");
    other.respond(ringing, 180);
    await alice.never(486);
    other.respond(ringing, 486);
    alice.ack(busy, await alice.next(486));
    const declined = await alice.invite("bob");
    const second = await other.next("INVITE");
    other.respond(second, 180);
    bob.respond(await bob.next("INVITE"), 603, { reason: "Decline" });
    assert.equal((await other.next("CANCEL")).get("Reason"), 'SIP;cause=603;text="Decline"');
    other.respond(second, 487);
    alice.ack(declined, await alice.next(603));
    await end(alice, bob, other);
  });

  test("a late 2xx of another branch still reaches the caller", async () => {
    const [alice, bob] = await pair();
    const other = await edge.client("bob");
    await other.register();
    await alice.invite("bob");
    const [first, second] = [await bob.next("INVITE"), await other.next("INVITE")];
    bob.respond(first, 200);
    other.respond(second, 200);
    const tags = [(await alice.next(200)).get("To"), (await alice.next(200)).get("To")];
    assert.notEqual(tags[0], tags[1]);
    await end(alice, bob, other);
  });

  test("nobody there is 480, an unknown user 404, a foreign domain 403", async () => {
    const alice = await edge.client("alice");
    await alice.register();
    const uris = [[`sip:carol@${edge.domain}`, 480], [`sip:nobody@${edge.domain}`, 404], ["sip:x@elsewhere.example", 403]];
    for (const [uri, status] of uris) assert.equal((await alice.request("MESSAGE", uri)).response.status, status);
    const { sent, response } = await alice.request("INVITE", uris[0][0], { headers: [["Contact", `<${alice.uri}>`]] });
    assert.equal(response.status, 480);
    alice.ack(sent, response);
    await alice.close();
  });

  test("hop count, loops and unfinished requests are refused", async () => {
    const alice = await edge.client("alice");
    await alice.register();
    const options = (headers) => alice.request("OPTIONS", `sip:${edge.domain}`, { headers });
    assert.equal((await options([])).response.status, 200);
    const via = `SIP/2.0/WS ${new URL(edge.http).host};branch=z9hG4bKx`;
    assert.equal((await options([["Via", via]])).response.status, 482);
    alice.send(`OPTIONS sip:${edge.domain} SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bKy\r\nMax-Forwards: 0\r\n`
      + `From: <${alice.aor}>;tag=1\r\nTo: <${alice.aor}>\r\nCall-ID: hops\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`);
    await alice.next(483);
    alice.send(`OPTIONS sip:${edge.domain} SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bKz\r\n`
      + `From: <${alice.aor}>;tag=1\r\nTo: <${alice.aor}>\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`);
    await alice.next(400);
    alice.send("this is no SIP\r\n\r\n");
    assert.equal((await options([])).response.status, 200);
    await alice.close();
  });

  test("a request to a lost flow gets 430", async () => {
    const [alice, bob] = await pair();
    const invite = await alice.invite("bob");
    await bob.accept();
    const ok = await alice.next(200);
    alice.within("ACK", { invite, ok });
    await bob.next("ACK");
    await bob.close();
    alice.within("BYE", { invite, ok });
    await alice.next(430);
    await alice.close();
  });

  test("the end of the caller's socket cancels the call", async () => {
    const [alice, bob] = await pair();
    await alice.invite("bob");
    const request = await bob.next("INVITE");
    bob.respond(request, 180);
    await alice.next(180);
    await alice.close();
    await bob.next("CANCEL");
    bob.respond(request, 487);
    await bob.next("ACK");
    await bob.close();
  });
});

withEdge("sleeping phones", ["--hold", "1.5"], (edge) => {
  const caller = async () => {
    const alice = await edge.client("alice");
    assert.equal((await alice.register()).status, 200);
    return alice;
  };

  test("an INVITE waits, the push comes, the phone registers and gets the INVITE on the new flow", async () => {
    const phone = await edge.sleeping("bob");
    const pushes = [];
    const feed = await listen(`${edge.push.listen}?token=${phone.key}`, (push) => pushes.push(push));
    const alice = await caller();
    const invite = await alice.invite("bob");
    await alice.next(100);
    await until("the push", () => pushes.length > 0);
    const { headers, payload } = pushes[0];
    assert.equal(headers["apns-topic"], "org.example.app.voip");
    assert.equal(headers["apns-push-type"], "voip");
    assert.equal(payload.aps["call-id"], invite.callId);
    assert.equal(payload["call-id"], invite.callId);
    assert.equal(payload["from-uri"], alice.aor);
    assert.equal(payload["display-name"], "alice");
    assert.equal(payload.event, "invite");
    await alice.never(180);
    const bob = await edge.wake("bob", phone);
    const request = await bob.accept();
    assert.equal(request.uri, bob.uri);
    assert.equal(request.text.includes(phone.key), false);
    await alice.next(180);
    const ok = await alice.next(200);
    alice.within("ACK", { invite, ok });
    await bob.next("ACK");
    await hangUp(bob, alice, { request });
    feed.close();
    assert.equal(pushes.length, 1);
    await bob.register({ expires: 0, contact: `<${bob.uri}>${bob.headerParams}` });
    await bob.close();
  });

  test("a phone whose socket just ended is pushed, too; one REGISTER frees two calls", async () => {
    const phone = { instance: hex(8), key: token() };
    const bob = await edge.wake("bob", phone);
    await bob.close();
    const [alice, carol] = [await caller(), await edge.client("carol")];
    await carol.register();
    await alice.invite("bob");
    await carol.invite("bob");
    const awake = await edge.wake("bob", phone);
    const ids = [await awake.next("INVITE"), await awake.next("INVITE")].map((request) => request.get("Call-ID"));
    assert.equal(new Set(ids).size, 2);
    for (const client of [alice, carol]) await client.close();
    await awake.register({ expires: 0, contact: `<${awake.uri}>${awake.headerParams}` });
    await awake.close();
  });

  test("cancelled while it waits: 487 at once, and the phone that comes later hears nothing", async () => {
    const phone = await edge.sleeping("bob");
    const alice = await caller();
    const invite = await alice.invite("bob");
    alice.cancel(invite);
    alice.ack(invite, await alice.next(487));
    const bob = await edge.wake("bob", phone);
    await bob.never("INVITE");
    await bob.register({ expires: 0, contact: `<${bob.uri}>${bob.headerParams}` });
    await Promise.all([alice.close(), bob.close()]);
  });

  test("nobody wakes: 480 when the time is over", async () => {
    const phone = await edge.sleeping("bob");
    const alice = await caller();
    const began = Date.now();
    const invite = await alice.invite("bob");
    alice.ack(invite, await alice.next(480));
    assert.ok(Date.now() - began >= 1400);
    const bob = await edge.wake("bob", phone);
    await bob.never("INVITE");
    await bob.register({ expires: 0, contact: `<${bob.uri}>${bob.headerParams}` });
    await Promise.all([alice.close(), bob.close()]);
  });

  test("log-out forgets the token: no push, 480 at once", async () => {
    const phone = await edge.sleeping("bob");
    const bob = await edge.client("bob", { instance: phone.instance });
    await bob.register({ expires: 0 });
    await bob.close();
    const alice = await caller();
    const count = (await edge.pushes()).length;
    const began = Date.now();
    const invite = await alice.invite("bob");
    alice.ack(invite, await alice.next(480));
    assert.ok(Date.now() - began < 1000);
    assert.equal((await edge.pushes()).length, count);
    await alice.close();
  });

  test("a token that the service calls dead is forgotten", async () => {
    const phone = await edge.sleeping("bob");
    await fetch(`${edge.http}/push/kill?token=${phone.key}`, { method: "POST" });
    const alice = await caller();
    for (const pushed of [1, 0]) {
      const before_ = (await edge.pushes()).length;
      const invite = await alice.invite("bob");
      alice.ack(invite, await alice.next(480, 1000));
      assert.equal((await edge.pushes()).length - before_, pushed);
    }
    await alice.close();
  });

  test("a busy device does not end the call while another may wake", async () => {
    const phone = await edge.sleeping("bob");
    const desk = await edge.client("bob", { instance: hex(8) });
    await desk.register();
    const alice = await caller();
    const invite = await alice.invite("bob");
    desk.respond(await desk.next("INVITE"), 486);
    await alice.never(486);
    const bob = await edge.wake("bob", phone);
    await bob.accept();
    alice.within("ACK", { invite, ok: await alice.next(200) });
    await bob.next("ACK");
    await bob.register({ expires: 0, contact: `<${bob.uri}>${bob.headerParams}` });
    await Promise.all([alice.close(), bob.close(), desk.close()]);
  });

  test("a phone that comes back on a new socket gets the same INVITE again", async () => {
    const phone = { instance: hex(8), key: token() };
    const old = await edge.wake("bob", phone);
    const alice = await caller();
    const invite = await alice.invite("bob");
    const first = await old.next("INVITE");
    old.respond(first, 180);
    // The old socket is not closed: the server cannot know that nobody listens there any more.
    const fresh = await edge.wake("bob", phone);
    const second = await fresh.accept();
    assert.equal(second.get("Call-ID"), first.get("Call-ID"));
    assert.notEqual(second.get("Via"), first.get("Via"));
    alice.within("ACK", { invite, ok: await alice.next(200) });
    await fresh.next("ACK");
    assert.equal((await old.next("CANCEL")).get("Reason"), ELSEWHERE);
    await fresh.register();
    await fresh.never("INVITE");
    await fresh.register({ expires: 0, contact: `<${fresh.uri}>${fresh.headerParams}` });
    await Promise.all([alice.close(), fresh.close(), old.close()]);
  });

  test("a phone that dies while it rings is waited for", async () => {
    const phone = { instance: hex(8), key: token() };
    const old = await edge.wake("bob", phone);
    const alice = await caller();
    const invite = await alice.invite("bob");
    old.respond(await old.next("INVITE"), 180);
    await alice.next(180);
    await old.close();
    await alice.never(480);
    const fresh = await edge.wake("bob", phone);
    await fresh.accept();
    alice.within("ACK", { invite, ok: await alice.next(200) });
    await fresh.next("ACK");
    await fresh.register({ expires: 0, contact: `<${fresh.uri}>${fresh.headerParams}` });
    await Promise.all([alice.close(), fresh.close()]);
  });

  test("an awake phone is not pushed", async () => {
    const phone = { instance: hex(8), key: token() };
    const bob = await edge.wake("bob", phone);
    const alice = await caller();
    const count = (await edge.pushes()).length;
    const invite = await alice.invite("bob");
    bob.respond(await bob.next("INVITE"), 603);
    alice.ack(invite, await alice.next(603));
    assert.equal((await edge.pushes()).length, count);
    await bob.register({ expires: 0, contact: `<${bob.uri}>${bob.headerParams}` });
    await Promise.all([alice.close(), bob.close()]);
  });
});

withEdge("push to everybody, also when a call is over", ["--push-always", "--cancel-push", "--digest", "md5"], (edge) => {
  test("an awake phone is called and pushed", async () => {
    const phone = { instance: hex(8), key: token() };
    const bob = await edge.wake("bob", phone);
    const alice = await edge.client("alice");
    await alice.register();
    const invite = await alice.invite("bob");
    bob.respond(await bob.next("INVITE"), 486);
    alice.ack(invite, await alice.next(486));
    assert.equal((await edge.pushes()).filter((push) => push.token === phone.key).length, 1);
    await bob.register({ expires: 0 });
    await bob.close();
    const held = await alice.invite("bob");
    alice.cancel(held);
    await alice.next(487);
    const events = async () => (await edge.pushes()).filter((push) => push.token === phone.key).map((push) => push.payload.event);
    await until("three pushes", async () => (await events()).length === 3);
    assert.deepEqual(await events(), ["invite", "invite", "cancel"]);
    assert.equal((await edge.pushes()).at(-1).headers["apns-push-type"], "background");
    await alice.close();
  });
});

describe("push service elsewhere", { skip }, () => {
  test("pushes are posted to the given address as to APNs", async () => {
    const seen = [];
    const service = createServer((request, response) => {
      let body = "";
      request.on("data", (part) => { body += part; });
      request.on("end", () => {
        seen.push({ method: request.method, url: request.url, headers: request.headers, payload: JSON.parse(body) });
        response.end();
      });
    });
    await new Promise((resolve) => { service.listen(0, "127.0.0.1", resolve); });
    const edge = await startEdge("--push-url", `http://127.0.0.1:${service.address().port}`, "--hold", "0.4");
    const key = token();
    const phone = await Client.connect(edge, "bob", { contactParams: `;pn-provider=apns;pn-param=TEAM.org.app.voip;pn-prid=${key}` });
    await phone.register();
    await phone.close();
    const alice = await Client.connect(edge, "alice");
    await alice.register();
    await alice.invite("bob");
    await alice.next(480);
    assert.equal(seen.length, 1);
    assert.deepEqual([seen[0].method, seen[0].url], ["POST", `/3/device/${key}`]);
    assert.equal(seen[0].headers["apns-topic"], "org.app.voip");
    assert.equal(seen[0].headers["apns-push-type"], "voip");
    await alice.close();
    await edge.stop();
    service.close();
  });
});

describe("the origin", { skip }, () => {
  let edge;
  const folder = mkdtempSync(join(tmpdir(), "sipwake-edge-"));
  before(async () => {
    writeFileSync(join(folder, "index.html"), "<!doctype html>");
    writeFileSync(join(folder, "a.wasm"), "");
    edge = await startEdge("--www", folder, "--origin", "http://good.example");
  });
  after(async () => {
    await edge.stop();
    rmSync(folder, { recursive: true });
  });

  test("static files have their types and nothing outside the folder is served", async () => {
    const type = async (path) => (await fetch(`${edge.http}${path}`)).headers.get("content-type");
    assert.match(await type("/"), /^text\/html/);
    assert.equal(await type("/a.wasm"), "application/wasm");
    for (const path of ["/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/nothing"]) {
      assert.equal((await fetch(`${edge.http}${path}`)).status, 404);
    }
  });

  test("the demo page learns server and users", async () => {
    const demo = await (await fetch(`${edge.http}/demo.json`)).json();
    assert.deepEqual(demo.users.map((user) => user.name), ["alice", "bob"]);
    assert.equal(demo.server, "/ws");
    assert.notEqual(demo.users[0].password, demo.users[1].password);
  });

  test("the WebSocket wants the subprotocol sip and an allowed Origin", async () => {
    const origin = { origin: "http://good.example" };
    const good = await Client.connect(edge, "alice", { options: origin });
    assert.equal(good.socket.protocol, "sip");
    await assert.rejects(Client.connect(edge, "alice", { protocol: "chat", options: origin }), /400/);
    await assert.rejects(Client.connect(edge, "alice", { options: { origin: "http://bad.example" } }), /403/);
    good.socket.terminate();
  });

  test("the trace hides secrets unless all is asked for", async () => {
    const open = [];
    const hidden = [];
    const feeds = [await listen(`${edge.trace}?full=1`, (entry) => open.push(entry)), await listen(edge.trace, (entry) => hidden.push(entry))];
    const key = token();
    const bob = await Client.connect(edge, "bob", { contactParams: PUSH(key), options: { origin: "http://good.example" } });
    assert.equal((await bob.register()).status, 200);
    await until("four messages", () => hidden.length === 4 && open.length === 4);
    assert.deepEqual(open.map((entry) => entry.dir), ["in", "out", "in", "out"]);
    const secret = /response="([0-9a-f]+)"/.exec(open[2].text)[1];
    assert.ok(open[2].text.includes(key));
    const text = JSON.stringify(hidden);
    assert.equal(text.includes(key) || text.includes(secret), false);
    assert.ok(text.includes("pn-voip-tok=[redacted]"));
    for (const feed of feeds) feed.close();
    await bob.close();
  });

  test("at the end sockets are closed cleanly", async () => {
    const other = await startEdge();
    const client = await Client.connect(other, "alice");
    assert.equal(await other.stop(), "ended: 0");
    assert.equal(await client.closed, 1001);
  });
});
