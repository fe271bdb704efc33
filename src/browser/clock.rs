//! Time and randomness of the platform, and the engine's one timer.

use std::cell::{Cell, RefCell};
use std::rc::Weak;

use gloo_timers::callback::Timeout;
use wasm_bindgen::prelude::*;

use super::driver::Driver;
use crate::common::random::RandomSource;
use crate::common::time::{Mono, Now};
use crate::io::Input;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);
}

/// The present on both clocks.
pub(super) fn now() -> Now {
    Now { mono: Mono(performance_now() as u64), wall: js_sys::Date::now() as u64 }
}

/// The platform's cryptographic random numbers.
pub(super) struct Crypto;

impl RandomSource for Crypto {
    fn fill(&mut self, bytes: &mut [u8]) {
        get_random_values(bytes);
    }
}

/// The longest delay that `setTimeout` takes: longer ones are waited for in pieces.
const LONGEST_MS: u64 = 0x7fff_ffff;

/// The engine's one timer.
pub(super) struct Timer {
    driver: Weak<Driver>,
    deadline: Cell<Option<Mono>>,
    timeout: RefCell<Option<Timeout>>,
}

impl Timer {
    pub(super) fn new(driver: Weak<Driver>) -> Self {
        Self { driver, deadline: Cell::new(None), timeout: RefCell::new(None) }
    }

    /// Rings at `deadline`, and not at an earlier one.
    pub(super) fn set(&self, deadline: Option<Mono>) {
        if self.deadline.replace(deadline) != deadline {
            self.arm();
        }
    }

    /// Whether it will ring.
    pub(super) fn is_set(&self) -> bool {
        self.deadline.get().is_some()
    }

    fn arm(&self) {
        let timeout = self.deadline.get().map(|deadline| {
            let delay = deadline.since(now().mono).min(LONGEST_MS) as u32;
            let driver = self.driver.clone();
            Timeout::new(delay, move || {
                if let Some(driver) = driver.upgrade() {
                    driver.timer().fired();
                }
            })
        });
        self.timeout.replace(timeout);
    }

    /// A browser's timers may come early and may be cut short; the engine hears of a deadline that has passed.
    fn fired(&self) {
        match self.deadline.get() {
            Some(deadline) if deadline <= now().mono => {
                self.deadline.set(None);
                if let Some(driver) = self.driver.upgrade() {
                    driver.feed(Input::Timeout);
                }
            }
            Some(_) => self.arm(),
            None => {}
        }
    }
}
