//! Asks everything that can be asked of a message: for tests and fuzz targets that must see every view at work.

use sipwake::message::{HeaderName, Headers, Message, NameAddr, Uri, challenges, validate};

/// Asks a message; what comes back only keeps the questions from being left out.
pub fn ask(message: &Message) -> usize {
    let headers = message.headers();
    let mut count = validate(message).len() + usize::from(headers.is_usable());
    if let Message::Request(request) = message {
        count += request.parsed_uri().map_or(0, |uri| ask_uri(&uri));
    }
    count += ask_headers(headers);
    count + sipwake::sdp::SessionDescription::of(message.body()).map_or(0, |description| description.media().count())
}

fn ask_uri(uri: &Uri<'_>) -> usize {
    assert!(uri.same_as(uri), "a URI differs from itself");
    // One look-up stands for all: many would take time that is the question's, not the answer's.
    let last = |(name, _)| uri.param(name).is_some();
    let found = uri.params().last().is_some_and(last);
    let headers = uri.headers().count() + usize::from(uri.header("Replaces").is_some());
    uri.params().count()
        + usize::from(found)
        + headers
        + uri.without_headers().len()
        + uri.user_decoded().map_or(0, |user| user.len())
}

fn ask_address(address: &NameAddr<'_>) -> usize {
    let mut count = address.display_name().map_or(0, |name| name.len()) + address.params().count();
    count += usize::from(address.expires().is_some()) + usize::from(address.preference());
    count += usize::from(address.instance().is_some()) + usize::from(address.reg_id().is_some());
    count += usize::from(address.is_anonymous()) + address.tag().map_or(0, str::len);
    count + address.uri().map_or(0, |uri| ask_uri(&uri))
}

/// Asks header lines.
pub fn ask_headers(headers: &Headers) -> usize {
    let mut count = 0;
    for via in headers.vias().flatten() {
        count += via.params().count() + usize::from(via.rport().is_some()) + via.branch().map_or(0, str::len);
    }
    for name in [
        HeaderName::From,
        HeaderName::To,
        HeaderName::Contact,
        HeaderName::Route,
        HeaderName::RecordRoute,
        HeaderName::Path,
        HeaderName::ServiceRoute,
        HeaderName::PAssertedIdentity,
        HeaderName::PPreferredIdentity,
        HeaderName::ReplyTo,
    ] {
        count += headers.addresses(name).flatten().map(|address| ask_address(&address)).sum::<usize>();
    }
    count += headers.reasons().count() + usize::from(headers.retry_after().is_some_and(|value| value.is_ok()));
    let mut names: Vec<HeaderName> = Vec::new();
    for name in headers.names() {
        if !names.contains(&name) {
            count += headers.values(name).count();
            names.push(name);
        }
    }
    for name in [HeaderName::WwwAuthenticate, HeaderName::Authorization, HeaderName::ProxyAuthenticate] {
        for challenge in headers.lines(name).flat_map(challenges).flatten() {
            count += challenge.iter().count() + usize::from(challenge.get("realm").is_some());
        }
    }
    let seconds = [headers.expires(), headers.min_expires(), headers.flow_timer(), headers.min_se(), headers.rseq()];
    count += seconds.into_iter().flatten().filter(|value| value.is_ok()).count();
    count += usize::from(headers.session_expires().is_some_and(|value| value.is_ok()));
    count += usize::from(headers.max_forwards().is_some_and(|value| value.is_ok()));
    count += usize::from(headers.content_type().is_some_and(|value| value.is_ok_and(|value| value.is_sdp())));
    if let Some(Ok(rack)) = headers.rack() {
        assert_eq!(sipwake::message::RAck::parse(&rack.to_text()), Ok(rack));
    }
    if let Some(Ok(refer)) = headers.refer_to() {
        assert!(Uri::parse(&refer.target()).is_ok(), "a target that is no URI");
        count += refer.method().as_str().len() + usize::from(refer.replaces().is_some_and(|value| value.is_ok()));
    }
    for dialog in [headers.replaces(), headers.join()].into_iter().flatten().flatten() {
        let text = dialog.in_uri("sip:a@b");
        let read = Uri::parse(&text).expect("a URI with an escaped header");
        let read = read.header("Replaces").map(sipwake::message::Replaces::from_uri_header);
        assert_eq!(read, Some(Ok(dialog)));
    }
    count += usize::from(headers.referred_by().is_some_and(|value| value.is_ok_and(|value| value.cid().is_some())));
    count += usize::from(headers.target_dialog().is_some_and(|value| value.is_ok()));
    count += usize::from(headers.refer_sub().is_some_and(|value| value.is_ok()));
    if let Some(Ok(event)) = headers.event() {
        assert!(event.same_as(&event));
        count += event.params().count() + usize::from(event.param("x").is_some());
    }
    if let Some(Ok(state)) = headers.subscription_state() {
        count += usize::from(state.is_terminated()) + state.reason().map_or(0, str::len);
        count += usize::from(state.expires().is_some()) + usize::from(state.retry_after().is_some());
    }
    count += usize::from(headers.supports("100rel")) + usize::from(headers.allows_event("refer"));
    count += usize::from(headers.sip_etag().is_some()) + usize::from(headers.sip_if_match().is_some());
    count += headers.privacy().count() + usize::from(headers.has_privacy("id"));
    for diversion in headers.diversions() {
        count += diversion.counter() as usize % 7 + diversion.limit().map_or(0, |limit| limit as usize % 7);
        count += usize::from(diversion.reason().is_some()) + usize::from(diversion.privacy().is_some());
        count += usize::from(diversion.screened().is_some());
    }
    for entry in headers.history() {
        count += usize::from(entry.index().is_some()) + usize::from(entry.reason().is_some());
        count += usize::from(entry.privacy().is_some()) + usize::from(entry.cause_of_target().is_some());
    }
    for info in headers.call_info().chain(headers.alert_info()).chain(headers.error_info()).flatten() {
        count += info.params().count() + usize::from(info.purpose().is_some());
    }
    count += usize::from(headers.auto_answer().is_some());
    count += headers.feature_caps().count() + usize::from(headers.feature_cap("+sip.pns").is_some());
    count += usize::from(headers.content_disposition().is_some_and(|value| value.is_ok_and(|v| v.is_optional())));
    count += usize::from(headers.mime_version().is_some_and(|value| value.is_ok()));
    for warning in headers.warnings() {
        // What no quoted string can say becomes blanks.
        let text = warning.text.replace(['\r', '\n', '\0'], " ").into();
        let said = sipwake::message::Warning { text, ..warning.clone() };
        assert_eq!(sipwake::message::Warning::parse(&warning.to_text()), Ok(said));
    }
    count += usize::from(headers.date().is_some_and(|value| value.is_ok()));
    if let Some(Ok(id)) = headers.session_id() {
        assert_eq!(sipwake::message::SessionId::parse(&id.to_text()), Ok(id));
    }
    count += headers.user_to_user().filter(|value| value.octets().is_some()).count();
    count += usize::from(headers.authentication_info().is_some_and(|value| value.is_ok()));
    count += usize::from(headers.info_package().is_some_and(|value| value.is_ok()));
    count += usize::from(headers.receives_info("x") == Some(true)) + headers.product().map_or(0, str::len);
    count + usize::from(headers.accepts("application", "sdp") == Some(true))
}
