//! The layer: which message belongs to which transaction, and what has to leave.

use std::collections::VecDeque;

use super::check::{self, COOKIE, Verdict};
use super::client::Client;
use super::client_invite::ClientInvite;
use super::server::Server;
use super::server_invite::{AckIs, ServerInvite};
use super::{ClientId, Failure, ServerId, TIMEOUT_MS, TransactionEvent, derive};
use crate::common::limits::{CLIENT_TRANSACTIONS, SERVER_TRANSACTIONS};
use crate::common::lists::Keep;
use crate::common::random::Random;
use crate::common::time::Mono;
use crate::io::{FlowId, HeaderList};
use crate::message::{CSeq, HeaderName, Message, Method, Request, Response, Via};

/// Letters of a branch after the cookie: 100 random bits.
const BRANCH_LETTERS: usize = 20;

#[derive(Debug)]
enum ClientMachine {
    Invite(ClientInvite),
    Other(Client),
}

impl ClientMachine {
    fn deadline(&self) -> Option<Mono> {
        match self {
            Self::Invite(machine) => machine.deadline(),
            Self::Other(machine) => machine.deadline(),
        }
    }

    fn timeout(&mut self, now: Mono) -> bool {
        match self {
            Self::Invite(machine) => machine.timeout(now),
            Self::Other(machine) => machine.timeout(now),
        }
    }

    fn flow_lost(&mut self) -> bool {
        match self {
            Self::Invite(machine) => machine.flow_lost(),
            Self::Other(machine) => machine.flow_lost(),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_over(),
            Self::Other(machine) => machine.is_over(),
        }
    }

    /// Whether it has no final response yet.
    fn is_waiting(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_waiting(),
            Self::Other(machine) => !machine.is_over(),
        }
    }
}

#[derive(Debug)]
struct ClientEntry {
    id: ClientId,
    flow: FlowId,
    branch: String,
    request: Request,
    /// What is added to the CANCEL, which may wait for the first provisional response.
    cancel_with: HeaderList,
    /// A CANCEL of this layer: nobody is told about its responses.
    own: bool,
    machine: ClientMachine,
}

#[derive(Debug)]
enum ServerMachine {
    Invite(ServerInvite),
    Other(Server),
}

impl ServerMachine {
    fn deadline(&self) -> Option<Mono> {
        match self {
            Self::Invite(machine) => machine.deadline(),
            Self::Other(machine) => machine.deadline(),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_over(),
            Self::Other(machine) => machine.is_over(),
        }
    }
}

#[derive(Debug)]
struct ServerEntry {
    id: ServerId,
    flow: FlowId,
    key: String,
    method: Method,
    /// The last response, for a request that comes again.
    last: Vec<u8>,
    /// The tag of its responses, for that of a CANCEL.
    tag: Option<String>,
    machine: ServerMachine,
}

/// A request outside dialogs that came. On a reliable transport its transaction ends with its answer, while copies of
/// it may still be on their ways.
#[derive(Debug)]
struct Arrival {
    server: ServerId,
    flow: FlowId,
    /// The key of its transaction.
    way: String,
    key: String,
    until: Mono,
}

/// All transactions of an engine.
#[derive(Debug, Default)]
pub struct Transactions {
    next_id: u32,
    clients: Vec<ClientEntry>,
    servers: Vec<ServerEntry>,
    arrivals: Vec<Arrival>,
    events: VecDeque<TransactionEvent>,
}

impl Transactions {
    /// A layer without transactions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends a request in a new transaction. `via` is the start of its Via, as `SIP/2.0/WSS k3v9.invalid`; the Via that
    /// the request may have from an earlier attempt goes. An ACK is sent and forgotten.
    pub fn send(&mut self, now: Mono, flow: FlowId, via: &str, mut request: Request, random: &mut Random) -> ClientId {
        let mut branch = String::with_capacity(COOKIE.len() + BRANCH_LETTERS);
        branch.push_str(COOKIE);
        branch.push_str(&random.token(BRANCH_LETTERS));
        let mut value = String::with_capacity(via.len() + branch.len() + 8);
        for part in [via, ";branch=", &branch] {
            value.push_str(part);
        }
        request.headers.remove(HeaderName::Via);
        request.headers.push_first(HeaderName::Via, value);
        let id = ClientId(self.new_id());
        self.start(ClientEntry {
            id,
            flow,
            branch,
            cancel_with: HeaderList::new(),
            own: false,
            machine: match request.method() {
                Method::Invite => ClientMachine::Invite(ClientInvite::new(now)),
                _ => ClientMachine::Other(Client::new(now)),
            },
            request,
        });
        id
    }

    /// The request of a transaction, as it was sent. It stays until the events that tell of the transaction's end have
    /// been taken and the next input comes.
    #[must_use]
    pub fn request(&self, client: ClientId) -> Option<&Request> {
        self.clients.iter().find(|entry| entry.id == client).map(|entry| &entry.request)
    }

    /// The flow of a transaction, as long as [`Transactions::request`] knows its request.
    #[must_use]
    pub fn flow(&self, client: ClientId) -> Option<FlowId> {
        self.clients.iter().find(|entry| entry.id == client).map(|entry| entry.flow)
    }

    /// Whether this request is the copy of another that one of `flows` brought before (RFC 3261 section 8.2.2.2).
    #[must_use]
    pub fn is_merged(&self, server: ServerId, flows: &[FlowId]) -> bool {
        let Some(this) = self.arrivals.iter().find(|arrival| arrival.server == server) else { return false };
        let mut earlier = self.arrivals.iter().take_while(|arrival| arrival.server != server);
        earlier.any(|other| {
            other.key == this.key && flows.contains(&other.flow) && (other.way != this.way || other.flow != this.flow)
        })
    }

    /// Whether a transaction of ours may still have something to tell.
    #[must_use]
    pub fn is_under_way(&self, client: ClientId) -> bool {
        self.clients.iter().any(|entry| entry.id == client && !entry.machine.is_over())
    }

    /// Gives an INVITE up. The CANCEL leaves at once if a provisional response has come, else with the first; after a
    /// final response, never. `extra` are further headers of it,
    /// such as Reason (RFC 3326).
    pub fn cancel(&mut self, now: Mono, client: ClientId, extra: &[(String, String)]) {
        let Some(entry) = self.clients.iter_mut().find(|entry| entry.id == client) else { return };
        let ClientMachine::Invite(machine) = &mut entry.machine else { return };
        if machine.cancel(now) {
            let cancel = derive::cancel(&entry.request, extra);
            self.start_cancel(now, client, cancel);
        } else if entry.cancel_with.is_empty() {
            entry.cancel_with = extra.to_vec();
        }
    }

    /// Sends a response to a request that an event told of. Responses that make no sense any more are dropped; one that
    /// cannot be written ends the transaction, because nobody will ever answer it.
    pub fn respond(&mut self, now: Mono, server: ServerId, response: Response) {
        let Some(index) = self.servers.iter().position(|entry| entry.id == server) else { return };
        let Ok(octets) = response.to_octets() else {
            self.servers.remove(index);
            return;
        };
        let Some(entry) = self.servers.get_mut(index) else { return };
        let status = response.status();
        let send = match &mut entry.machine {
            ServerMachine::Invite(machine) => machine.respond(now, status),
            ServerMachine::Other(machine) => machine.respond(status),
        };
        if send {
            entry.last.clone_from(&octets);
            if status > 100 && entry.tag.is_none() {
                entry.tag = response.headers.to().and_then(Result::ok).and_then(|to| to.tag()).map(str::to_owned);
            }
            self.events.push_back(TransactionEvent::Send { flow: entry.flow, octets });
        }
        self.purge_servers();
    }

    /// The tag that the responses to an INVITE will have: that to its CANCEL has the same (RFC 3261 section 9.2).
    pub fn set_tag(&mut self, server: ServerId, tag: &str) {
        if let Some(entry) = self.servers.iter_mut().find(|entry| entry.id == server) {
            entry.tag = Some(tag.to_owned());
        }
    }

    /// Answers a request that is not even one: what could be read of it, without a transaction.
    pub fn refuse(&mut self, flow: FlowId, request: &Request, status: u16) {
        self.reply(flow, request, status, None);
    }

    /// Takes a message that came.
    pub fn receive(&mut self, now: Mono, flow: FlowId, message: Message) {
        self.purge();
        match message {
            Message::Request(request) => self.receive_request(now, flow, request),
            Message::Response(response) => self.receive_response(now, flow, response),
        }
    }

    /// A flow is gone: what waited on it fails, and what was to be answered over it is forgotten.
    pub fn flow_lost(&mut self, _now: Mono, flow: FlowId) {
        self.purge();
        self.servers.keep(|entry| entry.flow != flow);
        self.arrivals.keep(|arrival| arrival.flow != flow);
        let Self { clients, events, .. } = self;
        for entry in clients.iter_mut().filter(|entry| entry.flow == flow) {
            if entry.machine.flow_lost() && !entry.own {
                events.push_back(TransactionEvent::Failed { client: entry.id, why: Failure::FlowLost });
            }
        }
    }

    /// Does what is due.
    pub fn timeout(&mut self, now: Mono) {
        self.purge();
        let Self { clients, servers, events, .. } = self;
        for entry in clients {
            if entry.machine.timeout(now) && !entry.own {
                events.push_back(TransactionEvent::Failed { client: entry.id, why: Failure::Timeout });
            }
        }
        for entry in servers {
            match &mut entry.machine {
                ServerMachine::Invite(machine) => {
                    if machine.timeout(now) {
                        events.push_back(TransactionEvent::Unacknowledged { server: entry.id });
                    }
                }
                ServerMachine::Other(machine) => machine.timeout(now),
            }
        }
        self.purge_servers();
    }

    /// When [`Transactions::timeout`] has something to do.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        let clients = self.clients.iter().filter_map(|entry| entry.machine.deadline());
        clients.chain(self.servers.iter().filter_map(|entry| entry.machine.deadline())).min()
    }

    /// The next thing to do or to tell.
    pub fn poll(&mut self) -> Option<TransactionEvent> {
        self.events.pop_front()
    }

    /// How many transactions are not over.
    #[must_use]
    pub fn live(&self) -> usize {
        let clients = self.clients.iter().filter(|entry| !entry.machine.is_over()).count();
        clients + self.servers.iter().filter(|entry| !entry.machine.is_over()).count()
    }

    fn new_id(&mut self) -> u32 {
        self.next_id = self.next_id.wrapping_add(1);
        self.next_id
    }

    /// Sends a request and waits for its responses.
    fn start(&mut self, mut entry: ClientEntry) {
        let is_ack = *entry.request.method() == Method::Ack;
        let (client, flow) = (entry.id, entry.flow);
        let live = self.clients.iter().filter(|entry| entry.flow == flow && entry.machine.is_waiting()).count();
        match entry.request.to_octets() {
            Ok(octets) if is_ack || live < CLIENT_TRANSACTIONS => {
                self.events.push_back(TransactionEvent::Send { flow, octets });
            }
            _ => {
                entry.machine.flow_lost();
                if !entry.own && !is_ack {
                    self.events.push_back(TransactionEvent::Failed { client, why: Failure::FlowLost });
                }
            }
        }
        if !is_ack {
            self.clients.push(entry);
        }
    }

    fn start_cancel(&mut self, now: Mono, client: ClientId, cancel: Request) {
        let Some(invite) = self.clients.iter().find(|entry| entry.id == client) else { return };
        let (flow, branch) = (invite.flow, invite.branch.clone());
        let id = ClientId(self.new_id());
        let machine = ClientMachine::Other(Client::new(now));
        self.start(ClientEntry {
            id,
            flow,
            branch,
            request: cancel,
            cancel_with: HeaderList::new(),
            own: true,
            machine,
        });
    }

    fn receive_response(&mut self, now: Mono, flow: FlowId, response: Response) {
        let Some(cseq) = check::response(&response) else { return };
        let Some(Ok(via)) = response.headers.via() else { return };
        let branch = via.branch().unwrap_or_default();
        let Some(entry) = self
            .clients
            .iter_mut()
            .find(|entry| entry.branch == branch && *entry.request.method() == cseq.method && !entry.machine.is_over())
        else {
            if check::is_2xx_to_invite(&response, &cseq) {
                self.events.push_back(TransactionEvent::StrayResponse { flow, response });
            }
            return;
        };
        // 18.1.2: whoever is named there is not us.
        if !is_sent_by(&entry.request, &via) {
            return;
        }
        let (client, flow) = (entry.id, entry.flow);
        let (mut report, mut ack, mut cancel) = (false, None, None);
        match &mut entry.machine {
            ClientMachine::Other(machine) => report = machine.response(response.status()) && !entry.own,
            ClientMachine::Invite(machine) => {
                let reaction = machine.response(now, response.status());
                report |= reaction.report;
                if reaction.acknowledge {
                    ack = Some(derive::ack(&entry.request, &response));
                }
                if reaction.cancel {
                    cancel = Some(derive::cancel(&entry.request, &entry.cancel_with));
                }
            }
        }
        if let Some(Ok(octets)) = ack.map(|ack| ack.to_octets()) {
            self.events.push_back(TransactionEvent::Send { flow, octets });
        }
        if let Some(cancel) = cancel {
            self.start_cancel(now, client, cancel);
        }
        if report {
            self.events.push_back(TransactionEvent::Response { client, response });
        }
    }

    fn receive_request(&mut self, now: Mono, flow: FlowId, request: Request) {
        let cseq = match check::request(&request) {
            Verdict::Fine(cseq) => cseq,
            // There is no response to an ACK, whatever is wrong with it.
            Verdict::Refuse(status) if *request.method() != Method::Ack => {
                return self.reply(flow, &request, status, None);
            }
            Verdict::Refuse(_) | Verdict::Drop => return,
        };
        let key = check::server_key(&request, &cseq);
        match request.method() {
            Method::Ack => self.receive_ack(flow, &key, request),
            Method::Cancel => self.receive_cancel(flow, &key, request),
            _ => self.receive_new(now, flow, key, &cseq, request),
        }
    }

    fn server(&mut self, flow: FlowId, key: &str, method: &Method) -> Option<&mut ServerEntry> {
        self.servers.iter_mut().find(|entry| entry.flow == flow && entry.key == key && entry.method == *method)
    }

    fn receive_ack(&mut self, flow: FlowId, key: &str, request: Request) {
        if let Some(ServerEntry { machine: ServerMachine::Invite(machine), .. }) =
            self.server(flow, key, &Method::Invite)
            && machine.ack() == AckIs::Absorbed
        {
            self.purge_servers();
            return;
        }
        self.events.push_back(TransactionEvent::Ack { flow, request });
    }

    fn receive_cancel(&mut self, flow: FlowId, key: &str, request: Request) {
        let Some(entry) = self.server(flow, key, &Method::Invite) else {
            return self.reply(flow, &request, 481, None);
        };
        let (server, tag) = (entry.id, entry.tag.clone());
        let told = match &mut entry.machine {
            ServerMachine::Invite(machine) => machine.cancel(),
            ServerMachine::Other(_) => false,
        };
        self.reply(flow, &request, 200, tag);
        if told {
            self.events.push_back(TransactionEvent::Cancelled { server, request });
        }
    }

    fn receive_new(&mut self, now: Mono, flow: FlowId, key: String, cseq: &CSeq, request: Request) {
        if let Some(entry) = self.server(flow, &key, request.method()) {
            let again = match &entry.machine {
                ServerMachine::Invite(machine) => machine.again(),
                ServerMachine::Other(machine) => machine.again(),
            };
            if again {
                let octets = entry.last.clone();
                self.events.push_back(TransactionEvent::Send { flow, octets });
            }
            return;
        }
        if self.servers.iter().filter(|entry| entry.flow == flow).count() >= SERVER_TRANSACTIONS {
            return self.reply(flow, &request, 503, None);
        }
        let method = request.method().clone();
        let (mut last, machine) = (
            Vec::new(),
            match method {
                Method::Invite => ServerMachine::Invite(ServerInvite::new()),
                _ => ServerMachine::Other(Server::new(now)),
            },
        );
        if method == Method::Invite {
            // What cannot be quoted in a response cannot be answered at all.
            let Ok(octets) = Response::to(&request, 100).to_octets() else { return };
            last.clone_from(&octets);
            self.events.push_back(TransactionEvent::Send { flow, octets });
        }
        let server = ServerId(self.new_id());
        self.arrivals.keep(|arrival| arrival.until > now);
        if let Some(merge_key) = check::merge_key(&request, cseq) {
            if self.arrivals.len() >= SERVER_TRANSACTIONS {
                self.arrivals.remove(0);
            }
            self.arrivals.push(Arrival {
                server,
                flow,
                way: key.clone(),
                key: merge_key,
                until: now.after(TIMEOUT_MS),
            });
        }
        self.servers.push(ServerEntry { id: server, flow, key, method, last, tag: None, machine });
        self.events.push_back(TransactionEvent::Request { server, flow, request });
    }

    /// Answers without a transaction.
    fn reply(&mut self, flow: FlowId, request: &Request, status: u16, tag: Option<String>) {
        let mut response = Response::to(request, status);
        response.add_tag(&tag.unwrap_or_else(|| check::tag_for(request)));
        if let Ok(octets) = response.to_octets() {
            self.events.push_back(TransactionEvent::Send { flow, octets });
        }
    }

    /// Forgets what is over, once everything about it has been told.
    fn purge(&mut self) {
        if self.events.is_empty() {
            self.clients.keep(|entry| !entry.machine.is_over());
        }
        self.purge_servers();
    }

    fn purge_servers(&mut self) {
        self.servers.keep(|entry| !entry.machine.is_over());
    }
}

/// Whether the topmost Via of a response names the sender of this request.
fn is_sent_by(request: &Request, via: &Via<'_>) -> bool {
    matches!(request.headers.via(), Some(Ok(ours)) if ours.host().eq_ignore_ascii_case(via.host()) && ours.port() == via.port())
}

#[cfg(test)]
mod tests;
