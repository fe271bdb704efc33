//! The one place that decides how to recover, by one rule: signalling in doubt or lost → a new flow, and never a restart
//! of ICE; signalling sound and media lost → a restart of ICE, and never a new flow.

use super::account::{self, Account, Wakefulness};
use super::binding::Binding;
use super::registration::Purpose;
use super::{Agent, Use};
use crate::common::lists::Gather;
use crate::common::time::Now;
use crate::io::{AccountId, CallId, FlowId, TransportState};
use crate::message::{HeaderName, Method};

impl Agent {
    /// The platform says that the network is another one, or came back, or went. None of it is believed: flows that seem
    /// open are asked, and replaced unless they answer soon; who waits for a better moment tries at once, unless there is
    /// said to be no network.
    pub fn network_changed(&mut self, now: Now, online: Option<bool>) {
        for id in self.accounts().gather() {
            self.doubt(now, id, online != Some(false));
            if online != Some(false) {
                self.second_again(id);
                self.keep_second(now, id);
            }
        }
        self.pump(now);
    }

    /// The machine seems to have slept without a word to anybody: no binding of a server that counted on is believed, and
    /// no flow either. Where only a clock was set, that costs a question and a REGISTER.
    pub fn slept(&mut self, now: Now) {
        for account in self.accounts.iter_mut().filter(|account| account.wakefulness == Wakefulness::Awake) {
            for binding in account.bindings_mut().filter(|binding| binding.registration.is_kept()) {
                binding.registration.want(Purpose::Bind, None);
            }
        }
        self.network_changed(now, None);
    }

    /// The host knows that our address is another one: what was open is dead, and need not be asked.
    pub fn address_changed(&mut self, now: Now) {
        let Self { accounts, flow_ids, random, .. } = self;
        let awake = accounts.iter_mut().filter(|account| account.wakefulness == Wakefulness::Awake);
        for binding in awake.flat_map(Account::bindings_mut) {
            match binding.connection.state() {
                TransportState::Connected | TransportState::Connecting => {
                    binding.connection.renew(now.mono, flow_ids, random);
                }
                TransportState::Waiting => binding.connection.probe(now.mono, flow_ids, random),
                TransportState::Idle => {}
            }
        }
        for id in self.accounts().gather() {
            self.second_again(id);
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
        self.find_call(id).map(|call| call.account)
    }

    /// Asks the account's servers whether its flows still work. `eager`: waits for the next attempt end now.
    pub(super) fn doubt(&mut self, now: Now, id: AccountId, eager: bool) {
        let Self { accounts, flow_ids, random, .. } = self;
        let Some(account) = account::find_mut(accounts, id) else { return };
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

    /// A flow is gone. Where the account has another one, its calls go on there; and where that is not up either, it is
    /// tried in haste.
    pub(super) fn flow_lost(&mut self, now: Now, id: AccountId, reg_id: u8) {
        let Self { accounts, flow_ids, random, .. } = self;
        let Some(account) = account::find_mut(accounts, id) else { return };
        if account.second.is_none() || account.wakefulness != Wakefulness::Awake {
            return;
        }
        account.keep_apart();
        if account.bindings().any(Binding::is_up) {
            self.flow_renewed(now, id);
            return;
        }
        for other in account.bindings_mut().filter(|binding| binding.reg_id != reg_id) {
            if other.registration.due() == Some(Purpose::Bind) {
                other.connect(now, flow_ids, random);
            }
        }
    }

    /// Asks the server by an OPTIONS (RFC 3261 section 11) whether a flow works in both directions. Any answer will do, so
    /// a challenge is not answered.
    pub(super) fn ask_server(&mut self, now: Now, id: AccountId, flow: FlowId) {
        let Self { accounts, random, .. } = self;
        let Some(account) = account::find(accounts, id) else { return };
        let uri = ["sip:", &account.options.domain].concat();
        let (tag, call_id) = (random.token(10), random.token(24));
        let to = ["<", &uri, ">"].concat();
        let mut request = account.without_routes(Method::Options, &uri, &to, &tag, &call_id, 1);
        request.headers.push(HeaderName::Accept, "application/sdp");
        self.send_on(now, id, flow, request, Use::Probe);
    }
}
