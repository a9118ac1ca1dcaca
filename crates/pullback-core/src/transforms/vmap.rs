//! Vectorisation.

use std::sync::Arc;

use pullback_engine::DType;
use smallvec::SmallVec;

use crate::array::Array;
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::{Derivation, Jaxpr, JaxprRef, stage_closed};
use crate::trace::batch::{BatchAxis, at_axis, attach, detach, new_trace};
use crate::trace::{AxisData, current, with_current};

/// The results of `f` on every entry of the inputs along their mapped axes, and where the mapped
/// axis lies in each; `None` for a result that is the same for all entries.
///
/// # Errors
/// Those of `f`, and a missing batching rule of an operation that it uses.
pub fn vmap(
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>>,
    inputs: &[Array],
    axes: &[BatchAxis],
    axis: AxisData,
) -> Result<(Vec<Array>, Vec<BatchAxis>)> {
    let trace = new_trace(current(), axis);
    let inputs: SmallVec<[Array; 4]> =
        inputs.iter().zip(axes).map(|(x, axis)| attach(&trace, x.clone(), *axis)).collect();
    let outputs = with_current(Some(trace.clone()), || f(&inputs))?;
    Ok(outputs
        .iter()
        .map(|output| {
            let (value, axis) = detach(&trace, output);
            (value.clone(), axis)
        })
        .unzip())
}

/// A vectorised program.
pub struct VmapJaxpr {
    /// The mapped inputs and results have the mapped axis in front.
    pub jaxpr: JaxprRef,
    /// For each result whether it has the mapped axis.
    pub mapped: Vec<bool>,
}

/// The program on arrays with the mapped axis in front, for the inputs that `mapped` marks.
///
/// The results that `wanted` marks get the axis whether they depend on it or not.
///
/// # Errors
/// A missing batching rule of an operation of the program.
pub fn vmap_jaxpr(
    jaxpr: &Jaxpr,
    mapped: &[bool],
    wanted: &[bool],
    axis: &AxisData,
) -> Result<Arc<VmapJaxpr>> {
    let key =
        Derivation::Vmap { mapped: mapped.to_vec(), wanted: wanted.to_vec(), axis: axis.clone() };
    jaxpr.derived.get(key, || {
        let add_axis = |(mut aval, &mapped): (Aval, &bool)| {
            if mapped && aval.dtype != DType::Stack {
                aval.shape.insert(0, axis.size);
            }
            aval
        };
        let avals: Vec<Aval> = jaxpr.input_avals().into_iter().zip(mapped).map(add_axis).collect();
        let axes: Vec<BatchAxis> = mapped.iter().map(|&mapped| mapped.then_some(0)).collect();
        let mut has = vec![];
        let staged = stage_closed(&avals, |inputs| {
            let (outputs, axes) = vmap(|x| jaxpr.eval_all(x), inputs, &axes, axis.clone())?;
            outputs
                .iter()
                .zip(axes)
                .zip(wanted)
                .map(|((output, at), &wanted)| {
                    let give = wanted || at.is_some();
                    has.push(give);
                    if give { at_axis(output, at, axis.size, 0) } else { Ok(output.clone()) }
                })
                .collect()
        })?;
        Ok(VmapJaxpr { jaxpr: staged.into(), mapped: has })
    })
}
