//! Bodies: session descriptions.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipwake::sdp::SessionDescription;

fuzz_target!(|octets: &[u8]| {
    if let Some(description) = SessionDescription::of(octets) {
        for media in description.media() {
            assert!(!media.kind.is_empty() && !media.protocol.is_empty());
        }
        assert_eq!(description.is_usable(), description.audio().is_some_and(|media| !media.formats.is_empty()));
        let _ = description.direction();
    }
});
