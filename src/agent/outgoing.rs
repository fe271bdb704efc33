//! The caller's side of an INVITE (RFC 3261 section 13.2).

use super::account::{self, SUPPORTED};
use super::amend::amend;
use super::call::{Beginning, Call, Job, Phase};
use super::credentials::{Challenged, Refused};
use super::extra::{add_headers, check_headers};
use super::incoming::media_error;
use super::messaging::bare;
use super::outcome::{self, Reasons, outcome};
use super::{Agent, AgentEvent, Use};
use crate::common::limits;
use crate::common::time::{Mono, Now};
use crate::io::{
    AccountId, CallId, CallOptions, CommandId, Error, ErrorCode, Extra, MediaCommand, MediaFailure, Outcome,
    OutcomeKind, Reply, TransportState, Video,
};
use crate::message::{self, HeaderName, Method, Response, Uri};
use crate::transaction::{ClientId, Failure};

/// How long a call waits for an account that is just coming up, in milliseconds. Then it fails; it is never sent late.
const COMING_UP_MS: u64 = 10_000;

/// A call of an account that is just coming up.
#[derive(Debug)]
pub(super) struct WaitingCall {
    command: CommandId,
    account: AccountId,
    target: String,
    options: CallOptions,
    pub(super) until: Mono,
}

impl Agent {
    /// The same as [`Agent::make_call`] for the command `command`; but while the account makes its first connection
    /// or its first registration, the call waits for that, a few seconds at most. Completes the command.
    pub fn start_call(&mut self, now: Now, command: CommandId, account: AccountId, target: &str, options: CallOptions) {
        let fault = match self.find_account(account) {
            None => Some(ErrorCode::NotFound.into()),
            Some(found) => {
                target_uri(target, &found.options.domain).err().or_else(|| check_headers(&options.headers).err())
            }
        };
        match fault {
            Some(error) => self.complete(command, Err(error)),
            None if self.is_coming_up(account) && self.waiting_calls.len() < limits::CALLS => {
                let until = now.mono.after(COMING_UP_MS);
                self.waiting_calls.push(WaitingCall { command, account, target: target.to_owned(), options, until });
            }
            None => {
                let made = self.make_call(now, account, target, &options);
                self.complete(command, made.map(Reply::Call));
            }
        }
    }

    /// Starts the calls whose account has come up, and fails those whose account will not.
    pub(super) fn settle_waiting_calls(&mut self, now: Now) {
        let (waiting, settled): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting_calls)
            .into_iter()
            .partition(|call| call.until > now.mono && self.is_coming_up(call.account));
        self.waiting_calls = waiting;
        for call in settled {
            let failed = self.find_account(call.account).and_then(|account| account.first.registration.error.clone());
            let made = match failed {
                // It says more than that there is no connection.
                Some(error) => Err(error),
                None if call.until <= now.mono => Err(ErrorCode::Timeout.into()),
                None => self.make_call(now, call.account, &call.target, &call.options),
            };
            self.complete(call.command, made.map(Reply::Call));
        }
    }

    /// The calls that wait, for an engine that stops.
    pub(super) fn abandon_waiting_calls(&mut self) {
        for call in std::mem::take(&mut self.waiting_calls) {
            self.complete(call.command, Err(ErrorCode::Stopped.into()));
        }
    }

    /// Whether the account's first connection or registration is on its way.
    fn is_coming_up(&self, id: AccountId) -> bool {
        let Some(account) = self.find_account(id) else { return false };
        match account.transport_state() {
            TransportState::Connecting => true,
            TransportState::Connected => !account.best().is_up() && account.first.registration.is_first_under_way(),
            TransportState::Idle => !self.started,
            TransportState::Waiting => false,
        }
    }

    /// Starts a call: opens media, then sends the INVITE.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] for an unknown account, [`ErrorCode::InvalidTarget`], [`ErrorCode::TooManyCalls`],
    /// [`ErrorCode::InvalidOption`] for headers that cannot be sent, [`ErrorCode::FlowLost`] where there is no
    /// connection: a call is never queued and sent late.
    pub fn make_call(
        &mut self,
        now: Now,
        account: AccountId,
        target: &str,
        options: &CallOptions,
    ) -> Result<CallId, Error> {
        check_headers(&options.headers)?;
        self.place_call(now, account, target, options)
    }

    /// The same with headers of our own.
    pub(super) fn place_call(
        &mut self,
        now: Now,
        account: AccountId,
        target: &str,
        options: &CallOptions,
    ) -> Result<CallId, Error> {
        let too_many = self.too_many_calls();
        let found = self.find_account(account).ok_or(ErrorCode::NotFound)?;
        let uri = target_uri(target, &found.options.domain)?;
        if too_many {
            return Err(ErrorCode::TooManyCalls.into());
        }
        if options.expires == Some(0) {
            return Err(Error::option("expires"));
        }
        let flow = found.flow().ok_or(ErrorCode::FlowLost)?;
        let replaces = options.replaces.map(|old| self.replaces_value(old)).transpose()?;
        let Self { accounts, random, .. } = self;
        let found = account::find(accounts, account).ok_or(ErrorCode::NotFound)?;
        let (local_tag, call_id) = (random.token(10), random.token(24));
        let to = ["<", &uri, ">"].concat();
        let mut invite = found.request(Method::Invite, &uri, &to, &local_tag, &call_id, 1);
        super::identity::write(&mut invite, found, options)?;
        add_headers(&mut invite.headers, &options.headers);
        found.add_abilities(&mut invite.headers);
        invite.headers.push(HeaderName::Supported, SUPPORTED);
        if let Some(seconds) = options.expires {
            invite.headers.push(HeaderName::Expires, seconds.to_string());
        }
        if let Some(replaces) = replaces {
            invite.headers.push(HeaderName::Replaces, replaces);
            invite.headers.push(HeaderName::Require, "replaces");
        }
        Self::write_reliability(&mut invite.headers, found.options.reliability);
        Self::write_trickle(&mut invite.headers, found.options.trickle_ice);
        let uuid = random.uuid();
        let id = CallId(self.new_id());
        let remote_uri = bare(&uri).to_owned();
        let beginning = Beginning { id, uuid, account, flow, invite, local_tag, remote_uri, remote_name: None };
        let expires_at = options.expires.map(|seconds| now.mono.after(u64::from(seconds) * 1_000));
        let held_back = Some(options.late_offer);
        self.calls.push(Call { video: Some(options.video), expires_at, held_back, ..Call::outgoing(beginning) });
        if self.call_ui {
            self.out.push_back(AgentEvent::Outgoing { call: id, video: options.video == Video::Send });
        } else {
            self.open_call(now, id);
        }
        self.tell_changed(id);
        self.pump(now);
        Ok(id)
    }

    /// Opens media, then sends the INVITE. False where that was done before, or the call is over.
    fn open_call(&mut self, now: Now, id: CallId) -> bool {
        let call = self.call_mut(id).filter(|call| !call.is_over());
        let Some(late_offer) = call.and_then(|call| call.held_back.take()) else { return false };
        self.open_media(id, true);
        if late_offer {
            self.invite_without_offer(now, id);
        } else {
            self.media_command(id, MediaCommand::Offer { restart: false });
        }
        true
    }

    /// The system lets a call start that [`AgentEvent::Outgoing`] told of. False where there is none that waits for it.
    pub fn begin_call(&mut self, now: Now, id: CallId) -> bool {
        let begun = self.open_call(now, id);
        self.pump(now);
        begun
    }

    /// The system does not let it start: nothing of it was sent.
    pub fn refuse_call(&mut self, now: Now, id: CallId, code: ErrorCode) {
        if self.find_call(id).is_some_and(|call| call.held_back.is_some()) {
            self.end_call(now, id, outcome::of_error(OutcomeKind::Failed, code.into()));
            self.pump(now);
        }
    }

    /// Our offer is there: the INVITE leaves.
    pub(super) fn offer_described(&mut self, now: Now, id: CallId, sdp: String) {
        let Some(call) = self.call_mut(id) else { return };
        call.job = Job::None;
        call.phase = Phase::Calling;
        call.invite.set_body("application/sdp", sdp.into_bytes());
        self.send_invite(now, id);
    }

    /// The far end is to make the offer: the INVITE leaves at once.
    fn invite_without_offer(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        call.job = Job::None;
        call.phase = Phase::Calling;
        self.send_invite(now, id);
    }

    pub(super) fn offer_failed(&mut self, now: Now, id: CallId, why: MediaFailure) {
        let error = Error::from(media_error(why));
        self.end_call(now, id, outcome::of_error(OutcomeKind::Failed, error));
    }

    fn send_invite(&mut self, now: Now, id: CallId) {
        let Self { accounts, calls, random, .. } = self;
        let Some(call) = calls.iter_mut().find(|call| call.id == id) else { return };
        let account_id = call.account;
        let Some(account) = account::find_mut(accounts, account_id) else { return };
        // A public GRUU says who we are, so an anonymous call is reached at the flow alone (RFC 5627 section 3.1.2).
        let anonymous = call.invite.headers.has_privacy("id");
        let contact = if anonymous { ["<", &account.contact_uri(), ">"].concat() } else { account.contact() };
        call.invite.headers.set(HeaderName::Contact, contact);
        if !std::mem::take(&mut call.redirection.stranger) {
            account.auth.authorize(&mut call.invite, random);
        }
        let timer = call.invite.headers.supports("timer");
        call.session.timer.want(if timer { account.options.session_expires } else { 0 });
        call.session.timer.write(&mut call.invite.headers);
        let (invite, flow) = (call.invite.clone(), account.flow());
        match self.send(now, account_id, invite, Use::Invite(id)) {
            Some(client) => {
                if let (Some(call), Some(flow)) = (self.call_mut(id), flow) {
                    call.client = Some(client);
                    call.flow = flow;
                }
            }
            None => self.end_call(now, id, outcome::of_error(OutcomeKind::NetworkLost, ErrorCode::FlowLost.into())),
        }
    }

    pub(super) fn invite_response(&mut self, now: Now, id: CallId, client: ClientId, response: &Response) {
        let Some(call) = self.find_call(id) else { return };
        let (phase, given_up) = (call.phase, call.given_up);
        // A response to the INVITE that a challenge has replaced.
        let stale = call.client != Some(client) && !call.is_over();
        if (101..=299).contains(&response.status()) && !stale {
            self.note_identity(id, &response.headers);
        }
        match response.status() {
            100 => {}
            101..=199 if !given_up && !stale => self.provisional(now, id, client, response),
            101..=199 => {}
            200..=299 => self.success(now, id, client, response),
            _ if phase == Phase::Over || stale => {}
            401 | 407 if !given_up => self.invite_challenged(now, id, client, response),
            422 if !given_up && self.timer_raised(id, response) => {
                self.forget_use(client);
                self.invite_again(now, id);
            }
            420 if !given_up && self.call_mut(id).is_some_and(|call| amend(&mut call.invite, response)) => {
                self.forget_use(client);
                self.invite_again(now, id);
            }
            300..=399 if !given_up && self.redirected(now, id, client, response) => {}
            // Whom a redirection named as well may take the call, unless everybody has been asked (8.1.3.4).
            300..=599 if !given_up && self.next_target(now, id, client) => {}
            status => {
                let mut refused = outcome::of_refusal(status, Reasons::of(&response.headers));
                if let Some(error) = &mut refused.error {
                    *error = outcome::error_of(response);
                }
                self.forget_use(client);
                self.end_call_with(now, id, refused, response.headers.list());
            }
        }
    }

    fn invite_challenged(&mut self, now: Now, id: CallId, client: ClientId, response: &Response) {
        let request = self.transactions.request(client).cloned();
        self.forget_use(client);
        let Some(call) = self.call_mut(id) else { return };
        let (account, rounds) = (call.account, call.auth_rounds);
        call.auth_rounds = rounds.saturating_add(1);
        if let Some(request) = request {
            self.challenged(now, account, Challenged::Invite(id, client), request, response, rounds);
        }
    }

    /// The challenge to an INVITE was learnt, or cannot be answered.
    pub(super) fn invite_authorized(&mut self, now: Now, id: CallId, client: ClientId, result: Result<(), Refused>) {
        // It was given up while the application was asked.
        let Some(call) = self.call_mut(id).filter(|call| call.phase == Phase::Calling) else { return };
        if call.client != Some(client) || call.given_up {
            return;
        }
        match result {
            Ok(()) => self.invite_again(now, id),
            Err(Refused { error, .. }) => {
                let lost = error.code == ErrorCode::FlowLost;
                let kind = if lost { OutcomeKind::NetworkLost } else { OutcomeKind::Failed };
                self.end_call(now, id, outcome::of_error(kind, error));
            }
        }
    }

    /// The same INVITE, as a new request.
    pub(super) fn invite_again(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        let next = call.invite.headers.cseq().and_then(Result::ok).map_or(2, |cseq| cseq.number.saturating_add(1));
        call.invite.headers.set(HeaderName::CSeq, [&next.to_string(), " INVITE"].concat());
        call.forget_forks();
        self.send_invite(now, id);
    }

    pub(super) fn invite_failed(&mut self, now: Now, id: CallId, client: ClientId, why: Failure) {
        self.forget_use(client);
        let Some(call) = self.call_mut(id).filter(|call| call.phase == Phase::Calling) else { return };
        if call.client != Some(client) {
            return;
        }
        let (kind, code) = match why {
            Failure::Timeout => (OutcomeKind::Failed, ErrorCode::Timeout),
            Failure::FlowLost => (OutcomeKind::NetworkLost, ErrorCode::FlowLost),
        };
        self.end_call(now, id, outcome::of_error(kind, code.into()));
    }

    /// Gives an unanswered outgoing call up: CANCEL, at once or when the first response allows it.
    pub(super) fn give_up(&mut self, now: Now, id: CallId, extra: &Extra) {
        self.give_up_with(now, id, extra, outcome(OutcomeKind::Cancelled, true));
    }

    /// Nobody has answered in the time that the application gave (13.2.1).
    pub(super) fn invitation_timeout(&mut self, now: Now, id: CallId) {
        let due = |call: &&mut Call| call.is_inviting() && call.expires_at.is_some_and(|at| at <= now.mono);
        if self.call_mut(id).filter(due).is_some() {
            let unanswered = outcome::of_error(OutcomeKind::Cancelled, ErrorCode::Timeout.into());
            self.give_up_with(now, id, &Extra::default(), unanswered);
        }
    }

    fn give_up_with(&mut self, now: Now, id: CallId, extra: &Extra, outcome: Outcome) {
        let Some(call) = self.call_mut(id) else { return };
        call.given_up = true;
        if call.dialog.is_some() {
            self.give_up_answered(now, id);
        } else if let Some(client) = call.client {
            let account = call.account;
            self.cancel_invite(now, account, client, extra);
        }
        self.end_call(now, id, outcome);
    }
}

/// A URI as the request line needs it: without headers, without what could break out of brackets.
pub(super) fn target_uri(target: &str, domain: &str) -> Result<String, Error> {
    let target = target.trim();
    let bad = || Error::from(ErrorCode::InvalidTarget);
    if target.is_empty() || target.len() > 512 || target.bytes().any(|b| b <= b' ' || b == 0x7f || b"<>\"".contains(&b))
    {
        return Err(bad());
    }
    let lower = |scheme: &str| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if lower("tel:") {
        let number: String = target.chars().skip(4).filter(|c| !matches!(c, '-' | '.' | '(' | ')')).collect();
        let number = number.split(';').next().unwrap_or_default();
        if number.trim_start_matches('+').is_empty() {
            return Err(bad());
        }
        return Ok(["sip:", &message::escape_user(number), "@", domain, ";user=phone"].concat());
    }
    let text = if lower("sip:") || lower("sips:") {
        // A user part may have a question mark too.
        Uri::parse(target).map_or(target, |uri| uri.without_headers()).to_owned()
    } else if target.contains('@') {
        ["sip:", target].concat()
    } else {
        ["sip:", &message::escape_user(target), "@", domain].concat()
    };
    let uri = Uri::parse(&text).map_err(|_| bad())?;
    if uri.host().is_empty() { Err(bad()) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_become_uris() {
        assert_eq!(target_uri("bob", "example.com").unwrap(), "sip:bob@example.com");
        assert_eq!(target_uri("bob@other.example", "example.com").unwrap(), "sip:bob@other.example");
        assert_eq!(target_uri("sip:bob@example.com;x=1", "d").unwrap(), "sip:bob@example.com;x=1");
        assert_eq!(target_uri("sip:b?b@example.com?Subject=x", "d").unwrap(), "sip:b?b@example.com");
        assert_eq!(target_uri("tel:+1-555-0100", "example.com").unwrap(), "sip:+15550100@example.com;user=phone");
    }

    /// RFC 3261 8.1.1.1
    #[test]
    fn targets_that_could_break_out_are_refused() {
        for target in ["", " ", "a b", "a>b", "sip:", "x\r\nVia: y", "tel:", "\"", "sip:bob@"] {
            assert_eq!(
                target_uri(target, "example.com").map_err(|e| e.code),
                Err(ErrorCode::InvalidTarget),
                "{target:?}"
            );
        }
    }
}
