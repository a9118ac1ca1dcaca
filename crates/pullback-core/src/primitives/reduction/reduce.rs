//! `reduce_max`, `reduce_min`, `reduce_prod`, `reduce_and`, `reduce_or`, `reduce_xor`: what the
//! elements along some axes come to. The sum has a module of its own.

pub use pullback_engine::kernels::reduce::ReduceOp;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::reduce_sum::{batched, without};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{
    broadcast_in_dim, convert_element_type, div, eq, mul, reduce_sum, reshape, transpose,
};
use crate::primitives::unary::Accepts;
use crate::primitives::{Avals, Domain, Input, Listed, Op, Primitive, Sample, Slots, one};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

use super::cumulative::exclusive_product;

/// Combines all elements along `axes`, which are sorted and distinct.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reduce {
    /// How two elements become one.
    pub op: ReduceOp,
    /// The axes that go.
    pub axes: Shape,
}

fn reduce(op: ReduceOp, x: &Array, axes: &[usize]) -> Result<Array> {
    if axes.is_empty() {
        return Ok(x.clone());
    }
    let mut axes: Shape = axes.into();
    axes.sort_unstable();
    bind1(Reduce { op, axes }, &[x])
}

/// The largest element of `x` along the axes given; that of none is the least of its type.
///
/// # Errors
/// If an axis is not there or named twice.
pub fn reduce_max(x: &Array, axes: &[usize]) -> Result<Array> {
    reduce(ReduceOp::Max, x, axes)
}

/// The smallest element of `x` along the axes given; that of none is the greatest of its type.
///
/// # Errors
/// If an axis is not there or named twice.
pub fn reduce_min(x: &Array, axes: &[usize]) -> Result<Array> {
    reduce(ReduceOp::Min, x, axes)
}

/// The product of `x` over the axes given.
///
/// # Errors
/// If an axis is not there or named twice, or the elements are not numbers.
pub fn reduce_prod(x: &Array, axes: &[usize]) -> Result<Array> {
    reduce(ReduceOp::Prod, x, axes)
}

/// The conjunction of the bits of `x` over the axes given.
///
/// # Errors
/// If an axis is not there or named twice, or the elements are neither integers nor bool.
pub fn reduce_and(x: &Array, axes: &[usize]) -> Result<Array> {
    reduce(ReduceOp::And, x, axes)
}

/// The disjunction of the bits of `x` over the axes given.
///
/// # Errors
/// If an axis is not there or named twice, or the elements are neither integers nor bool.
pub fn reduce_or(x: &Array, axes: &[usize]) -> Result<Array> {
    reduce(ReduceOp::Or, x, axes)
}

/// Which bits are set an odd number of times in `x` along the axes given.
///
/// # Errors
/// If an axis is not there or named twice, or the elements are neither integers nor bool.
pub fn reduce_xor(x: &Array, axes: &[usize]) -> Result<Array> {
    reduce(ReduceOp::Xor, x, axes)
}

impl Reduce {
    fn accepts(&self) -> Accepts {
        match self.op {
            ReduceOp::Max | ReduceOp::Min => Accepts::Any,
            ReduceOp::Sum | ReduceOp::Prod => Accepts::Number,
            ReduceOp::And | ReduceOp::Or | ReduceOp::Xor => Accepts::Bits,
        }
    }

    fn kept(&self, rank: usize) -> Vec<usize> {
        (0..rank).filter(|axis| !self.axes.contains(axis)).collect()
    }

    /// The mean of the tangents of the elements that are the extreme.
    fn extreme_tangent(&self, x: &Array, dx: &Array, y: &Array) -> Result<Array> {
        let extreme = broadcast_in_dim(y, x.shape(), &self.kept(x.rank()))?;
        let taken = convert_element_type(&eq(x, &extreme)?, x.dtype())?;
        let sum = reduce_sum(&mul(dx, &taken)?, &self.axes)?;
        div(&sum, &reduce_sum(&taken, &self.axes)?)
    }

    /// The sum of each tangent times the product of all other elements, also where some are 0.
    fn product_tangent(&self, x: &Array, dx: &Array) -> Result<Array> {
        let kept = self.kept(x.rank());
        let order: Vec<usize> = kept.iter().chain(&self.axes).copied().collect();
        let mut shape: Shape = kept.iter().map(|&axis| x.shape()[axis]).collect();
        shape.push(self.axes.iter().map(|&axis| x.shape()[axis]).product());
        let in_rows = |x: &Array| reshape(&transpose(x, &order)?, &shape);
        let (x, dx) = (in_rows(x)?, in_rows(dx)?);
        let last = kept.len();
        let others =
            mul(&exclusive_product(&x, last, false)?, &exclusive_product(&x, last, true)?)?;
        reduce_sum(&mul(&dx, &others)?, &[last])
    }
}

impl Primitive for Reduce {
    fn name(&self) -> &str {
        match self.op {
            ReduceOp::Sum => "reduce_sum",
            ReduceOp::Prod => "reduce_prod",
            ReduceOp::Max => "reduce_max",
            ReduceOp::Min => "reduce_min",
            ReduceOp::And => "reduce_and",
            ReduceOp::Or => "reduce_or",
            ReduceOp::Xor => "reduce_xor",
        }
    }

    fn params(&self) -> Params {
        let mut params = vec![("axes", Param::sizes(&self.axes))];
        if matches!(self.op, ReduceOp::Max | ReduceOp::Min | ReduceOp::Sum) {
            params.push(("out_sharding", Param::None));
        }
        params
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        self.accepts().check(self.name(), x.dtype)?;
        crate::primitives::structure::check_axes(self.name(), &self.axes, x.rank())?;
        Ok(one(x.with_shape(&without(&x.shape, &self.axes))))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), x)?;
        let aval = y.aval().tangent();
        let dy = match self.op {
            _ if !aval.is_differentiable() => Tangent::Zero(aval),
            ReduceOp::Prod => dx[0].map(&aval, |dx| self.product_tangent(x[0], dx))?,
            ReduceOp::Sum => dx[0].map(&aval, |dx| bind1(self.clone(), &[dx]))?,
            _ => dx[0].map(&aval, |dx| self.extreme_tangent(x[0], dx, &y))?,
        };
        Ok((one(y), one(dy)))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let (shifted, to) = batched(&self.axes, axes[0].unwrap_or(0));
        Ok((one(reduce(self.op, x[0], &shifted)?), one(Some(to))))
    }

    fn widens(&self) -> bool {
        true
    }

    fn reduction(&self) -> Option<(ReduceOp, &[usize])> {
        Some((self.op, &self.axes))
    }

    fn for_one_entry(&self, lead: usize, _: &[Aval], _: &[Aval]) -> Option<Op> {
        self.axes.iter().all(|&axis| axis >= lead).then(|| self.clone().into())
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], inputs: &[Aval], _: &[Aval]) -> Result<Slots> {
        plan.reduction(self.op, &self.axes, x[0], &inputs[0])
    }
}

impl Listed for Reduce {
    fn from_params(name: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let op = match name {
            "reduce_prod" => ReduceOp::Prod,
            "reduce_max" => ReduceOp::Max,
            "reduce_min" => ReduceOp::Min,
            "reduce_and" => ReduceOp::And,
            "reduce_or" => ReduceOp::Or,
            "reduce_xor" => ReduceOp::Xor,
            _ => return Err(params.invalid("name")),
        };
        Ok(Reduce { op, axes: params.sizes("axes")? })
    }

    fn samples() -> Vec<Sample> {
        use ReduceOp::*;
        let mut samples = vec![];
        for op in [Max, Min, Prod, And, Or, Xor] {
            for &dtype in DType::NUMERIC {
                let cases: [(&[usize], &[usize]); 6] = [
                    (&[3], &[0]),
                    (&[2, 3, 4], &[1]),
                    (&[2, 3, 4], &[0, 2]),
                    (&[2, 0], &[1]),
                    (&[0, 2], &[1]),
                    (&[1], &[0]),
                ];
                for (shape, axes) in cases {
                    let op = Reduce { op, axes: axes.into() };
                    if op.accepts().has(dtype) {
                        let domain = Domain::Real(-2.0, 2.0);
                        samples.push(Sample::new(op, [Input::new(shape, dtype, domain)]));
                    }
                }
            }
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transforms::jvp;

    fn tangent(f: fn(&Array, &[usize]) -> Result<Array>, x: &[f64], dx: &[f64]) -> f64 {
        let array = |v: &[f64]| Array::from_slice(v, &[v.len()]).unwrap();
        let dx = vec![Tangent::Value(array(dx))];
        let (_, dy) = jvp(|x| Ok(vec![f(&x[0], &[0])?]), &[array(x)], dx).unwrap();
        dy[0].instantiate().unwrap().to_f64().unwrap()
    }

    #[test]
    fn equal_extremes_share_the_tangent() {
        assert_eq!(tangent(reduce_max, &[1.0, 3.0, 3.0], &[1.0, 2.0, 5.0]), 3.5);
        assert_eq!(tangent(reduce_min, &[1.0, 3.0, 1.0], &[1.0, 2.0, 5.0]), 3.0);
    }

    #[test]
    fn products_with_zeros_have_derivatives() {
        assert_eq!(tangent(reduce_prod, &[2.0, 0.0, 5.0], &[1.0, 1.0, 1.0]), 10.0);
        assert_eq!(tangent(reduce_prod, &[0.0, 0.0, 5.0], &[1.0, 1.0, 1.0]), 0.0);
    }
}
