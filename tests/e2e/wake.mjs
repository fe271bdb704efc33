// The main job: a simulated phone in a real browser registers, sleeps, is woken by a push, is answered and talks.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hears } from "./support/browser.mjs";
import { sleep as wait, until } from "./support/process.mjs";
import { TONES, lacks, scenario } from "./support/scenario.mjs";
import { SDP, Ua, parse } from "./support/ua.mjs";

/** The host gives up on a call whose INVITE does not come. */
const INVITE_LIMIT_MS = 15000;

export const isRegister = (text) => text.startsWith("REGISTER ");
export const is = (method) => (text) => text.startsWith(`${method} `);
export const isFinal = (status, method) => (text) => text.startsWith(`SIP/2.0 ${status} `) && new RegExp(`CSeq: \\d+ ${method}`).test(text);

/** Both registered, the phone asleep, the caller's INVITE held, the push seen, the call reported. */
export async function heldCall(run, { register = true } = {}) {
  const { phoneRelay } = run;
  await Promise.all([run.openPhone(), run.openWeb()]);
  await run.registered();
  const slept = await run.sleep();
  const connections = phoneRelay.pairs.length;
  if (!register) phoneRelay.pause();
  await run.dial();
  const push = await run.push.received(({ token }) => token === run.token);
  const invite = parse(run.webRelay.sent(is("INVITE"))[0].text);
  assert.equal(push.payload.aps?.["call-id"] ?? push.payload["call-id"], invite.callId);
  const call = await run.callIs("ringing");
  const [pushed] = await run.phone.evaluate(() => window.sipwakeDemo.pushes.map(({ at, reportedAt, returnedAt }) => ({ at, reportedAt, returnedAt })));
  assert.ok(pushed.reportedAt >= pushed.at && pushed.reportedAt <= pushed.returnedAt, "reported before the push callback returned");
  return { slept, connections, call, callId: invite.callId };
}

/** Mute and unmute of the phone, as the other side hears it. */
async function muteAndUnmute(run) {
  await run.do(run.phone, "mute", true);
  assert.notEqual(await hears(run.web, "window.sipwakeDemo.remoteStream", TONES.phone, { present: false, limitMs: 3000 }), null, "mute silences the phone");
  assert.equal((await run.call()).muted, true);
  assert.notEqual(await hears(run.phone, "window.sipwakeDemo.remoteStream", TONES.caller), null, "mute is one way");
  await run.do(run.phone, "mute", false);
  assert.notEqual(await hears(run.web, "window.sipwakeDemo.remoteStream", TONES.phone), null, "unmute brings the phone back");
}

/** The tests of this file against one kind of server. */
export function wakeTests(kind) {
  const skip = lacks(kind);
  const it = (name, options, body) => test(name, { timeout: 90000 }, () => scenario(kind, options, body));

  describe(`a phone that sleeps, against ${kind}`, { skip }, () => {
    it("is woken, answered before the INVITE, talks, mutes, and hangs up in CallKit", {}, async (run) => {
      await Promise.all([run.openPhone(), run.openWeb()]);
      await run.registered();

      // The parameters that the host supplied, as the server sees them.
      const contact = parse(run.phoneRelay.sent((text) => isRegister(text) && text.includes(run.token)).at(-1).text).header("contact");
      const uri = /<([^>]+)>/.exec(contact)[1];
      assert.match(uri, new RegExp(`;pn-voip-tok=${run.token}(;|$)`));
      assert.match(uri, /;app-id=dev\.sipwake\.phone/);
      assert.match(contact, />.*\+sip\.instance="<urn:uuid:/);
      assert.match(contact, />.*;?reg-id=1/);
      if (kind === "kamailio") {
        const [binding] = await run.server.bindings("bob");
        assert.ok(binding.address.includes(`;pn-voip-tok=${run.token}`));
        const [device] = await run.server.devices("bob");
        assert.equal(device.token, run.token);
      }

      // Background: UNREGISTER with the push parameters, the socket closed with a handshake.
      const slept = await run.sleep();
      const leave = slept.filter(({ dir, text }) => dir === "out" && isRegister(text)).map(({ text }) => parse(text));
      assert.ok(leave.length > 0, "an UNREGISTER is sent");
      assert.match(leave.at(-1).text, /expires[=:] ?0/i);
      assert.ok(leave.at(-1).header("contact").includes(run.token));
      assert.ok(slept.some(({ dir, text }) => dir === "in" && isFinal(200, "REGISTER")(text)), "the UNREGISTER is answered before the app sleeps");
      assert.equal(run.phoneRelay.pairs.at(-1).pageClosed, 1000);
      if (kind === "kamailio") {
        assert.deepEqual(await run.server.bindings("bob"), []);
        assert.equal((await run.server.devices("bob"))[0].token, run.token);
      }

      // The INVITE is held, the push comes, the host reports; the phone's REGISTER waits in the relay.
      const connections = run.phoneRelay.pairs.length;
      run.phoneRelay.pause();
      await run.dial();
      const push = await run.push.received(({ token }) => token === run.token);
      assert.equal(push.headers["apns-topic"], "dev.sipwake.phone.voip");
      await run.callIs("ringing");
      await until("the woken page connects", () => run.phoneRelay.pairs.length > connections && run.phoneRelay.waiting > 0);

      // The user answers first.
      await run.do(run.phone, "answer");
      assert.equal((await run.call()).state, "answering");
      assert.equal(run.phoneRelay.received(is("INVITE")).length, 0);
      const since = Date.now();
      run.phoneRelay.resume();
      const invite = await run.phoneRelay.frame("in", is("INVITE"));
      assert.ok(invite.connection > connections, "the INVITE comes on the new flow");
      const registered = run.phoneRelay.sent(isRegister).find(({ connection }) => connection === invite.connection);
      assert.ok(registered, "a REGISTER on the new flow came first");
      await run.phoneRelay.frame("out", isFinal(200, "INVITE"));
      await run.talk(since);
      assert.ok((await run.callIs("active")).connectedAt, "the answer action is fulfilled with the moment of the connection");
      await run.see(run.web, "the caller is connected", () => window.sipwakeDemo.calls[0]?.state === "connected");
      await muteAndUnmute(run);

      await run.do(run.phone, "hangup");
      await run.phoneRelay.frame("out", is("BYE"));
      await run.phoneRelay.frame("in", isFinal(200, "BYE"));
      assert.equal((await run.callIs("ended")).reason, "local");
      await run.see(run.web, "the caller's call ends", () => window.sipwakeDemo.calls.length === 0);
      await run.checkNothingLeft();
      assert.equal(await run.phone.evaluate(() => window.sipwakeDemo.calls.length), 1);
      run.checkOctets();
    });

    it("is woken, answered after the INVITE, and the other party ends", {}, async (run) => {
      const { connections } = await heldCall(run);
      const invite = await run.phoneRelay.frame("in", is("INVITE"));
      assert.ok(invite.connection > connections);
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      assert.equal(run.phoneRelay.sent(isFinal(200, "INVITE")).length, 0, "nothing answers but the user");
      const since = Date.now();
      await run.do(run.phone, "answer");
      await run.talk(since);
      await run.callIs("active");
      await muteAndUnmute(run);
      await run.do(run.web, "hangup");
      await run.phoneRelay.frame("in", is("BYE"));
      assert.equal((await run.callIs("ended")).reason, "remoteEnded");
      await run.checkNothingLeft();
      run.checkOctets();
    });

    it("is declined while it wakes: the INVITE is refused without ringing", {}, async (run) => {
      await heldCall(run, { register: false });
      await run.do(run.phone, "decline");
      assert.equal((await run.callIs("ended")).reason, "local");
      run.phoneRelay.resume();
      await run.phoneRelay.frame("in", is("INVITE"));
      await run.phoneRelay.frame("out", isFinal(603, "INVITE"));
      assert.equal(run.phoneRelay.sent(isFinal(180, "INVITE")).length, 0);
      await run.webRelay.frame("in", isFinal(603, "INVITE"));
      await run.see(run.web, "the caller learns of it", () => window.sipwakeDemo.outcome?.kind === "declined");
      assert.equal(await run.phone.evaluate(() => window.sipwakeDemo.calls.length), 1);
      await run.checkNothingLeft();
      run.checkOctets();
    });

    it("stops ringing within the limit when the caller cancels while it wakes", {}, async (run) => {
      const { call } = await heldCall(run, { register: false });
      await run.do(run.web, "hangup");
      await run.webRelay.frame("in", isFinal(487, "INVITE"));
      run.phoneRelay.resume();
      const ended = await run.callIs("ended", INVITE_LIMIT_MS + 3000);
      assert.ok(ended.endedAt - call.reportedAt <= INVITE_LIMIT_MS + 1500);
      assert.notEqual(ended.reason, "local");
      assert.equal(run.phoneRelay.received(is("INVITE")).length, 0, "no INVITE comes");
      await wait(500);
      assert.equal(await run.phone.evaluate(() => window.sipwakeDemo.calls.filter(({ state }) => state !== "ended").length), 0);
      await run.checkNothingLeft();
      run.checkOctets();
    });

    it("stops ringing at once when the caller cancels after the INVITE", {}, async (run) => {
      await heldCall(run);
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      await run.do(run.web, "hangup");
      await run.phoneRelay.frame("in", is("CANCEL"));
      await run.phoneRelay.frame("out", isFinal(487, "INVITE"));
      assert.equal((await run.callIs("ended", 2000)).reason, "remoteEnded");
      await run.checkNothingLeft();
    });

    it("stops ringing when another device answers, and knows that it was answered there", {}, async (run) => {
      await heldCall(run);
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      const desk = await Ua.connect(run.server, { user: "bob" });
      await desk.register();
      const invite = await desk.next("INVITE");
      desk.reply(invite, 180);
      await until("the caller hears of both", () => run.webRelay.received(isFinal(180, "INVITE")).length >= 2);
      await desk.answer(invite, { body: SDP.replace("actpass", "active") });
      const cancel = parse((await run.phoneRelay.frame("in", is("CANCEL"))).text);
      assert.match(cancel.header("reason"), /SIP;cause=200/);
      assert.equal((await run.callIs("ended", 2000)).reason, "answeredElsewhere");
      await desk.close();
      run.checkOctets();
    });

    it("registers, is woken and is called with SHA-256", { server: { algorithm: "SHA-256" } }, async (run) => {
      await heldCall(run);
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      for (const relay of [run.phoneRelay, run.webRelay]) {
        const answers = relay.sent((text) => /^(Proxy-)?Authorization: /m.test(text));
        assert.ok(answers.length > 0 && answers.every(({ text }) => /algorithm="?SHA-256/.test(text)));
      }
      await run.do(run.phone, "decline");
      await run.webRelay.frame("in", isFinal(603, "INVITE"));
    });

    it("is killed, and woken with a page that loads anew", {}, async (run) => {
      await Promise.all([run.openPhone(), run.openWeb()]);
      await run.registered();
      await run.sleep();
      await run.do(run.phone, "kill");
      assert.equal(await run.phone.evaluate(() => window.sipwakeDemo.app), "killed");
      assert.equal(run.app, undefined);
      await run.dial();
      await run.callIs("ringing");
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"), 8000);
      assert.ok(run.app, "the page was loaded");
      const since = Date.now();
      await run.do(run.phone, "answer");
      await run.talk(since);
      await run.do(run.phone, "hangup");
      await run.phoneRelay.frame("out", is("BYE"));
      await run.callIs("ended");
      await run.checkNothingLeft();
      run.checkOctets();
    });

    it("in profile A rings only; the page speaks once the CallKit call has ended", { query: { profile: "A" } }, async (run) => {
      await heldCall(run);
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      await run.do(run.phone, "answer");
      await run.callIs("ended");
      // Only from here on may the page speak.
      await run.talk(Date.now(), { page: run.app, stream: "window.sipwakeDemo.remoteStream" });
      assert.equal(await run.phone.evaluate(() => window.sipwakeDemo.pageAudioError), null);
      assert.equal(await run.phone.evaluate(() => window.sipwakeDemo.media.length), 0, "the host has no media of its own");
      await run.do(run.app, "hangup");
      await run.phoneRelay.frame("out", is("BYE"));
      await run.see(run.web, "the caller's call ends", () => window.sipwakeDemo.calls.length === 0);
      await run.checkNothingLeft();
      run.checkOctets();
    });

    it("that plays audio in the page while CallKit's call lives is told of its mistake", { query: { profile: "B", media: "page" } }, async (run) => {
      await heldCall(run);
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      await run.do(run.phone, "answer");
      await run.see(run.phone, "the shell complains", () => Boolean(window.sipwakeDemo.pageAudioError));
      await run.do(run.phone, "hangup");
      await run.callIs("ended");
    });

    it("with a wrong password says so, and what it is called", { query: { phone: "bob:not-the-password" } }, async (run) => {
      await run.openPhone();
      await run.loaded();
      await run.see(run.app, "the error", () => window.sipwakeDemo.error?.code === "wrongPassword");
      const error = await run.app.evaluate(() => ({ message: window.sipwakeDemo.error.message, state: window.sipwakeDemo.registration.state }));
      assert.equal(error.state, "failed");
      assert.ok(error.message.length > 20, "it says what to do");
      assert.ok(!error.message.includes("not-the-password"));
      await wait(1500);
      assert.ok(run.phoneRelay.sent(isRegister).length <= 6, "it does not hammer the server");
    });
  });
}
