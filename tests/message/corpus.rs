//! Every file of `tests/corpus` is one message as it came in a WebSocket frame. Each is read, found without fault, and
//! written back octet for octet.

use std::fs;
use std::path::{Path, PathBuf};

use sipwake::message::{HeaderName, Message, redact, validate};

/// The files of the corpus, by name.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let mut paths: Vec<PathBuf> = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"), &mut paths);
    paths.sort();
    paths.into_iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the corpus") {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "sip") {
            paths.push(path);
        }
    }
}

#[test]
fn the_corpus_has_what_each_party_of_the_runs_sends() {
    let files = files();
    for party in ["phone", "softphone", "jssip", "sipjs", "kamailio", "edge"] {
        let start = ["/runs/", party, "-"].concat();
        assert!(files.iter().filter(|(name, _)| name.contains(&start)).count() >= 10, "{party}");
    }
}

#[test]
fn every_message_is_read_without_a_problem() {
    for (name, octets) in files() {
        let message = Message::parse(octets).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(validate(&message), [], "{name}");
        assert!(message.headers().is_usable(), "{name}");
    }
}

#[test]
fn every_message_is_written_back_octet_for_octet() {
    for (name, octets) in files() {
        let written = Message::parse(octets.clone()).unwrap().to_octets().unwrap();
        assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&octets), "{name}");
        assert_eq!(written, octets, "{name}");
    }
}

#[test]
fn built_anew_from_what_was_read_every_message_says_the_same() {
    for (name, octets) in files() {
        let read = Message::parse(octets).unwrap();
        let mut built = read.clone();
        let lines: Vec<(String, String)> =
            read.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        *built.headers_mut() = Default::default();
        for (name, value) in &lines {
            built.headers_mut().push_named(name, value.as_str());
        }
        let again = Message::parse(built.to_octets().unwrap()).unwrap();
        let without_length = |message: &Message| {
            let lines = message.headers().iter().filter(|(name, _)| *name != "Content-Length");
            lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(without_length(&again), without_length(&read), "{name}");
        assert_eq!(again.body(), read.body(), "{name}");
        assert_eq!(validate(&again), [], "{name}");
    }
}

#[test]
fn no_secret_of_a_message_is_left_in_its_redacted_form() {
    for (name, octets) in files() {
        let shown = redact(&octets);
        for line in shown.lines() {
            let hidden = |what: &str| line.starts_with(what) && !line.ends_with("[redacted]");
            assert!(!["a=ice-pwd:", "a=fingerprint:", "Authorization:"].into_iter().any(hidden), "{name}: {line}");
            for parameter in line.split([';', '>', ',']) {
                let (key, value) = parameter.split_once('=').unwrap_or((parameter, "[redacted]"));
                let token = key.contains("prid") || key.contains("tok");
                assert!(!token || value.split([' ', '"']).next() == Some("[redacted]"), "{name}: {line}");
            }
        }
    }
}

#[test]
fn a_forwarded_invite_is_read_to_what_the_engine_needs() {
    let (_, octets) = files().into_iter().find(|(name, _)| name.ends_with("kamailio-invite-to-phone.sip")).unwrap();
    let message = Message::parse(octets).unwrap();
    let headers = message.headers();
    let vias: Vec<_> = headers.vias().map(Result::unwrap).collect();
    assert_eq!((vias[0].transport(), vias[0].host(), vias[0].port()), ("WSS", "203.0.113.5", Some(8443)));
    assert_eq!((vias[1].rport(), vias[1].received()), (Some(Some(51834)), Some("127.0.0.1")));
    assert_eq!(headers.from().unwrap().unwrap().display_name().unwrap(), "Alice Liddell");
    assert_eq!(headers.from().unwrap().unwrap().tag(), Some("0r4n6b2ksd"));
    assert_eq!(headers.to().unwrap().unwrap().tag(), None);
    assert_eq!(headers.record_routes().filter(|route| route.is_ok()).count(), 2);
    let contact = headers.contacts().next().unwrap().unwrap();
    assert_eq!(contact.uri().unwrap().param("alias"), Some(Some("127.0.0.1~51834~6")));
    assert!(headers.content_type().unwrap().unwrap().is_sdp());
    assert_eq!(headers.get_named("x-call-uuid"), Some("5b0c7a52-2f0e-4a5e-8a57-c1f60dbe9d43"));
    assert!(headers.has_token(HeaderName::Supported, "outbound"));
    assert!(sipwake::sdp::SessionDescription::of(message.body()).unwrap().is_usable());
}

#[test]
fn our_own_binding_is_found_among_others() {
    let (_, octets) = files().into_iter().find(|(name, _)| name.ends_with("kamailio-register-200.sip")).unwrap();
    let message = Message::parse(octets).unwrap();
    let instance = "<urn:uuid:c27f5b08-91de-4c63-a7b4-08e5f3d6192a>";
    let contacts: Vec<_> = message.headers().contacts().map(Result::unwrap).collect();
    assert_eq!(contacts.len(), 2);
    let ours = contacts.iter().find(|contact| contact.instance().as_deref() == Some(instance)).unwrap();
    assert_eq!((ours.expires(), ours.reg_id()), (Some(3600), Some(1)));
    assert_eq!(
        ours.param("pub-gruu").unwrap().unwrap(),
        "sip:bob@example.com;gr=urn:uuid:c27f5b08-91de-4c63-a7b4-08e5f3d6192a"
    );
    assert_eq!(contacts[0].expires(), Some(118));
    assert_eq!(message.headers().flow_timer(), Some(Ok(25)));
}
