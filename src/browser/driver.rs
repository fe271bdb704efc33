//! The loop between the engine and the page.
//!
//! For each input the engine's outputs are drained into a list, the engine is let go, the outputs are carried out, and
//! only then listeners and promises are told, one notice after the other. So any method may be called from inside any
//! listener: it acts at once, and what it causes is told after what is being told.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;

use super::api::{Account, Call};
use super::clock::{self, Timer};
use super::error;
use super::host::{self, Host};
use super::objects::{self, Builder};
use super::options::Start;
use super::sessions::Sessions;
use super::sockets::Sockets;
use crate::common::limits;
use crate::common::random::Random;
use crate::endpoint::Endpoint as Engine;
use crate::io::{
    AccountId, CallId, CallInfo, Command, CommandId, Error, ErrorCode, Event, Input, Output, RegistrationInfo,
    RegistrationState, Reply, TransportState,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(task: &JsValue);
}

#[wasm_bindgen(module = "/src/browser/js/listeners.js")]
extern "C" {
    type Listeners;

    #[wasm_bindgen(constructor)]
    fn new(limit: usize, trace_limit: usize) -> Listeners;
    #[wasm_bindgen(method, catch)]
    fn on(this: &Listeners, name: &JsValue, listener: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method)]
    fn off(this: &Listeners, name: &JsValue, listener: &JsValue);
    #[wasm_bindgen(method)]
    fn emit(this: &Listeners, name: &str, event: &JsValue);
}

/// What is known of an account; shared with its JavaScript object.
pub(super) struct AccountData {
    pub(super) id: AccountId,
    pub(super) name: String,
    pub(super) transport: Cell<TransportState>,
    pub(super) registration: RefCell<RegistrationInfo>,
}

/// What is known of a call; shared with its JavaScript object.
pub(super) type CallData = RefCell<CallInfo>;

struct Pending {
    id: CommandId,
    resolve: Function,
    reject: Function,
}

/// For the application, once the outputs are carried out.
enum Notice {
    Event(Event),
    Completed(CommandId, Result<Reply, Error>),
}

/// One endpoint of the page.
pub(super) struct Driver {
    engine: RefCell<Engine>,
    inputs: RefCell<VecDeque<Input>>,
    running: Cell<bool>,
    notices: RefCell<VecDeque<Notice>>,
    delivering: Cell<bool>,
    /// Delivers what is to be told.
    told: Closure<dyn Fn()>,
    timer: Timer,
    sockets: Sockets,
    sessions: Sessions,
    host: RefCell<Option<Host>>,
    listeners: Listeners,
    accounts: RefCell<Vec<(Rc<AccountData>, JsValue)>>,
    calls: RefCell<Vec<(Rc<CallData>, JsValue)>>,
    pending: RefCell<Vec<Pending>>,
    last_command: Cell<u32>,
    /// Whether accounts may have gone.
    prune: Cell<bool>,
    stop: Cell<Option<CommandId>>,
    /// An endpoint lives until it is stopped, whether or not the application still holds its object.
    alive: RefCell<Option<Rc<Driver>>>,
}

impl Driver {
    pub(super) fn start(start: Start) -> Result<Rc<Self>, JsValue> {
        let Start { mut engine, host, web_socket } = start;
        let mut random = Random::new(clock::Crypto);
        if engine.instance.is_empty() {
            let mut fresh = String::from("urn:uuid:");
            fresh.push_str(&random.uuid());
            engine.instance = host::tab_instance(&fresh);
        }
        engine.missing = host::missing().split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let mut refused = false;
        let driver = Rc::new_cyclic(|driver: &Weak<Self>| {
            let host = Host::open(driver.clone(), &host).unwrap_or_else(|()| {
                refused = true;
                None
            });
            engine.host = host.is_some();
            let weak = driver.clone();
            Self {
                engine: RefCell::new(Engine::new(engine, random)),
                inputs: RefCell::default(),
                running: Cell::new(false),
                notices: RefCell::default(),
                delivering: Cell::new(false),
                told: Closure::new(move || {
                    if let Some(driver) = weak.upgrade() {
                        driver.deliver();
                    }
                }),
                timer: Timer::new(driver.clone()),
                sockets: Sockets::new(driver.clone(), web_socket),
                sessions: Sessions::new(driver.clone()),
                host: RefCell::new(host),
                listeners: Listeners::new(limits::EVENTS_WAITING, limits::TRACE_ENTRIES),
                accounts: RefCell::default(),
                calls: RefCell::default(),
                pending: RefCell::default(),
                last_command: Cell::new(0),
                prune: Cell::new(false),
                stop: Cell::new(None),
                alive: RefCell::default(),
            }
        });
        if refused {
            return Err(error::option("host"));
        }
        driver.alive.replace(Some(driver.clone()));
        // A needless time-out makes the engine say what it wants first.
        driver.feed(Input::Timeout);
        Ok(driver)
    }

    /// Gives the engine an input, now or right after the one it is at, and tells what follows.
    pub(super) fn feed(&self, input: Input) {
        self.act(input);
        self.deliver();
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
                    Output::Media { media, command } => self.sessions.command(media, command),
                    Output::Host(text) => {
                        if let Some(host) = &*self.host.borrow() {
                            host.post(&text);
                        }
                    }
                    Output::Event(event) => {
                        self.meet(&event);
                        self.notices.borrow_mut().push_back(Notice::Event(event));
                    }
                    Output::Completed { id, result } => {
                        self.notices.borrow_mut().push_back(Notice::Completed(id, result));
                    }
                    // No account of a page can be asked yet.
                    Output::CredentialsNeeded(request) => {
                        let answer = Input::Credentials { id: request.id, result: None };
                        self.inputs.borrow_mut().push_back(answer);
                    }
                }
            }
        }
        self.running.set(false);
    }

    /// Tells the application. What a listener causes is told after what it was told, never from inside its call.
    fn deliver(&self) {
        if self.delivering.replace(true) {
            return;
        }
        while let Some(notice) = self.next_notice() {
            match notice {
                Notice::Event(event) => self.tell(event),
                Notice::Completed(id, result) => self.complete(id, result),
            }
        }
        if self.prune.replace(false) {
            let left = self.engine.borrow().accounts();
            self.accounts.borrow_mut().retain(|(data, _)| left.iter().any(|info| info.id == data.id));
        }
        self.delivering.set(false);
    }

    fn next_notice(&self) -> Option<Notice> {
        self.notices.borrow_mut().pop_front()
    }

    fn next_input(&self) -> Option<Input> {
        self.inputs.borrow_mut().pop_front()
    }

    fn step(&self, input: Input) -> Vec<Output> {
        let mut engine = self.engine.borrow_mut();
        engine.handle(clock::now(), input);
        std::iter::from_fn(|| engine.poll()).collect()
    }

    /// Gives the engine a command; the promise is settled by its completion.
    pub(super) fn command(&self, command: Command) -> Promise {
        let id = CommandId(self.last_command.get().wrapping_add(1));
        self.last_command.set(id.0);
        if self.alive.borrow().is_none() {
            return Promise::reject(&error::code(ErrorCode::Stopped));
        }
        if matches!(command, Command::Stop) {
            self.stop.set(Some(id));
        }
        let promise = Promise::new(&mut |resolve, reject| {
            self.pending.borrow_mut().push(Pending { id, resolve, reject });
        });
        self.act(Input::Command { id, command });
        // Listeners hear of it when the application's own code is through.
        queue_microtask(self.told.as_ref());
        promise
    }

    fn complete(&self, id: CommandId, result: Result<Reply, Error>) {
        let result = result.map(|reply| match reply {
            Reply::Done => JsValue::UNDEFINED,
            Reply::Account(account) => self.account(account).1,
            Reply::Call(call) => self.call_object(call),
            // No command that brings one has a method yet.
            Reply::Response { .. } | Reply::Subscription(_) | Reply::Publication(_) | Reply::Transfer(_) => {
                JsValue::UNDEFINED
            }
        });
        // The account goes even where the registrar would not hear of it.
        self.prune.set(true);
        if self.stop.get() == Some(id) {
            self.shut();
        }
        let index = self.pending.borrow().iter().position(|pending| pending.id == id);
        let pending = index.map(|index| self.pending.borrow_mut().swap_remove(index));
        if let Some(pending) = pending {
            let _ = match result {
                Ok(value) => pending.resolve.call1(&JsValue::NULL, &value),
                Err(error) => pending.reject.call1(&JsValue::NULL, &error::to_js(&error)),
            };
        }
    }

    /// After the engine has stopped nothing of the page is held any more.
    fn shut(&self) {
        self.timer.set(None);
        self.sockets.shut();
        self.sessions.shut();
        if let Some(host) = self.host.take() {
            host.close();
        }
        // Their objects hold the driver.
        self.accounts.take();
        self.calls.take();
        self.alive.take();
    }

    fn tell(&self, event: Event) {
        let (name, object) = match event {
            Event::Trace(entry) => ("trace", objects::trace(&entry)),
            Event::ConnectivityChanged { account, state, error } => {
                let (data, object) = self.account(account);
                data.transport.set(state);
                let event = Builder::new().value("account", &object).text("state", objects::transport_state(state));
                ("connectivity_changed", event.error(error.as_ref()).done())
            }
            Event::RegistrationChanged(info) => {
                let (data, object) = self.account(info.account);
                let event = objects::registration(&info, Builder::new().value("account", &object));
                data.registration.replace(info);
                ("registration_changed", event)
            }
            Event::CallReceived { call: info, .. } => {
                ("call_received", Builder::new().value("call", &self.call(info)).done())
            }
            Event::CallChanged(info) => ("call_changed", Builder::new().value("call", &self.call(info)).done()),
            Event::CallTerminated { call, outcome, .. } => {
                let id = call.id;
                let event =
                    Builder::new().value("call", &self.call(call)).value("outcome", &objects::outcome(&outcome));
                self.calls.borrow_mut().retain(|(data, _)| data.borrow().id != id);
                ("call_terminated", event.done())
            }
            Event::Problem { error, account } => {
                let event = Builder::new().error(Some(&error));
                let event = match account {
                    Some(account) => event.value("account", &self.account(account).1),
                    None => event,
                };
                ("problem", event.done())
            }
            Event::HostChanged { connected } => ("host_changed", Builder::new().flag("connected", connected).done()),
            // No listener can be added for these yet.
            _ => return,
        };
        self.listeners.emit(name, &object);
    }

    /// The object of an account, made when it is first spoken of.
    fn account(&self, id: AccountId) -> (Rc<AccountData>, JsValue) {
        if let Some(found) = self.accounts.borrow().iter().find(|(data, _)| data.id == id) {
            return found.clone();
        }
        let infos = self.engine.borrow().accounts();
        let name = infos.into_iter().find(|info| info.id == id).map(|info| info.name).unwrap_or_default();
        let data = Rc::new(AccountData {
            id,
            name,
            transport: Cell::new(TransportState::Idle),
            registration: RefCell::new(RegistrationInfo {
                account: id,
                state: RegistrationState::Unregistered,
                expires_at: None,
                status: None,
                error: None,
                will_retry: false,
            }),
        });
        let object = self.myself().map_or(JsValue::UNDEFINED, |driver| Account::new(driver, data.clone()).into());
        self.prune.set(true);
        self.accounts.borrow_mut().push((data.clone(), object.clone()));
        (data, object)
    }

    fn find_call(&self, id: CallId) -> Option<(Rc<CallData>, JsValue)> {
        self.calls.borrow().iter().find(|(data, _)| data.borrow().id == id).cloned()
    }

    /// Makes the object of a call that is new: `makeCall` is completed before the call's first event.
    fn meet(&self, event: &Event) {
        if let Event::CallReceived { call: info, .. }
        | Event::CallChanged(info)
        | Event::CallTerminated { call: info, .. } = event
            && self.find_call(info.id).is_none()
        {
            self.call(info.clone());
        }
    }

    fn call_object(&self, id: CallId) -> JsValue {
        if let Some((_, object)) = self.find_call(id) {
            return object;
        }
        let info = self.engine.borrow().calls().into_iter().find(|info| info.id == id);
        info.map_or(JsValue::UNDEFINED, |info| self.call(info))
    }

    /// The object of a call, brought up to date, made when it is first spoken of.
    fn call(&self, info: CallInfo) -> JsValue {
        if let Some((data, object)) = self.find_call(info.id) {
            data.replace(info);
            return object;
        }
        let account = self.account(info.account).1;
        let data = Rc::new(RefCell::new(info));
        let object = self.myself().map_or(JsValue::UNDEFINED, |driver| Call::new(driver, data.clone(), account).into());
        self.calls.borrow_mut().push((data, object.clone()));
        object
    }

    fn myself(&self) -> Option<Rc<Self>> {
        self.alive.borrow().clone()
    }

    /// The account that this object stands for; an object of another endpoint or of an account that is gone is nobody's.
    pub(super) fn account_of(&self, object: &JsValue) -> Option<AccountId> {
        self.accounts.borrow().iter().find(|(_, known)| known == object).map(|(data, _)| data.id)
    }

    /// `Endpoint.state`.
    pub(super) fn state(&self) -> JsValue {
        let accounts = Array::new();
        for (data, object) in &*self.accounts.borrow() {
            let registration = objects::registration(&data.registration.borrow(), Builder::new());
            let info = Builder::new()
                .value("account", object)
                .number("id", Some(data.id.0.into()))
                .text("name", &*data.name)
                .text("connectivity", objects::transport_state(data.transport.get()))
                .value("registration", &registration);
            accounts.push(&info.done());
        }
        let calls = Array::new();
        for (data, object) in &*self.calls.borrow() {
            let info = data.borrow();
            calls.push(&objects::call(&info, &self.account(info.account).1, object));
        }
        Builder::new()
            .value("accounts", &accounts)
            .value("calls", &calls)
            .flag("host", self.engine.borrow().is_host_connected())
            .done()
    }

    /// Whether anybody could open a socket: the page, or a host if it offers to.
    pub(super) fn can_connect(&self) -> bool {
        self.sockets.class().is_ok() || self.host.borrow().is_some()
    }

    pub(super) fn on(&self, name: &JsValue, listener: &JsValue) -> Result<JsValue, JsValue> {
        self.listeners.on(name, listener)
    }

    pub(super) fn off(&self, name: &JsValue, listener: &JsValue) {
        self.listeners.off(name, listener);
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
