//! Calls of ours: the system is asked whether they may start, and told how they go.

use super::action::Wish;
use super::calls::{CallKey, Phase, Report};
use super::page::is_uuid;
use super::{Effect, Host, Timer};
use crate::bridge::call::CallDirection;
use crate::bridge::{CallStart, CallStartReply, CallState, CallStateName, EndReason, Incoming, Origin, RequestRefusal};
use crate::common::time::Now;

impl Host {
    /// The application starts a call.
    pub(super) fn call_start(&mut self, now: Now, incoming: &Incoming, start: CallStart) {
        let uuid = start.call_uuid.to_ascii_lowercase();
        let refusal = if self.calls.is_full() || self.group_count() >= self.options.maximum_call_groups {
            RequestRefusal::TooManyCalls
        } else if !self.shows_ours() || !is_uuid(&uuid) || self.calls.is_used(&uuid) {
            RequestRefusal::Other
        } else {
            let key = self.calls.add(uuid.clone(), |call| {
                call.direction = CallDirection::Outgoing;
                call.account = Some(start.account.clone());
                call.display_name.clone_from(&start.display_name);
                call.handle = Some(start.handle.value.clone());
                call.dialled = Some(start.handle.clone());
                call.video = start.video;
                call.start_asked = Some(incoming.id.clone());
                call.phase = Phase::Starting;
                call.bound = true;
            });
            self.timers.set(Timer::Report(key), now.mono.after(self.options.report_timeout_ms));
            let CallStart { account, handle, display_name, video, .. } = start;
            return self.effects.push_back(Effect::StartCall { uuid, account, display_name, handle, video });
        };
        self.link.reply_error(now, &incoming.id, refusal.name(), "", false);
    }

    /// Answers the page's `call.start`, once.
    fn reply_start(&mut self, now: Now, key: CallKey, refusal: Option<RequestRefusal>) {
        let Some(request) = self.calls.get_mut(key).and_then(|call| call.start_asked.take()) else { return };
        match refusal {
            None => self.link.reply(now, &request, &CallStartReply {}),
            Some(refusal) => self.link.reply_error(now, &request, refusal.name(), "", false),
        }
    }

    /// The system lets it start.
    pub(super) fn start(&mut self, now: Now, wish: Wish, key: CallKey) {
        let Some(call) = self.calls.get_mut(key).filter(|call| call.is_outgoing()) else {
            return self.settle(wish.action_id, false);
        };
        self.timers.clear(Timer::Report(key));
        if call.phase != Phase::Starting {
            self.settle(wish.action_id, false);
            if let Some(Phase::Over(reason)) = self.calls.get(key).map(|call| call.phase) {
                // It is over meanwhile; a start that fails is never shown.
                self.calls.finish(key, reason);
            }
            return;
        }
        call.phase = Phase::Calling;
        call.report = Report::Shown;
        self.reply_start(now, key, None);
        self.hold_others(now, key);
        self.ask_in_time(now, Wish { origin: Origin::App, ..wish }, key);
    }

    /// The page could not start it, or did not in time: the start fails, and with it the call.
    pub(super) fn start_failed(&mut self, now: Now, action_id: String, key: CallKey) {
        self.settle(action_id, false);
        self.end_in_page(now, key);
        if let Some(call) = self.calls.get_mut(key) {
            call.report = Report::Gone;
        }
        self.end(key, EndReason::Failed);
    }

    /// The system does not let it start.
    pub(super) fn start_refused(&mut self, now: Now, key: CallKey, refusal: RequestRefusal) {
        self.timers.clear(Timer::Report(key));
        self.reply_start(now, key, Some(refusal));
        if let Some(call) = self.calls.get_mut(key) {
            call.report = Report::Gone;
        }
        self.end(key, EndReason::Failed);
    }

    /// The user ends it before the system let it start: the page hears of that as of any end.
    pub(super) fn start_given_up(&mut self, now: Now, key: CallKey) {
        self.reply_start(now, key, None);
    }

    /// The system said nothing to a report, or to a start.
    pub(super) fn report_overdue(&mut self, now: Now, key: CallKey) {
        if self.calls.get(key).is_some_and(super::calls::Call::is_outgoing) {
            self.start_refused(now, key, RequestRefusal::Other);
        } else {
            self.report_settled(now, key, None);
        }
    }

    /// The page says how a call of ours goes.
    pub(super) fn outgoing_state(&mut self, now: Now, key: CallKey, state: &CallState) {
        self.timers.clear(Timer::Claim(key));
        let quiet_until = now.mono.after(self.options.system_unmute_ms);
        let Some(call) = self.calls.get_mut(key).filter(|call| call.phase == Phase::Calling) else { return };
        let connected = state.state == CallStateName::Connected;
        let rings = matches!(state.state, CallStateName::Ringing | CallStateName::Early);
        if (connected || rings) && !std::mem::replace(&mut call.connecting, true) {
            self.effects.push_back(Effect::OutgoingConnecting { uuid: call.uuid.clone(), at: state.at });
        }
        if connected {
            call.phase = Phase::Connected;
            call.quiet_until = quiet_until;
            self.effects.push_back(Effect::OutgoingConnected { uuid: call.uuid.clone(), at: state.at });
            // Another one may have been answered while this one rang there.
            self.hold_others(now, key);
        }
    }
}
