//! The way to the native side, over `js/host.js`.

use std::rc::Weak;

use wasm_bindgen::prelude::*;

use super::driver::Driver;
use crate::io::Input;

#[wasm_bindgen(module = "/src/browser/js/host.js")]
extern "C" {
    type Port;

    #[wasm_bindgen(js_name = openHost)]
    fn open(choice: &JsValue, receive: &JsValue) -> JsValue;
    pub(super) fn missing() -> String;

    #[wasm_bindgen(method, structural)]
    fn post(this: &Port, text: &str);
    #[wasm_bindgen(method, structural)]
    fn close(this: &Port);

    /// What one endpoint keeps in its tab.
    pub(super) type Tab;

    #[wasm_bindgen(method, structural)]
    pub(super) fn instance(this: &Tab, fresh: &str) -> String;
    #[wasm_bindgen(method, structural)]
    pub(super) fn state(this: &Tab) -> Option<String>;
    #[wasm_bindgen(method, structural)]
    pub(super) fn keep(this: &Tab, state: &str);
}

/// The open way to the host.
pub(super) struct Host {
    port: Port,
    _receive: Closure<dyn Fn(String)>,
}

impl Host {
    /// Opens the way that `choice` names. `Ok(None)`: there is no host; `Err`: the choice cannot be used.
    pub(super) fn open(driver: Weak<Driver>, choice: &JsValue) -> Result<Option<Self>, ()> {
        let receive = Closure::<dyn Fn(String)>::new(move |text| {
            if let Some(driver) = driver.upgrade() {
                driver.feed(Input::Host(text));
            }
        });
        let port = open(choice, receive.as_ref());
        if port.is_undefined() {
            return Err(());
        }
        Ok((!port.is_null()).then(|| Self { port: port.unchecked_into(), _receive: receive }))
    }

    /// Posts one envelope.
    pub(super) fn post(&self, text: &str) {
        self.port.post(text);
    }

    /// Listens no more.
    pub(super) fn close(&self) {
        self.port.close();
    }
}
