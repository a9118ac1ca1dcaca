//! The one table of public functions, from which both languages' front ends are made.
//!
//! `#[api]` on a function adds a row to its module's `FUNCTIONS`: its name, its parameters with
//! their kinds and defaults, its documentation, and a way to call it with arguments that are
//! known only at run time. The Python module, its stubs and the coverage page read the rows.

pub use pullback_core::Result;
use pullback_core::{Array, DType, Error, Need, promote};

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
    /// What it gives, as Rust writes the type.
    pub returns: &'static str,
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
    /// An array or nothing, where nested sequences of numbers stand for an array too.
    Items,
    /// Whole numbers in sequences nested to any depth, or nothing: [`Arg::Int`] or [`Arg::List`].
    Nested,
    /// Words and whole numbers in sequences nested to any depth, or nothing: [`Arg::Str`],
    /// [`Arg::Int`] or [`Arg::List`].
    Words,
    /// Arrays in lists nested to any depth: [`Arg::Array`] or [`Arg::List`].
    Blocks,
    /// A sequence with one argument of each of these kinds: [`Arg::List`].
    Tuple(&'static [Kind]),
    /// Whatever was given, as the first of these that it is: nothing, a truth value, a whole
    /// number, a real number, a word, a slice, whole numbers, an array.
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
    /// Start, stop and step, as far as they are given.
    Slice([Option<i64>; 3]),
    /// Several arguments in one.
    List(Vec<Arg>),
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
    ///
    /// ```
    /// # use pullback::api::*;
    /// let mut args = Args::new("eye", vec![Arg::Int(2), Arg::Missing]);
    /// assert_eq!(args.next::<i64>("N", None)?, 2);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn new(function: &'static str, values: Vec<Arg>) -> Args {
        Args { function, values: values.into_iter() }
    }

    /// The next argument, or `default` if it was not given.
    ///
    /// ```
    /// # use pullback::api::*;
    /// let mut args = Args::new("eye", vec![Arg::Missing, Arg::Str("x".into())]);
    /// assert_eq!(args.next("k", Some(3i64))?, 3);
    /// assert!(args.next("k", Some(3i64)).is_err());
    /// # Ok::<(), pullback::Error>(())
    /// ```
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
            (arg, _) => T::try_arg(arg).map_err(|arg| {
                let given = arg.describe();
                Error::type_error(
                    self.function,
                    format!("argument '{name}' must be {}, got {given}", T::KIND.describe()),
                )
            }),
        }
    }

    /// Passes over an argument that makes no difference.
    ///
    /// ```
    /// # use pullback::api::*;
    /// let mut args = Args::new("zeros", vec![Arg::None, Arg::Int(2)]);
    /// args.skip();
    /// assert_eq!(args.next::<i64>("n", None)?, 2);
    /// # Ok::<(), pullback::Error>(())
    /// ```
    pub fn skip(&mut self) {
        self.values.next();
    }
}

impl Kind {
    /// What the parameter takes, in words.
    ///
    /// ```
    /// # use pullback::api::*;
    /// assert!(!Kind::Int.describe().is_empty());
    /// ```
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
            Kind::Items => "an array, numbers in nested sequences, or None",
            Kind::Nested => "integers in nested sequences",
            Kind::Words => "a string, or strings or integers in nested sequences",
            Kind::Blocks => "arrays in nested lists",
            Kind::Tuple(_) => "a tuple",
            Kind::Any | Kind::Ignored => "something else",
        }
    }
}

impl Arg {
    /// The array that the argument is; a number of the host language is weak.
    ///
    /// ```
    /// # use pullback::api::*;
    /// assert!(Arg::Float(2.0).array().is_some_and(|x| x.is_weak() && x == 2.0));
    /// assert!(Arg::Str("x".into()).array().is_none());
    /// ```
    pub fn array(self) -> Option<Array> {
        match self {
            Arg::Array(array) => Some(array),
            Arg::Bool(value) => Some(Array::from(value)),
            Arg::Int(value) => {
                let number = Array::weak_scalar(value);
                promote::to_type(&number, promote::default_int(), true).ok()
            }
            Arg::Float(value) => {
                let number = Array::weak_scalar(value);
                promote::to_type(&number, promote::default_float(), true).ok()
            }
            _ => None,
        }
    }

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
            Arg::Slice(parts) => format!("a slice of {parts:?}"),
            Arg::List(args) => {
                let args: Vec<String> = args.iter().map(Arg::describe).collect();
                format!("({})", args.join(", "))
            }
        }
    }
}

/// A type that an argument can be converted to.
pub trait FromArg: Sized {
    /// What a front end must hand over.
    const KIND: Kind;

    /// The value, if the argument has it.
    fn from_arg(arg: Arg) -> Option<Self>;

    /// The value, or the argument again.
    ///
    /// # Errors
    /// If the argument does not have it.
    fn try_arg(arg: Arg) -> std::result::Result<Self, Arg> {
        let given = arg.clone();
        Self::from_arg(arg).ok_or(given)
    }
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
    /// A word.
    Str(&'static str),
    /// A tuple of results of any kind.
    Values(Vec<Value>),
    /// Nothing.
    None,
}

impl Value {
    /// The value, where a tuple of arrays gets names for its fields.
    ///
    /// ```
    /// # use pullback::api::*;
    /// let pair = Value::Tuple(vec![1.into(), 2.into()]);
    /// let Value::Named(name, fields) = pair.named("Pair", &["x", "y"]) else { panic!("it fits") };
    /// assert_eq!((name, fields[1].0), ("Pair", "y"));
    /// ```
    pub fn named(self, name: &'static str, fields: &[&'static str]) -> Value {
        match self {
            Value::Tuple(arrays) if arrays.len() == fields.len() => {
                Value::Named(name, fields.iter().copied().zip(arrays).collect())
            }
            value => value,
        }
    }
}

macro_rules! from_arg {
    ($($type:ty, $kind:ident, $($pattern:pat => $value:expr),+;)*) => {
        $(impl FromArg for $type {
            const KIND: Kind = Kind::$kind;

            #[inline]
            fn from_arg(arg: Arg) -> Option<Self> {
                Self::try_arg(arg).ok()
            }

            #[inline]
            fn try_arg(arg: Arg) -> std::result::Result<Self, Arg> {
                match arg {
                    $($pattern => Ok($value),)+
                    arg => Err(arg),
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

            #[inline]
            fn from_arg(arg: Arg) -> Option<Self> {
                Self::try_arg(arg).ok()
            }

            #[inline]
            fn try_arg(arg: Arg) -> std::result::Result<Self, Arg> {
                match arg {
                    Arg::None | Arg::Missing => Ok(None),
                    arg => <$type>::try_arg(arg).map(Some),
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
    Items, Items;
    Nested, Nested;
    Table, Nested;
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

/// Whole numbers in sequences nested to any depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nested {
    /// One number.
    Int(i64),
    /// A sequence.
    List(Vec<Nested>),
}

impl Nested {
    /// The entries of a sequence.
    ///
    /// ```
    /// # use pullback::api::*;
    /// assert_eq!(Nested::from([1, 2]).entries().map(<[_]>::len), Some(2));
    /// assert_eq!(Nested::Int(1).entries(), None);
    /// ```
    pub fn entries(&self) -> Option<&[Nested]> {
        match self {
            Nested::Int(_) => None,
            Nested::List(entries) => Some(entries),
        }
    }

    /// The number, if it is one.
    ///
    /// ```
    /// # use pullback::api::*;
    /// assert_eq!(Nested::Int(7).int(), Some(7));
    /// ```
    pub fn int(&self) -> Option<i64> {
        match self {
            Nested::Int(value) => Some(*value),
            Nested::List(_) => None,
        }
    }

    /// The numbers of a sequence that holds nothing else.
    ///
    /// ```
    /// # use pullback::api::*;
    /// assert_eq!(Nested::from([1, 2]).ints(), Some(vec![1, 2]));
    /// assert_eq!(Nested::from([[1], [2]]).ints(), None);
    /// ```
    pub fn ints(&self) -> Option<Vec<i64>> {
        self.entries()?.iter().map(Nested::int).collect()
    }
}

impl FromArg for Nested {
    const KIND: Kind = Kind::Nested;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::Int(value) => Some(Nested::Int(value)),
            Arg::Ints(values) => Some(Nested::List(values.into_iter().map(Nested::Int).collect())),
            Arg::List(args) => {
                Some(Nested::List(args.into_iter().map(Nested::from_arg).collect::<Option<_>>()?))
            }
            Arg::Array(array) => {
                let tensor = array.concrete(Need::Integer, "nested integers").ok()?;
                let values = crate::numpy::dtypes::integers(&tensor)?;
                Some(Nested::shaped(&mut values.into_iter(), array.shape()))
            }
            _ => None,
        }
    }
}

impl Nested {
    fn shaped(values: &mut impl Iterator<Item = i64>, shape: &[usize]) -> Nested {
        match shape.split_first() {
            None => Nested::Int(values.next().unwrap_or_default()),
            Some((&size, rest)) => {
                Nested::List((0..size).map(|_| Nested::shaped(values, rest)).collect())
            }
        }
    }
}

impl From<i64> for Nested {
    fn from(value: i64) -> Nested {
        Nested::Int(value)
    }
}

impl<T: Into<Nested>, const N: usize> From<[T; N]> for Nested {
    fn from(values: [T; N]) -> Nested {
        Nested::List(values.into_iter().map(Into::into).collect())
    }
}

/// A table of whole numbers as a user gives it: one number, a row, or rows of them.
///
/// ```
/// # use pullback::api::*;
/// assert_eq!(Table::from(2), Table(vec![vec![2]]));
/// assert_eq!(Table::from([[0, 1], [2, 3]]), Table(vec![vec![0, 1], vec![2, 3]]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Table(pub Vec<Vec<i64>>);

impl FromArg for Table {
    const KIND: Kind = Kind::Nested;

    fn from_arg(arg: Arg) -> Option<Self> {
        let nested = Nested::from_arg(arg)?;
        if let Some(value) = nested.int() {
            return Some(Table(vec![vec![value]]));
        }
        if let Some(values) = nested.ints() {
            return Some(Table(vec![values]));
        }
        let row = |entry: &Nested| entry.ints().or_else(|| Some(vec![entry.int()?]));
        Some(Table(nested.entries()?.iter().map(row).collect::<Option<_>>()?))
    }
}

/// An array, for which nested sequences of numbers can be given.
///
/// ```
/// # use pullback::{Array, api::*};
/// assert_eq!(Items::from([1, 2]).0, Array::from([1, 2]));
/// ```
#[derive(Clone, Debug)]
pub struct Items(pub Array);

impl FromArg for Items {
    const KIND: Kind = Kind::Items;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::Array(array) => Some(Items(array)),
            _ => None,
        }
    }
}

impl<T: Into<Array>> From<T> for Items {
    fn from(value: T) -> Items {
        Items(value.into())
    }
}

/// Arrays in lists nested to any depth.
#[derive(Clone, Debug)]
pub enum Blocks {
    /// One array.
    Array(Array),
    /// A list.
    List(Vec<Blocks>),
}

impl FromArg for Blocks {
    const KIND: Kind = Kind::Blocks;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::Array(array) => Some(Blocks::Array(array)),
            Arg::Arrays(arrays) => {
                Some(Blocks::List(arrays.into_iter().map(Blocks::Array).collect()))
            }
            Arg::List(args) => {
                Some(Blocks::List(args.into_iter().map(Blocks::from_arg).collect::<Option<_>>()?))
            }
            _ => None,
        }
    }
}

impl From<&Array> for Blocks {
    fn from(array: &Array) -> Blocks {
        Blocks::Array(array.clone())
    }
}

impl<T: Into<Blocks>, const N: usize> From<[T; N]> for Blocks {
    fn from(values: [T; N]) -> Blocks {
        Blocks::List(values.into_iter().map(Into::into).collect())
    }
}

/// One array, or several in a sequence.
#[derive(Clone, Debug)]
pub enum OneOrMany {
    /// One array.
    One(Array),
    /// A sequence of arrays.
    Many(Vec<Array>),
}

impl FromArg for OneOrMany {
    const KIND: Kind = Kind::Arrays;

    fn from_arg(arg: Arg) -> Option<Self> {
        match arg {
            Arg::Array(array) => Some(OneOrMany::One(array)),
            Arg::Arrays(arrays) => Some(OneOrMany::Many(arrays)),
            _ => None,
        }
    }
}

macro_rules! tuple_args {
    ($(($($type:ident),+);)*) => {
        $(impl<$($type: FromArg),+> FromArg for ($($type,)+) {
            const KIND: Kind = Kind::Tuple(&[$($type::KIND),+]);

            fn from_arg(arg: Arg) -> Option<Self> {
                let Arg::List(args) = arg else { return None };
                let mut args = args.into_iter();
                let value = ($($type::from_arg(args.next()?)?,)+);
                args.next().is_none().then_some(value)
            }
        })*
    };
}

tuple_args! { (A, B); (A, B, C); }

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
///
/// ```
/// # use pullback::api::*;
/// assert_eq!(Sections::from(2), Sections::Count(2));
/// assert_eq!(Sections::from([1, 3]), Sections::At(vec![1, 3]));
/// ```
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
///
/// ```
/// # use pullback::api::*;
/// assert_eq!(Axes::from(-1), Axes::from([-1]));
/// ```
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
///
/// ```
/// # use pullback::{Array, api::*, numpy as jnp};
/// assert_eq!(jnp::reshape(&Array::from([1, 2]), Sizes(vec![2, -1]), "C", None)?.shape(), [2, 1]);
/// # Ok::<(), pullback::Error>(())
/// ```
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

impl From<(Array, Array, Array, Array)> for Value {
    fn from((x, y, z, w): (Array, Array, Array, Array)) -> Value {
        Value::Tuple(vec![x, y, z, w])
    }
}

impl From<(Array, bool)> for Value {
    fn from((x, flag): (Array, bool)) -> Value {
        Value::Values(vec![x.into(), flag.into()])
    }
}

impl From<OneOrMany> for Value {
    fn from(value: OneOrMany) -> Value {
        match value {
            OneOrMany::One(array) => Value::Array(array),
            OneOrMany::Many(arrays) => Value::Tuple(arrays),
        }
    }
}
