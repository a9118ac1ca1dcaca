//! Products and reductions, in the order of `kernels::reduce` and `kernels::dot`.

use super::value::{Cut, Source, Value, as_truth, as_word, first_lanes};
use super::{LONGEST, Unroll};
use crate::dtype::DType;
use crate::kernels::dot::{CHAIN_DEPTH, CHAIN_WORK, Dot};
use crate::kernels::reduce::{ROUNDS, ReduceOp, lanes_of};
use crate::layout::{self, Shape};
use crate::native::ir::{Binary, Id, Kind, Node};
use crate::native::lower::{combined, element};
use crate::native::record::{Truth, add, length};

/// Products of more terms than kernels take in one block.
const DEEPEST: usize = 2048;

impl Unroll<'_> {
    /// The reduction over axes: neighbouring ones at once, the innermost first.
    pub(super) fn reduced(&mut self, x: &Value, op: ReduceOp, axes: &[usize]) -> Option<Value> {
        if x.dtype == DType::Bool {
            return self.reduced_truth(x, op, axes);
        }
        let rank = x.shape.len();
        let kept: Shape =
            (0..rank).filter(|axis| !axes.contains(axis)).map(|axis| x.shape[axis]).collect();
        let mut x = x.clone();
        let mut end = rank;
        while end > 0 {
            let axis = end - 1;
            let is_reduced = |axis: usize| axes.contains(&axis) && x.shape[axis] != 1;
            if !is_reduced(axis) {
                end -= 1;
                continue;
            }
            // Axes of size one may lie between.
            let mut start = axis;
            for before in (0..axis).rev() {
                match (is_reduced(before), x.shape[before]) {
                    (true, _) => start = before,
                    (false, 1) => {}
                    _ => break,
                }
            }
            let sizes =
                [0..start, start..end, end..rank].map(|range| layout::count(&x.shape[range]));
            let mut shape = x.shape.clone();
            shape[start..end].fill(1);
            x = self.pass(&x, op, sizes)?.reshaped(&shape, self.lanes)?;
            end = start;
        }
        x.reshaped(&kept, self.lanes)
    }

    fn reduced_truth(&mut self, x: &Value, op: ReduceOp, axes: &[usize]) -> Option<Value> {
        let op = match op {
            ReduceOp::Sum | ReduceOp::Max => ReduceOp::Or,
            ReduceOp::Prod | ReduceOp::Min => ReduceOp::And,
            other => other,
        };
        let parts = x.parts.iter().map(|&part| as_word(part)).collect();
        let words = Value { dtype: DType::U32, parts, ..x.clone() };
        let y = self.reduced(&words, op, axes)?;
        let parts = y.parts.iter().map(|&part| as_truth(part)).collect();
        Some(Value { dtype: DType::Bool, parts, ..y })
    }

    /// The reduction of the middle one of three axes.
    fn pass(&mut self, x: &Value, op: ReduceOp, sizes: [usize; 3]) -> Option<Value> {
        let [outer, length, inner] = sizes;
        if length == 0 || outer == 0 || inner == 0 {
            return None;
        }
        let fold = Fold::new(op, x.dtype)?;
        let x = x.reshaped(&sizes, self.lanes)?;
        let mut parts: Vec<Source> = vec![];
        if inner == 1 {
            for row in 0..outer {
                let sum = match x.lanes {
                    1 => fold.tree(&x.parts[row * length..][..length])?,
                    _ => {
                        let pieces = x.cut().pieces_of_row();
                        let row = &x.parts[row * pieces..][..pieces];
                        fold.row(row, length, x.lanes)?
                    }
                };
                parts.push(Value::number(x.dtype, sum).source(0));
            }
            return Value::assembled(x.dtype, &[outer, 1, 1], self.lanes, &parts);
        }
        let shape: Shape = [outer, 1, inner].into_iter().collect();
        let width = Cut::new(&[inner], x.lanes).pieces();
        let mut sums = vec![];
        for at in 0..outer * width {
            let (outer, column) = (at / width, at % width);
            let column: Vec<Id> =
                (0..length).map(|row| x.parts[(outer * length + row) * width + column]).collect();
            sums.push(fold.tree(&column)?);
        }
        Some(Value { dtype: x.dtype, shape, parts: sums, lanes: x.lanes })
    }

    /// The product of two tensors, over one axis of each or none. Batches are done one by one,
    /// where elements are numbers.
    pub(super) fn product(&mut self, dot: &Dot, lhs: &Value, rhs: &Value) -> Option<Value> {
        if dot.lhs_batch.is_empty() {
            return self.product_of_two(dot, lhs, rhs);
        }
        let batch: Shape = dot.lhs_batch.iter().map(|&axis| lhs.shape[axis]).collect();
        let count = layout::count(&batch);
        let lanes = self.lanes;
        if lanes > 1 && count != 1 || count == 0 {
            return None;
        }
        // The operand of each product: its axes but those of batches.
        let apart = |x: &Value, axes: &[usize]| -> Option<(Value, Shape)> {
            let rest: Shape = (0..x.shape.len()).filter(|axis| !axes.contains(axis)).collect();
            let order: Shape = axes.iter().chain(&rest).copied().collect();
            let shape: Shape = rest.iter().map(|&axis| x.shape[axis]).collect();
            Some((x.transposed(&order, lanes)?, shape))
        };
        let (lhs, lhs_shape) = apart(lhs, &dot.lhs_batch)?;
        let (rhs, rhs_shape) = apart(rhs, &dot.rhs_batch)?;
        let part = |x: &Value, shape: &Shape, at: usize| match count {
            1 => x.reshaped(shape, lanes),
            _ => {
                let size = layout::count(shape);
                let parts = x.parts[at * size..][..size].to_vec();
                Some(Value { parts, shape: shape.clone(), ..x.clone() })
            }
        };
        let left = |axes: &[usize], batch: &[usize]| -> Shape {
            let before = |axis: usize| batch.iter().filter(|&&other| other < axis).count();
            axes.iter().map(|&axis| axis - before(axis)).collect()
        };
        let one = Dot {
            lhs_contract: left(&dot.lhs_contract, &dot.lhs_batch),
            rhs_contract: left(&dot.rhs_contract, &dot.rhs_batch),
            lhs_batch: Shape::new(),
            rhs_batch: Shape::new(),
            out: dot.out,
        };
        let mut whole: Option<Value> = None;
        for at in 0..count {
            let (lhs, rhs) = (part(&lhs, &lhs_shape, at)?, part(&rhs, &rhs_shape, at)?);
            let product = self.product_of_two(&one, &lhs, &rhs)?;
            match &mut whole {
                None => whole = Some(product),
                Some(whole) => whole.parts.extend(product.parts),
            }
        }
        let whole = whole?;
        let shape: Shape = batch.iter().chain(&whole.shape).copied().collect();
        match count {
            1 => whole.reshaped(&shape, lanes),
            _ => Some(Value { shape, ..whole }),
        }
    }

    /// The product of two tensors without batches.
    fn product_of_two(&mut self, dot: &Dot, lhs: &Value, rhs: &Value) -> Option<Value> {
        let dtype = dot.out;
        let fits = dot.lhs_contract.len() <= 1;
        if !fits || lhs.dtype != dtype || rhs.dtype != dtype || dtype == DType::Bool {
            return None;
        }
        let lhs_free: Shape =
            (0..lhs.shape.len()).filter(|axis| !dot.lhs_contract.contains(axis)).collect();
        let rhs_free: Shape =
            (0..rhs.shape.len()).filter(|axis| !dot.rhs_contract.contains(axis)).collect();
        let size = |x: &Value, axes: &[usize]| axes.iter().map(|&axis| x.shape[axis]).product();
        let (rows, columns, depth): (usize, usize, usize) =
            (size(lhs, &lhs_free), size(rhs, &rhs_free), size(lhs, &dot.lhs_contract));
        let work = rows * columns * depth;
        if work == 0 || depth > DEEPEST || length() + work / self.lanes > LONGEST {
            return None;
        }
        let shape: Shape = lhs_free
            .iter()
            .map(|&axis| lhs.shape[axis])
            .chain(rhs_free.iter().map(|&axis| rhs.shape[axis]))
            .collect();
        let is_vector = rows == 1 || columns == 1;
        let is_chain = depth <= CHAIN_DEPTH && work < CHAIN_WORK;
        if !is_vector && !is_chain {
            return None;
        }
        // The factors of each row of the result, and the rows that they multiply.
        let by_rows = |x: &Value, free: &[usize], contract: &[usize], lanes: usize| {
            let order: Shape = contract.iter().chain(free).copied().collect();
            let sizes = [size(x, contract), size(x, free)];
            x.transposed(&order, lanes)?.reshaped(&sizes, lanes)
        };
        let (factors, factor_axes, rows_of, matrix) = if columns == 1 && rows > 1 {
            let matrix = by_rows(lhs, &lhs_free, &dot.lhs_contract, self.lanes)?;
            (rhs, [&dot.rhs_contract[..], &rhs_free[..]], 1, matrix)
        } else {
            let matrix = by_rows(rhs, &rhs_free, &dot.rhs_contract, self.lanes)?;
            (lhs, [&dot.lhs_contract[..], &lhs_free[..]], rows, matrix)
        };
        let product = Product { dtype, kind: element(dtype)?.kind() };
        if rows == 1 && columns == 1 && self.lanes > 1 && depth > 1 {
            let line = factors.reshaped(&[depth], self.lanes)?;
            let other = matrix.reshaped(&[depth], self.lanes)?;
            let sum = product.row(&line.parts, &other.parts, depth, self.lanes)?;
            return Value::number(dtype, sum).reshaped(&shape, self.lanes);
        }
        let strides = layout::row_major(&factors.shape);
        let [contract, free] = factor_axes;
        let free_shape: Shape = free.iter().map(|&axis| factors.shape[axis]).collect();
        let width = matrix.parts.len() / depth;
        let mut parts = vec![];
        for row in 0..rows_of {
            let (mut rest, mut start) = (row, 0);
            for (at, &axis) in free.iter().enumerate().rev() {
                start += rest % free_shape[at] * strides[axis] as usize;
                rest /= free_shape[at];
            }
            let step = contract.first().map_or(0, |&axis| strides[axis] as usize);
            let numbers = (0..depth).map(|k| factors.element(start + k * step));
            let numbers = numbers.collect::<Option<Vec<Id>>>()?;
            for column in 0..width {
                let terms: Vec<(Id, Id)> = numbers
                    .iter()
                    .enumerate()
                    .map(|(k, &factor)| (factor, matrix.parts[k * width + column]))
                    .collect();
                parts.push(match is_vector {
                    true => product.tree(&terms)?,
                    false => product.chain(&terms)?,
                });
            }
        }
        let now = [rows_of, matrix.shape[1]];
        let lanes = Cut::new(&now, self.lanes).lanes;
        Value { dtype, shape: now[..].into(), parts, lanes }.reshaped(&shape, self.lanes)
    }
}

/// How numbers of one type are reduced.
struct Fold {
    op: ReduceOp,
    dtype: DType,
    kind: Kind,
    identity: Id,
}

impl Fold {
    fn new(op: ReduceOp, dtype: DType) -> Option<Fold> {
        let kind = element(dtype)?.kind();
        let zero = add(Node::Constant(0), kind);
        let (identity, _) = combined(op, dtype, zero, zero)?;
        Some(Fold { op, dtype, kind, identity: add(Node::Constant(identity), kind) })
    }

    fn combine(&self, a: Id, b: Id) -> Option<Id> {
        Some(combined(self.op, self.dtype, a, b)?.1)
    }

    /// A value that began as the identity: of zeros only, the sum of both is positive.
    fn begun(&self, value: Id) -> Option<Id> {
        match self.op {
            ReduceOp::Sum => self.combine(self.identity, value),
            _ => Some(value),
        }
    }

    /// Values of which each goes to the lane of its number within its block, whatever its lanes are.
    fn tree(&self, values: &[Id]) -> Option<Id> {
        let blocks = values.chunks(lanes_of(self.dtype) * ROUNDS);
        self.pairs(blocks.map(|block| self.tree_of_block(block)))
    }

    /// The pieces of one row.
    fn row(&self, pieces: &[Id], length: usize, lanes: usize) -> Option<Id> {
        let size = lanes_of(self.dtype) * ROUNDS;
        let blocks = pieces.chunks(size / lanes).enumerate();
        self.pairs(blocks.map(|(n, block)| self.row_of_block(block, length - n * size, lanes)))
    }

    /// Blocks in pairs, and pairs in pairs, as they come: one is left for each bit of their number.
    fn pairs(&self, blocks: impl Iterator<Item = Option<Id>>) -> Option<Id> {
        let mut levels: Vec<Id> = vec![];
        for (count, block) in blocks.enumerate() {
            let mut sum = block?;
            for _ in 0..count.trailing_ones() {
                sum = self.combine(levels.pop()?, sum)?;
            }
            levels.push(sum);
        }
        let mut sum = levels.pop()?;
        while let Some(level) = levels.pop() {
            sum = self.combine(level, sum)?;
        }
        Some(sum)
    }

    fn tree_of_block(&self, values: &[Id]) -> Option<Id> {
        let lanes = values.len().next_power_of_two().min(lanes_of(self.dtype));
        let leaf = |lane: usize| {
            let mut rest = values.iter().skip(lane).step_by(lanes);
            let Some(&first) = rest.next() else { return Some(None) };
            let first = self.begun(first)?;
            rest.try_fold(first, |acc, &value| self.combine(acc, value)).map(Some)
        };
        halves(lanes, &leaf, &|a, b| self.combine(a, b))?
    }

    fn row_of_block(&self, pieces: &[Id], length: usize, lanes: usize) -> Option<Id> {
        let parts = lanes_of(self.dtype) / lanes;
        let mut acc: Vec<Option<Id>> = vec![None; parts];
        for (at, &piece) in pieces.iter().enumerate() {
            let count = lanes.min(length - at * lanes);
            let piece = match count == lanes {
                true => piece,
                false => Truth(first_lanes(count)).choose(self.kind, piece, self.identity),
            };
            let part = &mut acc[at % parts];
            *part = Some(match *part {
                None => self.begun(piece)?,
                Some(acc) => self.combine(acc, piece)?,
            });
        }
        let sum = halves(parts, &|part| Some(acc[part]), &|a, b| self.combine(a, b))??;
        around(sum, lanes, self.kind, |a, b| self.combine(a, b))
    }
}

/// The lanes of several registers, one after the other, as one number in every lane.
pub(crate) fn lanes_as_one(op: ReduceOp, dtype: DType, parts: &[Id], lanes: usize) -> Option<Id> {
    let fold = Fold::new(op, dtype)?;
    let combine = |a, b| fold.combine(a, b);
    let sum = halves(parts.len(), &|part| Some(Some(parts[part])), &combine)??;
    around(sum, lanes, fold.kind, combine)
}

/// Values that are reduced, lane by lane.
pub(crate) fn values_as_one(op: ReduceOp, dtype: DType, values: &[Id]) -> Option<Id> {
    Fold::new(op, dtype)?.tree(values)
}

/// The value of a lane; none if it is an identity that changes nothing.
type Leaf<'a> = dyn Fn(usize) -> Option<Option<Id>> + 'a;

/// Lanes as one value: the upper half is combined with the lower one, again and again.
///
/// Lanes are computed when they are combined, so that few wait for others.
fn halves(lanes: usize, leaf: &Leaf, combine: &dyn Fn(Id, Id) -> Option<Id>) -> Option<Option<Id>> {
    fn node(
        lane: usize,
        step: usize,
        lanes: usize,
        leaf: &Leaf,
        combine: &dyn Fn(Id, Id) -> Option<Id>,
    ) -> Option<Option<Id>> {
        if step == lanes {
            return leaf(lane);
        }
        let low = node(lane, 2 * step, lanes, leaf, combine)?;
        let high = node(lane + step, 2 * step, lanes, leaf, combine)?;
        Some(match (low, high) {
            (Some(a), Some(b)) => Some(combine(a, b)?),
            (a, b) => a.or(b),
        })
    }
    node(0, 1, lanes, leaf, combine)
}

/// The lanes of a register as one, which all of its lanes hold then.
fn around(
    mut value: Id,
    lanes: usize,
    kind: Kind,
    combine: impl Fn(Id, Id) -> Option<Id>,
) -> Option<Id> {
    let mut half = lanes / 2;
    while half > 0 {
        let other = add(Node::Rotate(value, half as u8), kind);
        value = combine(value, other)?;
        half /= 2;
    }
    Some(value)
}

/// How products of one type are summed.
struct Product {
    dtype: DType,
    kind: Kind,
}

impl Product {
    fn constant_zero(&self) -> Id {
        add(Node::Constant(0), self.kind)
    }

    fn plus(&self, a: Id, b: Id) -> Option<Id> {
        Some(combined(ReduceOp::Sum, self.dtype, a, b)?.1)
    }

    /// `acc + a * b`, rounded once.
    fn add_product(&self, acc: Id, a: Id, b: Id) -> Id {
        if self.dtype.is_float() {
            return add(Node::Fma { negated: false, a, b, c: acc }, self.kind);
        }
        let product = add(Node::Binary(Binary::Mul, a, b), self.kind);
        add(Node::Binary(Binary::Add, acc, product), self.kind)
    }

    /// One product after the other.
    fn chain(&self, terms: &[(Id, Id)]) -> Option<Id> {
        let zero = self.constant_zero();
        Some(terms.iter().fold(zero, |acc, &(a, b)| self.add_product(acc, a, b)))
    }

    /// Products of which each goes to the lane of its number.
    fn tree(&self, terms: &[(Id, Id)]) -> Option<Id> {
        let lanes = lanes_of(self.dtype);
        let zero = self.constant_zero();
        let leaf = |lane: usize| {
            let rest = terms.iter().skip(lane).step_by(lanes);
            let sum = rest.fold(None, |acc: Option<Id>, &(a, b)| {
                Some(self.add_product(acc.unwrap_or(zero), a, b))
            });
            Some(sum)
        };
        let sum = halves(lanes, &leaf, &|a, b| self.plus(a, b))??;
        // A lane without products is zero.
        if terms.len() < lanes { self.plus(sum, zero) } else { Some(sum) }
    }

    /// The products of two rows in pieces.
    fn row(&self, a: &[Id], b: &[Id], depth: usize, lanes: usize) -> Option<Id> {
        let parts = lanes_of(self.dtype) / lanes;
        let zero = self.constant_zero();
        let mut acc: Vec<Option<Id>> = vec![None; parts];
        for (at, (&a, &b)) in a.iter().zip(b).enumerate() {
            let part = &mut acc[at % parts];
            let before = part.unwrap_or(zero);
            let after = self.add_product(before, a, b);
            let count = lanes.min(depth - at * lanes);
            *part = Some(match count == lanes {
                true => after,
                false => Truth(first_lanes(count)).choose(self.kind, after, before),
            });
        }
        let is_short = acc.iter().any(Option::is_none);
        let mut sum = halves(parts, &|part| Some(acc[part]), &|a, b| self.plus(a, b))??;
        if is_short {
            sum = self.plus(sum, zero)?;
        }
        around(sum, lanes, self.kind, |a, b| self.plus(a, b))
    }
}
