//! `abs`: the absolute value, for complex numbers the modulus.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{conj, ge, mul, neg, number, real, select_n, sign};
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the absolute value, for complex numbers the modulus.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Abs;

/// Elementwise: the absolute value, for complex numbers the modulus.
pub fn abs(x: &Array) -> Result<Array> {
    bind1(Abs, &[x])
}

impl Unary for Abs {
    const NAME: &'static str = "abs";
    const KERNEL: ScalarOp = ScalarOp::Abs;
    const DOMAIN: Domain = Domain::Real(0.3, 2.0);
    const ACCEPTS: Accepts = Accepts::Number;

    /// dx or -dx by the sign of x, dx at zero; for complex numbers the real part of
    /// conj(sign(x)) dx.
    fn tangent(&self, x: &Array, dx: &Array, _: &Array) -> Result<Tangent> {
        Ok(Tangent::Value(if x.dtype().is_complex() {
            real(&mul(dx, &conj(&sign(x)?)?)?)?
        } else {
            select_n(&ge(x, &number(0.0, x))?, &[&neg(dx)?, dx])?
        }))
    }
}
