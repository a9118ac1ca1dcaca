//! `cumsum`, `cumprod`, `cummax`, `cummin`, `cumlogsumexp`: what the elements along an axis come
//! to from its beginning up to each of them.

use pullback_engine::kernels::cumulative::Cumulative as Kernel;
pub use pullback_engine::kernels::cumulative::CumulativeOp;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{
    add, broadcast_like, concatenate, eq, exp, is_finite, log1p, max, min, mul, number,
    one as unit, pad, real, rev, select, share, slice, sub, zeros_like,
};
use crate::primitives::structure::{check_axes, linear_transpose};
use crate::primitives::unary::Accepts;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Input, Listed, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Element `i` along the axis becomes the combination of elements `0..=i`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cumulative {
    /// How two elements become one.
    pub op: CumulativeOp,
    /// The axis to run along.
    pub axis: usize,
    /// Whether to run from the end to the beginning.
    pub reverse: bool,
}

/// The sums of the elements of `x` up to each of them along `axis`.
///
/// # Errors
/// If the axis is not there, or the elements are not numbers.
pub fn cumsum(x: &Array, axis: usize, reverse: bool) -> Result<Array> {
    bind1(Cumulative { op: CumulativeOp::Sum, axis, reverse }, &[x])
}

/// The products of the elements of `x` up to each of them along `axis`.
///
/// # Errors
/// If the axis is not there, or the elements are not numbers.
pub fn cumprod(x: &Array, axis: usize, reverse: bool) -> Result<Array> {
    bind1(Cumulative { op: CumulativeOp::Prod, axis, reverse }, &[x])
}

/// The largest of the elements of `x` up to each of them along `axis`.
///
/// # Errors
/// If the axis is not there, or the elements are not numbers.
pub fn cummax(x: &Array, axis: usize, reverse: bool) -> Result<Array> {
    bind1(Cumulative { op: CumulativeOp::Max, axis, reverse }, &[x])
}

/// The smallest of the elements of `x` up to each of them along `axis`.
///
/// # Errors
/// If the axis is not there, or the elements are not numbers.
pub fn cummin(x: &Array, axis: usize, reverse: bool) -> Result<Array> {
    bind1(Cumulative { op: CumulativeOp::Min, axis, reverse }, &[x])
}

/// The logarithms of the sums of the exponentials of the elements of `x` up to each of them
/// along `axis`.
///
/// # Errors
/// If the axis is not there, or the elements are not floating or complex numbers.
pub fn cumlogsumexp(x: &Array, axis: usize, reverse: bool) -> Result<Array> {
    bind1(Cumulative { op: CumulativeOp::LogSumExp, axis, reverse }, &[x])
}

/// The product of all elements before each one along `axis`, or of all after it.
pub(crate) fn exclusive_product(x: &Array, axis: usize, reverse: bool) -> Result<Array> {
    let length = x.shape()[axis];
    if length == 0 {
        return Ok(x.clone());
    }
    let part = match reverse {
        false => part(x, axis, 0, length - 1, 1)?,
        true => part(x, axis, 1, length, 1)?,
    };
    let mut config = vec![(0, 0, 0); x.rank()];
    config[axis] = if reverse { (0, 1, 0) } else { (1, 0, 0) };
    pad(&cumprod(&part, axis, reverse)?, &unit(x), &config)
}

/// Elements `start..limit` along one axis, in steps.
fn part(x: &Array, axis: usize, start: usize, limit: usize, step: usize) -> Result<Array> {
    let mut low = Shape::from_elem(0, x.rank());
    let mut high = Shape::from_slice(x.shape());
    let mut steps = Shape::from_elem(1, x.rank());
    low[axis] = start.min(limit);
    high[axis] = limit;
    steps[axis] = step;
    slice(x, &low, &high, Some(&steps))
}

/// An element, and its tangent.
type Dual = (Array, Array);

/// The running combination of duals, by halves: neighbours are combined, the shorter row is
/// scanned, and the elements in between are filled in (G. Blelloch 1990, "Prefix sums and their
/// applications"). Ties between elements are shared out in the order of this tree.
fn scan(x: &Dual, axis: usize, combine: &impl Fn(&Dual, &Dual) -> Result<Dual>) -> Result<Dual> {
    let length = x.0.shape()[axis];
    if length < 2 {
        return Ok(x.clone());
    }
    let part = |x: &Dual, start, limit, step| -> Result<Dual> {
        Ok((part(&x.0, axis, start, limit, step)?, part(&x.1, axis, start, limit, step)?))
    };
    let pairs = combine(&part(x, 0, length - 1, 2)?, &part(x, 1, length, 2)?)?;
    let odd = scan(&pairs, axis, combine)?;
    let before = part(&odd, 0, (length - 1) / 2, 1)?;
    let rest = combine(&before, &part(x, 2.min(length), length, 2)?)?;
    let first = part(x, 0, 1, 1)?;
    let woven = |first: &Array, rest: &Array, odd: &Array| -> Result<Array> {
        let even = concatenate(&[first, rest], axis)?;
        let mut config = vec![(0, 0, 0); even.rank()];
        let balance = length.is_multiple_of(2) as i64;
        config[axis] = (0, balance, 1);
        let zero = number(0.0, &even);
        let even = pad(&even, &zero, &config)?;
        config[axis] = (1, 1 - balance, 1);
        add(&even, &pad(odd, &zero, &config)?)
    };
    Ok((woven(&first.0, &rest.0, &odd.0)?, woven(&first.1, &rest.1, &odd.1)?))
}

/// log(exp a + exp b) and its tangent. Only exponentials of the value are used, so that the
/// imaginary part need not be brought into any range.
fn log_add(x: &Dual, y: &Dual) -> Result<Dual> {
    let ((a, da), (b, db)) = (x, y);
    let (greater, lesser) = (max(a, b)?, min(a, b)?);
    let zeros = zeros_like(a)?;
    // Equal infinities have no difference.
    let distance = select(&eq(&greater, &lesser)?, &zeros, &sub(&lesser, &greater)?)?;
    let sum = add(&greater, &log1p(&exp(&distance)?)?)?;
    let finite = |x: &Array| {
        let part = if x.dtype().is_complex() { real(x)? } else { x.clone() };
        is_finite(&part)
    };
    let safe_sum = select(&finite(&sum)?, &sum, &zeros)?;
    let weight = |x: &Array| -> Result<Array> {
        let part = if x.dtype().is_complex() { real(x)? } else { x.clone() };
        let infinite = number(f64::INFINITY, &part);
        let infinite = eq(&part, &broadcast_like(&infinite, &part)?)?;
        exp(&sub(&select(&infinite, &zeros, x)?, &safe_sum)?)
    };
    let tangent = add(&mul(da, &weight(a)?)?, &mul(db, &weight(b)?)?)?;
    Ok((sum, tangent))
}

impl Cumulative {
    fn accepts(&self) -> Accepts {
        match self.op {
            CumulativeOp::LogSumExp => Accepts::Inexact,
            _ => Accepts::Number,
        }
    }

    fn tangent(&self, x: &Array, dx: &Array) -> Result<Array> {
        let turned = |x: &Array| if self.reverse { rev(x, &[self.axis]) } else { Ok(x.clone()) };
        let dual = (turned(x)?, turned(dx)?);
        let scanned = match self.op {
            CumulativeOp::Prod => scan(&dual, self.axis, &|(a, da), (b, db)| {
                Ok((mul(a, b)?, add(&mul(da, b)?, &mul(a, db)?)?))
            }),
            CumulativeOp::LogSumExp => scan(&dual, self.axis, &log_add),
            _ => scan(&dual, self.axis, &|(a, da), (b, db)| {
                let c = if self.op == CumulativeOp::Max { max(a, b)? } else { min(a, b)? };
                let from = mul(da, &share(a, &c, b)?)?;
                let dc = add(&from, &mul(db, &share(b, &c, a)?)?)?;
                Ok((c, dc))
            }),
        }?;
        turned(&scanned.1)
    }
}

impl Primitive for Cumulative {
    fn name(&self) -> &str {
        match self.op {
            CumulativeOp::Sum => "cumsum",
            CumulativeOp::Prod => "cumprod",
            CumulativeOp::Max => "cummax",
            CumulativeOp::Min => "cummin",
            CumulativeOp::LogSumExp => "cumlogsumexp",
        }
    }

    fn params(&self) -> Params {
        vec![("axis", Param::Int(self.axis as i64)), ("reverse", Param::Bool(self.reverse))]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 1, inputs.len()));
        };
        self.accepts().check(self.name(), x.dtype)?;
        check_axes(self.name(), &[self.axis], x.rank())?;
        Ok(one(x.clone()))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), &[x[0]])?;
        let aval = y.aval().tangent();
        let dy = match self.op {
            _ if !aval.is_differentiable() => Tangent::Zero(aval),
            CumulativeOp::Sum => dx[0].map(&aval, |dx| bind1(self.clone(), &[dx]))?,
            _ => dx[0].map(&aval, |dx| self.tangent(x[0], dx))?,
        };
        Ok((one(y), one(dy)))
    }

    /// An element takes part in the sums of all that follow it.
    fn transpose(&self, ct: &[Cotangent], _: &[Operand]) -> Result<Cotangents> {
        if self.op != CumulativeOp::Sum {
            return Err(Error::NotLinear { primitive: self.name().into() });
        }
        linear_transpose(ct, |ct| cumsum(ct, self.axis, !self.reverse))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        let mapped = axes[0].unwrap_or(0);
        let axis = self.axis + (self.axis >= mapped) as usize;
        let y = bind1(Cumulative { axis, ..self.clone() }, &[x[0]])?;
        Ok((one(y), one(Some(mapped))))
    }

    fn widens(&self) -> bool {
        true
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let Cumulative { op, axis, reverse } = self.clone();
        Ok(plan.kernel(Kernel { op, axis, reverse }, x))
    }
}

impl Listed for Cumulative {
    fn from_params(name: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let op = match name {
            "cumsum" => CumulativeOp::Sum,
            "cumprod" => CumulativeOp::Prod,
            "cummax" => CumulativeOp::Max,
            "cummin" => CumulativeOp::Min,
            "cumlogsumexp" => CumulativeOp::LogSumExp,
            _ => return Err(params.invalid("name")),
        };
        Ok(Cumulative { op, axis: params.size("axis")?, reverse: params.bool("reverse")? })
    }

    fn samples() -> Vec<Sample> {
        use CumulativeOp::*;
        let mut samples = vec![];
        for op in [Sum, Prod, Max, Min, LogSumExp] {
            for &dtype in DType::NUMERIC {
                let cases: [(&[usize], usize, bool); 6] = [
                    (&[5], 0, false),
                    (&[6], 0, true),
                    (&[2, 3], 1, false),
                    (&[3, 2], 0, true),
                    (&[0, 2], 0, false),
                    (&[1], 0, false),
                ];
                for (shape, axis, reverse) in cases {
                    let op = Cumulative { op, axis, reverse };
                    if op.accepts().has(dtype) {
                        samples.push(Sample::new(op, [Input::real(shape, dtype)]));
                    }
                }
            }
        }
        samples
    }
}
