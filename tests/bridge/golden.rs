//! Every message as it stands on the wire. `messages.json` is what other hosts and pages are written against: a
//! message may get new optional fields and new names, nothing else may change.

use std::fs;
use std::path::PathBuf;

use sipwake::bridge::call::CallRequestReply;
use sipwake::bridge::codec::{FieldDescription, ReadRecord, Shape, WriteRecord};
use sipwake::bridge::json::{Json, Writer};
use sipwake::bridge::{
    AppResumed, AppState, AudioActivated, AudioDeactivated, AudioDone, AudioSetRoute, CallEnded, CallIncoming,
    CallIncomingReply, CallPerform, CallPerformReply, CallPerformTimedOut, CallRequest, CallState, CallUpdate, Hello,
    Log, MediaAccept, MediaClose, MediaDirection, MediaDone, MediaDtmf, MediaFailed, MediaMicrophone, MediaMute,
    MediaOffer, MediaOpen, MediaReport, MediaRollback, MediaSdp, MediaSetAnswer, MediaState, MediaStats,
    NetworkChanged, Payload, Ping, Pong, ProviderReset, PushIncoming, PushIncomingReply, PushResolved, PushToken,
    Ready, RegState, RequestToken, SessionReset, StateLoad, StateLoadReply, StateSave, StateSaveReply, TimerClear,
    TimerFired, TimerSet, Welcome, WillSuspend, WillSuspendReply, WsClose, WsClosed, WsFailed, WsMessage, WsOpen,
    WsOpened, WsSend, read_payload, write_payload,
};

/// One message type, with what the test needs of it.
struct Type {
    name: &'static str,
    kind: &'static str,
    fields: &'static [FieldDescription],
    /// Reads and writes a payload.
    there_and_back: fn(&str) -> String,
}

fn there_and_back<P: Payload + ReadRecord + WriteRecord>(text: &str) -> String {
    write_payload(&read_payload::<P>(text).unwrap())
}

macro_rules! types {
    ($($type:ident),* $(,)?) => {
        vec![$(Type {
            name: $type::TYPE,
            kind: $type::KIND.name(),
            fields: $type::DESCRIPTION,
            there_and_back: there_and_back::<$type>,
        }),*]
    };
}

fn types() -> Vec<Type> {
    types![
        Hello,
        Welcome,
        Ready,
        SessionReset,
        Ping,
        Pong,
        PushToken,
        RequestToken,
        PushIncoming,
        PushIncomingReply,
        PushResolved,
        CallIncoming,
        CallIncomingReply,
        CallUpdate,
        CallState,
        CallEnded,
        CallRequest,
        CallRequestReply,
        CallPerform,
        CallPerformReply,
        CallPerformTimedOut,
        ProviderReset,
        AppState,
        WillSuspend,
        WillSuspendReply,
        AppResumed,
        StateSave,
        StateSaveReply,
        StateLoad,
        StateLoadReply,
        RegState,
        NetworkChanged,
        AudioActivated,
        AudioDeactivated,
        AudioSetRoute,
        AudioDone,
        Log,
        WsOpen,
        WsSend,
        WsClose,
        WsOpened,
        WsMessage,
        WsClosed,
        WsFailed,
        TimerSet,
        TimerClear,
        TimerFired,
        MediaOpen,
        MediaOffer,
        MediaAccept,
        MediaSetAnswer,
        MediaMicrophone,
        MediaDirection,
        MediaRollback,
        MediaDtmf,
        MediaMute,
        MediaStats,
        MediaClose,
        MediaSdp,
        MediaReport,
        MediaDone,
        MediaState,
        MediaFailed,
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn golden() -> String {
    fs::read_to_string(folder().join("tests/bridge/messages.json")).unwrap()
}

/// A sample of every field, and the names that each may have.
fn sample(fields: &[FieldDescription], path: &str, out: &mut Writer, names: &mut Vec<(String, Vec<&'static str>)>) {
    out.open('{');
    for field in fields {
        out.key(field.name);
        let path = format!("{path}{}", field.name);
        sample_value(field.shape, field.name, &path, out, names);
    }
    out.close('}');
}

fn sample_value(shape: Shape, name: &str, path: &str, out: &mut Writer, names: &mut Vec<(String, Vec<&'static str>)>) {
    match shape {
        Shape::Text | Shape::Secret => out.text(&format!("a {name}")),
        Shape::Integer => out.integer(1000 + name.len() as u64),
        Shape::Boolean => out.boolean(true),
        Shape::Names(list) => {
            names.push((path.to_owned(), list.to_vec()));
            out.text(list.last().unwrap());
        }
        Shape::Record(fields) => sample(fields, &format!("{path}."), out, names),
        Shape::List(shape) => {
            out.open('[');
            sample_value(*shape, name, path, out, names);
            out.close(']');
        }
        Shape::Any => out.raw(r#"{"any":[1,"x"]}"#),
        _ => panic!("a shape that the golden file does not know"),
    }
}

fn write_golden() -> String {
    let mut text = String::from("[\n");
    for message in types() {
        let mut payload = Writer::new();
        let mut names = Vec::new();
        sample(message.fields, "", &mut payload, &mut names);
        let mut out = Writer::new();
        out.open('{');
        out.key("type");
        out.text(message.name);
        out.key("kind");
        out.text(message.kind);
        out.key("required");
        out.open('[');
        message.fields.iter().filter(|field| field.required).for_each(|field| out.text(field.name));
        out.close(']');
        out.key("names");
        out.open('{');
        for (path, list) in names {
            out.key(&path);
            out.open('[');
            list.iter().for_each(|name| out.text(name));
            out.close(']');
        }
        out.close('}');
        out.key("p");
        out.raw(&payload.finish());
        out.close('}');
        text.push_str(&out.finish());
        text.push_str(",\n");
    }
    text.truncate(text.len() - 2);
    text.push_str("\n]\n");
    text
}

fn entry<'a>(golden: Json<'a>, message: &Type) -> Json<'a> {
    let same = |entry: &Json<'a>| {
        entry.get("type").unwrap().text().unwrap() == message.name
            && entry.get("kind").unwrap().text().unwrap() == message.kind
    };
    golden.items().find(same).unwrap_or_else(|| panic!("no golden {} {}", message.kind, message.name))
}

#[test]
fn every_message_is_read_and_written_as_it_is_pinned() {
    let golden = golden();
    let golden = Json::parse(&golden).unwrap();
    for message in types() {
        let pinned = entry(golden, &message).get("p").unwrap().raw();
        assert_eq!((message.there_and_back)(pinned), pinned, "{} {}", message.kind, message.name);
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
    for message in types() {
        let payload = entry(golden, &message).get("p").unwrap();
        let mut out = Writer::new();
        out.open('{');
        for (name, value) in payload.members() {
            if message.fields.iter().any(|field| field.required && field.name == name) {
                out.key(&name);
                out.raw(value.raw());
            }
        }
        out.close('}');
        let text = out.finish();
        let back = (message.there_and_back)(&text);
        let back = Json::parse(&back).unwrap();
        let text = Json::parse(&text).unwrap();
        for (name, value) in text.members() {
            assert_eq!(back.get(&name).unwrap().raw(), value.raw(), "{} {name}", message.name);
        }
    }
}

#[test]
fn every_message_of_the_source_is_pinned() {
    let mut found = 0;
    for file in fs::read_dir(folder().join("src/bridge")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") || path.ends_with("codec.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        found += text.lines().filter(|line| line.trim_start().starts_with("message! {")).count();
    }
    assert_eq!(found, types().len());
}
