//! What an account remembers of its authentication sessions beyond the page: nonces and counts, never a secret.

use super::digest::{Algorithm, Qop, nonce_count};
use super::session::{DigestSession, Origin, Scope, Session};
use crate::message::{self, AuthParams, quote};

/// First word of a snapshot, and its version.
const HEAD: &str = "Sessions version=1";

/// Writes the sessions that a later request can use, a line each.
pub(super) fn write(pinned: Option<&str>, sessions: &[Session]) -> String {
    let mut text = String::from(HEAD);
    push(&mut text, "pinned", pinned);
    for session in sessions.iter().filter(|session| !session.spent) {
        let Some(digest) = session.digest.as_ref().filter(|digest| digest.is_reusable()) else { continue };
        text.push_str("\nDigest nc=");
        text.push_str(&nonce_count(digest.count));
        push(&mut text, "realm", Some(&session.realm));
        push(&mut text, "nonce", Some(&digest.nonce));
        push(&mut text, "opaque", digest.opaque.as_deref());
        push(&mut text, "algorithm", Some(&digest.algorithm.name()));
        push(&mut text, "qop", digest.qop.name());
        push(&mut text, "began-nonce", digest.began_with.as_ref().map(|(nonce, _)| &**nonce));
        push(&mut text, "began-cnonce", digest.began_with.as_ref().map(|(_, cnonce)| &**cnonce));
        for (name, is) in [
            ("proxy", session.scope.proxy),
            ("register", session.scope.register),
            ("named", digest.named),
            ("userhash", digest.userhash),
            ("utf8", digest.utf8),
        ] {
            if is {
                push(&mut text, name, Some(""));
            }
        }
    }
    text
}

fn push(text: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        for part in [", ", name, "=", &quote(value)] {
            text.push_str(part);
        }
    }
}

/// Reads what [`write`] wrote; `None` where it is of another version or broken.
pub(super) fn read(text: &str) -> Option<(Option<String>, Vec<Session>)> {
    let mut lines = text.lines();
    let head = lines.next().filter(|head| head.starts_with(HEAD))?;
    let head = message::challenges(head).ok()?.into_iter().next()?;
    if head.get("version")? != "1" {
        return None;
    }
    let mut sessions = Vec::new();
    for line in lines {
        sessions.push(session(message::challenges(line).ok()?.first()?)?);
    }
    Some((head.get("pinned").map(Into::into), sessions))
}

fn session(line: &AuthParams<'_>) -> Option<Session> {
    let text = |name| line.get(name).map(|value| value.into_owned());
    let is = |name| line.get(name).is_some();
    let digest = DigestSession {
        algorithm: Algorithm::parse(&text("algorithm")?)?,
        named: is("named"),
        nonce: text("nonce")?,
        opaque: text("opaque"),
        qop: if text("qop")? == "auth" { Qop::Auth } else { Qop::AuthInt },
        userhash: is("userhash"),
        utf8: is("utf8"),
        count: u32::from_str_radix(&text("nc")?, 16).ok()?,
        origin: Origin::Kept,
        stale: 0,
        began_with: text("began-nonce").zip(text("began-cnonce")),
    };
    let scope = Scope { proxy: is("proxy"), register: is("register") };
    Some(Session { scope, realm: text("realm")?, spent: false, digest: Some(digest) })
}
