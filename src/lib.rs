//! **sipwake**: a SIP user agent for web and hybrid apps that can be woken by a push.
//!
//! The core is sans-I/O: it is told what happened and when, and says what it wants done. Nothing in it reads a
//! clock, opens a socket or asks for randomness by itself. The map, from the bottom up; a module may use only
//! what the list in `tests/house.rs` allows it:
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`common`] | time, randomness, secrets, limits, the timer table |
//! | [`io`] | the closed lists of what goes into and comes out of the engine |
//! | [`message`] | octets ↔ SIP messages |
//! | [`sdp`] | the view of a session description that signalling needs |
//! | [`auth`] | digest: challenge in, header out |
//! | [`transport`] | one flow: connect, keep-alive, back-off, choice of server |
//! | [`transaction`] | RFC 3261 section 17, one file per machine |
//! | [`dialog`] | dialog state and route sets |
//! | [`agent`] | accounts and registration, calls, typed outcomes |
//! | [`bridge`] | the messages between page and host, their codec and the session under them |
//! | [`wake`] | push parameters of the Contact; what joins push, INVITE and call UUID |
//! | [`endpoint`] | the engine's one door: `handle` and `poll` |
//! | [`host`] | the native side of the bridge as a pure state machine |
//! | `browser` | wasm32 only: sockets, timers, media, the host's port, and the exported JavaScript API |
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod common;

pub mod bridge;

#[cfg(feature = "engine")]
pub mod agent;
#[cfg(feature = "engine")]
pub mod auth;
#[cfg(feature = "engine")]
pub mod dialog;
#[cfg(feature = "engine")]
pub mod endpoint;
#[cfg(feature = "engine")]
pub mod message;
#[cfg(feature = "engine")]
pub mod sdp;
#[cfg(feature = "engine")]
pub mod transaction;
#[cfg(feature = "engine")]
pub mod transport;
#[cfg(feature = "engine")]
pub mod wake;

pub mod io;

#[cfg(feature = "host")]
pub mod host;

#[cfg(all(feature = "browser", target_arch = "wasm32"))]
pub mod browser;
