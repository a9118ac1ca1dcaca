//! The gradient of a function of one value.

use pullback_core::{Array, Error, Result, transforms};

use super::zeros;

/// What may be differentiated besides functions from real numbers to real numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Differentiated {
    /// Arguments and value are complex, and the function is holomorphic: the derivative is the
    /// complex one.
    pub holomorphic: bool,
    /// Arguments may be whole numbers, whose derivatives are zeros of type `float0`.
    pub allow_int: bool,
}

/// A value, its gradient, and what else the function gave.
pub struct Gradients {
    /// The value, a scalar.
    pub value: Array,
    /// One array for each argument, of its shape.
    pub gradients: Vec<Array>,
    /// The further results, which are not differentiated.
    pub aux: Vec<Array>,
}

/// The value of a function, its first result, and the gradient with respect to all arguments.
///
/// ```
/// # use pullback::{Array, ArrayExt, flat};
/// let options = flat::Differentiated::default();
/// let f = |x: &[Array]| Ok(vec![(&x[0] * &x[1]).sum()]);
/// let x = [Array::from([1.0, 2.0]), Array::from([3.0, 4.0])];
/// let result = flat::value_and_grad("f", options, f, &x)?;
/// assert_eq!(result.value, 11.0);
/// assert_eq!(result.gradients[0], x[1]);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If an argument or the value is of a type that `options` do not allow, or the value is not a
/// scalar; and those of the function and its derivative. `name` is what the user called.
pub fn value_and_grad(
    name: &str,
    options: Differentiated,
    f: impl FnOnce(&[Array]) -> Result<Vec<Array>>,
    primals: &[Array],
) -> Result<Gradients> {
    primals.iter().try_for_each(|primal| check_input(name, options, primal))?;
    let active = vec![true; primals.len()];
    let (mut results, derivative) = transforms::linearize(f, primals, &active)?;
    if results.is_empty() {
        return Err(Error::type_error(name, "a function that gives no value was given"));
    }
    let aux = results.split_off(1);
    let value = results.remove(0);
    check_scalar(name, &value)?;
    check_output(name, options, &value)?;
    let mut seeds = vec![None; derivative.outputs.len()];
    seeds[0] = Some(Array::constant_like(1.0, &value.aval()));
    let cotangents = derivative.transpose(&seeds)?;
    let gradients = cotangents.into_iter().zip(primals).map(|(ct, x)| gradient(ct, x));
    Ok(Gradients { value, gradients: gradients.collect::<Result<_>>()?, aux })
}

/// The cotangent of an argument, of its weakness; zeros if there is none.
pub(super) fn gradient(ct: Option<Array>, primal: &Array) -> Result<Array> {
    let aval = primal.aval().tangent();
    match ct {
        Some(ct) if ct.is_weak() != aval.weak => Ok(match ct.tensor() {
            Some(tensor) => Array::with_weak(tensor.clone(), aval.weak),
            None => ct,
        }),
        Some(ct) => Ok(ct),
        None => zeros(&aval),
    }
}

/// The error for a type that cannot be differentiated so.
pub(super) fn derivative_error(name: &str, message: String) -> Error {
    Error::Derivative { function: name.to_string(), message }
}

/// Whether reverse mode takes an argument of this type.
pub(super) fn check_input(name: &str, options: Differentiated, x: &Array) -> Result<()> {
    let dtype = x.dtype();
    if options.holomorphic {
        return match dtype.is_complex() {
            true => Ok(()),
            false => Err(derivative_error(
                name,
                format!(
                    "with holomorphic=True requires inputs with complex dtype, but got {dtype}."
                ),
            )),
        };
    }
    match dtype.is_inexact() || options.allow_int {
        true => Ok(()),
        false => Err(derivative_error(
            name,
            format!(
                "requires real- or complex-valued inputs (input dtype that is a sub-dtype of \
                 np.inexact), but got {dtype}. If you want to use Boolean- or integer-valued \
                 inputs, use vjp or set allow_int to True."
            ),
        )),
    }
}

fn check_scalar(name: &str, value: &Array) -> Result<()> {
    match value.rank() {
        0 => Ok(()),
        _ => Err(Error::type_error(
            name,
            format!(
                "only defined for scalar-output functions; the output had type {}. Reduce it to a \
                 scalar, as with output.sum(), or use pullback.jacobian to differentiate a \
                 function whose output is not a scalar",
                value.aval()
            ),
        )),
    }
}

/// Whether reverse mode takes a result of this type.
pub(super) fn check_output(name: &str, options: Differentiated, value: &Array) -> Result<()> {
    let dtype = value.dtype();
    if options.holomorphic && !dtype.is_complex() {
        return Err(derivative_error(
            name,
            format!("with holomorphic=True requires outputs with complex dtype, but got {dtype}."),
        ));
    }
    if !options.holomorphic && !dtype.is_float() {
        let advice = match dtype.is_complex() {
            true => {
                "For holomorphic differentiation, pass holomorphic=True. For differentiation of \
                 non-holomorphic functions involving complex outputs, use jax.vjp directly."
            }
            false => "For differentiation of functions with integer outputs, use jax.vjp directly.",
        };
        return Err(derivative_error(
            name,
            format!(
                "requires real-valued outputs (output dtype that is a sub-dtype of np.floating), \
                 but got {dtype}. {advice}"
            ),
        ));
    }
    Ok(())
}
