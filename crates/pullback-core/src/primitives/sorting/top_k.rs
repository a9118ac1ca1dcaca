//! `top_k`: the largest elements along one axis, and where they are.

use pullback_engine::DType;
use pullback_engine::kernels;
use pullback_engine::plan::Slot;

use crate::array::{Array, Arrays};
use crate::aval::{Aval, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::indexing::take_along;
use crate::primitives::structure::check_axes;
use crate::primitives::unary::Accepts;
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};

/// The `k` largest elements along an axis in falling order, and their positions, of type i32.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopK {
    /// The axis to search along.
    pub axis: usize,
    /// Whether equal elements must keep their order. They always do.
    pub stable: bool,
    /// How many elements to find.
    pub k: usize,
}

/// The `k` largest elements of `x` along `axis` in falling order, and their positions.
///
/// # Errors
/// If the axis is not there or has fewer elements, or the elements are complex.
pub fn top_k(x: &Array, k: usize, axis: usize) -> Result<[Array; 2]> {
    let outputs = bind(TopK { axis, stable: true, k }, &[x])?;
    let wrong = |_| Error::Program { message: "'top_k' must have two results".into() };
    outputs.into_vec().try_into().map_err(wrong)
}

impl Primitive for TopK {
    fn name(&self) -> &str {
        "top_k"
    }

    fn params(&self) -> Params {
        vec![
            ("axis", Param::Int(self.axis as i64)),
            ("is_stable", Param::Bool(self.stable)),
            ("k", Param::Int(self.k as i64)),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count("top_k", 1, inputs.len()));
        };
        if x.dtype.is_complex() {
            return Err(Error::value_error("top_k", "top_k is not compatible with complex inputs"));
        }
        Accepts::Ordered.check("top_k", x.dtype)?;
        check_axes("top_k", &[self.axis], x.rank())?;
        if self.k > x.shape[self.axis] {
            return Err(Error::value_error(
                "top_k",
                format!(
                    "k argument must be no larger than size along axis, got k={} with shape {} and \
                     axis {}",
                    self.k,
                    ShapeText(&x.shape),
                    self.axis
                ),
            ));
        }
        let mut shape = x.shape.clone();
        shape[self.axis] = self.k;
        Ok([x.with_shape(&shape), Aval::new(&shape, DType::I32)].into_iter().collect())
    }

    /// The tangents of the elements found.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind(self.clone(), x)?;
        let aval = y[0].aval().tangent();
        let dy = match aval.is_differentiable() {
            true => dx[0].map(&aval, |dx| take_along(dx, &y[1], self.axis))?,
            false => Tangent::Zero(aval),
        };
        let nothing = Tangent::zero(&y[1]);
        Ok((y, [dy, nothing].into_iter().collect()))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let mapped = axes[0].unwrap_or(0);
        let axis = self.axis + (self.axis >= mapped) as usize;
        let y = bind(TopK { axis, ..self.clone() }, &[x[0]])?;
        Ok((y, BatchAxes::from_elem(Some(mapped), 2)))
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let kernel = kernels::sort::TopK { k: self.k, axis: self.axis, index_dtype: DType::I32 };
        Ok(plan.kernel_many(kernel, x, 2))
    }
}

impl Listed for TopK {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(TopK {
            axis: params.size("axis")?,
            stable: params.bool("is_stable")?,
            k: params.size("k")?,
        })
    }

    fn samples() -> Vec<Sample> {
        let sample = |shape: &[usize], axis, k, dtype| {
            Sample::new(TopK { axis, stable: true, k }, [Input::real(shape, dtype)])
        };
        DType::NUMERIC
            .iter()
            .filter(|&&dtype| Accepts::Ordered.has(dtype))
            .flat_map(|&dtype| {
                [
                    sample(&[5], 0, 2, dtype),
                    sample(&[3, 4], 0, 3, dtype),
                    sample(&[2, 3], 1, 0, dtype),
                    sample(&[0, 3], 1, 2, dtype),
                    sample(&[1], 0, 1, dtype),
                ]
            })
            .collect()
    }
}
