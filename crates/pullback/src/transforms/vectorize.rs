//! `vectorize`: functions of single elements, or of arrays of a few axes, on arrays of more.

use std::rc::Rc;

use pullback_core::Result;

use super::{over_leaves, rebuilt};
use crate::flat;
use crate::function::{Function, Signature, Transformed};
use crate::pytree::Pytree;

/// A function and the axes that it takes and gives itself, kept for
/// [`signature`](Transformed::signature).
pub struct Vectorized<F> {
    f: Rc<F>,
}

/// The function of scalars on every element of its arguments, which are repeated to a common
/// shape.
///
/// ```
/// # use pullback::{vectorize, prelude::*};
/// let clamp = vectorize(|x: &Array, low: &Array| x.maximum(low));
/// let table = clamp(&Array::from([[1], [4]]), &Array::from([2, 3]));
/// assert_eq!(table, Array::from([[2, 3], [4, 4]]));
/// ```
///
/// Called, it fails if the shapes have no common one, or where the function does.
pub fn vectorize<'f, F, M>(f: F) -> Transformed<'f, M, F::Value, Vectorized<F>>
where
    M: Signature,
    F: Function<M> + 'f,
{
    with_signature(Rc::new(f), Ok(None))
}

fn with_signature<'f, F, M>(
    f: Rc<F>,
    signature: Result<Option<flat::Signature>>,
) -> Transformed<'f, M, F::Value, Vectorized<F>>
where
    M: Signature,
    F: Function<M> + 'f,
{
    let state = Vectorized { f: f.clone() };
    let call = move |args: &M::Args| {
        let signature = signature.clone()?;
        let mut tree = None;
        let leaves = args.leaves();
        let call = over_leaves(|args| f.call(args), args, &mut tree);
        let outputs = flat::vectorize(signature.as_ref(), &leaves, call)?;
        rebuilt(tree, outputs)
    };
    Transformed::new(call, state)
}

impl<'f, F, M> Transformed<'f, M, F::Value, Vectorized<F>>
where
    M: Signature,
    F: Function<M> + 'f,
{
    /// Names the axes that the function itself takes and gives, for each array of the arguments
    /// and of the value.
    ///
    /// ```
    /// # use pullback::{vectorize, prelude::*};
    /// let products = vectorize(|a: &Array, b: &Array| a.dot(b)).signature("(n),(n)->()");
    /// let rows = Array::from([[1, 2], [3, 4]]);
    /// assert_eq!(products(&rows, &Array::from([1, 1])), Array::from([3, 7]));
    /// ```
    ///
    /// Called, it fails also if the text is no signature, or arguments or value do not fit it.
    pub fn signature(self, text: &str) -> Self {
        with_signature(self.state.f, flat::Signature::parse(text).map(Some))
    }
}
