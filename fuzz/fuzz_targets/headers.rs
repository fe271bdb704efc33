//! Header values: any text in any header, asked by every view.
#![no_main]

#[path = "../../tests/message/ask.rs"]
mod ask;

use libfuzzer_sys::fuzz_target;
use sipwake::message::{Headers, Message};

fuzz_target!(|text: &str| {
    // As it would be built: values may hold anything.
    let mut headers = Headers::default();
    for line in text.split('\n') {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        headers.push_named(name, value.trim());
    }
    ask::ask_headers(&headers);
    // As it would come.
    let mut octets = b"INVITE sip:a@b SIP/2.0\r\n".to_vec();
    octets.extend(text.replace('\n', "\r\n").into_bytes());
    octets.extend_from_slice(b"\r\n\r\n");
    if let Ok(message) = Message::parse(octets) {
        ask::ask(&message);
    }
});
