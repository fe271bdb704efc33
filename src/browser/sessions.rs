//! Media sessions of a page, over `js/media.js`.

use std::cell::RefCell;
use std::rc::Weak;

use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

use super::driver::Driver;
use super::objects::Builder;
use crate::bridge::drivers::{direction_name, failure_from_name};
use crate::common::lists::Keep;
use crate::io::{IceCandidate, IceServer, Input, MediaCommand, MediaEvent, MediaId};

#[wasm_bindgen(module = "/src/browser/js/media.js")]
extern "C" {
    #[derive(Clone)]
    type Media;

    #[wasm_bindgen(js_name = createMedia)]
    fn create(options: &JsValue, on_event: &Function) -> Media;
    #[wasm_bindgen(method)]
    fn begin(this: &Media, options: &JsValue);
    #[wasm_bindgen(method)]
    fn direction(this: &Media, direction: &str, video: Option<&str>);
    #[wasm_bindgen(method)]
    fn offer(this: &Media, restart: bool, number: u32);
    #[wasm_bindgen(method)]
    fn accept(this: &Media, sdp: &str, number: u32);
    #[wasm_bindgen(method, js_name = setAnswer)]
    fn set_answer(this: &Media, sdp: &str, provisional: bool, number: u32);
    #[wasm_bindgen(method)]
    fn candidate(this: &Media, mid: &str, ufrag: &str, candidate: &str);
    #[wasm_bindgen(method)]
    fn microphone(this: &Media, number: u32);
    #[wasm_bindgen(method)]
    fn rollback(this: &Media);
    #[wasm_bindgen(method)]
    fn dtmf(this: &Media, digits: &str, duration_ms: u32, gap_ms: u32, number: u32);
    #[wasm_bindgen(method)]
    fn mute(this: &Media, on: bool, video: bool);
    #[wasm_bindgen(method)]
    fn stats(this: &Media, number: u32);
    #[wasm_bindgen(method)]
    fn close(this: &Media);

}

#[wasm_bindgen(module = "/src/browser/js/sources.js")]
extern "C" {
    /// What the module says is open.
    pub(super) type Counters;

    #[wasm_bindgen(js_name = mediaCounters)]
    pub(super) fn counters() -> Counters;
    #[wasm_bindgen(method, getter, js_name = peerConnections)]
    pub(super) fn peer_connections(this: &Counters) -> u32;
    #[wasm_bindgen(method, getter, js_name = liveTracks)]
    pub(super) fn live_tracks(this: &Counters) -> u32;
    #[wasm_bindgen(method, getter)]
    pub(super) fn timers(this: &Counters) -> u32;
}

#[wasm_bindgen]
extern "C" {
    type Handler;

    #[wasm_bindgen(method, structural)]
    fn bind(this: &Handler, context: &JsValue, media: u32) -> Function;

    /// What the module tells; which fields are there depends on `type`.
    type Told;

    #[wasm_bindgen(method, getter, structural, js_name = type)]
    fn kind(this: &Told) -> String;
    #[wasm_bindgen(method, getter, structural)]
    fn sdp(this: &Told) -> String;
    #[wasm_bindgen(method, getter, structural)]
    fn mid(this: &Told) -> String;
    #[wasm_bindgen(method, getter, structural)]
    fn ufrag(this: &Told) -> String;
    #[wasm_bindgen(method, getter, structural)]
    fn candidate(this: &Told) -> String;
    #[wasm_bindgen(method, getter, structural)]
    fn connected(this: &Told) -> bool;
    #[wasm_bindgen(method, getter, structural)]
    fn reason(this: &Told) -> String;
    /// Nought where there is none.
    #[wasm_bindgen(method, getter, structural)]
    fn number(this: &Told) -> u32;
    #[wasm_bindgen(method, getter, structural)]
    fn report(this: &Told) -> String;
}

struct Session {
    id: MediaId,
    call_uuid: String,
    media: Media,
}

/// All media sessions of one endpoint.
pub(super) struct Sessions {
    handler: Closure<dyn Fn(u32, Told)>,
    open: RefCell<Vec<Session>>,
}

impl Sessions {
    pub(super) fn new(driver: Weak<Driver>) -> Self {
        let handler = Closure::<dyn Fn(u32, Told)>::new(move |media, told: Told| {
            if let (Some(driver), Some(event)) = (driver.upgrade(), read(&told)) {
                driver.feed(Input::Media { media: MediaId(media), number: told.number(), event });
            }
        });
        Self { handler, open: RefCell::default() }
    }

    pub(super) fn command(&self, id: MediaId, number: u32, command: MediaCommand) {
        let handler = || self.handler.as_ref().unchecked_ref::<Handler>().bind(&JsValue::NULL, id.0);
        if let MediaCommand::Prepare { ice_servers } = &command {
            let options = Builder::new().value("iceServers", &servers(ice_servers)).flag("ahead", true).done();
            let media = create(&options, &handler());
            self.open.borrow_mut().push(Session { id, call_uuid: String::new(), media });
            return;
        }
        if let MediaCommand::Open {
            call_uuid,
            microphone,
            video,
            ice_servers,
            gathering_limit_ms,
            first_usable_candidate,
            test_tone_hz,
            trickle,
        } = command
        {
            let options = Builder::new()
                .flag("microphone", microphone)
                .value("iceServers", &servers(&ice_servers))
                .flag("video", video)
                .number("gatheringLimitMs", Some(gathering_limit_ms.into()))
                .flag("firstUsableCandidate", first_usable_candidate)
                .number("testToneHz", Some(test_tone_hz.into()))
                .flag("trickle", trickle)
                .done();
            let mut open = self.open.borrow_mut();
            if let Some(session) = open.iter_mut().find(|session| session.id == id) {
                session.call_uuid = call_uuid;
                let media = session.media.clone();
                drop(open);
                media.begin(&options);
            } else {
                open.push(Session { id, call_uuid, media: create(&options, &handler()) });
            }
            return;
        }
        let Some(media) = self.open.borrow().iter().find(|s| s.id == id).map(|s| s.media.clone()) else { return };
        match command {
            MediaCommand::Direction { direction, video } => {
                media.direction(direction_name(direction), video.map(direction_name));
            }
            MediaCommand::Offer { restart } => media.offer(restart, number),
            MediaCommand::Accept { sdp } => media.accept(&sdp, number),
            MediaCommand::SetAnswer { sdp, provisional } => media.set_answer(&sdp, provisional, number),
            MediaCommand::Candidate(IceCandidate { mid, ufrag, candidate }) => {
                media.candidate(&mid, &ufrag, &candidate)
            }
            MediaCommand::Microphone => media.microphone(number),
            MediaCommand::Rollback => media.rollback(),
            MediaCommand::Dtmf { digits, duration_ms, gap_ms } => media.dtmf(&digits, duration_ms, gap_ms, number),
            MediaCommand::Mute { on, video } => media.mute(on, video),
            MediaCommand::Stats => media.stats(number),
            MediaCommand::Close => {
                media.close();
                self.open.borrow_mut().keep(|s| s.id != id);
            }
            MediaCommand::Open { .. } | MediaCommand::Prepare { .. } => {}
        }
    }

    /// Closes what is open.
    pub(super) fn shut(&self) {
        for session in self.open.take() {
            session.media.close();
        }
    }

    /// The media session of a call; undefined where there is none in this page.
    pub(super) fn of_call(&self, call_uuid: &str) -> JsValue {
        let open = self.open.borrow();
        let session = open.iter().rev().find(|session| session.call_uuid == call_uuid);
        session.map_or(JsValue::UNDEFINED, |session| session.media.clone().into())
    }
}

fn servers(servers: &[IceServer]) -> JsValue {
    let list = Array::new();
    for server in servers {
        let urls: Array = server.urls.iter().map(|url| JsValue::from_str(url)).collect();
        list.push(
            &Builder::new()
                .value("urls", &urls)
                .text("username", server.username.as_deref())
                .text("credential", server.credential.as_ref().map(|secret| secret.expose()))
                .done(),
        );
    }
    list.into()
}

fn read(told: &Told) -> Option<MediaEvent> {
    Some(match told.kind().as_str() {
        "described" => MediaEvent::Described { sdp: told.sdp() },
        "candidate" => {
            MediaEvent::Candidate(IceCandidate { mid: told.mid(), ufrag: told.ufrag(), candidate: told.candidate() })
        }
        "gatheringDone" => MediaEvent::GatheringDone,
        "applied" => MediaEvent::Applied,
        "dtmfSent" => MediaEvent::DtmfSent,
        "stats" => MediaEvent::Stats { report: told.report() },
        "connected" => MediaEvent::Connected { connected: told.connected() },
        "failed" => MediaEvent::Failed(failure_from_name(&told.reason())),
        _ => return None,
    })
}
