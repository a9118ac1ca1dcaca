//! `imag`: the imaginary part.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::aval::Aval;
use crate::error::Result;
use crate::primitives::Cotangent;
use crate::primitives::rules::{complex, neg, number};
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the imaginary part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Imag;

/// Elementwise: the imaginary part.
pub fn imag(x: &Array) -> Result<Array> {
    bind1(Imag, &[x])
}

impl Unary for Imag {
    const NAME: &'static str = "imag";
    const KERNEL: ScalarOp = ScalarOp::Imag;
    const ACCEPTS: Accepts = Accepts::Complex;

    /// Linear.
    fn tangent(&self, _: &Array, dx: &Array, _: &Array) -> Result<Tangent> {
        Ok(Tangent::Value(imag(dx)?))
    }

    fn transpose(&self, ct: &Array, _: &Aval) -> Result<Cotangent> {
        Ok(Some(complex(&number(0.0, ct), &neg(ct)?)?))
    }
}
