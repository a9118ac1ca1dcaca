//! Rows of elements that are gone over several times, while they are in the nearest cache: each
//! time for a reduction, or with what reductions before came to.
//!
//! A reduction ends with steps that wait for each other, and so does the next that goes on from what
//! it came to. So some rows are taken together, each with a list of its own: what is done at a time
//! is done for all of them, and the processor begins with a row while another ends.

use super::stream::{at, load_scalar, next_row};
use super::{Emitter, List, SAVED};
use crate::native::ir::{Kernel, Place};
use crate::native::lower::blocks_as_one;
use crate::native::x64::{Assembler, Condition, RAX, RDI, RDX, RSI};

/// What is done for each row.
pub(crate) struct Phases {
    pub phases: Vec<Phase>,
    /// How many addresses or scalars there are in the list that change from row to row.
    pub arguments: usize,
    /// Of those, the scalars, and the bytes of each.
    pub per_row: Vec<(usize, u8)>,
    /// Elements of a row.
    pub length: usize,
    /// The size of a list, with the numbers that the phases use. Two more follow: whether another list
    /// does, and the address of the first.
    pub size: usize,
}

impl Phases {
    /// Where a list says whether another follows.
    pub fn more(size: usize) -> usize {
        size
    }

    /// Where a list has the address of the first.
    pub fn first(size: usize) -> usize {
        size + 1
    }

    /// From one list to the next.
    pub fn step(size: usize) -> usize {
        size + 2
    }
}

/// What is done at a time.
pub(crate) enum Phase {
    /// The elements of the row. Accumulators are finished after every so many of them, and blocks
    /// kept in the list from an index on; what they come to is written to places.
    Elements { kernel: Kernel, block: usize, blocks_at: usize, sums: Vec<Vec<Place>> },
    /// What there is once for the row.
    Numbers(Kernel),
}

/// The machine code of what is done for rows; as of `compile`, with as many numbers behind the
/// list as the phases use. None if it takes too many registers.
pub(crate) fn compile_phases(rows: &Phases) -> Option<Vec<u8>> {
    let list = List::of(rows.arguments);
    let has_rare = rows.phases.iter().any(|phase| match phase {
        Phase::Elements { kernel, .. } | Phase::Numbers(kernel) => kernel.rare.is_some(),
    });
    let nothing = Kernel::default();
    let mut whole = Emitter::new(&nothing, None, None, &[]);
    let frame = whole.enter_with(SAVED.to_vec(), has_rare);
    let (row, done) = (whole.asm.label(), whole.asm.label());
    whole.asm.load(RAX, at(list.rows()));
    whole.asm.test(RAX, RAX);
    whole.asm.jump_if(Condition::Equal, done);
    whole.asm.place(row);
    if !rows.per_row.is_empty() {
        each_list(&mut whole.asm, rows.size, |asm| {
            rows.per_row.iter().for_each(|&(input, size)| load_scalar(asm, list, input, size));
            Some(())
        })?;
    }
    let mut spills = 0;
    for phase in &rows.phases {
        let lanes = if matches!(phase, Phase::Numbers(_)) { Some(1) } else { None };
        let (Phase::Elements { kernel, .. } | Phase::Numbers(kernel)) = phase;
        each_list(&mut whole.asm, rows.size, |asm| {
            let mut emitter = Emitter::new(kernel, None, lanes, &[]);
            std::mem::swap(asm, &mut emitter.asm);
            spills = emitter.phase(phase, rows.length)?.max(spills);
            std::mem::swap(asm, &mut emitter.asm);
            Some(())
        })?;
    }
    whole.spills = whole.spills.max(spills);
    let is_scalar = |argument: &usize| rows.per_row.iter().any(|(input, _)| input == argument);
    each_list(&mut whole.asm, rows.size, |asm| {
        next_row(asm, list, (0..rows.arguments).filter(|argument| !is_scalar(argument)));
        Some(())
    })?;
    whole.asm.load(RAX, at(list.rows()));
    whole.asm.test(RAX, RAX);
    whole.asm.jump_if(Condition::Above, row);
    whole.asm.place(done);
    Some(whole.leave(frame))
}

/// Does the same for every list, one after the other.
fn each_list(
    asm: &mut Assembler,
    size: usize,
    body: impl FnOnce(&mut Assembler) -> Option<()>,
) -> Option<()> {
    let (head, end) = (asm.label(), asm.label());
    asm.place(head);
    body(asm)?;
    asm.load(RAX, at(Phases::more(size)));
    asm.test(RAX, RAX);
    asm.jump_if(Condition::Equal, end);
    asm.add(RDI, 8 * Phases::step(size) as i32);
    // An address is not zero.
    asm.jump_if(Condition::Above, head);
    asm.place(end);
    asm.load(RDI, at(Phases::first(size)));
    Some(())
}

impl Emitter<'_> {
    /// One phase, and how many places on the stack it needs.
    fn phase(&mut self, phase: &Phase, length: usize) -> Option<i32> {
        if !self.fits() {
            return None;
        }
        self.load_pointers();
        let (block, blocks_at, sums) = match phase {
            Phase::Numbers(_) => return Some(self.numbers()),
            Phase::Elements { block, blocks_at, sums, .. } => (*block, *blocks_at, sums),
        };
        let together = self.together()?;
        let uses = self.uses.clone();
        let block = if sums.is_empty() { length } else { block };
        let blocks = length.div_ceil(block);
        self.asm.zero(RAX);
        let mut spills = 0;
        for at in 0..blocks {
            self.begin_accumulators();
            self.asm.set(RSI, block.min(length - at * block) as u32);
            self.elements(&uses, together);
            spills = spills.max(self.spills);
            for (n, places) in sums.iter().enumerate() {
                let kept = Place { lanes: Some(1), ..Place::in_list(blocks_at + n * blocks + at) };
                let places = if blocks == 1 { &places[..] } else { &[kept][..] };
                self.finish_accumulator(n, places)?;
            }
        }
        if blocks > 1 {
            for (n, places) in sums.iter().enumerate() {
                let (op, dtype) = self.kernel.accumulators[n].fold?;
                let kernel = blocks_as_one(op, dtype, blocks_at + n * blocks, blocks, places)?;
                let mut other = Emitter::new(&kernel, None, Some(1), &[]);
                std::mem::swap(&mut self.asm, &mut other.asm);
                other.load_pointers();
                spills = spills.max(other.numbers());
                std::mem::swap(&mut self.asm, &mut other.asm);
            }
        }
        Some(spills)
    }

    /// The steps of numbers, each of which there is one of.
    fn numbers(&mut self) -> i32 {
        self.asm.set(RDX, 1);
        self.set_tail();
        self.steps(0..self.graph.nodes.len());
        let end = u32::MAX - 1;
        for &(id, element, place) in &self.kernel.outputs {
            self.unlock();
            self.write(Place { lanes: None, ..place }, id, element, end);
        }
        self.note_rare(end);
        self.spills
    }
}
