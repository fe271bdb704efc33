//! Inputs and effects as JSON, for shells that are not linked to this crate: one object in, one array of effects out.
//!
//! An input is `{ "type", "mono", "wall", … }`: `mono` and `wall` are milliseconds of the shell's clocks. The fields are
//! those of [`HostInput`](super::HostInput) and [`Effect`](super::Effect) in camel case; octets are `text` where they are
//! UTF-8 and base64 in `octetsB64` where they are not.
//!
//! Of [`HostOptions`](super::HostOptions) are read: `instance`; `name`, `version`, `os`, `osVersion` and `device`, which
//! are its `info`; `callUi` (`callkit`, `livecommunicationkit`, `none`); `profile` (`A`: the page's media; anything else:
//! the host's); `pushCallId` (`same`, `rewritten`); `origins`; `transport`, `timers`, `keepAwake`, `credentials` and
//! `lockdown`, which are false unless given; `maximumCallGroups`, `maximumCallsPerCallGroup`; `inviteTimeoutMs`,
//! `answerTimeoutMs`, `ringTimeoutMs`, `reportTimeoutMs`, `requestTimeoutMs`, `pageTimeoutMs` and `sealedMs`. The others
//! are as in its default.

mod effect;
mod input;

pub use effect::write_effect;
pub use input::{read_input, read_options};

use super::Host;
use crate::bridge::json::{Json, Writer};
use crate::common::random::Random;
use crate::common::time::{Mono, Now};

/// Why a shell's text cannot be used. It is not quoted: it may hold a token or a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShellError {
    /// It is not JSON.
    NotJson,
    /// An input of a type that is not known, or without what its type needs.
    UnknownInput,
}

impl std::fmt::Display for ShellError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotJson => "the shell's text is not JSON",
            Self::UnknownInput => "an input of an unknown type",
        })
    }
}

impl std::error::Error for ShellError {}

/// A host with the options of a JSON object.
///
/// # Errors
/// The text is not JSON.
pub fn new_host(options: &str, random: Random) -> Result<Host, ShellError> {
    let options = Json::parse(options).map_err(|_| ShellError::NotJson)?;
    Ok(Host::new(read_options(options), random))
}

/// Tells the host one thing and returns what it wants done, in order: a JSON array. Nothing is told where the text
/// cannot be used.
///
/// # Errors
/// The text is not JSON, or no input.
pub fn handle(host: &mut Host, input: &str) -> Result<String, ShellError> {
    let json = Json::parse(input).map_err(|_| ShellError::NotJson)?;
    let number = |name| json.get(name).and_then(Json::integer).unwrap_or(0);
    let now = Now { mono: Mono(number("mono")), wall: number("wall") };
    host.handle(now, read_input(json).ok_or(ShellError::UnknownInput)?);
    let mut effects = Writer::new();
    effects.open('[');
    while let Some(effect) = host.poll() {
        write_effect(effect, &mut effects);
    }
    effects.close(']');
    Ok(effects.finish())
}
