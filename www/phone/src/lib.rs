//! The native side of the demo's simulated phone: `sipwake::host` as WebAssembly, one input in, a list of effects out, as
//! [`sipwake::host::json`] says.

use sipwake::common::random::{Random, RandomSource};
use sipwake::host::Host;
use sipwake::host::json::{self, ShellError};
use wasm_bindgen::prelude::*;

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
    /// A process that has just started.
    ///
    /// # Errors
    /// The options are not JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str) -> Result<Self, JsError> {
        Ok(Self { host: json::new_host(options, Random::new(Browser)).map_err(told)? })
    }

    /// Tells the host one thing and returns what it wants done, in order.
    ///
    /// # Errors
    /// It is no input.
    pub fn handle(&mut self, input: &str) -> Result<String, JsError> {
        json::handle(&mut self.host, input).map_err(told)
    }
}

fn told(why: ShellError) -> JsError {
    why.into()
}
