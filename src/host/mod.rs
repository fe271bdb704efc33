//! The native side of the bridge as a pure state machine: it is told what happened and when, and says what is to be
//! done. Swift, or the shell of a simulated phone, only turns callbacks into inputs and effects into calls.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `io` | the closed lists of inputs and effects, and the options |
//! | [`json`] | the same lists as JSON |
//! | `calls` | the table of calls, and which push and INVITE belong to one |
//! | `push` | a push: report it before anything else, then wait for its INVITE |
//! | `action` | what the user does, its deadlines, and what the page makes of it |
//! | `outgoing` | calls of ours: the system's leave, and what it is told of them |
//! | `request` | what the app asks the system for: buttons in the page, and what follows from another action |
//! | `several` | calls beside each other: one talks, or they are a group |
//! | `page` | the page: its session, its messages, its death |
//! | `rules` | the rules by name, for the tests that switch them off |
//!
//! The rules: every push is reported, whatever is in it; every call that was reported is ended; an answer is fulfilled
//! only when the page says that it is done, and nothing is fulfilled after its time; a decline, a hang-up and a mute
//! are fulfilled at once.

mod action;
mod calls;
mod io;
pub mod json;
mod media;
mod outgoing;
mod page;
mod push;
mod request;
mod rules;
mod several;

use std::collections::VecDeque;

pub use io::{Effect, HostInput, HostOptions, Profile, PushCallId};
pub use rules::Rule;

use crate::bridge::drivers::HostMedia;
use crate::bridge::{
    AppResumed, AppState, AudioSnapshot, Config, CredentialsGetReply, EndReason, Link, MediaServicesReset,
    NetworkChanged, Origin, PushToken, TimerFired,
};
use crate::common::random::Random;
use crate::common::time::{Mono, Now};
use crate::common::timers::Timers;
use crate::io::FlowId;
use calls::{CallKey, Calls, Phase, Report};

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Timer {
    /// The system says how it took a report.
    Report(CallKey),
    /// The INVITE comes.
    Invite(CallKey),
    /// Somebody answers.
    Ring(CallKey),
    /// Ring only: the call screen goes, then the page answers.
    HandOver(CallKey),
    /// A page that came back speaks for a call that it had.
    Claim(CallKey),
    /// The page carries out an action of the user.
    Action(u32),
    /// The system begins an action that the app asked for.
    Request(u32),
    /// A page says hello.
    Page,
    /// A push has kept the app awake for long enough.
    Background,
    /// The page has kept the app awake for long enough.
    Held,
    /// One of the page's own.
    OfPage(u64),
}

/// The native side.
pub struct Host {
    options: HostOptions,
    rules: rules::Rules,
    random: Random,
    link: Link,
    calls: Calls,
    timers: Timers<Timer>,
    /// Actions of the user that the page has to carry out.
    actions: Vec<action::Waiting>,
    next_action: u32,
    /// Actions that the app asked the system for.
    requests: Vec<request::Request>,
    next_group: u32,
    problems: u64,
    tokens: Vec<PushToken>,
    app: Option<AppState>,
    network: Option<NetworkChanged>,
    flows: Vec<FlowId>,
    sessions: Vec<media::Session>,
    media: HostMedia,
    /// The request `app.willSuspend` that is under way.
    suspending: Option<String>,
    /// What pages left to the next ones, by key, in base64.
    states: Vec<(String, String)>,
    reading: bool,
    /// A background task is on.
    awake: bool,
    /// For what the page wants the app kept awake.
    held: Vec<String>,
    /// The accounts that the app provides.
    config: Option<Config>,
    /// The system's audio session.
    audio: AudioSnapshot,
    effects: VecDeque<Effect>,
    timer: Option<Mono>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host")
    }
}

impl Host {
    /// A host without a page.
    #[must_use]
    pub fn new(options: HostOptions, mut random: Random) -> Self {
        Self {
            options,
            rules: rules::Rules::default(),
            link: Link::host(&mut random),
            random,
            calls: Calls::default(),
            timers: Timers::default(),
            actions: Vec::new(),
            next_action: 0,
            requests: Vec::new(),
            next_group: 0,
            problems: 0,
            tokens: Vec::new(),
            app: None,
            network: None,
            flows: Vec::new(),
            sessions: Vec::new(),
            media: HostMedia::default(),
            suspending: None,
            states: Vec::new(),
            reading: true,
            awake: false,
            held: Vec::new(),
            config: None,
            audio: AudioSnapshot::default(),
            effects: VecDeque::new(),
            timer: None,
        }
    }
}

impl Host {
    /// Everything but the session with the page, as text: for tests that something changed nothing. Not to be logged.
    #[must_use]
    pub fn digest(&self) -> String {
        let calls = (&self.calls, &self.actions, self.next_action, &self.timers);
        let told = (&self.tokens, &self.app, &self.network, &self.audio, &self.config, &self.states);
        let drivers = (&self.flows, &self.sessions, &self.media, self.reading);
        format!("{calls:?} {told:?} {drivers:?} {:?} {:?} {:?}", self.suspending, self.held, self.awake)
    }

    /// Switches a rule off, so that a test can show what it is there for.
    pub fn switch_off(&mut self, rule: Rule) {
        self.rules.switch_off(rule);
    }

    /// Takes what happened. Drain [`Host::poll`] after it.
    pub fn handle(&mut self, now: Now, input: HostInput) {
        match input {
            HostInput::Timeout => self.timeout(now),
            HostInput::Push { payload, must_report, launch, locked, unlocked_since_boot } => {
                self.push(now, &payload, push::Circumstances { must_report, launch, locked, unlocked_since_boot });
            }
            HostInput::Reported { uuid, error } => self.reported(now, &uuid, error),
            HostInput::Perform { action_id, uuid, action, digits, group_with } => {
                let wish = action::Wish { action_id, action, origin: Origin::User, digits, group_with };
                self.perform(now, &uuid, wish);
            }
            HostInput::RequestRefused { uuid, action, refusal } => self.request_refused(now, &uuid, action, refusal),
            HostInput::StartIntent(intent) => {
                self.link.event(now, &intent);
                self.wake_page(now, false);
            }
            HostInput::ActionTimedOut { action_id } => self.action_timed_out(now, &action_id),
            HostInput::ProviderReset => self.provider_reset(now),
            HostInput::Token(token) => self.token(now, token),
            HostInput::PageMessage { main_frame, origin, text } => self.page_message(now, main_frame, &origin, &text),
            HostInput::PostFailed => self.link.post_failed(now),
            HostInput::PageLost(_) => self.page_lost(now),
            HostInput::App(state) => {
                self.link.event(now, &state);
                self.app = Some(state);
            }
            HostInput::AudioActivated(audio) => {
                self.audio.active = true;
                self.link.event(now, &audio);
            }
            HostInput::AudioDeactivated(audio) => {
                self.audio.active = false;
                self.link.event(now, &audio);
            }
            HostInput::AudioRoute(route) => {
                self.link.event(now, &route);
                self.audio.route = Some(route);
            }
            HostInput::AudioInterruption(interruption) => self.link.event(now, &interruption),
            HostInput::MediaServicesReset => self.link.event(now, &MediaServicesReset {}),
            HostInput::Config(config) => {
                // A page that is not ready yet is told when it is.
                if self.link.is_live() {
                    self.link.event(now, &config);
                }
                self.config = Some(config);
            }
            HostInput::Secret { request, secret } => self.link.reply(now, &request, &CredentialsGetReply { secret }),
            HostInput::Network(network) => {
                self.link.event(now, &network);
                self.network = Some(network);
            }
            HostInput::WillSuspend { budget_ms, policy } => self.will_suspend(now, budget_ms, policy),
            HostInput::KeptState { key, value } => {
                self.keep_state(key, value);
            }
            HostInput::Resumed { suspended_for_ms } => {
                self.stay_awake();
                self.link.event(now, &AppResumed { suspended_for_ms });
            }
            HostInput::Socket { flow, event } => self.socket_event(now, flow, event),
            HostInput::Media { media, number, event } => self.media_event(now, media, number, event),
        }
        self.pump(now);
        if self.awake && self.held.is_empty() && !self.calls.iter().any(calls::Call::waits_for_invite) {
            self.let_sleep();
        }
        self.tell_timer();
    }

    /// How often something was dropped that was to be the page's.
    #[must_use]
    pub const fn problems(&self) -> u64 {
        self.problems
    }

    /// Takes what is to be done; `None`: nothing more for now.
    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    fn tell_timer(&mut self) {
        let reading = !self.link.is_congested();
        if reading != self.reading {
            self.reading = reading;
            self.effects.push_back(Effect::ReadSockets(reading));
        }
        let next = [self.timers.next(), self.link.next_timeout()].into_iter().flatten().min();
        if next != self.timer {
            self.timer = next;
            self.effects.push_back(Effect::Timer(next));
        }
    }

    fn timeout(&mut self, now: Now) {
        // The driver has used its timer up, so it is told the next one even if that is the same.
        self.timer = None;
        while let (Some(at), Some(timer)) = (self.timers.next(), self.timers.pop_due(now.mono)) {
            match timer {
                Timer::OfPage(timer) => {
                    self.link.event(now, &TimerFired { timer, late_ms: now.mono.since(at) });
                }
                Timer::Report(key) => self.report_overdue(now, key),
                Timer::Invite(key) => self.invite_missing(now, key),
                Timer::Ring(key) => self.rang_out(now, key),
                Timer::HandOver(key) => self.hand_over(now, key),
                Timer::Claim(key) => self.end(key, EndReason::Failed),
                Timer::Action(number) => self.action_expired(now, number),
                Timer::Request(number) => self.request_expired(now, number),
                Timer::Page => self.page_missing(now),
                Timer::Background if !self.held.is_empty() => {}
                Timer::Background => self.let_sleep(),
                Timer::Held => self.held.clear(),
            }
        }
        self.link.timeout(now);
    }

    /// A push is to be followed by its INVITE, for which the app has to run.
    fn keep_awake(&mut self, now: Now) {
        self.timers.set(Timer::Background, now.mono.after(self.options.background_ms));
        if !std::mem::replace(&mut self.awake, true) {
            self.effects.push_back(Effect::BackgroundTask(true));
        }
    }

    fn let_sleep(&mut self) {
        self.timers.clear(Timer::Background);
        if std::mem::replace(&mut self.awake, false) {
            self.effects.push_back(Effect::BackgroundTask(false));
        }
    }

    /// Ends a call: in the system if it is shown there, as soon as the system took the report if it did not yet.
    fn end(&mut self, key: CallKey, reason: EndReason) {
        self.close_orphans(key);
        if self.waits_for_start(key)
            && let Some(call) = self.calls.get_mut(key)
        {
            // A start that fails is the end of its call.
            call.report = Report::Gone;
        }
        self.drop_actions(key);
        self.clear_timers(key);
        let Some(call) = self.calls.get_mut(key) else { return };
        match call.report {
            Report::Pending if self.rules.hold(Rule::EndWaitsForReport) => call.phase = Phase::Over(reason),
            Report::Shown => {
                let uuid = call.uuid.clone();
                self.show_end(uuid, reason);
                self.calls.finish(key, reason);
            }
            Report::Pending | Report::Refused(_) | Report::Gone => self.calls.finish(key, reason),
        }
    }

    fn show_end(&mut self, uuid: String, reason: EndReason) {
        // The system knows no end of ours here: those are actions.
        let reason = match reason {
            EndReason::Local => EndReason::RemoteEnded,
            EndReason::Unknown => EndReason::Failed,
            other => other,
        };
        self.effects.push_back(Effect::EndCall { uuid, reason });
    }

    /// Clears every deadline of a call but that of its report.
    fn clear_timers(&mut self, key: CallKey) {
        for timer in [Timer::Invite(key), Timer::Ring(key), Timer::HandOver(key), Timer::Claim(key)] {
            self.timers.clear(timer);
        }
    }
}
