//! Commands to and events from one WebSocket (RFC 7118). The bridge's `ws.*` are the same list, serialised.

/// What the engine wants of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlowCommand {
    /// Connect, with the subprotocol `sip`. Answered by `Opened`, `Failed` or `Closed`.
    Open {
        /// A `ws:` or `wss:` URL.
        url: String,
    },
    /// Send one message: as text where it is UTF-8, as binary otherwise.
    Send(Vec<u8>),
    /// Close; a `Closed` may follow but nothing waits for it.
    Close {
        /// The close code, 1000 in the ordinary case.
        code: u16,
    },
}

/// What a socket tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlowEvent {
    /// The handshake is done.
    Opened {
        /// The subprotocol that the server chose; anything but `sip` is refused.
        protocol: String,
    },
    /// One message came.
    Received(Vec<u8>),
    /// The socket is closed, whoever closed it. Nothing comes after this.
    Closed {
        /// The close code; 1006 where there was no close frame.
        code: u16,
        /// Whether the closing handshake was complete.
        clean: bool,
    },
    /// More octets wait in the socket than it may hold back ([`SOCKET_OCTETS`](crate::common::limits::SOCKET_OCTETS)):
    /// nothing leaves any more, and what was to be sent was not taken.
    Congested,
    /// The socket could not be made at all: a bad URL, an insecure URL in a secure page.
    Failed,
}
