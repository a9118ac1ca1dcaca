//! Reductions over axes.
//!
//! The order in which a sum is formed is fixed by the shape, never by strides or threads:
//! neighbouring axes that are both reduced count as one, and are reduced innermost first. Along
//! one such axis, element `i` goes to lane `i % LANES`; the lanes of a block of `ROUNDS * LANES`
//! elements are added in halves, and blocks in pairs. So the error grows with the logarithm of
//! the length, and rows and columns are both walked in the order of memory.

use std::marker::PhantomData;

use half::{bf16, f16};
use num_complex::Complex;
use smallvec::smallvec;

use super::common::{Number, Walk, arch, build, merged};
use super::{Form, Kernel, Tensors};
use crate::buffer::Buffer;
use crate::cost::{Cost, TensorType};
use crate::dtype::{Bool, DType, Element};
use crate::error::{Error, Result};
use crate::layout::{self, Shape, Strides};
use crate::tensor::Tensor;

mod order;

pub(super) use order::Columns;
use order::{Pairs, halves};

/// How two elements become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ReduceOp {
    Sum,
    Prod,
    Max,
    Min,
    And,
    Or,
    Xor,
}

/// Combines all elements along `axes`, which are dropped from the shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reduce {
    /// How two elements become one.
    pub op: ReduceOp,
    /// Distinct axes, in any order.
    pub axes: Shape,
}

impl Kernel for Reduce {
    fn name(&self) -> &'static str {
        match self.op {
            ReduceOp::Sum => "reduce_sum",
            ReduceOp::Prod => "reduce_prod",
            ReduceOp::Max => "reduce_max",
            ReduceOp::Min => "reduce_min",
            ReduceOp::And => "reduce_and",
            ReduceOp::Or => "reduce_or",
            ReduceOp::Xor => "reduce_xor",
        }
    }

    fn form(&self) -> Form<'_> {
        Form::Reduce(self)
    }

    fn cost(&self, inputs: &[TensorType], outputs: &[TensorType]) -> Cost {
        Cost::flops(inputs[0].count().saturating_sub(outputs[0].count()))
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = &inputs[0];
        let dtype = x.dtype();
        let unsupported = || Error::DType { operation: self.name(), dtype };
        use ReduceOp::*;
        // Sums, products and bits of signed integers are those of unsigned ones.
        let unsigned = match dtype {
            DType::Bool | DType::I8 => DType::U8,
            DType::I16 => DType::U16,
            DType::I32 => DType::U32,
            DType::I64 => DType::U64,
            other => other,
        };
        let op = match (dtype, self.op) {
            (DType::Bool, Sum | Max) => Or,
            (DType::Bool, Prod | Min) => And,
            (_, op) => op,
        };
        macro_rules! over {
            ($x:expr, $Op:ident: $($D:ident => $T:ty, $lanes:literal;)*) => {
                match $x.dtype() {
                    $(DType::$D => self.passes::<$T, $Op, $lanes>($x),)*
                    _ => Err(unsupported()),
                }
            };
        }
        macro_rules! integers {
            ($Op:ident) => {
                over!(&x.bitcast(unsigned), $Op: U8 => u8, 128; U16 => u16, 64; U32 => u32, 32; U64 => u64, 16;)
                    .map(|y| y.bitcast(dtype))
            };
        }
        macro_rules! inexact {
            ($Op:ident) => {
                over!(x, $Op: BF16 => bf16, 32; F16 => f16, 32; F32 => f32, 32; F64 => f64, 16;
                    C64 => Complex<f32>, 16; C128 => Complex<f64>, 8;)
            };
        }
        macro_rules! ordered {
            ($Op:ident) => {
                over!(x, $Op: I8 => i8, 128; I16 => i16, 64; I32 => i32, 32; I64 => i64, 16;
                    U8 => u8, 128; U16 => u16, 64; U32 => u32, 32; U64 => u64, 16;
                    BF16 => bf16, 32; F16 => f16, 32; F32 => f32, 32; F64 => f64, 16;
                    C64 => Complex<f32>, 16; C128 => Complex<f64>, 8;)
            };
        }
        let y = match op {
            Sum if dtype.is_inexact() => inexact!(Add),
            Prod if dtype.is_inexact() => inexact!(Multiply),
            And | Or | Xor if dtype.is_inexact() => Err(unsupported()),
            Max => ordered!(Greater),
            Min => ordered!(Lesser),
            // All ones of a truth value is 1, so it has a type of its own.
            And if dtype == DType::Bool => self.passes::<Bool, Lesser, 128>(x),
            Sum => integers!(Add),
            Prod => integers!(Multiply),
            And => integers!(BitAnd),
            Or => integers!(BitOr),
            Xor => integers!(BitXor),
        }?;
        Ok(smallvec![y])
    }
}

/// An element as it is stored, and as it is accumulated.
trait Stored: Element {
    type Acc: Number + Stored<Acc = Self::Acc>;
    fn load(self) -> Self::Acc;
    fn store(acc: Self::Acc) -> Self;
}

macro_rules! stored_as_is {
    ($($T:ty),*) => {$(
        impl Stored for $T {
            type Acc = $T;
            #[inline(always)]
            fn load(self) -> $T { self }
            #[inline(always)]
            fn store(acc: $T) -> $T { acc }
        }
    )*};
}
stored_as_is!(Bool, i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, Complex<f32>, Complex<f64>);

macro_rules! stored_as_half {
    ($($T:ty),*) => {$(
        impl Stored for $T {
            type Acc = f32;
            #[inline(always)]
            fn load(self) -> f32 { self.to_f32() }
            #[inline(always)]
            fn store(acc: f32) -> $T { <$T>::from_f32(acc) }
        }
    )*};
}
stored_as_half!(f16, bf16);

/// An associative operation and its identity.
trait Combine<A> {
    const IDENTITY: A;
    /// Whether to compile the operation for wide registers: common ones that compute more than
    /// memory delivers. The others would only cost time and space to compile.
    const WIDE: bool;
    fn combine(a: A, b: A) -> A;
}

macro_rules! operations {
    ($($Op:ident, $identity:ident, $f:ident, $sum:literal;)*) => {$(
        struct $Op;
        impl<A: Number> Combine<A> for $Op {
            const IDENTITY: A = A::$identity;
            const WIDE: bool = A::DTYPE.is_float() || A::DTYPE.size() <= 4 && $sum;
            #[inline(always)]
            fn combine(a: A, b: A) -> A { a.$f(b) }
        }
    )*};
}
operations! {
    Add, ZERO, plus, true;
    Multiply, ONE, times, false;
    Greater, LEAST, greater, false;
    Lesser, GREATEST, lesser, false;
}

/// Calls a function for the operation, of those that numbers have.
macro_rules! with_operation {
    ($op:expr, $A:ty, $f:ident($($argument:expr),*)) => {
        match $op {
            ReduceOp::Sum => $f::<$A, Add>($($argument),*),
            ReduceOp::Prod => $f::<$A, Multiply>($($argument),*),
            ReduceOp::Max => $f::<$A, Greater>($($argument),*),
            ReduceOp::Min => $f::<$A, Lesser>($($argument),*),
            ReduceOp::And | ReduceOp::Or | ReduceOp::Xor => {
                unreachable!("bits are not reduced elsewhere")
            }
        }
    };
}

struct BitAnd;
struct BitOr;
struct BitXor;
macro_rules! bit_operations {
    ($($T:ty),*) => {$(
        impl Combine<$T> for BitAnd {
            const IDENTITY: $T = <$T>::MAX;
            const WIDE: bool = false;
            #[inline(always)]
            fn combine(a: $T, b: $T) -> $T { a & b }
        }
        impl Combine<$T> for BitOr {
            const IDENTITY: $T = 0;
            const WIDE: bool = false;
            #[inline(always)]
            fn combine(a: $T, b: $T) -> $T { a | b }
        }
        impl Combine<$T> for BitXor {
            const IDENTITY: $T = 0;
            const WIDE: bool = false;
            #[inline(always)]
            fn combine(a: $T, b: $T) -> $T { a ^ b }
        }
    )*};
}
bit_operations!(u8, u16, u32, u64);

/// Lanes that a reduction of an element type of numbers goes over in turn.
pub(crate) fn lanes_of(dtype: DType) -> usize {
    128 / dtype.size()
}

/// Rounds of all lanes in one block.
pub(crate) const ROUNDS: usize = 32;
/// Columns that are accumulated together.
const TILE: usize = 64;

/// One pass: the axis to reduce, and the others with their strides in input and output.
struct Pass {
    length: usize,
    stride: isize,
    kept: Shape,
    kept_from: Strides,
    kept_to: Strides,
    offset: usize,
}

impl Reduce {
    /// Reduces one group of neighbouring axes after the other, innermost first.
    fn passes<T: Stored, O: Combine<T::Acc>, const LANES: usize>(
        &self,
        x: &Tensor,
    ) -> Result<Tensor> {
        let rank = x.rank();
        let reduced: Vec<bool> = (0..rank).map(|axis| self.axes.contains(&axis)).collect();
        let out_shape: Shape =
            (0..rank).filter(|&axis| !reduced[axis]).map(|axis| x.shape()[axis]).collect();
        let mut groups: Vec<std::ops::Range<usize>> = Vec::new();
        for axis in (0..rank).filter(|&axis| reduced[axis] && x.shape()[axis] != 1) {
            match groups.last_mut() {
                Some(group) if (group.end..axis).all(|between| x.shape()[between] == 1) => {
                    group.end = axis + 1;
                }
                _ => groups.push(axis..axis + 1),
            }
        }
        let Some(group) = groups.pop() else {
            return x.reshape(&out_shape);
        };
        // Until the end, f16 and bf16 keep the precision they are accumulated with.
        let mut result = pass::<T, O, LANES>(x, group)?;
        while let Some(group) = groups.pop() {
            result = pass::<T::Acc, O, LANES>(&result, group)?;
        }
        if T::DTYPE != result.dtype() {
            let values = result.to_vec::<T::Acc>();
            return build::<T>(&out_shape, |out| {
                for (slot, &value) in out.iter_mut().zip(&values) {
                    *slot = T::store(value);
                }
            });
        }
        result.reshape(&out_shape)
    }
}

/// Reduces a range of axes to axes of size 1.
fn pass<T: Stored, O: Combine<T::Acc>, const LANES: usize>(
    x: &Tensor,
    axes: std::ops::Range<usize>,
) -> Result<Tensor> {
    let mut x = x.clone();
    let mut layout = x.layout();
    let joined = |layout: &layout::Layout| {
        merged(&layout.shape[axes.clone()], [&layout.strides[axes.clone()]])
    };
    let (mut length, [mut stride]) = joined(&layout);
    if length.len() > 1 {
        // The tree is that of the logical order, so elements that lie otherwise have to move.
        x = x.contiguous()?;
        layout = x.layout();
        (length, [stride]) = joined(&layout);
    }
    let mut shape = layout.shape.clone();
    shape[axes.clone()].fill(1);
    let kept: Shape = shape.clone();
    let (kept, [kept_from, kept_to]) = merged(&kept, [&layout.strides, &layout::row_major(&shape)]);
    let pass = Pass {
        length: length.first().copied().unwrap_or(1),
        stride: stride.first().copied().unwrap_or(1),
        kept,
        kept_from,
        kept_to,
        offset: layout.offset,
    };
    let dtype = <T::Acc as Element>::DTYPE;
    let mut buffer = Buffer::new(dtype, layout::count(&shape))?;
    let source = x.buffer_slice::<T>();
    let target = buffer.slice_mut::<T::Acc>();
    if pass.length == 0 {
        target.fill(O::IDENTITY);
    } else {
        let run = Run::<T, O, LANES> { pass: &pass, source, target, operation: PhantomData };
        if O::WIDE { arch().dispatch(run) } else { pulp::NullaryFnOnce::call(run) }
    }
    Ok(Tensor::from_buffer(dtype, &shape, buffer))
}

/// A pass over given elements, for the processor at hand.
struct Run<'a, T: Stored, O, const LANES: usize> {
    pass: &'a Pass,
    source: &'a [T],
    target: &'a mut [T::Acc],
    operation: PhantomData<O>,
}

impl<T: Stored, O: Combine<T::Acc>, const LANES: usize> pulp::NullaryFnOnce
    for Run<'_, T, O, LANES>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Run { pass, source, target, .. } = self;
        let columns = (0..pass.kept.len()).rev().find(|&axis| pass.kept_from[axis] == 1);
        if let (true, Some(axis)) = (pass.stride != 1, columns) {
            return columns_pass::<T, O, LANES>(pass, axis, source, target);
        }
        // What lies side by side is not gathered first.
        let gathered = if pass.stride == 1 { 0 } else { pass.length.min(LANES * ROUNDS) };
        let mut block = vec![O::IDENTITY; gathered];
        let start = [pass.offset as isize, 0];
        for [from, to] in Walk::new(&pass.kept, [&pass.kept_from, &pass.kept_to], start) {
            target[to as usize] = row::<T, O, LANES>(pass, source, from, &mut block);
        }
    }
}

/// The reduction of one row, contiguous or not.
#[inline(always)]
fn row<T: Stored, O: Combine<T::Acc>, const LANES: usize>(
    pass: &Pass,
    source: &[T],
    from: isize,
    block: &mut [T::Acc],
) -> T::Acc {
    if pass.stride == 1 && pass.length <= LANES.min(16) {
        // The same tree with fewer lanes, none of which is beyond the elements for long.
        let elements = &source[from as usize..from as usize + pass.length];
        return match pass.length {
            ..=4 => lanes::<T, O, 4>(elements),
            _ => lanes::<T, O, 16>(elements),
        };
    }
    let mut pairs = Pairs::<T::Acc>::new(O::IDENTITY);
    let mut at = 0;
    while at < pass.length {
        let size = (pass.length - at).min(LANES * ROUNDS);
        let begin = from + at as isize * pass.stride;
        let value = if pass.stride == 1 {
            let elements = &source[begin as usize..begin as usize + size];
            lanes::<T, O, LANES>(elements)
        } else {
            for (i, slot) in block[..size].iter_mut().enumerate() {
                *slot = T::load(source[(begin + i as isize * pass.stride) as usize]);
            }
            lanes::<T::Acc, O, LANES>(&block[..size])
        };
        if pass.length <= LANES * ROUNDS {
            return value;
        }
        pairs.push::<O>(value);
        at += size;
    }
    pairs.finish::<O>()
}

/// The reduction of one block.
#[inline(always)]
fn lanes<T: Stored, O: Combine<T::Acc>, const LANES: usize>(elements: &[T]) -> T::Acc {
    let mut acc = [O::IDENTITY; LANES];
    let (rounds, rest) = elements.as_chunks::<LANES>();
    for round in rounds {
        for lane in 0..LANES {
            acc[lane] = O::combine(acc[lane], round[lane].load());
        }
    }
    if !rest.is_empty() {
        // Identities beyond the end change nothing, and keep the lanes in registers.
        let mut last = [O::IDENTITY; LANES];
        for (slot, &element) in last.iter_mut().zip(rest) {
            *slot = element.load();
        }
        for lane in 0..LANES {
            acc[lane] = O::combine(acc[lane], last[lane]);
        }
    }
    halves::<T::Acc, O, LANES>(acc)
}

/// What remains to be done where each row of a column has gone to its lane elsewhere, block by block:
/// combines a block with those before it, which leaves what the columns come to in its first row if
/// it is the last.
pub(super) fn finish_columns<A: Number>(
    op: ReduceOp,
    blocks: &mut Columns<A>,
    block: &mut [A],
    width: usize,
    is_last: bool,
) {
    struct Push<'a, A, O> {
        blocks: &'a mut Columns<A>,
        block: &'a mut [A],
        width: usize,
        is_last: bool,
        operation: PhantomData<O>,
    }
    impl<A: Number, O: Combine<A>> pulp::NullaryFnOnce for Push<'_, A, O> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            self.blocks.push::<O>(self.block, self.width, self.is_last);
        }
    }
    fn push<A: Number, O: Combine<A>>(
        blocks: &mut Columns<A>,
        block: &mut [A],
        width: usize,
        is_last: bool,
    ) {
        let push = Push::<A, O> { blocks, block, width, is_last, operation: PhantomData };
        if O::WIDE { arch().dispatch(push) } else { pulp::NullaryFnOnce::call(push) }
    }
    with_operation!(op, A, push(blocks, block, width, is_last))
}

/// What remains to be done where each block of a row has been reduced elsewhere. Blocks follow
/// each other; each row of them becomes an element of the result.
pub(super) fn finish_blocks<A: Number>(
    op: ReduceOp,
    blocks: &[A],
    blocks_of_row: usize,
    rows: &mut [A],
) {
    fn rows_of<A: Number, O: Combine<A>>(blocks: &[A], blocks_of_row: usize, rows: &mut [A]) {
        for (row, blocks) in rows.iter_mut().zip(blocks.chunks_exact(blocks_of_row)) {
            let mut pairs = Pairs::<A>::new(O::IDENTITY);
            blocks.iter().for_each(|&block| pairs.push::<O>(block));
            *row = pairs.finish::<O>();
        }
    }
    with_operation!(op, A, rows_of(blocks, blocks_of_row, rows))
}

/// The value that a reduction begins with.
pub(super) fn identity<A: Number>(op: ReduceOp) -> A {
    fn of<A: Number, O: Combine<A>>() -> A {
        O::IDENTITY
    }
    with_operation!(op, A, of())
}

/// Reduces an axis that is not the one that memory runs along: many columns at once.
#[inline(always)]
fn columns_pass<T: Stored, O: Combine<T::Acc>, const LANES: usize>(
    pass: &Pass,
    axis: usize,
    source: &[T],
    target: &mut [T::Acc],
) {
    let width = pass.kept[axis];
    let step_to = pass.kept_to[axis];
    let mut outer = pass.kept.clone();
    let mut outer_from = pass.kept_from.clone();
    let mut outer_to = pass.kept_to.clone();
    outer.remove(axis);
    outer_from.remove(axis);
    outer_to.remove(axis);
    let lanes = pass.length.next_power_of_two().min(LANES);
    let tile = width.min(TILE);
    let mut acc = vec![O::IDENTITY; lanes * tile];
    let start = [pass.offset as isize, 0];
    for [from, to] in Walk::new(&outer, [&outer_from, &outer_to], start) {
        for column in (0..width).step_by(tile.max(1)) {
            let size = (width - column).min(tile);
            let acc = &mut acc[..lanes * size];
            let mut blocks = Columns::default();
            for block in (0..pass.length).step_by(LANES * ROUNDS) {
                let rows = (pass.length - block).min(LANES * ROUNDS);
                let begin = from + block as isize * pass.stride + column as isize;
                acc.fill(O::IDENTITY);
                accumulate::<T, O>(acc, size, source, begin, pass.stride, rows);
                blocks.push::<O>(acc, size, block + rows == pass.length);
            }
            for (i, &value) in acc[..size].iter().enumerate() {
                target[(to + (column + i) as isize * step_to) as usize] = value;
            }
        }
    }
}

/// Adds row `i` of a block to lane `i` of the accumulators, modulo the number of lanes.
#[inline(always)]
fn accumulate<T: Stored, O: Combine<T::Acc>>(
    acc: &mut [T::Acc],
    size: usize,
    source: &[T],
    begin: isize,
    stride: isize,
    rows: usize,
) {
    if stride == size as isize {
        // The rows of a block are one long row.
        let block = &source[begin as usize..begin as usize + rows * size];
        for round in block.chunks(acc.len()) {
            for (a, &b) in acc.iter_mut().zip(round) {
                *a = O::combine(*a, b.load());
            }
        }
        return;
    }
    let lanes = acc.len() / size;
    for row in 0..rows {
        let at = (begin + row as isize * stride) as usize;
        let slot = &mut acc[row % lanes * size..][..size];
        for (a, &b) in slot.iter_mut().zip(&source[at..at + size]) {
            *a = O::combine(*a, b.load());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reduce(op: ReduceOp, x: &Tensor, axes: &[usize]) -> Tensor {
        Reduce { op, axes: axes.into() }.run(smallvec![x.clone()]).unwrap().remove(0)
    }

    fn ramp(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919) % 1013) as f32 / 37.0 - 11.0).collect()
    }

    #[test]
    fn sums_agree_with_a_plain_loop_for_every_choice_of_axes() {
        for shape in [[3, 5, 7], [1, 130, 3], [70, 1, 9], [2, 300, 70], [2, 2, 2000]] {
            let n = layout::count(&shape);
            let x = Tensor::from_slice(&ramp(n), &shape).unwrap();
            for mask in 0..8usize {
                let axes: Vec<usize> = (0..3).filter(|axis| mask >> axis & 1 == 1).collect();
                let y = reduce(ReduceOp::Sum, &x, &axes);
                let mut expected = vec![0.0f64; y.count()];
                for (i, v) in ramp(n).iter().enumerate() {
                    let index = [i / shape[2] / shape[1], i / shape[2] % shape[1], i % shape[2]];
                    let mut to = 0;
                    for axis in (0..3).filter(|axis| !axes.contains(axis)) {
                        to = to * shape[axis] + index[axis];
                    }
                    expected[to] += *v as f64;
                }
                for (a, b) in y.to_vec::<f32>().iter().zip(&expected) {
                    assert!((*a as f64 - b).abs() < 2e-2, "{shape:?} {axes:?}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn a_sum_does_not_depend_on_strides() {
        let x = Tensor::from_slice(&ramp(3 * 1500 * 70), &[3, 1500, 70]).unwrap();
        for axes in [&[0][..], &[1], &[2], &[0, 1], &[1, 2], &[0, 2], &[0, 1, 2]] {
            let plain = reduce(ReduceOp::Sum, &x, axes).to_vec::<f32>();
            for order in [[2, 1, 0], [1, 0, 2], [0, 2, 1]] {
                let moved = x.transpose(&order).unwrap().contiguous().unwrap();
                let mut back = [0; 3];
                for i in 0..3 {
                    back[order[i]] = i;
                }
                let view = moved.transpose(&back).unwrap();
                let strided = reduce(ReduceOp::Sum, &view, axes).to_vec::<f32>();
                assert_eq!(plain, strided, "{axes:?} {order:?}");
            }
        }
    }

    #[test]
    fn nan_and_signed_zero() {
        let x = Tensor::from_slice(&[1.0f32, f32::NAN, 3.0, -0.0, 0.0, -0.0], &[2, 3]).unwrap();
        let y = reduce(ReduceOp::Max, &x, &[1]).to_vec::<f32>();
        assert!(y[0].is_nan() && y[1].to_bits() == 0);
        let y = reduce(ReduceOp::Min, &x, &[1]).to_vec::<f32>();
        assert!(y[0].is_nan() && y[1].to_bits() == (-0.0f32).to_bits());
    }

    #[test]
    fn empty_axes_give_the_identity() {
        let x = Tensor::zeros(DType::F32, &[2, 0]).unwrap();
        assert_eq!(reduce(ReduceOp::Max, &x, &[1]).to_vec::<f32>(), [f32::NEG_INFINITY; 2]);
        assert_eq!(reduce(ReduceOp::Prod, &x, &[1]).to_vec::<f32>(), [1.0; 2]);
        assert_eq!(reduce(ReduceOp::Sum, &x, &[0]).count(), 0);
        let x = Tensor::zeros(DType::I32, &[0]).unwrap();
        assert_eq!(reduce(ReduceOp::Min, &x, &[0]).item::<i32>(), Some(i32::MAX));
        assert_eq!(reduce(ReduceOp::And, &x, &[0]).item::<i32>(), Some(-1));
        let x = Tensor::zeros(DType::Bool, &[0]).unwrap();
        assert_eq!(reduce(ReduceOp::And, &x, &[0]).item::<Bool>(), Some(Bool(1)));
        assert_eq!(reduce(ReduceOp::Sum, &x, &[0]).item::<Bool>(), Some(Bool(0)));
    }

    #[test]
    fn integers_wrap_and_halves_round_once() {
        let x = Tensor::from_slice(&[100i8, 100, 100], &[3]).unwrap();
        assert_eq!(reduce(ReduceOp::Sum, &x, &[0]).item::<i8>(), Some(44));
        assert_eq!(reduce(ReduceOp::Xor, &x, &[0]).item::<i8>(), Some(100));
        let x = Tensor::full(&[4096, 2], &Tensor::scalar(f16::from_f32(1.0))).unwrap();
        assert_eq!(reduce(ReduceOp::Sum, &x, &[0]).to_vec::<f16>()[1].to_f32(), 4096.0);
        assert_eq!(reduce(ReduceOp::Sum, &x, &[0, 1]).item::<f16>().unwrap().to_f32(), 8192.0);
    }

    #[test]
    fn complex_values_are_ordered_lexicographically() {
        let x = [Complex::new(1.0f32, 5.0), Complex::new(2.0, -1.0), Complex::new(2.0, 1.0)];
        let x = Tensor::from_slice(&x, &[3]).unwrap();
        let y = reduce(ReduceOp::Max, &x, &[0]);
        assert_eq!(y.item::<Complex<f32>>(), Some(Complex::new(2.0, 1.0)));
    }

    #[test]
    fn reducing_nothing_changes_nothing() {
        let x = Tensor::from_slice(&[1i32, 2], &[2, 1]).unwrap();
        assert_eq!(reduce(ReduceOp::Sum, &x, &[]).shape(), [2, 1]);
        assert_eq!(reduce(ReduceOp::Sum, &x, &[1]).to_vec::<i32>(), [1, 2]);
        let scalar = Tensor::scalar(3u64);
        assert_eq!(reduce(ReduceOp::Max, &scalar, &[]).item::<u64>(), Some(3));
    }
}
