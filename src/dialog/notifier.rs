//! One subscription of somebody to a state of ours (RFC 6665 section 4.2), as a machine without messages.

use crate::common::time::Mono;

/// The longest time that we promise, and what is granted where none is asked for, in seconds.
pub const LONGEST_S: u32 = 3_600;
/// A subscription that is refreshed more often costs more than it is worth, in seconds: 423.
pub const SHORTEST_S: u32 = 60;

/// Whether a subscription was decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The application has not said anything yet.
    Asked,
    /// Accepted as far as the application knows; the decision itself is open.
    Pending,
    /// Accepted.
    Active,
    /// Over: no NOTIFY leaves any more.
    Over,
}

/// What a NOTIFY says about the subscription itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It lives for so many seconds more.
    Lives {
        /// The decision is open.
        pending: bool,
        /// How long.
        seconds: u32,
    },
    /// It is over because nobody refreshed it, or because its end was asked for.
    TimedOut,
}

/// How a NOTIFY went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It was taken.
    Yes,
    /// It was refused with this status.
    Refused(u16),
    /// Nobody answered.
    Silence,
    /// It could not leave, or its flow is gone.
    FlowLost,
}

/// One subscription of somebody to us.
#[derive(Debug, Clone)]
pub struct Notifier {
    phase: Phase,
    expires_at: Mono,
    in_flight: bool,
    /// The NOTIFY in flight is the last.
    last: bool,
}

/// The seconds to grant, or the least that is granted.
///
/// # Errors
/// [`SHORTEST_S`] where less was asked for: 423 with Min-Expires.
pub fn grant(asked: Option<u32>) -> Result<u32, u32> {
    match asked {
        Some(0) => Ok(0),
        Some(seconds) if seconds < SHORTEST_S => Err(SHORTEST_S),
        Some(seconds) => Ok(seconds.min(LONGEST_S)),
        None => Ok(LONGEST_S),
    }
}

impl Notifier {
    /// Somebody asks for so many seconds; with 0 for the state of this moment.
    #[must_use]
    pub fn new(now: Mono, seconds: u32) -> Self {
        Self { phase: Phase::Asked, expires_at: expiry(now, seconds), in_flight: false, last: false }
    }

    /// Whether it was decided on.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The application accepts it.
    pub fn accept(&mut self, pending: bool) {
        if self.phase != Phase::Over {
            self.phase = if pending { Phase::Pending } else { Phase::Active };
        }
    }

    /// It is refreshed, or with 0 ended; both want a NOTIFY.
    pub fn refresh(&mut self, now: Mono, seconds: u32) {
        self.expires_at = expiry(now, seconds);
    }

    /// Whether it lives and is decided on, so that there may be something to tell.
    #[must_use]
    pub fn is_told(&self) -> bool {
        matches!(self.phase, Phase::Pending | Phase::Active) && !self.last
    }

    /// Whether its time is over and a last NOTIFY has to say so.
    #[must_use]
    pub fn is_expired(&self, now: Mono) -> bool {
        self.is_told() && self.expires_at <= now
    }

    /// Whether a NOTIFY may leave: one after the other.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.is_told() && !self.in_flight
    }

    /// A NOTIFY leaves now; `last` where the application ends the subscription with it.
    pub fn send(&mut self, now: Mono, last: bool) -> Word {
        self.in_flight = true;
        let seconds = self.expires_at.since(now).div_ceil(1000);
        self.last = last || seconds == 0;
        match u32::try_from(seconds) {
            Ok(0) => Word::TimedOut,
            Ok(seconds) => Word::Lives { pending: self.phase == Phase::Pending, seconds },
            Err(_) => Word::Lives { pending: self.phase == Phase::Pending, seconds: LONGEST_S },
        }
    }

    /// How the NOTIFY in flight went. True where it has to be sent once more (section 4.2.2).
    pub fn answered(&mut self, heard: Heard) -> bool {
        self.in_flight = false;
        let over = match heard {
            Heard::Refused(status) => matches!(status, 404 | 405 | 410 | 416 | 480..=485 | 489 | 501 | 604),
            Heard::Silence => true,
            Heard::Yes | Heard::FlowLost => false,
        };
        if over || (self.last && heard != Heard::FlowLost) {
            self.phase = Phase::Over;
        }
        if heard == Heard::FlowLost {
            self.last = false;
        }
        heard == Heard::FlowLost
    }

    /// It is over without another word.
    pub fn end(&mut self) {
        self.phase = Phase::Over;
    }

    /// When time matters.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        (self.is_free() || self.phase == Phase::Asked).then_some(self.expires_at)
    }
}

fn expiry(now: Mono, seconds: u32) -> Mono {
    now.after(u64::from(seconds) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Mono = Mono(1_000);

    fn active(seconds: u32) -> Notifier {
        let mut notifier = Notifier::new(START, seconds);
        notifier.accept(false);
        notifier
    }

    /// RFC 6665 4.2.1.1: 423 where the time is too short; never longer than asked for.
    #[test]
    fn times_are_granted_within_limits() {
        assert_eq!(grant(None), Ok(LONGEST_S));
        assert_eq!(grant(Some(0)), Ok(0));
        assert_eq!(grant(Some(59)), Err(60));
        assert_eq!(grant(Some(60)), Ok(60));
        assert_eq!(grant(Some(u32::MAX)), Ok(LONGEST_S));
    }

    /// RFC 6665 4.2.1.2: a NOTIFY follows the acceptance.
    #[test]
    fn nothing_is_told_before_the_decision() {
        let mut notifier = Notifier::new(START, 600);
        assert!(!notifier.is_free() && !notifier.is_expired(START.after(600_000)));
        notifier.accept(true);
        assert_eq!(notifier.send(START, false), Word::Lives { pending: true, seconds: 600 });
        assert!(!notifier.is_free(), "one after the other");
        assert!(!notifier.answered(Heard::Yes));
        notifier.accept(false);
        assert_eq!(notifier.send(START.after(1_500), false), Word::Lives { pending: false, seconds: 599 });
    }

    /// RFC 6665 4.4.3: a state that is asked for once.
    #[test]
    fn asked_for_once_the_first_notify_is_the_last() {
        let mut notifier = active(0);
        assert_eq!(notifier.send(START, false), Word::TimedOut);
        notifier.answered(Heard::Yes);
        assert_eq!(notifier.phase(), Phase::Over);
    }

    /// RFC 6665 4.2.1.4, 4.2.3: its time ends with a last NOTIFY, refreshing moves the end.
    #[test]
    fn time_ends_it_with_a_last_notify() {
        let mut notifier = active(600);
        notifier.refresh(START.after(500_000), 600);
        assert!(!notifier.is_expired(START.after(600_000)));
        assert_eq!(notifier.next_timeout(), Some(START.after(1_100_000)));
        assert!(notifier.is_expired(START.after(1_100_000)));
        assert_eq!(notifier.send(START.after(1_100_000), false), Word::TimedOut);
        assert!(!notifier.is_expired(START.after(1_100_000)));
        notifier.answered(Heard::Silence);
        assert_eq!(notifier.phase(), Phase::Over);
    }

    /// RFC 6665 4.2.2: 481 and its like, or silence, remove a subscription; other failures do not.
    #[test]
    fn who_does_not_want_to_hear_is_forgotten() {
        for (heard, over) in [
            (Heard::Refused(481), true),
            (Heard::Refused(489), true),
            (Heard::Refused(503), false),
            (Heard::Refused(500), false),
            (Heard::Silence, true),
            (Heard::FlowLost, false),
        ] {
            let mut notifier = active(600);
            notifier.send(START, false);
            assert_eq!(notifier.answered(heard), heard == Heard::FlowLost);
            assert_eq!(notifier.phase() == Phase::Over, over, "{heard:?}");
        }
    }

    #[test]
    fn a_last_word_that_could_not_leave_is_said_again() {
        let mut notifier = active(600);
        notifier.send(START, true);
        assert!(notifier.answered(Heard::FlowLost));
        assert!(notifier.is_free());
        notifier.send(START, true);
        notifier.answered(Heard::Yes);
        assert_eq!(notifier.phase(), Phase::Over);
    }
}
