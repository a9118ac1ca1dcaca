//! `dot_general`: products summed over contracted axes, for each entry of the batch axes.

use pullback_engine::kernels::dot::Dot;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{convert_element_type, transpose};
use crate::primitives::structure::check_axes;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Op, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Which axes of two operands belong together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct DotDims {
    /// Axes of the left operand that are summed over.
    pub lhs_contract: Shape,
    /// Axes of the right operand that are summed over, in the same order.
    pub rhs_contract: Shape,
    /// Axes of the left operand that run along in both.
    pub lhs_batch: Shape,
    /// Axes of the right operand that run along in both, in the same order.
    pub rhs_batch: Shape,
}

/// The axes, and the type of the result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DotGeneral {
    /// Which axes belong together.
    pub dims: DotDims,
    /// The type of the result; `None` is that of the operands.
    pub dtype: Option<DType>,
}

/// The product of `x` and `y` summed over the contracted axes. The result has the batch axes,
/// then the free axes of `x`, then those of `y`.
///
/// # Errors
/// If the operands differ in type, or axes that belong together differ in size.
pub fn dot_general(x: &Array, y: &Array, dims: DotDims, dtype: Option<DType>) -> Result<Array> {
    bind1(DotGeneral { dims, dtype }, &[x, y])
}

fn free(rank: usize, contract: &[usize], batch: &[usize]) -> Shape {
    (0..rank).filter(|axis| !contract.contains(axis) && !batch.contains(axis)).collect()
}

impl DotDims {
    /// Those of the product with the operands in the other order.
    pub(crate) fn swapped(&self) -> DotDims {
        DotDims {
            lhs_contract: self.rhs_contract.clone(),
            rhs_contract: self.lhs_contract.clone(),
            lhs_batch: self.rhs_batch.clone(),
            rhs_batch: self.lhs_batch.clone(),
        }
    }
}

/// The cotangent of the left operand, of rank `rank`, from that of the result and the right one.
fn transpose_left(
    ct: &Array,
    y: &Array,
    dims: &DotDims,
    x: &Aval,
    dtype: Option<DType>,
) -> Result<Array> {
    let rank = x.rank();
    let x_free = free(rank, &dims.lhs_contract, &dims.lhs_batch);
    let y_free = free(y.rank(), &dims.rhs_contract, &dims.rhs_batch);
    let batch = dims.lhs_batch.len();
    // The result's axes are batch, free of x, free of y: contract the last with y's own.
    let back = DotDims {
        lhs_contract: (batch + x_free.len()..batch + x_free.len() + y_free.len()).collect(),
        rhs_contract: y_free,
        lhs_batch: (0..batch).collect(),
        rhs_batch: dims.rhs_batch.clone(),
    };
    let ct = match dtype {
        Some(_) => convert_element_type(ct, y.dtype())?,
        None => ct.clone(),
    };
    let product = dot_general(&ct, y, back, dtype.map(|_| x.dtype))?;
    // What comes out has axes batch, free of x, then y's contracted ones in their own order.
    let mut contracted: Vec<usize> = (0..dims.rhs_contract.len()).collect();
    contracted.sort_by_key(|&i| dims.rhs_contract[i]);
    let origin: Vec<usize> = dims
        .lhs_batch
        .iter()
        .copied()
        .chain(x_free)
        .chain(contracted.into_iter().map(|i| dims.lhs_contract[i]))
        .collect();
    let mut permutation = vec![0; rank];
    for (from, &to) in origin.iter().enumerate() {
        permutation[to] = from;
    }
    transpose(&product, &permutation)
}

impl Primitive for DotGeneral {
    fn name(&self) -> &str {
        "dot_general"
    }

    fn params(&self) -> Params {
        let DotDims { lhs_contract, rhs_contract, lhs_batch, rhs_batch } = &self.dims;
        let pair = |x: &Shape, y: &Shape| Param::Tuple(vec![Param::list(x), Param::list(y)]);
        let dims = Param::Tuple(vec![pair(lhs_contract, rhs_contract), pair(lhs_batch, rhs_batch)]);
        let mut params = vec![("dimension_numbers", dims)];
        if let Some(dtype) = self.dtype {
            params.push(("preferred_element_type", Param::DType(dtype)));
        }
        params
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x, y] = inputs else {
            return Err(crate::primitives::operand_count("dot_general", 2, inputs.len()));
        };
        let DotDims { lhs_contract, rhs_contract, lhs_batch, rhs_batch } = &self.dims;
        if x.dtype != y.dtype {
            return Err(Error::DTypeMismatch {
                function: "dot_general".into(),
                lhs: x.dtype,
                rhs: y.dtype,
            });
        }
        let lhs: Vec<usize> = lhs_contract.iter().chain(lhs_batch).copied().collect();
        let rhs: Vec<usize> = rhs_contract.iter().chain(rhs_batch).copied().collect();
        check_axes("dot_general", &lhs, x.rank())?;
        check_axes("dot_general", &rhs, y.rank())?;
        let fits = lhs_contract.len() == rhs_contract.len()
            && lhs_batch.len() == rhs_batch.len()
            && lhs.iter().zip(&rhs).all(|(&a, &b)| x.shape[a] == y.shape[b]);
        if !fits {
            return Err(Error::type_error(
                "dot_general",
                format!(
                    "requires contracting and batch dimensions to have equal sizes, got {x} with \
                     {lhs:?} and {y} with {rhs:?}"
                ),
            ));
        }
        let shape: Shape = lhs_batch
            .iter()
            .map(|&axis| x.shape[axis])
            .chain(free(x.rank(), lhs_contract, lhs_batch).iter().map(|&axis| x.shape[axis]))
            .chain(free(y.rank(), rhs_contract, rhs_batch).iter().map(|&axis| y.shape[axis]))
            .collect();
        let weak = x.weak && y.weak;
        Ok(one(Aval { shape, dtype: self.dtype.unwrap_or(x.dtype), weak }))
    }

    /// d(xy) = dx y + x dy.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let dot = |x: &Array, y: &Array| bind1(self.clone(), &[x, y]);
        let z = dot(x[0], x[1])?;
        let aval = z.aval().tangent();
        let left = dx[0].map(&aval, |dx| dot(dx, x[1]))?;
        let right = dx[1].map(&aval, |dy| dot(x[0], dy))?;
        Ok((one(z), one(left.plus(right)?)))
    }

    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let Some(ct) = &ct[0] else { return Ok([None, None].into_iter().collect()) };
        match inputs {
            [Operand::Linear(x), Operand::Known(y)] => {
                let dx = transpose_left(ct, y, &self.dims, x, self.dtype)?;
                Ok([Some(dx), None].into_iter().collect())
            }
            [Operand::Known(x), Operand::Linear(y)] => {
                // Seen from the right operand, the result's free axes stand in the other order.
                let batch = self.dims.lhs_batch.len();
                let x_free = free(x.rank(), &self.dims.lhs_contract, &self.dims.lhs_batch).len();
                let rank = ct.rank();
                let order: Vec<usize> =
                    (0..batch).chain(batch + x_free..rank).chain(batch..batch + x_free).collect();
                let ct = transpose(ct, &order)?;
                let dy = transpose_left(&ct, x, &self.dims.swapped(), y, self.dtype)?;
                Ok([None, Some(dy)].into_iter().collect())
            }
            _ => Err(Error::NotLinear { primitive: "dot_general".into() }),
        }
    }

    /// A mapped axis of both operands is one more batch axis; of one, one more free axis.
    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let shift = |dims: &Shape, mapped: Option<usize>| -> Shape {
            let beyond = |axis: usize| mapped.is_some_and(|mapped| axis >= mapped) as usize;
            dims.iter().map(|&axis| axis + beyond(axis)).collect()
        };
        let mut dims = DotDims {
            lhs_contract: shift(&self.dims.lhs_contract, axes[0]),
            rhs_contract: shift(&self.dims.rhs_contract, axes[1]),
            lhs_batch: shift(&self.dims.lhs_batch, axes[0]),
            rhs_batch: shift(&self.dims.rhs_batch, axes[1]),
        };
        let batch = dims.lhs_batch.len();
        let to = match (axes[0], axes[1]) {
            (Some(a), Some(b)) => {
                dims.lhs_batch.insert(0, a);
                dims.rhs_batch.insert(0, b);
                0
            }
            (Some(a), None) => {
                let free = free(x[0].rank(), &dims.lhs_contract, &dims.lhs_batch);
                batch + free.iter().filter(|&&axis| axis < a).count()
            }
            (None, b) => {
                let b = b.unwrap_or(0);
                let left = free(x[0].rank(), &dims.lhs_contract, &dims.lhs_batch).len();
                let free = free(x[1].rank(), &dims.rhs_contract, &dims.rhs_batch);
                batch + left + free.iter().filter(|&&axis| axis < b).count()
            }
        };
        Ok((one(dot_general(x[0], x[1], dims, self.dtype)?), one(Some(to))))
    }

    fn widens(&self) -> bool {
        true
    }

    /// Half precision is computed in f32; operands are converted beforehand, by elementwise
    /// programs, which are faster at it than the kernel.
    fn for_one_entry(&self, lead: usize, _: &[Aval], _: &[Aval]) -> Option<Op> {
        let own: Shape = (0..lead).collect();
        let DotDims { lhs_batch, rhs_batch, .. } = &self.dims;
        let fits = [lhs_batch, rhs_batch].iter().all(|batch| batch.get(..lead) == Some(&own[..]));
        fits.then(|| self.clone().into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], inputs: &[Aval], y: &[Aval]) -> Result<Slots> {
        let DotDims { lhs_contract, rhs_contract, lhs_batch, rhs_batch } = self.dims.clone();
        let out = match y[0].dtype {
            DType::BF16 | DType::F16 => DType::F32,
            other => other,
        };
        let depth = lhs_contract.iter().map(|&axis| inputs[0].shape[axis]).product();
        let count = y[0].shape[lhs_batch.len()..].iter().product();
        let dtypes = [inputs[0].dtype, inputs[1].dtype];
        let operands = match out == DType::F32 && Dot::takes_halves(dtypes, count, depth) {
            true => [x[0], x[1]],
            false => [plan.convert(x[0], &inputs[0], out)?, plan.convert(x[1], &inputs[1], out)?],
        };
        let dot = Dot { lhs_contract, rhs_contract, lhs_batch, rhs_batch, out };
        let product = plan.kernel(dot, &operands)[0];
        let result = plan.convert(product, &y[0].with_dtype(out), y[0].dtype)?;
        Ok([result].into_iter().collect())
    }
}

impl Listed for DotGeneral {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let [lhs_contract, rhs_contract, lhs_batch, rhs_batch] =
            params.dot_dimensions("dimension_numbers")?;
        let dims = DotDims { lhs_contract, rhs_contract, lhs_batch, rhs_batch };
        Ok(DotGeneral { dims, dtype: params.optional_dtype("preferred_element_type")? })
    }

    fn samples() -> Vec<Sample> {
        let sample =
            |x: &[usize], y: &[usize], contract: [&[usize]; 2], batch: [&[usize]; 2], dtype| {
                let dims = DotDims {
                    lhs_contract: contract[0].into(),
                    rhs_contract: contract[1].into(),
                    lhs_batch: batch[0].into(),
                    rhs_batch: batch[1].into(),
                };
                let op = DotGeneral { dims, dtype: None };
                Sample::new(op, [Input::real(x, dtype), Input::real(y, dtype)])
            };
        let none: [&[usize]; 2] = [&[], &[]];
        DType::NUMERIC
            .iter()
            .flat_map(|&dtype| {
                [
                    sample(&[3], &[3], [&[0], &[0]], none, dtype),
                    sample(&[2, 3], &[3, 4], [&[1], &[0]], none, dtype),
                    sample(&[3, 2], &[4, 3], [&[0], &[1]], none, dtype),
                    sample(&[5, 2, 3], &[3, 5, 2], [&[1], &[2]], [&[0], &[1]], dtype),
                    sample(&[2, 3, 4], &[4, 5, 3], [&[1, 2], &[2, 0]], none, dtype),
                    sample(&[2], &[3], none, none, dtype),
                    sample(&[0, 3], &[3, 2], [&[1], &[0]], none, dtype),
                    sample(&[1, 1], &[1, 1], [&[1], &[0]], none, dtype),
                    sample(&[2, 0], &[0, 2], [&[1], &[0]], none, dtype),
                ]
            })
            .collect()
    }
}
