//! `rsip` stays where the design wants it: behind one module, and in tests.

use std::fs;
use std::path::Path;

fn mentions(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            mentions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && fs::read_to_string(&path).unwrap().contains("rsip::")
        {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
}

#[test]
fn rsip_is_named_in_one_module_alone() {
    let mut found = Vec::new();
    mentions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert_eq!(found, ["vocabulary.rs"]);
}
