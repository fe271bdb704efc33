//! A small table of deadlines. A phone has a handful of timers, so a list beats a heap or a wheel.

use super::time::Mono;
use crate::common::lists::Keep;

/// Deadlines by key; one deadline a key.
#[derive(Debug, Clone)]
pub struct Timers<K> {
    entries: Vec<(K, Mono)>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<K: Copy + PartialEq> Timers<K> {
    /// Sets the deadline of `key`, replacing an earlier one.
    pub fn set(&mut self, key: K, at: Mono) {
        match self.entries.iter_mut().find(|(k, _)| *k == key) {
            Some(entry) => entry.1 = at,
            None => self.entries.push((key, at)),
        }
    }

    /// Forgets `key`.
    pub fn clear(&mut self, key: K) {
        self.entries.keep(|(k, _)| *k != key);
    }

    /// The deadline of `key`, if it is set.
    #[must_use]
    pub fn get(&self, key: K) -> Option<Mono> {
        self.entries.iter().find(|(k, _)| *k == key).map(|(_, at)| *at)
    }

    /// The earliest deadline.
    #[must_use]
    pub fn next(&self) -> Option<Mono> {
        self.entries.iter().map(|(_, at)| *at).min()
    }

    /// Takes the earliest deadline that has passed at `now`; call until it returns `None`.
    pub fn pop_due(&mut self, now: Mono) -> Option<K> {
        let (index, _) =
            self.entries.iter().enumerate().filter(|(_, (_, at))| *at <= now).min_by_key(|(_, (_, at))| *at)?;
        Some(self.entries.remove(index).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_timers_come_in_order_of_their_deadline() {
        let mut timers = Timers::default();
        timers.set('b', Mono(20));
        timers.set('a', Mono(10));
        timers.set('c', Mono(30));
        assert_eq!(timers.next(), Some(Mono(10)));
        assert_eq!(timers.pop_due(Mono(20)), Some('a'));
        assert_eq!(timers.pop_due(Mono(20)), Some('b'));
        assert_eq!(timers.pop_due(Mono(20)), None);
    }

    #[test]
    fn setting_again_replaces_and_clearing_forgets() {
        let mut timers = Timers::default();
        timers.set(1, Mono(10));
        timers.set(1, Mono(50));
        assert_eq!(timers.next(), Some(Mono(50)));
        timers.clear(1);
        assert_eq!(timers.next(), None);
    }
}
