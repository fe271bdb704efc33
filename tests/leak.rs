//! A thousand calls, and as many wakes, in a process of their own: the octets that are still allocated after the last
//! are those after the first hundred. The calls are those of `tests/engine/leak.rs`, where objects are counted.
//!
//! One thread, no test harness: every octet in this process is the engine's, the host's, or the virtual wire's, which
//! forgets what it saw before each count.
#![allow(missing_docs, dead_code, unused_imports)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::process::ExitCode;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[path = "engine/directions.rs"]
mod directions;
#[path = "engine/far.rs"]
mod far;
#[path = "engine/gate.rs"]
mod gate;
#[path = "engine/leak.rs"]
mod leak;
#[path = "engine/publication.rs"]
mod publication;
#[path = "engine/samples.rs"]
mod samples;
#[path = "engine/scenario.rs"]
mod scenario;
#[path = "engine/scenarios.rs"]
mod scenarios;
#[path = "engine/server.rs"]
mod server;
#[path = "engine/shell.rs"]
mod shell;
#[path = "engine/trace.rs"]
mod trace;
#[path = "engine/wake.rs"]
mod wake;
#[path = "engine/world.rs"]
mod world;

// In WebAssembly, where this is built with the other tests and not run, the package has an allocator of its own.
#[cfg_attr(not(target_arch = "wasm32"), global_allocator)]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// Numbers that stand in texts become longer, and a list keeps the room that it once needed. A leak of eight octets in
/// one of the 25 kinds of calls alone is more.
const OCTETS: isize = 256;
/// The same for blocks: a list that was empty at the first count may have its room at the second.
const BLOCKS: isize = 4;

/// Octets allocated and not freed.
fn live() -> isize {
    let stats = ALLOCATOR.stats();
    // What a reallocation added or took is in the one figure or the other.
    stats.bytes_allocated.cast_signed() - stats.bytes_deallocated.cast_signed()
}

/// Blocks allocated and not freed.
fn blocks() -> isize {
    let stats = ALLOCATOR.stats();
    stats.allocations.cast_signed() - stats.deallocations.cast_signed()
}

/// Runs under the name that it prints, and says whether it passed.
type Test = fn(&str) -> bool;

struct Figures {
    octets: isize,
    blocks: isize,
}

fn figures() -> Figures {
    Figures { octets: live(), blocks: blocks() }
}

/// Says what grew, in the words of the test harness.
fn verdict(name: &str, hundred: &Figures, thousand: &Figures) -> bool {
    let octets = thousand.octets - hundred.octets;
    let blocks = thousand.blocks - hundred.blocks;
    let good = octets <= OCTETS && blocks <= BLOCKS;
    println!(
        "test {name} ... {} ({} octets in {} blocks after 100, {octets:+} octets and {blocks:+} blocks after 1,000)",
        if good { "ok" } else { "FAILED" },
        hundred.octets,
        hundred.blocks,
    );
    good
}

fn calls(name: &str) -> bool {
    let mut mix = leak::Mix::new();
    mix.calls(100);
    mix.settle();
    let hundred = figures();
    mix.calls(900);
    mix.settle();
    verdict(name, &hundred, &figures())
}

fn wakes(name: &str) -> bool {
    let mut wakes = leak::Wakes::new();
    wakes.wakes(100);
    wakes.settle();
    let hundred = figures();
    wakes.wakes(900);
    wakes.settle();
    verdict(name, &hundred, &figures())
}

/// As the harness would: an argument that is no option names the tests to run.
fn main() -> ExitCode {
    let filter: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let (mut passed, mut failed) = (0, 0);
    let tests: [(&str, Test); 2] = [
        ("a_thousand_calls_hold_no_more_memory_than_a_hundred", calls),
        ("a_thousand_wakes_hold_no_more_memory_than_a_hundred", wakes),
    ];
    for (name, test) in tests {
        if filter.is_empty() || filter.iter().any(|part| name.contains(part.as_str())) {
            *(if test(name) { &mut passed } else { &mut failed }) += 1;
        }
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
