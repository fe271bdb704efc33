//! The same well-formed messages as `rsip` reads them: where it can read at all, both readers must agree.

use rsip::prelude::{HasHeaders, HeadersExt, ToTypedHeader, UntypedHeader};
use sipwake::common::random::{Random, Seeded};
use sipwake::message::{HeaderName, Headers, Message, NameAddr, challenges};

const METHODS: [&str; 6] = ["INVITE", "BYE", "REGISTER", "OPTIONS", "MESSAGE", "CANCEL"];

struct Sample {
    text: String,
    random: Random,
}

impl Sample {
    fn word(&mut self) -> String {
        let length = 1 + self.random.below(20) as usize;
        // A host must not begin with a digit to be none of an address.
        String::from("a") + &self.random.token(length)
    }

    fn line(&mut self, name: &str, value: &str) {
        self.text.push_str(&format!("{name}: {value}\r\n"));
    }

    fn uri(&mut self) -> String {
        let scheme = if self.random.below(4) == 0 { "sips" } else { "sip" };
        let mut uri = format!("{scheme}:{}@{}.invalid", self.word(), self.word());
        if self.random.below(2) == 0 {
            uri += &format!(":{}", 1 + self.random.below(65_535));
        }
        if self.random.below(2) == 0 {
            uri += ";transport=ws";
        }
        uri
    }

    fn address(&mut self) -> String {
        match self.random.below(3) {
            0 => format!("<{}>", self.uri()),
            1 => format!("{} <{}>", self.word(), self.uri()),
            _ => format!("\"{} {}\" <{}>", self.word(), self.word(), self.uri()),
        }
    }
}

/// A message of the subset that `rsip` is right about: long names, one value a line, nothing folded, no dots in user parts.
fn sample(seed: u64) -> String {
    let mut sample = Sample { text: String::new(), random: Random::new(Seeded(seed)) };
    let method = METHODS[sample.random.below(6) as usize];
    if sample.random.below(3) == 0 {
        sample.text.push_str("SIP/2.0 200 OK\r\n");
    } else {
        let uri = sample.uri();
        sample.text.push_str(&format!("{method} {uri} SIP/2.0\r\n"));
    }
    for _ in 0..=sample.random.below(3) {
        let value = format!(
            "SIP/2.0/WSS {}.invalid:{};branch=z9hG4bK{}",
            sample.word(),
            1 + sample.random.below(65_535),
            sample.word()
        );
        sample.line("Via", &value);
    }
    for name in ["From", "To"] {
        let value = format!("{};tag={}", sample.address(), sample.word());
        sample.line(name, &value);
    }
    let call_id = format!("{}@{}", sample.word(), sample.word());
    sample.line("Call-ID", &call_id);
    let cseq = format!("{} {method}", sample.random.u32() >> 1);
    sample.line("CSeq", &cseq);
    let hops = sample.random.below(256).to_string();
    sample.line("Max-Forwards", &hops);
    let contact = format!("<{}>;expires={}", sample.uri(), sample.random.u32());
    sample.line("Contact", &contact);
    let body = sample.random.token(64);
    sample.line("Content-Type", "text/plain");
    sample.line("Content-Length", "64");
    sample.text.push_str("\r\n");
    sample.text.push_str(&body);
    sample.text
}

/// Both readings of a message, as one comparable list.
fn ours(message: &Message) -> Vec<String> {
    let headers = message.headers();
    let mut said = Vec::new();
    match message {
        Message::Request(request) => {
            let uri = request.parsed_uri().unwrap();
            said.push(request.method().to_string());
            said.push(format!("{:?} {} {:?}", uri.user(), uri.host(), uri.port()));
        }
        Message::Response(response) => said.push(response.status().to_string()),
    }
    let via = headers.via().unwrap().unwrap();
    said.push(format!("{} {} {:?} {:?}", via.transport(), via.host(), via.port(), via.branch()));
    for address in
        [headers.from().unwrap().unwrap(), headers.to().unwrap().unwrap(), headers.contacts().next().unwrap().unwrap()]
    {
        let uri = address.uri().unwrap();
        said.push(format!("{:?} {} {:?}", uri.user(), uri.host(), uri.port()));
    }
    said.push(format!("{:?}", [headers.from().unwrap().unwrap().tag(), headers.to().unwrap().unwrap().tag()]));
    said.push(headers.call_id().unwrap().to_owned());
    let cseq = headers.cseq().unwrap().unwrap();
    said.push(format!("{} {}", cseq.number, cseq.method));
    said.push(headers.max_forwards().unwrap().unwrap().to_string());
    said.push(headers.lines(HeaderName::Via).count().to_string());
    said.push(headers.len().to_string());
    said.push(String::from_utf8(message.body().to_vec()).unwrap());
    said
}

fn theirs(message: &rsip::SipMessage) -> Vec<String> {
    let mut said = Vec::new();
    let uri = |uri: &rsip::Uri| {
        let user = uri.user().map(ToOwned::to_owned);
        format!("{user:?} {} {:?}", uri.host_with_port.host, uri.port().map(|port| *port.value()))
    };
    match message {
        rsip::SipMessage::Request(request) => {
            said.push(request.method.to_string());
            said.push(uri(&request.uri));
        }
        rsip::SipMessage::Response(response) => said.push(response.status_code.code().to_string()),
    }
    let via = message.via_header().unwrap().typed().unwrap();
    let port = via.uri.host_with_port.port.as_ref().map(|port| *port.value());
    said.push(format!(
        "{} {} {port:?} {:?}",
        via.transport,
        via.uri.host_with_port.host,
        via.branch().map(|b| b.value())
    ));
    let (from, to) = (message.from_header().unwrap().typed().unwrap(), message.to_header().unwrap().typed().unwrap());
    let contact = message.contact_header().unwrap().typed().unwrap();
    said.extend([uri(&from.uri), uri(&to.uri), uri(&contact.uri)]);
    said.push(format!("{:?}", [from.tag().map(|tag| tag.value()), to.tag().map(|tag| tag.value())]));
    said.push(message.call_id_header().unwrap().value().to_owned());
    let cseq = message.cseq_header().unwrap().typed().unwrap();
    said.push(format!("{} {}", cseq.seq, cseq.method));
    said.push(message.max_forwards_header().unwrap().num().unwrap().to_string());
    said.push(message.headers().iter().filter(|header| matches!(header, rsip::Header::Via(_))).count().to_string());
    said.push(message.headers().iter().count().to_string());
    said.push(String::from_utf8(message.body().to_vec()).unwrap());
    said
}

#[test]
fn both_readers_agree_on_well_formed_messages() {
    for seed in 0..500 {
        let text = sample(seed);
        let message = Message::parse(text.clone().into()).unwrap();
        let other = rsip::SipMessage::try_from(text.as_bytes()).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(ours(&message), theirs(&other), "{text}");
        assert_eq!(sipwake::message::validate(&message), [], "{text}");
    }
}

/// A value as both readers understand it: ours on the left.
fn agree(name: HeaderName, value: &str, ours: impl Fn(&Headers) -> String, theirs: impl Fn(&str) -> String) {
    let mut headers = Headers::default();
    headers.push(name, value);
    assert_eq!(ours(&headers), theirs(value), "{}: {value}", name.as_str());
}

fn typed<H: UntypedHeader<'static> + ToTypedHeader<'static>>(value: &str) -> H::Typed {
    H::new(value).typed().unwrap_or_else(|_| panic!("{value}"))
}

fn our_uris(headers: &Headers, name: HeaderName) -> String {
    let uri = |address: NameAddr<'_>| {
        let uri = address.uri().unwrap();
        format!("{:?} {} {:?} {}; ", uri.user(), uri.host(), uri.port(), address.params().count())
    };
    headers.addresses(name).map(|address| uri(address.unwrap())).collect()
}

fn their_uris(uris: &[rsip::common::uri::UriWithParams]) -> String {
    let one = |uri: &rsip::common::uri::UriWithParams| {
        let user = uri.uri.user().map(ToOwned::to_owned);
        let port = uri.uri.port().map(|port| *port.value());
        format!("{user:?} {} {port:?} {}; ", uri.uri.host_with_port.host, uri.params.len())
    };
    uris.iter().map(one).collect()
}

#[test]
fn both_readers_agree_on_addresses_in_lists() {
    for seed in 0..300 {
        let mut sample = Sample { text: String::new(), random: Random::new(Seeded(seed)) };
        let list: Vec<String> = (0..=sample.random.below(4)).map(|_| format!("<{}>", sample.uri())).collect();
        let list = list.join(",");
        let name = HeaderName::RecordRoute;
        agree(
            name,
            &list,
            |headers| our_uris(headers, name),
            |value| their_uris(typed::<rsip::headers::RecordRoute>(value).uris()),
        );
        let name = HeaderName::Route;
        agree(
            name,
            &list,
            |headers| our_uris(headers, name),
            |value| their_uris(typed::<rsip::headers::Route>(value).uris()),
        );
        let info = format!("<{}>;purpose={}", sample.uri(), sample.word());
        let ours = |headers: &Headers| {
            let info = headers.call_info().next().unwrap().unwrap();
            let uri = sipwake::message::Uri::parse(info.uri).unwrap();
            format!("{:?} {} {:?} {}; ", uri.user(), uri.host(), uri.port(), info.params().count())
        };
        agree(HeaderName::CallInfo, &info, ours, |value| their_uris(typed::<rsip::headers::CallInfo>(value).uris()));
    }
}

#[test]
fn both_readers_agree_on_tokens_and_their_parameters() {
    for seed in 0..300 {
        let mut sample = Sample { text: String::new(), random: Random::new(Seeded(seed)) };
        let methods: Vec<&str> =
            (0..=sample.random.below(5)).map(|_| METHODS[sample.random.below(6) as usize]).collect();
        agree(
            HeaderName::Allow,
            &methods.join(", "),
            |headers| headers.values(HeaderName::Allow).collect::<Vec<_>>().join(" "),
            |value| {
                let methods = typed::<rsip::headers::Allow>(value).0;
                methods.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            },
        );
        let kind = ["session", "render", "icon", "alert", "a1"][sample.random.below(5) as usize];
        agree(
            HeaderName::ContentDisposition,
            &format!("{kind};handling={}", sample.word()),
            |headers| {
                let disposition = headers.content_disposition().unwrap().unwrap();
                format!("{} {:?}", disposition.kind, disposition.param("handling").unwrap().unwrap())
            },
            |value| {
                let disposition = typed::<rsip::headers::ContentDisposition>(value);
                assert_eq!(disposition.display_params[0].0, "handling");
                format!("{} {:?}", disposition.display_type, disposition.display_params[0].1)
            },
        );
        agree(
            HeaderName::Warning,
            &format!(
                "{} {}.invalid \"{} {}\"",
                300 + sample.random.below(100),
                sample.word(),
                sample.word(),
                sample.word()
            ),
            |headers| {
                let warning = headers.warnings().next().unwrap();
                format!("{} {} {}", warning.code, warning.agent, warning.text)
            },
            |value| {
                let warning = typed::<rsip::headers::Warning>(value);
                format!("{} {} {}", warning.code, warning.uri.host_with_port.host, warning.text.trim_matches('"'))
            },
        );
        for (name, number) in
            [(HeaderName::Expires, sample.random.u32()), (HeaderName::MinExpires, sample.random.u32())]
        {
            let ours = |headers: &Headers| {
                let value = if name == HeaderName::Expires { headers.expires() } else { headers.min_expires() };
                value.unwrap().unwrap().to_string()
            };
            agree(name, &number.to_string(), ours, |value| match name {
                HeaderName::Expires => rsip::headers::Expires::new(value).seconds().unwrap().to_string(),
                _ => rsip::headers::MinExpires::new(value).seconds().unwrap().to_string(),
            });
        }
    }
}

#[test]
fn both_readers_agree_on_plain_challenges_and_credentials() {
    for seed in 0..300 {
        let mut sample = Sample { text: String::new(), random: Random::new(Seeded(seed)) };
        let challenge = format!(
            "Digest realm=\"{}.invalid\", nonce=\"{}\", opaque=\"{}\", algorithm=MD5",
            sample.word(),
            sample.word(),
            sample.word()
        );
        let said = |challenge: &sipwake::message::AuthParams<'_>, names: &[&str]| -> String {
            names.iter().map(|name| format!("{}; ", challenge.get(name).unwrap())).collect()
        };
        agree(
            HeaderName::WwwAuthenticate,
            &challenge,
            |headers| {
                let all = challenges(headers.get(HeaderName::WwwAuthenticate).unwrap()).unwrap();
                assert_eq!((all.len(), all[0].scheme), (1, "Digest"));
                said(&all[0], &["realm", "nonce", "opaque", "algorithm"])
            },
            |value| {
                let read = typed::<rsip::headers::WwwAuthenticate>(value);
                format!("{}; {}; {}; {}; ", read.realm, read.nonce, read.opaque.unwrap(), read.algorithm.unwrap())
            },
        );
        let credentials = format!(
            "Digest username=\"{}\", realm=\"{}.invalid\", nonce=\"{}\", uri=\"{}\", response=\"{}\"",
            sample.word(),
            sample.word(),
            sample.word(),
            sample.uri(),
            sample.word()
        );
        agree(
            HeaderName::Authorization,
            &credentials,
            |headers| {
                let all = challenges(headers.get(HeaderName::Authorization).unwrap()).unwrap();
                said(&all[0], &["username", "realm", "nonce", "response"])
            },
            |value| {
                let read = typed::<rsip::headers::Authorization>(value);
                format!("{}; {}; {}; {}; ", read.username, read.realm, read.nonce, read.response)
            },
        );
    }
}
