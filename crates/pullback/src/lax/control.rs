//! Control flow over trees: the functions are recorded as programs, so that what they decide may
//! depend on arrays of which only the types are known, and is differentiated, vectorised and
//! compiled as a whole.
//!
//! Functions take a tree by reference, `|x: &Array| ...` or `|(x, y): &(Array, Array)| ...`, and
//! give a value or a `Result`. They may use arrays from outside, and derivatives flow to those.

use pullback_core::{Array, Error, Result};

use crate::flat;
use crate::function::Outcome;
use crate::pytree::{Pytree, emptied, structure_of};
use crate::transforms::{called, over_leaves};

/// The value of `on_true` if `pred`, a scalar, is true or not zero, else that of `on_false`. One
/// of them is run.
///
/// ```
/// # use pullback::{lax, prelude::*};
/// let half = |x: &Array| -> Result<Array> {
///     lax::cond(&x.gt(&1.0.into()), |x| x * 0.5, |x| x.clone(), x)
/// };
/// assert_eq!(jit(half)(&6.0.into()), 3.0);
/// assert_eq!(grad(half)(&0.5.into()), 1.0);
/// ```
///
/// # Errors
/// If `pred` is not a scalar, or the values differ in structure, shape or type; and those of the
/// functions.
pub fn cond<A: Pytree, T: Outcome, F: Outcome<Value = T::Value>>(
    pred: &Array,
    on_true: impl Fn(&A) -> T,
    on_false: impl Fn(&A) -> F,
    operand: &A,
) -> Result<T::Value> {
    let (mut yes, mut no) = (None, None);
    let mut on_true = over_leaves(|x| on_true(x).into_result(), operand, &mut yes);
    let mut on_false = over_leaves(|x| on_false(x).into_result(), operand, &mut no);
    let outputs = flat::cond(pred, &mut on_true, &mut on_false, &operand.leaves())?;
    drop((on_true, on_false));
    let (yes, no) = (called(yes)?, called(no)?);
    same("cond", "the values of both functions", &yes, &no)?;
    Ok(yes.with_leaves(outputs))
}

/// The value of the function that `index`, an integer scalar, says; it is clamped to those there
/// are. One of them is run.
///
/// ```
/// # use pullback::{lax, prelude::*};
/// let f = |n: &Array, x: &Array| -> Result<Array> {
///     lax::switch(n, &[&|x: &Array| -x, &|x: &Array| x.square(), &|x: &Array| x * 10.0], x)
/// };
/// assert_eq!(jit(f)(&1.into(), &3.0.into()), 9.0);
/// assert_eq!(f(&7.into(), &3.0.into())?, 30.0);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If there is no function, the index is not an integer scalar, or the values differ in
/// structure, shape or type; and those of the functions.
pub fn switch<A: Pytree, O: Outcome>(
    index: &Array,
    branches: &[&dyn Fn(&A) -> O],
    operand: &A,
) -> Result<O::Value> {
    let mut trees: Vec<Option<O::Value>> = branches.iter().map(|_| None).collect();
    let outputs = {
        let mut functions: Vec<_> = branches
            .iter()
            .zip(&mut trees)
            .map(|(branch, tree)| over_leaves(|x| branch(x).into_result(), operand, tree))
            .collect();
        let mut functions: Vec<&mut dyn FnMut(&[Array]) -> Result<Vec<Array>>> =
            functions.iter_mut().map(|f| f as _).collect();
        flat::switch(index, &mut functions, &operand.leaves())?
    };
    let trees = trees.into_iter().map(called).collect::<Result<Vec<_>>>()?;
    for tree in &trees {
        same("switch", "the values of all functions", &trees[0], tree)?;
    }
    Ok(trees[0].with_leaves(outputs))
}

/// Repeats `body` on a tree, which is `init` at first, as long as `cond` gives true for it.
///
/// `body` keeps structure, shapes and types. Reverse mode works, although it is not known how
/// often the loop runs.
///
/// ```
/// # use pullback::{lax, prelude::*};
/// let f = |x: &Array| lax::while_loop(|x| x.lt(&100.0.into()), |x| x.square(), x);
/// assert_eq!(jit(f)(&3.0.into()), 6561.0);
/// assert_eq!(grad(f)(&3.0.into()), 8.0 * 3f64.powi(7));
/// ```
///
/// # Errors
/// If `body` changes structure or types, or `cond` does not give one bool; and those of both.
pub fn while_loop<C: Pytree, P: Outcome<Value = Array>, B: Outcome<Value = C>>(
    cond: impl Fn(&C) -> P,
    body: impl Fn(&C) -> B,
    init: &C,
) -> Result<C> {
    let end = flat::while_loop(
        "while_loop",
        &init.leaves(),
        |x| cond(&init.with_leaves(x.to_vec())).into_result(),
        |x| carried("while_loop", init, body(&init.with_leaves(x.to_vec())).into_result()?),
    )?;
    Ok(emptied(init).with_leaves(end))
}

/// Repeats `body` for every whole number from `lower` up to before `upper`: it takes the number
/// and a tree, `init` at first, and gives the next tree, of the same structure, shapes and types.
///
/// ```
/// # use pullback::{lax, prelude::*};
/// let power = |x: &Array, n: &Array| {
///     lax::fori_loop(0, n, |_, (x, y)| (x.clone(), y * x), &(x.clone(), Array::from(1.0)))
/// };
/// let f = |x: &Array, n: &Array| Ok(power(x, n)?.1);
/// assert_eq!(jit(f)(&2.0.into(), &10.into()), 1024.0);
/// assert_eq!(grad(jit(f))(&2.0.into(), &10.into()), 5120.0);
/// ```
///
/// # Errors
/// If the bounds are not scalars of one integer type, or `body` changes structure or types; and
/// those of `body`.
pub fn fori_loop<C: Pytree, B: Outcome<Value = C>>(
    lower: impl Into<Array>,
    upper: impl Into<Array>,
    body: impl Fn(&Array, &C) -> B,
    init: &C,
) -> Result<C> {
    let end = flat::fori_loop(&lower.into(), &upper.into(), &init.leaves(), |i, x| {
        carried("fori_loop", init, body(i, &init.with_leaves(x.to_vec())).into_result()?)
    })?;
    Ok(emptied(init).with_leaves(end))
}

/// Repeats `body` over the entries of the arrays of `xs` along their first axis: it takes what is
/// carried, `init` at first, and one entry of each, and gives what is carried on and what is
/// collected. Gives what is carried in the end, and what was collected, laid along first axes.
///
/// `length` is needed where `xs` has no arrays, as `()`. With `reverse` the last entry is first.
///
/// ```
/// # use pullback::{lax, prelude::*};
/// let xs = Array::from([1.0, 2.0, 3.0]);
/// let sums = |sum: &Array, x: &Array| (sum + x, sum + x);
/// let (total, all) = lax::scan(sums, &Array::from(0.0), &xs, None, false)?;
/// assert_eq!(total, 6.0);
/// assert_eq!(all, Array::from([1.0, 3.0, 6.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the arrays have first axes of several sizes or none, or `body` changes structure or types of
/// what is carried; and those of `body`.
pub fn scan<C: Pytree, X: Pytree, Y: Pytree, O: Outcome<Value = (C, Y)>>(
    body: impl Fn(&C, &X) -> O,
    init: &C,
    xs: &X,
    length: Option<usize>,
    reverse: bool,
) -> Result<(C, Y)> {
    let mut tree = None;
    let step = |state: &[Array], entry: &[Array]| {
        let (state, entry) = (init.with_leaves(state.to_vec()), xs.with_leaves(entry.to_vec()));
        let (next, collected) = body(&state, &entry).into_result()?;
        let leaves = collected.leaves();
        tree = Some(emptied(&collected));
        Ok((carried("scan", init, next)?, leaves))
    };
    let (end, ys) = flat::scan("scan", &init.leaves(), &xs.leaves(), length, reverse, step)?;
    Ok((emptied(init).with_leaves(end), called(tree)?.with_leaves(ys)))
}

/// The values of `f` on every entry of the arrays of `xs` along their first axis, one after
/// another, or `batch_size` of them at a time; they are laid along first axes.
///
/// ```
/// # use pullback::{lax, prelude::*};
/// let squares = lax::map(|x: &Array| x.square(), &Array::from([1, 2, 3]), Some(2))?;
/// assert_eq!(squares, Array::from([1, 4, 9]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the arrays have first axes of several sizes or none, or `batch_size` is zero; and those of
/// `f`.
pub fn map<X: Pytree, O: Outcome>(
    f: impl Fn(&X) -> O,
    xs: &X,
    batch_size: Option<usize>,
) -> Result<O::Value> {
    let mut tree = None;
    let ys = flat::map(&xs.leaves(), batch_size, |x| {
        let value = f(&xs.with_leaves(x.to_vec())).into_result()?;
        let leaves = value.leaves();
        tree = Some(emptied(&value));
        Ok(leaves)
    })?;
    Ok(called(tree)?.with_leaves(ys))
}

/// What `f`, an associative function of two trees, makes of the entries of `elems` along `axis` up
/// to each place; with `reverse`, from each place on. The number of steps grows with the logarithm
/// of the number of entries; `f` is called on many entries at once.
///
/// ```
/// # use pullback::{lax, prelude::*};
/// let x = Array::from([3.0, 1.0, 4.0, 1.0, 5.0]);
/// let largest = lax::associative_scan(|a, b| a.maximum(b), &x, false, 0)?;
/// assert_eq!(largest, Array::from([3.0, 3.0, 4.0, 4.0, 5.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the arrays do not have the axis, or it has several sizes, or `f` changes the structure; and
/// those of `f`.
pub fn associative_scan<E: Pytree, O: Outcome<Value = E>>(
    f: impl Fn(&E, &E) -> O,
    elems: &E,
    reverse: bool,
    axis: i64,
) -> Result<E> {
    let mut join = |a: &[Array], b: &[Array]| {
        let (a, b) = (elems.with_leaves(a.to_vec()), elems.with_leaves(b.to_vec()));
        let joined = f(&a, &b).into_result()?;
        same("associative_scan", "what fn takes and what it gives", &a, &joined)?;
        Ok(joined.leaves())
    };
    let ys = flat::associative_scan(&mut join, &elems.leaves(), reverse, axis)?;
    Ok(elems.with_leaves(ys))
}

/// The arrays of what is carried on, which has the structure of what was carried before.
fn carried<C: Pytree>(name: &str, before: &C, after: C) -> Result<Vec<Array>> {
    same(name, "what is carried into the body function and out of it", before, &after)?;
    Ok(after.leaves())
}

fn same<T: Pytree>(name: &str, what: &str, a: &T, b: &T) -> Result<()> {
    match structure_of(a) == structure_of(b) {
        true => Ok(()),
        false => Err(Error::Structure {
            function: name.into(),
            message: format!("{what} must have one structure, but they differ"),
        }),
    }
}

/// The tree, as a constant to derivatives. What has no derivative is left as it is.
///
/// ```
/// # use pullback::{lax, prelude::*};
/// let f = |x: &Array| Ok(x * lax::stop_gradient(x)?);
/// assert_eq!(grad(f)(&3.0.into()), 3.0);
/// let tree = (Array::from(1.0), vec![Array::from(2)]);
/// assert_eq!(lax::stop_gradient(&tree)?.1[0], 2);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If an array in it belongs to a transformation that has ended.
pub fn stop_gradient<T: Pytree>(tree: &T) -> Result<T> {
    let stopped = |x: &Array| match x.dtype().is_inexact() {
        true => pullback_core::primitives::custom::stop_gradient::stop_gradient(x),
        false => Ok(x.clone()),
    };
    Ok(tree.with_leaves(tree.leaves().iter().map(stopped).collect::<Result<_>>()?))
}
