//! How calls end: each typed outcome with the reason that the system's call screen shows, as the wire brings it about.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::bridge::EndReason;
use sipwake::io::{CallId, CallOptions, CallState, Command, ErrorCode, Extra, MediaFailure, Outcome, OutcomeKind};
use sipwake::message::HeaderName;

use crate::far::Far;

/// What the end of a call is to be.
type Expected = (OutcomeKind, bool, Option<u16>, Option<u16>, EndReason);

fn summary(outcome: &Outcome) -> Expected {
    (outcome.kind, outcome.local, outcome.status, outcome.q850, EndReason::of(outcome))
}

fn end(far: &Far, what: &str) -> Outcome {
    let mut outcomes = far.world.outcomes(far.phone);
    assert_eq!(outcomes.len(), 1, "{what}");
    outcomes.remove(0)
}

fn hang_up(far: &mut Far, call: CallId) {
    far.world.command_now(far.phone, Command::Hangup(call, Extra::default())).unwrap();
    far.run(100);
}

/// RFC 3326 2, RFC 3398 7.2.3: why an unanswered call was taken back. Each protocol counts once, in one line or more; what
/// cannot be read says nothing.
#[test]
fn a_cancelled_call_ended_as_its_reasons_say() {
    use OutcomeKind::{AnsweredElsewhere, DeclinedElsewhere, Missed};
    let (answered, declined, remote) =
        (EndReason::AnsweredElsewhere, EndReason::DeclinedElsewhere, EndReason::RemoteEnded);
    for (lines, kind, status, q850, reason) in [
        (&[][..], Missed, None, None, remote),
        (&["Reason: SIP;cause=200;text=\"Call completed elsewhere\""], AnsweredElsewhere, Some(200), None, answered),
        (&["Reason: Q.850;cause=26;text=\"LOSE_RACE\""], AnsweredElsewhere, None, Some(26), answered),
        (&["Reason: SIP;cause=487, Q.850;cause=26"], AnsweredElsewhere, Some(487), Some(26), answered),
        (&["Reason: SIP;cause=603;text=\"Decline\""], DeclinedElsewhere, Some(603), None, declined),
        (&["Reason: SIP;cause=600"], DeclinedElsewhere, Some(600), None, declined),
        (&["Reason: SIP;cause=607"], DeclinedElsewhere, Some(607), None, declined),
        (&["Reason: Q.850;cause=16", "Reason: SIP;cause=200"], AnsweredElsewhere, Some(200), Some(16), answered),
        (&["Reason: SIP;cause=487;text=\"ORIGINATOR_CANCEL\""], Missed, Some(487), None, remote),
        (&["Reason: Q.850;cause=16"], Missed, None, Some(16), remote),
        (&["Reason: SIP;cause=603, SIP;cause=200"], DeclinedElsewhere, Some(603), None, declined),
        (&["Reason: X.25;cause=200, preemption;cause=1"], Missed, None, None, remote),
        (&["Reason: SIP;cause=99999", "Reason: ;;=", "Reason: \"SIP;cause=200"], Missed, None, None, remote),
        (&["Reason: ;cause=200", "Reason: SIP;cause=200"], AnsweredElsewhere, Some(200), None, answered),
    ] {
        let mut far = Far::new();
        let invite = far.invite_sdp("call", &[], 1);
        far.cancel(&invite, lines);
        assert_eq!(far.response("INVITE").status(), 487);
        assert_eq!(summary(&end(&far, "cancelled")), (kind, false, status, q850, reason), "{lines:?}");
    }
}

/// RFC 3326 2: a BYE before the answer says as much as a CANCEL.
#[test]
fn a_call_that_a_bye_takes_back_ended_as_its_reasons_say() {
    for (line, kind) in [
        ("Reason: SIP;cause=200", OutcomeKind::AnsweredElsewhere),
        ("Reason: SIP;cause=603", OutcomeKind::DeclinedElsewhere),
        ("X-None: 1", OutcomeKind::Missed),
    ] {
        let mut far = Far::new();
        let invite = far.invite_sdp("call", &[], 1);
        let mut peer = far.peer_of_response(&invite, &far.response("INVITE"));
        far.ask(&mut peer, "BYE", &[line], "");
        assert_eq!(end(&far, line).kind, kind, "{line}");
    }
}

/// RFC 3261 21, RFC 6432 2, RFC 3398 7.2.4.1: why a call of ours was not taken.
#[test]
fn a_refused_call_ended_as_its_status_and_reasons_say() {
    use OutcomeKind::{Busy, Cancelled, Declined, Failed};
    let (unanswered, remote, failed) = (EndReason::Unanswered, EndReason::RemoteEnded, EndReason::Failed);
    for (status, line, kind, q850, reason, error) in [
        (486, "X-None: 1", Busy, None, unanswered, None),
        (600, "X-None: 1", Busy, None, unanswered, None),
        (603, "X-None: 1", Declined, None, remote, None),
        (607, "X-None: 1", Declined, None, remote, None),
        (608, "X-None: 1", Declined, None, remote, None),
        (480, "X-None: 1", Cancelled, None, unanswered, None),
        (408, "X-None: 1", Cancelled, None, unanswered, None),
        (487, "X-None: 1", Cancelled, None, unanswered, None),
        (404, "X-None: 1", Failed, None, failed, Some(ErrorCode::UnknownUser)),
        (604, "X-None: 1", Failed, None, failed, Some(ErrorCode::UnknownUser)),
        (403, "X-None: 1", Failed, None, failed, Some(ErrorCode::Forbidden)),
        (488, "X-None: 1", Failed, None, failed, Some(ErrorCode::BadDescription)),
        (606, "X-None: 1", Failed, None, failed, Some(ErrorCode::BadDescription)),
        (503, "X-None: 1", Failed, None, failed, Some(ErrorCode::Rejected)),
        (699, "X-None: 1", Busy, None, unanswered, None),
        (480, "Reason: Q.850;cause=17;text=\"User busy\"", Busy, Some(17), unanswered, None),
        (403, "Reason: Q.850;cause=21", Declined, Some(21), remote, None),
        (480, "Reason: SIP;cause=480, Q.850;cause=19", Cancelled, Some(19), unanswered, None),
        (404, "Reason: Q.850;cause=1;text=\"Unallocated\"", Failed, Some(1), failed, Some(ErrorCode::UnknownUser)),
        (486, "Reason: SIP;cause=200", Busy, None, unanswered, None),
        (503, "Reason: Q.850;cause=, SIP;cause", Failed, None, failed, Some(ErrorCode::Rejected)),
    ] {
        let mut far = Far::new();
        let (_, invite) = far.called();
        far.reply(&invite, status, "bob", &[line], "");
        let outcome = end(&far, line);
        assert_eq!(summary(&outcome), (kind, false, Some(status), q850, reason), "{status} {line}");
        assert_eq!(outcome.error.map(|error| error.code), error, "{status} {line}");
    }
}

/// RFC 3326 2: an established call is completed whatever its BYE says, which is told.
#[test]
fn an_established_call_that_they_hang_up_is_completed() {
    for (line, status, q850, text) in [
        ("X-None: 1", None, None, None),
        ("Reason: SIP;cause=200;text=\"Transferred\", Q.850;cause=16", Some(200), Some(16), Some("Transferred")),
        ("Reason: Q.850;cause=38;text=\"Out, of order\"", None, Some(38), Some("Out, of order")),
        ("Reason: preemption ;cause=1 ;text=\"UA Preemption\"", None, None, None),
        ("Reason: SIP;cause=200;text=\"a\\\"b\"", Some(200), None, Some("a\"b")),
    ] {
        let mut far = Far::new();
        let (_, _, mut peer) = far.talking();
        far.ask(&mut peer, "BYE", &[line], "");
        assert_eq!(far.response("BYE").status(), 200);
        let outcome = end(&far, line);
        let expected = (OutcomeKind::Completed, false, status, q850, EndReason::RemoteEnded);
        assert_eq!(summary(&outcome), expected, "{line}");
        assert_eq!(outcome.reason_text.as_deref(), text, "{line}");
    }
}

/// What this side does ends a call locally, in each phase.
#[test]
fn what_we_end_is_ours() {
    use OutcomeKind::{Cancelled, Completed, Declined};
    let mut far = Far::new();
    let (call, _, _) = far.talking();
    hang_up(&mut far, call);
    assert_eq!(summary(&end(&far, "established")), (Completed, true, None, None, EndReason::Local));
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "bob", &[], "");
    hang_up(&mut far, call);
    assert_eq!(summary(&end(&far, "ringing there")), (Cancelled, true, None, None, EndReason::Local));
    let mut far = Far::new();
    far.invite_sdp("call", &[], 1);
    let call = far.only_call().id;
    hang_up(&mut far, call);
    assert_eq!(summary(&end(&far, "ringing here")), (Declined, true, Some(603), None, EndReason::Local));
}

/// RFC 3261 13.3.1: an invitation that expires was missed.
#[test]
fn an_invitation_that_expires_was_missed() {
    let mut far = Far::new();
    far.invite_sdp("call", &["Expires: 5"], 1);
    far.run(6_000);
    let expected = (OutcomeKind::Missed, false, Some(487), None, EndReason::RemoteEnded);
    assert_eq!(summary(&end(&far, "expired")), expected);
}

/// RFC 3261 8.1.3.1: nobody answers, the way is gone, media fails: it failed, on this side's word.
#[test]
fn what_breaks_has_failed() {
    use OutcomeKind::{Failed, NetworkLost};
    let failed = EndReason::Failed;
    let mut far = Far::new();
    far.called();
    far.run(40_000);
    let outcome = end(&far, "silence");
    assert_eq!(summary(&outcome), (Failed, true, None, None, failed));
    assert_eq!(outcome.error.map(|error| error.code), Some(ErrorCode::Timeout));
    let mut far = Far::new();
    let (_, invite) = far.called();
    far.reply(&invite, 180, "bob", &[], "");
    far.world.cut(far.phone);
    let outcome = end(&far, "cut");
    assert_eq!(summary(&outcome), (NetworkLost, true, None, None, failed));
    assert_eq!(outcome.error.map(|error| error.code), Some(ErrorCode::FlowLost));
    let mut far = Far::new();
    far.world.phones[far.phone].media_failure = Some(MediaFailure::NoMicrophone);
    far.invite_sdp("call", &[], 1);
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(100);
    let outcome = end(&far, "no microphone");
    assert_eq!(summary(&outcome), (Failed, true, Some(480), None, failed));
    assert_eq!(outcome.error.map(|error| error.code), Some(ErrorCode::NoMicrophone));
}

/// The options of a call that has so many seconds to be answered in.
fn within(seconds: u32) -> CallOptions {
    CallOptions { expires: Some(seconds), ..CallOptions::default() }
}

/// RFC 3261 13.2.1: an invitation with Expires is cancelled when its time is over, and not before.
#[test]
fn an_invitation_of_ours_that_expires_is_cancelled() {
    let mut far = Far::new();
    let (call, invite) = far.called_with(within(10));
    assert_eq!(invite.headers.get(HeaderName::Expires), Some("10"));
    far.reply(&invite, 180, "bob", &[], "");
    far.run(9_500);
    assert_eq!((far.state(call).is_some(), far.count("CANCEL")), (true, 0));
    far.run(500);
    assert_eq!((far.state(call).is_some(), far.count("CANCEL")), (false, 1));
    let ended = end(&far, "unanswered");
    assert_eq!((ended.kind, ended.local), (OutcomeKind::Cancelled, true));
    assert_eq!(ended.error.map(|error| error.code), Some(ErrorCode::Timeout));
    // An answer that crosses the CANCEL.
    far.reply_sdp(&invite, 200, "bob", &[], 1);
    assert_eq!((far.count("ACK"), far.count("BYE")), (1, 1));
}

/// RFC 3261 13.2.1, 20.19: Expires of an INVITE says nothing of the call that comes of it.
#[test]
fn an_answer_in_time_ends_the_time_of_the_invitation() {
    let mut far = Far::new();
    let (call, invite) = far.called_with(within(10));
    far.reply_sdp(&invite, 200, "bob", &[], 1);
    far.run(60_000);
    assert_eq!((far.state(call), far.count("CANCEL")), (Some(CallState::Connected), 0));
    let command = Command::MakeCall { account: far.account, target: "bob".to_owned(), options: within(0) };
    assert_eq!(far.world.command_now(far.phone, command).map_err(|error| error.field), Err(Some("expires")));
}
