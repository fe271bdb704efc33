//! The typed views of header lines: read when asked for, borrowed from the line. `None` says that the header is not
//! there, `Some(Err(_))` that it cannot be read.

use super::text::{is_token, number};
use super::{
    AuthParams, CSeq, ContentDisposition, Diversion, Event, HeaderError, HeaderName, Headers, HistoryInfo, MediaType,
    Method, NameAddr, RAck, Reason, ReferTo, ReferredBy, Replaces, RetryAfter, SessionExpires, SessionId,
    SubscriptionState, TargetDialog, UserToUser, Via, Warning, challenges,
};

impl Headers {
    /// The topmost Via.
    #[must_use]
    pub fn via(&self) -> Option<Result<Via<'_>, HeaderError>> {
        self.vias().next()
    }

    /// All Via values from the top.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'_>, HeaderError>> {
        self.values(HeaderName::Via).map(Via::parse)
    }

    /// From.
    #[must_use]
    pub fn from(&self) -> Option<Result<NameAddr<'_>, HeaderError>> {
        self.get(HeaderName::From).map(NameAddr::parse)
    }

    /// To.
    #[must_use]
    pub fn to(&self) -> Option<Result<NameAddr<'_>, HeaderError>> {
        self.get(HeaderName::To).map(NameAddr::parse)
    }

    /// Call-ID, where it is not empty.
    #[must_use]
    pub fn call_id(&self) -> Option<&str> {
        self.get(HeaderName::CallId).filter(|value| !value.is_empty())
    }

    /// CSeq.
    #[must_use]
    pub fn cseq(&self) -> Option<Result<CSeq, HeaderError>> {
        self.get(HeaderName::CSeq).map(CSeq::parse)
    }

    /// All values of a header that holds addresses.
    pub fn addresses(&self, name: HeaderName) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.values(name).map(NameAddr::parse)
    }

    /// All Contact values; `*` is none, see [`contact_is_star`](Self::contact_is_star).
    pub fn contacts(&self) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.values(HeaderName::Contact).filter(|value| *value != "*").map(NameAddr::parse)
    }

    /// Whether a Contact is the `*` that stands for all bindings.
    #[must_use]
    pub fn contact_is_star(&self) -> bool {
        self.values(HeaderName::Contact).any(|value| value == "*")
    }

    /// All Route values.
    pub fn routes(&self) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.addresses(HeaderName::Route)
    }

    /// All Record-Route values.
    pub fn record_routes(&self) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.addresses(HeaderName::RecordRoute)
    }

    fn seconds(&self, name: HeaderName) -> Option<Result<u32, HeaderError>> {
        self.get(name).map(number)
    }

    /// Expires, in seconds.
    #[must_use]
    pub fn expires(&self) -> Option<Result<u32, HeaderError>> {
        self.seconds(HeaderName::Expires)
    }

    /// Min-Expires, in seconds.
    #[must_use]
    pub fn min_expires(&self) -> Option<Result<u32, HeaderError>> {
        self.seconds(HeaderName::MinExpires)
    }

    /// Flow-Timer, in seconds.
    #[must_use]
    pub fn flow_timer(&self) -> Option<Result<u32, HeaderError>> {
        self.seconds(HeaderName::FlowTimer)
    }

    /// Max-Forwards, 0 to 255.
    #[must_use]
    pub fn max_forwards(&self) -> Option<Result<u32, HeaderError>> {
        self.get(HeaderName::MaxForwards).map(|value| number::<u8>(value).map(u32::from))
    }

    /// Retry-After.
    #[must_use]
    pub fn retry_after(&self) -> Option<Result<RetryAfter, HeaderError>> {
        self.get(HeaderName::RetryAfter).map(RetryAfter::parse)
    }

    /// All Reason values that can be read.
    pub fn reasons(&self) -> impl Iterator<Item = Reason<'_>> {
        self.values(HeaderName::Reason).filter_map(|value| Reason::parse(value).ok())
    }

    /// Content-Type.
    #[must_use]
    pub fn content_type(&self) -> Option<Result<MediaType<'_>, HeaderError>> {
        self.get(HeaderName::ContentType).map(MediaType::parse)
    }

    /// Session-Expires.
    #[must_use]
    pub fn session_expires(&self) -> Option<Result<SessionExpires<'_>, HeaderError>> {
        self.get(HeaderName::SessionExpires).map(SessionExpires::parse)
    }

    /// Min-SE, in seconds.
    #[must_use]
    pub fn min_se(&self) -> Option<Result<u32, HeaderError>> {
        self.get(HeaderName::MinSe).map(super::session_expires::min_se)
    }

    /// RSeq.
    #[must_use]
    pub fn rseq(&self) -> Option<Result<u32, HeaderError>> {
        self.get(HeaderName::RSeq).map(super::rack::rseq_number)
    }

    /// RAck.
    #[must_use]
    pub fn rack(&self) -> Option<Result<RAck, HeaderError>> {
        self.get(HeaderName::RAck).map(RAck::parse)
    }

    /// Refer-To.
    #[must_use]
    pub fn refer_to(&self) -> Option<Result<ReferTo<'_>, HeaderError>> {
        self.get(HeaderName::ReferTo).map(ReferTo::parse)
    }

    /// Referred-By.
    #[must_use]
    pub fn referred_by(&self) -> Option<Result<ReferredBy<'_>, HeaderError>> {
        self.get(HeaderName::ReferredBy).map(ReferredBy::parse)
    }

    /// Refer-Sub.
    #[must_use]
    pub fn refer_sub(&self) -> Option<Result<bool, HeaderError>> {
        self.get(HeaderName::ReferSub).map(super::refer_to::refer_sub)
    }

    /// Replaces.
    #[must_use]
    pub fn replaces(&self) -> Option<Result<Replaces<'_>, HeaderError>> {
        self.get(HeaderName::Replaces).map(Replaces::parse)
    }

    /// Join.
    #[must_use]
    pub fn join(&self) -> Option<Result<Replaces<'_>, HeaderError>> {
        self.get(HeaderName::Join).map(Replaces::parse)
    }

    /// Target-Dialog.
    #[must_use]
    pub fn target_dialog(&self) -> Option<Result<TargetDialog<'_>, HeaderError>> {
        self.get(HeaderName::TargetDialog).map(TargetDialog::parse)
    }

    /// Event.
    #[must_use]
    pub fn event(&self) -> Option<Result<Event<'_>, HeaderError>> {
        self.get(HeaderName::Event).map(Event::parse)
    }

    /// Subscription-State.
    #[must_use]
    pub fn subscription_state(&self) -> Option<Result<SubscriptionState<'_>, HeaderError>> {
        self.get(HeaderName::SubscriptionState).map(SubscriptionState::parse)
    }

    /// Whether Supported or Require names this option tag: who requires an extension supports it.
    #[must_use]
    pub fn supports(&self, option_tag: &str) -> bool {
        self.has_token(HeaderName::Supported, option_tag) || self.requires(option_tag)
    }

    /// Whether Require names this option tag.
    #[must_use]
    pub fn requires(&self, option_tag: &str) -> bool {
        self.has_token(HeaderName::Require, option_tag)
    }

    /// Whether Allow names this method; methods are told apart by case. `None` where there is no Allow, which says
    /// nothing about what is allowed (RFC 3261 section 20.5).
    #[must_use]
    pub fn allows(&self, method: &Method) -> Option<bool> {
        self.get(HeaderName::Allow)?;
        Some(self.values(HeaderName::Allow).any(|value| value == method.as_str()))
    }

    /// Whether Allow-Events names this event package.
    #[must_use]
    pub fn allows_event(&self, package: &str) -> bool {
        self.values(HeaderName::AllowEvents).any(|value| value == package)
    }

    /// All Path values, the topmost nearest to us (RFC 3327).
    pub fn paths(&self) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.addresses(HeaderName::Path)
    }

    /// All Service-Route values in the order in which they become Route (RFC 3608).
    pub fn service_routes(&self) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.addresses(HeaderName::ServiceRoute)
    }

    /// All Diversion values that can be read, the latest first.
    pub fn diversions(&self) -> impl Iterator<Item = Diversion<'_>> {
        self.values(HeaderName::Diversion).filter_map(|value| Diversion::parse(value).ok())
    }

    /// All History-Info values that can be read.
    pub fn history(&self) -> impl Iterator<Item = HistoryInfo<'_>> {
        self.values(HeaderName::HistoryInfo).filter_map(|value| HistoryInfo::parse(value).ok())
    }

    /// Content-Disposition.
    #[must_use]
    pub fn content_disposition(&self) -> Option<Result<ContentDisposition<'_>, HeaderError>> {
        self.get(HeaderName::ContentDisposition).map(ContentDisposition::parse)
    }

    /// MIME-Version, major and minor.
    #[must_use]
    pub fn mime_version(&self) -> Option<Result<(u32, u32), HeaderError>> {
        self.get(HeaderName::MimeVersion).map(super::content::mime_version)
    }

    /// All Warning values that can be read.
    pub fn warnings(&self) -> impl Iterator<Item = Warning<'_>> {
        self.values(HeaderName::Warning).filter_map(|value| Warning::parse(value).ok())
    }

    /// Date, in seconds since the beginning of 1970.
    #[must_use]
    pub fn date(&self) -> Option<Result<u64, HeaderError>> {
        self.get(HeaderName::Date).map(super::date::date)
    }

    /// Session-ID.
    #[must_use]
    pub fn session_id(&self) -> Option<Result<SessionId<'_>, HeaderError>> {
        self.get(HeaderName::SessionId).map(SessionId::parse)
    }

    /// All User-to-User values that can be read.
    pub fn user_to_user(&self) -> impl Iterator<Item = UserToUser<'_>> {
        self.values(HeaderName::UserToUser).filter_map(|value| UserToUser::parse(value).ok())
    }

    /// Authentication-Info: `nextnonce`, `rspauth`, `qop`, `cnonce` and `nc`.
    #[must_use]
    pub fn authentication_info(&self) -> Option<Result<AuthParams<'_>, HeaderError>> {
        let value = self.get(HeaderName::AuthenticationInfo)?;
        Some(challenges(value).and_then(|all| all.into_iter().next().ok_or(HeaderError::Syntax)))
    }

    /// What the other side says that it is: Server or User-Agent.
    #[must_use]
    pub fn product(&self) -> Option<&str> {
        self.get(HeaderName::Server).or_else(|| self.get(HeaderName::UserAgent)).filter(|text| !text.is_empty())
    }

    /// Whether an Accept names this media type, also by `*`. `None` where there is no Accept: then it is
    /// `application/sdp` alone (RFC 3261 section 20.1).
    #[must_use]
    pub fn accepts(&self, kind: &str, subtype: &str) -> Option<bool> {
        self.get(HeaderName::Accept)?;
        let mut ranges = self.values(HeaderName::Accept).filter_map(|value| MediaType::parse(value).ok());
        Some(ranges.any(|range| range.is(kind, subtype) || range.is(kind, "*") || range.is("*", "*")))
    }

    /// SIP-ETag.
    #[must_use]
    pub fn sip_etag(&self) -> Option<&str> {
        self.get(HeaderName::SipEtag).filter(|tag| is_token(tag))
    }

    /// SIP-If-Match.
    #[must_use]
    pub fn sip_if_match(&self) -> Option<&str> {
        self.get(HeaderName::SipIfMatch).filter(|tag| is_token(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 8.1.3.5
    #[test]
    fn absent_is_not_malformed() {
        let mut headers = Headers::default();
        assert!(headers.via().is_none() && headers.from().is_none() && headers.expires().is_none());
        headers.push(HeaderName::Expires, "soon");
        headers.push(HeaderName::MaxForwards, "256");
        assert_eq!(headers.expires(), Some(Err(HeaderError::Number)));
        assert_eq!(headers.max_forwards(), Some(Err(HeaderError::Number)));
    }

    #[test]
    fn one_broken_contact_leaves_the_others_readable() {
        let mut headers = Headers::default();
        headers.push(HeaderName::Contact, "<sip:a@b>;expires=1, <sip:, <sip:c@d>;expires=2");
        headers.push(HeaderName::Contact, "<sip:e@f>");
        assert_eq!(headers.contacts().filter_map(Result::ok).map(|c| c.uri_text()).last(), Some("sip:e@f"));
        assert!(!headers.contact_is_star());
        headers.set(HeaderName::Contact, "*");
        assert!(headers.contact_is_star());
        assert_eq!(headers.contacts().count(), 0);
    }

    #[test]
    fn reasons_come_from_all_lines() {
        let mut headers = Headers::default();
        headers.push(HeaderName::Reason, "SIP;cause=200;text=\"a, b\", Q.850;cause=16");
        assert_eq!(headers.reasons().map(|r| r.cause).collect::<Vec<_>>(), [Some(200), Some(16)]);
    }

    /// RFC 3261 7.3.1
    #[test]
    fn option_tags_compare_in_any_case_and_methods_do_not() {
        let mut headers = Headers::default();
        assert_eq!(headers.allows(&Method::Update), None);
        headers.push_named("k", "100REL , timer");
        headers.push(HeaderName::Supported, "replaces");
        headers.push(HeaderName::Require, "outbound");
        headers.push(HeaderName::Allow, "INVITE, update, NEW");
        headers.push_named("u", "dialog,refer");
        assert!(headers.supports("100rel") && headers.supports("Replaces") && headers.supports("outbound"));
        assert!(headers.requires("outbound") && !headers.requires("timer") && !headers.supports("gruu"));
        assert_eq!(headers.allows(&Method::Invite), Some(true));
        assert_eq!(headers.allows(&Method::Update), Some(false));
        assert_eq!(headers.allows(&Method::Other("NEW".into())), Some(true));
        assert!(headers.allows_event("refer") && !headers.allows_event("presence"));
    }

    #[test]
    fn an_empty_supported_supports_nothing() {
        let mut headers = Headers::default();
        headers.push(HeaderName::Supported, "");
        headers.push(HeaderName::Allow, "");
        assert!(!headers.supports(""));
        assert_eq!(headers.allows(&Method::Bye), Some(false));
    }

    #[test]
    fn each_view_reads_its_own_header() {
        let mut headers = Headers::default();
        for (name, value) in [
            ("x", "1800;refresher=uac"),
            ("Min-SE", "90"),
            ("RSeq", "7"),
            ("RAck", "7 1 INVITE"),
            ("r", "<sip:a@b;method=BYE>"),
            ("b", "<sip:r@b>"),
            ("Refer-Sub", "false"),
            ("Replaces", "c;to-tag=t;from-tag=f"),
            ("Join", "j;to-tag=t;from-tag=f"),
            ("Target-Dialog", "d;local-tag=t;remote-tag=f"),
            ("o", "refer;id=1"),
            ("Subscription-State", "pending"),
            ("SIP-ETag", "dx200xyz"),
            ("SIP-If-Match", "a b"),
        ] {
            headers.push_named(name, value);
        }
        assert_eq!(headers.session_expires().unwrap().unwrap().seconds, 1800);
        assert_eq!((headers.min_se(), headers.rseq()), (Some(Ok(90)), Some(Ok(7))));
        assert_eq!(headers.rack().unwrap().unwrap().cseq.number, 1);
        assert_eq!(headers.refer_to().unwrap().unwrap().method(), Method::Bye);
        assert_eq!(headers.referred_by().unwrap().unwrap().address.uri_text(), "sip:r@b");
        assert_eq!(headers.refer_sub(), Some(Ok(false)));
        assert_eq!(headers.replaces().unwrap().unwrap().call_id, "c");
        assert_eq!(headers.join().unwrap().unwrap().call_id, "j");
        assert_eq!(headers.target_dialog().unwrap().unwrap().call_id, "d");
        assert_eq!(headers.event().unwrap().unwrap().id, Some("1"));
        assert!(!headers.subscription_state().unwrap().unwrap().is_terminated());
        assert_eq!((headers.sip_etag(), headers.sip_if_match()), (Some("dx200xyz"), None));
    }

    #[test]
    fn each_view_of_what_is_for_people_and_servers_reads_its_own_header() {
        let mut headers = Headers::default();
        for (name, value) in [
            ("Path", "<sip:p1;lr>,<sip:p2;lr>"),
            ("Service-Route", "<sip:s;lr>"),
            ("Diversion", "<sip:a@b>;reason=no-answer, <sip:>"),
            ("History-Info", "<sip:a@b>;index=1, <sip:c@d>;index=1.1"),
            ("Content-Disposition", "session"),
            ("MIME-Version", "1.0"),
            ("Warning", "399 a \"b, c\", 399"),
            ("Date", "Thu, 01 Jan 1970 00:00:01 GMT"),
            ("Session-ID", "ab30317f1a784dc48ff824d0d3715d86"),
            ("User-to-User", "00;encoding=hex"),
            ("Authentication-Info", "nextnonce=\"n\", nc=00000001"),
            ("User-Agent", "phone/1 (x)"),
            ("Accept", "application/sdp;level=1, text/*"),
        ] {
            headers.push_named(name, value);
        }
        assert_eq!((headers.paths().count(), headers.service_routes().count()), (2, 1));
        assert_eq!(headers.diversions().map(|diversion| diversion.counter()).collect::<Vec<_>>(), [1]);
        assert_eq!(headers.history().last().unwrap().index().unwrap(), "1.1");
        assert!(headers.content_disposition().unwrap().unwrap().is("session"));
        assert_eq!((headers.mime_version(), headers.date()), (Some(Ok((1, 0))), Some(Ok(1))));
        assert_eq!(headers.warnings().map(|warning| warning.text.into_owned()).collect::<Vec<_>>(), ["b, c"]);
        assert!(headers.session_id().unwrap().unwrap().remote.is_none());
        assert_eq!(headers.user_to_user().next().unwrap().octets().unwrap(), [0]);
        assert_eq!(headers.authentication_info().unwrap().unwrap().get("nextnonce").unwrap(), "n");
        assert_eq!(headers.product(), Some("phone/1 (x)"));
        headers.push_named("Server", "proxy");
        assert_eq!(headers.product(), Some("proxy"));
        assert_eq!((headers.accepts("text", "html"), headers.accepts("image", "png")), (Some(true), Some(false)));
        headers.remove(HeaderName::Accept);
        assert_eq!(headers.accepts("application", "sdp"), None);
    }
}
