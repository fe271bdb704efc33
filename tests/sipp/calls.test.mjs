// Calls between the built package and SIPp: each scenario of SIPp is an XML file beside this one, and passes only if every message
// comes that it wants, in its order, and no other.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lacksSipp, sleep, until, withSipp } from "./support/sipp.mjs";

/** The engine calls; it hangs up where the scenario leaves that to it. */
const outgoing = (scenario, { hangup = true, kind = "completed", options, start = {} } = {}) => () => withSipp(start, async (run) => {
  const far = await run.sipp(scenario);
  const call = await run.dial(options);
  if (hangup) {
    await run.is(call, "connected");
    await sleep(400);
    await call.hangup();
  }
  await far.passed();
  await run.over(call, kind);
});

/** The engine is called and answers; the scenario ends the call unless the engine shall. */
const incoming = (scenario, { hangup = false, start = {} } = {}) => () => withSipp(start, async (run) => {
  const far = await run.sipp(scenario);
  const call = await run.incoming();
  await call.answer();
  await run.is(call, "connected");
  if (hangup) {
    await sleep(150);
    await call.hangup();
  }
  await far.passed();
  await run.over(call, "completed");
});

/** The engine answers by itself, whatever the application does. */
const untouched = (scenario) => () => withSipp(async (run) => {
  const far = await run.sipp(scenario);
  await far.passed();
  assert.equal(run.calls.length, 0);
});

describe("calls with SIPp", { skip: lacksSipp, timeout: 120_000 }, () => {
  // RFC 3261 13.2: a call is made, answered and ended by the caller
  test("uas-call", outgoing("uas-call"));

  // RFC 3261 13.3: a call comes, is answered, and the caller ends it
  test("uac-call", incoming("uac-call"));

  // RFC 3261 9.2: what rings is cancelled by the caller: 200 to CANCEL, 487 to INVITE
  test("uac-cancel", () => withSipp(async (run) => {
    const far = await run.sipp("uac-cancel");
    const call = await run.incoming();
    await far.passed();
    await run.over(call, "missed");
  }));

  // RFC 3261 9.1: what rings there is cancelled
  test("uas-cancel", () => withSipp(async (run) => {
    const far = await run.sipp("uas-cancel");
    const call = await run.dial();
    await until("it rings there", () => ["ringing", "early"].includes(call.state));
    await call.hangup();
    await far.passed();
    await run.over(call, "cancelled");
  }));

  // RFC 3261 9.1: CANCEL crosses the 200: ACK, then BYE
  test("uas-cancel-crosses-200", () => withSipp(async (run) => {
    const far = await run.sipp("uas-cancel-crosses-200");
    const call = await run.dial();
    await until("it rings there", () => ["ringing", "early"].includes(call.state));
    await call.hangup();
    await far.passed();
    await run.over(call, "cancelled");
  }));

  // RFC 3261 13.2.2.4: the second 200 of a fork gets ACK and BYE on its own dialog
  test("uas-fork-200", () => withSipp(async (run) => {
    const far = await run.sipp("uas-fork-200");
    const call = await run.dial();
    await run.is(call, "connected");
    await run.wire.expect("a BYE to the second", ({ method, toTag }) => method === "BYE" && toTag === "second");
    await sleep(200);
    assert.equal(call.state, "connected");
    await call.hangup();
    await far.passed();
    await run.over(call, "completed");
  }));

  // RFC 3261 13.2.2.4: a repeated 200 gets its ACK again
  test("uas-200-again", () => withSipp(async (run) => {
    const far = await run.sipp("uas-200-again");
    const call = await run.dial();
    await until("two ACKs", () => run.wire.sent(({ method }) => method === "ACK").length === 2);
    await call.hangup();
    await far.passed();
    await run.over(call, "completed");
  }));

  // RFC 3261 12.1: a 183 without a To tag makes no dialog
  test("uas-183-without-tag", outgoing("uas-183-without-tag"));

  // RFC 3261 12.2.1.1: a strict route
  test("uas-strict-route", outgoing("uas-strict-route"));

  // RFC 3261 12.1.2: the caller's route set is reversed
  test("uas-loose-routes", outgoing("uas-loose-routes"));

  // RFC 3261 12.1.1: the callee's route set is not
  test("uac-routes", incoming("uac-routes", { hangup: true }));

  // RFC 3261 13.2.1: the offer comes in the 200
  test("uac-late-offer", incoming("uac-late-offer"));

  // RFC 3261 14.2: the offer comes in the 200 of a re-INVITE
  test("uac-reinvite-without-sdp", incoming("uac-reinvite-without-sdp"));

  // RFC 3264 8.4: hold and resume by the far end
  test("uac-hold", incoming("uac-hold"));

  // RFC 3261 8.2.2.3: Require that cannot be met
  test("uac-extension", untouched("uac-extension"));

  // RFC 3261 11.2: OPTIONS
  test("uac-options", untouched("uac-options"));

  // RFC 3261 12.2.2: no such dialog
  test("uac-no-dialog", untouched("uac-no-dialog"));

  // RFC 3261 12.2.2: CSeq that goes back
  test("uac-cseq", incoming("uac-cseq"));

  // RFC 3261 21.4.24: busy
  test("uas-busy", outgoing("uas-busy", { hangup: false, kind: "busy" }));

  // RFC 3261 22.2: a challenge to INVITE; SIPp checks the digest by itself
  test("uas-challenge", outgoing("uas-challenge", { start: { account: { realms: ["example.com"] } } }));

  // RFC 3261 14.2: an offer that cannot be taken leaves the session as it is
  test("uac-reinvite-refused", incoming("uac-reinvite-refused"));

  // RFC 3261 14.2: two re-INVITEs at once
  test("uac-two-reinvites", incoming("uac-two-reinvites", { start: { host: { delayMs: 100 } } }));

  // RFC 3311 5.2: UPDATE as target refresh and as hold
  test("uac-update", incoming("uac-update"));

  // RFC 4028 9: session timers as the callee
  test("uac-session-timer", incoming("uac-session-timer"));

  // RFC 4028 8.1: an interval that is too small
  test("uac-session-interval", untouched("uac-session-interval"));

  // RFC 4028 7.4: 422, then 200
  test("uas-422", outgoing("uas-422"));

  // RFC 3428 7: MESSAGE
  test("uac-message", untouched("uac-message"));

  // RFC 6086 4.2.2: INFO in a call
  test("uac-info", incoming("uac-info"));

  // RFC 8840 4.4: candidates by INFO
  test("uac-trickle", () => withSipp(async (run) => {
    const far = await run.sipp("uac-trickle");
    const call = await run.incoming();
    await call.answer();
    await far.passed();
    await run.over(call, "completed");
    const told = run.host.posted.filter(({ type }) => type === "media.candidate").map(({ p: { mid, ufrag, candidate } }) => [mid, ufrag, / typ (\w+)/.exec(candidate)?.[1]]);
    assert.deepEqual(told, [["0", "wx4Q", "srflx"], ["0", "wx4Q", "relay"], ["0", "wx4Q", undefined]]);
  }));

  // RFC 3261 8.2.2.2: merged requests
  test("uac-merged", () => withSipp(async (run) => {
    const far = await run.sipp("uac-merged");
    const call = await run.incoming();
    await run.wire.expect("482", ({ status }) => status === 482);
    await call.answer();
    await far.passed();
    await run.over(call, "completed");
    assert.equal(run.calls.length, 1);
  }));

  // RFC 3261 13.2.2.3: early dialogs end with the refusal
  test("uas-fork-busy", outgoing("uas-fork-busy", { hangup: false, kind: "busy" }));

  // RFC 3261 13.2.2.4: another fork than the one with early media answers
  test("uas-fork-other-answers", outgoing("uas-fork-other-answers"));

  // RFC 3261 17: transactions and dialogs of many calls do not meet
  test("a hundred calls, five at a time", () => withSipp(async (run) => {
    const before = run.endpoint.counters();
    const failed = [];
    run.endpoint.on("call_received", ({ call }) => call.answer().catch((error) => failed.push(error)));
    const far = await run.sipp("uac-call", { calls: 100, atOnce: 5, limitS: 40 });
    await far.passed();
    await until("the end of all", () => run.terminated.length === 100);
    assert.deepEqual(failed, []);
    assert.ok(run.terminated.every(({ outcome }) => outcome.kind === "completed"));
    assert.equal(run.endpoint.state.calls.length, 0);
    // What a dialog leaves behind for repeated requests goes by itself; sockets and media are as before.
    const { sockets, peerConnections } = run.endpoint.counters();
    assert.deepEqual({ sockets, peerConnections }, { sockets: before.sockets, peerConnections: before.peerConnections });
  }));
});
