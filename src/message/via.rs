//! Via: where responses go, and which transaction they belong to.

use std::borrow::Cow;

use super::HeaderError;
use super::params::{Param, Params};
use super::text::{cut, find, is_token, number, rest, trim};
use super::uri::host_and_port;

/// One Via value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    transport: &'a str,
    host: &'a str,
    port: Option<u16>,
    params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one value: `SIP/2.0/WSS host:port;branch=…`, with blanks wherever the grammar allows them.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let (sent, params) = cut(text, find(text, b';'));
        let (name, after) = before_slash(sent)?;
        let (version, after) = before_slash(after)?;
        let after = trim(after);
        let blank = after.bytes().position(|b| matches!(b, b' ' | b'\t')).ok_or(HeaderError::Syntax)?;
        let (transport, sent_by) = cut(after, blank);
        if !name.eq_ignore_ascii_case("SIP") || version != "2.0" || !is_token(transport) {
            return Err(HeaderError::Syntax);
        }
        let sent_by = trim(sent_by);
        let (host, port) = match host_and_port(sent_by) {
            Ok(read) => read,
            // COLON may have blanks around it, here alone.
            Err(_) => {
                let colon = sent_by.bytes().rposition(|b| b == b':').ok_or(HeaderError::Syntax)?;
                let (host, port) = cut(sent_by, colon);
                let (host, _) = host_and_port(trim(host)).map_err(|_| HeaderError::Syntax)?;
                (host, Some(number(trim(rest(port)))?))
            }
        };
        Ok(Self { transport, host, port, params: Params::parse(params)? })
    }

    /// The transport as written.
    #[must_use]
    pub const fn transport(&self) -> &'a str {
        self.transport
    }

    /// Whether the transport is one of those that run over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        super::vocabulary::is_secure_transport(self.transport)
    }

    /// The host of sent-by as written, an IPv6 address with its brackets.
    #[must_use]
    pub const fn host(&self) -> &'a str {
        self.host
    }

    /// The port of sent-by, where one is written.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The branch, as written.
    #[must_use]
    pub fn branch(&self) -> Option<&'a str> {
        self.params.get("branch").and_then(|param| param.raw)
    }

    /// The address that the request came from, as the server wrote it.
    #[must_use]
    pub fn received(&self) -> Option<&'a str> {
        self.params.get("received").and_then(|param| param.raw)
    }

    /// `rport`: `Some(None)` where it only asks, `Some(Some(port))` where it is answered.
    #[must_use]
    pub fn rport(&self) -> Option<Option<u16>> {
        self.params.get("rport").map(|param| param.raw.and_then(|value| number(value).ok()))
    }

    /// What a parameter says: `Some(None)` if it has no value, `None` if it is not there.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<Cow<'a, str>>> {
        self.params.get(name).map(|param| param.value())
    }

    /// The parameters in order.
    pub fn params(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        self.params.iter()
    }
}

fn before_slash(text: &str) -> Result<(&str, &str), HeaderError> {
    let (part, after) = cut(text, text.bytes().position(|b| b == b'/').ok_or(HeaderError::Syntax)?);
    Ok((trim(part), rest(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Via<'_> {
        Via::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    /// RFC 7118 5.2.2
    #[test]
    fn a_websocket_via_is_read() {
        let via = read("SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks;rport=5060;received=192.0.2.1");
        assert_eq!((via.transport(), via.host(), via.port()), ("WSS", "df7jal23ls0d.invalid", None));
        assert_eq!(
            (via.branch(), via.rport(), via.received()),
            (Some("z9hG4bK56sdasks"), Some(Some(5060)), Some("192.0.2.1"))
        );
        assert!(via.is_secure());
    }

    /// RFC 3261 20.42
    #[test]
    fn blanks_do_not_count() {
        let via = read("SIP  / 2.0  / TCP     spindle.example.com : 5062  ;  branch  =   z9hG4bK9ikj8");
        assert_eq!((via.transport(), via.host(), via.port()), ("TCP", "spindle.example.com", Some(5062)));
        assert_eq!(via.branch(), Some("z9hG4bK9ikj8"));
        assert!(!via.is_secure());
        assert_eq!(read("SIP/2.0/WS  host;rport").rport(), Some(None));
    }

    /// RFC 3261 20.42
    /// RFC 5118 4.5
    #[test]
    fn unknown_transports_and_ipv6_are_read() {
        assert_eq!(read("SIP/2.0/UNKNOWN t.example.com;branch=z9").transport(), "UNKNOWN");
        let via = read("SIP/2.0/UDP [2001:db8::9:1]:5061;received=2001:db8::9:255;branch=z9");
        assert_eq!((via.host(), via.port()), ("[2001:db8::9:1]", Some(5061)));
        assert_eq!((via.received(), via.branch()), (Some("2001:db8::9:255"), Some("z9")));
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in [
            "",
            "SIP/2.0",
            "SIP/2.0/WS",
            "SIP/2.0/WS ",
            "SIP/2.0/WS ;branch=a",
            "SIP/2.0/UDP 192.0.2.15;;,;,,",
            "SIP/3.0/WS a",
            "HTTP/2.0/WS a",
            "SIP/2.0/W@S a",
            "SIP/2.0/WS a b",
            "SIP/2.0/WS a:b",
            "SIP/2.0/WS a:70000",
            "SIP/2.0/UDP 2001:db8::1",
        ] {
            assert!(Via::parse(bad).is_err(), "{bad}");
        }
    }
}
