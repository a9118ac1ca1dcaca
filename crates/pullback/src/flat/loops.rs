//! Loops: `while_loop`, `scan`, and what is made of them.

use pullback_core::engine::plan::ScanLength;
use pullback_core::jaxpr::{Staged, stage};
use pullback_core::primitives::control::scan::{Scan, scan as bind_scan};
use pullback_core::primitives::control::while_loop::{While, while_loop as bind_while};
use pullback_core::primitives::rules as lax;
use pullback_core::trace::AxisData;
use pullback_core::trace::batch::at_axis;
use pullback_core::{Array, Aval, DType, Error, Result, Shape, promote, transforms};

use super::{avals, part, shown};
use crate::numpy::{arithmetic, logic};

/// Repeats `body` on the arrays, which `init` are at first, as long as `cond` holds of them.
///
/// `body` gives arrays of the types that it is given; those that begin as bare numbers get the
/// types that it gives. Both are recorded, not run. `name` is the function that the user called.
///
/// ```
/// # use pullback::{Array, ArrayExt, flat};
/// let doubled = |x: &[Array]| Ok(vec![&x[0] * 2]);
/// let y = flat::while_loop("f", &[1.into()], |x| Ok(x[0].lt(&100.into())), doubled)?;
/// assert_eq!(y[0], 128);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If `body` changes the types, or `cond` does not give one bool; and those of both.
pub fn while_loop(
    name: &str,
    init: &[Array],
    mut cond: impl FnMut(&[Array]) -> Result<Array>,
    mut body: impl FnMut(&[Array]) -> Result<Vec<Array>>,
) -> Result<Vec<Array>> {
    let (body, types) = settled(name, avals(init), &[], |x| {
        let next = body(x)?;
        same_count(name, init.len(), next.len())?;
        Ok(next)
    })?;
    let cond = stage(&types, |x| Ok(vec![cond(x)?]))?;
    let test = &cond.jaxpr.output_avals()[0];
    if test.rank() != 0 || test.dtype != DType::Bool {
        let shown = shown(test);
        let message =
            format!("cond_fun must return a boolean scalar, but got output type(s) [{shown}].");
        return Err(Error::type_error(name, message));
    }
    let init = converted(init, &types)?;
    let op = While {
        cond: cond.jaxpr.into(),
        body: body.jaxpr.into(),
        cond_consts: cond.captured.len(),
        body_consts: body.captured.len(),
        record: 0,
    };
    let operands: Vec<&Array> = cond.captured.iter().chain(&body.captured).chain(&init).collect();
    Ok(bind_while(op, &operands)?.into_vec())
}

/// Repeats `body` over the entries of `xs` along their first axis: it takes what is carried and
/// one entry of each, and gives what is carried on and what is collected. Gives what is carried
/// in the end, and what was collected, each with the entries along its first axis.
///
/// `length` is needed where there is nothing to scan over. With `reverse` the last entry is first.
///
/// ```
/// # use pullback::{Array, flat};
/// let xs = [Array::from([1, 2, 3])];
/// let sums = |sum: &[Array], x: &[Array]| {
///     let next = &sum[0] + &x[0];
///     Ok((vec![next.clone()], vec![next]))
/// };
/// let (end, collected) = flat::scan("f", &[0.into()], &xs, None, false, sums)?;
/// assert_eq!(end[0], 6);
/// assert_eq!(collected[0], Array::from([1, 3, 6]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the arrays have first axes of several sizes or none, or `body` changes the types of what is
/// carried; and those of `body`.
pub fn scan(
    name: &str,
    init: &[Array],
    xs: &[Array],
    length: Option<usize>,
    reverse: bool,
    mut body: impl FnMut(&[Array], &[Array]) -> Result<(Vec<Array>, Vec<Array>)>,
) -> Result<(Vec<Array>, Vec<Array>)> {
    let length = scan_length(name, xs, length)?;
    let entries: Vec<Aval> = xs.iter().map(|x| x.aval().with_shape(&x.shape()[1..])).collect();
    let carry = init.len();
    let (program, types) = settled(name, avals(init), &entries, |x| {
        let (mut next, collected) = body(&x[..carry], &x[carry..])?;
        same_count(name, carry, next.len())?;
        next.extend(collected);
        Ok(next)
    })?;
    let init = converted(init, &types)?;
    let op = Scan {
        jaxpr: program.jaxpr.into(),
        consts: program.captured.len(),
        carry,
        length: ScanLength::Fixed(length),
        reverse,
    };
    let operands: Vec<&Array> = program.captured.iter().chain(&init).chain(xs).collect();
    let mut results = bind_scan(op, &operands)?.into_vec();
    let collected = results.split_off(carry);
    Ok((results, collected))
}

/// Repeats `body` for every whole number from `lower` up to before `upper`: it takes the number
/// and what is carried, and gives what is carried on.
///
/// With known bounds this is a [`scan`], else a [`while_loop`].
///
/// ```
/// # use pullback::{Array, flat};
/// let sum = |i: &Array, x: &[Array]| Ok(vec![&x[0] + i]);
/// assert_eq!(flat::fori_loop(&0.into(), &5.into(), &[0.into()], sum)?[0], 10);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If the bounds are not scalars of one integer type, or `body` changes the types of what is
/// carried; and those of `body`.
pub fn fori_loop(
    lower: &Array,
    upper: &Array,
    init: &[Array],
    mut body: impl FnMut(&Array, &[Array]) -> Result<Vec<Array>>,
) -> Result<Vec<Array>> {
    let name = "fori_loop";
    check_bounds(lower, upper)?;
    let next = |i: &Array| arithmetic::add(i, &Array::from(1));
    let carried = |bounds: &[Array]| -> Vec<Array> { bounds.iter().chain(init).cloned().collect() };
    if let (Ok(first), Ok(last)) = (lower.to_i64(), upper.to_i64()) {
        let count = usize::try_from(last.saturating_sub(first)).unwrap_or(0);
        let start = carried(std::slice::from_ref(lower));
        let (mut end, _) = scan(name, &start, &[], Some(count), false, |x, _| {
            let mut state = vec![next(&x[0])?];
            state.extend(body(&x[0], &x[1..])?);
            Ok((state, vec![]))
        })?;
        return Ok(end.split_off(1));
    }
    let (dtype, _) = promote::result_type_of(name, &[lower, upper])?;
    let typed = |x: &Array| match x.dtype() == dtype {
        true => Ok(x.clone()),
        false => promote::to_type(x, dtype, false),
    };
    let bounds = [typed(lower)?, typed(upper)?];
    let mut end = while_loop(
        name,
        &carried(&bounds),
        |x| logic::less(&x[0], &x[1]),
        |x| {
            let mut state = vec![next(&x[0])?, x[1].clone()];
            state.extend(body(&x[0], &x[2..])?);
            Ok(state)
        },
    )?;
    Ok(end.split_off(2))
}

/// The results of `f` on every entry of `xs` along their first axis, one after another, or
/// `batch_size` of them at a time.
///
/// ```
/// # use pullback::{Array, flat};
/// let doubled = |x: &[Array]| Ok(vec![&x[0] * 2]);
/// let xs = [Array::from([1, 2, 3])];
/// assert_eq!(flat::map(&xs, Some(2), doubled)?[0], Array::from([2, 4, 6]));
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// As [`scan`], and if `batch_size` is zero.
pub fn map(
    xs: &[Array],
    batch_size: Option<usize>,
    mut f: impl FnMut(&[Array]) -> Result<Vec<Array>>,
) -> Result<Vec<Array>> {
    let Some(batch) = batch_size else {
        return Ok(scan("map", &[], xs, None, false, |_, x| Ok((vec![], f(x)?)))?.1);
    };
    if batch == 0 {
        return Err(Error::value_error("map", "batch_size must be at least 1, got 0"));
    }
    let count = scan_length("map", xs, None)?;
    let whole = count / batch;
    let mut together = |xs: &[Array]| -> Result<Vec<Array>> {
        let size = xs[0].shape()[0];
        let places = vec![Some(0); xs.len()];
        let axis = AxisData { name: None, size };
        let (ys, at) = transforms::vmap(&mut f, xs, &places, axis)?;
        ys.iter().zip(at).map(|(y, at)| at_axis(y, at, size, 0)).collect()
    };
    if count > 0 && whole == 0 {
        return together(xs);
    }
    let resized = |x: &Array, from: usize, sizes: &[usize]| -> Result<Array> {
        let shape: Shape = sizes.iter().chain(&x.shape()[from..]).copied().collect();
        lax::reshape(x, &shape)
    };
    let (mut heads, mut rests) = (vec![], vec![]);
    for x in xs {
        heads.push(resized(&part(x, 0, 0, whole * batch, 1)?, 1, &[whole, batch])?);
        if whole * batch < count {
            rests.push(part(x, 0, whole * batch, count, 1)?);
        }
    }
    let (_, ys) = scan("map", &[], &heads, None, false, |_, x| Ok((vec![], together(x)?)))?;
    let rest = if rests.is_empty() { None } else { Some(together(&rests)?) };
    let ys = ys.iter().map(|y| resized(y, 2, &[whole * batch])).collect::<Result<Vec<_>>>()?;
    match rest {
        Some(rest) => ys.iter().zip(&rest).map(|(a, b)| lax::concatenate(&[a, b], 0)).collect(),
        None => Ok(ys),
    }
}

/// The program of a body, and the types of what is carried, the first of its arguments and
/// results. What began weakly takes the type that the body gives it.
fn settled(
    name: &str,
    mut types: Vec<Aval>,
    rest: &[Aval],
    mut body: impl FnMut(&[Array]) -> Result<Vec<Array>>,
) -> Result<(Staged, Vec<Aval>)> {
    let mut record = |types: &[Aval]| {
        let all: Vec<Aval> = types.iter().chain(rest).cloned().collect();
        stage(&all, &mut body)
    };
    let mut program = record(&types)?;
    for _ in 0..2 {
        let after = program.jaxpr.output_avals();
        let Some(next) = strengthened(&types, &after) else { break };
        types = next;
        program = record(&types)?;
    }
    let after = program.jaxpr.output_avals();
    for (x, y) in types.iter().zip(&after) {
        if !x.same_type(y) {
            return Err(Error::type_error(
                name,
                format!(
                    "the carry of the body function must have the same types before and after, but \
                     they differ: the input carry has type {} but the corresponding output carry \
                     component has type {}",
                    shown(x),
                    shown(y)
                ),
            ));
        }
    }
    Ok((program, types))
}

fn same_count(name: &str, before: usize, after: usize) -> Result<()> {
    match before == after {
        true => Ok(()),
        false => Err(Error::type_error(
            name,
            format!("the body function was given {before} arrays to carry, but gave {after}"),
        )),
    }
}

/// Whether carries that began weakly take the types that the body gives them, and what those are.
fn strengthened(before: &[Aval], after: &[Aval]) -> Option<Vec<Aval>> {
    let mut changed = false;
    let next = before
        .iter()
        .zip(after)
        .map(|(x, y)| {
            let weaker = x.weak && (!y.weak || x.dtype != y.dtype);
            let up = promote::result_type("carry", &[(x.dtype, x.weak), (y.dtype, y.weak)]);
            match up {
                Ok((dtype, weak)) if weaker && x.shape == y.shape && dtype == y.dtype => {
                    changed = true;
                    x.with_dtype(dtype).with_weak(weak && y.weak)
                }
                _ => x.clone(),
            }
        })
        .collect();
    changed.then_some(next)
}

fn converted(arrays: &[Array], types: &[Aval]) -> Result<Vec<Array>> {
    let typed = arrays.iter().zip(types);
    typed
        .map(|(x, aval)| match x.dtype() == aval.dtype && x.is_weak() == aval.weak {
            true => Ok(x.clone()),
            false => promote::to_type(x, aval.dtype, aval.weak),
        })
        .collect()
}

/// The common size of the first axes, or the length given where there is none.
fn scan_length(name: &str, xs: &[Array], length: Option<usize>) -> Result<usize> {
    let mut sizes = vec![];
    for x in xs {
        match x.shape().first() {
            Some(&size) => sizes.push(size),
            None => {
                let aval = x.aval();
                let message =
                    format!("got a value with no leading axis to scan over, of type {aval}");
                return Err(Error::value_error(name, message));
            }
        }
    }
    let Some(count) = length.or(sizes.first().copied()) else {
        return Err(Error::value_error(name, "got no values to scan over, and no length"));
    };
    if sizes.iter().all(|&size| size == count) {
        return Ok(count);
    }
    let types: Vec<_> = xs.iter().map(|x| x.aval().to_string()).collect();
    let types = types.join(", ");
    let message = match length {
        Some(length) => format!("the length {length} disagrees with the leading axis of {types}"),
        None => format!("the leading axes of {types} have different sizes"),
    };
    Err(Error::value_error(name, message))
}

fn check_bounds(lower: &Array, upper: &Array) -> Result<()> {
    let both = [lower, upper];
    let types = || format!("{} and {}", lower.aval(), upper.aval());
    let error = |message: String| Err(Error::type_error("fori_loop", message));
    if both.iter().any(|x| x.rank() != 0 || !x.dtype().is_integer()) {
        return error(format!("lower and upper must be scalars of integer types, got {}", types()));
    }
    if lower.dtype() != upper.dtype() && !both.iter().any(|x| x.is_weak()) {
        return error(format!("lower and upper must have equal types, got {}", types()));
    }
    Ok(())
}
