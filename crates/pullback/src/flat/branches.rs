//! One of several functions, as an index says.

use pullback_core::jaxpr::{Jaxpr, JaxprRef, Staged, same, stage};
use pullback_core::primitives::control::cond::cond as bind_cond;
use pullback_core::primitives::rules as lax;
use pullback_core::{Array, Aval, DType, Error, Result, promote};

use super::{avals, shown};

/// A function of arrays, as one of several.
type Branch<'a> = dyn FnMut(&[Array]) -> Result<Vec<Array>> + 'a;

/// The results of `on_true` if `pred`, a scalar, is true or not zero, else those of `on_false`.
///
/// Both functions are recorded, `on_true` first; one is run.
///
/// ```
/// # use pullback::{Array, ArrayExt, flat};
/// let x = [Array::from(3.0)];
/// let pred = x[0].gt(&0.into());
/// let y = flat::cond(&pred, &mut |x| Ok(vec![&x[0] * 2]), &mut |x| Ok(vec![-&x[0]]), &x)?;
/// assert_eq!(y[0], 6.0);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If `pred` is not a scalar, or the results of both differ in type; and those of the functions.
pub fn cond(
    pred: &Array,
    on_true: &mut Branch<'_>,
    on_false: &mut Branch<'_>,
    operands: &[Array],
) -> Result<Vec<Array>> {
    if pred.rank() != 0 {
        let message = format!("pred must be a scalar, got one of type {}", pred.aval());
        return Err(Error::type_error("cond", message));
    }
    let holds = match pred.dtype() {
        DType::Bool => pred.clone(),
        _ => lax::ne(pred, &lax::number(0.0, pred))?,
    };
    let index = lax::convert_element_type(&holds, DType::I32)?;
    // Messages name the true branch first, as the call does; index 0 is the false one.
    let mut programs = recorded("cond", &mut [on_true, on_false], operands)?;
    programs.swap(0, 1);
    bound(&index, programs, operands)
}

/// The results of the function that `index` says, an integer scalar; it is clamped to those there
/// are.
///
/// ```
/// # use pullback::{Array, flat};
/// let x = [Array::from(3)];
/// let y = flat::switch(&9.into(), &mut [&mut |x| Ok(vec![-&x[0]]), &mut |x| Ok(x.to_vec())], &x)?;
/// assert_eq!(y[0], 3);
/// # Ok::<(), pullback::Error>(())
/// ```
///
/// # Errors
/// If there is no function, the index is not an integer scalar, or the results differ in type; and
/// those of the functions.
pub fn switch(
    index: &Array,
    branches: &mut [&mut Branch<'_>],
    operands: &[Array],
) -> Result<Vec<Array>> {
    if branches.is_empty() {
        return Err(Error::value_error("switch", "the sequence of branches is empty"));
    }
    if index.rank() != 0 || !index.dtype().is_integer() {
        let message = format!("the index must be an integer scalar, got {}", index.aval());
        return Err(Error::type_error("switch", message));
    }
    let index = lax::convert_element_type(index, DType::I32)?;
    let last = Array::scalar(branches.len() as i32 - 1);
    let index = lax::clamp(&Array::scalar(0i32), &index, &last)?;
    let programs = recorded("switch", branches, operands)?;
    bound(&index, programs, operands)
}

/// The programs of the functions, whose results agree in type but for weak ones.
fn recorded(
    name: &str,
    branches: &mut [&mut Branch<'_>],
    operands: &[Array],
) -> Result<Vec<Staged>> {
    let types = avals(operands);
    let programs = branches.iter_mut().map(|f| stage(&types, f)).collect::<Result<Vec<_>>>()?;
    let first = programs[0].jaxpr.output_avals();
    for (at, other) in programs.iter().enumerate().skip(1) {
        let (a, b) = match name {
            "cond" => ("true_fun".to_string(), "false_fun".to_string()),
            _ => ("branch 0".to_string(), format!("branch {at}")),
        };
        let others = other.jaxpr.output_avals();
        if others.len() != first.len() {
            return Err(Error::type_error(
                name,
                format!(
                    "branches must give equally many results, but {a} gives {} and {b} {}",
                    first.len(),
                    others.len()
                ),
            ));
        }
        for (x, y) in first.iter().zip(&others) {
            if x.shape != y.shape || x.dtype != y.dtype && !(x.weak || y.weak) {
                return Err(Error::type_error(
                    name,
                    format!(
                        "branches must have equal output types but they differ: the output of {a} \
                         has type {} but the corresponding output of {b} has type {}",
                        shown(x),
                        shown(y)
                    ),
                ));
            }
        }
    }
    Ok(programs)
}

fn bound(index: &Array, mut programs: Vec<Staged>, operands: &[Array]) -> Result<Vec<Array>> {
    unify(&mut programs)?;
    let (jaxprs, captured) = with_common_inputs(programs);
    let inputs: Vec<&Array> = captured.iter().chain(operands).collect();
    Ok(bind_cond(index, &jaxprs, &inputs)?.into_vec())
}

/// Gives the results of all programs one type each: what a branch gives weakly is converted.
fn unify(programs: &mut [Staged]) -> Result<()> {
    let all: Vec<Vec<Aval>> = programs.iter().map(|p| p.jaxpr.output_avals()).collect();
    let mut targets = vec![];
    for at in 0..all[0].len() {
        let types: Vec<(DType, bool)> = all.iter().map(|a| (a[at].dtype, a[at].weak)).collect();
        targets.push(promote::result_type("cond", &types)?);
    }
    for (program, own) in programs.iter_mut().zip(&all) {
        if own.iter().zip(&targets).all(|(aval, target)| aval.dtype == target.0) {
            continue;
        }
        let inner = &program.jaxpr;
        program.jaxpr = stage(&inner.input_avals(), |x| {
            let results = inner.eval_all(x)?;
            let typed = results.iter().zip(&targets);
            typed.map(|(y, &(dtype, weak))| promote::to_type(y, dtype, weak)).collect()
        })?
        .jaxpr;
    }
    Ok(())
}

/// The programs with the same leading inputs: what any of them closes over.
fn with_common_inputs(programs: Vec<Staged>) -> (Vec<JaxprRef>, Vec<Array>) {
    let place = |all: &[Array], array: &Array| all.iter().position(|other| same(other, array));
    let mut captured: Vec<Array> = vec![];
    for array in programs.iter().flat_map(|program| &program.captured) {
        if place(&captured, array).is_none() {
            captured.push(array.clone());
        }
    }
    let jaxprs = programs
        .into_iter()
        .map(|program| {
            let mut jaxpr: Jaxpr = program.jaxpr;
            let args = jaxpr.inputs.split_off(program.captured.len());
            let mine = std::mem::take(&mut jaxpr.inputs);
            let mut inputs = vec![];
            for array in &captured {
                inputs.push(match place(&program.captured, array) {
                    Some(at) => mine[at],
                    None => jaxpr.new_var(array.aval()),
                });
            }
            inputs.extend(args);
            jaxpr.inputs = inputs;
            jaxpr.into()
        })
        .collect();
    (jaxprs, captured)
}
