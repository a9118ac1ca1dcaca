//! `bessel_i0e`: the modified Bessel function of order zero, times exp(-|x|).

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{bessel_i1e, mul, sign, sub};
use crate::trace::bind1;

/// Elementwise: the modified Bessel function of order zero, times exp(-|x|).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BesselI0e;

/// Elementwise: the modified Bessel function of order zero, times exp(-|x|).
pub fn bessel_i0e(x: &Array) -> Result<Array> {
    bind1(BesselI0e, &[x])
}

impl Unary for BesselI0e {
    const NAME: &'static str = "bessel_i0e";
    const KERNEL: ScalarOp = ScalarOp::BesselI0e;
    const DOMAIN: Domain = Domain::Real(0.3, 4.0);
    const ACCEPTS: Accepts = Accepts::Float;

    /// i1e(x) - sign(x) y.
    fn derivative(&self, x: &Array, y: &Array) -> Result<Array> {
        sub(&bessel_i1e(x)?, &mul(&sign(x)?, y)?)
    }
}
