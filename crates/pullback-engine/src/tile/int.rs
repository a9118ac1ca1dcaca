//! The operations on integers: they wrap, and are defined for every argument.

use bytemuck::Pod;

/// An integer type.
pub(crate) trait Int: Pod + Ord + Send + Sync {
    fn neg(self) -> Self;
    fn abs(self) -> Self;
    fn sign(self) -> Self;
    fn not(self) -> Self;
    fn count_ones(self) -> Self;
    fn leading_zeros(self) -> Self;
    fn add(self, y: Self) -> Self;
    fn sub(self, y: Self) -> Self;
    fn mul(self, y: Self) -> Self;
    fn mul_hi(self, y: Self) -> Self;
    fn div(self, y: Self) -> Self;
    fn rem(self, y: Self) -> Self;
    fn and(self, y: Self) -> Self;
    fn or(self, y: Self) -> Self;
    fn xor(self, y: Self) -> Self;
    fn shift_left(self, y: Self) -> Self;
    fn shift_right_arithmetic(self, y: Self) -> Self;
    fn shift_right_logical(self, y: Self) -> Self;
    fn pow(self, y: Self) -> Self;
}

macro_rules! int {
    ($int:ident, $signed:ident, $unsigned:ident, $wide:ident, $is_signed:literal) => {
        impl Int for $int {
            #[inline(always)]
            fn neg(self) -> $int {
                self.wrapping_neg()
            }
            #[inline(always)]
            fn abs(self) -> $int {
                if $is_signed && (self as $signed) < 0 { self.wrapping_neg() } else { self }
            }
            #[inline(always)]
            fn sign(self) -> $int {
                let negative = $is_signed && (self as $signed) < 0;
                ((self != 0) as $int).wrapping_sub(2 * negative as $int)
            }
            #[inline(always)]
            fn not(self) -> $int {
                !self
            }
            #[inline(always)]
            fn count_ones(self) -> $int {
                $int::count_ones(self) as $int
            }
            #[inline(always)]
            fn leading_zeros(self) -> $int {
                $int::leading_zeros(self) as $int
            }
            #[inline(always)]
            fn add(self, y: $int) -> $int {
                self.wrapping_add(y)
            }
            #[inline(always)]
            fn sub(self, y: $int) -> $int {
                self.wrapping_sub(y)
            }
            #[inline(always)]
            fn mul(self, y: $int) -> $int {
                self.wrapping_mul(y)
            }
            #[inline(always)]
            fn mul_hi(self, y: $int) -> $int {
                ((self as $wide * y as $wide) >> $int::BITS) as $int
            }
            #[inline(always)]
            fn div(self, y: $int) -> $int {
                // All ones: -1, or the largest number.
                if y == 0 { !0 } else { self.wrapping_div(y) }
            }
            #[inline(always)]
            fn rem(self, y: $int) -> $int {
                if y == 0 { self } else { self.wrapping_rem(y) }
            }
            #[inline(always)]
            fn and(self, y: $int) -> $int {
                self & y
            }
            #[inline(always)]
            fn or(self, y: $int) -> $int {
                self | y
            }
            #[inline(always)]
            fn xor(self, y: $int) -> $int {
                self ^ y
            }
            #[inline(always)]
            fn shift_left(self, y: $int) -> $int {
                // A negative number of bits counts as a large one.
                let by = y as $unsigned;
                let shifted = self.wrapping_shl(by as u32);
                if by < $int::BITS as $unsigned { shifted } else { 0 }
            }
            #[inline(always)]
            fn shift_right_arithmetic(self, y: $int) -> $int {
                let last = ($int::BITS - 1) as $unsigned;
                let by = if (y as $unsigned) < last { y as $unsigned } else { last };
                ((self as $signed) >> by) as $int
            }
            #[inline(always)]
            fn shift_right_logical(self, y: $int) -> $int {
                let by = y as $unsigned;
                let shifted = (self as $unsigned).wrapping_shr(by as u32);
                if by < $int::BITS as $unsigned { shifted as $int } else { 0 }
            }
            #[inline(always)]
            fn pow(self, y: $int) -> $int {
                if $is_signed && (y as $signed) < 0 {
                    // The truncated reciprocal.
                    return match self {
                        1 => 1,
                        x if x == !0 => {
                            if y & 1 == 0 {
                                1
                            } else {
                                x
                            }
                        }
                        _ => 0,
                    };
                }
                let (mut power, mut base, mut rest) = (1 as $int, self, y as $unsigned);
                while rest != 0 {
                    if rest & 1 != 0 {
                        power = power.wrapping_mul(base);
                    }
                    base = base.wrapping_mul(base);
                    rest >>= 1;
                }
                power
            }
        }
    };
}

int!(i8, i8, u8, i16, true);
int!(i16, i16, u16, i32, true);
int!(i32, i32, u32, i64, true);
int!(i64, i64, u64, i128, true);
int!(u8, i8, u8, u16, false);
int!(u16, i16, u16, u32, false);
int!(u32, i32, u32, u64, false);
int!(u64, i64, u64, u128, false);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_is_defined_everywhere() {
        assert_eq!(Int::div(i32::MIN, -1), i32::MIN);
        assert_eq!(Int::rem(i32::MIN, -1), 0);
        assert_eq!((Int::div(5i8, 0), Int::rem(5i8, 0)), (-1, 5));
        assert_eq!((Int::div(5u16, 0), Int::rem(5u16, 0)), (u16::MAX, 5));
    }

    #[test]
    fn shifts_take_any_number_of_bits() {
        assert_eq!([32, 33, -1, 2].map(|n| Int::shift_left(3i32, n)), [0, 0, 0, 12]);
        assert_eq!(
            [0, 1, 31, 33, -1].map(|n| Int::shift_right_arithmetic(-8i32, n)),
            [-8, -4, -1, -1, -1]
        );
        assert_eq!([8, 9, 0, 7].map(|n| Int::shift_right_logical(-128i8, n)), [0, 0, -128, 1]);
        assert_eq!(Int::shift_right_arithmetic(200u8, 1), 228);
    }

    #[test]
    fn signs_and_powers() {
        assert_eq!([i8::MIN, -3, 0, 9].map(Int::sign), [-1, -1, 0, 1]);
        assert_eq!([0u8, 200].map(Int::sign), [0, 1]);
        assert_eq!(i8::MIN.abs_(), i8::MIN);
        assert_eq!(Int::pow(3i32, 4), 81);
        assert_eq!((Int::pow(-1i32, -3), Int::pow(2i32, -1)), (-1, 0));
        assert_eq!(Int::mul_hi(u32::MAX, u32::MAX), u32::MAX - 1);
        assert_eq!(Int::mul_hi(-1i64, 1), -1);
    }

    trait Magnitude {
        fn abs_(self) -> Self;
    }

    impl Magnitude for i8 {
        fn abs_(self) -> i8 {
            Int::abs(self)
        }
    }
}
