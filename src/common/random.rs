//! Randomness as an input.

/// Where random octets come from: the browser's crypto, the operating system, or a seed in tests.
pub trait RandomSource {
    /// Fills `bytes` with octets that nobody can guess.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// Random ids as SIP and the bridge need them, over any [`RandomSource`].
pub struct Random(Box<dyn RandomSource>);

/// 32 letters that survive in every SIP token and every URI user part. No `i`, `l`, `o`, `u`: fewer words by chance.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const HEX: &[u8; 16] = b"0123456789abcdef";

impl Random {
    /// Wraps a source.
    #[must_use]
    pub fn new(source: impl RandomSource + 'static) -> Self {
        Self(Box::new(source))
    }

    /// A random 32-bit number.
    pub fn u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    /// A random number below `bound`; 0 if `bound` is 0. The bias is below 2⁻³² · `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = (u64::from(self.u32()) << 32) | u64::from(self.u32());
        if bound == 0 { 0 } else { wide % bound }
    }

    /// `length` letters with five random bits each: a tag, a branch, a user part. At most 64.
    pub fn token(&mut self, length: usize) -> String {
        let mut bytes = [0; 64];
        let bytes = bytes.get_mut(..length.min(64)).unwrap_or_default();
        self.0.fill(bytes);
        bytes.iter().map(|b| char::from(ALPHABET.get(usize::from(b & 31)).copied().unwrap_or(b'0'))).collect()
    }

    /// A version 4 UUID in lower case (RFC 9562 section 5.4).
    pub fn uuid(&mut self) -> String {
        let mut bytes = [0_u8; 16];
        self.0.fill(&mut bytes);
        let mut text = String::with_capacity(36);
        for (index, byte) in bytes.into_iter().enumerate() {
            let byte = match index {
                6 => (byte & 0x0f) | 0x40,
                8 => (byte & 0x3f) | 0x80,
                _ => byte,
            };
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from(HEX.get(usize::from(nibble)).copied().unwrap_or(b'0')));
            }
        }
        text
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}

/// A source that repeats itself for the same seed: for tests and simulations, never for a real call.
#[derive(Debug, Clone)]
pub struct Seeded(pub u64);

impl RandomSource for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            // SplitMix64: short, and good enough to make ids differ.
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (z ^ (z >> 31)).to_le_bytes()[0];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_carry_version_and_variant() {
        let mut random = Random::new(Seeded(1));
        for _ in 0..64 {
            let uuid = random.uuid();
            assert_eq!(uuid.len(), 36);
            assert_eq!(&uuid[14..15], "4");
            assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"));
        }
    }

    #[test]
    fn tokens_have_the_asked_length_and_differ() {
        let mut random = Random::new(Seeded(2));
        let (a, b) = (random.token(20), random.token(20));
        assert_eq!((a.len(), b.len()), (20, 20));
        assert_ne!(a, b);
        assert_eq!(random.token(1000).len(), 64);
    }

    #[test]
    fn below_stays_below() {
        let mut random = Random::new(Seeded(3));
        assert!((0..1000).all(|_| random.below(7) < 7));
        assert_eq!(random.below(0), 0);
    }
}
