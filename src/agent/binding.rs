//! One binding of an account (RFC 5626 section 4.2): its flow, the REGISTER that keeps it, and what came of that.

use std::borrow::Cow;

use super::Agent;
use super::account::{ALLOW, Account, PushContact};
use super::call::Call;
use super::extra::add_headers;
use super::registration::{Answer, Moved, Purpose, Registration};
use crate::common::limits;
use crate::common::random::Random;
use crate::common::search::replace;
use crate::common::time::{Mono, Now};
use crate::io::{FlowId, PushSupport, RegistrationState};
use crate::message::{self, HeaderName, Headers, Method, Request, Response, Uri};
use crate::transport::{Connection, FlowIds};

/// One of the bindings of an account.
#[derive(Debug)]
pub(crate) struct Binding {
    /// 1, or 2 for the second flow.
    pub(crate) reg_id: u8,
    pub(crate) connection: Connection,
    pub(crate) registration: Registration,
    /// The first hop lacks outbound support (439; RFC 5626 section 11.6): not asked for on this flow any more.
    pub(crate) without_outbound: bool,
    /// What the last 2xx said.
    pub(crate) granted: Granted,
    /// The registrar refused it, although it has the other one: when it is asked again.
    pub(crate) again_at: Option<Mono>,
    contact_user: String,
}

impl Binding {
    pub(crate) fn new(reg_id: u8, connection: Connection, expires: u32, random: &mut Random) -> Self {
        Self {
            reg_id,
            connection,
            registration: Registration::new(expires, random),
            without_outbound: false,
            granted: Granted::default(),
            again_at: None,
            contact_user: random.token(12),
        }
    }

    /// A new flow gets a new Contact: servers that know the old one from a dead socket would else send nothing.
    pub(crate) fn renew_contact(&mut self, random: &mut Random) {
        self.contact_user = random.token(12);
        self.without_outbound = false;
    }

    pub(crate) fn connect(&mut self, now: Now, ids: &mut FlowIds, random: &mut Random) {
        self.connection.connect(now.mono, ids, random);
    }

    pub(crate) fn flow(&self) -> Option<FlowId> {
        self.connection.flow()
    }

    /// Whether there is a flow, and the registrar knows it.
    pub(crate) fn is_up(&self) -> bool {
        self.flow().is_some() && self.registration.state() == RegistrationState::Registered
    }

    /// The URI that this binding can be reached at on its present flow, without anything about pushes.
    pub(crate) fn contact_uri(&self) -> String {
        ["sip:", &self.contact_user, "@", self.sent_by(), ";transport=ws"].concat()
    }

    fn sent_by(&self) -> &str {
        let via = self.connection.via();
        via.rsplit(' ').next().unwrap_or(via)
    }

    /// Whether a request with this URI is for this binding's Contact.
    pub(crate) fn is_contact(&self, uri: &Uri<'_>) -> bool {
        uri.user().is_some_and(|user| user == self.contact_user)
    }

    /// The URI in the Contact of what makes or refreshes a dialog. `asks`: it is a request of ours, whose far end sends
    /// to this flow because of `ob` (RFC 5626 section 4.3), unless a GRUU leads to whatever flow there is.
    pub(crate) fn dialog_uri(&self, asks: bool) -> String {
        let mut uri = self.granted.gruu.clone().unwrap_or_else(|| self.contact_uri());
        if let Some(purr) = &self.granted.purr {
            uri.push_str(";pn-purr=");
            uri.push_str(purr);
        }
        if asks && self.granted.outbound && self.granted.gruu.is_none() {
            uri.push_str(";ob");
        }
        uri
    }
}

/// What a registrar granted, and said besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Granted {
    /// How long our binding stays; 0 where it is not there.
    pub(crate) seconds: u32,
    /// The public GRUU (RFC 5627): it outlives the flow, so dialogs name it where there is one.
    pub(crate) gruu: Option<String>,
    /// Route values of requests outside dialogs (RFC 3608).
    pub(crate) routes: Vec<String>,
    /// The registrar did as RFC 5626 says.
    pub(crate) outbound: bool,
    /// What makes the network push for requests in a dialog (RFC 8599 section 6), escaped.
    pub(crate) purr: Option<String>,
    /// What it says about pushes.
    pub(crate) push: Option<PushSupport>,
}

/// Reads the 2xx to the REGISTER of a binding. The contacts of other devices are passed over and kept nowhere: they may
/// carry tokens.
fn granted(binding: &Binding, instance: &str, push: &PushContact, headers: &Headers) -> Granted {
    let ours = ["<", instance, ">"].concat();
    let reg_id = |value: Option<Option<Cow<'_, str>>>| match value.flatten() {
        Some(text) => text.parse() == Ok(binding.reg_id),
        None => true,
    };
    let (mut exact, mut like) = (None, None);
    for contact in headers.contacts().flatten() {
        let seconds = || contact.expires();
        let gruu = || contact.param("pub-gruu").flatten().filter(|gruu| is_gruu(gruu)).map(Cow::into_owned);
        if contact.uri().is_ok_and(|uri| binding.is_contact(&uri)) {
            // The very contact we sent wins over another one of this instance.
            let asked = binding.registration.expires;
            let seconds = seconds().or_else(|| headers.expires().and_then(Result::ok)).unwrap_or(asked);
            exact = Some((seconds, gruu()));
            break;
        }
        let instance = contact.param("+sip.instance").flatten();
        if instance.is_some_and(|value| value.eq_ignore_ascii_case(&ours)) && reg_id(contact.param("reg-id")) {
            // Only a binding of the same instance under another user part counts, never an older flow of it.
            like = like.or_else(|| seconds().map(|seconds| (seconds, gruu())));
        }
    }
    let (seconds, gruu) = exact.or(like).unwrap_or((0, None));
    let (support, purr) = if push.is_empty() { (None, None) } else { push_support(push, headers) };
    Granted {
        seconds,
        gruu,
        routes: service_routes(headers),
        outbound: headers.requires("outbound") && !binding.without_outbound,
        purr,
        push: support,
    }
}

/// Service-Route (RFC 3608 section 5): taken whole or not at all, and only where each is a loose router.
fn service_routes(headers: &Headers) -> Vec<String> {
    let mut routes = Vec::new();
    for route in headers.service_routes() {
        let loose = route.as_ref().is_ok_and(|route| {
            route.uri().is_ok_and(|uri| uri.is_sip() && uri.param("lr").is_some() && uri.headers().next().is_none())
        });
        match route {
            Ok(route) if loose && routes.len() < limits::ROUTES => {
                routes.push(["<", route.uri_text(), ">"].concat());
            }
            _ => return Vec::new(),
        }
    }
    routes
}

/// Feature-Caps of the 2xx (RFC 8599 sections 4.1.4 and 6.1): whether it names our push service, and the newest PURR.
fn push_support(push: &PushContact, headers: &Headers) -> (Option<PushSupport>, Option<String>) {
    let provider = push.uri_params.split(';').find_map(|param| param.strip_prefix("pn-provider="));
    let named = headers.feature_caps().any(|caps| match (caps.get("+sip.pns").flatten(), provider) {
        (Some(service), Some(provider)) => service.eq_ignore_ascii_case(provider),
        (Some(_), None) => true,
        (None, _) => false,
    });
    let purr = headers.feature_caps().find_map(|caps| caps.get("+sip.pnspurr").flatten());
    let purr = purr.filter(|purr| !purr.is_empty() && purr.len() <= limits::CONTACT_OCTETS_WARN);
    let support = if named { PushSupport::Promised } else { PushSupport::Unknown };
    (Some(support), purr.map(|purr| PushContact::escape(&purr)))
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

/// Where a 3xx to REGISTER sends us (RFC 3261 section 8.1.3.4): another name of the registrar, to be reached through the
/// server we have. A Contact that wants another WebSocket is none we could follow: its URL is not in a SIP URI.
fn moved(response: &Response, secure: bool) -> Option<Moved> {
    for contact in response.headers.contacts().flatten() {
        let Ok(uri) = contact.uri() else { continue };
        let transport = uri.param("transport").flatten().unwrap_or_default();
        let web_socket = transport.eq_ignore_ascii_case("ws") || transport.eq_ignore_ascii_case("wss");
        if !uri.is_sip() || (uri.is_sips() && !secure) || uri.host().is_empty() || web_socket {
            continue;
        }
        let port = uri.port().map(|port| [":", &port.to_string()].concat()).unwrap_or_default();
        let scheme = if uri.is_sips() { "sips:" } else { "sip:" };
        let registrar = [scheme, uri.host(), &port].concat();
        return Some(Moved { registrar, for_good: response.status() == 301 });
    }
    None
}

impl Account {
    /// The next REGISTER of a binding, authorized as far as that is possible.
    pub(crate) fn register(&mut self, reg_id: u8, purpose: Purpose, random: &mut Random) -> Option<Request> {
        let binding = self.binding_mut(reg_id)?;
        binding.registration.cseq = binding.registration.cseq.saturating_add(1);
        let binding = self.binding(reg_id)?;
        let registration = &binding.registration;
        let aor = self.address_of_record();
        let domain = ["sip:", &self.options.domain].concat();
        let mut request = self.without_routes(
            Method::Register,
            registration.registrar().unwrap_or(&domain),
            &["<", &aor, ">"].concat(),
            &registration.from_tag,
            &registration.call_id,
            registration.cseq,
        );
        let asks = reg_id == 1 && purpose == Purpose::Bind;
        let question = if asks { self.push_question() } else { None };
        let headers = &mut request.headers;
        if purpose == Purpose::Everything {
            headers.push(HeaderName::Contact, "*");
            headers.push(HeaderName::Expires, "0");
        } else {
            headers.push(HeaderName::Contact, self.register_contact(binding, purpose, question.as_ref()));
        }
        let supported = if binding.without_outbound { "path, gruu" } else { "path, outbound, gruu" };
        headers.push(HeaderName::Supported, supported);
        headers.push(HeaderName::Allow, ALLOW);
        let push = &self.push.x_p_push;
        if !push.is_empty() && !self.push_refused && question.is_none() {
            let off = matches!(purpose, Purpose::LogOut | Purpose::Everything);
            headers.push_named("X-P-Push", if off { replace(push, "=true", "=false") } else { push.clone() });
        }
        add_headers(headers, &self.options.register_headers);
        add_headers(headers, &self.extra.headers);
        self.auth.authorize(&mut request, random);
        Some(request)
    }

    fn register_contact(&self, binding: &Binding, purpose: Purpose, question: Option<&PushContact>) -> String {
        let expires = if purpose == Purpose::Bind { binding.registration.expires } else { 0 };
        // Without push parameters at the log-out: that is what tells the server to stop pushing.
        let none = PushContact::default();
        let ours = if purpose == Purpose::LogOut || self.push_refused { &none } else { &self.push };
        let push = question.unwrap_or(ours);
        let reg_id =
            if binding.without_outbound { String::new() } else { [";reg-id=", &binding.reg_id.to_string()].concat() };
        [
            "<",
            &binding.contact_uri(),
            &push.uri_params,
            ">",
            &push.header_params,
            &self.options.contact_params,
            &reg_id,
            ";+sip.instance=\"<",
            &self.instance,
            ">\";expires=",
            &expires.to_string(),
        ]
        .concat()
    }

    /// Takes what a 2xx to the REGISTER of a binding says.
    pub(crate) fn take_grant(&mut self, reg_id: u8, response: &Response) -> Answer {
        let nothing = PushContact::default();
        let push = if self.push_refused { &nothing } else { &self.push };
        let Some(binding) = self.binding(reg_id) else { return Answer::Missing(response.status()) };
        let mut granted = granted(binding, &self.instance, push, &response.headers);
        if self.push_refused && !self.push.is_empty() {
            granted.push = Some(PushSupport::Refused);
        }
        let seconds = granted.seconds;
        if reg_id == 1 && self.push_query().is_some() {
            // It was asked about another service; what it said about ours holds.
            granted.purr.clone_from(&self.first.granted.purr);
            granted.push = self.first.granted.push;
        }
        let Some(binding) = self.binding_mut(reg_id).filter(|_| seconds > 0) else {
            return Answer::Missing(response.status());
        };
        binding.granted = granted;
        Answer::Granted(seconds)
    }

    /// What a 3xx says.
    pub(crate) fn take_redirection(&self, reg_id: u8, response: &Response) -> Answer {
        let secure = self.binding(reg_id).is_some_and(|binding| binding.connection.secure());
        Answer::Moved(response.status(), moved(response, secure))
    }
}

impl Agent {
    /// How a request is refused that came on a flow of one account and is another one's: it names that one's Contact
    /// (RFC 3261 section 8.2.2.1), or belongs to a call of that one (section 12.2.2).
    pub(super) fn misdirected(&self, flow: FlowId, request: &Request) -> Option<u16> {
        let account = self.account_of_flow(flow)?;
        let others = || self.accounts.iter().filter(|other| other.id != account);
        let theirs = request
            .parsed_uri()
            .is_ok_and(|uri| others().flat_map(Account::bindings).any(|binding| binding.is_contact(&uri)));
        let foreign_call = |call: &Call| call.account != account && call.has_dialog(&request.headers);
        if others().next().is_some() && self.calls.iter().any(foreign_call) { Some(481) } else { theirs.then_some(404) }
    }
}

/// Parameters that an application may add to a Contact: none that the engine writes, and none twice. `push`: those of a
/// push as well, for REGISTER.
pub(crate) fn are_contact_params(text: &str, push: bool) -> bool {
    let ours = |name: &str| {
        ["expires", "reg-id", "+sip.instance", "pub-gruu", "temp-gruu", "tag"]
            .iter()
            .any(|o| name.eq_ignore_ascii_case(o))
            || !push && name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("pn-"))
    };
    let is_twice = |address: &message::NameAddr<'_>, name: &str| {
        address.params().filter(|param| param.name.eq_ignore_ascii_case(name)).count() > 1
    };
    text.is_empty()
        || (text.starts_with(';')
            && message::NameAddr::parse(&["<sip:a@b>", text].concat())
                .is_ok_and(|address| !address.params().any(|param| ours(param.name) || is_twice(&address, param.name))))
}
