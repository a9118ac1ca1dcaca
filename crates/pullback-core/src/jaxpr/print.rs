//! The text of programs.
//!
//! A program that occurs more than once, or is long, is printed before the program around it, and
//! goes there by its name. A program that is applied by `jit` calls its inputs and results what
//! they are called around it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use pullback_engine::{Bool, DType, Key, Tensor};
use rustc_hash::{FxHashMap, FxHashSet};

use super::layout::Doc;
use super::{Atom, Eqn, Jaxpr, VarId, same};
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

impl fmt::Display for Jaxpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer { top: Some(self), ..Printer::default() };
        let mut docs = vec![];
        for (name, jaxpr) in printer.share(self) {
            docs.push(Doc::text(format!("let {name} = ")));
            docs.push(printer.program(jaxpr));
            docs.push(Doc::text(" in"));
            docs.push(Doc::Break(" "));
        }
        docs.push(printer.program(self));
        f.write_str(&Doc::Concat(docs).render())
    }
}

impl fmt::Debug for Jaxpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A longer nested program is printed before the program around it.
const INLINE_EQUATIONS: usize = 10;
/// What results of the outermost program are called that nothing uses.
const DROPPED: &str = "_";

/// Identifies a program while it is printed.
type Id = *const Jaxpr;

/// Names variables in the order they first appear, over all programs of one text.
#[derive(Default)]
struct Printer {
    names: FxHashMap<(Id, VarId), String>,
    constants: FxHashMap<Id, Vec<(Array, String)>>,
    shared: FxHashMap<Id, String>,
    taken: FxHashSet<String>,
    /// The program that all others are in.
    top: Option<Id>,
    next: usize,
}

impl Printer {
    /// The programs that are printed first, with their names.
    fn share<'a>(&mut self, top: &'a Jaxpr) -> Vec<(String, &'a Jaxpr)> {
        let mut counts: FxHashMap<Id, usize> = FxHashMap::default();
        let mut found: Vec<(&Jaxpr, Option<String>)> = vec![];
        let mut queue: VecDeque<(&Jaxpr, Option<String>)> = VecDeque::from([(top, None)]);
        while let Some((jaxpr, name)) = queue.pop_front() {
            let count = counts.entry(jaxpr).or_default();
            *count += 1;
            match *count {
                1 => found.push((jaxpr, name)),
                // A second occurrence makes two of what is in it; more occurrences tell nothing.
                2 => {
                    let first = found.iter_mut().find(|(other, _)| std::ptr::eq(*other, jaxpr));
                    if let Some((_, first)) = first {
                        *first = first.take().or(name);
                    }
                }
                _ => continue,
            }
            for eqn in &jaxpr.eqns {
                let name = eqn.op.primitive().params().into_iter().find_map(|param| match param {
                    ("name", Param::Word(name)) if eqn.op.primitive().name() == "jit" => Some(name),
                    _ => None,
                });
                for nested in eqn.op.primitive().jaxprs() {
                    queue.push_back((&nested.0, name.clone()));
                }
            }
        }
        let mut shared = vec![];
        let mut counted: FxHashMap<String, usize> = FxHashMap::default();
        for (jaxpr, name) in found {
            let long = !std::ptr::eq(jaxpr, top) && jaxpr.eqns.len() > INLINE_EQUATIONS;
            if counts[&(jaxpr as Id)] == 1 && !long {
                continue;
            }
            let name = name.unwrap_or_else(|| "jaxpr".into());
            let plain = name.trim_matches(['<', '>']).to_string();
            let count = counted.entry(plain.clone()).or_default();
            let name = if *count > 0 { format!("{plain}{count}") } else { plain };
            *count += 1;
            self.taken.insert(name.clone());
            self.shared.insert(jaxpr, name.clone());
            shared.push((name, jaxpr));
        }
        shared
    }

    fn fresh(&mut self) -> String {
        loop {
            let mut name = String::new();
            let mut n = self.next;
            self.next += 1;
            loop {
                name.insert(0, (b'a' + (n % 26) as u8) as char);
                n /= 26;
                if n == 0 {
                    break;
                }
            }
            if !self.taken.contains(&name) {
                return name;
            }
        }
    }

    fn name(&mut self, jaxpr: &Jaxpr, var: VarId) -> String {
        if let Some(name) = self.names.get(&(jaxpr as Id, var)) {
            return name.clone();
        }
        let name = self.fresh();
        self.names.insert((jaxpr, var), name.clone());
        name
    }

    fn atom(&mut self, jaxpr: &Jaxpr, atom: &Atom) -> String {
        match atom {
            Atom::Var(var) => self.name(jaxpr, *var),
            Atom::Const(value) => literal(value).unwrap_or_else(|| {
                let constants = self.constants.get(&(jaxpr as Id)).into_iter().flatten();
                let mut found = constants.filter(|(other, _)| same(other, value));
                found.next().map_or_else(|| "?".into(), |(_, name)| name.clone())
            }),
        }
    }

    fn program(&mut self, jaxpr: &Jaxpr) -> Doc {
        let mut used = vec![false; jaxpr.avals.len()];
        for &var in &jaxpr.inputs {
            used[var.index()] = true;
        }
        let mut constants = vec![];
        for atom in jaxpr.eqns.iter().flat_map(|eqn| &eqn.inputs).chain(&jaxpr.outputs) {
            match atom {
                Atom::Var(var) => used[var.index()] = true,
                Atom::Const(value) => {
                    let known = constants.iter().any(|(other, _)| same(other, value));
                    if literal(value).is_none() && !known {
                        constants.push((value.clone(), self.fresh()));
                    }
                }
            }
        }
        if self.top == Some(jaxpr) {
            for &var in jaxpr.eqns.iter().flat_map(|eqn| &eqn.outputs) {
                if !used[var.index()] {
                    self.names.insert((jaxpr, var), DROPPED.into());
                }
            }
        }
        let typed = |(value, name): &(Array, String)| format!("{name}:{}", value.aval().short());
        let named = filled(constants.iter().map(typed).collect(), "");
        self.constants.insert(jaxpr, constants);
        let inputs = self.binders(jaxpr, &jaxpr.inputs);
        let eqns = jaxpr.eqns.iter().map(|eqn| self.equation(jaxpr, eqn)).collect();
        let eqns = Doc::join(eqns, || Doc::Break("; "));
        let outputs: Vec<_> = jaxpr.outputs.iter().map(|atom| self.atom(jaxpr, atom)).collect();
        let end = if outputs.len() == 1 { ",)" } else { ")" };
        let body = vec![
            Doc::text("{ lambda "),
            named,
            Doc::text("; "),
            inputs,
            Doc::text(". let"),
            Doc::Concat(vec![Doc::Break(" "), eqns]).nest(),
            Doc::Break(" "),
            Doc::text("in ("),
            filled(outputs, ","),
            Doc::text(end),
        ];
        Doc::Concat(vec![Doc::Concat(body).nest(), Doc::text(" }")]).group()
    }

    fn binders(&mut self, jaxpr: &Jaxpr, vars: &[VarId]) -> Doc {
        let binder = |&var: &VarId| {
            let name = self.name(jaxpr, var);
            format!("{name}:{}", jaxpr.aval(var).short())
        };
        filled(vars.iter().map(binder).collect(), "")
    }

    fn equation(&mut self, jaxpr: &Jaxpr, eqn: &Eqn) -> Doc {
        let primitive = eqn.op.primitive();
        if let ("jit", [nested]) = (primitive.name(), primitive.jaxprs().as_slice())
            && !self.shared.contains_key(&(Arc::as_ptr(&nested.0)))
        {
            self.alias(jaxpr, eqn, nested);
        }
        let mut docs = vec![];
        if !eqn.outputs.is_empty() {
            docs.push(self.binders(jaxpr, &eqn.outputs));
            docs.push(Doc::text(" = "));
        }
        docs.push(Doc::text(primitive.name()));
        let params = primitive.params();
        if !params.is_empty() {
            let pairs = params
                .iter()
                .map(|(key, value)| {
                    Doc::Concat(vec![Doc::text(format!("{key}=")), self.param(value)])
                })
                .collect();
            docs.push(bracketed("[", pairs, "]"));
        }
        docs.push(Doc::text(" "));
        let operands = eqn.inputs.iter().map(|atom| self.atom(jaxpr, atom)).collect();
        docs.push(filled(operands, ""));
        Doc::Concat(docs)
    }

    /// Calls the inputs and results of a nested program what they are called around it.
    fn alias(&mut self, jaxpr: &Jaxpr, eqn: &Eqn, nested: &Jaxpr) {
        let operands: Vec<Option<VarId>> = eqn
            .inputs
            .iter()
            .map(|atom| match atom {
                Atom::Var(var) => Some(*var),
                Atom::Const(_) => None,
            })
            .collect();
        let outputs: Vec<Option<VarId>> = eqn.outputs.iter().copied().map(Some).collect();
        let inner: Vec<Atom> = nested.inputs.iter().copied().map(Atom::Var).collect();
        for (inner, outer) in [(&inner, operands), (&nested.outputs, outputs)] {
            let mut seen = vec![];
            for (inner, outer) in inner.iter().zip(outer) {
                let (Atom::Var(inner), Some(outer)) = (inner, outer) else { continue };
                let key = (nested as Id, *inner);
                if seen.contains(&outer) || self.names.contains_key(&key) {
                    continue;
                }
                seen.push(outer);
                let name = self.name(jaxpr, outer);
                // Two variables of one name could not be told apart when the text is read.
                let operand = |eqn: &Eqn| {
                    eqn.inputs.iter().any(|x| matches!(x, Atom::Var(var) if var == inner))
                };
                if name != DROPPED || !nested.eqns.iter().any(operand) {
                    self.names.insert(key, name);
                }
            }
        }
    }

    fn param(&mut self, param: &Param) -> Doc {
        match param {
            Param::Jaxpr(jaxpr) => self.nested(jaxpr),
            Param::Jaxprs(jaxprs) => {
                let docs = jaxprs.iter().map(|jaxpr| self.nested(jaxpr)).collect();
                bracketed("(", docs, ")")
            }
            other => Doc::text(param_text(other)),
        }
    }

    fn nested(&mut self, jaxpr: &Arc<Jaxpr>) -> Doc {
        match self.shared.get(&Arc::as_ptr(jaxpr)) {
            Some(name) => Doc::text(name.clone()),
            None => self.program(jaxpr),
        }
    }
}

/// Words on as few lines as they fit on.
fn filled(words: Vec<String>, separator: &'static str) -> Doc {
    let words = words.into_iter().map(Doc::Text).collect();
    let space = || Doc::Concat(vec![Doc::text(separator), Doc::Break(" ").group()]);
    Doc::join(words, space).group().nest()
}

/// On one line, or one to a line between lines with the brackets.
fn bracketed(open: &'static str, docs: Vec<Doc>, close: &'static str) -> Doc {
    let inner = vec![Doc::text(open), Doc::Break(""), Doc::join(docs, || Doc::Break(" "))];
    Doc::Concat(vec![Doc::Concat(inner).nest(), Doc::Break(""), Doc::text(close)]).group()
}

fn param_text(param: &Param) -> String {
    match param {
        Param::Int(value) => value.to_string(),
        Param::Float(value) => float_text(*value),
        Param::Bool(true) => "True".into(),
        Param::Bool(false) => "False".into(),
        Param::Word(word) => word.clone(),
        Param::None => "None".into(),
        Param::DType(dtype) => dtype.name().into(),
        Param::Tuple(items) => match items.as_slice() {
            [one] => format!("({},)", param_text(one)),
            many => format!("({})", joined(many)),
        },
        Param::List(items) => format!("[{}]", joined(items)),
        Param::Record(name, fields) => {
            let field = |(key, value): &(String, Param)| match key.as_str() {
                "" => param_text(value),
                key => format!("{key}={}", param_text(value)),
            };
            let fields: Vec<_> = fields.iter().map(field).collect();
            format!("{name}({})", fields.join(", "))
        }
        Param::Jaxpr(jaxpr) => jaxpr.to_string(),
        Param::Jaxprs(jaxprs) => {
            let texts: Vec<_> = jaxprs.iter().map(|jaxpr| jaxpr.to_string()).collect();
            format!("({})", texts.join(" "))
        }
    }
}

fn joined(items: &[Param]) -> String {
    items.iter().map(param_text).collect::<Vec<_>>().join(", ")
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
            match value.re.to_bits() == 0 {
                true => format!("{}j", plain(value.im)),
                false => format!("({}{imaginary}{}j)", plain(value.re), plain(value.im.abs())),
            }
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
