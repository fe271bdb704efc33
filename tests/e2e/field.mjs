// What happens to a phone in the field: other devices of its user, two callers, slow networks, sockets that die, tokens that change.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hears } from "./support/browser.mjs";
import { sleep as wait, until } from "./support/process.mjs";
import { TONES, lacks, scenario } from "./support/scenario.mjs";
import { Ua, parse } from "./support/ua.mjs";
import { heldCall, is, isFinal, isRegister } from "./wake.mjs";

/** The host gives up on a call whose INVITE does not come. */
const INVITE_LIMIT_MS = 15000;

/** Everybody registered, every phone asleep, the caller's INVITE held, every phone pushed and ringing. */
async function twoDevices(run, { late = false } = {}) {
  await Promise.all([run.openPhone(), run.openWeb()]);
  const other = await run.another();
  await Promise.all([run.registered(), other.phoneRelay.frame("in", isFinal(200, "REGISTER"))]);
  assert.notEqual(run.token, other.token);
  await Promise.all([run.sleep(), other.sleep()]);
  if (late) run.phoneRelay.pause();
  await run.dial();
  for (const { token } of [run, other]) await run.push.received((push) => push.token === token);
  await Promise.all([run.callIs("ringing"), other.callIs("ringing")]);
  await other.phoneRelay.frame("out", isFinal(180, "INVITE"));
  if (late) await until("the phone wants to register", () => run.phoneRelay.waiting > 0);
  else await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
  return other;
}

/** The phone's calls, the oldest first. */
const callsOf = (run) => run.phone.evaluate(() => window.sipwakeDemo.calls.map(({ uuid, state, reason }) => ({ uuid, state, reason })));

/** How the service was asked to push to a device after the first time. */
const laterPushes = (run, token) => run.push.log.filter((push) => push.token === token).slice(1).map(({ payload, headers }) => [payload.event, headers["apns-push-type"]]);

async function hangUp(run) {
  await run.do(run.phone, "hangup");
  await run.phoneRelay.frame("out", is("BYE"));
  assert.equal((await run.callIs("ended")).reason, "local");
}

/** The tests of this file against one kind of server. */
export function fieldTests(kind) {
  const skip = lacks(kind);
  const it = (name, options, body) => test(name, { timeout: 90000 }, () => scenario(kind, options, body));

  describe(`two phones of one user, against ${kind}`, { skip }, () => {
    it("ring both; one answers and talks, the other ends as answered elsewhere", {}, async (run) => {
      const other = await twoDevices(run);
      const since = Date.now();
      await other.do(other.phone, "answer");
      await other.talk(since);
      const cancel = parse((await run.phoneRelay.frame("in", is("CANCEL"))).text);
      assert.match(cancel.header("reason"), /SIP;cause=200/);
      assert.equal((await run.callIs("ended")).reason, "answeredElsewhere");
      await run.phoneRelay.frame("out", isFinal(487, "INVITE"));
      assert.equal((await other.call()).state, "active", "the other's end is not this one's");
      assert.equal(await run.phone.evaluate(() => window.sipwakeDemo.media.length), 0);
      await hangUp(other);
      for (const phone of [run, other]) {
        assert.equal((await callsOf(phone)).length, 1);
        await phone.checkNothingLeft();
        phone.checkOctets();
      }
    });

    it("ring both; one declines for all, the other ends as declined elsewhere", {}, async (run) => {
      const other = await twoDevices(run);
      await other.do(other.phone, "decline");
      await other.phoneRelay.frame("out", isFinal(603, "INVITE"));
      await run.phoneRelay.frame("in", is("CANCEL"));
      assert.equal((await run.callIs("ended")).reason, "declinedElsewhere");
      assert.equal((await other.callIs("ended")).reason, "local");
      await run.see(run.web, "the caller learns of it", () => window.sipwakeDemo.outcome?.kind === "declined");
      for (const phone of [run, other]) await phone.checkNothingLeft();
    });

    it("ring both; one declines for itself, the other rings on, answers and talks", { query: { declineCode: "486" } }, async (run) => {
      const other = await twoDevices(run);
      await other.do(other.phone, "decline");
      await other.phoneRelay.frame("out", isFinal(486, "INVITE"));
      assert.equal((await other.callIs("ended")).reason, "local");
      assert.equal((await run.call()).state, "ringing");
      const since = Date.now();
      await run.do(run.phone, "answer");
      await run.talk(since);
      assert.equal(run.phoneRelay.received(is("CANCEL")).length, 0);
      await hangUp(run);
      for (const phone of [run, other]) await phone.checkNothingLeft();
    });

    it("of which one still wakes when the other answers: a push tells it, and it ends as answered elsewhere", { server: { cancelPush: true } }, async (run) => {
      const other = await twoDevices(run, { late: true });
      const since = Date.now();
      await other.do(other.phone, "answer");
      assert.equal((await run.callIs("ended")).reason, "answeredElsewhere");
      await other.talk(since);
      assert.deepEqual(laterPushes(run, run.token), [["answeredElsewhere", "background"]]);
      assert.deepEqual(laterPushes(run, other.token), [], "who is awake hears it by SIP");
      run.phoneRelay.resume();
      await run.phoneRelay.frame("in", isFinal(200, "REGISTER"));
      await hangUp(other);
      assert.equal(run.phoneRelay.received(is("INVITE")).length, 0);
      assert.deepEqual((await callsOf(run)).map(({ reason }) => reason), ["answeredElsewhere"]);
      for (const phone of [run, other]) await phone.checkNothingLeft();
    });

    it("of which one still wakes when the other declines for all: a push tells it", { server: { cancelPush: true } }, async (run) => {
      const other = await twoDevices(run, { late: true });
      await other.do(other.phone, "decline");
      assert.equal((await run.callIs("ended")).reason, "declinedElsewhere");
      assert.deepEqual(laterPushes(run, run.token), [["declinedElsewhere", "background"]]);
      await run.see(run.web, "the caller learns of it", () => window.sipwakeDemo.outcome?.kind === "declined");
    });
  });

  describe(`a phone in the field, against ${kind}`, { skip }, () => {
    it("has two calls while it sleeps: one registration brings both, one is answered and talks, the other is declined", {}, async (run) => {
      await Promise.all([run.openPhone(), run.openWeb()]);
      await run.registered();
      const carol = await Ua.connect(run.server, { user: "carol" });
      await run.sleep();
      const connections = run.phoneRelay.pairs.length;
      run.phoneRelay.pause();
      await run.dial();
      await run.callIs("ringing");
      const second = carol.invite(`sip:bob@${run.server.domain}`);
      await run.see(run.phone, "both ring", () => window.sipwakeDemo.calls.filter(({ state }) => state === "ringing").length === 2);
      assert.equal(run.push.log.filter(({ token }) => token === run.token).length, 2);
      run.phoneRelay.resume();
      const rung = () => run.phoneRelay.sent(isFinal(180, "INVITE")).map(({ text }) => parse(text).callId);
      await until("both INVITEs are answered with 180", () => new Set(rung()).size === 2);
      assert.equal(run.phoneRelay.pairs.length, connections + 1, "on one connection");
      assert.equal((await callsOf(run)).length, 2, "two calls, not four");

      // The glass shows the first of those that ring.
      const since = Date.now();
      await run.do(run.phone, "answer");
      await run.talk(since);
      await run.do(run.phone, "decline");
      assert.equal((await second.ended()).status, 603);
      const [first, last] = await callsOf(run);
      assert.deepEqual([first.state, last.state, last.reason], ["active", "ended", "local"]);
      assert.notEqual(await hears(run.phone, "window.sipwakeDemo.remoteStream", TONES.caller), null, "the first goes on");
      await run.do(run.phone, "hangup");
      await run.phoneRelay.frame("out", is("BYE"));
      await run.see(run.web, "the caller's call ends", () => window.sipwakeDemo.calls.length === 0);
      await carol.close();
      await run.checkNothingLeft();
      run.checkOctets();
    });

    it("is pushed before the INVITE: reported at once, joined to it, one call", {}, async (run) => {
      const { call, callId } = await heldCall(run, { register: false });
      assert.equal(run.phoneRelay.received(is("INVITE")).length, 0);
      run.phoneRelay.resume();
      const invite = await run.phoneRelay.frame("in", is("INVITE"));
      assert.equal(parse(invite.text).callId, callId);
      assert.ok(call.reportedAt < invite.at);
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      const since = Date.now();
      await run.do(run.phone, "answer");
      await run.talk(since);
      assert.deepEqual((await callsOf(run)).map(({ uuid }) => uuid), [call.uuid]);
      await hangUp(run);
      await run.checkNothingLeft();
    });

    it("has the INVITE before the push: the push is of the call that rings, and one that comes after its end ends at once", { server: { pushAlways: true } }, async (run) => {
      await Promise.all([run.openPhone(), run.openWeb()]);
      await run.registered();
      run.push.hold(run.token);
      await run.dial();
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      const { uuid } = await run.callIs("ringing");
      const { payload } = await run.push.received(({ token }) => token === run.token);
      assert.equal(await run.phone.evaluate(() => window.sipwakeDemo.pushes.length), 0);
      run.push.release(run.token);
      await run.see(run.phone, "the push is here", () => window.sipwakeDemo.pushes.length === 1);
      const since = Date.now();
      await run.do(run.phone, "answer");
      await run.talk(since);
      assert.deepEqual((await callsOf(run)).map((call) => [call.uuid, call.state]), [[uuid, "active"]]);
      await hangUp(run);
      await run.do(run.phone, "push", payload);
      await run.see(run.phone, "the late push is reported", () => window.sipwakeDemo.calls.length === 2);
      const calls = await callsOf(run);
      assert.equal(calls[1].state, "ended");
      assert.equal(run.phoneRelay.received(is("INVITE")).length, 1);
      await run.checkNothingLeft();
    });

    it("wakes slowly, on a network that takes eight seconds, and talks", {}, async (run) => {
      await heldCall(run, { register: false });
      // The user does not wait for what the network does.
      await wait(4000);
      await run.do(run.phone, "answer");
      await wait(4000);
      assert.equal((await run.call()).state, "answering");
      const since = Date.now();
      run.phoneRelay.resume();
      await run.phoneRelay.frame("in", is("INVITE"));
      await run.talk(since);
      await run.callIs("active");
      assert.equal((await callsOf(run)).length, 1);
      await hangUp(run);
      await run.checkNothingLeft();
    });

    it("wakes more slowly than the server waits: the call ends, and the next one is answered", { server: { holdMs: 2500 } }, async (run) => {
      const { call } = await heldCall(run, { register: false });
      await run.webRelay.frame("in", isFinal(480, "INVITE"));
      run.phoneRelay.resume();
      const ended = await run.callIs("ended", INVITE_LIMIT_MS + 3000);
      assert.equal(ended.reason, "unanswered");
      assert.ok(ended.endedAt - call.reportedAt <= INVITE_LIMIT_MS + 1500);
      await run.see(run.web, "the caller's call is over", () => window.sipwakeDemo.calls.length === 0);
      await run.dial();
      await run.see(run.phone, "the next rings", () => window.sipwakeDemo.calls.length === 2 && window.sipwakeDemo.calls[1].state === "ringing");
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      const since = Date.now();
      await run.do(run.phone, "answer");
      await run.talk(since);
      await hangUp(run);
      await run.checkNothingLeft();
    });

    it("is told by a push that the caller gave up while it woke, and ends at once", { server: { cancelPush: true } }, async (run) => {
      await heldCall(run, { register: false });
      await run.do(run.web, "hangup");
      await run.webRelay.frame("in", isFinal(487, "INVITE"));
      assert.equal((await run.callIs("ended", 3000)).reason, "remoteEnded");
      assert.deepEqual(laterPushes(run, run.token), [["cancel", "background"]]);
      run.phoneRelay.resume();
      await run.phoneRelay.frame("in", isFinal(200, "REGISTER"));
      assert.equal((await callsOf(run)).length, 1);
      assert.equal(run.phoneRelay.received(is("INVITE")).length, 0);
      await run.checkNothingLeft();
    });

    it("loses its connection while it rings: the INVITE comes again on the next, and is the same call", {}, async (run) => {
      const { call, callId } = await heldCall(run);
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      const old = run.phoneRelay.pairs.length;
      run.phoneRelay.cut();
      const on = (test) => ({ connection, text }) => connection > old && test(text);
      const again = await until("the INVITE comes again", () => run.phoneRelay.frames.find((frame) => frame.dir === "in" && on(is("INVITE"))(frame)), 10000);
      assert.equal(parse(again.text).callId, callId);
      await until("it rings there", () => run.phoneRelay.frames.some((frame) => frame.dir === "out" && on(isFinal(180, "INVITE"))(frame)));
      assert.deepEqual((await callsOf(run)).map(({ uuid, state }) => [uuid, state]), [[call.uuid, "ringing"]], "nothing rings twice");
      const since = Date.now();
      await run.do(run.phone, "answer");
      const ok = await run.phoneRelay.frame("out", isFinal(200, "INVITE"));
      assert.equal(ok.connection, again.connection);
      await run.talk(since);
      await hangUp(run);
      await run.checkNothingLeft();
      run.checkOctets();
    });

    it("is answered while it has no connection: the answer goes with the INVITE that comes again", {}, async (run) => {
      const { call } = await heldCall(run);
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      const old = run.phoneRelay.pairs.length;
      run.phoneRelay.rules.refuse = 503;
      run.phoneRelay.cut();
      await run.see(run.app, "the page knows", () => window.sipwakeDemo.endpoint.state.accounts[0].registration.state !== "registered", null, 8000);
      await run.do(run.phone, "answer");
      await wait(500);
      assert.equal((await run.call()).state, "answering");
      run.phoneRelay.rules.refuse = 0;
      const since = Date.now();
      const ok = await run.phoneRelay.frame("out", isFinal(200, "INVITE"), 10000);
      assert.ok(ok.connection > old);
      await run.talk(Math.max(since, ok.at));
      assert.equal((await run.callIs("active")).uuid, call.uuid);
      assert.equal((await callsOf(run)).length, 1);
      await hangUp(run);
      await run.checkNothingLeft();
    });

    it("was frozen with its socket open to the server: it registers another Contact and has the INVITE there", { server: { pushAlways: true }, query: { policy: "keep" } }, async (run) => {
      await Promise.all([run.openPhone(), run.openWeb()]);
      await run.registered();
      run.phoneRelay.rules.linger = true;
      await run.sleep();
      const dead = run.phoneRelay.pairs.length;
      await run.dial();
      await run.push.received(({ token }) => token === run.token);
      await run.callIs("ringing");
      const to = (connection) => run.phoneRelay.received(is("INVITE")).filter((frame) => (connection ? frame.connection === dead : frame.connection > dead));
      await until("the server has called the dead connection", () => to(true).length > 0);
      const invite = await until("the INVITE comes on the new connection", () => to(false)[0], 10000);
      const contacts = [...new Set(run.phoneRelay.sent(isRegister).map(({ text }) => /<sip:([^;>]+)/.exec(parse(text).header("contact"))[1]))];
      assert.ok(contacts.length >= 2, "no Contact of a dead connection is used again");
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      const since = Date.now();
      await run.do(run.phone, "answer");
      await run.talk(since);
      assert.equal((await run.phoneRelay.frame("out", isFinal(200, "INVITE"))).connection, invite.connection);
      assert.equal((await callsOf(run)).length, 1);
      await hangUp(run);
      await run.checkNothingLeft();
    });

    it("gets another push token during a call: it is registered at once, the call goes on, and the next push comes by it", {}, async (run) => {
      await heldCall(run);
      await run.phoneRelay.frame("out", isFinal(180, "INVITE"));
      const since = Date.now();
      await run.do(run.phone, "answer");
      await run.talk(since);
      await run.callIs("active");
      const old = run.token;
      await run.phone.evaluate(() => window.sipwakeDemo.changeToken());
      run.token = await run.phone.evaluate(() => window.sipwakeDemo.token);
      assert.notEqual(run.token, old);
      await run.phoneRelay.frame("out", (text) => isRegister(text) && text.includes(`;pn-voip-tok=${run.token}`));
      if (kind === "kamailio") await until("the server has it", async () => (await run.server.devices("bob")).map(({ token }) => token).join() === run.token);
      await until("nothing holds the old one", () => !run.phoneRelay.sent(isRegister).at(-1).text.includes(old));
      assert.equal((await run.call()).state, "active");
      for (const [page, hertz] of [[run.phone, TONES.caller], [run.web, TONES.phone]]) {
        assert.notEqual(await hears(page, "window.sipwakeDemo.remoteStream", hertz), null, "both go on hearing each other");
      }
      assert.equal(run.phoneRelay.sent(is("INVITE")).length, 0, "the call itself is left alone");
      await hangUp(run);
      await run.checkNothingLeft();

      await run.see(run.phone, "the app sleeps again", () => window.sipwakeDemo.app === "suspended", null, 15000);
      await run.dial();
      await run.push.received(({ token }) => token === run.token);
      await run.see(run.phone, "it rings", () => window.sipwakeDemo.calls.length === 2 && window.sipwakeDemo.calls[1].state === "ringing");
      assert.equal(run.push.log.filter(({ token }) => token === old).length, 1, "the old one is pushed to no more");
      await run.do(run.phone, "decline");
      await run.webRelay.frame("in", isFinal(603, "INVITE"));
    });
  });
}
