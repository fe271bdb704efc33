//! Requests that come twice by different ways.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::Event;

use crate::far::{Far, text};
use crate::world::{account, sdp};

/// A request outside dialogs that comes by the way `branch`; `headers` are whole lines.
fn arrive(far: &mut Far, method: &str, branch: &str, headers: &[&str], body: &str) {
    let contact = far.contact();
    let lines = [
        format!("Via: SIP/2.0/WSS far.invalid;branch=z9hG4bK{branch}"),
        format!("Call-ID: of-{method}"),
        format!("CSeq: 1 {method}"),
    ];
    let mut all: Vec<&str> = lines.iter().map(String::as_str).collect();
    all.extend([
        "Max-Forwards: 70",
        "From: <sip:bob@example.test>;tag=bob",
        "To: <sip:alice@example.test>",
        "Contact: <sip:bob@far.invalid;transport=ws>",
    ]);
    all.extend(headers);
    far.send(text(&format!("{method} {contact} SIP/2.0"), &all, body));
    far.run(50);
}

/// The application has not answered yet.
const WAITS: u16 = 0;

/// RFC 3261 8.2.2.2: a request outside dialogs that came by another way before gets 482, whatever its method and
/// whatever the first one got.
#[test]
fn the_copy_of_a_request_by_another_way_gets_482() {
    let plain: (&[&str], &str) = (&["Content-Type: text/plain"], "once");
    for (method, (headers, body), first) in [
        ("MESSAGE", plain, 200),
        ("OPTIONS", (&[], ""), 200),
        ("REFER", (&["Refer-To: <sip:carol@example.test>"], ""), WAITS),
        ("NOTIFY", (&["Event: message-summary", "Subscription-State: active"], ""), 200),
        ("SUBSCRIBE", (&["Event: dialog", "Expires: 600"], ""), WAITS),
        ("SUBSCRIBE", (&["Event: nothing", "Expires: 600"], ""), 489),
        ("INFO", (&[], ""), 481),
        ("BYE", (&[], ""), 481),
        ("PUBLISH", (&["Event: presence"], ""), 405),
        ("UNHEARD", (&[], ""), 501),
        ("INVITE", (&["Content-Type: text/plain"], "once"), 415),
        ("OPTIONS", (&["Require: unheard"], ""), 420),
    ] as [(&str, (&[&str], &str), u16); 12]
    {
        let mut far = Far::with(sipwake::io::AccountOptions { events: vec!["dialog".to_owned()], ..account("alice") });
        arrive(&mut far, method, "first", headers, body);
        arrive(&mut far, method, "second", headers, body);
        let answers: Vec<u16> = far.statuses(method).into_iter().filter(|status| *status >= 200).collect();
        let expected = [first, 482];
        assert_eq!(answers, expected.get(usize::from(first == WAITS)..).unwrap(), "{method}");
    }
}

/// RFC 3428 7, RFC 3261 8.2.2.2: what came twice by different ways is read once.
#[test]
fn a_message_that_comes_twice_is_told_once() {
    let mut far = Far::new();
    for branch in ["first", "second", "third"] {
        arrive(&mut far, "MESSAGE", branch, &["Content-Type: text/plain"], "once");
    }
    assert_eq!(far.statuses("MESSAGE"), [200, 482, 482]);
    let told = far.world.phones[far.phone].events.iter().filter(|event| matches!(event, Event::MessageReceived { .. }));
    assert_eq!(told.count(), 1);
}

/// RFC 3261 8.2.2.2: what was answered on a flow that is gone may not have been heard, and is taken again.
#[test]
fn a_request_that_comes_again_after_its_flow_was_lost_is_taken() {
    let mut far = Far::new();
    arrive(&mut far, "MESSAGE", "first", &["Content-Type: text/plain"], "once");
    far.world.cut(far.phone);
    far.run(10_000);
    arrive(&mut far, "MESSAGE", "second", &["Content-Type: text/plain"], "once");
    assert_eq!(far.statuses("MESSAGE"), [200, 200]);
}

/// RFC 3261 8.2.2.2: an INVITE that rings gets 482 for its copy, and rings on.
#[test]
fn the_copy_of_an_invite_that_rings_gets_482() {
    let mut far = Far::new();
    for branch in ["first", "second"] {
        arrive(&mut far, "INVITE", branch, &["Content-Type: application/sdp"], &sdp(1));
    }
    assert_eq!(far.statuses("INVITE"), [100, 180, 100, 482]);
    assert_eq!(far.world.calls(far.phone).len(), 1);
}
