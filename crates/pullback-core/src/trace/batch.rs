//! Vectorisation: arrays carry a mapped axis that the traced function does not see.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{Payload, Trace, TraceKind, TraceRef, Tracer, bind_in, with_current};
use crate::array::{Array, Arrays};
use crate::error::{Error, Result};
use crate::primitives::{Op, structure};

/// The name of a mapped axis.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct AxisName(pub Arc<str>);

impl fmt::Display for AxisName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A mapped axis.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AxisData {
    /// The name that collectives call it by.
    pub name: Option<AxisName>,
    /// How many entries are mapped over.
    pub size: usize,
}

/// The position of the mapped axis in an array; `None` if the array does not have it.
pub type BatchAxis = Option<usize>;
/// Several of them, most often one.
pub type BatchAxes = SmallVec<[BatchAxis; 2]>;

pub(crate) fn new_trace(parent: TraceRef, axis: AxisData) -> Arc<Trace> {
    Trace::new(parent, TraceKind::Batch(axis))
}

/// An array of `trace` whose mapped axis is `axis` of `value`.
pub(crate) fn attach(trace: &Arc<Trace>, value: Array, axis: BatchAxis) -> Array {
    let Some(axis) = axis else { return value };
    let mut aval = value.aval();
    // The mapped axis of a stack is that of its entries, and not part of its own shape.
    if aval.dtype != pullback_engine::DType::Stack {
        aval.shape.remove(axis);
    }
    Array::traced(Tracer { trace: trace.clone(), aval, payload: Payload::Batch { value, axis } })
}

/// The array inside, and the position of its mapped axis.
pub(crate) fn detach<'a>(trace: &Trace, array: &'a Array) -> (&'a Array, BatchAxis) {
    if let Some(tracer) = array.tracer()
        && let Payload::Batch { value, axis } = &tracer.payload
        && tracer.trace.is(trace)
    {
        return (value, Some(*axis));
    }
    (array, None)
}

pub(super) fn process(
    trace: &Arc<Trace>,
    axis: &AxisData,
    op: &Op,
    inputs: &[&Array],
) -> Result<Arrays> {
    let (values, axes): (SmallVec<[&Array; 4]>, SmallVec<[BatchAxis; 4]>) =
        inputs.iter().map(|input| detach(trace, input)).unzip();
    let primitive = op.primitive();
    let collective = axis.name.as_ref().is_some_and(|name| primitive.uses_axis(name));
    if !collective && axes.iter().all(Option::is_none) {
        return bind_in(trace.parent(), op, inputs);
    }
    let (outputs, axes) = with_current(trace.parent().clone(), || {
        if collective {
            primitive.batch_collective(&values, &axes, axis)
        } else {
            primitive.batch(&values, &axes, axis)
        }
    })?;
    Ok(outputs.into_iter().zip(axes).map(|(y, axis)| attach(trace, y, axis)).collect())
}

/// The array with its mapped axis moved to position `to`, or repeated there if it has none.
pub fn at_axis(array: &Array, axis: BatchAxis, size: usize, to: usize) -> Result<Array> {
    match axis {
        // Its entries have the axis in front, or it has no entries.
        _ if array.dtype() == pullback_engine::DType::Stack => Ok(array.clone()),
        Some(axis) => structure::move_axis(array, axis, to),
        None => {
            let mut shape = crate::aval::Shape::from_slice(array.shape());
            if to > shape.len() {
                return Err(Error::Program { message: "a batch axis beyond the rank".into() });
            }
            shape.insert(to, size);
            let axes: Vec<usize> = (0..shape.len()).filter(|&axis| axis != to).collect();
            structure::broadcast_in_dim(array, &shape, &axes)
        }
    }
}
