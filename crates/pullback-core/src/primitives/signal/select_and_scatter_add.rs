//! `select_and_scatter_add`: elements, one for each place of a window, added up where the largest or
//! smallest element of an array under the window lies. The gradient of such extremes.

use pullback_engine::DType;
use pullback_engine::kernels::window::SelectAndScatter as Kernel;
use pullback_engine::plan::Slot;

use super::select_and_gather_add::select_and_gather_add;
use super::window::{self, Window};
use super::{pair, reduce_window};
use crate::array::{Array, Arrays};
use crate::aval::{Aval, ShapeText};
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

/// The window, and whether the smallest element under it is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct SelectAndScatterAdd {
    pub smallest: bool,
    pub window: Window,
}

/// An array like `x` with the elements of `source` added up where the largest (or smallest)
/// elements of `x` under the window lie, and zeros elsewhere.
///
/// # Errors
/// If the arrays differ in type, or the window does not fit them.
pub fn select_and_scatter_add(
    source: &Array,
    x: &Array,
    smallest: bool,
    window: Window,
) -> Result<Array> {
    bind1(SelectAndScatterAdd { smallest, window }, &[source, x])
}

impl Primitive for SelectAndScatterAdd {
    fn name(&self) -> &str {
        "select_and_scatter_add"
    }

    fn params(&self) -> Params {
        window::plain_params(&self.window, window::select_name(self.smallest))
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let (source, x) = pair("select_and_scatter_add", inputs)?;
        window::check("select_and_scatter_add", &self.window, x)?;
        let places = self.window.places(&x.shape);
        if source.shape != places {
            return Err(Error::type_error(
                "select_and_scatter_add",
                format!(
                    "the source must have the shape {} of the places of the window, got {source}",
                    ShapeText(&places)
                ),
            ));
        }
        Ok(one(x.clone().with_weak(false)))
    }

    /// Linear in what is scattered; where to does not change with the other operand.
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
            .map(|ct| select_and_gather_add(ct, x, self.smallest, self.window.clone()));
        Ok([back.transpose()?, None].into_iter().collect())
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let source = at_axis(x[0], axes[0], axis.size, 0)?;
        let x = at_axis(x[1], axes[1], axis.size, 0)?;
        let window = window::with_axis(&self.window, 0);
        Ok((one(select_and_scatter_add(&source, &x, self.smallest, window)?), one(Some(0))))
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Ok(plan.kernel(Kernel { smallest: self.smallest, window: self.window.clone() }, x))
    }
}

impl Listed for SelectAndScatterAdd {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let smallest = window::read_select(params)?;
        Ok(SelectAndScatterAdd { smallest, window: window::read(params)? })
    }

    fn samples() -> Vec<Sample> {
        let mut samples = vec![];
        for &dtype in DType::NUMERIC.iter().filter(|&&dtype| Accepts::Real.has(dtype)) {
            for (n, (shape, window)) in reduce_window::cases().into_iter().enumerate() {
                let places = window.places(&shape);
                let op = SelectAndScatterAdd { smallest: n % 2 == 1, window };
                let inputs = [Input::real(&places, dtype), Input::real(&shape, dtype)];
                samples.push(Sample::new(op, inputs));
            }
        }
        samples
    }
}
