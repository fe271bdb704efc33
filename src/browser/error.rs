//! The error class of JavaScript.

use wasm_bindgen::prelude::*;

use super::objects;
use crate::io::{Error, ErrorCode};

#[wasm_bindgen(module = "/src/browser/js/error.js")]
extern "C" {
    /// `SipError` of the package.
    type SipError;

    #[wasm_bindgen(constructor)]
    fn new(
        code: &str,
        message: &str,
        field: Option<&str>,
        status: Option<u16>,
        reason: Option<&str>,
        headers: Option<&str>,
        retry_after: Option<u32>,
    ) -> SipError;
}

/// An error of the engine as applications see it.
pub(super) fn to_js(error: &Error) -> JsValue {
    let headers = error.response.as_ref().map(|response| objects::header_lines(&response.headers));
    let reason = error.response.as_ref().map(|response| &*response.reason);
    let (code, after) = (error.code, error.retry_after_s);
    custom(code.name(), code.advice(), error.field, error.status, reason, headers.as_deref(), after)
}

/// An option that is unknown or cannot be used. Only the developer's own option name is repeated, never a value.
pub(super) fn option(field: &str) -> JsValue {
    build(ErrorCode::InvalidOption, Some(field))
}

/// An error with nothing but its code.
pub(super) fn code(code: ErrorCode) -> JsValue {
    build(code, None)
}

fn build(code: ErrorCode, field: Option<&str>) -> JsValue {
    custom(code.name(), code.advice(), field, None, None, None, None)
}

/// The object itself.
fn custom(
    code: &str,
    advice: &str,
    field: Option<&str>,
    status: Option<u16>,
    reason: Option<&str>,
    headers: Option<&str>,
    retry_after: Option<u32>,
) -> JsValue {
    let mut message = String::with_capacity(code.len() + advice.len() + 2);
    message.push_str(code);
    message.push_str(": ");
    message.push_str(advice);
    if let Some(field) = field {
        message.push_str(": `");
        message.push_str(field);
        message.push('`');
    }
    SipError::new(code, &message, field, status, reason, headers, retry_after).into()
}
