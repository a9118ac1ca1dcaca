//! `clamp`: the element, but not below one bound nor above another.

use pullback_engine::DType;
use pullback_engine::plan::Slot;
use pullback_engine::tile::ScalarOp;

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::lower::Lowering;
use crate::primitives::rules::{and, broadcast_to, ge, gt, le, lt, select, zeros};
use crate::primitives::unary::Accepts;
use crate::primitives::{Avals, Domain, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// No parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Clamp;

/// `x` where it lies between `low` and `high`, else the bound it passes. The bounds are scalars
/// or of the shape of `x`.
///
/// # Errors
/// If the types differ or the bounds have another shape.
pub fn clamp(low: &Array, x: &Array, high: &Array) -> Result<Array> {
    bind1(Clamp, &[low, x, high])
}

impl Primitive for Clamp {
    fn name(&self) -> &str {
        "clamp"
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [low, x, high] = inputs else {
            return Err(crate::primitives::operand_count("clamp", 3, inputs.len()));
        };
        Accepts::Ordered.check("clamp", x.dtype)?;
        for bound in [low, high] {
            if bound.dtype != x.dtype {
                return Err(Error::DTypeMismatch {
                    function: "clamp".into(),
                    lhs: bound.dtype,
                    rhs: x.dtype,
                });
            }
            if bound.rank() != 0 && bound.shape != x.shape {
                return Err(Error::type_error(
                    "clamp",
                    format!("bounds must be scalars or have the shape of {x}, got {bound}"),
                ));
            }
        }
        Ok(one(x.clone().with_weak(low.weak && x.weak && high.weak)))
    }

    /// The tangent of whichever operand was taken.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let [low, x, high] = [x[0], x[1], x[2]];
        let y = clamp(low, x, high)?;
        let shape = y.shape();
        let nothing = zeros(&y.aval())?;
        let inside = |dx: &Array, mask: Array| {
            select(&broadcast_to(&mask, shape)?, &broadcast_to(dx, shape)?, &nothing)
        };
        let aval = y.aval().tangent();
        let middle = dx[1].map(&aval, |dx| inside(dx, and(&gt(x, low)?, &lt(x, high)?)?))?;
        let lower = dx[0].map(&aval, |dx| {
            inside(
                dx,
                and(&broadcast_to(&le(x, low)?, shape)?, &broadcast_to(&le(low, high)?, shape)?)?,
            )
        })?;
        let upper = dx[2].map(&aval, |dx| {
            inside(
                dx,
                broadcast_to(
                    &and(
                        &broadcast_to(&ge(x, high)?, shape)?,
                        &broadcast_to(&gt(high, low)?, shape)?,
                    )?,
                    shape,
                )?,
            )
        })?;
        Ok((one(y), one(middle.plus(lower)?.plus(upper)?)))
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let operand = at_axis(x[1], axes[1], axis.size, 0)?;
        let bound = |at: usize| -> Result<Array> {
            if axes[at].is_none() && x[at].rank() == 0 {
                return Ok(x[at].clone());
            }
            let bound = at_axis(x[at], axes[at], axis.size, 0)?;
            let own: Vec<usize> = (0..bound.rank()).collect();
            crate::primitives::structure::broadcast_in_dim(&bound, operand.shape(), &own)
        };
        Ok((one(clamp(&bound(0)?, &operand, &bound(2)?)?), one(Some(0))))
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], i: &[Aval], o: &[Aval]) -> Result<Slots> {
        plan.elementwise(ScalarOp::Clamp, x, i, &o[0])
    }

    fn scalar_op(&self) -> Option<ScalarOp> {
        Some(ScalarOp::Clamp)
    }

    fn accepts(&self, dtype: DType) -> bool {
        Accepts::Ordered.has(dtype)
    }
}

impl Listed for Clamp {
    fn from_params(_: &str, _: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Clamp)
    }

    fn samples() -> Vec<Sample> {
        let numbers = DType::NUMERIC.iter().filter(|&&dtype| Accepts::Ordered.has(dtype));
        numbers
            .flat_map(|&dtype| {
                let low = |shape: &[usize]| Input::new(shape, dtype, Domain::Real(-1.5, -0.5));
                let x = |shape: &[usize]| Input::real(shape, dtype);
                let high = |shape: &[usize]| Input::new(shape, dtype, Domain::Real(0.5, 1.5));
                [
                    Sample::new(Clamp, [low(&[]), x(&[2, 3]), high(&[])]),
                    Sample::new(Clamp, [low(&[3]), x(&[3]), high(&[3])]),
                    Sample::new(Clamp, [low(&[]), x(&[0]), high(&[0])]),
                    Sample::new(Clamp, [low(&[1]), x(&[1]), high(&[])]),
                ]
            })
            .collect()
    }
}
