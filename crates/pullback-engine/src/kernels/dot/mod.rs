//! Products of arrays: `dot_general` with any batch and contraction axes.
//!
//! Every product becomes a batch of matrix products over two strides an operand, so that
//! transposed operands are read where they lie; axes that do not join to one stride are copied.
//! What then runs depends on sizes alone: sums of products for vectors, register tiles for small
//! matrices and for integers, and `gemm` for the rest. Half precision is computed in f32.

use num_complex::Complex;
use smallvec::smallvec;

use super::common::{Number, build, merged, walk, with_number};
use super::{Form, Kernel, Tensors};
use crate::buffer::Buffer;
use crate::dtype::{Bool, DType};
use crate::error::{Error, Result};
use crate::layout::{self, Shape, Strides};
use crate::tensor::Tensor;

mod gemm;
mod small;
mod vector;

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

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let compute = match self.out {
            DType::BF16 | DType::F16 => DType::F32,
            other => other,
        };
        let lhs = Operand::new(convert(&inputs[0], compute)?, &self.lhs_batch, &self.lhs_contract)?;
        let rhs = Operand::new(convert(&inputs[1], compute)?, &self.rhs_batch, &self.rhs_contract)?;
        let shape: Shape =
            lhs.batch.iter().chain(&lhs.free_shape).chain(&rhs.free_shape).copied().collect();
        let count = layout::checked_count(&shape);
        let too_large = Error::TooLarge { elements: u128::MAX, dtype: compute };
        let mut buffer = Buffer::new(compute, count.ok_or(too_large)?)?;
        macro_rules! multiply {
            ($($($D:ident)|* => $T:ty, $lanes:literal;)*) => {
                match compute {
                    $($(DType::$D)|* => multiply::<$T, $lanes>(&lhs, &rhs, buffer.slice_mut()),)*
                    dtype => return Err(Error::DType { operation: self.name(), dtype }),
                }
            };
        }
        // Products of signed integers are those of unsigned ones.
        multiply! {
            Bool => Bool, 64; I8 | U8 => u8, 64; I16 | U16 => u16, 64; I32 | U32 => u32, 32;
            I64 | U64 => u64, 16; F32 => f32, 32; F64 => f64, 16; C64 => Complex<f32>, 16;
            C128 => Complex<f64>, 8;
        }
        let product = Tensor::from_buffer(compute, &shape, buffer);
        Ok(smallvec![convert(&product, self.out)?])
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

/// Size and stride of several axes taken as one, where they have a common and positive stride.
fn one_axis(shape: &[usize], strides: &[isize]) -> Option<(usize, isize)> {
    if shape.contains(&0) {
        return Some((0, 1));
    }
    match merged(shape, [strides]) {
        (sizes, _) if sizes.is_empty() => Some((1, 1)),
        (sizes, [strides]) if sizes.len() == 1 && strides[0] > 0 => Some((sizes[0], strides[0])),
        _ => None,
    }
}

/// An element type that products are formed of.
pub(super) trait Factor: Number {
    /// Whether to compile products for wide registers.
    const WIDE: bool = size_of::<Self>() >= 4;
    /// Whether a product and a sum can be rounded as one.
    const FUSES: bool = false;

    /// `self + a * b`, rounded once where `FUSED`.
    fn add_product<const FUSED: bool>(self, a: Self, b: Self) -> Self;

    /// The product of matrices too large for register tiles, if there is a better way.
    fn gemm(_problem: &Problem, _lhs: &[Self], _rhs: &[Self], _out: &mut [Self]) -> bool {
        false
    }
}

macro_rules! plain_factors {
    ($($T:ty),*) => {$(
        impl Factor for $T {
            #[inline(always)]
            fn add_product<const FUSED: bool>(self, a: Self, b: Self) -> Self {
                self.plus(a.times(b))
            }
        }
    )*};
}
plain_factors!(Bool, u8, u16, u32, u64);

macro_rules! float_factors {
    ($($T:ty),*) => {$(
        impl Factor for $T {
            const FUSES: bool = true;
            #[inline(always)]
            fn add_product<const FUSED: bool>(self, a: Self, b: Self) -> Self {
                if FUSED { a.mul_add(b, self) } else { self + a * b }
            }
            fn gemm(problem: &Problem, lhs: &[Self], rhs: &[Self], out: &mut [Self]) -> bool {
                gemm::product(problem, lhs, rhs, out, 1.0);
                true
            }
        }
        impl Factor for Complex<$T> {
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
            fn gemm(problem: &Problem, lhs: &[Self], rhs: &[Self], out: &mut [Self]) -> bool {
                gemm::product(problem, lhs, rhs, out, Complex { re: 1.0, im: 0.0 });
                true
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

/// Products of at most so many multiplications are not worth preparing for `gemm`.
pub(crate) const SMALL: usize = 4096;
/// Nor are products of matrices as thin as this.
pub(crate) const THIN: usize = 4;

fn multiply<T: Factor, const LANES: usize>(lhs: &Operand, rhs: &Operand, out: &mut [T]) {
    let (rows, lhs_row) = lhs.free;
    let (columns, rhs_column) = rhs.free;
    let (depth, lhs_depth) = lhs.contract;
    let (_, rhs_depth) = rhs.contract;
    if out.is_empty() {
        return;
    }
    if depth == 0 {
        return out.fill(T::ZERO);
    }
    let (a, b) = (lhs.x.buffer_slice::<T>(), rhs.x.buffer_slice::<T>());
    let start = [lhs.offset as isize, rhs.offset as isize];
    let strides = [&lhs.batch_strides[..], &rhs.batch_strides[..]];
    let mut scratch = Vec::new();
    let mut results = out.chunks_exact_mut(rows * columns);
    walk(&lhs.batch, strides, start, |[lhs_at, rhs_at]| {
        let Some(out) = results.next() else { return };
        let problem = Problem {
            rows,
            columns,
            depth,
            lhs_at,
            rhs_at,
            lhs_row,
            lhs_depth,
            rhs_depth,
            rhs_column,
        };
        product::<T, LANES>(&problem, a, b, out, &mut scratch);
    });
}

/// One matrix product, by the way that its sizes ask for.
pub(super) fn product<T: Factor, const LANES: usize>(
    problem: &Problem,
    lhs: &[T],
    rhs: &[T],
    out: &mut [T],
    scratch: &mut Vec<T>,
) {
    let &Problem { rows, columns, depth, .. } = problem;
    let small = rows.saturating_mul(columns).saturating_mul(depth) <= SMALL
        || rows.min(columns).min(depth) < THIN;
    if rows == 1 || columns == 1 {
        vector::product::<T, LANES>(problem, lhs, rhs, out, scratch);
    } else if small || !T::gemm(problem, lhs, rhs, out) {
        small::product(problem, lhs, rhs, out, scratch);
    }
}

/// A tensor of numbers as another dtype.
pub(super) fn convert(x: &Tensor, dtype: DType) -> Result<Tensor> {
    if x.dtype() == dtype {
        return Ok(x.clone());
    }
    let x = x.contiguous()?;
    with_number!(x.dtype(), "dot_general", T => {
        let values = x.as_slice::<T>().unwrap_or_default();
        with_number!(dtype, "dot_general", U => build::<U>(x.shape(), |out| {
            for (slot, &value) in out.iter_mut().zip(values) {
                *slot = U::from_parts(value.parts());
            }
        }))
    })
}

/// A number on its way from one dtype to another: as an integer if it is one, real and
/// imaginary part.
type Parts = (i64, f64, f64);

trait Convert {
    fn parts(self) -> Parts;
    fn from_parts(parts: Parts) -> Self;
}

macro_rules! conversions {
    ($($T:ty: $value:ident => $parts:expr, $given:ident => $from:expr;)*) => {$(
        impl Convert for $T {
            #[inline(always)]
            fn parts(self) -> Parts {
                let $value = self;
                $parts
            }
            #[inline(always)]
            fn from_parts($given: Parts) -> Self { $from }
        }
    )*};
}
macro_rules! integer_conversions {
    ($($T:ty),*) => {
        conversions! { $($T: v => (v as i64, v as f64, 0.0), p => p.0 as $T;)* }
    };
}
integer_conversions!(i8, i16, i32, i64, u8, u16, u32, u64);
conversions! {
    Bool: v => (v.0 as i64, v.0 as f64, 0.0), p => Bool::from(p.1 != 0.0 || p.2 != 0.0);
    half::bf16: v => (v.to_f32() as i64, v.to_f64(), 0.0), p => half::bf16::from_f32(p.1 as f32);
    half::f16: v => (v.to_f32() as i64, v.to_f64(), 0.0), p => half::f16::from_f32(p.1 as f32);
    f32: v => (v as i64, v as f64, 0.0), p => p.1 as f32;
    f64: v => (v as i64, v, 0.0), p => p.1;
    Complex<f32>: v => (v.re as i64, v.re as f64, v.im as f64),
        p => Complex::new(p.1 as f32, p.2 as f32);
    Complex<f64>: v => (v.re as i64, v.re, v.im), p => Complex::new(p.1, p.2);
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;
    use crate::dtype::Element;

    fn dot(
        a: &Tensor,
        b: &Tensor,
        contract: [&[usize]; 2],
        batch: [&[usize]; 2],
        out: DType,
    ) -> Tensor {
        let kernel = Dot {
            lhs_contract: contract[0].into(),
            rhs_contract: contract[1].into(),
            lhs_batch: batch[0].into(),
            rhs_batch: batch[1].into(),
            out,
        };
        kernel.run(smallvec![a.clone(), b.clone()]).unwrap().remove(0)
    }

    fn matmul(a: &Tensor, b: &Tensor) -> Tensor {
        dot(a, b, [&[1], &[0]], [&[], &[]], a.dtype())
    }

    fn ramp(n: usize, seed: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 7919 + seed) % 101) as f64 / 16.0 - 3.0).collect()
    }

    /// Small multiples of 1/16, so that all sums are exact in f32.
    fn matrix<T: Element + Convert>(rows: usize, columns: usize, seed: usize) -> Tensor {
        let values: Vec<T> =
            ramp(rows * columns, seed).iter().map(|&v| T::from_parts((v as i64, v, 0.0))).collect();
        Tensor::from_slice(&values, &[rows, columns]).unwrap()
    }

    fn plain<T: Number>(a: &[T], b: &[T], [m, k, n]: [usize; 3]) -> Vec<T> {
        let mut c = vec![T::ZERO; m * n];
        for i in 0..m {
            for p in 0..k {
                for j in 0..n {
                    c[i * n + j] = c[i * n + j].plus(a[i * k + p].times(b[p * n + j]));
                }
            }
        }
        c
    }

    const SIZES: [[usize; 3]; 12] = [
        [1, 1, 1],
        [1, 300, 1],
        [1, 70, 33],
        [33, 70, 1],
        [5, 3, 2],
        [7, 9, 19],
        [4, 16, 16],
        [40, 33, 50],
        [100, 2, 100],
        [2, 100, 100],
        [3, 0, 2],
        [0, 3, 2],
    ];

    fn agrees_with_plain_loops<T: Convert + Number>() {
        for [m, k, n] in SIZES {
            let (a, b) = (matrix::<T>(m, k, 1), matrix::<T>(k, n, 2));
            let expected = plain(&a.to_vec::<T>(), &b.to_vec::<T>(), [m, k, n]);
            let moved = |x: &Tensor| {
                x.transpose(&[1, 0]).unwrap().contiguous().unwrap().transpose(&[1, 0]).unwrap()
            };
            for a in [&a, &moved(&a)] {
                for b in [&b, &moved(&b)] {
                    assert_eq!(matmul(a, b).to_vec::<T>(), expected, "{:?} {m} {k} {n}", T::DTYPE);
                }
            }
        }
    }

    #[test]
    fn every_size_layout_and_type() {
        agrees_with_plain_loops::<f32>();
        agrees_with_plain_loops::<f64>();
        agrees_with_plain_loops::<Complex<f32>>();
        agrees_with_plain_loops::<Complex<f64>>();
        agrees_with_plain_loops::<i32>();
        agrees_with_plain_loops::<u64>();
        agrees_with_plain_loops::<i8>();
        agrees_with_plain_loops::<Bool>();
    }

    #[test]
    fn complex_products() {
        let a = Tensor::from_slice(&[Complex::new(1.0f32, 2.0)], &[1, 1]).unwrap();
        let b = Tensor::from_slice(&[Complex::new(3.0f32, -1.0)], &[1, 1]).unwrap();
        assert_eq!(matmul(&a, &b).to_vec::<Complex<f32>>(), [Complex::new(5.0, 5.0)]);
    }

    #[test]
    fn batches_and_several_contractions() {
        let a = Tensor::from_slice(&ramp(2 * 3 * 4 * 5, 1), &[2, 3, 4, 5]).unwrap();
        let b = Tensor::from_slice(&ramp(4 * 2 * 5 * 3 * 7, 2), &[4, 2, 5, 3, 7]).unwrap();
        // Batch over 3, contract 2 and 5.
        let y = dot(&a, &b, [&[0, 3], &[1, 2]], [&[1], &[3]], DType::F64);
        assert_eq!(y.shape(), [3, 4, 4, 7]);
        let (av, bv, yv) = (a.to_vec::<f64>(), b.to_vec::<f64>(), y.to_vec::<f64>());
        for (z, &value) in yv.iter().enumerate() {
            let (n, m2, m, batch) = (z % 7, z / 7 % 4, z / 28 % 4, z / 112);
            let mut sum = 0.0;
            for p in 0..2 {
                for q in 0..5 {
                    let from = ((p * 3 + batch) * 4 + m) * 5 + q;
                    sum += av[from] * bv[(((m2 * 2 + p) * 5 + q) * 3 + batch) * 7 + n];
                }
            }
            assert_eq!(value, sum);
        }
    }

    #[test]
    fn broadcast_and_reversed_operands() {
        let a = Tensor::full(&[10, 20], &Tensor::scalar(2.0f32)).unwrap();
        let b = matrix::<f32>(20, 30, 3);
        let expected = plain(&a.to_vec::<f32>(), &b.to_vec::<f32>(), [10, 20, 30]);
        assert_eq!(matmul(&a, &b).to_vec::<f32>(), expected);
        let b = b.reverse(&[0, 1]).unwrap();
        let expected = plain(&a.to_vec::<f32>(), &b.to_vec::<f32>(), [10, 20, 30]);
        assert_eq!(matmul(&a, &b).to_vec::<f32>(), expected);
    }

    #[test]
    fn a_vector_product_does_not_depend_on_strides() {
        let values: Vec<f32> = (0..700 * 130).map(|i| (i as f32 * 0.37).sin()).collect();
        let a = Tensor::from_slice(&values, &[130, 700]).unwrap();
        let x = Tensor::from_slice(&values[..700], &[700, 1]).unwrap();
        let moved = a.transpose(&[1, 0]).unwrap().contiguous().unwrap().transpose(&[1, 0]).unwrap();
        assert_eq!(matmul(&a, &x).to_vec::<f32>(), matmul(&moved, &x).to_vec::<f32>());
    }

    #[test]
    fn half_precision_accumulates_in_f32_and_types_convert() {
        let ones = Tensor::full(&[1, 1000], &Tensor::scalar(bf16::ONE)).unwrap();
        let y = matmul(&ones, &ones.transpose(&[1, 0]).unwrap());
        assert_eq!(y.to_vec::<bf16>(), [bf16::from_f32(1000.0)]);
        let a = Tensor::from_slice(&[100i8, 100], &[1, 2]).unwrap();
        let b = Tensor::from_slice(&[2i8, 2], &[2, 1]).unwrap();
        assert_eq!(matmul(&a, &b).to_vec::<i8>(), [-112]);
        let y = dot(&a, &b, [&[1], &[0]], [&[], &[]], DType::I32);
        assert_eq!(y.to_vec::<i32>(), [400]);
        let y = dot(&ones, &ones, [&[1], &[1]], [&[], &[]], DType::F32);
        assert_eq!(y.to_vec::<f32>(), [1000.0]);
    }

    #[test]
    fn scalars_and_outer_products() {
        let y = dot(
            &Tensor::scalar(2.0f32),
            &Tensor::scalar(3.0f32),
            [&[], &[]],
            [&[], &[]],
            DType::F32,
        );
        assert_eq!(y.item::<f32>(), Some(6.0));
        let a = Tensor::from_slice(&[1i32, 2], &[2]).unwrap();
        let y = dot(&a, &a, [&[], &[]], [&[], &[]], DType::I32);
        assert_eq!(y.to_vec::<i32>(), [1, 2, 2, 4]);
        let y = dot(&a, &a, [&[], &[]], [&[0], &[0]], DType::I32);
        assert_eq!(y.to_vec::<i32>(), [1, 4]);
    }
}
