//! The lists of [`crate::io`] as bridge messages, so that a host can carry out what the engine wants of sockets and
//! media, and the engine learns what became of it.

use super::media::{
    IceServer, MediaAccept, MediaCandidate, MediaClose, MediaDirection, MediaDone, MediaDtmf, MediaFailed,
    MediaGatheringDone, MediaMicrophone, MediaMute, MediaOffer, MediaOpen, MediaPolicy, MediaReport, MediaRollback,
    MediaSdp, MediaSetAnswer, MediaState, MediaStats,
};
use super::transport::{WsClose, WsClosed, WsFailed, WsMessage, WsOpen, WsOpened, WsSend};
use super::{CodecError, Incoming, Kind, Link, Payload, base64};
use crate::common::lists::{Gather, Keep};
use crate::common::time::Now;
use crate::io;
use crate::io::{FlowCommand, FlowEvent, FlowId, IceCandidate, MediaCommand, MediaEvent, MediaFailure, MediaId};

/// How long a description may take: a person may have to allow the microphone first.
const DESCRIPTION_MS: u64 = 30_000;
/// How long the other media requests may take.
const MEDIA_MS: u64 = 10_000;

/// Page: wants something of a socket of the host.
pub fn post_flow_command(link: &mut Link, now: Now, flow: FlowId, command: FlowCommand) {
    let sock = u64::from(flow.0);
    match command {
        FlowCommand::Open { url } => link.event(now, &WsOpen { sock, url, protocols: vec!["sip".to_owned()] }),
        FlowCommand::Send(octets) => {
            let (text, data_b64) = text_or_binary(octets);
            link.event(now, &WsSend { sock, text, data_b64 });
        }
        FlowCommand::Close { code } => link.event(now, &WsClose { sock, code: u64::from(code), reason: None }),
    }
}

/// Page: what a `ws.*` message tells; `None` for other messages.
pub fn read_flow_event(incoming: &Incoming) -> Option<Result<(FlowId, FlowEvent), CodecError>> {
    let read = || {
        Ok(Some(match incoming.message_type.as_str() {
            WsOpened::TYPE => {
                let WsOpened { sock, protocol } = incoming.read()?;
                (sock, FlowEvent::Opened { protocol })
            }
            WsMessage::TYPE => {
                let WsMessage { sock, text, data_b64, .. } = incoming.read()?;
                (sock, FlowEvent::Received(octets_of(text, data_b64)?))
            }
            WsClosed::TYPE => {
                let WsClosed { sock, code, clean, .. } = incoming.read()?;
                (sock, FlowEvent::Closed { code: u16::try_from(code).unwrap_or(1006), clean })
            }
            WsFailed::TYPE => (incoming.read::<WsFailed>()?.sock, FlowEvent::Failed),
            _ => return Ok(None),
        }))
    };
    flatten(read(), FlowId, "sock")
}

/// Host: tells what happened on a socket.
pub fn post_flow_event(link: &mut Link, now: Now, flow: FlowId, event: FlowEvent) {
    let sock = u64::from(flow.0);
    match event {
        FlowEvent::Opened { protocol } => link.event(now, &WsOpened { sock, protocol }),
        FlowEvent::Received(octets) => {
            let (text, data_b64) = text_or_binary(octets);
            link.event(now, &WsMessage { sock, text, data_b64, at: now.wall });
        }
        FlowEvent::Closed { code, clean } => {
            link.event(now, &WsClosed { sock, code: u64::from(code), reason: None, clean });
        }
        FlowEvent::Congested => link.event(now, &WsClosed { sock, code: 1006, reason: None, clean: false }),
        FlowEvent::Failed => link.event(now, &WsFailed { sock, error: "failed".to_owned() }),
    }
}

/// Host: what a `ws.*` message wants; `None` for other messages.
pub fn read_flow_command(incoming: &Incoming) -> Option<Result<(FlowId, FlowCommand), CodecError>> {
    let read = || {
        Ok(Some(match incoming.message_type.as_str() {
            WsOpen::TYPE => {
                let WsOpen { sock, url, .. } = incoming.read()?;
                (sock, FlowCommand::Open { url })
            }
            WsSend::TYPE => {
                let WsSend { sock, text, data_b64 } = incoming.read()?;
                (sock, FlowCommand::Send(octets_of(text, data_b64)?))
            }
            WsClose::TYPE => {
                let WsClose { sock, code, .. } = incoming.read()?;
                (sock, FlowCommand::Close { code: u16::try_from(code).unwrap_or(1000) })
            }
            _ => return Ok(None),
        }))
    };
    flatten(read(), FlowId, "sock")
}

fn flatten<Id, T>(
    read: Result<Option<(u64, T)>, CodecError>,
    id: fn(u32) -> Id,
    field: &'static str,
) -> Option<Result<(Id, T), CodecError>> {
    match read {
        Ok(None) => None,
        Ok(Some((number, value))) => {
            Some(u32::try_from(number).map(|number| (id(number), value)).map_err(|_| CodecError::WrongType(field)))
        }
        Err(error) => Some(Err(error)),
    }
}

fn text_or_binary(octets: Vec<u8>) -> (Option<String>, Option<String>) {
    match String::from_utf8(octets) {
        Ok(text) => (Some(text), None),
        Err(error) => (None, Some(base64::encode(error.as_bytes()))),
    }
}

fn octets_of(text: Option<String>, data_b64: Option<String>) -> Result<Vec<u8>, CodecError> {
    match (text, data_b64) {
        (Some(text), _) => Ok(text.into_bytes()),
        (None, Some(data)) => base64::decode(&data).ok_or(CodecError::WrongType("dataB64")),
        (None, None) => Err(CodecError::Missing("text")),
    }
}

/// The word for a failure.
#[must_use]
pub const fn failure_name(failure: MediaFailure) -> &'static str {
    match failure {
        MediaFailure::NoMicrophone => "noMicrophone",
        MediaFailure::PermissionDenied => "permissionDenied",
        MediaFailure::NoCamera => "noCamera",
        MediaFailure::CameraDenied => "cameraDenied",
        MediaFailure::InsecureContext => "insecureContext",
        MediaFailure::Unsupported => "unsupported",
        MediaFailure::BadDescription => "badDescription",
        MediaFailure::ConnectionLost => "connectionLost",
        MediaFailure::HostTimeout => "hostTimeout",
        MediaFailure::Other => "other",
    }
}

/// The word for a direction, as SDP has it.
#[must_use]
pub const fn direction_name(direction: io::MediaDirection) -> &'static str {
    match direction {
        io::MediaDirection::SendRecv => "sendrecv",
        io::MediaDirection::SendOnly => "sendonly",
        io::MediaDirection::RecvOnly => "recvonly",
        io::MediaDirection::Inactive => "inactive",
    }
}

/// The direction with this word.
#[must_use]
pub fn direction_from_name(name: &str) -> Option<io::MediaDirection> {
    [
        io::MediaDirection::SendRecv,
        io::MediaDirection::SendOnly,
        io::MediaDirection::RecvOnly,
        io::MediaDirection::Inactive,
    ]
    .into_iter()
    .find(|direction| direction_name(*direction) == name)
}

/// The failure with this word.
#[must_use]
pub fn failure_from_name(name: &str) -> MediaFailure {
    [
        MediaFailure::NoMicrophone,
        MediaFailure::PermissionDenied,
        MediaFailure::NoCamera,
        MediaFailure::CameraDenied,
        MediaFailure::InsecureContext,
        MediaFailure::Unsupported,
        MediaFailure::BadDescription,
        MediaFailure::ConnectionLost,
        MediaFailure::HostTimeout,
    ]
    .into_iter()
    .find(|failure| failure_name(*failure) == name)
    .unwrap_or(MediaFailure::Other)
}

/// What a `media.*` request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Open,
    Describe,
    Apply,
    Dtmf,
    Stats,
    Quiet,
}

/// Page: media sessions of the host. Remembers which request belongs to which session.
#[derive(Debug, Default)]
pub struct PageMedia {
    asked: Vec<(String, MediaId, u32, Step)>,
}

/// What is told of a session, and the number of the command that it answers.
type Told = (MediaId, u32, MediaEvent);

impl PageMedia {
    /// Wants something of a media session.
    pub fn post(&mut self, link: &mut Link, now: Now, session: MediaId, number: u32, command: MediaCommand) {
        let media = u64::from(session.0);
        let (id, step) = match command {
            MediaCommand::Open {
                call_uuid,
                microphone,
                video,
                ice_servers,
                gathering_limit_ms,
                first_usable_candidate,
                test_tone_hz,
                trickle,
            } => {
                let ice_servers = ice_servers
                    .into_iter()
                    .map(|server| IceServer {
                        urls: server.urls,
                        username: server.username,
                        credential: server.credential,
                    })
                    .gather();
                let policy = MediaPolicy {
                    gathering_limit_ms: Some(u64::from(gathering_limit_ms)),
                    first_usable_candidate: Some(first_usable_candidate),
                    test_tone_hz: Some(u64::from(test_tone_hz)),
                    trickle: trickle.then_some(true),
                };
                let microphone = (!microphone).then_some(false);
                let open = MediaOpen { media, call_uuid, microphone, ice_servers, audio: true, video, policy };
                (link.request(now, &open, MEDIA_MS), Step::Open)
            }
            MediaCommand::Offer { restart } => {
                let offer = MediaOffer { media, ice_restart: restart.then_some(true) };
                (link.request(now, &offer, DESCRIPTION_MS), Step::Describe)
            }
            MediaCommand::Accept { sdp } => {
                (link.request(now, &MediaAccept { media, sdp }, DESCRIPTION_MS), Step::Describe)
            }
            MediaCommand::SetAnswer { sdp, provisional } => {
                let answer = MediaSetAnswer { media, sdp, provisional: provisional.then_some(true) };
                (link.request(now, &answer, MEDIA_MS), Step::Apply)
            }
            MediaCommand::Microphone => {
                // The user may be looking at a question about it.
                (link.request(now, &MediaMicrophone { media }, DESCRIPTION_MS), Step::Apply)
            }
            MediaCommand::Direction { direction, video } => {
                let direction = direction_name(direction).to_owned();
                let video = video.map(|video| direction_name(video).to_owned());
                (link.request(now, &MediaDirection { media, direction, video }, MEDIA_MS), Step::Quiet)
            }
            MediaCommand::Rollback => (link.request(now, &MediaRollback { media }, MEDIA_MS), Step::Quiet),
            MediaCommand::Dtmf { digits, duration_ms, gap_ms } => {
                // Two seconds for each pause, and the digits themselves.
                let each = u64::from(duration_ms).saturating_add(u64::from(gap_ms)).max(2_000);
                let deadline = MEDIA_MS.saturating_add(each.saturating_mul(digits.len() as u64));
                let dtmf = MediaDtmf {
                    media,
                    digits,
                    duration_ms: Some(u64::from(duration_ms)),
                    gap_ms: Some(u64::from(gap_ms)),
                };
                (link.request(now, &dtmf, deadline), Step::Dtmf)
            }
            // A host knows of a push before the page does.
            MediaCommand::Prepare { .. } => return,
            MediaCommand::Candidate(candidate) => return link.event(now, &posted(session, candidate)),
            MediaCommand::Mute { on, video } => {
                let mute = MediaMute { media, on, video: video.then_some(true) };
                (link.request(now, &mute, MEDIA_MS), Step::Quiet)
            }
            MediaCommand::Stats => (link.request(now, &MediaStats { media }, MEDIA_MS), Step::Stats),
            MediaCommand::Close => {
                // Nobody wants to hear any more of this session.
                self.asked.keep(|(id, of, ..)| {
                    if *of == session {
                        link.forget(id);
                    }
                    *of != session
                });
                (link.request(now, &MediaClose { media }, MEDIA_MS), Step::Quiet)
            }
        };
        self.asked.push((id, session, number, step));
    }

    /// What a message tells of media: `None` if it is about something else, `Some(Ok(None))` if there is nothing to tell.
    pub fn read(&mut self, link: &mut Link, incoming: &Incoming) -> Option<Result<Option<Told>, CodecError>> {
        if incoming.kind == Kind::Reply {
            let index = self.asked.iter().position(|(id, ..)| Some(id) == incoming.re.as_ref())?;
            let (_, media, number, step) = self.asked.remove(index);
            let event = match (&incoming.error, step) {
                (_, Step::Quiet) | (None, Step::Open) => return Some(Ok(None)),
                (_, Step::Stats) => {
                    let value = link.value::<MediaReport>(incoming);
                    MediaEvent::Stats { report: value.map(|value| value.report).unwrap_or_default() }
                }
                (Some(error), _) => MediaEvent::Failed(failure_from_name(&error.code)),
                (None, Step::Apply) => MediaEvent::Applied,
                (None, Step::Dtmf) => MediaEvent::DtmfSent,
                (None, Step::Describe) => match link.value::<MediaSdp>(incoming) {
                    Some(MediaSdp { sdp }) => MediaEvent::Described { sdp },
                    None => MediaEvent::Failed(MediaFailure::Other),
                },
            };
            let number = if step == Step::Open { 0 } else { number };
            return Some(Ok(Some((media, number, event))));
        }
        let read = || {
            Ok(Some(match incoming.message_type.as_str() {
                MediaCandidate::TYPE => {
                    let (media, candidate) = read_candidate(incoming)?;
                    (media, MediaEvent::Candidate(candidate))
                }
                MediaGatheringDone::TYPE => (incoming.read::<MediaGatheringDone>()?.media, MediaEvent::GatheringDone),
                MediaState::TYPE => {
                    let MediaState { media, connected, .. } = incoming.read()?;
                    (media, MediaEvent::Connected { connected })
                }
                MediaFailed::TYPE => {
                    let MediaFailed { media, reason } = incoming.read()?;
                    (media, MediaEvent::Failed(failure_from_name(&reason)))
                }
                _ => return Ok(None),
            }))
        };
        flatten(read(), MediaId, "media").map(|result| result.map(|(media, event)| Some((media, 0, event))))
    }

    /// A request timed out: what that means for its session.
    pub fn timed_out(&mut self, id: &str) -> Option<Told> {
        let index = self.asked.iter().position(|(asked, ..)| asked == id)?;
        let (_, media, number, step) = self.asked.remove(index);
        let event = match step {
            Step::Quiet => return None,
            Step::Stats => MediaEvent::Stats { report: String::new() },
            _ => MediaEvent::Failed(MediaFailure::HostTimeout),
        };
        Some((media, number, event))
    }
}

/// Host: media sessions that the page asked for. Remembers which request waits for which answer.
#[derive(Debug, Default)]
pub struct HostMedia {
    open: Vec<(String, MediaId, u32)>,
    /// The number of the last command.
    last: u32,
}

impl HostMedia {
    /// What a `media.*` request wants, and the number of that command; `None` for other messages. Requests that nothing
    /// answers later are answered.
    pub fn read(
        &mut self,
        link: &mut Link,
        now: Now,
        incoming: &Incoming,
    ) -> Option<Result<(MediaId, u32, MediaCommand), CodecError>> {
        let read = || {
            Ok(Some(match incoming.message_type.as_str() {
                MediaOpen::TYPE => {
                    let open: MediaOpen = incoming.read()?;
                    (open.media, open_command(open))
                }
                MediaOffer::TYPE => {
                    let MediaOffer { media, ice_restart } = incoming.read()?;
                    (media, MediaCommand::Offer { restart: ice_restart.unwrap_or(false) })
                }
                MediaAccept::TYPE => {
                    let MediaAccept { media, sdp } = incoming.read()?;
                    (media, MediaCommand::Accept { sdp })
                }
                MediaSetAnswer::TYPE => {
                    let MediaSetAnswer { media, sdp, provisional } = incoming.read()?;
                    (media, MediaCommand::SetAnswer { sdp, provisional: provisional.unwrap_or(false) })
                }
                MediaMicrophone::TYPE => (incoming.read::<MediaMicrophone>()?.media, MediaCommand::Microphone),
                MediaDirection::TYPE => {
                    let MediaDirection { media, direction, video } = incoming.read()?;
                    let direction = direction_from_name(&direction).ok_or(CodecError::WrongType("direction"))?;
                    let video = video
                        .map(|video| direction_from_name(&video).ok_or(CodecError::WrongType("video")))
                        .transpose()?;
                    (media, MediaCommand::Direction { direction, video })
                }
                MediaCandidate::TYPE => {
                    let (media, candidate) = read_candidate(incoming)?;
                    (media, MediaCommand::Candidate(candidate))
                }
                MediaRollback::TYPE => (incoming.read::<MediaRollback>()?.media, MediaCommand::Rollback),
                MediaDtmf::TYPE => {
                    let MediaDtmf { media, digits, duration_ms, gap_ms } = incoming.read()?;
                    let ms = |value: Option<u64>, default| {
                        value.map_or(default, |value| u32::try_from(value).unwrap_or(default))
                    };
                    (media, MediaCommand::Dtmf { digits, duration_ms: ms(duration_ms, 100), gap_ms: ms(gap_ms, 70) })
                }
                MediaMute::TYPE => {
                    let MediaMute { media, on, video } = incoming.read()?;
                    (media, MediaCommand::Mute { on, video: video.unwrap_or(false) })
                }
                MediaStats::TYPE => (incoming.read::<MediaStats>()?.media, MediaCommand::Stats),
                MediaClose::TYPE => (incoming.read::<MediaClose>()?.media, MediaCommand::Close),
                _ => return Ok(None),
            }))
        };
        let (media, command) = match flatten(read(), MediaId, "media")? {
            Ok(read) => read,
            Err(error) => return Some(Err(error)),
        };
        self.last = self.last.wrapping_add(1).max(1);
        match command {
            MediaCommand::Offer { .. }
            | MediaCommand::Accept { .. }
            | MediaCommand::SetAnswer { .. }
            | MediaCommand::Microphone
            | MediaCommand::Stats
            | MediaCommand::Dtmf { .. } => self.open.push((incoming.id.clone(), media, self.last)),
            // An event.
            MediaCommand::Candidate(_) => {}
            _ => link.reply(now, &incoming.id, &MediaDone {}),
        }
        if command == MediaCommand::Close {
            self.open.keep(|(_, of, _)| *of != media);
        }
        Some(Ok((media, self.last, command)))
    }

    /// Tells what happened in a media session: the answer to the command with this number, or what answers none.
    pub fn post(&mut self, link: &mut Link, now: Now, media: MediaId, number: u32, event: MediaEvent) {
        let asked = self.open.iter().position(|(_, of, asked)| (*of, *asked) == (media, number));
        let session = u64::from(media.0);
        match (event, asked.map(|index| self.open.remove(index).0)) {
            (MediaEvent::Described { sdp }, Some(id)) => link.reply(now, &id, &MediaSdp { sdp }),
            (MediaEvent::Stats { report }, Some(id)) => link.reply(now, &id, &MediaReport { report }),
            (MediaEvent::Applied | MediaEvent::DtmfSent, Some(id)) => link.reply(now, &id, &MediaDone {}),
            (MediaEvent::Failed(failure), Some(id)) => link.reply_error(now, &id, failure_name(failure), "", false),
            (MediaEvent::Candidate(candidate), _) => link.event(now, &posted(media, candidate)),
            (MediaEvent::GatheringDone, _) => link.event(now, &MediaGatheringDone { media: session }),
            (MediaEvent::Connected { connected }, _) => {
                link.event(now, &MediaState { media: session, ice: None, dtls: None, connected });
            }
            (MediaEvent::Failed(failure), None) if number == 0 => {
                link.event(now, &MediaFailed { media: session, reason: failure_name(failure).to_owned() });
            }
            _ => {}
        }
    }

    /// The page is gone, and its sessions with it.
    pub fn clear(&mut self) {
        self.open.clear();
    }
}

fn posted(media: MediaId, candidate: IceCandidate) -> MediaCandidate {
    let IceCandidate { mid, ufrag, candidate } = candidate;
    MediaCandidate { media: u64::from(media.0), mid, ufrag: (!ufrag.is_empty()).then_some(ufrag), candidate }
}

fn read_candidate(incoming: &Incoming) -> Result<(u64, IceCandidate), CodecError> {
    let MediaCandidate { media, mid, ufrag, candidate } = incoming.read()?;
    Ok((media, IceCandidate { mid, ufrag: ufrag.unwrap_or_default(), candidate }))
}

fn open_command(open: MediaOpen) -> MediaCommand {
    let small = |value: Option<u64>, default: u32| value.map_or(default, |v| u32::try_from(v).unwrap_or(u32::MAX));
    MediaCommand::Open {
        call_uuid: open.call_uuid,
        microphone: open.microphone.unwrap_or(true),
        video: open.video,
        ice_servers: open
            .ice_servers
            .into_iter()
            .map(|server| io::IceServer { urls: server.urls, username: server.username, credential: server.credential })
            .gather(),
        gathering_limit_ms: small(open.policy.gathering_limit_ms, 1_000),
        first_usable_candidate: open.policy.first_usable_candidate.unwrap_or(true),
        test_tone_hz: u16::try_from(open.policy.test_tone_hz.unwrap_or(0)).unwrap_or(0),
        trickle: open.policy.trickle.unwrap_or(false),
    }
}
