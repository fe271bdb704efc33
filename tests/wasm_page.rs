//! The package's Rust as WebAssembly in a page.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::expect_used)] // a test may stop at what is not there

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

#[path = "wasm/mod.rs"]
mod wasm;
