//! Compilation: a function is traced once for each kind of arguments, and run as one program.

use std::cell::RefCell;

use pullback_core::jaxpr::{JaxprRef, stage};
use pullback_core::primitives::control::jit::jit as call_program;
use pullback_core::trace::{self, AxisName};
use pullback_core::{Array, Aval, Error, Result};
use rustc_hash::FxHashMap;

use crate::function::{Function, Signature, Transformed};
use crate::pytree::Pytree;

/// The named axes that a program was traced under.
type AxisSizes = Vec<(AxisName, usize)>;

struct Program<V> {
    jaxpr: JaxprRef,
    tree: V,
}

/// The function, traced when it is first called with arguments of a kind, and run as a program
/// from then on. Only what it does with arrays is part of the program.
///
/// ```
/// # use pullback::prelude::*;
/// let traces = std::cell::Cell::new(0);
/// let f = jit(|x: &Array| {
///     traces.set(traces.get() + 1);
///     x.exp().sum()
/// });
/// assert_eq!(f(&Array::from([0.0, 0.0])), 2.0);
/// assert_eq!(f(&Array::from([0.0, 0.0])), 2.0);
/// assert_eq!(traces.get(), 1);
/// ```
pub fn jit<'f, F, M>(f: F) -> Transformed<'f, M, F::Value>
where
    M: Signature,
    F: Function<M> + 'f,
    F::Value: 'f,
{
    let programs: RefCell<FxHashMap<(Vec<Aval>, Vec<u64>, AxisSizes), Program<F::Value>>> =
        RefCell::default();
    let call = move |args: &M::Args| -> Result<F::Value> {
        let leaves = args.leaves();
        let mut structure = vec![];
        args.structure(&mut structure);
        let axes = trace::axis_environment();
        let key = (leaves.iter().map(Array::aval).collect::<Vec<_>>(), structure, axes);
        let inputs: Vec<&Array> = leaves.iter().collect();
        let known = programs.borrow().get(&key).map(|p| (p.jaxpr.clone(), p.tree.clone()));
        if let Some((jaxpr, tree)) = known {
            return Ok(tree.with_leaves(call_program("f", &jaxpr, &inputs)?.into_vec()));
        }
        let mut tree = None;
        let staged = stage(&key.0, |leaves| {
            let value = f.call(&args.with_leaves(leaves.to_vec()))?;
            let leaves = value.leaves();
            tree = Some(value);
            Ok(leaves)
        })?;
        let Some(tree) = tree else {
            return Err(Error::Program { message: "a function was not called".into() });
        };
        let jaxpr = JaxprRef::from(staged.jaxpr);
        let operands: Vec<&Array> = staged.captured.iter().chain(inputs).collect();
        let outputs = call_program("f", &jaxpr, &operands)?.into_vec();
        let result = tree.with_leaves(outputs);
        // A program that uses arrays of enclosing traces is good for this call only.
        if staged.captured.is_empty() {
            // Kept without its arrays: tracers must not outlive their trace.
            let tree = emptied(&result);
            programs.borrow_mut().insert(key, Program { jaxpr, tree });
        }
        Ok(result)
    };
    Transformed::new(call, ())
}

/// The tree with a scalar for every leaf, so that it keeps no array alive.
fn emptied<V: Pytree>(tree: &V) -> V {
    tree.with_leaves(vec![Array::from(0.0); tree.leaves().len()])
}
