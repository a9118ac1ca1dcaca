//! `is_finite`: whether the element is neither infinite nor not a number.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: whether the element is neither infinite nor not a number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IsFinite;

/// Elementwise: whether the element is neither infinite nor not a number.
pub fn is_finite(x: &Array) -> Result<Array> {
    bind1(IsFinite, &[x])
}

impl Unary for IsFinite {
    const NAME: &'static str = "is_finite";
    const KERNEL: ScalarOp = ScalarOp::IsFinite;
    const ACCEPTS: Accepts = Accepts::Float;

    /// Flat wherever it is smooth.
    fn tangent(&self, _: &Array, _: &Array, y: &Array) -> Result<Tangent> {
        Ok(Tangent::zero(y))
    }
}
