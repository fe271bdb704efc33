//! Octets that nobody should send: read in time that grows with their number and no faster, refused or survived, and
//! never read as something that they do not say.

use std::time::{Duration, Instant};

use sipwake::common::limits;
use sipwake::common::random::{Random, Seeded};
use sipwake::message::{Message, Response, redact};

use super::ask::ask;
use super::corpus::files;

#[test]
fn mutated_messages_are_refused_or_written_back_as_they_came() {
    let corpus: Vec<Vec<u8>> = files().into_iter().map(|(_, octets)| octets).collect();
    let mut random = Random::new(Seeded(7));
    let mut read = 0;
    for round in 0..6_000 {
        let mut octets = corpus[round % corpus.len()].clone();
        for _ in 0..=random.below(4) {
            if octets.is_empty() {
                break;
            }
            let at = random.below(octets.len() as u64) as usize;
            match random.below(5) {
                0 => octets[at] = random.u32() as u8,
                1 => octets.insert(at, b"\r\n\t ,;:<>\"\\@=?%[]*\0\xff"[random.below(19) as usize]),
                2 => drop(octets.drain(at..(at + 1 + random.below(8) as usize).min(octets.len()))),
                3 => {
                    let end = (at + random.below(60) as usize).min(octets.len());
                    let piece = octets[at..end].to_vec();
                    octets.splice(at..at, piece);
                }
                _ => octets.truncate(at.max(1)),
            }
        }
        let shown = redact(&octets);
        assert!(shown.len() <= 3 * octets.len() + 64 * "[redacted]".len());
        let message = match Message::receive(octets.clone()) {
            Ok(message) => message,
            Err(unframed) => {
                if let Some(Ok(octets)) = unframed.request.map(|request| Response::to(&request, 400).to_octets()) {
                    assert!(Message::parse(octets).is_ok(), "a refusal that cannot be read: {shown}");
                }
                continue;
            }
        };
        read += 1;
        ask(&message);
        let written = message.to_octets().unwrap();
        assert!(octets.starts_with(&written), "{shown}");
        let again = Message::parse(written).unwrap();
        assert!(again.headers().iter().eq(message.headers().iter()), "{shown}");
    }
    assert!(read > 1_500, "most mutations leave a message that can be read: {read}");
}

/// Messages as large as the limit, each full of one thing.
fn full() -> Vec<(&'static str, String)> {
    let lines = |line: String| {
        let mut text = String::from("INVITE sip:a@b SIP/2.0\r\n");
        let count = (limits::MESSAGE_OCTETS - text.len() - 2) / (line.len() + 2);
        text += &(line + "\r\n").repeat(count.min(limits::HEADER_LINES));
        text + "\r\n"
    };
    let filled =
        |name: &str, piece: &str| lines(format!("{name}: {}", piece.repeat((limits::LINE_OCTETS - 20) / piece.len())));
    vec![
        ("commas", filled("Via", ",")),
        ("vias", filled("Via", "SIP/2.0/WS a,")),
        ("semicolons", filled("Contact", ";")),
        ("parameters", filled("Contact", "<a:b>;c;c,")),
        ("quotes", filled("Route", "\"")),
        ("escapes", filled("From", "\"\\")),
        ("open brackets", filled("To", "<")),
        ("brackets", filled("Record-Route", "<>")),
        ("equals signs", filled("Contact", "=")),
        ("tokens", filled("Contact", ";tok=\"")),
        ("routes", filled("Route", "sip:a;p,")),
        ("challenges", filled("WWW-Authenticate", "x=1 ")),
        ("challenge parameters", filled("WWW-Authenticate", "x=1,")),
        ("comments", filled("Retry-After", "(")),
        ("percent signs", filled("Contact", "<sip:%41%>,")),
        ("folds", lines(format!("Subject: a{}", "\r\n b".repeat(2000)))),
        ("blanks", filled("Subject", " ")),
        ("octets that are no UTF-8", filled("Subject", "é")),
        ("a body of lines", format!("INVITE sip:a@b SIP/2.0\r\n\r\nv=0\r\n{}", "m=a 1 b c\r\n".repeat(5000))),
        ("line ends", "\r\n".repeat(limits::MESSAGE_OCTETS / 2 - 20) + "INVITE sip:a@b SIP/2.0\r\n\r\n"),
    ]
}

#[test]
fn no_message_takes_long() {
    for (what, text) in full() {
        assert!(text.len() <= limits::MESSAGE_OCTETS && text.len() > 50_000, "{what}: {}", text.len());
        let mut octets = text.into_bytes();
        if what == "octets that are no UTF-8" {
            octets.retain(|b| *b != 0xc3);
        }
        let fastest = (0..3)
            .map(|_| {
                let start = Instant::now();
                let message = Message::parse(octets.clone()).unwrap_or_else(|error| panic!("{what}: {error}"));
                ask(&message);
                assert!(!redact(&octets).is_empty() || octets.is_empty());
                start.elapsed()
            })
            .min();
        // A reader that looks at the rest of a line for each of its octets would need tens of seconds here.
        assert!(fastest < Some(Duration::from_secs(3)), "{what}: {fastest:?}");
    }
}

#[test]
fn random_octets_are_refused() {
    let mut random = Random::new(Seeded(11));
    for length in 0..2_000 {
        let octets: Vec<u8> = (0..length % 300).map(|_| random.u32() as u8).collect();
        assert!(!redact(&octets).is_empty() || octets.is_empty());
        assert!(Message::parse(octets).is_err());
    }
}
