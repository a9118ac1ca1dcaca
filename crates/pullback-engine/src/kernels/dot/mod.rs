//! Products of arrays: `dot_general` with any batch and contraction axes.
//!
//! Every product becomes a batch of matrix products over two strides an operand, so that
//! transposed operands are read where they lie; axes that do not join to one stride are copied.
//! What then runs depends on sizes: sums of products for vectors, and register tiles for matrices,
//! whose operands are copied into the order of the tiles where that pays. Half precision is
//! computed in f32, and integers of less than 32 bits in as many.

use num_complex::Complex;
use smallvec::smallvec;

use super::common::{Number, merged};
use super::{Form, Kernel, Tensors};
use crate::buffer::Buffer;
use crate::cost::{Cost, Pace, TensorType, TensorTypes};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::parts::for_each_part;
use crate::layout::{self, Shape, Strides};
use crate::sync::Mutex;
use crate::tensor::Tensor;

mod convert;
#[cfg(target_arch = "x86_64")]
mod halves;
mod lanes;
mod matrix;
mod pack;
mod tile;
mod vector;

pub(super) use convert::convert;
pub(super) use lanes::Real;
pub(super) use matrix::{panel, product_in_place};
pub(super) use tile::{Pair, subtract_product};

/// The product of two tensors, summed over the contraction axes. The axes of the result are
/// the batch axes, the free axes of the left operand, and those of the right.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Dot {
    pub lhs_contract: Shape,
    pub rhs_contract: Shape,
    pub lhs_batch: Shape,
    pub rhs_batch: Shape,
    /// The type of the result, which operands of another type are converted to.
    pub out: DType,
}

impl Kernel for Dot {
    fn name(&self) -> &'static str {
        "dot_general"
    }

    fn form(&self) -> Form<'_> {
        Form::Dot(self)
    }

    fn cost(&self, inputs: &[TensorType], outputs: &[TensorType]) -> Cost {
        let depth: usize = self.lhs_contract.iter().map(|&axis| inputs[0].shape[axis]).product();
        Cost::flops(2 * depth * outputs[0].count())
    }

    fn infer(&self, inputs: &[TensorType]) -> Option<TensorTypes> {
        let free = |x: &TensorType, batch: &Shape, contract: &Shape| -> Shape {
            let axes = (0..x.shape.len()).filter(|n| !batch.contains(n) && !contract.contains(n));
            axes.map(|axis| x.shape[axis]).collect()
        };
        let mut shape: Shape = self.lhs_batch.iter().map(|&axis| inputs[0].shape[axis]).collect();
        shape.extend(free(&inputs[0], &self.lhs_batch, &self.lhs_contract));
        shape.extend(free(&inputs[1], &self.rhs_batch, &self.rhs_contract));
        Some(smallvec![TensorType { dtype: self.out, shape }])
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        #[cfg(target_arch = "x86_64")]
        if let Some(product) = self.of_halves(&inputs)? {
            return Ok(smallvec![product]);
        }
        let compute = computed_in(self.out);
        let lhs = Operand::new(convert(&inputs[0], compute)?, &self.lhs_batch, &self.lhs_contract)?;
        let rhs = Operand::new(convert(&inputs[1], compute)?, &self.rhs_batch, &self.rhs_contract)?;
        let (shape, mut buffer) = result_of(&lhs, &rhs, compute)?;
        macro_rules! multiply {
            ($($($D:ident)|* => $T:ty, $lanes:literal;)*) => {
                match compute {
                    $($(DType::$D)|* => multiply::<$T, $lanes>(&lhs, &rhs, buffer.slice_mut())?,)*
                    dtype => return Err(Error::DType { operation: self.name(), dtype }),
                }
            };
        }
        // Products of signed integers are those of unsigned ones.
        multiply! {
            I32 | U32 => u32, 32; I64 | U64 => u64, 16; F32 => f32, 32; F64 => f64, 16;
            C64 => Complex<f32>, 16; C128 => Complex<f64>, 8;
        }
        let product = Tensor::from_buffer(compute, &shape, buffer);
        Ok(smallvec![convert(&product, self.out)?])
    }
}

impl Dot {
    /// Whether operands of half precision, of these shapes, are better left as they are than
    /// converted before: products of many of bfloat16 can be formed without.
    pub fn takes_halves(dtypes: [DType; 2], count: usize, depth: usize) -> bool {
        dtypes == [DType::BF16; 2] && count.saturating_mul(depth) > CHAIN_WORK
    }

    /// The product of matrices of bfloat16, where there is an instruction for it.
    #[cfg(target_arch = "x86_64")]
    fn of_halves(&self, inputs: &Tensors) -> Result<Option<Tensor>> {
        let (x, y) = (&inputs[0], &inputs[1]);
        let halves = x.dtype() == DType::BF16 && y.dtype() == DType::BF16;
        if !halves || !matches!(self.out, DType::BF16 | DType::F32) {
            return Ok(None);
        }
        let lhs = Operand::new(x.clone(), &self.lhs_batch, &self.lhs_contract)?;
        let rhs = Operand::new(y.clone(), &self.rhs_batch, &self.rhs_contract)?;
        let first = first_of(&lhs, &rhs);
        if !halves::applies(&first) {
            return Ok(None);
        }
        let (shape, mut buffer) = result_of(&lhs, &rhs, DType::F32)?;
        let (a, b) = (lhs.x.buffer_slice(), rhs.x.buffer_slice());
        let start = starts(&lhs, &rhs);
        let products = buffer.slice_mut().chunks_exact_mut(first.rows * first.columns);
        for (index, out) in products.enumerate() {
            let [lhs_at, rhs_at] = start(index);
            halves::product(&Problem { lhs_at, rhs_at, ..first }, a, b, out)?;
        }
        let product = Tensor::from_buffer(DType::F32, &shape, buffer);
        Ok(Some(convert(&product, self.out)?))
    }
}

/// The shape of a product, and memory for it.
fn result_of(lhs: &Operand, rhs: &Operand, dtype: DType) -> Result<(Shape, Buffer)> {
    let shape: Shape =
        lhs.batch.iter().chain(&lhs.free_shape).chain(&rhs.free_shape).copied().collect();
    let too_large = Error::TooLarge { elements: u128::MAX, dtype };
    let buffer = Buffer::new(dtype, layout::checked_count(&shape).ok_or(too_large)?)?;
    Ok((shape, buffer))
}

/// The type that products of a type are computed in: narrow integers wrap as the low bits of wider
/// ones do, and truth values can be counted.
pub(super) fn computed_in(dtype: DType) -> DType {
    match dtype {
        DType::BF16 | DType::F16 => DType::F32,
        DType::Bool | DType::I8 | DType::I16 => DType::I32,
        DType::U8 | DType::U16 => DType::U32,
        other => other,
    }
}

/// One operand as a batch of matrices, its free axis first.
struct Operand {
    x: Tensor,
    batch: Shape,
    batch_strides: Strides,
    offset: usize,
    free_shape: Shape,
    free: (usize, isize),
    contract: (usize, isize),
}

impl Operand {
    fn new(x: Tensor, batch: &[usize], contract: &[usize]) -> Result<Operand> {
        let free: Shape = (0..x.rank())
            .filter(|axis| !batch.contains(axis) && !contract.contains(axis))
            .collect();
        let layout = x.layout();
        let part = |axes: &[usize]| -> (Shape, Strides) {
            axes.iter().map(|&axis| (layout.shape[axis], layout.strides[axis])).unzip()
        };
        let (batch_sizes, batch_strides) = part(batch);
        let (free_shape, free_strides) = part(&free);
        let (contract_shape, contract_strides) = part(contract);
        if let (Some(free), Some(contract)) =
            (one_axis(&free_shape, &free_strides), one_axis(&contract_shape, &contract_strides))
        {
            let offset = layout.offset;
            return Ok(Operand {
                x,
                batch: batch_sizes,
                batch_strides,
                offset,
                free_shape,
                free,
                contract,
            });
        }
        let order: Shape = batch.iter().chain(&free).chain(contract).copied().collect();
        let sizes = [layout::count(&free_shape), layout::count(&contract_shape)];
        let moved = x.transpose(&order)?.contiguous()?;
        let shape: Shape = batch_sizes.iter().chain(&sizes).copied().collect();
        let strides = layout::row_major(&shape);
        Ok(Operand {
            offset: moved.layout().offset,
            x: moved,
            batch_strides: strides[..batch.len()].into(),
            batch: batch_sizes,
            free_shape,
            free: (sizes[0], sizes[1].max(1) as isize),
            contract: (sizes[1], 1),
        })
    }
}

/// Size and stride of several axes taken as one, where they have a common stride.
fn one_axis(shape: &[usize], strides: &[isize]) -> Option<(usize, isize)> {
    if shape.contains(&0) {
        return Some((0, 1));
    }
    match merged(shape, [strides]) {
        (sizes, _) if sizes.is_empty() => Some((1, 1)),
        (sizes, [strides]) if sizes.len() == 1 => Some((sizes[0], strides[0])),
        _ => None,
    }
}

/// An element type that products are formed of.
pub(super) trait Factor: Number {
    /// The numbers that an element consists of.
    type Real: Real + Factor;
    /// How many of them: one, or two of a complex number.
    const PARTS: usize = size_of::<Self>() / size_of::<Self::Real>();
    /// Whether a product and a sum can be rounded as one.
    const FUSES: bool;
    /// One half, of real numbers that have it.
    const HALF: Option<Self> = None;

    /// `self + a * b`, rounded once where `FUSED`.
    fn add_product<const FUSED: bool>(self, a: Self, b: Self) -> Self;
}

macro_rules! integer_factors {
    ($($T:ty),*) => {$(
        impl Factor for $T {
            type Real = $T;
            const FUSES: bool = false;
            #[inline(always)]
            fn add_product<const FUSED: bool>(self, a: Self, b: Self) -> Self {
                self.plus(a.times(b))
            }
        }
    )*};
}
integer_factors!(u32, u64);

macro_rules! float_factors {
    ($($T:ty),*) => {$(
        impl Factor for $T {
            type Real = $T;
            const FUSES: bool = true;
            const HALF: Option<Self> = Some(0.5);
            #[inline(always)]
            fn add_product<const FUSED: bool>(self, a: Self, b: Self) -> Self {
                if FUSED { a.mul_add(b, self) } else { self + a * b }
            }
        }
        impl Factor for Complex<$T> {
            type Real = $T;
            const FUSES: bool = true;
            #[inline(always)]
            fn add_product<const FUSED: bool>(self, a: Self, b: Self) -> Self {
                Complex {
                    re: self.re
                        .add_product::<FUSED>(a.re, b.re)
                        .add_product::<FUSED>(-a.im, b.im),
                    im: self.im
                        .add_product::<FUSED>(a.re, b.im)
                        .add_product::<FUSED>(a.im, b.re),
                }
            }
        }
    )*};
}
float_factors!(f32, f64);

/// One matrix product: sizes, where the operands begin, and their strides. The result is
/// stored by rows.
#[derive(Clone, Copy)]
pub(super) struct Problem {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) depth: usize,
    pub(super) lhs_at: isize,
    pub(super) rhs_at: isize,
    pub(super) lhs_row: isize,
    pub(super) lhs_depth: isize,
    pub(super) rhs_depth: isize,
    pub(super) rhs_column: isize,
}

impl Problem {
    /// The multiplications of one product.
    fn work(&self) -> usize {
        self.rows.saturating_mul(self.columns).saturating_mul(self.depth)
    }
}

/// In products of matrices, no vectors, of no more depth and of fewer multiplications than
/// `CHAIN_WORK`, each element is one chain of products in the order of the depth.
pub(crate) const CHAIN_DEPTH: usize = 512;
pub(crate) const CHAIN_WORK: usize = 1 << 18;

/// Products of so much work are left to all threads together: each has many parts.
const LARGE: usize = 64 * Pace::Products.items_of_part(1);

fn multiply<T: Factor, const LANES: usize>(
    lhs: &Operand,
    rhs: &Operand,
    out: &mut [T],
) -> Result<()> {
    let first = first_of(lhs, rhs);
    let Problem { rows, columns, depth, .. } = first;
    if out.is_empty() {
        return Ok(());
    }
    if depth == 0 {
        out.fill(T::ZERO);
        return Ok(());
    }
    let (a, b) = (lhs.x.buffer_slice::<T>(), rhs.x.buffer_slice::<T>());
    let start = starts(lhs, rhs);
    let is_vector = rows == 1 || columns == 1;
    let one = |index: usize, out: &mut [T]| {
        let [lhs_at, rhs_at] = start(index);
        product::<T, LANES>(&Problem { lhs_at, rhs_at, ..first }, a, b, out)
    };
    let area = rows * columns;
    let count = out.len() / area;
    if count == 1 {
        return one(0, out);
    }
    if first.work() >= LARGE {
        return out.chunks_exact_mut(area).enumerate().try_for_each(|(i, out)| one(i, out));
    }
    let chunk = Pace::Products.items_of_part(first.work()).min(count);
    let failure = Mutex::new(None);
    for_each_part(out, chunk * area, |start_at, out| {
        let begin = start_at / area;
        if !is_vector && matrix::is_small::<T>(&first) {
            let starts = (begin..begin + out.len() / area).map(&start);
            return matrix::small_products(&first, a, b, starts, out);
        }
        for (i, out) in out.chunks_exact_mut(area).enumerate() {
            if let Err(error) = one(begin + i, out) {
                *failure.lock().expect("no thread panics here") = Some(error);
            }
        }
    });
    failure.into_inner().expect("no thread panics here").map_or(Ok(()), Err)
}

/// The first product of a batch.
fn first_of(lhs: &Operand, rhs: &Operand) -> Problem {
    let ((rows, lhs_row), (depth, lhs_depth)) = (lhs.free, lhs.contract);
    let ((columns, rhs_column), (_, rhs_depth)) = (rhs.free, rhs.contract);
    Problem {
        rows,
        columns,
        depth,
        lhs_at: lhs.offset as isize,
        rhs_at: rhs.offset as isize,
        lhs_row,
        lhs_depth,
        rhs_depth,
        rhs_column,
    }
}

/// Where the operands of each product of a batch begin, by its number.
fn starts(lhs: &Operand, rhs: &Operand) -> impl Fn(usize) -> [isize; 2] + Sync + use<> {
    let offsets = [lhs.offset as isize, rhs.offset as isize];
    let (batch, [lhs_steps, rhs_steps]) =
        merged(&lhs.batch, [&lhs.batch_strides, &rhs.batch_strides]);
    move |index| {
        let (mut rest, mut at) = (index, offsets);
        for axis in (0..batch.len()).rev() {
            let here = if axis == 0 { rest } else { rest % batch[axis] } as isize;
            at[0] += here * lhs_steps[axis];
            at[1] += here * rhs_steps[axis];
            rest /= if axis == 0 { 1 } else { batch[axis] };
        }
        at
    }
}

/// One matrix product, by the way that its sizes ask for.
pub(super) fn product<T: Factor, const LANES: usize>(
    problem: &Problem,
    lhs: &[T],
    rhs: &[T],
    out: &mut [T],
) -> Result<()> {
    if problem.rows == 1 || problem.columns == 1 {
        vector::product::<T, LANES>(problem, lhs, rhs, out);
        return Ok(());
    }
    matrix::product(problem, lhs, rhs, out)
}

#[cfg(test)]
mod tests;
