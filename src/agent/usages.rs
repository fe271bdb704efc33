//! What lives beside calls: transfers, referrals, subscriptions both ways, publications, answers without a person.
//! Each has a machine that says what is due; here is who asks them, and who gets what the wire brings for them.

use super::call::{LINGER_MS, Phase};
use super::notifier::Subscriber;
use super::outcome::body_of;
use super::publication::Publication;
use super::referral::Referral;
use super::request::DialogRef;
use super::subscription::Subscription;
use super::transfer::Transfer;
use super::{Agent, AgentEvent};
use crate::common::lists::Keep;
use crate::common::time::{Mono, Now};
use crate::dialog::Dialog;
use crate::io::{AccountId, CallId, CallState, Error, ErrorCode, Event, FlowId, Voicemail};
use crate::message::{HeaderName, Headers, MessageSummary, Request};
use crate::transaction::ServerId;

#[derive(Debug, Default)]
pub(super) struct Usages {
    pub(super) transfers: Vec<Transfer>,
    pub(super) referrals: Vec<Referral>,
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) subscribers: Vec<Subscriber>,
    pub(super) publications: Vec<Publication>,
    /// The flow of each account that the server knows: REGISTER has been answered on it, or none is wanted.
    ready: Vec<(AccountId, FlowId)>,
    /// Calls that were announced since they were last looked at.
    announced: Vec<CallId>,
    /// Calls that are answered without a person, and when.
    auto_answers: Vec<(CallId, Mono)>,
}

impl Usages {
    /// The server knows this flow of the account now; what it knew of another is the past.
    pub(super) fn flow_ready(&mut self, account: AccountId, flow: FlowId) {
        self.ready.keep(|(id, _)| *id != account);
        self.ready.push((account, flow));
    }

    /// What the application is told may be of matter here, too.
    pub(super) fn observe(&mut self, event: &Event) {
        let (call, status) = match event {
            Event::CallReceived { call, .. } => {
                if call.auto_answer_s.is_some() {
                    self.announced.push(call.id);
                }
                return;
            }
            Event::CallProgress { call, status, .. } => (*call, *status),
            Event::CallChanged(info) => match info.state {
                CallState::Ringing => (info.id, 180),
                CallState::Connected => (info.id, 200),
                _ => return,
            },
            Event::CallTerminated { call, outcome, .. } => (call.id, super::referral::final_status(outcome)),
            _ => return,
        };
        for referral in &mut self.referrals {
            referral.call_has(call, status);
        }
    }
}

/// What waits in a mailbox, where a NOTIFY says it.
pub(super) fn voicemail(request: &Request) -> Option<Voicemail> {
    let summary = MessageSummary::parse(std::str::from_utf8(request.body()).ok()?).ok()?;
    let counts = summary.counts("Voice-Message").unwrap_or_default();
    Some(Voicemail { waiting: summary.waiting, new: counts.new, old: counts.old })
}

/// A dialog that a request of ours makes: the far end's NOTIFY says with whom (RFC 6665 section 4.4.1).
#[derive(Debug, Clone, Default)]
pub(super) struct OwnDialog {
    call_id: String,
    local_tag: String,
    pub(super) dialog: Option<Dialog>,
}

impl OwnDialog {
    /// The dialog that `request` makes.
    pub(super) fn of(request: &Request) -> Self {
        let tag = request.headers.from().and_then(Result::ok).and_then(|from| from.tag()).unwrap_or_default();
        Self {
            call_id: request.headers.call_id().unwrap_or_default().to_owned(),
            local_tag: tag.to_owned(),
            dialog: None,
        }
    }

    /// Whether there is one, or is going to be.
    pub(super) const fn is_named(&self) -> bool {
        !self.call_id.is_empty()
    }

    /// Whether a request with these headers is for us: it may be from another fork all the same.
    pub(super) fn is_for(&self, headers: &Headers) -> bool {
        let tag = headers.to().and_then(Result::ok).and_then(|to| to.tag());
        !self.call_id.is_empty()
            && headers.call_id() == Some(&self.call_id)
            && tag.is_some_and(|tag| tag == self.local_tag)
    }

    /// Takes a NOTIFY: the first makes the dialog, with our last number `cseq`.
    ///
    /// # Errors
    /// The status of the response: 481 for another fork, 500 for one out of order, 400 where it makes no dialog.
    pub(super) fn take(&mut self, request: &Request, cseq: u32) -> Result<(), u16> {
        let number = request.headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number);
        match &mut self.dialog {
            None => {
                let mut dialog =
                    Dialog::of_request(request, &self.local_tag).map_err(crate::dialog::DialogError::status)?;
                dialog.continue_from(cseq);
                self.dialog = Some(dialog);
                Ok(())
            }
            Some(dialog) if !dialog.matches(&request.headers) => Err(481),
            Some(dialog) => {
                if !dialog.in_order(number) {
                    return Err(500);
                }
                dialog.refresh_target(&request.headers);
                Ok(())
            }
        }
    }
}

impl Agent {
    /// What of event packages the account takes, for a 489.
    pub(super) fn allow_events(&self, account: Option<AccountId>) -> String {
        account
            .and_then(|id| self.find_account(id))
            .map_or_else(|| "refer".to_owned(), |account| account.allow_events())
    }

    /// Whether requests of this account reach the server and their answers find us: there is a flow, and the binding
    /// that goes with it where one is wanted. `Some` says on which flow.
    pub(super) fn ready_flow(&self, account: AccountId) -> Option<FlowId> {
        self.find_account(account)?.flow().filter(|flow| self.usages.ready.contains(&(account, *flow)))
    }

    /// Adds what a request needs that makes or refreshes a dialog: where we are.
    pub(super) fn add_contact(&self, request: &mut Request, account: AccountId) {
        if let Some(account) = self.find_account(account) {
            request.headers.set(HeaderName::Contact, account.contact());
        }
    }

    /// Lets everything happen that is due beside calls. True where something changed.
    pub(super) fn settle_usages(&mut self, now: Now) -> bool {
        let Self { accounts, usages, .. } = self;
        let lives = |id: AccountId| accounts.iter().any(|account| account.id == id && !account.removing);
        usages.transfers.keep(|transfer| lives(transfer.account));
        usages.referrals.keep(|referral| lives(referral.account));
        let mut changed = self.settle_auto_answers(now);
        changed |= self.settle_transfers(now);
        changed |= self.settle_referrals(now);
        changed |= self.settle_subscriptions(now);
        changed |= self.settle_subscribers(now);
        changed |= self.settle_publications(now);
        self.keep_needed_calls(now);
        changed
    }

    /// When time matters beside calls.
    pub(super) fn next_usage_timeout(&self) -> Option<Mono> {
        let usages = &self.usages;
        let transfers = usages.transfers.iter().map(Transfer::next_timeout);
        let referrals = usages.referrals.iter().filter_map(|referral| {
            let ready = referral.is_waiting() || self.ready_flow(referral.account).is_some();
            referral.next_timeout().filter(|_| ready)
        });
        // What cannot leave now is looked at again when there is a flow.
        let ready = |account| self.ready_flow(account).is_some();
        let subscriptions = usages.subscriptions.iter().filter_map(|found| found.next_timeout(ready(found.account)));
        let subscribers = usages.subscribers.iter().filter_map(|found| found.next_timeout(ready(found.account)));
        let publications = usages.publications.iter().filter_map(|found| found.next_timeout(ready(found.account)));
        let answers = usages.auto_answers.iter().map(|(_, at)| *at);
        transfers.chain(referrals).chain(subscriptions).chain(subscribers).chain(publications).chain(answers).min()
    }

    /// The dialog of a call is also that of the transfers and referrals in it, and lives as long as they (RFC 5057).
    fn keep_needed_calls(&mut self, now: Now) {
        let Self { calls, usages, .. } = self;
        for call in calls.iter_mut().filter(|call| call.is_forgotten(now.mono)) {
            let needed = usages.transfers.iter().any(|transfer| transfer.call == Some(call.id))
                || usages.referrals.iter().any(|referral| referral.call == Some(call.id));
            if needed {
                call.forgotten_at = Some(now.mono.after(LINGER_MS));
            }
        }
    }

    fn settle_auto_answers(&mut self, now: Now) -> bool {
        for id in std::mem::take(&mut self.usages.announced) {
            let Some(call) = self.find_call(id) else { continue };
            let allowed = self.find_account(call.account).is_some_and(|account| account.options.allow_auto_answer);
            if let Some(seconds) = call.auto_answer_s.filter(|_| allowed) {
                self.usages.auto_answers.push((id, now.mono.after(u64::from(seconds) * 1000)));
            }
        }
        let (due, later) =
            std::mem::take(&mut self.usages.auto_answers).into_iter().partition(|(_, at)| *at <= now.mono);
        self.usages.auto_answers = later;
        let mut changed = false;
        for (id, _) in due {
            // Beside another call it rings: whoever talks is not to be overheard by a third.
            let alone = self.live_call_count() == 1;
            let rings = |call: &&mut super::call::Call| alone && call.phase == Phase::Ringing;
            let Some(call) = self.call_mut(id).filter(rings) else { continue };
            call.auto_answered = true;
            changed |= self.answer(now, id, None, crate::io::Extra::default()).is_ok();
        }
        changed
    }

    /// A NOTIFY came, inside a dialog or outside.
    pub(super) fn incoming_notify(&mut self, now: Now, server: ServerId, flow: FlowId, request: &Request) {
        let status = match self.take_notify(now, flow, request) {
            Ok(()) => 200,
            Err(status) => status,
        };
        let mut response = self.response(request, status, "", None);
        if status == 489 {
            let account = self.account_of_flow(flow);
            response.headers.push(HeaderName::AllowEvents, self.allow_events(account));
        }
        self.transactions.respond(now.mono, server, response);
    }

    fn take_notify(&mut self, now: Now, flow: FlowId, request: &Request) -> Result<(), u16> {
        let Some(Ok(event)) = request.headers.event() else { return Err(489) };
        let account = self.account_of_flow(flow);
        if let Some(id) = self.subscription_of(account, &request.headers) {
            return self.subscription_notify(now, id, request);
        }
        if let Some(id) = self.transfer_of(account, &request.headers) {
            return self.transfer_notify(now, id, request);
        }
        if let Some(call) = self.call_of_dialog(request) {
            let number = request.headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number);
            let id = call.id;
            if !call.dialog_of(&request.headers).is_some_and(|dialog| dialog.in_order(number)) {
                return Err(500);
            }
            let transfer = self.transfer_in_call(id, &request.headers).ok_or(481_u16)?;
            return self.transfer_notify(now, transfer, request);
        }
        let in_dialog = matches!(request.headers.to(), Some(Ok(to)) if to.tag().is_some());
        match account.filter(|_| !in_dialog && event.package == "message-summary") {
            // Servers tell of voicemail without being asked.
            Some(account) => {
                self.tell(Event::NotifyReceived {
                    subscription: None,
                    account,
                    event: event.package.to_owned(),
                    voicemail: voicemail(request),
                    body: body_of(&request.headers, request.body()),
                    headers: request.headers.list(),
                });
                Ok(())
            }
            None if in_dialog || event.package == "refer" || event.package == "message-summary" => Err(481),
            None => Err(489),
        }
    }

    /// Whether a request of `account` failed because its flow is gone, and not merely because there are too many others.
    pub(super) fn is_flow_lost(&self, account: AccountId, error: &Error) -> bool {
        let flow = self.find_account(account).and_then(|account| account.flow());
        error.code == ErrorCode::FlowLost && flow.is_none()
    }

    /// The account goes, or all do: whoever has something of ours, or we of theirs, is told as far as there is a flow.
    pub(super) fn end_usages(&mut self, now: Now, account: Option<AccountId>) {
        self.end_subscriptions(now, account);
        self.end_subscribers(now, account);
        self.end_publications(now, account);
        let ends = |of: AccountId| account.is_none_or(|id| of == id);
        self.end_referrals(now, ends);
        let (over, rest) =
            std::mem::take(&mut self.usages.transfers).into_iter().partition::<Vec<_>, _>(|found| ends(found.account));
        self.usages.transfers = rest;
        for command in over.into_iter().filter_map(|transfer| transfer.command) {
            self.complete(command, Err(ErrorCode::Stopped.into()));
        }
    }

    /// The engine has stopped: nothing is left of it, and whoever waits is told.
    pub(super) fn abandon_usages(&mut self) {
        let usages = std::mem::take(&mut self.usages);
        let commands = usages
            .transfers
            .into_iter()
            .filter_map(|found| found.command)
            .chain(usages.subscriptions.into_iter().filter_map(|found| found.command))
            .chain(usages.subscribers.into_iter().flat_map(Subscriber::into_commands))
            .chain(usages.publications.into_iter().flat_map(Publication::into_commands));
        for command in commands {
            self.out.push_back(AgentEvent::Completed { id: command, result: Err(ErrorCode::Stopped.into()) });
        }
    }

    /// The dialog of what lives beside calls.
    pub(super) fn usage_dialog_mut(&mut self, which: &DialogRef) -> Option<&mut Dialog> {
        let usages = &mut self.usages;
        match which {
            DialogRef::Referral(id) => usages.referrals.iter_mut().find(|referral| referral.id == *id)?.own.as_mut(),
            DialogRef::Transfer(id) => usages.transfers.iter_mut().find(|found| found.id == *id)?.own.dialog.as_mut(),
            DialogRef::Subscription(id) => {
                usages.subscriptions.iter_mut().find(|found| found.id == *id)?.own.dialog.as_mut()
            }
            DialogRef::Subscriber(id) => {
                usages.subscribers.iter_mut().find(|found| found.id == *id).map(|found| &mut found.dialog)
            }
            DialogRef::None | DialogRef::Call(..) => None,
        }
    }
}
