//! Session timers (RFC 4028) on the virtual wire.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{AccountOptions, Command, ErrorCode, Extra, OutcomeKind, Reply};
use sipwake::message::{HeaderName, Method, Request};

use crate::server::Answer;
use crate::session::{Talk, connect, requests, talking};
use crate::world::World;

/// A call between accounts that ask for sessions of so many seconds; 0: none.
fn talking_for(ours: u32, theirs: u32) -> Talk {
    talking_for_with(ours, theirs, |_| {})
}

fn talking_for_with(ours: u32, theirs: u32, prepare: impl FnOnce(&mut World)) -> Talk {
    let mut world = World::new();
    let mut account = None;
    for (name, session_expires) in [("alice", ours), ("bob", theirs)] {
        world.server.add_user(name, "secret");
        let phone = world.add_phone(sipwake::io::EndpointOptions::default());
        let options = AccountOptions { session_expires, ..crate::world::account(name) };
        let id = world.create_account(phone, options);
        account.get_or_insert(id);
    }
    world.run(100);
    prepare(&mut world);
    connect(world, 0, 1, account.unwrap())
}

fn answer(talk: &mut Talk, method: &'static str, status: u16, headers: &[(&'static str, &str)]) {
    talk.answer(method, status, headers);
}

fn expires(request: &Request) -> Option<&str> {
    request.headers.get(HeaderName::SessionExpires)
}

/// RFC 4028 7.1: an INVITE asks for an interval and says that it knows the timer.
/// RFC 4028 9: the callee leaves the refreshes to a caller that knows the timer, and requires it.
#[test]
fn a_call_agrees_on_an_interval() {
    let talk = talking();
    let invite = &talk.requests(talk.alice, "INVITE")[0];
    assert_eq!(expires(invite), Some("1800"));
    assert!(invite.headers.supports("timer"));
    let ok = talk.responses("INVITE").pop().unwrap();
    assert!(
        ok.contains("\r\nSession-Expires: 1800;refresher=uac\r\n") && ok.contains("\r\nRequire: timer\r\n"),
        "{ok}"
    );
}

/// RFC 4028 7.4, 10: the refresher sends an UPDATE at half the interval, where Allow says that it may.
#[test]
fn the_refresher_refreshes_at_half_time_again_and_again() {
    let mut talk = talking_for(120, 0);
    talk.world.run(59_000);
    assert!(talk.requests(talk.alice, "UPDATE").is_empty());
    talk.world.run(2_000);
    let update = talk.requests(talk.alice, "UPDATE").pop().unwrap();
    assert_eq!(expires(&update), Some("120;refresher=uac"));
    assert!(update.body().is_empty() && update.headers.get(HeaderName::Contact).is_some());
    talk.world.run(600_000);
    assert!(talk.requests(talk.alice, "UPDATE").len() >= 10);
    assert!(talk.requests(talk.bob, "UPDATE").is_empty());
    talk.is_up();
}

/// RFC 4028 9: an account without a timer of its own still keeps the one that the far end wants.
#[test]
fn without_a_wish_of_our_own_there_is_none_unless_the_far_end_wants_one() {
    let mut talk = talking_for(0, 0);
    assert_eq!(expires(&talk.requests(talk.alice, "INVITE")[0]), None);
    talk.world.run(7_200_000);
    assert!(talk.requests(talk.alice, "UPDATE").is_empty());
    talk.is_up();

    let mut talk = talking_for(0, 200);
    let ok = talk.responses("INVITE").pop().unwrap();
    assert!(ok.contains("Session-Expires: 200;refresher=uac"), "{ok}");
    talk.world.run(110_000);
    assert_eq!(talk.requests(talk.alice, "UPDATE").len(), 1);
}

/// RFC 4028 7.3: after 422 the INVITE is sent again with the Min-SE, and says it.
#[test]
fn a_422_to_the_invite_is_followed() {
    let talk = talking_for_with(120, 0, |world| {
        for min in ["300", "600"] {
            let headers = vec![("Min-SE", min.to_owned())];
            world.server.answers.push(Answer { method: "INVITE", status: 422, headers });
        }
    });
    let invites = talk.requests(talk.alice, "INVITE");
    let asked: Vec<_> = invites.iter().map(|invite| expires(invite).unwrap()).collect();
    assert_eq!(asked, ["120", "120", "300", "600"]);
    let last = invites.last().unwrap();
    assert_eq!(last.headers.min_se(), Some(Ok(600)));
    assert_eq!(invites[0].headers.call_id(), last.headers.call_id());
    let ok = talk.responses("INVITE").pop().unwrap();
    assert!(ok.contains("Session-Expires: 600;refresher=uac"), "{ok}");
}

/// RFC 4028 7.3: a 422 that asks for nothing more is a refusal.
#[test]
fn a_422_that_leads_nowhere_ends_the_attempt() {
    for min in [None, Some("90"), Some("x")] {
        let mut world = World::new();
        let (alice, account) = world.add_registered("alice");
        world.add_registered("bob");
        let headers = min.map(|min| ("Min-SE", min.to_owned())).into_iter().collect();
        world.server.answers.push(Answer { method: "INVITE", status: 422, headers });
        world.call(alice, account, "bob");
        world.run(500);
        assert_eq!(world.outcomes(alice)[0].status, Some(422), "{min:?}");
    }
}

/// RFC 4028 7.3, 7.4: a 422 to a refresh raises the interval, and the refresh is sent again at once.
#[test]
fn a_422_to_a_refresh_is_followed() {
    let mut talk = talking_for(120, 0);
    answer(&mut talk, "UPDATE", 422, &[("Min-SE", "400")]);
    talk.world.run(61_000);
    let updates = talk.requests(talk.alice, "UPDATE");
    assert_eq!(updates.len(), 2);
    assert_eq!(expires(&updates[1]), Some("400;refresher=uac"));
    assert_eq!(updates[1].headers.min_se(), Some(Ok(400)));
    talk.is_up();
}

/// RFC 4028 5, 9: an interval below 90 seconds is 422 with Min-SE.
#[test]
fn too_brief_an_interval_is_refused_with_a_minimum() {
    let mut talk = talking();
    talk.inject("UPDATE", 50, "Supported: timer\r\nSession-Expires: 60\r\n", "");
    talk.world.run(100);
    let refused = talk.responses("UPDATE").pop().unwrap();
    assert!(refused.starts_with("SIP/2.0 422") && refused.contains("\r\nMin-SE: 90\r\n"), "{refused}");

    let mut world = World::new();
    let (bob, _) = world.add_registered("bob");
    let flow = world.phones[bob].flows[0];
    let text = "INVITE sip:bob@b.invalid SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n\
                From: <sip:x@example.test>;tag=x\r\nTo: <sip:bob@example.test>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\
                Contact: <sip:x@x.invalid>\r\nSupported: timer\r\nSession-Expires: 89\r\nContent-Length: 0\r\n\r\n";
    world.deliver(bob, 0, flow, sipwake::io::FlowEvent::Received(text.as_bytes().to_vec()));
    world.run(50);
    let refused = world.phones[bob].sent.iter().find(|text| text.starts_with("SIP/2.0 422")).unwrap();
    assert!(refused.contains("\r\nMin-SE: 90\r\n"), "{refused}");
    assert!(world.calls(bob).is_empty());
}

/// RFC 4028 7.4: without UPDATE in Allow, or where it is refused, the refresh is a re-INVITE with an offer.
#[test]
fn a_refresh_falls_back_to_a_reinvite() {
    for status in [405, 501, 403] {
        let mut talk = talking_for(120, 0);
        answer(&mut talk, "UPDATE", status, &[]);
        talk.world.run(61_500);
        assert_eq!(talk.requests(talk.alice, "UPDATE").len(), 1);
        let invite = talk.requests(talk.alice, "INVITE").pop().unwrap();
        assert_eq!(expires(&invite), Some("120;refresher=uac"), "{status}");
        assert!(!invite.body().is_empty());
        talk.world.run(60_000);
        talk.is_up();
    }
    let mut talk = talking_for(120, 0);
    talk.inject(
        "UPDATE",
        50,
        "Allow: INVITE, ACK, BYE\r\nSupported: timer\r\nSession-Expires: 120;refresher=uas\r\n",
        "",
    );
    talk.world.run(61_000);
    assert!(talk.requests(talk.bob, "UPDATE").is_empty());
    let invite = talk.requests(talk.bob, "INVITE").pop().unwrap();
    assert_eq!(expires(&invite), Some("120;refresher=uac"), "now it is we who refresh, as the UPDATE said");
}

/// RFC 4028 10: nobody refreshes, so the side that waits sends BYE 32 seconds, or a third, before the end.
#[test]
fn a_session_that_nobody_refreshes_ends_with_a_bye() {
    let mut talk = talking_for(120, 0);
    talk.world.phones[talk.alice].deaf = true;
    talk.world.run(87_000);
    talk.is_up();
    talk.world.run(2_000);
    assert!(talk.world.calls(talk.bob).is_empty());
    assert_eq!(talk.requests(talk.bob, "BYE").len(), 1);
    let outcome = talk.world.outcomes(talk.bob).pop().unwrap();
    assert_eq!(
        (outcome.kind, outcome.error.map(|error| error.code)),
        (OutcomeKind::NetworkLost, Some(ErrorCode::Timeout))
    );
}

/// RFC 4028 10: a refresh that times out, or gets 408 or 481, ends the session.
#[test]
fn a_refresh_without_an_answer_ends_the_session() {
    for (status, byes) in [(408, 1), (481, 1)] {
        let mut talk = talking_for(120, 0);
        answer(&mut talk, "UPDATE", status, &[]);
        talk.world.run(61_000);
        assert!(talk.world.calls(talk.alice).is_empty());
        assert_eq!(talk.requests(talk.alice, "BYE").len(), byes);
    }
    let mut talk = talking_for(1_800, 0);
    talk.world.server.drops.push("UPDATE");
    talk.world.run(900_000 + 33_000);
    assert!(talk.world.calls(talk.alice).is_empty());
    assert_eq!(talk.requests(talk.alice, "BYE").len(), 1);
}

/// RFC 4028 7.4: a refresh that finds the session busy is put off and comes when it is free.
#[test]
fn a_refresh_that_finds_the_session_busy_is_not_dropped() {
    let mut talk = talking_for(120, 0);
    talk.world.run(59_400);
    // A hold that collides waits over the moment of the refresh; both leave as one request then.
    answer(&mut talk, "INVITE", 491, &[]);
    let hold = talk.world.command(talk.alice, Command::Hold(talk.call, true));
    talk.world.run(600);
    assert!(talk.requests(talk.alice, "UPDATE").is_empty());
    talk.world.run(4_000);
    assert_eq!(talk.result(hold), Some(Ok(Reply::Done)));
    let last = talk.requests(talk.alice, "INVITE").pop().unwrap();
    assert_eq!(expires(&last), Some("120;refresher=uac"));
    talk.world.run(100_000);
    talk.is_up();

    // Every collision: the refresh goes on trying.
    let mut talk = talking_for(300, 0);
    for _ in 0..7 {
        answer(&mut talk, "UPDATE", 491, &[]);
    }
    talk.world.run(150_000 + 30_000);
    assert_eq!(talk.requests(talk.alice, "UPDATE").len(), 8);
    talk.is_up();
}

/// RFC 4028 7.4: every re-INVITE and UPDATE that is accepted is a refresh.
#[test]
fn a_hold_refreshes_the_session_as_well() {
    let mut talk = talking_for(120, 0);
    talk.world.run(50_000);
    talk.world.command(talk.alice, Command::Hold(talk.call, true));
    talk.world.run(30_000);
    assert!(talk.requests(talk.alice, "UPDATE").is_empty(), "half time counts from the hold");
    talk.world.run(31_000);
    assert_eq!(talk.requests(talk.alice, "UPDATE").len(), 1);
}

/// RFC 4028 9, table 2: a caller that does not know the timer is refreshed by us.
#[test]
fn a_caller_without_the_timer_is_refreshed_by_the_callee() {
    let mut talk = talking_for(0, 0);
    talk.inject("UPDATE", 50, "Session-Expires: 120\r\n", "");
    talk.world.run(100);
    let ok = talk.responses("UPDATE").pop().unwrap();
    assert!(ok.contains("Session-Expires: 120;refresher=uas") && !ok.contains("Require:"), "{ok}");
    talk.world.run(61_000);
    assert_eq!(talk.requests(talk.bob, "UPDATE").len(), 1);
}

#[test]
fn an_interval_below_the_smallest_is_no_option() {
    let mut world = World::new();
    let phone = world.add_phone(sipwake::io::EndpointOptions::default());
    let options = AccountOptions { session_expires: 60, ..crate::world::account("alice") };
    let error = world.command_now(phone, Command::CreateAccount(Box::new(options))).unwrap_err();
    assert_eq!((error.code, error.field), (ErrorCode::InvalidOption, Some("sessionExpires")));
}

#[test]
fn an_ended_call_is_refreshed_no_more() {
    let mut talk = talking_for(120, 0);
    talk.world.command_now(talk.alice, Command::Hangup(talk.call, Extra::default())).unwrap();
    talk.world.run(300_000);
    assert!(requests(&talk.world, talk.alice, Method::Update.as_str()).is_empty());
}
