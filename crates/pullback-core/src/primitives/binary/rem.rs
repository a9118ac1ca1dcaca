//! `rem`: the remainder of the division rounded toward zero, with the sign of the dividend.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{ceil, div, floor, neg, select_negative};
use crate::primitives::unary::Accepts;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the remainder of the division rounded toward zero, with the sign of the dividend.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rem;

/// Elementwise: the remainder of the division rounded toward zero, with the sign of the dividend.
pub fn rem(x: &Array, y: &Array) -> Result<Array> {
    bind1(Rem, &[x, y])
}

impl Binary for Rem {
    const NAME: &'static str = "rem";
    const KERNEL: ScalarOp = ScalarOp::Rem;
    const DOMAINS: [Domain; 2] = [Domain::Real(0.1, 0.9), Domain::Real(1.0, 2.0)];
    const ACCEPTS: Accepts = Accepts::Real;

    /// dx - dy trunc(x/y).
    fn jvp(&self, [x, y]: [&Array; 2], [dx, dy]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        let quotient = div(x, y)?;
        let whole = select_negative(&quotient, &ceil(&quotient)?, &floor(&quotient)?)?;
        Ok((rem(x, y)?, dx.clone().plus(dy.scaled_by(&neg(&whole)?)?)?))
    }
}
