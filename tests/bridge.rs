//! The bridge: both ends of a link on a channel that loses, repeats, and dies, and the messages as they stand on the wire.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bridge {
    mod channel;
    mod golden;
    mod link;
    mod media;
    mod wild;
}
