//! The one table of public functions, from which both languages' front ends are made.
//!
//! `#[api]` on a function adds a row to its module's `FUNCTIONS`: its name, its parameters with
//! their kinds and defaults, its documentation, and a way to call it with arguments that are
//! known only at run time. The Python module, its stubs and the coverage page read the rows.

pub use pullback_core::Result;
use pullback_core::{Array, DType, Error, Need};

/// A public function.
pub struct ApiFn {
    /// Its name.
    pub name: &'static str,
    /// Further names of the same function.
    pub aliases: &'static [&'static str],
    /// Its parameters, in order.
    pub params: fn() -> Vec<Param>,
    /// Its documentation.
    pub doc: &'static str,
    /// Calls it; there is one argument for each parameter, in order.
    pub call: fn(&mut Args) -> Result<Value>,
}

/// A parameter of a public function.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Its default, as Python writes it; `None` if an argument must be given.
    pub default: Option<&'static str>,
    /// Whether it can be given by name only.
    pub keyword_only: bool,
}

/// What a parameter takes. A front end converts what its user gave accordingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An array, or what can become one.
    Array,
    /// An array or nothing.
    OptionalArray,
    /// A sequence of arrays, or one array that stands for its entries along its first axis.
    Arrays,
    /// All remaining positional arguments, as arrays: [`Arg::Arrays`].
    Variadic,
    /// A whole number.
    Int,
    /// A whole number or nothing.
    OptionalInt,
    /// A whole number, a sequence of them, or nothing; handed over as [`Arg::Int`],
    /// [`Arg::Ints`] or [`Arg::None`], as it was given.
    Ints,
    /// A shape: a whole number or a sequence of them.
    Shape,
    /// A shape or nothing.
    OptionalShape,
    /// A real number.
    Float,
    /// A real number or nothing.
    OptionalFloat,
    /// A truth value.
    Bool,
    /// A truth value or nothing.
    OptionalBool,
    /// A word.
    Str,
    /// A word or nothing.
    OptionalStr,
    /// An element type or nothing.
    DType,
    /// Whatever was given, as the first of these that it is: nothing, a truth value, a whole
    /// number, a real number, a word, whole numbers, an array.
    Any,
    /// Anything; it makes no difference. Kept so that programs for JAX run.
    Ignored,
}

/// An argument, as a front end hands it over.
#[derive(Clone, Debug)]
pub enum Arg {
    /// Not given: the default applies.
    Missing,
    /// Nothing, given explicitly.
    None,
    /// An array.
    Array(Array),
    /// Several arrays.
    Arrays(Vec<Array>),
    /// A whole number.
    Int(i64),
    /// Several whole numbers.
    Ints(Vec<i64>),
    /// A real number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A word.
    Str(String),
    /// An element type.
    DType(DType),
}

/// The arguments of one call.
pub struct Args {
    /// The function called, for messages.
    pub function: &'static str,
    /// One for each parameter, in order.
    pub values: std::vec::IntoIter<Arg>,
}

impl Args {
    /// The arguments of a call.
    pub fn new(function: &'static str, values: Vec<Arg>) -> Args {
        Args { function, values: values.into_iter() }
    }

    /// The next argument, or `default` if it was not given.
    ///
    /// # Errors
    /// If the argument is of the wrong kind, or missing and there is no default.
    pub fn next<T: FromArg>(&mut self, name: &'static str, default: Option<T>) -> Result<T> {
        let arg = self.values.next().unwrap_or(Arg::Missing);
        match (arg, default) {
            (Arg::Missing, Some(default)) => Ok(default),
            (Arg::Missing, None) => Err(Error::type_error(
                self.function,
                format!("missing a required argument: '{name}'"),
            )),
            (arg, _) => {
                let given = arg.describe();
                T::from_arg(arg).ok_or_else(|| {
                    Error::type_error(
                        self.function,
                        format!("argument '{name}' must be {}, got {given}", T::KIND.describe()),
                    )
                })
            }
        }
    }

    /// Passes over an argument that makes no difference.
    pub fn skip(&mut self) {
        self.values.next();
    }
}

impl Kind {
    /// What the parameter takes, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Kind::Array => "an array",
            Kind::OptionalArray => "an array or None",
            Kind::Arrays | Kind::Variadic => "arrays",
            Kind::Int => "an integer",
            Kind::OptionalInt => "an integer or None",
            Kind::Ints => "an integer, a sequence of integers or None",
            Kind::Shape => "a shape",
            Kind::OptionalShape => "a shape or None",
            Kind::Float => "a number",
            Kind::OptionalFloat => "a number or None",
            Kind::Bool => "True or False",
            Kind::OptionalBool => "True, False or None",
            Kind::Str => "a string",
            Kind::OptionalStr => "a string or None",
            Kind::DType => "a dtype or None",
            Kind::Any | Kind::Ignored => "something else",
        }
    }
}

impl Arg {
    fn describe(&self) -> String {
        match self {
            Arg::Missing => "nothing".into(),
            Arg::None => "None".into(),
            Arg::Array(array) => format!("an array of type {}", array.aval()),
            Arg::Arrays(arrays) => format!("{} arrays", arrays.len()),
            Arg::Int(value) => value.to_string(),
            Arg::Ints(values) => format!("{values:?}"),
            Arg::Float(value) => value.to_string(),
            Arg::Bool(value) => value.to_string(),
            Arg::Str(value) => format!("'{value}'"),
            Arg::DType(value) => value.to_string(),
        }
    }
}

/// A type that an argument can be converted to.
pub trait FromArg: Sized {
    /// What a front end must hand over.
    const KIND: Kind;

    /// The value, if the argument has it.
    fn from_arg(arg: Arg) -> Option<Self>;
}

/// A struct of optional arguments, shared by a family of functions; see `#[derive(Keywords)]`.
pub trait Keywords: Sized + Default {
    /// The parameters, one for each field.
    fn params() -> Vec<Param>;

    /// The struct with the fields given.
    ///
    /// # Errors
    /// If an argument is of the wrong kind.
    fn from_args(args: &mut Args) -> Result<Self>;
}

/// The result of a public function.
#[derive(Clone, Debug)]
pub enum Value {
    /// One array.
    Array(Array),
    /// A tuple of arrays.
    Tuple(Vec<Array>),
    /// A list of arrays.
    List(Vec<Array>),
    /// A tuple of arrays whose fields have names.
    Named(&'static str, Vec<(&'static str, Array)>),
    /// A truth value of the host language.
    Bool(bool),
    /// A whole number of the host language.
    Int(i64),
    /// A tuple of whole numbers of the host language.
    Ints(Vec<i64>),
    /// An element type.
    DType(DType),
    /// Nothing.
    None,
}

macro_rules! from_arg {
    ($($type:ty, $kind:ident, $($pattern:pat => $value:expr),+;)*) => {
        $(impl FromArg for $type {
            const KIND: Kind = Kind::$kind;

            fn from_arg(arg: Arg) -> Option<Self> {
                match arg {
                    $($pattern => Some($value),)+
                    _ => None,
                }
            }
        })*
    };
}

from_arg! {
    Array, Array, Arg::Array(value) => value;
    i64, Int, Arg::Int(value) => value, Arg::Bool(value) => value as i64;
    f64, Float, Arg::Float(value) => value, Arg::Int(value) => value as f64;
    bool, Bool, Arg::Bool(value) => value;
    String, Str, Arg::Str(value) => value;
    Sizes, Shape, Arg::Ints(value) => Sizes(value), Arg::Int(value) => Sizes(vec![value]);
    Axes, Ints, Arg::Ints(value) => Axes(value), Arg::Int(value) => Axes(vec![value]);
    (), Ignored, Arg::None => (), Arg::Missing => ();
}

impl FromArg for Arg {
    const KIND: Kind = Kind::Any;

    fn from_arg(arg: Arg) -> Option<Self> {
        Some(arg)
    }
}

impl FromArg for Vec<Array> {
    const KIND: Kind = Kind::Arrays;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::Arrays(values) => Some(values),
            Arg::Array(value) if value.rank() > 0 => crate::numpy::manipulation::rows(&value).ok(),
            _ => None,
        }
    }
}

macro_rules! optional_arg {
    ($($type:ty, $kind:ident;)*) => {
        $(impl FromArg for Option<$type> {
            const KIND: Kind = Kind::$kind;

            fn from_arg(arg: Arg) -> Option<Self> {
                match arg {
                    Arg::None | Arg::Missing => Some(None),
                    arg => <$type>::from_arg(arg).map(Some),
                }
            }
        })*
    };
}

optional_arg! {
    Array, OptionalArray;
    i64, OptionalInt;
    f64, OptionalFloat;
    bool, OptionalBool;
    String, OptionalStr;
    Axes, Ints;
    Sizes, OptionalShape;
}

impl FromArg for Option<DType> {
    const KIND: Kind = Kind::DType;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::None | Arg::Missing => Some(None),
            Arg::DType(value) => Some(Some(value)),
            _ => None,
        }
    }
}

/// A table of whole numbers as a user gives it: one number, a row, or rows of them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Table(pub Vec<Vec<i64>>);

impl FromArg for Table {
    const KIND: Kind = Kind::Array;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::Int(value) => Some(Table(vec![vec![value]])),
            Arg::Ints(values) => Some(Table(vec![values])),
            Arg::Array(array) => {
                let tensor = array.concrete(Need::Integer, "a table of integers").ok()?;
                let values = crate::numpy::dtypes::integers(&tensor)?;
                match *array.shape() {
                    [] | [_] => Some(Table(vec![values])),
                    [_, 0] => None,
                    [_, columns] => {
                        Some(Table(values.chunks(columns).map(<[i64]>::to_vec).collect()))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl From<i64> for Table {
    fn from(value: i64) -> Table {
        Table(vec![vec![value]])
    }
}

impl<const N: usize> From<[i64; N]> for Table {
    fn from(values: [i64; N]) -> Table {
        Table(vec![values.to_vec()])
    }
}

impl<const N: usize, const M: usize> From<[[i64; M]; N]> for Table {
    fn from(rows: [[i64; M]; N]) -> Table {
        Table(rows.iter().map(|row| row.to_vec()).collect())
    }
}

/// How an array is split: into a number of parts, or before the positions given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sections {
    /// So many parts.
    Count(i64),
    /// Before each of these positions.
    At(Vec<i64>),
}

impl FromArg for Sections {
    const KIND: Kind = Kind::Ints;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::Int(count) => Some(Sections::Count(count)),
            Arg::Ints(at) => Some(Sections::At(at)),
            _ => None,
        }
    }
}

impl From<i64> for Sections {
    fn from(count: i64) -> Sections {
        Sections::Count(count)
    }
}

impl<const N: usize> From<[i64; N]> for Sections {
    fn from(at: [i64; N]) -> Sections {
        Sections::At(at.to_vec())
    }
}

/// Axes as a user gives them: possibly negative, one or several.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Axes(pub Vec<i64>);

impl From<i64> for Axes {
    fn from(axis: i64) -> Axes {
        Axes(vec![axis])
    }
}

impl<const N: usize> From<[i64; N]> for Axes {
    fn from(axes: [i64; N]) -> Axes {
        Axes(axes.to_vec())
    }
}

// What a bare literal is where several types would do.
impl From<i32> for Axes {
    fn from(axis: i32) -> Axes {
        Axes(vec![axis.into()])
    }
}

impl<const N: usize> From<[i32; N]> for Axes {
    fn from(axes: [i32; N]) -> Axes {
        Axes(axes.map(i64::from).to_vec())
    }
}

/// A shape as a user gives it: one entry may be -1 where a function says so.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Sizes(pub Vec<i64>);

impl<const N: usize> From<[i64; N]> for Sizes {
    fn from(sizes: [i64; N]) -> Sizes {
        Sizes(sizes.to_vec())
    }
}

impl From<&Sizes> for Sizes {
    fn from(sizes: &Sizes) -> Sizes {
        sizes.clone()
    }
}

impl From<()> for Sizes {
    fn from((): ()) -> Sizes {
        Sizes(vec![])
    }
}

impl From<i64> for Sizes {
    fn from(size: i64) -> Sizes {
        Sizes(vec![size])
    }
}

impl<const N: usize> From<[usize; N]> for Sizes {
    fn from(sizes: [usize; N]) -> Sizes {
        Sizes::from(&sizes[..])
    }
}

// What a bare literal is where several types would do.
impl From<i32> for Sizes {
    fn from(size: i32) -> Sizes {
        Sizes(vec![size.into()])
    }
}

impl<const N: usize> From<[i32; N]> for Sizes {
    fn from(sizes: [i32; N]) -> Sizes {
        Sizes(sizes.map(i64::from).to_vec())
    }
}

impl From<&[usize]> for Sizes {
    fn from(sizes: &[usize]) -> Sizes {
        Sizes(sizes.iter().map(|&size| size as i64).collect())
    }
}

macro_rules! into_value {
    ($($type:ty => $variant:ident;)*) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Value {
                Value::$variant(value)
            }
        })*
    };
}

into_value! {
    Array => Array;
    bool => Bool;
    i64 => Int;
    DType => DType;
    Vec<i64> => Ints;
    Vec<Array> => List;
}

impl From<(Array, Array)> for Value {
    fn from((x, y): (Array, Array)) -> Value {
        Value::Tuple(vec![x, y])
    }
}

impl From<(Array, Array, Array)> for Value {
    fn from((x, y, z): (Array, Array, Array)) -> Value {
        Value::Tuple(vec![x, y, z])
    }
}
