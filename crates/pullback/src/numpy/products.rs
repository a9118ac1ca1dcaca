//! Products that sum over axes.

use pullback_core::primitives::reduction::dot_general::DotDims;
use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Result, Shape, promote};
use pullback_macros::api;

use super::arithmetic::multiply;
use super::common::{axes_of, axis_of, number};
use super::manipulation::ravel;
use crate::api::{ApiFn, Axes, Table};

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[
    &DOT_API,
    &MATMUL_API,
    &VDOT_API,
    &VECDOT_API,
    &MATVEC_API,
    &VECMAT_API,
    &INNER_API,
    &OUTER_API,
    &TENSORDOT_API,
    &KRON_API,
    &CROSS_API,
];

/// Two operands of one type, and the type and weakness of their product.
struct Operands {
    x: Array,
    y: Array,
    dtype: DType,
    weak: bool,
}

fn operands(function: &str, x: &Array, y: &Array, wanted: Option<DType>) -> Result<Operands> {
    let (dtype, weak) = promote::result_type_of(function, &[x, y])?;
    let operands = promote::promote_types(function, &[x, y])?;
    // Truth values are counted, as `any` of `and`.
    let as_number = |x: &Array| match dtype {
        DType::Bool => lax::convert_element_type(x, promote::default_int()),
        _ => Ok(x.clone()),
    };
    Ok(Operands {
        x: as_number(&operands[0])?,
        y: as_number(&operands[1])?,
        dtype: wanted.map_or(dtype, promote::canonical),
        weak: weak && wanted.is_none(),
    })
}

impl Operands {
    /// The product summed over the contracted axes.
    fn contract(&self, dims: DotDims) -> Result<Array> {
        if self.x.dtype() != self.dtype && self.dtype == DType::Bool {
            let counts = lax::dot_general(&self.x, &self.y, dims, None)?;
            return lax::ne(&counts, &number(0.0, &counts));
        }
        let y = lax::dot_general(&self.x, &self.y, dims, Some(self.dtype))?;
        pullback_core::primitives::nary::convert_element_type::convert(&y, self.dtype, self.weak)
    }

    /// The sizes of axes that are summed over together must agree.
    fn check(&self, function: &str, x: usize, y: usize) -> Result<()> {
        if self.x.shape()[x] == self.y.shape()[y] {
            return Ok(());
        }
        Err(Error::type_error(
            function,
            format!(
                "contracting dimensions must have the same size, got {} and {}",
                self.x.aval(),
                self.y.aval()
            ),
        ))
    }
}

/// The sum of products over the last axis of `a` and the last but one of `b`, or its only one.
///
/// A scalar multiplies every element.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, a) = (Array::from([1.0, 2.0]), Array::from([[1.0, 2.0], [3.0, 4.0]]));
/// assert_eq!(jnp::dot(&x, &x, None)?, 5.0);
/// assert_eq!(jnp::dot(&a, &x, None)?, Array::from([5.0, 11.0]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(preferred_element_type), ignored(precision, out_sharding))]
pub fn dot(a: &Array, b: &Array, preferred_element_type: Option<DType>) -> Result<Array> {
    let both = operands("dot", a, b, preferred_element_type)?;
    if a.rank() == 0 || b.rank() == 0 {
        return both.contract(DotDims::default());
    }
    let (x, y) = (a.rank() - 1, b.rank().saturating_sub(2));
    both.check("dot", x, y)?;
    both.contract(DotDims {
        lhs_contract: [x][..].into(),
        rhs_contract: [y][..].into(),
        ..DotDims::default()
    })
}

/// The product of matrices in the last two axes; other axes broadcast together.
///
/// A vector is a row on the left and a column on the right. Scalars are an error.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (a, b) = (Array::from([[1, 2], [3, 4]]), Array::from([[0, 1], [1, 0]]));
/// assert_eq!(jnp::matmul(&a, &b, None)?, Array::from([[2, 1], [4, 3]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(preferred_element_type), ignored(precision, out_sharding))]
pub fn matmul(a: &Array, b: &Array, preferred_element_type: Option<DType>) -> Result<Array> {
    for (at, x) in [a, b].into_iter().enumerate() {
        if x.rank() == 0 {
            return Err(Error::value_error(
                "matmul",
                format!("input operand {at} must have ndim at least 1, but it has ndim 0"),
            ));
        }
    }
    let mut both = operands("matmul", a, b, preferred_element_type)?;
    let (x_inner, y_inner) = (a.rank() - 1, b.rank().saturating_sub(2));
    both.check("matmul", x_inner, y_inner)?;

    // Axes in front of the matrices are batches where both have them, else free.
    let x_batch = a.rank().saturating_sub(2);
    let y_batch = b.rank().saturating_sub(2);
    let batches = [&a.shape()[..x_batch], &b.shape()[..y_batch]];
    let shape = promote::broadcast_shapes("matmul", &batches).map_err(|_| {
        Error::value_error(
            "matmul",
            format!("the batches of {} and {} do not broadcast together", a.aval(), b.aval()),
        )
    })?;
    let mut dims = DotDims::default();
    let (mut x_drop, mut y_drop) = (vec![], vec![]);
    let (mut shared, mut x_free, mut y_free) = (vec![], vec![], vec![]);
    for axis in 0..shape.len() {
        let own = |batch: usize| (axis + batch).checked_sub(shape.len());
        let size = |x: &Array, axis: Option<usize>| axis.map(|axis| (axis, x.shape()[axis]));
        match (size(a, own(x_batch)), size(b, own(y_batch))) {
            (Some((i, n)), Some((j, m))) if n == m => {
                dims.lhs_batch.push(i);
                dims.rhs_batch.push(j);
                shared.push(axis);
            }
            (Some((i, 1)), Some(_)) => {
                x_drop.push(i);
                y_free.push(axis);
            }
            (Some(_), Some((j, _))) => {
                y_drop.push(j);
                x_free.push(axis);
            }
            (Some(_), None) => x_free.push(axis),
            (None, _) => y_free.push(axis),
        }
    }
    both.x = lax::squeeze(&both.x, &x_drop)?;
    both.y = lax::squeeze(&both.y, &y_drop)?;
    let without = |axis: usize, drop: &[usize]| axis - drop.iter().filter(|&&d| d < axis).count();
    dims.lhs_batch = dims.lhs_batch.iter().map(|&axis| without(axis, &x_drop)).collect();
    dims.rhs_batch = dims.rhs_batch.iter().map(|&axis| without(axis, &y_drop)).collect();
    dims.lhs_contract.push(without(x_inner, &x_drop));
    dims.rhs_contract.push(without(y_inner, &y_drop));
    let product = both.contract(dims)?;

    // What comes out: shared, free of a, row, free of b, column.
    let mut origin = shared;
    origin.extend(x_free);
    let mut next = shape.len();
    if a.rank() > 1 {
        origin.push(next);
        next += 1;
    }
    origin.extend(y_free);
    if b.rank() > 1 {
        origin.push(next);
    }
    let mut permutation = vec![0; origin.len()];
    for (from, &to) in origin.iter().enumerate() {
        permutation[to] = from;
    }
    lax::transpose(&product, &permutation)
}

fn conjugated(x: &Array) -> Result<Array> {
    if x.dtype().is_complex() { lax::conj(x) } else { Ok(x.clone()) }
}

/// The sum of the products of all elements, those of `a` conjugated.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let x = Array::from([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(jnp::vdot(&x, &x, None)?, 30.0);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(preferred_element_type), ignored(precision))]
pub fn vdot(a: &Array, b: &Array, preferred_element_type: Option<DType>) -> Result<Array> {
    dot(&conjugated(&ravel(a, "C")?)?, &ravel(b, "C")?, preferred_element_type)
}

/// The sums of products along an axis, the elements of `x1` conjugated.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([[1, 2], [3, 4]]), Array::from([1, 10]));
/// assert_eq!(jnp::vecdot(&x, &y, -1, None)?, Array::from([21, 43]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    defaults(axis = -1),
    keyword_only(axis, preferred_element_type),
    ignored(precision)
)]
pub fn vecdot(
    x1: &Array,
    x2: &Array,
    axis: i64,
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    let last = |x: &Array| lax::move_axis(x, axis_of("vecdot", axis, x.rank())?, x.rank() - 1);
    let (x, y) = (conjugated(&last(x1)?)?, last(x2)?);
    cores_fit("vecdot", x1, x2, x.shape().last() == y.shape().last())?;
    let row = lax::expand_dims(&x, &[x.rank() - 1])?;
    let column = lax::expand_dims(&y, &[y.rank()])?;
    let product = matmul(&row, &column, preferred_element_type)?;
    lax::squeeze(&product, &[product.rank() - 2, product.rank() - 1])
}

/// An error, unless the axes fit that are summed over together.
fn cores_fit(function: &str, x1: &Array, x2: &Array, fit: bool) -> Result<()> {
    match fit {
        true => Ok(()),
        false => Err(Error::value_error(
            function,
            format!("the axes of {} and {} to sum over differ", x1.aval(), x2.aval()),
        )),
    }
}

/// The products of matrices and vectors; other axes broadcast together.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (a, x) = (Array::from([[1, 2], [3, 4]]), Array::from([1, 10]));
/// assert_eq!(jnp::matvec(&a, &x)?, Array::from([21, 43]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn matvec(x1: &Array, x2: &Array) -> Result<Array> {
    let columns = x1.shape().last().filter(|_| x1.rank() > 1);
    cores_fit("matvec", x1, x2, columns.is_some() && columns == x2.shape().last())?;
    let product = matmul(x1, &lax::expand_dims(x2, &[x2.rank()])?, None)?;
    lax::squeeze(&product, &[product.rank() - 1])
}

/// The products of conjugated vectors and matrices; other axes broadcast together.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, a) = (Array::from([1, 10]), Array::from([[1, 2], [3, 4]]));
/// assert_eq!(jnp::vecmat(&x, &a)?, Array::from([31, 42]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn vecmat(x1: &Array, x2: &Array) -> Result<Array> {
    let rows = x2.rank().checked_sub(2).map(|axis| &x2.shape()[axis]);
    cores_fit("vecmat", x1, x2, rows.is_some() && rows == x1.shape().last())?;
    let row = lax::expand_dims(&conjugated(x1)?, &[x1.rank().saturating_sub(1)])?;
    let product = matmul(&row, x2, None)?;
    lax::squeeze(&product, &[product.rank() - 2])
}

/// The sums of products along the last axes of both.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([[1, 2], [3, 4]]), Array::from([1, 10]));
/// assert_eq!(jnp::inner(&x, &y, None)?, Array::from([21, 43]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(keyword_only(preferred_element_type), ignored(precision))]
pub fn inner(a: &Array, b: &Array, preferred_element_type: Option<DType>) -> Result<Array> {
    let both = operands("inner", a, b, preferred_element_type)?;
    if a.rank() == 0 || b.rank() == 0 {
        return both.contract(DotDims::default());
    }
    both.check("inner", a.rank() - 1, b.rank() - 1)?;
    both.contract(DotDims {
        lhs_contract: [a.rank() - 1][..].into(),
        rhs_contract: [b.rank() - 1][..].into(),
        ..DotDims::default()
    })
}

/// The products of every element of `a` with every element of `b`.
///
/// Arrays of several axes are treated as one row each.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::outer(&Array::from([1, 2]), &Array::from([3, 4]), ())?;
/// assert_eq!(y, Array::from([[3, 4], [6, 8]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn outer(a: &Array, b: &Array, out: ()) -> Result<Array> {
    let () = out;
    let (x, y) = (ravel(a, "C")?, ravel(b, "C")?);
    multiply(&lax::expand_dims(&x, &[1])?, &lax::expand_dims(&y, &[0])?)
}

/// The sum of products over axes of both: the given number of last axes of `a` and first axes
/// of `b`, or those listed for each.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (a, b) = (Array::from([[1, 2], [3, 4]]), Array::from([[5, 6], [7, 8]]));
/// assert_eq!(jnp::tensordot(&a, &b, 2.into(), None)?, 70);
/// // The first axis of one with the first of the other.
/// assert_eq!(jnp::tensordot(&a, &b, [[0], [0]].into(), None)?, Array::from([[26, 30], [38, 44]]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axes = 2), keyword_only(preferred_element_type), ignored(precision, out_sharding))]
pub fn tensordot(
    a: &Array,
    b: &Array,
    axes: Table,
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    let wrong = |message: String| Error::type_error("tensordot", message);
    let (x_axes, y_axes) = match &axes.0[..] {
        [row] if row.len() == 1 => {
            let count = usize::try_from(row[0]).ok();
            let count = count.filter(|&n| n <= a.rank() && n <= b.rank()).ok_or_else(|| {
                wrong(format!("axes {} do not fit {} and {}", row[0], a.aval(), b.aval()))
            })?;
            ((a.rank() - count..a.rank()).collect(), (0..count).collect())
        }
        [row] if row.len() == 2 => (
            vec![axis_of("tensordot", row[0], a.rank())?],
            vec![axis_of("tensordot", row[1], b.rank())?],
        ),
        [x, y] => (
            axes_of("tensordot", Some(&Axes(x.clone())), a.rank())?,
            axes_of("tensordot", Some(&Axes(y.clone())), b.rank())?,
        ),
        _ => return Err(wrong("axes must be a number or a pair".into())),
    };
    if x_axes.len() != y_axes.len() {
        return Err(wrong(format!("needs as many axes of both, got {x_axes:?} and {y_axes:?}")));
    }
    let both = operands("tensordot", a, b, preferred_element_type)?;
    for (&x, &y) in x_axes.iter().zip(&y_axes) {
        both.check("tensordot", x, y)?;
    }
    both.contract(DotDims {
        lhs_contract: x_axes.into_iter().collect(),
        rhs_contract: y_axes.into_iter().collect(),
        ..DotDims::default()
    })
}

/// The Kronecker product: every element of `a` times the whole of `b`, in its place.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let y = jnp::kron(&Array::from([1, 2]), &Array::from([1, 10]))?;
/// assert_eq!(y, Array::from([1, 10, 2, 20]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api]
pub fn kron(a: &Array, b: &Array) -> Result<Array> {
    let rank = a.rank().max(b.rank());
    let (x, y) = (promote::to_rank(a, rank)?, promote::to_rank(b, rank)?);
    let evens: Vec<usize> = (0..rank).map(|axis| 2 * axis).collect();
    let odds: Vec<usize> = (0..rank).map(|axis| 2 * axis + 1).collect();
    let shape: Shape = x.shape().iter().zip(y.shape()).map(|(&n, &m)| n * m).collect();
    let product = multiply(&lax::expand_dims(&x, &odds)?, &lax::expand_dims(&y, &evens)?)?;
    lax::reshape(&product, &shape)
}

/// The cross product of vectors of three components along an axis.
///
/// Vectors of two components, or of any other number, are an error.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (x, y) = (Array::from([1, 0, 0]), Array::from([0, 1, 0]));
/// assert_eq!(jnp::cross(&x, &y, -1, -1, -1, None)?, Array::from([0, 0, 1]));
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(defaults(axisa = -1, axisb = -1, axisc = -1))]
pub fn cross(
    a: &Array,
    b: &Array,
    axisa: i64,
    axisb: i64,
    axisc: i64,
    axis: Option<i64>,
) -> Result<Array> {
    let (axisa, axisb, axisc) = match axis {
        Some(axis) => (axis, axis, axis),
        None => (axisa, axisb, axisc),
    };
    let last =
        |x: &Array, axis: i64| lax::move_axis(x, axis_of("cross", axis, x.rank())?, x.rank() - 1);
    let (x, y) = (last(a, axisa)?, last(b, axisb)?);
    if x.shape()[x.rank() - 1] != 3 || y.shape()[y.rank() - 1] != 3 {
        return Err(Error::value_error(
            "cross",
            format!("needs vectors of 3 components, got {} and {}", a.aval(), b.aval()),
        ));
    }
    let part = |x: &Array, at: usize| -> Result<Array> {
        let axis = x.rank() - 1;
        lax::squeeze(&super::manipulation::part(x, axis, at, at + 1)?, &[axis])
    };
    let minor = |i: usize, j: usize| -> Result<Array> {
        let (plus, minus) =
            (multiply(&part(&x, i)?, &part(&y, j)?)?, multiply(&part(&x, j)?, &part(&y, i)?)?);
        super::arithmetic::subtract(&plus, &minus)
    };
    let parts = [minor(1, 2)?, minor(2, 0)?, minor(0, 1)?];
    super::joining::stack(&parts, axisc, (), None)
}
