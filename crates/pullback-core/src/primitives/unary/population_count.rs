//! `population_count`: the number of bits that are one.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the number of bits that are one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PopulationCount;

/// Elementwise: the number of bits that are one.
pub fn population_count(x: &Array) -> Result<Array> {
    bind1(PopulationCount, &[x])
}

impl Unary for PopulationCount {
    const NAME: &'static str = "population_count";
    const KERNEL: ScalarOp = ScalarOp::PopulationCount;
    const ACCEPTS: Accepts = Accepts::Integer;

    /// Flat wherever it is smooth.
    fn tangent(&self, _: &Array, _: &Array, y: &Array) -> Result<Tangent> {
        Ok(Tangent::zero(y))
    }
}
