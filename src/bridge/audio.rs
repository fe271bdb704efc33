//! The system's audio session, and where its sound goes.

use super::codec::message;

message! {
    /// The system gave us the audio session: only now audio may start.
    AudioActivated, Event "audio.activated" {
        /// The call it is for, where that is known.
        call_uuid "callUuid": Option<String>,
        /// The session's category.
        category "category": Option<String>,
        /// Its mode.
        mode "mode": Option<String>,
        /// Its sample rate in hertz.
        sample_rate "sampleRate": Option<u64>,
    }
}

message! {
    /// The system took the audio session back.
    AudioDeactivated, Event "audio.deactivated" {
        /// The call it was for, where that is known.
        call_uuid "callUuid": Option<String>,
    }
}

message! {
    /// Where the sound is to go.
    AudioSetRoute, Request "audio.setRoute" {
        /// `speaker` or `default`.
        route "route": Option<String>,
        /// Or one of the outputs.
        uid "uid": Option<String>,
    }
}

message! {
    /// The sound goes there.
    AudioDone, Reply "audio.done" {}
}
