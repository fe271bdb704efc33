//! Twice the octets, at most two and a half times the work: for every header, every limit and every reader of bodies, up
//! to the limit. Time is the processor's, the least of many runs, so that a busy machine makes a test slow and not wrong.

use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;
use sipwake::common::limits;
use sipwake::message::{HeaderName, Headers, Message, Uri, challenges, parts, redact, session_body, split_list};
use sipwake::sdp::SessionDescription;

use super::ask::{ask, ask_headers};

/// How many runs a measurement may take before it counts as a failure.
const RUNS: usize = 300;

/// Octets of a value: it must fit into a line with its name.
const VALUE: usize = limits::LINE_OCTETS - 64;

fn time(work: &dyn Fn()) -> Duration {
    let start = ThreadTime::now();
    work();
    start.elapsed()
}

/// Whether the work for the greater input is at most two and a half times that for the lesser.
fn is_linear(less: &dyn Fn(), more: &dyn Fn()) -> Result<(), String> {
    let (mut least, mut most) = (Duration::MAX, Duration::MAX);
    for _ in 0..RUNS {
        least = least.min(time(less));
        most = most.min(time(more));
        // What takes less than the clock can tell is not in question.
        if most <= least * 5 / 2 || most < Duration::from_micros(2) {
            return Ok(());
        }
    }
    Err(format!("{most:?} for twice of what takes {least:?}"))
}

fn assert_linear<T>(what: &str, less: T, more: T, work: impl Fn(&T)) {
    if let Err(why) = is_linear(&|| work(&less), &|| work(&more)) {
        panic!("{what}: {why}");
    }
}

const NAMES: &[&str] = &[
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Contact",
    "Max-Forwards",
    "Content-Length",
    "Content-Type",
    "Record-Route",
    "Route",
    "Allow",
    "Supported",
    "User-Agent",
    "Server",
    "Expires",
    "Require",
    "Reason",
    "Authorization",
    "WWW-Authenticate",
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "Path",
    "Service-Route",
    "Date",
    "Session-Expires",
    "Min-SE",
    "RSeq",
    "RAck",
    "Accept",
    "Allow-Events",
    "Event",
    "Subscription-State",
    "Min-Expires",
    "Retry-After",
    "Flow-Timer",
    "Unsupported",
    "Proxy-Require",
    "Authentication-Info",
    "Content-Disposition",
    "Content-Encoding",
    "MIME-Version",
    "Subject",
    "Warning",
    "Refer-To",
    "Referred-By",
    "Refer-Sub",
    "Replaces",
    "Join",
    "Target-Dialog",
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "P-Associated-URI",
    "Privacy",
    "Diversion",
    "History-Info",
    "Feature-Caps",
    "Alert-Info",
    "Call-Info",
    "Error-Info",
    "Reply-To",
    "SIP-ETag",
    "SIP-If-Match",
    "Info-Package",
    "Recv-Info",
    "Session-ID",
    "User-to-User",
    "Answer-Mode",
    "Priv-Answer-Mode",
    "X-Unknown",
];

/// What values may be full of, with what they begin and end.
const FILLINGS: &[(&str, &str, &str)] = &[
    ("", " ", "x"),
    ("", ",", ""),
    ("", ";", ""),
    ("a;b=", "c", ""),
    ("\"", "\\\"", "\" <sip:a@b>"),
    ("", "\"", ""),
    ("1 ", "(", ""),
    ("<sip:a@b?x=", "%41", ">"),
    ("", "<sip:a@b>;x=y,", ""),
    ("", "SIP/2.0/WS a;branch=z,", ""),
    ("Digest ", "a=\"b\",", ""),
    ("", "SIP;cause=1,", ""),
    ("1;refresher=", "u", ""),
    ("", "a.", ""),
    ("", "é", ""),
];

fn filled((start, filling, end): (&str, &str, &str), octets: usize) -> String {
    [start, &filling.repeat((octets - start.len() - end.len()) / filling.len()), end].concat()
}

#[test]
fn every_view_of_every_header_is_linear_in_the_length_of_its_line() {
    for name in NAMES {
        for filling in FILLINGS {
            let headers = |octets| {
                let mut headers = Headers::default();
                headers.push_named(name, filled(*filling, octets));
                headers
            };
            assert_linear(&format!("{name} of {filling:?}"), headers(VALUE / 2), headers(VALUE), |headers| {
                black_box(ask_headers(headers));
            });
        }
    }
}

#[test]
fn every_view_of_every_header_is_linear_in_the_number_of_its_parameters() {
    let most = limits::PARAMETERS;
    for name in NAMES {
        for (start, between, end) in [
            ("a", ";", ""),
            ("<sip:a@b>", ";", ""),
            ("<sip:a@b", ";", ">"),
            ("<sip:a@b?x0=y", "&", ">"),
            ("SIP/2.0/WS a", ";", ""),
            ("Digest x0=y", ",", ""),
            ("*", ";", ""),
        ] {
            let headers = |count: usize| {
                let params: String = (1..count).map(|n| format!("{between}x{n:02}=value{n:02}")).collect();
                let mut headers = Headers::default();
                headers.push_named(name, [start, &params, end].concat());
                headers
            };
            assert_linear(&format!("{name}: {start} {between}"), headers(most / 2), headers(most), |headers| {
                black_box(ask_headers(headers));
            });
        }
    }
}

#[test]
fn reading_a_message_is_linear_in_the_number_and_the_length_of_its_lines() {
    let message = |line: &dyn Fn(usize) -> String, count: usize| {
        let lines: String = (0..count).map(line).collect();
        ["INVITE sip:a@b SIP/2.0\r\n", &lines, "\r\n"].concat().into_bytes()
    };
    let read = |octets: &Vec<u8>| {
        if let Ok(message) = Message::receive(octets.clone()) {
            black_box(ask(&message));
        }
        black_box(redact(octets));
    };
    for name in NAMES {
        let line = |n: usize| format!("{name}: <sip:a{n}@b>;tag=x{n}\r\n");
        let (less, more) = (message(&line, limits::HEADER_LINES / 2), message(&line, limits::HEADER_LINES));
        assert_linear(&format!("lines of {name}"), less, more, read);
    }
    for (what, piece, most) in
        [("folds", "\r\n x", VALUE / 4), ("no UTF-8", "\u{1}", VALUE), ("blanks", " ", VALUE), ("commas", ",", VALUE)]
    {
        let text = |count: usize| {
            let octets = message(&|_| format!("Subject: a{}\r\n", piece.repeat(count)), 1);
            octets.into_iter().map(|b| if b == 1 { 0xe9 } else { b }).collect::<Vec<u8>>()
        };
        assert_linear(what, text(most / 2), text(most), read);
    }
    // What cannot be read is not read for longer.
    for (what, piece) in [("vias", "Via: x\r\n"), ("no colon", "x\r\n"), ("line ends", "\r\n"), ("folds", " x\r\n")] {
        let text =
            |octets: usize| ["INVITE sip:a@b SIP/2.0\r\n", &piece.repeat(octets / piece.len())].concat().into_bytes();
        let most = limits::MESSAGE_OCTETS - 100;
        assert_linear(&format!("unframed: {what}"), text(most / 2), text(most), read);
    }
}

#[test]
fn reading_a_body_is_linear_in_its_length() {
    let most = limits::MESSAGE_OCTETS;
    for piece in ["m=audio 9 RTP/AVP 0\r\n", "a=x\r\n", "\r\n", "a=sendonly\r\n", "v"] {
        let body = |octets: usize| ["v=0\r\n", &piece.repeat(octets / piece.len())].concat().into_bytes();
        assert_linear(&format!("description of {piece:?}"), body(most / 2), body(most), |body| {
            let description = SessionDescription::of(body);
            black_box(description.map(|description| (description.media().count(), description.is_usable())));
            black_box(redact(body));
        });
    }
    let mut mixed = Headers::default();
    mixed.push(HeaderName::ContentType, "multipart/mixed;boundary=b");
    for piece in ["x\r\n", "\n", "--\r\n", "--b", "--b--x\n", "a"] {
        let body = |octets: usize| ["--b\r\n\r\n", &piece.repeat(octets / piece.len())].concat().into_bytes();
        assert_linear(&format!("part of {piece:?}"), body(most / 2), body(most), |body| {
            black_box(parts(body, "b").map(|parts| parts.len()).unwrap_or(0));
            black_box(session_body(&mixed, body));
        });
    }
    let body = |count: usize| "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n".repeat(count).into_bytes();
    assert_linear("parts", body(limits::BODY_PARTS / 2), body(limits::BODY_PARTS), |body| {
        black_box(session_body(&mixed, body));
    });
}

#[test]
fn comparing_uris_is_linear_in_what_they_hold() {
    let most = limits::PARAMETERS;
    for (start, between) in [("sip:a@b;x0=y", ";"), ("sip:a@b?x0=y", "&"), ("tel:1;x0=y", ";")] {
        let uri = |count: usize, forwards: bool| {
            let order: Vec<usize> = if forwards { (1..count).collect() } else { (1..count).rev().collect() };
            let params: String = order.iter().map(|n| format!("{between}x{n:02}=%76alue{n:02}")).collect();
            [start, &params].concat()
        };
        let pair = |count| (uri(count, true), uri(count, false));
        assert_linear(start, pair(most / 2), pair(most), |(a, b)| {
            assert!(Uri::parse(a).unwrap().same_as(&Uri::parse(b).unwrap()));
        });
    }
    let long = |octets: usize| ["sip:", &"%41".repeat(octets / 3), "@b"].concat();
    assert_linear("a long user", long(VALUE / 2), long(VALUE), |uri| {
        let uri = Uri::parse(uri).unwrap();
        assert!(uri.same_as(&uri));
    });
}

#[test]
fn lists_and_challenges_are_linear_in_their_elements() {
    for filling in FILLINGS {
        let text = |octets| filled(*filling, octets);
        assert_linear(&format!("{filling:?}"), text(VALUE / 2), text(VALUE), |text| {
            black_box(split_list(text).count());
            black_box(challenges(text).map_or(0, |all| all.len()));
        });
    }
}

#[test]
fn the_measure_finds_what_is_quadratic() {
    let quadratic = |text: &String| {
        black_box(text.char_indices().map(|(at, _)| text[at..].bytes().filter(|b| *b == b'x').count()).sum::<usize>());
    };
    let less = || quadratic(&"a".repeat(500));
    let more = || quadratic(&"a".repeat(1000));
    assert!(is_linear(&less, &more).is_err());
}
