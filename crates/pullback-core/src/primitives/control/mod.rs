//! Operations that hold programs.

use crate::array::Array;
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::{Jaxpr, JaxprRef};
use crate::trace::jvp::Tangent;

pub mod cond;
pub mod jit;
pub mod remat;
pub mod scan;
pub mod while_loop;

/// Whether the operands are of the types that a program takes.
pub(crate) fn check_operands(name: &str, jaxpr: &Jaxpr, inputs: &[Aval]) -> Result<()> {
    let expected = jaxpr.input_avals();
    let fits = expected.len() == inputs.len()
        && expected.iter().zip(inputs).all(|(expected, given)| expected.same_type(given));
    match fits {
        true => Ok(()),
        false => Err(Error::type_error(
            name,
            format!("a program of inputs {expected:?} was given {inputs:?}"),
        )),
    }
}

/// Which tangents are not known to be zero.
pub(crate) fn active(tangents: &[Tangent]) -> Vec<bool> {
    tangents.iter().map(|tangent| !tangent.is_zero()).collect()
}

/// The tangents that are not known to be zero.
pub(crate) fn values(tangents: &[Tangent]) -> impl Iterator<Item = Array> + '_ {
    tangents.iter().filter_map(|tangent| tangent.value().cloned())
}

/// Tangents of results, from those that are given for some of them.
pub(crate) fn tangents_of(
    outputs: &[Array],
    given: &[bool],
    mut values: impl Iterator<Item = Array>,
) -> crate::trace::jvp::Tangents {
    outputs
        .iter()
        .zip(given)
        .map(|(output, given)| match given.then(|| values.next()).flatten() {
            Some(value) => Tangent::Value(value),
            None => Tangent::zero(output),
        })
        .collect()
}

/// The entries that a mask marks.
pub(crate) fn marked<'a, T: Clone>(
    items: &'a [T],
    mask: &'a [bool],
) -> impl Iterator<Item = T> + 'a {
    items.iter().zip(mask).filter(|(_, on)| **on).map(|(item, _)| item.clone())
}

/// The program with its inputs and results in other orders.
pub(crate) fn rearranged(jaxpr: &Jaxpr, inputs: &[usize], outputs: &[usize]) -> JaxprRef {
    let mut result = jaxpr.clone();
    result.inputs = inputs.iter().map(|&at| jaxpr.inputs[at]).collect();
    result.outputs = outputs.iter().map(|&at| jaxpr.outputs[at].clone()).collect();
    result.into()
}
