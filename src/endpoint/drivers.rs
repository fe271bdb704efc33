//! Who carries out flow and media commands: the page, or the host over the bridge. One list of commands for both.

use super::Endpoint;
use crate::bridge::drivers::{PageMedia, post_flow_command, read_flow_event};
use crate::bridge::{
    AudioSetRoute, AudioShowPicker, CredentialsGet, CredentialsGetReply, Incoming, Payload, TimerClear, TimerFired,
    TimerSet,
};
use crate::common::lists::Keep;
use crate::common::time::{Mono, Now};
use crate::io::{
    CommandId, Credentials, CredentialsId, CredentialsKind, CredentialsRequest, Driver, EndpointOptions, Error,
    ErrorCode, FlowCommand, FlowEvent, FlowId, MediaCommand, MediaEvent, MediaFailure, MediaId, Output, Reply,
    TraceKind,
};
use crate::wake::Wake;

/// How long the host may take to send the sound elsewhere, in milliseconds.
const ROUTE_MS: u64 = 5_000;
/// How long the host may take to find a secret, in milliseconds.
const SECRET_MS: u64 = 10_000;
/// The number of the one timer that the engine has of the host.
const TIMER: u64 = 1;

/// Where commands are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Page,
    Host,
}

#[derive(Debug)]
pub(super) struct Drivers {
    transport: Place,
    media: Place,
    pub(super) timers: Place,
    /// When the host's timer rings.
    host_timer: Option<Mono>,
    pub(super) page_media: PageMedia,
    /// Sockets and media sessions of the host that are not known to be closed.
    host_flows: Vec<FlowId>,
    host_media: Vec<MediaId>,
    /// `audio.setRoute` on their way, and the commands that wait for them.
    routes: Vec<(String, CommandId)>,
    /// Whether the host knows secrets, and whether it can keep the app awake.
    pub(super) secrets: bool,
    pub(super) awake: bool,
    /// `credentials.get` on their way, and the questions that wait for them.
    questions: Vec<(String, CredentialsId)>,
}

impl Drivers {
    pub(super) fn new(options: &EndpointOptions) -> Self {
        let place = |driver| if driver == Driver::Host { Place::Host } else { Place::Page };
        Self {
            transport: place(options.transport),
            media: place(options.media),
            timers: place(options.timers),
            host_timer: None,
            page_media: PageMedia::default(),
            host_flows: Vec::new(),
            host_media: Vec::new(),
            routes: Vec::new(),
            secrets: false,
            awake: false,
            questions: Vec::new(),
        }
    }

    /// Media sessions that the host has kept for an earlier page are its own still.
    pub(super) fn host_keeps(&mut self, media: &[MediaId]) {
        self.host_media.extend_from_slice(media);
    }

    /// The host has said what it can.
    pub(super) fn choose(&mut self, options: &EndpointOptions, [transport, media, timers]: [bool; 3]) {
        let place = |driver, able| match driver {
            Driver::Auto if able => Place::Host,
            Driver::Auto | Driver::Page => Place::Page,
            Driver::Host => Place::Host,
        };
        self.transport = place(options.transport, transport);
        self.media = place(options.media, media);
        self.timers = place(options.timers, timers);
        self.host_timer = None;
    }
}

impl Endpoint {
    /// Whether media sessions that are opened now are the host's.
    #[must_use]
    pub fn has_host_media(&self) -> bool {
        self.drivers.media == Place::Host && self.wake.is_some()
    }

    /// The host's sound is to go elsewhere; completed when it says so.
    pub(super) fn audio_route(&mut self, now: Now, id: CommandId, route: String) -> Option<Result<Reply, Error>> {
        let ours = !self.has_host_media();
        let Some(wake) = self.wake.as_mut().filter(|_| !ours) else { return Some(Err(ErrorCode::Unsupported.into())) };
        let by_name = matches!(route.as_str(), "speaker" | "default");
        let (route, uid) = if by_name { (Some(route), None) } else { (None, Some(route)) };
        let request = wake.link().request(now, &AudioSetRoute { route, uid }, ROUTE_MS);
        self.drivers.routes.push((request, id));
        None
    }

    /// The host's own picture for choosing where the sound goes.
    pub(super) fn audio_picker(&mut self, now: Now) -> Result<Reply, Error> {
        let ours = !self.has_host_media();
        let Some(wake) = self.wake.as_mut().filter(|_| !ours) else { return Err(ErrorCode::Unsupported.into()) };
        wake.link().event(now, &AudioShowPicker {});
        Ok(Reply::Done)
    }

    /// A server asks for credentials: the application is asked where it said that it has them, else the host.
    pub(super) fn credentials_needed(&mut self, now: Now, request: CredentialsRequest) {
        let host_knows = self.drivers.secrets && self.host_connected && request.kind == CredentialsKind::Digest;
        let name = match self.agent.account(request.account) {
            Some((name, options)) if !options.credentials => name.to_owned(),
            _ => return self.out.push_back(Output::CredentialsNeeded(request)),
        };
        match &mut self.wake {
            Some(wake) if host_knows => {
                let question = CredentialsGet { account: name, realm: request.realm };
                let asked = wake.link().request(now, &question, SECRET_MS);
                self.drivers.questions.push((asked, request.id));
            }
            _ => self.agent.credentials(now, request.id, None),
        }
    }

    /// What became of a `credentials.get`. True where it was one.
    pub(super) fn question_answered(&mut self, now: Now, request: &str, reply: Option<&Incoming>) -> bool {
        let Some(index) = self.drivers.questions.iter().position(|(asked, _)| asked == request) else { return false };
        let (_, id) = self.drivers.questions.remove(index);
        let link = self.wake.as_mut().map(Wake::link);
        let reply = link.zip(reply).and_then(|(link, reply)| link.value::<CredentialsGetReply>(reply));
        let secret = reply.and_then(|reply| reply.secret);
        let credentials = secret.map(|password| Credentials { password: Some(password), ..Credentials::default() });
        self.agent.credentials(now, id, credentials);
        true
    }

    /// What became of an `audio.setRoute`. True where it was one.
    pub(super) fn route_answered(&mut self, request: &str, failed: Option<ErrorCode>) -> bool {
        let Some(index) = self.drivers.routes.iter().position(|(asked, _)| asked == request) else { return false };
        let (_, id) = self.drivers.routes.remove(index);
        self.complete(id, failed.map_or(Ok(Reply::Done), |code| Err(code.into())));
        true
    }

    /// The host's timer is set where something is due before it rings, and cleared where nothing is. One that rings
    /// too early does no harm, so it is not put off each time.
    pub(super) fn tell_host_timer(&mut self, now: Now) {
        if self.drivers.timers != Place::Host || !self.host_connected {
            return;
        }
        let next = self.next_timeout();
        let told = self.drivers.host_timer;
        let Some(wake) = &mut self.wake else { return };
        match next {
            Some(at) if told.is_none_or(|told| at < told) => {
                wake.link().event(now, &TimerSet { timer: TIMER, in_ms: at.since(now.mono) });
            }
            None if told.is_some() => wake.link().event(now, &TimerClear { timer: TIMER }),
            _ => return,
        }
        self.drivers.host_timer = next;
        self.pump(now);
    }

    pub(super) fn flow_command(&mut self, now: Now, flow: FlowId, mut command: FlowCommand) {
        self.hook_flow(&mut command);
        if let FlowCommand::Send(octets) = &command
            && !is_keep_alive(octets)
        {
            self.trace_sip(now, TraceKind::SipOut, octets);
        }
        let opens = matches!(command, FlowCommand::Open { .. });
        let ours = self.drivers.host_flows.contains(&flow);
        match &mut self.wake {
            Some(wake) if ours || (opens && self.drivers.transport == Place::Host) => {
                if opens {
                    self.drivers.host_flows.push(flow);
                }
                if matches!(command, FlowCommand::Close { .. }) {
                    self.drivers.host_flows.keep(|open| *open != flow);
                }
                post_flow_command(wake.link(), now, flow, command);
            }
            _ => self.out.push_back(Output::Flow { flow, command }),
        }
    }

    pub(super) fn media_event(&mut self, now: Now, media: MediaId, number: u32, mut event: MediaEvent) {
        self.hook_media_event(media, &mut event);
        self.agent.media_event(now, media, number, event);
    }

    pub(super) fn media_command(&mut self, now: Now, media: MediaId, number: u32, mut command: MediaCommand) {
        if matches!(command, MediaCommand::Prepare { .. }) && self.drivers.media == Place::Host {
            // A host knows of the push before we do, and may do so by itself.
            return;
        }
        self.hook_media_command(media, &mut command);
        let opens = matches!(command, MediaCommand::Open { .. });
        let ours = self.drivers.host_media.contains(&media);
        match &mut self.wake {
            Some(wake) if ours || (opens && self.drivers.media == Place::Host) => {
                if opens {
                    self.drivers.host_media.push(media);
                }
                if command == MediaCommand::Close {
                    self.drivers.host_media.keep(|open| *open != media);
                }
                self.drivers.page_media.post(wake.link(), now, media, number, command);
            }
            _ => self.out.push_back(Output::Media { media, number, command }),
        }
    }

    /// A `ws.*` or `media.*` message, or the reply to one of ours.
    pub(super) fn driver_message(&mut self, now: Now, incoming: &Incoming) {
        if let Some(request) = &incoming.re {
            let unknown = incoming.error.as_ref().is_some_and(|error| error.code == "unknownType");
            let refused = if unknown { ErrorCode::Unsupported } else { ErrorCode::HostRefused };
            if self.route_answered(request, incoming.error.as_ref().map(|_| refused))
                || self.question_answered(now, request, Some(incoming))
            {
                return;
            }
        }
        if incoming.message_type == TimerFired::TYPE {
            // What is due was done when it came.
            match incoming.read::<TimerFired>() {
                Ok(fired) if fired.timer == TIMER => self.drivers.host_timer = None,
                Ok(_) => {}
                Err(_) => self.refuse_payload(now, incoming),
            }
            return;
        }
        let read = match read_flow_event(incoming) {
            Some(read) => read.map(|(flow, event)| {
                self.trace_flow_event(now, &event);
                self.agent.flow_event(now, flow, event);
            }),
            None => match self.wake.as_mut().and_then(|wake| self.drivers.page_media.read(wake.link(), incoming)) {
                Some(read) => read.map(|event| {
                    if let Some((media, number, event)) = event {
                        self.media_event(now, media, number, event);
                    }
                }),
                None => {
                    if let Some(wake) = &mut self.wake {
                        wake.link().refuse_unknown(now, incoming);
                    }
                    return;
                }
            },
        };
        if read.is_err() {
            self.refuse_payload(now, incoming);
        }
    }

    fn refuse_payload(&mut self, now: Now, incoming: &Incoming) {
        if let Some(wake) = &mut self.wake {
            wake.link().refuse_payload(now, incoming);
        }
    }

    /// The session with the host is over, and with it the host's sockets and media.
    pub(super) fn drop_host_drivers(&mut self, now: Now) {
        if self.options.timers != Driver::Host {
            self.drivers.timers = Place::Page;
        }
        self.drivers.host_timer = None;
        if let Some(wake) = &mut self.wake {
            wake.link().set_clockless(false);
        }
        for (_, id) in std::mem::take(&mut self.drivers.routes) {
            self.complete(id, Err(ErrorCode::HostUnreachable.into()));
        }
        for (_, id) in std::mem::take(&mut self.drivers.questions) {
            self.agent.credentials(now, id, None);
        }
        for flow in std::mem::take(&mut self.drivers.host_flows) {
            self.agent.flow_event(now, flow, FlowEvent::Closed { code: 1006, clean: false });
        }
        for media in std::mem::take(&mut self.drivers.host_media) {
            self.agent.media_event(now, media, 0, MediaEvent::Failed(MediaFailure::ConnectionLost));
        }
    }

    pub(super) fn trace_flow_event(&mut self, now: Now, event: &FlowEvent) {
        if let FlowEvent::Received(octets) = event
            && !is_keep_alive(octets)
        {
            self.trace_sip(now, TraceKind::SipIn, octets);
        }
    }

    fn trace_sip(&mut self, now: Now, kind: TraceKind, octets: &[u8]) {
        if self.options.trace {
            let full = self.options.full_trace;
            let text = if full { String::from_utf8_lossy(octets).into_owned() } else { self.redactor.message(octets) };
            self.tell_trace(now, kind, text);
        }
    }
}

fn is_keep_alive(octets: &[u8]) -> bool {
    octets.iter().all(|octet| matches!(octet, b'\r' | b'\n'))
}
