//! Header names: canonical spelling, compact form, and whether a line may hold a comma list.

macro_rules! names {
    ($($variant:ident $text:literal $compact:literal $list:literal;)*) => {
        /// A header that this crate knows by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum HeaderName {
            $(
                #[doc = concat!("`", $text, "`.")]
                $variant,
            )*
            /// Any other; its lines are reached by the name as text.
            Other,
        }

        /// Name, compact form (a blank: none), comma list; in the order of the enum.
        const NAMES: &[(HeaderName, &str, u8, bool)] = &[$((HeaderName::$variant, $text, $compact, $list),)*];
    };
}

// What a call brings most often stands first, because names are looked up from the top.
names! {
    Via "Via" b'v' true;
    From "From" b'f' false;
    To "To" b't' false;
    CallId "Call-ID" b'i' false;
    CSeq "CSeq" b' ' false;
    Contact "Contact" b'm' true;
    MaxForwards "Max-Forwards" b' ' false;
    ContentLength "Content-Length" b'l' false;
    ContentType "Content-Type" b'c' false;
    RecordRoute "Record-Route" b' ' true;
    Route "Route" b' ' true;
    Allow "Allow" b' ' true;
    Supported "Supported" b'k' true;
    UserAgent "User-Agent" b' ' false;
    Server "Server" b' ' false;
    Expires "Expires" b' ' false;
    Require "Require" b' ' true;
    Reason "Reason" b' ' true;
    Authorization "Authorization" b' ' false;
    WwwAuthenticate "WWW-Authenticate" b' ' false;
    ProxyAuthorization "Proxy-Authorization" b' ' false;
    ProxyAuthenticate "Proxy-Authenticate" b' ' false;
    Path "Path" b' ' true;
    ServiceRoute "Service-Route" b' ' true;
    Date "Date" b' ' false;
    SessionExpires "Session-Expires" b'x' false;
    MinSe "Min-SE" b' ' false;
    RSeq "RSeq" b' ' false;
    RAck "RAck" b' ' false;
    Accept "Accept" b' ' true;
    AllowEvents "Allow-Events" b'u' true;
    Event "Event" b'o' false;
    SubscriptionState "Subscription-State" b' ' false;
    MinExpires "Min-Expires" b' ' false;
    RetryAfter "Retry-After" b' ' false;
    FlowTimer "Flow-Timer" b' ' false;
    Unsupported "Unsupported" b' ' true;
    ProxyRequire "Proxy-Require" b' ' true;
    AuthenticationInfo "Authentication-Info" b' ' false;
    ProxyAuthenticationInfo "Proxy-Authentication-Info" b' ' false;
    ContentDisposition "Content-Disposition" b' ' false;
    ContentEncoding "Content-Encoding" b'e' true;
    ContentLanguage "Content-Language" b' ' true;
    MimeVersion "MIME-Version" b' ' false;
    Subject "Subject" b's' false;
    Organization "Organization" b' ' false;
    Priority "Priority" b' ' false;
    Timestamp "Timestamp" b' ' false;
    Warning "Warning" b' ' true;
    ReferTo "Refer-To" b'r' false;
    ReferredBy "Referred-By" b'b' false;
    Replaces "Replaces" b' ' false;
    Join "Join" b' ' false;
    TargetDialog "Target-Dialog" b' ' false;
    PAssertedIdentity "P-Asserted-Identity" b' ' true;
    PPreferredIdentity "P-Preferred-Identity" b' ' true;
    Privacy "Privacy" b' ' false;
    Diversion "Diversion" b' ' true;
    HistoryInfo "History-Info" b' ' true;
    FeatureCaps "Feature-Caps" b' ' true;
    AlertInfo "Alert-Info" b' ' true;
    CallInfo "Call-Info" b' ' true;
    ErrorInfo "Error-Info" b' ' true;
    InReplyTo "In-Reply-To" b' ' true;
    ReplyTo "Reply-To" b' ' false;
    AcceptEncoding "Accept-Encoding" b' ' true;
    AcceptLanguage "Accept-Language" b' ' true;
    SipEtag "SIP-ETag" b' ' false;
    SipIfMatch "SIP-If-Match" b' ' false;
    InfoPackage "Info-Package" b' ' false;
    RecvInfo "Recv-Info" b' ' true;
    SessionId "Session-ID" b' ' false;
    UserToUser "User-to-User" b' ' true;
    AcceptContact "Accept-Contact" b'a' true;
    RejectContact "Reject-Contact" b'j' true;
    RequestDisposition "Request-Disposition" b'd' true;
    Identity "Identity" b'y' true;
    AnswerMode "Answer-Mode" b' ' false;
    PrivAnswerMode "Priv-Answer-Mode" b' ' false;
    ReferSub "Refer-Sub" b' ' false;
    PAssociatedUri "P-Associated-URI" b' ' true;
}

impl HeaderName {
    /// The header of this name, long or compact, in any case.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let bytes = name.as_bytes();
        let Some(first) = bytes.first().map(u8::to_ascii_lowercase) else { return Self::Other };
        if bytes.len() == 1 {
            return NAMES.iter().find(|entry| entry.2 == first && first != b' ').map_or(Self::Other, |entry| entry.0);
        }
        let capital = first.to_ascii_uppercase();
        NAMES
            .iter()
            .filter(|entry| entry.1.len() == bytes.len() && entry.1.as_bytes().first() == Some(&capital))
            .find(|entry| entry.1 == name || entry.1.eq_ignore_ascii_case(name))
            .map_or(Self::Other, |entry| entry.0)
    }

    /// Every header that is known by name.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|entry| entry.0)
    }

    /// The canonical spelling; empty for [`Other`](Self::Other).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        NAMES.get(self as usize).map_or("", |entry| entry.1)
    }

    /// Whether one line may hold several values, separated by commas.
    #[must_use]
    pub fn is_list(self) -> bool {
        NAMES.get(self as usize).is_some_and(|entry| entry.3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 7.3.1
    #[test]
    fn every_name_finds_itself_in_any_case() {
        for (index, (name, text, _, _)) in NAMES.iter().enumerate() {
            assert_eq!(*name as usize, index);
            assert_eq!(HeaderName::of(text), *name);
            assert_eq!(HeaderName::of(&text.to_ascii_uppercase()), *name);
            assert_eq!(name.as_str(), *text);
        }
    }

    /// RFC 3261 7.3.3
    #[test]
    fn compact_names_are_the_registered_ones() {
        for (compact, name) in "ajbdcymiefksrltouvx".chars().zip([
            "Accept-Contact",
            "Reject-Contact",
            "Referred-By",
            "Request-Disposition",
            "Content-Type",
            "Identity",
            "Contact",
            "Call-ID",
            "Content-Encoding",
            "From",
            "Supported",
            "Subject",
            "Refer-To",
            "Content-Length",
            "To",
            "Event",
            "Allow-Events",
            "Via",
            "Session-Expires",
        ]) {
            assert_eq!(HeaderName::of(&compact.to_string()).as_str(), name);
            assert_eq!(HeaderName::of(&compact.to_ascii_uppercase().to_string()).as_str(), name);
        }
    }

    #[test]
    fn what_is_not_known_is_other() {
        for name in ["", "X-Any", "z", " ", "Vi", "Viaa"] {
            assert_eq!(HeaderName::of(name), HeaderName::Other);
        }
        assert_eq!(HeaderName::Other.as_str(), "");
    }
}
