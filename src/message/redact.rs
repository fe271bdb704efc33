//! Messages as the trace shows them.

use std::borrow::Cow;

use super::text::{closing_quote, cut, is_token, unescape};

const REDACTED: &str = "[redacted]";
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// A message as text without what opens a door: credentials, push tokens, keys of the session description; and without
/// what people write to each other in a MESSAGE, digits in an INFO, published states. Who calls whom stays. It need not be a message that can be read; what is no UTF-8 becomes U+FFFD.
#[must_use]
pub fn redact(octets: &[u8]) -> String {
    let text = std::str::from_utf8(octets).map_or_else(|_| String::from_utf8_lossy(octets), Cow::Borrowed);
    let mut shown = String::with_capacity(text.len());
    let (head, body) = private_body(&text);
    let mut left = head;
    while !left.is_empty() {
        let (line, after) = cut(left, logical_line(left));
        let content = line.trim_end_matches(['\r', '\n']);
        match secret_value(content) {
            Some(at) => {
                shown.push_str(cut(content, at).0);
                shown.push_str(REDACTED);
            }
            None => redact_params(content, &mut shown),
        }
        shown.push_str(cut(line, content.len()).1);
        left = after;
    }
    if !body.is_empty() {
        shown.push_str(REDACTED);
    }
    shown
}

/// The text up to the body that is hidden whole, and that body: what a MESSAGE carries, the digits of an
/// INFO (they may be a PIN), the state that is published.
fn private_body(text: &str) -> (&str, &str) {
    let start = text.trim_start_matches(BLANKS);
    if !["MESSAGE ", "INFO ", "PUBLISH "].iter().any(|method| start.starts_with(method)) {
        return (text, "");
    }
    let ends = ["\r\n\r\n", "\n\n"].map(|end| text.find(end).map(|at| at + end.len()));
    cut(text, ends.into_iter().flatten().min().unwrap_or(text.len()))
}

/// Length of the first line, with those that continue it.
fn logical_line(text: &str) -> usize {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if end > 0 && !line.starts_with(BLANKS) {
            break;
        }
        end += line.len();
    }
    end
}

const SECRET_HEADERS: [&str; 4] =
    ["authorization", "proxy-authorization", "authentication-info", "proxy-authentication-info"];
const SECRET_ATTRIBUTES: [&str; 4] = ["a=ice-pwd:", "a=crypto:", "a=fingerprint:", "k="];

/// Where in this line a value begins that is hidden whole.
fn secret_value(line: &str) -> Option<usize> {
    for attribute in SECRET_ATTRIBUTES {
        if line.get(..attribute.len()).is_some_and(|start| start.eq_ignore_ascii_case(attribute)) {
            return Some(attribute.len());
        }
    }
    let colon = line.bytes().position(|b| b == b':')?;
    let name = line.get(..colon)?.trim_end();
    let secret = SECRET_HEADERS.iter().any(|header| header.eq_ignore_ascii_case(name))
        || (is_token(name) && is_secret_name(name));
    if !secret {
        return None;
    }
    // The scheme stays: it says which kind of credentials there were.
    let value = line.get(colon + 1..)?;
    let word = value.len() - value.trim_start().len();
    let scheme = value.get(word..)?.bytes().position(|b| !b.is_ascii_alphabetic()).unwrap_or(0);
    let blank = value.as_bytes().get(word + scheme) == Some(&b' ') && scheme > 0;
    Some(colon + 1 + word + if blank { scheme + 1 } else { 0 })
}

/// Whether a parameter or header of this name holds a push token.
fn is_secret_name(name: &str) -> bool {
    let name = name.as_bytes();
    let has = |word: &[u8]| name.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    has(b"tok") || has(b"prid")
}

/// Copies a line, hiding the values of parameters whose name says token.
fn redact_params(line: &str, shown: &mut String) {
    let mut left = line;
    while let Some(at) = left.bytes().position(|b| b == b'=') {
        let (before, after) = cut(left, at + 1);
        shown.push_str(before);
        left = after;
        let name = cut(before, at).0.trim_end_matches(BLANKS);
        let separator =
            name.bytes().rposition(|b| matches!(b, b';' | b'?' | b'&' | b',' | b' ' | b'\t' | b'\r' | b'\n'));
        let (before, name) = cut(name, separator.map_or(0, |at| at + 1));
        if !is_secret_name(&unescape(name)) {
            continue;
        }
        let value = after.trim_start_matches(BLANKS);
        let end = if value.starts_with('"') {
            closing_quote(value).map(|end| end + 1)
        } else {
            let header = before.ends_with(['?', '&']);
            value
                .bytes()
                .position(|b| matches!(b, b';' | b'>' | b',' | b' ' | b'\t' | b'\r' | b'\n') || (header && b == b'&'))
        };
        shown.push_str(REDACTED);
        left = cut(value, end.unwrap_or(value.len())).1;
    }
    shown.push_str(left);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_hidden_with_their_continuations() {
        let text = "REGISTER sip:a SIP/2.0\r\nAuthorization: Digest username=\"bob\",\r\n response=\"00112233\"\r\nproxy-authorization : Basic Ym9i\r\nTo: <sip:bob@a>\r\n\r\n";
        assert_eq!(
            redact(text.as_bytes()),
            "REGISTER sip:a SIP/2.0\r\nAuthorization: Digest [redacted]\r\nproxy-authorization : Basic [redacted]\r\nTo: <sip:bob@a>\r\n\r\n"
        );
    }

    #[test]
    fn tokens_are_hidden_wherever_they_stand() {
        let text = "INVITE sip:bob@h;pn-prid=T0;pn-param=a.b SIP/2.0\r\n\
            Contact: <sip:bob@h;pn-provider=apns;PN-PRID=T1:voip>;pn-voip-tok=T2;pn-im-tok=\"T3;x\" ; device-token = T4;expires=60, <sip:c@d?X-Tok=T5&a=b>\r\n\
            X-Push-Token: T6\r\n\r\n";
        assert_eq!(
            redact(text.as_bytes()),
            "INVITE sip:bob@h;pn-prid=[redacted];pn-param=a.b SIP/2.0\r\n\
            Contact: <sip:bob@h;pn-provider=apns;PN-PRID=[redacted]>;pn-voip-tok=[redacted];pn-im-tok=[redacted] ; device-token =[redacted];expires=60, <sip:c@d?X-Tok=[redacted]&a=b>\r\n\
            X-Push-Token: [redacted]\r\n\r\n"
        );
    }

    #[test]
    fn keys_of_the_session_description_are_hidden() {
        let text = "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:secret\r\na=fingerprint:sha-256 AA:BB\r\na=crypto:1 AES inline:x\r\nk=clear:x\r\na=mid:0\r\n";
        assert_eq!(
            redact(text.as_bytes()),
            "v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:[redacted]\r\na=fingerprint:[redacted]\r\na=crypto:[redacted]\r\nk=[redacted]\r\na=mid:0\r\n"
        );
    }

    #[test]
    fn folding_and_escapes_hide_nothing_from_the_reader() {
        let text = "Contact: <sip:a@b;%70n-pri%64=T1&x:y>;pn-voip-tok\r\n =\r\n T2\r\n ;pn-im-tok=\"T3\r\n T4\";q=1\r\nTo: x\r\n";
        assert_eq!(
            redact(text.as_bytes()),
            "Contact: <sip:a@b;%70n-pri%64=[redacted]>;pn-voip-tok\r\n =[redacted]\r\n ;pn-im-tok=[redacted];q=1\r\nTo: x\r\n"
        );
    }

    #[test]
    fn what_is_no_message_is_shown_too() {
        assert_eq!(redact(b"\xff;tok"), "\u{fffd};tok");
        assert_eq!(redact(b";tok=\"x"), ";tok=[redacted]");
        assert_eq!(redact(b""), "");
    }

    #[test]
    fn what_people_write_is_not_shown() {
        let text = "MESSAGE sip:bob@b SIP/2.0\r\nContent-Type: text/plain\r\n\r\ndear bob,\r\n\r\nMESSAGE me";
        assert_eq!(redact(text.as_bytes()), "MESSAGE sip:bob@b SIP/2.0\r\nContent-Type: text/plain\r\n\r\n[redacted]");
        for method in ["INFO", "PUBLISH"] {
            let text = [method, " sip:bob@b SIP/2.0\r\nCSeq: 1 INFO\r\n\r\nSignal=5\r\nDuration=100\r\n"].concat();
            let shown = [method, " sip:bob@b SIP/2.0\r\nCSeq: 1 INFO\r\n\r\n[redacted]"].concat();
            assert_eq!(redact(text.as_bytes()), shown);
        }
        let empty = "MESSAGE sip:bob@b SIP/2.0\r\n\r\n";
        assert_eq!(redact(empty.as_bytes()), empty);
    }
}
