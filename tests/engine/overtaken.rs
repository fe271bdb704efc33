//! Commands to media that overtake each other: what comes of one is never taken for what comes of another.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{CallId, CallOptions, CallState, Input, MediaCommand, MediaEvent, MediaFailure};
use sipwake::message::{HeaderName, Request};

use crate::far::{Far, Peer, answer, header};
use crate::world::sdp;

const SDP: &str = "Content-Type: application/sdp";
const RELIABLE: [&str; 2] = ["Require: 100rel", "RSeq: 1"];

/// A call of the phone's without an offer; `one` has made one in a reliable response and has its answer.
fn late() -> (Far, CallId, Request, Peer) {
    let mut far = Far::new();
    let (call, invite) = far.called_with(CallOptions { late_offer: true, ..CallOptions::default() });
    far.reply_sdp(&invite, 183, "one", &RELIABLE, 1);
    let prack = far.request("PRACK");
    assert_eq!(version(prack.body()), 1);
    far.reply(&prack, 200, "one", &[], "");
    let peer = far.peer(&invite, "one");
    (far, call, invite, peer)
}

/// Which description of the phone's session this is.
fn version(body: &[u8]) -> u32 {
    let text = std::str::from_utf8(body).unwrap();
    let origin = text.lines().find_map(|line| line.strip_prefix("o=")).expect("a description");
    origin.split(' ').nth(2).unwrap().parse().unwrap()
}

fn accepted(far: &Far) -> Vec<String> {
    let offer = |(_, command): &(_, MediaCommand)| match command {
        MediaCommand::Accept { sdp } => Some(sdp.clone()),
        _ => None,
    };
    far.world.phones[far.phone].media.iter().filter_map(offer).collect()
}

/// RFC 3261 13.2.2.4: a late offer, the UPDATE of one fork and the 2xx of another meet: the ACK carries the answer to the
/// offer of the 2xx, and the UPDATE hears that its dialog is gone.
#[test]
fn the_answer_to_an_overtaken_update_is_not_the_answer_to_the_2xx() {
    let (mut far, call, invite, mut one) = late();
    far.say(&mut one, "UPDATE", &[SDP], &sdp(1).replace("a=sendrecv", "a=sendonly"));
    far.send(answer(&invite, 200, "two", &[SDP], &sdp(2)));
    far.run(100);
    assert_eq!(far.statuses("UPDATE"), [481]);
    let ack = far.request("ACK");
    assert!(header(&ack.headers, HeaderName::To).ends_with(";tag=two"));
    assert_eq!(accepted(&far).last(), Some(&sdp(2)));
    assert_eq!(version(ack.body()), 3, "the second was the answer to the UPDATE");
    assert!(String::from_utf8_lossy(ack.body()).contains("a=sendrecv"));
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3262 5: the offers of two forks at once, in an UPDATE and in a reliable response, have their answers in turn.
#[test]
fn a_late_offer_waits_until_another_forks_update_is_answered() {
    let (mut far, _, invite, mut one) = late();
    far.say(&mut one, "UPDATE", &[SDP], &sdp(1));
    let mut headers = RELIABLE.to_vec();
    headers.push(SDP);
    far.send(answer(&invite, 183, "two", &headers, &sdp(2)));
    far.run(100);
    let (ok, prack) = (far.response("UPDATE"), far.request("PRACK"));
    assert_eq!((ok.status(), version(ok.body())), (200, 2));
    assert!(header(&prack.headers, HeaderName::To).ends_with(";tag=two"));
    assert_eq!(version(prack.body()), 3);
}

/// RFC 3311 5.2: an offer that cannot be followed fails for its fork; the answer of the one that wins is another matter.
#[test]
fn the_failure_of_an_overtaken_update_is_not_that_of_the_answer() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 183, "one", &RELIABLE, 1);
    let prack = far.request("PRACK");
    far.reply(&prack, 200, "one", &[], "");
    let mut one = far.peer(&invite, "one");
    far.world.phones[far.phone].media_failure = Some(MediaFailure::BadDescription);
    far.say(&mut one, "UPDATE", &[SDP], &sdp(1));
    far.send(answer(&invite, 200, "two", &[SDP], &sdp(2)));
    far.run(10);
    far.world.phones[far.phone].media_failure = None;
    far.run(100);
    assert_eq!(far.statuses("UPDATE"), [481]);
    assert_eq!(far.answers().last(), Some(&(sdp(2), false)));
    assert_eq!((far.state(call), far.count("INVITE"), far.count("BYE")), (Some(CallState::Connected), 1, 0));
}

/// Numbers that were never given, or are used up, mean nothing.
#[test]
fn an_event_with_an_unknown_number_changes_nothing() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    let media = *far.world.phones[far.phone].open_media.last().unwrap();
    let last = far.world.phones[far.phone].media_number;
    for number in [last, last + 1, 77, u32::MAX] {
        for event in [
            MediaEvent::Described { sdp: sdp(9) },
            MediaEvent::Applied,
            MediaEvent::DtmfSent,
            MediaEvent::Failed(MediaFailure::BadDescription),
        ] {
            // The one that has been answered already ends no call either.
            if number == last && matches!(event, MediaEvent::Failed(_)) {
                continue;
            }
            far.world.input(far.phone, Input::Media { media, number, event });
        }
    }
    far.run(100);
    assert_eq!((far.count("INVITE"), far.count("CANCEL")), (1, 0));
    far.reply_sdp(&invite, 200, "one", &[], 1);
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 14.2, RFC 3264 4: an answer that media cannot take leaves our offer open; an offer of theirs that waited for it
/// collides with the one that we make instead.
#[test]
fn an_offer_that_waited_for_an_answer_that_is_no_use_meets_ours() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.world.phones[far.phone].answer_failure = Some(MediaFailure::BadDescription);
    far.reply_sdp(&invite, 183, "bob", &[], 1);
    let text = answer(&invite, 200, "bob", &[SDP], &sdp(1));
    far.send(text);
    let mut peer = far.peer(&invite, "bob");
    far.ask(&mut peer, "INVITE", &[SDP], &sdp(1));
    assert_eq!(far.statuses("INVITE"), [100, 491]);
    far.world.phones[far.phone].answer_failure = None;
    let ours = far.request("INVITE");
    assert_eq!(ours.headers.cseq().unwrap().unwrap().number, 2);
    far.reply_sdp(&ours, 200, "bob", &[], 1);
    assert_eq!(far.state(call), Some(CallState::Connected));
}
