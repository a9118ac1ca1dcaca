//! The loop of a program, over iterations that depend on those before.
//!
//! What is carried stays in registers, as far as there are enough, and else in the list of
//! arguments. A number is in every lane of its register: lanes that hold anything else could be
//! denormal, and so slow.

use super::Emitter;
use super::opcodes::{LOAD, broadcast, moved};
use crate::native::ir::{Id, Kind, Loop, Node};
use crate::native::x64::{
    Condition, Length, Mem, RCX, RDI, RDX, RSI, Rm, UNMASKED, Zmm,
};

/// The machine code of a loop, with the constants that it reads, and how many places of 64 bytes
/// it needs for what has no register.
///
/// It is a function of two arguments, by the System V convention: the address of a list, and the
/// largest number of iterations. What the list holds is where the loop says; what is carried after
/// the last iteration is written there. The function returns whether a lane was rare.
pub(crate) fn compile_loop(looped: &Loop) -> Option<(Vec<u8>, usize)> {
    let root = looped.condition.map(|(id, _)| id);
    let lanes = Some(looped.lanes);
    let mut emitter = Emitter::new(&looped.kernel, root, lanes, &looped.carried);
    emitter.spilled = Some(looped.spills);
    emitter.fits().then(|| emitter.repeat(looped))
}

impl Emitter<'_> {
    fn repeat(mut self, looped: &Loop) -> (Vec<u8>, usize) {
        let count = self.accumulators.len();
        let frame = self.enter();
        self.load_pointers();
        // The lanes that count, for bits of others.
        self.asm.set(RDX, (1 << self.lanes) - 1);
        if self.lanes == 1 {
            self.set_tail();
        }
        for n in 0..count {
            let kind = self.graph.kind(self.kernel.accumulators[n].next);
            if let Some(&reg) = self.accumulators[n].first() {
                let opcode = match self.kernel.accumulators[n].lanes {
                    1 => broadcast(kind == Kind::Double),
                    _ => LOAD,
                };
                let from = Rm::Mem(Mem::At(RDI, self.carried[n]));
                self.asm.vector(opcode, self.length(kind), UNMASKED, reg.0, 0, from, None);
            }
        }
        let (head, done) = (self.asm.label(), self.asm.label());
        self.asm.test(RSI, RSI);
        self.asm.jump_if(Condition::Equal, done);
        self.asm.place(head);
        self.place_accumulators();
        let end = u32::MAX - 1;
        let mut first = 0;
        if let Some((condition, steps)) = looped.condition {
            self.steps(0..steps);
            first = steps;
            self.unlock();
            self.truth_bits(condition, (steps as u32).saturating_sub(1));
            // Every lane has the same, or there is one.
            self.asm.and(RCX, 1);
            self.asm.jump_if(Condition::Equal, done);
        }
        self.steps(first..self.graph.nodes.len());
        for &(id, element, place) in &self.kernel.outputs {
            self.unlock();
            self.write(place, id, element, end);
        }
        self.note_rare(end);
        self.carry(end);
        for &(index, bytes) in &looped.advances {
            match self.pointers.iter().find(|(other, _)| *other == index) {
                Some(&(_, reg)) => self.asm.add(reg, bytes),
                None => self.asm.add_to(Mem::At(RDI, index as i32 * 8), bytes),
            }
        }
        self.asm.sub(RSI, 1);
        self.asm.jump_if(Condition::Above, head);
        self.asm.place(done);
        for n in 0..count {
            if let Some(&reg) = self.accumulators[n].first() {
                self.write_carried(n, reg);
            }
        }
        self.asm.store(Mem::At(RDI, looped.left), RSI);
        let spills = self.spills as usize;
        (self.leave(frame), spills)
    }

    /// Writes what is carried to its place: all lanes, or the number that all have.
    fn write_carried(&mut self, n: usize, from: Zmm) {
        let kind = self.graph.kind(self.kernel.accumulators[n].next);
        let to = Mem::At(RDI, self.carried[n]);
        if self.kernel.accumulators[n].lanes > 1 {
            let length = self.length(kind);
            return self.store(to, from, length);
        }
        self.store_first(to, from, kind);
    }

    /// Makes what was computed what is carried.
    ///
    /// No value to be carried lies where another is: `looped` copies those.
    fn carry(&mut self, at: u32) {
        for n in 0..self.accumulators.len() {
            let next = self.kernel.accumulators[n].next;
            if self.is_unchanged(n, next) {
                continue;
            }
            self.unlock();
            let kind = self.graph.kind(next);
            let from = self.vector(next, at);
            let Some(&to) = self.accumulators[n].first() else {
                self.write_carried(n, from);
                continue;
            };
            let length: Length = self.length(kind);
            let opcode = moved(kind == Kind::Double);
            self.asm.vector(opcode, length, UNMASKED, to.0, 0, from.into(), None);
        }
    }

    fn is_unchanged(&self, n: usize, next: Id) -> bool {
        self.graph.node(next) == Node::Accumulator(n as u16)
    }
}
