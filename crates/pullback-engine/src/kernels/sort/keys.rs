//! Unsigned integers in the order of elements.

use half::{bf16, f16};
use num_complex::Complex;

use crate::dtype::{Bool, Element};

/// An unsigned integer that elements are compared by.
pub(super) trait Key: Copy + Ord + Default + Send + Sync {
    const BYTES: usize;
    fn byte(self, at: usize) -> usize;
    fn wide(self) -> u128;
    /// The key in the opposite order.
    fn complement(self) -> Self;
}

macro_rules! keys {
    ($($T:ty),*) => {$(
        impl Key for $T {
            const BYTES: usize = size_of::<$T>();
            #[inline(always)]
            fn byte(self, at: usize) -> usize { (self >> (8 * at)) as usize & 255 }
            #[inline(always)]
            fn wide(self) -> u128 { self as u128 }
            #[inline(always)]
            fn complement(self) -> $T { !self }
        }
    )*};
}
keys!(u8, u16, u32, u64, u128);

/// Elements that an unsigned integer stands for.
pub(super) trait Ordered: Element {
    type Key: Key;
    /// An integer in the order of elements; the same for all that count as equal.
    fn key(self) -> Self::Key;
    /// The element, or one that counts as equal.
    fn from_key(key: Self::Key) -> Self;
    /// Whether other elements count as equal to this.
    fn is_special(self) -> bool;
    /// An integer that tells zero from negative zero, but not one NaN from another. Complex
    /// numbers have none.
    fn strict_key(self) -> Self::Key;
}

macro_rules! ordered_integers {
    ($($T:ty, $K:ty, $flip:expr;)*) => {$(
        impl Ordered for $T {
            type Key = $K;
            #[inline(always)]
            fn key(self) -> $K { self as $K ^ $flip }
            #[inline(always)]
            fn from_key(key: $K) -> $T { (key ^ $flip) as $T }
            #[inline(always)]
            fn is_special(self) -> bool { false }
            #[inline(always)]
            fn strict_key(self) -> $K { self.key() }
        }
    )*};
}
ordered_integers! {
    u8, u8, 0; u16, u16, 0; u32, u32, 0; u64, u64, 0;
    i8, u8, 1 << 7; i16, u16, 1 << 15; i32, u32, 1 << 31; i64, u64, 1 << 63;
}

impl Ordered for Bool {
    type Key = u8;
    #[inline(always)]
    fn key(self) -> u8 {
        self.0
    }
    #[inline(always)]
    fn from_key(key: u8) -> Bool {
        Bool(key)
    }
    #[inline(always)]
    fn is_special(self) -> bool {
        false
    }
    #[inline(always)]
    fn strict_key(self) -> u8 {
        self.0
    }
}

// The bits of positive floats rise with their value, and those of negative ones fall.
macro_rules! ordered_floats {
    ($($T:ty, $K:ty, $zero:expr, $nan:expr;)*) => {$(
        impl Ordered for $T {
            type Key = $K;
            #[inline(always)]
            fn key(self) -> $K {
                if self == $zero { ($zero).strict_key() } else { self.strict_key() }
            }
            #[inline(always)]
            fn from_key(key: $K) -> $T {
                const SIGN: $K = 1 << (<$K>::BITS - 1);
                <$T>::from_bits(if key & SIGN != 0 { key ^ SIGN } else { !key })
            }
            #[inline(always)]
            fn is_special(self) -> bool { self == $zero || self.is_nan() }
            #[inline(always)]
            fn strict_key(self) -> $K {
                const SIGN: $K = 1 << (<$K>::BITS - 1);
                let bits = if self.is_nan() { <$T>::to_bits($nan) & !SIGN } else { self.to_bits() };
                if bits & SIGN != 0 { !bits } else { bits | SIGN }
            }
        }
    )*};
}
ordered_floats! {
    bf16, u16, bf16::ZERO, bf16::NAN;
    f16, u16, f16::ZERO, f16::NAN;
    f32, u32, 0.0f32, f32::NAN;
    f64, u64, 0.0f64, f64::NAN;
}

macro_rules! ordered_complex {
    ($($R:ty, $K:ty, $half:ty;)*) => {$(
        impl Ordered for Complex<$R> {
            type Key = $K;
            #[inline(always)]
            fn key(self) -> $K {
                (self.re.key() as $K) << <$half>::BITS | self.im.key() as $K
            }
            #[inline(always)]
            fn from_key(key: $K) -> Self {
                let re = <$R>::from_key((key >> <$half>::BITS) as $half);
                Complex::new(re, <$R>::from_key(key as $half))
            }
            #[inline(always)]
            fn is_special(self) -> bool { self.re.is_special() || self.im.is_special() }
            #[inline(always)]
            fn strict_key(self) -> $K { 0 }
        }
    )*};
}
ordered_complex! {
    f32, u64, u32;
    f64, u128, u64;
}
