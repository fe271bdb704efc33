//! The bridge: both ends of a link on a channel that loses, repeats, and dies, and the messages as they stand on the wire.

mod bridge {
    mod channel;
    mod link;
}
