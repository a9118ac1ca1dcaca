//! `zeta`: the zeta function of Hurwitz, of an exponent and a start.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::Primitive;
use crate::primitives::rules::{add, mul, neg, one};
use crate::primitives::unary::Accepts;
use crate::trace::{Tangent, bind1};

/// Elementwise: the zeta function of Hurwitz, of an exponent and a start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Zeta;

/// Elementwise: the zeta function of Hurwitz, of an exponent and a start.
pub fn zeta(x: &Array, y: &Array) -> Result<Array> {
    bind1(Zeta, &[x, y])
}

impl Binary for Zeta {
    const NAME: &'static str = "zeta";
    const KERNEL: ScalarOp = ScalarOp::Zeta;
    const DOMAINS: [Domain; 2] = [Domain::Real(1.5, 4.0), Domain::Real(0.4, 4.0)];
    const ACCEPTS: Accepts = Accepts::Float;
    const FIXED: &'static [usize] = &[0];

    /// dζ(s, q) = -s ζ(s + 1, q) dq. With respect to the exponent there is none.
    fn jvp(&self, [s, q]: [&Array; 2], [ds, dq]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        if !ds.is_zero() {
            return Err(self.missing("the derivative with respect to the exponent"));
        }
        let dz = dq.map(&dq.aval(), |dq| {
            let next = zeta(&add(s, &one(s))?, q)?;
            mul(dq, &neg(&mul(s, &next)?)?)
        })?;
        Ok((zeta(s, q)?, dz))
    }
}
