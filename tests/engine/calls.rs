#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{AccountId, CallId, CallState, Command, ErrorCode, Extra, MediaFailure, OutcomeKind, Reply};
use sipwake::message::HeaderName;

use crate::world::World;

struct Pair {
    world: World,
    alice: usize,
    bob: usize,
    call: CallId,
    account: AccountId,
}

/// Two registered phones; alice calls, bob rings.
fn ringing() -> Pair {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    let (bob, _) = world.add_registered("bob");
    let call = world.call(alice, account, "bob");
    world.run(200);
    assert_eq!(world.only_call(bob).state, CallState::Ringing);
    assert_eq!(world.state(alice, call), Some(CallState::Ringing));
    Pair { world, alice, bob, call, account }
}

fn answered() -> Pair {
    let mut pair = ringing();
    let theirs = pair.world.only_call(pair.bob).id;
    let command = pair.world.command(pair.bob, Command::Answer(theirs, Extra::default()));
    pair.world.run(500);
    assert_eq!(pair.world.result(pair.bob, command), Some(Ok(Reply::Done)));
    assert_eq!(pair.world.only_call(pair.bob).state, CallState::Connected);
    assert_eq!(pair.world.state(pair.alice, pair.call), Some(CallState::Connected));
    pair
}

fn kinds(pair: &Pair) -> (Vec<OutcomeKind>, Vec<OutcomeKind>) {
    let of = |phone| pair.world.outcomes(phone).into_iter().map(|outcome| outcome.kind).collect();
    (of(pair.alice), of(pair.bob))
}

/// RFC 3261 13.2.2.4, 13.3.1.4
#[test]
fn a_call_is_answered_and_acknowledged() {
    let pair = answered();
    assert_eq!(pair.world.sent(pair.bob, "SIP/2.0 100"), 1);
    assert_eq!(pair.world.sent(pair.bob, "SIP/2.0 180"), 1);
    assert_eq!(pair.world.sent(pair.bob, "SIP/2.0 200"), 1);
    let acks: Vec<_> = pair.world.phones[pair.alice].sent.iter().filter(|text| text.starts_with("ACK")).collect();
    assert_eq!(acks.len(), 2, "one for the 407, one for the 200");
    assert!(acks[1].contains("Proxy-Authorization: Digest"), "what let the INVITE through lets the ACK through");
}

/// RFC 3261 15.1.1
#[test]
fn the_caller_hangs_up() {
    let mut pair = answered();
    assert_eq!(pair.world.command_now(pair.alice, Command::Hangup(pair.call, Extra::default())), Ok(Reply::Done));
    pair.world.run(200);
    assert_eq!(kinds(&pair), (vec![OutcomeKind::Completed], vec![OutcomeKind::Completed]));
    assert!(pair.world.outcomes(pair.alice)[0].local);
    assert!(!pair.world.outcomes(pair.bob)[0].local);
    assert!(pair.world.phones.iter().all(|phone| phone.open_media.is_empty()));
}

/// RFC 3261 15.1.1
#[test]
fn the_callee_hangs_up() {
    let mut pair = answered();
    let theirs = pair.world.only_call(pair.bob).id;
    pair.world.command_now(pair.bob, Command::Hangup(theirs, Extra::default())).unwrap();
    pair.world.run(200);
    assert!(pair.world.calls(pair.alice).is_empty());
    assert_eq!(pair.world.sent(pair.bob, "BYE"), 1);
}

/// RFC 3261 21.6.2
#[test]
fn a_declined_call_ends_with_the_accounts_code() {
    let mut pair = ringing();
    let theirs = pair.world.only_call(pair.bob).id;
    pair.world.command_now(pair.bob, Command::Decline(theirs, None, Extra::default())).unwrap();
    pair.world.run(200);
    assert_eq!(pair.world.sent(pair.bob, "SIP/2.0 603"), 1);
    assert_eq!(kinds(&pair), (vec![OutcomeKind::Declined], vec![OutcomeKind::Declined]));
}

/// RFC 3261 21.4.24
#[test]
fn a_busy_callee_is_told_as_busy() {
    let mut pair = ringing();
    let theirs = pair.world.only_call(pair.bob).id;
    pair.world.command_now(pair.bob, Command::Decline(theirs, Some(486), Extra::default())).unwrap();
    pair.world.run(200);
    assert_eq!(pair.world.outcomes(pair.alice)[0].kind, OutcomeKind::Busy);
}

#[test]
fn a_decline_code_outside_the_errors_is_refused_and_changes_nothing() {
    let mut pair = ringing();
    let theirs = pair.world.only_call(pair.bob).id;
    let error = pair.world.command_now(pair.bob, Command::Decline(theirs, Some(200), Extra::default())).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidOption);
    assert_eq!(pair.world.only_call(pair.bob).state, CallState::Ringing);
}

/// RFC 3261 9.1
#[test]
fn the_caller_gives_up_while_it_rings() {
    let mut pair = ringing();
    pair.world.command_now(pair.alice, Command::Hangup(pair.call, Extra::default())).unwrap();
    pair.world.run(200);
    assert_eq!(kinds(&pair), (vec![OutcomeKind::Cancelled], vec![OutcomeKind::Missed]));
    assert_eq!(pair.world.sent(pair.alice, "CANCEL"), 1);
    assert_eq!(pair.world.sent(pair.bob, "SIP/2.0 487"), 1);
}

/// RFC 3261 9.1, 15
#[test]
fn a_cancel_that_meets_a_200_is_followed_by_ack_and_bye() {
    let mut pair = ringing();
    let theirs = pair.world.only_call(pair.bob).id;
    pair.world.command(pair.bob, Command::Answer(theirs, Extra::default()));
    // The 200 is on its way when the caller gives up.
    pair.world.run(14);
    pair.world.command_now(pair.alice, Command::Hangup(pair.call, Extra::default())).unwrap();
    pair.world.run(1_000);
    assert_eq!(pair.world.sent(pair.bob, "SIP/2.0 200 OK"), 3, "to the INVITE, the CANCEL and the BYE");
    assert_eq!(pair.world.sent(pair.alice, "BYE"), 1);
    assert_eq!(kinds(&pair), (vec![OutcomeKind::Cancelled], vec![OutcomeKind::Completed]));
    assert!(pair.world.calls(pair.bob).is_empty());
}

/// RFC 3261 9.1
#[test]
fn giving_up_before_any_response_waits_with_the_cancel() {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    let (bob, _) = world.add_registered("bob");
    let call = world.call(alice, account, "bob");
    world.run(22);
    assert_eq!(world.sent(alice, "INVITE"), 1);
    world.command_now(alice, Command::Hangup(call, Extra::default())).unwrap();
    assert_eq!(world.sent(alice, "CANCEL"), 0);
    world.run(1_000);
    assert!(world.calls(bob).is_empty());
    assert_eq!(world.outcomes(alice)[0].kind, OutcomeKind::Cancelled);
}

#[test]
fn giving_up_before_the_invite_sends_nothing() {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    world.add_registered("bob");
    let call = world.call(alice, account, "bob");
    world.command_now(alice, Command::Hangup(call, Extra::default())).unwrap();
    world.run(1_000);
    assert_eq!(world.sent(alice, "INVITE"), 0);
    assert!(world.phones[alice].open_media.is_empty());
}

/// RFC 3261 13.3.1.4
#[test]
fn a_200_is_repeated_until_its_ack_comes() {
    let mut pair = ringing();
    let theirs = pair.world.only_call(pair.bob).id;
    pair.world.command(pair.bob, Command::Answer(theirs, Extra::default()));
    pair.world.phones[pair.alice].deaf = true;
    pair.world.run(4_000);
    assert_eq!(pair.world.sent(pair.bob, "SIP/2.0 200 OK"), 4, "at 0, 0.5, 1.5 and 3.5 seconds");
    pair.world.run(40_000);
    assert_eq!(pair.world.outcomes(pair.bob)[0].error.as_ref().map(|e| e.code), Some(ErrorCode::Timeout));
    assert_eq!(pair.world.sent(pair.bob, "BYE"), 1);
}

/// RFC 3261 15
#[test]
fn hanging_up_before_the_ack_waits_for_it_with_the_bye() {
    let mut pair = ringing();
    let theirs = pair.world.only_call(pair.bob).id;
    pair.world.command(pair.bob, Command::Answer(theirs, Extra::default()));
    pair.world.run(21);
    assert_eq!(pair.world.sent(pair.bob, "SIP/2.0 200 OK"), 1);
    pair.world.command_now(pair.bob, Command::Hangup(theirs, Extra::default())).unwrap();
    assert_eq!(pair.world.sent(pair.bob, "BYE"), 0);
    pair.world.run(500);
    assert_eq!(pair.world.sent(pair.bob, "BYE"), 1);
    assert!(pair.world.calls(pair.alice).is_empty());
}

#[test]
fn an_unknown_callee_fails_with_its_own_error() {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    world.call(alice, account, "nobody");
    world.run(500);
    let outcome = &world.outcomes(alice)[0];
    assert_eq!((outcome.kind, outcome.status), (OutcomeKind::Failed, Some(404)));
    assert_eq!(outcome.error.as_ref().map(|e| e.code), Some(ErrorCode::UnknownUser));
}

#[test]
fn without_a_microphone_a_call_is_refused_and_the_answer_fails() {
    let mut pair = ringing();
    pair.world.phones[pair.bob].media_failure = Some(MediaFailure::NoMicrophone);
    let theirs = pair.world.only_call(pair.bob).id;
    let command = pair.world.command(pair.bob, Command::Answer(theirs, Extra::default()));
    pair.world.run(500);
    assert_eq!(pair.world.result(pair.bob, command), Some(Err(ErrorCode::NoMicrophone.into())));
    assert_eq!(pair.world.sent(pair.bob, "SIP/2.0 480"), 1);
    assert!(pair.world.calls(pair.alice).is_empty());
}

#[test]
fn a_call_without_a_connection_is_refused_at_once() {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    world.phones[alice].offline = true;
    world.cut(alice);
    let command = Command::MakeCall { account, target: "bob".to_owned(), options: Default::default() };
    assert_eq!(world.command_now(alice, command), Err(ErrorCode::FlowLost.into()));
}

/// RFC 3261 8.2.2.2
#[test]
fn the_same_invite_on_a_new_flow_moves_the_call() {
    let mut pair = ringing();
    let before = pair.world.only_call(pair.bob);
    let bob = pair.bob;
    // The server keeps the INVITE for the next flow, as one that forks by registration does.
    let invite = pair.world.server.requests.iter().rfind(|r| r.method().as_str() == "INVITE").unwrap().clone();
    pair.world.cut(bob);
    pair.world.run(3_000);
    assert_eq!(pair.world.only_call(bob).state, CallState::Ringing);
    pair.world.resend_invite(pair.alice, &invite);
    pair.world.run(100);
    let after = pair.world.only_call(bob);
    assert_eq!((after.id, after.uuid), (before.id, before.uuid));
    let command = pair.world.command(bob, Command::Answer(before.id, Extra::default()));
    pair.world.run(500);
    assert_eq!(pair.world.result(bob, command), Some(Ok(Reply::Done)));
    assert_eq!(pair.world.only_call(pair.alice).state, CallState::Connected);
}

#[test]
fn a_ringing_call_whose_flow_is_gone_for_good_ends() {
    let mut pair = ringing();
    pair.world.phones[pair.bob].offline = true;
    pair.world.cut(pair.bob);
    pair.world.run(33_000);
    assert!(pair.world.calls(pair.bob).is_empty());
}

#[test]
fn mute_reaches_the_media_session() {
    let mut pair = answered();
    pair.world.command_now(pair.alice, Command::Mute(pair.call, true)).unwrap();
    assert!(pair.world.only_call(pair.alice).muted);
    let last = pair.world.phones[pair.alice].media.last().unwrap().1.clone();
    assert_eq!(last, sipwake::io::MediaCommand::Mute { on: true, video: false });
}

#[test]
fn more_calls_than_the_limit_are_refused() {
    let mut pair = ringing();
    let mut refused = 0;
    for _ in 0..20 {
        let command =
            Command::MakeCall { account: pair.account, target: "bob".to_owned(), options: Default::default() };
        if pair.world.command_now(pair.alice, command) == Err(ErrorCode::TooManyCalls.into()) {
            refused += 1;
        }
    }
    assert_eq!(refused, 20 + 1 - sipwake::common::limits::CALLS);
}

#[test]
fn what_an_ended_call_leaves_behind_is_forgotten() {
    let mut pair = answered();
    pair.world.command_now(pair.alice, Command::Hangup(pair.call, Extra::default())).unwrap();
    pair.world.run(70_000);
    assert_eq!(
        pair.world.command_now(pair.alice, Command::Hangup(pair.call, Extra::default())),
        Err(ErrorCode::NotFound.into())
    );
}

/// RFC 3261 14.2
#[test]
fn a_reinvite_is_answered_and_one_that_cannot_be_followed_leaves_the_call_as_it_is() {
    let mut pair = answered();
    let offer = crate::world::sdp(7);
    pair.world.reinvite(pair.alice, pair.bob, 50, &offer);
    pair.world.run(100);
    assert_eq!(pair.world.sent(pair.bob, "SIP/2.0 200 OK"), 2);
    pair.world.reinvite(pair.alice, pair.bob, 51, &offer.replace("m=audio 9", "m=audio 0"));
    pair.world.run(100);
    assert_eq!(pair.world.sent(pair.bob, "SIP/2.0 488"), 1);
    pair.world.phones[pair.bob].media_failure = Some(MediaFailure::BadDescription);
    pair.world.reinvite(pair.alice, pair.bob, 52, &offer);
    pair.world.run(100);
    assert_eq!(pair.world.sent(pair.bob, "SIP/2.0 488"), 2);
    assert_eq!(pair.world.only_call(pair.bob).state, CallState::Connected);
}

/// RFC 3261 13.3.1.3
#[test]
fn an_invite_without_usable_audio_is_refused() {
    let mut world = World::new();
    let (bob, _) = world.add_registered("bob");
    let flow = world.phones[bob].flows[0];
    let body = crate::world::sdp(1).replace("m=audio 9", "m=audio 0");
    let text = format!(
        "INVITE sip:bob@b.invalid SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n\
         From: <sip:x@example.test>;tag=x\r\nTo: <sip:bob@example.test>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:x@x.invalid>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    world.deliver(bob, 0, flow, sipwake::io::FlowEvent::Received(text.into_bytes()));
    world.run(50);
    assert_eq!(world.sent(bob, "SIP/2.0 488"), 1);
    assert!(world.calls(bob).is_empty());
}

/// RFC 7118 5
#[test]
fn octets_that_are_no_message_are_told_and_change_nothing() {
    let mut pair = answered();
    let flow = pair.world.phones[pair.bob].flows[0];
    for octets in [&b"\xff\xfe"[..], b"INVITE", b"SIP/2.0 200 OK\r\n\r\n", b"BYE sip:x SIP/2.0\r\nCall-ID: 1\r\n\r\n"] {
        pair.world.deliver(pair.bob, 0, flow, sipwake::io::FlowEvent::Received(octets.to_vec()));
    }
    pair.world.run(50);
    let problems = pair.world.phones[pair.bob]
        .events
        .iter()
        .filter(|event| matches!(event, sipwake::io::Event::Problem { error, .. } if error.code == ErrorCode::MalformedMessage))
        .count();
    assert!(problems >= 2, "{problems}");
    assert_eq!(pair.world.only_call(pair.bob).state, CallState::Connected);
}

/// RFC 5627 4.3
#[test]
fn a_gruu_is_the_contact_of_dialogs_and_outlives_the_flow() {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    world.server.gruu = Some("sip:bob@example.test;gr=urn:uuid:1".to_owned());
    let (bob, _) = world.add_registered("bob");
    let call = world.call(alice, account, "bob");
    world.run(200);
    let theirs = world.only_call(bob).id;
    world.command(bob, Command::Answer(theirs, Extra::default()));
    world.run(500);
    let answers: Vec<_> = world.phones[bob].sent.iter().filter(|text| text.starts_with("SIP/2.0 200")).collect();
    assert!(answers[0].contains("Contact: <sip:bob@example.test;gr=urn:uuid:1>"), "{}", answers[0]);
    let register = world.server.registers().pop().unwrap().headers.get(HeaderName::Contact).unwrap().to_owned();
    assert!(!register.contains("gr="), "{register}");
    world.cut(bob);
    world.run(5_000);
    world.command_now(alice, Command::Hangup(call, Extra::default())).unwrap();
    world.run(500);
    assert!(world.calls(bob).is_empty(), "the BYE found the new flow");
}

#[test]
fn a_gruu_that_could_break_out_or_speaks_of_pushes_is_not_used() {
    for gruu in
        ["sip:bob@example.test;gr;pn-prid=1", "sip:bob@example.test", "tel:1;gr", "sip:b@x;gr?Evil=1", "sip:;gr"]
    {
        let mut world = World::new();
        let (alice, account) = world.add_registered("alice");
        world.server.gruu = Some(gruu.to_owned());
        let (bob, _) = world.add_registered("bob");
        world.call(alice, account, "bob");
        world.run(200);
        let ringing = world.phones[bob].sent.iter().find(|text| text.starts_with("SIP/2.0 180")).unwrap();
        assert!(ringing.contains(".invalid;transport=ws>"), "{ringing}");
    }
}

#[test]
fn a_call_right_after_the_account_waits_for_its_registration() {
    let mut world = World::new();
    world.add_registered("bob");
    world.server.add_user("alice", "secret");
    let alice = world.add_phone(sipwake::io::EndpointOptions::default());
    let account = world.create_account(alice, crate::world::account("alice"));
    let command =
        world.command(alice, Command::MakeCall { account, target: "bob".to_owned(), options: Default::default() });
    assert_eq!(world.result(alice, command), None);
    world.run(200);
    assert!(matches!(world.result(alice, command), Some(Ok(Reply::Call(_)))));
    assert_eq!(world.only_call(alice).state, CallState::Ringing);
}

#[test]
fn a_call_of_an_account_that_does_not_come_up_fails_and_is_never_sent_late() {
    let mut world = World::new();
    world.add_registered("bob");
    world.server.add_user("alice", "another");
    let alice = world.add_phone(sipwake::io::EndpointOptions::default());
    let account = world.create_account(alice, crate::world::account("alice"));
    let call = || Command::MakeCall { account, target: "bob".to_owned(), options: Default::default() };
    let refused = world.command(alice, call());
    world.run(200);
    assert_eq!(world.result(alice, refused).unwrap().map_err(|e| e.code), Err(ErrorCode::WrongPassword));

    world.server.silent = true;
    let slow = world.add_phone(sipwake::io::EndpointOptions::default());
    let account = world.create_account(slow, crate::world::account("carol"));
    let call = || Command::MakeCall { account, target: "bob".to_owned(), options: Default::default() };
    let unanswered = world.command(slow, call());
    world.run(11_000);
    assert_eq!(world.result(slow, unanswered), Some(Err(ErrorCode::Timeout.into())));
    world.server.silent = false;
    world.run(60_000);
    assert_eq!(world.sent(slow, "INVITE"), 0);
    let stopped = world.command(slow, call());
    world.command(slow, Command::Stop);
    world.run(5_000);
    assert!(world.result(slow, stopped).is_some());
}
