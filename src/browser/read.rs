//! The exported `parseMessage`: a SIP message as the engine reads it.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::error;
use super::objects::Builder;
use crate::endpoint::{Message, validate};
use crate::io::ErrorCode;

/// Reads one message. Throws a `SipError` where it cannot be framed at all.
#[wasm_bindgen(js_name = parseMessage, skip_typescript)]
pub fn parse_message(message: &JsValue) -> Result<JsValue, JsValue> {
    let octets = match message.as_string() {
        Some(text) => text.into_bytes(),
        None => message.dyn_ref::<Uint8Array>().ok_or_else(|| error::option("message"))?.to_vec(),
    };
    let message = Message::parse(octets).map_err(|_| error::code(ErrorCode::MalformedMessage))?;
    let parsed = match &message {
        Message::Request(request) => {
            Builder::new().text("kind", "request").text("method", request.method().as_str()).text("uri", request.uri())
        }
        Message::Response(response) => {
            let parsed = Builder::new().text("kind", "response").id("status", response.status().into());
            parsed.text("reason", response.reason())
        }
    };
    let headers: Array = message
        .headers()
        .iter()
        .map(|(name, value)| Builder::new().text("name", name).text("value", value).done())
        .collect();
    let problems: Array = validate(&message)
        .into_iter()
        .map(|problem| {
            let header = problem.header.map(|header| header.as_str()).filter(|name| !name.is_empty());
            let status = problem.status.map(u64::from);
            Builder::new().text("code", problem.code).text("header", header).number("status", status).done()
        })
        .collect();
    Ok(parsed
        .value("headers", &headers)
        .text("body", &*String::from_utf8_lossy(message.body()))
        .value("problems", &problems)
        .done())
}
