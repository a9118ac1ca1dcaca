//! From a graph to machine code.
//!
//! Here are steps and registers; `stream` puts a loop over elements around them, and `repeat` one
//! over the iterations of a program's own loop.
//!
//! Registers are given out as the steps are walked in order. When there are too few, the value
//! that is needed last makes room (Belady's rule): inputs and constants are read again where they
//! lie, anything else is kept on the stack.

mod phases;
mod repeat;
mod stream;

pub(crate) use phases::{Phase, Phases, compile_phases};
pub(crate) use repeat::compile_loop;
pub(crate) use stream::{List, compile};

use super::ir::{
    Accumulator, Base, Binary, Convert, Element, Graph, Id, Kernel, Kind, Logic, Node, Place,
    Predicate, Unary,
};
use super::x64::{
    self, Assembler, Gpr, Immediate, Length, Map, Mask, Masking, Mem, Opcode, Prefix, RAX, RBP,
    RBX, RCX, RDI, RDX, RSP, Rm, UNMASKED, Zmm, op,
};

/// Registers that pointers are kept in; those that a caller expects unchanged come last.
const POINTERS: [Gpr; 8] =
    [x64::R8, x64::R9, x64::R10, x64::R11, RBX, x64::R12, x64::R13, x64::R14];
/// Registers that a caller expects unchanged.
const SAVED: [Gpr; 5] = [RBX, x64::R12, x64::R13, x64::R14, x64::R15];
/// Whether a rare lane was met.
const RARE: Gpr = x64::R15;
/// The lanes of this vector that are elements.
const TAIL: Mask = Mask(1);
/// The lanes that are still to be gathered or scattered.
const SCATTERED: Mask = Mask(7);
/// For steps that need a register in passing.
const SCRATCH: Zmm = Zmm(31);
const VECTORS: usize = 31;
/// Registers that accumulators may take, so that enough are left.
const ACCUMULATORS: usize = 16;
/// Registers that what a loop carries may take, if the rest can stay in memory.
const CARRIED: usize = 12;
/// Bytes of a place on the stack.
const SPILL: i32 = 64;

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
        let lanes = lanes.unwrap_or(if wide { 8 } else { 16 });
        let mut vectors_free = VECTORS;
        let may_stay = !carried.is_empty();
        let mut reserve = |accumulator: &Accumulator| {
            let count = (accumulator.lanes / lanes).max(1);
            if may_stay && VECTORS - vectors_free + count > CARRIED {
                return vec![];
            }
            vectors_free = vectors_free.saturating_sub(count);
            (vectors_free..vectors_free + count).map(|reg| Zmm(reg as u8)).collect()
        };
        let accumulators = kernel.accumulators.iter().map(&mut reserve).collect();
        Emitter {
            kernel,
            graph,
            asm: Assembler::default(),
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
            spilled: None,
            read_by_lane,
            pointers,
        }
    }

    /// Whether there are registers for all accumulators.
    fn fits(&self) -> bool {
        self.accumulators.iter().map(Vec::len).sum::<usize>() <= ACCUMULATORS
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
            if !self.uses[at].is_empty() && !node.is_read() {
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
        self.store(to, Zmm(reg), length, UNMASKED);
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
            let mask = self.mask(rare, at);
            self.asm.kmov_to(RCX, mask);
            // Bits of no lane may be set.
            self.asm.and_with(RCX, RDX);
            self.asm.or(RARE, RCX);
        }
    }

    /// How much of a register values of a kind fill.
    fn length(&self, kind: Kind) -> Length {
        match (kind, self.lanes) {
            (_, 1) => Length::B16,
            (Kind::Double, _) | (Kind::Word, 16) => Length::B64,
            (Kind::Word, _) => Length::B32,
            (Kind::Mask, _) => Length::B16,
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
                self.store(slot, Zmm(reg as u8), length, UNMASKED);
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

    fn store(&mut self, to: Mem, from: Zmm, length: Length, masking: Masking) {
        let opcode = op(Map::M0F, Prefix::None, false, 0x11);
        self.asm.vector(opcode, length, masking, from.0, 0, Rm::Mem(to), None);
    }

    /// The address of a place's current element.
    fn address(&mut self, place: Place, size: u8) -> Mem {
        let index = match place.base {
            Base::List => return Mem::At(RDI, place.offset),
            Base::Listed(index) => index,
        };
        let known = self.pointers.iter().find(|(other, _)| *other == index);
        let base = known.map(|(_, reg)| *reg).unwrap_or_else(|| {
            self.asm.load(RCX, Mem::At(RDI, index as i32 * 8));
            RCX
        });
        match place.lanes {
            None if self.lanes > 1 => {
                let ahead = (self.ahead * self.lanes * size as usize) as i32;
                Mem::Indexed(base, RAX, size, ahead)
            }
            _ => Mem::At(base, place.offset),
        }
    }

    /// The lanes of a place that are elements, in a mask that is set here where needed. Truth
    /// values are moved sixteen at a time.
    fn lanes_of(&mut self, place: Place, element: Element, zero: bool) -> Masking {
        let all = if element == Element::Bool { 16 } else { self.lanes };
        match place.lanes {
            Some(lanes) if lanes as usize == all => return UNMASKED,
            Some(lanes) => {
                self.asm.set(RCX, (1 << lanes) - 1);
                self.asm.kmov_from(TAIL, RCX);
            }
            None if !self.is_last && self.lanes == all => return UNMASKED,
            None => {}
        }
        Masking { mask: TAIL, zero }
    }

    /// Whether all lanes lie in memory side by side.
    fn is_whole(&self, node: Node) -> Option<Place> {
        match node {
            Node::Input(input, element) => {
                let place = self.kernel.inputs[input as usize];
                let is_whole = match place.lanes {
                    Some(lanes) => lanes as usize == self.lanes,
                    None => !self.is_last,
                };
                let is_whole = is_whole && place.every == 1 && element != Element::Bool;
                (self.lanes > 1 && is_whole).then_some(place)
            }
            Node::Accumulator(n) if self.accumulators[n as usize].is_empty() => {
                let lanes = self.kernel.accumulators[n as usize].lanes;
                let place =
                    Place { base: Base::List, offset: self.carried[n as usize], lanes: None, every: 1 };
                (lanes > 1).then_some(place)
            }
            _ => None,
        }
    }

    /// Where the bits of a value for all lanes lie in memory, if it is such a value.
    fn in_memory(&mut self, id: Id) -> Option<Mem> {
        match (self.graph.node(id), self.graph.kind(id)) {
            (_, Kind::Mask) => None,
            (Node::Scalar(input, _), _) => {
                Some(Mem::At(RDI, self.kernel.inputs[input as usize].offset))
            }
            (Node::Constant(bits), Kind::Word) => {
                Some(self.asm.constant(&(bits as u32).to_le_bytes()))
            }
            (Node::Constant(bits), _) => Some(self.asm.constant(&bits.to_le_bytes())),
            (Node::Lane(of, lane), kind) => {
                let size = if kind == Kind::Double { 8 } else { 4 };
                let bytes = lane as i32 * size as i32;
                if let Some(place) = self.is_whole(self.graph.node(of)) {
                    let place = Place { offset: place.offset + bytes, ..place };
                    return Some(self.address(place, size));
                }
                if let Node::Input(input, _) = self.graph.node(of) {
                    let place = self.kernel.inputs[input as usize];
                    let place = Place { offset: place.offset + bytes, ..place };
                    return Some(self.address(place, size));
                }
                let slot = self.homes[of.index()].spill.expect("its lanes are kept in memory");
                Some(self.spill_place(slot + bytes))
            }
            (Node::Accumulator(n), _) if self.accumulators[n as usize].is_empty() => {
                let is_number = self.kernel.accumulators[n as usize].lanes == 1;
                is_number.then(|| Mem::At(RDI, self.carried[n as usize]))
            }
            _ => None,
        }
    }

    /// Whether an operand can be read from memory within an instruction, and is not in a register.
    fn is_foldable(&self, id: Id) -> bool {
        let node = self.graph.node(id);
        let read = match node {
            Node::Scalar(..) | Node::Constant(_) | Node::Lane(..) => true,
            Node::Accumulator(n) => self.accumulators[n as usize].is_empty(),
            // What is read again and again is better kept.
            _ => self.is_whole(node).is_some() && self.uses[id.index()].len() <= 1,
        };
        read && self.graph.kind(id) != Kind::Mask && self.homes[id.index()].reg.is_none()
    }

    /// The register of a value; it is locked.
    fn vector(&mut self, id: Id, at: u32) -> Zmm {
        if let Some(reg) = self.homes[id.index()].reg {
            self.locked |= 1 << reg;
            return Zmm(reg);
        }
        let reg = self.vector_for(id, at);
        let kind = self.graph.kind(id);
        let length = self.length(kind);
        if let Some(slot) = self.homes[id.index()].spill {
            let opcode = op(Map::M0F, Prefix::None, false, 0x10);
            let from = Rm::Mem(self.spill_place(slot));
            self.asm.vector(opcode, length, UNMASKED, reg.0, 0, from, None);
        } else if let Some(from) = self.in_memory(id) {
            let opcode = broadcast(kind == Kind::Double);
            self.asm.vector(opcode, length, UNMASKED, reg.0, 0, Rm::Mem(from), None);
        } else if let Some(place) = self.is_whole(self.graph.node(id)) {
            let opcode = op(Map::M0F, Prefix::None, false, 0x10);
            let size = if kind == Kind::Double { 8 } else { 4 };
            let from = Rm::Mem(self.address(place, size));
            self.asm.vector(opcode, length, UNMASKED, reg.0, 0, from, None);
        } else if let Node::Input(input, element) = self.graph.node(id) {
            let place = self.kernel.inputs[input as usize];
            if place.every > 1 {
                self.gather(reg, place, kind);
                return reg;
            }
            let masking = self.lanes_of(place, element, true);
            let from = Rm::Mem(self.address(place, element.size()));
            if self.lanes == 1 {
                let opcode = broadcast(kind == Kind::Double);
                self.asm.vector(opcode, length, UNMASKED, reg.0, 0, from, None);
                return reg;
            }
            let opcode = op(Map::M0F, Prefix::None, false, 0x10);
            let opcode = match kind {
                // The mask counts elements, so their width matters.
                Kind::Double => op(Map::M0F, Prefix::P66, true, 0x10),
                _ => opcode,
            };
            self.asm.vector(opcode, length, masking, reg.0, 0, from, None);
        } else {
            unreachable!("a value is in a register, on the stack, or can be read");
        }
        reg
    }

    /// An operand that may be in memory.
    fn operand(&mut self, id: Id, at: u32) -> Rm {
        if self.is_foldable(id) {
            if let Some(mem) = self.in_memory(id) {
                return Rm::Broadcast(mem);
            }
            if let Some(place) = self.is_whole(self.graph.node(id)) {
                let size = if self.graph.kind(id) == Kind::Double { 8 } else { 4 };
                return Rm::Mem(self.address(place, size));
            }
        }
        Rm::Reg(self.vector(id, at))
    }

    /// Reads the elements of lanes that do not lie side by side.
    fn gather(&mut self, to: Zmm, place: Place, kind: Kind) {
        let (base, offset) = self.scattered(place, kind);
        let zero = op(Map::M0F, Prefix::P66, false, 0xef);
        let length = self.length(kind);
        self.asm.vector(zero, length, UNMASKED, to.0, to.0, to.into(), None);
        self.asm.gather(kind == Kind::Double, length, SCATTERED, to, (base, SCRATCH), offset);
    }

    /// Writes the elements of lanes that do not lie side by side.
    fn scatter(&mut self, from: Zmm, place: Place, kind: Kind) {
        let (base, offset) = self.scattered(place, kind);
        let length = self.length(kind);
        self.asm.scatter(kind == Kind::Double, length, SCATTERED, from, (base, SCRATCH), offset);
    }

    /// Where the elements of lanes lie that do not lie side by side: a register, `SCRATCH` times
    /// the size of an element, and some bytes. Those that are there are in the mask, which the
    /// instruction takes them off.
    fn scattered(&mut self, place: Place, kind: Kind) -> (Gpr, i32) {
        let Base::Listed(index) = place.base else { unreachable!("elements are listed") };
        let size = if kind == Kind::Double { 8 } else { 4 };
        let lanes: Vec<u8> = (0..self.lanes as u32)
            .flat_map(|lane| (lane * place.every as u32).to_le_bytes())
            .collect();
        let from = self.asm.constant(&lanes);
        let load = op(Map::M0F, Prefix::None, false, 0x10);
        let length = if self.lanes == 16 { Length::B64 } else { Length::B32 };
        self.asm.vector(load, length, UNMASKED, SCRATCH.0, 0, Rm::Mem(from), None);
        self.asm.multiply(RCX, RAX, place.every as i32 * size);
        match self.pointers.iter().find(|(other, _)| *other == index) {
            Some(&(_, reg)) => self.asm.add_register(RCX, reg),
            None => self.asm.add_memory(RCX, Mem::At(RDI, index as i32 * 8)),
        }
        self.asm.kmov_from(SCATTERED, RDX);
        let ahead = (self.ahead * self.lanes) as i32 * place.every as i32 * size;
        (RCX, place.offset + ahead)
    }

    fn mask_for(&mut self, id: Id, at: u32) -> Mask {
        let free = (2..7).find(|&reg| self.masks[reg].is_none());
        let reg = free.unwrap_or_else(|| {
            let unlocked = (2..7).filter(|reg| self.locked_masks >> reg & 1 == 0);
            let held = unlocked.filter_map(|reg| Some((reg, self.masks[reg]?))).collect();
            let (reg, id) = self.needed_last(held, at);
            if let Some(slot) = self.leave_register(id) {
                self.asm.kstore(slot, Mask(reg as u8));
            }
            reg
        });
        self.masks[reg] = Some(id);
        self.homes[id.index()].reg = Some(reg as u8);
        self.locked_masks |= 1 << reg;
        Mask(reg as u8)
    }

    /// The mask register of a truth value; it is locked.
    fn mask(&mut self, id: Id, at: u32) -> Mask {
        if let Some(reg) = self.homes[id.index()].reg {
            self.locked_masks |= 1 << reg;
            return Mask(reg);
        }
        let reg = self.mask_for(id, at);
        if let Some(slot) = self.homes[id.index()].spill {
            let from = self.spill_place(slot);
            self.asm.kload(reg, from);
            return reg;
        }
        match self.graph.node(id) {
            Node::Constant(bits) => {
                self.asm.set(RCX, bits as u32);
                self.asm.kmov_from(reg, RCX);
            }
            Node::Scalar(input, _) => {
                self.asm.kload(reg, Mem::At(RDI, self.kernel.inputs[input as usize].offset));
            }
            Node::Input(input, element) => {
                let place = self.kernel.inputs[input as usize];
                let masking = self.lanes_of(place, element, true);
                let from = Rm::Mem(self.address(place, 1));
                // vmovdqu8, then vptestmb.
                let load = op(Map::M0F, Prefix::F2, false, 0x6f);
                self.asm.vector(load, Length::B16, masking, SCRATCH.0, 0, from, None);
                let test = op(Map::M0F38, Prefix::P66, false, 0x26);
                let scratch = Rm::Reg(SCRATCH);
                self.asm.vector(test, Length::B16, UNMASKED, reg.0, SCRATCH.0, scratch, None);
            }
            _ => unreachable!("a truth value is in a register, on the stack, or can be read"),
        }
        reg
    }

    /// Frees the registers of operands that no later step needs.
    fn release(&mut self, node: Node, at: u32) {
        for id in Graph::operands(node) {
            if self.is_last(id, at)
                && let Some(reg) = self.homes[id.index()].reg.take()
            {
                match self.graph.kind(id) {
                    Kind::Mask => self.masks[reg as usize] = None,
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

    fn step(&mut self, at: u32, id: Id, node: Node, kind: Kind) {
        self.unlock();
        match node {
            Node::Input(..)
            | Node::Scalar(..)
            | Node::Constant(_)
            | Node::Accumulator(_)
            | Node::Lane(..) => {}
            Node::Rotate(a, by) => {
                let a = self.vector(a, at);
                self.release(node, at);
                let to = self.vector_for(id, at);
                // valignd or valignq, of a register with itself.
                let opcode = op(Map::M0F3A, Prefix::P66, kind == Kind::Double, 0x03);
                let length = self.length(kind);
                self.asm.vector(opcode, length, UNMASKED, to.0, a.0, a.into(), Some(by));
            }
            Node::Permute(a, table) => {
                let a = self.vector(a, at);
                self.release(node, at);
                let to = self.vector_for(id, at);
                self.permute(table, kind, to, a);
            }
            Node::Unary(unary, a) => {
                let a = self.vector(a, at);
                self.release(node, at);
                let to = self.vector_for(id, at);
                self.unary(unary, kind, to, a);
            }
            Node::Binary(binary, a, b) => {
                let (a, b) = match binary.commutes() && self.is_foldable(a) {
                    true => (b, a),
                    false => (a, b),
                };
                let a = self.vector(a, at);
                let b = self.operand(b, at);
                self.release(node, at);
                let to = self.vector_for(id, at);
                let length = self.length(kind);
                let opcode = binary_opcode(binary, kind);
                // The sign is that of the number chosen.
                let how = match binary {
                    Binary::SmallerF => Some(4),
                    Binary::LargerF => Some(5),
                    _ => None,
                };
                self.asm.vector(opcode, length, UNMASKED, to.0, a.0, b, how);
            }
            Node::Fma { negated, a, b, c } => self.fma(at, id, node, kind, negated, [a, b, c]),
            Node::Convert(convert, a) => {
                let a = self.vector(a, at);
                self.release(node, at);
                let to = self.vector_for(id, at);
                self.convert(convert, to, a);
            }
            Node::Compare(predicate, a, b) => {
                let of = self.graph.kind(a);
                let (exchanged, a, b) = match self.is_foldable(a) {
                    true => (true, b, a),
                    false => (false, a, b),
                };
                let a = self.vector(a, at);
                let b = self.operand(b, at);
                self.release(node, at);
                let to = self.mask_for(id, at);
                let (opcode, code) = compare_opcode(predicate, of, exchanged);
                let length = self.length(of);
                self.asm.vector(opcode, length, UNMASKED, to.0, a.0, b, Some(code));
            }
            Node::Logic(logic, a, b) => {
                let (a, b) = (self.mask(a, at), self.mask(b, at));
                self.release(node, at);
                let to = self.mask_for(id, at);
                match logic {
                    Logic::And => self.asm.kand(to, a, b),
                    Logic::Or => self.asm.kor(to, a, b),
                    Logic::Xor => self.asm.kxor(to, a, b),
                    Logic::AndNot => self.asm.kandn(to, a, b),
                }
            }
            Node::Not(a) => {
                let a = self.mask(a, at);
                self.release(node, at);
                let to = self.mask_for(id, at);
                self.asm.knot(to, a);
            }
            Node::Select(mask, yes, no) => {
                let mask = self.mask(mask, at);
                let wide = kind == Kind::Double;
                let length = self.length(kind);
                if self.graph.node(no) == Node::Constant(0) {
                    let yes = self.vector(yes, at);
                    self.release(node, at);
                    let to = self.vector_for(id, at);
                    let masking = Masking { mask, zero: true };
                    self.asm.vector(moved(wide), length, masking, to.0, 0, yes.into(), None);
                    return;
                }
                let no = self.vector(no, at);
                let yes = self.operand(yes, at);
                self.release(node, at);
                let to = self.vector_for(id, at);
                // vpblendm.
                let opcode = op(Map::M0F38, Prefix::P66, wide, 0x64);
                let masking = Masking { mask, zero: false };
                self.asm.vector(opcode, length, masking, to.0, no.0, yes, None);
            }
        }
    }

    /// `a * b + c` overwrites one of its operands: one that is needed no more, or a copy.
    fn fma(&mut self, at: u32, id: Id, node: Node, kind: Kind, negated: bool, abc: [Id; 3]) {
        // The last digit of the opcode, by which operands are multiplied and which is overwritten.
        const FORM_132: u8 = 0x98;
        const FORM_213: u8 = 0xa8;
        const FORM_231: u8 = 0xb8;
        let [mut a, mut b, c] = abc;
        let fold_c = self.is_foldable(c);
        // Of the factors, the one that may be read from memory comes second.
        if !fold_c && self.is_foldable(a) && !self.is_foldable(b) {
            (a, b) = (b, a);
        }
        let ra = self.vector(a, at);
        let (rb, rc) = if fold_c {
            let rb = Rm::Reg(self.vector(b, at));
            (rb, self.operand(c, at))
        } else {
            let rc = Rm::Reg(self.vector(c, at));
            (self.operand(b, at), rc)
        };
        let (a_ends, b_ends, c_ends) =
            (self.is_last(a, at), self.is_last(b, at), self.is_last(c, at));
        let (form, over, second, rm) = match (rb, rc) {
            (Rm::Reg(rb), Rm::Reg(rc)) if c_ends => (FORM_231, Some(rc), ra, Rm::Reg(rb)),
            (Rm::Reg(rb), rc) if a_ends => (FORM_213, Some(ra), rb, rc),
            (Rm::Reg(rb), rc) if b_ends => (FORM_213, Some(rb), ra, rc),
            (rb, Rm::Reg(rc)) if c_ends => (FORM_231, Some(rc), ra, rb),
            (rb, Rm::Reg(rc)) if a_ends => (FORM_132, Some(ra), rc, rb),
            (Rm::Reg(rb), rc) => (FORM_213, None, rb, rc),
            (rb, Rm::Reg(rc)) => (FORM_132, None, rc, rb),
            _ => unreachable!("one operand at most is in memory"),
        };
        let wide = kind == Kind::Double;
        let length = self.length(kind);
        let to = match over {
            Some(reg) => {
                self.release(node, at);
                // The register of an operand that ends here is free now.
                self.vectors[reg.0 as usize] = Some(id);
                self.homes[id.index()].reg = Some(reg.0);
                reg
            }
            None => {
                // The copy needs a register besides those of the operands.
                let to = self.vector_for(id, at);
                self.asm.vector(moved(wide), length, UNMASKED, to.0, 0, ra.into(), None);
                self.release(node, at);
                to
            }
        };
        let byte = form + if negated { 4 } else { 0 };
        let opcode = op(Map::M0F38, Prefix::P66, wide, byte);
        self.asm.vector(opcode, length, UNMASKED, to.0, second.0, rm, None);
    }

    fn permute(&mut self, table: u16, kind: Kind, to: Zmm, a: Zmm) {
        let mut bytes = vec![];
        for &lane in &self.graph.tables[table as usize][..self.lanes] {
            match kind {
                Kind::Double => bytes.extend_from_slice(&(lane as u64).to_le_bytes()),
                _ => bytes.extend_from_slice(&(lane as u32).to_le_bytes()),
            }
        }
        let length = self.length(kind);
        let from = self.asm.constant(&bytes);
        let load = op(Map::M0F, Prefix::None, false, 0x10);
        self.asm.vector(load, length, UNMASKED, SCRATCH.0, 0, Rm::Mem(from), None);
        // vpermd or vpermq.
        let opcode = op(Map::M0F38, Prefix::P66, kind == Kind::Double, 0x36);
        self.asm.vector(opcode, length, UNMASKED, to.0, SCRATCH.0, a.into(), None);
    }

    fn unary(&mut self, unary: Unary, kind: Kind, to: Zmm, a: Zmm) {
        use Map::*;
        let wide = kind == Kind::Double;
        let length = self.length(kind);
        let float = if wide { Prefix::P66 } else { Prefix::None };
        let rounded = |how: u8| (op(M0F3A, Prefix::P66, wide, 0x08 + wide as u8), Some(8 | how));
        // A shift by a constant names its target in the prefix, and itself where a register
        // would be.
        let shift = |byte: u8| op(M0F, Prefix::P66, wide, byte);
        let (opcode, immediate, extension) = match unary {
            Unary::Copy => (moved(wide), None, None),
            Unary::Sqrt => (op(M0F, float, wide, 0x51), None, None),
            Unary::RoundTiesEven => (rounded(0).0, rounded(0).1, None),
            Unary::Floor => (rounded(1).0, rounded(1).1, None),
            Unary::Ceil => (rounded(2).0, rounded(2).1, None),
            Unary::Trunc => (rounded(3).0, rounded(3).1, None),
            Unary::ShiftLeft(by) => (shift(if wide { 0x73 } else { 0x72 }), Some(by), Some(6)),
            Unary::ShiftRightSigned(by) => (shift(0x72), Some(by), Some(4)),
            Unary::SignedToFloat if wide => (op(M0F, Prefix::F3, true, 0xe6), None, None),
            Unary::SignedToFloat => (op(M0F, Prefix::None, false, 0x5b), None, None),
            Unary::UnsignedToFloat if wide => (op(M0F, Prefix::F3, true, 0x7a), None, None),
            Unary::UnsignedToFloat => (op(M0F, Prefix::F2, false, 0x7a), None, None),
        };
        let (reg, second) = match extension {
            Some(extension) => (extension, to.0),
            None => (to.0, 0),
        };
        self.asm.vector(opcode, length, UNMASKED, reg, second, a.into(), immediate);
    }

    fn convert(&mut self, convert: Convert, to: Zmm, a: Zmm) {
        use Map::*;
        // Lengths are those of the wider side, but for a single lane, which fills as much always.
        let length = self.length(Kind::Double);
        let (opcode, reg, rm) = match convert {
            Convert::Widen => (op(M0F, Prefix::None, false, 0x5a), to, a),
            Convert::Narrow => (op(M0F, Prefix::P66, true, 0x5a), to, a),
            Convert::SignExtend => (op(M0F38, Prefix::P66, false, 0x25), to, a),
            Convert::ZeroExtend => (op(M0F38, Prefix::P66, false, 0x35), to, a),
            // A store with a register for a target.
            Convert::Truncate => (op(M0F38, Prefix::F3, false, 0x35), a, to),
        };
        self.asm.vector(opcode, length, UNMASKED, reg.0, 0, rm.into(), None);
    }

    /// Writes an output.
    fn write(&mut self, place: Place, id: Id, element: Element, at: u32) {
        match element {
            Element::Bool => {
                let mask = self.mask(id, at);
                let ones = self.asm.constant(&[1; 16]);
                let load = op(Map::M0F, Prefix::F2, false, 0x6f);
                let zeroed = Masking { mask, zero: true };
                self.asm.vector(load, Length::B16, zeroed, SCRATCH.0, 0, Rm::Mem(ones), None);
                let masking = self.lanes_of(place, element, false);
                let to = Rm::Mem(self.address(place, 1));
                let store = op(Map::M0F, Prefix::F2, false, 0x7f);
                self.asm.vector(store, Length::B16, masking, SCRATCH.0, 0, to, None);
            }
            Element::Word | Element::Double if place.every > 1 => {
                let from = self.vector(id, at);
                self.scatter(from, place, element.kind());
            }
            Element::Word | Element::Double => {
                let from = self.vector(id, at);
                let masking = self.lanes_of(place, element, false);
                let to = self.address(place, element.size());
                self.write_at(to, from, element, masking);
            }
        }
    }

    /// Writes lanes of a register.
    fn write_at(&mut self, to: Mem, from: Zmm, element: Element, masking: Masking) {
        let kind = element.kind();
        let opcode = match kind {
            Kind::Double => op(Map::M0F, Prefix::P66, true, 0x11),
            _ => op(Map::M0F, Prefix::None, false, 0x11),
        };
        self.asm.vector(opcode, self.length(kind), masking, from.0, 0, Rm::Mem(to), None);
    }
}

/// vpbroadcastd or vpbroadcastq, from memory.
fn broadcast(wide: bool) -> Opcode {
    op(Map::M0F38, Prefix::P66, wide, if wide { 0x59 } else { 0x58 })
}

/// vmovaps or vmovapd between registers.
fn moved(wide: bool) -> Opcode {
    op(Map::M0F, if wide { Prefix::P66 } else { Prefix::None }, wide, 0x28)
}

fn binary_opcode(binary: Binary, kind: Kind) -> Opcode {
    use Map::*;
    let wide = kind == Kind::Double;
    let float = |byte| op(M0F, if wide { Prefix::P66 } else { Prefix::None }, wide, byte);
    let plain = |word, double| op(M0F, Prefix::P66, wide, if wide { double } else { word });
    let newer = |byte| op(M0F38, Prefix::P66, wide, byte);
    match binary {
        Binary::AddF => float(0x58),
        Binary::MulF => float(0x59),
        Binary::SubF => float(0x5c),
        Binary::MinF => float(0x5d),
        Binary::DivF => float(0x5e),
        Binary::MaxF => float(0x5f),
        // vscalefps or vscalefpd.
        Binary::Scale => newer(0x2c),
        // vrangeps or vrangepd.
        Binary::SmallerF | Binary::LargerF => op(M0F3A, Prefix::P66, wide, 0x50),
        Binary::Add => plain(0xfe, 0xd4),
        Binary::Sub => plain(0xfa, 0xfb),
        Binary::Mul => newer(0x40),
        Binary::MinSigned => newer(0x39),
        Binary::MinUnsigned => newer(0x3b),
        Binary::MaxSigned => newer(0x3d),
        Binary::MaxUnsigned => newer(0x3f),
        Binary::And => plain(0xdb, 0xdb),
        Binary::Or => plain(0xeb, 0xeb),
        Binary::Xor => plain(0xef, 0xef),
        Binary::ShiftRight => newer(0x45),
        Binary::ShiftRightSigned => newer(0x46),
        Binary::ShiftLeft => newer(0x47),
    }
}

/// The instruction that compares, and its code, perhaps for exchanged operands.
fn compare_opcode(predicate: Predicate, kind: Kind, exchanged: bool) -> (Opcode, u8) {
    let wide = kind == Kind::Double;
    let float = op(Map::M0F, if wide { Prefix::P66 } else { Prefix::None }, wide, 0xc2);
    let signed = op(Map::M0F3A, Prefix::P66, wide, 0x1f);
    let unsigned = op(Map::M0F3A, Prefix::P66, wide, 0x1e);
    let (opcode, straight, turned) = match predicate {
        Predicate::EqF => (float, 0x00, 0x00),
        Predicate::UnorderedF => (float, 0x03, 0x03),
        Predicate::LtF => (float, 0x11, 0x1e),
        Predicate::LeF => (float, 0x12, 0x1d),
        Predicate::Eq => (signed, 0, 0),
        Predicate::LtSigned => (signed, 1, 6),
        Predicate::LeSigned => (signed, 2, 5),
        Predicate::LtUnsigned => (unsigned, 1, 6),
        Predicate::LeUnsigned => (unsigned, 2, 5),
    };
    (opcode, if exchanged { turned } else { straight })
}
