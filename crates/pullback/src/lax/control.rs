//! Loops over flat lists of arrays, for functions that need one.

use pullback_core::engine::plan::ScanLength;
use pullback_core::jaxpr::stage;
use pullback_core::primitives::control::scan::{Scan, scan as bind_scan};
use pullback_core::primitives::control::while_loop::{While, while_loop as bind_while};
use pullback_core::{Array, Aval, Result};

/// Repeats `body` as long as `cond` holds. Neither changes the types of the arrays.
pub(crate) fn while_loop(
    init: &[Array],
    cond: impl FnOnce(&[Array]) -> Result<Array>,
    body: impl FnOnce(&[Array]) -> Result<Vec<Array>>,
) -> Result<Vec<Array>> {
    let avals: Vec<Aval> = init.iter().map(Array::aval).collect();
    let cond = stage(&avals, |x| Ok(vec![cond(x)?]))?;
    let body = stage(&avals, body)?;
    let op = While {
        cond: cond.jaxpr.into(),
        body: body.jaxpr.into(),
        cond_consts: cond.captured.len(),
        body_consts: body.captured.len(),
        record: 0,
    };
    let operands: Vec<&Array> = cond.captured.iter().chain(&body.captured).chain(init).collect();
    Ok(bind_while(op, &operands)?.into_vec())
}

/// Repeats `body` over the entries of arrays along their first axis: it takes what is carried and
/// one entry of each, and gives what is carried on and what is collected.
pub(crate) fn scan(
    init: &[Array],
    xs: &[Array],
    length: usize,
    body: impl FnOnce(&[Array], &[Array]) -> Result<(Vec<Array>, Vec<Array>)>,
) -> Result<(Vec<Array>, Vec<Array>)> {
    let entry = |x: &Array| {
        let mut aval = x.aval();
        aval.shape.remove(0);
        aval
    };
    let avals: Vec<Aval> = init.iter().map(Array::aval).chain(xs.iter().map(entry)).collect();
    let carry = init.len();
    let body = stage(&avals, |x| {
        let (mut next, collected) = body(&x[..carry], &x[carry..])?;
        next.extend(collected);
        Ok(next)
    })?;
    let op = Scan {
        jaxpr: body.jaxpr.into(),
        consts: body.captured.len(),
        carry,
        length: ScanLength::Fixed(length),
        reverse: false,
    };
    let operands: Vec<&Array> = body.captured.iter().chain(init).chain(xs).collect();
    let mut results = bind_scan(op, &operands)?.into_vec();
    let collected = results.split_off(carry);
    Ok((results, collected))
}
