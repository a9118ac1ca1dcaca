//! Runs the steps of a plan in order.

use smallvec::SmallVec;

use super::{Plan, Work};
use crate::error::Result;
use crate::interrupt;
use crate::kernels::Tensors;
use crate::tensor::Tensor;

pub(super) fn run(plan: &Plan, inputs: Tensors) -> Result<Tensors> {
    assert_eq!(inputs.len(), plan.inputs.len(), "inputs of a plan");
    let mut slots: SmallVec<[Option<Tensor>; 16]> = SmallVec::new();
    slots.resize(plan.slots, None);
    for (slot, value) in plan.inputs.iter().zip(inputs) {
        slots[slot.0 as usize] = Some(value);
    }
    for (slot, value) in &plan.constants {
        slots[slot.0 as usize] = Some(value.clone());
    }
    for step in &plan.steps {
        interrupt::check()?;
        let operands: Tensors = step
            .inputs
            .iter()
            .map(|operand| {
                let slot = &mut slots[operand.slot.0 as usize];
                let value = if operand.last { slot.take() } else { slot.clone() };
                value.expect("a slot is filled before it is read")
            })
            .collect();
        let results = match &step.work {
            Work::Tile { program, shape } => program.run(operands, shape)?,
            Work::Kernel(kernel) => kernel.run(operands)?,
        };
        debug_assert_eq!(results.len(), step.outputs.len(), "{:?}", plan);
        for (slot, value) in step.outputs.iter().zip(results) {
            if let Some(slot) = slot {
                slots[slot.0 as usize] = Some(value);
            }
        }
    }
    let output =
        |slot: &super::Slot| slots[slot.0 as usize].clone().expect("an output of a plan is filled");
    Ok(plan.outputs.iter().map(output).collect())
}
