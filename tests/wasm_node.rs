//! The package's Rust as WebAssembly in Node.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::expect_used)] // a test may stop at what is not there

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_node_experimental);

#[path = "wasm/mod.rs"]
mod wasm;
