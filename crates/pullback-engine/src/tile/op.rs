//! The operations on single elements that tile programs are made of.

use crate::dtype::DType;

use super::table;

/// One elementwise operation.
///
/// Every operand has the same element type, but for the predicate of [`ScalarOp::Select`].
/// Arithmetic of `bf16` and `f16` is that of `f32`, rounded after each operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum ScalarOp {
    // Of one operand.
    Copy,
    Neg,
    /// The magnitude; that of a complex number is real.
    Abs,
    /// -1, 0 or 1 with zeros and NaN kept; of a complex number `x / |x|`.
    Sign,
    Floor,
    Ceil,
    RoundAwayFromZero,
    RoundToEven,
    Exp,
    Exp2,
    Expm1,
    Log,
    Log1p,
    Log2,
    Sqrt,
    Rsqrt,
    Cbrt,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
    Logistic,
    Erf,
    Erfc,
    ErfInv,
    Lgamma,
    Digamma,
    BesselI0e,
    BesselI1e,
    Square,
    /// `1 - x²`, the derivative of tanh in terms of its value.
    OneMinusSquare,
    /// The complement of the bits; of a truth value, its negation.
    Not,
    PopulationCount,
    /// The number of leading zero bits.
    Clz,
    /// A power by repeated squaring; a negative exponent takes the reciprocal of the result.
    IntegerPow(i32),
    /// Neither infinite nor NaN: a truth value.
    IsFinite,
    Real,
    Imag,
    Conj,
    /// Rounds to a type of as many bits of exponent and mantissa, and back.
    ReducePrecision {
        exponent: u8,
        mantissa: u8,
    },
    /// The value in another type. Float to integer saturates and takes NaN to zero, integers
    /// wrap, complex to real drops the imaginary part, and all but zero is true.
    Convert(DType),
    /// The same bits as another type, which has as many.
    Bitcast(DType),

    // Of two operands.
    Add,
    Sub,
    Mul,
    /// Of integers: truncated; by zero it gives all ones.
    Div,
    /// The remainder, with the sign of the dividend; of integers by zero, the dividend.
    Rem,
    /// The larger, and NaN if either is; complex numbers are ordered by real part first.
    Max,
    /// The smaller, likewise.
    Min,
    Pow,
    Atan2,
    And,
    Or,
    Xor,
    /// By as many bits as the type has, or more, the result is 0.
    ShiftLeft,
    /// By as many bits as the type has, or more, every bit of the result is the sign.
    ShiftRightArithmetic,
    /// By as many bits as the type has, or more, the result is 0.
    ShiftRightLogical,
    Nextafter,
    /// The complex number of a real and an imaginary part.
    Complex,
    /// The upper half of the product of two integers.
    MulHi,
    /// The regularized lower incomplete gamma function of parameter and bound.
    Igamma,
    /// The regularized upper incomplete gamma function, likewise.
    Igammac,
    /// The derivative of the former with respect to the parameter.
    IgammaGradA,
    /// The derivative of a sample of the gamma distribution with respect to the parameter.
    RandomGammaGrad,
    /// The zeta function of Hurwitz, of exponent and start.
    Zeta,
    /// The derivative of the digamma function, of order and argument.
    Polygamma,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// Comparisons in the total order -NaN < -inf < -0 < +0 < inf < NaN.
    EqTo,
    LtTo,
    LeTo,

    // Of three operands.
    /// `select(predicate, on_true, on_false)`.
    Select,
    /// `clamp(low, x, high)`, NaN if any of them is.
    Clamp,
    /// The regularized incomplete beta function of two parameters and a bound.
    Betainc,
}

impl ScalarOp {
    /// The number of operands.
    pub fn arity(self) -> usize {
        use ScalarOp::*;
        match self {
            Add | Sub | Mul | Div | Rem | Max | Min | Pow | Atan2 | And | Or | Xor | ShiftLeft
            | ShiftRightArithmetic | ShiftRightLogical | Nextafter | Complex | MulHi | Igamma
            | Igammac | IgammaGradA | RandomGammaGrad | Zeta | Polygamma | Eq | Ne | Lt | Le
            | Gt | Ge | EqTo | LtTo | LeTo => 2,
            Select | Clamp | Betainc => 3,
            _ => 1,
        }
    }

    /// The type of the result for operands of the given types, where the operation is defined.
    pub fn result(self, operands: &[DType]) -> DType {
        self.result_of(self.key(operands))
    }

    /// The type of the result for operands of one type (predicates aside).
    #[inline(always)]
    pub(crate) fn result_of(self, dtype: DType) -> DType {
        use ScalarOp::*;
        match self {
            Abs | Real | Imag => dtype.real(),
            Complex => dtype.complex(),
            IsFinite | Eq | Ne | Lt | Le | Gt | Ge | EqTo | LtTo | LeTo => DType::Bool,
            Convert(to) | Bitcast(to) => to,
            _ => dtype,
        }
    }

    /// The type that selects the kernel: that of the operands, predicates aside.
    pub(crate) fn key(self, operands: &[DType]) -> DType {
        operands[(self == ScalarOp::Select) as usize]
    }

    /// Whether the operation is defined for operands of the given type (predicates aside).
    pub fn is_defined(self, dtype: DType) -> bool {
        table::find(self, dtype).is_some()
    }

    /// The name that programs and errors use.
    pub fn name(self) -> &'static str {
        use ScalarOp::*;
        match self {
            Copy => "copy",
            Neg => "neg",
            Abs => "abs",
            Sign => "sign",
            Floor => "floor",
            Ceil => "ceil",
            RoundAwayFromZero => "round_away_from_zero",
            RoundToEven => "round_to_even",
            Exp => "exp",
            Exp2 => "exp2",
            Expm1 => "expm1",
            Log => "log",
            Log1p => "log1p",
            Log2 => "log2",
            Sqrt => "sqrt",
            Rsqrt => "rsqrt",
            Cbrt => "cbrt",
            Sin => "sin",
            Cos => "cos",
            Tan => "tan",
            Asin => "asin",
            Acos => "acos",
            Atan => "atan",
            Sinh => "sinh",
            Cosh => "cosh",
            Tanh => "tanh",
            Asinh => "asinh",
            Acosh => "acosh",
            Atanh => "atanh",
            Logistic => "logistic",
            Erf => "erf",
            Erfc => "erfc",
            ErfInv => "erf_inv",
            Lgamma => "lgamma",
            Digamma => "digamma",
            BesselI0e => "bessel_i0e",
            BesselI1e => "bessel_i1e",
            Square => "square",
            OneMinusSquare => "one_minus_square",
            Not => "not",
            PopulationCount => "population_count",
            Clz => "clz",
            IntegerPow(_) => "integer_pow",
            IsFinite => "is_finite",
            Real => "real",
            Imag => "imag",
            Conj => "conj",
            ReducePrecision { .. } => "reduce_precision",
            Convert(_) => "convert_element_type",
            Bitcast(_) => "bitcast_convert_type",
            Add => "add",
            Sub => "sub",
            Mul => "mul",
            Div => "div",
            Rem => "rem",
            Max => "max",
            Min => "min",
            Pow => "pow",
            Atan2 => "atan2",
            And => "and",
            Or => "or",
            Xor => "xor",
            ShiftLeft => "shift_left",
            ShiftRightArithmetic => "shift_right_arithmetic",
            ShiftRightLogical => "shift_right_logical",
            Nextafter => "nextafter",
            Complex => "complex",
            MulHi => "mulhi",
            Igamma => "igamma",
            Igammac => "igammac",
            IgammaGradA => "igamma_grad_a",
            RandomGammaGrad => "random_gamma_grad",
            Zeta => "zeta",
            Polygamma => "polygamma",
            Eq => "eq",
            Ne => "ne",
            Lt => "lt",
            Le => "le",
            Gt => "gt",
            Ge => "ge",
            EqTo => "eq_to",
            LtTo => "lt_to",
            LeTo => "le_to",
            Select => "select",
            Clamp => "clamp",
            Betainc => "regularized_incomplete_beta",
        }
    }
}
