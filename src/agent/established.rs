//! What both sides of a call have in common: media, hanging up, re-INVITE, timers, the end.

use super::call::{Call, Job, LINGER_MS, Phase, T2_MS};
use super::extra::{add_headers, check_headers};
use super::incoming::{media_error, sdp_of};
use super::outcome::{self, Reasons, outcome};
use super::repair::Repair;
use super::request::{DialogRef, Purpose};
use super::session;
use super::{Agent, AgentEvent};
use crate::common::lists::Gather;
use crate::common::time::Now;
use crate::dialog::Dialog;
use crate::io::{
    AccountId, CallId, Direction, Error, ErrorCode, Event, Extra, HeaderList, MediaCommand, MediaDirection, MediaEvent,
    MediaFailure, MediaId, Outcome, OutcomeKind, TrickleIce, Video,
};
use crate::message::{Method, Request};
use crate::transaction::ServerId;

impl Agent {
    /// Ends a call in whatever phase: decline, CANCEL or BYE.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such call or it is over; [`ErrorCode::FlowLost`] where it ends here
    /// but the far end cannot be told.
    pub fn hang_up(&mut self, now: Now, id: CallId, extra: Extra) -> Result<(), Error> {
        check_headers(&extra.headers)?;
        let call = self.call_mut(id).filter(|call| !call.is_over()).ok_or(ErrorCode::NotFound)?;
        let account = call.account;
        let mut result = Ok(());
        match call.phase {
            Phase::Arrived | Phase::Ringing | Phase::Answering => self.decline(now, id, None, extra)?,
            Phase::Preparing | Phase::Calling => self.give_up(now, id, &extra),
            Phase::Answered => {
                call.bye_after_ack = true;
                call.extra = extra;
                self.end_call(now, id, outcome(OutcomeKind::Completed, true));
            }
            Phase::Established => {
                call.extra = extra;
                if let Some(dialog) = call.dialog.clone()
                    && !self.bye(now, id, account, dialog)
                {
                    result = Err(ErrorCode::FlowLost.into());
                }
                self.end_call(now, id, outcome(OutcomeKind::Completed, true));
            }
            Phase::Over => {}
        }
        self.pump(now);
        result
    }

    /// Ends every call: the system has no call UI any more, or the engine stops.
    pub fn end_all_calls(&mut self, now: Now) {
        for call in self.live_calls().gather() {
            // A far end that cannot be told finds out by itself.
            let _ = self.hang_up(now, call.id, Extra::default());
        }
    }

    pub(super) fn end_calls_of(&mut self, now: Now, account: AccountId) {
        for call in self.live_calls().filter(|call| call.account == account).gather() {
            let _ = self.hang_up(now, call.id, Extra::default());
        }
    }

    /// Something happened on a media session; `number` is that of the command that it answers, or nought.
    pub fn media_event(&mut self, now: Now, media: MediaId, number: u32, mut event: MediaEvent) {
        let Some(call) = self.calls.iter_mut().find(|call| call.media == Some(media)) else { return };
        if let MediaEvent::Described { sdp } = &mut event {
            call.continue_origin(sdp);
        }
        let (id, job) = (call.id, call.job);
        let digits = call.dtmf.is_asked_for(number);
        let overtaken = call.job_number != number;
        let early = call.early_answers.iter().position(|asked| *asked == number);
        if let Some(index) = early {
            call.early_answers.remove(index);
        }
        let mut event = event;
        if let (MediaEvent::Described { sdp }, false) = (&mut event, overtaken) {
            self.describe(id, sdp);
        }
        let Some(call) = self.call_mut(id) else { return };
        match (event, job) {
            (MediaEvent::Candidate(candidate), _) => call.trickle.find(Some(candidate)),
            (MediaEvent::GatheringDone, _) => call.trickle.find(None),
            (MediaEvent::Stats { report }, _) => self.media_reported(id, report),
            (MediaEvent::Failed(why @ (MediaFailure::NoCamera | MediaFailure::CameraDenied)), job) => {
                self.camera_failed(id, job, why);
            }
            (MediaEvent::Connected { connected }, _) => {
                if call.media_connected != connected {
                    call.media_connected = connected;
                    // Before the answer nothing can be offered; what does not come up after it fails by itself.
                    let lost = !connected && call.is_confirmed();
                    call.session.repair = lost.then(|| Repair::disconnected(now.mono));
                    self.tell_changed(id);
                    if !connected {
                        self.media_lost(now, id);
                    }
                }
            }
            // What one of several far ends describes early ends nothing: the answer that counts is still to come.
            (MediaEvent::Applied | MediaEvent::Failed(MediaFailure::BadDescription), _) if early.is_some() => {}
            (MediaEvent::DtmfSent, _) if digits => self.digits_done(now, id, Ok(())),
            (MediaEvent::Failed(why), _) if digits => self.media_refused_digits(now, id, why),
            (MediaEvent::Failed(why), job) if early.is_some() || number == 0 => self.media_failed(now, id, job, why),
            // Another command has overtaken the one that this answers.
            (MediaEvent::DtmfSent, _) => {}
            _ if overtaken => {}
            (MediaEvent::Described { sdp }, Job::First) if call.phase == Phase::Preparing => {
                self.offer_described(now, id, sdp);
            }
            (MediaEvent::Described { sdp }, Job::First) => self.answer_described(now, id, sdp),
            (MediaEvent::Described { sdp }, Job::Early) => self.early_described(id, sdp),
            (MediaEvent::Applied, Job::Microphone | Job::TakeEarly) => self.early_applied(now, id),
            (MediaEvent::Described { sdp }, Job::Again) => self.reoffer_described(now, id, sdp),
            (MediaEvent::Described { sdp }, Job::Offer) => self.change_described(now, id, sdp),
            (MediaEvent::Described { sdp }, Job::TakeOffer) => self.late_described(now, id, Ok(sdp)),
            (MediaEvent::Described { .. }, _) => {}
            (MediaEvent::Applied, Job::TakeAnswer) => {
                call.job = Job::None;
                self.take_deferred(now, id);
            }
            (MediaEvent::Applied, Job::TakeAgain) => self.answer_taken(now, id),
            (MediaEvent::Applied, _) => {}
            (MediaEvent::Failed(why), job) => self.media_failed(now, id, job, why),
        }
        self.pump(now);
    }

    fn media_failed(&mut self, now: Now, id: CallId, job: Job, why: MediaFailure) {
        let Some(call) = self.call_mut(id) else { return };
        match (call.phase, job) {
            (Phase::Over, _) => {}
            (_, Job::TakeOffer) => self.late_described(now, id, Err(why)),
            (Phase::Calling, _) if call.heard.is_some() && why == MediaFailure::ConnectionLost => {
                call.media_connected = false;
            }
            (Phase::Established, Job::TakeAnswer)
                if matches!(why, MediaFailure::BadDescription | MediaFailure::ConnectionLost)
                    && call.was_heard_early() =>
            {
                self.offer_to_winner(now, id);
            }
            (Phase::Ringing | Phase::Answering, Job::Again) if why != MediaFailure::ConnectionLost => {
                self.reoffer_failed(now, id);
            }
            (Phase::Ringing, _) => self.early_failed(now, id, job, why),
            (Phase::Answering, _) => self.answer_failed(now, id, why),
            (Phase::Preparing, _) => self.offer_failed(now, id, why),
            // An offer with a restart of ICE may bring it back, whatever else is under way.
            (Phase::Answered | Phase::Established, job)
                if why == MediaFailure::ConnectionLost && job != Job::TakeAnswer =>
            {
                let connected = std::mem::take(&mut call.media_connected);
                call.session.repair.get_or_insert_with(|| Repair::disconnected(now.mono)).failed(now.mono);
                if connected {
                    self.tell_changed(id);
                }
                self.media_lost(now, id);
            }
            // A change of the session that cannot be followed is refused; the session stays as it was.
            (_, Job::Again) => self.reoffer_failed(now, id),
            (_, Job::Offer | Job::TakeAgain) => self.change_failed(now, id, why),
            (phase, _) => {
                let error = Error::from(media_error(why));
                let kind = match why {
                    MediaFailure::ConnectionLost | MediaFailure::HostTimeout => OutcomeKind::NetworkLost,
                    _ => OutcomeKind::Failed,
                };
                let (account, dialog) = (call.account, call.dialog.clone());
                match (phase, dialog) {
                    (Phase::Calling, _) => {
                        call.given_up = true;
                        if let Some(client) = call.client {
                            self.cancel_invite(now, account, client, &Extra::default());
                        }
                    }
                    (Phase::Answered, _) => call.bye_after_ack = true,
                    (_, Some(dialog)) => {
                        self.bye(now, id, account, dialog);
                    }
                    (_, None) => {}
                }
                self.end_call(now, id, outcome::of_error(kind, error));
            }
        }
    }

    /// Makes the call's media session, with its microphone or for now without.
    pub(super) fn open_media(&mut self, id: CallId, microphone: bool) {
        self.settle_video(id, microphone);
        let media = self.media_for(id);
        let at_once = self.describes_at_once(id);
        let trickle = self.find_call(id).is_some_and(|call| self.trickle_ice(call.account) != TrickleIce::Off);
        let (ice_servers, options) = (self.options.ice_servers.clone(), &self.options);
        let (gathering_limit_ms, first_usable_candidate, test_tone_hz) = (
            if at_once { 0 } else { options.gathering_limit_ms },
            options.first_usable_candidate,
            options.test_tone_hz,
        );
        let Some(call) = self.call_mut(id) else { return };
        call.media = Some(media);
        let (call_uuid, muted, video_muted, wanted) = (call.uuid.clone(), call.muted, call.video_muted, call.video());
        let video = wanted == Video::Send;
        call.session.told = session::directions(MediaDirection::SendRecv, if video { wanted } else { Video::Off });
        self.media_command(
            id,
            MediaCommand::Open {
                call_uuid,
                microphone,
                video,
                ice_servers,
                gathering_limit_ms,
                first_usable_candidate,
                test_tone_hz,
                trickle,
            },
        );
        for (muted, video) in [(muted, false), (video_muted, true)] {
            if muted {
                self.media_command(id, MediaCommand::Mute { on: true, video });
            }
        }
        self.direct(id, session::directions(MediaDirection::SendRecv, wanted));
    }

    pub(super) fn media_command(&mut self, id: CallId, command: MediaCommand) {
        let Some(call) = self.call_mut(id) else { return };
        let Some(media) = call.media else { return };
        call.asked = call.asked.wrapping_add(1).max(1);
        let number = call.asked;
        let taken = match &command {
            MediaCommand::Accept { sdp } | MediaCommand::SetAnswer { sdp, .. } => {
                call.trickle.taken(sdp);
                true
            }
            _ => false,
        };
        match command {
            MediaCommand::Offer { .. }
            | MediaCommand::Accept { .. }
            | MediaCommand::Microphone
            | MediaCommand::SetAnswer { provisional: false, .. } => call.job_number = number,
            MediaCommand::SetAnswer { provisional: true, .. } => call.early_answers.push(number),
            _ => {}
        }
        self.out.push_back(AgentEvent::Media { media, number, command });
        if taken {
            self.give_candidates(id);
        }
    }

    pub(super) fn tell_changed(&mut self, id: CallId) {
        if let Some(info) = self.call(id) {
            self.tell(Event::CallChanged(info));
        }
    }

    /// Sends a BYE on `dialog`; false where there is no flow to send it on now.
    pub(super) fn bye(&mut self, now: Now, id: CallId, account: AccountId, mut dialog: Dialog) -> bool {
        let mut request = dialog.request(Method::Bye);
        if let Some(call) = self.call_mut(id).filter(|call| call.phase != Phase::Answered) {
            add_headers(&mut request.headers, &call.extra.headers);
        }
        let which = DialogRef::Call(id, dialog.remote_tag().to_owned());
        if let Some(known) = self.call_mut(id).and_then(|call| call.dialog_with(dialog.remote_tag())) {
            *known = dialog;
        }
        self.send_request(now, account, which, request, Purpose::Bye).is_ok()
    }

    pub(super) fn incoming_bye(&mut self, now: Now, id: CallId, server: ServerId, request: &Request) {
        let response = self.response(request, 200, "", None);
        self.transactions.respond(now.mono, server, response);
        let Some(call) = self.call_mut(id) else { return };
        if !call.is_own_dialog(&request.headers) {
            call.close_fork(&request.headers);
            return;
        }
        call.repeat = None;
        call.bye_after_ack = false;
        if call.is_unanswered() {
            // A BYE on the early dialog: the INVITE still wants its final response (15.1.2).
            let missed = outcome::of_cancel(Reasons::of(&request.headers));
            self.refuse_with(now, id, 487, missed, request.headers.list());
        } else if !call.is_over() {
            self.end_call_with(now, id, outcome::of_bye(Reasons::of(&request.headers)), request.headers.list());
        }
    }

    pub(super) fn incoming_ack(&mut self, now: Now, request: &Request) {
        let Some(Ok(cseq)) = request.headers.cseq() else { return };
        let Some(call) = self.calls.iter_mut().find(|call| {
            call.repeat.as_ref().is_some_and(|repeat| repeat.cseq == cseq.number)
                && call.dialog.as_ref().is_some_and(|dialog| dialog.matches(&request.headers))
        }) else {
            return;
        };
        call.repeat = None;
        let (id, account, dialog) = (call.id, call.account, call.dialog.clone());
        if std::mem::take(&mut call.bye_after_ack) {
            if let Some(dialog) = dialog {
                self.bye(now, id, account, dialog);
            }
            return;
        }
        if call.is_over() {
            return;
        }
        let first = call.phase == Phase::Answered;
        call.phase = Phase::Established;
        if std::mem::take(&mut call.answer_in_ack) {
            match sdp_of(request) {
                Some(sdp) => {
                    call.session.answer(&sdp);
                    call.job = if first { Job::TakeAnswer } else { Job::TakeAgain };
                    let changed = first && self.note_video(id, &sdp, false);
                    self.media_command(id, MediaCommand::SetAnswer { sdp, provisional: false });
                    if changed {
                        self.tell_changed(id);
                    }
                }
                None if first => self.media_failed(now, id, Job::TakeAnswer, MediaFailure::BadDescription),
                // Their re-INVITE asked for an offer and does not want it: the session is as it was.
                None => self.change_failed(now, id, MediaFailure::BadDescription),
            }
        }
    }

    pub(super) fn call_timeout(&mut self, now: Now, id: CallId) {
        self.provisional_timeout(now, id);
        self.unanswered_timeout(now, id);
        self.invitation_timeout(now, id);
        let Some(call) = self.call_mut(id) else { return };
        if let Some(repeat) = &mut call.repeat {
            if repeat.until <= now.mono {
                // No ACK: the far end may or may not be there, and a BYE settles it (13.3.1.4).
                let (account, dialog, over) = (call.account, call.dialog.clone(), call.is_over());
                call.repeat = None;
                if let Some(dialog) = dialog {
                    self.bye(now, id, account, dialog);
                }
                if !over {
                    self.end_call(now, id, outcome::of_error(OutcomeKind::Failed, ErrorCode::Timeout.into()));
                }
                return;
            }
            if repeat.at <= now.mono {
                repeat.pause_ms = (repeat.pause_ms * 2).min(T2_MS);
                repeat.at = now.mono.after(repeat.pause_ms);
                let (server, response, moved) = (repeat.server, repeat.response.clone(), repeat.moved);
                if moved {
                    self.send_moved(now, id, &response);
                } else {
                    self.transactions.respond(now.mono, server, response);
                }
            }
        }
        self.digits_timeout(now, id);
        let Some(call) = self.call_mut(id) else { return };
        if call.is_confirmed() {
            self.session_timeout(now, id);
            return;
        }
        call.session.modification.timeout(now.mono);
        if call.orphaned_until.is_some_and(|until| until <= now.mono) && call.is_unanswered() {
            let kind = if call.phase == Phase::Answering { OutcomeKind::NetworkLost } else { OutcomeKind::Missed };
            self.end_call(now, id, outcome::of_error(kind, ErrorCode::FlowLost.into()));
        }
    }

    /// The call is over for everybody here. What the wire still owes is taken care of by what stays of it.
    pub(super) fn end_call(&mut self, now: Now, id: CallId, outcome: Outcome) {
        self.end_call_with(now, id, outcome, HeaderList::new());
    }

    /// The same, where a message with these headers ended it.
    pub(super) fn end_call_with(&mut self, now: Now, id: CallId, outcome: Outcome, headers: HeaderList) {
        self.touched = true;
        let Some(call) = self.call_mut(id).filter(|call| !call.is_over()) else { return };
        call.phase = Phase::Over;
        call.orphaned_until = None;
        let reoffer = call.reoffer.take();
        call.forgotten_at = Some(now.mono.after(LINGER_MS));
        if call.direction == Direction::Incoming && call.refused_with.is_none() {
            call.refused_with = Some(487);
        }
        call.media_connected = false;
        let (account, unknown) = (call.account, call.replacing.take().is_some());
        let info = call.info();
        let mut waiting = std::mem::take(&mut call.waiting);
        waiting.append(&mut call.prelude.asking);
        waiting.append(&mut call.asking);
        let mut askers = call.session.modification.abandon();
        askers.extend(call.abandon_digits());
        let deferred = call.session.deferred.take();
        let reinvite = call.session.reinvite.take();
        call.session.timer.stop();
        let has_media = call.media.is_some();
        let unanswered = reoffer.map(|reoffer| (reoffer.server, reoffer.request));
        for (server, request) in unanswered.into_iter().chain(deferred) {
            // The dialog ends before our answer is made, and every request wants its final response (15.1.2).
            let response = self.response(&request, 487, "", None);
            self.transactions.respond(now.mono, server, response);
        }
        if let Some(reinvite) = reinvite {
            // Nobody waits for its answer, and without a CANCEL it might wait for ever.
            self.cancel_invite(now, account, reinvite.client, &Extra::default());
        }
        if has_media {
            self.media_command(id, MediaCommand::Close);
        }
        if let Some(call) = self.call_mut(id) {
            call.media = None;
            call.late.clear();
            if let Some(provisional) = &mut call.provisional {
                provisional.overtaken();
            }
        }
        let end = if self.stopping { ErrorCode::Stopped } else { ErrorCode::CallEnded };
        let error = outcome.error.clone().unwrap_or_else(|| end.into());
        for command in waiting {
            self.complete(command, Err(error.clone()));
        }
        self.tell_askers(askers, &Err(error));
        // Of one that was to take another one's place and did not, nobody was told.
        if !unknown {
            self.tell(Event::CallTerminated { call: info, outcome, headers });
        }
    }

    pub(super) fn call_of_dialog(&mut self, request: &Request) -> Option<&mut Call> {
        self.calls.iter_mut().find(|call| call.has_dialog(&request.headers))
    }
}
