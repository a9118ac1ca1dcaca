//! Type stubs: what a checker and an editor are told of the functions of the table.
//!
//! Each module of the table has a stub in `python/pullback/_tables/`, which the Python module of
//! that name takes in for type checkers only.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use pullback::api::{ApiFn, Kind, Param};

use crate::Generated;

const HEADER: &str = "\
# Written by `make generate` from the table of functions; not to be edited.
from collections.abc import Sequence
from typing import Any

from pullback._pullback import Array
from pullback.typing import ArrayLike, DTypeLike
";

/// One stub for each module.
pub fn files() -> Vec<Generated> {
    let mut modules: BTreeMap<&str, Vec<&ApiFn>> = BTreeMap::new();
    for (module, functions) in pullback::modules() {
        modules.entry(module).or_default().extend(functions);
    }
    let mut files: Vec<Generated> = modules
        .into_iter()
        .map(|(module, functions)| Generated {
            path: PathBuf::from(format!(
                "python/pullback/_tables/{}.pyi",
                module.replace('.', "_")
            )),
            text: stub(&functions),
        })
        .collect();
    files.push(Generated {
        path: PathBuf::from("python/pullback/_pullback.pyi"),
        text: extension(),
    });
    files.push(Generated {
        path: PathBuf::from("python/pullback/_tables/__init__.pyi"),
        text: "# Written by `make generate`; not to be edited.\n".into(),
    });
    files
}

/// What the extension module has for users: arrays.
fn extension() -> String {
    let mut text = include_str!("array.pyi").to_string();
    let tables = pullback::modules();
    let functions = tables.iter().filter(|(module, _)| *module == "numpy");
    let functions: Vec<&ApiFn> =
        functions.flat_map(|(_, functions)| functions.iter().copied()).collect();
    for &name in pullback::numpy::METHODS {
        let is_named = |f: &&&ApiFn| f.name == name || f.aliases.contains(&name);
        let Some(function) = functions.iter().find(is_named) else { continue };
        let mut params = (function.params)();
        if let Some(array) = params.iter().position(|param| ["a", "x", "arr"].contains(&param.name))
        {
            params.remove(array);
        }
        let rest = parameters(&params);
        let comma = if rest.is_empty() { "" } else { ", " };
        let _ = writeln!(
            text,
            "    def {name}(self{comma}{rest}) -> {}: ...",
            returned(function.returns)
        );
    }
    text
}

fn stub(functions: &[&ApiFn]) -> String {
    let mut functions = functions.to_vec();
    functions.sort_by_key(|function| function.name);
    let mut text = HEADER.to_string();
    for function in functions {
        let _ = write!(
            text,
            "\ndef {}({}) -> {}:\n    \"\"\"{}\"\"\"\n",
            function.name,
            parameters(&(function.params)()),
            returned(function.returns),
            function.doc.replace('\\', "\\\\").replace('\n', "\n    "),
        );
        for alias in function.aliases {
            let _ = writeln!(text, "\n{alias} = {}", function.name);
        }
    }
    text
}

fn parameters(params: &[Param]) -> String {
    let mut parts = vec![];
    let mut only_keywords = false;
    for param in params {
        if param.kind == Kind::Variadic {
            parts.push(format!("*{}: ArrayLike", param.name));
            only_keywords = true;
            continue;
        }
        if param.keyword_only && !only_keywords {
            parts.push("*".into());
            only_keywords = true;
        }
        let annotation = annotation(param.kind);
        parts.push(match param.default {
            Some(default) => format!("{}: {annotation} = {default}", param.name),
            None => format!("{}: {annotation}", param.name),
        });
    }
    parts.join(", ")
}

fn annotation(kind: Kind) -> &'static str {
    match kind {
        Kind::Array | Kind::Variadic => "ArrayLike",
        Kind::OptionalArray | Kind::Items => "ArrayLike | None",
        Kind::Arrays => "Sequence[ArrayLike] | Array",
        Kind::Int => "int",
        Kind::OptionalInt => "int | None",
        Kind::Ints | Kind::OptionalShape => "int | Sequence[int] | None",
        Kind::Shape => "int | Sequence[int]",
        Kind::Float => "float",
        Kind::OptionalFloat => "float | None",
        Kind::Bool => "bool",
        Kind::OptionalBool => "bool | None",
        Kind::Str => "str",
        Kind::OptionalStr => "str | None",
        Kind::DType => "DTypeLike | None",
        _ => "Any",
    }
}

/// The annotation of what a function of the given Rust type returns.
fn returned(rust: &str) -> String {
    let rust: String = rust.chars().filter(|c| !c.is_whitespace()).collect();
    if let Some(parts) = rust.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let parts: Vec<String> =
            parts.split(',').filter(|part| !part.is_empty()).map(returned).collect();
        return format!("tuple[{}]", parts.join(", "));
    }
    match rust.as_str() {
        "Array" => "Array".into(),
        "Vec<Array>" => "list[Array]".into(),
        "bool" => "bool".into(),
        "i64" | "usize" => "int".into(),
        _ => "Any".into(),
    }
}
