//! The connection machine: idle, opening, open, waiting.

use std::collections::VecDeque;

use super::server::{Pong, Server};
use super::{FlowIds, TransportEvent};
use crate::common::random::Random;
use crate::common::time::Mono;
use crate::common::timers::Timers;
use crate::io::{Error, ErrorCode, FlowCommand, FlowEvent, FlowId, TransportState};

/// The ping of RFC 5626 section 3.5.1.
const PING: &[u8] = b"\r\n\r\n";
/// Its answer.
const PONG: &[u8] = b"\r\n";
/// How long a pong may take (RFC 5626 section 4.4.1).
const PONG_MS: u64 = 10_000;
/// The upper bound of the first wait; each further one doubles it. The wait itself lies in its upper half.
const FIRST_WAIT_MS: u64 = 2_000;
/// The upper bound of every wait.
const LONGEST_WAIT_MS: u64 = 30_000;
/// A flow that was up for so long counts as proven.
const PROVEN_MS: u64 = 60_000;
/// The only close code, besides the private ones, that a page may send.
const NORMAL_CLOSURE: u16 = 1000;

/// How to reach an account's servers.
#[derive(Debug, Clone)]
pub struct ConnectionOptions {
    /// `ws:` or `wss:` URLs, tried in order.
    pub servers: Vec<String>,
    /// Milliseconds until an attempt is given up.
    pub connect_timeout_ms: u64,
    /// Milliseconds between keep-alives; 0: none. A Flow-Timer of the server wins.
    pub keep_alive_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Opening(FlowId),
    Open(FlowId),
    Waiting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timer {
    Connect,
    KeepAlive,
    Pong,
    Retry,
}

/// One account's way to its servers.
#[derive(Debug)]
pub struct Connection {
    servers: Vec<Server>,
    connect_timeout_ms: u64,
    keep_alive_ms: u64,
    phase: Phase,
    /// Index of the server that is used or comes next.
    server: usize,
    /// Servers of this round that have not been tried.
    untried: usize,
    /// Rounds without success, for the back-off.
    failures: u32,
    /// Whether the server of this flow did more than take the connection.
    proven: bool,
    up_since: Mono,
    /// The Flow-Timer of this flow, in milliseconds.
    flow_timer_ms: Option<u64>,
    /// Keep-alives come after so many percent of the interval, so that phones do not all send at once.
    pace: u64,
    via: String,
    timers: Timers<Timer>,
    events: VecDeque<TransportEvent>,
}

impl Connection {
    /// A connection that waits for [`Connection::connect`].
    #[must_use]
    pub fn new(options: ConnectionOptions) -> Self {
        Self {
            servers: options.servers.into_iter().filter_map(Server::new).collect(),
            connect_timeout_ms: options.connect_timeout_ms,
            keep_alive_ms: options.keep_alive_ms,
            phase: Phase::Idle,
            server: 0,
            untried: 0,
            failures: 0,
            proven: false,
            up_since: Mono(0),
            flow_timer_ms: None,
            pace: 90,
            via: String::new(),
            timers: Timers::default(),
            events: VecDeque::new(),
        }
    }

    /// Connects, or cuts a wait short. Nothing happens if a flow is there or on its way.
    pub fn connect(&mut self, now: Mono, ids: &mut FlowIds, random: &mut Random) {
        if matches!(self.phase, Phase::Idle | Phase::Waiting) {
            self.start_round(now, ids, random);
        }
    }

    /// Closes cleanly and stays closed until [`Connection::connect`].
    pub fn close(&mut self, _now: Mono) {
        self.failures = 0;
        self.drop_flow(ErrorCode::Stopped);
        self.enter(Phase::Idle);
    }

    /// Drops the flow, whatever it is doing, and opens a new one to the same server at once: after a sleep an
    /// open socket proves nothing.
    pub fn renew(&mut self, now: Mono, ids: &mut FlowIds, random: &mut Random) {
        self.failures = 0;
        self.drop_flow(ErrorCode::FlowLost);
        self.start_round(now, ids, random);
    }

    /// Gives this server up, although its socket is open, and goes on with the next one after a wait: for a server
    /// that takes connections and answers nothing.
    pub fn abandon(&mut self, now: Mono, random: &mut Random) {
        if let Phase::Open(flow) = self.phase {
            self.proven = false;
            self.command(flow, FlowCommand::Close { code: NORMAL_CLOSURE });
            self.lost(now, flow, ErrorCode::FlowLost, random);
        }
    }

    /// Whether this is the flow that is being opened or open.
    #[must_use]
    pub fn owns(&self, flow: FlowId) -> bool {
        matches!(self.phase, Phase::Opening(own) | Phase::Open(own) if own == flow)
    }

    /// Takes what a socket told.
    pub fn event(&mut self, now: Mono, flow: FlowId, event: FlowEvent, ids: &mut FlowIds, random: &mut Random) {
        match (self.phase, event) {
            (Phase::Opening(current), FlowEvent::Opened { protocol }) if current == flow => {
                if protocol.eq_ignore_ascii_case("sip") {
                    self.opened(now, flow);
                } else {
                    self.command(flow, FlowCommand::Close { code: NORMAL_CLOSURE });
                    self.attempt_failed(now, flow, ErrorCode::NotSip, ids, random);
                }
            }
            (Phase::Opening(current), FlowEvent::Closed { .. }) if current == flow => {
                self.attempt_failed(now, flow, ErrorCode::ConnectionFailed, ids, random);
            }
            (Phase::Opening(current), FlowEvent::Failed) if current == flow => {
                self.attempt_failed(now, flow, ErrorCode::BadServerUrl, ids, random);
            }
            (Phase::Open(current), FlowEvent::Received(octets)) if current == flow => self.received(flow, octets),
            (Phase::Open(current), FlowEvent::Closed { .. } | FlowEvent::Failed) if current == flow => {
                self.lost(now, flow, ErrorCode::ConnectionFailed, random);
            }
            _ => {}
        }
    }

    /// Sends one message. `false`: there is no open flow, nothing was sent and nothing is kept.
    pub fn send(&mut self, _now: Mono, octets: Vec<u8>) -> bool {
        let Phase::Open(flow) = self.phase else { return false };
        self.command(flow, FlowCommand::Send(octets));
        true
    }

    /// Takes the Flow-Timer of a REGISTER's 200: keep-alives come within it and are answered from now on.
    pub fn set_flow_timer(&mut self, now: Mono, seconds: u32) {
        // 0 is no promise, and no server may make a phone send all day long.
        if seconds > 0 && matches!(self.phase, Phase::Open(_)) {
            let ms = u64::from(seconds.max(5)) * 1000;
            if self.flow_timer_ms != Some(ms) {
                self.flow_timer_ms = Some(ms);
                self.schedule_keep_alive(now);
            }
        }
    }

    /// The server did its work over this flow (a REGISTER succeeded): after a loss it is tried first, and soon.
    pub fn proven(&mut self, _now: Mono) {
        if matches!(self.phase, Phase::Open(_)) {
            self.proven = true;
            self.failures = 0;
        }
    }

    /// Does what is due.
    pub fn timeout(&mut self, now: Mono, ids: &mut FlowIds, random: &mut Random) {
        while let Some(timer) = self.timers.pop_due(now) {
            match (timer, self.phase) {
                (Timer::Connect, Phase::Opening(flow)) => {
                    self.command(flow, FlowCommand::Close { code: NORMAL_CLOSURE });
                    self.attempt_failed(now, flow, ErrorCode::Timeout, ids, random);
                }
                (Timer::KeepAlive, Phase::Open(flow)) => {
                    self.command(flow, FlowCommand::Send(PING.to_vec()));
                    if self.expects_pong() && self.timers.get(Timer::Pong).is_none() {
                        self.timers.set(Timer::Pong, now.after(PONG_MS));
                    }
                    self.schedule_keep_alive(now);
                }
                (Timer::Pong, Phase::Open(flow)) => {
                    if let Some(server) = self.servers.get_mut(self.server)
                        && server.pong == Pong::Unknown
                    {
                        server.pong = Pong::Silent;
                    }
                    self.command(flow, FlowCommand::Close { code: NORMAL_CLOSURE });
                    self.lost(now, flow, ErrorCode::ConnectionFailed, random);
                }
                (Timer::Retry, Phase::Waiting) => self.start_round(now, ids, random),
                _ => {}
            }
        }
    }

    /// When [`Connection::timeout`] has something to do.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        self.timers.next()
    }

    /// The next thing to do or to tell.
    pub fn poll(&mut self) -> Option<TransportEvent> {
        self.events.pop_front()
    }

    /// The open flow.
    #[must_use]
    pub fn flow(&self) -> Option<FlowId> {
        match self.phase {
            Phase::Open(flow) => Some(flow),
            _ => None,
        }
    }

    /// The start of a Via for this flow, as `SIP/2.0/WSS k3v9.invalid`. The host is new for each flow (RFC 7118
    /// section 5.2 and appendix B.1), and empty before the first.
    #[must_use]
    pub fn via(&self) -> &str {
        &self.via
    }

    /// How the account's connection is.
    #[must_use]
    pub fn state(&self) -> TransportState {
        match self.phase {
            Phase::Idle => TransportState::Idle,
            Phase::Opening(_) => TransportState::Connecting,
            Phase::Open(_) => TransportState::Connected,
            Phase::Waiting => TransportState::Waiting,
        }
    }

    /// Whether any of the servers has a URL that can be used.
    #[must_use]
    pub fn has_server(&self) -> bool {
        !self.servers.is_empty()
    }

    /// Whether the server in use, or the next one, is reached through TLS.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.servers.get(self.server).is_some_and(|server| server.secure)
    }

    fn command(&mut self, flow: FlowId, command: FlowCommand) {
        self.events.push_back(TransportEvent::Command { flow, command });
    }

    /// Changes the phase, and says so where the application sees a difference.
    fn enter(&mut self, phase: Phase) {
        let before = self.state();
        self.phase = phase;
        let after = self.state();
        if before != after {
            self.events.push_back(TransportEvent::State(after));
        }
    }

    fn start_round(&mut self, now: Mono, ids: &mut FlowIds, random: &mut Random) {
        self.timers.clear(Timer::Retry);
        if self.servers.is_empty() {
            let error = Error { field: Some("servers"), ..ErrorCode::BadServerUrl.into() };
            self.events.push_back(TransportEvent::Down { flow: None, was_up: false, error });
            self.enter(Phase::Idle);
            return;
        }
        self.untried = self.servers.len();
        self.open(now, ids, random);
    }

    fn open(&mut self, now: Mono, ids: &mut FlowIds, random: &mut Random) {
        let Some(server) = self.servers.get(self.server) else { return };
        let url = server.url.clone();
        self.via.clear();
        self.via.push_str(if server.secure { "SIP/2.0/WSS " } else { "SIP/2.0/WS " });
        self.via.push_str(&random.token(12));
        self.via.push_str(".invalid");
        self.pace = 80 + random.below(16);
        self.untried = self.untried.saturating_sub(1);
        self.proven = false;
        self.flow_timer_ms = None;
        let flow = ids.next();
        self.timers.set(Timer::Connect, now.after(self.connect_timeout_ms));
        self.enter(Phase::Opening(flow));
        self.command(flow, FlowCommand::Open { url });
    }

    fn opened(&mut self, now: Mono, flow: FlowId) {
        self.timers.clear(Timer::Connect);
        self.up_since = now;
        self.enter(Phase::Open(flow));
        self.schedule_keep_alive(now);
        self.events.push_back(TransportEvent::Up { flow });
    }

    fn received(&mut self, flow: FlowId, octets: Vec<u8>) {
        // Whatever comes shows that the flow lives.
        self.timers.clear(Timer::Pong);
        if octets.starts_with(PING) && is_blank(&octets) {
            self.command(flow, FlowCommand::Send(PONG.to_vec()));
        } else if octets == PONG {
            if let Some(server) = self.servers.get_mut(self.server) {
                server.pong = Pong::Answers;
            }
        } else if !is_blank(&octets) {
            self.events.push_back(TransportEvent::Message { flow, octets });
        }
    }

    /// A flow that was up is gone. The same server comes first again if it had proved itself.
    fn lost(&mut self, now: Mono, flow: FlowId, code: ErrorCode, random: &mut Random) {
        self.events.push_back(TransportEvent::Down { flow: Some(flow), was_up: true, error: code.into() });
        if self.proven || now.since(self.up_since) >= PROVEN_MS {
            self.failures = 0;
        } else {
            self.next_server();
        }
        self.wait(now, random);
    }

    /// An attempt came to nothing: the rest of the round follows at once, a new round after a wait.
    fn attempt_failed(&mut self, now: Mono, flow: FlowId, code: ErrorCode, ids: &mut FlowIds, random: &mut Random) {
        self.events.push_back(TransportEvent::Down { flow: Some(flow), was_up: false, error: code.into() });
        self.next_server();
        if self.untried > 0 {
            self.open(now, ids, random);
        } else {
            self.wait(now, random);
        }
    }

    fn next_server(&mut self) {
        self.server = if self.server + 1 < self.servers.len() { self.server + 1 } else { 0 };
    }

    fn wait(&mut self, now: Mono, random: &mut Random) {
        let bound = FIRST_WAIT_MS.saturating_mul(1 << self.failures.min(16)).min(LONGEST_WAIT_MS);
        self.failures = self.failures.saturating_add(1);
        self.clear_flow_timers();
        self.timers.set(Timer::Retry, now.after(bound / 2 + random.below(bound / 2 + 1)));
        self.enter(Phase::Waiting);
    }

    /// Closes the flow, if there is one, on purpose.
    fn drop_flow(&mut self, code: ErrorCode) {
        self.clear_flow_timers();
        self.timers.clear(Timer::Retry);
        let (flow, was_up) = match self.phase {
            Phase::Opening(flow) => (flow, false),
            Phase::Open(flow) => (flow, true),
            Phase::Idle | Phase::Waiting => return,
        };
        self.command(flow, FlowCommand::Close { code: NORMAL_CLOSURE });
        self.events.push_back(TransportEvent::Down { flow: Some(flow), was_up, error: code.into() });
    }

    fn clear_flow_timers(&mut self) {
        for timer in [Timer::Connect, Timer::KeepAlive, Timer::Pong] {
            self.timers.clear(timer);
        }
    }

    fn schedule_keep_alive(&mut self, now: Mono) {
        let interval = self.flow_timer_ms.unwrap_or(self.keep_alive_ms);
        if interval == 0 {
            self.timers.clear(Timer::KeepAlive);
        } else {
            self.timers.set(Timer::KeepAlive, now.after((interval.saturating_mul(self.pace) / 100).max(1)));
        }
    }

    /// Whether silence after a ping means that the flow is dead.
    fn expects_pong(&self) -> bool {
        match self.servers.get(self.server).map(|server| server.pong) {
            Some(Pong::Answers) => true,
            Some(Pong::Unknown) => self.flow_timer_ms.is_some(),
            Some(Pong::Silent) | None => false,
        }
    }
}

fn is_blank(octets: &[u8]) -> bool {
    octets.iter().all(|b| matches!(b, b'\r' | b'\n'))
}

#[cfg(test)]
mod tests;
