//! The messages between page and host, their codec, and the session under them.
