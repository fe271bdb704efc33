//! What the app asks the system for: buttons in the page, and what has to follow from another action. The system's
//! action that comes of it is known by the call and what is done, for the system gives it an id of its own.

use super::action::Wish;
use super::calls::{CallKey, Phase, Report};
use super::{Effect, Host, Timer};
use crate::bridge::{CallAction, CallRequest, CallRequestReply, EndReason, Incoming, Origin, RequestRefusal};
use crate::common::time::Now;

/// Actions that the system may have to begin at one time.
const REQUESTS: usize = 64;

/// An action that the system was asked for.
#[derive(Debug)]
pub(super) struct Request {
    number: u32,
    /// The page's `call.request`; none where the host itself wants it.
    re: Option<String>,
    key: CallKey,
    action: CallAction,
}

impl Host {
    /// Asks the system for an action.
    pub(super) fn request(&mut self, now: Now, key: CallKey, wish: Wish, re: Option<String>) {
        let Some(call) = self.calls.get(key) else { return };
        let uuid = call.uuid.clone();
        self.next_action = self.next_action.wrapping_add(1);
        let number = self.next_action;
        self.timers.set(Timer::Request(number), now.mono.after(self.options.request_timeout_ms));
        let Wish { action, digits, group_with, .. } = wish;
        self.requests.push(Request { number, re, key, action });
        self.effects.push_back(Effect::RequestAction { uuid, action, digits, group_with });
    }

    /// A button in the page. It becomes an action of the system, so that both agree.
    pub(super) fn call_request(&mut self, now: Now, incoming: &Incoming, request: CallRequest) {
        let shown = self.calls.by_uuid(&request.call_uuid).filter(|call| call.report == Report::Shown);
        let Some(call) = shown.filter(|call| call.is_live() && call.phase != Phase::Declined) else {
            return self.link.reply_error(now, &incoming.id, "notFound", "", false);
        };
        let key = call.key;
        let CallRequest { action, digits, group_with, .. } = request;
        if matches!(action, CallAction::Start | CallAction::Unknown) || self.requests.len() >= REQUESTS {
            return self.link.reply_error(now, &incoming.id, "unsupported", "", false);
        }
        self.request(now, key, Wish { action, digits, group_with, ..Wish::default() }, Some(incoming.id.clone()));
    }

    /// Who wanted the action that the system begins. The page hears that its button was taken.
    pub(super) fn origin_of(&mut self, now: Now, key: CallKey, action: CallAction) -> Origin {
        let found = self.requests.iter().position(|request| request.key == key && request.action == action);
        let Some(request) = found.map(|index| self.requests.remove(index)) else { return Origin::User };
        self.timers.clear(Timer::Request(request.number));
        let Some(re) = request.re else { return Origin::System };
        self.link.reply(now, &re, &CallRequestReply {});
        Origin::App
    }

    /// Whether the system was asked for this and has not begun it.
    pub(super) fn is_requested(&self, key: CallKey, action: CallAction) -> bool {
        self.requests.iter().any(|request| request.key == key && request.action == action)
    }

    /// The system refused what it was asked for.
    pub(super) fn request_refused(&mut self, now: Now, uuid: &str, action: CallAction, refusal: RequestRefusal) {
        let Some(key) = self.calls.by_uuid(uuid).map(|call| call.key) else { return };
        if action == CallAction::Start {
            let starts = |phase| matches!(phase, Phase::Starting | Phase::Over(_));
            if self.calls.get(key).is_some_and(|call| call.is_outgoing() && starts(call.phase)) {
                self.start_refused(now, key, refusal);
            }
            return;
        }
        let found = self.requests.iter().position(|request| request.key == key && request.action == action);
        if let Some(index) = found {
            self.request_over(now, index, refusal.name());
        }
    }

    /// The system did not begin it in time.
    pub(super) fn request_expired(&mut self, now: Now, number: u32) {
        if let Some(index) = self.requests.iter().position(|request| request.number == number) {
            self.request_over(now, index, "timeout");
        }
    }

    fn request_over(&mut self, now: Now, index: usize, code: &str) {
        let Request { number, re, key, action } = self.requests.remove(index);
        self.timers.clear(Timer::Request(number));
        if let Some(re) = re {
            return self.link.reply_error(now, &re, code, "", false);
        }
        let Some(call) = self.calls.get_mut(key) else { return };
        if action == CallAction::Answer && call.phase == Phase::Ringing && call.report == Report::Shown {
            // The page has answered it, and the screen would ring on: the page goes on alone.
            call.report = Report::Gone;
            call.phase = Phase::Connected;
            let uuid = call.uuid.clone();
            self.timers.clear(Timer::Ring(key));
            self.show_end(uuid, EndReason::AnsweredElsewhere);
        }
    }

    /// The system forgot everything.
    pub(super) fn forget_requests(&mut self) {
        for request in std::mem::take(&mut self.requests) {
            self.timers.clear(Timer::Request(request.number));
        }
    }
}
