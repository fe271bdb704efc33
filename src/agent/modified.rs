//! Changes of the session that the far end asks for: re-INVITE (RFC 3261 section 14.2) and UPDATE (RFC 3311).

use super::Agent;
use super::call::{Call, Job, Phase, Reoffer};
use super::cause::Cause;
use super::incoming::{is_usable, sdp_of};
use super::progress::Exchange;
use super::session;
use crate::common::time::Now;
use crate::io::{CallId, MediaCommand};
use crate::message::{HeaderName, Method, Request};
use crate::sdp::{Direction, SessionDescription};
use crate::transaction::ServerId;

/// What to do about a request that changes the session.
enum Verdict {
    Take,
    /// As soon as their last answer is taken, or ours to their late offer made.
    Defer,
    Refuse(u16),
    /// 500 with a Retry-After: a request of theirs has no answer yet.
    TooEarly,
}

impl Agent {
    /// A re-INVITE or an UPDATE.
    pub(super) fn incoming_change(&mut self, now: Now, id: CallId, server: ServerId, request: Request) {
        let Some(call) = self.call_mut(id) else { return };
        call.session.heard = true;
        let verdict = if *request.method() == Method::Invite {
            verdict_on_invite(call)
        } else {
            verdict_on_update(call, &request)
        };
        match verdict {
            Verdict::Take => {}
            Verdict::Defer => {
                call.session.deferred = Some((server, request));
                return;
            }
            Verdict::Refuse(status) => return self.refuse_change(now, server, &request, status, None),
            Verdict::TooEarly => {
                let seconds = self.random.below(11).to_string();
                return self.refuse_change(now, server, &request, 500, Some((HeaderName::RetryAfter, seconds)));
            }
        }
        if *request.method() == Method::Invite {
            // Whoever sends one has our 2xx, so that its ACK is lost or behind it.
            call.repeat = None;
            if call.phase == Phase::Answered {
                call.phase = Phase::Established;
            }
        }
        self.take_change(now, id, server, request);
    }

    fn take_change(&mut self, now: Now, id: CallId, server: ServerId, request: Request) {
        let offer = sdp_of(&request);
        if offer.is_none() && !request.body().is_empty() {
            let accept = Some((HeaderName::Accept, "application/sdp".to_owned()));
            return self.refuse_change(now, server, &request, 415, accept);
        }
        if offer.as_ref().is_some_and(|sdp| !is_usable(sdp)) {
            return self.refuse_change(now, server, &request, 488, None);
        }
        let Some(call) = self.call_mut(id) else { return };
        if let Some(min) = call.session.timer.refusal(&request.headers) {
            let min = Some((HeaderName::MinSe, min.to_string()));
            return self.refuse_change(now, server, &request, 422, min);
        }
        let on_hold = call.on_hold;
        if *request.method() == Method::Update && offer.is_none() {
            return self.accept_update(now, id, server, &request, None);
        }
        call.job = Job::Again;
        let video = call.video();
        call.reoffer = Some(Reoffer { server, request, video });
        call.session.told_before = call.session.told;
        if let Some(offer) = &offer {
            self.video_for_offer(id, offer);
        }
        let video = self.call_mut(id).map_or(video, |call| call.video());
        self.direct(id, session::directions(session::allowed(on_hold), video));
        let command = offer.map_or(MediaCommand::Offer { restart: false }, |sdp| MediaCommand::Accept { sdp });
        self.media_command(id, command);
    }

    pub(super) fn refuse_change(
        &mut self,
        now: Now,
        server: ServerId,
        request: &Request,
        status: u16,
        header: Option<(HeaderName, String)>,
    ) {
        let mut response = self.response(request, status, "", None);
        if let Some((name, value)) = header {
            response.headers.push(name, value);
        }
        self.transactions.respond(now.mono, server, response);
    }

    /// Our answer to their offer is there, or our offer where they made none.
    pub(super) fn reoffer_described(&mut self, now: Now, id: CallId, sdp: String) {
        let Some(call) = self.call_mut(id) else { return };
        call.job = Job::None;
        let Some(Reoffer { server, request, video }) = call.reoffer.take() else {
            // It was cancelled meanwhile: there the session is as it was.
            return self.fall_in_step(now, id);
        };
        let offer = sdp_of(&request);
        let before = call.remote_hold;
        if let Some(offer) = offer.as_deref().and_then(SessionDescription::parse) {
            call.remote_hold = offer.is_hold();
            // Our answer says whether we hold, if the offer leaves the choice.
            if matches!(offer.direction(), Direction::SendRecv | Direction::SendOnly) {
                call.session.out_of_step = false;
                call.session.resyncs = 0;
            }
        }
        let mut changed = call.remote_hold != before;
        if offer.is_some() {
            changed |= self.note_video(id, &sdp, true);
        }
        let Some(call) = self.call_mut(id) else { return };
        if *request.method() != Method::Invite {
            self.accept_update(now, id, server, &request, Some(sdp));
        } else {
            call.answer_in_ack = offer.is_none();
            if let Some(dialog) = call.dialog_of(&request.headers) {
                dialog.refresh_target(&request.headers);
            }
            self.send_ok(now, id, server, &request, sdp.into_bytes());
        }
        if changed {
            // It came some time ago.
            self.cause = Some(Cause::of_request(&request));
            self.tell_changed(id);
            self.cause = None;
        }
        if let Some(offer) = offer {
            self.tell_video_requested(id, &offer, video);
        }
        self.fall_in_step(now, id);
    }

    /// Media cannot follow: the request is refused, and everything is as it was.
    pub(super) fn reoffer_failed(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        call.job = Job::None;
        let before = call.session.told_before;
        let reoffer = call.reoffer.take();
        self.direct(id, before);
        if let (Some(reoffer), Some(call)) = (&reoffer, self.call_mut(id)) {
            call.video = Some(reoffer.video);
        }
        match reoffer {
            Some(Reoffer { server, request, .. }) if *request.method() == Method::Prack => {
                self.refuse_offer_in_prack(now, server, &request);
                self.early_refused(now, id);
            }
            Some(Reoffer { server, request, .. }) => self.refuse_change(now, server, &request, 488, None),
            None => {}
        }
    }

    /// The far end has cancelled its re-INVITE (9.2). What media makes of it already is offered anew.
    pub(super) fn change_cancelled(&mut self, now: Now, server: ServerId) {
        let mut cancelled = None;
        for call in &mut self.calls {
            let waiting = call.session.deferred.take_if(|(of, _)| *of == server);
            let begun = call.reoffer.take_if(|reoffer| reoffer.server == server);
            call.session.out_of_step |= begun.is_some();
            cancelled = cancelled.or(waiting).or(begun.map(|reoffer| (reoffer.server, reoffer.request)));
        }
        if let Some((server, request)) = cancelled {
            self.refuse_change(now, server, &request, 487, None);
        }
    }

    /// The 200 to an UPDATE, or to a PRACK with an offer.
    fn accept_update(&mut self, now: Now, id: CallId, server: ServerId, request: &Request, sdp: Option<String>) {
        let Some(call) = self.call_mut(id) else { return };
        if let Some(dialog) = call.dialog_of(&request.headers) {
            dialog.refresh_target(&request.headers);
        }
        let (account, tag) = (call.account, call.local_tag.clone());
        let updates = *request.method() == Method::Update;
        let mut response = self.response(request, 200, &tag, updates.then_some(account));
        if let Some(sdp) = sdp {
            response.set_body("application/sdp", sdp.into_bytes());
        }
        if updates {
            self.session_accepted(now, id, request, &mut response.headers);
        }
        self.transactions.respond(now.mono, server, response);
    }

    /// The answer before is taken: what came meanwhile has its turn.
    pub(super) fn take_deferred(&mut self, now: Now, id: CallId) {
        let deferred = self.call_mut(id).and_then(|call| call.session.deferred.take());
        if let Some((server, request)) = deferred {
            self.incoming_change(now, id, server, request);
        }
    }
}

fn verdict_on_invite(call: &Call) -> Verdict {
    match call.phase {
        Phase::Over => return Verdict::Refuse(481),
        // Our first INVITE is on its way; or theirs is (14.2).
        Phase::Preparing | Phase::Calling => return Verdict::Refuse(491),
        Phase::Arrived | Phase::Ringing | Phase::Answering => return Verdict::TooEarly,
        Phase::Answered | Phase::Established => {}
    }
    if call.reoffer.is_some() || call.session.deferred.is_some() {
        return Verdict::TooEarly;
    }
    // 14.2: ours is on its way, or one that is about to leave would meet theirs; or the offer in our 2xx has no answer yet.
    if call.session.modification.offers() || call.answer_in_ack {
        return Verdict::Refuse(491);
    }
    when_answer_is_taken(call)
}

fn verdict_on_update(call: &mut Call, request: &Request) -> Verdict {
    if call.is_over() {
        return Verdict::Refuse(481);
    }
    let pending = |reoffer: &Reoffer| *reoffer.request.method() != Method::Invite;
    if call.reoffer.as_ref().is_some_and(pending) || call.session.deferred.is_some() {
        return Verdict::TooEarly;
    }
    if request.body().is_empty() {
        return Verdict::Take;
    }
    let ours = call.session.modification.offers();
    match call.phase {
        // RFC 3311 5.2: an offer of ours has no answer yet.
        _ if ours || call.answer_in_ack => Verdict::Refuse(491),
        Phase::Preparing => Verdict::Refuse(491),
        Phase::Calling => {
            let busy = call.takes_early() || call.reoffer.is_some();
            match call.fork_with(&request.headers) {
                Some(fork) if fork.agreed && busy => Verdict::TooEarly,
                // Its reliable response and our PRACK have ended the first exchange.
                Some(fork) if fork.agreed => {
                    fork.updated = true;
                    Verdict::Take
                }
                _ => Verdict::Refuse(491),
            }
        }
        // An offer of theirs has no answer yet.
        _ if call.reoffer.is_some() => Verdict::TooEarly,
        Phase::Arrived | Phase::Ringing | Phase::Answering => match call.prelude.exchange {
            Exchange::Agreed if call.job == Job::None => Verdict::Take,
            Exchange::Agreed => Verdict::Defer,
            Exchange::Open if call.job == Job::TakeEarly => Verdict::Defer,
            // Our offer has no answer yet.
            Exchange::Open if sdp_of(&call.invite).is_none() => Verdict::Refuse(491),
            _ => Verdict::TooEarly,
        },
        _ => when_answer_is_taken(call),
    }
}

fn when_answer_is_taken(call: &Call) -> Verdict {
    let busy = matches!(call.job, Job::TakeAnswer | Job::TakeAgain | Job::TakeOffer) || !call.late.is_empty();
    if busy { Verdict::Defer } else { Verdict::Take }
}
