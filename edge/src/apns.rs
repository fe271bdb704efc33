//! The simulated push service: takes pushes as APNs does and hands them to whoever listens for the token.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::trace::epoch_ms;

/// How many pushes the log holds.
const LOGGED: usize = 1000;

struct Waiting {
    until: Instant,
    entry: usize,
    payload: Value,
}

#[derive(Default)]
struct Inner {
    listeners: HashMap<String, Vec<mpsc::UnboundedSender<Value>>>,
    waiting: HashMap<String, Vec<Waiting>>,
    dead: Vec<String>,
    log: Vec<Value>,
}

/// The service.
#[derive(Default)]
pub struct Apns(Mutex<Inner>);

impl Apns {
    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A push came; gives the HTTP status of the answer and the reason of a refusal.
    pub fn take(&self, token: &str, headers: Value, payload: Value, ttl: Option<Duration>) -> (u16, &'static str) {
        self.with(|inner| {
            let (status, reason) = match &headers {
                _ if token.is_empty() => (400, "BadDeviceToken"),
                _ if inner.dead.iter().any(|dead| dead == token) => (410, "Unregistered"),
                headers if headers.get("apns-topic").is_none_or(Value::is_null) => (400, "MissingTopic"),
                _ => (200, ""),
            };
            if inner.log.len() >= LOGGED {
                inner.log.clear();
                inner.waiting.clear();
            }
            let entry = inner.log.len();
            inner.log.push(json!({
                "at": epoch_ms(), "token": token, "status": status, "headers": headers, "payload": payload.clone(),
                "delivered": false,
            }));
            if status != 200 {
                return (status, reason);
            }
            if !inner.deliver(token, entry, &payload) {
                // Until its time is over it waits for the phone to be reachable.
                let until = Instant::now() + ttl.unwrap_or(Duration::from_secs(30));
                inner.waiting.entry(token.into()).or_default().push(Waiting { until, entry, payload });
            }
            (status, reason)
        })
    }

    /// The payloads for a token, those that wait first.
    pub fn listen(&self, token: &str) -> mpsc::UnboundedReceiver<Value> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.with(|inner| {
            inner.listeners.entry(token.into()).or_default().push(sender);
            for waiting in inner.waiting.remove(token).unwrap_or_default() {
                if waiting.until > Instant::now() {
                    inner.deliver(token, waiting.entry, &waiting.payload);
                }
            }
        });
        receiver
    }

    /// From now on the token is answered with 410, as after the app was deleted.
    pub fn kill(&self, token: &str) {
        self.with(|inner| inner.dead.push(token.into()));
    }

    /// All pushes.
    pub fn log(&self) -> Value {
        self.with(|inner| Value::Array(inner.log.clone()))
    }

    /// Ends all listeners.
    pub fn close(&self) {
        self.with(|inner| inner.listeners.clear());
    }
}

impl Inner {
    fn deliver(&mut self, token: &str, entry: usize, payload: &Value) -> bool {
        let Some(listeners) = self.listeners.get_mut(token) else { return false };
        listeners.retain(|listener| listener.send(payload.clone()).is_ok());
        let delivered = !listeners.is_empty();
        if let Some(Value::Object(line)) = self.log.get_mut(entry) {
            line.insert("delivered".into(), delivered.into());
        }
        delivered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(apns: &Apns, ttl: u64) -> u16 {
        apns.take("aa", json!({ "apns-topic": "t" }), json!({ "n": 1 }), Some(Duration::from_secs(ttl))).0
    }

    #[test]
    fn a_push_waits_for_the_phone() {
        let apns = Apns::default();
        assert_eq!(push(&apns, 30), 200);
        assert_eq!(apns.listen("aa").try_recv().unwrap()["n"], 1);
        assert_eq!(apns.log()[0]["delivered"], true);
    }

    #[test]
    fn an_old_push_is_not_delivered() {
        let apns = Apns::default();
        push(&apns, 0);
        assert!(apns.listen("aa").try_recv().is_err());
    }

    #[test]
    fn a_dead_token_is_answered_410() {
        let apns = Apns::default();
        apns.kill("aa");
        assert_eq!(push(&apns, 30), 410);
    }

    #[test]
    fn a_listener_that_went_away_does_not_swallow_the_push() {
        let apns = Apns::default();
        drop(apns.listen("aa"));
        push(&apns, 30);
        assert!(apns.listen("aa").try_recv().is_ok());
    }
}
