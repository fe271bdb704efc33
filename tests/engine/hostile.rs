//! Servers and hosts that break the rules, and moments that do not fit.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::bridge::{EndReason, Launch};
use sipwake::host::{HostInput, HostOptions};
use sipwake::io::{
    BackgroundPolicy, CallState, Command, EndpointOptions, ErrorCode, Extra, FlowEvent, OutcomeKind, Reply,
};
use sipwake::message::Request;

use crate::shell::TOKEN;
use crate::wake::push_account;
use crate::world::{World, account, sdp};

fn received(world: &mut World, phone: usize, text: String) {
    let flow = world.phones[phone].flows[0];
    world.deliver(phone, 0, flow, FlowEvent::Received(text.into_bytes()));
}

/// The INVITE that the server saw last.
fn last_invite(world: &World) -> Request {
    world.server.requests.iter().rfind(|request| request.method().as_str() == "INVITE").unwrap().clone()
}

fn header<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find(|line| line.starts_with(name)).unwrap()
}

#[test]
fn a_suspension_that_a_return_overtakes_is_completed() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let bob = world.add_phone(EndpointOptions::default());
    let options = sipwake::io::AccountOptions { background_policy: BackgroundPolicy::Unregister, ..account("bob") };
    world.create_account(bob, options);
    world.run(100);
    let suspend = world.command(bob, Command::Suspend);
    assert_eq!(world.result(bob, suspend), None, "the UNREGISTER is on its way");
    world.command(bob, Command::Resume { suspended_ms: 10 });
    assert_eq!(world.result(bob, suspend), Some(Ok(Reply::Done)));
    world.run(1_000);
    assert!(world.server.is_bound("bob"));
}

#[test]
fn falling_asleep_does_not_overtake_a_log_out() {
    let mut world = World::new();
    let (bob, account) = world.add_registered("bob");
    let removal = world.command(bob, Command::RemoveAccount(account));
    let suspend = world.command(bob, Command::Suspend);
    world.run(100);
    assert_eq!(world.result(bob, removal), Some(Ok(Reply::Done)));
    assert_eq!(world.result(bob, suspend), Some(Ok(Reply::Done)));
    assert!(!world.server.is_bound("bob"));
    assert!(world.phones[bob].flows.is_empty());
}

#[test]
fn a_registration_that_sleep_cuts_short_is_completed_with_an_error() {
    let mut world = World::new();
    let (bob, account) = world.add_registered("bob");
    world.server.silent = true;
    let register = world.command(bob, Command::Register(account));
    world.command(bob, Command::Suspend);
    assert_eq!(world.result(bob, register), Some(Err(ErrorCode::FlowLost.into())));
}

#[test]
fn who_has_unregistered_is_not_registered_by_coming_back() {
    let mut world = World::new();
    let (bob, account) = world.add_registered("bob");
    world.command(bob, Command::Unregister(account));
    world.run(100);
    world.command(bob, Command::Suspend);
    world.run(100);
    world.command(bob, Command::Resume { suspended_ms: 60_000 });
    world.run(1_000);
    assert!(!world.server.is_bound("bob"));
    world.command(bob, Command::Register(account));
    world.run(1_000);
    assert!(world.server.is_bound("bob"));
}

#[test]
fn answers_from_a_hundred_forks_do_not_stop_the_registration() {
    let mut world = World::new();
    world.server.expires = 60;
    let (alice, alices) = world.add_registered("alice");
    let (_bob, _) = world.add_registered("bob");
    let call = world.call(alice, alices, "bob");
    world.run(200);
    let invite = last_invite(&world);
    // Every BYE that follows stays unanswered.
    world.server.silent = true;
    let head: String = invite.to_octets().map(|octets| String::from_utf8(octets).unwrap()).unwrap();
    for fork in 0..150 {
        let body = sdp(fork);
        let text = format!(
            "SIP/2.0 200 OK\r\n{}\r\n{}\r\n{};tag=fork{fork}\r\n{}\r\n{}\r\nContact: <sip:f{fork}@f.invalid>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            header(&head, "Via:"),
            header(&head, "From:"),
            header(&head, "To:"),
            header(&head, "Call-ID:"),
            header(&head, "CSeq:"),
            body.len()
        );
        received(&mut world, alice, text);
    }
    world.run(100);
    assert_eq!(world.state(alice, call), Some(CallState::Connected), "the first answer counts");
    let refresh = world.command(alice, Command::Register(alices));
    world.run(1);
    assert_eq!(world.result(alice, refresh), Some(Err(ErrorCode::FlowLost.into())), "no room for it now");
    world.server.silent = false;
    world.run(60_000);
    assert!(world.server.is_bound("alice"));
}

#[test]
fn a_host_that_does_not_answer_does_not_keep_the_page_from_registering() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let bob = world.add_phone(EndpointOptions { host: true, ..EndpointOptions::default() });
    world.create_account(bob, push_account("bob"));
    world.run(2_900);
    assert!(!world.server.is_bound("bob"), "the first REGISTER waits for the token");
    world.run(1_000);
    assert!(world.server.is_bound("bob"));
}

/// RFC 3261 8.2.2.2
#[test]
fn the_same_invite_again_does_not_touch_a_call_that_is_established() {
    let mut world = World::new();
    let (alice, alices) = world.add_registered("alice");
    let (bob, _) = world.add_registered("bob");
    let call = world.call(alice, alices, "bob");
    world.run(200);
    let invite = last_invite(&world);
    let theirs = world.only_call(bob).id;
    world.command(bob, Command::Answer(theirs, Extra::default()));
    world.run(500);
    world.cut(bob);
    world.run(5_000);
    world.resend_invite(alice, &invite);
    world.run(100);
    assert_eq!(world.sent(bob, "SIP/2.0 482"), 1);
    assert_eq!(world.only_call(bob).state, CallState::Connected);
    assert_eq!(world.state(alice, call), Some(CallState::Connected));
}

/// RFC 3261 15.1.2
#[test]
fn a_reinvite_that_a_hang_up_overtakes_gets_its_final_response() {
    let mut world = World::new();
    let (alice, alices) = world.add_registered("alice");
    let (bob, _) = world.add_registered("bob");
    world.call(alice, alices, "bob");
    world.run(200);
    let theirs = world.only_call(bob).id;
    world.command(bob, Command::Answer(theirs, Extra::default()));
    world.run(500);
    world.reinvite(alice, bob, 50, &sdp(7));
    // The answer to it is being made.
    world.run(10);
    world.command_now(bob, Command::Hangup(theirs, Extra::default())).unwrap();
    world.run(500);
    assert_eq!(world.sent(bob, "SIP/2.0 487"), 1);
}

#[test]
fn who_hangs_up_without_a_flow_says_so_on_the_next() {
    let mut world = World::new();
    let (alice, alices) = world.add_registered("alice");
    let (bob, _) = world.add_registered("bob");
    world.call(alice, alices, "bob");
    world.run(200);
    let theirs = world.only_call(bob).id;
    world.command(bob, Command::Answer(theirs, Extra::default()));
    world.run(500);
    world.cut(bob);
    assert_eq!(world.command_now(bob, Command::Hangup(theirs, Extra::default())), Err(ErrorCode::FlowLost.into()));
    world.run(5_000);
    assert_eq!(world.sent(bob, "BYE"), 1);
    assert!(world.calls(alice).is_empty());
    assert_eq!(world.outcomes(alice)[0].kind, OutcomeKind::Completed);
}

#[test]
fn a_caller_who_is_gone_before_push_and_invite_are_joined_does_not_ring_on() {
    let mut world = World::new();
    let (alice, alices) = world.add_registered("alice");
    let bob = world.add_iphone("bob");
    let call = world.call(alice, alices, "bob");
    // The INVITE is here, its report is on the way to the host, and the push is there first.
    while world.calls(bob).is_empty() {
        world.run(1);
    }
    let call_id = world.only_call(bob).sip_call_id;
    world.shell_is_slow(bob);
    world.host_input(
        bob,
        HostInput::Push {
            payload: format!("{{\"aps\":{{\"call-id\":\"{call_id}\"}}}}"),
            must_report: true,
            launch: Launch::Foreground,
            locked: false,
            unlocked_since_boot: true,
        },
    );
    world.run(100);
    world.command_now(alice, Command::Hangup(call, Extra::default())).unwrap();
    world.run(1_000);
    world.shell_reports(bob);
    world.run(1_000);
    let shown: Vec<_> = world.shell(bob).shown.iter().map(|shown| shown.ended).collect();
    assert_eq!(shown, [Some(EndReason::RemoteEnded)]);
}

#[test]
fn a_push_that_waits_for_ever_does_not_keep_the_phone_awake_for_ever() {
    let mut world = World::new();
    let options = HostOptions { invite_timeout_ms: 1 << 40, ..HostOptions::default() };
    let bob = world.add_iphone_with(push_account("bob"), options);
    world.background(bob);
    world.push_payload(bob, 0, "{}");
    world.run(121_000);
    assert_eq!(world.shell(bob).shown[0].ended, Some(EndReason::Unanswered));
    assert!(world.phones[bob].flows.is_empty(), "asleep again");
}

#[test]
fn what_the_engine_prints_for_developers_holds_no_token_and_no_password() {
    let mut world = World::new();
    let bob = world.add_iphone("bob");
    let text = format!("{:?}", world.phones[bob].endpoint);
    assert!(text.contains("Endpoint"));
    assert!(!text.contains(TOKEN), "a token");
    assert!(!text.contains("secret\"") && !text.contains("response=\\\""), "a password");
}

/// RFC 3261 7.3.1: who is meant where a tag, a branch or an instance comes twice nobody can say, so nobody is called.
#[test]
fn a_request_that_says_decisive_things_twice_gets_400() {
    let mut world = World::new();
    let (bob, _) = world.add_registered("bob");
    let contact = world.server.bindings[0].contact.clone();
    let body = sdp(1);
    let plain = format!(
        "INVITE {contact} SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bKdoubled\r\nMax-Forwards: 70\r\n\
         From: <sip:carol@example.test>;tag=c\r\nTo: <sip:bob@example.test>\r\nCall-ID: doubled\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:carol@x.invalid>\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for (index, (once, twice)) in [
        (";tag=c\r\nTo", ";tag=c;TAG=d\r\nTo"),
        ("bob@example.test>\r\nCall", "bob@example.test>;tag=a;tag=b\r\nCall"),
        ("carol@x.invalid>", "carol@x.invalid>;reg-id=1;reg-id=2"),
    ]
    .into_iter()
    .enumerate()
    {
        let text = plain.replacen(once, twice, 1).replace("doubled", &format!("doubled{index}"));
        assert_ne!(text, plain.replace("doubled", &format!("doubled{index}")));
        let before = world.phones[bob].sent.len();
        received(&mut world, bob, text);
        world.run(100);
        let answers = world.phones[bob].sent[before..].iter().filter(|text| text.starts_with("SIP/2.0 400")).count();
        assert_eq!(answers, 1, "{twice}: {:?}", &world.phones[bob].sent[before..]);
        assert!(world.calls(bob).is_empty());
    }
    let before = world.phones[bob].sent.len();
    received(&mut world, bob, plain.replacen("branch=z9hG4bKdoubled", "branch=z9hG4bKa;branch=z9hG4bKb", 1));
    world.run(100);
    assert!(world.calls(bob).is_empty());
    assert!(!world.phones[bob].sent[before..].iter().any(|text| text.starts_with("SIP/2.0 1")), "no transaction");
    received(&mut world, bob, plain);
    world.run(100);
    assert_eq!(world.calls(bob).len(), 1, "and what comes once is taken");
}

/// RFC 3261 7.3.1, 10.2.4: some registrars put their own `expires` behind ours; the shorter time is the safe one.
#[test]
fn of_two_times_in_a_contact_the_shorter_one_counts() {
    for (theirs, refreshed) in [("60", true), ("6000", false)] {
        let mut world = World::new();
        world.server.add_user("bob", "secret");
        world.server.gruu = Some(format!("sip:bob@example.test;gr\";expires={theirs};x=\""));
        let bob = world.add_phone(EndpointOptions::default());
        world.create_account(bob, account("bob"));
        world.run(100);
        assert!(world.server.is_bound("bob"));
        let before = world.server.registers().len();
        world.run(70_000);
        assert_eq!(world.server.registers().len() > before, refreshed, "{theirs}");
    }
}
