//! What the engine needs to go on after its page died, kept by the host.

use super::codec::message;

message! {
    /// Keep this.
    StateSave, Request "state.save" {
        /// What for.
        key "key": String,
        /// It, in base64. Of no use to anybody else, and not to be logged.
        value_b64 "valueB64": String,
    }
}

message! {
    /// It is kept.
    StateSaveReply, Reply "state.save" {}
}

message! {
    /// What is kept?
    StateLoad, Request "state.load" {
        /// What for.
        key "key": String,
    }
}

message! {
    /// What is kept.
    StateLoadReply, Reply "state.load" {
        /// It, in base64; absent: nothing.
        value_b64 "valueB64": Option<String>,
    }
}
