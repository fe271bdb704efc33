//! Requests outside calls that bring one answer: MESSAGE (RFC 3428) and OPTIONS (RFC 3261 section 11).

use super::Agent;
use super::outgoing::{check_headers, target_uri};
use super::request::{DialogRef, Purpose};
use crate::common::time::Now;
use crate::io::{AccountId, Body, CommandId, Error, ErrorCode, Extra};
use crate::message::{HeaderName, Method, Request};

impl Agent {
    /// Sends a MESSAGE to `target`; `command` is completed with its answer.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::InvalidTarget`], [`ErrorCode::InvalidOption`] for headers that cannot be
    /// sent, [`ErrorCode::FlowLost`] where there is no connection.
    pub fn send_message(
        &mut self,
        now: Now,
        account: AccountId,
        target: &str,
        body: Body,
        extra: &Extra,
        command: CommandId,
    ) -> Result<(), Error> {
        let mut request = self.outside(account, Method::Message, target, extra)?;
        request.set_body(&body.content_type, body.octets);
        self.send_request(now, account, DialogRef::None, request, Purpose::Command(command))?;
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
        request.headers.push(HeaderName::Accept, "application/sdp");
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
        let account = accounts.iter().find(|a| a.id == account).ok_or(ErrorCode::NotFound)?;
        let uri = target_uri(target, &account.options.domain)?;
        let (tag, call_id) = (random.token(10), random.token(24));
        let mut request = account.request(method, &uri, &["<", &uri, ">"].concat(), &tag, &call_id, 1);
        for (name, value) in &extra.headers {
            request.headers.push_named(name, value.as_str());
        }
        Ok(request)
    }
}
