// What is around calls, and what changes them, between the built package and SIPp.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lacksSipp, sleep, until, withSipp } from "./support/sipp.mjs";

/** The engine calls, and the body does something in the call before the engine ends it. */
const inCall = (scenario, body, kind = "completed") => () => withSipp(async (run) => {
  const far = await run.sipp(scenario);
  const call = await run.dial();
  await run.is(call, "connected");
  await body(call, run);
  await far.passed();
  await run.over(call, kind);
});

const hangUp = async (call) => {
  await sleep(150);
  await call.hangup();
};

describe("around calls with SIPp", { skip: lacksSipp, timeout: 120_000 }, () => {
  // RFC 3264 8.4: the engine holds and resumes
  test("uas-hold", inCall("uas-hold", async (call) => {
    await call.hold();
    assert.equal(call.onHold, true);
    await call.unhold();
    assert.equal(call.onHold, false);
    await hangUp(call);
  }));

  // RFC 3261 14.1: a refused hold leaves the call
  test("uas-hold-refused", inCall("uas-hold-refused", async (call) => {
    const error = await call.hold().catch((reason) => reason);
    assert.equal(error.status, 488);
    assert.deepEqual([call.state, call.onHold], ["connected", false]);
    await hangUp(call);
  }));

  // RFC 3261 14.1: 491 to the engine's re-INVITE
  test("uas-491", inCall("uas-491", async (call, run) => {
    const started = Date.now();
    await call.hold();
    const [, second, third] = run.wire.frames.filter(({ dir, text }) => dir === "out" && text.startsWith("INVITE"));
    assert.ok(third.at - second.at >= 2000 && third.at - second.at <= 4300, `again after ${third.at - second.at} ms`);
    assert.ok(Date.now() - started < 8000);
    await hangUp(call);
  }));

  // RFC 3261 14.2: re-INVITEs meet
  test("uas-glare", inCall("uas-glare", async (call) => {
    await call.hold();
    await hangUp(call);
  }));

  // RFC 3515 2.4: a blind transfer
  test("uas-refer", inCall("uas-refer", async (call, run) => {
    const told = run.keep("transfer_changed");
    await call.transfer("sip:carol@example.com");
    await until("the end of it", () => told.some(({ done, status }) => done && status === 200));
  }));

  // RFC 3515 2.4.2: a transfer that is refused
  test("uas-refer-refused", inCall("uas-refer-refused", async (call) => {
    const error = await call.transfer("sip:carol@example.com").catch((reason) => reason);
    assert.equal(error.status, 603);
    assert.equal(call.state, "connected");
    await hangUp(call);
  }));

  // RFC 3515 2.4.5: a transfer that fails
  test("uas-refer-fails", inCall("uas-refer-fails", async (call, run) => {
    const told = run.keep("transfer_changed");
    await call.transfer("sip:carol@example.com");
    await until("the end of it", () => told.some(({ done, status }) => done && status === 486));
    assert.equal(call.state, "connected");
    await hangUp(call);
  }));

  // RFC 5589 7: an attended transfer, and both calls of ours end
  test("uas-refer-replaces", () => withSipp(async (run) => {
    const other = await run.sipp("uas-call");
    const second = await run.dial();
    await run.is(second, "connected");
    const far = await run.sipp("uas-refer-replaces");
    const first = await run.dial();
    await run.is(first, "connected");
    await first.transfer(second);
    await Promise.all([far.passed(), other.passed()]);
    const refer = run.wire.sent(({ method }) => method === "REFER")[0];
    assert.ok(refer.header("refer-to").includes(encodeURIComponent(second.sipCallId)), refer.header("refer-to"));
    await run.over(first, "completed");
    await run.over(second, "completed");
  }));

  // RFC 3515 2.4.4: the engine is transferred
  // RFC 3892 3: and says who referred it
  test("uac-refer", () => withSipp(async (run) => {
    const referrals = run.keep("transfer_requested");
    const far = await run.sipp("uac-refer");
    const call = await run.incoming();
    await call.answer();
    const { referral, target } = await until("a referral", () => referrals[0]);
    assert.equal(target, "sip:carol@example.com");
    const carol = await run.sipp("uas-referred");
    await referral.accept();
    const next = await until("the call to the target", () => run.endpoint.state.calls.find(({ direction }) => direction === "outgoing")?.call);
    await far.passed();
    await run.is(next, "connected");
    await next.hangup();
    await carol.passed();
    await run.over(call, "completed");
  }));

  // RFC 3891 3: INVITE with Replaces
  test("uac-replaces", () => withSipp(async (run) => {
    const replaced = run.keep("call_replaced");
    const first = await run.sipp("uac-kept");
    const call = await run.incoming();
    await call.answer();
    await run.is(call, "connected");
    const ok = await run.wire.expect("200", ({ status, cseqMethod }) => status === 200 && cseqMethod === "INVITE");
    const second = await run.sipp("uac-replaces", { keys: { replaces: `${ok.callId};to-tag=${ok.toTag};from-tag=${/tag=([^;]+)/.exec(ok.header("from"))[1]}` } });
    await Promise.all([first.passed(), second.passed()]);
    await run.over(call, "completed");
    assert.equal(replaced.length, 1);
  }));

  // RFC 3891 3: Replaces of nothing
  test("uac-replaces-nothing", () => withSipp(async (run) => {
    const far = await run.sipp("uac-replaces-nothing");
    await far.passed();
    assert.equal(run.calls.length, 0);
  }));

  // RFC 3262 4: PRACK with forks
  test("uas-prack-fork", inCall("uas-prack-fork", async (call, run) => {
    await run.wire.expect("an offer to the winner", ({ method, toTag }) => method === "INVITE" && toTag === "two");
    await hangUp(call);
  }));

  // RFC 3262 4: a reliable response that comes again
  test("uas-prack-again", inCall("uas-prack-again", hangUp));

  // RFC 3262 3: reliable ringing
  test("uac-prack", () => withSipp(async (run) => {
    const far = await run.sipp("uac-prack");
    const call = await run.incoming();
    await run.wire.expect("the answer to PRACK", ({ status, cseqMethod }) => status === 200 && cseqMethod === "PRACK");
    await call.answer();
    await far.passed();
    await run.over(call, "completed");
  }));

  // RFC 3262 5: the offer in the reliable 180, its answer in PRACK; then the 200 has nothing to describe
  test("uac-prack-offer", () => withSipp(async (run) => {
    const far = await run.sipp("uac-prack-offer");
    const call = await run.incoming();
    await run.wire.expect("the answer to PRACK", ({ status, cseqMethod }) => status === 200 && cseqMethod === "PRACK");
    await call.answer();
    await far.passed();
    await run.over(call, "completed");
    const [ok] = run.wire.sent(({ status, cseqMethod }) => status === 200 && cseqMethod === "INVITE");
    assert.equal(ok.body, "");
  }));

  // RFC 3262 3, 5: ringing, then early media, whose PRACK has an offer and its 200 the answer
  test("uac-prack-early", () => withSipp(async (run) => {
    const far = await run.sipp("uac-prack-early");
    const call = await run.incoming();
    await call.progress({ earlyMedia: true });
    await run.wire.expect("the answer to its offer", ({ status, cseqMethod, text }) => status === 200 && cseqMethod === "PRACK" && text.includes("m=audio"));
    await call.answer();
    await far.passed();
    await run.over(call, "completed");
  }));

  // RFC 3262 3, RFC 3261 9.2: a reliable 180 without its PRACK is repeated, and the call is cancelled
  test("uac-prack-cancel", () => withSipp(async (run) => {
    const far = await run.sipp("uac-prack-cancel");
    const call = await run.incoming();
    await far.passed();
    await run.over(call, "missed");
    // SIPp passes over what comes again.
    assert.equal(run.wire.sent(({ status, body }) => status === 180 && body.includes("m=audio")).length, 2);
  }));

  // RFC 3261 8.1.3.4: the far end redirects
  test("uas-302", inCall("uas-302", hangUp));

  // RFC 3261 21.3.3: the engine redirects
  test("uac-302", () => withSipp(async (run) => {
    const far = await run.sipp("uac-302");
    const call = await run.incoming();
    await call.redirect("sip:carol@example.com");
    await far.passed();
  }));

  // RFC 3428 4: a text
  test("uas-message", () => withSipp(async (run) => {
    const far = await run.sipp("uas-message");
    const { status } = await run.endpoint.sendMessage(run.account, "sip:bob@example.com", "hello bob");
    assert.equal(status, 200);
    await far.passed();
  }));

  // RFC 3261 11.1: OPTIONS
  test("uas-options", () => withSipp(async (run) => {
    const far = await run.sipp("uas-options");
    const { status, headers } = await run.endpoint.sendOptions(run.account, "sip:bob@example.com");
    assert.equal(status, 200);
    assert.ok(headers.some(({ name }) => name === "Allow"));
    await far.passed();
  }));

  // RFC 6086 4.2.1: a digit in INFO
  test("uas-info", inCall("uas-info", async (call) => {
    await call.dtmf("5", { method: "info" });
    await hangUp(call);
  }));

  // RFC 6665 4.1: a subscriber
  test("uas-subscribe", () => withSipp(async (run) => {
    const notified = run.keep("notify_received");
    const far = await run.sipp("uas-subscribe");
    const subscription = await run.endpoint.subscribe(run.account, "sip:alice@example.com", "message-summary", { accept: ["application/simple-message-summary"], expires: 600 });
    await until("a notification", () => notified.some(({ body }) => body.includes("Messages-Waiting: yes")));
    await subscription.unsubscribe();
    await far.passed();
    await until("its end", () => subscription.state === "terminated");
  }));

  // RFC 6665 4.2: a notifier
  test("uac-subscribe", () => withSipp({ account: { events: ["presence"] } }, async (run) => {
    const asked = run.keep("subscribe_received");
    const far = await run.sipp("uac-subscribe");
    const { subscriber } = await until("a subscriber", () => asked[0]);
    await subscriber.accept("<presence/>", { contentType: "application/pidf+xml" });
    await far.passed();
  }));

  // RFC 3903 4.1: a publication is made, changed and removed under its entity-tag
  test("uas-publish", () => withSipp(async (run) => {
    const contentType = "application/pidf+xml";
    const step = async (etag, publish) => {
      const far = await run.sipp("uas-publish", { keys: { etag } });
      const value = await publish();
      await far.passed();
      return value;
    };
    const publication = await step("one", () => run.endpoint.publish(run.account, "presence", "<presence/>", { contentType, expires: 600 }));
    await step("two", () => publication.update("<presence>away</presence>", { contentType }));
    await step("three", () => publication.remove());
    const sent = run.wire.sent(({ method }) => method === "PUBLISH");
    assert.deepEqual(sent.map((message) => message.header("sip-if-match")), [undefined, "one", "two"]);
    assert.equal(sent[2].header("expires"), "0");
    assert.equal(sent[2].body, "");
  }));
});
