//! What a push payload says, read by configurable paths. Everything in it is untrusted text, and anything may be
//! missing: reading never fails, it only finds less.

use std::borrow::Cow;

use super::PushKind;
use super::codec::from_name;
use super::json::{Json, Writer};

/// Letters of one value that are kept.
const VALUE_LETTERS: usize = 256;
/// Octets of a payload that is looked at. Push services allow 4 or 5 KiB.
const PAYLOAD_OCTETS: usize = 64 * 1024;

/// Where in a payload the facts may be: names of members and numbers of items, from 0, joined by dots, tried in order.
#[derive(Clone, Debug)]
pub struct PayloadPaths {
    /// The SIP Call-ID.
    pub sip_call_id: Vec<String>,
    /// The push's own id.
    pub push_id: Vec<String>,
    /// The caller's URI or number.
    pub from_uri: Vec<String>,
    /// The caller's name.
    pub display_name: Vec<String>,
    /// The called URI.
    pub to_uri: Vec<String>,
    /// The account it is for.
    pub account: Vec<String>,
    /// Whether it is a video call: a truth value, or the word `video`.
    pub video: Vec<String>,
    /// How long it is worth anything, in seconds.
    pub ttl: Vec<String>,
    /// When it was sent: epoch seconds or milliseconds, or `2026-01-31 12:00:00` in UTC.
    pub sent_at: Vec<String>,
    /// What it announces, in a word.
    pub kind: Vec<String>,
    /// Members at the top that the page may see as they are.
    pub pass_on: Vec<String>,
}

impl Default for PayloadPaths {
    fn default() -> Self {
        let list = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        Self {
            sip_call_id: list(&[
                "aps.call-id",
                "call-id",
                "call_id",
                "callId",
                "callid",
                "sipCallId",
                "metadata.call_id",
                "unique_key",
            ]),
            push_id: list(&["x-push-id", "X-Push-ID", "pushId", "push_id", "portsip-push-id"]),
            from_uri: list(&[
                "from-uri",
                "fromUri",
                "metadata.caller_number",
                "caller_number",
                "phonenumber",
                "send_from",
                "caller",
                "handle",
            ]),
            display_name: list(&[
                "display-name",
                "displayName",
                "metadata.caller_name",
                "caller_name",
                "caller_id",
                "callerName",
                "nameCaller",
                "aps.loc-args.0",
                "aps.alert.loc-args.0",
            ]),
            to_uri: list(&["to-uri", "toUri", "send_to"]),
            account: list(&["account"]),
            video: list(&["video", "isVideo", "hasVideo", "msg_type"]),
            ttl: list(&["pn_ttl", "ttl"]),
            sent_at: list(&["aps.send-time", "sentAt", "sent_at", "message_start_time"]),
            kind: list(&["cancel", "kind", "event", "aps.alert", "type"]),
            pass_on: Vec::new(),
        }
    }
}

/// What a payload says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushFacts {
    /// Whether it is an object at all.
    pub readable: bool,
    /// What it announces; a call unless it says otherwise.
    pub kind: PushKind,
    /// The SIP Call-ID.
    pub sip_call_id: Option<String>,
    /// The push's own id.
    pub push_id: Option<String>,
    /// The caller's URI or number.
    pub from_uri: Option<String>,
    /// The caller's name.
    pub display_name: Option<String>,
    /// The called URI.
    pub to_uri: Option<String>,
    /// The account it is for.
    pub account: Option<String>,
    /// Whether it is a video call.
    pub video: bool,
    /// How long it is worth anything.
    pub ttl_ms: Option<u64>,
    /// When it was sent, epoch milliseconds.
    pub sent_at: Option<u64>,
    /// What the page may see as it is: a JSON object.
    pub raw: String,
}

impl PushFacts {
    /// How old the push is at `wall`; 0 where that is not known.
    #[must_use]
    pub fn age_ms(&self, wall: u64) -> u64 {
        self.sent_at.map_or(0, |sent| wall.saturating_sub(sent))
    }

    /// Whether it is older than it says it may be.
    #[must_use]
    pub fn is_stale(&self, wall: u64) -> bool {
        self.ttl_ms.is_some_and(|ttl| ttl > 0 && self.age_ms(wall) > ttl)
    }
}

/// Reads a payload.
#[must_use]
pub fn read_push(payload: &str, paths: &PayloadPaths) -> PushFacts {
    let mut facts = PushFacts { kind: PushKind::Call, raw: "{}".to_owned(), ..PushFacts::default() };
    if payload.len() > PAYLOAD_OCTETS {
        return facts;
    }
    let Some(json) = Json::parse(payload).ok().filter(|json| json.is_object()) else { return facts };
    facts.readable = true;
    facts.sip_call_id = id(json, &paths.sip_call_id);
    facts.push_id = id(json, &paths.push_id);
    facts.from_uri = text(json, &paths.from_uri);
    facts.display_name = text(json, &paths.display_name);
    facts.to_uri = text(json, &paths.to_uri);
    facts.account = text(json, &paths.account);
    facts.video = found(json, &paths.video).any(is_true);
    facts.ttl_ms = found(json, &paths.ttl).find_map(number).map(|seconds| seconds.saturating_mul(1000));
    facts.sent_at = found(json, &paths.sent_at).find_map(point_in_time);
    for (path, value) in paths.kind.iter().filter_map(|path| at(json, path).map(|value| (path, value))) {
        // `cancel: true` says it by the name of the member.
        let word = if value.boolean() == Some(true) { Some(path.clone()) } else { value.text().map(Into::into) };
        let kind = word.map_or(PushKind::Unknown, |word| kind_of(&word));
        if kind != PushKind::Unknown {
            facts.kind = kind;
            break;
        }
    }
    let mut raw = Writer::new();
    raw.open('{');
    for (name, value) in json.members() {
        if paths.pass_on.iter().any(|allowed| *allowed == name) {
            raw.key(&name);
            raw.raw(value.raw());
        }
    }
    raw.close('}');
    facts.raw = raw.finish();
    facts
}

fn at<'a>(json: Json<'a>, path: &str) -> Option<Json<'a>> {
    let step = |json: Json<'a>, name: &str| match name.parse() {
        Ok(number) if json.is_array() => json.items().nth(number),
        _ => json.get(name),
    };
    path.split('.').try_fold(json, step).filter(|value| !value.is_null())
}

fn found<'a>(json: Json<'a>, paths: &'a [String]) -> impl Iterator<Item = Json<'a>> {
    paths.iter().filter_map(move |path| at(json, path))
}

/// An id is taken whole or not at all: a part of one would be another's.
fn id(json: Json<'_>, paths: &[String]) -> Option<String> {
    let mut whole = found(json, paths).filter_map(|value| value.text());
    let fits =
        |id: &Cow<'_, str>| !id.is_empty() && id.len() <= VALUE_LETTERS && id.bytes().all(|b| b.is_ascii_graphic());
    whole.find(fits).map(Cow::into_owned).or_else(|| found(json, paths).find_map(unquoted))
}

/// A number that somebody forgot to quote.
fn unquoted(value: Json<'_>) -> Option<String> {
    value.integer().map(|_| value.raw().chars().take(VALUE_LETTERS).collect())
}

fn text(json: Json<'_>, paths: &[String]) -> Option<String> {
    found(json, paths).find_map(|value| {
        let text = match value.text() {
            Some(text) => text.into_owned(),
            None => unquoted(value)?,
        };
        let text: String = text.chars().filter(|c| !is_dangerous(*c)).take(VALUE_LETTERS).collect();
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    })
}

/// Control characters, those that turn the direction of writing, end a line or are not seen at all: a caller's name could
/// pretend to be another. The joiners stay, which names in several scripts need.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn is_true(value: Json<'_>) -> bool {
    value.boolean() == Some(true)
        || value.integer() == Some(1)
        || value.text().is_some_and(|word| matches!(&*word, "video" | "true" | "1"))
}

fn number(value: Json<'_>) -> Option<u64> {
    value.integer().or_else(|| value.text().and_then(|text| text.parse().ok()))
}

fn kind_of(word: &str) -> PushKind {
    let letters: String =
        word.chars().take(64).filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    match letters.as_str() {
        "cancel" | "cancelled" | "canceled" | "callcancelled" | "callcanceled" => PushKind::Cancel,
        "answeredelsewhere" => PushKind::AnsweredElsewhere,
        "declinedelsewhere" => PushKind::DeclinedElsewhere,
        "missed" | "missedcall" => PushKind::Missed,
        "call" => PushKind::Call,
        _ => from_name(word),
    }
}

fn point_in_time(value: Json<'_>) -> Option<u64> {
    if let Some(number) = number(value) {
        // Seconds have ten digits for another two centuries.
        return Some(if number < 100_000_000_000 { number.saturating_mul(1000) } else { number });
    }
    let text = value.text()?;
    let mut fields = [0_u64; 6];
    let mut count = 0;
    for part in text.split(['-', ' ', 'T', ':', 'Z', '.']).filter(|part| !part.is_empty()).take(6) {
        *fields.get_mut(count)? = part.parse().ok()?;
        count += 1;
    }
    let [year, month, day, hour, minute, second] = fields;
    if count < 6 || !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days of the civil calendar since 1970-01-01, the year beginning in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    Some(((days * 24 + hour.min(23)) * 60 + minute.min(59)) * 60_000 + second.min(60) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: &str) -> PushFacts {
        read_push(payload, &PayloadPaths::default())
    }

    #[test]
    fn a_flexisip_payload_is_read() {
        let facts = read(
            r#"{"aps":{"sound":"","loc-key":"IC_MSG","call-id":"abc@host","uuid":"urn:uuid:1","send-time":"2026-01-01 12:00:00"},"from-uri":"sip:a@b","display-name":"Alice","pn_ttl":90}"#,
        );
        assert!(facts.readable && !facts.video);
        assert_eq!(facts.kind, PushKind::Call);
        assert_eq!(facts.sip_call_id.as_deref(), Some("abc@host"));
        assert_eq!(facts.from_uri.as_deref(), Some("sip:a@b"));
        assert_eq!(facts.display_name.as_deref(), Some("Alice"));
        assert_eq!((facts.ttl_ms, facts.sent_at), (Some(90_000), Some(1_767_268_800_000)));
        assert_eq!(facts.age_ms(1_767_268_805_000), 5_000);
        assert!(!facts.is_stale(1_767_268_890_000) && facts.is_stale(1_767_268_890_001));
    }

    #[test]
    fn a_payload_that_names_nobody_is_a_call() {
        let facts =
            read(r#"{"content-available":true,"custom":[{"name":"content-message","value":"incomming call"}]}"#);
        assert_eq!(facts, PushFacts { readable: true, kind: PushKind::Call, raw: "{}".to_owned(), ..facts.clone() });
        assert_eq!((facts.sip_call_id, facts.from_uri, facts.push_id), (None, None, None));
    }

    #[test]
    fn telnyx_and_portsip_payloads_are_read() {
        let facts = read(r#"{"metadata":{"call_id":"11","caller_name":"Bob","caller_number":15551234}}"#);
        assert_eq!(facts.display_name.as_deref(), Some("Bob"));
        assert_eq!(facts.from_uri.as_deref(), Some("15551234"));
        let facts = read(r#"{"x-push-id":"P-1","msg_type":"video","send_from":"sip:x@y","send_to":"sip:z@y"}"#);
        assert_eq!((facts.push_id.as_deref(), facts.video), (Some("P-1"), true));
        assert_eq!(facts.to_uri.as_deref(), Some("sip:z@y"));
    }

    /// What each sender writes, where its documents or its code show it.
    #[test]
    fn the_payloads_of_known_senders_are_read_without_being_told_how() {
        type Facts = (Option<&'static str>, Option<&'static str>, Option<&'static str>, Option<&'static str>);
        let cases: [(&str, &str, Facts); 9] = [
            (
                "Flexisip that shows nobody",
                r#"{"aps":{"sound":"","loc-key":"IC_MSG","loc-args":["Alice"],"call-id":"f1~x@h","uuid":"urn:uuid:1"},"from-uri":"","display-name":"","pn_ttl":90,"customPayload":{}}"#,
                (Some("f1~x@h"), None, None, Some("Alice")),
            ),
            (
                "Flexisip to the remote token",
                r#"{"aps":{"alert":{"loc-key":"IC_MSG","loc-args":["sip:a@b"]},"mutable-content":1},"call-id":"r1"}"#,
                (Some("r1"), None, None, Some("sip:a@b")),
            ),
            (
                "mod_apn",
                r#"{"content-available":true,"custom":[{"name":"content-message","value":"incomming call"}]}"#,
                (None, None, None, None),
            ),
            (
                "OpenSIPS by its script",
                r#"{"aps":{},"callid":"o1@h","uri":"sip:b@c"}"#,
                (Some("o1@h"), None, None, None),
            ),
            (
                "Telnyx",
                r#"{"aps":{"alert":{"title":"x"}},"metadata":{"call_id":"a0-1","caller_name":"Bob","caller_number":"+15551234","voice_sdk_id":"V"}}"#,
                (Some("a0-1"), None, Some("+15551234"), Some("Bob")),
            ),
            (
                "PortSIP",
                r#"{"message_id":"9","x-push-id":"11-22","msg_title":"t","msg_content":"c","msg_type":"audio","send_from":"sip:101@p","send_to":"sip:102@p"}"#,
                (None, Some("11-22"), Some("sip:101@p"), None),
            ),
            (
                "Vialer",
                r#"{"type":"call","unique_key":"k1","phonenumber":"0501","caller_id":"Eva","response_api":"https://x","message_start_time":1467711721.23,"attempt":1}"#,
                (Some("k1"), None, Some("0501"), Some("Eva")),
            ),
            (
                "react-native-voip-push-notification",
                r#"{"uuid":"u-1","callerName":"Carl","handle":"101"}"#,
                (None, None, Some("101"), Some("Carl")),
            ),
            ("nobody", "{}", (None, None, None, None)),
        ];
        for (sender, payload, expected) in cases {
            let facts = read(payload);
            let read = (
                facts.sip_call_id.as_deref(),
                facts.push_id.as_deref(),
                facts.from_uri.as_deref(),
                facts.display_name.as_deref(),
            );
            assert_eq!((read, facts.kind, facts.readable), (expected, PushKind::Call, true), "{sender}");
        }
        assert_eq!(read(r#"{"message_start_time":1467711721.23}"#).sent_at, Some(1_467_711_721_000));
    }

    #[test]
    fn paths_lead_through_lists_as_well() {
        let sip_call_id = vec!["a.1.b.0".to_owned()];
        let paths = PayloadPaths { sip_call_id, ..PayloadPaths::default() };
        let id = |payload: &str| read_push(payload, &paths).sip_call_id;
        assert_eq!(id(r#"{"a":[0,{"b":["X"]}]}"#).as_deref(), Some("X"));
        assert_eq!(id(r#"{"a":{"1":{"b":{"0":"X"}}}}"#).as_deref(), Some("X"), "a member may be called so, too");
        for payload in [r#"{"a":[0]}"#, r#"{"a":[0,[]]}"#, r#"{"a":"1"}"#, r#"{"a":[0,{"b":[]}]}"#] {
            assert_eq!(id(payload), None, "{payload}");
        }
        let far = PayloadPaths { sip_call_id: vec!["a.99999999999999999999".into()], ..PayloadPaths::default() };
        assert_eq!(read_push(r#"{"a":[1]}"#, &far).sip_call_id, None);
    }

    /// An id that is cut or cleaned would be the id of another call.
    #[test]
    fn an_id_is_taken_whole_or_not_at_all() {
        let id = |value: &str| read(&format!(r#"{{"call-id":"{value}"}}"#)).sip_call_id;
        assert_eq!(id(&"a".repeat(256)).map(|id| id.len()), Some(256));
        for bad in [&"a".repeat(257), "a b", "a\\u0000b", "\\u202ea", "é", "", " ", "a\\r\\nb"] {
            assert_eq!(id(bad), None, "{bad}");
        }
        assert_eq!(read(r#"{"aps":{"call-id":"a b"},"call-id":"c"}"#).sip_call_id.as_deref(), Some("c"));
        assert_eq!(read(r#"{"call-id":4711}"#).sip_call_id.as_deref(), Some("4711"));
    }

    /// Marks that turn the direction of writing or are not seen could make one caller look like another.
    #[test]
    fn a_callers_name_cannot_pretend_to_be_another() {
        for mark in [
            '\u{0}',
            '\u{7f}',
            '\u{9f}',
            '\u{61c}',
            '\u{200b}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{fff9}',
            '\u{e0041}',
        ] {
            let escaped: String = {
                let mut units = [0; 2];
                mark.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
            };
            for written in [escaped, mark.to_string()] {
                let payload =
                    format!(r#"{{"display-name":"B{written}ob","from-uri":"sip:{written}a@b","account":"{written}"}}"#);
                let facts = read(&payload);
                if !facts.readable {
                    // JSON itself forbids it as it is.
                    assert!(mark < ' ');
                    continue;
                }
                assert_eq!(facts.display_name.as_deref(), Some("Bob"), "{mark:?}");
                assert_eq!(facts.from_uri.as_deref(), Some("sip:a@b"), "{mark:?}");
                assert_eq!(facts.account, None);
            }
        }
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        assert_eq!(read(&format!(r#"{{"display-name":"{family}"}}"#)).display_name.as_deref(), Some(family));
    }

    /// Whatever stands where a fact should be, the others are read.
    #[test]
    fn values_of_the_wrong_kind_are_as_good_as_none() {
        let deep = format!("{}1{}", "[".repeat(14), "]".repeat(14));
        for wrong in ["null", "true", "[]", "{}", "[1]", r#"{"a":1}"#, "-1", "1e9", "\"\"", &deep] {
            let members = [
                "call-id",
                "x-push-id",
                "display-name",
                "to-uri",
                "account",
                "ttl",
                "sentAt",
                "kind",
                "video",
                "aps",
                "metadata",
            ];
            let mut payload = String::from("{");
            for member in members {
                payload.push_str(&format!("\"{member}\":{wrong},"));
            }
            payload.push_str(r#""from-uri":"sip:a@b"}"#);
            let facts = read(&payload);
            assert_eq!(facts.from_uri.as_deref(), Some("sip:a@b"), "{wrong}");
            assert_eq!((facts.sip_call_id, facts.push_id, facts.display_name), (None, None, None), "{wrong}");
            assert_eq!((facts.ttl_ms, facts.sent_at, facts.kind), (None, None, PushKind::Call), "{wrong}");
        }
        for (payload, readable) in [
            (format!("{{\"a\":{}{}}}", "[".repeat(15), "]".repeat(15)), true),
            (format!("{{\"a\":{}{}}}", "[".repeat(16), "]".repeat(16)), false),
            (format!("{{\"a\":\"{}\"}}", "x".repeat(PAYLOAD_OCTETS)), false),
            (format!("{{{}\"b\":1}}", "\"a\":1,".repeat(9_000)), true),
        ] {
            assert_eq!(read(&payload).readable, readable);
        }
    }

    #[test]
    fn pushes_that_are_no_calls_are_told_by_a_word() {
        for (payload, kind) in [
            (r#"{"kind":"cancel"}"#, PushKind::Cancel),
            (r#"{"cancel":true}"#, PushKind::Cancel),
            (r#"{"cancel":false}"#, PushKind::Call),
            (r#"{"aps":{"alert":"Missed call!"}}"#, PushKind::Missed),
            (r#"{"aps":{"alert":"Answered Elsewhere"}}"#, PushKind::AnsweredElsewhere),
            (r#"{"kind":"declinedElsewhere"}"#, PushKind::DeclinedElsewhere),
            (r#"{"type":"voip"}"#, PushKind::Call),
        ] {
            assert_eq!(read(payload).kind, kind, "{payload}");
        }
    }

    #[test]
    fn garbage_reads_as_nothing() {
        for payload in ["", "x", "[]", "7", "{", "null", &"[".repeat(100_000)] {
            assert_eq!(read(payload), PushFacts { kind: PushKind::Call, raw: "{}".to_owned(), ..PushFacts::default() });
        }
        let facts = read(r#"{"call-id":{"a":1},"from-uri":[],"display-name":null,"pn_ttl":-1,"ttl":"x","video":{}}"#);
        assert_eq!((facts.sip_call_id, facts.from_uri, facts.display_name, facts.ttl_ms), (None, None, None, None));
    }

    #[test]
    fn text_is_cut_and_cleaned() {
        let facts = read(&format!(r#"{{"display-name":"\u202e\u0000 Eve\n","from-uri":"{}"}}"#, "é".repeat(1000)));
        assert_eq!(facts.display_name.as_deref(), Some("Eve"));
        assert_eq!(facts.from_uri.unwrap().chars().count(), VALUE_LETTERS);
        assert_eq!(read(r#"{"display-name":" \u0007 ","caller_name":"Bob"}"#).display_name.as_deref(), Some("Bob"));
    }

    #[test]
    fn only_what_may_be_passed_on_is() {
        let paths = PayloadPaths { pass_on: vec!["custom".to_owned()], ..PayloadPaths::default() };
        assert_eq!(read_push(r#"{"token":"T","custom":{"a":[1]}}"#, &paths).raw, r#"{"custom":{"a":[1]}}"#);
    }

    #[test]
    fn points_in_time_are_read_in_every_form() {
        let sent = |text: &str| read(&format!(r#"{{"sentAt":{text}}}"#)).sent_at;
        assert_eq!(sent("1764000000"), Some(1_764_000_000_000));
        assert_eq!(sent("1764000000123"), Some(1_764_000_000_123));
        assert_eq!(sent("\"1970-01-01 00:00:00\""), Some(0));
        assert_eq!(sent("\"2024-02-29T23:59:59Z\""), Some(1_709_251_199_000));
        assert_eq!(sent("\"yesterday\""), None);
        assert_eq!(sent("\"2024-13-01 00:00:00\""), None);
        assert_eq!(sent("\"99999999999999999999-1-1 0:0:0\""), None);
    }
}
