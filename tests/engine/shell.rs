//! A simulated native shell: `sipwake::host` with sockets and media of the virtual wire, and a call screen that
//! keeps what it was told.

use std::collections::VecDeque;

use sipwake::bridge::{
    CallAction, EndReason, Environment, Launch, PushToken, ReportError, RequestRefusal, ResetReason, TokenKind,
};
use sipwake::common::random::{Random, Seeded};
use sipwake::common::secret::Secret;
use sipwake::common::time::Mono;
use sipwake::endpoint::Endpoint;
use sipwake::host::{Effect, Host, HostInput, HostOptions, Profile};
use sipwake::io::{AccountOptions, EndpointOptions, Input};

use crate::scenario::Note;
use crate::world::World;

pub const TOKEN: &str = "A1B2C3D4A1B2C3D4A1B2C3D4A1B2C3D4A1B2C3D4A1B2C3D4A1B2C3D4A1B2C3D4";

pub const ORIGIN: &str = "sipwake://app";

fn with_identity(index: usize, options: HostOptions) -> HostOptions {
    let instance = format!("urn:uuid:00000000-0000-4000-8000-{index:012}");
    HostOptions { instance, origins: vec![ORIGIN.to_owned()], ..options }
}

/// A call as the system's screen shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub uuid: String,
    pub name: Option<String>,
    pub ended: Option<EndReason>,
}

#[derive(Debug)]
pub struct Shell {
    pub host: Host,
    pub timer: Option<Mono>,
    pub shown: Vec<Shown>,
    pub fulfilled: Vec<String>,
    pub failed: Vec<String>,
    pub problems: usize,
    pub suspended: Option<(bool, bool)>,
    /// Its accounts keep their sockets in the background.
    pub keeps: bool,
    next_action: u32,
    /// The system takes its time with reports; these wait.
    slow: Option<Vec<String>>,
    inputs: VecDeque<HostInput>,
    busy: bool,
    /// Actions that the system began because the app asked for them.
    pub by_itself: Vec<String>,
    /// What the app asks the system for is refused for this reason.
    pub refuses_requests: Option<RequestRefusal>,
    /// The system does nothing of what the app asks for.
    pub ignores_requests: bool,
    /// The system does nothing of the starts that it is asked for.
    pub ignores_starts: bool,
    /// What the system was told of calls of ours.
    pub outgoing: Vec<&'static str>,
    /// The next report is refused for this reason.
    pub refuses: Option<ReportError>,
    /// Whether the shell owns the media.
    pub owns_media: bool,
    /// What the app was asked to keep.
    pub kept: Vec<(String, String)>,
    /// What it answers where a secret is asked for.
    pub secret: Option<&'static str>,
    /// The last word about the background task.
    pub background: Option<bool>,
    /// How often the picture for the sound was shown.
    pub pickers: u32,
    /// Its log.
    pub logged: Vec<Effect>,
    /// What passed between page, host, system and server, and when.
    pub log: Vec<(u64, Note)>,
}

impl World {
    /// A phone with a shell that owns sockets and media, a token, and an account `name` that unregisters for the
    /// background.
    pub fn add_iphone(&mut self, name: &str) -> usize {
        self.add_iphone_with(crate::wake::push_account(name), HostOptions::default())
    }

    /// The same with an account and a shell of another kind.
    pub fn add_iphone_with(&mut self, account: AccountOptions, options: HostOptions) -> usize {
        self.add_iphone_after(account, options, None)
    }

    /// The same where the app has something to give back to its host.
    pub fn add_iphone_after(
        &mut self,
        account: AccountOptions,
        options: HostOptions,
        kept: Option<HostInput>,
    ) -> usize {
        let name = &account.username.clone();
        let owns_media = options.profile == Profile::HostMedia;
        self.server.add_user(name, "secret");
        let index = self.add_phone(EndpointOptions { host: true, ..EndpointOptions::default() });
        let options = with_identity(index, options);
        let host = Host::new(options, Random::new(Seeded(500)));
        self.phones[index].shell = Some(Shell {
            host,
            timer: None,
            shown: Vec::new(),
            fulfilled: Vec::new(),
            failed: Vec::new(),
            problems: 0,
            suspended: None,
            keeps: false,
            next_action: 0,
            slow: None,
            inputs: VecDeque::new(),
            busy: false,
            by_itself: Vec::new(),
            refuses_requests: None,
            ignores_requests: false,
            ignores_starts: false,
            outgoing: Vec::new(),
            refuses: None,
            owns_media,
            kept: Vec::new(),
            secret: Some("secret"),
            background: None,
            pickers: 0,
            logged: Vec::new(),
            log: Vec::new(),
        });
        if let Some(kept) = kept {
            self.host_input(index, kept);
        }
        self.host_input(index, HostInput::Token(token(TOKEN)));
        // The hello that was posted before the shell was there.
        for text in std::mem::take(&mut self.phones[index].posted) {
            self.page_message(index, text);
        }
        self.create_account(index, account);
        self.run(200);
        assert!(self.server.is_bound(name), "{name} is not registered");
        index
    }

    pub fn shell(&self, index: usize) -> &Shell {
        self.phones[index].shell.as_ref().expect("a shell")
    }

    /// Something happened on a socket or in a media session: whoever owns it is told.
    pub fn happen(&mut self, index: usize, input: Input) {
        match input {
            input if self.is_the_pages(index, &input) => self.input(index, input),
            Input::Flow { flow, event } => {
                self.host_input(index, HostInput::Socket { flow, event });
            }
            Input::Media { media, number, event } => {
                self.host_input(index, HostInput::Media { media, number, event });
            }
            input => self.input(index, input),
        }
    }

    /// From now on the system says nothing about reports until it is asked to.
    pub fn shell_is_slow(&mut self, index: usize) {
        self.phones[index].shell.as_mut().expect("a shell").slow = Some(Vec::new());
    }

    /// The system says how it took the reports.
    pub fn shell_reports(&mut self, index: usize) {
        let reports = self.phones[index].shell.as_mut().expect("a shell").slow.take().unwrap_or_default();
        for uuid in reports {
            self.host_input(index, HostInput::Reported { uuid, error: None });
        }
    }

    /// The system forgets every call.
    pub fn provider_reset(&mut self, index: usize) {
        let shell = self.phones[index].shell.as_mut().expect("a shell");
        for shown in shell.shown.iter_mut().filter(|shown| shown.ended.is_none()) {
            shown.ended = Some(EndReason::Failed);
        }
        self.host_input(index, HostInput::ProviderReset);
    }

    /// The page's process dies; another one begins at once.
    pub fn reload(&mut self, index: usize, account: AccountOptions, seed: u64) {
        self.page_dies(index);
        self.page_begins(index, account, seed);
    }

    /// The page's process dies. What was the shell's is the shell's to close.
    pub fn page_dies(&mut self, index: usize) {
        self.forget_page(index);
        self.phones[index].frozen = true;
        self.host_input(index, HostInput::PageLost(ResetReason::ProcessTerminated));
    }

    /// A page begins from nothing, with the same account.
    pub fn page_begins(&mut self, index: usize, account: AccountOptions, seed: u64) {
        self.page_loads(index, seed);
        self.create_account(index, account);
    }

    /// The same where the application makes its account later.
    pub fn page_loads(&mut self, index: usize, seed: u64) {
        let now = self.clock().mono;
        let phone = &mut self.phones[index];
        phone.endpoint =
            Endpoint::new(EndpointOptions { host: true, ..EndpointOptions::default() }, Random::new(Seeded(seed)));
        phone.timer = Some(now);
        phone.frozen = false;
        phone.kept.clear();
    }

    /// The app is not running any more: neither its host nor its page.
    pub fn app_dies(&mut self, index: usize, options: HostOptions) {
        self.forget_page(index);
        self.phones[index].frozen = true;
        let options = with_identity(index, options);
        let shell = self.phones[index].shell.as_mut().expect("a shell");
        shell.host = Host::new(options, Random::new(Seeded(501)));
        shell.timer = None;
        self.host_input(index, HostInput::Token(token(TOKEN)));
    }

    pub fn page_message(&mut self, index: usize, text: String) {
        let at = self.now;
        self.phones[index].shell.as_mut().expect("a shell").log.push((at, Note::ToHost(text.clone())));
        self.host_input(index, HostInput::PageMessage { main_frame: true, origin: ORIGIN.to_owned(), text });
    }

    pub fn shell_timeout(&mut self, index: usize) {
        self.phones[index].shell.as_mut().unwrap().timer = None;
        self.host_input(index, HostInput::Timeout);
    }

    pub fn host_input(&mut self, index: usize, input: HostInput) {
        let now = self.clock();
        let shell = self.phones[index].shell.as_mut().expect("a shell");
        // Carrying out an effect may bring the next input; it waits until the host is free and the list is done.
        shell.inputs.push_back(input);
        if std::mem::replace(&mut shell.busy, true) {
            return;
        }
        while let Some(input) = self.phones[index].shell.as_mut().and_then(|shell| shell.inputs.pop_front()) {
            let shell = self.phones[index].shell.as_mut().expect("a shell");
            shell.host.handle(now, input);
            let effects: Vec<Effect> = std::iter::from_fn(|| shell.host.poll()).collect();
            for effect in effects {
                self.effect(index, effect);
            }
        }
        self.phones[index].shell.as_mut().expect("a shell").busy = false;
    }

    fn effect(&mut self, index: usize, effect: Effect) {
        let at = self.now;
        let shell = self.phones[index].shell.as_mut().expect("a shell");
        shell.log.extend(Note::of(&effect).map(|note| (at, note)));
        match effect {
            Effect::Timer(at) => shell.timer = at,
            Effect::Post(text) => self.post_to_page(index, text),
            Effect::Socket { flow, command } => self.flow_command(index, flow, command),
            Effect::Media { media, number, command } => self.media_command(index, media, number, command),
            Effect::ReportIncoming { uuid, display_name, .. } => {
                let known = shell.shown.iter().any(|shown| shown.uuid == uuid);
                if let (false, Some(error)) = (known, shell.refuses.take()) {
                    self.host_input(index, HostInput::Reported { uuid, error: Some(error) });
                    return;
                }
                if !known {
                    shell.shown.push(Shown { uuid: uuid.clone(), name: display_name, ended: None });
                }
                match &mut shell.slow {
                    Some(reports) => reports.push(uuid),
                    None => self.host_input(index, HostInput::Reported { uuid, error: None }),
                }
            }
            Effect::UpdateCall { uuid, display_name, .. } => {
                if let Some(shown) = shell.shown.iter_mut().find(|shown| shown.uuid == uuid) {
                    shown.name = display_name.or(shown.name.take());
                }
            }
            Effect::EndCall { uuid, reason } => {
                let shown = shell.shown.iter_mut().find(|shown| shown.uuid == uuid).expect("a call that was reported");
                assert_eq!(shown.ended, None, "ended twice");
                shown.ended = Some(reason);
            }
            Effect::Fulfil { action_id, .. } => shell.fulfilled.push(action_id),
            Effect::Fail { action_id } => {
                // A start that fails is the end of its call.
                if let Some(started) = action_id.strip_prefix("start ") {
                    let shown = shell.shown.iter_mut().find(|shown| shown.uuid == started).expect("a call");
                    shown.ended = Some(EndReason::Failed);
                }
                shell.failed.push(action_id);
            }
            Effect::StartCall { uuid, display_name, .. } => {
                let action = CallAction::Start;
                if shell.ignores_starts {
                    return;
                }
                if let Some(refusal) = shell.refuses_requests {
                    return self.host_input(index, HostInput::RequestRefused { uuid, action, refusal });
                }
                shell.shown.push(Shown { uuid: uuid.clone(), name: display_name, ended: None });
                let action_id = ["start ", &uuid].concat();
                shell.by_itself.push(action_id.clone());
                self.host_input(index, HostInput::Perform { action_id, uuid, action, digits: None, group_with: None });
            }
            Effect::OutgoingConnecting { .. } => shell.outgoing.push("connecting"),
            Effect::OutgoingConnected { .. } => shell.outgoing.push("connected"),
            Effect::RequestAction { uuid, action, digits, group_with } => {
                let shown = shell.shown.iter_mut().find(|shown| shown.uuid == uuid).expect("a call that was reported");
                if let Some(refusal) = shell.refuses_requests.or(shown.ended.map(|_| RequestRefusal::Other)) {
                    return self.host_input(index, HostInput::RequestRefused { uuid, action, refusal });
                }
                if shell.ignores_requests {
                    return;
                }
                if action == CallAction::End {
                    shown.ended = Some(EndReason::Local);
                }
                let action_id = format!("asked {} {}", action.name(), shell.by_itself.len());
                shell.by_itself.push(action_id.clone());
                self.host_input(index, HostInput::Perform { action_id, uuid, action, digits, group_with });
            }
            Effect::SuspendReady { done, registered } => {
                shell.suspended = Some((done, registered));
                // The system may freeze the page from here on.
                assert!(
                    !done || shell.keeps || self.phones[index].flows.is_empty(),
                    "ready to sleep with an open socket"
                );
            }
            Effect::KeepState { key, value } => shell.kept.push((key, value)),
            Effect::Problem(_) => shell.problems += 1,
            Effect::BackgroundTask(on) => shell.background = Some(on),
            Effect::ShowAudioPicker => shell.pickers += 1,
            Effect::Log { .. } => shell.logged.push(effect),
            Effect::SecretNeeded { request, .. } => {
                let secret = shell.secret.map(Secret::new);
                self.host_input(index, HostInput::Secret { request, secret });
            }
            _ => {}
        }
    }

    /// The user does something on the system's call screen.
    pub fn perform(&mut self, index: usize, action: CallAction) -> String {
        self.perform_with(index, action, None)
    }

    /// The user does something to this call on the screen.
    pub fn perform_on(
        &mut self,
        index: usize,
        uuid: &str,
        action_id: &str,
        action: CallAction,
        digits: Option<String>,
    ) {
        let shell = self.phones[index].shell.as_mut().expect("a shell");
        let shown = shell.shown.iter_mut().find(|shown| shown.uuid == uuid).expect("a call that was reported");
        assert_eq!(shown.ended, None, "the user cannot do anything to what is not shown");
        if action == CallAction::End {
            shown.ended = Some(EndReason::Local);
        }
        let (action_id, uuid) = (action_id.to_owned(), uuid.to_owned());
        self.host_input(index, HostInput::Perform { action_id, uuid, action, digits, group_with: None });
    }

    /// The same with digits.
    pub fn perform_with(&mut self, index: usize, action: CallAction, digits: Option<&str>) -> String {
        let shell = self.phones[index].shell.as_mut().expect("a shell");
        shell.next_action += 1;
        let action_id = format!("action-{}", shell.next_action);
        let shown = shell.shown.iter_mut().rfind(|shown| shown.ended.is_none()).expect("a call on the screen");
        let uuid = shown.uuid.clone();
        if action == CallAction::End {
            // The screen closes at once; nobody reports the end of what the user ended.
            shown.ended = Some(EndReason::Local);
        }
        let digits = digits.map(str::to_owned);
        self.host_input(
            index,
            HostInput::Perform { action_id: action_id.clone(), uuid, action, digits, group_with: None },
        );
        action_id
    }

    /// The app goes to the background, and the page freezes when it is ready for it.
    pub fn background(&mut self, index: usize) {
        self.host_input(index, HostInput::WillSuspend { budget_ms: 5_000, policy: None });
        self.run(500);
        assert_eq!(self.shell(index).suspended, Some((true, false)), "ready to sleep");
        self.phones[index].frozen = true;
    }

    /// The push that the server sent last reaches the phone; the page thaws `after` milliseconds later.
    pub fn push(&mut self, index: usize, after: u64) {
        let pushed = self.server.pushes.last().expect("a push").clone();
        assert_eq!(pushed.token, TOKEN);
        let payload = format!(
            "{{\"aps\":{{\"call-id\":\"{}\"}},\"from-uri\":\"{}\",\"display-name\":\"\"}}",
            pushed.call_id, pushed.from
        );
        self.push_payload(index, after, &payload);
    }

    pub fn push_payload(&mut self, index: usize, after: u64, payload: &str) {
        let before = self.shell(index).shown.len();
        self.host_input(
            index,
            HostInput::Push {
                payload: payload.to_owned(),
                must_report: true,
                launch: Launch::Suspended,
                locked: true,
                unlocked_since_boot: true,
            },
        );
        assert!(self.shell(index).shown.len() > before, "reported before the push callback returns");
        self.run(after);
        self.thaw(index);
    }

    pub fn thaw(&mut self, index: usize) {
        self.phones[index].frozen = false;
        for input in std::mem::take(&mut self.phones[index].kept) {
            self.input(index, input);
        }
        self.input(index, Input::Timeout);
    }
}

fn token(token: &str) -> PushToken {
    PushToken {
        kind: TokenKind::Voip,
        provider: "apns".to_owned(),
        token: Some(Secret::new(token)),
        environment: Environment::Sandbox,
        bundle_id: "com.example.phone".to_owned(),
        topic: "com.example.phone.voip".to_owned(),
        team_id: Some("ABCDE12345".to_owned()),
        contact_params: None,
    }
}
