//! The exported `parseMessage`: a SIP message as the engine reads it.

use js_sys::Uint8Array;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::error;
use crate::endpoint::{Message, validate};
use crate::io::ErrorCode;

#[derive(Serialize)]
struct Parsed<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    headers: Vec<Header<'a>>,
    body: &'a str,
    problems: Vec<Problem>,
}

#[derive(Serialize)]
struct Header<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct Problem {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

/// Reads one message. Throws a `SipError` where it cannot be framed at all.
#[wasm_bindgen(js_name = parseMessage, skip_typescript)]
pub fn parse_message(message: &JsValue) -> Result<JsValue, JsValue> {
    let octets = match message.as_string() {
        Some(text) => text.into_bytes(),
        None => message.dyn_ref::<Uint8Array>().ok_or_else(|| error::option("message"))?.to_vec(),
    };
    let message = Message::parse(octets).map_err(|_| error::code(ErrorCode::MalformedMessage))?;
    let (kind, method, uri, status, reason) = match &message {
        Message::Request(request) => ("request", Some(request.method().as_str()), Some(request.uri()), None, None),
        Message::Response(response) => ("response", None, None, Some(response.status()), Some(response.reason())),
    };
    let body = String::from_utf8_lossy(message.body());
    let parsed = Parsed {
        kind,
        method,
        uri,
        status,
        reason,
        headers: message.headers().iter().map(|(name, value)| Header { name, value }).collect(),
        body: &body,
        problems: validate(&message)
            .into_iter()
            .map(|problem| {
                let header = problem.header.map(|header| header.as_str()).filter(|name| !name.is_empty());
                Problem { code: problem.code, header, status: problem.status }
            })
            .collect(),
    };
    serde_wasm_bindgen::to_value(&parsed).map_err(Into::into)
}
