//! Refusals that say what could be left out, and what is told of the others.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    AccountOptions, Body, CallOptions, CallState, Command, CommandId, DtmfMethod, Error, ErrorCode, Extra, OutcomeKind,
    Reliability, Reply,
};
use sipwake::message::HeaderName;

use crate::far::{Far, header};
use crate::world::account;

const ALLOW: &str = "Allow: INVITE, ACK, BYE, UPDATE";

fn message(far: &mut Far) -> CommandId {
    let body = Body { content_type: "text/plain".to_owned(), octets: b"hello".to_vec() };
    let (account, target, extra) = (far.account, "bob".to_owned(), Extra::default());
    let command = far.world.command(far.phone, Command::SendMessage { account, call: None, target, body, extra });
    far.run(50);
    command
}

fn error(far: &Far, command: CommandId) -> Error {
    far.world.result(far.phone, command).expect("it is completed").expect_err("it failed")
}

/// RFC 3261 8.1.3.5, 17.1.1.3: an INVITE is made again without what is not known there, under the next number.
#[test]
fn an_invite_is_made_again_without_what_is_not_known_there() {
    for (unsupported, gone) in
        [("100rel", "100rel"), ("timer", "timer"), ("gruu, replaces", "gruu"), ("nosub", "nosub")]
    {
        let mut far = Far::with(AccountOptions { reliability: Reliability::Required, ..account("alice") });
        let (call, first) = far.called();
        far.reply(&first, 420, "one", &[&format!("Unsupported: {unsupported}")], "");
        assert_eq!(far.count("ACK"), 1);
        let second = far.request("INVITE");
        assert_eq!(header(&second.headers, HeaderName::CSeq), "2 INVITE", "{unsupported}");
        for name in [HeaderName::To, HeaderName::From, HeaderName::CallId] {
            assert_eq!(header(&second.headers, name), header(&first.headers, name));
        }
        assert_eq!(second.body(), first.body());
        assert!(first.headers.supports(gone) && !second.headers.supports(gone), "{unsupported}");
        assert!(second.headers.supports("outbound"), "{unsupported}");
        assert_eq!(second.headers.get(HeaderName::SessionExpires).is_some(), gone != "timer");
        far.reply_sdp(&second, 200, "two", &[], 1);
        assert_eq!(far.state(call), Some(CallState::Connected));
        assert_eq!(far.count("INVITE"), 2);
    }
}

/// RFC 3261 8.1.3.5, 22.2: what was left out stays out where the new request is challenged.
#[test]
fn what_was_left_out_stays_out_when_it_is_challenged() {
    let mut far = Far::new();
    let (_, first) = far.called();
    far.reply(&first, 420, "one", &["Unsupported: timer"], "");
    let challenge = "Proxy-Authenticate: Digest realm=\"example.test\", nonce=\"n1\", qop=\"auth\"";
    far.reply(&far.request("INVITE"), 407, "one", &[challenge], "");
    let third = far.request("INVITE");
    assert_eq!(header(&third.headers, HeaderName::CSeq), "3 INVITE");
    assert!(!third.headers.supports("timer") && third.headers.get(HeaderName::SessionExpires).is_none());
    far.reply(&third, 420, "one", &["Unsupported: timer"], "");
    assert_eq!(far.count("INVITE"), 3, "there is nothing more to leave out");
    let outcome = far.world.outcomes(far.phone).remove(0);
    assert_eq!((outcome.kind, outcome.status), (OutcomeKind::Failed, Some(420)));
    assert_eq!(outcome.error, Some(Error::sip(ErrorCode::Unsupported, 420)));
}

/// RFC 3261 8.1.3.5: what the application insists on is not left out, nor is anything for a refusal that names nothing.
#[test]
fn what_cannot_be_left_out_is_refused_for_good() {
    for unsupported in ["Unsupported: answermode, timer", "Unsupported: unheard", "Subject: nothing"] {
        let mut far = Far::new();
        let headers = vec![("Require".to_owned(), "answermode".to_owned())];
        let (call, first) = far.called_with(CallOptions { headers, ..CallOptions::default() });
        far.reply(&first, 420, "one", &[unsupported], "");
        assert_eq!((far.count("INVITE"), far.state(call)), (1, None), "{unsupported}");
    }
}

/// RFC 3261 8.1.3.5: a call that was given up is not made again.
#[test]
fn a_call_that_was_given_up_is_not_made_again() {
    let mut far = Far::new();
    let (call, first) = far.called();
    far.reply(&first, 180, "one", &[], "");
    far.world.command_now(far.phone, Command::Hangup(call, Extra::default())).unwrap();
    far.reply(&first, 420, "one", &["Unsupported: timer"], "");
    assert_eq!(far.count("INVITE"), 1);
}

/// RFC 3261 8.1.3.5, 14.1: so is a change of the session, whichever request it is.
#[test]
fn a_change_of_the_session_is_asked_for_again() {
    let mut far = Far::new();
    let (call, _, _) = far.talking();
    let hold = far.world.command(far.phone, Command::Hold(call, true));
    far.run(60);
    let first = far.request("INVITE");
    far.reply(&first, 420, "bob", &["Unsupported: timer"], "");
    let second = far.request("INVITE");
    assert_eq!(second.headers.cseq().unwrap().unwrap().number, first.headers.cseq().unwrap().unwrap().number + 1);
    assert!(!second.headers.supports("timer") && second.headers.get(HeaderName::SessionExpires).is_none());
    far.reply_sdp(&second, 200, "bob", &[ALLOW], 1);
    assert_eq!(far.world.result(far.phone, hold), Some(Ok(Reply::Done)));
    assert_eq!(far.state(call), Some(CallState::Connected));
    far.world.cut(far.phone);
    far.run(10_000);
    let update = far.request("UPDATE");
    far.reply(&update, 420, "bob", &["Unsupported: gruu"], "");
    let again = far.request("UPDATE");
    assert!(update.headers.supports("gruu") && !again.headers.supports("gruu"));
    assert_eq!(again.headers.cseq().unwrap().unwrap().number, update.headers.cseq().unwrap().unwrap().number + 1);
}

/// RFC 3261 8.1.3.5, 20.33: where the engine has no other body or address to offer, it is told why, and from when on it
/// may be tried again.
#[test]
fn what_the_engine_cannot_do_otherwise_is_told() {
    for (status, headers, code, retry_after_s) in [
        (413, &["Retry-After: 30 (full)"][..], ErrorCode::Rejected, Some(30)),
        (413, &[], ErrorCode::Rejected, None),
        (415, &["Accept: text/html", "Accept-Encoding: gzip", "Accept-Language: de"], ErrorCode::Unsupported, None),
        (416, &[], ErrorCode::Unsupported, None),
        (420, &["Unsupported: unheard"], ErrorCode::Unsupported, None),
        (503, &["Retry-After: 7;duration=60"], ErrorCode::Rejected, Some(7)),
    ] {
        let expected = (code, Some(status), retry_after_s);
        let said = |error: Error| (error.code, error.status, error.retry_after_s);
        let mut far = Far::new();
        let command = message(&mut far);
        far.reply(&far.request("MESSAGE"), status, "", headers, "");
        assert_eq!((said(error(&far, command)), far.count("MESSAGE")), (expected, 1));
        let (_, invite) = far.called();
        far.reply(&invite, status, "bob", headers, "");
        let outcome = far.world.outcomes(far.phone).remove(0);
        assert_eq!((outcome.error.map(said), far.count("INVITE"), far.count("ACK")), (Some(expected), 1, 1));
    }
}

/// RFC 3261 8.1.3.5, RFC 5630 3: a sips address is not called in the open because somebody does not know it.
#[test]
fn a_secure_address_is_not_tried_as_a_plain_one() {
    let mut far = Far::new();
    let target = "sips:bob@example.test".to_owned();
    let command = Command::SendOptions { account: far.account, target, extra: Extra::default() };
    let command = far.world.command(far.phone, command);
    far.run(50);
    far.reply(&far.request("OPTIONS"), 416, "", &[], "");
    assert_eq!((error(&far, command).status, far.count("OPTIONS")), (Some(416), 1));
}

/// RFC 3261 8.1.3.5: a far end that takes digits by INFO in the plain form only gets them so, this one and all others.
#[test]
fn digits_are_sent_in_the_form_that_is_taken() {
    let mut far = Far::new();
    let (call, _, _) = far.talking();
    let digits = "12".to_owned();
    let dtmf = Command::Dtmf { call, digits, method: DtmfMethod::Info, duration_ms: 100, gap_ms: 50 };
    let command = far.world.command(far.phone, dtmf);
    far.run(50);
    far.reply(&far.request("INFO"), 415, "bob", &["Accept: application/dtmf"], "");
    for digit in [b"1", b"2"] {
        let info = far.request("INFO");
        assert_eq!(
            (header(&info.headers, HeaderName::ContentType).as_str(), info.body()),
            ("application/dtmf", &digit[..])
        );
        far.reply(&info, 200, "bob", &[], "");
        far.run(200);
    }
    assert_eq!(far.world.result(far.phone, command), Some(Ok(Reply::Done)));
    assert_eq!(far.count("INFO"), 3);
}
