//! The kinds of messages that the torture tests of RFC 4475 and RFC 5118 are about, each reduced to its point: what is valid
//! must be accepted however odd it looks, and what is not must be noticed.

use sipwake::message::{HeaderName, Message, Method, validate};

/// A message with this start line, the usual headers but for those given, and these lines.
fn with(start: &str, lines: &str) -> Vec<u8> {
    let method = if start.starts_with("SIP/") { "OPTIONS" } else { start.split(' ').next().unwrap() };
    let mut text = format!("{start}\r\n");
    for (name, line) in [
        ("Via", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK3s1".to_owned()),
        ("From", "From: <sip:caller@example.org>;tag=t1".to_owned()),
        ("To", "To: <sip:user@example.com>".to_owned()),
        ("Call-ID", "Call-ID: c1@example.org".to_owned()),
        ("CSeq", format!("CSeq: 7 {method}")),
    ] {
        if !lines.lines().any(|line| line.starts_with(name)) {
            text += &line;
            text += "\r\n";
        }
    }
    (text + lines + "\r\n").into()
}

fn options(lines: &str) -> Vec<u8> {
    with("OPTIONS sip:user@example.com SIP/2.0", lines)
}

/// The codes of all problems; `unframed` where it is no message at all.
fn problems(octets: Vec<u8>) -> Vec<&'static str> {
    match Message::parse(octets.clone()) {
        Ok(message) => {
            assert!(octets.starts_with(&message.to_octets().unwrap()));
            validate(&message).iter().map(|problem| problem.code).collect()
        }
        Err(_) => vec!["unframed"],
    }
}

fn accepted(octets: Vec<u8>) -> Message {
    assert_eq!(problems(octets.clone()), [""; 0], "{}", String::from_utf8_lossy(&octets));
    Message::parse(octets).unwrap()
}

#[test]
fn odd_but_valid_start_lines_are_accepted() {
    for start in [
        "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0",
        "RE%47IST%45R sip:registrar.example.com SIP/2.0",
        "OPTIONS sip:sips%3Auser%40example.com@example.net SIP/2.0",
        "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0",
        "OPTIONS sip:null-%00-null@example.com SIP/2.0",
        "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0",
        "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0",
        "OPTIONS sip:[2001:db8::10] SIP/2.0",
        "OPTIONS sip:[2001:db8::10:5070] SIP/2.0",
        "OPTIONS sip:[2001:db8::10]:5070 SIP/2.0",
        "OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0",
        "SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое",
        "SIP/2.0 100 ",
    ] {
        accepted(with(start, ""));
    }
}

#[test]
fn odd_but_valid_headers_are_accepted() {
    for lines in [
        "To: \"BEL:\\\x07 NUL:\\\0 DEL:\\\x7f\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\r\n",
        "To: isbn:2983792873\r\nFrom: <http://www.example.com>;tag=3234233\r\nContact: <name:John_Smith>\r\n",
        "From: caller<sip:caller@example.com>;tag=323\r\n",
        "From: <sip:I%20have%20spaces@example.net>;tag=938\r\nTo: sip:%75se%72@example.com\r\n",
        "Contact: <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>\r\n",
        "Contact: <sip:+19725552222@gw1.example.net;unknownparam>\r\n",
        "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\r\n",
        "m: \"Quoted string \\\"\\\"\" <sip:j@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n",
        "Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\r\nVia: SIP/2.0/SCTP t2.example.com\r\nVia: SIP/2.0/UNKNOWN t5.example.com\r\n",
        "Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111\r\n",
        "Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3-111\r\n",
        "Via: SIP/2.0/UDP 192.0.2.1\r\nFrom: <sip:caller@example.net>\r\n",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\r\n",
        "Authorization: NoOneKnowsThisScheme opaque-data=here\r\n",
        "Max-Forwards: 0\r\n",
        "Require: nothingSupportsThis, nothingSupportsThisEither\r\nProxy-Require: noProxiesSupportThis\r\n",
        "NewFangledHeader:   newfangled value\r\n continued newfangled value\r\nUnknown: ;;,,;;,;\r\n",
        "Date: Fri, 01 Jan 2010 16:00:00 EST\r\n",
        "s :\r\nSubject2:\r\n",
        "Accept: */*;q=0.1, text/*\r\nAccept-Encoding:\r\nAllow:\r\n",
        "Content-Length: 0\r\n",
        "l: 0\r\nContent-Length: 0\r\n",
    ] {
        accepted(options(lines));
    }
}

#[test]
fn long_and_folded_headers_are_accepted() {
    let long = format!(
        "To: \"I have a user name of {} proportion\" <sip:user@example.com:6000;unknownparam1={};longparamname={}>;{}\r\n",
        "extreme".repeat(10),
        "very".repeat(20),
        "shortvalue".repeat(20),
        "x".repeat(300)
    );
    let vias: String =
        (0..30).map(|n| format!("v: SIP/2.0/TCP sip{n}.example.com\r\n  ;branch=z9hG4bK{n}\r\n")).collect();
    accepted(options(&long));
    let mut octets = options(&vias);
    let message = accepted(std::mem::take(&mut octets));
    assert_eq!(message.headers().vias().filter(Result::is_ok).count(), 31);
}

#[test]
fn what_follows_the_announced_body_is_no_part_of_it() {
    let mut octets = options("Content-Length: 0\r\n");
    octets.extend_from_slice(b"INVITE sip:joe@example.com SIP/2.0\r\nt: <sip:joe@example.com>\r\n\r\n");
    let message = accepted(octets);
    assert!(message.body().is_empty());
    let Message::Request(request) = message else { panic!() };
    assert_eq!(*request.method(), Method::Options);
}

#[test]
fn binary_bodies_stay_as_they_are() {
    let body: Vec<u8> = (0..=255).collect();
    let mut octets = options("Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\r\nContent-Length: 256\r\n");
    octets.extend_from_slice(&body);
    assert_eq!(accepted(octets).body(), body);
}

#[test]
fn broken_start_lines_are_noticed() {
    for start in [
        "OPTIONS <sip:user@example.com> SIP/2.0",
        "OPTIONS sip:user@example.com; lr SIP/2.0",
        "OPTIONS  sip:user@example.com  SIP/2.0",
        "OPTIONS sip:user@example.com SIP/2.0  ",
        "OPTIONS sip:2001:db8::10 SIP/2.0",
        "OPTIONS sip:user@example.com SIP/7.0",
        "SIP/2.0 4294967301 better not break the receiver",
        "OPTIONS sip: SIP/2.0",
        "OPTIONS user SIP/2.0",
    ] {
        assert_ne!(problems(with(start, "")), [""; 0], "{start}");
    }
}

#[test]
fn broken_headers_are_noticed() {
    for lines in [
        "Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n",
        "Contact: \"Joe\" <sip:joe@example.org>;;;;\r\n",
        "Content-Length: 9999\r\n",
        "Content-Length: -999\r\n",
        "Content-Length: 0\r\nl: 1\r\n",
        "CSeq: 36893488147419103232 OPTIONS\r\n",
        "CSeq: 9292394834772304023312 OPTIONS\r\n",
        "Max-Forwards: 300\r\n",
        "Expires: 10000000000000000000000000000000000000000000\r\n",
        "Retry-After: 949302838503028349304023988\r\n",
        "To: \"Mr. J. User <sip:j.user@example.com>\r\n",
        "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43\r\n",
        "To: \"Watson, Thomas\" < sip:t.watson@example.org >\r\n",
        "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E\r\n",
        "CSeq: 8 INVITE\r\n",
        "From: <sip:a@b>;tag=1\r\nFrom: <sip:c@d>;tag=2\r\n",
        "Call-ID: a\r\ni: b\r\n",
        "To: a@b\r\n",
        "Contact: <sip:user@2001:db8::1>\r\n",
        "Via: SIP/2.0/UDP\r\n",
        "Subject\r\n",
    ] {
        assert_ne!(problems(options(lines)), [""; 0], "{lines}");
    }
    let text = "OPTIONS sip:user@example.com SIP/2.0\r\nCSeq: 193942 OPTIONS\r\nVia: SIP/2.0/UDP 192.0.2.95;branch=z9\r\nl: 0\r\n\r\n";
    assert_eq!(problems(text.into()), ["missing"; 3]);
}

#[test]
fn addresses_are_read_as_they_are_meant() {
    let message =
        accepted(options("Contact: <sip:user@example.com;maddr=[2001:db8::1]>, \"a, b\" <tel:+1;x=y>;q=0.5\r\n"));
    let contacts: Vec<_> = message.headers().contacts().map(Result::unwrap).collect();
    assert_eq!(contacts[0].uri().unwrap().param("maddr"), Some(Some("[2001:db8::1]")));
    assert_eq!(contacts[1].uri().unwrap().user(), Some("+1"));
    assert_eq!(message.headers().values(HeaderName::Contact).count(), 2);
}
