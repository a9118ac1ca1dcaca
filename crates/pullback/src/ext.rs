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
    sum() = |x| reductions::sum(x, Sum::new());
    /// The sums over one axis.
    sum_axis(axis: i64) = |x| reductions::sum(x, Sum::new().axis(axis));
    /// The mean of all elements.
    mean() = |x| reductions::mean(x, Mean::new());
    /// The means over one axis.
    mean_axis(axis: i64) = |x| reductions::mean(x, Mean::new().axis(axis));
    /// The largest element.
    max() = |x| reductions::max(x, Extreme::new());
    /// The smallest element.
    min() = |x| reductions::min(x, Extreme::new());
    /// The elements to a whole power.
    powi(exponent: i32) = |x| arithmetic::power(x, &Array::from(exponent));
    /// The elements to a real power.
    powf(exponent: f64) = |x| arithmetic::power(x, &Array::from(exponent));
    /// The elements to the powers of another array.
    pow(exponent: &Array) = |x| arithmetic::power(x, exponent);
    /// The exponential.
    exp() = |x| transcendental::exp(x);
    /// The natural logarithm.
    ln() = |x| transcendental::log(x);
    /// The square root.
    sqrt() = |x| transcendental::sqrt(x);
    /// The square.
    square() = |x| arithmetic::square(x);
    /// The sine.
    sin() = |x| transcendental::sin(x);
    /// The cosine.
    cos() = |x| transcendental::cos(x);
    /// The hyperbolic tangent.
    tanh() = |x| transcendental::tanh(x);
    /// The magnitude.
    abs() = |x| arithmetic::absolute(x);
    /// The larger of both elements.
    maximum(other: &Array) = |x| arithmetic::maximum(x, other);
    /// The smaller of both elements.
    minimum(other: &Array) = |x| arithmetic::minimum(x, other);
    /// Whether the elements are smaller than those of another array.
    lt(other: &Array) = |x| logic::less(x, other);
    /// Whether the elements are larger than those of another array.
    gt(other: &Array) = |x| logic::greater(x, other);
    /// The product of matrices.
    matmul(other: &Array) = |x| products::matmul(x, other, None);
    /// The sum of products over the last axis and the last but one.
    dot(other: &Array) = |x| products::dot(x, other, None);
    /// The elements under another shape.
    reshape(shape: impl Into<Sizes>) = |x| manipulation::reshape(x, &shape.into(), "C", None);
    /// The axes in the order given.
    transpose(axes: impl Into<Axes>) = |x| manipulation::transpose(x, Some(&axes.into()));
    /// The axes in reverse order.
    t() = |x| manipulation::transpose(x, None);
    /// The elements at an index.
    at(index: &[Index]) = |x| get(x, index);
}
