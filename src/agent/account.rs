//! One account: its options, its way to the server, its credentials, its registration, and the headers it writes.

use std::borrow::Cow;

use super::registration::{Purpose, Registration};
use crate::auth::{AuthOptions, Authenticator};
use crate::common::limits;
use crate::common::random::Random;
use crate::common::time::Mono;
use crate::io::{AccountId, AccountOptions, Credentials, Error, ErrorCode, RegistrationInfo};
use crate::message::{self, HeaderName, Headers, MediaType, Method, Request, Uri};
use crate::transport::{Connection, ConnectionOptions};

/// Methods that this engine takes.
pub(crate) const ALLOW: &str =
    "INVITE, ACK, BYE, CANCEL, PRACK, OPTIONS, UPDATE, INFO, MESSAGE, REFER, SUBSCRIBE, NOTIFY";
/// Extensions that this engine has, whoever asks.
pub(crate) const SUPPORTED: &str = "outbound, gruu, timer, norefersub, nosub";

/// Parameters that the push registration adds to the Contact of REGISTER, ready to write: each starts with `;`.
/// In nothing but REGISTER (RFC 8599 section 4.1.1: they open a door to the device).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PushContact {
    /// Inside the `<>`.
    pub uri_params: String,
    /// After the `>`.
    pub header_params: String,
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
        self.uri_params.is_empty() && self.header_params.is_empty()
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
    pub(crate) connection: Connection,
    pub(crate) auth: Authenticator,
    pub(crate) registration: Registration,
    pub(crate) wakefulness: Wakefulness,
    /// The application wants a binding: by its options, or by what it asked for last.
    pub(crate) wanted: bool,
    pub(crate) push: PushContact,
    /// Until when the first REGISTER waits for the push token.
    pub(crate) token_wait: Option<Mono>,
    /// The server said 555: it gets no push parameters until they change.
    pub(crate) push_refused: bool,
    /// Set when the account goes as soon as its binding is gone.
    pub(crate) removing: bool,
    pub(crate) instance: String,
    contact_user: String,
    /// The public GRUU of our binding (RFC 5627): it outlives the flow, so dialogs name it where there is one.
    gruu: Option<String>,
    /// What the application was told last, so that it is told changes only.
    pub(crate) told: Option<RegistrationInfo>,
}

impl Account {
    pub(crate) fn new(
        id: AccountId,
        options: AccountOptions,
        instance: String,
        random: &mut Random,
    ) -> Result<Self, Error> {
        check(&options)?;
        let name = if options.name.is_empty() {
            [&options.username, "@", &options.domain].concat()
        } else {
            options.name.clone()
        };
        let connection = Connection::new(ConnectionOptions {
            servers: options.servers.clone(),
            connect_timeout_ms: options.connect_timeout_ms,
            keep_alive_ms: options.keep_alive_ms,
        });
        if !connection.has_server() {
            return Err(Error { field: Some("servers"), ..ErrorCode::BadServerUrl.into() });
        }
        Ok(Self {
            id,
            name,
            connection,
            auth: Authenticator::new(AuthOptions {
                username: options.auth_username.clone().unwrap_or_else(|| options.username.clone()),
                credentials: Credentials {
                    username: None,
                    password: options.password.clone(),
                    ha1_md5: options.ha1_md5.clone(),
                    ha1_sha256: options.ha1_sha256.clone(),
                    ha1_sha512_256: options.ha1_sha512_256.clone(),
                    bearer_token: options.bearer_token.clone(),
                },
                realms: options.realms.clone(),
                forbid_md5: options.forbid_md5,
                ask: options.credentials,
            }),
            registration: Registration::new(options.expires, random),
            wakefulness: Wakefulness::Awake,
            wanted: options.register,
            push: PushContact::default(),
            token_wait: None,
            push_refused: false,
            removing: false,
            instance,
            contact_user: random.token(12),
            gruu: None,
            told: None,
            options,
        })
    }

    /// A new flow gets a new Contact: servers that know the old one from a dead socket would else send nothing.
    pub(crate) fn renew_contact(&mut self, random: &mut Random) {
        self.contact_user = random.token(12);
    }

    pub(crate) fn address_of_record(&self) -> String {
        ["sip:", &message::escape_user(&self.options.username), "@", &self.options.domain].concat()
    }

    /// The URI that this account can be reached at on its present flow, without anything about pushes.
    pub(crate) fn contact_uri(&self) -> String {
        ["sip:", &self.contact_user, "@", self.sent_by(), ";transport=ws"].concat()
    }

    fn sent_by(&self) -> &str {
        let via = self.connection.via();
        via.rsplit(' ').next().unwrap_or(via)
    }

    /// The Contact value for requests and responses that make or refresh a dialog.
    pub(crate) fn contact(&self) -> String {
        match &self.gruu {
            Some(gruu) => ["<", gruu, ">"].concat(),
            None => ["<", &self.contact_uri(), ">"].concat(),
        }
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

    /// Takes the GRUU of the binding that was made, or the news that there is none.
    pub(crate) fn set_gruu(&mut self, gruu: Option<String>) {
        self.gruu = gruu;
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

    /// A request outside any dialog, but for Via, which the transaction layer adds, and Contact.
    pub(crate) fn request(
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

    /// The next REGISTER, authorized as far as that is possible.
    pub(crate) fn register(&mut self, purpose: Purpose, random: &mut Random) -> Request {
        self.registration.cseq = self.registration.cseq.saturating_add(1);
        let aor = self.address_of_record();
        let mut request = self.request(
            Method::Register,
            &["sip:", &self.options.domain].concat(),
            &["<", &aor, ">"].concat(),
            &self.registration.from_tag,
            &self.registration.call_id,
            self.registration.cseq,
        );
        let expires = if purpose == Purpose::Bind { self.registration.expires } else { 0 };
        // Without push parameters at the log-out: that is what tells the server to stop pushing.
        let push = if purpose == Purpose::LogOut || self.push_refused { &PushContact::default() } else { &self.push };
        let contact = [
            "<",
            &self.contact_uri(),
            &push.uri_params,
            ">",
            &push.header_params,
            ";reg-id=1;+sip.instance=\"<",
            &self.instance,
            ">\";expires=",
            &expires.to_string(),
        ]
        .concat();
        request.headers.push(HeaderName::Contact, contact);
        request.headers.push(HeaderName::Supported, "path, outbound, gruu");
        request.headers.push(HeaderName::Allow, ALLOW);
        self.auth.authorize(&mut request, random);
        request
    }

    /// What the server granted to our own binding, out of the 2xx to REGISTER. The contacts of other devices are
    /// passed over and kept nowhere: they may carry tokens.
    pub(crate) fn granted(&self, headers: &Headers) -> Option<Granted> {
        let ours = ["<", &self.instance, ">"].concat();
        let mut found = None;
        for contact in headers.contacts().flatten() {
            let user = contact.uri().ok().and_then(|uri: Uri<'_>| uri.user().map(|user| user == self.contact_user));
            let instance = contact.param("+sip.instance").flatten().map(|value| value.eq_ignore_ascii_case(&ours));
            let seconds = contact.param("expires").flatten().and_then(|value| value.parse::<u32>().ok());
            let gruu = || contact.param("pub-gruu").flatten().filter(|gruu| is_gruu(gruu)).map(Cow::into_owned);
            match (user, instance) {
                // The very contact we sent wins over another one of this instance.
                (Some(true), _) => {
                    let seconds = seconds.or_else(|| header_expires(headers)).unwrap_or(self.registration.expires);
                    return Some(Granted { seconds, gruu: gruu() });
                }
                // Only a binding of the same instance under another user part counts, never an older flow of it.
                (_, Some(true)) => found = found.or(seconds.map(|seconds| Granted { seconds, gruu: gruu() })),
                _ => {}
            }
        }
        found
    }
}

/// What a registrar granted.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) seconds: u32,
    pub(crate) gruu: Option<String>,
}

/// Whether a registrar's GRUU can be our Contact: a SIP URI that cannot break out of its brackets, and that says
/// nothing about pushes, which belong into REGISTER alone.
fn is_gruu(text: &str) -> bool {
    text.len() <= limits::CONTACT_OCTETS_WARN
        && text.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"".contains(&b))
        && Uri::parse(text).is_ok_and(|uri| {
            uri.is_sip()
                && uri.param("gr").is_some()
                && uri.headers().next().is_none()
                && !uri.params().any(|(name, _)| name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("pn-")))
        })
}

fn header_expires(headers: &Headers) -> Option<u32> {
    headers.expires().and_then(Result::ok)
}

fn check(options: &AccountOptions) -> Result<(), Error> {
    let visible = |text: &str| !text.is_empty() && text.bytes().all(|b| b > b' ' && b != 0x7f);
    if !visible(&options.username) {
        return Err(Error::option("username"));
    }
    let host = ["sip:", &options.domain].concat();
    let domain_is_host = visible(&options.domain)
        && Uri::parse(&host).is_ok_and(|uri| uri.user().is_none() && uri.params().next().is_none());
    if !domain_is_host || options.domain.contains(['@', '?', ';', '<', '>', '"']) {
        return Err(Error::option("domain"));
    }
    if options.servers.is_empty() {
        return Err(Error::option("servers"));
    }
    if !(400..=699).contains(&options.decline_code) {
        return Err(Error::option("declineCode"));
    }
    if (1..crate::dialog::SMALLEST_S).contains(&options.session_expires) {
        return Err(Error::option("sessionExpires"));
    }
    if options.expires == 0 {
        return Err(Error::option("expires"));
    }
    if !options.events.iter().all(|package| message::is_token(package)) {
        return Err(Error::option("events"));
    }
    if !options.info_packages.iter().all(|package| message::is_token(package)) {
        return Err(Error::option("infoPackages"));
    }
    if !options.message_types.iter().all(|kind| MediaType::parse(kind).is_ok()) {
        return Err(Error::option("messageTypes"));
    }
    if options.display_name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
        return Err(Error::option("displayName"));
    }
    Ok(())
}
