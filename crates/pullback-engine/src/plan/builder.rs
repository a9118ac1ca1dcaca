//! Builds a plan step by step.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{Plan, Slot, Step, Use, Work, draws};
use crate::cost::{TensorType, TensorTypes};
use crate::kernels::Kernel;
use crate::layout::Shape;
use crate::tensor::Tensor;
use crate::tile::Program;

/// A plan under construction.
#[derive(Default)]
pub struct PlanBuilder {
    types: Vec<Option<TensorType>>,
    inputs: Vec<Slot>,
    constants: Vec<(Slot, Tensor)>,
    steps: Vec<Step>,
}

impl PlanBuilder {
    /// A plan without inputs and steps.
    pub fn new() -> PlanBuilder {
        PlanBuilder::default()
    }

    fn fresh(&mut self) -> Slot {
        self.types.push(None);
        Slot(self.types.len() as u32 - 1)
    }

    /// Says what is known of a value: what plans say of themselves depends on it.
    pub fn describe(&mut self, slot: Slot, known: TensorType) {
        self.types[slot.0 as usize] = Some(known);
    }

    /// A further input of the plan.
    pub fn input(&mut self) -> Slot {
        let slot = self.fresh();
        self.inputs.push(slot);
        slot
    }

    /// A value known beforehand.
    pub fn constant(&mut self, value: Tensor) -> Slot {
        let slot = self.fresh();
        self.describe(slot, TensorType::new(value.dtype(), value.shape()));
        self.constants.push((slot, value));
        slot
    }

    /// The value of a slot, if it is known beforehand.
    pub fn known(&self, slot: Slot) -> Option<&Tensor> {
        let at = self.constants.binary_search_by_key(&slot, |(slot, _)| *slot).ok()?;
        Some(&self.constants[at].1)
    }

    /// An elementwise program; every input has the shape given, or rank 0.
    pub fn elementwise(
        &mut self,
        program: Program,
        inputs: &[Slot],
        shape: &[usize],
        outputs: usize,
    ) -> SmallVec<[Slot; 2]> {
        self.shared(Arc::new(program), inputs, shape, outputs)
    }

    /// An elementwise program that other plans may have too.
    pub fn shared(
        &mut self,
        program: Arc<Program>,
        inputs: &[Slot],
        shape: &[usize],
        outputs: usize,
    ) -> SmallVec<[Slot; 2]> {
        self.step(Work::Tile { program, shape: Shape::from(shape) }, inputs, outputs)
    }

    /// A kernel with as many outputs as given.
    pub fn kernel(
        &mut self,
        kernel: impl Kernel + 'static,
        inputs: &[Slot],
        outputs: usize,
    ) -> SmallVec<[Slot; 2]> {
        self.step(Work::Kernel(Arc::new(kernel)), inputs, outputs)
    }

    /// A kernel with one output.
    pub fn kernel1(&mut self, kernel: impl Kernel + 'static, inputs: &[Slot]) -> Slot {
        self.kernel(kernel, inputs, 1)[0]
    }

    fn step(&mut self, work: Work, inputs: &[Slot], outputs: usize) -> SmallVec<[Slot; 2]> {
        let slots: SmallVec<[Slot; 2]> = (0..outputs).map(|_| self.fresh()).collect();
        for (&slot, known) in slots.iter().zip(self.inferred(&work, inputs).unwrap_or_default()) {
            self.describe(slot, known);
        }
        self.steps.push(Step {
            work,
            inputs: inputs.iter().map(|&slot| Use { slot, last: false }).collect(),
            outputs: slots.iter().map(|&slot| Some(slot)).collect(),
        });
        slots
    }

    /// The types of the results of a step, as far as it knows them.
    fn inferred(&self, work: &Work, inputs: &[Slot]) -> Option<TensorTypes> {
        match work {
            Work::Tile { program, shape } => {
                let outputs = program.outputs().iter();
                Some(outputs.map(|&dtype| TensorType { dtype, shape: shape.clone() }).collect())
            }
            Work::Kernel(kernel) => {
                let known = inputs.iter().map(|slot| self.types[slot.0 as usize].clone());
                kernel.infer(&known.collect::<Option<TensorTypes>>()?)
            }
        }
    }

    /// The plan that returns the slots given.
    pub fn finish(self, outputs: &[Slot]) -> Plan {
        let PlanBuilder { types, inputs, constants, mut steps } = self;
        draws::put_within(&mut steps, &types, outputs);
        let slots = types.len();
        let mut needed = vec![false; slots];
        for slot in outputs {
            needed[slot.0 as usize] = true;
        }
        for step in steps.iter_mut().rev() {
            for output in &mut step.outputs {
                if output.is_some_and(|slot| !needed[slot.0 as usize]) {
                    *output = None;
                }
            }
            for i in (0..step.inputs.len()).rev() {
                let slot = step.inputs[i].slot.0 as usize;
                step.inputs[i].last = !std::mem::replace(&mut needed[slot], true);
            }
        }
        // Constants belong to the plan, and are there for its next run.
        for step in &mut steps {
            for operand in &mut step.inputs {
                if constants.binary_search_by_key(&operand.slot, |(slot, _)| *slot).is_ok() {
                    operand.last = false;
                }
            }
        }
        let is_one_step = match &steps[..] {
            [step] => {
                constants.is_empty()
                    && step.inputs.iter().map(|operand| &operand.slot).eq(&inputs)
                    && step.inputs.iter().all(|operand| operand.last)
                    && step.outputs.iter().copied().eq(outputs.iter().copied().map(Some))
            }
            _ => false,
        };
        Plan { slots, types, inputs, constants, steps, outputs: outputs.to_vec(), is_one_step }
    }
}
