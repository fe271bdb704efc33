//! The typed views of header lines: read when asked for, borrowed from the line. `None` says that the header is not
//! there, `Some(Err(_))` that it cannot be read.

use super::text::number;
use super::{CSeq, HeaderError, HeaderName, Headers, MediaType, NameAddr, Reason, RetryAfter, Via};

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
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
