//! Who gets what the wire brought.

use super::account::ALLOW;
use super::cause::Cause;
use super::extra::add_headers;
use super::{Agent, Use};
use crate::common::lists::Gather;
use crate::common::time::Now;
use crate::io::{AccountId, ErrorCode, Extra, FlowId};
use crate::message::{HeaderName, Message, Method, Request, Response};
use crate::transaction::{ClientId, Failure, ServerId, TransactionEvent};

impl Agent {
    pub(super) fn message(&mut self, now: Now, account: AccountId, flow: FlowId, octets: Vec<u8>) {
        match Message::receive(octets) {
            Ok(message) => self.transactions.receive(now.mono, flow, message),
            Err(unframed) => {
                if let (Some(status), Some(request)) = (unframed.error.status(), unframed.request) {
                    self.transactions.refuse(flow, &request, status);
                }
                self.problem(ErrorCode::MalformedMessage, Some(account));
            }
        }
    }

    pub(super) fn transaction_event(&mut self, now: Now, event: TransactionEvent) {
        let mut registers = None;
        match &event {
            TransactionEvent::Response { client, response } => {
                self.cause = Some(Cause::of_response(response));
                registers = self.use_of(*client);
            }
            TransactionEvent::Request { request, .. }
            | TransactionEvent::Ack { request, .. }
            | TransactionEvent::Cancelled { request, .. } => self.cause = Some(Cause::of_request(request)),
            // Nobody said anything.
            TransactionEvent::Failed { .. } => self.cause = None,
            _ => {}
        }
        match event {
            TransactionEvent::Send { flow, octets } => {
                self.send_octets(now, flow, octets);
            }
            TransactionEvent::Response { client, response } => self.response_came(now, client, &response),
            TransactionEvent::Failed { client, why } => self.failed(now, client, why),
            TransactionEvent::Request { server, flow, request } => self.request(now, server, flow, request),
            TransactionEvent::Ack { request, .. } => self.incoming_ack(now, &request),
            TransactionEvent::Cancelled { server, request } => self.cancelled(now, server, &request),
            TransactionEvent::StrayResponse { flow, response } => self.stray_response(now, flow, &response),
            TransactionEvent::Unacknowledged { .. } => {}
        }
        self.looked_at(registers);
    }

    /// What was told because of a message is told; what is due besides has nothing to do with it. What a registration has
    /// come to is told at the end of the step.
    pub(super) fn looked_at(&mut self, what: Option<Use>) {
        let cause = self.cause.take();
        if let Some(Use::Register(account, _)) = what {
            self.registered = cause.map(|cause| (account, cause));
        }
    }

    fn response_came(&mut self, now: Now, client: ClientId, response: &Response) {
        let Some(what) = self.use_of(client) else { return };
        self.touched |= response.status() >= 200;
        if response.status() >= 200 && !matches!(response.status(), 401 | 407) {
            let account = match what {
                Use::Register(id, _) => Some(id),
                Use::Invite(id) | Use::Reinvite(id) => self.find_call(id).map(|call| call.account),
                Use::Request => self.account_of_request(client),
                Use::Probe => None,
            };
            if let Some(account) = account {
                self.concluded(account, client, response);
            }
        }
        match what {
            Use::Register(id, reg_id) => self.register_response(now, id, reg_id, client, response),
            Use::Invite(id) => self.invite_response(now, id, client, response),
            Use::Reinvite(id) => self.reinvite_response(now, id, client, response),
            Use::Request => self.request_response(now, client, response),
            Use::Probe => self.forget_use(client),
        }
    }

    fn failed(&mut self, now: Now, client: ClientId, why: Failure) {
        match self.use_of(client) {
            Some(Use::Register(id, reg_id)) => self.register_failed(now, id, reg_id, client, why),
            Some(Use::Invite(id)) => self.invite_failed(now, id, client, why),
            Some(Use::Reinvite(id)) => self.reinvite_failed(now, id, client, why),
            Some(Use::Request) => self.request_failed(now, client, why),
            Some(Use::Probe) | None => self.forget_use(client),
        }
    }

    fn request(&mut self, now: Now, server: ServerId, flow: FlowId, request: Request) {
        if let Some(status) = self.misdirected(flow, &request) {
            self.respond(now, server, &request, status);
            return;
        }
        // 8.2.2.1: a Request-URI that cannot be read, or is none of ours. Of methods that nobody knows it may be anything.
        let uri = request.parsed_uri();
        let wrong = match uri {
            _ if matches!(request.method(), Method::Other(_)) => None,
            // RFC 3891 section 3: it means something in INVITE alone.
            _ if *request.method() != Method::Invite && request.headers.replaces().is_some() => Some(400),
            Ok(uri) if uri.is_sip() || uri.scheme().eq_ignore_ascii_case("tel") => None,
            Ok(_) => Some(416),
            Err(error) => error.status(),
        };
        if let Some(status) = wrong {
            self.respond(now, server, &request, status);
            return;
        }
        if self.is_merged(server, flow, &request) {
            self.respond(now, server, &request, 482);
            return;
        }
        // 8.2.2.3: an extension that the sender insists on and that we do not have.
        let unknown: Vec<&str> = {
            let account = self.account_of_flow(flow);
            let reliable = account.is_some_and(|account| self.reliability(account) != crate::io::Reliability::Off);
            let trickles = account.is_some_and(|account| self.trickle_ice(account) != crate::io::TrickleIce::Off);
            let ours = |tag: &str| {
                is_supported(tag)
                    || (reliable && tag.eq_ignore_ascii_case(super::reliable::TAG))
                    || (trickles && tag.eq_ignore_ascii_case(super::trickle::TAG))
            };
            request.headers.values(HeaderName::Require).filter(|tag| !ours(tag)).gather()
        };
        if !unknown.is_empty() && *request.method() != Method::Cancel {
            let unsupported = unknown.join(", ");
            let tag = self.random.token(10);
            let mut response = self.response(&request, 420, &tag, None);
            response.headers.push(HeaderName::Unsupported, unsupported);
            self.transactions.respond(now.mono, server, response);
            return;
        }
        let in_dialog = matches!(request.headers.to(), Some(Ok(to)) if to.tag().is_some());
        if in_dialog {
            match request.method() {
                // These have dialogs of their own, or share that of a call.
                Method::Notify => self.incoming_notify(now, server, flow, &request),
                Method::Subscribe => self.incoming_subscribe(now, server, flow, request),
                _ => self.request_in_dialog(now, server, request),
            }
            return;
        }
        match request.method() {
            Method::Invite => self.incoming_invite(now, server, flow, request),
            Method::Options => {
                let account = self.account_of_flow(flow);
                self.incoming_options(now, server, account, false, &request);
            }
            Method::Message => {
                let account = self.account_of_flow(flow);
                self.incoming_message(now, server, account, None, &request);
            }
            Method::Refer => {
                let account = self.account_of_flow(flow);
                self.incoming_refer(now, server, account, None, request);
            }
            Method::Notify => self.incoming_notify(now, server, flow, &request),
            Method::Subscribe => self.incoming_subscribe(now, server, flow, request),
            Method::Bye | Method::Update | Method::Info | Method::Prack => {
                self.respond(now, server, &request, 481);
            }
            method => {
                let status = status_for(method);
                self.respond(now, server, &request, status);
            }
        }
    }

    /// 8.2.2.2: it came to this account before, by another way. Of an INVITE the call that the first made knows more.
    fn is_merged(&self, server: ServerId, flow: FlowId, request: &Request) -> bool {
        let account = self.account_of_flow(flow).and_then(|id| self.find_account(id));
        let call_id = request.headers.call_id().unwrap_or_default();
        account.is_some_and(|account| self.transactions.is_merged(server, &account.open_flows()))
            && !(*request.method() == Method::Invite && self.calls.iter().any(|call| call.call_id == call_id))
    }

    fn request_in_dialog(&mut self, now: Now, server: ServerId, request: Request) {
        let number = request.headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number);
        let Some(call) = self.call_of_dialog(&request) else {
            self.respond(now, server, &request, 481);
            return;
        };
        let (id, account, over) = (call.id, call.account, call.is_over());
        if !call.dialog_of(&request.headers).is_some_and(|dialog| dialog.in_order(number)) {
            self.respond(now, server, &request, 500);
            return;
        }
        let lost = self.call_mut(id).is_some_and(|call| call.dialog.is_some() && !call.is_own_dialog(&request.headers));
        match request.method() {
            Method::Bye => self.incoming_bye(now, id, server, &request),
            // 13.2.2.4: another fork has taken the call, and this early dialog is over.
            _ if lost => self.respond(now, server, &request, 481),
            Method::Invite | Method::Update => {
                // Whoever is transferred behind a server is somebody else from now on.
                self.note_identity(id, &request.headers);
                self.incoming_change(now, id, server, request);
            }
            // What is remembered of a call that ended takes the rest of its end and nothing new.
            Method::Options | Method::Message | Method::Info | Method::Refer if over => {
                self.respond(now, server, &request, 481);
            }
            Method::Options => self.incoming_options(now, server, Some(account), true, &request),
            Method::Message => self.incoming_message(now, server, Some(account), Some(id), &request),
            Method::Info if self.incoming_digit(now, id, server, &request) => {}
            Method::Info => self.incoming_info(now, id, server, &request),
            Method::Prack => self.incoming_prack(now, id, server, &request),
            Method::Refer => self.incoming_refer(now, server, Some(account), Some(id), request),
            method => {
                let status = status_for(method);
                self.respond(now, server, &request, status);
            }
        }
    }

    pub(super) fn respond(&mut self, now: Now, server: ServerId, request: &Request, status: u16) {
        self.respond_with(now, server, request, status, &Extra::default());
    }

    /// The same with headers of the application.
    pub(super) fn respond_with(&mut self, now: Now, server: ServerId, request: &Request, status: u16, extra: &Extra) {
        let tag = self.random.token(10);
        let mut response = self.response(request, status, &tag, None);
        add_headers(&mut response.headers, &extra.headers);
        if matches!(status, 405 | 501) {
            response.headers.push(HeaderName::Allow, ALLOW);
        }
        self.transactions.respond(now.mono, server, response);
    }
}

/// 405 for what we know but do not take, 501 for what we do not know (8.2.1, 21.5.2).
fn status_for(method: &Method) -> u16 {
    if matches!(method, Method::Other(_)) { 501 } else { 405 }
}

fn is_supported(tag: &str) -> bool {
    ["outbound", "path", "gruu", "replaces", "timer", "norefersub", "nosub", "tdialog", "answermode"]
        .iter()
        .any(|known| tag.eq_ignore_ascii_case(known))
}
