//! Rules of RFC 3261 that hold for every message, whatever it is about.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{Body, CallOptions, CallState, Command, CommandId, ErrorCode, Extra, Reply};
use sipwake::message::{HeaderName, Headers, Message};

use crate::far::{Far, header, text};
use crate::world::{account, sdp};

fn contact(headers: &Headers) -> String {
    header(headers, HeaderName::Contact)
}

fn message(far: &mut Far) -> CommandId {
    let body = Body { content_type: "text/plain".to_owned(), octets: b"hello".to_vec() };
    let (account, target, extra) = (far.account, "bob".to_owned(), Extra::default());
    let command = far.world.command(far.phone, Command::SendMessage { account, call: None, target, body, extra });
    far.run(50);
    command
}

/// A request outside dialogs; `headers` are whole lines, those that frame it included.
fn outside(far: &mut Far, uri: &str, method: &str, branch: &str, headers: &[&str], body: &str) {
    let lines = [
        format!("Via: SIP/2.0/WSS far.invalid;branch=z9hG4bK{branch}"),
        format!("Call-ID: {method}"),
        format!("CSeq: 1 {method}"),
    ];
    let mut all: Vec<&str> = lines.iter().map(String::as_str).collect();
    all.extend(["Max-Forwards: 70", "From: <sip:bob@example.test>;tag=bob", "To: sip:alice@example.test"]);
    all.extend(headers);
    far.send(text(&format!("{method} {uri} SIP/2.0"), &all, body));
    far.run(100);
}

/// RFC 3261 8.2.6.2: every response but 100 has a To tag, whoever gives it and whatever it says; and brackets keep it out
/// of the URI.
#[test]
fn every_response_has_a_tag() {
    let mut far = Far::new();
    let uri = far.contact();
    let from = "Contact: <sip:bob@far.invalid;transport=ws>";
    for (method, headers) in [
        ("NOTIFY", &["Event: message-summary", "Subscription-State: active", from][..]),
        ("NOTIFY", &["Event: unheard", "Subscription-State: active", from]),
        ("SUBSCRIBE", &["Event: unheard", from]),
        ("OPTIONS", &[]),
        ("MESSAGE", &["Content-Type: text/plain"]),
        ("REFER", &["Refer-To: <http://x/y>", from]),
        ("INFO", &[]),
        ("BYE", &[]),
        ("CANCEL", &[]),
        ("UNHEARD", &[]),
        ("INVITE", &["Content-Type: text/plain", from]),
    ] {
        for branch in ["one", "two"] {
            outside(&mut far, &uri, method, branch, headers, if method == "INVITE" { "x" } else { "" });
        }
    }
    outside(&mut far, "mailto:alice@example.test", "OPTIONS", "three", &[], "");
    for message in far.heard() {
        let Message::Response(response) = message else { continue };
        let to = response.headers.to().unwrap().unwrap();
        assert_eq!(to.tag().is_some(), response.status() != 100, "{}", response.status());
        assert_eq!(to.uri_text(), "sip:alice@example.test");
    }
    assert!(far.heard().len() > 20, "{:?}", far.lines());
}

/// RFC 3261 8.1.1.8, 12.2.1.1: who is called by a SIPS address is told one of ours, in all that refreshes the target.
#[test]
fn who_is_called_securely_is_told_a_secure_contact() {
    let mut far = Far::new();
    let (target, options) = ("sips:bob@example.test".to_owned(), CallOptions::default());
    let command = Command::MakeCall { account: far.account, target, options };
    let Ok(Reply::Call(call)) = far.world.command_now(far.phone, command) else { panic!() };
    far.run(50);
    let invite = far.request("INVITE");
    assert!(contact(&invite.headers).starts_with("<sips:"), "{}", contact(&invite.headers));
    far.reply_sdp(&invite, 200, "bob", &["Contact: <sips:bob@bob.invalid;transport=ws>"], 1);
    far.world.command(far.phone, Command::Hold(call, true));
    far.run(60);
    let again = far.request("INVITE");
    assert_eq!(again.uri(), "sips:bob@bob.invalid;transport=ws");
    assert_eq!(contact(&again.headers), contact(&invite.headers));
    let mut peer = far.peer(&invite, "bob");
    far.reply_sdp(&again, 200, "bob", &[], 1);
    far.ask(&mut peer, "UPDATE", &[], "");
    assert_eq!(far.response("UPDATE").status(), 200, "that is our address, too");
}

/// RFC 3261 12.1.1: the answer to a request to a SIPS address, or through a SIPS proxy, or of a SIPS caller, names one.
#[test]
fn who_calls_securely_is_told_a_secure_contact() {
    for (scheme, headers, secure) in [
        ("sips:", &["Contact: <sip:bob@far.invalid>"][..], true),
        ("sip:", &["Contact: <sips:bob@far.invalid>"], true),
        ("sip:", &["Contact: <sip:bob@far.invalid>", "Record-Route: <sips:p.invalid;lr>"], true),
        ("sip:", &["Contact: <sips:bob@far.invalid>", "Record-Route: <sip:p.invalid;lr>"], false),
        ("sip:", &["Contact: <sip:bob@far.invalid>"], false),
    ] {
        let mut far = Far::new();
        let uri = far.contact().replace("sip:", scheme);
        let headers = [headers, &["Content-Type: application/sdp"]].concat();
        outside(&mut far, &uri, "INVITE", "one", &headers, &sdp(1));
        let call = far.only_call().id;
        let ringing = far.response("INVITE");
        far.world.command(far.phone, Command::Answer(call, Extra::default()));
        far.run(50);
        for response in [ringing, far.response("INVITE")] {
            let contact = contact(&response.headers);
            assert_eq!(contact.starts_with("<sips:"), secure, "{headers:?}: {contact}");
            assert!(contact.starts_with("<sip"), "{contact}");
        }
    }
}

/// RFC 3261 8.2.3, 13.3.1.3, 20.43: a refused body is told which codings are taken, a refused offer why.
#[test]
fn refusals_of_a_body_say_why() {
    let mut far = Far::new();
    far.invite_sdp("coded", &["Content-Encoding: gzip"], 1);
    let coded = far.response("INVITE");
    assert_eq!((coded.status(), header(&coded.headers, HeaderName::AcceptEncoding).as_str()), (415, "identity"));
    let video = sdp(1).replace("m=audio", "m=video");
    far.invite("video", &["Content-Type: application/sdp"], &video);
    let refused = [far.response("INVITE")];
    let (_, _, mut peer) = far.taken("first");
    far.ask(&mut peer, "INVITE", &["Content-Type: application/sdp"], &video);
    for response in refused.iter().chain([&far.response("INVITE")]) {
        assert_eq!(response.status(), 488);
        let warning = header(&response.headers, HeaderName::Warning);
        assert_eq!(sipwake::message::Warning::parse(&warning).unwrap().code, 305);
    }
}

/// RFC 3261 13.2.2.4: an ACK that was due while there was no flow leaves on the next, with its answer.
#[test]
fn an_ack_that_had_no_flow_leaves_on_the_next() {
    let mut far = Far::new();
    let (call, invite) = far.called_with(CallOptions { late_offer: true, ..CallOptions::default() });
    let flow = *far.world.phones[far.phone].flows.last().unwrap();
    let lines = ["Content-Type: application/sdp"];
    let ok = crate::far::answer(&invite, 200, "bob", &lines, &sdp(1));
    far.world.deliver(far.phone, 1, flow, sipwake::io::FlowEvent::Received(ok.into_bytes()));
    far.run(5);
    far.world.cut(far.phone);
    far.run(100);
    assert_eq!(far.count("ACK"), 0);
    far.run(10_000);
    assert_eq!(far.count("ACK"), 1);
    let ack = far.request("ACK");
    assert!(!ack.body().is_empty(), "the 2xx made an offer");
    assert_eq!((far.state(call), far.count("BYE")), (Some(CallState::Connected), 0));
}

/// RFC 3261 8.1.3.4: a request outside dialogs follows a redirection, as the same request under the next number, and shows
/// nobody unasked what it was let through with.
#[test]
fn a_redirected_message_goes_where_it_is_sent() {
    let mut far = Far::new();
    let command = message(&mut far);
    let challenge = "Proxy-Authenticate: Digest realm=\"example.test\", nonce=\"n1\", qop=\"auth\"";
    far.reply(&far.request("MESSAGE"), 407, "", &[challenge], "");
    let first = far.request("MESSAGE");
    assert!(first.headers.get(HeaderName::ProxyAuthorization).is_some());
    let contacts = "Contact: <sip:b@b.invalid>;q=0.5, <sip:a@a.invalid;x=1?Subject=hi>, <mailto:c@c.invalid>";
    far.reply(&first, 302, "", &[contacts], "");
    let second = far.request("MESSAGE");
    assert_eq!(second.uri(), "sip:a@a.invalid;x=1");
    assert_eq!(header(&second.headers, HeaderName::CSeq), "3 MESSAGE");
    for name in [HeaderName::To, HeaderName::From, HeaderName::CallId] {
        assert_eq!(header(&second.headers, name), header(&first.headers, name));
    }
    assert_eq!(second.body(), first.body());
    assert!(second.headers.get(HeaderName::ProxyAuthorization).is_none());
    far.reply(&second, 404, "", &[], "");
    let third = far.request("MESSAGE");
    assert_eq!(third.uri(), "sip:b@b.invalid");
    far.reply(&third, 407, "", &[challenge], "");
    let fourth = far.request("MESSAGE");
    assert!(fourth.uri() == "sip:b@b.invalid" && fourth.headers.get(HeaderName::ProxyAuthorization).is_some());
    far.reply(&fourth, 200, "", &[], "");
    assert!(matches!(far.world.result(far.phone, command), Some(Ok(Reply::Response { status: 200, .. }))));
    assert_eq!(far.count("MESSAGE"), 5);
}

/// RFC 3261 8.1.3.4, 16.7: a redirection that leads nowhere, in circles or further than the account allows is a refusal, and
/// a global failure ends the search.
#[test]
fn a_redirection_that_leads_nowhere_is_a_refusal() {
    for (status, contact, requests) in [
        (302, "Contact: <sip:bob@example.test>", 1),
        (302, "Contact: <mailto:bob@example.test>", 1),
        (305, "Contact: <sip:p.invalid>", 1),
        (380, "Contact: <sip:a@a.invalid>", 1),
        (404, "Contact: <sip:a@a.invalid>", 1),
        (302, "Contact: <sip:a@a.invalid>", 2),
    ] {
        let mut far = Far::new();
        let command = message(&mut far);
        far.reply(&far.request("MESSAGE"), status, "", &[contact], "");
        if requests == 2 {
            far.reply(&far.request("MESSAGE"), status, "", &["Contact: <sip:bob@example.test>, <sip:a@a.invalid>"], "");
        }
        let error = far.world.result(far.phone, command).expect("it is at its end").unwrap_err();
        assert_eq!((error.status, far.count("MESSAGE")), (Some(status), requests), "{status} {contact}");
    }
    let mut far = Far::with(sipwake::io::AccountOptions { max_redirects: 1, ..account("alice") });
    let command = message(&mut far);
    for target in ["sip:a@a.invalid", "sip:b@b.invalid"] {
        far.reply(&far.request("MESSAGE"), 302, "", &[&format!("Contact: <{target}>")], "");
    }
    assert_eq!(far.world.result(far.phone, command).unwrap().unwrap_err().code, ErrorCode::Rejected);
    assert_eq!(far.count("MESSAGE"), 2);
    let mut far = Far::new();
    message(&mut far);
    far.reply(&far.request("MESSAGE"), 302, "", &["Contact: <sip:a@a.invalid>, <sip:b@b.invalid>"], "");
    far.reply(&far.request("MESSAGE"), 603, "", &[], "");
    assert_eq!(far.count("MESSAGE"), 2);
}

/// RFC 3261 8.2.1, 21.4.6, 21.5.2: a method that is known and not taken gets 405, one that is not known 501, both with what is
/// taken; inside a dialog as outside.
#[test]
fn methods_that_are_not_taken_are_refused_with_those_that_are() {
    let mut far = Far::new();
    let uri = far.contact();
    let (_, _, mut peer) = far.talking();
    for (method, status) in [("REGISTER", 405), ("PUBLISH", 405), ("UNHEARD", 501), ("message", 501)] {
        outside(&mut far, &uri, method, "one", &[], "");
        far.ask(&mut peer, method, &[], "");
        let responses = far.responses(method);
        assert_eq!(responses.len(), 2, "{method}");
        for response in responses {
            assert_eq!(response.status(), status, "{method}");
            let allow: Vec<_> = response.headers.values(HeaderName::Allow).collect();
            assert!(allow.contains(&"INVITE") && !allow.contains(&method), "{allow:?}");
        }
    }
}

/// RFC 3261 8.1.3.2: a final response that is not known counts as the first of its class, a provisional one as 183.
#[test]
fn statuses_that_are_not_known_count_as_the_first_of_their_class() {
    use sipwake::io::OutcomeKind::{Busy, Failed};
    for (status, kind) in [(499, Failed), (599, Failed), (699, Busy)] {
        let mut far = Far::new();
        let (call, invite) = far.called();
        far.reply_sdp(&invite, 198, "bob", &[], 1);
        assert_eq!(far.state(call), Some(CallState::Early));
        far.reply(&invite, status, "bob", &[], "");
        let outcome = far.world.outcomes(far.phone).remove(0);
        assert_eq!((outcome.kind, outcome.status, far.count("ACK")), (kind, Some(status), 1));
    }
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 299, "bob", &[], 1);
    assert_eq!((far.state(call), far.count("ACK")), (Some(CallState::Connected), 1));
    let command = message(&mut far);
    far.reply(&far.request("MESSAGE"), 399, "", &["Contact: <sip:a@a.invalid>"], "");
    far.reply(&far.request("MESSAGE"), 298, "", &[], "");
    assert!(matches!(far.world.result(far.phone, command), Some(Ok(Reply::Response { status: 298, .. }))));
}

/// RFC 3261 8.2.2.3: what a CANCEL or an ACK requires is not looked at.
#[test]
fn a_cancel_and_an_ack_require_nothing() {
    let mut far = Far::new();
    let invite = far.invite_sdp("cancelled", &[], 1);
    far.cancel(&invite, &["Require: unheard"]);
    assert_eq!((far.response("CANCEL").status(), far.response("INVITE").status()), (200, 487));
    let invite = far.invite_sdp("answered", &[], 1);
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(100);
    let mut peer = far.peer_of_response(&invite, &far.response("INVITE"));
    far.ask(&mut peer, "ACK", &["Require: unheard"], "");
    let answers = far.responses("INVITE").len();
    far.run(40_000);
    assert_eq!((far.responses("INVITE").len(), far.state(call)), (answers, Some(CallState::Connected)));
}

/// RFC 3261 9.1, 17.1.1.3: a CANCEL, and the ACK of a refusal, go the way of their INVITE: the same Via, and only that, the
/// same Request-URI, Call-ID, From, number and Route, and nothing that they require.
#[test]
fn a_cancel_and_the_ack_of_a_refusal_go_the_way_of_their_invite() {
    let options = sipwake::io::AccountOptions { reliability: sipwake::io::Reliability::Required, ..account("alice") };
    let mut far = Far::with(options);
    let (call, invite) = far.called();
    assert!(invite.headers.requires("100rel"));
    far.reply(&invite, 180, "", &[], "");
    far.world.command_now(far.phone, Command::Hangup(call, Extra::default())).unwrap();
    far.run(50);
    far.reply(&invite, 487, "bob", &[], "");
    for (method, to) in [("CANCEL", header(&invite.headers, HeaderName::To)), ("ACK", "tag=bob".to_owned())] {
        let request = far.request(method);
        assert_eq!(request.uri(), invite.uri());
        for name in [HeaderName::Via, HeaderName::From, HeaderName::CallId, HeaderName::Route] {
            let lines = |headers: &Headers| headers.lines(name).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(lines(&request.headers), lines(&invite.headers), "{method}");
        }
        assert!(header(&request.headers, HeaderName::To).ends_with(&to), "{method}");
        assert_eq!(header(&request.headers, HeaderName::CSeq), format!("1 {method}"));
        for name in [HeaderName::Require, HeaderName::ProxyRequire, HeaderName::Contact] {
            assert!(request.headers.get(name).is_none(), "{method}");
        }
        assert!(request.body().is_empty());
    }
}

/// RFC 3261 12.2.2: a request that is refused does not move the target.
#[test]
fn a_refused_request_does_not_move_the_target() {
    let mut far = Far::new();
    let (call, invite, mut peer) = far.talking();
    let video = sdp(1).replace("m=audio", "m=video");
    far.ask(&mut peer, "INVITE", &["Content-Type: application/sdp"], &video);
    assert_eq!(far.response("INVITE").status(), 488);
    far.world.command(far.phone, Command::Hangup(call, Extra::default()));
    far.run(50);
    assert_eq!(far.request("BYE").uri(), "sip:bob@bob.invalid;transport=ws");
    drop(invite);
}

/// RFC 3261 12.3: a final response that is no 2xx ends all early dialogs of its INVITE.
#[test]
fn a_refusal_ends_every_early_dialog() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "one", &[], "");
    far.reply(&invite, 183, "two", &[], "");
    far.reply(&invite, 486, "two", &[], "");
    assert_eq!(far.state(call), None);
    for tag in ["one", "two"] {
        let mut peer = far.peer(&invite, tag);
        far.ask(&mut peer, "UPDATE", &[], "");
        assert_eq!(far.statuses("UPDATE").last(), Some(&481), "{tag}");
    }
}
