//! The application's hooks, called from the engine's edge.

use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::objects::Builder;
use crate::endpoint::{Hooks, MessageInfo, SdpInfo};

/// The hooks that the application has set.
#[derive(Debug)]
pub(super) struct JsHooks {
    message: Option<Function>,
    sdp: Option<Function>,
}

impl JsHooks {
    /// `None` where none is set.
    pub(super) fn new((message, sdp): (Option<Function>, Option<Function>)) -> Option<Self> {
        (message.is_some() || sdp.is_some()).then_some(Self { message, sdp })
    }
}

fn ask(hook: Option<&Function>, text: &str, info: impl FnOnce() -> JsValue) -> Result<Option<String>, ()> {
    let Some(hook) = hook else { return Ok(None) };
    let answer = hook.call2(&JsValue::NULL, &text.into(), &info()).map_err(drop)?;
    if answer.is_undefined() { Ok(None) } else { answer.as_string().map(Some).ok_or(()) }
}

impl Hooks for JsHooks {
    fn message(&mut self, text: &str, info: &MessageInfo<'_>) -> Result<Option<String>, ()> {
        ask(self.message.as_ref(), text, || {
            Builder::new().text("method", info.method).number("status", info.status.map(u64::from)).done()
        })
    }

    fn sdp(&mut self, sdp: &str, info: &SdpInfo<'_>) -> Result<Option<String>, ()> {
        ask(self.sdp.as_ref(), sdp, || {
            let kind = match (info.offer, info.provisional) {
                (true, _) => "offer",
                (false, true) => "pranswer",
                (false, false) => "answer",
            };
            Builder::new().flag("local", info.local).text("type", kind).text("callUuid", info.call_uuid).done()
        })
    }

    fn has_sdp(&self) -> bool {
        self.sdp.is_some()
    }

    fn has_message(&self) -> bool {
        self.message.is_some()
    }
}
