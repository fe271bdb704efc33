//! Media sessions that the host owns, for hosts with the capability `media.host`.

use super::codec::{message, record};
use crate::common::secret::Secret;

record! {
    /// A STUN or TURN server.
    IceServer {
        /// `stun:`, `turn:` or `turns:` URLs.
        urls "urls": Vec<String>,
        /// For TURN.
        username "username": Option<String>,
        /// For TURN.
        credential "credential": Option<Secret>,
    }
}

record! {
    /// How a description is made.
    MediaPolicy {
        /// Upper limit of ICE gathering.
        gathering_limit_ms "gatheringLimitMs": Option<u64>,
        /// Whether the description leaves as soon as a usable candidate is there.
        first_usable_candidate "firstUsableCandidate": Option<bool>,
        /// Tone to send where there is no microphone in hertz; 0 or absent: fail.
        test_tone_hz "testToneHz": Option<u64>,
        /// Whether candidates that come after a description are told by `media.candidate`.
        trickle "trickle": Option<bool>,
    }
}

message! {
    /// Make a media session.
    MediaOpen, Request "media.open" {
        /// The session's number, chosen by the page.
        media "media": u64,
        /// The call it is for.
        call_uuid "callUuid": String,
        /// `false`: the microphone is opened by `media.microphone`. Otherwise at once.
        microphone "microphone": Option<bool>,
        /// Servers for ICE.
        ice_servers "iceServers": Vec<IceServer>,
        /// With audio.
        audio "audio": bool,
        /// With video: the camera is opened, and descriptions have it both ways until `media.direction` says otherwise.
        video "video": bool,
        /// How descriptions are made.
        policy "policy": MediaPolicy,
    }
}

message! {
    /// Make an offer; the reply carries it.
    MediaOffer, Request "media.offer" {
        /// The session.
        media "media": u64,
        /// Whether ICE starts anew.
        ice_restart "iceRestart": Option<bool>,
    }
}

message! {
    /// Take this offer; the reply carries the answer.
    MediaAccept, Request "media.accept" {
        /// The session.
        media "media": u64,
        /// The remote description.
        sdp "sdp": String,
    }
}

message! {
    /// Take this answer.
    MediaSetAnswer, Request "media.setAnswer" {
        /// The session.
        media "media": u64,
        /// The remote description.
        sdp "sdp": String,
        /// Of a provisional response: a later answer takes its place.
        provisional "provisional": Option<bool>,
    }
}

message! {
    /// Open the microphone of a session that was made without.
    MediaMicrophone, Request "media.microphone" {
        /// The session.
        media "media": u64,
    }
}

message! {
    /// What the next descriptions say about directions.
    MediaDirection, Request "media.direction" {
        /// The session.
        media "media": u64,
        /// Of audio: `sendrecv`, `sendonly`, `recvonly` or `inactive`, seen from us.
        direction "direction": String,
        /// Of video; absent: there is none, a video line gets port 0 and the camera is given back.
        video "video": Option<String>,
    }
}

message! {
    /// The last offer was refused: the session is as before it.
    MediaRollback, Request "media.rollback" {
        /// The session.
        media "media": u64,
    }
}

message! {
    /// Send telephone events; the reply comes when the last has been sent.
    MediaDtmf, Request "media.dtmf" {
        /// The session.
        media "media": u64,
        /// `0` to `9`, `*`, `#`, `A` to `D`; `,` is a pause of two seconds.
        digits "digits": String,
        /// How long each is, in milliseconds. Default: 100.
        duration_ms "durationMs": Option<u64>,
        /// The pause after each, in milliseconds. Default: 70.
        gap_ms "gapMs": Option<u64>,
    }
}

message! {
    /// Stop or start sending the microphone, or the camera.
    MediaMute, Request "media.mute" {
        /// The session.
        media "media": u64,
        /// Silent, or black, from now on.
        on "on": bool,
        /// Whether it is the camera.
        video "video": Option<bool>,
    }
}

message! {
    /// Say how the session is doing; the reply carries it.
    MediaStats, Request "media.stats" {
        /// The session.
        media "media": u64,
    }
}

message! {
    /// Close the session.
    MediaClose, Request "media.close" {
        /// The session.
        media "media": u64,
    }
}

message! {
    /// The description that `media.offer` and `media.accept` asked for.
    MediaSdp, Reply "media.sdp" {
        /// The local description.
        sdp "sdp": String,
    }
}

message! {
    /// What `media.stats` asked for.
    MediaReport, Reply "media.report" {
        /// WebRTC's statistics: a JSON text, the list of its dictionaries. Empty: there are none to have.
        report "report": String,
    }
}

message! {
    /// It is done: the reply to every other `media.*` request.
    MediaDone, Reply "media.done" {}
}

message! {
    /// An ICE candidate that came after a description: of the page's far end, or of the host's session.
    MediaCandidate, Event "media.candidate" {
        /// The session.
        media "media": u64,
        /// The media line that it is of, as `a=mid` names it.
        mid "mid": String,
        /// The user name fragment of its generation.
        ufrag "ufrag": Option<String>,
        /// `candidate:…` as SDP has it; empty: there are no more.
        candidate "candidate": String,
    }
}

message! {
    /// All candidates of the session's descriptions so far have been told.
    MediaGatheringDone, Event "media.gatheringDone" {
        /// The session.
        media "media": u64,
    }
}

message! {
    /// The session's connection changed.
    MediaState, Event "media.state" {
        /// The session.
        media "media": u64,
        /// The ICE state, as WebRTC names it.
        ice "ice": Option<String>,
        /// The DTLS state, as WebRTC names it.
        dtls "dtls": Option<String>,
        /// Whether media can flow.
        connected "connected": bool,
    }
}

message! {
    /// The session is beyond repair.
    MediaFailed, Event "media.failed" {
        /// The session.
        media "media": u64,
        /// A stable word; see `drivers`.
        reason "reason": String,
    }
}
