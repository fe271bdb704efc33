//! Session timers (RFC 4028) of calls: what requests and responses say, refreshes, and the end of what nobody refreshes.

use super::Agent;
use super::account;
use super::call::Phase;
use super::outcome;
use super::repair::Measure;
use crate::common::time::Now;
use crate::dialog::{Due, Wish};
use crate::io::{CallId, ErrorCode, OutcomeKind};
use crate::message::{Headers, Method, Request, Response};

impl Agent {
    /// The account's wish is that of its calls.
    pub(super) fn prepare_timer(&mut self, id: CallId) {
        let Self { accounts, calls, .. } = self;
        let Some(call) = calls.iter_mut().find(|call| call.id == id) else { return };
        let account = account::find(accounts, call.account);
        call.session.timer.want(account.map_or(0, |account| account.options.session_expires));
    }

    /// We accept their INVITE or UPDATE: what our 2xx says about the session, and what we learn from the request.
    pub(super) fn session_accepted(&mut self, now: Now, id: CallId, request: &Request, response: &mut Headers) {
        self.prepare_timer(id);
        if let Some(call) = self.call_mut(id) {
            call.session.learn(&request.headers);
            // The session and its timer begin with the answer to the INVITE.
            if call.is_confirmed() || *request.method() == Method::Invite {
                call.session.timer.accept(now.mono, &request.headers, response);
            }
        }
    }

    /// They accepted our first INVITE.
    pub(super) fn session_agreed(&mut self, now: Now, id: CallId, response: &Response) {
        if let Some(call) = self.call_mut(id) {
            call.session.learn(&response.headers);
            call.session.timer.accepted(now.mono, &response.headers);
        }
    }

    /// 422 to our first INVITE: whether it makes sense to ask for more.
    pub(super) fn timer_raised(&mut self, id: CallId, response: &Response) -> bool {
        self.call_mut(id).is_some_and(|call| call.session.timer.too_brief(&response.headers))
    }

    /// A deadline of an established session may have come.
    pub(super) fn session_timeout(&mut self, now: Now, id: CallId) {
        self.reinvite_timeout(now, id);
        let Some(call) = self.call_mut(id) else { return };
        call.session.modification.timeout(now.mono);
        match call.session.timer.timeout(now.mono) {
            Due::Nothing => {}
            Due::Refresh => self.want(id, Wish::Refresh, None),
            Due::End => {
                self.give_session_up(now, id, ErrorCode::Timeout);
                return;
            }
        }
        let sound = self.call_account(id).is_some_and(|account| self.is_signalling_sound(account));
        let Some(call) = self.call_mut(id) else { return };
        let adrift = call.session.adrift;
        if let Some(repair) = call.session.repair.as_mut().filter(|_| !sound && !adrift) {
            repair.put_off(now.mono);
        }
        match call.session.repair.as_mut().map(|repair| repair.timeout(now.mono, adrift)) {
            None | Some(Measure::None) => {}
            Some(Measure::Restart) => self.want(id, Wish::Offer { restart: true }, None),
            Some(Measure::GiveUp) => self.give_session_up(now, id, ErrorCode::MediaFailed),
        }
    }

    /// The far end, or the way to it, is gone: BYE, for whoever may still hear it, and the end.
    fn give_session_up(&mut self, now: Now, id: CallId, why: ErrorCode) {
        let Some(call) = self.call_mut(id).filter(|call| !call.is_over()) else { return };
        let (account, dialog) = (call.account, call.dialog.clone());
        if call.phase == Phase::Answered {
            call.bye_after_ack = true;
        } else if let Some(dialog) = dialog {
            self.bye(now, id, account, dialog);
        }
        self.end_call(now, id, outcome::of_error(OutcomeKind::NetworkLost, why.into()));
    }
}
