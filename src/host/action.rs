//! What the user does, its deadlines, and what the page makes of it.

use super::calls::{CallKey, Phase, Report};
use super::{Effect, Host, Profile, Rule, Timer};
use crate::bridge::{
    CallAction, CallPerform, CallPerformReply, CallPerformTimedOut, EndReason, Incoming, Origin, PendingAction,
    PerformState, ProviderReset,
};
use crate::common::time::Now;

/// What is wanted of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub action_id: String,
    pub action: CallAction,
    /// Who wants it.
    pub origin: Origin,
    pub digits: Option<String>,
    pub group_with: Option<String>,
}

/// An action that the page has to carry out.
#[derive(Debug)]
pub(super) struct Waiting {
    number: u32,
    wish: Wish,
    key: CallKey,
    uuid: String,
    /// The `call.perform` that asks for it; none as long as the page may not or cannot know.
    request: Option<String>,
    /// When the user wanted it, epoch milliseconds.
    at: u64,
    /// Whether the system waits for its end.
    open: bool,
}

impl Host {
    /// The system begins an action: the user wants something, or what the app asked for happens.
    pub(super) fn perform(&mut self, now: Now, uuid: &str, mut wish: Wish) {
        if self.actions.iter().any(|waiting| waiting.wish.action_id == wish.action_id) {
            return;
        }
        let Some(call) = self.calls.by_uuid(uuid) else {
            // An end is never refused: the system would go on showing the call.
            return self.settle(wish.action_id, wish.action == CallAction::End);
        };
        let key = call.key;
        let is_up = matches!(call.phase, Phase::Ringing | Phase::Answered | Phase::Calling | Phase::Connected);
        wish.origin = self.origin_of(now, key, wish.action);
        match wish.action {
            CallAction::Start => self.start(now, wish, key),
            CallAction::Answer => self.answer(now, wish, key),
            CallAction::End => self.end_by_user(now, wish, key),
            _ if !is_up => self.settle(wish.action_id, false),
            CallAction::Mute | CallAction::Unmute | CallAction::Hold => self.done_at_once(now, wish, key),
            CallAction::Unhold => self.unhold(now, wish, key),
            CallAction::Group if !self.may_group(key, wish.group_with.as_deref()) => {
                self.settle(wish.action_id, false);
            }
            CallAction::Dtmf | CallAction::Group | CallAction::Ungroup => self.ask_in_time(now, wish, key),
            CallAction::Unknown => self.settle(wish.action_id, false),
        }
    }

    pub(super) fn settle(&mut self, action_id: String, done: bool) {
        self.effects.push_back(if done {
            Effect::Fulfil { action_id, connected_at: None }
        } else {
            Effect::Fail { action_id }
        });
    }

    fn answer(&mut self, now: Now, wish: Wish, key: CallKey) {
        // Only what is shown can be answered, so the report was taken.
        self.report_settled(now, key, None);
        let Some(call) = self.calls.get_mut(key).filter(|call| call.phase == Phase::Ringing) else {
            return self.settle(wish.action_id, false);
        };
        if call.sealed {
            let display_name = call.display_name.clone();
            self.settle(wish.action_id, false);
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
        self.hold_others(now, key);
        self.ask(now, wish, key, deadline, tell);
        if bound {
            self.answer_can_go(now, key);
        }
    }

    /// The INVITE is there and the user has answered.
    fn answer_can_go(&mut self, now: Now, key: CallKey) {
        let waiting = self.actions.iter().position(|w| w.key == key && w.wish.action == CallAction::Answer && w.open);
        let Some(index) = waiting else { return };
        if self.options.profile == Profile::HostMedia {
            if let Some(waiting) = self.actions.get(index) {
                let at = now.mono.after(self.options.answer_timeout_ms);
                self.timers.set(Timer::Action(waiting.number), at);
            }
            return;
        }
        let waiting = self.actions.remove(index);
        self.effects.push_back(Effect::Fulfil { action_id: waiting.wish.action_id, connected_at: Some(now.wall) });
        self.timers.set(Timer::HandOver(key), now.mono.after(self.options.hand_over_ms));
    }

    /// Ring only: the call screen goes, and only then the page answers.
    pub(super) fn hand_over(&mut self, now: Now, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        call.report = Report::Gone;
        let uuid = call.uuid.clone();
        self.show_end(uuid, EndReason::RemoteEnded);
        let wish = self.wish(CallAction::Answer, Origin::User);
        let number = self.ask(now, wish, key, self.options.answer_timeout_ms, true);
        self.close(number);
    }

    /// An action that is not the system's.
    pub(super) fn wish(&mut self, action: CallAction, origin: Origin) -> Wish {
        Wish { action_id: self.random.uuid(), action, origin, ..Wish::default() }
    }

    /// The system does not wait for this one.
    fn close(&mut self, number: u32) {
        if let Some(waiting) = self.actions.iter_mut().find(|waiting| waiting.number == number) {
            waiting.open = false;
        }
    }

    fn end_by_user(&mut self, now: Now, wish: Wish, key: CallKey) {
        self.settle(wish.action_id.clone(), true);
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
        self.start_given_up(now, key);
        self.report_settled(now, key, None);
        self.drop_actions(key);
        for timer in [Timer::Ring(key), Timer::HandOver(key), Timer::Claim(key)] {
            self.timers.clear(timer);
        }
        self.close_orphans(key);
        let Some(call) = self.calls.get_mut(key) else { return };
        call.hung_up = call.phase == Phase::Connected;
        call.phase = Phase::Declined;
        call.report = Report::Gone;
        if call.sealed {
            return self.end(key, EndReason::Local);
        }
        if self.rules.hold(Rule::EndIsTold) {
            self.pass_on_end(now, key, wish, self.time_for_action(now, key));
        }
    }

    fn pass_on_end(&mut self, now: Now, key: CallKey, wish: Wish, deadline_ms: u64) {
        let number = self.ask(now, wish, key, deadline_ms, true);
        self.close(number);
    }

    fn done_at_once(&mut self, now: Now, wish: Wish, key: CallKey) {
        self.settle(wish.action_id.clone(), true);
        let unholds = self.waits_for(key, CallAction::Unhold);
        let quiet_until = now.mono.after(self.options.system_unmute_ms);
        let Some(call) = self.calls.get_mut(key) else { return };
        let known = match wish.action {
            CallAction::Hold => {
                call.held_on_screen = true;
                call.quiet_until = quiet_until;
                std::mem::replace(&mut call.held, true) && !unholds
            }
            CallAction::Unmute if call.muted && wish.origin == Origin::User && now.mono < call.quiet_until => {
                // The system unmutes by itself when a call is connected, held or resumed. Nobody wanted that.
                return self.request(now, key, Wish { action: CallAction::Mute, ..Wish::default() }, None);
            }
            action => {
                let muted = action == CallAction::Mute;
                std::mem::replace(&mut call.muted, muted) == muted
            }
        };
        // Before the INVITE there is nothing to mute; it is told when there is. What the page has told is no news to it.
        if call.bound && !known {
            self.tell(now, wish, key);
        }
    }

    fn unhold(&mut self, now: Now, wish: Wish, key: CallKey) {
        let waits = self.waits_for(key, CallAction::Unhold);
        let quiet_until = now.mono.after(self.options.system_unmute_ms);
        let Some(call) = self.calls.get_mut(key) else { return };
        call.quiet_until = quiet_until;
        if !call.held && !waits {
            call.held_on_screen = false;
            return self.settle(wish.action_id, true);
        }
        self.hold_others(now, key);
        self.ask_in_time(now, wish, key);
    }

    /// Whether the page was asked for this and has not said yet.
    pub(super) fn waits_for(&self, key: CallKey, action: CallAction) -> bool {
        self.actions.iter().any(|waiting| waiting.key == key && waiting.wish.action == action)
    }

    /// Whether the system waits to hear whether a call may start.
    pub(super) fn waits_for_start(&self, key: CallKey) -> bool {
        let starts = |w: &Waiting| w.key == key && w.wish.action == CallAction::Start && w.open;
        self.actions.iter().any(starts)
    }

    /// Tells the page what is done; its answer changes nothing.
    pub(super) fn tell(&mut self, now: Now, wish: Wish, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let perform = perform(&call.uuid, wish);
        self.link.request(now, &perform, self.options.told_timeout_ms);
    }

    /// Asks the page for an action, which fails when its time is over.
    pub(super) fn ask_in_time(&mut self, now: Now, wish: Wish, key: CallKey) {
        let number = self.ask(now, wish, key, self.options.answer_timeout_ms, true);
        self.timers.set(Timer::Action(number), now.mono.after(self.options.answer_timeout_ms));
    }

    /// Notes an action and, unless the page may not know yet, asks for it.
    fn ask(&mut self, now: Now, wish: Wish, key: CallKey, deadline_ms: u64, tell: bool) -> u32 {
        let uuid = self.calls.get(key).map(|call| call.uuid.clone()).unwrap_or_default();
        self.next_action = self.next_action.wrapping_add(1);
        let number = self.next_action;
        let mut waiting = Waiting { number, wish, key, uuid, request: None, at: now.wall, open: true };
        if tell {
            waiting.request = Some(self.request_action(now, &waiting, deadline_ms));
        }
        self.actions.push(waiting);
        number
    }

    fn request_action(&mut self, now: Now, waiting: &Waiting, deadline_ms: u64) -> String {
        let mut message = perform(&waiting.uuid, waiting.wish.clone());
        if let Some(call) = self.calls.get(waiting.key).filter(|_| waiting.wish.action == CallAction::Start) {
            message.handle.clone_from(&call.dialled);
            message.video = Some(call.video);
        }
        self.link.request(now, &message, deadline_ms)
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
        let reply = self.link.value::<CallPerformReply>(incoming);
        let connected_at = reply.as_ref().and_then(|reply| reply.connected_at);
        let done = match reply.map(|reply| reply.state) {
            Some(PerformState::Pending) => return,
            state => state == Some(PerformState::Done),
        };
        let waiting = self.actions.remove(index);
        self.timers.clear(Timer::Action(waiting.number));
        let key = waiting.key;
        match waiting.wish.action {
            CallAction::Answer if done => {
                self.timers.clear(Timer::Invite(key));
                if let Some(call) = self.calls.get_mut(key) {
                    call.phase = Phase::Connected;
                    call.bound = true;
                }
                if waiting.open {
                    let connected_at = Some(connected_at.unwrap_or(now.wall));
                    self.effects.push_back(Effect::Fulfil { action_id: waiting.wish.action_id, connected_at });
                }
                self.hold_others(now, key);
            }
            CallAction::Answer => {
                if waiting.open {
                    self.settle(waiting.wish.action_id, false);
                }
                self.end_in_page(now, key);
                self.end(key, EndReason::Failed);
            }
            CallAction::Start if !done => self.start_failed(now, waiting.wish.action_id, key),
            CallAction::End => self.end_was_told(key),
            action => {
                if done {
                    self.change_done(key, action, waiting.wish.group_with.as_deref());
                }
                self.settle(waiting.wish.action_id, done);
            }
        }
    }

    /// The page has done what could have failed.
    fn change_done(&mut self, key: CallKey, action: CallAction, group_with: Option<&str>) {
        match action {
            CallAction::Unhold => {
                if let Some(call) = self.calls.get_mut(key) {
                    call.held = false;
                    call.held_on_screen = false;
                }
            }
            CallAction::Group => self.grouped(key, group_with),
            CallAction::Ungroup => {
                if let Some(call) = self.calls.get_mut(key) {
                    call.group = None;
                }
            }
            _ => {}
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
        if waiting.wish.action == CallAction::Start {
            self.tell_timed_out(now, &waiting);
            return self.start_failed(now, waiting.wish.action_id, waiting.key);
        }
        if waiting.open {
            self.settle(waiting.wish.action_id.clone(), false);
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
        let Some(index) = self.actions.iter().position(|waiting| waiting.wish.action_id == action_id) else { return };
        let waiting = self.actions.remove(index);
        if waiting.open && !self.rules.hold(Rule::TimeOutIsFinal) {
            self.settle(waiting.wish.action_id.clone(), false);
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
        match waiting.wish.action {
            CallAction::Answer | CallAction::Start => {
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
                action_id: waiting.wish.action_id.clone(),
                call_uuid: waiting.uuid.clone(),
                action: waiting.wish.action,
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
                self.settle(waiting.wish.action_id, false);
            }
        }
    }

    /// What the page still has to do for a call, for its snapshot.
    pub(super) fn pending_action(&self, key: CallKey) -> Option<PendingAction> {
        // Ring only: the page must not answer before it is asked to.
        let may_know = self.options.profile == Profile::HostMedia;
        let known = |waiting: &&Waiting| waiting.key == key && (may_know || waiting.request.is_some());
        let waiting = self.actions.iter().rev().find(known)?;
        Some(PendingAction { action_id: waiting.wish.action_id.clone(), action: waiting.wish.action, at: waiting.at })
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
                    let wish = self.wish(CallAction::End, Origin::User);
                    self.pass_on_end(now, key, wish, self.options.answer_timeout_ms);
                }
            }
            _ => {}
        }
        self.ask_what_was_held(now, key);
        if muted {
            let wish = self.wish(CallAction::Mute, Origin::User);
            self.tell(now, wish, key);
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
    pub(super) fn end_in_page(&mut self, now: Now, key: CallKey) {
        let rule = self.rules.hold(Rule::EndReachesPage);
        if self.calls.get(key).is_some_and(|call| rule && call.bound) {
            let wish = self.wish(CallAction::End, Origin::System);
            self.tell(now, wish, key);
        }
    }

    /// The system forgot every call: nothing is fulfilled, failed or ended there any more.
    pub(super) fn provider_reset(&mut self, now: Now) {
        for waiting in std::mem::take(&mut self.actions) {
            self.timers.clear(Timer::Action(waiting.number));
            if let Some(request) = &waiting.request {
                self.link.forget(request);
            }
        }
        self.forget_requests();
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

fn perform(call_uuid: &str, wish: Wish) -> CallPerform {
    CallPerform {
        action_id: wish.action_id,
        call_uuid: call_uuid.to_owned(),
        action: wish.action,
        origin: wish.origin,
        digits: wish.digits,
        group_with: wish.group_with,
        ..CallPerform::default()
    }
}
