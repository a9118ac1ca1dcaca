//! Putting arrays together, and taking them apart.

use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::api;

use super::common::{as_type, axis_of};
use super::manipulation::{part, ravel};
use crate::api::{ApiFn, Blocks, Sections, Sizes};

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &CONCATENATE_API,
    &CONCAT_API,
    &STACK_API,
    &BLOCK_API,
    &VSTACK_API,
    &HSTACK_API,
    &DSTACK_API,
    &COLUMN_STACK_API,
    &APPEND_API,
    &UNSTACK_API,
    &SPLIT_API,
    &ARRAY_SPLIT_API,
    &HSPLIT_API,
    &VSPLIT_API,
    &DSPLIT_API,
    &TILE_API,
];

/// The arrays one after another along an axis; along one row, if there is none.
///
/// The other axes must have the same sizes.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([[1, 2]]), Array::from([[3, 4]]));
/// let both = [x, y];
/// assert_eq!(jnp::concatenate(&both, Some(0), None)?, Array::from([[1, 2], [3, 4]]));
/// assert_eq!(jnp::concatenate(&both, Some(1), None)?, Array::from([[1, 2, 3, 4]]));
/// assert_eq!(jnp::concatenate(&both, None, None)?, Array::from([1, 2, 3, 4]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0))]
pub fn concatenate(arrays: &[Array], axis: Option<i64>, dtype: Option<DType>) -> Result<Array> {
    let Some(first) = arrays.first() else {
        return Err(Error::value_error("concatenate", "need at least one array to concatenate"));
    };
    let Some(axis) = axis else {
        let rows = arrays.iter().map(|x| ravel(x, "C")).collect::<Result<Vec<_>>>()?;
        return concatenate(&rows, Some(0), dtype);
    };
    if first.rank() == 0 {
        return Err(Error::value_error(
            "concatenate",
            "zero-dimensional arrays cannot be concatenated",
        ));
    }
    let axis = axis_of("concatenate", axis, first.rank())?;
    let arrays = of_one_type("concatenate", arrays, dtype)?;
    lax::concatenate(&arrays.iter().collect::<Vec<_>>(), axis)
}

fn of_one_type(function: &str, arrays: &[Array], dtype: Option<DType>) -> Result<Vec<Array>> {
    match dtype {
        Some(_) => arrays.iter().map(|x| as_type(x, dtype)).collect(),
        None => {
            let arrays: Vec<&Array> = arrays.iter().collect();
            Ok(promote::promote_types(function, &arrays)?.into_vec())
        }
    }
}

/// The arrays one after another along an axis; along one row, if there is none.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::concat(&[Array::from([1, 2]), Array::from([3])], Some(0))?;
/// assert_eq!(y, Array::from([1, 2, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0), keyword_only(axis))]
pub fn concat(arrays: &[Array], axis: Option<i64>) -> Result<Array> {
    concatenate(arrays, axis, None)
}

/// The arrays side by side along a new axis.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let both = [Array::from([1, 2]), Array::from([3, 4])];
/// assert_eq!(jnp::stack(&both, 0, (), None)?, Array::from([[1, 2], [3, 4]]));
/// assert_eq!(jnp::stack(&both, -1, (), None)?, Array::from([[1, 3], [2, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0))]
pub fn stack(arrays: &[Array], axis: i64, out: (), dtype: Option<DType>) -> Result<Array> {
    let () = out;
    let Some(first) = arrays.first() else {
        return Err(Error::value_error("stack", "need at least one array to stack"));
    };
    if arrays.iter().any(|x| x.shape() != first.shape()) {
        let types: Vec<_> = arrays.iter().map(|x| x.aval().to_string()).collect();
        return Err(Error::value_error(
            "stack",
            format!("all input arrays must have the same shape, got {}", types.join(", ")),
        ));
    }
    let axis = axis_of("stack", axis, first.rank() + 1)?;
    let arrays = of_one_type("stack", arrays, dtype)?;
    let arrays = arrays.iter().map(|x| lax::expand_dims(x, &[axis])).collect::<Result<Vec<_>>>()?;
    lax::concatenate(&arrays.iter().collect::<Vec<_>>(), axis)
}

/// The arrays one below the other; vectors are rows.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::vstack(&[Array::from([1, 2]), Array::from([[3, 4]])], None)?;
/// assert_eq!(y, Array::from([[1, 2], [3, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn vstack(tup: &[Array], dtype: Option<DType>) -> Result<Array> {
    let rows = tup.iter().map(|x| promote::to_rank(x, 2)).collect::<Result<Vec<_>>>()?;
    concatenate(&rows, Some(0), dtype)
}

/// The arrays side by side; vectors one after another.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::hstack(&[Array::from([[1], [2]]), Array::from([[3], [4]])], None)?;
/// assert_eq!(y, Array::from([[1, 3], [2, 4]]));
/// assert_eq!(jnp::hstack(&[1.into(), Array::from([2, 3])], None)?, Array::from([1, 2, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn hstack(tup: &[Array], dtype: Option<DType>) -> Result<Array> {
    let arrays = tup.iter().map(|x| promote::to_rank(x, 1)).collect::<Result<Vec<_>>>()?;
    let axis = if arrays.first().is_some_and(|x| x.rank() == 1) { 0 } else { 1 };
    concatenate(&arrays, Some(axis), dtype)
}

/// The arrays one behind the other, along the third axis.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::dstack(&[Array::from([[1, 2]]), Array::from([[3, 4]])], None)?;
/// assert_eq!(y.shape(), [1, 2, 2]);
/// assert_eq!(y.to_vec::<i32>()?, [1, 3, 2, 4]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn dstack(tup: &[Array], dtype: Option<DType>) -> Result<Array> {
    let deep = |x: &Array| match x.rank() {
        0 => lax::expand_dims(x, &[0, 1, 2]),
        1 => lax::expand_dims(x, &[0, 2]),
        2 => lax::expand_dims(x, &[2]),
        _ => Ok(x.clone()),
    };
    let arrays = tup.iter().map(deep).collect::<Result<Vec<_>>>()?;
    concatenate(&arrays, Some(2), dtype)
}

/// The arrays side by side; vectors are columns.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::column_stack(&[Array::from([1, 2]), Array::from([3, 4])])?;
/// assert_eq!(y, Array::from([[1, 3], [2, 4]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn column_stack(tup: &[Array]) -> Result<Array> {
    let column = |x: &Array| match x.rank() {
        0 => lax::expand_dims(x, &[0, 1]),
        1 => lax::expand_dims(x, &[1]),
        _ => Ok(x.clone()),
    };
    let arrays = tup.iter().map(column).collect::<Result<Vec<_>>>()?;
    concatenate(&arrays, Some(1), None)
}

/// `values` after `arr` along an axis; along one row, if there is none.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1, 2]]);
/// assert_eq!(jnp::append(&x, &Array::from([[3, 4]]), Some(0))?, Array::from([[1, 2], [3, 4]]));
/// assert_eq!(jnp::append(&x, &3.into(), None)?, Array::from([1, 2, 3]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn append(arr: &Array, values: &Array, axis: Option<i64>) -> Result<Array> {
    concatenate(&[arr.clone(), values.clone()], axis, None)
}

/// The entries along an axis.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let rows = jnp::unstack(&Array::from([[1, 2], [3, 4]]), 0)?;
/// assert_eq!(rows, [Array::from([1, 2]), Array::from([3, 4])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0), keyword_only(axis))]
pub fn unstack(x: &Array, axis: i64) -> Result<Vec<Array>> {
    if x.rank() == 0 {
        return Err(Error::value_error(
            "unstack",
            "requires arrays with rank > 0, however a scalar array was passed",
        ));
    }
    let axis = axis_of("unstack", axis, x.rank())?;
    (0..x.shape()[axis]).map(|at| lax::squeeze(&part(x, axis, at, at + 1)?, &[axis])).collect()
}

/// The array in equal parts, or cut at the positions given.
///
/// An axis that cannot be cut in equal parts is an error; see [`array_split`].
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1, 2, 3, 4]);
/// assert_eq!(jnp::split(&x, 2.into(), 0)?, [Array::from([1, 2]), Array::from([3, 4])]);
/// assert_eq!(jnp::split(&x, [1].into(), 0)?, [Array::from([1]), Array::from([2, 3, 4])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0))]
pub fn split(ary: &Array, indices_or_sections: Sections, axis: i64) -> Result<Vec<Array>> {
    cut("split", ary, &indices_or_sections, axis, true)
}

/// The array in parts that are as equal as can be, or cut at the positions given.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let parts = jnp::array_split(&Array::from([1, 2, 3]), 2.into(), 0)?;
/// assert_eq!(parts, [Array::from([1, 2]), Array::from([3])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axis = 0))]
pub fn array_split(ary: &Array, indices_or_sections: Sections, axis: i64) -> Result<Vec<Array>> {
    cut("array_split", ary, &indices_or_sections, axis, false)
}

/// The array in equal parts along its second axis, or its only one.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let parts = jnp::hsplit(&Array::from([[1, 2], [3, 4]]), 2.into())?;
/// assert_eq!(parts, [Array::from([[1], [3]]), Array::from([[2], [4]])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn hsplit(ary: &Array, indices_or_sections: Sections) -> Result<Vec<Array>> {
    let axis = if ary.rank() == 1 { 0 } else { 1 };
    cut("hsplit", ary, &indices_or_sections, axis, true)
}

/// The array in equal parts along its first axis.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let parts = jnp::vsplit(&Array::from([[1, 2], [3, 4]]), 2.into())?;
/// assert_eq!(parts, [Array::from([[1, 2]]), Array::from([[3, 4]])]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn vsplit(ary: &Array, indices_or_sections: Sections) -> Result<Vec<Array>> {
    cut("vsplit", ary, &indices_or_sections, 0, true)
}

/// The array in equal parts along its third axis.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from_slice(&[1, 2, 3, 4], &[1, 2, 2])?;
/// let parts = jnp::dsplit(&x, 2.into())?;
/// assert_eq!(parts[0].to_vec::<i32>()?, [1, 3]);
/// assert_eq!(parts[1].shape(), [1, 2, 1]);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn dsplit(ary: &Array, indices_or_sections: Sections) -> Result<Vec<Array>> {
    cut("dsplit", ary, &indices_or_sections, 2, true)
}

fn cut(
    function: &str,
    x: &Array,
    sections: &Sections,
    axis: i64,
    equal: bool,
) -> Result<Vec<Array>> {
    let axis = axis_of(function, axis, x.rank())?;
    let size = x.shape()[axis];
    let bounds: Vec<usize> = match sections {
        Sections::Count(count) => {
            let count = match usize::try_from(*count) {
                Ok(0) => {
                    return Err(Error::ZeroDivision {
                        function: function.into(),
                        message: format!("{} cannot be split into 0 sections", x.aval()),
                    });
                }
                Ok(count) if !equal || size.is_multiple_of(count) => count,
                _ => {
                    return Err(Error::value_error(
                        function,
                        format!(
                            "{} cannot be split into {count} equal sections along axis {axis}",
                            x.aval()
                        ),
                    ));
                }
            };
            let (short, longer) = (size / count, size % count);
            let mut bounds = vec![];
            bounds.try_reserve_exact(count.saturating_add(1)).map_err(|_| Error::TooLarge {
                function: function.into(),
                elements: count as u128,
                dtype: x.dtype(),
            })?;
            bounds.extend((0..=count).map(|part| part * short + part.min(longer)));
            bounds
        }
        Sections::At(at) => {
            let within = |at: i64| {
                let at = if at < 0 { at + size as i64 } else { at };
                at.clamp(0, size as i64) as usize
            };
            let bounds: Vec<usize> =
                std::iter::once(0).chain(at.iter().map(|&at| within(at))).chain([size]).collect();
            if bounds.windows(2).any(|bounds| bounds[0] > bounds[1]) {
                return Err(Error::value_error(function, "the positions must not decrease"));
            }
            bounds
        }
    };
    bounds.windows(2).map(|bounds| part(x, axis, bounds[0], bounds[1])).collect()
}

/// The array repeated as often along each axis as `reps` says.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([1, 2]);
/// assert_eq!(jnp::tile(&x, 2)?, Array::from([1, 2, 1, 2]));
/// assert_eq!(jnp::tile(&x, [2, 1])?, Array::from([[1, 2], [1, 2]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(rename(a = "A"))]
pub fn tile(a: &Array, reps: impl Into<Sizes>) -> Result<Array> {
    let reps = reps.into();
    let rank = a.rank().max(reps.0.len());
    let a = promote::to_rank(a, rank)?;
    let repeats: Vec<usize> = std::iter::repeat_n(1, rank - reps.0.len())
        .chain(super::common::shape_of("tile", &reps.0)?)
        .collect();
    // Every axis becomes two: how often, and which element.
    let mut wide = Vec::with_capacity(2 * rank);
    let mut merged = Vec::with_capacity(rank);
    for (&size, &count) in a.shape().iter().zip(&repeats) {
        wide.extend([count, size]);
        merged.push(count.saturating_mul(size));
    }
    let axes: Vec<usize> = (0..rank).map(|axis| 2 * axis + 1).collect();
    lax::reshape(&lax::broadcast_in_dim(&a, &wide, &axes)?, &merged)
}

/// The arrays of nested lists laid together: those of the innermost lists along the last axis,
/// those of the lists around them along the one before, and so on.
///
/// ```
/// use pullback::Array;
/// use pullback::api::Blocks;
/// use pullback::numpy::joining::block;
///
/// # fn main() -> pullback::Result<()> {
/// let (x, y) = (Array::from([1.0f32, 2.0]), Array::from([3.0f32]));
/// let z = block([[&x, &y], [&y, &x]])?;
/// assert_eq!(z.to_vec::<f32>()?, [1.0, 2.0, 3.0, 3.0, 1.0, 2.0]);
/// # Ok(())
/// # }
/// ```
#[api]
pub fn block(arrays: impl Into<Blocks>) -> Result<Array> {
    Ok(blocks(&arrays.into())?.0)
}

/// The array of nested lists, and one more than their depth.
fn blocks(arrays: &Blocks) -> Result<(Array, usize)> {
    let entries = match arrays {
        Blocks::Array(array) => return Ok((array.clone(), 1)),
        Blocks::List(entries) => entries,
    };
    let parts = entries.iter().map(blocks).collect::<Result<Vec<_>>>()?;
    let Some(&(_, depth)) = parts.first() else {
        return Err(Error::value_error("block", "does not allow empty list arguments"));
    };
    if parts.iter().any(|&(_, other)| other != depth) {
        return Err(Error::value_error("block", "mismatched list depths"));
    }
    let rank = parts.iter().map(|(x, _)| x.rank()).max().unwrap_or(0).max(depth);
    let parts = parts
        .iter()
        .map(|(x, _)| lax::expand_dims(x, &(0..rank - x.rank()).collect::<Vec<_>>()))
        .collect::<Result<Vec<_>>>()?;
    Ok((concatenate(&parts, Some(-(depth as i64)), None)?, depth + 1))
}
