//! What outlives the page: each layer its part, none of it secret.
//!
//! The text is a head line with the version, and records: a name and a length in octets in one line, and the part in
//! the next. Who reads it passes over names that it does not know, so that a later version may say more.

use super::account::{self, Account};
use super::restore::RememberedCalls;
use super::{Agent, is_instance};
use crate::common::limits;
use crate::common::lists::Gather;
use crate::common::time::{Mono, Now};
use crate::io::AccountId;

/// The first line, with the version.
const HEAD: &str = "sipwake-state 1\n";
/// Names of the records. Each `account` is followed by what belongs to it.
const INSTANCE: &str = "instance";
const ACCOUNT: &str = "account";
const AUTH: &str = "auth";
const REGISTRATION: &str = "registration";
/// When its calls were seen last.
const SEEN: &str = "seen";
const CALL: &str = "call";

/// What an earlier page knew of an account that this one has not made yet.
#[derive(Debug)]
pub(super) struct Remembered {
    /// Who it is, and with whom it speaks: nothing is taken up by another.
    key: String,
    auth: String,
    registration: String,
    calls: RememberedCalls,
}

pub(super) fn push(text: &mut String, name: &str, part: &str) {
    for part in [name, " ", &part.len().to_string(), "\n", part, "\n"] {
        text.push_str(part);
    }
}

/// The records up to the first that cannot be read.
pub(super) fn records(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut left = text;
    std::iter::from_fn(move || {
        let (line, after) = left.split_once('\n')?;
        let (name, length) = line.split_once(' ')?;
        let length: usize = length.parse().ok()?;
        let part = after.get(..length)?;
        left = after.get(length..)?.strip_prefix('\n')?;
        Some((name, part))
    })
}

impl Account {
    fn key(&self) -> String {
        let options = &self.options;
        let name = options.auth_username.as_deref().unwrap_or_default();
        let mut key = [&self.name, "\n", &options.username, "\n", name, "\n", &options.domain].concat();
        for server in &options.servers {
            key.push('\n');
            key.push_str(&server.url);
        }
        key
    }
}

impl Agent {
    /// What another page would have to know, to go on where this one is. Nothing in it is secret.
    #[must_use]
    pub fn snapshot(&self, now: Now) -> String {
        let mut text = String::from(HEAD);
        push(&mut text, INSTANCE, &self.instance);
        // What a server makes too long is left out, and takes nothing of the others with it.
        let mut add = |key: &str, auth: &str, registration: &str, calls: &RememberedCalls| {
            let before = text.len();
            for (name, part) in [(ACCOUNT, key), (AUTH, auth), (REGISTRATION, registration)] {
                push(&mut text, name, part);
            }
            if text.len() > limits::STATE_OCTETS {
                text.truncate(before);
                return;
            }
            for (index, call) in calls.calls.iter().enumerate() {
                let before = text.len();
                if index == 0 {
                    push(&mut text, SEEN, &calls.seen.to_string());
                }
                push(&mut text, CALL, call);
                if text.len() > limits::STATE_OCTETS {
                    text.truncate(before);
                    return;
                }
            }
        };
        for account in self.accounts.iter().filter(|account| !account.removing) {
            let (auth, registration) = (account.auth.snapshot(), account.first.registration.snapshot());
            add(&account.key(), &auth, &registration, &self.calls_snapshot(now, account.id));
        }
        for known in &self.remembered {
            add(&known.key, &known.auth, &known.registration, &known.calls);
        }
        text
    }

    /// Takes up what [`Agent::snapshot`] gave to an earlier page, as far as it can be read and is not too late. Ends the
    /// wait for it.
    pub fn restore(&mut self, now: Now, text: &str) {
        self.recall(text);
        for account in self.accounts.iter().map(|account| account.id).gather() {
            self.take_up(now, account);
        }
        self.state_wait = None;
        self.pump(now);
    }

    pub(super) fn recall(&mut self, text: &str) {
        let text = text.strip_prefix(HEAD).filter(|text| text.len() <= limits::STATE_OCTETS).unwrap_or_default();
        let mut same = true;
        for (name, part) in records(text) {
            let full = self.remembered.len() >= limits::REMEMBERED_ACCOUNTS;
            let known = self.remembered.last_mut();
            match (name, known) {
                (INSTANCE, _) if self.options.instance.is_empty() && self.accounts.is_empty() && is_instance(part) => {
                    part.clone_into(&mut self.instance);
                }
                // Calls are this device's, or nobody's here.
                (INSTANCE, _) => same = part == self.instance,
                (ACCOUNT, _) if !full => {
                    self.remembered.push(Remembered {
                        key: part.to_owned(),
                        auth: String::new(),
                        registration: String::new(),
                        calls: RememberedCalls::default(),
                    });
                }
                (ACCOUNT, _) => break,
                (AUTH, Some(known)) => part.clone_into(&mut known.auth),
                (REGISTRATION, Some(known)) => part.clone_into(&mut known.registration),
                (SEEN, Some(known)) => known.calls.seen = part.parse().unwrap_or(0),
                (CALL, Some(known)) if same && known.calls.calls.len() < limits::CALLS => {
                    known.calls.calls.push(part.to_owned());
                }
                _ => {}
            }
        }
    }

    /// Whether an earlier page had a call of this UUID, and its account is not there yet.
    #[must_use]
    pub fn remembers_call(&self, uuid: &str) -> bool {
        self.keeps_calls()
            && self.remembered.iter().any(|known| known.calls.calls.iter().any(|call| call.contains(uuid)))
    }

    /// Gives an account what is remembered of it.
    pub(super) fn take_up(&mut self, now: Now, id: AccountId) {
        let Self { accounts, remembered, .. } = self;
        let Some(account) = account::find_mut(accounts, id) else { return };
        let key = account.key();
        if let Some(index) = remembered.iter().position(|known| known.key == key) {
            let known = remembered.remove(index);
            account.auth.restore(&known.auth);
            account.first.registration.recall(&known.registration);
            self.restore_calls(now, id, &known.calls);
        }
    }

    /// No REGISTER leaves before [`Agent::restore`], or this point in time.
    pub fn await_state(&mut self, until: Mono) {
        self.state_wait = Some(until);
    }

    /// Whether [`Agent::snapshot`] may say something else than when this was last asked.
    pub fn take_touched(&mut self) -> bool {
        std::mem::take(&mut self.touched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_up_to_the_first_that_is_broken() {
        let mut text = String::new();
        push(&mut text, "a", "one\ntwo");
        push(&mut text, "b", "");
        let whole: Vec<_> = records(&text).collect();
        assert_eq!(whole, [("a", "one\ntwo"), ("b", "")]);
        for end in 0..text.len() {
            assert!(records(&text[..end]).count() < 2);
        }
        for bad in ["a 3\nabcd\n", "a -1\n\n", "a 99999999999999999999\nx\n", "a 1\né\n", "a\nb\n", "a 4294967295\nx\n"]
        {
            assert_eq!(records(bad).count(), 0, "{bad}");
        }
    }
}
