//! Challenges (RFC 3261 section 22): every request of ours that meets one comes here, waits for the application's
//! credentials where that is needed, and goes on where it came from.

use super::account;
use super::cause::Cause;
use super::request::{Attempt, Purpose};
use super::{Agent, AgentEvent, Use};
use crate::auth::{Learnt, Question, fault};
use crate::common::lists::Gather;
use crate::common::time::{Mono, Now};
use crate::io::{AccountId, CallId, Credentials, CredentialsId, CredentialsRequest, Error, ErrorCode, Event};
use crate::message::{Request, Response};
use crate::transaction::ClientId;

/// Challenges that are answered for one request: two proxies and the far end, and one of their nonces stale.
const ROUNDS: u8 = 4;
/// How long a request waits for the application's credentials, in milliseconds.
const WAIT_MS: u64 = 30_000;

/// A request that was challenged, and who sends it again.
#[derive(Debug)]
pub(super) enum Challenged {
    Register(ClientId),
    Invite(CallId, ClientId),
    Reinvite(CallId, u8),
    Request(Attempt),
}

/// A challenged request that waits for the application.
#[derive(Debug)]
struct Waiting {
    question: CredentialsId,
    account: AccountId,
    what: Challenged,
    request: Request,
    response: Response,
}

#[derive(Debug)]
struct Asked {
    id: CredentialsId,
    account: AccountId,
    realm: String,
    until: Mono,
}

/// What the application was asked, and what waits for its answers.
#[derive(Debug, Default)]
pub(super) struct Questions {
    asked: Vec<Asked>,
    waiting: Vec<Waiting>,
}

impl Questions {
    pub(super) fn next_timeout(&self) -> Option<Mono> {
        self.asked.iter().map(|asked| asked.until).min()
    }

    /// The engine stops: nothing waits any more. What the requests were for.
    pub(super) fn abandon(&mut self) -> Vec<Purpose> {
        self.asked.clear();
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        waiting
            .filter_map(|waiting| match waiting.what {
                Challenged::Request(attempt) => Some(attempt.purpose),
                _ => None,
            })
            .gather()
    }
}

/// Why a request is not sent again.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: Error,
    /// The application did not answer: it may another time.
    pub(super) silent: bool,
}

impl Agent {
    /// A 401 or 407 came to `request`, which is given as it was sent. It is sent again by whoever `what` names, at once
    /// or when the application has answered; or that is told why not.
    pub(super) fn challenged(
        &mut self,
        now: Now,
        account: AccountId,
        what: Challenged,
        request: Request,
        response: &Response,
        rounds: u8,
    ) {
        let register = matches!(what, Challenged::Register(_));
        let learnt = match self.account_mut(account) {
            None => Err(ErrorCode::NotFound.into()),
            Some(_) if rounds >= ROUNDS => Err(Error::sip(ErrorCode::WrongPassword, response.status())),
            Some(found) => found.auth.learn(&request, response, register),
        };
        self.learnt(
            now,
            Waiting { question: CredentialsId(0), account, what, request, response: response.clone() },
            learnt,
        );
    }

    fn learnt(&mut self, now: Now, waiting: Waiting, learnt: Result<Learnt, Error>) {
        match learnt {
            Ok(Learnt::Ready) => self.authorized(now, waiting, Ok(())),
            Ok(Learnt::Ask(question)) => {
                let question = self.ask(now, waiting.account, question);
                self.questions.waiting.push(Waiting { question, ..waiting });
            }
            Err(error) => self.authorized(now, waiting, Err(Refused { error, silent: false })),
        }
    }

    fn authorized(&mut self, now: Now, waiting: Waiting, result: Result<(), Refused>) {
        let Waiting { account, what, request, .. } = waiting;
        match what {
            Challenged::Register(client) => self.register_authorized(now, account, client, result),
            Challenged::Invite(call, client) => self.invite_authorized(now, call, client, result),
            Challenged::Reinvite(call, rounds) => self.reinvite_authorized(now, call, request, rounds, result),
            Challenged::Request(attempt) => self.request_authorized(now, account, attempt, request, result),
        }
    }

    /// Asks the application, once for each realm at a time.
    fn ask(&mut self, now: Now, account: AccountId, question: Question) -> CredentialsId {
        let same = |asked: &&Asked| asked.account == account && asked.realm == question.realm;
        if let Some(asked) = self.questions.asked.iter().find(same) {
            return asked.id;
        }
        let id = CredentialsId(self.new_id());
        let Question { realm, kind, algorithms, authz_server, scope, rejected } = question;
        self.questions.asked.push(Asked { id, account, realm: realm.clone(), until: now.mono.after(WAIT_MS) });
        let request = CredentialsRequest { id, account, realm, kind, algorithms, authz_server, scope, rejected };
        self.out.push_back(AgentEvent::CredentialsNeeded(request));
        id
    }

    /// What the application answers to [`AgentEvent::CredentialsNeeded`]; `None`: it has no credentials.
    pub fn credentials(&mut self, now: Now, id: CredentialsId, result: Option<Credentials>) {
        let index = self.questions.asked.iter().position(|asked| asked.id == id);
        if let Some(index) = index {
            let asked = self.questions.asked.remove(index);
            // What cannot be right is not tried: it would only look like a wrong password.
            let fault = result.as_ref().and_then(fault);
            if let Some(field) = fault {
                self.tell(Event::Problem { error: Error::option(field), account: Some(asked.account) });
            }
            let result = result.filter(|_| fault.is_none());
            self.answered(now, &asked, result, false);
        }
        self.pump(now);
    }

    fn answered(&mut self, now: Now, asked: &Asked, result: Option<Credentials>, silent: bool) {
        let known = result.is_some();
        if known && let Some(account) = self.account_mut(asked.account) {
            account.auth.give(&asked.realm, result);
        }
        for waiting in self.questions.waiting.extract_if(.., |waiting| waiting.question == asked.id).gather() {
            let status = waiting.response.status();
            let register = matches!(waiting.what, Challenged::Register(_));
            self.cause = Some(Cause::of_response(&waiting.response));
            match self.account_mut(asked.account) {
                Some(account) if known => {
                    let Waiting { request, response, .. } = &waiting;
                    let learnt = account.auth.learn_again(request, response, register, &asked.realm);
                    self.learnt(now, waiting, learnt);
                }
                _ => {
                    let error = Error::sip(ErrorCode::NoCredentials, status);
                    self.authorized(now, waiting, Err(Refused { error, silent }));
                }
            }
            self.looked_at(register.then_some(Use::Register(asked.account, 0)));
        }
    }

    /// The application does not answer.
    pub(super) fn questions_timeout(&mut self, now: Now) {
        let due = self.questions.asked.extract_if(.., |asked| asked.until <= now.mono);
        for asked in due.gather() {
            self.answered(now, &asked, None, true);
        }
    }

    /// What waits on a flow that is gone goes with it, unless the account has another; but for REGISTER, which comes again
    /// on the next flow.
    pub(super) fn questions_flow_lost(&mut self, now: Now, account: AccountId) {
        let found = self.accounts.iter().find(|found| found.id == account);
        let has_flow = found.is_some_and(|found| found.flow().is_some());
        let waits = |client| {
            let mut bindings = found.into_iter().flat_map(super::account::Account::bindings);
            bindings.any(|binding| binding.registration.pending(client).is_some())
        };
        let is_lost = |waiting: &mut Waiting| {
            waiting.account == account
                && match waiting.what {
                    Challenged::Register(client) => !waits(client),
                    _ => !has_flow,
                }
        };
        let lost = self.questions.waiting.extract_if(.., is_lost);
        for waiting in lost.gather() {
            if !matches!(waiting.what, Challenged::Register(_)) {
                self.authorized(now, waiting, Err(Refused { error: ErrorCode::FlowLost.into(), silent: false }));
            }
        }
    }

    /// A final response that is no challenge: what it says about the credentials of its request.
    pub(super) fn concluded(&mut self, account: AccountId, client: ClientId, response: &Response) {
        let Self { accounts, transactions, .. } = self;
        if let Some(found) = account::find_mut(accounts, account)
            && let Some(request) = transactions.request(client)
            && !found.auth.concluded(request, response)
        {
            self.problem(ErrorCode::ServerNotAuthentic, Some(account));
        }
    }
}
