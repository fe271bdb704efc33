//! Our INVITE against far ends that answer anything at any time: whatever comes, each 2xx has its ACK, each reliable
//! response at most one PRACK, the call ends once, and nothing is left open.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::common::random::{Random, Seeded};
use sipwake::io::{
    AccountOptions, CallId, CallOptions, Command, Event, Extra, Input, MediaEvent, MediaFailure, Reliability,
};
use sipwake::message::{HeaderName, Message, Request};

use crate::far::{Far, answer, header};
use crate::world::{account, sdp};

const TAGS: [&str; 4] = ["one", "two", "three", ""];
const STEPS: u64 = 40;

struct Run {
    far: Far,
    random: Random,
    call: CallId,
    /// Far ends whose 2xx reached the phone on a flow that was not cut since.
    answered: Vec<&'static str>,
    /// The flow of the INVITE is gone.
    cut: bool,
    seen: usize,
    log: Vec<String>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(Seeded(seed));
        let reliability = [Reliability::Supported, Reliability::Required, Reliability::Off][random.below(3) as usize];
        let mut far = Far::with(AccountOptions { reliability, max_redirects: 2, ..account("alice") });
        let options = CallOptions { late_offer: random.below(3) == 0, ..CallOptions::default() };
        let (call, _) = far.called_with(options);
        Self { far, random, call, answered: Vec::new(), cut: false, seen: 0, log: Vec::new() }
    }

    fn one_in(&mut self, number: u64) -> bool {
        self.random.below(number) == 0
    }

    /// The INVITE that began the call, as it was sent last: re-INVITEs have a To tag.
    fn invite(&self) -> Request {
        let first = |invite: &Request| !header(&invite.headers, HeaderName::To).contains(";tag=");
        self.far.requests("INVITE").into_iter().rfind(first).unwrap()
    }

    fn step(&mut self) {
        let invite = self.invite();
        let tag = TAGS[self.random.below(4) as usize];
        let rseq = format!("RSeq: {}", 1 + self.random.below(4));
        let described = self.random.below(3) > 0;
        let index = self.random.below(5) as usize;
        let body = if described { sdp(index) } else { String::new() };
        let mut headers = if described { vec!["Content-Type: application/sdp"] } else { Vec::new() };
        let action = self.random.below(24);
        self.log.push(format!("{action} {tag} {described}"));
        match action {
            0..=7 => {
                if self.one_in(2) {
                    headers.extend(["Require: 100rel", &rseq]);
                }
                let status = [180, 181, 183, 183, 199][self.random.below(5) as usize];
                self.far.send(answer(&invite, status, tag, &headers, &body));
            }
            8 | 9 => {
                // A 2xx without a tag has no Contact here, and so no dialog.
                self.far.send(answer(&invite, 200, tag, &headers, &body));
                if !tag.is_empty() && !self.cut {
                    self.answered.push(tag);
                }
            }
            10 => {
                let status = [486, 404, 500, 603, 488][self.random.below(5) as usize];
                self.far.send(answer(&invite, status, tag, &[], ""));
            }
            11 => {
                let contact =
                    format!("Contact: <sip:next{}@x.invalid>, <sip:other@x.invalid>;q=0.1", self.random.below(3));
                self.far.send(answer(&invite, 302, tag, &[&contact], ""));
            }
            12 => {
                let challenge = "Proxy-Authenticate: Digest realm=\"example.test\", nonce=\"m\", qop=\"auth\"";
                self.far.send(answer(&invite, 407, "p", &[challenge], ""));
            }
            13 => self.media(MediaEvent::Connected { connected: described }),
            14 => self.media(MediaEvent::Failed(MediaFailure::ConnectionLost)),
            15 => {
                let failure = described.then_some(MediaFailure::BadDescription);
                self.far.world.phones[self.far.phone].answer_failure = failure;
            }
            16 if self.one_in(4) => self.hang_up(),
            17 if self.one_in(6) => {
                self.far.world.cut(self.far.phone);
                self.far.run(10_000);
                // Who answered on the old flow may not have heard of it.
                self.answered.clear();
                self.cut = true;
            }
            18 => {
                let mut peer = self.far.peer(&invite, tag);
                peer.cseq += self.random.below(50) as u32;
                let method = ["BYE", "UPDATE", "INFO", "OPTIONS", "PRACK"][self.random.below(5) as usize];
                self.far.ask(&mut peer, method, &headers, &body);
            }
            _ => {}
        }
        let pause = [0, 3, 30, 300][self.random.below(4) as usize];
        self.far.run(pause);
        self.reply_some();
    }

    fn media(&mut self, event: MediaEvent) {
        let phone = self.far.phone;
        if let Some(media) = self.far.world.phones[phone].open_media.last().copied() {
            self.far.world.input(phone, Input::Media { media, number: 0, event });
        }
    }

    fn hang_up(&mut self) {
        let call = self.call;
        self.far.world.command(self.far.phone, Command::Hangup(call, Extra::default()));
    }

    /// Answers most of the requests that came and are not the INVITE.
    fn reply_some(&mut self) {
        let heard: Vec<Message> = self.far.heard().get(self.seen..).unwrap_or_default().to_vec();
        self.seen += heard.len();
        for message in heard {
            let Message::Request(request) = message else { continue };
            let again = header(&request.headers, HeaderName::To).contains(";tag=");
            match request.method().as_str() {
                "ACK" => {}
                "INVITE" if !again => {}
                "INVITE" => {
                    let described = ["Content-Type: application/sdp"];
                    self.far.send(answer(&request, 200, "x", &described, &sdp(7)));
                }
                _ if self.one_in(5) => {}
                _ => self.far.send(answer(&request, 200, "x", &[], "")),
            }
        }
    }

    fn finish(mut self, seed: u64) {
        let log = self.log.clone();
        self.far.run(1_000);
        self.reply_some();
        if self.far.state(self.call).is_some() {
            self.hang_up();
        }
        for _ in 0..20 {
            self.far.run(10_000);
            self.reply_some();
        }
        let far = &self.far;
        assert_eq!(far.state(self.call), None, "seed {seed}: {log:?}");
        let over = |event: &&Event| matches!(event, Event::CallTerminated { call, .. } if call.id == self.call);
        assert_eq!(far.world.phones[far.phone].events.iter().filter(over).count(), 1, "seed {seed}: {log:?}");
        assert!(far.world.phones[far.phone].open_media.is_empty(), "seed {seed}: {log:?}");
        let acknowledged: Vec<_> = far.requests("ACK").iter().map(|ack| header(&ack.headers, HeaderName::To)).collect();
        for tag in &self.answered {
            let to = format!(";tag={tag}");
            assert!(acknowledged.iter().any(|ack| ack.ends_with(&to)), "seed {seed}: no ACK for {tag}: {log:?}");
        }
        let mut racks: Vec<_> = far
            .requests("PRACK")
            .iter()
            .map(|prack| (header(&prack.headers, HeaderName::To), header(&prack.headers, HeaderName::RAck)))
            .collect();
        let all = racks.len();
        racks.sort();
        racks.dedup();
        assert_eq!(racks.len(), all, "seed {seed}: a PRACK twice: {log:?}");
    }
}

/// RFC 3261 13.2.2, RFC 3262 4
#[test]
fn whatever_comes_back_for_an_invite_it_ends_well() {
    for seed in 0..150 {
        let mut run = Run::new(seed);
        for _ in 0..STEPS {
            run.step();
        }
        run.finish(seed);
    }
}
