use super::*;

/// RFC 3261 8.1.1.7
#[test]
fn a_request_leaves_with_one_via_on_top_and_a_branch_of_its_own() {
    let mut bench = Bench::new();
    let mut again = Bench::request(Method::Register);
    again.headers.push(HeaderName::Via, "SIP/2.0/WSS old.invalid;branch=z9hG4bKold");
    let first = bench.send(again.clone());
    let second = bench.send(again);
    assert_ne!(bench.branch(first), bench.branch(second));
    assert!(bench.branch(first).starts_with(COOKIE) && bench.branch(first).len() == 27);
    let octets = bench.octets();
    assert!(octets[0].starts_with("REGISTER sip:bob@lab.example SIP/2.0\r\nVia: SIP/2.0/WSS k3v9.invalid;branch="));
    assert_eq!(octets[0].matches("Via:").count(), 1);
}

/// RFC 3261 17.1.3
#[test]
fn responses_find_their_request_by_branch_and_method() {
    let mut bench = Bench::new();
    let client = bench.send(Bench::request(Method::Register));
    let branch = bench.branch(client);
    bench.seen();
    bench.respond_as_peer("z9hG4bKother", 200, "REGISTER");
    bench.respond_as_peer(&branch, 200, "OPTIONS");
    assert_eq!(bench.seen(), []);
    bench.respond_as_peer(&branch, 100, "REGISTER");
    bench.respond_as_peer(&branch, 401, "REGISTER");
    assert_eq!(bench.seen(), [Answer(client, 100), Answer(client, 401)]);
    bench.respond_as_peer(&branch, 200, "REGISTER");
    assert_eq!((bench.seen(), bench.layer.live()), (vec![], 0));
}

#[test]
fn the_request_stays_until_its_final_response_has_been_taken_and_the_next_input_comes() {
    let mut bench = Bench::new();
    let client = bench.send(Bench::request(Method::Register));
    let branch = bench.branch(client);
    bench.respond_as_peer(&branch, 401, "REGISTER");
    bench.layer.timeout(bench.now);
    assert!(bench.layer.request(client).is_some());
    bench.seen();
    assert!(bench.layer.request(client).is_some());
    bench.layer.timeout(bench.now);
    assert!(bench.layer.request(client).is_none());
}

/// RFC 3261 17.1.1.3, 22.3
#[test]
fn a_refused_invite_is_acknowledged_with_its_own_branch_route_and_credentials() {
    let mut bench = Bench::new();
    let (client, branch) = bench.invite();
    bench.respond_as_peer(&branch, 486, "INVITE");
    let events = bench.events();
    let [TransactionEvent::Send { octets, .. }, TransactionEvent::Response { client: told, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(*told, client);
    let ack = request_of(octets);
    assert_eq!((ack.method(), ack.uri()), (&Method::Ack, "sip:bob@lab.example"));
    assert_eq!(ack.headers.values(HeaderName::Via).count(), 1);
    assert_eq!(ack.headers.via().unwrap().unwrap().branch(), Some(branch.as_str()));
    assert_eq!(ack.headers.get(HeaderName::CSeq), Some("7 ACK"));
    assert_eq!(ack.headers.get(HeaderName::To), Some("<sip:bob@lab.example>;tag=b1"));
    assert_eq!(ack.headers.get(HeaderName::From), Some("<sip:alice@lab.example>;tag=a1"));
    assert_eq!(ack.headers.get(HeaderName::CallId), Some("call-1"));
    assert_eq!(ack.headers.get(HeaderName::Route), Some("<sip:edge.lab.example;lr>"));
    assert_eq!(ack.headers.get(HeaderName::ProxyAuthorization), Some("Digest x"));
}

/// RFC 6026 7.2
/// RFC 3261 13.2.2.4
#[test]
fn every_2xx_of_an_invite_is_told_and_none_is_acknowledged_here() {
    let mut bench = Bench::new();
    let (client, branch) = bench.invite();
    bench.respond_as_peer(&branch, 180, "INVITE");
    bench.respond_as_peer(&branch, 200, "INVITE");
    bench.respond_as_peer(&branch, 200, "INVITE");
    assert_eq!(bench.seen(), [Answer(client, 180), Answer(client, 200), Answer(client, 200)]);
    bench.wait(32_000);
    bench.respond_as_peer(&branch, 200, "INVITE");
    assert_eq!((bench.seen(), bench.layer.live()), (vec![Stray(200)], 0));
}

#[test]
fn nobody_hears_of_other_stray_responses() {
    let mut bench = Bench::new();
    bench.respond_as_peer("z9hG4bKx", 180, "INVITE");
    bench.respond_as_peer("z9hG4bKx", 486, "INVITE");
    bench.respond_as_peer("z9hG4bKx", 200, "BYE");
    assert_eq!(bench.seen(), []);
}

/// RFC 3261 9.1
/// RFC 3326 2
#[test]
fn a_cancel_after_a_provisional_response_leaves_at_once_with_branch_path_and_reason_of_its_invite() {
    let mut bench = Bench::new();
    let (client, branch) = bench.invite();
    bench.respond_as_peer(&branch, 100, "INVITE");
    bench.seen();
    bench.layer.cancel(bench.now, client, &[("Reason".to_owned(), "SIP;cause=200;text=\"elsewhere\"".to_owned())]);
    let octets = bench.octets();
    let cancel = request_of(octets[0].as_bytes());
    assert_eq!((cancel.method(), cancel.uri(), octets.len()), (&Method::Cancel, "sip:bob@lab.example", 1));
    assert_eq!(cancel.headers.via().unwrap().unwrap().branch(), Some(branch.as_str()));
    assert_eq!(cancel.headers.get(HeaderName::CSeq), Some("7 CANCEL"));
    assert_eq!(cancel.headers.get(HeaderName::To), Some("<sip:bob@lab.example>"));
    assert_eq!(cancel.headers.get(HeaderName::Route), Some("<sip:edge.lab.example;lr>"));
    assert_eq!(cancel.headers.get(HeaderName::Reason), Some("SIP;cause=200;text=\"elsewhere\""));
    assert_eq!(cancel.headers.get(HeaderName::ProxyAuthorization), None);
}

/// RFC 3261 9.1
#[test]
fn the_answer_to_a_cancel_is_the_layers_and_the_487_is_told() {
    let mut bench = Bench::new();
    let (client, branch) = bench.invite();
    bench.respond_as_peer(&branch, 180, "INVITE");
    bench.layer.cancel(bench.now, client, &[]);
    bench.seen();
    bench.respond_as_peer(&branch, 200, "CANCEL");
    bench.respond_as_peer(&branch, 487, "INVITE");
    assert_eq!(bench.seen(), [sent("ACK sip:bob@lab.example SIP/2.0"), Answer(client, 487)]);
    assert_eq!(bench.layer.live(), 0);
}

/// RFC 3261 9.1
#[test]
fn an_early_cancel_leaves_with_the_first_provisional_response_and_keeps_its_reason() {
    let mut bench = Bench::new();
    let (client, branch) = bench.invite();
    bench.layer.cancel(bench.now, client, &[("Reason".to_owned(), "SIP;cause=487".to_owned())]);
    bench.layer.cancel(bench.now, client, &[]);
    assert_eq!(bench.seen(), []);
    bench.respond_as_peer(&branch, 100, "INVITE");
    let events = bench.events();
    let [TransactionEvent::Send { octets, .. }, TransactionEvent::Response { .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(request_of(octets).headers.get(HeaderName::Reason), Some("SIP;cause=487"));
    bench.respond_as_peer(&branch, 180, "INVITE");
    assert_eq!(bench.seen(), [Answer(client, 180)]);
}

/// RFC 3261 9.1
#[test]
fn a_cancel_that_crosses_the_200_leaves_the_200_to_the_user() {
    let mut bench = Bench::new();
    let (client, branch) = bench.invite();
    bench.respond_as_peer(&branch, 180, "INVITE");
    bench.layer.cancel(bench.now, client, &[]);
    bench.seen();
    bench.respond_as_peer(&branch, 200, "INVITE");
    bench.respond_as_peer(&branch, 481, "CANCEL");
    assert_eq!(bench.seen(), [Answer(client, 200)]);
    bench.layer.cancel(bench.now, client, &[]);
    assert_eq!(bench.seen(), []);
}

/// RFC 3261 9.1
#[test]
fn an_early_cancel_overtaken_by_the_200_never_leaves() {
    let mut bench = Bench::new();
    let (client, branch) = bench.invite();
    bench.layer.cancel(bench.now, client, &[]);
    bench.respond_as_peer(&branch, 200, "INVITE");
    bench.respond_as_peer(&branch, 180, "INVITE");
    assert_eq!(bench.seen(), [Answer(client, 200)]);
}

/// RFC 3261 9.1
#[test]
fn only_invites_are_cancelled() {
    let mut bench = Bench::new();
    let client = bench.send(Bench::request(Method::Options));
    let branch = bench.branch(client);
    bench.respond_as_peer(&branch, 100, "OPTIONS");
    bench.seen();
    bench.layer.cancel(bench.now, client, &[]);
    bench.layer.cancel(bench.now, ClientId(99), &[]);
    assert_eq!(bench.seen(), []);
}

/// RFC 3261 17.1.1.2, 17.1.2.2
#[test]
fn silence_fails_every_request_after_32_seconds() {
    let mut bench = Bench::new();
    let (invite, _) = bench.invite();
    let register = bench.send(Bench::request(Method::Register));
    bench.seen();
    bench.wait(31_999);
    assert_eq!(bench.seen(), []);
    bench.wait(1);
    assert_eq!(bench.seen(), [Failed(invite, Failure::Timeout), Failed(register, Failure::Timeout)]);
    bench.wait(0);
    assert_eq!((bench.layer.live(), bench.layer.next_timeout()), (0, None));
}

#[test]
fn a_cancelled_invite_that_stays_silent_fails_after_32_seconds() {
    let mut bench = Bench::new();
    let (client, branch) = bench.invite();
    bench.respond_as_peer(&branch, 180, "INVITE");
    bench.wait(100_000);
    bench.layer.cancel(bench.now, client, &[]);
    bench.seen();
    bench.wait(32_000);
    assert_eq!(bench.seen(), [Failed(client, Failure::Timeout)]);
}

/// RFC 3261 17.1.4
#[test]
fn a_lost_flow_fails_what_waits_on_it_and_nothing_else() {
    let mut bench = Bench::new();
    let (calling, _) = bench.invite();
    let (ringing, branch) = bench.invite();
    bench.respond_as_peer(&branch, 180, "INVITE");
    let (answered, branch) = bench.invite();
    bench.respond_as_peer(&branch, 200, "INVITE");
    let register = bench.send(Bench::request(Method::Register));
    let elsewhere = bench.layer.send(bench.now, FlowId(2), VIA, Bench::request(Method::Register), &mut bench.random);
    bench.seen();
    bench.layer.flow_lost(bench.now, FLOW);
    let lost = |client| Failed(client, Failure::FlowLost);
    assert_eq!(bench.seen(), [lost(calling), lost(ringing), lost(register)]);
    bench.layer.flow_lost(bench.now, FLOW);
    assert_eq!(bench.seen(), []);
    assert!(bench.layer.request(answered).is_none() && bench.layer.request(elsewhere).is_some());
}

#[test]
fn a_lost_flow_takes_a_cancel_with_it_in_silence() {
    let mut bench = Bench::new();
    let (client, branch) = bench.invite();
    bench.respond_as_peer(&branch, 180, "INVITE");
    bench.layer.cancel(bench.now, client, &[]);
    bench.seen();
    bench.layer.flow_lost(bench.now, FLOW);
    assert_eq!(bench.seen(), [Failed(client, Failure::FlowLost)]);
    assert_eq!(bench.layer.live(), 0);
}

/// RFC 3261 18.1.2
#[test]
fn responses_that_are_broken_or_for_others_are_dropped() {
    let mut bench = Bench::new();
    let (_, branch) = bench.invite();
    let good = format!(
        "SIP/2.0 200 OK\nVia: {VIA};branch={branch}\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>;tag=2\nCall-ID: x\nCSeq: 7 INVITE\n\n"
    );
    for (old, new) in [
        ("Via: SIP", "Via: SIP/2.0/WSS other.invalid;branch=z9hG4bKx\nVia: SIP"),
        ("Via: SIP/2.0", "Via: SIP"),
        ("k3v9.invalid", "k3v8.invalid"),
        ("k3v9.invalid", "k3v9.invalid:5061"),
        ("Via:", "X-Via:"),
        ("From: <sip:a@b>", "From: <sip:a@b"),
        ("To:", "X-To:"),
        ("Call-ID: x", "Call-ID:"),
        ("CSeq: 7", "CSeq: seven"),
        ("CSeq: 7 INVITE", "CSeq: 7 INVITE\nCSeq: 8 INVITE"),
    ] {
        bench.receive(&good.replacen(old, new, 1));
        assert_eq!(bench.seen(), [], "{new}");
    }
    bench.receive(&good);
    assert_eq!(bench.seen().len(), 1);
}

#[test]
fn an_ack_is_sent_and_forgotten() {
    let mut bench = Bench::new();
    let client = bench.send(Bench::request(Method::Ack));
    assert_eq!(bench.seen(), [sent("ACK sip:bob@lab.example SIP/2.0")]);
    assert!(bench.layer.request(client).is_none() && bench.layer.live() == 0);
}

#[test]
fn a_request_that_cannot_be_written_fails_at_once() {
    let mut bench = Bench::new();
    let mut request = Bench::request(Method::Invite);
    request.headers.push_named("X-Bad", "a\r\nInjected: b");
    let client = bench.send(request);
    assert_eq!(bench.seen(), [Failed(client, Failure::FlowLost)]);
    assert_eq!(bench.layer.live(), 0);
}

#[test]
fn more_requests_than_the_limit_fail_at_once() {
    let mut bench = Bench::new();
    for _ in 0..CLIENT_TRANSACTIONS {
        bench.send(Bench::request(Method::Options));
    }
    bench.seen();
    let client = bench.send(Bench::request(Method::Options));
    assert_eq!(bench.seen(), [Failed(client, Failure::FlowLost)]);
}

/// RFC 6026 7.2: an INVITE in Accepted waits for nothing but repetitions, and takes no other request's place.
#[test]
fn calls_that_were_answered_do_not_count_towards_the_limit() {
    let mut bench = Bench::new();
    for _ in 0..CLIENT_TRANSACTIONS {
        let (_, branch) = bench.invite();
        bench.respond_as_peer(&branch, 200, "INVITE");
    }
    bench.seen();
    assert_eq!(bench.layer.live(), CLIENT_TRANSACTIONS);
    bench.send(Bench::request(Method::Options));
    assert!(matches!(bench.seen().as_slice(), [Sent(_)]));
}
