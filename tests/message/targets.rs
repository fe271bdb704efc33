//! What the fuzz targets of `fuzz/` do with their input; the tests do the same with the seeds, so that targets and seeds
//! stay fit, and every finding stays one that is found.

use sipwake::bridge::vocabulary::messages;
use sipwake::bridge::{Hello, Incoming, Link, LinkEvent, PayloadPaths, Welcome, read_push};
use sipwake::common::random::{Random, Seeded};
use sipwake::common::time::{Mono, Now};
use sipwake::message::{
    HeaderName, Headers, Message, NameAddr, Response, SessionBody, Uri, escape_pvalue, escape_uri_header, escape_user,
    parts, redact, session_body, unescape, write_name_addr,
};
use sipwake::sdp::{Ice, SessionDescription, is_candidate};

use super::ask;

/// Whole messages: what can be read is written back octet for octet, and every view of it can be asked.
pub fn message(octets: &[u8]) {
    let _ = redact(octets);
    let message = match Message::receive(octets.to_vec()) {
        Ok(message) => message,
        Err(unframed) => {
            if let Some(request) = unframed.request
                && let Ok(octets) = Response::to(&request, 400).to_octets()
            {
                assert!(Message::parse(octets).is_ok(), "a refusal that cannot be read");
            }
            return;
        }
    };
    ask::ask(&message);
    let written = message.to_octets().expect("what was read can be written");
    assert!(octets.starts_with(&written));
    let again = Message::parse(written).expect("what was written can be read");
    assert!(again.headers().iter().eq(message.headers().iter()));
    assert_eq!(again.body(), message.body());
    // Built anew line by line it says the same, or the writer refuses it.
    let mut built = message.clone();
    *built.headers_mut() = Default::default();
    for (name, value) in message.headers().iter() {
        built.headers_mut().push_named(name, value);
    }
    if let Ok(octets) = built.to_octets()
        && octets.len() < 60_000
    {
        let again = Message::parse(octets).expect("what was built can be read");
        let lines = |message: &Message| {
            let lines = message.headers().iter().filter(|(name, _)| *name != "Content-Length");
            lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(lines(&again), lines(&message));
    }
}

/// URIs: two lines, two URIs. What is read says again what was written, and equality is one.
pub fn uri(text: &str) {
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    for escaped in [escape_user(first), escape_pvalue(first), escape_uri_header(first)] {
        assert_eq!(unescape(&escaped), first);
    }
    let user =
        format!("sip:{}@example.com;x={}?y={}", escape_user(second), escape_pvalue(second), escape_uri_header(second));
    if !second.is_empty() {
        let uri = Uri::parse(&user).expect("escaped parts make a URI");
        assert_eq!(uri.user_decoded().as_deref(), Some(second));
        assert_eq!(uri.header("y").as_deref(), Some(second));
    }
    let read = Uri::parse(first);
    if let Ok(uri) = &read {
        assert_eq!(uri.as_str(), first);
        assert!(uri.same_as(uri));
        assert!(first.starts_with(uri.without_headers()));
        let written = write_name_addr(Some(second), first);
        let address = NameAddr::parse(&written).expect("a URI in angle brackets");
        assert_eq!(address.uri().as_ref(), Ok(uri));
    }
    if let (Ok(a), Ok(b)) = (read, Uri::parse(second)) {
        assert_eq!(a.same_as(&b), b.same_as(&a));
    }
}

/// Header values: any text in any header, asked by every view.
pub fn headers(text: &str) {
    // As it would be built: values may hold anything.
    let mut headers = Headers::default();
    for line in text.split('\n') {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        headers.push_named(name, value.trim());
    }
    ask::ask_headers(&headers);
    // As it would come.
    let mut octets = b"INVITE sip:a@b SIP/2.0\r\n".to_vec();
    octets.extend(text.replace('\n', "\r\n").into_bytes());
    octets.extend_from_slice(b"\r\n\r\n");
    if let Ok(message) = Message::parse(octets) {
        ask::ask(&message);
    }
}

/// Bodies: session descriptions, and parts that hold one.
pub fn sdp(octets: &[u8]) {
    if let Ok(parts) = parts(octets, "b") {
        let all: usize = parts.iter().map(|part| part.body.len() + part.headers.len()).sum();
        assert!(all <= octets.len());
    }
    for kind in ["application/sdp", "multipart/mixed;boundary=b", "multipart/alternative;boundary=\"b\""] {
        let mut headers = Headers::default();
        headers.push(HeaderName::ContentType, kind);
        if let SessionBody::Description(text) = session_body(&headers, octets) {
            assert!(text.len() <= octets.len());
        }
    }
    if let Some(ice) = std::str::from_utf8(octets).ok().and_then(Ice::parse) {
        for media in ice.media {
            assert!(media.candidates.iter().all(|candidate| is_candidate(candidate)));
            assert!(!media.mid.contains(['\r', '\n']) && !media.ufrag.contains('\n'));
        }
    }
    if let Some(description) = SessionDescription::of(octets) {
        for media in description.media() {
            assert!(!media.kind.is_empty() && !media.protocol.is_empty());
        }
        assert_eq!(description.is_usable(), description.audio().is_some_and(|media| !media.formats.is_empty()));
        let _ = description.direction();
    }
}

fn drain(link: &mut Link, now: Now) -> Vec<Incoming> {
    let mut received = Vec::new();
    while let Some(event) = link.poll() {
        match event {
            LinkEvent::Received(incoming) | LinkEvent::Hello(incoming) => received.push(incoming),
            LinkEvent::Connected { .. } => link.ready(now),
            _ => {}
        }
    }
    received
}

/// Push payloads: the first line names a path, the rest is the payload. What is read is short, without what could mislead on
/// a screen, and an id is whole.
pub fn payload(text: &str) {
    let (path, payload) = text.split_once('\n').unwrap_or(("", text));
    let own =
        PayloadPaths { display_name: vec![path.to_owned()], pass_on: vec![path.to_owned()], ..PayloadPaths::default() };
    for paths in [PayloadPaths::default(), own] {
        let facts = read_push(payload, &paths);
        for value in [&facts.from_uri, &facts.display_name, &facts.to_uri, &facts.account].into_iter().flatten() {
            assert!(!value.trim().is_empty() && value.chars().count() <= 256, "{value:?}");
            assert!(!value.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{value:?}");
        }
        for id in [&facts.sip_call_id, &facts.push_id].into_iter().flatten() {
            assert!((1..=256).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()), "{id:?}");
            assert!(payload.contains(id.as_str()) || payload.contains('\\'), "{id:?} is of nobody");
        }
        assert!(facts.raw.starts_with('{') && facts.raw.ends_with('}'));
        assert!(facts.readable || facts.from_uri.is_none() && facts.sip_call_id.is_none());
        let _ = (facts.age_ms(0), facts.age_ms(u64::MAX), facts.is_stale(u64::MAX));
    }
}

/// The bridge: texts of the other side, line by line, to a page and to a host; payloads to every type.
pub fn bridge(text: &str) {
    let _ = sipwake::bridge::redact(text, false);
    let mut page = Link::page(&mut Random::new(Seeded(1)), Hello::default());
    let mut host = Link::host(&mut Random::new(Seeded(2)));
    let mut now = Now { mono: Mono(0), wall: 1_764_000_000_000 };
    page.open(now);
    for line in text.split('\n') {
        for message in messages() {
            if let Ok(written) = (message.there_and_back)(line) {
                // What can be read is written as something that reads the same.
                assert_eq!((message.there_and_back)(&written).as_ref(), Ok(&written));
            }
        }
        page.receive(now, line);
        host.receive(now, line);
        for incoming in drain(&mut host, now) {
            if let Ok(hello) = incoming.read::<Hello>() {
                host.welcome(now, &incoming, &hello, Welcome { session: "s".to_owned(), ..Welcome::default() });
            } else {
                host.refuse_unknown(now, &incoming);
            }
        }
        for incoming in drain(&mut page, now) {
            page.refuse_payload(now, &incoming);
        }
        now.mono = Mono(now.mono.0 + 700);
        page.timeout(now);
        host.timeout(now);
    }
    drain(&mut page, now);
    drain(&mut host, now);
}
