//! The native side of the bridge as a pure state machine.
