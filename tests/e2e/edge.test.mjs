// The embedded development server, with parties that are not sipwake: registrar, proxy, and the origin around them.
// Calls to sleeping phones are in edge-push.test.mjs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import JsSIP from "jssip";
import WebSocket from "ws";
import { USERS, hasEdge, listen, startEdge } from "./support/edge.mjs";
import { sleep, until } from "./support/process.mjs";
import { SDP, Ua, digest } from "./support/ua.mjs";

const skip = !hasEdge && "the embedded server is not built";
const ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"';

let edge;
const living = [];

async function connect(user, options = {}) {
  const ua = await Ua.connect(edge, { user, ...options });
  living.push(ua);
  return ua;
}

async function registered(user, options) {
  const ua = await connect(user, options);
  assert.equal((await ua.register()).status, 200);
  return ua;
}

/** Starts the server for a group of tests; no connection outlives its test. */
function withEdge(...args) {
  before(async () => { edge = await startEdge(args); });
  after(async () => assert.equal(await edge.stop(), "ended: 0"));
}

const cut = async () => {
  for (const ua of living.splice(0)) await ua.close();
  await sleep(20);
};
const inOwn = (name, body) => test(name, async () => {
  try {
    await body();
  } finally {
    await cut();
  }
});

describe("the registrar", { skip }, () => {
  withEdge();
  const answered = async (ua, challenge, count = 1) => {
    const value = digest(challenge, { method: "REGISTER", uri: `sip:${edge.domain}`, username: ua.user, password: ua.password }, count);
    return ua.register({ authorization: `Authorization: ${value}`, auth: false });
  };

  inOwn("offers SHA-256 before MD5 and takes each", async () => {
    for (const [index, algorithm] of ["SHA-256", "MD5"].entries()) {
      const alice = await connect("alice");
      const challenges = (await alice.register({ auth: false })).all("www-authenticate");
      assert.deepEqual(challenges.map((value) => /algorithm=([^,]+)/.exec(value)[1]), ["SHA-256", "MD5"]);
      assert.ok(challenges[index].includes(algorithm));
      assert.equal((await answered(alice, challenges[index])).status, 200);
    }
  });

  inOwn("takes a nonce again with a higher count, and calls it stale with the same", async () => {
    const alice = await connect("alice");
    const challenge = (await alice.register({ auth: false })).header("www-authenticate");
    assert.equal((await answered(alice, challenge, 1)).status, 200);
    assert.equal((await answered(alice, challenge, 2)).status, 200);
    const refused = await answered(alice, challenge, 2);
    assert.equal(refused.status, 401);
    assert.match(refused.header("www-authenticate"), /stale=true/);
  });

  inOwn("refuses a wrong password without stale", async () => {
    const refused = await (await connect("alice", { password: "wrong" })).register();
    assert.equal(refused.status, 401);
    assert.doesNotMatch(refused.header("www-authenticate"), /stale/);
  });

  inOwn("refuses unknown users with 404 and other domains with 403", async () => {
    assert.equal((await (await connect("nobody", { password: "x" })).register()).status, 404);
    assert.equal((await (await connect("alice", { domain: "elsewhere.example" })).register()).status, 403);
  });

  inOwn("replaces the binding of an instance, and drops it at the end of the socket", async () => {
    const instance = "urn:uuid:00000000-0000-4000-8000-000000000001";
    const first = await registered("carol", { instance });
    const second = await connect("carol", { instance });
    const listed = (await second.register()).all("contact");
    assert.equal(listed.length, 1);
    assert.ok(listed[0].includes(second.host) && listed[0].includes(`+sip.instance="<${instance}>"`));
    const third = await connect("carol");
    assert.equal((await third.register()).all("contact").length, 2);
    await second.close();
    const fetched = await third.request("REGISTER", `sip:${edge.domain}`, { to: `<${third.aor}>`, callId: "fetch" });
    assert.equal(fetched.all("contact").length, 1);
    await first.close();
  });

  inOwn("grants times, cuts long ones and refuses short ones with 423", async () => {
    const alice = await connect("alice");
    const granted = async (expires) => /;expires=(\d+)/.exec((await alice.register({ expires })).header("contact"))[1];
    assert.equal(await granted(600), "600");
    assert.equal(await granted(9999999), "604800");
    const refused = await alice.register({ expires: 3 });
    assert.deepEqual([refused.status, refused.header("min-expires")], [423, "10"]);
  });

  inOwn("gives outbound clients a Flow-Timer and answers their keep-alive", async () => {
    const alice = await connect("alice");
    const ok = await alice.register();
    assert.deepEqual([ok.header("require"), ok.header("flow-timer")], ["outbound", "25"]);
    alice.send("\r\n\r\n");
    await until("the pong", () => alice.log.at(-1).dir === "in" && alice.log.at(-1).text === "\r\n");
  });

  inOwn("names the push service in Feature-Caps, and refuses another with 555", async () => {
    const alice = await connect("alice");
    const ok = await alice.register({ uriParams: "pn-provider=apns;pn-prid=aa;pn-param=T.app.voip" });
    assert.equal(ok.header("feature-caps"), '*;+sip.pns="apns"');
    assert.equal((await alice.register({ uriParams: "pn-provider=other;pn-prid=aa" })).status, 555);
    assert.equal((await alice.register({ expires: 0 })).status, 200);
  });

  inOwn("is understood by JsSIP, with the right password and a wrong one", async () => {
    globalThis.WebSocket ??= WebSocket;
    for (const [password, wanted, status] of [[USERS.alice, "registered", 200], ["wrong", "registrationFailed", 401]]) {
      const sockets = [new JsSIP.WebSocketInterface(edge.wsUrl)];
      const ua = new JsSIP.UA({ sockets, uri: `sip:alice@${edge.domain}`, password, register: true });
      const happened = new Promise((resolve) => {
        for (const name of ["registered", "registrationFailed"]) ua.once(name, (event) => resolve([name, event.response?.status_code]));
      });
      ua.start();
      assert.deepEqual(await happened, [wanted, status]);
      ua.stop();
    }
  });
});

describe("one algorithm, no qop", { skip }, () => {
  withEdge("--digest", "md5", "--no-qop", "--no-proxy-auth");

  inOwn("the old form of digest works, and calls need none", async () => {
    const alice = await connect("alice");
    const challenge = (await alice.register({ auth: false })).all("www-authenticate");
    assert.equal(challenge.length, 1);
    assert.doesNotMatch(challenge[0], /qop/);
    assert.equal((await alice.register()).status, 200);
    assert.equal((await alice.request("MESSAGE", `sip:carol@${edge.domain}`, { auth: false })).status, 480);
  });
});

describe("the proxy between awake clients", { skip }, () => {
  withEdge();
  const to = (name) => `sip:${name}@${edge.domain}`;

  inOwn("passes INVITE, ACK and BYE on, itself in Via and Record-Route", async () => {
    const [alice, bob] = [await registered("alice"), await registered("bob")];
    const call = alice.invite(to("bob"));
    const invite = await bob.next("INVITE");
    assert.ok(invite.uri.includes(bob.host));
    assert.equal(invite.all("via").length, 2);
    assert.match(invite.all("via")[1], /;received=127\.0\.0\.1/);
    assert.equal(invite.header("max-forwards"), "69");
    assert.equal(invite.header("proxy-authorization"), undefined);
    assert.equal(invite.all("record-route").length, 1);
    bob.reply(invite, 180);
    await call.has(180);
    const [theirs, mine] = await Promise.all([bob.answer(invite), call.answered()]);
    assert.equal(theirs.ack.header("route"), undefined);
    assert.equal(mine.ok.all("via").length, 1);
    const over = theirs.bye();
    alice.reply(await alice.next("BYE"), 200);
    assert.equal((await over).status, 200);
  });

  inOwn("passes a re-INVITE on within the dialog", async () => {
    const [alice, bob] = [await registered("alice"), await registered("bob")];
    const call = alice.invite(to("bob"));
    const [dialog] = await Promise.all([call.answered(), bob.next("INVITE").then((invite) => bob.answer(invite))]);
    const again = dialog.request("INVITE", { body: SDP, headers: [`Contact: ${alice.contact()}`] });
    bob.reply(await bob.next("INVITE"), 488);
    assert.equal((await again).status, 488);
  });

  inOwn("gives a decline back with its reason phrase, its ACK stays on the hop", async () => {
    const [alice, bob] = [await registered("alice"), await registered("bob")];
    const call = alice.invite(to("bob"));
    bob.reply(await bob.next("INVITE"), 486, { reason: "Not now" });
    assert.equal((await call.ended()).reason, "Not now");
    await bob.next("ACK");
    assert.equal(await bob.gets("ACK", 150), false);
  });

  inOwn("brings CANCEL to a ringing phone, with the caller's Reason", async () => {
    const [alice, bob] = [await registered("alice"), await registered("bob")];
    const call = alice.invite(to("bob"));
    const invite = await bob.next("INVITE");
    bob.reply(invite, 180);
    await call.has(180);
    assert.equal((await call.cancel(['Reason: Q.850;cause=16;text="Normal"'])).status, 200);
    const cancel = await bob.next("CANCEL");
    assert.equal(cancel.header("reason"), 'Q.850;cause=16;text="Normal"');
    assert.equal(cancel.header("via"), invite.header("via"));
    bob.reply(invite, 487);
    assert.equal((await call.ended()).status, 487);
  });

  inOwn("keeps CANCEL until the phone has said something", async () => {
    const [alice, bob] = [await registered("alice"), await registered("bob")];
    bob.silent = true;
    const call = alice.invite(to("bob"));
    const invite = await bob.next("INVITE");
    await call.has(100);
    await call.cancel();
    assert.equal(await bob.gets("CANCEL", 150), false);
    bob.reply(invite, 100);
    bob.reply(await bob.next("CANCEL"), 200);
    bob.reply(invite, 487);
    assert.equal((await call.ended()).status, 487);
  });

  inOwn("answers a CANCEL for nothing with 481", async () => {
    const alice = await registered("alice");
    assert.equal((await alice.request("CANCEL", to("bob"))).status, 481);
  });

  inOwn("cancels the loser of a fork with the reason", async () => {
    const [alice, bob, other] = [await registered("alice"), await registered("bob"), await registered("bob")];
    const call = alice.invite(to("bob"));
    const lost = await other.next("INVITE");
    other.reply(lost, 180);
    await call.has(180);
    await Promise.all([call.answered(), bob.next("INVITE").then((invite) => bob.answer(invite))]);
    assert.equal((await other.next("CANCEL")).header("reason"), ELSEWHERE);
    other.reply(lost, 487);
    await other.next("ACK");
    await sleep(50);
    assert.equal(alice.log.some(({ dir, text }) => dir === "in" && text.startsWith("SIP/2.0 487")), false);
  });

  inOwn("ends a call at 603 for every device, at 486 when none is left", async () => {
    const [alice, bob, other] = [await registered("alice"), await registered("bob"), await registered("bob")];
    const busy = alice.invite(to("bob"));
    const ringing = await other.next("INVITE");
    bob.reply(await bob.next("INVITE"), 486);
    await bob.next("ACK");
    other.reply(ringing, 180);
    await busy.has(180);
    other.reply(ringing, 480);
    assert.equal((await busy.ended()).status, 486);
    const declined = alice.invite(to("bob"));
    const second = await other.next((request) => request.method === "INVITE" && request.callId === declined.callId);
    other.reply(second, 180);
    await declined.has(180);
    bob.reply(await bob.next("INVITE"), 603, { reason: "Decline" });
    assert.equal((await declined.ended()).status, 603);
    assert.equal((await other.next("CANCEL")).header("reason"), 'SIP;cause=603;text="Decline"');
  });

  inOwn("passes a second 2xx on, for only the caller can end what it opened", async () => {
    const [alice, bob, other] = [await registered("alice"), await registered("bob"), await registered("bob")];
    const call = alice.invite(to("bob"));
    for (const [ua, invite] of [[bob, await bob.next("INVITE")], [other, await other.next("INVITE")]]) ua.reply(invite, 200, { body: SDP });
    await call.ended();
    await until("the second 200", () => alice.log.filter(({ dir, text }) => dir === "in" && /^SIP\/2\.0 200.*\bINVITE/s.test(text)).length === 2);
  });

  inOwn("answers for those who are not there: 480, 404, 403", async () => {
    const alice = await registered("alice");
    for (const [uri, status] of [[to("carol"), 480], [to("nobody"), 404], ["sip:x@elsewhere.example", 403]]) {
      assert.equal((await alice.invite(uri).ended()).status, status);
    }
  });

  inOwn("lets nobody call under another's name", async () => {
    const alice = await registered("alice");
    assert.equal((await alice.request("MESSAGE", to("carol"), { from: `<sip:bob@${edge.domain}>;tag=1` })).status, 403);
  });

  inOwn("refuses loops, spent hops and unfinished requests, and goes on after nonsense", async () => {
    const alice = await registered("alice");
    const options = (headers = []) => alice.request("OPTIONS", `sip:${edge.domain}`, { headers });
    assert.equal((await options()).status, 200);
    const via = `Via: SIP/2.0/WS ${new URL(edge.http).host};branch=z9hG4bKx`;
    assert.equal((await options([via])).status, 482);
    const rest = (branch, more) => `OPTIONS sip:${edge.domain} SIP/2.0\r\nVia: SIP/2.0/WS ${alice.host};branch=${branch}\r\n`
      + `From: <${alice.aor}>;tag=1\r\nTo: <${alice.aor}>\r\nCSeq: 1 OPTIONS\r\n${more}\r\n\r\n`;
    alice.send(rest("z9hG4bKhops", "Call-ID: x\r\nMax-Forwards: 0"));
    alice.send(rest("z9hG4bKlame", "Max-Forwards: 70"));
    for (const [status, branch] of [[483, "z9hG4bKhops"], [400, "z9hG4bKlame"]]) {
      await until(`${status}`, () => alice.log.some(({ dir, text }) => dir === "in" && text.startsWith(`SIP/2.0 ${status}`) && text.includes(branch)));
    }
    alice.send("this is no SIP\r\n\r\n");
    assert.equal((await options()).status, 200);
  });

  inOwn("says 430 where the flow is lost", async () => {
    const [alice, bob] = [await registered("alice"), await registered("bob")];
    const call = alice.invite(to("bob"));
    const [dialog] = await Promise.all([call.answered(), bob.next("INVITE").then((invite) => bob.answer(invite))]);
    await bob.close();
    assert.equal((await dialog.bye()).status, 430);
  });

  inOwn("cancels the call whose caller is gone", async () => {
    const [alice, bob] = [await registered("alice"), await registered("bob")];
    const call = alice.invite(to("bob"));
    const invite = await bob.next("INVITE");
    bob.reply(invite, 180);
    await call.has(180);
    alice.cut();
    await bob.next("CANCEL");
    bob.reply(invite, 487);
    await bob.next("ACK");
  });
});

describe("the origin", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "sipwake-edge-"));
  const origin = { origin: "http://good.example" };
  before(() => {
    writeFileSync(join(folder, "index.html"), "<!doctype html>");
    writeFileSync(join(folder, "a.wasm"), "");
  });
  after(() => rmSync(folder, { recursive: true }));
  withEdge("--www", folder, "--origin", "http://good.example");

  inOwn("serves files with their types, and nothing outside the folder", async () => {
    const type = async (path) => (await fetch(`${edge.http}${path}`)).headers.get("content-type");
    assert.match(await type("/"), /^text\/html/);
    assert.equal(await type("/a.wasm"), "application/wasm");
    for (const path of ["/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/nothing"]) {
      assert.equal((await fetch(`${edge.http}${path}`)).status, 404);
    }
  });

  inOwn("tells the demo page server and users", async () => {
    const demo = await (await fetch(`${edge.http}/demo.json`)).json();
    const users = Object.entries(USERS).map(([name, password]) => ({ name, password }));
    assert.deepEqual(demo, { server: "/ws", push: "/", domain: edge.domain, users });
  });

  inOwn("wants the subprotocol sip and an allowed Origin", async () => {
    assert.equal((await connect("alice", origin)).socket.protocol, "sip");
    await assert.rejects(connect("alice", { origin: "http://bad.example" }), /403/);
    const other = new WebSocket(edge.wsUrl, "chat", origin);
    await assert.rejects(new Promise((resolve, reject) => { other.once("open", resolve).once("error", reject); }), /400/);
  });

  inOwn("hides secrets in the trace unless all is asked for", async () => {
    const open = await edge.follow();
    const hidden = [];
    const feed = await listen(edge.trace, (entry) => hidden.push(entry));
    const token = "0123456789abcdef".repeat(4);
    const bob = await connect("bob", origin);
    assert.equal((await bob.register({ uriParams: `app-id=a;pn-voip-tok=${token}` })).status, 200);
    await until("four messages", () => hidden.length === 4 && open.length === 4);
    feed.close();
    assert.deepEqual(open.map(({ dir, text }) => [dir, text]), bob.log.map(({ dir, text }) => [dir === "in" ? "out" : "in", text]));
    const secret = /response="([0-9a-f]+)"/.exec(open[2].text)[1];
    const text = JSON.stringify(hidden);
    assert.equal(text.includes(token) || text.includes(secret), false);
    assert.ok(text.includes("pn-voip-tok=[redacted]"));
    assert.deepEqual(hidden.map(({ user }) => user), [null, null, null, "bob"]);
  });

  inOwn("gives two users with random passwords where none is named", async () => {
    const { users, stop } = await startEdge([], { users: null });
    await stop();
    assert.deepEqual(Object.keys(users), ["alice", "bob"]);
    assert.match(users.alice, /^[0-9a-f]{12}$/);
    assert.notEqual(users.alice, users.bob);
  });

  inOwn("closes sockets cleanly when it ends", async () => {
    const other = await startEdge();
    const ua = await Ua.connect(other, { user: "alice" });
    const closed = new Promise((resolve) => { ua.socket.once("close", resolve); });
    assert.equal(await other.stop(), "ended: 0");
    assert.equal(await closed, 1001);
  });
});
