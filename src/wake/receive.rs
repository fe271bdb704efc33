//! Who gets a bridge message.

use super::{BUDGET_MARGIN_MS, Suspension, Wake, WakeEvent};
use crate::agent::Agent;
use crate::bridge::codec::ReadRecord;
use crate::bridge::{
    AppResumed, AppState, AudioActivated, AudioDeactivated, AudioInterruption, AudioRoute, CallPerform,
    CallPerformTimedOut, Config, Incoming, IntentStartCall, Kind, MediaServicesReset, NetworkChanged, Payload, Ping,
    Pong, PushIncoming, PushToken, SuspendPolicy, WillSuspend, WillSuspendReply,
};
use crate::common::lists::Gather;
use crate::common::secret::Secret;
use crate::common::time::Now;
use crate::io::BackgroundPolicy;

/// Reads the payload or refuses the message.
macro_rules! read {
    ($self:ident, $now:ident, $incoming:ident, $payload:ty) => {
        match $incoming.read::<$payload>() {
            Ok(payload) => payload,
            Err(_) => {
                $self.link.refuse_payload($now, &$incoming);
                return;
            }
        }
    };
}

impl Wake {
    pub(super) fn received(&mut self, now: Now, agent: &mut Agent, incoming: Incoming) {
        if incoming.kind == Kind::Reply {
            let request = incoming.re.as_deref().unwrap_or_default();
            let ours = self.state_replied(now, agent, request, Some(&incoming));
            if !ours && !self.reported(now, agent, &incoming) && !self.ask_replied(now, agent, &incoming) {
                self.out.push_back(WakeEvent::Driver(Box::new(incoming)));
            }
            self.perform_late(now, agent);
            return;
        }
        match incoming.message_type.as_str() {
            PushToken::TYPE => {
                let token = read!(self, now, incoming, PushToken);
                self.tokens.take(token);
                for account in agent.accounts().gather() {
                    self.set_push_contact(now, agent, account);
                }
            }
            Config::TYPE => {
                let Config { .. } = read!(self, now, incoming, Config);
                self.out.push_back(WakeEvent::Provision(Secret::new(incoming.payload())));
            }
            PushIncoming::TYPE => {
                let push = read!(self, now, incoming, PushIncoming);
                self.push(now, agent, &incoming, push);
            }
            CallPerform::TYPE => {
                let perform = read!(self, now, incoming, CallPerform);
                self.perform(now, agent, &incoming.id, perform);
            }
            IntentStartCall::TYPE => {
                let intent = read!(self, now, incoming, IntentStartCall);
                self.call_wanted(intent);
            }
            CallPerformTimedOut::TYPE => {
                let event = read!(self, now, incoming, CallPerformTimedOut);
                self.timed_out(&event);
            }
            crate::bridge::ProviderReset::TYPE => agent.end_all_calls(now),
            WillSuspend::TYPE => {
                let request = read!(self, now, incoming, WillSuspend);
                self.will_suspend(now, agent, &incoming, &request);
            }
            AppResumed::TYPE => {
                let event = read!(self, now, incoming, AppResumed);
                agent.resume(now, event.suspended_for_ms);
            }
            NetworkChanged::TYPE => {
                let event = read!(self, now, incoming, NetworkChanged);
                if event.online && event.address_changed {
                    agent.address_changed(now);
                } else {
                    agent.network_changed(now, Some(event.online));
                }
            }
            Ping::TYPE => {
                let ping = read!(self, now, incoming, Ping);
                self.link.reply(now, &incoming.id, &Pong { at: ping.at });
            }
            name if ["ws.", "media.", "timer."].iter().any(|family| name.starts_with(family)) => {
                self.out.push_back(WakeEvent::Driver(Box::new(incoming)));
            }
            name => {
                // For the application alone.
                let (name, record): (_, &mut dyn ReadRecord) = match name {
                    AudioRoute::TYPE => ("audio_route_changed", &mut AudioRoute::default()),
                    AudioInterruption::TYPE => ("audio_interrupted", &mut AudioInterruption::default()),
                    MediaServicesReset::TYPE => ("audio_reset", &mut MediaServicesReset::default()),
                    AudioActivated::TYPE => ("audio_activated", &mut AudioActivated::default()),
                    AudioDeactivated::TYPE => ("audio_deactivated", &mut AudioDeactivated::default()),
                    AppState::TYPE => ("app_state_changed", &mut AppState::default()),
                    _ => return self.link.refuse_unknown(now, &incoming),
                };
                match incoming.read_into(record) {
                    Ok(()) => self.out.push_back(WakeEvent::News(name, incoming.payload().to_owned())),
                    Err(_) => self.link.refuse_payload(now, &incoming),
                }
            }
        }
    }

    /// A request of ours will not be answered.
    pub(super) fn unanswered(&mut self, now: Now, agent: &mut Agent, request: &str) {
        if !self.state_replied(now, agent, request, None) && !self.report_timed_out(now, agent, request) {
            self.out.push_back(WakeEvent::DriverTimedOut(request.to_owned()));
        }
        self.perform_late(now, agent);
    }

    fn will_suspend(&mut self, now: Now, agent: &mut Agent, incoming: &Incoming, request: &WillSuspend) {
        let policy = match request.policy {
            Some(SuspendPolicy::Keep) => Some(BackgroundPolicy::Keep),
            Some(SuspendPolicy::Unregister) => Some(BackgroundPolicy::Unregister),
            Some(SuspendPolicy::CloseTransport) => Some(BackgroundPolicy::CloseTransport),
            _ => None,
        };
        // One that still waits is overtaken, and answered by what is so far.
        self.suspended(now, agent);
        self.suspension = Some(Suspension {
            request: incoming.id.clone(),
            until: now.mono.after(request.budget_ms.saturating_sub(BUDGET_MARGIN_MS)),
        });
        agent.suspend(now, policy);
    }

    /// The agent has done what it can, or the time is over.
    pub(super) fn suspended(&mut self, now: Now, agent: &Agent) {
        let Some(suspension) = self.suspension.take() else { return };
        let reply = WillSuspendReply { done: agent.is_asleep_entirely(), registered: agent.has_binding(now) };
        self.link.reply(now, &suspension.request, &reply);
    }
}
