//! What the engine leaves to the next page, kept by the host.

use super::{Wake, WakeEvent};
use crate::agent::Agent;
use crate::bridge::{Incoming, StateLoad, StateLoadReply, StateSave, base64};
use crate::common::time::Now;

/// The name that the engine's state has at the host.
const KEY: &str = "engine";
/// How long the first REGISTER waits for it, in milliseconds: then it goes without.
const LOAD_MS: u64 = 1_000;
/// How long the host may take to keep it, in milliseconds.
const SAVE_MS: u64 = 5_000;

/// What is under way about it.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The `state.load` that waits for its reply.
    loading: Option<String>,
    /// The `state.save` that waits for its reply.
    saving: Option<String>,
    /// What is to be kept after that.
    newer: Option<String>,
}

impl Wake {
    /// Asks the host for what an earlier page left. REGISTERs wait for it; [`WakeEvent::Loaded`] ends that.
    pub fn load(&mut self, now: Now, agent: &mut Agent) {
        agent.await_state(now.mono.after(LOAD_MS));
        self.state = State::default();
        self.state.loading = Some(self.link.request(now, &StateLoad { key: KEY.to_owned() }, LOAD_MS));
    }

    /// Has the host keep this. One at a time is on its way, and of those that wait only the newest goes.
    pub fn save(&mut self, now: Now, state: String) {
        if self.state.saving.is_some() {
            self.state.newer = Some(state);
            return;
        }
        let value_b64 = base64::encode(state.as_bytes());
        self.state.saving = Some(self.link.request(now, &StateSave { key: KEY.to_owned(), value_b64 }, SAVE_MS));
    }

    /// Whether the calls of an earlier page may be here in a moment.
    pub(super) fn is_loading(&self) -> bool {
        self.state.loading.is_some()
    }

    /// A reply, or `None` where it does not come. False where it is to something else.
    pub(super) fn state_replied(
        &mut self,
        now: Now,
        agent: &mut Agent,
        request: &str,
        reply: Option<&Incoming>,
    ) -> bool {
        if self.state.loading.as_deref() == Some(request) {
            self.state.loading = None;
            let value = reply.and_then(|reply| self.link.value::<StateLoadReply>(reply)?.value_b64);
            let octets = value.and_then(|value| base64::decode(&value)).unwrap_or_default();
            agent.restore(now, &String::from_utf8(octets).unwrap_or_default());
            self.out.push_back(WakeEvent::Loaded);
            return true;
        }
        if self.state.saving.as_deref() == Some(request) {
            self.state.saving = None;
            if let Some(state) = self.state.newer.take() {
                self.save(now, state);
            }
            return true;
        }
        false
    }
}
