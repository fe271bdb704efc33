//! What goes before the answer to an incoming call: descriptions in provisional responses, and PRACK (RFC 3262) for them.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    AccountOptions, CallId, CallState, Command, CommandId, ErrorCode, Extra, MediaCommand, MediaFailure, OutcomeKind,
    Reliability, Reply,
};
use sipwake::message::{HeaderName, Request, Response};

use crate::far::{Far, Peer, header};
use crate::world::{account, sdp};

const SDP: &str = "Content-Type: application/sdp";

/// An incoming call that rings at the phone, and the dialog as its caller sees it.
struct Ringing {
    far: Far,
    invite: Request,
    call: CallId,
}

impl Ringing {
    fn new(headers: &[&str], offer: bool) -> Self {
        Self::with(AccountOptions::default().reliability, headers, offer)
    }

    fn with(reliability: Reliability, headers: &[&str], offer: bool) -> Self {
        let mut far = Far::with(AccountOptions { reliability, ..account("alice") });
        let invite = if offer { far.invite_sdp("c1", headers, 1) } else { far.invite("c1", headers, "") };
        let call = far.only_call().id;
        Self { far, invite, call }
    }

    fn progress(&mut self, early_media: bool) -> CommandId {
        let command = Command::Progress { call: self.call, early_media, extra: Extra::default() };
        let id = self.far.world.command(self.far.phone, command);
        self.far.run(100);
        id
    }

    fn answer(&mut self) -> CommandId {
        let id = self.far.world.command(self.far.phone, Command::Answer(self.call, Extra::default()));
        self.far.run(100);
        id
    }

    fn result(&self, id: CommandId) -> Option<Result<Reply, ErrorCode>> {
        self.far.world.result(self.far.phone, id).map(|result| result.map_err(|error| error.code))
    }

    /// The last response to the INVITE.
    fn last(&self) -> Response {
        self.far.response("INVITE")
    }

    fn peer(&self) -> Peer {
        self.far.peer_of_response(&self.invite, &self.last())
    }

    /// PRACKs the last response, with a description or without.
    fn prack(&mut self, peer: &mut Peer, body: &str) {
        let rack = format!("RAck: {} 1 INVITE", rseq(&self.last()));
        let mut headers = vec![rack.as_str()];
        if !body.is_empty() {
            headers.push(SDP);
        }
        self.far.ask(peer, "PRACK", &headers, body);
    }

    /// Whether the media session was made without a microphone, and has it now.
    fn microphone(&self) -> (bool, bool) {
        let media = &self.far.world.phones[self.far.phone].media;
        let opened = media.iter().any(|(_, command)| matches!(command, MediaCommand::Open { microphone: true, .. }));
        let later = media.iter().any(|(_, command)| matches!(command, MediaCommand::Microphone));
        (opened, later)
    }

    fn state(&self) -> Option<CallState> {
        self.far.state(self.call)
    }
}

fn rseq(response: &Response) -> u32 {
    response.headers.rseq().expect("an RSeq").unwrap()
}

fn body(response: &Response) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

/// RFC 3262 5: the first reliable response has our offer where the INVITE has none, and the PRACK has its answer.
#[test]
fn an_invite_without_an_offer_that_insists_is_rung_with_ours() {
    let mut it = Ringing::new(&["Require: 100rel"], false);
    let ringing = it.last();
    assert_eq!((it.far.statuses("INVITE"), it.state()), (vec![100, 180], Some(CallState::Ringing)));
    assert!(ringing.headers.requires("100rel"));
    assert_eq!(body(&ringing), sdp(it.far.phone));
    assert_eq!(it.microphone(), (false, false), "it rings, and nobody listens");
    let mut peer = it.peer();
    it.prack(&mut peer, &sdp(1));
    let ok = it.far.response("PRACK");
    assert_eq!((ok.status(), ok.body()), (200, &b""[..]));
    assert_eq!(it.far.answers(), [(sdp(1), false)]);
    assert_eq!(it.state(), Some(CallState::Ringing));

    let answer = it.answer();
    let ok = it.last();
    assert_eq!((ok.status(), ok.body()), (200, &b""[..]), "all is said");
    assert_eq!(header(&ok.headers, HeaderName::ContentType), "");
    assert_eq!(it.microphone(), (false, true));
    assert_eq!(it.result(answer), Some(Ok(Reply::Done)));
    it.far.ask(&mut Peer { cseq: 1, ..peer.clone() }, "ACK", &[], "");
    it.far.run(1_000);
    assert_eq!(it.far.statuses("INVITE"), [100, 180, 200], "nothing is repeated");
    assert_eq!((it.state(), it.far.count("BYE")), (Some(CallState::Connected), 0));
}

/// RFC 3262 3: it is repeated after T1, doubling, and after 64 · T1 the INVITE is refused with a 5xx.
#[test]
fn an_offer_that_rings_is_repeated_and_given_up_without_a_prack() {
    let mut it = Ringing::new(&["Require: 100rel"], false);
    it.far.run(7_500);
    let rung = it.far.responses("INVITE");
    assert_eq!(rung.len(), 6, "100, and 180 at 0, 0.5, 1.5, 3.5 and 7.5 seconds");
    assert!(rung[1..].iter().all(|again| body(again) == sdp(it.far.phone) && rseq(again) == rseq(&rung[1])));
    it.far.run(30_000);
    assert_eq!(it.last().status(), 504);
    assert!(it.far.world.phones[it.far.phone].open_media.is_empty());
    assert_eq!(it.far.world.outcomes(it.far.phone)[0].error.as_ref().map(|error| error.code), Some(ErrorCode::Timeout));
}

/// RFC 3262 3: no 2xx leaves while a description in a reliable response has no PRACK.
#[test]
fn the_answer_waits_for_the_prack_of_a_description() {
    for offer in [true, false] {
        let mut it = Ringing::new(&["Require: 100rel"], offer);
        let mut peer = it.peer();
        if offer {
            it.prack(&mut peer, "");
            it.progress(true);
        }
        assert!(!it.last().body().is_empty());
        let answer = it.answer();
        assert_eq!((it.result(answer), it.state()), (None, Some(CallState::Answering)), "{offer}");
        assert!(it.last().status() < 200);
        let theirs = if offer { String::new() } else { sdp(1) };
        it.prack(&mut peer, &theirs);
        assert_eq!(it.result(answer), Some(Ok(Reply::Done)), "{offer}");
        let ok = it.last();
        assert_eq!((ok.status(), ok.body()), (200, &b""[..]));
        assert_eq!(it.far.statuses("PRACK").last(), Some(&200));
    }
}

/// RFC 3262 3, 5: early media for a caller that knows 100rel: a reliable 183 with the answer, after the PRACK of the 180.
#[test]
fn reliable_responses_follow_each_other_and_the_second_has_the_answer() {
    let mut it = Ringing::new(&["Require: 100rel"], true);
    let first = rseq(&it.last());
    assert!(it.last().body().is_empty(), "ringing needs no description where the INVITE has one");
    let command = it.progress(true);
    assert_eq!((it.last().status(), it.result(command)), (180, None), "one after the other");
    let mut peer = it.peer();
    it.prack(&mut peer, "");
    let second = it.last();
    assert_eq!((second.status(), rseq(&second)), (183, first + 1));
    assert_eq!(body(&second), sdp(it.far.phone));
    assert_eq!(it.result(command), Some(Ok(Reply::Done)));
    assert_eq!(it.microphone(), (false, false));
    it.prack(&mut peer, "");
    assert_eq!(it.far.statuses("PRACK"), [200, 200]);
    it.answer();
    assert_eq!((it.last().status(), it.last().body()), (200, &b""[..]));
    it.far.ask(&mut Peer { cseq: 1, ..peer }, "ACK", &[], "");
    assert_eq!(it.state(), Some(CallState::Connected));
}

/// RFC 3262 3: who only can PRACK is rung plainly, and described to reliably; without an offer the description is ours.
#[test]
fn early_media_is_reliable_where_the_caller_can() {
    for offer in [true, false] {
        let mut it = Ringing::new(&["Supported: 100rel"], offer);
        assert!(!it.last().headers.requires("100rel"));
        let mut peer = it.peer();
        it.progress(true);
        assert_eq!(it.last().status(), 183);
        assert!(it.last().headers.requires("100rel") && body(&it.last()).contains("m=audio"));
        it.prack(&mut peer, if offer { String::new() } else { sdp(1) }.as_str());
        it.answer();
        assert_eq!((it.last().status(), it.last().body()), (200, &b""[..]), "{offer}");
        assert_eq!(it.far.answers().len(), usize::from(!offer));
    }
}

/// RFC 3261 13.2.1: an answer in a response that may be lost comes again, the same, in the 2xx.
#[test]
fn early_media_for_a_caller_without_100rel_is_repeated_in_the_200() {
    let mut it = Ringing::new(&[], true);
    let command = it.progress(true);
    let early = it.last();
    assert_eq!((early.status(), it.result(command)), (183, Some(Ok(Reply::Done))));
    assert!(!early.headers.requires("100rel") && early.headers.rseq().is_none());
    it.answer();
    assert_eq!((it.last().status(), body(&it.last())), (200, body(&early)));
    assert_eq!(it.microphone(), (false, true));
}

/// RFC 3261 13.2.1: without an offer, and without a way to answer ours early, there is no early media.
#[test]
fn early_media_that_cannot_be_is_refused_at_once() {
    let mut it = Ringing::new(&[], false);
    let command = it.progress(true);
    assert_eq!(it.result(command), Some(Err(ErrorCode::InvalidState)));
    let plain = it.progress(false);
    assert_eq!((it.result(plain), it.last().status()), (Some(Ok(Reply::Done)), 183));
    assert!(it.last().body().is_empty() && it.far.world.phones[it.far.phone].open_media.is_empty());
    let mut off = Ringing::with(Reliability::Off, &["Supported: 100rel"], false);
    let command = off.progress(true);
    assert_eq!(off.result(command), Some(Err(ErrorCode::InvalidState)));
    it.answer();
    let late = it.progress(false);
    assert_eq!(it.result(late), Some(Err(ErrorCode::InvalidState)), "it is answered");
}

/// RFC 3262 5, RFC 6337 2.2: an offer in the PRACK for our answer has its answer in the 200 to that.
#[test]
fn an_offer_in_a_prack_is_answered_in_its_200() {
    let mut it = Ringing::new(&["Require: 100rel"], true);
    let mut peer = it.peer();
    it.prack(&mut peer, "");
    it.progress(true);
    let held = sdp(1).replace("a=sendrecv", "a=sendonly");
    it.prack(&mut peer, &held);
    let ok = it.far.response("PRACK");
    assert_eq!(ok.status(), 200);
    assert!(body(&ok).contains("a=recvonly"));
    assert_eq!(header(&ok.headers, HeaderName::Contact), "");
    assert!(it.far.only_call().remote_hold);
    it.answer();
    assert_eq!((it.last().status(), it.last().body()), (200, &b""[..]));
}

/// RFC 6337 2.3: an offer in a PRACK is not refused but answered, with nothing; and then the call cannot be.
#[test]
fn an_offer_in_a_prack_that_cannot_be_followed_ends_the_call() {
    for unusable in [true, false] {
        let mut it = Ringing::new(&["Require: 100rel"], true);
        let mut peer = it.peer();
        it.prack(&mut peer, "");
        it.progress(true);
        let offer = if unusable { sdp(1).replace("m=audio", "m=image") } else { sdp(1) };
        it.far.world.phones[it.far.phone].media_failure = Some(MediaFailure::BadDescription);
        it.prack(&mut peer, &offer);
        let ok = it.far.response("PRACK");
        assert_eq!(ok.status(), 200);
        assert!(body(&ok).contains(" 0 UDP/TLS/RTP/SAVPF 111"), "{}", body(&ok));
        assert_eq!((it.last().status(), it.state()), (488, None));
    }
}

/// RFC 3262 5: a PRACK that owes the answer to our offer leaves nothing to talk with.
#[test]
fn a_prack_without_the_answer_ends_the_call() {
    for answer in ["", "v=0\r\n"] {
        let mut it = Ringing::new(&["Require: 100rel"], false);
        let mut peer = it.peer();
        it.prack(&mut peer, answer);
        assert_eq!(it.far.statuses("PRACK"), [200]);
        assert_eq!((it.last().status(), it.state()), (488, None));
        let outcome = it.far.world.outcomes(it.far.phone).remove(0);
        assert_eq!((outcome.kind, outcome.status), (OutcomeKind::Failed, Some(488)));
    }
}

/// RFC 3262 5: an answer in the PRACK that media cannot take ends the call as well.
#[test]
fn an_answer_in_a_prack_that_media_cannot_take_ends_the_call() {
    for answering in [false, true] {
        let mut it = Ringing::new(&["Require: 100rel"], false);
        it.far.world.phones[it.far.phone].answer_failure = Some(MediaFailure::BadDescription);
        let mut peer = it.peer();
        if answering {
            it.answer();
        }
        it.prack(&mut peer, &sdp(1));
        assert_eq!((it.last().status(), it.state()), (488, None), "{answering}");
        assert!(it.far.world.phones[it.far.phone].open_media.is_empty());
    }
}

/// RFC 3262 3: a PRACK for nothing is 481, and an offer before the first exchange is over is refused.
#[test]
fn a_prack_that_matches_nothing_is_481() {
    let mut it = Ringing::new(&["Require: 100rel"], true);
    let mut peer = it.peer();
    let wrong = [format!("RAck: {} 1 INVITE", rseq(&it.last()) + 7), format!("RAck: {} 2 INVITE", rseq(&it.last()))];
    for rack in wrong {
        it.far.ask(&mut peer, "PRACK", &[&rack], "");
    }
    it.prack(&mut peer, &sdp(1));
    it.prack(&mut peer, "");
    it.prack(&mut peer, "");
    assert_eq!(it.far.statuses("PRACK"), [481, 481, 500, 200, 481]);
}

/// RFC 3261 9.2, 15.1.2: CANCEL, BYE and a decline while a PRACK is open; the PRACK is answered all the same.
#[test]
fn whatever_ends_the_call_the_open_prack_has_its_200() {
    for (end, status) in [("CANCEL", 487), ("BYE", 487), ("decline", 603), ("hangup", 603)] {
        let mut it = Ringing::new(&["Require: 100rel"], false);
        let (ringing, mut peer) = (it.last(), it.peer());
        match end {
            "CANCEL" => it.far.cancel(&it.invite.clone(), &[]),
            "BYE" => it.far.ask(&mut peer, "BYE", &[], ""),
            "decline" => {
                let command = Command::Decline(it.call, None, Extra::default());
                it.far.world.command_now(it.far.phone, command).unwrap();
            }
            _ => {
                let command = Command::Hangup(it.call, Extra::default());
                it.far.world.command_now(it.far.phone, command).unwrap();
            }
        }
        it.far.run(100);
        assert_eq!((it.last().status(), it.state()), (status, None), "{end}");
        assert!(it.far.world.phones[it.far.phone].open_media.is_empty());
        it.far.ask(&mut peer, "PRACK", &[&format!("RAck: {} 1 INVITE", rseq(&ringing)), SDP], &sdp(1));
        it.far.run(1_000);
        assert_eq!(it.far.statuses("PRACK"), [200], "{end}");
        assert_eq!(it.last().status(), status, "and nothing follows");
    }
}

/// RFC 3262 5: an answer given while our description is still being made goes with it, and nothing else does.
#[test]
fn an_answer_that_overtakes_the_description_goes_with_it() {
    let mut far = Far::new();
    let invite = far.invite("c1", &["Supported: 100rel"], "");
    let call = far.only_call().id;
    let progress = far.world.command(far.phone, Command::Progress { call, early_media: true, extra: Extra::default() });
    let answer = far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(200);
    for command in [progress, answer] {
        assert!(far.world.result(far.phone, command).unwrap().is_ok());
    }
    let ok = far.response("INVITE");
    assert_eq!((ok.status(), body(&ok)), (200, sdp(far.phone)), "our offer; its answer comes in the ACK");
    assert!(!far.statuses("INVITE").contains(&183));
    let mut peer = far.peer_of_response(&invite, &ok);
    far.ask(&mut peer, "ACK", &[SDP], &sdp(1));
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3311 5.2: once the first exchange is over the caller may offer anew, before the answer; not before.
#[test]
fn the_caller_may_update_a_call_that_rings_once_its_description_is_agreed() {
    let mut it = Ringing::new(&["Require: 100rel"], false);
    let mut peer = it.peer();
    it.far.ask(&mut peer, "UPDATE", &[SDP], &sdp(1));
    assert_eq!(it.far.statuses("UPDATE"), [491], "our offer has no answer yet");
    it.prack(&mut peer, &sdp(1));
    it.far.ask(&mut peer, "UPDATE", &[SDP], &sdp(1).replace("a=sendrecv", "a=sendonly"));
    let ok = it.far.response("UPDATE");
    assert_eq!(ok.status(), 200);
    assert!(body(&ok).contains("a=recvonly"));
    it.far.world.phones[it.far.phone].media_failure = Some(MediaFailure::BadDescription);
    it.far.ask(&mut peer, "UPDATE", &[SDP], &sdp(1));
    assert_eq!((it.far.response("UPDATE").status(), it.state()), (488, Some(CallState::Ringing)));
    it.far.world.phones[it.far.phone].media_failure = None;
    it.answer();
    assert_eq!(it.last().status(), 200);
}

/// RFC 3311 5.2: an UPDATE that comes with the user's answer has its turn after that.
#[test]
fn an_update_that_meets_the_answer_is_answered_after_it() {
    let mut it = Ringing::new(&["Require: 100rel"], false);
    let mut peer = it.peer();
    it.prack(&mut peer, &sdp(1));
    it.far.say(&mut peer, "UPDATE", &[SDP], &sdp(1));
    it.far.run(4);
    it.answer();
    assert_eq!((it.far.response("UPDATE").status(), it.last().status()), (200, 200));
    let offered = it.far.response("UPDATE");
    assert!(body(&offered).contains("m=audio 9"));
}

/// A microphone that is refused at the answer: the call is, too.
#[test]
fn without_a_microphone_the_answer_to_an_early_session_fails() {
    let mut it = Ringing::new(&["Require: 100rel"], false);
    let mut peer = it.peer();
    it.prack(&mut peer, &sdp(1));
    it.far.world.phones[it.far.phone].media_failure = Some(MediaFailure::PermissionDenied);
    let answer = it.answer();
    assert_eq!(it.result(answer), Some(Err(ErrorCode::MicrophoneDenied)));
    assert_eq!((it.last().status(), it.state()), (480, None));
}

/// Media that cannot describe while it rings fails the command, and the call goes on as if it had not been asked.
#[test]
fn early_media_that_fails_leaves_a_call_that_can_be_answered() {
    let mut it = Ringing::new(&["Supported: 100rel"], true);
    it.far.world.phones[it.far.phone].media_failure = Some(MediaFailure::Unsupported);
    let command = it.progress(true);
    assert_eq!(it.result(command), Some(Err(ErrorCode::MediaUnsupported)));
    assert!(it.far.world.phones[it.far.phone].open_media.is_empty());
    it.far.world.phones[it.far.phone].media_failure = None;
    it.answer();
    assert_eq!((it.last().status(), it.microphone()), (200, (true, false)));
}

/// RFC 3262 3: what went with its flow is said again on the next, with the next number and the same description.
#[test]
fn a_description_without_its_prack_is_said_again_on_the_next_flow() {
    let mut it = Ringing::new(&["Require: 100rel"], false);
    let first = it.last();
    it.far.world.cut(it.far.phone);
    it.far.run(10_000);
    it.far.take();
    let invite = it.far.invite("c1", &["Require: 100rel"], "");
    let again = it.last();
    assert_eq!((again.status(), rseq(&again)), (180, rseq(&first) + 1));
    assert_eq!(body(&again), body(&first));
    it.invite = invite;
    let mut peer = it.peer();
    it.prack(&mut peer, &sdp(1));
    it.answer();
    assert_eq!((it.last().status(), it.state()), (200, Some(CallState::Connected)));
}

/// RFC 3261 13.3.1.1: what the application adds goes with its own response, and with no other.
#[test]
fn headers_of_a_progress_are_in_its_183() {
    let mut it = Ringing::new(&[], true);
    let extra = Extra { headers: vec![("Alert-Info".to_owned(), "<urn:alert:tone:x>".to_owned())] };
    let command = Command::Progress { call: it.call, early_media: false, extra };
    assert!(it.far.world.command_now(it.far.phone, command).is_ok());
    it.far.run(50);
    assert_eq!(it.last().headers.get_named("Alert-Info"), Some("<urn:alert:tone:x>"));
    it.answer();
    assert_eq!(it.last().headers.get_named("Alert-Info"), None);
}
