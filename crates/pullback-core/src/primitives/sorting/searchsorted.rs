//! `searchsorted`: where elements belong in rows that are sorted.

use pullback_engine::DType;
use pullback_engine::kernels;
use pullback_engine::plan::Slot;

use crate::array::{Array, Arrays};
use crate::aval::{Aval, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::unary::Accepts;
use crate::primitives::{Avals, Input, Listed, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// How many elements of a sorted row come before each of some others, in the order of `sort`. The
/// first axes of both operands are of rows with searches of their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SearchSorted {
    /// Whether what is equal to an element comes before it.
    pub right: bool,
    /// The number of first axes.
    pub batch: usize,
    /// The type of the results, int32 or int64.
    pub index_dtype: DType,
}

/// How many elements of the sorted row `a` come before each element of `v`; with `right`, or are
/// equal to it.
///
/// # Errors
/// If `a` has not one axis, or the types differ.
pub fn searchsorted(a: &Array, v: &Array, right: bool, index_dtype: DType) -> Result<Array> {
    bind1(SearchSorted { right, batch: 0, index_dtype }, &[a, v])
}

impl Primitive for SearchSorted {
    fn name(&self) -> &str {
        "searchsorted"
    }

    fn params(&self) -> Params {
        vec![
            ("batch_dims", Param::Int(self.batch as i64)),
            ("index_dtype", Param::DType(self.index_dtype)),
            ("right", Param::Bool(self.right)),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [a, v] = inputs else {
            return Err(crate::primitives::operand_count("searchsorted", 2, inputs.len()));
        };
        Accepts::Any.check("searchsorted", a.dtype)?;
        if a.dtype != v.dtype {
            return Err(Error::type_error(
                "searchsorted",
                format!("takes two operands of one type, got {} and {}", a.dtype, v.dtype),
            ));
        }
        if !matches!(self.index_dtype, DType::I32 | DType::I64) {
            return Err(Error::type_error(
                "searchsorted",
                format!("index_dtype must be int32 or int64, but got {}", self.index_dtype),
            ));
        }
        let batch = self.batch;
        if a.rank() != batch + 1 || v.rank() < batch || a.shape[..batch] != v.shape[..batch] {
            return Err(Error::value_error(
                "searchsorted",
                format!(
                    "with {batch} batch axes, rows of shape {} cannot be searched for elements of \
                     shape {}",
                    ShapeText(&a.shape),
                    ShapeText(&v.shape)
                ),
            ));
        }
        Ok(one(Aval::new(&v.shape, self.index_dtype)))
    }

    /// Positions have no derivative.
    fn jvp(&self, x: &[&Array], _: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), x)?;
        let dy = Tangent::zero(&y);
        Ok((one(y), one(dy)))
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        if self.batch == 0 && axes[0].is_none() {
            return Ok((one(bind1(self.clone(), x)?), one(axes[1])));
        }
        let front = |at: usize| at_axis(x[at], axes[at], axis.size, 0);
        let mapped = SearchSorted { batch: self.batch + 1, ..self.clone() };
        Ok((one(bind1(mapped, &[&front(0)?, &front(1)?])?), one(Some(0))))
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let SearchSorted { right, batch, index_dtype } = *self;
        Ok(plan.kernel(kernels::sort::SearchSorted { right, batch, index_dtype }, x))
    }
}

impl Listed for SearchSorted {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        Ok(SearchSorted {
            right: params.bool("right")?,
            batch: params.size("batch_dims")?,
            index_dtype: params.dtype("index_dtype")?,
        })
    }

    fn samples() -> Vec<Sample> {
        let sample = |right, a: &[usize], v: &[usize], dtype, index_dtype| {
            let op = SearchSorted { right, batch: a.len() - 1, index_dtype };
            Sample::new(op, [Input::real(a, dtype), Input::real(v, dtype)])
        };
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(false, &[1], &[2, 3], dtype, DType::I32),
                    sample(true, &[1], &[], dtype, DType::I64),
                    sample(true, &[3, 1], &[3, 4], dtype, DType::I32),
                    sample(false, &[0], &[2], dtype, DType::I32),
                    sample(false, &[2, 0], &[2, 0], dtype, DType::I64),
                ]
            })
            .collect()
    }
}
