//! Truth values in mask registers, and parts of vectors by masks, which are a part of every
//! instruction: AVX-512.

use super::opcodes::{LOAD, compare_opcode, moved};
use super::{Emitter, Part};
use crate::native::ir::{Element, Id, Kind, Logic, Lookup, Node, Place};
use crate::native::x64::{
    Gpr, Length, Map, Mask, Masking, Mem, Prefix, RCX, RDX, Rm, UNMASKED, Zmm, op,
};

/// The lanes of this vector that are elements.
const TAIL: Mask = Mask(1);
/// The lanes that are still to be gathered or scattered.
const SCATTERED: Mask = Mask(7);
/// For steps that need a register in passing.
const SCRATCH: Zmm = Zmm(31);

impl Emitter<'_> {
    pub(super) fn set_tail_mask(&mut self) {
        self.asm.kmov_from(TAIL, RDX);
    }

    /// The lanes of a place that are elements, in a mask that is set here where needed; other
    /// lanes are read as zeros, or not written. Truth values are moved sixteen at a time.
    fn masking(&mut self, place: Place, element: Element, zero: bool) -> Masking {
        let all = if element == Element::Bool { 16 } else { self.lanes };
        match (self.part(place), place.lanes) {
            (Part::Whole, _) if self.lanes == all => return UNMASKED,
            (_, Some(lanes)) => {
                self.asm.set(RCX, (1 << lanes) - 1);
                self.asm.kmov_from(TAIL, RCX);
            }
            // The mask is set around the steps.
            (_, None) => {}
        }
        Masking { mask: TAIL, zero }
    }

    pub(super) fn read_masked(&mut self, to: Zmm, place: Place, element: Element) {
        let kind = element.kind();
        let masking = self.masking(place, element, true);
        let from = Rm::Mem(self.address(place, element.size()));
        let opcode = match kind {
            // The mask counts elements, so their width matters.
            Kind::Double => op(Map::M0F, Prefix::P66, true, 0x10),
            _ => LOAD,
        };
        self.asm.vector(opcode, self.length(kind), masking, to.0, 0, from, None);
    }

    pub(super) fn write_masked(&mut self, place: Place, from: Zmm, element: Element) {
        let kind = element.kind();
        let masking = self.masking(place, element, false);
        let to = Rm::Mem(self.address(place, element.size()));
        let opcode = match kind {
            Kind::Double => op(Map::M0F, Prefix::P66, true, 0x11),
            _ => op(Map::M0F, Prefix::None, false, 0x11),
        };
        self.asm.vector(opcode, self.length(kind), masking, from.0, 0, to, None);
    }

    pub(super) fn merge_masked(&mut self, to: Zmm, from: Zmm, kind: Kind) {
        let masking = Masking { mask: TAIL, zero: false };
        let opcode = moved(kind == Kind::Double);
        self.asm.vector(opcode, self.length(kind), masking, to.0, 0, from.into(), None);
    }

    pub(super) fn gather_masked(&mut self, to: Zmm, place: Place, kind: Kind) {
        let (base, offset) = self.scattered(place, kind);
        let zero = op(Map::M0F, Prefix::P66, false, 0xef);
        let length = self.length(kind);
        self.asm.vector(zero, length, UNMASKED, to.0, to.0, to.into(), None);
        self.asm.gather(kind == Kind::Double, length, SCATTERED, to, (base, SCRATCH), offset);
    }

    /// Two vectors, the second of which ends with the last element that is read, and the places in
    /// both of every second element.
    pub(super) fn pairs_at_once(&mut self, to: Zmm, place: Place, kind: Kind) {
        let (lanes, wide) = (self.lanes as u64, kind == Kind::Double);
        let size = if wide { 8 } else { 4 };
        let at = |lane: u64| if 2 * lane < lanes { 2 * lane } else { 2 * lane + 1 };
        let places: Vec<u8> =
            (0..lanes).flat_map(|lane| at(lane).to_le_bytes().into_iter().take(size)).collect();
        let places = Rm::Mem(self.asm.constant(&places));
        let (base, offset) = self.first_of(place, kind);
        let length = self.length(kind);
        self.asm.vector(LOAD, length, UNMASKED, to.0, 0, places, None);
        let first = Rm::Mem(Mem::At(base, offset));
        self.asm.vector(LOAD, length, UNMASKED, SCRATCH.0, 0, first, None);
        let second = Rm::Mem(Mem::At(base, offset + (self.lanes - 1) as i32 * size as i32));
        let permute = op(Map::M0F38, Prefix::P66, wide, 0x77);
        self.asm.vector(permute, length, UNMASKED, to.0, SCRATCH.0, second, None);
    }

    pub(super) fn scatter_masked(&mut self, from: Zmm, place: Place, kind: Kind) {
        let (base, offset) = self.scattered(place, kind);
        let length = self.length(kind);
        self.asm.scatter(kind == Kind::Double, length, SCATTERED, from, (base, SCRATCH), offset);
    }

    /// Where the elements of lanes lie that do not lie side by side: a register, `SCRATCH` times
    /// the size of an element, and some bytes. Those that are there are in the mask, which the
    /// instruction takes them off.
    fn scattered(&mut self, place: Place, kind: Kind) -> (Gpr, i32) {
        let from = Rm::Mem(self.distances(place));
        let length = if self.lanes == 16 { Length::B64 } else { Length::B32 };
        self.asm.vector(LOAD, length, UNMASKED, SCRATCH.0, 0, from, None);
        let place = self.first_of(place, kind);
        self.asm.kmov_from(SCATTERED, RDX);
        place
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
                let from = self.scalar_of(input);
                self.asm.kload(reg, from);
            }
            Node::Input(input, element) => {
                let place = self.kernel.inputs[input as usize];
                let masking = self.masking(place, element, true);
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

    pub(super) fn mask_bits(&mut self, id: Id, at: u32) {
        let mask = self.mask(id, at);
        self.asm.kmov_to(RCX, mask);
    }

    pub(super) fn write_mask(&mut self, place: Place, id: Id, at: u32) {
        let mask = self.mask(id, at);
        let ones = self.asm.constant(&[1; 16]);
        let load = op(Map::M0F, Prefix::F2, false, 0x6f);
        let zeroed = Masking { mask, zero: true };
        self.asm.vector(load, Length::B16, zeroed, SCRATCH.0, 0, Rm::Mem(ones), None);
        let masking = self.masking(place, Element::Bool, false);
        let to = Rm::Mem(self.address(place, 1));
        let store = op(Map::M0F, Prefix::F2, false, 0x7f);
        self.asm.vector(store, Length::B16, masking, SCRATCH.0, 0, to, None);
    }

    /// A step that makes truth values, or chooses by them.
    pub(super) fn step_by_masks(&mut self, at: u32, id: Id, node: Node, kind: Kind) {
        match node {
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
                self.asm.vector(opcode, self.length(of), UNMASKED, to.0, a.0, b, Some(code));
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
            _ => unreachable!("a step of truth values"),
        }
    }

    /// valignd or valignq, of a register with itself.
    pub(super) fn align(&mut self, by: u8, kind: Kind, to: Zmm, a: Zmm) {
        let opcode = op(Map::M0F3A, Prefix::P66, kind == Kind::Double, 0x03);
        self.asm.vector(opcode, self.length(kind), UNMASKED, to.0, a.0, a.into(), Some(by));
    }

    /// vpermd or vpermq.
    pub(super) fn permute_any(&mut self, lanes: &[u8], kind: Kind, to: Zmm, a: Zmm) {
        let mut bytes = vec![];
        for &lane in lanes {
            match kind {
                Kind::Double => bytes.extend_from_slice(&(lane as u64).to_le_bytes()),
                _ => bytes.extend_from_slice(&(lane as u32).to_le_bytes()),
            }
        }
        let length = self.length(kind);
        let from = Rm::Mem(self.asm.constant(&bytes));
        self.asm.vector(LOAD, length, UNMASKED, SCRATCH.0, 0, from, None);
        let opcode = op(Map::M0F38, Prefix::P66, kind == Kind::Double, 0x36);
        self.asm.vector(opcode, length, UNMASKED, to.0, SCRATCH.0, a.into(), None);
    }

    /// vpermps or vpermpd, of whole registers.
    pub(super) fn lookup_at_once(&mut self, table: &Lookup, kind: Kind, to: Zmm, index: Zmm) {
        let table = Rm::Mem(self.asm.constant(table));
        let opcode = op(Map::M0F38, Prefix::P66, kind == Kind::Double, 0x16);
        self.asm.vector(opcode, Length::B64, UNMASKED, to.0, index.0, table, None);
    }

    /// A store with a register for a target.
    pub(super) fn truncate_at_once(&mut self, to: Zmm, a: Zmm) {
        let opcode = op(Map::M0F38, Prefix::F3, false, 0x35);
        let length = self.length(Kind::Double);
        self.asm.vector(opcode, length, UNMASKED, a.0, 0, to.into(), None);
    }
}
