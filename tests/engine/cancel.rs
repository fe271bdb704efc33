//! CANCEL and what it crosses.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{Event, OutcomeKind};

use crate::far::Far;

/// RFC 3261 9.2
#[test]
fn a_cancelled_call_is_refused_with_487() {
    let mut far = Far::new();
    let invite = far.invite_sdp("c1", &[], 1);
    let call = far.only_call();
    assert_eq!(far.statuses("INVITE"), [100, 180]);
    far.cancel(&invite, &["Reason: SIP;cause=200;text=\"Call completed elsewhere\""]);
    assert_eq!(far.statuses("CANCEL"), [200]);
    assert_eq!(far.response("INVITE").status(), 487);
    assert_eq!(far.state(call.id), None);
    assert_eq!(far.world.outcomes(far.phone)[0].kind, OutcomeKind::AnsweredElsewhere);
    assert!(far.world.phones[far.phone].events.iter().any(|event| matches!(event, Event::CallReceived { .. })));
}

/// RFC 3261 9.2
#[test]
fn a_cancel_after_our_200_changes_nothing() {
    let mut far = Far::new();
    let (call, invite, mut peer) = far.taken("c1");
    far.take();
    far.cancel(&invite, &[]);
    assert_eq!(far.statuses("CANCEL"), [200]);
    assert!(far.state(call).is_some());
    far.ask(&mut peer, "BYE", &[], "");
    assert_eq!(far.state(call), None);
}
