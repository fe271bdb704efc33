//! Transfers that we ask for: REFER out (RFC 3515), NOTIFY in.
//!
//! After a transfer that succeeded both ends of the old call may end it. We leave that to the far end for a moment and
//! send a BYE if it does not; of an attended transfer in both calls. After one that failed nothing is touched.

use super::Agent;
use super::messaging::bare;
use super::outcome::error_of;
use super::outgoing::target_uri;
use super::request::{DialogRef, Purpose};
use super::usages::OwnDialog;
use crate::common::limits;
use crate::common::lists::Keep;
use crate::common::time::{Mono, Now};
use crate::dialog::refer;
use crate::io::{AccountId, CallId, CommandId, Error, ErrorCode, Event, Extra, HeaderList, Reply, TransferId};
use crate::message::{HeaderName, Headers, Method, NameAddr, Replaces, Request, Response, TargetDialog, write_event};

/// How long the far end of a transferred call has to end it, in milliseconds.
const END_MS: u64 = 1_000;

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
    /// They do.
    numbered: bool,
    /// It wants none of them in its own dialog (RFC 7614).
    nosub: bool,
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
        if call == to {
            return Err(ErrorCode::InvalidState.into());
        }
        let replaces = self.replaces_value(to)?;
        let replaces = Replaces::parse(&replaces).map_err(|_| ErrorCode::InvalidState)?;
        let dialog = self.call_mut(to).and_then(|other| other.dialog.as_ref()).ok_or(ErrorCode::InvalidState)?;
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
        let mut request = self.outside(account, Method::Refer, target, extra)?;
        self.add_target_dialog(account, &mut request);
        self.send_refer(now, account, DialogRef::None, request, &refer_to, Some(by), (None, None), command)
    }

    /// A REFER to the far end of a call says that we know of it (RFC 4538 section 3).
    fn add_target_dialog(&self, account: AccountId, request: &mut Request) {
        if request.headers.target_dialog().is_some() {
            return;
        }
        let mut dialogs = self.calls.iter().filter(|call| call.account == account && call.is_confirmed());
        let known = dialogs.find_map(|call| {
            let dialog = call.dialog.as_ref()?;
            let is_theirs = bare(request.uri()) == call.remote_uri || request.uri() == dialog.reachable_uri();
            is_theirs.then(|| {
                let (remote_tag, local_tag) = (dialog.local_tag(), dialog.remote_tag());
                TargetDialog { call_id: &call.call_id, remote_tag, local_tag }.to_text()
            })
        });
        if let Some(known) = known {
            request.headers.push(HeaderName::TargetDialog, known);
        }
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
        request.headers.set(HeaderName::Accept, "message/sipfrag");
        self.write_supported(account, &mut request.headers);
        let id = TransferId(self.new_id());
        let transfer = Transfer {
            id,
            account,
            call: calls.0,
            other: calls.1,
            command: Some(command),
            cseq: request.headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number),
            numbered: false,
            nosub: request.headers.requires("nosub") || request.headers.requires("explicitsub"),
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
        let events_at = result.as_ref().ok().filter(|_| transfer.nosub).and_then(|response| events_at(response));
        if let Some(uri) = &events_at {
            self.follow_events(now, id, uri);
        }
        let Some(transfer) = self.transfer_mut(id) else { return };
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                // A NOTIFY that overtook the answer has the last word.
                if let Some(command) = command {
                    self.usages.transfers.keep(|transfer| transfer.id != id);
                    self.complete(command, Err(error));
                }
                return;
            }
        };
        let status = response.status();
        if let (Some(Ok(cseq)), None) = (response.headers.cseq(), &events_at) {
            transfer.cseq = cseq.number;
        }
        let (progress, reply) = match status {
            200..=299 => {
                let silent = transfer.nosub || matches!(response.headers.refer_sub(), Some(Ok(false)));
                let subscribes = events_at.is_some() || !silent;
                (transfer.machine.accepted(now.mono, status, subscribes), Ok(Reply::Transfer(id)))
            }
            _ => (transfer.machine.refused(now.mono, status), Err(error_of(response))),
        };
        if let Some(command) = command {
            self.complete(command, reply);
        }
        self.tell_transfer(id, progress);
        if status >= 300 {
            self.usages.transfers.keep(|transfer| transfer.id != id);
        }
    }

    fn tell_transfer(&mut self, id: TransferId, progress: Option<refer::Progress>) {
        let call = self.transfer_mut(id).and_then(|transfer| transfer.call);
        if let Some(refer::Progress { status, done }) = progress {
            self.tell(Event::TransferChanged { transfer: id, call, status, done, headers: HeaderList::new() });
        }
    }

    /// The transfer outside a call that a NOTIFY is about.
    pub(super) fn transfer_of(&self, account: Option<AccountId>, headers: &Headers) -> Option<TransferId> {
        let ours = |found: &&Transfer| Some(found.account) == account && found.own.is_for(headers);
        self.usages.transfers.iter().find(ours).map(|found| found.id)
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
        let cseq = self.cseq_under_way(&Purpose::Refer(id)).or_else(|| self.cseq_under_way(&Purpose::Refresh(id)));
        let Some(transfer) = self.transfer_mut(id) else { return Err(481) };
        if transfer.own.is_named() {
            let cseq = cseq.unwrap_or(transfer.cseq);
            transfer.own.take(request, cseq)?;
        }
        transfer.numbered = matches!(request.headers.event(), Some(Ok(event)) if event.id.is_some());
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
        let mut refreshing = Vec::new();
        for transfer in &mut self.usages.transfers {
            if transfer.hang_up_at.is_some_and(|at| at <= now.mono) {
                transfer.hang_up_at = None;
                ending.extend([transfer.call, transfer.other].into_iter().flatten());
            }
            if transfer.machine.refreshes(now.mono) {
                refreshing.push(transfer.id);
            }
            if let Some(progress) = transfer.machine.timeout(now.mono) {
                silent.push((transfer.id, progress, transfer.command.take()));
            }
        }
        for id in refreshing {
            changed = true;
            self.refresh_transfer(now, id);
        }
        for (id, progress, command) in silent {
            changed = true;
            if let Some(command) = command {
                self.complete(command, Err(ErrorCode::Timeout.into()));
            }
            self.tell_transfer(id, Some(progress));
        }
        self.usages.transfers.keep(|transfer| transfer.hang_up_at.is_some() || !transfer.machine.is_over(now.mono));
        for call in ending {
            // Over already: then the far end has ended it, and all is well.
            changed |= self.hang_up(now, call, Extra::default()).is_ok();
        }
        changed
    }

    /// Lets the subscription that came with a REFER live on.
    fn refresh_transfer(&mut self, now: Now, id: TransferId) {
        let Some(transfer) = self.transfer_mut(id) else { return };
        let (account, call, cseq) = (transfer.account, transfer.call, transfer.cseq.to_string());
        let number = Some(cseq.as_str()).filter(|_| transfer.numbered);
        let which = match call.filter(|_| !transfer.own.is_named()) {
            None => DialogRef::Transfer(id),
            Some(call) => {
                let dialog = self.call_mut(call).and_then(|call| call.dialog.as_ref());
                DialogRef::Call(call, dialog.map(|dialog| dialog.remote_tag().to_owned()).unwrap_or_default())
            }
        };
        let Some(mut request) = self.dialog_mut(&which).map(|dialog| dialog.request(Method::Subscribe)) else { return };
        self.add_contact(&mut request, account);
        subscribe_to_refer(&mut request.headers, number);
        // One that cannot leave is missed only if the transfer takes longer than its subscription.
        let _ = self.send_request(now, account, which, request, Purpose::Refresh(id));
    }

    /// Such a SUBSCRIBE has been answered, or never will be.
    pub(super) fn refresh_done(&mut self, now: Now, id: TransferId, result: &Result<&Response, Error>) {
        if let Ok(response) = result
            && response.status() < 300
            && let Some(Ok(seconds)) = response.headers.expires()
            && let Some(transfer) = self.transfer_mut(id)
        {
            if let (true, Some(Ok(cseq))) = (transfer.own.is_named(), response.headers.cseq()) {
                transfer.cseq = cseq.number;
            }
            transfer.machine.refreshed(now.mono, seconds);
        }
    }

    /// The far end follows a REFER that asked for a subscription of its own (RFC 7614 section 4.1): it is made here.
    fn follow_events(&mut self, now: Now, id: TransferId, uri: &str) {
        let Some(account) = self.transfer_mut(id).map(|transfer| transfer.account) else { return };
        let Ok(mut request) = self.outside(account, Method::Subscribe, uri, &Extra::default()) else { return };
        self.add_contact(&mut request, account);
        subscribe_to_refer(&mut request.headers, None);
        if let Some(transfer) = self.transfer_mut(id) {
            transfer.own = OwnDialog::of(&request);
            transfer.cseq = request.headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number);
        }
        // One that cannot leave is a silence like any other.
        let _ = self.send_request(now, account, DialogRef::None, request, Purpose::Refresh(id));
    }
}

/// What a SUBSCRIBE to the progress of a transfer carries.
fn subscribe_to_refer(headers: &mut Headers, number: Option<&str>) {
    headers.push(HeaderName::Event, write_event("refer", number));
    headers.push(HeaderName::Expires, refer::REFERRAL_S.to_string());
    headers.push(HeaderName::Accept, "message/sipfrag");
}

/// Where the progress of a transfer can be followed (RFC 7614 section 6).
fn events_at(response: &Response) -> Option<String> {
    let value = response.headers.get_named("Refer-Events-At").filter(|_| response.status() < 300)?;
    Some(NameAddr::parse(value).ok()?.uri_text().to_owned())
}
