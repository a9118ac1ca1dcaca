//! Forward mode.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::array::Array;
use crate::aval::Aval;
use crate::error::Result;
use crate::jaxpr::{Derivation, Jaxpr, JaxprRef, stage_closed};
use crate::trace::jvp::{attach, detach, new_trace};
use crate::trace::{Tangent, current, with_current};

/// The results of `f` at `primals`, and their tangents when `primals` move along `tangents`.
///
/// # Errors
/// Those of `f`, and a missing derivative of an operation that it uses.
pub fn jvp(
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>>,
    primals: &[Array],
    tangents: Vec<Tangent>,
) -> Result<(Vec<Array>, Vec<Tangent>)> {
    let trace = new_trace(current(), None);
    let inputs: SmallVec<[Array; 4]> = primals
        .iter()
        .zip(tangents)
        .map(|(primal, tangent)| attach(&trace, primal.clone(), tangent))
        .collect();
    let outputs = with_current(Some(trace.clone()), || f(&inputs))?;
    Ok(outputs.iter().map(|output| detach(&trace, output)).unzip())
}

/// A program with tangents.
pub struct JvpJaxpr {
    /// From the inputs, then the tangents of the active ones, to the results, then their
    /// tangents where `given`.
    pub jaxpr: JaxprRef,
    /// For each result whether its tangent is among the results.
    pub given: Vec<bool>,
}

/// The program of primals and tangents together, with respect to the inputs that `active` marks.
///
/// It gives the tangents of those results that `wanted` marks, or that are not known to be zero.
///
/// # Errors
/// A missing derivative of an operation of the program.
pub fn jvp_jaxpr(jaxpr: &Jaxpr, active: &[bool], wanted: &[bool]) -> Result<Arc<JvpJaxpr>> {
    let key = Derivation::Jvp { active: active.to_vec(), wanted: wanted.to_vec() };
    jaxpr.derived.get(key, || {
        let primals = jaxpr.input_avals();
        let tangents = primals.iter().zip(active).filter(|(_, on)| **on).map(|(x, _)| x.tangent());
        let avals: Vec<Aval> = primals.iter().cloned().chain(tangents).collect();
        let mut given = vec![];
        let staged = stage_closed(&avals, |inputs| {
            let (x, dx) = inputs.split_at(primals.len());
            let mut dx = dx.iter();
            let dx = x
                .iter()
                .zip(active)
                .map(|(x, on)| match on.then(|| dx.next()).flatten() {
                    Some(dx) => Tangent::Value(dx.clone()),
                    None => Tangent::zero(x),
                })
                .collect();
            let (mut y, dy) = jvp(|x| jaxpr.eval_all(x), x, dx)?;
            for (dy, &wanted) in dy.iter().zip(wanted) {
                let give = wanted || !dy.is_zero();
                given.push(give);
                if give {
                    y.push(dy.instantiate()?);
                }
            }
            Ok(y)
        })?;
        Ok(JvpJaxpr { jaxpr: staged.into(), given })
    })
}
