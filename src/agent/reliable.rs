//! PRACK both ways (RFC 3262).
//!
//! As the callee we never describe media before the answer: a microphone is not opened while it rings. So a 2xx need not
//! wait for a PRACK, and an INVITE that insists on reliability without an offer of its own, whose first reliable
//! response would have to carry one (section 5), is told nothing but 100 until it is answered.

use super::Agent;
use super::account::SUPPORTED;
use super::call::Call;
use super::incoming::sdp_of;
use super::outcome;
use super::request::{DialogRef, Purpose};
use crate::common::time::{Mono, Now};
use crate::dialog::{Overdue, Unacknowledged};
use crate::io::{AccountId, CallId, ErrorCode, OutcomeKind, Reliability};
use crate::message::{CSeq, HeaderName, Headers, Method, RAck, Request, Response};
use crate::transaction::ServerId;

/// The option tag.
pub(super) const TAG: &str = "100rel";
/// The first RSeq is below this (section 3 says 2³¹).
const FIRST_RSEQ: u64 = 1 << 16;

/// Our reliable provisional response, until its PRACK.
#[derive(Debug)]
pub(crate) struct Provisional {
    state: Unacknowledged,
    server: ServerId,
    response: Response,
}

impl Provisional {
    pub(super) fn next_timeout(&self) -> Option<Mono> {
        self.state.next_timeout()
    }

    /// A final response leaves.
    pub(super) fn overtaken(&mut self) {
        self.state.overtaken();
    }
}

impl Agent {
    pub(super) fn reliability(&self, account: AccountId) -> Reliability {
        self.find_account(account).map_or(Reliability::Off, |account| account.options.reliability)
    }

    /// What our INVITE says of reliable responses.
    pub(super) fn write_reliability(headers: &mut Headers, reliability: Reliability) {
        match reliability {
            Reliability::Supported => headers.push(HeaderName::Supported, TAG),
            Reliability::Required => {
                headers.push(HeaderName::Supported, TAG);
                headers.push(HeaderName::Require, TAG);
            }
            Reliability::Off => {}
        }
    }

    /// What a response of ours says of our extensions.
    pub(super) fn write_supported(&self, account: AccountId, headers: &mut Headers) {
        headers.push(HeaderName::Supported, SUPPORTED);
        if self.reliability(account) != Reliability::Off {
            headers.push(HeaderName::Supported, TAG);
        }
    }

    /// The RSeq of a provisional response of the fork `tag` that wants its PRACK: reliable, with a dialog to send it in.
    pub(super) fn reliable_number(&mut self, id: CallId, tag: &str, headers: &Headers) -> Option<u32> {
        let account = self.call_mut(id)?.account;
        if !headers.requires(TAG) || self.reliability(account) == Reliability::Off {
            return None;
        }
        self.call_mut(id)?.dialog_with(tag)?;
        headers.rseq()?.ok()
    }

    /// Acknowledges the reliable response `rseq` to the INVITE `cseq` (section 4), with our answer where it had an offer.
    pub(super) fn send_prack(&mut self, now: Now, id: CallId, tag: &str, rseq: u32, cseq: u32, sdp: Option<String>) {
        let Some(call) = self.call_mut(id) else { return };
        let account = call.account;
        let Some(dialog) = call.dialog_with(tag) else { return };
        let mut prack = dialog.request(Method::Prack);
        let rack = RAck { rseq, cseq: CSeq { number: cseq, method: Method::Invite } };
        prack.headers.push(HeaderName::RAck, rack.to_text());
        if let Some(sdp) = sdp {
            prack.set_body("application/sdp", sdp.into_bytes());
        }
        // Where it gets no answer, the far end ends the call: nothing is to be done here (section 3).
        let _ = self.send_request(now, account, DialogRef::Call(id, tag.to_owned()), prack, Purpose::Nobody);
    }

    /// Whether our provisional responses to this INVITE are reliable.
    fn wants_reliable(&self, call: &Call) -> bool {
        let headers = &call.invite.headers;
        match self.reliability(call.account) {
            Reliability::Off => false,
            Reliability::Supported => headers.requires(TAG),
            Reliability::Required => headers.requires(TAG) || (headers.supports(TAG) && sdp_of(&call.invite).is_some()),
        }
    }

    /// Tells the caller that it rings here.
    pub(super) fn send_ringing(&mut self, now: Now, id: CallId) {
        let Some(call) = self.calls.iter().find(|call| call.id == id) else { return };
        let reliable = self.wants_reliable(call);
        if let Some(call) = self.call_mut(id) {
            call.rings(now.mono, reliable);
        }
        let Some(call) = self.calls.iter().find(|call| call.id == id) else { return };
        let Some(server) = call.server else { return };
        let mut response = self.response(&call.invite, 180, &call.local_tag, Some(call.account));
        if reliable {
            if sdp_of(&call.invite).is_none() {
                return;
            }
            let cseq = call.invite.headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number);
            let rseq = call.next_rseq.unwrap_or_else(|| 1 + self.random.below(FIRST_RSEQ) as u32);
            response.headers.push(HeaderName::Require, TAG);
            response.headers.push(HeaderName::RSeq, rseq.to_string());
            if let Some(call) = self.call_mut(id) {
                call.next_rseq = Some(rseq.saturating_add(1));
                let state = Unacknowledged::new(now.mono, rseq, cseq);
                call.provisional = Some(Provisional { state, server, response: response.clone() });
            }
        }
        self.transactions.respond(now.mono, server, response);
    }

    /// A PRACK came.
    pub(super) fn incoming_prack(&mut self, now: Now, id: CallId, server: ServerId, request: &Request) {
        let Some(call) = self.call_mut(id) else { return };
        let rack = match request.headers.rack() {
            Some(Ok(rack)) => rack,
            _ => return self.respond(now, server, request, 400),
        };
        if !call.provisional.as_ref().is_some_and(|provisional| provisional.state.is_acknowledged_by(&rack)) {
            return self.respond(now, server, request, 481);
        }
        if sdp_of(request).is_some() {
            // An offer before the one in the INVITE has its answer, as RFC 3311 section 5.2 has it for UPDATE.
            let mut response = self.response(request, 500, "", None);
            response.headers.push(HeaderName::RetryAfter, "5");
            self.transactions.respond(now.mono, server, response);
            return;
        }
        call.provisional = None;
        let response = self.response(request, 200, "", None);
        self.transactions.respond(now.mono, server, response);
    }

    /// What is due for our reliable response.
    pub(super) fn provisional_timeout(&mut self, now: Now, id: CallId) {
        let Some(provisional) = self.call_mut(id).and_then(|call| call.provisional.as_mut()) else { return };
        match provisional.state.timeout(now.mono) {
            Overdue::Nothing => {}
            Overdue::Repeat => {
                let (server, response) = (provisional.server, provisional.response.clone());
                self.transactions.respond(now.mono, server, response);
            }
            Overdue::GiveUp if self.call_mut(id).is_some_and(|call| call.is_unanswered()) => {
                let mut failed = outcome::of_error(OutcomeKind::Failed, ErrorCode::Timeout.into());
                failed.status = Some(504);
                self.refuse(now, id, 504, failed);
            }
            Overdue::GiveUp => {}
        }
    }
}
