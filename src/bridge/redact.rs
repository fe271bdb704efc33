//! A message as the trace may show it.

use super::json::{Json, Writer};

const PLACEHOLDER: &str = "[redacted]";

/// Fields whose texts are words of the vocabulary, or ids that say nothing of anybody.
const SHOWN: &str = " type id re session state reason code errorCode kind mode policy action actionId callUuid uuid pushId \
    boundCallUuid groupWith sipCallId outcome endReason direction category provider topic environment bundleId teamId app \
    version os osVersion engine native package level event protocol protocols capabilities supports missing interface \
    lockdown origin phase provisional callUi error field pendingAction launch driver platform ";
/// Those that say who somebody is.
const NAMES: &str = " account fromUri toUri handle displayName remoteUri remoteName value ";

/// The message without what opens a door, and without who calls whom unless `names` is set: texts that are not of the
/// vocabulary are not shown, whatever they are called, and of a push's own payload nothing is; of SIP texts stays what kind of
/// message it is. What is not JSON is not shown at all.
#[must_use]
pub fn redact(text: &str, names: bool) -> String {
    let Ok(json) = Json::parse(text) else { return "[not a bridge message]".to_owned() };
    let sip = json.get("type").and_then(Json::text).is_some_and(|name| name.starts_with("ws."));
    let mut out = Writer::new();
    Walk { names, sip }.value(json, "", false, &mut out);
    out.finish()
}

#[derive(Clone, Copy)]
struct Walk {
    names: bool,
    /// Texts are SIP messages.
    sip: bool,
}

impl Walk {
    /// `foreign`: inside a payload that is not of the vocabulary.
    fn value(self, json: Json<'_>, name: &str, foreign: bool, out: &mut Writer) {
        if json.is_object() {
            out.open('{');
            for (name, value) in json.members() {
                out.key(&name);
                self.value(value, &name, foreign || ["raw", "custom", "options"].contains(&&*name), out);
            }
            out.close('}');
        } else if json.is_array() {
            out.open('[');
            for item in json.items() {
                self.value(item, name, foreign, out);
            }
            out.close(']');
        } else {
            match json.text() {
                None if foreign && json.boolean().is_none() && !json.is_null() => out.text(PLACEHOLDER),
                None => out.raw(json.raw()),
                Some(_) if foreign => out.text(PLACEHOLDER),
                Some(text) if self.sip && name == "text" => out.text(&kind_of_message(&text)),
                Some(_) if name == "url" || name == "urls" => redact_url(json, out),
                Some(_) if has(SHOWN, name) || (self.names && has(NAMES, name)) => out.raw(json.raw()),
                Some(_) => out.text(PLACEHOLDER),
            }
        }
    }
}

/// Whether a list, words between blanks, has this one.
fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| !known.is_empty() && known == word)
}

/// Of a SIP message the method, or the status.
fn kind_of_message(text: &str) -> String {
    let mut words = text.trim_start_matches(['\r', '\n']).split([' ', '\r', '\n']);
    let first = words.next().unwrap_or_default();
    if first == "SIP/2.0" {
        let status = words.next().filter(|status| status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit()));
        return ["SIP/2.0 ", status.unwrap_or_default(), " […]"].concat();
    }
    let method = first.bytes().all(|b| b.is_ascii_uppercase()) && first.len() < 12;
    [if method { first } else { "" }, " […]"].concat()
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
            redact(text, false),
            r#"{"v":1,"type":"push.token","p":{"kind":"voip","token":"[redacted]","contactParams":"[redacted]","topic":"a.voip"}}"#
        );
    }

    #[test]
    fn of_a_sip_text_stays_what_kind_of_message_it_is() {
        let text = r#"{"type":"ws.message","p":{"sock":1,"text":"INVITE sip:x@h.invalid;pn-prid=TOK4711 SIP/2.0\r\nAuthorization: Digest response=SECRET\r\n\r\n"}}"#;
        assert_eq!(redact(text, false), r#"{"type":"ws.message","p":{"sock":1,"text":"INVITE […]"}}"#);
        let status =
            r#"{"type":"ws.send","p":{"sock":1,"text":"SIP/2.0 200 OK\r\nContact: <sip:x;pn-prid=T>\r\n\r\n"}}"#;
        assert_eq!(redact(status, false), r#"{"type":"ws.send","p":{"sock":1,"text":"SIP/2.0 200 […]"}}"#);
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
            assert!(!redact(&text, false).contains(secret), "{field}");
        }
    }

    #[test]
    fn tokens_in_a_raw_payload_are_not_shown_whatever_they_are_called() {
        let text = r#"{"type":"push.incoming","p":{"raw":{"pn-voip-tok":"T1","deviceToken":"T2","uri":"sip:a;pn-prid=T3","aps":{"x":[{"Authorization":"T4"}]}},"fromUri":"sip:bob@example.com"}}"#;
        let shown = redact(text, false);
        assert!(["T1", "T2", "T3", "T4"].iter().all(|secret| !shown.contains(secret)), "{shown}");
        assert!(!shown.contains("bob"));
        let shown = redact(text, true);
        assert!(["T1", "T2", "T3", "T4"].iter().all(|secret| !shown.contains(secret)), "{shown}");
        assert!(shown.contains("sip:bob@example.com"));
    }

    #[test]
    fn what_is_not_json_is_not_shown() {
        assert_eq!(redact("token=TOK4711", false), "[not a bridge message]");
    }

    #[test]
    fn urls_lose_user_and_query() {
        let text = r#"{"type":"ws.open","p":{"sock":1,"url":"wss://u:SECRET@h/ws?key=SECRET"}}"#;
        assert_eq!(redact(text, false), r#"{"type":"ws.open","p":{"sock":1,"url":"wss://h/ws…"}}"#);
    }
}
