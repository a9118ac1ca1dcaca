//! Functions of one element.

use pullback_engine::DType;
use pullback_engine::plan::Slot;
use pullback_engine::tile::ScalarOp;

use super::{Avals, Cotangent, Cotangents, Domain, Operand, Sample, Slots, one};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::lower::Lowering;
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

pub mod abs;
pub mod acos;
pub mod acosh;
pub mod asin;
pub mod asinh;
pub mod atan;
pub mod atanh;
pub mod bessel_i0e;
pub mod bessel_i1e;
pub mod cbrt;
pub mod ceil;
pub mod clz;
pub mod conj;
pub mod copy;
pub mod cos;
pub mod cosh;
pub mod digamma;
pub mod erf;
pub mod erf_inv;
pub mod erfc;
pub mod exp;
pub mod exp2;
pub mod expm1;
pub mod floor;
pub mod imag;
pub mod is_finite;
pub mod lgamma;
pub mod log;
pub mod log1p;
pub mod log2;
pub mod logistic;
pub mod neg;
pub mod not;
pub mod one_minus_square;
pub mod population_count;
pub mod real;
pub mod rsqrt;
pub mod sign;
pub mod sin;
pub mod sinh;
pub mod sqrt;
pub mod square;
pub mod tan;
pub mod tanh;

/// A function of one element.
pub trait Unary: super::Primitive + Clone {
    /// The name in the text of programs.
    const NAME: &'static str;
    /// The function.
    const KERNEL: ScalarOp;
    /// Where derivatives exist and differences can be trusted.
    const DOMAIN: Domain = Domain::Real(-2.0, 2.0);
    /// The types it takes.
    const ACCEPTS: Accepts = Accepts::Inexact;

    /// The derivative at `x`, where `y` is the value.
    fn derivative(&self, x: &Array, y: &Array) -> Result<Array> {
        let _ = (x, y);
        Err(self.missing("the forward derivative"))
    }

    /// The tangent of the value; by default the derivative times `dx`.
    fn tangent(&self, x: &Array, dx: &Array, y: &Array) -> Result<Tangent> {
        Ok(Tangent::Value(super::binary::mul::mul(dx, &self.derivative(x, y)?)?))
    }

    /// The cotangent of the operand, if the function is linear.
    fn transpose(&self, ct: &Array, x: &Aval) -> Result<Cotangent> {
        let _ = (ct, x);
        Err(Error::NotLinear { primitive: Self::NAME.to_string() })
    }
}

/// Families of types, as primitives tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Floating and complex numbers.
    Inexact,
    /// Floating numbers.
    Float,
    /// Complex numbers.
    Complex,
    /// The parts of complex numbers.
    ComplexPart,
    /// Integers.
    Integer,
    /// Integers and bool.
    Bits,
    /// All numbers but bool.
    Number,
    /// All numbers but complex ones.
    Ordered,
    /// All numbers but complex ones and bool.
    Real,
    /// Everything that arithmetic is defined for.
    Any,
    /// Everything, keys included.
    Opaque,
}

impl Accepts {
    /// Whether the family has this type.
    pub fn has(self, dtype: DType) -> bool {
        let bool = dtype == DType::Bool;
        match self {
            Accepts::Inexact => dtype.is_inexact(),
            Accepts::Float => dtype.is_float(),
            Accepts::Complex => dtype.is_complex(),
            Accepts::ComplexPart => matches!(dtype, DType::F32 | DType::F64),
            Accepts::Integer => dtype.is_integer(),
            Accepts::Bits => dtype.is_integer() || bool,
            Accepts::Number => dtype.is_integer() || dtype.is_inexact(),
            Accepts::Ordered => dtype.is_integer() || dtype.is_float() || bool,
            Accepts::Real => dtype.is_integer() || dtype.is_float(),
            Accepts::Any => !dtype.is_opaque(),
            Accepts::Opaque => true,
        }
    }

    /// How to say it to the user.
    pub fn text(self) -> &'static str {
        match self {
            Accepts::Inexact => "floating and complex types",
            Accepts::Float => "floating types",
            Accepts::Complex => "complex types",
            Accepts::ComplexPart => "float32 and float64",
            Accepts::Integer => "integer types",
            Accepts::Bits => "integer types and bool",
            Accepts::Number => "integer, floating and complex types",
            Accepts::Ordered => "bool, integer and floating types",
            Accepts::Real => "integer and floating types",
            Accepts::Any | Accepts::Opaque => "all types",
        }
    }

    /// An error, unless the family has this type.
    pub fn check(self, function: &str, dtype: DType) -> Result<()> {
        if self.has(dtype) {
            return Ok(());
        }
        Err(Error::DType { function: function.to_string(), dtype, accepted: self.text() })
    }
}

pub(super) fn infer<P: Unary>(_: &P, inputs: &[Aval]) -> Result<Avals> {
    let [x] = inputs else { return Err(super::operand_count(P::NAME, 1, inputs.len())) };
    P::ACCEPTS.check(P::NAME, x.dtype)?;
    let dtype = P::KERNEL.result(&[x.dtype]);
    Ok(one(Aval { dtype, weak: x.weak, shape: x.shape.clone() }))
}

pub(super) fn jvp<P: Unary + Into<super::Op>>(
    op: &P,
    x: &[&Array],
    dx: &[Tangent],
) -> Result<(Arrays, Tangents)> {
    let y = bind1(op.clone(), &[x[0]])?;
    let dy = match &dx[0] {
        Tangent::Value(dx) if y.dtype().is_inexact() => op.tangent(x[0], dx, &y)?,
        _ => Tangent::zero(&y),
    };
    Ok((one(y), one(dy)))
}

pub(super) fn transpose<P: Unary>(
    op: &P,
    ct: &[Cotangent],
    inputs: &[Operand],
) -> Result<Cotangents> {
    match &ct[0] {
        Some(ct) => Ok(one(Unary::transpose(op, ct, &inputs[0].aval())?)),
        None => Ok(one(None)),
    }
}

pub(super) fn batch<P: Unary + Into<super::Op>>(
    op: &P,
    x: &[&Array],
    axes: &[BatchAxis],
    _: &AxisData,
) -> Result<(Arrays, BatchAxes)> {
    Ok((one(bind1(op.clone(), &[x[0]])?), one(axes[0])))
}

pub(super) fn lower<P: Unary>(
    plan: &mut Lowering,
    x: &[Slot],
    inputs: &[Aval],
    outputs: &[Aval],
) -> Result<Slots> {
    plan.elementwise(P::KERNEL, x, inputs, &outputs[0])
}

pub(super) fn samples<P: Unary + Into<super::Op>>(op: P) -> Vec<Sample> {
    let mut samples = vec![];
    for &dtype in DType::NUMERIC {
        if P::ACCEPTS.has(dtype) {
            for shape in [&[][..], &[0], &[1], &[2, 3]] {
                samples.push(Sample::new(op.clone(), [super::Input::new(shape, dtype, P::DOMAIN)]));
            }
        }
    }
    samples
}
