//! One flow: connect, keep-alive, back-off, choice of server.
