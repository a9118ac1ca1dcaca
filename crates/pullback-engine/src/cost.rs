//! What computing costs: operations, and bytes moved.
//!
//! Operations are counted as XLA counts them, so that figures can be compared: one for each
//! element of each operation of arithmetic, comparison, choice or conversion; functions such as
//! the exponential or the square root apart, as transcendentals; two for each multiplication that
//! is summed in a product.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul};

use smallvec::SmallVec;

use crate::dtype::DType;
use crate::layout::{self, Shape};
use crate::tile::ScalarOp;

/// What is known of a tensor before it is computed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TensorType {
    /// The type of the elements.
    pub dtype: DType,
    /// The sizes of the axes.
    pub shape: Shape,
}

/// The types of the inputs or outputs of a step.
pub type TensorTypes = SmallVec<[TensorType; 4]>;

impl TensorType {
    /// A type of tensors.
    pub fn new(dtype: DType, shape: &[usize]) -> TensorType {
        TensorType { dtype, shape: shape.into() }
    }

    /// The number of elements.
    pub fn count(&self) -> usize {
        layout::count(&self.shape)
    }

    /// The bytes of the elements.
    pub fn bytes(&self) -> usize {
        self.count() * self.dtype.size()
    }
}

/// As in the text of programs: `f32[2,3]`.
impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        write!(f, "{}[{}]", self.dtype.short_name(), sizes.join(","))
    }
}

impl fmt::Debug for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Operations, and bytes that are read or written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Operations of arithmetic, comparison, choice and conversion.
    pub flops: f64,
    /// Exponentials, logarithms, roots, and functions like them.
    pub transcendentals: f64,
    /// Bytes of operands read and of results written.
    pub bytes: f64,
}

impl Cost {
    /// So many operations.
    pub fn flops(count: usize) -> Cost {
        Cost { flops: count as f64, ..Cost::default() }
    }

    /// The greater of each.
    pub fn max(self, other: Cost) -> Cost {
        Cost {
            flops: self.flops.max(other.flops),
            transcendentals: self.transcendentals.max(other.transcendentals),
            bytes: self.bytes.max(other.bytes),
        }
    }

    /// How long it takes, roughly: the processor either computes or waits for memory.
    ///
    /// The rates are those of one core with vectors of 512 bits (see docs/performance.md for what
    /// was measured), so that the same program has the same estimate everywhere.
    pub fn seconds(&self, threads: usize) -> f64 {
        /// A step by itself.
        const STEP: f64 = 2e-7;
        const FLOPS: f64 = 5e10;
        const TRANSCENDENTALS: f64 = 1.5e9;
        const BYTES: f64 = 2.9e10;
        /// Where it pays to share the work.
        const SHARED: f64 = 2e-5;
        let computing = self.flops / FLOPS + self.transcendentals / TRANSCENDENTALS;
        let busy = computing.max(self.bytes / BYTES);
        STEP + if busy > SHARED { busy / threads.max(1) as f64 } else { busy }
    }
}

impl Add for Cost {
    type Output = Cost;

    fn add(self, other: Cost) -> Cost {
        Cost {
            flops: self.flops + other.flops,
            transcendentals: self.transcendentals + other.transcendentals,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl Mul<f64> for Cost {
    type Output = Cost;

    fn mul(self, times: f64) -> Cost {
        Cost {
            flops: self.flops * times,
            transcendentals: self.transcendentals * times,
            bytes: self.bytes * times,
        }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Cost>>(costs: I) -> Cost {
        costs.fold(Cost::default(), Add::add)
    }
}

impl ScalarOp {
    /// What one element costs; it moves nothing.
    pub fn cost(self) -> Cost {
        use ScalarOp::*;
        let flops = match self {
            Copy | Real | Imag | Complex => 0,
            Exp | Exp2 | Expm1 | Log | Log1p | Log2 | Sqrt | Rsqrt | Cbrt | Sin | Cos | Tan
            | Asin | Acos | Atan | Sinh | Cosh | Tanh | Asinh | Acosh | Atanh | Logistic | Erf
            | Erfc | ErfInv | Lgamma | Digamma | BesselI0e | BesselI1e | Pow | Atan2 | Igamma
            | Igammac | IgammaGradA | RandomGammaGrad | Zeta | Polygamma | Betainc => {
                return Cost { transcendentals: 1.0, ..Cost::default() };
            }
            // By squaring, and a reciprocal.
            IntegerPow(exponent) => {
                let bits = exponent.unsigned_abs();
                let products = (bits.max(1).ilog2() + bits.count_ones()).saturating_sub(1);
                products as usize + (exponent < 0) as usize
            }
            OneMinusSquare | Clamp => 2,
            _ => 1,
        };
        Cost::flops(flops)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tile::ProgramBuilder;

    #[test]
    fn programs_count_what_their_results_need() {
        let mut program = ProgramBuilder::new();
        let x = program.input(DType::F32);
        let y = program.op(ScalarOp::Sin, &[x]);
        let z = program.op(ScalarOp::Mul, &[y, x]);
        program.op(ScalarOp::Exp, &[z]);
        let program = program.finish(&[z]);
        assert_eq!(program.cost(), Cost { flops: 1.0, transcendentals: 1.0, bytes: 0.0 });
    }

    #[test]
    fn powers_count_their_products() {
        let products = |n| ScalarOp::IntegerPow(n).cost().flops;
        assert_eq!(
            [0, 1, 2, 3, 4, 7, 8, -1, -3].map(products),
            [0., 0., 1., 2., 2., 4., 3., 1., 3.]
        );
    }

    #[test]
    fn many_operations_take_longer_than_few() {
        let few = Cost::flops(100).seconds(2);
        let many = Cost { bytes: 1e9, ..Cost::flops(100) };
        assert!(few < many.seconds(2) && many.seconds(2) < many.seconds(1));
    }
}
