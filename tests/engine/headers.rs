//! The application's own headers: on what every command sends, on what the engine sends by itself, and never twice.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    AccountId, AccountOptions, Body, CallOptions, CallState, Command, CommandId, DtmfMethod, Error, Event, Extra,
    Reply, RequestHeader,
};
use sipwake::message::{HeaderName, Message};

use crate::far::{Far, header};
use crate::session::{Talk, talking};
use crate::world::{World, account};

fn list(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn extra(mark: &str) -> Extra {
    Extra { headers: list(&[("X-Mark", mark)]) }
}

/// The command with a header of this value.
fn with(mark: &str, command: Command) -> Command {
    Command::With(extra(mark), Box::new(command))
}

/// What a phone sent with this mark: each method, and each status with the method that it answers.
fn marked(world: &World, phone: usize, mark: &str) -> Vec<String> {
    let mut seen = Vec::new();
    for text in world.phones[phone].sent.iter().filter(|text| !text.trim().is_empty()) {
        let message = Message::parse(text.clone().into_bytes()).unwrap();
        let marks: Vec<_> = message.headers().lines_named("X-Mark").collect();
        if marks.is_empty() || marks != [mark] {
            assert!(marks.len() < 2, "twice: {text}");
            continue;
        }
        let cseq = message.headers().cseq().unwrap().unwrap();
        let word = match &message {
            Message::Request(request) => request.method().as_str().to_owned(),
            Message::Response(response) => format!("{} {}", response.status(), cseq.method.as_str()),
        };
        if seen.last() != Some(&word) {
            seen.push(word);
        }
    }
    seen
}

fn body(text: &str) -> Body {
    Body { content_type: "text/plain".to_owned(), octets: text.as_bytes().to_vec() }
}

/// RFC 3261 14.1: the application's headers are on the re-INVITE that it asked for, and on no later one.
#[test]
fn hold_and_renegotiate_carry_headers() {
    let Talk { mut world, alice, call, .. } = talking();
    let mut ask = |mark, command| {
        world.command(alice, with(mark, command));
        world.run(500);
        marked(&world, alice, mark)
    };
    assert_eq!(ask("hold", Command::Hold(call, true)), ["INVITE"]);
    assert_eq!(ask("unhold", Command::Hold(call, false)), ["INVITE"]);
    assert_eq!(ask("again", Command::Renegotiate { call, restart: true }), ["INVITE"]);
    world.command(alice, Command::Hold(call, true));
    world.run(500);
    assert_eq!(world.phones[alice].sent.iter().filter(|text| text.contains("X-Mark: again")).count(), 1);
}

/// RFC 3261 14.1: a re-INVITE that met another one is sent again, headers and all.
#[test]
fn headers_stay_with_a_change_that_has_to_be_tried_again() {
    let mut talk = talking();
    talk.answer("INVITE", 491, &[]);
    let command = talk.world.command(talk.alice, with("hold", Command::Hold(talk.call, true)));
    talk.world.run(6_000);
    assert_eq!(talk.result(command), Some(Ok(Reply::Done)));
    let invites = talk.requests(talk.alice, "INVITE");
    let marks = invites.iter().filter(|invite| invite.headers.get_named("X-Mark") == Some("hold"));
    assert_eq!(marks.count(), 2);
}

/// RFC 6086 4.2.1: each INFO of a row of digits.
#[test]
fn digits_by_info_carry_headers() {
    let Talk { mut world, alice, call, .. } = talking();
    let dtmf = Command::Dtmf { call, digits: "12".to_owned(), method: DtmfMethod::Info, duration_ms: 100, gap_ms: 70 };
    world.command(alice, with("digits", dtmf));
    world.run(2_000);
    let infos = world.phones[alice].sent.iter().filter(|text| text.starts_with("INFO "));
    assert_eq!(infos.clone().count(), 2);
    assert!(infos.clone().all(|text| text.contains("\r\nX-Mark: digits\r\n")));
}

/// RFC 3261 21.3: a redirection.
#[test]
fn a_redirection_carries_headers() {
    let mut far = Far::new();
    far.invite_sdp("redirected", &[], 1);
    let call = far.only_call().id;
    let redirect = Command::Redirect { call, status: 302, targets: vec!["carol".to_owned()] };
    far.world.command_now(far.phone, with("elsewhere", redirect)).unwrap();
    far.run(20);
    assert_eq!(marked(&far.world, far.phone, "elsewhere"), ["302 INVITE"]);
}

/// RFC 3261 10.2: each REGISTER that a command leads to, the one after a challenge and the refresh as well.
#[test]
fn registrations_carry_the_headers_of_the_last_command() {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    let count = |world: &World, mark: &str| {
        let line = format!("\r\nX-Mark: {mark}\r\n");
        world.phones[alice].sent.iter().filter(|text| text.starts_with("REGISTER ") && text.contains(&line)).count()
    };
    world.command(alice, with("again", Command::Register(account)));
    world.run(100);
    assert!(count(&world, "again") > 0);
    let before = count(&world, "again");
    world.run(600_000);
    assert!(count(&world, "again") > before, "a refresh");
    world.command(alice, with("away", Command::Unregister(account)));
    world.run(100);
    assert!(count(&world, "away") > 0);
    world.command(alice, Command::Register(account));
    world.run(100);
    assert!(world.phones[alice].sent.last().unwrap().starts_with("REGISTER "));
    assert!(!world.phones[alice].sent.last().unwrap().contains("X-Mark"), "a command without any ends it");
    world.command(alice, with("gone", Command::RemoveAccount(account)));
    world.run(100);
    assert!(count(&world, "gone") > 0);
}

/// RFC 3261 10.2.4: what a command wants to say leaves even though a REGISTER is on its way.
#[test]
fn headers_do_not_wait_for_a_refresh() {
    let mut world = World::new();
    world.server.add_user("alice", "secret");
    let alice = world.add_phone(sipwake::io::EndpointOptions::default());
    let account = world.create_account(alice, account("alice"));
    world.run(12);
    assert!(world.phones[alice].sent.iter().any(|text| text.starts_with("REGISTER ")), "on its way");
    world.command(alice, with("now", Command::Register(account)));
    world.run(200);
    assert!(marked(&world, alice, "now").contains(&"REGISTER".to_owned()));
}

fn published(world: &mut World, phone: usize, account: AccountId) -> sipwake::io::PublicationId {
    let publish = Command::Publish {
        account,
        event: "presence".to_owned(),
        expires: 600,
        body: body("open"),
        extra: extra("first"),
    };
    let command = world.command(phone, publish);
    world.run(100);
    match world.result(phone, command) {
        Some(Ok(Reply::Publication(id))) => id,
        other => panic!("{other:?}"),
    }
}

/// RFC 3903 4.4, 4.5: a changed state, and its removal.
#[test]
fn publications_carry_headers_to_their_end() {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    let id = published(&mut world, alice, account);
    assert_eq!(marked(&world, alice, "first"), ["PUBLISH"]);
    world.command(alice, with("second", Command::Republish(id, body("closed"))));
    world.run(100);
    assert_eq!(marked(&world, alice, "second"), ["PUBLISH"]);
    world.command(alice, with("last", Command::Unpublish(id)));
    world.run(100);
    assert_eq!(marked(&world, alice, "last"), ["PUBLISH"]);
    assert!(world.phones[alice].sent.last().unwrap().contains("\r\nExpires: 0\r\n"));
}

/// Alice asks to follow bob's state; the number of her subscription with bob.
fn asked(world: &mut World, alice: usize, account: AccountId, bob: usize) -> (CommandId, sipwake::io::SubscriptionId) {
    let subscribe = Command::Subscribe {
        account,
        target: "bob".to_owned(),
        event: "presence".to_owned(),
        accept: vec!["text/plain".to_owned()],
        expires: 600,
        body: Body::default(),
        extra: extra("asks"),
    };
    let command = world.command(alice, subscribe);
    world.run(100);
    let of = |event: &Event| match event {
        Event::SubscribeReceived { subscription, .. } => Some(*subscription),
        _ => None,
    };
    (command, world.phones[bob].events.iter().rev().find_map(of).expect("a SUBSCRIBE"))
}

fn followed() -> (World, usize, AccountId, usize) {
    let mut world = World::new();
    let (alice, alices) = world.add_registered("alice");
    world.server.add_user("bob", "secret");
    let bob = world.add_phone(sipwake::io::EndpointOptions::default());
    world.create_account(bob, AccountOptions { events: vec!["presence".to_owned()], ..account("bob") });
    world.run(100);
    (world, alice, alices, bob)
}

/// RFC 6665 4.2: the 200 and the NOTIFYs of a notifier; 4.1: the SUBSCRIBEs of a subscriber.
#[test]
fn subscriptions_carry_headers_both_ways() {
    let (mut world, alice, account, bob) = followed();
    let (command, subscriber) = asked(&mut world, alice, account, bob);
    assert_eq!(marked(&world, alice, "asks"), ["SUBSCRIBE"]);
    let accept = Command::AcceptSubscriber { subscription: subscriber, pending: false, body: body("open") };
    world.command(bob, with("welcome", accept));
    world.run(100);
    assert_eq!(marked(&world, bob, "welcome"), ["200 SUBSCRIBE", "NOTIFY"]);
    let notify = Command::Notify { subscription: subscriber, body: body("closed"), terminate: None };
    world.command(bob, with("news", notify));
    world.run(100);
    assert_eq!(marked(&world, bob, "news"), ["NOTIFY"]);
    let Some(Ok(Reply::Subscription(id))) = world.result(alice, command) else { panic!("not accepted") };
    world.run(560_000);
    let refreshes = world.phones[alice].sent.iter().filter(|text| text.starts_with("SUBSCRIBE "));
    assert!(refreshes.clone().count() > 1 && refreshes.clone().all(|text| text.contains("X-Mark: asks")));
    world.command(alice, with("bye", Command::Unsubscribe(id)));
    world.run(100);
    assert_eq!(marked(&world, alice, "bye"), ["SUBSCRIBE"]);
}

/// RFC 6665 4.2.1.2: a refusal, at once or after it was pending.
#[test]
fn refused_subscribers_are_told_with_headers() {
    let (mut world, alice, account, bob) = followed();
    let (_, subscriber) = asked(&mut world, alice, account, bob);
    world.command(bob, with("no", Command::RejectSubscriber(subscriber, 403)));
    world.run(100);
    assert_eq!(marked(&world, bob, "no"), ["403 SUBSCRIBE"]);
    let (_, subscriber) = asked(&mut world, alice, account, bob);
    let accept = Command::AcceptSubscriber { subscription: subscriber, pending: true, body: Body::default() };
    world.command(bob, accept);
    world.run(100);
    world.command(bob, with("never", Command::RejectSubscriber(subscriber, 403)));
    world.run(100);
    assert_eq!(marked(&world, bob, "never"), ["NOTIFY"]);
}

fn referred(world: &mut World, alice: usize, call: sipwake::io::CallId, bob: usize) -> sipwake::io::ReferralId {
    let transfer = Command::Transfer { call, target: "carol".to_owned(), extra: Extra::default() };
    world.command(alice, transfer);
    world.run(50);
    let of = |event: &Event| match event {
        Event::ReferReceived { referral, .. } => Some(*referral),
        _ => None,
    };
    world.phones[bob].events.iter().rev().find_map(of).expect("a REFER")
}

/// RFC 3515 2.4.4: the response, the NOTIFYs, and the INVITE that the REFER asked for.
#[test]
fn referrals_carry_headers() {
    let Talk { mut world, alice, bob, call, .. } = talking();
    let referral = referred(&mut world, alice, call, bob);
    world.command(bob, with("no", Command::RejectReferral(referral, 603)));
    world.run(50);
    assert_eq!(marked(&world, bob, "no"), ["603 REFER"]);
    let referral = referred(&mut world, alice, call, bob);
    world.command(bob, with("yes", Command::AcceptReferral { referral, video: sipwake::io::Video::Off }));
    world.run(500);
    let seen = marked(&world, bob, "yes");
    for word in ["202 REFER", "INVITE", "NOTIFY"] {
        assert!(seen.iter().any(|seen| seen == word), "{word}: {seen:?}");
    }
}

/// RFC 3261 9.1, 15.1.1: CANCEL and BYE.
#[test]
fn the_end_of_a_call_carries_headers() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "bob", &[], "");
    far.world.command_now(far.phone, Command::Hangup(call, extra("cancel"))).unwrap();
    far.run(20);
    assert_eq!(marked(&far.world, far.phone, "cancel"), ["CANCEL"]);
    let Talk { mut world, alice, call, .. } = talking();
    world.command_now(alice, Command::Hangup(call, extra("bye"))).unwrap();
    world.run(100);
    assert_eq!(marked(&world, alice, "bye"), ["BYE"]);
}

fn of_requests(headers: &[(Option<&str>, &str, &str)]) -> AccountOptions {
    let request_headers = headers.iter().map(|(method, name, value)| RequestHeader {
        method: method.map(str::to_owned),
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    });
    AccountOptions { request_headers: request_headers.collect(), ..account("alice") }
}

/// RFC 3262 4, RFC 3311 5.1, RFC 3261 9.1: what the engine sends by itself carries the account's headers.
#[test]
fn an_accounts_headers_are_on_every_request() {
    let mut far = Far::with(of_requests(&[(None, "X-Mark", "all"), (Some("PRACK"), "X-Prack", "1")]));
    let (call, invite) = far.called();
    far.reply(&invite, 180, "bob", &["Require: 100rel", "RSeq: 1"], "");
    let prack = far.request("PRACK");
    far.reply(&prack, 200, "bob", &[], "");
    far.reply_sdp(&invite, 200, "bob", &[], 1);
    far.world.command(far.phone, Command::Hold(call, true));
    far.run(100);
    let reinvite = far.request("INVITE");
    far.reply(&reinvite, 200, "bob", &["Content-Type: application/sdp"], &crate::world::sdp(1));
    far.world.command_now(far.phone, Command::Hangup(call, Extra::default())).unwrap();
    far.run(20);
    let (call, invite) = far.called();
    far.reply(&invite, 180, "bob", &[], "");
    far.world.command_now(far.phone, Command::Hangup(call, Extra::default())).unwrap();
    far.run(20);
    let seen = marked(&far.world, far.phone, "all");
    for method in ["REGISTER", "INVITE", "PRACK", "ACK", "BYE", "CANCEL"] {
        assert!(seen.iter().any(|seen| seen == method), "{method}: {seen:?}");
    }
    for text in &far.world.phones[far.phone].sent {
        assert_eq!(text.contains("X-Prack: 1"), text.starts_with("PRACK "), "{text}");
        assert!(text.matches("X-Mark:").count() <= 1, "{text}");
    }
}

/// RFC 3261 22.2: a request that is sent once more with credentials has everything once.
#[test]
fn a_challenge_doubles_nothing() {
    let mut far = Far::with(of_requests(&[(None, "X-Mark", "all"), (None, "User-Agent", "mine/1")]));
    let (_, invite) = far.called();
    let challenge = "Proxy-Authenticate: Digest realm=\"example.test\", nonce=\"n1\", qop=\"auth\"";
    far.reply(&invite, 407, "proxy", &[challenge], "");
    let again = far.request("INVITE");
    assert!(again.headers.get(HeaderName::ProxyAuthorization).is_some());
    assert_eq!(again.headers.lines_named("X-Mark").collect::<Vec<_>>(), ["all"]);
    assert_eq!(again.headers.lines(HeaderName::UserAgent).collect::<Vec<_>>(), ["mine/1"]);
}

/// RFC 3261 20.41: a call may say another User-Agent than the endpoint; it is said once.
#[test]
fn a_commands_header_goes_before_the_accounts_and_the_engines() {
    let mut far = Far::with(of_requests(&[(None, "X-Mark", "account"), (None, "X-Other", "account")]));
    let headers = list(&[("User-Agent", "mine/2"), ("x-mark", "call")]);
    let (_, invite) = far.called_with(CallOptions { headers, ..CallOptions::default() });
    assert_eq!(invite.headers.lines(HeaderName::UserAgent).collect::<Vec<_>>(), ["mine/2"]);
    assert_eq!(invite.headers.lines_named("X-Mark").collect::<Vec<_>>(), ["call"]);
    assert_eq!(header(&far.request("INVITE").headers, HeaderName::UserAgent), "mine/2");
    assert_eq!(invite.headers.get_named("X-Other"), Some("account"));
}

/// RFC 3261 7.3.1: of every header that has a name here, a message that the application adds it to has one line, or the
/// command is refused.
#[test]
fn no_header_is_doubled_whatever_its_name() {
    let mut refused = Vec::new();
    for name in HeaderName::all() {
        // Not every value is one of every header.
        let values = ["sip:x", "<sip:x>", "SIP;cause=200", "1", "true", "id", "Auto", "session", "sip:x;index=1"];
        let mut accepted = None;
        for value in values {
            let mut far = Far::new();
            let headers = list(&[(name.as_str(), value)]);
            let options = CallOptions { headers: headers.clone(), anonymous: true, ..CallOptions::default() };
            let command = Command::MakeCall { account: far.account, target: "bob".to_owned(), options };
            match far.world.command_now(far.phone, command) {
                Ok(_) => {
                    far.run(50);
                    let invite = far.request("INVITE");
                    assert_eq!(invite.headers.lines(name).collect::<Vec<_>>(), [value], "{}", name.as_str());
                    accepted = Some((far, headers));
                    break;
                }
                Err(error) => assert_eq!(error, Error::option("headers"), "{}", name.as_str()),
            }
        }
        let Some((mut far, headers)) = accepted else {
            refused.push(name);
            continue;
        };
        let (account, target) = (far.account, "bob".to_owned());
        let subscribe = Command::Subscribe {
            account,
            target,
            event: "presence".to_owned(),
            accept: vec!["text/plain".to_owned()],
            expires: 60,
            body: body("filter"),
            extra: Extra { headers: headers.clone() },
        };
        far.world.command(far.phone, subscribe);
        let options =
            Command::SendOptions { account, target: "bob".to_owned(), extra: Extra { headers: headers.clone() } };
        far.world.command(far.phone, options);
        far.run(50);
        let (call, ..) = far.talking();
        let refer = Command::Transfer { call, target: "carol".to_owned(), extra: Extra { headers: headers.clone() } };
        far.world.command(far.phone, refer);
        far.world.command(far.phone, Command::With(Extra { headers }, Box::new(Command::Hold(call, true))));
        far.run(100);
        far.world.command(far.phone, Command::Hangup(call, Extra::default()));
        far.run(20);
        for text in far.world.phones[far.phone].sent.iter().filter(|text| !text.trim().is_empty()) {
            let message = Message::parse(text.clone().into_bytes()).unwrap();
            assert!(message.headers().lines(name).count() < 2, "{}: {text}", name.as_str());
        }
    }
    // What the engine writes of who, whither and in which state is never the application's.
    for name in [HeaderName::Event, HeaderName::ReferTo, HeaderName::RAck, HeaderName::Expires, HeaderName::Contact] {
        assert!(refused.contains(&name), "{}", name.as_str());
    }
    for name in [HeaderName::UserAgent, HeaderName::Privacy, HeaderName::Reason, HeaderName::ReferredBy] {
        assert!(!refused.contains(&name), "{}", name.as_str());
    }
}

/// RFC 3261 7.3.1: the engine's headers and what could break a line are refused, whichever way they come.
#[test]
fn headers_that_cannot_be_sent_are_refused_before_anything_leaves() {
    let Talk { mut world, alice, call, .. } = talking();
    let sent = world.phones[alice].sent.len();
    for (name, value) in [("Contact", "<sip:x>"), ("rack", "1 1 INVITE"), ("X-A", "a\r\nVia: b"), ("X A", "1")] {
        let command = Command::With(Extra { headers: list(&[(name, value)]) }, Box::new(Command::Hold(call, true)));
        assert_eq!(world.command_now(alice, command), Err(Error::option("headers")), "{name}");
        let options = of_requests(&[(None, name, value)]);
        let made = world.command_now(alice, Command::CreateAccount(Box::new(options)));
        assert_eq!(made, Err(Error::option("requestHeaders")), "{name}");
    }
    let bad_method = of_requests(&[(Some("NO METHOD"), "X-A", "1")]);
    let made = world.command_now(alice, Command::CreateAccount(Box::new(bad_method)));
    assert_eq!(made, Err(Error::option("requestHeaders")));
    world.run(500);
    assert_eq!(world.phones[alice].sent.len(), sent);
    assert_eq!(world.state(alice, call), Some(CallState::Connected));
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
}

/// What each event of a phone that has a mark says of it, and which one it was.
fn told(world: &World, phone: usize) -> Vec<(&'static str, String)> {
    let events = world.phones[phone].events.iter().filter_map(|event| {
        let (name, headers) = match event {
            Event::RegistrationChanged(info) => ("registration", &info.headers),
            Event::CallChanged(info) => ("call", &info.headers),
            Event::SubscriptionChanged(info) => ("subscription", &info.headers),
            Event::SubscriberChanged(info) => ("subscriber", &info.headers),
            Event::PublicationChanged { headers, .. } => ("publication", headers),
            Event::TransferChanged { headers, .. } => ("transfer", headers),
            _ => return None,
        };
        value(headers, "X-Mark").map(|mark| (name, mark.to_owned()))
    });
    events.collect()
}

/// RFC 3261 10.3: what the registrar says with its response is there with the change.
#[test]
fn a_registration_changes_with_the_headers_of_its_response() {
    let mut world = World::new();
    world.server.register_headers = vec![("X-Mark", "registrar".to_owned())];
    let (alice, _) = world.add_registered("alice");
    assert_eq!(told(&world, alice), [("registration", "registrar".to_owned())]);
}

/// RFC 3261 13.2.2, 14.2: a call changes with the headers of what changed it: responses, the far end's re-INVITE, the
/// answer to ours; a mute changes it with none.
#[test]
fn a_call_changes_with_the_headers_of_the_message() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "bob", &["X-Mark: rings"], "");
    far.reply_sdp(&invite, 200, "bob", &["X-Mark: answers"], 1);
    let mut peer = far.peer(&invite, "bob");
    let hold = crate::world::sdp(1).replace("a=sendrecv", "a=sendonly");
    far.ask(&mut peer, "INVITE", &["X-Mark: holds", "Content-Type: application/sdp"], &hold);
    far.run(100);
    far.ask(&mut peer, "ACK", &[], "");
    far.world.command(far.phone, Command::Hold(call, true));
    far.run(100);
    let reinvite = far.request("INVITE");
    let inactive = crate::world::sdp(1).replace("a=sendrecv", "a=inactive");
    far.reply(&reinvite, 200, "bob", &["X-Mark: agrees", "Content-Type: application/sdp"], &inactive);
    far.run(100);
    let marks: Vec<_> = told(&far.world, far.phone).into_iter().map(|(_, mark)| mark).collect();
    for mark in ["rings", "answers", "holds", "agrees"] {
        assert!(marks.iter().any(|seen| seen == mark), "{mark}: {marks:?}");
    }
    far.world.phones[far.phone].events.clear();
    far.world.command_now(far.phone, Command::Mute(call, true)).unwrap();
    let silent = |event: &Event| matches!(event, Event::CallChanged(info) if info.headers.is_empty());
    assert!(far.world.phones[far.phone].events.iter().any(silent));
}

/// RFC 3515 2.4.2, RFC 3903 4, RFC 6665 4.1.2: a refused request rejects with the status, words and headers of its response.
#[test]
fn what_is_refused_says_so_with_the_words_and_headers_of_the_response() {
    let mut far = Far::new();
    let (call, ..) = far.talking();
    let (account, target) = (far.account, "bob".to_owned());
    let transfer = Command::Transfer { call, target: "carol".to_owned(), extra: Extra::default() };
    let message = Command::SendMessage { account, call: None, target, body: body("hi"), extra: Extra::default() };
    for (method, command) in [("REFER", transfer), ("MESSAGE", message), ("INVITE", Command::Hold(call, true))] {
        let command = far.world.command(far.phone, command);
        far.run(50);
        let request = far.request(method);
        far.reply(&request, 488, "bob", &["X-Mark: why"], "");
        far.run(50);
        let Some(Err(error)) = far.world.result(far.phone, command) else { panic!("{method} is not refused") };
        let response = error.response.expect(method);
        assert_eq!((error.status, value(&response.headers, "X-Mark")), (Some(488), Some("why")), "{method}");
        assert!(!response.reason.is_empty());
    }
}

/// RFC 6665 4.1.3, 4.2.1, RFC 3903 6, RFC 3515 2.4.5: states that are followed, shown and published.
#[test]
fn what_is_followed_changes_with_the_headers_of_the_message() {
    let (mut world, alice, account, bob) = followed();
    let (_, subscriber) = asked(&mut world, alice, account, bob);
    let accept = Command::AcceptSubscriber { subscription: subscriber, pending: false, body: body("open") };
    world.command(bob, with("welcome", accept));
    world.run(100);
    let end =
        Command::Notify { subscription: subscriber, body: body("closed"), terminate: Some("noresource".to_owned()) };
    world.command(bob, with("over", end));
    world.run(100);
    let seen = told(&world, alice);
    assert!(seen.contains(&("subscription", "welcome".to_owned())), "{seen:?}");
    assert!(seen.contains(&("subscription", "over".to_owned())), "{seen:?}");
    let (_, subscriber) = asked(&mut world, alice, account, bob);
    world.command(bob, Command::AcceptSubscriber { subscription: subscriber, pending: false, body: body("open") });
    world.run(560_000);
    let seen = told(&world, bob);
    assert!(seen.contains(&("subscriber", "asks".to_owned())), "a refresh: {seen:?}");
    let Talk { mut world, alice, bob, call, .. } = talking();
    let referral = referred(&mut world, alice, call, bob);
    world.command(bob, with("yes", Command::AcceptReferral { referral, video: sipwake::io::Video::Off }));
    world.run(500);
    let seen = told(&world, alice);
    assert!(seen.contains(&("transfer", "yes".to_owned())), "{seen:?}");
    let (phone, account) = world.add_registered("carol");
    published(&mut world, phone, account);
    let etag = |event: &Event| matches!(event, Event::PublicationChanged { headers, .. } if value(headers, "SIP-ETag").is_some());
    assert!(world.phones[phone].events.iter().any(etag));
}
