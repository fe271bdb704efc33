//! URIs: two lines, two URIs. What is read says again what was written, and equality is one.
#![no_main]
#![allow(dead_code)] // each target is one of five

#[path = "../../tests/message/ask.rs"]
mod ask;
#[path = "../../tests/message/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|text: &str| targets::uri(text));
