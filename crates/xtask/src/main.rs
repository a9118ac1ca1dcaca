//! Writes the files that are made from the tables: type stubs of the Python package, and the
//! reference page of the primitives.
//!
//! `xtask generate` writes them; `xtask check` fails if one of them is not what it would write.
//! `xtask accuracy` prints the errors of the engine's functions.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

mod accuracy;
mod primitives;
mod stubs;

/// A file as it should be: where, relative to the repository, and its text.
struct Generated {
    path: PathBuf,
    text: String,
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = || -> Vec<Generated> {
        stubs::files().into_iter().chain(primitives::file(&root)).collect()
    };
    let mut arguments = std::env::args().skip(1);
    let outcome = match arguments.next().as_deref() {
        Some("generate") => generate(&root, &files()),
        Some("check") => check(&root, &files()),
        Some("accuracy") => accuracy::print(&root, arguments.next().as_deref()),
        _ => Err("usage: xtask generate | check | accuracy [FILE]".to_string()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn generate(root: &Path, files: &[Generated]) -> Result<(), String> {
    for Generated { path, text } in files {
        let target = root.join(path);
        let say = |error| format!("{}: {error}", target.display());
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).map_err(say)?;
        }
        std::fs::write(&target, text).map_err(say)?;
        println!("{}", path.display());
    }
    Ok(())
}

fn check(root: &Path, files: &[Generated]) -> Result<(), String> {
    let differs = |file: &&Generated| {
        std::fs::read_to_string(root.join(&file.path)).ok().as_ref() != Some(&file.text)
    };
    let stale: Vec<String> =
        files.iter().filter(differs).map(|file| file.path.display().to_string()).collect();
    match stale.is_empty() {
        true => Ok(()),
        false => Err(format!("not up to date; run `make generate`: {}", stale.join(", "))),
    }
}
