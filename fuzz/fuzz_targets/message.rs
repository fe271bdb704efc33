//! Whole messages: what can be read is written back octet for octet, and every view of it can be asked.
#![no_main]

#[path = "../../tests/message/ask.rs"]
mod ask;

use libfuzzer_sys::fuzz_target;
use sipwake::message::{Message, Response, redact};

fuzz_target!(|octets: &[u8]| {
    let _ = redact(octets);
    let message = match Message::receive(octets.to_vec()) {
        Ok(message) => message,
        Err(unframed) => {
            if let Some(request) = unframed.request
                && let Ok(octets) = Response::to(&request, 400).to_octets()
            {
                assert!(Message::parse(octets).is_ok(), "a refusal that cannot be read");
            }
            return;
        }
    };
    ask::ask(&message);
    let written = message.to_octets().expect("what was read can be written");
    assert!(octets.starts_with(&written));
    let again = Message::parse(written).expect("what was written can be read");
    assert!(again.headers().iter().eq(message.headers().iter()));
    assert_eq!(again.body(), message.body());
    // Built anew line by line it says the same, or the writer refuses it.
    let mut built = message.clone();
    *built.headers_mut() = Default::default();
    for (name, value) in message.headers().iter() {
        built.headers_mut().push_named(name, value);
    }
    if let Ok(octets) = built.to_octets()
        && octets.len() < 60_000
    {
        let again = Message::parse(octets).expect("what was built can be read");
        let lines = |message: &Message| {
            let lines = message.headers().iter().filter(|(name, _)| *name != "Content-Length");
            lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(lines(&again), lines(&message));
    }
});
