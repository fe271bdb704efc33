//! The messages of RFC 5118, each by its name and written from its description, as they reach a phone that is
//! registered, and what leaves the phone.

use sipwake::message::{HeaderName, Message, Request, Response};
use sipwake::sdp::SessionDescription;

use crate::torture::{Got, deliver};

/// A request with these lines besides From, To, Call-ID and CSeq.
fn message(start: &str, lines: &str, body: &str) -> Vec<u8> {
    let method = start.split(' ').next().unwrap();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{start}\r\nTo: sip:user@example.com\r\nFrom: <sip:caller@example.com>;tag=81x2\r\n{lines}\
         Call-ID: six@example.com\r\nMax-Forwards: 70\r\nCSeq: 98176 {method}\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

const VIA: &str = "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n";
const CONTACT: &str = "Contact: \"Caller\" <sip:caller@[2001:db8::1]>\r\n";

fn description(lines: &str) -> String {
    format!("v=0\r\no=assistant 971731711378798081 0 IN IP6 2001:db8::20\r\ns=-\r\n{lines}")
}

/// What came is read; what it got is told by its last status.
fn read(octets: &[u8], status: u16) -> (Request, Response) {
    let Got { sent, .. } = deliver(&[octets.to_vec()]);
    let response = sent.last().unwrap().clone();
    assert_eq!(response.status(), status);
    match Message::parse(octets.to_vec()) {
        Ok(Message::Request(request)) => (request, response),
        other => panic!("{other:?}"),
    }
}

/// RFC 5118 4.1: an IPv6 reference in Request-URI, Via and Contact
#[test]
fn ipv6_good() {
    let octets = message("REGISTER sip:[2001:db8::10] SIP/2.0", &[VIA, CONTACT].concat(), "");
    let (request, response) = read(&octets, 405);
    assert_eq!(request.parsed_uri().unwrap().host(), "[2001:db8::10]");
    let contact = request.headers.contacts().next().unwrap().unwrap();
    assert_eq!(contact.uri().unwrap().host(), "[2001:db8::1]");
    assert_eq!(response.headers.via().unwrap().unwrap().host(), "[2001:db8::9:1]");
}

/// RFC 5118 4.2: an IPv6 address without brackets is no host
#[test]
fn ipv6_bad() {
    let octets = message("REGISTER sip:2001:db8::10 SIP/2.0", &[VIA, CONTACT].concat(), "");
    let (request, _) = read(&octets, 400);
    assert!(request.parsed_uri().is_err());
}

/// RFC 5118 4.3: what looks like a port within the brackets is part of the address
#[test]
fn port_ambiguous() {
    let octets = message("REGISTER sip:[2001:db8::10:5070] SIP/2.0", &[VIA, CONTACT].concat(), "");
    let (request, _) = read(&octets, 405);
    let uri = request.parsed_uri().unwrap();
    assert_eq!((uri.host(), uri.port()), ("[2001:db8::10:5070]", None));
}

/// RFC 5118 4.4: a port behind the brackets is a port
#[test]
fn port_unambiguous() {
    let octets = message("REGISTER sip:[2001:db8::10]:5070 SIP/2.0", &[VIA, CONTACT].concat(), "");
    let (request, _) = read(&octets, 405);
    let uri = request.parsed_uri().unwrap();
    assert_eq!((uri.host(), uri.port()), ("[2001:db8::10]", Some(5070)));
}

/// RFC 5118 4.5: `received` with brackets
#[test]
fn via_received_param_with_delim() {
    let via = "Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111\r\n";
    let (request, response) = read(&message("BYE sip:[2001:db8::10] SIP/2.0", via, ""), 481);
    for headers in [&request.headers, &response.headers] {
        let via = headers.via().unwrap().unwrap();
        assert_eq!((via.received(), via.branch()), (Some("[2001:db8::9:255]"), Some("z9hG4bKas3-111")));
    }
}

/// RFC 5118 4.5: `received` without brackets
#[test]
fn via_received_param_no_delim() {
    let via = "Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3\r\n";
    let (request, response) = read(&message("OPTIONS sip:[2001:db8::10] SIP/2.0", via, ""), 200);
    for headers in [&request.headers, &response.headers] {
        let via = headers.via().unwrap().unwrap();
        assert_eq!((via.received(), via.branch()), (Some("2001:db8::9:255"), Some("z9hG4bKas3")));
    }
}

/// RFC 5118 4.6: IPv6 addresses in a session description
#[test]
fn ipv6_in_sdp() {
    let body = description(
        "c=IN IP6 2001:db8::20\r\nt=3338481189 3370017201\r\nm=audio 6000 RTP/AVP 2\r\na=rtpmap:2 G726-32/8000\r\nm=video 6024 RTP/AVP 107\r\na=rtpmap:107 H263-1998/90000\r\n",
    );
    let octets = message("INVITE sip:user@[2001:db8::10] SIP/2.0", &[VIA, CONTACT].concat(), &body);
    let (request, _) = read(&octets, 180);
    let kinds: Vec<_> = SessionDescription::of(request.body()).unwrap().media().map(|media| media.kind).collect();
    assert_eq!(kinds, ["audio", "video"]);
}

/// RFC 5118 4.7: addresses of both kinds in the headers
#[test]
fn mult_ip_in_header() {
    let lines = "Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144\r\nVia: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200\r\n";
    let (_, response) = read(&message("BYE sip:user@host.example.net SIP/2.0", lines, ""), 481);
    let vias: Vec<_> = response.headers.vias().map(Result::unwrap).collect();
    let hosts: Vec<_> = vias.iter().map(|via| (via.host(), via.port(), via.received())).collect();
    assert_eq!(
        hosts,
        [
            ("[2001:db8::9:1]", Some(6050), None),
            ("192.0.2.1", None, None),
            ("[2001:db8::9:255]", None, Some("192.0.2.200"))
        ]
    );
}

/// RFC 5118 4.8: addresses of both kinds in a session description
#[test]
fn mult_ip_in_sdp() {
    let body = description(
        "t=0 0\r\nm=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nm=video 6024 RTP/AVP 107\r\nc=IN IP6 2001:db8::1\r\na=rtpmap:107 H263-1998/90000\r\n",
    );
    let octets = message("INVITE sip:user@[2001:db8::10] SIP/2.0", &[VIA, CONTACT].concat(), &body);
    let (request, _) = read(&octets, 180);
    assert!(SessionDescription::of(request.body()).unwrap().is_usable());
}

/// RFC 5118 4.9: IPv4 addresses mapped into IPv6
#[test]
fn ipv4_mapped_ipv6() {
    let lines = "Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19\r\nVia: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111\r\nContact: \"T. desk phone\" <sip:ted@[::ffff:192.0.2.2]>\r\n";
    let body = description("c=IN IP6 ::ffff:192.0.2.2\r\nt=0 0\r\nm=audio 6000 RTP/AVP 2\r\n");
    let (request, response) = read(&message("INVITE sip:user@example.com SIP/2.0", lines, &body), 180);
    let via = response.headers.via().unwrap().unwrap();
    assert_eq!((via.host(), via.port()), ("[::ffff:192.0.2.10]", Some(19823)));
    let contact = request.headers.contacts().next().unwrap().unwrap();
    assert_eq!(contact.uri().unwrap().host(), "[::ffff:192.0.2.2]");
}

/// RFC 5118 4.10: three colons, which the grammar of RFC 3261 allows by mistake, are taken for two
#[test]
fn ipv6_bug_abnf_3_colons() {
    let (request, _) = read(&message("OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0", VIA, ""), 200);
    let correct = sipwake::message::Uri::parse("sip:user@[2001:db8::192.0.2.1]").unwrap();
    assert!(request.parsed_uri().unwrap().same_as(&correct));
}

/// RFC 5118 4.10: the same with two colons
#[test]
fn ipv6_correct_abnf_2_colons() {
    let (request, response) = read(&message("OPTIONS sip:user@[2001:db8::192.0.2.1] SIP/2.0", VIA, ""), 200);
    assert_eq!(request.parsed_uri().unwrap().host(), "[2001:db8::192.0.2.1]");
    assert!(response.headers.get(HeaderName::Allow).is_some());
}
