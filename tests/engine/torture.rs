//! Every message of RFC 4475 by its name, as it reaches a phone that is registered, and what leaves the phone. The
//! messages come from the npm package `sip`, a development dependency.

use std::fs;
use std::path::Path;

use sipwake::io::{CallState, FlowEvent};
use sipwake::message::{Message, Request, Response};

use crate::world::World;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules/sip/test/messages")
}

fn octets(name: &str) -> Vec<u8> {
    let path = folder().join([name, ".dat"].concat());
    fs::read(&path).unwrap_or_else(|_| panic!("{} is missing: run `make setup` or `npm ci`", path.display()))
}

/// A phone that got something, and what it sent then.
pub struct Got {
    pub world: World,
    pub sent: Vec<Response>,
}

pub fn deliver(octets: &[Vec<u8>]) -> Got {
    let mut world = World::new();
    let (phone, _) = world.add_registered("user");
    assert_eq!(phone, 0);
    let before = world.phones[phone].sent.len();
    for octets in octets {
        let flow = world.phones[phone].flows[0];
        world.deliver(phone, 0, flow, FlowEvent::Received(octets.clone()));
        world.run(100);
    }
    let sent = world.phones[phone].sent[before..].iter().map(|text| match Message::parse(text.clone().into()) {
        Ok(Message::Response(response)) => response,
        other => panic!("no response: {other:?}"),
    });
    let sent = sent.collect();
    Got { world, sent }
}

pub fn statuses(got: &Got) -> Vec<u16> {
    got.sent.iter().map(Response::status).collect()
}

/// It is answered with this status, and no call comes of it.
fn answered(name: &str, status: u16) -> Response {
    let got = deliver(&[octets(name)]);
    // An INVITE that can be read gets its 100 first.
    let finals: Vec<u16> = statuses(&got).into_iter().filter(|status| *status != 100).collect();
    assert_eq!(finals, [status], "{name}");
    assert!(got.world.calls(0).is_empty(), "{name}: a call");
    let response = got.sent.last().unwrap().clone();
    let to = response.headers.get(sipwake::message::HeaderName::To).unwrap_or("");
    // Nothing can be added to what cannot be read.
    let tagged = sipwake::message::NameAddr::parse(to).map(|to| to.tag().is_some());
    assert_ne!(tagged, Ok(false), "{name}: 8.2.6.2: a tag in To");
    response
}

/// It rings: the phone has one call.
fn rings(name: &str) -> Request {
    let octets = octets(name);
    let got = deliver(std::slice::from_ref(&octets));
    assert_eq!(statuses(&got), [100, 180], "{name}");
    assert_eq!(got.world.only_call(0).state, CallState::Ringing, "{name}");
    match Message::parse(octets) {
        Ok(Message::Request(request)) => request,
        other => panic!("{name}: {other:?}"),
    }
}

/// Nothing leaves, and nothing changes.
fn dropped(name: &str) {
    let got = deliver(&[octets(name)]);
    assert_eq!(statuses(&got), [0; 0], "{name}");
    assert!(got.world.calls(0).is_empty(), "{name}: a call");
}

fn header(response: &Response, name: &str) -> String {
    response.headers.get_named(name).unwrap_or_default().to_owned()
}

/// RFC 4475 3.1.1.1: blanks, folds, compact names and unknown headers all over. To has a tag, of a dialog that is not ours
#[test]
fn wsinv_is_of_no_dialog() {
    answered("wsinv", 481);
    let Ok(Message::Request(request)) = Message::parse(octets("wsinv")) else { panic!() };
    assert_eq!(request.headers.to().unwrap().unwrap().tag(), Some("1918181833n"));
    assert_eq!(request.headers.vias().filter(Result::is_ok).count(), 3);
    assert_eq!(request.headers.max_forwards(), Some(Ok(68)));
    let contact = request.headers.contacts().next().unwrap().unwrap();
    assert_eq!(contact.display_name().unwrap(), "Quoted string \"\"");
    assert_eq!((contact.preference(), contact.param("secondparam")), (330, Some(None)));
}

/// RFC 4475 3.1.1.2: a method of all characters that a token may have is not known: 501, with all of To given back
#[test]
fn intmeth_is_a_method_that_nobody_knows() {
    let response = answered("intmeth", 501);
    assert!(header(&response, "To").starts_with("\"BEL:\\\x07 NUL:\\\0 DEL:\\\x7f\""));
    assert!(header(&response, "CSeq").ends_with("!interesting-Method0123456789_*+`.%indeed'~"));
}

/// RFC 4475 3.1.1.3: escapes in URIs
#[test]
fn esc01_rings() {
    let request = rings("esc01");
    let uri = request.parsed_uri().unwrap();
    assert_eq!((uri.user_decoded().unwrap().as_ref(), uri.host()), ("sips:user@example.com", "example.net"));
    let contact = request.headers.contacts().next().unwrap().unwrap();
    let uri = contact.uri().unwrap();
    assert_eq!((uri.user_decoded().unwrap().as_ref(), uri.param("lr")), ("caller", Some(None)));
    assert_eq!(uri.param("name"), Some(Some("v%61lue%25%34%31")));
}

/// RFC 4475 3.1.1.4: an escaped NUL in a user part is no end of it
#[test]
fn escnull_is_no_request_for_a_phone() {
    let response = answered("escnull", 405);
    assert!(header(&response, "To").contains("sip:null-%00-null@example.com"));
    assert!(header(&response, "Allow").contains("INVITE"));
}

/// RFC 4475 3.1.1.5: a percent sign in a method escapes nothing
#[test]
fn esc02_is_a_method_that_nobody_knows() {
    answered("esc02", 501);
}

/// RFC 4475 3.1.1.6: no blank between display name and angle bracket
#[test]
fn lwsdisp_is_answered() {
    let response = answered("lwsdisp", 200);
    assert_eq!(response.headers.from().unwrap().unwrap().display_name().unwrap(), "caller");
}

/// RFC 4475 3.1.1.7: long values everywhere
#[test]
fn longreq_rings() {
    let request = rings("longreq");
    assert_eq!(request.headers.vias().filter(Result::is_ok).count(), 34);
    let to = request.headers.to().unwrap().unwrap();
    assert!(to.display_name().unwrap().starts_with("I have a user name of extremeextreme"));
    assert_eq!(to.uri().unwrap().port(), Some(6000));
}

/// RFC 4475 3.1.1.8: what follows the announced end of a message is no message
#[test]
fn dblreq_is_one_request() {
    answered("dblreq", 405);
}

/// RFC 4475 3.1.1.9: a semicolon in a user part begins no parameter
#[test]
fn semiuri_is_answered() {
    answered("semiuri", 200);
    let Ok(Message::Request(request)) = Message::parse(octets("semiuri")) else { panic!() };
    let uri = request.parsed_uri().unwrap();
    assert_eq!((uri.user_decoded().unwrap().as_ref(), uri.params().count()), ("user;par=u@example.net", 0));
}

/// RFC 4475 3.1.1.10: transports that nobody knows, in Vias that are not ours
#[test]
fn transports_is_answered_with_all_vias() {
    let response = answered("transports", 200);
    let transports: Vec<_> = response.headers.vias().map(|via| via.unwrap().transport().to_owned()).collect();
    assert_eq!(transports, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
}

/// RFC 4475 3.1.1.11: a body of several parts, one of them octets of all kinds
#[test]
fn mpart01_is_taken_whole() {
    answered("mpart01", 200);
    let message = Message::parse(octets("mpart01")).unwrap();
    let kind = message.headers().content_type().unwrap().unwrap();
    let boundary = kind.param("boundary").unwrap().unwrap();
    let parts = sipwake::message::parts(message.body(), &boundary).unwrap();
    assert_eq!(parts.len(), 2);
    assert!(parts[0].headers.content_type().unwrap().unwrap().is("text", "plain"));
    assert_eq!(parts[0].body, b"Hello");
    assert!(parts[1].headers.content_type().unwrap().unwrap().is("application", "octet-stream"));
    assert!(parts[1].body.starts_with(&[0x30, 0x82]) && parts[1].body.contains(&0));
}

/// RFC 4475 3.1.1.12: a reason phrase with anything in it; the response answers nothing of ours
#[test]
fn unreason_is_read_and_dropped() {
    dropped("unreason");
    let Ok(Message::Response(response)) = Message::parse(octets("unreason")) else { panic!() };
    assert_eq!(response.status(), 200);
    assert_eq!(response.reason(), "= 2**3 * 5**2 но сто девяносто девять - простое");
}

/// RFC 4475 3.1.1.13: no reason phrase
#[test]
fn noreason_is_read_and_dropped() {
    dropped("noreason");
    let Ok(Message::Response(response)) = Message::parse(octets("noreason")) else { panic!() };
    assert_eq!((response.status(), response.reason()), (100, ""));
}

/// RFC 4475 3.1.2.1: separators that separate nothing: 400, with the Via as it came
#[test]
fn badinv01_is_refused() {
    assert_eq!(header(&answered("badinv01", 400), "Via"), "SIP/2.0/UDP 192.0.2.15;;,;,,");
}

/// RFC 4475 3.1.2.2: less body than Content-Length says
#[test]
fn clerr_is_refused() {
    answered("clerr", 400);
}

/// RFC 4475 3.1.2.3: a negative Content-Length
#[test]
fn ncl_is_refused() {
    answered("ncl", 400);
}

/// RFC 4475 3.1.2.4: numbers out of range in a request
#[test]
fn scalar02_is_refused() {
    answered("scalar02", 400);
}

/// RFC 4475 3.1.2.5: numbers out of range in a response
#[test]
fn scalarlg_is_dropped() {
    dropped("scalarlg");
}

/// RFC 4475 3.1.2.6: a quoted string without its end
#[test]
fn quotbal_is_refused() {
    answered("quotbal", 400);
}

/// RFC 4475 3.1.2.7: angle brackets around the Request-URI
#[test]
fn ltgtruri_is_refused() {
    answered("ltgtruri", 400);
}

/// RFC 4475 3.1.2.8: a blank in the Request-URI
#[test]
fn lwsruri_is_refused() {
    answered("lwsruri", 400);
}

/// RFC 4475 3.1.2.9: several blanks in the request line
#[test]
fn lwsstart_is_refused() {
    answered("lwsstart", 400);
}

/// RFC 4475 3.1.2.10: blanks at the end of the request line
#[test]
fn trws_is_refused() {
    answered("trws", 400);
}

/// RFC 4475 3.1.2.11: headers in the Request-URI are left alone: no Route comes of them
#[test]
fn escruri_rings_without_its_headers() {
    assert_eq!(rings("escruri").headers.routes().count(), 0);
}

/// RFC 4475 3.1.2.12: a Date of another zone is left alone
#[test]
fn baddate_rings() {
    assert!(rings("baddate").headers.date().unwrap().is_err());
}

/// RFC 4475 3.1.2.13: a Contact with headers and no angle brackets makes no registration
#[test]
fn regbadct_is_no_request_for_a_phone() {
    answered("regbadct", 405);
    let message = Message::parse(octets("regbadct")).unwrap();
    assert!(message.headers().contacts().all(|contact| contact.is_err()));
}

/// RFC 4475 3.1.2.14: blanks within angle brackets
#[test]
fn badaspec_is_refused() {
    answered("badaspec", 400);
}

/// RFC 4475 3.1.2.15: commas in a display name without quotation marks
#[test]
fn baddn_is_refused() {
    // The package keeps the blank line that ends the head in a file of its own.
    let whole = [octets("baddn"), octets("baddn_sep")].concat();
    assert_eq!(statuses(&deliver(&[whole])), [400]);
}

/// RFC 4475 3.1.2.16: another version of SIP
#[test]
fn badvers_is_refused() {
    answered("badvers", 505);
}

/// RFC 4475 3.1.2.17: CSeq has another method
#[test]
fn mismatch01_is_refused() {
    answered("mismatch01", 400);
}

/// RFC 4475 3.1.2.18: CSeq has another method, and nobody knows that of the request
#[test]
fn mismatch02_is_refused() {
    answered("mismatch02", 400);
}

/// RFC 4475 3.1.2.19: a status that does not fit
#[test]
fn bigcode_is_dropped() {
    dropped("bigcode");
}

/// RFC 4475 3.2.1: the magic cookie alone is no branch: requests that differ are told apart by the rules of RFC 2543
#[test]
fn badbranch_does_not_take_two_requests_for_one() {
    answered("badbranch", 200);
    let first = String::from_utf8(octets("badbranch")).unwrap();
    let second = first.replace("Call-ID: ", "Call-ID: other");
    assert_ne!(first, second);
    let got = deliver(&[first.clone().into(), second.into(), first.into()]);
    let calls: Vec<_> =
        got.sent.iter().map(|response| response.headers.call_id().unwrap().starts_with("other")).collect();
    assert_eq!((statuses(&got), calls), (vec![200; 3], vec![false, true, false]));
}

/// RFC 4475 3.3.1: without From, To and Call-ID
#[test]
fn insuf_is_refused() {
    answered("insuf", 400);
}

/// RFC 4475 3.3.2: a Request-URI of a scheme that nobody knows
#[test]
fn unkscm_is_refused() {
    answered("unkscm", 416);
}

/// RFC 4475 3.3.3: a Request-URI of a scheme that is registered and not for SIP
#[test]
fn novelsc_is_refused() {
    answered("novelsc", 416);
}

/// RFC 4475 3.3.4: unknown schemes in To, From and Contact stop nothing
#[test]
fn unksm2_is_no_request_for_a_phone() {
    answered("unksm2", 405);
}

/// RFC 4475 3.3.5: Require wants what nobody has: 420 names it all, and nothing of Proxy-Require
#[test]
fn bext01_is_refused() {
    let response = answered("bext01", 420);
    assert_eq!(header(&response, "Unsupported"), "nothingSupportsThis, nothingSupportsThisEither");
}

/// RFC 4475 3.3.6: a body of an unknown type: 415 says what is understood
#[test]
fn invut_is_refused() {
    assert_eq!(header(&answered("invut", 415), "Accept"), "application/sdp");
}

/// RFC 4475 3.3.7: credentials of an unknown scheme
#[test]
fn regaut01_is_no_request_for_a_phone() {
    answered("regaut01", 405);
}

/// RFC 4475 3.3.8: headers twice that may stand once
#[test]
fn multi01_is_refused() {
    answered("multi01", 400);
}

/// RFC 4475 3.3.9: two lengths of one body
#[test]
fn mcl01_is_refused() {
    answered("mcl01", 400);
}

/// RFC 4475 3.3.10: a response to somebody else, by way of us
#[test]
fn bcast_is_dropped() {
    dropped("bcast");
}

/// RFC 4475 3.3.11: Max-Forwards is nought, and the request has arrived
#[test]
fn zeromf_is_answered() {
    answered("zeromf", 200);
}

/// RFC 4475 3.3.12: a parameter without a value in a Contact
#[test]
fn cparam01_is_no_request_for_a_phone() {
    answered("cparam01", 405);
    let message = Message::parse(octets("cparam01")).unwrap();
    let contact = message.headers().contacts().next().unwrap().unwrap();
    assert_eq!(contact.param("unknownparam"), Some(None));
}

/// RFC 4475 3.3.13: a parameter without a value in the URI of a Contact
#[test]
fn cparam02_is_no_request_for_a_phone() {
    answered("cparam02", 405);
    let message = Message::parse(octets("cparam02")).unwrap();
    let contact = message.headers().contacts().next().unwrap().unwrap();
    assert_eq!(contact.uri().unwrap().param("unknownparam"), Some(None));
}

/// RFC 4475 3.3.14: an escaped Route in the URI of a Contact
#[test]
fn regescrt_is_no_request_for_a_phone() {
    answered("regescrt", 405);
    let message = Message::parse(octets("regescrt")).unwrap();
    let contact = message.headers().contacts().next().unwrap().unwrap();
    assert_eq!(contact.uri().unwrap().header("Route").unwrap(), "<sip:sip.example.com>");
}

/// RFC 4475 3.3.15: Accept has nothing that an answer could be written in
#[test]
fn sdp01_is_refused() {
    answered("sdp01", 406);
}

/// RFC 4475 3.4.1: as RFC 2543 had it: no branch, no From tag, no Max-Forwards
#[test]
fn inv2543_rings() {
    assert_eq!(rings("inv2543").headers.from().unwrap().unwrap().tag(), None);
}

/// Two more that the package has: a CSeq without a number, and a request of the time before versions and Via.
#[test]
fn badcseq_is_refused_and_test_is_dropped() {
    answered("badcseq", 400);
    dropped("test");
}

#[test]
fn no_message_of_the_package_is_left_out() {
    let source = include_str!("torture.rs");
    let mut names: Vec<String> = fs::read_dir(folder())
        .expect("node_modules/sip is missing: run `make setup` or `npm ci`")
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".dat").map(str::to_owned))
        .collect();
    names.sort();
    // The 49 of the RFC, two more, and the blank line of one of them.
    assert_eq!(names.len(), 49 + 2 + 1);
    for name in names {
        assert!(source.contains(&["(\"", &name, "\""].concat()), "{name} has no test");
    }
}

/// RFC 3261 21.4.1: what breaks the framing and can still be answered is
#[test]
fn a_line_without_a_colon_gets_400() {
    let broken = |from: &str, to: &str| String::from_utf8(octets("zeromf")).unwrap().replacen(from, to, 1).into_bytes();
    for (from, to) in [
        ("Max-Forwards: 0", "Max-Forwards 0"),
        ("Max-Forwards: 0", ": 0"),
        ("Max-Forwards: 0\r\n", "Max-Forwards: 0\n"),
        ("\r\n\r\n", "\r\n"),
        ("Content-Length: 0", "Content-Length: none"),
        ("To:", &["X: ", &"x".repeat(9_000), "\r\nTo:"].concat()),
        ("Content-Length: 0\r\n", &"X: x\r\n".repeat(200)),
    ] {
        let got = deliver(&[broken(from, to)]);
        assert_eq!(statuses(&got), [400], "{from}");
        assert_eq!(got.sent[0].headers.call_id(), Some("zeromf.jfasdlfnm2o2l43r5u0asdfas"));
    }
}

/// RFC 3261 21.5.7: a message longer than the limit
#[test]
fn a_message_that_is_too_long_gets_513() {
    let mut long = octets("zeromf");
    long.resize(70_000, b'x');
    assert_eq!(statuses(&deliver(&[long])), [513]);
    // Not if it is no request.
    dropped("bcast");
    let mut long = octets("bcast");
    long.resize(70_000, b'x');
    assert_eq!(statuses(&deliver(&[long])), [0; 0]);
}

#[test]
fn whatever_becomes_of_a_message_on_its_way_the_phone_lives_and_answers_once() {
    use sipwake::common::random::{Random, Seeded};

    let mut random = Random::new(Seeded(4475));
    let mut names: Vec<_> = fs::read_dir(folder()).expect("npm ci").map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let texts: Vec<Vec<u8>> = names
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "dat"))
        .map(|path| fs::read(path).unwrap())
        .collect();
    let mut world = World::new();
    let (phone, account) = world.add_registered("user");
    let mut answers = 0;
    for round in 0..4_000 {
        let mut octets = texts[round % texts.len()].clone();
        for _ in 0..=random.below(3) {
            let at = random.below(octets.len().max(1) as u64) as usize;
            match random.below(4) {
                _ if octets.is_empty() => break,
                0 => octets[at] = random.u32() as u8,
                1 => octets.insert(at, b"\r\n\t ,;:<>\"\\@=?%[]*\0\xff"[random.below(19) as usize]),
                2 => drop(octets.drain(at..(at + 1 + random.below(30) as usize).min(octets.len()))),
                _ => {
                    let end = (at + random.below(60) as usize).min(octets.len());
                    let piece = octets[at..end].to_vec();
                    octets.splice(at..at, piece);
                }
            }
        }
        let before = world.phones[phone].sent.len();
        let Some(flow) = world.phones[phone].flows.first().copied() else { panic!("the connection is closed") };
        world.deliver(phone, 0, flow, FlowEvent::Received(octets.clone()));
        world.run(20);
        let finals = world.phones[phone].sent[before..]
            .iter()
            .filter(|text| text.starts_with("SIP/2.0 ") && !text.starts_with("SIP/2.0 1"))
            .count();
        assert!(finals <= 1, "{}", String::from_utf8_lossy(&octets));
        answers += finals;
        for call in world.calls(phone) {
            let _ = world.command_now(phone, sipwake::io::Command::Hangup(call.id, Default::default()));
        }
    }
    assert!(answers > 2_000, "{answers}");
    // It is as good as new.
    world.run(100_000);
    let register = world.command(phone, sipwake::io::Command::Register(account));
    world.run(1_000);
    assert_eq!(world.result(phone, register), Some(Ok(sipwake::io::Reply::Done)));
}
