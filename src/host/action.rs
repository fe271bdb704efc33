//! What the user does, its deadlines, and what the page makes of it.

use super::calls::{CallKey, Phase, Report};
use super::{Effect, Host, Profile, Rule, Timer};
use crate::bridge::{
    CallAction, CallPerform, CallPerformReply, CallPerformTimedOut, EndReason, Incoming, Origin, PendingAction,
    PerformState, ProviderReset,
};
use crate::common::time::Now;

/// How long the page may take to hear of what is done already: a mute, a hold.
const TOLD_MS: u64 = 10_000;

/// An action that the page has to carry out.
#[derive(Debug)]
pub(super) struct Waiting {
    number: u32,
    action_id: String,
    key: CallKey,
    uuid: String,
    action: CallAction,
    digits: Option<String>,
    /// The `call.perform` that asks for it; none as long as the page may not or cannot know.
    request: Option<String>,
    /// When the user wanted it, epoch milliseconds.
    at: u64,
    /// Whether the system waits for its end.
    open: bool,
}

impl Host {
    /// The user wants something.
    pub(super) fn perform(
        &mut self,
        now: Now,
        action_id: String,
        uuid: &str,
        action: CallAction,
        digits: Option<String>,
    ) {
        if self.actions.iter().any(|waiting| waiting.action_id == action_id) {
            return;
        }
        let Some(call) = self.calls.by_uuid(uuid) else {
            // An end is never refused: the system would go on showing the call.
            return self.settle(action_id, action == CallAction::End);
        };
        let key = call.key;
        match action {
            CallAction::Answer => self.answer(now, action_id, key),
            CallAction::End => self.end_by_user(now, action_id, key),
            _ if !matches!(call.phase, Phase::Ringing | Phase::Answered | Phase::Connected) => {
                self.settle(action_id, false);
            }
            CallAction::Mute | CallAction::Unmute | CallAction::Hold => {
                self.done_at_once(now, action_id, key, action);
            }
            CallAction::Unhold | CallAction::Dtmf | CallAction::Group | CallAction::Ungroup => {
                let number = self.ask(now, action_id, key, action, digits, self.options.answer_timeout_ms, true);
                self.timers.set(Timer::Action(number), now.mono.after(self.options.answer_timeout_ms));
            }
            CallAction::Start | CallAction::Unknown => self.settle(action_id, false),
        }
    }

    fn settle(&mut self, action_id: String, done: bool) {
        self.effects.push_back(if done {
            Effect::Fulfil { action_id, connected_at: None }
        } else {
            Effect::Fail { action_id }
        });
    }

    fn answer(&mut self, now: Now, action_id: String, key: CallKey) {
        // Only what is shown can be answered, so the report was taken.
        self.report_settled(now, key, None);
        let Some(call) = self.calls.get_mut(key).filter(|call| call.phase == Phase::Ringing) else {
            return self.settle(action_id, false);
        };
        if call.sealed {
            let display_name = call.display_name.clone();
            self.settle(action_id, false);
            self.effects.push_back(Effect::MissedCall { display_name });
            return self.end(key, EndReason::Unanswered);
        }
        call.phase = Phase::Answered;
        let bound = call.bound;
        self.timers.clear(Timer::Ring(key));
        let limit = now.mono.after(self.options.answer_timeout_ms);
        let invite = self.timers.get(Timer::Invite(key));
        if !bound && invite.is_none_or(|at| at > limit) {
            self.timers.set(Timer::Invite(key), limit);
        }
        let deadline = self.time_for_action(now, key);
        let tell = self.options.profile == Profile::HostMedia;
        self.ask(now, action_id, key, CallAction::Answer, None, deadline, tell);
        if bound {
            self.answer_can_go(now, key);
        }
    }

    /// The INVITE is there and the user has answered.
    fn answer_can_go(&mut self, now: Now, key: CallKey) {
        let waiting = self.actions.iter().position(|w| w.key == key && w.action == CallAction::Answer && w.open);
        let Some(index) = waiting else { return };
        if self.options.profile == Profile::HostMedia {
            if let Some(waiting) = self.actions.get(index) {
                let at = now.mono.after(self.options.answer_timeout_ms);
                self.timers.set(Timer::Action(waiting.number), at);
            }
            return;
        }
        let waiting = self.actions.remove(index);
        self.effects.push_back(Effect::Fulfil { action_id: waiting.action_id, connected_at: Some(now.wall) });
        self.timers.set(Timer::HandOver(key), now.mono.after(self.options.hand_over_ms));
    }

    /// Ring only: the call screen goes, and only then the page answers.
    pub(super) fn hand_over(&mut self, now: Now, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        call.report = Report::Gone;
        let uuid = call.uuid.clone();
        self.show_end(uuid, EndReason::RemoteEnded);
        let action_id = self.random.uuid();
        let number = self.ask(now, action_id, key, CallAction::Answer, None, self.options.answer_timeout_ms, true);
        if let Some(waiting) = self.actions.iter_mut().find(|waiting| waiting.number == number) {
            waiting.open = false;
        }
    }

    fn end_by_user(&mut self, now: Now, action_id: String, key: CallKey) {
        self.settle(action_id.clone(), true);
        let Some(call) = self.calls.get_mut(key) else { return };
        if matches!(call.phase, Phase::Over(_) | Phase::Declined) {
            // What was on its way to the system is ended there by now.
            call.report = Report::Gone;
            if let Phase::Over(reason) = call.phase {
                self.timers.clear(Timer::Report(key));
                self.calls.finish(key, reason);
            }
            return;
        }
        self.report_settled(now, key, None);
        self.drop_actions(key);
        for timer in [Timer::Ring(key), Timer::HandOver(key), Timer::Claim(key)] {
            self.timers.clear(timer);
        }
        let Some(call) = self.calls.get_mut(key) else { return };
        call.phase = Phase::Declined;
        call.report = Report::Gone;
        if call.sealed {
            return self.end(key, EndReason::Local);
        }
        if self.rules.hold(Rule::EndIsTold) {
            self.pass_on_end(now, key, action_id, self.time_for_action(now, key));
        }
    }

    fn pass_on_end(&mut self, now: Now, key: CallKey, action_id: String, deadline_ms: u64) {
        let number = self.ask(now, action_id, key, CallAction::End, None, deadline_ms, true);
        if let Some(waiting) = self.actions.iter_mut().find(|waiting| waiting.number == number) {
            waiting.open = false;
        }
    }

    fn done_at_once(&mut self, now: Now, action_id: String, key: CallKey, action: CallAction) {
        self.settle(action_id.clone(), true);
        let Some(call) = self.calls.get_mut(key) else { return };
        match action {
            CallAction::Hold => call.held = true,
            _ => call.muted = action == CallAction::Mute,
        }
        // Before the INVITE there is nothing to mute; it is told when there is.
        if call.bound {
            self.tell(now, action_id, key, action);
        }
    }

    /// Tells the page what is done; its answer changes nothing.
    fn tell(&mut self, now: Now, action_id: String, key: CallKey, action: CallAction) {
        let Some(call) = self.calls.get(key) else { return };
        let perform = CallPerform {
            action_id,
            call_uuid: call.uuid.clone(),
            action,
            origin: Origin::User,
            ..CallPerform::default()
        };
        self.link.request(now, &perform, TOLD_MS);
    }

    /// Notes an action and, unless the page may not know yet, asks for it.
    #[allow(clippy::too_many_arguments)]
    fn ask(
        &mut self,
        now: Now,
        action_id: String,
        key: CallKey,
        action: CallAction,
        digits: Option<String>,
        deadline_ms: u64,
        tell: bool,
    ) -> u32 {
        let uuid = self.calls.get(key).map(|call| call.uuid.clone()).unwrap_or_default();
        self.next_action = self.next_action.wrapping_add(1);
        let number = self.next_action;
        let mut waiting =
            Waiting { number, action_id, key, uuid, action, digits, request: None, at: now.wall, open: true };
        if tell {
            waiting.request = Some(self.request_action(now, &waiting, deadline_ms));
        }
        self.actions.push(waiting);
        number
    }

    fn request_action(&mut self, now: Now, waiting: &Waiting, deadline_ms: u64) -> String {
        let perform = CallPerform {
            action_id: waiting.action_id.clone(),
            call_uuid: waiting.uuid.clone(),
            action: waiting.action,
            origin: Origin::User,
            digits: waiting.digits.clone(),
            ..CallPerform::default()
        };
        self.link.request(now, &perform, deadline_ms)
    }

    /// Another page: what the old one was asked for is asked again, under the same `actionId`. Of a call that no push
    /// announced it can know only when the INVITE comes again.
    pub(super) fn ask_another_page(&mut self, now: Now, key: CallKey) {
        let knows = self.calls.get(key).is_some_and(|call| call.push.is_some());
        let mut actions = std::mem::take(&mut self.actions);
        for waiting in actions.iter_mut().filter(|waiting| waiting.key == key) {
            // An answer has its INVITE's time again, not the page's.
            if self.calls.get(key).is_some_and(|call| !call.bound) {
                self.timers.clear(Timer::Action(waiting.number));
            }
            if let Some(request) = waiting.request.take() {
                self.link.forget(&request);
                waiting.request = knows.then(|| self.request_action(now, waiting, self.time_for_action(now, key)));
            }
        }
        self.actions = actions;
    }

    /// Asks for what the page could not know before.
    fn ask_what_was_held(&mut self, now: Now, key: CallKey) {
        let mut actions = std::mem::take(&mut self.actions);
        for waiting in actions.iter_mut().filter(|waiting| waiting.key == key && waiting.request.is_none()) {
            waiting.request = Some(self.request_action(now, waiting, self.time_for_action(now, key)));
        }
        self.actions = actions;
    }

    /// The page has as long as the INVITE may take, and then as long as an answer may take.
    fn time_for_action(&self, now: Now, key: CallKey) -> u64 {
        self.timers.get(Timer::Invite(key)).map_or(0, |at| at.since(now.mono)) + self.options.answer_timeout_ms
    }

    /// The page says how far an action is.
    pub(super) fn performed(&mut self, now: Now, incoming: &Incoming) {
        let found = self.actions.iter().position(|w| w.request.is_some() && w.request == incoming.re);
        let Some(index) = found else { return };
        let reply = match &incoming.error {
            Some(_) => None,
            None => incoming.read::<CallPerformReply>().ok(),
        };
        let connected_at = reply.as_ref().and_then(|reply| reply.connected_at);
        let done = match reply.map(|reply| reply.state) {
            Some(PerformState::Pending) => return,
            state => state == Some(PerformState::Done),
        };
        let waiting = self.actions.remove(index);
        self.timers.clear(Timer::Action(waiting.number));
        let key = waiting.key;
        match waiting.action {
            CallAction::Answer if done => {
                self.timers.clear(Timer::Invite(key));
                if let Some(call) = self.calls.get_mut(key) {
                    call.phase = Phase::Connected;
                    call.bound = true;
                }
                if waiting.open {
                    let connected_at = Some(connected_at.unwrap_or(now.wall));
                    self.effects.push_back(Effect::Fulfil { action_id: waiting.action_id, connected_at });
                }
            }
            CallAction::Answer => {
                if waiting.open {
                    self.settle(waiting.action_id, false);
                }
                self.end_in_page(now, key);
                self.end(key, EndReason::Failed);
            }
            CallAction::End => self.end_was_told(key),
            action => {
                if action == CallAction::Unhold
                    && done
                    && let Some(call) = self.calls.get_mut(key)
                {
                    call.held = false;
                }
                self.settle(waiting.action_id, done);
            }
        }
    }

    /// The page knows that the user ended the call. One whose INVITE may still come stays known until then.
    fn end_was_told(&mut self, key: CallKey) {
        if self.timers.get(Timer::Invite(key)).is_none() || !self.rules.hold(Rule::DeclineIsKept) {
            self.end(key, EndReason::Local);
        }
    }

    /// The page did not carry out an action in time.
    pub(super) fn action_expired(&mut self, now: Now, number: u32) {
        let Some(index) = self.actions.iter().position(|waiting| waiting.number == number) else { return };
        let waiting = self.actions.remove(index);
        if waiting.open {
            self.settle(waiting.action_id.clone(), false);
        }
        self.action_is_over(now, &waiting);
    }

    /// The link gave up on a request.
    pub(super) fn request_timed_out(&mut self, now: Now, id: &str) {
        let found = self.actions.iter().find(|waiting| waiting.request.as_deref() == Some(id));
        if let Some(number) = found.map(|waiting| waiting.number) {
            self.action_expired(now, number);
        }
    }

    /// The system gave up on an action: it is neither fulfilled nor failed.
    pub(super) fn action_timed_out(&mut self, now: Now, action_id: &str) {
        let Some(index) = self.actions.iter().position(|waiting| waiting.action_id == action_id) else { return };
        let waiting = self.actions.remove(index);
        if waiting.open && !self.rules.hold(Rule::TimeOutIsFinal) {
            self.settle(waiting.action_id.clone(), false);
        }
        if !waiting.open {
            // It was fulfilled long ago; the page still has to hear of it.
            self.actions.push(waiting);
            return;
        }
        self.action_is_over(now, &waiting);
    }

    fn action_is_over(&mut self, now: Now, waiting: &Waiting) {
        self.timers.clear(Timer::Action(waiting.number));
        self.tell_timed_out(now, waiting);
        match waiting.action {
            CallAction::Answer => {
                self.end_in_page(now, waiting.key);
                self.end(waiting.key, EndReason::Failed);
            }
            CallAction::End => self.end_was_told(waiting.key),
            _ => {}
        }
    }

    fn tell_timed_out(&mut self, now: Now, waiting: &Waiting) {
        if let Some(request) = &waiting.request {
            self.link.forget(request);
            let timed_out = CallPerformTimedOut {
                action_id: waiting.action_id.clone(),
                call_uuid: waiting.uuid.clone(),
                action: waiting.action,
            };
            self.link.event(now, &timed_out);
        }
    }

    /// Tells the page that what it still has to do for a call is not wanted any more.
    pub(super) fn tell_actions_timed_out(&mut self, now: Now, key: CallKey) {
        let (of_call, others) = std::mem::take(&mut self.actions).into_iter().partition(|waiting| waiting.key == key);
        self.actions = others;
        let of_call: Vec<Waiting> = of_call;
        for mut waiting in of_call {
            self.tell_timed_out(now, &waiting);
            waiting.request = None;
            self.actions.push(waiting);
        }
    }

    /// Drops the actions of a call; those that the system waits for fail.
    pub(super) fn drop_actions(&mut self, key: CallKey) {
        while let Some(index) = self.actions.iter().position(|waiting| waiting.key == key) {
            let waiting = self.actions.remove(index);
            self.timers.clear(Timer::Action(waiting.number));
            if let Some(request) = &waiting.request {
                self.link.forget(request);
            }
            if waiting.open && self.rules.hold(Rule::EndFailsActions) {
                self.settle(waiting.action_id, false);
            }
        }
    }

    /// What the page still has to do for a call, for its snapshot.
    pub(super) fn pending_action(&self, key: CallKey) -> Option<PendingAction> {
        // Ring only: the page must not answer before it is asked to.
        let may_know = self.options.profile == Profile::HostMedia;
        let known = |waiting: &&Waiting| waiting.key == key && (may_know || waiting.request.is_some());
        let waiting = self.actions.iter().rev().find(known)?;
        Some(PendingAction { action_id: waiting.action_id.clone(), action: waiting.action, at: waiting.at })
    }

    /// The INVITE of a call is there.
    pub(super) fn bind(&mut self, now: Now, key: CallKey) {
        self.timers.clear(Timer::Invite(key));
        self.timers.clear(Timer::Claim(key));
        let Some(call) = self.calls.get_mut(key) else { return };
        let was_bound = std::mem::replace(&mut call.bound, true);
        let (phase, muted) = (call.phase, call.muted);
        if was_bound {
            return;
        }
        match phase {
            Phase::Ringing if self.rules.hold(Rule::RingLimit) => {
                self.timers.set(Timer::Ring(key), now.mono.after(self.options.ring_timeout_ms));
            }
            Phase::Answered => self.answer_can_go(now, key),
            Phase::Declined => {
                // It may have been another page that heard of the decline.
                let told = self.actions.iter().any(|waiting| waiting.key == key);
                if !told && self.rules.hold(Rule::EndIsTold) {
                    let action_id = self.random.uuid();
                    self.pass_on_end(now, key, action_id, self.options.answer_timeout_ms);
                }
            }
            Phase::Ringing | Phase::Connected | Phase::Over(_) => {}
        }
        self.ask_what_was_held(now, key);
        if muted {
            let action_id = self.random.uuid();
            self.tell(now, action_id, key, CallAction::Mute);
        }
    }

    /// Nobody answered.
    pub(super) fn rang_out(&mut self, now: Now, key: CallKey) {
        if self.calls.get(key).is_some_and(|call| call.phase == Phase::Ringing) {
            self.end_in_page(now, key);
            self.end(key, EndReason::Unanswered);
        }
    }

    /// What ends on the screen without the user and the far end ends in the page as well.
    fn end_in_page(&mut self, now: Now, key: CallKey) {
        let rule = self.rules.hold(Rule::EndReachesPage);
        let Some(call) = self.calls.get(key).filter(|call| rule && call.bound) else { return };
        let perform = CallPerform {
            action_id: self.random.uuid(),
            call_uuid: call.uuid.clone(),
            action: CallAction::End,
            origin: Origin::System,
            ..CallPerform::default()
        };
        self.link.request(now, &perform, TOLD_MS);
    }

    /// The system forgot every call: nothing is fulfilled, failed or ended there any more.
    pub(super) fn provider_reset(&mut self, now: Now) {
        for waiting in std::mem::take(&mut self.actions) {
            self.timers.clear(Timer::Action(waiting.number));
            if let Some(request) = &waiting.request {
                self.link.forget(request);
            }
        }
        for key in self.calls.keys() {
            self.clear_timers(key);
            self.timers.clear(Timer::Report(key));
            if let Some(call) = self.calls.get_mut(key) {
                call.report = Report::Gone;
            }
            self.end(key, EndReason::Failed);
        }
        self.link.event(now, &ProviderReset {});
    }
}
