//! The one place that decides how to recover, by one rule: signalling in doubt or lost → a new flow, and never a restart
//! of ICE; signalling sound and media lost → a restart of ICE, and never a new flow.

use super::registration::Purpose;
use super::{Agent, Use};
use crate::common::time::Now;
use crate::io::{AccountId, CallId, FlowId};
use crate::message::{HeaderName, Method};

impl Agent {
    /// The platform says that the network is another one, or came back, or went. None of it is believed: flows that seem
    /// open are asked, and replaced unless they answer soon; who waits for a better moment tries at once, unless there is
    /// said to be no network.
    pub fn network_changed(&mut self, now: Now, online: Option<bool>) {
        for id in self.accounts().collect::<Vec<_>>() {
            self.doubt(now, id, online != Some(false));
        }
        self.pump(now);
    }

    /// Media of a call is lost. That may be the first that is seen of a network that is gone, so the flow is asked; ICE
    /// starts anew when it has answered.
    pub(super) fn media_lost(&mut self, now: Now, call: CallId) {
        if let Some(account) = self.call_account(call) {
            self.doubt(now, account, false);
        }
    }

    pub(super) fn call_account(&self, id: CallId) -> Option<AccountId> {
        self.calls.iter().find(|call| call.id == id).map(|call| call.account)
    }

    /// Asks the account's servers whether its flows still work. `eager`: waits for the next attempt end now.
    pub(super) fn doubt(&mut self, now: Now, id: AccountId, eager: bool) {
        let Self { accounts, flow_ids, random, .. } = self;
        let Some(account) = accounts.iter_mut().find(|account| account.id == id) else { return };
        for binding in account.bindings_mut() {
            if eager || binding.flow().is_some() {
                binding.connection.probe(now.mono, flow_ids, random);
            }
        }
    }

    /// Whether a restart of ICE can help this account's calls: only where signalling works beyond doubt.
    pub(super) fn is_signalling_sound(&self, id: AccountId) -> bool {
        self.find_account(id).is_some_and(|account| account.best().connection.is_sound())
    }

    /// A flow is gone. Where the account has another one, its calls go on there; and the other takes over the haste.
    pub(super) fn flow_lost(&mut self, now: Now, id: AccountId, reg_id: u8) {
        let Self { accounts, flow_ids, random, .. } = self;
        let Some(account) = accounts.iter_mut().find(|account| account.id == id) else { return };
        let others_work = account.bindings().any(|binding| binding.is_up());
        if account.second.is_none() || account.wakefulness != super::account::Wakefulness::Awake {
            return;
        }
        let elsewhere = |account: &super::account::Account, reg_id: u8| {
            let other = account.bindings().find(|binding| binding.reg_id != reg_id);
            other.and_then(|other| other.connection.url()).map(str::to_owned)
        };
        for own in [1, 2] {
            let url = elsewhere(account, own);
            if let Some(binding) = account.binding_mut(own) {
                binding.connection.beside(url.as_deref(), others_work);
                if !others_work && own != reg_id && binding.registration.due() == Some(Purpose::Bind) {
                    binding.connect(now, flow_ids, random);
                }
            }
        }
        if others_work {
            self.flow_renewed(now, id);
        }
    }

    /// Asks the server by an OPTIONS (RFC 3261 section 11) whether a flow works in both directions. Any answer will do, so
    /// a challenge is not answered.
    pub(super) fn ask_server(&mut self, now: Now, id: AccountId, flow: FlowId) {
        let Self { accounts, random, .. } = self;
        let Some(account) = accounts.iter().find(|account| account.id == id) else { return };
        let uri = ["sip:", &account.options.domain].concat();
        let (tag, call_id) = (random.token(10), random.token(24));
        let to = ["<", &uri, ">"].concat();
        let mut request = account.without_routes(Method::Options, &uri, &to, &tag, &call_id, 1);
        request.headers.push(HeaderName::Accept, "application/sdp");
        self.send_on(now, id, flow, request, Use::Probe);
    }
}
