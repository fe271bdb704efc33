//! What the host is told of calls and registrations.

use super::Wake;
use crate::agent::Agent;
use crate::bridge::{
    CallEnded, CallState as CallStateMessage, CallStateName, CallUpdate, EndReason, PushOutcome, RegState,
    RegStateName, SipStatus,
};
use crate::common::lists::Keep;
use crate::common::time::Now;
use crate::io::{CallId, CallInfo, CallState, Event, Outcome, OutcomeKind, RegistrationInfo, RegistrationState};

/// What the host was told last of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    call: CallId,
    state: CallStateName,
    on_hold: bool,
    remote_hold: bool,
    video: bool,
}

impl Wake {
    pub(super) fn report(&mut self, now: Now, agent: &mut Agent, event: &Event) {
        match event {
            Event::CallReceived { call, .. } | Event::CallChanged(call) | Event::CallRestored(call) => {
                self.report_state(now, call)
            }
            Event::CallTerminated { call, outcome, .. } => self.report_end(now, call, outcome),
            Event::RegistrationChanged(info) => self.report_registration(now, agent, info),
            _ => {}
        }
    }

    fn report_state(&mut self, now: Now, call: &CallInfo) {
        let state = match call.state {
            CallState::Connecting | CallState::Answering => CallStateName::Connecting,
            CallState::Ringing => CallStateName::Ringing,
            CallState::Early => CallStateName::Early,
            CallState::Connected => CallStateName::Connected,
            CallState::Ended => return,
        };
        let told = Told {
            call: call.id,
            state,
            on_hold: call.on_hold,
            remote_hold: call.remote_hold,
            video: call.video.is_some(),
        };
        let before = match self.told.iter_mut().find(|before| before.call == call.id) {
            Some(before) => Some(std::mem::replace(before, told)),
            None => {
                self.told.push(told);
                None
            }
        };
        if before.is_some_and(|before| before.video != told.video) {
            let update = CallUpdate { call_uuid: call.uuid.clone(), video: Some(told.video), ..CallUpdate::default() };
            self.link.event(now, &update);
        }
        if before.is_none_or(|before| before.state != state) {
            self.tell_state(now, call, state);
            if state == CallStateName::Connected {
                self.answered(now, call);
            }
        }
        if before.is_some_and(|before| before.on_hold) != call.on_hold {
            self.tell_state(now, call, if call.on_hold { CallStateName::Held } else { CallStateName::Resumed });
        }
        if before.is_some_and(|before| before.remote_hold) != call.remote_hold {
            let state = if call.remote_hold { CallStateName::RemoteHeld } else { CallStateName::RemoteResumed };
            self.tell_state(now, call, state);
        }
    }

    pub(super) fn tell_state(&mut self, now: Now, call: &CallInfo, state: CallStateName) {
        self.link.event(
            now,
            &CallStateMessage {
                call_uuid: call.uuid.clone(),
                state,
                at: now.wall,
                sip_call_id: Some(call.sip_call_id.clone()),
            },
        );
    }

    fn report_end(&mut self, now: Now, call: &CallInfo, outcome: &Outcome) {
        self.told.keep(|told| told.call != call.id);
        self.release_call(Some(call));
        self.fail_actions(now, &call.uuid, "callEnded");
        let sip = outcome.status.map(|status| SipStatus { status: u64::from(status), ..SipStatus::default() });
        let ended = CallEnded { call_uuid: call.uuid.clone(), reason: EndReason::of(outcome), sip, at: now.wall };
        self.link.event(now, &ended);
        if let Some(report) = self.reports.iter_mut().find(|report| report.call == call.id) {
            report.ended = Some(ended);
        }
        let late_push = match outcome.kind {
            OutcomeKind::AnsweredElsewhere => PushOutcome::AnsweredElsewhere,
            OutcomeKind::DeclinedElsewhere => PushOutcome::DeclinedElsewhere,
            _ => PushOutcome::Cancelled,
        };
        self.call_over(call, late_push);
    }

    fn report_registration(&mut self, now: Now, agent: &mut Agent, info: &RegistrationInfo) {
        let Some((name, _)) = agent.account(info.account) else { return };
        let state = match info.state {
            RegistrationState::Registering => RegStateName::Registering,
            RegistrationState::Registered => RegStateName::Registered,
            RegistrationState::Failed => RegStateName::Failed,
            RegistrationState::Unregistered | RegistrationState::Unregistering => RegStateName::Unregistered,
        };
        let sip = info.status.map(|status| SipStatus { status: u64::from(status), ..SipStatus::default() });
        let message = RegState { account: name.to_owned(), state, expires_at: info.expires_at, sip };
        self.link.event(now, &message);
        if info.state == RegistrationState::Failed {
            self.registration_failed(now, agent, info.account, info.status);
        }
    }
}
