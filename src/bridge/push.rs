//! Push tokens and pushes.

use super::SipStatus;
use super::codec::{RawJson, message, names, record};
use crate::common::secret::Secret;

names! {
    /// What a token is for.
    TokenKind {
        /// Calls.
        Voip = "voip",
        /// Messages.
        Im = "im",
    }
}

names! {
    /// Which of a push service's two worlds.
    Environment {
        /// For development.
        Sandbox = "sandbox",
        /// For everybody.
        Production = "production",
    }
}

message! {
    /// A push token came, changed or died.
    PushToken, Event "push.token" {
        /// What it is for.
        kind "kind": TokenKind,
        /// `apns`, `fcm`, `webpush` or another.
        provider "provider": String,
        /// The token; absent: it died.
        token "token": Option<Secret>,
        /// Sandbox or production.
        environment "environment": Environment,
        /// The app's bundle.
        bundle_id "bundleId": String,
        /// The push service's topic.
        topic "topic": String,
        /// The team.
        team_id "teamId": Option<String>,
        /// Ready-made Contact parameters; they win over the account's template.
        contact_params "contactParams": Option<Secret>,
    }
}

message! {
    /// The page misses a token.
    RequestToken, Event "push.requestToken" {
        /// Which.
        kind "kind": TokenKind,
    }
}

names! {
    /// What a push announces.
    PushKind {
        /// A call.
        Call = "call",
        /// The caller gave up.
        Cancel = "cancel",
        /// Another device answered.
        AnsweredElsewhere = "answeredElsewhere",
        /// Another device declined.
        DeclinedElsewhere = "declinedElsewhere",
        /// It was missed.
        Missed = "missed",
    }
}

names! {
    /// What the app was doing when the push came.
    Launch {
        /// It was not running.
        Cold = "cold",
        /// It slept.
        Suspended = "suspended",
        /// It was in front.
        Foreground = "foreground",
    }
}

record! {
    /// How the system took the report.
    Reported {
        /// Whether it shows the call.
        ok "ok": bool,
        /// Why not.
        error_code "errorCode": Option<String>,
    }
}

message! {
    /// A push came; the host has read it and reported it.
    PushIncoming, Request "push.incoming" {
        /// Id of the push: the payload's. One that has none is known by its call, and has `callUuid` here.
        push_id "pushId": String,
        /// The call it announces.
        call_uuid "callUuid": String,
        /// For whom, where that is known.
        account "account": Option<String>,
        /// The called URI.
        to_uri "toUri": Option<String>,
        /// What it announces.
        kind "kind": PushKind,
        /// The SIP Call-ID, if the payload names one.
        sip_call_id "sipCallId": Option<String>,
        /// The caller's URI, if the payload names one.
        from_uri "fromUri": Option<String>,
        /// The caller's name, if the payload names one.
        display_name "displayName": Option<String>,
        /// Whether it is a video call.
        video "video": bool,
        /// How old the push was when it came.
        age_ms "ageMs": u64,
        /// How long it is worth anything.
        ttl_ms "ttlMs": Option<u64>,
        /// What the app was doing.
        launch "launch": Launch,
        /// Whether the device is locked.
        locked "locked": bool,
        /// How the system took it.
        reported "reported": Reported,
        /// Whether the system insisted on a report.
        must_report "mustReport": bool,
        /// The rest of the payload, as far as it may be passed on.
        raw "raw": RawJson,
        /// The INVITE must be there within so many milliseconds.
        invite_timeout_ms "inviteTimeoutMs": u64,
    }
}

names! {
    /// Why the engine does not take a push.
    PushRefusal {
        /// It is known.
        Duplicate = "duplicate",
        /// It is for nobody here.
        UnknownAccount = "unknownAccount",
        /// Its call is on already.
        AlreadyActive = "alreadyActive",
        /// Its call is over.
        Ended = "ended",
    }
}

message! {
    /// The engine's answer to a push.
    PushIncomingReply, Reply "push.incoming" {
        /// Whether it waits for the INVITE, or has it.
        accepted "accepted": bool,
        /// Why not.
        reason "reason": Option<PushRefusal>,
        /// The call that the push belongs to, if the INVITE was there first.
        bound_call_uuid "boundCallUuid": Option<String>,
    }
}

names! {
    /// What became of a push.
    PushOutcome {
        /// Its INVITE came.
        Bound = "bound",
        /// The caller gave up.
        Cancelled = "cancelled",
        /// Another device answered.
        AnsweredElsewhere = "answeredElsewhere",
        /// Another device declined.
        DeclinedElsewhere = "declinedElsewhere",
        /// No INVITE will come.
        NoCall = "noCall",
        /// The registration failed.
        RegistrationFailed = "registrationFailed",
    }
}

message! {
    /// What became of a push.
    PushResolved, Event "push.resolved" {
        /// The push.
        push_id "pushId": String,
        /// The call.
        call_uuid "callUuid": String,
        /// What became of it.
        outcome "outcome": PushOutcome,
        /// The SIP status behind it.
        sip "sip": Option<SipStatus>,
    }
}
