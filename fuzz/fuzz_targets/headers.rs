//! Header values: any text in any header, asked by every view.
#![no_main]
#![allow(dead_code)] // each target is one of five

#[path = "../../tests/message/ask.rs"]
mod ask;
#[path = "../../tests/message/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|text: &str| targets::headers(text));
