//! What we want to change about an established session (RFC 3261 section 14, RFC 3311): wishes are merged while they
//! wait, one request is on its way at a time, and a collision with the far end's is tried again after a pause.

use crate::common::lists::{Gather, Keep};
use crate::common::random::Random;
use crate::common::time::Mono;
use crate::io::Video;

/// Collisions in a row before whoever asked is told; what keeps the session alive goes on trying.
const COLLISIONS: u8 = 5;
/// The longest pause that a Retry-After brings, in seconds: it is to be a random number up to ten (RFC 3261 14.2).
const LONGEST_RETRY_AFTER_S: u32 = 10;
/// The pause after a refusal of what keeps the session alive, in milliseconds.
const REFUSED_PAUSE_MS: u64 = 10_000;
/// Refusals in a row after which a new target is told no more.
const REFUSALS: u8 = 3;

/// Something to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Hold the far end, or take it back.
    Hold(bool),
    /// Have video, or have none.
    Video(Video),
    /// Offer anew; with `restart`, ICE as well.
    Offer {
        /// Whether ICE starts anew.
        restart: bool,
    },
    /// Tell where we can be reached now.
    Target,
    /// Say that the session goes on (RFC 4028).
    Refresh,
}

/// Wishes that one request fulfils. `A` is who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wishes<A> {
    hold: Option<bool>,
    video: Option<Video>,
    offer: bool,
    restart: bool,
    target: bool,
    refresh: bool,
    askers: Vec<(A, Option<bool>)>,
}

impl<A> Default for Wishes<A> {
    fn default() -> Self {
        Self {
            hold: None,
            video: None,
            offer: false,
            restart: false,
            target: false,
            refresh: false,
            askers: Vec::new(),
        }
    }
}

impl<A> Wishes<A> {
    fn add(&mut self, wish: Wish) {
        match wish {
            Wish::Hold(on) => self.hold = Some(on),
            Wish::Video(video) => self.video = Some(video),
            Wish::Offer { restart } => {
                self.offer = true;
                self.restart |= restart;
            }
            Wish::Target => self.target = true,
            Wish::Refresh => self.refresh = true,
        }
    }

    fn is_empty(&self) -> bool {
        !(self.needs_offer() || self.target || self.refresh)
    }

    /// Whether the change is one of the session description; otherwise an UPDATE without one does.
    #[must_use]
    pub fn needs_offer(&self) -> bool {
        self.hold.is_some() || self.video.is_some() || self.offer
    }

    /// Whether ICE is to start anew.
    #[must_use]
    pub fn restart(&self) -> bool {
        self.restart
    }

    /// Whether anybody waits for it.
    #[must_use]
    pub fn has_askers(&self) -> bool {
        !self.askers.is_empty()
    }

    /// Whether to hold, where that is to change.
    #[must_use]
    pub fn hold(&self) -> Option<bool> {
        self.hold
    }

    /// What of video there is to be, where that is to change.
    #[must_use]
    pub fn video(&self) -> Option<Video> {
        self.video
    }

    /// These, and what was wished later, which has the last word.
    fn followed_by(mut self, later: Self) -> Self {
        self.hold = later.hold.or(self.hold);
        self.video = later.video.or(self.video);
        self.offer |= later.offer;
        self.restart |= later.restart;
        self.target |= later.target;
        self.refresh |= later.refresh;
        self.askers.extend(later.askers);
        self
    }
}

/// How far the change is that is being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Our offer is being made.
    Describing,
    /// An INVITE is on its way.
    Inviting,
    /// An UPDATE is on its way; without an offer where the call is established.
    Updating,
    /// It was agreed to, and the answer is being taken.
    Applying,
}

/// The machine.
#[derive(Debug)]
pub struct Modification<A> {
    waiting: Wishes<A>,
    current: Option<(Wishes<A>, Step)>,
    not_before: Option<Mono>,
    collisions: u8,
    refusals: u8,
}

impl<A> Default for Modification<A> {
    fn default() -> Self {
        Self { waiting: Wishes::default(), current: None, not_before: None, collisions: 0, refusals: 0 }
    }
}

impl<A: Copy> Modification<A> {
    /// Wants something. Returns who asked for the opposite before, and waited: their wish is void.
    #[must_use]
    pub fn want(&mut self, wish: Wish, asker: Option<A>) -> Vec<A> {
        let mut void = Vec::new();
        let hold = if let Wish::Hold(on) = wish { Some(on) } else { None };
        if let Some(on) = hold {
            self.waiting.askers.keep(|(asker, wanted)| {
                let stays = *wanted != Some(!on);
                if !stays {
                    void.push(*asker);
                }
                stays
            });
        }
        self.waiting.add(wish);
        self.waiting.askers.extend(asker.map(|asker| (asker, hold)));
        void
    }

    /// Whether a change is being made.
    #[must_use]
    pub fn step(&self) -> Option<Step> {
        self.current.as_ref().map(|(_, step)| *step)
    }

    /// Whether an offer of ours has no answer yet, or is being made.
    #[must_use]
    pub fn offers(&self) -> bool {
        match &self.current {
            Some((_, Step::Describing | Step::Inviting)) => true,
            Some((wishes, Step::Updating)) => wishes.needs_offer(),
            _ => false,
        }
    }

    /// Whether a change should begin, as soon as nothing else is under way in the dialog.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.current.is_none() && self.not_before.is_none() && !self.waiting.is_empty()
    }

    /// Whether something is wanted that is not being made yet.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Begins: everything that is wanted becomes one change.
    pub fn begin(&mut self) -> Option<&Wishes<A>> {
        if !self.is_due() {
            return None;
        }
        let wishes = std::mem::take(&mut self.waiting);
        Some(&self.current.insert((wishes, Step::Describing)).0)
    }

    /// The change that is being made.
    #[must_use]
    pub fn current(&self) -> Option<&Wishes<A>> {
        self.current.as_ref().map(|(wishes, _)| wishes)
    }

    /// It has come so far.
    pub fn reached(&mut self, reached: Step) {
        if let Some((_, step)) = &mut self.current {
            *step = reached;
        }
    }

    /// It is done. Returns whom to tell.
    pub fn done(&mut self) -> Vec<A> {
        self.collisions = 0;
        self.refusals = 0;
        let current = self.current.take();
        current.into_iter().flat_map(|(wishes, _)| wishes.askers).map(|(asker, _)| asker).gather()
    }

    /// It was refused. Returns whom to tell; what keeps the session alive is tried again after a pause.
    pub fn refused(&mut self, now: Mono) -> Vec<A> {
        self.collisions = 0;
        let Some((mut wishes, _)) = self.current.take() else { return Vec::new() };
        let askers = std::mem::take(&mut wishes.askers);
        self.refusals = self.refusals.saturating_add(1);
        self.waiting.refresh |= wishes.refresh;
        self.waiting.target |= wishes.target && self.refusals < REFUSALS;
        if self.waiting.refresh || self.waiting.target {
            self.not_before = Some(now.after(REFUSED_PAUSE_MS));
        }
        askers.into_iter().map(|(asker, _)| asker).gather()
    }

    /// It has to wait, for another way to send it or for a flow: it goes first, merged with what was wished since.
    pub fn put_back(&mut self) {
        if let Some((wishes, _)) = self.current.take() {
            self.waiting = wishes.followed_by(std::mem::take(&mut self.waiting));
        }
    }

    /// 500: the far end is busy with a request of ours or of its own, and says how many seconds to wait.
    /// Returns whom to tell that it was tried often enough.
    pub fn put_off(&mut self, now: Mono, seconds: u32) -> Vec<A> {
        self.pause(now.after(u64::from(seconds.min(LONGEST_RETRY_AFTER_S)) * 1000))
    }

    /// 491: the far end changes the session at the same time. Whoever made the Call-ID waits longer (RFC 3261 14.1).
    /// Returns whom to tell that it was tried often enough.
    pub fn collided(&mut self, now: Mono, owns_call_id: bool, random: &mut Random) -> Vec<A> {
        // Steps of ten milliseconds: 2.1 to 4 seconds, or 0 to 2.
        let steps = if owns_call_id { 210 + random.below(191) } else { random.below(201) };
        self.pause(now.after(steps * 10))
    }

    fn pause(&mut self, until: Mono) -> Vec<A> {
        self.collisions = self.collisions.saturating_add(1);
        self.put_back();
        self.not_before = Some(until);
        if self.collisions < COLLISIONS {
            return Vec::new();
        }
        self.collisions = 0;
        let Wishes { target, refresh, askers, .. } = std::mem::take(&mut self.waiting);
        self.waiting = Wishes { target, refresh, ..Wishes::default() };
        askers.into_iter().map(|(asker, _)| asker).gather()
    }

    /// Nothing begins for a while.
    pub fn rest(&mut self, now: Mono) {
        self.not_before = Some(now.after(REFUSED_PAUSE_MS));
    }

    /// The pause may be over.
    pub fn timeout(&mut self, now: Mono) {
        if self.not_before.is_some_and(|at| at <= now) {
            self.not_before = None;
        }
    }

    /// When [`Self::timeout`] is to be called.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        self.not_before
    }

    /// The session is over. Returns whom to tell.
    pub fn abandon(&mut self) -> Vec<A> {
        self.put_back();
        self.not_before = None;
        std::mem::take(&mut self.waiting).askers.into_iter().map(|(asker, _)| asker).gather()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::random::Seeded;

    const NOW: Mono = Mono(1_000);

    fn random() -> Random {
        Random::new(Seeded(7))
    }

    fn wanting(wishes: &[(Wish, u32)]) -> Modification<u32> {
        let mut machine = Modification::default();
        for (wish, asker) in wishes {
            assert!(machine.want(*wish, Some(*asker)).is_empty());
        }
        machine
    }

    #[test]
    fn wishes_that_wait_become_one_change() {
        let mut machine = wanting(&[
            (Wish::Refresh, 1),
            (Wish::Hold(true), 2),
            (Wish::Offer { restart: true }, 3),
            (Wish::Target, 4),
        ]);
        let wishes = machine.begin().unwrap();
        assert!(wishes.needs_offer() && wishes.restart());
        assert_eq!(wishes.hold(), Some(true));
        assert_eq!(machine.step(), Some(Step::Describing));
        assert_eq!(machine.done(), [1, 2, 3, 4]);
        assert!(!machine.is_due());
    }

    #[test]
    fn a_refresh_or_a_new_target_alone_needs_no_offer() {
        for wish in [Wish::Refresh, Wish::Target] {
            assert!(!wanting(&[(wish, 1)]).begin().unwrap().needs_offer());
        }
    }

    #[test]
    fn the_opposite_voids_a_hold_that_waits_and_leaves_others() {
        let mut machine = wanting(&[(Wish::Hold(true), 1), (Wish::Offer { restart: false }, 2)]);
        assert_eq!(machine.want(Wish::Hold(false), Some(3)), [1]);
        assert_eq!(machine.begin().unwrap().hold(), Some(false));
        assert_eq!(machine.done(), [2, 3]);
    }

    #[test]
    fn what_is_wanted_during_a_change_follows_it() {
        let mut machine = wanting(&[(Wish::Hold(true), 1)]);
        machine.begin().unwrap();
        assert!(machine.want(Wish::Hold(false), Some(2)).is_empty());
        assert!(!machine.is_due() && machine.begin().is_none());
        assert_eq!(machine.done(), [1]);
        assert_eq!(machine.begin().unwrap().hold(), Some(false));
    }

    /// RFC 3261 14.1: the pause of the Call-ID's owner is 2.1 to 4 seconds.
    #[test]
    fn the_owner_of_the_call_id_waits_longer() {
        let mut random = random();
        for (owns, low, high) in [(true, 2_100, 4_000), (false, 0, 2_000)] {
            for _ in 0..500 {
                let mut machine = wanting(&[(Wish::Hold(true), 1)]);
                machine.begin().unwrap();
                assert!(machine.collided(NOW, owns, &mut random).is_empty());
                let pause = machine.next_timeout().unwrap().since(NOW);
                assert!((low..=high).contains(&pause) && pause.is_multiple_of(10), "{pause}");
                assert!(!machine.is_due());
                machine.timeout(NOW.after(pause));
                assert_eq!(machine.begin().unwrap().hold(), Some(true));
            }
        }
    }

    #[test]
    fn after_too_many_collisions_the_asker_is_told_and_the_refresh_goes_on() {
        let mut machine = wanting(&[(Wish::Hold(true), 1)]);
        assert!(machine.want(Wish::Refresh, None).is_empty());
        for _ in 1..COLLISIONS {
            machine.begin().unwrap();
            assert!(machine.collided(NOW, false, &mut random()).is_empty());
            machine.timeout(NOW.after(2_000));
        }
        machine.begin().unwrap();
        assert_eq!(machine.collided(NOW, false, &mut random()), [1]);
        machine.timeout(NOW.after(2_000));
        let wishes = machine.begin().unwrap();
        assert!(!wishes.needs_offer(), "the hold is given up");
    }

    #[test]
    fn a_retry_after_is_kept_but_not_for_ever() {
        for (seconds, pause) in [(0, 0), (7, 7_000), (4_000_000_000, 10_000)] {
            let mut machine = wanting(&[(Wish::Hold(true), 1)]);
            machine.begin().unwrap();
            assert!(machine.put_off(NOW, seconds).is_empty());
            assert_eq!(machine.next_timeout(), Some(NOW.after(pause)));
        }
    }

    #[test]
    fn what_is_put_back_keeps_its_askers_and_later_wishes_win() {
        let mut machine = wanting(&[(Wish::Hold(true), 1)]);
        machine.begin().unwrap();
        assert!(machine.want(Wish::Hold(false), Some(2)).is_empty());
        machine.put_back();
        assert_eq!(machine.begin().unwrap().hold(), Some(false));
        assert_eq!(machine.done(), [1, 2]);
    }

    #[test]
    fn a_refused_hold_is_told_and_gone() {
        let mut machine = wanting(&[(Wish::Hold(true), 1)]);
        machine.begin().unwrap();
        assert_eq!(machine.refused(NOW), [1]);
        assert!(!machine.is_due() && machine.next_timeout().is_none());
    }

    /// RFC 4028 7.4: a refresh that failed is tried again while the session lives.
    #[test]
    fn a_refused_refresh_comes_again_and_a_refused_target_only_a_few_times() {
        let mut machine = wanting(&[(Wish::Refresh, 1), (Wish::Target, 2)]);
        for _ in 0..REFUSALS {
            machine.begin().unwrap();
            machine.refused(NOW);
            machine.timeout(NOW.after(REFUSED_PAUSE_MS));
        }
        assert!(machine.waiting.refresh && !machine.waiting.target);
    }

    #[test]
    fn at_the_end_everybody_is_told() {
        let mut machine = wanting(&[(Wish::Hold(true), 1)]);
        machine.begin().unwrap();
        assert!(machine.want(Wish::Offer { restart: false }, Some(2)).is_empty());
        assert_eq!(machine.abandon(), [1, 2]);
        assert!(!machine.is_due() && machine.step().is_none());
    }
}
