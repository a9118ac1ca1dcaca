//! `bessel_i1e`: the modified Bessel function of order one, times exp(-|x|).

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{add, bessel_i0e, div, mul, one, sign, sub};
use crate::trace::bind1;

/// Elementwise: the modified Bessel function of order one, times exp(-|x|).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BesselI1e;

/// Elementwise: the modified Bessel function of order one, times exp(-|x|).
pub fn bessel_i1e(x: &Array) -> Result<Array> {
    bind1(BesselI1e, &[x])
}

impl Unary for BesselI1e {
    const NAME: &'static str = "bessel_i1e";
    const KERNEL: ScalarOp = ScalarOp::BesselI1e;
    const DOMAIN: Domain = Domain::Real(0.3, 4.0);
    const ACCEPTS: Accepts = Accepts::Float;

    /// i0e(x) - y (sign(x) + 1/x).
    fn derivative(&self, x: &Array, y: &Array) -> Result<Array> {
        sub(&bessel_i0e(x)?, &mul(y, &add(&sign(x)?, &div(&one(x), x)?)?)?)
    }
}
