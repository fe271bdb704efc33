//! A message as the trace may show it.

use super::json::{Json, Writer};
use crate::common::search;

const PLACEHOLDER: &str = "[redacted]";

/// The message without what opens a door or identifies a device: tokens, secrets, descriptions, SIP texts (of which
/// the first line stays, without URI parameters), binary data. What is not JSON is not shown at all.
#[must_use]
pub fn redact(text: &str) -> String {
    let Ok(json) = Json::parse(text) else { return "[not a bridge message]".to_owned() };
    let sip = json.get("type").and_then(Json::text).is_some_and(|name| name.starts_with("ws."));
    let mut out = Writer::new();
    walk(json, sip, &mut out);
    out.finish()
}

fn walk(json: Json<'_>, sip: bool, out: &mut Writer) {
    if json.is_object() {
        out.open('{');
        for (name, value) in json.members() {
            out.key(&name);
            if value.is_null() || value.boolean().is_some() {
                out.raw(value.raw());
            } else if is_secret(&name) {
                out.text(PLACEHOLDER);
            } else if sip && name == "text" {
                out.text(&first_line(&value.text().unwrap_or_default()));
            } else if name == "url" || name == "urls" {
                redact_url(value, out);
            } else {
                walk(value, sip, out);
            }
        }
        out.close('}');
    } else if json.is_array() {
        out.open('[');
        for item in json.items() {
            walk(item, sip, out);
        }
        out.close(']');
    } else if json.text().is_some_and(|text| search::contains(&text, "pn-") || search::contains(&text, "tok=")) {
        // A URI with push parameters, wherever it stands.
        out.text(PLACEHOLDER);
    } else {
        out.raw(json.raw());
    }
}

/// Whether a field of this name is never shown: those of the vocabulary, and what push payloads call such things.
fn is_secret(name: &str) -> bool {
    let contains = |part: &str| name.as_bytes().windows(part.len()).any(|w| w.eq_ignore_ascii_case(part.as_bytes()));
    matches!(name, "sdp" | "contactParams" | "valueB64" | "dataB64" | "username")
        || ["tok", "secret", "passw", "credential", "prid", "auth", "ha1"].into_iter().any(contains)
}

/// The first line of a SIP message; a URI in it ends at its parameters.
fn first_line(text: &str) -> String {
    let line = text.trim_start_matches(['\r', '\n']).split(['\r', '\n']).next().unwrap_or_default();
    let mut out = String::with_capacity(line.len() + 4);
    match line.split_once([';', '?']) {
        Some((before, after)) => {
            out.push_str(before);
            out.push('…');
            if let Some((_, version)) = after.rsplit_once(' ') {
                out.push(' ');
                out.push_str(version);
            }
        }
        None => out.push_str(line),
    }
    if text.len() > line.len() {
        out.push_str(" […]");
    }
    out
}

fn redact_url(value: Json<'_>, out: &mut Writer) {
    if let Some(url) = value.text() {
        let end = url.find(['?', '#']).unwrap_or(url.len());
        let (shown, rest) = url.split_at(end);
        let mut text = String::from(shown);
        if let (Some((scheme, _)), Some((_, host))) = (shown.split_once(':'), shown.rsplit_once('@')) {
            text.clear();
            text.push_str(scheme);
            text.push_str("://");
            text.push_str(host);
        }
        if !rest.is_empty() {
            text.push('…');
        }
        out.text(&text);
    } else if value.is_array() {
        out.open('[');
        for item in value.items() {
            redact_url(item, out);
        }
        out.close(']');
    } else {
        out.raw(value.raw());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_contact_parameters_are_not_shown() {
        let text = r#"{"v":1,"type":"push.token","p":{"kind":"voip","token":"TOK4711","contactParams":";pn-prid=TOK4711","topic":"a.voip"}}"#;
        assert_eq!(
            redact(text),
            r#"{"v":1,"type":"push.token","p":{"kind":"voip","token":"[redacted]","contactParams":"[redacted]","topic":"a.voip"}}"#
        );
    }

    #[test]
    fn of_a_sip_text_the_first_line_stays_without_uri_parameters() {
        let text = r#"{"type":"ws.message","p":{"sock":1,"text":"INVITE sip:x@h.invalid;pn-prid=TOK4711 SIP/2.0\r\nAuthorization: Digest response=SECRET\r\n\r\n"}}"#;
        assert_eq!(
            redact(text),
            r#"{"type":"ws.message","p":{"sock":1,"text":"INVITE sip:x@h.invalid… SIP/2.0 […]"}}"#
        );
        let status =
            r#"{"type":"ws.send","p":{"sock":1,"text":"SIP/2.0 200 OK\r\nContact: <sip:x;pn-prid=T>\r\n\r\n"}}"#;
        assert_eq!(redact(status), r#"{"type":"ws.send","p":{"sock":1,"text":"SIP/2.0 200 OK […]"}}"#);
    }

    #[test]
    fn descriptions_binary_data_and_secrets_are_not_shown() {
        for (field, secret) in [
            ("sdp", "a=ice-pwd:SECRET"),
            ("dataB64", "U0VDUkVU"),
            ("secret", "SECRET"),
            ("credential", "SECRET"),
            ("valueB64", "U0VDUkVU"),
        ] {
            let text = format!(r#"{{"type":"x","p":{{"list":[{{"{field}":"{secret}"}}]}}}}"#);
            assert!(!redact(&text).contains(secret), "{field}");
        }
    }

    #[test]
    fn tokens_in_a_raw_payload_are_not_shown_whatever_they_are_called() {
        let text = r#"{"type":"push.incoming","p":{"raw":{"pn-voip-tok":"T1","deviceToken":"T2","uri":"sip:a;pn-prid=T3","aps":{"x":[{"Authorization":"T4"}]}},"fromUri":"sip:bob@example.com"}}"#;
        let shown = redact(text);
        assert!(["T1", "T2", "T3", "T4"].iter().all(|secret| !shown.contains(secret)), "{shown}");
        assert!(shown.contains("sip:bob@example.com"));
    }

    #[test]
    fn what_is_not_json_is_not_shown() {
        assert_eq!(redact("token=TOK4711"), "[not a bridge message]");
    }

    #[test]
    fn urls_lose_user_and_query() {
        let text = r#"{"type":"ws.open","p":{"sock":1,"url":"wss://u:SECRET@h/ws?key=SECRET"}}"#;
        assert_eq!(redact(text), r#"{"type":"ws.open","p":{"sock":1,"url":"wss://h/ws…"}}"#);
    }
}
