//! `real`: the real part.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::aval::Aval;
use crate::error::Result;
use crate::primitives::Cotangent;
use crate::primitives::rules::{complex, number};
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the real part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Real;

/// Elementwise: the real part.
pub fn real(x: &Array) -> Result<Array> {
    bind1(Real, &[x])
}

impl Unary for Real {
    const NAME: &'static str = "real";
    const KERNEL: ScalarOp = ScalarOp::Real;
    const ACCEPTS: Accepts = Accepts::Complex;

    /// Linear.
    fn tangent(&self, _: &Array, dx: &Array, _: &Array) -> Result<Tangent> {
        Ok(Tangent::Value(real(dx)?))
    }

    fn transpose(&self, ct: &Array, _: &Aval) -> Result<Cotangent> {
        Ok(Some(complex(ct, &number(0.0, ct))?))
    }
}
