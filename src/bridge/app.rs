//! The app, its registration and the network.

use super::SipStatus;
use super::codec::{RawJson, message, names};

names! {
    /// What the app is doing.
    AppStateName {
        /// In front.
        Active = "active",
        /// In front but covered.
        Inactive = "inactive",
        /// Behind.
        Background = "background",
    }
}

message! {
    /// What the app is doing.
    AppState, Event "app.state" {
        /// In one word.
        state "state": AppStateName,
        /// Whether the device is locked.
        locked "locked": bool,
        /// Whether protected data can be read.
        protected_data "protectedData": bool,
        /// Time left in the background.
        remaining_ms "remainingMs": Option<u64>,
    }
}

names! {
    /// What going to the background means.
    SuspendPolicy {
        /// Nothing.
        Keep = "keep",
        /// The binding goes.
        Unregister = "unregister",
        /// The binding stays, the socket is closed.
        CloseTransport = "closeTransport",
    }
}

message! {
    /// The app is about to sleep.
    WillSuspend, Request "app.willSuspend" {
        /// Time for what has to be done.
        budget_ms "budgetMs": u64,
        /// What to do; absent: what each account says.
        policy "policy": Option<SuspendPolicy>,
    }
}

message! {
    /// The page is ready to sleep, or is not.
    WillSuspendReply, Reply "app.willSuspend" {
        /// Whether all was done.
        done "done": bool,
        /// Whether a binding is left.
        registered "registered": bool,
    }
}

message! {
    /// The app is awake again.
    AppResumed, Event "app.resumed" {
        /// How long it slept.
        suspended_for_ms "suspendedForMs": u64,
    }
}

names! {
    /// State of a registration.
    RegStateName {
        /// It is being made.
        Registering = "registering",
        /// It is there.
        Registered = "registered",
        /// It failed.
        Failed = "failed",
        /// It is gone.
        Unregistered = "unregistered",
    }
}

message! {
    /// A registration changed.
    RegState, Event "reg.state" {
        /// Whose.
        account "account": String,
        /// How it is.
        state "state": RegStateName,
        /// When it ends, epoch milliseconds.
        expires_at "expiresAt": Option<u64>,
        /// The SIP status behind it.
        sip "sip": Option<SipStatus>,
    }
}

names! {
    /// What the device is connected by.
    NetworkInterface {
        /// Wi-Fi.
        Wifi = "wifi",
        /// Mobile.
        Cellular = "cellular",
        /// A cable.
        Wired = "wired",
        /// Something else.
        Other = "other",
    }
}

message! {
    /// The network changed.
    NetworkChanged, Event "network.changed" {
        /// Whether there is one.
        online "online": bool,
        /// Which.
        interface "interface": NetworkInterface,
        /// Whether it costs.
        expensive "expensive": bool,
        /// Whether it is to be spared.
        constrained "constrained": bool,
        /// Whether our address changed.
        address_changed "addressChanged": bool,
    }
}

message! {
    /// A line for the host's log.
    Log, Event "log" {
        /// `debug`, `info`, `warn` or `error`.
        level "level": String,
        /// The line, redacted.
        message "message": String,
        /// More, redacted.
        fields "fields": Option<RawJson>,
    }
}

message! {
    /// Do not let the app be suspended, as far as that is in your hands.
    KeepAwake, Request "app.keepAwake" {
        /// Names it, for `app.release`. The same again begins anew.
        token "token": String,
        /// A word for the log.
        reason "reason": String,
        /// It is over after this, whether released or not.
        max_ms "maxMs": u64,
    }
}

message! {
    /// It is kept awake.
    KeepAwakeReply, Reply "app.keepAwake" {}
}

message! {
    /// It may be suspended again.
    Release, Event "app.release" {
        /// The name it was kept awake by.
        token "token": String,
    }
}
