//! Calls of host functions from programs.

use std::sync::Arc;

use pullback_core::engine::kernels::Tensors;
use pullback_core::engine::plan::HostFn;
use pullback_core::primitives::custom::Shared;
use pullback_core::primitives::custom::callback::{Callback, CallbackKind, callback};
use pullback_core::{Array, Aval, Error, Result, trace};

pub use pullback_core::primitives::custom::callback::VmapMethod;

use crate::function::Outcome;
use crate::pytree::{Pytree, emptied, structure_of};

/// The value of `f`, a function of the host that does nothing but compute, inside a program that
/// is recorded: it is called when the program runs, on arrays whose contents are known.
///
/// `result` says structure, shapes and types of the value, as [abstract
/// arrays](crate::shape_dtype_struct) or any others. It may be called once, often, or never; it
/// has no derivative, so that [`custom_jvp`](crate::custom_jvp) or
/// [`custom_vjp`](crate::custom_vjp) has to give one.
///
/// ```
/// # use pullback::{VmapMethod, prelude::*, pure_callback};
/// let sorted = |x: &Array| -> Result<Array> {
///     let on_host = |x: &Array| -> Result<Array> {
///         let mut values = x.to_vec::<f32>()?;
///         values.sort_by(f32::total_cmp);
///         Array::from_slice(&values, x.shape())
///     };
///     pure_callback(on_host, x, x, VmapMethod::Sequential)
/// };
/// assert_eq!(jit(sorted)(&Array::from([3.0, 1.0])), Array::from([1.0, 3.0]));
/// assert_eq!(vmap(sorted)(&Array::from([[3.0, 1.0]])), Array::from([[1.0, 3.0]]));
/// ```
///
/// # Errors
/// Those of `f`, and if its value is not as `result` says, or it is vectorised with
/// [`VmapMethod::None`].
pub fn pure_callback<A: Pytree, V: Pytree, O: Outcome<Value = V>>(
    f: impl Fn(&A) -> O + Send + Sync + 'static,
    result: &V,
    args: &A,
    vmap: VmapMethod,
) -> Result<V> {
    called(CallbackKind::Pure, "pure_callback", f, result, args, vmap)
}

/// [`pure_callback`] for a function that acts on the world: it is called exactly when the program
/// gets there, once for each entry where it is vectorised.
///
/// ```
/// # use std::sync::atomic::{AtomicUsize, Ordering};
/// # use pullback::{io_callback, prelude::*};
/// static CALLS: AtomicUsize = AtomicUsize::new(0);
/// let counted = jit(|x: &Array| -> Result<Array> {
///     let count = |_: &()| Array::from(CALLS.fetch_add(1, Ordering::Relaxed) as i32 + 1);
///     Ok(x * io_callback(count, &Array::from(0), &())?)
/// });
/// assert_eq!(counted(&Array::from(10)), 10);
/// assert_eq!(counted(&Array::from(10)), 20);
/// ```
///
/// # Errors
/// Those of `f`, and if its value is not as `result` says.
pub fn io_callback<A: Pytree, V: Pytree, O: Outcome<Value = V>>(
    f: impl Fn(&A) -> O + Send + Sync + 'static,
    result: &V,
    args: &A,
) -> Result<V> {
    called(CallbackKind::Io, "io_callback", f, result, args, VmapMethod::Sequential)
}

pub(crate) fn called<A: Pytree, V: Pytree, O: Outcome<Value = V>>(
    kind: CallbackKind,
    name: &str,
    f: impl Fn(&A) -> O + Send + Sync + 'static,
    result: &V,
    args: &A,
    vmap: VmapMethod,
) -> Result<V> {
    let leaves = args.leaves();
    let outputs: Vec<Aval> =
        result.leaves().iter().map(|leaf| leaf.aval().with_weak(false)).collect();
    let (skeleton, expected) = (emptied(args), structure_of(result));
    let host: Arc<HostFn> = {
        let (name, types) = (name.to_string(), outputs.clone());
        Arc::new(move |tensors: Tensors| {
            let args = skeleton.with_leaves(tensors.into_iter().map(Array::new).collect());
            // The arrays are known, whatever is being traced around the running program.
            let value = trace::with_current(None, || f(&args).into_result());
            let value = value.map_err(Error::into_host)?;
            results(&name, &value, &expected, &types).map_err(Error::into_host)
        })
    };
    let op = Callback { function: Shared::new("f", host), kind, outputs, vmap };
    let outputs = callback(op, &leaves.iter().collect::<Vec<_>>())?;
    Ok(emptied(result).with_leaves(outputs.into_vec()))
}

/// The contents of the arrays of a value, which is to be of the structure and types expected.
fn results<V: Pytree>(name: &str, value: &V, structure: &[u64], types: &[Aval]) -> Result<Tensors> {
    if structure_of(value) != structure {
        return Err(Error::Structure {
            function: name.into(),
            message: "the function gave a value of another structure than it was to".into(),
        });
    }
    let leaves = value.leaves();
    let pairs = leaves.iter().zip(types);
    pairs
        .map(|(leaf, aval)| {
            let leaf = match leaf.is_weak() && leaf.dtype() != aval.dtype {
                true => pullback_core::promote::to_type(leaf, aval.dtype, false)?,
                false => leaf.clone(),
            };
            leaf.tensor()
                .cloned()
                .ok_or_else(|| Error::UnexpectedTracer { function: name.into(), aval: leaf.aval() })
        })
        .collect()
}
