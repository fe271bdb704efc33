//! The connection machine: idle, opening, open, waiting.

use std::collections::VecDeque;

use super::server::{Pong, Server, in_order};
use super::{FlowIds, TransportEvent};
use crate::common::backoff;
use crate::common::random::Random;
use crate::common::time::Mono;
use crate::common::timers::Timers;
use crate::io::{Error, ErrorCode, FlowCommand, FlowEvent, FlowId, KeepAlive, SipServer, TransportState};

/// The ping of RFC 5626 section 3.5.1.
const PING: &[u8] = b"\r\n\r\n";
/// Its answer.
const PONG: &[u8] = b"\r\n";
/// How long a pong may take (RFC 5626 section 4.4.1).
const PONG_MS: u64 = 10_000;
/// How long the answer to a probe may take that a hint caused.
const PROBE_MS: u64 = 5_000;
/// How long nothing that we sent may be answered while something waits for its answer: then nothing leaves any more,
/// whatever still comes.
const UNANSWERED_MS: u64 = 45_000;
/// The upper bound of the first wait; each further one doubles it. The wait itself lies in its upper half (RFC 5626
/// section 4.5, whose own times are for phones on a desk).
const FIRST_WAIT_MS: u64 = 2_000;
/// The upper bound of every wait.
const LONGEST_WAIT_MS: u64 = 30_000;
/// The same while another flow of the account works: the times of RFC 5626 section 4.5.
const SPARE_FIRST_WAIT_MS: u64 = 90_000;
/// The upper bound of those.
const SPARE_LONGEST_WAIT_MS: u64 = 1_800_000;
/// A flow that was up for so long counts as proven.
const PROVEN_MS: u64 = 60_000;
/// The only close code, besides the private ones, that a page may send.
const NORMAL_CLOSURE: u16 = 1000;

/// How to reach an account's servers.
#[derive(Debug, Clone)]
pub struct ConnectionOptions {
    /// Where to connect to.
    pub servers: Vec<SipServer>,
    /// Milliseconds until an attempt is given up.
    pub connect_timeout_ms: u64,
    /// How an open flow is kept alive.
    pub keep_alive: KeepAlive,
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
    Unanswered,
    Retry,
}

/// What was asked last on the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Crlf,
    Options,
}

/// One account's way to its servers.
#[derive(Debug)]
pub struct Connection {
    servers: Vec<Server>,
    connect_timeout_ms: u64,
    keep_alive: KeepAlive,
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
    asked: Asked,
    /// A hint caused a probe that is not answered yet.
    doubted: bool,
    /// The URL of the account's other flow: another server is better, where there is one.
    avoided: Option<String>,
    /// The account has another flow that works.
    spare: bool,
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
    pub fn new(options: ConnectionOptions, random: &mut Random) -> Self {
        Self {
            servers: in_order(options.servers, random),
            connect_timeout_ms: options.connect_timeout_ms,
            keep_alive: options.keep_alive,
            keep_alive_ms: options.keep_alive_ms,
            phase: Phase::Idle,
            server: 0,
            untried: 0,
            failures: 0,
            proven: false,
            up_since: Mono(0),
            asked: Asked::Crlf,
            doubted: false,
            avoided: None,
            spare: false,
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

    /// The same for a server that asked to be left alone for so many milliseconds: another one is tried at once.
    pub fn shun(&mut self, now: Mono, ms: u64, ids: &mut FlowIds, random: &mut Random) {
        let Phase::Open(flow) = self.phase else { return };
        if let Some(server) = self.servers.get_mut(self.server) {
            server.shunned_until = now.after(ms);
        }
        self.command(flow, FlowCommand::Close { code: NORMAL_CLOSURE });
        self.events.push_back(TransportEvent::Down {
            flow: Some(flow),
            was_up: true,
            error: ErrorCode::FlowLost.into(),
        });
        self.clear_flow_timers();
        self.next_server(now);
        self.start_round(now, ids, random);
    }

    /// Whether there is a server besides the one in use that has not asked to be left alone.
    #[must_use]
    pub fn has_alternative(&self, now: Mono) -> bool {
        let other = |(index, server): (usize, &Server)| index != self.server && self.is_allowed(now, server);
        self.servers.iter().enumerate().any(other)
    }

    /// The URL of the server in use, or of the next one.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.servers.get(self.server).map(|server| server.url.as_str())
    }

    /// The account has another flow, to this URL, which works or not: this one goes elsewhere, and takes its time while
    /// the other works.
    pub fn beside(&mut self, url: Option<&str>, works: bool) {
        self.avoided = url.map(str::to_owned);
        self.spare = works;
    }

    /// Something happened outside that may have cut the flow: it is asked at once, and replaced unless it answers soon.
    /// A wait is cut short.
    pub fn probe(&mut self, now: Mono, ids: &mut FlowIds, random: &mut Random) {
        match self.phase {
            Phase::Open(flow) => {
                if self.doubted {
                    return;
                }
                self.doubted = true;
                let pongs = self.servers.get(self.server).is_some_and(|server| server.pong == Pong::Answers);
                self.ask(flow, if pongs { Asked::Crlf } else { Asked::Options });
                let until = now.after(PROBE_MS);
                let until = self.timers.get(Timer::Pong).map_or(until, |sooner| sooner.min(until));
                self.timers.set(Timer::Pong, until);
            }
            Phase::Waiting => {
                self.failures = 0;
                self.start_round(now, ids, random);
            }
            Phase::Idle | Phase::Opening(_) => {}
        }
    }

    /// Whether there is an open flow and no doubt about it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        matches!(self.phase, Phase::Open(_)) && !self.doubted
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
            (Phase::Open(current), FlowEvent::Congested) if current == flow => {
                self.command(flow, FlowCommand::Close { code: NORMAL_CLOSURE });
                self.lost(now, flow, ErrorCode::ConnectionFailed, random);
            }
            (Phase::Open(current), FlowEvent::Closed { .. } | FlowEvent::Failed) if current == flow => {
                self.lost(now, flow, ErrorCode::ConnectionFailed, random);
            }
            _ => {}
        }
    }

    /// Sends one message. `false`: there is no open flow, nothing was sent and nothing is kept.
    pub fn send(&mut self, now: Mono, octets: Vec<u8>) -> bool {
        let Phase::Open(flow) = self.phase else { return false };
        let wants_answer = !octets.starts_with(b"SIP/") && !octets.starts_with(b"ACK ");
        if wants_answer && self.timers.get(Timer::Unanswered).is_none() {
            self.timers.set(Timer::Unanswered, now.after(UNANSWERED_MS));
        }
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
                    self.keep_alive(now, flow);
                    self.schedule_keep_alive(now);
                }
                (Timer::Pong, Phase::Open(flow)) => self.silence(now, flow, random),
                (Timer::Unanswered, Phase::Open(flow)) => {
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
        let allowed =
            |connection: &Self| connection.servers.iter().filter(|server| connection.is_allowed(now, server)).count();
        let current = self.servers.get(self.server);
        if !current.is_some_and(|server| self.is_allowed(now, server)) {
            self.next_server(now);
        }
        self.untried = allowed(self).max(1);
        self.open(now, ids, random);
    }

    /// Whether a server may be tried now.
    fn is_allowed(&self, now: Mono, server: &Server) -> bool {
        server.shunned_until <= now && self.avoided.as_ref() != Some(&server.url)
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
        self.doubted = false;
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

    /// Keeps the flow alive, and asks whether it is.
    fn keep_alive(&mut self, now: Mono, flow: FlowId) {
        let pong = self.servers.get(self.server).map_or(Pong::Unknown, |server| server.pong);
        let asked = match (self.keep_alive, pong) {
            (KeepAlive::Options, _) | (KeepAlive::Auto, Pong::Silent) => Asked::Options,
            _ => Asked::Crlf,
        };
        self.ask(flow, asked);
        let expects = match (asked, pong) {
            (Asked::Options, _) | (_, Pong::Answers) => true,
            // Without an answer it is asked in another way.
            (Asked::Crlf, Pong::Unknown) => self.keep_alive == KeepAlive::Auto || self.flow_timer_ms.is_some(),
            (Asked::Crlf, Pong::Silent) => false,
        };
        if expects && self.timers.get(Timer::Pong).is_none() {
            self.timers.set(Timer::Pong, now.after(PONG_MS));
        }
    }

    fn ask(&mut self, flow: FlowId, asked: Asked) {
        self.asked = asked;
        match asked {
            Asked::Crlf => self.command(flow, FlowCommand::Send(PING.to_vec())),
            Asked::Options => self.events.push_back(TransportEvent::Probe { flow }),
        }
    }

    /// What was asked has no answer.
    fn silence(&mut self, now: Mono, flow: FlowId, random: &mut Random) {
        let asked = self.asked;
        let auto = self.keep_alive == KeepAlive::Auto;
        if let Some(server) = self.servers.get_mut(self.server)
            && server.pong == Pong::Unknown
            && asked == Asked::Crlf
        {
            server.pong = Pong::Silent;
            if auto {
                // It may not know these pings.
                self.ask(flow, Asked::Options);
                self.timers.set(Timer::Pong, now.after(PONG_MS));
                return;
            }
        }
        self.command(flow, FlowCommand::Close { code: NORMAL_CLOSURE });
        self.lost(now, flow, ErrorCode::ConnectionFailed, random);
    }

    fn received(&mut self, flow: FlowId, octets: Vec<u8>) {
        let blanks = octets.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let response = octets.get(blanks..).unwrap_or_default().starts_with(b"SIP/");
        if response || octets == PONG {
            // What was sent has arrived; a request of theirs says only that theirs do.
            self.timers.clear(Timer::Pong);
            self.timers.clear(Timer::Unanswered);
            self.doubted = false;
        }
        if octets == PONG {
            if let Some(server) = self.servers.get_mut(self.server) {
                server.pong = Pong::Answers;
            }
        } else if blanks < octets.len() {
            self.events.push_back(TransportEvent::Message { flow, octets });
        } else if octets.starts_with(PING) {
            self.command(flow, FlowCommand::Send(PONG.to_vec()));
        }
    }

    /// A flow that was up is gone. The same server comes first again if it had proved itself.
    fn lost(&mut self, now: Mono, flow: FlowId, code: ErrorCode, random: &mut Random) {
        self.events.push_back(TransportEvent::Down { flow: Some(flow), was_up: true, error: code.into() });
        if self.proven || now.since(self.up_since) >= PROVEN_MS {
            self.failures = 0;
        } else {
            self.next_server(now);
        }
        self.wait(now, random);
    }

    /// An attempt came to nothing: the rest of the round follows at once, a new round after a wait.
    fn attempt_failed(&mut self, now: Mono, flow: FlowId, code: ErrorCode, ids: &mut FlowIds, random: &mut Random) {
        self.events.push_back(TransportEvent::Down { flow: Some(flow), was_up: false, error: code.into() });
        self.next_server(now);
        if self.untried > 0 {
            self.open(now, ids, random);
        } else {
            self.wait(now, random);
        }
    }

    /// The next one in order that may be tried; the very next where none may.
    fn next_server(&mut self, now: Mono) {
        let count = self.servers.len().max(1);
        let following = |step: usize| (self.server + step) % count;
        let allowed = |index: &usize| self.servers.get(*index).is_some_and(|server| self.is_allowed(now, server));
        self.server = (1..=count).map(following).find(allowed).unwrap_or(following(1));
    }

    fn wait(&mut self, now: Mono, random: &mut Random) {
        let wait = back_off(self.spare, self.failures, random);
        self.failures = self.failures.saturating_add(1);
        self.clear_flow_timers();
        self.timers.set(Timer::Retry, now.after(wait));
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
        self.doubted = false;
        for timer in [Timer::Connect, Timer::KeepAlive, Timer::Pong, Timer::Unanswered] {
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
}

/// How long to wait before the next attempt after so many failures (RFC 5626 section 4.5). `spare`: another flow of the
/// account works.
pub(crate) fn back_off(spare: bool, failures: u32, random: &mut Random) -> u64 {
    let (first, longest) =
        if spare { (SPARE_FIRST_WAIT_MS, SPARE_LONGEST_WAIT_MS) } else { (FIRST_WAIT_MS, LONGEST_WAIT_MS) };
    backoff::spread(first, longest, failures, random)
}

#[cfg(test)]
mod tests;
