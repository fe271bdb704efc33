//! SUBSCRIBE and NOTIFY between two phones, and with a server that tells of voicemail.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    AccountId, AccountOptions, Body, Command, CommandId, ErrorCode, Event, Extra, FlowEvent, Reply, SubscriptionId,
    SubscriptionInfo, SubscriptionState, Voicemail,
};
use sipwake::message::{HeaderName, Method, Request};

use crate::world::{World, account};

struct Two {
    world: World,
    alice: usize,
    bob: usize,
    account: AccountId,
}

/// Two registered phones; bob lets others subscribe to his presence.
fn two() -> Two {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    world.server.add_user("bob", "secret");
    let bob = world.add_phone(Default::default());
    world.create_account(bob, watched("bob"));
    world.run(100);
    Two { world, alice, bob, account }
}

fn watched(name: &str) -> AccountOptions {
    AccountOptions { events: vec!["presence".to_owned(), "dialog".to_owned()], ..account(name) }
}

fn state(text: &str) -> Body {
    Body { content_type: "application/pidf+xml".to_owned(), octets: text.as_bytes().to_vec() }
}

impl Two {
    fn subscribe(&mut self, event: &str, expires: u32) -> CommandId {
        let command = Command::Subscribe {
            account: self.account,
            target: "bob".to_owned(),
            event: event.to_owned(),
            accept: vec!["application/pidf+xml".to_owned()],
            expires,
            body: Body::default(),
            extra: Extra::default(),
        };
        let command = self.world.command(self.alice, command);
        self.world.run(50);
        command
    }

    /// A subscription that bob has accepted with the state `open`: its id at alice's and at bob's.
    fn subscribed(expires: u32) -> (Self, SubscriptionId, SubscriptionId) {
        let mut two = two();
        let command = two.subscribe("presence", expires);
        let theirs = two.asked();
        two.accept(theirs, false, "open");
        two.world.run(50);
        let Some(Ok(Reply::Subscription(ours))) = two.world.result(two.alice, command) else {
            panic!("{:?}", two.world.result(two.alice, command))
        };
        (two, ours, theirs)
    }

    fn asked(&self) -> SubscriptionId {
        let of = |event: &Event| match event {
            Event::SubscribeReceived { subscription, .. } => Some(*subscription),
            _ => None,
        };
        self.world.phones[self.bob].events.iter().rev().find_map(of).expect("a SUBSCRIBE")
    }

    fn accept(&mut self, subscription: SubscriptionId, pending: bool, text: &str) {
        let command = Command::AcceptSubscriber { subscription, pending, body: state(text) };
        self.world.command_now(self.bob, command).unwrap();
    }

    fn notify(&mut self, subscription: SubscriptionId, text: &str, terminate: Option<&str>) -> CommandId {
        let command = Command::Notify { subscription, body: state(text), terminate: terminate.map(str::to_owned) };
        let command = self.world.command(self.bob, command);
        self.world.run(50);
        command
    }

    /// What alice was told about the state.
    fn heard(&self) -> Vec<String> {
        let of = |event: &Event| match event {
            Event::NotifyReceived { body, .. } => Some(String::from_utf8(body.octets.clone()).unwrap()),
            _ => None,
        };
        self.world.phones[self.alice].events.iter().filter_map(of).collect()
    }

    fn changes(&self) -> Vec<SubscriptionInfo> {
        let of = |event: &Event| match event {
            Event::SubscriptionChanged(info) => Some(info.clone()),
            _ => None,
        };
        self.world.phones[self.alice].events.iter().filter_map(of).collect()
    }

    fn states(&self) -> Vec<SubscriptionState> {
        self.changes().into_iter().map(|info| info.state).collect()
    }

    /// What bob was told of his subscribers.
    fn subscribers(&self) -> Vec<(SubscriptionState, Option<String>)> {
        let of = |event: &Event| match event {
            Event::SubscriberChanged(info) => Some((info.state, info.reason.clone())),
            _ => None,
        };
        self.world.phones[self.bob].events.iter().filter_map(of).collect()
    }

    fn requests(&self, method: &Method) -> Vec<&Request> {
        self.world.server.requests.iter().filter(|request| request.method() == method).collect()
    }
}

/// RFC 6665 4.1.2.1, 4.2.1.2: SUBSCRIBE, 200, NOTIFY.
#[test]
fn a_subscription_is_accepted_and_state_comes() {
    let (mut two, ours, theirs) = Two::subscribed(600);
    assert_eq!(two.heard(), ["open"]);
    assert_eq!(two.states().last(), Some(&SubscriptionState::Active));
    let told = two.notify(theirs, "closed", None);
    assert_eq!(two.world.result(two.bob, told), Some(Ok(Reply::Done)));
    assert_eq!(two.heard(), ["open", "closed"]);
    let info = two.changes().pop().unwrap();
    assert_eq!((info.id, info.event.as_str(), info.remote_uri.as_str()), (ours, "presence", "sip:bob@example.test"));
    assert!(!info.will_retry && info.error.is_none());
}

/// RFC 6665 3.1, 3.2: what SUBSCRIBE and NOTIFY carry.
#[test]
fn subscribe_and_notify_carry_what_they_must() {
    let (two, ..) = Two::subscribed(600);
    let subscribe = two.requests(&Method::Subscribe).pop().unwrap();
    let get = |request: &Request, name| request.headers.get(name).unwrap_or_default().to_owned();
    assert_eq!(get(subscribe, HeaderName::Event), "presence");
    assert_eq!(get(subscribe, HeaderName::Expires), "600");
    assert_eq!(get(subscribe, HeaderName::Accept), "application/pidf+xml");
    assert!(get(subscribe, HeaderName::Contact).contains(".invalid"));
    let notify = two.requests(&Method::Notify).pop().unwrap();
    assert_eq!(get(notify, HeaderName::Event), "presence");
    assert_eq!(get(notify, HeaderName::SubscriptionState), "active;expires=600");
    assert!(get(notify, HeaderName::Contact).contains(".invalid"));
    assert!(notify.headers.routes().next().is_some(), "by the recorded route");
}

/// RFC 6665 4.2.1.1: 489 with Allow-Events for what is not offered.
#[test]
fn a_package_that_is_not_offered_gets_489() {
    let mut two = two();
    let command = two.subscribe("message-summary", 600);
    assert_eq!(two.world.result(two.alice, command).unwrap().unwrap_err().status, Some(489));
    let answer = two.world.phones[two.bob].sent.iter().find(|text| text.starts_with("SIP/2.0 489")).unwrap();
    assert!(answer.contains("Allow-Events: refer, presence, dialog"), "{answer}");
    assert!(two.changes().is_empty(), "nobody knew of it");
}

/// RFC 3515 2.4.4: a SUBSCRIBE to refer that no REFER made is forbidden.
#[test]
fn nobody_subscribes_to_refer_by_itself() {
    let mut two = two();
    let refused = Command::Subscribe {
        account: two.account,
        target: "bob".to_owned(),
        event: "refer".to_owned(),
        accept: Vec::new(),
        expires: 60,
        body: Body::default(),
        extra: Extra::default(),
    };
    assert_eq!(two.world.command_now(two.alice, refused).unwrap_err().field, Some("event"));
    let response = raw(&mut two, "SUBSCRIBE", "Event: refer\r\nContact: <sip:x@x.invalid>\r\n", "");
    assert!(response.starts_with("SIP/2.0 403"), "{response}");
}

/// RFC 6665 4.2.1.1: 423 with Min-Expires, and the subscriber asks for that.
#[test]
fn a_time_too_short_is_raised_and_asked_for_again() {
    let mut two = two();
    let command = two.subscribe("presence", 20);
    two.world.run(50);
    assert_eq!(two.world.sent(two.bob, "SIP/2.0 423"), 1);
    let theirs = two.asked();
    two.accept(theirs, false, "open");
    two.world.run(50);
    assert!(matches!(two.world.result(two.alice, command), Some(Ok(Reply::Subscription(_)))));
    assert_eq!(two.requests(&Method::Subscribe).last().unwrap().headers.get(HeaderName::Expires), Some("60"));
}

/// RFC 6665 4.1.2.2, 4.2.1.4: it is refreshed in time, and each refresh is answered with the state.
#[test]
fn a_subscription_lives_as_long_as_it_is_wanted() {
    let (mut two, _, theirs) = Two::subscribed(600);
    two.world.run(3_000_000);
    let refreshes = two.requests(&Method::Subscribe).len();
    assert!((6..=8).contains(&refreshes), "{refreshes}");
    assert!(two.heard().len() >= 5 && two.heard().iter().all(|text| text == "open"), "{:?}", two.heard());
    assert!(two.states().iter().all(|state| *state != SubscriptionState::Terminated));
    assert!(two.subscribers().iter().all(|(state, _)| *state == SubscriptionState::Active));
    two.notify(theirs, "closed", None);
    assert_eq!(two.heard().last().map(String::as_str), Some("closed"));
}

/// RFC 6665 4.1.2.3: SUBSCRIBE with Expires: 0, 200, the last NOTIFY.
#[test]
fn unsubscribing_ends_it_on_both_sides() {
    let (mut two, ours, theirs) = Two::subscribed(600);
    two.world.command_now(two.alice, Command::Unsubscribe(ours)).unwrap();
    two.world.run(100);
    assert_eq!(two.requests(&Method::Subscribe).last().unwrap().headers.get(HeaderName::Expires), Some("0"));
    let last = two.requests(&Method::Notify).pop().unwrap();
    assert_eq!(last.headers.get(HeaderName::SubscriptionState), Some("terminated;reason=timeout"));
    assert_eq!(two.states().last(), Some(&SubscriptionState::Terminated));
    assert!(two.changes().last().unwrap().error.is_none());
    assert_eq!(two.subscribers().last(), Some(&(SubscriptionState::Terminated, Some("timeout".to_owned()))));
    let gone = two.notify(theirs, "x", None);
    assert_eq!(two.world.result(two.bob, gone), Some(Err(ErrorCode::NotFound.into())));
    assert_eq!(two.world.command_now(two.alice, Command::Unsubscribe(ours)), Err(ErrorCode::NotFound.into()));
}

/// RFC 6665 4.2.1.2: pending until somebody has decided.
#[test]
fn a_subscription_may_wait_for_permission() {
    let mut two = two();
    two.subscribe("presence", 600);
    let theirs = two.asked();
    two.accept(theirs, true, "");
    two.world.run(50);
    assert_eq!(two.states().last(), Some(&SubscriptionState::Pending));
    two.accept(theirs, false, "open");
    two.world.run(50);
    assert_eq!(two.states().last(), Some(&SubscriptionState::Active));
    assert_eq!(two.heard(), ["", "open"]);
}

/// RFC 6665 4.1.3: rejected: no other attempt.
#[test]
fn a_permission_that_is_refused_later_ends_it_for_good() {
    let mut two = two();
    two.subscribe("presence", 600);
    let theirs = two.asked();
    two.accept(theirs, true, "");
    two.world.run(50);
    two.world.command_now(two.bob, Command::RejectSubscriber(theirs, 403)).unwrap();
    two.world.run(100_000);
    let info = two.changes().pop().unwrap();
    assert_eq!((info.state, info.reason.as_deref()), (SubscriptionState::Terminated, Some("rejected")));
    assert!(!info.will_retry);
    assert_eq!(two.requests(&Method::Subscribe).len(), 2, "one challenged, one authorized");
}

#[test]
fn a_refused_subscriber_gets_the_status() {
    let mut two = two();
    let command = two.subscribe("presence", 600);
    let theirs = two.asked();
    two.world.command_now(two.bob, Command::RejectSubscriber(theirs, 603)).unwrap();
    two.world.run(50);
    assert_eq!(two.world.result(two.alice, command).unwrap().unwrap_err().status, Some(603));
}

#[test]
fn a_subscriber_that_nobody_answers_gets_480_after_ten_seconds() {
    let mut two = two();
    let command = two.subscribe("presence", 600);
    two.world.run(10_100);
    assert_eq!(two.world.result(two.alice, command).unwrap().unwrap_err().status, Some(480));
    assert_eq!(two.subscribers().len(), 1);
}

/// RFC 6665 4.1.3: deactivated: another subscription at once; noresource: none.
#[test]
fn what_the_end_means_depends_on_its_reason() {
    let (mut two, ours, theirs) = Two::subscribed(600);
    two.world.run(100_000);
    two.notify(theirs, "moving", Some("deactivated"));
    two.world.run(50);
    let again = two.asked();
    assert_ne!(again, theirs);
    assert!(two.changes().iter().any(|info| info.will_retry && info.reason.as_deref() == Some("deactivated")));
    two.accept(again, false, "back");
    two.world.run(50);
    let info = two.changes().pop().unwrap();
    assert_eq!((info.id, info.state), (ours, SubscriptionState::Active), "it is the same for the application");
    two.notify(again, "bye", Some("noresource"));
    two.world.run(1_000_000);
    assert_eq!(two.heard(), ["open", "moving", "back", "bye"]);
    assert_eq!(two.states().last(), Some(&SubscriptionState::Terminated));
    assert_eq!(two.asked(), again, "nobody has asked since");
}

/// RFC 6665 4.4.3: the state of this moment.
#[test]
fn a_state_can_be_fetched_once() {
    let (mut two, ..) = Two::subscribed(0);
    two.world.run(100);
    assert_eq!(two.heard(), ["open"]);
    assert_eq!(two.states().last(), Some(&SubscriptionState::Terminated));
    let notify = two.requests(&Method::Notify).pop().unwrap();
    assert_eq!(notify.headers.get(HeaderName::SubscriptionState), Some("terminated;reason=timeout"));
    assert_eq!(two.subscribers().last().unwrap().0, SubscriptionState::Terminated);
}

/// RFC 6665 4.2.3: nobody refreshes; the last NOTIFY says so.
#[test]
fn a_subscriber_that_does_not_refresh_is_told_that_its_time_is_over() {
    let (mut two, ..) = Two::subscribed(600);
    two.world.phones[two.alice].frozen = true;
    two.world.run(601_000);
    let notify = two.requests(&Method::Notify).pop().unwrap();
    assert_eq!(notify.headers.get(HeaderName::SubscriptionState), Some("terminated;reason=timeout"));
    two.world.run(40_000);
    assert_eq!(two.subscribers().last().unwrap().0, SubscriptionState::Terminated);
}

/// RFC 6665 4.1.2.2: SUBSCRIBE refreshes the target; a subscription outlives its flow.
#[test]
fn a_subscription_moves_to_the_subscribers_new_flow() {
    let (mut two, ours, theirs) = Two::subscribed(600);
    let subscribes = two.requests(&Method::Subscribe).len();
    two.world.cut(two.alice);
    two.world.run(5_000);
    assert!(two.requests(&Method::Subscribe).len() > subscribes);
    assert_eq!(two.heard(), ["open", "open"], "the refresh brings the state");
    two.notify(theirs, "and on", None);
    assert_eq!(two.heard().last().map(String::as_str), Some("and on"));
    let infos = two.changes();
    assert!(infos.iter().all(|info| info.id == ours && info.state != SubscriptionState::Terminated), "{infos:?}");
}

#[test]
fn on_a_new_flow_nothing_is_refreshed_before_the_registrar_knows_it() {
    let (mut two, ..) = Two::subscribed(600);
    let before = two.world.phones[two.alice].sent.len();
    // The REGISTER is challenged first.
    two.world.server.gate.forget_nonces();
    two.world.cut(two.alice);
    two.world.run(5_000);
    let sent: Vec<_> = two.world.phones[two.alice].sent[before..]
        .iter()
        .filter_map(|text| text.split(' ').next().filter(|word| matches!(*word, "REGISTER" | "SUBSCRIBE")))
        .collect();
    assert_eq!(sent[..3], ["REGISTER", "REGISTER", "SUBSCRIBE"], "only then the answer finds us");
}

/// RFC 6665 4.1.2.2: 481 to a refresh: the notifier has forgotten it, and another subscription is made.
#[test]
fn a_subscription_that_the_notifier_gave_up_meanwhile_is_made_anew() {
    let (mut two, ours, theirs) = Two::subscribed(600);
    two.world.run(100_000);
    two.world.phones[two.alice].offline = true;
    two.world.cut(two.alice);
    let lost = two.notify(theirs, "while away", None);
    assert_eq!(two.world.result(two.bob, lost).unwrap().unwrap_err().status, Some(404));
    two.world.phones[two.alice].offline = false;
    two.world.run(10_000);
    let again = two.asked();
    assert_ne!(again, theirs);
    two.accept(again, false, "back");
    two.world.run(50);
    assert_eq!(two.heard(), ["open", "back"]);
    let infos = two.changes();
    assert!(infos.iter().all(|info| info.id == ours && info.state != SubscriptionState::Terminated), "{infos:?}");
    assert!(infos.iter().any(|info| info.will_retry && info.error.is_some()));
}

#[test]
fn a_subscription_follows_the_notifiers_new_flow() {
    let (mut two, _, theirs) = Two::subscribed(600);
    two.world.cut(two.bob);
    two.world.run(5_000);
    assert_eq!(two.heard(), ["open", "open"], "the NOTIFY on the new flow says where it is");
    two.notify(theirs, "still here", None);
    assert_eq!(two.heard().last().map(String::as_str), Some("still here"));
    two.world.run(600_000);
    assert!(two.states().iter().all(|state| *state != SubscriptionState::Terminated));
}

#[test]
fn without_a_connection_nothing_is_queued() {
    let (mut two, ours, theirs) = Two::subscribed(600);
    two.world.phones[two.bob].offline = true;
    two.world.cut(two.bob);
    let lost = two.notify(theirs, "x", None);
    assert_eq!(two.world.result(two.bob, lost), Some(Err(ErrorCode::FlowLost.into())));
    two.world.phones[two.alice].offline = true;
    two.world.cut(two.alice);
    assert_eq!(two.world.command_now(two.alice, Command::Unsubscribe(ours)), Err(ErrorCode::FlowLost.into()));
    assert_eq!(two.states().last(), Some(&SubscriptionState::Terminated));
    let refused = two.subscribe("presence", 600);
    assert_eq!(two.world.result(two.alice, refused), Some(Err(ErrorCode::FlowLost.into())));
}

/// RFC 6665 4.2.2: 481 to a NOTIFY removes the subscription.
#[test]
fn a_subscriber_that_has_forgotten_is_forgotten() {
    let (mut two, _, theirs) = Two::subscribed(600);
    // Another page of alice's: the same flow would bring the NOTIFY, and nobody there knows of it.
    let seed = sipwake::common::random::Random::new(sipwake::common::random::Seeded(77));
    two.world.phones[two.alice].endpoint = sipwake::endpoint::Endpoint::new(Default::default(), seed);
    two.world.phones[two.alice].completed.clear();
    two.world.cut(two.alice);
    two.world.create_account(two.alice, account("alice"));
    two.world.run(5_000);
    let notify = two.requests(&Method::Notify).pop().unwrap().clone();
    let flow = two.world.phones[two.alice].flows[0];
    two.world.deliver(two.alice, 0, flow, FlowEvent::Received(notify.to_octets().unwrap()));
    two.world.run(10);
    assert!(two.world.phones[two.alice].sent.last().unwrap().starts_with("SIP/2.0 481"));
    let unheard = two.notify(theirs, "x", None);
    two.world.run(40_000);
    assert!(two.world.result(two.bob, unheard).unwrap().is_err());
    assert_eq!(two.subscribers().last().unwrap().0, SubscriptionState::Terminated);
}

/// RFC 6665 4.1.4: NOTIFYs of other forks get 481.
#[test]
fn the_first_notify_makes_the_dialog_and_those_of_other_forks_get_481() {
    let (mut two, ..) = Two::subscribed(600);
    let notify = two.requests(&Method::Notify).pop().unwrap();
    let mut other = String::from_utf8(notify.to_octets().unwrap()).unwrap();
    let tag = notify.headers.from().unwrap().unwrap().tag().unwrap().to_owned();
    other = other.replace(&tag, "anotherfork").replace("z9hG4bK", "z9hG4bKfork");
    let flow = two.world.phones[two.alice].flows[0];
    two.world.deliver(two.alice, 0, flow, FlowEvent::Received(other.into_bytes()));
    two.world.run(10);
    assert!(two.world.phones[two.alice].sent.last().unwrap().starts_with("SIP/2.0 481"));
    assert_eq!(two.heard(), ["open"]);
}

/// RFC 6665 4.1.2.4: a NOTIFY that overtakes the 200.
#[test]
fn a_notify_that_overtakes_the_200_is_the_acceptance() {
    let mut two = two();
    let command = two.subscribe("presence", 600);
    let subscribe = two.requests(&Method::Subscribe).pop().unwrap();
    let get = |name| subscribe.headers.get(name).unwrap().to_owned();
    let text = format!(
        "NOTIFY sip:a@a.invalid SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bKn\r\nMax-Forwards: 70\r\n\
         From: {};tag=early\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 NOTIFY\r\nContact: <sip:b@b.invalid>\r\n\
         Event: presence\r\nSubscription-State: active;expires=600\r\nContent-Length: 0\r\n\r\n",
        get(HeaderName::To),
        get(HeaderName::From),
        get(HeaderName::CallId)
    );
    let flow = two.world.phones[two.alice].flows[0];
    two.world.deliver(two.alice, 0, flow, FlowEvent::Received(text.into_bytes()));
    two.world.run(5);
    let Some(Ok(Reply::Subscription(ours))) = two.world.result(two.alice, command) else { panic!("not accepted") };
    two.world.command_now(two.alice, Command::Unsubscribe(ours)).unwrap();
    let theirs = two.asked();
    two.accept(theirs, false, "late");
    two.world.run(50);
    let last = two.requests(&Method::Subscribe).pop().unwrap();
    assert_eq!(last.headers.get(HeaderName::Expires), Some("0"));
    let first = two.requests(&Method::Subscribe)[1].headers.cseq().unwrap().unwrap().number;
    assert!(last.headers.cseq().unwrap().unwrap().number > first, "its numbers go on");
}

#[test]
fn voicemail_is_told_without_a_subscription_and_nothing_else_is() {
    let mut two = two();
    let lines =
        "Event: message-summary\r\nSubscription-State: active\r\nContent-Type: application/simple-message-summary\r\n";
    let response = raw(&mut two, "NOTIFY", lines, "Messages-Waiting: yes\r\nVoice-Message: 2/0\r\n");
    assert!(response.starts_with("SIP/2.0 200"), "{response}");
    let told = two.world.phones[two.bob].events.iter().any(|event| {
        matches!(event, Event::NotifyReceived { subscription: None, event, body, voicemail: Some(mailbox), .. }
            if event == "message-summary"
                && body.octets.starts_with(b"Messages-Waiting: yes")
                && *mailbox == Voicemail { waiting: true, new: 2, old: 0 })
    });
    assert!(told);
    for (lines, status) in [
        ("Event: keep-alive\r\n", "489"),
        ("Event: presence\r\nSubscription-State: active\r\n", "489"),
        ("Event: refer\r\nSubscription-State: active\r\n", "481"),
        ("", "489"),
        ("Event: ;\r\n", "489"),
    ] {
        let response = raw(&mut two, "NOTIFY", lines, "");
        assert!(response.starts_with(&format!("SIP/2.0 {status}")), "{lines} {response}");
    }
}

/// A request with these lines to bob, outside any dialog; his answer.
fn raw(two: &mut Two, method: &str, lines: &str, body: &str) -> String {
    let number = two.world.now;
    let text = format!(
        "{method} sip:bob@b.invalid SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n\
         From: <sip:x@example.test>;tag=x\r\nTo: <sip:bob@example.test>\r\nCall-ID: x{number}\r\nCSeq: 1 {method}\r\n\
         {lines}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let flow = two.world.phones[two.bob].flows[0];
    two.world.deliver(two.bob, 0, flow, FlowEvent::Received(text.into_bytes()));
    two.world.run(20);
    two.world.phones[two.bob].sent.last().unwrap().clone()
}

#[test]
fn a_subscribe_that_cannot_be_is_refused_at_once() {
    let mut two = two();
    for (lines, status) in [
        ("", "489"),
        ("Event: presence\r\n", "400"),
        ("Event: presence\r\nContact: <sip:x@x.invalid>\r\nExpires: soon\r\n", "400"),
        ("Event: presence\r\nContact: <sip:x@x.invalid>\r\nExpires: 59\r\n", "423"),
        ("Event: Presence\r\nContact: <sip:x@x.invalid>\r\n", "489"),
    ] {
        let response = raw(&mut two, "SUBSCRIBE", lines, "");
        assert!(response.starts_with(&format!("SIP/2.0 {status}")), "{lines} {response}");
    }
    assert!(!two.world.phones[two.bob].events.iter().any(|event| matches!(event, Event::SubscribeReceived { .. })));
}

#[test]
fn more_subscribers_than_the_limit_get_503() {
    let mut two = two();
    let lines = "Event: presence\r\nContact: <sip:x@x.invalid>\r\n";
    for _ in 0..sipwake::common::limits::SUBSCRIBERS {
        raw(&mut two, "SUBSCRIBE", lines, "");
    }
    let response = raw(&mut two, "SUBSCRIBE", lines, "");
    assert!(response.starts_with("SIP/2.0 503"), "{response}");
}

#[test]
fn logging_out_ends_what_is_subscribed() {
    let (mut two, ..) = Two::subscribed(600);
    let account = two.account;
    two.world.command(two.alice, Command::RemoveAccount(account));
    two.world.run(500);
    assert_eq!(two.requests(&Method::Subscribe).last().unwrap().headers.get(HeaderName::Expires), Some("0"));
    assert_eq!(two.states().last(), Some(&SubscriptionState::Terminated));
    assert_eq!(two.subscribers().last().map(|(state, _)| *state), Some(SubscriptionState::Terminated));
}

#[test]
fn stopping_tells_the_subscribers() {
    let (mut two, ..) = Two::subscribed(600);
    two.world.command(two.bob, Command::Stop);
    two.world.run(500);
    let info = two.changes().pop().unwrap();
    assert_eq!((info.state, info.reason.as_deref()), (SubscriptionState::Terminated, Some("noresource")));
}

#[test]
fn states_follow_each_other_in_order_and_each_is_told() {
    let (mut two, _, theirs) = Two::subscribed(600);
    for text in ["1", "2", "3", "4"] {
        let body = state(text);
        two.world.command(two.bob, Command::Notify { subscription: theirs, body, terminate: None });
    }
    two.world.run(500);
    assert_eq!(two.heard(), ["open", "1", "2", "3", "4"]);
}

#[test]
fn accounts_do_not_mix() {
    let mut world = World::new();
    let (alice, one) = world.add_registered("alice");
    world.server.add_user("alice2", "secret");
    let two = world.create_account(alice, account("alice2"));
    world.server.add_user("bob", "secret");
    let bob = world.add_phone(Default::default());
    world.create_account(bob, watched("bob"));
    world.run(100);
    for account in [one, two] {
        world.command(
            alice,
            Command::Subscribe {
                account,
                target: "bob".to_owned(),
                event: "presence".to_owned(),
                accept: Vec::new(),
                expires: 600,
                body: Body::default(),
                extra: Extra::default(),
            },
        );
        world.run(50);
    }
    let asked: Vec<_> = world.phones[bob]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::SubscribeReceived { subscription, from_uri, .. } => Some((*subscription, from_uri.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(
        asked.iter().map(|(_, uri)| uri.as_str()).collect::<Vec<_>>(),
        ["sip:alice@example.test", "sip:alice2@example.test"]
    );
    for (subscription, uri) in asked {
        world.command_now(bob, Command::AcceptSubscriber { subscription, pending: false, body: state(&uri) }).unwrap();
    }
    world.run(100);
    let heard: Vec<_> = world.phones[alice]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::NotifyReceived { account, body, .. } => {
                Some((*account, String::from_utf8(body.octets.clone()).unwrap()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(heard, [(one, "sip:alice@example.test".to_owned()), (two, "sip:alice2@example.test".to_owned())]);
}
