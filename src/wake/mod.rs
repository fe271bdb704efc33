//! What joins push, INVITE and call UUID on the engine's side of the bridge.
//!
//! The host owns the UUID and the user's intent; this coordinator owns which INVITE belongs to which UUID. It tells
//! the agent what the host wants and the host what the agent did. The files: `contact` (push parameters of
//! REGISTER), `push` (pushes and the INVITEs they announce), `action` (what the user did), `ask` (what the application does), `report` (what the host
//! is told), `receive` (who gets a bridge message),
//! `state` (what the engine leaves to the next page).

mod action;
mod ask;
mod contact;
mod push;
mod receive;
mod report;
mod state;

use std::collections::VecDeque;

use crate::agent::{Agent, AgentEvent};
use crate::bridge::{
    BridgeProblem, CallAction, CallEnded, CallPerform, CallUi, Engine, Hello, Incoming, KeepAwake, Link, LinkEvent,
    PackageInfo, Release, ResetReason, Snapshot, SnapshotCall, Welcome, write_payload,
};
use crate::common::lists::Gather;
use crate::common::random::Random;
use crate::common::secret::Secret;
use crate::common::time::{Mono, Now};
use crate::io::{CallId, CallInfo, Command, CommandId, EndpointOptions, Event, MediaId};
use action::Action;
use contact::Tokens;
use push::{Finished, Push};

/// How long the host may take to show an INVITE that no push announced, in milliseconds. Then it rings all the same.
const REPORT_DEADLINE_MS: u64 = 5_000;
/// How long the host is asked to keep the app awake for a call, in milliseconds: what the system gives is less, as a rule.
const AWAKE_MS: u64 = 180_000;
/// Taken off the host's budget for going to sleep, so that the answer is there in time, in milliseconds.
const BUDGET_MARGIN_MS: u64 = 250;

/// What the coordinator wants done, beyond what it tells the agent itself.
#[derive(Debug)]
#[non_exhaustive]
pub enum WakeEvent {
    /// One envelope for the host.
    Post(String),
    /// There is a session with the host.
    Connected {
        /// What the host said.
        welcome: Box<Welcome>,
        /// Whether the session before lives on: sockets and media of the host are still ours.
        resumed: bool,
    },
    /// There is none any more, or none that can be.
    Lost,
    /// Something that came over the bridge was dropped.
    Problem(BridgeProblem),
    /// A message for the drivers: `ws.*`, `media.*`, `timer.*` or the reply to one of theirs.
    Driver(Box<Incoming>),
    /// What an earlier page left is taken up, or there is nothing.
    Loaded,
    /// The accounts that the host provides: the payload of `config`.
    Provision(Secret),
    /// Something for the application alone: the name of its event, and the payload.
    News(&'static str, String),
    /// A request of a driver will never be answered.
    DriverTimedOut(String),
    /// Carry out a command of the application that [`Wake::ask`] took.
    Run {
        /// Which.
        id: CommandId,
        /// What.
        command: Command,
    },
    /// For the application.
    Event(Event),
}

/// A `call.incoming` that waits for its reply.
#[derive(Debug)]
struct Report {
    request: String,
    call: CallId,
    /// The call ended meanwhile: what the host was told, for the case that it knows the call by another UUID.
    ended: Option<CallEnded>,
}

/// An `app.willSuspend` that waits for the agent.
#[derive(Debug)]
struct Suspension {
    request: String,
    until: Mono,
}

/// The coordinator.
#[derive(Debug)]
pub struct Wake {
    link: Link,
    tokens: Tokens,
    instance: String,
    push_id_header: Option<String>,
    pushes: Vec<Push>,
    finished: VecDeque<Finished>,
    actions: Vec<Action>,
    next_action: u32,
    /// Actions of a call that goes by a UUID of its own until the host has named it, each with the id of its request.
    late: Vec<(String, CallPerform)>,
    reports: Vec<Report>,
    /// The system shows calls.
    call_ui: bool,
    asked: Vec<ask::Asked>,
    starts: Vec<ask::Start>,
    suspension: Option<Suspension>,
    state: state::State,
    /// The host keeps the app awake for us.
    awake: bool,
    /// The last state told of each call.
    told: Vec<report::Told>,
    out: VecDeque<WakeEvent>,
}

impl Wake {
    /// A coordinator that says `hello` when it is opened.
    #[must_use]
    pub fn new(options: &EndpointOptions, random: &mut Random) -> Self {
        let hello = Hello {
            package: PackageInfo { name: "sipwake".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
            engine: Engine::Wasm,
            capabilities: Vec::new(),
            missing: options.missing.clone(),
            ..Hello::default()
        };
        Self {
            link: Link::page(random, hello),
            tokens: Tokens::default(),
            instance: String::new(),
            push_id_header: options.push_id_header.clone(),
            pushes: Vec::new(),
            finished: VecDeque::new(),
            actions: Vec::new(),
            next_action: 0,
            late: Vec::new(),
            reports: Vec::new(),
            call_ui: false,
            asked: Vec::new(),
            starts: Vec::new(),
            suspension: None,
            state: state::State::default(),
            awake: false,
            told: Vec::new(),
            out: VecDeque::new(),
        }
    }

    /// Says hello.
    pub fn open(&mut self, now: Now) {
        self.link.open(now);
    }

    /// The engine and its drivers are there: the host may send what it has.
    pub fn ready(&mut self, now: Now) {
        self.link.ready(now);
    }

    /// The link, for the drivers.
    pub fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// The host posted something.
    pub fn receive(&mut self, now: Now, agent: &mut Agent, text: &str) {
        self.link.receive(now, text);
        self.pump(now, agent);
    }

    /// A deadline has come.
    pub fn timeout(&mut self, now: Now, agent: &mut Agent) {
        self.link.timeout(now);
        self.push_timeout(now, agent);
        self.ask_timeout(now, agent);
        if self.suspension.as_ref().is_some_and(|suspension| suspension.until <= now.mono) {
            self.suspended(now, agent);
        }
        self.pump(now, agent);
    }

    /// When [`Wake::timeout`] is to be called.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        let pushes = self.pushes.iter().filter(|push| push.call.is_none()).map(|push| push.deadline);
        let suspension = self.suspension.as_ref().map(|suspension| suspension.until);
        pushes.chain(suspension).chain(self.next_ask_timeout()).chain(self.link.next_timeout()).min()
    }

    /// The next thing to do or to tell.
    pub fn poll(&mut self) -> Option<WakeEvent> {
        self.out.pop_front()
    }

    /// The agent did or met something.
    pub fn agent_event(&mut self, now: Now, agent: &mut Agent, event: &AgentEvent) {
        match event {
            AgentEvent::Incoming(call) => self.invite(now, agent, *call),
            AgentEvent::Event(event) => self.report(now, agent, event),
            AgentEvent::Suspended => self.suspended(now, agent),
            AgentEvent::Outgoing { call, video } => self.start(now, agent, *call, *video),
            AgentEvent::Completed { id, result } => self.completed(now, agent, *id, result),
            AgentEvent::Performed { request, result } => self.performed(now, agent, *request, result.clone()),
            _ => {}
        }
        // A call of an earlier page may have come back with its account, or be over.
        self.perform_late(now, agent);
        self.pump(now, agent);
    }

    /// An account was made: it gets what is known about pushes.
    pub fn account_created(&mut self, now: Now, agent: &mut Agent, account: crate::io::AccountId) {
        self.set_push_contact(now, agent, account);
    }

    /// Lets the link's events take effect.
    pub fn pump(&mut self, now: Now, agent: &mut Agent) {
        while let Some(event) = self.link.poll() {
            match event {
                LinkEvent::Post(text) => self.out.push_back(WakeEvent::Post(text)),
                LinkEvent::Received(incoming) => self.received(now, agent, incoming),
                LinkEvent::TimedOut { id, .. } => self.unanswered(now, agent, &id),
                LinkEvent::Connected { welcome, resumed } => self.welcomed(now, agent, *welcome, resumed),
                LinkEvent::Reset(_) | LinkEvent::Refused { .. } => {
                    self.call_ui = false;
                    agent.set_call_ui(false);
                    self.release_call(None);
                    self.out.push_back(WakeEvent::Lost);
                }
                LinkEvent::Overflow => {
                    // The host has not listened for long: what it still knows of us is not what is.
                    self.link.reset(now, ResetReason::QueueOverflow);
                    self.out.push_back(WakeEvent::Lost);
                }
                LinkEvent::Problem(problem) => self.out.push_back(WakeEvent::Problem(problem)),
                _ => {}
            }
        }
        agent.keep_prepared(|uuid| self.pushes.iter().any(|push| push.call_uuid == uuid && !push.declined));
    }

    fn welcomed(&mut self, now: Now, agent: &mut Agent, mut welcome: Welcome, resumed: bool) {
        self.instance.clone_from(&welcome.instance);
        self.call_ui = matches!(welcome.call_ui, CallUi::CallKit | CallUi::LiveCommunicationKit);
        agent.set_call_ui(welcome.capabilities.iter().any(|name| name == "callUi.start"));
        for token in std::mem::take(&mut welcome.snapshot.tokens) {
            self.tokens.take(token);
        }
        for account in agent.accounts().gather() {
            self.set_push_contact(now, agent, account);
        }
        if !resumed {
            self.awake = false;
        }
        if let Some(app) = &welcome.snapshot.app {
            self.out.push_back(WakeEvent::News("app_state_changed", write_payload(app)));
        }
        if let Some(route) = welcome.snapshot.audio.as_ref().and_then(|audio| audio.route.as_ref()) {
            self.out.push_back(WakeEvent::News("audio_route_changed", write_payload(route)));
        }
        self.out.push_back(WakeEvent::Connected { welcome: Box::new(welcome), resumed });
    }

    /// Everything comes to its end: nothing waits for the system any more.
    pub fn stop(&mut self) {
        self.release_call(None);
    }

    /// As long as a call lives, or a push waits for one, the host is to keep the app awake.
    pub fn keep_awake(&mut self, now: Now, agent: &Agent) {
        let busy = !self.pushes.is_empty() || agent.live_calls().next().is_some();
        if busy == std::mem::replace(&mut self.awake, busy) {
            return;
        }
        let token = "call".to_owned();
        if busy {
            let request = KeepAwake { reason: token.clone(), token, max_ms: AWAKE_MS };
            self.link.request(now, &request, REPORT_DEADLINE_MS);
        } else {
            self.link.event(now, &Release { token });
        }
    }

    /// The calls in a snapshot that go on, by UUID, and the media sessions of all. What the user has ended does not.
    pub(crate) fn living(snapshot: &Snapshot) -> (Vec<String>, Vec<MediaId>) {
        let ends = |call: &&SnapshotCall| call.pending_action.as_ref().is_some_and(|it| it.action == CallAction::End);
        let calls = snapshot.calls.iter().filter(|call| !ends(call)).map(|call| call.call_uuid.clone()).gather();
        let media = snapshot.calls.iter().flat_map(|call| &call.media);
        (calls, media.filter_map(|media| u32::try_from(*media).ok()).map(MediaId).gather())
    }

    fn set_push_contact(&mut self, now: Now, agent: &mut Agent, account: crate::io::AccountId) {
        let Some((_, options)) = agent.account(account) else { return };
        let Some(push) = options.push.clone() else { return };
        let contact = self.tokens.contact(&push, &self.instance);
        agent.set_push_contact(now, account, contact);
    }

    fn call_with_uuid(agent: &Agent, uuid: &str) -> Option<CallInfo> {
        agent.live_calls().find(|call| call.uuid.eq_ignore_ascii_case(uuid))
    }
}
