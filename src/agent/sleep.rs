//! Going to sleep and waking up: the background policy, the wake-up by a push, the return to the foreground.

use super::account::{self, Account, Wakefulness};
use super::registration::Purpose;
use super::{Agent, AgentEvent};
use crate::common::lists::Gather;
use crate::common::time::Now;
use crate::io::{AccountId, BackgroundPolicy, ErrorCode, TransportState};
use crate::transaction::Transactions;

/// An open flow that was silent for longer than this while the page slept is taken for dead, in milliseconds.
const STALE_FLOW_MS: u64 = 10_000;

impl Agent {
    /// Carries out each account's background policy, `policy` in its place where the host names one. Deferred for
    /// accounts with live calls, and for all while a push is open. Ends with [`AgentEvent::Suspended`].
    pub fn suspend(&mut self, now: Now, policy: Option<BackgroundPolicy>) {
        self.suspended = true;
        self.suspending = true;
        self.suspend_policy = policy;
        self.pump(now);
    }

    /// The page is awake again after `suspended_ms` milliseconds.
    pub fn resume(&mut self, now: Now, suspended_ms: u64) {
        self.suspended = false;
        for id in self.accounts().gather() {
            if self.find_account(id).is_some_and(|account| account.wanted) {
                self.wake_account(now, id, suspended_ms < STALE_FLOW_MS);
            } else if let Some(account) = self.account_mut(id) {
                account.wakefulness = Wakefulness::Awake;
            }
        }
        self.timeout(now);
    }

    /// A push came for this account, or for any if it names none: connect and register before anything else, also
    /// where the user has unregistered, for the server goes on pushing. `trust_flow` is false where the page slept: an open socket proves nothing then.
    pub fn wake(&mut self, now: Now, account: Option<AccountId>, trust_flow: bool) {
        for id in self.accounts().gather() {
            let reachable = |account: &Account| account.wanted || account.options.push.is_some();
            if account.is_none_or(|only| only == id) && self.find_account(id).is_some_and(reachable) {
                self.wake_account(now, id, trust_flow);
            }
        }
        self.pump(now);
    }

    /// While a push is open nothing goes to sleep.
    pub fn hold_awake(&mut self, now: Now, on: bool) {
        self.held_awake = on;
        self.pump(now);
    }

    /// Whether every account has carried out its background policy.
    #[must_use]
    pub fn is_asleep_entirely(&self) -> bool {
        self.suspended
            && self.accounts.iter().all(|account| {
                account.wakefulness == Wakefulness::Asleep
                    || self.suspend_policy.unwrap_or(account.options.background_policy) == BackgroundPolicy::Keep
            })
    }

    /// Whether any account's server still has a binding of ours.
    #[must_use]
    pub fn has_binding(&self, now: Now) -> bool {
        self.accounts.iter().any(|account| account.is_bound(now.mono))
    }

    /// Ends all calls and removes all bindings; push parameters stay in, for the app may only be restarting.
    pub fn stop(&mut self, now: Now) {
        self.stopping = true;
        self.abandon_waiting_calls();
        self.end_all_calls(now);
        self.end_usages(now, None);
        for account in &mut self.accounts {
            for binding in account.bindings_mut() {
                if binding.flow().is_some() && binding.registration.is_bound(now.mono) {
                    binding.registration.want(Purpose::Unregister, None);
                } else {
                    binding.registration.rest();
                }
            }
        }
        self.pump(now);
    }

    /// Whether no binding is left to remove, and nobody to be told that a call is over.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        let quiet = |account: &Account| account.is_idle() && !self.is_saying_bye(account.id);
        self.owed.is_empty() && self.accounts.iter().all(quiet)
    }

    /// Closes all flows and forgets everything.
    pub fn close_all(&mut self, now: Now) {
        for account in &mut self.accounts {
            account.rest();
            account.wakefulness = Wakefulness::Asleep;
            account.close(now.mono);
        }
        self.abandon_owed();
        self.abandon_usages();
        self.abandon_requests();
        self.pump(now);
        for mut account in std::mem::take(&mut self.accounts) {
            for command in account.first.registration.take_all_waiting() {
                self.complete(command, Err(ErrorCode::Stopped.into()));
            }
        }
        self.calls.clear();
        self.uses.clear();
        self.transactions = Transactions::default();
    }

    fn wake_account(&mut self, now: Now, id: AccountId, trust_flow: bool) {
        // A dialog lives on the flow it was made on until its target is refreshed.
        let has_call = self.calls.iter().any(|call| call.account == id && call.is_confirmed());
        let started = self.started;
        let Self { accounts, flow_ids, random, .. } = self;
        let Some(account) = account::find_mut(accounts, id) else { return };
        account.wakefulness = Wakefulness::Awake;
        if account.removing {
            return;
        }
        if started {
            for binding in account.bindings_mut().filter(|b| b.reg_id == 1 || !b.registration.is_idle()) {
                match binding.connection.state() {
                    TransportState::Connected if trust_flow || has_call => {}
                    TransportState::Connecting if trust_flow => {}
                    TransportState::Idle | TransportState::Waiting => binding.connect(now, flow_ids, random),
                    _ => binding.connection.renew(now.mono, flow_ids, random),
                }
            }
        }
        account.want(Purpose::Bind, None);
    }

    /// Puts to sleep what may sleep. True where something changed.
    pub(super) fn settle_sleep(&mut self, now: Now) -> bool {
        if !self.suspended {
            return false;
        }
        let mut changed = false;
        if !self.held_awake {
            for id in self.accounts().gather() {
                let in_call = self.calls.iter().any(|call| call.account == id && !call.is_over());
                if !in_call && !self.is_saying_bye(id) {
                    changed |= self.sleep_account(now, id);
                }
            }
        }
        changed
    }

    /// Says when there is nothing left to do, as the last word: whoever hears it may freeze the page at once.
    pub(super) fn tell_sleep(&mut self) {
        let busy = self.accounts.iter().any(|account| account.wakefulness == Wakefulness::FallingAsleep);
        // Who was woken meanwhile does not wait for a sleep that will not come.
        if self.suspending && !(self.suspended && busy) {
            self.suspending = false;
            self.out.push_back(AgentEvent::Suspended);
        }
    }

    fn sleep_account(&mut self, now: Now, id: AccountId) -> bool {
        let policy = self.suspend_policy;
        let Some(account) = self.account_mut(id) else { return false };
        let policy = policy.unwrap_or(account.options.background_policy);
        match account.wakefulness {
            Wakefulness::Awake if policy == BackgroundPolicy::Keep => return false,
            Wakefulness::Awake if account.removing || account.is_leaving() => {
                // What takes the binding away is carried to its end first.
                account.wakefulness = Wakefulness::FallingAsleep;
                return true;
            }
            Wakefulness::Awake if policy == BackgroundPolicy::Unregister && account.flow().is_some() => {
                account.wakefulness = Wakefulness::FallingAsleep;
                account.want(Purpose::Unregister, None);
                return true;
            }
            Wakefulness::FallingAsleep if !account.is_idle() => return false,
            Wakefulness::Asleep => return false,
            Wakefulness::Awake | Wakefulness::FallingAsleep => {}
        }
        account.wakefulness = Wakefulness::Asleep;
        account.rest();
        account.close(now.mono);
        for command in account.first.registration.take_all_waiting() {
            self.complete(command, Err(ErrorCode::FlowLost.into()));
        }
        true
    }
}
