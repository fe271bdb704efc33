//! Trickle ICE (RFC 8838) by INFO (RFC 8840): candidates that come after the descriptions, both ways.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    AccountOptions, CallId, CallOptions, Command, ErrorCode, Event, Extra, FlowEvent, IceCandidate, Input,
    MediaCommand, MediaEvent, Reply, TrickleIce,
};
use sipwake::message::{HeaderName, Request};

use crate::far::{Far, Peer, header};
use crate::world::{World, account, sdp};

const ABLE: &[&str] = &["Supported: trickle-ice", "Recv-Info: trickle-ice"];
const SDP: &str = "Content-Type: application/sdp";
const INFO: &[&str] = &[
    "Info-Package: trickle-ice",
    "Content-Disposition: Info-Package",
    "Content-Type: application/trickle-ice-sdpfrag",
];

/// The description of a far end that trickles.
fn theirs(index: usize) -> String {
    sdp(index).replace("a=ice-ufrag", "a=mid:0\r\na=ice-options:trickle\r\na=ice-ufrag")
}

fn candidate(number: u16, kind: &str) -> String {
    format!("candidate:{number} 1 udp 2122260223 192.0.2.1 {} typ {kind}", 4000 + number)
}

fn host(number: u16) -> String {
    candidate(number, "host")
}

/// A fragment of the far end number `index`.
fn fragment(mid: &str, ufrag: &str, candidates: &[String], ended: bool) -> String {
    let mut text = format!("m=audio 9 RTP/AVP 0\r\na=mid:{mid}\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:p\r\n");
    for candidate in candidates {
        text.push_str(&format!("a={candidate}\r\n"));
    }
    if ended {
        text.push_str("a=end-of-candidates\r\n");
    }
    text
}

fn far(mode: TrickleIce) -> Far {
    let mut far = Far::with(AccountOptions { trickle_ice: mode, ..account("alice") });
    far.world.phones[far.phone].trickles = true;
    far
}

trait Trickling {
    fn finds(&mut self, candidate: &str);
    fn has_all(&mut self);
    /// The bodies of the INFOs that came.
    fn infos(&self) -> Vec<String>;
    /// What media was given, candidate by candidate.
    fn given(&self) -> Vec<String>;
    fn refusals(&self) -> usize;
    fn says(&mut self, status: u16);
    /// The phone calls, and a far end that trickles answers.
    fn talks(&mut self) -> (CallId, Peer);
    /// How long the last media session gathers at most.
    fn limit(&self) -> u32;
}

fn text(request: &Request) -> String {
    String::from_utf8(request.body().to_vec()).unwrap()
}

impl Trickling for Far {
    fn finds(&mut self, candidate: &str) {
        let candidate = IceCandidate { mid: "0".into(), ufrag: String::new(), candidate: candidate.into() };
        self.world.media_event(self.phone, MediaEvent::Candidate(candidate));
        self.run(20);
    }

    fn has_all(&mut self) {
        self.world.media_event(self.phone, MediaEvent::GatheringDone);
        self.run(20);
    }

    fn infos(&self) -> Vec<String> {
        self.requests("INFO").iter().map(text).collect()
    }

    fn given(&self) -> Vec<String> {
        let given = |(_, command): &(_, MediaCommand)| match command {
            MediaCommand::Candidate(candidate) => {
                assert_eq!(candidate.mid, "0");
                Some(candidate.candidate.clone())
            }
            _ => None,
        };
        self.world.phones[self.phone].media.iter().filter_map(given).collect()
    }

    fn refusals(&self) -> usize {
        let refused =
            |event: &&Event| matches!(event, Event::Problem { error, .. } if error.code == ErrorCode::TrickleRefused);
        self.world.phones[self.phone].events.iter().filter(refused).count()
    }

    fn says(&mut self, status: u16) {
        let info = self.request("INFO");
        self.reply(&info, status, "bob", &[], "");
    }

    fn talks(&mut self) -> (CallId, Peer) {
        let (call, invite) = self.called();
        self.reply(&invite, 200, "bob", &[ABLE, &[SDP]].concat(), &theirs(1));
        let peer = self.peer(&invite, "bob");
        (call, peer)
    }

    fn limit(&self) -> u32 {
        let limit = |(_, command): &(_, MediaCommand)| match command {
            MediaCommand::Open { gathering_limit_ms, trickle, .. } => {
                assert!(*trickle);
                Some(*gathering_limit_ms)
            }
            _ => None,
        };
        self.world.phones[self.phone].media.iter().rev().find_map(limit).unwrap()
    }
}

/// RFC 8840 4.1.1, 10.6: an offer says that late candidates are taken, and has all that gathering has found in its time.
#[test]
fn an_offer_says_that_late_candidates_are_taken() {
    let mut far = far(TrickleIce::Half);
    let (_, invite) = far.called();
    assert!(invite.headers.supports("trickle-ice"));
    assert_eq!(invite.headers.receives_info("trickle-ice"), Some(true));
    assert!(!invite.headers.requires("trickle-ice"));
    assert!(text(&invite).contains("a=ice-options:trickle"));
    assert_eq!(far.limit(), 1_000);
}

/// RFC 8838 3: who does not trickle does not say so.
#[test]
fn without_trickle_nothing_says_so() {
    let mut far = far(TrickleIce::Off);
    let (call, invite) = far.called();
    assert!(!invite.headers.supports("trickle-ice") && invite.headers.receives_info("trickle-ice").is_none());
    assert!(!text(&invite).contains("trickle"));
    far.reply(&invite, 200, "bob", &[ABLE, &[SDP]].concat(), &theirs(1));
    assert!(far.state(call).is_some());
    far.finds(&host(1));
    assert_eq!(far.count("INFO"), 0);
    let mut peer = far.peer(&invite, "bob");
    far.ask(&mut peer, "INFO", INFO, &fragment("0", "u1", &[host(1)], false));
    assert_eq!(far.statuses("INFO"), [469]);
    assert!(far.given().is_empty());
}

/// RFC 8840 4.4, 9.2, 10.7: what an INFO with candidates looks like.
#[test]
fn a_candidate_that_is_found_late_leaves_in_an_info() {
    let mut far = far(TrickleIce::Half);
    far.talks();
    assert_eq!(far.count("INFO"), 0, "nothing was found yet");
    far.finds(&host(1));
    let info = far.request("INFO");
    assert_eq!(header(&info.headers, HeaderName::InfoPackage), "trickle-ice");
    assert_eq!(header(&info.headers, HeaderName::ContentDisposition), "Info-Package");
    assert_eq!(header(&info.headers, HeaderName::ContentType), "application/trickle-ice-sdpfrag");
    let expected = "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=ice-ufrag:u0\r\na=ice-pwd:p0\r\n\
                    a=candidate:1 1 udp 2122260223 192.0.2.1 4001 typ host\r\n";
    assert_eq!(text(&info), expected);
}

/// RFC 8840 4.4, 10.9: one INFO at a time; the next has everything that was found, and again what the one before had.
#[test]
fn candidates_that_come_meanwhile_leave_together_with_those_before() {
    let mut far = far(TrickleIce::Half);
    far.talks();
    far.finds(&host(1));
    far.finds(&host(2));
    far.finds(&host(2));
    far.has_all();
    assert_eq!(far.count("INFO"), 1);
    far.says(200);
    let infos = far.infos();
    assert_eq!(infos.len(), 2);
    for part in [&host(1), &host(2), "a=end-of-candidates\r\n"] {
        assert_eq!(infos[1].matches(part).count(), 1, "{part}");
    }
    far.says(200);
    assert_eq!(far.count("INFO"), 2, "everything is told");
}

/// RFC 8840 5, RFC 6086 4.2: who does not say that it takes late candidates, by header and in its description, gets none.
#[test]
fn a_far_end_that_does_not_trickle_gets_no_info() {
    let plain = sdp(1);
    let cases: [(&[&str], String); 5] = [
        (&[], theirs(1)),
        (ABLE, plain.clone()),
        (&[], plain),
        (&["Supported: trickle-ice", "Recv-Info: foo"], theirs(1)),
        (&["Recv-Info:"], theirs(1)),
    ];
    for (headers, body) in cases {
        let mut far = far(TrickleIce::Half);
        let (_, invite) = far.called();
        far.reply(&invite, 200, "bob", &[headers, &[SDP]].concat(), &body);
        far.finds(&host(1));
        far.has_all();
        assert_eq!((far.count("INFO"), far.refusals(), far.count("INVITE")), (0, 0, 1), "{headers:?}");
    }
}

/// RFC 8838 3, RFC 8840 4.1.2: an offerer that trickles is answered at once; RFC 8840 4.3.1: our candidates follow when the
/// ACK says that the dialog is known.
#[test]
fn an_offerer_that_trickles_is_answered_at_once() {
    let mut far = far(TrickleIce::Half);
    let invite = far.invite("c1", &[ABLE, &[SDP]].concat(), &theirs(1));
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(100);
    assert_eq!(far.limit(), 0);
    let ok = far.response("INVITE");
    assert!(ok.headers.supports("trickle-ice"));
    assert_eq!(ok.headers.receives_info("trickle-ice"), Some(true));
    far.finds(&host(1));
    assert_eq!(far.count("INFO"), 0);
    let mut peer = far.peer_of_response(&invite, &ok);
    far.ask(&mut peer, "ACK", &[], "");
    assert_eq!(far.infos().len(), 1);
    assert!(far.infos()[0].contains(&host(1)));
}

/// RFC 8840 4.3.2: an INFO of theirs says as much as the ACK.
#[test]
fn an_info_of_theirs_says_that_the_dialog_is_known() {
    let mut far = far(TrickleIce::Half);
    let invite = far.invite("c1", &[ABLE, &[SDP]].concat(), &theirs(1));
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(100);
    far.finds(&host(1));
    assert_eq!(far.count("INFO"), 0);
    let ok = far.response("INVITE");
    let mut peer = far.peer_of_response(&invite, &ok);
    far.ask(&mut peer, "INFO", INFO, &fragment("0", "u1", &[host(7)], false));
    assert_eq!(far.count("INFO"), 1);
    assert_eq!(far.given(), [host(7)]);
}

/// RFC 8840 3.1: who does not trickle sees nothing of it in our answer, which has what gathering has found in its time.
#[test]
fn an_offerer_that_does_not_trickle_is_answered_as_ever() {
    let mut far = far(TrickleIce::Half);
    far.taken("c1");
    assert_eq!(far.limit(), 1_000);
    let ok = far.response("INVITE");
    assert!(!ok.headers.supports("trickle-ice") && ok.headers.receives_info("trickle-ice").is_none());
    far.finds(&host(1));
    assert_eq!(far.count("INFO"), 0);
}

/// RFC 8840 4.4: what is repeated is known already; RFC 8840 8.2: the end of the candidates is told too.
#[test]
fn candidates_of_theirs_reach_media_once() {
    let mut far = far(TrickleIce::Half);
    let (_, mut peer) = far.talks();
    far.ask(&mut peer, "INFO", INFO, &fragment("0", "u1", &[host(1)], false));
    far.ask(&mut peer, "INFO", INFO, &fragment("0", "u1", &[host(1), host(2)], true));
    far.ask(&mut peer, "INFO", INFO, &fragment("0", "u1", &[host(1), host(2)], true));
    assert_eq!(far.statuses("INFO"), [200, 200, 200]);
    assert_eq!(far.given(), [host(1), host(2), String::new()]);
}

/// RFC 8838 4.2: what is of a media line or of a generation that is not known is of no use, and does no harm.
#[test]
fn candidates_of_another_generation_or_line_are_left_alone() {
    let mut far = far(TrickleIce::Half);
    let (call, mut peer) = far.talks();
    for (mid, ufrag) in [("0", "old"), ("7", "u1"), ("", "u1"), ("0", "")] {
        far.ask(&mut peer, "INFO", INFO, &fragment(mid, ufrag, &[host(1)], true));
    }
    let nonsense = ["candidate:nonsense".to_owned(), host(3)];
    far.ask(&mut peer, "INFO", INFO, &fragment("0", "u1", &nonsense, false));
    assert_eq!(far.statuses("INFO"), [200; 5]);
    assert_eq!(far.given(), [host(3)]);
    assert!(far.state(call).is_some());
}

/// RFC 6086 4.2.2, RFC 3261 8.2.3, 21.4.1, 21.4.11: what cannot be read is refused, and changes nothing.
#[test]
fn what_is_no_fragment_is_refused() {
    let mut far = far(TrickleIce::Half);
    let (call, mut peer) = far.talks();
    far.ask(&mut peer, "INFO", &["Info-Package: trickle-ice", SDP], &fragment("0", "u1", &[host(1)], false));
    assert_eq!(header(&far.response("INFO").headers, HeaderName::Accept), "application/trickle-ice-sdpfrag");
    far.ask(&mut peer, "INFO", INFO, "nonsense\r\n");
    let many: Vec<_> = (0..400).map(host).collect();
    far.ask(&mut peer, "INFO", INFO, &fragment("0", "u1", &many, false));
    far.ask(&mut peer, "INFO", &["Info-Package: foo"], "");
    assert_eq!(far.statuses("INFO"), [415, 400, 413, 469]);
    assert_eq!(far.response("INFO").headers.receives_info("trickle-ice"), Some(true));
    assert!(far.given().is_empty() && far.state(call).is_some());
}

/// RFC 8838 5: no more candidates are looked at than anybody has.
#[test]
fn more_candidates_than_anybody_has_are_not_looked_at() {
    let mut far = far(TrickleIce::Half);
    let (_, mut peer) = far.talks();
    let many: Vec<_> = (0..200).map(host).collect();
    far.ask(&mut peer, "INFO", INFO, &fragment("0", "u1", &many, false));
    assert_eq!(far.given().len(), 128);
}

/// RFC 8840 4.3.1: while it rings the offerer may tell candidates already; media gets them with the offer.
#[test]
fn what_comes_while_it_rings_is_kept_for_the_answer() {
    let mut far = far(TrickleIce::Half);
    let invite = far.invite("c1", &[ABLE, &[SDP]].concat(), &theirs(1));
    let mut peer = far.peer_of_response(&invite, &far.response("INVITE"));
    far.ask(&mut peer, "INFO", INFO, &fragment("0", "u1", &[host(1)], true));
    assert_eq!(far.statuses("INFO"), [200]);
    assert!(far.given().is_empty());
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(100);
    assert_eq!(far.given(), [host(1), String::new()]);
}

/// RFC 8840 4.3.1: a provisional answer makes a dialog that carries INFO, before the call is answered.
#[test]
fn in_an_early_dialog_candidates_are_told_too() {
    let mut far = far(TrickleIce::Half);
    let (_, invite) = far.called();
    far.finds(&host(1));
    far.reply(&invite, 180, "bob", ABLE, "");
    assert_eq!(far.count("INFO"), 0, "a far end that has described nothing cannot use them");
    let reliable = [ABLE, &["Require: 100rel", "RSeq: 1", SDP]].concat();
    far.reply(&invite, 183, "bob", &reliable, &theirs(1));
    assert_eq!(far.infos().len(), 1);
    assert!(far.infos()[0].contains(&host(1)));
    far.says(200);
    far.reply(&invite, 200, "bob", &[ABLE, &[SDP]].concat(), &theirs(1));
    assert_eq!(far.count("INFO"), 1, "it was told before");
    far.has_all();
    assert_eq!(far.count("INFO"), 2);
}

/// RFC 8840 4.3.1: the PRACK for our provisional answer says that the dialog is known.
#[test]
fn after_their_prack_candidates_are_told_while_it_rings() {
    let mut far = far(TrickleIce::Half);
    let invite = far.invite("c1", &[ABLE, &["Supported: 100rel", SDP]].concat(), &theirs(1));
    let call = far.only_call().id;
    let progress = Command::Progress { call, early_media: true, extra: Extra::default() };
    far.world.command(far.phone, progress);
    far.run(100);
    let early = far.response("INVITE");
    assert_eq!((early.status(), early.headers.supports("trickle-ice")), (183, true));
    far.finds(&host(1));
    assert_eq!(far.count("INFO"), 0);
    let mut peer = far.peer_of_response(&invite, &early);
    let rack = format!("RAck: {} 1 INVITE", early.headers.rseq().unwrap().unwrap());
    far.ask(&mut peer, "PRACK", &[&rack], "");
    assert_eq!(far.count("INFO"), 1);
}

/// RFC 8840 4.3, RFC 3261 13.2.2.4: each fork is told in its own dialog; what the one that answers had told counts.
#[test]
fn every_fork_is_told_and_heard() {
    let mut far = far(TrickleIce::Half);
    let (_, invite) = far.called();
    let early = [ABLE, &[SDP]].concat();
    far.reply(&invite, 183, "bob", &early, &theirs(1));
    far.reply(&invite, 183, "carol", &early, &theirs(2));
    far.finds(&host(1));
    let told: Vec<_> = far.requests("INFO").iter().map(|info| header(&info.headers, HeaderName::To)).collect();
    assert_eq!(told.len(), 2);
    assert!(told[0].ends_with("=bob") && told[1].ends_with("=carol"), "{told:?}");
    let mut bob = far.peer(&invite, "bob");
    far.ask(&mut bob, "INFO", INFO, &fragment("0", "u1", &[host(5)], false));
    assert!(far.given().is_empty(), "media has carol's description");
    far.reply(&invite, 200, "bob", &early, &theirs(1));
    assert_eq!(far.given(), [host(5)]);
}

/// RFC 8838 16, RFC 8840 4.2: a restart begins a new generation, of which nothing has been told.
#[test]
fn a_restart_begins_anew() {
    let mut far = far(TrickleIce::Half);
    let (call, mut peer) = far.talks();
    far.finds(&host(1));
    far.has_all();
    far.says(200);
    far.says(200);
    far.take();
    far.world.command(far.phone, Command::Renegotiate { call, restart: true });
    far.run(100);
    let invite = far.request("INVITE");
    assert!(text(&invite).contains("ice-ufrag:u0r1") && invite.headers.supports("trickle-ice"));
    far.reply(&invite, 200, "bob", &[ABLE, &[SDP]].concat(), &theirs(1).replace("ufrag:u1", "ufrag:u1r"));
    far.finds(&host(2));
    let info = far.infos().pop().unwrap();
    assert!(info.contains("ice-ufrag:u0r1\r\n") && info.contains(&host(2)) && !info.contains(&host(1)));
    assert!(!info.contains("end-of-candidates"));
    far.ask(&mut peer, "INFO", INFO, &fragment("0", "u1", &[host(8)], false));
    far.ask(&mut peer, "INFO", INFO, &fragment("0", "u1r", &[host(9)], false));
    assert_eq!(far.given(), [host(9)]);
}

/// RFC 6086 4.2.2: who refuses an INFO gets no other, and the application hears of it. The call goes on.
#[test]
fn a_refused_info_is_the_last() {
    for status in [469, 405, 415, 501, 400] {
        let mut far = far(TrickleIce::Half);
        let (call, _) = far.talks();
        far.finds(&host(1));
        far.says(status);
        far.finds(&host(2));
        assert_eq!((far.count("INFO"), far.refusals(), far.count("INVITE")), (1, 1, 1), "{status}");
        assert!(far.state(call).is_some());
    }
}

/// RFC 8840 5.1: where everybody is known to trickle the offer leaves at once.
#[test]
fn a_full_trickle_offer_does_not_wait() {
    let mut far = far(TrickleIce::Full);
    far.talks();
    assert_eq!(far.limit(), 0);
    far.finds(&host(1));
    far.has_all();
    far.says(200);
    far.says(200);
    assert_eq!((far.count("INFO"), far.refusals(), far.count("INVITE")), (2, 0, 1));
}

/// RFC 8840 5.3: a far end that turns out not to trickle is offered the session anew, with what was found meanwhile.
#[test]
fn a_far_end_that_cannot_be_told_is_offered_anew() {
    let mut far = far(TrickleIce::Full);
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 200, "bob", &[], 1);
    far.finds(&host(1));
    assert_eq!(far.count("INVITE"), 1, "nothing that it can be expected to reach was found yet");
    far.finds(&candidate(2, "srflx raddr 10.0.0.1 rport 4000"));
    far.run(100);
    assert_eq!((far.count("INVITE"), far.refusals(), far.count("INFO")), (2, 1, 0));
    let again = far.request("INVITE");
    far.reply_sdp(&again, 200, "bob", &[], 1);
    far.has_all();
    far.run(100);
    assert_eq!((far.count("INVITE"), far.refusals()), (2, 1));
    assert!(far.state(call).is_some());
}

/// RFC 8840 5.3: the same where it says that it takes them, and then does not.
#[test]
fn a_full_trickle_offer_whose_info_is_refused_is_made_anew() {
    let mut far = far(TrickleIce::Full);
    far.talks();
    far.finds(&host(1));
    far.says(469);
    far.has_all();
    far.run(100);
    assert_eq!((far.count("INVITE"), far.refusals(), far.count("INFO")), (2, 1, 1));
}

/// RFC 8840 4.4: what was on its way when the flow went is told on the next.
#[test]
fn what_a_lost_flow_took_along_is_told_again() {
    let mut far = far(TrickleIce::Half);
    far.talks();
    far.finds(&host(1));
    far.take();
    let flow = *far.world.phones[far.phone].flows.last().unwrap();
    far.world.phones[far.phone].flows.clear();
    far.world.input(far.phone, Input::Flow { flow, event: FlowEvent::Closed { code: 1006, clean: false } });
    far.run(10_000);
    let infos = far.infos();
    assert!(!infos.is_empty() && infos[0].contains(&host(1)), "{:?}", far.lines());
    assert_eq!(far.refusals(), 0);
}

/// RFC 3261 8.2.2.3, RFC 8840 10.6: who insists on it is served, unless the account does without.
#[test]
fn an_offerer_may_insist() {
    for (mode, refused) in [(TrickleIce::Half, false), (TrickleIce::Off, true)] {
        let mut far = far(mode);
        far.invite("c1", &["Require: trickle-ice", "Recv-Info: trickle-ice", SDP], &theirs(1));
        assert_eq!(far.statuses("INVITE").contains(&420), refused);
    }
}

/// What media says that is no candidate reaches nobody.
#[test]
fn what_media_finds_is_looked_at() {
    let mut far = far(TrickleIce::Half);
    far.talks();
    for bad in ["", "candidate:1", "candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\na=evil"] {
        far.finds(bad);
    }
    let strange = IceCandidate { mid: "9".into(), ufrag: String::new(), candidate: host(1) };
    far.world.media_event(far.phone, MediaEvent::Candidate(strange));
    let stale = IceCandidate { mid: "0".into(), ufrag: "old".into(), candidate: host(1) };
    far.world.media_event(far.phone, MediaEvent::Candidate(stale));
    far.run(20);
    assert_eq!(far.count("INFO"), 0);
}

/// RFC 8838 5: two that trickle fully need nothing but INFO to find each other.
#[test]
fn two_that_trickle_tell_each_other() {
    let mut world = World::new();
    let mut phones = Vec::new();
    for name in ["alice", "bob"] {
        world.server.add_user(name, "secret");
        let phone = world.add_phone(sipwake::io::EndpointOptions::default());
        world.phones[phone].trickles = true;
        let options = AccountOptions { trickle_ice: TrickleIce::Full, ..account(name) };
        phones.push((phone, world.create_account(phone, options)));
        world.run(100);
    }
    let ((alice, account), (bob, _)) = (phones[0], phones[1]);
    let command = Command::MakeCall { account, target: "bob".to_owned(), options: CallOptions::default() };
    assert!(matches!(world.command_now(alice, command), Ok(Reply::Call(_))));
    world.run(200);
    let call = world.only_call(bob).id;
    world.command(bob, Command::Answer(call, Extra::default()));
    world.run(200);
    for (phone, number) in [(alice, 1), (bob, 2)] {
        let candidate = IceCandidate { mid: "0".into(), ufrag: format!("u{phone}"), candidate: host(number) };
        world.media_event(phone, MediaEvent::Candidate(candidate));
        world.media_event(phone, MediaEvent::GatheringDone);
    }
    world.run(500);
    for (phone, other, number) in [(alice, bob, 2), (bob, alice, 1)] {
        let given = |(_, command): &(_, MediaCommand)| match command {
            MediaCommand::Candidate(candidate) => Some(candidate.clone()),
            _ => None,
        };
        let given: Vec<_> = world.phones[phone].media.iter().filter_map(given).collect();
        let one = |candidate: String| IceCandidate { mid: "0".into(), ufrag: format!("u{other}"), candidate };
        assert_eq!(given, [one(host(number)), one(String::new())]);
    }
}

/// RFC 8840 4.4: where too much is under way an INFO is left out, and what it had leaves with the next candidate.
#[test]
fn a_candidate_waits_where_a_flow_has_too_many_requests() {
    let mut far = far(TrickleIce::Half);
    let (call, _) = far.talks();
    let account = far.account;
    let messages: Vec<_> = (0..128)
        .map(|_| {
            let (target, body) = ("carol".to_owned(), b"hello".to_vec());
            let body = sipwake::io::Body { content_type: "text/plain".into(), octets: body };
            far.world
                .command(far.phone, Command::SendMessage { account, call: None, target, body, extra: Extra::default() })
        })
        .collect();
    far.finds(&host(1));
    assert_eq!((messages.len(), far.count("INFO"), far.refusals()), (128, 0, 0));
    for message in far.requests("MESSAGE") {
        far.reply(&message, 200, "carol", &[], "");
    }
    far.finds(&host(2));
    assert!(far.infos()[0].contains(&host(1)) && far.infos()[0].contains(&host(2)));
    assert!(far.state(call).is_some());
}

/// RFC 8840 5.3: an INFO that nobody answers is refused by silence; the call has what the descriptions had, and goes on.
#[test]
fn an_info_without_an_answer_does_not_end_the_call() {
    let mut far = far(TrickleIce::Half);
    let (call, _) = far.talks();
    far.finds(&host(1));
    far.run(40_000);
    assert_eq!((far.state(call).is_some(), far.refusals()), (true, 1));
}

/// RFC 8840 5.3: each generation that left at once is offered anew to a far end that does not trickle.
#[test]
fn a_restart_reaches_a_far_end_that_cannot_be_told() {
    let mut far = far(TrickleIce::Full);
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 200, "bob", &[], 1);
    far.has_all();
    far.run(100);
    let again = far.request("INVITE");
    far.reply_sdp(&again, 200, "bob", &[], 1);
    far.run(100);
    assert_eq!(far.count("INVITE"), 2);
    far.connected(true);
    far.connected(false);
    far.run(30_000);
    let restarts = far.count("INVITE");
    assert!(restarts > 2, "{:?}", far.lines());
    let restart = far.request("INVITE");
    far.reply_sdp(&restart, 200, "bob", &[], 1);
    far.has_all();
    far.run(100);
    assert_eq!(far.count("INVITE"), restarts + 1, "{:?}", far.lines());
    assert!(far.state(call).is_some());
}
