//! Bodies: session descriptions, and parts that hold one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipwake::message::{HeaderName, Headers, SessionBody, parts, session_body};
use sipwake::sdp::SessionDescription;

fuzz_target!(|octets: &[u8]| {
    if let Ok(parts) = parts(octets, "b") {
        let all: usize = parts.iter().map(|part| part.body.len() + part.headers.len()).sum();
        assert!(all <= octets.len());
    }
    for kind in ["application/sdp", "multipart/mixed;boundary=b", "multipart/alternative;boundary=\"b\""] {
        let mut headers = Headers::default();
        headers.push(HeaderName::ContentType, kind);
        if let SessionBody::Description(text) = session_body(&headers, octets) {
            assert!(text.len() <= octets.len());
        }
    }
    if let Some(description) = SessionDescription::of(octets) {
        for media in description.media() {
            assert!(!media.kind.is_empty() && !media.protocol.is_empty());
        }
        assert_eq!(description.is_usable(), description.audio().is_some_and(|media| !media.formats.is_empty()));
        let _ = description.direction();
    }
});
