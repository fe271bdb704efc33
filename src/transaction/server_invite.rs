//! The INVITE server transaction (RFC 3261 section 17.2.1, with the Accepted state of RFC 6026) on a reliable transport.

use super::TIMEOUT_MS;
use crate::common::time::Mono;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No final response yet. There is no limit here: people let phones ring.
    Proceeding,
    /// A 2xx is out, which the user repeats until its ACK. Timer L runs.
    Accepted,
    /// Another final response is out. Timer H runs until its ACK.
    Completed,
    /// Over. On a reliable transport Confirmed lasts no time at all (timer I is 0).
    Terminated,
}

/// What to do about an ACK that belongs to the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AckIs {
    /// For a 2xx: the user's.
    ForUser,
    /// For another final response, or for nothing: nobody's.
    Absorbed,
}

#[derive(Debug)]
pub(super) struct ServerInvite {
    state: State,
    cancelled: bool,
    deadline: Option<Mono>,
}

impl ServerInvite {
    pub(super) fn new() -> Self {
        Self { state: State::Proceeding, cancelled: false, deadline: None }
    }

    /// The user answers. `true`: send it.
    pub(super) fn respond(&mut self, now: Mono, status: u16) -> bool {
        match (self.state, status) {
            (State::Proceeding, ..=199) => {}
            (State::Proceeding, 200..=299) => {
                self.state = State::Accepted;
                self.deadline = Some(now.after(TIMEOUT_MS));
            }
            (State::Proceeding, 300..) => {
                self.state = State::Completed;
                self.deadline = Some(now.after(TIMEOUT_MS));
            }
            (State::Accepted, 200..=299) => {}
            _ => return false,
        }
        true
    }

    /// The INVITE came again. `true`: send the last response again.
    pub(super) fn again(&self) -> bool {
        matches!(self.state, State::Proceeding | State::Completed)
    }

    pub(super) fn ack(&mut self) -> AckIs {
        match self.state {
            State::Accepted => AckIs::ForUser,
            State::Completed => {
                self.end();
                AckIs::Absorbed
            }
            State::Proceeding | State::Terminated => AckIs::Absorbed,
        }
    }

    /// A CANCEL came. `true`: tell the user.
    pub(super) fn cancel(&mut self) -> bool {
        let first = self.state == State::Proceeding && !self.cancelled;
        self.cancelled = true;
        first
    }

    /// `true`: tell the user that no ACK came for its refusal.
    pub(super) fn timeout(&mut self, now: Mono) -> bool {
        if self.deadline.is_none_or(|at| at > now) {
            return false;
        }
        let refused = self.state == State::Completed;
        self.end();
        refused
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        self.deadline
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Terminated
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

    fn after(statuses: &[u16]) -> ServerInvite {
        let mut machine = ServerInvite::new();
        for status in statuses {
            assert!(machine.respond(START, *status));
        }
        machine
    }

    #[test]
    fn it_may_ring_for_ever() {
        let machine = after(&[100, 180, 180, 183]);
        assert_eq!(machine.deadline(), None);
    }

    /// RFC 3261 17.2.1
    /// RFC 6026 7.1
    #[test]
    fn a_repeated_invite_gets_the_last_response_unless_that_was_a_2xx() {
        assert!(after(&[]).again());
        assert!(after(&[180]).again());
        assert!(after(&[486]).again());
        assert!(!after(&[200]).again());
    }

    /// RFC 3261 17.2.1
    #[test]
    fn a_refusal_waits_32_seconds_for_its_ack() {
        let mut machine = after(&[180, 486]);
        assert!(!machine.timeout(Mono(32_999)));
        assert!(machine.timeout(Mono(33_000)));
        assert!(machine.is_over());
    }

    /// RFC 3261 17.2.1
    #[test]
    fn the_ack_of_a_refusal_ends_it() {
        let mut machine = after(&[603]);
        assert_eq!(machine.ack(), AckIs::Absorbed);
        assert!(machine.is_over() && machine.deadline().is_none());
        assert!(!machine.again());
    }

    /// RFC 6026 7.1
    #[test]
    fn a_2xx_may_be_repeated_for_32_seconds_and_its_acks_are_the_users() {
        let mut machine = after(&[200, 200]);
        assert_eq!(machine.ack(), AckIs::ForUser);
        assert_eq!(machine.ack(), AckIs::ForUser);
        assert!(!machine.timeout(Mono(32_999)) && machine.respond(Mono(32_999), 200));
        assert!(!machine.timeout(Mono(33_000)));
        assert!(machine.is_over());
        assert!(!machine.respond(Mono(33_000), 200));
    }

    /// RFC 3261 17.2.1
    #[test]
    fn after_a_final_response_no_other_kind_leaves() {
        for (first, then) in [(200, 180), (200, 486), (486, 486), (486, 200), (486, 180)] {
            assert!(!after(&[first]).respond(START, then), "{first} then {then}");
        }
    }

    #[test]
    fn an_ack_before_a_final_response_means_nothing() {
        let mut machine = after(&[180]);
        assert_eq!(machine.ack(), AckIs::Absorbed);
        assert!(!machine.is_over() && machine.respond(START, 200));
    }

    /// RFC 3261 9.2
    #[test]
    fn the_first_cancel_before_a_final_response_is_told_and_no_other() {
        let mut machine = after(&[100]);
        assert!(machine.cancel());
        assert!(!machine.cancel());
        assert!(machine.respond(START, 487));
        assert!(!after(&[200]).cancel());
        assert!(!after(&[486]).cancel());
    }
}
