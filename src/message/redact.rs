//! Messages as the trace shows them: read, and written again by what each part is. What is shown is named here; what is
//! not, whatever its name, shows that it was there and nothing more. So a token in a parameter that somebody invented is
//! as hidden as one in `pn-prid`.

use super::text::{closing_quote, cut, is_token, rest, split_list, trim};
use super::{HeaderName, Message, NameAddr, Uri, challenges, is_value, reason_phrase};
use crate::common::limits;

const REDACTED: &str = "[redacted]";

/// Parameters of URIs and of headers whose values are of the protocol, and no secret of anybody.
const PARAMS: &str = " transport lr ob maddr ttl method user comp pn-provider tag branch rport received alias keep q expires \
    reg-id methods cause reason retry-after refresher early-only to-tag from-tag local-tag remote-tag handling duration \
    index counter screen privacy purpose answer-after charset remote id mp rc np +sip.ice audio video ";
/// What is shown of a challenge: nonce and opaque may be anything.
const CHALLENGE: &str = " realm algorithm qop stale charset userhash scope ";
const EXTENSIONS: &str = " raddr rport tcptype generation network-id network-cost ";
const SCHEMES: &str = " Digest Bearer Basic ";
/// Attributes of a session description that say how media is sent, and neither with which keys nor to whom.
const ATTRIBUTES: &str = " rtpmap fmtp mid group rtcp rtcp-mux rtcp-mux-only rtcp-rsize rtcp-fb setup sendrecv sendonly \
    recvonly inactive ptime maxptime minptime candidate remote-candidates end-of-candidates ice-options ice-lite ice-pacing \
    extmap extmap-allow-mixed bundle-only connection ";

/// What a header's value is.
enum Kind {
    /// Words of the protocol, with parameters.
    Words,
    /// Addresses: a display name, a URI, parameters.
    Addresses,
    /// What a server asks credentials for.
    Challenge,
    /// Credentials: the scheme alone says of which kind.
    Credentials,
    /// What people write or tell, and all that is not known.
    Private,
}

fn kind(name: HeaderName) -> Kind {
    use HeaderName as H;
    match name {
        H::From
        | H::To
        | H::Contact
        | H::RecordRoute
        | H::Route
        | H::Path
        | H::ServiceRoute
        | H::ReferTo
        | H::ReferredBy
        | H::ReplyTo
        | H::PAssertedIdentity
        | H::PPreferredIdentity
        | H::PAssociatedUri
        | H::Diversion
        | H::HistoryInfo
        | H::AlertInfo
        | H::CallInfo
        | H::ErrorInfo => Kind::Addresses,
        H::WwwAuthenticate | H::ProxyAuthenticate => Kind::Challenge,
        H::Authorization | H::ProxyAuthorization => Kind::Credentials,
        H::AuthenticationInfo
        | H::ProxyAuthenticationInfo
        | H::Subject
        | H::Organization
        | H::UserToUser
        | H::Identity
        | H::Other => Kind::Private,
        _ => Kind::Words,
    }
}

/// Shows messages, and remembers whom it has named: the same person is the same number in the whole trace.
#[derive(Default)]
pub struct Redactor {
    /// Whether it is shown who calls whom.
    pub names: bool,
    users: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

/// One message as a [`Redactor`] shows it that has seen no other.
#[must_use]
pub fn redact(octets: &[u8]) -> String {
    Redactor::default().message(octets)
}

impl Redactor {
    /// A message as text: without credentials, tokens and keys, without what people write, digits and published states,
    /// and with numbers in place of persons unless `names` says otherwise. What cannot be read is not shown.
    #[must_use]
    pub fn message(&mut self, octets: &[u8]) -> String {
        let Ok(message) = Message::parse(octets.to_vec()) else {
            return ["[unreadable, ", &octets.len().to_string(), " octets]"].concat();
        };
        let mut out = String::with_capacity(octets.len() + 64);
        match &message {
            Message::Request(request) => {
                out.push_str(request.method().as_str());
                out.push(' ');
                self.uri(request.uri(), &mut out);
                out.push_str(" SIP/2.0");
            }
            Message::Response(response) => {
                out.push_str("SIP/2.0 ");
                out.push_str(&response.status().to_string());
                out.push(' ');
                let usual = reason_phrase(response.status());
                // Any other is what somebody wrote.
                out.push_str(if response.reason() == usual { usual } else { REDACTED });
            }
        }
        out.push_str("\r\n");
        for line in &message.headers().lines {
            out.push_str(message.headers().name(line));
            out.push_str(": ");
            self.header(line.name, message.headers().value(line), &mut out);
            out.push_str("\r\n");
        }
        out.push_str("\r\n");
        self.body(&message, &mut out);
        out
    }

    fn header(&mut self, name: HeaderName, value: &str, out: &mut String) {
        match kind(name) {
            // What breaks its own rules may be the half of something else.
            Kind::Words if !is_value(name, value) || !is_whole(value) => out.push_str(REDACTED),
            Kind::Words => words(value, out),
            Kind::Addresses if value == "*" => out.push('*'),
            Kind::Addresses => {
                for (index, element) in split_list(value).enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    match NameAddr::parse(element) {
                        Ok(address) => self.address(&address, out),
                        Err(_) => out.push_str(REDACTED),
                    }
                }
            }
            Kind::Challenge => challenge(value, out),
            Kind::Credentials => {
                let (scheme, _) = cut(value, value.find(' ').unwrap_or(0));
                push_scheme(scheme, out);
                out.push_str(REDACTED);
            }
            Kind::Private => out.push_str(REDACTED),
        }
    }

    fn address(&mut self, address: &NameAddr<'_>, out: &mut String) {
        match address.display_name() {
            Some(name) if self.names => {
                out.push_str(&super::quote(&name));
                out.push(' ');
            }
            Some(_) => out.push_str("[redacted] "),
            None => {}
        }
        out.push('<');
        self.uri(address.uri_text(), out);
        out.push('>');
        for param in address.params() {
            push_param(param.name, param.raw, out);
        }
    }

    fn uri(&mut self, text: &str, out: &mut String) {
        let Ok(uri) = Uri::parse(text) else { return out.push_str(REDACTED) };
        out.push_str(uri.scheme());
        out.push(':');
        let tel = uri.scheme().eq_ignore_ascii_case("tel");
        if !uri.is_sip() && !tel {
            return out.push_str(REDACTED);
        }
        if let Some(user) = uri.user_decoded() {
            // What a connection calls itself (RFC 7118 section 5) is nobody's name, and another one each time: it would
            // use up the numbers.
            if !self.names && uri.host().ends_with(".invalid") {
                out.push_str("user");
            } else {
                self.user(&user, out);
            }
            out.push_str(if tel { "" } else { "@" });
        }
        // A name without an address is not seldom a person's.
        if uri.user().is_none() && !uri.host().contains(['.', ':']) {
            self.user(uri.host(), out);
        } else {
            out.push_str(uri.host());
        }
        if let Some(port) = uri.port() {
            out.push(':');
            out.push_str(&port.to_string());
        }
        for (name, value) in uri.params() {
            push_param(name, value, out);
        }
        if uri.headers().next().is_some() {
            out.push('?');
            out.push_str(REDACTED);
        }
    }

    /// A person, by number: whoever comes after so many has none.
    fn user(&mut self, user: &str, out: &mut String) {
        if self.names {
            return out.push_str(&super::escape_user(user));
        }
        let known = self.users.iter().position(|known| known == user);
        let at = known.unwrap_or(self.users.len());
        out.push_str("user");
        if at < limits::TRACED_USERS {
            if known.is_none() {
                self.users.push(user.to_owned());
            }
            out.push_str(&(at + 1).to_string());
        }
    }

    fn body(&mut self, message: &Message, out: &mut String) {
        if message.body().is_empty() {
            return;
        }
        let kind = message.headers().content_type().and_then(Result::ok);
        let text = std::str::from_utf8(message.body()).ok();
        match (kind, text) {
            (Some(kind), Some(text)) if kind.is_sdp() => description(text, out),
            // How a call goes that a REFER asked for.
            (Some(kind), Some(text)) if kind.is("message", "sipfrag") && text.starts_with("SIP/2.0 ") => {
                let status = text.get(8..11).filter(|status| status.bytes().all(|b| b.is_ascii_digit()));
                out.push_str("SIP/2.0 ");
                out.push_str(status.unwrap_or(""));
                out.push(' ');
                out.push_str(REDACTED);
            }
            _ => out.push_str(REDACTED),
        }
    }
}

/// Whether a list, words between blanks, has this one.
fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| !known.is_empty() && known.eq_ignore_ascii_case(word))
}

/// A parameter: its name, which says what was there, and its value where that is of the protocol. One that is nothing but an
/// unknown word may itself be what is to be hidden.
fn push_param(name: &str, value: Option<&str>, out: &mut String) {
    out.push(';');
    let known = has(PARAMS, name);
    match value {
        None => out.push_str(if known { name } else { REDACTED }),
        Some(value) => {
            out.push_str(name);
            out.push('=');
            // What stands in quotation marks may be anybody's words; two that have grown together are none of them.
            let whole = !value.contains(['"', '=']) || (value.starts_with('"') && name.eq_ignore_ascii_case("methods"));
            out.push_str(if known && whole { value } else { REDACTED });
        }
    }
}

/// Whether nothing in a value has lost its other half.
fn is_whole(value: &str) -> bool {
    let visible = |b: u8| b.is_ascii() && !b.is_ascii_control();
    value.bytes().all(visible) && value.bytes().filter(|b| *b == b'"').count() % 2 == 0
}

/// Words of the protocol: parameters by their names, quoted strings and comments not at all.
fn words(value: &str, out: &mut String) {
    let mut left = value;
    while !left.is_empty() {
        let (plain, after) = cut(left, left.find(['"', '(', ';']).unwrap_or(left.len()));
        out.push_str(plain);
        left = after;
        if left.starts_with('"') {
            out.push_str(REDACTED);
            let end = closing_quote(left).map_or(left.len(), |end| end + 1);
            left = cut(left, end).1;
        } else if left.starts_with('(') {
            out.push_str(REDACTED);
            left = "";
        } else if let Some(param) = left.strip_prefix(';') {
            let end = param_end(param);
            let (param, after) = cut(param, end);
            let (name, value) = cut(param, param.find('=').unwrap_or(param.len()));
            push_param(trim(name), (!value.is_empty()).then(|| trim(rest(value))), out);
            left = after;
        }
    }
}

/// Where a parameter ends: at the next one, or at the next value of the list, but not inside quotation marks.
fn param_end(text: &str) -> usize {
    let mut at = 0;
    while let Some(next) = text.get(at..).and_then(|left| left.find(['"', ';', ','])) {
        at += next;
        let left = text.get(at..).unwrap_or_default();
        if !left.starts_with('"') {
            return at;
        }
        at = closing_quote(left).map_or(text.len(), |end| at + end + 1);
    }
    text.len()
}

fn push_scheme(scheme: &str, out: &mut String) {
    out.push_str(if has(SCHEMES, scheme) { scheme } else { REDACTED });
    out.push(' ');
}

fn challenge(value: &str, out: &mut String) {
    let Ok(challenges) = challenges(value) else { return out.push_str(REDACTED) };
    for (index, challenge) in challenges.iter().enumerate() {
        out.push_str(if index > 0 { ", " } else { "" });
        push_scheme(challenge.scheme, out);
        for (index, (name, value)) in challenge.iter().enumerate() {
            out.push_str(if index > 0 { ", " } else { "" });
            out.push_str(name);
            out.push('=');
            out.push_str(if has(CHALLENGE, name) { value } else { REDACTED });
        }
    }
}

/// A session description, line by line.
fn description(text: &str, out: &mut String) {
    for line in text.lines() {
        let (name, value) = cut(line, line.find('=').unwrap_or(0));
        let value = rest(value);
        match name {
            "v" | "c" | "b" | "t" | "m" | "r" | "z" if !value.contains('=') => out.push_str(line),
            "s" if value.len() < 2 => out.push_str(line),
            "o" => {
                let (user, session) = cut(value, value.find(' ').unwrap_or(value.len()));
                out.push_str("o=");
                out.push_str(if user == "-" { user } else { REDACTED });
                out.push_str(if session.contains('=') { REDACTED } else { session });
            }
            "a" => {
                let (attribute, value) = cut(value, value.find(':').unwrap_or(value.len()));
                // Two lines that have grown together are none of them.
                let whole = !value.contains('=') || (attribute == "fmtp" && !rest(value).contains(':'));
                let known = whole && has(ATTRIBUTES, attribute);
                out.push_str("a=");
                out.push_str(if known || (is_token(attribute) && !value.is_empty()) { attribute } else { REDACTED });
                if known {
                    candidate(attribute, value, out);
                } else if !value.is_empty() {
                    out.push(':');
                    out.push_str(REDACTED);
                }
            }
            _ => {
                out.push_str(if name.len() == 1 { name } else { "" });
                out.push_str(if name.len() == 1 { "=" } else { "" });
                out.push_str(REDACTED);
            }
        }
        out.push_str("\r\n");
    }
}

/// The value of an attribute; of a candidate's extensions, which come by twos, those that say how it is reached.
fn candidate(attribute: &str, value: &str, out: &mut String) {
    let mut known = true;
    for (index, word) in value.split(' ').enumerate() {
        if attribute == "candidate" && index >= 8 && index % 2 == 0 {
            known = has(EXTENSIONS, word);
        }
        out.push_str(if index > 0 { " " } else { "" });
        out.push_str(if known { word } else { REDACTED });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request with these lines, and a body with its type.
    fn shown(lines: &str, body: &str) -> String {
        let text = ["INVITE sip:bob@h;pn-prid=T0 SIP/2.0\r\n", lines, "\r\n", body].concat();
        let shown = redact(text.as_bytes());
        let start = "INVITE sip:user1@h;pn-prid=[redacted] SIP/2.0\r\n";
        assert!(shown.starts_with(start), "{shown}");
        shown[start.len()..].replace("\r\n", "\n")
    }

    #[test]
    fn of_credentials_the_scheme_stays() {
        let lines = "Authorization: Digest username=\"bob\",\r\n response=\"00112233\"\r\nProxy-Authorization: Bearer abc\r\n\
            Authentication-Info: nextnonce=\"1\"\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
        assert_eq!(
            shown(lines, ""),
            "Authorization: Digest [redacted]\nProxy-Authorization: Bearer [redacted]\nAuthentication-Info: [redacted]\n\
            WWW-Authenticate: Digest realm=\"r\", nonce=[redacted], qop=\"auth\"\n\n"
        );
    }

    /// Whatever the parameter is called that a server's template puts it into.
    #[test]
    fn a_token_is_hidden_whatever_its_parameter_is_called() {
        let contact = "Contact: <sip:x@h;transport=ws;device=T1;%70n-prid=T2;T3>;app=T4;+sip.instance=\"<urn:uuid:T5>\"\
            ;k=\"T6;x\";expires=60;T7, \"T8\" <sip:y@h?X=T9>\r\n";
        assert_eq!(
            shown(contact, ""),
            "Contact: <sip:user2@h;transport=ws;device=[redacted];%70n-prid=[redacted];[redacted]>;app=[redacted]\
            ;+sip.instance=[redacted];k=[redacted];expires=60;[redacted], [redacted] <sip:user3@h?[redacted]>\n\n"
        );
    }

    #[test]
    fn what_stands_in_quotation_marks_is_hidden_whatever_its_parameter_is_called() {
        let lines =
            "Diversion: <sip:x@h>;reason=\"at the doctor\";counter=1\r\nContact: <sip:y@h>;methods=\"INVITE,BYE\"\r\n";
        assert_eq!(
            shown(lines, ""),
            "Diversion: <sip:user2@h>;reason=[redacted];counter=1\nContact: <sip:user3@h>;methods=\"INVITE,BYE\"\n\n"
        );
    }

    #[test]
    fn the_same_person_is_the_same_number() {
        let lines = "From: \"Al\" <sip:alice@h>;tag=1\r\nTo: <sip:bob@h>\r\nP-Asserted-Identity: <tel:+15550100>, sip:%61lice@g\r\n";
        assert_eq!(
            shown(lines, ""),
            "From: [redacted] <sip:user2@h>;tag=1\nTo: <sip:user1@h>\nP-Asserted-Identity: <tel:user3>, <sip:user2@g>\n\n"
        );
        let mut redactor = Redactor { names: true, ..Redactor::default() };
        let text = "OPTIONS sip:bob@h SIP/2.0\r\nFrom: \"Al\" <sip:alice:secret@h;x=1>;tag=1\r\n\r\n";
        let named = redactor.message(text.as_bytes());
        assert!(named.contains("OPTIONS sip:bob@h ") && named.contains("\"Al\" <sip:alice@h;x=[redacted]>"), "{named}");
        assert!(!named.contains("secret"));
    }

    /// RFC 7118 5: a Contact in `.invalid` is a connection's.
    #[test]
    fn connections_use_up_no_numbers_of_persons() {
        let lines =
            "Contact: <sip:k3j2@a9.invalid>\r\nFrom: <sip:anonymous@anonymous.invalid>;tag=1\r\nTo: <sip:al@h>\r\n";
        assert_eq!(
            shown(lines, ""),
            "Contact: <sip:user@a9.invalid>\nFrom: <sip:user@anonymous.invalid>;tag=1\nTo: <sip:user2@h>\n\n"
        );
    }

    #[test]
    fn words_of_the_protocol_stay_and_words_of_people_do_not() {
        let lines = "Via: SIP/2.0/WSS a.invalid;branch=z9hG4bK1;rport=1;x=T\r\nCSeq: 1 INVITE\r\nSubject: hello\r\nX-Mine: T\r\n\
            Reason: SIP;cause=200;text=\"Bob; took it\", Q.850;cause=16\r\nWarning: 399 h \"Bob\"\r\nRetry-After: 5 (bob)\r\n\
            Event: dialog;sla\r\nCall-Info: <https://h/T>;purpose=icon\r\n";
        assert_eq!(
            shown(lines, ""),
            "Via: SIP/2.0/WSS a.invalid;branch=z9hG4bK1;rport=1;x=[redacted]\nCSeq: 1 INVITE\nSubject: [redacted]\n\
            X-Mine: [redacted]\nReason: SIP;cause=200;text=[redacted], Q.850;cause=16\nWarning: 399 h [redacted]\n\
            Retry-After: 5 [redacted]\nEvent: dialog;[redacted]\nCall-Info: <https:[redacted]>;purpose=icon\n\n"
        );
        let text = "SIP/2.0 404 Bob is gone\r\nCSeq: 1 INVITE\r\n\r\n";
        assert_eq!(redact(text.as_bytes()), "SIP/2.0 404 [redacted]\r\nCSeq: 1 INVITE\r\n\r\n");
    }

    #[test]
    fn of_a_session_description_stays_how_media_is_sent() {
        let body = "v=0\r\no=bob 1 1 IN IP4 h\r\ns=Bob's\r\ni=x\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
            a=ice-ufrag:T\r\na=ice-pwd:T\r\na=fingerprint:sha-256 T\r\na=crypto:1 AES T\r\nk=clear:T\r\na=T\r\na=mid:0\r\n\
            a=candidate:1 1 udp 1 192.0.2.1 9 typ host ufrag T generation 0\r\na=sendrecv\r\nT\r\n";
        assert_eq!(
            shown("Content-Type: application/sdp\r\n", body),
            "Content-Type: application/sdp\n\nv=0\no=[redacted] 1 1 IN IP4 h\ns=[redacted]\ni=[redacted]\nt=0 0\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\na=ice-ufrag:[redacted]\na=ice-pwd:[redacted]\na=fingerprint:[redacted]\n\
            a=crypto:[redacted]\nk=[redacted]\na=[redacted]\na=mid:0\n\
            a=candidate:1 1 udp 1 192.0.2.1 9 typ host [redacted] [redacted] generation 0\na=sendrecv\n[redacted]\n"
        );
    }

    #[test]
    fn every_other_body_is_hidden() {
        for kind in ["text/plain", "application/dtmf-relay", "application/pidf+xml", "x", "multipart/mixed;boundary=b"]
        {
            let lines = ["Content-Type: ", kind, "\r\n"].concat();
            assert!(shown(&lines, "T\r\n\r\nT").ends_with("\n\n[redacted]"), "{kind}");
        }
        let frag = shown("Content-Type: message/sipfrag\r\n", "SIP/2.0 200 T\r\nT: T\r\n");
        assert!(frag.ends_with("\n\nSIP/2.0 200 [redacted]"), "{frag}");
    }

    #[test]
    fn what_cannot_be_read_is_not_shown() {
        assert_eq!(redact(b"\xff;tok=T"), "[unreadable, 7 octets]");
        assert_eq!(redact(b""), "[unreadable, 0 octets]");
        for broken in ["From: T\r\n", "From: \"T <sip:T@\r\n", "WWW-Authenticate: T\r\n", "Authorization: T\r\n"] {
            let shown = shown(broken, "");
            assert!(!shown.contains(": T") && shown.contains("[redacted]"), "{shown}");
        }
    }

    #[test]
    fn so_many_persons_are_told_apart_and_no_more() {
        let mut redactor = Redactor::default();
        for n in 0..limits::TRACED_USERS + 10 {
            let text = ["OPTIONS sip:u", &n.to_string(), "@h SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n"].concat();
            let shown = redactor.message(text.as_bytes());
            let number = if n < limits::TRACED_USERS { (n + 1).to_string() } else { String::new() };
            assert!(shown.starts_with(&["OPTIONS sip:user", &number, "@h "].concat()), "{shown}");
        }
    }
}
