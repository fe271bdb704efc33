//! Digest authentication (RFC 7616, RFC 8760): challenge in, header out.

mod authenticator;
mod challenge;
mod digest;

pub use authenticator::{Authenticator, Credentials};
