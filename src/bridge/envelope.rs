//! What is around every message.

use super::VERSION;
use super::codec::{RawJson, names, read_record, record, write_record};
use super::json::{Json, Writer};

names! {
    /// What a message is.
    Kind {
        /// Told, not answered.
        Event = "event",
        /// Answered by one reply; an action by two: `pending` and the final one.
        Request = "request",
        /// The answer.
        Reply = "reply",
    }
}

record! {
    /// A SIP status behind an error or an end.
    SipStatus {
        /// The status code.
        status "status": u64,
        /// The reason phrase.
        phrase "phrase": Option<String>,
        /// The Reason header.
        reason "reason": Option<String>,
    }
}

record! {
    /// Why a request was not done.
    ReplyError {
        /// A stable word.
        code "code": String,
        /// For developers; nothing depends on it.
        message "message": String,
        /// Whether the same request may succeed later.
        retryable "retryable": bool,
        /// The SIP status behind it.
        sip "sip": Option<SipStatus>,
    }
}

record! {
    /// The payload of every reply.
    ReplyBody {
        /// Whether `value` is there, or `error`.
        ok "ok": bool,
        /// The answer.
        value "value": Option<RawJson>,
        /// Why there is none.
        error "error": Option<ReplyError>,
    }
}

record! {
    /// The envelope, with the payload still as text.
    Envelope {
        /// Version of the bridge.
        v "v": u64,
        /// Name of the message.
        message_type "type": String,
        /// Id, unique per sender and session.
        id "id": String,
        /// What it is.
        kind "kind": Kind,
        /// The session; none in `hello` only.
        session "session": Option<String>,
        /// Number in its direction, from 1, without gaps; 0 in `hello`.
        seq "seq": u64,
        /// Highest number received in order from the other side.
        ack "ack": u64,
        /// Epoch milliseconds when it was sent.
        at "at": u64,
        /// Of a reply: the id of its request.
        re "re": Option<String>,
        /// Of a request: the milliseconds left.
        deadline_ms "deadlineMs": Option<u64>,
        /// The payload.
        payload "p": Option<RawJson>,
    }
}

/// Why an envelope was not taken. Nothing else changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvelopeError {
    /// Not JSON, too deep, or not this shape.
    Shape,
    /// Another version.
    Version,
}

impl Envelope {
    /// Reads an envelope.
    ///
    /// # Errors
    /// It is not one, or not of this version.
    pub fn read(text: &str) -> Result<Self, EnvelopeError> {
        let json = Json::parse(text).map_err(|_| EnvelopeError::Shape)?;
        let mut envelope = Self::default();
        read_record(&mut envelope, json).map_err(|_| EnvelopeError::Shape)?;
        if envelope.v != VERSION {
            return Err(EnvelopeError::Version);
        }
        // A message of a kind that is not known cannot be acknowledged with sense, so it is refused whole.
        if envelope.kind == Kind::Unknown || (envelope.kind == Kind::Reply) != envelope.re.is_some() {
            return Err(EnvelopeError::Shape);
        }
        Ok(envelope)
    }

    /// Writes it. `session` is there even where it is null.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = Writer::new();
        write_record(self, &mut out);
        let mut text = out.finish();
        if self.session.is_none() && text.ends_with('}') {
            text.pop();
            text.push_str(",\"session\":null}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_survives_the_way() {
        let envelope = Envelope {
            v: 1,
            message_type: "call.perform".to_owned(),
            id: "h-1".to_owned(),
            kind: Kind::Request,
            session: Some("s".to_owned()),
            seq: 4,
            ack: 2,
            at: 1_764_000_000_000,
            re: None,
            deadline_ms: Some(9_000),
            payload: Some(RawJson(r#"{"a":1}"#.to_owned())),
        };
        let text = envelope.write();
        assert_eq!(
            text,
            r#"{"v":1,"type":"call.perform","id":"h-1","kind":"request","session":"s","seq":4,"ack":2,"at":1764000000000,"deadlineMs":9000,"p":{"a":1}}"#
        );
        assert_eq!(Envelope::read(&text), Ok(envelope));
    }

    #[test]
    fn a_session_that_is_not_there_yet_is_written_as_null() {
        let envelope = Envelope { v: 1, kind: Kind::Request, ..Envelope::default() };
        assert!(envelope.write().ends_with(",\"session\":null}"));
        assert_eq!(Envelope::read(&envelope.write()), Ok(envelope));
    }

    #[test]
    fn other_versions_and_shapes_are_refused() {
        let good = r#"{"v":1,"type":"t","id":"i","kind":"event","session":"s","seq":1,"ack":0,"at":1,"p":{}}"#;
        assert!(Envelope::read(good).is_ok());
        assert_eq!(Envelope::read(&good.replace("\"v\":1", "\"v\":2")), Err(EnvelopeError::Version));
        for (from, to) in [
            ("\"v\":1,", ""),
            ("\"event\"", "\"shout\""),
            ("\"event\"", "\"reply\""),
            ("\"seq\":1", "\"seq\":\"1\""),
            ("\"ack\":0", "\"ack\":-1"),
            ("\"id\":\"i\"", "\"id\":7"),
            ("{}}", "{}"),
        ] {
            assert_eq!(Envelope::read(&good.replace(from, to)), Err(EnvelopeError::Shape), "{from} -> {to}");
        }
    }
}
