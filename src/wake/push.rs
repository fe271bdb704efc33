//! Pushes, and the INVITEs they announce. Either may be first; together they are one call.

use super::{REPORT_DEADLINE_MS, Report, Wake};
use crate::agent::Agent;
use crate::bridge::{
    CallAction, CallEnded, CallIncoming, CallIncomingReply, Handle, HandleType, Incoming, PushIncoming,
    PushIncomingReply, PushKind, PushOutcome, PushRefusal, PushResolved, ReportError, SipStatus, Supports,
};
use crate::common::limits;
use crate::common::lists::{Gather, Keep};
use crate::common::time::{Mono, Now};
use crate::io::{AccountId, CallId, CallInfo, CallState, Direction, Extra};

/// The INVITE header that carries a push's id, as several servers write it.
const PUSH_ID_HEADER: &str = "X-Push-ID";
/// The longest time that a push keeps the phone awake for its INVITE, whatever the host says, in milliseconds.
const LONGEST_INVITE_MS: u64 = 120_000;

/// A push whose call is not over.
#[derive(Debug)]
pub(super) struct Push {
    pub(super) push_id: String,
    pub(super) call_uuid: String,
    account: Option<AccountId>,
    sip_call_id: Option<String>,
    from_uri: Option<String>,
    /// The INVITE that it announced, once that is here.
    pub(super) call: Option<CallId>,
    /// Until when the INVITE must be here.
    pub(super) deadline: Mono,
    /// The user declined before the INVITE came.
    pub(super) declined: bool,
    /// The system shows its call.
    shown: bool,
}

/// A call that is over, so that a late push for it ends at once.
#[derive(Debug)]
pub(super) struct Finished {
    sip_call_id: String,
    outcome: PushOutcome,
}

impl Wake {
    pub(super) fn push(&mut self, now: Now, agent: &mut Agent, incoming: &Incoming, mut push: PushIncoming) {
        push.call_uuid.make_ascii_lowercase();
        if push.kind != PushKind::Call && push.kind != PushKind::Unknown {
            self.retracted(now, agent, incoming, &push);
            return;
        }
        let reply = |accepted, reason, bound: Option<&str>| PushIncomingReply {
            accepted,
            reason,
            bound_call_uuid: bound.map(str::to_owned),
        };
        let account = agent.account_named(push.account.as_deref());
        if push.account.is_some() && account.is_none() && agent.accounts().next().is_some() {
            self.link.reply(now, &incoming.id, &reply(false, Some(PushRefusal::UnknownAccount), None));
            return;
        }
        if let Some(known) = self.pushes.iter().find(|known| known.is_same(&push)) {
            let refusal = if known.call.is_some() { PushRefusal::AlreadyActive } else { PushRefusal::Duplicate };
            let bound = known.call_uuid.clone();
            self.link.reply(now, &incoming.id, &reply(false, Some(refusal), Some(&bound)));
            return;
        }
        let finished = self.finished.iter().find(|finished| push.sip_call_id.as_ref() == Some(&finished.sip_call_id));
        if let Some(finished) = finished {
            let outcome = finished.outcome;
            self.link.reply(now, &incoming.id, &reply(false, Some(PushRefusal::Ended), None));
            self.resolve(now, &push.push_id, &push.call_uuid, outcome, None);
            return;
        }
        let call = self.call_announced_by(agent, &push, account);
        let bound = call.as_ref().map(|call| call.uuid.clone());
        self.link.reply(now, &incoming.id, &reply(true, None, bound.as_deref()));
        if let Some(uuid) = &bound {
            self.resolve(now, &push.push_id, uuid, PushOutcome::Bound, None);
        }
        agent.prepare_media(bound.as_ref().unwrap_or(&push.call_uuid));
        // A page that was started for this push has no flow from before; one on which an INVITE has just come lives.
        let trust_flow = bound.is_some()
            || !self.reports.is_empty()
            || matches!(push.launch, crate::bridge::Launch::Foreground | crate::bridge::Launch::Cold);
        self.pushes.push(Push {
            call_uuid: bound.unwrap_or(push.call_uuid),
            push_id: push.push_id,
            account,
            sip_call_id: push.sip_call_id,
            from_uri: push.from_uri,
            call: call.map(|call| call.id),
            deadline: now.mono.after(push.invite_timeout_ms.min(LONGEST_INVITE_MS)),
            declined: false,
            shown: push.reported.ok,
        });
        agent.hold_awake(now, self.has_open_push());
        // A push always means a binding refresh, also for a phone that is awake (RFC 8599 section 4.1.3).
        agent.wake(now, account, trust_flow);
    }

    /// The live call that a push announces although its INVITE was here first.
    fn call_announced_by(&self, agent: &Agent, push: &PushIncoming, account: Option<AccountId>) -> Option<CallInfo> {
        let unbound = |call: &CallInfo| {
            call.direction == Direction::Incoming && !self.pushes.iter().any(|other| other.call == Some(call.id))
        };
        let calls = agent.live_calls().filter(unbound).gather();
        // The host may have joined them already.
        let same =
            |call: &&CallInfo| call.uuid == push.call_uuid || push.sip_call_id.as_ref() == Some(&call.sip_call_id);
        if let Some(call) = calls.iter().find(same) {
            return Some(call.clone());
        }
        if let Some(call) =
            calls.iter().find(|call| self.push_id_of(agent, call.id).is_some_and(|id| id == push.push_id))
        {
            return Some(call.clone());
        }
        // Without an id that says so: only where nothing else can be meant, and only while it rings.
        let open = self.pushes.iter().any(|other| other.call.is_none());
        match calls.as_slice() {
            [only]
                if !open
                    && push.sip_call_id.is_none()
                    && (push.push_id.eq_ignore_ascii_case(&push.call_uuid)
                        || self.push_id_of(agent, only.id).is_none())
                    && only.state == CallState::Ringing
                    && account.is_none_or(|account| account == only.account)
                    && names_caller(push.from_uri.as_deref(), &only.remote_uri) =>
            {
                Some(only.clone())
            }
            _ => None,
        }
    }

    fn push_id_of<'a>(&self, agent: &'a Agent, call: CallId) -> Option<&'a str> {
        let configured = self.push_id_header.as_deref().and_then(|name| agent.invite_header(call, name));
        configured.or_else(|| agent.invite_header(call, PUSH_ID_HEADER))
    }

    /// A push that takes an earlier one back: the caller gave up, or another device answered or declined.
    fn retracted(&mut self, now: Now, agent: &mut Agent, incoming: &Incoming, push: &PushIncoming) {
        let outcome = match push.kind {
            PushKind::AnsweredElsewhere => PushOutcome::AnsweredElsewhere,
            PushKind::DeclinedElsewhere => PushOutcome::DeclinedElsewhere,
            _ => PushOutcome::Cancelled,
        };
        let reply = PushIncomingReply { accepted: true, ..PushIncomingReply::default() };
        self.link.reply(now, &incoming.id, &reply);
        let open = self
            .pushes
            .iter()
            .filter(|open| open.call.is_none() && (open.is_same(push) || open.call_uuid == push.call_uuid))
            .map(|open| open.call_uuid.clone())
            .gather();
        if let Some(call_id) = &push.sip_call_id {
            self.finish(call_id, outcome);
        }
        for uuid in open {
            self.give_up_push(now, agent, &uuid, outcome, None);
        }
        // A call whose INVITE is here gets its CANCEL by SIP, which says more.
    }

    /// An INVITE came.
    pub(super) fn invite(&mut self, now: Now, agent: &mut Agent, id: CallId) {
        let Some(call) = agent.call(id) else { return };
        let push_id = self.push_id_of(agent, id).map(str::to_owned);
        let index = self.announcing_push(&call, push_id.as_deref());
        let Some(index) = index else { return self.report_incoming(now, agent, &call, push_id) };
        let Some((push_id, shown)) = self.join(now, agent, index, id) else { return };
        let Some(call) = agent.call(id) else { return };
        self.report_incoming(now, agent, &call, Some(push_id));
        if self.wants_answer(&call.uuid) {
            self.perform_answer(now, agent, &call);
        } else if shown {
            // The host shows it since the push. One that the system refused waits for the host's word.
            agent.ring(now, id);
        }
    }

    /// The push at this place announced this call, whose INVITE is here: the push's id, and whether the system shows it.
    /// `None`: the user said no before there was anything to say it to, and now it is said.
    fn join(&mut self, now: Now, agent: &mut Agent, index: usize, id: CallId) -> Option<(String, bool)> {
        let push = self.pushes.get_mut(index)?;
        push.call = Some(id);
        let (push_id, uuid, declined, shown) =
            (push.push_id.clone(), push.call_uuid.clone(), push.declined, push.shown);
        agent.set_uuid(id, &uuid);
        self.resolve(now, &push_id, &uuid, PushOutcome::Bound, None);
        agent.hold_awake(now, self.has_open_push());
        if declined {
            let _ = agent.decline(now, id, None, Extra::default());
        }
        (!declined).then_some((push_id, shown))
    }

    fn announcing_push(&self, call: &CallInfo, push_id: Option<&str>) -> Option<usize> {
        let open = || self.pushes.iter().enumerate().filter(|(_, push)| push.call.is_none());
        let by_call_id = open().find(|(_, push)| push.sip_call_id.as_ref() == Some(&call.sip_call_id));
        let by_push_id = || open().find(|(_, push)| push_id.is_some_and(|id| id.eq_ignore_ascii_case(&push.push_id)));
        if let Some((index, _)) = by_call_id.or_else(by_push_id) {
            return Some(index);
        }
        let mut fitting = open().filter(|(_, push)| {
            push.sip_call_id.is_none()
                && (push_id.is_none() || push.push_id.eq_ignore_ascii_case(&push.call_uuid))
                && push.account.is_none_or(|account| account == call.account)
                && names_caller(push.from_uri.as_deref(), &call.remote_uri)
        });
        let only = fitting.next()?;
        // Two that fit: neither is certain, and an answer must not reach a call it does not mean.
        fitting.next().is_none().then_some(only.0)
    }

    fn report_incoming(&mut self, now: Now, agent: &Agent, call: &CallInfo, push_id: Option<String>) {
        let request = CallIncoming {
            call_uuid: call.uuid.clone(),
            sip_call_id: call.sip_call_id.clone(),
            push_id,
            account: agent.account(call.account).map(|(name, _)| name.to_owned()),
            from_uri: call.remote_uri.clone(),
            display_name: call.remote_name.clone(),
            handle: handle_of(&call.remote_uri),
            video: call.video.is_some(),
            supports: Supports { hold: true, dtmf: true, ..Supports::default() },
        };
        let request = self.link.request(now, &request, REPORT_DEADLINE_MS);
        self.reports.push(Report { request, call: call.id, ended: None });
    }

    /// The host's answer to `call.incoming`.
    pub(super) fn reported(&mut self, now: Now, agent: &mut Agent, incoming: &Incoming) -> bool {
        let Some(index) = self.reports.iter().position(|report| incoming.re.as_ref() == Some(&report.request)) else {
            return false;
        };
        let report = self.reports.swap_remove(index);
        match self.link.value::<CallIncomingReply>(incoming) {
            Some(reply) => {
                // The UUID that counts is the host's; it comes in lower case or is made so.
                let uuid = reply.call_uuid.to_ascii_lowercase();
                if let Some(ended) = report.ended {
                    if !uuid.is_empty() && uuid != ended.call_uuid {
                        self.link.event(now, &CallEnded { call_uuid: uuid, ..ended });
                    }
                    return true;
                }
                if !uuid.is_empty() {
                    agent.set_uuid(report.call, &uuid);
                }
                // The host joined it to a push whose ids did not say enough to join them here.
                let open = self.pushes.iter().position(|push| push.call.is_none() && push.call_uuid == uuid);
                if let Some(index) = open {
                    let joined = self.join(now, agent, index, report.call);
                    let Some(call) = agent.call(report.call).filter(|_| joined.is_some()) else { return true };
                    if self.wants_answer(&uuid) {
                        self.perform_answer(now, agent, &call);
                        return true;
                    }
                }
                match reply.error {
                    // What the user did already is done next, and needs no ringing.
                    None if self.late.iter().any(|(_, late)| late.call_uuid.eq_ignore_ascii_case(&uuid)) => {}
                    None | Some(ReportError::UuidExists) => agent.ring(now, report.call),
                    Some(error) => {
                        let status = if error == ReportError::Blocked { 603 } else { 486 };
                        let _ = agent.decline(now, report.call, Some(status), Extra::default());
                    }
                }
            }
            // A host that cannot say what it did: the page may still show the call.
            None => agent.ring(now, report.call),
        }
        true
    }

    /// `call.incoming` was not answered.
    pub(super) fn report_timed_out(&mut self, now: Now, agent: &mut Agent, request: &str) -> bool {
        let Some(index) = self.reports.iter().position(|report| report.request == request) else { return false };
        let report = self.reports.swap_remove(index);
        agent.ring(now, report.call);
        true
    }

    pub(super) fn push_timeout(&mut self, now: Now, agent: &mut Agent) {
        let due = self
            .pushes
            .iter()
            .filter(|push| push.call.is_none() && push.deadline <= now.mono)
            .map(|push| push.call_uuid.clone())
            .gather();
        for uuid in due {
            self.give_up_push(now, agent, &uuid, PushOutcome::NoCall, None);
        }
    }

    /// R9: without a registration no INVITE will come.
    pub(super) fn registration_failed(&mut self, now: Now, agent: &mut Agent, account: AccountId, status: Option<u16>) {
        let open = self
            .pushes
            .iter()
            .filter(|push| push.call.is_none() && push.account.is_none_or(|of| of == account))
            .map(|push| push.call_uuid.clone())
            .gather();
        for uuid in open {
            self.give_up_push(now, agent, &uuid, PushOutcome::RegistrationFailed, status);
        }
    }

    fn give_up_push(&mut self, now: Now, agent: &mut Agent, uuid: &str, outcome: PushOutcome, status: Option<u16>) {
        let Some(index) = self.pushes.iter().position(|push| push.call.is_none() && push.call_uuid == uuid) else {
            return;
        };
        let push = self.pushes.swap_remove(index);
        if let (Some(call_id), true) = (&push.sip_call_id, outcome != PushOutcome::RegistrationFailed) {
            self.finish(call_id, outcome);
        }
        self.resolve(now, &push.push_id, &push.call_uuid, outcome, status);
        self.fail_actions(now, &push.call_uuid, "noCall");
        agent.hold_awake(now, self.has_open_push());
    }

    /// A call is over: its push is, too.
    pub(super) fn call_over(&mut self, call: &CallInfo, outcome: PushOutcome) {
        self.pushes.keep(|push| push.call != Some(call.id));
        if call.direction == Direction::Incoming {
            self.finish(&call.sip_call_id, outcome);
        }
    }

    fn finish(&mut self, sip_call_id: &str, outcome: PushOutcome) {
        self.finished.retain(|finished| finished.sip_call_id != sip_call_id);
        if self.finished.len() >= limits::FINISHED_CALLS {
            self.finished.pop_front();
        }
        self.finished.push_back(Finished { sip_call_id: sip_call_id.to_owned(), outcome });
    }

    fn resolve(&mut self, now: Now, push_id: &str, uuid: &str, outcome: PushOutcome, status: Option<u16>) {
        let sip = status.map(|status| SipStatus { status: u64::from(status), ..SipStatus::default() });
        let event = PushResolved { push_id: push_id.to_owned(), call_uuid: uuid.to_owned(), outcome, sip };
        self.link.event(now, &event);
    }

    pub(super) fn has_open_push(&self) -> bool {
        self.pushes.iter().any(|push| push.call.is_none())
    }

    /// The user declined a call whose INVITE is not here.
    pub(super) fn decline_push(&mut self, uuid: &str) -> bool {
        let push = self.pushes.iter_mut().find(|push| push.call.is_none() && push.call_uuid == uuid);
        push.is_some_and(|push| {
            push.declined = true;
            true
        })
    }

    pub(super) fn is_open_push(&self, uuid: &str) -> bool {
        self.pushes.iter().any(|push| push.call.is_none() && push.call_uuid == uuid)
    }

    fn wants_answer(&self, uuid: &str) -> bool {
        self.actions.iter().any(|action| action.call_uuid == uuid && action.action == CallAction::Answer)
    }
}

impl Push {
    fn is_same(&self, push: &PushIncoming) -> bool {
        self.push_id == push.push_id || (self.sip_call_id.is_some() && self.sip_call_id == push.sip_call_id)
    }
}

/// Whether a push that names this caller, or nobody, can mean an INVITE of that caller.
fn names_caller(push: Option<&str>, remote_uri: &str) -> bool {
    let user = |uri: &str| {
        let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
        rest.split(['@', ';', '?']).next().unwrap_or(rest).to_owned()
    };
    push.is_none_or(|push| push.is_empty() || user(push) == user(remote_uri))
}

pub(super) fn handle_of(uri: &str) -> Handle {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    let user = rest.split('@').next().unwrap_or(rest);
    let digits = user.strip_prefix('+').unwrap_or(user);
    let is_number = digits.len() >= 3 && digits.bytes().all(|b| b.is_ascii_digit());
    let (handle_type, value) = if is_number { (HandleType::Phone, user) } else { (HandleType::Generic, rest) };
    Handle { handle_type, value: value.to_owned() }
}
