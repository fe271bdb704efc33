//! What every layer needs and none owns: time, randomness, secrets, limits, timers, pauses.

pub mod backoff;

pub mod limits;
pub mod lists;
pub mod random;
pub mod search;
pub mod secret;
pub mod time;
pub mod timers;
