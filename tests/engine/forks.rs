//! One INVITE, several far ends.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{CallOptions, CallState, Command, ErrorCode, Event, Extra, MediaCommand, MediaFailure, OutcomeKind};
use sipwake::message::HeaderName;

use crate::far::{Far, answer, header};
use crate::world::sdp;

/// RFC 3261 13.2.2.4
#[test]
fn a_second_2xx_gets_ack_and_bye_on_its_own_dialog_and_the_call_goes_on() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 180, "one", &[], 1);
    far.reply_sdp(&invite, 200, "one", &[], 1);
    assert_eq!((far.count("INVITE"), far.count("ACK")), (1, 1));
    far.take();
    far.reply_sdp(&invite, 200, "two", &[], 2);
    assert_eq!(far.lines(), ["ACK", "BYE"]);
    for method in ["ACK", "BYE"] {
        let request = far.request(method);
        assert_eq!(request.uri(), "sip:two@two.invalid;transport=ws");
        assert!(header(&request.headers, HeaderName::To).ends_with(";tag=two"));
    }
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 15.1.2
#[test]
fn the_far_end_hangs_up_on_the_dialog_that_it_answered() {
    let mut far = Far::new();
    let (call, _, mut peer) = far.talking();
    far.take();
    far.ask(&mut peer, "BYE", &[], "");
    assert_eq!(far.statuses("BYE"), [200]);
    assert_eq!(far.state(call), None);
}

/// RFC 3261 12.1.2: each To tag makes an early dialog of its own.
#[test]
fn of_two_early_answers_the_winners_is_the_last_word() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 183, "one", &[], 1);
    assert_eq!(far.state(call), Some(CallState::Early));
    far.reply_sdp(&invite, 183, "two", &[], 2);
    far.reply_sdp(&invite, 183, "two", &[], 2);
    far.reply_sdp(&invite, 200, "one", &[], 1);
    assert_eq!(far.answers(), [(sdp(1), true), (sdp(2), true), (sdp(1), false)]);
    far.run(1_000);
    assert_eq!(far.state(call), Some(CallState::Connected));
    assert_eq!((far.count("BYE"), far.count("INVITE")), (0, 1), "media follows by itself");
}

/// RFC 3261 13.2.1, 14.1: no call ends because it was forked.
#[test]
fn where_media_cannot_follow_the_winner_the_session_is_offered_anew() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 183, "one", &[], 1);
    far.world.phones[far.phone].answer_failure = Some(MediaFailure::BadDescription);
    far.reply_sdp(&invite, 200, "two", &[], 2);
    far.world.phones[far.phone].answer_failure = None;
    let again = far.request("INVITE");
    assert_eq!(again.uri(), "sip:two@two.invalid;transport=ws");
    assert!(
        far.world.phones[far.phone].media.iter().any(|(_, command)| *command == MediaCommand::Offer { restart: true })
    );
    far.reply_sdp(&again, 200, "two", &[], 2);
    assert_eq!(far.state(call), Some(CallState::Connected));
    assert_eq!(far.count("BYE"), 0);
}

/// RFC 3261 13.2.1
#[test]
fn an_early_answer_that_media_cannot_take_ends_nothing() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.world.phones[far.phone].answer_failure = Some(MediaFailure::BadDescription);
    far.reply_sdp(&invite, 183, "one", &[], 1);
    assert_eq!(far.state(call), Some(CallState::Early));
    far.world.phones[far.phone].answer_failure = None;
    far.reply_sdp(&invite, 200, "one", &[], 1);
    assert_eq!(far.state(call), Some(CallState::Connected));
    assert_eq!(far.count("BYE") + far.count("CANCEL"), 0);
}

/// RFC 3261 14.1: media that is joined to another fork is brought over by a re-INVITE.
#[test]
fn media_that_is_joined_to_a_loser_is_offered_to_the_winner() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 183, "one", &[], 1);
    far.connected(true);
    far.reply_sdp(&invite, 200, "two", &[], 2);
    let again = far.request("INVITE");
    assert_eq!(header(&again.headers, HeaderName::CSeq), "2 INVITE");
    far.reply_sdp(&again, 200, "two", &[], 2);
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 12.1: without a To tag there is no dialog, but it rings.
#[test]
fn a_provisional_response_without_a_tag_rings_and_makes_no_dialog() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "", &[], "");
    assert_eq!(far.state(call), Some(CallState::Ringing));
    far.reply_sdp(&invite, 183, "", &[], 1);
    assert_eq!(far.state(call), Some(CallState::Early));
    far.reply_sdp(&invite, 200, "one", &[], 1);
    assert_eq!(far.state(call), Some(CallState::Connected));
    assert_eq!(far.count("BYE"), 0);
}

/// RFC 3261 13.2.2.4: the 2xx sets route set and target anew; the numbers go on from the early dialog.
#[test]
fn the_2xx_decides_the_route_set_and_the_target() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "one", &["Record-Route: <sip:early.invalid;lr>"], "");
    let headers = ["Record-Route: <sip:b.invalid;lr>, <sip:a.invalid;lr>", "Contact: <sip:new@one.invalid>"];
    far.reply_sdp(&invite, 200, "one", &headers, 1);
    let ack = far.request("ACK");
    let routes: Vec<_> = ack.headers.values(HeaderName::Route).collect();
    assert_eq!(routes, ["<sip:a.invalid;lr>", "<sip:b.invalid;lr>"]);
    assert_eq!(ack.uri(), "sip:new@one.invalid");
    far.world.command_now(far.phone, Command::Hangup(call, Extra::default())).unwrap();
    far.run(50);
    assert_eq!(far.request("BYE").headers.values(HeaderName::Route).collect::<Vec<_>>(), routes);
}

/// RFC 3261 22.2: the BYE to a fork that answered too late is a request like any other.
#[test]
fn a_challenged_bye_to_a_loser_is_sent_again_on_its_own_dialog() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 200, "one", &[], 1);
    far.reply_sdp(&invite, 200, "two", &[], 2);
    let bye = far.request("BYE");
    far.reply(&bye, 407, "two", &["Proxy-Authenticate: Digest realm=\"example.test\", nonce=\"x\", qop=\"auth\""], "");
    let again = far.request("BYE");
    assert_eq!(header(&again.headers, HeaderName::CSeq), "3 BYE");
    assert!(header(&again.headers, HeaderName::To).ends_with(";tag=two"));
    assert!(header(&again.headers, HeaderName::ProxyAuthorization).starts_with("Digest"));
    far.reply(&again, 200, "two", &[], "");
    assert_eq!((far.count("BYE"), far.state(call)), (2, Some(CallState::Connected)));
}

/// RFC 3261 13.2.2.4: each repetition of a late 2xx wants its ACK; one BYE is enough.
#[test]
fn a_repeated_late_2xx_gets_an_ack_each_time_and_one_bye() {
    let mut far = Far::new();
    let (_, invite) = far.called();
    far.reply_sdp(&invite, 200, "one", &[], 1);
    far.reply_sdp(&invite, 200, "two", &[], 2);
    far.reply_sdp(&invite, 200, "two", &[], 2);
    assert_eq!((far.count("ACK"), far.count("BYE")), (3, 1));
}

/// RFC 3261 12.2.2
#[test]
fn requests_from_an_early_dialog_find_it() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "one", &[], "");
    far.reply(&invite, 180, "two", &[], "");
    let (mut one, mut two) = (far.peer(&invite, "one"), far.peer(&invite, "two"));
    far.ask(&mut one, "INFO", &[], "");
    far.ask(&mut one, "OPTIONS", &[], "");
    far.ask(&mut two, "UPDATE", &[], "");
    assert_eq!(
        (far.statuses("INFO"), far.statuses("OPTIONS"), far.statuses("UPDATE")),
        (vec![200], vec![200], vec![200])
    );
    let mut none = far.peer(&invite, "three");
    far.ask(&mut none, "INFO", &[], "");
    assert_eq!(far.statuses("INFO"), [200, 481]);
    // One far end that goes takes nothing with it.
    far.ask(&mut one, "BYE", &[], "");
    assert_eq!((far.statuses("BYE"), far.state(call)), (vec![200], Some(CallState::Ringing)));
    far.reply_sdp(&invite, 200, "two", &[], 2);
    assert_eq!(far.state(call), Some(CallState::Connected));
    far.ask(&mut one, "BYE", &[], "");
    assert_eq!(far.state(call), Some(CallState::Connected), "a loser's BYE is not the winner's");
}

/// RFC 3261 18.1.2: what a proxy lets through long after the call is over is closed as well.
#[test]
fn a_2xx_that_nobody_remembers_gets_ack_and_bye() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "one", &[], "");
    far.world.command_now(far.phone, Command::Hangup(call, Extra::default())).unwrap();
    far.run(100_000);
    far.take();
    far.reply_sdp(&invite, 200, "one", &["Record-Route: <sip:p.invalid;lr>"], 1);
    assert_eq!(far.lines(), ["ACK", "BYE"]);
    let bye = far.request("BYE");
    assert_eq!(bye.uri(), "sip:one@one.invalid;transport=ws");
    assert_eq!(header(&bye.headers, HeaderName::Route), "<sip:p.invalid;lr>");
    assert_eq!(header(&bye.headers, HeaderName::CallId), header(&invite.headers, HeaderName::CallId));
}

/// RFC 3261 13.2.2.4: a 2xx of a call that lives, repeated after its transaction is over, is acknowledged and no more.
#[test]
fn a_very_late_repetition_does_not_end_the_call() {
    let mut far = Far::new();
    let (call, invite, _) = far.talking();
    far.run(40_000);
    far.take();
    far.reply_sdp(&invite, 200, "bob", &[], 1);
    assert_eq!((far.count("ACK"), far.count("BYE")), (1, 0));
    far.reply_sdp(&invite, 200, "other", &[], 1);
    assert_eq!((far.count("ACK"), far.count("BYE")), (2, 1));
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 21.1: responses between 101 and 299 are told with their headers.
#[test]
fn progress_is_told_with_status_and_headers() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 181, "one", &["X-Queue: 3"], "");
    far.reply(&invite, 180, "one", &[], "");
    far.reply_sdp(&invite, 200, "one", &["X-Agent: ann"], 1);
    let told: Vec<_> = far.world.phones[far.phone]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::CallProgress { call, status, headers } => Some((*call, *status, headers.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(
        told.iter().map(|(of, status, _)| (*of, *status)).collect::<Vec<_>>(),
        [(call, 181), (call, 180), (call, 200)]
    );
    assert!(told[0].2.contains(&("X-Queue".to_owned(), "3".to_owned())));
    assert!(told[2].2.contains(&("X-Agent".to_owned(), "ann".to_owned())));
}

/// RFC 6228 4: a fork that a proxy says has ended is not listened to any more.
#[test]
fn a_199_ends_an_early_dialog() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "one", &[], "");
    far.reply(&invite, 199, "one", &["Require: 100rel", "RSeq: 1", "Reason: SIP;cause=486"], "");
    assert_eq!(far.count("PRACK"), 1);
    far.reply_sdp(&invite, 183, "one", &[], 1);
    assert!(far.answers().is_empty());
    far.reply_sdp(&invite, 200, "two", &[], 2);
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 13.2.2.4: two offers that come early and late; the call is with who answered, whatever media was at.
#[test]
fn the_last_word_of_several_late_offers_is_the_winners() {
    let mut far = Far::new();
    let (call, invite) = far.called_with(CallOptions { late_offer: true, ..CallOptions::default() });
    let reliable = ["Content-Type: application/sdp", "Require: 100rel", "RSeq: 1"];
    for (index, tag) in ["one", "two", "three"].into_iter().enumerate() {
        far.send(answer(&invite, 183, tag, &reliable, &sdp(index + 1)));
    }
    far.send(answer(&invite, 200, "two", &["Content-Type: application/sdp"], &sdp(2)));
    far.run(1_000);
    let again = far.request("INVITE");
    assert_eq!(header(&again.headers, HeaderName::To).split(";tag=").nth(1), Some("two"));
    far.reply_sdp(&again, 200, "two", &[], 2);
    assert_eq!((far.state(call), far.count("BYE")), (Some(CallState::Connected), 0));
}

/// RFC 3261 12.1.2: where the 2xx forgets its Contact, the far end is where its 180 said.
#[test]
fn a_2xx_without_a_contact_goes_by_the_early_dialog() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply(&invite, 180, "one", &[], "");
    let text = answer(&invite, 200, "one", &["Content-Type: application/sdp"], &sdp(1));
    far.send(text.replace("Contact: ", "X-Contact: "));
    far.run(100);
    assert_eq!(far.request("ACK").uri(), "sip:one@one.invalid;transport=ws");
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 13.2.2.4: each 2xx has its ACK, even one that does not say where its sender is, and that one a BYE as well.
#[test]
fn a_2xx_without_any_contact_gets_ack_and_bye_and_the_call_fails() {
    for contact in ["X-Contact: ", "Contact: <sip:nobody", "Contact: *"] {
        let mut far = Far::new();
        let (call, invite) = far.called();
        let text = answer(&invite, 200, "one", &["Content-Type: application/sdp"], &sdp(1));
        let text = if contact == "Contact: *" {
            text.replace("Contact: <sip:one@one.invalid;transport=ws>", contact)
        } else {
            text.replace("Contact: ", contact)
        };
        far.send(text.clone());
        far.run(100);
        let (ack, bye) = (far.request("ACK"), far.request("BYE"));
        assert_eq!((ack.uri(), bye.uri()), (invite.uri(), invite.uri()), "{contact}");
        assert!(header(&ack.headers, HeaderName::To).ends_with(";tag=one"));
        assert_eq!(header(&ack.headers, HeaderName::CSeq), "1 ACK");
        assert_eq!(header(&bye.headers, HeaderName::CSeq), "2 BYE");
        assert_eq!(far.state(call), None);
        let outcome = far.world.outcomes(far.phone).remove(0);
        assert_eq!(outcome.kind, OutcomeKind::Failed);
        assert_eq!(outcome.error.map(|error| error.code), Some(ErrorCode::MalformedMessage));
        far.send(text);
        far.run(100);
        assert_eq!((far.count("ACK"), far.count("BYE")), (2, 1), "{contact}");
    }
}

/// RFC 3261 13.2.2.4: the same of a second far end; the call with the first goes on.
#[test]
fn a_second_2xx_without_a_contact_is_closed_and_the_call_goes_on() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 200, "one", &[], 1);
    let text = answer(&invite, 200, "two", &["Content-Type: application/sdp"], &sdp(2));
    far.send(text.replace("Contact: ", "X-Contact: "));
    far.run(100);
    assert!(header(&far.request("ACK").headers, HeaderName::To).ends_with(";tag=two"));
    assert!(header(&far.request("BYE").headers, HeaderName::To).ends_with(";tag=two"));
    assert_eq!(far.state(call), Some(CallState::Connected));
}
