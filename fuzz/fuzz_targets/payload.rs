//! Push payloads, which anybody who has the token may have written.
#![no_main]
#![allow(dead_code)] // each target is one of five

#[path = "../../tests/message/ask.rs"]
mod ask;
#[path = "../../tests/message/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|text: &str| targets::payload(text));
