//! What comes from the other side.

use super::send::is_pending;
use super::{ACK_EVERY, BridgeProblem, Incoming, Link, LinkEvent, OPEN_REQUESTS, RESEND_MS, Role, Timer};
use crate::bridge::codec::RawJson;
use crate::bridge::envelope::{Envelope, EnvelopeError, Kind, ReplyBody};
use crate::bridge::handshake::{Hello, Ping, Pong, Ready, SessionReset, Welcome};
use crate::bridge::{Payload, read_payload};
use crate::common::limits;
use crate::common::time::Now;

impl Link {
    /// Takes one message of the other side. A bad one changes nothing and is counted.
    pub fn receive(&mut self, now: Now, text: &str) {
        if text.len() > limits::BRIDGE_MESSAGE_OCTETS {
            return self.problem(BridgeProblem::TooLong);
        }
        match Envelope::read(text) {
            Ok(envelope) => self.take(now, envelope),
            Err(EnvelopeError::Shape) => self.problem(BridgeProblem::Shape),
            Err(EnvelopeError::Version) => self.problem(BridgeProblem::Version),
        }
    }

    fn take(&mut self, now: Now, envelope: Envelope) {
        if self.role == Role::Host && envelope.session.is_none() {
            return self.take_hello(now, envelope);
        }
        if self.role == Role::Page && self.session.is_none() {
            return self.take_welcome(now, envelope);
        }
        if envelope.session != self.session {
            return self.problem(BridgeProblem::WrongSession);
        }
        if envelope.ack > self.outbox.last_seq {
            return self.problem(BridgeProblem::BadAck);
        }
        if self.role == Role::Page && envelope.message_type == SessionReset::TYPE {
            return self.take_reset(now, &incoming(envelope));
        }
        let is_ack = envelope.seq == 0;
        if is_ack && envelope.message_type != "ack" {
            return self.problem(BridgeProblem::Shape);
        }
        self.take_ack(now, envelope.ack);
        if is_ack {
            return;
        }
        if envelope.seq != self.received + 1 {
            // Say at once what is here: either our acknowledgement got lost, or messages of the other side did.
            if envelope.seq > self.received {
                self.problem(BridgeProblem::Gap);
            }
            return self.post_ack(now);
        }
        self.received = envelope.seq;
        self.dispatch(now, envelope);
        // The dispatch may have answered, or begun anew.
        if self.session.is_none() || self.told == self.received {
            return;
        }
        if self.received - self.told >= ACK_EVERY {
            self.post_ack(now);
        } else if self.timers.get(Timer::Ack).is_none() {
            self.timers.set(Timer::Ack, now.mono.after(self.ack_delay_ms()));
        }
    }

    fn take_ack(&mut self, now: Now, ack: u64) {
        if !self.acknowledge(ack) {
            return;
        }
        self.resends = 0;
        if self.outbox.is_waiting() {
            self.timers.set(Timer::Resend, now.mono.after(RESEND_MS));
            // While a loss is being repaired, the next ones follow without waiting for the timer.
            if ack < self.recover_to {
                self.repeat(now);
            }
        } else {
            self.timers.clear(Timer::Resend);
        }
        self.flush(now);
    }

    fn take_hello(&mut self, now: Now, envelope: Envelope) {
        if envelope.message_type != Hello::TYPE || envelope.kind != Kind::Request {
            return self.problem(BridgeProblem::WrongSession);
        }
        if envelope.id == self.hello_id {
            // The same hello again: the page did not get the welcome. Once it is ready, this is a late copy.
            if !self.live {
                self.repeat(now);
            }
            return;
        }
        let incoming = incoming(envelope);
        if incoming.read::<Hello>().is_err() {
            self.problem(BridgeProblem::Payload);
            return self.refuse_hello(now, &incoming, "badPayload");
        }
        self.events.push_back(LinkEvent::Hello(incoming));
    }

    fn take_welcome(&mut self, now: Now, envelope: Envelope) {
        if self.hello_id.is_empty() || envelope.re.as_deref() != Some(self.hello_id.as_str()) {
            return self.problem(BridgeProblem::WrongSession);
        }
        let Ok(body) = read_payload::<ReplyBody>(payload_text(&envelope)) else {
            return self.problem(BridgeProblem::Payload);
        };
        if !body.ok {
            self.timers.clear(Timer::Hello);
            self.hello_id.clear();
            let code = body.error.map(|error| error.code).unwrap_or_default();
            self.events.push_back(LinkEvent::Refused { code });
            return;
        }
        let welcome = match body.value.as_ref().map(|value| read_payload::<Welcome>(&value.0)) {
            Some(Ok(welcome)) if envelope.session.as_ref() == Some(&welcome.session) => welcome,
            _ => return self.problem(BridgeProblem::Payload),
        };
        let resumed = welcome.resumed_seq.is_some() && self.hello.resume.is_some();
        if resumed {
            self.acknowledge(welcome.resumed_seq.unwrap_or(0));
            self.outbox.renumber();
        } else if self.had_session {
            self.new_life();
        }
        self.begin(welcome.session.clone());
        self.hello.resume = None;
        self.hello_id.clear();
        self.received = envelope.seq;
        self.live = true;
        self.events.push_back(LinkEvent::Connected { welcome: Box::new(welcome), resumed });
        self.flush(now);
        if self.told < self.received {
            self.timers.set(Timer::Ack, now.mono.after(self.ack_delay_ms()));
        }
    }

    fn dispatch(&mut self, now: Now, envelope: Envelope) {
        let mut incoming = incoming(envelope);
        match incoming.kind {
            Kind::Reply => return self.take_reply(incoming),
            Kind::Request => {
                if self.open.len() >= OPEN_REQUESTS {
                    self.open.remove(0);
                }
                self.open.push((incoming.id.clone(), incoming.message_type.clone()));
            }
            _ => {}
        }
        match (self.role, incoming.message_type.as_str()) {
            (Role::Host, Ready::TYPE) => {
                self.live = true;
                self.events.push_back(LinkEvent::Ready);
                self.flush(now);
            }
            (_, Ping::TYPE) => match incoming.read::<Ping>() {
                Ok(ping) => self.reply(now, &incoming.id, &Pong { at: ping.at }),
                Err(_) => self.refuse_payload(now, &incoming),
            },
            _ => {
                if incoming.payload.is_empty() {
                    incoming.payload.push_str("{}");
                }
                self.events.push_back(LinkEvent::Received(incoming));
            }
        }
    }

    /// It ends the session, so what was missed before it does not matter.
    fn take_reset(&mut self, now: Now, incoming: &Incoming) {
        let Ok(SessionReset { reason }) = incoming.read() else {
            return self.problem(BridgeProblem::Payload);
        };
        self.events.push_back(LinkEvent::Reset(reason));
        self.open(now);
    }

    fn take_reply(&mut self, mut incoming: Incoming) {
        let Some(index) = self.asked.iter().position(|asked| Some(&asked.id) == incoming.re.as_ref()) else {
            return self.problem(BridgeProblem::UnknownReply);
        };
        let Ok(body) = read_payload::<ReplyBody>(&incoming.payload) else {
            return self.problem(BridgeProblem::Payload);
        };
        if body.ok == body.error.is_some() {
            return self.problem(BridgeProblem::Payload);
        }
        let RawJson(value) = body.value.unwrap_or_default();
        // An action may be answered twice.
        let pending = is_pending(&incoming.payload);
        incoming.payload = value;
        incoming.error = body.error;
        if let Some(asked) = self.asked.get(index) {
            incoming.message_type.clone_from(&asked.message_type);
        }
        if !pending {
            self.asked.remove(index);
        }
        self.events.push_back(LinkEvent::Received(incoming));
    }
}

fn payload_text(envelope: &Envelope) -> &str {
    envelope.payload.as_ref().map_or("{}", |payload| payload.0.as_str())
}

fn incoming(envelope: Envelope) -> Incoming {
    Incoming {
        id: envelope.id,
        message_type: envelope.message_type,
        kind: envelope.kind,
        re: envelope.re,
        at: envelope.at,
        deadline_ms: envelope.deadline_ms,
        error: None,
        payload: envelope.payload.map_or_else(|| "{}".to_owned(), |payload| payload.0),
    }
}
