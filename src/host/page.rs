//! The page: its session, its messages, its death.

use super::action::Wish;
use super::calls::{Call, CallKey, Phase, Report};
use super::{Effect, Host, Profile, Rule, Timer};
use crate::bridge::drivers::{post_flow_event, read_flow_command};
use crate::bridge::{
    AudioDone, AudioSetRoute, AudioShowPicker, AudioSnapshot, BridgeProblem, CallAction, CallEnded, CallIncoming,
    CallIncomingReply, CallMatch, CallRequest, CallStart, CallState, CallStateName, CallUpdate, CodecError,
    CredentialsGet, EndReason, Hello, Incoming, KeepAwake, KeepAwakeReply, Kind, LinkEvent, Log, Payload, PushResolved,
    RegState, Release, RequestToken, ResetReason, Snapshot, SnapshotCall, SnapshotPush, StateLoad, StateLoadReply,
    StateSave, StateSaveReply, SuspendPolicy, TimerClear, TimerSet, Welcome, WillSuspend, WillSuspendReply,
};
use crate::common::time::{Mono, Now};
use crate::io::{FlowCommand, FlowEvent, FlowId};

/// Sockets, and media sessions, that a page may have at one time.
pub(super) const DRIVERS: usize = 32;
/// Timers that a page may have. Higher numbers: the message is refused.
const TIMERS: u64 = 16;
/// Things for which a page may keep the app awake.
const HELD: usize = 8;
/// Keys under which pages may leave something for the next. More: `tooLarge`.
const STATES: usize = 8;
/// Octets of such a key.
const STATE_KEY_OCTETS: usize = 64;
/// Octets of what is left, in base64.
const STATE_OCTETS: usize = 128 * 1024;
/// WebSocket close code of an endpoint that goes away.
const GOING_AWAY: u16 = 1001;

impl Host {
    /// Takes what the link has to tell.
    pub(super) fn pump(&mut self, now: Now) {
        while let Some(event) = self.link.poll() {
            match event {
                LinkEvent::Post(text) => self.effects.push_back(Effect::Post(text)),
                LinkEvent::Received(incoming) => self.received(now, &incoming),
                LinkEvent::TimedOut { id, .. } => self.timed_out(now, &id),
                LinkEvent::Hello(incoming) => self.hello(now, &incoming),
                LinkEvent::Ready => {
                    if let Some(config) = &self.config {
                        self.link.event(now, config);
                    }
                }
                LinkEvent::Overflow => self.overflow(now),
                LinkEvent::Problem(problem) => self.problem(problem),
                _ => {}
            }
        }
    }

    /// A frame posted something. Only the page of the app may speak.
    pub(super) fn page_message(&mut self, now: Now, main_frame: bool, origin: &str, text: &str) {
        if !main_frame {
            self.problem(BridgeProblem::WrongFrame);
        } else if !self.options.origins.iter().any(|allowed| allowed == origin) {
            self.problem(BridgeProblem::WrongOrigin);
        } else {
            self.link.receive(now, text);
        }
    }

    fn problem(&mut self, problem: BridgeProblem) {
        self.problems += 1;
        self.effects.push_back(Effect::Problem(problem));
    }

    fn timed_out(&mut self, now: Now, id: &str) {
        if self.suspending.as_deref() == Some(id) {
            self.stay_awake();
        }
        self.request_timed_out(now, id);
    }

    /// Messages that must not be lost did not fit: everything begins anew.
    fn overflow(&mut self, now: Now) {
        for key in self.calls.keys() {
            self.end(key, EndReason::Failed);
        }
        self.link.reset(now, ResetReason::QueueOverflow);
        self.page_gone(now);
    }

    fn hello(&mut self, now: Now, incoming: &Incoming) {
        let Ok(hello) = incoming.read::<Hello>() else { return };
        self.timers.clear(Timer::Page);
        let welcome = self.welcome();
        if !self.link.welcome(now, incoming, &hello, welcome) {
            self.page_gone(now);
        }
    }

    fn welcome(&mut self) -> Welcome {
        let mut capabilities = self.options.capabilities.clone();
        for (name, offered) in [
            ("media.host", self.options.profile == Profile::HostMedia),
            ("transport.host", self.options.transport),
            ("timers.host", self.options.timers),
            ("keepAwake", self.options.keep_awake),
            ("credentials", self.options.credentials),
            ("push.mustReport", true),
            ("callUi.start", self.shows_ours()),
            ("state", true),
        ] {
            if offered && !capabilities.iter().any(|known| known == name) {
                capabilities.push(name.to_owned());
            }
        }
        let calls = self.calls.iter().filter(|call| call.is_live() && !call.sealed);
        let snapshot = Snapshot {
            tokens: self.tokens.clone(),
            calls: calls.map(|call| self.snapshot_of(call)).collect(),
            pushes: self.snapshot_pushes(),
            audio: (self.audio != AudioSnapshot::default()).then(|| self.audio.clone()),
            app: self.app.clone(),
            network: self.network.clone(),
        };
        Welcome {
            session: self.random.uuid(),
            instance: self.options.instance.clone(),
            host: self.options.info.clone(),
            call_ui: self.options.call_ui,
            capabilities,
            lockdown: self.options.lockdown,
            snapshot,
            ..Welcome::default()
        }
    }

    fn snapshot_pushes(&self) -> Vec<SnapshotPush> {
        let waiting = self.calls.iter().filter(|call| call.is_live() && !call.sealed && !call.bound);
        waiting
            .filter_map(|call| {
                Some(SnapshotPush {
                    push_id: call.push_id()?.to_owned(),
                    call_uuid: call.uuid.clone(),
                    account: call.account.clone(),
                    invite_timeout_ms: None,
                })
            })
            .collect()
    }

    fn snapshot_of(&self, call: &Call) -> SnapshotCall {
        // Ring only: as long as the call screen lives, the page must not answer.
        let may_know = self.options.profile == Profile::HostMedia || call.report == Report::Gone;
        SnapshotCall {
            call_uuid: call.uuid.clone(),
            direction: call.direction,
            push_id: call.push_id().map(str::to_owned),
            sip_call_id: call.sip_call_id.clone(),
            account: call.account.clone(),
            from_uri: call.handle.clone(),
            reported: call.report == Report::Shown,
            answered: may_know && matches!(call.phase, Phase::Answered | Phase::Connected),
            held: call.held,
            muted: call.muted,
            media: self.media_of(call),
            pending_action: self.pending_action(call.key),
        }
    }

    /// Something waits for the page: load it, and give up if it does not come. One that sleeps is poked.
    pub(super) fn wake_page(&mut self, now: Now, sleeps: bool) {
        self.stay_awake();
        if !self.link.is_live() {
            self.wait_for_page(now);
        } else if !sleeps {
            return;
        }
        self.effects.push_back(Effect::LoadPage);
    }

    fn wait_for_page(&mut self, now: Now) {
        if self.timers.get(Timer::Page).is_none() {
            self.timers.set(Timer::Page, now.mono.after(self.options.page_timeout_ms));
        }
    }

    /// No page said hello in time: no call that waits for one can become anything.
    pub(super) fn page_missing(&mut self, now: Now) {
        let waiting: Vec<_> = self.calls.iter().filter(|call| call.is_live()).map(|call| call.key).collect();
        for key in waiting {
            let Some(call) = self.calls.get(key) else { continue };
            let reason = match call.phase {
                Phase::Ringing => EndReason::Unanswered,
                Phase::Declined => EndReason::Local,
                _ => EndReason::Failed,
            };
            if reason != EndReason::Local && !call.sealed && call.phase != Phase::Connected {
                let display_name = call.display_name.clone();
                self.effects.push_back(Effect::MissedCall { display_name });
            }
            self.tell_actions_timed_out(now, key);
            self.end(key, reason);
        }
    }

    /// The page's process died, or the page was left.
    pub(super) fn page_lost(&mut self, now: Now) {
        self.link.peer_lost();
        self.page_gone(now);
        self.effects.push_back(Effect::ReloadPage);
        if self.calls.iter().any(Call::is_live) {
            self.wait_for_page(now);
        }
    }

    /// What belonged to the life of a page goes; calls wait for the next one.
    fn page_gone(&mut self, now: Now) {
        for flow in std::mem::take(&mut self.flows) {
            self.effects.push_back(Effect::Socket { flow, command: FlowCommand::Close { code: GOING_AWAY } });
        }
        self.media_orphaned();
        self.held.clear();
        self.timers.clear(Timer::Held);
        (0..TIMERS).for_each(|timer| self.timers.clear(Timer::OfPage(timer)));
        self.stay_awake();
        for key in self.calls.keys() {
            let Some(call) = self.calls.get_mut(key).filter(|call| call.is_live() && !call.sealed) else { continue };
            call.asked = None;
            call.invited = false;
            if call.hung_up {
                self.ask_another_page(now, key);
                continue;
            }
            if call.push_posted && call.push_request.is_none() && call.phase != Phase::Connected {
                call.push_posted = false;
            }
            let was_bound = std::mem::replace(&mut call.bound, false);
            match (call.phase, call.report) {
                // A call of ours that nobody has answered: no page can go on with it.
                (Phase::Starting | Phase::Calling, _) => self.end(key, EndReason::Failed),
                // The page was to answer it, and nothing is shown of it any more.
                (Phase::Answered, Report::Gone) => self.end(key, EndReason::Failed),
                (Phase::Connected, _) => {
                    call.bound = was_bound;
                    let at = now.mono.after(self.options.page_timeout_ms + self.options.claim_timeout_ms);
                    if self.rules.hold(Rule::ClaimLimit) {
                        self.timers.set(Timer::Claim(key), at);
                    }
                }
                (phase, _) if was_bound => {
                    // Its INVITE went with the page; the server may send it again to the next one.
                    let wait = match phase {
                        Phase::Answered => self.options.answer_timeout_ms,
                        _ => self.options.invite_timeout_ms,
                    };
                    self.timers.clear(Timer::Ring(key));
                    self.timers.set(Timer::Invite(key), now.mono.after(wait));
                }
                _ => {}
            }
            self.post_push(now, key);
            self.ask_another_page(now, key);
        }
    }

    fn received(&mut self, now: Now, incoming: &Incoming) {
        if incoming.kind == Kind::Reply {
            return self.replied(now, incoming);
        }
        if self.driver_message(now, incoming) {
            return;
        }
        let read = match incoming.message_type.as_str() {
            PushResolved::TYPE => incoming.read().map(|resolved| self.push_resolved(now, &resolved)),
            CallIncoming::TYPE => incoming.read().map(|invite| self.call_incoming(now, incoming, &invite)),
            CallStart::TYPE => incoming.read().map(|start| self.call_start(now, incoming, start)),
            CallUpdate::TYPE => incoming.read().map(|update| self.call_update(&update)),
            CallState::TYPE => incoming.read().map(|state| self.call_state(now, &state)),
            CallEnded::TYPE => incoming.read().map(|ended| self.call_ended(&ended)),
            CallRequest::TYPE => incoming.read().map(|request| self.call_request(now, incoming, request)),
            AudioSetRoute::TYPE => incoming.read().map(|AudioSetRoute { route, uid }| {
                let speaker = route.as_deref() == Some("speaker");
                self.effects.push_back(Effect::AudioRoute { speaker, uid });
                self.link.reply(now, &incoming.id, &AudioDone {});
            }),
            AudioShowPicker::TYPE => {
                incoming.read().map(|AudioShowPicker {}| self.effects.push_back(Effect::ShowAudioPicker))
            }
            KeepAwake::TYPE if self.options.keep_awake => {
                incoming.read().map(|asked: KeepAwake| self.hold_awake(now, incoming, asked))
            }
            Release::TYPE if self.options.keep_awake => {
                incoming.read().map(|Release { token }| self.held.retain(|held| *held != token))
            }
            CredentialsGet::TYPE if self.options.credentials => {
                incoming.read().map(|CredentialsGet { account, realm }| {
                    let request = incoming.id.clone();
                    self.effects.push_back(Effect::SecretNeeded { request, account, realm });
                })
            }
            // For hosts that show it; nothing is decided by it here.
            RegState::TYPE => incoming.read().map(|RegState { .. }| ()),
            Log::TYPE => incoming.read().map(|Log { level, message, .. }| {
                self.effects.push_back(Effect::Log { level, message });
            }),
            StateSave::TYPE => incoming.read().map(|state: StateSave| self.save_state(now, incoming, state)),
            StateLoad::TYPE => incoming.read().map(|StateLoad { key }| {
                let kept = self.states.iter().find(|(name, _)| *name == key);
                let value_b64 = kept.map(|(_, value)| value.clone());
                self.link.reply(now, &incoming.id, &StateLoadReply { value_b64 });
            }),
            TimerSet::TYPE if self.options.timers => {
                incoming.read().and_then(|TimerSet { timer, in_ms }| self.set_timer(timer, Some(now.mono.after(in_ms))))
            }
            TimerClear::TYPE if self.options.timers => {
                incoming.read().and_then(|TimerClear { timer }| self.set_timer(timer, None))
            }
            RequestToken::TYPE => {
                incoming.read().map(|RequestToken { kind }| self.effects.push_back(Effect::RequestToken(kind)))
            }
            _ => return self.link.refuse_unknown(now, incoming),
        };
        if read.is_err() {
            self.link.refuse_payload(now, incoming);
        }
    }

    /// The page wants the app kept awake.
    fn hold_awake(&mut self, now: Now, incoming: &Incoming, asked: KeepAwake) {
        if self.held.len() >= HELD && !self.held.contains(&asked.token) {
            return self.link.reply_error(now, &incoming.id, "tooMany", "", false);
        }
        self.held.retain(|held| *held != asked.token);
        self.held.push(asked.token);
        let limit = asked.max_ms.min(self.options.background_ms);
        self.timers.set(Timer::Held, now.mono.after(limit));
        if !std::mem::replace(&mut self.awake, true) {
            self.effects.push_back(Effect::BackgroundTask(true));
        }
        self.link.reply(now, &incoming.id, &KeepAwakeReply {});
    }

    fn set_timer(&mut self, timer: u64, at: Option<Mono>) -> Result<(), CodecError> {
        if timer >= TIMERS {
            return Err(CodecError::WrongType("timer"));
        }
        match at {
            Some(at) => self.timers.set(Timer::OfPage(timer), at),
            None => self.timers.clear(Timer::OfPage(timer)),
        }
        Ok(())
    }

    fn replied(&mut self, now: Now, incoming: &Incoming) {
        if self.suspending.is_some() && self.suspending == incoming.re {
            self.suspending = None;
            let reply: WillSuspendReply = self.link.value(incoming).unwrap_or_default();
            self.effects.push_back(Effect::SuspendReady { done: reply.done, registered: reply.registered });
            return;
        }
        self.push_replied(now, incoming);
        self.performed(now, incoming);
    }

    fn call_incoming(&mut self, now: Now, incoming: &Incoming, invite: &CallIncoming) {
        let name = invite.display_name.as_deref().filter(|name| !name.is_empty());
        let handle = Some(invite.handle.value.as_str()).filter(|value| !value.is_empty());
        let handle = handle.unwrap_or(invite.from_uri.as_str());
        let certain = self.rules.hold(Rule::IdsAreCertain);
        let known = self.calls.of_invite(invite, certain).filter(|_| self.rules.hold(Rule::InviteJoinsCall));
        let Some(key) = known else {
            return self.new_invite(now, incoming, invite, name, handle);
        };
        let Some(call) = self.calls.get_mut(key) else { return };
        let again = std::mem::replace(&mut call.invited, true);
        let call_match = if again || call.push.is_none() { CallMatch::Duplicate } else { CallMatch::Push };
        call.invite_push_id = invite.push_id.clone().or(call.invite_push_id.take());
        call.sip_call_id = Some(invite.sip_call_id.clone());
        call.account = invite.account.clone().or(call.account.take());
        let error = match call.report {
            Report::Refused(error) => Some(error),
            _ => None,
        };
        if call.report == Report::Pending {
            call.asked = Some((incoming.id.clone(), call_match));
        } else {
            let call_uuid = call.uuid.clone();
            self.link.reply(now, &incoming.id, &CallIncomingReply { call_uuid, call_match, error });
        }
        self.update(key, name, Some(handle), Some(&invite.supports));
        self.bind(now, key);
    }

    /// An INVITE that no push announced.
    fn new_invite(&mut self, now: Now, incoming: &Incoming, invite: &CallIncoming, name: Option<&str>, handle: &str) {
        if self.calls.is_full() {
            return self.link.reply_error(now, &incoming.id, "tooManyCalls", "", false);
        }
        let usable = is_uuid(&invite.call_uuid) && !self.calls.is_used(&invite.call_uuid);
        let uuid = if usable { invite.call_uuid.to_ascii_lowercase() } else { self.random.uuid() };
        let key = self.calls.add(uuid, |call| {
            call.sip_call_id = Some(invite.sip_call_id.clone());
            call.account.clone_from(&invite.account);
            call.display_name = name.map(str::to_owned);
            call.handle = Some(handle.to_owned());
            call.video = invite.video;
            call.supports = invite.supports.clone();
            call.asked = Some((incoming.id.clone(), CallMatch::New));
            call.invited = true;
            call.invite_push_id.clone_from(&invite.push_id);
        });
        if self.rules.hold(Rule::InviteIsReported) {
            self.report(now, key);
        }
        self.bind(now, key);
    }

    fn call_update(&mut self, update: &CallUpdate) {
        let Some(call) = self.calls.by_uuid(&update.call_uuid).filter(|call| call.is_live()) else { return };
        let key = call.key;
        let handle = update.handle.as_ref().map(|handle| handle.value.as_str());
        self.update(key, update.display_name.as_deref(), handle, update.supports.as_ref());
    }

    fn call_state(&mut self, now: Now, state: &CallState) {
        let Some(call) = self.calls.by_uuid(&state.call_uuid).filter(|call| call.is_live()) else { return };
        let (key, outgoing) = (call.key, call.is_outgoing());
        if outgoing {
            self.outgoing_state(now, key, state);
        } else {
            self.bind(now, key);
        }
        let Some(call) = self.calls.get_mut(key) else { return };
        if let Some(id) = &state.sip_call_id {
            call.sip_call_id = Some(id.clone());
        }
        match state.state {
            CallStateName::Held | CallStateName::Resumed => {
                self.show_hold(now, key, state.state == CallStateName::Held);
            }
            CallStateName::Connected if call.phase == Phase::Ringing => {
                call.answered_in_page = true;
                self.answered_in_page(now, key);
            }
            CallStateName::Connected if call.phase == Phase::Answered && call.report == Report::Gone => {
                call.phase = Phase::Connected;
            }
            _ => {}
        }
    }

    /// It was answered by a button in the page, so the system has to hear of it as soon as it shows the call.
    pub(super) fn answered_in_page(&mut self, now: Now, key: CallKey) {
        let rings = |call: &Call| call.answered_in_page && call.phase == Phase::Ringing && call.report == Report::Shown;
        if self.calls.get(key).is_some_and(rings) && !self.is_requested(key, CallAction::Answer) {
            self.request(now, key, Wish { action: CallAction::Answer, ..Wish::default() }, None);
        }
    }

    fn call_ended(&mut self, ended: &CallEnded) {
        if let Some(call) = self.calls.by_uuid(&ended.call_uuid).filter(|call| call.is_live()) {
            let key = call.key;
            self.end(key, ended.reason);
        }
    }

    fn save_state(&mut self, now: Now, incoming: &Incoming, state: StateSave) {
        if !self.keep_state(state.key.clone(), state.value_b64.clone()) {
            return self.link.reply_error(now, &incoming.id, "tooLarge", "", false);
        }
        self.effects.push_back(Effect::KeepState { key: state.key, value: state.value_b64 });
        self.link.reply(now, &incoming.id, &StateSaveReply {});
    }

    /// What a page leaves to the next. False: it is more than a host keeps.
    pub(super) fn keep_state(&mut self, key: String, value: String) -> bool {
        if key.len() > STATE_KEY_OCTETS || value.len() > STATE_OCTETS {
            return false;
        }
        self.states.retain(|(name, _)| *name != key);
        let fits = self.states.len() < STATES;
        if fits {
            self.states.push((key, value));
        }
        fits
    }

    /// The app is about to sleep.
    pub(super) fn will_suspend(&mut self, now: Now, budget_ms: u64, policy: Option<SuspendPolicy>) {
        if !self.link.is_live() || self.suspending.is_some() {
            self.effects.push_back(Effect::SuspendReady { done: false, registered: false });
            return;
        }
        self.suspending = Some(self.link.request(now, &WillSuspend { budget_ms, policy }, budget_ms));
    }

    /// The page is woken, or gone: what it still answers to `app.willSuspend` is about a sleep that does not come.
    pub(super) fn stay_awake(&mut self) {
        if self.suspending.take().is_some() {
            self.effects.push_back(Effect::SuspendReady { done: false, registered: false });
        }
    }

    /// Carries out `ws.*` and `media.*`; `false` for other messages.
    fn driver_message(&mut self, now: Now, incoming: &Incoming) -> bool {
        if self.options.transport
            && let Some(read) = read_flow_command(incoming)
        {
            match read {
                Ok((flow, command)) => self.socket_command(now, flow, command),
                Err(_) => self.link.refuse_payload(now, incoming),
            }
            return true;
        }
        if self.options.profile == Profile::HostMedia
            && let Some(read) = self.media.read(&mut self.link, now, incoming)
        {
            match read {
                Ok((media, number, command)) => self.media_command(now, media, number, command),
                Err(_) => self.link.refuse_payload(now, incoming),
            }
            return true;
        }
        false
    }

    fn socket_command(&mut self, now: Now, flow: FlowId, command: FlowCommand) {
        let known = self.flows.contains(&flow);
        match &command {
            FlowCommand::Open { url } => {
                let scheme = url.split(':').next().unwrap_or_default();
                let good = scheme.eq_ignore_ascii_case("wss") || scheme.eq_ignore_ascii_case("ws");
                if known || !good || self.flows.len() >= DRIVERS {
                    if !known {
                        post_flow_event(&mut self.link, now, flow, FlowEvent::Failed);
                    }
                    return;
                }
                self.flows.push(flow);
            }
            FlowCommand::Close { .. } if known => self.flows.retain(|open| *open != flow),
            _ if !known => return,
            _ => {}
        }
        self.effects.push_back(Effect::Socket { flow, command });
    }

    /// Something happened on a socket of the page.
    pub(super) fn socket_event(&mut self, now: Now, flow: FlowId, event: FlowEvent) {
        if !self.flows.contains(&flow) {
            return;
        }
        if event == FlowEvent::Congested {
            // Its like on the bridge is a closed socket.
            self.effects.push_back(Effect::Socket { flow, command: FlowCommand::Close { code: 1000 } });
        }
        if matches!(event, FlowEvent::Closed { .. } | FlowEvent::Failed | FlowEvent::Congested) {
            self.flows.retain(|open| *open != flow);
        }
        post_flow_event(&mut self.link, now, flow, event);
    }
}

/// Whether a text has the form of a UUID.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::is_uuid;

    #[test]
    fn only_uuids_have_the_form_of_one() {
        assert!(is_uuid("11111111-2222-4333-8444-55555555555F"));
        for text in ["", "11111111-2222-4333-8444-5555555555555", "11111111122223433338444455555555555f", "é"] {
            assert!(!is_uuid(text), "{text}");
        }
    }
}
