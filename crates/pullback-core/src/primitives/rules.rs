//! What rules are written with: the primitives as functions, and a few shorthands.

pub use super::binary::{
    add::add, and::and, atan2::atan2, complex::complex, div::div, eq::eq, ge::ge, gt::gt, le::le,
    lt::lt, max::max, min::min, mul::mul, ne::ne, or::or, pow::pow, rem::rem,
    shift_left::shift_left, shift_right_arithmetic::shift_right_arithmetic,
    shift_right_logical::shift_right_logical, sub::sub, xor::xor,
};
pub use super::collective::{
    all_gather::all_gather,
    all_to_all::all_to_all,
    axis_index::axis_index,
    pextremum::{pmax, pmin},
    ppermute::ppermute,
    psum::psum,
    reduce_scatter::reduce_scatter,
};
pub use super::indexing::{gather::gather, scatter::scatter};
pub use super::linalg::{
    cholesky::cholesky, eigh::eigh, lu::lu, qr::qr, svd::svd, triangular_solve::triangular_solve,
};
pub use super::nary::{
    clamp::clamp, convert_element_type::convert_element_type, integer_pow::integer_pow,
    reduce_precision::reduce_precision, round::round, select_n::select_n,
};
pub use super::random::{
    random_bits::random_bits, random_fold_in::random_fold_in, random_gamma::random_gamma,
    random_seed::random_seed, random_split::random_split, random_unwrap::random_unwrap,
    random_wrap::random_wrap, threefry2x32::threefry2x32,
};
pub use super::reduction::{
    arg_reduce::argmax,
    arg_reduce::argmin,
    cumulative::cumlogsumexp,
    cumulative::cummax,
    cumulative::cummin,
    cumulative::cumprod,
    cumulative::cumsum,
    dot_general::dot_general,
    reduce::{reduce_and, reduce_max, reduce_min, reduce_or, reduce_prod, reduce_xor},
    reduce_sum::reduce_sum,
};
pub use super::signal::{
    conv_general_dilated::conv_general_dilated, fft::fft, reduce_window::reduce_window,
    select_and_gather_add::select_and_gather_add, select_and_scatter_add::select_and_scatter_add,
};
pub use super::sorting::{searchsorted::searchsorted, sort::sort, top_k::top_k};
pub use super::structure::{
    bitcast_convert_type::bitcast_convert_type, broadcast_in_dim, concatenate::concatenate,
    dynamic_slice::dynamic_slice, dynamic_update_slice::dynamic_update_slice, expand_dims,
    iota::iota, move_axis, pad::pad, reshape::reshape, rev::rev, slice::slice, split::split,
    squeeze::squeeze, transpose::transpose, zeros, zeros_like,
};
pub use super::unary::{
    abs::abs, bessel_i0e::bessel_i0e, bessel_i1e::bessel_i1e, ceil::ceil, conj::conj, copy::copy,
    cos::cos, cosh::cosh, digamma::digamma, exp::exp, floor::floor, imag::imag,
    is_finite::is_finite, log::log, log1p::log1p, neg::neg, not::not,
    one_minus_square::one_minus_square, real::real, rsqrt::rsqrt, sign::sign, sin::sin, sinh::sinh,
    sqrt::sqrt, square::square, tanh::tanh,
};

use crate::array::Array;
use crate::error::Result;
use crate::trace::Tangent;

/// A number as a scalar of the type of `like`.
pub fn number(value: f64, like: &Array) -> Array {
    Array::with_weak(crate::array::number(value, like.dtype()), like.is_weak())
}

/// One, as a scalar of the type of `like`.
pub fn one(like: &Array) -> Array {
    number(1.0, like)
}

/// `x` where `condition` holds, else `y`; all of one shape.
pub fn select(condition: &Array, x: &Array, y: &Array) -> Result<Array> {
    select_n(condition, &[y, x])
}

/// `x` where `condition` is negative, else `y`; all of one shape.
pub fn select_negative(condition: &Array, x: &Array, y: &Array) -> Result<Array> {
    select(&lt(condition, &number(0.0, condition))?, x, y)
}

/// `x` repeated to the shape of `like`; it is a scalar, or has the same rank.
pub fn broadcast_like(x: &Array, like: &Array) -> Result<Array> {
    broadcast_to(x, like.shape())
}

/// `x` repeated to `shape`; it is a scalar, or has the same rank.
pub fn broadcast_to(x: &Array, shape: &[usize]) -> Result<Array> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    let axes: Vec<usize> = (0..x.rank()).collect();
    broadcast_in_dim(x, shape, &axes)
}

/// The transpose of [`broadcast_to`]: the sum over the axes along which `shape` was repeated.
pub fn sum_to(x: &Array, shape: &[usize]) -> Result<Array> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    if shape.is_empty() {
        return reduce_sum(x, &(0..x.rank()).collect::<Vec<_>>());
    }
    let axes: Vec<usize> =
        (0..x.rank()).filter(|&axis| shape[axis] == 1 && x.shape()[axis] != 1).collect();
    reshape(&reduce_sum(x, &axes)?, shape)
}

/// How much of the tangent of `x` goes to `z`, which is the larger or smaller of `x` and `y`:
/// all, half if both are equal, or nothing.
pub fn share(x: &Array, z: &Array, y: &Array) -> Result<Array> {
    let shape = z.shape();
    let (x, y) = (broadcast_to(x, shape)?, broadcast_to(y, shape)?);
    let zeros = broadcast_to(&number(0.0, z), shape)?;
    let ones = broadcast_to(&one(z), shape)?;
    let halves = broadcast_to(&number(0.5, z), shape)?;
    let tie = select(&eq(&x, &y)?, &halves, &ones)?;
    select(&eq(&x, z)?, &tie, &zeros)
}

impl Tangent {
    /// The tangent times a factor; zero stays zero.
    pub fn scaled_by(&self, factor: &Array) -> Result<Tangent> {
        self.map(&self.aval(), |dx| mul(dx, factor))
    }
}
