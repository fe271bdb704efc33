//! One subscription of ours (RFC 6665 section 4.1), as a machine without messages: it is told what came, and says what
//! is due. It outlives its dialogs: where the notifier lets go of one, another is made, as far as its reason allows.

use crate::common::time::Mono;

/// Timer N of section 4.1.2: how long a NOTIFY may take after the SUBSCRIBE that wants it, in milliseconds.
const NOTIFY_MS: u64 = 32_000;
/// The first pause before another attempt, in milliseconds; it doubles with each failure.
const FIRST_PAUSE_MS: u64 = 5_000;
/// The longest pause, unless the notifier names a longer one, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 600_000;
/// A subscription that lived so long has proved itself: the next failure of it is the first again, in milliseconds.
const PROVED_MS: u64 = 60_000;

/// Where a subscription is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// SUBSCRIBE has left or was accepted; no NOTIFY yet.
    Waiting,
    /// The notifier waits for somebody's permission.
    Pending,
    /// State comes.
    Active,
    /// There is none at present; another is made.
    Lost,
    /// Over, and no other is made.
    Over,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// SUBSCRIBE in the dialog, with this Expires: a refresh, or with 0 the end.
    Refresh(u32),
    /// SUBSCRIBE outside any dialog, with this Expires.
    Anew(u32),
    /// Nobody sent the NOTIFY that would have made it or ended it.
    Silent,
}

/// What a refusal or the end of a dialog means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on, with what is due next.
    GoesOn,
    /// It is lost for the moment; another is made.
    Lost,
    /// It is over.
    Over,
}

/// What a NOTIFY says about the subscription itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word<'a> {
    /// `active`, or a state that we do not know.
    Active,
    /// `pending`.
    Pending,
    /// `terminated`, with reason and pause.
    Terminated {
        /// Why.
        reason: Option<&'a str>,
        /// How long to stay away, in seconds.
        retry_after: Option<u32>,
    },
}

/// One subscription of ours.
#[derive(Debug, Clone)]
pub struct Subscription {
    phase: Phase,
    /// Seconds to ask for.
    asked: u32,
    /// There was one: whoever asked knows, and failures are ours to repair.
    established: bool,
    ending: bool,
    in_flight: bool,
    failures: u8,
    since: Mono,
    notify_by: Option<Mono>,
    refresh_at: Option<Mono>,
    expires_at: Option<Mono>,
    retry_at: Option<Mono>,
}

impl Subscription {
    /// A subscription for `seconds`; the SUBSCRIBE is due at once.
    #[must_use]
    pub fn new(now: Mono, seconds: u32) -> Self {
        Self {
            phase: Phase::Waiting,
            asked: seconds,
            established: false,
            ending: false,
            in_flight: false,
            failures: 0,
            since: now,
            notify_by: None,
            refresh_at: None,
            expires_at: None,
            retry_at: Some(now),
        }
    }

    /// Where it is.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether the application wants it to end.
    #[must_use]
    pub const fn is_ending(&self) -> bool {
        self.ending
    }

    /// Whether it was accepted before.
    #[must_use]
    pub const fn is_established(&self) -> bool {
        self.established
    }

    /// What is due now; `ready` says whether a request can leave. A SUBSCRIBE that is named counts as sent.
    pub fn due(&mut self, now: Mono, ready: bool) -> Option<Step> {
        let passed = |at: Option<Mono>| at.is_some_and(|at| at <= now);
        if self.phase == Phase::Over {
            return None;
        }
        if passed(self.notify_by) {
            self.notify_by = None;
            if self.ending || self.asked == 0 {
                self.phase = Phase::Over;
                return Some(Step::Silent);
            }
            if self.phase == Phase::Waiting && !self.in_flight {
                self.lose(now, None);
                return Some(Step::Silent);
            }
        }
        if passed(self.expires_at) && !self.in_flight {
            if self.asked == 0 {
                self.phase = Phase::Over;
                return Some(Step::Silent);
            }
            // Its time is over without a word; the notifier has forgotten it by now (section 4.1.2).
            self.lose(now, Some(0));
        }
        if !ready || self.in_flight {
            return None;
        }
        if passed(self.retry_at) {
            self.retry_at = None;
            self.send(now);
            self.phase = Phase::Waiting;
            self.notify_by = Some(now.after(NOTIFY_MS));
            return Some(Step::Anew(self.asked));
        }
        if passed(self.refresh_at) {
            self.refresh_at = None;
            self.send(now);
            if self.ending {
                // The end, too, has a NOTIFY of its own (section 4.1.2.3).
                self.notify_by = Some(now.after(NOTIFY_MS));
            }
            return Some(Step::Refresh(if self.ending { 0 } else { self.asked }));
        }
        None
    }

    fn send(&mut self, now: Mono) {
        self.in_flight = true;
        if self.phase == Phase::Lost {
            self.since = now;
        }
    }

    /// When time matters.
    #[must_use]
    pub fn next_timeout(&self, ready: bool) -> Option<Mono> {
        let free = !self.in_flight;
        [
            self.notify_by,
            self.expires_at.filter(|_| free),
            self.refresh_at.filter(|_| free && ready),
            self.retry_at.filter(|_| free && ready),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The SUBSCRIBE was accepted, for `seconds` where the response says so. More than was asked for is not believed.
    pub fn accepted(&mut self, now: Mono, seconds: Option<u32>) {
        self.in_flight = false;
        self.failures = if now.since(self.since) >= PROVED_MS { 0 } else { self.failures };
        self.established = true;
        if self.ending || self.phase == Phase::Over {
            return;
        }
        self.lives(now, seconds.map_or(self.asked, |seconds| seconds.min(self.asked)));
    }

    fn lives(&mut self, now: Mono, seconds: u32) {
        if seconds == 0 {
            // The state of this moment was all; its NOTIFY ends it, and if it does not, then time does.
            self.refresh_at = None;
            self.expires_at = Some(now.after(NOTIFY_MS));
            return;
        }
        let ms = u64::from(seconds) * 1000;
        self.expires_at = Some(now.after(ms));
        // A tenth before the end, at least five seconds; of very short ones in the middle.
        let early = (ms / 10).clamp(5_000, 60_000).min(ms / 2);
        self.refresh_at = Some(now.after(ms - early));
    }

    /// The SUBSCRIBE was refused.
    pub fn refused(&mut self, now: Mono, status: u16, retry_after: Option<u32>, min_expires: Option<u32>) -> Verdict {
        self.in_flight = false;
        if self.ending {
            // 481 and all others alike: there is nothing left to end.
            self.phase = Phase::Over;
            return Verdict::Over;
        }
        if let (423, Some(seconds)) = (status, min_expires.filter(|seconds| *seconds > self.asked)) {
            self.asked = seconds;
            let at = if self.phase == Phase::Waiting { &mut self.retry_at } else { &mut self.refresh_at };
            *at = Some(now);
            return Verdict::GoesOn;
        }
        let again = retry_after.is_some() || matches!(status, 408 | 500..=599) && !matches!(status, 501 | 505 | 555);
        match self.phase {
            Phase::Pending | Phase::Active if status == 481 => {
                self.lose(now, Some(0));
                Verdict::Lost
            }
            // Section 4.1.2.2: these end the subscription.
            Phase::Pending | Phase::Active if matches!(status, 401 | 403..=407 | 410 | 416 | 480..=489 | 501 | 604) => {
                self.phase = Phase::Over;
                Verdict::Over
            }
            // All others leave it as it is, until its time is over.
            Phase::Pending | Phase::Active => {
                let pause = self.pause(retry_after);
                self.refresh_at = Some(now.after(pause));
                Verdict::GoesOn
            }
            _ if self.established && again => {
                self.lose(now, retry_after);
                Verdict::Lost
            }
            _ => {
                self.phase = Phase::Over;
                Verdict::Over
            }
        }
    }

    /// The SUBSCRIBE found no answer: its flow is gone, or nobody answered in time.
    pub fn failed(&mut self, now: Mono, flow_lost: bool) -> Verdict {
        self.in_flight = false;
        if self.ending {
            self.phase = Phase::Over;
            return Verdict::Over;
        }
        match self.phase {
            Phase::Pending | Phase::Active => {
                // On the next flow at once; the far end has to learn where we are in any case.
                let pause = if flow_lost { 0 } else { self.pause(None) };
                self.refresh_at = Some(now.after(pause));
                Verdict::GoesOn
            }
            _ if self.established => {
                self.lose(now, flow_lost.then_some(0));
                Verdict::Lost
            }
            _ => {
                self.phase = Phase::Over;
                Verdict::Over
            }
        }
    }

    /// There is another flow: the far end has to learn where we are now.
    pub fn moved(&mut self, now: Mono) {
        match self.phase {
            Phase::Pending | Phase::Active => self.refresh_at = Some(now),
            // What was accepted on the old flow gets its NOTIFY there, which is nowhere.
            Phase::Waiting if self.established && !self.in_flight => self.lose(now, Some(0)),
            _ => {}
        }
    }

    /// A NOTIFY came.
    pub fn notified(&mut self, now: Mono, word: Word<'_>, seconds: Option<u32>) -> Verdict {
        if self.phase == Phase::Over {
            return Verdict::Over;
        }
        if let Word::Terminated { reason, retry_after } = word {
            self.established = true;
            return self.terminated(now, reason, retry_after);
        }
        self.phase = if word == Word::Pending { Phase::Pending } else { Phase::Active };
        self.established = true;
        if self.ending {
            return Verdict::GoesOn;
        }
        self.notify_by = None;
        self.retry_at = None;
        match seconds {
            Some(seconds) => self.lives(now, seconds.min(self.asked)),
            None if self.expires_at.is_none() => self.lives(now, self.asked),
            None => {}
        }
        Verdict::GoesOn
    }

    /// Section 4.1.3: what each reason allows.
    fn terminated(&mut self, now: Mono, reason: Option<&str>, retry_after: Option<u32>) -> Verdict {
        let reason = reason.unwrap_or_default();
        let is = |name: &str| reason.eq_ignore_ascii_case(name);
        // A state that was asked for once ends with its first NOTIFY.
        if self.ending || self.asked == 0 || is("rejected") || is("noresource") || is("invariant") {
            self.phase = Phase::Over;
            return Verdict::Over;
        }
        let at_once = is("deactivated") || is("timeout");
        let after = if at_once && self.has_proved_itself(now) { Some(0) } else { retry_after.filter(|_| !at_once) };
        self.lose(now, after);
        Verdict::Lost
    }

    fn has_proved_itself(&mut self, now: Mono) -> bool {
        if now.since(self.since) >= PROVED_MS {
            self.failures = 0;
        }
        self.failures == 0
    }

    /// There is none any more; another is due after `seconds`, or after a pause that grows with each failure.
    fn lose(&mut self, now: Mono, seconds: Option<u32>) {
        let first = self.has_proved_itself(now);
        let pause = match seconds {
            Some(0) if first => {
                self.failures = 1;
                0
            }
            Some(0) | None => self.pause(None),
            Some(_) => self.pause(seconds),
        };
        self.phase = Phase::Lost;
        self.notify_by = None;
        self.refresh_at = None;
        self.expires_at = None;
        self.retry_at = Some(now.after(pause));
        self.since = now;
    }

    fn pause(&mut self, retry_after: Option<u32>) -> u64 {
        let own = (FIRST_PAUSE_MS << self.failures.min(10)).min(LONGEST_PAUSE_MS);
        self.failures = self.failures.saturating_add(1);
        retry_after.map_or(own, |seconds| u64::from(seconds) * 1000)
    }

    /// The application wants no more. False where there is nothing to tell the notifier: it is over at once.
    pub fn unsubscribe(&mut self, now: Mono) -> bool {
        self.ending = true;
        self.retry_at = None;
        match self.phase {
            Phase::Pending | Phase::Active => {
                self.expires_at = None;
                self.refresh_at = Some(now);
                // Without a flow nothing can be said; then its own time ends it.
                self.notify_by = Some(now.after(NOTIFY_MS));
                true
            }
            // The first NOTIFY would make a dialog that nobody wants: it gets 481, and that ends it.
            Phase::Waiting | Phase::Lost | Phase::Over => {
                self.phase = Phase::Over;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Mono = Mono(1_000);

    fn active(seconds: u32) -> Subscription {
        let mut subscription = Subscription::new(START, seconds);
        assert_eq!(subscription.due(START, true), Some(Step::Anew(seconds)));
        subscription.accepted(START, None);
        assert_eq!(subscription.notified(START, Word::Active, Some(seconds)), Verdict::GoesOn);
        subscription
    }

    fn ended(reason: Option<&str>, retry_after: Option<u32>, lived_ms: u64) -> (Subscription, Verdict, Mono) {
        let mut subscription = active(3600);
        let now = START.after(lived_ms);
        let verdict = subscription.notified(now, Word::Terminated { reason, retry_after }, None);
        (subscription, verdict, now)
    }

    /// RFC 6665 4.1.2.1: SUBSCRIBE, its 2xx, the NOTIFY that makes the subscription.
    #[test]
    fn a_subscription_is_made_by_its_first_notify() {
        let mut subscription = Subscription::new(START, 600);
        assert_eq!(subscription.due(START, false), None, "there is no flow");
        assert_eq!(subscription.due(START, true), Some(Step::Anew(600)));
        subscription.accepted(START, Some(600));
        assert_eq!(subscription.phase(), Phase::Waiting);
        subscription.notified(START, Word::Pending, Some(600));
        assert_eq!(subscription.phase(), Phase::Pending);
        subscription.notified(START, Word::Active, Some(500));
        assert_eq!(subscription.phase(), Phase::Active);
    }

    /// RFC 6665 4.1.2.4: the NOTIFY may overtake the 2xx.
    #[test]
    fn a_notify_may_come_before_the_2xx() {
        let mut subscription = Subscription::new(START, 600);
        subscription.due(START, true);
        subscription.notified(START, Word::Active, Some(300));
        assert_eq!(subscription.phase(), Phase::Active);
        subscription.accepted(START, Some(300));
        assert_eq!(subscription.next_timeout(true), Some(START.after(270_000)));
    }

    /// RFC 6665 4.1.2: Timer N.
    #[test]
    fn without_a_notify_there_is_no_subscription() {
        let mut subscription = Subscription::new(START, 600);
        subscription.due(START, true);
        subscription.accepted(START, None);
        assert_eq!(subscription.due(START.after(31_999), true), None);
        assert_eq!(subscription.due(START.after(32_000), true), Some(Step::Silent));
        assert_eq!(subscription.phase(), Phase::Lost);
        assert_eq!(subscription.due(START.after(32_000 + FIRST_PAUSE_MS), true), Some(Step::Anew(600)));
    }

    /// RFC 6665 4.1.2.2: it is refreshed before its time is over.
    #[test]
    fn it_is_refreshed_before_it_expires() {
        let mut subscription = active(600);
        assert_eq!(subscription.due(START.after(539_000), true), None);
        assert_eq!(subscription.due(START.after(540_000), true), Some(Step::Refresh(600)));
        assert_eq!(subscription.due(START.after(541_000), true), None, "one at a time");
        subscription.accepted(START.after(541_000), Some(300));
        assert_eq!(subscription.next_timeout(true), Some(START.after(541_000 + 270_000)));
    }

    #[test]
    fn a_notifier_cannot_make_it_longer_than_was_asked_for() {
        let mut subscription = active(600);
        subscription.notified(START, Word::Active, Some(u32::MAX));
        assert_eq!(subscription.next_timeout(true), Some(START.after(540_000)));
        subscription.notified(START, Word::Active, Some(4));
        assert_eq!(subscription.next_timeout(true), Some(START.after(2_000)), "short ones in the middle");
    }

    /// RFC 6665 4.2.1.1: 423 with Min-Expires.
    #[test]
    fn too_brief_an_expiry_is_asked_for_again_as_long_as_wanted() {
        let mut subscription = Subscription::new(START, 30);
        subscription.due(START, true);
        assert_eq!(subscription.refused(START, 423, None, Some(60)), Verdict::GoesOn);
        assert_eq!(subscription.due(START, true), Some(Step::Anew(60)));
        assert_eq!(subscription.refused(START, 423, None, Some(60)), Verdict::Over, "it has asked for that");
    }

    #[test]
    fn a_first_refusal_is_final() {
        for (status, after) in [(403, None), (489, None), (503, Some(3)), (481, None)] {
            let mut subscription = Subscription::new(START, 600);
            subscription.due(START, true);
            assert_eq!(subscription.refused(START, status, after, None), Verdict::Over, "{status}");
            assert_eq!(subscription.next_timeout(true).filter(|_| subscription.phase() != Phase::Over), None);
        }
    }

    /// RFC 6665 4.1.2.2: which refusals of a refresh end a subscription, and which do not.
    #[test]
    fn a_refused_refresh_ends_it_only_where_the_status_says_so() {
        let refused = |status, after| {
            let mut subscription = active(600);
            let now = START.after(540_000);
            subscription.due(now, true);
            (subscription.refused(now, status, after, None), subscription, now)
        };
        for status in [404, 405, 410, 416, 480, 484, 485, 489, 501, 604, 403] {
            assert_eq!(refused(status, None).0, Verdict::Over, "{status}");
        }
        let (verdict, mut subscription, now) = refused(503, Some(20));
        assert_eq!((verdict, subscription.phase()), (Verdict::GoesOn, Phase::Active));
        assert_eq!(subscription.due(now.after(20_000), true), Some(Step::Refresh(600)));
        let (verdict, mut subscription, now) = refused(481, None);
        assert_eq!((verdict, subscription.phase()), (Verdict::Lost, Phase::Lost));
        assert_eq!(subscription.due(now, true), Some(Step::Anew(600)), "the notifier has lost it: another at once");
    }

    #[test]
    fn a_refresh_that_fails_until_the_end_is_followed_by_another_subscription() {
        let mut subscription = active(600);
        let mut now = START.after(540_000);
        let mut refreshed = 0;
        loop {
            match subscription.due(now, true) {
                Some(Step::Refresh(_)) => {
                    refreshed += 1;
                    subscription.failed(now, false);
                }
                Some(step) => {
                    assert_eq!(step, Step::Anew(600));
                    break;
                }
                None => now = subscription.next_timeout(true).unwrap(),
            }
        }
        assert!(refreshed > 1 && now == START.after(600_000), "{refreshed} {now:?}");
    }

    /// RFC 6665 4.1.3: deactivated, timeout: at once.
    #[test]
    fn reasons_that_allow_another_at_once() {
        for reason in ["deactivated", "timeout", "Deactivated"] {
            let (mut subscription, verdict, now) = ended(Some(reason), None, 100_000);
            assert_eq!(verdict, Verdict::Lost, "{reason}");
            assert_eq!(subscription.due(now, true), Some(Step::Anew(3600)), "{reason}");
        }
    }

    /// RFC 6665 4.1.3: probation, giveup and unknown reasons: later, and not before retry-after.
    #[test]
    fn reasons_that_allow_another_later() {
        for reason in [Some("probation"), Some("giveup"), Some("whatever"), None] {
            let (mut subscription, verdict, now) = ended(reason, Some(30), 100_000);
            assert_eq!(verdict, Verdict::Lost);
            assert_eq!(subscription.due(now.after(29_999), true), None);
            assert_eq!(subscription.due(now.after(30_000), true), Some(Step::Anew(3600)));
            let (subscription, ..) = ended(reason, None, 100_000);
            assert_eq!(subscription.next_timeout(true), Some(now.after(FIRST_PAUSE_MS)));
        }
    }

    /// RFC 6665 4.1.3: rejected, noresource and invariant: never, whatever retry-after says.
    #[test]
    fn reasons_that_allow_no_other() {
        for reason in ["rejected", "noresource", "invariant"] {
            let (mut subscription, verdict, now) = ended(Some(reason), Some(1), 100_000);
            assert_eq!(verdict, Verdict::Over, "{reason}");
            assert_eq!(subscription.due(now.after(1_000_000), true), None);
        }
    }

    #[test]
    fn a_notifier_that_ends_every_subscription_at_once_is_asked_less_and_less() {
        let mut subscription = active(3600);
        let mut now = START;
        let mut pauses = Vec::new();
        for _ in 0..10 {
            subscription.notified(now, Word::Terminated { reason: Some("deactivated"), retry_after: None }, None);
            let at = subscription.next_timeout(true).unwrap();
            pauses.push(at.since(now));
            now = at;
            assert_eq!(subscription.due(now, true), Some(Step::Anew(3600)));
            subscription.accepted(now, None);
        }
        assert!(pauses.is_sorted() && pauses[0] == 0 && pauses[1] >= FIRST_PAUSE_MS, "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= LONGEST_PAUSE_MS));
    }

    /// RFC 6665 4.1.2.3: SUBSCRIBE with Expires: 0, and the last NOTIFY.
    #[test]
    fn the_end_is_a_subscribe_with_nought_and_a_last_notify() {
        let mut subscription = active(600);
        assert!(subscription.unsubscribe(START));
        assert_eq!(subscription.due(START, true), Some(Step::Refresh(0)));
        subscription.accepted(START, Some(0));
        assert_eq!(subscription.phase(), Phase::Active);
        let last = Word::Terminated { reason: Some("timeout"), retry_after: None };
        assert_eq!(subscription.notified(START, last, None), Verdict::Over);
    }

    #[test]
    fn the_end_does_not_wait_for_a_last_notify_for_ever() {
        for ready in [true, false] {
            let mut subscription = active(600);
            subscription.unsubscribe(START);
            assert_eq!(subscription.due(START, ready).is_some(), ready);
            if ready {
                subscription.accepted(START, Some(0));
            }
            assert_eq!(subscription.due(START.after(NOTIFY_MS), ready), Some(Step::Silent));
            assert_eq!(subscription.phase(), Phase::Over);
        }
    }

    #[test]
    fn what_is_not_there_yet_or_any_more_ends_at_once() {
        let mut subscription = Subscription::new(START, 600);
        subscription.due(START, true);
        assert!(!subscription.unsubscribe(START));
        assert_eq!(subscription.notified(START, Word::Active, None), Verdict::Over);
    }

    #[test]
    fn another_flow_is_told_at_once() {
        let mut subscription = active(600);
        assert_eq!(subscription.failed(START, true), Verdict::GoesOn);
        assert_eq!(subscription.due(START, false), None);
        subscription.moved(START.after(9_000));
        assert_eq!(subscription.due(START.after(9_000), true), Some(Step::Refresh(600)));
    }

    #[test]
    fn what_expired_without_a_flow_is_made_anew() {
        let mut subscription = active(600);
        assert_eq!(subscription.due(START.after(600_000), false), None);
        assert_eq!(subscription.phase(), Phase::Lost);
        assert_eq!(subscription.next_timeout(false), None, "nothing to wait for but a flow");
        assert_eq!(subscription.due(START.after(700_000), true), Some(Step::Anew(600)));
    }

    /// RFC 6665 4.4.3: a state is polled with Expires: 0.
    #[test]
    fn a_state_that_is_asked_for_once_ends_with_its_notify() {
        let mut subscription = Subscription::new(START, 0);
        assert_eq!(subscription.due(START, true), Some(Step::Anew(0)));
        subscription.accepted(START, Some(0));
        assert_eq!(subscription.due(START.after(1), true), None);
        let last = Word::Terminated { reason: Some("timeout"), retry_after: None };
        assert_eq!(subscription.clone().notified(START, last, None), Verdict::Over);
        assert_eq!(subscription.due(START.after(NOTIFY_MS), true), Some(Step::Silent));
        assert_eq!(subscription.phase(), Phase::Over);
    }

    /// Whatever happens in whatever order: a subscription that is not over waits for an answer, for a time or for a
    /// flow, and what is due is over once it was done.
    #[test]
    fn no_sequence_of_events_leaves_it_stuck_or_spinning() {
        let mut random = crate::common::random::Random::new(crate::common::random::Seeded(5));
        let mut reached = [0_u32; 5];
        for round in 0..2_000 {
            let mut now = START;
            let mut subscription = Subscription::new(now, if round % 7 == 0 { 0 } else { 600 });
            for _ in 0..60 {
                let ready = random.below(4) > 0;
                match random.below(9) {
                    0 => subscription.accepted(now, Some(random.below(900) as u32)),
                    1 => {
                        let status = [401, 403, 404, 408, 423, 481, 489, 500, 503][random.below(9) as usize];
                        let after = (random.below(2) == 0).then_some(7);
                        subscription.refused(now, status, after, Some(random.below(1_000) as u32));
                    }
                    2 => {
                        subscription.failed(now, random.below(2) == 0);
                    }
                    3 => subscription.moved(now),
                    4 => {
                        subscription.notified(now, Word::Active, (random.below(2) == 0).then_some(300));
                    }
                    5 => {
                        subscription.notified(now, Word::Pending, None);
                    }
                    6 => {
                        let reason =
                            [None, Some("timeout"), Some("giveup"), Some("rejected")][random.below(4) as usize];
                        subscription.notified(now, Word::Terminated { reason, retry_after: Some(3) }, None);
                    }
                    7 if random.below(8) == 0 => {
                        subscription.unsubscribe(now);
                    }
                    _ => now = subscription.next_timeout(ready).unwrap_or(now).max(now.after(random.below(2))),
                }
                let mut steps = 0;
                while subscription.due(now, ready).is_some() {
                    steps += 1;
                    assert!(steps < 5, "{subscription:?}");
                }
                assert!(
                    subscription.phase() == Phase::Over || subscription.next_timeout(ready).is_none_or(|at| at > now)
                );
                let waits = subscription.in_flight || subscription.next_timeout(true).is_some();
                assert!(subscription.phase() == Phase::Over || waits, "{subscription:?}");
                reached[subscription.phase() as usize] += 1;
            }
        }
        assert!(reached.iter().all(|times| *times > 100), "{reached:?}");
    }
}
