//! JavaScript objects, read and written field by field.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

/// One input object from JavaScript.
pub struct Reader<'a>(pub &'a JsValue);

impl Reader<'_> {
    /// A field, `undefined` where it is missing.
    pub fn value(&self, name: &str) -> JsValue {
        Reflect::get(self.0, &JsValue::from_str(name)).unwrap_or_default()
    }

    /// A text, empty where it is missing.
    pub fn text(&self, name: &str) -> String {
        self.value(name).as_string().unwrap_or_default()
    }

    /// A text, if it is there.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.value(name).as_string()
    }

    /// A whole number, 0 where it is missing or negative.
    pub fn number(&self, name: &str) -> u64 {
        self.value(name).as_f64().unwrap_or_default() as u64
    }

    /// A truth value.
    pub fn flag(&self, name: &str) -> bool {
        self.value(name).is_truthy()
    }
}

/// One effect object for JavaScript.
pub struct Writer(Object);

impl Writer {
    /// An effect of this type.
    pub fn effect(kind: &str) -> Self {
        Self::plain().set("type", kind)
    }

    /// An object without a type.
    pub fn plain() -> Self {
        Self(Object::new())
    }

    /// Adds a field; `undefined` is left out.
    pub fn set(self, name: &str, value: impl Into<JsValue>) -> Self {
        let value = value.into();
        if !value.is_undefined() {
            // A plain object of our own takes every field.
            let _ = Reflect::set(&self.0, &JsValue::from_str(name), &value);
        }
        self
    }

    /// Adds a number.
    pub fn number(self, name: &str, value: u64) -> Self {
        self.set(name, value as f64)
    }

    /// The object.
    pub fn done(self) -> JsValue {
        self.0.into()
    }
}
