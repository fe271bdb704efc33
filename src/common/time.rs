//! Time as an input. The core never reads a clock.

/// A point on a clock that never goes back, in milliseconds since an arbitrary start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub u64);

impl Mono {
    /// The point `ms` milliseconds later; saturates instead of wrapping.
    #[must_use]
    pub const fn after(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to here; 0 if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The present, on both clocks. Phones sleep and wall clocks jump, so deadlines live on `mono` alone and
/// only facts told to people or other machines carry `wall`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Never goes back.
    pub mono: Mono,
    /// Milliseconds since 1970-01-01T00:00:00Z as the device believes them.
    pub wall: u64,
}
