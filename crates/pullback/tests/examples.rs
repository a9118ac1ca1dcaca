//! Every public function shows how it is called.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The functions of the table in a source, each with whether its documentation has an example.
///
/// The table itself keeps the documentation without examples, since those are in Rust.
fn functions(source: &str) -> Vec<(&str, bool)> {
    let lines: Vec<&str> = source.lines().collect();
    let attributes = (0..lines.len()).filter(|&at| lines[at].starts_with("#[api"));
    attributes
        .filter_map(|at| {
            let above = lines[..at].iter().rev();
            let mut docs =
                above.take_while(|line| line.starts_with("///") || line.starts_with("#["));
            let name = lines[at..].iter().find_map(|line| line.strip_prefix("pub fn "))?;
            let name = &name[..name.find(['(', '<']).unwrap_or(name.len())];
            Some((name, docs.any(|line| line.contains("```"))))
        })
        .collect()
}

#[test]
fn every_function_has_an_example() {
    let mut files = vec![];
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let (mut count, mut bare) = (0, vec![]);
    for file in files {
        let source = fs::read_to_string(&file).expect("a source");
        for (name, has_example) in functions(&source) {
            count += 1;
            if !has_example {
                bare.push(format!("{} in {}", name, file.display()));
            }
        }
    }
    assert!(count > 500, "only {count} functions found");
    assert!(bare.is_empty(), "without an example: {bare:#?}");
}

#[test]
fn no_function_is_in_two_tables_of_a_module() {
    let mut names = std::collections::HashSet::new();
    for (module, functions) in pullback::modules() {
        for function in functions {
            assert!(
                names.insert((module, function.name)),
                "{module}.{} is there twice",
                function.name
            );
        }
    }
}
