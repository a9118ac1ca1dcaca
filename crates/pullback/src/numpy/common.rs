//! What the functions of this module are written with.

use pullback_core::primitives::rules;
use pullback_core::primitives::unary::Accepts;
use pullback_core::{Array, DType, Error, Result, Shape, promote};
use smallvec::SmallVec;

use crate::api::Axes;

/// Several arrays, most often two.
pub(crate) type Operands = SmallVec<[Array; 2]>;

/// `x` as an array of real or complex numbers.
pub(crate) fn inexact(x: &Array) -> Result<Array> {
    let (dtype, weak) = promote::inexact_type((x.dtype(), x.is_weak()));
    promote::to_type(x, dtype, weak)
}

/// Two arrays of one type and rank.
pub(crate) fn pair(function: &str, x: &Array, y: &Array) -> Result<[Array; 2]> {
    Ok(two(promote::promote(function, &[x, y])?))
}

/// Two arrays of one inexact type and of one rank.
pub(crate) fn inexact_pair(function: &str, x: &Array, y: &Array) -> Result<[Array; 2]> {
    Ok(two(promote::promote_inexact(function, &[x, y])?))
}

/// Two arrays of one inexact type, whatever their ranks.
pub(crate) fn inexact_types(function: &str, x: &Array, y: &Array) -> Result<[Array; 2]> {
    let (dtype, weak) = promote::inexact_type(promote::result_type_of(function, &[x, y])?);
    Ok([promote::to_type(x, dtype, weak)?, promote::to_type(y, dtype, weak)?])
}

/// Two arrays of one type, whatever their ranks.
pub(crate) fn same_types(function: &str, x: &Array, y: &Array) -> Result<[Array; 2]> {
    Ok(two(promote::promote_types(function, &[x, y])?))
}

fn two(operands: Operands) -> [Array; 2] {
    let mut operands = operands.into_iter();
    match (operands.next(), operands.next()) {
        (Some(x), Some(y)) => [x, y],
        _ => unreachable!("promotion keeps the number of operands"),
    }
}

/// A number as a scalar of the type of `like`.
pub(crate) fn number(value: f64, like: &Array) -> Array {
    rules::number(value, like)
}

/// `x` repeated to `shape` by the rules of broadcasting.
pub(crate) fn broadcast(x: &Array, shape: &[usize]) -> Result<Array> {
    if x.shape() == shape {
        return Ok(x.clone());
    }
    let fits = x.rank() <= shape.len()
        && x.shape().iter().rev().zip(shape.iter().rev()).all(|(&n, &to)| n == 1 || n == to);
    if !fits {
        return Err(Error::Broadcast {
            function: "broadcast_to".into(),
            lhs: x.shape().into(),
            rhs: shape.into(),
        });
    }
    let offset = shape.len() - x.rank();
    rules::broadcast_in_dim(x, shape, &(offset..shape.len()).collect::<Vec<_>>())
}

/// A number of the type of `like`, repeated to its shape.
pub(crate) fn filled(value: f64, like: &Array) -> Result<Array> {
    broadcast(&number(value, like), like.shape())
}

/// The arrays repeated to one shape.
pub(crate) fn broadcast_all(function: &str, arrays: &[Array]) -> Result<Vec<Array>> {
    let shape = common_shape(function, arrays)?;
    arrays.iter().map(|array| broadcast(array, &shape)).collect()
}

/// The shape that arrays are repeated to when they meet.
pub(crate) fn common_shape(function: &str, arrays: &[Array]) -> Result<Shape> {
    let shapes: SmallVec<[&[usize]; 4]> = arrays.iter().map(Array::shape).collect();
    promote::broadcast_shapes(function, &shapes)
}

/// `x` where `condition` holds, else `y`; types are equal, and shapes are made so.
pub(crate) fn select(condition: &Array, x: &Array, y: &Array) -> Result<Array> {
    let shape = promote::broadcast_shapes("where", &[condition.shape(), x.shape(), y.shape()])?;
    let condition = match condition.rank() {
        0 => condition.clone(),
        _ => broadcast(condition, &shape)?,
    };
    rules::select(&condition, &broadcast(x, &shape)?, &broadcast(y, &shape)?)
}

/// Whether each element is a NaN.
pub(crate) fn not_equal_itself(x: &Array) -> Result<Array> {
    rules::ne(x, x)
}

/// An axis counted from the front.
pub(crate) fn axis_of(function: &str, axis: i64, rank: usize) -> Result<usize> {
    let positive = if axis < 0 { axis + rank as i64 } else { axis };
    if positive < 0 || positive >= rank as i64 {
        return Err(Error::Axis { function: function.to_string(), axis, rank });
    }
    Ok(positive as usize)
}

/// Axes counted from the front, in the order given; all of them for `None`.
pub(crate) fn axes_of(function: &str, axes: Option<&Axes>, rank: usize) -> Result<Vec<usize>> {
    let Some(Axes(axes)) = axes else { return Ok((0..rank).collect()) };
    let mut result = Vec::with_capacity(axes.len());
    for &axis in axes {
        let axis = axis_of(function, axis, rank)?;
        if result.contains(&axis) {
            return Err(Error::value_error(
                function,
                format!("duplicate value in 'axis': {}", TupleText(axes)),
            ));
        }
        result.push(axis);
    }
    Ok(result)
}

/// Whole numbers as Python writes a tuple.
pub(crate) struct TupleText<'a>(pub &'a [i64]);

impl std::fmt::Display for TupleText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let axes: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        write!(f, "({}{})", axes.join(", "), if axes.len() == 1 { "," } else { "" })
    }
}

/// A number of elements, which must not be negative.
pub(crate) fn size_of(function: &str, size: i64) -> Result<usize> {
    usize::try_from(size).map_err(|_| {
        Error::value_error(function, format!("a size must not be negative, got {size}"))
    })
}

/// A shape, whose sizes must not be negative.
pub(crate) fn shape_of(function: &str, sizes: &[i64]) -> Result<Shape> {
    let shape: Option<Shape> = sizes.iter().map(|&size| usize::try_from(size).ok()).collect();
    shape.ok_or_else(|| {
        Error::type_error(
            function,
            format!("the sizes of a shape must not be negative, got {}", TupleText(sizes)),
        )
    })
}

/// A number of axes, of which there are no more than NumPy has.
pub(crate) fn rank_of(function: &str, rank: i64) -> Result<usize> {
    usize::try_from(rank).ok().filter(|&rank| rank <= 64).ok_or_else(|| {
        Error::value_error(function, format!("the number of axes must be 0 to 64, got {rank}"))
    })
}

/// An error, unless the family has the type of `x`.
pub(crate) fn check(function: &str, x: &Array, accepts: Accepts) -> Result<()> {
    accepts.check(function, x.dtype())
}

/// `x`, where bools become whole numbers.
pub(crate) fn number_from_bool(x: &Array) -> Result<Array> {
    match x.dtype() {
        DType::Bool => rules::convert_element_type(x, promote::default_int()),
        _ => Ok(x.clone()),
    }
}

/// `x` as truth values: whether each element is not zero.
pub(crate) fn truth(x: &Array) -> Result<Array> {
    match x.dtype() {
        DType::Bool => Ok(x.clone()),
        _ => rules::ne(x, &number(0.0, x)),
    }
}

/// `x` as an array of the type given, in the width in use.
pub(crate) fn as_type(x: &Array, dtype: Option<DType>) -> Result<Array> {
    match dtype {
        Some(dtype) => promote::to_type(x, promote::canonical(dtype), false),
        None => Ok(x.clone()),
    }
}

/// The product of sizes.
pub(crate) fn product(sizes: &[usize]) -> usize {
    sizes.iter().fold(1, |all, &size| all.saturating_mul(size))
}
