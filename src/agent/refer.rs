//! REFER (RFC 3515): transfers that we ask for, and those that we are asked for.
//!
//! After a transfer that succeeded both ends of the old call may end it. We leave that to the far end for a moment and
//! send a BYE if it does not; of an attended transfer in both calls. After one that failed nothing is touched.

use super::Agent;
use super::messaging::identity_of;
use super::outcome::code_of;
use super::outgoing::target_uri;
use super::request::{DialogRef, Purpose};
use super::usages::OwnDialog;
use crate::common::limits;
use crate::common::time::{Mono, Now};
use crate::dialog::{Dialog, refer};
use crate::io::{
    AccountId, CallId, CallOptions, CommandId, Error, ErrorCode, Event, Extra, HeaderList, Outcome, OutcomeKind,
    ReferralId, Reply, TransferId,
};
use crate::message::{
    HeaderName, Headers, Method, Replaces, Request, Response, SubscriptionStatus, write_event, write_subscription_state,
};
use crate::transaction::ServerId;

/// How long the far end of a transferred call has to end it, in milliseconds.
const END_MS: u64 = 1_000;
/// How long the application has to say what it thinks of a REFER, in milliseconds. Then it is refused.
const DECISION_MS: u64 = 10_000;

/// A REFER of ours.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) id: TransferId,
    pub(super) account: AccountId,
    pub(super) call: Option<CallId>,
    /// The call whose far end is the target.
    other: Option<CallId>,
    pub(super) command: Option<CommandId>,
    /// Its CSeq number, which its NOTIFYs may name.
    cseq: u32,
    /// Its dialog, where it is in no call.
    pub(super) own: OwnDialog,
    machine: refer::Transfer,
    hang_up_at: Option<Mono>,
}

impl Transfer {
    pub(super) fn next_timeout(&self) -> Mono {
        self.hang_up_at.unwrap_or(self.machine.next_timeout())
    }
}

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
    /// Asks the far end of `call` to call `target`; `command` is completed when it has agreed.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::InvalidTarget`], [`ErrorCode::InvalidOption`] for headers that cannot be
    /// sent, [`ErrorCode::InvalidState`] where the call is not established, [`ErrorCode::FlowLost`],
    /// [`ErrorCode::Busy`] where too many transfers are under way.
    pub fn transfer(
        &mut self,
        now: Now,
        call: CallId,
        target: &str,
        extra: &Extra,
        command: CommandId,
    ) -> Result<(), Error> {
        let account = self.call_mut(call).ok_or(ErrorCode::NotFound)?.account;
        let domain = &self.find_account(account).ok_or(ErrorCode::NotFound)?.options.domain;
        let uri = target_uri(target, domain)?;
        self.refer_in_call(now, call, None, &uri, extra, command)
    }

    /// Asks the far end of `call` to take our place in the call `to`.
    ///
    /// # Errors
    /// As [`Agent::transfer`]; both calls must be established.
    pub fn transfer_to(
        &mut self,
        now: Now,
        call: CallId,
        to: CallId,
        extra: &Extra,
        command: CommandId,
    ) -> Result<(), Error> {
        let other = self.call_mut(to).filter(|call| !call.is_over()).ok_or(ErrorCode::NotFound)?;
        if call == to || !other.is_confirmed() {
            return Err(ErrorCode::InvalidState.into());
        }
        let dialog = other.dialog.as_ref().ok_or(ErrorCode::InvalidState)?;
        // The tags as the far end of that dialog, who gets the INVITE, sees them (RFC 3891 section 3).
        let replaces = Replaces {
            call_id: dialog.call_id().into(),
            to_tag: dialog.remote_tag().into(),
            from_tag: dialog.local_tag().into(),
            early_only: false,
        };
        let refer_to = replaces.in_uri(dialog.reachable_uri());
        self.refer_in_call(now, call, Some(to), &refer_to, extra, command)
    }

    fn refer_in_call(
        &mut self,
        now: Now,
        call: CallId,
        other: Option<CallId>,
        refer_to: &str,
        extra: &Extra,
        command: CommandId,
    ) -> Result<(), Error> {
        self.has_room_for_transfer()?;
        let (account, dialog, request) = self.inside(call, Method::Refer, extra)?;
        let by = self.call_mut(call).and_then(|call| call.dialog.as_ref()).map(|dialog| dialog.local_uri().to_owned());
        self.send_refer(now, account, dialog, request, refer_to, by, (Some(call), other), command)
    }

    /// Asks `target`, outside any call, to call `refer_to`; `command` is completed when it has agreed.
    ///
    /// # Errors
    /// As [`Agent::transfer`].
    pub fn refer(
        &mut self,
        now: Now,
        account: AccountId,
        target: &str,
        refer_to: &str,
        extra: &Extra,
        command: CommandId,
    ) -> Result<(), Error> {
        self.has_room_for_transfer()?;
        let found = self.find_account(account).ok_or(ErrorCode::NotFound)?;
        let (refer_to, by) = (target_uri(refer_to, &found.options.domain)?, found.address_of_record());
        let request = self.outside(account, Method::Refer, target, extra)?;
        self.send_refer(now, account, DialogRef::None, request, &refer_to, Some(by), (None, None), command)
    }

    fn has_room_for_transfer(&self) -> Result<(), Error> {
        if self.usages.transfers.len() < limits::REFERRALS { Ok(()) } else { Err(ErrorCode::Busy.into()) }
    }

    #[allow(clippy::too_many_arguments)]
    fn send_refer(
        &mut self,
        now: Now,
        account: AccountId,
        dialog: DialogRef,
        mut request: Request,
        refer_to: &str,
        by: Option<String>,
        calls: (Option<CallId>, Option<CallId>),
        command: CommandId,
    ) -> Result<(), Error> {
        self.add_contact(&mut request, account);
        request.headers.set(HeaderName::ReferTo, ["<", refer_to, ">"].concat());
        if let (Some(by), None) = (by, request.headers.get(HeaderName::ReferredBy)) {
            request.headers.push(HeaderName::ReferredBy, ["<", &by, ">"].concat());
        }
        request.headers.push(HeaderName::Accept, "message/sipfrag");
        let id = TransferId(self.new_id());
        let transfer = Transfer {
            id,
            account,
            call: calls.0,
            other: calls.1,
            command: Some(command),
            cseq: request.headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number),
            own: if calls.0.is_none() { OwnDialog::of(&request) } else { OwnDialog::default() },
            machine: refer::Transfer::new(now.mono),
            hang_up_at: None,
        };
        self.send_request(now, account, dialog, request, Purpose::Refer(id))?;
        self.usages.transfers.push(transfer);
        self.pump(now);
        Ok(())
    }

    fn transfer_mut(&mut self, id: TransferId) -> Option<&mut Transfer> {
        self.usages.transfers.iter_mut().find(|transfer| transfer.id == id)
    }

    /// A REFER of ours has been answered, or never will be.
    pub(super) fn refer_done(&mut self, now: Now, id: TransferId, result: Result<&Response, Error>) {
        let Some(transfer) = self.transfer_mut(id) else { return };
        let command = transfer.command.take();
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                // A NOTIFY that overtook the answer has the last word.
                if let Some(command) = command {
                    self.usages.transfers.retain(|transfer| transfer.id != id);
                    self.complete(command, Err(error));
                }
                return;
            }
        };
        let status = response.status();
        if let Some(Ok(cseq)) = response.headers.cseq() {
            transfer.cseq = cseq.number;
        }
        let (progress, reply) = match status {
            200..=299 => {
                let subscribes = !matches!(response.headers.refer_sub(), Some(Ok(false)));
                (transfer.machine.accepted(now.mono, status, subscribes), Ok(Reply::Transfer(id)))
            }
            _ => (transfer.machine.refused(now.mono, status), Err(Error::sip(code_of(status), status))),
        };
        if let Some(command) = command {
            self.complete(command, reply);
        }
        self.tell_transfer(id, progress);
        if status >= 300 {
            self.usages.transfers.retain(|transfer| transfer.id != id);
        }
    }

    fn tell_transfer(&mut self, id: TransferId, progress: Option<refer::Progress>) {
        let call = self.transfer_mut(id).and_then(|transfer| transfer.call);
        if let Some(refer::Progress { status, done }) = progress {
            self.tell(Event::TransferChanged { transfer: id, call, status, done });
        }
    }

    /// The transfer outside a call that a NOTIFY is about.
    pub(super) fn transfer_of(&self, headers: &Headers) -> Option<TransferId> {
        self.usages.transfers.iter().find(|transfer| transfer.own.is_for(headers)).map(|transfer| transfer.id)
    }

    /// The transfer in a call that a NOTIFY is about: the one with the number in `id`, or the only one.
    pub(super) fn transfer_in_call(&self, call: CallId, headers: &Headers) -> Option<TransferId> {
        let event = headers.event()?.ok().filter(|event| event.package == "refer")?;
        let of_call = || self.usages.transfers.iter().filter(|transfer| transfer.call == Some(call));
        let named = event.id.and_then(|id| of_call().find(|transfer| id.parse() == Ok(transfer.cseq)));
        let only = || of_call().next().filter(|_| of_call().count() == 1);
        let latest = || of_call().next_back().filter(|_| event.id.is_none());
        named.or_else(only).or_else(latest).map(|transfer| transfer.id)
    }

    pub(super) fn transfer_notify(&mut self, now: Now, id: TransferId, request: &Request) -> Result<(), u16> {
        let Some(Ok(state)) = request.headers.subscription_state() else { return Err(400) };
        let cseq = self.cseq_under_way(&Purpose::Refer(id));
        let Some(transfer) = self.transfer_mut(id) else { return Err(481) };
        if transfer.call.is_none() {
            let cseq = cseq.unwrap_or(transfer.cseq);
            transfer.own.take(request, cseq)?;
        }
        let is_sipfrag = matches!(request.headers.content_type(), Some(Ok(kind)) if kind.is("message", "sipfrag"));
        let status = refer::sipfrag_status(request.body()).filter(|_| is_sipfrag);
        let progress = transfer.machine.notified(now.mono, status, state.is_terminated(), state.expires());
        if progress.is_some_and(|progress| progress.done && (200..300).contains(&progress.status)) {
            transfer.hang_up_at = Some(now.mono.after(END_MS));
        }
        // Who sends a NOTIFY has agreed, whatever keeps the answer to the REFER so long.
        if let Some(command) = transfer.command.take() {
            self.complete(command, Ok(Reply::Transfer(id)));
        }
        self.tell_transfer(id, progress);
        Ok(())
    }

    pub(super) fn settle_transfers(&mut self, now: Now) -> bool {
        let mut changed = false;
        let mut ending = Vec::new();
        let mut silent = Vec::new();
        for transfer in &mut self.usages.transfers {
            if transfer.hang_up_at.is_some_and(|at| at <= now.mono) {
                transfer.hang_up_at = None;
                ending.extend([transfer.call, transfer.other].into_iter().flatten());
            }
            if let Some(progress) = transfer.machine.timeout(now.mono) {
                silent.push((transfer.id, progress, transfer.command.take()));
            }
        }
        for (id, progress, command) in silent {
            changed = true;
            if let Some(command) = command {
                self.complete(command, Err(ErrorCode::Timeout.into()));
            }
            self.tell_transfer(id, Some(progress));
        }
        self.usages.transfers.retain(|transfer| transfer.hang_up_at.is_some() || !transfer.machine.is_over(now.mono));
        for call in ending {
            // Over already: then the far end has ended it, and all is well.
            changed |= self.hang_up(now, call, Extra::default()).is_ok();
        }
        changed
    }

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
        let in_call = call.and_then(|id| self.calls.iter().find(|call| call.id == id));
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
        let id = ReferralId(self.new_id());
        let numbered = self.calls.iter_mut().find(|found| Some(found.id) == call).is_some_and(|call| {
            // Whoever refers twice in a dialog has to be told which one a NOTIFY is about.
            std::mem::replace(&mut call.was_referred, true)
        });
        let event = Event::ReferReceived {
            referral: id,
            account,
            call,
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
        });
        self.tell(event);
        Ok(())
    }

    fn referral_mut(&mut self, id: ReferralId) -> Option<&mut Referral> {
        self.usages.referrals.iter_mut().find(|referral| referral.id == id)
    }

    /// Does as a REFER asks: calls its target, and tells who asked how the call goes.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such REFER or it was answered; what [`Agent::make_call`] says, and
    /// then the REFER is refused.
    pub fn accept_referral(&mut self, now: Now, id: ReferralId) -> Result<CallId, Error> {
        let referral = self.referral_mut(id).ok_or(ErrorCode::NotFound)?;
        let asked = referral.asked.take().ok_or(ErrorCode::NotFound)?;
        let (account, target) = (referral.account, referral.target.clone());
        let mut headers = HeaderList::new();
        if let Some(by) = &referral.referred_by {
            headers.push(("Referred-By".to_owned(), by.clone()));
        }
        if let Some(replaces) = &referral.replaces {
            headers.push(("Replaces".to_owned(), replaces.clone()));
            headers.push(("Require".to_owned(), "replaces".to_owned()));
        }
        let made = self.make_call(now, account, &target, &CallOptions { headers, ..CallOptions::default() });
        let call = match made {
            Ok(call) => call,
            Err(error) => {
                let status = match error.code {
                    ErrorCode::TooManyCalls => 486,
                    ErrorCode::FlowLost => 503,
                    _ => 500,
                };
                self.refuse_referral(now, id, &asked, status);
                return Err(error);
            }
        };
        let subscribes = !matches!(asked.request.headers.refer_sub(), Some(Ok(false)));
        let tag = self.referral_mut(id).map(|referral| referral.local_tag.clone()).unwrap_or_default();
        let mut response = self.response(&asked.request, 202, &tag, Some(account));
        response.headers.copy(&asked.request.headers, HeaderName::RecordRoute);
        if !subscribes {
            response.headers.push(HeaderName::ReferSub, "false");
        }
        self.transactions.respond(now.mono, asked.server, response);
        if let Some(referral) = self.referral_mut(id) {
            referral.new_call = Some(call);
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
        let referral = self.referral_mut(id).ok_or(ErrorCode::NotFound)?;
        let asked = referral.asked.take().ok_or(ErrorCode::NotFound)?;
        self.refuse_referral(now, id, &asked, status);
        self.pump(now);
        Ok(())
    }

    fn refuse_referral(&mut self, now: Now, id: ReferralId, asked: &Asked, status: u16) {
        self.usages.referrals.retain(|referral| referral.id != id);
        self.respond(now, asked.server, &asked.request, status);
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
                self.call_of_dialog(request).and_then(|call| call.dialog.as_mut()).is_some_and(|d| d.in_order(number))
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
        for id in self.usages.referrals.iter().map(|referral| referral.id).collect::<Vec<_>>() {
            let Some(referral) = self.referral_mut(id) else { continue };
            if let Some(asked) = referral.asked.take_if(|asked| asked.until <= now.mono) {
                self.refuse_referral(now, id, &asked, 603);
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
        self.usages.referrals.retain(|referral| !referral.machine.as_ref().is_some_and(refer::Referral::is_over));
        changed
    }

    /// Sends a NOTIFY about the call that a REFER asked for.
    fn report(&mut self, now: Now, id: ReferralId, report: refer::Report) {
        let Some(referral) = self.referral_mut(id) else { return };
        let (account, cseq, numbered) = (referral.account, referral.cseq, referral.numbered);
        let which = match referral.call {
            Some(call) => DialogRef::Call(call, referral.remote_tag.clone()),
            None => DialogRef::Referral(id),
        };
        let Some(mut request) = self.dialog_mut(&which).map(|dialog| dialog.request(Method::Notify)) else {
            self.usages.referrals.retain(|referral| referral.id != id);
            return;
        };
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
