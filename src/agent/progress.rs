//! What a callee says of a call before its answer (RFC 3261 section 13.3.1.1, RFC 3262): that it rings, and, where the
//! application wants early media or the caller leaves the offer to us and insists on reliability, a description.
//!
//! A microphone is not opened while it rings: the session is described without it, and gets it with the answer.

use super::Agent;
use super::call::{Call, Job, Phase};
use super::extra::{add_headers, check_headers};
use super::incoming::{media_error, sdp_of};
use super::outcome;
use super::reliable::{Provisional, TAG};
use crate::common::time::Now;
use crate::io::{CallId, CommandId, Error, ErrorCode, Extra, MediaCommand, MediaFailure, OutcomeKind, Reply};
use crate::message::HeaderName;

/// How far the first exchange of offer and answer is, before the call is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Exchange {
    /// Nothing was described.
    #[default]
    None,
    /// Media makes our description.
    Describing,
    /// It is there, and leaves with the next response.
    Described,
    /// It has left in a response that nobody acknowledges: the 2xx has it again.
    Told,
    /// It has left in a response whose PRACK has not come, or the answer in that is being taken: no 2xx may leave.
    Open,
    /// It is over: the 2xx has no description, and either side may offer anew.
    Agreed,
}

/// What goes before the answer to an incoming call.
#[derive(Debug, Default)]
pub(crate) struct Prelude {
    pub(super) exchange: Exchange,
    /// Our description.
    sdp: String,
    /// The status of a response that waits, for our description or for the PRACK of the one before (RFC 3262 section 3).
    next: Option<u16>,
    extra: Extra,
    /// `progress` commands that wait for it to leave.
    pub(super) asking: Vec<CommandId>,
    /// The microphone has been opened since.
    microphone: bool,
}

impl Prelude {
    /// A response that nobody has acknowledged went with its flow.
    pub(super) fn unsaid(&mut self) {
        if self.exchange == Exchange::Open {
            self.exchange = Exchange::Described;
        }
    }

    /// What the 2xx says.
    fn last_word(&mut self) -> String {
        if self.exchange == Exchange::Agreed { String::new() } else { std::mem::take(&mut self.sdp) }
    }
}

/// What is due for a call that is not answered.
enum Due {
    Describe,
    Tell(u16),
    Microphone,
    Answer,
}

impl Agent {
    /// Sends a 183 before the answer, with a description where early media is wanted; completed when it has left.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such call; [`ErrorCode::InvalidState`] where it is not ringing, or where
    /// it can have no early media: its caller made no offer and takes none in a provisional response.
    pub fn progress(
        &mut self,
        now: Now,
        id: CallId,
        early_media: bool,
        extra: Extra,
        command: CommandId,
    ) -> Result<(), Error> {
        check_headers(&extra.headers)?;
        let call = self.find_call(id).ok_or(ErrorCode::NotFound)?;
        let possible = !early_media || sdp_of(&call.invite).is_some() || self.wants_reliable(call, true);
        if call.phase != Phase::Ringing || !possible {
            return Err(ErrorCode::InvalidState.into());
        }
        if let Some(call) = self.call_mut(id) {
            call.prelude.next = Some(183);
            call.prelude.extra = extra;
            call.prelude.asking.push(command);
            if early_media && call.prelude.exchange == Exchange::None {
                self.describe_early(id);
            }
        }
        self.pump(now);
        Ok(())
    }

    /// Tells the caller that it rings here.
    pub(super) fn send_ringing(&mut self, now: Now, id: CallId) {
        let Some(call) = self.find_call(id) else { return };
        let reliable = self.wants_reliable(call, false);
        // The answer is being made, and says what there is to describe.
        let answering = call.phase == Phase::Answering;
        let silent = call.prelude.exchange != Exchange::None || (reliable && sdp_of(&call.invite).is_none());
        let Some(call) = self.call_mut(id) else { return };
        call.rings(now.mono, reliable);
        match answering {
            true if silent => {}
            true => self.send_provisional(now, id, 180),
            false => {
                call.prelude.next.get_or_insert(180);
                self.settle_prelude(now, id);
            }
        }
    }

    /// Does for calls that are not answered what can be done now. True where something was.
    pub(super) fn settle_preludes(&mut self, now: Now) -> bool {
        let due = self.calls.iter().find(|call| self.due(call).is_some()).map(|call| call.id);
        if let Some(id) = due {
            self.settle_prelude(now, id);
        }
        due.is_some()
    }

    fn settle_prelude(&mut self, now: Now, id: CallId) {
        let due = self.find_call(id).and_then(|call| self.due(call));
        let (Some(due), Some(call)) = (due, self.call_mut(id)) else { return };
        match due {
            Due::Describe => self.describe_early(id),
            Due::Tell(status) => self.send_provisional(now, id, status),
            Due::Microphone => {
                call.job = Job::Microphone;
                self.media_command(id, MediaCommand::Microphone);
            }
            Due::Answer => {
                let sdp = call.prelude.last_word();
                self.answer_described(now, id, sdp);
            }
        }
    }

    fn due(&self, call: &Call) -> Option<Due> {
        let Prelude { exchange, next, microphone, .. } = call.prelude;
        let busy = call.job != Job::None || call.reoffer.is_some() || call.server.is_none();
        match call.phase {
            _ if busy => None,
            Phase::Answering if exchange == Exchange::None => None,
            Phase::Answering if !microphone => Some(Due::Microphone),
            Phase::Answering => (exchange != Exchange::Open).then_some(Due::Answer),
            Phase::Ringing => {
                let status = next.filter(|_| call.provisional.is_none())?;
                // The first reliable response has the offer where the INVITE has none (RFC 3262 section 5).
                let silent = exchange == Exchange::None && sdp_of(&call.invite).is_none();
                let describes = silent && self.wants_reliable(call, false);
                Some(if describes { Due::Describe } else { Due::Tell(status) })
            }
            _ => None,
        }
    }

    /// Media makes our description, without a microphone.
    fn describe_early(&mut self, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        call.prelude.exchange = Exchange::Describing;
        call.job = Job::Early;
        self.open_media(id, false);
        self.describe_first(id);
    }

    /// Our part of the first exchange: the answer to the offer of their INVITE, or our offer where it has none.
    pub(super) fn describe_first(&mut self, id: CallId) {
        let offer = self.call_mut(id).and_then(|call| sdp_of(&call.invite));
        let command = offer.map_or(MediaCommand::Offer { restart: false }, |sdp| MediaCommand::Accept { sdp });
        self.media_command(id, command);
    }

    fn send_provisional(&mut self, now: Now, id: CallId, status: u16) {
        let Some(call) = self.find_call(id) else { return };
        let Some(server) = call.server else { return };
        let described = call.prelude.exchange == Exchange::Described;
        let reliable = self.wants_reliable(call, described);
        let mut response = self.response(&call.invite, status, &call.local_tag, Some(call.account));
        if described {
            response.set_body("application/sdp", call.prelude.sdp.clone().into_bytes());
        }
        add_headers(&mut response.headers, &call.prelude.extra.headers);
        let cseq = call.invite.headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number);
        let next = call.next_rseq.filter(|_| reliable);
        let rseq = next.unwrap_or_else(|| self.first_rseq());
        let Some(call) = self.call_mut(id) else { return };
        call.prelude.next = None;
        call.prelude.extra = Extra::default();
        if described {
            call.prelude.exchange = if reliable { Exchange::Open } else { Exchange::Told };
        }
        if reliable {
            response.headers.push(HeaderName::Require, TAG);
            response.headers.push(HeaderName::RSeq, rseq.to_string());
            call.next_rseq = Some(rseq.saturating_add(1));
            call.provisional = Some(Provisional::new(now.mono, rseq, cseq, server, response.clone()));
        }
        let asking = std::mem::take(&mut call.prelude.asking);
        self.transactions.respond(now.mono, server, response);
        for command in asking {
            self.complete(command, Ok(Reply::Done));
        }
    }

    /// Our description is there, before the answer.
    pub(super) fn early_described(&mut self, id: CallId, sdp: String) {
        let Some(call) = self.call_mut(id) else { return };
        call.job = Job::None;
        call.prelude.sdp = sdp.clone();
        call.prelude.exchange = Exchange::Described;
        if !call.invite.body().is_empty() {
            self.note_video(id, &sdp, true);
        }
    }

    /// Media has the microphone, or has taken the answer to our offer in a reliable response.
    pub(super) fn early_applied(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        match std::mem::replace(&mut call.job, Job::None) {
            Job::Microphone => call.prelude.microphone = true,
            _ => call.prelude.exchange = Exchange::Agreed,
        }
        // The answer goes before what the caller wants to change.
        self.settle_prelude(now, id);
        self.take_deferred(now, id);
    }

    /// Media cannot do what it was asked for while it rings.
    pub(super) fn early_failed(&mut self, now: Now, id: CallId, job: Job, why: MediaFailure) {
        let Some(call) = self.call_mut(id) else { return };
        if why == MediaFailure::ConnectionLost && job != Job::Early {
            call.media_connected = false;
            return self.tell_changed(id);
        }
        if job != Job::Early {
            return self.answer_failed(now, id, why);
        }
        // It can still be answered, or fail at that. Who insists on a description hears nothing more until then.
        call.job = Job::None;
        let Prelude { asking, .. } = std::mem::take(&mut call.prelude);
        self.media_command(id, MediaCommand::Close);
        if let Some(call) = self.call_mut(id) {
            call.media = None;
        }
        for command in asking {
            self.complete(command, Err(media_error(why).into()));
        }
    }

    /// The caller's answer to our offer, or its next offer, is no use: the call cannot be (RFC 6337 section 2.3).
    pub(super) fn early_refused(&mut self, now: Now, id: CallId) {
        if self.call_mut(id).is_some_and(|call| call.is_unanswered()) {
            let mut failed = outcome::of_error(OutcomeKind::Failed, ErrorCode::BadDescription.into());
            failed.status = Some(488);
            self.refuse(now, id, 488, failed);
        }
    }
}
