//! Authentication (RFC 7616, RFC 8760, RFC 8898): challenge in, header out.
//!
//! `challenge` reads what servers ask, `wallet` knows the credentials, `digest` hashes, `session` is one challenge
//! while it is being answered, `authenticator` decides, `snapshot` is what outlives the page.

mod authenticator;
mod challenge;
mod digest;
mod session;
mod snapshot;
mod wallet;

pub use authenticator::{Authenticator, Learnt};
pub use wallet::{AuthOptions, Question, fault};
