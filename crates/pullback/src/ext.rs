//! Functions of arrays as methods.

use pullback_core::{Array, Result};

use crate::api::{Axes, Sizes};
use crate::numpy::indexing::{Index, get};
use crate::numpy::reductions::{Extreme, Mean, Sum};
use crate::numpy::{arithmetic, logic, manipulation, products, reductions, transcendental};

/// The value, or a panic with the complete message at the place of the call.
#[track_caller]
fn must(result: Result<Array>) -> Array {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) = |$x:ident| $body:expr;)*) => {
        /// Functions of arrays as methods. They panic where the functions of the same name give
        /// an error, with its complete message.
        pub trait ArrayExt {
            $($(#[$doc])*
            #[track_caller]
            fn $name(&self $(, $argument: $type)*) -> Array;)*
        }

        impl ArrayExt for Array {
            $(#[track_caller]
            fn $name(&self $(, $argument: $type)*) -> Array {
                let $x = self;
                must($body)
            })*
        }
    };
}

methods! {
    /// The sum of all elements.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([1.0, 2.0]).sum(), 3.0);
    /// ```
    sum() = |x| reductions::sum(x, Sum::new());
    /// The sums over one axis.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([[1, 2], [3, 4]]).sum_axis(1), Array::from([3, 7]));
    /// ```
    sum_axis(axis: i64) = |x| reductions::sum(x, Sum::new().axis(axis));
    /// The mean of all elements.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([1.0, 2.0]).mean(), 1.5);
    /// ```
    mean() = |x| reductions::mean(x, Mean::new());
    /// The means over one axis.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([[1.0, 2.0], [3.0, 4.0]]).mean_axis(0), Array::from([2.0, 3.0]));
    /// ```
    mean_axis(axis: i64) = |x| reductions::mean(x, Mean::new().axis(axis));
    /// The largest element.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([1, 5, 3]).max(), 5);
    /// ```
    max() = |x| reductions::max(x, Extreme::new());
    /// The smallest element.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([4, 1, 3]).min(), 1);
    /// ```
    min() = |x| reductions::min(x, Extreme::new());
    /// The elements to a whole power.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([2, 3]).powi(2), Array::from([4, 9]));
    /// ```
    powi(exponent: i32) = |x| arithmetic::power(x, &Array::from(exponent));
    /// The elements to a real power.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([4.0, 9.0]).powf(0.5), Array::from([2.0, 3.0]));
    /// ```
    powf(exponent: f64) = |x| arithmetic::power(x, &Array::from(exponent));
    /// The elements to the powers of another array.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([2, 3]).pow(&Array::from([3, 2])), Array::from([8, 9]));
    /// ```
    pow(exponent: &Array) = |x| arithmetic::power(x, exponent);
    /// The exponential.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([0.0]).exp(), Array::from([1.0]));
    /// ```
    exp() = |x| transcendental::exp(x);
    /// The natural logarithm.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([1.0]).ln(), Array::from([0.0]));
    /// ```
    ln() = |x| transcendental::log(x);
    /// The square root.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([4.0, 9.0]).sqrt(), Array::from([2.0, 3.0]));
    /// ```
    sqrt() = |x| transcendental::sqrt(x);
    /// The square.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([-2, 3]).square(), Array::from([4, 9]));
    /// ```
    square() = |x| arithmetic::square(x);
    /// The sine.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([0.0]).sin(), Array::from([0.0]));
    /// ```
    sin() = |x| transcendental::sin(x);
    /// The cosine.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([0.0]).cos(), Array::from([1.0]));
    /// ```
    cos() = |x| transcendental::cos(x);
    /// The hyperbolic tangent.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([0.0]).tanh(), Array::from([0.0]));
    /// ```
    tanh() = |x| transcendental::tanh(x);
    /// The magnitude.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([-2, 3]).abs(), Array::from([2, 3]));
    /// ```
    abs() = |x| arithmetic::absolute(x);
    /// The larger of both elements.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([1, 5]).maximum(&Array::from([4, 2])), Array::from([4, 5]));
    /// ```
    maximum(other: &Array) = |x| arithmetic::maximum(x, other);
    /// The smaller of both elements.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([1, 5]).minimum(&Array::from([4, 2])), Array::from([1, 2]));
    /// ```
    minimum(other: &Array) = |x| arithmetic::minimum(x, other);
    /// Whether the elements are smaller than those of another array.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([1, 5]).lt(&Array::from(3)), Array::from([true, false]));
    /// ```
    lt(other: &Array) = |x| logic::less(x, other);
    /// Whether the elements are larger than those of another array.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([1, 5]).gt(&Array::from(3)), Array::from([false, true]));
    /// ```
    gt(other: &Array) = |x| logic::greater(x, other);
    /// The product of matrices.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let a = Array::from([[1, 2], [3, 4]]);
    /// assert_eq!(a.matmul(&Array::from([[0, 1], [1, 0]])), Array::from([[2, 1], [4, 3]]));
    /// ```
    matmul(other: &Array) = |x| products::matmul(x, other, None);
    /// The sum of products over the last axis and the last but one.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([1, 2]).dot(&Array::from([3, 4])), 11);
    /// ```
    dot(other: &Array) = |x| products::dot(x, other, None);
    /// The elements under another shape.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([1, 2, 3, 4]).reshape([2, -1]), Array::from([[1, 2], [3, 4]]));
    /// ```
    reshape(shape: impl Into<Sizes>) = |x| manipulation::reshape(x, shape.into(), "C", None);
    /// The axes in the order given.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([[1, 2]]).transpose([1, 0]), Array::from([[1], [2]]));
    /// ```
    transpose(axes: impl Into<Axes>) = |x| manipulation::transpose(x, Some(&axes.into()));
    /// The axes in reverse order.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// assert_eq!(Array::from([[1, 2], [3, 4]]).t(), Array::from([[1, 3], [2, 4]]));
    /// ```
    t() = |x| manipulation::transpose(x, None);
    /// The elements at an index.
    ///
    /// ```
    /// # use pullback::prelude::*;
    /// let x = Array::from([[1, 2], [3, 4]]);
    /// assert_eq!(x.at(&[0.into()]), Array::from([1, 2]));
    /// assert_eq!(x.at(&[Index::ALL, 1.into()]), Array::from([2, 4]));
    /// ```
    at(index: &[Index]) = |x| get(x, index);
}
