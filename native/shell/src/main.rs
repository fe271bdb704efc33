//! `sipwake::host` as a process, for a shell in any language: one JSON object a line in, one array of effects a line out.
//!
//! The first line is the options, each further one an input, as [`sipwake::host::json`] says. Every input is answered by
//! exactly one line, so that a shell can wait for its effects inside the system's callback. Nothing is decided here, and no
//! clock is read.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

use sipwake::common::random::{Random, RandomSource};
use sipwake::host::json::{self, ShellError};

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
    let random = Random::new(System(File::open("/dev/urandom")?));
    let mut host = json::new_host(&first, random).map_err(broken)?;
    for line in lines {
        let effects = json::handle(&mut host, &line?).map_err(broken)?;
        writeln!(out, "{effects}")?;
        out.flush()?;
    }
    Ok(())
}

/// The shell broke the protocol.
fn broken(why: ShellError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
