//! What a plan says of itself: its steps, what they cost, and the memory that they take.

use std::fmt::Write;
use std::time::Duration;

use super::{Plan, Slot, Step, Work};
use crate::cost::{Cost, STEP, TensorType, TensorTypes};
use crate::kernels::Kernel;
use crate::threads;

/// The memory that a run of a plan takes, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Of the inputs.
    pub arguments: usize,
    /// Of the outputs.
    pub outputs: usize,
    /// Of outputs that are views of inputs or constants, or the same as another output.
    pub aliased: usize,
    /// Of values known beforehand, which belong to the plan.
    pub constants: usize,
    /// The most that values in between take at once.
    pub temporaries: usize,
    /// The most that all of these take at once.
    pub peak: usize,
    /// Of machine code, as far as there is some by now.
    pub code: usize,
}

/// How the value of a slot lies in memory.
#[derive(Clone, Copy)]
struct Place {
    /// The slot whose memory it is a view of, or itself.
    root: usize,
    /// The bytes of memory that its elements lie in.
    bytes: usize,
}

impl Step {
    /// What to call the step.
    pub(super) fn describe(&self) -> String {
        match &self.work {
            Work::Tile { program, .. } => format!("elementwise {}", program.names().join(" ")),
            Work::Kernel(kernel) => match kernel.form() {
                crate::kernels::Form::Fold(fold) => {
                    let ops = fold.outputs.iter().map(|op| match op {
                        Some(op) => format!("reduce_{op:?}").to_lowercase(),
                        None => "keep".to_string(),
                    });
                    let names = fold.program.names().into_iter().map(str::to_string);
                    format!("fold {}", names.chain(ops).collect::<Vec<_>>().join(" "))
                }
                _ => kernel.name().to_string(),
            },
        }
    }

    /// What a run costs on tensors of these types.
    pub(super) fn cost(&self, inputs: &[TensorType], outputs: &[TensorType]) -> Cost {
        let moved = || {
            let used = self.outputs.iter().zip(outputs).filter(|(slot, _)| slot.is_some());
            let written: usize = used.map(|(_, output)| output.bytes()).sum();
            (inputs.iter().map(TensorType::bytes).sum::<usize>() + written) as f64
        };
        match &self.work {
            Work::Tile { program, shape } => {
                let count = crate::layout::count(shape);
                Cost { bytes: moved(), ..program.cost() * count as f64 }
            }
            Work::Kernel(kernel) if kernel.is_view() => Cost::default(),
            // What is moved by the plans within is counted by them.
            Work::Kernel(kernel) if !kernel.plans().is_empty() => kernel.cost(inputs, outputs),
            Work::Kernel(kernel) => Cost { bytes: moved(), ..kernel.cost(inputs, outputs) },
        }
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        match &self.work {
            Work::Tile { .. } => None,
            Work::Kernel(kernel) => Some(&**kernel),
        }
    }
}

impl Plan {
    fn type_of(&self, slot: Slot) -> TensorType {
        // Only plans that were built without descriptions lack some.
        self.types[slot.0 as usize].clone().unwrap_or(TensorType::new(crate::DType::Float0, &[0]))
    }

    /// The types of the results, if they are known.
    pub(crate) fn output_types(&self) -> Option<TensorTypes> {
        self.outputs.iter().map(|slot| self.types[slot.0 as usize].clone()).collect()
    }

    /// Whether the types of all values are known, here and in the plans within.
    pub fn is_described(&self) -> bool {
        let used = self.steps.iter().flat_map(|step| step.outputs.iter().flatten());
        let mut slots = self.inputs.iter().chain(used);
        slots.all(|slot| self.types[slot.0 as usize].is_some())
            && self
                .steps
                .iter()
                .filter_map(Step::kernel)
                .all(|kernel| kernel.plans().iter().all(|(_, plan)| plan.is_described()))
    }

    /// The types of the operands and results of a step; of an operand that is repeated in memory,
    /// that which is stored.
    fn types_of(&self, step: &Step) -> (TensorTypes, TensorTypes) {
        let inputs = step.inputs.iter().map(|operand| self.type_of(operand.slot)).collect();
        let outputs = step.outputs.iter().map(|slot| match slot {
            Some(slot) => self.type_of(*slot),
            None => TensorType::new(crate::DType::Float0, &[0]),
        });
        (inputs, outputs.collect())
    }

    /// What a run costs: the number of iterations of loops is counted where it is known, and else
    /// one is; of branches, the one that costs most.
    pub fn cost(&self) -> Cost {
        self.costs().into_iter().sum()
    }

    /// How long a run takes without machine code, roughly.
    pub(crate) fn interpreted(&self) -> f64 {
        self.steps.len() as f64 * STEP + self.cost().interpreted()
    }

    /// What each step costs.
    fn costs(&self) -> Vec<Cost> {
        let places = self.places();
        let is_known = |slot: Slot| self.types[slot.0 as usize].is_some();
        let costs = self.steps.iter().map(|step| {
            // Kernels look into the types of operands, where the builder was told of them.
            if !step.inputs.iter().all(|operand| is_known(operand.slot)) {
                return Cost::default();
            }
            let (inputs, outputs) = self.types_of(step);
            let mut cost = step.cost(&inputs, &outputs);
            // Of what is repeated, the elements that there are; numbers known beforehand move not.
            if step.kernel().is_none_or(|kernel| !kernel.is_view() && kernel.plans().is_empty()) {
                for (operand, input) in step.inputs.iter().zip(&inputs) {
                    let place = places[operand.slot.0 as usize];
                    let is_number = input.shape.is_empty() || place.bytes == input.dtype.size();
                    let stored = match is_number && self.is_constant(place.root) {
                        true => 0,
                        false => place.bytes,
                    };
                    cost.bytes -= input.bytes().saturating_sub(stored) as f64;
                }
            }
            cost
        });
        costs.collect()
    }

    fn is_constant(&self, root: usize) -> bool {
        self.constants.binary_search_by_key(&root, |(slot, _)| slot.0 as usize).is_ok()
    }

    /// How the values lie in memory.
    fn places(&self) -> Vec<Place> {
        let mut places: Vec<Place> = (0..self.slots)
            .map(|n| Place { root: n, bytes: self.type_of(Slot(n as u32)).bytes() })
            .collect();
        for (slot, tensor) in &self.constants {
            if tensor.is_repeated() {
                places[slot.0 as usize].bytes = tensor.dtype().size();
            }
        }
        for step in &self.steps {
            if step.kernel().is_some_and(|kernel| kernel.is_view())
                && let (Some(Some(output)), Some(input)) =
                    (step.outputs.first(), step.inputs.first())
            {
                let of = places[input.slot.0 as usize];
                let place = &mut places[output.0 as usize];
                *place = Place { root: of.root, bytes: place.bytes.min(of.bytes) };
            }
        }
        places
    }

    /// The memory that a run takes: blocks are as large as what they hold, and a step that may take
    /// over the memory of an operand does.
    pub fn memory(&self) -> Memory {
        let places = self.places();
        let bytes = |slot: &Slot| self.type_of(*slot).bytes();
        let root = |slot: &Slot| places[slot.0 as usize].root;
        let mut memory = Memory {
            arguments: self.inputs.iter().map(bytes).sum(),
            outputs: self.outputs.iter().map(bytes).sum(),
            constants: self.constants.iter().map(|(slot, _)| places[slot.0 as usize].bytes).sum(),
            code: self.code_bytes(),
            ..Memory::default()
        };
        // For each root, the last step that reads it or a view of it.
        let mut last = vec![None; self.slots];
        for (at, step) in self.steps.iter().enumerate() {
            for operand in &step.inputs {
                last[root(&operand.slot)] = Some(at);
            }
            for output in step.outputs.iter().flatten() {
                last[root(output)] = last[root(output)].max(Some(at));
            }
        }
        let mut given = vec![false; self.slots];
        for slot in self.inputs.iter().chain(self.constants.iter().map(|(slot, _)| slot)) {
            given[slot.0 as usize] = true;
        }
        let mut returned = vec![false; self.slots];
        for output in &self.outputs {
            if given[root(output)] || std::mem::replace(&mut returned[root(output)], true) {
                memory.aliased += bytes(output);
            }
        }
        let fixed = memory.arguments + memory.constants;
        let (mut live, mut results) = (0, 0);
        for (at, step) in self.steps.iter().enumerate() {
            let mut within = 0;
            for (_, plan) in step.kernel().map(|kernel| kernel.plans()).unwrap_or_default() {
                let inner = plan.memory();
                within = within.max(inner.temporaries + inner.outputs);
            }
            // Operands that no one needs any more, whose memory results may take.
            let mut free: Vec<usize> = vec![];
            for operand in &step.inputs {
                let n = root(&operand.slot);
                if last[n] == Some(at) && !given[n] && !returned[n] && !free.contains(&n) {
                    free.push(n);
                }
            }
            let overwrites = step.kernel().is_none_or(Kernel::overwrites);
            let mut taken = vec![];
            for output in step.outputs.iter().flatten() {
                if root(output) != output.0 as usize {
                    continue;
                }
                let size = places[output.0 as usize].bytes;
                let reused = free.iter().position(|&n| overwrites && places[n].bytes == size);
                if let Some(n) = reused {
                    taken.push(free.swap_remove(n));
                    live -= size;
                }
                if returned[output.0 as usize] { results += size } else { live += size }
            }
            memory.temporaries = memory.temporaries.max(live + within);
            memory.peak = memory.peak.max(fixed + live + within + results);
            live -= free.iter().map(|&n| places[n].bytes).sum::<usize>();
            // What no one reads is given back at once.
            for output in
                step.outputs.iter().flatten().filter(|output| root(output) == output.0 as usize)
            {
                let n = output.0 as usize;
                if last[n] == Some(at) && !returned[n] {
                    live -= places[n].bytes;
                }
            }
        }
        memory.peak = memory.peak.max(fixed + results);
        memory
    }

    /// The bytes of machine code that there is by now.
    pub(crate) fn code_bytes(&self) -> usize {
        let bytes = self.steps.iter().map(|step| match &step.work {
            Work::Tile { program, .. } => program.codes.bytes(),
            Work::Kernel(kernel) => kernel.code_bytes(),
        });
        bytes.sum()
    }

    /// The plan, a line a step: results with type and bytes, what is done to which operands (`!`:
    /// for the last time), what that costs, and how long it should take; with `times`, also how
    /// long it took. Plans within follow their step.
    pub fn text(&self, times: Option<&[Duration]>) -> String {
        let mut text = String::new();
        self.write(&mut text, "", times);
        text
    }

    fn write(&self, text: &mut String, margin: &str, times: Option<&[Duration]>) {
        let typed = |slot: &Slot| {
            let known = self.type_of(*slot);
            format!("%{}: {known} {} B", slot.0, known.bytes())
        };
        let list = |slots: &[Slot]| slots.iter().map(typed).collect::<Vec<_>>().join(", ");
        let _ = write!(text, "plan({})", list(&self.inputs));
        for (slot, _) in &self.constants {
            let _ = write!(text, "\n{margin}  {} = constant", typed(slot));
        }
        let threads = threads::num_threads();
        let costs = self.costs();
        for (at, (step, cost)) in self.steps.iter().zip(&costs).enumerate() {
            let outputs = step.outputs.iter().map(|slot| slot.as_ref().map_or("_".into(), typed));
            let outputs = outputs.collect::<Vec<_>>().join(", ");
            let _ = write!(text, "\n{margin}  {outputs} = {}", step.describe());
            for operand in &step.inputs {
                let _ = write!(text, " %{}{}", operand.slot.0, if operand.last { "!" } else { "" });
            }
            let _ = write!(text, "  # {}", said(cost, cost.seconds(threads)));
            if let Some(time) = times.and_then(|times| times.get(at)) {
                let _ = write!(text, ", measured {}", microseconds(time.as_secs_f64()));
            }
            for (name, plan) in step.kernel().map(|kernel| kernel.plans()).unwrap_or_default() {
                let inner = format!("{margin}      ");
                let _ = write!(text, "\n{margin}    {name}: ");
                plan.write(text, &inner, None);
            }
        }
        let outputs: Vec<String> = self.outputs.iter().map(|slot| format!("%{}", slot.0)).collect();
        let _ = write!(text, "\n{margin}  return {}", outputs.join(", "));
        let time = costs.iter().map(|cost| cost.seconds(threads)).sum();
        let _ = write!(text, "  # {}", said(&costs.into_iter().sum(), time));
    }
}

/// A cost in words, with the time that it should take.
fn said(cost: &Cost, seconds: f64) -> String {
    let mut said = format!("{} flops, ", cost.flops);
    if cost.transcendentals > 0.0 {
        let _ = write!(said, "{} transcendentals, ", cost.transcendentals);
    }
    let _ = write!(said, "{} B moved, about {}", cost.bytes, microseconds(seconds));
    said
}

fn microseconds(seconds: f64) -> String {
    format!("{:.2} us", seconds * 1e6)
}
