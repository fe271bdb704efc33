//! What the network can push with: the query of RFC 8599 section 4.1.5, a REGISTER that names a service, or only asks,
//! and no token. It makes a binding without pushes, so the account's own REGISTER follows at once.

use super::Agent;
use super::account::{Account, PushContact, Wakefulness};
use super::registration::{Answer, Purpose};
use crate::common::lists::Gather;
use crate::common::time::Now;
use crate::io::{AccountId, CommandId, Error, ErrorCode, PushService, Reply};
use crate::message::{Headers, Response};
use crate::transaction::ClientId;

/// Services that are told of; more than anybody has.
const SERVICES: usize = 16;

/// A question that is open as long as its command waits for the registration.
#[derive(Debug)]
pub(super) struct PushQuery {
    /// Which service, escaped; `None`: all.
    provider: Option<String>,
    command: CommandId,
    /// The REGISTER that asks.
    client: Option<ClientId>,
}

impl Agent {
    /// Asks the network whether it pushes with this service, or with which it does.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::Busy`] while another question is open, [`ErrorCode::InvalidOption`] for a
    /// service without a name.
    pub fn query_push(
        &mut self,
        now: Now,
        id: AccountId,
        provider: Option<&str>,
        command: CommandId,
    ) -> Result<(), Error> {
        let account = self.account_mut(id).filter(|account| !account.removing).ok_or(ErrorCode::NotFound)?;
        if account.push_query().is_some() {
            return Err(ErrorCode::Busy.into());
        }
        if provider.is_some_and(str::is_empty) {
            return Err(Error::option("provider"));
        }
        account.push_query = Some(PushQuery { provider: provider.map(PushContact::escape), command, client: None });
        account.wakefulness = Wakefulness::Awake;
        account.first.registration.want_new(Purpose::Bind, command);
        self.pump(now);
        Ok(())
    }

    /// Takes the final response to a REGISTER, and what it means for the registration, where that REGISTER has asked.
    pub(super) fn push_queried(
        &mut self,
        id: AccountId,
        client: ClientId,
        response: &Response,
        answer: Answer,
    ) -> Answer {
        let Some(account) = self.account_mut(id).filter(|account| account.asks_by(client)) else { return answer };
        let (wanted, registration) = (account.wanted, &mut account.first.registration);
        let (result, answer) = match answer {
            Answer::Granted(_) => {
                registration.want_again(if wanted { Purpose::Bind } else { Purpose::Unregister });
                (Ok(Reply::PushServices(services(&response.headers))), answer)
            }
            // It will be asked again, in other words.
            Answer::Again(status) if status != 555 => return answer,
            Answer::TooBrief(_) | Answer::Moved(..) => return answer,
            answer => {
                let result = match answer {
                    Answer::Refused { error, .. } => Err(error),
                    // This service is not there, or none is.
                    _ => Ok(Reply::PushServices(Vec::new())),
                };
                // The binding is as it was; whether the registrar wants it no more its own REGISTER shows.
                (result, if wanted { Answer::Again(response.status()) } else { Answer::Removed })
            }
        };
        if let Some(query) = account.push_query.take()
            && account.first.registration.stop_waiting(query.command)
        {
            self.complete(query.command, result);
        }
        answer
    }
}

impl Account {
    /// The question that is open.
    pub(super) fn push_query(&self) -> Option<&PushQuery> {
        self.push_query.as_ref().filter(|query| self.first.registration.is_waiting(query.command))
    }

    pub(super) fn asks_by(&self, client: ClientId) -> bool {
        self.push_query().is_some_and(|query| query.client == Some(client))
    }

    /// What the next REGISTER of the first binding asks, if it does.
    pub(super) fn push_question(&self) -> Option<PushContact> {
        let provider = self.push_query()?.provider.as_deref();
        let uri_params = match provider {
            Some(provider) => [";pn-provider=", provider].concat(),
            None => ";pn-provider".to_owned(),
        };
        Some(PushContact { uri_params, ..PushContact::default() })
    }

    /// The REGISTER has left that asks.
    pub(super) fn push_asked(&mut self, sent: ClientId) {
        if let Some(query) = &mut self.push_query {
            query.client = Some(sent);
        }
    }
}

/// The Feature-Caps that name a service (RFC 8599 section 4.1.5), however they are written.
fn services(headers: &Headers) -> Vec<PushService> {
    let named = headers.feature_caps().filter_map(|caps| {
        let text = |name: &str| caps.get(name).flatten().map(std::borrow::Cow::into_owned);
        Some(PushService {
            provider: text("+sip.pns")?,
            vapid: text("+sip.vapid"),
            purr: text("+sip.pnspurr"),
            refresh_s: text("+sip.pnsreg").and_then(|seconds| seconds.parse().ok()),
        })
    });
    named.take(SERVICES).gather()
}
