//! Numbers that write down what is done with them.
//!
//! The functions of `tile::math`, given these, leave their steps in the graph that is being
//! recorded on this thread.

use std::cell::RefCell;
use std::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Sub};

use super::ir::{
    Binary, Convert, Graph, Id, Kind, Logic, Lookup, Node, Predicate, Table, Unary,
};
use crate::isa::Isa;
use crate::tile::math::lane::{
    Bits, Double, Edges, Mask, Real, Single, edges_by_choice, larger_by_choice, scaled_in_two, smaller_by_choice,
};

thread_local! {
    static GRAPH: RefCell<Graph> = RefCell::default();
}

/// The graph of what `f` does, which may record another meanwhile.
pub(crate) fn record<T>(f: impl FnOnce() -> T) -> (Graph, T) {
    let outer = GRAPH.take();
    let result = f();
    (GRAPH.replace(outer), result)
}

/// How many steps have been recorded.
pub(crate) fn length() -> usize {
    GRAPH.with_borrow(|graph| graph.nodes.len())
}

/// The step of a value.
pub(crate) fn node(id: Id) -> Node {
    GRAPH.with_borrow(|graph| graph.node(id))
}

/// Whether the processors that steps are recorded for have an instruction for each.
fn has_every_step() -> bool {
    GRAPH.with_borrow(|graph| graph.isa == Isa::Avx512)
}

pub(crate) fn add(node: Node, kind: Kind) -> Id {
    GRAPH.with_borrow_mut(|graph| graph.add(node, kind))
}

/// The value whose lanes are those of another that a table says.
pub(crate) fn permute(value: Id, table: Table, kind: Kind) -> Id {
    GRAPH.with_borrow_mut(|graph| {
        let table = graph.table(table);
        graph.add(Node::Permute(value, table), kind)
    })
}

/// The element of a table that each lane says.
fn lookup(table: Lookup, index: Id, kind: Kind) -> Id {
    GRAPH.with_borrow_mut(|graph| {
        let table = graph.lookup(table);
        graph.add(Node::Lookup(index, table), kind)
    })
}

/// A float of 32 bits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct F32(pub Id);
/// A float of 64 bits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct F64(pub Id);
/// An integer of 32 bits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct I32(pub Id);
/// An integer of 64 bits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct I64(pub Id);
/// A truth value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Truth(pub Id);

impl Truth {
    pub fn compare(predicate: Predicate, a: Id, b: Id) -> Truth {
        Truth(add(Node::Compare(predicate, a, b), Kind::Mask))
    }

    pub fn logic(logic: Logic, a: Truth, b: Truth) -> Truth {
        Truth(add(Node::Logic(logic, a.0, b.0), Kind::Mask))
    }

    /// `yes` or `no`, both of the kind given.
    pub fn choose(self, kind: Kind, yes: Id, no: Id) -> Id {
        add(Node::Select(self.0, yes, no), kind)
    }
}

impl BitAnd for Truth {
    type Output = Truth;
    fn bitand(self, other: Truth) -> Truth {
        Truth::logic(Logic::And, self, other)
    }
}

impl BitOr for Truth {
    type Output = Truth;
    fn bitor(self, other: Truth) -> Truth {
        Truth::logic(Logic::Or, self, other)
    }
}

impl Not for Truth {
    type Output = Truth;
    fn not(self) -> Truth {
        Truth(add(Node::Not(self.0), Kind::Mask))
    }
}

impl Mask for Truth {}

macro_rules! operators {
    ($number:ident, $kind:expr, $($trait:ident $method:ident $binary:ident;)*) => {
        $(impl $trait for $number {
            type Output = $number;
            fn $method(self, other: $number) -> $number {
                $number(add(Node::Binary(Binary::$binary, self.0, other.0), $kind))
            }
        })*
    };
}

macro_rules! bits {
    ($number:ident, $kind:expr, $unsigned:ident) => {
        operators! { $number, $kind,
            Add add Add;
            Sub sub Sub;
            BitAnd bitand And;
            BitOr bitor Or;
            BitXor bitxor Xor;
        }

        impl Bits for $number {
            type Mask = Truth;

            fn of(value: i64) -> $number {
                $number(add(Node::Constant(value as $unsigned as u64), $kind))
            }
            fn shl(self, by: u32) -> $number {
                $number(add(Node::Unary(Unary::ShiftLeft(by as u8), self.0), $kind))
            }
            fn shr(self, by: u32) -> $number {
                $number(add(Node::Unary(Unary::ShiftRightSigned(by as u8), self.0), $kind))
            }
            fn eq(self, other: $number) -> Truth {
                Truth::compare(Predicate::Eq, self.0, other.0)
            }
            fn lt(self, other: $number) -> Truth {
                Truth::compare(Predicate::LtSigned, self.0, other.0)
            }
            fn choose(mask: Truth, yes: $number, no: $number) -> $number {
                $number(mask.choose($kind, yes.0, no.0))
            }
        }
    };
}

bits!(I32, Kind::Word, u32);
bits!(I64, Kind::Double, u64);

macro_rules! real {
    ($number:ident, $bits:ident, $constant:ident, $unsigned:ident, $signed:ident, $kind:expr) => {
        operators! { $number, $kind,
            Add add AddF;
            Sub sub SubF;
            Mul mul MulF;
            Div div DivF;
        }

        impl $number {
            /// One of two numbers; NaN if either is.
            fn ordered(self, binary: Binary, y: $number) -> $number {
                let number = $number(add(Node::Binary(binary, self.0, y.0), $kind));
                let unordered = Truth::compare(Predicate::UnorderedF, self.0, y.0);
                $number::choose(unordered, self + y, number)
            }
            fn unary(self, unary: Unary) -> $number {
                $number(add(Node::Unary(unary, self.0), $kind))
            }
            /// The number that this is in every lane, if it is known, and none of NaN.
            fn known(self) -> Option<$constant> {
                let Node::Constant(bits) = node(self.0) else { return None };
                let number = $constant::from_bits(bits as $unsigned);
                (!number.is_nan()).then_some(number)
            }
            /// The larger of this and a number that is known: one instruction, which of two zeros
            /// takes this one.
            fn larger_than_known(self, low: $number) -> Option<$number> {
                let larger = |number: $constant| match number.to_bits() {
                    0 => self.at_least(low) + low,
                    _ => self.at_least(low),
                };
                low.known().map(larger)
            }
            /// The smaller of this and a number that is known. If that is -0.0, two zeros are left to
            /// others.
            fn smaller_than_known(self, high: $number) -> Option<$number> {
                let number = high.known()?;
                let is_negative_zero = number == 0.0 && number.is_sign_negative();
                (!is_negative_zero).then(|| self.at_most(high))
            }
        }

        impl Neg for $number {
            type Output = $number;
            fn neg(self) -> $number {
                $number((self.to_bits() ^ $bits::of(Self::SIGN)).0)
            }
        }

        impl Real for $number {
            type Constant = $constant;
            type Mask = Truth;
            type Bits = $bits;
            const WIDTH: u32 = $signed::BITS;
            const SIGN: i64 = $signed::MIN as i64;

            fn literal(value: f32) -> $number {
                $number::of(value as $constant)
            }
            fn of(value: $constant) -> $number {
                $number(add(Node::Constant(value.to_bits() as u64), $kind))
            }
            fn mul_add(self, y: $number, z: $number) -> $number {
                let node = Node::Fma { negated: false, a: self.0, b: y.0, c: z.0 };
                $number(add(node, $kind))
            }
            fn sqrt(self) -> $number {
                self.unary(Unary::Sqrt)
            }
            fn floor(self) -> $number {
                self.unary(Unary::Floor)
            }
            fn ceil(self) -> $number {
                self.unary(Unary::Ceil)
            }
            fn trunc(self) -> $number {
                self.unary(Unary::Trunc)
            }
            fn round_ties_even(self) -> $number {
                self.unary(Unary::RoundTiesEven)
            }
            fn lt(self, y: $number) -> Truth {
                Truth::compare(Predicate::LtF, self.0, y.0)
            }
            fn le(self, y: $number) -> Truth {
                Truth::compare(Predicate::LeF, self.0, y.0)
            }
            fn eq(self, y: $number) -> Truth {
                Truth::compare(Predicate::EqF, self.0, y.0)
            }
            fn choose(mask: Truth, yes: $number, no: $number) -> $number {
                $number(mask.choose($kind, yes.0, no.0))
            }
            fn scaled(self, n: $bits, number: $number) -> $number {
                if !has_every_step() {
                    return scaled_in_two(self, n);
                }
                $number(add(Node::Binary(Binary::Scale, self.0, number.0), $kind))
            }
            fn larger(self, y: $number) -> $number {
                let larger = self.larger_than_known(y).or_else(|| y.larger_than_known(self));
                if let Some(larger) = larger {
                    return larger;
                }
                if !has_every_step() {
                    return larger_by_choice(self, y);
                }
                self.ordered(Binary::LargerF, y)
            }
            fn smaller(self, y: $number) -> $number {
                let smaller = self.smaller_than_known(y).or_else(|| y.smaller_than_known(self));
                if let Some(smaller) = smaller {
                    return smaller;
                }
                if !has_every_step() {
                    return smaller_by_choice(self, y);
                }
                self.ordered(Binary::SmallerF, y)
            }
            fn with_edges(self, edges: Edges, y: $number) -> $number {
                if !has_every_step() {
                    return edges_by_choice(self, edges, y);
                }
                // The instruction has NaN of the other sign alone.
                let y = $number(add(Node::Edges(edges, self.0, y.0), $kind));
                $number::choose(self.ge($number::literal(0.0)), y, $number::literal(f32::NAN))
            }
            fn to_bits(self) -> $bits {
                $bits(self.0)
            }
            fn from_bits(bits: $bits) -> $number {
                $number(bits.0)
            }
            fn lookup<const N: usize>(table: &[$constant; N], index: $bits) -> $number {
                let mut bytes = [0; 64];
                for (bytes, value) in bytes.chunks_exact_mut(size_of::<$constant>()).zip(table) {
                    bytes.copy_from_slice(&value.to_le_bytes());
                }
                $number(lookup(bytes, index.0, $kind))
            }
            fn from_integer(value: $bits) -> $number {
                $number(value.0).unary(Unary::SignedToFloat)
            }
        }
    };
}

real!(F32, I32, f32, u32, i32, Kind::Word);
real!(F64, I64, f64, u64, i64, Kind::Double);

impl Single for F32 {
    type Double = F64;

    fn widen(self) -> F64 {
        F64(add(Node::Convert(Convert::Widen, self.0), Kind::Double))
    }
}

impl Double for F64 {
    type Single = F32;

    fn narrow(self) -> F32 {
        F32(add(Node::Convert(Convert::Narrow, self.0), Kind::Word))
    }
    fn low_bits(self) -> I32 {
        I32(add(Node::Convert(Convert::Truncate, self.0), Kind::Word))
    }
    fn mask(mask: Truth) -> Truth {
        mask
    }
}
