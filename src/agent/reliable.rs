//! PRACK both ways (RFC 3262): ours for what we hear of our INVITE, and what comes for what we say to theirs.

use super::Agent;
use super::account::SUPPORTED;
use super::call::{Call, Job};
use super::early::refusal_of;
use super::incoming::{is_usable, sdp_of};
use super::outcome;
use super::progress::Exchange;
use super::request::{DialogRef, Purpose};
use crate::common::time::{Mono, Now};
use crate::dialog::{Overdue, Unacknowledged};
use crate::io::{AccountId, CallId, ErrorCode, MediaCommand, OutcomeKind, Reliability};
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
    pub(super) fn new(now: Mono, rseq: u32, cseq: u32, server: ServerId, response: Response) -> Self {
        Self { state: Unacknowledged::new(now, rseq, cseq), server, response }
    }

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

    /// Whether a provisional response of ours to this INVITE is reliable: where the caller insists, where the account
    /// does, and where it describes the session.
    pub(super) fn wants_reliable(&self, call: &Call, described: bool) -> bool {
        let headers = &call.invite.headers;
        match self.reliability(call.account) {
            Reliability::Off => false,
            Reliability::Supported => headers.requires(TAG) || (described && headers.supports(TAG)),
            Reliability::Required => headers.supports(TAG),
        }
    }

    pub(super) fn first_rseq(&mut self) -> u32 {
        1 + self.random.below(FIRST_RSEQ) as u32
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
        let (exchange, offered) = (call.prelude.exchange, sdp_of(&call.invite).is_some());
        let sdp = sdp_of(request);
        if sdp.is_some()
            && matches!(exchange, Exchange::None | Exchange::Describing | Exchange::Described | Exchange::Told)
        {
            // An offer before the one in the INVITE has its answer, as RFC 3311 section 5.2 has it for UPDATE.
            let mut response = self.response(request, 500, "", None);
            response.headers.push(HeaderName::RetryAfter, "5");
            self.transactions.respond(now.mono, server, response);
            return;
        }
        call.provisional = None;
        let answers = exchange == Exchange::Open && !offered;
        if exchange == Exchange::Open && offered {
            call.prelude.exchange = Exchange::Agreed;
        }
        match sdp {
            Some(sdp) if !is_usable(&sdp) => {
                if answers {
                    self.respond(now, server, request, 200);
                } else {
                    self.refuse_offer_in_prack(now, server, request);
                }
                self.early_refused(now, id);
            }
            Some(sdp) if answers => {
                call.job = Job::TakeEarly;
                self.note_video(id, &sdp, false);
                self.media_command(id, MediaCommand::SetAnswer { sdp, provisional: false });
                self.respond(now, server, request, 200);
            }
            // Their next offer has its answer in our 200 (section 5).
            Some(_) => self.incoming_change(now, id, server, request.clone()),
            None => {
                self.respond(now, server, request, 200);
                if answers {
                    self.early_refused(now, id);
                }
            }
        }
    }

    /// An offer in a PRACK cannot be refused but by an answer that takes nothing of it (RFC 6337 section 2.3).
    pub(super) fn refuse_offer_in_prack(&mut self, now: Now, server: ServerId, request: &Request) {
        let mut response = self.response(request, 200, "", None);
        if let Some(offer) = sdp_of(request) {
            response.set_body("application/sdp", refusal_of(&offer).into_bytes());
        }
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
