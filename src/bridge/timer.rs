//! Timers that the host keeps, for hosts with the capability `timers.host`.

use super::codec::message;

message! {
    /// Wake me in so many milliseconds; replaces an earlier one with the same number.
    TimerSet, Event "timer.set" {
        /// The timer's number.
        timer "timer": u64,
        /// When, from now.
        in_ms "inMs": u64,
    }
}

message! {
    /// Forget it.
    TimerClear, Event "timer.clear" {
        /// The timer's number.
        timer "timer": u64,
    }
}

message! {
    /// It is time.
    TimerFired, Event "timer.fired" {
        /// The timer's number.
        timer "timer": u64,
        /// How late this is.
        late_ms "lateMs": u64,
    }
}
