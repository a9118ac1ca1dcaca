//! Where values lie in memory, and reading and writing them there.

use super::opcodes::{LOAD, broadcast};
use super::{Emitter, Part};
use crate::native::ir::{Base, Element, Id, Kind, Node, Place};
use crate::native::x64::{Gpr, Mem, RAX, RCX, RDI, Rm, UNMASKED, Zmm};

impl Emitter<'_> {
    pub(super) fn part(&self, place: Place) -> Part {
        match place.lanes {
            _ if self.lanes == 1 => Part::First(1),
            Some(lanes) if lanes as usize == self.lanes => Part::Whole,
            Some(lanes) => Part::First(lanes),
            None if self.is_last => Part::Tail,
            None => Part::Whole,
        }
    }

    /// The address of a place's current element.
    pub(super) fn address(&mut self, place: Place, size: u8) -> Mem {
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

    /// Whether all lanes lie in memory side by side.
    pub(super) fn is_whole(&self, node: Node) -> Option<Place> {
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

    /// Where a scalar lies.
    pub(super) fn scalar_of(&self, input: u16) -> Mem {
        Mem::At(RDI, self.kernel.inputs[input as usize].offset)
    }

    /// Where the bits of a value for all lanes lie in memory, if it is such a value.
    pub(super) fn in_memory(&mut self, id: Id) -> Option<Mem> {
        match (self.graph.node(id), self.graph.kind(id)) {
            (_, Kind::Mask) => None,
            (Node::Scalar(input, _), _) => Some(self.scalar_of(input)),
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
    pub(super) fn is_foldable(&self, id: Id) -> bool {
        let node = self.graph.node(id);
        let read = match node {
            Node::Constant(_) => true,
            Node::Scalar(..) | Node::Lane(..) => self.has_masks(),
            Node::Accumulator(n) if self.accumulators[n as usize].is_empty() => {
                self.has_masks() || self.is_whole(node).is_some()
            }
            Node::Accumulator(_) => false,
            // What is read again and again is better kept.
            _ => self.is_whole(node).is_some() && self.uses[id.index()].len() <= 1,
        };
        read && self.graph.kind(id) != Kind::Mask && self.homes[id.index()].reg.is_none()
    }

    /// The register of a value; it is locked.
    pub(super) fn vector(&mut self, id: Id, at: u32) -> Zmm {
        if let Some(reg) = self.homes[id.index()].reg {
            self.locked |= 1 << reg;
            return Zmm(reg);
        }
        let reg = self.vector_for(id, at);
        let kind = self.graph.kind(id);
        let length = self.length(kind);
        if let Some(slot) = self.homes[id.index()].spill {
            let from = Rm::Mem(self.spill_place(slot));
            self.asm.vector(LOAD, length, UNMASKED, reg.0, 0, from, None);
        } else if let Some(from) = self.in_memory(id) {
            let opcode = broadcast(kind == Kind::Double);
            self.asm.vector(opcode, length, UNMASKED, reg.0, 0, Rm::Mem(from), None);
        } else if let Some(place) = self.is_whole(self.graph.node(id)) {
            let size = if kind == Kind::Double { 8 } else { 4 };
            let from = Rm::Mem(self.address(place, size));
            self.asm.vector(LOAD, length, UNMASKED, reg.0, 0, from, None);
        } else if let Node::Input(input, element) = self.graph.node(id) {
            let place = self.kernel.inputs[input as usize];
            if place.every == 2 && matches!(self.part(place), Part::Whole) {
                self.pairs(reg, place, kind);
            } else if place.every > 1 {
                self.gather(reg, place, kind);
            } else if self.lanes == 1 {
                let from = Rm::Mem(self.address(place, element.size()));
                let opcode = broadcast(kind == Kind::Double);
                self.asm.vector(opcode, length, UNMASKED, reg.0, 0, from, None);
            } else {
                self.read_part(reg, place, element);
            }
        } else {
            unreachable!("a value is in a register, on the stack, or can be read");
        }
        reg
    }

    /// An operand that may be in memory.
    pub(super) fn operand(&mut self, id: Id, at: u32) -> Rm {
        if self.is_foldable(id) {
            if !self.has_masks()
                && let Node::Constant(bits) = self.graph.node(id)
            {
                return Rm::Mem(self.constant_vector(bits, self.graph.kind(id)));
            }
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

    /// Writes an output.
    pub(super) fn write(&mut self, place: Place, id: Id, element: Element, at: u32) {
        if element == Element::Bool {
            return self.write_truths(place, id, at);
        }
        let from = self.vector(id, at);
        let kind = element.kind();
        if place.every > 1 {
            return self.scatter(from, place, kind);
        }
        match self.part(place) {
            Part::Whole => {
                let to = self.address(place, element.size());
                self.store(to, from, self.length(kind));
            }
            Part::First(1) => {
                let to = self.address(place, element.size());
                self.store_first(to, from, kind);
            }
            _ => self.write_part(place, from, element),
        }
    }

    /// Where the first lies of elements of lanes that do not lie side by side: at a register, and
    /// some bytes.
    pub(super) fn first_of(&mut self, place: Place, kind: Kind) -> (Gpr, i32) {
        let Base::Listed(index) = place.base else { unreachable!("elements are listed") };
        let step = place.every as i32 * if kind == Kind::Double { 8 } else { 4 };
        self.asm.multiply(RCX, RAX, step);
        match self.pointers.iter().find(|(other, _)| *other == index) {
            Some(&(_, reg)) => self.asm.add_register(RCX, reg),
            None => self.asm.add_memory(RCX, Mem::At(RDI, index as i32 * 8)),
        }
        (RCX, place.offset + (self.ahead * self.lanes) as i32 * step)
    }

    /// The constant of how many elements each lane is away from the first.
    pub(super) fn distances(&mut self, place: Place) -> Mem {
        let lanes: Vec<u8> = (0..self.lanes as u32)
            .flat_map(|lane| (lane * place.every as u32).to_le_bytes())
            .collect();
        self.asm.constant(&lanes)
    }
}
