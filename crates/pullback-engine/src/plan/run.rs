//! Runs the steps of a plan in order.

use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::{Plan, Slot, Step, Use, Work};
use crate::cost::{TensorType, TensorTypes};
use crate::error::Result;
use crate::interrupt;
use crate::kernels::Tensors;
use crate::native::Target;
use crate::profiler::{self, Argument};
use crate::tensor::Tensor;

pub(super) fn run(plan: &Plan, inputs: Tensors) -> Result<Tensors> {
    if profiler::is_on() {
        return run_with(plan, inputs, recorded);
    }
    if plan.is_one_step {
        // As calls of single operations and of small functions are, which this makes cheaper.
        assert_eq!(inputs.len(), plan.inputs.len(), "inputs of a plan");
        interrupt::check()?;
        return plan.steps[0].run(inputs);
    }
    run_with(plan, inputs, Step::run)
}

pub(super) fn run_few(plan: &Plan, inputs: &[Tensor], outputs: &mut Tensors) -> Result<bool> {
    if !plan.is_one_step || profiler::is_on() {
        return Ok(false);
    }
    let Work::Tile { program, shape } = &plan.steps[0].work else { return Ok(false) };
    assert_eq!(inputs.len(), plan.inputs.len(), "inputs of a plan");
    interrupt::check()?;
    program.run_few(inputs, shape, outputs)
}

pub(super) fn run_timed(plan: &Plan, inputs: Tensors) -> Result<(Tensors, Vec<Duration>)> {
    let mut times = Vec::with_capacity(plan.steps.len());
    let outputs = run_with(plan, inputs, |step, operands| {
        let start = Instant::now();
        let results = step.run(operands);
        times.push(start.elapsed());
        results
    })?;
    Ok((outputs, times))
}

/// Runs the steps, each by `run_step`.
#[inline(always)]
fn run_with(
    plan: &Plan,
    inputs: Tensors,
    mut run_step: impl FnMut(&Step, Tensors) -> Result<Tensors>,
) -> Result<Tensors> {
    let mut values = Values::new(plan, inputs);
    for step in &plan.steps {
        let operands = values.operands(step)?;
        values.fill(step, run_step(step, operands)?);
    }
    Ok(values.outputs())
}

/// The values of slots.
struct Values<'a> {
    plan: &'a Plan,
    slots: SmallVec<[Option<Tensor>; 16]>,
}

impl<'a> Values<'a> {
    #[inline(always)]
    fn new(plan: &'a Plan, inputs: Tensors) -> Values<'a> {
        assert_eq!(inputs.len(), plan.inputs.len(), "inputs of a plan");
        let mut slots: SmallVec<[Option<Tensor>; 16]> = SmallVec::new();
        slots.resize(plan.slots, None);
        for (slot, value) in plan.inputs.iter().zip(inputs) {
            slots[slot.0 as usize] = Some(value);
        }
        for (slot, value) in &plan.constants {
            slots[slot.0 as usize] = Some(value.clone());
        }
        Values { plan, slots }
    }

    /// The operands of a step, which is the next one.
    #[inline(always)]
    fn operands(&mut self, step: &Step) -> Result<Tensors> {
        interrupt::check()?;
        let operand = |operand: &Use| {
            let slot = &mut self.slots[operand.slot.0 as usize];
            let value = if operand.last { slot.take() } else { slot.clone() };
            value.expect("a slot is filled before it is read")
        };
        Ok(step.inputs.iter().map(operand).collect())
    }

    #[inline(always)]
    fn fill(&mut self, step: &Step, results: Tensors) {
        let plan = self.plan;
        debug_assert_eq!(results.len(), step.outputs.len(), "{plan:?}");
        for (slot, value) in step.outputs.iter().zip(results) {
            if let Some(slot) = slot {
                debug_assert!(plan.describes(*slot, &value), "{slot:?} is {value:?} in {plan:?}");
                self.slots[slot.0 as usize] = Some(value);
            }
        }
    }

    #[inline(always)]
    fn outputs(&self) -> Tensors {
        let output = |slot: &Slot| {
            self.slots[slot.0 as usize].clone().expect("an output of a plan is filled")
        };
        self.plan.outputs.iter().map(output).collect()
    }
}

impl Plan {
    /// Computes the outputs where `targets` say, as rows of those, if the last step can; or else
    /// returns them.
    ///
    /// # Safety
    /// The targets are memory that may be written, and that nothing else reads or writes
    /// meanwhile.
    pub(crate) unsafe fn run_rows_into(
        &self,
        inputs: Tensors,
        targets: &[Target],
    ) -> Result<Option<Tensors>> {
        let Some((last, steps)) = self.steps.split_last() else {
            return self.run(inputs).map(Some);
        };
        let is_all = || {
            let mut seen = SmallVec::<[Slot; 4]>::new();
            last.outputs.iter().zip(&self.outputs).all(|(own, output)| {
                let is_new = !seen.contains(output);
                seen.push(*output);
                is_new && *own == Some(*output)
            }) && last.outputs.len() == self.outputs.len()
        };
        let Work::Tile { program, shape } = &last.work else {
            return self.run(inputs).map(Some);
        };
        if profiler::is_on() || !is_all() {
            return self.run(inputs).map(Some);
        }
        let mut values = Values::new(self, inputs);
        for step in steps {
            let operands = values.operands(step)?;
            values.fill(step, step.run(operands)?);
        }
        let operands = values.operands(last)?;
        // SAFETY: the caller says so of the targets.
        if unsafe { program.run_rows_into(&operands, shape, targets) } {
            return Ok(None);
        }
        values.fill(last, last.run(operands)?);
        Ok(Some(values.outputs()))
    }

    /// Whether a value is what is known of a slot, if anything is.
    fn describes(&self, slot: Slot, value: &Tensor) -> bool {
        let known = self.types[slot.0 as usize].as_ref();
        known.is_none_or(|known| *known == TensorType::new(value.dtype(), value.shape()))
    }
}

impl Step {
    fn run(&self, operands: Tensors) -> Result<Tensors> {
        match &self.work {
            Work::Tile { program, shape } => program.run(operands, shape),
            Work::Kernel(kernel) => kernel.run(operands),
        }
    }
}

/// Runs a step, and records it for the profiler.
fn recorded(step: &Step, operands: Tensors) -> Result<Tensors> {
    let types = |tensors: &Tensors| -> TensorTypes {
        tensors.iter().map(|x| TensorType::new(x.dtype(), x.shape())).collect()
    };
    let inputs = types(&operands);
    let start = profiler::now();
    let results = step.run(operands)?;
    // Before anything else is done that takes time.
    let end = profiler::now();
    let outputs = types(&results);
    let cost = step.cost(&inputs, &outputs);
    let list = |types: &TensorTypes| {
        Argument::Text(types.iter().map(TensorType::to_string).collect::<Vec<_>>().join(" "))
    };
    let arguments = vec![
        ("inputs".into(), list(&inputs)),
        ("outputs".into(), list(&outputs)),
        ("flops".into(), Argument::Number(cost.flops)),
        ("transcendentals".into(), Argument::Number(cost.transcendentals)),
        ("bytes".into(), Argument::Number(cost.bytes)),
    ];
    profiler::record("step", step.describe(), [start, end], arguments);
    Ok(results)
}
