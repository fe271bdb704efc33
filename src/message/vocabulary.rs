//! The one place where the `rsip` crate is used: which methods and transports there are.
//!
//! Its parser and printer are not used (the README says why), and none of its types leaves this module. The matches
//! are exhaustive, so a release of `rsip` with a new method or transport is noticed by the compiler.

use super::Method;

const METHODS: [rsip::Method; 14] = [
    rsip::Method::Invite,
    rsip::Method::Ack,
    rsip::Method::Bye,
    rsip::Method::Cancel,
    rsip::Method::Register,
    rsip::Method::Options,
    rsip::Method::Info,
    rsip::Method::Message,
    rsip::Method::Update,
    rsip::Method::PRack,
    rsip::Method::Subscribe,
    rsip::Method::Notify,
    rsip::Method::Refer,
    rsip::Method::Publish,
];

const fn name(method: rsip::Method) -> &'static str {
    match method {
        rsip::Method::Ack => "ACK",
        rsip::Method::Bye => "BYE",
        rsip::Method::Cancel => "CANCEL",
        rsip::Method::Info => "INFO",
        rsip::Method::Invite => "INVITE",
        rsip::Method::Message => "MESSAGE",
        rsip::Method::Notify => "NOTIFY",
        rsip::Method::Options => "OPTIONS",
        rsip::Method::PRack => "PRACK",
        rsip::Method::Publish => "PUBLISH",
        rsip::Method::Refer => "REFER",
        rsip::Method::Register => "REGISTER",
        rsip::Method::Subscribe => "SUBSCRIBE",
        rsip::Method::Update => "UPDATE",
    }
}

const fn ours(method: rsip::Method) -> Method {
    match method {
        rsip::Method::Ack => Method::Ack,
        rsip::Method::Bye => Method::Bye,
        rsip::Method::Cancel => Method::Cancel,
        rsip::Method::Info => Method::Info,
        rsip::Method::Invite => Method::Invite,
        rsip::Method::Message => Method::Message,
        rsip::Method::Notify => Method::Notify,
        rsip::Method::Options => Method::Options,
        rsip::Method::PRack => Method::Prack,
        rsip::Method::Publish => Method::Publish,
        rsip::Method::Refer => Method::Refer,
        rsip::Method::Register => Method::Register,
        rsip::Method::Subscribe => Method::Subscribe,
        rsip::Method::Update => Method::Update,
    }
}

/// The method of this name, with regard to case.
pub(super) fn method(token: &str) -> Option<Method> {
    METHODS.into_iter().find(|method| name(*method) == token).map(ours)
}

/// The name of a known method; empty for others.
pub(super) fn method_name(method: &Method) -> &'static str {
    METHODS.into_iter().find(|known| ours(*known) == *method).map_or("", name)
}

/// The transport of this name in a Via, in any case.
fn transport(token: &str) -> Option<rsip::Transport> {
    rsip::Transport::all().into_iter().find(|transport| {
        token.eq_ignore_ascii_case(match transport {
            rsip::Transport::Udp => "UDP",
            rsip::Transport::Tcp => "TCP",
            rsip::Transport::Tls => "TLS",
            rsip::Transport::TlsSctp => "TLS-SCTP",
            rsip::Transport::Sctp => "SCTP",
            rsip::Transport::Ws => "WS",
            rsip::Transport::Wss => "WSS",
        })
    })
}

/// Whether the transport of this name runs over TLS.
pub(super) fn is_secure_transport(token: &str) -> bool {
    transport(token).is_some_and(|transport| rsip::Transport::secure_transports().contains(&transport))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_that_rsip_knows_is_known() {
        assert_eq!(rsip::Method::all().len(), METHODS.len());
        for known in rsip::Method::all() {
            let name = known.to_string();
            let ours = method(&name).unwrap();
            assert_eq!(method_name(&ours), name);
            assert_eq!(ours.as_str(), name);
        }
        assert_eq!(method_name(&Method::Other("X".into())), "");
    }

    #[test]
    fn secure_transports_are_those_over_tls() {
        for (name, secure) in [
            ("WSS", true),
            ("wss", true),
            ("TLS", true),
            ("TLS-SCTP", true),
            ("WS", false),
            ("UDP", false),
            ("X", false),
        ] {
            assert_eq!(is_secure_transport(name), secure, "{name}");
        }
    }
}
