//! INVITE with Replaces, both ways.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{CallId, CallOptions, CallState, Command, ErrorCode, Event, Extra, MediaFailure, OutcomeKind};
use sipwake::message::{HeaderName, Response};

use crate::far::{Far, Peer, header};

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
    let contact = far.contact();
    let text = crate::far::text(
        &format!("INVITE {contact} SIP/2.0"),
        &[
            "Via: SIP/2.0/WSS far.invalid;branch=z9hG4bKsecond",
            "Max-Forwards: 70",
            "From: <sip:carol@example.test>;tag=carol",
            "To: <sip:alice@example.test>",
            "Call-ID: second",
            "CSeq: 1 INVITE",
            "Contact: <sip:carol@far.invalid>",
            &header,
            "Content-Type: application/sdp",
        ],
        &crate::world::sdp(2),
    );
    far.send(text);
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
