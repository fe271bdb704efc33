//! Every message in one list: of it are made the manual's tables, the JSON Schema and the TypeScript types (`make docs`),
//! and the tests go through it. Nothing else names it, so no page and no app carries it.

use super::codec::{ReadRecord, RecordDescription, WriteRecord};
use super::{
    Ack, AppResumed, AppState, AudioActivated, AudioDeactivated, AudioDone, AudioInterruption, AudioRoute,
    AudioSetRoute, AudioShowPicker, CallEnded, CallIncoming, CallIncomingReply, CallPerform, CallPerformReply,
    CallPerformTimedOut, CallRequest, CallRequestReply, CallStart, CallStartReply, CallState, CallUpdate, CodecError,
    Config, CredentialsGet, CredentialsGetReply, Hello, IntentStartCall, KeepAwake, KeepAwakeReply, Kind, Log,
    MediaAccept, MediaCandidate, MediaClose, MediaDirection, MediaDone, MediaDtmf, MediaFailed, MediaGatheringDone,
    MediaMicrophone, MediaMute, MediaOffer, MediaOpen, MediaReport, MediaRollback, MediaSdp, MediaServicesReset,
    MediaSetAnswer, MediaState, MediaStats, NetworkChanged, Payload, Ping, Pong, ProviderReset, PushIncoming,
    PushIncomingReply, PushResolved, PushToken, Ready, RegState, Release, RequestToken, SessionReset, StateLoad,
    StateLoadReply, StateSave, StateSaveReply, TimerClear, TimerFired, TimerSet, Welcome, WillSuspend,
    WillSuspendReply, WsClose, WsClosed, WsFailed, WsMessage, WsOpen, WsOpened, WsSend, read_payload, write_payload,
};

/// Who sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The page, to the host.
    Page,
    /// The host, to the page.
    Host,
    /// Either.
    Both,
}

impl Sender {
    /// A word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Host => "host",
            Self::Both => "both",
        }
    }

    /// Who answers it.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Page => Self::Host,
            Self::Host => Self::Page,
            Self::Both => Self::Both,
        }
    }
}

/// One message, or one reply.
#[derive(Clone, Copy, Debug)]
pub struct MessageDescription {
    /// Who sends it.
    pub sender: Sender,
    /// Its name on the wire. A reply travels under the name of its request, but for `welcome` and `pong`.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Of a reply: the name of the request.
    pub answers: Option<&'static str>,
    /// What it carries; of a reply that is the `value`.
    pub record: &'static RecordDescription,
    /// Reads a payload and writes it again.
    pub there_and_back: fn(&str) -> Result<String, CodecError>,
}

/// Messages that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its title.
    pub title: &'static str,
    /// The messages, each reply after its request.
    pub messages: &'static [MessageDescription],
}

fn there_and_back<P: Payload + ReadRecord + WriteRecord>(text: &str) -> Result<String, CodecError> {
    read_payload::<P>(text).map(|payload| write_payload(&payload))
}

macro_rules! vocabulary {
    ($($title:literal { $($sender:ident $message:ident $(=> $reply:ident $(as $own:literal)?)?;)+ })+) => {
        /// The vocabulary.
        pub const VOCABULARY: &[Family] = &[$(Family {
            title: $title,
            messages: &[$(
                MessageDescription {
                    sender: Sender::$sender,
                    name: $message::TYPE,
                    kind: $message::KIND,
                    answers: None,
                    record: $message::DESCRIPTION,
                    there_and_back: there_and_back::<$message>,
                },
                $(MessageDescription {
                    sender: Sender::$sender.other(),
                    name: vocabulary!(@name $message $($own)?),
                    kind: $reply::KIND,
                    answers: Some($message::TYPE),
                    record: $reply::DESCRIPTION,
                    there_and_back: there_and_back::<$reply>,
                },)?
            )+],
        }),+];
    };
    (@name $message:ident $own:literal) => { $own };
    (@name $message:ident) => { $message::TYPE };
}

vocabulary! {
    "Session" {
        Page Hello => Welcome as "welcome";
        Page Ready;
        Both Ping => Pong as "pong";
        Both Ack;
        Host SessionReset;
        Page StateSave => StateSaveReply;
        Page StateLoad => StateLoadReply;
        Host Config;
        Page CredentialsGet => CredentialsGetReply;
        Page Log;
    }
    "Push" {
        Host PushToken;
        Page RequestToken;
        Host PushIncoming => PushIncomingReply;
        Page PushResolved;
    }
    "Calls" {
        Page CallIncoming => CallIncomingReply;
        Page CallStart => CallStartReply;
        Page CallUpdate;
        Page CallState;
        Page CallEnded;
        Page CallRequest => CallRequestReply;
        Host CallPerform => CallPerformReply;
        Host CallPerformTimedOut;
        Host ProviderReset;
        Host IntentStartCall;
    }
    "Audio" {
        Host AudioActivated;
        Host AudioDeactivated;
        Host AudioRoute;
        Host AudioInterruption;
        Host MediaServicesReset;
        Page AudioSetRoute => AudioDone;
        Page AudioShowPicker;
    }
    "Application and network" {
        Host AppState;
        Host WillSuspend => WillSuspendReply;
        Host AppResumed;
        Page KeepAwake => KeepAwakeReply;
        Page Release;
        Page RegState;
        Host NetworkChanged;
    }
    "Sockets of the host" {
        Page WsOpen;
        Page WsSend;
        Page WsClose;
        Host WsOpened;
        Host WsMessage;
        Host WsClosed;
        Host WsFailed;
    }
    "Timers of the host" {
        Page TimerSet;
        Page TimerClear;
        Host TimerFired;
    }
    "Media of the host" {
        Page MediaOpen => MediaDone;
        Page MediaOffer => MediaSdp;
        Page MediaAccept => MediaSdp;
        Page MediaSetAnswer => MediaDone;
        Page MediaMicrophone => MediaDone;
        Page MediaDirection => MediaDone;
        Page MediaRollback => MediaDone;
        Page MediaDtmf => MediaDone;
        Page MediaMute => MediaDone;
        Page MediaStats => MediaReport;
        Page MediaClose => MediaDone;
        Both MediaCandidate;
        Host MediaGatheringDone;
        Host MediaState;
        Host MediaFailed;
    }
}

/// Every message and every reply.
pub fn messages() -> impl Iterator<Item = &'static MessageDescription> {
    VOCABULARY.iter().flat_map(|family| family.messages)
}
