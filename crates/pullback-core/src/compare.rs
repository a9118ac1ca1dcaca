//! Equality of arrays as Rust means it: one truth value. For the elementwise comparison see `eq`.

use crate::array::{Array, number};
use crate::primitives::rules::{eq, reduce_and};
use crate::trace::with_current;

/// Concrete arrays are equal if they have one shape, one element type and equal elements, so that
/// NaN is never equal. An array that is only being traced has no elements, and is equal to none.
///
/// ```
/// # use pullback_core::Array;
/// let x = Array::from([1.0f32, 2.0]);
/// assert_eq!(x, Array::from([1.0f32, 2.0]));
/// assert_ne!(x, Array::from([1, 2]));
/// assert_ne!(x, Array::from([f32::NAN, 2.0]));
/// ```
impl PartialEq for Array {
    fn eq(&self, other: &Array) -> bool {
        let concrete = self.tensor().is_some() && other.tensor().is_some();
        let alike = self.dtype() == other.dtype() && self.shape() == other.shape();
        concrete && alike && elements_are_equal(self, other)
    }
}

fn elements_are_equal(x: &Array, y: &Array) -> bool {
    let all = || {
        let equal = eq(x, y)?;
        reduce_and(&equal, &(0..equal.rank()).collect::<Vec<_>>())
    };
    let all = with_current(None, all).ok();
    all.and_then(|all| all.tensor()?.item::<crate::Bool>()).is_some_and(bool::from)
}

macro_rules! equal_to_numbers {
    ($($T:ty),*) => {$(
        /// A scalar is equal to a number if it is the number rounded to its type.
        ///
        /// ```
        /// # use pullback_core::Array;
        /// assert_eq!(Array::scalar(3.0f32), 3.0);
        /// ```
        impl PartialEq<$T> for Array {
            fn eq(&self, other: &$T) -> bool {
                if self.rank() != 0 || self.tensor().is_none() {
                    return false;
                }
                *self == Array::new(number(*other as f64, self.dtype()))
            }
        }
    )*};
}
equal_to_numbers!(f64, f32, i32);
