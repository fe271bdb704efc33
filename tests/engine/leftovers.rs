//! What is left over: forks that did not take the call, transactions of calls that are over.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{Body, CallState, Command, Extra};
use sipwake::message::HeaderName;

use crate::far::{Far, answer, header, text};
use crate::world::{account, sdp};

const SDP: &str = "Content-Type: application/sdp";
const RELIABLE: [&str; 2] = ["Require: 100rel", "RSeq: 1"];

/// Transactions of either side and requests that the phone still remembers.
fn remembered(far: &Far) -> usize {
    let state = format!("{:?}", far.world.phones[far.phone].endpoint);
    ["ClientEntry {", "ServerEntry {", "Pending {", "Call { id:"].iter().map(|what| state.matches(what).count()).sum()
}

/// RFC 3261 13.2.2.4: the early dialogs of other forks are over with the 2xx, and change nothing of the call.
#[test]
fn a_fork_that_did_not_take_the_call_changes_nothing_of_it() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 183, "one", &RELIABLE, 1);
    far.reply(&invite, 180, "two", &[], "");
    far.reply_sdp(&invite, 200, "two", &[], 2);
    let prack = far.request("PRACK");
    far.reply(&prack, 200, "one", &[], "");
    assert_eq!(far.state(call), Some(CallState::Connected));
    far.take();
    let media = far.world.phones[far.phone].media.len();
    let mut loser = far.peer(&invite, "one");
    let held = sdp(1).replace("a=sendrecv", "a=sendonly");
    far.ask(&mut loser, "UPDATE", &[SDP], &held);
    far.ask(&mut loser, "INVITE", &[SDP], &held);
    far.ask(&mut loser, "REFER", &["Refer-To: <sip:carol@example.test>"], "");
    far.ask(&mut loser, "INFO", &["Content-Type: application/dtmf-relay"], "Signal=1\r\nDuration=100\r\n");
    for method in ["UPDATE", "INVITE", "REFER", "INFO"] {
        assert_eq!(far.statuses(method).last(), Some(&481), "{method}");
    }
    assert_eq!(far.world.phones[far.phone].media.len(), media, "media of the live call was touched");
    assert!(!far.only_call().remote_hold);
    far.ask(&mut loser, "BYE", &[], "");
    assert_eq!(far.statuses("BYE"), [200]);
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3311 5.2: the offer of a fork is answered before another fork takes the call, or not at all.
#[test]
fn an_offer_of_a_fork_that_loses_meanwhile_blocks_nothing() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 183, "one", &RELIABLE, 1);
    let prack = far.request("PRACK");
    far.reply(&prack, 200, "one", &[], "");
    let mut loser = far.peer(&invite, "one");
    far.say(&mut loser, "UPDATE", &[SDP], &sdp(1));
    far.run(10);
    far.send(answer(&invite, 200, "two", &[SDP], &sdp(2)));
    far.run(1_000);
    assert_eq!(far.state(call), Some(CallState::Connected));
    assert_eq!(far.responses("UPDATE").len(), 1, "{:?}", far.lines());
    let again = far.requests("INVITE");
    if let [_, again] = again.as_slice() {
        let again = again.clone();
        far.reply_sdp(&again, 200, "two", &[], 2);
    }
    let command = far.world.command(far.phone, Command::Hold(call, true));
    far.run(100);
    let hold = far.request("INVITE");
    assert!(String::from_utf8_lossy(hold.body()).contains("a=sendonly"), "{:?}", far.lines());
    far.reply(&hold, 200, "two", &[SDP], &sdp(2).replace("a=sendrecv", "a=recvonly"));
    assert!(matches!(far.world.result(far.phone, command), Some(Ok(_))));
    let mut winner = far.peer(&invite, "two");
    far.ask(&mut winner, "INVITE", &[SDP], &sdp(2));
    assert_eq!(far.statuses("INVITE").last(), Some(&200));
}

/// RFC 3261 9.1, 17.1.1.2: what ends a call ends the re-INVITE that is on its way.
#[test]
fn a_reinvite_that_nobody_answers_after_the_end_is_not_remembered_for_ever() {
    let mut far = Far::new();
    let (call, _, mut peer) = far.talking();
    far.world.command(far.phone, Command::Hold(call, true));
    far.run(100);
    let hold = far.request("INVITE");
    far.reply(&hold, 100, "", &[], "");
    assert!(remembered(&far) > 0);
    far.ask(&mut peer, "BYE", &[], "");
    far.run(100_000);
    assert_eq!(remembered(&far), 0);
}

/// RFC 3261 9.1, 15: an answer that crosses a late CANCEL gets ACK and BYE, however late.
#[test]
fn an_answer_long_after_hanging_up_gets_ack_and_bye() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.world.command(far.phone, Command::Hangup(call, Extra::default()));
    far.run(31_000);
    assert_eq!(far.count("CANCEL"), 0);
    far.reply(&invite, 100, "", &[], "");
    assert_eq!(far.count("CANCEL"), 1);
    far.run(3_000);
    far.take();
    far.reply_sdp(&invite, 200, "bob", &[], 1);
    assert_eq!(far.lines(), ["ACK", "BYE"]);
    assert!(header(&far.request("BYE").headers, HeaderName::To).ends_with(";tag=bob"));
    let bye = far.request("BYE");
    far.reply(&bye, 200, "bob", &[], "");
    far.run(100_000);
    assert_eq!(remembered(&far), 0);
}

/// RFC 3261 13.3.1: an invitation that expires before it is answered gets 487.
#[test]
fn an_invitation_ends_when_it_expires() {
    let mut far = Far::new();
    far.invite_sdp("short", &["Expires: 20"], 1);
    let call = far.only_call().id;
    far.run(19_000);
    assert_eq!(far.state(call), Some(CallState::Ringing));
    far.run(2_000);
    assert_eq!(far.response("INVITE").status(), 487);
    assert_eq!(far.state(call), None);
    let (call, ..) = far.taken("taken");
    far.run(60_000);
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 13.3.1.1: a phone that rings says so once a minute, so that no proxy gives the call up.
#[test]
fn ringing_is_said_again_every_minute() {
    let mut far = Far::new();
    far.invite_sdp("long", &[], 1);
    far.run(1_000);
    assert_eq!(far.statuses("INVITE"), [100, 180]);
    far.run(121_000);
    assert_eq!(far.statuses("INVITE"), [100, 180, 180, 180]);
    let call = far.only_call().id;
    far.world.command(far.phone, Command::Decline(call, Some(486), Extra::default()));
    far.run(121_000);
    assert_eq!(far.statuses("INVITE"), [100, 180, 180, 180, 486]);
}

/// RFC 3262 3: where it cannot be lost, every two and a half minutes do.
#[test]
fn ringing_is_said_again_reliably_where_the_caller_insists() {
    let mut far = Far::new();
    let invite = far.invite_sdp("long", &["Require: 100rel"], 1);
    let ringing = far.response("INVITE");
    let rseq = ringing.headers.rseq().unwrap().unwrap();
    let mut peer = far.peer_of_response(&invite, &ringing);
    far.ask(&mut peer, "PRACK", &[&format!("RAck: {rseq} 1 INVITE")], "");
    far.take();
    far.run(149_000);
    assert!(far.statuses("INVITE").is_empty());
    far.run(1_000);
    assert_eq!(far.response("INVITE").headers.rseq().unwrap().unwrap(), rseq + 1);
}

/// RFC 3261 17: when calls are over, nothing of them is left: 100 of each kind in a row.
#[test]
fn nothing_is_left_of_calls_that_are_over() {
    let mut far = Far::new();
    for round in 0..100 {
        let (call, _, mut peer) = far.talking();
        if round % 2 == 0 {
            far.ask(&mut peer, "BYE", &[], "");
        } else {
            far.world.command(far.phone, Command::Hangup(call, Extra::default()));
            far.run(100);
            let bye = far.request("BYE");
            far.reply(&bye, if round % 3 == 0 { 481 } else { 200 }, "bob", &[], "");
        }
        let (_, _, mut peer) = far.taken(&format!("in{round}"));
        far.ask(&mut peer, "BYE", &[], "");
        let (call, invite) = far.called();
        far.reply(&invite, 180, "bob", &[], "");
        far.world.command(far.phone, Command::Hangup(call, Extra::default()));
        far.run(100);
        // Whether the CANCEL is answered or not.
        if round % 2 == 0 {
            far.reply(&invite, 487, "bob", &[], "");
        }
        far.take();
    }
    far.run(100_000);
    assert_eq!(remembered(&far), 0);
    assert!(far.world.phones[far.phone].open_media.is_empty());
}

/// RFC 3261 8.2.2.2: an INVITE that a proxy takes from one account to the next is merged with none that is over.
#[test]
fn a_call_declined_at_one_account_rings_at_the_next() {
    let mut far = Far::new();
    far.invite_sdp("hunt", &[], 1);
    let first = far.only_call();
    far.world.command(far.phone, Command::Decline(first.id, Some(486), Extra::default()));
    far.run(100);
    assert_eq!(far.response("INVITE").status(), 486);
    far.world.server.add_user("carol", "secret");
    let second = far.world.create_account(far.phone, account("carol"));
    far.run(1_000);
    far.invite_sdp("hunt", &[], 1);
    assert_eq!(far.response("INVITE").status(), 180);
    assert_eq!(far.only_call().account, second);
}

/// RFC 3261 12.2.1.2: 481 to any request of a dialog says that there is none.
#[test]
fn a_call_ends_when_the_far_end_knows_of_no_such_dialog() {
    let mut far = Far::new();
    let (call, ..) = far.talking();
    let body = Body { content_type: "text/plain".to_owned(), octets: b"x".to_vec() };
    let command = far.world.command(far.phone, Command::Info { call, body, extra: Extra::default() });
    far.run(100);
    let info = far.request("INFO");
    far.take();
    far.reply(&info, 481, "bob", &[], "");
    assert!(far.world.result(far.phone, command).is_some());
    assert_eq!(far.state(call), None);
    assert_eq!(far.count("BYE"), 1, "somebody on the way may still believe in it");
    let (call, ..) = far.talking();
    let body = Body { content_type: "text/plain".to_owned(), octets: b"x".to_vec() };
    far.world.command(far.phone, Command::Info { call, body, extra: Extra::default() });
    far.run(100);
    let info = far.request("INFO");
    far.reply(&info, 415, "bob", &[], "");
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// A caller who calls and gives up without end fills no memory.
#[test]
fn calls_that_are_over_are_remembered_within_a_limit() {
    let mut far = Far::new();
    let contact = far.contact();
    for round in 0..300 {
        for method in ["INVITE", "CANCEL"] {
            let lines = [
                format!("Via: SIP/2.0/WSS far.invalid;branch=z9hG4bKflood{round}"),
                "From: <sip:bob@example.test>;tag=bob".to_owned(),
                "To: <sip:alice@example.test>".to_owned(),
                format!("Call-ID: flood{round}"),
                format!("CSeq: 1 {method}"),
                "Contact: <sip:bob@far.invalid>".to_owned(),
            ];
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            far.send(text(&format!("{method} {contact} SIP/2.0"), &lines, ""));
        }
        far.run(10);
        let refused = far.response("INVITE");
        assert_eq!(refused.status(), 487, "{round}");
        let lines = [
            format!("Via: SIP/2.0/WSS far.invalid;branch=z9hG4bKflood{round}"),
            "From: <sip:bob@example.test>;tag=bob".to_owned(),
            format!("To: {}", header(&refused.headers, HeaderName::To)),
            format!("Call-ID: flood{round}"),
            "CSeq: 1 ACK".to_owned(),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        far.send(text(&format!("ACK {contact} SIP/2.0"), &lines, ""));
        far.take();
    }
    let state = format!("{:?}", far.world.phones[far.phone].endpoint);
    let remembered = state.matches("Call { id:").count();
    assert!((200..=256).contains(&remembered), "{remembered}");
}

/// RFC 3261 9.2, 14.2: a re-INVITE that is cancelled in time gets 487, and the session is as it was.
#[test]
fn a_cancelled_reinvite_changes_nothing() {
    let mut far = Far::new();
    let (call, _, mut peer) = far.talking();
    far.take();
    far.say(&mut peer, "INVITE", &[SDP], &sdp(1).replace("a=sendrecv", "a=sendonly"));
    far.run(10);
    assert_eq!(far.statuses("INVITE"), [100]);
    let via = header(&far.response("INVITE").headers, HeaderName::Via);
    let lines = [
        format!("Via: {via}"),
        format!("From: {}", peer.local),
        format!("To: {}", peer.remote),
        format!("Call-ID: {}", peer.call_id),
        format!("CSeq: {} CANCEL", peer.cseq),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    far.send(text(&format!("CANCEL {} SIP/2.0", peer.target), &lines, ""));
    far.run(200);
    assert_eq!(far.statuses("CANCEL"), [200]);
    assert_eq!(far.statuses("INVITE"), [100, 487]);
    assert!(!far.only_call().remote_hold);
    // Media had begun to follow: both ends agree on one session again.
    let again = far.request("INVITE");
    far.reply_sdp(&again, 200, "bob", &[], 1);
    assert_eq!(far.state(call), Some(CallState::Connected));
    far.ask(&mut peer, "INVITE", &[SDP], &sdp(1));
    assert_eq!(far.response("INVITE").status(), 200);
}
