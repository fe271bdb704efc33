//! The messages between page and host, their codec, and the session under them.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `json`, `writer`, `codec` | JSON text ↔ records, by one table of fields a record |
//! | `envelope` | what is around every message |
//! | `handshake`, `provision`, `push`, `call`, `app`, `audio`, `transport`, `timer`, `media` | the vocabulary, by family |
//! | `base64` | binary in JSON |
//! | `link` | one side's session: numbering, acknowledgement, replay, deadlines |
//! | `drivers` | the lists of [`crate::io`] ↔ `ws.*` and `media.*` |
//! | `payload` | what a push payload says, by configurable paths |
//! | `redact` | a message as the trace may show it |
//! | `vocabulary` | every message in one list, for the manual, the schema, the types and the tests |

pub mod app;
pub mod audio;
pub mod base64;
pub mod call;
pub mod codec;
pub mod drivers;
pub mod envelope;
pub mod handshake;
pub mod json;
pub mod link;
pub mod media;
pub mod payload;
pub mod provision;
pub mod push;
pub mod redact;
pub mod state;
pub mod timer;
pub mod transport;
pub mod vocabulary;
mod writer;

pub use app::{
    AppResumed, AppState, AppStateName, KeepAwake, KeepAwakeReply, Log, NetworkChanged, NetworkInterface, RegState,
    RegStateName, Release, SuspendPolicy, WillSuspend, WillSuspendReply,
};
pub use audio::{
    AudioActivated, AudioDeactivated, AudioDone, AudioInterruption, AudioPort, AudioPortType, AudioRoute,
    AudioSetRoute, AudioShowPicker, AudioSnapshot, InterruptionPhase, MediaServicesReset,
};
pub use call::{
    CallAction, CallEnded, CallIncoming, CallIncomingReply, CallMatch, CallPerform, CallPerformReply,
    CallPerformTimedOut, CallRequest, CallRequestReply, CallStart, CallStartReply, CallState, CallStateName,
    CallUpdate, EndReason, Handle, HandleType, IntentStartCall, Origin, PerformError, PerformState, ProviderReset,
    ReportError, RequestRefusal, StartSource, Supports,
};
pub use codec::{CodecError, RawJson};
pub use envelope::{Kind, ReplyError, SipStatus};
pub use handshake::{
    Ack, CallUi, Engine, Hello, HostInfo, PackageInfo, PendingAction, Ping, Pong, Protocol, Ready, ResetReason, Resume,
    SessionReset, Snapshot, SnapshotCall, SnapshotPush, Welcome,
};
pub use link::{BridgeProblem, Incoming, Link, LinkEvent};
pub use media::{
    IceServer, MediaAccept, MediaCandidate, MediaClose, MediaDirection, MediaDone, MediaDtmf, MediaFailed,
    MediaGatheringDone, MediaMicrophone, MediaMute, MediaOffer, MediaOpen, MediaPolicy, MediaReport, MediaRollback,
    MediaSdp, MediaSetAnswer, MediaState, MediaStats,
};
pub use payload::{PayloadPaths, PushFacts, read_push};
pub use provision::{Config, CredentialsGet, CredentialsGetReply, ProvisionedAccount};
pub use push::{
    Environment, Launch, PushIncoming, PushIncomingReply, PushKind, PushOutcome, PushRefusal, PushResolved, PushToken,
    Reported, RequestToken, TokenKind,
};
pub use redact::redact;
pub use state::{StateLoad, StateLoadReply, StateSave, StateSaveReply};
pub use timer::{TimerClear, TimerFired, TimerSet};
pub use transport::{WsClose, WsClosed, WsFailed, WsMessage, WsOpen, WsOpened, WsSend};

use codec::{ReadRecord, WriteRecord};

/// The version of the bridge that this package speaks.
pub const VERSION: u64 = 1;

/// What a message carries.
pub trait Payload: Default {
    /// Its name on the wire. A reply has the name of its request, but for `welcome` and `pong`.
    const TYPE: &'static str;
    /// What it is.
    const KIND: Kind;
}

/// Reads a payload from JSON text.
///
/// # Errors
/// Not JSON, a field missing, a field of the wrong type.
pub fn read_payload<P: ReadRecord + Default>(text: &str) -> Result<P, CodecError> {
    let mut payload = P::default();
    // One walker for all: only this shell is made anew for each type.
    read_into(&mut payload, text).map(|()| payload)
}

fn read_into(record: &mut dyn ReadRecord, text: &str) -> Result<(), CodecError> {
    let json = json::Json::parse(text).map_err(|_| CodecError::NotJson)?;
    codec::read_record(record, json)
}

/// Writes a payload as JSON text.
#[must_use]
pub fn write_payload(payload: &dyn WriteRecord) -> String {
    let mut out = json::Writer::new();
    codec::write_record(payload, &mut out);
    out.finish()
}
