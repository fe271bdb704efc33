//! What the user did in the system's call screen. Each action is done or failed, exactly once.

use super::Wake;
use crate::agent::Agent;
use crate::bridge::{
    CallAction, CallPerform, CallPerformReply, CallPerformTimedOut, Incoming, PerformError, PerformState,
};
use crate::common::time::Now;
use crate::io::{CallInfo, Error, Extra};

/// An action that waits: for its INVITE, or for the 200.
#[derive(Debug)]
pub(super) struct Action {
    request: String,
    action_id: String,
    pub(super) call_uuid: String,
    pub(super) action: CallAction,
}

impl Wake {
    pub(super) fn perform(&mut self, now: Now, agent: &mut Agent, incoming: &Incoming, perform: &CallPerform) {
        if let Some(known) = self.actions.iter_mut().find(|known| known.action_id == perform.action_id) {
            // The host sends again what was not finished; the answer goes to the newest request.
            known.request.clone_from(&incoming.id);
            return;
        }
        let uuid = perform.call_uuid.to_ascii_lowercase();
        let call = Self::call_with_uuid(agent, &uuid);
        match (perform.action, call) {
            (CallAction::Answer, Some(call)) => {
                self.wait(incoming, perform, &uuid);
                self.perform_answer(now, agent, &call);
            }
            (CallAction::Answer, None) if self.is_open_push(&uuid) => {
                self.wait(incoming, perform, &uuid);
                self.reply_perform(now, &incoming.id, PerformState::Pending, None);
            }
            (CallAction::End, Some(call)) => {
                // A far end that cannot be told finds out by itself: for the user the call is over.
                let _ = agent.hang_up(now, call.id, Extra::default());
                self.reply_perform(now, &incoming.id, PerformState::Done, None);
            }
            (CallAction::End, None) => {
                if self.decline_push(&uuid) {
                    self.fail_actions(now, &uuid, "declined");
                }
                self.reply_perform(now, &incoming.id, PerformState::Done, None);
            }
            (CallAction::Mute | CallAction::Unmute, Some(call)) => {
                let muted = agent.mute(now, call.id, perform.action == CallAction::Mute);
                self.reply_result(now, &incoming.id, muted);
            }
            (_, None) => self.fail(now, &incoming.id, "notFound"),
            (_, Some(_)) => self.fail(now, &incoming.id, "unsupported"),
        }
    }

    fn wait(&mut self, incoming: &Incoming, perform: &CallPerform, uuid: &str) {
        self.actions.push(Action {
            request: incoming.id.clone(),
            action_id: perform.action_id.clone(),
            call_uuid: uuid.to_owned(),
            action: perform.action,
        });
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
        for request in self.take_actions(&call.uuid) {
            self.reply_perform(now, &request, PerformState::Done, call.connected_at);
        }
    }

    /// Whatever waits for this call will not happen.
    pub(super) fn fail_actions(&mut self, now: Now, uuid: &str, code: &str) {
        for request in self.take_actions(uuid) {
            self.fail(now, &request, code);
        }
    }

    fn take_actions(&mut self, uuid: &str) -> Vec<String> {
        let mut requests = Vec::new();
        self.actions.retain(|action| {
            let ours = action.call_uuid == uuid;
            if ours {
                requests.push(action.request.clone());
            }
            !ours
        });
        requests
    }

    /// The system gave up on an action; its answer would only confuse.
    pub(super) fn timed_out(&mut self, event: &CallPerformTimedOut) {
        self.actions.retain(|action| action.action_id != event.action_id);
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
