//! Random sequences of everything that can happen to a phone, and what must hold whatever happened.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::bridge::{CallAction, Launch, ReportError};
use sipwake::host::{HostInput, HostOptions, Profile};
use sipwake::io::{
    AccountId, AccountOptions, BackgroundPolicy, CallState, Command, CommandId, Direction, DtmfMethod, Extra, Input,
    MediaEvent, MediaFailure,
};

use crate::wake::push_account;
use crate::world::World;

/// A small generator of its own, so that a seed means the same for ever (Knuth's MMIX constants).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

struct Model {
    world: World,
    dice: Dice,
    alice: usize,
    alices: AccountId,
    bob: usize,
    account: AccountOptions,
    /// Actions of bob's user, and whether the system gave up on them.
    actions: Vec<(String, bool)>,
    /// Call-IDs that a push named, and the screen that it was given.
    announced: Vec<(String, String)>,
    /// Commands of bob's present page.
    commands: Vec<CommandId>,
    alices_commands: Vec<CommandId>,
    lives: u64,
    log: Vec<String>,
}

impl Model {
    fn new(seed: u64) -> Self {
        let mut world = World::new();
        let (alice, alices) = world.add_registered("alice");
        let mut dice = Dice::new(seed);
        let mut account = push_account("bob");
        if dice.one_in(3) {
            account.background_policy = BackgroundPolicy::CloseTransport;
        }
        let doubled = dice.one_in(4);
        if doubled {
            account.flows = 2;
            account.servers.push("wss://other.example.test/ws".into());
            world.server.outbound = true;
        }
        let profile = if dice.one_in(3) { Profile::PageMedia } else { Profile::HostMedia };
        let options = HostOptions { profile, transport: !dice.one_in(4), ..HostOptions::default() };
        let kind = format!(
            "seed {seed}: {profile:?}, transport {}, doubled {doubled}, {:?}",
            options.transport, account.background_policy
        );
        let bob = world.add_iphone_with(account.clone(), options);
        // RFC 5626 section 5.3: a flow that lives needs no second INVITE on another of the same instance.
        world.server.forks_late = dice.one_in(2) && !doubled;
        Self {
            world,
            dice,
            alice,
            alices,
            bob,
            account,
            actions: Vec::new(),
            announced: Vec::new(),
            commands: Vec::new(),
            alices_commands: Vec::new(),
            lives: 0,
            log: vec![kind],
        }
    }

    fn note(&mut self, what: &str) {
        self.log.push(format!("{:>8} {what}", self.world.now));
    }

    fn step(&mut self) {
        let (bob, alice) = (self.bob, self.alice);
        let frozen = self.world.phones[bob].frozen;
        match self.dice.below(36) {
            0..=3 if self.world.calls(alice).len() < 3 => {
                self.note("alice calls bob");
                let command =
                    Command::MakeCall { account: self.alices, target: "bob".to_owned(), options: Default::default() };
                let _ = self.world.command_now(alice, command);
            }
            4 => self.alice_hangs_up(),
            5..=7 => self.push(),
            8..=10 => self.perform(CallAction::Answer),
            11 | 12 => self.perform(CallAction::End),
            13 => {
                let action = if self.dice.one_in(2) { CallAction::Mute } else { CallAction::Unmute };
                self.perform(action);
            }
            14 if !frozen => {
                self.note("background");
                self.world.host_input(bob, HostInput::WillSuspend { budget_ms: 5_000, policy: None });
            }
            15 if !frozen => {
                self.note("freeze");
                self.world.phones[bob].frozen = true;
            }
            16 | 17 => self.foreground(),
            18 => {
                self.note("cut");
                self.world.cut(bob);
            }
            19 => {
                let offline = !self.world.phones[bob].offline;
                self.note(if offline { "offline" } else { "online" });
                self.world.phones[bob].offline = offline;
                if offline {
                    self.world.cut(bob);
                }
            }
            20 => {
                let status = [None, Some(403), Some(503)][self.dice.below(3) as usize];
                self.note(&format!("REGISTER gets {status:?}"));
                self.world.server.register_status = status;
            }
            21 => self.silence(),
            22 => self.cancel_push(),
            23 if self.dice.one_in(2) => self.reload(),
            24 => self.action_times_out(),
            25 if !frozen => self.page_does_something(),
            26 => {
                let calls = self.world.calls(alice);
                if let Some(call) = calls.iter().find(|call| call.direction == Direction::Incoming) {
                    self.note("alice answers");
                    let id = call.id;
                    self.world.command(alice, Command::Answer(id, Extra::default()));
                }
            }
            27 => {
                let failure = self.dice.one_in(2).then_some(MediaFailure::NoMicrophone);
                self.note(&format!("media {failure:?}"));
                self.world.phones[bob].media_failure = failure;
            }
            28 if self.dice.one_in(3) => {
                self.note("provider reset");
                self.world.provider_reset(bob);
                let shell = self.world.shell(bob);
                for (id, given_up) in &mut self.actions {
                    *given_up |= !shell.fulfilled.contains(id) && !shell.failed.contains(id);
                }
            }
            29 => {
                self.note("deaf");
                self.world.phones[bob].deaf = true;
            }
            30 => {
                self.note("do not disturb");
                self.world.phones[bob].shell.as_mut().unwrap().refuses = Some(ReportError::DoNotDisturb);
            }
            31 => {
                self.note("slow reports");
                self.world.shell_reports(bob);
                if self.dice.one_in(2) {
                    self.world.shell_is_slow(bob);
                }
            }
            32 => self.change_session(self.alice),
            33 => self.change_session(bob),
            34 => {
                let action = [CallAction::Hold, CallAction::Unhold, CallAction::Dtmf][self.dice.below(3) as usize];
                self.perform(action);
            }
            35 => self.media_changes(),
            _ => {}
        }
        let pause = match self.dice.below(4) {
            0 => self.dice.below(4),
            1 => self.dice.below(60),
            2 => self.dice.below(1_500),
            _ => self.dice.below(12_000),
        };
        self.world.run(pause);
        self.check_binding();
    }

    /// A call whose Call-ID a push named is the one that the push's screen stands for. Two calls of one caller at one
    /// time are told apart only if nothing else joins the first of them to the push.
    fn check_binding(&self) {
        if self.world.calls(self.bob).len() > 1 {
            return;
        }
        for call in self.world.calls(self.bob).iter().filter(|call| call.state != CallState::Connecting) {
            let screen = self.announced.iter().find(|(call_id, _)| *call_id == call.sip_call_id).map(|(_, uuid)| uuid);
            let Some(screen) =
                screen.and_then(|uuid| self.world.shell(self.bob).shown.iter().find(|s| s.uuid == *uuid))
            else {
                continue;
            };
            assert!(screen.ended.is_some() || screen.uuid == call.uuid, "{call:?} is shown as {screen:?}");
        }
    }

    fn change_session(&mut self, phone: usize) {
        let calls = self.world.calls(phone);
        if calls.is_empty() || self.world.phones[phone].frozen {
            return;
        }
        let call = calls[self.dice.below(calls.len() as u64) as usize].id;
        let command = match self.dice.below(5) {
            0 | 1 => Command::Hold(call, true),
            2 => Command::Hold(call, false),
            3 => Command::Renegotiate { call, restart: self.dice.one_in(2) },
            _ => Command::Dtmf {
                call,
                digits: "12,#".to_owned(),
                method: [DtmfMethod::Auto, DtmfMethod::Media, DtmfMethod::Info][self.dice.below(3) as usize],
                duration_ms: 100,
                gap_ms: 50,
            },
        };
        self.note(&format!("phone {phone}: {command:?}"));
        let id = self.world.command(phone, command);
        if phone == self.bob {
            self.commands.push(id);
        } else {
            self.alices_commands.push(id);
        }
    }

    fn media_changes(&mut self) {
        let phone = if self.dice.one_in(2) { self.alice } else { self.bob };
        let open = self.world.phones[phone].open_media.clone();
        if open.is_empty() {
            return;
        }
        let media = open[self.dice.below(open.len() as u64) as usize];
        let event = match self.dice.below(4) {
            0 => MediaEvent::Failed(MediaFailure::ConnectionLost),
            1 => MediaEvent::Connected { connected: false },
            _ => MediaEvent::Connected { connected: true },
        };
        self.note(&format!("phone {phone}: {event:?}"));
        self.world.happen(phone, Input::Media { media, number: 0, event });
    }

    fn alice_hangs_up(&mut self) {
        self.note("alice hangs up");
        for call in self.world.calls(self.alice) {
            let _ = self.world.command_now(self.alice, Command::Hangup(call.id, Extra::default()));
        }
    }

    fn push(&mut self) {
        let Some(pushed) = self.world.server.pushes.last().cloned() else { return };
        let payload = match self.dice.below(4) {
            0 => "{\"content-available\":true}".to_owned(),
            1 => format!("{{\"from-uri\":\"{}\"}}", pushed.from),
            _ => format!("{{\"aps\":{{\"call-id\":\"{}\"}},\"from-uri\":\"{}\"}}", pushed.call_id, pushed.from),
        };
        self.note(&format!("push {payload}"));
        let frozen = self.world.phones[self.bob].frozen;
        let launch = if frozen { Launch::Suspended } else { Launch::Foreground };
        let wakes = !frozen || !self.dice.one_in(8);
        let push = HostInput::Push { payload, must_report: true, launch, locked: true, unlocked_since_boot: true };
        let before = self.world.shell(self.bob).shown.len();
        // A push for a call that is there already gets no screen of its own that lasts.
        let there = self.world.calls(self.bob).iter().any(|call| call.sip_call_id == pushed.call_id);
        let names = payload_names(&push) && !there;
        self.world.host_input(self.bob, push);
        if let (true, Some(shown)) = (names, self.world.shell(self.bob).shown.get(before)) {
            self.announced.push((pushed.call_id, shown.uuid.clone()));
        }
        if frozen && wakes {
            let after = self.dice.below(800);
            self.world.run(after);
            self.note("thaw");
            self.world.thaw(self.bob);
        }
        // The page says which call it is.
        self.world.run(10);
    }

    fn cancel_push(&mut self) {
        let Some(pushed) = self.world.server.pushes.last().cloned() else { return };
        self.note("cancel push");
        let payload = format!("{{\"type\":\"cancel\",\"aps\":{{\"call-id\":\"{}\"}}}}", pushed.call_id);
        let push = HostInput::Push {
            payload,
            must_report: self.dice.one_in(2),
            launch: Launch::Foreground,
            locked: false,
            unlocked_since_boot: true,
        };
        self.world.host_input(self.bob, push);
    }

    fn perform(&mut self, action: CallAction) {
        if self.world.shell(self.bob).shown.iter().any(|shown| shown.ended.is_none()) {
            self.note(&format!("user: {action:?}"));
            let id = self.world.perform(self.bob, action);
            self.actions.push((id, false));
        }
    }

    fn action_times_out(&mut self) {
        let shell = self.world.shell(self.bob);
        let settled = |id: &String| shell.fulfilled.contains(id) || shell.failed.contains(id);
        let Some(open) = self.actions.iter_mut().find(|(id, given_up)| !given_up && !settled(id)) else { return };
        open.1 = true;
        let action_id = open.0.clone();
        self.note("action timed out");
        self.world.host_input(self.bob, HostInput::ActionTimedOut { action_id });
    }

    fn foreground(&mut self) {
        let suspended_for_ms = self.dice.below(40_000);
        self.note("foreground");
        if self.world.phones[self.bob].frozen {
            self.world.thaw(self.bob);
        }
        self.world.host_input(self.bob, HostInput::Resumed { suspended_for_ms });
    }

    fn silence(&mut self) {
        let silent = !self.world.server.silent;
        self.note(if silent { "server silent" } else { "server speaks" });
        self.world.server.silent = silent;
        if !silent {
            self.world.server.restart();
            self.world.cut(self.bob);
        }
    }

    fn reload(&mut self) {
        self.note("page dies");
        self.lives += 1;
        self.commands.clear();
        self.world.reload(self.bob, self.account.clone(), 1_000 + self.lives);
    }

    fn page_does_something(&mut self) {
        let calls = self.world.calls(self.bob);
        let count = calls.len() as u64;
        let call = (count > 0).then(|| calls[self.dice.below(count) as usize].clone());
        let bobs = self.world.phones[self.bob].endpoint.accounts()[0].id;
        let command = match (self.dice.below(6), call) {
            (0, Some(call)) => Command::Answer(call.id, Extra::default()),
            (1, Some(call)) => Command::Decline(call.id, None, Extra::default()),
            (2, Some(call)) => Command::Hangup(call.id, Extra::default()),
            (3, _) => Command::Register(bobs),
            (4, _) => Command::Suspend,
            _ => Command::MakeCall { account: bobs, target: "alice".to_owned(), options: Default::default() },
        };
        self.note(&format!("page: {command:?}"));
        let id = self.world.command(self.bob, command);
        self.commands.push(id);
    }

    /// Everything becomes well again, everybody is gone, and time passes.
    fn settle(&mut self) {
        let bob = self.bob;
        self.note("quiet");
        self.world.server.register_status = None;
        if self.world.server.silent {
            self.silence();
        }
        self.world.phones[bob].offline = false;
        self.world.phones[bob].media_failure = None;
        self.world.phones[bob].shell.as_mut().unwrap().refuses = None;
        self.world.shell_reports(bob);
        if self.world.phones[bob].deaf {
            self.world.phones[bob].deaf = false;
            self.world.cut(bob);
        }
        self.world.phones[bob].frozen = self.world.phones[bob].frozen && self.dice.one_in(2);
        self.world.run(500);
        self.world.thaw(bob);
        self.alice_hangs_up();
        self.world.run(30_000);
        // ICE consent (RFC 7675) runs out where nobody is at the other end.
        for phone in [self.alice, bob] {
            for media in self.world.phones[phone].open_media.clone() {
                let event = MediaEvent::Failed(MediaFailure::ConnectionLost);
                self.world.happen(phone, Input::Media { media, number: 0, event });
            }
        }
        // The repair of its media has its time as well.
        self.world.run(45_000);
        self.note("75 s later");
    }

    fn check_calls(&self) {
        let live: Vec<_> = self.world.calls(self.bob).into_iter().map(|call| (call.uuid, call.state)).collect();
        assert!(live.is_empty(), "live calls of nobody: {live:?}");
        let live: Vec<_> = self.world.calls(self.alice).into_iter().map(|call| (call.uuid, call.state)).collect();
        assert!(live.is_empty(), "live calls of nobody at alice's: {live:?}");
        let shown: Vec<_> = self.world.shell(self.bob).shown.iter().filter(|shown| shown.ended.is_none()).collect();
        assert!(shown.is_empty(), "a call screen of nobody: {shown:?}");
    }

    fn check_the_rest(&self) {
        let shell = self.world.shell(self.bob);
        for (id, given_up) in &self.actions {
            let times = shell.fulfilled.iter().chain(&shell.failed).filter(|settled| *settled == id).count();
            assert_eq!(times, usize::from(!given_up), "{id} was settled {times} times");
        }
        assert!(self.world.phones[self.bob].open_media.is_empty(), "media sessions are left");
        assert!(self.world.phones[self.bob].prepared.is_empty(), "what was made ready is left");
        assert!(self.world.phones[self.alice].open_media.is_empty(), "media sessions are left at alice's");
        for id in &self.commands {
            assert!(self.world.result(self.bob, *id).is_some(), "{id:?} was never completed");
        }
        for id in &self.alices_commands {
            assert!(self.world.result(self.alice, *id).is_some(), "alice's {id:?} was never completed");
        }
        for text in self.world.phones[self.bob].sent.iter().filter(|text| !text.starts_with("REGISTER")) {
            assert!(!text.contains(crate::shell::TOKEN) && !text.contains("pn-"), "{text}");
        }
    }

    fn run(&mut self, steps: u64) {
        for _ in 0..steps {
            self.step();
        }
        self.settle();
        self.check_calls();
        self.world.host_input(self.bob, HostInput::Resumed { suspended_for_ms: 60_000 });
        self.world.run(60_000);
        assert!(self.world.server.is_bound("bob"), "awake, and not registered");
        self.check_the_rest();
        self.world.host_input(self.bob, HostInput::WillSuspend { budget_ms: 5_000, policy: None });
        self.world.run(500);
        assert!(!self.world.server.is_bound("bob") && self.world.phones[self.bob].flows.is_empty(), "does not sleep");
    }
}

fn payload_names(push: &HostInput) -> bool {
    matches!(push, HostInput::Push { payload, .. } if payload.contains("call-id"))
}

impl Drop for Model {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log.join("\n"));
        }
    }
}

/// Whatever happens, in whatever order: every call ends, every action is settled once, nothing is left behind.
#[test]
fn whatever_happens_ends_well() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("MODEL_SEED").unwrap_or(0);
    let seeds = first..first + number("MODEL_COUNT").unwrap_or(if cfg!(target_arch = "wasm32") { 100 } else { 200 });
    for seed in seeds {
        let mut model = Model::new(seed);
        let steps = 5 + model.dice.below(35);
        model.run(steps);
    }
}
