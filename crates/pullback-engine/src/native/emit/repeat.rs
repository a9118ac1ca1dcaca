//! The loop of a program, over the iterations of numbers that depend on those before.
//!
//! What is carried stays in registers, each of which holds its number in every lane: lanes that
//! hold anything else could be denormal, and so slow.

use super::{Emitter, TAIL, broadcast, moved};
use crate::native::ir::{Element, Kind, Loop, Node};
use crate::native::x64::{Condition, Mem, RCX, RDI, RDX, RSI, Rm, UNMASKED};

/// The machine code of a loop, with the constants that it reads.
///
/// It is a function of two arguments, by the System V convention: the address of a list of 64
/// bits, and the largest number of iterations. The list has the address of the first entry of each
/// input that has entries, and the bits of the others; the address of the first entry of each
/// output; the bits of each carried number, where those after the last iteration are written; and
/// last, the number of iterations that were not done. The function returns whether a lane was
/// rare.
///
/// None if there are too few registers.
pub(crate) fn compile_loop(looped: &Loop) -> Option<Vec<u8>> {
    let root = looped.condition.map(|(id, _)| id);
    let emitter = Emitter::new(&looped.kernel, root, true);
    let has_pointers = emitter.entries().all(|(pointer, _)| emitter.pointers[pointer].is_some());
    (emitter.fits() && has_pointers).then(|| emitter.repeat(looped))
}

impl Emitter<'_> {
    /// The pointers that go from entry to entry, and the sizes of those.
    fn entries(&self) -> impl Iterator<Item = (usize, u8)> {
        let inputs =
            self.graph.nodes.iter().zip(&self.uses).filter_map(|((node, _), uses)| match *node {
                Node::Input(input, element) if !uses.is_empty() => {
                    Some((input as usize, element.size()))
                }
                _ => None,
            });
        let first = self.kernel.inputs;
        let outputs = self.kernel.outputs.iter().enumerate();
        inputs.chain(outputs.map(move |(n, (_, element))| (first + n, element.size())))
    }

    fn repeat(mut self, looped: &Loop) -> Vec<u8> {
        let carried = self.kernel.inputs + self.kernel.outputs.len();
        let place = |n: usize| Mem::At(RDI, (carried + n) as i32 * 8);
        let count = self.accumulators.len();
        // Uses are forgotten as steps are walked.
        let entries: Vec<(usize, u8)> = self.entries().collect();
        let frame = self.enter();
        // The one lane that counts, in a mask and for the bits of others.
        self.asm.set(RDX, 1);
        self.asm.kmov_from(TAIL, RDX);
        for n in 0..count {
            let kind = self.graph.kind(self.kernel.accumulators[n].next);
            let reg = self.accumulators[n][0];
            let opcode = broadcast(kind == Kind::Double);
            self.asm.vector(opcode, self.length(kind), UNMASKED, reg.0, 0, Rm::Mem(place(n)), None);
        }
        let (head, done) = (self.asm.label(), self.asm.label());
        self.asm.test(RSI, RSI);
        self.asm.jump_if(Condition::Equal, done);
        self.place_accumulators();
        self.asm.place(head);
        let end = u32::MAX - 1;
        let mut first = 0;
        if let Some((condition, steps)) = looped.condition {
            self.steps(0..steps);
            first = steps;
            self.unlock();
            let mask = self.mask(condition, (steps as u32).saturating_sub(1));
            self.asm.kmov_to(RCX, mask);
            self.asm.and_with(RCX, RDX);
            self.asm.jump_if(Condition::Equal, done);
        }
        self.steps(first..self.graph.nodes.len());
        for (n, &(id, element)) in self.kernel.outputs.iter().enumerate() {
            self.unlock();
            self.write(self.kernel.inputs + n, id, element, end);
        }
        self.note_rare(end);
        self.carry(end);
        for (pointer, size) in entries {
            if let Some(reg) = self.pointers[pointer] {
                let step = if looped.is_backward { -(size as i32) } else { size as i32 };
                self.asm.add(reg, step);
            }
        }
        self.asm.sub(RSI, 1);
        self.asm.jump_if(Condition::Above, head);
        self.asm.place(done);
        for n in 0..count {
            let element = match self.graph.kind(self.kernel.accumulators[n].next) {
                Kind::Double => Element::Double,
                _ => Element::Word,
            };
            let reg = self.accumulators[n][0];
            self.write_at(place(n), reg, element);
        }
        self.asm.store(place(count), RSI);
        self.leave(frame)
    }

    /// Makes what was computed what is carried.
    ///
    /// No value to be carried lies in the register of another: `lower` copies those.
    fn carry(&mut self, at: u32) {
        for n in 0..self.accumulators.len() {
            let next = self.kernel.accumulators[n].next;
            if self.graph.node(next) == Node::Accumulator(n as u8) {
                continue;
            }
            self.unlock();
            let kind = self.graph.kind(next);
            let from = self.vector(next, at);
            let to = self.accumulators[n][0];
            let length = self.length(kind);
            let opcode = moved(kind == Kind::Double);
            self.asm.vector(opcode, length, UNMASKED, to.0, 0, from.into(), None);
        }
    }
}
