//! Media that was lost while the call goes on: ICE is started anew a few times, and then the call is over.

use crate::common::time::Mono;

/// How long media may be disconnected before something is done: short gaps close by themselves.
const PATIENCE_MS: u64 = 3_000;
/// The pause between two attempts.
const PAUSE_MS: u64 = 10_000;
/// How long an attempt is put off at a time while the server is asked whether the flow works.
const DOUBT_MS: u64 = 250;
/// Attempts before the call is given up.
const ATTEMPTS: u8 = 3;
/// How long the repair may take while signalling works.
const GRACE_MS: u64 = 30_000;
/// How long a call lives that has neither media nor a flow.
const ADRIFT_MS: u64 = 120_000;

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Wait.
    None,
    /// Offer with a restart of ICE.
    Restart,
    /// Give the call up.
    GiveUp,
}

/// The repair of one call's media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Repair {
    /// Since when there is neither media nor a success.
    lost_at: Mono,
    /// Since when signalling could help.
    since: Mono,
    next: Mono,
    attempts: u8,
}

impl Repair {
    /// Media is disconnected; it may come back by itself.
    pub(crate) fn disconnected(now: Mono) -> Self {
        Self { lost_at: now, since: now, next: now.after(PATIENCE_MS), attempts: 0 }
    }

    /// ICE has failed: it does not come back by itself.
    pub(crate) fn failed(&mut self, now: Mono) {
        if self.attempts == 0 {
            self.next = now;
        }
    }

    /// Whether signalling works is being found out: a moment.
    pub(crate) fn put_off(&mut self, now: Mono) {
        self.next = self.next.max(now.after(DOUBT_MS));
    }

    /// There is a new flow, and the offer that is sent over it restarts ICE.
    pub(crate) fn flow_renewed(&mut self, now: Mono) {
        self.since = now;
        self.next = now.after(PAUSE_MS);
        self.attempts = 1;
    }

    /// What is due. Without a flow nothing but the end is.
    pub(crate) fn timeout(&mut self, now: Mono, adrift: bool) -> Measure {
        if self.lost_at.after(ADRIFT_MS) <= now {
            return Measure::GiveUp;
        }
        if adrift {
            return Measure::None;
        }
        if self.since.after(GRACE_MS) <= now || (self.next <= now && self.attempts >= ATTEMPTS) {
            return Measure::GiveUp;
        }
        if self.next > now {
            return Measure::None;
        }
        self.attempts += 1;
        self.next = now.after(PAUSE_MS);
        Measure::Restart
    }

    pub(crate) fn next_timeout(&self, adrift: bool) -> Mono {
        let end = self.lost_at.after(ADRIFT_MS);
        if adrift { end } else { end.min(self.next).min(self.since.after(GRACE_MS)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Mono = Mono(5_000);

    #[test]
    fn a_short_gap_is_waited_out_and_then_ice_starts_anew() {
        let mut repair = Repair::disconnected(NOW);
        assert_eq!(repair.timeout(NOW.after(2_999), false), Measure::None);
        assert_eq!(repair.next_timeout(false), NOW.after(3_000));
        assert_eq!(repair.timeout(NOW.after(3_000), false), Measure::Restart);
        assert_eq!(repair.timeout(NOW.after(3_001), false), Measure::None);
        assert_eq!(repair.timeout(NOW.after(13_000), false), Measure::Restart);
        assert_eq!(repair.timeout(NOW.after(30_000), false), Measure::GiveUp);
    }

    #[test]
    fn a_failure_is_not_waited_out() {
        let mut repair = Repair::disconnected(NOW);
        repair.failed(NOW.after(1));
        assert_eq!(repair.timeout(NOW.after(1), false), Measure::Restart);
        repair.failed(NOW.after(2));
        assert_eq!(repair.timeout(NOW.after(2), false), Measure::None, "one attempt at a time");
    }

    #[test]
    fn without_a_flow_it_waits_for_one_but_not_for_ever() {
        let mut repair = Repair::disconnected(NOW);
        assert_eq!(repair.timeout(NOW.after(60_000), true), Measure::None);
        assert_eq!(repair.next_timeout(true), NOW.after(120_000));
        repair.flow_renewed(NOW.after(60_000));
        assert_eq!(repair.timeout(NOW.after(60_001), false), Measure::None);
        assert_eq!(repair.timeout(NOW.after(70_000), false), Measure::Restart);
        assert_eq!(repair.timeout(NOW.after(90_000), false), Measure::GiveUp);
        assert_eq!(Repair::disconnected(NOW).timeout(NOW.after(120_000), true), Measure::GiveUp);
    }
}
