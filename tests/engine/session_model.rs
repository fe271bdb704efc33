//! Random sequences of what both sides, the network and media can do to one call, against a far end that keeps no rule.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{Command, CommandId, DtmfMethod, Extra, MediaEvent, MediaFailure};
use sipwake::message::{HeaderName, Request};

use crate::far::{Far, Peer};
use crate::model::Dice;
use crate::world::{World, sdp};

struct Model {
    far: Far,
    dice: Dice,
    call: sipwake::io::CallId,
    peer: Peer,
    commands: Vec<CommandId>,
    /// Requests of the phone's that have their final response, by CSeq line.
    answered: Vec<String>,
    log: Vec<String>,
}

impl Model {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut far = Far::new();
        let allow = ["Allow: INVITE, ACK, BYE, UPDATE", "Allow: INVITE, ACK, BYE"][dice.below(2) as usize];
        let timer = ["Session-Expires: 90;refresher=uac", "Session-Expires: 90;refresher=uas", "X-None: 1"]
            [dice.below(3) as usize];
        let (call, peer) = if dice.one_in(2) {
            let (call, invite) = far.called();
            far.reply_sdp(&invite, 200, "bob", &[allow, timer], 1);
            (call, far.peer(&invite, "bob"))
        } else {
            let invite = far.invite_sdp("theirs", &[allow], 1);
            let call = far.world.calls(far.phone)[0].id;
            far.world.command(far.phone, Command::Answer(call, Extra::default()));
            far.run(100);
            let response = far.response("INVITE");
            let mut peer = far.peer_of_response(&invite, &response);
            far.ask(&mut peer, "ACK", &[], "");
            (call, peer)
        };
        Self { far, dice, call, peer, commands: Vec::new(), answered: Vec::new(), log: vec![format!("seed {seed}")] }
    }

    fn note(&mut self, what: String) {
        self.log.push(format!("{:>8} {what}", self.far.world.now));
    }

    fn body(&mut self) -> String {
        let direction = ["sendrecv", "sendonly", "recvonly", "inactive"][self.dice.below(4) as usize];
        match self.dice.below(8) {
            0 => String::new(),
            1 => sdp(1).replace("m=audio 9", "m=audio 0"),
            2 => "v=0\r\n".to_owned(),
            _ => sdp(1).replace("a=sendrecv", &format!("a={direction}")),
        }
    }

    fn step(&mut self) {
        match self.dice.below(12) {
            0..=2 => self.command(),
            3..=5 => self.ask(),
            6..=9 => self.reply(),
            10 => self.media(),
            _ => {
                self.note("cut".to_owned());
                self.far.world.cut(self.far.phone);
            }
        }
        let pause = match self.dice.below(4) {
            0 | 1 => self.dice.below(60),
            2 => self.dice.below(3_000),
            _ => self.dice.below(20_000),
        };
        self.far.run(pause);
    }

    fn command(&mut self) {
        let call = self.call;
        let command = match self.dice.below(6) {
            0 | 1 => Command::Hold(call, true),
            2 => Command::Hold(call, false),
            3 => Command::Renegotiate { call, restart: self.dice.one_in(2) },
            4 => Command::Dtmf {
                call,
                digits: "1,2".to_owned(),
                method: [DtmfMethod::Auto, DtmfMethod::Info][self.dice.below(2) as usize],
                duration_ms: 100,
                gap_ms: 50,
            },
            _ => Command::Mute(call, self.dice.one_in(2)),
        };
        self.note(format!("{command:?}"));
        self.commands.push(self.far.world.command(self.far.phone, command));
    }

    fn ask(&mut self) {
        if self.far.world.phones[self.far.phone].flows.is_empty() {
            return;
        }
        let method = ["INVITE", "UPDATE", "ACK", "INFO", "OPTIONS", "PRACK"][self.dice.below(6) as usize];
        let body = self.body();
        let mut headers = Vec::new();
        if !body.is_empty() {
            headers.push("Content-Type: application/sdp");
        }
        match self.dice.below(4) {
            0 => headers.extend(["Supported: timer", "Session-Expires: 90;refresher=uas"]),
            1 => headers.extend(["Supported: timer", "Session-Expires: 60"]),
            _ => {}
        }
        self.note(format!("far: {method} {}", body.len()));
        let mut peer = self.peer.clone();
        self.far.ask(&mut peer, method, &headers, &body);
        self.peer = peer;
    }

    /// The requests of the phone's dialog that have no final response yet.
    fn open(&self) -> Vec<Request> {
        let mut open = Vec::new();
        for method in ["INVITE", "UPDATE", "INFO", "BYE"] {
            open.extend(self.far.requests(method));
        }
        let tagged = |request: &Request| request.headers.to().unwrap().unwrap().tag().is_some();
        open.retain(|request| tagged(request) && !self.answered.contains(&cseq(request)));
        open
    }

    fn reply(&mut self) {
        let open = self.open();
        if open.is_empty() || self.far.world.phones[self.far.phone].flows.is_empty() {
            return;
        }
        let request = &open[self.dice.below(open.len() as u64) as usize];
        const STATUSES: [u16; 14] = [100, 183, 200, 200, 200, 200, 302, 405, 422, 488, 491, 491, 500, 503];
        let status = STATUSES[self.dice.below(STATUSES.len() as u64) as usize];
        let body = if status < 300 { self.body() } else { String::new() };
        let mut headers = Vec::new();
        if !body.is_empty() {
            headers.push("Content-Type: application/sdp");
        }
        match status {
            422 => headers.push("Min-SE: 120"),
            500 => headers.push("Retry-After: 2"),
            200 if self.dice.one_in(2) => headers.push("Session-Expires: 90;refresher=uac"),
            _ => {}
        }
        self.note(format!("far: {status} to {}", cseq(request)));
        if status >= 200 {
            self.answered.push(cseq(request));
        }
        self.far.reply(request, status, "bob", &headers, &body);
    }

    fn media(&mut self) {
        if self.far.world.phones[self.far.phone].open_media.is_empty() {
            return;
        }
        match self.dice.below(6) {
            0 => self.tell(MediaEvent::Failed(MediaFailure::ConnectionLost)),
            1 => self.tell(MediaEvent::Connected { connected: false }),
            2 | 3 => self.tell(MediaEvent::Connected { connected: true }),
            4 => {
                let failure = self.dice.one_in(2).then_some(MediaFailure::BadDescription);
                self.note(format!("offers: {failure:?}"));
                self.far.world.phones[self.far.phone].media_failure = failure;
            }
            _ => {
                let failure = self.dice.one_in(2).then_some(MediaFailure::BadDescription);
                self.note(format!("answers: {failure:?}"));
                self.far.world.phones[self.far.phone].answer_failure = failure;
            }
        }
    }

    fn tell(&mut self, event: MediaEvent) {
        self.note(format!("{event:?}"));
        self.far.world.media_event(self.far.phone, event);
    }

    fn run(&mut self, steps: u64) {
        for _ in 0..steps {
            self.step();
        }
        let phone = self.far.phone;
        self.note("hang up".to_owned());
        let _ = self.far.world.command_now(phone, Command::Hangup(self.call, Extra::default()));
        for id in &self.commands {
            assert!(self.far.world.result(phone, *id).is_some(), "{id:?} was never completed");
        }
        assert!(self.far.world.phones[phone].open_media.is_empty(), "media is left");
        assert_eq!(self.far.world.outcomes(phone).len(), 1, "one call, one end");
        self.far.run(120_000);
        assert!(self.far.world.calls(phone).is_empty());
        let late = self.far.take();
        drop(late);
        self.far.run(600_000);
        assert_eq!(self.far.lines(), Vec::<String>::new(), "a call that is over says nothing any more");
    }
}

fn cseq(request: &Request) -> String {
    request.headers.get(HeaderName::CSeq).unwrap().to_owned()
}

impl Drop for Model {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log.join("\n"));
        }
    }
}

/// Whatever either side does: no command waits for ever, the call ends once, and nothing of it is left.
#[test]
fn a_call_ends_well_whatever_is_done_to_it() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("MODEL_SEED").unwrap_or(0);
    for seed in first..first + number("MODEL_COUNT").unwrap_or(60) {
        let mut model = Model::new(seed);
        let steps = 5 + model.dice.below(40);
        model.run(steps);
    }
}

/// Two phones that change their session at once, over flows that come and go: in the end both live, and each knows
/// whether the other holds.
#[test]
fn two_phones_agree_in_the_end() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("MODEL_SEED").unwrap_or(0);
    for seed in first..first + number("MODEL_COUNT").unwrap_or(60) {
        let mut dice = Dice::new(seed);
        // Without GRUU two that move at once lose each other, as there is nobody who knows where both are.
        let gruu = dice.one_in(2);
        let mut world = World::new();
        world.server.gruu = gruu.then(|| "sip:{user}@example.test;gr=urn:uuid:1".to_owned());
        let (alice, account) = world.add_registered("alice");
        let (bob, _) = world.add_registered("bob");
        let mut talk = crate::session::connect(world, alice, bob, account);
        let mut log = vec![format!("seed {seed}")];
        let mut commands = Vec::new();
        for _ in 0..5 + dice.below(20) {
            let (phone, call) = if dice.one_in(2) { (talk.alice, talk.call) } else { (talk.bob, talk.theirs) };
            let command = match dice.below(8) {
                0..=2 => Some(Command::Hold(call, true)),
                3 | 4 => Some(Command::Hold(call, false)),
                5 => Some(Command::Renegotiate { call, restart: dice.one_in(2) }),
                6 => {
                    talk.world.cut(phone);
                    if !gruu {
                        talk.world.run(10_000);
                    }
                    None
                }
                _ => {
                    talk.world.run(dice.below(400_000));
                    None
                }
            };
            log.push(format!("{:>8} phone {phone}: {command:?}", talk.world.now));
            if let Some(command) = command {
                commands.push((phone, talk.world.command(phone, command)));
            }
            let pause = [dice.below(10), dice.below(60), dice.below(3_000), dice.below(15_000)][dice.below(4) as usize];
            talk.world.run(pause);
        }
        talk.world.run(120_000);
        let (alices, bobs) = (talk.world.calls(talk.alice), talk.world.calls(talk.bob));
        assert!(alices.len() == 1 && bobs.len() == 1, "{}\n{alices:?}\n{bobs:?}", log.join("\n"));
        let agree = alices[0].on_hold == bobs[0].remote_hold && bobs[0].on_hold == alices[0].remote_hold;
        assert!(agree, "{}\n{alices:?}\n{bobs:?}", log.join("\n"));
        for (phone, id) in commands {
            assert!(talk.world.result(phone, id).is_some(), "{}\n{id:?} was never completed", log.join("\n"));
        }
    }
}
