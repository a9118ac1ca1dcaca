//! `digamma`: the derivative of the logarithm of the gamma function.

use pullback_engine::tile::ScalarOp;

use super::{Accepts, Unary};
use crate::array::Array;
use crate::error::Result;
use crate::primitives::Domain;
use crate::primitives::rules::{add, div, floor, lt, mul, number, one, select, sin, square, sub};
use crate::trace::bind1;

/// Elementwise: the derivative of the logarithm of the gamma function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Digamma;

/// Elementwise: the derivative of the logarithm of the gamma function.
pub fn digamma(x: &Array) -> Result<Array> {
    bind1(Digamma, &[x])
}

impl Unary for Digamma {
    const NAME: &'static str = "digamma";
    const KERNEL: ScalarOp = ScalarOp::Digamma;
    const DOMAIN: Domain = Domain::Real(0.4, 5.0);
    const ACCEPTS: Accepts = Accepts::Float;

    /// The trigamma function.
    fn derivative(&self, x: &Array, _: &Array) -> Result<Array> {
        trigamma(x)
    }
}

/// The second derivative of the logarithm of the gamma function: by reflection of small
/// arguments, ψ₁(x) + ψ₁(1 - x) = (π / sin πx)²; by recurrence, ψ₁(x) = 1 / x² + ψ₁(x + 1); and for
/// large arguments by its asymptotic series (Abramowitz and Stegun 6.4.6, 6.4.7 and 6.4.12).
fn trigamma(x: &Array) -> Result<Array> {
    // The series is exact to the last bit from here on.
    const STEPS: usize = 10;
    // Bernoulli numbers of even index, from the second on.
    const BERNOULLI: [f64; 8] = [
        1.0 / 6.0,
        -1.0 / 30.0,
        1.0 / 42.0,
        -1.0 / 30.0,
        5.0 / 66.0,
        -691.0 / 2730.0,
        7.0 / 6.0,
        -3617.0 / 510.0,
    ];
    let unit = one(x);
    let is_small = lt(x, &number(0.5, x))?;
    let y = select(&is_small, &sub(&unit, x)?, x)?;
    let inverse_square = |y: &Array| div(&unit, &square(y)?);
    let mut sum = inverse_square(&y)?;
    for step in 1..STEPS {
        sum = add(&sum, &inverse_square(&add(&y, &number(step as f64, x))?)?)?;
    }
    let inverse = div(&unit, &add(&y, &number(STEPS as f64, x))?)?;
    let squared = square(&inverse)?;
    let mut series = mul(&squared, &number(BERNOULLI[7], x))?;
    for term in BERNOULLI[..7].iter().rev() {
        series = mul(&squared, &add(&series, &number(*term, x))?)?;
    }
    // 1/y + 1/(2 y²) + Σ B₂ₖ / y²ᵏ⁺¹.
    let tail = add(&unit, &add(&mul(&inverse, &number(0.5, x))?, &series)?)?;
    let large = add(&sum, &mul(&inverse, &tail)?)?;
    let angle = mul(&sub(x, &floor(x)?)?, &number(std::f64::consts::PI, x))?;
    let reflected = div(&number(std::f64::consts::PI.powi(2), x), &square(&sin(&angle)?)?)?;
    select(&is_small, &sub(&reflected, &large)?, &large)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trigamma_at_known_points() {
        let expected = [
            (0.5, 4.93480220054468),
            (-0.5, 8.934802200544677),
            (1.5, 0.9348022005446794),
            (30.0, 0.033895060357739946),
            (1e-3, 1000001.6425331958),
        ];
        for (x, y) in expected {
            let given = trigamma(&Array::scalar(x)).unwrap().to_f64().unwrap();
            assert!((given - y).abs() < 1e-14 * y, "{x}: {given} {y}");
        }
    }
}
