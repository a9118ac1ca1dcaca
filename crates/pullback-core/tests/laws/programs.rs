//! A recorded program computes what its operation does, and its text reads back.

use pullback_core::jaxpr::{self, check, parse, reference::eval_reference, stage};
use pullback_core::primitives::Sample;
use pullback_core::{Array, Aval, Jaxpr, Result};

use crate::support::{Outcome, apply, bytes, for_each_sample, say};

fn program(sample: &Sample) -> Result<Jaxpr> {
    let staged: jaxpr::Staged = stage(&sample.avals(), |x| apply(sample, x))?;
    assert!(staged.captured.is_empty());
    Ok(staged.jaxpr)
}

fn run_plan(jaxpr: &Jaxpr, x: &[Array]) -> Result<Vec<Array>> {
    let tensors = x.iter().map(|x| x.tensor().expect("a concrete array").clone()).collect();
    Ok(jaxpr.plan()?.run(tensors)?.into_iter().map(Array::new).collect())
}

fn same(what: &str, given: &[Array], expected: &[Array]) -> std::result::Result<(), String> {
    for (given, expected) in given.iter().zip(expected) {
        if given.aval() != expected.aval() || bytes(given) != bytes(expected) {
            return Err(format!("{what} gives {given:?}, evaluation {expected:?}"));
        }
    }
    match given.len() == expected.len() {
        true => Ok(()),
        false => Err(format!("{what} gives {} results", given.len())),
    }
}

#[test]
fn a_plan_computes_what_evaluation_does() {
    for_each_sample(|sample| {
        let x = sample.arrays(21).map_err(say)?;
        let expected = apply(sample, &x).map_err(say)?;
        let jaxpr = program(sample).map_err(say)?;
        check(&jaxpr).map_err(say)?;
        let operands: Vec<&Array> = x.iter().collect();
        same("the reference", &eval_reference(&jaxpr, &operands).map_err(say)?, &expected)?;
        same("the plan", &run_plan(&jaxpr, &x).map_err(say)?, &expected)?;
        Ok(Outcome::Holds)
    });
}

#[test]
fn a_plan_knows_its_values_and_says_what_they_cost() {
    for_each_sample(|sample| {
        let jaxpr = program(sample).map_err(say)?;
        let plan = jaxpr.plan().map_err(say)?;
        let text = plan.text(None);
        if !plan.is_described() {
            return Err(format!("the type of a value is not known:\n{text}"));
        }
        let (cost, memory) = (plan.cost(), plan.memory());
        if ![cost.flops, cost.transcendentals, cost.bytes].iter().all(|x| *x >= 0.0) {
            return Err(format!("{cost:?}\n{text}"));
        }
        let bytes = |avals: &[Aval]| -> usize {
            avals.iter().map(|aval| aval.count() * aval.dtype.size()).sum()
        };
        let (inputs, outputs) = (bytes(&jaxpr.input_avals()), bytes(&jaxpr.output_avals()));
        let least = inputs + outputs - memory.aliased;
        match (memory.arguments, memory.outputs) == (inputs, outputs) && memory.peak >= least {
            true => Ok(Outcome::Holds),
            false => Err(format!("{memory:?}\n{text}")),
        }
    });
}

#[test]
fn the_text_of_a_program_reads_back() {
    for_each_sample(|sample| {
        let text = program(sample).map_err(say)?.to_string();
        let again = parse(&text).map_err(|error| format!("{error}\n{text}"))?;
        check(&again).map_err(say)?;
        if again.to_string() != text {
            return Err(format!("{text}\nis read as\n{again}"));
        }
        // Nested programs are equal only if they are one.
        let nested = !sample.op.primitive().jaxprs().is_empty();
        match nested || again.eqns.first().map(|eqn| &eqn.op) == Some(&sample.op) {
            true => Ok(Outcome::Holds),
            false => Err(format!("{text}\nis read as {:?}", again.eqns.first())),
        }
    });
}
