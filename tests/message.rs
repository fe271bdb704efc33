//! The message layer against whole messages: those of the corpus, broken ones made from them, and the same messages as
//! another reader sees them.
// The corpus lies on a disk, and the measure of time is a processor's: this is for native code alone.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod message {
    mod ask;
    mod corpus;
    mod far_end;
    mod hostile;
    mod linear;
    mod oracle;
    mod properties;
    mod seeds;
    mod targets;
    mod torture;
    mod vocabulary;
}
