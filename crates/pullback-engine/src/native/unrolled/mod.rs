//! Plans over tensors of a few elements, as steps of a graph: every element, or every vector of
//! them, is a value of its own.
//!
//! Sums are formed in the order that the kernels define, so results have the same bits.

mod contract;
#[cfg(test)]
mod tests;
mod value;

use std::sync::Arc;

use smallvec::SmallVec;

pub(crate) use contract::{lanes_as_one, values_as_one};
pub(crate) use value::{Cut, Value, as_truth, as_word};

use super::ir::{Id, Node};
use super::lower::{bits, element, steps};
use super::record::{Truth, add, length};
use crate::cost::TensorType;
use crate::kernels::view::View;
use crate::kernels::{Form, Kernel, Tensors};
use crate::layout;
use crate::plan::{Plan, Slot, Step, Work};
use crate::tensor::Tensor;
use crate::tile::Program;

/// Steps beyond which a body is too long to be worth compiling.
const LONGEST: usize = 6000;

/// A slot of a plan.
#[derive(Clone)]
pub(crate) enum Known {
    /// The same in all iterations: an example of it.
    Fixed(Tensor),
    /// Another in each.
    Varying(Value),
}

/// Where a tensor comes from that is the same in all iterations.
pub(crate) enum Origin {
    /// The input of this number.
    Input(usize),
    /// Known already.
    Constant(Tensor),
    /// The result of this number of what is done before the loop.
    Computed(usize),
}

/// How plans are unrolled.
pub(crate) struct Unroll<'a> {
    /// Lanes of a vector; if there is one, all elements are numbers.
    pub lanes: usize,
    /// Lanes whose results are not right.
    pub rare: Option<Truth>,
    /// Gives a tensor a place that is filled before the loop begins.
    pub place: &'a mut dyn FnMut(Origin, &Tensor) -> Option<Value>,
}

/// The results of a plan, and the plan of what is done once, before the loop.
///
/// That has those inputs that are fixed, in order.
pub(crate) fn unrolled(
    plan: &Plan,
    inputs: Vec<Known>,
    unroll: &mut Unroll,
) -> Option<(Vec<Value>, Plan)> {
    let fixed: Vec<bool> = inputs.iter().map(|known| matches!(known, Known::Fixed(_))).collect();
    let mut slots = Slots {
        known: vec![None; plan.slots],
        placed: vec![None; plan.slots],
        plan,
        computed: vec![],
    };
    for (slot, value) in plan.inputs.iter().zip(inputs) {
        slots.known[slot.0 as usize] = Some(value);
    }
    for (slot, value) in &plan.constants {
        slots.known[slot.0 as usize] = Some(Known::Fixed(value.clone()));
    }
    let mut before = vec![];
    for step in &plan.steps {
        let results = match slots.fixed(step).filter(|_| is_pure(&step.work)) {
            Some(fixed) => {
                before.push(step.clone());
                let results = match &step.work {
                    Work::Tile { program, shape } => program.run(fixed, shape).ok()?,
                    Work::Kernel(kernel) => kernel.run(fixed).ok()?,
                };
                results.into_iter().map(Known::Fixed).collect::<Vec<_>>()
            }
            None => {
                let turned = slots.turned(step, &mut before);
                let step = turned.as_ref().unwrap_or(step);
                let operands = step.inputs.iter().map(|operand| slots.value(operand.slot, unroll));
                let operands = operands.collect::<Option<Vec<Value>>>()?;
                let results = unroll.step(&step.work, &operands)?;
                results.into_iter().map(Known::Varying).collect()
            }
        };
        for (slot, value) in step.outputs.iter().zip(results) {
            if let Some(slot) = slot {
                slots.known[slot.0 as usize] = Some(value);
            }
        }
        if length() > LONGEST {
            return None;
        }
    }
    let outputs = plan.outputs.iter().map(|&slot| slots.value(slot, unroll));
    let outputs = outputs.collect::<Option<Vec<Value>>>()?;
    for operand in before.iter_mut().flat_map(|step| &mut step.inputs) {
        operand.last = false;
    }
    let inputs = plan.inputs.iter().zip(fixed).filter(|(_, fixed)| *fixed);
    let before = Plan {
        slots: slots.known.len(),
        types: slots.types(),
        inputs: inputs.map(|(slot, _)| *slot).collect(),
        constants: plan.constants.clone(),
        steps: before,
        outputs: slots.computed,
        is_one_step: false,
    };
    Some((outputs, before))
}

struct Slots<'a> {
    plan: &'a Plan,
    known: Vec<Option<Known>>,
    /// The values of those that are fixed and have a place.
    placed: Vec<Option<Value>>,
    /// Those that are computed before the loop and have a place.
    computed: Vec<Slot>,
}

impl Slots<'_> {
    /// The operands of a step, if all are fixed.
    fn fixed(&self, step: &Step) -> Option<Tensors> {
        let operand = |operand: &crate::plan::Use| match &self.known[operand.slot.0 as usize] {
            Some(Known::Fixed(tensor)) => Some(tensor.clone()),
            _ => None,
        };
        step.inputs.iter().map(operand).collect()
    }

    /// What is known of the slots, those of the plan and those that came since.
    fn types(&self) -> Vec<Option<TensorType>> {
        let mut types = self.plan.types.clone();
        types.resize(self.known.len(), None);
        types
    }

    /// The step of a product with a fixed matrix whose rows would have to be put together from
    /// lanes: the matrix is transposed before the loop.
    fn turned(&mut self, step: &Step, before: &mut Vec<Step>) -> Option<Step> {
        let Work::Kernel(kernel) = &step.work else { return None };
        let Form::Dot(dot) = kernel.form() else { return None };
        let known = |n: usize| self.known[step.inputs[n].slot.0 as usize].as_ref();
        let shape = |n: usize| -> Option<&[usize]> {
            Some(match known(n)? {
                Known::Fixed(tensor) => tensor.shape(),
                Known::Varying(value) => &value.shape,
            })
        };
        let contracts = [&dot.lhs_contract, &dot.rhs_contract];
        let free = |n: usize| Some(layout::count(shape(n)?) / shape(n)?[*contracts[n].first()?]);
        let matrix = (free(1)? > 1 || free(0)? == 1) as usize;
        let Some(Known::Fixed(tensor)) = known(matrix) else { return None };
        let is_turned = dot.lhs_batch.is_empty() && tensor.rank() == 2 && contracts[matrix][..] == [1];
        if !is_turned || tensor.count() == 0 {
            return None;
        }
        let order = [1, 0];
        let transposed = tensor.transpose(&order).ok()?.contiguous().ok()?;
        let slot = Slot(self.known.len() as u32);
        self.known.push(Some(Known::Fixed(transposed)));
        self.placed.push(None);
        let mut dot = dot.clone();
        *if matrix == 0 { &mut dot.lhs_contract } else { &mut dot.rhs_contract } = [0][..].into();
        let mut turned = step.clone();
        before.push(Step {
            work: Work::Kernel(Arc::new(View::Transpose(order[..].into()))),
            inputs: [turned.inputs[matrix]].into_iter().collect(),
            outputs: [Some(slot)].into_iter().collect(),
        });
        turned.inputs[matrix].slot = slot;
        turned.work = Work::Kernel(Arc::new(dot));
        Some(turned)
    }

    fn value(&mut self, slot: Slot, unroll: &mut Unroll) -> Option<Value> {
        let at = slot.0 as usize;
        let tensor = match self.known[at].as_ref()? {
            Known::Varying(value) => return Some(value.clone()),
            Known::Fixed(tensor) => tensor,
        };
        if let Some(value) = &self.placed[at] {
            return Some(value.clone());
        }
        let input = self.plan.inputs.iter().position(|other| *other == slot);
        let is_constant = self.plan.constants.iter().any(|(other, _)| *other == slot);
        let value = match (is_constant, input) {
            (true, _) if tensor.rank() == 0 => {
                let node = Node::Constant(bits(tensor));
                let kind = element(tensor.dtype())?.kind();
                Value::number(tensor.dtype(), add(node, kind))
            }
            (true, _) => (unroll.place)(Origin::Constant(tensor.clone()), tensor)?,
            (_, Some(input)) => (unroll.place)(Origin::Input(input), tensor)?,
            _ => {
                self.computed.push(slot);
                (unroll.place)(Origin::Computed(self.computed.len() - 1), tensor)?
            }
        };
        self.placed[at] = Some(value.clone());
        Some(value)
    }
}

/// Whether a step does nothing but compute.
fn is_pure(work: &Work) -> bool {
    match work {
        Work::Tile { .. } => true,
        Work::Kernel(kernel) => !matches!(kernel.form(), Form::Opaque | Form::Draw(_)),
    }
}

/// The largest number of elements of a value that varies, if shapes are all there is to see.
pub(crate) fn largest(plan: &Plan) -> usize {
    let shapes = plan.steps.iter().map(|step| match &step.work {
        Work::Tile { shape, .. } => layout::count(shape),
        Work::Kernel(kernel) => match kernel.form() {
            Form::Fold(fold) => layout::count(&fold.shape),
            Form::Plan(plan) => largest(plan),
            _ => 0,
        },
    });
    shapes.max().unwrap_or(0)
}

impl Unroll<'_> {
    fn step(&mut self, work: &Work, inputs: &[Value]) -> Option<Vec<Value>> {
        match work {
            Work::Tile { program, shape } => self.elementwise(program, inputs, shape),
            Work::Kernel(kernel) => match kernel.form() {
                Form::Opaque | Form::Constant | Form::Draw(_) => None,
                Form::Rearrangement => self.rearranged(&**kernel, inputs).map(|value| vec![value]),
                Form::Dot(dot) => self.product(dot, &inputs[0], &inputs[1]).map(|y| vec![y]),
                Form::Reduce(reduce) => {
                    self.reduced(&inputs[0], reduce.op, &reduce.axes).map(|value| vec![value])
                }
                Form::Fold(fold) => {
                    let results = self.elementwise(&fold.program, inputs, &fold.shape)?;
                    let outputs = results.iter().zip(&fold.outputs).map(|(x, op)| match op {
                        Some(op) => self.reduced(x, *op, &fold.axes),
                        None => Some(x.clone()),
                    });
                    outputs.collect()
                }
                Form::Plan(plan) => {
                    let inputs = inputs.iter().cloned().map(Known::Varying).collect();
                    let (results, before) = unrolled(plan, inputs, self)?;
                    // What is computed beforehand has no place of its own.
                    before.outputs.is_empty().then_some(results)
                }
            },
        }
    }

    fn elementwise(
        &mut self,
        program: &Program,
        inputs: &[Value],
        shape: &[usize],
    ) -> Option<Vec<Value>> {
        let cut = Cut::new(shape, self.lanes);
        let mut outputs: Vec<Value> = program
            .outputs()
            .iter()
            .map(|&dtype| Value { dtype, shape: shape.into(), parts: vec![], lanes: cut.lanes })
            .collect();
        for piece in 0..cut.pieces() {
            let ids: SmallVec<[Id; 8]> = inputs
                .iter()
                .map(|input| match input.count() {
                    1 => input.parts[0],
                    _ => input.parts[piece],
                })
                .collect();
            let mut rare = None;
            let values = steps(program, &ids, &mut rare)?;
            if let Some(rare) = rare {
                let (_, count) = cut.elements(piece);
                let rare = match count == cut.lanes {
                    true => rare,
                    false => rare & Truth(value::first_lanes(count)),
                };
                self.rare = Some(self.rare.map_or(rare, |all| all | rare));
            }
            for (output, reg) in outputs.iter_mut().zip(&program.results) {
                output.parts.push(values[reg.0 as usize]?);
            }
            if length() > LONGEST {
                return None;
            }
        }
        Some(outputs)
    }

    /// What a kernel makes of elements, told from what it makes of their numbers.
    fn rearranged(&mut self, kernel: &dyn Kernel, inputs: &[Value]) -> Option<Value> {
        let mut sources = vec![];
        let mut numbered = Tensors::new();
        for input in inputs {
            let numbers: Vec<i32> =
                (0..input.count()).map(|at| (sources.len() + at) as i32).collect();
            sources.extend((0..input.count()).map(|at| input.source(at)));
            numbered.push(Tensor::from_slice(&numbers, &input.shape).ok()?);
        }
        let result = kernel.run(numbered).ok()?.remove(0);
        let sources: Vec<_> =
            result.to_vec::<i32>().iter().map(|&number| sources[number as usize]).collect();
        Value::assembled(inputs[0].dtype, result.shape(), self.lanes, &sources)
    }
}
