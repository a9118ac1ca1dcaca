//! Truth values in vectors, all bits of a lane, and parts of vectors by them: AVX2.
//!
//! A truth value is as wide as the widest values of the function: 32 bits a lane if there are
//! eight lanes, and 64 if there are four. If there is one lane, all bits of a register are equal,
//! as far as they count.

use super::opcodes::{LOAD, compare_opcode};
use super::{Emitter, Part};
use crate::native::ir::{Element, Id, Kind, Logic, Lookup, Node, Place, Predicate};
use crate::native::x64::{
    Condition, Length, Map, Mem, Opcode, Prefix, RCX, RDX, RSI, Rm, UNMASKED, Zmm, op,
};

/// The lanes of this vector that are elements.
const TAIL: Zmm = Zmm(14);
/// For steps that need a register in passing.
const SCRATCH: Zmm = Zmm(15);

const fn of_bytes(map: Map, byte: u8) -> Opcode {
    op(map, Prefix::P66, false, byte)
}

const PAND: Opcode = of_bytes(Map::M0F, 0xdb);
const PANDN: Opcode = of_bytes(Map::M0F, 0xdf);
const POR: Opcode = of_bytes(Map::M0F, 0xeb);
const PXOR: Opcode = of_bytes(Map::M0F, 0xef);
const PACKSSDW: Opcode = of_bytes(Map::M0F, 0x6b);
const PACKSSWB: Opcode = of_bytes(Map::M0F, 0x63);
const PSHUFD: Opcode = of_bytes(Map::M0F, 0x70);
const PMOVSXDQ: Opcode = of_bytes(Map::M0F38, 0x25);
const EXTRACT_HALF: Opcode = of_bytes(Map::M0F3A, 0x39);

/// vpcmpeqd or vpcmpeqq.
fn equal(kind: Kind) -> Opcode {
    match kind {
        Kind::Double => of_bytes(Map::M0F38, 0x29),
        _ => of_bytes(Map::M0F, 0x76),
    }
}

/// vpcmpgtd or vpcmpgtq.
fn greater(kind: Kind) -> Opcode {
    match kind {
        Kind::Double => of_bytes(Map::M0F38, 0x37),
        _ => of_bytes(Map::M0F, 0x66),
    }
}

/// An address some bytes further.
fn further(mem: Mem, bytes: usize) -> Mem {
    let bytes = bytes as i32;
    match mem {
        Mem::At(base, offset) => Mem::At(base, offset + bytes),
        Mem::Indexed(base, index, scale, offset) => {
            Mem::Indexed(base, index, scale, offset + bytes)
        }
        Mem::Constant(at) => Mem::Constant(at + bytes as u32),
    }
}

impl Emitter<'_> {
    /// The kind of values that are as wide as truth values.
    fn truth_kind(&self) -> Kind {
        if self.lanes == 4 { Kind::Double } else { Kind::Word }
    }

    /// An instruction without a mask.
    fn plain(&mut self, opcode: Opcode, length: Length, to: Zmm, a: Zmm, b: Rm) {
        self.asm.vector(opcode, length, UNMASKED, to.0, a.0, b, None);
    }

    /// A vector of 32 bytes of a constant in each lane.
    pub(super) fn constant_vector(&mut self, bits: u64, kind: Kind) -> Mem {
        match kind {
            Kind::Double => self.asm.constant(&bits.to_le_bytes().repeat(4)),
            _ => self.asm.constant(&(bits as u32).to_le_bytes().repeat(8)),
        }
    }

    /// The truth value whose lanes are the low bits, as wide as given.
    fn constant_truth(&mut self, bits: u64, kind: Kind) -> Mem {
        let size = if kind == Kind::Double { 8 } else { 4 };
        let lane = |at: usize| {
            let at = if self.lanes == 1 { 0 } else { at };
            [if bits >> at & 1 == 1 { 0xff } else { 0 }].repeat(size)
        };
        let bytes: Vec<u8> = (0..32 / size).flat_map(lane).collect();
        self.asm.constant(&bytes)
    }

    pub(super) fn set_tail_vector(&mut self) {
        if self.lanes == 1 {
            return;
        }
        let kind = self.truth_kind();
        let bits: Vec<u8> = (0..self.lanes as u32)
            .flat_map(|lane| match kind {
                Kind::Double => (1u64 << lane).to_le_bytes().to_vec(),
                _ => (1u32 << lane).to_le_bytes().to_vec(),
            })
            .collect();
        let bits = Rm::Mem(self.asm.constant(&bits));
        let from_word = of_bytes(Map::M0F, 0x6e);
        self.plain(from_word, Length::B16, TAIL, Zmm(0), Rm::Reg(Zmm(RDX.0)));
        let repeat = of_bytes(Map::M0F38, if kind == Kind::Double { 0x59 } else { 0x58 });
        self.plain(repeat, Length::B32, TAIL, Zmm(0), TAIL.into());
        self.plain(PAND, Length::B32, TAIL, TAIL, bits);
        self.plain(equal(kind), Length::B32, TAIL, TAIL, bits);
    }

    /// A truth value as wide as values of a kind; in `SCRATCH`, if it has to be changed.
    fn as_wide_as(&mut self, kind: Kind, truth: Zmm) -> Zmm {
        if kind == Kind::Double || self.lanes != 4 {
            return truth;
        }
        self.halve(SCRATCH, truth);
        SCRATCH
    }

    /// The low halves of four lanes of 64 bits; by way of `SCRATCH`.
    fn halve(&mut self, to: Zmm, from: Zmm) {
        self.high_half(from);
        // vshufps.
        let shuffle = op(Map::M0F, Prefix::None, false, 0xc6);
        self.asm.vector(
            shuffle,
            Length::B16,
            UNMASKED,
            to.0,
            from.0,
            SCRATCH.into(),
            Some(0x88),
        );
    }

    /// The upper half of a register, in `SCRATCH`.
    fn high_half(&mut self, from: Zmm) {
        let to = Rm::Reg(SCRATCH);
        self.asm.vector(EXTRACT_HALF, Length::B32, UNMASKED, from.0, 0, to, Some(1));
    }

    /// The lanes that are elements, of a part that is not whole.
    fn lanes_of_part(&mut self, part: Part, kind: Kind) -> Zmm {
        match part {
            Part::Tail => self.as_wide_as(kind, TAIL),
            Part::First(lanes) => {
                let from = Rm::Mem(self.constant_truth((1 << lanes) - 1, kind));
                let length = self.length(kind);
                self.plain(LOAD, length, SCRATCH, Zmm(0), from);
                SCRATCH
            }
            Part::Whole => unreachable!("a part that is not whole"),
        }
    }

    /// vmaskmovps or vmaskmovpd.
    pub(super) fn read_first(&mut self, to: Zmm, place: Place, element: Element) {
        let kind = element.kind();
        let lanes = self.lanes_of_part(self.part(place), kind);
        let from = Rm::Mem(self.address(place, element.size()));
        let opcode = of_bytes(Map::M0F38, if kind == Kind::Double { 0x2d } else { 0x2c });
        self.plain(opcode, self.length(kind), to, lanes, from);
    }

    pub(super) fn write_first(&mut self, place: Place, from: Zmm, element: Element) {
        let kind = element.kind();
        let lanes = self.lanes_of_part(self.part(place), kind);
        let to = Rm::Mem(self.address(place, element.size()));
        let opcode = of_bytes(Map::M0F38, if kind == Kind::Double { 0x2f } else { 0x2e });
        self.plain(opcode, self.length(kind), from, lanes, to);
    }

    pub(super) fn merge_first(&mut self, to: Zmm, from: Zmm, kind: Kind) {
        let lanes = self.as_wide_as(kind, TAIL);
        self.blend(kind, to, to, from.into(), lanes);
    }

    /// vblendvps or vblendvpd.
    fn blend(&mut self, kind: Kind, to: Zmm, no: Zmm, yes: Rm, truth: Zmm) {
        let opcode = of_bytes(Map::M0F3A, if kind == Kind::Double { 0x4b } else { 0x4a });
        let length = self.length(kind);
        self.asm.vector(opcode, length, UNMASKED, to.0, no.0, yes, Some(truth.0 << 4));
    }

    pub(super) fn gather_first(&mut self, to: Zmm, place: Place, kind: Kind) {
        // The instruction clears its mask.
        match (self.is_last, kind) {
            (false, _) => self.plain(equal(Kind::Word), Length::B32, TAIL, TAIL, TAIL.into()),
            (true, Kind::Word) if self.lanes == 4 => self.halve(TAIL, TAIL),
            _ => {}
        }
        let indices = Rm::Mem(self.distances(place));
        let length = if self.lanes == 8 { Length::B32 } else { Length::B16 };
        self.plain(LOAD, length, SCRATCH, Zmm(0), indices);
        let (base, offset) = self.first_of(place, kind);
        let length = self.length(kind);
        self.plain(PXOR, length, to, to, to.into());
        let wide = kind == Kind::Double;
        self.asm.gather_by_vector(wide, length, TAIL, to, (base, SCRATCH), offset);
        if self.is_last {
            self.set_tail_vector();
        }
    }

    /// Two vectors, the second of which ends with the last element that is read: vshufps or vshufpd,
    /// which takes halves of both, and vpermpd, which brings them in order.
    pub(super) fn pairs_shuffled(&mut self, to: Zmm, place: Place, kind: Kind) {
        let (shuffle, which, size) = match kind {
            Kind::Double => (op(Map::M0F, Prefix::P66, false, 0xc6), 0b1010, 8),
            _ => (op(Map::M0F, Prefix::None, false, 0xc6), 0b1101_1000, 4),
        };
        let (base, offset) = self.first_of(place, kind);
        let length = self.length(kind);
        self.plain(LOAD, length, to, Zmm(0), Rm::Mem(Mem::At(base, offset)));
        let second = Rm::Mem(Mem::At(base, offset + (self.lanes as i32 - 1) * size));
        self.asm.vector(shuffle, length, UNMASKED, to.0, to.0, second, Some(which));
        if length == Length::B32 {
            let permute = op(Map::M0F3A, Prefix::P66, true, 0x01);
            self.asm.vector(permute, length, UNMASKED, to.0, 0, to.into(), Some(0b1101_1000));
        }
    }

    /// One lane after the other.
    pub(super) fn scatter_first(&mut self, from: Zmm, place: Place, kind: Kind) {
        let size = if kind == Kind::Double { 8 } else { 4 };
        let (base, offset) = self.first_of(place, kind);
        // vpextrd or vpextrq.
        let extract = op(Map::M0F3A, Prefix::P66, kind == Kind::Double, 0x16);
        let (end, half) = (self.asm.label(), 16 / size);
        for lane in 0..self.lanes {
            if self.is_last && lane > 0 {
                self.asm.cmp(RSI, lane as i32);
                self.asm.jump_if(Condition::BelowOrEqual, end);
            }
            if lane == half {
                self.high_half(from);
            }
            let source = if lane < half { from } else { SCRATCH };
            let at = offset + (lane * place.every as usize * size) as i32;
            let to = Rm::Mem(Mem::At(base, at));
            let which = Some((lane % half) as u8);
            self.asm.vector(extract, Length::B16, UNMASKED, source.0, 0, to, which);
        }
        self.asm.place(end);
    }

    /// The register of a truth value; it is locked.
    fn truth(&mut self, id: Id, at: u32) -> Zmm {
        if let Some(reg) = self.homes[id.index()].reg {
            self.locked |= 1 << reg;
            return Zmm(reg);
        }
        let to = self.vector_for(id, at);
        let length = self.length(Kind::Mask);
        if let Some(slot) = self.homes[id.index()].spill {
            let from = Rm::Mem(self.spill_place(slot));
            self.plain(LOAD, length, to, Zmm(0), from);
            return to;
        }
        match self.graph.node(id) {
            Node::Constant(bits) => {
                let kind = self.truth_kind();
                let from = Rm::Mem(self.constant_truth(bits, kind));
                self.plain(LOAD, length, to, Zmm(0), from);
            }
            Node::Scalar(input, _) => {
                // vpbroadcastw: sixteen bits are set, or none.
                let from = Rm::Mem(self.scalar_of(input));
                self.plain(of_bytes(Map::M0F38, 0x79), length, to, Zmm(0), from);
            }
            Node::Input(input, _) => {
                let place = self.kernel.inputs[input as usize];
                self.read_truths(to, place);
            }
            _ => unreachable!("a truth value is in a register, on the stack, or can be read"),
        }
        to
    }

    /// Bytes that are zero or one, as truth values.
    fn read_truths(&mut self, to: Zmm, place: Place) {
        let part = self.part(place);
        let from = self.address(place, 1);
        let length = self.length(Kind::Mask);
        let zeros = Rm::Mem(self.asm.constant(&[0; 32]));
        if self.lanes == 1 {
            // vpbroadcastb, then vpcmpgtb.
            self.plain(of_bytes(Map::M0F38, 0x78), length, to, Zmm(0), Rm::Mem(from));
            self.plain(of_bytes(Map::M0F, 0x64), length, to, to, zeros);
            return;
        }
        let bytes = match part {
            Part::Whole => Rm::Mem(from),
            _ => {
                self.plain(PXOR, Length::B16, SCRATCH, SCRATCH, SCRATCH.into());
                // vpinsrb.
                let insert = of_bytes(Map::M0F3A, 0x20);
                self.each_byte(part, |emitter, lane| {
                    let from = Rm::Mem(further(from, lane));
                    let (reg, which) = (SCRATCH.0, Some(lane as u8));
                    emitter.asm.vector(insert, Length::B16, UNMASKED, reg, reg, from, which);
                });
                SCRATCH.into()
            }
        };
        let kind = self.truth_kind();
        // vpmovsxbq or vpmovsxbd.
        let extend = of_bytes(Map::M0F38, if kind == Kind::Double { 0x22 } else { 0x21 });
        self.plain(extend, length, to, Zmm(0), bytes);
        self.plain(greater(kind), length, to, to, zeros);
    }

    /// Does something for each lane of a part that is an element.
    fn each_byte(&mut self, part: Part, f: impl Fn(&mut Self, usize)) {
        let (count, is_tail) = match part {
            Part::First(count) => (count as usize, false),
            Part::Tail => (self.lanes, true),
            Part::Whole => (self.lanes, false),
        };
        let end = self.asm.label();
        for lane in 0..count {
            if is_tail && lane > 0 {
                self.asm.cmp(RSI, lane as i32);
                self.asm.jump_if(Condition::BelowOrEqual, end);
            }
            f(self, lane);
        }
        self.asm.place(end);
    }

    pub(super) fn write_truth_vector(&mut self, place: Place, id: Id, at: u32) {
        let truth = self.truth(id, at);
        let short = Length::B16;
        match self.lanes {
            1 => self.plain(LOAD, short, SCRATCH, Zmm(0), truth.into()),
            4 => {
                self.halve(SCRATCH, truth);
                self.plain(PACKSSDW, short, SCRATCH, SCRATCH, SCRATCH.into());
                self.plain(PACKSSWB, short, SCRATCH, SCRATCH, SCRATCH.into());
            }
            _ => {
                self.high_half(truth);
                self.plain(PACKSSDW, short, SCRATCH, truth, SCRATCH.into());
                self.plain(PACKSSWB, short, SCRATCH, SCRATCH, SCRATCH.into());
            }
        }
        let ones = Rm::Mem(self.asm.constant(&[1; 16]));
        self.plain(PAND, short, SCRATCH, SCRATCH, ones);
        let part = self.part(place);
        let to = self.address(place, 1);
        match (part, self.lanes) {
            // vmovd, or vmovq.
            (Part::Whole, 4) => self.plain(of_bytes(Map::M0F, 0x7e), short, SCRATCH, Zmm(0), Rm::Mem(to)),
            (Part::Whole, 8) => self.plain(of_bytes(Map::M0F, 0xd6), short, SCRATCH, Zmm(0), Rm::Mem(to)),
            _ => {
                // vpextrb.
                let extract = of_bytes(Map::M0F3A, 0x14);
                self.each_byte(part, |emitter, lane| {
                    let to = Rm::Mem(further(to, lane));
                    let which = Some(lane as u8);
                    emitter.asm.vector(extract, short, UNMASKED, SCRATCH.0, 0, to, which);
                });
            }
        }
    }

    /// vmovmskps or vmovmskpd.
    pub(super) fn vector_bits(&mut self, id: Id, at: u32) {
        let truth = self.truth(id, at);
        let prefix = if self.lanes == 4 { Prefix::P66 } else { Prefix::None };
        let opcode = op(Map::M0F, prefix, false, 0x50);
        let length = self.length(Kind::Mask);
        self.plain(opcode, length, Zmm(RCX.0), Zmm(0), truth.into());
    }

    /// A step that makes truth values, or chooses by them.
    pub(super) fn step_by_vectors(&mut self, at: u32, id: Id, node: Node, kind: Kind) {
        let length = self.length(kind);
        match node {
            Node::Compare(predicate, a, b) => self.compare(at, id, node, predicate, a, b),
            Node::Logic(logic, a, b) => {
                let (a, b) = (self.truth(a, at), self.truth(b, at));
                self.release(node, at);
                let to = self.vector_for(id, at);
                let opcode = match logic {
                    Logic::And => PAND,
                    Logic::Or => POR,
                    Logic::Xor => PXOR,
                    Logic::AndNot => PANDN,
                };
                self.plain(opcode, length, to, a, b.into());
            }
            Node::Not(a) => {
                let a = self.truth(a, at);
                self.release(node, at);
                let to = self.vector_for(id, at);
                let ones = Rm::Mem(self.asm.constant(&[0xff; 32]));
                self.plain(PXOR, length, to, a, ones);
            }
            Node::Select(truth, yes, no) => {
                let truth = self.truth(truth, at);
                if self.graph.node(no) == Node::Constant(0) {
                    let yes = self.operand(yes, at);
                    let truth = self.as_wide_as(kind, truth);
                    self.release(node, at);
                    let to = self.vector_for(id, at);
                    self.plain(PAND, length, to, truth, yes);
                } else if self.graph.node(yes) == Node::Constant(0) {
                    let no = self.operand(no, at);
                    let truth = self.as_wide_as(kind, truth);
                    self.release(node, at);
                    let to = self.vector_for(id, at);
                    self.plain(PANDN, length, to, truth, no);
                } else {
                    let no = self.vector(no, at);
                    let yes = self.operand(yes, at);
                    let truth = self.as_wide_as(kind, truth);
                    self.release(node, at);
                    let to = self.vector_for(id, at);
                    self.blend(kind, to, no, yes, truth);
                }
            }
            _ => unreachable!("a step of truth values"),
        }
    }

    fn compare(&mut self, at: u32, id: Id, node: Node, predicate: Predicate, a: Id, b: Id) {
        let of = self.graph.kind(a);
        let is_float = matches!(
            predicate,
            Predicate::EqF | Predicate::UnorderedF | Predicate::LtF | Predicate::LeF
        );
        // Of integers there is "greater", and so the smaller comes last.
        let exchanged = match predicate {
            Predicate::LtSigned => true,
            _ => self.is_foldable(a),
        };
        let (a, b) = if exchanged { (b, a) } else { (a, b) };
        let a = self.vector(a, at);
        let b = self.operand(b, at);
        self.release(node, at);
        let to = self.vector_for(id, at);
        let length = self.length(of);
        if is_float {
            let (opcode, code) = compare_opcode(predicate, of, exchanged);
            self.asm.vector(opcode, length, UNMASKED, to.0, a.0, b, Some(code));
        } else {
            let opcode = if predicate == Predicate::Eq { equal(of) } else { greater(of) };
            self.plain(opcode, length, to, a, b);
        }
        if of == Kind::Word && self.lanes == 4 {
            self.plain(PMOVSXDQ, Length::B32, to, Zmm(0), to.into());
        }
    }

    pub(super) fn rotate_lanes(&mut self, by: u8, kind: Kind, to: Zmm, a: Zmm) {
        let count = self.lanes as u8;
        let lanes: Vec<u8> = (0..count).map(|lane| (lane + by) % count).collect();
        self.permute_lanes(&lanes, kind, to, a);
    }

    /// vpermq or vpshufd, by a constant within the instruction; or vpermd.
    pub(super) fn permute_lanes(&mut self, lanes: &[u8], kind: Kind, to: Zmm, a: Zmm) {
        if lanes.len() == 4 {
            let which = lanes.iter().rev().fold(0, |all, &lane| all << 2 | lane);
            let opcode = match kind {
                Kind::Double => op(Map::M0F3A, Prefix::P66, true, 0x00),
                _ => PSHUFD,
            };
            let length = self.length(kind);
            self.asm.vector(opcode, length, UNMASKED, to.0, 0, a.into(), Some(which));
            return;
        }
        let bytes: Vec<u8> = lanes.iter().flat_map(|&lane| (lane as u32).to_le_bytes()).collect();
        let from = Rm::Mem(self.asm.constant(&bytes));
        self.plain(LOAD, Length::B32, SCRATCH, Zmm(0), from);
        self.plain(of_bytes(Map::M0F38, 0x36), Length::B32, to, SCRATCH, a.into());
    }

    /// From memory; the instruction clears its mask.
    pub(super) fn lookup_by_gather(&mut self, table: &Lookup, kind: Kind, to: Zmm, index: Zmm) {
        let table = self.asm.constant(table);
        self.asm.address(RCX, table);
        self.plain(equal(Kind::Word), Length::B32, SCRATCH, SCRATCH, SCRATCH.into());
        let (wide, length) = (kind == Kind::Double, self.length(kind));
        self.asm.gather_by_lane(wide, length, SCRATCH, to, (RCX, index));
    }

    pub(super) fn truncate_halves(&mut self, to: Zmm, a: Zmm) {
        match self.lanes {
            1 => {
                let length = Length::B16;
                self.asm.vector(PSHUFD, length, UNMASKED, to.0, 0, a.into(), Some(0));
            }
            _ => self.halve(to, a),
        }
    }
}
