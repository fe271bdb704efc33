//! Bindings of the users, and the phones that can be pushed: two tables, for a phone outlives its bindings.

use std::time::{Duration, Instant};

use crate::message::{Address, Message, place};
use crate::options::Options;
use crate::push::{PushTarget, Wish, wish};

/// The number of a WebSocket.
pub type Connection = u64;

/// How long a phone that no longer registers can still be pushed.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// A Contact that a client registered.
#[derive(Clone, Debug)]
pub struct Binding {
    pub user: String,
    /// The Contact URI as it was written.
    pub uri: String,
    pub connection: Connection,
    /// Which phone or browser this is: its instance, or its Contact.
    pub device: String,
    place: String,
    instance: Option<String>,
    reg_id: u32,
    expires_at: Instant,
    call_id: String,
    cseq: u32,
}

/// A phone that can be pushed.
#[derive(Clone, Debug)]
pub struct Device {
    pub user: String,
    pub device: String,
    pub target: PushTarget,
    seen: Instant,
}

/// Why a REGISTER is not carried out.
#[derive(Debug, PartialEq)]
pub struct Refusal {
    pub status: u16,
    pub header: Option<(&'static str, String)>,
}

impl Refusal {
    fn plain(status: u16) -> Refusal {
        Refusal { status, header: None }
    }
}

/// What a REGISTER did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Bindings that are there now and reach their client.
    pub bound: Vec<Binding>,
    /// Push services to name in Feature-Caps.
    pub services: Vec<&'static str>,
    /// A Contact has a reg-id: the outbound extension is in use.
    pub outbound: bool,
}

/// The tables.
#[derive(Default)]
pub struct Registrar {
    bindings: Vec<Binding>,
    devices: Vec<Device>,
}

impl Registrar {
    /// Carries out a REGISTER of an authenticated user.
    pub fn register(
        &mut self,
        now: Instant,
        options: &Options,
        user: &str,
        connection: Connection,
        request: &Message,
    ) -> Result<Outcome, Refusal> {
        self.bindings.retain(|binding| binding.expires_at > now);
        self.devices.retain(|device| now.duration_since(device.seen) < REMEMBERED);
        let call_id = request.get("Call-ID").unwrap_or_default();
        let cseq = request.cseq().map(|(number, _)| number).unwrap_or_default();
        let header_expires = match request.get("Expires") {
            Some(_) => Some(request.number("Expires").ok_or(Refusal::plain(400))?),
            None => None,
        };
        let contacts: Vec<&str> = request.all("Contact").collect();
        if contacts.contains(&"*") {
            if contacts.len() != 1 || header_expires != Some(0) {
                return Err(Refusal::plain(400));
            }
            // Log-out of everything: no binding is left, and nobody is pushed any more.
            self.bindings.retain(|binding| binding.user != user);
            self.devices.retain(|device| device.user != user);
            return Ok(Outcome::default());
        }
        // Look at all before anything is changed: a REGISTER is carried out whole or not at all.
        let mut wanted = Vec::new();
        let mut outcome = Outcome::default();
        for text in contacts {
            let contact = Address::parse(text).ok_or(Refusal::plain(400))?;
            let asked = match contact.param("expires") {
                Some(value) => Some(value.and_then(|text| text.parse::<u32>().ok()).ok_or(Refusal::plain(400))?),
                None => header_expires,
            };
            let expires = asked.unwrap_or(options.expires).min(options.max_expires);
            if expires > 0 && expires < options.min_expires {
                let header = Some(("Min-Expires", options.min_expires.to_string()));
                return Err(Refusal { status: 423, header });
            }
            let push = wish(&contact);
            let services: &[&'static str] = match &push {
                Wish::Query(None) => &["apns", "apns.dev"],
                Wish::Query(Some(name)) | Wish::Push { provider: Some(name), .. } => match name.as_str() {
                    "apns" => &["apns"],
                    "apns.dev" => &["apns.dev"],
                    _ => return Err(Refusal::plain(555)),
                },
                _ => &[],
            };
            outcome.services.extend(services);
            outcome.outbound |= contact.param("reg-id").is_some();
            let binding = Binding {
                user: user.to_string(),
                uri: contact.text.clone(),
                connection,
                device: match contact.param("+sip.instance").flatten() {
                    Some(instance) => instance.trim_matches(['<', '>']).to_string(),
                    None => place(&contact.uri),
                },
                place: place(&contact.uri),
                instance: contact.param("+sip.instance").flatten().map(str::to_string),
                reg_id: contact.param("reg-id").flatten().and_then(|text| text.parse().ok()).unwrap_or(0),
                expires_at: now + Duration::from_secs(u64::from(expires)),
                call_id: call_id.to_string(),
                cseq,
            };
            let older =
                self.bindings.iter().any(|have| have.same(&binding) && have.call_id == call_id && have.cseq >= cseq);
            if older {
                return Err(Refusal::plain(500));
            }
            wanted.push((binding, expires, push));
        }
        for (binding, expires, push) in wanted {
            self.bindings.retain(|have| !have.same(&binding));
            match push {
                // No token: this phone wants no push, or no more.
                Wish::None | Wish::Query(_) => self.forget(user, &binding.device),
                Wish::Push { target, .. } => {
                    // A token is one phone's, whatever it called itself before.
                    self.devices.retain(|have| {
                        have.user != user || (have.device != binding.device && have.target.token != target.token)
                    });
                    let device = binding.device.clone();
                    self.devices.push(Device { user: user.to_string(), device, target, seen: now });
                }
            }
            if expires > 0 {
                self.bindings.push(binding.clone());
                outcome.bound.push(binding);
            }
        }
        Ok(outcome)
    }

    /// The Contact values of the 200: all bindings of the user.
    pub fn contacts(&self, now: Instant, user: &str) -> Vec<String> {
        self.of(now, user)
            .map(|binding| {
                let left = binding.expires_at.duration_since(now).as_secs_f64().round();
                let mut value = format!("<{}>;expires={left}", binding.uri);
                if let Some(instance) = &binding.instance {
                    value.push_str(&format!(";+sip.instance=\"{instance}\""));
                }
                if binding.reg_id > 0 {
                    value.push_str(&format!(";reg-id={}", binding.reg_id));
                }
                value
            })
            .collect()
    }

    /// The bindings of a user.
    pub fn of(&self, now: Instant, user: &str) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().filter(move |binding| binding.user == user && binding.expires_at > now)
    }

    /// The phones of a user.
    pub fn devices(&self, user: &str) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(move |device| device.user == user)
    }

    /// Whether the phone can be pushed.
    pub fn pushable(&self, user: &str, device: &str) -> bool {
        self.devices(user).any(|have| have.device == device)
    }

    /// No more pushes for this phone.
    pub fn forget(&mut self, user: &str, device: &str) {
        self.devices.retain(|have| have.user != user || have.device != device);
    }

    /// The socket is gone, and with it its bindings.
    pub fn lost(&mut self, connection: Connection) {
        self.bindings.retain(|binding| binding.connection != connection);
    }
}

impl Binding {
    /// Whether one replaces the other: RFC 5626 section 6 with an instance, else the same Contact.
    fn same(&self, other: &Binding) -> bool {
        if self.user != other.user {
            return false;
        }
        match (&self.instance, &other.instance) {
            (Some(mine), Some(theirs)) if mine == theirs => self.reg_id == other.reg_id,
            (Some(_), Some(_)) => false,
            _ => self.place == other.place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = ";pn-provider=apns;pn-param=T.org.app.voip;pn-prid=aa";

    fn register(registrar: &mut Registrar, cseq: u32, contact: &str, expires: u32) -> Result<Outcome, Refusal> {
        let text = format!(
            "REGISTER sip:sipwake.local SIP/2.0\r\nCall-ID: c\r\nCSeq: {cseq} REGISTER\r\nContact: {contact}\r\n\
             Expires: {expires}\r\nContent-Length: 0\r\n\r\n"
        );
        let request = Message::parse(text.as_bytes()).unwrap();
        registrar.register(Instant::now(), &Options::default(), "bob", 1, &request)
    }

    fn contact(host: &str, params: &str) -> String {
        format!("<sip:x@{host}.invalid{params}>;+sip.instance=\"<urn:uuid:1>\";reg-id=1")
    }

    #[test]
    fn the_same_instance_replaces_its_binding() {
        let mut registrar = Registrar::default();
        register(&mut registrar, 1, &contact("a", ""), 600).unwrap();
        register(&mut registrar, 2, &contact("b", ""), 600).unwrap();
        let list = registrar.contacts(Instant::now(), "bob");
        assert_eq!(list, ["<sip:x@b.invalid>;expires=600;+sip.instance=\"<urn:uuid:1>\";reg-id=1"]);
    }

    #[test]
    fn unregister_with_push_parameters_keeps_the_phone() {
        let mut registrar = Registrar::default();
        register(&mut registrar, 1, &contact("a", TOKEN), 600).unwrap();
        register(&mut registrar, 2, &contact("a", TOKEN), 0).unwrap();
        assert_eq!(registrar.of(Instant::now(), "bob").count(), 0);
        assert!(registrar.pushable("bob", "urn:uuid:1"));
    }

    #[test]
    fn unregister_without_push_parameters_forgets_the_phone() {
        let mut registrar = Registrar::default();
        register(&mut registrar, 1, &contact("a", TOKEN), 600).unwrap();
        register(&mut registrar, 2, &contact("a", ""), 0).unwrap();
        assert!(!registrar.pushable("bob", "urn:uuid:1"));
    }

    #[test]
    fn star_forgets_everything() {
        let mut registrar = Registrar::default();
        register(&mut registrar, 1, &contact("a", TOKEN), 600).unwrap();
        register(&mut registrar, 2, "*", 0).unwrap();
        assert!(!registrar.pushable("bob", "urn:uuid:1"));
        assert_eq!(registrar.of(Instant::now(), "bob").count(), 0);
    }

    #[test]
    fn too_short_a_time_is_refused_with_the_least_one() {
        let refusal = register(&mut Registrar::default(), 1, &contact("a", ""), 5).unwrap_err();
        assert_eq!(refusal, Refusal { status: 423, header: Some(("Min-Expires", "10".into())) });
    }

    #[test]
    fn too_long_a_time_is_cut() {
        let mut registrar = Registrar::default();
        register(&mut registrar, 1, &contact("a", ""), 2_592_000).unwrap();
        assert!(registrar.contacts(Instant::now(), "bob").iter().all(|value| value.contains("expires=604800")));
    }

    #[test]
    fn an_unknown_push_service_is_refused() {
        let refusal = register(&mut Registrar::default(), 1, &contact("a", ";pn-provider=x;pn-prid=1"), 600);
        assert_eq!(refusal.unwrap_err().status, 555);
    }

    #[test]
    fn an_older_register_changes_nothing() {
        let mut registrar = Registrar::default();
        register(&mut registrar, 5, &contact("a", ""), 600).unwrap();
        assert_eq!(register(&mut registrar, 4, &contact("a", ""), 0).unwrap_err().status, 500);
        assert_eq!(registrar.of(Instant::now(), "bob").count(), 1);
    }
}
