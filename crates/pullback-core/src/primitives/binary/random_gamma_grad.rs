//! `random_gamma_grad`: how much a sample, the second operand, of the gamma distribution moves with the parameter, the first.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::Primitive;
use crate::primitives::unary::Accepts;
use crate::trace::{Tangent, bind1};

/// Elementwise: how much a sample, the second operand, of the gamma distribution moves with the
/// parameter, the first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomGammaGrad;

/// Elementwise: how much a sample, the second operand, of the gamma distribution moves with the
/// parameter, the first.
pub fn random_gamma_grad(x: &Array, y: &Array) -> Result<Array> {
    bind1(RandomGammaGrad, &[x, y])
}

impl Binary for RandomGammaGrad {
    const NAME: &'static str = "random_gamma_grad";
    const KERNEL: ScalarOp = ScalarOp::RandomGammaGrad;
    const DOMAINS: [Domain; 2] = [Domain::Real(0.4, 3.0), Domain::Real(0.2, 4.0)];
    const ACCEPTS: Accepts = Accepts::Float;
    const FIXED: &'static [usize] = &[0, 1];

    fn jvp(&self, _: [&Array; 2], _: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        Err(self.missing("the forward derivative"))
    }
}
