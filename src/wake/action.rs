//! What the user did in the system's call screen. Each action is done or failed, exactly once.

use super::Wake;
use crate::agent::{Agent, Asker, DURATION_MS, GAP_MS};
use crate::bridge::{
    CallAction, CallPerform, CallPerformReply, CallPerformTimedOut, CallStateName, Origin, PerformError, PerformState,
};
use crate::common::lists::Keep;
use crate::common::time::Now;
use crate::io::{CallInfo, CallState, CommandId, DtmfMethod, Error, ErrorCode, Extra};

/// What a call gets that nobody answered (RFC 3261 section 21.4.18).
const UNAVAILABLE: u16 = 480;

/// An action that waits: for its INVITE, for the 200, or for what the far end says to it.
#[derive(Debug)]
pub(super) struct Action {
    request: String,
    action_id: String,
    pub(super) call_uuid: String,
    pub(super) action: CallAction,
    /// The number that the agent knows it by.
    pub(super) number: u32,
    /// The application's command that it comes of.
    pub(super) command: Option<CommandId>,
}

impl Wake {
    pub(super) fn perform(&mut self, now: Now, agent: &mut Agent, request: &str, perform: CallPerform) {
        if let Some(known) = self.actions.iter_mut().find(|known| known.action_id == perform.action_id) {
            // The host sends again what was not finished; the answer goes to the newest request.
            request.clone_into(&mut known.request);
            return;
        }
        self.late.keep(|(_, known)| known.action_id != perform.action_id);
        let uuid = perform.call_uuid.to_ascii_lowercase();
        if let Some(command) = self.take_asked(&uuid, perform.action, perform.digits.as_deref()) {
            if perform.action == CallAction::End {
                self.reply_perform(now, request, PerformState::Done, None);
            } else {
                self.wait(request, &perform, &uuid, Some(command));
            }
            return;
        }
        let call = Self::call_with_uuid(agent, &uuid);
        match (perform.action, call) {
            // The host may know the call by the UUID that its answer to `call.incoming` is about to name, or from the page
            // before this one, and its account comes with its password.
            (_, None) if (self.waits_for_calls() || agent.remembers_call(&uuid)) && !self.is_open_push(&uuid) => {
                self.late.push((request.to_owned(), perform));
            }
            (CallAction::Start, Some(call)) => {
                let begun = self.perform_start(now, agent, &call);
                let result = if begun { Ok(()) } else { Err(ErrorCode::InvalidState.into()) };
                self.reply_result(now, request, result);
            }
            (CallAction::Answer, Some(call)) => {
                self.wait(request, &perform, &uuid, None);
                self.perform_answer(now, agent, &call);
            }
            (CallAction::Answer, None) if self.is_open_push(&uuid) => {
                self.wait(request, &perform, &uuid, None);
                self.reply_perform(now, request, PerformState::Pending, None);
            }
            (CallAction::End, Some(call)) => {
                // A far end that cannot be told finds out by itself: for the user the call is over. Nobody declined
                // what the system ended because it rang for too long.
                let _ = if perform.origin == Origin::System && call.state == CallState::Ringing {
                    agent.decline(now, call.id, Some(UNAVAILABLE), Extra::default())
                } else {
                    agent.hang_up(now, call.id, Extra::default())
                };
                self.reply_perform(now, request, PerformState::Done, None);
            }
            (CallAction::End, None) => {
                if self.decline_push(&uuid) {
                    self.fail_actions(now, &uuid, "declined");
                }
                self.reply_perform(now, request, PerformState::Done, None);
            }
            (CallAction::Mute | CallAction::Unmute, Some(call)) => {
                let muted = agent.mute(now, call.id, perform.action == CallAction::Mute, false);
                self.reply_result(now, request, muted);
            }
            (CallAction::Hold | CallAction::Unhold, Some(call)) => {
                let asker = Asker::Host(self.wait(request, &perform, &uuid, None));
                let begun = agent.hold(now, call.id, perform.action == CallAction::Hold, asker);
                self.begun(now, agent, asker, begun);
            }
            (CallAction::Dtmf, Some(call)) => {
                let asker = Asker::Host(self.wait(request, &perform, &uuid, None));
                let digits = perform.digits.as_deref().unwrap_or("");
                let begun = agent.dtmf(now, call.id, digits, DtmfMethod::Auto, DURATION_MS, GAP_MS, asker);
                self.begun(now, agent, asker, begun);
            }
            (_, None) => self.fail(now, request, "notFound"),
            (_, Some(_)) => self.fail(now, request, "unsupported"),
        }
    }

    /// Whether a call may be known by a UUID in a moment that nobody knows it by now.
    fn waits_for_calls(&self) -> bool {
        self.is_loading() || !self.reports.is_empty()
    }

    /// What waited for the host to name its call.
    pub(super) fn perform_late(&mut self, now: Now, agent: &mut Agent) {
        if !self.waits_for_calls() {
            for (request, perform) in std::mem::take(&mut self.late) {
                self.perform(now, agent, &request, perform);
            }
        }
    }

    fn wait(&mut self, request: &str, perform: &CallPerform, uuid: &str, command: Option<CommandId>) -> u32 {
        self.next_action = self.next_action.wrapping_add(1);
        self.actions.push(Action {
            number: self.next_action,
            request: request.to_owned(),
            action_id: perform.action_id.clone(),
            call_uuid: uuid.to_owned(),
            action: perform.action,
            command,
        });
        self.next_action
    }

    /// What cannot even begin fails at once; the rest is told by [`Wake::performed`].
    fn begun(&mut self, now: Now, agent: &Agent, asker: Asker, begun: Result<(), Error>) {
        if let (Asker::Host(number), Err(error)) = (asker, begun) {
            self.performed(now, agent, number, Err(error));
        }
    }

    /// The agent has done what an action asked for, or could not.
    pub(super) fn performed(&mut self, now: Now, agent: &Agent, number: u32, result: Result<(), Error>) {
        let Some(index) = self.actions.iter().position(|action| action.number == number) else { return };
        let action = self.actions.remove(index);
        let refused = result.is_err() && action.action == CallAction::Hold;
        self.reply_result(now, &action.request, result);
        if let Some(call) = Self::call_with_uuid(agent, &action.call_uuid).filter(|_| refused) {
            // The host shows a hold at once, so it is told that there is none.
            self.tell_state(now, &call, CallStateName::Resumed);
        }
    }

    /// Answers the call that the user answered; [`Wake::answered`] tells the host when the 200 has left.
    pub(super) fn perform_answer(&mut self, now: Now, agent: &mut Agent, call: &CallInfo) {
        if call.connected_at.is_some() {
            self.answered(now, call);
        } else if let Err(error) = agent.answer(now, call.id, None, Extra::default()) {
            self.fail_actions(now, &call.uuid, error.code.name());
        }
    }

    /// The 200 has left.
    pub(super) fn answered(&mut self, now: Now, call: &CallInfo) {
        for request in self.take_actions(&call.uuid, |action| action == CallAction::Answer) {
            self.reply_perform(now, &request, PerformState::Done, call.connected_at);
        }
    }

    /// Whatever waits for this call will not happen.
    pub(super) fn fail_actions(&mut self, now: Now, uuid: &str, code: &str) {
        for request in self.take_actions(uuid, |_| true) {
            self.fail(now, &request, code);
        }
    }

    fn take_actions(&mut self, uuid: &str, which: impl Fn(CallAction) -> bool) -> Vec<String> {
        let mut requests = Vec::new();
        self.actions.keep(|action| {
            let ours = action.call_uuid == uuid && which(action.action);
            if ours {
                requests.push(action.request.clone());
            }
            !ours
        });
        requests
    }

    /// The system gave up on an action; its answer would only confuse.
    pub(super) fn timed_out(&mut self, event: &CallPerformTimedOut) {
        self.actions.keep(|action| action.action_id != event.action_id);
        self.late.keep(|(_, perform)| perform.action_id != event.action_id);
    }

    fn reply_result(&mut self, now: Now, request: &str, result: Result<(), Error>) {
        match result {
            Ok(()) => self.reply_perform(now, request, PerformState::Done, None),
            Err(error) => self.fail(now, request, error.code.name()),
        }
    }

    fn fail(&mut self, now: Now, request: &str, code: &str) {
        let error = PerformError { code: code.to_owned(), ..PerformError::default() };
        let reply = CallPerformReply { state: PerformState::Failed, connected_at: None, error: Some(error) };
        self.link.reply(now, request, &reply);
    }

    fn reply_perform(&mut self, now: Now, request: &str, state: PerformState, connected_at: Option<u64>) {
        self.link.reply(now, request, &CallPerformReply { state, connected_at, error: None });
    }
}
