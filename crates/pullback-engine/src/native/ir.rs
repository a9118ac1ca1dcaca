//! What the code generator compiles: steps over lanes, written down in order.
//!
//! A value has 32 or 64 bits a lane, or is a truth value a lane. Equal steps are written once.

use rustc_hash::FxHashMap;

use crate::dtype::DType;
use crate::isa::{Isa, isa};
use crate::kernels::reduce::ReduceOp;
use crate::tile::math::lane::Edges;

/// Names a value of one graph.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Id(pub u32);

impl Id {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a value is in each lane.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    /// 32 bits.
    Word,
    /// 64 bits.
    Double,
    /// A truth value.
    Mask,
}

/// How elements lie in memory, and what they become in a lane.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Element {
    /// A byte that is 0 or 1; a mask.
    Bool,
    /// 32 bits.
    Word,
    /// 64 bits.
    Double,
}

impl Element {
    /// Bytes in memory.
    pub fn size(self) -> u8 {
        match self {
            Element::Bool => 1,
            Element::Word => 4,
            Element::Double => 8,
        }
    }

    pub fn kind(self) -> Kind {
        match self {
            Element::Bool => Kind::Mask,
            Element::Word => Kind::Word,
            Element::Double => Kind::Double,
        }
    }
}

/// A step of two operands of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Binary {
    AddF,
    SubF,
    MulF,
    DivF,
    /// The first where it is less, else the second.
    MinF,
    /// The first where it is greater, else the second.
    MaxF,
    /// The first times two to the power of the second, with one rounding.
    Scale,
    /// The smaller of two numbers, and of zeros the negative one.
    SmallerF,
    /// The larger of two numbers, and of zeros the positive one.
    LargerF,
    Add,
    Sub,
    Mul,
    MinSigned,
    MaxSigned,
    MinUnsigned,
    MaxUnsigned,
    And,
    Or,
    Xor,
    /// The low halves of 64 bits as unsigned integers, and all 64 bits of their product.
    MulHalves,
    /// Shifts by as many bits as each lane of the second says; by too many, nothing is left.
    ShiftLeft,
    ShiftRight,
    ShiftRightSigned,
}

impl Binary {
    /// Whether the operands may be exchanged.
    pub fn commutes(self) -> bool {
        use Binary::*;
        matches!(
            self,
            AddF | MulF
                | Add
                | Mul
                | MulHalves
                | MinSigned
                | MaxSigned
                | MinUnsigned
                | MaxUnsigned
                | And
                | Or
                | Xor
        )
    }
}

/// A step of one operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Unary {
    /// The same bits, in a register of their own.
    Copy,
    Sqrt,
    Floor,
    Ceil,
    Trunc,
    RoundTiesEven,
    ShiftLeft(u8),
    ShiftRight(u8),
    ShiftRightSigned(u8),
    /// A signed or unsigned integer as a float of as many bits.
    SignedToFloat,
    UnsignedToFloat,
}

/// A change of the width of lanes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Convert {
    /// A float of 32 bits as one of 64.
    Widen,
    /// A float of 64 bits as the nearest of 32.
    Narrow,
    /// An integer of 32 bits as one of 64.
    SignExtend,
    ZeroExtend,
    /// The low half of 64 bits.
    Truncate,
}

/// How two operands are compared.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Predicate {
    /// Of floats; false of NaN.
    EqF,
    /// Whether either is NaN.
    UnorderedF,
    LtF,
    LeF,
    Eq,
    LtSigned,
    LeSigned,
    LtUnsigned,
    LeUnsigned,
}

/// A step of two truth values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Logic {
    And,
    Or,
    Xor,
    /// The second but not the first.
    AndNot,
}

/// A step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Node {
    /// An input of the kernel, an element a lane.
    Input(u16, Element),
    /// An input that is one element for all lanes.
    Scalar(u16, Element),
    /// The same bits in every lane; of a word, the low half.
    Constant(u64),
    /// The accumulator of this number, as it is.
    Accumulator(u16),
    /// One lane of a value, in every lane.
    Lane(Id, u8),
    /// The value whose lane `i` is lane `i + n` of another, around the end.
    Rotate(Id, u8),
    /// The value whose lane `i` is the lane of another that the table of this number says.
    Permute(Id, u16),
    /// The element that the lookup of this number has at the index in each lane.
    Lookup(Id, u16),
    Unary(Unary, Id),
    Binary(Binary, Id, Id),
    /// `a * b + c` with one rounding, and whether the product is negated.
    Fma {
        negated: bool,
        a: Id,
        b: Id,
        c: Id,
    },
    /// The second value, but where the first is at an edge of a function, what that is there; where it is
    /// negative or NaN, anything.
    Edges(Edges, Id, Id),
    Convert(Convert, Id),
    Compare(Predicate, Id, Id),
    Logic(Logic, Id, Id),
    Not(Id),
    /// The first value where the mask holds, else the second.
    Select(Id, Id, Id),
}

/// Where elements lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub base: Base,
    /// Bytes from the base.
    pub offset: i32,
    /// How many lanes are elements; none if the loop over elements says so.
    pub lanes: Option<u8>,
    /// Elements from lane to lane.
    pub every: u8,
}

/// What a place is counted from. A function is given a list of 64 bits each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Base {
    /// The list itself.
    List,
    /// The address that the list has at this index.
    Listed(u16),
}

impl Place {
    /// The elements at an address in the list.
    pub fn listed(index: usize) -> Place {
        Place { base: Base::Listed(index as u16), offset: 0, lanes: None, every: 1 }
    }

    /// The bits at an index of the list.
    pub fn in_list(index: usize) -> Place {
        Place { base: Base::List, offset: index as i32 * 8, lanes: None, every: 1 }
    }
}

/// What is to be compiled.
#[derive(Default)]
pub(crate) struct Kernel {
    pub graph: Graph,
    /// Where the inputs are; those that are scalars, in the list.
    pub inputs: Vec<Place>,
    /// How many addresses or scalars of inputs there are in the list.
    pub arguments: usize,
    /// The values that are written, how they lie in memory, and where.
    pub outputs: Vec<(Id, Element, Place)>,
    /// Lanes for which the results are not right; whether there were any is returned.
    pub rare: Option<Id>,
    /// What is accumulated over the vectors of lanes, or carried over the iterations of a loop.
    pub accumulators: Vec<Accumulator>,
    /// Inputs that are another scalar in each row.
    pub per_row: Vec<usize>,
}

/// A loop whose iterations depend on those before, to be compiled.
///
/// Its inputs are known to all iterations, or hold an entry for each; its outputs are written an
/// entry an iteration; its accumulators are what is carried.
pub(crate) struct Loop {
    pub kernel: Kernel,
    /// Lanes of a vector; if there is one, all values are numbers.
    pub lanes: usize,
    /// Whether there is another iteration, and how many of the steps it needs; without, the
    /// number of iterations is given.
    pub condition: Option<(Id, usize)>,
    /// The addresses in the list that change with each iteration, and by how many bytes.
    pub advances: Vec<(u16, i32)>,
    /// Where in the list each accumulator is, before and after.
    pub carried: Vec<i32>,
    /// Where in the list the number of iterations is written that were not done.
    pub left: i32,
    /// Where in the list there is room for what has no register.
    pub spills: i32,
}

/// A value that each vector of lanes changes: several of them in turn, each of as many lanes as
/// there are in one vector.
pub(crate) struct Accumulator {
    /// What every lane begins with.
    pub identity: u64,
    /// The value after a vector of lanes.
    pub next: Id,
    /// The lanes of all those in turn; one if all lanes have the same.
    pub lanes: usize,
    /// How lanes become one number, if they do.
    pub fold: Option<(ReduceOp, DType)>,
}

/// For each lane, the lane that it is taken from.
pub(crate) type Table = [u8; 16];

/// Elements of as many bits as a lane, which are looked up by an index that is one of them.
pub(crate) type Lookup = [u8; 64];

/// Steps in order, each after those that it needs.
pub(crate) struct Graph {
    /// The processors that the steps are for.
    pub isa: Isa,
    pub nodes: Vec<(Node, Kind)>,
    pub tables: Vec<Table>,
    pub lookups: Vec<Lookup>,
    known: FxHashMap<(Node, Kind), Id>,
}

impl Node {
    /// Whether there is nothing to compute: it is read where it lies, when it is needed.
    pub fn is_read(self) -> bool {
        matches!(self, Node::Input(..) | Node::Scalar(..) | Node::Constant(_) | Node::Lane(..))
    }
}

impl Default for Graph {
    fn default() -> Graph {
        let (nodes, tables, lookups) = (vec![], vec![], vec![]);
        Graph { isa: isa(), nodes, tables, lookups, known: FxHashMap::default() }
    }
}

impl Graph {
    /// The value of a step: that of an equal step, if there is one.
    pub fn add(&mut self, node: Node, kind: Kind) -> Id {
        let node = self.simplified(node);
        if self.isa < Isa::Avx512
            && let Some(id) = self.replaced(node, kind)
        {
            return id;
        }
        *self.known.entry((node, kind)).or_insert_with(|| {
            self.nodes.push((node, kind));
            Id(self.nodes.len() as u32 - 1)
        })
    }

    /// The number of a table.
    pub fn table(&mut self, table: Table) -> u16 {
        number_of(&mut self.tables, table)
    }

    /// The number of a lookup.
    pub fn lookup(&mut self, lookup: Lookup) -> u16 {
        number_of(&mut self.lookups, lookup)
    }

    pub fn node(&self, id: Id) -> Node {
        self.nodes[id.index()].0
    }

    pub fn kind(&self, id: Id) -> Kind {
        self.nodes[id.index()].1
    }

    /// A cheaper step with the same bits.
    fn simplified(&self, node: Node) -> Node {
        match node {
            // The processor's minimum and maximum are just these choices.
            Node::Select(mask, yes, no) => match self.node(mask) {
                Node::Compare(Predicate::LtF, a, b) if a != b && (yes, no) == (a, b) => {
                    Node::Binary(Binary::MinF, a, b)
                }
                Node::Compare(Predicate::LtF, a, b) if a != b && (yes, no) == (b, a) => {
                    Node::Binary(Binary::MaxF, b, a)
                }
                _ => node,
            },
            Node::Fma { negated, a, b, c } => match (self.negated(a), self.negated(b)) {
                (Some(a), _) => Node::Fma { negated: !negated, a, b, c },
                (_, Some(b)) => Node::Fma { negated: !negated, a, b, c },
                _ => node,
            },
            Node::Logic(Logic::And, a, b) => match (self.node(a), self.node(b)) {
                (Node::Not(a), _) => Node::Logic(Logic::AndNot, a, b),
                (_, Node::Not(b)) => Node::Logic(Logic::AndNot, b, a),
                _ => node,
            },
            _ => node,
        }
    }

    /// What a value is the negative of.
    fn negated(&self, id: Id) -> Option<Id> {
        let sign = match self.kind(id) {
            Kind::Word => 1 << 31,
            _ => 1 << 63,
        };
        match self.node(id) {
            Node::Binary(Binary::Xor, a, b) if self.node(b) == Node::Constant(sign) => Some(a),
            _ => None,
        }
    }

    /// For each step the lanes that it has to be done with, where registers have so many, and of
    /// results the first is needed: as many as fill a register of some length.
    pub fn lanes_for_first(&self, lanes: usize) -> Vec<usize> {
        let mut needed = vec![1; self.nodes.len()];
        let mut done = vec![lanes; self.nodes.len()];
        for at in (0..self.nodes.len()).rev() {
            let (node, kind) = self.nodes[at];
            // Lanes of what is read.
            let read = match node {
                Node::Rotate(_, by) if needed[at] + by as usize <= lanes => needed[at] + by as usize,
                Node::Rotate(..) | Node::Permute(..) | Node::Lane(..) => lanes,
                _ => needed[at],
            };
            for operand in Graph::operands(node) {
                needed[operand.index()] = read.max(needed[operand.index()]);
            }
            let shortest = if kind == Kind::Double && self.isa == Isa::Avx512 { 2 } else { 4 };
            done[at] = read.next_power_of_two().max(shortest).min(lanes);
        }
        done
    }

    /// The values that a step needs.
    pub fn operands(node: Node) -> smallvec::SmallVec<[Id; 3]> {
        use smallvec::smallvec;
        match node {
            Node::Input(..) | Node::Scalar(..) | Node::Constant(_) | Node::Accumulator(_) => {
                smallvec![]
            }
            Node::Unary(_, a)
            | Node::Convert(_, a)
            | Node::Not(a)
            | Node::Lane(a, _)
            | Node::Rotate(a, _)
            | Node::Permute(a, _)
            | Node::Lookup(a, _) => smallvec![a],
            Node::Binary(_, a, b)
            | Node::Edges(_, a, b)
            | Node::Compare(_, a, b)
            | Node::Logic(_, a, b) => smallvec![a, b],
            Node::Fma { a, b, c, .. } => smallvec![a, b, c],
            Node::Select(mask, yes, no) => smallvec![mask, yes, no],
        }
    }
}

/// The number of one of some tables, to which it is added if it is none.
fn number_of<T: PartialEq>(tables: &mut Vec<T>, table: T) -> u16 {
    let known = tables.iter().position(|other| *other == table);
    known.unwrap_or_else(|| {
        tables.push(table);
        tables.len() - 1
    }) as u16
}
