//! The fuzz target of the engine whole: its input is a play of the far end, the user and the clock, line by line, and the
//! engine must come out of it alive, with nothing on the wire that cannot be read.

use sipwake::common::random::{Random, Seeded};
use sipwake::common::secret::Secret;
use sipwake::common::time::{Mono, Now};
use sipwake::endpoint::Endpoint;
use sipwake::io::{
    AccountId, AccountOptions, Body, CallId, CallOptions, CallState, Command, CommandId, DtmfMethod, EndpointOptions,
    Extra, FlowCommand, FlowEvent, FlowId, Input, MediaCommand, MediaEvent, MediaFailure, MediaId, Output, Reply,
};
use sipwake::message::{HeaderName, Message, Method, Request, Response};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=sendrecv\r\n";

/// Outputs that one input may bring. More: the engine talks to itself.
const OUTPUTS: usize = 20_000;

struct Play {
    endpoint: Endpoint,
    now: u64,
    timer: Option<Mono>,
    account: AccountId,
    flow: Option<FlowId>,
    commands: u32,
    media: Vec<(MediaId, u32, MediaEvent)>,
    asked: Vec<Request>,
    /// Call-ID, From and To of the latest dialog, as the far end writes them.
    dialog: Option<(String, String, String)>,
    cseq: u32,
}

impl Play {
    fn new() -> Self {
        let endpoint = Endpoint::new(EndpointOptions::default(), Random::new(Seeded(1)));
        let mut play = Self {
            endpoint,
            now: 0,
            timer: None,
            account: AccountId(0),
            flow: None,
            commands: 0,
            media: Vec::new(),
            asked: Vec::new(),
            dialog: None,
            cseq: 10,
        };
        play.input(Input::Timeout);
        play.command(Command::CreateAccount(Box::new(AccountOptions {
            username: "bob".to_owned(),
            domain: "example.test".to_owned(),
            password: Some(Secret::new("secret")),
            servers: vec!["wss://sip.example.test/ws".to_owned().into()],
            ..AccountOptions::default()
        })));
        play.run(200);
        play
    }

    fn clock(&self) -> Now {
        Now { mono: Mono(self.now), wall: 1_764_000_000_000 + self.now }
    }

    fn input(&mut self, input: Input) {
        let now = self.clock();
        let mut inputs = vec![input];
        let mut count = 0;
        while let Some(input) = inputs.pop() {
            self.endpoint.handle(now, input);
            while let Some(output) = self.endpoint.poll() {
                count += 1;
                assert!(count < OUTPUTS, "the engine talks to itself");
                inputs.extend(self.output(output));
            }
        }
    }

    fn output(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Timer(at) => self.timer = at,
            Output::Completed { result: Ok(Reply::Account(id)), .. } => self.account = id,
            Output::Flow { flow, command: FlowCommand::Open { .. } } => {
                self.flow = Some(flow);
                return Some(Input::Flow { flow, event: FlowEvent::Opened { protocol: "sip".to_owned() } });
            }
            Output::Flow { flow, command: FlowCommand::Send(octets) } => return self.sent(flow, octets),
            Output::Flow { command: FlowCommand::Close { .. }, .. } => self.flow = None,
            Output::Media { media, number, command } => {
                let event = match command {
                    MediaCommand::Offer { .. } | MediaCommand::Accept { .. } => {
                        MediaEvent::Described { sdp: SDP.to_owned() }
                    }
                    MediaCommand::SetAnswer { .. } => MediaEvent::Applied,
                    MediaCommand::Dtmf { .. } => MediaEvent::DtmfSent,
                    _ => return None,
                };
                self.media.push((media, number, event));
            }
            _ => {}
        }
        None
    }

    fn sent(&mut self, flow: FlowId, octets: Vec<u8>) -> Option<Input> {
        if octets.iter().all(|b| matches!(b, b'\r' | b'\n')) {
            return None;
        }
        match Message::parse(octets).expect("the engine writes what can be read") {
            Message::Request(request) => {
                if *request.method() == Method::Register {
                    let mut response = Response::to(&request, 200);
                    response.headers.copy(&request.headers, HeaderName::Contact);
                    let octets = response.to_octets().ok()?;
                    return Some(Input::Flow { flow, event: FlowEvent::Received(octets) });
                }
                if self.asked.len() > 64 {
                    self.asked.remove(0);
                }
                self.asked.push(request);
            }
            Message::Response(response) => {
                let headers = &response.headers;
                if let (Some(call_id), Some(from), Some(to)) =
                    (headers.call_id(), headers.get(HeaderName::From), headers.get(HeaderName::To))
                    && response.status() > 100
                    && response.status() < 300
                {
                    self.dialog = Some((call_id.to_owned(), from.to_owned(), to.to_owned()));
                }
            }
        }
        None
    }

    fn command(&mut self, command: Command) {
        self.commands += 1;
        let id = CommandId(self.commands);
        self.input(Input::Command { id, command });
    }

    fn receive(&mut self, octets: Vec<u8>) {
        if let Some(flow) = self.flow {
            self.input(Input::Flow { flow, event: FlowEvent::Received(octets) });
        }
    }

    fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        for _ in 0..200 {
            for (media, number, event) in std::mem::take(&mut self.media) {
                self.input(Input::Media { media, number, event });
            }
            match self.timer {
                Some(at) if at.0 <= end => {
                    self.now = self.now.max(at.0);
                    self.timer = None;
                    self.input(Input::Timeout);
                }
                _ => break,
            }
        }
        self.now = self.now.max(end);
    }

    /// Answers a request of the engine's, counted from the latest.
    fn answer(&mut self, status: u16, back: usize, tag: &str, extra: &str) {
        let Some(request) = self.asked.iter().rev().nth(back).cloned() else { return };
        let mut response = Response::to(&request, status);
        let Some(to) = request.headers.get(HeaderName::To).map(str::to_owned) else { return };
        let tagged = if to.contains("tag=") || status == 100 { to } else { [&to, ";tag=", tag].concat() };
        response.headers.set(HeaderName::To, tagged.as_str());
        if matches!(status, 101..=299) {
            response.headers.push(HeaderName::Contact, "<sip:peer@peer.invalid>");
            if matches!(request.method(), Method::Invite | Method::Update | Method::Prack) && !extra.starts_with('-') {
                response.set_body("application/sdp", SDP.into());
            }
            let from = request.headers.get(HeaderName::From).unwrap_or_default().to_owned();
            self.dialog = Some((request.headers.call_id().unwrap_or_default().to_owned(), tagged, from));
        }
        add(&mut response.headers, extra);
        if let Ok(octets) = response.to_octets() {
            self.receive(octets);
        }
    }

    /// Asks the engine something, in the latest dialog or outside of all.
    fn ask(&mut self, method: &str, inside: bool, extra: &str) {
        self.cseq += 1;
        let mut request = Request::new(Method::from(method), "sip:bob@k.invalid");
        let (call_id, from, to) = match &self.dialog {
            Some(dialog) if inside => dialog.clone(),
            _ => (
                format!("call{}", self.cseq),
                "<sip:peer@example.test>;tag=p1".to_owned(),
                "<sip:bob@example.test>".to_owned(),
            ),
        };
        let cseq = format!("{} {method}", self.cseq);
        let via = format!("SIP/2.0/WSS peer.invalid;branch=z9hG4bK{}", self.cseq);
        for (name, value) in [
            (HeaderName::Via, via.as_str()),
            (HeaderName::From, &from),
            (HeaderName::To, &to),
            (HeaderName::CallId, &call_id),
            (HeaderName::CSeq, &cseq),
            (HeaderName::Contact, "<sip:peer@peer.invalid>"),
        ] {
            request.headers.push(name, value);
        }
        if matches!(method, "INVITE" | "UPDATE") && !extra.starts_with('-') {
            request.set_body("application/sdp", SDP.into());
        }
        add(&mut request.headers, extra);
        if let Ok(octets) = request.to_octets() {
            self.receive(octets);
        }
    }

    /// One line of the play.
    fn line(&mut self, line: &str) {
        let (what, rest) = line.split_at_checked(1).unwrap_or(("", ""));
        let calls: Vec<CallId> = self.endpoint.calls().iter().map(|call| call.id).collect();
        let (account, call) = (self.account, calls.first().copied());
        let extra = Extra::default;
        let body = || Body { content_type: "text/plain".to_owned(), octets: rest.as_bytes().to_vec() };
        let digit = |at: usize| rest.as_bytes().get(at).map_or(0, |b| usize::from(b.wrapping_sub(b'0')) % 10);
        match what {
            ">" => self.receive(rest.replace('|', "\r\n").into_bytes()),
            "+" => self.run([1, 20, 100, 500, 2_000, 10_000, 35_000, 120_000, 600_000, 3_600_000][digit(0)]),
            "!" => {
                if let Some(flow) = self.flow.take() {
                    self.input(Input::Flow { flow, event: FlowEvent::Closed { code: 1006, clean: false } });
                }
            }
            "%" => {
                for (.., event) in &mut self.media {
                    *event = MediaEvent::Failed(MediaFailure::Other);
                }
            }
            _ if what.as_bytes().first().is_some_and(u8::is_ascii_digit) => {
                let status: u16 = line.get(..3).and_then(|status| status.parse().ok()).unwrap_or(200);
                let tag = ["t0", "t1", "t2"][digit(3) % 3];
                self.answer(status, digit(2), tag, rest.get(4..).unwrap_or(""));
            }
            "(" | ")" => {
                let (method, extra) = rest.split_once(' ').unwrap_or((rest, ""));
                self.ask(method, what == ")", extra);
            }
            "c" => self.command(Command::MakeCall {
                account,
                target: "sip:peer@example.test".to_owned(),
                options: CallOptions { late_offer: digit(0) == 1, ..CallOptions::default() },
            }),
            "m" => {
                let target = "sip:peer@example.test".to_owned();
                let call = call.filter(|_| digit(0) == 1);
                self.command(Command::SendMessage { account, call, target, body: body(), extra: extra() });
            }
            "s" => self.command(Command::Subscribe {
                account,
                target: "sip:peer@example.test".to_owned(),
                event: "presence".to_owned(),
                accept: Vec::new(),
                expires: 600,
                body: Body { content_type: String::new(), octets: Vec::new() },
                extra: extra(),
            }),
            _ => {
                let Some(call) = call else { return };
                let command = match what {
                    "a" => Command::Answer(call, extra()),
                    "d" => Command::Decline(call, None, extra()),
                    "h" => Command::Hangup(call, extra()),
                    "o" => Command::Hold(call, digit(0) == 1),
                    "r" => Command::Renegotiate { call, restart: digit(0) == 1 },
                    "x" => Command::Transfer { call, target: "sip:c@example.test".to_owned(), extra: extra() },
                    "y" => match calls.get(1) {
                        Some(to) => Command::TransferToCall { call, to: *to, extra: extra() },
                        None => return,
                    },
                    "n" => Command::Info { call, body: body(), extra: extra() },
                    "#" => Command::Dtmf {
                        call,
                        digits: "1#".to_owned(),
                        method: DtmfMethod::Info,
                        duration_ms: 100,
                        gap_ms: 70,
                    },
                    _ => return,
                };
                self.command(command);
            }
        }
    }
}

/// Header lines, one behind each bar: `Name: value`.
fn add(headers: &mut sipwake::message::Headers, extra: &str) {
    for line in extra.split('|').skip(1) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        headers.push_named(name, value.trim());
    }
}

/// The engine with a user, a clock and a far end. What comes back are the states that its calls went through.
pub fn endpoint(text: &str) -> Vec<CallState> {
    let mut play = Play::new();
    let mut seen = Vec::new();
    for line in text.split('\n').take(60) {
        play.line(line);
        play.run(1);
        for call in play.endpoint.calls() {
            if !seen.contains(&call.state) {
                seen.push(call.state);
            }
        }
    }
    // However it went, all calls end, and the engine comes to rest.
    for call in play.endpoint.calls() {
        play.command(Command::Hangup(call.id, Extra::default()));
    }
    for _ in 0..8 {
        play.run(64_000);
    }
    assert!(play.endpoint.calls().is_empty(), "a call that cannot be ended");
    seen
}
