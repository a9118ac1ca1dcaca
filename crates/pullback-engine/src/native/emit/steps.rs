//! The instructions of each step.

use super::Emitter;
use super::opcodes::{binary_opcode, moved};
use crate::native::ir::{Binary, Convert, Id, Kind, Node, Unary};
use crate::native::x64::{Map, Prefix, Rm, UNMASKED, Zmm, op};
use crate::tile::math::lane::Edges;

impl Emitter<'_> {
    pub(super) fn step(&mut self, at: u32, id: Id, node: Node, kind: Kind) {
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
                self.rotate(by, kind, to, a);
            }
            Node::Permute(a, table) => {
                let a = self.vector(a, at);
                self.release(node, at);
                let to = self.vector_for(id, at);
                let table = self.graph.tables[table as usize];
                self.permute(&table[..self.lanes], kind, to, a);
            }
            Node::Lookup(a, table) => {
                let a = self.vector(a, at);
                // The elements come into a register besides that of the index.
                let to = self.vector_for(id, at);
                self.release(node, at);
                let table = self.graph.lookups[table as usize];
                self.lookup(&table, kind, to, a);
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
            Node::Edges(edges, of, value) => self.fix(at, id, node, kind, edges, [of, value]),
            Node::Convert(convert, a) => {
                let a = self.vector(a, at);
                self.release(node, at);
                let to = self.vector_for(id, at);
                self.convert(convert, to, a);
            }
            Node::Compare(..) | Node::Logic(..) | Node::Not(_) | Node::Select(..) => {
                match self.has_masks() {
                    true => self.step_by_masks(at, id, node, kind),
                    false => self.step_by_vectors(at, id, node, kind),
                }
            }
        }
    }

    /// `a * b + c` overwrites one of its operands: one that is needed no more, or a copy.
    pub(super) fn fma(&mut self, at: u32, id: Id, node: Node, kind: Kind, negated: bool, abc: [Id; 3]) {
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
        let to = self.overwritten(at, id, node, kind, over.ok_or(ra));
        let byte = form + if negated { 4 } else { 0 };
        let opcode = op(Map::M0F38, Prefix::P66, wide, byte);
        self.asm.vector(opcode, length, UNMASKED, to.0, second.0, rm, None);
    }

    /// The register that a step reads and overwrites: that of an operand which is needed no more, or
    /// a copy of another's.
    fn overwritten(
        &mut self,
        at: u32,
        id: Id,
        node: Node,
        kind: Kind,
        over: Result<Zmm, Zmm>,
    ) -> Zmm {
        match over {
            Ok(reg) => {
                self.release(node, at);
                // The register of an operand that ends here is free now.
                self.vectors[reg.0 as usize] = Some(id);
                self.homes[id.index()].reg = Some(reg.0);
                reg
            }
            Err(from) => {
                // The copy needs a register besides those of the operands.
                let to = self.vector_for(id, at);
                let opcode = moved(kind == Kind::Double);
                self.asm.vector(opcode, self.length(kind), UNMASKED, to.0, 0, from.into(), None);
                self.release(node, at);
                to
            }
        }
    }

    /// The value is overwritten: it, if it is needed no more, or a copy.
    fn fix(&mut self, at: u32, id: Id, node: Node, kind: Kind, edges: Edges, [of, value]: [Id; 2]) {
        let wide = kind == Kind::Double;
        let length = self.length(kind);
        let (of, from) = (self.vector(of, at), self.vector(value, at));
        let over = if self.is_last(value, at) { Ok(from) } else { Err(from) };
        let to = self.overwritten(at, id, node, kind, over);
        let table = classes(edges).to_le_bytes();
        let table = match wide {
            true => self.asm.constant(&[table, [0; 4]].concat()),
            false => self.asm.constant(&table),
        };
        let opcode = op(Map::M0F3A, Prefix::P66, wide, 0x54);
        self.asm.vector(opcode, length, UNMASKED, to.0, of.0, Rm::Broadcast(table), Some(0));
    }

    pub(super) fn unary(&mut self, unary: Unary, kind: Kind, to: Zmm, a: Zmm) {
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
            Unary::ShiftRight(by) => (shift(if wide { 0x73 } else { 0x72 }), Some(by), Some(2)),
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

    pub(super) fn convert(&mut self, convert: Convert, to: Zmm, a: Zmm) {
        use Map::*;
        // Lengths are those of the wider side, but for a single lane, which fills as much always.
        let length = self.length(Kind::Double);
        let opcode = match convert {
            Convert::Widen => op(M0F, Prefix::None, false, 0x5a),
            Convert::Narrow => op(M0F, Prefix::P66, true, 0x5a),
            Convert::SignExtend => op(M0F38, Prefix::P66, false, 0x25),
            Convert::ZeroExtend => op(M0F38, Prefix::P66, false, 0x35),
            Convert::Truncate => return self.truncate(to, a),
        };
        self.asm.vector(opcode, length, UNMASKED, to.0, 0, a.into(), None);
    }
}

/// What numbers become by their class, as the instruction has it: four bits each, from the low ones
/// on, for quiet and signalling NaN, zero, one, negative and positive infinity, and other negative
/// and positive numbers. In such bits 0 is the value as it is, and 4 and 5 negative and positive infinity.
fn classes(edges: Edges) -> u32 {
    match edges {
        Edges::Log => 0x0050_0400,
        Edges::ErfInv => 0x0000_0500,
    }
}
