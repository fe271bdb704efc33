//! MESSAGE, OPTIONS and INFO between two phones.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{AccountId, AccountOptions, Body, CallId, Command, ErrorCode, Event, Extra, FlowEvent, Reply};

use crate::far::Far;
use crate::world::{World, account};

/// Two registered phones; `bob` has these options.
fn phones(options: AccountOptions) -> (World, usize, AccountId, usize) {
    let mut world = World::new();
    let (alice, from) = world.add_registered("alice");
    world.server.add_user("bob", "secret");
    let bob = world.add_phone(Default::default());
    world.create_account(bob, options);
    world.run(100);
    (world, alice, from, bob)
}

/// The same with a call from alice to bob, answered.
fn in_call(options: AccountOptions) -> (World, usize, usize, CallId, CallId) {
    let (mut world, alice, from, bob) = phones(options);
    let call = world.call(alice, from, "bob");
    world.run(200);
    let theirs = world.only_call(bob).id;
    world.command(bob, Command::Answer(theirs, Extra::default()));
    world.run(500);
    (world, alice, bob, call, theirs)
}

fn text(text: &str) -> Body {
    Body { content_type: "text/plain;charset=utf-8".to_owned(), octets: text.as_bytes().to_vec() }
}

fn message(account: AccountId, call: Option<CallId>, body: Body) -> Command {
    let extra = Extra { headers: vec![("Subject".to_owned(), "greetings".to_owned())] };
    Command::SendMessage { account, call, target: "bob".to_owned(), body, extra }
}

fn messages(world: &World, phone: usize) -> Vec<&Event> {
    world.phones[phone].events.iter().filter(|event| matches!(event, Event::MessageReceived { .. })).collect()
}

fn raw(world: &mut World, phone: usize, method: &str, lines: &str, body: &str) {
    let flow = world.phones[phone].flows[0];
    let text = format!(
        "{method} sip:bob@b.invalid SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK{}\r\nMax-Forwards: 70\r\n\
         From: \"Xena\" <sip:x@example.test;p=1>;tag=x\r\nTo: <sip:bob@example.test>\r\nCall-ID: x{}\r\n\
         CSeq: 1 {method}\r\n{lines}Content-Length: {}\r\n\r\n{body}",
        world.phones[phone].sent.len(),
        world.phones[phone].sent.len(),
        body.len()
    );
    world.deliver(phone, 0, flow, FlowEvent::Received(text.into_bytes()));
    world.run(50);
}

/// RFC 3428 7: the MESSAGE is answered with 200 and its content is for the user.
#[test]
fn a_message_reaches_the_other_phone_and_its_answer_completes_the_command() {
    let (mut world, alice, from, bob) = phones(account("bob"));
    let command = world.command(alice, message(from, None, text("grüß dich")));
    world.run(100);
    assert!(matches!(world.result(alice, command), Some(Ok(Reply::Response { status: 200, .. }))));
    let [Event::MessageReceived { call: None, from_uri, from_name: None, body, headers, .. }] =
        messages(&world, bob)[..]
    else {
        panic!("{:?}", world.phones[bob].events)
    };
    assert_eq!(from_uri, "sip:alice@example.test");
    assert_eq!(*body, text("grüß dich"));
    assert!(headers.iter().any(|(name, value)| name == "Subject" && value == "greetings"));
}

/// RFC 3428 4: no Contact in a MESSAGE.
/// RFC 3428 7: none in its 200.
#[test]
fn neither_a_message_nor_its_answer_has_a_contact() {
    let (mut world, alice, from, bob) = phones(account("bob"));
    world.command(alice, message(from, None, text("x")));
    world.run(100);
    let sent = |phone: usize, start: &str, part: &str| {
        world.phones[phone].sent.iter().filter(|text| text.starts_with(start) && text.contains(part)).cloned().collect()
    };
    let mut texts: Vec<String> = sent(alice, "MESSAGE", "");
    texts.extend::<Vec<String>>(sent(bob, "SIP/2.0 200", "MESSAGE"));
    assert_eq!(texts.len(), 3, "one challenged, one authorized, one answer");
    assert!(texts.iter().all(|text| !text.contains("Contact:")));
}

/// RFC 3428 9: a MESSAGE may be one of a dialog.
#[test]
fn a_message_in_a_call_names_the_call() {
    let (mut world, alice, bob, call, theirs) = in_call(account("bob"));
    let from = world.only_call(alice).account;
    let command = world.command(alice, message(from, Some(call), text("hello")));
    world.run(100);
    assert!(matches!(world.result(alice, command), Some(Ok(Reply::Response { status: 200, .. }))));
    assert!(matches!(messages(&world, bob)[..], [Event::MessageReceived { call: Some(id), .. }] if *id == theirs));
    world.command_now(alice, Command::Hangup(call, Extra::default())).unwrap();
    assert_eq!(
        world.command_now(alice, message(from, Some(call), text("x"))).map_err(|e| e.code),
        Err(ErrorCode::NotFound)
    );
}

#[test]
fn a_message_in_a_call_that_only_rings_is_refused() {
    let (mut world, alice, from, _) = phones(account("bob"));
    let call = world.call(alice, from, "bob");
    world.run(200);
    let refused = world.command_now(alice, message(from, Some(call), text("x")));
    assert_eq!(refused.map_err(|e| e.code), Err(ErrorCode::InvalidState));
}

/// RFC 3261 21.4.13: 415 with what would be accepted.
#[test]
fn content_that_the_account_does_not_take_gets_415_with_accept() {
    let options = AccountOptions { message_types: vec!["text/plain".to_owned()], ..account("bob") };
    let (mut world, alice, from, bob) = phones(options);
    let html = Body { content_type: "text/html".to_owned(), octets: b"<b>".to_vec() };
    let refused = world.command(alice, message(from, None, html));
    let taken = world.command(alice, message(from, None, text("x")));
    world.run(100);
    let error = world.result(alice, refused).unwrap().unwrap_err();
    assert_eq!(error.status, Some(415));
    assert!(matches!(world.result(alice, taken), Some(Ok(_))));
    let answer = world.phones[bob].sent.iter().find(|text| text.starts_with("SIP/2.0 415")).unwrap();
    assert!(answer.contains("\r\nAccept: text/plain\r\n"), "{answer}");
    assert_eq!(messages(&world, bob).len(), 1);
}

/// RFC 3261 8.2.3: content in a coding that is not understood gets 415, and Accept-Encoding.
#[test]
fn encoded_content_gets_415() {
    let (mut world, _, _, bob) = phones(account("bob"));
    raw(&mut world, bob, "MESSAGE", "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n", "zzz");
    let answer = world.phones[bob].sent.last().unwrap();
    assert!(answer.starts_with("SIP/2.0 415") && answer.contains("Accept-Encoding: identity"), "{answer}");
    assert!(messages(&world, bob).is_empty());
}

/// RFC 3261 21.4.11: a body beyond the limit gets 413.
#[test]
fn a_message_beyond_the_limit_gets_413_and_ours_is_not_sent() {
    let (mut world, alice, from, bob) = phones(account("bob"));
    let long = "x".repeat(sipwake::common::limits::BODY_OCTETS + 1);
    raw(&mut world, bob, "MESSAGE", "Content-Type: text/plain\r\n", &long);
    assert_eq!(world.sent(bob, "SIP/2.0 413"), 1);
    let refused = world.command_now(alice, message(from, None, text(&long))).unwrap_err();
    assert_eq!((refused.code, refused.field), (ErrorCode::InvalidOption, Some("body")));
}

#[test]
fn a_body_without_a_type_gets_400_and_an_empty_one_is_taken() {
    let (mut world, _, _, bob) = phones(account("bob"));
    raw(&mut world, bob, "MESSAGE", "", "what am I");
    assert_eq!(world.sent(bob, "SIP/2.0 400"), 1);
    raw(&mut world, bob, "MESSAGE", "", "");
    let [Event::MessageReceived { from_uri, from_name, .. }] = messages(&world, bob)[..] else { panic!("no message") };
    assert_eq!((from_uri.as_str(), from_name.as_deref()), ("sip:x@example.test", Some("Xena")));
}

#[test]
fn content_types_that_could_break_a_line_are_refused() {
    let (mut world, alice, from, _) = phones(account("bob"));
    for kind in ["text/plain\r\nX: y", "text", "", "text/plain;x=\"\r\n\""] {
        let body = Body { content_type: kind.to_owned(), octets: b"x".to_vec() };
        let refused = world.command_now(alice, message(from, None, body)).unwrap_err();
        assert_eq!(refused.field, Some("body"), "{kind:?}");
    }
}

/// RFC 3261 11.2: the 200 says what this user agent can.
#[test]
fn options_are_answered_with_what_we_can() {
    let options = AccountOptions {
        events: vec!["presence".to_owned()],
        info_packages: vec!["x-cursor".to_owned()],
        ..account("bob")
    };
    let (mut world, alice, from, _) = phones(options);
    let command =
        world.command(alice, Command::SendOptions { account: from, target: "bob".to_owned(), extra: Extra::default() });
    world.run(100);
    let Some(Ok(Reply::Response { status: 200, headers, .. })) = world.result(alice, command) else {
        panic!("{:?}", world.result(alice, command))
    };
    let get = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    assert!(get("Allow").contains("INVITE") && get("Allow").contains("MESSAGE"), "{headers:?}");
    assert_eq!(get("Accept"), "application/sdp");
    assert!(get("Supported").contains("outbound"));
    assert_eq!(get("Allow-Events"), "refer, presence");
    assert_eq!(get("Recv-Info"), "x-cursor");
    assert!(get("Contact").contains(".invalid"));
}

/// RFC 3261 11.2: the status is the one that an INVITE would get.
#[test]
fn options_while_no_more_calls_fit_are_answered_with_486() {
    let (mut world, alice, from, bob) = phones(account("bob"));
    for _ in 0..sipwake::common::limits::CALLS {
        world.call(alice, from, "bob");
        world.run(100);
    }
    assert_eq!(world.calls(bob).len(), sipwake::common::limits::CALLS);
    raw(&mut world, bob, "OPTIONS", "", "");
    assert_eq!(world.sent(bob, "SIP/2.0 486"), 1);
}

/// RFC 6086 4.2.2: an INFO for a package that is taken gets 200.
#[test]
fn an_info_of_a_package_that_is_taken_reaches_the_application() {
    let options = AccountOptions { info_packages: vec!["x-cursor".to_owned()], ..account("bob") };
    let (mut world, alice, bob, call, theirs) = in_call(options);
    let extra = Extra { headers: vec![("Info-Package".to_owned(), "x-cursor;v=1".to_owned())] };
    let command = world.command(alice, Command::Info { call, body: text("left"), extra });
    world.run(100);
    assert!(matches!(world.result(alice, command), Some(Ok(Reply::Response { status: 200, .. }))));
    let told = world.phones[bob].events.iter().find_map(|event| match event {
        Event::InfoReceived { call, body, headers } => Some((*call, body.clone(), headers.clone())),
        _ => None,
    });
    let (id, body, headers) = told.unwrap();
    assert_eq!((id, body), (theirs, text("left")));
    assert!(headers.contains(&("Info-Package".to_owned(), "x-cursor;v=1".to_owned())));
}

/// RFC 6086 4.2.2: one for another package gets 469 with Recv-Info.
#[test]
fn an_info_of_another_package_gets_469() {
    let options = AccountOptions { info_packages: vec!["x-cursor".to_owned()], ..account("bob") };
    let (mut world, alice, bob, call, _) = in_call(options);
    let extra = Extra { headers: vec![("Info-Package".to_owned(), "x-other".to_owned())] };
    let command = world.command(alice, Command::Info { call, body: text("left"), extra });
    world.run(100);
    assert_eq!(world.result(alice, command).unwrap().unwrap_err().status, Some(469));
    let answer = world.phones[bob].sent.iter().find(|text| text.starts_with("SIP/2.0 469")).unwrap();
    assert!(answer.contains("Recv-Info: x-cursor"), "{answer}");
    assert!(!world.phones[bob].events.iter().any(|event| matches!(event, Event::InfoReceived { .. })));
}

/// RFC 6086 4.2.2, RFC 3261 7.3.1: a package's name is a token, in any case; one that cannot be read is no package.
#[test]
fn the_name_of_a_package_is_compared_in_any_case() {
    let options = AccountOptions { info_packages: vec!["x-cursor".to_owned()], ..account("alice") };
    let mut far = Far::with(options);
    let (_, _, mut peer) = far.talking();
    for (package, status) in
        [("X-Cursor", 200), ("x-cursor ;v=1", 200), (";v=1", 400), ("x cursor", 400), ("x-cursor2", 469)]
    {
        far.ask(&mut peer, "INFO", &[&format!("Info-Package: {package}"), "Content-Type: text/plain"], "left");
        assert_eq!(far.response("INFO").status(), status, "{package}");
    }
    let told = far.world.phones[far.phone].events.iter().filter(|event| matches!(event, Event::InfoReceived { .. }));
    assert_eq!(told.count(), 2);
}

/// RFC 6086 4.2: Recv-Info is there also where no package is taken.
#[test]
fn who_takes_no_package_says_so() {
    let (mut world, alice, bob, call, _) = in_call(account("bob"));
    let extra = Extra { headers: vec![("Info-Package".to_owned(), "x-other".to_owned())] };
    world.command(alice, Command::Info { call, body: text("left"), extra });
    world.run(100);
    let answer = world.phones[bob].sent.iter().find(|text| text.starts_with("SIP/2.0 469")).unwrap();
    assert!(answer.lines().any(|line| line.trim_end() == "Recv-Info:"), "{answer}");
}

/// RFC 6086 4.2.1: Recv-Info in the INVITE and in what answers it.
/// RFC 6665 4.4.4: Allow-Events in whatever makes a dialog.
#[test]
fn who_makes_a_dialog_says_what_may_be_sent_in_it() {
    let options = AccountOptions {
        info_packages: vec!["x-cursor".to_owned()],
        events: vec!["dialog".to_owned()],
        ..account("bob")
    };
    let (mut world, alice, bob, _, theirs) = in_call(options);
    let account = world.only_call(bob).account;
    world.command_now(bob, Command::Hangup(theirs, Extra::default())).unwrap();
    world.call(bob, account, "alice");
    world.run(200);
    let answer = world.phones[bob].sent.iter().find(|text| text.starts_with("SIP/2.0 200")).unwrap();
    let invite = world.phones[bob].sent.iter().find(|text| text.starts_with("INVITE")).unwrap();
    let mut ringing = world.phones[alice].sent.iter().filter(|text| text.starts_with("SIP/2.0 180"));
    for text in [answer, invite] {
        assert!(text.contains("\r\nRecv-Info: x-cursor\r\n") && text.contains("\r\nAllow-Events: refer, dialog\r\n"));
        assert!(text.contains("\r\nAllow: INVITE, ACK"));
    }
    assert!(ringing.next().unwrap().contains("\r\nAllow-Events: refer\r\n"));
}

/// RFC 6086 2: an INFO without a package is taken as it is.
#[test]
fn an_info_without_a_package_is_taken() {
    let (mut world, alice, bob, call, _) = in_call(account("bob"));
    let body = Body { content_type: "application/x-any".to_owned(), octets: b"1".to_vec() };
    let command = world.command(alice, Command::Info { call, body, extra: Extra::default() });
    world.run(100);
    assert!(matches!(world.result(alice, command), Some(Ok(Reply::Response { status: 200, .. }))));
    assert!(world.phones[bob].events.iter().any(|event| matches!(event, Event::InfoReceived { .. })));
}

/// RFC 3261 12.2.2: a request of a dialog that is not there gets 481.
#[test]
fn info_outside_a_dialog_gets_481() {
    let (mut world, _, _, bob) = phones(account("bob"));
    raw(&mut world, bob, "INFO", "", "");
    assert_eq!(world.sent(bob, "SIP/2.0 481"), 1);
}

#[test]
fn event_packages_and_types_that_cannot_be_are_refused_with_the_account() {
    let mut world = World::new();
    let phone = world.add_phone(Default::default());
    for (options, field) in [
        (AccountOptions { events: vec!["a b".to_owned()], ..account("x") }, "events"),
        (AccountOptions { info_packages: vec![String::new()], ..account("x") }, "infoPackages"),
        (AccountOptions { message_types: vec!["text".to_owned()], ..account("x") }, "messageTypes"),
    ] {
        let refused = world.command_now(phone, Command::CreateAccount(Box::new(options))).unwrap_err();
        assert_eq!(refused.field, Some(field));
    }
}
