//! Changes of an established session, from either side: hold, re-INVITE, UPDATE, collisions, refusals.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    AccountId, CallId, CallState, Command, CommandId, ErrorCode, Extra, FlowEvent, MediaCommand, MediaDirection,
    MediaFailure, OutcomeKind, Reply,
};
use sipwake::message::{HeaderName, Message, Method, Request};

use crate::server::Answer;
use crate::world::{DELAY, World};

/// Two phones in a call: alice called bob.
pub struct Talk {
    pub world: World,
    pub alice: usize,
    pub bob: usize,
    /// Alice's call, and bob's.
    pub call: CallId,
    pub theirs: CallId,
}

pub fn talking() -> Talk {
    talking_with(|_| {})
}

/// The same, where the world is prepared first.
pub fn talking_with(prepare: impl FnOnce(&mut World)) -> Talk {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    let (bob, _) = world.add_registered("bob");
    prepare(&mut world);
    connect(world, alice, bob, account)
}

pub fn connect(mut world: World, alice: usize, bob: usize, account: AccountId) -> Talk {
    let call = world.call(alice, account, "bob");
    world.run(300);
    let theirs = world.only_call(bob).id;
    world.command(bob, Command::Answer(theirs, Extra::default()));
    world.run(500);
    assert_eq!(world.only_call(bob).state, CallState::Connected);
    assert_eq!(world.state(alice, call), Some(CallState::Connected));
    Talk { world, alice, bob, call, theirs }
}

impl Talk {
    pub fn hold(&mut self, on: bool) -> CommandId {
        self.world.command(self.alice, Command::Hold(self.call, on))
    }

    pub fn result(&self, command: CommandId) -> Option<Result<Reply, ErrorCode>> {
        self.world.result(self.alice, command).map(|result| result.map_err(|error| error.code))
    }

    /// The server, in the far end's place, says this to the next request of the method.
    pub fn answer(&mut self, method: &'static str, status: u16, headers: &[(&'static str, &str)]) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.world.server.answers.push(Answer { method, status, headers });
    }

    /// Requests of a method that a phone sent.
    pub fn requests(&self, phone: usize, method: &str) -> Vec<Request> {
        requests(&self.world, phone, method)
    }

    /// A request of alice's dialog that her engine does not know of, to bob.
    pub fn inject(&mut self, method: &str, cseq: u32, headers: &str, body: &str) {
        inject(&mut self.world, self.bob, method, cseq, headers, body);
    }

    /// Statuses of bob's responses to requests of a method, in order.
    pub fn answers(&self, method: &str) -> Vec<u16> {
        self.responses(method).iter().map(|text| text[8..11].parse().unwrap()).filter(|status| *status > 100).collect()
    }

    /// Bob's responses to requests of a method.
    pub fn responses(&self, method: &str) -> Vec<String> {
        let sent = &self.world.phones[self.bob].sent;
        let of = |text: &&String| {
            text.starts_with("SIP/2.0") && text.lines().any(|line| line.starts_with("CSeq:") && line.ends_with(method))
        };
        sent.iter().filter(of).cloned().collect()
    }

    pub fn is_up(&self) {
        assert_eq!(self.world.only_call(self.alice).state, CallState::Connected);
        assert_eq!(self.world.only_call(self.bob).state, CallState::Connected);
    }
}

pub fn requests(world: &World, phone: usize, method: &str) -> Vec<Request> {
    let start = format!("{method} ");
    let sent = world.phones[phone].sent.iter().filter(|text| text.starts_with(&start));
    sent.map(|text| match Message::parse(text.clone().into_bytes()).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => panic!("a response"),
    })
    .collect()
}

pub fn inject(world: &mut World, to: usize, method: &str, cseq: u32, headers: &str, body: &str) {
    let answered = |text: &&String| text.starts_with("SIP/2.0 200 OK") && text.contains(" INVITE\r\n");
    let ok = world.phones[to].sent.iter().find(answered).expect("an answered INVITE").clone();
    let header = |name: &str| ok.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    let kind = if body.starts_with("v=0") && !headers.contains("Content-Type") {
        "Content-Type: application/sdp\r\n"
    } else {
        ""
    };
    let number = if method == "ACK" { 1 } else { 0 };
    let text = format!(
        "{method} sip:bob@b.invalid SIP/2.0\r\nVia: SIP/2.0/WSS far.invalid;branch=z9hG4bKfar{cseq}{number}{method}\r\n\
         Max-Forwards: 70\r\n{}\r\n{}\r\n{}\r\nCSeq: {cseq} {method}\r\nContact: <sip:alice@far.invalid;transport=ws>\r\n\
         {headers}{kind}Content-Length: {}\r\n\r\n{body}",
        header("From:"),
        header("To:"),
        header("Call-ID:"),
        body.len()
    );
    let flow = world.phones[to].flows[0];
    world.deliver(to, DELAY, flow, FlowEvent::Received(text.into_bytes()));
}

fn offer(direction: &str) -> String {
    crate::world::sdp(7).replace("a=sendrecv", &format!("a={direction}"))
}

fn direction(request: &Request) -> String {
    let body = String::from_utf8_lossy(request.body()).into_owned();
    let found = ["sendrecv", "sendonly", "recvonly", "inactive"].into_iter().find(|d| body.contains(&format!("a={d}")));
    found.unwrap().to_owned()
}

/// RFC 3264 8.4: hold offers `sendonly`, and the far end knows that it is held.
/// RFC 3261 14.1: by a re-INVITE with the next CSeq, whose 2xx gets its ACK.
#[test]
fn a_call_is_held_and_taken_back() {
    let mut talk = talking();
    let acks = talk.requests(talk.alice, "ACK").len();
    let command = talk.hold(true);
    assert_eq!(talk.result(command), None, "the far end has to agree first");
    talk.world.run(200);
    assert_eq!(talk.result(command), Some(Ok(Reply::Done)));
    assert!(talk.world.only_call(talk.alice).on_hold);
    assert!(talk.world.only_call(talk.bob).remote_hold);
    assert!(!talk.world.only_call(talk.bob).on_hold);
    let invites = talk.requests(talk.alice, "INVITE");
    let (first, again) = (&invites[invites.len() - 2], invites.last().unwrap());
    assert_eq!(direction(again), "sendonly");
    let number = |request: &Request| request.headers.cseq().unwrap().unwrap().number;
    assert_eq!(number(again), number(first) + 1);
    assert!(String::from_utf8_lossy(again.body()).contains("o=- 0 2 "), "a new version of the same session");
    assert_eq!(talk.requests(talk.alice, "ACK").len(), acks + 1);
    assert!(talk.responses("INVITE").last().unwrap().contains("a=recvonly"));

    let command = talk.hold(false);
    talk.world.run(200);
    assert_eq!(talk.result(command), Some(Ok(Reply::Done)));
    assert_eq!(direction(talk.requests(talk.alice, "INVITE").last().unwrap()), "sendrecv");
    assert!(!talk.world.only_call(talk.alice).on_hold);
    assert!(!talk.world.only_call(talk.bob).remote_hold);
}

/// RFC 3264 8.4: who is held and holds offers `inactive`; who takes back while held offers `recvonly`.
#[test]
fn both_sides_hold_and_one_takes_back() {
    let mut talk = talking();
    talk.hold(true);
    talk.world.run(200);
    talk.world.command(talk.bob, Command::Hold(talk.theirs, true));
    talk.world.run(200);
    assert_eq!(direction(talk.requests(talk.bob, "INVITE").last().unwrap()), "inactive");
    for phone in [talk.alice, talk.bob] {
        let call = talk.world.only_call(phone);
        assert!(call.on_hold && call.remote_hold, "{call:?}");
    }
    talk.hold(false);
    talk.world.run(200);
    assert_eq!(direction(talk.requests(talk.alice, "INVITE").last().unwrap()), "recvonly");
    let (ours, theirs) = (talk.world.only_call(talk.alice), talk.world.only_call(talk.bob));
    assert!(!ours.on_hold && ours.remote_hold && theirs.on_hold && !theirs.remote_hold, "{ours:?} {theirs:?}");
    talk.world.command(talk.bob, Command::Hold(talk.theirs, false));
    talk.world.run(200);
    assert!(!talk.world.only_call(talk.alice).remote_hold);
}

#[test]
fn a_hold_that_is_there_already_sends_nothing() {
    let mut talk = talking();
    let command = talk.hold(false);
    assert_eq!(talk.result(command), Some(Ok(Reply::Done)));
    talk.world.run(200);
    assert_eq!(talk.requests(talk.alice, "INVITE").len(), 2, "with and without credentials");
}

/// RFC 3261 14.1: a refused re-INVITE leaves the session as it was; only 408 and 481 end the dialog.
#[test]
fn a_refused_hold_never_ends_a_call() {
    for (status, code) in [
        (302, ErrorCode::Rejected),
        (403, ErrorCode::Forbidden),
        (488, ErrorCode::BadDescription),
        (500, ErrorCode::Rejected),
        (503, ErrorCode::Rejected),
        (603, ErrorCode::Rejected),
    ] {
        let mut talk = talking();
        talk.answer("INVITE", status, &[]);
        let command = talk.hold(true);
        talk.world.run(500);
        assert_eq!(talk.result(command), Some(Err(code)), "{status}");
        assert!(!talk.world.only_call(talk.alice).on_hold);
        talk.is_up();
        let media: Vec<_> = talk.world.phones[talk.alice].media.iter().map(|(_, command)| command.clone()).collect();
        let back = MediaCommand::Direction { direction: MediaDirection::SendRecv, video: None };
        assert_eq!(media[media.len() - 2..], [MediaCommand::Rollback, back], "{status}");
        let command = talk.hold(true);
        talk.world.run(500);
        assert_eq!(talk.result(command), Some(Ok(Reply::Done)), "and the next may be taken");
    }
}

/// RFC 3261 12.2.1.2: 481 or 408 to a request in a dialog ends it, with a BYE.
#[test]
fn a_far_end_that_is_gone_ends_the_call() {
    for (status, byes) in [(481, 1), (408, 1)] {
        let mut talk = talking();
        talk.answer("INVITE", status, &[]);
        let command = talk.hold(true);
        talk.world.run(500);
        assert!(matches!(talk.result(command), Some(Err(_))));
        assert!(talk.world.calls(talk.alice).is_empty());
        assert_eq!(talk.world.outcomes(talk.alice)[0].status, Some(status));
        assert_eq!(talk.requests(talk.alice, "BYE").len(), byes);
        assert!(talk.world.phones[talk.alice].open_media.is_empty());
    }
}

/// RFC 3261 14.1: after a 491 the owner of the Call-ID tries again after 2.1 to 4 seconds, the other after 0 to 2.
#[test]
fn a_collision_is_tried_again_and_the_owner_of_the_call_id_waits_longer() {
    let mut talk = talking();
    talk.answer("INVITE", 491, &[]);
    let command = talk.hold(true);
    talk.world.run(2_000);
    assert_eq!(talk.result(command), None);
    talk.is_up();
    talk.world.run(2_500);
    assert_eq!(talk.result(command), Some(Ok(Reply::Done)));

    talk.answer("INVITE", 491, &[]);
    let theirs = talk.world.command(talk.bob, Command::Hold(talk.theirs, true));
    talk.world.run(2_300);
    assert_eq!(talk.world.result(talk.bob, theirs), Some(Ok(Reply::Done)));
}

#[test]
fn a_far_end_that_always_collides_is_told_as_busy_in_the_end() {
    let mut talk = talking();
    for _ in 0..5 {
        talk.answer("INVITE", 491, &[]);
    }
    let command = talk.hold(true);
    talk.world.run(25_000);
    assert_eq!(talk.result(command), Some(Err(ErrorCode::Busy)));
    assert!(!talk.world.only_call(talk.alice).on_hold);
    talk.is_up();
}

/// RFC 3261 14.1, 14.2: both sides change the session at the same moment; both get 491, both are done in the end.
#[test]
fn two_holds_that_cross_both_succeed_in_the_end() {
    let mut talk = talking();
    let ours = talk.hold(true);
    let theirs = talk.world.command(talk.bob, Command::Hold(talk.theirs, true));
    talk.world.run(60);
    assert!(talk.answers("INVITE").contains(&491));
    talk.is_up();
    talk.world.run(10_000);
    assert_eq!(talk.result(ours), Some(Ok(Reply::Done)));
    assert_eq!(talk.world.result(talk.bob, theirs), Some(Ok(Reply::Done)));
    for phone in [talk.alice, talk.bob] {
        let call = talk.world.only_call(phone);
        assert!(call.on_hold && call.remote_hold, "{call:?}");
    }
}

/// RFC 3261 14.2: 500 with Retry-After, where a request of theirs is under way.
#[test]
fn a_500_with_retry_after_is_followed() {
    let mut talk = talking();
    talk.answer("INVITE", 500, &[("Retry-After", "3")]);
    let command = talk.hold(true);
    talk.world.run(2_900);
    assert_eq!(talk.result(command), None);
    talk.world.run(500);
    assert_eq!(talk.result(command), Some(Ok(Reply::Done)));
}

#[test]
fn commands_that_wait_become_one_request() {
    let mut talk = talking();
    let first = talk.hold(true);
    let again = talk.world.command(talk.alice, Command::Renegotiate { call: talk.call, restart: true });
    let hold = talk.hold(false);
    let void = hold;
    let last = talk.hold(true);
    talk.world.run(1_000);
    assert_eq!(talk.result(first), Some(Ok(Reply::Done)));
    assert_eq!(talk.result(again), Some(Ok(Reply::Done)));
    assert_eq!(talk.result(void), Some(Err(ErrorCode::InvalidState)), "the opposite came before it was sent");
    assert_eq!(talk.result(last), Some(Ok(Reply::Done)));
    assert!(talk.world.only_call(talk.alice).on_hold);
    let invites = talk.requests(talk.alice, "INVITE");
    assert_eq!(invites.len(), 2 + 2, "one for the first, one for all that waited");
    assert!(String::from_utf8_lossy(invites[3].body()).contains("ice-ufrag:u0r1"), "ICE started anew");
}

/// RFC 3261 22.2: a challenged re-INVITE is sent again with credentials and the next CSeq.
#[test]
fn a_challenged_reinvite_is_authorized() {
    let mut talk = talking();
    let challenge = "Digest realm=\"example.test\", nonce=\"n2\", qop=\"auth\"";
    talk.answer("INVITE", 407, &[("Proxy-Authenticate", challenge)]);
    let command = talk.hold(true);
    talk.world.run(500);
    assert_eq!(talk.result(command), Some(Ok(Reply::Done)));
    let last = talk.requests(talk.alice, "INVITE").pop().unwrap();
    assert!(last.headers.get(HeaderName::ProxyAuthorization).unwrap().contains("nonce=\"n2\""));
    let ack = talk.requests(talk.alice, "ACK").pop().unwrap();
    assert_eq!(ack.headers.cseq().unwrap().unwrap().number, last.headers.cseq().unwrap().unwrap().number);
}

/// RFC 3261 14.1: media that cannot make or take a description leaves the call as it was.
#[test]
fn a_media_failure_during_a_change_ends_no_call() {
    let mut talk = talking();
    talk.world.phones[talk.alice].media_failure = Some(MediaFailure::Other);
    let command = talk.hold(true);
    talk.world.run(500);
    assert_eq!(talk.result(command), Some(Err(ErrorCode::MediaFailed)));
    talk.world.phones[talk.alice].media_failure = None;
    talk.world.phones[talk.alice].answer_failure = Some(MediaFailure::BadDescription);
    let command = talk.hold(true);
    talk.world.run(500);
    assert_eq!(talk.result(command), Some(Err(ErrorCode::BadDescription)));
    talk.is_up();
    assert!(!talk.world.only_call(talk.alice).on_hold);
    let invites = talk.requests(talk.alice, "INVITE");
    assert_eq!(invites.len(), 2 + 2, "the far end had agreed, so it is offered what there is, once");
    assert_eq!((direction(&invites[2]), direction(&invites[3])), ("sendonly".to_owned(), "sendrecv".to_owned()));
    assert!(!talk.world.only_call(talk.bob).remote_hold);
}

#[test]
fn holding_before_the_call_is_established_or_without_a_connection_is_refused_at_once() {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    world.add_registered("bob");
    let call = world.call(alice, account, "bob");
    world.run(200);
    let early = world.command_now(alice, Command::Hold(call, true));
    assert_eq!(early.map_err(|error| error.code), Err(ErrorCode::InvalidState));
    let mut talk = talking();
    talk.world.phones[talk.alice].offline = true;
    talk.world.cut(talk.alice);
    let command = talk.hold(true);
    assert_eq!(talk.result(command), Some(Err(ErrorCode::FlowLost)), "nothing is kept and sent late");
}

/// RFC 3261 15.1.2: hanging up while a re-INVITE is on its way; what comes of it gets its ACK.
#[test]
fn hanging_up_during_a_change_ends_both() {
    let mut talk = talking();
    let command = talk.hold(true);
    talk.world.run(22);
    talk.world.command_now(talk.alice, Command::Hangup(talk.call, Extra::default())).unwrap();
    assert_eq!(talk.result(command), Some(Err(ErrorCode::CallEnded)));
    talk.world.run(1_000);
    assert!(talk.world.calls(talk.bob).is_empty());
    assert_eq!(talk.world.outcomes(talk.bob)[0].kind, OutcomeKind::Completed);
}

/// RFC 3261 14.2: a re-INVITE is answered; `inactive` and 0.0.0.0 without ICE are a hold as well.
#[test]
fn their_hold_is_seen_in_each_of_its_forms() {
    let mut talk = talking();
    let old = "v=0\r\no=- 7 9 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let offers = [offer("sendonly"), offer("sendrecv"), offer("inactive"), offer("recvonly"), old.to_owned()];
    for (index, (body, held)) in offers.iter().zip([true, false, true, false, true]).enumerate() {
        let cseq = 50 + u32::try_from(index).unwrap();
        talk.inject("INVITE", cseq, "", body);
        talk.world.run(100);
        talk.inject("ACK", cseq, "", "");
        talk.world.run(100);
        assert_eq!(talk.world.only_call(talk.bob).remote_hold, held, "{body}");
    }
    assert_eq!(talk.answers("INVITE"), [180, 200, 200, 200, 200, 200, 200]);
}

/// RFC 3261 14.2: an offer without usable media is 488, another body 415, and everything stays as it was.
#[test]
fn a_reinvite_that_cannot_be_followed_changes_nothing() {
    let mut talk = talking();
    talk.inject("INVITE", 50, "", &offer("sendonly").replace("m=audio 9", "m=audio 0"));
    talk.world.run(100);
    talk.inject("INVITE", 51, "Content-Type: text/plain\r\n", "hello");
    talk.world.run(100);
    talk.world.phones[talk.bob].media_failure = Some(MediaFailure::BadDescription);
    talk.inject("INVITE", 52, "", &offer("sendonly"));
    talk.world.run(100);
    assert_eq!(talk.answers("INVITE")[2..], [488, 415, 488]);
    assert!(!talk.world.only_call(talk.bob).remote_hold);
    talk.is_up();
    // The target is the old one as well: it would be refreshed by a 2xx alone.
    talk.world.command(talk.bob, Command::Hangup(talk.theirs, Extra::default()));
    talk.world.run(100);
    assert!(!talk.requests(talk.bob, "BYE")[0].uri().contains("far.invalid"));
}

/// RFC 3261 14.2: 491 while our own re-INVITE is on its way, and it is not applied.
#[test]
fn a_reinvite_that_meets_ours_is_491_and_is_not_applied() {
    let mut talk = talking();
    let command = talk.world.command(talk.bob, Command::Hold(talk.theirs, true));
    talk.world.run(21);
    talk.inject("INVITE", 50, "", &offer("inactive"));
    talk.world.run(8);
    assert_eq!(talk.answers("INVITE").last(), Some(&491));
    talk.world.run(500);
    assert_eq!(talk.world.result(talk.bob, command), Some(Ok(Reply::Done)));
    assert!(!talk.world.only_call(talk.bob).remote_hold);
    let accepts = talk.world.phones[talk.bob].media.iter();
    assert_eq!(accepts.filter(|(_, command)| matches!(command, MediaCommand::Accept { .. })).count(), 1);
}

/// RFC 3261 14.2: a second re-INVITE before the first is answered gets 500 with a Retry-After of 0 to 10 seconds.
#[test]
fn a_second_reinvite_before_the_first_is_answered_is_500() {
    let mut talk = talking();
    talk.inject("INVITE", 50, "", &offer("sendonly"));
    talk.world.run(10);
    talk.inject("INVITE", 51, "", &offer("sendrecv"));
    talk.world.run(200);
    let refused = talk.responses("INVITE").into_iter().find(|text| text.starts_with("SIP/2.0 500")).unwrap();
    let seconds = refused.lines().find_map(|line| line.strip_prefix("Retry-After: ")).unwrap();
    assert!(seconds.parse::<u32>().unwrap() <= 10);
    assert!(talk.world.only_call(talk.bob).remote_hold, "the first is answered");
}

/// RFC 3261 12.2.2: gaps in CSeq are fine, a step back is 500.
#[test]
fn cseq_may_jump_but_not_go_back() {
    let mut talk = talking();
    talk.inject("UPDATE", 1_000, "", "");
    talk.inject("UPDATE", 999, "", "");
    talk.world.run(100);
    assert_eq!(talk.answers("UPDATE"), [200, 500]);
}

/// RFC 3261 14.2: without an offer, ours is in the 200 and theirs in the ACK.
#[test]
fn a_reinvite_without_a_description_gets_our_offer() {
    let mut talk = talking();
    talk.inject("INVITE", 50, "", "");
    talk.world.run(100);
    assert!(talk.responses("INVITE").last().unwrap().contains("a=sendrecv"));
    talk.inject("ACK", 50, "", &offer("sendonly"));
    talk.world.run(100);
    assert!(talk.world.only_call(talk.bob).remote_hold);
    let last = talk.world.phones[talk.bob].media.last().unwrap().1.clone();
    assert!(matches!(last, MediaCommand::SetAnswer { provisional: false, .. }));
}

/// RFC 3261 14.2: a late offer that gets no answer is void; the call goes on as it was.
#[test]
fn a_late_offer_without_an_answer_kills_no_call() {
    let mut talk = talking();
    talk.inject("INVITE", 50, "", "");
    talk.world.run(100);
    talk.inject("ACK", 50, "", "");
    talk.world.run(100);
    assert_eq!(talk.world.phones[talk.bob].media.last().unwrap().1, MediaCommand::Rollback);
    talk.is_up();
    talk.world.run(40_000);
    talk.is_up();
    talk.world.command(talk.bob, Command::Hold(talk.theirs, true));
    talk.world.run(200);
    assert_eq!(direction(&talk.requests(talk.bob, "INVITE")[0]), "sendonly", "and another offer can be made");
}

/// RFC 3261 14.2: a 2xx whose ACK never comes ends the dialog with a BYE.
#[test]
fn a_reinvite_whose_ack_never_comes_ends_the_call() {
    let mut talk = talking();
    talk.inject("INVITE", 50, "", &offer("sendrecv"));
    talk.world.run(33_000);
    assert_eq!(talk.requests(talk.bob, "BYE").len(), 1);
    assert!(talk.world.calls(talk.bob).is_empty());
}

/// RFC 3311 5.2: an UPDATE with an offer is answered in its 200.
#[test]
fn an_update_changes_the_session() {
    let mut talk = talking();
    talk.inject("UPDATE", 50, "", &offer("sendonly"));
    talk.world.run(100);
    let ok = talk.responses("UPDATE").pop().unwrap();
    assert!(ok.starts_with("SIP/2.0 200") && ok.contains("a=recvonly") && ok.contains("\r\nContact: "), "{ok}");
    assert!(talk.world.only_call(talk.bob).remote_hold);
    talk.world.run(40_000);
    assert_eq!(talk.answers("UPDATE"), [200], "it has no ACK, and is not repeated");
    talk.is_up();
}

/// RFC 3311 5.2: 488 changes nothing; 491 where an offer of ours has no answer, 500 where one of theirs has none.
#[test]
fn an_update_that_comes_at_the_wrong_time_is_refused() {
    let mut talk = talking();
    talk.inject("UPDATE", 50, "", &offer("sendonly").replace("m=audio 9", "m=audio 0"));
    talk.world.run(100);
    assert_eq!(talk.answers("UPDATE"), [488]);
    talk.inject("UPDATE", 51, "", &offer("sendonly"));
    talk.world.run(10);
    talk.inject("UPDATE", 52, "", &offer("sendrecv"));
    talk.world.run(100);
    assert_eq!(talk.answers("UPDATE"), [488, 500, 200]);
    talk.inject("INVITE", 53, "", &offer("sendonly"));
    talk.world.run(10);
    talk.inject("UPDATE", 54, "", &offer("sendrecv"));
    talk.world.run(10);
    assert_eq!(talk.answers("UPDATE").last(), Some(&500));
    talk.world.run(100);
    talk.inject("ACK", 53, "", "");
    talk.world.run(100);
    talk.inject("INVITE", 55, "", "");
    talk.world.run(100);
    talk.inject("UPDATE", 56, "", &offer("sendrecv"));
    talk.inject("UPDATE", 57, "", "");
    talk.world.run(100);
    assert_eq!(talk.answers("UPDATE")[4..], [491, 200], "without an offer there is nothing to meet");
}

/// RFC 3261 12.2.2: the Contact of a re-INVITE or UPDATE is where requests go from then on; the route set stays.
#[test]
fn a_target_refresh_moves_requests_and_leaves_routes() {
    let mut talk = talking();
    talk.inject("UPDATE", 50, "Record-Route: <sip:other.example.test;lr>\r\n", "");
    talk.world.run(100);
    talk.world.command(talk.bob, Command::Hold(talk.theirs, true));
    talk.world.run(100);
    let invite = talk.requests(talk.bob, "INVITE").pop().unwrap();
    assert_eq!(invite.uri(), "sip:alice@far.invalid;transport=ws");
    let routes: Vec<_> = invite.headers.values(HeaderName::Route).collect();
    assert_eq!(routes, ["<sip:sip.example.test;transport=ws;lr>"]);
}

/// RFC 3261 12.2.1.2: the Contact of their 2xx is where the ACK goes, and everything after it.
#[test]
fn the_2xx_of_a_change_refreshes_the_target_as_well() {
    let mut talk = talking();
    let before = talk.requests(talk.alice, "ACK").pop().unwrap();
    talk.hold(true);
    talk.world.run(200);
    let ack = talk.requests(talk.alice, "ACK").pop().unwrap();
    assert_eq!(ack.uri(), before.uri());
    assert_eq!(ack.headers.values(HeaderName::Route).count(), 1);
    assert_eq!(*ack.method(), Method::Ack);
}
