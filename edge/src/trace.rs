//! The live feed of every SIP message, for the demo's ladder and for tests.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::push::TOKENS;

/// How many messages a late listener can still ask for.
const KEPT: usize = 500;

/// One message.
#[derive(Clone)]
pub struct Entry {
    at: u64,
    direction: &'static str,
    peer: String,
    user: Option<String>,
    text: String,
}

impl Entry {
    /// As a listener gets it.
    pub fn json(&self, full: bool) -> Value {
        let text = if full { self.text.clone() } else { redact(&self.text) };
        json!({ "at": self.at, "dir": self.direction, "peer": self.peer, "user": self.user, "text": text })
    }
}

/// The feed.
pub struct Trace {
    sender: broadcast::Sender<Entry>,
    kept: Mutex<VecDeque<Entry>>,
}

impl Trace {
    /// A feed without entries.
    pub fn new() -> Trace {
        Trace { sender: broadcast::channel(1024).0, kept: Mutex::default() }
    }

    /// Adds a message. `direction` is `in`, `out` or `push`, from the server's side.
    pub fn add(&self, direction: &'static str, peer: String, user: Option<String>, text: String) {
        let entry = Entry { at: epoch_ms(), direction, peer, user, text };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(entry.clone());
        // Nobody listening is no error.
        let _ = self.sender.send(entry);
    }

    /// What was, and what comes.
    pub fn listen(&self) -> (Vec<Entry>, broadcast::Receiver<Entry>) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.iter().cloned().collect(), self.sender.subscribe())
    }
}

/// Milliseconds since 1970.
pub fn epoch_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Takes out what opens doors: credentials, push tokens, keys of the media.
pub fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        let end = line.get(line.trim_end().len()..).unwrap_or_default();
        match name.as_str() {
            "authorization" | "proxy-authorization" => {
                out.push_str(line.split(':').next().unwrap_or_default());
                out.push_str(": [redacted]");
                out.push_str(end);
            }
            "a=ice-pwd" | "a=crypto" => {
                out.push_str(&name);
                out.push_str(":[redacted]");
                out.push_str(end);
            }
            _ => out.push_str(&without_tokens(line)),
        }
    }
    out
}

fn without_tokens(line: &str) -> String {
    let mut out = line.to_string();
    for name in TOKENS {
        let needle = format!("{name}=");
        let mut from = 0;
        while let Some(found) = out.get(from..).and_then(|rest| rest.to_ascii_lowercase().find(&needle)) {
            let start = from + found + needle.len();
            let rest = out.get(start..).unwrap_or_default();
            let length = rest.find([';', '>', ',', '?', ' ', '\r', '\n']).unwrap_or(rest.len());
            out.replace_range(start..start + length, "[redacted]");
            from = start;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_credentials_do_not_leave() {
        let text = "REGISTER sip:d SIP/2.0\r\nContact: <sip:a@b;pn-prid=SECRET;PN-voip-tok=SECRET>;pn-im-tok=SECRET\r\n\
            Authorization: Digest username=\"u\", response=\"SECRET\"\r\n\r\n";
        let out = redact(text);
        assert!(!out.contains("SECRET"));
        assert!(out.contains("<sip:a@b;pn-prid=[redacted];PN-voip-tok=[redacted]>;pn-im-tok=[redacted]\r\n"));
        assert!(out.ends_with("Authorization: [redacted]\r\n\r\n"));
    }

    #[test]
    fn keys_of_the_media_do_not_leave() {
        assert_eq!(redact("a=mid:0\r\na=ice-pwd:SECRET\r\n"), "a=mid:0\r\na=ice-pwd:[redacted]\r\n");
    }
}
