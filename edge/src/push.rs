//! Push parameters of a Contact, and the push that comes of them.

use serde_json::{Value, json};

use crate::message::{Address, find, uri_params};

/// Names of parameters that belong to push and to nobody else.
pub const PARAMETERS: [&str; 9] =
    ["pn-provider", "pn-param", "pn-prid", "app-id", "pn-voip-tok", "pn-im-tok", "pn-platform", "pn-type", "pn-tok"];
/// Those among them that hold a token.
pub const TOKENS: [&str; 4] = ["pn-prid", "pn-voip-tok", "pn-im-tok", "pn-tok"];

/// Where a phone can be pushed.
#[derive(Clone, Debug, PartialEq)]
pub struct PushTarget {
    pub token: String,
    pub topic: String,
}

/// What a Contact of REGISTER says about push.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Nothing.
    None,
    /// Only which services there are (RFC 8599 section 4.1.1): no token, `None` asks for all.
    Query(Option<String>),
    /// Push to this.
    Push { provider: Option<String>, target: PushTarget },
}

/// Reads the parameters, inside the brackets or after them, in the form of RFC 8599 or the older one.
pub fn wish(contact: &Address) -> Wish {
    let inside = uri_params(&contact.text);
    let get = |name: &str| find(&inside, name).or_else(|| contact.param(name));
    let value = |name: &str| get(name).flatten().map(unescape).filter(|text| !text.is_empty());
    let provider = get("pn-provider");
    if let Some(tokens) = value("pn-prid") {
        let param = value("pn-param").unwrap_or_default();
        // The Team ID ends at the first dot.
        let topics = param.split_once('.').map(|(_, rest)| rest.to_string()).unwrap_or_default();
        let (token, topic) = voip(&tokens, &topics);
        return Wish::Push { provider: provider.flatten().map(str::to_string), target: PushTarget { token, topic } };
    }
    if let Some(token) = value("pn-voip-tok").or_else(|| value("pn-tok")) {
        let app = value("app-id").unwrap_or_default();
        let topic = if app.ends_with(".voip") { app } else { format!("{app}.voip") };
        return Wish::Push { provider: None, target: PushTarget { token, topic } };
    }
    match provider {
        Some(service) => Wish::Query(service.map(str::to_string)),
        None => Wish::None,
    }
}

/// Of `TOKEN:voip&TOKEN:remote` and `bundle.voip&remote` the half for calls.
fn voip(tokens: &str, topics: &str) -> (String, String) {
    let mut parts = tokens.split('&');
    let chosen = tokens.split('&').find(|part| part.ends_with(":voip")).or_else(|| parts.next()).unwrap_or_default();
    let token = chosen.split(':').next().unwrap_or_default().to_string();
    let topic = match topics.split_once('&') {
        Some((first, _)) => {
            let bundle = first.rsplit_once('.').map(|(bundle, _)| bundle).unwrap_or(first);
            format!("{bundle}.voip")
        }
        None => topics.to_string(),
    };
    (token, topic)
}

/// Undoes %HH.
fn unescape(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match pair.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(octet) if *first == b'%' => {
                out.push(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A Contact URI without its push parameters.
pub fn without_push(uri: &str) -> String {
    let Some((head, rest)) = uri.split_once(';') else { return uri.to_string() };
    let (rest, headers) = match rest.split_once('?') {
        Some((rest, headers)) => (rest, format!("?{headers}")),
        None => (rest, String::new()),
    };
    let mut out = head.to_string();
    for part in rest.split(';') {
        let name = part.split('=').next().unwrap_or_default();
        if !PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            out.push(';');
            out.push_str(part);
        }
    }
    out + &headers
}

/// A push to be posted.
#[derive(Clone, Debug)]
pub struct Push {
    /// The held call.
    pub relay: u64,
    pub user: String,
    pub device: String,
    pub target: PushTarget,
    pub event: &'static str,
    pub ttl: u64,
    pub call_id: String,
    pub from_uri: String,
    pub from_name: String,
    pub to_uri: String,
}

impl Push {
    /// `apns-push-type`: only a call may be a VoIP push, for iOS makes each of them a call.
    pub fn push_type(&self) -> &'static str {
        if self.event == "invite" { "voip" } else { "background" }
    }

    /// The JSON body.
    pub fn payload(&self, sent_at: u64) -> Value {
        let name = if self.from_name.is_empty() { &self.from_uri } else { &self.from_name };
        json!({
            "aps": {
                "call-id": self.call_id, "uuid": self.device, "loc-key": "IC_MSG", "loc-args": [name], "sound": "",
                "send-time": sent_at,
            },
            "call-id": self.call_id, "from-uri": self.from_uri, "display-name": self.from_name, "to-uri": self.to_uri,
            "uuid": self.device, "pn_ttl": self.ttl, "event": self.event,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(contact: &str) -> (String, String) {
        match wish(&Address::parse(contact).unwrap()) {
            Wish::Push { target, .. } => (target.token, target.topic),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rfc_8599_parameters_are_read_from_the_uri() {
        let contact = "<sip:x@y.invalid;pn-provider=apns;pn-param=TEAM.org.example.app.voip;pn-prid=AbC>";
        assert_eq!(target(contact), ("AbC".into(), "org.example.app.voip".into()));
    }

    #[test]
    fn of_two_tokens_the_one_for_calls_is_taken() {
        let contact = "<sip:x@y.invalid;pn-provider=apns;pn-param=T.org.app.voip&remote;pn-prid=11:remote&22:voip>";
        assert_eq!(target(contact), ("22".into(), "org.app.voip".into()));
    }

    #[test]
    fn the_older_form_is_read_inside_and_outside_the_brackets() {
        let expected = ("aa".to_string(), "org.app.voip".to_string());
        assert_eq!(target("<sip:x@y.invalid;app-id=org.app;pn-voip-tok=aa;pn-im-tok=bb>"), expected);
        assert_eq!(target("<sip:x@y.invalid>;app-id=org.app;pn-voip-tok=%61a;pn-im-tok=bb"), expected);
    }

    #[test]
    fn a_provider_without_a_token_is_a_query() {
        let contact = Address::parse("<sip:x@y.invalid;pn-provider>").unwrap();
        assert_eq!(wish(&contact), Wish::Query(None));
    }

    #[test]
    fn push_parameters_leave_the_uri_and_others_stay() {
        let uri = "sip:x@y.invalid;transport=ws;pn-prid=aa;PN-param=b;ob";
        assert_eq!(without_push(uri), "sip:x@y.invalid;transport=ws;ob");
    }
}
