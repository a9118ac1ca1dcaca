//! `gather`: windows of an array at positions that another gives.

use pullback_engine::kernels;
pub use pullback_engine::kernels::gather::IndexMode;
use pullback_engine::plan::Slot;
use pullback_engine::{DType, Shape};

use super::scatter::{Scatter, ScatterDims, ScatterOp};
use super::{Windows, mode_text, read_mode, shifted, shifted_after_first};
use crate::array::{Array, Arrays, number};
use crate::aval::{Aval, ShapeText};
use crate::error::{Error, Result};
use crate::jaxpr::parse::ParamReader;
use crate::jaxpr::print::{Param, Params};
use crate::lower::Lowering;
use crate::primitives::rules::{move_axis, zeros};
use crate::primitives::{
    Avals, Cotangent, Cotangents, Domain, Input, Listed, Operand, Primitive, Sample, Slots, one,
};
use crate::trace::batch::{AxisData, BatchAxes, BatchAxis};
use crate::trace::bind1;
use crate::trace::jvp::{Tangent, Tangents};

/// Which axes of operand, indices and result belong together. The names are those of XLA.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct GatherDims {
    /// Axes of the result that run along the window, sorted.
    pub offset_dims: Shape,
    /// Axes of the operand along which the window has size 1, and that the result lacks, sorted.
    pub collapsed_slice_dims: Shape,
    /// The operand axis of each component of the index vector.
    pub start_index_map: Shape,
    /// Axes of the operand that run along with axes of the indices, sorted.
    pub operand_batching_dims: Shape,
    /// Those axes of the indices.
    pub start_indices_batching_dims: Shape,
}

/// A number for elements out of bounds, of any type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FillValue(u64);

impl FillValue {
    /// The number.
    pub fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl From<f64> for FillValue {
    fn from(value: f64) -> FillValue {
        FillValue(value.to_bits())
    }
}

/// Windows of the first operand at the positions in the second, whose last axis is the index
/// vector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gather {
    /// Which axes belong together.
    pub dims: GatherDims,
    /// The size of the window along each axis of the operand.
    pub slice_sizes: Shape,
    /// What happens out of bounds.
    pub mode: IndexMode,
    /// What elements out of bounds are with [`IndexMode::Fill`]; `None` is NaN, or an extreme
    /// integer.
    pub fill: Option<FillValue>,
    /// Whether the caller knows the index vectors to be sorted.
    pub indices_are_sorted: bool,
    /// Whether the caller knows the index vectors to be distinct.
    pub unique_indices: bool,
    /// Whether negative indices count from the end, which a pass finds out.
    pub from_end: bool,
}

/// Windows of `x` at the positions in `indices`; see [`Gather`].
///
/// # Errors
/// If the dimension numbers do not fit the operands, or the indices are not integers.
pub fn gather(x: &Array, indices: &Array, gather: Gather) -> Result<Array> {
    bind1(gather, &[x, indices])
}

impl Gather {
    /// A gather of which nothing further is known, with the usual fill value.
    pub fn new(dims: GatherDims, slice_sizes: Shape, mode: IndexMode) -> Gather {
        Gather {
            dims,
            slice_sizes,
            mode,
            fill: None,
            indices_are_sorted: false,
            unique_indices: false,
            from_end: false,
        }
    }

    /// The axes of the operand that the window has.
    fn window_axes(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.slice_sizes.len()).filter(|axis| {
            !self.dims.collapsed_slice_dims.contains(axis)
                && !self.dims.operand_batching_dims.contains(axis)
        })
    }

    fn check(&self, x: &Aval, indices: &Aval) -> Result<Shape> {
        let dims = &self.dims;
        let windows = Windows {
            function: "gather",
            operand: x,
            indices,
            lacking: ("collapsed_slice_dims", &dims.collapsed_slice_dims),
            index_map: ("start_index_map", &dims.start_index_map),
            batching: &dims.operand_batching_dims,
            indices_batching: ("start_indices_batching_dims", &dims.start_indices_batching_dims),
        };
        windows.check()?;
        let batch = windows.batch();
        let rank = dims.offset_dims.len() + batch.len();
        windows.check_sorted(("offset_dims", &dims.offset_dims), rank)?;
        let fits = self.slice_sizes.len() == x.rank()
            && self.slice_sizes.iter().zip(&x.shape).all(|(size, whole)| size <= whole);
        if !fits {
            return Err(windows.error(format!(
                "slice sizes {} must be within the operand's shape {}",
                ShapeText(&self.slice_sizes),
                ShapeText(&x.shape)
            )));
        }
        let single = dims.collapsed_slice_dims.iter().chain(&dims.operand_batching_dims);
        if let Some(axis) = single.clone().find(|&&axis| self.slice_sizes[axis] > 1) {
            return Err(windows.error(format!(
                "slices may not be larger than 1 along collapsed and batching axes, got {} along \
                 axis {axis}",
                self.slice_sizes[*axis]
            )));
        }
        if dims.offset_dims.len() + single.count() != x.rank() {
            return Err(windows.error(format!(
                "offset_dims {} must have one entry for each axis of {x} that is neither collapsed \
                 nor batching",
                ShapeText(&dims.offset_dims)
            )));
        }
        let mut window = self.window_axes().map(|axis| self.slice_sizes[axis]);
        let mut batch = batch.iter().copied();
        let size = |axis| match dims.offset_dims.contains(&axis) {
            true => window.next(),
            false => batch.next(),
        };
        Ok((0..rank).filter_map(size).collect())
    }
}

impl Primitive for Gather {
    fn name(&self) -> &str {
        "gather"
    }

    fn params(&self) -> Params {
        let dims = &self.dims;
        let dims = Param::record(
            "GatherDimensionNumbers",
            [
                ("offset_dims", Param::sizes(&dims.offset_dims)),
                ("collapsed_slice_dims", Param::sizes(&dims.collapsed_slice_dims)),
                ("start_index_map", Param::sizes(&dims.start_index_map)),
                ("operand_batching_dims", Param::sizes(&dims.operand_batching_dims)),
                ("start_indices_batching_dims", Param::sizes(&dims.start_indices_batching_dims)),
            ],
        );
        let fill = match self.fill.map(FillValue::value) {
            None => Param::None,
            Some(value) if value as i64 as f64 == value => Param::Int(value as i64),
            Some(value) => Param::Float(value),
        };
        let mut params = vec![
            ("dimension_numbers", dims),
            ("fill_value", fill),
            ("indices_are_sorted", Param::Bool(self.indices_are_sorted)),
            ("mode", mode_text(self.mode)),
            ("slice_sizes", Param::sizes(&self.slice_sizes)),
            ("unique_indices", Param::Bool(self.unique_indices)),
        ];
        if self.from_end {
            params.insert(2, ("from_end", Param::Bool(true)));
        }
        params
    }

    fn infer(&self, inputs: &[Aval]) -> Result<Avals> {
        let [x, indices] = inputs else {
            return Err(crate::primitives::operand_count("gather", 2, inputs.len()));
        };
        let shape = self.check(x, indices)?;
        Ok(one(x.with_shape(&shape)))
    }

    /// The same windows of the tangent; what is out of bounds does not move.
    fn jvp(&self, x: &[&Array], dx: &[Tangent]) -> Result<(Arrays, Tangents)> {
        let y = bind1(self.clone(), x)?;
        let tangent = Gather { fill: Some(0.0.into()), ..self.clone() };
        let dy = dx[0].map(&y.aval().tangent(), |dx| bind1(tangent, &[dx, x[1]]))?;
        Ok((one(y), one(dy)))
    }

    /// The windows of the cotangent added where they were read.
    fn transpose(&self, ct: &[Cotangent], inputs: &[Operand]) -> Result<Cotangents> {
        let Some(indices) = inputs[1].known() else {
            return Err(Error::NotLinear { primitive: "gather".into() });
        };
        let x = inputs[0].aval();
        let dims = ScatterDims {
            update_window_dims: self.dims.offset_dims.clone(),
            inserted_window_dims: self.dims.collapsed_slice_dims.clone(),
            scatter_dims_to_operand_dims: self.dims.start_index_map.clone(),
            operand_batching_dims: self.dims.operand_batching_dims.clone(),
            scatter_indices_batching_dims: self.dims.start_indices_batching_dims.clone(),
        };
        let scatter = Scatter {
            indices_are_sorted: self.indices_are_sorted,
            unique_indices: self.unique_indices,
            from_end: self.from_end,
            ..Scatter::new(ScatterOp::Add, dims, self.mode, x.dtype)
        };
        let place = |ct: &Array| bind1(scatter, &[&zeros(&x)?, indices, ct]);
        Ok([ct[0].as_ref().map(place).transpose()?, None].into_iter().collect())
    }

    fn batch(
        &self,
        x: &[&Array],
        axes: &[BatchAxis],
        axis: &AxisData,
    ) -> Result<(Arrays, BatchAxes)> {
        let front = |at: usize| move_axis(x[at], axes[at].unwrap_or(0), 0);
        let GatherDims {
            offset_dims,
            collapsed_slice_dims,
            start_index_map,
            operand_batching_dims,
            start_indices_batching_dims,
        } = &self.dims;
        let sizes = |first: usize| [first].into_iter().chain(self.slice_sizes.iter().copied());
        let (operand, indices, dims, slice_sizes) = match (axes[0], axes[1]) {
            // All entries take the same windows: the mapped axis is one more of the window.
            (_, None) => {
                let dims = GatherDims {
                    offset_dims: shifted_after_first(offset_dims),
                    collapsed_slice_dims: shifted(collapsed_slice_dims),
                    start_index_map: shifted(start_index_map),
                    operand_batching_dims: shifted(operand_batching_dims),
                    start_indices_batching_dims: start_indices_batching_dims.clone(),
                };
                (front(0)?, x[1].clone(), dims, sizes(axis.size).collect())
            }
            (None, Some(_)) => {
                let dims = GatherDims {
                    offset_dims: shifted(offset_dims),
                    start_indices_batching_dims: shifted(start_indices_batching_dims),
                    ..self.dims.clone()
                };
                (x[0].clone(), front(1)?, dims, self.slice_sizes.clone())
            }
            (Some(_), Some(_)) => {
                let dims = GatherDims {
                    offset_dims: shifted(offset_dims),
                    collapsed_slice_dims: shifted(collapsed_slice_dims),
                    start_index_map: shifted(start_index_map),
                    operand_batching_dims: shifted_after_first(operand_batching_dims),
                    start_indices_batching_dims: shifted_after_first(start_indices_batching_dims),
                };
                (front(0)?, front(1)?, dims, sizes(axis.size.min(1)).collect())
            }
        };
        let gather = Gather { dims, slice_sizes, ..self.clone() };
        Ok((one(bind1(gather, &[&operand, &indices])?), one(Some(0))))
    }

    fn lower(&self, plan: &mut Lowering, x: &[Slot], i: &[Aval], _: &[Aval]) -> Result<Slots> {
        let dims = self.dims.clone();
        let fill = self.fill.map(|fill| {
            let mut bytes = [0; 16];
            let scalar = number(fill.value(), i[0].dtype);
            let source = scalar.buffer_bytes();
            bytes[..source.len()].copy_from_slice(source);
            bytes
        });
        let kernel = kernels::gather::Gather {
            offset_dims: dims.offset_dims,
            collapsed_slice_dims: dims.collapsed_slice_dims,
            start_index_map: dims.start_index_map,
            operand_batching_dims: dims.operand_batching_dims,
            start_indices_batching_dims: dims.start_indices_batching_dims,
            slice_sizes: self.slice_sizes.clone(),
            mode: self.mode,
            fill,
            from_end: self.from_end,
        };
        Ok(plan.kernel(kernel, x))
    }
}

impl Listed for Gather {
    fn from_params(_: &str, params: &ParamReader, _: &[Aval]) -> Result<Self> {
        let dims = params.record("dimension_numbers")?;
        Ok(Gather {
            dims: GatherDims {
                offset_dims: dims.sizes("offset_dims")?,
                collapsed_slice_dims: dims.sizes("collapsed_slice_dims")?,
                start_index_map: dims.sizes("start_index_map")?,
                operand_batching_dims: dims.sizes("operand_batching_dims")?,
                start_indices_batching_dims: dims.sizes("start_indices_batching_dims")?,
            },
            slice_sizes: params.sizes("slice_sizes")?,
            mode: read_mode(params)?,
            fill: params.optional_number("fill_value")?.map(FillValue::from),
            indices_are_sorted: params.bool("indices_are_sorted")?,
            unique_indices: params.bool("unique_indices")?,
            from_end: params.optional_bool("from_end")?.unwrap_or(false),
        })
    }

    fn samples() -> Vec<Sample> {
        let dims =
            |offset: &[usize], collapsed: &[usize], map: &[usize], batching: [&[usize]; 2]| {
                GatherDims {
                    offset_dims: offset.into(),
                    collapsed_slice_dims: collapsed.into(),
                    start_index_map: map.into(),
                    operand_batching_dims: batching[0].into(),
                    start_indices_batching_dims: batching[1].into(),
                }
            };
        let none: [&[usize]; 2] = [&[], &[]];
        let mut samples = vec![];
        for &dtype in DType::NUMERIC {
            let mut add =
                |x: &[usize], i: &[usize], dims, sizes: &[usize], mode, fill: Option<f64>| {
                    let fill = fill.map(FillValue::from);
                    let op = Gather { fill, ..Gather::new(dims, sizes.into(), mode) };
                    // Some positions are out of bounds, unless promised not to be.
                    let last = if mode == IndexMode::PromiseInBounds { (0, 2) } else { (-1, 5) };
                    let indices = Input::new(i, DType::I32, Domain::Whole(last.0, last.1));
                    samples.push(Sample::new(op, [Input::real(x, dtype), indices]));
                };
            let fill = Some(0.0);
            add(&[5], &[3, 1], dims(&[], &[0], &[0], none), &[1], IndexMode::Clip, None);
            add(&[3, 4], &[2, 1], dims(&[1], &[0], &[0], none), &[1, 4], IndexMode::Fill, fill);
            add(
                &[3, 4],
                &[2, 2],
                dims(&[1, 2], &[], &[1, 0], none),
                &[2, 3],
                IndexMode::Clip,
                None,
            );
            add(
                &[2, 3],
                &[2, 4, 1],
                dims(&[], &[1], &[1], [&[0], &[0]]),
                &[1, 1],
                IndexMode::PromiseInBounds,
                None,
            );
            add(&[4, 3], &[2], dims(&[0], &[0], &[0, 1], none), &[1, 2], IndexMode::Fill, fill);
            add(&[5], &[0, 1], dims(&[], &[0], &[0], none), &[1], IndexMode::Fill, fill);
            add(&[0, 2], &[3, 1], dims(&[1, 2], &[], &[1], none), &[0, 1], IndexMode::Clip, None);
            if !dtype.is_inexact() {
                add(&[3], &[2, 1], dims(&[], &[0], &[0], none), &[1], IndexMode::Fill, None);
            }
        }
        samples
    }
}
