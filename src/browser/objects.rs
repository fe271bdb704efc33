//! What the application gets to see, as plain JavaScript objects.

use js_sys::Object;
use wasm_bindgen::prelude::*;

use super::error;
use crate::io::{
    CallInfo, CallState, Direction, Error, Outcome, RegistrationInfo, RegistrationState, TraceEntry, TraceKind,
    TransportState,
};

// None of these can fail on an object that was just made, and none makes a value only to drop it.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Reflect, js_name = set)]
    fn set_text(target: &Object, key: &str, value: &str);
    #[wasm_bindgen(js_namespace = Reflect, js_name = set)]
    fn set_number(target: &Object, key: &str, value: f64);
    #[wasm_bindgen(js_namespace = Reflect, js_name = set)]
    fn set_flag(target: &Object, key: &str, value: bool);
    #[wasm_bindgen(js_namespace = Reflect, js_name = set)]
    fn set_value(target: &Object, key: &str, value: &JsValue);
}

/// Builds one plain object. An absent value leaves its property out.
pub(super) struct Builder(Object);

impl Builder {
    pub(super) fn new() -> Self {
        Self(Object::new())
    }

    #[inline(never)]
    pub(super) fn text<'a>(self, key: &str, value: impl Into<Option<&'a str>>) -> Self {
        if let Some(value) = value.into() {
            set_text(&self.0, key, value);
        }
        self
    }

    /// Whole numbers below 2⁵³, as all of ours are.
    #[inline(never)]
    pub(super) fn number(self, key: &str, value: Option<u64>) -> Self {
        if let Some(value) = value {
            set_number(&self.0, key, value as f64);
        }
        self
    }

    #[inline(never)]
    pub(super) fn flag(self, key: &str, value: bool) -> Self {
        set_flag(&self.0, key, value);
        self
    }

    #[inline(never)]
    pub(super) fn value(self, key: &str, value: &JsValue) -> Self {
        set_value(&self.0, key, value);
        self
    }

    #[inline(never)]
    pub(super) fn error(self, error: Option<&Error>) -> Self {
        match error {
            Some(error) => self.value("error", &error::to_js(error)),
            None => self,
        }
    }

    pub(super) fn done(self) -> JsValue {
        self.0.into()
    }
}

pub(super) fn transport_state(state: TransportState) -> &'static str {
    match state {
        TransportState::Idle => "idle",
        TransportState::Connecting => "connecting",
        TransportState::Connected => "connected",
        TransportState::Waiting => "waiting",
    }
}

fn registration_state(state: RegistrationState) -> &'static str {
    match state {
        RegistrationState::Unregistered => "unregistered",
        RegistrationState::Registering => "registering",
        RegistrationState::Registered => "registered",
        RegistrationState::Unregistering => "unregistering",
        RegistrationState::Failed => "failed",
    }
}

/// The properties of a registration, on an object that may have others.
pub(super) fn registration(info: &RegistrationInfo, on: Builder) -> JsValue {
    on.text("state", registration_state(info.state))
        .number("expiresAt", info.expires_at)
        .number("status", info.status.map(u64::from))
        .error(info.error.as_ref())
        .flag("willRetry", info.will_retry)
        .done()
}

pub(super) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Incoming => "incoming",
        Direction::Outgoing => "outgoing",
    }
}

pub(super) fn call_state(state: CallState) -> &'static str {
    match state {
        CallState::Connecting => "connecting",
        CallState::Ringing => "ringing",
        CallState::Early => "early",
        CallState::Answering => "answering",
        CallState::Connected => "connected",
        CallState::Ended => "ended",
    }
}

/// A snapshot of a call, with the call itself.
pub(super) fn call(info: &CallInfo, account: &JsValue, call: &JsValue) -> JsValue {
    Builder::new()
        .value("call", call)
        .value("account", account)
        .number("id", Some(info.id.0.into()))
        .text("uuid", &*info.uuid)
        .text("direction", direction(info.direction))
        .text("state", call_state(info.state))
        .text("remoteUri", &*info.remote_uri)
        .text("remoteName", info.remote_name.as_deref())
        .flag("muted", info.muted)
        .flag("mediaConnected", info.media_connected)
        .number("connectedAt", info.connected_at)
        .text("sipCallId", &*info.sip_call_id)
        .done()
}

pub(super) fn outcome(outcome: &Outcome) -> JsValue {
    Builder::new()
        .text("kind", outcome.kind.name())
        .flag("local", outcome.local)
        .number("status", outcome.status.map(u64::from))
        .number("q850", outcome.q850.map(u64::from))
        .error(outcome.error.as_ref())
        .done()
}

pub(super) fn trace(entry: &TraceEntry) -> JsValue {
    let kind = match entry.kind {
        TraceKind::SipIn => "sipIn",
        TraceKind::SipOut => "sipOut",
        TraceKind::BridgeIn => "bridgeIn",
        TraceKind::BridgeOut => "bridgeOut",
    };
    Builder::new().number("at", Some(entry.at)).text("kind", kind).text("text", &*entry.text).done()
}
