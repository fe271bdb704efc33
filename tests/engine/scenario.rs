//! Scenario files: inputs with times, and the messages and effects that must come of them. `tests/scenarios/README.md`
//! says how they are read.
//!
//! The replayer joins the host machine, the engine and a server on one virtual clock, so what a file expects is what
//! the parts of the product do together. Every file ends with all calls over, whatever it is about.

use serde_json::{Map, Value, json};
use sipwake::bridge::{BridgeProblem, CallAction, EndReason, Launch, ReportError, RequestRefusal};
use sipwake::host::{Effect, HostInput, HostOptions, Profile, PushCallId};
use sipwake::io::{CallId, Command, CommandId, DtmfMethod, Event, Extra, FlowCommand, Reply};

use crate::wake::push_account;
use crate::world::{DELAY, World};

/// How far an expected time may be from the real one, milliseconds.
const TOLERANCE: u64 = 400;
/// How long a scenario goes on after its last input: longer than every deadline.
const AFTERWARDS: u64 = 150_000;

/// One thing that passed between page, host, system and server.
#[derive(Debug, Clone)]
pub enum Note {
    Host(Value),
    ToPage(String),
    ToHost(String),
    Sip(String),
}

impl Note {
    /// What an effect is to a scenario; none: nothing.
    pub fn of(effect: &Effect) -> Option<Self> {
        let shown = |what: &str, uuid: &String, name: &Option<String>, handle: &Option<String>, video: bool| json!({"host": what, "callUuid": uuid, "displayName": name, "handle": handle, "video": video});
        let value = match effect {
            Effect::Post(text) => return Some(Self::ToPage(text.clone())),
            Effect::Socket { command: FlowCommand::Send(octets), .. } => {
                return Some(Self::Sip(String::from_utf8_lossy(octets).into_owned()));
            }
            Effect::ReportIncoming { uuid, display_name, handle, video, .. } => {
                shown("report", uuid, display_name, handle, *video)
            }
            Effect::UpdateCall { uuid, display_name, handle, video, .. } => {
                shown("update", uuid, display_name, handle, *video)
            }
            Effect::StartCall { uuid, handle, .. } => {
                json!({"host": "start", "callUuid": uuid, "handle": handle.value})
            }
            Effect::OutgoingConnecting { uuid, .. } => json!({"host": "connecting", "callUuid": uuid}),
            Effect::OutgoingConnected { uuid, .. } => json!({"host": "connected", "callUuid": uuid}),
            Effect::EndCall { uuid, reason } => json!({"host": "end", "callUuid": uuid, "reason": reason.name()}),
            Effect::Fulfil { action_id, .. } => json!({"host": "fulfil", "actionId": action_id}),
            Effect::Fail { action_id } => json!({"host": "fail", "actionId": action_id}),
            Effect::RequestAction { uuid, action, .. } => {
                json!({"host": "requestAction", "callUuid": uuid, "action": action.name()})
            }
            Effect::MissedCall { display_name } => json!({"host": "missedCall", "displayName": display_name}),
            Effect::LoadPage => json!({"host": "loadPage"}),
            Effect::ReloadPage => json!({"host": "reloadPage"}),
            // A reply to what was given up meanwhile is dropped, and that is all.
            Effect::Problem(BridgeProblem::UnknownReply) => return None,
            Effect::Problem(problem) => json!({"host": "problem", "what": problem.name()}),
            _ => return None,
        };
        Some(Self::Host(value))
    }
}

/// The names that a file has for what is different in each run.
#[derive(Default)]
struct Names {
    uuids: Vec<String>,
    pushes: Vec<String>,
    actions: Vec<String>,
    /// Call-IDs, by the name of the call.
    calls: Vec<(String, String)>,
}

impl Names {
    fn put(list: &mut Vec<String>, text: &str, prefix: &str) -> String {
        let index = list.iter().position(|known| known == text).unwrap_or_else(|| {
            list.push(text.to_owned());
            list.len() - 1
        });
        format!("{prefix}#{}", index + 1)
    }

    fn rename(&mut self, key: &str, value: &mut Value) {
        match value {
            Value::Object(members) => {
                // What is nothing, and what differs with the clock or the device, is left out.
                let drop = ["at", "raw", "ageMs", "expiresAt", "connectedAt", "ttlMs", "inviteTimeoutMs", "message"];
                members.retain(|name, value| !value.is_null() && !drop.contains(&name.as_str()));
                for (name, value) in members.iter_mut() {
                    self.rename(name, value);
                }
            }
            Value::String(text) => {
                let is_uuid = text.len() == 36 && text.split('-').count() == 5;
                let name = match key {
                    "callUuid" | "boundCallUuid" => Self::put(&mut self.uuids, text, ""),
                    "pushId" if is_uuid => Self::put(&mut self.pushes, text, "push"),
                    "actionId" if text.starts_with("start ") => {
                        ["start ", &Self::put(&mut self.uuids, &text[6..], "")].concat()
                    }
                    "actionId" if is_uuid => Self::put(&mut self.actions, text, "action"),
                    "sipCallId" => match self.calls.iter().find(|(_, id)| id == text) {
                        Some((name, _)) => format!("@{name}"),
                        None => return,
                    },
                    _ => return,
                };
                *text = name;
            }
            _ => {}
        }
    }
}

/// The file as it is replayed with one Call-ID in its pushes: `same`, `other` or `none`.
pub struct Scene<'a> {
    pub name: &'a str,
    file: &'a Value,
    call_id: &'a str,
    world: World,
    phone: usize,
    callers: Vec<(String, usize, sipwake::io::AccountId)>,
    /// The name of a call, who calls, which call that is there, its Call-ID.
    calls: Vec<(String, usize, CallId, String)>,
    begun: u64,
    lives: u64,
    timed_out: Vec<(String, u64)>,
    was_reset: bool,
    /// The commands of the buttons in the page.
    buttons: Vec<CommandId>,
}

const PHONE: usize = 0;

fn text<'a>(step: &'a Value, member: &str) -> Option<&'a str> {
    step.get(member).and_then(Value::as_str)
}

fn flag(step: &Value, member: &str, default: bool) -> bool {
    step.get(member).and_then(Value::as_bool).unwrap_or(default)
}

impl<'a> Scene<'a> {
    fn options(file: &Value, call_id: &str) -> HostOptions {
        // A server that makes Call-IDs anew is declared as one, unless the file says that it is not.
        let declared = call_id == "other" && file["options"]["pushCallId"] != "same";
        let push_call_id = if declared { PushCallId::Rewritten } else { PushCallId::Same };
        let mut options = HostOptions { push_call_id, ..HostOptions::default() };
        for (name, value) in file.get("options").and_then(Value::as_object).into_iter().flatten() {
            match name.as_str() {
                "profile" => {
                    assert_eq!(value, "pageMedia");
                    options.profile = Profile::PageMedia;
                }
                "pushCallId" => assert_eq!(value, "same"),
                "ringTimeoutMs" => options.ring_timeout_ms = value.as_u64().unwrap(),
                other => panic!("no option {other}"),
            }
        }
        options
    }

    fn new(name: &'a str, file: &'a Value, call_id: &'a str) -> Self {
        let mut world = World::new();
        let phone = world.add_iphone_with(push_account("bob"), Self::options(file, call_id));
        assert_eq!(phone, PHONE);
        let mut callers = Vec::new();
        for who in ["alice", "carol"] {
            let (index, account) = world.add_registered(who);
            callers.push((who.to_owned(), index, account));
        }
        match text(file, "start").unwrap_or("asleep") {
            "awake" => {}
            "asleep" => world.background(phone),
            "cold" => {
                world.background(phone);
                world.app_dies(phone, Self::options(file, call_id));
            }
            other => panic!("{name}: no start {other}"),
        }
        world.run(100);
        world.phones[phone].shell.as_mut().unwrap().log.clear();
        let begun = world.now;
        Self {
            name,
            file,
            call_id,
            world,
            phone,
            callers,
            calls: Vec::new(),
            begun,
            lives: 0,
            timed_out: Vec::new(),
            was_reset: false,
            buttons: Vec::new(),
        }
    }

    fn steps(&self) -> Vec<Value> {
        let mut steps = self.file["steps"].as_array().expect("steps").clone();
        let wakes: Vec<Value> = steps
            .iter()
            .filter(|step| step["input"] == "push" && step.get("wake") != Some(&Value::Null))
            .map(|step| {
                let after = step.get("wake").and_then(Value::as_u64).unwrap_or(100);
                json!({"at": step["at"].as_u64().unwrap() + after, "input": "pageRuns"})
            })
            .collect();
        steps.extend(wakes);
        steps.sort_by_key(|step| step["at"].as_u64().expect("a time"));
        steps
    }

    fn run(&mut self) {
        for step in self.steps() {
            let at = self.begun + step["at"].as_u64().unwrap();
            self.world.run(at - self.world.now);
            self.step(&step);
        }
        self.world.run(AFTERWARDS);
    }

    fn call_named(&self, step: &Value) -> (usize, CallId, String) {
        let name = text(step, "call").unwrap_or("A");
        let call = self.calls.iter().find(|(known, ..)| known == name).expect("a call that was made");
        (call.1, call.2, call.3.clone())
    }

    /// The UUID of `#1`, the call that the system was told of first.
    fn uuid(&self, step: &Value) -> String {
        let number: usize = text(step, "call").unwrap_or("#1").trim_start_matches('#').parse().expect("#1, #2, …");
        self.world.shell(self.phone).shown[number - 1].uuid.clone()
    }

    fn step(&mut self, step: &Value) {
        let phone = self.phone;
        match text(step, "input").expect("an input") {
            "invite" => self.invite(step),
            "hangup" => {
                let (caller, call, _) = self.call_named(step);
                let reason = text(step, "reason").map(|reason| ("Reason".to_owned(), reason.to_owned()));
                let extra = Extra { headers: reason.into_iter().collect() };
                self.world.command(caller, Command::Hangup(call, extra));
            }
            "release" => {
                for (to, flow, octets) in self.world.server.release("bob") {
                    self.world.deliver(to, DELAY, flow, sipwake::io::FlowEvent::Received(octets));
                }
            }
            "inviteAgain" => {
                let (caller, _, call_id) = self.call_named(step);
                let mut sent = self.world.server.requests.iter();
                let sent = sent.rfind(|r| r.method().as_str() == "INVITE" && r.headers.call_id() == Some(&call_id));
                let invite = sent.expect("an INVITE").clone();
                self.world.resend_invite(caller, &invite);
            }
            "push" => self.push(step),
            "pageRuns" if self.world.phones[phone].shell.is_some() => self.page_runs(),
            "freeze" => self.world.phones[phone].frozen = true,
            "pageDied" => {
                self.lives += 1;
                self.world.page_dies(phone);
            }
            "pageBack" => self.world.page_begins(phone, push_account("bob"), 900 + self.lives),
            "register" => {
                self.world.server.register_status = step["status"].as_u64().map(|status| status as u16);
            }
            "cut" => self.world.cut(phone),
            "slowReports" => self.world.shell_is_slow(phone),
            "reports" => self.world.shell_reports(phone),
            "refuseReport" => {
                let error = ReportError::from_name(text(step, "error").expect("an error"));
                self.world.phones[phone].shell.as_mut().unwrap().refuses = Some(error);
            }
            "start" => self.start(step),
            "far" => self.far(step),
            "button" => self.button(step),
            "refuseRequests" => {
                let refusal = RequestRefusal::from_name(text(step, "error").expect("an error"));
                self.world.phones[phone].shell.as_mut().unwrap().refuses_requests = Some(refusal);
            }
            "ignoreRequests" => self.world.phones[phone].shell.as_mut().unwrap().ignores_requests = true,
            "providerReset" => {
                self.was_reset = true;
                self.world.provider_reset(phone);
            }
            "actionTimedOut" => {
                let action_id = text(step, "action").expect("an action").to_owned();
                self.timed_out.push((action_id.clone(), self.world.now));
                self.world.host_input(phone, HostInput::ActionTimedOut { action_id });
            }
            name => {
                let action = CallAction::from_name(name);
                assert_ne!(action, CallAction::Unknown, "{}: no input {name}", self.name);
                let uuid = self.uuid(step);
                let digits = text(step, "digits").map(str::to_owned);
                self.world.perform_on(phone, &uuid, text(step, "action").expect("its id"), action, digits);
            }
        }
    }

    fn invite(&mut self, step: &Value) {
        match text(step, "held") {
            Some("untilRegister") => self.world.server.holds = true,
            Some("untilReleased") => (self.world.server.holds, self.world.server.keeps) = (true, true),
            _ => self.world.server.holds = false,
        }
        let who = text(step, "from").unwrap_or("alice");
        let (_, index, account) = self.callers.iter().find(|(name, ..)| name == who).expect("a caller").clone();
        let mut options = sipwake::io::CallOptions::default();
        if let Some(push_id) = text(step, "pushId") {
            options.headers.push(("X-Push-ID".to_owned(), push_id.to_owned()));
        }
        let command = Command::MakeCall { account, target: "bob".to_owned(), options };
        let Ok(Reply::Call(call)) = self.world.command_now(index, command) else { panic!("no call") };
        let info = self.world.calls(index).into_iter().find(|info| info.id == call).unwrap();
        self.calls.push((text(step, "call").unwrap_or("A").to_owned(), index, call, info.sip_call_id));
        self.world.run(2 * DELAY + 2);
    }

    /// The application makes a call.
    fn start(&mut self, step: &Value) {
        let account = self.world.phones[self.phone].endpoint.accounts()[0].id;
        let call = self.world.call(self.phone, account, text(step, "to").unwrap_or("alice"));
        let info = self.world.calls(self.phone).into_iter().find(|info| info.id == call).unwrap();
        self.calls.push((text(step, "call").unwrap_or("A").to_owned(), self.phone, call, info.sip_call_id));
    }

    /// Whom the application called does something.
    fn far(&mut self, step: &Value) {
        let who = text(step, "who").unwrap_or("alice");
        let (_, index, _) = self.callers.iter().find(|(name, ..)| name == who).expect("somebody").clone();
        let call = self.world.calls(index).pop().expect("a call").id;
        let command = match text(step, "does").expect("what") {
            "answer" => Command::Answer(call, Extra::default()),
            "decline" => Command::Decline(call, Some(486), Extra::default()),
            "hangup" => Command::Hangup(call, Extra::default()),
            other => panic!("{}: nobody does {other}", self.name),
        };
        self.world.command(index, command);
    }

    /// Somebody presses a button in the page.
    fn button(&mut self, step: &Value) {
        let uuid = self.uuid(step);
        let call = self.world.calls(self.phone).into_iter().find(|info| info.uuid == uuid).expect("a call").id;
        let command = match text(step, "does").expect("what") {
            "answer" => Command::Answer(call, Extra::default()),
            "end" => Command::Hangup(call, Extra::default()),
            "hold" => Command::Hold(call, true),
            "unhold" => Command::Hold(call, false),
            "mute" => Command::Mute(call, true),
            "unmute" => Command::Mute(call, false),
            "dtmf" => Command::Dtmf {
                call,
                digits: text(step, "digits").unwrap_or("1").to_owned(),
                method: DtmfMethod::Auto,
                duration_ms: 100,
                gap_ms: 70,
            },
            other => panic!("{}: no button {other}", self.name),
        };
        let id = self.world.command(self.phone, command);
        self.buttons.push(id);
    }

    fn push(&mut self, step: &Value) {
        let mut payload = match step.get("payload") {
            Some(payload) => payload.clone(),
            None => json!({"from-uri": "sip:alice@example.test", "display-name": "Alice"}),
        };
        if let Some(members) = payload.as_object_mut() {
            let name = text(step, "call").unwrap_or("A");
            let known = self.calls.iter().find(|(call, ..)| call == name).map(|(.., id)| id.clone());
            let id = match text(step, "callId").unwrap_or(self.call_id) {
                "same" => Some(known.unwrap_or_else(|| format!("call-{name}"))),
                "other" => Some(format!("other-{name}")),
                _ => None,
            };
            if let Some(id) = id {
                members.insert("aps".to_owned(), json!({"call-id": id}));
            }
            // Ages are of the moment, so a file says how old a push is.
            if let Some(age) = members.remove("ageSeconds").and_then(|age| age.as_u64()) {
                members.insert("sentAt".to_owned(), json!(self.world.clock().wall / 1_000 - age));
            }
        }
        let phone = self.phone;
        let launch = match (self.world.phones[phone].frozen, text(self.file, "start")) {
            (false, _) => Launch::Foreground,
            (true, Some("cold")) => Launch::Cold,
            _ => Launch::Suspended,
        };
        let payload = text(step, "text").map_or_else(|| payload.to_string(), str::to_owned);
        let before = self.world.shell(phone).log.len();
        let must_report = flag(step, "mustReport", true);
        self.world.host_input(
            phone,
            HostInput::Push {
                payload,
                must_report,
                launch,
                locked: flag(step, "locked", true),
                unlocked_since_boot: flag(step, "unlockedSinceBoot", true),
            },
        );
        let after = &self.world.shell(phone).log[before..];
        let reported = after.iter().any(|(_, note)| matches!(note, Note::Host(value) if value["host"] == "report"));
        assert!(reported || !must_report, "{}: a push is not reported before its callback returns", self.name);
    }

    fn page_runs(&mut self) {
        let phone = self.phone;
        if !self.world.phones[phone].frozen {
            return;
        }
        if text(self.file, "start") == Some("cold") && self.lives == 0 {
            self.lives = 1;
            self.world.page_begins(phone, push_account("bob"), 900);
        } else {
            self.world.thaw(phone);
        }
    }

    /// What passed, as a file shows it, in the order in which it did.
    fn passed(&self) -> Vec<Value> {
        let calls = self.calls.iter().map(|(name, .., id)| (name.clone(), id.clone())).collect();
        let mut names = Names { calls, ..Names::default() };
        let mut seen: Vec<String> = Vec::new();
        let mut passed = Vec::new();
        for (at, note) in &self.world.shell(self.phone).log {
            let value = match note {
                Note::Host(value) => Some(value.clone()),
                Note::ToPage(text) => envelope(text, "toPage", &mut seen),
                Note::ToHost(text) => envelope(text, "toHost", &mut seen),
                Note::Sip(text) => sip(text),
            };
            if let Some(mut value) = value {
                names.rename("", &mut value);
                let mut entry = Map::new();
                entry.insert("after".to_owned(), json!(at - self.begun));
                entry.extend(value.as_object().unwrap().clone());
                passed.push(Value::Object(entry));
            }
        }
        passed
    }

    /// How everything ended, as a file's `outcome` says it.
    fn outcome(&self) -> Value {
        let shell = self.world.shell(self.phone);
        let mut calls = Map::new();
        for (index, shown) in shell.shown.iter().enumerate() {
            let end = shown.ended.map_or("open", EndReason::name);
            calls.insert(format!("#{}", index + 1), json!(end));
        }
        let mut callers = Map::new();
        for (name, caller, call, _) in &self.calls {
            let outcome = self.world.phones[*caller].events.iter().find_map(|event| match event {
                Event::CallTerminated { call: info, outcome, .. } if info.id == *call => Some(outcome.kind.name()),
                _ => None,
            });
            callers.insert(name.clone(), json!(outcome.unwrap_or("open")));
        }
        let mut actions = Map::new();
        for step in self.file["steps"].as_array().unwrap() {
            if let (Some(id), false) = (text(step, "action"), step["input"] == "actionTimedOut") {
                let count = |list: &[String]| list.iter().filter(|known| *known == id).count();
                let end = match (count(&shell.fulfilled), count(&shell.failed)) {
                    (1, 0) => "fulfilled",
                    (0, 1) => "failed",
                    (0, 0) => "nothing",
                    _ => "more than once",
                };
                actions.insert(id.to_owned(), json!(end));
            }
        }
        json!({"calls": calls, "actions": actions, "callers": callers})
    }

    /// What holds in every scenario.
    fn invariants(&self) {
        let (name, shell) = (self.name, self.world.shell(self.phone));
        for (index, shown) in shell.shown.iter().enumerate() {
            assert!(shown.ended.is_some(), "{name}: call #{} is shown for ever", index + 1);
        }
        let ended = shell.log.iter().filter_map(|(at, note)| match note {
            Note::Host(value) => Some((at, text(value, "host")?, text(value, "actionId")?)),
            _ => None,
        });
        for (at, what, id) in ended {
            let late = self.timed_out.iter().any(|(timed_out, when)| timed_out == id && when < at);
            assert!(!late, "{name}: {what} of action {id} after its time");
        }
        for (id, end) in self.outcome()["actions"].as_object().unwrap() {
            let may_be_left = self.was_reset || self.timed_out.iter().any(|(timed_out, _)| timed_out == id);
            assert!(end != "more than once", "{name}: action {id} ended more than once");
            assert!(end != "nothing" || may_be_left, "{name}: action {id} was neither fulfilled nor failed");
        }
        for id in &shell.by_itself {
            let settled = shell.fulfilled.iter().chain(&shell.failed).filter(|known| *known == id).count();
            assert!(settled == 1 || (settled == 0 && self.was_reset), "{name}: action {id} ended {settled} times");
        }
        for id in &self.buttons {
            let result = self.world.result(self.phone, *id);
            assert!(result.is_some(), "{name}: a button of the page was never answered");
        }
        let is_problem = |note: &Note| matches!(note, Note::Host(value) if value["host"] == "problem");
        let dropped = shell.log.iter().filter(|(_, note)| is_problem(note));
        assert_eq!(dropped.count(), 0, "{name}: messages were dropped");
        assert!(self.world.calls(self.phone).is_empty(), "{name}: the engine still has a call");
        assert!(self.world.phones[self.phone].open_media.is_empty(), "{name}: a media session is left");
        assert!(self.world.phones[self.phone].prepared.is_empty(), "{name}: what was made ready is left");
    }
}

/// A message of the bridge that matters to scenarios; what is sent again is not shown again.
fn envelope(text: &str, direction: &str, seen: &mut Vec<String>) -> Option<Value> {
    let message: Value = serde_json::from_str(text).expect("an envelope");
    let name = message["type"].as_str().unwrap().to_owned();
    let matters = name.starts_with("call.") || name == "push.incoming" || name == "push.resolved";
    let id = format!("{direction} {} {}", message["session"], message["id"]);
    if !matters || seen.contains(&id) {
        return None;
    }
    seen.push(id);
    let mut entry = Map::new();
    entry.insert(direction.to_owned(), json!(name));
    if message["kind"] == "reply" {
        entry.insert("reply".to_owned(), json!(true));
    }
    entry.insert("p".to_owned(), message["p"].clone());
    Some(Value::Object(entry))
}

/// A SIP message of the phone that matters to scenarios.
fn sip(text: &str) -> Option<Value> {
    let line = text.lines().next()?;
    let method = text.lines().find_map(|line| line.strip_prefix("CSeq: "))?.split(' ').nth(1)?;
    let word = match line.strip_prefix("SIP/2.0 ") {
        Some(status) => format!("{} {method}", &status[..3]),
        None => method.to_owned(),
    };
    let noise = ["REGISTER", "ACK", "100 INVITE"];
    (!noise.contains(&word.as_str())).then(|| json!({"sip": word}))
}

/// Which of four streams an entry belongs to. Within each the order counts; between them the times do.
fn lane(entry: &Value) -> &'static str {
    ["host", "toPage", "toHost", "sip"].into_iter().find(|lane| entry.get(lane).is_some()).expect("a lane")
}

/// Whether everything that is expected is there. More may be.
fn matches(expected: &Value, real: &Value) -> bool {
    match (expected, real) {
        (Value::Object(expected), Value::Object(real)) => expected
            .iter()
            .all(|(name, value)| name == "after" || real.get(name).is_some_and(|real| matches(value, real))),
        _ => expected == real,
    }
}

/// What both say.
fn common(a: &Value, b: &Value) -> Value {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let both = a.iter().filter_map(|(name, value)| {
                let other = b.get(name)?;
                (value.is_object() || value == other).then(|| (name.clone(), common(value, other)))
            });
            Value::Object(both.collect())
        }
        _ => a.clone(),
    }
}

fn list(file: &Value, member: &str) -> Vec<String> {
    match &file[member] {
        Value::Array(values) => values.iter().map(|value| value.as_str().unwrap().to_owned()).collect(),
        value => vec![value.as_str().unwrap_or_else(|| panic!("{member} is missing")).to_owned()],
    }
}

/// Replays a file once for each Call-ID that it names.
pub fn replay(name: &str, content: &str) {
    let file: Value = serde_json::from_str(content).unwrap_or_else(|error| panic!("{name}: {error}"));
    let recording = crate::scenarios::is_recording();
    let mut recorded: Option<Vec<Value>> = None;
    for call_id in list(&file, "callId") {
        let mut scene = Scene::new(name, &file, &call_id);
        scene.run();
        let passed = scene.passed();
        let show = || passed.iter().map(|entry| format!("{entry}\n")).collect::<String>();
        assert_eq!(
            scene.outcome(),
            file["outcome"],
            "{name}, Call-ID {call_id}: the outcome. What passed:\n{}",
            show()
        );
        scene.invariants();
        if recording {
            recorded = Some(match recorded {
                None => passed,
                Some(before) => {
                    assert_eq!(before.len(), passed.len(), "{name}, Call-ID {call_id}: another course:\n{}", show());
                    before.iter().zip(&passed).map(|(a, b)| common(a, b)).collect()
                }
            });
            continue;
        }
        compare(&format!("{name}, Call-ID {call_id}"), file["expect"].as_array().expect("expect"), &passed);
    }
    if let Some(recorded) = recorded {
        crate::scenarios::record(name, &file, &recorded);
    }
}

fn compare(name: &str, expected: &[Value], passed: &[Value]) {
    for of in ["host", "toPage", "toHost", "sip"] {
        let expected: Vec<_> = expected.iter().filter(|entry| lane(entry) == of).collect();
        let real: Vec<_> = passed.iter().filter(|entry| lane(entry) == of).collect();
        for (index, wanted) in expected.iter().enumerate() {
            let Some(real) = real.get(index) else { panic!("{name}: missing {wanted}") };
            assert!(matches(wanted, real), "{name}: expected {wanted}\n instead {real}");
            let (a, b) = (wanted["after"].as_u64(), real["after"].as_u64());
            let near = a.zip(b).is_none_or(|(a, b)| a.abs_diff(b) <= TOLERANCE);
            assert!(near, "{name}: at another time: {wanted}\n instead {real}");
        }
        if let Some(more) = real.get(expected.len()) {
            panic!("{name}: unexpected {more}");
        }
    }
}
