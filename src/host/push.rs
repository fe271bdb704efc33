//! A push: it is reported before anything else, then it waits for its INVITE.

use super::calls::{Call, CallKey, Phase, Report};
use super::{Effect, Host, Profile, PushCallId, Rule, Timer};
use crate::bridge::{
    CallIncomingReply, EndReason, Incoming, Launch, PushFacts, PushIncoming, PushIncomingReply, PushKind, PushOutcome,
    PushRefusal, PushResolved, PushToken, RawJson, ReportError, Reported, Supports, read_push,
};
use crate::common::time::Now;

/// What the app knows of a push besides its payload.
pub(super) struct Circumstances {
    pub must_report: bool,
    pub launch: Launch,
    pub locked: bool,
    pub unlocked_since_boot: bool,
}

impl Host {
    /// A push came. Its report is the first effect, whatever is in the payload.
    pub(super) fn push(&mut self, now: Now, payload: &str, how: Circumstances) {
        let mut facts = read_push(payload, &self.options.paths);
        if self.options.push_call_id == PushCallId::Rewritten {
            let call_id = facts.sip_call_id.take();
            facts.push_id = facts.push_id.or(call_id);
        }
        let known = self.calls.of_push(&facts).or_else(|| match facts.kind {
            // A call-off that names nobody means the one call that waits, if there is one only.
            PushKind::Call | PushKind::Unknown => None,
            _ if facts.sip_call_id.is_none() && facts.push_id.is_none() => self.calls.only_waiting(),
            _ => None,
        });
        if let Some(key) = known.filter(|_| self.rules.hold(Rule::PushJoinsCall)) {
            return self.push_again(now, key, &facts, &how);
        }
        let ended = match facts.kind {
            _ if !facts.readable => Some(EndReason::Failed),
            PushKind::Cancel => Some(EndReason::RemoteEnded),
            PushKind::AnsweredElsewhere => Some(EndReason::AnsweredElsewhere),
            PushKind::DeclinedElsewhere => Some(EndReason::DeclinedElsewhere),
            PushKind::Missed => Some(EndReason::Unanswered),
            PushKind::Call | PushKind::Unknown => {
                match self.calls.ended_of_push(&facts).filter(|_| self.rules.hold(Rule::PushOfTheOver)) {
                    // Its call was on here and is over: that is not a missed call.
                    Some(EndReason::Local | EndReason::RemoteEnded) => Some(EndReason::RemoteEnded),
                    Some(reason) => Some(reason),
                    None if facts.is_stale(now.wall) || self.calls.is_full() => Some(EndReason::Unanswered),
                    None => None,
                }
            }
        };
        if ended.is_some() && !how.must_report {
            return;
        }
        let uuid = self.random.uuid();
        let push = self.push_message(now, &uuid, &facts, &how);
        let key = self.calls.add(uuid, |call| {
            call.sip_call_id.clone_from(&facts.sip_call_id);
            call.account.clone_from(&facts.account);
            call.handle.clone_from(&facts.from_uri);
            call.display_name.clone_from(&facts.display_name);
            call.video = facts.video;
            call.push = Some(push);
        });
        self.report(now, key);
        if let Some(reason) = ended {
            return self.end(key, reason);
        }
        if !how.unlocked_since_boot {
            if let Some(call) = self.calls.get_mut(key) {
                call.sealed = true;
                call.push_posted = true;
            }
            self.timers.set(Timer::Invite(key), now.mono.after(self.options.sealed_ms));
            return;
        }
        if self.rules.hold(Rule::InviteLimit) {
            self.timers.set(Timer::Invite(key), now.mono.after(self.options.invite_timeout_ms));
        }
        self.keep_awake(now);
        self.wake_page(now, how.launch == Launch::Suspended);
    }

    /// Another push for a call that is there.
    fn push_again(&mut self, now: Now, key: CallKey, facts: &PushFacts, how: &Circumstances) {
        let Some(call) = self.calls.get(key) else { return };
        let uuid = call.uuid.clone();
        let (bound, shown) = (call.bound, matches!(call.report, Report::Pending | Report::Shown));
        if how.must_report && self.rules.hold(Rule::EveryPushIsReported) {
            // The system wants a report for each push. It knows this UUID, so nothing rings twice; where the call
            // is not shown any more, a call that ends at once stands in for it.
            if shown {
                self.effects.push_back(self.report_effect(key));
            } else {
                let phantom = self.random.uuid();
                let phantom = self.calls.add(phantom, |_| {});
                self.report(now, phantom);
                self.end(phantom, EndReason::AnsweredElsewhere);
            }
        }
        let reason = match facts.kind {
            PushKind::Cancel => EndReason::RemoteEnded,
            PushKind::AnsweredElsewhere => EndReason::AnsweredElsewhere,
            PushKind::DeclinedElsewhere => EndReason::DeclinedElsewhere,
            PushKind::Missed => EndReason::Unanswered,
            PushKind::Call | PushKind::Unknown => {
                let first = call_without_push(self.calls.get(key));
                self.update(key, facts.display_name.as_deref(), facts.from_uri.as_deref(), None);
                let push = self.push_message(now, &uuid, facts, how);
                if let Some(call) = self.calls.get_mut(key)
                    && first
                {
                    // The INVITE was first: the page hears which push it belongs to.
                    call.push = Some(push);
                    self.post_push(now, key);
                }
                return;
            }
        };
        // Of a call whose INVITE is there, SIP itself says how it ends.
        if !bound {
            let push = self.push_message(now, &uuid, facts, how);
            self.link.request(now, &push, self.options.invite_timeout_ms);
            self.tell_actions_timed_out(now, key);
            self.end(key, reason);
        }
    }

    fn push_message(&self, now: Now, uuid: &str, facts: &PushFacts, how: &Circumstances) -> PushIncoming {
        // One that has no id of its own is known by its call.
        let push_id = facts.push_id.clone().unwrap_or_else(|| uuid.to_owned());
        PushIncoming {
            push_id,
            call_uuid: uuid.to_owned(),
            account: facts.account.clone(),
            to_uri: facts.to_uri.clone(),
            kind: facts.kind,
            sip_call_id: facts.sip_call_id.clone(),
            from_uri: facts.from_uri.clone(),
            display_name: facts.display_name.clone(),
            video: facts.video,
            age_ms: facts.age_ms(now.wall),
            ttl_ms: facts.ttl_ms,
            launch: how.launch,
            locked: how.locked,
            reported: Reported { ok: true, error_code: None },
            must_report: how.must_report,
            raw: RawJson(facts.raw.clone()),
            invite_timeout_ms: self.options.invite_timeout_ms,
        }
    }

    /// Reports a call to the system and waits for what it says.
    pub(super) fn report(&mut self, now: Now, key: CallKey) {
        self.effects.push_back(self.report_effect(key));
        self.timers.set(Timer::Report(key), now.mono.after(self.options.report_timeout_ms));
    }

    fn report_effect(&self, key: CallKey) -> Effect {
        let call = self.calls.get(key);
        Effect::ReportIncoming {
            uuid: call.map(|call| call.uuid.clone()).unwrap_or_default(),
            display_name: call.and_then(|call| call.display_name.clone()),
            handle: call.and_then(|call| call.handle.clone()),
            video: self.shown_as_video(call),
            supports: call.map(|call| call.supports.clone()).unwrap_or_default(),
        }
    }

    /// Ring only: the system opens the app of a video call when it is answered, so every call is shown as one.
    fn shown_as_video(&self, call: Option<&Call>) -> bool {
        self.options.profile == Profile::PageMedia || call.is_some_and(|call| call.video)
    }

    /// What is known of a call changed.
    pub(super) fn update(
        &mut self,
        key: CallKey,
        display_name: Option<&str>,
        handle: Option<&str>,
        supports: Option<&Supports>,
    ) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let shown = |call: &Call| (call.display_name.clone(), call.handle.clone(), call.supports.clone());
        let before = shown(call);
        if let Some(name) = display_name {
            call.display_name = Some(name.to_owned());
        }
        if let Some(handle) = handle {
            call.handle = Some(handle.to_owned());
        }
        if let Some(supports) = supports {
            call.supports = supports.clone();
        }
        if before == shown(call) || !matches!(call.report, Report::Pending | Report::Shown) {
            return;
        }
        self.show_update(key);
    }

    pub(super) fn show_update(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        self.effects.push_back(Effect::UpdateCall {
            uuid: call.uuid.clone(),
            display_name: call.display_name.clone(),
            handle: call.handle.clone(),
            video: self.shown_as_video(Some(call)),
            supports: call.supports.clone(),
        });
    }

    /// The system says how it took a report.
    pub(super) fn reported(&mut self, now: Now, uuid: &str, error: Option<ReportError>) {
        // That the UUID is known means that the system shows the call.
        let error = error.filter(|error| *error != ReportError::UuidExists);
        if let Some(key) = self.calls.by_uuid(uuid).map(|call| call.key) {
            self.report_settled(now, key, error);
        }
    }

    /// The report counts as taken or refused. Later word of the same call changes nothing.
    pub(super) fn report_settled(&mut self, now: Now, key: CallKey, error: Option<ReportError>) {
        self.timers.clear(Timer::Report(key));
        let Some(call) = self.calls.get_mut(key).filter(|call| call.report == Report::Pending) else { return };
        call.report = error.map_or(Report::Shown, Report::Refused);
        if let Phase::Over(reason) = call.phase {
            return self.end(key, reason);
        }
        let asked = call.asked.take();
        let reply = CallIncomingReply { call_uuid: call.uuid.clone(), error, ..CallIncomingReply::default() };
        if let Some((re, call_match)) = asked {
            self.link.reply(now, &re, &CallIncomingReply { call_match, ..reply });
        }
        self.post_push(now, key);
        self.answered_in_page(now, key);
    }

    /// Tells the page of the push, once it is known how the system took it.
    pub(super) fn post_push(&mut self, now: Now, key: CallKey) {
        let left = self.timers.get(Timer::Invite(key)).map(|at| at.since(now.mono));
        let left = left.unwrap_or(self.options.invite_timeout_ms);
        let Some(call) = self.calls.get_mut(key) else { return };
        let error = match call.report {
            Report::Pending => return,
            Report::Refused(error) => Some(error.name().to_owned()),
            Report::Shown | Report::Gone => None,
        };
        let Some(push) = call.push.as_mut().filter(|_| !call.push_posted) else { return };
        push.reported = Reported { ok: error.is_none(), error_code: error };
        push.invite_timeout_ms = left;
        call.push_posted = true;
        call.push_request = Some(self.link.request(now, push, left.max(1)));
    }

    /// The page's answer to a push.
    pub(super) fn push_replied(&mut self, now: Now, incoming: &Incoming) {
        let request = incoming.re.as_deref();
        let found = self.calls.iter().find(|call| call.push_request.as_deref() == request && request.is_some());
        let Some(key) = found.map(|call| call.key) else { return };
        if let Some(call) = self.calls.get_mut(key) {
            call.push_request = None;
        }
        let Some(reply) = self.link.value::<PushIncomingReply>(incoming) else { return };
        let Some(call) = self.calls.get(key) else { return };
        match (reply.bound_call_uuid, reply.reason) {
            // It knows the push, and waits for the INVITE as we do.
            (Some(bound), Some(PushRefusal::Duplicate)) if bound.eq_ignore_ascii_case(&call.uuid) => {}
            (Some(bound), _) if bound.eq_ignore_ascii_case(&call.uuid) => self.bind(now, key),
            // The INVITE was first and rings under another UUID.
            (Some(_), _) if !call.bound => self.end(key, EndReason::AnsweredElsewhere),
            (None, Some(reason)) if !reply.accepted && !call.bound => match reason {
                PushRefusal::Duplicate => {}
                PushRefusal::AlreadyActive => self.end(key, EndReason::AnsweredElsewhere),
                PushRefusal::Ended => self.end(key, EndReason::Unanswered),
                PushRefusal::UnknownAccount | PushRefusal::Unknown => self.end(key, EndReason::Failed),
            },
            _ => {}
        }
    }

    /// The page says what became of a push. A call whose INVITE is there ends by its own messages only.
    pub(super) fn push_resolved(&mut self, now: Now, resolved: &PushResolved) {
        let Some(call) = self.calls.by_uuid(&resolved.call_uuid).filter(|call| call.is_live()) else { return };
        let (key, answered) = (call.key, call.phase == Phase::Answered);
        if resolved.outcome == PushOutcome::Bound {
            return self.bind(now, key);
        }
        if call.bound {
            return;
        }
        let reason = match resolved.outcome {
            PushOutcome::Cancelled => EndReason::RemoteEnded,
            PushOutcome::AnsweredElsewhere => EndReason::AnsweredElsewhere,
            PushOutcome::DeclinedElsewhere => EndReason::DeclinedElsewhere,
            PushOutcome::NoCall if !answered => EndReason::Unanswered,
            _ => EndReason::Failed,
        };
        self.end(key, reason);
    }

    /// The INVITE did not come in time.
    pub(super) fn invite_missing(&mut self, now: Now, key: CallKey) {
        let Some(call) = self.calls.get(key) else { return };
        let (sealed, phase, name) = (call.sealed, call.phase, call.display_name.clone());
        if sealed {
            self.effects.push_back(Effect::MissedCall { display_name: name });
        }
        self.tell_actions_timed_out(now, key);
        let reason = match phase {
            Phase::Answered => EndReason::Failed,
            Phase::Declined => EndReason::Local,
            _ => EndReason::Unanswered,
        };
        self.end(key, reason);
    }

    /// A push token came, changed or died.
    pub(super) fn token(&mut self, now: Now, token: PushToken) {
        self.link.event(now, &token);
        self.tokens.retain(|known| known.kind != token.kind);
        self.tokens.push(token);
    }
}

fn call_without_push(call: Option<&Call>) -> bool {
    call.is_some_and(|call| call.push.is_none())
}
