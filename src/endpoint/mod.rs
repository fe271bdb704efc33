//! The engine's one door: `handle` what happened, `poll` what is to be done.
//!
//! ```
//! use sipwake::common::random::{Random, Seeded};
//! use sipwake::common::time::Now;
//! use sipwake::endpoint::Endpoint;
//! use sipwake::io::{EndpointOptions, Input};
//!
//! let mut endpoint = Endpoint::new(EndpointOptions::default(), Random::new(Seeded(1)));
//! endpoint.handle(Now::default(), Input::Timeout);
//! while let Some(output) = endpoint.poll() {
//!     // carry it out
//!     drop(output);
//! }
//! ```

use crate::message::Redactor;
pub use crate::message::{Message, validate};

mod command;
mod drivers;
mod hooks;

pub use hooks::{Hooks, MessageInfo, SdpInfo};

use std::collections::VecDeque;

use crate::agent::{Agent, AgentEvent, is_instance};
use crate::bridge::{Log, Welcome};
use crate::common::lists::Gather;
use crate::common::random::Random;
use crate::common::time::{Mono, Now};
use crate::io::{
    AccountId, CallInfo, CommandId, Driver, EndpointOptions, Error, ErrorCode, Event, Input, Output, RegistrationInfo,
    Reply, TraceEntry, TraceKind,
};
use crate::message::is_token;
use crate::wake::{Wake, WakeEvent};
use drivers::{Drivers, Place};
use hooks::Hooked;

/// How long a command waits for what it asked of the network at shut-down, in milliseconds.
const STOP_MS: u64 = 2_000;

/// The wall clock ran ahead of the monotonic one by so many milliseconds: the machine slept, or somebody set the clock.
const SLEPT_MS: u64 = 10_000;
/// The longest time that an option of the endpoint may be, in milliseconds.
const LONGEST_WAIT_MS: u64 = 60_000;
/// The highest tone that a machine without a microphone may send.
const HIGHEST_TONE_HZ: u16 = 20_000;

/// An account as a late listener finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountInfo {
    /// This engine's id.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Its registration, once there was one.
    pub registration: Option<RegistrationInfo>,
}

/// The engine. It does nothing by itself: the first [`Endpoint::handle`] starts it.
#[derive(Debug)]
pub struct Endpoint {
    options: EndpointOptions,
    agent: Agent,
    wake: Option<Wake>,
    drivers: Drivers,
    started: bool,
    /// Until when flows wait for the host's word; then the page does what it can by itself.
    start_by: Option<Mono>,
    host_connected: bool,
    suspending: Vec<CommandId>,
    stopping: Option<(Vec<CommandId>, Mono)>,
    stopped: bool,
    told_timer: Option<Mono>,
    /// When the last input came.
    last: Option<Now>,
    /// The host has not said yet what it keeps for us.
    loading: bool,
    /// What was kept last.
    saved: String,
    hooked: Option<Hooked>,
    redactor: Redactor,
    out: VecDeque<Output>,
}

impl Endpoint {
    /// An engine that has not started yet.
    #[must_use]
    pub fn new(options: EndpointOptions, mut random: Random) -> Self {
        let mut redactor = Redactor::default();
        redactor.names = options.trace_names;
        let wake = options.host.then(|| Wake::new(&options, &mut random));
        Self {
            agent: Agent::new(options.clone(), random),
            drivers: Drivers::new(&options),
            options,
            started: false,
            start_by: None,
            host_connected: false,
            suspending: Vec::new(),
            stopping: None,
            stopped: false,
            told_timer: None,
            last: None,
            loading: wake.is_some(),
            wake,
            saved: String::new(),
            hooked: None,
            redactor,
            out: VecDeque::new(),
        }
    }

    /// Whether an engine can be made of these options. [`Endpoint::new`] takes any, and leaves out what cannot be.
    ///
    /// # Errors
    /// `InvalidOption` with the option's name.
    pub fn check(options: &EndpointOptions) -> Result<(), Error> {
        let too_long = |ms: u64| ms > LONGEST_WAIT_MS;
        let header = options.push_id_header.as_deref();
        let field = if too_long(options.gathering_limit_ms.into()) {
            "gatheringLimitMs"
        } else if options.test_tone_hz > HIGHEST_TONE_HZ {
            "testToneHz"
        } else if too_long(options.token_wait_ms) {
            "tokenWaitMs"
        } else if !options.instance.is_empty() && !is_instance(&options.instance) {
            "instance"
        } else if options.user_agent.chars().any(char::is_control) {
            "userAgent"
        } else if header.is_some_and(|name| !is_token(name)) {
            "pushIdHeader"
        } else {
            return Ok(());
        };
        Err(Error::option(field))
    }

    /// Takes what happened. [`Endpoint::poll`] says what follows from it.
    pub fn handle(&mut self, now: Now, input: Input) {
        if !self.started {
            self.started = true;
            match &mut self.wake {
                Some(wake) => {
                    wake.open(now);
                    self.start_by = Some(now.mono.after(self.options.token_wait_ms));
                }
                None => self.agent.start(now, None),
            }
        }
        let before = self.last.replace(now).unwrap_or(now);
        let jump = now.wall.saturating_sub(before.wall).saturating_sub(now.mono.since(before.mono));
        if jump >= SLEPT_MS {
            // The monotonic clock of some platforms stands still while the machine sleeps.
            self.agent.slept(now);
        }
        match input {
            // The driver has used its timer up, so it is told the next deadline even if that is the same.
            Input::Timeout => self.told_timer = None,
            Input::Flow { flow, event } => {
                self.trace_flow_event(now, &event);
                self.agent.flow_event(now, flow, event);
            }
            Input::Media { media, number, event } => self.media_event(now, media, number, event),
            Input::Host(text) => {
                self.trace_bridge(now, TraceKind::BridgeIn, &text);
                if let Some(wake) = &mut self.wake {
                    wake.receive(now, &mut self.agent, &text);
                }
            }
            Input::Command { id, command } => self.command(now, id, command),
            Input::Credentials { id, result } => self.agent.credentials(now, id, result),
        }
        self.timeout(now);
        self.pump(now);
        self.save(now);
        if self.drivers.awake
            && let Some(wake) = &mut self.wake
        {
            wake.keep_awake(now, &self.agent);
            self.pump(now);
        }
        self.tell_host_timer(now);
    }

    /// What another page would have to know is kept where it can find it.
    fn save(&mut self, now: Now) {
        // What is there is not overwritten before it is read.
        if self.loading || !(self.agent.take_touched() || self.agent.has_calls_to_keep()) {
            return;
        }
        let state = self.agent.snapshot(now);
        if state != self.saved {
            self.saved.clone_from(&state);
            match &mut self.wake {
                Some(wake) => {
                    wake.save(now, state);
                    // It does not wait for what happens next.
                    self.pump(now);
                }
                None => self.out.push_back(Output::Save(state)),
            }
        }
    }

    /// The next thing to do, or `None` until the next [`Endpoint::handle`].
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(output) = self.out.pop_front() {
            return Some(output);
        }
        let next = match self.started {
            true if self.drivers.timers == Place::Host => None,
            true => self.next_timeout(),
            false => Some(Mono(0)),
        };
        if next == self.told_timer {
            return None;
        }
        self.told_timer = next;
        Some(Output::Timer(next))
    }

    /// All accounts, for a listener that starts late.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountInfo> {
        self.agent
            .accounts()
            .filter_map(|id| {
                let (name, _) = self.agent.account(id)?;
                Some(AccountInfo { id, name: name.to_owned(), registration: self.agent.registration(id) })
            })
            .gather()
    }

    /// All calls that are not over, for a listener that starts late.
    #[must_use]
    pub fn calls(&self) -> Vec<CallInfo> {
        self.agent.live_calls().gather()
    }

    /// Whether there is a session with the host.
    #[must_use]
    pub fn is_host_connected(&self) -> bool {
        self.host_connected
    }

    fn next_timeout(&self) -> Option<Mono> {
        let wake = self.wake.as_ref().and_then(Wake::next_timeout);
        let stop = self.stopping.as_ref().map(|(_, until)| *until);
        [self.agent.next_timeout(), wake, stop, self.start_by].into_iter().flatten().min()
    }

    /// Every deadline is checked against the clock at every input: a page that slept misses none.
    fn timeout(&mut self, now: Now) {
        if self.agent.next_timeout().is_some_and(|at| at <= now.mono) {
            self.agent.timeout(now);
        }
        if let Some(wake) = &mut self.wake
            && wake.next_timeout().is_some_and(|at| at <= now.mono)
        {
            wake.timeout(now, &mut self.agent);
        }
        if self.start_by.is_some_and(|at| at <= now.mono) {
            self.start_without_host(now);
        }
    }

    /// The host does not answer, or refuses us. Where it is not the only one who can, the page goes on alone.
    fn start_without_host(&mut self, now: Now) {
        if self.start_by.take().is_some() && self.options.transport != Driver::Host {
            self.agent.start(now, None);
        }
    }

    /// Lets everything that follows happen: the agent's events, then the bridge's, until both are silent.
    fn pump(&mut self, now: Now) {
        loop {
            if let Some(event) = self.agent.poll() {
                if let Some(wake) = &mut self.wake {
                    wake.agent_event(now, &mut self.agent, &event);
                }
                self.agent_event(now, event);
            } else if let Some(event) = self.wake.as_mut().and_then(|wake| {
                wake.pump(now, &mut self.agent);
                wake.poll()
            }) {
                self.wake_event(now, event);
            } else {
                break;
            }
        }
        self.settle_stop(now);
    }

    fn agent_event(&mut self, now: Now, event: AgentEvent) {
        match event {
            AgentEvent::Flow { flow, command } => self.flow_command(now, flow, command),
            AgentEvent::Media { media, number, command } => self.media_command(now, media, number, command),
            AgentEvent::Event(event) => self.out.push_back(Output::Event(event)),
            AgentEvent::Completed { id, result } => self.out.push_back(Output::Completed { id, result }),
            AgentEvent::Performed { .. } => {}
            AgentEvent::CredentialsNeeded(request) => self.credentials_needed(now, request),
            // Without a host the page is the one that rings.
            AgentEvent::Incoming(call) if self.wake.is_none() => self.agent.ring(now, call),
            AgentEvent::Suspended => {
                for id in std::mem::take(&mut self.suspending) {
                    self.out.push_back(Output::Completed { id, result: Ok(Reply::Done) });
                }
            }
            AgentEvent::Incoming(_) | AgentEvent::Outgoing { .. } => {}
        }
    }

    fn wake_event(&mut self, now: Now, event: WakeEvent) {
        match event {
            WakeEvent::Post(text) => {
                self.trace_bridge(now, TraceKind::BridgeOut, &text);
                self.out.push_back(Output::Host(text));
            }
            WakeEvent::Connected { welcome, resumed } => self.connected(now, &welcome, resumed),
            WakeEvent::Lost => self.host_lost(now),
            WakeEvent::Problem(problem) => {
                if let Some(wake) = self.wake.as_mut().filter(|_| self.host_connected) {
                    let message = ["a message was dropped: ", problem.name()].concat();
                    wake.link().event(now, &Log { level: "warn".to_owned(), message, fields: None });
                }
                let error = ErrorCode::BadBridgeMessage.into();
                self.out.push_back(Output::Event(Event::Problem { error, account: None }));
            }
            WakeEvent::Loaded => self.loading = false,
            WakeEvent::Run { id, command } => self.carry_out(now, id, command),
            WakeEvent::Event(event) => self.out.push_back(Output::Event(event)),
            WakeEvent::Provision(accounts) => self.out.push_back(Output::Provision(accounts)),
            WakeEvent::News(name, payload) => self.out.push_back(Output::Event(Event::FromHost { name, payload })),
            WakeEvent::Driver(incoming) => self.driver_message(now, &incoming),
            WakeEvent::DriverTimedOut(request) => {
                if self.route_answered(&request, Some(ErrorCode::HostUnreachable))
                    || self.question_answered(now, &request, None)
                {
                } else if let Some((media, number, event)) = self.drivers.page_media.timed_out(&request) {
                    self.media_event(now, media, number, event);
                }
            }
        }
    }

    fn connected(&mut self, now: Now, welcome: &Welcome, resumed: bool) {
        if !resumed {
            self.drop_host_drivers(now);
        }
        let has = |name: &str| welcome.capabilities.iter().any(|capability| capability == name);
        self.drivers.choose(&self.options, ["transport.host", "media.host", "timers.host"].map(has));
        let clockless = self.drivers.timers == Place::Host;
        if let Some(wake) = &mut self.wake {
            wake.link().set_clockless(clockless);
        }
        self.drivers.secrets = has("credentials");
        self.drivers.awake = has("keepAwake");
        self.start_by = None;
        if !resumed {
            let (calls, media) = Wake::living(&welcome.snapshot);
            self.drivers.host_keeps(&media);
            self.agent.host_has(calls, media);
        }
        if !resumed && has("state") {
            match &mut self.wake {
                Some(wake) if self.loading => wake.load(now, &mut self.agent),
                // Another host may not have it.
                _ => self.saved.clear(),
            }
        }
        self.agent.start(now, Some(&welcome.instance));
        if let Some(wake) = &mut self.wake {
            wake.ready(now);
        }
        if !self.host_connected {
            self.host_connected = true;
            self.out.push_back(Output::Event(Event::HostChanged { connected: true }));
        }
    }

    fn host_lost(&mut self, now: Now) {
        self.drop_host_drivers(now);
        if self.host_connected {
            self.host_connected = false;
            self.out.push_back(Output::Event(Event::HostChanged { connected: false }));
        } else {
            self.start_without_host(now);
        }
    }

    fn trace_bridge(&mut self, now: Now, kind: TraceKind, text: &str) {
        if self.options.trace {
            let EndpointOptions { full_trace, trace_names, .. } = self.options;
            let text = if full_trace { text.to_owned() } else { crate::bridge::redact(text, trace_names) };
            self.tell_trace(now, kind, text);
        }
    }

    fn tell_trace(&mut self, now: Now, kind: TraceKind, text: String) {
        self.out.push_back(Output::Event(Event::Trace(TraceEntry { at: now.wall, kind, text })));
    }
}
