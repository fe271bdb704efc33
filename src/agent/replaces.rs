//! INVITE with Replaces (RFC 3891), both ways: a new call takes the place of another one of ours, or of theirs.

use super::Agent;
use super::call::{Beginning, Call, Job, Phase};
use super::identity::asserted;
use super::messaging::{identity_of, sender};
use super::outcome::outcome;
use crate::common::time::Now;
use crate::io::{AccountId, CallId, Error, ErrorCode, Event, Extra, OutcomeKind, ReplacePolicy};
use crate::message::{HeaderName, Headers, Replaces};

impl Agent {
    /// The Replaces value that names the call `id` to its far end.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such call or it is over, [`ErrorCode::InvalidState`] where it has no
    /// dialog yet.
    pub(super) fn replaces_value(&self, id: CallId) -> Result<String, Error> {
        let call = self.calls.iter().find(|call| call.id == id && !call.is_over()).ok_or(ErrorCode::NotFound)?;
        let confirmed = call.is_confirmed();
        let dialog = call.dialog.as_ref().filter(|_| confirmed).ok_or(ErrorCode::InvalidState)?;
        let replaces = Replaces {
            call_id: call.call_id.as_str().into(),
            to_tag: dialog.remote_tag().into(),
            from_tag: dialog.local_tag().into(),
            early_only: false,
        };
        Ok(replaces.to_text())
    }

    /// The call that an INVITE with these headers is to take the place of (section 3), and whether nobody has to be
    /// asked first.
    ///
    /// # Errors
    /// The status that the INVITE is refused with.
    pub(super) fn to_replace(&self, account: AccountId, headers: &Headers) -> Result<Option<(CallId, bool)>, u16> {
        let replaces = match headers.replaces() {
            None => return Ok(None),
            Some(Err(_)) => return Err(400),
            Some(Ok(replaces)) => replaces,
        };
        if headers.lines(HeaderName::Replaces).nth(1).is_some() || headers.join().is_some() {
            return Err(400);
        }
        // A dialog of another account is none of theirs, and whether there is one is none of their business.
        let named = |call: &&Call| {
            call.account == account
                && call.call_id == replaces.call_id
                && call.has_tags(&replaces.to_tag, &replaces.from_tag)
        };
        let Some(call) = self.calls.iter().find(named) else { return Err(481) };
        match call.phase {
            Phase::Over => Err(603),
            // An early dialog is replaced only where we began it.
            Phase::Arrived | Phase::Ringing | Phase::Answering | Phase::Preparing => Err(481),
            Phase::Answered | Phase::Established if replaces.early_only => Err(486),
            _ if self.calls.iter().any(|other| other.replacing == Some(call.id) && !other.is_over()) => Err(486),
            Phase::Calling | Phase::Answered | Phase::Established => {
                Ok(Some((call.id, self.is_authorized(call, headers))))
            }
        }
    }

    /// Whether the sender of these headers may take the place of `call` without a person (section 3).
    fn is_authorized(&self, call: &Call, headers: &Headers) -> bool {
        let Some(account) = self.find_account(call.account) else { return false };
        let is_peer = |uri: &str| {
            // Whoever does not say who it is may be anybody (RFC 3323 section 4.1.1.3).
            !uri.ends_with("@anonymous.invalid")
                && (uri == call.remote_uri || call.asserted_identity.as_ref().is_some_and(|known| known.uri == uri))
        };
        match account.options.replaces {
            ReplacePolicy::Accept => true,
            ReplacePolicy::Ask => false,
            ReplacePolicy::Peer => {
                // What the network says counts before what the sender says.
                let sender = asserted(headers).unwrap_or_else(|| sender(headers)).uri;
                let referrer = headers.referred_by().and_then(Result::ok).map(|by| identity_of(&by.address).uri);
                is_peer(&sender) || sender == account.address_of_record() || referrer.is_some_and(|uri| is_peer(&uri))
            }
        }
    }

    /// A call that takes the place of `old` is answered by itself; nobody is asked, and nobody is told before it is done.
    pub(super) fn begin_replacing(&mut self, call: Call, old: CallId) {
        let id = call.id;
        self.calls.push(Call { phase: Phase::Answering, job: Job::First, replacing: Some(old), ..call });
        self.open_media(id, true);
        self.describe_first(id);
    }

    /// The beginning of a call that takes the place of `old`: the host, and whoever holds the phone, go on with the call
    /// that they know.
    pub(super) fn in_place_of(&self, old: CallId, beginning: Beginning) -> (Beginning, bool) {
        let Some(old) = self.find_call(old) else { return (beginning, false) };
        (Beginning { uuid: old.uuid.clone(), ..beginning }, old.muted)
    }

    /// The 200 of a call that takes another one's place has left.
    pub(super) fn replaced(&mut self, now: Now, id: CallId) {
        let fresh = self.random.uuid();
        let Some(call) = self.call_mut(id) else { return };
        let (by_itself, answered) = (call.replacing.take(), call.replaces.take());
        let (info, headers) = (call.info(), call.invite.headers.list());
        let Some(old) = by_itself.or(answered) else { return };
        if by_itself.is_some() {
            self.set_uuid(old, &fresh);
            self.tell(Event::CallReceived { call: info, headers });
            self.tell(Event::CallReplaced { old, new: id });
        }
        // An old call that ended meanwhile is out of the way already.
        if self.call_mut(old).is_none_or(|call| call.is_over()) {
            return;
        }
        if by_itself.is_none() {
            self.tell(Event::CallReplaced { old, new: id });
        }
        let Some(call) = self.call_mut(old) else { return };
        let (phase, account, dialog) = (call.phase, call.account, call.dialog.clone());
        match (phase, dialog) {
            (Phase::Calling, _) => self.give_up(now, old, &Extra::default()),
            (Phase::Established, Some(dialog)) => {
                self.bye(now, old, account, dialog);
            }
            _ => call.bye_after_ack = true,
        }
        self.end_call(now, old, outcome(OutcomeKind::Completed, false));
    }
}

impl Call {
    /// Whether one of its dialogs has these tags.
    pub(super) fn has_tags(&self, local: &str, remote: &str) -> bool {
        // A far end of RFC 2543 has none, which is written as nought (section 3).
        self.local_tag == local && self.tags().any(|tag| tag == remote || (tag.is_empty() && remote == "0"))
    }
}
