//! The order of the house, read from the source itself: who may use whom, where the browser's crates may be named, how long
//! a file may grow, and that the two manifests of the core say the same.
#![allow(clippy::expect_used, clippy::indexing_slicing)] // a test may stop at what cannot be read

use std::fs;
use std::path::{Path, PathBuf};

/// A layer and the layers that it may name by `crate::`. Its own name is always allowed.
const ALLOWED: &[(&str, &[&str])] = &[
    ("common", &[]),
    ("io", &["common"]),
    ("bridge", &["common", "io"]),
    ("message", &["common", "io"]),
    ("sdp", &["common", "io", "message"]),
    ("auth", &["common", "io", "message", "sdp"]),
    ("transport", &["common", "io", "message", "sdp", "auth"]),
    ("transaction", &["common", "io", "message", "sdp", "auth", "transport"]),
    ("dialog", &["common", "io", "message", "sdp", "auth", "transport", "transaction"]),
    ("media", &["common", "io", "message", "sdp", "auth", "transport", "transaction", "dialog"]),
    ("agent", &["common", "io", "message", "sdp", "auth", "transport", "transaction", "dialog", "media"]),
    ("wake", &["common", "io", "bridge", "agent"]),
    (
        "endpoint",
        &[
            "common",
            "io",
            "bridge",
            "message",
            "sdp",
            "auth",
            "transport",
            "transaction",
            "dialog",
            "media",
            "agent",
            "wake",
        ],
    ),
    ("host", &["common", "io", "bridge"]),
    ("browser", &["common", "io", "bridge", "endpoint"]),
];

/// Crates that mean "there is a browser": only `src/browser` may name them.
const BROWSER_CRATES: &[&str] =
    &["web_sys", "js_sys", "gloo", "gloo_timers", "wasm_bindgen", "wasm_bindgen_futures", "serde_wasm_bindgen"];

/// Files stay near 500 lines; this is where "near" ends.
const LONGEST: usize = 700;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under `folder`, sorted.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A file's path below `src`, as its parts without the ending: `["message", "via"]`, and `["message"]` for its `mod.rs`.
fn module(path: &Path) -> Vec<String> {
    let below = path.strip_prefix(root().join("src")).expect("a file of src").with_extension("");
    let mut parts: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// The code alone: comments, string and character literals become blanks, line ends stay.
fn code(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = |index: usize| letters.get(index).copied().unwrap_or('\0');
    let mut out = String::with_capacity(text.len());
    let mut index = 0;
    while index < letters.len() {
        let start = index;
        if at(index) == '/' && at(index + 1) == '/' {
            while index < letters.len() && at(index) != '\n' {
                index += 1;
            }
        } else if at(index) == '/' && at(index + 1) == '*' {
            let mut depth = 0;
            loop {
                if at(index) == '/' && at(index + 1) == '*' {
                    depth += 1;
                    index += 2;
                } else if at(index) == '*' && at(index + 1) == '/' {
                    depth -= 1;
                    index += 2;
                } else {
                    index += 1;
                }
                if depth == 0 || index >= letters.len() {
                    break;
                }
            }
        } else if at(index) == 'r' && matches!(at(index + 1), '"' | '#') && !word(at(index.wrapping_sub(1))) {
            let mut hashes = 0;
            while at(index + 1 + hashes) == '#' {
                hashes += 1;
            }
            if at(index + 1 + hashes) == '"' {
                index += 2 + hashes;
                while index < letters.len()
                    && !(at(index) == '"' && (0..hashes).all(|offset| at(index + 1 + offset) == '#'))
                {
                    index += 1;
                }
                index += 1 + hashes;
            } else {
                out.push('r');
                index += 1;
                continue;
            }
        } else if at(index) == '"' {
            index += 1;
            while index < letters.len() && at(index) != '"' {
                index += if at(index) == '\\' { 2 } else { 1 };
            }
            index += 1;
        } else if at(index) == '\'' && (at(index + 2) == '\'' || at(index + 1) == '\\') {
            index += 2;
            while index < letters.len() && at(index) != '\'' {
                index += 1;
            }
            index += 1;
        } else {
            out.push(at(index));
            index += 1;
            continue;
        }
        out.extend((start..index).map(|position| if at(position) == '\n' { '\n' } else { ' ' }));
    }
    out
}

fn word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The names of a code text, each with its line number and what follows it.
fn names(code: &str) -> Vec<(usize, &str, &str)> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = code;
    let mut before = ' ';
    while let Some(letter) = rest.chars().next() {
        if word(letter) && !word(before) {
            let end = rest.find(|letter: char| !word(letter)).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            found.push((line, name, after));
            before = 'x';
            rest = after;
        } else {
            line += usize::from(letter == '\n');
            before = letter;
            rest = &rest[letter.len_utf8()..];
        }
    }
    found
}

/// The first names of what a path goes on with: `::a::b` gives `a`, `::{a::b, c}` gives `a` and `c`.
fn heads(after: &str) -> Vec<&str> {
    let Some(after) = after.trim_start().strip_prefix("::") else { return Vec::new() };
    let after = after.trim_start();
    let first = |text: &str| text.len() - text.trim_start_matches(word).len();
    let Some(group) = after.strip_prefix('{') else { return vec![&after[..first(after)]] };
    let mut found = Vec::new();
    let mut depth = 1;
    let mut fresh = true;
    for (index, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            letter if fresh && word(letter) => {
                found.push(&group[index..index + first(&group[index..])]);
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// What a file of a layer names that it may not.
fn offences(path: &Path, text: &str) -> Vec<String> {
    let module = module(path);
    let Some(layer) = module.first() else { return Vec::new() };
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == layer) else {
        return if layer == "lib" { Vec::new() } else { vec![format!("src/{layer} stands in no list of layers")] };
    };
    let code = code(text);
    let names = names(&code);
    let mut found = Vec::new();
    for (index, (line, name, after)) in names.iter().enumerate() {
        let place = format!("src/{}:{line}", module.join("/"));
        if layer != "browser" && BROWSER_CRATES.contains(name) {
            found.push(format!("{place} names {name}, which belongs in src/browser"));
        }
        // `super` as often as the file is deep has left the layer, unless the line stands in a module inside the file.
        let ups = names[..=index].iter().rev().take_while(|(_, name, _)| *name == "super").count();
        let leaves = *name == "crate" || (*name == "super" && ups >= module.len());
        if !leaves {
            continue;
        }
        for head in heads(after) {
            let known = ALLOWED.iter().any(|(name, _)| *name == head);
            if known && head != layer && !allowed.contains(&head) {
                found.push(format!("{place} uses {head}, which {layer} may not"));
            }
        }
    }
    found
}

#[test]
fn a_layer_uses_only_what_its_list_allows() {
    let found: Vec<String> = sources(&root().join("src"))
        .iter()
        .flat_map(|path| offences(path, &fs::read_to_string(path).expect("a readable file")))
        .collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_reader_of_paths_sees_groups_supers_and_browser_crates_but_neither_comments_nor_strings() {
    let path = root().join("src/message/via.rs");
    let seen = |text: &str| offences(&path, text).len();
    assert_eq!(seen("use crate::agent::Account;"), 1);
    assert_eq!(seen("use crate::{common::Now, agent::{Account, Call}, endpoint};"), 2);
    assert_eq!(seen("fn f() { super::super::transport::Connection::new(); }"), 1);
    assert_eq!(seen("use web_sys::WebSocket;"), 1);
    assert_eq!(
        seen(
            "// crate::agent\nlet text = \"crate::agent\"; /* web_sys */ let letter = '\"'; let raw = r#\"crate::agent\"#;"
        ),
        0
    );
    assert_eq!(seen("use crate::common::Now; use super::headers; use crate::message::Method;"), 0);
}

#[test]
fn files_stay_near_five_hundred_lines() {
    let mut sizes: Vec<(usize, PathBuf)> = ["src", "tests", "native"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .map(|path| (fs::read_to_string(&path).expect("a readable file").lines().count(), path))
        .collect();
    sizes.sort();
    let total: usize = sizes.iter().map(|(lines, _)| lines).sum();
    println!("{} files, {total} lines; the longest:", sizes.len());
    for (lines, path) in sizes.iter().rev().take(12) {
        println!("{lines:6} {}", path.strip_prefix(root()).expect("a file of the project").display());
    }
    let (lines, path) = sizes.last().expect("a source file");
    assert!(*lines <= LONGEST, "{} has {lines} lines: divide it", path.display());
}

/// A section of a manifest, its lines without blanks and comments.
fn section(manifest: &str, name: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(manifest)).expect("a readable manifest");
    text.lines()
        .skip_while(|line| line.trim() != name)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

#[test]
fn the_core_for_phones_has_the_dependencies_and_features_of_the_root() {
    for name in ["[dependencies]", "[features]"] {
        assert_eq!(section("Cargo.toml", name), section("native/core/Cargo.toml", name), "{name} differ");
    }
}

#[test]
fn unsafe_code_and_panics_are_forbidden_in_the_product() {
    let text = fs::read_to_string(root().join("src/lib.rs")).expect("a readable file");
    assert!(text.contains("#![forbid(unsafe_code)]") && text.contains("#![deny(missing_docs)]"));
    let denied = section("Cargo.toml", "[workspace.lints.clippy]");
    for lint in ["unwrap_used", "expect_used", "panic", "indexing_slicing"] {
        assert!(denied.iter().any(|line| line.starts_with(lint) && line.ends_with("\"deny\"")), "{lint} is not denied");
    }
    for manifest in ["Cargo.toml", "native/core/Cargo.toml"] {
        assert_eq!(section(manifest, "[lints]"), ["workspace = true"], "{manifest} has lints of its own");
    }
}
