//! INFO (RFC 6086) both ways, but for digits.

use super::Agent;
use super::messaging::{check_body, set_body};
use super::outcome::body_of;
use super::request::Purpose;
use crate::common::time::Now;
use crate::io::{Body, CallId, CommandId, Error, Event, Extra};
use crate::message::{HeaderName, Method, Request};
use crate::transaction::ServerId;

impl Agent {
    /// Sends an INFO in an established call; `command` is completed with its answer. Its package, where it has one, is
    /// the application's Info-Package header.
    ///
    /// # Errors
    /// As [`Agent::send_message`].
    pub fn send_info(
        &mut self,
        now: Now,
        call: CallId,
        body: Body,
        extra: &Extra,
        command: CommandId,
    ) -> Result<(), Error> {
        check_body(&body)?;
        let (account, dialog, mut request) = self.inside(call, Method::Info, extra)?;
        set_body(&mut request, body);
        self.send_request(now, account, dialog, request, Purpose::Command(command))?;
        self.pump(now);
        Ok(())
    }

    /// An INFO came that is no digit. One without a package is of the older kind (section 2) and taken as it is.
    pub(super) fn incoming_info(&mut self, now: Now, call: CallId, server: ServerId, request: &Request) {
        let Some(account) = self.call_mut(call).map(|call| call.account) else { return };
        let package = request.headers.get(HeaderName::InfoPackage).map(|value| {
            let name = value.split(';').next().unwrap_or(value);
            name.trim().to_owned()
        });
        let known = |name: &String| {
            self.find_account(account).is_some_and(|account| account.options.info_packages.contains(name))
        };
        if package.as_ref().is_some_and(|name| !known(name)) {
            let packages = self.find_account(account).map(|account| account.options.info_packages.join(", "));
            let packages = packages.unwrap_or_default();
            let mut response = self.response(request, 469, "", None);
            response.headers.push(HeaderName::RecvInfo, packages);
            self.transactions.respond(now.mono, server, response);
            return;
        }
        let response = self.response(request, 200, "", None);
        self.transactions.respond(now.mono, server, response);
        self.tell(Event::InfoReceived {
            call,
            body: body_of(&request.headers, request.body()),
            headers: request.headers.list(),
        });
    }
}
