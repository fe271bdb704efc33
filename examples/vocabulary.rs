//! Prints the vocabulary of the bridge as JSON. Of it `scripts/bridge.mjs` makes the manual, the schema and the types.

use sipwake::bridge::VERSION;
use sipwake::bridge::codec::{RecordDescription, Shape};
use sipwake::bridge::envelope::{Envelope, ReplyError};
use sipwake::bridge::json::Writer;
use sipwake::bridge::vocabulary::VOCABULARY;

fn main() {
    let mut out = Writer::new();
    out.open('{');
    out.key("version");
    out.integer(VERSION);
    out.key("envelope");
    record(Envelope::DESCRIPTION, &mut out);
    out.key("error");
    record(ReplyError::DESCRIPTION, &mut out);
    out.key("families");
    out.open('[');
    for family in VOCABULARY {
        out.open('{');
        text("title", family.title, &mut out);
        out.key("messages");
        out.open('[');
        for message in family.messages {
            out.open('{');
            text("type", message.name, &mut out);
            text("kind", message.kind.name(), &mut out);
            text("from", message.sender.name(), &mut out);
            if let Some(request) = message.answers {
                text("answers", request, &mut out);
            }
            out.key("record");
            record(message.record, &mut out);
            out.close('}');
        }
        out.close(']');
        out.close('}');
    }
    out.close(']');
    out.close('}');
    println!("{}", out.finish());
}

fn text(key: &str, value: &str, out: &mut Writer) {
    out.key(key);
    out.text(value.trim());
}

fn record(record: &RecordDescription, out: &mut Writer) {
    out.open('{');
    text("name", record.name, out);
    text("doc", record.doc, out);
    out.key("fields");
    out.open('[');
    for field in record.fields {
        out.open('{');
        text("name", field.name, out);
        text("doc", field.doc, out);
        out.key("required");
        out.boolean(field.required);
        out.key("shape");
        shape(field.shape, out);
        out.close('}');
    }
    out.close(']');
    out.close('}');
}

/// A word for what is simple, else an object with one member.
fn shape(of: Shape, out: &mut Writer) {
    match of {
        Shape::Text => out.text("text"),
        Shape::Secret => out.text("secret"),
        Shape::Integer => out.text("integer"),
        Shape::Boolean => out.text("boolean"),
        Shape::Names(list) => {
            out.open('{');
            out.key("names");
            out.open('{');
            text("name", list.name, out);
            text("doc", list.doc, out);
            out.key("values");
            out.open('[');
            for (name, doc) in list.names.iter().zip(list.docs) {
                out.open('{');
                text("name", name, out);
                text("doc", doc, out);
                out.close('}');
            }
            out.close(']');
            out.close('}');
            out.close('}');
        }
        Shape::Record(of) => {
            out.open('{');
            out.key("record");
            record(of, out);
            out.close('}');
        }
        Shape::List(of) => {
            out.open('{');
            out.key("list");
            shape(*of, out);
            out.close('}');
        }
        _ => out.text("any"),
    }
}
