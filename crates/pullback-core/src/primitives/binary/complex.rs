//! `complex`: the complex number of a real and an imaginary part.

use pullback_engine::tile::ScalarOp;

use super::Binary;
use crate::array::Array;
use crate::error::Result;
use crate::primitives::rules::{imag, neg, number, real};
use crate::primitives::unary::Accepts;
use crate::primitives::{Cotangent, Operand};
use crate::trace::Tangent;
use crate::trace::bind1;

/// Elementwise: the complex number of a real and an imaginary part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Complex;

/// Elementwise: the complex number of a real and an imaginary part.
pub fn complex(x: &Array, y: &Array) -> Result<Array> {
    bind1(Complex, &[x, y])
}

impl Binary for Complex {
    const NAME: &'static str = "complex";
    const KERNEL: ScalarOp = ScalarOp::Complex;
    const ACCEPTS: Accepts = Accepts::ComplexPart;

    /// Linear.
    fn jvp(&self, [x, y]: [&Array; 2], [dx, dy]: [&Tangent; 2]) -> Result<(Array, Tangent)> {
        let zero = number(0.0, x);
        let dz = dx.map(&dx.aval(), |dx| complex(dx, &zero))?;
        let dz = dz.plus(dy.map(&dy.aval(), |dy| complex(&zero, dy))?)?;
        Ok((complex(x, y)?, dz))
    }

    fn transpose(&self, ct: &Array, inputs: [&Operand; 2]) -> Result<[Cotangent; 2]> {
        let re = inputs[0].is_linear().then(|| real(ct)).transpose()?;
        let im = inputs[1].is_linear().then(|| neg(&imag(ct)?)).transpose()?;
        Ok([re, im])
    }
}
