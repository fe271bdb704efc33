//! An account, a session description, and a media session that makes others of it.

use sipwake::common::secret::Secret;
use sipwake::io::{AccountOptions, MediaDirection, MediaEvent};

use crate::directions::direction_name;

pub fn account(name: &str) -> AccountOptions {
    AccountOptions {
        username: name.to_owned(),
        domain: "example.test".to_owned(),
        password: Some(Secret::new("secret")),
        servers: vec!["wss://sip.example.test/ws".into()],
        ..AccountOptions::default()
    }
}

pub fn sdp(index: usize) -> String {
    format!(
        "v=0\r\no=- {index} 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
         c=IN IP4 0.0.0.0\r\na=ice-ufrag:u{index}\r\na=ice-pwd:p{index}\r\na=sendrecv\r\n"
    )
}

/// A media session that makes descriptions out of what it was told, as a peer connection would.
#[derive(Debug, Clone)]
pub struct VirtualMedia {
    pub direction: MediaDirection,
    pub version: u32,
    pub restarts: u32,
    /// An offer of ours has no answer yet.
    pub offers: bool,
    /// It has a provisional answer, which is the answer once something else comes.
    pub provisional: bool,
    /// That has happened.
    pub committed: bool,
    pub video: Option<MediaDirection>,
    pub has_video_line: bool,
}

impl VirtualMedia {
    pub fn describe(&mut self, index: usize, direction: MediaDirection, video: Option<MediaDirection>) -> MediaEvent {
        self.version += 1;
        self.has_video_line |= video.is_some();
        let video = match video {
            Some(direction) => format!("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na={}\r\n", direction_name(direction)),
            None if self.has_video_line => "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n".to_owned(),
            None => String::new(),
        };
        let ice = if self.restarts == 0 { String::new() } else { format!("r{}", self.restarts) };
        MediaEvent::Described {
            sdp: sdp(index)
                .replace(&format!("o=- {index} 1 "), &format!("o=- {index} {} ", self.version))
                .replace("a=sendrecv", &format!("a={}", direction_name(direction)))
                .replace(&format!("ufrag:u{index}"), &format!("ufrag:u{index}{ice}"))
                + &video,
        }
    }
}
