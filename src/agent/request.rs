//! Every request of ours but INVITE, REGISTER, ACK and CANCEL, inside a dialog or outside: sent, authorized when it is
//! challenged, and answered exactly once to whoever asked for it.

use super::amend::amend;
use super::credentials::{Challenged, Refused};
use super::{Agent, Use};
use crate::common::time::Now;
use crate::dialog::Dialog;
use crate::io::{
    AccountId, CallId, CommandId, Error, ErrorCode, PublicationId, ReferralId, Reply, SubscriptionId, TransferId,
};
use crate::message::{HeaderName, Request, Response};
use crate::transaction::{ClientId, Failure};

/// The dialog that a request is part of: its next CSeq number is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DialogRef {
    /// None: the request makes one, or needs none.
    None,
    /// The dialog of a call with this remote tag: its own, or one of its forks.
    Call(CallId, String),
    /// That of a REFER to us outside calls.
    Referral(ReferralId),
    /// That of a REFER of ours outside calls.
    Transfer(TransferId),
    /// That of a subscription of ours.
    Subscription(SubscriptionId),
    /// That of somebody's subscription to us.
    Subscriber(SubscriptionId),
}

/// What a request is for, and who is told how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub(super) enum Purpose {
    /// The end of a call, or of a fork of it.
    Bye(CallId),
    /// A digit in a call.
    Digit(CallId),
    /// A change of a call's session that needs no offer.
    Update(CallId),
    /// Nothing but the completion of a command, with the response.
    Command(CommandId),
    /// Nothing: whatever becomes of it, nobody needs to know.
    Nobody,
    /// A REFER of ours.
    Refer(TransferId),
    /// A SUBSCRIBE that lets a REFER's subscription live on.
    Refresh(TransferId),
    /// A NOTIFY about the call that a REFER to us asked for.
    Progress(ReferralId),
    /// A SUBSCRIBE of ours.
    Subscribe(SubscriptionId),
    /// A NOTIFY to a subscriber of ours.
    Notify(SubscriptionId),
    /// A PUBLISH of ours.
    Publish(PublicationId),
}

/// A request that waits for its final response.
#[derive(Debug)]
pub(super) struct Pending {
    client: ClientId,
    account: AccountId,
    dialog: DialogRef,
    purpose: Purpose,
    rounds: u8,
}

impl Agent {
    /// Sends a request of `account` on its open flow. `request` has everything but Via, credentials and User-Agent.
    ///
    /// # Errors
    /// [`ErrorCode::FlowLost`] where there is no flow: nothing is queued and sent late. Then `purpose` is told nothing.
    pub(super) fn send_request(
        &mut self,
        now: Now,
        account: AccountId,
        dialog: DialogRef,
        request: Request,
        purpose: Purpose,
    ) -> Result<ClientId, Error> {
        self.send_again(now, account, dialog, request, purpose, 0)
    }

    fn send_again(
        &mut self,
        now: Now,
        account: AccountId,
        dialog: DialogRef,
        mut request: Request,
        purpose: Purpose,
        rounds: u8,
    ) -> Result<ClientId, Error> {
        let Self { accounts, random, .. } = self;
        let found = accounts.iter_mut().find(|a| a.id == account).ok_or(ErrorCode::NotFound)?;
        found.auth.authorize(&mut request, random);
        let client = self.send(now, account, request, Use::Request).ok_or(ErrorCode::FlowLost)?;
        self.requests.push(Pending { client, account, dialog, purpose, rounds });
        Ok(client)
    }

    /// A response to one of these requests.
    pub(super) fn request_response(&mut self, now: Now, client: ClientId, response: &Response) {
        if response.status() < 200 {
            return;
        }
        let request = self.transactions.request(client).cloned();
        self.forget_use(client);
        let Some(index) = self.requests.iter().position(|pending| pending.client == client) else { return };
        let Pending { account, dialog, purpose, rounds, .. } = self.requests.remove(index);
        if let Some(mut request) = request {
            if matches!(response.status(), 401 | 407) {
                let what = Challenged::Request { dialog, purpose, rounds };
                self.challenged(now, account, what, request, response, rounds);
                return;
            }
            if amend(&mut request, response) {
                self.request_again(now, account, (dialog, purpose, rounds), request);
                return;
            }
        }
        // 12.2.1.2: the far end knows of no such dialog, whatever it was asked.
        let gone = match (&dialog, &purpose) {
            (_, Purpose::Bye(_) | Purpose::Update(_)) => None,
            // The subscription that shares the call's dialog is gone, and the call is not (RFC 5057 section 5.1).
            (_, Purpose::Progress(_) | Purpose::Refresh(_)) => None,
            (DialogRef::Call(id, tag), _) if response.status() == 481 => Some((*id, tag.clone())),
            _ => None,
        };
        self.request_done(now, account, purpose, Ok(response));
        if let Some((id, tag)) = gone
            && let Some(call) = self.call_mut(id).filter(|call| call.is_confirmed())
            && call.dialog.as_ref().is_some_and(|own| own.remote_tag() == tag)
        {
            self.dialog_gone(now, id, 481);
        }
    }

    /// The request once more, after its challenge was learnt; or whoever it is for is told why not.
    pub(super) fn request_authorized(
        &mut self,
        now: Now,
        account: AccountId,
        (dialog, purpose, rounds): (DialogRef, Purpose, u8),
        request: Request,
        result: Result<(), Refused>,
    ) {
        match result {
            Ok(()) => self.request_again(now, account, (dialog, purpose, rounds + 1), request),
            Err(refused) => self.request_done(now, account, purpose, Err(refused.error)),
        }
    }

    fn request_again(
        &mut self,
        now: Now,
        account: AccountId,
        (dialog, purpose, rounds): (DialogRef, Purpose, u8),
        mut request: Request,
    ) {
        let sent = self
            .renumber(&dialog, &mut request)
            .and_then(|()| self.send_again(now, account, dialog, request, purpose.clone(), rounds).map(drop));
        if let Err(error) = sent {
            self.request_done(now, account, purpose, Err(error));
        }
    }

    /// Gives a request its next number.
    fn renumber(&mut self, dialog: &DialogRef, request: &mut Request) -> Result<(), Error> {
        let number = match (dialog, self.dialog_mut(dialog)) {
            (_, Some(dialog)) => dialog.next_cseq(),
            (DialogRef::None, None) => {
                request.headers.cseq().and_then(Result::ok).map_or(2, |cseq| cseq.number.saturating_add(1))
            }
            // The dialog is gone meanwhile, and with it what the request was for.
            (_, None) => return Err(ErrorCode::CallEnded.into()),
        };
        let cseq = [&number.to_string(), " ", request.method().as_str()].concat();
        request.headers.set(HeaderName::CSeq, cseq);
        Ok(())
    }

    pub(super) fn account_of_request(&self, client: ClientId) -> Option<AccountId> {
        self.requests.iter().find(|pending| pending.client == client).map(|pending| pending.account)
    }

    /// There will be no response.
    pub(super) fn request_failed(&mut self, now: Now, client: ClientId, why: Failure) {
        self.forget_use(client);
        let Some(index) = self.requests.iter().position(|pending| pending.client == client) else { return };
        let Pending { account, purpose, .. } = self.requests.remove(index);
        let code = match why {
            Failure::Timeout => ErrorCode::Timeout,
            Failure::FlowLost => ErrorCode::FlowLost,
        };
        self.request_done(now, account, purpose, Err(code.into()));
    }

    /// The dialog that `which` names, while it lives.
    pub(super) fn dialog_mut(&mut self, which: &DialogRef) -> Option<&mut Dialog> {
        match which {
            DialogRef::None => None,
            DialogRef::Call(id, tag) => self.call_mut(*id)?.dialog_with(tag),
            other => self.usage_dialog_mut(other),
        }
    }

    /// The CSeq number of the request with this purpose that waits for its response.
    pub(super) fn cseq_under_way(&self, purpose: &Purpose) -> Option<u32> {
        let pending = self.requests.iter().find(|pending| pending.purpose == *purpose)?;
        self.transactions.request(pending.client)?.headers.cseq()?.ok().map(|cseq| cseq.number)
    }

    /// A request has ended: with a final response other than an answered challenge, or without one.
    fn request_done(&mut self, now: Now, account: AccountId, purpose: Purpose, result: Result<&Response, Error>) {
        let _ = account;
        match purpose {
            Purpose::Bye(call) => self.bye_done(call, &result),
            Purpose::Digit(call) => self.digit_done(now, call, result),
            Purpose::Update(call) => self.update_done(now, call, result),
            Purpose::Command(command) => {
                let reply = result.and_then(super::outcome::reply_of);
                self.complete(command, reply);
            }
            Purpose::Nobody => {}
            Purpose::Refer(transfer) => self.refer_done(now, transfer, result),
            Purpose::Refresh(transfer) => self.refresh_done(now, transfer, &result),
            Purpose::Progress(referral) => self.progress_done(referral, &result),
            Purpose::Subscribe(subscription) => self.subscribe_done(now, subscription, result),
            Purpose::Notify(subscriber) => self.notify_done(subscriber, result),
            Purpose::Publish(publication) => self.publish_done(now, publication, result),
        }
    }

    /// The engine stops: whoever waits for a response is told.
    pub(super) fn abandon_requests(&mut self) {
        for pending in std::mem::take(&mut self.requests) {
            if let Purpose::Command(command) = pending.purpose {
                self.complete(command, Err::<Reply, _>(ErrorCode::Stopped.into()));
            }
        }
        for purpose in self.questions.abandon() {
            if let Purpose::Command(command) = purpose {
                self.complete(command, Err::<Reply, _>(ErrorCode::Stopped.into()));
            }
        }
    }
}
