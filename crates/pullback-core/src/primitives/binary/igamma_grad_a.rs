//! `igamma_grad_a`: the derivative of `igamma` with respect to the parameter.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::Primitive;
use crate::primitives::unary::Accepts;
use crate::trace::{Tangent, bind1};

/// Elementwise: the derivative of `igamma` with respect to the parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IgammaGradA;

/// Elementwise: the derivative of `igamma` with respect to the parameter.
pub fn igamma_grad_a(x: &Array, y: &Array) -> Result<Array> {
    bind1(IgammaGradA, &[x, y])
}

impl Binary for IgammaGradA {
    const NAME: &'static str = "igamma_grad_a";
    const KERNEL: ScalarOp = ScalarOp::IgammaGradA;
    const DOMAINS: [Domain; 2] = [Domain::Real(0.4, 3.0), Domain::Real(0.2, 4.0)];
    const ACCEPTS: Accepts = Accepts::Float;
    const FIXED: &'static [usize] = &[0, 1];

    fn jvp(&self, _: [&Array; 2], _: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        Err(self.missing("the forward derivative"))
    }
}
