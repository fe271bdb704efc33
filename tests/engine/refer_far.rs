//! REFER against a scripted far end: what other user agents make of it.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{CallState, Command, CommandId, ErrorCode, Event, Extra, ReferralId, Reply, TransferId};
use sipwake::message::{HeaderName, Request};

use crate::far::{Far, Peer, header};

const FRAG: &str = "Content-Type: message/sipfrag";

struct Transferring {
    far: Far,
    peer: Peer,
    call: sipwake::io::CallId,
    command: CommandId,
    refer: Request,
}

/// A call with the far end, which the phone asks to call carol.
fn transferring() -> Transferring {
    let mut far = Far::new();
    let (call, _, peer) = far.talking();
    let command = Command::Transfer { call, target: "carol".to_owned(), extra: Extra::default() };
    let command = far.world.command(far.phone, command);
    far.run(20);
    let refer = far.request("REFER");
    Transferring { far, peer, call, command, refer }
}

impl Transferring {
    fn accept(&mut self) {
        let refer = self.refer.clone();
        self.far.reply(&refer, 202, "bob", &[], "");
    }

    fn notify(&mut self, state: &str, body: &str) -> u16 {
        self.notify_event("Event: refer", state, body)
    }

    fn notify_event(&mut self, event: &str, state: &str, body: &str) -> u16 {
        let state = format!("Subscription-State: {state}");
        self.far.ask(&mut self.peer, "NOTIFY", &[event, &state, FRAG], body);
        self.far.response("NOTIFY").status()
    }

    fn told(&self) -> Vec<(u16, bool)> {
        let of = |event: &Event| match event {
            Event::TransferChanged { status, done, .. } => Some((*status, *done)),
            _ => None,
        };
        self.far.world.phones[self.far.phone].events.iter().filter_map(of).collect()
    }

    fn result(&self) -> Option<Result<Reply, sipwake::io::Error>> {
        self.far.world.result(self.far.phone, self.command)
    }
}

/// RFC 3515 2.4.1, 2.4.2: what a REFER carries.
/// RFC 3892 2: Referred-By.
#[test]
fn a_refer_carries_what_it_must() {
    let transferring = transferring();
    let get = |name| header(&transferring.refer.headers, name);
    assert_eq!(get(HeaderName::ReferTo), "<sip:carol@example.test>");
    assert_eq!(get(HeaderName::ReferredBy), "<sip:alice@example.test>");
    assert_eq!(transferring.refer.headers.lines(HeaderName::Contact).count(), 1);
    assert_eq!(transferring.refer.uri(), "sip:bob@bob.invalid;transport=ws", "inside the call's dialog");
}

/// RFC 6665 4.1.2.4: a NOTIFY before the 202.
#[test]
fn a_notify_before_the_202_is_the_agreement() {
    let mut transferring = transferring();
    assert_eq!(transferring.notify("active;expires=60", "SIP/2.0 100 Trying\r\n"), 200);
    assert!(matches!(transferring.result(), Some(Ok(Reply::Transfer(_)))));
    transferring.accept();
    assert_eq!(transferring.notify("terminated;reason=noresource", "SIP/2.0 200 OK\r\n"), 200);
    assert_eq!(transferring.told(), [(100, false), (200, true)]);
}

#[test]
fn a_far_end_that_says_terminated_every_time_is_heard_to_the_end() {
    let mut transferring = transferring();
    transferring.accept();
    for body in ["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK"] {
        assert_eq!(transferring.notify("terminated;reason=noresource", body), 200);
    }
    assert_eq!(transferring.told(), [(100, false), (180, false), (200, true)]);
}

#[test]
fn a_body_that_is_no_sipfrag_says_nothing() {
    let mut transferring = transferring();
    transferring.accept();
    for body in ["", "OK", "SIP/2.0 999 What", "SIP/2.0 2000 OK", "200 OK"] {
        assert_eq!(transferring.notify("active;expires=60", body), 200, "{body}");
    }
    let lines = ["Event: refer", "Subscription-State: active", "Content-Type: text/plain"];
    transferring.far.ask(&mut transferring.peer, "NOTIFY", &lines, "SIP/2.0 200 OK\r\n");
    assert!(transferring.told().iter().all(|told| *told == (100, false)), "{:?}", transferring.told());
    assert_eq!(transferring.far.state(transferring.call), Some(CallState::Connected));
}

#[test]
fn a_far_end_that_hangs_up_itself_is_not_hung_up_again() {
    let mut transferring = transferring();
    transferring.accept();
    transferring.notify("terminated;reason=noresource", "SIP/2.0 200 OK\r\n");
    transferring.far.ask(&mut transferring.peer, "BYE", &[], "");
    transferring.far.run(5_000);
    assert_eq!(transferring.far.count("BYE"), 0);
    assert_eq!(transferring.far.state(transferring.call), None);
}

/// RFC 3515 2.4.5: the NOTIFY comes although the call is over.
#[test]
fn who_hangs_up_before_it_reports_is_heard_all_the_same() {
    let mut transferring = transferring();
    transferring.accept();
    transferring.far.ask(&mut transferring.peer, "BYE", &[], "");
    transferring.far.run(60_000);
    assert_eq!(transferring.notify("terminated;reason=noresource", "SIP/2.0 486 Busy Here\r\n"), 200);
    assert_eq!(transferring.told().last(), Some(&(486, true)));
    transferring.far.run(300_000);
    assert_eq!(transferring.notify("active", "SIP/2.0 200 OK\r\n"), 481, "it is all over");
}

#[test]
fn after_the_last_word_a_repeated_one_is_answered_and_not_told() {
    let mut transferring = transferring();
    transferring.accept();
    for _ in 0..2 {
        assert_eq!(transferring.notify("terminated;reason=noresource", "SIP/2.0 503 x\r\n"), 200);
    }
    assert_eq!(transferring.told(), [(503, true)]);
    transferring.far.run(40_000);
    assert_eq!(transferring.notify("terminated", "SIP/2.0 200 OK\r\n"), 481);
}

/// RFC 3515 2.4.6: the id is the REFER's number, also where a challenge has changed it.
#[test]
fn the_id_is_the_number_of_the_refer_that_was_let_through() {
    let mut transferring = transferring();
    let first = transferring.refer.clone();
    let challenge = "Proxy-Authenticate: Digest realm=\"example.test\", nonce=\"other\", qop=\"auth\"";
    transferring.far.reply(&first, 407, "bob", &[challenge], "");
    transferring.refer = transferring.far.request("REFER");
    assert_ne!(transferring.refer.headers.cseq(), first.headers.cseq());
    assert!(transferring.refer.headers.get(HeaderName::ProxyAuthorization).unwrap().contains("other"));
    transferring.accept();
    let number = transferring.refer.headers.cseq().unwrap().unwrap().number;
    let event = format!("Event: refer;id={number}");
    assert_eq!(transferring.notify_event(&event, "active", "SIP/2.0 180 Ringing\r\n"), 200);
    assert_eq!(transferring.told(), [(180, false)]);
}

#[test]
fn a_refer_that_nobody_answers_times_out_and_the_call_stays() {
    let mut transferring = transferring();
    transferring.far.run(70_000);
    assert_eq!(transferring.result().unwrap().unwrap_err().code, ErrorCode::Timeout);
    assert_eq!(transferring.far.state(transferring.call), Some(CallState::Connected));
    assert_eq!(transferring.notify("active", "SIP/2.0 180 Ringing\r\n"), 481);
}

#[test]
fn a_notify_that_says_nothing_of_the_subscription_gets_400() {
    let mut transferring = transferring();
    transferring.accept();
    transferring.far.ask(&mut transferring.peer, "NOTIFY", &["Event: refer", FRAG], "SIP/2.0 200 OK\r\n");
    assert_eq!(transferring.far.response("NOTIFY").status(), 400);
    assert!(transferring.told().is_empty());
}

/// RFC 3261 12.2.2: a NOTIFY out of order gets 500.
#[test]
fn a_notify_out_of_order_is_not_heard() {
    let mut transferring = transferring();
    transferring.accept();
    transferring.notify("active", "SIP/2.0 180 Ringing\r\n");
    transferring.peer.cseq -= 1;
    assert_eq!(transferring.notify("terminated", "SIP/2.0 200 OK\r\n"), 500);
    assert_eq!(transferring.told(), [(180, false)]);
}

#[test]
fn what_waits_when_the_engine_stops_is_told_so() {
    let mut transferring = transferring();
    transferring.far.world.command(transferring.far.phone, Command::Stop);
    transferring.far.run(40_000);
    assert!(transferring.result().unwrap().is_err());
}

/// RFC 3515 2.4.4: the subscription is extended with SUBSCRIBE in the REFER's dialog.
#[test]
fn a_transfer_that_takes_longer_than_its_subscription_refreshes_it() {
    let mut transferring = transferring();
    transferring.accept();
    let number = transferring.refer.headers.cseq().unwrap().unwrap().number;
    let event = format!("Event: refer;id={number}");
    transferring.notify_event(&event, "active;expires=60", "SIP/2.0 180 Ringing\r\n");
    transferring.far.run(55_000);
    let subscribe = transferring.far.request("SUBSCRIBE");
    assert_eq!(header(&subscribe.headers, HeaderName::Event), format!("refer;id={number}"));
    assert_eq!(header(&subscribe.headers, HeaderName::Expires), "180");
    assert_eq!(subscribe.headers.call_id(), transferring.refer.headers.call_id());
    transferring.far.reply(&subscribe, 200, "bob", &["Expires: 120"], "");
    transferring.notify_event(&event, "active;expires=120", "SIP/2.0 180 Ringing\r\n");
    transferring.far.run(100_000);
    assert_eq!(transferring.told(), [(180, false)], "it goes on");
    assert_eq!(transferring.notify_event(&event, "terminated", "SIP/2.0 200 OK\r\n"), 200);
    assert_eq!(transferring.told().last(), Some(&(200, true)));
}

/// RFC 5057 5.1: who knows of no such subscription ends that, and not the call whose dialog it shares.
#[test]
fn a_refused_refresh_of_a_transfer_ends_no_call() {
    for status in [481, 489, 405, 403] {
        let mut transferring = transferring();
        transferring.accept();
        transferring.notify("active;expires=60", "SIP/2.0 180 Ringing\r\n");
        transferring.far.run(55_000);
        let subscribe = transferring.far.request("SUBSCRIBE");
        transferring.far.reply(&subscribe, status, "bob", &[], "");
        assert_eq!(transferring.far.state(transferring.call), Some(CallState::Connected), "{status}");
        assert_eq!(transferring.notify("terminated", "SIP/2.0 486 Busy\r\n"), 200, "it is heard all the same");
        assert_eq!(transferring.told().last(), Some(&(486, true)));
        assert_eq!(transferring.far.count("SUBSCRIBE"), 1);
    }
}

/// RFC 7614 4: where the REFER requires `nosub`, its 2xx is all there is to hear.
#[test]
fn a_refer_of_ours_that_forbids_the_subscription_is_done_with_its_answer() {
    let mut far = Far::new();
    let (call, _, _) = far.talking();
    let headers = vec![("Require".to_owned(), "nosub".to_owned())];
    let command = Command::Transfer { call, target: "carol".to_owned(), extra: Extra { headers } };
    let command = far.world.command(far.phone, command);
    far.run(20);
    let refer = far.request("REFER");
    assert!(refer.headers.supports("norefersub") && refer.headers.supports("nosub"));
    far.reply(&refer, 200, "bob", &[], "");
    assert!(matches!(far.world.result(far.phone, command), Some(Ok(Reply::Transfer(_)))));
    let done = |event: &Event| matches!(event, Event::TransferChanged { status: 200, done: true, .. });
    assert!(far.world.phones[far.phone].events.iter().any(done));
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 7614 4.1, 6: who requires `explicitsub` follows the transfer where the 200 says.
#[test]
fn a_transfer_is_followed_by_a_subscription_of_its_own_where_that_was_asked_for() {
    for in_call in [true, false] {
        let mut far = Far::new();
        let (call, _, _) = far.talking();
        let extra = Extra { headers: vec![("Require".to_owned(), "explicitsub".to_owned())] };
        let (account, refer_to) = (far.account, "carol".to_owned());
        let command = match in_call {
            true => Command::Transfer { call, target: refer_to, extra },
            false => Command::Refer { account, target: "dave".to_owned(), refer_to, extra },
        };
        far.world.command(far.phone, command);
        far.run(20);
        let refer = far.request("REFER");
        far.reply(&refer, 200, "bob", &["Refer-Events-At: <sip:events@bob.invalid;x=1>"], "");
        let subscribe = far.request("SUBSCRIBE");
        assert_eq!(subscribe.uri(), "sip:events@bob.invalid;x=1");
        assert_ne!(subscribe.headers.call_id(), refer.headers.call_id());
        assert_eq!(header(&subscribe.headers, HeaderName::Event), "refer");
        far.reply(&subscribe, 200, "events", &["Expires: 60"], "");
        let mut events = far.peer(&subscribe, "events");
        let mut notify = |far: &mut Far, state: &str, body: &str| {
            far.ask(&mut events, "NOTIFY", &["Event: refer", &format!("Subscription-State: {state}"), FRAG], body);
            far.response("NOTIFY").status()
        };
        assert_eq!(notify(&mut far, "active;expires=60", "SIP/2.0 180 Ringing\r\n"), 200);
        far.run(55_000);
        let refresh = far.request("SUBSCRIBE");
        assert_eq!(refresh.headers.call_id(), subscribe.headers.call_id(), "it is refreshed in its own dialog");
        far.reply(&refresh, 200, "events", &["Expires: 60"], "");
        assert_eq!(notify(&mut far, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n"), 200);
        let of = |event: &Event| match event {
            Event::TransferChanged { status, done, .. } => Some((*status, *done)),
            _ => None,
        };
        let told: Vec<_> = far.world.phones[far.phone].events.iter().filter_map(of).collect();
        assert_eq!(told, [(180, false), (200, true)], "in a call: {in_call}");
    }
}

/// RFC 7614 4.1: where nobody says where it can be followed, the 2xx is all.
#[test]
fn a_transfer_that_cannot_be_followed_is_done_with_its_answer() {
    for line in ["X-None: 1", "Refer-Events-At: <<"] {
        let mut far = Far::new();
        let (call, _, _) = far.talking();
        let extra = Extra { headers: vec![("Require".to_owned(), "explicitsub".to_owned())] };
        far.world.command(far.phone, Command::Transfer { call, target: "carol".to_owned(), extra });
        far.run(20);
        let refer = far.request("REFER");
        far.reply(&refer, 200, "bob", &[line], "");
        assert_eq!(far.count("SUBSCRIBE"), 0);
        let done = |event: &Event| matches!(event, Event::TransferChanged { status: 200, done: true, .. });
        assert!(far.world.phones[far.phone].events.iter().any(done), "{line}");
    }
}

/// RFC 4538 3: a REFER outside the call that it is about names its dialog.
#[test]
fn a_refer_beside_a_call_says_that_it_knows_of_it() {
    let mut far = Far::new();
    let (_, invite, _) = far.talking();
    for (target, about) in [("bob", true), ("dave", false)] {
        let (account, refer_to) = (far.account, "carol".to_owned());
        let command = Command::Refer { account, target: target.to_owned(), refer_to, extra: Extra::default() };
        far.world.command(far.phone, command);
        far.run(20);
        let refer = far.request("REFER");
        assert_ne!(refer.headers.call_id(), invite.headers.call_id());
        let from = header(&invite.headers, HeaderName::From);
        let ours = from.split(";tag=").nth(1).unwrap();
        let expected = format!("{};local-tag=bob;remote-tag={ours}", header(&invite.headers, HeaderName::CallId));
        assert_eq!(refer.headers.get(HeaderName::TargetDialog), about.then_some(expected.as_str()));
    }
}

/// RFC 4538 4: whoever knows the tags of a call asks with the right of somebody in it; a dialog that is not there gives none.
#[test]
fn a_refer_beside_a_call_is_said_to_be_about_it() {
    let mut far = Far::new();
    let (call, _, peer) = far.taken("talk");
    let ours = peer.remote.split(";tag=").nth(1).unwrap().to_owned();
    let contact = far.contact();
    for (number, (target, about)) in [
        (format!("talk;local-tag={ours};remote-tag=bob"), Some(call)),
        (format!("talk;local-tag=bob;remote-tag={ours}"), Some(call)),
        (format!("talk;local-tag={ours};remote-tag=eve"), None),
        (format!("other;local-tag={ours};remote-tag=bob"), None),
        ("nonsense".to_owned(), None),
    ]
    .into_iter()
    .enumerate()
    {
        let lines = [
            &format!("Via: SIP/2.0/WSS far.invalid;branch=z9hG4bKood{number}"),
            "Max-Forwards: 70",
            "From: <sip:bob@example.test>;tag=x",
            "To: <sip:alice@example.test>",
            &format!("Call-ID: ood{number}"),
            "CSeq: 1 REFER",
            "Contact: <sip:bob@far.invalid;transport=ws>",
            "Require: tdialog",
            "Refer-To: <sip:carol@example.test>",
            &format!("Target-Dialog: {target}"),
        ];
        far.send(crate::far::text(&format!("REFER {contact} SIP/2.0"), &lines, ""));
        far.run(100);
        let told = far.world.phones[far.phone].events.iter().rev().find_map(|event| match event {
            Event::ReferReceived { call, about, .. } => Some((*call, *about)),
            _ => None,
        });
        assert_eq!(told, Some((None, about)), "{target}");
    }
}

struct Referred {
    far: Far,
    peer: Peer,
    referral: ReferralId,
}

/// A call with the far end, which asks the phone to call carol; the phone is about to.
fn referred(lines: &[&str]) -> Referred {
    let mut far = Far::new();
    let (_, _, mut peer) = far.taken("talk");
    let mut all = vec!["Refer-To: <sip:carol@example.test>", "Referred-By: \"Bob\" <sip:bob@example.test>"];
    all.extend(lines);
    far.ask(&mut peer, "REFER", &all, "");
    let of = |event: &Event| match event {
        Event::ReferReceived { referral, .. } => Some(*referral),
        _ => None,
    };
    let referral = far.world.phones[far.phone].events.iter().rev().find_map(of).expect("a REFER");
    Referred { far, peer, referral }
}

impl Referred {
    fn accept(&mut self) -> sipwake::io::CallId {
        match self.far.world.command_now(
            self.far.phone,
            Command::AcceptReferral { referral: self.referral, video: sipwake::io::Video::Off },
        ) {
            Ok(Reply::Call(call)) => {
                self.far.run(50);
                call
            }
            other => panic!("{other:?}"),
        }
    }

    fn heard(&self) -> Vec<(String, String)> {
        let of = |notify: &Request| {
            let body = String::from_utf8(notify.body().to_vec()).unwrap();
            (header(&notify.headers, HeaderName::SubscriptionState), body.trim_end().to_owned())
        };
        self.far.requests("NOTIFY").iter().map(of).collect()
    }

    fn answer_notify(&mut self, status: u16) {
        let notify = self.far.request("NOTIFY");
        self.far.reply(&notify, status, "bob", &[], "");
    }
}

/// RFC 3515 2.4.4: one NOTIFY after the other, the next with the latest state.
#[test]
fn the_next_notify_waits_for_the_answer_to_the_one_before() {
    let mut referred = referred(&[]);
    referred.accept();
    let invite = referred.far.request("INVITE");
    referred.far.reply(&invite, 180, "carol", &[], "");
    referred.far.reply_sdp(&invite, 200, "carol", &[], 3);
    assert_eq!(referred.heard(), [("active;expires=180".to_owned(), "SIP/2.0 100 Trying".to_owned())]);
    referred.answer_notify(200);
    assert_eq!(referred.heard()[1], ("terminated;reason=noresource".to_owned(), "SIP/2.0 200 OK".to_owned()));
    referred.answer_notify(200);
    referred.far.run(10_000);
    assert_eq!(referred.heard().len(), 2);
}

/// RFC 6665 4.2.2: 481 ends the subscription; the call goes on.
#[test]
fn who_answers_a_notify_with_481_hears_no_other() {
    let mut referred = referred(&[]);
    let call = referred.accept();
    referred.answer_notify(481);
    let invite = referred.far.request("INVITE");
    referred.far.reply(&invite, 180, "carol", &[], "");
    referred.far.run(1_000);
    assert_eq!(referred.heard().len(), 1);
    assert_eq!(referred.far.state(call), Some(CallState::Ringing));
    assert_eq!(referred.far.world.calls(referred.far.phone).len(), 2, "and so does the one that it came in");
}

/// RFC 3261 22.2: a NOTIFY that is challenged leaves once more with credentials.
#[test]
fn a_challenged_notify_is_sent_again() {
    let mut referred = referred(&[]);
    referred.accept();
    let notify = referred.far.request("NOTIFY");
    let challenge = "Proxy-Authenticate: Digest realm=\"example.test\", nonce=\"n2\", qop=\"auth\"";
    referred.far.reply(&notify, 407, "bob", &[challenge], "");
    let again = referred.far.request("NOTIFY");
    assert!(again.headers.get(HeaderName::ProxyAuthorization).is_some());
    let number = |request: &Request| request.headers.cseq().unwrap().unwrap().number;
    assert_eq!(number(&again), number(&notify) + 1);
    referred.answer_notify(200);
    let invite = referred.far.request("INVITE");
    referred.far.reply(&invite, 486, "carol", &[], "");
    assert_eq!(referred.heard().last().unwrap().1, "SIP/2.0 486 Busy Here");
}

/// RFC 6665 4.2.1.4: a refresh of the subscription that came with the REFER.
#[test]
fn the_subscription_of_a_refer_is_refreshed_and_ended_by_its_sender() {
    let mut referred = referred(&[]);
    referred.accept();
    referred.answer_notify(200);
    referred.far.ask(&mut referred.peer, "SUBSCRIBE", &["Event: refer", "Expires: 100"], "");
    let ok = referred.far.response("SUBSCRIBE");
    assert_eq!((ok.status(), header(&ok.headers, HeaderName::Expires).as_str()), (200, "100"));
    assert_eq!(referred.heard()[1], ("active;expires=100".to_owned(), "SIP/2.0 100 Trying".to_owned()));
    referred.answer_notify(200);
    referred.far.ask(&mut referred.peer, "SUBSCRIBE", &["Event: refer;id=7", "Expires: 100"], "");
    assert_eq!(referred.far.response("SUBSCRIBE").status(), 403, "there is no such");
    referred.far.ask(&mut referred.peer, "SUBSCRIBE", &["Event: refer", "Expires: 0"], "");
    assert_eq!(referred.far.response("SUBSCRIBE").status(), 200);
    assert_eq!(referred.heard()[2].0, "terminated;reason=timeout");
    referred.answer_notify(200);
    let invite = referred.far.request("INVITE");
    referred.far.reply(&invite, 180, "carol", &[], "");
    assert_eq!(referred.heard().len(), 3);
}

#[test]
fn the_subscription_of_a_refer_ends_with_its_time() {
    let mut referred = referred(&[]);
    referred.accept();
    referred.answer_notify(200);
    let invite = referred.far.request("INVITE");
    referred.far.reply(&invite, 180, "carol", &[], "");
    referred.answer_notify(200);
    referred.far.run(181_000);
    assert_eq!(
        referred.heard().last().unwrap(),
        &("terminated;reason=timeout".to_owned(), "SIP/2.0 180 Ringing".to_owned())
    );
}

/// RFC 3892 3: Referred-By goes on into the INVITE.
#[test]
fn the_new_call_says_who_referred() {
    let mut referred = referred(&[]);
    referred.accept();
    let invite = referred.far.request("INVITE");
    assert_eq!(header(&invite.headers, HeaderName::ReferredBy), "\"Bob\" <sip:bob@example.test>");
    assert_ne!(header(&invite.headers, HeaderName::CallId), "talk");
}

#[test]
fn a_new_call_that_is_hung_up_while_it_rings_is_reported_as_487() {
    let mut referred = referred(&[]);
    let call = referred.accept();
    referred.answer_notify(200);
    let invite = referred.far.request("INVITE");
    referred.far.reply(&invite, 180, "carol", &[], "");
    referred.answer_notify(200);
    referred.far.world.command_now(referred.far.phone, Command::Hangup(call, Extra::default())).unwrap();
    referred.far.run(50);
    assert_eq!(referred.heard().last().unwrap().1, "SIP/2.0 487 Request Terminated");
}

#[test]
fn a_referral_of_a_call_that_ended_can_still_be_answered() {
    let mut referred = referred(&[]);
    referred.far.ask(&mut referred.peer, "BYE", &[], "");
    referred.accept();
    assert_eq!(referred.far.response("REFER").status(), 202);
    assert_eq!(referred.heard().len(), 1);
}

#[test]
fn transfers_have_ids_of_their_own() {
    let mut far = Far::new();
    let (call, _, _) = far.talking();
    let mut ids: Vec<TransferId> = Vec::new();
    for _ in 0..3 {
        let command = Command::Transfer { call, target: "carol".to_owned(), extra: Extra::default() };
        let command = far.world.command(far.phone, command);
        far.run(20);
        let refer = far.request("REFER");
        far.reply(&refer, 202, "bob", &[], "");
        match far.world.result(far.phone, command) {
            Some(Ok(Reply::Transfer(id))) => ids.push(id),
            other => panic!("{other:?}"),
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[test]
fn who_waits_for_a_word_when_the_engine_stops_gets_480() {
    let mut referred = referred(&[]);
    referred.far.world.command(referred.far.phone, Command::Stop);
    referred.far.run(50);
    assert_eq!(referred.far.response("REFER").status(), 480);
}

/// RFC 3261 15.1.2: after the BYE there is no dialog.
#[test]
fn a_call_that_ended_takes_nothing_new() {
    let mut referred = referred(&[]);
    referred.far.ask(&mut referred.peer, "BYE", &[], "");
    for (method, lines) in [
        ("MESSAGE", &["Content-Type: text/plain"][..]),
        ("INFO", &[]),
        ("OPTIONS", &[]),
        ("REFER", &["Refer-To: <sip:carol@example.test>"]),
    ] {
        referred.far.ask(&mut referred.peer, method, lines, "x");
        assert_eq!(referred.far.response(method).status(), 481, "{method}");
    }
}
