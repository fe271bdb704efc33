//! Directions in virtual descriptions.

use sipwake::io::MediaDirection;

pub fn direction_name(direction: MediaDirection) -> &'static str {
    match direction {
        MediaDirection::SendRecv => "sendrecv",
        MediaDirection::SendOnly => "sendonly",
        MediaDirection::RecvOnly => "recvonly",
        MediaDirection::Inactive => "inactive",
    }
}

/// What is left of it without a camera.
pub fn without_ours(wanted: MediaDirection) -> MediaDirection {
    match wanted {
        MediaDirection::SendRecv | MediaDirection::RecvOnly => MediaDirection::RecvOnly,
        MediaDirection::SendOnly | MediaDirection::Inactive => MediaDirection::Inactive,
    }
}

/// RFC 3264 section 6.1: what an answer may say to an offer.
pub fn narrowed(wanted: MediaDirection, offer: &str) -> MediaDirection {
    let says = |direction: &str| offer.lines().any(|line| line.trim_end() == format!("a={direction}"));
    let (they_send, they_receive) = (!says("recvonly") && !says("inactive"), !says("sendonly") && !says("inactive"));
    let we_send = matches!(wanted, MediaDirection::SendRecv | MediaDirection::SendOnly) && they_receive;
    let we_receive = matches!(wanted, MediaDirection::SendRecv | MediaDirection::RecvOnly) && they_send;
    match (we_send, we_receive) {
        (true, true) => MediaDirection::SendRecv,
        (true, false) => MediaDirection::SendOnly,
        (false, true) => MediaDirection::RecvOnly,
        (false, false) => MediaDirection::Inactive,
    }
}
