//! Every scenario file, replayed; and which cells of the table of races they fill.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use serde_json::Value;

/// The files, embedded so that they are replayed as WebAssembly as well.
macro_rules! files {
    ($($name:ident)*) => {
        #[cfg(not(target_arch = "wasm32"))]
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
    r02_frozen_answered
    r02_frozen_declined
    r02_frozen_joined_answered
    r02_frozen_joined_declined
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
    r09_bound_cancelled
    r09_bound_declined
    r09_bound_nobody
    r09_declined
    r09_nobody
    r10_answered
    r10_cancelled
    r10_declined
    r10_declined_between
    r10_nobody
    r10_ringing
    r10_ringing_cancelled
    r10_ringing_declined
    r10_ringing_nobody
    r11_answered
    r11_cancelled
    r11_declined
    r11_nobody
    r11_woken
    r11_woken_cancelled
    r11_woken_declined
    r11_woken_nobody
    r12_header
    r12_header_cancelled
    r12_header_declined
    r12_header_nobody
    r12_header_ringing
    r12_header_ringing_cancelled
    r12_header_ringing_declined
    r12_header_ringing_nobody
    r12_other_header
    r12_undeclared
    r12_undeclared_ringing
    r13_blocked
    r13_blocked_first
    r13_do_not_disturb
    r13_do_not_disturb_first
    r13_start_refused
    r13_start_too_many
    r13_start_unentitled
    r14_answered
    r14_declined
    r14_nobody
    r15_answering
    r15_cancelled
    r15_declined
    r15_established
    r15_established_ended
    r15_established_held
    r15_established_late
    r15_established_twice
    r15_established_within
    r15_invite_first
    r15_invite_first_cancelled
    r15_invite_first_declined
    r15_invite_first_nobody
    r15_no_page
    r15_ringing_answered
    r15_ringing_declined
    r15_ringing_nobody
    r15_start
    r15_unannounced
    r16_answer_timed_out
    r16_button_answer
    r16_button_decline
    r16_button_ignored
    r16_end_and_answer
    r16_end_while_reported
    r16_one_caller_twice
    r16_over_while_reported
    r16_reset_answering
    r16_reset_established
    r16_reset_ringing
    r16_reset_waiting
    r16_ring_only
    r16_second_call
    r16_start_answered
    r16_start_busy
    r16_start_button
    r16_start_given_up
    r16_start_holds
    r16_start_reset
    r16_swap
    r16_two_invites
    r16_two_invites_cancelled
    r16_two_invites_declined
    r16_two_invites_nobody
    r16_two_nameless
    r16_two_nobody
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

#[cfg(not(target_arch = "wasm32"))]
mod table {
    use super::FILES;
    use serde_json::Value;

    const ORDERS: [&str; 2] = ["push", "invite"];
    const ENDINGS: [&str; 4] = ["answered", "declined", "cancelled", "nobody"];
    const CALL_IDS: [&str; 3] = ["same", "other", "none"];

    /// Cells that cannot be, and why: race, order, endings, Call-IDs; an empty list means each.
    type Reason = (&'static str, &'static str, &'static [&'static str], &'static [&'static str], &'static str);

    const REASONS: &[Reason] = &[
        ("R1", "invite", &[], &[], "the INVITE first is R2"),
        ("R2", "push", &[], &[], "the push first is R1"),
        ("R3", "push", &[], &[], "the call is over when the push comes, so the INVITE came first"),
        ("R4", "invite", &[], &[], "there is no INVITE"),
        ("R4", "push", &["cancelled"], &[], "a caller who gives up while the INVITE is awaited is R7"),
        ("R5", "invite", &[], &[], "the user answers before the INVITE"),
        ("R5", "push", &["nobody"], &[], "the user has answered"),
        ("R6", "invite", &[], &[], "the user declines before the INVITE"),
        ("R6", "push", &["answered"], &[], "what was declined is not on the screen any more"),
        ("R6", "push", &["nobody"], &[], "the user has declined"),
        ("R7", "", &["nobody"], &[], "the caller ends it"),
        (
            "R7",
            "",
            &["declined"],
            &[],
            "who declined before the caller gave up is R6; after it nothing is on the screen",
        ),
        (
            "R7",
            "invite",
            &["answered"],
            &[],
            "an INVITE that was answered cannot be cancelled: that is a BYE, R1 and R2",
        ),
        ("R8", "", &["nobody"], &[], "another device ends it"),
        ("R8", "", &["declined"], &[], "who declined first is R6; after it nothing is on the screen"),
        ("R8", "invite", &["answered"], &[], "an INVITE that was answered here is answered nowhere else"),
        ("R9", "push", &["cancelled"], &[], "the failure ends the call, and no word of the caller's comes in"),
        ("R10", "", &[], &["none"], "of two pushes without ids nobody knows that they are of one call: R16"),
        ("R12", "", &[], &["same"], "the ids are the same: R1 and R2"),
        ("R13", "", &["answered"], &[], "what is not on the screen cannot be answered"),
        ("R13", "", &["cancelled", "nobody"], &[], "the refusal ends it at once"),
        (
            "R13",
            "invite",
            &["declined"],
            &["same", "other"],
            "the report of the INVITE is refused, and no push is there",
        ),
        ("R14", "invite", &[], &[], "before the first unlock no page runs, so no INVITE comes"),
        ("R14", "push", &["cancelled"], &[], "before the first unlock nothing of the caller's is heard"),
        (
            "R16",
            "invite",
            &["declined", "cancelled", "nobody"],
            &["none"],
            "two INVITEs and two pushes without ids: as with the push first, nothing is joined",
        ),
    ];

    fn names(file: &Value, member: &str) -> Vec<String> {
        match &file[member] {
            Value::Array(values) => values.iter().map(|value| value.as_str().unwrap().to_owned()).collect(),
            value => vec![value.as_str().unwrap().to_owned()],
        }
    }

    /// Every race, either first, each ending, each Call-ID: a file, or why it cannot be. The table is printed into
    /// `target/test/races.md`.
    #[test]
    fn the_table_of_races_has_no_empty_cell() {
        let files: Vec<(&str, Value)> =
            FILES.iter().map(|(name, text)| (*name, serde_json::from_str(text).unwrap())).collect();
        let mut text = String::from("| race | first | ending | Call-ID | file, or why not |\n|---|---|---|---|---|\n");
        let (mut empty, mut used) = (Vec::new(), vec![false; REASONS.len()]);
        for number in 1..=16 {
            let race = format!("R{number}");
            for (order, ending, call_id) in ORDERS
                .iter()
                .flat_map(|order| ENDINGS.iter().map(move |ending| (order, ending)))
                .flat_map(|(order, ending)| CALL_IDS.iter().map(move |call_id| (*order, *ending, *call_id)))
            {
                let filled: Vec<&str> = files
                    .iter()
                    .filter(|(_, file)| {
                        file["race"] == race
                            && file["order"] == order
                            && file["ending"] == ending
                            && names(file, "callId").iter().any(|known| known == call_id)
                    })
                    .map(|(name, _)| *name)
                    .collect();
                let why = REASONS.iter().position(|(of, first, endings, ids, _)| {
                    *of == race
                        && (first.is_empty() || *first == order)
                        && (endings.is_empty() || endings.contains(&ending))
                        && (ids.is_empty() || ids.contains(&call_id))
                });
                let cell = match why {
                    _ if !filled.is_empty() => filled.join(", "),
                    Some(index) => {
                        used[index] = true;
                        REASONS[index].4.to_owned()
                    }
                    None => {
                        empty.push(format!("{race} {order} {ending} {call_id}"));
                        "**empty**".to_owned()
                    }
                };
                text.push_str(&format!("| {race} | {order} | {ending} | {call_id} | {cell} |\n"));
            }
        }
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("races.md"), text).unwrap();
        assert!(empty.is_empty(), "empty cells: {empty:#?}");
        let idle: Vec<_> = REASONS.iter().zip(used).filter(|(_, used)| !used).map(|(reason, _)| reason).collect();
        assert!(idle.is_empty(), "reasons without a cell: {idle:?}");
    }
}
