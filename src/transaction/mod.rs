//! RFC 3261 section 17, one file per machine.
