//! The text of programs.
//!
//! Short lines stay on one line; an equation whose text would pass the margin is broken after
//! its parameters' bracket, one parameter a line.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use pullback_engine::{Bool, DType, Key, Tensor};
use rustc_hash::FxHashMap;

use super::{Atom, Eqn, Jaxpr, VarId};
use crate::array::{Array, complex_item, integer_item};

/// A parameter of an operation, as it is printed and parsed.
#[derive(Clone, Debug)]
pub enum Param {
    /// A whole number.
    Int(i64),
    /// A real number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A word, printed without quotes.
    Word(String),
    /// Nothing.
    None,
    /// An element type, printed by its NumPy name.
    DType(DType),
    /// `(a, b)`.
    Tuple(Vec<Param>),
    /// `[a, b]`.
    List(Vec<Param>),
    /// `Name(a=1, b=2)`.
    Record(String, Vec<(String, Param)>),
    /// A nested program.
    Jaxpr(Arc<Jaxpr>),
    /// Nested programs, in parentheses.
    Jaxprs(Vec<Arc<Jaxpr>>),
}

/// The parameters of an operation, sorted by name.
pub type Params = Vec<(&'static str, Param)>;

impl Param {
    /// A tuple of sizes or axes.
    pub fn sizes(values: &[usize]) -> Param {
        Param::Tuple(values.iter().map(|&v| Param::Int(v as i64)).collect())
    }

    /// A tuple of whole numbers.
    pub fn ints(values: &[i64]) -> Param {
        Param::Tuple(values.iter().map(|&v| Param::Int(v)).collect())
    }

    /// A list of axes.
    pub fn list(values: &[usize]) -> Param {
        Param::List(values.iter().map(|&v| Param::Int(v as i64)).collect())
    }

    /// `Name(a=1, b=2)`.
    pub fn record(name: &str, fields: impl IntoIterator<Item = (&'static str, Param)>) -> Param {
        let fields = fields.into_iter().map(|(key, value)| (key.to_string(), value));
        Param::Record(name.to_string(), fields.collect())
    }

    /// A word, printed without quotes.
    pub fn word(value: impl Into<String>) -> Param {
        Param::Word(value.into())
    }
}

const MARGIN: usize = 80;

impl fmt::Display for Jaxpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&program_text(self, 0, &Cell::new(0)))
    }
}

impl fmt::Debug for Jaxpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Names variables in the order they first appear.
struct Names<'a> {
    jaxpr: &'a Jaxpr,
    names: FxHashMap<VarId, String>,
    constants: Vec<(Array, String)>,
    used: Vec<bool>,
    /// Shared with the programs around, so that no name is used twice.
    next: &'a Cell<usize>,
}

impl<'a> Names<'a> {
    fn new(jaxpr: &'a Jaxpr, next: &'a Cell<usize>) -> Names<'a> {
        let mut used = vec![false; jaxpr.avals.len()];
        for atom in jaxpr.eqns.iter().flat_map(|eqn| &eqn.inputs).chain(&jaxpr.outputs) {
            if let Atom::Var(var) = atom {
                used[var.index()] = true;
            }
        }
        Names { jaxpr, names: FxHashMap::default(), constants: vec![], used, next }
    }

    fn fresh(&mut self) -> String {
        let mut name = String::new();
        let mut n = self.next.get();
        self.next.set(n + 1);
        loop {
            name.insert(0, (b'a' + (n % 26) as u8) as char);
            n /= 26;
            if n == 0 {
                return name;
            }
            n -= 1;
        }
    }

    fn define(&mut self, var: VarId) -> String {
        let aval = self.jaxpr.aval(var);
        let name = if self.used[var.index()] || self.jaxpr.inputs.contains(&var) {
            let name = self.fresh();
            self.names.insert(var, name.clone());
            name
        } else {
            "_".to_string()
        };
        format!("{name}:{}", aval.short())
    }

    fn constant(&mut self, value: &Array) {
        if literal(value).is_none() && !self.constants.iter().any(|(other, _)| same(other, value)) {
            let name = self.fresh();
            self.constants.push((value.clone(), name));
        }
    }

    fn atom(&self, atom: &Atom) -> String {
        match atom {
            Atom::Var(var) => self.names.get(var).cloned().unwrap_or_else(|| "?".into()),
            Atom::Const(value) => literal(value).unwrap_or_else(|| {
                let found = self.constants.iter().find(|(other, _)| same(other, value));
                found.map_or_else(|| "?".into(), |(_, name)| name.clone())
            }),
        }
    }
}

fn same(x: &Array, y: &Array) -> bool {
    match (x.tensor(), y.tensor(), x.tracer(), y.tracer()) {
        (Some(x), Some(y), ..) => {
            std::ptr::eq(x.buffer_bytes(), y.buffer_bytes())
                && x.layout() == y.layout()
                && x.dtype() == y.dtype()
        }
        (.., Some(x), Some(y)) => Arc::ptr_eq(x, y),
        _ => false,
    }
}

/// A scalar constant is printed in place.
fn literal(value: &Array) -> Option<String> {
    let tensor = value.tensor().filter(|tensor| tensor.rank() == 0)?;
    Some(format!("{}:{}", scalar_text(tensor), value.aval().short()))
}

/// A scalar as Python prints it.
pub fn scalar_text(tensor: &Tensor) -> String {
    match tensor.dtype() {
        DType::Bool => match tensor.item::<Bool>() {
            Some(Bool(1)) => "True".into(),
            _ => "False".into(),
        },
        DType::KeyThreefry => {
            let Key([high, low]) = tensor.item::<Key>().unwrap_or_default();
            format!("key({high},{low})")
        }
        dtype if dtype.is_complex() => {
            let value = complex_item(tensor).unwrap_or_default();
            let imaginary = if value.im.is_sign_negative() { "-" } else { "+" };
            format!("({}{imaginary}{}j)", plain(value.re), plain(value.im.abs()))
        }
        dtype if dtype.is_float() => float_text(complex_item(tensor).unwrap_or_default().re),
        _ => integer_item(tensor).map_or_else(|| "?".into(), |value| value.to_string()),
    }
}

fn plain(value: f64) -> String {
    let text = float_text(value);
    text.strip_suffix(".0").map(str::to_string).unwrap_or(text)
}

/// A real number as Python prints it.
pub fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        return format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
    let text = format!("{value}");
    if text.contains('.') { text } else { format!("{text}.0") }
}

fn program_text(jaxpr: &Jaxpr, indent: usize, next: &Cell<usize>) -> String {
    let mut names = Names::new(jaxpr, next);
    for atom in jaxpr.eqns.iter().flat_map(|eqn| &eqn.inputs).chain(&jaxpr.outputs) {
        if let Atom::Const(value) = atom {
            names.constant(value);
        }
    }
    let constants: Vec<_> = names
        .constants
        .iter()
        .map(|(value, name)| format!("{name}:{}", value.aval().short()))
        .collect();
    let inputs: Vec<_> = jaxpr.inputs.iter().map(|&var| names.define(var)).collect();
    let mut head = String::from("{ lambda ");
    head.push_str(&constants.join(" "));
    head.push(';');
    for input in &inputs {
        head.push(' ');
        head.push_str(input);
    }
    head.push_str(". let");
    let lines: Vec<String> =
        jaxpr.eqns.iter().map(|eqn| eqn_text(&mut names, eqn, indent + 4)).collect();
    let outputs: Vec<_> = jaxpr.outputs.iter().map(|atom| names.atom(atom)).collect();
    let outputs = match outputs.as_slice() {
        [one] => format!("({one},)"),
        many => format!("({})", many.join(", ")),
    };
    let flat = format!("{head} {} in {outputs} }}", lines.join("; "));
    if !flat.contains('\n') && indent + flat.len() <= MARGIN {
        return flat;
    }
    let pad = " ".repeat(indent);
    let mut text = head;
    for line in &lines {
        text.push_str(&format!("\n{pad}    {line}"));
    }
    text.push_str(&format!("\n{pad}  in {outputs} }}"));
    text
}

fn eqn_text(names: &mut Names<'_>, eqn: &Eqn, indent: usize) -> String {
    let operands: Vec<_> = eqn.inputs.iter().map(|atom| names.atom(atom)).collect();
    let outputs: Vec<_> = eqn.outputs.iter().map(|&var| names.define(var)).collect();
    let left = outputs.join(" ");
    let mut head = if left.is_empty() { String::new() } else { format!("{left} = ") };
    head.push_str(eqn.op.primitive().name());
    let tail = format!(" {}", operands.join(" "));
    let params = eqn.op.primitive().params();
    if params.is_empty() {
        return head + &tail;
    }
    // Names that a first try on one line uses up are used again if it does not fit.
    let on_one_line = Cell::new(names.next.get());
    let flat: Vec<_> = params
        .iter()
        .map(|(key, value)| format!("{key}={}", param_text(value, 0, &on_one_line)))
        .collect();
    let line = format!("{head}[{}]{tail}", flat.join(" "));
    if !line.contains('\n') && indent + line.len() <= MARGIN {
        names.next.set(on_one_line.get());
        return line;
    }
    let pad = " ".repeat(indent);
    let params: String = params
        .iter()
        .map(|(key, value)| format!("\n{pad}  {key}={}", param_text(value, indent + 2, names.next)))
        .collect();
    format!("{head}[{params}\n{pad}]{tail}")
}

fn param_text(param: &Param, indent: usize, next: &Cell<usize>) -> String {
    match param {
        Param::Int(value) => value.to_string(),
        Param::Float(value) => float_text(*value),
        Param::Bool(true) => "True".into(),
        Param::Bool(false) => "False".into(),
        Param::Word(word) => word.clone(),
        Param::None => "None".into(),
        Param::DType(dtype) => dtype.name().into(),
        Param::Tuple(items) => match items.as_slice() {
            [one] => format!("({},)", param_text(one, indent, next)),
            many => format!("({})", joined(many, indent, next)),
        },
        Param::List(items) => format!("[{}]", joined(items, indent, next)),
        Param::Record(name, fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(key, value)| format!("{key}={}", param_text(value, indent, next)))
                .collect();
            format!("{name}({})", fields.join(", "))
        }
        Param::Jaxpr(jaxpr) => program_text(jaxpr, indent, next),
        Param::Jaxprs(jaxprs) => {
            let pad = " ".repeat(indent);
            let lines: String = jaxprs
                .iter()
                .map(|jaxpr| format!("\n{pad}  {}", program_text(jaxpr, indent + 2, next)))
                .collect();
            format!("({lines}\n{pad})")
        }
    }
}

fn joined(items: &[Param], indent: usize, next: &Cell<usize>) -> String {
    items.iter().map(|item| param_text(item, indent, next)).collect::<Vec<_>>().join(", ")
}
