//! Forward mode: every array carries a tangent.
//!
//! With a tape this is linearization: primals are computed as always, and tangents are recorded
//! on the tape as a linear program.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{Payload, Trace, TraceKind, TraceRef, Tracer, bind_in, with_current};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::primitives::{Op, add_any, structure};

/// The tangent of an array.
#[derive(Clone, Debug)]
pub enum Tangent {
    /// Known to be zero, and never materialised.
    Zero(Aval),
    /// Any other.
    Value(Array),
}

/// Several tangents, most often one.
pub type Tangents = SmallVec<[Tangent; 2]>;

impl Tangent {
    /// The zero tangent of an array.
    pub fn zero(primal: &Array) -> Tangent {
        Tangent::Zero(primal.aval().tangent())
    }

    /// Whether the tangent is known to be zero.
    pub fn is_zero(&self) -> bool {
        matches!(self, Tangent::Zero(_))
    }

    /// The tangent, unless it is known to be zero.
    pub fn value(&self) -> Option<&Array> {
        match self {
            Tangent::Zero(_) => None,
            Tangent::Value(value) => Some(value),
        }
    }

    /// What is known of the tangent without its contents.
    pub fn aval(&self) -> Aval {
        match self {
            Tangent::Zero(aval) => aval.clone(),
            Tangent::Value(value) => value.aval(),
        }
    }

    /// `f` of the tangent; zero stays zero, of type `aval`.
    pub fn map(&self, aval: &Aval, f: impl FnOnce(&Array) -> Result<Array>) -> Result<Tangent> {
        match self {
            Tangent::Zero(_) => Ok(Tangent::Zero(aval.clone())),
            Tangent::Value(value) => f(value).map(Tangent::Value),
        }
    }

    /// The sum of two tangents.
    pub fn plus(self, other: Tangent) -> Result<Tangent> {
        match (self, other) {
            (Tangent::Zero(_), other) => Ok(other),
            (this, Tangent::Zero(_)) => Ok(this),
            (Tangent::Value(x), Tangent::Value(y)) => Ok(Tangent::Value(add_any(&x, &y)?)),
        }
    }

    /// The tangent as an array, zeros included.
    pub fn instantiate(&self) -> Result<Array> {
        match self {
            Tangent::Zero(aval) => structure::zeros(aval),
            Tangent::Value(value) => Ok(value.clone()),
        }
    }
}

/// A trace that carries tangents, under `parent`.
pub(crate) fn new_trace(parent: TraceRef, tape: Option<Arc<Trace>>) -> Arc<Trace> {
    Trace::new(parent, TraceKind::Jvp { tape })
}

/// An array of `trace` with the given tangent; without one, it is no different from a constant.
pub(crate) fn attach(trace: &Arc<Trace>, primal: Array, tangent: Tangent) -> Array {
    match tangent {
        Tangent::Zero(_) => primal,
        Tangent::Value(tangent) => Array::traced(Tracer {
            trace: trace.clone(),
            aval: primal.aval(),
            payload: Payload::Jvp { primal, tangent },
        }),
    }
}

/// The primal and tangent of an array in `trace`.
pub(crate) fn detach(trace: &Trace, array: &Array) -> (Array, Tangent) {
    match own(trace, array) {
        Some((primal, tangent)) => (primal.clone(), Tangent::Value(tangent.clone())),
        None => (array.clone(), Tangent::zero(array)),
    }
}

fn own<'a>(trace: &Trace, array: &'a Array) -> Option<(&'a Array, &'a Array)> {
    let tracer = array.tracer()?;
    match &tracer.payload {
        Payload::Jvp { primal, tangent } if tracer.trace.is(trace) => Some((primal, tangent)),
        _ => None,
    }
}

pub(super) fn process(
    trace: &Arc<Trace>,
    tape: Option<&Arc<Trace>>,
    op: &Op,
    inputs: &[&Array],
) -> Result<Arrays> {
    if inputs.iter().all(|input| own(trace, input).is_none()) {
        return bind_in(trace.parent(), op, inputs);
    }
    let mut primals: SmallVec<[&Array; 4]> = SmallVec::with_capacity(inputs.len());
    let mut tangents: SmallVec<[Tangent; 4]> = SmallVec::with_capacity(inputs.len());
    for input in inputs {
        match own(trace, input) {
            Some((primal, tangent)) => {
                primals.push(primal);
                tangents.push(Tangent::Value(tangent.clone()));
            }
            None => {
                primals.push(input);
                tangents.push(Tangent::zero(input));
            }
        }
    }
    let primitive = op.primitive();
    let (outputs, tangents) = match tape {
        None => with_current(trace.parent().clone(), || primitive.jvp(&primals, &tangents))?,
        Some(tape) => {
            with_current(Some(tape.clone()), || primitive.linearize(&primals, &tangents))?
        }
    };
    if outputs.len() != tangents.len() {
        return Err(Error::Program {
            message: format!("the derivative rule of '{}' lost a tangent", primitive.name()),
        });
    }
    Ok(outputs.into_iter().zip(tangents).map(|(y, dy)| attach(trace, y, dy)).collect())
}
