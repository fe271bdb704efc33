//! One subscription of ours (RFC 6665 section 4.1), as a machine without messages: it is told what came, and says what
//! is due. It outlives its dialogs: where the notifier lets go of one, another is made, as far as its reason allows.

use crate::common::backoff;
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

/// When what lives for `seconds` is refreshed, in milliseconds: a tenth before its end, at least five seconds; what
/// lives very shortly in the middle.
#[must_use]
pub fn refresh_after(seconds: u32) -> u64 {
    let ms = u64::from(seconds) * 1000;
    ms - (ms / 10).clamp(5_000, 60_000).min(ms / 2)
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
    failures: u32,
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
        self.expires_at = Some(now.after(u64::from(seconds) * 1000));
        self.refresh_at = Some(now.after(refresh_after(seconds)));
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
        let own = backoff::doubled(FIRST_PAUSE_MS, LONGEST_PAUSE_MS, self.failures);
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
mod tests;
