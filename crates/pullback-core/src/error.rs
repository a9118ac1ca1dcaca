//! Everything that can go wrong, in the user's terms.

use pullback_engine::{DType, HostError, Shape};

use crate::aval::{Aval, ShapeText};

/// The result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error: each variant says which function was called, with what, and what it would accept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Shapes that were to be repeated to a common one, and have none.
    #[error(
        "{function}: got incompatible shapes for broadcasting: {}, {}",
        ShapeText(lhs),
        ShapeText(rhs)
    )]
    Broadcast {
        /// The function called.
        function: String,
        /// Shape of the left operand.
        lhs: Shape,
        /// Shape of the right operand.
        rhs: Shape,
    },

    /// Operands of an elementwise operation that have one rank, and sizes that differ.
    ///
    /// Front ends tell this from [`Error::Broadcast`], as JAX does: it finds out about ranks before
    /// the operation, and about sizes in it.
    #[error(
        "{function}: got incompatible shapes for broadcasting: {}, {}",
        ShapeText(lhs),
        ShapeText(rhs)
    )]
    Elementwise {
        /// The function called.
        function: String,
        /// Shape of the left operand.
        lhs: Shape,
        /// Shape of the right operand.
        rhs: Shape,
    },

    /// An operand of a type that the function does not take.
    #[error("{function} does not accept dtype {dtype}; accepted are {accepted}")]
    DType {
        /// The function called.
        function: String,
        /// The type given.
        dtype: DType,
        /// The types it takes.
        accepted: &'static str,
    },

    /// Operands that must have one type have several.
    #[error("{function} requires arguments to have the same dtypes, got {lhs}, {rhs}")]
    DTypeMismatch {
        /// The function called.
        function: String,
        /// Type of one operand.
        lhs: DType,
        /// Type of another.
        rhs: DType,
    },

    /// Types that have no common type.
    #[error(
        "{function}: input dtypes ({dtypes}) have no available implicit dtype promotion path; \
         convert them to one type explicitly, e.g. with x.astype('float32')"
    )]
    Promotion {
        /// The function called.
        function: String,
        /// The types given.
        dtypes: String,
    },

    /// Arrays of different types met where no type is chosen for the user.
    #[error(
        "{function}: input dtypes ({dtypes}) have no available implicit dtype promotion path when \
         jax_numpy_dtype_promotion=strict; cast them to the output type, or set \
         jax_numpy_dtype_promotion=standard"
    )]
    StrictPromotion {
        /// The function called.
        function: String,
        /// The types given.
        dtypes: String,
    },

    /// An argument of the wrong kind.
    #[error("{function}: {message}")]
    Type {
        /// The function called.
        function: String,
        /// What was given and what would be accepted.
        message: String,
    },

    /// An argument of the right kind with an unacceptable value.
    #[error("{function}: {message}")]
    Value {
        /// The function called.
        function: String,
        /// What was given and what would be accepted.
        message: String,
    },

    /// An argument that JAX's function has, and that this one does nothing about.
    #[error("{function}: {message}")]
    Unsupported {
        /// The function called.
        function: String,
        /// What was given.
        message: String,
    },

    /// An axis that the array does not have.
    #[error("{function}: axis {axis} is out of bounds for array of dimension {rank}")]
    Axis {
        /// The function called.
        function: String,
        /// The axis given.
        axis: i64,
        /// The number of axes there are.
        rank: usize,
    },

    /// A division by zero that the arguments ask for, as a step of zero does.
    #[error("{function}: {message}")]
    ZeroDivision {
        /// The function called.
        function: String,
        /// What was given and what would be accepted.
        message: String,
    },

    /// A number that is too large for what it is used as.
    #[error("{function}: {message}")]
    Overflow {
        /// The function called.
        function: String,
        /// What was given and what would be accepted.
        message: String,
    },

    /// An array that does not fit in memory.
    #[error("{function}: an array of {elements} elements of {dtype} is too large")]
    TooLarge {
        /// The function called.
        function: String,
        /// Elements asked for.
        elements: u128,
        /// Their type.
        dtype: DType,
    },

    /// An index that cannot be used.
    #[error("{function}: {message}")]
    Index {
        /// The function called.
        function: String,
        /// What was given and what would be accepted.
        message: String,
    },

    /// A traced value was used where its contents are needed, as in `if x > 0`.
    #[error(
        "{}{what} needs the value of an array that is only being traced: {aval}",
        function.as_ref().map(|function| format!("{function}: ")).unwrap_or_default()
    )]
    Concretization {
        /// The function called, if there was one.
        function: Option<String>,
        /// What the contents were needed for.
        need: Need,
        /// How to name that to the user.
        what: String,
        /// What is known of the array.
        aval: Aval,
    },

    /// A tracer was used after the transformation that made it had ended.
    #[error(
        "{function}: an array of type {aval} from a transformation that has ended was used; \
         values of a transformed function may leave it only through its results"
    )]
    UnexpectedTracer {
        /// The function called.
        function: String,
        /// What is known of the array.
        aval: Aval,
    },

    /// A rule that an operation does not have.
    #[error("{rule} of '{primitive}' is not defined")]
    MissingRule {
        /// The operation.
        primitive: String,
        /// The rule asked for, such as "the forward derivative".
        rule: &'static str,
    },

    /// A function that is to be differentiated takes or gives a type that has no such derivative.
    #[error("{function} {message}")]
    Derivative {
        /// The transformation called.
        function: String,
        /// What it requires, and what was given.
        message: String,
    },

    /// Reverse mode reached an operation that is not linear in what is differentiated.
    #[error("'{primitive}' is not linear in the operands to be transposed")]
    NotLinear {
        /// The operation.
        primitive: String,
    },

    /// A name of a mapped axis that no enclosing transformation has.
    #[error(
        "{function}: found an unbound axis name: {name}; it must be the axis_name of an enclosing \
         vmap"
    )]
    UnboundAxis {
        /// The function called.
        function: String,
        /// The name.
        name: String,
    },

    /// Two containers that must have one structure differ.
    #[error("{function}: {message}")]
    Structure {
        /// The function called.
        function: String,
        /// How they differ.
        message: String,
    },

    /// A program whose text or structure is not valid.
    #[error("not a valid program: {message}")]
    Program {
        /// What is wrong with it.
        message: String,
    },

    /// A value that is not a number was computed while looking for such values.
    #[error("invalid value (nan) encountered in {primitive}")]
    NotANumber {
        /// The operation that computed it.
        primitive: String,
    },

    /// The engine failed.
    #[error("{0}")]
    Engine(pullback_engine::Error),

    /// An error of the host language, passed through.
    #[error("an error of the host program")]
    Host(HostError),
}

/// What the contents of a traced array were needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A condition of the host language.
    Bool,
    /// An index or a size.
    Integer,
    /// An array of the host language.
    Array,
    /// Any other concrete value.
    Value,
}

impl From<pullback_engine::Error> for Error {
    fn from(error: pullback_engine::Error) -> Error {
        match error {
            pullback_engine::Error::Host(host) => match host.0.downcast_ref::<Error>() {
                Some(error) => error.clone(),
                None => Error::Host(host),
            },
            error => Error::Engine(error),
        }
    }
}

impl Error {
    /// An argument of the wrong kind.
    pub fn type_error(function: impl Into<String>, message: impl Into<String>) -> Error {
        Error::Type { function: function.into(), message: message.into() }
    }

    /// An argument with an unacceptable value.
    pub fn value_error(function: impl Into<String>, message: impl Into<String>) -> Error {
        Error::Value { function: function.into(), message: message.into() }
    }

    /// An argument that is understood, but that nothing is done about.
    pub fn unsupported(function: impl Into<String>, message: impl Into<String>) -> Error {
        Error::Unsupported { function: function.into(), message: message.into() }
    }

    /// A traced array whose contents `what` needs.
    pub fn concretization(need: Need, what: impl Into<String>, aval: Aval) -> Error {
        Error::Concretization { function: None, need, what: what.into(), aval }
    }

    /// This error as one of `name`, the function that the user called; the error may have been
    /// found in a function called by it.
    pub fn within(mut self, name: &str) -> Error {
        if let Error::Engine(pullback_engine::Error::TooLarge { elements, dtype }) = self {
            return Error::TooLarge { function: name.to_string(), elements, dtype };
        }
        match &mut self {
            Error::Broadcast { function, .. }
            | Error::Elementwise { function, .. }
            | Error::DType { function, .. }
            | Error::DTypeMismatch { function, .. }
            | Error::Promotion { function, .. }
            | Error::StrictPromotion { function, .. }
            | Error::Type { function, .. }
            | Error::Value { function, .. }
            | Error::Axis { function, .. }
            | Error::ZeroDivision { function, .. }
            | Error::Overflow { function, .. }
            | Error::TooLarge { function, .. }
            | Error::Index { function, .. }
            | Error::UnexpectedTracer { function, .. }
            | Error::Unsupported { function, .. }
            | Error::Derivative { function, .. }
            | Error::Structure { function, .. } => *function = name.to_string(),
            Error::Concretization { function, .. } => *function = Some(name.to_string()),
            Error::MissingRule { .. }
            | Error::NotLinear { .. }
            | Error::UnboundAxis { .. }
            | Error::Program { .. }
            | Error::NotANumber { .. }
            | Error::Engine(_)
            | Error::Host(_) => {}
        }
        self
    }

    /// This error as one that can travel through the engine.
    pub fn into_host(self) -> HostError {
        match self {
            Error::Host(host) => host,
            error => HostError(std::sync::Arc::new(error)),
        }
    }
}
