//! Random lives of a phone whose far ends keep no rule: any request in any dialog, any answer to anything, at any time.
//! Whatever they do, every command is completed once, every call ends, and nothing of them is left.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    AccountOptions, Body, CallId, CallInfo, CallOptions, CallState, Command, CommandId, Direction, DtmfMethod, Event,
    Extra, Input, MediaEvent, MediaFailure, PublicationId, ReferralId, Reliability, ReplacePolicy, SubscriptionId,
    Video,
};
use sipwake::message::{HeaderName, Message, Request};

use crate::far::{Far, Peer, header};
use crate::model::Dice;
use crate::world::{account, sdp};

const STATUSES: [u16; 34] = [
    180, 183, 183, 199, 200, 200, 200, 200, 200, 202, 300, 302, 400, 401, 403, 404, 407, 408, 410, 415, 420, 422, 423,
    480, 481, 486, 487, 488, 489, 491, 500, 503, 600, 603,
];
const METHODS: [&str; 13] = [
    "ACK",
    "ACK",
    "BYE",
    "CANCEL",
    "INVITE",
    "INVITE",
    "UPDATE",
    "PRACK",
    "INFO",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
];
const TAGS: [&str; 3] = ["bob", "carol", ""];

struct Life {
    far: Far,
    dice: Dice,
    /// Requests of the phone that may be answered, and how often they were.
    open: Vec<Request>,
    /// INVITEs of the far end that it may cancel.
    invites: Vec<Request>,
    peers: Vec<Peer>,
    commands: Vec<CommandId>,
    subscriptions: Vec<SubscriptionId>,
    publications: Vec<PublicationId>,
    rseq: u32,
    names: u32,
    log: Vec<String>,
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let options = AccountOptions {
            reliability: [Reliability::Off, Reliability::Supported, Reliability::Required][dice.below(3) as usize],
            replaces: [ReplacePolicy::Accept, ReplacePolicy::Ask, ReplacePolicy::Peer][dice.below(3) as usize],
            events: vec!["presence".to_owned()],
            info_packages: vec!["thing".to_owned()],
            allow_auto_answer: dice.one_in(2),
            session_expires: [0, 90, 1_800][dice.below(3) as usize],
            remote_video: [Video::Off, Video::Receive, Video::Send][dice.below(3) as usize],
            max_redirects: dice.below(3) as u8,
            ..account("alice")
        };
        let log = vec![format!("seed {seed}: {:?} {:?}", options.reliability, options.replaces)];
        Self {
            far: Far::with(options),
            dice,
            open: Vec::new(),
            invites: Vec::new(),
            peers: Vec::new(),
            commands: Vec::new(),
            subscriptions: Vec::new(),
            publications: Vec::new(),
            rseq: 0,
            names: 0,
            log,
        }
    }

    fn note(&mut self, what: String) {
        self.log.push(format!("{:>8} {what}", self.far.world.now));
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() { None } else { Some(of[self.dice.below(of.len() as u64) as usize].clone()) }
    }

    fn command(&mut self, command: Command) {
        self.note(format!("{command:?}"));
        let phone = self.far.phone;
        let id = self.far.world.command(phone, command);
        self.commands.push(id);
    }

    fn call(&mut self) -> Option<CallId> {
        let calls: Vec<_> = self.far.world.calls(self.far.phone).into_iter().map(|call| call.id).collect();
        self.pick(&calls)
    }

    /// What the phone sent is noted, and what it told.
    fn listen(&mut self) {
        for message in self.far.take() {
            match message {
                Message::Request(request) => {
                    self.log.push(format!(
                        "         > {} {}",
                        request.method().as_str(),
                        header(&request.headers, HeaderName::CSeq)
                    ));
                    if request.method().as_str() == "INVITE"
                        && !header(&request.headers, HeaderName::To).contains(";tag=")
                    {
                        for tag in ["bob", "carol"] {
                            let peer = self.far.peer(&request, tag);
                            self.peers.push(peer);
                        }
                    }
                    self.open.push(request);
                }
                Message::Response(response) => {
                    self.log.push(format!(
                        "         > {} {}",
                        response.status(),
                        header(&response.headers, HeaderName::CSeq)
                    ));
                    let made = response.headers.contacts().next().is_some_and(|contact| contact.is_ok());
                    let call_id = header(&response.headers, HeaderName::CallId);
                    let of = |invite: &&Request| header(&invite.headers, HeaderName::CallId) == call_id;
                    if let Some(invite) = self.invites.iter().find(of).cloned().filter(|_| made) {
                        let mut peer = self.far.peer_of_response(&invite, &response);
                        let here = !self.far.world.phones[self.far.phone].flows.is_empty();
                        if here && response.status() == 200 && !self.dice.one_in(4) {
                            let offered = header(&invite.headers, HeaderName::ContentType).is_empty();
                            let lines = ["Content-Type: application/sdp"];
                            let (lines, body) = if offered { (&lines[..], sdp(2)) } else { (&[][..], String::new()) };
                            self.far.say(&mut peer, "ACK", lines, &body);
                        }
                        if !self.peers.iter().any(|known| known.remote == peer.remote && known.call_id == peer.call_id)
                        {
                            self.peers.push(peer);
                        }
                    }
                }
            }
        }
        let keep = self.open.len().saturating_sub(12);
        self.open.drain(..keep);
        let keep = self.peers.len().saturating_sub(8);
        self.peers.drain(..keep);
        let keep = self.invites.len().saturating_sub(6);
        self.invites.drain(..keep);
    }

    fn step(&mut self) {
        let here = !self.far.world.phones[self.far.phone].flows.is_empty() && self.far.world.server.is_bound("alice");
        match self.dice.below(10) {
            3..=8 if !here => {}
            0..=2 => self.application(),
            3..=5 => self.answers(),
            6..=8 => self.asks(),
            _ => self.world(),
        }
        let pause = match self.dice.below(4) {
            0 => 0,
            1 => self.dice.below(60),
            2 => self.dice.below(2_000),
            _ if self.dice.one_in(6) => self.dice.below(40_000),
            _ => self.dice.below(6_000),
        };
        self.far.run(pause);
        self.listen();
    }

    fn application(&mut self) {
        let account = self.far.account;
        let call = self.call();
        let body = Body { content_type: "text/plain".to_owned(), octets: b"x".to_vec() };
        let extra = Extra::default;
        let target = || "bob".to_owned();
        let command = match (self.dice.below(24), call) {
            (0..=2, _) => {
                let video = [Video::Off, Video::Receive, Video::Send][self.dice.below(3) as usize];
                let replaces = call.filter(|_| self.dice.one_in(4));
                let expires = self.dice.one_in(8).then_some(5);
                let options =
                    CallOptions { expires, late_offer: self.dice.one_in(3), video, replaces, ..CallOptions::default() };
                Command::MakeCall { account, target: target(), options }
            }
            (3 | 4, _) => {
                let calls = self.far.world.calls(self.far.phone);
                let ringing =
                    |call: &&CallInfo| call.direction == Direction::Incoming && call.state == CallState::Ringing;
                let Some(call) = calls.iter().rfind(ringing) else { return };
                Command::Answer(call.id, extra())
            }
            (5, Some(call)) => Command::Progress { call, early_media: self.dice.one_in(2), extra: extra() },
            (6, Some(call)) => Command::Decline(call, None, extra()),
            (7, Some(call)) => Command::Hangup(call, extra()),
            (8, Some(call)) => Command::Hold(call, self.dice.one_in(2)),
            (9, Some(call)) => Command::Renegotiate { call, restart: self.dice.one_in(2) },
            (10, Some(call)) => Command::Dtmf {
                call,
                digits: "12".to_owned(),
                method: [DtmfMethod::Auto, DtmfMethod::Info][self.dice.below(2) as usize],
                duration_ms: 100,
                gap_ms: 50,
            },
            (11, Some(call)) => Command::Info { call, body, extra: extra() },
            (12, Some(call)) => Command::Transfer { call, target: target(), extra: extra() },
            (13, _) => Command::Refer { account, target: target(), refer_to: "carol".to_owned(), extra: extra() },
            (14, _) => Command::Subscribe {
                account,
                target: target(),
                event: "presence".to_owned(),
                accept: Vec::new(),
                expires: [0, 60, 600][self.dice.below(3) as usize],
                body: Body::default(),
                extra: extra(),
            },
            (15, _) => {
                let all = self.subscriptions.clone();
                let Some(subscription) = self.pick(&all) else { return };
                match self.dice.below(4) {
                    0 => Command::Unsubscribe(subscription),
                    1 => Command::AcceptSubscriber { subscription, pending: self.dice.one_in(3), body },
                    2 => Command::RejectSubscriber(subscription, 403),
                    _ => Command::Notify {
                        subscription,
                        body,
                        terminate: self.dice.one_in(4).then(|| "noresource".to_owned()),
                    },
                }
            }
            (16, _) => Command::Publish { account, event: "presence".to_owned(), expires: 60, body, extra: extra() },
            (17, _) => {
                let all = self.publications.clone();
                let Some(publication) = self.pick(&all) else { return };
                if self.dice.one_in(2) {
                    Command::Unpublish(publication)
                } else {
                    Command::Republish(publication, body)
                }
            }
            (18, _) => Command::SendMessage { account, call, target: target(), body, extra: extra() },
            (19, _) => Command::SendOptions { account, target: target(), extra: extra() },
            (20, Some(call)) => {
                Command::SetVideo(call, [Video::Off, Video::Receive, Video::Send][self.dice.below(3) as usize])
            }
            (21, _) => {
                let events = &self.far.world.phones[self.far.phone].events;
                let referral: Option<ReferralId> = events.iter().rev().find_map(|event| match event {
                    Event::ReferReceived { referral, .. } => Some(*referral),
                    _ => None,
                });
                match referral {
                    Some(id) if self.dice.one_in(3) => Command::RejectReferral(id, 603),
                    Some(referral) => Command::AcceptReferral { referral, video: sipwake::io::Video::Off },
                    None => return,
                }
            }
            (22, Some(call)) => Command::Hold(call, true),
            (23, Some(call)) => Command::Stats(call),
            _ => return,
        };
        self.command(command);
        let phone = &self.far.world.phones[self.far.phone];
        for (_, result) in &phone.completed {
            match result {
                Ok(sipwake::io::Reply::Subscription(id)) if !self.subscriptions.contains(id) => {
                    self.subscriptions.push(*id);
                }
                Ok(sipwake::io::Reply::Publication(id)) if !self.publications.contains(id) => {
                    self.publications.push(*id);
                }
                _ => {}
            }
        }
        for event in &phone.events {
            if let Event::SubscribeReceived { subscription, .. } = event
                && !self.subscriptions.contains(subscription)
            {
                self.subscriptions.push(*subscription);
            }
        }
    }

    fn description(&mut self) -> String {
        let mut text = sdp(1 + self.dice.below(3) as usize);
        match self.dice.below(8) {
            0 => text = text.replace("sendrecv", "sendonly"),
            1 => text = text.replace("sendrecv", "inactive"),
            2 => text = "v=0\r\nnonsense".to_owned(),
            3 => text.push_str("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendrecv\r\n"),
            _ => {}
        }
        text
    }

    /// Headers and a body that may or may not fit.
    fn content(&mut self, lines: &mut Vec<String>) -> String {
        match self.dice.below(3) {
            0 => String::new(),
            _ => {
                lines.push("Content-Type: application/sdp".to_owned());
                self.description()
            }
        }
    }

    fn answers(&mut self) {
        let all = self.open.clone();
        let latest = all.last().cloned().filter(|_| self.dice.one_in(2));
        let Some(request) = latest.or_else(|| self.pick(&all)) else { return };
        if request.method().as_str() == "ACK" {
            return;
        }
        let likely = if request.method().as_str() == "INVITE" { [180, 183, 200, 200] } else { [200; 4] };
        let status = if self.dice.one_in(3) {
            STATUSES[self.dice.below(STATUSES.len() as u64) as usize]
        } else {
            likely[self.dice.below(4) as usize]
        };
        let tags = if self.dice.one_in(3) { 3 } else { 1 };
        let tag = TAGS[self.dice.below(tags) as usize];
        let mut lines = Vec::new();
        let mut body = String::new();
        if status < 300 && matches!(request.method().as_str(), "INVITE" | "UPDATE") {
            body = self.content(&mut lines);
        }
        let mut add = |line: &str| lines.push(line.to_owned());
        if (101..200).contains(&status) && self.dice.one_in(2) {
            self.rseq += if self.dice.one_in(5) { 0 } else { 1 };
            add("Require: 100rel");
            add(&format!("RSeq: {}", self.rseq));
        }
        match status {
            401 => add("WWW-Authenticate: Digest realm=\"example.test\", nonce=\"n1\", qop=\"auth\""),
            407 => add("Proxy-Authenticate: Digest realm=\"elsewhere\", nonce=\"n2\""),
            420 => add(["Unsupported: timer", "Unsupported: 100rel, replaces"][self.dice.below(2) as usize]),
            422 => add("Min-SE: 200"),
            423 => add("Min-Expires: 700"),
            300 | 302 => add("Contact: <sip:dave@else.invalid;transport=ws>"),
            500 | 503 if self.dice.one_in(2) => add("Retry-After: 3"),
            200..=299 => {
                if self.dice.one_in(2) {
                    add("Allow: INVITE, ACK, BYE, CANCEL, UPDATE, INFO, REFER");
                }
                if self.dice.one_in(3) {
                    add("Session-Expires: 90;refresher=uac");
                }
                add("Expires: 60");
                if request.method().as_str() == "PUBLISH" {
                    add("SIP-ETag: e1");
                }
            }
            _ => {}
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        self.note(format!(
            "< {status} ({tag}) to {} {:?} sdp {}",
            header(&request.headers, HeaderName::CSeq),
            lines,
            !body.is_empty()
        ));
        let text = crate::far::answer(&request, status, tag, &lines, &body);
        self.far.send(text);
    }

    fn asks(&mut self) {
        if self.dice.one_in(3) {
            self.names += 1;
            let name = format!("life{}", if self.dice.one_in(5) { 1 } else { self.names });
            let mut lines = Vec::new();
            let body = self.content(&mut lines);
            match self.dice.below(8) {
                0 | 1 => lines.push("Require: 100rel".to_owned()),
                2 | 3 => lines.push("Supported: 100rel, timer".to_owned()),
                4 => lines.push("Call-Info: <sip:x@y>;answer-after=0".to_owned()),
                5 => lines.push("Expires: 3".to_owned()),
                _ => {}
            }
            let peers = self.peers.clone();
            if let Some(peer) = self.pick(&peers).filter(|_| self.dice.one_in(3)) {
                let tag = |text: &str| text.split("tag=").nth(1).unwrap_or("0").to_owned();
                lines.push(format!(
                    "Replaces: {};to-tag={};from-tag={}",
                    peer.call_id,
                    tag(&peer.remote),
                    tag(&peer.local)
                ));
            }
            self.note(format!("< INVITE {name} {lines:?} sdp {}", !body.is_empty()));
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let invite = self.far.invite(&name, &lines, &body);
            self.invites.push(invite);
            return;
        }
        if self.peers.is_empty() {
            return;
        }
        let index = self.dice.below(self.peers.len() as u64) as usize;
        let mut peer = self.peers[index].clone();
        let method = METHODS[self.dice.below(METHODS.len() as u64) as usize];
        let mut lines = Vec::new();
        let mut body = String::new();
        match method {
            "CANCEL" => {
                let all = self.invites.clone();
                if let Some(invite) = self.pick(&all) {
                    self.note(format!("< CANCEL {}", header(&invite.headers, HeaderName::CallId)));
                    self.far.cancel(&invite, &[]);
                }
                return;
            }
            "INVITE" | "UPDATE" => {
                body = self.content(&mut lines);
                if self.dice.one_in(4) {
                    lines.push("Session-Expires: 100;refresher=uas".to_owned());
                }
            }
            "ACK" => body = self.content(&mut lines),
            "PRACK" => {
                body = self.content(&mut lines);
                let said = self.far.world.phones[self.far.phone].sent.iter().rev().find_map(|text| {
                    let line = text.lines().find_map(|line| line.strip_prefix("RSeq: "))?;
                    line.trim().parse::<u32>().ok()
                });
                let rseq = said.unwrap_or(1) + u32::from(self.dice.one_in(8));
                lines.push(format!("RAck: {rseq} 1 INVITE"));
            }
            "INFO" => {
                lines.push("Info-Package: thing".to_owned());
                lines.push("Content-Type: text/plain".to_owned());
                body = "x".to_owned();
            }
            "REFER" => lines.push("Refer-To: <sip:carol@example.test>".to_owned()),
            "NOTIFY" => {
                let event = ["refer", "presence"][self.dice.below(2) as usize];
                lines.push(format!("Event: {event}"));
                let state =
                    ["active;expires=60", "terminated;reason=noresource", "pending", "terminated;reason=deactivated"];
                lines.push(format!("Subscription-State: {}", state[self.dice.below(4) as usize]));
                if event == "refer" {
                    lines.push("Content-Type: message/sipfrag".to_owned());
                    body = ["SIP/2.0 100 Trying", "SIP/2.0 200 OK", "SIP/2.0 486 Busy"][self.dice.below(3) as usize]
                        .to_owned();
                }
                // That of a subscription, or of a REFER outside calls.
                let all = self.open.clone();
                let begins = |request: &Request| !header(&request.headers, HeaderName::To).contains(";tag=");
                let ours: Vec<_> = all
                    .into_iter()
                    .filter(|r| matches!(r.method().as_str(), "SUBSCRIBE" | "REFER") && begins(r))
                    .collect();
                if let Some(subscribe) = self.pick(&ours).filter(|_| !self.dice.one_in(4)) {
                    let cseq = self.peers[index].cseq;
                    peer = Peer { cseq, ..self.far.peer(&subscribe, "bob") };
                }
            }
            "SUBSCRIBE" => {
                lines.push("Event: presence".to_owned());
                lines.push(format!("Expires: {}", [0, 60][self.dice.below(2) as usize]));
                if self.dice.one_in(2) {
                    self.names += 1;
                    let to = peer.remote.split(";tag=").next().unwrap_or_default().to_owned();
                    peer = Peer { remote: to, call_id: format!("sub{}", self.names), ..peer };
                }
            }
            _ => {}
        }
        self.note(format!("< {method} {} {} {lines:?} sdp {}", peer.call_id, peer.local, !body.is_empty()));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        if self.dice.one_in(6) && peer.cseq > 1 {
            peer.cseq -= 1;
        }
        self.far.say(&mut peer, method, &lines, &body);
        self.peers[index].cseq = self.peers[index].cseq.max(peer.cseq);
    }

    fn world(&mut self) {
        let phone = self.far.phone;
        match self.dice.below(7) {
            0 => {
                self.note("cut".to_owned());
                self.far.world.cut(phone);
            }
            1 => {
                let failure = self.dice.one_in(2).then_some(MediaFailure::NoMicrophone);
                self.note(format!("media {failure:?}"));
                self.far.world.phones[phone].media_failure = failure;
            }
            2 => {
                let failure = self.dice.one_in(3).then_some(MediaFailure::BadDescription);
                self.note(format!("answers {failure:?}"));
                self.far.world.phones[phone].answer_failure = failure;
            }
            _ => {
                let open = self.far.world.phones[phone].open_media.clone();
                let Some(media) = self.pick(&open) else { return };
                let event = match self.dice.below(4) {
                    0 => MediaEvent::Failed(MediaFailure::ConnectionLost),
                    1 => MediaEvent::Connected { connected: false },
                    _ => MediaEvent::Connected { connected: true },
                };
                self.note(format!("{event:?}"));
                self.far.world.happen(phone, Input::Media { media, number: 0, event });
            }
        }
    }

    /// Nobody says anything more, the application hangs up, and time passes.
    fn settle(&mut self) {
        let phone = self.far.phone;
        self.note("quiet".to_owned());
        self.far.world.phones[phone].media_failure = None;
        self.far.world.phones[phone].answer_failure = None;
        self.far.run(45_000);
        for call in self.far.world.calls(phone) {
            self.command(Command::Hangup(call.id, Extra::default()));
        }
        for id in std::mem::take(&mut self.subscriptions) {
            self.command(Command::Unsubscribe(id));
            self.command(Command::RejectSubscriber(id, 403));
        }
        for id in std::mem::take(&mut self.publications) {
            self.command(Command::Unpublish(id));
        }
        self.far.run(700_000);
        self.listen();
        self.note("done".to_owned());
        assert_eq!(self.far.world.calls(phone), [], "calls of nobody");
        assert!(self.far.world.phones[phone].open_media.is_empty(), "media sessions are left");
        for id in &self.commands {
            assert!(self.far.world.result(phone, *id).is_some(), "{id:?} was never completed");
        }
    }

    fn size(&self) -> usize {
        format!("{:?}", self.far.world.phones[self.far.phone].endpoint).len()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log.join("\n"));
        }
    }
}

#[test]
fn whatever_far_ends_do_every_call_ends_and_nothing_is_left() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("MODEL_SEED").unwrap_or(0);
    let seeds = first..first + number("MODEL_COUNT").unwrap_or(if cfg!(target_arch = "wasm32") { 40 } else { 100 });
    for seed in seeds {
        let mut life = Life::new(seed);
        let before = life.size();
        for _ in 0..2 {
            for _ in 0..10 + life.dice.below(50) {
                life.step();
            }
            life.settle();
            let after = life.size();
            assert!(
                after < before + 6_000,
                "{before} octets grew to {after}: {:?}",
                life.far.world.phones[life.far.phone].endpoint
            );
        }
        let shown = format!("{:?}", life.far.world.phones[life.far.phone].endpoint);
        assert!(!shown.contains("\"secret\""), "a password is shown");
    }
}
