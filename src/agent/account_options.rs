//! What the options of an account may be.

use super::account::{PushContact, credentials};
use super::binding::are_contact_params;
use super::extra::{check_headers, check_request_headers};
use super::identity::is_identity;
use super::registration::LONGEST_EXPIRES;
use crate::auth::fault;
use crate::common::limits;
use crate::dialog::SMALLEST_S;
use crate::io::{AccountOptions, Error, ErrorCode, PushOptions};
use crate::message::{self, MediaType, Uri};
use crate::transport::{is_private, is_server};

/// Whether an account can be made of these.
///
/// # Errors
/// `InvalidOption` with the option's name, or `BadServerUrl`: what does not fit is refused, never bent or passed over.
pub(super) fn check(options: &AccountOptions) -> Result<(), Error> {
    let visible = |text: &str| !text.is_empty() && text.bytes().all(|b| b > b' ' && b != 0x7f);
    if !visible(&options.username) {
        return Err(Error::option("username"));
    }
    let host = ["sip:", &options.domain].concat();
    let domain_is_host = visible(&options.domain)
        && Uri::parse(&host).is_ok_and(|uri| uri.user().is_none() && uri.params().next().is_none());
    if !domain_is_host || options.domain.contains(['@', '?', ';', '<', '>', '"']) {
        return Err(Error::option("domain"));
    }
    if options.auth_username.as_ref().is_some_and(|name| name.is_empty() || name.chars().any(char::is_control)) {
        return Err(Error::option("authUsername"));
    }
    if let Some(field) = fault(&credentials(options)) {
        return Err(Error::option(field));
    }
    if options.bearer_token.is_some() && !options.servers.iter().all(|server| is_private(&server.url)) {
        return Err(Error::option("bearerToken"));
    }
    if options.servers.is_empty() || options.servers.len() > limits::SERVERS {
        return Err(Error::option("servers"));
    }
    if !options.servers.iter().all(|server| is_server(&server.url)) {
        return Err(Error { field: Some("servers"), ..ErrorCode::BadServerUrl.into() });
    }
    let numbers: [(_, u64, _, _); 7] = [
        ("declineCode", options.decline_code.into(), 400, 699),
        ("flows", options.flows.into(), 1, 2),
        ("expires", options.expires.into(), 10, LONGEST_EXPIRES.into()),
        ("sessionExpires", or_least(options.session_expires.into(), SMALLEST_S.into()), SMALLEST_S.into(), 86_400),
        ("keepAliveMs", or_least(options.keep_alive_ms, 1_000), 1_000, 3_600_000),
        ("connectTimeoutMs", options.connect_timeout_ms, 500, 120_000),
        ("maxRedirects", options.max_redirects.into(), 0, limits::REDIRECTS as u64),
    ];
    if let Some((name, ..)) = numbers.into_iter().find(|(_, number, least, most)| number < least || number > most) {
        return Err(Error::option(name));
    }
    if let Some(field) = options.push.as_ref().and_then(push_fault) {
        return Err(Error::option(field));
    }
    check_headers(&options.register_headers).map_err(|_| Error::option("registerHeaders"))?;
    check_request_headers(&options.request_headers)?;
    if !are_contact_params(&options.contact_params, false) {
        return Err(Error::option("contactParams"));
    }
    if !options.events.iter().all(|package| message::is_token(package)) {
        return Err(Error::option("events"));
    }
    if !options.info_packages.iter().all(|package| message::is_token(package)) {
        return Err(Error::option("infoPackages"));
    }
    if !options.message_types.iter().all(|kind| MediaType::parse(kind).is_ok()) {
        return Err(Error::option("messageTypes"));
    }
    if options.preferred_identity.as_ref().is_some_and(|uri| !is_identity(uri)) {
        return Err(Error::option("preferredIdentity"));
    }
    if options.display_name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
        return Err(Error::option("displayName"));
    }
    Ok(())
}

/// 0 stands for none.
const fn or_least(number: u64, least: u64) -> u64 {
    if number == 0 { least } else { number }
}

/// Which of the push options cannot be, if any.
fn push_fault(options: &PushOptions) -> Option<&'static str> {
    let (header, uri) = (&options.reg_contact_params, &options.contact_uri_params);
    if options.preset.is_some() && !(header.is_empty() && uri.is_empty()) {
        // The preset says everything.
        return Some("preset");
    }
    if !filled(header).is_some_and(|text| PushContact::is_header_params(&text)) {
        return Some("regContactParams");
    }
    if filled(uri).is_some_and(|text| PushContact::is_uri_params(&text)) { None } else { Some("contactUriParams") }
}

/// A template as it looks when all of its placeholders have a value; `None` where one is unknown or not closed.
fn filled(template: &str) -> Option<String> {
    let mut text = String::new();
    let mut left = template.trim().trim_matches(';');
    if !left.is_empty() {
        text.push(';');
    }
    while let Some((before, after)) = left.split_once('{') {
        let (name, after) = after.split_once('}')?;
        text.push_str(before);
        text.push_str(PushOptions::PLACEHOLDERS.contains(&name).then_some("x")?);
        left = after;
    }
    text.push_str(left);
    text.bytes().all(|b| b == b' ' || (b.is_ascii_graphic() && !b"<>,\"\\?{}".contains(&b))).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::secret::Secret;
    use crate::io::{PushPreset, SipServer};

    fn good() -> AccountOptions {
        AccountOptions {
            username: "bob".into(),
            domain: "example.test".into(),
            servers: vec!["wss://sip.example.test/ws".into()],
            ..AccountOptions::default()
        }
    }

    fn refused(change: impl Fn(&mut AccountOptions)) -> Option<(ErrorCode, &'static str)> {
        let mut options = good();
        change(&mut options);
        check(&options).err().map(|error| (error.code, error.field.unwrap_or_default()))
    }

    #[test]
    fn every_number_has_a_range_and_is_refused_by_name_beyond_it() {
        type Set = fn(&mut AccountOptions, u32);
        let numbers: [(&str, Set, &[u32], &[u32]); 7] = [
            ("declineCode", |o, n| o.decline_code = n as u16, &[400, 699], &[0, 399, 700]),
            ("flows", |o, n| o.flows = n as u8, &[1, 2], &[0, 3]),
            ("expires", |o, n| o.expires = n, &[10, 31_536_000], &[0, 9, 31_536_001]),
            ("sessionExpires", |o, n| o.session_expires = n, &[0, 90, 86_400], &[1, 89, 86_401]),
            ("keepAliveMs", |o, n| o.keep_alive_ms = n.into(), &[0, 1_000, 3_600_000], &[1, 999, 3_600_001]),
            ("connectTimeoutMs", |o, n| o.connect_timeout_ms = n.into(), &[500, 120_000], &[0, 499, 120_001]),
            ("maxRedirects", |o, n| o.max_redirects = n as u8, &[0, 16], &[17, 255]),
        ];
        for (name, set, good, bad) in numbers {
            for number in good {
                assert_eq!(refused(|options| set(options, *number)), None, "{name} {number}");
            }
            for number in bad {
                assert_eq!(refused(|o| set(o, *number)), Some((ErrorCode::InvalidOption, name)), "{name} {number}");
            }
        }
    }

    /// The WebSocket API refuses fragments (and throws), and browsers send no userinfo, or fail because of it.
    #[test]
    fn a_server_with_a_password_or_a_fragment_is_refused_and_not_quoted() {
        for url in ["wss://user:pw@host/ws", "wss://user@host", "wss://@host", "wss://host/ws#part", "https://host", ""]
        {
            let servers: Vec<SipServer> = vec!["wss://good.example.test".into(), url.into()];
            let error = check(&AccountOptions { servers, ..good() }).unwrap_err();
            assert_eq!((error.code, error.field), (ErrorCode::BadServerUrl, Some("servers")), "{url}");
            assert!(!error.to_string().contains("pw") && !error.to_string().contains("user"));
        }
        let many = vec![SipServer::from("wss://a"); limits::SERVERS + 1];
        assert_eq!(refused(|o| o.servers.clone_from(&many)), Some((ErrorCode::InvalidOption, "servers")));
    }

    #[test]
    fn a_push_template_that_would_be_left_out_is_refused() {
        let header = |text: &str| PushOptions { reg_contact_params: text.into(), ..PushOptions::default() };
        let uri = |text: &str| PushOptions { contact_uri_params: text.into(), ..PushOptions::default() };
        for text in ["", ";app-id={bundle};pn-voip-tok={voip-token}", "a={topic}.{team};b", " ;a = {instance} ;"] {
            assert_eq!(push_fault(&header(text)), None, "{text}");
        }
        for text in [
            ";a={voip}",
            ";a={voip-token",
            ";a=}",
            ";a=\"x\"",
            ";a=b c",
            ";a;;b",
            "a=<b>",
            ";a=b,c",
            ";expires={bundle}",
            ";REG-ID=1",
            ";a=1;b=2;A=3",
            ";=x",
            "a=\r\nb",
            ";é=1",
        ] {
            assert_eq!(push_fault(&header(text)), Some("regContactParams"), "{text}");
        }
        assert_eq!(push_fault(&uri(";pn-provider=apns;pn-prid={voip-token}")), None);
        for text in [";transport=tcp", ";ob", ";a={nobody}", ";a=b?c=d", ";a b", ";a;A"] {
            assert_eq!(push_fault(&uri(text)), Some("contactUriParams"), "{text}");
        }
        let both = PushOptions { preset: Some(PushPreset::Rfc8599Apns), ..header(";a=b") };
        assert_eq!(push_fault(&both), Some("preset"));
    }

    #[test]
    fn credentials_that_cannot_be_are_refused_by_name() {
        let hash = |text: &str| Some(Secret::new(text));
        assert_eq!(refused(|o| o.ha1_md5 = hash(&"a".repeat(32))), None);
        assert_eq!(refused(|o| o.ha1_md5 = hash(&"g".repeat(32))), Some((ErrorCode::InvalidOption, "ha1")));
        assert_eq!(refused(|o| o.ha1_sha256 = hash(&"a".repeat(32))), Some((ErrorCode::InvalidOption, "ha1")));
        assert_eq!(refused(|o| o.bearer_token = hash("a\nb")), Some((ErrorCode::InvalidOption, "bearerToken")));
        let name = Some("a\r\nb".to_owned());
        assert_eq!(refused(|o| o.auth_username.clone_from(&name)), Some((ErrorCode::InvalidOption, "authUsername")));
    }
}
