//! What a session description, or a fragment of one (RFC 8840 section 9), says of ICE (RFC 8839).

use crate::common::lists::Gather;

/// What one media line says of ICE, or inherits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IceMedia<'a> {
    /// `audio`, `video` and others.
    pub kind: &'a str,
    /// Its identification (RFC 5888); empty where there is none.
    pub mid: &'a str,
    /// The user name fragment: which generation of candidates it is.
    pub ufrag: &'a str,
    /// The password that belongs to it.
    pub pwd: &'a str,
    /// What stands after `a=`: `candidate:…`.
    pub candidates: Vec<&'a str>,
    /// There are no more candidates of this generation (RFC 8840 section 8).
    pub ended: bool,
}

/// What a text says of ICE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ice<'a> {
    /// Its writer takes candidates that come later (RFC 8838 section 3).
    pub trickles: bool,
    /// The media lines in order.
    pub media: Vec<IceMedia<'a>>,
}

impl<'a> Ice<'a> {
    /// Reads a description or a fragment; `None` where a line is no SDP line. A candidate that does not follow the grammar
    /// is passed over (RFC 8839 section 5.1).
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (mut trickles, mut session, mut media) = (false, IceMedia::default(), Vec::<IceMedia<'a>>::new());
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (kind, value) = line.split_once('=').filter(|(kind, _)| kind.len() == 1)?;
            let value = value.trim_end();
            if kind == "m" {
                let kind = value.split(' ').next().unwrap_or_default();
                media.push(IceMedia { kind, mid: "", candidates: Vec::new(), ..session });
            }
            if kind != "a" {
                continue;
            }
            let said = media.last_mut().unwrap_or(&mut session);
            match value.split_once(':').unwrap_or((value, "")) {
                ("mid", mid) => said.mid = mid,
                ("ice-ufrag", ufrag) => said.ufrag = ufrag,
                ("ice-pwd", pwd) => said.pwd = pwd,
                ("ice-options", options) => trickles |= options.split(' ').any(|option| option == "trickle"),
                ("end-of-candidates", _) => said.ended = true,
                ("candidate", _) if is_candidate(value) => said.candidates.push(value),
                _ => {}
            }
        }
        Some(Self { trickles, media: media.into_iter().gather() })
    }
}

/// Whether this is a candidate as `a=` may have it (RFC 8839 section 5.1): foundation, component, transport, priority,
/// address, port, type, and what may follow.
#[must_use]
pub fn is_candidate(text: &str) -> bool {
    let mut words = text.strip_prefix("candidate:").unwrap_or_default().split(' ');
    let mut word = || words.next().unwrap_or_default();
    let visible = text.len() <= 512 && text.bytes().all(|b| (b' '..0x7f).contains(&b));
    visible
        && !word().is_empty()
        && word().parse::<u16>().is_ok_and(|component| (1..=256).contains(&component))
        && !word().is_empty()
        && word().parse::<u32>().is_ok()
        && !word().is_empty()
        && word().parse::<u16>().is_ok()
        && word() == "typ"
        && !word().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "candidate:1 1 udp 2122260223 192.0.2.1 4000 typ host generation 0";

    /// RFC 8840 9.2: attributes before the first pseudo media line are those of all
    #[test]
    fn what_the_session_says_is_inherited() {
        let text = "a=ice-ufrag:u\r\na=ice-pwd:p\r\na=end-of-candidates\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
                    a=candidate:1 1 udp 2122260223 192.0.2.1 4000 typ host generation 0\r\n\
                    m=video 9 RTP/AVP 0\na=ice-ufrag:v\na=mid:1\n";
        let ice = Ice::parse(text).unwrap();
        let audio = &ice.media[0];
        assert_eq!((audio.kind, audio.mid, audio.ufrag, audio.pwd, audio.ended), ("audio", "0", "u", "p", true));
        assert_eq!(audio.candidates, [HOST]);
        assert_eq!((ice.media[1].mid, ice.media[1].ufrag, ice.media[1].candidates.len()), ("1", "v", 0));
        assert!(!ice.trickles);
    }

    /// RFC 8838 3: the option may stand anywhere, among others
    #[test]
    fn who_trickles_says_so() {
        let says = |line: &str| Ice::parse(&["v=0\r\nm=audio 9 x 0\r\n", line].concat()).unwrap().trickles;
        assert!(says("a=ice-options:trickle\r\n") && says("a=ice-options:ice2 trickle renomination"));
        assert!(
            !says("a=ice-options:trickles") && !says("a=ice-options:renomination") && !says("b=ice-options:trickle")
        );
    }

    /// RFC 8839 5.1: a candidate that is not understood is ignored
    #[test]
    fn a_candidate_that_is_none_is_passed_over() {
        assert!(is_candidate(HOST));
        assert!(is_candidate("candidate:a 1 TCP 1 x.local 9 typ host tcptype active"));
        for bad in [
            "",
            "candidate:",
            "candidate:1 1 udp 2122260223 192.0.2.1 4000",
            "candidate:1 0 udp 1 192.0.2.1 4000 typ host",
            "candidate:1 257 udp 1 192.0.2.1 4000 typ host",
            "candidate:1 1 udp x 192.0.2.1 4000 typ host",
            "candidate:1 1 udp 4294967296 192.0.2.1 4000 typ host",
            "candidate:1 1 udp 1 192.0.2.1 70000 typ host",
            "candidate:1 1 udp 1 192.0.2.1 4000 type host",
            "candidate:1 1 udp 1 192.0.2.1 4000 typ ",
            "candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\na=x",
            "candidate:1 1 udp 1 192.0.2.\u{e9} 4000 typ host",
        ] {
            assert!(!is_candidate(bad), "{bad}");
        }
        assert!(!is_candidate(&[HOST, &" x".repeat(300)].concat()));
        let ice = Ice::parse("m=audio 9 x 0\r\na=candidate:nonsense\r\n").unwrap();
        assert!(ice.media[0].candidates.is_empty());
    }

    #[test]
    fn what_is_no_sdp_is_refused() {
        for bad in ["nonsense", "a=mid:0\r\nhello\r\n", "=x", "aa=x", "m audio"] {
            assert!(Ice::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(Ice::parse("").unwrap().media.len(), 0);
    }
}
