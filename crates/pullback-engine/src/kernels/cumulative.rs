//! Running sums, products, extremes and log-sum-exps along an axis.
//!
//! Sums of f32, bf16 and f16 run in a wider type, so that their error does not grow with the
//! length; every result is rounded once. Long rows run in pieces, whose bounds follow from the
//! length, so that several can run at once.

use std::marker::PhantomData;

use half::{bf16, f16};
use num_complex::Complex;
use smallvec::{SmallVec, smallvec};

use super::common::{Number, around, owned_buffer};
use super::parts::{Shared, for_each_part, part_of};
use super::{Kernel, Tensors};
use crate::cost::{Cost, TensorType};
use crate::dtype::{Bool, DType};
use crate::error::{Error, Result};
use crate::layout::Shape;
use crate::tensor::Tensor;
use crate::threads;

/// What runs along the axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum CumulativeOp {
    Sum,
    Prod,
    Max,
    Min,
    LogSumExp,
}

/// Element `i` along the axis becomes the combination of elements `0..=i`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cumulative {
    /// What is formed of the elements.
    pub op: CumulativeOp,
    /// The axis to run along.
    pub axis: usize,
    /// Whether to run from the end to the beginning.
    pub reverse: bool,
}

impl Kernel for Cumulative {
    fn name(&self) -> &'static str {
        match self.op {
            CumulativeOp::Sum => "cumsum",
            CumulativeOp::Prod => "cumprod",
            CumulativeOp::Max => "cummax",
            CumulativeOp::Min => "cummin",
            CumulativeOp::LogSumExp => "cumlogsumexp",
        }
    }

    fn cost(&self, inputs: &[TensorType], _: &[TensorType]) -> Cost {
        let count = inputs[0].count();
        match self.op {
            CumulativeOp::LogSumExp => {
                Cost { transcendentals: 2.0 * count as f64, ..Cost::flops(3 * count) }
            }
            _ => Cost::flops(count),
        }
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn run(&self, mut inputs: Tensors) -> Result<Tensors> {
        use CumulativeOp::*;
        let x = inputs.remove(0);
        drop(inputs);
        let (dtype, shape) = (x.dtype(), Shape::from(x.shape()));
        let mut buffer = owned_buffer(x)?;
        let (_, length, inner) = around(&shape, self.axis);
        macro_rules! scan {
            ($T:ty, $Acc:ty, $load:expr, $store:expr, $combine:expr) => {{
                let values = buffer.slice_mut::<$T>();
                let (load, store, combine) = ($load, $store, $combine);
                let reverse = self.reverse;
                Run {
                    values,
                    length,
                    inner,
                    reverse,
                    load,
                    store,
                    combine,
                    _acc: PhantomData::<$Acc>,
                }
                .scan()
            }};
        }
        macro_rules! plain {
            ($T:ty) => {
                match self.op {
                    Sum => scan!($T, $T, |v| v, |v| v, <$T>::plus),
                    Prod => scan!($T, $T, |v| v, |v| v, <$T>::times),
                    Max => scan!($T, $T, |v| v, |v| v, |a: $T, b: $T| a.greater(b)),
                    Min => scan!($T, $T, |v| v, |v| v, |a: $T, b: $T| a.lesser(b)),
                    LogSumExp => return Err(Error::DType { operation: self.name(), dtype }),
                }
            };
        }
        macro_rules! half {
            ($T:ty) => {
                match self.op {
                    Sum => scan!($T, f32, <$T>::to_f32, <$T>::from_f32, f32::plus),
                    Prod => scan!($T, f32, <$T>::to_f32, <$T>::from_f32, f32::times),
                    Max => scan!($T, f32, <$T>::to_f32, <$T>::from_f32, f32::greater),
                    Min => scan!($T, f32, <$T>::to_f32, <$T>::from_f32, f32::lesser),
                    LogSumExp => scan!($T, f32, <$T>::to_f32, <$T>::from_f32, log_add_f32),
                }
            };
        }
        match (dtype, self.op) {
            _ if length <= 1 || shape.contains(&0) => {}
            (DType::Bool, _) => plain!(Bool),
            (DType::I8, _) => plain!(i8),
            (DType::I16, _) => plain!(i16),
            (DType::I32, _) => plain!(i32),
            (DType::I64, _) => plain!(i64),
            (DType::U8, _) => plain!(u8),
            (DType::U16, _) => plain!(u16),
            (DType::U32, _) => plain!(u32),
            (DType::U64, _) => plain!(u64),
            (DType::BF16, _) => half!(bf16),
            (DType::F16, _) => half!(f16),
            (DType::F32, Sum) => scan!(f32, f64, f64::from, |v| v as f32, f64::plus),
            (DType::F32, LogSumExp) => scan!(f32, f32, |v| v, |v| v, log_add_f32),
            (DType::F64, LogSumExp) => scan!(f64, f64, |v| v, |v| v, log_add_f64),
            (DType::C64, LogSumExp) => {
                scan!(Complex<f32>, Complex<f64>, widen, narrow, log_add_complex)
            }
            (DType::C128, LogSumExp) => {
                scan!(Complex<f64>, Complex<f64>, |v| v, |v| v, log_add_complex)
            }
            (DType::F32, _) => plain!(f32),
            (DType::F64, _) => plain!(f64),
            (DType::C64, _) => plain!(Complex<f32>),
            (DType::C128, _) => plain!(Complex<f64>),
            _ => return Err(Error::DType { operation: self.name(), dtype }),
        }
        Ok(smallvec![Tensor::from_buffer(dtype, &shape, buffer)])
    }
}

fn widen(z: Complex<f32>) -> Complex<f64> {
    Complex::new(z.re as f64, z.im as f64)
}

fn narrow(z: Complex<f64>) -> Complex<f32> {
    Complex::new(z.re as f32, z.im as f32)
}

fn log_add_f32(a: f32, b: f32) -> f32 {
    log_add_f64(a as f64, b as f64) as f32
}

/// log(exp(a) + exp(b)), without overflow.
fn log_add_f64(a: f64, b: f64) -> f64 {
    let greater = a.greater(b);
    // Equal infinities have no difference; a NaN passes through the sum.
    if a == b {
        return greater + std::f64::consts::LN_2;
    }
    let distance = (a - b).abs();
    if distance.is_nan() { a + b } else { greater + libm::log1p(libm::exp(-distance)) }
}

/// The same with the imaginary part of the result in (-π, π].
fn log_add_complex(a: Complex<f64>, b: Complex<f64>) -> Complex<f64> {
    let (greater, lesser) = if a.re >= b.re { (a, b) } else { (b, a) };
    if lesser.re == f64::NEG_INFINITY {
        return greater;
    }
    let ratio = lesser - greater;
    let scale = libm::exp(ratio.re);
    let part = Complex::new(scale * libm::cos(ratio.im), scale * libm::sin(ratio.im));
    // log(1 + p) = log1p(2 Re p + |p|²) / 2 + i arg(1 + p)
    let log = Complex::new(
        0.5 * libm::log1p(part.re * (2.0 + part.re) + part.im * part.im),
        libm::atan2(part.im, 1.0 + part.re),
    );
    let sum = greater + log;
    let turns = libm::ceil((sum.im - std::f64::consts::PI) / std::f64::consts::TAU);
    Complex::new(sum.re, sum.im - turns * std::f64::consts::TAU)
}

/// Elements that run one after the other; longer rows are cut in pieces of this length, and what
/// comes before a piece is combined with each of its elements.
const PIECE: usize = 4096;
/// Pieces or rows that run side by side, so that one need not wait for the sums of another.
const ABREAST: usize = 4;
/// Columns that run side by side.
const COLUMNS: usize = 256;

/// A run along the middle axis of contiguous elements.
struct Run<'a, T, A, L, S, C> {
    values: &'a mut [T],
    length: usize,
    inner: usize,
    reverse: bool,
    load: L,
    store: S,
    combine: C,
    _acc: PhantomData<A>,
}

impl<T, A, L, S, C> Run<'_, T, A, L, S, C>
where
    T: Copy + Send + Sync,
    A: Copy + Send + Sync,
    L: Fn(T) -> A + Copy + Sync,
    S: Fn(A) -> T + Copy + Sync,
    C: Fn(A, A) -> A + Copy + Sync,
{
    fn scan(self) {
        let Run { values, length, inner, reverse, load, store, combine, .. } = self;
        let along = Along { reverse, load, store, combine, _acc: PhantomData::<(T, A)> };
        if inner > 1 {
            along.columns(values, length, inner);
        } else if length < 2 * PIECE {
            let rows = part_of(size_of::<T>() * length).next_multiple_of(ABREAST);
            for_each_part(values, rows * length, |_, rows| along.pieces(rows, length, &[]));
        } else {
            for row in values.chunks_exact_mut(length) {
                along.long_row(row);
            }
        }
    }
}

/// How elements run, whichever they are.
#[derive(Clone, Copy)]
struct Along<T, A, L, S, C> {
    reverse: bool,
    load: L,
    store: S,
    combine: C,
    _acc: PhantomData<(T, A)>,
}

impl<T, A, L, S, C> Along<T, A, L, S, C>
where
    T: Copy + Send + Sync,
    A: Copy + Send + Sync,
    L: Fn(T) -> A + Copy + Sync,
    S: Fn(A) -> T + Copy + Sync,
    C: Fn(A, A) -> A + Copy + Sync,
{
    /// One row in pieces: first what each comes to, then each with what comes before it.
    fn long_row(&self, row: &mut [T]) {
        let count = row.len().div_ceil(PIECE);
        let mut totals: Vec<Option<A>> = vec![None; count];
        for_each_part(&mut totals, ABREAST, |first, totals| {
            let end = ((first + totals.len()) * PIECE).min(row.len());
            self.totals(&row[first * PIECE..end], totals);
        });
        // What comes before each piece, which for one of them is nothing.
        let mut before = None;
        for n in 0..count {
            let n = if self.reverse { count - 1 - n } else { n };
            let total = totals[n];
            totals[n] = before;
            before = match (before, total) {
                (Some(before), Some(total)) => Some((self.combine)(before, total)),
                (before, total) => before.or(total),
            };
        }
        for_each_part(row, ABREAST * PIECE, |start, pieces| {
            self.pieces(pieces, PIECE, &totals[start / PIECE..]);
        });
    }

    /// What pieces come to. The last may be shorter.
    fn totals(&self, values: &[T], totals: &mut [Option<A>]) {
        if values.len() == ABREAST * PIECE {
            let at = |lane: usize, step: usize| {
                values[lane * PIECE + if self.reverse { PIECE - 1 - step } else { step }]
            };
            let mut acc: [A; ABREAST] = std::array::from_fn(|lane| (self.load)(at(lane, 0)));
            for step in 1..PIECE {
                for lane in 0..ABREAST {
                    acc[lane] = (self.combine)(acc[lane], (self.load)(at(lane, step)));
                }
            }
            for (total, acc) in totals.iter_mut().zip(acc) {
                *total = Some(acc);
            }
            return;
        }
        for (piece, total) in values.chunks(PIECE).zip(totals) {
            let elements = piece.iter().map(|&value| (self.load)(value));
            *total = match self.reverse {
                true => elements.rev().reduce(self.combine),
                false => elements.reduce(self.combine),
            };
        }
    }

    /// Pieces of a length, or one that is shorter; `before` holds what comes before each, if there
    /// is any such thing.
    fn pieces(&self, values: &mut [T], length: usize, before: &[Option<A>]) {
        let before_of = |n: usize| before.get(n).copied().flatten();
        let mut done = 0;
        for group in values.chunks_mut(ABREAST * length) {
            if group.len() == ABREAST * length {
                let before: [_; ABREAST] = std::array::from_fn(|lane| before_of(done + lane));
                match before {
                    [Some(a), Some(b), Some(c), Some(d)] => {
                        let before = [a, b, c, d];
                        let join = |lane: usize, acc| (self.combine)(before[lane], acc);
                        self.abreast::<ABREAST>(group, length, join);
                    }
                    [None, None, None, None] => {
                        self.abreast::<ABREAST>(group, length, |_, acc| acc);
                    }
                    _ => self.one_by_one(group, length, &before),
                }
            } else {
                let before: SmallVec<[_; ABREAST]> =
                    (0..ABREAST).map(|lane| before_of(done + lane)).collect();
                self.one_by_one(group, length, &before);
            }
            done += ABREAST;
        }
    }

    fn one_by_one(&self, values: &mut [T], length: usize, before: &[Option<A>]) {
        for (piece, before) in values.chunks_mut(length).zip(before) {
            let length = piece.len();
            match *before {
                Some(before) => {
                    self.abreast::<1>(piece, length, |_, acc| (self.combine)(before, acc))
                }
                None => self.abreast::<1>(piece, length, |_, acc| acc),
            }
        }
    }

    /// Pieces side by side; `join` gives an element from the number of its piece and what the
    /// piece has come to.
    #[inline(always)]
    fn abreast<const N: usize>(
        &self,
        values: &mut [T],
        length: usize,
        join: impl Fn(usize, A) -> A,
    ) {
        let values = &mut values[..N * length];
        let first = if self.reverse { length - 1 } else { 0 };
        let mut acc: [A; N] =
            std::array::from_fn(|lane| (self.load)(values[lane * length + first]));
        for lane in 0..N {
            values[lane * length + first] = (self.store)(join(lane, acc[lane]));
        }
        for step in 1..length {
            let step = if self.reverse { length - 1 - step } else { step };
            for lane in 0..N {
                let slot = &mut values[lane * length + step];
                acc[lane] = (self.combine)(acc[lane], (self.load)(*slot));
                *slot = (self.store)(join(lane, acc[lane]));
            }
        }
    }

    /// Columns of blocks of `length` rows, some of them at a time.
    fn columns(&self, values: &mut [T], length: usize, inner: usize) {
        let blocks = values.len() / (length * inner);
        let groups = inner.div_ceil(COLUMNS);
        let shared = Shared::new(values);
        let run = |n: usize| {
            let (block, first) = (n / groups * length * inner, n % groups * COLUMNS);
            let width = COLUMNS.min(inner - first);
            let mut acc: SmallVec<[A; COLUMNS]> = SmallVec::new();
            for step in 0..length {
                let step = if self.reverse { length - 1 - step } else { step };
                // SAFETY: these columns of this block are those of no other `n`, and the slice
                // ends before the next is made.
                let row = unsafe { shared.part(block + step * inner + first, width) };
                if acc.is_empty() {
                    acc.extend(row.iter().map(|&value| (self.load)(value)));
                    continue;
                }
                for (slot, acc) in row.iter_mut().zip(&mut acc) {
                    *acc = (self.combine)(*acc, (self.load)(*slot));
                    *slot = (self.store)(*acc);
                }
            }
        };
        let items = blocks * groups;
        // Some blocks at a time, where they are small.
        let together = part_of(size_of::<T>() * length * inner.min(COLUMNS));
        threads::for_each(items.div_ceil(together), &|part| {
            (part * together..items.min((part + 1) * together)).for_each(run);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::parts::tests::on_any_number_of_threads;
    use super::*;

    fn scan(op: CumulativeOp, axis: usize, reverse: bool, x: Tensor) -> Tensor {
        Cumulative { op, axis, reverse }.run(smallvec![x]).unwrap().remove(0)
    }

    #[test]
    fn rows_columns_and_reverse() {
        let x = Tensor::from_slice(&[1i32, 2, 3, 4, 5, 6], &[2, 3]).unwrap();
        let sum = |axis, reverse| scan(CumulativeOp::Sum, axis, reverse, x.clone()).to_vec::<i32>();
        assert_eq!(sum(1, false), [1, 3, 6, 4, 9, 15]);
        assert_eq!(sum(1, true), [6, 5, 3, 15, 11, 6]);
        assert_eq!(sum(0, false), [1, 2, 3, 5, 7, 9]);
        assert_eq!(sum(0, true), [5, 7, 9, 4, 5, 6]);
        let t = x.transpose(&[1, 0]).unwrap();
        let y = scan(CumulativeOp::Prod, 0, false, t);
        assert_eq!(y.to_vec::<i32>(), [1, 4, 2, 20, 6, 120]);
    }

    #[test]
    fn nan_stays_once_it_came() {
        let x = Tensor::from_slice(&[1.0f32, f32::NAN, 2.0], &[3]).unwrap();
        for op in [CumulativeOp::Max, CumulativeOp::Min] {
            let y = scan(op, 0, false, x.clone()).to_vec::<f32>();
            assert!(y[0] == 1.0 && y[1].is_nan() && y[2].is_nan());
        }
    }

    #[test]
    fn log_sum_exp_at_the_ends_of_the_range() {
        let inf = f64::INFINITY;
        let x = Tensor::from_slice(&[-inf, -inf, 1.0, 1.0, inf, inf, f64::NAN], &[7]).unwrap();
        let y = scan(CumulativeOp::LogSumExp, 0, false, x).to_vec::<f64>();
        assert_eq!(y[..3], [-inf, -inf, 1.0]);
        assert!((y[3] - 1.6931471805599454).abs() < 1e-15);
        assert!(y[4] == inf && y[5] == inf && y[6].is_nan());
        let x = [Complex::new(1.0f64, 1.0), Complex::new(2.0, -1.0)];
        let y = scan(CumulativeOp::LogSumExp, 0, false, Tensor::from_slice(&x, &[2]).unwrap());
        let expected = Complex::new(1.90632384, -0.62382863);
        assert!((y.to_vec::<Complex<f64>>()[1] - expected).norm() < 1e-7);
    }

    #[test]
    fn long_sums_stay_accurate() {
        let x = Tensor::full(&[100_000], &Tensor::scalar(0.1f32)).unwrap();
        let y = scan(CumulativeOp::Sum, 0, false, x).to_vec::<f32>();
        assert!((y[99_999] - 10_000.0).abs() < 2e-3);
    }

    #[test]
    fn long_rows_agree_with_a_plain_loop() {
        for length in [PIECE - 1, 2 * PIECE, 5 * PIECE + 17, 8 * PIECE] {
            let values: Vec<i64> = (0..2 * length as i64).map(|i| i * i % 1013 - 500).collect();
            let x = Tensor::from_slice(&values, &[2, length]).unwrap();
            for reverse in [false, true] {
                for op in [CumulativeOp::Sum, CumulativeOp::Max, CumulativeOp::Min] {
                    let y = on_any_number_of_threads(|| {
                        scan(op, 1, reverse, x.clone()).to_vec::<i64>()
                    });
                    for (row, y) in values.chunks(length).zip(y.chunks(length)) {
                        let mut acc = None;
                        for step in 0..length {
                            let at = if reverse { length - 1 - step } else { step };
                            let next = match (acc, op) {
                                (None, _) => row[at],
                                (Some(acc), CumulativeOp::Sum) => acc + row[at],
                                (Some(acc), CumulativeOp::Max) => row[at].max(acc),
                                (Some(acc), _) => row[at].min(acc),
                            };
                            assert_eq!(y[at], next, "{op:?} {reverse} {at}");
                            acc = Some(next);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_same_bits_on_any_number_of_threads() {
        let values: Vec<f32> = (0..120_000).map(|i| (i as f32).sin()).collect();
        for (shape, axis) in [([120_000, 1], 0), ([300, 400], 0), ([300, 400], 1), ([3, 40_000], 1)]
        {
            let x = Tensor::from_slice(&values, &shape).unwrap();
            for op in [CumulativeOp::Sum, CumulativeOp::Prod, CumulativeOp::LogSumExp] {
                for reverse in [false, true] {
                    on_any_number_of_threads(|| {
                        let y = scan(op, axis, reverse, x.clone()).to_vec::<f32>();
                        y.into_iter().map(f32::to_bits).collect::<Vec<_>>()
                    });
                }
            }
        }
    }

    #[test]
    fn sums_of_what_is_positive_never_fall() {
        let values: Vec<f64> = (0..10 * PIECE).map(|i| 0.1 + (i % 7) as f64 * 1e-9).collect();
        let x = Tensor::from_slice(&values, &[values.len()]).unwrap();
        let y = scan(CumulativeOp::Sum, 0, false, x).to_vec::<f64>();
        assert!(y.is_sorted());
    }

    #[test]
    fn empty_and_single() {
        let x = Tensor::zeros(DType::F32, &[0, 3]).unwrap();
        assert_eq!(scan(CumulativeOp::Sum, 0, false, x).shape(), [0, 3]);
        let x = Tensor::from_slice(&[2.0f32], &[1]).unwrap();
        assert_eq!(scan(CumulativeOp::LogSumExp, 0, true, x).to_vec::<f32>(), [2.0]);
    }
}
