//! `conj`: the complex conjugate.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::aval::Aval;
use crate::error::Result;
use crate::primitives::Cotangent;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the complex conjugate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Conj;

/// Elementwise: the complex conjugate.
pub fn conj(x: &Array) -> Result<Array> {
    bind1(Conj, &[x])
}

impl Unary for Conj {
    const NAME: &'static str = "conj";
    const KERNEL: ScalarOp = ScalarOp::Conj;
    const ACCEPTS: Accepts = Accepts::Complex;

    /// Linear.
    fn tangent(&self, _: &Array, dx: &Array, _: &Array) -> Result<Tangent> {
        Ok(Tangent::Value(conj(dx)?))
    }

    fn transpose(&self, ct: &Array, _: &Aval) -> Result<Cotangent> {
        Ok(Some(conj(ct)?))
    }
}
