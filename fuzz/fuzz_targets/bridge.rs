//! The bridge: texts of the other side, line by line, to a page and to a host; payloads to every type.
#![no_main]
#![allow(dead_code)] // each target is one of five

#[path = "../../tests/message/ask.rs"]
mod ask;
#[path = "../../tests/message/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|text: &str| targets::bridge(text));
