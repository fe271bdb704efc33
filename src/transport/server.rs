//! One server of an account: its URL, and what was learned about it.

use crate::common::limits;
use crate::common::lists::Gather;
use crate::common::random::Random;
use crate::common::search;
use crate::common::time::Mono;
use crate::io::SipServer;

/// Octets of a server's URL. Longer: the URL is not used.
const URL_OCTETS: usize = 2048;

/// How this server treats keep-alives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pong {
    /// It has not been seen yet.
    Unknown,
    /// It has answered one, so silence means that the flow is dead.
    Answers,
    /// It did not answer: silence means nothing there.
    Silent,
}

/// One server, in the order of preference.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) url: String,
    pub(super) secure: bool,
    pub(super) pong: Pong,
    /// It asked to be left alone until then.
    pub(super) shunned_until: Mono,
}

impl Server {
    /// A server, if its URL can be used at all.
    pub(super) fn new(url: String) -> Option<Self> {
        let secure = is_secure(&url)?;
        Some(Self { url, secure, pong: Pong::Unknown, shunned_until: Mono(0) })
    }
}

/// The servers whose URL can be used, in the order to try them: more weight first; of the same weight in the order given
/// where it is 0, shuffled where it is not.
pub(super) fn in_order(servers: Vec<SipServer>, random: &mut Random) -> Vec<Server> {
    let mut keyed: Vec<_> = servers
        .into_iter()
        .map(|server| {
            let lot = if server.weight == 0 { 0 } else { random.u32() };
            (std::cmp::Reverse(server.weight), lot, Server::new(server.url))
        })
        .filter(|(.., server)| server.is_some())
        .gather();
    let follows = |a: usize, b: usize| match (keyed.get(a), keyed.get(b)) {
        (Some((weight, lot, _)), Some((other, drawn, _))) => (weight, lot) > (other, drawn),
        _ => false,
    };
    let order = search::in_order(keyed.len(), &follows);
    order.into_iter().take(limits::SERVERS).filter_map(|index| keyed.get_mut(index)?.2.take()).gather()
}

/// Whether a `ws:` or `wss:` URL is the secure one; `None` if it is neither or cannot be opened.
fn is_secure(url: &str) -> Option<bool> {
    scheme_and_host(url).map(|(secure, _)| secure)
}

/// Whether a WebSocket can be opened to this URL: no userinfo, no fragment (RFC 6455 section 3).
pub(crate) fn is_server(url: &str) -> bool {
    is_secure(url).is_some()
}

/// Whether nobody on the way to this server can read what is sent: it is encrypted, or it never leaves the device.
pub(crate) fn is_private(url: &str) -> bool {
    match scheme_and_host(url) {
        Some((true, _)) => true,
        Some((false, host)) => {
            let address = host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            host.eq_ignore_ascii_case("localhost") || host == "::1" || (address && host.starts_with("127."))
        }
        None => false,
    }
}

fn scheme_and_host(url: &str) -> Option<(bool, &str)> {
    if url.len() > URL_OCTETS || url.bytes().any(|b| b <= b' ' || b == b'#' || b == 0x7f) {
        return None;
    }
    let colon = url.bytes().position(|b| b == b':')?;
    let secure = match url.get(..colon)? {
        scheme if scheme.eq_ignore_ascii_case("wss") => true,
        scheme if scheme.eq_ignore_ascii_case("ws") => false,
        _ => return None,
    };
    let rest = url.get(colon..)?.strip_prefix("://")?;
    let end = rest.bytes().position(|b| matches!(b, b'/' | b'?')).unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    if authority.contains('@') {
        return None;
    }
    let host_port = authority;
    let (host, port) = if host_port.starts_with('[') {
        let close = host_port.bytes().position(|b| b == b']')?;
        (host_port.get(1..close)?, host_port.get(close + 1..)?)
    } else {
        let colon = host_port.bytes().position(|b| b == b':').unwrap_or(host_port.len());
        (host_port.get(..colon)?, host_port.get(colon..)?)
    };
    let port_is_fine = match port.strip_prefix(':') {
        Some(digits) => {
            digits.is_empty() || (digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok())
        }
        None => port.is_empty(),
    };
    (!host.is_empty() && port_is_fine).then_some((secure, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ws_and_wss_urls_are_told_apart_whatever_their_case() {
        for (url, secure) in [
            ("wss://sip.example.com/ws", true),
            ("WSS://sip.example.com:8443", true),
            ("ws://127.0.0.1:15080", false),
            ("ws://[::1]:80/ws?x=1:2", false),
        ] {
            assert_eq!(is_secure(url), Some(secure), "{url}");
        }
    }

    #[test]
    fn only_what_is_encrypted_or_stays_on_the_device_is_private() {
        for url in ["wss://a", "ws://localhost:5080/ws", "ws://127.0.0.1", "ws://[::1]:80"] {
            assert!(is_private(url), "{url}");
        }
        for url in ["ws://a", "ws://127.evil.example", "ws://localhost.example", "ws://127.0.0.1@a", "nonsense"] {
            assert!(!is_private(url), "{url}");
        }
    }

    #[test]
    fn weight_comes_before_order_and_the_same_weight_is_spread() {
        let mut random = Random::new(crate::common::random::Seeded(4));
        let server = |url: &str, weight| SipServer { url: url.into(), weight };
        let urls = |servers: Vec<Server>| servers.into_iter().map(|server| server.url).collect::<Vec<_>>();
        let plain = vec![server("ws://a", 0), server("nonsense", 9), server("ws://b", 0), server("ws://c", 5)];
        assert_eq!(urls(in_order(plain, &mut random)), ["ws://c", "ws://a", "ws://b"]);
        let mut firsts = Vec::new();
        for _ in 0..32 {
            let even = vec![server("ws://a", 5), server("ws://b", 5), server("ws://c", 1)];
            let order = urls(in_order(even, &mut random));
            assert_eq!(order[2], "ws://c");
            firsts.push(order[0].clone());
        }
        assert!(firsts.iter().any(|url| url == "ws://a") && firsts.iter().any(|url| url == "ws://b"));
    }

    #[test]
    fn what_no_socket_could_open_is_refused() {
        let long = format!("wss://a/{}", "x".repeat(URL_OCTETS));
        for url in [
            "",
            "wss",
            "wss:",
            "wss:/a",
            "wss://",
            "wss:///ws",
            "wss://:5",
            "https://a",
            "sip:a",
            "wss://a:port",
            "wss://a:99999",
            "wss://[::1",
            "wss://[::1]x",
            "wss://a b",
            "wss://a\r\nb",
            "wss://a/#part",
            "wss://user@a",
            "wss://user:pw@a",
            &long,
        ] {
            assert_eq!(is_secure(url), None, "{url}");
        }
    }
}
