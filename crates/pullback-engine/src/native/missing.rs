//! Steps that AVX2 has no instruction for, by those that it has, with the same bits.

use super::ir::{Binary, Graph, Id, Kind, Node, Predicate, Unary};

impl Graph {
    /// The value of a step that there is no instruction for; none if there is one.
    pub(super) fn replaced(&mut self, node: Node, kind: Kind) -> Option<Id> {
        let is_wide = kind == Kind::Double;
        Some(match node {
            Node::Compare(predicate, a, b) => return self.compared(predicate, a, b),
            Node::Binary(Binary::Mul, a, b) if is_wide => self.product(a, b),
            Node::Binary(Binary::MinSigned, a, b) if is_wide => {
                self.chosen(Predicate::LtSigned, a, b, [a, b])
            }
            Node::Binary(Binary::MaxSigned, a, b) if is_wide => {
                self.chosen(Predicate::LtSigned, a, b, [b, a])
            }
            Node::Binary(Binary::MinUnsigned, a, b) if is_wide => {
                self.chosen(Predicate::LtUnsigned, a, b, [a, b])
            }
            Node::Binary(Binary::MaxUnsigned, a, b) if is_wide => {
                self.chosen(Predicate::LtUnsigned, a, b, [b, a])
            }
            // Of a negative number, all bits are the other ones, before and after.
            Node::Binary(Binary::ShiftRightSigned, a, by) if is_wide => {
                let sign = self.sign(a);
                let flipped = self.binary(Binary::Xor, a, sign);
                let shifted = self.binary(Binary::ShiftRight, flipped, by);
                self.binary(Binary::Xor, shifted, sign)
            }
            Node::Unary(Unary::ShiftRightSigned(by), a) if is_wide => {
                let sign = self.sign(a);
                let flipped = self.binary(Binary::Xor, a, sign);
                let shifted = self.add(Node::Unary(Unary::ShiftRight(by), flipped), kind);
                self.binary(Binary::Xor, shifted, sign)
            }
            Node::Unary(Unary::UnsignedToFloat, a) if !is_wide => self.word_as_float(a),
            Node::Unary(Unary::SignedToFloat, a) if is_wide => self.double_as_float(a, 1 << 63),
            Node::Unary(Unary::UnsignedToFloat, a) if is_wide => self.double_as_float(a, 0),
            _ => return None,
        })
    }

    fn constant(&mut self, bits: u64, kind: Kind) -> Id {
        self.add(Node::Constant(bits), kind)
    }

    fn binary(&mut self, binary: Binary, a: Id, b: Id) -> Id {
        self.add(Node::Binary(binary, a, b), self.kind(a))
    }

    fn chosen(&mut self, predicate: Predicate, a: Id, b: Id, [yes, no]: [Id; 2]) -> Id {
        let mask = self.add(Node::Compare(predicate, a, b), Kind::Mask);
        self.add(Node::Select(mask, yes, no), self.kind(a))
    }

    /// All bits of each lane that is negative.
    fn sign(&mut self, a: Id) -> Id {
        let (zero, ones) = (self.constant(0, Kind::Double), self.constant(u64::MAX, Kind::Double));
        self.chosen(Predicate::LtSigned, a, zero, [ones, zero])
    }

    /// Integers are compared for being equal, and for being greater as signed ones.
    fn compared(&mut self, predicate: Predicate, a: Id, b: Id) -> Option<Id> {
        let kind = self.kind(a);
        let (signed, negated) = match predicate {
            Predicate::LtUnsigned => (Predicate::LtSigned, false),
            Predicate::LeUnsigned => (Predicate::LeSigned, false),
            Predicate::LeSigned => (Predicate::LtSigned, true),
            _ => return None,
        };
        if negated {
            let greater = self.add(Node::Compare(signed, b, a), Kind::Mask);
            return Some(self.add(Node::Not(greater), Kind::Mask));
        }
        let sign = self.constant(if kind == Kind::Double { 1 << 63 } else { 1 << 31 }, kind);
        let (a, b) = (self.binary(Binary::Xor, a, sign), self.binary(Binary::Xor, b, sign));
        Some(self.add(Node::Compare(signed, a, b), Kind::Mask))
    }

    /// The low 64 bits of a product, of those of halves.
    fn product(&mut self, a: Id, b: Id) -> Id {
        let high = |graph: &mut Graph, x| graph.add(Node::Unary(Unary::ShiftRight(32), x), Kind::Double);
        let (a_high, b_high) = (high(self, a), high(self, b));
        let low = self.binary(Binary::MulHalves, a, b);
        let first = self.binary(Binary::MulHalves, a_high, b);
        let second = self.binary(Binary::MulHalves, a, b_high);
        let sum = self.binary(Binary::Add, first, second);
        let sum = self.add(Node::Unary(Unary::ShiftLeft(32), sum), Kind::Double);
        self.binary(Binary::Add, low, sum)
    }

    /// An unsigned integer of 32 bits as the nearest float: its halves are the last digits of
    /// numbers that are known, and what they are more than those is exact.
    fn word_as_float(&mut self, a: Id) -> Id {
        let kind = Kind::Word;
        let [digits, low_one, high_one, both] =
            [0xffff, 0x4b00_0000, 0x5300_0000, (8_388_608f32 + 549_755_813_888f32).to_bits()]
                .map(|bits: u32| self.constant(bits as u64, kind));
        let low = self.binary(Binary::And, a, digits);
        let low = self.binary(Binary::Or, low, low_one);
        let high = self.add(Node::Unary(Unary::ShiftRight(16), a), kind);
        let high = self.binary(Binary::Or, high, high_one);
        let high = self.binary(Binary::SubF, high, both);
        self.binary(Binary::AddF, high, low)
    }

    /// An integer of 64 bits as the nearest float, in the same way; `sign` is its sign bit if it
    /// has one.
    fn double_as_float(&mut self, a: Id, sign: u64) -> Id {
        let kind = Kind::Double;
        // 2^52, and 2^84 with what flipping the sign adds.
        let low_one = 0x4330_0000_0000_0000;
        let high_one = 0x4530_0000_0000_0000;
        let all = f64::from_bits(high_one) + f64::from_bits(low_one);
        let all = if sign == 0 { all } else { all + 2f64.powi(63) };
        let [digits, low_one, high_one, sign, all] =
            [0xffff_ffff, low_one, high_one, sign >> 32, all.to_bits()]
                .map(|bits| self.constant(bits, kind));
        let low = self.binary(Binary::And, a, digits);
        let low = self.binary(Binary::Or, low, low_one);
        let high = self.add(Node::Unary(Unary::ShiftRight(32), a), kind);
        let high = self.binary(Binary::Xor, high, sign);
        let high = self.binary(Binary::Or, high, high_one);
        let high = self.binary(Binary::SubF, high, all);
        self.binary(Binary::AddF, high, low)
    }
}
