//! WebSockets: the engine's flows in a page.

use std::cell::RefCell;
use std::rc::Weak;

use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use super::driver::Driver;
use crate::common::limits::SOCKET_OCTETS;
use crate::common::lists::Keep;
use crate::io::{FlowCommand, FlowEvent, FlowId, Input};

#[wasm_bindgen]
extern "C" {
    type Handler;

    #[wasm_bindgen(method, structural)]
    fn bind(this: &Handler, context: &JsValue, flow: u32, kind: u32) -> Function;
}

#[wasm_bindgen(module = "/src/browser/js/host.js")]
extern "C" {
    /// Does nothing, and outlives every socket.
    #[wasm_bindgen(thread_local_v2, js_name = ignore)]
    static IGNORE: Function;
}

/// The subprotocol of RFC 7118.
const PROTOCOL: &str = "sip";
const OPEN: u32 = 0;
const MESSAGE: u32 = 1;
const CLOSE: u32 = 2;

/// All sockets of one endpoint.
pub(super) struct Sockets {
    driver: Weak<Driver>,
    /// The application's WebSocket class, or undefined: the platform's.
    class: JsValue,
    /// One function for every event of every socket, with flow and kind of event bound in front.
    handler: Closure<dyn Fn(u32, u32, JsValue)>,
    open: RefCell<Vec<(FlowId, WebSocket)>>,
}

impl Sockets {
    pub(super) fn new(driver: Weak<Driver>, class: JsValue) -> Self {
        let target = driver.clone();
        let handler = Closure::<dyn Fn(u32, u32, JsValue)>::new(move |flow, kind, event| {
            if let Some(driver) = target.upgrade() {
                driver.sockets().happened(FlowId(flow), kind, event);
            }
        });
        Self { driver, class, handler, open: RefCell::default() }
    }

    /// Sockets that are not closed yet.
    pub(super) fn count(&self) -> usize {
        self.open.borrow().len()
    }

    pub(super) fn command(&self, flow: FlowId, command: FlowCommand) {
        match command {
            FlowCommand::Open { url } => match self.connect(flow, &url) {
                Ok(socket) => self.open.borrow_mut().push((flow, socket)),
                Err(_) => self.tell(flow, FlowEvent::Failed),
            },
            FlowCommand::Send(octets) => {
                if let Some(socket) = self.find(flow) {
                    if socket.buffered_amount() as usize > SOCKET_OCTETS {
                        // It takes all and sends nothing.
                        self.tell(flow, FlowEvent::Congested);
                        return;
                    }
                    // What cannot be sent is told by the socket's end, not here.
                    let _ = match str::from_utf8(&octets) {
                        Ok(text) => socket.send_with_str(text),
                        Err(_) => socket.send_with_u8_array(&octets),
                    };
                }
            }
            FlowCommand::Close { code } => {
                if let Some(socket) = self.find(flow)
                    && socket.close_with_code(code).is_err()
                {
                    let _ = socket.close();
                }
            }
        }
    }

    /// Closes what is open and listens no more.
    pub(super) fn shut(&self) {
        for (_, socket) in self.open.take() {
            // But not for errors: some classes throw where nobody listens for them.
            for set in [WebSocket::set_onopen, WebSocket::set_onmessage, WebSocket::set_onclose] {
                set(&socket, None);
            }
            let _ = socket.close();
        }
    }

    /// The class to make sockets of.
    pub(super) fn class(&self) -> Result<Function, JsValue> {
        match self.class.dyn_ref::<Function>() {
            Some(class) => Ok(class.clone()),
            None => Reflect::get(&js_sys::global(), &"WebSocket".into())?.dyn_into(),
        }
    }

    fn connect(&self, flow: FlowId, url: &str) -> Result<WebSocket, JsValue> {
        let class = self.class()?;
        let socket = Reflect::construct(&class, &Array::of2(&url.into(), &PROTOCOL.into()))?;
        // A class of the application's is no instance of the platform's, but has its methods.
        let socket: WebSocket = socket.unchecked_into();
        socket.set_binary_type(BinaryType::Arraybuffer);
        let bind = |kind: u32| {
            let handler: &Handler = self.handler.as_ref().unchecked_ref();
            handler.bind(&JsValue::NULL, flow.0, kind)
        };
        socket.set_onopen(Some(&bind(OPEN)));
        socket.set_onmessage(Some(&bind(MESSAGE)));
        socket.set_onclose(Some(&bind(CLOSE)));
        // A close follows each error, and says more.
        IGNORE.with(|ignore| socket.set_onerror(Some(ignore)));
        Ok(socket)
    }

    fn find(&self, flow: FlowId) -> Option<WebSocket> {
        self.open.borrow().iter().find(|(f, _)| *f == flow).map(|(_, socket)| socket.clone())
    }

    fn happened(&self, flow: FlowId, kind: u32, event: JsValue) {
        let Some(socket) = self.find(flow) else { return };
        let event = match kind {
            OPEN => FlowEvent::Opened { protocol: socket.protocol() },
            MESSAGE => {
                let data = event.unchecked_into::<MessageEvent>().data();
                FlowEvent::Received(match data.as_string() {
                    Some(text) => text.into_bytes(),
                    None => Uint8Array::new(&data).to_vec(),
                })
            }
            _ => {
                self.open.borrow_mut().keep(|(f, _)| *f != flow);
                let close: CloseEvent = event.unchecked_into();
                FlowEvent::Closed { code: close.code(), clean: close.was_clean() }
            }
        };
        self.tell(flow, event);
    }

    fn tell(&self, flow: FlowId, event: FlowEvent) {
        if let Some(driver) = self.driver.upgrade() {
            driver.feed(Input::Flow { flow, event });
        }
    }
}
