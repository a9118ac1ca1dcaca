//! Matrices of derivatives: `jacfwd`, a column at a time, and `jacrev`, a row at a time.

use pullback_core::primitives::Cotangent;
use pullback_core::primitives::rules as lax;
use pullback_core::trace::batch::at_axis;
use pullback_core::trace::{AxisData, Tangent};
use pullback_core::{Array, DType, Result, Shape, promote, transforms};

use super::gradient::{check_input, check_output, derivative_error};
use super::{Differentiated, zeros};
use crate::numpy::creation::eye;

/// The derivatives of the results of a function with respect to its arguments.
pub struct Jacobian {
    /// For each result the derivatives with respect to each argument: arrays with the axes of the
    /// result, then those of the argument.
    pub blocks: Vec<Vec<Array>>,
    /// The results.
    pub values: Vec<Array>,
    /// What the function gave besides.
    pub aux: Vec<Array>,
}

/// The results of a function that are differentiated, and others.
type WithAux = (Vec<Array>, Vec<Array>);

/// The Jacobian by forward mode: one tangent for every element of the arguments.
///
/// ```
/// # use pullback::{Array, ArrayExt, flat};
/// let f = |x: &[Array]| Ok((vec![x[0].square()], vec![]));
/// let result = flat::jacfwd(Default::default(), f, &[Array::from([1.0, 2.0])])?;
/// assert_eq!(result.blocks[0][0], Array::from([[2.0, 0.0], [0.0, 4.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If an argument is not real, or not complex where `options` say that the function is
/// holomorphic; and those of the function and its derivative.
pub fn jacfwd(
    options: Differentiated,
    f: impl FnOnce(&[Array]) -> Result<WithAux>,
    x: &[Array],
) -> Result<Jacobian> {
    check_forward(options, x)?;
    let directions = basis(x)?;
    let size = x.iter().map(Array::count).sum();
    let (mut values, mut aux) = (vec![], vec![]);
    let push = |dx: &[Array]| {
        let dx = dx.iter().cloned().map(Tangent::Value).collect();
        let mut count = 0;
        let with_aux = |x: &[Array]| {
            let (mut y, aux) = f(x)?;
            count = y.len();
            y.extend(aux);
            Ok(y)
        };
        let (mut y, dy) = transforms::jvp(with_aux, x, dx)?;
        aux = y.split_off(count);
        values = y;
        if let (true, Some(y)) = (options.holomorphic, values.iter().find(|y| !is_complex(y))) {
            let message = format!(
                "with holomorphic=True requires outputs with complex dtype, but got {}.",
                y.dtype()
            );
            return Err(derivative_error("jacfwd", message));
        }
        dy[..count].iter().map(instantiate).collect()
    };
    let places = vec![Some(0); directions.len()];
    let (columns, at) =
        transforms::vmap(push, &directions, &places, AxisData { name: None, size })?;
    let mut blocks = vec![];
    for ((column, at), y) in columns.iter().zip(at).zip(&values) {
        let column = at_axis(column, at, size, y.rank())?;
        blocks.push(parts(&column, y.rank(), x, Some(y))?);
    }
    Ok(Jacobian { blocks, values, aux })
}

/// The Jacobian by reverse mode: one cotangent for every element of the results.
///
/// ```
/// # use pullback::{Array, ArrayExt, flat};
/// let f = |x: &[Array]| Ok((vec![x[0].square()], vec![]));
/// let result = flat::jacrev(Default::default(), f, &[Array::from([1.0, 2.0])])?;
/// assert_eq!(result.blocks[0][0], Array::from([[2.0, 0.0], [0.0, 4.0]]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If an argument or a result is of a type that `options` do not allow; and those of the function
/// and its derivative.
pub fn jacrev(
    options: Differentiated,
    f: impl FnOnce(&[Array]) -> Result<WithAux>,
    x: &[Array],
) -> Result<Jacobian> {
    x.iter().try_for_each(|x| check_input("jacrev", options, x))?;
    let mut count = 0;
    let with_aux = |x: &[Array]| {
        let (mut y, aux) = f(x)?;
        count = y.len();
        y.extend(aux);
        Ok(y)
    };
    let (mut values, derivative) = transforms::linearize(with_aux, x, &vec![true; x.len()])?;
    let aux = values.split_off(count);
    values.iter().try_for_each(|y| check_output("jacrev", options, y))?;
    let directions = basis(&values)?;
    let size = values.iter().map(Array::count).sum();
    // Whole numbers have no cotangents to be laid below each other.
    let differentiable = |x: &Array| x.aval().is_differentiable();
    let pull = |ct: &[Array]| {
        let mut seeds: Vec<Cotangent> = ct.iter().cloned().map(Some).collect();
        seeds.resize(derivative.outputs.len(), None);
        let dx = derivative.transpose(&seeds)?;
        let pairs = dx.into_iter().zip(x).filter(|(_, x)| differentiable(x));
        pairs.map(|(dx, x)| dx.map_or_else(|| zeros(&x.aval()), Ok)).collect()
    };
    let places = vec![Some(0); directions.len()];
    let (rows, at) = transforms::vmap(pull, &directions, &places, AxisData { name: None, size })?;
    let mut rows = rows.iter().zip(at);
    let row = |x: &Array| match differentiable(x).then(|| rows.next()).flatten() {
        Some((rows, at)) => at_axis(rows, at, size, 0),
        None => {
            let mut aval = x.aval().tangent();
            aval.shape.insert(0, size);
            zeros(&aval)
        }
    };
    let rows = x.iter().map(row).collect::<Result<Vec<_>>>()?;
    let columns = rows.iter().zip(x).map(|(rows, x)| parts(rows, 0, &values, Some(x)));
    let mut columns = columns.map(|column| Ok(column?.into_iter())).collect::<Result<Vec<_>>>()?;
    let block = |_: &Array| columns.iter_mut().filter_map(Iterator::next).collect();
    let blocks = values.iter().map(block).collect();
    Ok(Jacobian { blocks, values, aux })
}

fn is_complex(x: &Array) -> bool {
    x.dtype().is_complex()
}

/// Whether the arguments have derivatives in forward mode.
fn check_forward(options: Differentiated, x: &[Array]) -> Result<()> {
    let name = "jacfwd";
    for x in x {
        let dtype = x.dtype();
        if options.holomorphic && !dtype.is_complex() {
            let message = format!(
                "with holomorphic=True requires inputs with complex dtype, but got {dtype}."
            );
            return Err(derivative_error(name, message));
        }
        if !options.holomorphic && !dtype.is_float() {
            let message = format!(
                "requires real-valued inputs (input dtype that is a sub-dtype of np.floating), but \
                 got {dtype}. For holomorphic differentiation, pass holomorphic=True. For \
                 differentiation of non-holomorphic functions involving complex inputs or integer \
                 inputs, use jax.jvp directly."
            );
            return Err(derivative_error(name, message));
        }
    }
    Ok(())
}

fn instantiate(tangent: &Tangent) -> Result<Array> {
    match tangent {
        Tangent::Value(value) => Ok(value.clone()),
        Tangent::Zero(aval) => zeros(aval),
    }
}

/// A unit vector for each element of all arrays together, one below the other.
fn basis(arrays: &[Array]) -> Result<Vec<Array>> {
    if arrays.is_empty() {
        return Ok(vec![]);
    }
    let total: usize = arrays.iter().map(Array::count).sum();
    let all: Vec<&Array> = arrays.iter().collect();
    let (dtype, _) = promote::result_type_of("jacobian", &all)?;
    parts(&eye(total as i64, None, 0, Some(dtype))?, 1, arrays, None)
}

/// The parts of one axis, which runs over the elements of several arrays, in the shape of each
/// and of the type of `like`, or else of each.
fn parts(x: &Array, axis: usize, arrays: &[Array], like: Option<&Array>) -> Result<Vec<Array>> {
    if arrays.is_empty() {
        return Ok(vec![]);
    }
    let sizes: Vec<usize> = arrays.iter().map(Array::count).collect();
    let (before, after) = (&x.shape()[..axis], &x.shape()[axis + 1..]);
    let split = lax::split(x, &sizes, axis)?;
    let parts = split.iter().zip(arrays).map(|(part, array)| {
        let shape: Shape = [before, array.shape(), after].concat().into();
        let part = match part.shape() == &shape[..] {
            true => part.clone(),
            false => lax::reshape(part, &shape)?,
        };
        typed(&part, like.unwrap_or(array))
    });
    parts.collect()
}

/// A derivative of the type of what it is the derivative of: real for real, weak for weak.
fn typed(x: &Array, like: &Array) -> Result<Array> {
    let (dtype, weak) = (like.dtype(), like.is_weak());
    if x.dtype() == DType::Float0 || !dtype.is_inexact() {
        return zeros(&like.aval().with_shape(x.shape()));
    }
    let x = match x.dtype().is_complex() && !dtype.is_complex() {
        true => lax::real(x)?,
        false => x.clone(),
    };
    match x.dtype() == dtype && x.is_weak() == weak {
        true => Ok(x),
        false => promote::to_type(&x, dtype, weak),
    }
}
