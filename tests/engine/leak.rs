//! A thousand calls of every kind: nothing of what is over is left in the engine, nor in the host.
//!
//! Here objects are counted. `tests/leak.rs` runs the same calls in a process of its own and counts octets.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::bridge::CallAction;
use sipwake::io::{
    AccountOptions, Body, CallId, Command, DtmfMethod, Event, Extra, FlowEvent, Input, MediaFailure, Reply, Video,
};
use sipwake::message::{HeaderName, Request};

use crate::far::{Far, Peer, answer, header, text};
use crate::world::{World, account, sdp};

const SDP: &str = "Content-Type: application/sdp";
const FRAG: &str = "Content-Type: message/sipfrag";
/// Everything that waits has given up by then: Timer B, the memory of calls that are over, referrals, the screen.
const LONG: u64 = 400_000;
/// Kinds of calls in [`Mix::one`].
pub const KINDS: usize = 25;
/// Kinds of wakes in [`Wakes::one`].
pub const WAKES: usize = 6;

/// Values of structs and of enum variants that a `Debug` text shows.
fn objects(value: &impl std::fmt::Debug) -> usize {
    format!("{value:?}").matches(['{', '(']).count()
}

/// What the world keeps for tests to look at, and no test looks at any more.
fn forget(world: &mut World) {
    for index in 0..world.phones.len() {
        world.forget_own(index);
    }
    for phone in &mut world.phones {
        phone.sent = Vec::new();
        phone.sent_on = Vec::new();
        phone.events = Vec::new();
        phone.completed = Vec::new();
        phone.questions = Vec::new();
        phone.posted = Vec::new();
        phone.media = Vec::new();
        let open = phone.flows.clone();
        phone.urls.retain(|(flow, _)| open.contains(flow));
        phone.urls.shrink_to_fit();
        if let Some(shell) = &mut phone.shell {
            shell.shown.retain(|shown| shown.ended.is_none());
            shell.shown.shrink_to_fit();
            shell.fulfilled = Vec::new();
            shell.failed = Vec::new();
            shell.kept = Vec::new();
            shell.log = Vec::new();
        }
    }
    world.server.requests = Vec::new();
    world.server.pushes = Vec::new();
    world.server.restart();
    world.server.gate.forget_old_nonces();
    if let Some(far) = &mut world.far {
        *far = Vec::new();
    }
}

fn body(text: &str) -> Body {
    Body { content_type: "text/plain".to_owned(), octets: text.as_bytes().to_vec() }
}

/// One phone that has calls of every kind, one after the other.
pub struct Mix {
    pub far: Far,
    round: usize,
}

impl Mix {
    pub fn new() -> Self {
        let options = AccountOptions { events: vec!["presence".to_owned()], ..account("alice") };
        Self { far: Far::with(options), round: 0 }
    }

    pub fn calls(&mut self, count: usize) {
        for _ in 0..count {
            self.one();
            self.far.run(500);
            let calls = self.far.world.calls(self.far.phone);
            assert!(calls.is_empty(), "round {}: {calls:?}", self.round);
            forget(&mut self.far.world);
            self.round += 1;
        }
    }

    /// Time passes until nothing is owed any more, and the test forgets what it saw.
    pub fn settle(&mut self) {
        self.far.run(LONG);
        forget(&mut self.far.world);
    }

    pub fn objects(&self) -> usize {
        objects(&self.far.world.phones[self.far.phone].endpoint)
    }

    fn command(&mut self, command: Command) {
        self.far.world.command(self.far.phone, command);
        self.far.run(100);
    }

    fn say_yes(&mut self, method: &str) {
        let request = self.far.request(method);
        self.far.reply(&request, 200, "bob", &[], "");
    }

    /// Hangs up, and the far end answers the BYE with this.
    fn hang_up(&mut self, call: CallId, status: u16) {
        self.command(Command::Hangup(call, Extra::default()));
        let bye = self.far.request("BYE");
        self.far.reply(&bye, status, "bob", &[], "");
    }

    fn id(&self) -> String {
        format!("call-{}", self.round)
    }

    /// The far end acknowledges a refusal, hop by hop.
    fn acknowledge(&mut self, invite: &Request, to: &str) {
        let line = |name| format!("{}: {}", HeaderName::as_str(name), header(&invite.headers, name));
        let mut lines: Vec<String> = [HeaderName::Via, HeaderName::From, HeaderName::CallId].map(line).to_vec();
        lines.push(format!("To: {to}"));
        lines.push("CSeq: 1 ACK".to_owned());
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        self.far.send(text(&format!("ACK {} SIP/2.0", invite.uri()), &lines, ""));
        self.far.run(50);
    }

    fn refused(&mut self, invite: &Request, status: u16) {
        let response = self.far.response("INVITE");
        assert_eq!(response.status(), status);
        let to = header(&response.headers, HeaderName::To);
        self.acknowledge(invite, &to);
    }

    fn one(&mut self) {
        let id = self.id();
        match self.round % KINDS {
            0 => self.ended_by_the_far_end(&id),
            1 => {
                let (call, ..) = self.far.taken(&id);
                self.hang_up(call, 200);
            }
            2 => {
                let invite = self.far.invite_sdp(&id, &[], 1);
                let call = self.far.only_call().id;
                self.command(Command::Decline(call, Some(486), Extra::default()));
                self.refused(&invite, 486);
            }
            3 => {
                let invite = self.far.invite_sdp(&id, &[], 1);
                self.far.cancel(&invite, &["Reason: SIP;cause=200"]);
                self.refused(&invite, 487);
            }
            4 => {
                let (.., mut peer) = self.far.talking();
                self.far.ask(&mut peer, "BYE", &[], "");
            }
            5 => {
                let (call, ..) = self.far.talking();
                self.hang_up(call, 481);
            }
            6 => {
                let (call, invite) = self.far.called();
                self.far.reply(&invite, 180, "bob", &[], "");
                self.command(Command::Hangup(call, Extra::default()));
                self.say_yes("CANCEL");
                self.far.reply(&invite, 487, "bob", &[], "");
            }
            7 => {
                let (_, invite) = self.far.called();
                self.far.reply(&invite, [404, 486, 503, 603][self.round / KINDS % 4], "bob", &[], "");
            }
            8 => {
                self.far.called();
                self.far.run(40_000);
            }
            9 => self.forked(),
            10 => self.transferred(),
            11 => self.referred(&id),
            12 => self.replaced(&id),
            13 => self.changed(),
            14 => self.reliable(),
            15 => self.subscription(),
            16 => self.messages(&id),
            17 => self.subscriber(&id),
            18 => self.publication(),
            19 => self.challenged(),
            20 => {
                self.far.world.phones[self.far.phone].media_failure = Some(MediaFailure::NoMicrophone);
                let command = Command::MakeCall {
                    account: self.far.account,
                    target: "bob".to_owned(),
                    options: sipwake::io::CallOptions::default(),
                };
                self.command(command);
                self.far.world.phones[self.far.phone].media_failure = None;
            }
            21 => self.cut_off(),
            22 => {
                let (call, first) = self.far.called();
                self.far.reply(&first, 302, "one", &["Contact: <sip:carol@elsewhere.invalid>"], "");
                let second = self.far.request("INVITE");
                self.far.reply_sdp(&second, 200, "carol", &[], 1);
                self.hang_up(call, 200);
            }
            23 => {
                // The answer crosses the CANCEL.
                let (call, invite) = self.far.called();
                self.far.reply(&invite, 180, "bob", &[], "");
                self.far.world.command(self.far.phone, Command::Hangup(call, Extra::default()));
                self.far.send(answer(&invite, 200, "bob", &[SDP], &sdp(1)));
                self.far.run(200);
                self.say_yes("CANCEL");
                self.say_yes("BYE");
            }
            _ => self.hostile(&id),
        }
    }

    fn ended_by_the_far_end(&mut self, id: &str) {
        let (.., mut peer) = self.far.taken(id);
        self.far.ask(&mut peer, "BYE", &[], "");
    }

    /// Two phones ring, both answer.
    fn forked(&mut self) {
        let (call, invite) = self.far.called();
        self.far.reply_sdp(&invite, 183, "one", &["Require: 100rel", "RSeq: 1"], 1);
        let prack = self.far.request("PRACK");
        self.far.reply(&prack, 200, "one", &[], "");
        self.far.reply(&invite, 180, "two", &[], "");
        self.far.reply_sdp(&invite, 200, "two", &[], 2);
        self.far.reply_sdp(&invite, 200, "one", &[], 1);
        let bye = self.far.request("BYE");
        self.far.reply(&bye, 200, "one", &[], "");
        self.far.take();
        self.hang_up(call, 200);
    }

    fn transferred(&mut self) {
        let (call, _, mut peer) = self.far.talking();
        self.command(Command::Transfer { call, target: "carol".to_owned(), extra: Extra::default() });
        let refer = self.far.request("REFER");
        self.far.reply(&refer, 202, "bob", &[], "");
        for (state, line) in [("active;expires=60", "100 Trying"), ("terminated;reason=noresource", "200 OK")] {
            let state = format!("Subscription-State: {state}");
            self.far.ask(&mut peer, "NOTIFY", &["Event: refer", &state, FRAG], &format!("SIP/2.0 {line}\r\n"));
            assert_eq!(self.far.response("NOTIFY").status(), 200);
        }
        self.far.run(2_000);
        self.say_yes("BYE");
    }

    /// The far end asks us to call carol, and hears how that goes.
    fn referred(&mut self, id: &str) {
        let (old, _, mut peer) = self.far.taken(id);
        self.far.ask(&mut peer, "REFER", &["Refer-To: <sip:carol@example.test>"], "");
        let phone = &self.far.world.phones[self.far.phone];
        let asked = phone.events.iter().rev().find_map(|event| match event {
            Event::ReferReceived { referral, .. } => Some(*referral),
            _ => None,
        });
        let referral = asked.expect("a REFER");
        let accept = Command::AcceptReferral { referral, video: Video::Off };
        let Ok(Reply::Call(new)) = self.far.world.command_now(self.far.phone, accept) else { panic!("no call") };
        self.far.run(100);
        self.say_yes("NOTIFY");
        let invite = self.far.request("INVITE");
        self.far.reply_sdp(&invite, 200, "carol", &[], 2);
        self.say_yes("NOTIFY");
        self.far.run(1_000);
        self.far.ask(&mut peer, "BYE", &[], "");
        assert_eq!(self.far.state(old), None);
        self.hang_up(new, 200);
    }

    /// A call takes the place of another.
    fn replaced(&mut self, id: &str) {
        let (.., peer) = self.far.taken(id);
        let tag = |address: &str| address.split(";tag=").nth(1).unwrap().to_owned();
        let replaces = format!("Replaces: {id};to-tag={};from-tag={}", tag(&peer.remote), tag(&peer.local));
        let invite = self.far.invite_sdp(&format!("{id}b"), &[&replaces, "Require: replaces"], 2);
        self.say_yes("BYE");
        let response = self.far.response("INVITE");
        assert_eq!(response.status(), 200);
        let mut peer = self.far.peer_of_response(&invite, &response);
        self.far.ask(&mut peer, "ACK", &[], "");
        self.far.ask(&mut peer, "BYE", &[], "");
    }

    /// Hold both ways, digits, INFO, a refused change, and ICE once more.
    fn changed(&mut self) {
        let (call, _, mut peer) = self.far.talking();
        for on in [true, false] {
            self.command(Command::Hold(call, on));
            let hold = self.far.request("INVITE");
            self.far.reply_sdp(&hold, if on { 200 } else { 488 }, "bob", &[], 1);
        }
        self.far.ask(&mut peer, "INVITE", &[SDP], &sdp(1).replace("a=sendrecv", "a=sendonly"));
        self.far.ask(&mut peer, "ACK", &[], "");
        self.far.ask(&mut peer, "UPDATE", &[SDP], &sdp(1));
        let method = DtmfMethod::Info;
        let digits = "1".to_owned();
        self.command(Command::Dtmf { call, digits, method, duration_ms: 100, gap_ms: 70 });
        self.say_yes("INFO");
        self.command(Command::Info { call, body: body("x"), extra: Extra::default() });
        self.say_yes("INFO");
        self.command(Command::Mute(call, true));
        self.command(Command::Stats(call));
        self.command(Command::Renegotiate { call, restart: true });
        let again = self.far.request("INVITE");
        self.far.reply_sdp(&again, 200, "bob", &[], 1);
        self.hang_up(call, 200);
    }

    fn reliable(&mut self) {
        let invite = self.far.invite_sdp(&self.id(), &["Require: 100rel"], 1);
        let ringing = self.far.response("INVITE");
        let rseq = ringing.headers.rseq().unwrap().unwrap();
        let mut peer = self.far.peer_of_response(&invite, &ringing);
        self.far.ask(&mut peer, "PRACK", &[&format!("RAck: {rseq} 1 INVITE")], "");
        let call = self.far.only_call().id;
        self.command(Command::Answer(call, Extra::default()));
        peer.cseq = 1;
        self.far.ask(&mut peer, "ACK", &[], "");
        self.hang_up(call, 200);
    }

    /// Ours: ended by us, ended by the notifier, refused, and accepted without a word after it.
    fn subscription(&mut self) {
        for turn in 0..3 {
            let command = Command::Subscribe {
                account: self.far.account,
                target: "bob".to_owned(),
                event: "dialog".to_owned(),
                accept: Vec::new(),
                expires: 600,
                body: Body::default(),
                extra: Extra::default(),
            };
            let command = self.far.world.command(self.far.phone, command);
            self.far.run(20);
            let request = self.far.request("SUBSCRIBE");
            if turn == 2 {
                self.far.reply(&request, 403, "bob", &[], "");
                continue;
            }
            self.far.reply(&request, 200, "bob", &["Expires: 600"], "");
            let mut peer = self.far.peer(&request, "bob");
            self.notify(&mut peer, "active");
            let Some(Ok(Reply::Subscription(id))) = self.far.world.result(self.far.phone, command) else {
                panic!("not accepted")
            };
            if turn == 0 {
                self.command(Command::Unsubscribe(id));
                let request = self.far.request("SUBSCRIBE");
                self.far.reply(&request, 200, "bob", &["Expires: 0"], "");
            }
            self.notify(&mut peer, "terminated;reason=noresource");
        }
    }

    fn notify(&mut self, peer: &mut Peer, state: &str) {
        let state = format!("Subscription-State: {state}");
        self.far.ask(peer, "NOTIFY", &["Event: dialog", &state], "");
        assert_eq!(self.far.response("NOTIFY").status(), 200);
    }

    /// A request of the far end outside any dialog.
    fn outside(&mut self, method: &str, id: &str, lines: &[&str], body: &str) {
        let contact = self.far.contact();
        let (via, call_id) = (format!("Via: SIP/2.0/WSS far.invalid;branch=z9hG4bKout{id}"), format!("Call-ID: {id}"));
        let cseq = format!("CSeq: 1 {method}");
        let mut all = vec![
            via.as_str(),
            "Max-Forwards: 70",
            "From: <sip:bob@example.test>;tag=out",
            "To: <sip:alice@example.test>",
            &call_id,
            &cseq,
            "Contact: <sip:bob@far.invalid>",
        ];
        all.extend(lines);
        self.far.send(text(&format!("{method} {contact} SIP/2.0"), &all, body));
        self.far.run(100);
    }

    fn messages(&mut self, id: &str) {
        let (account, target) = (self.far.account, "bob".to_owned());
        let message = Command::SendMessage { account, call: None, target, body: body("x"), extra: Extra::default() };
        self.command(message.clone());
        self.say_yes("MESSAGE");
        // And one that nobody answers.
        self.command(message);
        self.far.run(40_000);
        self.outside("MESSAGE", id, &["Content-Type: text/plain"], "hello");
        assert_eq!(self.far.response("MESSAGE").status(), 200);
        self.outside("OPTIONS", &format!("{id}o"), &[], "");
        assert_eq!(self.far.response("OPTIONS").status(), 200);
    }

    /// Somebody follows our presence until we end it.
    fn subscriber(&mut self, id: &str) {
        self.outside("SUBSCRIBE", id, &["Event: presence", "Expires: 600"], "");
        let phone = &self.far.world.phones[self.far.phone];
        let asked = phone.events.iter().rev().find_map(|event| match event {
            Event::SubscribeReceived { subscription, .. } => Some(*subscription),
            _ => None,
        });
        let subscription = asked.expect("a SUBSCRIBE");
        self.command(Command::AcceptSubscriber { subscription, pending: false, body: body("open") });
        self.say_yes("NOTIFY");
        self.command(Command::Notify { subscription, body: body("closed"), terminate: Some("noresource".to_owned()) });
        self.say_yes("NOTIFY");
    }

    fn publication(&mut self) {
        let command = Command::Publish {
            account: self.far.account,
            event: "presence".to_owned(),
            expires: 600,
            body: body("open"),
            extra: Extra::default(),
        };
        let command = self.far.world.command(self.far.phone, command);
        self.far.run(100);
        let lines = ["Expires: 600", "SIP-ETag: e"];
        let publish = self.far.request("PUBLISH");
        self.far.reply(&publish, 200, "bob", &lines, "");
        let Some(Ok(Reply::Publication(id))) = self.far.world.result(self.far.phone, command) else {
            panic!("not published")
        };
        self.command(Command::Unpublish(id));
        let publish = self.far.request("PUBLISH");
        self.far.reply(&publish, 200, "bob", &["Expires: 0", "SIP-ETag: f"], "");
    }

    /// A proxy asks who calls; a stranger asks, too, and gets nothing.
    fn challenged(&mut self) {
        let ours =
            format!("Proxy-Authenticate: Digest realm=\"example.test\", nonce=\"n{}\", qop=\"auth\"", self.round);
        let (call, first) = self.far.called();
        self.far.reply(&first, 407, "bob", &[&ours], "");
        let second = self.far.request("INVITE");
        assert_eq!(self.far.count("INVITE"), 2);
        self.far.reply_sdp(&second, 200, "bob", &[], 1);
        self.hang_up(call, 200);
        let strange = format!("Proxy-Authenticate: Digest realm=\"stranger{}\", nonce=\"n\", qop=\"auth\"", self.round);
        let (_, first) = self.far.called();
        self.far.reply(&first, 407, "bob", &[&strange], "");
    }

    /// The connection breaks in a call; the call goes on over the next one.
    fn cut_off(&mut self) {
        let (call, ..) = self.far.talking();
        self.far.world.cut(self.far.phone);
        self.far.run(10_000);
        // The session is refreshed over the new flow.
        for invite in self.far.requests("INVITE").iter().skip(1) {
            self.far.reply_sdp(invite, 200, "bob", &[], 1);
        }
        self.hang_up(call, 200);
    }

    /// What is no SIP, or not for us, or has no end.
    fn hostile(&mut self, id: &str) {
        let flow = *self.far.world.phones[self.far.phone].flows.last().unwrap();
        for octets in ["INVITE", "\0\0\0\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n", "INVITE sip:a SIP/2.0\r\n\r\n"] {
            let event = FlowEvent::Received(octets.as_bytes().to_vec());
            self.far.world.input(self.far.phone, Input::Flow { flow, event });
        }
        self.outside("BYE", id, &[], "");
        self.outside("WHAT", &format!("{id}w"), &[], "");
        self.outside("NOTIFY", &format!("{id}n"), &["Event: dialog", "Subscription-State: active"], "");
        self.outside("REFER", &format!("{id}r"), &["Refer-To: <sip:carol@example.test>"], "");
        self.far.run(12_000);
        let invite = self.far.invite(&format!("{id}i"), &["Require: nothing-we-know"], "");
        self.refused(&invite, 420);
    }
}

/// A phone that sleeps, and is woken by pushes again and again.
pub struct Wakes {
    pub world: World,
    alice: usize,
    account: sipwake::io::AccountId,
    bob: usize,
    round: usize,
}

impl Wakes {
    pub fn new() -> Self {
        let mut world = World::new();
        let (alice, account) = world.add_registered("alice");
        let bob = world.add_iphone("bob");
        Self { world, alice, account, bob, round: 0 }
    }

    pub fn wakes(&mut self, count: usize) {
        for _ in 0..count {
            self.world.background(self.bob);
            self.one();
            self.world.run(1_000);
            for phone in [self.alice, self.bob] {
                assert!(self.world.calls(phone).is_empty(), "round {}: {:?}", self.round, self.world.calls(phone));
            }
            let open = self.world.shell(self.bob).shown.iter().filter(|shown| shown.ended.is_none()).count();
            assert_eq!(open, 0, "round {}: a call is still on the screen", self.round);
            forget(&mut self.world);
            self.round += 1;
        }
    }

    pub fn settle(&mut self) {
        self.world.run(LONG);
        forget(&mut self.world);
    }

    /// Objects in both engines and in the host.
    pub fn objects(&self) -> [usize; 3] {
        let engine = |phone: usize| objects(&self.world.phones[phone].endpoint);
        [engine(self.alice), engine(self.bob), objects(&self.world.shell(self.bob).host)]
    }

    fn one(&mut self) {
        let kind = self.round % WAKES;
        let call = self.world.call(self.alice, self.account, "bob");
        self.world.run(100);
        assert_eq!(self.world.server.pushes.len(), 1, "round {}", self.round);
        match kind {
            // Answered while it rings, and hung up by either end.
            0 | 1 => {
                self.world.push(self.bob, 300);
                self.world.run(500);
                self.world.perform(self.bob, CallAction::Answer);
                self.world.run(500);
                self.world.perform(self.bob, CallAction::Mute);
                self.world.run(100);
                if kind == 0 {
                    self.world.perform(self.bob, CallAction::End);
                } else {
                    self.world.command(self.alice, Command::Hangup(call, Extra::default()));
                }
            }
            // Declined while it rings.
            2 => {
                self.world.push(self.bob, 300);
                self.world.run(500);
                self.world.perform(self.bob, CallAction::End);
            }
            // The caller gives up while the phone wakes: the INVITE never comes.
            3 => {
                self.world.command(self.alice, Command::Hangup(call, Extra::default()));
                self.world.run(100);
                self.world.push(self.bob, 300);
                self.world.run(20_000);
            }
            // The same while it rings.
            4 => {
                self.world.push(self.bob, 300);
                self.world.run(500);
                self.world.command(self.alice, Command::Hangup(call, Extra::default()));
            }
            // Two pushes for one call.
            _ => {
                self.world.push(self.bob, 300);
                let before = self.world.shell(self.bob).shown.len();
                self.world.run(300);
                assert_eq!(self.world.shell(self.bob).shown.len(), before);
                self.world.perform(self.bob, CallAction::Answer);
                self.world.run(500);
                self.world.perform(self.bob, CallAction::End);
            }
        }
        self.world.run(500);
    }
}

/// Calls in the one test; WebAssembly without optimisation takes its time.
const CALLS: usize = if cfg!(target_arch = "wasm32") { 300 } else { 1_000 };

/// RFC 3261 17, 12.3: what is over leaves nothing: 1,000 calls of 25 kinds, objects counted after 100 and after all.
#[test]
fn a_thousand_calls_leave_no_more_than_a_hundred() {
    let mut mix = Mix::new();
    mix.calls(100);
    mix.settle();
    let hundred = mix.objects();
    mix.calls(CALLS - 100);
    mix.settle();
    assert_eq!(mix.objects(), hundred, "{:?}", mix.far.world.phones[mix.far.phone].endpoint);
    assert!(mix.far.world.phones[mix.far.phone].open_media.is_empty());
    assert_eq!(mix.far.world.phones[mix.far.phone].flows.len(), 1);
}

/// RFC 8599 5: the same of 200 wakes, in both engines and in the host.
#[test]
fn wakes_leave_nothing_behind() {
    let mut wakes = Wakes::new();
    wakes.wakes(100);
    wakes.settle();
    let before = wakes.objects();
    wakes.wakes(100);
    wakes.settle();
    assert_eq!(wakes.objects(), before, "{:?}", wakes.world.shell(1).host);
    assert!(wakes.world.phones.iter().all(|phone| phone.open_media.is_empty()));
}
