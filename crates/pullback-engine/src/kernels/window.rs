//! Reductions over windows that move, and what their derivatives are made of.
//!
//! Axes at the end that the window does not move along are rows of elements side by side, to which
//! everything is done at once. Threads take entries of the axes in front that the window does not
//! move along either, or lines of the result where lines do not write into each other.

use smallvec::{SmallVec, smallvec};

use super::common::{Number, arch, with_number};
use super::shared::Shared;
use super::{Kernel, Tensors};
use crate::buffer::Buffer;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::layout::{self, Shape};
use crate::tensor::Tensor;
use crate::threads;

/// A window over every axis of an array.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Window {
    pub dimensions: Shape,
    pub strides: Shape,
    /// Before and after each axis; negative takes away.
    pub padding: SmallVec<[(i64, i64); 4]>,
    /// The distance of the elements of the array.
    pub base_dilation: Shape,
    /// The distance of the taps.
    pub window_dilation: Shape,
}

/// How the elements under a window become one; elements beyond the array leave it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum WindowOp {
    Sum,
    Max,
    Min,
}

/// The elements under the window at each place, as one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct ReduceWindow {
    pub op: WindowOp,
    pub window: Window,
}

/// Of the first input the elements that lie where the largest (or smallest) of the second input
/// under the window does; the first of them, where several are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct SelectAndGather {
    pub smallest: bool,
    pub window: Window,
}

/// The first input, which has an element for each place of the window, added up where the largest
/// (or smallest) element of the second input under the window lies; zero elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct SelectAndScatter {
    pub smallest: bool,
    pub window: Window,
}

/// Elements that are worth a thread's while.
const CHUNK: usize = 1 << 13;

/// One axis: its sizes, and how the window moves along it.
#[derive(Clone, Copy)]
struct Axis {
    size: usize,
    places: usize,
    taps: usize,
    stride: usize,
    low: i64,
    dilation: usize,
    step: usize,
}

impl Axis {
    /// Whether the window has one element along the axis at every place.
    fn is_still(&self) -> bool {
        self.taps == 1
            && self.places == self.size
            && self.stride == 1
            && self.low == 0
            && self.dilation == 1
    }

    /// The element under a tap, if it is one.
    fn at(&self, place: usize, tap: usize) -> Option<usize> {
        let at = (place * self.stride + tap * self.step) as i64 - self.low;
        let at = usize::try_from(at).ok()?;
        let on = at.is_multiple_of(self.dilation) && at / self.dilation < self.size;
        on.then(|| at / self.dilation)
    }
}

/// A window over an array whose still axes at the end are one, and of which the first `apart` are
/// still too.
struct Plan {
    axes: SmallVec<[Axis; 4]>,
    /// Elements side by side.
    row: usize,
    /// Entries of the still axes in front, and how many of the axes they are.
    outer: usize,
    apart: usize,
    shape: Shape,
}

impl Window {
    /// The number of places along each axis of an array of the given shape.
    pub fn places(&self, shape: &[usize]) -> Shape {
        let spread =
            |size: usize, by: usize| if size == 0 { 0 } else { ((size - 1) * by + 1) as i64 };
        (0..shape.len())
            .map(|n| {
                let (low, high) = self.padding[n];
                let whole = spread(shape[n], self.base_dilation[n]) + low + high;
                let left = whole - spread(self.dimensions[n], self.window_dilation[n]);
                if left < 0 { 0 } else { left as usize / self.strides[n] + 1 }
            })
            .collect()
    }

    fn plan(&self, shape: &[usize]) -> Plan {
        let places = self.places(shape);
        let mut axes: SmallVec<[Axis; 4]> = (0..shape.len())
            .map(|n| Axis {
                size: shape[n],
                places: places[n],
                taps: self.dimensions[n],
                stride: self.strides[n],
                low: self.padding[n].0,
                dilation: self.base_dilation[n],
                step: self.window_dilation[n],
            })
            .collect();
        let mut row = 1;
        while let Some(last) = axes.last()
            && last.is_still()
        {
            row *= last.size;
            axes.pop();
        }
        let apart = axes.iter().take_while(|axis| axis.is_still()).count();
        let outer = axes[..apart].iter().map(|axis| axis.size).product();
        Plan { axes, row, outer, apart, shape: places }
    }
}

impl Plan {
    /// Places of the window, in rows, for one entry of the axes apart.
    fn rows(&self) -> usize {
        self.axes[self.apart..].iter().map(|axis| axis.places).product()
    }

    /// Rows of the array for one entry of the axes apart.
    fn source_rows(&self) -> usize {
        self.axes[self.apart..].iter().map(|axis| axis.size).product()
    }

    /// The rows of the array under the window at one place, in the order of the taps.
    fn under(&self, entry: usize, place: usize, rows: &mut Vec<usize>) {
        let axes = &self.axes[self.apart..];
        let mut digits: Shape = Shape::from_elem(0, axes.len());
        let mut rest = place;
        for (axis, digit) in axes.iter().zip(&mut digits).rev() {
            *digit = rest % axis.places;
            rest /= axis.places;
        }
        rows.clear();
        rows.push(entry);
        for (axis, &place) in axes.iter().zip(&digits) {
            let before = rows.len();
            for n in 0..before {
                let base = rows[n] * axis.size;
                for tap in 0..axis.taps {
                    if let Some(at) = axis.at(place, tap) {
                        rows.push(base + at);
                    }
                }
            }
            rows.drain(..before);
        }
    }

    /// Calls `work` for runs of the rows of the result, on all threads: entry, places, and where in
    /// the rows of the result they begin.
    fn each_run(&self, work: impl Fn(usize, std::ops::Range<usize>) + Sync) {
        let rows = self.rows();
        let in_chunk = (CHUNK / self.row.max(1)).max(1);
        let total = self.outer * rows;
        threads::for_each(total.div_ceil(in_chunk), &|n| {
            let (mut at, end) = (n * in_chunk, ((n + 1) * in_chunk).min(total));
            while at < end {
                let (entry, place) = (at / rows, at % rows);
                let count = (rows - place).min(end - at);
                work(entry, place..place + count);
                at += count;
            }
        });
    }
}

impl Kernel for ReduceWindow {
    fn name(&self) -> &'static str {
        "reduce_window"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let x = inputs[0].contiguous()?;
        with_number!(x.dtype(), self.name(), T => self.reduce::<T>(&x))
    }
}

impl ReduceWindow {
    fn reduce<T: Number>(&self, x: &Tensor) -> Result<Tensors> {
        let plan = self.window.plan(x.shape());
        let source = x.as_slice::<T>().unwrap_or_default();
        let mut buffer = Buffer::new(T::DTYPE, layout::count(&plan.shape))?;
        let (row, rows) = (plan.row, plan.rows());
        let out = Shared::new(buffer.slice_mut::<T>());
        plan.each_run(|entry, places| {
            let mut under = vec![];
            for place in places {
                // SAFETY: a row of the result, which no other run has.
                let out = unsafe { out.part((entry * rows + place) * row, row) };
                plan.under(entry, place, &mut under);
                let under = &under[..];
                match self.op {
                    WindowOp::Sum => arch().dispatch(Fold::<T, 0> { source, under, out }),
                    WindowOp::Max => arch().dispatch(Fold::<T, 1> { source, under, out }),
                    WindowOp::Min => arch().dispatch(Fold::<T, 2> { source, under, out }),
                }
            }
        });
        Ok(smallvec![Tensor::from_buffer(T::DTYPE, &plan.shape, buffer)])
    }
}

/// Rows of the source as one row: their sum, or what is largest or smallest.
struct Fold<'a, T, const OP: usize> {
    source: &'a [T],
    under: &'a [usize],
    out: &'a mut [T],
}

impl<T: Number, const OP: usize> pulp::NullaryFnOnce for Fold<'_, T, OP> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Fold { source, under, out } = self;
        let row = out.len();
        let Some((&first, rest)) = under.split_first() else {
            return out.fill([T::ZERO, T::LEAST, T::GREATEST][OP]);
        };
        out.copy_from_slice(&source[first * row..][..row]);
        for &at in rest {
            for (slot, &value) in out.iter_mut().zip(&source[at * row..][..row]) {
                *slot = match OP {
                    0 => slot.plus(value),
                    1 => slot.greater(value),
                    _ => slot.lesser(value),
                };
            }
        }
    }
}

/// Which of the rows under the window holds the largest element, or the smallest, for each element
/// side by side.
struct Select<'a, T> {
    source: &'a [T],
    under: &'a [usize],
    smallest: bool,
    best: &'a mut [T],
    chosen: &'a mut [u32],
}

impl<T: Number + PartialOrd> pulp::NullaryFnOnce for Select<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Select { source, under, smallest, best, chosen } = self;
        let row = best.len();
        chosen.fill(0);
        let Some((&first, rest)) = under.split_first() else { return };
        best.copy_from_slice(&source[first * row..][..row]);
        for (n, &at) in rest.iter().enumerate() {
            let values = &source[at * row..][..row];
            for ((best, chosen), &value) in best.iter_mut().zip(chosen.iter_mut()).zip(values) {
                // A comparison with NaN is false, and then the later element is taken.
                let stays = if smallest { *best <= value } else { *best >= value };
                *chosen = if stays { *chosen } else { n as u32 + 1 };
                *best = if stays { *best } else { value };
            }
        }
    }
}

/// Adds each element of a row of the source to that row under the window that was chosen for it.
struct Scatter<'a, T> {
    source: &'a [T],
    under: &'a [usize],
    chosen: &'a [u32],
    out: &'a mut [T],
    base: usize,
}

impl<T: Number> pulp::NullaryFnOnce for Scatter<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Scatter { source, under, chosen, out, base } = self;
        let row = source.len();
        for (n, &at) in under.iter().enumerate() {
            let target = &mut out[(at - base) * row..][..row];
            for ((slot, &chosen), &value) in target.iter_mut().zip(chosen).zip(source) {
                *slot = if chosen == n as u32 { slot.plus(value) } else { *slot };
            }
        }
    }
}

/// Evaluates an expression with `$T` naming the Rust type of a dtype whose elements are in order.
macro_rules! with_real {
    ($dtype:expr, $operation:expr, $T:ident => $body:expr) => {{
        match $dtype {
            dtype @ (DType::Bool | DType::C64 | DType::C128) => {
                Err(Error::DType { operation: $operation, dtype })
            }
            dtype => with_ordered!(dtype, $operation, $T => $body),
        }
    }};
}

macro_rules! with_ordered {
    ($dtype:expr, $operation:expr, $T:ident => $body:expr) => {
        with_ordered!(@ $dtype, $operation, $T => $body;
            I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64,
            BF16 half::bf16, F16 half::f16, F32 f32, F64 f64)
    };
    (@ $dtype:expr, $operation:expr, $T:ident => $body:expr; $($D:ident $R:ty),*) => {
        match $dtype {
            $(DType::$D => {
                type $T = $R;
                $body
            })*
            dtype => Err(Error::DType { operation: $operation, dtype }),
        }
    };
}

impl Kernel for SelectAndGather {
    fn name(&self) -> &'static str {
        "select_and_gather_add"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let (values, x) = (inputs[0].contiguous()?, inputs[1].contiguous()?);
        with_real!(x.dtype(), self.name(), T => self.gather::<T>(&values, &x))
    }
}

impl SelectAndGather {
    fn gather<T: Number + PartialOrd>(&self, values: &Tensor, x: &Tensor) -> Result<Tensors> {
        let plan = self.window.plan(x.shape());
        let (values, source) =
            (values.as_slice::<T>().unwrap_or_default(), x.as_slice::<T>().unwrap_or_default());
        let mut buffer = Buffer::new(T::DTYPE, layout::count(&plan.shape))?;
        let (row, rows) = (plan.row, plan.rows());
        let out = Shared::new(buffer.slice_mut::<T>());
        let smallest = self.smallest;
        plan.each_run(|entry, places| {
            let (mut under, mut best, mut chosen) = (vec![], vec![T::ZERO; row], vec![0; row]);
            for place in places {
                // SAFETY: a row of the result, which no other run has.
                let out = unsafe { out.part((entry * rows + place) * row, row) };
                plan.under(entry, place, &mut under);
                let (under, best, chosen) = (&under[..], &mut best[..], &mut chosen[..]);
                arch().dispatch(Select { source, under, smallest, best, chosen: &mut *chosen });
                for (n, slot) in out.iter_mut().enumerate() {
                    *slot = match under.get(chosen[n] as usize) {
                        Some(&at) => values[at * row + n],
                        None => T::ZERO,
                    };
                }
            }
        });
        Ok(smallvec![Tensor::from_buffer(T::DTYPE, &plan.shape, buffer)])
    }
}

impl Kernel for SelectAndScatter {
    fn name(&self) -> &'static str {
        "select_and_scatter_add"
    }

    fn run(&self, inputs: Tensors) -> Result<Tensors> {
        let (values, x) = (inputs[0].contiguous()?, inputs[1].contiguous()?);
        with_real!(x.dtype(), self.name(), T => self.scatter::<T>(&values, &x))
    }
}

impl SelectAndScatter {
    fn scatter<T: Number + PartialOrd>(&self, values: &Tensor, x: &Tensor) -> Result<Tensors> {
        let plan = self.window.plan(x.shape());
        let (values, source) =
            (values.as_slice::<T>().unwrap_or_default(), x.as_slice::<T>().unwrap_or_default());
        let mut buffer = Buffer::new(T::DTYPE, x.count())?;
        let (row, rows) = (plan.row, plan.rows());
        let smallest = self.smallest;
        // Lines along the first axis that moves do not write into each other where the window is
        // not longer than its stride; else a whole entry is one thread's.
        let source_rows = plan.source_rows();
        let moving = plan.axes.get(plan.apart).copied();
        let lines = match moving {
            Some(axis)
                if axis.low == 0
                    && axis.step == 1
                    && axis.dilation == 1
                    && axis.taps <= axis.stride =>
            {
                axis.places
            }
            _ => 1,
        };
        let rows_of_line = rows / lines.max(1);
        let rows_of_size = moving.map_or(1, |axis| source_rows / axis.size.max(1));
        let out = Shared::new(buffer.slice_mut::<T>());
        // Rows of the array that belong to a line: up to where the next one begins.
        let begin = |line: usize| match moving {
            Some(_) if line == lines => source_rows,
            Some(axis) => (line * axis.stride).min(axis.size) * rows_of_size,
            None => line,
        };
        let in_chunk = (CHUNK / (rows_of_line.max(1) * row.max(1))).clamp(1, lines.max(1));
        let chunks = lines.div_ceil(in_chunk).max(1);
        threads::for_each(plan.outer * chunks, &|n| {
            let (entry, first) = (n / chunks, n % chunks * in_chunk);
            let last = (first + in_chunk).min(lines);
            let (from, to) = if moving.is_some() && lines > 0 {
                (begin(first), begin(last))
            } else {
                (0, source_rows)
            };
            let base = entry * source_rows + from;
            // SAFETY: the rows of the array that only windows of these lines lie over.
            let out = unsafe { out.part(base * row, (to - from) * row) };
            out.fill(T::ZERO);
            let (mut under, mut best, mut chosen) = (vec![], vec![T::ZERO; row], vec![0; row]);
            for place in first * rows_of_line..last * rows_of_line {
                plan.under(entry, place, &mut under);
                let (under, best, chosen) = (&under[..], &mut best[..], &mut chosen[..]);
                arch().dispatch(Select { source, under, smallest, best, chosen: &mut *chosen });
                let values = &values[(entry * rows + place) * row..][..row];
                arch().dispatch(Scatter { source: values, under, chosen, out, base });
            }
        });
        Ok(smallvec![Tensor::from_buffer(T::DTYPE, x.shape(), buffer)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(dimensions: &[usize], strides: &[usize], padding: &[(i64, i64)]) -> Window {
        Window {
            dimensions: dimensions.into(),
            strides: strides.into(),
            padding: padding.into(),
            base_dilation: Shape::from_elem(1, dimensions.len()),
            window_dilation: Shape::from_elem(1, dimensions.len()),
        }
    }

    fn tensor(values: &[f32], shape: &[usize]) -> Tensor {
        Tensor::from_slice(values, shape).unwrap()
    }

    #[test]
    fn sums_and_extremes() {
        let x = tensor(&[1.0, 5.0, 2.0, 4.0, 3.0], &[5]);
        let reduce = |op, window: Window| {
            ReduceWindow { op, window }.run(smallvec![x.clone()]).unwrap()[0].to_vec::<f32>()
        };
        assert_eq!(reduce(WindowOp::Sum, window(&[2], &[1], &[(0, 0)])), [6.0, 7.0, 6.0, 7.0]);
        assert_eq!(reduce(WindowOp::Max, window(&[3], &[2], &[(1, 1)])), [5.0, 5.0, 4.0]);
        let wide = Window { window_dilation: smallvec![3], ..window(&[2], &[1], &[(0, 0)]) };
        assert_eq!(reduce(WindowOp::Min, wide), [1.0, 3.0]);
        let holes = Window { base_dilation: smallvec![2], ..window(&[2], &[3], &[(0, 0)]) };
        assert_eq!(reduce(WindowOp::Sum, holes), [1.0, 5.0, 4.0]);
    }

    #[test]
    fn selections_take_the_first_of_equals() {
        let x = tensor(&[1.0, 3.0, 3.0, 2.0, 0.0, 2.0], &[1, 6]);
        let values = tensor(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1, 6]);
        for (strides, count) in [(3, 2), (1, 4)] {
            let window = window(&[1, 3], &[1, strides], &[(0, 0), (0, 0)]);
            let gather = SelectAndGather { smallest: false, window: window.clone() };
            let y = gather.run(smallvec![values.clone(), x.clone()]).unwrap()[0].to_vec::<f32>();
            let scatter = SelectAndScatter { smallest: false, window };
            let ones = Tensor::full(&[1, count], &Tensor::scalar(1.0f32)).unwrap();
            let z = scatter.run(smallvec![ones, x.clone()]).unwrap()[0].to_vec::<f32>();
            match strides {
                3 => assert_eq!((y, z), (vec![2.0, 4.0], vec![0.0, 1.0, 0.0, 1.0, 0.0, 0.0])),
                _ => assert_eq!(
                    (y, z),
                    (vec![2.0, 2.0, 3.0, 4.0], vec![0.0, 2.0, 1.0, 1.0, 0.0, 0.0])
                ),
            }
        }
    }

    #[test]
    fn planes_of_channels_beside_lines_written_out() {
        let shape = [2, 7, 5, 3];
        let values: Vec<f32> = (0..210).map(|n| ((n * 37) % 101) as f32).collect();
        let x = tensor(&values, &shape);
        let before = threads::num_threads();
        for (taps, strides, pad) in
            [([1, 2, 2, 1], [1, 2, 2, 1], 0), ([1, 3, 2, 1], [1, 1, 1, 1], 1)]
        {
            let window = window(&taps, &strides, &[(0, 0), (pad, 0), (0, pad), (0, 0)]);
            let places = window.places(&shape);
            let count = layout::count(&places);
            let source = tensor(&(0..count).map(|n| n as f32).collect::<Vec<_>>(), &places);
            let scatter = SelectAndScatter { smallest: true, window: window.clone() };
            let gather = SelectAndGather { smallest: true, window };
            let run = |threads| {
                threads::set_num_threads(threads);
                scatter.run(smallvec![source.clone(), x.clone()]).unwrap()[0].to_vec::<f32>()
            };
            let (z, again) = (run(1), run(3));
            assert_eq!(z, again);
            // One is the transpose of the other.
            let y = gather.run(smallvec![x.clone(), x.clone()]).unwrap()[0].to_vec::<f32>();
            let product = |a: &[f32], b: &[f32]| -> f64 {
                a.iter().zip(b).map(|(&a, &b)| a as f64 * b as f64).sum()
            };
            assert_eq!(product(&z, &values), product(&y, &source.to_vec::<f32>()));
        }
        threads::set_num_threads(before);
    }
}
