//! Reads and writes one message with the engine's own layer, so that its speed can be measured from JavaScript as a
//! peer's is. The package exports none of this.
#![forbid(unsafe_code)]

use sipwake::message::{HeaderError, HeaderName, Message, Method, Request};
use wasm_bindgen::prelude::wasm_bindgen;

/// Reads a message that came as text, as a WebSocket gives it. The result adds up what was read, 0 if anything was not.
#[wasm_bindgen]
pub fn read(text: String) -> u32 {
    sum(text.into_bytes()).unwrap_or(0)
}

/// The same from octets.
#[wasm_bindgen(js_name = readOctets)]
pub fn read_octets(octets: Vec<u8>) -> u32 {
    sum(octets).unwrap_or(0)
}

/// The typed headers that the engine looks at when an INVITE arrives.
fn sum(octets: Vec<u8>) -> Option<u32> {
    let Ok(Message::Request(request)) = Message::parse(octets) else { return None };
    typed(&request).ok().flatten()
}

fn typed(request: &Request) -> Result<Option<u32>, HeaderError> {
    let headers = &request.headers;
    let (Some(via), Some(from), Some(to), Some(cseq), Some(content)) =
        (headers.via(), headers.from(), headers.to(), headers.cseq(), headers.content_type())
    else {
        return Ok(None);
    };
    let (via, from, to) = (via?, from?, to?);
    let mut lengths = via.host().len() + via.branch().map_or(0, str::len) + headers.call_id().map_or(0, str::len);
    for address in [from, to].into_iter().map(Ok).chain(headers.contacts()) {
        lengths += address?.uri()?.user().map_or(0, str::len);
    }
    for route in headers.record_routes().chain(headers.routes()) {
        lengths += route?.uri()?.host().len();
    }
    Ok(content?.is_sdp().then_some(cseq?.number + lengths as u32))
}

/// Builds an INVITE with a body and writes it.
#[wasm_bindgen]
pub fn write(body: &str, number: u32) -> Vec<u8> {
    let mut request = Request::new(Method::Invite, "sip:bob@example.com");
    let headers = &mut request.headers;
    headers.push(HeaderName::Via, "SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks");
    headers.push(HeaderName::MaxForwards, "70");
    headers.push(HeaderName::From, "<sip:alice@example.com>;tag=a73kszlfl");
    headers.push(HeaderName::To, "<sip:bob@example.com>");
    headers.push(HeaderName::CallId, "asidkj3ss2f8c1hq0v5e");
    let mut cseq = number.to_string();
    cseq.push_str(" INVITE");
    headers.push(HeaderName::CSeq, cseq);
    headers.push(HeaderName::Contact, "<sip:q7h2d1@df7jal23ls0d.invalid;transport=ws>");
    headers.push(HeaderName::Allow, "INVITE, ACK, CANCEL, BYE, UPDATE, MESSAGE, OPTIONS, REFER, INFO, NOTIFY");
    headers.push(HeaderName::Supported, "outbound");
    headers.push(HeaderName::UserAgent, "sipwake");
    request.set_body("application/sdp", body.as_bytes().to_vec());
    request.to_octets().unwrap_or_default()
}
