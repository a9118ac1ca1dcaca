//! `cbrt`: the cube root.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{div, mul, number};
use crate::trace::bind1;

/// Elementwise: the cube root.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cbrt;

/// Elementwise: the cube root.
pub fn cbrt(x: &Array) -> Result<Array> {
    bind1(Cbrt, &[x])
}

impl Unary for Cbrt {
    const NAME: &'static str = "cbrt";
    const KERNEL: ScalarOp = ScalarOp::Cbrt;
    const DOMAIN: Domain = Domain::Real(0.3, 4.0);
    const ACCEPTS: Accepts = Accepts::Float;

    /// y / (3 x).
    fn derivative(&self, x: &Array, y: &Array) -> Result<Array> {
        div(y, &mul(&number(3.0, x), x)?)
    }
}
