//! Every request of ours but INVITE, REGISTER, ACK and CANCEL, inside a dialog or outside: sent, authorized when it is
//! challenged, and answered exactly once to whoever asked for it.

use super::account;
use super::amend::amend;
use super::credentials::{Challenged, Refused};
use super::redirect::Redirection;
use super::{Agent, Use};
use crate::common::time::Now;
use crate::dialog::Dialog;
use crate::io::{
    AccountId, CallId, CommandId, Error, ErrorCode, PublicationId, ReferralId, Reply, SubscriptionId, TransferId,
};
use crate::message::{HeaderName, Headers, Method, Request, Response, Uri};
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
    /// The end of a dialog.
    Bye,
    /// A digit in a call.
    Digit(CallId),
    /// ICE candidates for the far end of a call with this tag.
    Trickle(CallId, String),
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

/// A request that is not at its end: what it is for, and what became of it so far.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) dialog: DialogRef,
    pub(super) purpose: Purpose,
    /// Challenges answered.
    rounds: u8,
    redirection: Redirection,
}

impl Attempt {
    /// The first.
    pub(super) fn new(dialog: DialogRef, purpose: Purpose) -> Self {
        Self { dialog, purpose, rounds: 0, redirection: Redirection::default() }
    }
}

/// A request that waits for its final response.
#[derive(Debug)]
pub(super) struct Pending {
    client: ClientId,
    account: AccountId,
    attempt: Attempt,
}

impl Agent {
    /// Sends a request of `account` on its open flow. `request` has everything but Via, credentials and User-Agent.
    ///
    /// # Errors
    /// [`ErrorCode::FlowLost`] where there is no flow: nothing is queued and sent late, but for BYE, which leaves on the
    /// next flow. Then `purpose` is told nothing.
    pub(super) fn send_request(
        &mut self,
        now: Now,
        account: AccountId,
        dialog: DialogRef,
        request: Request,
        purpose: Purpose,
    ) -> Result<ClientId, Error> {
        self.send_again(now, account, Attempt::new(dialog, purpose), request)
    }

    fn send_again(
        &mut self,
        now: Now,
        account: AccountId,
        mut attempt: Attempt,
        mut request: Request,
    ) -> Result<ClientId, Error> {
        let Self { accounts, random, .. } = self;
        let found = account::find_mut(accounts, account).ok_or(ErrorCode::NotFound)?;
        if !std::mem::take(&mut attempt.redirection.stranger) {
            found.auth.authorize(&mut request, random);
        }
        let kept = (attempt.purpose == Purpose::Bye).then(|| request.clone());
        let Some(client) = self.send(now, account, request, Use::Request) else {
            if let Some(request) = kept {
                self.owe(now, account, attempt.dialog, request, None);
            }
            return Err(ErrorCode::FlowLost.into());
        };
        self.requests.push(Pending { client, account, attempt });
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
        let Pending { account, mut attempt, .. } = self.requests.remove(index);
        if let Some(mut request) = request {
            if matches!(response.status(), 401 | 407) {
                let rounds = attempt.rounds;
                self.challenged(now, account, Challenged::Request(attempt), request, response, rounds);
                return;
            }
            if amend(&mut request, response) || self.is_redirected(account, &mut attempt, &mut request, response) {
                self.request_again(now, account, attempt, request);
                return;
            }
        }
        let method = response.headers.cseq().and_then(Result::ok).map(|cseq| cseq.method);
        let ends = method.is_some_and(|method| ends_call(&method, response.status()));
        self.request_over(now, account, attempt, Ok(response), ends.then_some(response.status()));
    }

    /// 8.1.3.4: whether a request outside dialogs goes to another target now, which is its Request-URI then. Inside a
    /// dialog the far end is who it is.
    fn is_redirected(
        &self,
        account: AccountId,
        attempt: &mut Attempt,
        request: &mut Request,
        response: &Response,
    ) -> bool {
        let limit = self.find_account(account).map_or(0, |account| account.options.max_redirects);
        if attempt.dialog != DialogRef::None || attempt.purpose == Purpose::Bye || response.status() >= 600 {
            return false;
        }
        attempt.redirection.follow(limit, request, response);
        let again = response.status() >= 300 && attempt.redirection.next(request);
        attempt.rounds = if again { 0 } else { attempt.rounds };
        again
    }

    /// The request of `dialog` has ended; and with it the call, where `ends` is the status that says so.
    fn request_over(
        &mut self,
        now: Now,
        account: AccountId,
        Attempt { dialog, purpose, .. }: Attempt,
        result: Result<&Response, Error>,
        ends: Option<u16>,
    ) {
        self.request_done(now, account, purpose, result);
        if let (DialogRef::Call(id, tag), Some(status)) = (dialog, ends)
            && let Some(call) = self.call_mut(id).filter(|call| call.is_confirmed())
            && call.dialog.as_ref().is_some_and(|own| own.remote_tag() == tag)
        {
            self.dialog_gone(now, id, status);
        }
    }

    /// The request once more, after its challenge was learnt; or whoever it is for is told why not.
    pub(super) fn request_authorized(
        &mut self,
        now: Now,
        account: AccountId,
        mut attempt: Attempt,
        request: Request,
        result: Result<(), Refused>,
    ) {
        attempt.rounds += 1;
        match result {
            Ok(()) => self.request_again(now, account, attempt, request),
            Err(Refused { error, .. }) if attempt.purpose == Purpose::Bye && error.code == ErrorCode::FlowLost => {
                self.owe(now, account, attempt.dialog, request, None);
            }
            Err(refused) => self.request_done(now, account, attempt.purpose, Err(refused.error)),
        }
    }

    /// The request once more, with its next number.
    pub(super) fn request_again(&mut self, now: Now, account: AccountId, attempt: Attempt, mut request: Request) {
        let purpose = attempt.purpose.clone();
        let sent = self
            .renumber(&attempt.dialog, &mut request)
            .and_then(|()| self.send_again(now, account, attempt, request).map(drop));
        if let Err(error) = sent {
            self.request_done(now, account, purpose, Err(error));
        }
    }

    /// Gives a request its next number.
    fn renumber(&mut self, dialog: &DialogRef, request: &mut Request) -> Result<(), Error> {
        let number = match (dialog, self.dialog_mut(dialog)) {
            (_, Some(dialog)) => dialog.next_cseq(),
            // A BYE outlives what is remembered of its call.
            (which, None) if *which == DialogRef::None || *request.method() == Method::Bye => {
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
        let Pending { account, attempt, .. } = self.requests.remove(index);
        let request = self.transactions.request(client);
        let (code, ends) = match why {
            // No answer at all is as good as a 408 (12.2.1.2).
            // What only helps, as late candidates do, is not what a call hangs on.
            Failure::Timeout => {
                let helps = matches!(attempt.purpose, Purpose::Trickle(..));
                (ErrorCode::Timeout, !helps && request.is_some_and(|request| ends_call(request.method(), 408)))
            }
            Failure::FlowLost => (ErrorCode::FlowLost, false),
        };
        if let (Purpose::Bye, Failure::FlowLost, Some(request)) = (&attempt.purpose, why, request.cloned()) {
            let flow = self.transactions.flow(client);
            return self.owe(now, account, attempt.dialog, request, flow);
        }
        self.request_over(now, account, attempt, Err(code.into()), ends.then_some(408));
    }

    /// Whether a request of the account for this waits for its answer.
    pub(super) fn has_request(&self, account: AccountId, purpose: &Purpose) -> bool {
        self.requests.iter().any(|pending| pending.account == account && pending.attempt.purpose == *purpose)
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
        let pending = self.requests.iter().find(|pending| pending.attempt.purpose == *purpose)?;
        self.transactions.request(pending.client)?.headers.cseq()?.ok().map(|cseq| cseq.number)
    }

    /// A request has ended: with a final response other than an answered challenge, or without one.
    fn request_done(&mut self, now: Now, account: AccountId, purpose: Purpose, result: Result<&Response, Error>) {
        match purpose {
            Purpose::Digit(call) => self.digit_done(now, call, result),
            Purpose::Trickle(call, tag) => self.trickled(account, call, &tag, result),
            Purpose::Update(call) => self.update_done(now, call, result),
            Purpose::Command(command) => {
                let reply = result.and_then(super::outcome::reply_of);
                self.complete(command, reply);
            }
            // It was challenged, and that cannot be answered.
            Purpose::Bye
                if result
                    .as_ref()
                    .is_err_and(|error| !matches!(error.code, ErrorCode::Timeout | ErrorCode::FlowLost)) =>
            {
                self.problem(ErrorCode::FarEndNotTold, Some(account));
            }
            Purpose::Bye | Purpose::Nobody => {}
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
            if let Purpose::Command(command) = pending.attempt.purpose {
                self.complete(command, Err::<Reply, _>(ErrorCode::Stopped.into()));
            }
        }
        for purpose in self.questions.abandon() {
            match purpose {
                Purpose::Command(command) => self.complete(command, Err::<Reply, _>(ErrorCode::Stopped.into())),
                Purpose::Bye => self.problem(ErrorCode::FarEndNotTold, None),
                _ => {}
            }
        }
    }
}

/// Whether this answer to a request in the dialog of a call ends the call (RFC 3261 section 12.2.1.2, as RFC 5057
/// sections 5.1 to 5.3 have it). INFO is part of the call; MESSAGE is part of nothing, REFER and NOTIFY have usages of
/// their own; UPDATE and digits see for themselves. 404 and its like end nothing, whatever RFC 5057 says: while the far
/// end moves from one flow to the next a server says so, and the call goes on.
fn ends_call(method: &Method, status: u16) -> bool {
    *method == Method::Info && matches!(status, 408 | 481)
}

/// Who is called by a SIPS address is told one of ours (8.1.1.8).
pub(super) fn keep_secure(request: &mut Request) {
    let route = request.headers.routes().next().and_then(Result::ok).map(|route| is_sips(route.uri_text()));
    if is_sips(request.uri()) || route == Some(true) {
        secure_contact(&mut request.headers);
    }
}

/// Who calls us by a SIPS address, or is one, is told one of ours (12.1.1).
pub(super) fn answer_securely(request: &Request, response: &mut Headers) {
    let headers = &request.headers;
    let route = headers.record_routes().next().and_then(Result::ok).map(|route| is_sips(route.uri_text()));
    let contact = || headers.contacts().flatten().next().is_some_and(|contact| is_sips(contact.uri_text()));
    if is_sips(request.uri()) || route.unwrap_or_else(contact) {
        secure_contact(response);
    }
}

fn is_sips(uri: &str) -> bool {
    Uri::parse(uri).is_ok_and(|uri| uri.is_sips())
}

fn secure_contact(headers: &mut Headers) {
    let contact = headers.get(HeaderName::Contact).and_then(|contact| contact.strip_prefix("<sip:"));
    if let Some(contact) = contact.map(|rest| ["<sips:", rest].concat()) {
        headers.set(HeaderName::Contact, contact);
    }
}
