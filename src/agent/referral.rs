//! Transfers that we are asked for: REFER in (RFC 3515), NOTIFY out.

use super::Agent;
use super::extra::add_headers;
use super::messaging::identity_of;
use super::outgoing::target_uri;
use super::request::{DialogRef, Purpose};
use crate::common::limits;
use crate::common::lists::{Gather, Keep};
use crate::common::time::{Mono, Now};
use crate::dialog::{Dialog, refer};
use crate::io::{
    AccountId, CallId, CallOptions, Error, ErrorCode, Event, Extra, Outcome, OutcomeKind, ReferralId, Video,
};
use crate::message::{
    HeaderName, Method, Request, Response, SubscriptionStatus, TargetDialog, write_event, write_subscription_state,
};
use crate::transaction::ServerId;

/// How long the application has to say what it thinks of a REFER, in milliseconds. Then it is refused.
const DECISION_MS: u64 = 10_000;

/// A REFER that waits for the application's word.
#[derive(Debug)]
struct Asked {
    server: ServerId,
    request: Request,
    until: Mono,
}

/// A REFER of somebody else.
#[derive(Debug)]
pub(super) struct Referral {
    pub(super) id: ReferralId,
    pub(super) account: AccountId,
    pub(super) call: Option<CallId>,
    /// Its dialog, where it is in no call.
    pub(super) own: Option<Dialog>,
    remote_tag: String,
    local_tag: String,
    cseq: u32,
    /// Not the first in its dialog: its NOTIFYs say which one they are about (section 2.4.6).
    numbered: bool,
    asked: Option<Asked>,
    target: String,
    replaces: Option<String>,
    referred_by: Option<String>,
    new_call: Option<CallId>,
    machine: Option<refer::Referral>,
    /// The application's headers, for NOTIFY.
    extra: Extra,
}

impl Referral {
    /// The call has this status now.
    pub(super) fn call_has(&mut self, call: CallId, status: u16) {
        if self.new_call == Some(call)
            && let Some(machine) = &mut self.machine
        {
            machine.progress(status);
        }
    }

    /// Whether it waits for the application's word.
    pub(super) const fn is_waiting(&self) -> bool {
        self.asked.is_some()
    }

    pub(super) fn next_timeout(&self) -> Option<Mono> {
        match (&self.asked, &self.machine) {
            (Some(asked), _) => Some(asked.until),
            (None, Some(machine)) => machine.next_timeout(),
            (None, None) => None,
        }
    }
}

impl Agent {
    /// A REFER came, in `call` where it is one of a dialog.
    pub(super) fn incoming_refer(
        &mut self,
        now: Now,
        server: ServerId,
        account: Option<AccountId>,
        call: Option<CallId>,
        request: Request,
    ) {
        let begun = match account {
            None => Err(480),
            Some(account) => self.begin_referral(now, account, call, server, &request),
        };
        if let Err(status) = begun {
            self.respond(now, server, &request, status);
        }
    }

    /// Checks a REFER and tells the application.
    ///
    /// # Errors
    /// The status of the response.
    fn begin_referral(
        &mut self,
        now: Now,
        account: AccountId,
        call: Option<CallId>,
        server: ServerId,
        request: &Request,
    ) -> Result<(), u16> {
        let headers = &request.headers;
        let in_call = call.and_then(|id| self.find_call(id));
        match in_call {
            Some(call) if call.is_over() => return Err(481),
            Some(call) if !call.is_confirmed() => return Err(403),
            _ => {}
        }
        // Exactly one (section 2.4.2).
        let one = headers.lines(HeaderName::ReferTo).count() == 1;
        let Some(Ok(refer_to)) = headers.refer_to().filter(|_| one) else { return Err(400) };
        if !refer_to.uri.is_sip() {
            return Err(416);
        }
        if refer_to.method() != Method::Invite {
            return Err(501);
        }
        // Of the headers in the URI only Replaces is looked at; what else somebody would like to put into our INVITE is not.
        let replaces = refer_to.replaces().transpose().map_err(|_| 400_u16)?.map(|replaces| replaces.to_text());
        if replaces.as_ref().is_some_and(|text| text.bytes().any(|b| !(0x20..0x7f).contains(&b))) {
            return Err(400);
        }
        let target = target_uri(&refer_to.target(), "").map_err(|_| 400_u16)?;
        if self.usages.referrals.len() >= limits::REFERRALS {
            return Err(503);
        }
        let referred_by = match headers.referred_by() {
            Some(Ok(_)) => headers.get(HeaderName::ReferredBy).map(str::to_owned),
            Some(Err(_)) => return Err(400),
            None => None,
        };
        let by = headers.referred_by().and_then(Result::ok).map(|by| identity_of(&by.address).uri);
        let local_tag = match in_call {
            Some(call) => call.local_tag.clone(),
            None => self.random.token(10),
        };
        let own = match call {
            Some(_) => None,
            None => Some(Dialog::of_request(request, &local_tag).map_err(crate::dialog::DialogError::status)?),
        };
        let remote_tag = headers.from().and_then(Result::ok).and_then(|from| from.tag()).unwrap_or_default().to_owned();
        let about = match headers.target_dialog() {
            Some(Ok(target)) => self.known_dialog(account, &target),
            _ => None,
        };
        let id = ReferralId(self.new_id());
        let numbered = self.calls.iter_mut().find(|found| Some(found.id) == call).is_some_and(|call| {
            // Whoever refers twice in a dialog has to be told which one a NOTIFY is about.
            std::mem::replace(&mut call.was_referred, true)
        });
        let event = Event::ReferReceived {
            referral: id,
            account,
            call,
            about,
            target: target.clone(),
            replaces: replaces.is_some(),
            referred_by: by,
            headers: headers.list(),
        };
        self.usages.referrals.push(Referral {
            id,
            account,
            call,
            own,
            remote_tag,
            local_tag,
            cseq: headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number),
            numbered,
            asked: Some(Asked { server, request: request.clone(), until: now.mono.after(DECISION_MS) }),
            target,
            replaces,
            referred_by,
            new_call: None,
            machine: None,
            extra: Extra::default(),
        });
        self.tell(event);
        Ok(())
    }

    /// The call that a Target-Dialog names (RFC 4538 section 4): whoever knows its tags has a part in it, or got them
    /// from who has. Whose view the tags are of is read either way; senders differ.
    fn known_dialog(&self, account: AccountId, target: &TargetDialog<'_>) -> Option<CallId> {
        let (one, other) = (target.local_tag, target.remote_tag);
        let mut calls = self.calls.iter().filter(|call| call.account == account && call.is_confirmed());
        calls
            .find(|call| call.call_id == target.call_id && (call.has_tags(one, other) || call.has_tags(other, one)))
            .map(|call| call.id)
    }

    fn referral_mut(&mut self, id: ReferralId) -> Option<&mut Referral> {
        self.usages.referrals.iter_mut().find(|referral| referral.id == id)
    }

    /// Does as a REFER asks: calls its target, and tells who asked how the call goes.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such REFER or it was answered; what [`Agent::make_call`] says, and
    /// then the REFER is refused.
    pub fn accept_referral(&mut self, now: Now, id: ReferralId, video: Video) -> Result<CallId, Error> {
        let extra = self.lent();
        let referral = self.referral_mut(id).ok_or(ErrorCode::NotFound)?;
        let asked = referral.asked.take().ok_or(ErrorCode::NotFound)?;
        let (account, target) = (referral.account, referral.target.clone());
        let mut headers = extra.headers.clone();
        headers.keep(|(name, _)| HeaderName::of(name) != HeaderName::ReferredBy || referral.referred_by.is_none());
        if let Some(by) = &referral.referred_by {
            headers.push(("Referred-By".to_owned(), by.clone()));
        }
        if let Some(replaces) = &referral.replaces {
            headers.push(("Replaces".to_owned(), replaces.clone()));
            headers.push(("Require".to_owned(), "replaces".to_owned()));
        }
        let made = self.place_call(now, account, &target, &CallOptions { headers, video, ..CallOptions::default() });
        let call = match made {
            Ok(call) => call,
            Err(error) => {
                let status = match error.code {
                    ErrorCode::TooManyCalls => 486,
                    ErrorCode::FlowLost => 503,
                    _ => 500,
                };
                self.refuse_referral(now, id, &asked, status, &extra);
                return Err(error);
            }
        };
        let headers = &asked.request.headers;
        // RFC 4488 asks for it, RFC 7614 insists on it.
        let unwanted = matches!(headers.refer_sub(), Some(Ok(false)));
        let forbidden = headers.requires("nosub");
        let subscribes = !unwanted && !forbidden;
        let status = if forbidden { 200 } else { 202 };
        let tag = self.referral_mut(id).map(|referral| referral.local_tag.clone()).unwrap_or_default();
        let mut response = self.response(&asked.request, status, &tag, Some(account));
        add_headers(&mut response.headers, &extra.headers);
        response.headers.copy(&asked.request.headers, HeaderName::RecordRoute);
        if unwanted {
            response.headers.set(HeaderName::ReferSub, "false");
        }
        self.transactions.respond(now.mono, asked.server, response);
        if let Some(referral) = self.referral_mut(id) {
            referral.new_call = Some(call);
            referral.extra = extra;
            referral.machine = Some(refer::Referral::new(now.mono, subscribes));
        }
        self.pump(now);
        Ok(call)
    }

    /// Refuses a REFER.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such REFER or it was answered; [`ErrorCode::InvalidOption`] for a
    /// status outside 400 to 699.
    pub fn reject_referral(&mut self, now: Now, id: ReferralId, status: u16) -> Result<(), Error> {
        if !(400..=699).contains(&status) {
            return Err(Error::option("code"));
        }
        let extra = self.lent();
        let referral = self.referral_mut(id).ok_or(ErrorCode::NotFound)?;
        let asked = referral.asked.take().ok_or(ErrorCode::NotFound)?;
        self.refuse_referral(now, id, &asked, status, &extra);
        self.pump(now);
        Ok(())
    }

    fn refuse_referral(&mut self, now: Now, id: ReferralId, asked: &Asked, status: u16, extra: &Extra) {
        self.usages.referrals.keep(|referral| referral.id != id);
        self.respond_with(now, asked.server, &asked.request, status, extra);
    }

    /// Forgets the referrals of accounts that end; who still waits for a word gets 480.
    pub(super) fn end_referrals(&mut self, now: Now, ends: impl Fn(AccountId) -> bool) {
        for id in self.usages.referrals.iter().map(|referral| referral.id).gather() {
            let Some(referral) = self.referral_mut(id).filter(|referral| ends(referral.account)) else { continue };
            if let Some(asked) = referral.asked.take() {
                self.refuse_referral(now, id, &asked, 480, &Extra::default());
            }
            self.usages.referrals.keep(|referral| referral.id != id);
        }
    }

    /// The referral that a SUBSCRIBE of its sender is about.
    pub(super) fn referral_of(&mut self, request: &Request) -> Option<ReferralId> {
        let headers = &request.headers;
        let event = headers.event()?.ok()?;
        let call = self.call_of_dialog(request).map(|call| call.id);
        let mut of_dialog = self.usages.referrals.iter().filter(|referral| match &referral.own {
            Some(own) => own.matches(headers),
            None => call.is_some() && referral.call == call,
        });
        of_dialog.find(|referral| event.id.is_none_or(|id| id.parse() == Ok(referral.cseq))).map(|referral| referral.id)
    }

    /// Refreshes or ends the subscription that came with a REFER.
    pub(super) fn referral_subscribe(&mut self, now: Now, id: ReferralId, server: ServerId, request: &Request) {
        let number = request.headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number);
        let expires = request.headers.expires().and_then(Result::ok).unwrap_or(refer::REFERRAL_S);
        let expires = expires.min(refer::REFERRAL_S);
        let in_order = match self.referral_mut(id).and_then(|referral| referral.own.as_mut()) {
            Some(own) => own.in_order(number),
            None => {
                let call = self.call_of_dialog(request);
                call.and_then(|call| call.dialog_of(&request.headers)).is_some_and(|dialog| dialog.in_order(number))
            }
        };
        let Some(referral) = self.referral_mut(id) else { return };
        let account = referral.account;
        let status = match &mut referral.machine {
            _ if !in_order => 500,
            Some(machine) if !machine.is_over() => {
                machine.refresh(now.mono, expires);
                200
            }
            _ => 481,
        };
        let mut response = self.response(request, status, "", Some(account).filter(|_| status == 200));
        if status == 200 {
            response.headers.push(HeaderName::Expires, expires.to_string());
        }
        self.transactions.respond(now.mono, server, response);
    }

    pub(super) fn settle_referrals(&mut self, now: Now) -> bool {
        let mut changed = false;
        for id in self.usages.referrals.iter().map(|referral| referral.id).gather() {
            let Some(referral) = self.referral_mut(id) else { continue };
            if let Some(asked) = referral.asked.take_if(|asked| asked.until <= now.mono) {
                self.refuse_referral(now, id, &asked, 603, &Extra::default());
                changed = true;
                continue;
            }
            let account = referral.account;
            if self.ready_flow(account).is_none() {
                continue;
            }
            let Some(referral) = self.referral_mut(id) else { continue };
            if let Some(report) = referral.machine.as_mut().and_then(|machine| machine.next(now.mono)) {
                changed = true;
                self.report(now, id, report);
            }
        }
        self.usages.referrals.keep(|referral| !referral.machine.as_ref().is_some_and(refer::Referral::is_over));
        changed
    }

    /// Sends a NOTIFY about the call that a REFER asked for.
    fn report(&mut self, now: Now, id: ReferralId, report: refer::Report) {
        let Some(referral) = self.referral_mut(id) else { return };
        let (account, cseq, numbered) = (referral.account, referral.cseq, referral.numbered);
        let extra = referral.extra.clone();
        let which = match referral.call {
            Some(call) => DialogRef::Call(call, referral.remote_tag.clone()),
            None => DialogRef::Referral(id),
        };
        let Some(mut request) = self.dialog_mut(&which).map(|dialog| dialog.request(Method::Notify)) else {
            self.usages.referrals.keep(|referral| referral.id != id);
            return;
        };
        add_headers(&mut request.headers, &extra.headers);
        self.add_contact(&mut request, account);
        let cseq = cseq.to_string();
        request.headers.push(HeaderName::Event, write_event("refer", Some(cseq.as_str()).filter(|_| numbered)));
        let state = match report.expires {
            Some(_) => write_subscription_state(SubscriptionStatus::Active, report.expires, None, None),
            None => write_subscription_state(SubscriptionStatus::Terminated, None, Some(report.reason), None),
        };
        request.headers.push(HeaderName::SubscriptionState, state);
        request.set_body(refer::SIPFRAG, refer::sipfrag(report.status));
        if self.send_request(now, account, which, request, Purpose::Progress(id)).is_err()
            && let Some(machine) = self.referral_mut(id).and_then(|referral| referral.machine.as_mut())
        {
            machine.answered(true);
        }
    }

    /// A NOTIFY about a referral has been answered, or never will be.
    pub(super) fn progress_done(&mut self, id: ReferralId, result: &Result<&Response, Error>) {
        let heard = match result {
            Ok(response) => response.status() < 300,
            Err(error) => error.code == ErrorCode::FlowLost,
        };
        if let Some(machine) = self.referral_mut(id).and_then(|referral| referral.machine.as_mut()) {
            machine.answered(heard);
        }
    }
}

/// The final status that a call's end is for who asked for the call.
pub(super) fn final_status(outcome: &Outcome) -> u16 {
    let by_kind = match outcome.kind {
        OutcomeKind::Completed => 200,
        OutcomeKind::Busy => 486,
        OutcomeKind::Declined => 603,
        OutcomeKind::Cancelled => 487,
        OutcomeKind::NetworkLost => 503,
        _ => 500,
    };
    outcome.status.filter(|status| (300..=699).contains(status)).unwrap_or(by_kind)
}

#[cfg(test)]
mod tests {
    use super::super::outcome::of_error;
    use super::*;

    #[test]
    fn an_end_without_a_status_has_one_for_who_referred() {
        let status = |kind| final_status(&of_error(kind, ErrorCode::FlowLost.into()));
        assert_eq!(status(OutcomeKind::NetworkLost), 503);
        assert_eq!(status(OutcomeKind::Cancelled), 487);
        assert_eq!(
            final_status(&Outcome { status: Some(404), ..of_error(OutcomeKind::Failed, ErrorCode::Rejected.into()) }),
            404
        );
    }
}
