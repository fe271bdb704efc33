//! The application's option objects, read strictly: an unknown name or a value of the wrong kind is an error that
//! names the option, so that a slip of the pen does not become a phone that never rings.

use js_sys::{Array, Function, Object};
use wasm_bindgen::prelude::*;

use super::commands::items;
use super::error;
use crate::common::secret::Secret;
use crate::endpoint::Endpoint;
use crate::io::{
    AccountOptions, BackgroundPolicy, Credentials, Driver, EndpointOptions, HeaderList, IceServer, KeepAlive,
    PushOptions, PushPreset, Reliability, ReplacePolicy, RequestHeader, SipServer, TrickleIce, Video,
};

/// What `Endpoint.start` was given.
#[derive(Default)]
pub(super) struct Start {
    pub(super) engine: EndpointOptions,
    /// `undefined`, a word, or a port.
    pub(super) host: JsValue,
    /// The application's WebSocket class, or `undefined`.
    pub(super) web_socket: JsValue,
    /// The application's hooks, for messages and for session descriptions.
    pub(super) hooks: Option<(Option<Function>, Option<Function>)>,
    /// Whether the tab keeps what its next page has to know.
    pub(super) keeps: bool,
}

pub(super) fn start(options: &JsValue) -> Result<Start, JsValue> {
    let mut start = Start { keeps: true, ..Start::default() };
    let engine = &mut start.engine;
    each(options, "options", |key, value| {
        match key {
            "iceServers" => engine.ice_servers = ice_servers(value)?,
            "host" => start.host = value.clone(),
            "transport" => engine.transport = driver(value)?,
            "timers" => engine.timers = driver(value)?,
            "media" => engine.media = driver(value)?,
            "gatheringLimitMs" => engine.gathering_limit_ms = number(value)?,
            "firstUsableCandidate" => engine.first_usable_candidate = value.as_bool()?,
            "testToneHz" => engine.test_tone_hz = number(value)?,
            "userAgent" => engine.user_agent = value.as_string()?,
            "instance" => engine.instance = value.as_string()?,
            "trace" => match value.as_string()?.as_str() {
                "redacted" => {}
                "names" => engine.trace_names = true,
                "full" => engine.full_trace = true,
                "off" | "events" => engine.trace = false,
                _ => return None,
            },
            "WebSocket" => {
                value.dyn_ref::<Function>()?;
                start.web_socket = value.clone();
            }
            "state" => {
                (start.keeps, engine.keep_calls) = match value.as_string()?.as_str() {
                    "calls" => (true, true),
                    "session" => (true, false),
                    "none" => (false, false),
                    _ => return None,
                }
            }
            "tokenWaitMs" => engine.token_wait_ms = number(value)?,
            "hooks" => {
                let (mut message, mut sdp) = (None, None);
                each(value, "hooks", |key, value| {
                    let hook = value.dyn_ref::<Function>()?.clone();
                    match key {
                        "message" => message = Some(hook),
                        "sdp" => sdp = Some(hook),
                        _ => return None,
                    }
                    Some(())
                })
                .ok()?;
                start.hooks = Some((message, sdp));
            }
            "pushIdHeader" => engine.push_id_header = Some(value.as_string()?),
            _ => return None,
        }
        Some(())
    })?;
    Endpoint::check(&start.engine).map_err(|wrong| error::option(wrong.field.unwrap_or_default()))?;
    Ok(start)
}

pub(super) fn account(options: &JsValue) -> Result<AccountOptions, JsValue> {
    let mut account = AccountOptions::default();
    // Reported with their own names, not as `ha1` and `push`.
    let mut nested = [JsValue::UNDEFINED, JsValue::UNDEFINED];
    let [ha1, push] = &mut nested;
    each(options, "options", |key, value| {
        match key {
            "name" => account.name = value.as_string()?,
            "username" => account.username = value.as_string()?,
            "domain" => account.domain = value.as_string()?,
            "authUsername" => account.auth_username = Some(value.as_string()?),
            "password" => account.password = Some(Secret::new(value.as_string()?)),
            "ha1" => *ha1 = value.clone(),
            "bearerToken" => account.bearer_token = Some(Secret::new(value.as_string()?)),
            "credentials" => account.credentials = value.as_bool()?,
            "realms" => account.realms = texts(value)?,
            "forbidMd5" => account.forbid_md5 = value.as_bool()?,
            "displayName" => account.display_name = Some(value.as_string()?),
            "servers" => account.servers = items(value, server)?,
            "flows" => account.flows = number(value)?,
            "requestHeaders" => account.request_headers = items(value, request_header)?,
            "registerHeaders" => account.register_headers = headers(value)?,
            "contactParams" => account.contact_params = value.as_string()?,
            "register" => account.register = value.as_bool()?,
            "expires" => account.expires = number(value)?,
            "push" => *push = value.clone(),
            "backgroundPolicy" => {
                account.background_policy = match value.as_string()?.as_str() {
                    "closeTransport" => BackgroundPolicy::CloseTransport,
                    "unregister" => BackgroundPolicy::Unregister,
                    "keep" => BackgroundPolicy::Keep,
                    _ => return None,
                }
            }
            "declineCode" => account.decline_code = number(value)?,
            "keepAlive" => {
                account.keep_alive = match value.as_string()?.as_str() {
                    "auto" => KeepAlive::Auto,
                    "crlf" => KeepAlive::Crlf,
                    "options" => KeepAlive::Options,
                    _ => return None,
                }
            }
            "keepAliveMs" => account.keep_alive_ms = number(value)?,
            "connectTimeoutMs" => account.connect_timeout_ms = number(value)?,
            "sessionExpires" => account.session_expires = number(value)?,
            "reliability" => {
                account.reliability = match value.as_string()?.as_str() {
                    "supported" => Reliability::Supported,
                    "required" => Reliability::Required,
                    "off" => Reliability::Off,
                    _ => return None,
                }
            }
            "trickleIce" => {
                account.trickle_ice = match value.as_string()?.as_str() {
                    "half" => TrickleIce::Half,
                    "full" => TrickleIce::Full,
                    "off" => TrickleIce::Off,
                    _ => return None,
                }
            }
            "maxRedirects" => account.max_redirects = number(value)?,
            "preferredIdentity" => account.preferred_identity = Some(value.as_string()?),
            "events" => account.events = texts(value)?,
            "infoPackages" => account.info_packages = texts(value)?,
            "messageTypes" => account.message_types = texts(value)?,
            "remoteVideo" => account.remote_video = video(value)?,
            "refresh" => {
                account.refreshes_itself = match value.as_string()?.as_str() {
                    "engine" => false,
                    "application" => true,
                    _ => return None,
                }
            }
            "allowAutoAnswer" => account.allow_auto_answer = value.as_bool()?,
            "replaces" => {
                account.replaces = match value.as_string()?.as_str() {
                    "peer" => ReplacePolicy::Peer,
                    "accept" => ReplacePolicy::Accept,
                    "ask" => ReplacePolicy::Ask,
                    _ => return None,
                }
            }
            _ => return None,
        }
        Some(())
    })?;
    hashes(ha1, &mut account.ha1_md5, &mut account.ha1_sha256, &mut account.ha1_sha512_256)?;
    if !push.is_undefined() {
        let mut options = PushOptions::default();
        each(push, "push", |key, value| {
            let text = value.as_string()?;
            match key {
                "preset" => {
                    options.preset = Some(match text.as_str() {
                        "rfc8599-apns" => PushPreset::Rfc8599Apns,
                        "freeswitch-apn" => PushPreset::FreeswitchApn,
                        "flexisip" => PushPreset::Flexisip,
                        "linphone-legacy" => PushPreset::LinphoneLegacy,
                        "portsip" => PushPreset::Portsip,
                        _ => return None,
                    });
                }
                "regContactParams" => options.reg_contact_params = text,
                "contactUriParams" => options.contact_uri_params = text,
                _ => return None,
            }
            Some(())
        })?;
        account.push = Some(options);
    }
    Ok(account)
}

/// `{ md5, sha256, sha512256 }`.
fn hashes(
    value: &JsValue,
    md5: &mut Option<Secret>,
    sha256: &mut Option<Secret>,
    sha512_256: &mut Option<Secret>,
) -> Result<(), JsValue> {
    each(value, "ha1", |key, value| {
        let secret = Some(Secret::new(value.as_string()?));
        match key {
            "md5" => *md5 = secret,
            "sha256" => *sha256 = secret,
            "sha512256" => *sha512_256 = secret,
            _ => return None,
        }
        Some(())
    })
}

/// What the application's `credentials` gave. Undefined or null: nothing.
pub(super) fn credentials(value: &JsValue) -> Result<Option<Credentials>, JsValue> {
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    let mut given = Credentials::default();
    let mut ha1 = JsValue::UNDEFINED;
    each(value, "credentials", |key, value| {
        match key {
            "username" => given.username = Some(value.as_string()?),
            "password" => given.password = Some(Secret::new(value.as_string()?)),
            "bearerToken" => given.bearer_token = Some(Secret::new(value.as_string()?)),
            "ha1" => ha1 = value.clone(),
            _ => return None,
        }
        Some(())
    })?;
    hashes(&ha1, &mut given.ha1_md5, &mut given.ha1_sha256, &mut given.ha1_sha512_256)?;
    Ok(Some(given))
}

/// Header lines: `{ name, value }` each.
pub(super) fn headers(value: &JsValue) -> Option<HeaderList> {
    items(value, |header| {
        let RequestHeader { method, name, value } = request_header(header)?;
        method.is_none().then_some((name, value))
    })
}

/// A header line, and the method of the requests that it is for.
fn request_header(header: &JsValue) -> Option<RequestHeader> {
    let (mut method, mut name, mut text) = (None, None, None);
    each(header, "headers", |key, value| {
        let value = Some(value.as_string()?);
        match key {
            "method" => method = value,
            "name" => name = value,
            "value" => text = value,
            _ => return None,
        }
        Some(())
    })
    .ok()?;
    Some(RequestHeader { method, name: name?, value: text? })
}

/// Calls `take` for each property that is not `undefined`; what it will not take becomes an error about that option.
/// `undefined` as a whole is an empty object.
pub(super) fn each(
    options: &JsValue,
    what: &str,
    mut take: impl FnMut(&str, &JsValue) -> Option<()>,
) -> Result<(), JsValue> {
    if options.is_undefined() {
        return Ok(());
    }
    let object = options.dyn_ref::<Object>().ok_or_else(|| error::option(what))?;
    for entry in Object::entries(object).iter() {
        let entry: Array = entry.unchecked_into();
        let (key, value) = (entry.get(0).as_string().unwrap_or_default(), entry.get(1));
        if !value.is_undefined() && take(&key, &value).is_none() {
            return Err(error::option(&key));
        }
    }
    Ok(())
}

/// A whole number that fits.
pub(super) fn number<T: TryFrom<u64>>(value: &JsValue) -> Option<T> {
    let number = value.as_f64()?;
    let whole = number as u64;
    (whole as f64 == number).then(|| T::try_from(whole).ok())?
}

pub(super) fn texts(value: &JsValue) -> Option<Vec<String>> {
    items(value, JsValue::as_string)
}

/// What of video is wanted: `true`, `false` or `receive`.
pub(super) fn video(value: &JsValue) -> Option<Video> {
    match value.as_bool() {
        Some(true) => Some(Video::Send),
        Some(false) => Some(Video::Off),
        None => (value.as_string()? == "receive").then_some(Video::Receive),
    }
}

fn driver(value: &JsValue) -> Option<Driver> {
    Some(match value.as_string()?.as_str() {
        "auto" => Driver::Auto,
        "page" => Driver::Page,
        "host" => Driver::Host,
        _ => return None,
    })
}

/// A server: its URL, or that with its weight.
fn server(value: &JsValue) -> Option<SipServer> {
    if let Some(url) = value.as_string() {
        return Some(url.into());
    }
    let (mut url, mut weight) = (None, 0);
    each(value, "servers", |key, value| {
        match key {
            "url" => url = value.as_string(),
            "weight" => weight = number(value)?,
            _ => return None,
        }
        Some(())
    })
    .ok()?;
    Some(SipServer { url: url?, weight })
}

/// WebRTC's list of servers, where `urls` may be one or several. What else WebRTC may find in it is not ours to judge.
fn ice_servers(value: &JsValue) -> Option<Vec<IceServer>> {
    items(value, |server| {
        let mut read = IceServer::default();
        each(server, "iceServers", |key, value| {
            match key {
                "urls" => {
                    read.urls = match value.as_string() {
                        Some(url) => vec![url],
                        None => texts(value)?,
                    }
                }
                "username" => read.username = Some(value.as_string()?),
                "credential" => read.credential = Some(Secret::new(value.as_string()?)),
                _ => {}
            }
            Some(())
        })
        .ok()?;
        Some(read)
    })
}
