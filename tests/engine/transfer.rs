//! REFER between phones: blind, attended, outside calls, and what must not go wrong with it.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    AccountId, CallId, CallState, Command, CommandId, ErrorCode, Event, Extra, FlowEvent, ReferralId, Reply, TransferId,
};
use sipwake::message::{HeaderName, Method, Request};

use crate::world::World;

struct Three {
    world: World,
    alice: usize,
    bob: usize,
    carol: usize,
    accounts: [AccountId; 3],
    /// The call between alice and bob on alice's side, and on bob's.
    call: CallId,
    theirs: CallId,
}

/// Three phones; alice has called bob, and bob has answered.
fn three() -> Three {
    let mut world = World::new();
    let (alice, a) = world.add_registered("alice");
    let (bob, b) = world.add_registered("bob");
    let (carol, c) = world.add_registered("carol");
    let call = world.call(alice, a, "bob");
    world.run(200);
    let theirs = world.only_call(bob).id;
    world.command(bob, Command::Answer(theirs, Extra::default()));
    world.run(500);
    assert_eq!(world.state(alice, call), Some(CallState::Connected));
    Three { world, alice, bob, carol, accounts: [a, b, c], call, theirs }
}

impl Three {
    fn transfer(&mut self, extra: &[(&str, &str)]) -> CommandId {
        let headers = extra.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let command = Command::Transfer { call: self.call, target: "carol".to_owned(), extra: Extra { headers } };
        let command = self.world.command(self.alice, command);
        self.world.run(50);
        command
    }

    fn accept(&mut self) -> CallId {
        let referral = referral(&self.world, self.bob);
        match self.world.command_now(self.bob, Command::AcceptReferral { referral, video: sipwake::io::Video::Off }) {
            Ok(Reply::Call(call)) => call,
            other => panic!("{other:?}"),
        }
    }

    fn agreed(&self, command: CommandId) -> TransferId {
        match self.world.result(self.alice, command) {
            Some(Ok(Reply::Transfer(id))) => id,
            other => panic!("{other:?}"),
        }
    }

    fn statuses(&self, transfer: TransferId) -> Vec<(u16, bool)> {
        statuses(&self.world, self.alice, transfer)
    }

    fn last(&self, method: Method) -> &Request {
        self.world.server.requests.iter().rfind(|request| *request.method() == method).unwrap()
    }
}

fn statuses(world: &World, phone: usize, transfer: TransferId) -> Vec<(u16, bool)> {
    let of = |event: &Event| match event {
        Event::TransferChanged { transfer: id, status, done, .. } if *id == transfer => Some((*status, *done)),
        _ => None,
    };
    world.phones[phone].events.iter().filter_map(of).collect()
}

fn referral(world: &World, phone: usize) -> ReferralId {
    let of = |event: &Event| match event {
        Event::ReferReceived { referral, .. } => Some(*referral),
        _ => None,
    };
    world.phones[phone].events.iter().rev().find_map(of).expect("a REFER")
}

/// The last response with this start, as text.
fn answer(world: &World, phone: usize, start: &str) -> String {
    world.phones[phone].sent.iter().rfind(|text| text.starts_with(start)).expect("such a response").clone()
}

/// RFC 3515 2.4.2: 202, then the new call.
/// RFC 3515 2.4.4: NOTIFY at once and with each change.
/// RFC 5589 6.1: a blind transfer; who asked for it ends its own call once it is done.
#[test]
fn a_blind_transfer_joins_the_other_two() {
    let mut three = three();
    let command = three.transfer(&[]);
    let told = three.world.phones[three.bob].events.iter().find_map(|event| match event {
        Event::ReferReceived { account, call, target, replaces, referred_by, .. } => {
            Some((*account, *call, target.clone(), *replaces, referred_by.clone()))
        }
        _ => None,
    });
    let expected = (
        three.accounts[1],
        Some(three.theirs),
        "sip:carol@example.test".to_owned(),
        false,
        Some("sip:alice@example.test".to_owned()),
    );
    assert_eq!(told, Some(expected));
    assert_eq!(three.world.result(three.alice, command), None, "it was not agreed to yet");
    let new = three.accept();
    three.world.run(300);
    let transfer = three.agreed(command);
    assert_eq!(three.statuses(transfer), [(100, false), (180, false)]);
    let carols = three.world.only_call(three.carol);
    assert_eq!(carols.remote_uri, "sip:bob@example.test");
    assert_eq!(three.last(Method::Invite).headers.get(HeaderName::ReferredBy), Some("<sip:alice@example.test>"));
    three.world.command(three.carol, Command::Answer(carols.id, Extra::default()));
    three.world.run(500);
    assert_eq!(three.statuses(transfer), [(100, false), (180, false), (200, true)]);
    assert_eq!(three.world.state(three.alice, three.call), Some(CallState::Connected), "a moment for the far end");
    three.world.run(1_000);
    assert!(three.world.calls(three.alice).is_empty());
    assert_eq!(three.world.only_call(three.bob).id, new);
    assert_eq!(three.world.only_call(three.carol).state, CallState::Connected);
    assert_eq!(three.world.sent(three.alice, "BYE"), 1);
}

/// RFC 6665 4.1.3: NOTIFY has Event and Subscription-State; RFC 3515 2.4.5: and a sipfrag.
#[test]
fn the_notifies_say_what_the_new_call_does() {
    let mut three = three();
    three.transfer(&[]);
    three.accept();
    three.world.run(300);
    let carols = three.world.only_call(three.carol).id;
    three.world.command(three.carol, Command::Answer(carols, Extra::default()));
    three.world.run(500);
    let notifies: Vec<_> = three
        .world
        .server
        .requests
        .iter()
        .filter(|request| *request.method() == Method::Notify)
        .map(|notify| {
            let get = |name| notify.headers.get(name).unwrap().to_owned();
            let body = String::from_utf8(notify.body().to_vec()).unwrap();
            assert_eq!(get(HeaderName::ContentType), "message/sipfrag;version=2.0");
            assert!(get(HeaderName::Contact).contains(".invalid"));
            (get(HeaderName::Event), get(HeaderName::SubscriptionState), body)
        })
        .collect();
    assert_eq!(notifies.len(), 3, "{notifies:?}");
    assert_eq!(notifies[0].0, "refer");
    assert_eq!((notifies[0].1.as_str(), notifies[0].2.as_str()), ("active;expires=180", "SIP/2.0 100 Trying\r\n"));
    assert_eq!(notifies[1].2, "SIP/2.0 180 Ringing\r\n");
    assert_eq!(notifies[2].1, "terminated;reason=noresource");
    assert_eq!(notifies[2].2, "SIP/2.0 200 OK\r\n");
}

#[test]
fn a_transfer_whose_target_declines_leaves_the_call_as_it_is() {
    let mut three = three();
    let command = three.transfer(&[]);
    three.accept();
    three.world.run(300);
    let carols = three.world.only_call(three.carol).id;
    three.world.command_now(three.carol, Command::Decline(carols, Some(486), Extra::default())).unwrap();
    three.world.run(5_000);
    let transfer = three.agreed(command);
    assert_eq!(three.statuses(transfer).last(), Some(&(486, true)));
    assert_eq!(three.world.only_call(three.alice).state, CallState::Connected);
    assert_eq!(three.world.only_call(three.bob).state, CallState::Connected);
}

#[test]
fn a_refused_transfer_fails_with_the_status() {
    let mut three = three();
    let command = three.transfer(&[]);
    let referral = referral(&three.world, three.bob);
    three.world.command_now(three.bob, Command::RejectReferral(referral, 488)).unwrap();
    three.world.run(100);
    let error = three.world.result(three.alice, command).unwrap().unwrap_err();
    assert_eq!(error.status, Some(488));
    let told: Vec<_> = three.world.phones[three.alice]
        .events
        .iter()
        .filter(|event| matches!(event, Event::TransferChanged { status: 488, done: true, .. }))
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(three.world.calls(three.bob).len(), 1);
    assert_eq!(
        three.world.command_now(three.bob, Command::AcceptReferral { referral, video: sipwake::io::Video::Off }),
        Err(ErrorCode::NotFound.into())
    );
}

#[test]
fn a_refer_that_nobody_answers_is_refused_after_ten_seconds() {
    let mut three = three();
    let command = three.transfer(&[]);
    three.world.run(9_000);
    assert_eq!(three.world.result(three.alice, command), None);
    three.world.run(1_500);
    assert_eq!(three.world.result(three.alice, command).unwrap().unwrap_err().status, Some(603));
    assert_eq!(three.world.sent(three.bob, "INVITE"), 0);
}

/// RFC 4488 4: Refer-Sub: false.
#[test]
fn without_a_subscription_no_notify_follows_and_the_call_stays() {
    let mut three = three();
    let command = three.transfer(&[("Refer-Sub", "false")]);
    three.accept();
    three.world.run(300);
    let carols = three.world.only_call(three.carol).id;
    three.world.command(three.carol, Command::Answer(carols, Extra::default()));
    three.world.run(5_000);
    assert!(answer(&three.world, three.bob, "SIP/2.0 202").contains("Refer-Sub: false"));
    assert_eq!(three.world.sent(three.bob, "NOTIFY"), 0);
    let transfer = three.agreed(command);
    assert_eq!(three.statuses(transfer), [(202, true)]);
    assert_eq!(three.world.only_call(three.alice).state, CallState::Connected);
}

/// RFC 7614 4: who requires `nosub` gets 200 and no NOTIFY.
#[test]
fn a_refer_that_forbids_the_subscription_is_followed_without_one() {
    let mut three = three();
    let lines = "Refer-To: <sip:carol@example.test>\r\nRequire: nosub\r\n";
    refer(&mut three, true, lines);
    three.accept();
    assert!(three.world.phones[three.bob].sent.last().unwrap().starts_with("SIP/2.0 200"));
    three.world.run(300);
    assert_eq!(three.world.calls(three.carol).len(), 1);
    assert_eq!(three.world.sent(three.bob, "NOTIFY"), 0);
}

/// RFC 5057 5: the subscription outlives the call whose dialog it shares.
#[test]
fn progress_is_told_although_the_call_was_hung_up_long_ago() {
    let mut three = three();
    let command = three.transfer(&[]);
    three.accept();
    three.world.run(300);
    three.world.command_now(three.alice, Command::Hangup(three.call, Extra::default())).unwrap();
    three.world.run(90_000);
    let carols = three.world.only_call(three.carol).id;
    three.world.command(three.carol, Command::Answer(carols, Extra::default()));
    three.world.run(500);
    let transfer = three.agreed(command);
    assert_eq!(three.statuses(transfer).last(), Some(&(200, true)));
    assert_eq!(three.world.only_call(three.bob).state, CallState::Connected);
    three.world.run(200_000);
    assert_eq!(three.world.calls(three.alice).len(), 0);
}

/// RFC 3515 2.4.6: with a second REFER in a dialog the NOTIFYs say which one they are about.
#[test]
fn two_transfers_in_one_call_are_told_apart() {
    let mut three = three();
    let first = three.transfer(&[]);
    let referral_of_first = referral(&three.world, three.bob);
    let second = three.transfer(&[]);
    let referral_of_second = referral(&three.world, three.bob);
    assert_ne!(referral_of_first, referral_of_second);
    three
        .world
        .command_now(
            three.bob,
            Command::AcceptReferral { referral: referral_of_second, video: sipwake::io::Video::Off },
        )
        .unwrap();
    three.world.run(200);
    let numbered = three.last(Method::Notify).headers.get(HeaderName::Event).unwrap().to_owned();
    assert!(numbered.starts_with("refer;id="), "{numbered}");
    let second = three.agreed(second);
    assert_eq!(three.statuses(second).last(), Some(&(180, false)));
    assert_eq!(three.world.result(three.alice, first), None);
}

/// RFC 3891 3: the tags in Replaces are those that the far end of the other call sees.
/// RFC 5589 7.3: Refer-To with an escaped Replaces.
#[test]
fn an_attended_transfer_names_the_other_dialog_from_the_far_ends_view() {
    let mut three = three();
    let other = three.world.call(three.alice, three.accounts[0], "carol");
    three.world.run(200);
    let carols = three.world.only_call(three.carol).id;
    let early = Command::TransferToCall { call: three.call, to: other, extra: Extra::default() };
    assert_eq!(three.world.command_now(three.alice, early), Err(ErrorCode::InvalidState.into()), "it only rings");
    three.world.command(three.carol, Command::Answer(carols, Extra::default()));
    three.world.run(500);
    let command = Command::TransferToCall { call: three.call, to: other, extra: Extra::default() };
    three.world.command(three.alice, command);
    three.world.run(50);
    let refer = three.last(Method::Refer);
    let refer_to = refer.headers.refer_to().unwrap().unwrap();
    assert_eq!(refer_to.target(), "sip:carol@example.test");
    let replaces = refer_to.replaces().unwrap().unwrap();
    assert_eq!(replaces.call_id, three.world.only_call(three.carol).sip_call_id);
    let ok = answer(&three.world, three.carol, "SIP/2.0 200 OK");
    let tag = |name: &str| {
        let line = ok.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_once(";tag=").unwrap().1.to_owned()
    };
    assert_eq!((replaces.to_tag.as_ref(), replaces.from_tag.as_ref()), (tag("To:").as_str(), tag("From:").as_str()));
    let event = three.world.phones[three.bob].events.iter().find_map(|event| match event {
        Event::ReferReceived { replaces, target, .. } => Some((*replaces, target.clone())),
        _ => None,
    });
    assert_eq!(event, Some((true, "sip:carol@example.test".to_owned())));
    three.accept();
    three.world.run(50);
    let invite = three.last(Method::Invite);
    let written = invite.headers.replaces().unwrap().unwrap();
    assert_eq!(
        (written.call_id.as_ref(), written.to_tag.as_ref()),
        (replaces_id(&three).as_str(), tag("To:").as_str())
    );
    assert!(invite.headers.requires("replaces"));
}

fn replaces_id(three: &Three) -> String {
    let calls = three.world.calls(three.alice);
    calls.into_iter().find(|call| call.id != three.call).map(|call| call.sip_call_id).unwrap()
}

/// Alice talks to bob and to carol and joins the two.
fn joined() -> (Three, CallId, CommandId) {
    let mut three = three();
    let other = three.world.call(three.alice, three.accounts[0], "carol");
    three.world.run(200);
    let carols = three.world.only_call(three.carol).id;
    three.world.command(three.carol, Command::Answer(carols, Extra::default()));
    three.world.run(500);
    let command = Command::TransferToCall { call: three.call, to: other, extra: Extra::default() };
    let command = three.world.command(three.alice, command);
    three.world.run(50);
    (three, other, command)
}

/// RFC 5589 7.3: an attended transfer; the target takes the new call in place of the old one without being asked.
/// RFC 3891 3: and ends the old one.
#[test]
fn an_attended_transfer_joins_the_other_two() {
    let (mut three, other, command) = joined();
    let new = three.accept();
    three.world.run(600);
    let transfer = three.agreed(command);
    assert_eq!(three.statuses(transfer).last(), Some(&(200, true)));
    assert_eq!(three.world.state(three.alice, other), None, "carol has ended it");
    three.world.run(1_500);
    assert!(three.world.calls(three.alice).is_empty());
    assert_eq!(three.world.only_call(three.bob).id, new);
    assert_eq!(three.world.only_call(three.bob).state, CallState::Connected);
    let carols = three.world.only_call(three.carol);
    assert_eq!((carols.state, carols.remote_uri.as_str()), (CallState::Connected, "sip:bob@example.test"));
    assert_eq!((three.world.sent(three.alice, "BYE"), three.world.sent(three.carol, "BYE")), (1, 1));
    assert!(three.world.phones[three.carol].events.iter().any(|event| matches!(event, Event::CallReplaced { .. })));
}

#[test]
fn an_attended_transfer_whose_target_has_hung_up_meanwhile_fails_and_the_first_call_stays() {
    let (mut three, _, command) = joined();
    let carols = three.world.only_call(three.carol).id;
    three.world.command_now(three.carol, Command::Hangup(carols, Extra::default())).unwrap();
    three.world.run(50);
    three.accept();
    three.world.run(3_000);
    let transfer = three.agreed(command);
    let (status, done) = *three.statuses(transfer).last().unwrap();
    assert!(done && status >= 400, "{status}");
    assert_eq!(three.world.only_call(three.alice).id, three.call);
    assert_eq!(three.world.only_call(three.alice).state, CallState::Connected);
    assert!(three.world.calls(three.carol).is_empty(), "it does not ring there");
}

/// RFC 5627 4.4: a GRUU reaches the very device from everywhere, so it is the target where there is one.
#[test]
fn the_target_of_an_attended_transfer_is_the_gruu_of_the_far_end() {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    world.add_registered("bob");
    world.server.gruu = Some("sip:carol@example.test;gr=urn:uuid:7".to_owned());
    let (carol, _) = world.add_registered("carol");
    let mut calls = Vec::new();
    for (name, phone) in [("bob", 1), ("carol", carol)] {
        calls.push(world.call(alice, account, name));
        world.run(200);
        let theirs = world.only_call(phone).id;
        world.command(phone, Command::Answer(theirs, Extra::default()));
        world.run(500);
    }
    world.command(alice, Command::TransferToCall { call: calls[0], to: calls[1], extra: Extra::default() });
    world.run(50);
    let refer = world.server.requests.iter().rfind(|request| *request.method() == Method::Refer).unwrap();
    assert_eq!(refer.headers.refer_to().unwrap().unwrap().target(), "sip:carol@example.test;gr=urn:uuid:7");
}

#[test]
fn a_call_cannot_be_transferred_to_itself() {
    let mut three = three();
    let command = Command::TransferToCall { call: three.call, to: three.call, extra: Extra::default() };
    assert_eq!(three.world.command_now(three.alice, command), Err(ErrorCode::InvalidState.into()));
    let command = Command::Transfer { call: three.call, target: "a b".to_owned(), extra: Extra::default() };
    assert_eq!(three.world.command_now(three.alice, command), Err(ErrorCode::InvalidTarget.into()));
}

/// RFC 3515 2: a REFER outside a call makes a dialog of its own, in which the NOTIFYs come.
#[test]
fn a_refer_outside_a_call_is_followed_as_well() {
    let mut world = World::new();
    let (alice, from) = world.add_registered("alice");
    let (bob, account) = world.add_registered("bob");
    let (carol, _) = world.add_registered("carol");
    let command = world.command(
        alice,
        Command::Refer {
            account: from,
            target: "bob".to_owned(),
            refer_to: "carol".to_owned(),
            extra: Extra::default(),
        },
    );
    world.run(50);
    let asked = referral(&world, bob);
    assert!(
        world.phones[bob]
            .events
            .iter()
            .any(|event| matches!(event, Event::ReferReceived { account: of, call: None, .. } if *of == account))
    );
    world.command_now(bob, Command::AcceptReferral { referral: asked, video: sipwake::io::Video::Off }).unwrap();
    world.run(200);
    let carols = world.only_call(carol).id;
    world.command(carol, Command::Answer(carols, Extra::default()));
    world.run(500);
    let Some(Ok(Reply::Transfer(transfer))) = world.result(alice, command) else {
        panic!("{:?}", world.result(alice, command))
    };
    assert_eq!(statuses(&world, alice, transfer), [(100, false), (180, false), (200, true)]);
    assert_eq!(world.only_call(bob).state, CallState::Connected);
    world.run(5_000);
    assert_eq!(world.calls(carol).len(), 1);
}

/// A REFER with these lines in the dialog of bob's call, or outside any.
fn refer(three: &mut Three, in_dialog: bool, lines: &str) -> String {
    let refer = three.world.server.requests.iter().rfind(|r| *r.method() == Method::Ack).unwrap().clone();
    let number = three.world.now;
    let flow = three.world.phones[three.bob].flows[0];
    let get = |name| refer.headers.get(name).unwrap().to_owned();
    let dialog = if in_dialog {
        format!(
            "From: {}\r\nTo: {}\r\nCall-ID: {}\r\n",
            get(HeaderName::From),
            get(HeaderName::To),
            get(HeaderName::CallId)
        )
    } else {
        format!("From: <sip:x@example.test>;tag=x\r\nTo: <sip:bob@example.test>\r\nCall-ID: x{number}\r\n")
    };
    let text = format!(
        "REFER sip:bob@b.invalid SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bKr{number}\r\nMax-Forwards: 70\r\n\
         {dialog}CSeq: {number} REFER\r\nContact: <sip:a@a.invalid>\r\n{lines}Content-Length: 0\r\n\r\n"
    );
    three.world.deliver(three.bob, 0, flow, FlowEvent::Received(text.into_bytes()));
    three.world.run(50);
    three.world.phones[three.bob].sent.last().unwrap().clone()
}

/// RFC 3515 2.4.2: exactly one Refer-To, else 400.
#[test]
fn a_refer_that_asks_for_what_cannot_be_is_refused_at_once() {
    let mut three = three();
    for in_dialog in [true, false] {
        for (lines, status) in [
            ("", "400"),
            ("Refer-To: <sip:a@x>\r\nRefer-To: <sip:b@x>\r\n", "400"),
            ("Refer-To: <sip:a@x>, <sip:b@x>\r\n", "400"),
            ("Refer-To: <sip:\r\n", "400"),
            ("Refer-To: <tel:+15550100>\r\n", "416"),
            ("Refer-To: <http://x/y>\r\n", "416"),
            ("Refer-To: <mailto:a@x>\r\n", "416"),
            ("Refer-To: <sip:a@x;method=BYE>\r\n", "501"),
            ("Refer-To: <sip:a@x?Replaces=only-a-call-id>\r\n", "400"),
            ("Refer-To: <sip:a@x?Replaces=1%3Bto-tag%3D2%3Bfrom-tag%3D3%0D%0AX%3A%20y>\r\n", "400"),
            ("Refer-To: <sip:a@x>\r\nReferred-By: <sip:\r\n", "400"),
        ] {
            let response = refer(&mut three, in_dialog, lines);
            assert!(response.starts_with(&format!("SIP/2.0 {status}")), "{lines}: {response}");
        }
    }
    assert!(!three.world.phones[three.bob].events.iter().any(|event| matches!(event, Event::ReferReceived { .. })));
}

#[test]
fn headers_that_a_refer_smuggles_in_are_left_out_of_the_invite() {
    let mut three = three();
    let lines =
        "Refer-To: <sip:carol@example.test?X-Evil=1&Route=%3Csip%3Aevil%3E&Content-Type=text%2Fplain&body=x>\r\n";
    refer(&mut three, true, lines);
    three.accept();
    three.world.run(200);
    let invite = three.last(Method::Invite);
    assert_eq!(invite.uri(), "sip:carol@example.test");
    assert!(invite.headers.get_named("X-Evil").is_none() && invite.headers.get(HeaderName::Route).is_none());
    assert_eq!(invite.headers.get(HeaderName::ContentType), Some("application/sdp"));
}

/// RFC 3261 12.2.2: no dialog, 481.
#[test]
fn a_refer_on_a_dialog_that_is_over_gets_481() {
    let mut three = three();
    three.world.command_now(three.bob, Command::Hangup(three.theirs, Extra::default())).unwrap();
    three.world.run(100);
    let response = refer(&mut three, true, "Refer-To: <sip:carol@example.test>\r\n");
    assert!(response.starts_with("SIP/2.0 481"), "{response}");
}

#[test]
fn more_referrals_than_the_limit_get_503() {
    let mut three = three();
    for _ in 0..sipwake::common::limits::REFERRALS {
        refer(&mut three, false, "Refer-To: <sip:carol@example.test>\r\n");
    }
    let response = refer(&mut three, false, "Refer-To: <sip:carol@example.test>\r\n");
    assert!(response.starts_with("SIP/2.0 503"), "{response}");
}

/// RFC 6665 4.1.3: a NOTIFY that belongs to no subscription gets 481.
#[test]
fn a_notify_about_no_transfer_gets_481_and_one_without_event_489() {
    let mut three = three();
    let ack = three.last(Method::Ack).clone();
    let get = |name| ack.headers.get(name).unwrap().to_owned();
    let flow = three.world.phones[three.bob].flows[0];
    for (number, lines, status) in [
        (70, "Event: refer\r\nSubscription-State: active\r\n", "481"),
        (71, "Event: presence\r\nSubscription-State: active\r\n", "481"),
        (72, "", "489"),
    ] {
        let text = format!(
            "NOTIFY sip:bob@b.invalid SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bKn{number}\r\nMax-Forwards: 70\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {number} NOTIFY\r\nContact: <sip:a@a.invalid>\r\n{lines}\
             Content-Length: 0\r\n\r\n",
            get(HeaderName::From),
            get(HeaderName::To),
            get(HeaderName::CallId)
        );
        three.world.deliver(three.bob, 0, flow, FlowEvent::Received(text.into_bytes()));
        three.world.run(20);
        let response = three.world.phones[three.bob].sent.last().unwrap();
        assert!(response.starts_with(&format!("SIP/2.0 {status}")), "{response}");
    }
    assert_eq!(three.world.only_call(three.bob).state, CallState::Connected);
}

#[test]
fn a_far_end_that_agrees_and_falls_silent_ends_the_waiting() {
    let mut three = three();
    let command = three.transfer(&[]);
    three.accept();
    three.world.run(15);
    three.world.phones[three.bob].deaf = true;
    three.world.run(400_000);
    let transfer = three.agreed(command);
    assert!(three.statuses(transfer).last().unwrap().1, "{:?}", three.statuses(transfer));
    assert_eq!(three.world.state(three.alice, three.call), Some(CallState::Connected));
}

#[test]
fn a_referral_that_cannot_be_followed_is_refused() {
    let mut three = three();
    let command = three.transfer(&[]);
    let account = three.accounts[1];
    for _ in 1..sipwake::common::limits::CALLS {
        three.world.call(three.bob, account, "nobody-home");
    }
    let asked = referral(&three.world, three.bob);
    let refused =
        three.world.command_now(three.bob, Command::AcceptReferral { referral: asked, video: sipwake::io::Video::Off });
    assert_eq!(refused, Err(ErrorCode::TooManyCalls.into()));
    three.world.run(100);
    assert_eq!(three.world.result(three.alice, command).unwrap().unwrap_err().status, Some(486));
}
