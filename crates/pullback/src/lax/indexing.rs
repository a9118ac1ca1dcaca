//! Windows at positions that are not known beforehand: reading them, and updating them.

use pullback_core::engine::kernels::scatter::ScatterOp;
use pullback_core::primitives::indexing::gather::{FillValue, Gather, GatherDims, IndexMode};
use pullback_core::primitives::indexing::scatter::{Scatter, ScatterDims};
use pullback_core::primitives::rules;
use pullback_core::primitives::structure::positive_axis;
use pullback_core::trace::{evaluation, with_current};
use pullback_core::{Array, DType, Error, Result, Shape};
use pullback_macros::{Keywords, api};

use crate::api::{ApiFn, Arg, Axes, FromArg, Kind, Nested, Sizes};
use crate::numpy::common::{broadcast_all, shape_of, size_of};
use crate::numpy::indexing::{Bounds, normalized};

/// The functions of this module.
pub(super) static FUNCTIONS: &[&ApiFn] = &[
    &DYNAMIC_SLICE_API,
    &DYNAMIC_SLICE_IN_DIM_API,
    &DYNAMIC_INDEX_IN_DIM_API,
    &DYNAMIC_UPDATE_SLICE_API,
    &DYNAMIC_UPDATE_SLICE_IN_DIM_API,
    &DYNAMIC_UPDATE_INDEX_IN_DIM_API,
    &GATHER_API,
    &INDEX_TAKE_API,
    &SCATTER_API,
    &SCATTER_ADD_API,
    &SCATTER_SUB_API,
    &SCATTER_MUL_API,
    &SCATTER_MIN_API,
    &SCATTER_MAX_API,
];

/// One position for each axis, all of one type; negative ones count from the end.
fn starts(function: &str, x: &Array, at: &[Array], wrap: bool) -> Result<Vec<Array>> {
    if at.len() != x.rank() {
        return Err(Error::value_error(
            function,
            format!("got {} indices for an operand {}", at.len(), x.aval()),
        ));
    }
    if let Some(at) = at.iter().find(|at| !at.dtype().is_integer() || at.rank() != 0) {
        return Err(Error::type_error(
            function,
            format!("indices must be whole numbers, got {}", at.aval()),
        ));
    }
    let at = at
        .iter()
        .zip(x.shape())
        .map(|(at, &size)| match (wrap, at.tensor()) {
            (false, _) => Ok(at.clone()),
            (true, None) => normalized(at, size),
            // A known position is counted from the front at once.
            (true, Some(_)) => with_current(evaluation(), || normalized(at, size)),
        })
        .collect::<Result<Vec<_>>>()?;
    let types: Vec<DType> = at.iter().map(Array::dtype).collect();
    if types.iter().all(|dtype| *dtype == types[0]) {
        return Ok(at);
    }
    let wide = if types.iter().any(|d| d.bits() == 64) { DType::I64 } else { DType::I32 };
    at.iter().map(|at| rules::convert_element_type(at, wide)).collect()
}

/// A window of the sizes given at a position, moved so that it lies within the array.
///
/// ```
/// use pullback::{Array, lax};
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[4])?;
/// let y = lax::dynamic_slice(&x, &[Array::from(3)], &2.into(), true)?;
/// assert_eq!(y.to_vec::<f32>()?, [3.0, 4.0]);
/// # Ok(())
/// # }
/// ```
#[api(defaults(allow_negative_indices = true), keyword_only(allow_negative_indices))]
pub fn dynamic_slice(
    operand: &Array,
    start_indices: &[Array],
    slice_sizes: &Sizes,
    allow_negative_indices: bool,
) -> Result<Array> {
    let at = starts("dynamic_slice", operand, start_indices, allow_negative_indices)?;
    let sizes = shape_of("dynamic_slice", &slice_sizes.0)?;
    rules::dynamic_slice(operand, &at.iter().collect::<Vec<_>>(), &sizes)
}

/// A window along one axis; see [`dynamic_slice`].
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([[1, 2, 3], [4, 5, 6]]);
/// let y = lax::dynamic_slice_in_dim(&x, &1.into(), 2, 1, true)?;
/// assert_eq!(y, Array::from([[2, 3], [5, 6]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0, allow_negative_indices = true), keyword_only(allow_negative_indices))]
pub fn dynamic_slice_in_dim(
    operand: &Array,
    start_index: &Array,
    slice_size: i64,
    axis: i64,
    allow_negative_indices: bool,
) -> Result<Array> {
    let axis = positive_axis("dynamic_slice_in_dim", axis, operand.rank())?;
    let mut sizes = Shape::from_slice(operand.shape());
    sizes[axis] = size_of("dynamic_slice_in_dim", slice_size)?;
    let at = along(operand, start_index, axis);
    dynamic_slice(operand, &at, &Sizes::from(&sizes[..]), allow_negative_indices)
}

/// A position along one axis, and zero along the others.
fn along(x: &Array, at: &Array, axis: usize) -> Vec<Array> {
    let zero = Array::constant(0.0, at.dtype());
    (0..x.rank()).map(|own| if own == axis { at.clone() } else { zero.clone() }).collect()
}

/// The entry along an axis at a position.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([[1, 2], [3, 4]]);
/// let y = lax::dynamic_index_in_dim(&x, &1.into(), 0, false, true)?;
/// assert_eq!(y, Array::from([3, 4]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(axis = 0, keepdims = true, allow_negative_indices = true),
    keyword_only(allow_negative_indices)
)]
pub fn dynamic_index_in_dim(
    operand: &Array,
    index: &Array,
    axis: i64,
    keepdims: bool,
    allow_negative_indices: bool,
) -> Result<Array> {
    let entry = dynamic_slice_in_dim(operand, index, 1, axis, allow_negative_indices)?;
    let axis = positive_axis("dynamic_index_in_dim", axis, operand.rank())?;
    if keepdims { Ok(entry) } else { rules::squeeze(&entry, &[axis]) }
}

/// The array with a window replaced, which is moved so that it lies within the array.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([1, 2, 3, 4]);
/// let y = lax::dynamic_update_slice(&x, &Array::from([8, 9]), &[3.into()], true)?;
/// assert_eq!(y, Array::from([1, 2, 8, 9]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(allow_negative_indices = true), keyword_only(allow_negative_indices))]
pub fn dynamic_update_slice(
    operand: &Array,
    update: &Array,
    start_indices: &[Array],
    allow_negative_indices: bool,
) -> Result<Array> {
    let at = starts("dynamic_update_slice", operand, start_indices, allow_negative_indices)?;
    rules::dynamic_update_slice(operand, update, &at.iter().collect::<Vec<_>>())
}

/// The array with a window along one axis replaced; see [`dynamic_update_slice`].
///
/// ```
/// # use pullback::{Array, lax};
/// let (x, update) = (Array::from([[1, 2], [3, 4]]), Array::from([[9], [9]]));
/// let y = lax::dynamic_update_slice_in_dim(&x, &update, &1.into(), 1, true)?;
/// assert_eq!(y, Array::from([[1, 9], [3, 9]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(allow_negative_indices = true), keyword_only(allow_negative_indices))]
pub fn dynamic_update_slice_in_dim(
    operand: &Array,
    update: &Array,
    start_index: &Array,
    axis: i64,
    allow_negative_indices: bool,
) -> Result<Array> {
    let axis = positive_axis("dynamic_update_slice_in_dim", axis, operand.rank())?;
    let at = along(operand, start_index, axis);
    dynamic_update_slice(operand, update, &at, allow_negative_indices)
}

/// The array with the entry along an axis at a position replaced.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([[1, 2], [3, 4]]);
/// let y = lax::dynamic_update_index_in_dim(&x, &Array::from([8, 9]), &0.into(), 0, true)?;
/// assert_eq!(y, Array::from([[8, 9], [3, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(allow_negative_indices = true), keyword_only(allow_negative_indices))]
pub fn dynamic_update_index_in_dim(
    operand: &Array,
    update: &Array,
    index: &Array,
    axis: i64,
    allow_negative_indices: bool,
) -> Result<Array> {
    let axis = positive_axis("dynamic_update_index_in_dim", axis, operand.rank())?;
    let update = match operand.rank() - update.rank().min(operand.rank()) {
        0 => update.clone(),
        1 => rules::expand_dims(update, &[axis])?,
        _ => {
            return Err(Error::type_error(
                "dynamic_update_index_in_dim",
                format!("{} is no entry of {}", update.aval(), operand.aval()),
            ));
        }
    };
    dynamic_update_slice_in_dim(operand, &update, index, axis as i64, allow_negative_indices)
}

/// Which axes of operand, indices and result belong together: five lists, the last two of which
/// may be left out.
fn dimension_lists(arg: Arg) -> Option<[Shape; 5]> {
    let nested = Nested::from_arg(arg)?;
    let entries = nested.entries()?;
    if !(3..=5).contains(&entries.len()) {
        return None;
    }
    let mut lists: [Shape; 5] = Default::default();
    for (list, entry) in lists.iter_mut().zip(entries) {
        *list =
            entry.ints()?.iter().map(|&axis| usize::try_from(axis).ok()).collect::<Option<_>>()?;
    }
    Some(lists)
}

impl FromArg for GatherDims {
    const KIND: Kind = Kind::Nested;

    fn from_arg(arg: Arg) -> Option<Self> {
        let [offset, collapsed, map, batching, indices_batching] = dimension_lists(arg)?;
        Some(GatherDims {
            offset_dims: offset,
            collapsed_slice_dims: collapsed,
            start_index_map: map,
            operand_batching_dims: batching,
            start_indices_batching_dims: indices_batching,
        })
    }
}

impl FromArg for ScatterDims {
    const KIND: Kind = Kind::Nested;

    fn from_arg(arg: Arg) -> Option<Self> {
        let [window, inserted, map, batching, indices_batching] = dimension_lists(arg)?;
        Some(ScatterDims {
            update_window_dims: window,
            inserted_window_dims: inserted,
            scatter_dims_to_operand_dims: map,
            operand_batching_dims: batching,
            scatter_indices_batching_dims: indices_batching,
        })
    }
}

/// What is known of positions, and what happens out of bounds.
///
/// Modes are "fill" and "drop", "clip", and "promise_in_bounds".
///
/// ```
/// # use pullback::{Array, lax};
/// use pullback_core::primitives::indexing::scatter::ScatterDims;
/// let row = ScatterDims {
///     inserted_window_dims: [0][..].into(),
///     scatter_dims_to_operand_dims: [0][..].into(),
///     ..ScatterDims::default()
/// };
/// let (x, at) = (Array::from([1, 2]), Array::from([[9]]));
/// let clip = lax::Positions::new().mode("clip");
/// assert_eq!(lax::scatter(&x, &at, &Array::from([7]), row, clip)?, Array::from([1, 7]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[derive(Clone, Debug, Default, Keywords)]
pub struct Positions {
    /// Whether they are known to be sorted.
    #[keyword(only)]
    pub indices_are_sorted: bool,
    /// Whether they are known to be distinct.
    pub unique_indices: bool,
    /// What happens out of bounds: "fill", "clip" or "promise_in_bounds". By default reads
    /// promise that nothing is, and writes out of bounds are dropped.
    pub mode: Option<String>,
}

impl Positions {
    fn bounds(&self, function: &str, default: Bounds) -> Result<IndexMode> {
        let mode =
            self.mode.as_deref().map(|mode| Bounds::from_name(function, mode)).transpose()?;
        Ok(mode.unwrap_or(default).mode())
    }
}

fn check_indices(function: &str, indices: &Array) -> Result<()> {
    if indices.dtype().is_integer() {
        return Ok(());
    }
    Err(Error::type_error(
        function,
        format!("indices must be of an integer type, got {}", indices.aval()),
    ))
}

/// Windows of the operand at positions, which are vectors along the last axis of `start_indices`.
///
/// `dimension_numbers` says which axes of the result run along windows, which axes of the windows,
/// of size 1, it lacks, and which axis of the operand each component of a position belongs to.
///
/// ```
/// # use pullback::{Array, lax};
/// use pullback_core::primitives::indexing::gather::GatherDims;
/// let rows = GatherDims {
///     offset_dims: [1][..].into(),
///     collapsed_slice_dims: [0][..].into(),
///     start_index_map: [0][..].into(),
///     ..GatherDims::default()
/// };
/// let (x, at) = (Array::from([[1, 2], [3, 4]]), Array::from([[1], [1]]));
/// let y = lax::gather(&x, &at, rows, &[1, 2].into(), None, lax::Positions::new())?;
/// assert_eq!(y, Array::from([[3, 4], [3, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(fill_value))]
pub fn gather(
    operand: &Array,
    start_indices: &Array,
    dimension_numbers: GatherDims,
    slice_sizes: &Sizes,
    fill_value: Option<f64>,
    options: Positions,
) -> Result<Array> {
    check_indices("gather", start_indices)?;
    let sizes = shape_of("gather", &slice_sizes.0)?;
    let gather = Gather {
        fill: fill_value.map(FillValue::from),
        indices_are_sorted: options.indices_are_sorted,
        unique_indices: options.unique_indices,
        ..Gather::new(dimension_numbers, sizes, options.bounds("gather", Bounds::PromiseInBounds)?)
    };
    rules::gather(operand, start_indices, gather)
}

/// The elements at positions along some axes, one array of positions for each; the other axes
/// come last.
///
/// ```
/// # use pullback::{Array, lax};
/// let x = Array::from([[1, 2], [3, 4]]);
/// let y = lax::index_take(&x, &[Array::from([1, 0])], &0.into())?;
/// assert_eq!(y, Array::from([[3, 4], [1, 2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn index_take(src: &Array, idxs: &[Array], axes: &Axes) -> Result<Array> {
    let axes = crate::numpy::common::axes_of("index_take", Some(axes), src.rank())?;
    if idxs.len() != axes.len() {
        return Err(Error::value_error(
            "index_take",
            format!("got {} arrays of positions for {} axes", idxs.len(), axes.len()),
        ));
    }
    let idxs = broadcast_all("index_take", idxs)?;
    let last = idxs.first().map_or(0, Array::rank);
    let columns =
        idxs.iter().map(|at| rules::expand_dims(at, &[last])).collect::<Result<Vec<_>>>()?;
    let at = rules::concatenate(&columns.iter().collect::<Vec<_>>(), last)?;
    let mut sizes = Shape::from_slice(src.shape());
    for &axis in &axes {
        sizes[axis] = 1;
    }
    let mut collapsed: Shape = axes.iter().copied().collect();
    collapsed.sort_unstable();
    let dims = GatherDims {
        offset_dims: (last..last + src.rank() - axes.len()).collect(),
        collapsed_slice_dims: collapsed,
        start_index_map: axes.into_iter().collect(),
        ..GatherDims::default()
    };
    rules::gather(src, &at, Gather::new(dims, sizes, IndexMode::PromiseInBounds))
}

fn scattered(
    function: &str,
    op: ScatterOp,
    [operand, indices, updates]: [&Array; 3],
    dims: ScatterDims,
    options: &Positions,
) -> Result<Array> {
    check_indices(function, indices)?;
    if operand.dtype() != updates.dtype() {
        return Err(Error::DTypeMismatch {
            function: function.into(),
            lhs: operand.dtype(),
            rhs: updates.dtype(),
        });
    }
    let scatter = Scatter {
        indices_are_sorted: options.indices_are_sorted,
        unique_indices: options.unique_indices,
        ..Scatter::new(op, dims, options.bounds(function, Bounds::Fill)?, operand.dtype())
    };
    rules::scatter(operand, indices, updates, scatter)
}

/// The operand with windows replaced by the updates.
///
/// Positions are vectors along the last axis of `scatter_indices`; `dimension_numbers` says which
/// axes of the updates run along windows, which axes of the operand windows lack, and which axis of
/// the operand each component of a position belongs to. Where several updates meet, one of them is
/// kept.
///
/// ```
/// # use pullback::{Array, lax};
/// use pullback_core::primitives::indexing::scatter::ScatterDims;
/// let elements = ScatterDims {
///     inserted_window_dims: [0][..].into(),
///     scatter_dims_to_operand_dims: [0][..].into(),
///     ..ScatterDims::default()
/// };
/// let (x, at, update) = (Array::from([1, 2, 3]), Array::from([[1]]), Array::from([7]));
/// let y = lax::scatter(&x, &at, &update, elements, lax::Positions::new())?;
/// assert_eq!(y, Array::from([1, 7, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn scatter(
    operand: &Array,
    scatter_indices: &Array,
    updates: &Array,
    dimension_numbers: ScatterDims,
    options: Positions,
) -> Result<Array> {
    let arrays = [operand, scatter_indices, updates];
    scattered("scatter", ScatterOp::Replace, arrays, dimension_numbers, &options)
}

/// The operand with the updates added to windows.
///
/// ```
/// # use pullback::{Array, lax};
/// use pullback_core::primitives::indexing::scatter::ScatterDims;
/// let elements = ScatterDims {
///     inserted_window_dims: [0][..].into(),
///     scatter_dims_to_operand_dims: [0][..].into(),
///     ..ScatterDims::default()
/// };
/// let (x, at, update) = (Array::from([1, 2, 3]), Array::from([[1]]), Array::from([7]));
/// let y = lax::scatter_add(&x, &at, &update, elements, lax::Positions::new())?;
/// assert_eq!(y, Array::from([1, 9, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn scatter_add(
    operand: &Array,
    scatter_indices: &Array,
    updates: &Array,
    dimension_numbers: ScatterDims,
    options: Positions,
) -> Result<Array> {
    let arrays = [operand, scatter_indices, updates];
    scattered("scatter_add", ScatterOp::Add, arrays, dimension_numbers, &options)
}

/// The operand with the updates subtracted from windows.
///
/// ```
/// # use pullback::{Array, lax};
/// use pullback_core::primitives::indexing::scatter::ScatterDims;
/// let elements = ScatterDims {
///     inserted_window_dims: [0][..].into(),
///     scatter_dims_to_operand_dims: [0][..].into(),
///     ..ScatterDims::default()
/// };
/// let (x, at, update) = (Array::from([1, 2, 3]), Array::from([[1]]), Array::from([7]));
/// let y = lax::scatter_sub(&x, &at, &update, elements, lax::Positions::new())?;
/// assert_eq!(y, Array::from([1, -5, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn scatter_sub(
    operand: &Array,
    scatter_indices: &Array,
    updates: &Array,
    dimension_numbers: ScatterDims,
    options: Positions,
) -> Result<Array> {
    let arrays = [operand, scatter_indices, updates];
    scattered("scatter_sub", ScatterOp::Sub, arrays, dimension_numbers, &options)
}

/// The operand with windows multiplied by the updates.
///
/// ```
/// # use pullback::{Array, lax};
/// use pullback_core::primitives::indexing::scatter::ScatterDims;
/// let elements = ScatterDims {
///     inserted_window_dims: [0][..].into(),
///     scatter_dims_to_operand_dims: [0][..].into(),
///     ..ScatterDims::default()
/// };
/// let (x, at, update) = (Array::from([1, 2, 3]), Array::from([[1]]), Array::from([7]));
/// let y = lax::scatter_mul(&x, &at, &update, elements, lax::Positions::new())?;
/// assert_eq!(y, Array::from([1, 14, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn scatter_mul(
    operand: &Array,
    scatter_indices: &Array,
    updates: &Array,
    dimension_numbers: ScatterDims,
    options: Positions,
) -> Result<Array> {
    let arrays = [operand, scatter_indices, updates];
    scattered("scatter_mul", ScatterOp::Mul, arrays, dimension_numbers, &options)
}

/// The operand with the smaller of windows and updates.
///
/// ```
/// # use pullback::{Array, lax};
/// use pullback_core::primitives::indexing::scatter::ScatterDims;
/// let elements = ScatterDims {
///     inserted_window_dims: [0][..].into(),
///     scatter_dims_to_operand_dims: [0][..].into(),
///     ..ScatterDims::default()
/// };
/// let (x, at, update) = (Array::from([1, 2, 3]), Array::from([[1]]), Array::from([7]));
/// let y = lax::scatter_min(&x, &at, &update, elements, lax::Positions::new())?;
/// assert_eq!(y, Array::from([1, 2, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn scatter_min(
    operand: &Array,
    scatter_indices: &Array,
    updates: &Array,
    dimension_numbers: ScatterDims,
    options: Positions,
) -> Result<Array> {
    let arrays = [operand, scatter_indices, updates];
    scattered("scatter_min", ScatterOp::Min, arrays, dimension_numbers, &options)
}

/// The operand with the larger of windows and updates.
///
/// ```
/// # use pullback::{Array, lax};
/// use pullback_core::primitives::indexing::scatter::ScatterDims;
/// let elements = ScatterDims {
///     inserted_window_dims: [0][..].into(),
///     scatter_dims_to_operand_dims: [0][..].into(),
///     ..ScatterDims::default()
/// };
/// let (x, at, update) = (Array::from([1, 2, 3]), Array::from([[1]]), Array::from([7]));
/// let y = lax::scatter_max(&x, &at, &update, elements, lax::Positions::new())?;
/// assert_eq!(y, Array::from([1, 7, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn scatter_max(
    operand: &Array,
    scatter_indices: &Array,
    updates: &Array,
    dimension_numbers: ScatterDims,
    options: Positions,
) -> Result<Array> {
    let arrays = [operand, scatter_indices, updates];
    scattered("scatter_max", ScatterOp::Max, arrays, dimension_numbers, &options)
}
