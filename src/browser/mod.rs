//! What runs in a page, a worker or Node: drivers and the exported JavaScript API.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`api`] | the exported classes `Endpoint`, `Account`, `Call` |
//! | [`read`] | the exported `parseMessage` |
//! | `driver` | the loop between the engine and everything below |
//! | `sockets` | WebSockets |
//! | `sessions` | media sessions, over `js/media.js` |
//! | `host` | the way to the native side, over `js/host.js` |
//! | `clock` | time, randomness, the one timer |
//! | `options` | the application's option objects, read |
//! | `objects` | what the application gets to see, built |
//! | `error` | the error class, over `js/error.js` |
//!
//! Wide browser interfaces are reached through narrow JavaScript modules in `js/`: bindings for each of their types
//! would weigh more than the engine's transactions.

pub mod api;
pub mod read;

mod clock;
mod driver;
mod error;
mod host;
mod objects;
mod options;
mod sessions;
mod sockets;
