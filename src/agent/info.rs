//! INFO (RFC 6086) both ways, but for digits and candidates.

use super::Agent;
use super::messaging::{check_body, set_body};
use super::outcome::body_of;
use super::request::Purpose;
use super::trickle;
use crate::common::time::Now;
use crate::io::{Body, CallId, CommandId, Error, Event, Extra, TrickleIce};
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
        let trickle = self.trickle_ice(account);
        let taken: &[String] = self.find_account(account).map_or(&[], |account| &account.options.info_packages);
        let refusal = match request.headers.info_package() {
            Some(Ok(package)) if trickle != TrickleIce::Off && package.name.eq_ignore_ascii_case(trickle::TAG) => {
                return self.incoming_fragment(now, call, server, request);
            }
            Some(Ok(package)) if !taken.iter().any(|name| name.eq_ignore_ascii_case(package.name)) => Some(469),
            Some(Err(_)) => Some(400),
            _ => None,
        };
        if let Some(status) = refusal {
            let taken = taken.join(", ");
            let mut response = self.response(request, status, "", None);
            if status == 469 {
                response.headers.push(HeaderName::RecvInfo, taken);
                Self::write_trickle(&mut response.headers, trickle);
            }
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
