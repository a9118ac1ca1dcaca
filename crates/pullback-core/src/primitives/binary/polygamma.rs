//! `polygamma`: the derivative of the digamma function, of an order and an argument.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::{Error, Result};
use crate::primitives::Domain;
use crate::primitives::rules::{add, mul, one};
use crate::primitives::unary::Accepts;
use crate::trace::{Tangent, bind1};

/// Elementwise: the derivative of the digamma function, of an order and an argument.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Polygamma;

/// Elementwise: the derivative of the digamma function, of an order and an argument.
pub fn polygamma(x: &Array, y: &Array) -> Result<Array> {
    bind1(Polygamma, &[x, y])
}

impl Binary for Polygamma {
    const NAME: &'static str = "polygamma";
    const KERNEL: ScalarOp = ScalarOp::Polygamma;
    const DOMAINS: [Domain; 2] = [Domain::Whole(0, 4), Domain::Real(0.4, 4.0)];
    const ACCEPTS: Accepts = Accepts::Float;
    const FIXED: &'static [usize] = &[0];

    /// The derivative of the next order. With respect to the order there is none.
    fn jvp(&self, [n, x]: [&Array; 2], [dn, dx]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        if !dn.is_zero() {
            return Err(Error::value_error(
                "polygamma",
                "gradient with respect to the order is not supported",
            ));
        }
        let dz = dx.map(&dx.aval(), |dx| mul(dx, &polygamma(&add(n, &one(n))?, x)?))?;
        Ok((polygamma(n, x)?, dz))
    }
}
