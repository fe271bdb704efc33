//! Commands to and events from one media session. The bridge's `media.*` are the same list, serialised.

use crate::common::secret::Secret;

/// A STUN or TURN server as WebRTC names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:`, `turn:` or `turns:` URLs.
    pub urls: Vec<String>,
    /// For TURN.
    pub username: Option<String>,
    /// For TURN.
    pub credential: Option<Secret>,
}

/// What the engine wants of a media session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaCommand {
    /// Make the session and open the microphone. The first command of each session.
    Open {
        /// The call it is for.
        call_uuid: String,
        /// Servers for ICE.
        ice_servers: Vec<IceServer>,
        /// Send the description at the latest after so many milliseconds of ICE gathering.
        gathering_limit_ms: u32,
        /// Send it earlier: as soon as a candidate is there that the far end can be expected to reach.
        first_usable_candidate: bool,
        /// Where there is no microphone, send a built-in tone of so many hertz instead of failing; 0: fail.
        test_tone_hz: u16,
    },
    /// Make an offer. Answered by `Described` or `Failed`.
    Offer,
    /// Take this remote offer and make an answer. Answered by `Described` or `Failed`.
    Accept {
        /// The remote description.
        sdp: String,
    },
    /// Take this remote answer. Answered by `Applied` or `Failed`.
    SetAnswer {
        /// The remote description.
        sdp: String,
    },
    /// Stop or start sending the microphone. Answered by nothing; it cannot fail.
    Mute {
        /// Silent from now on.
        on: bool,
    },
    /// Close the session, stop its tracks, drop its timers. The last command; answered by nothing.
    Close,
}

/// What a media session tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaEvent {
    /// The local description asked for by `Offer` or `Accept`.
    Described {
        /// The local description with the candidates gathered so far.
        sdp: String,
    },
    /// The remote answer was taken.
    Applied,
    /// ICE and DTLS are up, or are not any more.
    Connected {
        /// Whether media can flow.
        connected: bool,
    },
    /// The last command could not be carried out, or the session is beyond repair.
    Failed(MediaFailure),
}

/// Why a media session failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaFailure {
    /// There is no microphone.
    NoMicrophone,
    /// The user or the browser refused the microphone.
    PermissionDenied,
    /// The page is not a secure context, so there is no microphone to ask for.
    InsecureContext,
    /// There is no WebRTC here (Lockdown Mode, an old browser, a server).
    Unsupported,
    /// The remote description could not be used.
    BadDescription,
    /// ICE or DTLS failed.
    ConnectionLost,
    /// The host did not answer in time.
    HostTimeout,
    /// Anything else.
    Other,
}
