//! Loops over numbers, as one function: conditions and bodies whose every step is elementwise on
//! tensors of rank 0.

use smallvec::SmallVec;

use super::code::is_available;
use super::emit;
use super::ir::{Accumulator, Element, Id, Kernel, Kind, Loop, Node, Unary};
use super::lower::{bits, element, steps};
use super::memory::Executable;
use super::record::{Truth, add, record};
use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::error::Result;
use crate::plan::{Plan, Work};
use crate::tensor::Tensor;

/// A compiled loop.
pub(crate) struct LoopCode {
    executable: Executable,
    carry: Vec<DType>,
    scanned: Vec<DType>,
    collected: Vec<DType>,
    consts: usize,
    is_backward: bool,
}

/// What a run of a loop leaves.
pub(crate) struct Iterated {
    pub carry: Vec<Tensor>,
    pub collected: Vec<Tensor>,
    /// Iterations that were not done, of those allowed.
    pub left: usize,
}

/// The code of a loop that ends when a condition does not hold.
///
/// The tensors are examples of the constants of the condition, those of the body, and of what is
/// carried: their types are those of all runs.
pub(crate) fn compile_while(
    cond: &Plan,
    body: &Plan,
    [cond_consts, body_consts, carry]: [&[Tensor]; 3],
) -> Option<LoopCode> {
    compile(body, &[cond_consts, body_consts].concat(), carry, &[], false, |consts, carried| {
        let cond_consts = &consts[..cond_consts.len()];
        let inputs = cond_consts.iter().chain(carried).copied().collect::<Vec<_>>();
        let mut rare = None;
        let outputs = plan_steps(cond, &inputs, &mut rare)?;
        // A condition that may be wrong could end the loop at the wrong place.
        let &[(holds, DType::Bool)] = outputs.as_slice() else { return None };
        rare.is_none().then_some((Some(holds), cond_consts.len()))
    })
}

/// The code of a loop over entries: scalars, from arrays with one axis.
///
/// The tensors are examples of the constants, of what is carried, and of what is scanned.
pub(crate) fn compile_scan(
    body: &Plan,
    [consts, carry, scanned]: [&[Tensor]; 3],
    is_backward: bool,
) -> Option<LoopCode> {
    compile(body, consts, carry, scanned, is_backward, |_, _| Some((None, 0)))
}

/// A recorded value with its type.
type Typed = (Id, DType);

fn compile(
    body: &Plan,
    consts: &[Tensor],
    carry: &[Tensor],
    scanned: &[Tensor],
    is_backward: bool,
    condition: impl FnOnce(&[Typed], &[Typed]) -> Option<(Option<Id>, usize)>,
) -> Option<LoopCode> {
    let is_scalar = |tensor: &Tensor| tensor.rank() == 0 && element(tensor.dtype()).is_some();
    let is_line = |tensor: &Tensor| {
        tensor.rank() == 1 && !matches!(element(tensor.dtype()), None | Some(Element::Bool))
    };
    let fits = consts.iter().chain(carry).all(is_scalar) && scanned.iter().all(is_line);
    if !is_available() || !fits || carry.len() > u8::MAX as usize {
        return None;
    }
    let types = |tensors: &[Tensor]| tensors.iter().map(Tensor::dtype).collect::<Vec<_>>();
    let (carry_types, scanned_types) = (types(carry), types(scanned));
    let (graph, recorded) = record(|| {
        let mut typed_consts: Vec<Typed> = vec![];
        for (n, tensor) in consts.iter().enumerate() {
            let element = element(tensor.dtype())?;
            typed_consts
                .push((add(Node::Scalar(n as u16, element), element.kind()), tensor.dtype()));
        }
        let mut carried: Vec<Typed> = vec![];
        for (n, &dtype) in carry_types.iter().enumerate() {
            carried.push((carried_value(n, dtype)?, dtype));
        }
        let (holds, skipped) = condition(&typed_consts, &carried)?;
        let split = super::record::length();
        let mut inputs: Vec<Typed> = typed_consts[skipped..].to_vec();
        inputs.extend(&carried);
        for (n, &dtype) in scanned_types.iter().enumerate() {
            let element = element(dtype)?;
            let node = Node::Input((consts.len() + n) as u16, element);
            inputs.push((add(node, element.kind()), dtype));
        }
        let mut rare = None;
        let outputs = plan_steps(body, &inputs, &mut rare)?;
        let (next, collected) = outputs.split_at_checked(carry_types.len())?;
        let mut accumulators = vec![];
        for (n, (&(id, dtype), &expected)) in next.iter().zip(&carry_types).enumerate() {
            if dtype != expected {
                return None;
            }
            let next = value_to_carry(n, id, dtype)?;
            accumulators.push(Accumulator { identity: 0, next, lanes: 1 });
        }
        let written = collected.iter().map(|&(id, dtype)| Some((id, element(dtype)?)));
        let written = written.collect::<Option<Vec<_>>>()?;
        let collected: Vec<DType> = collected.iter().map(|(_, dtype)| *dtype).collect();
        let condition = holds.map(|id| (id, split));
        Some((accumulators, written, collected, rare, condition))
    });
    let (accumulators, outputs, collected, rare, condition) = recorded?;
    let rare = rare.map(|Truth(rare)| rare);
    let inputs = consts.len() + scanned.len();
    let kernel = Kernel { graph, inputs, outputs, rare, accumulators };
    let looped = Loop { kernel, condition, is_backward };
    let executable = Executable::new(&emit::compile_loop(&looped)?)?;
    Some(LoopCode {
        executable,
        carry: carry_types,
        scanned: scanned_types,
        collected,
        consts: consts.len(),
        is_backward,
    })
}

/// What is carried, as its type has it: a truth value is carried as a number that is not zero.
fn carried_value(n: usize, dtype: DType) -> Option<Id> {
    let element = element(dtype)?;
    let kind = if element == Element::Bool { Kind::Word } else { element.kind() };
    let carried = add(Node::Accumulator(n as u8), kind);
    Some(match element {
        Element::Bool => {
            let zero = add(Node::Constant(0), Kind::Word);
            (!Truth::compare(super::ir::Predicate::Eq, carried, zero)).0
        }
        _ => carried,
    })
}

/// A value in the form in which it is carried, and in no register of another one.
fn value_to_carry(n: usize, id: Id, dtype: DType) -> Option<Id> {
    let element = element(dtype)?;
    if element == Element::Bool {
        let constant = |value| add(Node::Constant(value), Kind::Word);
        return Some(Truth(id).choose(Kind::Word, constant(1), constant(0)));
    }
    Some(match super::record::node(id) {
        Node::Accumulator(other) if other as usize != n => {
            add(Node::Unary(Unary::Copy, id), element.kind())
        }
        _ => id,
    })
}

/// The results of a plan of elementwise steps on tensors of rank 0.
fn plan_steps(plan: &Plan, inputs: &[Typed], rare: &mut Option<Truth>) -> Option<Vec<Typed>> {
    let mut slots: Vec<Option<Typed>> = vec![None; plan.slots];
    if plan.inputs.len() != inputs.len() {
        return None;
    }
    for (slot, &value) in plan.inputs.iter().zip(inputs) {
        slots[slot.0 as usize] = Some(value);
    }
    for (slot, value) in &plan.constants {
        if value.rank() == 0
            && let Some(element) = element(value.dtype())
        {
            let id = add(Node::Constant(bits(value)), element.kind());
            slots[slot.0 as usize] = Some((id, value.dtype()));
        }
    }
    for step in &plan.steps {
        let Work::Tile { program, shape } = &step.work else { return None };
        if !shape.is_empty() {
            return None;
        }
        let operands = step.inputs.iter().map(|operand| slots[operand.slot.0 as usize]);
        let operands = operands.collect::<Option<Vec<_>>>()?;
        let ids: Vec<Id> = operands.iter().map(|(id, _)| *id).collect();
        let values = steps(program, &ids, rare)?;
        for ((slot, reg), &dtype) in
            step.outputs.iter().zip(&program.results).zip(program.outputs())
        {
            if let Some(slot) = slot {
                slots[slot.0 as usize] = Some((values[reg.0 as usize]?, dtype));
            }
        }
    }
    plan.outputs.iter().map(|slot| slots[slot.0 as usize]).collect()
}

impl LoopCode {
    /// Runs the loop, for so many iterations at most.
    ///
    /// None if that failed and has to be done otherwise, or if the tensors are not of the types
    /// that the code was compiled for.
    pub fn run(
        &self,
        consts: &[Tensor],
        carry: &[Tensor],
        scanned: &[Tensor],
        iterations: usize,
    ) -> Result<Option<Iterated>> {
        let same = |tensors: &[Tensor], types: &[DType], rank| {
            tensors.len() == types.len()
                && tensors
                    .iter()
                    .zip(types)
                    .all(|(x, &dtype)| x.dtype() == dtype && x.rank() == rank)
        };
        let fits = same(carry, &self.carry, 0)
            && same(scanned, &self.scanned, 1)
            && consts.len() == self.consts
            && consts.iter().all(|x| x.rank() == 0)
            && scanned.iter().all(|x| x.shape()[0] == iterations);
        if !fits {
            return Ok(None);
        }
        let mut collected: SmallVec<[Buffer; 4]> = SmallVec::new();
        for &dtype in &self.collected {
            collected.push(Buffer::new(dtype, iterations)?);
        }
        let lines: Vec<Tensor> = scanned.iter().map(Tensor::contiguous).collect::<Result<_>>()?;
        let first = if self.is_backward { iterations.saturating_sub(1) } else { 0 };
        let mut arguments: SmallVec<[u64; 32]> = consts.iter().map(bits).collect();
        for (line, dtype) in lines.iter().zip(&self.scanned) {
            let bytes = line.bytes().expect("a contiguous tensor has its bytes in order");
            assert!(bytes.len() >= iterations * dtype.size());
            arguments.push(bytes.as_ptr().wrapping_add(first * dtype.size()) as u64);
        }
        for (buffer, dtype) in collected.iter_mut().zip(&self.collected) {
            let start = buffer.bytes_mut().as_mut_ptr();
            arguments.push(start.wrapping_add(first * dtype.size()) as u64);
        }
        let carried = arguments.len();
        arguments.extend(carry.iter().map(bits));
        arguments.push(iterations as u64);
        // SAFETY: the code is a function of this type, made by `emit`. It changes the list from
        // the carried numbers on, reads an entry of each scanned tensor and writes one of each
        // buffer in each iteration, of which there are as many as entries, or fewer.
        let failed = unsafe {
            let run: extern "sysv64" fn(*mut u64, usize) -> u64 =
                std::mem::transmute(self.executable.start());
            run(arguments.as_mut_ptr(), iterations) != 0
        };
        if failed {
            return Ok(None);
        }
        let carry = self.carry.iter().enumerate().map(|(n, &dtype)| {
            let value = arguments[carried + n];
            match dtype {
                DType::Bool => Tensor::scalar(crate::Bool::from(value as u32 != 0)),
                _ => Tensor::scalar_from_bytes(dtype, &value.to_le_bytes()),
            }
        });
        let collected = collected.into_iter().zip(&self.collected);
        Ok(Some(Iterated {
            carry: carry.collect(),
            collected: collected
                .map(|(buffer, &dtype)| Tensor::from_buffer(dtype, &[iterations], buffer))
                .collect(),
            left: arguments[arguments.len() - 1] as usize,
        }))
    }
}
