//! The application's commands, read: a name, up to three values, and options.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::error;
use super::options::{self, number, texts};
use crate::io::{
    AccountId, Body, CallId, Command, DtmfMethod, ErrorCode, Extra, HeaderList, PublicationId, ReferralId,
    SubscriptionId, Video,
};

/// What the options of commands other than accounts' may hold. Each command takes some of it.
#[derive(Default)]
struct Given {
    headers: HeaderList,
    content_type: Option<String>,
    body: JsValue,
    accept: Vec<String>,
    expires: Option<u32>,
    method: DtmfMethod,
    duration_ms: Option<u32>,
    gap_ms: Option<u32>,
    status: Option<u16>,
    ice_restart: bool,
    pending: bool,
    terminate: Option<String>,
    anonymous: bool,
    late_offer: bool,
    early_media: bool,
    preferred_identity: Option<String>,
    replaces: Option<CallId>,
    video: Video,
}

/// Reads the options of which `allowed` names those that this command takes.
fn given(options: &JsValue, allowed: &str) -> Result<Given, JsValue> {
    let mut given = Given::default();
    options::each(options, "options", |key, value| {
        if !allowed.split(' ').any(|name| name == key) {
            return None;
        }
        match key {
            "headers" => given.headers = options::headers(value)?,
            "contentType" => given.content_type = Some(value.as_string()?),
            "body" => given.body = value.clone(),
            "accept" => given.accept = texts(value)?,
            "expires" => given.expires = Some(number(value)?),
            "method" => {
                given.method = match value.as_string()?.as_str() {
                    "auto" => DtmfMethod::Auto,
                    "media" => DtmfMethod::Media,
                    "info" => DtmfMethod::Info,
                    _ => return None,
                }
            }
            "durationMs" => given.duration_ms = Some(number(value)?),
            "gapMs" => given.gap_ms = Some(number(value)?),
            "video" => given.video = options::video(value)?,
            "status" => given.status = Some(number(value)?),
            "iceRestart" => given.ice_restart = value.as_bool()?,
            "pending" => given.pending = value.as_bool()?,
            "terminate" => given.terminate = Some(value.as_string()?),
            "anonymous" => given.anonymous = value.as_bool()?,
            "earlyMedia" => given.early_media = value.as_bool()?,
            "lateOffer" => given.late_offer = value.as_bool()?,
            "preferredIdentity" => given.preferred_identity = Some(value.as_string()?),
            "replaces" => given.replaces = Some(CallId(number(value)?)),
            _ => return None,
        }
        Some(())
    })?;
    Ok(given)
}

impl Given {
    fn extra(self) -> Extra {
        Extra { headers: self.headers }
    }

    /// What a message carries: a text, or octets; `plain` is the type of a text that says no other.
    fn body(&mut self, value: &JsValue, plain: &str) -> Result<Body, JsValue> {
        let (octets, usual) = match (value.as_string(), value.dyn_ref::<Uint8Array>()) {
            (Some(text), _) => (text.into_bytes(), plain),
            (None, Some(octets)) => (octets.to_vec(), "application/octet-stream"),
            (None, None) if value.is_undefined() => return Ok(Body::default()),
            (None, None) => return Err(error::option("body")),
        };
        let content_type = self.content_type.take().unwrap_or_else(|| usual.to_owned());
        Ok(Body { content_type, octets })
    }
}

/// An object of another endpoint, or of none, is nobody's.
fn id<T>(value: &JsValue, make: fn(u32) -> T) -> Result<T, JsValue> {
    number(value).map(make).ok_or_else(|| error::code(ErrorCode::NotFound))
}

fn target(value: &JsValue) -> Result<String, JsValue> {
    value.as_string().ok_or_else(|| error::code(ErrorCode::InvalidTarget))
}

fn text(value: &JsValue, field: &str) -> Result<String, JsValue> {
    value.as_string().ok_or_else(|| error::option(field))
}

fn status(value: &JsValue, field: &str) -> Result<Option<u16>, JsValue> {
    if value.is_undefined() { Ok(None) } else { number(value).map(Some).ok_or_else(|| error::option(field)) }
}

/// A status that refuses, or this one.
fn refusal(value: &JsValue, usual: u16) -> Result<u16, JsValue> {
    Ok(status(value, "status")?.unwrap_or(usual))
}

/// Reads one command.
pub(super) fn read(
    name: &str,
    first: &JsValue,
    second: &JsValue,
    third: &JsValue,
    options: &JsValue,
) -> Result<Command, JsValue> {
    let account = || id(first, AccountId);
    let call = || id(first, CallId);
    let subscription = || id(first, SubscriptionId);
    let take = |allowed| given(options, allowed);
    // Those of a command that has no place for them itself.
    let mut headers = HeaderList::new();
    let mut lend = |allowed| {
        take(allowed).map(|mut given| {
            headers = std::mem::take(&mut given.headers);
            given
        })
    };
    let command = match name {
        "createAccount" => Command::CreateAccount(Box::new(options::account(options)?)),
        "register" | "unregister" | "unregisterAll" | "removeAccount" => {
            lend("headers")?;
            let account = account()?;
            match name {
                "register" => Command::Register(account),
                "unregister" => Command::Unregister(account),
                "unregisterAll" => Command::UnregisterAll(account),
                _ => Command::RemoveAccount(account),
            }
        }
        "makeCall" => {
            let (account, target) = (account()?, target(second)?);
            let given = take("headers anonymous preferredIdentity replaces lateOffer video")?;
            let options = crate::io::CallOptions {
                headers: given.headers,
                anonymous: given.anonymous,
                preferred_identity: given.preferred_identity,
                replaces: given.replaces,
                late_offer: given.late_offer,
                video: given.video,
            };
            Command::MakeCall { account, target, options }
        }
        "progress" => {
            let call = call()?;
            let given = take("headers earlyMedia")?;
            Command::Progress { call, early_media: given.early_media, extra: given.extra() }
        }
        "answer" => Command::Answer(call()?, take("headers")?.extra()),
        "decline" => Command::Decline(call()?, status(second, "code")?, take("headers")?.extra()),
        "redirect" => {
            let targets = match second.as_string() {
                Some(one) => vec![one],
                None => texts(second).ok_or_else(|| error::code(ErrorCode::InvalidTarget))?,
            };
            Command::Redirect { call: call()?, status: lend("headers status")?.status.unwrap_or(302), targets }
        }
        "hangup" => Command::Hangup(call()?, take("headers")?.extra()),
        "mute" => Command::Mute(call()?, second.is_truthy()),
        "muteVideo" => Command::MuteVideo(call()?, second.is_truthy()),
        "setVideo" => {
            lend("headers")?;
            Command::SetVideo(call()?, options::video(second).ok_or_else(|| error::option("video"))?)
        }
        "audioRoute" => Command::AudioRoute(text(first, "speaker")?),
        "stats" => Command::Stats(call()?),
        "hold" => {
            lend("headers")?;
            Command::Hold(call()?, second.is_truthy())
        }
        "renegotiate" => Command::Renegotiate { call: call()?, restart: lend("headers iceRestart")?.ice_restart },
        "dtmf" => {
            let (call, digits) = (call()?, text(second, "digits")?);
            let given = lend("headers method durationMs gapMs")?;
            let (duration_ms, gap_ms) = (given.duration_ms.unwrap_or(100), given.gap_ms.unwrap_or(70));
            Command::Dtmf { call, digits, method: given.method, duration_ms, gap_ms }
        }
        "info" => {
            let call = call()?;
            let mut given = take("headers contentType body")?;
            let value = given.body.clone();
            let body = given.body(&value, "text/plain")?;
            Command::Info { call, body, extra: given.extra() }
        }
        "transfer" => Command::Transfer { call: call()?, target: target(second)?, extra: take("headers")?.extra() },
        "transferToCall" => {
            Command::TransferToCall { call: call()?, to: id(second, CallId)?, extra: take("headers")?.extra() }
        }
        "refer" => Command::Refer {
            account: account()?,
            target: target(second)?,
            refer_to: target(third)?,
            extra: take("headers")?.extra(),
        },
        "acceptReferral" => {
            lend("headers")?;
            Command::AcceptReferral(id(first, ReferralId)?)
        }
        "rejectReferral" => {
            lend("headers")?;
            Command::RejectReferral(id(first, ReferralId)?, refusal(second, 603)?)
        }
        // In a call where the second value is one's number, and to a target where it is a text.
        "sendMessage" => {
            let account = account()?;
            let call = number(second).map(CallId);
            let target = if call.is_some() { String::new() } else { target(second)? };
            let mut given = take("headers contentType")?;
            let body = given.body(third, "text/plain")?;
            Command::SendMessage { account, call, target, body, extra: given.extra() }
        }
        "sendOptions" => {
            Command::SendOptions { account: account()?, target: target(second)?, extra: take("headers")?.extra() }
        }
        "subscribe" => {
            let (account, target, event) = (account()?, target(second)?, text(third, "event")?);
            let mut given = take("headers accept expires contentType body")?;
            let value = given.body.clone();
            let body = given.body(&value, "text/plain")?;
            let expires = given.expires.unwrap_or(3_600);
            let accept = std::mem::take(&mut given.accept);
            Command::Subscribe { account, target, event, accept, expires, body, extra: given.extra() }
        }
        "unsubscribe" => {
            lend("headers")?;
            Command::Unsubscribe(subscription()?)
        }
        "acceptSubscriber" => {
            let mut given = lend("headers contentType pending")?;
            let body = given.body(second, "text/plain")?;
            Command::AcceptSubscriber { subscription: subscription()?, pending: given.pending, body }
        }
        "rejectSubscriber" => {
            lend("headers")?;
            Command::RejectSubscriber(subscription()?, refusal(second, 403)?)
        }
        "notify" => {
            let mut given = lend("headers contentType terminate")?;
            let body = given.body(second, "text/plain")?;
            Command::Notify { subscription: subscription()?, body, terminate: given.terminate }
        }
        "publish" => {
            let (account, event) = (account()?, text(second, "event")?);
            let mut given = take("headers expires contentType")?;
            let body = given.body(third, "text/plain")?;
            let expires = given.expires.unwrap_or(3_600);
            Command::Publish { account, event, expires, body, extra: given.extra() }
        }
        "republish" => {
            let body = lend("headers contentType")?.body(second, "text/plain")?;
            Command::Republish(id(first, PublicationId)?, body)
        }
        "unpublish" => {
            lend("headers")?;
            Command::Unpublish(id(first, PublicationId)?)
        }
        "networkChanged" => Command::NetworkChanged { online: first.as_bool() },
        "suspend" => Command::Suspend,
        "resume" => Command::Resume { suspended_ms: number(first).ok_or_else(|| error::option("suspendedMs"))? },
        "stop" => Command::Stop,
        _ => return Err(error::code(ErrorCode::Unsupported)),
    };
    Ok(if headers.is_empty() { command } else { Command::With(Extra { headers }, Box::new(command)) })
}

/// The items of a list that `read` takes; one that it does not take spoils the list.
pub(super) fn items<T>(value: &JsValue, read: impl Fn(&JsValue) -> Option<T>) -> Option<Vec<T>> {
    let mut items = Vec::new();
    for item in value.dyn_ref::<Array>()?.iter() {
        items.push(read(&item)?);
    }
    Some(items)
}
