//! Reductions over windows that move, and what their derivatives are made of.
//!
//! Axes at the end that the window does not move along are rows of elements side by side, to which
//! everything is done at once. Threads take entries of the axes in front that the window does not
//! move along either, or lines of the result where lines do not write into each other.

use smallvec::{SmallVec, smallvec};

use super::common::{Number, arch, with_number};
use super::parts::Shared;
use super::{Kernel, Tensors};
use crate::buffer::Buffer;
use crate::cost::{Cost, TensorType};
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

impl Window {
    /// How many elements are under it.
    fn area(&self) -> usize {
        self.dimensions.iter().product()
    }
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

    /// What is seen at every place, and the distance of what is seen: taps that fall between
    /// elements do not count, and so every so many taps do.
    fn seen(&self) -> (Vec<Seen>, usize) {
        let gcd = |mut a: usize, mut b: usize| {
            while b > 0 {
                (a, b) = (b, a % b);
            }
            a
        };
        let every = self.dilation / gcd(self.step, self.dilation);
        let distance = self.step * every / self.dilation;
        let at = |place: usize| {
            let offset = |tap: usize| (place * self.stride + tap * self.step) as i64 - self.low;
            let dilation = self.dilation as i64;
            let on = |&tap: &usize| offset(tap).rem_euclid(dilation) == 0;
            let Some(tap) = (0..every.min(self.taps)).find(on) else {
                return Seen { first: 0, count: 0 };
            };
            // Elements before the array and behind it are left out.
            let (start, step) = (offset(tap) / dilation, distance as i64);
            let taps = (self.taps - tap).div_ceil(every) as i64;
            let low = if start < 0 { (-start + step - 1) / step } else { 0 };
            let high = ((self.size as i64 - start + step - 1).div_euclid(step)).clamp(0, taps);
            match low < high {
                true => Seen { first: (start + low * step) as usize, count: (high - low) as usize },
                false => Seen { first: 0, count: 0 },
            }
        };
        ((0..self.places).map(at).collect(), distance)
    }
}

/// What lies under the window along one axis at one place: so many elements from the first on.
#[derive(Clone, Copy)]
struct Seen {
    first: usize,
    count: usize,
}

/// A window over an array whose still axes at the end are one, and of which the first `apart` are
/// still too.
struct Plan {
    axes: SmallVec<[Axis; 4]>,
    /// For each axis that moves what is seen at every place, and the distance of what is seen.
    seen: SmallVec<[(Vec<Seen>, usize); 4]>,
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
        let seen = axes[apart..].iter().map(Axis::seen).collect();
        Plan { axes, seen, row, outer, apart, shape: places }
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

    /// Calls `f` for places of one entry, with each the rows of the array under the window, in the
    /// order of the taps.
    #[inline(always)]
    fn each_place(
        &self,
        entry: usize,
        places: std::ops::Range<usize>,
        mut f: impl FnMut(usize, &[usize]),
    ) {
        let axes = &self.axes[self.apart..];
        let Some((last, before)) = axes.split_last() else {
            return places.for_each(|place| f(place, &[entry]));
        };
        let (last_seen, distance) = &self.seen[before.len()];
        let (mut lines, mut under): (Vec<usize>, Vec<usize>) = (vec![], vec![]);
        let mut place = places.start;
        while place < places.end {
            // The lines of the last axis that are seen from this one.
            let mut rest = place / last.places;
            let begin = place % last.places;
            let count = (last.places - begin).min(places.end - place);
            let mut digits: Shape = Shape::from_elem(0, before.len());
            for (axis, digit) in before.iter().zip(&mut digits).rev() {
                *digit = rest % axis.places;
                rest /= axis.places;
            }
            lines.clear();
            lines.push(entry);
            for ((axis, (seen, distance)), &digit) in before.iter().zip(&self.seen).zip(&digits) {
                let Seen { first, count } = seen[digit];
                let known = lines.len();
                for n in 0..known {
                    let base = lines[n] * axis.size + first;
                    lines.extend((0..count).map(|n| base + n * distance));
                }
                lines.drain(..known);
            }
            for (n, &Seen { first, count }) in last_seen[begin..begin + count].iter().enumerate() {
                under.clear();
                for &line in &lines {
                    let base = line * last.size + first;
                    under.extend((0..count).map(|n| base + n * distance));
                }
                f(place + n, &under);
            }
            place += count;
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

    fn cost(&self, _: &[TensorType], outputs: &[TensorType]) -> Cost {
        Cost::flops(outputs[0].count() * self.window.area())
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
            let at = (entry * rows + places.start) * row;
            // SAFETY: rows of the result, which no other run has.
            let out = unsafe { out.part(at, places.len() * row) };
            let plan = &plan;
            match self.op {
                WindowOp::Sum => arch().dispatch(Fold::<T, 0> { plan, entry, places, source, out }),
                WindowOp::Max => arch().dispatch(Fold::<T, 1> { plan, entry, places, source, out }),
                WindowOp::Min => arch().dispatch(Fold::<T, 2> { plan, entry, places, source, out }),
            }
        });
        Ok(smallvec![Tensor::from_buffer(T::DTYPE, &plan.shape, buffer)])
    }
}

/// For each place the rows under the window as one row: their sum, or what is largest or smallest.
struct Fold<'a, T, const OP: usize> {
    plan: &'a Plan,
    entry: usize,
    places: std::ops::Range<usize>,
    source: &'a [T],
    out: &'a mut [T],
}

impl<T: Number, const OP: usize> pulp::NullaryFnOnce for Fold<'_, T, OP> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Fold { plan, entry, places, source, out } = self;
        let (row, start) = (plan.row, places.start);
        let source = |at: usize| &source[at * row..][..row];
        plan.each_place(entry, places, |place, under| {
            let out = &mut out[(place - start) * row..][..row];
            match under {
                [] => out.fill([T::ZERO, T::LEAST, T::GREATEST][OP]),
                // Two and four rows, as most windows have, in one go.
                &[a, b] => {
                    for ((slot, &a), &b) in out.iter_mut().zip(source(a)).zip(source(b)) {
                        *slot = fold::<T, OP>(a, b);
                    }
                }
                &[a, b, c, d] => {
                    let (a, b, c, d) = (source(a), source(b), source(c), source(d));
                    for n in 0..row {
                        let front = fold::<T, OP>(a[n], b[n]);
                        out[n] = fold::<T, OP>(fold::<T, OP>(front, c[n]), d[n]);
                    }
                }
                &[first, ref rest @ ..] => {
                    out.copy_from_slice(source(first));
                    for &at in rest {
                        for (slot, &value) in out.iter_mut().zip(source(at)) {
                            *slot = fold::<T, OP>(*slot, value);
                        }
                    }
                }
            }
        });
    }
}

#[inline(always)]
fn fold<T: Number, const OP: usize>(x: T, y: T) -> T {
    match OP {
        0 => x.plus(y),
        1 => x.greater(y),
        _ => x.lesser(y),
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

    fn cost(&self, _: &[TensorType], outputs: &[TensorType]) -> Cost {
        Cost::flops(outputs[0].count() * self.window.area())
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
            let (mut best, mut chosen) = (vec![T::ZERO; row], vec![0; row]);
            plan.each_place(entry, places, |place, under| {
                // SAFETY: a row of the result, which no other run has.
                let out = unsafe { out.part((entry * rows + place) * row, row) };
                let (best, chosen) = (&mut best[..], &mut chosen[..]);
                arch().dispatch(Select { source, under, smallest, best, chosen: &mut *chosen });
                for (n, slot) in out.iter_mut().enumerate() {
                    *slot = match under.get(chosen[n] as usize) {
                        Some(&at) => values[at * row + n],
                        None => T::ZERO,
                    };
                }
            });
        });
        Ok(smallvec![Tensor::from_buffer(T::DTYPE, &plan.shape, buffer)])
    }
}

impl Kernel for SelectAndScatter {
    fn name(&self) -> &'static str {
        "select_and_scatter_add"
    }

    fn cost(&self, inputs: &[TensorType], _: &[TensorType]) -> Cost {
        Cost::flops(inputs[0].count() * self.window.area())
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
            let (mut best, mut chosen) = (vec![T::ZERO; row], vec![0; row]);
            plan.each_place(entry, first * rows_of_line..last * rows_of_line, |place, under| {
                let (best, chosen) = (&mut best[..], &mut chosen[..]);
                arch().dispatch(Select { source, under, smallest, best, chosen: &mut *chosen });
                let values = &values[(entry * rows + place) * row..][..row];
                arch().dispatch(Scatter { source: values, under, chosen, out: &mut *out, base });
            });
        });
        Ok(smallvec![Tensor::from_buffer(T::DTYPE, x.shape(), buffer)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parts::tests::on_any_number_of_threads;

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
        assert_eq!(reduce(WindowOp::Sum, holes), [1.0, 2.0, 4.0]);
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
        for (taps, strides, pad) in
            [([1, 2, 2, 1], [1, 2, 2, 1], 0), ([1, 3, 2, 1], [1, 1, 1, 1], 1)]
        {
            let window = window(&taps, &strides, &[(0, 0), (pad, 0), (0, pad), (0, 0)]);
            let places = window.places(&shape);
            let count = layout::count(&places);
            let source = tensor(&(0..count).map(|n| n as f32).collect::<Vec<_>>(), &places);
            let scatter = SelectAndScatter { smallest: true, window: window.clone() };
            let gather = SelectAndGather { smallest: true, window };
            let z = on_any_number_of_threads(|| {
                scatter.run(smallvec![source.clone(), x.clone()]).unwrap()[0].to_vec::<f32>()
            });
            // One is the transpose of the other.
            let y = gather.run(smallvec![x.clone(), x.clone()]).unwrap()[0].to_vec::<f32>();
            let product = |a: &[f32], b: &[f32]| -> f64 {
                a.iter().zip(b).map(|(&a, &b)| a as f64 * b as f64).sum()
            };
            assert_eq!(product(&z, &values), product(&y, &source.to_vec::<f32>()));
        }
    }
}
