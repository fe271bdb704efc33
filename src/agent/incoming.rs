//! The callee's side of an INVITE (RFC 3261 section 13.3).

use super::call::{Beginning, Call, Job, LINGER_MS, Phase, Repeat, T1_MS};
use super::extra::{add_headers, check_headers};
use super::identity::write_answer_mode;
use super::messaging::sender;
use super::outcome::{self, Reasons, outcome};
use super::progress::Exchange;
use super::{Agent, AgentEvent};
use crate::common::limits;
use crate::common::time::Now;
use crate::dialog::{Dialog, SMALLEST_S, SessionTimer};
use crate::io::{
    AccountId, CallId, CommandId, Direction, Error, ErrorCode, Event, Extra, FlowId, HeaderList, Identity,
    MediaFailure, OutcomeKind, Reply,
};
use crate::message::{HeaderName, Headers, Request, Response, SessionBody, session_body};
use crate::sdp::SessionDescription;
use crate::transaction::ServerId;

impl Agent {
    /// Tells the caller that it rings here, and the application that there is a call.
    pub fn ring(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id).filter(|call| call.phase == Phase::Arrived) else { return };
        call.phase = Phase::Ringing;
        let received = Event::CallReceived { call: call.info(), headers: call.invite.headers.list() };
        self.send_ringing(now, id);
        self.tell(received);
        self.pump(now);
    }

    /// Answers; completed when the 200 has left.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] or [`ErrorCode::InvalidState`], where there is nothing to answer.
    pub fn answer(&mut self, now: Now, id: CallId, command: Option<CommandId>, extra: Extra) -> Result<(), Error> {
        check_headers(&extra.headers)?;
        let call = self.call_mut(id).ok_or(ErrorCode::NotFound)?;
        match call.phase {
            Phase::Arrived | Phase::Ringing => {}
            Phase::Answering => {
                call.waiting.extend(command);
                return Ok(());
            }
            _ => return Err(ErrorCode::InvalidState.into()),
        }
        let announce = call.phase == Phase::Arrived;
        call.phase = Phase::Answering;
        call.waiting.extend(command);
        call.waiting.append(&mut call.prelude.asking);
        call.extra = extra;
        let early = call.prelude.exchange != Exchange::None;
        if !early {
            call.job = Job::First;
        }
        let info = call.info();
        let headers = call.invite.headers.list();
        // An answer that came before the INVITE: the call was never shown as ringing, but it is a call all the same.
        self.tell(if announce { Event::CallReceived { call: info, headers } } else { Event::CallChanged(info) });
        if !early {
            self.open_media(id, true);
            self.describe_first(id);
        }
        self.pump(now);
        Ok(())
    }

    /// Declines with `status`, or with the account's code.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] or [`ErrorCode::InvalidState`], where there is nothing to decline;
    /// [`ErrorCode::InvalidOption`] for a status outside 400 to 699.
    pub fn decline(&mut self, now: Now, id: CallId, status: Option<u16>, extra: Extra) -> Result<(), Error> {
        check_headers(&extra.headers)?;
        let call = self.call_mut(id).ok_or(ErrorCode::NotFound)?;
        if !call.is_unanswered() {
            return Err(ErrorCode::InvalidState.into());
        }
        let account = call.account;
        let status = match status {
            Some(status) if !(400..=699).contains(&status) => return Err(Error::option("code")),
            Some(status) => status,
            None => self.account(account).map_or(603, |(_, options)| options.decline_code),
        };
        if let Some(call) = self.call_mut(id) {
            call.extra = extra;
        }
        let mut declined = outcome(OutcomeKind::Declined, true);
        declined.status = Some(status);
        self.refuse(now, id, status, declined);
        self.pump(now);
        Ok(())
    }

    pub(super) fn incoming_invite(&mut self, now: Now, server: ServerId, flow: FlowId, request: Request) {
        if self.same_invite(now, server, flow, &request) {
            return;
        }
        let account = self.account_of_flow(flow);
        let replaced = account.map_or(Ok(None), |account| self.to_replace(account, &request.headers));
        let by_itself = matches!(replaced, Ok(Some((_, true))));
        let asked = account.filter(|_| !by_itself);
        let unattended = asked.and_then(|account| self.auto_answer_refusal(account, &request.headers));
        let status = match account {
            None => Some(480),
            Some(_) if replaced.is_err() => replaced.err(),
            // One that takes another one's place is none more.
            Some(_) if self.too_many_calls() && !by_itself => Some(486),
            Some(_) if unattended.is_some() => unattended,
            Some(_) if session_body(&request.headers, request.body()) == SessionBody::NotUnderstood => Some(415),
            Some(_) if request.headers.accepts("application", "sdp") == Some(false) => Some(406),
            Some(_) if sdp_of(&request).is_some_and(|sdp| !is_usable(&sdp)) => Some(488),
            Some(_) if SessionTimer::default().refusal(&request.headers).is_some() => Some(422),
            Some(_) => None,
        };
        let local_tag = self.random.token(10);
        self.transactions.set_tag(server, &local_tag);
        let dialog = Dialog::of_request(&request, &local_tag);
        let (account, dialog) = match (status, account, dialog) {
            (None, Some(account), Ok(dialog)) => (account, dialog),
            (status, _, dialog) => {
                let status = status.or_else(|| dialog.err().map(|error| error.status())).unwrap_or(400);
                let mut response = self.response(&request, status, &local_tag, None);
                if status == 415 {
                    response.headers.push(HeaderName::Accept, "application/sdp");
                }
                if status == 422 {
                    response.headers.push(HeaderName::MinSe, SMALLEST_S.to_string());
                }
                self.transactions.respond(now.mono, server, response);
                return;
            }
        };
        if self.calls.len() >= limits::REMEMBERED_CALLS {
            let forgettable = |call: &Call| call.is_over() && call.repeat.is_none();
            if let Some(oldest) = self.calls.iter().position(forgettable) {
                self.calls.remove(oldest);
            }
        }
        let Identity { uri: remote_uri, name: remote_name } = sender(&request.headers);
        let id = CallId(self.new_id());
        let uuid = self.random.uuid();
        let expires = request.headers.expires().and_then(Result::ok);
        let expires_at = expires.map(|seconds| now.mono.after(u64::from(seconds) * 1_000));
        let beginning = Beginning { id, uuid, account, flow, invite: request, local_tag, remote_uri, remote_name };
        let replaced = replaced.ok().flatten();
        if let Some((old, true)) = replaced {
            let (beginning, muted) = self.in_place_of(old, beginning);
            self.begin_replacing(Call { muted, expires_at, ..Call::incoming(beginning, server, dialog) }, old);
            return;
        }
        let replaces = replaced.map(|(old, _)| old);
        self.calls.push(Call { expires_at, replaces, ..Call::incoming(beginning, server, dialog) });
        self.out.push_back(AgentEvent::Incoming(id));
    }

    /// The same INVITE again: same Call-ID, From tag and CSeq on another transaction. Where the first one's flow is
    /// gone or older than the present one, the call moves to this transaction and goes on as it is. Where both flows
    /// live, it is a merged request (8.2.2.2).
    fn same_invite(&mut self, now: Now, server: ServerId, flow: FlowId, request: &Request) -> bool {
        let (Some(call_id), Some(Ok(from)), Some(Ok(cseq))) =
            (request.headers.call_id(), request.headers.from(), request.headers.cseq())
        else {
            return false;
        };
        let same = |call: &&mut Call| {
            call.direction == Direction::Incoming
                && call.call_id == call_id
                && call.dialog.as_ref().is_some_and(|dialog| dialog.remote_tag() == from.tag().unwrap_or_default())
                && call.invite.headers.cseq().and_then(Result::ok).is_some_and(|first| first.number == cseq.number)
        };
        let Some(call) = self.calls.iter_mut().find(same) else { return false };
        // What became of it at one account is no word of another one's.
        let (over, orphaned, called) = (call.is_over(), call.orphaned_until.is_some(), call.account);
        if (over || orphaned) && self.account_of_flow(flow) != Some(called) {
            return false;
        }
        let Some(call) = self.calls.iter_mut().find(same) else { return false };
        let id = call.id;
        let old_flow = call.flow;
        let phase = call.phase;
        let refused = call.refused_with;
        let alive = old_flow == flow || self.accounts.iter().any(|account| account.has_flow(old_flow));
        if phase == Phase::Over {
            // Declined, redirected, cancelled or hung up: that holds for the copy as well.
            self.send_refusal(now, id, server, request, refused.unwrap_or(487));
            return true;
        }
        // A call whose 200 has its ACK needs no other transaction, whatever became of the flow.
        if alive || phase == Phase::Established {
            let response = self.response(request, 482, "", None);
            self.transactions.respond(now.mono, server, response);
            return true;
        }
        if let Some(call) = self.call_mut(id) {
            call.server = Some(server);
            call.flow = flow;
            call.orphaned_until = None;
            call.invite = request.clone();
            if let Ok(dialog) = Dialog::of_request(request, &call.local_tag) {
                call.dialog = Some(dialog);
            }
        }
        let ready = self.call_mut(id).and_then(|call| call.ready.take());
        match (phase, ready) {
            (Phase::Answering, Some(sdp)) => self.answer_described(now, id, sdp),
            (Phase::Ringing | Phase::Answering, _) => self.send_ringing(now, id),
            (Phase::Answered, _) => self.answer_again(now, id, server),
            _ => {}
        }
        true
    }

    fn answer_again(&mut self, now: Now, id: CallId, server: ServerId) {
        let Some(call) = self.find_call(id) else { return };
        let Some(body) = call.repeat.as_ref().map(|repeat| repeat.response.body().to_vec()) else { return };
        let request = call.invite.clone();
        self.send_ok(now, id, server, &request, body);
    }

    /// A response of ours: To tag where it has none, Contact where the response makes or refreshes a dialog.
    pub(super) fn response(&self, request: &Request, status: u16, tag: &str, contact: Option<AccountId>) -> Response {
        let mut response = Response::to(request, status);
        // 8.2.6.2: every response has a tag, also where no dialog comes of it.
        if tag.is_empty() {
            response.add_tag(&crate::transaction::tag_for(request));
        } else {
            response.add_tag(tag);
        }
        let headers = &mut response.headers;
        if let Some(account) = contact.and_then(|id| self.find_account(id)) {
            headers.push(HeaderName::Contact, account.contact_for(request.uri()));
            super::request::answer_securely(request, headers);
            account.add_abilities(headers);
            if request.headers.supports(super::trickle::TAG) {
                Self::write_trickle(headers, account.options.trickle_ice);
            }
        }
        match status {
            // 8.2.3: what is sent need not be coded.
            415 => headers.push(HeaderName::AcceptEncoding, "identity"),
            // 13.3.1.3: an offer that cannot be taken.
            488 => headers.push(HeaderName::Warning, "305 sipwake \"Incompatible media format\""),
            _ => {}
        }
        headers.push(HeaderName::UserAgent, self.options.user_agent.as_str());
        response
    }

    /// Sends a 200, with a description unless that is agreed, and repeats it until its ACK.
    pub(super) fn send_ok(&mut self, now: Now, id: CallId, server: ServerId, request: &Request, sdp: Vec<u8>) {
        let Some(extra) = self.call_mut(id).map(|call| std::mem::take(&mut call.extra)) else { return };
        let Some(call) = self.find_call(id) else { return };
        let mut response = self.response(request, 200, &call.local_tag, Some(call.account));
        self.write_supported(call.account, &mut response.headers);
        if !sdp.is_empty() {
            response.set_body("application/sdp", sdp);
        }
        write_answer_mode(&request.headers, call.auto_answered, &mut response.headers);
        add_headers(&mut response.headers, &extra.headers);
        self.session_accepted(now, id, request, &mut response.headers);
        let cseq = request.headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number);
        self.transactions.respond(now.mono, server, response.clone());
        if let Some(call) = self.call_mut(id) {
            call.repeat = Some(Repeat {
                server,
                response,
                cseq,
                at: now.mono.after(T1_MS),
                pause_ms: T1_MS,
                until: now.mono.after(LINGER_MS),
                moved: false,
            });
        }
    }

    /// Our description for the first exchange of an incoming call is there.
    pub(super) fn answer_described(&mut self, now: Now, id: CallId, sdp: String) {
        let Some(call) = self.call_mut(id) else { return };
        // The INVITE's flow may be gone; then the answer leaves with the INVITE that comes again.
        let Some(server) = call.server else {
            call.job = Job::None;
            call.ready = Some(sdp);
            return;
        };
        call.job = Job::None;
        call.phase = Phase::Answered;
        call.connected_at = Some(now.wall);
        call.answer_in_ack = sdp_of(&call.invite).is_none() && !sdp.is_empty();
        if let Some(provisional) = &mut call.provisional {
            provisional.overtaken();
        }
        let request = call.invite.clone();
        let waiting = std::mem::take(&mut call.waiting);
        // An answer, unless they left the offer to us.
        if !call.answer_in_ack && !sdp.is_empty() {
            self.note_video(id, &sdp, true);
        }
        self.send_ok(now, id, server, &request, sdp.into_bytes());
        for command in waiting {
            self.complete(command, Ok(Reply::Done));
        }
        self.replaced(now, id);
        self.tell_changed(id);
    }

    /// Our description cannot be made.
    pub(super) fn answer_failed(&mut self, now: Now, id: CallId, why: MediaFailure) {
        let error = Error::from(media_error(why));
        let status = match why {
            MediaFailure::BadDescription => 488,
            _ => 480,
        };
        let mut failed = outcome::of_error(OutcomeKind::Failed, error);
        failed.status = Some(status);
        self.refuse(now, id, status, failed);
    }

    /// Ends an unanswered incoming call with a final response.
    pub(super) fn refuse(&mut self, now: Now, id: CallId, status: u16, outcome: crate::io::Outcome) {
        self.refuse_with(now, id, status, outcome, HeaderList::new());
    }

    /// The same, where a message with these headers ended it.
    pub(super) fn refuse_with(
        &mut self,
        now: Now,
        id: CallId,
        status: u16,
        outcome: crate::io::Outcome,
        headers: HeaderList,
    ) {
        let Some(call) = self.call_mut(id) else { return };
        call.refused_with = Some(status);
        if let Some(server) = call.server.take() {
            let request = call.invite.clone();
            self.send_refusal(now, id, server, &request, status);
        }
        self.end_call_with(now, id, outcome, headers);
    }

    /// The final response that an incoming call was refused with, to its INVITE or to a copy.
    fn send_refusal(&mut self, now: Now, id: CallId, server: ServerId, request: &Request, status: u16) {
        let Some(call) = self.calls.iter().find(|call| call.id == id) else { return };
        let mut response = self.response(request, status, &call.local_tag, None);
        for contact in &call.redirect_to {
            response.headers.push(HeaderName::Contact, contact.as_str());
        }
        add_headers(&mut response.headers, &call.extra.headers);
        self.transactions.respond(now.mono, server, response);
    }

    /// What is due for a call that nobody has answered.
    pub(super) fn unanswered_timeout(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id).filter(|call| call.is_unanswered()) else { return };
        if call.expires_at.is_some_and(|at| at <= now.mono) {
            let mut missed = outcome(OutcomeKind::Missed, false);
            missed.status = Some(487);
            self.refuse(now, id, 487, missed);
        } else if call.ring_at.is_some_and(|at| at <= now.mono) {
            self.send_ringing(now, id);
        }
    }

    pub(super) fn cancelled(&mut self, now: Now, server: ServerId, cancel: &Request) {
        let Some(call) = self.calls.iter().find(|call| call.server == Some(server) && call.is_unanswered()) else {
            return self.change_cancelled(now, server);
        };
        let id = call.id;
        let reasons = Reasons::of(&cancel.headers);
        self.refuse_with(now, id, 487, outcome::of_cancel(reasons), cancel.headers.list());
    }
}

/// The error that a media failure is for the application.
pub(super) fn media_error(why: MediaFailure) -> ErrorCode {
    match why {
        MediaFailure::NoMicrophone => ErrorCode::NoMicrophone,
        MediaFailure::PermissionDenied => ErrorCode::MicrophoneDenied,
        MediaFailure::NoCamera => ErrorCode::NoCamera,
        MediaFailure::CameraDenied => ErrorCode::CameraDenied,
        MediaFailure::InsecureContext => ErrorCode::InsecureContext,
        MediaFailure::Unsupported => ErrorCode::MediaUnsupported,
        MediaFailure::BadDescription => ErrorCode::BadDescription,
        MediaFailure::HostTimeout => ErrorCode::HostUnreachable,
        MediaFailure::ConnectionLost | MediaFailure::Other => ErrorCode::MediaFailed,
    }
}

/// The session description of a message, if it has one that is text.
pub(super) fn sdp_of(request: &Request) -> Option<String> {
    sdp_in(&request.headers, request.body())
}

/// The session description of a body, if that is what it is.
pub(super) fn sdp_in(headers: &Headers, body: &[u8]) -> Option<String> {
    match session_body(headers, body) {
        SessionBody::Description(sdp) => Some(sdp.to_owned()),
        SessionBody::Nothing | SessionBody::NotUnderstood => None,
    }
}

/// Whether an audio call can be made of a description.
pub(super) fn is_usable(sdp: &str) -> bool {
    SessionDescription::parse(sdp).is_some_and(|description| description.is_usable())
}
