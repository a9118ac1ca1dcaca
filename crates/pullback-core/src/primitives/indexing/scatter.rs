//! `scatter`, `scatter-add`, `scatter-sub`, `scatter-mul`, `scatter-min`, `scatter-max`: an array
//! with windows, at positions that another gives, replaced by updates or combined with them.
//!
//! Updates are applied one after the other, in row-major order of the positions. The derivatives
//! are in `scatter_rules`.

use std::sync::Arc;

use pullback_engine::kernels;
pub use pullback_engine::kernels::scatter::ScatterOp;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::gather::{Gather, GatherDims, IndexMode};
use super::{Windows, mode_text, read_mode, scatter_rules, shifted, shifted_after_first};
use crate::array::{Array, Arrays};
use crate::aval::{Aval, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::jaxpr::{Atom, Eqn, Jaxpr};
use crate::lower::Lowering;
use crate::primitives::unary::Accepts;
use crate::primitives::{
    Avals, Cotangent, Cotangents, Domain, Input, Listed, Op, Operand, Primitive, Sample, Slots,
    binary, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis, at_axis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Which axes of operand, indices and updates belong together. The names are those of XLA.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ScatterDims {
    /// Axes of the updates that run along the window, sorted.
    pub update_window_dims: Shape,
    /// Axes of the operand that the window lacks, having size 1 along them, sorted.
    pub inserted_window_dims: Shape,
    /// The operand axis of each component of the index vector.
    pub scatter_dims_to_operand_dims: Shape,
    /// Axes of the operand that run along with axes of the indices, sorted.
    pub operand_batching_dims: Shape,
    /// Those axes of the indices.
    pub scatter_indices_batching_dims: Shape,
}

/// Applies the windows of the third operand to the first, at the positions in the second, whose
/// last axis is the index vector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scatter {
    /// What an update does to an element.
    pub op: ScatterOp,
    /// Which axes belong together.
    pub dims: ScatterDims,
    /// What happens out of bounds.
    pub mode: IndexMode,
    /// The type of the elements, which the text of programs mentions.
    pub dtype: DType,
    /// Whether the caller knows the index vectors to be sorted.
    pub indices_are_sorted: bool,
    /// Whether the caller knows the windows not to overlap.
    pub unique_indices: bool,
    /// Whether negative indices count from the end, which a pass finds out.
    pub from_end: bool,
}

/// `x` with `updates` applied to its windows at the positions in `indices`; see [`Scatter`].
///
/// # Errors
/// If the dimension numbers do not fit the operands, or the indices are not integers.
pub fn scatter(x: &Array, indices: &Array, updates: &Array, scatter: Scatter) -> Result<Array> {
    bind1(scatter, &[x, indices, updates])
}

impl Scatter {
    /// A scatter of which nothing further is known.
    pub fn new(op: ScatterOp, dims: ScatterDims, mode: IndexMode, dtype: DType) -> Scatter {
        let (indices_are_sorted, unique_indices, from_end) = (false, false, false);
        Scatter { op, dims, mode, dtype, indices_are_sorted, unique_indices, from_end }
    }

    /// The same with another operation and element type.
    pub(super) fn with(&self, op: ScatterOp, dtype: DType) -> Scatter {
        Scatter { op, dtype, ..self.clone() }
    }

    /// The axes of the operand that the window has.
    fn window_axes(&self, rank: usize) -> impl Iterator<Item = usize> + '_ {
        (0..rank).filter(|axis| {
            !self.dims.inserted_window_dims.contains(axis)
                && !self.dims.operand_batching_dims.contains(axis)
        })
    }

    /// The gather that reads the windows of the operand that updates of shape `updates` go to.
    pub(super) fn reading(&self, operand: &[usize], updates: &[usize]) -> Gather {
        let ScatterDims {
            update_window_dims,
            inserted_window_dims,
            scatter_dims_to_operand_dims,
            operand_batching_dims,
            scatter_indices_batching_dims,
        } = self.dims.clone();
        let mut sizes: Shape = operand.iter().map(|&size| size.min(1)).collect();
        for (axis, &from) in self.window_axes(operand.len()).zip(&update_window_dims) {
            sizes[axis] = updates[from];
        }
        let dims = GatherDims {
            offset_dims: update_window_dims,
            collapsed_slice_dims: inserted_window_dims,
            start_index_map: scatter_dims_to_operand_dims,
            operand_batching_dims,
            start_indices_batching_dims: scatter_indices_batching_dims,
        };
        Gather {
            fill: Some(0.0.into()),
            indices_are_sorted: self.indices_are_sorted,
            unique_indices: self.unique_indices,
            from_end: self.from_end,
            ..Gather::new(dims, sizes, self.mode)
        }
    }

    fn check(&self, x: &Aval, indices: &Aval, updates: &Aval) -> Result<()> {
        let dims = &self.dims;
        let windows = Windows {
            function: "scatter",
            operand: x,
            indices,
            lacking: ("inserted_window_dims", &dims.inserted_window_dims),
            index_map: ("scatter_dims_to_operand_dims", &dims.scatter_dims_to_operand_dims),
            batching: &dims.operand_batching_dims,
            indices_batching: (
                "scatter_indices_batching_dims",
                &dims.scatter_indices_batching_dims,
            ),
        };
        windows.check()?;
        let window = &dims.update_window_dims;
        windows.check_sorted(("update_window_dims", window), updates.rank())?;
        let batch = windows.batch();
        if updates.rank() != batch.len() + window.len()
            || self.window_axes(x.rank()).count() != window.len()
        {
            return Err(windows.error(format!(
                "updates {updates} must have an axis for each but the last of {indices}, and one of \
                 update_window_dims {} for each axis of {x} that is neither inserted nor batching",
                ShapeText(window)
            )));
        }
        let rest = (0..updates.rank()).filter(|axis| !window.contains(axis));
        let fits = rest.zip(batch).all(|(axis, &size)| updates.shape[axis] == size)
            && self
                .window_axes(x.rank())
                .zip(window)
                .all(|(axis, &from)| updates.shape[from] <= x.shape[axis]);
        match fits {
            true => Ok(()),
            false => Err(windows.error(format!(
                "bounds of the updates {updates} must not exceed those of the operand {x}, and be \
                 those of the indices {indices} along all other axes"
            ))),
        }
    }

    /// The program that combines two elements, as the text of programs shows it.
    fn update_program(&self) -> Param {
        let op: Op = match self.op {
            ScatterOp::Replace => return Param::None,
            ScatterOp::Add => binary::add::Add.into(),
            ScatterOp::Sub => binary::sub::Sub.into(),
            ScatterOp::Mul => binary::mul::Mul.into(),
            ScatterOp::Min => binary::min::Min.into(),
            ScatterOp::Max => binary::max::Max.into(),
        };
        let mut jaxpr = Jaxpr::default();
        let mut var = || jaxpr.new_var(Aval::scalar(self.dtype));
        let (x, y, z) = (var(), var(), var());
        jaxpr.inputs = vec![x, y];
        let inputs = [Atom::Var(x), Atom::Var(y)].into_iter().collect();
        jaxpr.eqns.push(Eqn { op, inputs, outputs: [z].into_iter().collect() });
        jaxpr.outputs = vec![Atom::Var(z)];
        Param::Jaxpr(Arc::new(jaxpr))
    }
}

impl Primitive for Scatter {
    fn name(&self) -> &str {
        match self.op {
            ScatterOp::Replace => "scatter",
            ScatterOp::Add => "scatter-add",
            ScatterOp::Sub => "scatter-sub",
            ScatterOp::Mul => "scatter-mul",
            ScatterOp::Min => "scatter-min",
            ScatterOp::Max => "scatter-max",
        }
    }

    fn params(&self) -> Params {
        let dims = &self.dims;
        let dims = Param::record(
            "ScatterDimensionNumbers",
            [
                ("update_window_dims", Param::sizes(&dims.update_window_dims)),
                ("inserted_window_dims", Param::sizes(&dims.inserted_window_dims)),
                ("scatter_dims_to_operand_dims", Param::sizes(&dims.scatter_dims_to_operand_dims)),
                ("operand_batching_dims", Param::sizes(&dims.operand_batching_dims)),
                (
                    "scatter_indices_batching_dims",
                    Param::sizes(&dims.scatter_indices_batching_dims),
                ),
            ],
        );
        let mut params = vec![
            ("dimension_numbers", dims),
            ("indices_are_sorted", Param::Bool(self.indices_are_sorted)),
            ("mode", mode_text(self.mode)),
            ("unique_indices", Param::Bool(self.unique_indices)),
            ("update_consts", Param::Tuple(vec![])),
            ("update_jaxpr", self.update_program()),
        ];
        if self.from_end {
            params.insert(1, ("from_end", Param::Bool(true)));
        }
        params
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x, indices, updates] = inputs else {
            return Err(crate::primitives::operand_count(self.name(), 3, inputs.len()));
        };
        if x.dtype != updates.dtype {
            return Err(Error::DTypeMismatch {
                function: self.name().into(),
                lhs: x.dtype,
                rhs: updates.dtype,
            });
        }
        if x.dtype != self.dtype {
            return Err(Error::type_error(
                self.name(),
                format!("the update program is one of {}, but the operand is {x}", self.dtype),
            ));
        }
        if self.op != ScatterOp::Replace {
            Accepts::Any.check(self.name(), x.dtype)?;
        }
        self.check(x, indices, updates)?;
        Ok(one(x.clone()))
    }

    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        scatter_rules::jvp(self, x, dx)
    }

    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        scatter_rules::transpose(self, ct, inputs)
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let front = |at: usize| at_axis(x[at], axes[at], axis.size, 0);
        let (operand, updates) = (front(0)?, front(2)?);
        let ScatterDims {
            update_window_dims,
            inserted_window_dims,
            scatter_dims_to_operand_dims,
            operand_batching_dims,
            scatter_indices_batching_dims,
        } = &self.dims;
        let inserted_window_dims = shifted(inserted_window_dims);
        let scatter_dims_to_operand_dims = shifted(scatter_dims_to_operand_dims);
        let (indices, dims) = match axes[1] {
            // All entries go to the same positions: the mapped axis is one more of the window.
            None => {
                let dims = ScatterDims {
                    update_window_dims: shifted_after_first(update_window_dims),
                    inserted_window_dims,
                    scatter_dims_to_operand_dims,
                    operand_batching_dims: shifted(operand_batching_dims),
                    scatter_indices_batching_dims: scatter_indices_batching_dims.clone(),
                };
                (x[1].clone(), dims)
            }
            Some(_) => {
                let dims = ScatterDims {
                    update_window_dims: shifted(update_window_dims),
                    inserted_window_dims,
                    scatter_dims_to_operand_dims,
                    operand_batching_dims: shifted_after_first(operand_batching_dims),
                    scatter_indices_batching_dims: shifted_after_first(
                        scatter_indices_batching_dims,
                    ),
                };
                (front(1)?, dims)
            }
        };
        let scatter = Scatter { dims, ..self.clone() };
        Ok((one(bind1(scatter, &[&operand, &indices, &updates])?), one(Some(0))))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], _: &[Aval], _: &[Aval]) -> Result<Slots> {
        let dims = self.dims.clone();
        let kernel = kernels::scatter::Scatter {
            op: self.op,
            update_window_dims: dims.update_window_dims,
            inserted_window_dims: dims.inserted_window_dims,
            scatter_dims_to_operand_dims: dims.scatter_dims_to_operand_dims,
            operand_batching_dims: dims.operand_batching_dims,
            scatter_indices_batching_dims: dims.scatter_indices_batching_dims,
            mode: self.mode,
            from_end: self.from_end,
        };
        Ok(plan.kernel(kernel, x))
    }
}

impl Listed for Scatter {
    fn from_params(name: &str, params: &ParamReader, outputs: &[Aval]) -> Result<Self> {
        let op = match name {
            "scatter" => ScatterOp::Replace,
            "scatter-add" => ScatterOp::Add,
            "scatter-sub" => ScatterOp::Sub,
            "scatter-mul" => ScatterOp::Mul,
            "scatter-min" => ScatterOp::Min,
            "scatter-max" => ScatterOp::Max,
            _ => return Err(params.invalid("name")),
        };
        let [output] = outputs else { return Err(params.invalid("results")) };
        let dims = params.record("dimension_numbers")?;
        Ok(Scatter {
            op,
            dims: ScatterDims {
                update_window_dims: dims.sizes("update_window_dims")?,
                inserted_window_dims: dims.sizes("inserted_window_dims")?,
                scatter_dims_to_operand_dims: dims.sizes("scatter_dims_to_operand_dims")?,
                operand_batching_dims: dims.sizes("operand_batching_dims")?,
                scatter_indices_batching_dims: dims.sizes("scatter_indices_batching_dims")?,
            },
            mode: read_mode(params)?,
            dtype: output.dtype,
            indices_are_sorted: params.bool("indices_are_sorted")?,
            unique_indices: params.bool("unique_indices")?,
            from_end: params.optional_bool("from_end")?.unwrap_or(false),
        })
    }

    fn samples() -> Vec<Sample> {
        use ScatterOp::*;
        let dims =
            |window: &[usize], inserted: &[usize], map: &[usize], batching: [&[usize]; 2]| {
                ScatterDims {
                    update_window_dims: window.into(),
                    inserted_window_dims: inserted.into(),
                    scatter_dims_to_operand_dims: map.into(),
                    operand_batching_dims: batching[0].into(),
                    scatter_indices_batching_dims: batching[1].into(),
                }
            };
        let none: [&[usize]; 2] = [&[], &[]];
        let mut samples = vec![];
        for (op, dtype) in [Replace, Add, Sub, Mul, Min, Max]
            .into_iter()
            .flat_map(|op| DType::NUMERIC.iter().map(move |&dtype| (op, dtype)))
        {
            let mut add = |x: &[usize], i: &[usize], u: &[usize], dims, mode, unique_indices| {
                let op = Scatter { unique_indices, ..Scatter::new(op, dims, mode, dtype) };
                // Windows at a single position cannot overlap, others do now and then.
                let last = if mode == IndexMode::PromiseInBounds { (0, 2) } else { (-1, 5) };
                let indices = Input::new(i, DType::I32, Domain::Whole(last.0, last.1));
                samples
                    .push(Sample::new(op, [Input::real(x, dtype), indices, Input::real(u, dtype)]));
            };
            use IndexMode::*;
            add(&[5], &[3, 1], &[3], dims(&[], &[0], &[0], none), Clip, false);
            add(&[5], &[1, 1], &[1], dims(&[], &[0], &[0], none), Fill, true);
            add(&[3, 4], &[2, 1], &[2, 4], dims(&[1], &[0], &[0], none), Fill, false);
            add(&[3, 4], &[2, 2], &[2, 2, 3], dims(&[1, 2], &[], &[1, 0], none), Clip, false);
            let batching = dims(&[], &[1], &[1], [&[0], &[0]]);
            add(&[2, 3], &[2, 4, 1], &[2, 4], batching, PromiseInBounds, false);
            add(&[4, 3], &[2], &[2], dims(&[0], &[0], &[0, 1], none), Fill, true);
            add(&[5], &[0, 1], &[0], dims(&[], &[0], &[0], none), Fill, false);
            add(&[0, 2], &[3, 1], &[3, 0, 1], dims(&[1, 2], &[], &[1], none), Clip, false);
        }
        samples
    }
}
