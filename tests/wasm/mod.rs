//! What holds wherever the WebAssembly runs.

mod api;
mod core;
