//! `ppermute`: entries of a mapped axis, sent to other entries.

use pullback_engine::plan::Slot;
use smallvec::SmallVec;

use super::{axis_size, names_param, read_names, unbound};
use crate::array::{Array, Arrays};
use crate::aval::Aval;
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{broadcast_in_dim, move_axis, select, zeros_like};
use crate::primitives::structure::{linear_jvp, linear_transpose};
use crate::primitives::{
    Avals, Cotangent, Cotangents, Listed, Operand, Primitive, Sample, Slots, indexing, one,
    operand_count,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::jvp::{Tangent, Tangents};
use crate::trace::{AxisName, bind1};

/// Who sends to whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PPermute {
    /// The mapped axis.
    pub name: AxisName,
    /// Pairs of sender and receiver; no one sends or receives twice.
    pub pairs: SmallVec<[(usize, usize); 4]>,
}

/// For each pair of sender and receiver, the receiver gets the sender's entry; an entry that
/// receives nothing gets zeros.
///
/// # Errors
/// If an axis of that name is not being mapped, a pair names an entry that is not there, or two
/// pairs have one sender or receiver.
pub fn ppermute(x: &Array, name: &AxisName, pairs: &[(usize, usize)]) -> Result<Array> {
    let size = axis_size("ppermute", name)?;
    let (mut sent, mut received) = (vec![false; size], vec![false; size]);
    for &(from, to) in pairs {
        let fresh = from < size
            && to < size
            && !std::mem::replace(&mut sent[from], true)
            && !std::mem::replace(&mut received[to], true);
        if !fresh {
            return Err(Error::value_error(
                "ppermute",
                format!(
                    "the pairs (sender, receiver) must be unique and below {size}, the size of \
                     axis '{name}', got {pairs:?}"
                ),
            ));
        }
    }
    bind1(PPermute { name: name.clone(), pairs: pairs.into() }, &[x])
}

impl Primitive for PPermute {
    fn name(&self) -> &str {
        "ppermute"
    }

    fn params(&self) -> Params {
        let pair = |&(from, to): &(usize, usize)| Param::sizes(&[from, to]);
        vec![
            ("axis_name", names_param(std::slice::from_ref(&self.name))),
            ("perm", Param::Tuple(self.pairs.iter().map(pair).collect())),
        ]
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        match inputs {
            [x] => Ok(one(x.clone())),
            _ => Err(operand_count(self.name(), 1, inputs.len())),
        }
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        linear_jvp(self.clone(), x, dx)
    }

    /// Back to the sender.
    fn transpose(&self, ct: &[Cotangent], _: &[Operand]) -> Result<Cotangents> {
        let back: Vec<_> = self.pairs.iter().map(|&(from, to)| (to, from)).collect();
        linear_transpose(ct, |ct| ppermute(ct, &self.name, &back))
    }

    fn batch(&self, x: &[&Array], axes: &[BatchAxis], _: &AxisData) -> Result<(Arrays, BatchAxes)> {
        Ok((one(ppermute(x[0], &self.name, &self.pairs)?), one(axes[0])))
    }

    fn batch_collective(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let x = match axes[0] {
            Some(mapped) => move_axis(x[0], mapped, 0)?,
            None => at_axis(x[0], None, axis.size, 0)?,
        };
        let (mut sender, mut receives) = (vec![0i32; axis.size], vec![false; axis.size]);
        for &(from, to) in &self.pairs {
            (sender[to], receives[to]) = (from as i32, true);
        }
        let mut column = crate::aval::Shape::from_elem(1, x.rank());
        column[0] = axis.size;
        let along: Vec<usize> = (0..x.rank()).collect();
        let sender = Array::from_slice(&sender, &column)?;
        let y = indexing::take_along(&x, &broadcast_in_dim(&sender, x.shape(), &along)?, 0)?;
        if receives.iter().all(|&receives| receives) {
            return Ok((one(y), one(Some(0))));
        }
        let receives: Vec<pullback_engine::Bool> = receives.into_iter().map(Into::into).collect();
        let receives = Array::from_slice(&receives, &column)?;
        let receives = broadcast_in_dim(&receives, x.shape(), &along)?;
        Ok((one(select(&receives, &y, &zeros_like(&y)?)?), one(Some(0))))
    }

    fn uses_axis(&self, name: &AxisName) -> bool {
        self.name == *name
    }

    fn lower(&self, _: &mut Lowering, _: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        Err(unbound(self.name(), &self.name))
    }
}

impl Listed for PPermute {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let size = |n: i64| usize::try_from(n).map_err(|_| params.invalid("perm"));
        let pair = |row: Vec<i64>| match row[..] {
            [from, to] => Ok((size(from)?, size(to)?)),
            _ => Err(params.invalid("perm")),
        };
        Ok(PPermute {
            name: read_names(params, "axis_name")?.remove(0),
            pairs: params.rows("perm")?.into_iter().map(pair).collect::<Result<_>>()?,
        })
    }

    fn samples() -> Vec<Sample> {
        vec![]
    }
}
