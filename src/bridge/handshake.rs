//! The session's own messages: `hello`, `welcome`, `ready`, `session.reset`, `ping`.

use super::call::{CallAction, CallDirection};
use super::codec::{message, names, record};
use super::push::PushToken;
use super::{AppState, AudioSnapshot, NetworkChanged};

names! {
    /// What runs the engine.
    Engine {
        /// WebAssembly in a page.
        Wasm = "wasm",
        /// The same core linked into the app.
        Native = "native",
    }
}

names! {
    /// The system's call screen.
    CallUi {
        /// CallKit.
        CallKit = "callkit",
        /// LiveCommunicationKit.
        LiveCommunicationKit = "livecommunicationkit",
        /// There is none.
        None = "none",
    }
}

names! {
    /// Why a session begins anew.
    ResetReason {
        /// The page's process was killed.
        ProcessTerminated = "processTerminated",
        /// The page was left.
        Navigation = "navigation",
        /// Messages that must not be lost did not fit any more.
        QueueOverflow = "queueOverflow",
        /// The host began anew.
        HostRestart = "hostRestart",
    }
}

record! {
    /// Versions of the bridge that the page speaks.
    Protocol {
        /// The lowest.
        min "min": u64,
        /// The highest.
        max "max": u64,
    }
}

record! {
    /// The package that says hello.
    PackageInfo {
        /// Its name.
        name "name": String,
        /// Its version.
        version "version": String,
    }
}

record! {
    /// The same page goes on after a disturbance.
    Resume {
        /// The session it was in.
        session "session": String,
        /// The highest number it received there.
        last_seq "lastSeq": u64,
    }
}

message! {
    /// The page is there. The only message without a session.
    Hello, Request "hello" {
        /// Versions of the bridge.
        protocol "protocol": Protocol,
        /// Who speaks.
        package "package": PackageInfo,
        /// What runs the engine.
        engine "engine": Engine,
        /// Optional features of the page.
        capabilities "capabilities": Vec<String>,
        /// What the page looked for and did not find, such as `RTCPeerConnection`.
        missing "missing": Vec<String>,
        /// Set when the same page goes on; not when a page was loaded.
        resume "resume": Option<Resume>,
    }
}

record! {
    /// The app and the device.
    HostInfo {
        /// The app's name.
        name "name": String,
        /// The app's version.
        version "version": String,
        /// The operating system.
        os "os": String,
        /// Its version.
        os_version "osVersion": String,
        /// The device's model.
        device "device": String,
    }
}

record! {
    /// An action of the user that waits for the page.
    PendingAction {
        /// Its id, the same as in `call.perform`.
        action_id "actionId": String,
        /// What.
        action "action": CallAction,
        /// When, epoch milliseconds.
        at "at": u64,
    }
}

record! {
    /// A call as the host knows it.
    SnapshotCall {
        /// The key.
        call_uuid "callUuid": String,
        /// Who called.
        direction "direction": CallDirection,
        /// The push that announced it.
        push_id "pushId": Option<String>,
        /// The SIP Call-ID, as far as it is known.
        sip_call_id "sipCallId": Option<String>,
        /// Whose call, where it is known.
        account "account": Option<String>,
        /// The caller as the push names it.
        from_uri "fromUri": Option<String>,
        /// Whether the system shows it.
        reported "reported": bool,
        /// Whether the user answered.
        answered "answered": bool,
        /// Whether it is held.
        held "held": bool,
        /// Whether the microphone is off.
        muted "muted": bool,
        /// Its media sessions at the host: the audio of a connected call outlives the page.
        media "media": Vec<u64>,
        /// An action that waits for the page.
        pending_action "pendingAction": Option<PendingAction>,
    }
}

record! {
    /// A push whose call has not come yet.
    SnapshotPush {
        /// Its id.
        push_id "pushId": String,
        /// The call it announced.
        call_uuid "callUuid": String,
        /// For whom, where that is known.
        account "account": Option<String>,
        /// The INVITE must be there within so many milliseconds.
        invite_timeout_ms "inviteTimeoutMs": Option<u64>,
    }
}

record! {
    /// All that a page that comes up has to know.
    Snapshot {
        /// The push tokens.
        tokens "tokens": Vec<PushToken>,
        /// The calls.
        calls "calls": Vec<SnapshotCall>,
        /// The pushes that still wait for their INVITE. Each comes as `push.incoming` too.
        pushes "pushes": Vec<SnapshotPush>,
        /// The sound.
        audio "audio": Option<AudioSnapshot>,
        /// The app's state.
        app "app": Option<AppState>,
        /// The network's state.
        network "network": Option<NetworkChanged>,
    }
}

message! {
    /// The host's answer to `hello`.
    Welcome, Reply "welcome" {
        /// The version that both speak.
        protocol "protocol": u64,
        /// The session; every later message names it.
        session "session": String,
        /// `urn:uuid:…` for `+sip.instance`, kept by the host.
        instance "instance": String,
        /// The app and the device.
        host "host": HostInfo,
        /// The system's call screen.
        call_ui "callUi": CallUi,
        /// Optional features of the host.
        capabilities "capabilities": Vec<String>,
        /// Whether the device is in Lockdown Mode.
        lockdown "lockdown": bool,
        /// The highest number that the host received in the session that `resume` named, if it still knew it.
        resumed_seq "resumedSeq": Option<u64>,
        /// The state of things.
        snapshot "snapshot": Snapshot,
    }
}

message! {
    /// The page can take messages.
    Ready, Event "ready" {}
}

message! {
    /// What was received, from a side that has nothing else to say. Neither numbered nor acknowledged itself.
    Ack, Event "ack" {}
}

message! {
    /// The session is over; say hello again.
    SessionReset, Event "session.reset" {
        /// Why.
        reason "reason": ResetReason,
    }
}

message! {
    /// Is anybody there?
    Ping, Request "ping" {
        /// Epoch milliseconds.
        at "at": u64,
    }
}

message! {
    /// Yes.
    Pong, Reply "pong" {
        /// The `at` of the ping.
        at "at": u64,
    }
}
