//! What the engine runs: steps over slots, each slot filled once by one step.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use crate::cost::TensorType;
use crate::error::Result;
use crate::kernels::{Kernel, Tensors};
use crate::layout::Shape;
use crate::tensor::Tensor;
use crate::tile::Program;

pub mod builder;
pub mod control;
mod draws;
mod report;
mod run;
#[cfg(test)]
mod tests;

pub use builder::PlanBuilder;
pub use control::{Cond, Host, HostFn, LoopCodes, Scan, ScanLength, While};
pub use report::Memory;

/// Names a value of one plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub(crate) u32);

/// A program of tensors, ready to run.
#[derive(Default)]
pub struct Plan {
    pub(crate) slots: usize,
    /// What is known of each slot.
    pub(crate) types: Vec<Option<TensorType>>,
    pub(crate) inputs: Vec<Slot>,
    pub(crate) constants: Vec<(Slot, Tensor)>,
    pub(crate) steps: Vec<Step>,
    pub(crate) outputs: Vec<Slot>,
    /// Whether the inputs are those of the one step, in order, and the outputs are its.
    pub(crate) is_one_step: bool,
}

/// One step of a plan.
#[derive(Clone)]
pub(crate) struct Step {
    pub(crate) work: Work,
    pub(crate) inputs: SmallVec<[Use; 4]>,
    pub(crate) outputs: SmallVec<[Option<Slot>; 2]>,
}

/// An operand of a step.
#[derive(Clone, Copy)]
pub(crate) struct Use {
    pub(crate) slot: Slot,
    /// Whether no later step needs the value, so that this one may overwrite it.
    pub(crate) last: bool,
}

/// What a step does.
#[derive(Clone)]
pub(crate) enum Work {
    /// An elementwise program over arrays of one shape.
    Tile {
        program: Arc<Program>,
        shape: Shape,
    },
    Kernel(Arc<dyn Kernel>),
}

impl Plan {
    /// The number of tensors that [`Plan::run`] takes.
    pub fn input_count(&self) -> usize {
        self.inputs.len()
    }

    /// Computes the outputs.
    ///
    /// # Panics
    /// If the number of inputs is not that of the plan.
    pub fn run(&self, inputs: Tensors) -> Result<Tensors> {
        run::run(self, inputs)
    }

    /// Computes the outputs as [`Plan::run`] does and adds them to `outputs`, if the plan is one
    /// step over so few elements that what surrounds them takes longer. Otherwise false, and
    /// nothing is done.
    ///
    /// # Panics
    /// If the number of inputs is not that of the plan.
    #[inline]
    pub fn run_few(&self, inputs: &[Tensor], outputs: &mut Tensors) -> Result<bool> {
        run::run_few(self, inputs, outputs)
    }

    /// Computes the outputs, and says how long each step took.
    ///
    /// # Panics
    /// If the number of inputs is not that of the plan.
    pub fn run_timed(&self, inputs: Tensors) -> Result<(Tensors, Vec<Duration>)> {
        run::run_timed(self, inputs)
    }
}

/// With the programs of its steps in full; [`Plan::text`] says what they cost.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |slot: Slot| format!("%{}", slot.0);
        let list = |slots: &[Slot]| slots.iter().map(|&s| name(s)).collect::<Vec<_>>().join(" ");
        writeln!(f, "plan({})", list(&self.inputs))?;
        for (slot, tensor) in &self.constants {
            writeln!(f, "  {} = constant {tensor:?}", name(*slot))?;
        }
        for step in &self.steps {
            let outputs: Vec<_> = step.outputs.iter().map(|s| s.map_or("_".into(), name)).collect();
            write!(f, "  {} = ", outputs.join(" "))?;
            match &step.work {
                Work::Tile { program, shape } => {
                    let text = program.to_string().replace('\n', "\n      ");
                    write!(f, "tile{:?} {{ {text} }}", &shape[..])?
                }
                Work::Kernel(kernel) => write!(f, "{kernel:?}")?,
            }
            for operand in &step.inputs {
                write!(f, " {}{}", name(operand.slot), if operand.last { "!" } else { "" })?;
            }
            writeln!(f)?;
        }
        write!(f, "  return {}", list(&self.outputs))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(None))
    }
}
