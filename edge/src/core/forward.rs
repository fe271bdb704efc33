//! Forwarding: where a request goes, what comes back, holding for sleeping phones, and CANCEL.

use std::time::Instant;

use rsipstack::sip::typed::Via;

use super::{Core, Effect};
use crate::digest::random;
use crate::message::{Address, Message, Start, phrase, place};
use crate::push::{Push, without_push};
use crate::registrar::{Binding, Connection};
use crate::relay::{Branch, CANCELLING, ELSEWHERE, RINGING, Relay, UNANSWERED, ack_of, cancel_of, status};

impl Core {
    pub(super) fn out_of_dialog(
        &mut self,
        now: Instant,
        connection: Connection,
        key: String,
        request: Message,
        from: &Address,
        target: &Address,
    ) {
        let caller = from.user().to_string();
        if self.options.proxy_auth {
            if !self.is_local(from) {
                return self.reply(connection, &request, 403, Vec::new());
            }
            let scheme = (407, "Proxy-Authenticate", "Proxy-Authorization");
            if !self.authenticated(now, connection, &request, &caller, scheme) {
                return;
            }
        }
        if !self.is_local(target) {
            // A Contact that we know can be called as such; another domain cannot.
            return match self.places.get(&place(&target.uri)).copied() {
                Some(at) => self.direct(now, connection, key, request, at),
                None => self.reply(connection, &request, 403, Vec::new()),
            };
        }
        let user = target.user().to_string();
        if self.options.password(&user).is_none() {
            return self.reply(connection, &request, 404, Vec::new());
        }
        let id = self.start(now, connection, key, request, &user);
        let bindings: Vec<Binding> = self.registrar.of(now, &user).cloned().collect();
        for binding in &bindings {
            self.add_branch(now, id, binding.connection, &binding.uri, &binding.device);
        }
        self.push(id, &user, &bindings, from);
        self.settle(now, id);
    }

    /// Pushes to the phones that sleep, and lets the INVITE wait for them.
    fn push(&mut self, id: u64, user: &str, bindings: &[Binding], from: &Address) {
        let Some(relay) = self.relays.get_mut(&id).filter(|relay| relay.is_invite()) else { return };
        for device in self.registrar.devices(user) {
            let awake = bindings.iter().any(|binding| binding.device == device.device);
            if awake && !self.options.push_always {
                continue;
            }
            if !awake {
                relay.awaited.push(device.device.clone());
            }
            self.effects.push(Effect::Push(Push {
                relay: id,
                user: user.to_string(),
                device: device.device.clone(),
                target: device.target.clone(),
                event: "invite",
                ttl: self.options.hold.as_secs(),
                call_id: relay.request.get("Call-ID").unwrap_or_default().to_string(),
                from_uri: from.text.clone(),
                from_name: from.display.clone(),
                to_uri: relay.request.uri().to_string(),
            }));
        }
    }

    /// Tells phones that were pushed and did not come that there is no call any more.
    fn push_over(&mut self, id: u64, event: &'static str) {
        let Some(relay) = self.relays.get_mut(&id) else { return };
        let awaited = std::mem::take(&mut relay.awaited);
        if !self.options.cancel_push {
            return;
        }
        let from = relay.request.get("From").and_then(Address::parse);
        for device in self.registrar.devices(&relay.user).filter(|device| awaited.contains(&device.device)) {
            self.effects.push(Effect::Push(Push {
                relay: id,
                user: relay.user.clone(),
                device: device.device.clone(),
                target: device.target.clone(),
                event,
                ttl: self.options.hold.as_secs(),
                call_id: relay.request.get("Call-ID").unwrap_or_default().to_string(),
                from_uri: from.as_ref().map(|from| from.text.clone()).unwrap_or_default(),
                from_name: from.as_ref().map(|from| from.display.clone()).unwrap_or_default(),
                to_uri: relay.request.uri().to_string(),
            }));
        }
    }

    pub(super) fn within_dialog(
        &mut self,
        now: Instant,
        connection: Connection,
        key: String,
        mut request: Message,
        target: &Address,
    ) {
        self.drop_own_routes(&mut request);
        match self.places.get(&place(&target.uri)).copied() {
            Some(at) => self.direct(now, connection, key, request, at),
            None => self.reply(connection, &request, 430, Vec::new()),
        }
    }

    fn drop_own_routes(&self, request: &mut Message) {
        while request.get("Route").and_then(Address::parse).is_some_and(|route| self.is_local(&route)) {
            request.take_first("Route");
        }
    }

    pub(super) fn forward_ack(&mut self, mut request: Message, target: &Address) {
        self.drop_own_routes(&mut request);
        if let Some(at) = self.places.get(&place(&target.uri)).copied() {
            request.push_first("Via", format!("SIP/2.0/WS {};branch=z9hG4bK{}", self.authority, random(8)));
            self.send(at, &request);
        }
    }

    /// Forwards to one client, the Request-URI as it is.
    fn direct(&mut self, now: Instant, connection: Connection, key: String, request: Message, at: Connection) {
        let uri = request.uri().to_string();
        let id = self.start(now, connection, key, request, "");
        self.add_branch(now, id, at, &uri, "");
        self.settle(now, id);
    }

    /// Opens a server transaction and answers 100 to an INVITE.
    fn start(&mut self, now: Instant, source: Connection, key: String, request: Message, user: &str) -> u64 {
        let id = self.next_relay;
        self.next_relay += 1;
        let mut forward = request.clone();
        let realm = format!("realm=\"{}\"", self.options.realm);
        forward.headers.retain(|(name, value)| name != "Proxy-Authorization" || !value.contains(&realm));
        let method = request.method();
        if matches!(method, "INVITE" | "SUBSCRIBE" | "REFER") {
            forward.push_first("Record-Route", format!("<sip:{};transport=ws;lr>", self.authority));
        }
        if method == "INVITE" {
            self.reply(source, &request, 100, Vec::new());
        }
        self.keys.insert(key.clone(), id);
        let hold_until = now + self.options.hold;
        self.relays.insert(
            id,
            Relay {
                key,
                source,
                user: user.to_string(),
                request,
                forward,
                branches: Vec::new(),
                awaited: Vec::new(),
                hold_until,
                cancelled: false,
                finished: None,
                last: None,
                remove_at: None,
            },
        );
        id
    }

    pub(super) fn add_branch(&mut self, now: Instant, id: u64, connection: Connection, uri: &str, device: &str) {
        let Some(relay) = self.relays.get_mut(&id) else { return };
        let number = u32::try_from(relay.branches.len()).unwrap_or(u32::MAX);
        let mut request = relay.forward.clone();
        let uri = if self.options.keep_push_parameters { uri.to_string() } else { without_push(uri) };
        request.set_uri(&uri);
        // The random half keeps a client from guessing the branch of another's call.
        let branch = format!("z9hG4bK{}.{id}.{number}", random(6));
        request.push_first("Via", format!("SIP/2.0/WS {};branch={branch}", self.authority));
        relay.branches.push(Branch {
            number,
            connection,
            device: device.to_string(),
            request: request.clone(),
            provisional: false,
            cancel: None,
            cancelled: false,
            superseded: false,
            ended: None,
            deadline: now + UNANSWERED,
        });
        self.send(connection, &request);
    }

    pub(super) fn response(&mut self, now: Instant, connection: Connection, mut response: Message) {
        let Some(via) = response.take_first("Via").and_then(|via| Via::parse(&via).ok()) else { return };
        let Some(token) = via.branch().map(|branch| branch.value().to_string()) else { return };
        let mut parts = token.split('.').skip(1);
        let id = parts.next().and_then(|text| text.parse::<u64>().ok());
        let number = parts.next().and_then(|text| text.parse::<u32>().ok());
        let (Some(id), Some(number)) = (id, number) else { return };
        let code = status(&response);
        let method = response.method().to_string();
        let Some(relay) = self.relays.get_mut(&id).filter(|relay| relay.request.method() == method) else { return };
        let (invite, finished) = (relay.is_invite(), relay.finished);
        let Some(branch) = relay.branch(number) else { return };
        let sent = branch.request.get("Via").is_some_and(|via| via.ends_with(&format!("branch={token}")));
        if branch.connection != connection || !sent {
            return;
        }
        if code < 200 {
            branch.provisional = true;
            if invite {
                branch.deadline = if branch.cancelled { branch.deadline } else { now + RINGING };
                self.send_due_cancel(now, id, number);
            }
            if code > 100 && finished.is_none() {
                self.learn(connection, &response);
                self.answer(id, response);
            }
            return;
        }
        let again = branch.ended.is_some();
        if code < 300 {
            branch.ended = Some((code, Some(response.clone())));
            self.learn(connection, &response);
            if invite {
                // Each 2xx goes back, repeated and late ones too: only the caller can end what it opened.
                self.answer(id, response);
                if finished.is_none() {
                    self.push_over(id, "answeredElsewhere");
                    self.cancel_branches(now, id, &[ELSEWHERE.to_string()], Some(number));
                    self.finish(now, id, code);
                }
            } else if finished.is_none() {
                self.answer(id, response);
                self.finish(now, id, code);
            }
            return;
        }
        if invite {
            let ack = ack_of(&branch.request, &response);
            self.send(connection, &ack);
        }
        if again {
            return;
        }
        if let Some(branch) = self.relays.get_mut(&id).and_then(|relay| relay.branch(number)) {
            branch.ended = Some((code, Some(response.clone())));
        }
        if code >= 600 && invite && finished.is_none() {
            let text = match &response.start {
                Start::Response { reason, .. } => reason.replace(['"', '\\'], ""),
                Start::Request { .. } => String::new(),
            };
            self.push_over(id, "declinedElsewhere");
            self.cancel_branches(now, id, &[format!("SIP;cause={code};text=\"{text}\"")], Some(number));
            self.answer(id, response);
            self.finish(now, id, code);
            return;
        }
        self.settle(now, id);
    }

    /// Sends a response back and keeps it.
    fn answer(&mut self, id: u64, response: Message) {
        let Some(relay) = self.relays.get_mut(&id) else { return };
        let source = relay.source;
        relay.last = Some(response.clone());
        self.send(source, &response);
    }

    fn finish(&mut self, now: Instant, id: u64, code: u16) {
        if let Some(relay) = self.relays.get_mut(&id) {
            relay.finished = Some(code);
            relay.remove_at = Some(now + UNANSWERED);
        }
    }

    /// Answers the caller if nobody is waited for any more.
    pub(super) fn settle(&mut self, now: Instant, id: u64) {
        let Some(relay) = self.relays.get(&id) else { return };
        let waiting = relay.branches.iter().any(Branch::open) || !relay.awaited.is_empty();
        if relay.finished.is_some() || waiting {
            return;
        }
        let (code, response) = relay.best();
        let response = response.unwrap_or_else(|| Message::response(&relay.request, code, phrase(code), &random(5)));
        self.answer(id, response);
        self.finish(now, id, code);
    }

    pub(super) fn cancel(&mut self, now: Instant, connection: Connection, id: u64, cancel: &Message) {
        self.reply(connection, cancel, 200, Vec::new());
        let Some(relay) = self.relays.get_mut(&id) else { return };
        if relay.finished.is_some() || relay.cancelled {
            return;
        }
        relay.cancelled = true;
        let reasons: Vec<String> = cancel.all("Reason").map(str::to_string).collect();
        self.push_over(id, "cancel");
        self.cancel_branches(now, id, &reasons, None);
        self.settle(now, id);
    }

    /// Cancels all branches but one; those that said nothing yet when they do.
    pub(super) fn cancel_branches(&mut self, now: Instant, id: u64, reasons: &[String], but: Option<u32>) {
        let Some(relay) = self.relays.get_mut(&id).filter(|relay| relay.is_invite()) else { return };
        let mut due = Vec::new();
        for branch in &mut relay.branches {
            if branch.ended.is_none() && Some(branch.number) != but && branch.cancel.is_none() {
                branch.cancel = Some(reasons.to_vec());
                if !branch.provisional {
                    branch.deadline = branch.deadline.min(now + CANCELLING);
                }
                due.push(branch.number);
            }
        }
        for number in due {
            self.send_due_cancel(now, id, number);
        }
    }

    fn send_due_cancel(&mut self, now: Instant, id: u64, number: u32) {
        let Some(branch) = self.relays.get_mut(&id).and_then(|relay| relay.branch(number)) else { return };
        if !branch.provisional || branch.cancelled {
            return;
        }
        let Some(reasons) = &branch.cancel else { return };
        let cancel = cancel_of(&branch.request, reasons);
        branch.cancelled = true;
        branch.deadline = now + UNANSWERED;
        let connection = branch.connection;
        self.send(connection, &cancel);
    }
}
