//! Fourier transforms over the last axes, for f32, f64 and their complex types.
//!
//! Where there are many lines of a length without large prime factors, `batch` transforms one in
//! each lane of a vector. All others are transformed line by line: those along the last axis in
//! place, those of another axis moved into scratch some at a time, so that whole cache lines are
//! read and written; the transform of one line is that of the `rustfft` and `realfft` crates, of any
//! length. Plans are kept. Lines go to threads in chunks whose bounds are fixed by the shape.

use std::sync::{Arc, PoisonError};

use num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustc_hash::FxHashMap;
use rustfft::{FftDirection, FftNum, FftPlanner};
use smallvec::smallvec;

use super::common::around;
use super::copy::copy_bytes;
use super::parts::{Shared, for_each_item};
use super::{Kernel, Tensors};
use crate::buffer::Buffer;
use crate::cost::{Cost, TensorType};
use crate::dtype::{DType, Element};
use crate::error::{Error, Result};
use crate::layout::{self, Shape};
use crate::scratch::with_scratch;
use crate::sync::{Mutex, OnceLock};
use crate::tensor::Tensor;
use crate::threads;

mod batch;
mod lane;
mod step;
#[cfg(test)]
mod tests;

use batch::{Batch, Columns, Lines, Run, lanes};

/// Which transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FftKind {
    /// Of complex numbers, without a factor.
    Forward,
    /// Its inverse.
    Inverse,
    /// Of real numbers: the first half of the last axis, which says all.
    RealForward,
    /// Its inverse.
    RealInverse,
}

/// The transform over the last axes, as many as there are lengths.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fft {
    /// Which transform.
    pub kind: FftKind,
    /// The lengths of the axes, of the real numbers where one side is real.
    pub lengths: Shape,
}

impl Kernel for Fft {
    fn name(&self) -> &'static str {
        "fft"
    }

    /// Five for each element and each halving, as is usual.
    fn cost(&self, inputs: &[TensorType], outputs: &[TensorType]) -> Cost {
        let count = inputs[0].count().max(outputs[0].count());
        let halvings: f64 = self.lengths.iter().map(|&n| (n.max(1) as f64).log2()).sum();
        Cost { flops: 5.0 * count as f64 * halvings, ..Cost::default() }
    }

    fn run(&self, mut inputs: Tensors) -> Result<Tensors> {
        let x = inputs.remove(0);
        drop(inputs);
        let y = match (self.kind, x.dtype()) {
            (FftKind::RealForward, DType::F32) => self.of_real::<f32>(&x),
            (FftKind::RealForward, DType::F64) => self.of_real::<f64>(&x),
            (FftKind::RealInverse, DType::C64) => self.to_real::<f32>(x),
            (FftKind::RealInverse, DType::C128) => self.to_real::<f64>(x),
            (_, DType::C64) => self.complex::<f32>(x),
            (_, DType::C128) => self.complex::<f64>(x),
            (_, dtype) => Err(Error::DType { operation: self.name(), dtype }),
        }?;
        Ok(smallvec![y])
    }
}

impl Fft {
    /// What an inverse multiplies by, and a forward transform leaves out.
    fn factor<T: Real>(&self) -> Option<T> {
        match self.kind {
            FftKind::Forward | FftKind::RealForward => None,
            FftKind::Inverse | FftKind::RealInverse => {
                T::from_f64(1.0 / layout::count(&self.lengths) as f64)
            }
        }
    }

    fn direction(&self) -> FftDirection {
        match self.kind {
            FftKind::Forward | FftKind::RealForward => FftDirection::Forward,
            FftKind::Inverse | FftKind::RealInverse => FftDirection::Inverse,
        }
    }

    fn complex<T: Real>(&self, x: Tensor) -> Result<Tensor>
    where
        Complex<T>: Element,
    {
        let shape = Shape::from(x.shape());
        let (source, mut buffer) = taken(x)?;
        let mut source = source.as_ref().and_then(Tensor::as_slice::<Complex<T>>);
        let elements = buffer.slice_mut::<Complex<T>>();
        let first = shape.len() - self.lengths.len();
        for axis in (first..shape.len()).rev() {
            // The factor goes with the transform that comes last.
            let factor = if axis == first { self.factor() } else { None };
            transform(source.take(), elements, &shape, axis, self.direction(), factor);
        }
        Ok(Tensor::from_buffer(Complex::<T>::DTYPE, &shape, buffer))
    }

    fn of_real<T: Real>(&self, x: &Tensor) -> Result<Tensor>
    where
        Complex<T>: Element,
    {
        let x = x.contiguous()?;
        let mut shape = Shape::from(x.shape());
        let (first, last) = (shape.len() - self.lengths.len(), shape.len() - 1);
        let length = shape[last];
        shape[last] = length / 2 + 1;
        let mut buffer = Buffer::new(Complex::<T>::DTYPE, layout::count(&shape))?;
        let elements = buffer.slice_mut::<Complex<T>>();
        if length == 0 {
            elements.fill(Complex { re: T::zero(), im: T::zero() });
            return Ok(Tensor::from_buffer(Complex::<T>::DTYPE, &shape, buffer));
        }
        real_lines(x.as_slice::<T>().unwrap_or_default(), length, elements);
        for axis in (first..last).rev() {
            transform(None, elements, &shape, axis, self.direction(), None);
        }
        Ok(Tensor::from_buffer(Complex::<T>::DTYPE, &shape, buffer))
    }

    fn to_real<T: Real>(&self, x: Tensor) -> Result<Tensor>
    where
        Complex<T>: Element,
    {
        let mut shape = Shape::from(x.shape());
        let (first, last) = (shape.len() - self.lengths.len(), shape.len() - 1);
        let length = self.lengths[self.lengths.len() - 1];
        shape[last] = length;
        let mut buffer = Buffer::new(T::DTYPE, layout::count(&shape))?;
        let lines = |halves: &[Complex<T>], buffer: &mut Buffer| {
            if let Some(factor) = self.factor() {
                half_lines(halves, length, buffer.slice_mut(), factor);
            }
        };
        if first == last {
            lines(x.contiguous()?.as_slice().unwrap_or_default(), &mut buffer);
            return Ok(Tensor::from_buffer(T::DTYPE, &shape, buffer));
        }
        let halved = Shape::from(x.shape());
        let (source, mut halves) = taken(x)?;
        let mut source = source.as_ref().and_then(Tensor::as_slice::<Complex<T>>);
        let elements = halves.slice_mut::<Complex<T>>();
        for axis in first..last {
            transform(source.take(), elements, &halved, axis, self.direction(), None);
        }
        lines(elements, &mut buffer);
        Ok(Tensor::from_buffer(T::DTYPE, &shape, buffer))
    }
}

/// A buffer for the results, and the tensor where it does not hold the elements of this yet.
fn taken(x: Tensor) -> Result<(Option<Tensor>, Buffer)> {
    let x = match x.into_buffer() {
        Ok(buffer) => return Ok((None, buffer)),
        Err(x) => x,
    };
    let mut buffer = Buffer::new(x.dtype(), x.count())?;
    if x.bytes().is_some() {
        return Ok((Some(x), buffer));
    }
    x.copy_to(buffer.bytes_mut());
    Ok((None, buffer))
}

/// Lines of so many elements that a thread takes at a time.
fn lines_of_part(length: usize) -> usize {
    let stages = length.next_power_of_two().ilog2() as usize;
    Cost::flops(5 * stages.max(1) * length).items_of_part()
}

/// Lines that are moved into scratch at once: two cache lines of c64.
const COLUMNS: usize = 16;

/// Transforms every line along one axis, from elsewhere or in place.
fn transform<T: Real>(
    source: Option<&[Complex<T>]>,
    elements: &mut [Complex<T>],
    shape: &[usize],
    axis: usize,
    direction: FftDirection,
    factor: Option<T>,
) {
    let (outer, length, inner) = around(shape, axis);
    if elements.is_empty() || (length == 1 && factor.is_none()) {
        if let Some(source) = source {
            copy_bytes(bytemuck::cast_slice(source), bytemuck::cast_slice_mut(elements));
        }
        return;
    }
    if let Some(batch) = batch_for::<T>(length, outer * inner) {
        let inverse = direction == FftDirection::Inverse;
        let run = |lines: Lines<T>| {
            with_scratch(batch.scratch(), |scratch| {
                Run { batch: &batch, lines, inverse, factor, scratch }.run();
            });
        };
        let lanes = lanes::<T>();
        if inner == 1 {
            let part = lanes * length;
            return for_each_item(elements.chunks_mut(part).enumerate(), |(n, to)| {
                let from = source.map(|source| &source[n * part..][..to.len()]);
                run(Lines::Complex(from, to));
            });
        }
        let blocks = inner.div_ceil(lanes);
        let all = &Shared::new(elements);
        return threads::for_each(outer * blocks, &|n| {
            let column = n % blocks * lanes;
            let start = n / blocks * length * inner + column;
            let width = lanes.min(inner - column);
            run(Lines::Columns(Columns { from: source, all, start, width, pitch: inner }));
        });
    }
    let plan = T::plans().complex(length, direction);
    let scale = |line: &mut [Complex<T>]| {
        if let Some(factor) = factor {
            line.iter_mut().for_each(|value| *value = value.scale(factor));
        }
    };
    if inner == 1 {
        let part = lines_of_part(length) * length;
        return for_each_item(elements.chunks_mut(part).enumerate(), |(n, lines)| {
            if let Some(source) = source {
                lines.copy_from_slice(&source[n * part..][..lines.len()]);
            }
            with_scratch(plan.get_inplace_scratch_len(), |scratch| {
                plan.process_with_scratch(lines, scratch);
            });
            scale(lines);
        });
    }
    let blocks_of_row = inner.div_ceil(COLUMNS);
    let blocks = outer * blocks_of_row;
    let in_chunk = lines_of_part(length).div_ceil(COLUMNS);
    let shared = Shared::new(elements);
    threads::for_each(blocks.div_ceil(in_chunk), &|n| {
        let beside = plan.get_inplace_scratch_len();
        with_scratch(COLUMNS * length + beside, |memory: &mut [Complex<T>]| {
            let (lines, scratch) = memory.split_at_mut(COLUMNS * length);
            for block in n * in_chunk..((n + 1) * in_chunk).min(blocks) {
                let column = block % blocks_of_row * COLUMNS;
                let width = COLUMNS.min(inner - column);
                let start = block / blocks_of_row * length * inner + column;
                let lines = &mut lines[..width * length];
                for row in 0..length {
                    let at = start + row * inner;
                    let part = match source {
                        Some(source) => &source[at..at + width],
                        // SAFETY: these are the columns of this block, which no other chunk has,
                        // and one row of them at a time.
                        None => unsafe { shared.part(at, width) },
                    };
                    for (line, &value) in part.iter().enumerate() {
                        lines[line * length + row] = value;
                    }
                }
                plan.process_with_scratch(lines, scratch);
                scale(lines);
                for row in 0..length {
                    // SAFETY: as above.
                    let part = unsafe { shared.part(start + row * inner, width) };
                    for (line, slot) in part.iter_mut().enumerate() {
                        *slot = lines[line * length + row];
                    }
                }
            }
        });
    });
}

/// How to transform so many lines at once, if that is better than one by one.
fn batch_for<T: Real>(length: usize, lines: usize) -> Option<Arc<Batch<T>>> {
    let lanes = lanes::<T>();
    if lanes == 1 || 2 * lines < lanes { None } else { T::plans().batch(length) }
}

/// The first halves of the transforms of real lines.
fn real_lines<T: Real>(lines: &[T], length: usize, halves: &mut [Complex<T>]) {
    if length.is_multiple_of(2)
        && let Some(batch) = batch_for::<T>(length / 2, lines.len() / length)
    {
        let lanes = lanes::<T>();
        let halves = halves.chunks_mut(lanes * (length / 2 + 1));
        let parts = lines.chunks(lanes * length).zip(halves);
        return for_each_item(parts, |(lines, halves)| {
            with_scratch(batch.scratch(), |scratch| {
                let lines = Lines::Forward(lines, halves);
                Run { batch: &batch, lines, inverse: false, factor: None, scratch }.run();
            });
        });
    }
    let plan = T::plans().real(length);
    let in_chunk = lines_of_part(length);
    let chunks: Vec<_> = lines
        .chunks(in_chunk * length)
        .zip(halves.chunks_mut(in_chunk * (length / 2 + 1)))
        .map(Mutex::new)
        .collect();
    threads::for_each(chunks.len(), &|n| {
        let mut chunk = chunks[n].lock().unwrap_or_else(PoisonError::into_inner);
        let (lines, halves) = &mut *chunk;
        let (mut line, mut scratch) = (plan.make_input_vec(), plan.make_scratch_vec());
        let halves = halves.chunks_exact_mut(length / 2 + 1);
        for (source, half) in lines.chunks_exact(length).zip(halves) {
            line.copy_from_slice(source);
            let done = plan.process_with_scratch(&mut line, half, &mut scratch);
            debug_assert!(done.is_ok(), "the slices have the lengths of the plan");
        }
    });
}

/// The real lines whose transforms begin with these halves, times a factor.
fn half_lines<T: Real>(halves: &[Complex<T>], length: usize, lines: &mut [T], factor: T) {
    if lines.is_empty() {
        return;
    }
    if length.is_multiple_of(2)
        && let Some(batch) = batch_for::<T>(length / 2, lines.len() / length)
    {
        let lanes = lanes::<T>();
        let lines = lines.chunks_mut(lanes * length);
        let parts = halves.chunks(lanes * (length / 2 + 1)).zip(lines);
        return for_each_item(parts, |(halves, lines)| {
            with_scratch(batch.scratch(), |scratch| {
                let (lines, factor) = (Lines::Backward(halves, lines), Some(factor));
                Run { batch: &batch, lines, inverse: true, factor, scratch }.run();
            });
        });
    }
    let plan = T::plans().half(length);
    let in_chunk = lines_of_part(length);
    let chunks: Vec<_> = halves
        .chunks(in_chunk * (length / 2 + 1))
        .zip(lines.chunks_mut(in_chunk * length))
        .map(Mutex::new)
        .collect();
    threads::for_each(chunks.len(), &|n| {
        let mut chunk = chunks[n].lock().unwrap_or_else(PoisonError::into_inner);
        let (halves, lines) = &mut *chunk;
        let (mut half, mut scratch) = (plan.make_input_vec(), plan.make_scratch_vec());
        for (source, line) in halves.chunks_exact(half.len()).zip(lines.chunks_exact_mut(length)) {
            for (slot, &value) in half.iter_mut().zip(source) {
                *slot = value.scale(factor);
            }
            // What stands for no wave, and for the shortest one, is real in any real line.
            half[0].im = T::zero();
            if length.is_multiple_of(2) {
                half[length / 2].im = T::zero();
            }
            let done = plan.process_with_scratch(&mut half, line, &mut scratch);
            debug_assert!(done.is_ok(), "the slices have the lengths of the plan");
        }
    });
}

/// A real type that there are transforms of.
trait Real: FftNum + Element + lane::Vectors {
    /// The plans of this type.
    fn plans() -> PlansOf<Self>;
}

macro_rules! reals {
    ($($T:ty),*) => {$(
        impl Real for $T {
            fn plans() -> PlansOf<Self> {
                static PLANS: OnceLock<Mutex<Plans<$T>>> = OnceLock::new();
                PlansOf(PLANS.get_or_init(Default::default))
            }
        }
    )*};
}
reals!(f32, f64);

/// The sum of the lengths of plans that are kept; a plan takes some elements for each.
const KEPT: usize = 1 << 24;

/// Plans by length.
struct Plans<T: FftNum> {
    planner: FftPlanner<T>,
    complex: FxHashMap<(usize, bool), Arc<dyn rustfft::Fft<T>>>,
    real: FxHashMap<usize, Arc<dyn RealToComplex<T>>>,
    half: FxHashMap<usize, Arc<dyn ComplexToReal<T>>>,
    batch: FxHashMap<usize, Option<Arc<Batch<T>>>>,
    kept: usize,
}

impl<T: FftNum> Default for Plans<T> {
    fn default() -> Plans<T> {
        Plans {
            planner: FftPlanner::new(),
            complex: FxHashMap::default(),
            real: FxHashMap::default(),
            half: FxHashMap::default(),
            batch: FxHashMap::default(),
            kept: 0,
        }
    }
}

impl<T: FftNum> Plans<T> {
    /// Notes a further plan; when there are too many, all are forgotten.
    fn note(&mut self, length: usize) {
        if self.kept.saturating_add(length) > KEPT {
            *self = Plans::default();
        }
        self.kept = self.kept.saturating_add(length);
    }
}

/// The plans of all threads.
struct PlansOf<T: FftNum>(&'static Mutex<Plans<T>>);

impl<T: Real> PlansOf<T> {
    /// The way to transform many lines of a length, if there is one.
    fn batch(&self, length: usize) -> Option<Arc<Batch<T>>> {
        let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.batch.get(&length) {
            return plan.clone();
        }
        plans.note(length);
        let plan = Batch::new(length).map(Arc::new);
        plans.batch.insert(length, plan.clone());
        plan
    }

    fn complex(&self, length: usize, direction: FftDirection) -> Arc<dyn rustfft::Fft<T>> {
        let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (length, direction == FftDirection::Forward);
        if let Some(plan) = plans.complex.get(&key) {
            return plan.clone();
        }
        plans.note(length);
        let plan = plans.planner.plan_fft(length, direction);
        plans.complex.insert(key, plan.clone());
        plan
    }

    fn real(&self, length: usize) -> Arc<dyn RealToComplex<T>> {
        let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.real.get(&length) {
            return plan.clone();
        }
        plans.note(length);
        let plan = RealFftPlanner::new().plan_fft_forward(length);
        plans.real.insert(length, plan.clone());
        plan
    }

    fn half(&self, length: usize) -> Arc<dyn ComplexToReal<T>> {
        let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.half.get(&length) {
            return plan.clone();
        }
        plans.note(length);
        let plan = RealFftPlanner::new().plan_fft_inverse(length);
        plans.half.insert(length, plan.clone());
        plan
    }
}
