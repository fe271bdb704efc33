//! What a failed request in a dialog means for the call, and BYEs that are owed.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{AccountOptions, Body, CallId, CallState, Command, CommandId, DtmfMethod, ErrorCode, Event, Extra};

use crate::far::Far;
use crate::world::account;

fn text() -> Body {
    Body { content_type: "text/plain".to_owned(), octets: b"x".to_vec() }
}

/// A request of this method in the call.
fn ask(far: &mut Far, call: CallId, method: &str) -> CommandId {
    let extra = Extra::default();
    let command = match method {
        "INFO" => Command::Info { call, body: text(), extra },
        "MESSAGE" => {
            let (account, target) = (far.account, String::new());
            Command::SendMessage { account, call: Some(call), target, body: text(), extra }
        }
        "REFER" => Command::Transfer { call, target: "carol".to_owned(), extra },
        "DTMF" => {
            let digits = "1".to_owned();
            Command::Dtmf { call, digits, method: DtmfMethod::Info, duration_ms: 100, gap_ms: 50 }
        }
        _ => Command::Hold(call, true),
    };
    let command = far.world.command(far.phone, command);
    far.run(60);
    command
}

fn not_told(far: &Far) -> usize {
    let one = |event: &&Event| matches!(event, Event::Problem { error, .. } if error.code == ErrorCode::FarEndNotTold);
    far.world.phones[far.phone].events.iter().filter(one).count()
}

fn hang_up(far: &mut Far, call: CallId) {
    let _ = far.world.command_now(far.phone, Command::Hangup(call, Extra::default()));
    far.run(50);
}

/// RFC 5057 5.1, 5.3, RFC 3261 12.2.1.2: 481 and 408 end the call where the request belongs to it; MESSAGE belongs to
/// nothing, REFER has a usage of its own.
#[test]
fn a_refused_request_ends_the_call_that_it_belongs_to() {
    for (method, ends) in [("INFO", true), ("DTMF", true), ("INVITE", true), ("MESSAGE", false), ("REFER", false)] {
        for status in [400, 403, 404, 405, 408, 410, 415, 480, 481, 482, 484, 488, 500, 502, 503, 603, 604] {
            let mut far = Far::new();
            let (call, ..) = far.talking();
            let command = ask(&mut far, call, method);
            let request = far.request(if method == "DTMF" { "INFO" } else { method });
            far.reply(&request, status, "bob", &[], "");
            far.run(50);
            let over = ends && matches!(status, 408 | 481);
            assert_eq!(far.state(call).is_none(), over, "{method} {status}");
            assert!(matches!(far.world.result(far.phone, command), Some(Err(_))), "{method} {status}");
            assert_eq!(far.count("BYE"), usize::from(over), "{method} {status}");
        }
    }
}

/// RFC 5057 5.2, 5.3, RFC 3261 12.2.1.2: no answer at all is as good as a 408: the call ends with INFO and re-INVITE, and
/// goes on without the others.
#[test]
fn silence_ends_the_call_that_the_request_belongs_to() {
    for (method, ends) in [("INFO", true), ("DTMF", true), ("INVITE", true), ("MESSAGE", false), ("REFER", false)] {
        let mut far = Far::new();
        let (call, ..) = far.talking();
        let command = ask(&mut far, call, method);
        far.run(33_000);
        assert!(matches!(far.world.result(far.phone, command), Some(Err(_))), "{method}");
        assert_eq!((far.state(call).is_none(), far.count("BYE")), (ends, usize::from(ends)), "{method}");
    }
}

/// RFC 3261 12.2.1.2: an OPTIONS to the far end of a call is outside its dialog, and says nothing of it.
#[test]
fn an_unanswered_options_ends_no_call() {
    let mut far = Far::new();
    let (call, ..) = far.talking();
    let command = Command::SendOptions { account: far.account, target: "bob".to_owned(), extra: Extra::default() };
    far.world.command(far.phone, command);
    far.run(33_000);
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 15: between our 2xx and its ACK there is no BYE; a dialog that is gone by then gets it with the ACK.
#[test]
fn a_dialog_that_is_gone_before_the_ack_gets_its_bye_with_it() {
    let mut far = Far::new();
    let invite = far.invite_sdp("early", &[], 1);
    let call = far.world.calls(far.phone)[0].id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(100);
    let mut peer = far.peer_of_response(&invite, &far.response("INVITE"));
    ask(&mut far, call, "INFO");
    far.reply(&far.request("INFO"), 481, "bob", &[], "");
    assert_eq!((far.state(call), far.count("BYE")), (None, 0));
    far.ask(&mut peer, "ACK", &[], "");
    assert_eq!(far.count("BYE"), 1);
}

/// RFC 3261 15.1.1, 17.1.2.2: a BYE that could not leave, or whose flow went before its answer, leaves on the next flow.
#[test]
fn an_owed_bye_leaves_on_the_next_flow() {
    for before in [true, false] {
        let mut far = Far::new();
        let (call, ..) = far.talking();
        if before {
            far.world.cut(far.phone);
        }
        hang_up(&mut far, call);
        far.world.cut(far.phone);
        far.run(10_000);
        assert_eq!(far.count("BYE"), if before { 1 } else { 2 });
        let bye = far.request("BYE");
        assert_eq!(bye.uri(), "sip:bob@bob.invalid;transport=ws");
        far.reply(&bye, 200, "bob", &[], "");
        far.run(100_000);
        assert_eq!((far.count("BYE"), not_told(&far)), (if before { 1 } else { 2 }, 0), "that was all");
    }
}

/// RFC 3261 15.1.1: the server asks for credentials before a BYE goes on, and the flow is lost meanwhile.
#[test]
fn a_challenged_bye_that_loses_its_flow_leaves_on_the_next() {
    let mut far = Far::new();
    let (call, ..) = far.talking();
    hang_up(&mut far, call);
    let challenge = "Proxy-Authenticate: Digest realm=\"example.test\", nonce=\"n1\", qop=\"auth\"";
    let first = far.request("BYE");
    far.reply(&first, 407, "bob", &[challenge], "");
    let second = far.request("BYE");
    assert!(second.headers.get(sipwake::message::HeaderName::ProxyAuthorization).is_some());
    far.world.cut(far.phone);
    far.run(10_000);
    let third = far.request("BYE");
    let number = |request: &sipwake::message::Request| request.headers.cseq().unwrap().unwrap().number;
    assert_eq!((number(&second), number(&third)), (number(&first) + 1, number(&first) + 2));
}

/// RFC 3261 15.1.1: after 64 * T1 nobody waits for it any more, and the application is told.
#[test]
fn a_bye_that_no_flow_takes_in_time_is_told() {
    let mut far = Far::new();
    let (call, ..) = far.talking();
    far.world.phones[far.phone].offline = true;
    far.world.cut(far.phone);
    hang_up(&mut far, call);
    far.run(31_000);
    assert_eq!(not_told(&far), 0);
    far.run(2_000);
    assert_eq!(not_told(&far), 1);
    far.world.phones[far.phone].offline = false;
    far.run(120_000);
    assert_eq!((far.count("BYE"), not_told(&far)), (0, 1));
}

/// RFC 3261 15.1.1: a call that is over keeps the BYE that it owes beyond its own memory.
#[test]
fn a_bye_outlives_its_call() {
    let mut far = Far::new();
    let (call, ..) = far.talking();
    hang_up(&mut far, call);
    far.run(31_000);
    assert_eq!(far.count("BYE"), 1);
    far.world.phones[far.phone].offline = true;
    far.world.cut(far.phone);
    far.run(20_000);
    far.world.phones[far.phone].offline = false;
    far.world.command(far.phone, Command::Resume { suspended_ms: 60_000 });
    far.run(5_000);
    assert_eq!((far.count("BYE"), not_told(&far)), (2, 0));
}

/// RFC 3261 13.2.2.4, 15: the BYE of a fork that answered too late is owed as any other.
#[test]
fn the_bye_of_a_late_fork_is_owed_too() {
    let mut far = Far::new();
    let (call, invite, _) = far.talking();
    far.reply_sdp(&invite, 200, "late", &[], 2);
    assert_eq!(far.request("BYE").uri(), "sip:late@late.invalid;transport=ws");
    far.world.cut(far.phone);
    far.run(10_000);
    assert_eq!(far.requests("BYE").iter().filter(|bye| bye.uri().starts_with("sip:late@")).count(), 2);
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 15: an engine that stops says BYE first, waits for the answer a moment, and tells what it could not say.
#[test]
fn an_engine_that_stops_says_bye_or_tells_that_it_could_not() {
    let mut far = Far::new();
    far.talking();
    let stop = far.world.command(far.phone, Command::Stop);
    far.run(100);
    let bye = far.request("BYE");
    assert_eq!(far.world.result(far.phone, stop), None, "the BYE has no answer yet");
    far.reply(&bye, 200, "bob", &[], "");
    assert!(far.world.result(far.phone, stop).is_some());
    assert_eq!(not_told(&far), 0);

    let mut far = Far::new();
    far.talking();
    far.world.phones[far.phone].offline = true;
    far.world.cut(far.phone);
    let stop = far.world.command(far.phone, Command::Stop);
    far.run(2_100);
    assert!(far.world.result(far.phone, stop).is_some());
    assert_eq!(not_told(&far), 1);
}

/// RFC 3261 15: a page that goes to sleep waits for the answer to its BYE, so that the server does not lose it.
#[test]
fn a_sleep_waits_for_the_answer_to_a_bye() {
    let mut far = Far::new();
    let (call, ..) = far.talking();
    far.world.command(far.phone, Command::Suspend);
    hang_up(&mut far, call);
    assert_eq!(far.world.phones[far.phone].flows.len(), 1);
    let bye = far.request("BYE");
    far.reply(&bye, 200, "bob", &[], "");
    assert_eq!(far.world.phones[far.phone].flows.len(), 0);
}

/// RFC 3261 22.2: a BYE that is challenged, and for which there are no credentials, has told nobody anything.
#[test]
fn a_bye_that_is_not_let_through_is_told() {
    let mut far = Far::new();
    let (call, ..) = far.talking();
    hang_up(&mut far, call);
    let challenge = "Proxy-Authenticate: Digest realm=\"nobody knows\", nonce=\"n\"";
    far.reply(&far.request("BYE"), 407, "bob", &[challenge], "");
    assert_eq!((far.count("BYE"), not_told(&far)), (1, 1));
}

/// RFC 3261 22.2: so is one that waits for credentials when the engine stops.
#[test]
fn a_bye_that_waits_for_credentials_when_all_stops_is_told() {
    let mut far = Far::with(AccountOptions { credentials: true, ..account("alice") });
    let (call, ..) = far.talking();
    hang_up(&mut far, call);
    for nonce in ["n1", "n2"] {
        let challenge = ["Proxy-Authenticate: Digest realm=\"example.test\", nonce=\"", nonce, "\""].concat();
        far.reply(&far.request("BYE"), 407, "bob", &[&challenge], "");
    }
    assert_eq!((far.world.phones[far.phone].questions.len(), not_told(&far)), (1, 0));
    far.world.command(far.phone, Command::Stop);
    far.run(5_000);
    assert_eq!(not_told(&far), 1);
}
