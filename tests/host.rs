//! The host machine and a page's link, talking to each other on virtual time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod host {
    mod actions;
    mod drivers;
    mod interleavings;
    mod json;
    mod outgoing;
    mod page;
    mod phone;
    mod pushes;
    mod wild;
}
