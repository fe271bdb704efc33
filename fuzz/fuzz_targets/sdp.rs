//! Bodies: session descriptions, and parts that hold one.
#![no_main]
#![allow(dead_code)] // each target is one of five

#[path = "../../tests/message/ask.rs"]
mod ask;
#[path = "../../tests/message/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| targets::sdp(octets));
