//! Fourier transforms, convolutions, and reductions over windows that move.

use pullback_engine::DType;

use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;

mod conv_batch;
pub mod conv_general_dilated;
pub mod fft;
pub mod reduce_window;
pub mod select_and_gather_add;
pub mod select_and_scatter_add;
pub mod window;

use conv_general_dilated::Pads;

/// The types whose elements are in order.
const ORDERED: &[DType] = &[
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::BF16,
    DType::F16,
    DType::F32,
    DType::F64,
];

/// Two operands of one type, whose elements are in order.
fn pair<'a>(function: &str, inputs: &'a [Aval]) -> Result<(&'a Aval, &'a Aval)> {
    let [x, y] = inputs else {
        return Err(super::operand_count(function, 2, inputs.len()));
    };
    if x.dtype != y.dtype {
        return Err(Error::DTypeMismatch { function: function.into(), lhs: x.dtype, rhs: y.dtype });
    }
    let narrow = x.dtype.widened();
    if !ORDERED.contains(&narrow.unwrap_or(x.dtype)) {
        let accepted = "real numbers and integers";
        return Err(Error::DType { function: function.into(), dtype: x.dtype, accepted });
    }
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
