//! The seeds of the fuzz targets, each through its target.

use std::fs;
use std::path::Path;

use super::{far_end, targets};

/// Every seed of a target; there are some.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let seeds: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(seeds.len() >= 10, "{target}: {}", seeds.len());
    seeds
}

#[test]
fn the_seeds_of_messages_hold() {
    seeds("message").iter().for_each(|octets| targets::message(octets));
}

#[test]
fn the_seeds_of_payloads_hold() {
    seeds("payload").iter().for_each(|octets| targets::payload(&String::from_utf8_lossy(octets)));
}

#[test]
fn the_seeds_of_uris_hold() {
    seeds("uri").iter().for_each(|octets| targets::uri(&String::from_utf8_lossy(octets)));
}

#[test]
fn the_seeds_of_headers_hold() {
    seeds("headers").iter().for_each(|octets| targets::headers(&String::from_utf8_lossy(octets)));
}

#[test]
fn the_seeds_of_bodies_hold() {
    seeds("sdp").iter().for_each(|octets| targets::sdp(octets));
}

#[test]
fn the_seeds_of_the_bridge_hold() {
    seeds("bridge").iter().for_each(|octets| targets::bridge(&String::from_utf8_lossy(octets)));
}

#[test]
fn the_seeds_of_the_engine_hold() {
    let mut connected = 0;
    for octets in seeds("endpoint") {
        let states = far_end::endpoint(&String::from_utf8_lossy(&octets));
        connected += usize::from(states.contains(&sipwake::io::CallState::Connected));
    }
    assert!(connected >= 6, "{connected}");
}

#[test]
fn what_fuzzing_found_stays_found() {
    // A start line that ends in a bare line feed, above lines that were built anew.
    targets::message(b"SIP/2.0 200  OK\nContent-Length: 0\n\n");
    targets::message(b"SIP/2.0 200 OK\n\nVia: x\r\n");
    // A warning code below 100.
    targets::headers("Warning: 007 a.b \"text\"");
    targets::headers("Warning: 399 a.b \"te\u{0}xt\"");
    // A parameter and a header that stand twice in a URI.
    targets::uri("sip:a@b;x=1;x=2\nsip:a@b;x=2;x=1");
    targets::uri("sip:a@b?x=1&x=1\nsip:a@b?x=1&x=2");
}
