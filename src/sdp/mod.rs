//! The view of a session description that signalling needs.
