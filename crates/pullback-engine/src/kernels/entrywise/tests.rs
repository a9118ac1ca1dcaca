//! Entries are computed by code, where there is any, and as the steps compute them.

use super::*;
use crate::dtype::DType;
use crate::isa::forced;
use crate::kernels::fold::Fold;
use crate::kernels::parts::tests::on_any_number_of_threads;
use crate::kernels::view::View;
use crate::plan::PlanBuilder;
use crate::tile::{ProgramBuilder, ScalarOp};

fn waves(shape: &[usize]) -> Tensor {
    let values: Vec<f32> = (0..layout::count(shape)).map(|n| (n as f32 * 0.37).sin()).collect();
    Tensor::from_slice(&values, shape).unwrap()
}

/// `exp(x) / sum(exp(x))` along the last of two axes.
fn normalised(rows: usize, length: usize) -> Plan {
    let mut plan = PlanBuilder::new();
    let x = plan.input();
    let mut program = ProgramBuilder::new();
    let value = program.input(DType::F32);
    let exp = program.op(ScalarOp::Exp, &[value]);
    let ops = vec![None, Some(ReduceOp::Sum)];
    let shape: Shape = [rows, length].into_iter().collect();
    let fold = Fold::new(program.finish(&[exp, exp]), shape.clone(), [1][..].into(), ops);
    let folded = plan.kernel(fold, &[x], 2);
    let repeated = View::Broadcast { shape: shape.clone(), axes: [0][..].into() };
    let sums = plan.kernel1(repeated, &[folded[1]]);
    let mut program = ProgramBuilder::new();
    let (a, b) = (program.input(DType::F32), program.input(DType::F32));
    let quotient = program.op(ScalarOp::Div, &[a, b]);
    let result = plan.elementwise(program.finish(&[quotient]), &[folded[0], sums], &shape, 1);
    plan.finish(&[result[0], folded[1]])
}

/// What code gives, on any number of threads; what the steps give.
fn both(kernel: &Entrywise, x: &Tensor) -> Option<[Vec<Vec<u8>>; 2]> {
    let bytes = |results: Tensors| -> Vec<Vec<u8>> {
        results.iter().map(|y| y.contiguous().unwrap().bytes().unwrap().to_vec()).collect()
    };
    let sources = [kernel.source(x).unwrap()];
    let run = || match kernel.row {
        Some(length) => kernel.run_rows(&sources, length).unwrap(),
        None => kernel.run_lanes(&sources).unwrap(),
    };
    // Code is made once that has paid.
    assert!((0..1000).any(|_| run().is_some()), "there is code for these steps");
    let code = on_any_number_of_threads(|| bytes(run().expect("it is kept")));
    let steps = bytes(kernel.whole.run([x.clone()].into_iter().collect()).unwrap());
    Some([code, steps])
}

#[test]
fn rows_are_computed_by_code() {
    forced::for_each(|_| {
        for (rows, length) in [(1, 1100), (300, 100), (70, 1500), (1000, 33)] {
            let plans = [normalised(rows, length), normalised(1, length)];
            let lead = [rows][..].into();
            let kernel = Entrywise::new(plans, lead, Some(length), vec![None, None], 0);
            if let Some([code, steps]) = both(&kernel, &waves(&[rows, length])) {
                assert!(code == steps, "{rows} rows of {length}");
            }
        }
    });
}

#[test]
fn entries_of_few_elements_are_computed_by_code() {
    forced::for_each(|_| {
        for (entries, width) in [(1031, 4), (2000, 3), (100_000, 5)] {
            let plans = [normalised(entries, width), normalised(1, width)];
            let lead = [entries][..].into();
            let kernel = Entrywise::new(plans, lead, None, vec![None, None], 0);
            if let Some([code, steps]) = both(&kernel, &waves(&[entries, width])) {
                assert!(code == steps, "{entries} entries of {width}");
            }
        }
    });
}
