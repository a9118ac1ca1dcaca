//! From a graph to machine code.
//!
//! Here are registers, and in `steps` and `places` what is done with them; `stream` puts a loop over
//! elements around steps, and `repeat` one over the iterations of a program's own loop.
//!
//! Registers are given out as the steps are walked in order. When there are too few, the value
//! that is needed last makes room (Belady's rule): inputs and constants are read again where they
//! lie, anything else is kept on the stack.
//!
//! Processors differ in how truth values and parts of vectors are had: `masks` has them in mask
//! registers (AVX-512), `vectors` in vectors (AVX2).

mod known;
mod masks;
mod opcodes;
mod places;
mod phases;
mod repeat;
mod steps;
mod stream;
mod vectors;

pub(crate) use phases::{Phase, Phases, compile_phases};
pub(crate) use repeat::compile_loop;
pub(crate) use stream::{List, compile};

use known::Known;

use super::ir::{
    Accumulator, Base, Element, Graph, Id, Kernel, Kind, Lookup, Node, Place,
};
use super::x64::{
    self, Assembler, Gpr, Immediate, Length, Map, Mem, Prefix, RAX, RBP, RBX, RCX, RDI, RDX, RSP,
    Rm, UNMASKED, Zmm, op,
};
use crate::isa::Isa;

/// Registers that pointers are kept in; those that a caller expects unchanged come last.
const POINTERS: [Gpr; 8] =
    [x64::R8, x64::R9, x64::R10, x64::R11, RBX, x64::R12, x64::R13, x64::R14];
/// Registers that a caller expects unchanged.
const SAVED: [Gpr; 5] = [RBX, x64::R12, x64::R13, x64::R14, x64::R15];
/// Whether a rare lane was met.
const RARE: Gpr = x64::R15;
/// How many vector registers there are for what.
struct Registers {
    /// For values; the others are needed in passing.
    values: usize,
    /// Of those, for accumulators at most, so that enough are left.
    accumulators: usize,
    /// Of those, for what a loop carries at most, if the rest can stay in memory.
    carried: usize,
}

impl Registers {
    fn of(isa: Isa) -> Registers {
        match isa {
            Isa::Avx512 => Registers { values: 31, accumulators: 16, carried: 12 },
            _ => Registers { values: 14, accumulators: 8, carried: 5 },
        }
    }
}

/// Bytes of a place on the stack.
const SPILL: i32 = 64;

/// Which lanes of a place are elements.
#[derive(Clone, Copy)]
enum Part {
    Whole,
    /// The first, as many as given.
    First(u8),
    /// As many as the loop over elements has left.
    Tail,
}

/// Where a value is.
#[derive(Clone, Copy, Default)]
struct Home {
    reg: Option<u8>,
    spill: Option<i32>,
}

/// What a function leaves to be done at its end.
struct Frame {
    saved: Vec<Gpr>,
    has_rare: bool,
    /// Where the size of the stack is to be written.
    size: Immediate,
}

struct Emitter<'a> {
    kernel: &'a Kernel,
    graph: &'a Graph,
    asm: Assembler,
    /// Lanes of a vector; if there is one, registers hold its value several times.
    lanes: usize,
    homes: Vec<Home>,
    /// For each value, the steps that need it, the last first.
    uses: Vec<Vec<u32>>,
    /// Vectors of lanes after the one that the loop over elements is at.
    ahead: usize,
    /// Whether fewer elements than lanes may be left.
    is_last: bool,
    /// The turn of accumulators.
    turn: usize,
    vectors: [Option<Id>; 32],
    masks: [Option<Id>; 8],
    /// Registers that the current step needs.
    locked: u32,
    locked_masks: u8,
    spills: i32,
    /// What was done before the loop.
    known: Known,
    /// Where the places for what has no register are: the stack, or bytes from there in the list.
    spilled: Option<i32>,
    /// Values of which single lanes are read, which therefore are in memory too.
    read_by_lane: Vec<bool>,
    /// Registers below this one are given out; those above hold accumulators.
    vectors_free: usize,
    /// The registers of each accumulator, in the order that they take turns; none if it stays in
    /// memory.
    accumulators: Vec<Vec<Zmm>>,
    /// Where in the list the accumulators are that stay in memory.
    carried: &'a [i32],
    /// The registers of addresses in the list, by their index there.
    pointers: Vec<(u16, Gpr)>,
}

impl<'a> Emitter<'a> {
    /// An emitter for vectors of lanes; if their number is not given, it follows from the kinds.
    /// `root` is needed besides the outputs.
    fn new(
        kernel: &'a Kernel,
        root: Option<Id>,
        lanes: Option<usize>,
        carried: &'a [i32],
    ) -> Emitter<'a> {
        let graph = &kernel.graph;
        let count = graph.nodes.len();
        let mut needed = vec![false; count];
        let accumulated = kernel.accumulators.iter().map(|accumulator| accumulator.next);
        let outputs = kernel.outputs.iter().map(|(id, ..)| *id);
        let roots = outputs.chain(kernel.rare).chain(accumulated).chain(root);
        let mut uses: Vec<Vec<u32>> = vec![vec![]; count];
        for root in roots {
            needed[root.index()] = true;
            uses[root.index()].push(u32::MAX);
        }
        let mut wide = false;
        let mut read_by_lane = vec![false; count];
        for at in (0..count).rev() {
            if needed[at] {
                let (node, kind) = graph.nodes[at];
                wide |= kind == Kind::Double;
                for operand in Graph::operands(node) {
                    needed[operand.index()] = true;
                    uses[operand.index()].push(at as u32);
                }
                if let Node::Lane(of, _) = node {
                    read_by_lane[of.index()] = true;
                }
            }
        }
        let mut pointers: Vec<(u16, Gpr)> = vec![];
        let read = graph.nodes.iter().enumerate().filter_map(|(at, (node, _))| match node {
            Node::Input(input, _) if needed[at] => Some(kernel.inputs[*input as usize].base),
            _ => None,
        });
        for base in read.chain(kernel.outputs.iter().map(|(_, _, place)| place.base)) {
            if let Base::Listed(index) = base
                && pointers.len() < POINTERS.len()
                && pointers.iter().all(|(other, _)| *other != index)
            {
                pointers.push((index, POINTERS[pointers.len()]));
            }
        }
        let isa = graph.isa;
        let registers = Registers::of(isa);
        let lanes = lanes.unwrap_or(vector_lanes(isa, wide));
        let mut vectors_free = registers.values;
        let may_stay = !carried.is_empty();
        let mut reserve = |accumulator: &Accumulator| {
            let count = (accumulator.lanes / lanes).max(1);
            if may_stay && registers.values - vectors_free + count > registers.carried {
                return vec![];
            }
            vectors_free = vectors_free.saturating_sub(count);
            (vectors_free..vectors_free + count).map(|reg| Zmm(reg as u8)).collect()
        };
        let accumulators = kernel.accumulators.iter().map(&mut reserve).collect();
        Emitter {
            kernel,
            graph,
            asm: Assembler::new(isa),
            lanes,
            vectors_free,
            accumulators,
            carried,
            homes: vec![Home::default(); count],
            uses,
            ahead: 0,
            is_last: true,
            turn: 0,
            vectors: [None; 32],
            masks: [None; 8],
            locked: 0,
            locked_masks: 0,
            spills: 0,
            known: Known::default(),
            spilled: None,
            read_by_lane,
            pointers,
        }
    }

    /// Whether there are registers for all accumulators.
    fn fits(&self) -> bool {
        let most = Registers::of(self.graph.isa).accumulators;
        self.accumulators.iter().map(Vec::len).sum::<usize>() <= most
    }

    /// Whether truth values are in mask registers.
    fn has_masks(&self) -> bool {
        self.graph.isa == Isa::Avx512
    }

    /// The beginning of the function: registers that the caller expects unchanged are saved, and
    /// pointers are in theirs.
    fn enter(&mut self) -> Frame {
        let has_rare = self.kernel.rare.is_some();
        let used = &POINTERS[..self.pointers.len()];
        let is_saved = |reg: &Gpr| used.contains(reg) || (has_rare && *reg == RARE);
        self.enter_with(SAVED.into_iter().filter(is_saved).collect(), has_rare)
    }

    fn enter_with(&mut self, saved: Vec<Gpr>, has_rare: bool) -> Frame {
        self.asm.push(RBP);
        saved.iter().for_each(|&reg| self.asm.push(reg));
        self.asm.mov(RBP, RSP);
        let size = self.asm.sub(RSP, 0);
        self.asm.and(RSP, -SPILL);
        if has_rare {
            self.asm.zero(RARE);
        }
        Frame { saved, size, has_rare }
    }

    /// Puts addresses from the list in their registers.
    fn load_pointers(&mut self) {
        for &(index, reg) in &self.pointers {
            self.asm.load(reg, Mem::At(RDI, index as i32 * 8));
        }
    }

    /// The end of the function, which returns whether a lane was rare.
    fn leave(mut self, frame: Frame) -> Vec<u8> {
        self.asm.vzeroupper();
        match frame.has_rare {
            true => self.asm.mov(RAX, RARE),
            false => self.asm.zero(RAX),
        }
        self.asm.mov(RSP, RBP);
        frame.saved.iter().rev().for_each(|&reg| self.asm.pop(reg));
        self.asm.pop(RBP);
        self.asm.ret();
        let stack = if self.spilled.is_some() { 0 } else { self.spills * SPILL };
        self.asm.set_immediate(frame.size, stack);
        self.asm.finish()
    }

    /// The steps of a range, as far as they are needed.
    fn steps(&mut self, range: std::ops::Range<usize>) {
        for at in range {
            let (node, kind) = self.graph.nodes[at];
            // What is read is read when it is needed first.
            if !self.uses[at].is_empty() && !node.is_read() && !self.known.has(at) {
                self.step(at as u32, Id(at as u32), node, kind);
                if self.read_by_lane[at] && !matches!(node, Node::Accumulator(_)) {
                    self.keep_lanes(Id(at as u32));
                }
            }
        }
    }

    /// Gives accumulators the registers whose turn it is.
    fn place_accumulators(&mut self) {
        for (at, (node, _)) in self.graph.nodes.iter().enumerate() {
            if let Node::Accumulator(n) = *node
                && let Some(reg) = self.accumulators[n as usize].get(self.turn)
            {
                self.homes[at].reg = Some(reg.0);
                if self.read_by_lane[at] {
                    self.keep_lanes(Id(at as u32));
                }
            }
        }
    }

    /// Writes a value that is in a register to its place in memory, where lanes are read.
    fn keep_lanes(&mut self, id: Id) {
        let reg = self.homes[id.index()].reg.expect("a value that was computed has a register");
        if self.homes[id.index()].spill.is_none() {
            self.homes[id.index()].spill = Some(self.spills * SPILL);
            self.spills += 1;
        }
        let to = self.spill_place(self.homes[id.index()].spill.unwrap_or_default());
        let length = self.length(self.graph.kind(id));
        self.store(to, Zmm(reg), length);
    }

    fn spill_place(&self, slot: i32) -> Mem {
        match self.spilled {
            Some(start) => Mem::At(RDI, start + slot),
            None => Mem::At(RSP, slot),
        }
    }

    /// Remembers lanes that are rare.
    fn note_rare(&mut self, at: u32) {
        if let Some(rare) = self.kernel.rare {
            self.unlock();
            self.truth_bits(rare, at);
            // Bits of no lane may be set.
            self.asm.and_with(RCX, RDX);
            self.asm.or(RARE, RCX);
        }
    }

    /// How much of a register values of a kind fill.
    fn length(&self, kind: Kind) -> Length {
        let bytes = match kind {
            Kind::Word => 4 * self.lanes,
            Kind::Double => 8 * self.lanes,
            // Truth values in vectors are as wide as the widest values.
            Kind::Mask => 32,
        };
        match bytes {
            _ if self.lanes == 1 => Length::B16,
            64 => Length::B64,
            32 => Length::B32,
            _ => Length::B16,
        }
    }

    /// The step after `at` that needs a value next; none if there is no such step.
    fn next_use(&mut self, id: Id, at: u32) -> Option<u32> {
        let uses = &mut self.uses[id.index()];
        while uses.last().is_some_and(|&next| next <= at) {
            uses.pop();
        }
        uses.last().copied()
    }

    fn unlock(&mut self) {
        self.locked = 0;
        self.locked_masks = 0;
    }

    /// A register for a new value; it is locked.
    fn vector_for(&mut self, id: Id, at: u32) -> Zmm {
        let free = (0..self.vectors_free).find(|&reg| self.vectors[reg].is_none());
        let reg = free.unwrap_or_else(|| {
            let unlocked = (0..self.vectors_free).filter(|reg| self.locked >> reg & 1 == 0);
            let held = unlocked.filter_map(|reg| Some((reg, self.vectors[reg]?))).collect();
            let (reg, id) = self.needed_last(held, at);
            if let Some(slot) = self.leave_register(id) {
                let length = self.length(self.graph.kind(id));
                self.store(slot, Zmm(reg as u8), length);
            }
            reg
        });
        self.vectors[reg] = Some(id);
        self.homes[id.index()].reg = Some(reg as u8);
        self.locked |= 1 << reg;
        Zmm(reg as u8)
    }

    /// Of registers and what they hold, the one whose value is needed last.
    fn needed_last(&mut self, held: smallvec::SmallVec<[(usize, Id); 32]>, at: u32) -> (usize, Id) {
        let next = |&(_, id): &(usize, Id)| self.next_use(id, at).unwrap_or(u32::MAX);
        held.into_iter().max_by_key(next).expect("a step needs fewer registers than there are")
    }

    /// Notes that a value has no register; where it has to be kept, if it is not there already
    /// and cannot be read again.
    fn leave_register(&mut self, id: Id) -> Option<Mem> {
        let node = self.graph.node(id);
        let is_read = node.is_read() || matches!(node, Node::Accumulator(_));
        let home = &mut self.homes[id.index()];
        home.reg = None;
        if is_read || home.spill.is_some() {
            return None;
        }
        let slot = self.spills * SPILL;
        self.spills += 1;
        home.spill = Some(slot);
        Some(self.spill_place(slot))
    }

    fn store(&mut self, to: Mem, from: Zmm, length: Length) {
        let opcode = op(Map::M0F, Prefix::None, false, 0x11);
        self.asm.vector(opcode, length, UNMASKED, from.0, 0, Rm::Mem(to), None);
    }

    /// Writes the first lane of a register.
    fn store_first(&mut self, to: Mem, from: Zmm, kind: Kind) {
        let opcode = match kind {
            Kind::Double => op(Map::M0F, Prefix::F2, true, 0x11),
            _ => op(Map::M0F, Prefix::F3, false, 0x11),
        };
        self.asm.vector(opcode, Length::B16, UNMASKED, from.0, 0, Rm::Mem(to), None);
    }

    /// Frees the registers of operands that no later step needs.
    fn release(&mut self, node: Node, at: u32) {
        for id in Graph::operands(node) {
            if self.is_last(id, at)
                && let Some(reg) = self.homes[id.index()].reg.take()
            {
                match self.graph.kind(id) {
                    Kind::Mask if self.has_masks() => self.masks[reg as usize] = None,
                    _ => self.vectors[reg as usize] = None,
                }
            }
        }
    }

    /// Whether no later step needs a value; accumulators keep their registers.
    fn is_last(&mut self, id: Id, at: u32) -> bool {
        let stays = match self.graph.node(id) {
            Node::Accumulator(n) => !self.accumulators[n as usize].is_empty(),
            _ => false,
        };
        !stays && self.next_use(id, at).is_none()
    }

}

/// What is done in one way by masks, in another by vectors.
macro_rules! by_processor {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $Type:ty),*) =
        $by_masks:ident, $by_vectors:ident;)*) => {
        impl Emitter<'_> {
            $($(#[$doc])*
            fn $name(&mut self, $($argument: $Type),*) {
                match self.has_masks() {
                    true => self.$by_masks($($argument),*),
                    false => self.$by_vectors($($argument),*),
                }
            })*
        }
    };
}

by_processor! {
    /// Notes which lanes are elements: as many as the low bits of `RDX` say.
    fn set_tail() = set_tail_mask, set_tail_vector;
    /// Reads the lanes of a place that are elements, and zeros.
    fn read_part(to: Zmm, place: Place, element: Element) = read_masked, read_first;
    /// Writes the lanes of a place that are elements.
    fn write_part(place: Place, from: Zmm, element: Element) = write_masked, write_first;
    /// Reads the elements of lanes that do not lie side by side.
    fn gather(to: Zmm, place: Place, kind: Kind) = gather_masked, gather_first;
    /// Writes the elements of lanes that do not lie side by side.
    fn scatter(from: Zmm, place: Place, kind: Kind) = scatter_masked, scatter_first;
    /// Reads every second element, as many as there are lanes.
    fn pairs(to: Zmm, place: Place, kind: Kind) = pairs_at_once, pairs_shuffled;
    /// Writes truth values, a byte each.
    fn write_truths(place: Place, id: Id, at: u32) = write_mask, write_truth_vector;
    /// The bits of a truth value, a lane each, in `RCX`; more may be set.
    fn truth_bits(id: Id, at: u32) = mask_bits, vector_bits;
    /// Changes the lanes of a register that are elements.
    fn merge(to: Zmm, from: Zmm, kind: Kind) = merge_masked, merge_first;
    /// `to` becomes `a` with lane `i + by` in lane `i`.
    fn rotate(by: u8, kind: Kind, to: Zmm, a: Zmm) = align, rotate_lanes;
    /// `to` becomes the lanes of `a` that are given.
    fn permute(lanes: &[u8], kind: Kind, to: Zmm, a: Zmm) = permute_any, permute_lanes;
    /// `to` becomes the elements of a table at an index; it is another register.
    fn lookup(table: &Lookup, kind: Kind, to: Zmm, index: Zmm) = lookup_at_once, lookup_by_gather;
    /// The low halves of 64 bits.
    fn truncate(to: Zmm, a: Zmm) = truncate_at_once, truncate_halves;
}

/// Lanes of a vector, if some of its elements have 64 bits or not.
pub(crate) fn vector_lanes(isa: Isa, has_wide: bool) -> usize {
    let all = if isa == Isa::Avx512 { 16 } else { 8 };
    if has_wide { all / 2 } else { all }
}
