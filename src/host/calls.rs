//! The table of calls, and which push and which INVITE belong to one.

use crate::bridge::call::CallDirection;
use crate::bridge::{CallIncoming, CallMatch, EndReason, Handle, PushFacts, PushIncoming, ReportError, Supports};
use crate::common::limits;
use crate::common::time::Mono;

/// What a call is known by in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallKey(u32);

/// What the system made of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// It did not say yet.
    Pending,
    /// It shows the call.
    Shown,
    /// It refused.
    Refused(ReportError),
    /// It showed the call and does no more: the user or we ended it there.
    Gone,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It rings.
    Ringing,
    /// The user answered.
    Answered,
    /// It is ours, and the system was asked whether it may start.
    Starting,
    /// It is ours, and on its way to the far end.
    Calling,
    /// Both sides agreed.
    Connected,
    /// The user declined or hung up; it waits only for the page to hear of it.
    Declined,
    /// It is over; it waits only for the system to take the report, so that it can be ended there.
    Over(EndReason),
}

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    pub key: CallKey,
    pub uuid: String,
    pub direction: CallDirection,
    pub push: Option<PushIncoming>,
    /// The page was told of the push.
    pub push_posted: bool,
    /// The request that told it, until it is answered.
    pub push_request: Option<String>,
    /// The device was not unlocked yet, so nothing can become of it.
    pub sealed: bool,
    pub sip_call_id: Option<String>,
    pub account: Option<String>,
    pub handle: Option<String>,
    pub display_name: Option<String>,
    pub video: bool,
    pub supports: Supports,
    /// Whom a call of ours calls.
    pub dialled: Option<Handle>,
    /// The `call.start` that the system's word answers.
    pub start_asked: Option<String>,
    /// The system was told that it is on its way.
    pub connecting: bool,
    pub report: Report,
    /// Its INVITE is there.
    pub bound: bool,
    /// The page that is there has told of the INVITE itself.
    pub invited: bool,
    /// The id of a push that the INVITE named.
    pub invite_push_id: Option<String>,
    pub phase: Phase,
    /// The user hung up after both sides had agreed: there is no INVITE to wait for.
    pub hung_up: bool,
    pub muted: bool,
    pub held: bool,
    /// What the system shows of that.
    pub held_on_screen: bool,
    /// Until then an unmute is the system's own.
    pub quiet_until: Mono,
    /// The page answered it, and the system does not know yet.
    pub answered_in_page: bool,
    /// The group it is in.
    pub group: Option<u32>,
    /// The page's `call.incoming`, to be answered when the system took the report.
    pub asked: Option<(String, CallMatch)>,
}

impl Call {
    /// Whether anything can still become of it.
    pub fn is_live(&self) -> bool {
        !matches!(self.phase, Phase::Over(_))
    }

    /// Whether it waits for an INVITE, be it to decline it.
    pub fn waits_for_invite(&self) -> bool {
        self.is_live() && !self.bound
    }

    pub fn is_outgoing(&self) -> bool {
        self.direction == CallDirection::Outgoing
    }

    pub fn push_id(&self) -> Option<&str> {
        self.push.as_ref().map(|push| push.push_id.as_str())
    }
}

/// A call that is over.
#[derive(Debug)]
struct Finished {
    uuid: String,
    sip_call_id: Option<String>,
    push_id: Option<String>,
    reason: EndReason,
}

/// Every call there is, and the last ones that were.
#[derive(Debug, Default)]
pub(super) struct Calls {
    next: u32,
    list: Vec<Call>,
    finished: Vec<Finished>,
}

impl Calls {
    /// A new call, as `fill` makes it.
    pub fn add(&mut self, uuid: String, fill: impl FnOnce(&mut Call)) -> CallKey {
        self.next += 1;
        let mut call = Call {
            key: CallKey(self.next),
            uuid,
            direction: CallDirection::Incoming,
            push: None,
            push_posted: false,
            push_request: None,
            sealed: false,
            sip_call_id: None,
            account: None,
            handle: None,
            display_name: None,
            video: false,
            supports: Supports { hold: true, dtmf: true, ..Supports::default() },
            dialled: None,
            start_asked: None,
            connecting: false,
            report: Report::Pending,
            bound: false,
            invited: false,
            invite_push_id: None,
            phase: Phase::Ringing,
            hung_up: false,
            muted: false,
            held: false,
            held_on_screen: false,
            quiet_until: Mono(0),
            answered_in_page: false,
            group: None,
            asked: None,
        };
        fill(&mut call);
        let key = call.key;
        self.list.push(call);
        key
    }

    pub fn get(&self, key: CallKey) -> Option<&Call> {
        self.list.iter().find(|call| call.key == key)
    }

    pub fn get_mut(&mut self, key: CallKey) -> Option<&mut Call> {
        self.list.iter_mut().find(|call| call.key == key)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Call> {
        self.list.iter()
    }

    pub fn keys(&self) -> Vec<CallKey> {
        self.list.iter().map(|call| call.key).collect()
    }

    pub fn by_uuid(&self, uuid: &str) -> Option<&Call> {
        self.list.iter().find(|call| call.uuid.eq_ignore_ascii_case(uuid))
    }

    pub fn is_full(&self) -> bool {
        self.list.len() >= limits::CALLS
    }

    /// Whether a UUID was used before, for whatever.
    pub fn is_used(&self, uuid: &str) -> bool {
        self.by_uuid(uuid).is_some() || self.finished.iter().any(|call| call.uuid.eq_ignore_ascii_case(uuid))
    }

    /// Forgets a call, but for what a late push or INVITE may name.
    pub fn finish(&mut self, key: CallKey, reason: EndReason) {
        if let Some(index) = self.list.iter().position(|call| call.key == key) {
            let call = self.list.remove(index);
            self.remember(&call, reason);
        }
    }

    /// Notes that a call is over, so that a late push ends at once.
    fn remember(&mut self, call: &Call, reason: EndReason) {
        if self.finished.len() >= limits::FINISHED_CALLS {
            self.finished.remove(0);
        }
        self.finished.push(Finished {
            uuid: call.uuid.clone(),
            sip_call_id: call.sip_call_id.clone(),
            push_id: call.push_id().map(str::to_owned),
            reason,
        });
    }

    /// The live call that a push is about, by ids alone.
    pub fn of_push(&self, facts: &PushFacts) -> Option<CallKey> {
        let same = |a: Option<&str>, b: &Option<String>| a.is_some() && a == b.as_deref();
        let live = || self.list.iter().filter(|call| call.is_live());
        live()
            .find(|call| same(call.push_id().or(call.invite_push_id.as_deref()), &facts.push_id))
            .or_else(|| live().find(|call| same(call.sip_call_id.as_deref(), &facts.sip_call_id)))
            .map(|call| call.key)
            .or_else(|| self.of_nameless_push(facts))
    }

    /// A push without a Call-ID belongs to the one call whose INVITE came first and that no push announced yet. Should it
    /// be of another call after all, that call's own INVITE is reported when it comes.
    fn of_nameless_push(&self, facts: &PushFacts) -> Option<CallKey> {
        if !facts.readable || facts.sip_call_id.is_some() {
            return None;
        }
        let is_unannounced =
            |call: &&Call| matches!(call.phase, Phase::Ringing | Phase::Answered) && call.bound && call.push.is_none();
        let may_mean = |call: &&Call| match (&facts.from_uri, &call.handle) {
            (Some(a), Some(b)) => same_party(a, b),
            _ => true,
        };
        let mut fitting = self.list.iter().filter(is_unannounced).filter(may_mean);
        let call = fitting.next().filter(|_| fitting.next().is_none())?;
        // Where both name a push, and not the same, they are of two calls.
        (call.invite_push_id.is_none() || facts.push_id.is_none()).then_some(call.key)
    }

    /// How the call ended that a push is about, if it is over.
    pub fn ended_of_push(&self, facts: &PushFacts) -> Option<EndReason> {
        let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        let over = self.list.iter().filter_map(|call| match call.phase {
            Phase::Over(reason) if same(&call.sip_call_id, &facts.sip_call_id) => Some(reason),
            _ => None,
        });
        let finished = self.finished.iter().rev();
        let finished = finished
            .filter(|call| same(&call.sip_call_id, &facts.sip_call_id) || same(&call.push_id, &facts.push_id))
            .map(|call| call.reason);
        over.chain(finished).next()
    }

    /// The one call that waits for its INVITE, if there is exactly one.
    pub fn only_waiting(&self) -> Option<CallKey> {
        let mut waiting = self.list.iter().filter(|call| call.waits_for_invite());
        let first = waiting.next()?;
        waiting.next().is_none().then_some(first.key)
    }

    /// The call that an INVITE belongs to. Ids are certain, and a push that names another Call-ID is of another call.
    /// Where the push names none, one open push that names this caller or nobody is taken, and of two, none.
    pub fn of_invite(&self, invite: &CallIncoming, certain: bool) -> Option<CallKey> {
        let live = || self.list.iter().filter(|call| call.is_live());
        if let Some(call) = live().find(|call| call.uuid.eq_ignore_ascii_case(&invite.call_uuid)) {
            return Some(call.key);
        }
        if let Some(call) = live().find(|call| call.sip_call_id.as_deref() == Some(invite.sip_call_id.as_str())) {
            return Some(call.key);
        }
        let named = live().find(|call| invite.push_id.is_some() && call.push_id() == invite.push_id.as_deref());
        if let Some(call) = named {
            return Some(call.key);
        }
        let call = self.get(self.only_waiting()?).filter(|call| call.sip_call_id.is_none() || !certain)?;
        if invite.push_id.is_some() && call.push_id() != Some(call.uuid.as_str()) {
            // Both name a push, and not the same.
            return None;
        }
        call.handle.as_deref().is_none_or(|handle| same_party(handle, &invite.from_uri)).then_some(call.key)
    }
}

/// Whether two texts name the same party: the user parts are the same, and the hosts where both have one.
fn same_party(a: &str, b: &str) -> bool {
    let parts = |text: &'_ str| {
        let text = text.trim_start_matches('<').trim_end_matches('>');
        let text = ["sips:", "sip:", "tel:"]
            .into_iter()
            .find(|scheme| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)))
            .and_then(|scheme| text.get(scheme.len()..))
            .unwrap_or(text);
        let text = text.split([';', '?', '>']).next().unwrap_or_default();
        match text.split_once('@') {
            Some((user, host)) => (user.to_owned(), Some(host.split(':').next().unwrap_or_default().to_owned())),
            None => (text.to_owned(), None),
        }
    };
    let ((user_a, host_a), (user_b, host_b)) = (parts(a), parts(b));
    user_a == user_b
        && match (host_a, host_b) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(&b),
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(uuid: &str, sip_call_id: &str, push_id: Option<&str>) -> CallIncoming {
        CallIncoming {
            call_uuid: uuid.to_owned(),
            sip_call_id: sip_call_id.to_owned(),
            push_id: push_id.map(str::to_owned),
            from_uri: "sip:alice@example.com".to_owned(),
            ..CallIncoming::default()
        }
    }

    fn push(calls: &mut Calls, uuid: &str, push_id: &str, handle: Option<&str>) -> CallKey {
        calls.add(uuid.to_owned(), |call| {
            call.push = Some(PushIncoming { push_id: push_id.to_owned(), ..PushIncoming::default() });
            call.handle = handle.map(str::to_owned);
        })
    }

    #[test]
    fn one_open_push_without_ids_takes_the_invite_and_two_do_not() {
        let mut calls = Calls::default();
        let first = push(&mut calls, "u1", "p1", None);
        assert_eq!(calls.of_invite(&invite("x", "c", None), true), Some(first));
        let second = push(&mut calls, "u2", "p2", None);
        assert_eq!(calls.of_invite(&invite("x", "c", None), true), None);
        assert_eq!(calls.of_invite(&invite("x", "c", Some("p2")), true), Some(second));
        assert_eq!(calls.of_invite(&invite("x", "c", Some("p3")), true), None);
        assert_eq!(calls.of_invite(&invite("U2", "c", None), true), Some(second));
    }

    #[test]
    fn a_push_that_names_another_caller_does_not_take_the_invite() {
        let mut calls = Calls::default();
        let key = push(&mut calls, "u1", "p1", Some("sip:bob@example.com"));
        assert_eq!(calls.of_invite(&invite("x", "c", None), true), None);
        calls.get_mut(key).unwrap().handle = Some("alice".to_owned());
        assert_eq!(calls.of_invite(&invite("x", "c", None), true), Some(key));
    }

    #[test]
    fn parties_are_compared_without_scheme_port_and_parameters() {
        assert!(same_party("sip:a@EXAMPLE.com:5060;transport=ws", "<sips:a@example.com>"));
        assert!(same_party("+4911", "tel:+4911"));
        assert!(!same_party("sip:a@example.com", "sip:A@example.com"));
        assert!(!same_party("sip:a@example.com", "sip:a@example.org"));
    }

    #[test]
    fn finished_calls_are_remembered_and_bounded() {
        let mut calls = Calls::default();
        for index in 0..limits::FINISHED_CALLS + 1 {
            let key = push(&mut calls, &format!("u{index}"), &format!("p{index}"), None);
            calls.finish(key, EndReason::Unanswered);
        }
        let facts = |id: &str| PushFacts { push_id: Some(id.to_owned()), ..PushFacts::default() };
        assert_eq!(calls.ended_of_push(&facts("p0")), None);
        assert_eq!(calls.ended_of_push(&facts("p1")), Some(EndReason::Unanswered));
        assert!(calls.is_used("U1") && !calls.is_used("u0"));
    }
}
