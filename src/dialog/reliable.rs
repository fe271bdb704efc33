//! Reliable provisional responses (RFC 3262): their order at the caller, their repetition at the callee.

use crate::common::time::Mono;
use crate::message::RAck;

/// T1: the first pause before a repetition, in milliseconds. It doubles without a bound (section 3).
const T1_MS: u64 = 500;
/// 64 · T1: how long a PRACK is waited for, in milliseconds.
const PATIENCE_MS: u64 = 64 * T1_MS;

/// What the caller has seen of one dialog's reliable provisional responses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acknowledged {
    last: Option<u32>,
}

impl Acknowledged {
    /// A response with this RSeq came. True where it is the next one, which is acknowledged and looked at; one that was
    /// taken before, or that comes before its turn, is neither (section 4).
    pub fn take(&mut self, rseq: u32) -> bool {
        let next = self.last.is_none_or(|last| last.checked_add(1) == Some(rseq));
        if next {
            self.last = Some(rseq);
        }
        next
    }
}

/// What is due for a response without its PRACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdue {
    /// Nothing yet.
    Nothing,
    /// Send it again.
    Repeat,
    /// No PRACK came for it: the INVITE is refused with a 5xx.
    GiveUp,
}

/// A reliable provisional response of the callee's that has no PRACK yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unacknowledged {
    rseq: u32,
    /// The number of the INVITE.
    cseq: u32,
    pause_ms: u64,
    at: Mono,
    until: Mono,
    repeats: bool,
}

impl Unacknowledged {
    /// The response with this RSeq, to the INVITE with this CSeq number, leaves now.
    #[must_use]
    pub fn new(now: Mono, rseq: u32, cseq: u32) -> Self {
        Self { rseq, cseq, pause_ms: T1_MS, at: now.after(T1_MS), until: now.after(PATIENCE_MS), repeats: true }
    }

    /// Whether a PRACK with this RAck is its.
    #[must_use]
    pub fn is_acknowledged_by(&self, rack: &RAck) -> bool {
        rack.rseq == self.rseq && rack.cseq.number == self.cseq && rack.cseq.method == crate::message::Method::Invite
    }

    /// A final response has left: it is not repeated any more, but its PRACK may still come (section 3).
    pub fn overtaken(&mut self) {
        self.repeats = false;
    }

    /// What is due now.
    pub fn timeout(&mut self, now: Mono) -> Overdue {
        if !self.repeats {
            return Overdue::Nothing;
        }
        if self.until <= now {
            self.repeats = false;
            return Overdue::GiveUp;
        }
        if self.at > now {
            return Overdue::Nothing;
        }
        self.pause_ms = self.pause_ms.saturating_mul(2);
        self.at = now.after(self.pause_ms);
        Overdue::Repeat
    }

    /// When [`Unacknowledged::timeout`] has something to say.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        self.repeats.then(|| self.at.min(self.until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3262 4: each is taken once and in order, from whatever number the callee begins with.
    #[test]
    fn duplicates_and_gaps_are_not_acknowledged() {
        let mut acknowledged = Acknowledged::default();
        assert!(acknowledged.take(7_000));
        assert!(!acknowledged.take(7_000), "again");
        assert!(!acknowledged.take(7_002), "before its turn");
        assert!(acknowledged.take(7_001));
        assert!(acknowledged.take(7_002));
        assert!(!acknowledged.take(7_001), "late");
        let mut end = Acknowledged { last: Some(u32::MAX) };
        assert!(!end.take(0));
    }

    /// RFC 3262 3: repeated after T1, doubling, until 64 · T1.
    #[test]
    fn it_is_repeated_at_growing_intervals_and_then_given_up() {
        let mut response = Unacknowledged::new(Mono(0), 1, 1);
        let mut repeated = Vec::new();
        loop {
            let at = response.next_timeout().unwrap();
            match response.timeout(at) {
                Overdue::Repeat => repeated.push(at.0),
                Overdue::GiveUp => break assert_eq!(at, Mono(32_000)),
                Overdue::Nothing => panic!("woken for nothing"),
            }
        }
        assert_eq!(repeated, [500, 1_500, 3_500, 7_500, 15_500, 31_500]);
        assert_eq!(response.next_timeout(), None);
    }

    /// RFC 3262 3: the three parts of RAck all count.
    #[test]
    fn only_its_own_prack_acknowledges_it() {
        let response = Unacknowledged::new(Mono(0), 9, 2);
        let acknowledged = |text| response.is_acknowledged_by(&RAck::parse(text).unwrap());
        assert!(acknowledged("9 2 INVITE"));
        assert!(!acknowledged("8 2 INVITE") && !acknowledged("9 1 INVITE") && !acknowledged("9 2 UPDATE"));
    }

    /// RFC 3262 3
    #[test]
    fn after_the_final_response_it_is_not_repeated() {
        let mut response = Unacknowledged::new(Mono(0), 9, 2);
        response.overtaken();
        assert_eq!((response.next_timeout(), response.timeout(Mono(50_000))), (None, Overdue::Nothing));
        assert!(response.is_acknowledged_by(&RAck::parse("9 2 INVITE").unwrap()));
    }
}
