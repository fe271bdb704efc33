//! Requests that bring one answer: MESSAGE (RFC 3428) and OPTIONS (RFC 3261 section 11), both ways.

use super::Agent;
use super::account;
use super::extra::{add_headers, check_headers};
use super::outcome::body_of;
use super::outgoing::target_uri;
use super::request::{DialogRef, Purpose};
use crate::common::limits;
use crate::common::time::Now;
use crate::io::{AccountId, Body, CallId, CommandId, Error, ErrorCode, Event, Extra, Identity};
use crate::message::{HeaderName, Headers, MediaType, Method, NameAddr, Request};
use crate::transaction::ServerId;

impl Agent {
    /// Sends a MESSAGE to `target`, or in `call` where one is named; `command` is completed with its answer.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::InvalidTarget`], [`ErrorCode::InvalidOption`] for headers or a body that
    /// cannot be sent, [`ErrorCode::InvalidState`] where the call is not established, [`ErrorCode::FlowLost`] where
    /// there is no connection.
    #[allow(clippy::too_many_arguments)]
    pub fn send_message(
        &mut self,
        now: Now,
        account: AccountId,
        call: Option<CallId>,
        target: &str,
        body: Body,
        extra: &Extra,
        command: CommandId,
    ) -> Result<(), Error> {
        check_body(&body)?;
        // No Contact: a MESSAGE makes no dialog (RFC 3428 section 4).
        let (account, dialog, mut request) = match call {
            Some(call) => self.inside(call, Method::Message, extra)?,
            None => (account, DialogRef::None, self.outside(account, Method::Message, target, extra)?),
        };
        set_body(&mut request, body);
        self.send_request(now, account, dialog, request, Purpose::Command(command))?;
        self.pump(now);
        Ok(())
    }

    /// Sends an OPTIONS to `target`; `command` is completed with its answer.
    ///
    /// # Errors
    /// As [`Agent::send_message`].
    pub fn send_options(
        &mut self,
        now: Now,
        account: AccountId,
        target: &str,
        extra: &Extra,
        command: CommandId,
    ) -> Result<(), Error> {
        let mut request = self.outside(account, Method::Options, target, extra)?;
        if request.headers.get(HeaderName::Accept).is_none() {
            request.headers.push(HeaderName::Accept, "application/sdp");
        }
        self.send_request(now, account, DialogRef::None, request, Purpose::Command(command))?;
        self.pump(now);
        Ok(())
    }

    /// A request outside any dialog, with the application's headers.
    pub(super) fn outside(
        &mut self,
        account: AccountId,
        method: Method,
        target: &str,
        extra: &Extra,
    ) -> Result<Request, Error> {
        check_headers(&extra.headers)?;
        let Self { accounts, random, .. } = self;
        let account = account::find(accounts, account).ok_or(ErrorCode::NotFound)?;
        let uri = target_uri(target, &account.options.domain)?;
        let (tag, call_id) = (random.token(10), random.token(24));
        let mut request = account.request(method, &uri, &["<", &uri, ">"].concat(), &tag, &call_id, 1);
        add_headers(&mut request.headers, &extra.headers);
        Ok(request)
    }

    /// The next request in the dialog of an established call, with the application's headers.
    pub(super) fn inside(
        &mut self,
        call: CallId,
        method: Method,
        extra: &Extra,
    ) -> Result<(AccountId, DialogRef, Request), Error> {
        check_headers(&extra.headers)?;
        let call = self.call_mut(call).filter(|call| !call.is_over()).ok_or(ErrorCode::NotFound)?;
        if !call.is_confirmed() {
            return Err(ErrorCode::InvalidState.into());
        }
        let (id, account) = (call.id, call.account);
        let dialog = call.dialog.as_mut().ok_or(ErrorCode::InvalidState)?;
        let mut request = dialog.request(method);
        let which = DialogRef::Call(id, dialog.remote_tag().to_owned());
        add_headers(&mut request.headers, &extra.headers);
        Ok((account, which, request))
    }

    /// A MESSAGE came, in `call` where it is one of a dialog.
    pub(super) fn incoming_message(
        &mut self,
        now: Now,
        server: ServerId,
        account: Option<AccountId>,
        call: Option<CallId>,
        request: &Request,
    ) {
        let found = account.and_then(|id| self.find_account(id));
        let (Some(account), Some(found)) = (account, found) else {
            self.respond(now, server, request, 480);
            return;
        };
        let types = &found.options.message_types;
        let status = match request.headers.content_type() {
            _ if request.body().len() > limits::BODY_OCTETS => 413,
            None if !request.body().is_empty() => 400,
            Some(Err(_)) => 400,
            _ if is_encoded(&request.headers) => 415,
            Some(Ok(kind)) if !types.is_empty() && !types.iter().any(|known| is_kind(&kind, known)) => 415,
            _ => 200,
        };
        let tag = self.random.token(10);
        let mut response = self.response(request, status, &tag, None);
        if status == 415 {
            let types = self.account(account).map(|(_, options)| options.message_types.join(", "));
            let types = types.filter(|types| !types.is_empty()).unwrap_or_else(|| "*/*".to_owned());
            response.headers.push(HeaderName::Accept, types);
        }
        self.transactions.respond(now.mono, server, response);
        if status == 200 {
            let from = sender(&request.headers);
            self.tell(Event::MessageReceived {
                account,
                call,
                from_uri: from.uri,
                from_name: from.name,
                body: body_of(&request.headers, request.body()),
                headers: request.headers.list(),
            });
        }
    }

    /// An OPTIONS came: the answer says what we can, with the status that an INVITE would get now (11.2).
    pub(super) fn incoming_options(
        &mut self,
        now: Now,
        server: ServerId,
        account: Option<AccountId>,
        in_dialog: bool,
        request: &Request,
    ) {
        let status = match account {
            None => 480,
            Some(_) if !in_dialog && self.too_many_calls() => 486,
            Some(_) => 200,
        };
        let tag = self.random.token(10);
        let mut response = self.response(request, status, &tag, account);
        for (name, value) in [
            (HeaderName::Accept, "application/sdp"),
            (HeaderName::AcceptEncoding, "identity"),
            (HeaderName::AcceptLanguage, "*"),
        ] {
            response.headers.push(name, value);
        }
        if let Some(account) = account {
            self.write_supported(account, &mut response.headers);
        }
        self.transactions.respond(now.mono, server, response);
    }
}

/// Who sent a request: the URI of From without parameters, and the display name.
pub(super) fn sender(headers: &Headers) -> Identity {
    match headers.from() {
        Some(Ok(from)) => identity_of(&from),
        _ => Identity { uri: String::new(), name: None },
    }
}

/// Who an address stands for.
pub(super) fn identity_of(address: &NameAddr<'_>) -> Identity {
    Identity {
        uri: bare(address.uri_text()).to_owned(),
        name: address.display_name().map(|name| name.into_owned()).filter(|name| !name.is_empty()),
    }
}

/// A URI as it says who somebody is: its parameters and headers are no part of that.
pub(super) fn bare(uri: &str) -> &str {
    uri.split([';', '?']).next().unwrap_or(uri)
}

/// Whether the application may send this body.
pub(super) fn check_body(body: &Body) -> Result<(), Error> {
    let kind = &body.content_type;
    let fits = body.octets.len() <= limits::BODY_OCTETS
        && (if kind.is_empty() { body.octets.is_empty() } else { MediaType::parse(kind).is_ok() })
        && !kind.contains(['\r', '\n', '\0']);
    if fits { Ok(()) } else { Err(Error::option("body")) }
}

/// Writes a body, where there is one.
pub(super) fn set_body(request: &mut Request, body: Body) {
    if !body.content_type.is_empty() {
        request.set_body(&body.content_type, body.octets);
    }
}

fn is_encoded(headers: &Headers) -> bool {
    headers.values(HeaderName::ContentEncoding).any(|coding| !coding.eq_ignore_ascii_case("identity"))
}

fn is_kind(kind: &MediaType<'_>, known: &str) -> bool {
    known.split_once('/').is_some_and(|(name, subtype)| kind.is(name, subtype))
}
