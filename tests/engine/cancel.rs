//! CANCEL and what it crosses.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{CallId, CallState, Command, ErrorCode, Event, Extra, OutcomeKind};
use sipwake::message::HeaderName;

use crate::far::{Far, header};

/// RFC 3261 9.2
#[test]
fn a_cancelled_call_is_refused_with_487() {
    let mut far = Far::new();
    let invite = far.invite_sdp("c1", &[], 1);
    let call = far.only_call();
    assert_eq!(far.statuses("INVITE"), [100, 180]);
    far.cancel(&invite, &["Reason: SIP;cause=200;text=\"Call completed elsewhere\""]);
    assert_eq!(far.statuses("CANCEL"), [200]);
    assert_eq!(far.response("INVITE").status(), 487);
    assert_eq!(far.state(call.id), None);
    assert_eq!(far.world.outcomes(far.phone)[0].kind, OutcomeKind::AnsweredElsewhere);
    assert!(far.world.phones[far.phone].events.iter().any(|event| matches!(event, Event::CallReceived { .. })));
}

/// RFC 3261 9.2
#[test]
fn a_cancel_after_our_200_changes_nothing() {
    let mut far = Far::new();
    let (call, invite, mut peer) = far.taken("c1");
    far.take();
    far.cancel(&invite, &[]);
    assert_eq!(far.statuses("CANCEL"), [200]);
    assert!(far.state(call).is_some());
    far.ask(&mut peer, "BYE", &[], "");
    assert_eq!(far.state(call), None);
}

fn hang_up(far: &mut Far, call: CallId, reason: Option<&str>) {
    let headers = reason.map(|reason| ("Reason".to_owned(), reason.to_owned())).into_iter().collect();
    far.world.command_now(far.phone, Command::Hangup(call, Extra { headers })).unwrap();
    far.run(50);
}

/// RFC 3261 9.1, RFC 3326 2: the CANCEL is of the INVITE's own path and number, and says why.
#[test]
fn a_cancel_says_why() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "one", &[], "");
    hang_up(&mut far, call, Some("SIP;cause=200;text=\"Elsewhere\""));
    let cancel = far.request("CANCEL");
    for name in [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId] {
        assert_eq!(header(&cancel.headers, name), header(&invite.headers, name));
    }
    assert_eq!(cancel.uri(), invite.uri());
    assert_eq!(header(&cancel.headers, HeaderName::CSeq), "1 CANCEL");
    assert_eq!(header(&cancel.headers, HeaderName::Reason), "SIP;cause=200;text=\"Elsewhere\"");
    far.reply(&cancel, 200, "one", &[], "");
    far.reply(&invite, 487, "one", &[], "");
    assert_eq!(far.count("ACK"), 1);
    assert_eq!(far.world.outcomes(far.phone)[0].kind, OutcomeKind::Cancelled);
}

/// RFC 3261 9.1: before any response it waits, and its reason with it.
#[test]
fn a_cancel_waits_for_the_first_response() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    hang_up(&mut far, call, Some("Q.850;cause=16"));
    assert_eq!((far.count("CANCEL"), far.state(call)), (0, None));
    far.reply(&invite, 100, "", &[], "");
    assert_eq!(header(&far.request("CANCEL").headers, HeaderName::Reason), "Q.850;cause=16");
}

/// RFC 3261 9.1, 13.2.2.4: an answer that crosses the CANCEL is closed; there is no call.
#[test]
fn an_answer_that_crosses_our_cancel_gets_ack_and_bye() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "one", &[], "");
    hang_up(&mut far, call, None);
    far.take();
    far.reply_sdp(&invite, 200, "one", &[], 1);
    assert_eq!(far.lines(), ["ACK", "BYE"]);
    assert_eq!(far.world.outcomes(far.phone).len(), 1);
    far.reply_sdp(&invite, 200, "two", &[], 2);
    assert_eq!(far.lines(), ["ACK", "BYE", "ACK", "BYE"], "and so is that of another fork");
    far.take();
    far.reply_sdp(&invite, 200, "one", &[], 1);
    assert_eq!(far.lines(), ["ACK"], "each repetition wants its ACK");
}

/// RFC 3261 9.1: no final response within 64 * T1 of the CANCEL ends the transaction; a late 2xx is closed all the same.
#[test]
fn a_cancelled_invite_without_a_final_response_is_forgotten() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "one", &[], "");
    hang_up(&mut far, call, None);
    far.run(33_000);
    far.take();
    far.reply(&invite, 487, "one", &[], "");
    assert!(far.lines().is_empty(), "nobody remembers it: {:?}", far.lines());
    far.reply_sdp(&invite, 200, "one", &[], 1);
    assert_eq!(far.lines(), ["ACK", "BYE"]);
}

/// RFC 3261 9.2: their CANCEL while our answer is being made wins; the answer command says so.
#[test]
fn a_cancel_that_crosses_our_answer_ends_the_call() {
    let mut far = Far::new();
    let invite = far.invite_sdp("c1", &[], 1);
    let call = far.only_call().id;
    let answer = far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.cancel(&invite, &[]);
    assert_eq!(far.world.result(far.phone, answer), Some(Err(ErrorCode::CallEnded.into())));
    assert_eq!(far.statuses("INVITE"), [100, 180, 487]);
    assert!(far.world.phones[far.phone].open_media.is_empty());
}

/// RFC 3261 15.1.2: a BYE on the early dialog; the INVITE still has its final response.
#[test]
fn a_bye_before_the_answer_ends_the_call_with_487() {
    let mut far = Far::new();
    let invite = far.invite_sdp("c1", &[], 1);
    let mut peer = far.peer_of_response(&invite, &far.response("INVITE"));
    far.ask(&mut peer, "BYE", &["Reason: Q.850;cause=16;text=\"Gone\""], "");
    assert_eq!((far.statuses("BYE"), far.response("INVITE").status()), (vec![200], 487));
    let outcome = far.world.outcomes(far.phone).remove(0);
    assert_eq!(
        (outcome.kind, outcome.q850, outcome.reason_text.as_deref()),
        (OutcomeKind::Missed, Some(16), Some("Gone"))
    );
}

/// RFC 3261 9.2: a CANCEL of what is not there.
#[test]
fn a_cancel_of_nothing_is_refused() {
    let mut far = Far::new();
    let mut invite = far.invite_sdp("c1", &[], 1);
    invite.headers.set(HeaderName::Via, "SIP/2.0/WSS far.invalid;branch=z9hG4bKother");
    far.cancel(&invite, &[]);
    assert_eq!(far.statuses("CANCEL"), [481]);
    assert_eq!(far.only_call().state, CallState::Ringing);
}

/// The application sees the headers of what ended a call, whatever that was.
#[test]
fn what_ended_a_call_is_told_with_its_headers() {
    let ended = |far: &Far| {
        let last = far.world.phones[far.phone].events.iter().rev().find_map(|event| match event {
            Event::CallTerminated { headers, .. } => Some(headers.clone()),
            _ => None,
        });
        last.unwrap().iter().any(|(name, value)| name == "X-Why" && value == "so")
    };
    let mut far = Far::new();
    let invite = far.invite_sdp("c1", &[], 1);
    far.cancel(&invite, &["X-Why: so"]);
    assert!(ended(&far));
    let (_, _, mut peer) = far.taken("c2");
    far.ask(&mut peer, "BYE", &["X-Why: so"], "");
    assert!(ended(&far));
    let (_, invite) = far.called();
    far.reply(&invite, 486, "one", &["X-Why: so", "Reason: Q.850;cause=17;text=\"User busy\""], "");
    assert!(ended(&far));
    let outcome = far.world.outcomes(far.phone).pop().unwrap();
    assert_eq!((outcome.kind, outcome.status, outcome.q850), (OutcomeKind::Busy, Some(486), Some(17)));
    assert_eq!(outcome.reason_text.as_deref(), Some("User busy"));
}
