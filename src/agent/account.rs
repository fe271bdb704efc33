//! One account: its options, its way to the server, its credentials, its registration, and the headers it writes.

use super::account_options::check;
use super::binding::{Binding, are_contact_params};
use super::push_query::PushQuery;
use super::registration::Purpose;
use crate::auth::{AuthOptions, Authenticator};
use crate::common::lists::Gather;
use crate::common::random::Random;
use crate::common::time::Mono;
use crate::io::{
    AccountId, AccountOptions, CommandId, Credentials, Error, Extra, FlowId, HeaderList, RegistrationInfo,
    RegistrationState, TransportState,
};
use crate::message::{self, HeaderName, Headers, Method, Request, Uri};
use crate::transport::{Connection, ConnectionOptions, TransportEvent, is_private};

/// Methods that this engine takes.
pub(crate) const ALLOW: &str =
    "INVITE, ACK, BYE, CANCEL, PRACK, OPTIONS, UPDATE, INFO, MESSAGE, REFER, SUBSCRIBE, NOTIFY";
/// Extensions that this engine has, whoever asks.
pub(crate) const SUPPORTED: &str = "outbound, gruu, replaces, timer, norefersub, nosub, tdialog, answermode";

/// One item, or two. A chain of the library's would be another instance for all that is done with it.
pub(crate) struct OneOrTwo<T>(Option<T>, Option<T>);

impl<T> Iterator for OneOrTwo<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.take().or_else(|| self.1.take())
    }
}

/// Parameters that the push registration adds to the Contact of REGISTER, ready to write: each starts with `;`.
/// In nothing but REGISTER (RFC 8599 section 4.1.1: they open a door to the device).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PushContact {
    /// Inside the `<>`.
    pub uri_params: String,
    /// After the `>`.
    pub header_params: String,
    /// The value of a header of its own, `X-P-Push`; empty: none. At the log-out each `=true` in it becomes `=false`.
    pub x_p_push: String,
}

impl std::fmt::Debug for PushContact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PushContact")
    }
}

impl PushContact {
    /// A value as it may stand in a parameter of the Contact: what is no `pvalue` character is escaped.
    #[must_use]
    pub fn escape(value: &str) -> String {
        message::escape_pvalue(value)
    }

    /// Whether there is nothing to add.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.uri_params.is_empty() && self.header_params.is_empty() && self.x_p_push.is_empty()
    }

    /// Whether these can be [`PushContact::header_params`]: none that the engine writes itself, none twice, and nothing
    /// but parameters.
    #[must_use]
    pub fn is_header_params(text: &str) -> bool {
        are_contact_params(text, true)
    }

    /// The same for [`PushContact::uri_params`].
    #[must_use]
    pub fn is_uri_params(text: &str) -> bool {
        let written = ["sip:a@b", text].concat();
        let ours = ["transport", "ob", "gr", "lr", "method"];
        let own = |name: &str| ours.iter().any(|ours| name.eq_ignore_ascii_case(ours));
        are_contact_params(text, true)
            && Uri::parse(&written)
                .is_ok_and(|uri| uri.headers().next().is_none() && !uri.params().any(|(name, _)| own(name)))
    }
}

/// What an account does while the page sleeps or wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wakefulness {
    Awake,
    /// The background policy is being carried out.
    FallingAsleep,
    Asleep,
}

#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) name: String,
    pub(crate) options: AccountOptions,
    /// The binding that every account has, and the flow without which it can do nothing.
    pub(crate) first: Binding,
    /// One more to another server, where the application and the registrar want that (RFC 5626 section 4.2).
    pub(crate) second: Option<Binding>,
    pub(crate) auth: Authenticator,
    pub(crate) wakefulness: Wakefulness,
    /// The application wants a binding: by its options, or by what it asked for last.
    pub(crate) wanted: bool,
    pub(crate) push: PushContact,
    /// Until when the first REGISTER waits for the push token.
    pub(crate) token_wait: Option<Mono>,
    /// The server said 555: it gets no push parameters until they change.
    pub(crate) push_refused: bool,
    /// What the application wants to know of the network's push services.
    pub(super) push_query: Option<PushQuery>,
    /// Set when the account goes as soon as its binding is gone.
    pub(crate) removing: bool,
    pub(crate) instance: String,
    /// What the application was told last, so that it is told changes only.
    pub(crate) told: Option<RegistrationInfo>,
    /// The application's headers for REGISTER, as its last command said.
    pub(crate) extra: Extra,
}

/// The account with this id.
pub(crate) fn find(accounts: &[Account], id: AccountId) -> Option<&Account> {
    accounts.iter().find(|account| account.id == id)
}

/// The same, to be changed.
pub(crate) fn find_mut(accounts: &mut [Account], id: AccountId) -> Option<&mut Account> {
    accounts.iter_mut().find(|account| account.id == id)
}

impl Account {
    pub(crate) fn new(
        id: AccountId,
        options: AccountOptions,
        host: bool,
        instance: String,
        random: &mut Random,
    ) -> Result<Self, Error> {
        check(&options)?;
        let name = if options.name.is_empty() {
            [&options.username, "@", &options.domain].concat()
        } else {
            options.name.clone()
        };
        let connection = Connection::new(connection_options(&options), random);
        let first = Binding::new(1, connection, options.expires, random);
        Ok(Self {
            id,
            name,
            first,
            second: None,
            auth: Authenticator::new(AuthOptions {
                username: options.auth_username.clone().unwrap_or_else(|| options.username.clone()),
                credentials: credentials(&options),
                realms: options.realms.clone(),
                forbid_md5: options.forbid_md5,
                tokens: options.servers.iter().all(|server| is_private(&server.url)),
                // Where nothing was given, a host may know.
                ask: options.credentials || (host && credentials(&options) == Credentials::default()),
            }),
            wakefulness: Wakefulness::Awake,
            wanted: options.register,
            push: PushContact::default(),
            token_wait: None,
            push_refused: false,
            push_query: None,
            removing: false,
            instance,
            told: None,
            extra: Extra::default(),
            options,
        })
    }

    /// Its bindings, the one that every account has before the other.
    pub(crate) fn bindings(&self) -> OneOrTwo<&Binding> {
        OneOrTwo(Some(&self.first), self.second.as_ref())
    }

    pub(crate) fn bindings_mut(&mut self) -> OneOrTwo<&mut Binding> {
        OneOrTwo(Some(&mut self.first), self.second.as_mut())
    }

    pub(crate) fn binding(&self, reg_id: u8) -> Option<&Binding> {
        self.bindings().find(|binding| binding.reg_id == reg_id)
    }

    pub(crate) fn binding_mut(&mut self, reg_id: u8) -> Option<&mut Binding> {
        self.bindings_mut().find(|binding| binding.reg_id == reg_id)
    }

    /// The next event of its flows, and of which binding it is.
    pub(crate) fn poll_transport(&mut self) -> Option<(u8, TransportEvent)> {
        self.bindings_mut().find_map(|binding| Some((binding.reg_id, binding.connection.poll()?)))
    }

    /// The binding that requests use: one with a flow that the registrar knows; else one with a flow; else the first.
    pub(crate) fn best(&self) -> &Binding {
        let up = self.bindings().find(|binding| binding.is_up());
        up.or_else(|| self.bindings().find(|binding| binding.flow().is_some())).unwrap_or(&self.first)
    }

    /// The flow that requests leave on.
    pub(crate) fn flow(&self) -> Option<FlowId> {
        self.best().flow()
    }

    /// Whether this is an open flow of the account.
    pub(crate) fn has_flow(&self, flow: FlowId) -> bool {
        self.bindings().any(|binding| binding.flow() == Some(flow))
    }

    /// Its open flows.
    pub(crate) fn open_flows(&self) -> Vec<FlowId> {
        self.bindings().filter_map(Binding::flow).gather()
    }

    /// The start of a Via for the flow that requests leave on.
    pub(crate) fn via(&self) -> &str {
        self.best().connection.via()
    }

    /// How its way to the server is: the best of its flows counts.
    pub(crate) fn transport_state(&self) -> TransportState {
        let states = || self.bindings().map(|binding| binding.connection.state());
        [TransportState::Connected, TransportState::Connecting, TransportState::Waiting]
            .into_iter()
            .find(|state| states().any(|other| other == *state))
            .unwrap_or(TransportState::Idle)
    }

    /// Two flows lead to two servers, and one is tried without haste while the other works.
    pub(crate) fn keep_apart(&mut self) {
        let Self { first, second: Some(second), .. } = self else { return };
        second.connection.beside(first.connection.url(), first.is_up());
        first.connection.beside(second.connection.url(), second.is_up());
    }

    /// Asks all bindings for a REGISTER. `command` is completed by the first.
    pub(crate) fn want(&mut self, purpose: Purpose, command: Option<CommandId>) {
        self.first.registration.want(purpose, command);
        // Whether there shall be a second one the first finds out.
        if let Some(second) = self.second.as_mut().filter(|second| !second.registration.is_idle()) {
            // `*` speaks for all of them.
            let purpose = if purpose == Purpose::Everything { Purpose::Unregister } else { purpose };
            second.registration.want(purpose, None);
        }
    }

    /// Asks all bindings for a REGISTER as a command wants it, with these headers in it and in those that follow from it.
    pub(crate) fn want_with(&mut self, purpose: Purpose, command: Option<CommandId>, extra: Extra) {
        let fresh = !extra.headers.is_empty() && self.extra != extra;
        self.extra = extra;
        self.want(purpose, command);
        if fresh {
            self.want_again(purpose);
        }
    }

    /// Asks for a REGISTER that says something new.
    pub(crate) fn want_again(&mut self, purpose: Purpose) {
        self.first.registration.want_again(purpose);
        if let Some(second) = self.second.as_mut().filter(|second| !second.registration.is_idle()) {
            second.registration.want_again(purpose);
        }
    }

    /// Nothing is to be done until further notice.
    pub(crate) fn rest(&mut self) {
        for binding in self.bindings_mut() {
            binding.registration.rest();
        }
    }

    /// Closes its flows.
    pub(crate) fn close(&mut self, now: Mono) {
        for binding in self.bindings_mut() {
            binding.connection.close(now);
        }
    }

    /// Whether no REGISTER is wanted any more.
    pub(crate) fn is_idle(&self) -> bool {
        self.bindings().all(|binding| binding.registration.is_idle())
    }

    /// Whether a REGISTER takes a binding away, or is about to.
    pub(crate) fn is_leaving(&self) -> bool {
        self.bindings().any(|binding| binding.registration.is_leaving())
    }

    /// Whether the registrar has a binding of ours.
    pub(crate) fn is_bound(&self, now: Mono) -> bool {
        self.bindings().any(|binding| binding.registration.is_bound(now))
    }

    /// The registration as the application sees it: what works counts.
    pub(crate) fn registration_info(&self) -> RegistrationInfo {
        let registered = |binding: &&Binding| binding.registration.state() == RegistrationState::Registered;
        let binding = self.bindings().find(registered).unwrap_or(&self.first);
        let registration = &binding.registration;
        let bound = registration.state() == RegistrationState::Registered;
        RegistrationInfo {
            account: self.id,
            state: registration.state(),
            expires_at: registration.expires_at_wall,
            status: registration.status,
            error: registration.error.clone(),
            will_retry: registration.will_retry(),
            push: if bound { binding.granted.push } else { None },
            headers: HeaderList::new(),
        }
    }

    pub(crate) fn address_of_record(&self) -> String {
        ["sip:", &message::escape_user(&self.options.username), "@", &self.options.domain].concat()
    }

    /// The URI that this account can be reached at on its present flow, and that says nothing about who it is.
    pub(crate) fn contact_uri(&self) -> String {
        self.best().contact_uri()
    }

    /// The Contact value for requests that make or refresh a dialog.
    pub(crate) fn contact(&self) -> String {
        ["<", &self.best().dialog_uri(true), ">", &self.options.contact_params].concat()
    }

    /// The event packages that somebody may subscribe to: `refer` comes with REFER.
    pub(crate) fn allow_events(&self) -> String {
        let mut packages = String::from("refer");
        for package in &self.options.events {
            packages.push_str(", ");
            packages.push_str(package);
        }
        packages
    }

    /// Says what may be sent in a dialog that a message makes, or answers the question: Allow, Allow-Events (RFC 6665
    /// section 4.4.4), Recv-Info (RFC 6086 section 4.2).
    pub(crate) fn add_abilities(&self, headers: &mut Headers) {
        headers.push(HeaderName::Allow, ALLOW);
        headers.push(HeaderName::AllowEvents, self.allow_events());
        if !self.options.info_packages.is_empty() {
            headers.push(HeaderName::RecvInfo, self.options.info_packages.join(", "));
        }
    }

    /// The Contact value for the response to a request with this URI: it came on the flow of the binding that it names.
    pub(crate) fn contact_for(&self, uri: &str) -> String {
        let parsed = Uri::parse(uri).ok();
        let named = parsed.and_then(|uri| self.bindings().find(|binding| binding.is_contact(&uri)));
        ["<", &named.unwrap_or_else(|| self.best()).dialog_uri(false), ">", &self.options.contact_params].concat()
    }

    /// The Route values of requests outside dialogs (RFC 3608 section 6.1).
    pub(crate) fn routes(&self) -> &[String] {
        &self.best().granted.routes
    }

    fn from(&self, tag: &str) -> String {
        let mut value = String::new();
        if let Some(name) = &self.options.display_name {
            value.push_str(&message::quote(name));
            value.push(' ');
        }
        for part in ["<", &self.address_of_record(), ">;tag=", tag] {
            value.push_str(part);
        }
        value
    }

    /// A request outside any dialog, but for Via, which the transaction layer adds, and Contact. It goes the way that the
    /// registrar said.
    pub(crate) fn request(
        &self,
        method: Method,
        uri: &str,
        to: &str,
        from_tag: &str,
        call_id: &str,
        cseq: u32,
    ) -> Request {
        let mut request = self.without_routes(method, uri, to, from_tag, call_id, cseq);
        for route in self.routes() {
            request.headers.push(HeaderName::Route, route.as_str());
        }
        request
    }

    /// The same without Route, for the registrar itself.
    pub(super) fn without_routes(
        &self,
        method: Method,
        uri: &str,
        to: &str,
        from_tag: &str,
        call_id: &str,
        cseq: u32,
    ) -> Request {
        let mut number = cseq.to_string();
        number.push(' ');
        number.push_str(method.as_str());
        let mut request = Request::new(method, uri);
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, self.from(from_tag));
        headers.push(HeaderName::To, to);
        headers.push(HeaderName::CallId, call_id);
        headers.push(HeaderName::CSeq, number);
        request
    }
}

/// How to reach the servers of an account.
pub(crate) fn connection_options(options: &AccountOptions) -> ConnectionOptions {
    ConnectionOptions {
        servers: options.servers.clone(),
        connect_timeout_ms: options.connect_timeout_ms,
        keep_alive: options.keep_alive,
        keep_alive_ms: options.keep_alive_ms,
    }
}

pub(super) fn credentials(options: &AccountOptions) -> Credentials {
    Credentials {
        username: None,
        password: options.password.clone(),
        ha1_md5: options.ha1_md5.clone(),
        ha1_sha256: options.ha1_sha256.clone(),
        ha1_sha512_256: options.ha1_sha512_256.clone(),
        bearer_token: options.bearer_token.clone(),
    }
}
