//! Subscriptions of ours (RFC 6665 section 4.1): SUBSCRIBE out, NOTIFY in.

use super::Agent;
use super::extra::add_headers;
use super::messaging::{bare, check_body, set_body};
use super::outcome::{body_of, error_of};
use super::outgoing::target_uri;
use super::request::{DialogRef, Purpose};
use super::usages::{OwnDialog, voicemail};
use crate::common::limits;
use crate::common::lists::{Gather, Keep};
use crate::common::time::{Mono, Now};
use crate::dialog::subscription::{Phase, Step, Subscription as Machine, Verdict, Word};
use crate::io::{
    AccountId, Body, CommandId, Error, ErrorCode, Event, Extra, FlowId, HeaderList, Reply, SubscriptionId,
    SubscriptionInfo, SubscriptionState,
};
use crate::message::{HeaderName, Headers, MediaType, Method, Request, Response, SubscriptionStatus, is_token};

/// Letters of a reason that are told.
const REASON_LETTERS: usize = 64;

/// A subscription of ours.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) id: SubscriptionId,
    pub(super) account: AccountId,
    target: String,
    event: String,
    accept: Vec<String>,
    body: Body,
    extra: Extra,
    pub(super) command: Option<CommandId>,
    pub(super) own: OwnDialog,
    /// The number of the last SUBSCRIBE.
    cseq: u32,
    /// The flow of the last SUBSCRIBE.
    flow: Option<FlowId>,
    machine: Machine,
    reason: Option<String>,
    error: Option<Error>,
    told: Option<SubscriptionInfo>,
}

impl Subscription {
    fn info(&self) -> SubscriptionInfo {
        SubscriptionInfo {
            id: self.id,
            account: self.account,
            event: self.event.clone(),
            remote_uri: bare(&self.target).to_owned(),
            state: match self.machine.phase() {
                Phase::Waiting | Phase::Lost => SubscriptionState::Subscribing,
                Phase::Pending => SubscriptionState::Pending,
                Phase::Active => SubscriptionState::Active,
                Phase::Over => SubscriptionState::Terminated,
            },
            reason: self.reason.clone(),
            error: self.error.clone(),
            will_retry: self.machine.phase() == Phase::Lost,
            headers: HeaderList::new(),
        }
    }

    pub(super) fn next_timeout(&self, ready: bool) -> Option<Mono> {
        self.machine.next_timeout(ready)
    }
}

/// What a SUBSCRIBE asks for.
#[derive(Debug)]
pub struct Wanted {
    /// Whose state.
    pub target: String,
    /// The event package.
    pub event: String,
    /// The content types that are understood.
    pub accept: Vec<String>,
    /// For how long, in seconds.
    pub expires: u32,
    /// What it carries.
    pub body: Body,
    /// Further headers.
    pub extra: Extra,
}

impl Agent {
    /// Follows a state, and goes on following it until [`Agent::unsubscribe`]; `command` is completed once it was
    /// accepted.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::InvalidTarget`], [`ErrorCode::InvalidOption`], [`ErrorCode::FlowLost`],
    /// [`ErrorCode::Busy`] where there are too many.
    pub fn subscribe(&mut self, now: Now, account: AccountId, wanted: Wanted, command: CommandId) -> Result<(), Error> {
        let Wanted { target, event, accept, expires, body, extra } = wanted;
        let found = self.find_account(account).ok_or(ErrorCode::NotFound)?;
        let target = target_uri(&target, &found.options.domain)?;
        if !is_token(&event) || event == "refer" {
            return Err(Error::option("event"));
        }
        if !accept.iter().all(|kind| MediaType::parse(kind).is_ok() && !kind.contains(['\r', '\n', '\0'])) {
            return Err(Error::option("accept"));
        }
        check_body(&body)?;
        super::extra::check_headers(&extra.headers)?;
        if self.usages.subscriptions.len() >= limits::SUBSCRIPTIONS {
            return Err(ErrorCode::Busy.into());
        }
        let mut machine = Machine::new(now.mono, expires);
        let step = machine.due(now.mono, true);
        let id = SubscriptionId(self.new_id());
        self.usages.subscriptions.push(Subscription {
            id,
            account,
            target,
            event,
            accept,
            body,
            extra,
            command: Some(command),
            own: OwnDialog::default(),
            cseq: 0,
            flow: None,
            machine,
            reason: None,
            error: None,
            told: None,
        });
        if let Some(Err(error)) = step.map(|step| self.send_subscribe(now, id, step)) {
            self.usages.subscriptions.keep(|subscription| subscription.id != id);
            return Err(error);
        }
        self.pump(now);
        Ok(())
    }

    /// Ends a subscription of ours.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is none; [`ErrorCode::FlowLost`] where it ends here but the notifier cannot be
    /// told.
    pub fn unsubscribe(&mut self, now: Now, id: SubscriptionId) -> Result<(), Error> {
        let extra = self.lent();
        let account = self.subscription_mut(id).ok_or(ErrorCode::NotFound)?.account;
        let ready = self.ready_flow(account).is_some();
        let subscription = self.subscription_mut(id).ok_or(ErrorCode::NotFound)?;
        if !extra.headers.is_empty() {
            subscription.extra = extra;
        }
        let tells = subscription.machine.unsubscribe(now.mono);
        let mut result = Ok(());
        if tells && !ready {
            subscription.machine.refused(now.mono, 481, None, None);
            result = Err(ErrorCode::FlowLost.into());
        }
        subscription.reason = None;
        subscription.error = None;
        self.tell_subscription(id);
        self.pump(now);
        result
    }

    fn subscription_mut(&mut self, id: SubscriptionId) -> Option<&mut Subscription> {
        self.usages.subscriptions.iter_mut().find(|subscription| subscription.id == id)
    }

    fn send_subscribe(&mut self, now: Now, id: SubscriptionId, step: Step) -> Result<(), Error> {
        let subscription = self.subscription_mut(id).ok_or(ErrorCode::NotFound)?;
        let account = subscription.account;
        let (seconds, which, mut request) = match step {
            Step::Refresh(seconds) => {
                let dialog = subscription.own.dialog.as_mut().ok_or(ErrorCode::NotFound)?;
                let mut request = dialog.request(Method::Subscribe);
                add_headers(&mut request.headers, &subscription.extra.headers);
                (seconds, DialogRef::Subscription(id), request)
            }
            Step::Anew(seconds) => {
                let (target, extra, body) =
                    (subscription.target.clone(), subscription.extra.clone(), subscription.body.clone());
                let mut request = self.outside(account, Method::Subscribe, &target, &extra)?;
                set_body(&mut request, body);
                (seconds, DialogRef::None, request)
            }
            Step::Silent => return Ok(()),
        };
        self.add_contact(&mut request, account);
        let flow = self.find_account(account).and_then(|account| account.flow());
        let subscription = self.subscription_mut(id).ok_or(ErrorCode::NotFound)?;
        let headers = &mut request.headers;
        headers.push(HeaderName::Event, subscription.event.as_str());
        headers.push(HeaderName::Expires, seconds.to_string());
        if !subscription.accept.is_empty() {
            headers.set(HeaderName::Accept, subscription.accept.join(", "));
        }
        subscription.flow = flow;
        subscription.cseq = headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number);
        if which == DialogRef::None {
            subscription.own = OwnDialog::of(&request);
        }
        self.send_request(now, account, which, request, Purpose::Subscribe(id)).map(|_| ())
    }

    /// A SUBSCRIBE of ours has been answered, or never will be.
    pub(super) fn subscribe_done(&mut self, now: Now, id: SubscriptionId, result: Result<&Response, Error>) {
        let account = self.subscription_mut(id).map(|subscription| subscription.account);
        let flow_lost = result.as_ref().err().zip(account).is_some_and(|(e, account)| self.is_flow_lost(account, e));
        let Some(subscription) = self.subscription_mut(id) else { return };
        let machine = &mut subscription.machine;
        let (verdict, error) = match result {
            Ok(response) if response.status() < 300 => {
                if let Some(Ok(cseq)) = response.headers.cseq() {
                    subscription.cseq = cseq.number;
                }
                machine.accepted(now.mono, response.headers.expires().and_then(Result::ok));
                subscription.error = None;
                if let Some(command) = subscription.command.take() {
                    self.complete(command, Ok(Reply::Subscription(id)));
                }
                self.tell_subscription(id);
                return;
            }
            Ok(response) => {
                let status = response.status();
                let error = error_of(response);
                let least = response.headers.min_expires().and_then(Result::ok);
                (machine.refused(now.mono, status, error.retry_after_s, least), error)
            }
            Err(error) => match error.status {
                Some(status) => (machine.refused(now.mono, status, None, None), error),
                None => (machine.failed(now.mono, flow_lost), error),
            },
        };
        if verdict == Verdict::Over
            && let Some(command) = subscription.command.take()
        {
            self.usages.subscriptions.keep(|subscription| subscription.id != id);
            self.complete(command, Err(error));
            return;
        }
        if verdict != Verdict::GoesOn {
            // An end that was asked for is none of an error.
            subscription.error = Some(error).filter(|_| !subscription.machine.is_ending());
            subscription.reason = None;
            subscription.own = OwnDialog::default();
        }
        self.tell_subscription(id);
    }

    /// Tells the application what has changed, and forgets what is over.
    fn tell_subscription(&mut self, id: SubscriptionId) {
        let Some(subscription) = self.subscription_mut(id) else { return };
        // Before its command is completed nobody knows it.
        if subscription.command.is_some() {
            return;
        }
        let info = subscription.info();
        let over = info.state == SubscriptionState::Terminated;
        if subscription.told.as_ref() != Some(&info) {
            subscription.told = Some(info.clone());
            self.tell(Event::SubscriptionChanged(info));
        }
        if over {
            self.usages.subscriptions.keep(|subscription| subscription.id != id);
        }
    }

    /// The subscription that a NOTIFY is about.
    pub(super) fn subscription_of(&self, account: Option<AccountId>, headers: &Headers) -> Option<SubscriptionId> {
        let ours = |found: &&Subscription| Some(found.account) == account && found.own.is_for(headers);
        self.usages.subscriptions.iter().find(ours).map(|found| found.id)
    }

    pub(super) fn subscription_notify(&mut self, now: Now, id: SubscriptionId, request: &Request) -> Result<(), u16> {
        let headers = &request.headers;
        let Some(Ok(state)) = headers.subscription_state() else { return Err(400) };
        let Some(Ok(event)) = headers.event() else { return Err(489) };
        let under_way = self.cseq_under_way(&Purpose::Subscribe(id));
        let Some(subscription) = self.subscription_mut(id) else { return Err(481) };
        if event.package != subscription.event || event.id.is_some() || subscription.machine.phase() == Phase::Over {
            return Err(481);
        }
        let cseq = under_way.unwrap_or(subscription.cseq);
        subscription.own.take(request, cseq)?;
        let word = match state.status {
            SubscriptionStatus::Terminated => {
                Word::Terminated { reason: state.reason(), retry_after: state.retry_after() }
            }
            SubscriptionStatus::Pending => Word::Pending,
            _ => Word::Active,
        };
        subscription.reason = state.reason().filter(|_| state.is_terminated()).map(|reason| {
            let letters = reason.chars().filter(|c| c.is_ascii_graphic());
            letters.take(REASON_LETTERS).collect()
        });
        subscription.error = None;
        let verdict = subscription.machine.notified(now.mono, word, state.expires());
        if verdict != Verdict::GoesOn {
            subscription.own = OwnDialog::default();
        }
        let account = subscription.account;
        let received = Event::NotifyReceived {
            subscription: Some(id),
            account,
            event: subscription.event.clone(),
            voicemail: (subscription.event == "message-summary").then(|| voicemail(request)).flatten(),
            body: body_of(headers, request.body()),
            headers: headers.list(),
        };
        if let Some(command) = subscription.command.take() {
            self.complete(command, Ok(Reply::Subscription(id)));
        }
        if verdict == Verdict::GoesOn {
            self.tell_subscription(id);
            self.tell(received);
        } else {
            // The last state, then that there will be no other.
            self.tell(received);
            self.tell_subscription(id);
        }
        Ok(())
    }

    pub(super) fn settle_subscriptions(&mut self, now: Now) -> bool {
        let mut changed = false;
        for id in self.usages.subscriptions.iter().map(|subscription| subscription.id).gather() {
            let Some(account) = self.subscription_mut(id).map(|subscription| subscription.account) else { continue };
            let flow = self.ready_flow(account);
            let Some(subscription) = self.subscription_mut(id) else { continue };
            if flow.is_some() && subscription.flow.is_some() && subscription.flow != flow {
                subscription.flow = flow;
                subscription.machine.moved(now.mono);
            }
            let before = subscription.machine.phase();
            let step = subscription.machine.due(now.mono, flow.is_some());
            changed |= step.is_some();
            match step {
                None if subscription.machine.phase() == before => {}
                None => {
                    subscription.own = OwnDialog::default();
                    self.tell_subscription(id);
                }
                Some(Step::Silent) => {
                    subscription.error = (!subscription.machine.is_ending()).then(|| ErrorCode::Timeout.into());
                    subscription.own = OwnDialog::default();
                    self.tell_subscription(id);
                }
                Some(step) => {
                    if let Err(error) = self.send_subscribe(now, id, step) {
                        self.subscribe_done(now, id, Err(error));
                    } else {
                        self.tell_subscription(id);
                    }
                }
            }
        }
        changed
    }

    /// Ends all subscriptions of ours of an account, or all there are, as far as their notifiers can be told.
    pub(super) fn end_subscriptions(&mut self, now: Now, account: Option<AccountId>) {
        let all = &self.usages.subscriptions;
        let ids =
            all.iter().filter(|found| account.is_none_or(|id| found.account == id)).map(|found| found.id).gather();
        for id in ids {
            let Some(subscription) = self.subscription_mut(id) else { continue };
            let command = subscription.command.take();
            subscription.machine.unsubscribe(now.mono);
            let account = subscription.account;
            let ready = self.ready_flow(account).is_some();
            let step = self.subscription_mut(id).and_then(|found| found.machine.due(now.mono, ready));
            if let Some(step) = step {
                // Who cannot be told finds out when the time is over.
                let _ = self.send_subscribe(now, id, step);
            }
            if let Some(command) = command {
                self.complete(command, Err(ErrorCode::Stopped.into()));
            }
            if let Some(subscription) = self.subscription_mut(id) {
                subscription.machine.refused(now.mono, 481, None, None);
                subscription.error = None;
            }
            self.tell_subscription(id);
        }
    }
}
