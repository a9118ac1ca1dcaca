//! Functions of two elements.
//!
//! The operands have one type. Their shapes are equal, or of equal rank with axes of size 1
//! repeated, or one of them is a scalar.

use pullback_engine::DType;
use pullback_engine::plan::Slot;
use pullback_engine::tile::ScalarOp;

use super::unary::Accepts;
use super::{Avals, Cotangent, Cotangents, Domain, Input, Op, Operand, Sample, Slots, one, rules};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::lower::Lowering;
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

pub mod add;
pub mod add_any;
pub mod and;
pub mod atan2;
pub mod complex;
pub mod div;
pub mod eq;
pub mod eq_to;
pub mod ge;
pub mod gt;
pub mod igamma;
pub mod igamma_grad_a;
pub mod igammac;
pub mod le;
pub mod le_to;
pub mod lt;
pub mod lt_to;
pub mod max;
pub mod min;
pub mod mul;
pub mod mulhi;
pub mod ne;
pub mod nextafter;
pub mod or;
pub mod polygamma;
pub mod pow;
pub mod random_gamma_grad;
pub mod rem;
pub mod shift_left;
pub mod shift_right_arithmetic;
pub mod shift_right_logical;
pub mod sub;
pub mod xor;
pub mod zeta;

/// A function of two elements.
pub trait Binary: super::Primitive + Clone {
    /// The name in the text of programs.
    const NAME: &'static str;
    /// The function.
    const KERNEL: ScalarOp;
    /// Where derivatives exist and differences can be trusted, for each operand.
    const DOMAINS: [Domain; 2] = [Domain::Real(-2.0, 2.0), Domain::Real(-2.0, 2.0)];
    /// The types it takes.
    const ACCEPTS: Accepts = Accepts::Number;

    /// The operands that there is no derivative with respect to, or no second one.
    const FIXED: &'static [usize] = &[];

    /// The value and its tangent. By default the function is flat wherever it is smooth.
    fn jvp(&self, [x, y]: [&Array; 2], _: [&Tangent; 2]) -> Result<(Array, Tangent)>
    where
        Self: Into<Op>,
    {
        let z = bind1(self.clone(), &[x, y])?;
        let dz = Tangent::zero(&z);
        Ok((z, dz))
    }

    /// The cotangents of the operands that the function is linear in. Axes along which an
    /// operand was repeated are summed by the family.
    fn transpose(&self, ct: &Array, inputs: [&Operand; 2]) -> Result<[Cotangent; 2]> {
        let _ = (ct, inputs);
        Err(self.not_linear())
    }

    /// The error for operands that the function is not linear in.
    fn not_linear(&self) -> Error {
        Error::NotLinear { primitive: Self::NAME.to_string() }
    }
}

/// The shape of an elementwise operation on operands of these shapes.
pub(crate) fn broadcast_shapes(
    function: &str,
    x: &[usize],
    y: &[usize],
) -> Result<crate::aval::Shape> {
    let mismatch =
        || Error::Elementwise { function: function.to_string(), lhs: x.into(), rhs: y.into() };
    if x == y || y.is_empty() {
        return Ok(x.into());
    }
    if x.is_empty() {
        return Ok(y.into());
    }
    if x.len() != y.len() {
        return Err(mismatch());
    }
    x.iter()
        .zip(y)
        .map(|(&a, &b)| match (a, b) {
            (1, size) | (size, 1) => Ok(size),
            (a, b) if a == b => Ok(a),
            _ => Err(mismatch()),
        })
        .collect()
}

pub(super) fn infer<P: Binary>(_: &P, inputs: &[Aval]) -> Result<Avals> {
    let [x, y] = inputs else { return Err(super::operand_count(P::NAME, 2, inputs.len())) };
    if x.dtype != y.dtype {
        return Err(Error::DTypeMismatch { function: P::NAME.into(), lhs: x.dtype, rhs: y.dtype });
    }
    P::ACCEPTS.check(P::NAME, x.dtype)?;
    let dtype = P::KERNEL.result(&[x.dtype, y.dtype]);
    let shape = broadcast_shapes(P::NAME, &x.shape, &y.shape)?;
    Ok(one(Aval { shape, dtype, weak: x.weak && y.weak }))
}

pub(super) fn jvp<P: Binary + Into<Op>>(
    op: &P,
    x: &[&Array],
    dx: &[Tangent],
) -> Result<(Arrays, Tangents)> {
    let (z, dz) = Binary::jvp(op, [x[0], x[1]], [&dx[0], &dx[1]])?;
    // A tangent of one operand alone has its shape, not yet that of the result.
    let dz = match dz {
        Tangent::Value(dz) if dz.shape() != z.shape() => {
            Tangent::Value(rules::broadcast_like(&dz, &z)?)
        }
        dz => dz,
    };
    Ok((one(z), one(dz)))
}

pub(super) fn transpose<P: Binary>(
    op: &P,
    ct: &[Cotangent],
    inputs: &[Operand],
) -> Result<Cotangents> {
    let Some(ct) = &ct[0] else { return Ok([None, None].into_iter().collect()) };
    let cotangents = Binary::transpose(op, ct, [&inputs[0], &inputs[1]])?;
    cotangents
        .into_iter()
        .zip(inputs)
        .map(|(ct, input)| ct.map(|ct| rules::sum_to(&ct, &input.aval().shape)).transpose())
        .collect()
}

/// Operands of an elementwise operation with their mapped axes in one place: in front, where the
/// operands differ. Scalars without a mapped axis stay scalars.
pub(crate) fn align(
    x: &[&Array],
    axes: &[BatchAxis],
    axis: &AxisData,
) -> Result<(Vec<Array>, usize)> {
    let rank = |(x, axis): (&&Array, &BatchAxis)| x.rank() - axis.is_some() as usize;
    let full = x.iter().zip(axes).map(rank).max().unwrap_or(0);
    let simple = |(x, a): (&&Array, &BatchAxis)| match a {
        Some(a) => axes.iter().all(|b| b.is_none_or(|b| b == *a)) && x.rank() == full + 1,
        None => x.rank() == 0,
    };
    if x.iter().zip(axes).all(simple) {
        let at = axes.iter().flatten().next().copied().unwrap_or(0);
        return Ok((x.iter().copied().cloned().collect(), at));
    }
    let _ = axis;
    let aligned = x
        .iter()
        .zip(axes)
        .map(|(x, a)| match a {
            Some(a) => {
                let x = super::structure::move_axis(x, *a, 0)?;
                // A mapped scalar beside larger operands gets axes of size 1 after the mapped one.
                if x.rank() == 1 && full > 0 {
                    let mut shape = crate::aval::Shape::from_elem(1, full + 1);
                    shape[0] = x.shape()[0];
                    return super::structure::broadcast_in_dim(&x, &shape, &[0]);
                }
                Ok(x)
            }
            None if x.rank() == 0 => Ok(Array::clone(x)),
            None => super::structure::expand_dims(x, &[0]),
        })
        .collect::<Result<_>>()?;
    Ok((aligned, 0))
}

pub(super) fn batch<P: Binary + Into<Op>>(
    op: &P,
    x: &[&Array],
    axes: &[BatchAxis],
    axis: &AxisData,
) -> Result<(Arrays, BatchAxes)> {
    let (x, at) = align(x, axes, axis)?;
    Ok((one(bind1(op.clone(), &[&x[0], &x[1]])?), one(Some(at))))
}

pub(super) fn lower<P: Binary>(
    plan: &mut Lowering,
    x: &[Slot],
    inputs: &[Aval],
    outputs: &[Aval],
) -> Result<Slots> {
    plan.elementwise(P::KERNEL, x, inputs, &outputs[0])
}

pub(super) fn samples<P: Binary + Into<Op>>(op: P) -> Vec<Sample> {
    let shapes: &[[&[usize]; 2]] = &[
        [&[], &[]],
        [&[0], &[0]],
        [&[1], &[1]],
        [&[2, 3], &[2, 3]],
        [&[2, 3], &[]],
        [&[], &[3]],
        [&[2, 1], &[1, 3]],
    ];
    let mut samples = vec![];
    for &dtype in DType::NUMERIC {
        if P::ACCEPTS.has(dtype) {
            for shape in shapes {
                let input = |at: usize| Input::new(shape[at], dtype, P::DOMAINS[at]);
                let sample = Sample::new(op.clone(), [input(0), input(1)]);
                samples.push(sample.fixed(P::FIXED));
            }
        }
    }
    samples
}
