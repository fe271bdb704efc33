//! The non-INVITE client transaction (RFC 3261 section 17.1.2) on a reliable transport.

use super::TIMEOUT_MS;
use crate::common::time::Mono;

/// Trying and Proceeding differ on unreliable transports only, and Completed lasts no time here (timer K is 0): what is
/// left is to wait until timer F.
#[derive(Debug)]
pub(super) struct Client {
    deadline: Option<Mono>,
}

impl Client {
    pub(super) fn new(now: Mono) -> Self {
        Self { deadline: Some(now.after(TIMEOUT_MS)) }
    }

    /// `true`: tell the user.
    pub(super) fn response(&mut self, status: u16) -> bool {
        let report = !self.is_over();
        if status >= 200 {
            self.deadline = None;
        }
        report
    }

    /// `true`: nobody answered in time.
    pub(super) fn timeout(&mut self, now: Mono) -> bool {
        self.deadline.take_if(|at| *at <= now).is_some()
    }

    /// `true`: tell the user that it failed.
    pub(super) fn flow_lost(&mut self) -> bool {
        self.deadline.take().is_some()
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

    /// RFC 3261 17.1.2.2
    #[test]
    fn a_final_response_ends_it_and_is_reported_once() {
        let mut machine = Client::new(Mono(0));
        assert!(machine.response(100));
        assert!(machine.response(200));
        assert!(machine.is_over());
        assert!(!machine.response(200));
        assert!(!machine.timeout(Mono(100_000)) && !machine.flow_lost());
    }

    /// RFC 3261 17.1.2.2
    #[test]
    fn provisional_responses_do_not_prolong_the_wait() {
        let mut machine = Client::new(Mono(0));
        machine.response(100);
        assert!(!machine.timeout(Mono(31_999)));
        assert!(machine.timeout(Mono(32_000)));
        assert!(machine.is_over());
        assert!(!machine.response(200));
    }

    #[test]
    fn a_lost_flow_fails_it_once() {
        let mut machine = Client::new(Mono(0));
        machine.response(100);
        assert!(machine.flow_lost());
        assert!(!machine.flow_lost() && machine.is_over());
    }
}
