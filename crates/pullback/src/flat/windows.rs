//! Reductions over windows by any function of two elements.

use pullback_core::array::{complex_item, number};
use pullback_core::jaxpr::{Atom, Jaxpr, Staged, stage};
use pullback_core::primitives::Primitive;
use pullback_core::primitives::rules as lax;
use pullback_core::primitives::signal::reduce_window::{
    ReduceWindow, WindowOp, reduce_window as primitive,
};
use pullback_core::primitives::signal::window::Window;
use pullback_core::trace::AxisData;
use pullback_core::transforms::vmap;
use pullback_core::{Array, Aval, DType, Error, Result, Shape};

use super::avals;

/// Joins two lists of scalars, entry by entry.
type Join<'a> = dyn FnMut(&[Array], &[Array]) -> Result<Vec<Array>> + 'a;

/// What `join`, a function of two lists of scalars, makes of the elements of `operands` under the
/// window, at each of its places. Each begins with `inits`, which also lie beyond the arrays.
///
/// A sum, or the larger or smaller of two elements, that begins with what changes nothing is an
/// operation of its own, with a derivative. Any other function is applied to one tap of the window
/// after another.
///
/// ```
/// # use pullback::{Array, flat};
/// use pullback_core::primitives::signal::window::window;
/// let y = flat::reduce_window(
///     &mut |a, b| Ok(vec![&a[0] * &b[0]]),
///     &[Array::from([1, 2, 3, 4])],
///     &[Array::from(1)],
///     &window(&[2], &[1], &[(0, 0)]),
/// )?;
/// assert_eq!(y[0], Array::from([2, 6, 12]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If there are not as many scalars of the same types as there are arrays, or these differ in
/// shape, or the window does not fit; and those of `join`.
pub fn reduce_window(
    join: &mut Join<'_>,
    operands: &[Array],
    inits: &[Array],
    window: &Window,
) -> Result<Vec<Array>> {
    let function = "reduce_window";
    let Some(first) = operands.first() else {
        return Err(Error::value_error(function, "must have at least one operand"));
    };
    if operands.len() != inits.len() {
        return Err(Error::value_error(
            function,
            format!(
                "takes an initial value for each operand, got {} for {}",
                inits.len(),
                operands.len()
            ),
        ));
    }
    let typed = || format!("{:?} and {:?}", avals(operands), avals(inits));
    if operands.iter().any(|x| x.shape() != first.shape())
        || inits.iter().any(|init| init.rank() != 0)
    {
        return Err(Error::type_error(
            function,
            format!(
                "operands must have one shape, and initial values must be scalars, got {}",
                typed()
            ),
        ));
    }
    // The window fits one array if it fits all; the primitive says how it does not.
    let checked = ReduceWindow { op: WindowOp::Max, window: window.clone() };
    checked.infer(&[Aval::new(first.shape(), DType::I32)])?;
    let scalars: Vec<Aval> =
        operands.iter().chain(operands).map(|x| Aval::scalar(x.dtype())).collect();
    let staged = stage(&scalars, |x| {
        let (a, b) = x.split_at(operands.len());
        join(a, b)
    })?;
    let results: Vec<Aval> =
        staged.jaxpr.outputs.iter().map(|atom| staged.jaxpr.atom_aval(atom)).collect();
    let kept = |(y, x): (&Aval, &Array)| y.rank() == 0 && y.dtype == x.dtype();
    if results.len() != operands.len() || !results.iter().zip(operands).all(kept) {
        return Err(Error::type_error(
            function,
            format!(
                "the function must give scalars of the types that it takes, got {results:?} for {:?}",
                &scalars[..operands.len()]
            ),
        ));
    }
    if let ([x], [init]) = (operands, inits)
        && let Some(op) = known(&staged.jaxpr)
        && is_neutral(op, init)
    {
        return Ok(vec![primitive(x, op, window.clone())?]);
    }
    if operands.iter().zip(inits).any(|(x, init)| x.dtype() != init.dtype()) {
        let message = format!("initial values must have the types of operands, got {}", typed());
        return Err(Error::type_error(function, message));
    }
    by_taps(&staged, operands, inits, window)
}

/// The operation that a program of two scalars is, if it is one of those with a primitive.
fn known(jaxpr: &Jaxpr) -> Option<WindowOp> {
    let ([a, b], [eqn], [Atom::Var(y)]) = (&jaxpr.inputs[..], &jaxpr.eqns[..], &jaxpr.outputs[..])
    else {
        return None;
    };
    // The function may itself be compiled: one call of a program.
    if let [inner] = eqn.op.primitive().jaxprs()[..]
        && eqn.op.primitive().name() == "jit"
    {
        return known(&inner.0);
    }
    let operands: Vec<_> = eqn
        .inputs
        .iter()
        .filter_map(|atom| match atom {
            Atom::Var(var) => Some(*var),
            Atom::Const(_) => None,
        })
        .collect();
    if eqn.outputs[..] != [*y] || operands != [*a, *b] && operands != [*b, *a] {
        return None;
    }
    match eqn.op.primitive().name() {
        "add" => Some(WindowOp::Sum),
        "max" => Some(WindowOp::Max),
        "min" => Some(WindowOp::Min),
        _ => None,
    }
}

/// Whether a known scalar changes nothing.
fn is_neutral(op: WindowOp, init: &Array) -> bool {
    let Some(tensor) = init.tensor() else { return false };
    // A number that does not fit becomes the nearest that does.
    let neutral = match op {
        WindowOp::Sum => number(0.0, init.dtype()),
        WindowOp::Max => number(f64::NEG_INFINITY, init.dtype()),
        WindowOp::Min => number(f64::INFINITY, init.dtype()),
    };
    // Zeros of either sign are equal; all other values are if their bits are.
    let is_zero = || complex_item(tensor).is_some_and(|x| x.re == 0.0 && x.im == 0.0);
    tensor.bytes() == neutral.bytes() || op == WindowOp::Sum && is_zero()
}

/// The function applied to the elements under one tap after another.
fn by_taps(
    staged: &Staged,
    operands: &[Array],
    inits: &[Array],
    given: &Window,
) -> Result<Vec<Array>> {
    let shape = operands[0].shape();
    let places = given.places(shape);
    let config: Vec<_> = given
        .padding
        .iter()
        .zip(&given.base_dilation)
        .map(|(&(low, high), &by)| (low, high, by - 1))
        .collect();
    let padded: Vec<Array> = operands
        .iter()
        .zip(inits)
        .map(|(x, init)| lax::pad(x, init, &config))
        .collect::<Result<_>>()?;
    // Nothing joins where there is no element.
    let inside = match config.iter().all(|config| *config == (0, 0, 0)) {
        true => None,
        false => {
            let elements = lax::broadcast_in_dim(&Array::from(true), shape, &[])?;
            Some(lax::pad(&elements, &Array::from(false), &config)?)
        }
    };
    let count = places.iter().product();
    let mut sums: Vec<Array> = inits
        .iter()
        .map(|init| lax::broadcast_in_dim(init, &[count], &[]))
        .collect::<Result<_>>()?;
    if count == 0 {
        return sums.iter().map(|sum| lax::reshape(sum, &places)).collect();
    }
    let taps: usize = given.dimensions.iter().product();
    for tap in 0..taps {
        let mut start = Shape::from_elem(0, shape.len());
        let mut rest = tap;
        for axis in (0..shape.len()).rev() {
            start[axis] = rest % given.dimensions[axis] * given.window_dilation[axis];
            rest /= given.dimensions[axis];
        }
        let limit: Shape = start
            .iter()
            .zip(places.iter().zip(&given.strides))
            .map(|(start, (places, stride))| start + (places - 1) * stride + 1)
            .collect();
        let under = |x: &Array| {
            lax::reshape(&lax::slice(x, &start, &limit, Some(&given.strides))?, &[count])
        };
        let mut inputs: Vec<Array> = staged.captured.clone();
        inputs.extend(sums.iter().cloned());
        for x in &padded {
            inputs.push(under(x)?);
        }
        let mut axes = vec![None; staged.captured.len()];
        axes.resize(inputs.len(), Some(0));
        let data = AxisData { name: None, size: count };
        let run = |x: &[Array]| staged.jaxpr.eval(&x.iter().collect::<Vec<_>>());
        let (ys, at) = vmap(run, &inputs, &axes, data)?;
        let inside = inside.as_ref().map(under).transpose()?;
        let next = ys.into_iter().zip(at).zip(&sums).map(|((y, at), sum)| {
            let y = match at {
                Some(_) => y,
                None => lax::broadcast_in_dim(&y, &[count], &[])?,
            };
            match &inside {
                Some(inside) => lax::select(inside, &y, sum),
                None => Ok(y),
            }
        });
        sums = next.collect::<Result<_>>()?;
    }
    sums.iter().map(|sum| lax::reshape(sum, &places)).collect()
}
