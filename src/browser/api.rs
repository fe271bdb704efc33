//! The exported door to one engine. `js/api.js` makes the classes of applications of it; their TypeScript face is
//! `types/`.
//!
//! Classes, promises and queues are cheaper in JavaScript than as exports of a module, so there is one command with a
//! name, and one event with a name.

use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::driver::{Driver, Face};
use super::objects::Builder;
use super::{commands, error, options, sessions};
use crate::io::{AccountId, CredentialsId, ErrorCode, Input};

/// One engine with its sockets, timer and media sessions.
#[wasm_bindgen(skip_typescript)]
pub struct Engine {
    driver: Rc<Driver>,
}

#[wasm_bindgen]
impl Engine {
    /// Starts an engine that speaks to `face`. Throws a `SipError` about an option.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue, face: Face) -> Result<Self, JsValue> {
        Ok(Self { driver: Driver::start(options::start(options)?, face)? })
    }

    /// Gives it a command, whose end `face.completed` tells with this id. Throws a `SipError` where the command cannot
    /// even be read; then nothing follows.
    pub fn command(
        &self,
        id: u32,
        name: &str,
        first: &JsValue,
        second: &JsValue,
        third: &JsValue,
        options: &JsValue,
    ) -> Result<(), JsValue> {
        if !self.driver.is_alive() {
            return Err(error::code(ErrorCode::Stopped));
        }
        let command = commands::read(name, first, second, third, options)?;
        // Better said here than by a connection that never comes about.
        if name == "createAccount" && !self.driver.can_connect() {
            return Err(error::option("WebSocket"));
        }
        self.driver.command(id, command);
        Ok(())
    }

    /// Answers `face.credentials`; undefined: there are none. Throws a `SipError` where they cannot be read.
    pub fn credentials(&self, id: u32, credentials: &JsValue) -> Result<(), JsValue> {
        let result = options::credentials(credentials)?;
        self.driver.feed(Input::Credentials { id: CredentialsId(id), result });
        Ok(())
    }

    /// The name of an account, or undefined where there is no such account any more.
    #[wasm_bindgen(js_name = accountName)]
    pub fn account_name(&self, id: u32) -> Option<String> {
        self.driver.account_name(AccountId(id))
    }

    /// The media session of a call; undefined where there is none in this page.
    pub fn media(&self, call_uuid: &str) -> JsValue {
        self.driver.sessions().of_call(call_uuid)
    }

    /// Whether media is the host's.
    #[wasm_bindgen(js_name = hasHostMedia)]
    pub fn has_host_media(&self) -> bool {
        self.driver.has_host_media()
    }

    /// What is open at this moment.
    pub fn counters(&self) -> JsValue {
        let media = sessions::counters();
        Builder::new()
            .number("peerConnections", Some(media.peer_connections().into()))
            .number("liveTracks", Some(media.live_tracks().into()))
            .number("timers", Some(u64::from(media.timers()) + u64::from(self.driver.timer().is_set())))
            .number("sockets", Some(self.driver.sockets().count() as u64))
            .done()
    }

    /// Closes everything at once.
    pub fn shut(&self) {
        self.driver.shut();
    }

    /// Lets the engine say what it wants at the start.
    pub fn begin(&self) {
        self.driver.feed(Input::Timeout);
    }
}
