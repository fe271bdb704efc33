//! Thousands of requests of every kind with headers that fit and headers that do not, in every order, against a phone
//! in a call that also subscribes, is subscribed to and is transferred: each gets one final response, and the call stays.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::common::random::{Random, Seeded};
use sipwake::io::{AccountOptions, Body, CallState, Command, Event, Extra};
use sipwake::message::{HeaderName, Message};

use crate::far::{Far, Peer, header};
use crate::world::account;

const METHODS: [&str; 8] = ["NOTIFY", "SUBSCRIBE", "REFER", "MESSAGE", "INFO", "OPTIONS", "PUBLISH", "FOO"];

const LINES: [&str; 37] = [
    "Event: dialog",
    "Event: dialog;id=1",
    "Event: presence",
    "Event: refer",
    "Event: refer;id=101",
    "Event: message-summary",
    "Event: ;;",
    "Subscription-State: active;expires=60",
    "Subscription-State: pending",
    "Subscription-State: terminated;reason=noresource",
    "Subscription-State: terminated;reason=probation;retry-after=1",
    "Subscription-State: active;expires=99999999999",
    "Subscription-State: =",
    "Expires: 0",
    "Expires: 60",
    "Expires: 4294967295",
    "Expires: -1",
    "Refer-To: <sip:carol@example.test>",
    "Refer-To: <sip:carol@example.test?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>",
    "Refer-To: <sip:%00@%0d%0a>",
    "Refer-To: <tel:+1>",
    "Refer-Sub: false",
    "Referred-By: <sip:eve@example.test>",
    "Content-Type: message/sipfrag",
    "Content-Type: text/plain",
    "Content-Type: ///",
    "Info-Package: x",
    "Require: nosub",
    "Require: tdialog",
    "Target-Dialog: talk;local-tag=x;remote-tag=bob",
    "Target-Dialog: ;;",
    "Answer-Mode: Auto;require",
    "Expires: 30",
    "Replaces: talk;to-tag=x;from-tag=bob",
    "Refer-Events-At: <sip:x@y>",
    "P-Asserted-Identity: <sip:x@y>, <",
    "Expires: 5",
];

const BODIES: [&str; 6] =
    ["", "SIP/2.0 200 OK\r\n", "SIP/2.0 100 Trying\r\n", "SIP/2.0 486", "Messages-Waiting: yes\r\n", "\0"];

struct Busy {
    far: Far,
    call: sipwake::io::CallId,
    talk: Peer,
    others: Vec<Peer>,
}

fn busy() -> Busy {
    let mut far = Far::with(AccountOptions { events: vec!["dialog".to_owned()], ..account("alice") });
    let (call, _, talk) = far.talking();
    let subscribe = Command::Subscribe {
        account: far.account,
        target: "bob".to_owned(),
        event: "dialog".to_owned(),
        accept: Vec::new(),
        expires: 600,
        body: Body::default(),
        extra: Extra::default(),
    };
    far.world.command(far.phone, subscribe);
    far.run(20);
    let request = far.request("SUBSCRIBE");
    far.reply(&request, 200, "bob", &["Expires: 600"], "");
    let mut subscribed = far.peer(&request, "bob");
    far.ask(&mut subscribed, "NOTIFY", &["Event: dialog", "Subscription-State: active"], "");
    let fresh = Peer {
        call_id: "fresh".to_owned(),
        local: "<sip:eve@example.test>;tag=eve".to_owned(),
        remote: "<sip:alice@example.test>".to_owned(),
        target: far.contact(),
        cseq: 1,
    };
    let stray =
        Peer { remote: "<sip:alice@example.test>;tag=none".to_owned(), call_id: "stray".to_owned(), ..fresh.clone() };
    Busy { far, call, talk, others: vec![subscribed, fresh, stray] }
}

/// Each request by itself is unlikely to be more than refused; all of them together reach every answer there is.
#[test]
fn whatever_comes_gets_one_answer_and_the_call_stays() {
    let mut statuses = Vec::new();
    for seed in 0..8 {
        let mut random = Random::new(Seeded(seed));
        let Busy { mut far, call, mut talk, mut others } = busy();
        far.take();
        let mut sent = Vec::new();
        let mut answered: Vec<(String, String, u16)> = Vec::new();
        for step in 0..150 {
            let method = METHODS[random.below(METHODS.len() as u64) as usize];
            let mut lines = match method {
                _ if random.below(3) == 0 => Vec::new(),
                "NOTIFY" => vec!["Event: dialog", "Subscription-State: active"],
                "SUBSCRIBE" => vec!["Event: dialog"],
                "REFER" => vec!["Refer-To: <sip:carol@example.test>"],
                "INFO" => vec!["Info-Package: x"],
                _ => Vec::new(),
            };
            for _ in 0..random.below(4) {
                lines.push(LINES[random.below(LINES.len() as u64) as usize]);
            }
            let body = BODIES[random.below(BODIES.len() as u64) as usize];
            let which = random.below(4) as usize;
            let peer = if which == 3 { &mut talk } else { &mut others[which] };
            if which == 1 {
                // A new request outside any dialog each time.
                peer.call_id = format!("fresh{seed}-{step}");
            }
            far.ask(peer, method, &lines, body);
            sent.push((peer.call_id.clone(), format!("{} {method}", peer.cseq)));
            react(&mut far, &mut random);
            collect(&mut far, &mut answered);
        }
        far.run(700_000);
        collect(&mut far, &mut answered);
        for (call_id, cseq) in &sent {
            let finals =
                answered.iter().filter(|(id, number, status)| id == call_id && number == cseq && *status >= 200);
            assert_eq!(finals.count(), 1, "seed {seed}: {cseq}");
        }
        assert_eq!(far.state(call), Some(CallState::Connected), "seed {seed}");
        statuses.extend(answered.into_iter().map(|(_, _, status)| status));
    }
    for status in [200, 202, 400, 405, 423, 469, 480, 481, 488, 489, 501, 603] {
        assert!(statuses.contains(&status), "{status}");
    }
}

/// What the application does about it: now and then the one thing or the other.
fn react(far: &mut Far, random: &mut Random) {
    let last = far.world.phones[far.phone].events.iter().rev().find(|event| !matches!(event, Event::Trace(_)));
    let command = match last {
        Some(Event::ReferReceived { referral, .. }) if random.below(2) == 0 => Command::RejectReferral(*referral, 488),
        Some(Event::ReferReceived { referral, .. }) if random.below(4) == 0 => {
            Command::AcceptReferral { referral: *referral, video: sipwake::io::Video::Off }
        }
        Some(Event::SubscribeReceived { subscription, .. }) if random.below(2) == 0 => {
            Command::AcceptSubscriber { subscription: *subscription, pending: false, body: Body::default() }
        }
        Some(Event::SubscribeReceived { subscription, .. }) if random.below(2) == 0 => {
            Command::RejectSubscriber(*subscription, 403)
        }
        _ => return,
    };
    far.world.command(far.phone, command);
    far.run(30);
}

/// Notes the answers, and answers what the phone asks in turn.
fn collect(far: &mut Far, answered: &mut Vec<(String, String, u16)>) {
    for _ in 0..20 {
        let heard = far.take();
        if heard.is_empty() {
            return;
        }
        for message in heard {
            match message {
                Message::Response(response) => answered.push((
                    header(&response.headers, HeaderName::CallId),
                    header(&response.headers, HeaderName::CSeq),
                    response.status(),
                )),
                Message::Request(request) if request.method().as_str() == "ACK" => {}
                Message::Request(request) => {
                    let status = if request.method().as_str() == "INVITE" { 486 } else { 200 };
                    far.reply(&request, status, "bob", &["Expires: 600"], "");
                }
            }
        }
    }
    panic!("it never ends");
}
