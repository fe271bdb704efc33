//! Every scenario file, replayed; and which cells of the table of races they fill.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use serde_json::Value;

/// The files, embedded so that they are replayed as WebAssembly as well.
macro_rules! files {
    ($($name:ident)*) => {
        pub const FILES: &[(&str, &str)] =
            &[$((stringify!($name), include_str!(concat!("../scenarios/", stringify!($name), ".json")))),*];
        $(#[test]
        fn $name() {
            crate::scenario::replay(stringify!($name), include_str!(concat!("../scenarios/", stringify!($name), ".json")));
        })*
    };
}

files! {
    r01_answered
    r01_cancelled
    r01_declined
    r01_nobody
    r02_answered
    r02_cancelled
    r02_declined
    r02_nobody
    r03_answered
    r03_cancelled
    r03_declined
    r03_nobody
    r03_unknown_answered
    r03_unknown_cancelled
    r03_unknown_declined
    r03_unknown_nobody
    r04_answered
    r04_answered_late
    r04_declined
    r04_nobody
    r05_answered
    r05_cancelled
    r05_declined
    r05_late
    r06_asleep
    r06_cancelled
    r06_cold
    r06_declined
    r07_first
    r07_push
    r07_push_answered
    r07_replayed
    r07_ringing
    r08_push
    r08_push_answered
    r08_push_declined_elsewhere
    r08_reason
    r08_reason_ringing
    r09_answered
    r09_bound
    r09_declined
    r09_nobody
    r10_answered
    r10_cancelled
    r10_declined
    r10_declined_between
    r10_nobody
    r10_ringing
    r11_answered
    r11_cancelled
    r11_declined
    r11_woken
    r12_header
    r12_header_ringing
    r12_other_header
    r12_undeclared
    r12_undeclared_ringing
    r13_blocked
    r13_blocked_first
    r13_do_not_disturb
    r13_do_not_disturb_first
    r14_answered
    r14_declined
    r14_nobody
    r15_answering
    r15_cancelled
    r15_declined
    r15_established
    r15_invite_first
    r15_no_page
    r15_ringing_answered
    r15_ringing_declined
    r15_ringing_nobody
    r16_answer_timed_out
    r16_end_while_reported
    r16_one_caller_twice
    r16_over_while_reported
    r16_reset_answering
    r16_reset_established
    r16_reset_ringing
    r16_reset_waiting
    r16_ring_only
    r16_second_call
    r16_two_nameless
    r16_two_pushes
}

/// Whether what passes is written into the files instead of being compared with them.
pub fn is_recording() -> bool {
    #[cfg(target_arch = "wasm32")]
    return false;
    #[cfg(not(target_arch = "wasm32"))]
    std::env::var_os("SIPWAKE_RECORD").is_some()
}

#[cfg(target_arch = "wasm32")]
pub fn record(_: &str, _: &Value, _: &[Value]) {}

/// Writes a file anew with what passed. What it expects is then read by a person.
#[cfg(not(target_arch = "wasm32"))]
pub fn record(name: &str, file: &Value, passed: &[Value]) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(format!("{name}.json"));
    let lines = |values: &[Value]| {
        let lines: Vec<String> = values.iter().map(|value| format!("    {value}")).collect();
        format!("[\n{}\n  ]", lines.join(",\n"))
    };
    let mut members = Vec::new();
    for member in ["race", "title", "start", "options", "order", "ending", "callId", "outcome"] {
        if let Some(value) = file.get(member) {
            members.push(format!("  \"{member}\": {value}"));
        }
    }
    members.push(format!("  \"steps\": {}", lines(file["steps"].as_array().unwrap())));
    members.push(format!("  \"expect\": {}", lines(passed)));
    std::fs::write(path, format!("{{\n{}\n}}\n", members.join(",\n"))).unwrap();
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn every_scenario_file_is_replayed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut there: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    there.sort();
    let mut listed: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
    listed.sort_unstable();
    assert_eq!(there, listed);
}
