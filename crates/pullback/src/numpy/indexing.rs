//! Indexing with integers, slices, arrays and masks, by NumPy's rules; reading and updating.
//!
//! An index is read from left to right into a plan: which axes of the array a window covers, and
//! which are looked up at positions. What is known beforehand becomes slices; one position that is
//! not, a dynamic slice; arrays of positions, a gather or a scatter.

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo};

use pullback_core::aval::ShapeText;
use pullback_core::engine::kernels::gather::IndexMode;
use pullback_core::engine::kernels::scatter::ScatterOp;
use pullback_core::primitives::indexing::gather::{FillValue, Gather, GatherDims};
use pullback_core::primitives::indexing::scatter::{Scatter, ScatterDims};
use pullback_core::primitives::nary::convert_element_type::convert;
use pullback_core::primitives::rules as lax;
use pullback_core::{Array, Bool, DType, Error, Need, Result, Shape, promote};

use super::common::{broadcast, broadcast_all, number, select};

/// One part of an index.
#[derive(Clone, Debug)]
pub enum Index {
    /// A position; negative ones count from the end.
    Int(i64),
    /// Every `step`th position from `start` up to and without `stop`.
    Slice {
        /// The first position; by default the first there is in the direction of the step.
        start: Option<i64>,
        /// Where to end; by default after the last there is.
        stop: Option<i64>,
        /// The distance of positions, 1 by default; it can be negative.
        step: Option<i64>,
    },
    /// A new axis of size 1.
    NewAxis,
    /// As many whole axes as are left.
    Ellipsis,
    /// Positions; several such arrays broadcast together.
    Array(Array),
    /// Which positions to take, along as many axes as the mask has.
    Mask(Array),
}

impl Index {
    /// A whole axis.
    pub const ALL: Index = Index::Slice { start: None, stop: None, step: None };

    /// An array as an index: a mask if its elements are truth values, else positions.
    ///
    /// ```
    /// # use pullback::{Array, numpy as jnp};
    /// use pullback::numpy::indexing::Index;
    /// let odd = Index::from_array(&Array::from([true, false, true]))?;
    /// assert_eq!(jnp::get(&Array::from([1, 2, 3]), &[odd])?, Array::from([1, 3]));
    /// assert!(Index::from_array(&Array::from([0.5])).is_err());
    /// # Ok::<(), pullback::Error>(())
    /// ```
    ///
    /// # Errors
    /// If its elements are neither integers nor truth values.
    pub fn from_array(x: &Array) -> Result<Index> {
        match x.dtype() {
            DType::Bool => Ok(Index::Mask(x.clone())),
            dtype if dtype.is_integer() => Ok(Index::Array(x.clone())),
            dtype => Err(Error::type_error(
                "indexing",
                format!("Indexer must have integer or boolean type, got indexer with type {dtype}"),
            )),
        }
    }
}

macro_rules! from_ranges {
    ($($type:ty, $range:ident => $start:expr, $stop:expr;)*) => {
        $(impl From<$type> for Index {
            fn from($range: $type) -> Index {
                Index::Slice { start: $start, stop: $stop, step: None }
            }
        })*
    };
}

from_ranges! {
    Range<i64>, range => Some(range.start), Some(range.end);
    RangeFrom<i64>, range => Some(range.start), None;
    RangeTo<i64>, range => None, Some(range.end);
    RangeFull, _range => None, None;
}

impl From<RangeInclusive<i64>> for Index {
    fn from(range: RangeInclusive<i64>) -> Index {
        // Up to and with -1 is up to the end.
        let stop = Some(range.end() + 1).filter(|&stop| stop != 0);
        Index::Slice { start: Some(*range.start()), stop, step: None }
    }
}

impl From<i64> for Index {
    fn from(at: i64) -> Index {
        Index::Int(at)
    }
}

impl From<&Array> for Index {
    /// A mask if the elements are truth values, else positions.
    fn from(x: &Array) -> Index {
        match x.dtype() {
            DType::Bool => Index::Mask(x.clone()),
            _ => Index::Array(x.clone()),
        }
    }
}

impl From<Array> for Index {
    /// A mask if the elements are truth values, else positions.
    fn from(x: Array) -> Index {
        Index::from(&x)
    }
}

/// What happens to positions out of bounds, and what is known of the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Access {
    /// What happens out of bounds; by default reads are clipped and writes dropped.
    pub mode: Option<Bounds>,
    /// What reads out of bounds give with [`Bounds::Fill`]; NaN or an extreme integer by default.
    pub fill_value: Option<f64>,
    /// Whether positions are known to be sorted.
    pub indices_are_sorted: bool,
    /// Whether positions are known to be distinct.
    pub unique_indices: bool,
}

/// What happens out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// Reads give a fill value, writes are dropped.
    Fill,
    /// The position is moved to the nearest that exists.
    Clip,
    /// It does not occur.
    PromiseInBounds,
}

impl Bounds {
    /// The mode of the given name.
    ///
    /// The names are "fill" and "drop", "clip", and "promise_in_bounds".
    ///
    /// ```
    /// use pullback::numpy::indexing::Bounds;
    /// assert_eq!(Bounds::from_name("gather", "clip")?, Bounds::Clip);
    /// assert!(Bounds::from_name("gather", "bounce").is_err());
    /// # Ok::<(), pullback::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is none.
    pub fn from_name(function: &str, name: &str) -> Result<Bounds> {
        match name {
            "fill" | "drop" => Ok(Bounds::Fill),
            "clip" => Ok(Bounds::Clip),
            "promise_in_bounds" => Ok(Bounds::PromiseInBounds),
            _ => Err(Error::value_error(function, format!("Unknown gather mode \"{name}\""))),
        }
    }

    pub(crate) fn mode(self) -> IndexMode {
        match self {
            Bounds::Fill => IndexMode::Fill,
            Bounds::Clip => IndexMode::Clip,
            Bounds::PromiseInBounds => IndexMode::PromiseInBounds,
        }
    }
}

/// What an update does to the elements it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// The new value takes the place of the old.
    Set,
    /// The new value is added.
    Add,
    /// The new value is subtracted.
    Subtract,
    /// The old value is multiplied by the new.
    Multiply,
    /// The old value is divided by the new.
    Divide,
    /// The old value is raised to the power of the new.
    Power,
    /// The smaller of both.
    Min,
    /// The larger of both.
    Max,
}

fn index_error(message: impl Into<String>) -> Error {
    Error::Index { function: "indexing".into(), message: message.into() }
}

/// One axis of the array, or a new one, and what the index says of it.
#[derive(Clone, Debug)]
enum Item {
    /// Positions `start`, `start + step`, ... of them `count`.
    Range {
        axis: usize,
        start: usize,
        step: i64,
        count: usize,
        /// Where the slice ends, which may be beyond the last position.
        end: usize,
    },
    Int {
        axis: usize,
        at: i64,
    },
    Array {
        axis: usize,
        at: Array,
    },
    NewAxis,
}

/// The parts of an index, each with its axis.
struct Resolved {
    items: Vec<Item>,
}

/// The array, which gets further axes where scalar masks stand, and its index.
fn resolve(x: &Array, index: &[Index]) -> Result<(Array, Resolved)> {
    let mut x = x.clone();
    // Masks become positions; a scalar one chooses all or nothing of a new axis.
    let mut parts: Vec<Index> = vec![];
    let mut new_axes = vec![];
    let consumed = |part: &Index| match part {
        Index::Int(_) | Index::Slice { .. } | Index::Array(_) => 1,
        Index::Mask(mask) => mask.rank(),
        Index::NewAxis | Index::Ellipsis => 0,
    };
    let total: usize = index.iter().map(consumed).sum();
    if total > x.rank() {
        return Err(index_error(format!(
            "Too many indices: array is {}-dimensional, but {total} were indexed",
            x.rank()
        )));
    }
    if index.iter().filter(|part| matches!(part, Index::Ellipsis)).count() > 1 {
        return Err(index_error("an index can only have a single ellipsis ('...')"));
    }
    let mut axis = 0;
    for (place, part) in index.iter().enumerate() {
        match part {
            Index::Ellipsis => {
                let rest = x.rank() - total;
                parts.extend(std::iter::repeat_n(Index::ALL, rest));
                axis += rest;
            }
            Index::Mask(mask) if mask.rank() == 0 => {
                let on = mask.concrete(Need::Array, "a boolean index")?;
                let all = Array::new(on).to_bool()?;
                let at: &[i32] = if all { &[0] } else { &[] };
                parts.push(Index::Array(Array::from_slice(at, &[at.len()])?));
                new_axes.push(axis + new_axes.len());
            }
            Index::Mask(mask) => {
                let expected = &x.shape()[axis..axis + mask.rank()];
                if mask.shape() != expected {
                    return Err(index_error(format!(
                        "boolean index did not match shape of indexed array in index {place}: \
                         got {}, expected {}",
                        ShapeText(mask.shape()),
                        ShapeText(expected)
                    )));
                }
                parts.extend(positions(mask)?.into_iter().map(Index::Array));
                axis += mask.rank();
            }
            Index::Array(at) if !at.dtype().is_integer() => {
                return Err(Error::type_error(
                    "indexing",
                    format!(
                        "Indexer must have integer or boolean type, got indexer with type {}",
                        at.dtype()
                    ),
                ));
            }
            part => {
                axis += consumed(part);
                parts.push(part.clone());
            }
        }
    }
    if !new_axes.is_empty() {
        x = lax::expand_dims(&x, &new_axes)?;
    }
    let mut items = vec![];
    let mut axis = 0;
    for part in parts {
        let item = match part {
            Index::NewAxis => Item::NewAxis,
            Index::Int(at) => Item::Int { axis, at },
            Index::Array(at) => Item::Array { axis, at },
            Index::Slice { start, stop, step } => range(axis, x.shape()[axis], start, stop, step)?,
            Index::Ellipsis | Index::Mask(_) => continue,
        };
        axis += !matches!(item, Item::NewAxis) as usize;
        items.push(item);
    }
    for axis in axis..x.rank() {
        let count = x.shape()[axis];
        items.push(Item::Range { axis, start: 0, step: 1, count, end: count });
    }
    Ok((x, Resolved { items }))
}

/// The positions where a mask holds, one array an axis.
pub(crate) fn positions(mask: &Array) -> Result<Vec<Array>> {
    let values = mask.concrete(Need::Array, "a boolean index")?.to_vec::<Bool>();
    let flat: Vec<usize> =
        values.iter().enumerate().filter(|(_, on)| on.0 != 0).map(|(at, _)| at).collect();
    let mut stride = values.len();
    mask.shape()
        .iter()
        .map(|&size| {
            stride = stride.checked_div(size).unwrap_or(0);
            let along: Vec<i32> =
                flat.iter().map(|at| (at / stride.max(1) % size.max(1)) as i32).collect();
            Array::from_slice(&along, &[along.len()])
        })
        .collect()
}

/// A slice by Python's rules.
fn range(
    axis: usize,
    size: usize,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> Result<Item> {
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Error::value_error("indexing", "slice step cannot be zero"));
    }
    let size = size as i64;
    let (low, high) = if step > 0 { (0, size) } else { (-1, size - 1) };
    let bound = |at: i64| (if at < 0 { at.saturating_add(size) } else { at }).clamp(low, high);
    let (first, last) = if step > 0 { (low, high) } else { (high, low) };
    let (start, stop) = (start.map_or(first, bound), stop.map_or(last, bound));
    let distance = if step > 0 { stop - start } else { start - stop };
    let count = match distance {
        distance if distance <= 0 => 0,
        distance => ((distance - 1) / step.abs() + 1) as usize,
    };
    let start = if count == 0 { 0 } else { start as usize };
    // A step between fewer than two positions makes no difference.
    let step = if count < 2 { 1 } else { step };
    let end = if step > 0 { (stop as usize).max(start) } else { 0 };
    Ok(Item::Range { axis, start, step, count, end })
}

impl Resolved {
    fn has_arrays(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::Array { .. }))
    }

    /// Whether all positions are single ones, and some are not known beforehand.
    fn is_dynamic(&self) -> bool {
        self.has_arrays()
            && self.items.iter().all(|item| match item {
                Item::Array { at, .. } => at.rank() == 0,
                _ => true,
            })
    }

    /// The places of the parts that are looked up together, if anything is.
    fn looked_up(&self) -> Vec<usize> {
        if !self.has_arrays() {
            return vec![];
        }
        let looked_up = |item: &Item| matches!(item, Item::Array { .. } | Item::Int { .. });
        (0..self.items.len()).filter(|&at| looked_up(&self.items[at])).collect()
    }

    /// The axes of the result, in order.
    fn layout(&self) -> Vec<Dim> {
        let looked_up = self.looked_up();
        let together = looked_up.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        let mut dims = vec![];
        if !together {
            dims.push(Dim::Batch);
        }
        for (place, item) in self.items.iter().enumerate() {
            match item {
                Item::Range { axis, .. } => dims.push(Dim::Range(*axis)),
                Item::NewAxis => dims.push(Dim::New),
                Item::Int { .. } | Item::Array { .. } => {
                    if together && looked_up.first() == Some(&place) {
                        dims.push(Dim::Batch);
                    }
                }
            }
        }
        dims
    }
}

/// An axis of the result; `Batch` stands for all axes of the arrays of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dim {
    Range(usize),
    New,
    Batch,
}

/// A position counted from the front, which may be out of bounds.
fn from_front(at: i64, size: usize) -> i64 {
    if at < 0 { at + size as i64 } else { at }
}

/// Positions counted from the front, as whole numbers of a width for the axis.
pub(crate) fn normalized(at: &Array, size: usize) -> Result<Array> {
    let at = match at.dtype() {
        DType::I32 | DType::I64 | DType::U32 | DType::U64 => convert(at, at.dtype(), false)?,
        _ => lax::convert_element_type(at, DType::I32)?,
    };
    if matches!(at.dtype(), DType::U32 | DType::U64) {
        return Ok(at);
    }
    let negative = lax::lt(&at, &number(0.0, &at))?;
    let moved = lax::add(&at, &super::dtypes::integer(size as i128, at.dtype()))?;
    select(&negative, &moved, &at)
}

/// The elements at an index.
///
/// ```
/// use pullback::numpy::indexing::{Index, get};
/// use pullback::Array;
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
/// let column = get(&x, &[Index::ALL, Index::Int(-1)])?;
/// assert_eq!(column.to_vec::<f32>()?, [3.0, 6.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If the index does not fit the array, or a mask is only being traced.
pub fn get(x: &Array, index: &[Index]) -> Result<Array> {
    get_with(x, index, &Access::default())
}

/// The elements at an index, where out of bounds is as `access` says.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// use pullback::numpy::indexing::{Access, Bounds};
/// let x = Array::from([1.0, 2.0]);
/// let access = Access { mode: Some(Bounds::Fill), fill_value: Some(0.0), ..Access::default() };
/// let y = jnp::get_with(&x, &[(&Array::from([1, 5])).into()], &access)?;
/// assert_eq!(y, Array::from([2.0, 0.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the index does not fit the array, or a mask is only being traced.
pub fn get_with(x: &Array, index: &[Index], access: &Access) -> Result<Array> {
    let (x, index) = resolve(x, index)?;
    let fills = access.mode == Some(Bounds::Fill);
    if !index.has_arrays() && !fills {
        return basic(&x, &index);
    }
    if index.is_dynamic() && !fills {
        return dynamic(&x, &index);
    }
    gathered(&x, &index, access)
}

/// Slices and single positions that are known beforehand.
fn basic(x: &Array, index: &Resolved) -> Result<Array> {
    let mut dropped = vec![];
    let y = windows(x, index, |axis, at| {
        dropped.push(axis);
        let size = x.shape()[axis];
        if size == 0 {
            return Err(index_error(format!("index {at} is out of bounds for an axis of size 0")));
        }
        let at = from_front(at, size).clamp(0, size as i64 - 1) as usize;
        Ok((at, 1))
    })?;
    with_new_axes(&lax::squeeze(&y, &dropped)?, index)
}

/// The slices of an index applied, and to axes with a single position what `single` says.
fn windows(
    x: &Array,
    index: &Resolved,
    mut single: impl FnMut(usize, i64) -> Result<(usize, usize)>,
) -> Result<Array> {
    let mut low = Shape::from_elem(0, x.rank());
    let mut high = Shape::from_slice(x.shape());
    let mut steps = Shape::from_elem(1, x.rank());
    let mut backwards = vec![];
    for item in &index.items {
        match *item {
            Item::Range { axis, start, step, count, end } => {
                let stride = step.unsigned_abs() as usize;
                let span = count.saturating_sub(1) * stride;
                let first = if step > 0 { start } else { start - span };
                low[axis] = first;
                high[axis] = match step > 1 && count > 0 {
                    true => end,
                    false => first + if count == 0 { 0 } else { span + 1 },
                };
                steps[axis] = stride;
                if step < 0 {
                    backwards.push(axis);
                }
            }
            Item::Int { axis, at } => {
                let (start, count) = single(axis, at)?;
                low[axis] = start;
                high[axis] = start + count;
            }
            Item::Array { .. } | Item::NewAxis => {}
        }
    }
    // A step beyond the end is the same as one to the end.
    for axis in 0..x.rank() {
        high[axis] = high[axis].min(x.shape()[axis]);
    }
    let y = lax::slice(x, &low, &high, Some(&steps))?;
    match backwards.is_empty() {
        true => Ok(y),
        false => lax::rev(&y, &backwards),
    }
}

fn with_new_axes(y: &Array, index: &Resolved) -> Result<Array> {
    let kept = index.items.iter().filter(|item| matches!(item, Item::Range { .. } | Item::NewAxis));
    let new: Vec<usize> = kept
        .enumerate()
        .filter(|(_, item)| matches!(item, Item::NewAxis))
        .map(|(place, _)| place)
        .collect();
    if new.is_empty() { Ok(y.clone()) } else { lax::expand_dims(y, &new) }
}

/// Slices, and single positions of which some are not known beforehand.
fn dynamic(x: &Array, index: &Resolved) -> Result<Array> {
    let mut dropped = vec![];
    let x = windows(x, index, |axis, _| Ok((0, x.shape()[axis])))?;
    let mut sizes = Shape::from_slice(x.shape());
    let zero = Array::scalar(0i32);
    let mut starts: Vec<Array> = vec![zero; x.rank()];
    for item in &index.items {
        let (axis, at) = match item {
            Item::Int { axis, at } => {
                (*axis, Array::scalar(from_front(*at, x.shape()[*axis]) as i32))
            }
            Item::Array { axis, at } => (*axis, normalized(at, x.shape()[*axis])?),
            _ => continue,
        };
        if x.shape()[axis] == 0 {
            return Err(index_error("a position is out of bounds for an axis of size 0"));
        }
        starts[axis] = at;
        sizes[axis] = 1;
        dropped.push(axis);
    }
    let wide = starts.iter().map(Array::dtype).find(|dtype| *dtype != DType::I32);
    if let Some(wide) = wide {
        for start in &mut starts {
            *start = lax::convert_element_type(start, wide)?;
        }
    }
    let y = lax::dynamic_slice(&x, &starts.iter().collect::<Vec<_>>(), &sizes)?;
    with_new_axes(&lax::squeeze(&y, &dropped)?, index)
}

/// One component of the index vectors for each axis that is looked up: the axis, and the
/// positions.
fn components(x: &Array, index: &Resolved) -> Result<(Vec<usize>, Vec<Array>)> {
    let mut axes = vec![];
    let mut at = vec![];
    for item in &index.items {
        match item {
            Item::Int { axis, at: place } => {
                axes.push(*axis);
                let place = from_front(*place, x.shape()[*axis]);
                at.push(Array::scalar(i32::try_from(place).unwrap_or(i32::MAX)));
            }
            Item::Array { axis, at: places } => {
                axes.push(*axis);
                at.push(normalized(places, x.shape()[*axis])?);
            }
            _ => {}
        }
    }
    let types: Vec<DType> = at.iter().map(Array::dtype).collect();
    if types.iter().any(|dtype| *dtype != types[0]) {
        for at in &mut at {
            *at = lax::convert_element_type(at, DType::I64)?;
        }
    }
    Ok((axes, broadcast_all("indexing", &at)?))
}

/// Arrays of positions side by side, as index vectors along a new last axis.
fn vectors(components: &[Array], batch: &[usize]) -> Result<Array> {
    if components.is_empty() {
        let shape: Shape = batch.iter().copied().chain([0]).collect();
        return lax::zeros(&pullback_core::Aval::new(&shape, DType::I32));
    }
    let columns =
        components.iter().map(|x| lax::expand_dims(x, &[x.rank()])).collect::<Result<Vec<_>>>()?;
    lax::concatenate(&columns.iter().collect::<Vec<_>>(), batch.len())
}

fn gathered(x: &Array, index: &Resolved, access: &Access) -> Result<Array> {
    let x = windows(x, index, |axis, _| Ok((0, x.shape()[axis])))?;
    let (axes, at) = components(&x, index)?;
    let batch = at.first().map_or_else(Shape::new, |at| Shape::from_slice(at.shape()));
    let mut sizes = Shape::from_slice(x.shape());
    for &axis in &axes {
        sizes[axis] = 1;
    }
    // The result of the gather has all axes but the new ones.
    let mut offset_dims = Shape::new();
    let mut new = vec![];
    let (mut place, mut rank) = (0, 0);
    for dim in index.layout() {
        let width = if dim == Dim::Batch { batch.len() } else { 1 };
        match dim {
            Dim::Range(_) => offset_dims.push(rank),
            Dim::New => new.push(place),
            Dim::Batch => {}
        }
        place += width;
        rank += if dim == Dim::New { 0 } else { width };
    }
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    let dims = GatherDims {
        offset_dims,
        collapsed_slice_dims: sorted.into_iter().collect(),
        start_index_map: axes.iter().copied().collect(),
        ..GatherDims::default()
    };
    let mode = access.mode.unwrap_or(Bounds::PromiseInBounds).mode();
    let single = batch.is_empty();
    let gather = Gather {
        fill: access.fill_value.map(FillValue::from),
        indices_are_sorted: access.indices_are_sorted || single,
        unique_indices: access.unique_indices || single,
        ..Gather::new(dims, sizes, mode)
    };
    let y = lax::gather(&x, &vectors(&at, &batch)?, gather)?;
    if new.is_empty() { Ok(y) } else { lax::expand_dims(&y, &new) }
}

/// The array with the elements at an index updated by `y`, which is repeated to their shape.
///
/// ```
/// use pullback::numpy::indexing::{Access, Index, Update, update};
/// use pullback::Array;
///
/// # fn main() -> pullback::Result<()> {
/// let x = Array::from_slice(&[1.0f32, 2.0, 3.0], &[3])?;
/// let twice = Array::from_slice(&[0, 0], &[2])?;
/// let y = update(&x, &[twice.into()], Update::Add, &Array::from(10.0), &Access::default())?;
/// assert_eq!(y.to_vec::<f32>()?, [21.0, 2.0, 3.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// If the index does not fit the array, `y` cannot be repeated to the shape of the elements, or
/// a mask is only being traced.
pub fn update(
    x: &Array,
    index: &[Index],
    update: Update,
    y: &Array,
    access: &Access,
) -> Result<Array> {
    if let [Index::Mask(mask)] = index
        && mask.tensor().is_none()
        && y.rank() == 0
        && mask.rank() <= x.rank()
        && mask.shape() == &x.shape()[..mask.rank()]
    {
        return where_masked(x, mask, update, y);
    }
    let neutral = |op: Update| -> Result<Array> {
        // Repeated positions multiply up first, so that they count as often as they occur.
        let ones = broadcast(&number(1.0, y), x.shape())?;
        scattered(&ones, index, op, y, access)
    };
    match update {
        Update::Divide => super::arithmetic::true_divide(x, &neutral(Update::Multiply)?)
            .and_then(|z| convert(&z, x.dtype(), x.is_weak())),
        Update::Power => super::arithmetic::power(x, &neutral(Update::Multiply)?)
            .and_then(|z| convert(&z, x.dtype(), x.is_weak())),
        update => scattered(x, index, update, y, access),
    }
}

/// An update by one value where a mask holds that is only being traced.
fn where_masked(x: &Array, mask: &Array, update: Update, y: &Array) -> Result<Array> {
    use super::arithmetic::{add, maximum, minimum, multiply, power, subtract, true_divide};
    let mask = lax::broadcast_in_dim(mask, x.shape(), &(0..mask.rank()).collect::<Vec<_>>())?;
    let z = match update {
        Update::Set => broadcast(y, x.shape())?,
        Update::Add => add(x, y)?,
        Update::Subtract => subtract(x, y)?,
        Update::Multiply => multiply(x, y)?,
        Update::Divide => true_divide(x, y)?,
        Update::Power => power(x, y)?,
        Update::Min => minimum(x, y)?,
        Update::Max => maximum(x, y)?,
    };
    select(&mask, &convert(&z, x.dtype(), x.is_weak())?, x)
}

fn scattered(
    x: &Array,
    index: &[Index],
    update: Update,
    y: &Array,
    access: &Access,
) -> Result<Array> {
    let op = match update {
        Update::Set => ScatterOp::Replace,
        Update::Add => ScatterOp::Add,
        Update::Subtract => ScatterOp::Sub,
        Update::Multiply => ScatterOp::Mul,
        Update::Min => ScatterOp::Min,
        Update::Max => ScatterOp::Max,
        Update::Divide | Update::Power => unreachable!("these are made of products"),
    };
    let shape = Shape::from_slice(x.shape());
    let (own_type, own_weak) = (x.dtype(), x.is_weak());
    let (x, index) = resolve(x, index)?;
    let both = promote::promote_types("scatter", &[&x, y])?;
    let (operand, y) = (&both[0], &both[1]);

    // Slices in steps are looked up like arrays, along an axis of their own.
    let arrays: Vec<Array> = index
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Array { at, .. } => Some(at.clone()),
            _ => None,
        })
        .collect();
    let common = super::common::common_shape("indexing", &arrays)?;
    let stepped = |axis: usize| {
        let stepped = |item: &Item| matches!(item, Item::Range { axis: a, step, .. } if *a == axis && *step != 1);
        index.items.iter().any(stepped)
    };
    let mut batch = Shape::new();
    let mut target = Shape::new();
    let mut window = Shape::new();
    let mut squeezed = vec![];
    let mut place_of_batch = 0;
    let mut places_of_steps = vec![];
    let mut rank = 0;
    for dim in index.layout() {
        match dim {
            Dim::New => {
                squeezed.push(target.len());
                target.push(1);
            }
            Dim::Range(axis) => {
                let count = index.count(axis);
                target.push(count);
                if stepped(axis) {
                    places_of_steps.push((axis, batch.len()));
                    batch.push(count);
                } else {
                    window.push(rank);
                }
                rank += 1;
            }
            Dim::Batch => {
                place_of_batch = batch.len();
                batch.extend_from_slice(&common);
                target.extend_from_slice(&common);
                rank += common.len();
            }
        }
    }

    let in_batch = |at: &Array, first: usize| -> Result<Array> {
        lax::broadcast_in_dim(at, &batch, &(first..first + at.rank()).collect::<Vec<_>>())
    };
    let mut axes = vec![];
    let mut components = vec![];
    let mut inserted = Shape::new();
    for item in &index.items {
        match item {
            Item::NewAxis => {}
            Item::Int { axis, at } => {
                let at = from_front(*at, x.shape()[*axis]);
                inserted.push(*axis);
                axes.push(*axis);
                let at = Array::scalar(i32::try_from(at).unwrap_or(i32::MAX));
                components.push(broadcast(&at, &batch)?);
            }
            Item::Array { axis, at } => {
                inserted.push(*axis);
                axes.push(*axis);
                let at = broadcast(&normalized(at, x.shape()[*axis])?, &common)?;
                components.push(in_batch(&at, place_of_batch)?);
            }
            Item::Range { axis, start, step, count, .. } => {
                if let Some(&(_, place)) = places_of_steps.iter().find(|(a, _)| a == axis) {
                    let at: Vec<i32> =
                        (0..*count as i64).map(|i| (*start as i64 + i * step) as i32).collect();
                    inserted.push(*axis);
                    axes.push(*axis);
                    components.push(in_batch(&Array::from_slice(&at, &[*count])?, place)?);
                } else if *count != x.shape()[*axis] {
                    axes.push(*axis);
                    components.push(broadcast(&Array::scalar(*start as i32), &batch)?);
                }
            }
        }
    }
    let types: Vec<DType> = components.iter().map(Array::dtype).collect();
    if types.iter().any(|dtype| *dtype != types[0]) {
        for at in &mut components {
            *at = lax::convert_element_type(at, DType::I64)?;
        }
    }
    let vectors = vectors(&components, &batch)?;
    let updates = repeated(y, &target)?;
    let updates = lax::squeeze(&updates, &squeezed)?;
    let dims = ScatterDims {
        update_window_dims: window,
        inserted_window_dims: inserted,
        scatter_dims_to_operand_dims: axes.into_iter().collect(),
        ..ScatterDims::default()
    };
    let known = arrays.iter().all(|at| at.rank() == 0);
    let scatter = Scatter {
        indices_are_sorted: access.indices_are_sorted || known,
        unique_indices: access.unique_indices || known,
        ..Scatter::new(op, dims, access.mode.unwrap_or(Bounds::Fill).mode(), operand.dtype())
    };
    let z = lax::scatter(operand, &vectors, &updates, scatter)?;
    convert(&lax::reshape(&z, &shape)?, own_type, own_weak)
}

impl Resolved {
    /// The number of positions of the slice of an axis.
    fn count(&self, axis: usize) -> usize {
        let count = self.items.iter().find_map(|item| match item {
            Item::Range { axis: a, count, .. } if *a == axis => Some(*count),
            _ => None,
        });
        count.unwrap_or(1)
    }
}

/// `y` repeated to the shape of the elements that it updates.
fn repeated(y: &Array, target: &[usize]) -> Result<Array> {
    let fits = y.rank() <= target.len()
        && y.shape().iter().rev().zip(target.iter().rev()).all(|(&a, &b)| a == 1 || a == b);
    if !fits {
        return Err(Error::Broadcast {
            function: "scatter".into(),
            lhs: y.shape().into(),
            rhs: target.into(),
        });
    }
    broadcast(y, target)
}
