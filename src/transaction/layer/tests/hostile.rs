use super::*;
use crate::common::limits::{CLIENT_TRANSACTIONS, SERVER_TRANSACTIONS};

/// Octets that mean something to somebody.
const SPICE: &[&[u8]] = &[
    b"\0",
    b"\"",
    b"\\",
    b"<",
    b">",
    b",",
    b";",
    b"=",
    b":",
    b"\r\n ",
    b"\r\n",
    b"%",
    b"\xff",
    b"99999999999",
    b"SIP/2.0",
];

fn spoil(text: &str, random: &mut Random) -> Vec<u8> {
    let mut octets = text.replace('\n', "\r\n").into_bytes();
    for _ in 0..random.below(4) {
        let at = random.below(octets.len() as u64) as usize;
        match random.below(3) {
            0 => octets[at] = random.u32() as u8,
            1 => drop(octets.drain(at..(at + random.below(20) as usize).min(octets.len()))),
            _ => drop(octets.splice(at..at, SPICE[random.below(SPICE.len() as u64) as usize].iter().copied())),
        }
    }
    octets
}

/// Whatever comes, the layer neither panics nor answers an ACK, and what it keeps stays bounded and ends by itself.
#[test]
fn spoilt_messages_in_any_order_do_no_harm() {
    let mut bench = Bench::new();
    let mut random = Random::new(Seeded(11));
    let mut asked = Vec::new();
    let mut branches: Vec<String> = Vec::new();
    for round in 0..6_000_u32 {
        bench.now = bench.now.after(random.below(200));
        let branch = format!("z9hG4bK{}", random.below(40));
        let text = match random.below(8) {
            0 => incoming("INVITE", &branch),
            1 => incoming("ACK", &branch),
            2 => incoming("CANCEL", &branch),
            3 => incoming("OPTIONS", &branch),
            kind => {
                let branch = match branches.len() {
                    0 => "x",
                    count => branches[random.below(count as u64) as usize].as_str(),
                };
                let status = [100, 180, 200, 401, 487, 603][random.below(6) as usize];
                let method = if kind % 2 == 0 { "INVITE" } else { "CANCEL" };
                format!(
                    "SIP/2.0 {status} Some\nVia: {VIA};branch={branch}\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>;tag=2\n\
                     Call-ID: call-1\nCSeq: 7 {method}\n\n"
                )
            }
        };
        if let Ok(message) = Message::parse(spoil(&text, &mut random)) {
            let ack = matches!(&message, Message::Request(request) if *request.method() == Method::Ack);
            bench.layer.receive(bench.now, FLOW, message);
            for event in bench.events() {
                match event {
                    TransactionEvent::Request { server, request, .. } => asked.push((server, request)),
                    TransactionEvent::Send { octets, .. } => {
                        assert!(!ack || request_of_or_none(&octets).is_some(), "an ACK was answered");
                    }
                    _ => {}
                }
            }
        }
        match round % 5 {
            0 => {
                let client = bench.send(Bench::request(Method::Invite));
                branches.push(bench.branch(client));
                if random.below(2) == 0 {
                    bench.layer.cancel(bench.now, client, &[]);
                }
            }
            1 if !asked.is_empty() => {
                let (server, request) = asked.swap_remove(random.below(asked.len() as u64) as usize);
                bench.answer(server, &request, [180, 200, 486][random.below(3) as usize]);
            }
            2 => bench.layer.timeout(bench.now),
            _ => {}
        }
        bench.events();
        if round % 500 == 0 {
            bench.layer.flow_lost(bench.now, FLOW);
            branches.clear();
        }
        assert!(bench.layer.live() <= CLIENT_TRANSACTIONS + SERVER_TRANSACTIONS);
    }
    bench.layer.flow_lost(bench.now, FLOW);
    bench.events();
    assert_eq!((bench.layer.live(), bench.layer.next_timeout()), (0, None));
}

fn request_of_or_none(octets: &[u8]) -> Option<Request> {
    match Message::parse(octets.to_vec()) {
        Ok(Message::Request(request)) => Some(request),
        _ => None,
    }
}

#[test]
fn a_response_that_cannot_be_written_ends_its_transaction() {
    let mut bench = Bench::new();
    let (server, invite) = bench.invited();
    let mut response = Response::to(&invite, 180);
    response.headers.push_named("X-Bad", "a\r\nInjected: b");
    bench.layer.respond(bench.now, server, response);
    assert_eq!((bench.seen(), bench.layer.live()), (vec![], 0));
}

#[test]
fn a_request_that_no_response_can_quote_is_dropped() {
    let mut bench = Bench::new();
    for method in ["INVITE", "CANCEL"] {
        bench.receive(&incoming(method, "z9hG4bKp1").replace("To: <sip:bob", "To: \"a\0b\" <sip:bob"));
    }
    assert_eq!((bench.seen(), bench.layer.live()), (vec![], 0));
}

/// A flow that is flooded takes nothing from another one.
#[test]
fn the_limits_are_those_of_one_flow() {
    let mut bench = Bench::new();
    let other = FlowId(99);
    for number in 0..=SERVER_TRANSACTIONS {
        let message = parse(&incoming("OPTIONS", &format!("z9hG4bKflood{number}")));
        bench.layer.receive(bench.now, FLOW, message);
    }
    assert!(bench.seen().contains(&sent("SIP/2.0 503 Service Unavailable")));
    bench.layer.receive(bench.now, other, parse(&incoming("OPTIONS", "z9hG4bKother")));
    assert!(matches!(bench.seen().as_slice(), [Asked(_, Method::Options)]));
    for _ in 0..CLIENT_TRANSACTIONS {
        bench.layer.send(bench.now, FLOW, VIA, Bench::request(Method::Options), &mut bench.random);
    }
    bench.seen();
    let too_many = bench.layer.send(bench.now, FLOW, VIA, Bench::request(Method::Options), &mut bench.random);
    assert_eq!(bench.seen(), [Failed(too_many, Failure::FlowLost)]);
    bench.layer.send(bench.now, other, VIA, Bench::request(Method::Options), &mut bench.random);
    assert!(matches!(bench.seen().as_slice(), [Sent(_)]));
}
