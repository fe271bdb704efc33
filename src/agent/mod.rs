//! Accounts and calls: what a SIP user agent does with transactions and dialogs.
//!
//! [`Agent`] is told what happened on flows and media sessions and what is asked of it; [`Agent::poll`] says what
//! it wants done. The files: `account`, `binding` and `registration` (REGISTER), `recovery` (what a doubt leads to),
//! `incoming` and `outgoing` (the two sides of an INVITE), `early`, `reliable`, `redirect` and `replaces` (forks,
//! early media, PRACK, 3xx, Replaces), `established` (what both have in common once they agreed), `receive` (who gets a
//! request or response), `modify` and `modified` (what either side changes of an established session), `session_timer`
//! (RFC 4028) and `repair` (lost media), `trickle` (late ICE candidates, RFC 8840), `prepared` (candidates gathered ahead), `request` and `amend` (what brings one answer, and what a refusal leaves to try), `messaging`, `info` and `dtmf` (MESSAGE, OPTIONS,
//! INFO), `usages` (what lives beside calls): `transfer` and `referral` (REFER), `subscription` and `notifier` (SUBSCRIBE,
//! NOTIFY), `publication` (PUBLISH); `identity` (who calls), `extra` (the application's own headers), `sleep` (background and wake-up), `state` and `restore` (what outlives the page), `outcome` (how a call ended), `owed` (whom that is still to be told).

mod account;
mod account_options;
mod amend;
mod binding;
mod call;
mod cause;
mod credentials;
mod dtmf;
mod early;
mod established;
mod extra;
mod identity;
mod incoming;
mod info;
mod messaging;
mod modified;
mod modify;
mod notifier;
mod outcome;
mod outgoing;
mod owed;
mod prepared;
mod progress;
mod publication;
mod push_query;
mod receive;
mod recovery;
mod redirect;
mod referral;
mod register;
mod registration;
mod reliable;
mod repair;
mod replaces;
mod request;
mod restore;
mod session;
mod session_timer;
mod sleep;
mod state;
mod subscription;
mod transfer;
mod trickle;
mod usages;
mod video;

pub use account::PushContact;
pub use dtmf::{DURATION_MS, GAP_MS};
pub use session::Asker;
pub use subscription::Wanted;

use std::collections::VecDeque;

use crate::common::limits;
use crate::common::lists::{Gather, Keep};
use crate::common::random::Random;
use crate::common::time::{Mono, Now};
use crate::io::{
    AccountId, AccountOptions, BackgroundPolicy, CallId, CallInfo, CommandId, CredentialsRequest, EndpointOptions,
    Error, ErrorCode, Event, Extra, FlowCommand, FlowEvent, FlowId, MediaCommand, MediaId, RegistrationInfo, Reply,
    TransportState,
};
use crate::message::Request;
use crate::transaction::{ClientId, Transactions};
use crate::transport::{FlowIds, TransportEvent};
use account::{Account, Wakefulness};
use call::Call;
use cause::Cause;
use outgoing::WaitingCall;
use registration::Purpose;
use usages::Usages;

/// What the agent wants done or has to tell.
#[derive(Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "events are the most of them, and each is moved a few times")]
pub enum AgentEvent {
    /// For the socket of a flow.
    Flow {
        /// Which.
        flow: FlowId,
        /// What.
        command: FlowCommand,
    },
    /// For a media session.
    Media {
        /// Which.
        media: MediaId,
        /// Its number, which the event that answers it repeats.
        number: u32,
        /// What.
        command: MediaCommand,
    },
    /// For the application, and for whoever else follows the calls.
    Event(Event),
    /// The answer to a command.
    Completed {
        /// Which.
        id: CommandId,
        /// How it ended.
        result: Result<Reply, Error>,
    },
    /// The answer to what [`Asker::Host`] asked for.
    Performed {
        /// The asker's own number.
        request: u32,
        /// How it ended.
        result: Result<(), Error>,
    },
    /// The application is asked for credentials; [`Agent::credentials`] answers.
    CredentialsNeeded(CredentialsRequest),
    /// An INVITE came and nobody was told yet: [`Agent::ring`] or [`Agent::decline`] it.
    Incoming(CallId),
    /// A call of ours waits for the system's leave: [`Agent::begin_call`] or [`Agent::refuse_call`] it.
    Outgoing {
        /// Which.
        call: CallId,
        /// Whether it wants video.
        video: bool,
    },
    /// [`Agent::suspend`] is carried out as far as it will be.
    Suspended,
}

/// What a client transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Register(AccountId, u8),
    /// Nothing but the question whether a flow works.
    Probe,
    Invite(CallId),
    /// A re-INVITE of an established call.
    Reinvite(CallId),
    /// One of [`Agent::requests`].
    Request,
}

/// The user agent.
#[derive(Debug)]
pub struct Agent {
    options: EndpointOptions,
    random: Random,
    accounts: Vec<Account>,
    calls: Vec<Call>,
    transactions: Transactions,
    uses: Vec<(ClientId, Use)>,
    requests: Vec<request::Pending>,
    owed: Vec<owed::Owed>,
    questions: credentials::Questions,
    waiting_calls: Vec<WaitingCall>,
    prepared: Vec<prepared::Prepared>,
    usages: Usages,
    flow_ids: FlowIds,
    next_id: u32,
    /// Nothing connects before the drivers are known.
    started: bool,
    /// Everything comes to its end: who waits is told that, and not what ends with it.
    stopping: bool,
    /// The page asked to sleep and was not woken since.
    suspended: bool,
    /// The host's word over the accounts' background policies, for this sleep.
    suspend_policy: Option<BackgroundPolicy>,
    /// What tells its end with [`AgentEvent::Suspended`] is under way.
    suspending: bool,
    /// An open push keeps the accounts awake.
    held_awake: bool,
    /// The system shows calls, and is asked before one starts.
    call_ui: bool,
    /// The application's headers for what the command that is being carried out sends.
    lent: Extra,
    /// The message that is being looked at.
    cause: Option<Cause>,
    /// The answer to a REGISTER that was, which tells what the registration has come to when the step is done.
    registered: Option<(AccountId, Cause)>,
    instance: String,
    /// What an earlier page left to know of accounts that this one has not made yet.
    remembered: Vec<state::Remembered>,
    /// Until when REGISTERs wait for that.
    state_wait: Option<Mono>,
    /// What the host still has of an earlier page.
    host_has: Option<restore::HostHas>,
    /// What is to be remembered may have changed.
    touched: bool,
    out: VecDeque<AgentEvent>,
}

impl Agent {
    /// An agent without accounts.
    #[must_use]
    pub fn new(options: EndpointOptions, mut random: Random) -> Self {
        let instance = if is_instance(&options.instance) {
            options.instance.clone()
        } else {
            ["urn:uuid:", &random.uuid()].concat()
        };
        let mut agent = Self {
            options,
            random,
            accounts: Vec::new(),
            calls: Vec::new(),
            transactions: Transactions::default(),
            uses: Vec::new(),
            requests: Vec::new(),
            owed: Vec::new(),
            questions: credentials::Questions::default(),
            waiting_calls: Vec::new(),
            prepared: Vec::new(),
            usages: Usages::default(),
            flow_ids: FlowIds::default(),
            next_id: 0,
            started: false,
            stopping: false,
            suspended: false,
            suspend_policy: None,
            suspending: false,
            held_awake: false,
            call_ui: false,
            lent: Extra::default(),
            cause: None,
            registered: None,
            instance,
            remembered: Vec::new(),
            state_wait: None,
            host_has: None,
            touched: false,
            out: VecDeque::new(),
        };
        if let Some(state) = agent.options.state.take() {
            agent.recall(&state);
        }
        agent
    }

    /// The random source, for ids of other layers.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// The drivers are known: flows may be opened. `instance` is the host's word for `+sip.instance`, if there is one.
    pub fn start(&mut self, now: Now, instance: Option<&str>) {
        if let Some(instance) = instance.filter(|text| is_instance(text)) {
            instance.clone_into(&mut self.instance);
            for account in self.accounts.iter_mut().filter(|account| account.instance != instance) {
                instance.clone_into(&mut account.instance);
                if account.wanted && account.wakefulness == Wakefulness::Awake && !account.is_idle() {
                    account.want_again(Purpose::Bind);
                }
            }
        }
        self.started = true;
        let connects = |account: &&Account| account.wanted && account.wakefulness == Wakefulness::Awake;
        let ids = self.accounts.iter().filter(connects).map(|account| account.id).gather();
        for id in ids {
            self.connect(now, id);
        }
        self.pump(now);
    }

    /// Makes an account, which connects and registers by itself.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidOption`] with the field, where an option is missing or cannot be.
    pub fn create_account(&mut self, now: Now, options: AccountOptions) -> Result<AccountId, Error> {
        let id = AccountId(self.new_id());
        let mut account = Account::new(id, options, self.options.host, self.instance.clone(), &mut self.random)?;
        if self.accounts.iter().any(|other| other.name == account.name) {
            return Err(Error::option("name"));
        }
        // Only a host brings tokens.
        if account.options.push.is_some() && self.options.host {
            account.token_wait = Some(now.mono.after(self.options.token_wait_ms));
        }
        if account.options.register {
            account.want(Purpose::Bind, None);
        }
        self.accounts.push(account);
        self.touched = true;
        self.take_up(now, id);
        if self.started {
            self.connect(now, id);
        }
        self.pump(now);
        Ok(id)
    }

    /// The account's options and name.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<(&str, &AccountOptions)> {
        self.find_account(id).map(|account| (account.name.as_str(), &account.options))
    }

    /// The account with this name; or the only one there is, where no name is given.
    #[must_use]
    pub fn account_named(&self, name: Option<&str>) -> Option<AccountId> {
        match (name, self.accounts.as_slice()) {
            (None, [only]) => Some(only.id),
            (None, _) => None,
            (Some(name), all) => all.iter().find(|account| account.name == name).map(|account| account.id),
        }
    }

    /// All accounts.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.accounts.iter().map(|account| account.id)
    }

    /// The call as the application sees it.
    #[must_use]
    pub fn call(&self, id: CallId) -> Option<CallInfo> {
        self.find_call(id).map(Call::info)
    }

    /// The INVITE's header with this name, for what joins it to a push.
    #[must_use]
    pub fn invite_header(&self, id: CallId, name: &str) -> Option<&str> {
        self.find_call(id)?.invite.headers.get_named(name)
    }

    /// The host knows this call by this id from now on.
    pub fn set_uuid(&mut self, id: CallId, uuid: &str) {
        if let Some(call) = self.call_mut(id) {
            uuid.clone_into(&mut call.uuid);
        }
    }

    /// Whether calls wait for the system's leave before they start.
    pub fn set_call_ui(&mut self, on: bool) {
        self.call_ui = on;
    }

    /// Calls that are not over.
    pub fn live_calls(&self) -> impl Iterator<Item = CallInfo> + '_ {
        self.calls.iter().filter(|call| !call.is_over()).map(Call::info)
    }

    /// Something happened on a flow.
    pub fn flow_event(&mut self, now: Now, flow: FlowId, event: FlowEvent) {
        let Self { accounts, flow_ids, random, .. } = self;
        // What a flow that was given up still tells is for nobody.
        if let Some(binding) =
            accounts.iter_mut().flat_map(Account::bindings_mut).find(|binding| binding.connection.owns(flow))
        {
            binding.connection.event(now.mono, flow, event, flow_ids, random);
        }
        self.pump(now);
    }

    /// A deadline has come.
    pub fn timeout(&mut self, now: Now) {
        let Self { accounts, flow_ids, random, .. } = self;
        let mut expiring = Vec::new();
        for account in accounts {
            let (id, by_application) = (account.id, account.options.refreshes_itself);
            for binding in account.bindings_mut() {
                binding.connection.timeout(now.mono, flow_ids, random);
                if binding.registration.timeout(now.mono, by_application) {
                    expiring.push((id, binding.registration.expires_at_wall.unwrap_or(now.wall)));
                }
            }
            if account.token_wait.is_some_and(|until| until <= now.mono) {
                account.token_wait = None;
            }
        }
        self.seconds_timeout(now);
        self.state_wait = self.state_wait.filter(|until| *until > now.mono);
        for (account, expires_at) in expiring {
            self.tell(Event::RegistrationExpiring { account, expires_at });
        }
        self.transactions.timeout(now.mono);
        self.questions_timeout(now);
        let due = self.calls.iter().filter(|call| call.is_due(now.mono)).map(|call| call.id).gather();
        for id in due {
            self.call_timeout(now, id);
        }
        self.pump(now);
    }

    /// When [`Agent::timeout`] is to be called.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        let bindings = self.accounts.iter().flat_map(Account::bindings);
        let accounts = bindings
            .flat_map(|binding| {
                [binding.connection.next_timeout(), binding.registration.next_timeout(), binding.again_at]
            })
            .chain(self.accounts.iter().map(|account| account.token_wait));
        let calls = self.calls.iter().map(Call::next_timeout);
        let waiting = self.waiting_calls.iter().map(|call| Some(call.until));
        let usages =
            [self.next_usage_timeout(), self.questions.next_timeout(), self.state_wait, self.next_owed_timeout()];
        accounts.chain(calls).chain(waiting).chain(usages).flatten().chain(self.transactions.next_timeout()).min()
    }

    /// The next thing to do or to tell.
    pub fn poll(&mut self) -> Option<AgentEvent> {
        self.out.pop_front()
    }

    fn new_id(&mut self) -> u32 {
        self.next_id = self.next_id.saturating_add(1);
        self.next_id
    }

    fn find_account(&self, id: AccountId) -> Option<&Account> {
        account::find(&self.accounts, id)
    }

    fn account_mut(&mut self, id: AccountId) -> Option<&mut Account> {
        account::find_mut(&mut self.accounts, id)
    }

    fn find_call(&self, id: CallId) -> Option<&Call> {
        self.calls.iter().find(|call| call.id == id)
    }

    fn call_mut(&mut self, id: CallId) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.id == id)
    }

    fn tell(&mut self, mut event: Event) {
        self.usages.observe(&event);
        if let Some(cause) = &self.cause {
            cause.explain(&mut event);
        }
        self.out.push_back(AgentEvent::Event(event));
    }

    fn complete(&mut self, id: CommandId, mut result: Result<Reply, Error>) {
        if let (Err(error), Some(cause)) = (&mut result, &self.cause) {
            cause.explain_error(error);
        }
        self.out.push_back(AgentEvent::Completed { id, result });
    }

    fn problem(&mut self, code: ErrorCode, account: Option<AccountId>) {
        self.tell(Event::Problem { error: code.into(), account });
    }

    fn connect(&mut self, now: Now, id: AccountId) {
        let Self { accounts, flow_ids, random, .. } = self;
        if let Some(account) = account::find_mut(accounts, id) {
            account.first.connect(now, flow_ids, random);
        }
    }

    /// Sends a request of `account` on the flow that serves best.
    fn send(&mut self, now: Now, account: AccountId, request: Request, what: Use) -> Option<ClientId> {
        let flow = self.find_account(account)?.flow()?;
        self.send_on(now, account, flow, request, what)
    }

    /// Sends a request of `account` on this open flow of its.
    fn send_on(
        &mut self,
        now: Now,
        account: AccountId,
        flow: FlowId,
        mut request: Request,
        what: Use,
    ) -> Option<ClientId> {
        let Self { accounts, transactions, random, options, uses, .. } = self;
        let account = account::find(accounts, account)?;
        let binding = account.bindings().find(|binding| binding.flow() == Some(flow))?;
        extra::dress(&mut request, account, &options.user_agent);
        request::keep_secure(&mut request);
        let client = transactions.send(now.mono, flow, binding.connection.via(), request, random);
        uses.push((client, what));
        self.touched = true;
        Some(client)
    }

    /// Sends octets on `flow` if it is still open.
    fn send_octets(&mut self, now: Now, flow: FlowId, octets: Vec<u8>) -> bool {
        let mut bindings = self.accounts.iter_mut().flat_map(Account::bindings_mut);
        bindings.find(|binding| binding.flow() == Some(flow)).is_some_and(|b| b.connection.send(now.mono, octets))
    }

    /// Lets everything that follows from what happened happen.
    fn pump(&mut self, now: Now) {
        loop {
            let mut quiet = true;
            for id in self.accounts.iter().map(|account| account.id).gather() {
                while let Some((reg_id, event)) = self.account_mut(id).and_then(Account::poll_transport) {
                    quiet = false;
                    self.transport_event(now, id, reg_id, event);
                }
                quiet &= !self.register_if_due(now, id);
            }
            while let Some(event) = self.transactions.poll() {
                quiet = false;
                self.transaction_event(now, event);
            }
            quiet &= !self.settle_late_offers();
            quiet &= !self.settle_preludes(now);
            quiet &= !self.settle_owed(now);
            quiet &= !self.settle_trickles(now);
            quiet &= !self.settle_sessions(now);
            quiet &= !self.settle_usages(now);
            quiet &= !self.settle_sleep(now);
            if quiet {
                break;
            }
        }
        let Self { calls, uses, transactions, .. } = self;
        for call in calls.iter_mut().filter(|call| call.is_forgotten(now.mono)) {
            let of_call = |what: &Use| matches!(what, Use::Invite(id) | Use::Reinvite(id) if *id == call.id);
            // A late CANCEL may still cross a 2xx, which wants its ACK and BYE.
            if uses.iter().any(|(client, what)| of_call(what) && transactions.is_under_way(*client)) {
                call.forgotten_at = Some(now.mono.after(call::LINGER_MS));
            }
        }
        calls.keep(|call| !call.is_forgotten(now.mono));
        uses.keep(|(_, what)| match what {
            Use::Invite(id) | Use::Reinvite(id) => calls.iter().any(|call| call.id == *id),
            Use::Register(..) | Use::Probe | Use::Request => true,
        });
        self.tell_registrations();
        self.tell_sleep();
        self.settle_waiting_calls(now);
    }

    fn transport_event(&mut self, now: Now, id: AccountId, reg_id: u8, event: TransportEvent) {
        match event {
            TransportEvent::Command { flow, command } => self.out.push_back(AgentEvent::Flow { flow, command }),
            TransportEvent::Up { .. } => {
                let Self { accounts, random, .. } = self;
                let account = account::find_mut(accounts, id);
                if let Some(binding) = account.and_then(|account| account.binding_mut(reg_id)) {
                    binding.renew_contact(random);
                }
                // Otherwise the REGISTER comes first.
                if self.find_account(id).is_some_and(|account| account.first.registration.due().is_none()) {
                    self.flow_renewed(now, id);
                }
            }
            TransportEvent::Down { flow, was_up, error } => {
                if let Some(flow) = flow.filter(|_| was_up) {
                    self.flow_gone(now, id, reg_id, flow);
                }
                self.connection_failed(now, id, reg_id, &error);
                let state = self.find_account(id).map(Account::transport_state);
                // What one flow of two meets is nothing to show while the other works.
                if let Some(state) = state.filter(|state| reg_id == 1 || *state != TransportState::Connected)
                    && error.code != ErrorCode::Stopped
                {
                    self.tell(Event::ConnectivityChanged { account: id, state, error: Some(error) });
                }
            }
            TransportEvent::Message { flow, octets } => self.message(now, id, flow, octets),
            TransportEvent::Probe { flow } => self.ask_server(now, id, flow),
            TransportEvent::State(state) => {
                let Some(account) = self.find_account(id) else { return };
                if account.second.is_none() {
                    self.tell(Event::ConnectivityChanged { account: id, state, error: None });
                } else if reg_id == 1 || account.first.flow().is_none() {
                    let state = account.transport_state();
                    self.tell(Event::ConnectivityChanged { account: id, state, error: None });
                }
            }
        }
    }

    fn flow_gone(&mut self, now: Now, id: AccountId, reg_id: u8, flow: FlowId) {
        self.transactions.flow_lost(now.mono, flow);
        if let Some(account) = self.account_mut(id)
            && account.wakefulness != Wakefulness::Asleep
            && let Some(binding) = account.binding_mut(reg_id)
        {
            binding.registration.flow_lost();
        }
        let mut undone = Vec::new();
        for call in self.calls.iter_mut().filter(|call| call.flow == flow) {
            if call.flow_lost(now.mono) {
                undone.push(call.id);
            }
        }
        for id in undone {
            self.media_command(id, MediaCommand::Rollback);
        }
        self.questions_flow_lost(now, id);
        self.flow_lost(now, id, reg_id);
    }

    fn tell_registrations(&mut self) {
        let mut changed = Vec::new();
        for account in &mut self.accounts {
            let info = account.registration_info();
            let idle = account.told.is_none() && account.is_idle() && info.error.is_none();
            if !idle && account.told.as_ref() != Some(&info) {
                account.told = Some(info.clone());
                changed.push(info);
            }
        }
        let registered = self.registered.take();
        for info in changed {
            self.cause = registered.as_ref().filter(|(of, _)| *of == info.account).map(|(_, cause)| cause.clone());
            self.tell(Event::RegistrationChanged(info));
        }
        self.cause = None;
        let gone = self.accounts.extract_if(.., |account| account.removing && account.is_idle());
        // Who still waits for such an account was overtaken by the end of everything.
        let waiting = gone.flat_map(|mut account| account.first.registration.take_all_waiting()).gather();
        for command in waiting {
            self.complete(command, Err(ErrorCode::Stopped.into()));
        }
    }

    /// The registration as the application sees it.
    #[must_use]
    pub fn registration(&self, id: AccountId) -> Option<RegistrationInfo> {
        self.find_account(id)?.told.clone()
    }

    fn live_call_count(&self) -> usize {
        self.calls.iter().filter(|call| !call.is_over()).count()
    }

    fn too_many_calls(&self) -> bool {
        self.live_call_count() >= limits::CALLS
    }

    fn use_of(&self, client: ClientId) -> Option<Use> {
        self.uses.iter().find(|(id, _)| *id == client).map(|(_, what)| *what)
    }

    fn forget_use(&mut self, client: ClientId) {
        self.uses.keep(|(id, _)| *id != client);
    }

    fn account_of_flow(&self, flow: FlowId) -> Option<AccountId> {
        self.accounts.iter().find(|account| account.has_flow(flow)).map(|account| account.id)
    }
}

/// Whether a host's instance can stand in a Contact: `urn:` and no character that would end it.
pub(crate) fn is_instance(text: &str) -> bool {
    text.starts_with("urn:") && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\;,".contains(&b))
}
