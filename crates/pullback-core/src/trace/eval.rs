//! Evaluation: an operation on concrete arrays is computed at once.
//!
//! The operation is lowered to a plan of one step, which is kept for the next time the same
//! operation meets arrays of the same kind. Elementwise operations on scalars skip the plan.

use std::cell::RefCell;

use pullback_engine::memory;
use pullback_engine::{Tensor, tile};
use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::config;
use crate::error::{Error, Result};
use crate::lower;
use crate::primitives::Op;

type Avals = SmallVec<[Aval; 4]>;

struct Ready {
    plan: Arc<pullback_engine::plan::Plan>,
    weak: SmallVec<[bool; 2]>,
}

/// Plans kept at most; a program has few distinct operations, so this is only a safeguard.
const CAPACITY: usize = 8192;

thread_local! {
    static PLANS: RefCell<FxHashMap<(Op, Avals), Arc<Ready>>> = RefCell::default();
}

pub(super) fn process(op: &Op, inputs: &[&Array]) -> Result<Arrays> {
    if op.primitive().is_eager() {
        return super::with_current(None, || op.primitive().eager(inputs));
    }
    let outputs = match scalar(op, inputs)? {
        Some(output) => smallvec![output],
        None => planned(op, inputs)?,
    };
    if config::debug_nans() {
        check_nans(op, &outputs)?;
    }
    Ok(outputs)
}

/// The direct path for elementwise operations on scalars of one type.
fn scalar(op: &Op, inputs: &[&Array]) -> Result<Option<Array>> {
    let Some(scalar_op) = op.primitive().scalar_op() else { return Ok(None) };
    let mut operands: SmallVec<[&Tensor; 3]> = SmallVec::new();
    let mut weak = true;
    for input in inputs {
        let Some(tensor) = input.tensor() else { return Ok(None) };
        // Mixed types are left to the shape rule, which knows what to say about them.
        if tensor.rank() != 0
            || tensor.dtype() != inputs[0].dtype()
            || tensor.dtype().widened().is_some()
            || !op.primitive().accepts(tensor.dtype())
        {
            return Ok(None);
        }
        weak &= input.is_weak();
        operands.push(tensor);
    }
    if operands.len() != scalar_op.arity() {
        return Ok(None);
    }
    let output = tile::scalar(scalar_op, &operands)?;
    Ok(Some(Array::with_weak(output, weak && op.primitive().keeps_weak())))
}

fn planned(op: &Op, inputs: &[&Array]) -> Result<Arrays> {
    let mut tensors: pullback_engine::kernels::Tensors = SmallVec::new();
    for input in inputs {
        match input.tensor() {
            Some(tensor) => tensors.push(tensor.clone()),
            None => {
                return Err(Error::UnexpectedTracer {
                    function: op.primitive().name().to_string(),
                    aval: input.aval(),
                });
            }
        }
    }
    let avals: Avals = inputs.iter().map(|input| input.aval()).collect();
    let key = (op.clone(), avals);
    let ready = match PLANS.with_borrow(|plans| plans.get(&key).cloned()) {
        Some(ready) => ready,
        None => {
            let outputs = op.primitive().infer(&key.1)?;
            outputs.iter().try_for_each(|aval| check_size(op, aval))?;
            let weak = outputs.iter().map(|aval| aval.weak).collect();
            let plan = Arc::new(lower::lower_op(op, &key.1, &outputs)?);
            let ready = Arc::new(Ready { plan, weak });
            PLANS.with_borrow_mut(|plans| {
                if plans.len() >= CAPACITY {
                    plans.clear();
                }
                plans.insert(key, ready.clone());
            });
            ready
        }
    };
    let outputs = ready.plan.run(tensors)?;
    Ok(outputs.into_iter().zip(&ready.weak).map(|(t, &weak)| Array::with_weak(t, weak)).collect())
}

/// An error, if an array would not fit in memory. One repeated along its axes is a view that takes
/// no memory, but nothing that could be done with it would end.
fn check_size(op: &Op, aval: &Aval) -> Result<()> {
    let elements = aval.shape.iter().fold(1u128, |all, &size| all.saturating_mul(size as u128));
    match elements.saturating_mul(aval.dtype.size() as u128) > u128::from(memory::installed()) {
        true => Err(Error::TooLarge {
            function: op.primitive().name().to_string(),
            elements,
            dtype: aval.dtype,
        }),
        false => Ok(()),
    }
}

fn check_nans(op: &Op, outputs: &[Array]) -> Result<()> {
    let has_nan = |array: &Array| array.tensor().is_some_and(lower::has_nan);
    if outputs.iter().any(has_nan) {
        return Err(Error::NotANumber { primitive: op.primitive().name().to_string() });
    }
    Ok(())
}
