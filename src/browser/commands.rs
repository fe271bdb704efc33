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

/// The options that each command takes; those of other commands are not looked at.
const OPTIONS: &[(&str, &str)] = &[
    ("register", "headers"),
    ("unregister", "headers"),
    ("unregisterAll", "headers"),
    ("removeAccount", "headers"),
    ("makeCall", "headers anonymous preferredIdentity replaces lateOffer video expires"),
    ("progress", "headers earlyMedia"),
    ("answer", "headers"),
    ("decline", "headers"),
    ("redirect", "headers status"),
    ("hangup", "headers"),
    ("setVideo", "headers"),
    ("hold", "headers"),
    ("renegotiate", "headers iceRestart"),
    ("dtmf", "headers method durationMs gapMs"),
    ("info", "headers contentType body"),
    ("transfer", "headers"),
    ("transferToCall", "headers"),
    ("refer", "headers"),
    ("acceptReferral", "headers video"),
    ("rejectReferral", "headers"),
    ("sendMessage", "headers contentType"),
    ("sendOptions", "headers"),
    ("subscribe", "headers accept expires contentType body"),
    ("unsubscribe", "headers"),
    ("acceptSubscriber", "headers contentType pending"),
    ("rejectSubscriber", "headers"),
    ("notify", "headers contentType terminate"),
    ("publish", "headers expires contentType"),
    ("republish", "headers contentType"),
    ("unpublish", "headers"),
];

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

/// The values of one command, and why it cannot be read.
struct Reader<'a> {
    first: &'a JsValue,
    second: &'a JsValue,
    third: &'a JsValue,
    given: Given,
    error: JsValue,
}

impl Reader<'_> {
    /// What is there, or the error for what is not.
    fn or<T>(&mut self, value: Option<T>, code: ErrorCode) -> Option<T> {
        if value.is_none() {
            self.error = error::code(code);
        }
        value
    }

    /// The same where an option or value is wrong that has a name.
    fn or_option<T>(&mut self, value: Option<T>, field: &str) -> Option<T> {
        if value.is_none() {
            self.error = error::option(field);
        }
        value
    }

    /// An object of another endpoint, or of none, is nobody's.
    #[inline(never)]
    fn id(&mut self, value: &JsValue) -> Option<u32> {
        self.or(number(value), ErrorCode::NotFound)
    }

    /// What the command is about.
    fn about(&mut self) -> Option<u32> {
        self.id(self.first)
    }

    fn account(&mut self) -> Option<AccountId> {
        self.about().map(AccountId)
    }

    fn call(&mut self) -> Option<CallId> {
        self.about().map(CallId)
    }

    fn subscription(&mut self) -> Option<SubscriptionId> {
        self.about().map(SubscriptionId)
    }

    #[inline(never)]
    fn target(&mut self, value: &JsValue) -> Option<String> {
        self.or(value.as_string(), ErrorCode::InvalidTarget)
    }

    #[inline(never)]
    fn text(&mut self, value: &JsValue, field: &str) -> Option<String> {
        self.or_option(value.as_string(), field)
    }

    /// The second value as a status, if there is one.
    #[inline(never)]
    fn status(&mut self, field: &str) -> Option<Option<u16>> {
        if self.second.is_undefined() {
            return Some(None);
        }
        self.or_option(number(self.second), field).map(Some)
    }

    /// A status that refuses, or this one.
    fn refusal(&mut self, usual: u16) -> Option<u16> {
        Some(self.status("status")?.unwrap_or(usual))
    }

    fn extra(&mut self) -> Extra {
        Extra { headers: std::mem::take(&mut self.given.headers) }
    }

    /// What a message carries: a text, or octets.
    #[inline(never)]
    fn body(&mut self, value: &JsValue) -> Option<Body> {
        let (octets, usual) = match (value.as_string(), value.dyn_ref::<Uint8Array>()) {
            (Some(text), _) => (text.into_bytes(), "text/plain"),
            (None, Some(octets)) => (octets.to_vec(), "application/octet-stream"),
            (None, None) if value.is_undefined() => return Some(Body::default()),
            (None, None) => return self.or_option(None, "body"),
        };
        let content_type = self.given.content_type.take().unwrap_or_else(|| usual.to_owned());
        Some(Body { content_type, octets })
    }

    /// The body among the options.
    fn given_body(&mut self) -> Option<Body> {
        let value = std::mem::take(&mut self.given.body);
        self.body(&value)
    }

    fn expires(&self) -> u32 {
        self.given.expires.unwrap_or(3_600)
    }

    /// The command itself; what is fallible and owns nothing comes first.
    fn command(&mut self, name: &str) -> Option<Command> {
        let (first, second, third) = (self.first, self.second, self.third);
        Some(match name {
            "register" => Command::Register(self.account()?),
            "unregister" => Command::Unregister(self.account()?),
            "unregisterAll" => Command::UnregisterAll(self.account()?),
            "removeAccount" => Command::RemoveAccount(self.account()?),
            "queryPush" => {
                let provider = if second.is_undefined() { None } else { Some(self.text(second, "provider")?) };
                Command::QueryPush(self.account()?, provider)
            }
            "makeCall" => {
                let (account, target) = (self.account()?, self.target(second)?);
                let given = &mut self.given;
                let options = crate::io::CallOptions {
                    headers: std::mem::take(&mut given.headers),
                    anonymous: given.anonymous,
                    preferred_identity: given.preferred_identity.take(),
                    replaces: given.replaces,
                    late_offer: given.late_offer,
                    video: given.video,
                    expires: given.expires,
                };
                Command::MakeCall { account, target, options }
            }
            "progress" => {
                Command::Progress { call: self.call()?, early_media: self.given.early_media, extra: self.extra() }
            }
            "answer" => Command::Answer(self.call()?, self.extra()),
            "decline" => Command::Decline(self.call()?, self.status("code")?, self.extra()),
            "redirect" => {
                let call = self.call()?;
                let targets = second.as_string().map(|one| vec![one]).or_else(|| texts(second));
                let targets = self.or(targets, ErrorCode::InvalidTarget)?;
                Command::Redirect { call, status: self.given.status.unwrap_or(302), targets }
            }
            "hangup" => Command::Hangup(self.call()?, self.extra()),
            "mute" => Command::Mute(self.call()?, self.or_option(second.as_bool(), "on")?),
            "muteVideo" => Command::MuteVideo(self.call()?, self.or_option(second.as_bool(), "on")?),
            "setVideo" => Command::SetVideo(self.call()?, self.or_option(options::video(second), "video")?),
            "audioRoute" => Command::AudioRoute(self.text(first, "speaker")?),
            "audioPicker" => Command::AudioPicker,
            "stats" => Command::Stats(self.call()?),
            "hold" => Command::Hold(self.call()?, second.is_truthy()),
            "renegotiate" => Command::Renegotiate { call: self.call()?, restart: self.given.ice_restart },
            "dtmf" => Command::Dtmf {
                call: self.call()?,
                digits: self.text(second, "digits")?,
                method: self.given.method,
                duration_ms: self.given.duration_ms.unwrap_or(100),
                gap_ms: self.given.gap_ms.unwrap_or(70),
            },
            "info" => Command::Info { call: self.call()?, body: self.given_body()?, extra: self.extra() },
            "transfer" => Command::Transfer { call: self.call()?, target: self.target(second)?, extra: self.extra() },
            "transferToCall" => {
                Command::TransferToCall { call: self.call()?, to: CallId(self.id(second)?), extra: self.extra() }
            }
            "refer" => Command::Refer {
                account: self.account()?,
                target: self.target(second)?,
                refer_to: self.target(third)?,
                extra: self.extra(),
            },
            "acceptReferral" => {
                Command::AcceptReferral { referral: ReferralId(self.about()?), video: self.given.video }
            }
            "rejectReferral" => Command::RejectReferral(ReferralId(self.about()?), self.refusal(603)?),
            // In a call where the second value is one's number, and to a target where it is a text.
            "sendMessage" => {
                let account = self.account()?;
                let call = number(second).map(CallId);
                let target = if call.is_some() { String::new() } else { self.target(second)? };
                Command::SendMessage { account, call, target, body: self.body(third)?, extra: self.extra() }
            }
            "sendOptions" => {
                Command::SendOptions { account: self.account()?, target: self.target(second)?, extra: self.extra() }
            }
            "subscribe" => Command::Subscribe {
                account: self.account()?,
                target: self.target(second)?,
                event: self.text(third, "event")?,
                accept: std::mem::take(&mut self.given.accept),
                expires: self.expires(),
                body: self.given_body()?,
                extra: self.extra(),
            },
            "unsubscribe" => Command::Unsubscribe(self.subscription()?),
            "acceptSubscriber" => Command::AcceptSubscriber {
                subscription: self.subscription()?,
                pending: self.given.pending,
                body: self.body(second)?,
            },
            "rejectSubscriber" => Command::RejectSubscriber(self.subscription()?, self.refusal(403)?),
            "notify" => Command::Notify {
                subscription: self.subscription()?,
                body: self.body(second)?,
                terminate: self.given.terminate.take(),
            },
            "publish" => Command::Publish {
                account: self.account()?,
                event: self.text(second, "event")?,
                expires: self.expires(),
                body: self.body(third)?,
                extra: self.extra(),
            },
            "republish" => Command::Republish(PublicationId(self.about()?), self.body(second)?),
            "unpublish" => Command::Unpublish(PublicationId(self.about()?)),
            "networkChanged" => Command::NetworkChanged { online: first.as_bool() },
            "suspend" => Command::Suspend,
            "resume" => Command::Resume { suspended_ms: self.or_option(number(first), "suspendedMs")? },
            "stop" => Command::Stop,
            _ => return self.or(None, ErrorCode::Unsupported),
        })
    }
}

/// Reads one command.
pub(super) fn read(
    name: &str,
    first: &JsValue,
    second: &JsValue,
    third: &JsValue,
    options: &JsValue,
) -> Result<Command, JsValue> {
    if name == "createAccount" {
        return Ok(Command::CreateAccount(Box::new(options::account(options)?)));
    }
    let given = match OPTIONS.iter().find(|(command, _)| *command == name) {
        Some((_, allowed)) => given(options, allowed)?,
        None => Given::default(),
    };
    let mut reader = Reader { first, second, third, given, error: JsValue::UNDEFINED };
    let Some(command) = reader.command(name) else { return Err(reader.error) };
    // Those of a command that has no place for them itself.
    let extra = reader.extra();
    Ok(if extra.headers.is_empty() { command } else { Command::With(extra, Box::new(command)) })
}

/// The items of a list that `read` takes; one that it does not take spoils the list.
pub(super) fn items<T>(value: &JsValue, read: impl Fn(&JsValue) -> Option<T>) -> Option<Vec<T>> {
    let mut items = Vec::new();
    for item in value.dyn_ref::<Array>()?.iter() {
        items.push(read(&item)?);
    }
    Some(items)
}
