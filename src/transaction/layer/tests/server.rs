use super::*;
use crate::common::limits::VIA_VALUES;

/// RFC 3261 17.2.1
#[test]
fn an_invite_gets_its_100_before_anybody_hears_of_it() {
    let mut bench = Bench::new();
    bench.ask_as_peer("INVITE", "z9hG4bKp1");
    assert_eq!(bench.seen(), [sent("SIP/2.0 100 Trying"), Asked(ServerId(1), Method::Invite)]);
}

/// RFC 3261 8.2.6.2
#[test]
fn the_100_carries_all_vias_and_no_tag() {
    let mut bench = Bench::new();
    bench.ask_as_peer("INVITE", "z9hG4bKp1");
    let octets = bench.octets();
    assert_eq!(octets[0].matches("Via:").count(), 2);
    assert!(octets[0].contains("To: <sip:bob@lab.example>\r\n"), "{}", octets[0]);
}

#[test]
fn another_request_is_told_without_a_response() {
    let mut bench = Bench::new();
    bench.ask_as_peer("OPTIONS", "z9hG4bKp1");
    assert_eq!(bench.seen(), [Asked(ServerId(1), Method::Options)]);
}

/// RFC 3261 17.2.1
#[test]
fn a_repeated_invite_gets_the_last_response_and_is_told_once() {
    let mut bench = Bench::new();
    let (server, invite) = bench.invited();
    bench.ask_as_peer("INVITE", "z9hG4bKp1");
    assert_eq!(bench.seen(), [sent("SIP/2.0 100 Trying")]);
    bench.answer(server, &invite, 180);
    bench.seen();
    bench.ask_as_peer("INVITE", "z9hG4bKp1");
    assert_eq!(bench.seen(), [sent("SIP/2.0 180 Ringing")]);
    bench.answer(server, &invite, 486);
    bench.seen();
    bench.ask_as_peer("INVITE", "z9hG4bKp1");
    assert_eq!(bench.seen(), [sent("SIP/2.0 486 Busy Here")]);
}

/// RFC 6026 7.1
#[test]
fn an_invite_that_comes_again_after_the_200_is_swallowed() {
    let mut bench = Bench::new();
    let (server, invite) = bench.invited();
    bench.answer(server, &invite, 200);
    bench.seen();
    bench.ask_as_peer("INVITE", "z9hG4bKp1");
    assert_eq!(bench.seen(), []);
}

#[test]
fn the_same_invite_over_another_branch_or_flow_is_a_transaction_of_its_own() {
    let mut bench = Bench::new();
    let (first, _) = bench.invited();
    bench.ask_as_peer("INVITE", "z9hG4bKp1.2");
    bench.layer.receive(bench.now, FlowId(2), parse(&incoming("INVITE", "z9hG4bKp1")));
    let told: Vec<_> = bench.seen().into_iter().filter(|seen| matches!(seen, Asked(..))).collect();
    assert_eq!(told, [Asked(ServerId(2), Method::Invite), Asked(ServerId(3), Method::Invite)]);
    assert_eq!(first, ServerId(1));
}

/// RFC 3261 18.2.2
#[test]
fn responses_leave_on_the_flow_of_their_request() {
    let mut bench = Bench::new();
    bench.layer.receive(bench.now, FlowId(5), parse(&incoming("OPTIONS", "z9hG4bKp1")));
    let Some(TransactionEvent::Request { server, request, flow: FlowId(5) }) = bench.layer.poll() else { panic!() };
    bench.answer(server, &request, 200);
    assert!(matches!(bench.layer.poll(), Some(TransactionEvent::Send { flow: FlowId(5), .. })));
}

/// RFC 3261 17.2.1
#[test]
fn the_ack_of_a_refusal_is_absorbed_and_ends_the_transaction() {
    let mut bench = Bench::new();
    let (server, invite) = bench.invited();
    bench.answer(server, &invite, 486);
    bench.seen();
    bench.ask_as_peer("ACK", "z9hG4bKp1");
    assert_eq!((bench.seen(), bench.layer.live(), bench.layer.next_timeout()), (vec![], 0, None));
}

/// RFC 3261 17.2.1
#[test]
fn a_refusal_without_an_ack_is_told_after_32_seconds() {
    let mut bench = Bench::new();
    let (server, invite) = bench.invited();
    bench.answer(server, &invite, 603);
    bench.seen();
    bench.wait(32_000);
    assert_eq!((bench.seen(), bench.layer.live()), (vec![Unacknowledged(server)], 0));
}

/// RFC 3261 13.3.1.4
#[test]
fn the_ack_of_a_2xx_is_told_whatever_its_branch() {
    let mut bench = Bench::new();
    let (server, invite) = bench.invited();
    bench.answer(server, &invite, 200);
    bench.seen();
    bench.ask_as_peer("ACK", "z9hG4bKp2");
    bench.ask_as_peer("ACK", "z9hG4bKp1");
    assert_eq!(bench.seen(), [Ack, Ack]);
}

/// RFC 3261 13.3.1.4
#[test]
fn a_2xx_can_be_repeated_while_its_ack_is_awaited() {
    let mut bench = Bench::new();
    let (server, invite) = bench.invited();
    for _ in 0..3 {
        bench.answer(server, &invite, 200);
        bench.wait(4_000);
    }
    assert_eq!(bench.seen(), [sent("SIP/2.0 200 OK"), sent("SIP/2.0 200 OK"), sent("SIP/2.0 200 OK")]);
    bench.wait(32_000);
    bench.answer(server, &invite, 200);
    assert_eq!((bench.seen(), bench.layer.live()), (vec![], 0));
}

#[test]
fn responses_after_the_final_one_do_not_leave() {
    let mut bench = Bench::new();
    let (server, invite) = bench.invited();
    bench.answer(server, &invite, 200);
    bench.seen();
    bench.answer(server, &invite, 180);
    bench.answer(server, &invite, 487);
    bench.answer(ServerId(77), &invite, 200);
    assert_eq!(bench.seen(), []);
}

/// RFC 3261 9.2
#[test]
fn a_cancel_is_answered_with_the_tag_of_the_invite_and_told_once() {
    let mut bench = Bench::new();
    let (server, invite) = bench.invited();
    bench.answer(server, &invite, 180);
    bench.seen();
    bench.ask_as_peer("CANCEL", "z9hG4bKp1");
    let events = bench.events();
    let [TransactionEvent::Send { octets, .. }, TransactionEvent::Cancelled { server: told, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    let text = String::from_utf8(octets.clone()).unwrap();
    assert!(text.starts_with("SIP/2.0 200 ") && text.contains(";tag=b7") && text.contains("CSeq: 1 CANCEL"));
    assert_eq!(*told, server);
    bench.ask_as_peer("CANCEL", "z9hG4bKp1");
    assert_eq!(bench.seen(), [sent("SIP/2.0 200 OK")]);
    bench.answer(server, &invite, 487);
    assert_eq!(bench.seen(), [sent("SIP/2.0 487 Request Terminated")]);
}

/// RFC 3261 17.2.3
#[test]
fn the_same_branch_from_another_sender_is_a_transaction_of_its_own() {
    let mut bench = Bench::new();
    bench.invited();
    bench.receive(&incoming("INVITE", "z9hG4bKp1").replace("127.0.0.1:15080", "127.0.0.2:15080"));
    bench.receive(&incoming("INVITE", "z9hG4bKp1").replace("127.0.0.1:15080", "127.0.0.1"));
    assert_eq!(bench.seen().into_iter().filter(|seen| matches!(seen, Asked(..))).count(), 2);
}

#[test]
fn a_cancel_before_any_tagged_response_is_answered_with_a_tag_all_the_same() {
    let mut bench = Bench::new();
    let (server, invite) = bench.invited();
    bench.layer.respond(bench.now, server, Response::to(&invite, 100));
    bench.seen();
    bench.ask_as_peer("CANCEL", "z9hG4bKp1");
    assert!(bench.octets()[0].contains("To: <sip:bob@lab.example>;tag="));
}

/// RFC 3261 9.2
#[test]
fn a_cancel_after_the_final_response_is_answered_and_changes_nothing() {
    for status in [200, 486] {
        let mut bench = Bench::new();
        let (server, invite) = bench.invited();
        bench.answer(server, &invite, status);
        bench.seen();
        bench.ask_as_peer("CANCEL", "z9hG4bKp1");
        assert_eq!(bench.seen(), [sent("SIP/2.0 200 OK")]);
    }
}

/// RFC 3261 9.2
#[test]
fn a_cancel_for_nothing_gets_481() {
    let mut bench = Bench::new();
    bench.invited();
    bench.ask_as_peer("CANCEL", "z9hG4bKother");
    let octets = bench.octets();
    assert!(octets[0].starts_with("SIP/2.0 481 ") && octets[0].contains(";tag="), "{octets:?}");
    assert_eq!(octets.len(), 1);
}

#[test]
fn a_request_that_nobody_answers_is_forgotten() {
    let mut bench = Bench::new();
    bench.ask_as_peer("OPTIONS", "z9hG4bKp1");
    bench.seen();
    bench.ask_as_peer("OPTIONS", "z9hG4bKp1");
    assert_eq!(bench.seen(), []);
    bench.wait(32_000);
    assert_eq!((bench.seen(), bench.layer.live()), (vec![], 0));
}

#[test]
fn a_lost_flow_takes_its_requests_along() {
    let mut bench = Bench::new();
    let (server, invite) = bench.invited();
    bench.layer.flow_lost(bench.now, FLOW);
    bench.answer(server, &invite, 200);
    assert_eq!((bench.seen(), bench.layer.live()), (vec![], 0));
}

/// RFC 3261 17.2.3
#[test]
fn without_the_cookie_old_peers_are_told_apart_by_the_rest() {
    let mut bench = Bench::new();
    bench.ask_as_peer("INVITE", "1");
    bench.ask_as_peer("INVITE", "1");
    bench.receive(&incoming("INVITE", "1").replace("call-2", "call-3"));
    let told = bench.seen().into_iter().filter(|seen| matches!(seen, Asked(..))).count();
    assert_eq!(told, 2);
    bench.ask_as_peer("CANCEL", "1");
    assert!(bench.seen().contains(&Cancelled(ServerId(1))));
}

/// RFC 3261 8.2
#[test]
fn requests_without_what_frames_them_get_400() {
    for (old, new) in [
        ("From: <sip:carol@lab.example>", "From: <sip:carol@lab.example"),
        ("From:", "X-From:"),
        ("To:", "X-To:"),
        ("Call-ID:", "X-Call-ID:"),
        ("Call-ID: call-2", "Call-ID: call-2\nCall-ID: call-3"),
        ("CSeq:", "X-CSeq:"),
        ("CSeq: 1 OPTIONS", "CSeq: 1 INVITE"),
        ("CSeq: 1", "CSeq: 99999999999"),
    ] {
        let mut bench = Bench::new();
        bench.receive(&incoming("OPTIONS", "z9hG4bKp1").replacen(old, new, 1));
        assert_eq!(bench.seen(), [sent("SIP/2.0 400 Bad Request")], "{new}");
        assert_eq!(bench.layer.live(), 0);
    }
}

/// RFC 3261 21.5.6
#[test]
fn another_version_of_sip_gets_505() {
    let mut bench = Bench::new();
    bench.receive(&incoming("OPTIONS", "z9hG4bKp1").replacen("SIP/2.0\n", "SIP/7.0\n", 1));
    assert_eq!(bench.seen(), [sent("SIP/2.0 505 Version Not Supported")]);
}

/// RFC 3261 18.2.1
#[test]
fn a_request_without_via_is_dropped() {
    let mut bench = Bench::new();
    bench.receive(&incoming("OPTIONS", "z9hG4bKp1").replace("Via:", "X-Via:"));
    assert_eq!(bench.seen(), []);
}

/// RFC 4475 3.1.2.1: the response goes where the request came from, whatever its Via says
#[test]
fn a_request_whose_via_cannot_be_read_gets_400() {
    let mut bench = Bench::new();
    bench.receive(&incoming("OPTIONS", "z9hG4bKp1").replacen("Via: SIP/2.0/WS", "Via: SIP", 1));
    assert_eq!(bench.seen(), [sent("SIP/2.0 400 Bad Request")]);
}

/// RFC 3261 21.4.1: more Vias than the limit
#[test]
fn a_request_of_too_many_hops_gets_400() {
    let mut bench = Bench::new();
    let vias = |count: usize| "Via: SIP/2.0/WS hop.invalid;branch=z9hG4bKh\n".repeat(count);
    let text = incoming("OPTIONS", "z9hG4bKp1");
    bench.receive(&text.replacen("From:", &[&vias(VIA_VALUES - 1), "From:"].concat(), 1));
    assert_eq!(bench.seen(), [sent("SIP/2.0 400 Bad Request")]);
    bench.receive(&text.replacen("From:", &[&vias(VIA_VALUES - 2), "From:"].concat(), 1));
    assert_eq!(bench.seen(), [Asked(ServerId(1), Method::Options)]);
}

/// RFC 3261 17.1.1.3
#[test]
fn a_broken_ack_is_never_answered() {
    let mut bench = Bench::new();
    bench.receive(&incoming("ACK", "z9hG4bKp1").replace("CSeq: 1 ACK", "CSeq: 1 INVITE"));
    bench.receive(&incoming("ACK", "z9hG4bKp1").replace("Call-ID", "X-Call-ID"));
    assert_eq!(bench.seen(), []);
}

/// RFC 3261 21.5.4
#[test]
fn more_requests_than_the_limit_get_503_and_are_not_told() {
    let mut bench = Bench::new();
    for number in 0..SERVER_TRANSACTIONS {
        bench.ask_as_peer("INVITE", &format!("z9hG4bK{number}"));
    }
    bench.seen();
    bench.ask_as_peer("INVITE", "z9hG4bKone-more");
    assert_eq!(bench.seen(), [sent("SIP/2.0 503 Service Unavailable")]);
    bench.ask_as_peer("ACK", "z9hG4bKone-more");
    bench.ask_as_peer("CANCEL", "z9hG4bK0");
    assert_eq!(bench.seen()[..2], [Ack, sent("SIP/2.0 200 OK")]);
}

/// RFC 3261 8.2.2.2
#[test]
fn a_copy_by_another_way_is_merged_while_the_way_of_the_first_is_open() {
    let mut bench = Bench::new();
    let mut arrive = |flow: u32, branch: &str, text: &dyn Fn(String) -> String| {
        bench.layer.receive(bench.now, FlowId(flow), parse(&text(incoming("MESSAGE", branch))));
        let asked = bench.events().into_iter().find_map(|event| match event {
            TransactionEvent::Request { server, request, .. } => Some((server, request)),
            _ => None,
        });
        let (server, request) = asked.expect("a request");
        bench.answer(server, &request, 200);
        (bench.layer.is_merged(server, &[FlowId(1), FlowId(2)]), bench.layer.is_merged(server, &[FlowId(flow)]))
    };
    let same = |text| text;
    assert_eq!(arrive(1, "z9hG4bKp1", &same), (false, false));
    assert_eq!(arrive(1, "z9hG4bKp2", &same), (true, true));
    assert_eq!(arrive(2, "z9hG4bKp3", &same), (true, false));
    for (from, to) in [
        ("CSeq: 1 ", "CSeq: 2 "),
        ("tag=c1", "tag=c2"),
        ("call-2", "call-3"),
        ("lab.example>\n", "lab.example>;tag=b\n"),
    ] {
        let another = |text: String| {
            assert!(text.contains(from), "{text}");
            text.replace(from, to)
        };
        assert_eq!(arrive(1, "z9hG4bKp4", &another), (false, false), "{from}");
    }
    bench.layer.flow_lost(bench.now, FlowId(1));
    bench.layer.flow_lost(bench.now, FlowId(2));
    bench.seen();
    bench.layer.receive(bench.now, FlowId(3), parse(&incoming("MESSAGE", "z9hG4bKp5")));
    let Some(TransactionEvent::Request { server, .. }) = bench.layer.poll() else { panic!() };
    assert!(!bench.layer.is_merged(server, &[FlowId(1), FlowId(2), FlowId(3)]), "the first is out of reach");
    bench.wait(32_000);
    bench.layer.receive(bench.now, FlowId(3), parse(&incoming("MESSAGE", "z9hG4bKp6")));
    let Some(TransactionEvent::Request { server, .. }) = bench.layer.poll() else { panic!() };
    assert!(!bench.layer.is_merged(server, &[FlowId(3)]), "after 64 * T1 it is another");
}

/// RFC 3261 9.2: a CANCEL that comes before anything but 100 left is answered with the tag that the 487 will have.
#[test]
fn the_answer_to_an_early_cancel_has_the_tag_of_the_487() {
    let mut bench = Bench::new();
    let (server, _) = bench.invited();
    bench.layer.set_tag(server, "b7");
    bench.ask_as_peer("CANCEL", "z9hG4bKp1");
    let octets = bench.octets();
    assert!(octets[0].starts_with("SIP/2.0 200") && octets[0].contains("To: <sip:bob@lab.example>;tag=b7\r\n"));
}
