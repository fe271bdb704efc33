//! Phones joined to one server by a wire with a delay, and one clock for all of them.

#[path = "pages.rs"]
mod pages;

use std::collections::VecDeque;

use sipwake::common::random::{Random, Seeded};
use sipwake::common::time::{Mono, Now};
use sipwake::endpoint::Endpoint;
use sipwake::io::{
    AccountId, AccountOptions, CallId, CallInfo, CallState, Command, CommandId, CredentialsRequest, EndpointOptions,
    Error, Event, FlowCommand, FlowEvent, FlowId, Input, MediaCommand, MediaDirection, MediaEvent, MediaFailure,
    MediaId, Output, Reply,
};

use sipwake::message::Message;

use crate::directions::{narrowed, without_ours};
use crate::samples::VirtualMedia;
pub use crate::samples::{account, sdp};
use crate::server::Server;
use crate::shell::Shell;

/// Milliseconds that a message takes between a phone and the server.
pub const DELAY: u64 = 5;
/// Milliseconds that a virtual media session takes for a description.
pub const MEDIA_DELAY: u64 = 20;
pub const START: u64 = 1_700_000_000_000;

/// What is on its way.
#[derive(Debug)]
enum Travelling {
    Phone(usize, Input),
    Server(usize, FlowId, Vec<u8>),
    Shell(usize, String),
}

#[derive(Debug)]
pub struct Phone {
    pub endpoint: Endpoint,
    pub timer: Option<Mono>,
    pub flows: Vec<FlowId>,
    /// Octets that left, as text.
    pub sent: Vec<String>,
    pub events: Vec<Event>,
    pub completed: Vec<(CommandId, Result<Reply, Error>)>,
    /// What the application was asked for.
    pub questions: Vec<CredentialsRequest>,
    pub posted: Vec<String>,
    /// What it leaves to its next page.
    pub saved: Option<String>,
    pub media: Vec<(MediaId, MediaCommand)>,
    /// The number of the last of them.
    pub media_number: u32,
    pub open_media: Vec<MediaId>,
    /// Sessions that gather ahead of their calls.
    pub prepared: Vec<MediaId>,
    next_command: u32,
    /// Media sessions answer an offer to make or to take with this failure instead.
    pub media_failure: Option<MediaFailure>,
    /// Media sessions answer an answer to take with this failure instead.
    pub answer_failure: Option<MediaFailure>,
    /// Whether media sessions can send digits.
    pub media_dtmf: bool,
    /// There is no camera.
    pub no_camera: bool,
    /// Its descriptions have what trickling needs.
    pub trickles: bool,
    virtual_media: Vec<(MediaId, VirtualMedia)>,
    /// The server cannot be reached.
    pub offline: bool,
    /// Where each flow leads.
    pub urls: Vec<(FlowId, String)>,
    /// The flow of each message in `sent`.
    pub sent_on: Vec<FlowId>,
    /// URLs that take no connection.
    pub down: Vec<&'static str>,
    /// URLs that take connections and answer nothing.
    pub mute: Vec<&'static str>,
    /// Octets sent on open flows vanish, and nothing comes: a frozen network path.
    pub deaf: bool,
    /// The native side, where there is one.
    pub shell: Option<Shell>,
    /// The page does not run: nothing reaches it, its timers stand still.
    pub frozen: bool,
    /// The trace is redacted, persons included.
    redacted: bool,
    /// What was posted to it meanwhile.
    pub kept: Vec<Input>,
    /// Sockets and media sessions of the page itself, where there is a shell.
    pub own_flows: Vec<FlowId>,
    pub own_media: Vec<MediaId>,
    /// How often its own timer rang.
    pub timeouts: u32,
    /// The accounts that its host provides, each time it said so.
    pub provided: Vec<sipwake::common::secret::Secret>,
}

impl Phone {
    fn is_mute(&self, flow: FlowId) -> bool {
        self.url_of(flow).is_some_and(|url| self.mute.contains(&url))
    }

    /// Where a flow leads.
    pub fn url_of(&self, flow: FlowId) -> Option<&str> {
        self.urls.iter().find(|(of, _)| *of == flow).map(|(_, url)| url.as_str())
    }

    /// Where the open flows lead.
    pub fn open_urls(&self) -> Vec<&str> {
        self.flows.iter().filter_map(|flow| self.url_of(*flow)).collect()
    }
}

pub struct World {
    pub now: u64,
    order: u64,
    travelling: Vec<(u64, u64, Travelling)>,
    pub phones: Vec<Phone>,
    pub server: Server,
    /// A scripted far end stands behind the server: what is no REGISTER comes here, and nowhere else.
    pub far: Option<Vec<Message>>,
    /// What the wall clock said when the other began. It jumps where the machine sleeps or somebody sets it.
    pub start: u64,
}

impl World {
    pub fn new() -> Self {
        Self {
            now: 0,
            order: 0,
            travelling: Vec::new(),
            phones: Vec::new(),
            server: Server::new(),
            far: None,
            start: START,
        }
    }

    pub fn clock(&self) -> Now {
        Now { mono: Mono(self.now), wall: self.start + self.now }
    }

    pub fn add_phone(&mut self, options: EndpointOptions) -> usize {
        let index = self.phones.len();
        let seed = Random::new(Seeded(100 + index as u64));
        let redacted = !options.full_trace && !options.trace_names;
        self.phones.push(Phone {
            endpoint: Endpoint::new(options, seed),
            timer: Some(Mono(0)),
            flows: Vec::new(),
            sent: Vec::new(),
            events: Vec::new(),
            completed: Vec::new(),
            questions: Vec::new(),
            posted: Vec::new(),
            saved: None,
            media: Vec::new(),
            media_number: 0,
            open_media: Vec::new(),
            prepared: Vec::new(),
            next_command: 0,
            media_failure: None,
            answer_failure: None,
            media_dtmf: true,
            no_camera: false,
            trickles: false,
            virtual_media: Vec::new(),
            offline: false,
            urls: Vec::new(),
            sent_on: Vec::new(),
            down: Vec::new(),
            mute: Vec::new(),
            deaf: false,
            shell: None,
            frozen: false,
            redacted,
            kept: Vec::new(),
            own_flows: Vec::new(),
            own_media: Vec::new(),
            timeouts: 0,
            provided: Vec::new(),
        });
        self.input(index, Input::Timeout);
        index
    }

    /// A phone without a host, registered as `name`.
    pub fn add_registered(&mut self, name: &str) -> (usize, AccountId) {
        self.server.add_user(name, "secret");
        let phone = self.add_phone(EndpointOptions::default());
        let account = self.create_account(phone, account(name));
        self.run(100);
        assert!(self.server.is_bound(name), "{name} is not registered");
        (phone, account)
    }

    pub fn create_account(&mut self, phone: usize, options: AccountOptions) -> AccountId {
        match self.command_now(phone, Command::CreateAccount(Box::new(options))) {
            Ok(Reply::Account(id)) => id,
            other => panic!("no account: {other:?}"),
        }
    }

    pub fn command(&mut self, phone: usize, command: Command) -> CommandId {
        let id = CommandId(self.phones[phone].next_command);
        self.phones[phone].next_command += 1;
        self.input(phone, Input::Command { id, command });
        id
    }

    /// The result of a command that completes at once.
    pub fn command_now(&mut self, phone: usize, command: Command) -> Result<Reply, Error> {
        let id = self.command(phone, command);
        self.result(phone, id).expect("the command is not completed yet")
    }

    pub fn result(&self, phone: usize, id: CommandId) -> Option<Result<Reply, Error>> {
        let mut results = self.phones[phone].completed.iter().filter(|(of, _)| *of == id);
        let first = results.next().map(|(_, result)| result.clone());
        assert!(results.next().is_none(), "completed twice");
        first
    }

    pub fn call(&mut self, phone: usize, account: AccountId, target: &str) -> CallId {
        let command =
            Command::MakeCall { account, target: target.to_owned(), options: sipwake::io::CallOptions::default() };
        match self.command_now(phone, command) {
            Ok(Reply::Call(id)) => id,
            other => panic!("no call: {other:?}"),
        }
    }

    pub fn input(&mut self, phone: usize, input: Input) {
        if self.phones[phone].frozen {
            self.phones[phone].kept.push(input);
            return;
        }
        let now = self.clock();
        let outputs: VecDeque<Output> = {
            let endpoint = &mut self.phones[phone].endpoint;
            endpoint.handle(now, input);
            std::iter::from_fn(|| endpoint.poll()).collect()
        };
        for output in outputs {
            self.output(phone, output);
        }
    }

    fn output(&mut self, index: usize, output: Output) {
        let phone = &mut self.phones[index];
        match output {
            Output::Timer(at) => phone.timer = at,
            Output::Event(event) => {
                if let Event::Trace(entry) = &event
                    && phone.redacted
                {
                    crate::trace::shows_nobody(&entry.text);
                }
                phone.events.push(event);
            }
            Output::Completed { id, result } => phone.completed.push((id, result)),
            Output::Save(state) => phone.saved = Some(state),
            Output::Provision(accounts) => phone.provided.push(accounts),
            Output::CredentialsNeeded(question) => phone.questions.push(question),
            Output::Host(text) => {
                phone.posted.push(text.clone());
                if phone.shell.is_some() {
                    self.travel(1, Travelling::Shell(index, text));
                }
            }
            Output::Flow { flow, command } => {
                if matches!(command, FlowCommand::Open { .. }) {
                    phone.own_flows.push(flow);
                }
                self.flow_command(index, flow, command);
            }
            Output::Media { media, number, command } => {
                if matches!(command, MediaCommand::Open { .. }) {
                    phone.own_media.push(media);
                }
                self.media_command(index, media, number, command);
            }
            other => panic!("unexpected {other:?}"),
        }
    }

    /// The virtual socket of phone `index`.
    pub fn flow_command(&mut self, index: usize, flow: FlowId, command: FlowCommand) {
        let phone = &mut self.phones[index];
        match command {
            FlowCommand::Open { url } if phone.offline || phone.down.contains(&url.as_str()) => {
                phone.urls.push((flow, url));
                self.deliver(index, DELAY, flow, FlowEvent::Closed { code: 1006, clean: false });
            }
            FlowCommand::Open { url } => {
                phone.urls.push((flow, url));
                phone.flows.push(flow);
                self.deliver(index, DELAY, flow, FlowEvent::Opened { protocol: "sip".to_owned() });
            }
            FlowCommand::Send(octets) => {
                phone.sent.push(String::from_utf8_lossy(&octets).into_owned());
                phone.sent_on.push(flow);
                if phone.flows.contains(&flow) && !phone.deaf && !phone.is_mute(flow) {
                    self.travel(DELAY, Travelling::Server(index, flow, octets));
                }
            }
            FlowCommand::Close { .. } => {
                phone.flows.retain(|open| *open != flow);
                self.forget_flow(index, flow);
                self.server.connection_closed(index, flow);
            }
            other => panic!("unexpected {other:?}"),
        }
    }

    pub fn media_command(&mut self, index: usize, media: MediaId, number: u32, command: MediaCommand) {
        let phone = &mut self.phones[index];
        phone.media.push((media, command.clone()));
        phone.media_number = number;
        let (failure, answer_failure) = (phone.media_failure, phone.answer_failure);
        let (dtmf, no_camera) = (phone.media_dtmf, phone.no_camera);
        let describes = matches!(command, MediaCommand::Offer { .. } | MediaCommand::Accept { .. });
        let sends = |wanted| matches!(wanted, Some(MediaDirection::SendRecv | MediaDirection::SendOnly));
        let wants_camera = phone.virtual_media.iter().any(|(id, session)| *id == media && sends(session.video));
        if no_camera && describes && wants_camera {
            let event = MediaEvent::Failed(MediaFailure::NoCamera);
            self.travel(MEDIA_DELAY / 2, Travelling::Phone(index, Input::Media { media, number: 0, event }));
        }
        let phone = &mut self.phones[index];
        if matches!(command, MediaCommand::Prepare { .. }) {
            assert!(!phone.prepared.contains(&media));
            phone.prepared.push(media);
        } else if matches!(command, MediaCommand::Open { .. } | MediaCommand::Close) {
            phone.prepared.retain(|ready| *ready != media);
        }
        if let MediaCommand::Open { video, .. } = command {
            phone.open_media.push(media);
            let direction = MediaDirection::SendRecv;
            phone.virtual_media.retain(|(id, _)| *id != media);
            phone.virtual_media.push((
                media,
                VirtualMedia {
                    direction,
                    version: 0,
                    restarts: 0,
                    offers: false,
                    provisional: false,
                    committed: false,
                    video: video.then_some(direction),
                    has_video_line: false,
                },
            ));
            return;
        }
        let Some((_, session)) = phone.virtual_media.iter_mut().find(|(id, _)| *id == media) else { return };
        let mut delay = MEDIA_DELAY;
        let trickles = phone.trickles;
        let event = match command {
            MediaCommand::Close => {
                phone.open_media.retain(|open| *open != media);
                phone.virtual_media.retain(|(id, _)| *id != media);
                return;
            }
            MediaCommand::Direction { direction, video } => {
                session.direction = direction;
                session.video = video;
                return;
            }
            MediaCommand::Rollback => {
                session.offers = false;
                return;
            }
            MediaCommand::Offer { .. } | MediaCommand::Accept { .. } | MediaCommand::Microphone
                if failure.is_some() =>
            {
                MediaEvent::Failed(failure.unwrap())
            }
            MediaCommand::Microphone => MediaEvent::Applied,
            MediaCommand::Offer { restart } => {
                session.committed |= session.offers && session.provisional;
                session.offers = true;
                session.provisional = false;
                session.restarts += u32::from(restart);
                let video = session.video.map(|wanted| if no_camera { without_ours(wanted) } else { wanted });
                session.describe(index, session.direction, video)
            }
            MediaCommand::Accept { sdp } => {
                assert!(!session.offers || session.provisional, "an offer was taken while ours has no answer");
                session.committed |= session.offers;
                session.offers = false;
                let (audio, video) = sdp.split_once("m=video ").unwrap_or((&sdp, "0 "));
                session.has_video_line |= sdp.contains("m=video ");
                let wanted = session.video.filter(|_| !video.starts_with("0 "));
                let wanted = wanted.map(|wanted| if no_camera { without_ours(wanted) } else { wanted });
                let video = wanted.map(|wanted| narrowed(wanted, video));
                session.describe(index, narrowed(session.direction, audio), video)
            }
            MediaCommand::SetAnswer { .. } if session.committed && !session.offers => {
                MediaEvent::Failed(MediaFailure::BadDescription)
            }
            MediaCommand::SetAnswer { provisional, .. } => {
                assert!(session.offers, "an answer without an offer");
                match answer_failure {
                    Some(why) => MediaEvent::Failed(why),
                    None => {
                        session.offers = provisional;
                        session.provisional = provisional;
                        MediaEvent::Applied
                    }
                }
            }
            MediaCommand::Dtmf { .. } if !dtmf => MediaEvent::Failed(MediaFailure::Unsupported),
            MediaCommand::Dtmf { digits, duration_ms, gap_ms } => {
                delay = digits.len() as u64 * u64::from(duration_ms + gap_ms);
                MediaEvent::DtmfSent
            }
            MediaCommand::Stats => MediaEvent::Stats { report: "[]".to_owned() },
            _ => return,
        };
        let event = match event {
            MediaEvent::Described { sdp } if trickles => MediaEvent::Described {
                sdp: sdp.replace("a=ice-ufrag", "a=mid:0\r\na=ice-options:trickle\r\na=ice-ufrag"),
            },
            event => event,
        };
        self.travel(delay, Travelling::Phone(index, Input::Media { media, number, event }));
    }

    pub fn deliver(&mut self, index: usize, delay: u64, flow: FlowId, event: FlowEvent) {
        self.travel(delay, Travelling::Phone(index, Input::Flow { flow, event }));
    }

    /// The media session of the phone's only call tells something.
    pub fn media_event(&mut self, index: usize, event: MediaEvent) {
        let media = *self.phones[index].open_media.last().expect("an open media session");
        self.happen(index, Input::Media { media, number: 0, event });
    }

    /// The media session of the phone's only call answers the last command.
    pub fn media_answers(&mut self, index: usize, event: MediaEvent) {
        let media = *self.phones[index].open_media.last().expect("an open media session");
        let number = self.phones[index].media_number;
        self.happen(index, Input::Media { media, number, event });
    }

    pub fn post_to_page(&mut self, index: usize, text: String) {
        self.travel(1, Travelling::Phone(index, Input::Host(text)));
    }

    fn travel(&mut self, delay: u64, what: Travelling) {
        self.order += 1;
        self.travelling.push((self.now + delay, self.order, what));
    }

    /// Cuts the phone's connections without a word to the server.
    pub fn cut(&mut self, index: usize) {
        for flow in std::mem::take(&mut self.phones[index].flows) {
            self.server.connection_closed(index, flow);
            self.happen(index, Input::Flow { flow, event: FlowEvent::Closed { code: 1006, clean: false } });
        }
    }

    /// The server sends an INVITE of `origin` to the bindings once more.
    pub fn resend_invite(&mut self, origin: usize, invite: &sipwake::message::Request) {
        let flow = self.phones[origin].flows[0];
        for (phone, flow, octets) in self.server.fork((origin, flow), invite.clone()) {
            self.deliver(phone, DELAY, flow, FlowEvent::Received(octets));
        }
    }

    /// A re-INVITE of the established call between two phones, as the caller's proxy would forward it.
    pub fn reinvite(&mut self, from: usize, to: usize, cseq: u32, sdp: &str) {
        let invite = self.server.requests.iter().rfind(|r| r.method().as_str() == "INVITE").unwrap().clone();
        let ok = self.phones[to].sent.iter().find(|text| text.starts_with("SIP/2.0 200 OK") && text.contains("INVITE"));
        let header = |name: &str| ok.unwrap().lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        let contact = self.server.bindings.iter().find(|binding| binding.phone == to).unwrap();
        let text = format!(
            "INVITE {} SIP/2.0\r\nVia: SIP/2.0/WSS a.invalid;branch=z9hG4bKre{cseq}\r\nMax-Forwards: 70\r\n{}\r\n{}\r\n\
             Call-ID: {}\r\nCSeq: {cseq} INVITE\r\nContact: <sip:a@a.invalid>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
            contact.contact,
            header("From:"),
            header("To:"),
            invite.headers.call_id().unwrap(),
            sdp.len()
        );
        let (phone, flow) = (contact.phone, contact.flow);
        assert_ne!(phone, from);
        self.deliver(phone, DELAY, flow, FlowEvent::Received(text.clone().into_bytes()));
        // The ACK follows when the answer had time to come.
        let ack = text.replace("INVITE", "ACK").replace("z9hG4bKre", "z9hG4bKack");
        let head = ack.split("Content-Type").next().unwrap();
        let ack = format!("{head}Content-Length: 0\r\n\r\n");
        self.deliver(phone, DELAY + MEDIA_DELAY + 5, flow, FlowEvent::Received(ack.into_bytes()));
    }

    /// Lets so many milliseconds pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        let mut at_once = 0;
        loop {
            let arrival = self.travelling.iter().map(|(at, order, _)| (*at, *order)).min();
            let timer = self
                .phones
                .iter()
                .enumerate()
                .filter(|(_, phone)| !phone.frozen)
                .filter_map(|(index, phone)| phone.timer.map(|at| (at.0.max(self.now), index)))
                .min();
            let shell_timer = self
                .phones
                .iter()
                .enumerate()
                .filter_map(|(index, phone)| Some((phone.shell.as_ref()?.timer?.0.max(self.now), index)))
                .min();
            let next = [arrival.map(|(at, _)| at), timer.map(|(at, _)| at), shell_timer.map(|(at, _)| at)]
                .into_iter()
                .flatten()
                .min();
            let Some(next) = next.filter(|at| *at <= end) else { break };
            at_once = if next == self.now { at_once + 1 } else { 0 };
            assert!(at_once < 2_000, "time stands still");
            self.now = next;
            if let Some((at, order)) = arrival.filter(|(at, _)| *at == next) {
                let position = self.travelling.iter().position(|(a, o, _)| (*a, *o) == (at, order)).unwrap();
                let (_, _, what) = self.travelling.remove(position);
                self.arrive(what);
            } else if let Some((_, index)) = timer.filter(|(at, _)| *at == next) {
                self.phones[index].timer = None;
                self.phones[index].timeouts += 1;
                self.input(index, Input::Timeout);
            } else if let Some((_, index)) = shell_timer {
                self.shell_timeout(index);
            }
        }
        self.now = end;
    }

    fn arrive(&mut self, what: Travelling) {
        match what {
            Travelling::Phone(index, input) => {
                if let Input::Flow { flow, event: FlowEvent::Received(_) } = &input
                    && (!self.phones[index].flows.contains(flow) || self.phones[index].deaf)
                {
                    return;
                }
                self.happen(index, input);
            }
            Travelling::Shell(index, text) => self.page_message(index, text),
            Travelling::Server(index, flow, octets) => {
                let now = self.now;
                if let Some(far) = self.far.as_mut().filter(|_| is_for_far(&octets)) {
                    let message = Message::parse(octets).expect("the phone sends messages that can be read");
                    let problems = sipwake::message::validate(&message);
                    assert!(problems.is_empty(), "{problems:?}");
                    far.push(message);
                    return;
                }
                for (phone, flow, octets) in self.server.receive(now, index, flow, octets) {
                    self.deliver(phone, DELAY, flow, FlowEvent::Received(octets));
                }
            }
        }
    }

    /// Calls of a phone that are not over.
    pub fn calls(&self, phone: usize) -> Vec<CallInfo> {
        self.phones[phone].endpoint.calls()
    }

    /// The one call of a phone.
    pub fn only_call(&self, phone: usize) -> CallInfo {
        let calls = self.calls(phone);
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.into_iter().next().unwrap()
    }

    pub fn state(&self, phone: usize, call: CallId) -> Option<CallState> {
        self.calls(phone).into_iter().find(|info| info.id == call).map(|info| info.state)
    }

    /// The outcomes of the calls that ended on a phone.
    pub fn outcomes(&self, phone: usize) -> Vec<sipwake::io::Outcome> {
        self.phones[phone]
            .events
            .iter()
            .filter_map(|event| match event {
                Event::CallTerminated { outcome, .. } => Some(outcome.clone()),
                _ => None,
            })
            .collect()
    }

    /// How many messages with this start the phone sent.
    pub fn sent(&self, phone: usize, start: &str) -> usize {
        self.phones[phone].sent.iter().filter(|text| text.starts_with(start)).count()
    }
}

fn is_for_far(octets: &[u8]) -> bool {
    octets != b"\r\n\r\n" && !octets.starts_with(b"REGISTER")
}
