//! The INVITE client transaction (RFC 3261 section 17.1.1, with the Accepted state of RFC 6026) on a reliable transport.

use super::TIMEOUT_MS;
use crate::common::time::Mono;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The INVITE is out, nothing has come. Timer B runs.
    Calling,
    /// A provisional response has come. Only a CANCEL sets a limit now.
    Proceeding,
    /// A 2xx has come; further ones, of other forks too, go to the user. Timer M runs.
    Accepted,
    /// Over. On a reliable transport Completed lasts no time at all (timer D is 0).
    Terminated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cancel {
    No,
    /// Wanted, but nothing has come yet: it leaves with the first provisional response (RFC 3261 section 9.1).
    Wanted,
    Sent,
}

/// What to do about a response.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reaction {
    /// Tell the user of the transaction.
    pub(super) report: bool,
    /// Send the ACK.
    pub(super) acknowledge: bool,
    /// Send the CANCEL that was waiting.
    pub(super) cancel: bool,
}

#[derive(Debug)]
pub(super) struct ClientInvite {
    state: State,
    cancel: Cancel,
    deadline: Option<Mono>,
}

impl ClientInvite {
    pub(super) fn new(now: Mono) -> Self {
        Self { state: State::Calling, cancel: Cancel::No, deadline: Some(now.after(TIMEOUT_MS)) }
    }

    pub(super) fn response(&mut self, now: Mono, status: u16) -> Reaction {
        let report = Reaction { report: true, ..Reaction::default() };
        match (self.state, status) {
            (State::Calling | State::Proceeding, ..=199) => {
                if self.state == State::Calling {
                    self.state = State::Proceeding;
                    self.deadline = None;
                }
                let cancel = self.cancel == Cancel::Wanted;
                if cancel {
                    self.cancel_leaves(now);
                }
                Reaction { cancel, ..report }
            }
            (State::Calling | State::Proceeding, 200..=299) => {
                self.state = State::Accepted;
                self.deadline = Some(now.after(TIMEOUT_MS));
                report
            }
            (State::Calling | State::Proceeding, 300..) => {
                self.end();
                Reaction { acknowledge: true, ..report }
            }
            (State::Accepted, 200..=299) => report,
            (State::Accepted | State::Terminated, _) => Reaction::default(),
        }
    }

    /// The user gives up. `true`: send the CANCEL now.
    pub(super) fn cancel(&mut self, now: Mono) -> bool {
        match (self.state, self.cancel) {
            (State::Calling, Cancel::No) => {
                self.cancel = Cancel::Wanted;
                false
            }
            (State::Proceeding, Cancel::No) => {
                self.cancel_leaves(now);
                true
            }
            _ => false,
        }
    }

    /// `true`: nobody answered in time.
    pub(super) fn timeout(&mut self, now: Mono) -> bool {
        if self.deadline.is_none_or(|at| at > now) {
            return false;
        }
        let waiting = self.state != State::Accepted;
        self.end();
        waiting
    }

    /// `true`: tell the user that it failed.
    pub(super) fn flow_lost(&mut self) -> bool {
        let waiting = self.is_waiting();
        self.end();
        waiting
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        self.deadline
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Terminated
    }

    /// Whether a final response may still come that nobody has seen: it is neither over nor Accepted.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Calling | State::Proceeding)
    }

    /// RFC 3261 section 9.1: whoever does not answer a CANCELled INVITE for so long never will.
    fn cancel_leaves(&mut self, now: Mono) {
        self.cancel = Cancel::Sent;
        self.deadline = Some(now.after(TIMEOUT_MS));
    }

    fn end(&mut self) {
        self.state = State::Terminated;
        self.deadline = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Mono = Mono(1_000);
    const REPORT: Reaction = Reaction { report: true, acknowledge: false, cancel: false };
    const REFUSED: Reaction = Reaction { report: true, acknowledge: true, cancel: false };
    const NOTHING: Reaction = Reaction { report: false, acknowledge: false, cancel: false };

    fn after(statuses: &[u16]) -> ClientInvite {
        let mut machine = ClientInvite::new(START);
        for status in statuses {
            machine.response(START, *status);
        }
        machine
    }

    /// RFC 3261 17.1.1.2
    #[test]
    fn silence_ends_it_after_32_seconds() {
        let mut machine = after(&[]);
        assert_eq!(machine.deadline(), Some(Mono(33_000)));
        assert!(!machine.timeout(Mono(32_999)));
        assert!(machine.timeout(Mono(33_000)));
        assert!(machine.is_over() && machine.deadline().is_none());
    }

    /// RFC 3261 17.1.1.2
    #[test]
    fn a_provisional_response_takes_the_limit_away() {
        let mut machine = after(&[100]);
        assert_eq!(machine.deadline(), None);
        assert!(!machine.timeout(Mono(10_000_000)));
        assert_eq!(machine.response(Mono(10_000_000), 180), REPORT);
    }

    /// RFC 3261 17.1.1.3
    #[test]
    fn a_refusal_is_reported_and_acknowledged_once() {
        for (before, status) in [(&[][..], 407), (&[100, 180], 486), (&[100], 302), (&[183], 603)] {
            let mut machine = after(before);
            assert_eq!(machine.response(START, status), REFUSED);
            assert!(machine.is_over());
            assert_eq!(machine.response(START, status), NOTHING);
        }
    }

    /// RFC 6026 7.2
    #[test]
    fn every_2xx_is_reported_for_32_seconds_and_nothing_else() {
        let mut machine = after(&[180]);
        assert_eq!(machine.response(Mono(5_000), 200), REPORT);
        assert_eq!(machine.response(Mono(6_000), 200), REPORT);
        assert_eq!(machine.response(Mono(6_000), 183), NOTHING);
        assert_eq!(machine.response(Mono(6_000), 486), NOTHING);
        assert!(!machine.timeout(Mono(36_999)) && !machine.is_over());
        assert!(!machine.timeout(Mono(37_000)) && machine.is_over());
        assert_eq!(machine.response(Mono(37_000), 200), NOTHING);
    }

    /// RFC 3261 9.1
    #[test]
    fn a_cancel_after_a_provisional_response_leaves_at_once_and_once() {
        let mut machine = after(&[100]);
        assert!(machine.cancel(START));
        assert!(!machine.cancel(START));
        assert_eq!(machine.response(START, 180), REPORT);
        assert_eq!(machine.response(START, 487), REFUSED);
    }

    /// RFC 3261 9.1
    #[test]
    fn an_early_cancel_waits_for_the_first_provisional_response() {
        let mut machine = after(&[]);
        assert!(!machine.cancel(START));
        assert_eq!(machine.response(START, 100), Reaction { cancel: true, ..REPORT });
        assert_eq!(machine.response(START, 180), REPORT);
    }

    /// RFC 3261 9.1
    #[test]
    fn an_early_cancel_never_leaves_if_a_final_response_comes_first() {
        let mut machine = after(&[]);
        machine.cancel(START);
        assert_eq!(machine.response(START, 486), REFUSED);
        let mut machine = after(&[]);
        machine.cancel(START);
        assert_eq!(machine.response(START, 200), REPORT);
        assert_eq!(machine.response(START, 180), NOTHING);
    }

    #[test]
    fn an_early_cancel_does_not_prolong_the_wait() {
        let mut machine = after(&[]);
        machine.cancel(Mono(20_000));
        assert!(machine.timeout(Mono(33_000)));
    }

    /// RFC 3261 9.1
    #[test]
    fn a_cancel_that_crosses_the_200_changes_nothing() {
        let mut machine = after(&[180]);
        assert!(machine.cancel(START));
        assert_eq!(machine.response(START, 200), REPORT);
        assert!(!machine.timeout(Mono(33_000)) && machine.is_over());
    }

    #[test]
    fn a_cancel_after_a_final_response_is_none() {
        assert!(!after(&[200]).cancel(START));
        assert!(!after(&[486]).cancel(START));
    }

    /// RFC 3261 9.1
    #[test]
    fn a_cancelled_invite_without_a_final_response_ends_after_32_seconds() {
        let mut machine = after(&[180]);
        machine.cancel(Mono(50_000));
        machine.response(Mono(60_000), 180);
        assert!(!machine.timeout(Mono(81_999)));
        assert!(machine.timeout(Mono(82_000)));
    }

    /// RFC 3261 17.1.4
    #[test]
    fn a_lost_flow_fails_it_unless_it_has_its_answer() {
        for (before, fails) in [(&[][..], true), (&[100], true), (&[200], false), (&[486], false)] {
            let mut machine = after(before);
            assert_eq!(machine.flow_lost(), fails);
            assert!(machine.is_over());
            assert!(!machine.flow_lost());
        }
    }
}
