//! Redirection, followed and given.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{AccountOptions, CallState, Command, ErrorCode, Extra, OutcomeKind};
use sipwake::message::HeaderName;

use crate::far::{Far, header};
use crate::world::account;

const CHALLENGE: &str = "Proxy-Authenticate: Digest realm=\"example.test\", nonce=\"n1\", qop=\"auth\"";

/// RFC 3261 8.1.3.4: the new request keeps To, From with its tag, and Call-ID; its number is the next.
#[test]
fn a_redirection_is_followed_with_the_same_call() {
    let mut far = Far::new();
    let (call, first) = far.called();
    far.reply(&first, 302, "one", &["Contact: <sip:carol@elsewhere.invalid;x=1?Subject=hi>"], "");
    let second = far.request("INVITE");
    assert_eq!(second.uri(), "sip:carol@elsewhere.invalid;x=1");
    for name in [HeaderName::To, HeaderName::From, HeaderName::CallId] {
        assert_eq!(header(&second.headers, name), header(&first.headers, name));
    }
    assert_eq!(header(&second.headers, HeaderName::CSeq), "2 INVITE");
    assert_eq!(second.body(), first.body());
    far.reply_sdp(&second, 200, "carol", &[], 1);
    assert_eq!(far.state(call), Some(CallState::Connected));
    assert_eq!(far.count("INVITE"), 2);
}

/// RFC 3261 8.1.3.4: one target after the other, and a global failure ends it.
#[test]
fn the_next_target_is_tried_where_one_refuses() {
    let mut far = Far::new();
    let (call, first) = far.called();
    let contacts = "Contact: <sip:c@c.invalid>;q=0.3, <sip:a@a.invalid>;q=0.9, <sip:b@b.invalid>;q=0.5";
    far.reply(&first, 300, "one", &[contacts], "");
    for (number, (uri, status)) in [("sip:a@a.invalid", 486), ("sip:b@b.invalid", 603)].into_iter().enumerate() {
        let invite = far.request("INVITE");
        assert_eq!(invite.uri(), uri);
        assert_eq!(far.state(call), Some(CallState::Connecting), "{number}");
        far.reply(&invite, status, "x", &[], "");
    }
    assert_eq!((far.count("INVITE"), far.state(call)), (3, None));
    let outcome = far.world.outcomes(far.phone).remove(0);
    assert_eq!((outcome.kind, outcome.status), (OutcomeKind::Declined, Some(603)));
}

/// RFC 3261 8.1.3.4: a URI is tried once.
#[test]
fn a_loop_ends_the_call() {
    let mut far = Far::new();
    let (call, first) = far.called();
    far.reply(&first, 302, "one", &["Contact: <sip:carol@elsewhere.invalid>"], "");
    let second = far.request("INVITE");
    far.reply(&second, 302, "two", &["Contact: <sip:bob@example.test>, <sip:carol@ELSEWHERE.invalid>"], "");
    assert_eq!((far.count("INVITE"), far.state(call)), (2, None));
    let outcome = far.world.outcomes(far.phone).remove(0);
    assert_eq!((outcome.status, outcome.error.map(|error| error.code)), (Some(302), Some(ErrorCode::Rejected)));
}

/// RFC 3261 21.3: as many redirections as the account allows, and never another proxy.
#[test]
fn what_is_not_to_be_followed_ends_the_call() {
    for (max_redirects, status, invites) in [(0, 302, 1), (2, 302, 3), (5, 305, 1), (5, 380, 1)] {
        let mut far = Far::with(AccountOptions { max_redirects, ..account("alice") });
        let (call, _) = far.called();
        for number in 0..4 {
            if far.state(call).is_some() {
                let invite = far.request("INVITE");
                far.reply(&invite, status, "x", &[&format!("Contact: <sip:t{number}@x.invalid>")], "");
            }
        }
        assert_eq!((far.count("INVITE"), far.state(call)), (invites, None), "{max_redirects} {status}");
    }
}

/// RFC 3261 22.3: what one target was authorized with is not shown to the next.
#[test]
fn credentials_do_not_follow_a_redirection() {
    let mut far = Far::new();
    let (_, first) = far.called();
    far.reply(&first, 407, "p", &[CHALLENGE], "");
    let authorized = far.request("INVITE");
    assert!(authorized.headers.get(HeaderName::ProxyAuthorization).is_some());
    far.reply(&authorized, 302, "one", &["Contact: <sip:carol@elsewhere.invalid>"], "");
    let redirected = far.request("INVITE");
    assert_eq!(redirected.uri(), "sip:carol@elsewhere.invalid");
    assert!(redirected.headers.get(HeaderName::ProxyAuthorization).is_none());
    far.reply(&redirected, 407, "p", &[CHALLENGE], "");
    assert!(far.request("INVITE").headers.get(HeaderName::ProxyAuthorization).is_some(), "our own proxy asks for it");
    let again = far.request("INVITE");
    let stranger = CHALLENGE.replace("example.test", "elsewhere.invalid");
    far.reply(&again, 407, "p", &[&stranger], "");
    assert_eq!(far.count("INVITE"), 4, "a stranger's realm gets nothing");
}

/// RFC 3261 9.1
#[test]
fn a_redirection_of_a_call_that_was_given_up_is_not_followed() {
    let mut far = Far::new();
    let (call, first) = far.called();
    far.world.command_now(far.phone, Command::Hangup(call, sipwake::io::Extra::default())).unwrap();
    far.reply(&first, 302, "one", &["Contact: <sip:carol@elsewhere.invalid>"], "");
    assert_eq!(far.count("INVITE"), 1);
}

/// RFC 3261 8.1.3.4, 21.3.3
#[test]
fn an_incoming_call_is_sent_elsewhere() {
    let mut far = Far::new();
    far.invite_sdp("c1", &[], 1);
    let call = far.only_call().id;
    let redirect = |status, targets: &[&str]| Command::Redirect {
        call,
        status,
        targets: targets.iter().map(|target| (*target).to_owned()).collect(),
    };
    for (status, targets, code) in [
        (200, &["carol"][..], ErrorCode::InvalidOption),
        (400, &["carol"], ErrorCode::InvalidOption),
        (302, &[], ErrorCode::InvalidOption),
        (302, &["carol", "a>b"], ErrorCode::InvalidTarget),
    ] {
        let error = far.world.command_now(far.phone, redirect(status, targets)).unwrap_err();
        assert_eq!(error.code, code);
    }
    assert_eq!(far.state(call), Some(CallState::Ringing));
    far.world.command_now(far.phone, redirect(302, &["carol", "sip:dave@other.invalid"])).unwrap();
    far.run(50);
    let response = far.response("INVITE");
    assert_eq!(response.status(), 302);
    let contacts: Vec<_> = response.headers.values(HeaderName::Contact).collect();
    assert_eq!(contacts, ["<sip:carol@example.test>", "<sip:dave@other.invalid>"]);
    let outcome = far.world.outcomes(far.phone).remove(0);
    assert_eq!((outcome.kind, outcome.status, outcome.local), (OutcomeKind::Declined, Some(302), true));
}

/// RFC 3261 21.3: a redirection that lost its flow goes to the INVITE that comes again, with all that it says.
#[test]
fn a_redirection_reaches_the_invite_that_comes_again() {
    let mut far = Far::new();
    far.invite_sdp("c1", &[], 1);
    let call = far.only_call().id;
    far.world.cut(far.phone);
    let redirect = Command::Redirect { call, status: 302, targets: vec!["carol".to_owned()] };
    let extra = Extra { headers: vec![("X-Why".to_owned(), "away".to_owned())] };
    far.world.command(far.phone, Command::With(extra, Box::new(redirect)));
    far.run(5_000);
    far.take();
    far.invite_sdp("c1", &[], 1);
    let response = far.response("INVITE");
    let contacts: Vec<_> = response.headers.values(HeaderName::Contact).collect();
    assert_eq!((response.status(), contacts), (302, vec!["<sip:carol@example.test>"]));
    assert_eq!(response.headers.get_named("X-Why"), Some("away"));
}
