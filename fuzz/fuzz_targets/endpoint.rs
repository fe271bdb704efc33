//! The engine whole: a play of the far end, the user and the clock, line by line.
#![no_main]

#[path = "../../tests/message/far_end.rs"]
mod far_end;

libfuzzer_sys::fuzz_target!(|text: &str| {
    far_end::endpoint(text);
});
