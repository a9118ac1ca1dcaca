//! Operations that hold programs.

use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::{Jaxpr, JaxprRef};
use crate::primitives::{Cotangent, Cotangents, Op, Operand};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind;
use crate::trace::jvp::{Tangent, Tangents};
use crate::transforms::{jvp_jaxpr, transpose_jaxpr, vmap_jaxpr};

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
) -> Tangents {
    outputs
        .iter()
        .zip(given)
        .map(|(output, given)| match given.then(|| values.next()).flatten() {
            Some(value) => Tangent::Value(value),
            None => Tangent::zero(output),
        })
        .collect()
}

/// An operation that applies one program to its operands, whose rules are those of the program.
pub(crate) trait Applies {
    /// The program.
    fn program(&self) -> &JaxprRef;

    /// The same operation of another program.
    fn of(&self, program: &JaxprRef) -> Op;

    /// The results and their tangents, by the program of both.
    fn program_jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let program = self.program();
        let derived = jvp_jaxpr(program, &active(dx), &vec![false; program.outputs.len()])?;
        let dx: Vec<Array> = values(dx).collect();
        let inputs: Vec<&Array> = x.iter().copied().chain(&dx).collect();
        let mut outputs = bind(self.of(&derived.jaxpr), &inputs)?;
        let tangents: Vec<Array> = outputs.drain(derived.given.len()..).collect();
        let dy = tangents_of(&outputs, &derived.given, tangents.into_iter());
        Ok((outputs, dy))
    }

    /// The cotangents of the linear operands, by the program run backwards.
    fn program_transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let linear: Vec<bool> = inputs.iter().map(Operand::is_linear).collect();
        let present: Vec<bool> = ct.iter().map(Option::is_some).collect();
        let wanted = vec![false; linear.iter().filter(|linear| **linear).count()];
        let derived = transpose_jaxpr(self.program(), &linear, &present, &wanted)?;
        let operands: Vec<&Array> =
            inputs.iter().filter_map(Operand::known).chain(ct.iter().flatten()).collect();
        let mut results = bind(self.of(&derived.jaxpr), &operands)?.into_iter();
        let mut given = derived.given.iter();
        Ok(linear
            .iter()
            .map(|&linear| match linear && given.next() == Some(&true) {
                true => results.next(),
                false => None,
            })
            .collect())
    }

    /// The results for all entries, by the vectorised program.
    fn program_batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let mapped: Vec<bool> = axes.iter().map(Option::is_some).collect();
        let program = self.program();
        let derived = vmap_jaxpr(program, &mapped, &vec![false; program.outputs.len()], axis)?;
        let inputs = x
            .iter()
            .zip(axes)
            .map(|(x, a)| match a {
                Some(_) => at_axis(x, *a, axis.size, 0),
                None => Ok(Array::clone(x)),
            })
            .collect::<Result<Vec<_>>>()?;
        let outputs = bind(self.of(&derived.jaxpr), &inputs.iter().collect::<Vec<_>>())?;
        Ok((outputs, derived.mapped.iter().map(|mapped| mapped.then_some(0)).collect()))
    }
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
