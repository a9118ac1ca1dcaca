//! `einsum`: sums of products, as a line of axis names says.
//!
//! Each operand is first reduced on its own: axes named twice become diagonals, and axes that
//! nobody else has are summed. Then two operands at a time are multiplied, always the pair that
//! leaves the least behind; `optimize` makes no difference.

use pullback_core::primitives::reduction::dot_general::DotDims;
use pullback_core::primitives::rules as lax;
use pullback_core::{Array, DType, Error, Result, promote};
use pullback_macros::api;
use rustc_hash::FxHashMap;

use super::common::select;
use crate::api::ApiFn;

/// The functions of this module.
pub(crate) static FUNCTIONS: &[&ApiFn] = &[&EINSUM_API];

/// The name of an axis. Those that an ellipsis stands for count from its end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
enum Name {
    Ellipsis(usize),
    Letter(char),
}

/// The sum of products of the operands: axes of one name run together, and those that the
/// result does not have are summed over.
///
/// `"ij,jk->ik"` is the product of matrices, `"ii->i"` a diagonal, `"...i->..."` a sum over the
/// last axis. Without an arrow the result has the axes named once, in alphabetical order.
///
/// ```
/// # use pullback::{Array, numpy as jnp};
/// let (a, x) = (Array::from([[1, 2], [3, 4]]), Array::from([1, 10]));
/// assert_eq!(jnp::einsum("ij,j->i", &[a.clone(), x], None)?, Array::from([21, 43]));
/// assert_eq!(jnp::einsum("ii", &[a], None)?, 5);
/// # Ok::<(), pullback::Error>(())
/// ```
#[api(
    variadic(operands),
    keyword_only(preferred_element_type),
    ignored(out, optimize, precision, _dot_general, out_sharding)
)]
pub fn einsum(
    subscripts: &str,
    operands: &[Array],
    preferred_element_type: Option<DType>,
) -> Result<Array> {
    let (inputs, output) = parse(subscripts, operands)?;
    let references: Vec<&Array> = operands.iter().collect();
    let (dtype, weak) = promote::result_type_of("einsum", &references)?;
    let product_type = preferred_element_type.map_or(dtype, promote::canonical);
    // Truth values are counted, as `any` of `and`.
    let counted = dtype == DType::Bool;
    let mut terms = vec![];
    let sizes = sizes(subscripts, &inputs, operands)?;
    let computed = if counted { promote::default_int() } else { dtype };
    for (names, x) in inputs.into_iter().zip(operands) {
        let x = promote::to_type(x, dtype, weak)?;
        let x = if counted { lax::convert_element_type(&x, computed)? } else { x };
        terms.push(without_repeats(names, &x, &sizes)?);
    }
    for at in 0..terms.len() {
        sum_alone(&mut terms, at, &output)?;
    }
    while terms.len() > 1 {
        let (i, j) = cheapest_pair(&terms, &output, &sizes);
        let y = terms.remove(j);
        let x = terms.remove(i);
        let needed = |name: &Name| {
            output.contains(name) || terms.iter().any(|term| term.names.contains(name))
        };
        let out = if terms.is_empty() && !counted { product_type } else { computed };
        let product = contract(&x, &y, needed, out)?;
        terms.push(product);
    }
    let Some(result) = terms.pop() else {
        return Err(Error::value_error("einsum", "needs at least one operand"));
    };
    let permutation: Vec<usize> =
        output.iter().filter_map(|name| result.names.iter().position(|n| n == name)).collect();
    let y = lax::transpose(&result.array, &permutation)?;
    let weak = weak && preferred_element_type.is_none();
    if counted {
        return lax::convert_element_type(
            &lax::ne(&y, &super::common::number(0.0, &y))?,
            product_type,
        );
    }
    pullback_core::primitives::nary::convert_element_type::convert(&y, product_type, weak)
}

struct Term {
    names: Vec<Name>,
    array: Array,
}

fn invalid(message: impl Into<String>) -> Error {
    Error::value_error("einsum", message)
}

/// The names of the axes of each operand, and of the result.
fn parse(subscripts: &str, operands: &[Array]) -> Result<(Vec<Vec<Name>>, Vec<Name>)> {
    let text: String = subscripts.chars().filter(|c| !c.is_whitespace()).collect();
    let (inputs, output) = match text.split_once("->") {
        Some((inputs, output)) => (inputs, Some(output)),
        None => (&text[..], None),
    };
    let inputs: Vec<&str> = inputs.split(',').collect();
    if inputs.len() != operands.len() {
        return Err(invalid(format!(
            "'{subscripts}' names {} operands, but {} were given",
            inputs.len(),
            operands.len()
        )));
    }
    let mut longest = 0;
    let mut names = vec![];
    for (input, x) in inputs.iter().zip(operands) {
        let letters = input.chars().filter(|c| *c != '.').count();
        let dots = input.contains('.');
        let rest = x.rank().checked_sub(letters).filter(|&rest| dots || rest == 0);
        let Some(rest) = rest else {
            return Err(invalid(format!(
                "'{input}' does not name the axes of an operand of type {}",
                x.aval()
            )));
        };
        longest = longest.max(rest);
        names.push(expand(input, rest)?);
    }
    let output = match output {
        Some(output) => expand(output, longest)?,
        None => {
            let mut all: Vec<Name> = names.iter().flatten().copied().collect();
            all.sort_unstable();
            let once = |name: &&Name| match name {
                Name::Ellipsis(_) => true,
                name => all.iter().filter(|other| other == name).count() == 1,
            };
            let mut once: Vec<Name> = all.iter().filter(once).copied().collect();
            once.dedup();
            // What the ellipsis stands for comes first, the farthest from its end in front.
            let (mut front, back): (Vec<Name>, Vec<Name>) =
                once.into_iter().partition(|name| matches!(name, Name::Ellipsis(_)));
            front.reverse();
            front.extend(back);
            front
        }
    };
    for (at, name) in output.iter().enumerate() {
        if output[..at].contains(name) {
            return Err(invalid(format!("the result of '{subscripts}' names an axis twice")));
        }
        if !names.iter().flatten().any(|other| other == name) {
            return Err(invalid(format!(
                "the result of '{subscripts}' names an axis that no operand has"
            )));
        }
    }
    if longest > 0 && names.iter().flatten().any(|n| matches!(n, Name::Ellipsis(_))) {
        let kept = (0..longest).all(|i| output.contains(&Name::Ellipsis(i)));
        if !kept {
            return Err(invalid(format!("the result of '{subscripts}' needs an ellipsis")));
        }
    }
    Ok((names, output))
}

/// The names in one term, whose ellipsis stands for `rest` axes.
fn expand(term: &str, rest: usize) -> Result<Vec<Name>> {
    let letters = |text: &str| -> Result<Vec<Name>> {
        text.chars()
            .map(|c| match c.is_alphabetic() {
                true => Ok(Name::Letter(c)),
                false => Err(invalid(format!("'{c}' is not the name of an axis"))),
            })
            .collect()
    };
    match term.split_once("...") {
        None => letters(term),
        Some((front, back)) => {
            let mut names = letters(front)?;
            names.extend((0..rest).rev().map(Name::Ellipsis));
            names.extend(letters(back)?);
            Ok(names)
        }
    }
}

/// The size of the axes of each name. An axis of size 1 goes with every other.
fn sizes(
    subscripts: &str,
    inputs: &[Vec<Name>],
    operands: &[Array],
) -> Result<FxHashMap<Name, usize>> {
    let mut sizes = FxHashMap::default();
    for (names, x) in inputs.iter().zip(operands) {
        for (&name, &size) in names.iter().zip(x.shape()) {
            let known = sizes.entry(name).or_insert(size);
            if *known == 1 {
                *known = size;
            } else if size != 1 && size != *known {
                return Err(invalid(format!(
                    "axes of one name in '{subscripts}' have sizes {known} and {size}"
                )));
            }
        }
    }
    Ok(sizes)
}

/// The operand with each name once: diagonals taken, and axes that would only be repeated
/// dropped.
fn without_repeats(names: Vec<Name>, x: &Array, sizes: &FxHashMap<Name, usize>) -> Result<Term> {
    let stretched: Vec<usize> = (0..names.len())
        .filter(|&axis| x.shape()[axis] == 1 && sizes.get(&names[axis]) != Some(&1))
        .collect();
    let mut array = lax::squeeze(x, &stretched)?;
    let mut names: Vec<Name> = names
        .into_iter()
        .enumerate()
        .filter(|(axis, _)| !stretched.contains(axis))
        .map(|(_, name)| name)
        .collect();
    let mut at = 0;
    while at < names.len() {
        match names[at + 1..].iter().position(|name| *name == names[at]) {
            None => at += 1,
            Some(offset) => {
                let other = at + 1 + offset;
                let iota = |axis| lax::iota(DType::I32, array.shape(), axis);
                let on = lax::eq(&iota(at)?, &iota(other)?)?;
                let zero = super::common::number(0.0, &array);
                array = lax::reduce_sum(&select(&on, &array, &zero)?, &[other])?;
                names.remove(other);
            }
        }
    }
    Ok(Term { names, array })
}

/// Sums over the axes of one term that neither the others nor the result have.
fn sum_alone(terms: &mut [Term], at: usize, output: &[Name]) -> Result<()> {
    let alone: Vec<usize> = (0..terms[at].names.len())
        .filter(|&axis| {
            let name = terms[at].names[axis];
            let elsewhere = terms
                .iter()
                .enumerate()
                .any(|(other, term)| other != at && term.names.contains(&name));
            !elsewhere && !output.contains(&name)
        })
        .collect();
    let term = &mut terms[at];
    term.array = lax::reduce_sum(&term.array, &alone)?;
    let names = std::mem::take(&mut term.names);
    let kept = names.into_iter().enumerate().filter(|(axis, _)| !alone.contains(axis));
    term.names = kept.map(|(_, name)| name).collect();
    Ok(())
}

/// The pair whose product is smallest compared with the two.
fn cheapest_pair(
    terms: &[Term],
    output: &[Name],
    sizes: &FxHashMap<Name, usize>,
) -> (usize, usize) {
    let count = |names: &[Name]| -> f64 {
        names.iter().map(|name| sizes.get(name).map_or(1.0, |&size| size as f64)).product()
    };
    let mut best = (f64::INFINITY, (0, 1));
    for j in 1..terms.len() {
        for i in 0..j {
            let mut left: Vec<Name> =
                terms[i].names.iter().chain(&terms[j].names).copied().collect();
            left.sort_unstable();
            left.dedup();
            left.retain(|name| {
                let others = terms.iter().enumerate().filter(|(at, _)| *at != i && *at != j);
                output.contains(name) || others.into_iter().any(|(_, t)| t.names.contains(name))
            });
            let cost = count(&left) - count(&terms[i].names) - count(&terms[j].names);
            if cost < best.0 {
                best = (cost, (i, j));
            }
        }
    }
    best.1
}

fn contract(x: &Term, y: &Term, needed: impl Fn(&Name) -> bool, dtype: DType) -> Result<Term> {
    let mut dims = DotDims::default();
    let mut names = vec![];
    for (i, name) in x.names.iter().enumerate() {
        let Some(j) = y.names.iter().position(|other| other == name) else { continue };
        if needed(name) {
            dims.lhs_batch.push(i);
            dims.rhs_batch.push(j);
            names.push(*name);
        } else {
            dims.lhs_contract.push(i);
            dims.rhs_contract.push(j);
        }
    }
    names.extend(x.names.iter().filter(|name| !y.names.contains(name)));
    names.extend(y.names.iter().filter(|name| !x.names.contains(name)));
    let array = lax::dot_general(&x.array, &y.array, dims, Some(dtype))?;
    Ok(Term { names, array })
}
