//! Which message may carry an offer and which an answer (RFC 3264, RFC 6337 section 2): what is neither is not looked at.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{CallOptions, CallState, Command, Extra, MediaCommand};

use crate::far::{Far, Peer};
use crate::world::sdp;

const SDP: &str = "Content-Type: application/sdp";

/// The offers that media was given.
fn offers(far: &Far) -> Vec<String> {
    let offer = |(_, command): &(_, MediaCommand)| match command {
        MediaCommand::Accept { sdp } => Some(sdp.clone()),
        _ => None,
    };
    far.world.phones[far.phone].media.iter().filter_map(offer).collect()
}

fn late() -> CallOptions {
    CallOptions { late_offer: true, ..CallOptions::default() }
}

/// RFC 3261 13.2.1: after the answer in a reliable response no later response of that far end carries one.
#[test]
fn a_description_after_the_reliable_answer_is_not_looked_at() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 183, "one", &["Require: 100rel", "RSeq: 1"], 1);
    far.reply_sdp(&invite, 183, "one", &["Require: 100rel", "RSeq: 2"], 2);
    far.reply_sdp(&invite, 180, "one", &[], 3);
    far.reply_sdp(&invite, 200, "one", &[], 4);
    assert_eq!(far.count("PRACK"), 2);
    assert_eq!(far.answers(), [(sdp(1), true), (sdp(1), false)]);
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 6337 2.1: what an unreliable response describes is no offer; that comes in the 2xx, and its answer in the ACK.
#[test]
fn a_late_offer_in_an_unreliable_response_is_none() {
    let mut far = Far::new();
    let (call, invite) = far.called_with(late());
    far.reply_sdp(&invite, 183, "one", &[], 1);
    assert!(offers(&far).is_empty());
    far.reply_sdp(&invite, 200, "one", &[], 2);
    assert_eq!(offers(&far), [sdp(2)]);
    assert!(!far.request("ACK").body().is_empty());
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3262 5: a reliable response that owes the offer is acknowledged, and the 2xx may still bring it.
#[test]
fn an_offer_that_a_reliable_response_owes_is_taken_from_the_2xx() {
    let mut far = Far::new();
    let (call, invite) = far.called_with(late());
    far.reply(&invite, 180, "one", &["Require: 100rel", "RSeq: 1"], "");
    assert!(far.request("PRACK").body().is_empty());
    far.reply_sdp(&invite, 200, "one", &[], 1);
    assert_eq!(offers(&far), [sdp(1)]);
    assert!(!far.request("ACK").body().is_empty());
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 13.2.1: after the answer to an offer in PRACK, what the 2xx describes is not looked at, and the ACK has nothing.
#[test]
fn a_2xx_after_the_answer_in_prack_changes_nothing() {
    let mut far = Far::new();
    let (call, invite) = far.called_with(late());
    far.reply_sdp(&invite, 183, "one", &["Require: 100rel", "RSeq: 1"], 1);
    let prack = far.request("PRACK");
    // A 200 to PRACK answers an offer there; ours had an answer.
    far.reply_sdp(&prack, 200, "one", &[], 5);
    far.reply_sdp(&invite, 200, "one", &[], 2);
    assert_eq!((offers(&far), far.answers()), (vec![sdp(1)], vec![]));
    assert!(far.request("ACK").body().is_empty());
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 13.2.2.4: an ACK carries an answer only where the 2xx had the offer.
#[test]
fn a_description_in_an_ack_that_answers_nothing_is_not_looked_at() {
    let mut far = Far::new();
    let invite = far.invite_sdp("c1", &[], 1);
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(100);
    let mut peer = far.peer_of_response(&invite, &far.response("INVITE"));
    far.ask(&mut peer, "ACK", &[SDP], &sdp(2));
    assert!(far.answers().is_empty());
    assert_eq!((far.state(call), far.count("BYE")), (Some(CallState::Connected), 0));

    // The same where the first exchange was in a reliable response and its PRACK.
    let mut far = Far::new();
    let invite = far.invite("c2", &["Require: 100rel"], "");
    let call = far.only_call().id;
    let ringing = far.response("INVITE");
    let mut peer = far.peer_of_response(&invite, &ringing);
    let rack = format!("RAck: {} 1 INVITE", ringing.headers.rseq().unwrap().unwrap());
    far.ask(&mut peer, "PRACK", &[&rack, SDP], &sdp(1));
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(100);
    far.ask(&mut Peer { cseq: 1, ..peer }, "ACK", &[SDP], &sdp(2));
    assert_eq!(far.answers(), [(sdp(1), false)]);
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3262 3, RFC 6337 2.2: a re-INVITE that insists on 100rel is answered at once, without a provisional response.
#[test]
fn a_reinvite_that_insists_on_100rel_is_answered() {
    let mut far = Far::new();
    let (call, _, mut peer) = far.talking();
    far.ask(&mut peer, "INVITE", &["Require: 100rel", SDP], &sdp(1).replace("a=sendrecv", "a=sendonly"));
    let ok = far.response("INVITE");
    assert_eq!(ok.status(), 200);
    assert!(String::from_utf8_lossy(ok.body()).contains("a=recvonly"));
    far.ask(&mut peer, "ACK", &[], "");
    assert!(far.only_call().remote_hold);
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3311 5.2: an UPDATE that comes while our answer in the 200 waits for its ACK is answered: the exchange is over.
#[test]
fn an_update_before_the_ack_is_answered() {
    let mut far = Far::new();
    let invite = far.invite_sdp("c1", &[], 1);
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(100);
    let mut peer = far.peer_of_response(&invite, &far.response("INVITE"));
    far.ask(&mut peer, "UPDATE", &[SDP], &sdp(1).replace("a=sendrecv", "a=sendonly"));
    assert_eq!(far.response("UPDATE").status(), 200);
    far.ask(&mut Peer { cseq: 1, ..peer }, "ACK", &[], "");
    assert!(far.only_call().remote_hold);
    assert_eq!(far.state(call), Some(CallState::Connected));
}
