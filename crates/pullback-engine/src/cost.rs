//! What computing costs: operations, and bytes moved; and what follows from it, which is how work
//! is shared among threads and when machine code pays.
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
    pub const fn flops(count: usize) -> Cost {
        Cost { flops: count as f64, transcendentals: 0.0, bytes: 0.0 }
    }

    /// The greater of each.
    pub fn max(self, other: Cost) -> Cost {
        Cost {
            flops: self.flops.max(other.flops),
            transcendentals: self.transcendentals.max(other.transcendentals),
            bytes: self.bytes.max(other.bytes),
        }
    }

    /// So many bytes read and written.
    pub const fn bytes(count: usize) -> Cost {
        Cost { flops: 0.0, transcendentals: 0.0, bytes: count as f64 }
    }

    /// How long one core is busy with it, roughly: it either computes or waits for memory.
    ///
    /// The rates are those of one core with vectors of 512 bits (see docs/performance.md for what
    /// was measured), so that the same program has the same estimate everywhere.
    const fn busy(self) -> f64 {
        self.computing().max(self.bytes / BYTES)
    }

    /// How long it would be if nothing had to be moved.
    const fn computing(self) -> f64 {
        self.flops / FLOPS + self.transcendentals / TRANSCENDENTALS
    }

    /// How long a step takes that costs this, roughly.
    ///
    /// ```
    /// use pullback_engine::Cost;
    /// assert!(Cost::bytes(1 << 20).seconds(2) < Cost::bytes(1 << 20).seconds(1));
    /// ```
    pub fn seconds(self, threads: usize) -> f64 {
        let busy = self.busy();
        let is_shared = self.computing() > 2.0 * PART || self.bytes > 2.0 * PART_BYTES;
        STEP + if is_shared { busy / threads.max(1) as f64 } else { busy }
    }

    /// How many items, each of which costs this, one thread takes at a time: enough that it gains
    /// by taking them, few enough that threads end together.
    ///
    /// ```
    /// use pullback_engine::Cost;
    /// let (cheap, dear) = (Cost::bytes(8), Cost { transcendentals: 20.0, ..Cost::default() });
    /// assert!(cheap.items_of_part() > dear.items_of_part());
    /// ```
    pub const fn items_of_part(self) -> usize {
        let (computed, moved) =
            (items_of_part(self.computing()), PART_BYTES / self.bytes.max(1e-12));
        if moved >= computed as f64 {
            computed
        } else if moved >= 1.0 {
            moved as usize
        } else {
            1
        }
    }

    /// How long it takes without machine code: operation by operation over tiles.
    pub(crate) fn interpreted(self) -> f64 {
        self.flops / TILE_FLOPS + self.transcendentals / TRANSCENDENTALS
    }

    /// How long it takes without machine code over so many elements, each of which costs this.
    pub(crate) fn interpreted_over(self, elements: usize) -> f64 {
        let begun = (self.flops + self.transcendentals) * TILE_STEP;
        begun + (self * elements as f64).interpreted()
    }

    /// How long it takes to make machine code of it.
    pub(crate) fn compiling(self) -> f64 {
        COMPILING + (self.flops + STEPS_OF_FUNCTION * self.transcendentals) * COMPILING_STEP
    }
}

/// Work that is no program of entries, by how fast one core does it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Multiplications that are summed, many at a time: products and convolutions.
    Products,
    /// Multiplications within small matrices, which wait for each other: decompositions.
    Chained,
    /// Elements that are looked up, or put where others say: searches and updates.
    Places,
    /// Bytes that are only read, each once: what is read lies in several caches as well as in one.
    Reading,
}

impl Pace {
    /// Steps in a second, by one core.
    const fn rate(self) -> f64 {
        match self {
            Pace::Products => PRODUCTS,
            Pace::Chained => CHAINED,
            Pace::Places => PLACES,
            Pace::Reading => BYTES,
        }
    }

    /// How many items, each of so many steps, one thread takes at a time.
    pub const fn items_of_part(self, steps: usize) -> usize {
        items_of_part(steps as f64 / self.rate())
    }

    /// Whether so many steps take so long that threads gain by sharing them even where all of them
    /// wait for the last one before there is more to do.
    pub const fn pays_to_wait(self, steps: usize) -> bool {
        steps as f64 >= WAITING * self.rate()
    }
}

/// How many items, each of which takes so long, one thread takes at a time.
const fn items_of_part(seconds: f64) -> usize {
    let items = (PART / seconds.max(1e-12)) as usize;
    if items > 0 { items } else { 1 }
}

/// A step of a plan by itself.
pub(crate) const STEP: f64 = 2e-7;
/// In a second, by one core.
const FLOPS: f64 = 5e10;
const TRANSCENDENTALS: f64 = 1.5e9;
const BYTES: f64 = 2.9e10;
const PRODUCTS: f64 = 3e10;
const CHAINED: f64 = 3.6e9;
const PLACES: f64 = 2e9;
/// Operations of one element in a second by the tile machine, which reads and writes the nearest
/// cache for each.
const TILE_FLOPS: f64 = 1e10;
/// To begin an operation by the tile machine.
const TILE_STEP: f64 = 2e-8;
/// How long a thread is busy with what it takes at a time.
const PART: f64 = 4.5e-6;
/// What a thread moves at a time, if it computes little: half of what its cache holds. Less is moved
/// sooner by one thread than from the cache of one to that of another.
const PART_BYTES: f64 = 5e5;
/// How long threads are busy with what they have to wait for each other after, at least: to find
/// each other again takes a part of it.
const WAITING: f64 = 5e-5;
/// To make machine code of anything, and of one more step.
const COMPILING: f64 = 1e-5;
const COMPILING_STEP: f64 = 1.5e-7;
/// Steps that a function comes to.
const STEPS_OF_FUNCTION: f64 = 30.0;

/// What was spent without machine code so far.
///
/// Code is made once as much has been spent as making it takes: so at most twice as long is spent
/// as by whoever knew beforehand how often the program would run.
#[derive(Default)]
pub(crate) struct Spent(f64);

impl Spent {
    /// Whether it pays to make code, which takes `compiling`, before what takes `seconds` without.
    pub fn pays(&mut self, seconds: f64, compiling: f64) -> bool {
        self.0 += seconds;
        self.0 >= compiling
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
            Copy | Bitcast(_) | Real | Imag | Complex => 0,
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
    fn code_pays_once_as_much_was_spent_as_it_takes() {
        let one = Cost { transcendentals: 1.0, ..Cost::flops(3) };
        let mut spent = Spent::default();
        let runs = (1..).find(|_| spent.pays((one * 1000.0).interpreted(), one.compiling()));
        assert!((2..1000).contains(&runs.unwrap()), "{runs:?}");
        // Of many elements at once.
        assert!(Spent::default().pays(one.interpreted_over(1_000_000), one.compiling()));
        // Of a single one, to begin operations is what takes time.
        assert!(one.interpreted_over(1) > 10.0 * one.interpreted());
    }

    #[test]
    fn dear_items_are_taken_one_by_one() {
        assert_eq!(Pace::Products.items_of_part(1 << 30), 1);
        assert_eq!(Pace::Chained.items_of_part(0), Pace::Products.items_of_part(0));
        for pace in [Pace::Products, Pace::Chained, Pace::Places] {
            assert!(pace.items_of_part(1) > pace.items_of_part(10));
            assert!(!pace.pays_to_wait(pace.items_of_part(1)));
        }
    }

    #[test]
    fn many_operations_take_longer_than_few() {
        let few = Cost::flops(100).seconds(2);
        let many = Cost { bytes: 1e9, ..Cost::flops(100) };
        assert!(few < many.seconds(2) && many.seconds(2) < many.seconds(1));
    }
}
