//! Sockets that the host owns, for hosts with the capability `transport.host`.

use super::codec::message;

message! {
    /// Connect.
    WsOpen, Event "ws.open" {
        /// The socket's number, chosen by the page.
        sock "sock": u64,
        /// A `ws:` or `wss:` URL.
        url "url": String,
        /// Subprotocols to offer.
        protocols "protocols": Vec<String>,
    }
}

message! {
    /// Send one message: text, or binary in base64.
    WsSend, Event "ws.send" {
        /// The socket.
        sock "sock": u64,
        /// A text message.
        text "text": Option<String>,
        /// A binary message.
        data_b64 "dataB64": Option<String>,
    }
}

message! {
    /// Close.
    WsClose, Event "ws.close" {
        /// The socket.
        sock "sock": u64,
        /// The close code.
        code "code": u64,
        /// The close reason.
        reason "reason": Option<String>,
    }
}

message! {
    /// The handshake is done.
    WsOpened, Event "ws.opened" {
        /// The socket.
        sock "sock": u64,
        /// The subprotocol that the server chose.
        protocol "protocol": String,
    }
}

message! {
    /// One message came.
    WsMessage, Event "ws.message" {
        /// The socket.
        sock "sock": u64,
        /// A text message.
        text "text": Option<String>,
        /// A binary message in base64.
        data_b64 "dataB64": Option<String>,
        /// When, epoch milliseconds.
        at "at": u64,
    }
}

message! {
    /// The socket is closed.
    WsClosed, Event "ws.closed" {
        /// The socket.
        sock "sock": u64,
        /// The close code; 1006 where there was no close frame.
        code "code": u64,
        /// The close reason.
        reason "reason": Option<String>,
        /// Whether the closing handshake was complete.
        clean "clean": bool,
    }
}

message! {
    /// The socket could not be made.
    WsFailed, Event "ws.failed" {
        /// The socket.
        sock "sock": u64,
        /// A word for the log.
        error "error": String,
    }
}
