use super::*;
use crate::message::Message;

fn message(text: &str) -> Message {
    Message::parse(text.replace('\n', "\r\n").into_bytes()).unwrap()
}

fn request(text: &str) -> Request {
    match message(text) {
        Message::Request(request) => request,
        Message::Response(_) => panic!("a response"),
    }
}

fn response(text: &str) -> Response {
    match message(text) {
        Message::Response(response) => response,
        Message::Request(_) => panic!("a request"),
    }
}

const INVITE: &str = "INVITE sip:bob@example.com SIP/2.0
Via: SIP/2.0/WSS a.invalid;branch=z9hG4bKa
Record-Route: <sip:p2.example.com;lr>
Record-Route: <sip:p1.example.com;lr;r2=on>
From: \"Alice > <sip\" <sip:alice@example.com>;tag=at
To: sip:bob@example.com
Call-ID: c1
CSeq: 7 INVITE
Contact: <sip:a1@a.invalid;transport=ws>
Content-Length: 0

";

/// RFC 3261 12.1.1
#[test]
fn the_callees_dialog_keeps_the_route_order() {
    let mut dialog = Dialog::of_request(&request(INVITE), "bt").unwrap();
    let bye = dialog.request(Method::Bye);
    let routes: Vec<_> = bye.headers.values(HeaderName::Route).collect();
    assert_eq!(routes, ["<sip:p2.example.com;lr>", "<sip:p1.example.com;lr;r2=on>"]);
    assert_eq!(bye.uri(), "sip:a1@a.invalid;transport=ws");
    assert_eq!(bye.headers.get(HeaderName::To), Some("\"Alice > <sip\" <sip:alice@example.com>;tag=at"));
    assert_eq!(bye.headers.get(HeaderName::From), Some("<sip:bob@example.com>;tag=bt"));
    assert_eq!(bye.headers.get(HeaderName::CSeq), Some("1 BYE"));
}

/// RFC 3261 12.1.2
#[test]
fn the_callers_dialog_reverses_the_route_order_and_counts_on() {
    let ok = response(
        "SIP/2.0 200 OK
Via: SIP/2.0/WSS a.invalid;branch=z9hG4bKa
Record-Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>
From: <sip:alice@example.com>;tag=at
To: <sip:bob@example.com>;tag=bt
Call-ID: c1
CSeq: 7 INVITE
Contact: <sip:b1@b.invalid>
Content-Length: 0

",
    );
    let mut dialog = Dialog::of_response(&request(INVITE), &ok).unwrap();
    assert_eq!(dialog.ack(7).headers.get(HeaderName::CSeq), Some("7 ACK"));
    let bye = dialog.request(Method::Bye);
    let routes: Vec<_> = bye.headers.values(HeaderName::Route).collect();
    assert_eq!(routes, ["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"]);
    assert_eq!(bye.headers.get(HeaderName::CSeq), Some("8 BYE"));
}

/// RFC 3261 12.2.1.1
#[test]
fn a_strict_router_gets_the_request_line() {
    let text = INVITE.replace("<sip:p2.example.com;lr>", "<sip:p2.example.com>");
    let mut dialog = Dialog::of_request(&request(&text), "bt").unwrap();
    let bye = dialog.request(Method::Bye);
    assert_eq!(bye.uri(), "sip:p2.example.com");
    let routes: Vec<_> = bye.headers.values(HeaderName::Route).collect();
    assert_eq!(routes, ["<sip:p1.example.com;lr;r2=on>", "<sip:a1@a.invalid;transport=ws>"]);
}

/// RFC 3261 12.2.2
#[test]
fn cseq_numbers_of_the_far_end_must_rise() {
    let mut dialog = Dialog::of_request(&request(INVITE), "bt").unwrap();
    assert!(!dialog.in_order(7));
    assert!(dialog.in_order(9));
    assert!(!dialog.in_order(8));
}

/// RFC 3261 12.2.2
#[test]
fn a_request_is_of_the_dialog_only_with_both_tags() {
    let dialog = Dialog::of_request(&request(INVITE), "bt").unwrap();
    let bye = |to: &str, from: &str| {
        request(&format!(
            "BYE sip:b@b.invalid SIP/2.0
Via: SIP/2.0/WSS a.invalid;branch=z9hG4bKb
From: <sip:alice@example.com>;tag={from}
To: <sip:bob@example.com>;tag={to}
Call-ID: c1
CSeq: 8 BYE

"
        ))
    };
    assert!(dialog.matches(&bye("bt", "at").headers));
    assert!(!dialog.matches(&bye("bt", "xx").headers));
    assert!(!dialog.matches(&bye("xx", "at").headers));
}

/// RFC 3261 12.1.1, 12.1.2
#[test]
fn without_contact_there_is_no_dialog() {
    let text = INVITE.replace("Contact: <sip:a1@a.invalid;transport=ws>\n", "");
    assert_eq!(Dialog::of_request(&request(&text), "bt"), Err(DialogError::Missing));
}

#[test]
fn too_many_routes_are_refused() {
    let many = "Record-Route: <sip:p.example.com;lr>\n".repeat(limits::ROUTES + 1);
    let text = INVITE.replace("From:", &format!("{many}From:"));
    assert_eq!(Dialog::of_request(&request(&text), "bt"), Err(DialogError::TooManyRoutes));
}
