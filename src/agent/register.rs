//! REGISTER: when it leaves and what its answer means.

use super::account::{PushContact, Wakefulness};
use super::credentials::{Challenged, Refused};
use super::outcome::code_of;
use super::registration::{Purpose, Verdict};
use super::{Agent, Use};
use crate::common::time::Now;
use crate::io::{AccountId, CommandId, Error, ErrorCode, Reply};
use crate::message::Response;
use crate::transaction::{ClientId, Failure};

impl Agent {
    /// Registers or refreshes at once; completed when the registrar has answered.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such account.
    pub fn register(&mut self, now: Now, id: AccountId, command: Option<CommandId>) -> Result<(), Error> {
        let account = self.account_mut(id).ok_or(ErrorCode::NotFound)?;
        account.wakefulness = Wakefulness::Awake;
        account.wanted = true;
        account.registration.want(Purpose::Bind, command);
        self.pump(now);
        Ok(())
    }

    /// Removes the binding, push parameters included: who keeps tokens apart from bindings goes on pushing.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such account.
    pub fn unregister(&mut self, now: Now, id: AccountId, command: Option<CommandId>) -> Result<(), Error> {
        let account = self.account_mut(id).ok_or(ErrorCode::NotFound)?;
        account.wanted = false;
        account.registration.want(Purpose::Unregister, command);
        self.pump(now);
        Ok(())
    }

    /// Ends the account's calls, logs out without push parameters, so that nobody pushes any more, and forgets it.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such account.
    pub fn remove_account(&mut self, now: Now, id: AccountId, command: Option<CommandId>) -> Result<(), Error> {
        self.account_mut(id).ok_or(ErrorCode::NotFound)?;
        self.end_calls_of(now, id);
        self.end_usages(now, Some(id));
        if let Some(account) = self.account_mut(id) {
            account.removing = true;
            account.registration.want(Purpose::LogOut, command);
        }
        self.pump(now);
        Ok(())
    }

    /// What REGISTER says about pushes from now on; a change is told to the registrar at once.
    pub fn set_push_contact(&mut self, now: Now, id: AccountId, push: PushContact) {
        if let Some(account) = self.account_mut(id) {
            // A token ends the wait for it; without one the wait goes on to its end.
            if !push.is_empty() {
                account.token_wait = None;
            }
            if account.push != push {
                account.push = push;
                account.push_refused = false;
                let awake = account.wakefulness == Wakefulness::Awake && account.wanted && !account.removing;
                if awake && (!account.registration.is_idle() || account.registration.error.is_some()) {
                    account.registration.want_again(Purpose::Bind);
                }
            }
        }
        self.pump(now);
    }

    /// Sends the REGISTER that is due, if it can leave. True where something changed.
    pub(super) fn register_if_due(&mut self, now: Now, id: AccountId) -> bool {
        let started = self.started;
        let Some(account) = self.account_mut(id) else { return false };
        let Some(purpose) = account.registration.due() else { return false };
        if !started || (purpose == Purpose::Bind && account.token_wait.is_some()) {
            // The connection can be made meanwhile.
            return false;
        }
        if account.connection.flow().is_none() {
            let idle = account.connection.state() == crate::io::TransportState::Idle;
            if idle {
                self.connect(now, id);
            }
            return idle;
        }
        let Self { accounts, random, .. } = self;
        let Some(account) = accounts.iter_mut().find(|account| account.id == id) else { return false };
        let request = account.register(purpose, random);
        if let Some(client) = self.send(now, id, request, Use::Register(id))
            && let Some(account) = self.account_mut(id)
        {
            account.registration.sent(client, purpose);
        }
        true
    }

    pub(super) fn register_response(&mut self, now: Now, id: AccountId, client: ClientId, response: &Response) {
        if response.status() < 200 {
            return;
        }
        let request = self.transactions.request(client).cloned();
        self.forget_use(client);
        let Self { accounts, random, .. } = self;
        let Some(account) = accounts.iter_mut().find(|account| account.id == id) else { return };
        // The answer to a REGISTER that a lost flow has overtaken says nothing about the present.
        let Some(purpose) = account.registration.pending(client) else { return };
        let status = response.status();
        if let (401 | 407, Some(request)) = (status, request) {
            self.challenged(now, id, Challenged::Register(client), request, response, 0);
            return;
        }
        let registration = &mut account.registration;
        let verdict = match status {
            200..=299 if purpose != Purpose::Bind => registration.removed(),
            200..=299 => {
                account.connection.proven(now.mono);
                if let Some(Ok(seconds)) = response.headers.flow_timer() {
                    account.connection.set_flow_timer(now.mono, seconds);
                }
                match account.granted(&response.headers) {
                    Some(granted) if granted.seconds > 0 => {
                        account.set_gruu(granted.gruu);
                        account.registration.bound(now, granted.seconds)
                    }
                    _ => {
                        let error = Error::sip(ErrorCode::BindingMissing, status);
                        account.registration.failed(now, error, None, true, random)
                    }
                }
            }
            423 => {
                let seconds = response.headers.min_expires().and_then(Result::ok);
                registration.too_brief(now, seconds, random)
            }
            555 if !account.push_refused && !account.push.is_empty() => {
                // Said once to the application; then the account registers without pushes, so that calls reach it while awake.
                account.push_refused = true;
                let verdict = registration.challenged(now, purpose, random);
                self.problem(ErrorCode::PushNotSupported, Some(id));
                verdict
            }
            _ => {
                let after = response.headers.retry_after().and_then(Result::ok).map(|after| after.seconds);
                let code = match code_of(status) {
                    ErrorCode::Rejected | ErrorCode::BadDescription => ErrorCode::RegistrationRejected,
                    code => code,
                };
                let retry = matches!(status, 408 | 480 | 500..=599) || after.is_some();
                registration.failed(now, Error::sip(code, status), after, retry, random)
            }
        };
        self.register_verdict(now, id, &verdict);
        // A refused registration takes nothing from the calls: the flow is there, and their far ends can be told.
        if matches!(verdict, Verdict::Bound | Verdict::Failed) {
            self.flow_renewed(now, id);
        }
    }

    /// The challenge to a REGISTER was learnt, or cannot be answered.
    pub(super) fn register_authorized(
        &mut self,
        now: Now,
        id: AccountId,
        client: ClientId,
        result: Result<(), Refused>,
    ) {
        let Self { accounts, random, .. } = self;
        let Some(account) = accounts.iter_mut().find(|account| account.id == id) else { return };
        let registration = &mut account.registration;
        // It was overtaken while the application was asked.
        let Some(purpose) = registration.pending(client) else { return };
        let verdict = match result {
            Ok(()) => registration.challenged(now, purpose, random),
            Err(Refused { error, silent }) => registration.failed(now, error, None, silent, random),
        };
        self.register_verdict(now, id, &verdict);
    }

    pub(super) fn register_failed(&mut self, now: Now, id: AccountId, client: ClientId, why: Failure) {
        self.forget_use(client);
        let Self { accounts, random, .. } = self;
        let Some(account) = accounts.iter_mut().find(|account| account.id == id) else { return };
        if account.registration.pending(client).is_none() {
            return;
        }
        match why {
            // Where the flow is gone, `flow_gone` has made it due again. This one could not leave at all, and would
            // not at once either.
            Failure::FlowLost => {
                let verdict = account.registration.failed(now, ErrorCode::FlowLost.into(), None, true, random);
                self.register_verdict(now, id, &verdict);
            }
            Failure::Timeout => {
                // A server that takes connections and answers nothing: another may do better.
                account.connection.abandon(now.mono, random);
                let verdict = account.registration.failed(now, ErrorCode::Timeout.into(), None, true, random);
                self.register_verdict(now, id, &verdict);
            }
        }
    }

    /// A connection attempt failed or a flow was lost: whoever waits for a registration is told.
    pub(super) fn connection_failed(&mut self, now: Now, id: AccountId, error: &Error) {
        let Self { accounts, random, .. } = self;
        let Some(account) = accounts.iter_mut().find(|account| account.id == id) else { return };
        if account.registration.due().is_none() || error.code == ErrorCode::Stopped || error.code == ErrorCode::FlowLost
        {
            return;
        }
        if account.registration.is_leaving() {
            let verdict = account.registration.failed(now, error.clone(), None, false, random);
            self.register_verdict(now, id, &verdict);
        } else {
            account.registration.error = Some(error.clone());
            for command in account.registration.take_all_waiting() {
                self.complete(command, Err(error.clone()));
            }
        }
    }

    fn register_verdict(&mut self, now: Now, id: AccountId, verdict: &Verdict) {
        let Some(account) = self.account_mut(id) else { return };
        let error = account.registration.error.clone();
        let waiting = account.registration.take_waiting();
        let removing = account.removing;
        for command in waiting {
            let result = match (&verdict, &error) {
                // Logged out or not, the account is gone here.
                (Verdict::Failed, Some(error)) => Err(error.clone()),
                _ => Ok(Reply::Done),
            };
            self.complete(command, result);
        }
        if removing
            && matches!(verdict, Verdict::Removed | Verdict::Failed)
            && let Some(account) = self.account_mut(id)
        {
            account.connection.close(now.mono);
        }
    }
}
