//! Operations that read and write at positions given by an array.

use pullback_engine::Shape;

use crate::array::Array;
use crate::aval::{Aval, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::Param;
use crate::trace::bind1;

pub mod gather;
pub mod scatter;
mod scatter_rules;

use gather::{Gather, GatherDims, IndexMode};

/// For each index vector the elements of `x` at that position along `axis`; along all other axes
/// `x` and `indices`, which have the same rank, run together. The positions must exist.
pub(crate) fn take_along(x: &Array, indices: &Array, axis: usize) -> Result<Array> {
    let others: Shape = (0..x.rank()).filter(|&other| other != axis).collect();
    let dims = GatherDims {
        offset_dims: Shape::new(),
        collapsed_slice_dims: Shape::from_elem(axis, 1),
        start_index_map: Shape::from_elem(axis, 1),
        operand_batching_dims: others.clone(),
        start_indices_batching_dims: others,
    };
    let sizes = x.shape().iter().map(|&size| size.min(1)).collect();
    let vectors = crate::primitives::structure::expand_dims(indices, &[indices.rank()])?;
    bind1(Gather::new(dims, sizes, IndexMode::PromiseInBounds), &[x, &vectors])
}

/// Which window of an operand an index vector stands for, in the words of both gather and
/// scatter: what the two have in common, for checks.
struct Windows<'a> {
    function: &'static str,
    operand: &'a Aval,
    indices: &'a Aval,
    /// Axes of the operand that the window lacks, with their name.
    lacking: (&'static str, &'a [usize]),
    /// The operand axis of each component of the index vector, with its name.
    index_map: (&'static str, &'a [usize]),
    /// Axes of the operand that run along with axes of the indices.
    batching: &'a [usize],
    /// Those axes of the indices, with their name.
    indices_batching: (&'static str, &'a [usize]),
}

impl Windows<'_> {
    fn error(&self, message: String) -> Error {
        Error::type_error(self.function, message)
    }

    /// The shape that index vectors are laid out over.
    fn batch(&self) -> &[usize] {
        &self.indices.shape[..self.indices.rank().saturating_sub(1)]
    }

    fn check_axes(&self, (name, axes): (&str, &[usize]), rank: usize) -> Result<()> {
        crate::primitives::structure::check_axes(self.function, axes, rank)
            .map_err(|error| self.error(format!("{name}: {error}")))
    }

    fn check_sorted(&self, (name, axes): (&str, &[usize]), rank: usize) -> Result<()> {
        self.check_axes((name, axes), rank)?;
        match axes.windows(2).all(|pair| pair[0] < pair[1]) {
            true => Ok(()),
            false => Err(self.error(format!("{name} must be sorted, got {}", ShapeText(axes)))),
        }
    }

    fn check(&self) -> Result<()> {
        let Windows { operand, indices, .. } = *self;
        if !indices.dtype.is_integer() {
            return Err(Error::value_error(
                self.function,
                format!("indices must have an integer type, got {indices}"),
            ));
        }
        let Some(&components) = indices.shape.last() else {
            return Err(self.error(format!("indices must have at least one axis, got {indices}")));
        };
        let rank = operand.rank();
        self.check_sorted(self.lacking, rank)?;
        self.check_sorted(("operand_batching_dims", self.batching), rank)?;
        self.check_axes(self.index_map, rank)?;
        self.check_axes(self.indices_batching, self.batch().len())?;
        if components != self.index_map.1.len() {
            return Err(self.error(format!(
                "{} must have as many elements as the last axis of the indices, got {} for {indices}",
                self.index_map.0,
                ShapeText(self.index_map.1),
            )));
        }
        let taken =
            |axis: &&usize| self.lacking.1.contains(axis) || self.index_map.1.contains(axis);
        if let Some(axis) = self.batching.iter().find(taken) {
            return Err(self.error(format!(
                "axis {axis} of operand_batching_dims must be neither in {} nor in {}",
                self.lacking.0, self.index_map.0
            )));
        }
        let pairs = self.batching.iter().zip(self.indices_batching.1);
        let fits = self.batching.len() == self.indices_batching.1.len()
            && pairs.clone().all(|(&a, &b)| operand.shape[a] == indices.shape[b]);
        match fits {
            true => Ok(()),
            false => Err(self.error(format!(
                "operand_batching_dims {} and {} {} must be of equal number and sizes, for {operand} \
                 and {indices}",
                ShapeText(self.batching),
                self.indices_batching.0,
                ShapeText(self.indices_batching.1)
            ))),
        }
    }
}

/// Every axis one further on, as when an array gets a new first one.
fn shifted(axes: &[usize]) -> Shape {
    axes.iter().map(|axis| axis + 1).collect()
}

/// The new first axis, and every other one further on.
fn shifted_after_first(axes: &[usize]) -> Shape {
    [0].into_iter().chain(shifted(axes)).collect()
}

fn mode_text(mode: IndexMode) -> Param {
    Param::word(match mode {
        IndexMode::Clip => "GatherScatterMode.CLIP",
        IndexMode::Fill => "GatherScatterMode.FILL_OR_DROP",
        IndexMode::PromiseInBounds => "GatherScatterMode.PROMISE_IN_BOUNDS",
    })
}

fn read_mode(params: &ParamReader) -> Result<IndexMode> {
    match params.word("mode")? {
        "GatherScatterMode.CLIP" => Ok(IndexMode::Clip),
        "GatherScatterMode.FILL_OR_DROP" => Ok(IndexMode::Fill),
        "GatherScatterMode.PROMISE_IN_BOUNDS" => Ok(IndexMode::PromiseInBounds),
        _ => Err(params.invalid("mode")),
    }
}
