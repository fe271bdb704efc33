//! The application's hooks: they see what leaves and what comes of sessions, and may change it. What they make of it is
//! checked, and where it cannot be, the original goes and a `problem` says so.
//!
//! They stand at the engine's edge, so that it makes no difference who owns socket and media, and the trace shows what
//! has left. They are called in the middle of an input: what they ask of the engine comes after it.

use super::Endpoint;
use crate::common::lists::{Gather, Keep};
use crate::io::{ErrorCode, Event, FlowCommand, MediaCommand, MediaEvent, MediaId, Output};
use crate::message::{CSeq, HeaderName, Message, same_frame};
use crate::sdp::SessionDescription;

/// What is known of a message that is about to leave.
#[derive(Debug)]
pub struct MessageInfo<'a> {
    /// The method, of the request or of that which is responded to.
    pub method: &'a str,
    /// The status of a response.
    pub status: Option<u16>,
}

/// What is known of a session description.
#[derive(Debug)]
pub struct SdpInfo<'a> {
    /// Ours, before it is sent; otherwise theirs, before it is used.
    pub local: bool,
    /// An offer; otherwise an answer.
    pub offer: bool,
    /// Of an answer: a provisional one.
    pub provisional: bool,
    /// The call.
    pub call_uuid: &'a str,
}

/// What the application hangs in. `Ok(None)` leaves the text as it is; `Err` says that the hook itself failed.
pub trait Hooks: std::fmt::Debug {
    /// Whether messages are to be shown.
    fn has_message(&self) -> bool;
    /// Whether session descriptions are to be shown.
    fn has_sdp(&self) -> bool;
    /// A SIP message that is about to leave.
    ///
    /// # Errors
    /// The hook failed.
    #[allow(clippy::result_unit_err)] // why it failed is the application's business
    fn message(&mut self, text: &str, info: &MessageInfo<'_>) -> Result<Option<String>, ()>;
    /// A session description, ours or theirs.
    ///
    /// # Errors
    /// The hook failed.
    #[allow(clippy::result_unit_err)] // why it failed is the application's business
    fn sdp(&mut self, sdp: &str, info: &SdpInfo<'_>) -> Result<Option<String>, ()>;
}

/// The hooks, and what they have to be told about each media session.
#[derive(Debug)]
pub(super) struct Hooked {
    hooks: Box<dyn Hooks>,
    sessions: Vec<Session>,
}

#[derive(Debug)]
struct Session {
    media: MediaId,
    call_uuid: String,
    /// Whether the next local description is an offer.
    offers: bool,
}

impl Endpoint {
    /// Hangs the application's hooks in; before the start.
    pub fn set_hooks(&mut self, hooks: impl Hooks + 'static) {
        self.hooked = Some(Hooked { hooks: Box::new(hooks), sessions: Vec::new() });
    }

    /// Shows a message that is about to leave.
    pub(super) fn hook_flow(&mut self, command: &mut FlowCommand) {
        if let (Some(hooked), FlowCommand::Send(octets)) = (&mut self.hooked, command)
            && hooked.hooks.has_message()
            && let Some(refused) = hooked.message(octets)
        {
            self.hook_refused(refused);
        }
    }

    /// Shows a description of theirs that is about to be used.
    pub(super) fn hook_media_command(&mut self, media: MediaId, command: &mut MediaCommand) {
        if let Some(hooked) = &mut self.hooked
            && hooked.hooks.has_sdp()
            && let Some(refused) = hooked.command(media, command)
        {
            self.hook_refused(refused);
        }
    }

    /// Shows a description of ours that is about to be sent.
    pub(super) fn hook_media_event(&mut self, media: MediaId, event: &mut MediaEvent) {
        if let (Some(hooked), MediaEvent::Described { sdp }) = (&mut self.hooked, event)
            && let Some(session) = hooked.sessions.iter().find(|session| session.media == media)
        {
            let info =
                SdpInfo { local: true, offer: session.offers, provisional: false, call_uuid: &session.call_uuid };
            let refused = changed_sdp(&mut *hooked.hooks, sdp, &info);
            self.hook_refused(refused);
        }
    }

    fn hook_refused(&mut self, refused: bool) {
        if refused {
            let error = ErrorCode::HookRefused.into();
            self.out.push_back(Output::Event(Event::Problem { error, account: None }));
        }
    }
}

impl Hooked {
    /// Whether the hook's message was refused; `None` where it was not even asked.
    fn message(&mut self, octets: &mut Vec<u8>) -> Option<bool> {
        let text = str::from_utf8(octets).ok()?;
        let message = Message::parse(octets.clone()).ok()?;
        let cseq = message.headers().get(HeaderName::CSeq).and_then(|value| CSeq::parse(value).ok());
        let info = match &message {
            Message::Request(request) => MessageInfo { method: request.method().as_str(), status: None },
            Message::Response(response) => {
                let method = cseq.as_ref().map_or("", |cseq| cseq.method.as_str());
                MessageInfo { method, status: Some(response.status()) }
            }
        };
        match self.hooks.message(text, &info) {
            Ok(None) => Some(false),
            Ok(Some(changed)) => match same_frame(octets, &changed) {
                Some(changed) => {
                    *octets = changed;
                    Some(false)
                }
                None => Some(true),
            },
            Err(()) => Some(true),
        }
    }

    fn command(&mut self, media: MediaId, command: &mut MediaCommand) -> Option<bool> {
        if let MediaCommand::Open { call_uuid, .. } = command {
            self.sessions.push(Session { media, call_uuid: call_uuid.clone(), offers: true });
            return None;
        }
        let session = self.sessions.iter_mut().find(|session| session.media == media)?;
        let (sdp, offer, provisional) = match command {
            MediaCommand::Offer { .. } => {
                session.offers = true;
                return None;
            }
            MediaCommand::Accept { sdp } => {
                session.offers = false;
                (sdp, true, false)
            }
            MediaCommand::SetAnswer { sdp, provisional } => (sdp, false, *provisional),
            MediaCommand::Close => {
                self.sessions.keep(|session| session.media != media);
                return None;
            }
            _ => return None,
        };
        let info = SdpInfo { local: false, offer, provisional, call_uuid: &session.call_uuid };
        Some(changed_sdp(&mut *self.hooks, sdp, &info))
    }
}

/// Puts what the hook makes of a description in its place. Whether it was refused: it has to be readable, with the same
/// media lines, because an answer has those of its offer (RFC 3264 6).
fn changed_sdp(hooks: &mut dyn Hooks, sdp: &mut String, info: &SdpInfo<'_>) -> bool {
    let changed = match hooks.sdp(sdp, info) {
        Ok(None) => return false,
        Ok(Some(changed)) => changed,
        Err(()) => return true,
    };
    let kinds = |text: &str| {
        let description = SessionDescription::parse(text)?;
        Some(description.media().map(|media| media.kind.to_owned()).gather())
    };
    let sound = kinds(&changed).is_some_and(|after| kinds(sdp).is_none_or(|before| before == after));
    if sound {
        *sdp = changed;
    }
    !sound
}
