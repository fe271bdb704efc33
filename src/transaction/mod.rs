//! Transactions (RFC 3261 section 17, RFC 6026) on a reliable transport: one file per machine, and a layer that routes
//! by branch, answers for itself what is its own (100, CANCEL, ACK of refusals), and bounds everything.

mod check;
mod client;
mod client_invite;
mod derive;
mod layer;
mod server;
mod server_invite;

pub use check::tag_for;
pub use layer::Transactions;

use crate::io::FlowId;
use crate::message::{Request, Response};

/// 64 · T1: timers B, F, H, L and M of RFC 3261 and RFC 6026, in milliseconds.
const TIMEOUT_MS: u64 = 32_000;

/// A transaction that we opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientId(pub u32);

/// A transaction that the far end opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServerId(pub u32);

/// Why a request got no final response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered within 32 seconds.
    Timeout,
    /// The flow went away, or the request could not be sent at all.
    FlowLost,
}

/// What the layer wants done or has to tell.
#[derive(Debug)]
pub enum TransactionEvent {
    /// Send one message.
    Send {
        /// On this flow.
        flow: FlowId,
        /// Its octets.
        octets: Vec<u8>,
    },
    /// A response to one of our requests: provisional, final, and each 2xx to an INVITE for 32 seconds.
    Response {
        /// Which request.
        client: ClientId,
        /// The response.
        response: Response,
    },
    /// There will be no final response.
    Failed {
        /// To which request.
        client: ClientId,
        /// Why.
        why: Failure,
    },
    /// A new request. An INVITE has got its 100.
    Request {
        /// For the response.
        server: ServerId,
        /// Where it came from.
        flow: FlowId,
        /// The request; never an ACK or a CANCEL.
        request: Request,
    },
    /// An ACK for a 2xx.
    Ack {
        /// Where it came from.
        flow: FlowId,
        /// The ACK.
        request: Request,
    },
    /// The caller gave up. The CANCEL is answered; the INVITE wants its 487.
    Cancelled {
        /// The INVITE's transaction.
        server: ServerId,
        /// The CANCEL, for its Reason.
        request: Request,
    },
    /// A 2xx to an INVITE whose transaction is over, or went with its flow: a call that lives may want it acknowledged.
    StrayResponse {
        /// Where it came from.
        flow: FlowId,
        /// The response.
        response: Response,
    },
    /// The ACK for a refused INVITE never came. The transaction is over all the same.
    Unacknowledged {
        /// The INVITE's transaction.
        server: ServerId,
    },
}
