//! `integer_pow`: the element to the power of a fixed whole number.

use pullback_engine::DType;
use pullback_engine::plan::Slot;
use pullback_engine::tile::ScalarOp;

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{mul, number};
use crate::primitives::unary::Accepts;
use crate::primitives::{Avals, Domain, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// The exponent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IntegerPow {
    /// Any whole number for floating and complex elements, at least 0 for integers.
    pub y: i32,
}

/// `x` to the power of `y`.
///
/// # Errors
/// If `y` is negative and the elements are integers.
pub fn integer_pow(x: &Array, y: i32) -> Result<Array> {
    bind1(IntegerPow { y }, &[x])
}

impl Primitive for IntegerPow {
    fn name(&self) -> &str {
        "integer_pow"
    }

    fn params(&self) -> Params {
        vec![("y", Param::Int(self.y as i64))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        Accepts::Number.check(self.name(), x.dtype)?;
        if self.y < 0 && x.dtype.is_integer() {
            return Err(Error::type_error(
                self.name(),
                format!("integers cannot be raised to negative powers, got {} for {x}", self.y),
            ));
        }
        Ok(one(x.clone()))
    }

    /// d(x^n) = n x^(n-1) dx.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = integer_pow(x[0], self.y)?;
        let dy = dx[0].map(&y.aval().tangent(), |dx| match self.y {
            0 => mul(dx, &number(0.0, x[0])),
            1 => Ok(dx.clone()),
            2 => mul(dx, &mul(&number(2.0, x[0]), x[0])?),
            n => mul(dx, &mul(&number(n as f64, x[0]), &integer_pow(x[0], n - 1)?)?),
        })?;
        Ok((one(y), one(dy)))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        Ok((one(integer_pow(x[0], self.y)?), one(axes[0])))
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], i: &[Aval], o: &[Aval]) -> Result<Slots> {
        plan.elementwise(ScalarOp::IntegerPow(self.y), x, i, &o[0])
    }

    fn scalar_op(&self) -> Option<ScalarOp> {
        Some(ScalarOp::IntegerPow(self.y))
    }

    fn accepts(&self, dtype: DType) -> bool {
        dtype.is_inexact()
    }
}

impl Listed for IntegerPow {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let y = params.int("y")?;
        Ok(IntegerPow { y: i32::try_from(y).map_err(|_| params.invalid("y"))? })
    }

    fn samples() -> Vec<Sample> {
        let numbers = DType::NUMERIC.iter().filter(|&&dtype| Accepts::Number.has(dtype));
        numbers
            .flat_map(|&dtype| {
                [0, 1, 2, 3, 7, -1, -2]
                    .into_iter()
                    .filter(move |&y| y >= 0 || dtype.is_inexact())
                    .flat_map(move |y| {
                        [&[2, 3][..], &[0], &[1]].map(|shape| {
                            let domain = Domain::Real(0.5, 1.5);
                            Sample::new(IntegerPow { y }, [Input::new(shape, dtype, domain)])
                        })
                    })
            })
            .collect()
    }
}
