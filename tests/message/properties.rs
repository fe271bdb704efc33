//! Laws that hold for whatever is written: it reads back as what was meant, or it is not written. Inputs come from a
//! seeded source; a failure names its seed.

use sipwake::common::random::{Random, Seeded};
use sipwake::message::{
    CSeq, Event, HeaderName, Headers, Message, Method, NameAddr, RAck, Refresher, Replaces, Request, Response,
    SessionExpires, SessionId, SubscriptionState, SubscriptionStatus, TargetDialog, Uri, WriteError, escape_pvalue,
    escape_uri_header, escape_user, is_token, quote, unescape, unquote, write_event, write_name_addr,
    write_session_expires, write_subscription_state,
};

const ROUNDS: u64 = 3_000;

/// Characters that mean something somewhere, and some that do not.
const NASTY: &[&str] = &[
    "\"", "\\", "<", ">", ";", ",", ":", "@", "%", "%4", "%41", "?", "&", "=", "/", "[", "]", "(", ")", "*", "+", "-",
    ".", " ", "\t", "\r", "\n", "\r\n", "\0", "\u{7f}", "a", "Z", "0", "é", "日", "😀", "sip:", "tag=", "--b",
];

struct Source(Random);

impl Source {
    fn new(seed: u64) -> Self {
        Self(Random::new(Seeded(seed)))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit as u64) as usize
    }

    /// Any text at all.
    fn text(&mut self) -> String {
        (0..self.below(12)).map(|_| NASTY[self.below(NASTY.len())]).collect()
    }

    /// Any text that a header value can hold.
    fn value(&mut self) -> String {
        let text = self.text();
        text.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')).collect::<String>().trim().to_owned()
    }

    fn token(&mut self) -> String {
        let length = 1 + self.below(12);
        self.0.token(length)
    }

    fn uri(&mut self) -> String {
        let (user, value, header) = (self.text(), self.text(), self.text());
        let mut uri = String::from(["sip:", "sips:", "SIP:"][self.below(3)]);
        if !user.is_empty() {
            uri += &escape_user(&user);
            uri += "@";
        }
        uri += ["example.com", "192.0.2.1", "[2001:db8::1]", "Example.COM"][self.below(4)];
        uri += ["", ":5060", ":1"][self.below(3)];
        for _ in 0..self.below(3) {
            uri += &[";", &self.token(), "=", &escape_pvalue(&value)].concat();
        }
        if self.below(2) == 0 {
            uri += &["?", &self.token(), "=", &escape_uri_header(&header)].concat();
        }
        uri
    }
}

fn each(law: impl Fn(&mut Source, u64)) {
    for seed in 0..ROUNDS {
        law(&mut Source::new(seed), seed);
    }
}

/// RFC 3261 25.1: what is quoted says the same once it is unquoted
#[test]
fn quoting_and_escaping_lose_nothing() {
    each(|source, seed| {
        let text = source.text();
        let said: String = text.chars().map(|c| if matches!(c, '\r' | '\n' | '\0') { ' ' } else { c }).collect();
        assert_eq!(unquote(&quote(&text)), said, "{seed}");
        for escaped in [escape_user(&text), escape_pvalue(&text), escape_uri_header(&text)] {
            assert_eq!(unescape(&escaped), text, "{seed}");
            assert!(escaped.is_ascii() && !escaped.contains([' ', '"', '<', '>', '\r', '\n', '\0', '@']), "{seed}");
        }
    });
}

/// RFC 3261 20.10: any display name and any URI come back out of a name-addr, also from within a list
#[test]
fn addresses_read_back() {
    each(|source, seed| {
        let (name, uri, tag) = (source.value(), source.uri(), source.token());
        let written = write_name_addr(Some(&name), &uri) + ";tag=" + &tag;
        let list = [&written, " ,\t", &write_name_addr(None, "sip:other@example.com"), ", ", &written].concat();
        let mut headers = Headers::default();
        headers.push(HeaderName::Contact, list);
        let read: Vec<_> =
            headers.contacts().map(|contact| contact.unwrap_or_else(|e| panic!("{seed}: {e}"))).collect();
        assert_eq!(read.len(), 3, "{seed}: {written}");
        for address in [read[0], read[2]] {
            assert_eq!(address.display_name().as_deref().unwrap_or(""), name, "{seed}");
            assert_eq!((address.uri_text(), address.tag()), (uri.as_str(), Some(tag.as_str())), "{seed}");
            assert_eq!(address.uri().unwrap().as_str(), uri, "{seed}");
        }
    });
}

/// RFC 3261 19.1.4: the order of parameters, the case of all but the user part, and needless escapes change nothing
#[test]
fn equal_uris_stay_equal_however_they_are_spelt() {
    each(|source, seed| {
        let (user, a, b) = (source.token(), source.token(), source.token());
        let (x, y) = (["x", &source.token()].concat(), ["y", &source.token()].concat());
        let escaped: String = user.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let one = format!("sip:{user}@example.com;{x}={a};{y}={b};lr?A={a}&B={b}");
        let other =
            format!("SIP:{escaped}@EXAMPLE.com;LR;{}={};{x}={a}?b={b}&a={a}", y.to_uppercase(), b.to_lowercase());
        let (one, other) = (Uri::parse(&one).unwrap(), Uri::parse(&other).unwrap());
        assert!(one.same_as(&other) && other.same_as(&one), "{seed}: {one:?} {other:?}");
        let swapped: String = user
            .chars()
            .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect();
        if swapped != user {
            let third = format!("sip:{swapped}@example.com");
            let plain = format!("sip:{user}@example.com");
            assert!(!Uri::parse(&third).unwrap().same_as(&Uri::parse(&plain).unwrap()), "{seed}");
        }
    });
}

/// RFC 3261 19.1.4: whatever the URIs, equality looks the same from both sides
#[test]
fn equality_of_uris_is_symmetric() {
    each(|source, seed| {
        let (a, b) = (source.uri(), source.uri());
        let (a, b) = (Uri::parse(&a).unwrap(), Uri::parse(&b).unwrap());
        assert!(a.same_as(&a) && b.same_as(&b), "{seed}");
        assert_eq!(a.same_as(&b), b.same_as(&a), "{seed}");
    });
}

/// RFC 3261 7.3: a request or response of any headers is written as what it says, or refused
#[test]
fn messages_read_back_or_are_not_written() {
    let mut refused = 0;
    for seed in 0..ROUNDS {
        let source = &mut Source::new(seed);
        let mut lines = Vec::new();
        for _ in 0..source.below(8) {
            let name = if source.below(12) == 0 { source.text() } else { ["X-", &source.token()].concat() };
            let value = if source.below(4) == 0 { source.text() } else { source.value() };
            lines.push((name, value));
        }
        let body: Vec<u8> = (0..source.below(40)).map(|_| source.0.u32() as u8).collect();
        let mut built = if source.below(2) == 0 {
            Message::Request(Request::new(Method::from(source.token().as_str()), source.uri()))
        } else {
            Message::Response(Response::new(100 + source.below(600) as u16, source.text()))
        };
        for (name, value) in &lines {
            built.headers_mut().push_named(name, value.as_str());
        }
        match &mut built {
            Message::Request(request) => request.set_body("application/x", body.clone()),
            Message::Response(response) => response.set_body("application/x", body.clone()),
        }
        let broken = |value: &str| {
            value
                .bytes()
                .zip([0].into_iter().chain(value.bytes()))
                .any(|(b, before)| matches!(b, b'\r' | b'\n') || (b == 0 && before != b'\\'))
        };
        let bad_line = lines.iter().any(|(name, value)| !is_token(name) || broken(value));
        let bad_reason =
            matches!(&built, Message::Response(response) if response.reason().contains(['\r', '\n', '\0']));
        match built.to_octets() {
            Err(error) => {
                refused += 1;
                assert!(bad_line || bad_reason, "{seed}: {error}");
            }
            Ok(octets) => {
                assert!(!bad_line && !bad_reason, "{seed}");
                let read = Message::parse(octets.clone()).unwrap_or_else(|error| panic!("{seed}: {error}"));
                assert_eq!(read.to_octets().unwrap(), octets, "{seed}");
                assert_eq!(read.body(), body, "{seed}");
                let trimmed = |value: &str| value.trim_matches([' ', '\t']).to_owned();
                let expected: Vec<_> = lines.iter().map(|(name, value)| (name.clone(), trimmed(value))).collect();
                let found: Vec<_> = read
                    .headers()
                    .iter()
                    .filter(|(name, _)| !["Content-Length", "Content-Type"].contains(name))
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                let known = |(name, value): (String, String)| {
                    let canonical = HeaderName::of(&name).as_str();
                    (if canonical.is_empty() { name } else { canonical.to_owned() }, value)
                };
                let expected: Vec<_> = expected
                    .into_iter()
                    .map(known)
                    .filter(|(name, _)| !["Content-Length", "Content-Type"].contains(&name.as_str()))
                    .collect();
                assert_eq!(found, expected, "{seed}");
                match (&built, &read) {
                    (Message::Request(built), Message::Request(read)) => {
                        assert_eq!((built.method(), built.uri()), (read.method(), read.uri()), "{seed}");
                    }
                    (Message::Response(built), Message::Response(read)) => {
                        assert_eq!((built.status(), built.reason()), (read.status(), read.reason()), "{seed}");
                    }
                    _ => panic!("{seed}: another kind of message"),
                }
            }
        }
    }
    assert!(refused > 300 && refused < 2_500, "{refused}");
}

/// RFC 3261 7.3.1: folds, blanks around the colon, compact names and case change nothing
#[test]
fn the_form_of_a_header_line_does_not_change_what_it_says() {
    const NAMES: [(&str, &str); 6] = [
        ("Via", "v"),
        ("Subject", "s"),
        ("Refer-To", "R"),
        ("Supported", "k"),
        ("Event", "o"),
        ("Session-Expires", "X"),
    ];
    each(|source, seed| {
        let (long, compact) = NAMES[source.below(NAMES.len())];
        let words: Vec<String> = (0..1 + source.below(5)).map(|_| source.token()).collect();
        let plain = words.join(" ");
        let fold = [" ", "\t", "  ", "\r\n ", "\r\n\t", " \r\n  ", "\t\r\n \t"];
        let folded: Vec<&str> = words.iter().flat_map(|word| [word.as_str(), fold[source.below(7)]]).collect();
        // A fold may also stand before the first word and behind the last.
        let folded = [fold[source.below(7)], &folded.concat()].concat();
        let name =
            [long.to_owned(), compact.to_owned(), long.to_uppercase(), long.to_lowercase()][source.below(4)].clone();
        let colon = [":", " :", "\t :"][source.below(3)];
        let text = format!("OPTIONS sip:a@b SIP/2.0\r\n{name}{colon}{folded}\r\nCall-ID: 1\r\n\r\n");
        let message = Message::parse(text.clone().into()).unwrap_or_else(|error| panic!("{seed}: {error}"));
        let said = message.headers().get_named(long).unwrap();
        let squeezed: Vec<&str> = said.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        assert_eq!(squeezed.join(" "), plain, "{seed}");
        assert_eq!(message.headers().call_id(), Some("1"), "{seed}");
        assert_eq!(message.to_octets().unwrap(), text.as_bytes(), "{seed}");
    });
}

/// RFC 3261 7.3.1: a list on one line says what its elements say on lines of their own
#[test]
fn lists_are_the_same_on_one_line_and_on_several() {
    each(|source, seed| {
        let elements: Vec<String> =
            (0..1 + source.below(6)).map(|_| write_name_addr(Some(&source.value()), &source.uri())).collect();
        let (mut one, mut several, mut mixed) = (Headers::default(), Headers::default(), Headers::default());
        one.push(HeaderName::Route, elements.join(","));
        for element in &elements {
            several.push(HeaderName::Route, element.as_str());
        }
        let at = source.below(elements.len());
        mixed.push(HeaderName::Route, elements[..at].join(" , "));
        mixed.push(HeaderName::Route, elements[at..].join(",\t,"));
        for headers in [&one, &several, &mixed] {
            assert!(headers.values(HeaderName::Route).eq(elements.iter().map(String::as_str)), "{seed}");
        }
        one.remove_first(HeaderName::Route);
        assert!(one.values(HeaderName::Route).eq(elements[1..].iter().map(String::as_str)), "{seed}");
    });
}

/// The lines of headers behave as a list of pairs does.
#[test]
fn headers_change_like_a_list_of_pairs() {
    const NAMES: [HeaderName; 4] = [HeaderName::Subject, HeaderName::Via, HeaderName::Expires, HeaderName::To];
    each(|source, seed| {
        let mut headers = Headers::default();
        let mut model: Vec<(&'static str, String)> = Vec::new();
        for _ in 0..source.below(20) {
            let name = NAMES[source.below(4)];
            let value = source.token();
            let first = model.iter().position(|(known, _)| *known == name.as_str());
            match source.below(4) {
                0 => {
                    headers.push(name, value.as_str());
                    model.push((name.as_str(), value));
                }
                1 => {
                    headers.push_first(name, value.as_str());
                    model.insert(first.unwrap_or(0), (name.as_str(), value));
                }
                2 => {
                    headers.set(name, value.as_str());
                    let at = first.unwrap_or(model.len());
                    model.retain(|(known, _)| *known != name.as_str());
                    model.insert(at, (name.as_str(), value));
                }
                _ => {
                    headers.remove(name);
                    model.retain(|(known, _)| *known != name.as_str());
                }
            }
        }
        assert!(headers.iter().eq(model.iter().map(|(name, value)| (*name, value.as_str()))), "{seed}");
    });
}

/// RFC 3262 7.2: RAck is written as it is read
/// RFC 3891 6.1: Replaces is written as it is read, also within a Refer-To
/// RFC 4028 4: Session-Expires is written as it is read
/// RFC 4538 7: Target-Dialog is written as it is read
/// RFC 6665 8.2: Event and Subscription-State are written as they are read
/// RFC 7989 5: Session-ID is written as it is read
#[test]
fn each_writer_and_its_reader_agree() {
    each(|source, seed| {
        let number = source.0.u32();
        let (a, b, c) = (source.token(), source.token(), source.token());
        let cseq = CSeq { number: number >> 1, method: Method::from(a.as_str()) };
        assert_eq!(CSeq::parse(&cseq.to_text()).as_ref(), Ok(&cseq), "{seed}");
        let rack = RAck { rseq: number | 1, cseq };
        assert_eq!(RAck::parse(&rack.to_text()), Ok(rack), "{seed}");
        let side = [None, Some(Refresher::Uac), Some(Refresher::Uas)][source.below(3)];
        let text = write_session_expires(number, side);
        assert_eq!(
            SessionExpires::parse(&text).map(|read| (read.seconds, read.refresher)),
            Ok((number, side)),
            "{seed}"
        );
        let id = [None, Some(b.as_str())][source.below(2)];
        let text = write_event(&a, id);
        assert_eq!(Event::parse(&text).map(|event| (event.package, event.id)), Ok((a.as_str(), id)), "{seed}");
        let status = [SubscriptionStatus::Active, SubscriptionStatus::Terminated, SubscriptionStatus::Other("waiting")]
            [source.below(3)];
        let text = write_subscription_state(status, Some(number), Some(&a), Some(number / 2));
        let read = SubscriptionState::parse(&text).unwrap();
        assert_eq!((read.status, read.reason()), (status, Some(a.as_str())), "{seed}");
        assert_eq!((read.expires(), read.retry_after()), (Some(number), Some(number / 2)), "{seed}");
        let call_id = [a.as_str(), "@", &escape_user(&source.text()).replace([',', ';'], "")].concat();
        let early_only = source.below(2) == 0;
        let replaces = Replaces {
            call_id: call_id.clone().into(),
            to_tag: b.clone().into(),
            from_tag: c.clone().into(),
            early_only,
        };
        assert_eq!(Replaces::parse(&replaces.to_text()), Ok(replaces.clone()), "{seed}");
        let uri = source.uri();
        let written = write_name_addr(Some(&source.value()), &replaces.in_uri(&uri));
        let mut headers = Headers::default();
        headers.push(HeaderName::ReferTo, written);
        let refer = headers.refer_to().unwrap().unwrap();
        let embedded = refer.uri.headers().filter(|(name, _)| name.eq_ignore_ascii_case("Replaces")).last();
        let embedded = Replaces::from_uri_header(unescape(embedded.unwrap().1));
        assert_eq!(embedded, Ok(replaces), "{seed}");
        assert!(uri.starts_with(&refer.target()), "{seed}");
        let target = TargetDialog { call_id: &call_id, local_tag: &b, remote_tag: &c };
        assert_eq!(TargetDialog::parse(&target.to_text()), Ok(target), "{seed}");
        let half = format!("{:08x}{:08x}{:08x}{:08x}", number, !number, number, source.0.u32());
        let session = SessionId { local: &half, remote: if early_only { Some(&half) } else { None } };
        assert_eq!(SessionId::parse(&session.to_text()), Ok(session), "{seed}");
        assert_eq!(
            NameAddr::parse(&write_name_addr(None, &uri)).map(|read| read.uri_text().to_owned()),
            Ok(uri),
            "{seed}"
        );
    });
}

#[test]
fn line_ends_get_into_no_line_by_any_way() {
    each(|source, seed| {
        let text = source.text() + "\r\nX-Smuggled: 1";
        let mut request = Request::new(Method::Info, "sip:a@b");
        match source.below(3) {
            0 => request.headers.push(HeaderName::Subject, text.as_str()),
            1 => request.headers.push_named(&text, "x"),
            _ => request.set_uri(text.as_str()),
        }
        assert!(
            matches!(request.to_octets(), Err(WriteError::HeaderValue | WriteError::HeaderName | WriteError::Uri)),
            "{seed}"
        );
        // What goes through the helpers is harmless.
        let mut request = Request::new(Method::Info, ["sip:", &escape_user(&text), "@b"].concat());
        request.headers.push(HeaderName::From, write_name_addr(Some(&text), "sip:a@b"));
        let octets = request.to_octets().unwrap();
        let read = Message::parse(octets).unwrap();
        assert_eq!(read.headers().get_named("X-Smuggled"), None, "{seed}");
        assert_eq!(read.headers().len(), 2, "{seed}");
    });
}
