//! Established calls survive what happens to flows and media.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{Command, ErrorCode, Extra, MediaCommand, MediaEvent, MediaFailure, OutcomeKind, Reply};
use sipwake::message::HeaderName;

use crate::session::{Talk, talking, talking_with};

fn restarts(talk: &Talk, phone: usize) -> usize {
    let media = talk.world.phones[phone].media.iter();
    media.filter(|(_, command)| matches!(command, MediaCommand::Offer { restart: true })).count()
}

/// RFC 3261 12.2.1.1: on a new flow the far end is told the new Contact by an UPDATE, after REGISTER.
/// RFC 5626 4.3: and what it sends then arrives on the new flow.
#[test]
fn an_established_call_moves_to_the_new_flow() {
    let mut talk = talking();
    let before = talk.requests(talk.alice, "INVITE")[0].headers.get(HeaderName::Contact).unwrap().to_owned();
    talk.world.cut(talk.alice);
    talk.world.run(5_000);
    let update = talk.requests(talk.alice, "UPDATE").pop().expect("a target refresh");
    let contact = update.headers.get(HeaderName::Contact).unwrap();
    assert_ne!(contact, before);
    assert!(contact.contains(&talk.world.server.bindings.iter().find(|b| b.user == "alice").unwrap().contact));
    assert!(update.body().is_empty());
    let sent = &talk.world.phones[talk.alice].sent;
    let last_register = sent.iter().rposition(|text| text.starts_with("REGISTER ")).unwrap();
    let first_update = sent.iter().position(|text| text.starts_with("UPDATE ")).unwrap();
    assert!(first_update > last_register, "first the registrar, then the far end");
    talk.is_up();
    let hold = talk.world.command(talk.bob, Command::Hold(talk.theirs, true));
    talk.world.run(200);
    assert_eq!(talk.world.result(talk.bob, hold), Some(Ok(Reply::Done)), "the far end finds us");
    talk.world.command_now(talk.bob, Command::Hangup(talk.theirs, Extra::default())).unwrap();
    talk.world.run(200);
    assert!(talk.world.calls(talk.alice).is_empty());
}

/// RFC 5627 4.1: with a GRUU the Contact is the same, and the refresh tells the server the flow.
#[test]
fn a_call_with_a_gruu_is_refreshed_on_the_new_flow_too() {
    let mut talk = talking_with(|_| {});
    talk.world.server.gruu = Some("sip:alice@example.test;gr=urn:uuid:1".to_owned());
    talk.world.cut(talk.alice);
    talk.world.run(5_000);
    let update = talk.requests(talk.alice, "UPDATE").pop().unwrap();
    assert_eq!(update.headers.get(HeaderName::Contact), Some("<sip:alice@example.test;gr=urn:uuid:1>"));
    talk.world.cut(talk.alice);
    talk.world.run(5_000);
    assert_eq!(talk.requests(talk.alice, "UPDATE").len(), 2);
}

/// RFC 3261 14.1: a far end that does not take UPDATE gets a re-INVITE.
#[test]
fn a_far_end_without_update_gets_a_reinvite() {
    let mut talk = talking();
    talk.answer("UPDATE", 405, &[]);
    talk.world.cut(talk.alice);
    talk.world.run(5_000);
    let invite = talk.requests(talk.alice, "INVITE").pop().unwrap();
    assert!(!invite.body().is_empty());
    assert_eq!(restarts(&talk, talk.alice), 0, "media works, so ICE stays");
    assert!(invite.headers.get(HeaderName::Contact).unwrap().contains(".invalid"));
    talk.is_up();
}

/// RFC 3261 14.1: a flow that is lost during a re-INVITE undoes it and ends no call; it is made again on the new flow.
#[test]
fn a_flow_lost_during_a_hold_ends_no_call_and_the_hold_is_done_on_the_next() {
    for moment in [10, 22, 27, 32, 45] {
        let mut talk = talking();
        let hold = talk.hold(true);
        talk.world.run(moment);
        talk.world.cut(talk.alice);
        assert_eq!(talk.result(hold), None, "{moment}");
        talk.world.run(10_000);
        assert_eq!(talk.result(hold), Some(Ok(Reply::Done)), "{moment}");
        assert!(talk.world.only_call(talk.alice).on_hold);
        assert!(talk.world.only_call(talk.bob).remote_hold);
        talk.is_up();
    }
}

/// RFC 3261 14.2: the flow is lost while we answer their re-INVITE; both sides agree again on the next.
#[test]
fn a_flow_lost_while_theirs_is_answered_ends_no_call() {
    for moment in [8, 26, 32, 38, 46] {
        let mut talk = talking();
        let hold = talk.world.command(talk.bob, Command::Hold(talk.theirs, true));
        talk.world.run(20 + moment);
        talk.world.cut(talk.alice);
        talk.world.run(60_000);
        talk.is_up();
        let told = talk.world.result(talk.bob, hold).is_some();
        let (ours, theirs) = (talk.world.only_call(talk.alice), talk.world.only_call(talk.bob));
        assert!(told, "{moment}");
        assert_eq!(ours.remote_hold, theirs.on_hold, "{moment}");
    }
}

#[test]
fn a_refresh_that_came_due_without_a_flow_leaves_on_the_next() {
    let mut talk = talking();
    talk.world.run(890_000);
    talk.world.phones[talk.alice].offline = true;
    talk.world.cut(talk.alice);
    talk.world.run(60_000);
    assert!(talk.requests(talk.alice, "UPDATE").is_empty());
    talk.world.phones[talk.alice].offline = false;
    talk.world.run(120_000);
    let updates = talk.requests(talk.alice, "UPDATE");
    assert_eq!(updates.len(), 1, "one request says both");
    assert_eq!(updates[0].headers.get(HeaderName::SessionExpires), Some("1800;refresher=uac"));
    talk.world.run(800_000);
    talk.is_up();
}

#[test]
fn a_call_that_ended_without_a_flow_says_so_on_the_next() {
    let mut talk = talking();
    talk.world.cut(talk.alice);
    let ended = talk.world.command_now(talk.alice, Command::Hangup(talk.call, Extra::default()));
    assert_eq!(ended.map_err(|error| error.code), Err(ErrorCode::FlowLost));
    talk.world.run(5_000);
    assert!(talk.world.calls(talk.bob).is_empty());
    assert!(talk.requests(talk.alice, "UPDATE").is_empty());
}

#[test]
fn media_that_is_gone_for_three_seconds_is_repaired() {
    let mut talk = talking();
    talk.world.media_event(talk.alice, MediaEvent::Connected { connected: true });
    talk.world.media_event(talk.alice, MediaEvent::Connected { connected: false });
    talk.world.run(2_900);
    assert_eq!(restarts(&talk, talk.alice), 0);
    talk.world.run(300);
    assert_eq!(restarts(&talk, talk.alice), 1);
    let invite = talk.requests(talk.alice, "INVITE").pop().unwrap();
    assert!(String::from_utf8_lossy(invite.body()).contains("ice-ufrag:u0r1"));
    talk.world.media_event(talk.alice, MediaEvent::Connected { connected: true });
    talk.world.run(60_000);
    assert_eq!(restarts(&talk, talk.alice), 1);
    talk.is_up();
}

#[test]
fn a_short_gap_in_media_is_no_reason_for_anything() {
    let mut talk = talking();
    talk.world.media_event(talk.alice, MediaEvent::Connected { connected: true });
    talk.world.media_event(talk.alice, MediaEvent::Connected { connected: false });
    talk.world.run(2_000);
    talk.world.media_event(talk.alice, MediaEvent::Connected { connected: true });
    talk.world.run(20_000);
    assert_eq!(restarts(&talk, talk.alice), 0);
}

#[test]
fn media_that_cannot_be_repaired_ends_the_call_after_its_grace() {
    let mut talk = talking();
    talk.world.media_event(talk.alice, MediaEvent::Connected { connected: true });
    talk.world.media_event(talk.alice, MediaEvent::Failed(MediaFailure::ConnectionLost));
    talk.world.run(29_000);
    assert_eq!(restarts(&talk, talk.alice), 3);
    talk.is_up();
    assert!(!talk.world.only_call(talk.alice).media_connected);
    talk.world.run(2_000);
    let outcome = talk.world.outcomes(talk.alice).pop().unwrap();
    assert_eq!((outcome.kind, outcome.error.map(|e| e.code)), (OutcomeKind::NetworkLost, Some(ErrorCode::MediaFailed)));
    assert_eq!(talk.requests(talk.alice, "BYE").len(), 1);
    assert!(talk.world.calls(talk.bob).is_empty());
}

#[test]
fn lost_media_waits_for_a_lost_flow_and_is_repaired_on_the_new_one() {
    let mut talk = talking();
    talk.world.media_event(talk.alice, MediaEvent::Connected { connected: true });
    talk.world.phones[talk.alice].offline = true;
    talk.world.cut(talk.alice);
    talk.world.media_event(talk.alice, MediaEvent::Failed(MediaFailure::ConnectionLost));
    talk.world.run(60_000);
    talk.is_up();
    assert_eq!(restarts(&talk, talk.alice), 0, "no offer is made that could not be sent");
    talk.world.phones[talk.alice].offline = false;
    while talk.world.phones[talk.alice].flows.is_empty() {
        talk.world.run(1_000);
    }
    talk.world.run(1_000);
    assert_eq!(restarts(&talk, talk.alice), 1);
    assert!(talk.requests(talk.alice, "UPDATE").is_empty(), "one request says both");
    talk.world.media_event(talk.alice, MediaEvent::Connected { connected: true });
    talk.world.run(60_000);
    talk.is_up();
}

#[test]
fn a_call_without_media_and_without_a_flow_is_over_at_some_time() {
    let mut talk = talking();
    talk.world.phones[talk.alice].offline = true;
    talk.world.cut(talk.alice);
    talk.world.media_event(talk.alice, MediaEvent::Failed(MediaFailure::ConnectionLost));
    talk.world.run(121_000);
    assert_eq!(talk.world.outcomes(talk.alice).pop().unwrap().kind, OutcomeKind::NetworkLost);
    talk.world.phones[talk.alice].offline = false;
    talk.world.run(20_000);
}
