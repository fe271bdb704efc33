//! The non-INVITE server transaction (RFC 3261 section 17.2.2) on a reliable transport.

use super::TIMEOUT_MS;
use crate::common::time::Mono;

/// Completed lasts no time here (timer J is 0). The client gives up after timer F, and from then on nobody waits for
/// an answer: so long this lives at most.
#[derive(Debug)]
pub(super) struct Server {
    deadline: Option<Mono>,
    answered: bool,
}

impl Server {
    pub(super) fn new(now: Mono) -> Self {
        Self { deadline: Some(now.after(TIMEOUT_MS)), answered: false }
    }

    /// The user answers. `true`: send it.
    pub(super) fn respond(&mut self, status: u16) -> bool {
        let send = !self.is_over();
        self.answered = true;
        if status >= 200 {
            self.deadline = None;
        }
        send
    }

    /// The request came again. `true`: send the last response again.
    pub(super) fn again(&self) -> bool {
        self.answered && !self.is_over()
    }

    pub(super) fn timeout(&mut self, now: Mono) {
        self.deadline.take_if(|at| *at <= now);
    }

    pub(super) fn deadline(&self) -> Option<Mono> {
        self.deadline
    }

    pub(super) fn is_over(&self) -> bool {
        self.deadline.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 17.2.2
    #[test]
    fn one_final_response_leaves_and_ends_it() {
        let mut machine = Server::new(Mono(0));
        assert!(machine.respond(100));
        assert!(machine.respond(200));
        assert!(machine.is_over());
        assert!(!machine.respond(200) && !machine.again());
    }

    /// RFC 3261 17.2.2
    #[test]
    fn a_repeated_request_gets_the_provisional_response_if_there_was_one() {
        let mut machine = Server::new(Mono(0));
        assert!(!machine.again());
        machine.respond(183);
        assert!(machine.again());
    }

    #[test]
    fn a_request_that_nobody_answers_is_forgotten_after_32_seconds() {
        let mut machine = Server::new(Mono(0));
        machine.timeout(Mono(31_999));
        assert!(!machine.is_over());
        machine.timeout(Mono(32_000));
        assert!(machine.is_over());
        assert!(!machine.respond(200));
    }
}
