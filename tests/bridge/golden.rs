//! Every message as it stands on the wire. `messages.json` is what other hosts and pages are written against: a
//! message may get new optional fields and new names, nothing else may change.

use std::fs;
use std::path::PathBuf;

use sipwake::bridge::codec::{FieldDescription, NamesDescription, Shape};
use sipwake::bridge::envelope::Envelope;
use sipwake::bridge::json::{Json, Writer};
use sipwake::bridge::vocabulary::{MessageDescription, messages};
use sipwake::bridge::{Kind, RawJson};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn golden() -> String {
    fs::read_to_string(folder().join("tests/bridge/messages.json")).unwrap()
}

type Names = Vec<(String, &'static NamesDescription)>;

/// A sample of every field, and the names that each may have.
fn sample(fields: &[FieldDescription], path: &str, out: &mut Writer, names: &mut Names) {
    out.open('{');
    for field in fields {
        out.key(field.name);
        let path = format!("{path}{}", field.name);
        sample_value(field.shape, field.name, &path, out, names);
    }
    out.close('}');
}

fn sample_value(shape: Shape, name: &str, path: &str, out: &mut Writer, names: &mut Names) {
    match shape {
        Shape::Text | Shape::Secret => out.text(&format!("a {name}")),
        Shape::Integer => out.integer(1000 + name.len() as u64),
        Shape::Boolean => out.boolean(true),
        Shape::Names(list) => {
            names.push((path.to_owned(), list));
            out.text(list.names.last().unwrap());
        }
        Shape::Record(record) => sample(record.fields, &format!("{path}."), out, names),
        Shape::List(shape) => {
            out.open('[');
            sample_value(*shape, name, path, out, names);
            out.close(']');
        }
        Shape::Any => out.raw(r#"{"any":[1,"x"]}"#),
        _ => panic!("a shape that the golden file does not know"),
    }
}

/// The whole message with a sample in each field.
fn envelope(message: &MessageDescription, names: &mut Names) -> Envelope {
    let mut payload = Writer::new();
    sample(message.record.fields, "", &mut payload, names);
    let payload = payload.finish();
    let reply = message.answers.is_some();
    let numbered = !matches!(message.name, "hello" | "ack");
    Envelope {
        v: 1,
        message_type: message.name.to_owned(),
        id: "a life-1".to_owned(),
        kind: message.kind,
        session: (message.name != "hello").then(|| "a session".to_owned()),
        seq: u64::from(numbered),
        ack: 0,
        at: 1_764_000_000_000,
        re: reply.then(|| "another life-1".to_owned()),
        deadline_ms: (message.kind == Kind::Request && numbered).then_some(5_000),
        payload: Some(RawJson(if reply { format!(r#"{{"ok":true,"value":{payload}}}"#) } else { payload })),
    }
}

fn write_golden() -> String {
    let mut text = String::from("[\n");
    for message in messages() {
        let mut names = Vec::new();
        let envelope = envelope(message, &mut names);
        let mut out = Writer::new();
        out.open('{');
        for (key, value) in [("type", message.name), ("kind", message.kind.name()), ("from", message.sender.name())] {
            out.key(key);
            out.text(value);
        }
        out.key("required");
        out.open('[');
        message.record.fields.iter().filter(|field| field.required).for_each(|field| out.text(field.name));
        out.close(']');
        out.key("names");
        out.open('{');
        for (path, list) in names {
            out.key(&path);
            out.open('[');
            list.names.iter().for_each(|name| out.text(name));
            out.close(']');
        }
        out.close('}');
        out.key("message");
        out.raw(&envelope.write());
        out.close('}');
        text.push_str(&out.finish());
        text.push_str(",\n");
    }
    text.truncate(text.len() - 2);
    text.push_str("\n]\n");
    text
}

/// The pinned message.
fn entry<'a>(golden: Json<'a>, message: &MessageDescription) -> Json<'a> {
    let same = |entry: &Json<'a>| {
        entry.get("type").unwrap().text().unwrap() == message.name
            && entry.get("kind").unwrap().text().unwrap() == message.kind.name()
    };
    let entry = golden.items().find(same);
    entry.unwrap_or_else(|| panic!("no golden {} {}", message.kind.name(), message.name)).get("message").unwrap()
}

/// What it carries; of a reply the value.
fn payload<'a>(golden: Json<'a>, message: &MessageDescription) -> Json<'a> {
    let payload = entry(golden, message).get("p").unwrap();
    if message.answers.is_some() { payload.get("value").unwrap() } else { payload }
}

#[test]
fn every_message_is_read_and_written_as_it_is_pinned() {
    let golden = golden();
    let golden = Json::parse(&golden).unwrap();
    for message in messages() {
        let pinned = entry(golden, message).raw();
        assert_eq!(Envelope::read(pinned).unwrap().write(), pinned, "{}", message.name);
        let pinned = payload(golden, message).raw();
        assert_eq!((message.there_and_back)(pinned).unwrap(), pinned, "{} {}", message.kind.name(), message.name);
    }
}

#[test]
fn the_pinned_file_is_what_the_vocabulary_says() {
    let expected = write_golden();
    if golden() != expected {
        let path = folder().join("target/messages.json");
        fs::write(&path, expected).unwrap();
        panic!("the vocabulary changed: compare {} with tests/bridge/messages.json", path.display());
    }
}

#[test]
fn without_its_optional_fields_every_message_is_read_too() {
    let golden = golden();
    let golden = Json::parse(&golden).unwrap();
    for message in messages() {
        let payload = payload(golden, message);
        let mut out = Writer::new();
        out.open('{');
        for (name, value) in payload.members() {
            if message.record.fields.iter().any(|field| field.required && field.name == name) {
                out.key(&name);
                out.raw(value.raw());
            }
        }
        out.close('}');
        let text = out.finish();
        let back = (message.there_and_back)(&text).unwrap();
        let back = Json::parse(&back).unwrap();
        let text = Json::parse(&text).unwrap();
        for (name, value) in text.members() {
            assert_eq!(back.get(&name).unwrap().raw(), value.raw(), "{} {name}", message.name);
        }
    }
}

#[test]
fn every_message_of_the_source_is_in_the_vocabulary() {
    let mut missing = Vec::new();
    for file in fs::read_dir(folder().join("src/bridge")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") || path.ends_with("codec.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for message in text.split("\nmessage! {\n").skip(1) {
            let line = message.lines().find(|line| !line.trim_start().starts_with("///")).unwrap();
            let name = line.trim_start().split(',').next().unwrap();
            if !messages().any(|message| message.record.name == name) {
                missing.push(name.to_owned());
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "not in src/bridge/vocabulary.rs");
}

#[test]
fn a_name_and_a_kind_stand_for_one_record() {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for message in messages() {
        let key = (message.name, message.kind.name());
        assert!(!seen.contains(&key), "{key:?} twice");
        seen.push(key);
    }
}

#[test]
fn every_request_has_its_reply() {
    for request in messages().filter(|message| message.kind == Kind::Request) {
        let replies = messages().filter(|message| message.answers == Some(request.name)).count();
        assert_eq!(replies, 1, "{}", request.name);
    }
}
