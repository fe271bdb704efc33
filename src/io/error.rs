//! The one error that applications see.

use super::HeaderList;

/// Why something was not done, or what was met. The names are stable: JavaScript sees [`ErrorCode::name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// An option is missing or has a value that cannot be.
    InvalidOption,
    /// A target is neither a user name nor a URI that can be called.
    InvalidTarget,
    /// There is no such account or call any more.
    NotFound,
    /// The call or account is in a state in which this makes no sense.
    InvalidState,
    /// More calls at one time than the limit.
    TooManyCalls,
    /// The registrar or proxy refused the credentials.
    WrongPassword,
    /// A challenge names a realm that these credentials are not for; they were not sent.
    RealmNotAllowed,
    /// No challenge uses an algorithm that is supported and allowed.
    NoSupportedAlgorithm,
    /// A challenge came and there are no credentials.
    NoCredentials,
    /// The server's proof that it knows the credentials (`rspauth`) is wrong.
    ServerNotAuthentic,
    /// The server does not know this user or domain (404, 604).
    UnknownUser,
    /// The server forbids it (403).
    Forbidden,
    /// The registrar refused, in another way.
    RegistrationRejected,
    /// The far end, or a server on the way, refused the call or request.
    Rejected,
    /// The server keeps bindings, but ours is not among them.
    BindingMissing,
    /// The push service is not supported there (555).
    PushNotSupported,
    /// The URI in the Contact of REGISTER is longer than some registrars take: a warning.
    ContactTooLong,
    /// The URL of the server cannot be used.
    BadServerUrl,
    /// The connection could not be made or was lost: refused, no network, a certificate that is not trusted, an origin that is not allowed (close 1006).
    ConnectionFailed,
    /// The server took the connection but does not speak SIP over WebSocket.
    NotSip,
    /// Nobody answered in time.
    Timeout,
    /// The flow went away under the request.
    FlowLost,
    /// A message from the server cannot be read; it was dropped.
    MalformedMessage,
    /// A message from the host cannot be used; it was dropped.
    BadBridgeMessage,
    /// There is no host, or it does not answer.
    HostUnreachable,
    /// The host refused, in its own words.
    HostRefused,
    /// There is no microphone.
    NoMicrophone,
    /// The microphone was refused.
    MicrophoneDenied,
    /// There is no camera.
    NoCamera,
    /// The user or the browser refused the camera.
    CameraDenied,
    /// The page is not a secure context.
    InsecureContext,
    /// There is no WebRTC here.
    MediaUnsupported,
    /// The far end's session description cannot be used.
    BadDescription,
    /// Media could not be set up or was lost.
    MediaFailed,
    /// The call ended before this could be done.
    CallEnded,
    /// The far end has changed the session at the same time; it was tried again and still could not be done.
    Busy,
    /// What a hook made of a message or a session description cannot take its place, or the hook failed; the original went.
    HookRefused,
    /// A call has ended here and the far end could not be told so: there was no connection for as long as anybody waits, or
    /// no credentials for a BYE that was challenged.
    FarEndNotTold,
    /// The far end takes no ICE candidates after its description, or refused those; where it lacks ours, the session is offered
    /// anew with all of them.
    TrickleRefused,
    /// This engine cannot do that.
    Unsupported,
    /// The engine was stopped.
    Stopped,
}

impl ErrorCode {
    /// The name that JavaScript and the manual use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidOption => "invalidOption",
            Self::InvalidTarget => "invalidTarget",
            Self::NotFound => "notFound",
            Self::InvalidState => "invalidState",
            Self::TooManyCalls => "tooManyCalls",
            Self::WrongPassword => "wrongPassword",
            Self::RealmNotAllowed => "realmNotAllowed",
            Self::NoSupportedAlgorithm => "noSupportedAlgorithm",
            Self::NoCredentials => "noCredentials",
            Self::ServerNotAuthentic => "serverNotAuthentic",
            Self::UnknownUser => "unknownUser",
            Self::Forbidden => "forbidden",
            Self::RegistrationRejected => "registrationRejected",
            Self::Rejected => "rejected",
            Self::BindingMissing => "bindingMissing",
            Self::PushNotSupported => "pushNotSupported",
            Self::ContactTooLong => "contactTooLong",
            Self::BadServerUrl => "badServerUrl",
            Self::ConnectionFailed => "connectionFailed",
            Self::NotSip => "notSip",
            Self::Timeout => "timeout",
            Self::FlowLost => "flowLost",
            Self::MalformedMessage => "malformedMessage",
            Self::BadBridgeMessage => "badBridgeMessage",
            Self::HostUnreachable => "hostUnreachable",
            Self::HostRefused => "hostRefused",
            Self::NoMicrophone => "noMicrophone",
            Self::MicrophoneDenied => "microphoneDenied",
            Self::NoCamera => "noCamera",
            Self::CameraDenied => "cameraDenied",
            Self::InsecureContext => "insecureContext",
            Self::MediaUnsupported => "mediaUnsupported",
            Self::BadDescription => "badDescription",
            Self::MediaFailed => "mediaFailed",
            Self::CallEnded => "callEnded",
            Self::Busy => "busy",
            Self::HookRefused => "hookRefused",
            Self::FarEndNotTold => "farEndNotTold",
            Self::TrickleRefused => "trickleRefused",
            Self::Unsupported => "unsupported",
            Self::Stopped => "stopped",
        }
    }

    /// What it means and what to do, in one English sentence for developers. Never quotes input.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::InvalidOption => "an option is missing or out of range; see the field named",
            Self::InvalidTarget => "the target must be a user name or a sip:, sips: or tel: URI",
            Self::NotFound => "it does not exist or is over; listen to the events that end it",
            Self::InvalidState => "it is not in a state for this; check its state first",
            Self::TooManyCalls => "end a call before starting another",
            Self::WrongPassword => "the server refused the credentials; check user name and password",
            Self::RealmNotAllowed => {
                "the server asks for another realm; list it in `realms` if it may have these credentials"
            }
            Self::NoSupportedAlgorithm => {
                "the server offers no digest algorithm that is supported and allowed; check `forbidMd5`"
            }
            Self::NoCredentials => {
                "the server asks for credentials; give `password`, an HA1 or a token, or answer in `credentials`"
            }
            Self::ServerNotAuthentic => {
                "the server could not prove that it knows the credentials; something on the way may pose as it"
            }
            Self::UnknownUser => {
                "the server does not know this user or domain; check `username`, `domain` or the target"
            }
            Self::Forbidden => "the server forbids it for this user",
            Self::RegistrationRejected => "the registrar refused; see status and reason",
            Self::Rejected => "the far end or a server on the way refused; see status",
            Self::BindingMissing => "the registrar answered without our contact; a proxy may have changed it",
            Self::PushNotSupported => "the server does not support this push service; check `push`",
            Self::ContactTooLong => {
                "the Contact URI of REGISTER has more than 512 octets, which some registrars refuse; shorten what `push` puts into it"
            }
            Self::BadServerUrl => "the server must be a ws: or wss: URL, and wss: in a secure page",
            Self::ConnectionFailed => {
                "no connection: check address, network, the certificate (a self-signed one must be trusted first) and the origins the server allows"
            }
            Self::NotSip => "the server does not speak SIP over WebSocket; check port and path",
            Self::Timeout => "nobody answered in time",
            Self::FlowLost => "the connection went away meanwhile; it is being made anew",
            Self::MalformedMessage => "the server sent a message that breaks the rules; it was dropped",
            Self::BadBridgeMessage => "the host sent a message that breaks the rules; it was dropped",
            Self::HostUnreachable => "the host does not answer; check that its message handler is installed",
            Self::HostRefused => "the host or the system refused it",
            Self::NoMicrophone => "there is no microphone; connect one or set `testTone`",
            Self::MicrophoneDenied => "the microphone was refused; ask for it before the first call",
            Self::NoCamera => "there is no camera",
            Self::CameraDenied => "the camera was refused",
            Self::InsecureContext => "microphones need a secure page: https, or localhost",
            Self::MediaUnsupported => "there is no WebRTC here; use a host with media or another browser",
            Self::BadDescription => "the far end's session description cannot be used",
            Self::MediaFailed => "media could not be set up or was lost; check the ICE servers",
            Self::CallEnded => "the call ended first",
            Self::Busy => "the session was being changed by both sides; try again",
            Self::HookRefused => {
                "a hook threw, or changed what must stay (method, status, Via, From, To, Call-ID, CSeq, media lines); the original went"
            }
            Self::FarEndNotTold => "a call ended, but the far end could not be told; it finds out by itself",
            Self::TrickleRefused => {
                "the far end takes no candidates by INFO; the call goes on with those of its descriptions"
            }
            Self::Unsupported => "this engine, or the far end, cannot do that",
            Self::Stopped => "the endpoint was stopped",
        }
    }
}

/// Why something was not done. Never quotes what came from outside, except a SIP reason phrase in its own field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The stable code.
    pub code: ErrorCode,
    /// The name of the option it is about, for [`ErrorCode::InvalidOption`].
    pub field: Option<&'static str>,
    /// The SIP status that said so, if one did.
    pub status: Option<u16>,
    /// The response with that status, where it refused what a command asked for.
    pub response: Option<Box<Refusal>>,
    /// When it may be tried again, in seconds from then, if a Retry-After said so.
    pub retry_after_s: Option<u32>,
}

/// A response that refused something.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its reason phrase, which anybody may have written.
    pub reason: String,
    /// Its headers.
    pub headers: HeaderList,
}

impl std::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Refusal")
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self { code, field: None, status: None, response: None, retry_after_s: None }
    }
}

impl Error {
    /// An error about one option.
    #[must_use]
    pub const fn option(field: &'static str) -> Self {
        Self { code: ErrorCode::InvalidOption, field: Some(field), status: None, response: None, retry_after_s: None }
    }

    /// An error that a SIP response caused.
    #[must_use]
    pub const fn sip(code: ErrorCode, status: u16) -> Self {
        Self { code, field: None, status: Some(status), response: None, retry_after_s: None }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.name())?;
        f.write_str(": ")?;
        f.write_str(self.code.advice())?;
        if let Some(field) = self.field {
            f.write_str(": `")?;
            f.write_str(field)?;
            f.write_str("`")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
