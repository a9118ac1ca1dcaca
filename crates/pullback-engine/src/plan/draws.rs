//! Random bits that one program alone reads are drawn where it needs them.

use std::sync::Arc;

use super::{Slot, Step, Work};
use crate::cost::TensorType;
use crate::kernels::Form;
use crate::kernels::drawn::Drawn;
use crate::kernels::random::RandomBits;

/// Puts the drawing of bits into the one program that reads them, where each element of it needs
/// one of them.
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
