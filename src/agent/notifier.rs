//! Subscriptions of others to states of ours (RFC 6665 section 4.2): SUBSCRIBE in, NOTIFY out.

use super::Agent;
use super::extra::add_headers;
use super::messaging::{check_body, sender, set_body};
use super::outcome::{body_of, error_of};
use super::request::{DialogRef, Purpose};
use crate::common::limits;
use crate::common::lists::{Gather, Keep};
use crate::common::time::{Mono, Now};
use crate::dialog::Dialog;
use crate::dialog::notifier::{Heard, Notifier, Phase, Word, grant};
use crate::io::{
    AccountId, Body, CommandId, Error, ErrorCode, Event, Extra, FlowId, HeaderList, Reply, SubscriptionId,
    SubscriptionInfo, SubscriptionState,
};
use crate::message::{
    HeaderName, Method, Request, Response, SubscriptionStatus, is_token, write_event, write_subscription_state,
};
use crate::transaction::ServerId;

/// How long the application has to say what it thinks of a SUBSCRIBE, in milliseconds. Then it is refused.
const DECISION_MS: u64 = 10_000;
/// States of one subscriber that wait for their NOTIFY. More: the command fails with `busy`.
const NOTES: usize = 16;

/// What a NOTIFY is to say.
#[derive(Debug, Default)]
struct Note {
    body: Body,
    reason: Option<String>,
    command: Option<CommandId>,
    extra: Extra,
}

/// Somebody who follows a state of ours.
#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) id: SubscriptionId,
    pub(super) account: AccountId,
    event: String,
    event_id: Option<String>,
    from_uri: String,
    pub(super) dialog: Dialog,
    flow: Option<FlowId>,
    asked: Option<(ServerId, Request, Mono)>,
    seconds: u32,
    machine: Notifier,
    /// What was told last, for whoever refreshes.
    state: Body,
    queue: Vec<Note>,
    in_flight: Option<Note>,
    reason: Option<String>,
}

impl Subscriber {
    fn info(&self) -> SubscriptionInfo {
        SubscriptionInfo {
            id: self.id,
            account: self.account,
            event: self.event.clone(),
            remote_uri: self.from_uri.clone(),
            state: match self.machine.phase() {
                Phase::Asked => SubscriptionState::Subscribing,
                Phase::Pending => SubscriptionState::Pending,
                Phase::Active => SubscriptionState::Active,
                Phase::Over => SubscriptionState::Terminated,
            },
            reason: self.reason.clone(),
            error: None,
            will_retry: false,
            headers: HeaderList::new(),
        }
    }

    fn note_state(&mut self) {
        if self.queue.is_empty() {
            self.queue.push(Note { body: self.state.clone(), ..Note::default() });
        }
    }

    /// The commands that wait for a NOTIFY.
    pub(super) fn into_commands(self) -> impl Iterator<Item = CommandId> {
        self.queue.into_iter().chain(self.in_flight).filter_map(|note| note.command)
    }

    pub(super) fn next_timeout(&self, ready: bool) -> Option<Mono> {
        match &self.asked {
            Some((_, _, until)) => Some(*until),
            None => self.machine.next_timeout().filter(|_| ready),
        }
    }
}

impl Agent {
    /// A SUBSCRIBE came, inside a dialog or outside.
    pub(super) fn incoming_subscribe(&mut self, now: Now, server: ServerId, flow: FlowId, request: Request) {
        let account = self.account_of_flow(flow);
        let in_dialog = matches!(request.headers.to(), Some(Ok(to)) if to.tag().is_some());
        let Some(Ok(event)) = request.headers.event() else {
            self.bad_event(now, server, account, &request);
            return;
        };
        if event.package == "refer"
            && let Some(id) = self.referral_of(&request)
        {
            self.referral_subscribe(now, id, server, &request);
            return;
        }
        let result = match (in_dialog, account) {
            (true, _) => self.refresh_subscriber(now, server, &request),
            (false, None) => Err(480),
            // Nobody but a REFER makes such a subscription (RFC 3515 section 2.4.4).
            (false, Some(_)) if event.package == "refer" => Err(403),
            (false, Some(account)) => self.begin_subscriber(now, account, flow, server, &request),
        };
        match result {
            Ok(()) => {}
            Err(489) => self.bad_event(now, server, account, &request),
            Err(423) => {
                let tag = self.random.token(10);
                let mut response = self.response(&request, 423, &tag, None);
                response.headers.push(HeaderName::MinExpires, crate::dialog::notifier::SHORTEST_S.to_string());
                self.transactions.respond(now.mono, server, response);
            }
            Err(status) => self.respond(now, server, &request, status),
        }
    }

    /// 489, and what would be taken (section 4.2.1.1).
    fn bad_event(&mut self, now: Now, server: ServerId, account: Option<AccountId>, request: &Request) {
        let tag = self.random.token(10);
        let mut response = self.response(request, 489, &tag, None);
        response.headers.push(HeaderName::AllowEvents, self.allow_events(account));
        self.transactions.respond(now.mono, server, response);
    }

    /// Checks a SUBSCRIBE and tells the application.
    ///
    /// # Errors
    /// The status of the response.
    fn begin_subscriber(
        &mut self,
        now: Now,
        account: AccountId,
        flow: FlowId,
        server: ServerId,
        request: &Request,
    ) -> Result<(), u16> {
        let headers = &request.headers;
        let event = headers.event().and_then(Result::ok).ok_or(489_u16)?;
        let known =
            self.find_account(account).is_some_and(|account| account.options.events.iter().any(|e| e == event.package));
        if !known {
            return Err(489);
        }
        let asked = headers.expires().transpose().map_err(|_| 400_u16)?;
        let seconds = grant(asked).map_err(|_| 423_u16)?;
        let from_tag = headers.from().and_then(Result::ok).and_then(|from| from.tag()).unwrap_or_default();
        let same = |subscriber: &Subscriber| {
            headers.call_id() == Some(subscriber.dialog.call_id()) && subscriber.dialog.remote_tag() == from_tag
        };
        if self.usages.subscribers.iter().any(same) {
            // It came by another way as well (RFC 3261 section 8.2.2.2).
            return Err(482);
        }
        if self.usages.subscribers.len() >= limits::SUBSCRIBERS {
            return Err(503);
        }
        let (event_name, event_id) = (event.package.to_owned(), event.id.map(str::to_owned));
        let tag = self.random.token(10);
        let dialog = Dialog::of_request(request, &tag).map_err(crate::dialog::DialogError::status)?;
        let id = SubscriptionId(self.new_id());
        let from_uri = sender(headers).uri;
        self.usages.subscribers.push(Subscriber {
            id,
            account,
            event: event_name.clone(),
            event_id,
            from_uri: from_uri.clone(),
            dialog,
            flow: Some(flow),
            asked: Some((server, request.clone(), now.mono.after(DECISION_MS))),
            seconds,
            machine: Notifier::new(now.mono, seconds),
            state: Body::default(),
            queue: Vec::new(),
            in_flight: None,
            reason: None,
        });
        self.tell(Event::SubscribeReceived {
            subscription: id,
            account,
            from_uri,
            event: event_name,
            expires: seconds,
            body: body_of(headers, request.body()),
            headers: headers.list(),
        });
        Ok(())
    }

    /// A SUBSCRIBE in its dialog: refresh, or with 0 the end.
    ///
    /// # Errors
    /// The status of the response.
    fn refresh_subscriber(&mut self, now: Now, server: ServerId, request: &Request) -> Result<(), u16> {
        let headers = &request.headers;
        let event = headers.event().and_then(Result::ok).ok_or(489_u16)?;
        let found = self.usages.subscribers.iter_mut().find(|subscriber| {
            subscriber.dialog.matches(headers)
                && subscriber.event == event.package
                && subscriber.event_id.as_deref() == event.id
                && subscriber.asked.is_none()
                && subscriber.machine.phase() != Phase::Over
        });
        let Some(subscriber) = found else {
            // A call's dialog takes no subscriptions.
            return Err(if self.call_of_dialog(request).is_some() { 403 } else { 481 });
        };
        let asked = headers.expires().transpose().map_err(|_| 400_u16)?;
        let seconds = grant(asked).map_err(|_| 423_u16)?;
        let number = headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number);
        if !subscriber.dialog.in_order(number) {
            return Err(500);
        }
        subscriber.dialog.refresh_target(headers);
        subscriber.seconds = seconds;
        subscriber.machine.refresh(now.mono, seconds);
        subscriber.note_state();
        let (id, account) = (subscriber.id, subscriber.account);
        let mut response = self.response(request, 200, "", Some(account));
        response.headers.push(HeaderName::Expires, seconds.to_string());
        self.transactions.respond(now.mono, server, response);
        if seconds > 0 {
            self.tell_subscriber(id);
        }
        Ok(())
    }

    fn subscriber_mut(&mut self, id: SubscriptionId) -> Option<&mut Subscriber> {
        self.usages.subscribers.iter_mut().find(|subscriber| subscriber.id == id)
    }

    fn tell_subscriber(&mut self, id: SubscriptionId) {
        if let Some(info) = self.subscriber_mut(id).map(|subscriber| subscriber.info()) {
            self.tell(Event::SubscriberChanged(info));
        }
    }

    /// Accepts somebody who wants to follow a state of ours, or after `pending` says that it is decided; a NOTIFY with
    /// the state leaves.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is none, [`ErrorCode::InvalidOption`] for a body that cannot be sent.
    pub fn accept_subscriber(&mut self, now: Now, id: SubscriptionId, pending: bool, body: Body) -> Result<(), Error> {
        check_body(&body)?;
        let extra = self.lent();
        let subscriber = self.subscriber_mut(id).ok_or(ErrorCode::NotFound)?;
        subscriber.machine.accept(pending);
        subscriber.state = body.clone();
        subscriber.queue.push(Note { body, extra: extra.clone(), ..Note::default() });
        let (account, seconds, tag) =
            (subscriber.account, subscriber.seconds, subscriber.dialog.local_tag().to_owned());
        if let Some((server, request, _)) = subscriber.asked.take() {
            subscriber.machine.refresh(now.mono, seconds);
            let mut response = self.response(&request, 200, &tag, Some(account));
            add_headers(&mut response.headers, &extra.headers);
            response.headers.copy(&request.headers, HeaderName::RecordRoute);
            response.headers.push(HeaderName::Expires, seconds.to_string());
            self.transactions.respond(now.mono, server, response);
        }
        self.pump(now);
        Ok(())
    }

    /// Refuses a subscriber, or ends the subscription of one that was accepted as pending.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is none, [`ErrorCode::InvalidOption`] for a status outside 400 to 699.
    pub fn reject_subscriber(&mut self, now: Now, id: SubscriptionId, status: u16) -> Result<(), Error> {
        if !(400..=699).contains(&status) {
            return Err(Error::option("code"));
        }
        let extra = self.lent();
        let subscriber = self.subscriber_mut(id).ok_or(ErrorCode::NotFound)?;
        match subscriber.asked.take() {
            Some((server, request, _)) => {
                self.usages.subscribers.keep(|subscriber| subscriber.id != id);
                self.respond_with(now, server, &request, status, &extra);
            }
            None => {
                let reason = Some("rejected".to_owned());
                subscriber.queue.push(Note { reason, extra, ..Note::default() });
            }
        }
        self.pump(now);
        Ok(())
    }

    /// Tells a subscriber the state, or ends its subscription with it; `command` is completed when it has heard it.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::InvalidOption`] for a body or reason that cannot be sent,
    /// [`ErrorCode::InvalidState`] before it was accepted, [`ErrorCode::FlowLost`], [`ErrorCode::Busy`].
    pub fn notify(
        &mut self,
        now: Now,
        id: SubscriptionId,
        body: Body,
        terminate: Option<String>,
        command: CommandId,
    ) -> Result<(), Error> {
        check_body(&body)?;
        if terminate.as_ref().is_some_and(|reason| !is_token(reason)) {
            return Err(Error::option("terminate"));
        }
        let extra = self.lent();
        let account = self.subscriber_mut(id).ok_or(ErrorCode::NotFound)?.account;
        let ready = self.ready_flow(account).is_some();
        let subscriber = self.subscriber_mut(id).ok_or(ErrorCode::NotFound)?;
        if !subscriber.machine.is_told() {
            return Err(ErrorCode::InvalidState.into());
        }
        if !ready {
            // What is told on the next flow is the latest state, and this is it.
            subscriber.state = body;
            return Err(ErrorCode::FlowLost.into());
        }
        if subscriber.queue.len() >= NOTES {
            return Err(ErrorCode::Busy.into());
        }
        subscriber.state = body.clone();
        subscriber.queue.push(Note { body, reason: terminate, command: Some(command), extra });
        self.pump(now);
        Ok(())
    }

    pub(super) fn settle_subscribers(&mut self, now: Now) -> bool {
        let mut changed = false;
        for id in self.usages.subscribers.iter().map(|subscriber| subscriber.id).gather() {
            let Some(subscriber) = self.subscriber_mut(id) else { continue };
            let account = subscriber.account;
            if let Some((server, request, _)) = subscriber.asked.take_if(|(_, _, until)| *until <= now.mono) {
                subscriber.machine.end();
                subscriber.reason = Some("giveup".to_owned());
                self.respond(now, server, &request, 480);
                self.forget_subscriber(id, ErrorCode::NotFound);
                changed = true;
                continue;
            }
            let flow = self.ready_flow(account);
            let Some(subscriber) = self.subscriber_mut(id).filter(|_| flow.is_some()) else { continue };
            if subscriber.flow != flow {
                subscriber.flow = flow;
                // The far end has to learn where we are now.
                if subscriber.machine.is_told() {
                    subscriber.note_state();
                }
            }
            if subscriber.machine.is_expired(now.mono) {
                subscriber.note_state();
            }
            if subscriber.machine.is_free() && !subscriber.queue.is_empty() {
                let note = subscriber.queue.remove(0);
                self.send_note(now, id, note);
                changed = true;
            }
        }
        changed
    }

    fn send_note(&mut self, now: Now, id: SubscriptionId, note: Note) {
        let Some(subscriber) = self.subscriber_mut(id) else { return };
        let account = subscriber.account;
        let word = subscriber.machine.send(now.mono, note.reason.is_some());
        let mut request = subscriber.dialog.request(Method::Notify);
        let event = write_event(&subscriber.event, subscriber.event_id.as_deref());
        let state = match (&note.reason, word) {
            (Some(reason), _) => {
                subscriber.reason = Some(reason.clone());
                write_subscription_state(SubscriptionStatus::Terminated, None, Some(reason), None)
            }
            (None, Word::TimedOut) => {
                subscriber.reason = Some("timeout".to_owned());
                write_subscription_state(SubscriptionStatus::Terminated, None, Some("timeout"), None)
            }
            (None, Word::Lives { pending, seconds }) => {
                let status = if pending { SubscriptionStatus::Pending } else { SubscriptionStatus::Active };
                write_subscription_state(status, Some(seconds), None, None)
            }
        };
        set_body(&mut request, note.body.clone());
        add_headers(&mut request.headers, &note.extra.headers);
        subscriber.in_flight = Some(note);
        self.add_contact(&mut request, account);
        request.headers.push(HeaderName::Event, event);
        request.headers.push(HeaderName::SubscriptionState, state);
        if let Err(error) = self.send_request(now, account, DialogRef::Subscriber(id), request, Purpose::Notify(id)) {
            self.notify_done(id, Err(error));
        }
    }

    /// A NOTIFY of ours has been answered, or never will be.
    pub(super) fn notify_done(&mut self, id: SubscriptionId, result: Result<&Response, Error>) {
        let account = self.subscriber_mut(id).map(|subscriber| subscriber.account);
        let flow_lost = result.as_ref().err().zip(account).is_some_and(|(e, account)| self.is_flow_lost(account, e));
        let Some(subscriber) = self.subscriber_mut(id) else { return };
        let (heard, error) = match &result {
            Ok(response) if response.status() < 300 => (Heard::Yes, None),
            Ok(response) => (Heard::Refused(response.status()), Some(error_of(response))),
            Err(error) => match error.code {
                ErrorCode::FlowLost if flow_lost => (Heard::FlowLost, Some(error.clone())),
                // Too much is under way: the next state will do.
                ErrorCode::FlowLost => (Heard::Refused(503), Some(error.clone())),
                ErrorCode::Timeout => (Heard::Silence, Some(error.clone())),
                _ => (error.status.map_or(Heard::Silence, Heard::Refused), Some(error.clone())),
            },
        };
        let again = subscriber.machine.answered(heard);
        let over = subscriber.machine.phase() == Phase::Over;
        let Some(mut note) = subscriber.in_flight.take() else { return };
        let command = note.command.take();
        if again {
            // On the next flow, and nobody waits for it any more: the command is told that it did not leave.
            subscriber.queue.insert(0, note);
            subscriber.flow = None;
        }
        if let Some(command) = command {
            self.complete(command, error.map_or(Ok(Reply::Done), Err));
        }
        if over {
            self.forget_subscriber(id, ErrorCode::NotFound);
        }
    }

    /// Tells the application that a subscriber is gone; who waits for a NOTIFY to it is told `why`.
    fn forget_subscriber(&mut self, id: SubscriptionId, why: ErrorCode) {
        self.tell_subscriber(id);
        let Some(index) = self.usages.subscribers.iter().position(|subscriber| subscriber.id == id) else { return };
        for command in self.usages.subscribers.remove(index).into_commands() {
            self.complete(command, Err(why.into()));
        }
    }

    /// Ends all subscriptions of others to an account, or to all, as far as they can be told.
    pub(super) fn end_subscribers(&mut self, now: Now, account: Option<AccountId>) {
        let all = &self.usages.subscribers;
        let ids =
            all.iter().filter(|found| account.is_none_or(|id| found.account == id)).map(|found| found.id).gather();
        for id in ids {
            let Some(subscriber) = self.subscriber_mut(id) else { continue };
            if let Some((server, request, _)) = subscriber.asked.take() {
                self.respond(now, server, &request, 480);
            } else if subscriber.machine.is_free() {
                let reason = Some("noresource".to_owned());
                self.send_note(now, id, Note { reason, ..Note::default() });
            }
            if let Some(subscriber) = self.subscriber_mut(id) {
                subscriber.machine.end();
            }
            self.forget_subscriber(id, ErrorCode::Stopped);
        }
    }
}
