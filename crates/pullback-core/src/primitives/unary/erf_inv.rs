//! `erf_inv`: the inverse of the error function.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{exp, mul, number, square};
use crate::trace::bind1;

/// Elementwise: the inverse of the error function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ErfInv;

/// Elementwise: the inverse of the error function.
pub fn erf_inv(x: &Array) -> Result<Array> {
    bind1(ErfInv, &[x])
}

impl Unary for ErfInv {
    const NAME: &'static str = "erf_inv";
    const KERNEL: ScalarOp = ScalarOp::ErfInv;
    const DOMAIN: Domain = Domain::Real(-0.9, 0.9);
    const ACCEPTS: Accepts = Accepts::Float;

    /// √π/2 exp(y²).
    fn derivative(&self, _: &Array, y: &Array) -> Result<Array> {
        mul(&number(0.5 / std::f64::consts::FRAC_2_SQRT_PI * 2.0, y), &exp(&square(y)?)?)
    }
}
