//! UPDATE in early dialogs (RFC 3311).

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{CallId, CallState, Command, ErrorCode, Extra, MediaCommand, MediaFailure, Reply};
use sipwake::message::{HeaderName, Request};

use crate::far::{Far, Peer};
use crate::world::sdp;

const SDP: &str = "Content-Type: application/sdp";

/// A call of the phone's with early media, its answer in a reliable response of `bob`.
fn early() -> (Far, CallId, Request, Peer) {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 183, "bob", &["Require: 100rel", "RSeq: 1"], 1);
    let prack = far.request("PRACK");
    far.reply(&prack, 200, "bob", &[], "");
    assert_eq!(far.state(call), Some(CallState::Early));
    let peer = far.peer(&invite, "bob");
    (far, call, invite, peer)
}

fn offer(direction: &str) -> String {
    sdp(1).replace("a=sendrecv", &format!("a={direction}"))
}

/// RFC 3311 5.2: after the first exchange the callee may offer anew before it answers; the answer is in the 200.
/// RFC 3261 13.2.1: and the description of the 2xx to the INVITE changes nothing then.
#[test]
fn an_offer_in_an_early_dialog_is_answered() {
    let (mut far, call, invite, mut peer) = early();
    far.ask(&mut peer, "UPDATE", &[SDP], &offer("sendonly"));
    let ok = far.response("UPDATE");
    assert_eq!(ok.status(), 200);
    assert!(String::from_utf8_lossy(ok.body()).contains("a=recvonly"));
    assert!(far.only_call().remote_hold);
    far.reply_sdp(&invite, 200, "bob", &[], 1);
    assert_eq!(far.state(call), Some(CallState::Connected));
    assert_eq!(far.count("INVITE"), 1, "nothing has to be offered again");
    let last = far.world.phones[far.phone].media.last().unwrap().1.clone();
    assert!(matches!(last, MediaCommand::Accept { .. }), "{last:?}");
    assert!(far.only_call().remote_hold);
    far.ask(&mut peer, "UPDATE", &[SDP], &offer("sendrecv"));
    assert!(!far.only_call().remote_hold);
}

/// RFC 3311 5.2: an UPDATE without an offer is taken in any early dialog, and refreshes its target.
#[test]
fn an_update_without_an_offer_refreshes_the_target_of_an_early_dialog() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "bob", &[], "");
    let mut peer = far.peer(&invite, "bob");
    far.ask(&mut peer, "UPDATE", &["Supported: timer", "Session-Expires: 90"], "");
    assert_eq!(far.response("UPDATE").status(), 200);
    assert_eq!(far.response("UPDATE").headers.get(HeaderName::SessionExpires), None, "no timer before the answer");
    far.reply_sdp(&invite, 183, "bob", &["Require: 100rel", "RSeq: 1", "Contact: <sip:bob@far.invalid>"], 1);
    assert_eq!(far.request("PRACK").uri(), "sip:bob@far.invalid;transport=ws");
    assert_eq!(far.state(call), Some(CallState::Early));

    let mut far = Far::new();
    let invite = far.invite_sdp("theirs", &[], 1);
    let ringing = far.response("INVITE");
    let mut peer = far.peer_of_response(&invite, &ringing);
    far.ask(&mut peer, "UPDATE", &[], "");
    assert_eq!(far.response("UPDATE").status(), 200);
    assert_eq!(far.only_call().state, CallState::Ringing);
}

/// RFC 3311 5.2: 491 while our offer has no answer, 500 with Retry-After while theirs has none.
#[test]
fn an_offer_before_the_first_exchange_is_over_is_refused() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "bob", &[], "");
    let mut peer = far.peer(&invite, "bob");
    far.ask(&mut peer, "UPDATE", &[SDP], &offer("sendonly"));
    assert_eq!(far.response("UPDATE").status(), 491);
    // A description in a response that is not reliable is no answer yet.
    far.reply_sdp(&invite, 183, "bob", &[], 1);
    far.ask(&mut peer, "UPDATE", &[SDP], &offer("sendonly"));
    assert_eq!(far.response("UPDATE").status(), 491);
    assert!(!far.only_call().remote_hold);
    assert_eq!(far.state(call), Some(CallState::Early));

    let mut far = Far::new();
    let invite = far.invite_sdp("theirs", &[], 1);
    let ringing = far.response("INVITE");
    let mut peer = far.peer_of_response(&invite, &ringing);
    far.ask(&mut peer, "UPDATE", &[SDP], &offer("sendonly"));
    let refused = far.response("UPDATE");
    assert_eq!(refused.status(), 500);
    assert!(refused.headers.get(HeaderName::RetryAfter).unwrap().parse::<u32>().unwrap() <= 10);
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Answer(call, Extra::default()));
    far.run(100);
    assert_eq!(far.only_call().state, CallState::Connected);
    assert!(!far.only_call().remote_hold);
}

/// RFC 3311 5.2: an offer that cannot be followed is 488; the early dialog goes on and can be answered.
#[test]
fn an_early_offer_that_cannot_be_followed_changes_nothing() {
    let (mut far, call, invite, mut peer) = early();
    far.world.phones[far.phone].media_failure = Some(MediaFailure::BadDescription);
    far.ask(&mut peer, "UPDATE", &[SDP], &offer("sendonly"));
    assert_eq!(far.response("UPDATE").status(), 488);
    far.world.phones[far.phone].media_failure = None;
    far.reply_sdp(&invite, 200, "bob", &[], 1);
    assert_eq!(far.state(call), Some(CallState::Connected));
    far.run(1_000);
    assert_eq!(far.count("BYE"), 0);
}

/// RFC 3261 13.2.2.4: another fork wins after one has offered anew: the session is offered on the dialog that won.
#[test]
fn a_fork_that_wins_over_an_updated_one_gets_an_offer() {
    let (mut far, call, invite, mut peer) = early();
    far.ask(&mut peer, "UPDATE", &[SDP], &offer("sendonly"));
    far.reply_sdp(&invite, 200, "carol", &[], 2);
    assert_eq!(far.state(call), Some(CallState::Connected));
    let again = far.request("INVITE");
    assert!(again.uri().contains("carol.invalid"), "{}", again.uri());
    assert!(!again.body().is_empty());
    far.reply_sdp(&again, 200, "carol", &[], 2);
    far.run(1_000);
    assert_eq!(far.state(call), Some(CallState::Connected));
    assert!(!far.only_call().remote_hold);
}

/// RFC 3261 14.2: an INVITE in an early dialog meets ours, or comes before theirs is answered.
#[test]
fn an_invite_in_an_early_dialog_is_refused() {
    let (mut far, call, _, mut peer) = early();
    far.ask(&mut peer, "INVITE", &[SDP], &offer("sendonly"));
    assert_eq!(far.response("INVITE").status(), 491);
    assert_eq!(far.state(call), Some(CallState::Early));
    let mut far = Far::new();
    let invite = far.invite_sdp("theirs", &[], 1);
    let ringing = far.response("INVITE");
    let mut peer = far.peer_of_response(&invite, &ringing);
    far.ask(&mut peer, "INVITE", &[SDP], &offer("sendonly"));
    assert_eq!(far.response("INVITE").status(), 500);
    assert_eq!(far.only_call().state, CallState::Ringing);
}

/// RFC 3311 5.1: a hold before the answer is an UPDATE, where the far end takes that.
#[test]
fn an_early_dialog_is_held_by_an_update() {
    let (mut far, call, invite) = early_with_update();
    let hold = far.world.command(far.phone, Command::Hold(call, true));
    far.run(60);
    let update = far.request("UPDATE");
    assert!(String::from_utf8_lossy(update.body()).contains("a=sendonly"));
    assert_eq!(far.world.result(far.phone, hold), None);
    far.reply(&update, 200, "bob", &[SDP], &offer("recvonly"));
    assert_eq!(far.world.result(far.phone, hold), Some(Ok(Reply::Done)));
    assert_eq!((far.only_call().on_hold, far.state(call)), (true, Some(CallState::Early)));
    far.reply(&invite, 200, "bob", &[], "");
    assert_eq!((far.only_call().on_hold, far.state(call)), (true, Some(CallState::Connected)));
    let last = far.world.phones[far.phone].media.last().unwrap().1.clone();
    assert!(matches!(last, MediaCommand::SetAnswer { provisional: false, .. }), "{last:?}");
    let unhold = far.world.command(far.phone, Command::Hold(call, false));
    far.run(60);
    let again = far.request("INVITE");
    far.reply_sdp(&again, 200, "bob", &[], 1);
    assert_eq!(far.world.result(far.phone, unhold), Some(Ok(Reply::Done)));
}

fn early_with_update() -> (Far, CallId, Request) {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 183, "bob", &["Require: 100rel", "RSeq: 1", "Allow: INVITE, ACK, BYE, UPDATE"], 1);
    let prack = far.request("PRACK");
    far.reply(&prack, 200, "bob", &[], "");
    (far, call, invite)
}

/// RFC 3311 5.1: a refusal changes nothing, not even where the far end says that there is no such dialog.
#[test]
fn a_refused_early_hold_ends_no_call() {
    for status in [488, 481, 408, 405] {
        let (mut far, call, invite) = early_with_update();
        let hold = far.world.command(far.phone, Command::Hold(call, true));
        far.run(60);
        let update = far.request("UPDATE");
        far.reply(&update, status, "bob", &[], "");
        assert!(matches!(far.world.result(far.phone, hold), Some(Err(_))), "{status}");
        assert_eq!(far.state(call), Some(CallState::Early));
        far.reply_sdp(&invite, 200, "bob", &[], 1);
        assert_eq!((far.only_call().on_hold, far.state(call)), (false, Some(CallState::Connected)));
        assert_eq!(far.count("BYE"), 0);
    }
}

/// RFC 3311 5.1: the UPDATE and the answer to the INVITE cross.
#[test]
fn an_early_hold_that_the_answer_crosses_is_done() {
    for before_description in [true, false] {
        let (mut far, call, invite) = early_with_update();
        let hold = far.world.command(far.phone, Command::Hold(call, true));
        if !before_description {
            far.run(60);
        }
        let text = crate::far::answer(&invite, 200, "bob", &[SDP], &sdp(1));
        far.send(text);
        far.run(60);
        let method = if before_description { "INVITE" } else { "UPDATE" };
        let asked = far.request(method);
        assert!(String::from_utf8_lossy(asked.body()).contains("a=sendonly"), "{method}");
        far.reply(&asked, 200, "bob", &[SDP], &offer("recvonly"));
        assert_eq!(far.world.result(far.phone, hold), Some(Ok(Reply::Done)));
        assert_eq!((far.only_call().on_hold, far.state(call)), (true, Some(CallState::Connected)));
    }
}

/// RFC 3261 13.2.2.4: another fork takes the call: it is held there.
#[test]
fn an_early_hold_moves_to_the_fork_that_wins() {
    let (mut far, call, invite) = early_with_update();
    let hold = far.world.command(far.phone, Command::Hold(call, true));
    far.run(60);
    assert_eq!(far.count("UPDATE"), 1);
    far.reply_sdp(&invite, 200, "carol", &[], 2);
    far.run(100);
    let again = far.request("INVITE");
    assert!(again.uri().contains("carol.invalid"));
    assert!(String::from_utf8_lossy(again.body()).contains("a=sendonly"));
    far.reply(&again, 200, "carol", &[SDP], &offer("recvonly"));
    assert_eq!(far.world.result(far.phone, hold), Some(Ok(Reply::Done)));
    assert_eq!((far.only_call().on_hold, far.state(call)), (true, Some(CallState::Connected)));
}

#[test]
fn an_early_hold_where_nobody_could_be_asked_is_refused_at_once() {
    // Not reliable, or no UPDATE, or two of them.
    for second in [false, true] {
        let (mut far, call, invite) = if second {
            early_with_update()
        } else {
            let (far, call, invite, _) = early();
            (far, call, invite)
        };
        if second {
            far.reply(&invite, 180, "carol", &[], "");
        }
        let error = far.world.command_now(far.phone, Command::Hold(call, true)).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidState);
    }
}
