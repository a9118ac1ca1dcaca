//! One loop over the elements, a vector of lanes at a time.
//!
//! The last vector is masked, so that nothing is read or written beyond the end, and an output
//! may lie where an input does.

use super::{Emitter, SCRATCH, TAIL, broadcast, moved};
use crate::native::ir::{Kernel, Kind};
use crate::native::x64::{Condition, Length, Masking, Mem, RAX, RCX, RDI, RDX, RSI, Rm, UNMASKED};

/// The machine code of a kernel, with the constants that it reads.
///
/// It is a function of two arguments, by the System V convention: the address of a list of 64
/// bits for each input and output, which are addresses, but for scalar inputs their bits (a truth
/// value has all 16 low bits set or none); and the number of elements. It returns whether a lane
/// was rare.
///
/// What has been accumulated is written to addresses that follow those of the outputs, lane by
/// lane. None if that takes too many registers.
pub(crate) fn compile(kernel: &Kernel) -> Option<Vec<u8>> {
    let emitter = Emitter::new(kernel, None, None, &[]);
    emitter.fits().then(|| emitter.stream())
}

impl Emitter<'_> {
    /// The whole function.
    fn stream(mut self) -> Vec<u8> {
        let frame = self.enter();
        self.begin_accumulators();
        let (head, full, done) = (self.asm.label(), self.asm.label(), self.asm.label());
        let lanes = self.lanes as i32;
        self.asm.zero(RAX);
        self.asm.test(RSI, RSI);
        self.asm.jump_if(Condition::Equal, done);
        self.asm.place(head);
        self.asm.set(RDX, (1 << lanes) - 1);
        self.asm.cmp(RSI, lanes);
        self.asm.jump_if(Condition::AboveOrEqual, full);
        self.asm.bzhi(RDX, RDX, RSI);
        self.asm.place(full);
        self.asm.kmov_from(TAIL, RDX);
        self.body();
        self.asm.add(RAX, lanes);
        self.asm.sub(RSI, lanes);
        self.asm.jump_if(Condition::Above, head);
        self.asm.place(done);
        self.end_accumulators();
        self.leave(frame)
    }

    /// What is done for each vector of lanes.
    fn body(&mut self) {
        self.place_accumulators();
        self.steps(0..self.graph.nodes.len());
        let end = u32::MAX - 1;
        for &(id, element, place) in &self.kernel.outputs {
            self.unlock();
            self.write(place, id, element, end);
        }
        self.note_rare(end);
        for n in 0..self.accumulators.len() {
            self.unlock();
            self.accumulate(n, end);
        }
    }

    /// Changes the accumulator whose turn it is, where there are elements, and passes the turn.
    fn accumulate(&mut self, n: usize, at: u32) {
        let next = self.kernel.accumulators[n].next;
        let kind = self.graph.kind(next);
        let (wide, length) = (kind == Kind::Double, self.length(kind));
        let value = self.vector(next, at);
        let turns = self.accumulators[n].clone();
        let masking = Masking { mask: TAIL, zero: false };
        self.asm.vector(moved(wide), length, masking, turns[0].0, 0, value.into(), None);
        if turns.len() > 1 {
            let whole = Length::B64;
            self.asm.vector(moved(false), whole, UNMASKED, SCRATCH.0, 0, turns[0].into(), None);
            for pair in turns.windows(2) {
                let from = pair[1].into();
                self.asm.vector(moved(false), whole, UNMASKED, pair[0].0, 0, from, None);
            }
            let last = turns[turns.len() - 1];
            self.asm.vector(moved(false), whole, UNMASKED, last.0, 0, SCRATCH.into(), None);
        }
    }

    /// Sets the accumulators to what they begin with.
    fn begin_accumulators(&mut self) {
        for (n, accumulator) in self.kernel.accumulators.iter().enumerate() {
            let kind = self.graph.kind(accumulator.next);
            let from = match kind {
                Kind::Double => self.asm.constant(&accumulator.identity.to_le_bytes()),
                _ => self.asm.constant(&(accumulator.identity as u32).to_le_bytes()),
            };
            let opcode = broadcast(kind == Kind::Double);
            for reg in self.accumulators[n].clone() {
                self.asm.vector(opcode, Length::B64, UNMASKED, reg.0, 0, Rm::Mem(from), None);
            }
        }
    }

    /// Writes the accumulators where the list of arguments says.
    fn end_accumulators(&mut self) {
        let first = self.kernel.inputs.len() + self.kernel.outputs.len();
        for n in 0..self.accumulators.len() {
            let kind = self.graph.kind(self.kernel.accumulators[n].next);
            let length = self.length(kind);
            // Registers of fewer lanes than fill them are written close together.
            let size = 16 << length as i32;
            self.asm.load(RCX, Mem::At(RDI, (first + n) as i32 * 8));
            for (turn, reg) in self.accumulators[n].clone().into_iter().enumerate() {
                self.store(Mem::At(RCX, turn as i32 * size), reg, length, UNMASKED);
            }
        }
    }
}
