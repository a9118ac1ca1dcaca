//! `sign`: the sign: -1, 0 or 1; for complex numbers x / |x|.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{
    abs, broadcast_like, complex, conj, div, eq, mul, one, real, select, sub, zeros_like,
};
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the sign: -1, 0 or 1; for complex numbers x / |x|.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sign;

/// Elementwise: the sign: -1, 0 or 1; for complex numbers x / |x|.
pub fn sign(x: &Array) -> Result<Array> {
    bind1(Sign, &[x])
}

impl Unary for Sign {
    const NAME: &'static str = "sign";
    const KERNEL: ScalarOp = ScalarOp::Sign;
    const DOMAIN: Domain = Domain::Real(0.3, 2.0);
    const ACCEPTS: Accepts = Accepts::Number;

    /// Real numbers: flat wherever it is smooth. Complex numbers: the part of dx across x, over
    /// |x|; zero at zero, where there is no direction.
    fn tangent(&self, x: &Array, dx: &Array, y: &Array) -> Result<Tangent> {
        if !x.dtype().is_complex() {
            return Ok(Tangent::zero(y));
        }
        let along = real(&mul(&conj(y)?, dx)?)?;
        let nothing = zeros_like(&along)?;
        let across = sub(dx, &mul(y, &complex(&along, &nothing)?)?)?;
        let size = abs(x)?;
        let is_zero = eq(&size, &nothing)?;
        let ones = broadcast_like(&one(&size), &size)?;
        let inverse = div(&ones, &select(&is_zero, &ones, &size)?)?;
        let inverse = select(&is_zero, &nothing, &inverse)?;
        Ok(Tangent::Value(mul(&across, &complex(&inverse, &nothing)?)?))
    }
}
