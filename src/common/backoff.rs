//! How long to wait before another attempt.

use super::random::Random;

/// The pause after so many failures before this one: `first`, doubled with each of them, and never more than `longest`.
#[must_use]
pub fn doubled(first: u64, longest: u64, failures: u32) -> u64 {
    first.saturating_mul(1 << failures.min(16)).min(longest)
}

/// The same, half of it random, so that a server that comes back is not met by everybody at once.
#[must_use]
pub fn spread(first: u64, longest: u64, failures: u32, random: &mut Random) -> u64 {
    let pause = doubled(first, longest, failures);
    pause / 2 + random.below(pause / 2 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::random::Seeded;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u64> = (0..6).map(|failures| doubled(5, 60, failures)).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60]);
        assert_eq!(doubled(u64::MAX, u64::MAX, u32::MAX), u64::MAX);
    }

    #[test]
    fn half_of_a_spread_pause_is_chance() {
        let mut random = Random::new(Seeded(1));
        let pauses: Vec<u64> = (0..200).map(|_| spread(1_000, 60_000, 1, &mut random)).collect();
        assert!(pauses.iter().all(|pause| (1_000..=2_000).contains(pause)));
        assert!(pauses.iter().any(|pause| *pause < 1_200) && pauses.iter().any(|pause| *pause > 1_800));
    }
}
