//! Decompositions of matrices and triangular systems, over any leading batch axes, for f32, f64
//! and their complex types.
//!
//! Small matrices are left to `pullback-linalg`, on one thread each; large ones of real numbers are
//! factored here, in blocks, by all threads, with the tiles that products are made of.

use std::sync::atomic::{AtomicBool, Ordering};

use num_complex::Complex;
use pullback_linalg::{Field, Matrices, Vectors};
use smallvec::smallvec;

use super::common::{arch, owned_buffer};
use super::parts::{for_each_item, for_each_part, part_of};
use super::{Kernel, Tensors};
use crate::buffer::Buffer;
use crate::cost::{Cost, Pace, TensorType};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::layout::{self, Shape};
use crate::tensor::Tensor;

mod cholesky;
mod lu;
mod panel;
mod small;
mod triangular;

pub use pullback_linalg::Triangular;

/// Evaluates an expression with `$T` naming the Rust type of a dtype that decompositions know.
macro_rules! with_field {
    ($dtype:expr, $operation:expr, $T:ident => $body:expr) => {{
        match $dtype {
            DType::F32 => {
                type $T = f32;
                $body
            }
            DType::F64 => {
                type $T = f64;
                $body
            }
            DType::C64 => {
                type $T = Complex<f32>;
                $body
            }
            DType::C128 => {
                type $T = Complex<f64>;
                $body
            }
            dtype => Err(Error::DType { operation: $operation, dtype }),
        }
    }};
}

/// The matrices of a tensor, and its batch axes.
fn matrices(x: &Tensor) -> (Matrices, Shape) {
    let (batch, matrix) = x.shape().split_at(x.rank() - 2);
    let of = Matrices { count: layout::count(batch), rows: matrix[0], columns: matrix[1] };
    (of, batch.into())
}

/// How many matrices there are, and their rows and columns.
fn sizes(x: &TensorType) -> (f64, f64, f64) {
    let (batch, matrix) = x.shape.split_at(x.shape.len() - 2);
    (layout::count(batch) as f64, matrix[0] as f64, matrix[1] as f64)
}

/// So many operations, by the usual counts for decompositions.
fn operations(flops: f64) -> Cost {
    Cost { flops, ..Cost::default() }
}

/// One output under construction.
struct Output<T> {
    shape: Shape,
    buffer: Buffer,
    _elements: std::marker::PhantomData<T>,
}

impl<T: Element> Output<T> {
    fn new(batch: &[usize], block: &[usize]) -> Result<Output<T>> {
        let shape: Shape = batch.iter().chain(block).copied().collect();
        let too_large = Error::TooLarge { elements: u128::MAX, dtype: T::DTYPE };
        let count = layout::checked_count(&shape).ok_or(too_large)?;
        let buffer = Buffer::new(T::DTYPE, count)?;
        Ok(Output { shape, buffer, _elements: std::marker::PhantomData })
    }

    fn elements(&mut self) -> &mut [T] {
        self.buffer.slice_mut()
    }

    fn finish(self) -> Tensor {
        Tensor::from_buffer(T::DTYPE, &self.shape, self.buffer)
    }
}

fn elements<T: Element>(x: &Tensor) -> &[T] {
    x.as_slice().unwrap_or_default()
}

/// Calls `work` for parts of a batch on all threads, with the matrices of the part and its share of
/// the operand and of the results. How a batch is divided depends on sizes alone.
fn in_parts<T: Sync, W: Split + Send>(
    of: Matrices,
    x: &[T],
    results: W,
    work: &(dyn Fn(Matrices, &[T], W) + Sync),
) {
    let cost = of.area().max(1).saturating_mul(of.rows.max(of.columns).max(1));
    let count = Pace::Chained.items_of_part(cost);
    if count >= of.count {
        return work(of, x, results);
    }
    let each = x.len() / of.count;
    let mut parts = Vec::with_capacity(of.count.div_ceil(count));
    let mut rest = results;
    for begin in (0..of.count).step_by(count) {
        let end = (begin + count).min(of.count);
        let (now, later) = rest.split(end - begin, of.count - begin);
        rest = later;
        let part = Matrices { count: end - begin, ..of };
        parts.push((part, &x[begin * each..end * each], now));
    }
    for_each_item(parts, |(of, x, results)| work(of, x, results));
}

/// Results of a batch of matrices, which can be divided.
trait Split: Sized {
    /// Those of the first `count` of `all` matrices, and the rest.
    fn split(self, count: usize, all: usize) -> (Self, Self);
}

impl<T> Split for &mut [T] {
    fn split(self, count: usize, all: usize) -> (Self, Self) {
        let each = self.len() / all;
        self.split_at_mut(count * each)
    }
}

impl<A: Split> Split for Option<A> {
    fn split(self, count: usize, all: usize) -> (Self, Self) {
        self.map(|a| a.split(count, all)).unzip()
    }
}

impl<A: Split, B: Split> Split for (A, B) {
    fn split(self, count: usize, all: usize) -> (Self, Self) {
        let (a, b) = (self.0.split(count, all), self.1.split(count, all));
        ((a.0, b.0), (a.1, b.1))
    }
}

/// Matrices of so many rows and columns are decomposed in blocks.
const LARGE: usize = 128;
/// Right sides of a triangular system that are worth it.
const MANY: usize = 16;

/// Elements whose matrices are decomposed by `pullback-linalg`, or in blocks.
trait Decomposed: Field {
    fn cholesky_of(of: Matrices, a: &[Self], l: &mut [Self]) {
        Self::cholesky(of, a, l);
    }

    fn lu_of(of: Matrices, a: &[Self], factors: &mut [Self], pivots: (&mut [i32], &mut [i32])) {
        Self::lu(of, a, factors, pivots.0, pivots.1);
    }

    fn solve_of(of: Matrices, how: Triangular, a: &[Self], b: &mut [Self]) {
        Self::triangular_solve(of, how, a, b);
    }
}

impl Decomposed for Complex<f32> {}
impl Decomposed for Complex<f64> {}

macro_rules! decomposed_in_blocks {
    ($($R:ty),*) => {$(
        impl Decomposed for $R {
            fn cholesky_of(of: Matrices, a: &[Self], l: &mut [Self]) {
                let n = of.rows;
                if n <= small::SMALL {
                    return small::cholesky(n, a, l, <$R>::NAN);
                }
                if n < LARGE {
                    return Self::cholesky(of, a, l);
                }
                for (a, l) in a.chunks_exact(n * n).zip(l.chunks_exact_mut(n * n)) {
                    cholesky::decompose(n, a, l, <$R>::NAN);
                }
            }

            fn lu_of(
                of: Matrices,
                a: &[Self],
                factors: &mut [Self],
                (exchanges, permutations): (&mut [i32], &mut [i32]),
            ) {
                let (m, n, area) = (of.rows, of.columns, of.area());
                if of.size() < LARGE {
                    return Self::lu(of, a, factors, exchanges, permutations);
                }
                let matrices = a.chunks_exact(area).zip(factors.chunks_exact_mut(area));
                let pivots = exchanges.chunks_exact_mut(of.size());
                let pivots = pivots.zip(permutations.chunks_exact_mut(m));
                for ((a, factors), (exchanges, permutation)) in matrices.zip(pivots) {
                    lu::decompose([m, n], a, factors, exchanges, <$R>::NAN);
                    permutation.iter_mut().enumerate().for_each(|(i, row)| *row = i as i32);
                    for (i, &pivot) in exchanges.iter().enumerate() {
                        permutation.swap(i, pivot as usize);
                    }
                }
            }

            fn solve_of(of: Matrices, how: Triangular, a: &[Self], b: &mut [Self]) {
                let (rows, columns) = (of.rows, of.columns);
                let (n, sides) = if how.left_side { (rows, columns) } else { (columns, rows) };
                if n < LARGE || sides < MANY {
                    return Self::triangular_solve(of, how, a, b);
                }
                for (a, b) in a.chunks_exact(n * n).zip(b.chunks_exact_mut(rows * columns)) {
                    triangular::solve([rows, columns], how, a, b);
                }
            }
        }
    )*};
}
decomposed_in_blocks!(f32, f64);

/// Copies the first columns of each row of a matrix of `n` columns, `columns` of them; whether all
/// are finite.
fn load_finite<R: panel::Element>(
    from: &[R],
    to: &mut [R],
    columns: impl Fn(usize) -> usize + Sync,
    n: usize,
) -> bool {
    let finite = AtomicBool::new(true);
    let rows = (part_of(size_of::<R>()) / n).max(1);
    for_each_part(to, rows * n, |start, to| {
        let mut here = true;
        for (i, (to, from)) in to.chunks_exact_mut(n).zip(from[start..].chunks(n)).enumerate() {
            let count = columns(start / n + i);
            to[..count].copy_from_slice(&from[..count]);
            here &= from[..count].iter().fold(true, |all, x| all & x.is_number());
        }
        if !here {
            finite.store(false, Ordering::Relaxed);
        }
    });
    finite.into_inner()
}

/// Solves a small lower triangular system in place of its right sides, which are stored by rows;
/// `factors` are the elements below the diagonal, column by column, `divisors` those on it, if they
/// are not one.
fn substitute<R: panel::Element, const SIDES: usize>(
    factors: &[[R; panel::WIDTH]; panel::WIDTH],
    divisors: Option<&[R; panel::WIDTH]>,
    sides: &mut [[R; SIDES]],
) {
    match panel::fuses() {
        true => arch().dispatch(Substitute::<R, SIDES, true> { factors, divisors, sides }),
        false => arch().dispatch(Substitute::<R, SIDES, false> { factors, divisors, sides }),
    }
}

struct Substitute<'a, R, const SIDES: usize, const FUSED: bool> {
    factors: &'a [[R; panel::WIDTH]; panel::WIDTH],
    divisors: Option<&'a [R; panel::WIDTH]>,
    sides: &'a mut [[R; SIDES]],
}

impl<R: panel::Element, const SIDES: usize, const FUSED: bool> pulp::NullaryFnOnce
    for Substitute<'_, R, SIDES, FUSED>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Substitute { factors, divisors, sides } = self;
        for i in 0..sides.len() {
            let (known, rest) = sides.split_at_mut(i);
            let mut x = rest[0];
            for (k, known) in known.iter().enumerate() {
                let factor = R::ZERO.minus(factors[k][i]);
                for lane in 0..SIDES {
                    x[lane] = x[lane].add_product::<FUSED>(factor, known[lane]);
                }
            }
            if let Some(divisors) = divisors {
                for lane in 0..SIDES {
                    x[lane] = x[lane].over(divisors[i]);
                }
            }
            rest[0] = x;
        }
    }
}

/// The lower triangular factor `L` of Hermitian matrices `L Lᴴ`, of which only the lower
/// triangle is read. For a matrix that is not positive definite the factor is NaN.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cholesky;

impl Kernel for Cholesky {
    fn name(&self) -> &'static str {
        "cholesky"
    }

    fn cost(&self, inputs: &[TensorType], _: &[TensorType]) -> Cost {
        let (count, n, _) = sizes(&inputs[0]);
        operations(count * n * n * n / 3.0)
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        let (of, batch) = matrices(&x);
        with_field!(x.dtype(), self.name(), T => {
            let mut l = Output::<T>::new(&batch, &[of.rows, of.rows])?;
            in_parts(of, elements(&x), l.elements(), &|of, x, l| T::cholesky_of(of, x, l));
            Ok(smallvec![l.finish()])
        })
    }
}

/// Eigenvectors, as columns, and eigenvalues, in rising order, of Hermitian matrices, of which
/// only the lower triangle is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Eigh {
    /// Whether to compute more than the eigenvalues, which are the one result then.
    pub vectors: bool,
}

impl Kernel for Eigh {
    fn name(&self) -> &'static str {
        "eigh"
    }

    fn cost(&self, inputs: &[TensorType], _: &[TensorType]) -> Cost {
        let (count, n, _) = sizes(&inputs[0]);
        operations(count * n * n * n * if self.vectors { 9.0 } else { 4.0 / 3.0 })
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        let (of, batch) = matrices(&x);
        with_field!(x.dtype(), self.name(), T => {
            let mut values = Output::<<T as Field>::Real>::new(&batch, &[of.rows])?;
            let shape = [of.rows, of.rows];
            let vectors = self.vectors.then(|| Output::<T>::new(&batch, &shape)).transpose();
            let mut vectors = vectors?;
            let results = (vectors.as_mut().map(Output::elements), values.elements());
            in_parts(of, elements(&x), results, &|of, x, (v, w)| T::eigh(of, x, v, w));
            Ok(vectors.into_iter().map(Output::finish).chain([values.finish()]).collect())
        })
    }
}

/// `P A = L U`: both factors in one matrix, without the unit diagonal of `L`; the row that each
/// row was exchanged with, counted from zero; and the permutation that the exchanges make.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lu;

impl Kernel for Lu {
    fn name(&self) -> &'static str {
        "lu"
    }

    fn cost(&self, inputs: &[TensorType], _: &[TensorType]) -> Cost {
        let (count, rows, columns) = sizes(&inputs[0]);
        let (long, short) = (rows.max(columns), rows.min(columns));
        operations(count * short * short * (long - short / 3.0))
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        let (of, batch) = matrices(&x);
        let mut exchanges = Output::<i32>::new(&batch, &[of.size()])?;
        let mut permutations = Output::<i32>::new(&batch, &[of.rows])?;
        with_field!(x.dtype(), self.name(), T => {
            let mut factors = Output::<T>::new(&batch, &[of.rows, of.columns])?;
            let pivots = (exchanges.elements(), permutations.elements());
            in_parts(of, elements(&x), (factors.elements(), pivots), &|of, x, (f, p)| {
                T::lu_of(of, x, f, p)
            });
            Ok(smallvec![factors.finish(), exchanges.finish(), permutations.finish()])
        })
    }
}

/// `A = Q R` with orthonormal columns of `Q` and upper triangular `R`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Qr {
    /// Whether `Q` is square, or has as many columns as there are to be had from `A`.
    pub full: bool,
    /// Whether to form `Q`; else `R` is the one result.
    pub q: bool,
}

impl Kernel for Qr {
    fn name(&self) -> &'static str {
        "qr"
    }

    fn cost(&self, inputs: &[TensorType], _: &[TensorType]) -> Cost {
        let (count, rows, columns) = sizes(&inputs[0]);
        let (long, short) = (rows.max(columns), rows.min(columns));
        let factor = 2.0 * short * short * (long - short / 3.0);
        operations(count * factor * if self.q { 2.0 } else { 1.0 })
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        let (of, batch) = matrices(&x);
        let columns = if self.full { of.rows } else { of.size() };
        with_field!(x.dtype(), self.name(), T => {
            let mut r = Output::<T>::new(&batch, &[columns, of.columns])?;
            let shape = [of.rows, columns];
            let mut q = self.q.then(|| Output::<T>::new(&batch, &shape)).transpose()?;
            let results = (q.as_mut().map(Output::elements), r.elements());
            in_parts(of, elements(&x), results, &|of, x, (q, r)| T::qr(of, columns, x, q, r));
            Ok(q.into_iter().map(Output::finish).chain([r.finish()]).collect())
        })
    }
}

/// `A = U diag(s) Vᴴ`: the singular values in falling order and, if asked for, `U` and `Vᴴ`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Svd {
    /// Whether `U` and `Vᴴ` are square.
    pub full: bool,
    /// Whether to compute more than the singular values.
    pub compute_uv: bool,
}

impl Kernel for Svd {
    fn name(&self) -> &'static str {
        "svd"
    }

    fn cost(&self, inputs: &[TensorType], _: &[TensorType]) -> Cost {
        let (count, rows, columns) = sizes(&inputs[0]);
        let (long, short) = (rows.max(columns), rows.min(columns));
        let values = 4.0 * short * short * (long - short / 3.0);
        let vectors = if self.compute_uv { 4.0 * short * short * (long + short) } else { 0.0 };
        operations(count * (values + vectors))
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        let (of, batch) = matrices(&x);
        let full = self.full;
        let (left, right) = if full { (of.rows, of.columns) } else { (of.size(), of.size()) };
        with_field!(x.dtype(), self.name(), T => {
            let mut s = Output::<<T as Field>::Real>::new(&batch, &[of.size()])?;
            if !self.compute_uv {
                in_parts(of, elements(&x), s.elements(), &|of, x, s| T::svd(of, x, s, None));
                return Ok(smallvec![s.finish()]);
            }
            let mut u = Output::<T>::new(&batch, &[of.rows, left])?;
            let mut vh = Output::<T>::new(&batch, &[right, of.columns])?;
            let results = (s.elements(), (u.elements(), vh.elements()));
            in_parts(of, elements(&x), results, &|of, x, (s, (u, vh))| {
                T::svd(of, x, s, Some(Vectors { full, u, vh }))
            });
            Ok(smallvec![s.finish(), u.finish(), vh.finish()])
        })
    }
}

/// Solves `op(A) X = B`, or `X op(A) = B`, for triangular `A`, the first input. `B` is
/// overwritten where no one else holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TriangularSolve(pub Triangular);

impl Kernel for TriangularSolve {
    fn name(&self) -> &'static str {
        "triangular_solve"
    }

    fn cost(&self, inputs: &[TensorType], _: &[TensorType]) -> Cost {
        let (_, n, _) = sizes(&inputs[0]);
        operations(n * inputs[1].count() as f64)
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn run(&self, mut inputs: Tensors) -> Result<Tensors> {
        let a = inputs[0].contiguous()?;
        let b = inputs.remove(1);
        drop(inputs);
        let (of, _) = matrices(&b);
        let (dtype, shape) = (b.dtype(), Shape::from(b.shape()));
        let mut buffer = owned_buffer(b)?;
        with_field!(dtype, self.name(), T => {
            in_parts(of, elements(&a), buffer.slice_mut::<T>(), &|of, a, b| {
                T::solve_of(of, self.0, a, b)
            });
            Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)])
        })
    }
}

#[cfg(test)]
mod tests;
