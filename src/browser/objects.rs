//! What the application gets to see, as plain JavaScript objects.

use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::prelude::*;

use super::error;
use crate::bridge::EndReason;
use crate::bridge::drivers::direction_name;
use crate::io::{
    Body, CallInfo, CallState, CredentialsKind, CredentialsRequest, Direction, Error, Event, HeaderList, Outcome,
    PushService, PushSupport, RegistrationInfo, RegistrationState, SubscriptionInfo, SubscriptionState, TraceEntry,
    TraceKind, TransportState,
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

    /// A number that may be 0: an id.
    #[inline(never)]
    pub(super) fn id(self, key: &str, value: u32) -> Self {
        set_number(&self.0, key, f64::from(value));
        self
    }

    /// Names and values by turns, each in a line: `js/api.js` makes the list of it.
    #[inline(never)]
    fn headers(self, headers: HeaderList) -> Self {
        self.text("headers", &*header_lines(&headers))
    }

    /// The text of a body, and its octets where they are no text.
    #[inline(never)]
    fn body(self, body: Body) -> Self {
        let this = self.text("contentType", (!body.content_type.is_empty()).then_some(&*body.content_type));
        match str::from_utf8(&body.octets) {
            Ok(text) => this.text("body", text),
            Err(_) => {
                let this = this.text("body", &*String::from_utf8_lossy(&body.octets));
                this.value("octets", &Uint8Array::from(&*body.octets))
            }
        }
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

/// Names and values by turns, each in a line.
pub(super) fn header_lines(headers: &HeaderList) -> String {
    let mut text = String::new();
    for (name, value) in headers {
        for part in [name, "\n", value, "\n"] {
            text.push_str(part);
        }
    }
    text
}

fn transport_state(state: TransportState) -> &'static str {
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
fn registration(info: &RegistrationInfo, on: Builder) -> JsValue {
    on.text("state", registration_state(info.state))
        .number("expiresAt", info.expires_at)
        .number("status", info.status.map(u64::from))
        .error(info.error.as_ref())
        .flag("willRetry", info.will_retry)
        .text("push", info.push.map(PushSupport::name))
        .done()
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Incoming => "incoming",
        Direction::Outgoing => "outgoing",
    }
}

fn call_state(state: CallState) -> &'static str {
    match state {
        CallState::Connecting => "connecting",
        CallState::Ringing => "ringing",
        CallState::Early => "early",
        CallState::Answering => "answering",
        CallState::Connected => "connected",
        CallState::Ended => "ended",
    }
}

/// A snapshot of a call.
pub(super) fn call(info: &CallInfo) -> JsValue {
    let asserted = info
        .asserted_identity
        .as_ref()
        .map(|identity| Builder::new().text("uri", &*identity.uri).text("name", identity.name.as_deref()).done());
    let call = Builder::new()
        .id("id", info.id.0)
        .id("account", info.account.0)
        .text("uuid", &*info.uuid)
        .text("direction", direction(info.direction))
        .text("state", call_state(info.state))
        .text("remoteUri", &*info.remote_uri)
        .text("remoteName", info.remote_name.as_deref())
        .text("divertedFrom", info.diverted_from.as_deref())
        .number("autoAnswerSeconds", info.auto_answer_s.map(u64::from))
        .number("replaces", info.replaces.map(|call| call.0.into()))
        .flag("onHold", info.on_hold)
        .flag("remoteHold", info.remote_hold)
        .flag("muted", info.muted)
        .text("video", info.video.map(direction_name))
        .flag("videoMuted", info.video_muted)
        .flag("mediaConnected", info.media_connected)
        .number("connectedAt", info.connected_at)
        .text("sipCallId", &*info.sip_call_id);
    match asserted {
        Some(asserted) => call.value("assertedIdentity", &asserted),
        None => call,
    }
    .done()
}

fn subscription(info: &SubscriptionInfo) -> JsValue {
    let state = match info.state {
        SubscriptionState::Subscribing => "subscribing",
        SubscriptionState::Pending => "pending",
        SubscriptionState::Active => "active",
        SubscriptionState::Terminated => "terminated",
    };
    Builder::new()
        .id("id", info.id.0)
        .id("account", info.account.0)
        .text("event", &*info.event)
        .text("remoteUri", &*info.remote_uri)
        .text("state", state)
        .text("reason", info.reason.as_deref())
        .error(info.error.as_ref())
        .flag("willRetry", info.will_retry)
        .done()
}

/// What a server asks the application's credentials for.
pub(super) fn challenge(request: &CredentialsRequest) -> JsValue {
    let algorithms: Array = request.algorithms.iter().map(|algorithm| JsValue::from_str(algorithm.name())).collect();
    let kind = match request.kind {
        CredentialsKind::Digest => "digest",
        CredentialsKind::Bearer => "bearer",
    };
    Builder::new()
        .text("realm", &*request.realm)
        .text("kind", kind)
        .value("algorithms", &algorithms)
        .text("authzServer", request.authz_server.as_deref())
        .text("scope", request.scope.as_deref())
        .flag("rejected", request.rejected)
        .done()
}

/// A final response, 200 to 299.
pub(super) fn response(status: u16, headers: HeaderList, body: Body) -> JsValue {
    Builder::new().id("status", status.into()).headers(headers).body(body).done()
}

pub(super) fn push_services(services: Vec<PushService>) -> JsValue {
    let list = Array::new();
    for service in services {
        let object = Builder::new().text("provider", &*service.provider).text("vapid", service.vapid.as_deref());
        let object = object.text("purr", service.purr.as_deref()).number("refreshS", service.refresh_s.map(u64::from));
        list.push(&object.done());
    }
    list.into()
}

/// An event's name and object. Accounts, calls and their like are numbers in it, or objects with `id` where they
/// have changed; `js/api.js` puts their objects there.
pub(super) fn event(event: Event) -> (&'static str, JsValue) {
    let new = Builder::new;
    let (name, object) = match event {
        Event::FromHost { name, payload } => return (name, payload.into()),
        Event::Trace(entry) => return ("trace", trace(&entry)),
        Event::ConnectivityChanged { account, state, error } => (
            "connectivity_changed",
            new().id("account", account.0).text("state", transport_state(state)).error(error.as_ref()),
        ),
        Event::RegistrationChanged(info) => {
            let on = new().id("account", info.account.0).headers(info.headers.clone());
            return ("registration_changed", registration(&info, on));
        }
        Event::CallReceived { call: info, headers } => {
            ("call_received", new().value("call", &call(&info)).headers(headers))
        }
        Event::CallRestored(info) => ("call_restored", new().value("call", &call(&info))),
        Event::CallChanged(info) => ("call_changed", new().value("call", &call(&info)).headers(info.headers)),
        Event::CallProgress { call, status, headers } => {
            ("call_progress", new().id("call", call.0).id("status", status.into()).headers(headers))
        }
        Event::CallTerminated { call: info, outcome: ended, headers } => {
            ("call_terminated", new().value("call", &call(&info)).value("outcome", &outcome(&ended)).headers(headers))
        }
        Event::CallReplaced { old, new: with } => ("call_replaced", new().id("call", old.0).id("by", with.0)),
        Event::VideoRequested { call, accepted } => {
            ("video_requested", new().id("call", call.0).flag("accepted", accepted))
        }
        Event::RegistrationExpiring { account, expires_at } => {
            ("registration_expiring", new().id("account", account.0).number("expiresAt", Some(expires_at)))
        }
        Event::DtmfReceived { call, digit, duration_ms } => (
            "dtmf_received",
            new().id("call", call.0).text("digit", &*digit.encode_utf8(&mut [0; 4])).id("durationMs", duration_ms),
        ),
        Event::InfoReceived { call, body, headers } => {
            ("info_received", new().id("call", call.0).body(body).headers(headers))
        }
        Event::MessageReceived { account, call, from_uri, from_name, body, headers } => (
            "message_received",
            new()
                .id("account", account.0)
                .number("call", call.map(|call| call.0.into()))
                .text("fromUri", &*from_uri)
                .text("fromName", from_name.as_deref())
                .body(body)
                .headers(headers),
        ),
        Event::ReferReceived { referral, account, call, about, target, replaces, referred_by, headers } => (
            "transfer_requested",
            new()
                .id("referral", referral.0)
                .id("account", account.0)
                .number("call", call.map(|call| call.0.into()))
                .number("about", about.map(|call| call.0.into()))
                .text("target", &*target)
                .flag("replaces", replaces)
                .text("referredBy", referred_by.as_deref())
                .headers(headers),
        ),
        Event::TransferChanged { transfer, call, status, done, headers } => (
            "transfer_changed",
            new()
                .id("transfer", transfer.0)
                .number("call", call.map(|call| call.0.into()))
                .id("status", status.into())
                .flag("done", done)
                .headers(headers),
        ),
        Event::SubscriptionChanged(info) => {
            ("subscription_changed", new().value("subscription", &subscription(&info)).headers(info.headers))
        }
        Event::NotifyReceived { subscription, account, event, voicemail, body, headers } => (
            "notify_received",
            new()
                .number("subscription", subscription.map(|subscription| subscription.0.into()))
                .id("account", account.0)
                .text("event", &*event)
                .value(
                    "voicemail",
                    &voicemail.map_or(JsValue::UNDEFINED, |mailbox| {
                        new().flag("waiting", mailbox.waiting).id("new", mailbox.new).id("old", mailbox.old).done()
                    }),
                )
                .body(body)
                .headers(headers),
        ),
        Event::SubscribeReceived { subscription, account, from_uri, event, expires, body, headers } => (
            "subscribe_received",
            new()
                .id("subscriber", subscription.0)
                .id("account", account.0)
                .text("fromUri", &*from_uri)
                .text("event", &*event)
                .id("expires", expires)
                .body(body)
                .headers(headers),
        ),
        Event::SubscriberChanged(info) => {
            ("subscriber_changed", new().value("subscriber", &subscription(&info)).headers(info.headers))
        }
        Event::PublicationChanged { publication, published, error, headers } => (
            "publication_changed",
            new().id("publication", publication.0).flag("published", published).error(error.as_ref()).headers(headers),
        ),
        Event::Problem { error, account } => {
            ("problem", new().error(Some(&error)).number("account", account.map(|account| account.0.into())))
        }
        Event::CallWanted { account, target, name, video, source } => (
            "call_wanted",
            new()
                .text("accountName", account.as_deref())
                .text("target", &*target)
                .text("name", name.as_deref())
                .flag("video", video)
                .text("source", source),
        ),
        Event::HostChanged { connected } => ("host_changed", new().flag("connected", connected)),
    };
    (name, object.done())
}

fn outcome(outcome: &Outcome) -> JsValue {
    Builder::new()
        .text("kind", outcome.kind.name())
        .flag("local", outcome.local)
        .text("endReason", EndReason::of(outcome).name())
        .number("status", outcome.status.map(u64::from))
        .number("q850", outcome.q850.map(u64::from))
        .text("reasonText", outcome.reason_text.as_deref())
        .error(outcome.error.as_ref())
        .done()
}

fn trace(entry: &TraceEntry) -> JsValue {
    let kind = match entry.kind {
        TraceKind::SipIn => "sipIn",
        TraceKind::SipOut => "sipOut",
        TraceKind::BridgeIn => "bridgeIn",
        TraceKind::BridgeOut => "bridgeOut",
    };
    Builder::new().number("at", Some(entry.at)).text("kind", kind).text("text", &*entry.text).done()
}
