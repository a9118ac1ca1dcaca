//! Loops over rows of elements, several vectors of lanes at a time.
//!
//! Vectors at the end of a row are masked, so that nothing is read or written beyond it, and an
//! output may lie where an input does.

use super::opcodes::{broadcast, moved};
use super::Emitter;
use crate::native::ir::{Accumulator, Base, Kernel, Kind, Node, Place};
use crate::native::lower::finished;
use crate::native::x64::{
    Assembler, Condition, Mem, RAX, RCX, RDI, RDX, RSI, Rm, UNMASKED,
};

/// Where the list of arguments has what, by index.
///
/// Inputs, outputs and accumulators come first: the address of the first element of this row, or
/// the bits of a scalar (a truth value has all 16 low bits set or none). Accumulated numbers are
/// written to theirs, one in each row.
#[derive(Clone, Copy)]
pub(crate) struct List {
    arguments: usize,
}

impl List {
    pub fn new(kernel: &Kernel) -> List {
        let accumulators = kernel.accumulators.len();
        List::of(kernel.arguments + kernel.outputs.len() + accumulators)
    }

    /// The list of so many arguments.
    pub fn of(arguments: usize) -> List {
        List { arguments }
    }

    /// The number of rows.
    pub fn rows(self) -> usize {
        self.arguments
    }

    /// The number of elements of a row.
    pub fn length(self) -> usize {
        self.arguments + 1
    }

    /// The bytes from row to row of an argument.
    pub fn stride(self, argument: usize) -> usize {
        self.arguments + 2 + argument
    }

    /// Where the scalar of this row lies, of an input that has one for each.
    pub fn scalar(self, input: usize) -> usize {
        2 * self.arguments + 2 + input
    }

    pub fn size(self) -> usize {
        3 * self.arguments + 2
    }
}

/// Steps of which so few are done for several vectors at a time.
const SHORT: usize = 24;
/// Steps of which so many need no loop of their own for vectors that are whole.
const LONG: usize = 120;

/// The machine code of a kernel, with the constants that it reads.
///
/// It is a function of one argument, by the System V convention: the address of a list of 64 bits
/// each, as [`List`] says, which it changes. It returns whether a lane was rare.
///
/// None if it takes too many registers.
pub(crate) fn compile(kernel: &Kernel) -> Option<Vec<u8>> {
    let emitter = Emitter::new(kernel, None, None, &[]);
    emitter.fits().then(|| emitter.stream())?
}

pub(super) fn at(index: usize) -> Mem {
    Mem::At(RDI, index as i32 * 8)
}

impl Emitter<'_> {
    /// The whole function.
    fn stream(mut self) -> Option<Vec<u8>> {
        let list = List::new(self.kernel);
        let uses = self.uses.clone();
        let frame = self.enter();
        let (row, done) = (self.asm.label(), self.asm.label());
        self.asm.load(RAX, at(list.rows()));
        self.asm.test(RAX, RAX);
        self.asm.jump_if(Condition::Equal, done);
        self.load_pointers();
        let scalars_change = !self.kernel.per_row.is_empty();
        if !scalars_change {
            self.begin_known();
        }
        self.asm.place(row);
        for &input in &self.kernel.per_row {
            let size = self.row_scalar_size(input);
            load_scalar(&mut self.asm, list, input, size);
        }
        if scalars_change {
            self.begin_known();
        }
        let together = self.together()?;
        self.begin_accumulators();
        self.asm.load(RSI, at(list.length()));
        self.asm.zero(RAX);
        self.elements(&uses, together);
        for n in 0..self.accumulators.len() {
            let argument = self.kernel.arguments + self.kernel.outputs.len() + n;
            self.finish_accumulator(n, &[Place { lanes: Some(1), ..Place::listed(argument) }])?;
        }
        self.next_row_by_registers(list);
        self.asm.jump_if(Condition::Above, row);
        self.asm.place(done);
        Some(self.leave(frame))
    }

    /// Goes to the next row, if there is one: addresses that have a register are changed there.
    fn next_row_by_registers(&mut self, list: List) {
        let places = self.kernel.inputs.iter().chain(self.kernel.outputs.iter().map(|(.., to)| to));
        let mut listed: Vec<usize> = places
            .filter_map(|place| match place.base {
                Base::Listed(index) => Some(index as usize),
                Base::List => None,
            })
            .collect();
        let sums = self.kernel.arguments + self.kernel.outputs.len();
        listed.extend(sums..sums + self.accumulators.len());
        listed.sort_unstable();
        listed.dedup();
        for &(index, reg) in &self.pointers {
            self.asm.add_memory(reg, at(list.stride(index as usize)));
            listed.retain(|&other| other != index as usize);
        }
        next_row(&mut self.asm, list, listed.into_iter());
    }

    /// How many vectors of lanes are done at a time; none if accumulators differ in that.
    pub(super) fn together(&self) -> Option<usize> {
        let turns = self.accumulators.first().map_or(1, Vec::len);
        let is_same = self.accumulators.iter().all(|own| own.len() == turns);
        let steps = self.graph.nodes.len() - self.known.count();
        is_same.then_some(match self.accumulators.is_empty() {
            false => turns,
            true if steps <= SHORT => 2,
            true => 1,
        })
    }

    /// The loop over as many elements as `RSI` says, from the one on that `RAX` says.
    pub(super) fn elements(&mut self, uses: &[Vec<u32>], together: usize) {
        let lanes = self.lanes as i32;
        let steps = self.graph.nodes.len() - self.known.count();
        let (tail, end) = (self.asm.label(), self.asm.label());
        let mut spills = self.spills;
        if together > 1 || steps < LONG {
            let all = lanes * together as i32;
            let head = self.asm.label();
            self.asm.cmp(RSI, all);
            self.asm.jump_if(Condition::Below, tail);
            self.asm.set(RDX, (1 << lanes) - 1);
            if self.has_masks() {
                self.set_tail();
            }
            self.asm.place(head);
            for turn in 0..together {
                self.body(uses, turn, turn, false);
                spills = spills.max(self.spills);
            }
            self.asm.add(RAX, all);
            self.asm.sub(RSI, all);
            self.asm.cmp(RSI, all);
            self.asm.jump_if(Condition::AboveOrEqual, head);
        }
        self.asm.place(tail);
        self.asm.test(RSI, RSI);
        self.asm.jump_if(Condition::Equal, end);
        for turn in 0..together {
            let (head, full) = (self.asm.label(), self.asm.label());
            self.asm.place(head);
            self.asm.set(RDX, (1 << lanes) - 1);
            self.asm.cmp(RSI, lanes);
            self.asm.jump_if(Condition::AboveOrEqual, full);
            self.asm.bzhi(RDX, RDX, RSI);
            self.asm.place(full);
            self.set_tail();
            self.body(uses, 0, turn, true);
            spills = spills.max(self.spills);
            self.asm.add(RAX, lanes);
            self.asm.sub(RSI, lanes);
            match together {
                1 => self.asm.jump_if(Condition::Above, head),
                _ => self.asm.jump_if(Condition::BelowOrEqual, end),
            }
        }
        self.asm.place(end);
        self.spills = spills;
    }

    /// Bytes of a scalar; 8 if nothing needs it.
    fn row_scalar_size(&self, input: usize) -> u8 {
        let mut nodes = self.graph.nodes.iter();
        nodes
            .find_map(|(node, _)| match node {
                Node::Scalar(n, element) if *n as usize == input => Some(element.size()),
                _ => None,
            })
            .unwrap_or(8)
    }

    /// What is done for a vector of lanes: so many after the one that the loop is at.
    fn body(&mut self, uses: &[Vec<u32>], ahead: usize, turn: usize, is_last: bool) {
        self.begin_steps(uses);
        (self.ahead, self.turn, self.is_last) = (ahead, turn, is_last);
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

    /// Changes the accumulator whose turn it is, where there are elements.
    fn accumulate(&mut self, n: usize, at: u32) {
        let next = self.kernel.accumulators[n].next;
        let kind = self.graph.kind(next);
        let value = self.vector(next, at);
        let to = self.accumulators[n][self.turn];
        if self.is_last {
            return self.merge(to, value, kind);
        }
        let opcode = moved(kind == Kind::Double);
        self.asm.vector(opcode, self.length(kind), UNMASKED, to.0, 0, value.into(), None);
    }

    /// Sets the accumulators to what they begin with.
    pub(super) fn begin_accumulators(&mut self) {
        for (n, accumulator) in self.kernel.accumulators.iter().enumerate() {
            let kind = self.graph.kind(accumulator.next);
            let from = match kind {
                Kind::Double => self.asm.constant(&accumulator.identity.to_le_bytes()),
                _ => self.asm.constant(&(accumulator.identity as u32).to_le_bytes()),
            };
            let (opcode, length) = (broadcast(kind == Kind::Double), self.length(kind));
            for reg in self.accumulators[n].clone() {
                self.asm.vector(opcode, length, UNMASKED, reg.0, 0, Rm::Mem(from), None);
            }
        }
    }

    /// Writes the lanes of an accumulator as one number, to some places.
    pub(super) fn finish_accumulator(&mut self, n: usize, places: &[Place]) -> Option<()> {
        let Accumulator { fold, .. } = &self.kernel.accumulators[n];
        let (op, dtype) = (*fold)?;
        let registers = &self.accumulators[n];
        let kernel = finished(op, dtype, registers.len(), self.lanes, places)?;
        let mut other = Emitter::new(&kernel, None, Some(self.lanes), &[]);
        other.accumulators = registers.iter().map(|&reg| vec![reg]).collect();
        other.vectors_free = self.vectors_free;
        other.pointers.clear();
        std::mem::swap(&mut self.asm, &mut other.asm);
        other.place_accumulators();
        // Of most steps, few lanes are needed: shorter registers take the processor less.
        for (at, lanes) in kernel.graph.lanes_for_first(self.lanes).into_iter().enumerate() {
            other.lanes = lanes;
            other.steps(at..at + 1);
        }
        other.lanes = self.lanes;
        for &(id, element, place) in &kernel.outputs {
            other.unlock();
            other.write(place, id, element, u32::MAX - 1);
        }
        std::mem::swap(&mut self.asm, &mut other.asm);
        (other.spills == 0).then_some(())
    }
}

/// Reads a scalar of this row, and goes to that of the next.
pub(super) fn load_scalar(asm: &mut Assembler, list: List, input: usize, size: u8) {
    let scalar = at(list.scalar(input));
    asm.load(RCX, scalar);
    match size {
        4 => asm.load_word(RAX, Mem::At(RCX, 0)),
        _ => asm.load(RAX, Mem::At(RCX, 0)),
    }
    asm.store(at(input), RAX);
    asm.add_memory(RCX, at(list.stride(input)));
    asm.store(scalar, RCX);
}

/// Goes to the next row, if there is one, with the arguments that have rows.
pub(super) fn next_row(asm: &mut Assembler, list: List, moving: impl Iterator<Item = usize>) {
    for argument in moving {
        asm.load(RCX, at(list.stride(argument)));
        asm.add_register_to(at(argument), RCX);
    }
    asm.load(RAX, at(list.rows()));
    asm.sub(RAX, 1);
    asm.store(at(list.rows()), RAX);
}
