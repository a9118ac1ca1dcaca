//! `select_and_gather_add`: of one array the elements that lie where the largest or smallest element
//! of another one under a window does. The derivative of such extremes.

use pullback_engine::DType;
use pullback_engine::kernels::window::SelectAndGather as Kernel;
use pullback_engine::plan::Slot;

use super::select_and_scatter_add::select_and_scatter_add;
use super::window::{self, Window};
use super::{pair, reduce_window};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::Params;
use crate::lower::Lowering;
use crate::primitives::unary::Accepts;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// The window, and whether the smallest element under it is looked for, or the largest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct SelectAndGatherAdd {
    pub smallest: bool,
    pub window: Window,
}

/// The elements of `values` that lie where the largest (or smallest) elements of `x` under the
/// window do; the first of several, and zero where none is.
///
/// # Errors
/// If the arrays differ in type, or the window does not fit them.
pub fn select_and_gather_add(
    values: &Array,
    x: &Array,
    smallest: bool,
    window: Window,
) -> Result<Array> {
    bind1(SelectAndGatherAdd { smallest, window }, &[values, x])
}

impl Primitive for SelectAndGatherAdd {
    fn name(&self) -> &str {
        "select_and_gather_add"
    }

    fn params(&self) -> Params {
        window::params(&self.window, Some(window::select_name(self.smallest)))
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let (values, x) = pair("select_and_gather_add", inputs)?;
        if values.shape != x.shape {
            return Err(Error::type_error(
                "select_and_gather_add",
                format!("tangents and operand must have one shape, got {values} and {x}"),
            ));
        }
        window::check("select_and_gather_add", &self.window, x)?;
        Ok(one(values.with_shape(&self.window.places(&x.shape)).with_weak(false)))
    }

    /// Linear in what is gathered; where from does not change with the other operand.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), &[x[0], x[1]])?;
        let dy = dx[0].map(&y.aval().tangent(), |dx| bind1(self.clone(), &[dx, x[1]]))?;
        Ok((one(y), one(dy)))
    }

    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let [Operand::Linear(_), Operand::Known(x)] = inputs else {
            return Err(Error::NotLinear { primitive: self.name().into() });
        };
        let back = ct[0]
            .as_ref()
            .map(|ct| select_and_scatter_add(ct, x, self.smallest, self.window.clone()));
        Ok([back.transpose()?, None].into_iter().collect())
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let values = at_axis(x[0], axes[0], axis.size, 0)?;
        let x = at_axis(x[1], axes[1], axis.size, 0)?;
        let window = window::with_axis(&self.window, 0);
        Ok((one(select_and_gather_add(&values, &x, self.smallest, window)?), one(Some(0))))
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(plan.kernel(Kernel { smallest: self.smallest, window: self.window.clone() }, x))
    }
}

impl Listed for SelectAndGatherAdd {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let smallest = window::read_select(params)?;
        Ok(SelectAndGatherAdd { smallest, window: window::read(params)? })
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        for &dtype in DType::NUMERIC.iter().filter(|&&dtype| Accepts::Real.has(dtype)) {
            for (n, (shape, window)) in reduce_window::cases().into_iter().enumerate() {
                let op = SelectAndGatherAdd { smallest: n % 2 == 1, window };
                let inputs = [Input::real(&shape, dtype), Input::real(&shape, dtype)];
                samples.push(Sample::new(op, inputs));
            }
        }
        samples
    }
}
