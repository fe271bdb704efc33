//! The exported API, called from Rust: what its options and errors are.

use js_sys::{Array, Function, JSON, Promise, Reflect, Uint8Array};
use sipwake::browser::api::Engine;
use sipwake::browser::read::parse_message;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen(module = "/src/browser/js/api.js")]
extern "C" {
    type Endpoint;

    #[wasm_bindgen(static_method_of = Endpoint, js_name = start)]
    fn begin(options: &JsValue) -> Promise;
    #[wasm_bindgen(js_name = madeBy)]
    fn made_by(how: &JsValue);
}

// What api.js needs beside it.
#[wasm_bindgen(module = "/src/browser/js/listeners.js")]
extern "C" {
    #[wasm_bindgen(js_name = report)]
    fn _report(error: &JsValue);
}
#[wasm_bindgen(module = "/src/browser/js/stats.js")]
extern "C" {
    #[wasm_bindgen(js_name = summary)]
    fn _summary(call: &JsValue, raw: &JsValue) -> JsValue;
}

/// Starts an endpoint, of engines that are made here.
fn endpoint(options: &JsValue) -> Promise {
    let how =
        Closure::<dyn Fn(JsValue, JsValue) -> Result<JsValue, JsValue>>::new(|options: JsValue, face: JsValue| {
            Engine::new(&options, face.unchecked_into()).map(JsValue::from)
        });
    made_by(&how.into_js_value());
    Endpoint::begin(options)
}

fn object(json: &str) -> JsValue {
    JSON::parse(json).expect("valid JSON")
}

fn get(value: &JsValue, key: &str) -> JsValue {
    Reflect::get(value, &key.into()).expect("an object")
}

fn text(value: &JsValue, key: &str) -> String {
    get(value, key).as_string().unwrap_or_default()
}

/// What the promise rejects with.
async fn rejection(promise: Promise) -> JsValue {
    wasm_bindgen_futures::JsFuture::from(promise).await.expect_err("a rejection")
}

/// An endpoint's JavaScript object.
async fn start(json: &str) -> JsValue {
    wasm_bindgen_futures::JsFuture::from(endpoint(&object(json))).await.expect("an endpoint")
}

fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> JsValue {
    let method: Function = get(object, method).unchecked_into();
    method.apply(object, &arguments.iter().collect::<Array>()).expect("no exception")
}

#[wasm_bindgen_test]
async fn an_unknown_option_is_named() {
    let error = rejection(endpoint(&object(r#"{ "gatheringLimit": 1 }"#))).await;
    assert_eq!((text(&error, "code").as_str(), text(&error, "field").as_str()), ("invalidOption", "gatheringLimit"));
    assert!(error.is_instance_of::<js_sys::Error>());
}

#[wasm_bindgen_test]
async fn values_of_the_wrong_kind_are_refused_and_leave_no_account() {
    let endpoint = start(r#"{ "host": "none" }"#).await;
    for (field, options) in [
        ("expires", r#"{ "expires": "600" }"#),
        ("expires", r#"{ "expires": 1.5 }"#),
        ("keepAliveMs", r#"{ "keepAliveMs": -1 }"#),
        ("servers", r#"{ "servers": [1] }"#),
        ("realms", r#"{ "realms": "one" }"#),
        ("password", r#"{ "password": null }"#),
        ("md5", r#"{ "ha1": { "md5": 1 } }"#),
        ("preset", r#"{ "push": { "preset": "unknown" } }"#),
    ] {
        let error = rejection(call(&endpoint, "createAccount", &[object(options)]).unchecked_into()).await;
        assert_eq!((text(&error, "code").as_str(), text(&error, "field").as_str()), ("invalidOption", field));
    }
    let accounts: Array = get(&get(&endpoint, "state"), "accounts").unchecked_into();
    assert_eq!(accounts.length(), 0);
    call(&endpoint, "stop", &[]);
}

#[wasm_bindgen_test]
async fn no_error_quotes_a_value() {
    let endpoint = start(r#"{ "host": "none" }"#).await;
    let options = object(
        r#"{ "username": "alice", "domain": "example.com", "servers": ["ftp://tok-4711"], "password": ["tok-4711"] }"#,
    );
    let error = rejection(call(&endpoint, "createAccount", &[options]).unchecked_into()).await;
    assert!(!text(&error, "message").contains("4711"));
    call(&endpoint, "stop", &[]);
}

#[wasm_bindgen_test]
async fn nothing_is_open_before_an_account_and_after_stop() {
    let endpoint = start(r#"{ "host": "none" }"#).await;
    for _ in 0..2 {
        let counters = call(&endpoint, "counters", &[]);
        for name in ["peerConnections", "liveTracks", "sockets", "timers"] {
            assert_eq!(get(&counters, name).as_f64(), Some(0.0), "{name}");
        }
        wasm_bindgen_futures::JsFuture::from(call(&endpoint, "stop", &[]).unchecked_into::<Promise>()).await.ok();
    }
    let error = rejection(call(&endpoint, "suspend", &[]).unchecked_into()).await;
    assert_eq!(text(&error, "code"), "stopped");
}

#[wasm_bindgen_test]
fn a_message_is_read_from_text_and_from_octets() {
    let text_of_it = "OPTIONS sip:bob@example.com SIP/2.0\r\nSubject: a,  b\r\nContent-Length: 2\r\n\r\nhi";
    for message in [JsValue::from_str(text_of_it), Uint8Array::from(text_of_it.as_bytes()).into()] {
        let parsed = parse_message(&message).expect("a message");
        assert_eq!(text(&parsed, "method"), "OPTIONS");
        assert_eq!(text(&parsed, "body"), "hi");
        let headers: Array = get(&parsed, "headers").unchecked_into();
        assert_eq!(
            (text(&headers.get(0), "name").as_str(), text(&headers.get(0), "value").as_str()),
            ("Subject", "a,  b")
        );
        assert_eq!(Reflect::has(&parsed, &"status".into()), Ok(false), "what is absent is left out");
    }
    let error = parse_message(&"nonsense".into()).expect_err("cannot be framed");
    assert_eq!(text(&error, "code"), "malformedMessage");
}
