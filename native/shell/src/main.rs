//! `sipwake::host` as a process, for a shell in any language: one JSON object a line in, one array of effects a line out.
//!
//! The first line is the options, each further one an input: `{ "type", "mono", "wall", … }`. The fields are those of
//! [`sipwake::host::HostInput`] and [`sipwake::host::Effect`] in camel case; octets are base64 in `…B64`. Every input is
//! answered by exactly one line, so that a shell can wait for its effects inside the system's callback. Nothing is decided here,
//! and no clock is read: `mono` and `wall` are milliseconds of the shell's clocks.

mod effect;
mod input;

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

use sipwake::bridge::json::{Json, Writer};
use sipwake::common::random::{Random, RandomSource};
use sipwake::common::time::{Mono, Now};
use sipwake::host::Host;

use input::Reader;

/// The system's random octets.
struct System(File);

impl RandomSource for System {
    fn fill(&mut self, bytes: &mut [u8]) {
        if let Err(error) = self.0.read_exact(bytes) {
            // Ids that can be guessed are worse than no phone.
            eprintln!("no random octets: {error}");
            std::process::exit(1);
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sipwake-shell: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let mut lines = io::stdin().lock().lines();
    let mut out = io::stdout().lock();
    let Some(first) = lines.next().transpose()? else { return Ok(()) };
    let options = Json::parse(&first).map_err(|_| broken("the options are not JSON"))?;
    let mut host = Host::new(input::options(Reader(options)), Random::new(System(File::open("/dev/urandom")?)));
    for line in lines {
        let line = line?;
        let json = Json::parse(&line).map_err(|_| broken("an input is not JSON"))?;
        let reader = Reader(json);
        let now = Now { mono: Mono(reader.number("mono")), wall: reader.number("wall") };
        let what = input::read(reader).ok_or_else(|| broken("an input of an unknown type"))?;
        host.handle(now, what);
        let mut effects = Writer::new();
        effects.open('[');
        while let Some(effect) = host.poll() {
            effect::write(effect, &mut effects);
        }
        effects.close(']');
        writeln!(out, "{}", effects.finish())?;
        out.flush()?;
    }
    Ok(())
}

/// The shell broke the protocol. What it sent is not quoted: it may hold a token or a message.
fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
