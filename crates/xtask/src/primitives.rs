//! The reference page of the primitives, from the first lines of their modules and the samples
//! that the laws are tried on.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use pullback_core::primitives::samples;

use crate::Generated;

/// `docs/primitives.md`.
pub fn file(root: &Path) -> Option<Generated> {
    let mut meanings = BTreeMap::new();
    collect(&root.join("crates/pullback-core/src/primitives"), &mut meanings);
    let mut rows: Vec<_> = samples();
    rows.sort_by_key(|(name, _)| *name);
    let mut text = String::from(
        "# Primitives\n\n\
         Written by `make generate`. The operations that programs are made of, the parameters \
         that their\ntext shows, and the element types that the laws are tried on (where there \
         are none, the\noperation takes a function or a named axis, and has tests of its own).\n\n\
         | primitive | meaning | parameters | element types |\n|---|---|---|---|\n",
    );
    for (name, samples) in rows {
        let params = samples.first().map(|sample| sample.op.primitive().params());
        let params: Vec<String> =
            params.iter().flatten().map(|(key, _)| format!("`{key}`")).collect();
        let mut dtypes = vec![];
        for input in samples.iter().flat_map(|sample| &sample.inputs) {
            let dtype = input.dtype.to_string();
            if !dtypes.contains(&dtype) {
                dtypes.push(dtype);
            }
        }
        let meaning = meanings.get(name).map_or("", String::as_str);
        let _ = writeln!(
            text,
            "| `{name}` | {meaning} | {} | {} |",
            params.join(" "),
            dtypes.join(" ")
        );
    }
    Some(Generated { path: PathBuf::from("docs/primitives.md"), text })
}

/// Reads "//! `a` and `b`: what they are." from every module.
fn collect(folder: &Path, meanings: &mut BTreeMap<String, String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, meanings);
            continue;
        }
        let Ok(source) = std::fs::read_to_string(&path) else { continue };
        let head: Vec<&str> = source
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(str::trim)
            .take_while(|line| !line.is_empty())
            .collect();
        let head = head.join(" ");
        let Some((names, meaning)) = head.split_once("`: ") else { continue };
        let meaning = meaning.trim_end_matches('.').replace('|', "\\|");
        for name in names.split('`').filter(|part| !part.contains(' ') && !part.is_empty()) {
            meanings.insert(name.to_string(), meaning.clone());
        }
    }
}
