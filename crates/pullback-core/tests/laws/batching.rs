//! Vectorisation is a loop: for every choice of mapped operands, and every position of the mapped
//! axis in each.

use pullback_core::primitives::Sample;
use pullback_core::primitives::rules::{concatenate, expand_dims, slice, squeeze};
use pullback_core::trace::AxisData;
use pullback_core::transforms::vmap;
use pullback_core::{Array, DType, Result};

use crate::support::{Outcome, apply, close, for_each_sample, say, values};

/// Types enough to see every path of a batching rule, which do not depend on them.
const DTYPES: &[DType] =
    &[DType::F32, DType::I32, DType::Bool, DType::U32, DType::KeyThreefry, DType::C64];

/// The arrays stacked along a new axis at `axis`.
fn stacked(entries: &[Array], axis: usize) -> Result<Array> {
    let entries = entries.iter().map(|x| expand_dims(x, &[axis])).collect::<Result<Vec<_>>>()?;
    concatenate(&entries.iter().collect::<Vec<_>>(), axis)
}

/// Entry `at` along `axis`.
fn entry(x: &Array, axis: usize, at: usize) -> Result<Array> {
    let mut start = vec![0; x.rank()];
    let mut limit = x.shape().to_vec();
    (start[axis], limit[axis]) = (at, at + 1);
    squeeze(&slice(x, &start, &limit, None)?, &[axis])
}

/// Every choice of positions for the mapped axis, `None` for an operand that does not have it.
fn choices(sample: &Sample) -> Vec<Vec<Option<usize>>> {
    let mut choices = vec![vec![]];
    for input in &sample.inputs {
        let mut longer = vec![];
        for choice in choices {
            for axis in [None].into_iter().chain((0..=input.shape.len()).map(Some)) {
                longer.push([choice.clone(), vec![axis]].concat());
            }
        }
        choices = longer;
    }
    choices.retain(|choice| choice.iter().any(Option::is_some));
    choices
}

fn check(
    sample: &Sample,
    entries: &[Vec<Array>],
    axes: &[Option<usize>],
    size: usize,
) -> std::result::Result<(), String> {
    let inputs: Vec<Array> = axes
        .iter()
        .enumerate()
        .map(|(at, axis)| match axis {
            None => Ok(entries[0][at].clone()),
            Some(axis) => {
                let own: Vec<Array> =
                    entries[..size.max(1)].iter().map(|entry| entry[at].clone()).collect();
                let all = stacked(&own, *axis)?;
                let mut limit = all.shape().to_vec();
                limit[*axis] = size;
                slice(&all, &vec![0; all.rank()], &limit, None)
            }
        })
        .collect::<Result<_>>()
        .map_err(say)?;
    let data = AxisData { name: None, size };
    let (results, at) = vmap(|x| apply(sample, x), &inputs, axes, data).map_err(say)?;
    let types = sample.op.primitive().infer(&sample.avals()).map_err(say)?;
    for ((result, at), aval) in results.iter().zip(&at).zip(&types) {
        let mut shape = aval.shape.clone();
        if let Some(at) = *at {
            shape.insert(at, size);
        }
        if result.shape() != &shape[..] || result.dtype() != aval.dtype {
            return Err(format!("result {} at {at:?} for {aval}", result.aval()));
        }
    }
    for number in 0..size {
        let own: Vec<Array> = axes
            .iter()
            .enumerate()
            .map(|(at, axis)| entries[if axis.is_some() { number } else { 0 }][at].clone())
            .collect();
        let expected = apply(sample, &own).map_err(say)?;
        for ((result, at), expected) in results.iter().zip(&at).zip(&expected) {
            let part = match *at {
                Some(at) => entry(result, at, number).map_err(say)?,
                None => result.clone(),
            };
            let exact = if expected.dtype().is_inexact() { 3e-6 } else { 0.0 };
            close(&format!("entry {number}"), &values(&part), &values(expected), exact)?;
        }
    }
    Ok(())
}

#[test]
fn vmap_is_a_loop() {
    for_each_sample(|sample| {
        let Some(first) = sample.inputs.first() else { return Ok(Outcome::Silent) };
        let nested = !sample.op.primitive().jaxprs().is_empty();
        if !nested && !DTYPES.contains(&first.dtype) {
            return Ok(Outcome::Silent);
        }
        let entries: Vec<Vec<Array>> =
            (11..13).map(|seed| sample.arrays(seed)).collect::<Result<_>>().map_err(say)?;
        for axes in choices(sample) {
            for size in [2, 1, 0] {
                check(sample, &entries, &axes, size)
                    .map_err(|error| format!("axes {axes:?}, size {size}: {error}"))?;
            }
        }
        Ok(Outcome::Holds)
    });
}
