//! The trace: whatever comes or leaves, and whatever it is called, it shows neither secrets nor who somebody is.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::host::HostOptions;
use sipwake::io::{
    AccountOptions, Body, Command, DtmfMethod, EndpointOptions, Event, Extra, FlowEvent, PushOptions, TraceKind,
};

use sipwake::message::redact;

use crate::far::Far;
use crate::shell::TOKEN;
use crate::world::{World, account};

/// What phones of these tests have to hide, in every test of them all: see [`World::run`].
const PERSONS: [&str; 8] =
    ["alice@", "bob@", "carol@", "dave@", "\"Bob\"", "\"Carol\"", "tel:+1", "anonymous@anonymous"];
const DOORS: [&str; 6] = ["a=ice-pwd:p", "a=ice-ufrag:u", "response=\"", "cnonce=\"", TOKEN, "Signal="];

/// Fails where a redacted entry shows what it should not.
pub fn shows_nobody(text: &str) {
    for word in PERSONS.iter().chain(&DOORS) {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

fn traced(world: &World, phone: usize) -> Vec<(TraceKind, String)> {
    let of = |event: &Event| match event {
        Event::Trace(entry) => Some((entry.kind, entry.text.clone())),
        _ => None,
    };
    world.phones[phone].events.iter().filter_map(of).collect()
}

fn all(world: &World, phone: usize) -> String {
    traced(world, phone).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n")
}

/// A phone whose trace is of another kind, and an account of it.
fn phone_with(options: EndpointOptions) -> (World, usize) {
    let mut world = World::new();
    world.server.add_user("alice", "secret");
    let alice = world.add_phone(options);
    world.create_account(alice, account("alice"));
    world.run(100);
    (world, alice)
}

#[test]
fn a_token_is_hidden_in_whatever_parameters_a_template_puts_it() {
    let templates = PushOptions {
        preset: None,
        reg_contact_params: ";device={voip-token};x-k={voip-token}".to_owned(),
        contact_uri_params: ";app={topic};k={voip-token}".to_owned(),
    };
    let mut world = World::new();
    let options = AccountOptions { push: Some(templates), ..account("bob") };
    let bob = world.add_iphone_with(options.clone(), HostOptions::default());
    // Another device of the same user: each one's REGISTER is answered with both tokens.
    let other = world.add_iphone_with(options, HostOptions::default());
    world.run(1_000);
    for phone in [bob, other] {
        let register = world.phones[phone].sent.iter().find(|text| text.starts_with("REGISTER ")).unwrap();
        assert!(register.matches(TOKEN).count() >= 3, "{register}");
        let shown = all(&world, phone);
        assert!(shown.contains(";k=[redacted]") && shown.contains(";device=[redacted]"), "{shown}");
        assert!(!shown.contains(TOKEN));
    }
}

#[test]
fn the_same_person_is_followed_by_number() {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    world.call(alice, account, "bob");
    world.run(100);
    let sent = traced(&world, alice).into_iter().filter(|(kind, _)| *kind == TraceKind::SipOut);
    let invite = sent.map(|(_, text)| text).rfind(|text| text.starts_with("INVITE ")).unwrap();
    let line = |name: &str| invite.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    let called = invite.split(['@', ' ']).nth(1).unwrap().to_owned();
    assert!(called.starts_with("sip:user"), "{invite}");
    assert!(line("To:").contains(&called), "{invite}");
    assert!(line("From:").contains("sip:user") && !line("From:").contains(&format!("{called}@")), "{invite}");
}

#[test]
fn the_whole_text_and_the_names_are_shown_where_they_are_asked_for() {
    let (world, alice) = phone_with(EndpointOptions { trace_names: true, ..EndpointOptions::default() });
    let named = all(&world, alice);
    assert!(named.contains("sip:alice@example.test") && !named.contains("response=\""), "{named}");
    let (world, alice) = phone_with(EndpointOptions { full_trace: true, ..EndpointOptions::default() });
    let full = all(&world, alice);
    assert!(full.contains("response=\"") && full.contains("sip:alice@example.test"));
    let (world, alice) = phone_with(EndpointOptions { trace: false, ..EndpointOptions::default() });
    assert_eq!(traced(&world, alice), []);
}

#[test]
fn what_people_say_and_press_is_not_shown() {
    let mut far = Far::new();
    let (call, ..) = far.talking();
    let body = Body { content_type: "text/plain".to_owned(), octets: b"SECRET".to_vec() };
    let command = Command::SendMessage {
        account: far.account,
        call: None,
        target: "bob".to_owned(),
        body: body.clone(),
        extra: Extra { headers: vec![("X-Note".to_owned(), "SECRET".to_owned())] },
    };
    far.world.command(far.phone, command);
    far.world.command(far.phone, Command::Info { call, body, extra: Extra::default() });
    let digits =
        Command::Dtmf { call, digits: "4711".to_owned(), method: DtmfMethod::Info, duration_ms: 100, gap_ms: 70 };
    far.world.command(far.phone, digits);
    far.run(1_000);
    let shown = all(&far.world, far.phone);
    assert!(shown.contains("MESSAGE sip:user") && shown.contains("INFO sip:user"));
    assert!(!shown.contains("SECRET") && !shown.contains("Signal"), "{shown}");
}

/// Messages of a server, each with SECRET wherever a secret may stand.
const SEEDED: [&str; 4] = [
    "SIP/2.0 200 SECRET\r\nVia: SIP/2.0/WSS far.invalid;branch=z9hG4bKfar;x=SECRET\r\n\
     From: \"SECRET\" <sip:SECRET@h;k=SECRET>;tag=1\r\nTo: <sip:SECRET@h>;SECRET\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n\
     Contact: <sip:a@h;pn-prid=SECRET;k=SECRET>;device=\"SECRET\";expires=60, <sip:b@h;SECRET>;+sip.instance=\"<SECRET>\"\r\n\
     Authentication-Info: nextnonce=\"SECRET\"\r\nX-Token: SECRET\r\nContent-Length: 0\r\n\r\n",
    "INVITE sip:SECRET@h;k=SECRET?x=SECRET SIP/2.0\r\nVia: SIP/2.0/WSS far.invalid;branch=z9hG4bKfar2\r\n\
     From: <sip:SECRET:SECRET@h>;tag=2\r\nTo: <tel:SECRET>\r\nCall-ID: 2\r\nCSeq: 1 INVITE\r\n\
     P-Asserted-Identity: \"SECRET\" <sip:SECRET@h>\r\nSubject: SECRET\r\nReason: SIP;text=\"SECRET\"\r\n\
     Proxy-Authorization: Digest response=\"SECRET\"\r\nUser-to-User: SECRET\r\nCall-Info: <https://h/SECRET>\r\n\
     Contact: <sip:c@h>\r\nContent-Type: application/sdp\r\n\r\n\
     v=0\r\no=SECRET 1 1 IN IP4 h\r\ns=SECRET\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nk=SECRET\r\n\
     a=ice-pwd:SECRET\r\na=crypto:SECRET\r\na=candidate:1 1 udp 1 h 9 typ host ufrag SECRET\r\n",
    "NOTIFY sip:a@h SIP/2.0\r\nVia: SIP/2.0/WSS far.invalid;branch=z9hG4bKfar3\r\nFrom: <sip:SECRET@h>;tag=3\r\n\
     To: <sip:a@h>\r\nCall-ID: 3\r\nCSeq: 1 NOTIFY\r\nEvent: presence;SECRET\r\nSubscription-State: active;k=SECRET\r\n\
     Content-Type: application/pidf+xml\r\n\r\nSECRET",
    "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/WSS far.invalid;branch=z9hG4bKfar4\r\nFrom: <sip:SECRET@h>;tag=4\r\n\
     To: <sip:SECRET@h>\r\nCall-ID: 4\r\nCSeq: 1 REGISTER\r\nWarning: 399 h \"SECRET\"\r\nRetry-After: 5 (SECRET)\r\n\
     WWW-Authenticate: Digest realm=\"h\", nonce=\"SECRET\", opaque=\"SECRET\"\r\nContent-Length: 0\r\n\r\n",
];

fn deliver(world: &mut World, phone: usize, octets: Vec<u8>) {
    let flow = world.phones[phone].flows[0];
    world.deliver(phone, 0, flow, FlowEvent::Received(octets));
    world.run(1);
    for (_, text) in traced(world, phone) {
        assert!(!text.contains("SECRET"), "{text}");
        assert!(text.len() < 8_192);
    }
    world.phones[phone].events.clear();
    world.phones[phone].sent.clear();
}

#[test]
fn seeded_secrets_are_shown_nowhere() {
    let (mut world, alice) = phone_with(EndpointOptions::default());
    for text in SEEDED {
        deliver(&mut world, alice, text.as_bytes().to_vec());
    }
}

/// A message that ends too early, or lacks an octet anywhere, is read otherwise or not at all; in no case it shows more.
#[test]
fn what_is_broken_shows_no_more_than_what_is_whole() {
    let (mut world, alice) = phone_with(EndpointOptions::default());
    let mut look = |octets: Vec<u8>, at: usize| {
        let text = redact(&octets);
        assert!(!text.contains("SECRET"), "{at}: {text}");
        if at.is_multiple_of(41) {
            deliver(&mut world, alice, octets);
        }
    };
    for text in SEEDED {
        for at in 0..text.len() {
            let mut octets = text.as_bytes().to_vec();
            // A letter of the secret itself would leave another word.
            let inside = text.match_indices("SECRET").any(|(start, word)| at >= start && at < start + word.len());
            if !inside {
                octets.remove(at);
                // What has grown together with a host or a number is no word of its own any more.
                if !text.get(at + 1..).is_some_and(|after| after.starts_with("SECRET")) {
                    look(octets, at);
                }
                octets = text.as_bytes().to_vec();
                octets[at] = 0xff;
                look(octets, at);
            }
            octets = text.as_bytes().to_vec();
            octets.truncate(at);
            look(octets, at);
        }
    }
}
