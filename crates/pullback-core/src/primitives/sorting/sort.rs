//! `sort`: arrays sorted together along one axis.

use pullback_engine::DType;
use pullback_engine::kernels;
use pullback_engine::plan::Slot;

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::indexing::take_along;
use crate::primitives::rules::iota;
use crate::primitives::structure::check_axes;
use crate::primitives::unary::Accepts;
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};

/// Sorts arrays of one shape together, by the first of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sort {
    /// The axis to sort along.
    pub axis: usize,
    /// Whether equal elements must keep their order. They always do.
    pub stable: bool,
    /// How many of the operands are compared, the first of them first.
    pub num_keys: usize,
}

/// The arrays sorted together along `axis`, by the first `num_keys` of them.
///
/// # Errors
/// If the shapes differ, the axis is not there, or there are not so many arrays.
pub fn sort(x: &[&Array], axis: usize, stable: bool, num_keys: usize) -> Result<Arrays> {
    bind(Sort { axis, stable, num_keys }, x)
}

impl Primitive for Sort {
    fn name(&self) -> &str {
        "sort"
    }

    fn params(&self) -> Params {
        vec![
            ("dimension", Param::Int(self.axis as i64)),
            ("is_stable", Param::Bool(self.stable)),
            ("num_keys", Param::Int(self.num_keys as i64)),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let Some(first) = inputs.first() else {
            return Err(Error::type_error("sort", "needs at least one operand"));
        };
        if let Some(other) = inputs.iter().find(|x| x.shape != first.shape) {
            return Err(Error::type_error(
                "sort",
                format!("arguments must have equal shapes, got {first} and {other}"),
            ));
        }
        check_axes("sort", &[self.axis], first.rank())?;
        if !(1..=inputs.len()).contains(&self.num_keys) {
            return Err(Error::value_error(
                "sort",
                format!(
                    "num_keys must be between 1 and the number of operands {}, got {}",
                    inputs.len(),
                    self.num_keys
                ),
            ));
        }
        for key in &inputs[..self.num_keys] {
            Accepts::Any.check("sort", key.dtype)?;
        }
        Ok(inputs.iter().cloned().collect())
    }

    /// The tangents in the order of their elements.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let positions = iota(DType::U32, x[0].shape(), self.axis)?;
        let operands: Vec<&Array> = x.iter().copied().chain([&positions]).collect();
        let mut y = bind(self.clone(), &operands)?;
        let Some(order) = y.pop() else { return Err(self.missing("the forward derivative")) };
        let dy = y
            .iter()
            .zip(dx)
            .map(|(y, dx)| match y.aval().is_differentiable() {
                true => dx.map(&dx.aval(), |dx| take_along(dx, &order, self.axis)),
                false => Ok(Tangent::zero(y)),
            })
            .collect::<Result<_>>()?;
        Ok((y, dy))
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let x = x
            .iter()
            .zip(axes)
            .map(|(x, a)| at_axis(x, *a, axis.size, 0))
            .collect::<Result<Vec<_>>>()?;
        let sort = Sort { axis: self.axis + 1, ..self.clone() };
        let y = bind(sort, &x.iter().collect::<Vec<_>>())?;
        let axes = BatchAxes::from_elem(Some(0), y.len());
        Ok((y, axes))
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], y: &[Aval]) -> Result<Slots> {
        let Sort { axis, stable, num_keys } = *self;
        Ok(plan.kernel_many(kernels::sort::Sort { axis, num_keys, stable }, x, y.len()))
    }
}

impl Listed for Sort {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(Sort {
            axis: params.size("dimension")?,
            stable: params.bool("is_stable")?,
            num_keys: params.size("num_keys")?,
        })
    }

    fn samples() -> Vec<Sample> {
        let sample = |shape: &[usize], axis, num_keys, dtypes: &[DType]| {
            let op = Sort { axis, stable: true, num_keys };
            Sample::new(op, dtypes.iter().map(|&dtype| Input::real(shape, dtype)))
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[5], 0, 1, &[dtype]),
                    sample(&[3, 4], 0, 1, &[dtype, dtype]),
                    sample(&[2, 6], 1, 2, &[DType::Bool, dtype, dtype]),
                    sample(&[2, 0], 1, 1, &[dtype]),
                    sample(&[1], 0, 1, &[dtype, DType::I32]),
                ]
            })
            .collect()
    }
}
