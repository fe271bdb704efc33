//! REGISTER: when it leaves and what its answer means.

use super::account::{self, Account, PushContact, Wakefulness, connection_options};
use super::binding::{Binding, Granted};
use super::credentials::{Challenged, Refused};
use super::outcome::code_of;
use super::registration::{Answer, Purpose, Verdict};
use super::{Agent, Use};
use crate::common::limits;
use crate::common::lists::Gather;
use crate::common::time::Now;
use crate::io::{AccountId, CommandId, Error, ErrorCode, Reply, TransportState};
use crate::message::Response;
use crate::transaction::{ClientId, Failure};
use crate::transport::{Connection, back_off};

/// How long a server is left alone that is out of service and does not say for how long, in seconds.
const SHUN_S: u32 = 30;
/// The longest that is kept, whatever it says.
const LONGEST_SHUN_S: u32 = 3_600;

impl Agent {
    /// An account that is not on its way out: what logs it out is the last that is said for it.
    fn staying(&mut self, id: AccountId) -> Option<&mut Account> {
        self.account_mut(id).filter(|account| !account.removing)
    }

    /// Registers or refreshes at once; completed when the registrar has answered.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such account.
    pub fn register(&mut self, now: Now, id: AccountId, command: Option<CommandId>) -> Result<(), Error> {
        let extra = self.lent();
        let account = self.staying(id).ok_or(ErrorCode::NotFound)?;
        account.wakefulness = Wakefulness::Awake;
        account.wanted = true;
        account.want_with(Purpose::Bind, command, extra);
        self.second_again(id);
        self.pump(now);
        Ok(())
    }

    /// Removes the binding, push parameters included: who keeps tokens apart from bindings goes on pushing.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such account.
    pub fn unregister(&mut self, now: Now, id: AccountId, command: Option<CommandId>) -> Result<(), Error> {
        let extra = self.lent();
        let account = self.staying(id).ok_or(ErrorCode::NotFound)?;
        account.wanted = false;
        account.want_with(Purpose::Unregister, command, extra);
        self.pump(now);
        Ok(())
    }

    /// Removes all bindings of the address of record, those of other devices included (RFC 3261 section 10.2.2).
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such account.
    pub fn unregister_all(&mut self, now: Now, id: AccountId, command: Option<CommandId>) -> Result<(), Error> {
        let extra = self.lent();
        let account = self.staying(id).ok_or(ErrorCode::NotFound)?;
        account.wanted = false;
        account.want_with(Purpose::Everything, command, extra);
        self.pump(now);
        Ok(())
    }

    /// Ends the account's calls, logs out without push parameters, so that nobody pushes any more, and forgets it.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such account.
    pub fn remove_account(&mut self, now: Now, id: AccountId, command: Option<CommandId>) -> Result<(), Error> {
        let extra = self.lent();
        self.account_mut(id).ok_or(ErrorCode::NotFound)?;
        self.end_calls_of(now, id);
        self.end_usages(now, Some(id));
        if let Some(account) = self.account_mut(id) {
            account.removing = true;
            account.want_with(Purpose::LogOut, command, extra);
        }
        self.pump(now);
        Ok(())
    }

    /// What REGISTER says about pushes from now on; a change is told to the registrar at once.
    pub fn set_push_contact(&mut self, now: Now, id: AccountId, push: PushContact) {
        let mut too_long = false;
        if let Some(account) = self.account_mut(id) {
            // A token ends the wait for it; without one the wait goes on to its end.
            if !push.is_empty() {
                account.token_wait = None;
            }
            if account.push != push {
                too_long = account.contact_uri().len() + push.uri_params.len() > limits::CONTACT_OCTETS_WARN;
                account.push = push;
                account.push_refused = false;
                let awake = account.wakefulness == Wakefulness::Awake && account.wanted && !account.removing;
                if awake && (!account.is_idle() || account.first.registration.error.is_some()) {
                    account.want_again(Purpose::Bind);
                }
            }
        }
        if too_long {
            self.problem(ErrorCode::ContactTooLong, Some(id));
        }
        self.pump(now);
    }

    /// Sends the REGISTERs that are due, if they can leave. True where something changed.
    pub(super) fn register_if_due(&mut self, now: Now, id: AccountId) -> bool {
        let (started, remembers) = (self.started, self.state_wait.is_none());
        let Some(account) = self.account_mut(id) else { return false };
        let waits = account.token_wait.is_some();
        let ready = |binding: &&Binding| match binding.registration.due() {
            // The connection can be made meanwhile.
            Some(purpose) => started && remembers && (purpose != Purpose::Bind || !waits),
            None => false,
        };
        let due = account.bindings().filter(ready).map(|binding| binding.reg_id).gather();
        let mut changed = false;
        for reg_id in due {
            changed |= self.register_binding(now, id, reg_id);
        }
        changed
    }

    fn register_binding(&mut self, now: Now, id: AccountId, reg_id: u8) -> bool {
        let Self { accounts, flow_ids, random, .. } = self;
        let Some(account) = account::find_mut(accounts, id) else { return false };
        let Some(binding) = account.binding_mut(reg_id) else { return false };
        let Some(purpose) = binding.registration.due() else { return false };
        let Some(flow) = binding.flow() else {
            let idle = binding.connection.state() == TransportState::Idle;
            if idle {
                binding.connect(now, flow_ids, random);
            }
            return idle;
        };
        let Some(request) = account.register(reg_id, purpose, random) else { return false };
        let client = self.send_on(now, id, flow, request, Use::Register(id, reg_id));
        let binding = self.account_mut(id).and_then(|account| account.binding_mut(reg_id));
        match (client, binding) {
            (Some(client), Some(binding)) => {
                binding.registration.sent(client, purpose);
                if let Some(account) = self.account_mut(id).filter(|_| reg_id == 1 && purpose == Purpose::Bind) {
                    account.push_asked(client);
                }
                true
            }
            _ => false,
        }
    }

    pub(super) fn register_response(
        &mut self,
        now: Now,
        id: AccountId,
        reg_id: u8,
        client: ClientId,
        response: &Response,
    ) {
        if response.status() < 200 {
            return;
        }
        let request = self.transactions.request(client).cloned();
        self.forget_use(client);
        let Self { accounts, random, .. } = self;
        let Some(account) = account::find_mut(accounts, id) else { return };
        // The answer to a REGISTER that a lost flow has overtaken says nothing about the present.
        let Some(purpose) = account.binding(reg_id).and_then(|binding| binding.registration.pending(client)) else {
            return;
        };
        if let (401 | 407, Some(request)) = (response.status(), &request) {
            self.challenged(now, id, Challenged::Register(client), request.clone(), response, 0);
            return;
        }
        let refused_before = account.push_refused;
        // Many registrars say so that a password is wrong.
        let refused = request.filter(|_| response.status() == 403).and_then(|sent| account.auth.forbidden(&sent));
        let answer = match refused {
            Some(true) => Answer::Again(403),
            Some(false) => {
                Answer::Refused { error: Error::sip(ErrorCode::WrongPassword, 403), after_s: None, retry: false }
            }
            None if matches!(response.status(), 400 | 500)
                && account.binding_mut(reg_id).is_some_and(|binding| binding.registration.forget(random)) =>
            {
                Answer::Again(response.status())
            }
            None if response.status() == 555 && account.asks_by(client) => Answer::Again(555),
            None => account.register_answer(now, reg_id, purpose, response),
        };
        if account.push_refused && !refused_before {
            self.problem(ErrorCode::PushNotSupported, Some(id));
        }
        let answer = self.push_queried(id, client, response, answer);
        self.register_answered(now, id, reg_id, purpose, answer);
    }

    /// The REGISTER on its way has its answer.
    pub(super) fn register_answered(&mut self, now: Now, id: AccountId, reg_id: u8, purpose: Purpose, answer: Answer) {
        let Self { accounts, flow_ids, random, .. } = self;
        let Some(account) = account::find_mut(accounts, id) else { return };
        let Some(binding) = account.binding_mut(reg_id) else { return };
        let answer = match answer {
            // 503 is about this server, and so is its Retry-After (RFC 3261 section 21.5.4).
            Answer::Refused { error, after_s, .. }
                if error.status == Some(503)
                    && purpose == Purpose::Bind
                    && binding.connection.has_alternative(now.mono) =>
            {
                let ms = u64::from(after_s.unwrap_or(SHUN_S).clamp(SHUN_S, LONGEST_SHUN_S)) * 1000;
                binding.connection.shun(now.mono, ms, flow_ids, random);
                Answer::Refused { error, after_s: None, retry: true }
            }
            answer => answer,
        };
        let anew = reg_id == 1 && !binding.registration.is_bound(now.mono);
        let verdict = binding.registration.answered(now, purpose, answer, random);
        if reg_id > 1 && purpose == Purpose::Bind && verdict == Verdict::Failed && binding.registration.is_idle() {
            let failures = binding.registration.failures().saturating_sub(1);
            binding.again_at = Some(now.mono.after(back_off(true, failures, random)));
        }
        self.register_verdict(now, id, reg_id, &verdict);
        if verdict == Verdict::Bound {
            if anew {
                self.second_again(id);
            }
            self.keep_second(now, id);
        }
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
        let pending = |binding: &Binding| Some((binding.reg_id, binding.registration.pending(client)?));
        let account = self.find_account(id);
        // It may have been overtaken while the application was asked.
        let Some((reg_id, purpose)) = account.and_then(|account| account.bindings().find_map(pending)) else { return };
        let answer = match result {
            Ok(()) => Answer::Again(401),
            Err(Refused { error, silent }) => Answer::Refused { error, after_s: None, retry: silent },
        };
        self.register_answered(now, id, reg_id, purpose, answer);
    }

    /// Makes the second binding where there shall be one, and removes it where there shall not (RFC 5626 section 4.2.1):
    /// a registrar that does not do as that RFC says would send every call twice.
    pub(super) fn keep_second(&mut self, now: Now, id: AccountId) {
        let Self { accounts, flow_ids, random, .. } = self;
        let Some(account) = account::find_mut(accounts, id) else { return };
        if account.wakefulness != Wakefulness::Awake {
            return;
        }
        let wanted = account.options.flows > 1 && account.wanted && account.first.granted.outbound;
        let bound = account.first.registration.is_bound(now.mono);
        if wanted && account.second.is_none() && account.first.connection.has_alternative(now.mono) {
            let connection = Connection::new(connection_options(&account.options), random);
            account.second = Some(Binding::new(2, connection, account.options.expires, random));
        }
        account.keep_apart();
        let Some(second) = &mut account.second else { return };
        // What the registrar refused it may take another time, and is asked with patience (section 4.5).
        let refused = second.again_at.is_some_and(|at| at > now.mono);
        if wanted && bound && second.registration.is_idle() && !refused {
            second.again_at = None;
            second.registration.want(Purpose::Bind, None);
            second.connect(now, flow_ids, random);
        } else if !wanted && bound && !second.registration.is_leaving() && !second.registration.is_idle() {
            second.registration.want(Purpose::Unregister, None);
        }
    }

    /// Things have changed since the second binding was refused: it is worth another attempt.
    pub(super) fn second_again(&mut self, id: AccountId) {
        if let Some(second) = self.account_mut(id).and_then(|account| account.second.as_mut()) {
            second.again_at = None;
        }
    }

    /// The second bindings that were refused long enough ago.
    pub(super) fn seconds_timeout(&mut self, now: Now) {
        for id in self.accounts().gather() {
            let second = self.account_mut(id).and_then(|account| account.second.as_mut());
            if let Some(second) = second.filter(|second| second.again_at.is_some_and(|at| at <= now.mono)) {
                second.again_at = None;
                self.keep_second(now, id);
            }
        }
    }

    pub(super) fn register_failed(&mut self, now: Now, id: AccountId, reg_id: u8, client: ClientId, why: Failure) {
        self.forget_use(client);
        let Self { accounts, random, .. } = self;
        let Some(account) = account::find_mut(accounts, id) else { return };
        let Some(binding) = account.binding_mut(reg_id) else { return };
        let Some(purpose) = binding.registration.pending(client) else { return };
        let code = match why {
            // Where the flow is gone, `flow_gone` has made it due again. This one could not leave at all, and would
            // not at once either.
            Failure::FlowLost => ErrorCode::FlowLost,
            Failure::Timeout => {
                // A server that takes connections and answers nothing: another may do better.
                binding.connection.abandon(now.mono, random);
                ErrorCode::Timeout
            }
        };
        let answer = Answer::Refused { error: code.into(), after_s: None, retry: true };
        self.register_answered(now, id, reg_id, purpose, answer);
    }

    /// A connection attempt failed or a flow was lost: whoever waits for a registration is told.
    pub(super) fn connection_failed(&mut self, now: Now, id: AccountId, reg_id: u8, error: &Error) {
        let Self { accounts, random, .. } = self;
        let Some(account) = account::find_mut(accounts, id) else { return };
        let Some(binding) = account.binding_mut(reg_id) else { return };
        let Some(purpose) = binding.registration.due() else { return };
        if error.code == ErrorCode::Stopped || error.code == ErrorCode::FlowLost {
            return;
        }
        if binding.registration.is_leaving() {
            let answer = Answer::Refused { error: error.clone(), after_s: None, retry: false };
            let verdict = binding.registration.answered(now, purpose, answer, random);
            self.register_verdict(now, id, reg_id, &verdict);
        } else {
            binding.registration.error = Some(error.clone());
            for command in binding.registration.take_all_waiting() {
                self.complete(command, Err(error.clone()));
            }
        }
    }

    fn register_verdict(&mut self, now: Now, id: AccountId, reg_id: u8, verdict: &Verdict) {
        let Some(account) = self.account_mut(id) else { return };
        let removing = account.removing;
        let Some(binding) = account.binding_mut(reg_id) else { return };
        let error = binding.registration.error.clone();
        let waiting = binding.registration.take_waiting();
        let gone = matches!(verdict, Verdict::Removed | Verdict::Failed) && binding.registration.is_idle();
        if matches!(verdict, Verdict::Removed) {
            // What was granted went with the binding.
            binding.granted = Granted::default();
        }
        if gone && (removing || reg_id > 1) {
            binding.connection.close(now.mono);
        }
        for command in waiting {
            let result = match (&verdict, &error) {
                // Logged out or not, the account is gone here.
                (Verdict::Failed, Some(error)) => Err(error.clone()),
                _ => Ok(Reply::Done),
            };
            self.complete(command, result);
        }
    }
}

impl Account {
    /// What a final response to a REGISTER says, but for challenges.
    fn register_answer(&mut self, now: Now, reg_id: u8, purpose: Purpose, response: &Response) -> Answer {
        let status = response.status();
        let asked_for_pushes = !self.push_refused && !self.push.is_empty();
        let Some(binding) = self.binding_mut(reg_id) else { return refused(response) };
        match status {
            200..=299 => {
                binding.connection.proven(now.mono);
                if let Some(Ok(seconds)) = response.headers.flow_timer() {
                    binding.connection.set_flow_timer(now.mono, seconds);
                }
                if purpose == Purpose::Bind { self.take_grant(reg_id, response) } else { Answer::Removed }
            }
            300..=399 => self.take_redirection(reg_id, response),
            423 => Answer::TooBrief(response.headers.min_expires().and_then(Result::ok)),
            // RFC 5626 section 11.6: the first hop does not know how to keep a flow; then it goes without.
            439 if !binding.without_outbound => {
                binding.without_outbound = true;
                Answer::Again(status)
            }
            // Said once to the application; then the account registers without pushes, so that calls reach it while awake.
            555 if asked_for_pushes => {
                self.push_refused = true;
                Answer::Again(status)
            }
            _ => refused(response),
        }
    }
}

/// A refusal. Another attempt makes sense where the refusal is about the moment and not about the request.
fn refused(response: &Response) -> Answer {
    let status = response.status();
    let after_s = response.headers.retry_after().and_then(Result::ok).map(|after| after.seconds);
    let code = match code_of(status) {
        ErrorCode::Rejected | ErrorCode::BadDescription | ErrorCode::Unsupported => ErrorCode::RegistrationRejected,
        code => code,
    };
    // 430: a flow on the way is gone; 482 and 483: the servers send it in circles, which they will notice.
    let retry = matches!(status, 408 | 430 | 480 | 482 | 483 | 500..=599) || after_s.is_some();
    Answer::Refused { error: Error::sip(code, status), after_s, retry }
}
