//! Reads the text of programs back.

use std::collections::HashMap;
use std::sync::Arc;

use num_complex::Complex;
use pullback_engine::{DType, Shape, Tensor};
use smallvec::SmallVec;

use super::print::Param;
use super::{Atom, Eqn, Jaxpr, VarId};
use crate::array::{Array, number};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::primitives::from_params;

/// The program of a text. Named constants before the semicolon become leading inputs.
///
/// # Errors
/// [`Error::Program`] that says where the text is not understood.
pub fn parse(text: &str) -> Result<Jaxpr> {
    let mut parser = Parser { text, at: 0, definitions: HashMap::new(), results: None };
    parser.skip_definitions()?;
    let jaxpr = parser.program()?;
    parser.space();
    match parser.rest().is_empty() {
        true => Ok(jaxpr),
        false => Err(parser.unexpected("the end")),
    }
}

/// The parameters of an operation, as read.
pub struct ParamReader {
    primitive: String,
    params: HashMap<String, Param>,
}

impl ParamReader {
    /// The error for a parameter that is missing or of the wrong kind.
    pub fn invalid(&self, key: &str) -> Error {
        let message = match self.params.get(key) {
            Some(param) => format!("'{}' has an invalid {key}: {param:?}", self.primitive),
            None => format!("'{}' lacks {key}", self.primitive),
        };
        Error::Program { message }
    }

    fn get(&self, key: &str) -> Result<&Param> {
        self.params.get(key).ok_or_else(|| self.invalid(key))
    }

    /// A whole number.
    pub fn int(&self, key: &str) -> Result<i64> {
        match self.get(key)? {
            Param::Int(value) => Ok(*value),
            _ => Err(self.invalid(key)),
        }
    }

    /// A size or an axis.
    pub fn size(&self, key: &str) -> Result<usize> {
        usize::try_from(self.int(key)?).map_err(|_| self.invalid(key))
    }

    /// A truth value.
    pub fn bool(&self, key: &str) -> Result<bool> {
        match self.get(key)? {
            Param::Bool(value) => Ok(*value),
            _ => Err(self.invalid(key)),
        }
    }

    /// A truth value, unless the parameter is missing.
    pub fn optional_bool(&self, key: &str) -> Result<Option<bool>> {
        self.params.get(key).map(|_| self.bool(key)).transpose()
    }

    /// A word.
    pub fn word(&self, key: &str) -> Result<&str> {
        match self.get(key)? {
            Param::Word(word) => Ok(word),
            _ => Err(self.invalid(key)),
        }
    }

    /// A tuple of words.
    pub fn words(&self, key: &str) -> Result<Vec<String>> {
        let Param::Tuple(items) = self.get(key)? else { return Err(self.invalid(key)) };
        let word = |item: &Param| match item {
            Param::Word(word) => Ok(word.clone()),
            _ => Err(self.invalid(key)),
        };
        match items.is_empty() {
            true => Err(self.invalid(key)),
            false => items.iter().map(word).collect(),
        }
    }

    /// A tuple of words and of axes, either of which may be missing.
    pub fn words_and_sizes(&self, key: &str) -> Result<(Vec<String>, Shape)> {
        let Param::Tuple(items) = self.get(key)? else { return Err(self.invalid(key)) };
        let (mut words, mut sizes) = (vec![], Shape::new());
        for item in items {
            match item {
                Param::Word(word) => words.push(word.clone()),
                Param::Int(size) => {
                    sizes.push(usize::try_from(*size).map_err(|_| self.invalid(key))?);
                }
                _ => return Err(self.invalid(key)),
            }
        }
        Ok((words, sizes))
    }

    /// The fields of a record.
    pub fn record(&self, key: &str) -> Result<ParamReader> {
        match self.get(key)? {
            Param::Record(name, fields) => {
                let params = fields.iter().cloned().collect();
                Ok(ParamReader { primitive: name.clone(), params })
            }
            _ => Err(self.invalid(key)),
        }
    }

    /// A number, unless the parameter is missing or `None`.
    pub fn optional_number(&self, key: &str) -> Result<Option<f64>> {
        match self.params.get(key) {
            None | Some(Param::None) => Ok(None),
            Some(Param::Int(value)) => Ok(Some(*value as f64)),
            Some(Param::Float(value)) => Ok(Some(*value)),
            Some(_) => Err(self.invalid(key)),
        }
    }

    /// An element type.
    pub fn dtype(&self, key: &str) -> Result<DType> {
        match self.get(key)? {
            Param::DType(dtype) => Ok(*dtype),
            _ => Err(self.invalid(key)),
        }
    }

    /// An element type, unless the parameter is missing or `None`.
    pub fn optional_dtype(&self, key: &str) -> Result<Option<DType>> {
        match self.params.get(key) {
            None | Some(Param::None) => Ok(None),
            Some(_) => self.dtype(key).map(Some),
        }
    }

    fn numbers(&self, key: &str, param: &Param) -> Result<Vec<i64>> {
        let (Param::Tuple(items) | Param::List(items)) = param else {
            return Err(self.invalid(key));
        };
        let number = |item: &Param| match item {
            Param::Int(value) => Ok(*value),
            _ => Err(self.invalid(key)),
        };
        items.iter().map(number).collect()
    }

    fn sizes_of(&self, key: &str, param: &Param) -> Result<Shape> {
        let size = |n: i64| usize::try_from(n).map_err(|_| self.invalid(key));
        self.numbers(key, param)?.into_iter().map(size).collect()
    }

    /// A tuple of sizes or axes.
    pub fn sizes(&self, key: &str) -> Result<Shape> {
        self.sizes_of(key, self.get(key)?)
    }

    /// A tuple of whole numbers.
    pub fn ints(&self, key: &str) -> Result<Vec<i64>> {
        self.numbers(key, self.get(key)?)
    }

    /// A tuple of sizes or axes, or `default` if the parameter is missing.
    pub fn sizes_or(&self, key: &str, default: &[usize]) -> Result<Shape> {
        match self.params.get(key) {
            None => Ok(default.into()),
            Some(param) => self.sizes_of(key, param),
        }
    }

    /// A tuple of sizes, unless the parameter is missing or `None`.
    pub fn optional_sizes(&self, key: &str) -> Result<Option<Shape>> {
        match self.params.get(key) {
            None | Some(Param::None) => Ok(None),
            Some(param) => self.sizes_of(key, param).map(Some),
        }
    }

    /// A tuple of tuples of whole numbers.
    pub fn rows(&self, key: &str) -> Result<Vec<Vec<i64>>> {
        match self.get(key)? {
            Param::Tuple(rows) => rows.iter().map(|row| self.numbers(key, row)).collect(),
            _ => Err(self.invalid(key)),
        }
    }

    /// The lengths of the tuples in a tuple of `N`.
    pub fn counts<const N: usize>(&self, key: &str) -> Result<[usize; N]> {
        let Param::Tuple(items) = self.get(key)? else { return Err(self.invalid(key)) };
        let count = |item: &Param| match item {
            Param::Tuple(items) => Some(items.len()),
            _ => None,
        };
        let counts: Option<Vec<usize>> = items.iter().map(count).collect();
        counts.and_then(|counts| counts.try_into().ok()).ok_or_else(|| self.invalid(key))
    }

    /// `(([..], [..]), ([..], [..]))`, as contractions are written.
    pub fn dot_dimensions(&self, key: &str) -> Result<[Shape; 4]> {
        let pairs = match self.get(key)? {
            Param::Tuple(pairs) => pairs,
            _ => return Err(self.invalid(key)),
        };
        let mut lists = vec![];
        for pair in pairs {
            match pair {
                Param::Tuple(pair) => {
                    for list in pair {
                        lists.push(self.sizes_of(key, list)?);
                    }
                }
                _ => return Err(self.invalid(key)),
            }
        }
        lists.try_into().map_err(|_| self.invalid(key))
    }

    /// A nested program.
    pub fn jaxpr(&self, key: &str) -> Result<Arc<Jaxpr>> {
        match self.get(key)? {
            Param::Jaxpr(jaxpr) => Ok(jaxpr.clone()),
            _ => Err(self.invalid(key)),
        }
    }

    /// Nested programs in parentheses.
    pub fn jaxprs(&self, key: &str) -> Result<Vec<Arc<Jaxpr>>> {
        match self.get(key)? {
            Param::Jaxprs(jaxprs) => Ok(jaxprs.clone()),
            _ => Err(self.invalid(key)),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    definitions: HashMap<&'a str, Definition>,
    /// What is known of the results of the program to be read next.
    results: Option<Vec<Aval>>,
}

/// A program before the one that uses it.
enum Definition {
    /// It begins here, and has not been read yet.
    At(usize),
    Read(Arc<Jaxpr>),
}

/// Variables by name. Several are called `_`: results that are not used where they arrive.
#[derive(Default)]
struct Scope {
    named: HashMap<String, VarId>,
    dropped: Vec<VarId>,
}

impl Scope {
    fn insert(&mut self, name: String, var: VarId) {
        if name == "_" {
            self.dropped.push(var);
        }
        self.named.insert(name, var);
    }
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn unexpected(&self, wanted: &str) -> Error {
        let found: String = self.rest().chars().take(30).collect();
        Error::Program { message: format!("expected {wanted} at byte {}: '{found}'", self.at) }
    }

    fn peek(&mut self, token: &str) -> bool {
        self.space();
        self.rest().starts_with(token)
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.peek(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        match self.take(token) {
            true => Ok(()),
            false => Err(self.unexpected(&format!("'{token}'"))),
        }
    }

    fn run(&mut self, accept: impl Fn(char) -> bool, wanted: &str) -> Result<&'a str> {
        self.space();
        let rest = self.rest();
        let end = rest.find(|c| !accept(c)).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.unexpected(wanted));
        }
        self.at += end;
        Ok(&rest[..end])
    }

    fn word(&mut self) -> Result<&'a str> {
        self.run(|c| c.is_alphanumeric() || c == '_' || c == '-', "a name")
    }

    /// `f32[2,3]`
    fn aval(&mut self) -> Result<Aval> {
        let name = self.run(|c| c.is_alphanumeric() || "_<>".contains(c), "a type")?;
        let dtype = DType::from_name(name).ok_or_else(|| self.unexpected("an element type"))?;
        self.expect("[")?;
        let mut shape = Shape::new();
        while !self.take("]") {
            let digits = self.run(|c| c.is_ascii_digit(), "a size")?;
            shape.push(digits.parse().map_err(|_| self.unexpected("a size"))?);
            self.take(",");
        }
        Ok(Aval { shape, dtype, weak: false })
    }

    /// `a:f32[2]`
    fn binder(&mut self) -> Result<(String, Aval)> {
        let name = self.word()?.to_string();
        self.expect(":")?;
        Ok((name, self.aval()?))
    }

    fn program(&mut self) -> Result<Jaxpr> {
        let mut jaxpr = Jaxpr::default();
        let mut scope = Scope::default();
        let results = self.results.take();
        self.expect("{")?;
        self.expect("lambda")?;
        for end in [";", "."] {
            while !self.take(end) {
                let (name, aval) = self.binder()?;
                let var = jaxpr.new_var(aval);
                jaxpr.inputs.push(var);
                scope.insert(name, var);
            }
        }
        self.expect("let")?;
        loop {
            self.take(";");
            if self.at_word("in") {
                self.at += 2;
                break;
            }
            self.equation(&mut jaxpr, &mut scope)?;
        }
        self.expect("(")?;
        while !self.take(")") {
            let mut atom = self.atom(&scope)?;
            let result = results.iter().flatten().nth(jaxpr.outputs.len());
            if let (Atom::Var(var), Some(result)) = (&mut atom, result) {
                // Which of the results that are not used it is makes no difference but in type.
                let fits = |var: &&VarId| jaxpr.aval(**var) == result;
                if scope.dropped.contains(var) {
                    *var = *scope.dropped.iter().rev().find(fits).unwrap_or(var);
                }
            }
            jaxpr.outputs.push(atom);
            self.take(",");
        }
        self.expect("}")?;
        Ok(jaxpr)
    }

    /// Notes where the programs begin that stand before the one they are used in. One may use
    /// another that comes later, so they are read when they are used.
    fn skip_definitions(&mut self) -> Result<()> {
        while self.at_word("let") {
            self.at += "let".len();
            let name = self.word()?;
            self.expect("=")?;
            self.space();
            self.definitions.insert(name, Definition::At(self.at));
            let mut depth = 0;
            let end = self.rest().find(|c| {
                depth += (c == '{') as i32 - (c == '}') as i32;
                depth == 0
            });
            self.at += end.ok_or_else(|| self.unexpected("a program"))? + 1;
            self.expect("in")?;
        }
        Ok(())
    }

    /// A parameter that is a program, or the name of one.
    fn program_param(&mut self) -> Result<Param> {
        if self.peek("{") {
            return Ok(Param::Jaxpr(Arc::new(self.program()?)));
        }
        if self.take("(") {
            let mut jaxprs = vec![];
            while !self.take(")") {
                match self.program_param()? {
                    Param::Jaxpr(jaxpr) => jaxprs.push(jaxpr),
                    _ => return Err(self.unexpected("a program")),
                }
                self.take(",");
            }
            return Ok(Param::Jaxprs(jaxprs));
        }
        let before = self.at;
        let name = self.word()?;
        match self.definitions.get(name) {
            Some(Definition::Read(jaxpr)) => Ok(Param::Jaxpr(jaxpr.clone())),
            Some(Definition::At(start)) => {
                let here = std::mem::replace(&mut self.at, *start);
                let jaxpr = Arc::new(self.program()?);
                self.at = here;
                self.definitions.insert(name, Definition::Read(jaxpr.clone()));
                Ok(Param::Jaxpr(jaxpr))
            }
            None => {
                self.at = before;
                self.param()
            }
        }
    }

    fn at_word(&mut self, word: &str) -> bool {
        self.peek(word)
            && !self.rest()[word.len()..]
                .starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
    }

    fn equation(&mut self, jaxpr: &mut Jaxpr, scope: &mut Scope) -> Result<()> {
        let mut binders = vec![];
        let start = self.at;
        loop {
            let before = self.at;
            match self.binder() {
                Ok(binder) => binders.push(binder),
                Err(_) => {
                    self.at = before;
                    break;
                }
            }
        }
        if !binders.is_empty() {
            self.expect("=")?;
        } else {
            self.at = start;
        }
        let name = self.word()?.to_string();
        let mut params = HashMap::new();
        if self.rest().starts_with('[') {
            self.at += 1;
            while !self.take("]") {
                let key = self.word()?.to_string();
                self.expect("=")?;
                let value = match key.ends_with("jaxpr") || key == "branches" {
                    true => {
                        self.results =
                            (name == "jit").then(|| binders.iter().map(|b| b.1.clone()).collect());
                        self.program_param()?
                    }
                    false => self.param()?,
                };
                params.insert(key, value);
            }
        }
        let mut inputs: SmallVec<[Atom; 3]> = SmallVec::new();
        loop {
            // Operands end where the line ends, or with a semicolon, or before the results.
            let gap = &self.rest()[..self.rest().len() - self.rest().trim_start().len()];
            if gap.contains('\n') && !self.continues() || self.peek(";") || self.at_word("in") {
                break;
            }
            inputs.push(self.atom(scope)?);
        }
        let avals: Vec<Aval> = binders.iter().map(|(_, aval)| aval.clone()).collect();
        let reader = ParamReader { primitive: name.clone(), params };
        let op = from_params(&name, &reader, &avals)?;
        let mut outputs = SmallVec::new();
        for (name, aval) in binders {
            let var = jaxpr.new_var(aval);
            scope.insert(name, var);
            outputs.push(var);
        }
        jaxpr.eqns.push(Eqn { op, inputs, outputs });
        Ok(())
    }

    /// Whether the next line carries on with operands: it has no equation or end of its own.
    fn continues(&mut self) -> bool {
        let line = self.rest().trim_start().lines().next().unwrap_or("");
        let first = line.split_whitespace().next().unwrap_or("");
        // A number has its type before any bracket, an operation without results has none.
        let is_operation = first.split_once('[').is_some_and(|(name, _)| !name.contains(':'));
        !line.contains('=') && first != "in" && !is_operation
    }

    fn atom(&mut self, scope: &Scope) -> Result<Atom> {
        self.space();
        let start = self.rest();
        let literal = start.starts_with(|c: char| c.is_ascii_digit() || "-(".contains(c))
            || ["True:", "False:", "nan:", "nanj:", "inf:", "infj:", "key("]
                .iter()
                .any(|p| start.starts_with(p));
        if literal {
            let end = start.find(':').ok_or_else(|| self.unexpected("a literal"))?;
            let value = &start[..end];
            self.at += end + 1;
            let aval = self.aval()?;
            let tensor =
                literal_value(value, aval.dtype).ok_or_else(|| self.unexpected("a number"))?;
            return Ok(Atom::Const(Array::with_weak(tensor, aval.weak)));
        }
        let name = self.word()?;
        match scope.named.get(name) {
            Some(&var) => Ok(Atom::Var(var)),
            None => Err(Error::Program { message: format!("variable {name} is not defined") }),
        }
    }

    fn param(&mut self) -> Result<Param> {
        for (open, close) in [("(", ")"), ("[", "]")] {
            if self.take(open) {
                let mut items = vec![];
                while !self.take(close) {
                    items.push(self.param()?);
                    self.take(",");
                }
                return Ok(match open {
                    "(" => Param::Tuple(items),
                    _ => Param::List(items),
                });
            }
        }
        let word = self.run(|c| !c.is_whitespace() && !",()]".contains(c), "a parameter")?;
        if self.rest().starts_with('(') {
            self.at += 1;
            let mut fields = vec![];
            while !self.take(")") {
                let before = self.at;
                let key = self.word().map(str::to_string);
                let key = match (key, self.take("=")) {
                    (Ok(key), true) => key,
                    // A value without a name.
                    _ => {
                        self.at = before;
                        String::new()
                    }
                };
                fields.push((key, self.param()?));
                self.take(",");
            }
            return Ok(Param::Record(word.to_string(), fields));
        }
        Ok(match word {
            "None" => Param::None,
            "True" => Param::Bool(true),
            "False" => Param::Bool(false),
            word => match (word.parse::<i64>(), DType::from_name(word), word.parse::<f64>()) {
                (Ok(value), ..) => Param::Int(value),
                (_, Some(dtype), _) => Param::DType(dtype),
                (.., Ok(value)) => Param::Float(value),
                _ => Param::Word(word.to_string()),
            },
        })
    }
}

fn literal_value(text: &str, dtype: DType) -> Option<Tensor> {
    if dtype.is_complex() {
        let imaginary = |text: &str| text.strip_suffix('j')?.parse().ok().map(|im| (0.0, im));
        if let Some((re, im)) = imaginary(text) {
            return Some(complex_scalar(re, im, dtype));
        }
        let inner = text.strip_prefix('(')?.strip_suffix("j)")?;
        let split = inner
            .char_indices()
            .skip(1)
            .filter(|&(i, c)| "+-".contains(c) && !inner[..i].ends_with('e'))
            .last()?
            .0;
        let (re, im) = (inner[..split].parse().ok()?, inner[split..].parse().ok()?);
        return Some(complex_scalar(re, im, dtype));
    }
    if dtype == DType::KeyThreefry {
        let inner = text.strip_prefix("key(")?.strip_suffix(')')?;
        let (high, low) = inner.split_once(',')?;
        return Some(Tensor::scalar(pullback_engine::Key([high.parse().ok()?, low.parse().ok()?])));
    }
    match (text, dtype) {
        ("True", _) => Some(number(1.0, dtype)),
        ("False", _) => Some(number(0.0, dtype)),
        (text, DType::I64) => text.parse().ok().map(Tensor::scalar::<i64>),
        (text, DType::U64) => text.parse().ok().map(Tensor::scalar::<u64>),
        (text, _) => text.parse().ok().map(|value: f64| number(value, dtype)),
    }
}

fn complex_scalar(re: f64, im: f64, dtype: DType) -> Tensor {
    match dtype {
        DType::C64 => Tensor::scalar(Complex::<f32>::new(re as f32, im as f32)),
        _ => Tensor::scalar(Complex::<f64>::new(re, im)),
    }
}
