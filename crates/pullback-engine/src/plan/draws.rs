//! Random bits that one program alone reads are drawn where it needs them.

use std::sync::Arc;

use super::{Slot, Step, Work};
use crate::cost::TensorType;
use crate::kernels::Form;
use crate::kernels::drawn::Drawn;
use crate::kernels::random::RandomBits;

/// Puts the drawing of bits into the one program that reads them, where each element of it needs
/// one of them.
///
/// A program that divides integers of 64 bits has no code, and takes longer to begin than parts are
/// worth.
pub(super) fn put_within(steps: &mut Vec<Step>, types: &[Option<TensorType>], outputs: &[Slot]) {
    let mut reads = vec![0; types.len()];
    let read = steps.iter().flat_map(|step| &step.inputs).map(|operand| &operand.slot);
    for slot in read.chain(outputs) {
        reads[slot.0 as usize] += 1;
    }
    // For each value that is drawn, the step that draws it.
    let mut drawn: Vec<Option<usize>> = vec![None; types.len()];
    for (at, step) in steps.iter().enumerate() {
        if let (Some(_), [Some(slot)]) = (draw(step), &step.outputs[..])
            && reads[slot.0 as usize] == 1
        {
            drawn[slot.0 as usize] = Some(at);
        }
    }
    let mut is_within = vec![false; steps.len()];
    for at in 0..steps.len() {
        let Work::Tile { program, shape } = &steps[at].work else { continue };
        if program.divides_wide_integers() {
            continue;
        }
        let mut draws: Vec<Option<RandomBits>> = vec![];
        let mut inputs = steps[at].inputs.clone();
        for operand in &mut inputs {
            let slot = operand.slot.0 as usize;
            let fits = types[slot].as_ref().is_some_and(|known| known.shape == *shape);
            draws.push(drawn[slot].filter(|_| fits).and_then(|by| {
                is_within[by] = true;
                operand.slot = steps[by].inputs[0].slot;
                draw(&steps[by]).cloned()
            }));
        }
        if draws.iter().any(Option::is_some) {
            let kernel = Drawn { program: program.clone(), shape: shape.clone(), draws };
            steps[at].work = Work::Kernel(Arc::new(kernel));
            steps[at].inputs = inputs;
        }
    }
    let mut at = 0..;
    steps.retain(|_| at.next().is_some_and(|at| !is_within[at]));
}

/// How a step draws bits, if that can be done part by part.
fn draw(step: &Step) -> Option<&RandomBits> {
    let Work::Kernel(kernel) = &step.work else { return None };
    match kernel.form() {
        Form::Draw(bits) if bits.partitionable => Some(bits),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use smallvec::smallvec;

    use super::*;
    use crate::dtype::{DType, Key};
    use crate::kernels::Kernel;
    use crate::plan::{Plan, PlanBuilder};
    use crate::tensor::Tensor;
    use crate::tile::{ProgramBuilder, ScalarOp};

    fn bits() -> RandomBits {
        RandomBits { bits: 32, shape: smallvec![1000], partitionable: true }
    }

    /// `bits + 1`, and the bits too if they are to be read by others.
    fn plan(others: bool) -> Plan {
        let mut plan = PlanBuilder::new();
        let key = plan.input();
        plan.describe(key, TensorType::new(DType::KeyThreefry, &[]));
        let drawn = plan.kernel1(bits(), &[key]);
        plan.describe(drawn, TensorType::new(DType::U32, &[1000]));
        let mut program = ProgramBuilder::new();
        let x = program.input(DType::U32);
        let one = program.constant(&Tensor::scalar(1u32));
        let sum = program.op(ScalarOp::Add, &[x, one]);
        let result = plan.elementwise(program.finish(&[sum]), &[drawn], &[1000], 1)[0];
        let outputs = [result, drawn];
        plan.finish(&outputs[..1 + usize::from(others)])
    }

    #[test]
    fn bits_are_drawn_within_the_one_program_that_reads_them() {
        let key = Tensor::scalar(Key([3, 4]));
        let words = bits().run(smallvec![key.clone()]).unwrap().remove(0).to_vec::<u32>();
        let sums: Vec<u32> = words.iter().map(|word| word.wrapping_add(1)).collect();
        for others in [false, true] {
            let plan = plan(others);
            assert_eq!(plan.steps.len(), 1 + usize::from(others));
            let results = plan.run(smallvec![key.clone()]).unwrap();
            assert_eq!(results[0].to_vec::<u32>(), sums);
            assert!(!others || results[1].to_vec::<u32>() == words);
        }
    }
}
