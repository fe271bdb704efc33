//! Who calls, who the network says it is, and answers without a person.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{AccountId, AccountOptions, CallOptions, CallState, Command, ErrorCode, FlowEvent, Identity};
use sipwake::message::{HeaderName, Method, Request};

use crate::far::Far;
use crate::world::{World, account, sdp};

fn called(options: CallOptions) -> (World, usize, usize) {
    called_by(account("alice"), options)
}

fn called_by(caller: AccountOptions, options: CallOptions) -> (World, usize, usize) {
    let mut world = World::new();
    world.server.add_user("alice", "secret");
    let alice = world.add_phone(Default::default());
    let from = world.create_account(alice, caller);
    let (bob, _) = world.add_registered("bob");
    world.command_now(alice, call(from, options)).unwrap();
    world.run(200);
    (world, alice, bob)
}

fn call(account: AccountId, options: CallOptions) -> Command {
    Command::MakeCall { account, target: "bob".to_owned(), options }
}

fn invite(world: &World) -> &Request {
    world.server.requests.iter().rfind(|request| *request.method() == Method::Invite).unwrap()
}

/// An INVITE with these lines reaches a phone with this account; it is brought to ring.
fn invited(options: AccountOptions, lines: &str) -> (World, usize) {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let bob = world.add_phone(Default::default());
    world.create_account(bob, options);
    world.run(100);
    let flow = world.phones[bob].flows[0];
    let body = sdp(9);
    let text = format!(
        "INVITE sip:bob@b.invalid SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n\
         From: <sip:x@example.test>;tag=x\r\nTo: <sip:bob@example.test>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:x@x.invalid>\r\n{lines}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    world.deliver(bob, 0, flow, FlowEvent::Received(text.into_bytes()));
    world.run(50);
    (world, bob)
}

/// RFC 3323 4.1: From of an anonymous call.
/// RFC 3325 9.3: Privacy: id keeps the asserted identity inside the network.
#[test]
fn an_anonymous_call_does_not_say_who_calls() {
    let (world, alice, bob) = called(CallOptions { anonymous: true, ..CallOptions::default() });
    let headers = &invite(&world).headers;
    assert_eq!(headers.from().unwrap().unwrap().uri_text(), "sip:anonymous@anonymous.invalid");
    assert!(headers.has_privacy("id"));
    assert_eq!(headers.get(HeaderName::PPreferredIdentity), Some("<sip:alice@example.test>"));
    assert!(!headers.get(HeaderName::Contact).unwrap().contains("alice"));
    let rings = world.only_call(bob);
    assert_eq!(
        (rings.remote_uri.as_str(), rings.remote_name.as_deref()),
        ("sip:anonymous@anonymous.invalid", Some("Anonymous"))
    );
    assert_eq!(world.only_call(alice).state, CallState::Ringing, "the credentials are ours all the same");
}

/// RFC 5627 3.1.2: a public GRUU would name us.
#[test]
fn an_anonymous_call_has_no_public_gruu() {
    let mut world = World::new();
    world.server.gruu = Some("sip:alice@example.test;gr=urn:uuid:1".to_owned());
    let (alice, from) = world.add_registered("alice");
    world.server.gruu = None;
    world.add_registered("bob");
    for (anonymous, named) in [(true, false), (false, true)] {
        world.command_now(alice, call(from, CallOptions { anonymous, ..CallOptions::default() })).unwrap();
        world.run(200);
        let contact = invite(&world).headers.get(HeaderName::Contact).unwrap();
        assert_eq!(contact.contains("alice"), named, "{contact}");
    }
}

/// RFC 3325 9.2: P-Preferred-Identity.
#[test]
fn the_preferred_identity_is_the_calls_or_the_accounts() {
    let caller = || AccountOptions { preferred_identity: Some("sip:desk@example.test".to_owned()), ..account("alice") };
    let (world, ..) = called_by(caller(), CallOptions::default());
    assert_eq!(invite(&world).headers.get(HeaderName::PPreferredIdentity), Some("<sip:desk@example.test>"));
    let options = CallOptions { preferred_identity: Some("tel:+1555".to_owned()), ..CallOptions::default() };
    let (world, ..) = called_by(caller(), options);
    assert_eq!(invite(&world).headers.lines(HeaderName::PPreferredIdentity).collect::<Vec<_>>(), ["<tel:+1555>"]);
}

#[test]
fn a_preferred_identity_that_is_no_uri_is_refused() {
    let mut world = World::new();
    let (alice, from) = world.add_registered("alice");
    for bad in ["bob", "sip:a@b>,<sip:c@d", "http://x", "sip:a@b\r\nX: y"] {
        let options = CallOptions { preferred_identity: Some(bad.to_owned()), ..CallOptions::default() };
        let refused = world.command_now(alice, call(from, options)).unwrap_err();
        assert_eq!((refused.code, refused.field), (ErrorCode::InvalidOption, Some("preferredIdentity")), "{bad}");
    }
    assert!(world.calls(alice).is_empty());
}

/// RFC 3325 9.1: P-Asserted-Identity.
#[test]
fn the_asserted_identity_of_the_caller_is_told() {
    let (world, bob) =
        invited(account("bob"), "P-Asserted-Identity: <tel:+1>, \"Xena W\" <sip:xena@example.test;x=1>\r\n");
    let call = world.only_call(bob);
    let expected = Identity { uri: "sip:xena@example.test".to_owned(), name: Some("Xena W".to_owned()) };
    assert_eq!(call.asserted_identity, Some(Box::new(expected)));
    assert_eq!(call.remote_uri, "sip:x@example.test", "From stays what it is");
}

#[test]
fn who_diverted_the_call_is_told() {
    let (world, bob) = invited(account("bob"), "Diversion: <sip:carol@example.test>;reason=no-answer\r\n");
    assert_eq!(world.only_call(bob).diverted_from.as_deref(), Some("sip:carol@example.test"));
}

#[test]
fn identities_that_cannot_be_read_change_nothing() {
    let (world, bob) =
        invited(account("bob"), "P-Asserted-Identity: <<>\r\nDiversion: >\r\nHistory-Info: <sip:\r\nCall-Info: ;\r\n");
    let call = world.only_call(bob);
    assert_eq!((call.asserted_identity, call.diverted_from, call.auto_answer_s), (None, None, None));
    assert_eq!(call.state, CallState::Ringing);
}

#[test]
fn an_answer_without_a_person_needs_the_accounts_leave() {
    let (mut world, bob) = invited(account("bob"), "Call-Info: <sip:x>;answer-after=2\r\n");
    assert_eq!(world.only_call(bob).auto_answer_s, Some(2));
    world.run(20_000);
    assert_eq!(world.only_call(bob).state, CallState::Ringing);
    assert!(world.phones[bob].open_media.is_empty());
}

/// RFC 5373 4.2: Answer-Mode: Auto.
#[test]
fn with_the_accounts_leave_the_call_is_answered_after_the_delay() {
    let may = || AccountOptions { allow_auto_answer: true, ..account("bob") };
    let (mut world, bob) = invited(may(), "Call-Info: <sip:x>;answer-after=2\r\n");
    world.run(1_900);
    assert_eq!(world.only_call(bob).state, CallState::Ringing);
    world.run(200);
    assert_eq!(world.only_call(bob).state, CallState::Connected);
    assert_eq!(world.sent(bob, "SIP/2.0 180"), 1);
    let (mut world, bob) = invited(may(), "Answer-Mode: Auto\r\n");
    world.run(50);
    assert_eq!(world.only_call(bob).state, CallState::Connected);
    let (mut world, bob) = invited(may(), "Answer-Mode: Manual\r\n");
    world.run(1_000);
    assert_eq!(world.only_call(bob).state, CallState::Ringing);
}

/// RFC 5373 4.3.1: who insists on an answer without a person gets 403 where there is none, and nothing rings.
#[test]
fn a_call_that_must_be_answered_without_a_person_is_refused_where_that_is_not_allowed() {
    for line in ["Answer-Mode: Auto;require", "Priv-Answer-Mode: Auto;require"] {
        let mut far = Far::new();
        far.invite_sdp("intercom", &[line, "Require: answermode"], 1);
        assert_eq!(far.response("INVITE").status(), 403, "{line}");
        assert!(far.world.calls(far.phone).is_empty());
        let mut far = Far::with(AccountOptions { allow_auto_answer: true, ..account("alice") });
        far.invite_sdp("intercom", &[line], 1);
        assert_eq!(far.response("INVITE").status(), 200, "{line}");
    }
    let mut far = Far::new();
    far.invite_sdp("by-hand", &["Answer-Mode: Manual;require"], 1);
    assert_eq!(far.response("INVITE").status(), 180);
}

/// RFC 5373 4.3.1: who talks is not overheard by a caller who asks to be answered without a person; one who insists is told.
#[test]
fn beside_another_call_no_call_is_answered_without_a_person() {
    let mut far = Far::with(AccountOptions { allow_auto_answer: true, ..account("alice") });
    far.taken("talk");
    for line in ["Answer-Mode: Auto", "Call-Info: <sip:x>;answer-after=0"] {
        let call_id = if line.starts_with('A') { "one" } else { "two" };
        far.invite_sdp(call_id, &[line], 2);
        far.run(5_000);
        assert_eq!(far.response("INVITE").status(), 180, "{line}");
        let ringing = far.world.calls(far.phone).into_iter().find(|call| call.sip_call_id == call_id).unwrap();
        assert_eq!(ringing.state, CallState::Ringing);
    }
    far.invite_sdp("three", &["Answer-Mode: Auto;require"], 2);
    assert_eq!(far.response("INVITE").status(), 486);
}

/// RFC 5373 4.3: the 200 says how the call was answered, to whoever asked for a way.
#[test]
fn the_answer_says_whether_a_person_gave_it() {
    let answered = |options: AccountOptions, lines: &[&str], by_hand: bool| {
        let mut far = Far::with(options);
        far.invite_sdp("call", lines, 1);
        if by_hand {
            let call = far.only_call().id;
            far.world.command(far.phone, Command::Answer(call, Default::default()));
            far.run(100);
        }
        let ok = far.response("INVITE");
        assert_eq!(ok.status(), 200, "{lines:?}");
        ok.headers.get(HeaderName::AnswerMode).map(str::to_owned)
    };
    let may = || AccountOptions { allow_auto_answer: true, ..account("alice") };
    assert_eq!(answered(may(), &["Answer-Mode: Auto"], false).as_deref(), Some("Auto"));
    assert_eq!(answered(may(), &["Priv-Answer-Mode: Auto"], false).as_deref(), Some("Auto"));
    assert_eq!(answered(may(), &["Answer-Mode: Manual"], true).as_deref(), Some("Manual"));
    assert_eq!(answered(account("alice"), &["Answer-Mode: Auto"], true).as_deref(), Some("Manual"));
    assert_eq!(answered(may(), &["Call-Info: <sip:x>;answer-after=0"], false), None, "who did not ask is not told");
}

#[test]
fn a_call_that_ended_before_the_delay_is_not_answered() {
    let may = AccountOptions { allow_auto_answer: true, ..account("bob") };
    let (mut world, bob) = invited(may, "Call-Info: <sip:x>;answer-after=2\r\n");
    let id = world.only_call(bob).id;
    world.command_now(bob, Command::Decline(id, None, Default::default())).unwrap();
    world.run(5_000);
    assert!(world.calls(bob).is_empty());
    assert_eq!(world.sent(bob, "SIP/2.0 200"), 0);
}

/// RFC 3325 9.1: the network may say who answers, and later that it is somebody else.
#[test]
fn who_the_far_end_is_follows_the_networks_word() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    let named = |far: &Far| far.only_call().asserted_identity.map(|identity| identity.uri);
    far.reply(&invite, 180, "bob", &["P-Asserted-Identity: <sip:desk@example.test>"], "");
    assert_eq!(named(&far).as_deref(), Some("sip:desk@example.test"));
    far.reply_sdp(&invite, 200, "bob", &["P-Asserted-Identity: \"Bob\" <sip:bob@example.test>"], 1);
    assert_eq!(named(&far).as_deref(), Some("sip:bob@example.test"));
    let mut peer = far.peer(&invite, "bob");
    far.ask(&mut peer, "UPDATE", &["P-Asserted-Identity: <sip:carol@example.test>"], "");
    assert_eq!(far.response("UPDATE").status(), 200);
    assert_eq!(named(&far).as_deref(), Some("sip:carol@example.test"));
    assert_eq!(far.only_call().id, call);
}
