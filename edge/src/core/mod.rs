//! The proxy and registrar as a state machine: octets of sockets in, octets and pushes out. It waits for nothing and
//! knows no socket; time comes with every call.

mod forward;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use rsipstack::sip::typed::Via;

use crate::digest::{Digest, Signed, Verdict, random};
use crate::message::{Address, Message, Start, phrase, place};
use crate::options::Options;
use crate::push::Push;
use crate::registrar::{Binding, Connection, Registrar};
use crate::relay::{Relay, UNANSWERED, cancel_of};

/// What the core wants done.
#[derive(Debug)]
pub enum Effect {
    /// Send a message on a socket.
    Send { connection: Connection, octets: Vec<u8> },
    /// Post a push.
    Push(Push),
}

/// An open WebSocket.
struct Client {
    address: String,
    /// The user who registered over it.
    user: Option<String>,
}

/// Registrar and proxy.
pub struct Core {
    options: Arc<Options>,
    /// Host and port in our Via and Record-Route.
    authority: String,
    clients: HashMap<Connection, Client>,
    /// Which socket a Contact (`user@host`) is reached by.
    places: HashMap<String, Connection>,
    digest: Digest,
    registrar: Registrar,
    relays: HashMap<u64, Relay>,
    keys: HashMap<String, u64>,
    next_relay: u64,
    effects: Vec<Effect>,
}

impl Core {
    /// A server that nobody is connected to. `authority` is the address it listens on.
    pub fn new(options: Arc<Options>, authority: String) -> Core {
        Core {
            digest: Digest::new(&options),
            options,
            authority,
            clients: HashMap::new(),
            places: HashMap::new(),
            registrar: Registrar::default(),
            relays: HashMap::new(),
            keys: HashMap::new(),
            next_relay: 1,
            effects: Vec::new(),
        }
    }

    /// Takes what is to be done.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The user who registered over a socket.
    pub fn user_of(&self, connection: Connection) -> Option<String> {
        self.clients.get(&connection)?.user.clone()
    }

    /// A client connected from an IP address.
    pub fn connected(&mut self, connection: Connection, address: String) {
        self.clients.insert(connection, Client { address, user: None });
    }

    /// A socket is gone.
    pub fn lost(&mut self, now: Instant, connection: Connection) {
        self.clients.remove(&connection);
        self.places.retain(|_, at| *at != connection);
        self.registrar.lost(connection);
        for id in self.ids() {
            let Some(relay) = self.relays.get_mut(&id) else { continue };
            if relay.source == connection && relay.finished.is_none() {
                // Nobody is there to be answered.
                relay.finished = Some(0);
                relay.awaited.clear();
                relay.remove_at = Some(now + UNANSWERED);
                self.cancel_branches(now, id, &[], None);
                continue;
            }
            let invite = relay.is_invite() && relay.finished.is_none() && !relay.cancelled;
            let mut changed = false;
            for branch in relay.branches.iter_mut().filter(|branch| branch.connection == connection && branch.open()) {
                changed = true;
                branch.ended = Some((480, None));
                if invite && self.registrar.pushable(&relay.user, &branch.device) {
                    // The phone may come back for this call.
                    relay.awaited.push(branch.device.clone());
                    relay.hold_until = relay.hold_until.max(now + self.options.hold);
                }
            }
            if changed {
                self.settle(now, id);
            }
        }
    }

    /// How the push service answered: accepted, or the phone is to be forgotten.
    pub fn pushed(&mut self, now: Instant, push: &Push, accepted: bool, gone: bool) {
        if gone {
            self.registrar.forget(&push.user, &push.device);
        }
        if !accepted && let Some(relay) = self.relays.get_mut(&push.relay) {
            relay.awaited.retain(|device| *device != push.device);
            self.settle(now, push.relay);
        }
    }

    /// When `timeout` wants to be called.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.relays.values().filter_map(Relay::next_timeout).min()
    }

    /// Time has passed.
    pub fn timeout(&mut self, now: Instant) {
        for id in self.ids() {
            let Some(relay) = self.relays.get_mut(&id) else { continue };
            if let Some(at) = relay.remove_at {
                if at <= now {
                    let key = relay.key.clone();
                    self.keys.remove(&key);
                    self.relays.remove(&id);
                }
                continue;
            }
            if relay.hold_until <= now {
                relay.awaited.clear();
            }
            let mut cancels = Vec::new();
            for branch in relay.branches.iter_mut().filter(|branch| branch.ended.is_none() && branch.deadline <= now) {
                branch.ended = Some((408, None));
                if branch.provisional && !branch.cancelled && branch.request.method() == "INVITE" {
                    branch.cancelled = true;
                    cancels.push((branch.connection, cancel_of(&branch.request, &[])));
                }
            }
            for (connection, cancel) in cancels {
                self.send(connection, &cancel);
            }
            self.settle(now, id);
        }
    }

    /// A WebSocket message came. False: it is no SIP message.
    pub fn received(&mut self, now: Instant, connection: Connection, octets: &[u8]) -> bool {
        if octets.iter().all(|octet| matches!(octet, b'\r' | b'\n')) {
            if octets.starts_with(b"\r\n\r\n") {
                self.effects.push(Effect::Send { connection, octets: b"\r\n".to_vec() });
            }
            return true;
        }
        let Some(message) = Message::parse(octets) else { return false };
        match message.start {
            Start::Request { .. } => self.request(now, connection, message),
            Start::Response { .. } => self.response(now, connection, message),
        }
        true
    }

    fn ids(&self) -> Vec<u64> {
        let mut ids: Vec<u64> = self.relays.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    fn send(&mut self, connection: Connection, message: &Message) {
        if self.clients.contains_key(&connection) {
            self.effects.push(Effect::Send { connection, octets: message.octets() });
        }
    }

    fn reply(&mut self, connection: Connection, request: &Message, status: u16, headers: Vec<(&str, String)>) {
        let mut response = Message::response(request, status, phrase(status), &random(5));
        for (name, value) in headers {
            response.push(name, value);
        }
        self.send(connection, &response);
    }

    fn is_local(&self, address: &Address) -> bool {
        let host = address.uri.host_with_port.host.to_string();
        host.eq_ignore_ascii_case(&self.options.domain)
            || address.uri.host_with_port.to_string().eq_ignore_ascii_case(&self.authority)
    }

    /// The key of a request's server transaction. ACK and CANCEL have that of their INVITE.
    fn key(request: &Message) -> Option<String> {
        let via = Via::parse(request.get("Via")?).ok()?;
        let branch = via.branch()?.value().to_string();
        let method = match request.method() {
            "ACK" | "CANCEL" => "INVITE",
            method => method,
        };
        Some(format!("{branch} {} {method}", via.sent_by().to_string().to_ascii_lowercase()))
    }

    fn request(&mut self, now: Instant, connection: Connection, mut request: Message) {
        let method = request.method().to_string();
        let key = Core::key(&request);
        let from = request.get("From").and_then(Address::parse);
        let to = request.get("To").and_then(Address::parse);
        let target = Address::parse(&format!("<{}>", request.uri()));
        let cseq_fits = request.cseq().is_some_and(|(_, named)| named == method);
        let complete = request.get("Call-ID").is_some() && cseq_fits;
        let (Some(key), Some(from), Some(to), Some(target), true) = (key, from, to, target, complete) else {
            if method != "ACK" && request.get("Via").is_some() {
                self.reply(connection, &request, 400, Vec::new());
            }
            return;
        };
        let address = self.clients.get(&connection).map(|client| client.address.clone()).unwrap_or_default();
        if let Some(via) = request.take_first("Via") {
            // RFC 3261 section 18.2.1; RFC 7118: the name in a browser's Via is never its address.
            request.push_first("Via", format!("{via};received={address}"));
        }
        if method == "ACK" {
            let ours = self.keys.get(&key).and_then(|id| self.relays.get(id)).and_then(|relay| relay.finished);
            if ours.is_none_or(|status| status < 300) {
                self.forward_ack(request, &target);
            }
            return;
        }
        if method == "CANCEL" {
            match self.keys.get(&key).copied() {
                Some(id) => self.cancel(now, connection, id, &request),
                None => self.reply(connection, &request, 481, Vec::new()),
            }
            return;
        }
        if let Some(id) = self.keys.get(&key) {
            let last = self.relays.get(id).and_then(|relay| relay.last.clone());
            if let Some(last) = last {
                self.send(connection, &last);
            }
            return;
        }
        match request.get("Max-Forwards").map(|_| request.number("Max-Forwards")) {
            None => request.push("Max-Forwards", "70"),
            Some(Some(0)) => return self.reply(connection, &request, 483, Vec::new()),
            Some(Some(hops)) => request.set("Max-Forwards", hops.saturating_sub(1).to_string()),
            Some(None) => return self.reply(connection, &request, 400, Vec::new()),
        }
        let passed = request.all("Via").filter_map(|via| Via::parse(via).ok());
        if passed.skip(1).any(|via| via.sent_by().to_string().eq_ignore_ascii_case(&self.authority)) {
            return self.reply(connection, &request, 482, Vec::new());
        }
        if method == "REGISTER" {
            return self.register(now, connection, &request, &target, &to);
        }
        self.learn(connection, &request);
        if to.tag().is_some() {
            return self.within_dialog(now, connection, key, request, &target);
        }
        if method == "OPTIONS" && target.user().is_empty() && self.is_local(&target) {
            let allow =
                "INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, MESSAGE, INFO, UPDATE, PRACK, REFER, SUBSCRIBE, NOTIFY";
            return self.reply(connection, &request, 200, vec![("Allow", allow.into())]);
        }
        self.out_of_dialog(now, connection, key, request, &from, &target);
    }

    /// Remembers by which socket the Contact of a message is reached.
    fn learn(&mut self, connection: Connection, message: &Message) {
        for contact in message.all("Contact").filter_map(Address::parse) {
            self.places.insert(place(&contact.uri), connection);
        }
    }

    /// Checks credentials; false: a challenge or a refusal has gone out.
    fn authenticated(
        &mut self,
        now: Instant,
        connection: Connection,
        request: &Message,
        user: &str,
        (status, challenge, answer): (u16, &str, &str),
    ) -> bool {
        let signed = Signed { method: request.method(), uri: request.uri(), body: &request.body };
        let verdict = self.digest.check(now, request.all(answer), signed, &self.options.users);
        if let Verdict::Known(name) = &verdict {
            if name == user {
                return true;
            }
            self.reply(connection, request, 403, Vec::new());
            return false;
        }
        let challenges = self.digest.challenges(now, verdict == Verdict::Stale);
        let headers = challenges.into_iter().map(|value| (challenge, value)).collect();
        self.reply(connection, request, status, headers);
        false
    }

    fn register(&mut self, now: Instant, connection: Connection, request: &Message, target: &Address, to: &Address) {
        if !self.is_local(target) || !self.is_local(to) {
            return self.reply(connection, request, 403, Vec::new());
        }
        let user = to.user().to_string();
        if self.options.password(&user).is_none() {
            return self.reply(connection, request, 404, Vec::new());
        }
        if !self.authenticated(now, connection, request, &user, (401, "WWW-Authenticate", "Authorization")) {
            return;
        }
        let options = self.options.clone();
        let outcome = match self.registrar.register(now, &options, &user, connection, request) {
            Ok(outcome) => outcome,
            Err(refusal) => {
                return self.reply(connection, request, refusal.status, refusal.header.into_iter().collect());
            }
        };
        let contacts = self.registrar.contacts(now, &user);
        let mut headers: Vec<_> = contacts.into_iter().map(|value| ("Contact", value)).collect();
        headers.extend(request.all("Path").map(|path| ("Path", path.to_string())));
        headers.extend(outcome.services.iter().map(|name| ("Feature-Caps", format!("*;+sip.pns=\"{name}\""))));
        headers.push(("Supported", "path, outbound".into()));
        if outcome.outbound && request.lists("Supported", "outbound") {
            headers.push(("Require", "outbound".into()));
            if options.flow_timer > 0 {
                headers.push(("Flow-Timer", options.flow_timer.to_string()));
            }
        }
        if options.auth_info {
            let answers = request.all("Authorization");
            let info = self.digest.info(now, answers, request.uri(), b"", &options.users);
            headers.extend(info.map(|value| ("Authentication-Info", value)));
        }
        self.reply(connection, request, 200, headers);
        if let Some(client) = self.clients.get_mut(&connection) {
            client.user = Some(user);
        }
        if !outcome.bound.is_empty() {
            self.learn(connection, request);
        }
        for binding in outcome.bound {
            self.woken(now, &binding);
        }
    }

    /// A phone registered: the calls that wait for its user go to it.
    fn woken(&mut self, now: Instant, binding: &Binding) {
        for id in self.ids() {
            let Some(relay) = self.relays.get_mut(&id) else { continue };
            if relay.user != binding.user || !relay.is_invite() || relay.finished.is_some() || relay.cancelled {
                continue;
            }
            relay.awaited.retain(|device| *device != binding.device);
            let mut wanted = true;
            for branch in relay.branches.iter_mut().filter(|branch| branch.device == binding.device) {
                // It answered already, or this is a refresh on the socket that has the call.
                let said = branch.ended.as_ref().is_some_and(|(_, response)| response.is_some());
                wanted &= !said && (branch.connection != binding.connection || branch.ended.is_some());
            }
            if !wanted {
                continue;
            }
            for branch in relay.branches.iter_mut().filter(|branch| branch.device == binding.device) {
                branch.superseded = true;
            }
            self.add_branch(now, id, binding.connection, &binding.uri.clone(), &binding.device.clone());
        }
    }
}
