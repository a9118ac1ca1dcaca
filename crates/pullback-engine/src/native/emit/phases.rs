//! Rows of elements that are gone over several times, while they are in the nearest cache: each
//! time for a reduction, or with what reductions before came to.

use super::stream::{at, load_scalar, next_row};
use super::{Emitter, List, SAVED};
use crate::native::ir::{Kernel, Place};
use crate::native::lower::blocks_as_one;
use crate::native::x64::{Condition, RAX, RDX, RSI};

/// What is done for each row.
pub(crate) struct Phases {
    pub phases: Vec<Phase>,
    /// How many addresses or scalars there are in the list that change from row to row.
    pub arguments: usize,
    /// Of those, the scalars, and the bytes of each.
    pub per_row: Vec<(usize, u8)>,
    /// Elements of a row.
    pub length: usize,
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
    for &(input, size) in &rows.per_row {
        load_scalar(&mut whole.asm, list, input, size);
    }
    for phase in &rows.phases {
        let lanes = if matches!(phase, Phase::Numbers(_)) { Some(1) } else { None };
        let (Phase::Elements { kernel, .. } | Phase::Numbers(kernel)) = phase;
        let mut emitter = Emitter::new(kernel, None, lanes, &[]);
        std::mem::swap(&mut whole.asm, &mut emitter.asm);
        let spills = emitter.phase(phase, rows.length)?;
        std::mem::swap(&mut whole.asm, &mut emitter.asm);
        whole.spills = whole.spills.max(spills);
    }
    let is_scalar = |argument: &usize| rows.per_row.iter().any(|(input, _)| input == argument);
    next_row(&mut whole.asm, list, (0..rows.arguments).filter(|argument| !is_scalar(argument)));
    whole.asm.jump_if(Condition::Above, row);
    whole.asm.place(done);
    Some(whole.leave(frame))
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
