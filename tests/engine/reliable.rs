//! Reliable provisional responses, both ways, and offers that come late.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    AccountOptions, CallOptions, CallState, Command, ErrorCode, Event, Extra, MediaCommand, MediaFailure, OutcomeKind,
    Reliability,
};
use sipwake::message::HeaderName;

use crate::far::{Far, header};
use crate::world::{account, sdp};

fn far(reliability: Reliability) -> Far {
    Far::with(AccountOptions { reliability, ..account("alice") })
}

/// RFC 3262 4: INVITE says what we can, or what we insist on.
#[test]
fn the_invite_says_what_the_account_wants() {
    for (reliability, supported, required) in
        [(Reliability::Supported, true, false), (Reliability::Required, true, true), (Reliability::Off, false, false)]
    {
        let (_, invite) = far(reliability).called();
        assert_eq!((invite.headers.supports("100rel"), invite.headers.requires("100rel")), (supported, required));
    }
}

/// RFC 3262 4: PRACK carries RAck, in the early dialog, and its route set.
#[test]
fn a_reliable_response_is_acknowledged_once() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    let headers = ["Require: 100rel", "RSeq: 988", "Record-Route: <sip:p.invalid;lr>"];
    far.reply(&invite, 180, "one", &headers, "");
    let prack = far.request("PRACK");
    assert_eq!(prack.uri(), "sip:one@one.invalid;transport=ws");
    assert_eq!(header(&prack.headers, HeaderName::RAck), "988 1 INVITE");
    assert_eq!(header(&prack.headers, HeaderName::CSeq), "2 PRACK");
    assert_eq!(header(&prack.headers, HeaderName::Route), "<sip:p.invalid;lr>");
    assert!(header(&prack.headers, HeaderName::To).ends_with(";tag=one"));
    far.reply(&invite, 180, "one", &headers, "");
    far.reply(&prack, 200, "one", &[], "");
    assert_eq!((far.count("PRACK"), far.state(call)), (1, Some(CallState::Ringing)));
    far.reply_sdp(&invite, 200, "one", &[], 1);
    assert_eq!(far.state(call), Some(CallState::Connected));
    far.world.command_now(far.phone, Command::Hangup(call, Extra::default())).unwrap();
    far.run(50);
    assert_eq!(header(&far.request("BYE").headers, HeaderName::CSeq), "3 BYE", "the numbers go on");
}

/// RFC 3262 4: order is kept in each early dialog by itself.
#[test]
fn forks_number_their_responses_independently() {
    let mut far = Far::new();
    let (_, invite) = far.called();
    let rseq = |number: u32| format!("RSeq: {number}");
    for (tag, number, acknowledged) in [
        ("one", 10, 1),
        ("two", 500, 2),
        ("one", 12, 2),
        ("two", 500, 2),
        ("one", 11, 3),
        ("one", 12, 4),
        ("two", 501, 5),
    ] {
        far.reply(&invite, 183, tag, &["Require: 100rel", &rseq(number)], "");
        assert_eq!(far.count("PRACK"), acknowledged, "{tag} {number}");
    }
    let racks: Vec<_> = far.requests("PRACK").iter().map(|prack| header(&prack.headers, HeaderName::RAck)).collect();
    assert_eq!(racks, ["10 1 INVITE", "500 1 INVITE", "11 1 INVITE", "12 1 INVITE", "501 1 INVITE"]);
}

/// RFC 3262 4: what comes again or out of order is not looked at either.
#[test]
fn a_response_that_is_not_acknowledged_tells_nothing() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 183, "one", &["Require: 100rel", "RSeq: 1"], "");
    far.reply_sdp(&invite, 180, "one", &["Require: 100rel", "RSeq: 3"], 1);
    assert_eq!(far.state(call), Some(CallState::Connecting));
    assert!(far.answers().is_empty());
}

/// RFC 3261 22.2
#[test]
fn a_challenged_prack_is_sent_again() {
    let mut far = Far::new();
    let (_, invite) = far.called();
    far.reply(&invite, 183, "one", &["Require: 100rel", "RSeq: 1"], "");
    let prack = far.request("PRACK");
    far.reply(
        &prack,
        407,
        "one",
        &["Proxy-Authenticate: Digest realm=\"example.test\", nonce=\"x\", qop=\"auth\""],
        "",
    );
    let again = far.request("PRACK");
    assert_eq!(header(&again.headers, HeaderName::CSeq), "3 PRACK");
    assert_eq!(header(&again.headers, HeaderName::RAck), "1 1 INVITE");
}

/// RFC 3262 5, RFC 3261 13.2.1: the answer in a reliable response counts, the 2xx need not repeat it and cannot change it.
#[test]
fn an_answer_in_a_reliable_response_is_the_answer() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 183, "one", &["Require: 100rel", "RSeq: 1"], 1);
    far.reply(&invite, 200, "one", &[], "");
    assert_eq!(far.state(call), Some(CallState::Connected));
    assert_eq!(far.answers(), [(sdp(1), true), (sdp(1), false)]);
    let mut far = Far::new();
    let (_, invite) = far.called();
    far.reply_sdp(&invite, 183, "one", &["Require: 100rel", "RSeq: 1"], 1);
    far.reply_sdp(&invite, 200, "one", &[], 2);
    assert_eq!(far.answers(), [(sdp(1), true), (sdp(1), false)]);
}

/// RFC 3262 4: who does not know 100rel treats a reliable response as any other.
#[test]
fn an_account_without_reliability_sends_no_prack() {
    let mut far = far(Reliability::Off);
    let (call, invite) = far.called();
    far.reply(&invite, 180, "one", &["Require: 100rel", "RSeq: 1"], "");
    assert_eq!((far.count("PRACK"), far.state(call)), (0, Some(CallState::Ringing)));
}

/// RFC 3262 3
#[test]
fn it_rings_reliably_where_the_caller_insists() {
    let mut far = Far::new();
    let invite = far.invite_sdp("c1", &["Require: 100rel"], 1);
    let ringing = far.response("INVITE");
    assert_eq!(ringing.status(), 180);
    assert!(ringing.headers.requires("100rel"));
    let rseq = ringing.headers.rseq().unwrap().unwrap();
    far.run(1_500);
    assert_eq!(far.statuses("INVITE"), [100, 180, 180, 180], "after half a second, and after one more");
    let mut peer = far.peer_of_response(&invite, &ringing);
    far.ask(&mut peer, "PRACK", &[&format!("RAck: {} 1 INVITE", rseq + 1)], "");
    far.ask(&mut peer, "PRACK", &[], "");
    assert_eq!(far.statuses("PRACK"), [481, 400]);
    far.ask(&mut peer, "PRACK", &[&format!("RAck: {rseq} 1 INVITE")], "");
    far.ask(&mut peer, "PRACK", &[&format!("RAck: {rseq} 1 INVITE")], "");
    assert_eq!(far.statuses("PRACK"), [481, 400, 200, 481], "it is acknowledged once");
    far.take();
    far.run(60_000);
    assert!(far.responses("INVITE").is_empty(), "it is not repeated any more");
    assert_eq!(far.only_call().state, CallState::Ringing);
}

/// RFC 3262 3: without a PRACK within 64 * T1 the INVITE is refused with a 5xx.
#[test]
fn a_call_whose_prack_never_comes_is_refused() {
    let mut far = Far::new();
    far.invite_sdp("c1", &["Require: 100rel"], 1);
    far.run(33_000);
    assert_eq!(far.response("INVITE").status(), 504);
    let outcome = far.world.outcomes(far.phone).remove(0);
    assert_eq!((outcome.kind, outcome.status), (OutcomeKind::Failed, Some(504)));
    assert_eq!(outcome.error.map(|error| error.code), Some(ErrorCode::Timeout));
}

/// RFC 3262 3: a 2xx may leave before the PRACK, which is taken all the same.
#[test]
fn an_answer_overtakes_the_prack() {
    let mut far = Far::new();
    let invite = far.invite_sdp("c1", &["Require: 100rel"], 1);
    let rseq = far.response("INVITE").headers.rseq().unwrap().unwrap();
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(50);
    let ok = far.response("INVITE");
    assert_eq!(ok.status(), 200);
    let mut peer = far.peer_of_response(&invite, &ok);
    far.ask(&mut peer, "ACK", &[], "");
    far.ask(&mut peer, "PRACK", &[&format!("RAck: {rseq} 1 INVITE")], "");
    assert_eq!(far.statuses("PRACK"), [200]);
    far.take();
    far.run(40_000);
    assert!(far.responses("INVITE").is_empty());
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3262 3
#[test]
fn it_rings_plainly_where_the_caller_only_can() {
    let mut far = Far::new();
    far.invite_sdp("c1", &["Supported: 100rel"], 1);
    assert!(!far.response("INVITE").headers.requires("100rel"));
    let mut far = self::far(Reliability::Required);
    far.invite_sdp("c1", &["Supported: 100rel"], 1);
    assert!(far.response("INVITE").headers.requires("100rel"));
}

/// RFC 3261 8.2.2.3, RFC 3262 3
#[test]
fn an_account_without_reliability_refuses_who_insists() {
    let mut far = far(Reliability::Off);
    far.invite_sdp("c1", &["Require: 100rel"], 1);
    let refused = far.response("INVITE");
    assert_eq!(refused.status(), 420);
    assert_eq!(header(&refused.headers, HeaderName::Unsupported), "100rel");
    assert!(far.world.calls(far.phone).is_empty());
}

fn late() -> CallOptions {
    CallOptions { late_offer: true, ..CallOptions::default() }
}

fn accepted(far: &Far) -> Vec<String> {
    let offer = |(_, command): &(_, MediaCommand)| match command {
        MediaCommand::Accept { sdp } => Some(sdp.clone()),
        _ => None,
    };
    far.world.phones[far.phone].media.iter().filter_map(offer).collect()
}

/// RFC 3261 13.2.1, 13.2.2.4: an INVITE without an offer has its answer in the ACK.
#[test]
fn a_late_offer_is_answered_in_the_ack() {
    let mut far = Far::new();
    let (call, invite) = far.called_with(late());
    assert!(invite.body().is_empty());
    far.reply(&invite, 180, "one", &[], "");
    far.reply_sdp(&invite, 200, "one", &[], 1);
    let ack = far.request("ACK");
    assert_eq!(ack.body(), sdp(far.phone).as_bytes());
    assert_eq!(accepted(&far), [sdp(1)]);
    assert_eq!(far.state(call), Some(CallState::Connected));
    far.reply_sdp(&invite, 200, "one", &[], 1);
    let acks = far.requests("ACK");
    assert_eq!(acks.len(), 2);
    assert_eq!(acks[1].body(), sdp(far.phone).as_bytes(), "the same ACK again");
    assert_eq!(accepted(&far).len(), 1);
}

/// RFC 3262 5: an offer in a reliable response has its answer in the PRACK.
#[test]
fn a_late_offer_in_a_reliable_response_is_answered_in_the_prack() {
    let mut far = Far::new();
    let (call, invite) = far.called_with(late());
    far.reply_sdp(&invite, 183, "one", &["Require: 100rel", "RSeq: 1"], 1);
    let prack = far.request("PRACK");
    assert_eq!(prack.body(), sdp(far.phone).as_bytes());
    assert_eq!(far.state(call), Some(CallState::Early));
    far.reply(&prack, 200, "one", &[], "");
    far.reply(&invite, 200, "one", &[], "");
    assert!(far.request("ACK").body().is_empty());
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 13.2.2.4: an offer that cannot be taken is answered all the same, and the dialog ended.
#[test]
fn a_late_offer_that_media_cannot_take_is_refused_in_the_ack() {
    let mut far = Far::new();
    let (call, invite) = far.called_with(late());
    far.world.phones[far.phone].media_failure = Some(MediaFailure::BadDescription);
    far.reply_sdp(&invite, 200, "one", &[], 1);
    let ack = String::from_utf8(far.request("ACK").body().to_vec()).unwrap();
    assert!(ack.contains("m=audio 0 UDP/TLS/RTP/SAVPF 111"));
    assert_eq!((far.count("BYE"), far.state(call)), (1, None));
    let outcome = far.world.outcomes(far.phone).remove(0);
    assert_eq!(outcome.error.map(|error| error.code), Some(ErrorCode::BadDescription));
}

/// RFC 3261 13.2.2.4
#[test]
fn hanging_up_while_the_answer_to_a_late_offer_is_made_closes_the_dialog() {
    let mut far = Far::new();
    let (call, invite) = far.called_with(late());
    let text = crate::far::answer(&invite, 200, "one", &["Content-Type: application/sdp"], &sdp(1));
    far.send(text);
    far.run(10);
    far.world.command_now(far.phone, Command::Hangup(call, Extra::default())).unwrap();
    far.run(100);
    assert_eq!((far.count("ACK"), far.count("BYE"), far.count("CANCEL")), (1, 1, 0));
    assert!(String::from_utf8(far.request("ACK").body().to_vec()).unwrap().contains("m=audio 0 "));
    assert_eq!(far.world.outcomes(far.phone)[0].kind, OutcomeKind::Cancelled);
}

/// RFC 3261 13.2.2.4: a second far end's offer has its answer, too, before its BYE.
#[test]
fn a_second_late_offer_is_refused_and_its_dialog_closed() {
    let mut far = Far::new();
    let (call, invite) = far.called_with(late());
    far.reply_sdp(&invite, 200, "one", &[], 1);
    far.reply_sdp(&invite, 200, "two", &[], 2);
    let ack = far.request("ACK");
    assert!(header(&ack.headers, HeaderName::To).ends_with(";tag=two"));
    assert!(String::from_utf8(ack.body().to_vec()).unwrap().contains("m=audio 0 "));
    assert_eq!((far.count("BYE"), far.state(call)), (1, Some(CallState::Connected)));
}

/// RFC 3262 3: a reliable response is told once, like any other.
#[test]
fn a_repeated_response_is_told_once() {
    let mut far = Far::new();
    let (_, invite) = far.called();
    for _ in 0..3 {
        far.reply(&invite, 180, "one", &["Require: 100rel", "RSeq: 1"], "");
    }
    let progress = |event: &&Event| matches!(event, Event::CallProgress { .. });
    assert_eq!(far.world.phones[far.phone].events.iter().filter(progress).count(), 1);
}

/// RFC 3261 13.3.1, 13.2.2.4: where their INVITE has no offer, ours is in the 200 and their answer in the ACK.
#[test]
fn an_invite_without_an_offer_gets_ours_and_its_answer_comes_in_the_ack() {
    let mut far = Far::new();
    let invite = far.invite("c1", &[], "");
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(600);
    let oks: Vec<_> = far.responses("INVITE").into_iter().filter(|response| response.status() == 200).collect();
    assert_eq!(oks.len(), 2, "repeated until its ACK");
    assert!(oks.iter().all(|ok| ok.body() == sdp(far.phone).as_bytes()), "with the same offer");
    let mut peer = far.peer_of_response(&invite, &oks[0]);
    far.ask(&mut peer, "ACK", &["Content-Type: application/sdp"], &sdp(1));
    assert_eq!(far.answers(), [(sdp(1), false)]);
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 13.2.2.4: an ACK that owes its answer leaves no session to talk in.
#[test]
fn an_ack_that_owes_its_answer_ends_the_call() {
    let mut far = Far::new();
    let invite = far.invite("c1", &[], "");
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(50);
    let mut peer = far.peer_of_response(&invite, &far.response("INVITE"));
    far.ask(&mut peer, "ACK", &[], "");
    assert_eq!((far.count("BYE"), far.state(call)), (1, None));
    assert_eq!(
        far.world.outcomes(far.phone)[0].error.as_ref().map(|error| error.code),
        Some(ErrorCode::BadDescription)
    );
}

/// RFC 3262 3: the INVITE that comes again on the next flow is rung with the next number.
#[test]
fn an_invite_that_moves_to_a_new_flow_is_rung_reliably_there() {
    let mut far = Far::new();
    far.invite_sdp("c1", &["Require: 100rel"], 1);
    let call = far.only_call().id;
    let first = far.response("INVITE").headers.rseq().unwrap().unwrap();
    far.world.cut(far.phone);
    far.run(5_000);
    let again = far.invite_sdp("c1", &["Require: 100rel"], 1);
    let ringing = far.response("INVITE");
    assert_eq!(ringing.headers.rseq().unwrap().unwrap(), first + 1);
    let mut peer = far.peer_of_response(&again, &ringing);
    far.ask(&mut peer, "PRACK", &[&format!("RAck: {} 1 INVITE", first + 1)], "");
    assert_eq!(far.statuses("PRACK"), [200]);
    assert_eq!((far.only_call().id, far.only_call().state), (call, CallState::Ringing));
}
