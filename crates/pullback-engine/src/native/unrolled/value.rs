//! Tensors as values of a graph, and moving their elements.

use smallvec::SmallVec;

use crate::dtype::DType;
use crate::layout::{self, Shape};
use crate::native::ir::{Element, Id, Kind, Node, Predicate};
use crate::native::lower::element;
use crate::native::record::{self, Truth, add, permute};

/// A tensor of a few elements.
///
/// Each element is a number of its own, in every lane; or rows along the last axis of more than
/// one element are cut into pieces, whose lanes hold one element each. Lanes beyond the end of a
/// row hold anything.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub dtype: DType,
    pub shape: Shape,
    /// The numbers or pieces, in order.
    pub parts: Vec<Id>,
    /// Lanes of a piece; if it is one, the parts are numbers.
    pub lanes: usize,
}

/// How a shape is cut into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub rows: usize,
    /// Elements of a row.
    pub length: usize,
    pub lanes: usize,
}

impl Cut {
    /// The cut of a shape for vectors of so many lanes.
    pub fn new(shape: &[usize], lanes: usize) -> Cut {
        let count = layout::count(shape);
        if lanes == 1 || count <= 1 {
            return Cut { rows: count, length: 1, lanes: 1 };
        }
        let length = *shape.iter().rfind(|&&size| size != 1).unwrap_or(&1);
        Cut { rows: count / length, length, lanes }
    }

    pub fn pieces_of_row(&self) -> usize {
        self.length.div_ceil(self.lanes)
    }

    pub fn pieces(&self) -> usize {
        self.rows * self.pieces_of_row()
    }

    /// The piece and the lane of an element.
    fn at(&self, index: usize) -> (usize, usize) {
        let (row, column) = (index / self.length, index % self.length);
        (row * self.pieces_of_row() + column / self.lanes, column % self.lanes)
    }

    /// The first element of a piece, and how many it has.
    pub fn elements(&self, piece: usize) -> (usize, usize) {
        let (row, part) = (piece / self.pieces_of_row(), piece % self.pieces_of_row());
        let column = part * self.lanes;
        (row * self.length + column, self.lanes.min(self.length - column))
    }
}

/// An element: a number, or a lane of a piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Source {
    part: Id,
    lane: Option<usize>,
}

impl Value {
    /// One number.
    pub fn number(dtype: DType, id: Id) -> Value {
        Value { dtype, shape: Shape::new(), parts: vec![id], lanes: 1 }
    }

    pub fn count(&self) -> usize {
        layout::count(&self.shape)
    }

    pub fn kind(&self) -> Option<Kind> {
        element(self.dtype).map(Element::kind)
    }

    pub fn cut(&self) -> Cut {
        Cut::new(&self.shape, self.lanes)
    }

    pub fn source(&self, index: usize) -> Source {
        if self.lanes == 1 {
            return Source { part: self.parts[index], lane: None };
        }
        let (piece, lane) = self.cut().at(index);
        Source { part: self.parts[piece], lane: Some(lane) }
    }

    /// An element in every lane.
    pub fn element(&self, index: usize) -> Option<Id> {
        number(self.source(index), self.kind()?)
    }

    /// The tensor of other elements, which lie in it as `sources` says.
    pub fn assembled(
        dtype: DType,
        shape: &[usize],
        lanes: usize,
        sources: &[Source],
    ) -> Option<Value> {
        let kind = element(dtype)?.kind();
        let cut = Cut::new(shape, lanes);
        if cut.lanes == 1 {
            let parts =
                sources.iter().map(|&source| number(source, kind)).collect::<Option<_>>()?;
            return Some(Value { dtype, shape: shape.into(), parts, lanes: 1 });
        }
        let parts = (0..cut.pieces()).map(|piece| {
            let (start, count) = cut.elements(piece);
            assembled_piece(kind, lanes, &sources[start..start + count])
        });
        let parts = parts.collect::<Option<_>>()?;
        Some(Value { dtype, shape: shape.into(), parts, lanes })
    }

    /// The same elements in order, in another shape.
    pub fn reshaped(&self, shape: &[usize], lanes: usize) -> Option<Value> {
        if Cut::new(shape, lanes) == self.cut() {
            return Some(Value { shape: shape.into(), ..self.clone() });
        }
        let sources: Vec<Source> = (0..self.count()).map(|at| self.source(at)).collect();
        Value::assembled(self.dtype, shape, lanes, &sources)
    }

    /// The tensor with its axes in another order.
    pub fn transposed(&self, order: &[usize], lanes: usize) -> Option<Value> {
        if order.iter().enumerate().all(|(at, &axis)| at == axis) {
            return Some(self.clone());
        }
        let shape: Shape = order.iter().map(|&axis| self.shape[axis]).collect();
        let own = layout::row_major(&self.shape);
        let mut sources = Vec::with_capacity(self.count());
        for index in 0..self.count() {
            let (mut rest, mut from) = (index, 0);
            for (at, &axis) in order.iter().enumerate().rev() {
                from += rest % shape[at] * own[axis] as usize;
                rest /= shape[at];
            }
            sources.push(self.source(from));
        }
        Value::assembled(self.dtype, &shape, lanes, &sources)
    }
}

/// An element in every lane.
fn number(source: Source, kind: Kind) -> Option<Id> {
    let Some(lane) = source.lane else { return Some(source.part) };
    if kind == Kind::Mask {
        let word = number(Source { part: as_word(source.part), lane: Some(lane) }, Kind::Word)?;
        return Some(as_truth(word));
    }
    Some(match record::node(source.part) {
        // All lanes are equal already.
        Node::Constant(_) | Node::Scalar(..) | Node::Lane(..) => source.part,
        _ => add(Node::Lane(source.part, lane as u8), kind),
    })
}

/// One for true and zero for false.
pub(crate) fn as_word(mask: Id) -> Id {
    let constant = |value| add(Node::Constant(value), Kind::Word);
    Truth(mask).choose(Kind::Word, constant(1), constant(0))
}

/// Whether a word is not zero.
pub(crate) fn as_truth(word: Id) -> Id {
    let zero = add(Node::Constant(0), Kind::Word);
    (!Truth::compare(Predicate::Eq, word, zero)).0
}

/// The truth value of the first lanes, as many as given.
pub(crate) fn first_lanes(count: usize) -> Id {
    add(Node::Constant((1 << count) - 1), Kind::Mask)
}

/// A piece of elements from anywhere.
fn assembled_piece(kind: Kind, lanes: usize, sources: &[Source]) -> Option<Id> {
    if let Some(whole) = unmoved(lanes, sources) {
        return Some(whole);
    }
    if kind == Kind::Mask {
        let words = sources.iter().map(|source| Source { part: as_word(source.part), ..*source });
        let words: Vec<Source> = words.collect();
        return assembled_piece(Kind::Word, lanes, &words).map(as_truth);
    }
    let mut parts: SmallVec<[Source; 16]> = SmallVec::new();
    for source in sources {
        let is_new = |other: &Source| {
            (other.part, other.lane.is_some()) != (source.part, source.lane.is_some())
        };
        if parts.iter().all(is_new) {
            parts.push(*source);
        }
    }
    let mut piece: Option<Id> = None;
    for part in parts {
        let is_from = |source: &Source| {
            (source.part, source.lane.is_some()) == (part.part, part.lane.is_some())
        };
        let mut mask = 0u64;
        let mut froms: SmallVec<[(usize, usize); 16]> = SmallVec::new();
        for (lane, source) in sources.iter().enumerate().filter(|(_, source)| is_from(source)) {
            mask |= 1 << lane;
            froms.push((lane, source.lane.unwrap_or(lane)));
        }
        let value = moved(part, kind, lanes, &froms)?;
        piece = Some(match piece {
            None => value,
            Some(rest) => {
                let mask = add(Node::Constant(mask), Kind::Mask);
                Truth(mask).choose(kind, value, rest)
            }
        });
    }
    piece
}

/// The part whose lanes are the sources, if there is one.
fn unmoved(lanes: usize, sources: &[Source]) -> Option<Id> {
    let first = sources.first()?;
    let in_place = sources.iter().enumerate().all(|(lane, source)| {
        source.part == first.part && source.lane.is_none_or(|from| from == lane)
    });
    debug_assert!(sources.len() <= lanes);
    in_place.then_some(first.part)
}

/// A part with lanes where they are wanted: pairs of where to and where from.
fn moved(part: Source, kind: Kind, lanes: usize, froms: &[(usize, usize)]) -> Option<Id> {
    let Some(_) = part.lane else { return Some(part.part) };
    if froms.iter().all(|&(to, from)| to == from) {
        return Some(part.part);
    }
    let first = froms.first()?.1;
    if froms.iter().all(|&(_, from)| from == first) {
        return number(Source { part: part.part, lane: Some(first) }, kind);
    }
    let shift = (froms[0].1 + lanes - froms[0].0) % lanes;
    if froms.iter().all(|&(to, from)| (to + shift) % lanes == from) {
        return Some(add(Node::Rotate(part.part, shift as u8), kind));
    }
    let mut table = [0; 16];
    for &(to, from) in froms {
        table[to] = from as u8;
    }
    Some(permute(part.part, table, kind))
}
