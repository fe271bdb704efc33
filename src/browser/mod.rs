//! What runs in a page, a worker or Node: drivers and the exported JavaScript API.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`api`] | the exported class `Engine`; `js/api.js` makes the classes of applications of it |
//! | [`read`] | the exported `parseMessage` |
//! | `driver` | the loop between the engine and everything below |
//! | `sockets` | WebSockets |
//! | `sessions` | media sessions, over `js/media.js` |
//! | `host` | the way to the native side, over `js/host.js` |
//! | `clock` | time, randomness, the one timer |
//! | `hooks` | the application's hooks |
//! | `commands` | the application's commands, read |
//! | `options` | the application's option objects, read |
//! | `objects` | what the application gets to see, built |
//! | `error` | the error class, over `js/error.js` |
//!
//! Wide browser interfaces are reached through narrow JavaScript modules in `js/`: bindings for each of their types
//! would weigh more than the engine's transactions.

/// Half the size of the standard library's, each of its steps takes bounded time, and what is freed joins its neighbours.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

pub mod api;
pub mod read;

mod clock;
mod commands;
mod driver;
mod error;
mod hooks;
mod host;
mod objects;
mod options;
mod sessions;
mod sockets;
