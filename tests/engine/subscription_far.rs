//! SUBSCRIBE, NOTIFY and MESSAGE against a scripted far end.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    AccountOptions, Body, Command, CommandId, ErrorCode, Event, Extra, FlowEvent, Input, Reply, SubscriptionId,
    SubscriptionInfo, SubscriptionState,
};
use sipwake::message::{HeaderName, Request};

use crate::far::{Far, Peer, header};
use crate::world::account;

fn subscribe(far: &mut Far, expires: u32) -> (CommandId, Request) {
    let command = Command::Subscribe {
        account: far.account,
        target: "bob".to_owned(),
        event: "dialog".to_owned(),
        accept: vec!["application/dialog-info+xml".to_owned()],
        expires,
        body: Body::default(),
        extra: Extra::default(),
    };
    let command = far.world.command(far.phone, command);
    far.run(20);
    (command, far.request("SUBSCRIBE"))
}

/// A subscription that the far end accepted: `active` for so many seconds.
fn subscribed(seconds: u32) -> (Far, Peer, SubscriptionId) {
    let mut far = Far::new();
    let (command, request) = subscribe(&mut far, seconds);
    far.reply(&request, 200, "bob", &[&format!("Expires: {seconds}")], "");
    let mut peer = far.peer(&request, "bob");
    notify(&mut far, &mut peer, "active", &[]);
    let Some(Ok(Reply::Subscription(id))) = far.world.result(far.phone, command) else { panic!("not accepted") };
    (far, peer, id)
}

fn notify(far: &mut Far, peer: &mut Peer, state: &str, lines: &[&str]) -> u16 {
    let state = format!("Subscription-State: {state}");
    let mut all = vec!["Event: dialog", state.as_str()];
    all.extend(lines);
    far.ask(peer, "NOTIFY", &all, "");
    far.response("NOTIFY").status()
}

fn changes(far: &Far) -> Vec<SubscriptionInfo> {
    let of = |event: &Event| match event {
        Event::SubscriptionChanged(info) => Some(info.clone()),
        _ => None,
    };
    far.world.phones[far.phone].events.iter().filter_map(of).collect()
}

fn last_state(far: &Far) -> SubscriptionState {
    changes(far).last().expect("a change").state
}

/// RFC 6665 4.1.2.4: Timer N.
#[test]
fn an_accepted_subscription_without_a_notify_is_lost_and_tried_again() {
    let mut far = Far::new();
    let (command, request) = subscribe(&mut far, 600);
    far.reply(&request, 202, "bob", &["Expires: 600"], "");
    assert!(matches!(far.world.result(far.phone, command), Some(Ok(Reply::Subscription(_)))));
    far.run(32_000);
    let info = changes(&far).pop().unwrap();
    assert!(info.will_retry && info.error.as_ref().map(|e| e.code) == Some(ErrorCode::Timeout), "{info:?}");
    far.run(10_000);
    let again = far.request("SUBSCRIBE");
    assert_ne!(header(&again.headers, HeaderName::CallId), header(&request.headers, HeaderName::CallId));
    assert!(again.headers.to().unwrap().unwrap().tag().is_none());
}

/// RFC 6665 4.4.1: the NOTIFY makes the dialog, its Record-Route the route set.
#[test]
fn a_refresh_goes_to_the_notifiers_contact_by_its_routes() {
    let mut far = Far::new();
    let (_, request) = subscribe(&mut far, 600);
    far.reply(&request, 200, "bob", &["Expires: 600"], "");
    let mut peer = far.peer(&request, "bob");
    notify(&mut far, &mut peer, "active", &["Record-Route: <sip:p1.test;lr>, <sip:p2.test;lr>"]);
    far.run(545_000);
    let refresh = far.request("SUBSCRIBE");
    assert_eq!(refresh.uri(), "sip:bob@far.invalid;transport=ws");
    let routes: Vec<_> = refresh.headers.values(HeaderName::Route).collect();
    assert_eq!(routes, ["<sip:p1.test;lr>", "<sip:p2.test;lr>"]);
    let number = |request: &Request| request.headers.cseq().unwrap().unwrap().number;
    assert_eq!(number(&refresh), number(&request) + 1);
    assert_eq!(header(&refresh.headers, HeaderName::To), peer.local);
}

/// RFC 6665 4.1.2.2: 503 with Retry-After leaves it alive.
#[test]
fn a_refresh_that_is_put_off_is_sent_again_in_time() {
    let (mut far, ..) = subscribed(600);
    far.run(541_000);
    let refresh = far.request("SUBSCRIBE");
    far.reply(&refresh, 503, "bob", &["Retry-After: 20"], "");
    assert_eq!(last_state(&far), SubscriptionState::Active);
    let count = far.count("SUBSCRIBE");
    far.run(19_000);
    assert_eq!(far.count("SUBSCRIBE"), count);
    far.run(2_000);
    assert_eq!(far.count("SUBSCRIBE"), count + 1);
    let refresh = far.request("SUBSCRIBE");
    far.reply(&refresh, 200, "bob", &["Expires: 600"], "");
    far.run(100_000);
    assert_eq!(last_state(&far), SubscriptionState::Active);
}

/// RFC 6665 4.1.2.2: 404 to a refresh ends it.
#[test]
fn a_refresh_that_is_refused_for_good_ends_it() {
    let (mut far, ..) = subscribed(600);
    far.run(541_000);
    let refresh = far.request("SUBSCRIBE");
    far.reply(&refresh, 404, "bob", &[], "");
    let info = changes(&far).pop().unwrap();
    assert_eq!((info.state, info.error.and_then(|e| e.status)), (SubscriptionState::Terminated, Some(404)));
    let count = far.count("SUBSCRIBE");
    far.run(1_000_000);
    assert_eq!(far.count("SUBSCRIBE"), count);
}

#[test]
fn a_notify_that_does_not_belong_is_refused_and_changes_nothing() {
    let (mut far, mut peer, _) = subscribed(600);
    let told = |far: &Far| {
        let events = far.world.phones[far.phone].events.iter();
        events.filter(|event| !matches!(event, Event::Trace(_))).count()
    };
    let before = told(&far);
    for (lines, status) in [
        (["Event: dialog", "X: y"], 400),
        (["Event: presence", "Subscription-State: active"], 481),
        (["Event: dialog;id=1", "Subscription-State: active"], 481),
        (["Event: dialog", "Subscription-State: ;"], 400),
        (["X: y", "Subscription-State: active"], 489),
    ] {
        far.ask(&mut peer, "NOTIFY", &lines, "");
        assert_eq!(far.response("NOTIFY").status(), status, "{lines:?}");
    }
    peer.cseq -= 6;
    assert_eq!(notify(&mut far, &mut peer, "terminated", &[]), 500, "out of order");
    peer.cseq += 10;
    peer.local = peer.local.replace("tag=bob", "tag=eve");
    assert_eq!(notify(&mut far, &mut peer, "terminated", &[]), 481, "another tag");
    assert_eq!(told(&far), before);
    assert_eq!(last_state(&far), SubscriptionState::Active);
}

#[test]
fn a_reason_is_cut_to_what_can_be_shown() {
    let (mut far, mut peer, _) = subscribed(600);
    let long = format!("terminated;reason={}", "x".repeat(500));
    notify(&mut far, &mut peer, &long, &[]);
    assert_eq!(changes(&far).pop().unwrap().reason.unwrap().len(), 64);
}

/// RFC 6665 4.1.3: giveup with retry-after.
#[test]
fn a_subscription_that_was_given_up_is_tried_again_when_the_notifier_says() {
    let (mut far, mut peer, id) = subscribed(600);
    let count = far.count("SUBSCRIBE");
    notify(&mut far, &mut peer, "terminated;reason=giveup;retry-after=30", &[]);
    let info = changes(&far).pop().unwrap();
    assert!(info.will_retry && info.state == SubscriptionState::Subscribing);
    assert_eq!(notify(&mut far, &mut peer, "active", &[]), 481, "that dialog is over");
    far.run(29_000);
    assert_eq!(far.count("SUBSCRIBE"), count);
    far.run(2_000);
    assert_eq!(far.count("SUBSCRIBE"), count + 1);
    // Nobody wants it any more before it is answered.
    let request = far.request("SUBSCRIBE");
    far.world.command_now(far.phone, Command::Unsubscribe(id)).unwrap();
    far.reply(&request, 200, "bob", &["Expires: 600"], "");
    let mut peer = far.peer(&request, "bob");
    assert_eq!(notify(&mut far, &mut peer, "active", &[]), 481, "and so the notifier forgets it");
    assert_eq!(last_state(&far), SubscriptionState::Terminated);
}

#[test]
fn a_first_subscribe_that_nobody_answers_times_out() {
    let mut far = Far::new();
    let (command, _) = subscribe(&mut far, 600);
    far.run(33_000);
    assert_eq!(far.world.result(far.phone, command).unwrap().unwrap_err().code, ErrorCode::Timeout);
    assert!(changes(&far).is_empty());
}

/// RFC 3261 22.2: a refresh that is challenged leaves again in the same dialog.
#[test]
fn a_challenged_refresh_is_sent_again() {
    let (mut far, ..) = subscribed(600);
    far.run(541_000);
    let refresh = far.request("SUBSCRIBE");
    let challenge = "WWW-Authenticate: Digest realm=\"example.test\", nonce=\"n9\", qop=\"auth\"";
    far.reply(&refresh, 401, "bob", &[challenge], "");
    let again = far.request("SUBSCRIBE");
    let number = |request: &Request| request.headers.cseq().unwrap().unwrap().number;
    assert_eq!(number(&again), number(&refresh) + 1);
    assert!(again.headers.get(HeaderName::Authorization).unwrap().contains("n9"));
    far.reply(&again, 200, "bob", &["Expires: 600"], "");
    assert_eq!(last_state(&far), SubscriptionState::Active);
}

/// The far end subscribes to `dialog` of the phone, which accepts: the dialog and the phone's id.
fn followed() -> (Far, Peer, SubscriptionId) {
    let mut far = Far::with(AccountOptions { events: vec!["dialog".to_owned()], ..account("alice") });
    let peer = Peer {
        call_id: "follow".to_owned(),
        local: "<sip:bob@example.test>;tag=bob".to_owned(),
        remote: "<sip:alice@example.test>".to_owned(),
        target: far.contact(),
        cseq: 1,
    };
    let mut peer = peer;
    far.ask(&mut peer, "SUBSCRIBE", &["Event: dialog;id=9", "Expires: 600"], "");
    let of = |event: &Event| match event {
        Event::SubscribeReceived { subscription, .. } => Some(*subscription),
        _ => None,
    };
    let id = far.world.phones[far.phone].events.iter().find_map(of).expect("a SUBSCRIBE");
    let body = Body { content_type: "application/dialog-info+xml".to_owned(), octets: b"<d/>".to_vec() };
    far.world.command_now(far.phone, Command::AcceptSubscriber { subscription: id, pending: false, body }).unwrap();
    far.run(20);
    peer.remote = header(&far.response("SUBSCRIBE").headers, HeaderName::To);
    (far, peer, id)
}

fn subscribers(far: &Far) -> Vec<(SubscriptionState, Option<String>)> {
    let of = |event: &Event| match event {
        Event::SubscriberChanged(info) => Some((info.state, info.reason.clone())),
        _ => None,
    };
    far.world.phones[far.phone].events.iter().filter_map(of).collect()
}

/// RFC 6665 8.2.1: the id of the SUBSCRIBE is that of its NOTIFYs.
#[test]
fn a_notify_names_the_subscription_as_its_subscriber_does() {
    let (far, ..) = followed();
    let notify = far.request("NOTIFY");
    assert_eq!(header(&notify.headers, HeaderName::Event), "dialog;id=9");
    assert_eq!(header(&far.response("SUBSCRIBE").headers, HeaderName::Expires), "600");
    assert!(far.response("SUBSCRIBE").headers.get(HeaderName::Contact).is_some());
    assert_eq!(notify.body(), b"<d/>");
}

/// RFC 6665 4.2.2: a NOTIFY that fails for a while does not end it; one that nobody answers does.
#[test]
fn a_subscriber_that_cannot_be_reached_is_given_up_and_one_that_is_busy_is_not() {
    let (mut far, _, id) = followed();
    let notify = far.request("NOTIFY");
    far.reply(&notify, 503, "bob", &[], "");
    let body = Body::default();
    let command = far.world.command(far.phone, Command::Notify { subscription: id, body, terminate: None });
    far.run(20);
    assert_eq!(far.count("NOTIFY"), 2);
    far.run(40_000);
    assert_eq!(far.world.result(far.phone, command).unwrap().unwrap_err().code, ErrorCode::Timeout);
    assert_eq!(subscribers(&far).last().unwrap().0, SubscriptionState::Terminated);
}

/// RFC 3261 8.2.2.2: the same SUBSCRIBE by another way gets 482.
#[test]
fn a_subscribe_that_comes_twice_is_taken_once() {
    let (mut far, peer, _) = followed();
    let mut again = Peer { remote: "<sip:alice@example.test>".to_owned(), cseq: 1, ..peer };
    far.ask(&mut again, "SUBSCRIBE", &["Event: dialog;id=9", "Expires: 600"], "");
    assert_eq!(far.response("SUBSCRIBE").status(), 482);
}

#[test]
fn a_refresh_of_what_is_not_there_gets_481() {
    let (mut far, mut peer, _) = followed();
    for (event, status) in [("Event: dialog;id=8", 481), ("Event: dialog", 481), ("Event: dialog;id=9", 200)] {
        far.ask(&mut peer, "SUBSCRIBE", &[event, "Expires: 600"], "");
        assert_eq!(far.response("SUBSCRIBE").status(), status, "{event}");
    }
    far.ask(&mut peer, "SUBSCRIBE", &["Event: dialog;id=9", "Expires: 5"], "");
    let brief = far.response("SUBSCRIBE");
    assert_eq!((brief.status(), header(&brief.headers, HeaderName::MinExpires).as_str()), (423, "60"));
    peer.cseq -= 3;
    far.ask(&mut peer, "SUBSCRIBE", &["Event: dialog;id=9", "Expires: 600"], "");
    assert_eq!(far.response("SUBSCRIBE").status(), 500, "out of order");
}

#[test]
fn reasons_that_are_no_token_are_refused() {
    let (mut far, _, id) = followed();
    for reason in ["", "a b", "x\r\nY: z", "x;y"] {
        let command = Command::Notify { subscription: id, body: Body::default(), terminate: Some(reason.to_owned()) };
        let error = far.world.command_now(far.phone, command).unwrap_err();
        assert_eq!(error.field, Some("terminate"), "{reason:?}");
    }
}

#[test]
fn more_states_than_can_wait_are_refused() {
    let (mut far, _, id) = followed();
    let mut busy = 0;
    for _ in 0..20 {
        let command = Command::Notify { subscription: id, body: Body::default(), terminate: None };
        let command = far.world.command(far.phone, command);
        if let Some(Err(error)) = far.world.result(far.phone, command) {
            assert_eq!(error.code, ErrorCode::Busy);
            busy += 1;
        }
    }
    assert_eq!(busy, 4);
}

/// RFC 6665 4.1.2.4: what a timer brings about in the step of another one's NOTIFY has nothing of that.
#[test]
fn a_change_by_a_timer_has_no_headers_of_a_message_that_comes_with_it() {
    let (mut far, mut peer, id) = subscribed(600);
    let (_, silent) = subscribe(&mut far, 600);
    far.reply(&silent, 202, "carol", &["Expires: 600"], "");
    far.world.phones[far.phone].events.clear();
    // The page was not awake when the time was over, and both come at once.
    far.world.now += 33_000;
    peer.cseq += 1;
    let lines = [
        "Via: SIP/2.0/WSS far.invalid;branch=z9hG4bKlate",
        "Max-Forwards: 70",
        &format!("From: {}", peer.local),
        &format!("To: {}", peer.remote),
        &format!("Call-ID: {}", peer.call_id),
        &format!("CSeq: {} NOTIFY", peer.cseq),
        "Contact: <sip:bob@far.invalid;transport=ws>",
        "Event: dialog",
        "Subscription-State: terminated;reason=noresource",
        "X-Mark: told",
    ];
    let text = crate::far::text(&format!("NOTIFY {} SIP/2.0", peer.target), &lines, "");
    let flow = far.world.phones[far.phone].flows[0];
    far.world.input(far.phone, Input::Flow { flow, event: FlowEvent::Received(text.into_bytes()) });
    let seen: Vec<_> = changes(&far).into_iter().map(|info| (info.id == id, info.headers.is_empty())).collect();
    assert_eq!(seen.iter().filter(|(told, _)| *told).count(), 1, "{seen:?}");
    assert!(seen.iter().all(|(told, silent)| told != silent), "{seen:?}");
    assert!(seen.len() > 1, "{seen:?}");
}
