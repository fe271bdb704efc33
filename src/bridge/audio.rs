//! The system's audio session, and where its sound goes.

use super::codec::{message, names, record};

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

message! {
    /// The user is to choose where the sound goes, in the system's own picture.
    AudioShowPicker, Event "audio.showPicker" {}
}

names! {
    /// What an output or input is.
    AudioPortType {
        /// The phone at the ear.
        Receiver = "receiver",
        /// The loudspeaker.
        Speaker = "speaker",
        /// Bluetooth, both ways.
        BluetoothHfp = "bluetoothHfp",
        /// Bluetooth Low Energy.
        BluetoothLe = "bluetoothLe",
        /// Bluetooth, for listening only.
        BluetoothA2dp = "bluetoothA2dp",
        /// Something with a cable.
        Wired = "wired",
        /// A car.
        CarAudio = "carAudio",
        /// AirPlay.
        AirPlay = "airplay",
        /// Something else.
        Other = "other",
    }
}

record! {
    /// An output or input of the system.
    AudioPort {
        /// What it is.
        port_type "type": AudioPortType,
        /// Its name for people.
        name "name": String,
        /// Its id.
        uid "uid": String,
    }
}

message! {
    /// Where the sound goes and comes from now.
    AudioRoute, Event "audio.route" {
        /// Where it goes.
        outputs "outputs": Vec<AudioPort>,
        /// Where it comes from.
        inputs "inputs": Vec<AudioPort>,
        /// Why it changed, in the system's word.
        reason "reason": Option<String>,
    }
}

record! {
    /// The system's audio session.
    AudioSnapshot {
        /// Whether it is ours.
        active "active": bool,
        /// Where the sound goes, where that is known.
        route "route": Option<AudioRoute>,
    }
}

names! {
    /// Which end of an interruption.
    InterruptionPhase {
        /// It begins.
        Began = "began",
        /// It is over.
        Ended = "ended",
    }
}

message! {
    /// Something else took the sound: a call of another app, an alarm.
    AudioInterruption, Event "audio.interruption" {
        /// Which end of it.
        phase "phase": InterruptionPhase,
        /// At the end: whether the system thinks that we should go on.
        should_resume "shouldResume": Option<bool>,
        /// Why, in the system's word.
        reason "reason": Option<String>,
    }
}

message! {
    /// The system's sound broke down and was set up anew: what was made of it is gone.
    MediaServicesReset, Event "audio.mediaServicesReset" {}
}
