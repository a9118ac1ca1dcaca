//! Recording: operations become equations of a jaxpr.

use std::sync::{Arc, Mutex, MutexGuard};

use smallvec::SmallVec;

use super::{Payload, Trace, TraceKind, TraceRef, Tracer, bind_in, with_current};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::{Atom, Eqn, Jaxpr, VarId};
use crate::primitives::Op;

/// A jaxpr under construction.
#[derive(Default)]
pub struct Builder(Mutex<Jaxpr>);

impl Builder {
    fn lock(&self) -> MutexGuard<'_, Jaxpr> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

pub(crate) fn new_stage(parent: TraceRef) -> Arc<Trace> {
    Trace::new(parent, TraceKind::Stage(Builder::default()))
}

pub(crate) fn new_tape(parent: TraceRef) -> Arc<Trace> {
    Trace::new(parent, TraceKind::Tape(Builder::default()))
}

fn builder(trace: &Trace) -> &Builder {
    match trace.kind() {
        TraceKind::Tape(builder) | TraceKind::Stage(builder) => builder,
        _ => unreachable!("only staging traces have a builder"),
    }
}

/// A further input of the program that `trace` records.
pub(crate) fn new_input(trace: &Arc<Trace>, aval: Aval) -> Array {
    let mut jaxpr = builder(trace).lock();
    let var = jaxpr.new_var(aval.clone());
    jaxpr.inputs.push(var);
    drop(jaxpr);
    staged(trace, aval, var)
}

fn staged(trace: &Arc<Trace>, aval: Aval, var: VarId) -> Array {
    Array::traced(Tracer { trace: trace.clone(), aval, payload: Payload::Staged(var) })
}

/// The variable of `trace` that an array stands for, if it is one of its own.
pub(crate) fn var_of(trace: &Trace, array: &Array) -> Option<VarId> {
    let tracer = array.tracer()?;
    match tracer.payload {
        Payload::Staged(var) if tracer.trace.is(trace) => Some(var),
        _ => None,
    }
}

/// The array as an operand in the program that `trace` records.
pub(crate) fn atom_of(trace: &Trace, array: &Array) -> Atom {
    match var_of(trace, array) {
        Some(var) => Atom::Var(var),
        None => Atom::Const(array.clone()),
    }
}

/// The program recorded, with the results given. The trace is spent after this.
pub(crate) fn finish(trace: &Trace, outputs: Vec<Atom>) -> Jaxpr {
    let mut jaxpr = std::mem::take(&mut *builder(trace).lock());
    jaxpr.outputs = outputs;
    jaxpr
}

pub(super) fn process_tape(
    trace: &Arc<Trace>,
    builder: &Builder,
    op: &Op,
    inputs: &[&Array],
) -> Result<Arrays> {
    if inputs.iter().all(|input| var_of(trace, input).is_none()) {
        return bind_in(trace.parent(), op, inputs);
    }
    if op.primitive().is_expanded() {
        return with_current(Some(trace.clone()), || op.primitive().eager(inputs));
    }
    record(trace, builder, op, inputs)
}

pub(super) fn process(
    trace: &Arc<Trace>,
    builder: &Builder,
    op: &Op,
    inputs: &[&Array],
) -> Result<Arrays> {
    for input in inputs {
        if let Some(tracer) = input.tracer()
            && !trace.is_within(&tracer.trace)
        {
            return Err(Error::UnexpectedTracer {
                function: op.primitive().name().to_string(),
                aval: input.aval(),
            });
        }
    }
    match op.primitive().staged(inputs)? {
        Some(op) => record(trace, builder, &op.0, &op.1.iter().collect::<Vec<_>>()),
        None => record(trace, builder, op, inputs),
    }
}

fn record(trace: &Arc<Trace>, builder: &Builder, op: &Op, inputs: &[&Array]) -> Result<Arrays> {
    let avals: SmallVec<[Aval; 4]> = inputs.iter().map(|input| input.aval()).collect();
    let output_avals = op.primitive().infer(&avals)?;
    let atoms = inputs.iter().map(|input| atom_of(trace, input)).collect();
    let mut jaxpr = builder.lock();
    let mut arrays = Arrays::new();
    let mut outputs = SmallVec::new();
    for aval in output_avals {
        let var = jaxpr.new_var(aval.clone());
        outputs.push(var);
        arrays.push(staged(trace, aval, var));
    }
    jaxpr.eqns.push(Eqn { op: op.clone(), inputs: atoms, outputs });
    Ok(arrays)
}
