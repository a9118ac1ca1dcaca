//! Sums and products with what they round off.
//!
//! The algorithms are those of Dekker, "A floating-point technique for extending the available
//! precision" (1971), the product by the fused operation.

use super::lane::Real;

/// The sum and what it rounded off, where the first is zero or not the smaller.
#[inline(always)]
pub(crate) fn fast_two_sum<R: Real>(a: R, b: R) -> (R, R) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// The product and what it rounded off.
#[inline(always)]
pub(crate) fn two_product<R: Real>(a: R, b: R) -> (R, R) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

/// The product of two sums of two, within some units of the 105th bit.
#[inline(always)]
pub(crate) fn multiply<R: Real>(a: (R, R), b: (R, R)) -> (R, R) {
    let (hi, lo) = two_product(a.0, b.0);
    (hi, a.0.mul_add(b.1, a.1.mul_add(b.0, lo)))
}
