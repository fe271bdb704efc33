//! Two links and the channel between them.

use std::collections::VecDeque;

use sipwake::bridge::{
    AppState, CallEnded, CallPerform, CallPerformReply, Hello, HostInfo, Incoming, Link, LinkEvent, Welcome,
};
use sipwake::common::random::{Random, Seeded};
use sipwake::common::time::{Mono, Now};

pub const EPOCH: u64 = 1_764_000_000_000;

pub fn at(ms: u64) -> Now {
    Now { mono: Mono(ms), wall: EPOCH + ms }
}

/// What became known on one side, in one word each.
#[derive(Default)]
pub struct Side {
    pub received: Vec<Incoming>,
    pub told: Vec<String>,
    pub posted: Vec<String>,
}

impl Side {
    pub fn types(&self) -> Vec<&str> {
        self.received.iter().map(|incoming| incoming.message_type.as_str()).collect()
    }
}

pub struct Pair {
    pub now: u64,
    pub page: Link,
    pub host: Link,
    pub page_side: Side,
    pub host_side: Side,
    pub to_page: VecDeque<String>,
    pub to_host: VecDeque<String>,
    /// Texts that contain one of these are lost.
    pub lose: Vec<&'static str>,
    pub auto_ready: bool,
    sessions: Random,
    seed: u64,
}

pub fn page_link(seed: u64) -> Link {
    Link::page(&mut Random::new(Seeded(seed)), Hello::default())
}

impl Pair {
    pub fn new() -> Self {
        let mut pair = Self {
            now: 0,
            page: page_link(1),
            host: Link::host(&mut Random::new(Seeded(2))),
            page_side: Side::default(),
            host_side: Side::default(),
            to_page: VecDeque::new(),
            to_host: VecDeque::new(),
            lose: Vec::new(),
            auto_ready: true,
            sessions: Random::new(Seeded(3)),
            seed: 10,
        };
        pair.page.open(at(0));
        pair
    }

    /// A pair with a session that is live and quiet.
    pub fn connected() -> Self {
        let mut pair = Self::new();
        pair.run(200);
        assert!(pair.host.is_live() && pair.page.is_live());
        pair.page_side = Side::default();
        pair.host_side = Side::default();
        pair
    }

    /// The page dies with all it knew, and another is loaded.
    pub fn reload(&mut self) {
        self.seed += 1;
        self.page = page_link(self.seed);
        self.to_page.clear();
        self.to_host.clear();
        self.page_side = Side::default();
        self.page.open(at(self.now));
    }

    pub fn now(&self) -> Now {
        at(self.now)
    }

    pub fn drain(&mut self) {
        let now = at(self.now);
        while let Some(event) = self.page.poll() {
            match event {
                LinkEvent::Post(text) => {
                    self.page_side.posted.push(text.clone());
                    if !self.lose.iter().any(|part| text.contains(part)) {
                        self.to_host.push_back(text);
                    }
                }
                LinkEvent::Received(incoming) => self.page_side.received.push(incoming),
                LinkEvent::Connected { resumed, .. } => {
                    self.page_side.told.push(format!("connected {resumed}"));
                    if self.auto_ready {
                        self.page.ready(now);
                    }
                }
                other => self.page_side.told.push(word(&other)),
            }
        }
        while let Some(event) = self.host.poll() {
            match event {
                LinkEvent::Post(text) => {
                    self.host_side.posted.push(text.clone());
                    if !self.lose.iter().any(|part| text.contains(part)) {
                        self.to_page.push_back(text);
                    }
                }
                LinkEvent::Received(incoming) => self.host_side.received.push(incoming),
                LinkEvent::Hello(incoming) => {
                    let hello: Hello = incoming.read().unwrap();
                    let resumed = self.host.welcome(now, &incoming, &hello, welcome(self.sessions.uuid()));
                    self.host_side.told.push(format!("hello {resumed}"));
                }
                other => self.host_side.told.push(word(&other)),
            }
        }
    }

    /// Delivers everything that is under way, without time passing.
    pub fn settle(&mut self) {
        loop {
            self.drain();
            let now = at(self.now);
            if let Some(text) = self.to_host.pop_front() {
                self.host.receive(now, &text);
            } else if let Some(text) = self.to_page.pop_front() {
                self.page.receive(now, &text);
            } else {
                return;
            }
        }
    }

    /// Lets `ms` pass, with everything that becomes due and under way.
    pub fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        loop {
            self.settle();
            let next = [self.page.next_timeout(), self.host.next_timeout()].into_iter().flatten().min();
            match next {
                Some(Mono(due)) if due <= end => self.now = due.max(self.now),
                _ => break,
            }
            let now = at(self.now);
            self.page.timeout(now);
            self.host.timeout(now);
        }
        self.now = end;
    }
}

fn word(event: &LinkEvent) -> String {
    match event {
        LinkEvent::TimedOut { message_type, .. } => format!("timedOut {message_type}"),
        LinkEvent::Refused { code } => format!("refused {code}"),
        LinkEvent::Reset(reason) => format!("reset {}", reason.name()),
        LinkEvent::Ready => "ready".to_owned(),
        LinkEvent::Overflow => "overflow".to_owned(),
        LinkEvent::Problem(problem) => problem.name().to_owned(),
        _ => "other".to_owned(),
    }
}

pub fn welcome(session: String) -> Welcome {
    Welcome {
        session,
        instance: "urn:uuid:11111111-2222-4333-8444-555555555555".to_owned(),
        host: HostInfo { name: "app".to_owned(), ..HostInfo::default() },
        ..Welcome::default()
    }
}

pub fn ended(uuid: &str) -> CallEnded {
    CallEnded { call_uuid: uuid.to_owned(), ..CallEnded::default() }
}

pub fn perform(action: &str) -> CallPerform {
    CallPerform { action_id: action.to_owned(), call_uuid: "u".to_owned(), ..CallPerform::default() }
}

pub fn app_state(remaining: u64) -> AppState {
    AppState { remaining_ms: Some(remaining), ..AppState::default() }
}

pub fn performed(state: sipwake::bridge::PerformState) -> CallPerformReply {
    CallPerformReply { state, ..CallPerformReply::default() }
}
