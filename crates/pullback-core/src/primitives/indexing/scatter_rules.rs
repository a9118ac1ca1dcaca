//! The derivatives of the scatters.
//!
//! Windows may overlap unless the caller knows better. Which update a replaced element took is
//! found by scattering their numbers, as JAX does.

use pullback_engine::DType;

use super::scatter::{Scatter, ScatterOp};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::primitives::rules::{
    add, broadcast_in_dim, convert_element_type, div, eq, iota, mul, neg, number, reshape, select,
    zeros, zeros_like,
};
use crate::primitives::structure::is_linear;
use crate::primitives::{Cotangent, Cotangents, Operand, one};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

fn full(value: f64, like: &Array) -> Result<Array> {
    broadcast_in_dim(&Array::constant(value, like.dtype()), like.shape(), &[])
}

impl Scatter {
    fn place(&self, x: &Array, indices: &Array, updates: &Array) -> Result<Array> {
        bind1(self.clone(), &[x, indices, updates])
    }

    /// The elements of `x`, of the operand's shape, that updates like `updates` go to.
    fn read(&self, x: &Array, indices: &Array, updates: &[usize]) -> Result<Array> {
        bind1(self.reading(x.shape(), updates), &[x, indices])
    }

    /// The sum of the updates that go to each element of an operand of the given shape.
    fn sum(&self, shape: &[usize], indices: &Array, updates: &Array) -> Result<Array> {
        let nothing = zeros(&Aval::new(shape, updates.dtype()))?;
        self.with(ScatterOp::Add, updates.dtype()).place(&nothing, indices, updates)
    }

    /// Which elements of the operand stay, and which elements of the updates are not replaced by
    /// later ones.
    fn survivors(&self, x: &Aval, indices: &Array, updates: &Aval) -> Result<(Array, Array)> {
        let count = updates.count();
        let dtype = if u32::try_from(count).is_ok() { DType::U32 } else { DType::U64 };
        let counted = iota(dtype, &[count], 0)?;
        let counted = add(&counted, &number(1.0, &counted))?;
        let ids = reshape(&counted, &updates.shape)?;
        let nobody = zeros(&Aval::new(&x.shape, dtype))?;
        let winners = self.with(ScatterOp::Replace, dtype).place(&nobody, indices, &ids)?;
        let stays = eq(&winners, &nobody)?;
        let winner = self.read(&winners, indices, &updates.shape)?;
        Ok((stays, eq(&winner, &ids)?))
    }
}

pub(super) fn jvp(op: &Scatter, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
    let y = bind1(op.clone(), x)?;
    let aval = y.aval().tangent();
    if !aval.is_differentiable() || (dx[0].is_zero() && dx[2].is_zero()) {
        return Ok((one(y), one(Tangent::Zero(aval))));
    }
    let [operand, indices, updates] = [x[0], x[1], x[2]];
    let dy = match op.op {
        ScatterOp::Add | ScatterOp::Sub => {
            Tangent::Value(op.place(&dx[0].instantiate()?, indices, &dx[2].instantiate()?)?)
        }
        ScatterOp::Replace if op.unique_indices => {
            Tangent::Value(op.place(&dx[0].instantiate()?, indices, &dx[2].instantiate()?)?)
        }
        ScatterOp::Replace => {
            let (stays, taken) = op.survivors(&operand.aval(), indices, &updates.aval())?;
            let (dx, du) = (dx[0].instantiate()?, dx[2].instantiate()?);
            let dx = select(&stays, &dx, &zeros_like(&dx)?)?;
            let du = select(&taken, &du, &zeros_like(&du)?)?;
            Tangent::Value(op.with(ScatterOp::Add, op.dtype).place(&dx, indices, &du)?)
        }
        ScatterOp::Mul => {
            // Linear in the operand; of the updates, each counts times all others.
            let from_operand = dx[0].map(&aval, |dx| op.place(dx, indices, updates))?;
            let from_updates = dx[2].map(&aval, |du| {
                let others = match op.unique_indices {
                    true => du.clone(),
                    false => mul(du, &other_factors(op, operand, indices, updates)?)?,
                };
                mul(operand, &op.sum(operand.shape(), indices, &others)?)
            })?;
            from_operand.plus(from_updates)?
        }
        ScatterOp::Min | ScatterOp::Max => extreme(op, x, dx, &y)?,
    };
    Ok((one(y), one(dy)))
}

/// For each update the product of all others that go to the same element. Zeros among them are
/// counted apart, so that none is divided by.
fn other_factors(op: &Scatter, operand: &Array, indices: &Array, updates: &Array) -> Result<Array> {
    let shape = updates.shape();
    let (zeros, ones) = (zeros_like(updates)?, full(1.0, updates)?);
    let is_zero = eq(updates, &zeros)?;
    let nonzero = select(&is_zero, &ones, updates)?;
    let product = op.place(&full(1.0, operand)?, indices, &nonzero)?;
    let product = op.read(&product, indices, shape)?;
    let counted = select(&is_zero, &ones, &zeros)?;
    let count = op.read(&op.sum(operand.shape(), indices, &counted)?, indices, shape)?;
    let other_zeros = eq(&count, &counted)?;
    select(&other_zeros, &div(&product, &nonzero)?, &zeros)
}

/// The mean of the tangents of all that equal the extreme: the element, and updates to it.
fn extreme(op: &Scatter, x: &[&Array], dx: &[Tangent], y: &Array) -> Result<Tangent> {
    let [operand, indices, updates] = [x[0], x[1], x[2]];
    let dtype = operand.dtype();
    let stays = convert_element_type(&eq(operand, y)?, dtype)?;
    let reached = op.read(y, indices, updates.shape())?;
    let taken = convert_element_type(&eq(updates, &reached)?, dtype)?;
    let sum = op.with(ScatterOp::Add, dtype);
    let count = sum.place(&stays, indices, &taken)?;
    let aval = y.aval().tangent();
    let from_operand = dx[0].map(&aval, |dx| mul(dx, &stays))?;
    let from_updates =
        dx[2].map(&aval, |du| op.sum(operand.shape(), indices, &mul(du, &taken)?))?;
    from_operand.plus(from_updates)?.map(&aval, |sum| div(sum, &count))
}

pub(super) fn transpose(op: &Scatter, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
    let not_linear = || Error::NotLinear { primitive: "scatter".into() };
    let indices = inputs[1].known().ok_or_else(not_linear)?;
    let mut cotangents = Cotangents::from_elem(None, 3);
    let Some(ct) = &ct[0] else { return Ok(cotangents) };
    let updates = inputs[2].aval();
    let (to_operand, to_updates) = match op.op {
        ScatterOp::Add | ScatterOp::Sub => {
            let read = match is_linear(inputs, 2) {
                true => Some(op.read(ct, indices, &updates.shape)?),
                false => None,
            };
            let read = match (read, op.op) {
                (Some(read), ScatterOp::Sub) => Some(neg(&read)?),
                (read, _) => read,
            };
            (Some(ct.clone()), read)
        }
        ScatterOp::Mul => {
            let updates = inputs[2].known().ok_or_else(not_linear)?;
            (Some(op.place(ct, indices, updates)?), None)
        }
        ScatterOp::Replace if op.unique_indices => {
            let nothing = zeros(&updates.tangent())?;
            let read = op.read(ct, indices, &updates.shape)?;
            (Some(op.place(ct, indices, &nothing)?), Some(read))
        }
        ScatterOp::Replace => {
            let (stays, taken) = op.survivors(&inputs[0].aval(), indices, &updates)?;
            let read = op.read(ct, indices, &updates.shape)?;
            let kept = select(&stays, ct, &zeros_like(ct)?)?;
            (Some(kept), Some(select(&taken, &read, &zeros_like(&read)?)?))
        }
        ScatterOp::Min | ScatterOp::Max => return Err(not_linear()),
    };
    cotangents[0] = to_operand.filter(|_| is_linear(inputs, 0));
    cotangents[2] = to_updates.filter(|_| is_linear(inputs, 2));
    Ok(cotangents)
}
