//! How long one INVITE takes, from octets to the headers that the engine asks for, and back: beside `rsip` in the same
//! run. `cargo bench --bench message` prints medians and the number of allocations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::alloc::System;
use std::hint::black_box;
use std::time::Instant;

use rsip::prelude::{HeadersExt, ToTypedHeader};
use sipwake::message::Message;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const INVITE: &[u8] = include_bytes!("../tests/corpus/kamailio-invite-to-phone.sip");
const ROUNDS: u32 = 100;
const REPEATS: usize = 301;

/// Octets to Via, From, To, Call-ID, CSeq, Contact, Route and Content-Type.
fn read(octets: Vec<u8>) -> usize {
    let message = Message::parse(octets).unwrap();
    let headers = message.headers();
    let via = headers.via().unwrap().unwrap();
    let (from, to) = (headers.from().unwrap().unwrap(), headers.to().unwrap().unwrap());
    let contact = headers.contacts().next().unwrap().unwrap();
    let route = headers.routes().next().unwrap().unwrap();
    let cseq = headers.cseq().unwrap().unwrap();
    via.branch().unwrap().len()
        + from.tag().unwrap().len()
        + to.uri().unwrap().host().len()
        + headers.call_id().unwrap().len()
        + cseq.number as usize
        + contact.uri().unwrap().host().len()
        + route.uri().unwrap().host().len()
        + usize::from(headers.content_type().unwrap().unwrap().is_sdp())
}

/// The same with `rsip`, but for what it does not survive: two blanks in Via, `alias` in the Contact.
fn read_rsip(octets: &[u8]) -> usize {
    let message = rsip::SipMessage::try_from(octets).unwrap();
    let via = message.via_header().unwrap().typed();
    let (from, to) = (message.from_header().unwrap().typed().unwrap(), message.to_header().unwrap().typed().unwrap());
    let contact = message.contact_header().unwrap().typed();
    let route = message.route_header().map(|route| route.typed().is_ok());
    let cseq = message.cseq_header().unwrap().typed().unwrap();
    usize::from(via.is_ok())
        + from.tag().unwrap().value().len()
        + to.uri.host_with_port.host.to_string().len()
        + message.call_id_header().unwrap().to_string().len()
        + cseq.seq as usize
        + usize::from(contact.is_ok())
        + usize::from(route.is_some())
}

fn measure<T>(what: &str, octets: usize, mut work: impl FnMut() -> T) {
    let region = Region::new(ALLOCATOR);
    black_box(work());
    let allocations = region.change().allocations + region.change().reallocations;
    let mut times: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                black_box(work());
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let (median, least) = (times[REPEATS / 2], times[0]);
    println!(
        "{what:44} {median:8.2} µs (least {least:.2}) {allocations:4} allocations {:8.0} MB/s",
        octets as f64 / median
    );
}

fn main() {
    println!("one INVITE of {} octets, medians of {REPEATS} times {ROUNDS}", INVITE.len());
    let built = Message::parse(INVITE.to_vec()).unwrap();
    measure("copy of the octets alone", INVITE.len(), || INVITE.to_vec());
    measure("sipwake: copy, frame", INVITE.len(), || Message::parse(INVITE.to_vec()).is_ok());
    measure("sipwake: copy, frame, eight typed headers", INVITE.len(), || read(black_box(INVITE).to_vec()));
    measure("sipwake: validate all headers", INVITE.len(), || sipwake::message::validate(&built).len());
    measure("sipwake: write", INVITE.len(), || built.to_octets().unwrap());
    measure("sipwake: redact for the trace", INVITE.len(), || sipwake::message::redact(INVITE));
    let other = rsip::SipMessage::try_from(INVITE).unwrap();
    measure("rsip: frame", INVITE.len(), || rsip::SipMessage::try_from(black_box(INVITE)).is_ok());
    measure("rsip: frame, seven typed headers", INVITE.len(), || read_rsip(black_box(INVITE)));
    measure("rsip: write", INVITE.len(), || other.to_string().into_bytes());
}
