//! Changes of an established session that we ask for: re-INVITE (RFC 3261 section 14.1) and UPDATE (RFC 3311).

use super::account::{self, ALLOW, SUPPORTED};
use super::amend::amend;
use super::call::{Call, Job, LINGER_MS, Phase};
use super::cause::Cause;
use super::credentials::{Challenged, Refused};
use super::extra::add_headers;
use super::incoming::{is_usable, media_error, sdp_in};
use super::outcome;
use super::request::{DialogRef, Purpose, answer_securely};
use super::session::{self, Asker, Directions, Reinvite};
use super::{Agent, AgentEvent, Use};
use crate::common::lists::{Gather, Keep};
use crate::common::time::Now;
use crate::dialog::{Dialog, Step, Wish};
use crate::io::{
    AccountId, CallId, Direction, Error, ErrorCode, Extra, MediaCommand, MediaFailure, OutcomeKind, Reply, Video,
};
use crate::message::{HeaderName, Method, Request, Response};
use crate::transaction::{ClientId, Failure};

/// How often a far end that may believe in another session is offered the one that there is.
const RESYNCS: u8 = 4;

impl Agent {
    /// Holds the call or takes it back; `asker` is told when the far end agreed. A refusal ends nothing.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such call or it is over, [`ErrorCode::InvalidState`] before it is
    /// established, [`ErrorCode::FlowLost`] where there is no connection. Then `asker` is told nothing.
    pub fn hold(&mut self, now: Now, id: CallId, on: bool, asker: Asker) -> Result<(), Error> {
        let extra = self.lent();
        let call = self.changeable(id)?;
        let modification = &call.session.modification;
        if call.on_hold == on && modification.step().is_none() && !modification.is_waiting() {
            self.tell_asker(asker, Ok(()));
        } else {
            self.want_with(id, Wish::Hold(on), asker, extra);
        }
        self.pump(now);
        Ok(())
    }

    /// Offers the session anew; `asker` is told when the far end agreed.
    ///
    /// # Errors
    /// As [`Agent::hold`].
    pub fn renegotiate(&mut self, now: Now, id: CallId, restart: bool, asker: Asker) -> Result<(), Error> {
        let extra = self.lent();
        self.changeable(id)?;
        self.want_with(id, Wish::Offer { restart }, asker, extra);
        self.pump(now);
        Ok(())
    }

    /// Offers the session of an established call anew, with a restart of ICE, as soon as that can be.
    pub fn restart_ice(&mut self, now: Now, id: CallId) {
        if self.call_mut(id).is_some_and(|call| call.is_confirmed()) {
            self.want(id, Wish::Offer { restart: true }, None);
            self.pump(now);
        }
    }

    /// The account is registered on a new flow, or is up without a registration: its established calls tell the far
    /// end where they are now.
    pub fn flow_renewed(&mut self, now: Now, account: AccountId) {
        let Some(flow) = self.find_account(account).and_then(|account| account.flow()) else { return };
        self.usages.flow_ready(account, flow);
        let open = self.find_account(account).map(super::account::Account::open_flows).unwrap_or_default();
        let moved = |call: &&mut Call| {
            call.account == account && call.is_confirmed() && (call.session.adrift || !open.contains(&call.flow))
        };
        let (mut wishes, mut answers, mut acks) = (Vec::new(), Vec::new(), Vec::new());
        for call in self.calls.iter_mut().filter(moved) {
            call.flow = flow;
            if let Some(repeat) = &mut call.repeat {
                repeat.moved = true;
                answers.push((call.id, repeat.response.clone()));
            }
            if std::mem::take(&mut call.ack_waits) {
                acks.push(call.id);
            }
            call.session.adrift = false;
            wishes.push((call.id, Wish::Target));
            if let Some(repair) = &mut call.session.repair {
                repair.flow_renewed(now.mono);
                wishes.push((call.id, Wish::Offer { restart: true }));
            } else if call.session.out_of_step {
                wishes.push((call.id, Wish::Offer { restart: false }));
            }
        }
        for id in acks {
            self.acknowledge_again(now, id);
        }
        for (id, mut response) in answers {
            // The caller may not have our 2xx yet, or its ACK went to the flow that is gone.
            if let Some(contact) = self.find_account(account).map(|account| account.contact_for("")) {
                response.headers.set(HeaderName::Contact, contact);
            }
            if let Some(call) = self.find_call(id) {
                answer_securely(&call.invite, &mut response.headers);
            }
            self.send_moved(now, id, &response);
            if let Some(repeat) = self.call_mut(id).and_then(|call| call.repeat.as_mut()) {
                repeat.response = response;
            }
        }
        for (id, wish) in wishes {
            self.want(id, wish, None);
        }
    }

    /// Sends a 2xx whose transaction is gone on the account's flow: whoever forwarded its INVITE knows its Via.
    pub(super) fn send_moved(&mut self, now: Now, id: CallId, response: &Response) {
        let account = self.find_call(id).map(|call| call.account);
        let flow = account.and_then(|id| self.find_account(id)).and_then(|account| account.flow());
        if let (Some(flow), Ok(octets)) = (flow, response.to_octets()) {
            self.send_octets(now, flow, octets);
        }
    }

    /// A call whose session can be asked to change now.
    pub(super) fn changeable(&mut self, id: CallId) -> Result<&mut Call, Error> {
        let call = self.call_mut(id).filter(|call| !call.is_over()).ok_or(ErrorCode::NotFound)?;
        let (account, adrift) = (call.account, call.session.adrift);
        let early = call.session.takes_update && call.agreed_early().is_some();
        if !call.is_confirmed() && !early {
            return Err(ErrorCode::InvalidState.into());
        }
        // Nothing is kept and sent late.
        if adrift || self.find_account(account).and_then(|account| account.flow()).is_none() {
            return Err(ErrorCode::FlowLost.into());
        }
        self.call_mut(id).ok_or_else(|| ErrorCode::NotFound.into())
    }

    pub(super) fn want_with(&mut self, id: CallId, wish: Wish, asker: Asker, extra: Extra) {
        if let Some(call) = self.call_mut(id) {
            call.session.extra = extra;
        }
        self.want(id, wish, Some(asker));
    }

    pub(super) fn want(&mut self, id: CallId, wish: Wish, asker: Option<Asker>) {
        let Some(call) = self.call_mut(id) else { return };
        let void = call.session.modification.want(wish, asker);
        self.tell_askers(void, &Err(ErrorCode::InvalidState.into()));
    }

    pub(super) fn tell_askers(&mut self, askers: Vec<Asker>, result: &Result<(), Error>) {
        for asker in askers {
            self.tell_asker(asker, result.clone());
        }
    }

    pub(super) fn tell_asker(&mut self, asker: Asker, result: Result<(), Error>) {
        match asker {
            Asker::Command(command) => self.complete(command, result.map(|()| Reply::Done)),
            Asker::Host(request) => self.out.push_back(AgentEvent::Performed { request, result }),
        }
    }

    /// Begins the changes that can begin now. True where one did.
    pub(super) fn settle_sessions(&mut self, now: Now) -> bool {
        let due = self.calls.iter().filter(|call| is_free(call)).map(|call| (call.id, call.account)).gather();
        let mut begun = false;
        for (id, account) in due {
            if self.find_account(account).is_some_and(|account| account.flow().is_some()) {
                begun = true;
                self.begin_change(now, id);
            }
        }
        begun
    }

    fn begin_change(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        // A far end that may have changed its mind unheard can say so only in answer to an offer that would take it back.
        let (on_hold, remote_hold) = (call.on_hold, call.remote_hold && !call.session.out_of_step);
        let (broken, video) = (call.session.repair.is_some(), call.video());
        let update = call.session.takes_update;
        let early = call.agreed_early().map(str::to_owned);
        let Some(wishes) = call.session.modification.begin() else { return };
        if !wishes.has_askers() {
            call.session.extra = Extra::default();
        }
        if update && !wishes.needs_offer() {
            self.send_update(now, id, None);
            return;
        }
        let restart = wishes.restart() || broken;
        let audio = session::offered(wishes.hold().unwrap_or(on_hold), remote_hold);
        let directions = session::directions(audio, wishes.video().unwrap_or(video));
        call.session.no_camera = None;
        call.session.told_before = call.session.told;
        if call.media.is_none() {
            self.change_refused(now, id, ErrorCode::InvalidState.into());
            return;
        }
        call.job = Job::Offer;
        if let Some(fork) = early.and_then(|tag| call.fork_mut(&tag)) {
            fork.updated = true;
        }
        self.direct(id, directions);
        self.media_command(id, MediaCommand::Offer { restart });
    }

    /// Tells media its directions, unless it knows.
    pub(super) fn direct(&mut self, id: CallId, directions: Directions) {
        let Some(call) = self.call_mut(id) else { return };
        if call.session.told != directions {
            call.session.told = directions;
            let (direction, video) = directions;
            self.media_command(id, MediaCommand::Direction { direction, video });
        }
    }

    /// Media is as it was before our offer.
    pub(super) fn roll_back(&mut self, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        let before = call.session.told_before;
        self.media_command(id, MediaCommand::Rollback);
        self.direct(id, before);
    }

    /// A request that refreshes the dialog's target (RFC 3261 section 12.2.1.1).
    fn refreshing(&mut self, id: CallId, method: Method) -> Option<(AccountId, String, Request)> {
        self.prepare_timer(id);
        let call = self.call_mut(id)?;
        let account = call.account;
        let tag = call.dialog.as_ref().map(Dialog::remote_tag).or_else(|| call.agreed_early())?.to_owned();
        let mut request = call.dialog_with(&tag)?.request(method);
        add_headers(&mut request.headers, &call.session.extra.headers);
        // The session and its timer begin with the answer.
        if call.is_confirmed() {
            call.session.timer.write(&mut request.headers);
        }
        let contact = self.find_account(account)?.contact();
        request.headers.push(HeaderName::Contact, contact);
        request.headers.push(HeaderName::Allow, ALLOW);
        request.headers.push(HeaderName::Supported, SUPPORTED);
        Self::write_trickle(&mut request.headers, self.trickle_ice(account));
        Some((account, tag, request))
    }

    fn send_update(&mut self, now: Now, id: CallId, sdp: Option<String>) {
        let Some((account, tag, mut request)) = self.refreshing(id, Method::Update) else {
            return self.change_failed(now, id, MediaFailure::Other);
        };
        if let Some(sdp) = sdp {
            request.set_body("application/sdp", sdp.into_bytes());
        }
        let sent = self.send_request(now, account, DialogRef::Call(id, tag), request, Purpose::Update(id));
        let Some(call) = self.call_mut(id) else { return };
        if sent.is_ok() {
            call.session.heard = false;
            call.session.modification.reached(Step::Updating);
        } else {
            self.change_cut_off(id);
        }
    }

    /// Our offer is there: the re-INVITE leaves.
    pub(super) fn change_described(&mut self, now: Now, id: CallId, sdp: String) {
        let Some(call) = self.call_mut(id) else { return };
        call.job = Job::None;
        if call.session.modification.step() != Some(Step::Describing) {
            // What it was for is over.
            self.roll_back(id);
            return;
        }
        if let Some(why) = call.lacks_camera() {
            return self.change_failed(now, id, why);
        }
        if call.phase == Phase::Calling {
            return self.send_update(now, id, Some(sdp));
        }
        let Some((account, _, mut request)) = self.refreshing(id, Method::Invite) else {
            return self.change_failed(now, id, MediaFailure::Other);
        };
        request.set_body("application/sdp", sdp.into_bytes());
        self.send_reinvite(now, id, account, request, 0);
    }

    fn send_reinvite(&mut self, now: Now, id: CallId, account: AccountId, mut request: Request, auth_rounds: u8) {
        let Self { accounts, random, uses, .. } = self;
        // What is left of an earlier one is over: its 2xx has its ACK.
        uses.keep(|(_, what)| *what != Use::Reinvite(id));
        if let Some(found) = account::find_mut(accounts, account) {
            found.auth.authorize(&mut request, random);
        }
        let adrift = self.call_mut(id).is_none_or(|call| call.session.adrift);
        let client = if adrift { None } else { self.send(now, account, request, Use::Reinvite(id)) };
        let Some(call) = self.call_mut(id) else { return };
        match client {
            Some(client) => {
                call.session.heard = false;
                call.session.modification.reached(Step::Inviting);
                call.session.reinvite =
                    Some(Reinvite { client, auth_rounds, cancel_at: Some(now.mono.after(LINGER_MS)) });
            }
            None => self.change_cut_off(id),
        }
    }

    /// The flow is gone: the change is undone here, and made again on the next flow.
    fn change_cut_off(&mut self, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        let offered = call.session.modification.offers();
        let left = offered && call.session.modification.step() != Some(Step::Describing);
        // It may have been agreed to there.
        call.session.out_of_step |= left;
        call.session.reinvite = None;
        call.session.adrift = true;
        call.session.modification.put_back();
        if offered {
            self.roll_back(id);
        }
    }

    pub(super) fn reinvite_response(&mut self, now: Now, id: CallId, client: ClientId, response: &Response) {
        let status = response.status();
        let mut request = self.transactions.request(client).cloned();
        let amended = request.as_mut().is_some_and(|request| amend(request, response));
        let Some(call) = self.call_mut(id) else { return };
        let current = call.session.reinvite.filter(|reinvite| reinvite.client == client);
        match (status, current, request) {
            (..=199, ..) => {}
            (200..=299, current, Some(request)) => {
                if current.is_some() {
                    call.session.accepted = Some(Cause::of_response(response));
                    self.reinvite_accepted(now, id, &request, response);
                } else if let Some(dialog) = call.dialog.clone() {
                    // A repeated 2xx, or one for a call that is over: it wants its ACK all the same.
                    self.ack(now, &dialog, cseq(&request), &request);
                }
            }
            (401 | 407, Some(reinvite), Some(request)) => {
                call.session.reinvite = None;
                let (account, rounds) = (call.account, reinvite.auth_rounds);
                self.challenged(now, account, Challenged::Reinvite(id, rounds), request, response, rounds);
            }
            (420, Some(reinvite), Some(request)) if amended => {
                call.session.reinvite = None;
                self.reinvite_authorized(now, id, request, reinvite.auth_rounds, Ok(()));
            }
            (300.., Some(_), _) => {
                call.session.reinvite = None;
                self.change_answered_no(now, id, response);
            }
            _ => {}
        }
    }

    fn reinvite_accepted(&mut self, now: Now, id: CallId, request: &Request, response: &Response) {
        let Some(call) = self.call_mut(id) else { return };
        call.session.reinvite = None;
        call.session.learn(&response.headers);
        call.session.timer.accepted(now.mono, &response.headers);
        let Some(dialog) = call.dialog.as_mut() else { return };
        dialog.refresh_target(&response.headers);
        let dialog = dialog.clone();
        self.ack(now, &dialog, cseq(request), request);
        self.take_answer(now, id, response);
    }

    /// Their 2xx to an offer of ours.
    fn take_answer(&mut self, now: Now, id: CallId, response: &Response) {
        let Some(call) = self.call_mut(id) else { return };
        match sdp_in(&response.headers, response.body()).filter(|sdp| is_usable(sdp)) {
            Some(sdp) => {
                call.session.answer(&sdp);
                call.session.modification.reached(Step::Applying);
                call.job = Job::TakeAgain;
                self.media_command(id, MediaCommand::SetAnswer { sdp, provisional: false });
            }
            None => {
                self.roll_back(id);
                self.change_refused(now, id, Error::sip(ErrorCode::BadDescription, response.status()));
            }
        }
    }

    /// Their answer, to our re-INVITE or in the ACK to our 2xx, was taken.
    pub(super) fn answer_taken(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        call.job = Job::None;
        call.session.out_of_step = false;
        call.session.resyncs = 0;
        let before = (call.on_hold, call.remote_hold);
        let wishes = call.session.modification.current();
        let (hold, video) = wishes.map_or((None, None), |wishes| (wishes.hold(), wishes.video()));
        call.on_hold = hold.unwrap_or(call.on_hold);
        call.video = video.or(call.video);
        let answered = call.session.answered.take();
        if let Some(hold) = answered.and_then(|answer| session::holds(call.session.told.0, answer.audio)) {
            call.remote_hold = hold;
        }
        let changed = before != (call.on_hold, call.remote_hold);
        let askers = call.session.modification.done();
        let accepted = call.session.accepted.take();
        let agreed = answered.and_then(|answer| answer.video);
        if self.agree_on_video(id, agreed) || changed {
            self.cause = accepted;
            self.tell_changed(id);
            self.cause = None;
        }
        // They agreed to the rest of the session, and to no video.
        let refused = agreed.is_none() && video.is_some_and(|video| video != Video::Off);
        self.tell_askers(askers, &if refused { Err(ErrorCode::Rejected.into()) } else { Ok(()) });
        self.take_deferred(now, id);
    }

    /// Media cannot make our offer or take the answer to it. That ends no call.
    pub(super) fn change_failed(&mut self, now: Now, id: CallId, why: MediaFailure) {
        let Some(call) = self.call_mut(id) else { return };
        call.job = Job::None;
        call.session.answered = None;
        // The far end has agreed to it.
        call.session.out_of_step |= call.session.modification.step() == Some(Step::Applying);
        self.roll_back(id);
        self.change_refused(now, id, media_error(why).into());
        self.take_deferred(now, id);
    }

    fn change_refused(&mut self, now: Now, id: CallId, error: Error) {
        let Some(call) = self.call_mut(id) else { return };
        let askers = call.session.modification.refused(now.mono);
        self.tell_askers(askers, &Err(error));
        self.fall_in_step(now, id);
    }

    /// A change has failed for good, and the far end may believe in another session than there is: it is offered the one
    /// that there is, at once and then a few times more.
    pub(super) fn fall_in_step(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id).filter(|call| call.session.out_of_step) else { return };
        if call.session.resyncs < RESYNCS {
            call.session.resyncs += 1;
            if call.session.resyncs > 1 {
                call.session.modification.rest(now.mono);
            }
            self.want(id, Wish::Offer { restart: false }, None);
        }
    }

    /// A final response that is no success: what it means for the change, and for the call.
    fn change_answered_no(&mut self, now: Now, id: CallId, response: &Response) {
        let status = response.status();
        let mut error = outcome::error_of(response);
        let Self { calls, random, .. } = self;
        let Some(call) = calls.iter_mut().find(|call| call.id == id) else { return };
        let session = &mut call.session;
        let offered = session.modification.offers();
        // An early dialog that is gone is the INVITE's to tell.
        let confirmed = matches!(call.phase, Phase::Answered | Phase::Established);
        let gone = confirmed && (status == 481 || (status == 408 && !session.heard));
        let mut askers = Vec::new();
        match (status, error.retry_after_s) {
            // Only the way it was sent is gone: their request has told another.
            (408, _) if confirmed && session.heard => session.modification.put_back(),
            // The dialog is gone there (12.2.1.2); what waits is told when the call ends.
            _ if gone => {}
            (422, _) if session.timer.too_brief(&response.headers) => session.modification.put_back(),
            (491, _) => {
                error.code = ErrorCode::Busy;
                askers = session.modification.collided(now.mono, call.direction == Direction::Outgoing, random);
            }
            // 14.2: a request of theirs is under way.
            (500, Some(seconds)) => {
                error.code = ErrorCode::Busy;
                askers = session.modification.put_off(now.mono, seconds);
            }
            // Who refuses an UPDATE may take a re-INVITE.
            _ if !offered => {
                session.takes_update = false;
                session.modification.put_back();
            }
            _ => askers = session.modification.refused(now.mono),
        }
        if offered {
            self.roll_back(id);
        }
        let over = call_is_idle(self.call_mut(id));
        self.tell_askers(askers, &Err(error));
        if over && !gone {
            self.fall_in_step(now, id);
        }
        if gone {
            self.dialog_gone(now, id, status);
        }
    }

    /// 481: the far end knows of no such dialog. 408, or no answer at all: it is not there (RFC 3261 12.2.1.2). In either
    /// case the dialog ends by a BYE.
    pub(super) fn dialog_gone(&mut self, now: Now, id: CallId, status: u16) {
        let Some(call) = self.call_mut(id).filter(|call| !call.is_over()) else { return };
        let (account, dialog) = (call.account, call.dialog.clone());
        // Before the ACK there is no BYE (section 15).
        call.bye_after_ack = call.phase == Phase::Answered;
        if let Some(dialog) = dialog.filter(|_| !call.bye_after_ack) {
            self.bye(now, id, account, dialog);
        }
        let code = if status == 481 { ErrorCode::CallEnded } else { ErrorCode::Timeout };
        self.end_call(now, id, outcome::of_error(OutcomeKind::Failed, Error::sip(code, status)));
    }

    /// The challenge to a re-INVITE was learnt, or cannot be answered.
    pub(super) fn reinvite_authorized(
        &mut self,
        now: Now,
        id: CallId,
        mut request: Request,
        auth_rounds: u8,
        result: Result<(), Refused>,
    ) {
        let Some(call) = self.call_mut(id) else { return };
        // What it was for is over, or was cut off while the application was asked.
        if call.session.modification.step() != Some(Step::Inviting) || call.session.reinvite.is_some() {
            return;
        }
        match (result, call.dialog.as_mut()) {
            (Ok(()), Some(dialog)) => {
                let number = dialog.next_cseq();
                request.headers.set(HeaderName::CSeq, [&number.to_string(), " INVITE"].concat());
                let account = call.account;
                self.send_reinvite(now, id, account, request, auth_rounds + 1);
            }
            (Err(refused), _) if refused.error.code == ErrorCode::FlowLost => self.change_cut_off(id),
            (result, _) => {
                let error = result.err().map_or_else(|| ErrorCode::CallEnded.into(), |refused| refused.error);
                self.roll_back(id);
                self.change_refused(now, id, error);
            }
        }
    }

    /// Our re-INVITE will get no answer.
    pub(super) fn reinvite_failed(&mut self, now: Now, id: CallId, client: ClientId, why: Failure) {
        self.forget_use(client);
        let Some(call) = self.call_mut(id) else { return };
        if call.session.reinvite.is_none_or(|reinvite| reinvite.client != client) {
            return;
        }
        match why {
            Failure::FlowLost => self.change_cut_off(id),
            Failure::Timeout => {
                call.session.reinvite = None;
                self.change_unanswered(now, id);
            }
        }
    }

    /// An UPDATE of ours has ended.
    pub(super) fn update_done(&mut self, now: Now, id: CallId, result: Result<&Response, Error>) {
        let Some(call) = self.call_mut(id) else { return };
        if call.session.modification.step() != Some(Step::Updating) {
            return;
        }
        match result {
            Ok(response) if response.status() < 300 => {
                call.session.accepted = Some(Cause::of_response(response));
                call.session.learn(&response.headers);
                if call.is_confirmed() {
                    call.session.timer.accepted(now.mono, &response.headers);
                }
                let offered = call.session.modification.offers();
                let tag = response.headers.to().and_then(Result::ok).and_then(|to| to.tag()).unwrap_or_default();
                if let Some(dialog) = call.dialog_with(tag) {
                    dialog.refresh_target(&response.headers);
                }
                if offered {
                    self.take_answer(now, id, response);
                    return;
                }
                let askers = call.session.modification.done();
                self.tell_askers(askers, &Ok(()));
            }
            Ok(response) => self.change_answered_no(now, id, response),
            Err(error) if error.code == ErrorCode::FlowLost => self.change_cut_off(id),
            Err(error) if error.code == ErrorCode::Timeout => self.change_unanswered(now, id),
            Err(error) => self.change_refused(now, id, error),
        }
    }

    /// Another fork has taken the call than the one that a change was asked of: it is made on the dialog that won.
    pub(super) fn early_change_lost(&mut self, id: CallId) {
        let Some(call) = self.call_mut(id).filter(|call| call.session.modification.offers()) else { return };
        call.session.modification.put_back();
        self.roll_back(id);
    }

    /// Nobody has answered: the far end is gone (12.2.1.2), unless it has sent something itself meanwhile, perhaps from
    /// elsewhere. Then the change is made again.
    fn change_unanswered(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        if !call.is_confirmed() {
            self.roll_back(id);
            return self.change_refused(now, id, ErrorCode::Timeout.into());
        }
        if !call.session.heard {
            self.dialog_gone(now, id, 408);
            return;
        }
        let offered = call.session.modification.offers();
        call.session.out_of_step |= offered;
        call.session.modification.put_back();
        if offered {
            self.roll_back(id);
        }
    }

    /// Nobody answers our re-INVITE for good.
    pub(super) fn reinvite_timeout(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        if let Some(reinvite) = &mut call.session.reinvite
            && reinvite.cancel_at.is_some_and(|at| at <= now.mono)
        {
            reinvite.cancel_at = None;
            let (account, client) = (call.account, reinvite.client);
            self.cancel_invite(now, account, client, &Extra::default());
        }
    }
}

/// Whether a change of ours may begin: nothing else is under way in the dialog, in either direction (14.1).
fn is_free(call: &Call) -> bool {
    let session = &call.session;
    let asked = call.phase == Phase::Established || (call.agreed_early().is_some() && !call.takes_early());
    asked
        && session.modification.is_due()
        && !session.adrift
        && session.deferred.is_none()
        && call.job == Job::None
        && call.late.is_empty()
        && call.reoffer.is_none()
        && call.repeat.is_none()
        && !call.answer_in_ack
}

/// Whether nothing is wanted of the session.
fn call_is_idle(call: Option<&mut Call>) -> bool {
    call.is_some_and(|call| call.session.modification.step().is_none() && !call.session.modification.is_waiting())
}

fn cseq(request: &Request) -> u32 {
    request.headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number)
}
