// What a SIP user agent must do, row by row: each is one script for the far end, the same for every library, and decides by what
// was on the wire or was told to the application. `t` has the phone's verbs, the far end (`t.far`) and what ends a row:
// t.wrong(why), t.absent(why); a row that returns is right.
import { readFileSync } from "node:fs";
import { DOMAIN, PASSWORD, USER, calledDialog, digestFault, sdp, sleep, until } from "./server.mjs";

const BOB = `sip:bob@${DOMAIN}`;
const REALM = DOMAIN;
const sdpType = "application/sdp";

/** Registered without a challenge. */
async function up(t, options = {}) {
  await t.phone.start(options);
  t.far.accept(await t.far.next("REGISTER"));
  await t.told("registered");
}

/** Registered with one. */
async function upWithChallenge(t, options = {}) {
  await t.phone.start(options);
  const first = await t.far.next("REGISTER");
  t.far.reply(first, 401, { tag: "registrar", headers: [challenge({ nonce: "first" })] });
  t.far.accept(await t.far.next("REGISTER"));
  await t.told("registered");
}

const challenge = ({ nonce, realm = REALM, algorithm, qop = "auth", proxy = false }) =>
  `${proxy ? "Proxy" : "WWW"}-Authenticate: Digest realm="${realm}", nonce="${nonce}", qop="${qop}"${algorithm ? `, algorithm=${algorithm}` : ""}`;

/** The library's INVITE. */
async function dial(t, options) {
  await t.phone.call(BOB);
  return t.far.next("INVITE", 8000);
}

/** A call that the library made and the far end answered. */
async function called(t, headers = []) {
  const invite = await dial(t);
  t.far.reply(invite, 180, { tag: "far" });
  t.far.reply(invite, 200, { tag: "far", body: sdp(), headers });
  await t.far.next("ACK");
  await t.told("connected");
  return { invite, dialog: calledDialog(t.far, invite) };
}

/** A call of the far end that rings here. */
async function ringing(t, headers = []) {
  const invite = t.far.request("INVITE", { headers: ["Allow: INVITE, ACK, CANCEL, BYE, UPDATE, PRACK", ...headers], body: sdp({ type: "offer" }) });
  const rings = await t.far.next((m) => m.callId === invite.callId && m.status > 100 && m.status < 300, 6000);
  await t.told("incoming");
  const dialog = { uri: /<([^>]+)>/.exec(rings.header("contact") ?? "")?.[1] ?? invite.uri, from: invite.from, to: rings.header("to"), callId: invite.callId };
  return { invite, rings, dialog };
}

/** A request of the far end gets 200; 405 and 501 say that the method is not there at all. */
async function isTaken(t, request) {
  const { status } = await t.far.final(request);
  if ([405, 501].includes(status)) t.absent(`${status}`);
  if (status !== 200) t.wrong(`${status}`);
}

const inviteOf = (invite) => (m) => m.method === "INVITE" && m.callId === invite.callId;
const reinvite = (invite) => (m) => inviteOf(invite)(m) && m.cseq > invite.cseq;

export const rows = [
  {
    id: "register-without-contact", area: "registration", rfc: "3261 10.2.4",
    title: "a 200 to REGISTER without our binding is told, and the next attempt leaves",
    async run(t) {
      await t.phone.start();
      t.far.reply(await t.far.next("REGISTER"), 200, { tag: "registrar" });
      const event = await t.maybeTold((e) => ["registered", "registrationFailed", "unregistered"].includes(e.type), 3000);
      if (!event) t.wrong("the application hears nothing");
      if (event.type === "registered") t.wrong("it says registered");
      t.phone.register();
      if (!(await t.far.maybe("REGISTER", 4000))) t.wrong("no REGISTER leaves any more");
    },
  },
  {
    id: "register-503", area: "registration", rfc: "3261 21.5.4, 20.33",
    title: "a refused REGISTER is tried again, after Retry-After",
    async run(t) {
      await t.phone.start();
      const first = await t.far.next("REGISTER");
      const at = Date.now();
      t.far.reply(first, 503, { tag: "registrar", headers: ["Retry-After: 2"] });
      if (!(await t.far.maybe("REGISTER", 9000))) t.absent("no second attempt by itself");
      if (Date.now() - at < 1900) t.wrong(`again after ${Date.now() - at} ms`);
    },
  },
  {
    id: "register-423", area: "registration", rfc: "3261 10.2.8",
    title: "423 without end is not followed without end",
    async run(t) {
      t.far.automatic = (m) => m.method === "REGISTER" && (t.far.reply(m, 423, { tag: "registrar", headers: ["Min-Expires: 3600"] }), true);
      await t.phone.start();
      await sleep(2500);
      const count = t.far.log.filter(({ dir, message }) => dir === "out" && message.method === "REGISTER").length;
      if (count < 2) t.absent("Min-Expires is not followed");
      if (count > 5) t.wrong(`${count} REGISTERs in 2.5 s`);
    },
  },
  {
    id: "register-302", area: "registration", rfc: "3261 8.1.3.4",
    title: "a redirected REGISTER goes where it is sent",
    async run(t) {
      await t.phone.start();
      t.far.reply(await t.far.next("REGISTER"), 302, { tag: "registrar", headers: ["Contact: <sip:other.example.com>"] });
      const again = await t.far.maybe("REGISTER", 4000);
      if (!again) t.absent("it fails");
      if (again.uri !== "sip:other.example.com") t.wrong("it asks the same again");
    },
  },
  {
    id: "register-socket-lost", area: "registration", rfc: "3261 17.1.4",
    title: "a socket lost while REGISTER is pending: it registers on the next one",
    async run(t) {
      await t.phone.start();
      await t.far.next("REGISTER");
      t.far.connections[0].terminate();
      const again = await t.far.maybe((m) => m.method === "REGISTER" && m.connection > 1, 9000);
      if (!again) t.wrong("no REGISTER on the new socket within 9 s");
    },
  },
  {
    id: "push-parameters", area: "registration", rfc: "8599 4.1",
    title: "push parameters stand in the Contact URI of REGISTER, and the token in nothing else",
    async run(t) {
      await t.phone.start({ push: "pn-provider=apns;pn-param=TEAM.app;pn-prid=00fc13adff78512" });
      const register = await t.far.next("REGISTER");
      if (!/<[^>]*;pn-prid=00fc13adff78512[^>]*>/.test(register.header("contact"))) t.absent("not in the Contact URI");
      t.far.accept(register);
      await t.told("registered");
      const invite = await dial(t);
      if (invite.text.includes("00fc13adff78512")) t.wrong("the token goes out with every call");
    },
  },
  {
    id: "digest-sha-256", area: "authentication", rfc: "8760 2.2",
    title: "SHA-256",
    async run(t) {
      await t.phone.start();
      t.far.reply(await t.far.next("REGISTER"), 401, { tag: "registrar", headers: [challenge({ nonce: "n1", algorithm: "SHA-256" })] });
      const again = await t.far.maybe("REGISTER", 3000);
      if (!again?.header("authorization")) t.absent("no answer");
      const fault = digestFault(again.header("authorization"), { method: "REGISTER", nonce: "n1", realm: REALM, algorithm: "SHA-256" });
      if (fault) t.wrong(fault);
    },
  },
  {
    id: "digest-several", area: "authentication", rfc: "8760 2.4",
    title: "of several challenges, the topmost that is understood is answered (MD5, then SHA-256)",
    async run(t) {
      await t.phone.start();
      t.far.reply(await t.far.next("REGISTER"), 401, { tag: "registrar", headers: [challenge({ nonce: "n1", algorithm: "MD5" }), challenge({ nonce: "n2", algorithm: "SHA-256" })] });
      const again = await t.far.maybe("REGISTER", 3000);
      if (!again?.header("authorization")) t.wrong("no answer: it cannot register");
      const fault = digestFault(again.header("authorization"), { method: "REGISTER", nonce: "n1", realm: REALM });
      if (fault) t.wrong(fault);
    },
  },
  {
    id: "digest-auth-int", area: "authentication", rfc: "7616 3.4.3",
    title: "qop=auth-int covers the body",
    async run(t) {
      await upWithChallenge(t, { realms: [REALM] });
      const invite = await dial(t);
      t.far.reply(invite, 407, { tag: "proxy", headers: [challenge({ nonce: "n1", qop: "auth-int", proxy: true })] });
      const again = await t.far.maybe(reinvite(invite), 3000);
      if (!again?.header("proxy-authorization")) t.absent("no answer");
      const fault = digestFault(again.header("proxy-authorization"), { method: "INVITE", body: again.body, nonce: "n1", realm: REALM });
      if (fault) t.wrong(fault);
    },
  },
  {
    id: "digest-nonce-count", area: "authentication", rfc: "7616 3.4",
    title: "a known nonce is used again with a higher count",
    async run(t) {
      await upWithChallenge(t);
      t.phone.register();
      const again = await t.far.next("REGISTER");
      const sent = again.header("authorization");
      if (!sent) t.absent("each request asks for a challenge anew");
      if (!/nc=00000002/.test(sent)) t.wrong("the same count again, which a strict server takes for a replay");
      const fault = digestFault(sent, { method: "REGISTER", nonce: "first", realm: REALM });
      if (fault) t.wrong(fault);
    },
  },
  {
    id: "digest-foreign-realm", area: "authentication", rfc: "3261 22.1",
    title: "a stranger's realm gets no digest of the password",
    async run(t) {
      await upWithChallenge(t);
      const invite = await dial(t);
      t.far.reply(invite, 407, { tag: "evil", headers: [challenge({ nonce: "n1", realm: "evil.example", proxy: true })] });
      const again = await t.far.maybe(reinvite(invite), 2500);
      if (again?.header("proxy-authorization")?.includes("evil.example")) t.wrong("it sends one to whoever asks");
    },
  },
  {
    id: "fork-second-200", area: "calls", rfc: "3261 13.2.2.4",
    title: "the second 200 of a fork gets ACK and BYE on its own dialog, and the call lives",
    async run(t) {
      await up(t);
      const invite = await dial(t);
      t.far.reply(invite, 180, { tag: "one" });
      t.far.reply(invite, 180, { tag: "two" });
      t.far.reply(invite, 200, { tag: "one", body: sdp() });
      await t.far.next((m) => m.method === "ACK" && m.toTag === "one");
      t.far.reply(invite, 200, { tag: "two", body: sdp() });
      await sleep(1500);
      if (t.far.waiting((m) => m.method === "BYE" && m.toTag === "one").length) t.wrong("the BYE goes to the live call");
      if (!t.far.waiting((m) => m.method === "ACK" && m.toTag === "two").length) t.wrong("no ACK to the second");
      if (!t.far.waiting((m) => m.method === "BYE" && m.toTag === "two").length) t.wrong("no BYE to the second");
      if (await t.heard("ended")) t.wrong("the call ends");
    },
  },
  {
    id: "cancel-crosses-200", area: "calls", rfc: "3261 9.1, 15",
    title: "CANCEL crosses the 200: ACK and BYE, nobody stays in a ghost call",
    async run(t) {
      await up(t);
      const invite = await dial(t);
      t.far.reply(invite, 180, { tag: "far" });
      await t.told("progress");
      t.phone.hangup();
      const cancel = await t.far.next("CANCEL");
      t.far.reply(invite, 200, { tag: "far", body: sdp() });
      t.far.reply(cancel, 200, { tag: "far" });
      if (!(await t.far.maybe("ACK", 3000))) t.wrong("no ACK");
      const bye = await t.far.maybe("BYE", 3000);
      if (!bye) t.wrong("no BYE");
      t.far.reply(bye, 200);
    },
  },
  {
    id: "early-media-forked", area: "calls", rfc: "3261 13.2.2.4; 3960 3.1",
    title: "early media of two forks; the second one answers: the call is up",
    async run(t) {
      await up(t);
      const invite = await dial(t);
      t.far.reply(invite, 183, { tag: "one", body: sdp() });
      await sleep(200);
      t.far.reply(invite, 183, { tag: "two", body: sdp({ version: 2, name: "two" }) });
      await sleep(200);
      t.far.reply(invite, 200, { tag: "two", body: sdp({ version: 2, name: "two" }) });
      if (!(await t.far.maybe((m) => m.method === "ACK" && m.toTag === "two", 3000))) t.wrong("no ACK");
      await sleep(1200);
      if (t.far.waiting("BYE").length || (await t.heard("ended"))) t.wrong("the call is torn down");
      if (!(await t.applied()).some(({ sdp: text }) => text.includes("s=two"))) t.wrong("the description of the fork that answered is never applied");
      const offered = /a=ice-ufrag:(\S+)/.exec(invite.body)[1];
      if (!(await t.own()).some((text) => text.includes(`a=ice-ufrag:${offered}`))) t.wrong("its description meets an offer that nobody saw: no sound");
    },
  },
  {
    id: "reliable-provisional", area: "calls", rfc: "3262 4",
    title: "a reliable 183 gets its PRACK",
    async run(t) {
      await up(t);
      const invite = await dial(t);
      if (!/100rel/.test(invite.all("supported").join() + invite.all("require").join())) t.absent("100rel is not offered");
      t.far.reply(invite, 183, { tag: "far", headers: ["Require: 100rel", "RSeq: 4711"], body: sdp() });
      const prack = await t.far.maybe("PRACK", 3000);
      if (!prack) t.wrong("no PRACK");
      if (prack.header("rack")?.replace(/\s+/g, " ") !== `4711 ${invite.cseq} INVITE`) t.wrong("another RAck");
    },
  },
  {
    id: "reliable-provisional-required", area: "calls", rfc: "3262 3",
    title: "an INVITE that requires 100rel gets reliable provisional responses",
    async run(t) {
      await up(t);
      const invite = t.far.request("INVITE", { headers: ["Require: 100rel", "Allow: INVITE, ACK, CANCEL, BYE, PRACK"], body: sdp({ type: "offer" }) });
      const answer = await t.far.next((m) => m.callId === invite.callId && m.status > 100, 6000);
      if (answer.status === 420) t.absent("420");
      if (answer.status >= 200) t.wrong(`${answer.status}`);
      if (!answer.header("rseq") || !/100rel/.test(answer.header("require") ?? "")) t.wrong("an unreliable response all the same");
      const prack = t.far.request("PRACK", { uri: /<([^>]+)>/.exec(answer.header("contact"))[1], callId: invite.callId, from: invite.from, to: answer.header("to"), cseq: 2, headers: [`RAck: ${answer.header("rseq")} 1 INVITE`] });
      const ok = await t.far.final(prack);
      if (ok.status !== 200) t.wrong(`PRACK gets ${ok.status}`);
    },
  },
  {
    id: "update-confirmed", area: "calls", rfc: "3311 5.2",
    title: "UPDATE in a call is answered 200",
    async run(t) {
      await up(t);
      const { dialog } = await called(t);
      await isTaken(t, dialog.request("UPDATE"));
    },
  },
  {
    id: "update-early", area: "calls", rfc: "3311 5.2",
    title: "UPDATE while it rings is answered 200",
    async run(t) {
      await up(t);
      const { dialog } = await ringing(t);
      await isTaken(t, t.far.request("UPDATE", { ...dialog, cseq: 2 }));
    },
  },
  {
    id: "glare-refused", area: "calls", rfc: "3261 14.2",
    title: "two re-INVITEs meet: the far end's gets 491, and its offer is not applied",
    async run(t) {
      await up(t);
      const { invite, dialog } = await called(t);
      t.phone.hold();
      const ours = await t.far.maybe(reinvite(invite), 5000);
      if (!ours) t.absent("no hold");
      const theirs = dialog.request("INVITE", { body: sdp({ type: "offer", version: 2, name: "glare" }) });
      const refused = await t.far.final(theirs);
      t.far.request("ACK", { ...dialog, request: undefined, branch: theirs.branch, cseq: theirs.cseq });
      if (refused.status !== 491) t.wrong(`it gets ${refused.status}`);
      t.far.reply(ours, 200, { body: sdp({ version: 3, direction: "recvonly" }) });
      if (!(await t.far.maybe((m) => m.method === "ACK" && m.cseq === ours.cseq, 3000))) t.wrong("no ACK to our own");
      await sleep(500);
      if ((await t.applied()).some(({ sdp: text }) => text.includes("s=glare"))) t.wrong("491, and then the offer is applied all the same");
      if (await t.heard("ended")) t.wrong("the call ends");
    },
  },
  {
    id: "glare-retried", area: "calls", rfc: "3261 14.1",
    title: "our re-INVITE meets 491: again after 2.1 to 4 seconds, as we own the Call-ID",
    async run(t) {
      await up(t);
      const { invite } = await called(t);
      t.phone.hold();
      const ours = await t.far.maybe(reinvite(invite), 5000);
      if (!ours) t.absent("no hold");
      const at = Date.now();
      t.far.reply(ours, 491);
      const again = await t.far.maybe(reinvite(ours), 6000);
      if (t.far.waiting("BYE").length) t.wrong("the call ends");
      if (await t.heard("ended")) t.wrong("the call ends");
      if (!again) t.absent("not tried again");
      const took = Date.now() - at;
      if (took < 2080 || took > 4400) t.wrong(`again after ${(took / 1000).toFixed(1)} s`);
    },
  },
  {
    id: "hold-refused", area: "calls", rfc: "3261 14.1",
    title: "a hold that the far end refuses does not end the call",
    async run(t) {
      await up(t);
      const { invite } = await called(t);
      t.phone.hold();
      const ours = await t.far.maybe(reinvite(invite), 5000);
      if (!ours) t.absent("no hold");
      t.far.reply(ours, 488);
      await sleep(1500);
      if (t.far.waiting("BYE").length || (await t.heard("ended"))) t.wrong("the call is ended with BYE");
    },
  },
  {
    id: "session-interval-too-small", area: "calls", rfc: "4028 7.4",
    title: "422: the INVITE goes out again with the interval that the server wants",
    async run(t) {
      await up(t);
      const invite = await dial(t);
      if (!invite.header("session-expires") && !/timer/.test(invite.all("supported").join())) t.absent("no session timers");
      t.far.reply(invite, 422, { headers: ["Min-SE: 3600"] });
      const again = await t.far.maybe(reinvite(invite), 3000);
      if (!again) t.wrong("the call fails");
      if (Number.parseInt(again.header("session-expires"), 10) < 3600 || Number.parseInt(again.header("min-se"), 10) < 3600) t.wrong("with the interval of before");
    },
  },
  {
    id: "invite-302", area: "calls", rfc: "3261 8.1.3.4",
    title: "a redirected INVITE is followed",
    async run(t) {
      await up(t);
      const invite = await dial(t);
      t.far.reply(invite, 302, { headers: ["Contact: <sip:carol@example.com>"] });
      const again = await t.far.maybe((m) => m.method === "INVITE" && m.branch !== invite.branch, 3000);
      if (!again) t.absent("the call fails");
      if (again.uri !== "sip:carol@example.com") t.wrong("it calls somebody else");
    },
  },
  {
    id: "refer-progress", area: "calls", rfc: "3515 2.4.5",
    title: "who refers us is told: trying first, and the end of it last",
    async run(t) {
      await up(t);
      const { invite, dialog } = await called(t);
      const refer = dialog.request("REFER", { headers: ["Refer-To: <sip:carol@example.com>", `Referred-By: <${BOB}>`] });
      const states = [];
      t.far.automatic = (m) => {
        if (m.method !== "NOTIFY") return false;
        t.far.reply(m, 200);
        states.push(`${/SIP\/2\.0 (\d+)/.exec(m.body)?.[1]} ${/^\w+/.exec(m.header("subscription-state") ?? "")?.[0]}`);
        return true;
      };
      const accepted = await t.far.final(refer).catch(() => null);
      if (!accepted || accepted.status >= 400) t.absent(`${accepted?.status ?? "no answer"}`);
      const next = await t.far.maybe((m) => m.method === "INVITE" && m.callId !== invite.callId, 6000);
      if (!next) t.wrong("no call to the target");
      t.far.reply(next, 180, { tag: "carol" });
      await sleep(100);
      t.far.reply(next, 200, { tag: "carol", body: sdp() });
      await until("", () => states.at(-1)?.startsWith("200"), 3000).catch(() => {});
      if (!states.length) t.wrong("no NOTIFY");
      if (!/^100 active/.test(states[0])) t.wrong(`the first says ${states[0]}`);
      if (states.at(-1) !== "200 terminated") t.wrong(`the last says ${states.at(-1)}`);
      if (states.slice(0, -1).some((state) => state.endsWith("terminated"))) t.wrong(`one in between says terminated: ${states}`);
    },
  },
  {
    id: "socket-lost-established", area: "recovery", rfc: "5626 4.4; 3261 12.2.1",
    title: "an established call moves to the new socket: REGISTER, then a target refresh with the new Contact",
    async run(t) {
      await up(t);
      const { invite } = await called(t);
      t.far.connections[0].terminate();
      const register = await t.far.maybe((m) => m.method === "REGISTER" && m.connection > 1, 9000);
      if (await t.heard("ended")) t.wrong("the call is ended");
      if (!register) t.wrong("it does not register again");
      t.far.accept(register);
      const refresh = await t.far.maybe((m) => ["INVITE", "UPDATE"].includes(m.method) && m.callId === invite.callId && m.connection > 1, 4000);
      if (!refresh) t.wrong("nothing is sent in the call: a BYE of the far end never comes");
      if (!refresh.header("contact")) t.wrong("without Contact");
    },
  },
  {
    id: "socket-lost-calling", area: "recovery", rfc: "3261 17.1.4",
    title: "a socket lost while it rings there: the call ends, and says that it was the network",
    async run(t) {
      await up(t);
      const invite = await dial(t);
      t.far.reply(invite, 180, { tag: "far" });
      await t.told("progress");
      t.far.automatic = (m) => m.method === "REGISTER" && (t.far.accept(m), true);
      t.far.connections[0].terminate();
      const ended = await t.maybeTold((e) => e.type === "ended", 9000);
      if (!ended) t.wrong("no event, it rings for ever");
      if (!ended.network) t.wrong(`it says ${ended.cause}`);
    },
  },
  {
    id: "socket-lost-reinvite", area: "recovery", rfc: "3261 14.1, 17.1.4",
    title: "a socket lost while a hold is pending does not end the call",
    async run(t) {
      await up(t);
      const { invite } = await called(t);
      t.phone.hold();
      if (!(await t.far.maybe(reinvite(invite), 5000))) t.absent("no hold");
      t.far.automatic = (m) => m.method === "REGISTER" && (t.far.accept(m), true);
      t.far.connections[0].terminate();
      await sleep(4000);
      if ((await t.heard("ended")) || t.far.waiting("BYE").length) t.wrong("the call is ended");
    },
  },
  {
    id: "keep-alive-answered", area: "recovery", rfc: "5626 4.4.1; 7118 6",
    title: "the server's ping gets its pong",
    async run(t) {
      await up(t);
      t.far.connections[0].send("\r\n\r\n");
      await sleep(1000);
      if (t.far.pongs === 0) t.wrong("no answer: the server takes the socket for dead");
    },
  },
  {
    id: "invalid-requests", area: "messages", rfc: "4475 3.1.2",
    title: "invalid requests of RFC 4475 are not taken",
    async run(t) {
      await up(t);
      const taken = [];
      for (const name of ["clerr", "ncl", "ltgtruri", "quotbal", "badvers", "mismatch01", "badinv01"]) {
        const text = readFileSync(`node_modules/sip/test/messages/${name}.dat`, "latin1");
        // Sent to where the library registered, so that it is no stranger's fault that speaks.
        const mine = name === "ltgtruri" ? text : text.replace(/^(\S+) \S+/, `$1 ${t.far.contact}`);
        t.far.connections[0].send(mine);
        const callId = /^(?:Call-ID|i) *: *(\S+)/im.exec(text)?.[1];
        const answer = await t.far.maybe((m) => m.callId === callId && m.status > 100, 700);
        if ((answer && answer.status < 400) || (await t.events()).some((event) => event.callId === callId)) taken.push(name);
      }
      if (taken.length) t.wrong(`it takes ${taken.join(", ")}`);
    },
  },
  {
    id: "log-digest", area: "privacy", rfc: "3261 26.1",
    title: "the log shows no digest and no stored hash of the password",
    async run(t) {
      const ha1 = "5f4dcc3b5aa765d61d8327deb882cf99";
      await t.phone.start({ ha1, realm: REALM, logs: true });
      t.far.reply(await t.far.next("REGISTER"), 401, { tag: "registrar", headers: [challenge({ nonce: "n1" })] });
      const again = await t.far.next("REGISTER");
      t.far.accept(again);
      await t.told("registered");
      const response = /response="(\w+)"/.exec(again.header("authorization"))[1];
      await sleep(200);
      const log = t.console.join("\n");
      if (!log.includes("REGISTER")) t.absent("there is no log of messages");
      if (log.includes(ha1)) t.wrong("the stored hash stands in it");
      if (log.includes(response)) t.wrong("the credentials of each request stand in it");
    },
  },
  {
    id: "random-identifiers", area: "privacy", rfc: "3261 19.3",
    title: "Call-ID, tags and branches do not come from Math.random",
    async run(t) {
      const seen = [];
      for (const phone of [t.phone, await t.another()]) {
        await phone.evaluate(() => { Math.random = () => 0.5; });
        await phone.start();
        const register = await t.far.next("REGISTER");
        t.far.accept(register);
        seen.push([register.callId, /tag=([^;]+)/.exec(register.header("from"))[1], register.branch]);
      }
      const same = ["Call-ID", "tag", "branch"].filter((_, i) => seen[0][i] === seen[1][i]);
      if (same.length) t.wrong(`who can predict Math.random knows ${same.join(", ")}`);
    },
  },
];

export { PASSWORD, USER, sdpType, until };
