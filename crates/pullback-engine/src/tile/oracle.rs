//! The plain way to run a program: element by element, value by value.
//!
//! This shares nothing with the tile machine and with code but the functions of one element:
//! no tiles, no layouts merged, no places for registers, no buffers taken over, no threads. What
//! they give is compared with what this gives.

use bytemuck::{bytes_of, bytes_of_mut};

use super::program::{Definition, Element, Program, find};
use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::Tensors;
use crate::layout;
use crate::tensor::Tensor;

/// Runs a program; see [`Program::run`].
pub(crate) fn run(program: &Program, inputs: &Tensors, shape: &[usize]) -> Result<Tensors> {
    let count = layout::checked_count(shape).ok_or_else(|| Error::TooLarge {
        elements: shape.iter().map(|&d| d as u128).product(),
        dtype: program.outputs().first().copied().unwrap_or(DType::Float0),
    })?;
    let outputs = program.outputs().iter().map(|&dtype| Buffer::new(dtype, count));
    let mut outputs = outputs.collect::<Result<Vec<Buffer>>>()?;
    let needed = needed(program);
    let mut index = vec![0; shape.len()];
    for at in 0..count {
        let values = values(program, &needed, inputs, &index)?;
        for (result, output) in program.results.iter().zip(&mut outputs) {
            let (dtype, _) = program.values[result.0 as usize];
            let size = dtype.size();
            let value = &bytes_of(&values[result.0 as usize])[..size];
            output.bytes_mut()[at * size..][..size].copy_from_slice(value);
        }
        advance(&mut index, shape);
    }
    let tensors = program.outputs().iter().zip(outputs);
    Ok(tensors.map(|(&dtype, buffer)| Tensor::from_buffer(dtype, shape, buffer)).collect())
}

/// Which values the results depend on.
fn needed(program: &Program) -> Vec<bool> {
    let mut needed = vec![false; program.values.len()];
    for result in &program.results {
        needed[result.0 as usize] = true;
    }
    for (n, (_, definition)) in program.values.iter().enumerate().rev() {
        if let (true, Definition::Op(_, operands)) = (needed[n], definition) {
            operands.iter().for_each(|operand| needed[operand.0 as usize] = true);
        }
    }
    needed
}

/// The needed values of a program at one place, and zeros for the others.
fn values(
    program: &Program,
    needed: &[bool],
    inputs: &Tensors,
    index: &[usize],
) -> Result<Vec<Element>> {
    let mut values: Vec<Element> = Vec::with_capacity(program.values.len());
    for ((dtype, definition), &needed) in program.values.iter().zip(needed) {
        let mut value = Element([0; 2]);
        if !needed {
            values.push(value);
            continue;
        }
        let target = &mut bytes_of_mut(&mut value)[..dtype.size()];
        match definition {
            Definition::Input(n) => target.copy_from_slice(element(&inputs[*n], index)),
            Definition::Constant(n) => target.copy_from_slice(element(&program.constants[*n], &[])),
            Definition::Op(op, registers) => {
                let dtypes: Vec<DType> =
                    registers.iter().map(|reg| program.values[reg.0 as usize].0).collect();
                let kernel = find(*op, &dtypes)
                    .ok_or(Error::DType { operation: op.name(), dtype: op.key(&dtypes) })?;
                let operands: Vec<&[u8]> = registers
                    .iter()
                    .zip(&dtypes)
                    .map(|(reg, dtype)| &bytes_of(&values[reg.0 as usize])[..dtype.size()])
                    .collect();
                kernel.run(*op, &operands, target);
            }
        }
        values.push(value);
    }
    Ok(values)
}

/// The element of a tensor at a place; that of one of rank 0 is at all places.
fn element<'a>(x: &'a Tensor, index: &[usize]) -> &'a [u8] {
    let size = x.dtype().size();
    let layout = x.layout();
    let steps = index.iter().zip(&layout.strides).map(|(&i, &stride)| i as isize * stride);
    let at = (layout.offset as isize + steps.sum::<isize>()) as usize;
    &x.buffer_bytes()[at * size..][..size]
}

/// The next place in row-major order.
fn advance(index: &mut [usize], shape: &[usize]) {
    for (i, &size) in index.iter_mut().zip(shape).rev() {
        *i += 1;
        if *i < size {
            return;
        }
        *i = 0;
    }
}
