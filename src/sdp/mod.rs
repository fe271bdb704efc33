//! The view of a session description that signalling needs: its media lines and directions. The media engine reads the
//! rest. `ice`: what it says of ICE.

mod ice;

pub use ice::{Ice, IceMedia, is_candidate};

/// A session description, borrowed from a body.
#[derive(Clone, Copy)]
pub struct SessionDescription<'a> {
    text: &'a str,
}

/// Which way media flows, as the side that wrote it sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways; also where nothing is said.
    #[default]
    SendRecv,
    /// From the writer.
    SendOnly,
    /// To the writer.
    RecvOnly,
    /// Neither way.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    fn of(attribute: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive]
            .into_iter()
            .find(|d| d.as_str() == attribute.trim_end())
    }
}

/// One media line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media<'a> {
    /// `audio`, `video`, `application` and others, as written.
    pub kind: &'a str,
    /// The port; 0 says that it was refused or is over.
    pub port: u16,
    /// The profile, as written: `UDP/TLS/RTP/SAVPF`.
    pub protocol: &'a str,
    /// The formats, as written.
    pub formats: &'a str,
    /// Its own direction, or that of the session.
    pub direction: Direction,
    /// Offered with port 0 because another line's port is meant to do for it (RFC 8843 section 7.2.1).
    pub bundle_only: bool,
}

impl Media<'_> {
    /// Whether it is neither refused nor over.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.port != 0 || self.bundle_only
    }
}

impl<'a> SessionDescription<'a> {
    /// Looks at a body; `None` if it is no session description.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let description = Self { text };
        let mut lines = description.lines();
        if lines.next() != Some(('v', "0")) {
            return None;
        }
        let well_formed = text.lines().all(|line| line.is_empty() || line.as_bytes().get(1) == Some(&b'='));
        let media = description.lines().filter(|(kind, _)| *kind == 'm').count() == description.media().count();
        (well_formed && media).then_some(description)
    }

    /// The same for the octets of a body.
    #[must_use]
    pub fn of(body: &'a [u8]) -> Option<Self> {
        Self::parse(std::str::from_utf8(body).ok()?)
    }

    fn lines(&self) -> impl Iterator<Item = (char, &'a str)> + use<'a> {
        self.text.lines().filter_map(|line| Some((line.chars().next()?, line.get(2..)?)))
    }

    /// The media lines in order.
    pub fn media(&self) -> impl Iterator<Item = Media<'a>> + use<'a> {
        let mut lines = self.lines().peekable();
        let mut session = Direction::default();
        std::iter::from_fn(move || {
            loop {
                let (kind, value) = lines.next()?;
                match kind {
                    'a' => session = Direction::of(value).unwrap_or(session),
                    'm' => {
                        let mut media = media(value)?;
                        media.direction = session;
                        while let Some((kind, value)) = lines.next_if(|(kind, _)| *kind != 'm') {
                            let said = if kind == 'a' { Direction::of(value) } else { None };
                            media.direction = said.unwrap_or(media.direction);
                            media.bundle_only |= kind == 'a' && value.trim_end() == "bundle-only";
                        }
                        return Some(media);
                    }
                    _ => {}
                }
            }
        })
    }

    /// The direction of the first audio line that is not refused.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.audio().map_or(Direction::Inactive, |media| media.direction)
    }

    /// The first audio line that is not refused.
    #[must_use]
    pub fn audio(&self) -> Option<Media<'a>> {
        self.media().find(|media| media.kind == "audio" && media.port != 0)
    }

    /// The direction of the first video line that is not refused; `None` where there is none.
    #[must_use]
    pub fn video(&self) -> Option<Direction> {
        self.media().find(|media| media.kind == "video" && media.is_live()).map(|media| media.direction)
    }

    /// Whether its writer holds the far end: it sends at most, or, in the way of RFC 2543, it names no address to send
    /// to. With ICE that address says nothing, for the candidates do.
    #[must_use]
    pub fn is_hold(&self) -> bool {
        matches!(self.direction(), Direction::SendOnly | Direction::Inactive) || (self.is_nowhere() && !self.has_ice())
    }

    fn has_ice(&self) -> bool {
        self.lines().any(|(kind, value)| kind == 'a' && value.starts_with("ice-ufrag:"))
    }

    /// Whether the audio's address is 0.0.0.0.
    fn is_nowhere(&self) -> bool {
        let (mut session, mut own, mut audio) = ("", None, false);
        for (kind, value) in self.lines() {
            match kind {
                'm' if audio => break,
                'm' => {
                    audio = media(value).is_some_and(|media| media.kind == "audio" && media.port != 0);
                    own = None;
                }
                'c' if audio => own = own.or(Some(value)),
                'c' if own.is_none() && session.is_empty() => session = value,
                _ => {}
            }
        }
        audio && own.unwrap_or(session).trim_end() == "IN IP4 0.0.0.0"
    }

    /// Whether an audio call can be made of it.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.audio().is_some_and(|media| !media.formats.is_empty())
    }
}

fn media(value: &str) -> Option<Media<'_>> {
    let mut parts = value.splitn(4, ' ');
    let kind = parts.next().filter(|kind| !kind.is_empty())?;
    // A number of ports may follow the port.
    let port = parts.next()?.split('/').next()?.parse().ok()?;
    let protocol = parts.next().filter(|protocol| !protocol.is_empty())?;
    Some(Media {
        kind,
        port,
        protocol,
        formats: parts.next().unwrap_or("").trim(),
        direction: Direction::default(),
        bundle_only: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=sendonly\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=recvonly\r\na=mid:0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n";

    /// RFC 4566 6
    #[test]
    fn media_lines_have_their_direction_or_that_of_the_session() {
        let description = SessionDescription::parse(OFFER).unwrap();
        let media: Vec<_> = description.media().collect();
        assert_eq!(
            (media[0].kind, media[0].port, media[0].formats, media[0].direction),
            ("audio", 9, "111 0", Direction::RecvOnly)
        );
        assert_eq!((media[1].kind, media[1].port, media[1].direction), ("video", 0, Direction::SendOnly));
        assert_eq!(description.direction(), Direction::RecvOnly);
        assert!(description.is_usable());
    }

    /// RFC 8866 6.7: only an attribute says which way media flows
    #[test]
    fn no_other_line_says_a_direction() {
        let offer = OFFER.replace("c=IN IP4 0.0.0.0\r\na=recvonly", "i=inactive\r\na=recvonly ");
        assert_eq!(SessionDescription::parse(&offer).unwrap().direction(), Direction::RecvOnly);
        let offer = OFFER.replace("a=recvonly\r\n", "b=inactive\r\n");
        assert_eq!(SessionDescription::parse(&offer).unwrap().direction(), Direction::SendOnly);
    }

    /// RFC 3264 6: port 0 refuses a stream. RFC 8843 7.2.1: not so in an offer that says `bundle-only`.
    #[test]
    fn a_video_line_without_a_port_is_refused_or_bundled() {
        let video = |text: &str| SessionDescription::parse(text).unwrap().video();
        assert_eq!(video(OFFER), None);
        assert_eq!(video(&OFFER.replace("video 0", "video 9")), Some(Direction::SendOnly));
        assert_eq!(video(&[OFFER, "a=inactive\r\na=bundle-only\r\n"].concat()), Some(Direction::Inactive));
        assert_eq!(video("v=0\r\nm=audio 9 RTP/AVP 0\r\n"), None);
    }

    #[test]
    fn without_an_audio_line_it_is_of_no_use() {
        let refused = OFFER.replace("audio 9", "audio 0");
        let description = SessionDescription::parse(&refused).unwrap();
        assert!(!description.is_usable());
        assert_eq!(description.direction(), Direction::Inactive);
        assert!(!SessionDescription::parse("v=0\r\n").unwrap().is_usable());
    }

    #[test]
    fn who_sends_at_most_or_has_no_address_holds() {
        let plain = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n";
        let holds = |text: &str| SessionDescription::parse(text).unwrap().is_hold();
        assert!(!holds(plain));
        for (direction, hold) in [("sendonly", true), ("inactive", true), ("recvonly", false), ("sendrecv", false)] {
            assert_eq!(holds(&[plain, "a=", direction, "\r\n"].concat()), hold, "{direction}");
        }
        assert!(holds(&plain.replace("192.0.2.1", "0.0.0.0")));
        assert!(holds(&[plain, "c=IN IP4 0.0.0.0\r\n"].concat()), "the media's own address counts");
        assert!(!holds(&[&plain.replace("192.0.2.1", "0.0.0.0"), "c=IN IP4 192.0.2.2\r\n"].concat()));
        let video = "m=video 4002 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\n";
        assert!(!holds(&[plain, video].concat()), "another media line's address does not");
        assert!(!holds(&plain.replace("192.0.2.1", "0.0.0.0").replace("m=", "a=ice-ufrag:u\r\nm=")));
    }

    #[test]
    fn what_is_no_session_description_is_refused() {
        for bad in [
            "",
            "hello",
            "v=1\r\n",
            "v=0\r\nm=audio\r\n",
            "v=0\r\nm=audio x RTP/AVP 0\r\n",
            "v=0\r\nnonsense\r\n",
            "v=0\r\nm=audio 70000 RTP/AVP 0\r\n",
        ] {
            assert!(SessionDescription::parse(bad).is_none(), "{bad}");
        }
        assert!(SessionDescription::of(b"v=0\r\n\xff").is_none());
    }

    /// RFC 4566 5
    #[test]
    fn bare_line_feeds_are_read() {
        assert!(SessionDescription::parse(&OFFER.replace('\r', "")).unwrap().is_usable());
    }
}
