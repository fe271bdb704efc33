//! What goes to the other side.

use super::outbox::{Queued, class_of};
use super::{
    ACK_DELAY_MS, Asked, BridgeProblem, Incoming, Link, LinkEvent, RESEND_BATCH, RESEND_MAX_MS, RESEND_MS,
    RESENDS_BEFORE_HELLO, Role, Timer,
};
use crate::bridge::codec::{RawJson, ReadRecord, WriteRecord, write_record};
use crate::bridge::envelope::{Envelope, Kind, ReplyError};
use crate::bridge::handshake::{Ack, Resume};
use crate::bridge::json::{Json, Writer};
use crate::bridge::{Payload, VERSION, write_payload};
use crate::common::backoff;
use crate::common::lists::{Gather, Keep};
use crate::common::time::{Mono, Now};

impl Link {
    /// Tells something.
    pub fn event<P: Payload + WriteRecord>(&mut self, now: Now, payload: &P) {
        self.event_record(now, P::TYPE, payload);
    }

    fn event_record(&mut self, now: Now, message_type: &str, payload: &dyn WriteRecord) {
        let id = self.new_id();
        self.enqueue(now, message_type, Kind::Event, id, None, None, write_payload(payload));
    }

    /// Asks for something; the id is the `re` of the reply. [`LinkEvent::TimedOut`] comes if there is none in time.
    pub fn request<P: Payload + WriteRecord>(&mut self, now: Now, payload: &P, deadline_ms: u64) -> String {
        self.request_record(now, P::TYPE, payload, deadline_ms)
    }

    fn request_record(&mut self, now: Now, message_type: &str, payload: &dyn WriteRecord, deadline_ms: u64) -> String {
        let id = self.new_id();
        let deadline = now.mono.after(deadline_ms);
        self.asked.push(Asked { id: id.clone(), message_type: message_type.to_owned(), deadline, kept: None });
        self.enqueue(now, message_type, Kind::Request, id.clone(), None, Some(deadline), write_payload(payload));
        id
    }

    /// Nobody waits for this request's reply any more.
    pub fn forget(&mut self, id: &str) {
        self.asked.keep(|asked| asked.id != id);
        self.outbox.withdraw(id);
    }

    /// Answers the request `re`.
    pub fn reply<P: Payload + WriteRecord>(&mut self, now: Now, re: &str, payload: &P) {
        self.reply_record(now, re, P::TYPE, payload);
    }

    fn reply_record(&mut self, now: Now, re: &str, message_type: &str, payload: &dyn WriteRecord) {
        self.answer(now, re, message_type, reply_body(Ok(&write_payload(payload))));
    }

    /// Answers the request `re` with an error.
    pub fn reply_error(&mut self, now: Now, re: &str, code: &str, message: &str, retryable: bool) {
        self.answer(now, re, "error", reply_body(Err(&reply_error(code, message, retryable))));
    }

    /// What comes is of no known type: an event is ignored, a request gets the error `unknownType`.
    pub fn refuse_unknown(&mut self, now: Now, incoming: &Incoming) {
        if incoming.kind == Kind::Request {
            self.reply_error(now, &incoming.id, "unknownType", "", false);
        }
    }

    /// The value of a reply; `None` where it is a refusal, or cannot be read, which is counted.
    pub fn value<P: Payload + ReadRecord>(&mut self, incoming: &Incoming) -> Option<P> {
        let mut value = P::default();
        self.value_into(&mut value, incoming).then_some(value)
    }

    fn value_into(&mut self, record: &mut dyn ReadRecord, incoming: &Incoming) -> bool {
        if incoming.error.is_some() {
            return false;
        }
        let read = incoming.read_into(record).is_ok();
        if !read {
            self.problem(BridgeProblem::Payload);
        }
        read
    }

    /// The payload of what came cannot be read: it is counted, and a request gets the error `badPayload`.
    pub fn refuse_payload(&mut self, now: Now, incoming: &Incoming) {
        self.problem(BridgeProblem::Payload);
        if incoming.kind == Kind::Request {
            self.reply_error(now, &incoming.id, "badPayload", "", false);
        }
    }

    pub(super) fn answer(&mut self, now: Now, re: &str, fallback: &str, body: String) {
        // A request of a page that is gone is answered by nobody: there is no such request any more.
        let Some(index) = self.open.iter().position(|(id, _)| id == re) else { return };
        let Some((_, mut name)) = self.open.get(index).cloned() else { return };
        if !is_pending(&body) {
            self.open.remove(index);
        }
        if fallback == "pong" {
            fallback.clone_into(&mut name);
        }
        let id = self.new_id();
        self.enqueue(now, &name, Kind::Reply, id, Some(re.to_owned()), None, body);
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn enqueue(
        &mut self,
        now: Now,
        message_type: &str,
        kind: Kind,
        id: String,
        re: Option<String>,
        deadline: Option<Mono>,
        payload: String,
    ) {
        let class = class_of(message_type, kind);
        let item = Queued { message_type: message_type.to_owned(), id, kind, re, deadline, payload, class, seq: 0 };
        if self.outbox.push(item) {
            self.flush(now);
        } else if !self.overflowed {
            self.overflowed = true;
            self.events.push_back(LinkEvent::Overflow);
        }
    }

    pub(super) fn flush(&mut self, now: Now) {
        if self.live {
            while self.post_next(now) {}
        }
    }

    pub(super) fn post_next(&mut self, now: Now) -> bool {
        let Some(item) = self.outbox.number_next().cloned() else { return false };
        self.post(now, &item);
        if self.timers.get(Timer::Resend).is_none() {
            self.timers.set(Timer::Resend, now.mono.after(RESEND_MS));
        }
        true
    }

    pub(super) fn post(&mut self, now: Now, item: &Queued) {
        let envelope = Envelope {
            v: VERSION,
            message_type: item.message_type.clone(),
            id: item.id.clone(),
            kind: item.kind,
            session: self.session.clone(),
            seq: item.seq,
            ack: self.received,
            at: now.wall,
            re: item.re.clone(),
            deadline_ms: item.deadline.map(|deadline| deadline.since(now.mono)),
            payload: Some(RawJson(item.payload.clone())),
        };
        self.told = self.received;
        self.timers.clear(Timer::Ack);
        self.events.push_back(LinkEvent::Post(envelope.write()));
    }

    pub(super) fn post_ack(&mut self, now: Now) {
        if !self.live {
            return;
        }
        let envelope = Envelope {
            v: VERSION,
            message_type: Ack::TYPE.to_owned(),
            id: self.new_id(),
            kind: Kind::Event,
            session: self.session.clone(),
            ack: self.received,
            at: now.wall,
            payload: Some(RawJson::default()),
            ..Envelope::default()
        };
        self.told = self.received;
        self.timers.clear(Timer::Ack);
        self.events.push_back(LinkEvent::Post(envelope.write()));
    }

    /// Takes an acknowledgement into account; whether it brought anything new.
    pub(super) fn acknowledge(&mut self, ack: u64) -> bool {
        let asked = &mut self.asked;
        self.outbox.acknowledge(ack, |item| {
            if item.kind == Kind::Request
                && let Some(asked) = asked.iter_mut().find(|asked| asked.id == item.id)
            {
                asked.kept = Some(item);
            }
        })
    }

    pub(super) fn resend(&mut self, now: Now) {
        if !self.outbox.is_waiting() {
            return;
        }
        self.resends += 1;
        if self.role == Role::Page && self.resends > RESENDS_BEFORE_HELLO {
            self.resume_with_hello(now);
            return;
        }
        self.recover_to = self.outbox.last_seq;
        self.repeat(now);
        let pause = backoff::doubled(RESEND_MS, RESEND_MAX_MS, self.resends);
        self.timers.set(Timer::Resend, now.mono.after(pause));
    }

    pub(super) fn repeat(&mut self, now: Now) {
        let items = self.outbox.in_flight().take(RESEND_BATCH).cloned().gather();
        for item in items {
            self.post(now, &item);
        }
    }

    pub(super) fn resume_with_hello(&mut self, now: Now) {
        self.hello.resume = self.session.take().map(|session| Resume { session, last_seq: self.received });
        self.open(now);
    }

    /// The channel refused a message that was posted: it is sent again soon.
    pub fn post_failed(&mut self, now: Now) {
        if self.outbox.is_waiting() {
            self.timers.set(Timer::Resend, now.mono.after(ACK_DELAY_MS));
        }
    }
}

pub(super) fn reply_error(code: &str, message: &str, retryable: bool) -> ReplyError {
    ReplyError { code: code.to_owned(), message: message.to_owned(), retryable, sip: None }
}

/// Whether the body of a reply says `pending`: another reply follows.
pub(super) fn is_pending(body: &str) -> bool {
    let state = Json::parse(body).ok().and_then(|body| body.get("value")).and_then(|value| value.get("state"));
    state.and_then(Json::text).is_some_and(|state| state == "pending")
}

pub(super) fn reply_body(result: Result<&str, &ReplyError>) -> String {
    let mut out = Writer::new();
    out.open('{');
    out.key("ok");
    out.boolean(result.is_ok());
    match result {
        Ok(value) => {
            out.key("value");
            out.raw(value);
        }
        Err(error) => {
            out.key("error");
            write_record(error, &mut out);
        }
    }
    out.close('}');
    out.finish()
}
