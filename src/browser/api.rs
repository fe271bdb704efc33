//! The exported classes. No logic: each method is one command, each getter one field.
//!
//! Their TypeScript face is `types.d.ts`.

use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::driver::{AccountData, CallData, Driver};
use super::objects::{self, Builder};
use super::{error, options, sessions};
use crate::io::{AccountId, CallId, Command, ErrorCode, Extra};

/// The engine's face in JavaScript.
#[wasm_bindgen(skip_typescript)]
pub struct Endpoint {
    driver: Rc<Driver>,
}

#[wasm_bindgen]
impl Endpoint {
    /// Starts an endpoint.
    pub fn start(options: &JsValue) -> Promise {
        match options::start(options).and_then(Driver::start) {
            Ok(driver) => Promise::resolve(&JsValue::from(Self { driver })),
            Err(error) => Promise::reject(&error),
        }
    }

    /// What lives at this moment.
    #[wasm_bindgen(getter)]
    pub fn state(&self) -> JsValue {
        self.driver.state()
    }

    /// Adds a listener; returns what removes it.
    pub fn on(&self, name: &JsValue, listener: &JsValue) -> Result<JsValue, JsValue> {
        self.driver.on(name, listener)
    }

    /// Removes a listener.
    pub fn off(&self, name: &JsValue, listener: &JsValue) {
        self.driver.off(name, listener);
    }

    /// Makes an account, which connects and registers by itself.
    #[wasm_bindgen(js_name = createAccount)]
    pub fn create_account(&self, options: &JsValue) -> Promise {
        match options::account(options) {
            // Better said here than by a connection that never comes about.
            Ok(_) if !self.driver.can_connect() => Promise::reject(&error::option("WebSocket")),
            Ok(options) => self.driver.command(Command::CreateAccount(Box::new(options))),
            Err(error) => Promise::reject(&error),
        }
    }

    /// Calls somebody.
    #[wasm_bindgen(js_name = makeCall)]
    pub fn make_call(&self, account: &JsValue, target: &JsValue, options: &JsValue) -> Promise {
        let Some(account) = self.driver.account_of(account) else {
            return Promise::reject(&error::code(ErrorCode::NotFound));
        };
        let Some(target) = target.as_string() else {
            return Promise::reject(&error::code(ErrorCode::InvalidTarget));
        };
        match options::call(options) {
            Ok(options) => self.driver.command(Command::MakeCall { account, target, options }),
            Err(error) => Promise::reject(&error),
        }
    }

    /// The page is about to sleep.
    pub fn suspend(&self) -> Promise {
        self.driver.command(Command::Suspend)
    }

    /// The page is awake again after so many milliseconds.
    pub fn resume(&self, suspended_ms: f64) -> Promise {
        self.driver.command(Command::Resume { suspended_ms: suspended_ms as u64 })
    }

    /// Ends everything.
    pub fn stop(&self) -> Promise {
        self.driver.command(Command::Stop)
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
}

/// An account of an endpoint.
#[wasm_bindgen(skip_typescript)]
pub struct Account {
    driver: Rc<Driver>,
    data: Rc<AccountData>,
}

impl Account {
    pub(super) fn new(driver: Rc<Driver>, data: Rc<AccountData>) -> Self {
        Self { driver, data }
    }

    fn command(&self, command: impl Fn(AccountId) -> Command) -> Promise {
        self.driver.command(command(self.data.id))
    }
}

#[wasm_bindgen]
impl Account {
    /// Its id in this endpoint.
    #[wasm_bindgen(getter)]
    pub fn id(&self) -> u32 {
        self.data.id.0
    }

    /// The name that bridge and application know it by.
    #[wasm_bindgen(getter)]
    pub fn name(&self) -> String {
        self.data.name.clone()
    }

    /// How its registration is.
    #[wasm_bindgen(getter)]
    pub fn registration(&self) -> JsValue {
        objects::registration(&self.data.registration.borrow(), Builder::new())
    }

    /// How its connection is.
    #[wasm_bindgen(getter)]
    pub fn connectivity(&self) -> String {
        objects::transport_state(self.data.transport.get()).to_owned()
    }

    /// Registers, or refreshes at once.
    pub fn register(&self) -> Promise {
        self.command(Command::Register)
    }

    /// Removes the binding.
    pub fn unregister(&self) -> Promise {
        self.command(Command::Unregister)
    }

    /// Logs out and forgets the account.
    pub fn remove(&self) -> Promise {
        self.command(Command::RemoveAccount)
    }
}

/// A call.
#[wasm_bindgen(skip_typescript)]
pub struct Call {
    driver: Rc<Driver>,
    data: Rc<CallData>,
    account: JsValue,
    id: CallId,
}

impl Call {
    pub(super) fn new(driver: Rc<Driver>, data: Rc<CallData>, account: JsValue) -> Self {
        let id = data.borrow().id;
        Self { driver, data, account, id }
    }

    fn command(&self, command: impl Fn(CallId) -> Command) -> Promise {
        self.driver.command(command(self.id))
    }
}

#[wasm_bindgen]
impl Call {
    /// Its id in this endpoint.
    #[wasm_bindgen(getter)]
    pub fn id(&self) -> u32 {
        self.id.0
    }

    /// The id that the host knows.
    #[wasm_bindgen(getter)]
    pub fn uuid(&self) -> String {
        self.data.borrow().uuid.clone()
    }

    /// Whose call it is.
    #[wasm_bindgen(getter)]
    pub fn account(&self) -> JsValue {
        self.account.clone()
    }

    /// `incoming` or `outgoing`.
    #[wasm_bindgen(getter)]
    pub fn direction(&self) -> String {
        objects::direction(self.data.borrow().direction).to_owned()
    }

    /// Its phase.
    #[wasm_bindgen(getter)]
    pub fn state(&self) -> String {
        objects::call_state(self.data.borrow().state).to_owned()
    }

    /// The far end's URI.
    #[wasm_bindgen(getter, js_name = remoteUri)]
    pub fn remote_uri(&self) -> String {
        self.data.borrow().remote_uri.clone()
    }

    /// The far end's display name.
    #[wasm_bindgen(getter, js_name = remoteName)]
    pub fn remote_name(&self) -> Option<String> {
        self.data.borrow().remote_name.clone()
    }

    /// Whether our microphone is off.
    #[wasm_bindgen(getter)]
    pub fn muted(&self) -> bool {
        self.data.borrow().muted
    }

    /// Whether media can flow.
    #[wasm_bindgen(getter, js_name = mediaConnected)]
    pub fn media_connected(&self) -> bool {
        self.data.borrow().media_connected
    }

    /// When both sides agreed, epoch milliseconds.
    #[wasm_bindgen(getter, js_name = connectedAt)]
    pub fn connected_at(&self) -> Option<f64> {
        self.data.borrow().connected_at.map(|at| at as f64)
    }

    /// The SIP Call-ID.
    #[wasm_bindgen(getter, js_name = sipCallId)]
    pub fn sip_call_id(&self) -> String {
        self.data.borrow().sip_call_id.clone()
    }

    /// What the far end sends, where the page owns the media.
    #[wasm_bindgen(getter, js_name = remoteStream)]
    pub fn remote_stream(&self) -> JsValue {
        self.driver.sessions().stream(&self.data.borrow().uuid, true)
    }

    /// What we send, where the page owns the media.
    #[wasm_bindgen(getter, js_name = localStream)]
    pub fn local_stream(&self) -> JsValue {
        self.driver.sessions().stream(&self.data.borrow().uuid, false)
    }

    /// Answers it.
    pub fn answer(&self) -> Promise {
        self.command(|call| Command::Answer(call, Extra::default()))
    }

    /// Declines it, with the account's code or this one.
    pub fn decline(&self, code: &JsValue) -> Promise {
        let status = code.as_f64().map(|code| code as u16);
        if status.is_none() && !code.is_undefined() {
            return Promise::reject(&error::option("code"));
        }
        self.command(|call| Command::Decline(call, status, Extra::default()))
    }

    /// Ends it, whatever its phase.
    pub fn hangup(&self) -> Promise {
        self.command(|call| Command::Hangup(call, Extra::default()))
    }

    /// Stops or starts sending the microphone.
    pub fn mute(&self, on: &JsValue) -> Promise {
        let on = on.is_truthy();
        self.command(|call| Command::Mute(call, on))
    }
}
