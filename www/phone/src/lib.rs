//! The native side of the demo's simulated phone: `sipwake::host` as WebAssembly, one input in, a list of effects out.
//!
//! Nothing is decided here. An input is an object `{ type, … }`, an effect is one too; the fields are those of
//! [`HostInput`] and [`Effect`] in camel case.

mod effect;
mod input;
mod js;

use js_sys::Array;
use sipwake::common::random::{Random, RandomSource};
use sipwake::common::time::{Mono, Now};
use sipwake::host::Host;
use wasm_bindgen::prelude::*;

use js::Reader;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill_random(bytes: &mut [u8]);
}

struct Browser;

impl RandomSource for Browser {
    fn fill(&mut self, bytes: &mut [u8]) {
        fill_random(bytes);
    }
}

/// The app's native process on the simulated phone.
#[wasm_bindgen]
pub struct Phone {
    host: Host,
}

#[wasm_bindgen]
impl Phone {
    /// A process that has just started. `options`: `{ instance, profile, transport, name, version, os, osVersion, device }`.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(options: &JsValue) -> Self {
        Self { host: Host::new(input::options(&Reader(options)), Random::new(Browser)) }
    }

    /// Tells the host one thing and returns what it wants done, in order. `mono` and `wall` are milliseconds.
    pub fn handle(&mut self, mono: f64, wall: f64, what: &JsValue) -> Array {
        let now = Now { mono: Mono(mono as u64), wall: wall as u64 };
        if let Some(input) = input::read(&Reader(what)) {
            self.host.handle(now, input);
        }
        let effects = Array::new();
        while let Some(effect) = self.host.poll() {
            if let Some(effect) = effect::write(effect) {
                effects.push(&effect);
            }
        }
        effects
    }
}
