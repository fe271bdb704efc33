//! One account's way to its servers: connect with a time limit, choice of server, back-off, keep-alive.
//!
//! A [`Connection`] has at most one flow at a time. What a socket tells about an earlier flow is ignored, so a
//! dead socket that wakes up late does no harm.

mod connection;
mod server;

pub(crate) use connection::back_off;
pub use connection::{Connection, ConnectionOptions};
pub(crate) use server::{is_private, is_server};

use crate::io::{Error, FlowCommand, FlowId, TransportState};

/// Numbers flows; one for the whole engine, so that no flow's number comes twice.
#[derive(Debug, Default)]
pub struct FlowIds(u32);

impl FlowIds {
    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "a counter, not something to iterate over")]
    pub fn next(&mut self) -> FlowId {
        self.0 = self.0.wrapping_add(1);
        FlowId(self.0)
    }
}

/// What a [`Connection`] wants done or has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportEvent {
    /// For the socket of a flow.
    Command {
        /// Which.
        flow: FlowId,
        /// What.
        command: FlowCommand,
    },
    /// Messages can flow.
    Up {
        /// The new flow.
        flow: FlowId,
    },
    /// A flow is gone or never came up. Whether another attempt follows by itself, the next `State` says.
    Down {
        /// The flow; `None` where no server could even be tried.
        flow: Option<FlowId>,
        /// Whether it had been up.
        was_up: bool,
        /// Why. `Stopped`: it was closed on purpose. `FlowLost`: it was replaced on purpose.
        error: Error,
    },
    /// A message came; keep-alives are answered here and never get this far.
    Message {
        /// On which flow.
        flow: FlowId,
        /// Its octets, unread.
        octets: Vec<u8>,
    },
    /// The server is to be asked by an OPTIONS whether the flow works in both directions; any response will do.
    Probe {
        /// On which flow.
        flow: FlowId,
    },
    /// The state changed.
    State(TransportState),
}
