//! Algorithms that take functions, over flat lists of arrays: written once, for both languages.
//!
//! A front end takes its trees apart, hands over closures of their arrays, and puts the results
//! together again; structures are its own to check, inside the closures. Messages name the
//! function that the user called. A closure may be called more than once: a loop whose carry
//! begins as a bare number is recorded again once the type is known that it gets.

mod associative_scan;
mod branches;
mod gradient;
mod jacobian;
mod loops;
mod vectorize;
mod windows;

use pullback_core::{Array, Aval, DType, Result, Tensor};

pub use associative_scan::associative_scan;
pub use branches::{cond, switch};
pub use gradient::{Differentiated, Gradients, value_and_grad};
pub use jacobian::{Jacobian, jacfwd, jacrev};
pub use loops::{fori_loop, map, scan, while_loop};
pub use vectorize::{Signature, vectorize};
pub use windows::reduce_window;

/// Zeros of a type, also of `float0`, the type of a derivative with respect to whole numbers.
///
/// ```
/// # use pullback::{DType, flat};
/// use pullback_core::Aval;
/// assert_eq!(flat::zeros(&Aval::new(&[2], DType::Float0))?.shape(), [2]);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If such an array does not fit in memory.
pub fn zeros(aval: &Aval) -> Result<Array> {
    match aval.dtype {
        DType::Float0 => Ok(Array::new(Tensor::zeros(DType::Float0, &aval.shape)?)),
        _ => pullback_core::primitives::rules::zeros(aval),
    }
}

/// As messages about weak types show one: with `~` if it is weak.
fn shown(aval: &Aval) -> String {
    format!("{}{aval}", if aval.weak { "~" } else { "" })
}

/// What is known of arrays.
fn avals(arrays: &[Array]) -> Vec<Aval> {
    arrays.iter().map(Array::aval).collect()
}

/// The part of an array from `start` to before `stop` along an axis.
fn part(x: &Array, axis: usize, start: usize, stop: usize, step: usize) -> Result<Array> {
    if (start, stop, step) == (0, x.shape()[axis], 1) {
        return Ok(x.clone());
    }
    let mut low = pullback_core::Shape::from_elem(0, x.rank());
    let mut high = pullback_core::Shape::from_slice(x.shape());
    let mut steps = pullback_core::Shape::from_elem(1, x.rank());
    (low[axis], high[axis], steps[axis]) = (start, stop.max(start), step);
    let steps = (step > 1).then_some(&steps[..]);
    pullback_core::primitives::rules::slice(x, &low, &high, steps)
}
