//! Plans that compute every row from the same row of their inputs alone, as one function: it goes
//! over a row several times, each time for a reduction or with what reductions came to, while the
//! row is in the nearest cache.

use smallvec::SmallVec;

use super::code::is_available;
use super::emit::{self, List, Phase, Phases};
use super::entries::Entries;
use super::ir::{Element, Id, Kernel, Kind, Node, Place};
use super::lower::{bits, element, folded, steps};
use super::memory::Executable;
use super::record::{add, record};
use super::unrolled::{as_truth, as_word};
use super::{Reach, Target};
use crate::dtype::DType;
use crate::kernels::reduce::{ROUNDS, ReduceOp, lanes_of};
use crate::kernels::{self, Form};
use crate::layout::{self, Shape};
use crate::plan::{Plan, Slot, Step, Work};
use crate::scratch::with_scratch;
use crate::tensor::Tensor;
use crate::tile::Program;

/// A compiled plan.
pub(crate) struct RowCode {
    executable: Executable,
    list: List,
    /// The size of the list, with the numbers behind it.
    size: usize,
    inputs: Vec<Given>,
    /// The type of each result, and whether it is a row and not a number.
    outputs: Vec<(DType, bool)>,
    /// The shapes of the results for one row.
    shapes: Vec<Shape>,
    /// The argument of the first result.
    first: usize,
    /// Bytes of the elements of each row that is kept from one time to another.
    kept: Vec<usize>,
    /// Elements of a row.
    length: usize,
    /// Rows that are taken together.
    pub together: usize,
    /// The number of steps.
    pub steps: usize,
}

/// An input: its type, whether it is a row, and how rows lie.
#[derive(Clone, Copy)]
struct Given {
    dtype: DType,
    is_row: bool,
    reach: Reach,
}

/// More blocks than this are not reduced in one function.
const MOST_BLOCKS: usize = 16;
/// Rows that are kept at most, so that all are in the nearest cache.
const MOST_KEPT: usize = 8;
/// Bytes of rows that are taken together, which fit into the nearest cache, and how many they are at
/// most: with so many, none waits for another.
const NEAREST: usize = 20 << 10;
const MOST_TOGETHER: usize = 8;

/// What a slot of a plan holds for a row.
#[derive(Clone)]
enum Held {
    /// Elements, at the address of an argument.
    Row(DType, usize),
    /// A number, at an index of the list.
    Number(DType, usize),
    /// The same number always.
    Constant(Tensor),
}

/// A slot, with its shape.
type Known = (Shape, Held);

impl RowCode {
    /// The bytes of the code.
    pub fn bytes(&self) -> usize {
        self.executable.bytes()
    }

    /// The code of a plan for one row of so many elements; the inputs are types, shapes of a row's
    /// entry, and how rows lie. None if a step has no code.
    pub fn compile(
        plan: &Plan,
        inputs: &[(DType, Shape, Reach)],
        length: usize,
    ) -> Option<RowCode> {
        if !is_available() {
            return None;
        }
        let mut builder = Builder::new(plan, inputs, length)?;
        for step in &plan.steps {
            builder.step(step)?;
        }
        let (mut outputs, mut shapes) = (vec![], vec![]);
        for slot in &plan.outputs {
            let (shape, held) = builder.known[slot.0 as usize].as_ref()?;
            // What is repeated is not written.
            outputs.push(match held {
                Held::Row(dtype, _) => (*dtype, true),
                Held::Number(dtype, _) if layout::count(shape) == 1 => (*dtype, false),
                _ => return None,
            });
            shapes.push(shape.clone());
        }
        if builder.written.iter().any(|written| !written) || builder.kept.len() > MOST_KEPT {
            return None;
        }
        let Builder { given, phases, kept, numbers, arguments, first, .. } = builder;
        let is_per_row = |given: &Given| !given.is_row && given.reach == Reach::Row;
        let per_row = given.iter().enumerate().filter(|(_, given)| is_per_row(given));
        let per_row = per_row.map(|(n, given)| (n, given.dtype.size() as u8)).collect();
        let list = List::of(arguments);
        let steps = phases.iter().map(|phase| match phase {
            Phase::Elements { kernel, .. } | Phase::Numbers(kernel) => kernel.graph.nodes.len(),
        });
        let steps = steps.sum();
        let row_bytes = |dtype: DType, is_row: bool| if is_row { length * dtype.size() } else { 0 };
        let read = given.iter().map(|given| row_bytes(given.dtype, given.is_row));
        let written = outputs.iter().map(|&(dtype, is_row)| row_bytes(dtype, is_row));
        let bytes: usize = read.chain(written).chain(kept.iter().copied()).sum();
        let together = (NEAREST / bytes.max(1)).clamp(1, MOST_TOGETHER);
        let code = emit::compile_phases(&Phases { phases, arguments, per_row, length, size: numbers })?;
        Some(RowCode {
            executable: Executable::new(&code)?,
            list,
            size: numbers,
            inputs: given,
            outputs,
            shapes,
            first,
            kept,
            length,
            together,
            steps,
        })
    }

    /// The type of each result, and whether it is a row and not a number.
    pub fn outputs(&self) -> &[(DType, bool)] {
        &self.outputs
    }

    /// The shapes of the results for one row, with leading axes.
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// Computes rows; the targets are where those of each result begin. False if some results are
    /// not right.
    ///
    /// # Panics
    /// If there are not as many inputs and targets as the code was compiled for, or they are too
    /// short.
    ///
    /// # Safety
    /// The targets are memory that may be written, and that nothing else reads or writes
    /// meanwhile.
    pub unsafe fn run(&self, rows: usize, inputs: &[Entries], targets: &[Target]) -> bool {
        assert_eq!((inputs.len(), targets.len()), (self.inputs.len(), self.outputs.len()));
        if rows == 0 {
            return true;
        }
        let holds = |bytes: usize, stride: usize, row: usize| {
            let before = (rows - 1).checked_mul(stride);
            before.and_then(|before| before.checked_add(row)).is_some_and(|end| end <= bytes)
        };
        for (input, given) in inputs.iter().zip(&self.inputs) {
            let size = given.dtype.size();
            let row = if given.is_row { self.length * size } else { size };
            let stride = if given.reach == Reach::All { 0 } else { input.stride };
            assert!(holds(input.bytes.len(), stride, row), "an input is too short");
        }
        for (target, &(dtype, is_row)) in targets.iter().zip(&self.outputs) {
            let row = if is_row { self.length * dtype.size() } else { dtype.size() };
            assert!(holds(target.bytes, target.stride, row), "an output is too short");
        }
        let rest = rows % self.together;
        // SAFETY: the inputs and targets have so many rows, and what else the caller says.
        unsafe {
            self.run_together(0, (rows - rest) / self.together, self.together, inputs, targets)
                && self.run_together(rows - rest, (rest > 0) as usize, rest, inputs, targets)
        }
    }

    /// Computes rows from one on, so many times some of them together. False if some results are not
    /// right.
    ///
    /// # Safety
    /// The inputs and targets have all these rows; and as for `run`.
    unsafe fn run_together(
        &self,
        from: usize,
        times: usize,
        together: usize,
        inputs: &[Entries],
        targets: &[Target],
    ) -> bool {
        if times == 0 {
            return true;
        }
        let step = Phases::step(self.size);
        let mut lists: SmallVec<[u64; 256]> = SmallVec::new();
        lists.resize(together * step, 0);
        let first = lists.as_ptr() as u64;
        // Rows begin with a cache line each.
        let lines = |bytes: usize| bytes.next_multiple_of(64);
        let room: usize = self.kept.iter().map(|&bytes| lines(bytes)).sum();
        with_scratch::<u8, bool>(room * together, |scratch| {
            let mut at = 0;
            for (n, list) in lists.chunks_exact_mut(step).enumerate() {
                self.fill(list, from + n, together, inputs, targets);
                list[self.list.rows()] = times as u64;
                list[Phases::more(self.size)] = (n + 1 < together) as u64;
                list[Phases::first(self.size)] = first;
                for (n, &bytes) in self.kept.iter().enumerate() {
                    let own = &mut scratch[at..at + bytes];
                    list[self.first + self.outputs.len() + n] = own.as_mut_ptr() as u64;
                    at += lines(bytes);
                }
            }
            // SAFETY: the code is a function of this type, made by `emit`. It reads `length`
            // elements, or one, in each row of each input, and writes as many of each result and
            // to what is kept: all that the caller has seen to be there, or is here.
            unsafe {
                let run: extern "sysv64" fn(*mut u64) -> u64 =
                    std::mem::transmute(self.executable.start());
                run(lists.as_mut_ptr()) == 0
            }
        })
    }

    /// The list of a row, after which comes that so many rows later.
    fn fill(
        &self,
        list: &mut [u64],
        row: usize,
        step: usize,
        inputs: &[Entries],
        targets: &[Target],
    ) {
        list[self.list.length()] = self.length as u64;
        for (n, (input, given)) in inputs.iter().zip(&self.inputs).enumerate() {
            let stride = if given.reach == Reach::All { 0 } else { input.stride };
            let at = input.bytes[row * stride..].as_ptr() as u64;
            let stride = (step * stride) as u64;
            match (given.is_row, given.reach) {
                (false, Reach::All) => {
                    let bytes = &input.bytes[..given.dtype.size()];
                    list[n] = bits(&Tensor::scalar_from_bytes(given.dtype, bytes));
                }
                (false, _) => {
                    list[self.list.scalar(n)] = at;
                    list[self.list.stride(n)] = stride;
                }
                (true, _) => {
                    list[n] = at;
                    list[self.list.stride(n)] = stride;
                }
            }
        }
        for (n, target) in targets.iter().enumerate() {
            list[self.first + n] = target.start.wrapping_add(row * target.stride) as u64;
            list[self.list.stride(self.first + n)] = (step * target.stride) as u64;
        }
    }
}

/// Phases under construction.
struct Builder<'a> {
    plan: &'a Plan,
    length: usize,
    given: Vec<Given>,
    known: Vec<Option<Known>>,
    phases: Vec<Phase>,
    /// The results that have been written.
    written: Vec<bool>,
    kept: Vec<usize>,
    /// Where the next number goes in the list.
    numbers: usize,
    first: usize,
    arguments: usize,
}

impl<'a> Builder<'a> {
    fn new(
        plan: &'a Plan,
        inputs: &[(DType, Shape, Reach)],
        length: usize,
    ) -> Option<Builder<'a>> {
        let mut known = vec![None; plan.slots];
        let mut given = vec![];
        for (n, (slot, (dtype, shape, reach))) in plan.inputs.iter().zip(inputs).enumerate() {
            let count = layout::count(shape);
            let is_row = count == length;
            // Numbers of rows are read as words.
            let is_possible = match is_row {
                true => element(*dtype).is_some(),
                false => count == 1 && (*reach == Reach::All || dtype.size() >= 4),
            };
            if !is_possible {
                return None;
            }
            let held = match is_row {
                true => Held::Row(*dtype, n),
                false => Held::Number(*dtype, n),
            };
            known[slot.0 as usize] = Some((shape.clone(), held));
            given.push(Given { dtype: *dtype, is_row, reach: *reach });
        }
        for (slot, value) in &plan.constants {
            if value.is_repeated() && value.count() > 0 {
                let size = value.dtype().size();
                let at = value.layout().offset * size;
                let bytes = &value.buffer_bytes()[at..at + size];
                let number = Tensor::scalar_from_bytes(value.dtype(), bytes);
                known[slot.0 as usize] = Some((value.shape().into(), Held::Constant(number)));
            }
        }
        let first = inputs.len();
        // As many rows are kept as there are steps, at most.
        let results: usize = plan.steps.iter().map(|step| step.outputs.len()).sum();
        let arguments = first + plan.outputs.len() + results;
        Some(Builder {
            plan,
            length,
            given,
            known,
            phases: vec![],
            written: vec![false; plan.outputs.len()],
            kept: vec![],
            numbers: List::of(arguments).size(),
            first,
            arguments,
        })
    }

    fn step(&mut self, step: &Step) -> Option<()> {
        let operands: SmallVec<[Known; 4]> = step
            .inputs
            .iter()
            .map(|operand| self.known[operand.slot.0 as usize].clone())
            .collect::<Option<_>>()?;
        match &step.work {
            Work::Tile { program, shape } => {
                let folds = vec![None; program.outputs().len()];
                self.program(step, program, shape, &folds, &[], &operands)
            }
            Work::Kernel(kernel) => match kernel.form() {
                Form::Fold(fold) => {
                    let all = (0..fold.shape.len())
                        .all(|axis| fold.shape[axis] == 1 || fold.axes.contains(&axis));
                    if !all || layout::count(&fold.shape) != self.length {
                        return None;
                    }
                    let outputs = &fold.outputs;
                    self.program(step, &fold.program, &fold.shape, outputs, &fold.axes, &operands)
                }
                Form::Rearrangement => {
                    let [operand] = &operands[..] else { return None };
                    let moved = self.rearranged(&**kernel, operand)?;
                    let slot = step.outputs[0]?;
                    self.known[slot.0 as usize] = Some(moved);
                    Some(())
                }
                _ => None,
            },
        }
    }

    /// What a kernel makes of a row or a number, if it leaves it as it is.
    fn rearranged(&self, kernel: &dyn kernels::Kernel, (shape, held): &Known) -> Option<Known> {
        let count = layout::count(shape);
        let is_row = matches!(held, Held::Row(..));
        let numbers: Vec<i32> = (0..count as i32).map(|n| if is_row { n } else { 0 }).collect();
        let numbered = Tensor::from_slice(&numbers, shape).ok()?;
        let result = kernel.run([numbered].into_iter().collect()).ok()?.remove(0);
        let in_order = || result.to_vec::<i32>() == numbers;
        let fits = if is_row { in_order() } else { [1, self.length].contains(&result.count()) };
        fits.then(|| (result.shape().into(), held.clone()))
    }

    /// The phase of a program, some of whose results are reduced.
    fn program(
        &mut self,
        step: &Step,
        program: &Program,
        shape: &[usize],
        folds: &[Option<ReduceOp>],
        axes: &[usize],
        operands: &[Known],
    ) -> Option<()> {
        let is_row = layout::count(shape) == self.length;
        if !is_row && layout::count(shape) != 1 {
            return None;
        }
        let mut places: Vec<Place> = vec![];
        let (graph, recorded) = record(|| {
            let inputs = operands.iter().map(|(_, held)| operand(held, is_row, &mut places));
            let inputs = inputs.collect::<Option<Vec<Id>>>()?;
            let mut rare = None;
            let values = steps(program, &inputs, &mut rare)?;
            let (mut kept, mut accumulators) = (vec![], vec![]);
            for (n, reg) in program.results.iter().enumerate() {
                let (dtype, _) = program.values[reg.0 as usize];
                let value = values[reg.0 as usize]?;
                if step.outputs[n].is_none() {
                    continue;
                }
                match folds[n] {
                    Some(ReduceOp::And | ReduceOp::Or | ReduceOp::Xor) => return None,
                    Some(op) => {
                        let accumulator = folded(op, dtype, value, accumulators.len())?;
                        accumulators.push((n, dtype, accumulator));
                    }
                    None => {
                        let number = match dtype {
                            DType::Bool if !is_row => as_word(value),
                            _ => value,
                        };
                        kept.push((n, dtype, value, number));
                    }
                }
            }
            Some((kept, accumulators, rare))
        });
        let (kept, folded, rare) = recorded?;
        let mut outputs = vec![];
        for (n, dtype, value, number) in kept {
            let slot = step.outputs[n]?;
            if is_row {
                let argument = self.row(slot, dtype, shape);
                outputs.push((value, element(dtype)?, Place::listed(argument)));
                continue;
            }
            for (at, place) in self.number(slot, dtype, shape).into_iter().enumerate() {
                // In the list, a truth value is a word.
                let (id, own) = match (at, dtype) {
                    (0, DType::Bool) => (number, Element::Word),
                    _ => (value, element(dtype)?),
                };
                outputs.push((id, own, place));
            }
        }
        let rest: Shape =
            (0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]).collect();
        let (mut accumulators, mut sums, mut block) = (vec![], vec![], self.length);
        for (n, dtype, accumulator) in folded {
            // All have blocks of one length.
            let own = lanes_of(dtype) * ROUNDS;
            if !sums.is_empty() && own != block {
                return None;
            }
            block = own;
            accumulators.push(accumulator);
            let places = self.number(step.outputs[n]?, dtype, &rest);
            let listed = |place: Place| Place { lanes: Some(1), ..place };
            sums.push(places.into_iter().map(listed).collect::<Vec<_>>());
        }
        let kernel = Kernel {
            graph,
            inputs: places,
            outputs,
            rare: rare.map(|rare| rare.0),
            accumulators,
            ..Kernel::default()
        };
        if !is_row {
            self.phases.push(Phase::Numbers(kernel));
            return Some(());
        }
        let blocks = self.length.div_ceil(block);
        if blocks > MOST_BLOCKS {
            return None;
        }
        let blocks_at = self.numbers;
        self.numbers += blocks * sums.len();
        self.phases.push(Phase::Elements { kernel, block, blocks_at, sums });
        Some(())
    }

    /// The result that a slot is, if it is one.
    fn result(&mut self, slot: Slot) -> Option<usize> {
        let mut outputs = self.plan.outputs.iter().enumerate();
        let at = outputs.find(|(n, other)| **other == slot && !self.written[*n])?.0;
        self.written[at] = true;
        Some(at)
    }

    /// The argument of a new row.
    fn row(&mut self, slot: Slot, dtype: DType, shape: &[usize]) -> usize {
        let argument = match self.result(slot) {
            Some(result) => self.first + result,
            None => {
                self.kept.push(self.length * dtype.size());
                self.first + self.plan.outputs.len() + self.kept.len() - 1
            }
        };
        self.known[slot.0 as usize] = Some((shape.into(), Held::Row(dtype, argument)));
        argument
    }

    /// The places of a new number: that in the list, and perhaps that of a result.
    fn number(&mut self, slot: Slot, dtype: DType, shape: &[usize]) -> SmallVec<[Place; 2]> {
        let mut places: SmallVec<[Place; 2]> = SmallVec::new();
        places.push(Place::in_list(self.numbers));
        self.known[slot.0 as usize] = Some((shape.into(), Held::Number(dtype, self.numbers)));
        self.numbers += 1;
        if let Some(result) = self.result(slot) {
            places.push(Place::listed(self.first + result));
        }
        places
    }
}

/// An operand, where its place is known.
fn operand(held: &Held, is_row: bool, places: &mut Vec<Place>) -> Option<Id> {
    let mut read = |place: Place| {
        let known = places.iter().position(|other| *other == place);
        known.unwrap_or_else(|| {
            places.push(place);
            places.len() - 1
        }) as u16
    };
    Some(match held {
        Held::Row(dtype, argument) => {
            let element = element(*dtype)?;
            // A row is no number.
            let input = is_row.then(|| read(Place::listed(*argument)))?;
            add(Node::Input(input, element), element.kind())
        }
        Held::Number(DType::Bool, at) => {
            as_truth(add(Node::Scalar(read(Place::in_list(*at)), Element::Word), Kind::Word))
        }
        Held::Number(dtype, at) => {
            let element = element(*dtype)?;
            add(Node::Scalar(read(Place::in_list(*at)), element), element.kind())
        }
        Held::Constant(value) => {
            add(Node::Constant(bits(value)), element(value.dtype())?.kind())
        }
    })
}
