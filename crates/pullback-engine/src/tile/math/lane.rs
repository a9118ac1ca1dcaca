//! What functions of one element are written in.
//!
//! A function here is generic over the numbers that it computes with. With `f32` and `f64` it is
//! the function itself, which kernels compile into loops over tiles. With the numbers of
//! `native::record` it is written down step by step, and the code generator compiles what was
//! written. So there is one definition, and one result.
//!
//! Every step is one rounding, or none, that is the same on every processor. There are no
//! branches: both sides of a choice are computed, and one is chosen.

use std::num::Wrapping;
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Sub};

/// The outcome of a comparison.
pub(crate) trait Mask:
    Copy + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self>
{
}

/// A signed integer, or the bits of a number, of 32 or 64 bits; arithmetic wraps.
pub(crate) trait Bits:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
{
    /// What comparisons give.
    type Mask: Mask;

    /// The integer, of which as many low bits are taken as there are.
    fn of(value: i64) -> Self;
    /// Shifted to the left, by fewer bits than there are.
    fn shl(self, by: u32) -> Self;
    /// Shifted to the right, by fewer bits than there are; the sign is repeated.
    fn shr(self, by: u32) -> Self;
    /// Whether two integers are equal.
    fn eq(self, other: Self) -> Self::Mask;
    /// Whether this is less, as a signed integer.
    fn lt(self, other: Self) -> Self::Mask;
    /// The first where the mask holds, else the second.
    fn choose(mask: Self::Mask, yes: Self, no: Self) -> Self;
}

/// The larger of two numbers, for processors without an instruction for it.
#[inline(always)]
pub(crate) fn larger_by_choice<R: Real>(x: R, y: R) -> R {
    let equal = R::from_bits(x.to_bits() & y.to_bits());
    let larger = R::choose(x.gt(y), x, y);
    let larger = R::choose(x.eq(y), equal, larger);
    R::choose(x.is_nan(), x, larger)
}

/// The smaller of two numbers, for processors without an instruction for it.
#[inline(always)]
pub(crate) fn smaller_by_choice<R: Real>(x: R, y: R) -> R {
    let equal = R::from_bits(x.to_bits() | y.to_bits());
    let smaller = R::choose(x.lt(y), x, y);
    let smaller = R::choose(x.eq(y), equal, smaller);
    R::choose(x.is_nan(), x, smaller)
}

/// Arguments where the formulas of a function fail, and what it is there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Edges {
    /// Of a logarithm: it is infinite of zero and of infinity.
    Log,
    /// Of `erf_inv(x) / x`, by `1 - x²`: it is infinite of zero.
    ErfInv,
}

/// `y`, or what a function is at an edge, for processors without an instruction for it.
#[inline(always)]
pub(crate) fn edges_by_choice<R: Real>(x: R, edges: Edges, y: R) -> R {
    let (zero, infinity) = (R::literal(0.0), R::literal(f32::INFINITY));
    let (y, of_zero) = match edges {
        Edges::Log => (R::choose(x.eq(infinity), x, y), R::literal(f32::NEG_INFINITY)),
        Edges::ErfInv => (y, infinity),
    };
    let y = R::choose(x.eq(zero), of_zero, y);
    // Of NaN too.
    R::choose(x.ge(zero), y, R::literal(f32::NAN))
}

/// `x * 2^n` by two powers of two, for processors without an instruction for it.
#[inline(always)]
pub(crate) fn scaled_in_two<R: Real>(x: R, n: R::Bits) -> R {
    let (bias, digits) = if R::WIDTH == 32 { (127, 23) } else { (1023, 52) };
    let power = |n: R::Bits| R::from_bits((n + R::Bits::of(bias)).shl(digits));
    let half = n.shr(1);
    x * power(half) * power(n - half)
}

/// A number of 32 or 64 bits.
pub(crate) trait Real:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// What constants are written as.
    type Constant: Copy;
    /// What comparisons give.
    type Mask: Mask;
    /// The bits.
    type Bits: Bits<Mask = Self::Mask>;
    /// The number of bits.
    const WIDTH: u32;
    /// The sign bit, as bits.
    const SIGN: i64;

    /// A constant.
    fn of(value: Self::Constant) -> Self;
    /// A constant that numbers of either width have.
    fn literal(value: f32) -> Self;
    /// `self * y + z` with one rounding.
    fn mul_add(self, y: Self, z: Self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The nearest integer not above.
    fn floor(self) -> Self;
    /// The nearest integer not below.
    fn ceil(self) -> Self;
    /// The nearest integer not larger in magnitude.
    fn trunc(self) -> Self;
    /// The nearest integer, of two the even one.
    fn round_ties_even(self) -> Self;
    /// Comparisons; of NaN they are false.
    fn lt(self, y: Self) -> Self::Mask;
    /// At most.
    fn le(self, y: Self) -> Self::Mask;
    /// Equal.
    fn eq(self, y: Self) -> Self::Mask;
    /// The first where the mask holds, else the second.
    fn choose(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// The bits.
    fn to_bits(self) -> Self::Bits;
    /// The number of these bits.
    fn from_bits(bits: Self::Bits) -> Self;
    /// A small integer as a number: exact for up to 24 bits, or 51 in a number of 64 bits.
    fn from_integer(value: Self::Bits) -> Self;

    /// The number that a table has at an index, which must be one of it. A table fills 64
    /// bytes: processors look numbers up in a register as quickly as they add.
    fn lookup<const N: usize>(table: &[Self::Constant; N], index: Self::Bits) -> Self;

    /// The larger, and NaN if either is; of two zeros, the positive one.
    #[inline(always)]
    fn larger(self, y: Self) -> Self {
        larger_by_choice(self, y)
    }
    /// The smaller, and NaN if either is; of two zeros, the negative one.
    #[inline(always)]
    fn smaller(self, y: Self) -> Self {
        smaller_by_choice(self, y)
    }
    /// `y`, but at the edges of a function what it is there; where this is negative or NaN, NaN.
    #[inline(always)]
    fn with_edges(self, edges: Edges, y: Self) -> Self {
        edges_by_choice(self, edges, y)
    }
    /// `self * 2^n` with one rounding, for n within twice the range of exponents: an integer, and the
    /// same as a number. Processors take the one or the other.
    #[inline(always)]
    fn scaled(self, n: Self::Bits, _: Self) -> Self {
        scaled_in_two(self, n)
    }
    /// Greater.
    #[inline(always)]
    fn gt(self, y: Self) -> Self::Mask {
        y.lt(self)
    }
    /// At least.
    #[inline(always)]
    fn ge(self, y: Self) -> Self::Mask {
        y.le(self)
    }
    /// Whether it is no number.
    #[inline(always)]
    fn is_nan(self) -> Self::Mask {
        !self.eq(self)
    }
    /// The magnitude.
    #[inline(always)]
    fn abs(self) -> Self {
        Self::from_bits(self.to_bits() & Self::Bits::of(!Self::SIGN))
    }
    /// The sign bit alone.
    #[inline(always)]
    fn sign_bit(self) -> Self::Bits {
        self.to_bits() & Self::Bits::of(Self::SIGN)
    }
    /// The magnitude of this with the sign of another.
    #[inline(always)]
    fn copysign(self, sign: Self) -> Self {
        Self::from_bits(self.abs().to_bits() | sign.sign_bit())
    }
    /// The larger, or `low`; NaN if this is.
    #[inline(always)]
    fn at_least(self, low: Self) -> Self {
        Self::choose(self.lt(low), low, self)
    }
    /// The smaller, or `high`; NaN if this is.
    #[inline(always)]
    fn at_most(self, high: Self) -> Self {
        Self::choose(self.gt(high), high, self)
    }
    /// The polynomial in this of coefficients that tables have at an index, the constant first: by
    /// Horner's rule, of many coefficients for those of even and of odd powers each, which takes half
    /// the time.
    #[inline(always)]
    fn poly_at<const N: usize, const M: usize>(
        self,
        tables: &[[Self::Constant; N]; M],
        index: Self::Bits,
    ) -> Self {
        let in_steps = |last: usize, step: usize, variable: Self| {
            let mut sum = Self::lookup(&tables[last], index);
            for k in (0..last / step).rev() {
                sum = sum.mul_add(variable, Self::lookup(&tables[last % step + step * k], index));
            }
            sum
        };
        if M < 8 {
            return in_steps(M - 1, 1, self);
        }
        let square = self * self;
        let (last, before) = (in_steps(M - 1, 2, square), in_steps(M - 2, 2, square));
        let (even, odd) = if M % 2 == 1 { (last, before) } else { (before, last) };
        self.mul_add(odd, even)
    }
    /// The polynomial in this of the coefficients, the constant first, by Horner's rule.
    #[inline(always)]
    fn poly<const N: usize>(self, coefficients: [Self::Constant; N]) -> Self {
        let mut sum = Self::of(coefficients[N - 1]);
        for i in (0..N - 1).rev() {
            sum = sum.mul_add(self, Self::of(coefficients[i]));
        }
        sum
    }
}

/// A number of 32 bits.
pub(crate) trait Single: Real<Constant = f32> {
    /// One of 64 bits.
    type Double: Double<Single = Self>;

    /// The same number.
    fn widen(self) -> Self::Double;
}

/// A number of 64 bits.
pub(crate) trait Double: Real<Constant = f64> {
    /// One of 32 bits.
    type Single: Single<Double = Self>;

    /// The nearest number of 32 bits.
    fn narrow(self) -> Self::Single;
    /// The low half of the bits.
    fn low_bits(self) -> <Self::Single as Real>::Bits;
    /// The outcome of a comparison of numbers of 32 bits, for numbers of 64.
    fn mask(mask: <Self::Single as Real>::Mask) -> Self::Mask;
}

impl Mask for bool {}

macro_rules! bits {
    ($signed:ident, $unsigned:ident) => {
        impl Bits for Wrapping<$signed> {
            type Mask = bool;

            #[inline(always)]
            fn of(value: i64) -> Self {
                Wrapping(value as $signed)
            }
            #[inline(always)]
            fn shl(self, by: u32) -> Self {
                Wrapping(self.0 << by)
            }
            #[inline(always)]
            fn shr(self, by: u32) -> Self {
                Wrapping(self.0 >> by)
            }
            #[inline(always)]
            fn eq(self, other: Self) -> bool {
                self.0 == other.0
            }
            #[inline(always)]
            fn lt(self, other: Self) -> bool {
                self.0 < other.0
            }
            #[inline(always)]
            fn choose(mask: bool, yes: Self, no: Self) -> Self {
                if mask { yes } else { no }
            }
        }
    };
}

bits!(i32, u32);
bits!(i64, u64);

macro_rules! real {
    ($float:ident, $signed:ident, $unsigned:ident, $integer:ident => $number:expr) => {
        impl Real for $float {
            type Constant = $float;
            type Mask = bool;
            type Bits = Wrapping<$signed>;
            const WIDTH: u32 = $signed::BITS;
            const SIGN: i64 = $signed::MIN as i64;

            #[inline(always)]
            fn of(value: $float) -> $float {
                value
            }
            #[inline(always)]
            fn literal(value: f32) -> $float {
                value as $float
            }
            #[inline(always)]
            fn mul_add(self, y: $float, z: $float) -> $float {
                $float::mul_add(self, y, z)
            }
            #[inline(always)]
            fn sqrt(self) -> $float {
                $float::sqrt(self)
            }
            #[inline(always)]
            fn floor(self) -> $float {
                $float::floor(self)
            }
            #[inline(always)]
            fn ceil(self) -> $float {
                $float::ceil(self)
            }
            #[inline(always)]
            fn trunc(self) -> $float {
                $float::trunc(self)
            }
            #[inline(always)]
            fn round_ties_even(self) -> $float {
                $float::round_ties_even(self)
            }
            #[inline(always)]
            fn lt(self, y: $float) -> bool {
                self < y
            }
            #[inline(always)]
            fn le(self, y: $float) -> bool {
                self <= y
            }
            #[inline(always)]
            fn eq(self, y: $float) -> bool {
                self == y
            }
            #[inline(always)]
            fn choose(mask: bool, yes: $float, no: $float) -> $float {
                if mask { yes } else { no }
            }
            #[inline(always)]
            fn to_bits(self) -> Wrapping<$signed> {
                Wrapping($float::to_bits(self) as $signed)
            }
            #[inline(always)]
            fn from_bits(bits: Wrapping<$signed>) -> $float {
                $float::from_bits(bits.0 as $unsigned)
            }
            #[inline(always)]
            fn lookup<const N: usize>(
                table: &[$float; N],
                Wrapping(index): Wrapping<$signed>,
            ) -> $float {
                const { assert!(N * size_of::<$float>() == 64) };
                table[index as usize % N]
            }
            #[inline(always)]
            fn from_integer(Wrapping($integer): Wrapping<$signed>) -> $float {
                $number
            }
        }
    };
}

/// Adding this puts a small integer into the low bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;

real!(f32, i32, u32, n => n as f32);
// By way of the low bits, since AVX2 has no such conversion.
real!(f64, i64, u64, n => f64::from_bits(n.wrapping_add(MAGIC.to_bits() as i64) as u64) - MAGIC);

impl Single for f32 {
    type Double = f64;

    #[inline(always)]
    fn widen(self) -> f64 {
        self as f64
    }
}

impl Double for f64 {
    type Single = f32;

    #[inline(always)]
    fn narrow(self) -> f32 {
        self as f32
    }
    #[inline(always)]
    fn low_bits(self) -> Wrapping<i32> {
        Wrapping(f64::to_bits(self) as i32)
    }
    #[inline(always)]
    fn mask(mask: bool) -> bool {
        mask
    }
}
