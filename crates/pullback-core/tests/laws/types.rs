//! The types that an operation predicts are those of its results.

use crate::support::{Outcome, apply, for_each_sample, say};

#[test]
fn predicted_types_are_the_real_ones() {
    for_each_sample(|sample| {
        let predicted = sample.op.primitive().infer(&sample.avals()).map_err(say)?;
        let results = apply(sample, &sample.arrays(1).map_err(say)?).map_err(say)?;
        let real: Vec<_> = results.iter().map(|y| y.aval()).collect();
        if predicted[..] != real[..] {
            return Err(format!("predicted {predicted:?}, got {real:?}"));
        }
        Ok(Outcome::Holds)
    });
}

#[test]
fn a_wrong_number_of_operands_is_an_error() {
    for_each_sample(|sample| {
        let mut avals = sample.avals();
        let Some(last) = avals.last().cloned() else { return Ok(Outcome::Silent) };
        // Some operations take any number of operands; none may panic.
        let _ = sample.op.primitive().infer(&[]);
        avals.push(last);
        let _ = sample.op.primitive().infer(&avals);
        Ok(Outcome::Holds)
    });
}
