//! The loop between the engine and the page.
//!
//! For each input the engine's outputs are drained into a list, the engine is let go, the outputs are carried out, and
//! only then `js/api.js` tells listeners and promises, one notice after the other. So any method may be called from
//! inside any listener: it acts at once, and what it causes is told after what is being told.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use wasm_bindgen::prelude::*;

use super::clock::{self, Timer};
use super::hooks::JsHooks;
use super::host::{self, Host};
use super::options::Start;
use super::sessions::Sessions;
use super::sockets::Sockets;
use super::{error, objects};
use crate::common::lists::Gather;
use crate::common::random::Random;
use crate::endpoint::Endpoint as Engine;
use crate::io::{AccountId, CallId, Command, CommandId, Error, Input, Output, Reply};

#[wasm_bindgen]
extern "C" {
    /// What `js/api.js` is told. It keeps it until `deliver`.
    pub type Face;

    #[wasm_bindgen(method, structural)]
    fn event(this: &Face, name: &str, event: &JsValue);
    #[wasm_bindgen(method, structural)]
    fn completed(this: &Face, id: u32, failed: bool, kind: &str, value: &JsValue);
    #[wasm_bindgen(method, structural)]
    fn credentials(this: &Face, id: u32, account: u32, challenge: &JsValue);
    #[wasm_bindgen(method, structural)]
    fn provision(this: &Face, accounts: &str);
    #[wasm_bindgen(method, structural)]
    fn deliver(this: &Face);
    #[wasm_bindgen(method, getter, structural)]
    fn tab(this: &Face) -> host::Tab;
}

/// One engine of the page and all that belongs to it.
pub(super) struct Driver {
    engine: RefCell<Engine>,
    inputs: RefCell<VecDeque<Input>>,
    running: Cell<bool>,
    face: Face,
    /// Whether what the next page of this tab has to know is kept in the tab.
    keeps: bool,
    timer: Timer,
    sockets: Sockets,
    sessions: Sessions,
    host: RefCell<Option<Host>>,
    /// An engine lives until it is stopped, whether or not the application still holds its object.
    alive: RefCell<Option<Rc<Driver>>>,
}

impl Driver {
    pub(super) fn start(start: Start, face: Face) -> Result<Rc<Self>, JsValue> {
        let Start { mut engine, host, web_socket, hooks, keeps } = start;
        if keeps {
            engine.state = face.tab().state();
        }
        let mut random = Random::new(clock::Crypto);
        if engine.instance.is_empty() {
            engine.instance = face.tab().instance(&["urn:uuid:", &random.uuid()].concat());
        }
        engine.missing = host::missing().split(',').filter(|name| !name.is_empty()).map(str::to_owned).gather();
        let mut refused = false;
        let driver = Rc::new_cyclic(|driver: &Weak<Self>| {
            let host = Host::open(driver.clone(), &host).unwrap_or_else(|()| {
                refused = true;
                None
            });
            engine.host = host.is_some();
            let mut engine = Engine::new(engine, random);
            if let Some(hooks) = hooks.and_then(JsHooks::new) {
                engine.set_hooks(hooks);
            }
            Self {
                engine: RefCell::new(engine),
                inputs: RefCell::default(),
                running: Cell::new(false),
                face,
                keeps,
                timer: Timer::new(driver.clone()),
                sockets: Sockets::new(driver.clone(), web_socket),
                sessions: Sessions::new(driver.clone()),
                host: RefCell::new(host),
                alive: RefCell::default(),
            }
        });
        if refused {
            return Err(error::option("host"));
        }
        driver.alive.replace(Some(driver.clone()));
        Ok(driver)
    }

    /// Gives the engine an input, now or right after the one it is at, and tells what follows.
    pub(super) fn feed(&self, input: Input) {
        self.act(input);
        self.face.deliver();
    }

    /// Gives the engine an input and carries out what follows, but tells nobody yet.
    fn act(&self, input: Input) {
        self.inputs.borrow_mut().push_back(input);
        if self.running.replace(true) {
            return;
        }
        while let Some(input) = self.next_input() {
            for output in self.step(input) {
                match output {
                    Output::Timer(deadline) => self.timer.set(deadline),
                    Output::Flow { flow, command } => self.sockets.command(flow, command),
                    Output::Media { media, number, command } => self.sessions.command(media, number, command),
                    Output::Host(text) => {
                        if let Some(host) = &*self.host.borrow() {
                            host.post(&text);
                        }
                    }
                    Output::Save(state) => {
                        if self.keeps {
                            self.face.tab().keep(&state);
                        }
                    }
                    Output::Event(event) => {
                        let (name, object) = objects::event(event);
                        self.face.event(name, &object);
                    }
                    Output::Completed { id, result } => self.complete(id, result),
                    Output::Provision(accounts) => self.face.provision(accounts.expose()),
                    Output::CredentialsNeeded(request) => {
                        self.face.credentials(request.id.0, request.account.0, &objects::challenge(&request));
                    }
                }
            }
        }
        self.running.set(false);
    }

    fn next_input(&self) -> Option<Input> {
        self.inputs.borrow_mut().pop_front()
    }

    fn step(&self, input: Input) -> Vec<Output> {
        let mut engine = self.engine.borrow_mut();
        engine.handle(clock::now(), input);
        std::iter::from_fn(|| engine.poll()).gather()
    }

    /// Gives the engine a command. Listeners hear of it when the application's own code is through.
    pub(super) fn command(&self, id: u32, command: Command) {
        self.act(Input::Command { id: CommandId(id), command });
    }

    fn complete(&self, id: CommandId, result: Result<Reply, Error>) {
        let (kind, value) = match result {
            Err(error) => return self.face.completed(id.0, true, "", &error::to_js(&error)),
            Ok(Reply::Done) => ("", JsValue::UNDEFINED),
            Ok(Reply::Account(account)) => ("account", account.0.into()),
            Ok(Reply::Call(call)) => ("call", self.call(call)),
            Ok(Reply::Response { status, headers, body }) => ("", objects::response(status, headers, body)),
            Ok(Reply::PushServices(services)) => ("", objects::push_services(services)),
            Ok(Reply::Stats(report)) => ("", report.into()),
            Ok(Reply::Subscription(subscription)) => ("subscription", subscription.0.into()),
            Ok(Reply::Publication(publication)) => ("publication", publication.0.into()),
            Ok(Reply::Transfer(transfer)) => ("transfer", transfer.0.into()),
        };
        self.face.completed(id.0, false, kind, &value);
    }

    /// A call that is new: its command is completed before its first event.
    fn call(&self, id: CallId) -> JsValue {
        let info = self.engine.borrow().calls().into_iter().find(|info| info.id == id);
        info.map_or(id.0.into(), |info| objects::call(&info))
    }

    pub(super) fn account_name(&self, id: AccountId) -> Option<String> {
        self.engine.borrow().accounts().into_iter().find(|info| info.id == id).map(|info| info.name)
    }

    pub(super) fn has_host_media(&self) -> bool {
        // A hook of the application may ask, while the engine is at work.
        self.engine.try_borrow().is_ok_and(|engine| engine.has_host_media())
    }

    /// After the engine has stopped nothing of the page is held any more.
    pub(super) fn shut(&self) {
        self.timer.set(None);
        self.sockets.shut();
        self.sessions.shut();
        if let Some(host) = self.host.take() {
            host.close();
        }
        self.alive.take();
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive.borrow().is_some()
    }

    /// Whether anybody could open a socket: the page, or a host if it offers to.
    pub(super) fn can_connect(&self) -> bool {
        self.sockets.class().is_ok() || self.host.borrow().is_some()
    }

    pub(super) fn timer(&self) -> &Timer {
        &self.timer
    }

    pub(super) fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.sessions
    }
}
