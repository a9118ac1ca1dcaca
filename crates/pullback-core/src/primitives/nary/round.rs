//! `round`: the nearest whole number.

use pullback_engine::DType;
use pullback_engine::plan::Slot;
use pullback_engine::tile::ScalarOp;

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::unary::Accepts;
use crate::primitives::{Avals, Domain, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Where halves go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Round {
    /// To the even neighbour, rather than away from zero.
    pub to_even: bool,
}

/// The whole number nearest to each element; halves go to the even one.
///
/// # Errors
/// If the elements are not floating.
pub fn round(x: &Array) -> Result<Array> {
    bind1(Round { to_even: true }, &[x])
}

impl Primitive for Round {
    fn name(&self) -> &str {
        "round"
    }

    fn params(&self) -> Params {
        vec![("rounding_method", Param::Int(self.to_even as i64))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count("round", 1, inputs.len()));
        };
        Accepts::Float.check("round", x.dtype)?;
        Ok(one(x.clone()))
    }

    /// Flat wherever it is smooth.
    fn jvp(&self, x: &[&Array], _: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), &[x[0]])?;
        let dy = Tangent::zero(&y);
        Ok((one(y), one(dy)))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        Ok((one(bind1(self.clone(), &[x[0]])?), one(axes[0])))
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(
        &self,
        plan: &mut Lowering,
        x: &[Slot],
        inputs: &[Aval],
        outputs: &[Aval],
    ) -> Result<Slots> {
        plan.elementwise(self.kernel(), x, inputs, &outputs[0])
    }

    fn scalar_op(&self) -> Option<ScalarOp> {
        Some(self.kernel())
    }

    fn accepts(&self, dtype: DType) -> bool {
        Accepts::Float.has(dtype)
    }
}

impl Round {
    fn kernel(&self) -> ScalarOp {
        if self.to_even { ScalarOp::RoundToEven } else { ScalarOp::RoundAwayFromZero }
    }
}

impl Listed for Round {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        match params.int("rounding_method")? {
            0 => Ok(Round { to_even: false }),
            1 => Ok(Round { to_even: true }),
            _ => Err(Error::Program { message: "round takes rounding_method 0 or 1".into() }),
        }
    }

    fn samples() -> Vec<Sample> {
        let floats = DType::NUMERIC.iter().filter(|dtype| dtype.is_float());
        floats
            .flat_map(|&dtype| {
                [(true, &[2, 3][..]), (false, &[2, 3]), (true, &[0]), (false, &[1])].map(
                    |(to_even, shape)| {
                        let input = Input::new(shape, dtype, Domain::Real(-3.0, 3.0));
                        Sample::new(Round { to_even }, [input]).jumping()
                    },
                )
            })
            .collect()
    }
}
