//! One side's session: numbering, acknowledgement, replay, deadlines. The same code for page and host.
//!
//! * Each direction is numbered from 1 in each session. `hello` and `ack` carry the number 0: they are not numbered.
//! * A message that comes out of order is not taken: a gap means loss, and everything after it is sent again. The
//!   receiver says at once what it has; the sender repeats, with growing pauses, what stays unacknowledged.
//! * A page whose messages stay unacknowledged says `hello` again with `resume`, and so does one whose session is
//!   reset, without `resume`. In a new session everything that was kept comes again, in order.
//! * A request is kept until it is answered, so that a page that comes back still gets an action it never finished.
//! * What belongs to the life of one page (sockets, media, timers, replies) never reaches another page.

mod outbox;
mod receive;
mod send;

use std::collections::VecDeque;

use super::codec::{CodecError, RawJson, ReadRecord};
use super::envelope::{Envelope, Kind, ReplyError};
use super::handshake::{Hello, Protocol, Ready, ResetReason, SessionReset, Welcome};
use super::{Payload, VERSION, read_payload, write_payload};
use crate::common::lists::Keep;
use crate::common::random::Random;
use crate::common::time::{Mono, Now};
use crate::common::timers::Timers;
use outbox::{Class, Outbox, Queued, class_of};
use send::{reply_body, reply_error};

/// How long a receiver with nothing to say waits with its `ack`.
const ACK_DELAY_MS: u64 = 50;
/// After so many messages it does not wait.
const ACK_EVERY: u64 = 16;
/// How long an acknowledgement may take before the oldest messages are sent again; doubled each time.
const RESEND_MS: u64 = 3_000;
/// The longest pause between two repetitions.
const RESEND_MAX_MS: u64 = 30_000;
/// How many messages are repeated at once.
const RESEND_BATCH: usize = 8;
/// After so many repetitions a page says hello again.
const RESENDS_BEFORE_HELLO: u32 = 3;
/// First pause between two hellos; doubled each time.
const HELLO_MS: u64 = 1_000;
/// The longest pause between two hellos.
const HELLO_MAX_MS: u64 = 8_000;
/// Requests of the other side that may be open at one time.
const OPEN_REQUESTS: usize = 500;

/// What was wrong with something that came. It was dropped, and nothing else changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BridgeProblem {
    /// Longer than a message may be.
    TooLong,
    /// Not an envelope.
    Shape,
    /// Of another version of the bridge.
    Version,
    /// Of another session.
    WrongSession,
    /// Messages before it were lost; they will come again.
    Gap,
    /// It acknowledges what was never sent.
    BadAck,
    /// A reply to nothing that waits: late, or invented.
    UnknownReply,
    /// The payload cannot be read.
    Payload,
    /// Not from the main frame.
    WrongFrame,
    /// From a page of another origin.
    WrongOrigin,
}

impl BridgeProblem {
    /// A word for logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLong => "tooLong",
            Self::Shape => "shape",
            Self::Version => "version",
            Self::WrongSession => "wrongSession",
            Self::Gap => "gap",
            Self::BadAck => "badAck",
            Self::UnknownReply => "unknownReply",
            Self::Payload => "payload",
            Self::WrongFrame => "wrongFrame",
            Self::WrongOrigin => "wrongOrigin",
        }
    }
}

/// One message of the other side, taken in order and once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// Its id; a reply names it.
    pub id: String,
    /// Its name. Of a reply: the name of the request.
    pub message_type: String,
    /// What it is.
    pub kind: Kind,
    /// Of a reply: the id of the request.
    pub re: Option<String>,
    /// Epoch milliseconds when it was sent.
    pub at: u64,
    /// Of a request: the milliseconds left.
    pub deadline_ms: Option<u64>,
    /// Of a reply: why there is no value.
    pub error: Option<ReplyError>,
    payload: String,
}

impl Incoming {
    /// Reads the payload; of a reply, the value.
    ///
    /// # Errors
    /// A field is missing or of the wrong type. Say so with [`Link::refuse_payload`].
    pub fn read<P: Payload + ReadRecord>(&self) -> Result<P, CodecError> {
        read_payload(&self.payload)
    }

    /// The same into a record of any kind.
    ///
    /// # Errors
    /// As [`Incoming::read`].
    pub fn read_into(&self, record: &mut dyn ReadRecord) -> Result<(), CodecError> {
        super::read_into(record, &self.payload)
    }

    /// The payload as JSON.
    #[must_use]
    pub fn payload(&self) -> &str {
        &self.payload
    }
}

/// What the link wants done or has to tell.
#[derive(Debug)]
#[non_exhaustive]
pub enum LinkEvent {
    /// Hand this text to the other side.
    Post(String),
    /// A message came.
    Received(Incoming),
    /// A request was not answered in time, or can never be answered any more. Its reply will not come.
    TimedOut {
        /// Its id.
        id: String,
        /// Its name.
        message_type: String,
    },
    /// Page: there is a session. Call [`Link::ready`] when messages can be taken.
    Connected {
        /// What the host said.
        welcome: Box<Welcome>,
        /// Whether the host still knew the session before: nothing of the page's life there is lost.
        resumed: bool,
    },
    /// Page: the host does not speak our version, or refuses us.
    Refused {
        /// A stable word.
        code: String,
    },
    /// Page: the host ended the session; a hello is on its way.
    Reset(ResetReason),
    /// Host: a page says hello. Answer with [`Link::welcome`].
    Hello(Incoming),
    /// Host: the page takes messages now.
    Ready,
    /// A message did not fit into the queue and was dropped. Call [`Link::reset`]; a host ends its calls first.
    Overflow,
    /// Something that came was dropped.
    Problem(BridgeProblem),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Page,
    Host,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    Hello,
    Ack,
    Resend,
}

/// A request that waits for its reply.
#[derive(Debug)]
struct Asked {
    id: String,
    message_type: String,
    deadline: Mono,
    /// The request itself once it was acknowledged, in case another page or host has to get it.
    kept: Option<Queued>,
}

/// One side's session.
pub struct Link {
    role: Role,
    life: String,
    next_id: u64,
    hello: Hello,
    hello_id: String,
    hello_pause_ms: u64,
    session: Option<String>,
    had_session: bool,
    /// Page: welcomed. Host: the page is ready.
    live: bool,
    outbox: Outbox,
    received: u64,
    told: u64,
    asked: Vec<Asked>,
    open: Vec<(String, String)>,
    timers: Timers<Timer>,
    resends: u32,
    recover_to: u64,
    overflowed: bool,
    /// The other side keeps the time of this one.
    clockless: bool,
    problems: u64,
    events: VecDeque<LinkEvent>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link")
    }
}

impl Link {
    fn new(role: Role, random: &mut Random, hello: Hello) -> Self {
        Self {
            role,
            life: random.token(6),
            next_id: 0,
            hello,
            hello_id: String::new(),
            hello_pause_ms: HELLO_MS,
            session: None,
            had_session: false,
            live: false,
            outbox: Outbox::default(),
            received: 0,
            told: 0,
            asked: Vec::new(),
            open: Vec::new(),
            timers: Timers::default(),
            resends: 0,
            recover_to: 0,
            overflowed: false,
            clockless: false,
            problems: 0,
            events: VecDeque::new(),
        }
    }

    /// The page's side. It says hello when [`Link::open`] is called; `hello.protocol` and `hello.resume` are filled in.
    #[must_use]
    pub fn page(random: &mut Random, hello: Hello) -> Self {
        Self::new(Role::Page, random, hello)
    }

    /// The host's side. It waits for a hello.
    #[must_use]
    pub fn host(random: &mut Random) -> Self {
        Self::new(Role::Host, random, Hello::default())
    }

    /// Page: says hello, until it is welcomed.
    pub fn open(&mut self, now: Now) {
        self.hello_pause_ms = HELLO_MS;
        self.session = None;
        self.live = false;
        self.new_hello_id();
        self.say_hello(now);
    }

    fn new_hello_id(&mut self) {
        self.hello_id = self.new_id();
    }

    fn new_id(&mut self) -> String {
        self.next_id += 1;
        let mut id = self.life.clone();
        id.push('-');
        super::json::push_integer(&mut id, self.next_id);
        id
    }

    fn say_hello(&mut self, now: Now) {
        self.hello.protocol = Protocol { min: VERSION, max: VERSION };
        let envelope = Envelope {
            v: VERSION,
            message_type: Hello::TYPE.to_owned(),
            id: self.hello_id.clone(),
            kind: Kind::Request,
            at: now.wall,
            payload: Some(RawJson(write_payload(&self.hello))),
            ..Envelope::default()
        };
        self.events.push_back(LinkEvent::Post(envelope.write()));
        self.timers.clear(Timer::Resend);
        self.timers.clear(Timer::Ack);
        self.timers.set(Timer::Hello, now.mono.after(self.hello_pause_ms));
        self.hello_pause_ms = (self.hello_pause_ms * 2).min(HELLO_MAX_MS);
    }

    /// Page: it takes messages from now on. Call it after [`LinkEvent::Connected`].
    pub fn ready(&mut self, now: Now) {
        self.event(now, &Ready {});
    }

    /// Host: answers a hello and begins a new session. `welcome.session` is a fresh UUID that nobody can guess;
    /// `protocol` and `resumed_seq` are filled in.
    ///
    /// Returns whether the same page goes on (its sockets and media are still wanted).
    pub fn welcome(&mut self, now: Now, incoming: &Incoming, hello: &Hello, mut welcome: Welcome) -> bool {
        if hello.protocol.min > VERSION || hello.protocol.max < VERSION {
            self.refuse_hello(now, incoming, "unsupportedVersion");
            return false;
        }
        let resumed = match &hello.resume {
            Some(resume) if self.session.as_deref() == Some(resume.session.as_str()) => {
                self.acknowledge(resume.last_seq);
                welcome.resumed_seq = Some(self.received);
                self.outbox.renumber();
                true
            }
            _ => {
                self.new_life();
                false
            }
        };
        self.begin(welcome.session.clone());
        self.live = false;
        self.hello_id.clone_from(&incoming.id);
        welcome.protocol = VERSION;
        let item = Queued {
            message_type: Welcome::TYPE.to_owned(),
            id: self.new_id(),
            kind: Kind::Reply,
            re: Some(incoming.id.clone()),
            deadline: None,
            payload: reply_body(Ok(&write_payload(&welcome))),
            class: Class::PageLife,
            seq: 0,
        };
        self.outbox.push_first(item);
        self.post_next(now);
        resumed
    }

    fn refuse_hello(&mut self, now: Now, incoming: &Incoming, code: &str) {
        let error = reply_error(code, "", false);
        let envelope = Envelope {
            v: VERSION,
            message_type: Hello::TYPE.to_owned(),
            id: self.new_id(),
            kind: Kind::Reply,
            at: now.wall,
            re: Some(incoming.id.clone()),
            payload: Some(RawJson(reply_body(Err(&error)))),
            ..Envelope::default()
        };
        self.events.push_back(LinkEvent::Post(envelope.write()));
    }

    /// Host: the page is gone. What was kept waits for the next one.
    pub fn peer_lost(&mut self) {
        self.new_life();
        self.session = None;
        self.live = false;
        self.hello_id.clear();
        for timer in [Timer::Ack, Timer::Resend] {
            self.timers.clear(timer);
        }
    }

    /// Ends the session and forgets everything that waits. The page says hello again, without `resume`.
    pub fn reset(&mut self, now: Now, reason: ResetReason) {
        self.outbox.clear();
        self.overflowed = false;
        for asked in std::mem::take(&mut self.asked) {
            self.events.push_back(LinkEvent::TimedOut { id: asked.id, message_type: asked.message_type });
        }
        if self.role == Role::Page {
            return self.open(now);
        }
        if self.session.is_some() {
            // It ends the session, so the page takes it whatever it missed before; nothing repeats it.
            let item = Queued {
                message_type: SessionReset::TYPE.to_owned(),
                id: self.new_id(),
                kind: Kind::Event,
                re: None,
                deadline: None,
                payload: write_payload(&SessionReset { reason }),
                class: Class::PageLife,
                seq: self.outbox.last_seq + 1,
            };
            self.post(now, &item);
        }
        self.peer_lost();
    }

    /// The other side begins anew: replies can come only to what is asked again.
    fn new_life(&mut self) {
        let lost = |asked: &Asked| class_of(&asked.message_type, Kind::Request) == Class::PageLife;
        for asked in self.asked.iter().filter(|asked| lost(asked)) {
            self.events
                .push_back(LinkEvent::TimedOut { id: asked.id.clone(), message_type: asked.message_type.clone() });
        }
        self.asked.keep(|asked| !lost(asked));
        self.outbox.new_life(self.asked.iter_mut().filter_map(|asked| asked.kept.take()));
        self.open.clear();
    }

    fn begin(&mut self, session: String) {
        self.session = Some(session);
        self.had_session = true;
        self.received = 0;
        self.told = 0;
        self.resends = 0;
        self.recover_to = 0;
        self.timers.clear(Timer::Hello);
        self.timers.clear(Timer::Resend);
        self.timers.clear(Timer::Ack);
    }

    /// Carries out what is due.
    pub fn timeout(&mut self, now: Now) {
        while let Some(timer) = self.timers.pop_due(now.mono) {
            match timer {
                Timer::Hello => self.say_hello(now),
                Timer::Ack => self.post_ack(now),
                Timer::Resend => self.resend(now),
            }
        }
        while let Some(index) = self.asked.iter().position(|asked| asked.deadline <= now.mono) {
            let asked = self.asked.remove(index);
            self.outbox.withdraw(&asked.id);
            self.events.push_back(LinkEvent::TimedOut { id: asked.id, message_type: asked.message_type });
        }
    }

    /// When [`Link::timeout`] has to be called next.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        let asked = self.asked.iter().map(|asked| asked.deadline).min();
        let [hello, ack, resend] = [Timer::Hello, Timer::Ack, Timer::Resend].map(|timer| self.timers.get(timer));
        let resend = resend.filter(|_| !self.clockless || self.outbox.in_flight().any(|item| !item.is_timer()));
        [hello, ack, resend, asked].into_iter().flatten().min()
    }

    /// Whether the other side keeps the time of this one (`timer.*`). Then acknowledgements leave at once, and a
    /// `timer.*` that stays unacknowledged is no reason to wake up: what wakes would be another one like it.
    pub fn set_clockless(&mut self, on: bool) {
        self.clockless = on;
    }

    /// How long an acknowledgement may wait for something that takes it along.
    const fn ack_delay_ms(&self) -> u64 {
        if self.clockless { 0 } else { ACK_DELAY_MS }
    }

    /// Takes what is to be done or told.
    pub fn poll(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    /// Whether there is a session in which messages flow.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.live
    }

    /// Whether so much waits for the other side that sockets should not be read.
    #[must_use]
    pub fn is_congested(&self) -> bool {
        self.outbox.is_congested()
    }

    /// How many messages wait for an acknowledgement.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// How many messages of the other side were dropped because they broke the rules.
    #[must_use]
    pub const fn problems(&self) -> u64 {
        self.problems
    }

    fn problem(&mut self, problem: BridgeProblem) {
        self.problems += 1;
        self.events.push_back(LinkEvent::Problem(problem));
    }
}
