//! Bad input over the bridge, for every field of every message and for both sides: it is counted, answered where a
//! reply is due, shown in no trace, and changes nothing.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use serde_json::{Map, Value, json};
use sipwake::bridge::codec::{RecordDescription, Shape};
use sipwake::bridge::vocabulary::{MessageDescription, Sender, messages};
use sipwake::bridge::{CallAction, Kind};
use sipwake::common::limits;
use sipwake::host::{Effect, HostInput, HostOptions};
use sipwake::io::{ErrorCode, Event, Input, Output};

use crate::scenario::Note;
use crate::shell::ORIGIN;
use crate::wake::push_account;
use crate::world::World;

/// What stands in every secret of the samples.
const MARK: &str = "SECRET-4711";

fn sample(record: &RecordDescription) -> Value {
    Value::Object(record.fields.iter().map(|field| (field.name.to_owned(), sample_of(field.shape))).collect())
}

fn sample_of(shape: Shape) -> Value {
    match shape {
        Shape::Secret => json!(MARK),
        Shape::Text => json!("text"),
        Shape::Integer => json!(1),
        Shape::Boolean => json!(true),
        Shape::Names(list) => json!(list.names[0]),
        Shape::Record(record) => sample(record),
        Shape::List(shape) => json!([sample_of(*shape)]),
        _ => json!({"any": MARK}),
    }
}

/// Values of every type that this one is not.
fn wrong(shape: Shape) -> Vec<Value> {
    let all = [json!("7"), json!(7), json!(-1), json!(1e20), json!(true), json!([7]), json!({"a": 7})];
    let fits = |value: &Value| match shape {
        Shape::Text | Shape::Secret | Shape::Names(_) => value.is_string(),
        Shape::Integer => value.is_u64(),
        Shape::Boolean => value.is_boolean(),
        Shape::Record(_) => value.is_object(),
        Shape::List(_) => value.is_array(),
        _ => true,
    };
    all.into_iter().filter(|value| !fits(value)).collect()
}

/// Every payload that is wrong in one place, and where.
fn variations(record: &RecordDescription) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    vary(record, &sample(record), "", &mut |path, payload| found.push((path, payload)));
    found
}

fn vary(record: &RecordDescription, whole: &Value, path: &str, found: &mut dyn FnMut(String, Value)) {
    let with = |name: &str, value: Option<Value>| {
        let mut changed: Map<String, Value> = whole.as_object().unwrap().clone();
        match value {
            Some(value) => changed.insert(name.to_owned(), value),
            None => changed.remove(name),
        };
        Value::Object(changed)
    };
    for field in record.fields {
        let here = format!("{path}/{}", field.name);
        if field.required {
            found(format!("{here} missing"), with(field.name, None));
            found(format!("{here} null"), with(field.name, Some(Value::Null)));
        }
        for value in wrong(field.shape) {
            found(format!("{here} {value}"), with(field.name, Some(value)));
        }
        match field.shape {
            Shape::Record(inner) => vary(inner, &whole[field.name], &here, &mut |path, value| {
                found(path, with(field.name, Some(value)));
            }),
            Shape::List(inner) => {
                for value in wrong(*inner) {
                    found(format!("{here}/1 {value}"), with(field.name, Some(json!([sample_of(*inner), value]))));
                }
                if let Shape::Record(inner) = *inner {
                    vary(inner, &sample(inner), &here, &mut |path, value| {
                        found(path, with(field.name, Some(json!([value]))))
                    });
                }
            }
            _ => {}
        }
    }
}

/// Fails with the place where two digests part.
fn same(after: &str, before: &str, what: &str) {
    if after != before {
        let at = after.bytes().zip(before.bytes()).take_while(|(a, b)| a == b).count().saturating_sub(80);
        let part = |text: &str| text.bytes().skip(at).take(240).map(char::from).collect::<String>();
        panic!("{what} changed something:\n{}\n{}", part(before), part(after));
    }
}

/// One side of a session that has a call, and what it is told by hand from here on.
struct Victim {
    world: World,
    phone: usize,
    host: bool,
    session: Value,
    seq: u64,
    ack: u64,
    id: u32,
}

/// What one text did.
#[derive(Debug, Default)]
struct Seen {
    posted: Vec<Value>,
    problems: usize,
    other: Vec<String>,
    trace: String,
}

impl Victim {
    /// The page, or the host, of a phone that is in a call.
    fn new(host: bool) -> Self {
        let mut world = World::new();
        let (alice, alices) = world.add_registered("alice");
        let options = HostOptions { timers: host, keep_awake: true, credentials: true, ..HostOptions::default() };
        let phone = world.add_iphone_with(push_account("bob"), options);
        world.call(alice, alices, "bob");
        world.run(500);
        world.perform(phone, CallAction::Answer);
        world.run(5_000);
        // Nothing of what follows is the first to see this moment.
        world.input(phone, Input::Timeout);
        let log = &world.shell(phone).log;
        let texts = log.iter().filter_map(|(_, note)| match note {
            Note::ToHost(text) => Some((true, text)),
            Note::ToPage(text) => Some((false, text)),
            _ => None,
        });
        let messages: Vec<(bool, Value)> =
            texts.map(|(to_host, text)| (to_host, serde_json::from_str(text).unwrap())).collect();
        let highest = |to_host| {
            let of = messages.iter().filter(|(to, _)| *to == to_host);
            of.filter_map(|(_, message)| message["seq"].as_u64()).max().unwrap()
        };
        let session = messages.last().unwrap().1["session"].clone();
        let (seq, ack) = (highest(host), highest(!host));
        Self { world, phone, host, session, seq, ack, id: 0 }
    }

    /// A message that nothing is wrong with but its payload.
    fn envelope(&mut self, name: &str, kind: Kind, payload: Value) -> Value {
        self.id += 1;
        json!({"v": 1, "type": name, "id": format!("bad-{}", self.id), "kind": kind.name(), "session": self.session,
            "seq": self.seq + 1, "ack": self.ack, "at": 1_764_000_000_000_u64, "p": payload})
    }

    fn tell(&mut self, text: String) -> Seen {
        let now = self.world.clock();
        let mut seen = Seen::default();
        let phone = &mut self.world.phones[self.phone];
        if self.host {
            let host = &mut phone.shell.as_mut().unwrap().host;
            host.handle(now, HostInput::PageMessage { main_frame: true, origin: ORIGIN.to_owned(), text });
            while let Some(effect) = host.poll() {
                match effect {
                    Effect::Post(text) => seen.posted.push(serde_json::from_str(&text).unwrap()),
                    Effect::Problem(_) => seen.problems += 1,
                    Effect::Timer(_) => {}
                    other => seen.other.push(format!("{other:?}")),
                }
            }
        } else {
            phone.endpoint.handle(now, Input::Host(text));
            while let Some(output) = phone.endpoint.poll() {
                match output {
                    Output::Host(text) => seen.posted.push(serde_json::from_str(&text).unwrap()),
                    Output::Event(Event::Trace(entry)) => seen.trace.push_str(&entry.text),
                    Output::Event(Event::Problem { error, .. }) => {
                        assert_eq!(error.code, ErrorCode::BadBridgeMessage);
                        seen.problems += 1;
                    }
                    Output::Timer(_) => {}
                    other => seen.other.push(format!("{other:?}")),
                }
            }
        }
        let highest = seen.posted.iter().filter_map(|message| message["seq"].as_u64()).max();
        self.ack = self.ack.max(highest.unwrap_or(0));
        seen
    }

    /// Everything but the session itself.
    fn digest(&self) -> String {
        let phone = &self.world.phones[self.phone];
        if self.host {
            return phone.shell.as_ref().unwrap().host.digest();
        }
        let text = format!("{:?}", phone.endpoint);
        // When the engine wants to be woken is the session's matter too.
        let (before, after) = text.split_once("told_timer: ").unwrap();
        format!("{before}{}", after.split_once(", last: ").unwrap().1)
    }

    /// What is told to this side, but for replies and what the session itself is made of.
    fn addressed(&self) -> impl Iterator<Item = &'static MessageDescription> {
        let sender = if self.host { Sender::Page } else { Sender::Host };
        messages().filter(move |message| {
            (message.sender == sender || message.sender == Sender::Both)
                && message.kind != Kind::Reply
                && !matches!(message.name, "ack" | "hello")
        })
    }

    /// Tells one message, of which it is known that it is refused.
    fn refused(&mut self, what: &str, message: &Value) {
        let before = self.digest();
        let request = message["kind"] == "request";
        let seen = self.tell(message.to_string());
        assert_eq!(seen.problems, 1, "{what}: not counted: {seen:?}");
        assert_eq!(seen.other, Vec::<String>::new(), "{what}");
        same(&self.digest(), &before, what);
        assert!(!seen.trace.contains(MARK), "{what}: {}", seen.trace);
        let replies: Vec<_> = seen.posted.iter().filter(|posted| posted["kind"] == "reply").collect();
        assert_eq!(replies.len(), usize::from(request), "{what}");
        if request {
            assert_eq!(
                (&replies[0]["re"], &replies[0]["p"]["error"]["code"]),
                (&message["id"], &json!("badPayload")),
                "{what}"
            );
        }
        assert!(!seen.posted.iter().any(|posted| posted.to_string().contains(MARK)), "{what}: quoted");
    }
}

/// Whether a message ends the session, so that nothing after it has a number.
fn is_numbered(name: &str) -> bool {
    name != "session.reset"
}

fn every_field_of_every_message(host: bool) {
    let mut victim = Victim::new(host);
    let mut tried = 0;
    for message in victim.addressed().collect::<Vec<_>>() {
        for (path, payload) in variations(message.record) {
            let envelope = victim.envelope(message.name, message.kind, payload);
            victim.refused(&format!("{} {path}", message.name), &envelope);
            victim.seq += u64::from(is_numbered(message.name));
            tried += 1;
        }
    }
    assert!(tried > 500, "{tried}");
    // And it still listens.
    let envelope = victim.envelope("ping", Kind::Request, json!({"at": 5}));
    let seen = victim.tell(envelope.to_string());
    assert_eq!(seen.posted[0]["type"], "pong");
}

#[test]
fn a_page_takes_no_field_of_a_wrong_type_and_misses_none_that_must_be_there() {
    every_field_of_every_message(false);
}

#[test]
fn a_host_takes_no_field_of_a_wrong_type_and_misses_none_that_must_be_there() {
    every_field_of_every_message(true);
}

#[test]
fn a_payload_that_is_no_object_is_refused() {
    for host in [false, true] {
        let mut victim = Victim::new(host);
        for message in victim.addressed().collect::<Vec<_>>() {
            if message.record.fields.is_empty() {
                continue;
            }
            for payload in [json!("x"), json!(7), json!([]), json!(true), json!({}), Value::Null] {
                if message.record.fields.iter().all(|field| !field.required)
                    && (payload == json!({}) || payload.is_null())
                {
                    continue;
                }
                let what = format!("{} {payload}", message.name);
                let envelope = victim.envelope(message.name, message.kind, payload);
                victim.refused(&what, &envelope);
                victim.seq += u64::from(is_numbered(message.name));
            }
        }
    }
}

/// Envelopes that are wrong: changes of a good one.
fn bad_envelopes(good: &Value) -> Vec<(String, String)> {
    let mut bad = Vec::new();
    for (field, value) in [
        ("v", json!(2)),
        ("v", json!("1")),
        ("v", Value::Null),
        ("type", json!(7)),
        ("type", Value::Null),
        ("id", json!(7)),
        ("id", Value::Null),
        ("kind", json!("shout")),
        ("kind", json!(7)),
        ("kind", Value::Null),
        ("kind", json!("reply")),
        ("session", json!("11111111-2222-4333-8444-555555555555")),
        ("session", json!("")),
        ("session", json!(7)),
        ("session", Value::Null),
        ("seq", json!(-1)),
        ("seq", json!("1")),
        ("seq", Value::Null),
        ("seq", json!(0)),
        ("seq", json!(1e20)),
        ("ack", json!(u64::MAX)),
        ("ack", json!(-1)),
        ("ack", Value::Null),
        ("at", json!("now")),
        ("at", Value::Null),
        ("re", json!("bad-1")),
        ("re", json!(7)),
        ("deadlineMs", json!("soon")),
    ] {
        let mut changed = good.clone();
        changed[field] = value.clone();
        bad.push((format!("{field} {value}"), changed.to_string()));
    }
    let text = good.to_string();
    bad.push(("half of it".to_owned(), text[..text.len() / 2].to_owned()));
    bad.push(("twice".to_owned(), text.clone() + &text));
    for (what, text) in [
        ("nothing", ""),
        ("null", "null"),
        ("a list", "[]"),
        ("a number", "7"),
        ("a text", "\"{}\""),
        ("no JSON", "\u{0}\u{7f}é"),
    ] {
        bad.push((what.to_owned(), text.to_owned()));
    }
    bad.push(("deep".to_owned(), "[".repeat(100_000)));
    let long = |octets: usize| {
        let mut changed = good.clone();
        changed["future"] = json!("x".repeat(octets));
        changed.to_string()
    };
    bad.push(("more than a mebibyte".to_owned(), long(limits::BRIDGE_MESSAGE_OCTETS)));
    bad
}

#[test]
fn an_envelope_that_is_forged_broken_or_too_long_is_counted_and_does_nothing() {
    for host in [false, true] {
        let mut victim = Victim::new(host);
        let good = victim.envelope("ping", Kind::Request, json!({"at": 5}));
        for (what, text) in bad_envelopes(&good) {
            let before = victim.digest();
            let seen = victim.tell(text);
            assert_eq!((seen.problems, &seen.other), (1, &Vec::new()), "host {host}: {what}: {seen:?}");
            assert!(seen.posted.iter().all(|posted| posted["kind"] == "event"), "{what}: {seen:?}");
            same(&victim.digest(), &before, &what);
        }
        // The good one was not used up by any of them.
        let seen = victim.tell(good.to_string());
        assert_eq!((seen.problems, &seen.posted[0]["type"]), (0, &json!("pong")), "host {host}");
    }
}

#[test]
fn a_message_that_comes_again_or_after_a_gap_is_not_taken_and_the_sender_hears_at_once_what_is_there() {
    for host in [false, true] {
        let mut victim = Victim::new(host);
        let mut gap = victim.envelope("ping", Kind::Request, json!({"at": 5}));
        gap["seq"] = json!(victim.seq + 2);
        let before = victim.digest();
        let seen = victim.tell(gap.to_string());
        assert_eq!(seen.problems, 1);
        let acks: Vec<_> = seen.posted.iter().filter(|posted| posted["type"] == "ack").collect();
        assert_eq!(acks[0]["ack"], json!(victim.seq));
        let good = victim.envelope("ping", Kind::Request, json!({"at": 5}));
        assert_eq!(victim.tell(good.to_string()).posted[0]["type"], "pong");
        victim.seq += 1;
        for _ in 0..3 {
            let seen = victim.tell(good.to_string());
            assert_eq!((seen.problems, seen.posted.len()), (0, 1), "{seen:?}");
            assert_eq!((&seen.posted[0]["type"], &seen.posted[0]["ack"]), (&json!("ack"), &json!(victim.seq)));
        }
        same(&victim.digest(), &before, "at the end");
    }
}

#[test]
fn an_unknown_request_is_answered_and_an_unknown_event_or_reply_is_not() {
    for host in [false, true] {
        let mut victim = Victim::new(host);
        let before = victim.digest();
        let event = victim.envelope("future.thing", Kind::Event, json!({"token": MARK}));
        let seen = victim.tell(event.to_string());
        assert_eq!((seen.problems, seen.other.len()), (0, 0));
        assert!(!seen.trace.contains(MARK));
        victim.seq += 1;
        let request = victim.envelope("future.thing", Kind::Request, json!({"token": MARK}));
        let seen = victim.tell(request.to_string());
        let reply = seen.posted.iter().find(|posted| posted["kind"] == "reply").unwrap();
        assert_eq!((&reply["re"], &reply["p"]["error"]["code"]), (&request["id"], &json!("unknownType")));
        assert!(!reply.to_string().contains(MARK));
        victim.seq += 1;
        for message in messages().filter(|message| message.kind == Kind::Reply) {
            let mut reply =
                victim.envelope(message.name, Kind::Reply, json!({"ok": true, "value": sample(message.record)}));
            reply["re"] = json!("nobody-1");
            victim.refused(&format!("a reply to nothing: {}", message.name), &reply);
            victim.seq += 1;
        }
        same(&victim.digest(), &before, "at the end");
    }
}

#[test]
fn a_page_that_cannot_say_hello_is_told_so() {
    let mut victim = Victim::new(true);
    let record = messages().find(|message| message.name == "hello").unwrap().record;
    for (path, payload) in variations(record) {
        let mut hello = victim.envelope("hello", Kind::Request, payload);
        hello["session"] = Value::Null;
        hello["seq"] = json!(0);
        hello["ack"] = json!(0);
        victim.refused(&format!("hello {path}"), &hello);
    }
}

#[test]
fn fields_and_names_of_the_future_are_read() {
    for message in messages() {
        let good = sample(message.record);
        let there = |payload: &Value| (message.there_and_back)(&payload.to_string());
        let mut more = good.clone();
        more["future"] = json!({"deep": [1, {"a": null}]});
        assert_eq!(there(&more), there(&good), "{}", message.name);
        for field in message.record.fields {
            if let Shape::Names(_) = field.shape {
                let mut future = good.clone();
                future[field.name] = json!("ofTheFuture");
                let read: Value = serde_json::from_str(&there(&future).unwrap()).unwrap();
                assert_eq!(read[field.name], "unknown", "{} {}", message.name, field.name);
            }
        }
    }
}
