//! Calls: what the page tells of them, and what the user does to them.

use super::codec::{message, names, record};
use super::{ReplyError, SipStatus};
use crate::io::{Outcome, OutcomeKind};

names! {
    /// Who called.
    CallDirection {
        /// They did.
        Incoming = "incoming",
        /// We did.
        Outgoing = "outgoing",
    }
}

names! {
    /// What a handle is.
    HandleType {
        /// A telephone number.
        Phone = "phone",
        /// An e-mail address.
        Email = "email",
        /// Anything else, such as a SIP URI.
        Generic = "generic",
    }
}

record! {
    /// Who is at the far end, as the system shows it.
    Handle {
        /// What it is.
        handle_type "type": HandleType,
        /// The text.
        value "value": String,
    }
}

record! {
    /// What the system may offer for a call.
    Supports {
        /// Hold.
        hold "hold": bool,
        /// Digits.
        dtmf "dtmf": bool,
        /// Joining calls.
        group "group": bool,
        /// Splitting them.
        ungroup "ungroup": bool,
    }
}

message! {
    /// An INVITE came.
    CallIncoming, Request "call.incoming" {
        /// The UUID that the page proposes.
        call_uuid "callUuid": String,
        /// The INVITE's Call-ID.
        sip_call_id "sipCallId": String,
        /// The push it belongs to, if the INVITE or the engine knows one.
        push_id "pushId": Option<String>,
        /// Whose call.
        account "account": Option<String>,
        /// The caller's URI.
        from_uri "fromUri": String,
        /// The caller's name.
        display_name "displayName": Option<String>,
        /// The caller as the system shows it.
        handle "handle": Handle,
        /// Whether it is a video call.
        video "video": bool,
        /// What the system may offer.
        supports "supports": Supports,
    }
}

names! {
    /// How the host knows an INVITE.
    CallMatch {
        /// It was reported just now.
        New = "new",
        /// A push had announced it.
        Push = "push",
        /// It was reported before.
        Duplicate = "duplicate",
    }
}

names! {
    /// Why the system refused a report.
    ReportError {
        /// Do Not Disturb, or a focus.
        DoNotDisturb = "doNotDisturb",
        /// The caller is blocked.
        Blocked = "blocked",
        /// There is a call with this UUID.
        UuidExists = "uuidExists",
        /// Sharing is restricted.
        RestrictedSharing = "restrictedSharing",
        /// The caller is protected.
        Protected = "protected",
        /// A participant is sensitive.
        SensitiveParticipants = "sensitiveParticipants",
        /// The app may not.
        Unentitled = "unentitled",
        /// Anything else.
        Other = "other",
    }
}

message! {
    /// The host's answer to an INVITE.
    CallIncomingReply, Reply "call.incoming" {
        /// The UUID that counts.
        call_uuid "callUuid": String,
        /// How it is known.
        call_match "match": CallMatch,
        /// Why the system does not show it.
        error "error": Option<ReportError>,
    }
}

message! {
    /// The application starts a call. What the system lets happen comes back as `call.perform` with the action `start`;
    /// until then nothing is sent.
    CallStart, Request "call.start" {
        /// Its UUID, minted by the page.
        call_uuid "callUuid": String,
        /// Whose call.
        account "account": String,
        /// Whom it calls.
        handle "handle": Handle,
        /// Their name.
        display_name "displayName": Option<String>,
        /// Whether it is a video call.
        video "video": bool,
    }
}

message! {
    /// The system lets the call start. Where it does not, the error says why: a name of [`RequestRefusal`].
    CallStartReply, Reply "call.start" {}
}

names! {
    /// Why the system refused what the app asked it for.
    RequestRefusal {
        /// There are as many calls as it shows.
        TooManyCalls = "tooManyCalls",
        /// The app may not.
        Unentitled = "unentitled",
        /// Anything else.
        Other = "other",
    }
}

names! {
    /// Where somebody asked for a call.
    StartSource {
        /// The list of recent calls.
        Recents = "recents",
        /// Siri.
        Siri = "siri",
        /// A link.
        Url = "url",
    }
}

message! {
    /// Somebody asked for a call outside the page; the application may start it.
    IntentStartCall, Event "intent.startCall" {
        /// Whose call, where it is known.
        account "account": Option<String>,
        /// Whom to call.
        handle "handle": Handle,
        /// Their name.
        display_name "displayName": Option<String>,
        /// Whether with video.
        video "video": bool,
        /// Where it was asked for.
        source "source": StartSource,
    }
}

message! {
    /// What is shown of a call changed.
    CallUpdate, Event "call.update" {
        /// The call.
        call_uuid "callUuid": String,
        /// The far end's name.
        display_name "displayName": Option<String>,
        /// The far end as the system shows it.
        handle "handle": Option<Handle>,
        /// Whether it is a video call.
        video "video": Option<bool>,
        /// What the system may offer.
        supports "supports": Option<Supports>,
    }
}

names! {
    /// Phase of a call.
    CallStateName {
        /// It is being set up.
        Connecting = "connecting",
        /// It rings.
        Ringing = "ringing",
        /// It rings, with media.
        Early = "early",
        /// Both sides agreed.
        Connected = "connected",
        /// We hold it.
        Held = "held",
        /// We hold it no more.
        Resumed = "resumed",
        /// They hold it.
        RemoteHeld = "remoteHeld",
        /// They hold it no more.
        RemoteResumed = "remoteResumed",
    }
}

message! {
    /// A call changed its phase.
    CallState, Event "call.state" {
        /// The call.
        call_uuid "callUuid": String,
        /// The phase.
        state "state": CallStateName,
        /// When, epoch milliseconds.
        at "at": u64,
        /// Its Call-ID.
        sip_call_id "sipCallId": Option<String>,
    }
}

names! {
    /// How a call ended.
    EndReason {
        /// Something failed.
        Failed = "failed",
        /// The far end ended it.
        RemoteEnded = "remoteEnded",
        /// Nobody answered.
        Unanswered = "unanswered",
        /// Another device answered.
        AnsweredElsewhere = "answeredElsewhere",
        /// Another device declined.
        DeclinedElsewhere = "declinedElsewhere",
        /// This side ended it.
        Local = "local",
    }
}

impl EndReason {
    /// The reason that the system's call screen shows.
    #[must_use]
    pub const fn of(outcome: &Outcome) -> Self {
        match outcome.kind {
            OutcomeKind::AnsweredElsewhere => Self::AnsweredElsewhere,
            OutcomeKind::DeclinedElsewhere => Self::DeclinedElsewhere,
            OutcomeKind::NetworkLost | OutcomeKind::Failed => Self::Failed,
            OutcomeKind::Missed if outcome.error.is_some() => Self::Failed,
            _ if outcome.local => Self::Local,
            OutcomeKind::Busy | OutcomeKind::Cancelled => Self::Unanswered,
            OutcomeKind::Completed | OutcomeKind::Missed | OutcomeKind::Declined => Self::RemoteEnded,
        }
    }
}

message! {
    /// A call is over.
    CallEnded, Event "call.ended" {
        /// The call.
        call_uuid "callUuid": String,
        /// How.
        reason "reason": EndReason,
        /// The SIP status behind it.
        sip "sip": Option<SipStatus>,
        /// When, epoch milliseconds.
        at "at": u64,
    }
}

names! {
    /// What is done to a call.
    CallAction {
        /// Start it.
        Start = "start",
        /// Answer it.
        Answer = "answer",
        /// Decline it or hang up.
        End = "end",
        /// Hold it.
        Hold = "hold",
        /// Hold it no more.
        Unhold = "unhold",
        /// Microphone off.
        Mute = "mute",
        /// Microphone on.
        Unmute = "unmute",
        /// Send digits.
        Dtmf = "dtmf",
        /// Join it with another.
        Group = "group",
        /// Split it off.
        Ungroup = "ungroup",
    }
}

names! {
    /// Where a change came from, so that nothing echoes.
    Origin {
        /// The user, through the system.
        User = "user",
        /// The system itself.
        System = "system",
        /// The page.
        App = "app",
        /// The far end.
        Remote = "remote",
    }
}

message! {
    /// A button in the page. What the user wants comes back as `call.perform`.
    CallRequest, Request "call.request" {
        /// The call.
        call_uuid "callUuid": String,
        /// What.
        action "action": CallAction,
        /// Which digits.
        digits "digits": Option<String>,
        /// With which call.
        group_with "groupWith": Option<String>,
    }
}

message! {
    /// The button was taken.
    CallRequestReply, Reply "call.request" {}
}

message! {
    /// The user wants something.
    CallPerform, Request "call.perform" {
        /// Id of the action; the same action never has two.
        action_id "actionId": String,
        /// The call.
        call_uuid "callUuid": String,
        /// What.
        action "action": CallAction,
        /// From where.
        origin "origin": Origin,
        /// Which digits.
        digits "digits": Option<String>,
        /// With which call.
        group_with "groupWith": Option<String>,
        /// Whom to call.
        handle "handle": Option<Handle>,
        /// Whether with video.
        video "video": Option<bool>,
    }
}

names! {
    /// How far an action is.
    PerformState {
        /// It waits, for the INVITE as a rule. Another reply follows.
        Pending = "pending",
        /// It is done.
        Done = "done",
        /// It cannot be done.
        Failed = "failed",
    }
}

/// Why an action failed: the error of [`ReplyError`].
pub type PerformError = ReplyError;

message! {
    /// The engine's answer to an action; `pending` may come before the final one.
    CallPerformReply, Reply "call.perform" {
        /// How far it is.
        state "state": PerformState,
        /// When both sides agreed, epoch milliseconds.
        connected_at "connectedAt": Option<u64>,
        /// Why it failed.
        error "error": Option<PerformError>,
    }
}

message! {
    /// The system gave up on an action.
    CallPerformTimedOut, Event "call.performTimedOut" {
        /// The action.
        action_id "actionId": String,
        /// The call.
        call_uuid "callUuid": String,
        /// What.
        action "action": CallAction,
    }
}

message! {
    /// The system forgot every call: end everything.
    ProviderReset, Event "call.providerReset" {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{Error, ErrorCode};

    /// Every outcome with the reason that CallKit is given for it: ended by the far end, and by us.
    #[test]
    fn each_outcome_has_its_end_reason() {
        let reason = |kind, local, error: Option<Error>| {
            EndReason::of(&Outcome { kind, local, status: None, q850: None, reason_text: None, error })
        };
        for (kind, theirs, ours) in [
            (OutcomeKind::Completed, EndReason::RemoteEnded, EndReason::Local),
            (OutcomeKind::AnsweredElsewhere, EndReason::AnsweredElsewhere, EndReason::AnsweredElsewhere),
            (OutcomeKind::DeclinedElsewhere, EndReason::DeclinedElsewhere, EndReason::DeclinedElsewhere),
            (OutcomeKind::Missed, EndReason::RemoteEnded, EndReason::Local),
            (OutcomeKind::Busy, EndReason::Unanswered, EndReason::Local),
            (OutcomeKind::Declined, EndReason::RemoteEnded, EndReason::Local),
            (OutcomeKind::Cancelled, EndReason::Unanswered, EndReason::Local),
            (OutcomeKind::NetworkLost, EndReason::Failed, EndReason::Failed),
            (OutcomeKind::Failed, EndReason::Failed, EndReason::Failed),
        ] {
            assert_eq!((reason(kind, false, None), reason(kind, true, None)), (theirs, ours), "{}", kind.name());
        }
        // Nobody gave up: the flow was lost while it rang.
        assert_eq!(reason(OutcomeKind::Missed, true, Some(ErrorCode::FlowLost.into())), EndReason::Failed);
    }
}
