//! INVITE with Replaces, both ways.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    AccountOptions, CallId, CallOptions, CallState, Command, ErrorCode, Event, Extra, MediaFailure, OutcomeKind,
    ReplacePolicy,
};
use sipwake::message::{HeaderName, Response};

use crate::far::{Far, Peer, header};
use crate::world::account;

fn replaces(peer: &Peer) -> String {
    let tag = |address: &str| address.split(";tag=").nth(1).unwrap().to_owned();
    format!("Replaces: {};to-tag={};from-tag={}", peer.call_id, tag(&peer.remote), tag(&peer.local))
}

fn replaced(far: &Far) -> Vec<(CallId, CallId)> {
    let pair = |event: &Event| match event {
        Event::CallReplaced { old, new } => Some((*old, *new)),
        _ => None,
    };
    far.world.phones[far.phone].events.iter().filter_map(pair).collect()
}

/// RFC 3891 3: a confirmed dialog gives way to the new one and is ended with BYE.
#[test]
fn a_new_call_takes_the_place_of_an_established_one() {
    let mut far = Far::new();
    let (old, _, peer) = far.taken("first");
    far.world.command_now(far.phone, Command::Mute(old, true)).unwrap();
    let uuid = far.only_call().uuid;
    far.take();
    far.invite_sdp("second", &[&replaces(&peer), "Require: replaces"], 2);
    assert_eq!(far.response("INVITE").status(), 200, "nobody is asked");
    let bye = far.request("BYE");
    assert_eq!(header(&bye.headers, HeaderName::CallId), "first");
    let new = far.only_call();
    assert_eq!((new.state, new.muted, new.sip_call_id.as_str()), (CallState::Connected, true, "second"));
    assert_eq!(new.uuid, uuid, "for the host it is the same call");
    assert_eq!(replaced(&far), [(old, new.id)]);
    let outcome = far.world.outcomes(far.phone).remove(0);
    assert_eq!(outcome.kind, OutcomeKind::Completed);
    let told = far.world.phones[far.phone].events.iter().any(
        |event| matches!(event, Event::CallReceived { call, .. } if call.id == new.id && call.state == CallState::Connected),
    );
    assert!(told);
    assert_eq!(far.world.phones[far.phone].open_media.len(), 1);
}

/// RFC 3891 3: an early dialog is replaced where we began it.
#[test]
fn a_new_call_takes_the_place_of_one_that_we_are_making() {
    let mut far = Far::new();
    let (old, invite) = far.called();
    far.reply(&invite, 180, "one", &[], "");
    far.reply(&invite, 180, "two", &[], "");
    let peer = far.peer(&invite, "two");
    far.invite_sdp("second", &[&replaces(&peer), "Require: replaces"], 2);
    assert_eq!(far.response("INVITE").status(), 200);
    assert_eq!(far.count("CANCEL"), 1);
    assert_eq!(replaced(&far), [(old, far.only_call().id)]);
}

/// An INVITE of `from`, whoever that is, with an offer. It does not wait for what comes of it.
fn say_invite(far: &mut Far, call_id: &str, from: &str, lines: &[&str]) {
    let contact = far.contact();
    let own = [
        format!("Via: SIP/2.0/WSS far.invalid;branch=z9hG4bK{call_id}"),
        "Max-Forwards: 70".to_owned(),
        format!("From: <sip:{from}@example.test>;tag={from}"),
        "To: <sip:alice@example.test>".to_owned(),
        format!("Call-ID: {call_id}"),
        "CSeq: 1 INVITE".to_owned(),
        format!("Contact: <sip:{from}@far.invalid>"),
        "Content-Type: application/sdp".to_owned(),
    ];
    let all: Vec<&str> = own.iter().map(String::as_str).chain(lines.iter().copied()).collect();
    far.send(crate::far::text(&format!("INVITE {contact} SIP/2.0"), &all, &crate::world::sdp(2)));
}

/// RFC 3891 3: whoever replaces a call has to be authorized; who is not rings, and the old call stays.
#[test]
fn who_may_take_a_calls_place_is_the_accounts_to_say() {
    let (peer, accept, ask) = (ReplacePolicy::Peer, ReplacePolicy::Accept, ReplacePolicy::Ask);
    let none = "X-None: 1";
    for (policy, from, line, by_itself) in [
        (peer, "bob", none, true),
        (peer, "carol", none, false),
        (peer, "alice", none, true),
        (peer, "carol", "Referred-By: <sip:bob@example.test>;cid=\"x@y\"", true),
        (peer, "carol", "Referred-By: <sip:dave@example.test>", false),
        (peer, "carol", "Referred-By: <<", false),
        (peer, "carol", "P-Asserted-Identity: <sip:bob@example.test>", true),
        (peer, "bob", "P-Asserted-Identity: <sip:mallory@example.test>", false),
        (peer, "bob", "P-Asserted-Identity: <sip:anonymous@anonymous.invalid>", false),
        (accept, "carol", none, true),
        (ask, "bob", "Referred-By: <sip:bob@example.test>", false),
    ] {
        let mut far = Far::with(AccountOptions { replaces: policy, ..account("alice") });
        let (old, _, bob) = far.taken("first");
        say_invite(&mut far, "second", from, &[&replaces(&bob), "Require: replaces", line]);
        far.run(100);
        let what = format!("{policy:?} {from} {line}");
        assert_eq!(far.response("INVITE").status(), if by_itself { 200 } else { 180 }, "{what}");
        assert_eq!(far.state(old), (!by_itself).then_some(CallState::Connected), "{what}");
    }
}

/// RFC 3891 3: whoever is let in by a person takes the old call's place then.
#[test]
fn a_replacement_that_was_asked_for_takes_the_place_when_it_is_answered() {
    let mut far = Far::new();
    let (old, _, bob) = far.taken("first");
    say_invite(&mut far, "second", "carol", &[&replaces(&bob)]);
    far.run(100);
    let new = far.world.calls(far.phone).into_iter().find(|call| call.id != old).unwrap();
    assert_eq!((new.state, new.replaces), (CallState::Ringing, Some(old)));
    assert!(replaced(&far).is_empty());
    far.world.command(far.phone, Command::Answer(new.id, Extra::default()));
    far.run(100);
    assert_eq!(replaced(&far), [(old, new.id)]);
    assert_eq!((far.only_call().id, far.only_call().replaces), (new.id, None));
    assert_eq!(header(&far.request("BYE").headers, HeaderName::CallId), "first");
    let received = |event: &&Event| matches!(event, Event::CallReceived { call, .. } if call.id == new.id);
    assert_eq!(far.world.phones[far.phone].events.iter().filter(received).count(), 1, "it is announced once");
}

#[test]
fn a_replacement_that_is_declined_or_comes_too_late_changes_nothing() {
    let mut far = Far::new();
    let (old, _, mut bob) = far.taken("first");
    let header = replaces(&bob);
    let ringing = |far: &mut Far, call_id: &str| {
        say_invite(far, call_id, "carol", &[&header]);
        far.run(100);
        far.world.calls(far.phone).into_iter().find(|call| call.id != old).unwrap().id
    };
    let new = ringing(&mut far, "second");
    far.world.command_now(far.phone, Command::Decline(new, Some(486), Extra::default())).unwrap();
    assert_eq!((far.only_call().id, far.state(old)), (old, Some(CallState::Connected)));
    let new = ringing(&mut far, "third");
    far.ask(&mut bob, "BYE", &[], "");
    far.world.command(far.phone, Command::Answer(new, Extra::default()));
    far.run(100);
    assert_eq!((far.only_call().id, far.only_call().state), (new, CallState::Connected), "it is a call like any other");
    assert!(replaced(&far).is_empty());
}

/// RFC 3891 3: early-only replaces a call that nobody has answered; 3.: one that is being replaced is not for another.
#[test]
fn an_early_call_of_ours_is_replaced_by_early_only_and_by_one_alone() {
    let mut far = Far::new();
    let (old, invite) = far.called();
    far.reply(&invite, 180, "one", &[], "");
    let peer = far.peer(&invite, "one");
    let header = format!("{};early-only", replaces(&peer));
    say_invite(&mut far, "second", "bob", &[&header]);
    far.run(15);
    say_invite(&mut far, "third", "bob", &[&header]);
    far.run(200);
    let mut statuses = far.statuses("INVITE");
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status >= 200).collect::<Vec<_>>(), [&200, &486]);
    assert_eq!(replaced(&far), [(old, far.only_call().id)]);
}

/// RFC 3261 8.2.2.3: what the sender insists on besides Replaces counts first.
#[test]
fn a_replacement_that_insists_on_what_we_do_not_have_is_refused() {
    let mut far = Far::new();
    let (old, _, bob) = far.taken("first");
    far.invite_sdp("second", &[&replaces(&bob), "Require: replaces, join"], 2);
    let refusal = far.response("INVITE");
    assert_eq!((refusal.status(), header(&refusal.headers, HeaderName::Unsupported).as_str()), (420, "join"));
    assert_eq!(far.state(old), Some(CallState::Connected));
}

/// RFC 3323 4.1.1.3: of two who do not say who they are nobody knows whether they are the same.
#[test]
fn one_anonymous_caller_does_not_take_the_place_of_another_by_itself() {
    let mut far = Far::new();
    let named = "P-Asserted-Identity: <sip:anonymous@anonymous.invalid>";
    let invite = far.invite_sdp("first", &[named], 1);
    let old = far.only_call().id;
    far.world.command(far.phone, Command::Answer(old, Extra::default()));
    far.run(100);
    let bob = far.peer_of_response(&invite, &far.response("INVITE"));
    say_invite(&mut far, "second", "carol", &[&replaces(&bob), named]);
    far.run(100);
    assert_eq!(far.response("INVITE").status(), 180);
    assert_eq!(far.state(old), Some(CallState::Connected));
}

/// RFC 3891 3: Replaces in anything but an INVITE is a mistake.
#[test]
fn replaces_in_another_request_than_invite_gets_400() {
    let mut far = Far::new();
    let (old, _, mut bob) = far.taken("first");
    let header = replaces(&bob);
    for method in ["OPTIONS", "MESSAGE", "INFO", "REFER", "UPDATE"] {
        far.ask(&mut bob, method, &[&header, "Refer-To: <sip:carol@example.test>"], "");
        assert_eq!(far.response(method).status(), 400, "{method}");
    }
    assert_eq!(far.state(old), Some(CallState::Connected));
}

/// RFC 3891 3: a dialog of another account is not there.
#[test]
fn the_call_of_another_account_is_none_of_theirs() {
    let mut far = Far::new();
    far.world.server.add_user("zoe", "secret");
    let (old, _, bob) = far.taken("first");
    let flow = *far.world.phones[far.phone].flows.last().unwrap();
    far.world.create_account(far.phone, account("zoe"));
    far.run(100);
    assert_ne!(*far.world.phones[far.phone].flows.last().unwrap(), flow);
    assert_eq!(status_of(&mut far, &replaces(&bob)).status(), 481);
    assert_eq!(far.state(old), Some(CallState::Connected));
}

fn status_of(far: &mut Far, header: &str) -> Response {
    let call_id = format!("second-{}", far.heard().len());
    far.invite_sdp(&call_id, &[header], 2);
    far.response("INVITE")
}

/// RFC 3891 3: what is not there, ended, rings here, or was to be replaced while early only.
#[test]
fn what_cannot_be_replaced_is_refused_and_stays() {
    let mut far = Far::new();
    let (call, _, mut peer) = far.taken("first");
    let good = replaces(&peer);
    for (bad, status) in [
        (good.replace("first", "other"), 481),
        (good.replace("from-tag=bob", "from-tag=eve"), 481),
        (format!("{good};early-only"), 486),
        (good.replace("to-tag", "x"), 400),
        (format!("{good}\r\n{good}"), 400),
        (format!("{good}\r\nJoin: {}", good.trim_start_matches("Replaces: ")), 400),
    ] {
        assert_eq!(status_of(&mut far, &bad).status(), status, "{bad}");
        assert_eq!((far.only_call().id, far.only_call().state), (call, CallState::Connected));
    }
    far.ask(&mut peer, "BYE", &[], "");
    assert_eq!(status_of(&mut far, &good).status(), 603, "it has ended");
    let ringing = far.invite_sdp("third", &[], 1);
    let response = far.response("INVITE");
    let peer = far.peer_of_response(&ringing, &response);
    assert_eq!(status_of(&mut far, &replaces(&peer)).status(), 481, "it rings here");
    assert_eq!(far.only_call().state, CallState::Ringing);
    assert!(replaced(&far).is_empty());
}

/// RFC 3891 3: what cannot be accepted leaves the old dialog as it was.
#[test]
fn a_replacement_that_media_cannot_take_is_refused_and_told_nobody() {
    let mut far = Far::new();
    let (old, _, peer) = far.taken("first");
    far.world.phones[far.phone].media_failure = Some(MediaFailure::BadDescription);
    assert_eq!(status_of(&mut far, &replaces(&peer)).status(), 488);
    assert_eq!((far.only_call().id, far.count("BYE")), (old, 0));
    assert!(far.world.outcomes(far.phone).is_empty());
    assert_eq!(far.world.phones[far.phone].open_media.len(), 1);
}

/// RFC 3891 3: a call that hangs up while it is being replaced is gone, and the new one goes on.
#[test]
fn the_old_call_may_end_first() {
    let mut far = Far::new();
    let (old, _, mut peer) = far.taken("first");
    let header = replaces(&peer);
    far.world.phones[far.phone].media_failure = None;
    say_invite(&mut far, "second", "carol", &[&header, "Referred-By: <sip:bob@example.test>"]);
    far.run(10);
    far.ask(&mut peer, "BYE", &[], "");
    assert_eq!(far.state(old), None);
    assert_eq!(far.response("INVITE").status(), 200);
    assert_eq!(far.only_call().state, CallState::Connected);
    assert_eq!(far.count("BYE"), 0);
}

/// RFC 3891 4: the tags are those of the receiver's dialog.
#[test]
fn a_call_of_ours_takes_anothers_place() {
    let mut far = Far::new();
    let (old, invite, _) = far.talking();
    let from = header(&invite.headers, HeaderName::From);
    let ours = from.split(";tag=").nth(1).unwrap().to_owned();
    let options = CallOptions { replaces: Some(old), ..CallOptions::default() };
    let (_, new) = far.called_with(options.clone());
    assert!(new.headers.requires("replaces"));
    let replaces = new.headers.replaces().unwrap().unwrap();
    assert_eq!(replaces.call_id, header(&invite.headers, HeaderName::CallId));
    assert_eq!((&*replaces.to_tag, &*replaces.from_tag), ("bob", ours.as_str()));
    far.world.command_now(far.phone, Command::Hangup(old, Extra::default())).unwrap();
    let command = Command::MakeCall { account: far.account, target: "bob".to_owned(), options };
    let error = far.world.command_now(far.phone, command).unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
}
