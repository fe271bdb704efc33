//! Two lives of a page, and a call that goes through both.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    AccountOptions, CallId, CallState, Command, EndpointOptions, ErrorCode, Event, Extra, MediaCommand, MediaFailure,
    OutcomeKind, Reply,
};
use sipwake::message::{HeaderName, Request};

use crate::far::{Far, Peer, header};
use crate::session::{Talk, connect};
use crate::world::{World, account};

/// Time for the page to register and for the far end to agree.
const BACK: u64 = 1_000;

fn keeping() -> EndpointOptions {
    EndpointOptions { keep_calls: true, ..EndpointOptions::default() }
}

/// Alice called bob, and both leave their calls to their next page.
fn talking() -> Talk {
    let mut world = World::new();
    let mut phones = Vec::new();
    for name in ["alice", "bob"] {
        world.server.add_user(name, "secret");
        let phone = world.add_phone(keeping());
        phones.push((phone, world.create_account(phone, account(name))));
        world.run(100);
    }
    connect(world, phones[0].0, phones[1].0, phones[0].1)
}

/// The page is loaded anew.
fn reload(world: &mut World, phone: usize, options: AccountOptions) {
    reload_with(world, phone, options, |state| state);
}

fn reload_with(world: &mut World, phone: usize, options: AccountOptions, change: impl FnOnce(String) -> String) {
    let state = Some(change(world.phones[phone].saved.clone().expect("something to keep")));
    world.next_page(phone, EndpointOptions { state, ..keeping() }, options, 77);
}

fn restored(world: &World, phone: usize) -> Vec<CallId> {
    let one = |event: &Event| match event {
        Event::CallRestored(call) => Some(call.id),
        _ => None,
    };
    world.phones[phone].events.iter().filter_map(one).collect()
}

fn number(request: &Request) -> u32 {
    request.headers.cseq().unwrap().unwrap().number
}

/// What the far end of a scripted call sees of its phone's next page.
struct Back {
    far: Far,
    call: CallId,
    peer: Peer,
}

fn talking_far(headers: &[&str]) -> Back {
    talking_far_with(account("alice"), headers)
}

fn talking_far_with(options: AccountOptions, headers: &[&str]) -> Back {
    let mut far = Far::with_endpoint(options, keeping());
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 200, "bob", headers, 1);
    assert_eq!(far.state(call), Some(CallState::Connected));
    let peer = far.peer(&invite, "bob");
    Back { far, call, peer }
}

impl Back {
    fn reload(&mut self) {
        self.reload_with(account("alice"), |state| state);
    }

    fn reload_with(&mut self, options: AccountOptions, change: impl FnOnce(String) -> String) {
        self.far.take();
        reload_with(&mut self.far.world, self.far.phone, options, change);
        self.far.run(BACK);
        self.call = restored(&self.far.world, self.far.phone).first().copied().unwrap_or(self.call);
    }

    /// The far end agrees to the re-INVITE that is here, and is asked nothing more.
    fn agree(&mut self) -> Request {
        let invite = self.far.request("INVITE");
        self.far.reply_sdp(&invite, 200, "bob", &[], 1);
        assert_eq!(self.far.count("ACK"), 1);
        self.far.connected(true);
        self.far.run(60_000);
        assert_eq!(self.far.count("INVITE"), 1);
        self.peer.target = invite.headers.contacts().next().unwrap().unwrap().uri_text().to_owned();
        invite
    }

    fn outcome(&self) -> (OutcomeKind, Option<ErrorCode>) {
        let outcome = self.far.world.outcomes(self.far.phone).pop().expect("it is over");
        (outcome.kind, outcome.error.map(|error| error.code))
    }
}

/// RFC 3261 12.2.1.1: the next page registers and then refreshes the dialog's target, with an offer of its new session.
#[test]
fn a_call_goes_through_a_reload_of_either_side() {
    for who in ["alice", "bob"] {
        let mut talk = talking();
        let (phone, other) = if who == "alice" { (talk.alice, talk.bob) } else { (talk.bob, talk.alice) };
        let before = talk.world.only_call(phone);
        let invites = talk.requests(phone, "INVITE").len();
        reload(&mut talk.world, phone, account(who));
        let call = talk.world.only_call(phone);
        assert_eq!(restored(&talk.world, phone), [call.id]);
        assert_eq!(call.state, CallState::Connected);
        assert_eq!(
            (&call.uuid, &call.sip_call_id, call.direction),
            (&before.uuid, &before.sip_call_id, before.direction)
        );
        assert_eq!((&call.remote_uri, call.connected_at), (&before.remote_uri, before.connected_at));
        talk.world.run(BACK);
        let sent = &talk.world.phones[phone].sent;
        let last = |start: &str| sent.iter().rposition(|text| text.starts_with(start)).unwrap();
        assert!(last("INVITE ") > last("REGISTER "), "first the registrar, then the far end");
        let invite = talk.requests(phone, "INVITE").pop().unwrap();
        assert_eq!(talk.requests(phone, "INVITE").len(), invites + 1);
        let binding = talk.world.server.bindings.iter().find(|binding| binding.user == who).unwrap();
        assert!(header(&invite.headers, HeaderName::Contact).contains(&binding.contact));
        assert_eq!(talk.world.phones[phone].open_media.len(), 1);
        talk.world.media_event(phone, sipwake::io::MediaEvent::Connected { connected: true });
        assert!(talk.world.only_call(phone).media_connected);
        // Both sides still find each other.
        let held = talk.world.only_call(other).id;
        let hold = talk.world.command(other, Command::Hold(held, true));
        talk.world.run(300);
        assert_eq!(talk.world.result(other, hold), Some(Ok(Reply::Done)));
        assert!(talk.world.only_call(phone).remote_hold);
        talk.world.command(phone, Command::Hangup(call.id, Extra::default()));
        talk.world.run(300);
        assert!(talk.world.calls(phone).is_empty() && talk.world.calls(other).is_empty());
        assert_eq!(talk.world.outcomes(other)[0].kind, OutcomeKind::Completed);
    }
}

/// RFC 3264 8: the offer of the next page is the next version of the same session.
#[test]
fn the_far_end_sees_one_session() {
    let mut back = talking_far(&[]);
    let origin = |request: &Request| {
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        body.lines().find(|line| line.starts_with("o=")).unwrap().to_owned()
    };
    let first = origin(&back.far.request("INVITE"));
    back.reload();
    let second = origin(&back.agree());
    assert_eq!((first.as_str(), second.as_str()), ("o=- 0 1 IN IP4 127.0.0.1", "o=- 0 2 IN IP4 127.0.0.1"));
    let hold = back.far.world.command(back.far.phone, Command::Hold(back.call, true));
    back.far.run(100);
    let third = back.far.request("INVITE");
    assert_eq!(origin(&third), "o=- 0 3 IN IP4 127.0.0.1");
    back.far.reply_sdp(&third, 200, "bob", &[], 1);
    assert_eq!(back.far.world.result(back.far.phone, hold), Some(Ok(Reply::Done)));
    back.reload();
    assert_eq!(origin(&back.far.request("INVITE")), "o=- 0 4 IN IP4 127.0.0.1", "and a third page");
}

/// RFC 3261 12.2.1.1: Call-ID and tags are those of the dialog, and its numbers rise.
/// RFC 3261 12.2.2: and what was taken before is not taken again.
#[test]
fn numbers_go_on_in_both_directions() {
    let mut back = talking_far(&["Allow: INVITE, ACK, BYE, UPDATE"]);
    let first = back.far.request("INVITE");
    let hold = back.far.world.command(back.far.phone, Command::Hold(back.call, true));
    back.far.run(100);
    let second = back.far.request("INVITE");
    back.far.reply_sdp(&second, 200, "bob", &[], 1);
    assert_eq!(back.far.world.result(back.far.phone, hold), Some(Ok(Reply::Done)));
    let mut peer = back.peer.clone();
    back.far.ask(&mut peer, "UPDATE", &[], "");
    assert_eq!(back.far.statuses("UPDATE"), [200]);
    back.peer.cseq = peer.cseq - 1;
    back.reload();
    let third = back.agree();
    assert!(number(&third) > number(&second));
    for name in [HeaderName::CallId, HeaderName::From] {
        assert_eq!(header(&third.headers, name), header(&first.headers, name));
    }
    assert!(header(&third.headers, HeaderName::To).ends_with(";tag=bob"));
    assert!(String::from_utf8_lossy(third.body()).contains("a=sendonly"), "it is still held");
    assert!(back.far.only_call().on_hold);
    let mut peer = back.peer.clone();
    back.far.ask(&mut peer, "UPDATE", &[], "");
    back.far.ask(&mut peer, "UPDATE", &[], "");
    assert_eq!(back.far.statuses("UPDATE"), [500, 200], "the old number, and the next");
    let unhold = back.far.world.command(back.far.phone, Command::Hold(back.call, false));
    back.far.run(100);
    let fourth = back.far.request("INVITE");
    assert!(String::from_utf8_lossy(fourth.body()).contains("a=sendrecv"));
    back.far.reply_sdp(&fourth, 200, "bob", &[], 1);
    assert_eq!(back.far.world.result(back.far.phone, unhold), Some(Ok(Reply::Done)));
}

/// RFC 3261 12.2.1.1: the route set is the dialog's, loose or strict.
#[test]
fn the_route_set_is_the_same() {
    for (router, uri, routes) in [
        ("<sip:p.invalid;lr>", "sip:bob@bob.invalid;transport=ws", vec!["<sip:p.invalid;lr>"]),
        ("<sip:p.invalid>", "sip:p.invalid", vec!["<sip:bob@bob.invalid;transport=ws>"]),
    ] {
        let mut back = talking_far(&[&["Record-Route: ", router].concat()]);
        back.reload();
        let invite = back.agree();
        assert_eq!(invite.uri(), uri);
        assert_eq!(invite.headers.lines(HeaderName::Route).collect::<Vec<_>>(), routes);
        back.far.world.command(back.far.phone, Command::Hangup(back.call, Extra::default()));
        back.far.run(100);
        let bye = back.far.request("BYE");
        assert_eq!(bye.headers.lines(HeaderName::Route).collect::<Vec<_>>(), routes);
    }
}

/// RFC 4028 7.4: the refresh says the interval and the roles that were agreed.
/// RFC 4028 10: a session that nobody refreshed in time is over, and a BYE says so.
#[test]
fn a_session_timer_runs_through_the_reload() {
    let options = AccountOptions { session_expires: 600, ..account("alice") };
    for (late, lives) in [(60_000, true), (580_000, false)] {
        let mut back = talking_far_with(options.clone(), &["Session-Expires: 600;refresher=uac", "Require: timer"]);
        // Nothing of the page runs meanwhile.
        back.far.world.phones[back.far.phone].frozen = true;
        back.far.run(late);
        back.far.world.phones[back.far.phone].frozen = false;
        back.reload_with(options.clone(), |state| state);
        if lives {
            let invite = back.far.request("INVITE");
            assert_eq!(header(&invite.headers, HeaderName::SessionExpires), "600;refresher=uac");
        } else {
            assert_eq!((back.far.count("INVITE"), back.far.count("BYE")), (0, 1));
            assert!(restored(&back.far.world, back.far.phone).is_empty());
            assert_eq!(back.outcome(), (OutcomeKind::Failed, Some(ErrorCode::Timeout)));
        }
    }
}

/// RFC 3261 14.1: a page that dies within an exchange of either side offers the session anew, and both agree again.
#[test]
fn a_reload_within_an_exchange_ends_in_one_session() {
    for moment in [2, 8, 12, 22, 27, 32, 38, 45] {
        for ours in [true, false] {
            let mut talk = talking();
            let (from, call) = if ours { (talk.alice, talk.call) } else { (talk.bob, talk.theirs) };
            talk.world.command(from, Command::Hold(call, true));
            talk.world.run(moment);
            reload(&mut talk.world, talk.alice, account("alice"));
            talk.world.run(BACK);
            talk.world.media_event(talk.alice, sipwake::io::MediaEvent::Connected { connected: true });
            talk.world.run(40_000);
            let (one, other) = (talk.world.only_call(talk.alice), talk.world.only_call(talk.bob));
            assert_eq!((one.on_hold, one.remote_hold), (other.remote_hold, other.on_hold), "{moment} {ours}");
            let hold = talk.world.command(talk.alice, Command::Hold(one.id, !one.on_hold));
            talk.world.run(1_000);
            assert_eq!(talk.world.result(talk.alice, hold), Some(Ok(Reply::Done)), "{moment} {ours}");
        }
    }
}

/// RFC 3261 14.1: 491 puts the new offer off, and no more.
#[test]
fn a_far_end_that_is_busy_is_asked_again() {
    let mut back = talking_far(&[]);
    back.reload();
    let invite = back.far.request("INVITE");
    back.far.reply(&invite, 491, "bob", &[], "");
    back.far.run(5_000);
    assert_eq!(back.far.count("INVITE"), 2);
    back.far.take();
    back.reload();
    back.agree();
}

/// RFC 3515 2.4.4: of a transfer that was under way nobody knows any more, and the call goes on.
#[test]
fn a_transfer_is_forgotten_and_the_call_is_not() {
    let mut back = talking_far(&[]);
    let target = "sip:carol@example.test".to_owned();
    let command = Command::Transfer { call: back.call, target, extra: Extra::default() };
    back.far.world.command(back.far.phone, command);
    back.far.run(100);
    let refer = back.far.request("REFER");
    back.far.reply(&refer, 202, "bob", &[], "");
    back.reload();
    back.agree();
    let mut peer = back.peer.clone();
    let headers = ["Event: refer", "Subscription-State: active;expires=60", "Content-Type: message/sipfrag"];
    back.far.ask(&mut peer, "NOTIFY", &headers, "SIP/2.0 100 Trying");
    assert_eq!(back.far.statuses("NOTIFY"), [481]);
    assert_eq!(back.far.state(back.call), Some(CallState::Connected));
}

/// RFC 3261 12.2.1.2: a far end that has given up meanwhile says 481, and the call is over.
#[test]
fn a_far_end_that_is_gone_ends_it() {
    let mut back = talking_far(&[]);
    back.reload();
    let invite = back.far.request("INVITE");
    back.far.reply(&invite, 481, "bob", &[], "");
    assert_eq!(back.outcome(), (OutcomeKind::Failed, Some(ErrorCode::CallEnded)));
    assert!(back.far.world.phones[back.far.phone].open_media.is_empty());
}

#[test]
fn a_page_that_may_not_use_the_microphone_any_more_says_bye() {
    let mut back = talking_far(&[]);
    back.far.world.phones[back.far.phone].media_failure = Some(MediaFailure::PermissionDenied);
    back.reload();
    back.far.run(60_000);
    assert_eq!(back.far.count("BYE"), 1);
    assert!(back.far.world.calls(back.far.phone).is_empty());
}

#[test]
fn a_restored_call_can_be_hung_up_before_there_is_a_connection() {
    let mut back = talking_far(&[]);
    back.far.take();
    reload(&mut back.far.world, back.far.phone, account("alice"));
    let call = restored(&back.far.world, back.far.phone)[0];
    back.far.world.command(back.far.phone, Command::Hangup(call, Extra::default()));
    back.far.run(BACK);
    assert_eq!((back.far.count("INVITE"), back.far.count("BYE")), (0, 1));
    assert!(back.far.world.calls(back.far.phone).is_empty());
}

#[test]
fn without_a_connection_it_is_not_waited_for_for_ever() {
    let mut back = talking_far(&[]);
    back.far.world.phones[back.far.phone].offline = true;
    back.reload();
    assert_eq!(back.far.state(back.call), Some(CallState::Connected));
    back.far.run(130_000);
    assert_eq!(back.outcome(), (OutcomeKind::NetworkLost, Some(ErrorCode::MediaFailed)));
}

#[test]
fn a_muted_call_is_muted_afterwards() {
    let mut back = talking_far(&[]);
    back.far.world.command(back.far.phone, Command::Mute(back.call, true));
    back.far.world.phones[back.far.phone].media.clear();
    back.reload();
    assert!(back.far.only_call().muted);
    let media = &back.far.world.phones[back.far.phone].media;
    assert!(media.iter().any(|(_, command)| *command == MediaCommand::Mute { on: true, video: false }));
}

#[test]
fn calls_are_left_only_where_that_is_asked_for_and_only_those_that_both_sides_agreed_to() {
    let mut far = Far::new();
    far.talking();
    assert!(!far.world.phones[far.phone].saved.as_ref().unwrap().contains("\ncall "));
    let mut far = Far::with_endpoint(account("alice"), keeping());
    let (_, invite) = far.called();
    let kept = |far: &Far| far.world.phones[far.phone].saved.as_ref().unwrap().contains("\ncall ");
    assert!(!kept(&far));
    far.reply_sdp(&invite, 200, "bob", &[], 1);
    assert!(kept(&far));
    let mut peer = far.peer(&invite, "bob");
    far.ask(&mut peer, "BYE", &[], "");
    assert!(!kept(&far), "it is over");
}

#[test]
fn nothing_secret_of_a_call_is_left() {
    let back = talking_far(&[]);
    let state = back.far.world.phones[back.far.phone].saved.clone().unwrap();
    for secret in ["ice-pwd", "ufrag", "p0", "fingerprint", "candidate", "response=", "secret"] {
        assert!(!state.contains(secret), "{secret}");
    }
}

/// What is written is what changed: media that tells how it is doing, and time alone, write nothing.
#[test]
fn nothing_is_written_while_nothing_changes() {
    let mut back = talking_far(&[]);
    back.far.connected(true);
    back.far.world.phones[back.far.phone].saved = None;
    for _ in 0..20 {
        back.far.connected(true);
        back.far.run(500);
    }
    assert_eq!(back.far.world.phones[back.far.phone].saved, None);
}

#[test]
fn what_is_too_old_or_another_device_s_or_another_account_s_is_left_alone() {
    let mut back = talking_far(&[]);
    back.far.world.start += 2 * 3_600_000;
    back.reload();
    assert!(back.far.world.calls(back.far.phone).is_empty());
    assert_eq!((back.far.count("INVITE"), back.far.count("BYE")), (0, 0));

    let mut back = talking_far(&[]);
    back.far.take();
    let state = back.far.world.phones[back.far.phone].saved.clone();
    let instance = "urn:uuid:00000000-0000-4000-8000-00000000abcd".to_owned();
    back.far.world.next_page(back.far.phone, EndpointOptions { state, instance, ..keeping() }, account("alice"), 77);
    back.far.run(BACK);
    assert!(back.far.world.calls(back.far.phone).is_empty());

    let mut back = talking_far(&[]);
    back.far.world.server.add_user("carol", "secret");
    back.reload_with(account("carol"), |state| state);
    assert!(back.far.world.calls(back.far.phone).is_empty());
    let state = back.far.world.phones[back.far.phone].saved.clone().unwrap();
    assert!(state.contains("\ncall "), "it is kept for whom it is of");
}

/// What is kept may be cut, changed or made by somebody else: a page never says a BYE or re-INVITE that cannot be read, and
/// goes on in any case.
#[test]
fn whatever_is_found_of_a_call_the_page_registers() {
    let back = talking_far(&["Record-Route: <sip:p.invalid;lr>"]);
    let state = back.far.world.phones[back.far.phone].saved.clone().unwrap();
    let start = state.find("\ncall ").unwrap();
    let mut hostile: Vec<String> = (start..state.len()).step_by(3).map(|end| state[..end].to_owned()).collect();
    for (index, byte) in state.bytes().enumerate().skip(start).step_by(5) {
        let mut octets = state.clone().into_bytes();
        octets[index] = if byte == b'9' { b'\r' } else { b'9' };
        hostile.push(String::from_utf8(octets).unwrap());
    }
    hostile.push([state.as_str(), &state[start + 1..].repeat(40)].concat());
    for state in hostile {
        let mut world = World::new();
        world.server.add_user("alice", "secret");
        world.far = Some(Vec::new());
        let phone = world.add_phone(EndpointOptions { state: Some(state), ..keeping() });
        world.create_account(phone, account("alice"));
        world.run(500);
        assert!(world.server.is_bound("alice"));
        assert!(world.calls(phone).len() <= 1);
    }
}
