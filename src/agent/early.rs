//! What comes back for our INVITE: one early dialog for each far end that a proxy forked it to (RFC 3261 section
//! 13.2.2), its provisional responses and what they say of media, and the answer that counts.
//!
//! A call has one media session for all of them. Of early answers the latest that came is given to it; which of several
//! far ends is heard is the media session's to say. The answer of the far end that takes the call is the last word. Where
//! the session cannot follow it, or is joined to another fork already, the session is offered anew on the dialog that
//! won: no call ends because it was forked.

use super::Agent;
use super::call::{Call, Job, Phase};
use super::incoming::{is_usable, media_error, sdp_in};
use super::outcome;
use crate::common::limits;
use crate::common::lists::{Gather, Keep};
use crate::common::time::Now;
use crate::dialog::{Acknowledged, Dialog, Wish};
use crate::io::{CallId, ErrorCode, Event, MediaCommand, MediaFailure, OutcomeKind};
use crate::message::{HeaderName, Headers, Request, Response};
use crate::sdp::SessionDescription;
use crate::transaction::ClientId;

/// A proxy's word that one fork has ended and others have not (RFC 6228).
const EARLY_DIALOG_TERMINATED: u16 = 199;

/// One far end that our INVITE reached.
#[derive(Debug)]
pub(crate) struct Fork {
    /// The tag of its To; empty where a proxy or a far end of old speaks without one.
    pub(crate) tag: String,
    /// Its dialog, once a response named its Contact.
    pub(crate) dialog: Option<Dialog>,
    pub(super) acknowledged: Acknowledged,
    /// Its answer to our offer, or its offer where we made none.
    description: Option<String>,
    /// Offer and answer are exchanged, by reliable responses: what it describes later changes nothing (13.2.1).
    pub(super) agreed: bool,
    /// An UPDATE of its has offered anew since: media takes no answer of this fork's any more.
    pub(super) updated: bool,
    /// It was told BYE: it answered too late, or offered what cannot be taken.
    dismissed: bool,
    /// It is gone, or is to go.
    closed: bool,
}

/// An offer of theirs, to our INVITE without one, that media makes an answer for.
#[derive(Debug)]
pub(crate) struct LateOffer {
    tag: String,
    offer: String,
    way: Way,
}

/// How the answer to a late offer leaves.
#[derive(Debug)]
enum Way {
    /// In the PRACK for the response with this RSeq and CSeq.
    Prack(u32, u32),
    /// In the ACK to the 2xx for this INVITE.
    Ack(Box<Request>),
}

impl Call {
    pub(super) fn fork_mut(&mut self, tag: &str) -> Option<&mut Fork> {
        self.forks.iter_mut().find(|fork| fork.tag == tag)
    }

    /// The far end with this tag, known or new; none where there are too many.
    fn fork_of(&mut self, tag: &str) -> Option<&mut Fork> {
        if self.fork_mut(tag).is_none() {
            if self.forks.len() >= limits::FORKS {
                return None;
            }
            self.forks.push(Fork {
                tag: tag.to_owned(),
                dialog: None,
                acknowledged: Acknowledged::default(),
                description: None,
                agreed: false,
                updated: false,
                dismissed: false,
                closed: false,
            });
        }
        self.fork_mut(tag)
    }

    /// All dialogs of the call: its own and those of its forks.
    fn dialogs(&mut self) -> impl Iterator<Item = &mut Dialog> {
        self.dialog.iter_mut().chain(self.forks.iter_mut().filter_map(|fork| fork.dialog.as_mut()))
    }

    /// The dialog with the far end of this tag.
    pub(crate) fn dialog_with(&mut self, tag: &str) -> Option<&mut Dialog> {
        self.dialogs().find(|dialog| dialog.remote_tag() == tag)
    }

    /// The dialog that a request with these headers is of.
    pub(crate) fn dialog_of(&mut self, headers: &Headers) -> Option<&mut Dialog> {
        self.dialogs().find(|dialog| dialog.matches(headers))
    }

    /// The tags of the far ends that there are dialogs with.
    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
        let forks = self.forks.iter().filter_map(|fork| fork.dialog.as_ref());
        self.dialog.iter().chain(forks).map(Dialog::remote_tag)
    }

    /// Whether a request with these headers is of one of the call's dialogs.
    pub(super) fn has_dialog(&self, headers: &Headers) -> bool {
        let forks = self.forks.iter().filter_map(|fork| fork.dialog.as_ref());
        self.dialog.iter().chain(forks).any(|dialog| dialog.matches(headers))
    }

    /// Whether a request with these headers is of the call's own dialog and of no other fork's.
    pub(super) fn is_own_dialog(&self, headers: &Headers) -> bool {
        self.dialog.as_ref().is_some_and(|dialog| dialog.matches(headers))
    }

    /// The fork that a request with these headers comes from, while the call has no answer.
    pub(super) fn fork_with(&mut self, headers: &Headers) -> Option<&mut Fork> {
        self.forks.iter_mut().find(|fork| fork.dialog.as_ref().is_some_and(|dialog| dialog.matches(headers)))
    }

    /// The one fork whose reliable answer has ended the first exchange before the call is answered: it can be asked for
    /// changes. With several of them a change of the one media session would be one for all.
    pub(super) fn agreed_early(&self) -> Option<&str> {
        let mut live = self.forks.iter().filter(|fork| !fork.closed && fork.dialog.is_some());
        let only = live.next().filter(|fork| fork.agreed && self.phase == Phase::Calling && !self.given_up)?;
        live.next().is_none().then_some(only.tag.as_str())
    }

    /// Whether media is busy with what far ends described before the answer.
    pub(super) fn takes_early(&self) -> bool {
        !self.early_answers.is_empty() || !self.late.is_empty() || self.job != Job::None
    }

    /// A fork is gone: it said BYE.
    pub(super) fn close_fork(&mut self, headers: &Headers) {
        let gone = |fork: &&mut Fork| fork.dialog.as_ref().is_some_and(|dialog| dialog.matches(headers));
        if let Some(fork) = self.forks.iter_mut().find(gone) {
            fork.closed = true;
        }
    }

    /// Our INVITE leaves anew: what came back for it before is over.
    pub(super) fn forget_forks(&mut self) {
        self.forks.clear();
        self.ringing_there = false;
        self.early = false;
    }

    /// Whether media took a description of a far end before the call was answered.
    pub(super) fn was_heard_early(&self) -> bool {
        self.heard.is_some()
    }

    /// Whether our INVITE carried no offer.
    fn offers_late(&self) -> bool {
        self.invite.body().is_empty()
    }
}

fn tag_of(headers: &Headers) -> String {
    headers.to().and_then(Result::ok).and_then(|to| to.tag()).unwrap_or_default().to_owned()
}

fn cseq_of(headers: &Headers) -> u32 {
    headers.cseq().and_then(Result::ok).map_or(1, |cseq| cseq.number)
}

impl Agent {
    /// A provisional response other than 100.
    pub(super) fn provisional(&mut self, now: Now, id: CallId, client: ClientId, response: &Response) {
        let headers = &response.headers;
        let Some(request) = self.transactions.request(client).cloned() else { return };
        let Some(call) = self.call_mut(id).filter(|call| call.phase == Phase::Calling) else { return };
        // An answer is here already, and its media is being made.
        if call.dialog.is_some() {
            return;
        }
        let tag = tag_of(headers);
        let Some(fork) = call.fork_of(&tag) else { return };
        if fork.closed {
            return;
        }
        call.session.learn(headers);
        call.trickle.learn(&tag, headers, sdp_in(headers, response.body()).as_deref());
        let Some(fork) = call.fork_mut(&tag) else { return };
        if fork.dialog.is_none() && !tag.is_empty() {
            // Without a Contact there is no dialog yet, but it rings all the same.
            fork.dialog = Dialog::of_response(&request, response).ok();
        }
        let of = tag.clone();
        let rseq = self.reliable_number(id, &tag, headers);
        let Some(call) = self.call_mut(id) else { return };
        let late = call.offers_late();
        let Some(fork) = call.fork_mut(&tag) else { return };
        if let Some(rseq) = rseq
            && !fork.acknowledged.take(rseq)
        {
            // Again, or before its turn (RFC 3262 section 4).
            return;
        }
        let sdp = sdp_in(headers, response.body()).filter(|sdp| is_usable(sdp) && !fork.agreed);
        // The only offer that counts in a provisional response is one that is reliable.
        let sdp = sdp.filter(|_| !late || rseq.is_some());
        let told = sdp.as_ref().is_some_and(|sdp| fork.description.as_ref() != Some(sdp));
        if let Some(sdp) = &sdp {
            fork.description = Some(sdp.clone());
            fork.agreed = rseq.is_some();
        }
        let before = (call.early, call.ringing_there);
        call.early |= sdp.is_some();
        call.ringing_there |= response.status() == 180;
        let changed = before != (call.early, call.ringing_there);
        self.tell(Event::CallProgress { call: id, status: response.status(), headers: headers.list() });
        match (sdp, rseq) {
            (Some(offer), Some(rseq)) if late => {
                self.take_late_offer(id, LateOffer { tag, offer, way: Way::Prack(rseq, cseq_of(headers)) });
            }
            (sdp, rseq) => {
                if let Some(rseq) = rseq {
                    self.send_prack(now, id, &tag, rseq, cseq_of(headers), None);
                }
                if let Some(sdp) = sdp.filter(|_| told) {
                    self.take_early_answer(id, &tag, sdp);
                }
            }
        }
        if response.status() == EARLY_DIALOG_TERMINATED
            && let Some(fork) = self.call_mut(id).and_then(|call| call.fork_mut(&of))
        {
            fork.closed = true;
        }
        if changed {
            self.tell_changed(id);
        }
    }

    fn take_early_answer(&mut self, id: CallId, tag: &str, sdp: String) {
        let Some(call) = self.call_mut(id) else { return };
        call.heard.get_or_insert_with(|| tag.to_owned());
        self.media_command(id, MediaCommand::SetAnswer { sdp, provisional: true });
    }

    fn take_late_offer(&mut self, id: CallId, late: LateOffer) {
        if let Some(call) = self.call_mut(id) {
            call.late.push(late);
        }
    }

    /// Begins to answer the late offers that have their turn: one after the other, and none while media is at something
    /// else, such as the offer in another fork's UPDATE. True where one was begun.
    pub(super) fn settle_late_offers(&mut self) -> bool {
        let free = |call: &&mut Call| {
            call.job == Job::None && call.reoffer.is_none() && !call.session.modification.offers() && !call.is_over()
        };
        let due = self.calls.iter_mut().filter(free).find_map(|call| {
            let sdp = call.late.first()?.offer.clone();
            call.job = Job::TakeOffer;
            Some((call.id, sdp))
        });
        let Some((id, sdp)) = due else { return false };
        self.media_command(id, MediaCommand::Accept { sdp });
        true
    }

    /// Our answer to a late offer is there, or cannot be made.
    pub(super) fn late_described(&mut self, now: Now, id: CallId, described: Result<String, MediaFailure>) {
        let Some(call) = self.call_mut(id) else { return };
        call.job = Job::None;
        if call.late.is_empty() {
            return;
        }
        let LateOffer { tag, offer, way } = call.late.remove(0);
        let account = call.account;
        if described.is_ok() {
            call.heard = Some(tag.clone());
        }
        match (way, described) {
            (Way::Prack(rseq, cseq), Ok(sdp)) => {
                self.note_video(id, &sdp, true);
                self.send_prack(now, id, &tag, rseq, cseq, Some(sdp));
                self.bring_over(id);
            }
            (Way::Prack(rseq, cseq), Err(_)) => {
                // Every offer has its answer; then this far end is let go, and the others may still come.
                self.send_prack(now, id, &tag, rseq, cseq, Some(refusal_of(&offer)));
                self.close_early(now, id, &tag);
            }
            (Way::Ack(invite), Ok(sdp)) => {
                self.note_video(id, &sdp, true);
                self.acknowledge(now, id, &invite, Some(sdp));
                self.established(now, id);
                self.tell_changed(id);
            }
            (Way::Ack(invite), Err(why)) => {
                self.acknowledge(now, id, &invite, Some(refusal_of(&offer)));
                if let Some(dialog) = self.call_mut(id).and_then(|call| call.dialog.clone()) {
                    self.bye(now, id, account, dialog);
                }
                self.end_call(now, id, outcome::of_error(OutcomeKind::Failed, media_error(why).into()));
            }
        }
        self.take_deferred(now, id);
    }

    /// Their 2xx with an offer is here, our answer is not: the ACK refuses the offer and a BYE ends the dialog.
    pub(super) fn give_up_answered(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        let account = call.account;
        let ack = call.late.drain(..).find_map(|late| match late.way {
            Way::Ack(invite) => Some((invite, late.offer)),
            Way::Prack(..) => None,
        });
        if let Some((invite, offer)) = ack {
            self.acknowledge(now, id, &invite, Some(refusal_of(&offer)));
        }
        if let Some(dialog) = self.call_mut(id).and_then(|call| call.dialog.clone()) {
            self.bye(now, id, account, dialog);
        }
    }

    /// Ends one early dialog (section 15); the last of them takes the call with it.
    fn close_early(&mut self, now: Now, id: CallId, tag: &str) {
        let Some(call) = self.call_mut(id) else { return };
        let account = call.account;
        let Some(fork) = call.fork_mut(tag) else { return };
        fork.closed = true;
        fork.dismissed = true;
        if let Some(dialog) = fork.dialog.clone() {
            self.bye(now, id, account, dialog);
        }
    }

    /// A 2xx to our INVITE.
    pub(super) fn success(&mut self, now: Now, id: CallId, client: ClientId, response: &Response) {
        let Some(request) = self.transactions.request(client).cloned() else { return };
        let Some(call) = self.call_mut(id) else { return };
        let tag = tag_of(&response.headers);
        if call.dialog.as_ref().is_some_and(|dialog| dialog.remote_tag() == tag) {
            // A repeated 2xx: its ACK was lost, and that was it. Or the ACK waits for our answer, and leaves with it.
            self.acknowledge_again(now, id);
            return;
        }
        let wanted = call.phase == Phase::Calling && !call.given_up && call.dialog.is_none();
        let early = call.fork_mut(&tag).and_then(|fork| fork.dialog.take());
        let dialog = match early {
            Some(mut dialog) => {
                // Without a readable Contact the far end is where it was.
                let _ = dialog.confirm(response);
                Ok(dialog)
            }
            None => Dialog::of_response(&request, response),
        };
        let dialog = match dialog {
            Ok(dialog) if wanted => dialog,
            Ok(dialog) => return self.answered_too_late(now, id, dialog, &request, response),
            Err(_) => {
                // Nobody knows where the far end is, so the call cannot be; but its 2xx has its ACK, and a BYE.
                call.given_up |= wanted;
                if let Ok(dialog) = Dialog::of_useless_response(&request, response) {
                    self.answered_too_late(now, id, dialog, &request, response);
                }
                if wanted {
                    self.end_call(now, id, outcome::of_error(OutcomeKind::Failed, ErrorCode::MalformedMessage.into()));
                }
                self.problem(ErrorCode::MalformedMessage, None);
                return;
            }
        };
        let updated = call.fork_mut(&tag).is_some_and(|fork| fork.updated);
        let agreed = call.fork_mut(&tag).and_then(|fork| fork.description.take().map(|sdp| (sdp, fork.agreed)));
        call.forks.keep(|fork| fork.tag != tag);
        call.dialog = Some(dialog.clone());
        // The offer of another fork has its answer too late.
        let offers = call.reoffer.take_if(|offer| !dialog.matches(&offer.request.headers));
        // What other forks offer late is of no use any more, but for what media is at.
        let mut begun = call.job == Job::TakeOffer;
        call.late.keep(|late| std::mem::take(&mut begun) || late.tag == tag);
        if let Some(offer) = offers {
            self.respond(now, offer.server, &offer.request, 481);
        }
        if !updated {
            self.early_change_lost(id);
        }
        let Some(call) = self.call_mut(id) else { return };
        let (account, late) = (call.account, call.offers_late());
        let described = sdp_in(&response.headers, response.body()).filter(|sdp| is_usable(sdp));
        call.trickle.learn(&tag, &response.headers, described.as_deref());
        self.tell(Event::CallProgress { call: id, status: response.status(), headers: response.headers.list() });
        self.session_agreed(now, id, response);
        if late && !matches!(agreed, Some((_, true))) {
            if let Some(offer) = described {
                self.note_hold(id, &offer);
                self.take_late_offer(id, LateOffer { tag, offer, way: Way::Ack(Box::new(request)) });
                return;
            }
            self.acknowledge(now, id, &request, None);
            self.bye(now, id, account, dialog);
            self.end_call(now, id, outcome::of_error(OutcomeKind::Failed, ErrorCode::BadDescription.into()));
            return;
        }
        self.acknowledge(now, id, &request, None);
        let answer = match agreed {
            Some((sdp, true)) => Some(sdp),
            early => described.or(early.map(|(sdp, _)| sdp)),
        };
        let Some(sdp) = answer else {
            self.bye(now, id, account, dialog);
            self.end_call(now, id, outcome::of_error(OutcomeKind::Failed, ErrorCode::BadDescription.into()));
            return;
        };
        if !updated {
            self.note_hold(id, &sdp);
            if !late {
                self.note_video(id, &sdp, false);
            }
        }
        self.established(now, id);
        if !late
            && !updated
            && let Some(call) = self.call_mut(id)
        {
            call.job = Job::TakeAnswer;
            self.media_command(id, MediaCommand::SetAnswer { sdp, provisional: false });
        }
        self.tell_changed(id);
    }

    fn note_hold(&mut self, id: CallId, sdp: &str) {
        if let (Some(call), Some(theirs)) = (self.call_mut(id), SessionDescription::parse(sdp)) {
            call.remote_hold = theirs.is_hold();
        }
    }

    fn established(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        call.phase = Phase::Established;
        call.connected_at = Some(now.wall);
        self.bring_over(id);
    }

    /// Where the transports of media are joined to a fork that did not take the call, the session is offered anew.
    fn bring_over(&mut self, id: CallId) {
        let Some(call) = self.call_mut(id).filter(|call| call.phase == Phase::Established) else { return };
        let winner = call.dialog.as_ref().map(Dialog::remote_tag);
        let elsewhere = call.heard.as_deref().is_some_and(|heard| winner != Some(heard));
        if elsewhere && (call.media_connected || call.offers_late()) {
            self.want(id, Wish::Offer { restart: true }, None);
        }
    }

    /// Media cannot take the answer of the fork that took the call, after it had taken an early one: the session is
    /// offered anew.
    pub(super) fn offer_to_winner(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        call.job = Job::None;
        let deferred = call.session.deferred.take();
        self.want(id, Wish::Offer { restart: true }, None);
        // Media still holds our first offer, and the next is about to leave: theirs has met it (14.2).
        if let Some((server, request)) = deferred {
            self.refuse_change(now, server, &request, 491, None);
        }
    }

    /// A fork that answered as well, or an answer that crossed our CANCEL: closed on its own dialog.
    fn answered_too_late(&mut self, now: Now, id: CallId, dialog: Dialog, invite: &Request, response: &Response) {
        let Some(call) = self.call_mut(id) else { return };
        let account = call.account;
        let tag = dialog.remote_tag().to_owned();
        let again = call.fork_mut(&tag).is_some_and(|fork| fork.dismissed);
        let offer = if call.offers_late() { sdp_in(&response.headers, response.body()) } else { None };
        if call.given_up && call.dialog.is_none() {
            call.dialog = Some(dialog.clone());
        } else if let Some(fork) = call.fork_of(&tag) {
            fork.dismissed = true;
            fork.closed = true;
            fork.dialog = Some(dialog.clone());
        }
        let ack = dialog.ack(cseq_of(&invite.headers));
        let ack = self.send_ack(now, account, ack, invite, offer.as_deref().map(refusal_of));
        if let Some(call) = self.call_mut(id)
            && call.dialog.as_ref().is_some_and(|own| own.remote_tag() == tag)
        {
            call.ack = ack;
        }
        if !again {
            self.bye(now, id, account, dialog);
        }
    }

    /// The ACK to the 2xx that the call was made of, kept for its repetitions.
    fn acknowledge(&mut self, now: Now, id: CallId, invite: &Request, sdp: Option<String>) {
        let Some(call) = self.call_mut(id) else { return };
        let account = call.account;
        let Some(ack) = call.dialog.as_ref().map(|dialog| dialog.ack(cseq_of(&invite.headers))) else { return };
        let waits = self.find_account(account).is_none_or(|account| account.flow().is_none());
        if let Some(ack) = self.send_ack(now, account, ack, invite, sdp)
            && let Some(call) = self.call_mut(id)
        {
            call.ack_waits = waits;
            call.ack = Some(ack);
        }
    }

    pub(super) fn acknowledge_again(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        let (account, ack) = (call.account, call.ack.clone());
        if let Some(ack) = ack {
            let invite = ack.clone();
            let sdp = sdp_in(&ack.headers, ack.body());
            self.send_ack(now, account, ack, &invite, sdp);
        }
    }

    /// The ACK to a 2xx to the re-INVITE `invite`.
    pub(super) fn ack(&mut self, now: Now, dialog: &Dialog, cseq: u32, invite: &Request) {
        let of = |call: &&Call| call.local_tag == dialog.local_tag();
        if let Some(account) = self.calls.iter().find(of).map(|call| call.account) {
            self.send_ack(now, account, dialog.ack(cseq), invite, None);
        }
    }

    /// Sends an ACK to a 2xx: a message of its own, no part of the INVITE's transaction (13.2.2.4).
    pub(super) fn send_ack(
        &mut self,
        now: Now,
        account: crate::io::AccountId,
        mut ack: Request,
        invite: &Request,
        sdp: Option<String>,
    ) -> Option<Request> {
        // Nobody can challenge an ACK, so it carries what its INVITE was let through with (22.1).
        for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
            let lines: Vec<String> = invite.headers.lines(name).map(str::to_owned).gather();
            ack.headers.remove(name);
            for value in lines {
                ack.headers.push(name, value);
            }
        }
        let branch = self.random.token(20);
        let account = self.find_account(account)?;
        let flow = account.flow();
        let via = [account.via(), ";branch=z9hG4bK", &branch].concat();
        ack.headers.remove(HeaderName::Via);
        ack.headers.push_first(HeaderName::Via, via);
        super::extra::dress(&mut ack, account, &self.options.user_agent);
        if let Some(sdp) = sdp {
            ack.set_body("application/sdp", sdp.into_bytes());
        }
        let octets = ack.to_octets().ok()?;
        // Without a flow it waits for the next, or for the repetition of its 2xx.
        if let Some(flow) = flow {
            self.send_octets(now, flow, octets);
        }
        Some(ack)
    }

    /// A 2xx to an INVITE of ours that nobody remembers: it wants its ACK, and whoever sent it is to know that there is
    /// no call. One of a call that lives gets its ACK alone.
    pub(super) fn stray_response(&mut self, now: Now, flow: crate::io::FlowId, response: &Response) {
        let headers = &response.headers;
        let Some(account) = self.account_of_flow(flow) else { return };
        let ours = self.find_account(account).is_some_and(|account| {
            let via = headers.get(HeaderName::Via).unwrap_or_default();
            account.bindings().any(|binding| via.starts_with(binding.connection.via()))
        });
        if !ours {
            return;
        }
        // What the dialog needs of the INVITE is quoted in its response.
        let to = headers.to().and_then(Result::ok).map(|to| to.uri_text().to_owned());
        let mut invite = Request::new(crate::message::Method::Invite, to.as_deref().unwrap_or_default());
        for name in [HeaderName::From, HeaderName::CallId, HeaderName::CSeq] {
            invite.headers.push(name, headers.get(name).unwrap_or_default());
        }
        let dialog = Dialog::of_response(&invite, response);
        let Ok(mut dialog) = dialog.or_else(|_| Dialog::of_useless_response(&invite, response)) else { return };
        let call_id = headers.call_id().unwrap_or_default();
        let own = |call: &Call| call.dialog.as_ref().map(Dialog::remote_tag) == Some(dialog.remote_tag());
        // An INVITE that was sent anew since, with credentials or to another target, is no call's any more.
        let known = |call: &&Call| {
            call.call_id == call_id
                && call.local_tag == dialog.local_tag()
                && (own(call) || cseq_of(&call.invite.headers) == cseq_of(&invite.headers))
        };
        if let Some(call) = self.calls.iter().find(known) {
            let (id, own) = (call.id, own(call));
            if own && call.ack.as_ref().map(|ack| cseq_of(&ack.headers)) == Some(cseq_of(&invite.headers)) {
                self.acknowledge_again(now, id);
            } else if own {
                // To a re-INVITE that went with its flow.
                self.send_ack(now, account, dialog.ack(cseq_of(&invite.headers)), &invite, None);
            } else {
                self.answered_too_late(now, id, dialog, &invite, response);
            }
            return;
        }
        let ack = dialog.ack(cseq_of(&invite.headers));
        let bye = dialog.request(crate::message::Method::Bye);
        self.send_ack(now, account, ack, &invite, None);
        // Whatever becomes of it: there is nobody to tell.
        let _ = self.send_request(now, account, super::request::DialogRef::None, bye, super::request::Purpose::Bye);
    }
}

/// An answer that takes nothing of an offer (RFC 3264 section 6): every stream with port nought.
pub(super) fn refusal_of(offer: &str) -> String {
    let mut answer = String::from("v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n");
    for media in offer.lines().filter_map(|line| line.strip_prefix("m=")) {
        let mut words = media.split_ascii_whitespace();
        let (kind, _port, protocol) = (words.next(), words.next(), words.next());
        for part in ["m=", kind.unwrap_or("audio"), " 0 ", protocol.unwrap_or("RTP/AVP"), " "] {
            answer.push_str(part);
        }
        answer.push_str(words.next().unwrap_or("0"));
        answer.push_str("\r\n");
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3264 6: as many streams as in the offer, refused by port nought.
    #[test]
    fn a_refusal_has_every_stream_of_the_offer() {
        let refusal = refusal_of("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\na=x\r\nm=video 9 RTP/AVP 96\r\n");
        let streams: Vec<_> = refusal.lines().filter(|line| line.starts_with("m=")).collect();
        assert_eq!(streams, ["m=audio 0 UDP/TLS/RTP/SAVPF 111", "m=video 0 RTP/AVP 96"]);
        assert!(SessionDescription::parse(&refusal).is_some());
    }
}
