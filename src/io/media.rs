//! Commands to and events from one media session. The bridge's `media.*` are the same list, serialised.
//!
//! Commands are numbered, and an event that answers one has its number: what comes of a command that another one has
//! overtaken is never taken for that one's.

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

/// A candidate as WebRTC names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IceCandidate {
    /// The media line that it is of (RFC 5888).
    pub mid: String,
    /// The user name fragment of its generation; empty where it is not known.
    pub ufrag: String,
    /// `candidate:…` as SDP has it; empty: there are no more.
    pub candidate: String,
}

/// What the engine wants of a media session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaCommand {
    /// A call is announced: gather candidates for it ahead, and touch nothing else. `Open` takes the session over, `Close`
    /// ends it. Answered by nothing.
    Prepare {
        /// Servers for ICE.
        ice_servers: Vec<IceServer>,
    },
    /// Make the session. The first command of each session, but for `Prepare`.
    Open {
        /// The call it is for.
        call_uuid: String,
        /// Whether the microphone is opened at once; otherwise `Microphone` opens it, and until then nothing is sent.
        microphone: bool,
        /// Open the camera as well; video is in the descriptions, both ways, until `Direction` says otherwise.
        video: bool,
        /// Servers for ICE.
        ice_servers: Vec<IceServer>,
        /// Send the description at the latest after so many milliseconds of ICE gathering; 0: at once.
        gathering_limit_ms: u32,
        /// Send it earlier: as soon as a candidate is there that the far end can be expected to reach.
        first_usable_candidate: bool,
        /// Where there is no microphone, send a built-in tone of so many hertz instead of failing; 0: fail.
        test_tone_hz: u16,
        /// Tell the candidates that are found after a description was told.
        trickle: bool,
    },
    /// Open the microphone of a session that was made without. Answered by `Applied` or `Failed`.
    Microphone,
    /// What the next descriptions say about directions. Answered by nothing.
    Direction {
        /// What we want of audio; an answer narrows it to what the offer allows.
        direction: MediaDirection,
        /// The same of video; a direction that sends opens the camera. `None`: there is none, a video line gets port 0
        /// (RFC 3264 sections 6 and 8.2), and the camera is given back.
        video: Option<MediaDirection>,
    },
    /// Make an offer. Answered by `Described` or `Failed`.
    Offer {
        /// Whether ICE starts anew.
        restart: bool,
    },
    /// Take this remote offer and make an answer. Answered by `Described` or `Failed`.
    Accept {
        /// The remote description.
        sdp: String,
    },
    /// Take this remote answer. Answered by `Applied` or `Failed`.
    SetAnswer {
        /// The remote description.
        sdp: String,
        /// Of a provisional response: a later answer, of this fork or of another, takes its place.
        provisional: bool,
    },
    /// Our last offer was refused: the session is as before it. Answered by nothing.
    Rollback,
    /// Send telephone events (RFC 4733). Answered by `DtmfSent`, or by `Failed(Unsupported)`, after which the session goes on.
    Dtmf {
        /// `0` to `9`, `*`, `#`, `A` to `D`; `,` is a pause of two seconds.
        digits: String,
        /// How long each is, in milliseconds.
        duration_ms: u32,
        /// The pause after each, in milliseconds.
        gap_ms: u32,
    },
    /// A candidate of the far end that came after its description (RFC 8838). Answered by nothing: one that cannot be used
    /// is passed over.
    Candidate(IceCandidate),
    /// Stop or start sending the microphone, or the camera. Answered by nothing; it cannot fail.
    Mute {
        /// Silent, or black, from now on.
        on: bool,
        /// Whether it is the camera.
        video: bool,
    },
    /// Say how the session is doing. Answered by `Stats`.
    Stats,
    /// Close the session, stop its tracks, drop its timers. The last command; answered by nothing.
    Close,
}

/// Direction of a media stream, seen from us (RFC 8866 section 6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaDirection {
    /// Both ways.
    SendRecv,
    /// We send only: the far end is on hold.
    SendOnly,
    /// We receive only.
    RecvOnly,
    /// Neither.
    Inactive,
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
    /// A local candidate that the description told last does not have. Only where `Open` asked for them.
    Candidate(IceCandidate),
    /// All candidates of this generation are told. Only where `Open` asked for them.
    GatheringDone,
    /// The remote answer was taken, or the microphone is open.
    Applied,
    /// The digits were sent.
    DtmfSent,
    /// How the session is doing.
    Stats {
        /// WebRTC's statistics as a JSON list of its dictionaries; empty where there are none to have.
        report: String,
    },
    /// ICE and DTLS are up, or are not any more.
    Connected {
        /// Whether media can flow.
        connected: bool,
    },
    /// The command with its number could not be carried out; without a number, the session as a whole cannot go on. After
    /// `ConnectionLost` an offer with `restart` may still repair it; after `BadDescription` of a renegotiation the session
    /// goes on as it was. `NoCamera` and `CameraDenied` have no number and end nothing: the description that is being made
    /// comes, without our video.
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
    /// There is no camera.
    NoCamera,
    /// The user or the browser refused the camera.
    CameraDenied,
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
