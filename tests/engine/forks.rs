//! One INVITE, several far ends.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::CallState;
use sipwake::message::HeaderName;

use crate::far::{Far, header};

/// RFC 3261 13.2.2.4
#[test]
fn a_second_2xx_gets_ack_and_bye_on_its_own_dialog_and_the_call_goes_on() {
    let mut far = Far::new();
    let (call, invite) = far.called();
    far.reply_sdp(&invite, 180, "one", &[], 1);
    far.reply_sdp(&invite, 200, "one", &[], 1);
    assert_eq!((far.count("INVITE"), far.count("ACK")), (1, 1));
    far.take();
    far.reply_sdp(&invite, 200, "two", &[], 2);
    assert_eq!(far.lines(), ["ACK", "BYE"]);
    for method in ["ACK", "BYE"] {
        let request = far.request(method);
        assert_eq!(request.uri(), "sip:two@two.invalid;transport=ws");
        assert!(header(&request.headers, HeaderName::To).ends_with(";tag=two"));
    }
    assert_eq!(far.state(call), Some(CallState::Connected));
}

/// RFC 3261 15.1.2
#[test]
fn the_far_end_hangs_up_on_the_dialog_that_it_answered() {
    let mut far = Far::new();
    let (call, _, mut peer) = far.talking();
    far.take();
    far.ask(&mut peer, "BYE", &[], "");
    assert_eq!(far.statuses("BYE"), [200]);
    assert_eq!(far.state(call), None);
}
