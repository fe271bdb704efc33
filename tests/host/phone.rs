//! A phone: the host, a system that shows calls, and a page that says what the test lets it say.

use sipwake::bridge::{
    CallAction, CallIncoming, CallIncomingReply, CallPerform, CallPerformReply, Handle, HandleType, Hello, Incoming,
    Kind, Launch, Link, LinkEvent, Payload, PerformState, PushIncoming, PushIncomingReply, ReportError, Welcome,
};
use sipwake::common::random::{Random, Seeded};
use sipwake::common::time::{Mono, Now};
use sipwake::host::{Effect, Host, HostInput, HostOptions};

pub const EPOCH: u64 = 1_764_000_000_000;

pub const ORIGIN: &str = "sipwake://app";

/// What the page of the app posted.
pub fn posted(text: String) -> HostInput {
    HostInput::PageMessage { main_frame: true, origin: ORIGIN.to_owned(), text }
}

/// The payload of a push that names its call.
pub const PUSH: &str = r#"{"aps":{"call-id":"call-1@host"},"from-uri":"sip:alice@example.com","display-name":"Alice"}"#;
/// The payload of a push that names nobody.
pub const NAMELESS: &str = r#"{"content-available":true}"#;

pub struct Phone {
    pub now: u64,
    pub host: Host,
    pub page: Option<Link>,
    /// What the system, the socket and the media were told, in short words; calls as `#1`, `#2` in order of their report.
    pub log: Vec<String>,
    pub effects: Vec<Effect>,
    pub uuids: Vec<String>,
    /// Background tasks that were begun and ended.
    pub background: Vec<bool>,
    pub got: Vec<Incoming>,
    pub welcome: Option<Welcome>,
    pub ready: bool,
    /// Whether the system answers each report at once, and how.
    pub auto_report: bool,
    pub report_error: Option<ReportError>,
    /// Whether texts to and from the page are lost.
    pub deaf: bool,
    /// What the app is doing when a push comes.
    pub launch: Launch,
    /// Calls that the system shows now.
    pub shown: Vec<String>,
    /// The actions with which the system started calls.
    starts: Vec<(String, String)>,
    timer: Option<Mono>,
    pages: u64,
    actions: u32,
}

pub fn options() -> HostOptions {
    HostOptions {
        instance: "urn:uuid:11111111-2222-4333-8444-555555555555".to_owned(),
        origins: vec![ORIGIN.to_owned()],
        ..HostOptions::default()
    }
}

impl Phone {
    pub fn new() -> Self {
        Self::with(options())
    }

    pub fn with(options: HostOptions) -> Self {
        Self {
            now: 0,
            host: Host::new(options, Random::new(Seeded(7))),
            page: None,
            log: Vec::new(),
            effects: Vec::new(),
            uuids: Vec::new(),
            background: Vec::new(),
            got: Vec::new(),
            welcome: None,
            ready: true,
            auto_report: true,
            report_error: None,
            deaf: false,
            launch: Launch::Cold,
            shown: Vec::new(),
            starts: Vec::new(),
            timer: None,
            pages: 0,
            actions: 0,
        }
    }

    /// A phone whose page is up and quiet.
    pub fn awake() -> Self {
        let mut phone = Self::new();
        phone.load();
        phone.run(200);
        phone
    }

    pub fn now(&self) -> Now {
        Now { mono: Mono(self.now), wall: EPOCH + self.now }
    }

    /// A page is loaded; it knows nothing of the one before.
    pub fn load(&mut self) {
        self.pages += 1;
        let mut page = Link::page(&mut Random::new(Seeded(100 + self.pages)), Hello::default());
        page.open(self.now());
        self.page = Some(page);
        self.got.clear();
        self.settle();
    }

    pub fn tell(&mut self, input: HostInput) {
        self.host.handle(self.now(), input);
        self.settle();
    }

    pub fn push(&mut self, payload: &str) {
        self.push_as(payload, true, true);
    }

    pub fn push_as(&mut self, payload: &str, must_report: bool, unlocked_since_boot: bool) {
        let launch = self.launch;
        self.tell(HostInput::Push {
            payload: payload.to_owned(),
            must_report,
            launch,
            locked: true,
            unlocked_since_boot,
        });
    }

    /// The user does something to the call with this number; the action's id is `a1`, `a2`, ….
    pub fn user(&mut self, call: usize, action: CallAction) {
        self.actions += 1;
        let action_id = format!("a{}", self.actions);
        // The system counts as gone what the user ends.
        let uuid = self.uuids[call - 1].clone();
        if action == CallAction::End {
            self.shown.retain(|shown| *shown != uuid);
        }
        if action == CallAction::Start {
            self.shown.push(uuid.clone());
            self.starts.push((action_id.clone(), uuid.clone()));
        }
        self.tell(HostInput::Perform { action_id, uuid, action, digits: None, group_with: None });
    }

    /// The user joins two calls.
    pub fn group(&mut self, call: usize, with: usize) {
        self.actions += 1;
        let (action_id, action) = (format!("a{}", self.actions), CallAction::Group);
        let (uuid, with) = (self.uuids[call - 1].clone(), self.uuids[with - 1].clone());
        self.tell(HostInput::Perform { action_id, uuid, action, digits: None, group_with: Some(with) });
    }

    fn name(&mut self, uuid: &str) -> String {
        let index = match self.uuids.iter().position(|known| known == uuid) {
            Some(index) => index,
            None => {
                self.uuids.push(uuid.to_owned());
                self.uuids.len() - 1
            }
        };
        format!("#{}", index + 1)
    }

    pub fn settle(&mut self) {
        loop {
            let now = self.now();
            let mut busy = false;
            while let Some(effect) = self.host.poll() {
                busy = true;
                self.carry_out(effect);
            }
            while let Some(event) = self.page.as_mut().and_then(Link::poll) {
                busy = true;
                match event {
                    LinkEvent::Post(text) if !self.deaf => self.host.handle(now, posted(text)),
                    LinkEvent::Connected { welcome, .. } => {
                        self.welcome = Some(*welcome);
                        if self.ready {
                            self.page.as_mut().unwrap().ready(now);
                        }
                    }
                    LinkEvent::Received(incoming) => self.got.push(incoming),
                    _ => {}
                }
            }
            if !busy {
                return;
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        let now = self.now();
        let word = match &effect {
            Effect::Timer(at) => {
                self.timer = *at;
                return;
            }
            Effect::BackgroundTask(on) => {
                self.background.push(*on);
                return;
            }
            Effect::Post(text) => {
                if let Some(page) = self.page.as_mut().filter(|_| !self.deaf) {
                    page.receive(now, text);
                }
                return;
            }
            Effect::ReportIncoming { uuid, display_name, video, .. } => {
                let known = self.shown.contains(uuid);
                let error = if known { Some(ReportError::UuidExists) } else { self.report_error };
                if self.auto_report {
                    if error.is_none() {
                        self.shown.push(uuid.clone());
                    }
                    self.host.handle(now, HostInput::Reported { uuid: uuid.clone(), error });
                }
                let video = if *video { " video" } else { "" };
                format!("report {} {}{video}", self.name(uuid), display_name.as_deref().unwrap_or("?"))
            }
            Effect::UpdateCall { uuid, display_name, .. } => {
                format!("update {} {}", self.name(uuid), display_name.as_deref().unwrap_or("?"))
            }
            Effect::EndCall { uuid, reason } => {
                assert!(self.shown.contains(uuid), "a call is ended that is not shown");
                self.shown.retain(|shown| shown != uuid);
                format!("end {} {}", self.name(uuid), reason.name())
            }
            Effect::Fulfil { action_id, .. } => format!("fulfil {action_id}"),
            Effect::Fail { action_id } => {
                // A start that fails is no call.
                let start = self.starts.iter().find(|(id, _)| id == action_id).cloned();
                self.shown.retain(|shown| start.as_ref().is_none_or(|(_, uuid)| uuid != shown));
                format!("fail {action_id}")
            }
            Effect::StartCall { uuid, handle, .. } => format!("start {} {}", self.name(uuid), handle.value),
            Effect::OutgoingConnecting { uuid, .. } => format!("connecting {}", self.name(uuid)),
            Effect::OutgoingConnected { uuid, .. } => format!("connected {}", self.name(uuid)),
            Effect::RequestAction { uuid, action, .. } => format!("request {} {}", self.name(uuid), action.name()),
            Effect::MissedCall { display_name } => format!("missed {}", display_name.as_deref().unwrap_or("?")),
            Effect::LoadPage => "load".to_owned(),
            Effect::ReloadPage => "reload".to_owned(),
            Effect::Socket { flow, command } => format!("socket {} {command:?}", flow.0),
            Effect::ReadSockets(on) => format!("read {on}"),
            Effect::Media { media, command, .. } => format!("media {} {command:?}", media.0),
            Effect::RequestToken(kind) => format!("token {}", kind.name()),
            Effect::SuspendReady { done, registered } => format!("suspend {done} {registered}"),
            Effect::KeepState { key, value } => format!("keep {key} {value}"),
            Effect::Problem(problem) => format!("problem {}", problem.name()),
            other => format!("{other:?}"),
        };
        self.log.push(word);
        self.effects.push(effect);
    }

    /// Lets `ms` pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        loop {
            self.settle();
            let page = self.page.as_ref().and_then(Link::next_timeout);
            let next = [page, self.timer].into_iter().flatten().min();
            match next {
                Some(Mono(due)) if due <= end => self.now = due.max(self.now),
                _ => break,
            }
            let now = self.now();
            if self.timer.is_some_and(|at| at <= now.mono) {
                self.timer = None;
                self.host.handle(now, HostInput::Timeout);
            }
            if let Some(page) = self.page.as_mut() {
                page.timeout(now);
            }
        }
        self.now = end;
        self.settle();
    }

    /// What was done since the last time somebody asked.
    pub fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    /// How many actions the user did.
    pub fn actions(&self) -> u32 {
        self.actions
    }

    /// The last message of this name that the page got.
    pub fn last(&self, message_type: &str) -> Incoming {
        let found = self.got.iter().rev().find(|incoming| incoming.message_type == message_type);
        found.unwrap_or_else(|| panic!("the page got no {message_type}")).clone()
    }

    pub fn count(&self, message_type: &str) -> usize {
        self.got.iter().filter(|incoming| incoming.message_type == message_type).count()
    }

    pub fn pushed(&self) -> PushIncoming {
        self.last(PushIncoming::TYPE).read().unwrap()
    }

    /// The actions that the page was asked for, as `answer`, `end`, ….
    pub fn performs(&self) -> Vec<&'static str> {
        let requests = self.got.iter().filter(|incoming| incoming.message_type == CallPerform::TYPE);
        requests.map(|incoming| incoming.read::<CallPerform>().unwrap().action.name()).collect()
    }

    pub fn event<P: Payload + sipwake::bridge::codec::WriteRecord>(&mut self, payload: &P) {
        let now = self.now();
        self.page.as_mut().unwrap().event(now, payload);
        self.settle();
    }

    pub fn request<P: Payload + sipwake::bridge::codec::WriteRecord>(&mut self, payload: &P) -> String {
        let now = self.now();
        let id = self.page.as_mut().unwrap().request(now, payload, 30_000);
        self.settle();
        id
    }

    pub fn reply<P: Payload + sipwake::bridge::codec::WriteRecord>(&mut self, re: &str, payload: &P) {
        let now = self.now();
        self.page.as_mut().unwrap().reply(now, re, payload);
        self.settle();
    }

    /// The page takes the last push.
    pub fn accept_push(&mut self) {
        let id = self.last(PushIncoming::TYPE).id;
        self.reply(&id, &PushIncomingReply { accepted: true, ..PushIncomingReply::default() });
    }

    /// The page says how far the last action is.
    pub fn performed(&mut self, state: PerformState) {
        let requests =
            |incoming: &&Incoming| incoming.message_type == CallPerform::TYPE && incoming.kind == Kind::Request;
        let id = self.got.iter().rev().find(requests).expect("an action").id.clone();
        self.reply(&id, &CallPerformReply { state, ..CallPerformReply::default() });
    }

    /// An INVITE came to the page.
    pub fn invite(&mut self, uuid: &str, sip_call_id: &str, push_id: Option<&str>) -> String {
        let invite = CallIncoming {
            call_uuid: uuid.to_owned(),
            sip_call_id: sip_call_id.to_owned(),
            push_id: push_id.map(str::to_owned),
            from_uri: "sip:alice@example.com".to_owned(),
            display_name: Some("Alice Archer".to_owned()),
            handle: Handle { handle_type: HandleType::Generic, value: "sip:alice@example.com".to_owned() },
            ..CallIncoming::default()
        };
        self.request(&invite)
    }

    /// What the host answered to it.
    pub fn invite_reply(&self, id: &str) -> CallIncomingReply {
        let reply = self.got.iter().find(|incoming| incoming.re.as_deref() == Some(id)).expect("a reply");
        reply.read().unwrap()
    }
}
