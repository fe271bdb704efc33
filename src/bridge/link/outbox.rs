//! What one side has to say: numbered, kept until it is acknowledged, bounded.

use std::collections::VecDeque;

use crate::bridge::envelope::Kind;
use crate::common::limits;

use crate::common::time::Mono;

/// Numbered messages that may wait for an acknowledgement at one time; the rest waits unnumbered.
const WINDOW: usize = 64;

/// How much a message may be trusted to matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Only the latest counts: an older one that was not posted yet is replaced.
    Latest,
    /// It belongs to the life of one page: sockets, media, timers, replies. A new page never gets it.
    PageLife,
    /// It is kept until it is acknowledged, a request until it is answered, across sessions.
    Kept,
}

/// The class of a message.
pub(super) fn class_of(message_type: &str, kind: Kind) -> Class {
    match message_type {
        "audio.route" | "app.state" | "network.changed" | "media.level" | "log" => Class::Latest,
        "ready" | "ping" | "config" => Class::PageLife,
        _ if kind == Kind::Reply
            || ["ws.", "media.", "timer."].iter().any(|family| message_type.starts_with(family)) =>
        {
            Class::PageLife
        }
        _ => Class::Kept,
    }
}

/// One message that waits.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub message_type: String,
    pub id: String,
    pub kind: Kind,
    pub re: Option<String>,
    pub deadline: Option<Mono>,
    pub payload: String,
    pub class: Class,
    pub seq: u64,
}

impl Queued {
    pub fn is_timer(&self) -> bool {
        self.message_type.starts_with("timer.")
    }

    fn octets(&self) -> usize {
        self.payload.len() + self.message_type.len() + self.id.len() + 128
    }
}

/// The queue: the first `flight` messages are numbered and posted, the others wait.
#[derive(Default)]
pub(super) struct Outbox {
    items: VecDeque<Queued>,
    flight: usize,
    octets: usize,
    /// The number that the last posted message got.
    pub last_seq: u64,
}

impl Outbox {
    /// Takes a message, or refuses it because the bounds are reached.
    pub fn push(&mut self, item: Queued) -> bool {
        if item.class == Class::Latest {
            self.drop_waiting(|waiting| waiting.message_type == item.message_type);
        }
        if self.full(&item) {
            self.drop_waiting(|waiting| waiting.class == Class::Latest);
        }
        if self.full(&item) {
            return false;
        }
        self.octets += item.octets();
        self.items.push_back(item);
        true
    }

    fn full(&self, item: &Queued) -> bool {
        self.items.len() >= limits::BRIDGE_QUEUE_MESSAGES
            || (!self.items.is_empty() && self.octets + item.octets() > limits::BRIDGE_QUEUE_OCTETS)
    }

    /// Puts a message before all others: `welcome`.
    pub fn push_first(&mut self, item: Queued) {
        self.octets += item.octets();
        self.items.push_front(item);
    }

    fn drop_waiting(&mut self, which: impl Fn(&Queued) -> bool) {
        let mut index = 0;
        let flight = self.flight;
        self.items.retain(|item| {
            index += 1;
            index <= flight || !which(item)
        });
        self.count();
    }

    fn count(&mut self) {
        self.octets = self.items.iter().map(Queued::octets).sum();
    }

    /// Takes out a message that was not posted yet.
    pub fn withdraw(&mut self, id: &str) {
        self.drop_waiting(|item| item.id == id);
    }

    /// Numbers the next waiting message, if the window allows.
    pub fn number_next(&mut self) -> Option<&Queued> {
        if self.flight >= WINDOW {
            return None;
        }
        let item = self.items.get_mut(self.flight)?;
        self.last_seq += 1;
        item.seq = self.last_seq;
        self.flight += 1;
        Some(item)
    }

    /// Forgets what is acknowledged up to `ack`; whether anything was. `gone` sees each.
    pub fn acknowledge(&mut self, ack: u64, mut gone: impl FnMut(Queued)) -> bool {
        let before = self.flight;
        while self.flight > 0 && self.items.front().is_some_and(|item| item.seq <= ack) {
            self.flight -= 1;
            if let Some(item) = self.items.pop_front() {
                self.octets = self.octets.saturating_sub(item.octets());
                gone(item);
            }
        }
        before != self.flight
    }

    /// The posted messages that are not acknowledged yet, oldest first.
    pub fn in_flight(&self) -> impl Iterator<Item = &Queued> {
        self.items.iter().take(self.flight)
    }

    /// Whether anything is posted and not acknowledged.
    pub fn is_waiting(&self) -> bool {
        self.flight > 0
    }

    /// Starts numbering anew; everything that is there waits again.
    pub fn renumber(&mut self) {
        self.flight = 0;
        self.last_seq = 0;
    }

    /// Puts `kept` before the rest, drops what belongs to the old page's life.
    pub fn new_life(&mut self, kept: impl DoubleEndedIterator<Item = Queued>) {
        self.renumber();
        self.items.retain(|item| item.class != Class::PageLife);
        for item in kept.rev() {
            self.items.push_front(item);
        }
        self.count();
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.items.clear();
        self.octets = 0;
        self.renumber();
    }

    /// Whether so much waits that the sender should stop reading sockets.
    pub fn is_congested(&self) -> bool {
        self.items.len() > WINDOW || self.octets > limits::BRIDGE_QUEUE_OCTETS / 4
    }

    /// How many messages are there.
    pub fn len(&self) -> usize {
        self.items.len()
    }
}
