//! Fourier transforms, convolutions, and reductions over windows that move.

use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::primitives::unary::Accepts;

mod conv_batch;
pub mod conv_general_dilated;
pub mod fft;
pub mod reduce_window;
pub mod select_and_gather_add;
pub mod select_and_scatter_add;
pub mod window;

use conv_general_dilated::Pads;

/// Two operands of one type, whose elements are in order.
fn pair<'a>(function: &str, inputs: &'a [Aval]) -> Result<(&'a Aval, &'a Aval)> {
    let [x, y] = inputs else {
        return Err(super::operand_count(function, 2, inputs.len()));
    };
    if x.dtype != y.dtype {
        return Err(Error::DTypeMismatch { function: function.into(), lhs: x.dtype, rhs: y.dtype });
    }
    Accepts::Real.check(function, x.dtype)?;
    Ok((x, y))
}

/// Pairs of how much goes before and after each axis.
fn read_padding(params: &ParamReader) -> Result<Pads> {
    let pair = |row: Vec<i64>| match row.as_slice() {
        &[low, high] => Ok((low, high)),
        _ => Err(params.invalid("padding")),
    };
    params.rows("padding")?.into_iter().map(pair).collect()
}
