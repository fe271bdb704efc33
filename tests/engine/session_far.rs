//! Changes of a session with a far end that is scripted by hand.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{CallId, CallState, Command, CommandId, ErrorCode, Extra, MediaCommand, OutcomeKind, Reply};
use sipwake::message::{HeaderName, Method, Request};

use crate::far::{Far, Peer};
use crate::world::sdp;

/// A call of the phone's through these Record-Route values, answered by `bob`.
fn talking_through(routes: &str) -> (Far, CallId, Peer) {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 200, "bob", &[routes], 1);
    assert_eq!(far.state(call), Some(CallState::Connected));
    let peer = far.peer(&invite, "bob");
    (far, call, peer)
}

fn talking() -> (Far, CallId, Peer) {
    let mut far = Far::new();
    let (call, _, peer) = far.talking();
    (far, call, peer)
}

fn hold(far: &mut Far, call: CallId, on: bool) -> CommandId {
    let command = far.world.command(far.phone, Command::Hold(call, on));
    far.run(60);
    command
}

fn result(far: &Far, command: CommandId) -> Option<Result<Reply, ErrorCode>> {
    far.world.result(far.phone, command).map(|result| result.map_err(|error| error.code))
}

fn routes(request: &Request) -> Vec<String> {
    request.headers.values(HeaderName::Route).map(str::to_owned).collect()
}

fn number(request: &Request) -> u32 {
    request.headers.cseq().unwrap().unwrap().number
}

/// RFC 3261 12.2.1.1: a loose router stays in Route, and the request goes to the target.
#[test]
fn loose_routes_are_kept_in_every_request() {
    let (mut far, call, _) =
        talking_through("Record-Route: <sip:p1.example.test;lr>, <sip:p2.example.test;transport=ws;lr>");
    hold(&mut far, call, true);
    let again = far.request("INVITE");
    far.reply_sdp(&again, 200, "bob", &["Record-Route: <sip:other.example.test;lr>"], 1);
    far.world.command(far.phone, Command::Hangup(call, Extra::default()));
    far.run(50);
    for request in [&again, &far.request("ACK"), &far.request("BYE")] {
        assert_eq!(
            routes(request),
            ["<sip:p2.example.test;transport=ws;lr>", "<sip:p1.example.test;lr>"],
            "{}: the route set is that of the first answer (12.2)",
            request.method().as_str()
        );
        assert_eq!(request.uri(), "sip:bob@bob.invalid;transport=ws");
    }
}

/// RFC 3261 12.2.1.1: a strict router gets the request line, and the target is the last Route.
#[test]
fn a_strict_router_gets_the_request_line_of_every_request() {
    let (mut far, call, _) = talking_through("Record-Route: <sip:p1.example.test;lr>, <sip:strict.example.test>");
    let first = far.request("ACK");
    hold(&mut far, call, true);
    let again = far.request("INVITE");
    far.reply_sdp(&again, 200, "bob", &[], 1);
    far.world.command(far.phone, Command::Hangup(call, Extra::default()));
    far.run(50);
    for request in [&first, &again, &far.request("ACK"), &far.request("BYE")] {
        assert_eq!(request.uri(), "sip:strict.example.test", "{}", request.method().as_str());
        assert_eq!(routes(request), ["<sip:p1.example.test;lr>", "<sip:bob@bob.invalid;transport=ws>"]);
    }
}

/// RFC 3261 13.2.2.4, 12.2.1.2: the ACK goes to the Contact of the 2xx, each repetition of which gets it again.
#[test]
fn the_2xx_moves_the_target_and_each_repetition_gets_its_ack() {
    let (mut far, call, _) = talking();
    hold(&mut far, call, true);
    let again = far.request("INVITE");
    let acks = far.count("ACK");
    for round in 1..=3 {
        far.reply_sdp(&again, 200, "bob", &["Contact: <sip:bob@moved.invalid;transport=ws>"], 1);
        assert_eq!(far.count("ACK"), acks + round);
    }
    assert_eq!(far.request("ACK").uri(), "sip:bob@moved.invalid;transport=ws");
    assert_eq!(number(&far.request("ACK")), number(&again));
    let answers = far.world.phones[far.phone].media.iter();
    assert_eq!(answers.filter(|(_, command)| matches!(command, MediaCommand::SetAnswer { .. })).count(), 2);
    far.world.command(far.phone, Command::Hangup(call, Extra::default()));
    far.run(50);
    assert_eq!(far.request("BYE").uri(), "sip:bob@moved.invalid;transport=ws");
}

/// RFC 3261 14.1: a 2xx without a usable answer gets its ACK; the session stays, and so does the call.
#[test]
fn a_2xx_without_a_usable_answer_fails_the_change_only() {
    for (kind, body) in [(None, ""), (Some("Content-Type: application/sdp"), "v=0\r\n")] {
        let (mut far, call, _) = talking();
        let command = hold(&mut far, call, true);
        let again = far.request("INVITE");
        let headers: Vec<_> = kind.into_iter().collect();
        far.reply(&again, 200, "bob", &headers, body);
        assert_eq!(number(&far.request("ACK")), number(&again));
        assert_eq!(result(&far, command), Some(Err(ErrorCode::BadDescription)));
        assert_eq!(far.state(call), Some(CallState::Connected));
        assert!(!far.only_call().on_hold);
        let command = hold(&mut far, call, true);
        let again = far.request("INVITE");
        far.reply_sdp(&again, 200, "bob", &[], 1);
        assert_eq!(result(&far, command), Some(Ok(Reply::Done)));
    }
}

/// RFC 3261 9.1: a re-INVITE that only rings is given up by a CANCEL; its 487 ends no call.
#[test]
fn a_reinvite_that_gets_no_final_answer_is_cancelled() {
    let (mut far, call, _) = talking();
    let command = hold(&mut far, call, true);
    let again = far.request("INVITE");
    far.reply(&again, 183, "bob", &[], "");
    far.run(31_000);
    assert_eq!(far.count("CANCEL"), 0);
    far.run(2_000);
    assert_eq!(far.count("CANCEL"), 1);
    far.reply(&again, 487, "bob", &[], "");
    assert_eq!(result(&far, command), Some(Err(ErrorCode::Rejected)));
    assert_eq!(far.state(call), Some(CallState::Connected));
    assert_eq!(far.count("BYE"), 0);
}

/// RFC 3261 9.1: a 200 that crosses the CANCEL counts.
#[test]
fn a_200_that_crosses_the_cancel_of_a_reinvite_counts() {
    let (mut far, call, _) = talking();
    let command = hold(&mut far, call, true);
    let again = far.request("INVITE");
    far.reply(&again, 183, "bob", &[], "");
    far.run(33_000);
    assert_eq!(far.count("CANCEL"), 1);
    far.reply_sdp(&again, 200, "bob", &[], 1);
    assert_eq!(result(&far, command), Some(Ok(Reply::Done)));
    assert!(far.only_call().on_hold);
}

/// RFC 3261 12.2.1.2: no answer at all to a re-INVITE: the far end is gone.
#[test]
fn a_reinvite_without_any_answer_ends_the_call_with_a_bye() {
    let (mut far, call, _) = talking();
    let command = hold(&mut far, call, true);
    far.run(33_000);
    assert_eq!(result(&far, command), Some(Err(ErrorCode::Timeout)));
    assert_eq!(far.count("BYE"), 1);
    assert_eq!(far.world.outcomes(far.phone)[0].kind, OutcomeKind::Failed);
}

/// RFC 3261 12.2.1.2: a far end that sends something itself is not gone; the change is made again.
#[test]
fn a_far_end_that_speaks_is_not_gone() {
    let (mut far, call, mut peer) = talking();
    let command = hold(&mut far, call, true);
    far.run(10_000);
    far.ask(&mut peer, "UPDATE", &[], "");
    assert_eq!(far.response("UPDATE").status(), 200);
    far.run(24_000);
    assert_eq!(far.state(call), Some(CallState::Connected));
    let again = far.request("INVITE");
    assert_eq!(again.uri(), "sip:bob@far.invalid;transport=ws", "where it said that it is");
    far.reply_sdp(&again, 200, "bob", &[], 1);
    assert_eq!(result(&far, command), Some(Ok(Reply::Done)));
}

/// RFC 3261 15.1.2: the far end hangs up while our re-INVITE is on its way; its 487 or late 2xx changes nothing.
#[test]
fn a_bye_that_meets_our_reinvite_ends_the_call() {
    for status in [487, 200] {
        let (mut far, call, mut peer) = talking();
        let command = hold(&mut far, call, true);
        let again = far.request("INVITE");
        far.ask(&mut peer, "BYE", &[], "");
        assert_eq!(far.response("BYE").status(), 200);
        assert_eq!(result(&far, command), Some(Err(ErrorCode::CallEnded)));
        let acks = far.count("ACK");
        far.reply_sdp(&again, status, "bob", &[], 1);
        assert_eq!(far.count("ACK"), acks + 1, "every final response gets its ACK");
        assert_eq!((far.state(call), far.count("BYE")), (None, 0));
    }
}

/// RFC 3261 15.1.2: the far end hangs up while its own re-INVITE waits for our answer, which is 487 then.
#[test]
fn a_bye_that_follows_its_own_reinvite_ends_both() {
    let (mut far, call, mut peer) = talking();
    let flow = far.world.phones[far.phone].flows[0];
    far.ask(&mut peer, "OPTIONS", &[], "");
    let text = |method: &str, cseq: u32, body: &str| {
        format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/WSS far.invalid;branch=z9hG4bKx{cseq}\r\nMax-Forwards: 70\r\nFrom: {}\r\n\
             To: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nContact: <sip:bob@far.invalid>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            peer.target,
            peer.local,
            peer.remote,
            peer.call_id,
            body.len()
        )
    };
    for text in [text("INVITE", 200, &sdp(1)), text("BYE", 201, "")] {
        far.world.deliver(far.phone, 1, flow, sipwake::io::FlowEvent::Received(text.into_bytes()));
    }
    far.run(200);
    assert_eq!(far.response("BYE").status(), 200);
    assert_eq!(far.statuses("INVITE").last(), Some(&487));
    assert_eq!(far.state(call), None);
    assert!(far.world.phones[far.phone].open_media.is_empty());
}

/// RFC 3261 14.2: a re-INVITE that follows the ACK at once waits until the answer before it is taken; it is not refused.
#[test]
fn a_reinvite_right_after_the_ack_is_answered() {
    let mut far = Far::new();
    let invite = far.invite("late", &[], "");
    let call = far.world.calls(far.phone)[0].id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(100);
    let ok = far.response("INVITE");
    let mut peer = far.peer_of_response(&invite, &ok);
    let flow = far.world.phones[far.phone].flows[0];
    // Both in one breath: the answer in the ACK, and a new offer.
    for (method, cseq) in [("ACK", 1), ("INVITE", 2)] {
        let body = sdp(1);
        let text = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/WSS far.invalid;branch=z9hG4bKy{cseq}\r\nMax-Forwards: 70\r\nFrom: {}\r\n\
             To: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nContact: <sip:bob@far.invalid>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            peer.target,
            peer.local,
            peer.remote,
            peer.call_id,
            body.len()
        );
        far.world.deliver(far.phone, 1, flow, sipwake::io::FlowEvent::Received(text.into_bytes()));
    }
    far.run(200);
    assert_eq!(far.statuses("INVITE").iter().filter(|status| **status == 200).count(), 2);
    peer.cseq = 2;
    far.ask(&mut peer, "ACK", &[], "");
    far.run(60_000);
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 12.2.2: requests of a dialog that are not for it are 481, whatever their method.
#[test]
fn changes_of_a_dialog_that_is_none_are_481() {
    let (mut far, call, mut peer) = talking();
    peer.local = peer.local.replace("tag=bob", "tag=eve");
    for method in ["INVITE", "UPDATE", "INFO", "BYE"] {
        far.ask(&mut peer, method, &[], "");
        assert_eq!(far.statuses(method).last(), Some(&481), "{method}");
    }
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 4028 9: what cannot be read is no interval; a session of a day is the longest.
#[test]
fn wild_intervals_do_no_harm() {
    let (mut far, call, mut peer) = talking();
    for (value, answer) in [
        ("soon", None),
        ("-1", None),
        ("99999999999", None),
        ("0", Some("90;refresher=uas")),
        ("4294967295", Some("1800;refresher=uas")),
        ("600;refresher=nobody", Some("600;refresher=uas")),
    ] {
        far.ask(&mut peer, "UPDATE", &[&format!("Session-Expires: {value}")], "");
        let ok = far.response("UPDATE");
        assert_eq!(ok.status(), 200, "{value}");
        let said = ok.headers.get(HeaderName::SessionExpires);
        assert!(answer.is_none() || said == answer, "{value}: {said:?}");
    }
    far.ask(&mut peer, "UPDATE", &["Session-Expires: 600", "Min-SE: 4294967295"], "");
    assert_eq!(far.response("UPDATE").headers.get(HeaderName::SessionExpires), Some("86400;refresher=uas"));
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 4028 7.2: a callee that makes the interval shorter, or itself the refresher, is followed.
#[test]
fn the_callees_word_on_the_interval_counts() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    let timer = ["Session-Expires: 120;refresher=uas", "Require: timer", "Allow: INVITE, ACK, BYE, UPDATE"];
    far.reply_sdp(&invite, 200, "bob", &timer, 1);
    far.run(80_000);
    assert_eq!((far.count("UPDATE"), far.state(call)), (0, Some(CallState::Connected)));
    let mut peer = far.peer(&invite, "bob");
    far.ask(&mut peer, "UPDATE", &["Supported: timer", "Session-Expires: 120;refresher=uac"], "");
    let ok = far.response("UPDATE");
    assert_eq!(ok.headers.get(HeaderName::SessionExpires), Some("120;refresher=uac"));
    far.run(87_000);
    assert_eq!(far.state(call), Some(CallState::Connected));
    far.run(2_000);
    assert_eq!(far.state(call), None);
    assert_eq!(far.count("BYE"), 1);
}

/// RFC 3311 5.1: without Allow nothing is known of the far end, and the refresh is a re-INVITE.
#[test]
fn a_far_end_that_does_not_say_what_it_takes_gets_a_reinvite() {
    let mut far = Far::new();
    let (_, invite) = far.called();
    far.reply_sdp(&invite, 200, "bob", &["Session-Expires: 120;refresher=uac"], 1);
    let invites = far.count("INVITE");
    far.run(61_000);
    assert_eq!((far.count("UPDATE"), far.count("INVITE")), (0, invites + 1));
    assert_eq!(far.request("INVITE").headers.get(HeaderName::SessionExpires), Some("120;refresher=uac"));
    assert!(!far.request("INVITE").body().is_empty());
}

/// RFC 3261 13.3.1.4: a 200 whose ACK was lost with the flow is repeated on the next, with the Contact of that.
#[test]
fn an_answer_that_lost_its_flow_is_repeated_on_the_next() {
    let mut far = Far::new();
    let invite = far.invite_sdp("moving", &["Allow: INVITE, ACK, BYE, UPDATE"], 1);
    let call = far.world.calls(far.phone)[0].id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(50);
    let first = far.response("INVITE");
    assert_eq!(first.status(), 200);
    far.world.cut(far.phone);
    far.run(5_000);
    let again = far.response("INVITE");
    let contact = again.headers.get(HeaderName::Contact).unwrap();
    assert!(contact.contains(&far.contact()), "{contact}");
    assert_ne!(first.headers.get(HeaderName::Contact), Some(contact));
    assert_eq!(first.headers.via().unwrap().unwrap().branch(), again.headers.via().unwrap().unwrap().branch());
    let mut peer = far.peer_of_response(&invite, &again);
    far.ask(&mut peer, "ACK", &[], "");
    let update = far.request("UPDATE");
    assert_eq!(*update.method(), Method::Update);
    assert_eq!(update.headers.get(HeaderName::Contact), Some(contact), "and the target is told");
    far.reply(&update, 200, "bob", &[], "");
    let repeated = far.responses("INVITE").len();
    far.run(60_000);
    assert_eq!(far.responses("INVITE").len(), repeated);
    assert_eq!(far.state(call), Some(CallState::Connected));
}
