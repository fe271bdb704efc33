//! Octets to SIP messages and back.
