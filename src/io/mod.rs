//! The closed lists of what goes into the engine and what comes out of it.
//!
//! A driver, in a page or on a host, calls `Endpoint::handle(now, Input)`, drains `Endpoint::poll` into a list,
//! lets go of the engine, and only then carries the outputs out.

mod call;
mod command;
mod credentials;
mod error;
mod event;
mod flow;
mod media;
mod options;
mod subscription;

pub use call::{CallInfo, CallOptions, CallState, Direction, DtmfMethod, Identity, Outcome, OutcomeKind, Video};
pub use command::{Body, Command, Extra, PushService, Reply};
pub use credentials::{Credentials, CredentialsKind, CredentialsRequest, DigestAlgorithm};
pub use error::{Error, ErrorCode, Refusal};
pub use event::{Event, PushSupport, RegistrationInfo, RegistrationState, TraceEntry, TraceKind, TransportState};
pub use flow::{FlowCommand, FlowEvent};
pub use media::{IceCandidate, IceServer, MediaCommand, MediaDirection, MediaEvent, MediaFailure};
pub use options::{
    AccountOptions, BackgroundPolicy, Driver, EndpointOptions, KeepAlive, PushOptions, PushPreset, Reliability,
    ReplacePolicy, RequestHeader, SipServer, TrickleIce,
};
pub use subscription::{SubscriptionInfo, SubscriptionState, Voicemail};

/// Header lines as the application writes and reads them: name and value, in order.
pub type HeaderList = Vec<(String, String)>;

use crate::common::secret::Secret;
use crate::common::time::Mono;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
    };
}

id!(
    /// One WebSocket, from open to closed. Never used twice.
    FlowId
);
id!(
    /// One media session: a peer connection in the page or its like on the host. Never used twice.
    MediaId
);
id!(
    /// One command of the application, so that its completion finds its promise.
    CommandId
);
id!(
    /// One account of this engine.
    AccountId
);
id!(
    /// One call of this engine. The bridge knows it by its `callUuid`.
    CallId
);
id!(
    /// One question for credentials, so that its answer finds the request that waits. Never used twice.
    CredentialsId
);
id!(
    /// One subscription, ours to somebody's state or somebody's to ours.
    SubscriptionId
);
id!(
    /// One piece of event state that we published (RFC 3903).
    PublicationId
);
id!(
    /// One REFER that we sent, and what becomes of it.
    TransferId
);
id!(
    /// One REFER that somebody sent to us.
    ReferralId
);

/// What happened. Everything the engine learns, it learns by one of these.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input {
    /// The deadline that [`Output::Timer`] named has come. Early or needless ones do no harm.
    Timeout,
    /// Something happened on a flow.
    Flow {
        /// Which.
        flow: FlowId,
        /// What.
        event: FlowEvent,
    },
    /// Something happened on a media session.
    Media {
        /// Which.
        media: MediaId,
        /// The number of the command that it answers; nought where it answers none.
        number: u32,
        /// What.
        event: MediaEvent,
    },
    /// The host posted one bridge envelope.
    Host(String),
    /// The application asks for something; [`Output::Completed`] answers, exactly once.
    Command {
        /// Chosen by the driver.
        id: CommandId,
        /// What is asked.
        command: Command,
    },
    /// The answer to [`Output::CredentialsNeeded`]. Late or needless ones do no harm.
    Credentials {
        /// The question's id.
        id: CredentialsId,
        /// The credentials; `None`: there are none.
        result: Option<Credentials>,
    },
}

/// What the engine wants done. To be carried out in order.
#[derive(Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "events are the most of them, and each is moved a few times")]
pub enum Output {
    /// Call `handle(now, Input::Timeout)` at this point, or never if `None`. Replaces the earlier one.
    Timer(Option<Mono>),
    /// For the socket of a flow.
    Flow {
        /// Which.
        flow: FlowId,
        /// What.
        command: FlowCommand,
    },
    /// For a media session.
    Media {
        /// Which.
        media: MediaId,
        /// Its number, which the event that answers it repeats.
        number: u32,
        /// What.
        command: MediaCommand,
    },
    /// One bridge envelope for the host.
    Host(String),
    /// For the application's listeners.
    Event(Event),
    /// The answer to an [`Input::Command`].
    Completed {
        /// The command's id.
        id: CommandId,
        /// How it ended.
        result: Result<Reply, Error>,
    },
    /// To be kept for the next page, which gets it by [`EndpointOptions::state`]; it replaces what was kept before.
    /// Nothing in it is secret, yet it is for nobody else. Only where there is no host, which else is the one to keep it.
    Save(String),
    /// The accounts that the host provides: the payload of [`crate::bridge::Config`], as JSON. Make those that are new, in
    /// other words or gone.
    Provision(Secret),
    /// A server asks for credentials that only the application has; [`Input::Credentials`] answers.
    CredentialsNeeded(CredentialsRequest),
}
