//! Programs of functions without running them: `make_jaxpr`, `eval_shape`; and what is done while
//! programs are recorded.

use pullback_core::jaxpr::{Jaxpr, JaxprRef, Staged, stage};
use pullback_core::primitives::control::jit::jit as call_program;
use pullback_core::trace;
use pullback_core::{Array, Aval, DType, Result};

use super::{over_leaves, rebuilt};
use crate::function::{Function, Outcome, Signature, Transformed};
use crate::pytree::Pytree;

/// The program of a function on its arguments, of which only structure, shapes and types matter.
///
/// Printed, it is as JAX prints it. Arrays of transformations around that the function uses are
/// leading inputs of the program.
///
/// ```
/// # use pullback::prelude::*;
/// let program = make_jaxpr(|x: &Array| x.sin() * 2.0)(&Array::from([1.0, 2.0]));
/// assert_eq!(
///     program.to_string(),
///     "{ lambda ; a:f32[2]. let b:f32[2] = sin a; c:f32[2] = mul b 2.0:f32[] in (c,) }"
/// );
/// ```
///
/// Called, it fails where the function does.
pub fn make_jaxpr<'f, F, M>(f: F) -> Transformed<'f, M, Jaxpr>
where
    M: Signature,
    F: Function<M> + 'f,
{
    let call = move |args: &M::Args| {
        let types: Vec<Aval> = args.leaves().iter().map(Array::aval).collect();
        let mut tree = None;
        Ok(stage(&types, over_leaves(|args| f.call(args), args, &mut tree))?.jaxpr)
    };
    Transformed::new(call, ())
}

/// What the value of a function will be, without computing it: its structure, with
/// [abstract arrays](shape_dtype_struct) of its shapes and types.
///
/// ```
/// # use pullback::prelude::*;
/// let x = shape_dtype_struct(&[1_000_000, 1_000_000], DType::F32);
/// let y = eval_shape(|x: &Array| x.matmul(&x.t()).sum_axis(0), &(x,))?;
/// assert_eq!((y.shape(), y.dtype()), (&[1_000_000][..], DType::F32));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// Those of the function.
pub fn eval_shape<M: Signature, F: Function<M>>(f: F, args: &M::Args) -> Result<F::Value> {
    let types: Vec<Aval> = args.leaves().iter().map(Array::aval).collect();
    let mut tree = None;
    let staged = stage(&types, over_leaves(|args| f.call(args), args, &mut tree))?;
    rebuilt(tree, abstract_arrays(&staged.jaxpr.output_avals()))
}

/// An array of which only shape and type are there. It can be given to what looks at no more than
/// those, as [`eval_shape`], [`make_jaxpr`] and the `lower` of a compiled function; to compute
/// with it is an error.
///
/// ```
/// # use pullback::prelude::*;
/// let x = shape_dtype_struct(&[2, 3], DType::F32);
/// assert_eq!((x.shape(), x.dtype()), (&[2, 3][..], DType::F32));
/// assert!(pullback::numpy::sin(&x).is_err());
/// ```
pub fn shape_dtype_struct(shape: &[usize], dtype: DType) -> Array {
    abstract_arrays(&[Aval::new(shape, dtype)]).remove(0)
}

/// Arrays of which only what is known of them is there: those of a recording that has ended.
pub(crate) fn abstract_arrays(avals: &[Aval]) -> Vec<Array> {
    let mut arrays = vec![];
    let recorded = trace::with_current(None, || {
        stage(avals, |inputs| {
            arrays = inputs.to_vec();
            Ok(vec![])
        })
    });
    debug_assert!(recorded.is_ok(), "recording nothing does not fail");
    arrays
}

/// Calls `f` such that what it computes from arrays that are known is computed now, also while a
/// program is being recorded; the program then holds the result as a constant.
///
/// ```
/// # use pullback::prelude::*;
/// let f = |x: &Array| {
///     let known = ensure_compile_time_eval(|| Array::from(3.0).square());
///     // Its value can be looked at.
///     if known.to_f64().unwrap() > 5.0 { x * known } else { x.clone() }
/// };
/// assert_eq!(jit(f)(&Array::from(2.0)), 18.0);
/// ```
pub fn ensure_compile_time_eval<T>(f: impl FnOnce() -> T) -> T {
    trace::with_current(trace::evaluation(), f)
}

/// The function, as a part of its own under the name given in the programs of what calls it.
///
/// ```
/// # use pullback::prelude::*;
/// let layer = named_call(|x: &Array| x.tanh(), "layer");
/// let program = make_jaxpr(|x: &Array| layer(x))(&Array::from(1.0));
/// assert!(program.to_string().contains("name=layer"));
/// assert_eq!(layer(&Array::from(0.0)), 0.0);
/// ```
pub fn named_call<'f, F, M>(f: F, name: &str) -> Transformed<'f, M, F::Value>
where
    M: Signature,
    F: Function<M> + 'f,
{
    let name = name.to_string();
    Transformed::new(move |args: &M::Args| named_scope(&name, || f.call(args)), ())
}

/// Calls `f` as a part of its own under the name given in a program that is being recorded;
/// without one it is just called.
///
/// ```
/// # use pullback::prelude::*;
/// let f = |x: &Array| named_scope("layer", || x.tanh() * 2.0);
/// let program = make_jaxpr(|x: &Array| f(x))(&Array::from(1.0));
/// assert!(program.to_string().contains("name=layer"));
/// assert_eq!(f(&Array::from(0.0))?, 0.0);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// Those of `f`.
pub fn named_scope<O: Outcome>(name: &str, f: impl FnOnce() -> O) -> Result<O::Value> {
    if !trace::is_staging() {
        return f().into_result();
    }
    let mut tree = None;
    let Staged { jaxpr, captured } = stage(&[], |_| {
        let value = f().into_result()?;
        let leaves = value.leaves();
        tree = Some(value);
        Ok(leaves)
    })?;
    let inputs: Vec<&Array> = captured.iter().collect();
    rebuilt(tree, call_program(name, &JaxprRef::from(jaxpr), &inputs)?.into_vec())
}
