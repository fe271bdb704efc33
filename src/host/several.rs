//! Calls beside each other: one talks and the others are held, unless they are a group.

use super::action::Wish;
use super::calls::{Call, CallKey, Phase, Report};
use super::{Host, Profile, Rule};
use crate::bridge::{CallAction, CallUi, Origin};
use crate::common::time::Now;

impl Host {
    /// Whether the system shows calls of ours. Where the page owns the audio it does not: they exclude each other.
    pub(super) fn shows_ours(&self) -> bool {
        self.options.profile == Profile::HostMedia
            && matches!(self.options.call_ui, CallUi::CallKit | CallUi::LiveCommunicationKit)
    }

    /// A call begins to talk: those that do are held, unless the user has seen to it.
    pub(super) fn hold_others(&mut self, now: Now, key: CallKey) {
        if !self.rules.hold(Rule::OneCallTalks) {
            return;
        }
        let group = self.calls.get(key).and_then(|call| call.group);
        let talks = |call: &&Call| {
            call.key != key && call.phase == Phase::Connected && !call.held && (group.is_none() || call.group != group)
        };
        let others: Vec<_> = self.calls.iter().filter(talks).map(|call| (call.key, call.report)).collect();
        for (other, report) in others {
            if report == Report::Shown {
                if !self.is_requested(other, CallAction::Hold) {
                    self.request(now, other, Wish { action: CallAction::Hold, ..Wish::default() }, None);
                }
                continue;
            }
            if let Some(call) = self.calls.get_mut(other) {
                call.held = true;
            }
            let wish = self.wish(CallAction::Hold, Origin::System);
            self.tell(now, wish, other);
        }
    }

    /// The page holds a call or does not any more. The system shows the same.
    pub(super) fn show_hold(&mut self, now: Now, key: CallKey, held: bool) {
        let Some(call) = self.calls.get_mut(key) else { return };
        call.held = held;
        let differs = call.held_on_screen != held && call.report == Report::Shown;
        let settles = [CallAction::Hold, CallAction::Unhold].into_iter().any(|action| self.is_requested(key, action))
            || self.waits_for(key, CallAction::Unhold);
        if differs && !settles {
            let action = if held { CallAction::Hold } else { CallAction::Unhold };
            self.request(now, key, Wish { action, ..Wish::default() }, None);
        }
    }

    /// How many groups the system shows; a call alone is one.
    pub(super) fn group_count(&self) -> u64 {
        let mut groups: Vec<u32> = Vec::new();
        let mut alone = 0;
        let shown = |call: &&Call| call.is_live() && matches!(call.report, Report::Pending | Report::Shown);
        for call in self.calls.iter().filter(shown) {
            match call.group {
                Some(group) if groups.contains(&group) => {}
                Some(group) => groups.push(group),
                None => alone += 1,
            }
        }
        alone + groups.len() as u64
    }

    /// Whether these two can be joined.
    pub(super) fn may_group(&self, key: CallKey, with: Option<&str>) -> bool {
        let up = |call: &&Call| call.phase == Phase::Connected;
        let call = self.calls.get(key).filter(up);
        let other = with.and_then(|uuid| self.calls.by_uuid(uuid)).filter(up);
        let (Some(call), Some(other)) = (call, other) else { return false };
        let size = |of: &Call| self.calls.iter().filter(|one| one.key == of.key || in_one(one, of)).count();
        let together = size(call) + if in_one(call, other) { 0 } else { size(other) };
        call.key != other.key && together as u64 <= self.options.maximum_calls_per_call_group
    }

    /// The page has joined them.
    pub(super) fn grouped(&mut self, key: CallKey, with: Option<&str>) {
        let other = with.and_then(|uuid| self.calls.by_uuid(uuid)).map(|call| (call.key, call.group));
        let Some((other, group)) = other else { return };
        self.next_group = self.next_group.wrapping_add(1);
        let group = group.unwrap_or(self.next_group);
        for key in [key, other] {
            if let Some(call) = self.calls.get_mut(key) {
                call.group = Some(group);
            }
        }
    }
}

fn in_one(a: &Call, b: &Call) -> bool {
    a.group.is_some() && a.group == b.group
}
