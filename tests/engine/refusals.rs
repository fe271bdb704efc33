//! INVITEs that cannot be, and what every response to one says.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{Command, Extra};
use sipwake::message::{HeaderName, Method};

use crate::far::{Far, header, text};
use crate::world::{account, sdp};

/// RFC 3261 8.2.3, 13.3.1.3, 21.4.13: what kind of body is taken stands in Accept.
#[test]
fn a_body_that_is_no_description_is_refused_with_415() {
    let mut far = Far::new();
    far.invite("c1", &["Content-Type: text/plain"], "hello");
    let refused = far.response("INVITE");
    assert_eq!(refused.status(), 415);
    assert_eq!(header(&refused.headers, HeaderName::Accept), "application/sdp");
    assert!(far.world.calls(far.phone).is_empty());
}

/// RFC 3261 13.3.1.3, 21.4.26
#[test]
fn a_description_without_audio_is_refused_with_488() {
    let mut far = Far::new();
    let body = sdp(1).replace("m=audio", "m=video");
    far.invite("c1", &["Content-Type: application/sdp"], &body);
    assert_eq!(far.response("INVITE").status(), 488);
}

/// RFC 3261 8.2.3, 20.1, 21.4.7
#[test]
fn a_caller_that_takes_no_description_is_refused_with_406() {
    let mut far = Far::new();
    far.invite_sdp("c1", &["Accept: text/plain"], 1);
    assert_eq!(far.response("INVITE").status(), 406);
    far.invite_sdp("c2", &["Accept: text/plain, application/*"], 1);
    assert_eq!(far.response("INVITE").status(), 180);
}

/// RFC 3261 8.2.2.1, 21.4.14
#[test]
fn an_invite_to_another_kind_of_address_is_refused_with_416() {
    let mut far = Far::new();
    let headers = [
        "Via: SIP/2.0/WSS far.invalid;branch=z9hG4bKscheme",
        "Max-Forwards: 70",
        "From: <sip:bob@example.test>;tag=bob",
        "To: <sip:alice@example.test>",
        "Call-ID: c1",
        "CSeq: 1 INVITE",
        "Contact: <sip:bob@far.invalid>",
    ];
    far.send(text("INVITE mailto:alice@example.test SIP/2.0", &headers, ""));
    far.run(50);
    assert_eq!(far.response("INVITE").status(), 416);
}

/// RFC 3261 8.2.2.3, 21.4.15
#[test]
fn an_extension_that_is_not_known_is_refused_by_name() {
    let mut far = Far::new();
    far.invite_sdp("c1", &["Require: 100rel, sec-agree", "Require: x"], 1);
    let refused = far.response("INVITE");
    assert_eq!(refused.status(), 420);
    assert_eq!(header(&refused.headers, HeaderName::Unsupported), "sec-agree, x");
}

/// RFC 3261 13.3.1.4: the 2xx says which methods and extensions there are.
#[test]
fn an_answer_says_what_this_end_can_do() {
    let mut far = Far::new();
    far.invite_sdp("c1", &[], 1);
    let ringing = far.response("INVITE");
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(50);
    let ok = far.response("INVITE");
    assert_eq!((ringing.status(), ok.status()), (180, 200));
    for method in [Method::Invite, Method::Ack, Method::Bye, Method::Cancel, Method::Prack, Method::Update] {
        assert_eq!(ok.headers.allows(&method), Some(true), "{method:?}");
    }
    for tag in ["100rel", "replaces", "timer"] {
        assert!(ok.headers.supports(tag), "{tag}");
    }
    let contact = |headers| header(headers, HeaderName::Contact);
    assert_eq!(contact(&ringing.headers), contact(&ok.headers));
}

/// RFC 3261 21.4.9, 15.1.2, RFC 3262 3: without a dialog there is nothing to end, to change or to acknowledge.
#[test]
fn requests_of_no_dialog_are_refused_with_481() {
    let mut far = Far::new();
    let invite = far.invite_sdp("c1", &[], 1);
    let response = far.response("INVITE");
    let mut stranger = far.peer_of_response(&invite, &response);
    stranger.local = stranger.local.replace("tag=bob", "tag=eve");
    for method in ["BYE", "PRACK", "UPDATE", "INFO", "INVITE"] {
        far.ask(&mut stranger, method, &["RAck: 1 1 INVITE"], "");
        assert_eq!(far.response(method).status(), 481, "{method}");
    }
    assert!(far.world.calls(far.phone).len() == 1);
}

/// RFC 3891 3: who may call one account of a phone may not take the place of another one's call.
#[test]
fn a_call_of_another_account_is_not_replaced() {
    let mut far = Far::new();
    let (_, _, peer) = far.taken("first");
    far.world.server.add_user("anna", "secret");
    far.world.create_account(far.phone, account("anna"));
    far.run(200);
    assert!(far.world.server.is_bound("anna"));
    let tag = |address: &str| address.split(";tag=").nth(1).unwrap().to_owned();
    let replaces = format!("Replaces: first;to-tag={};from-tag={}", tag(&peer.remote), tag(&peer.local));
    // The helper speaks on the flow of the account that came last.
    far.invite_sdp("second", &[&replaces], 2);
    assert_eq!(far.response("INVITE").status(), 481);
    assert_eq!(far.only_call().sip_call_id, "first");
}

/// RFC 3261 8.2.6.1, 17.2.1: 100 leaves before anybody is asked.
#[test]
fn an_invite_gets_100_at_once() {
    let mut far = Far::new();
    far.invite_sdp("c1", &[], 1);
    assert_eq!(far.statuses("INVITE").first(), Some(&100));
}
