//! The largest or smallest of the elements under a window: what lies where it does, and what is
//! added there.

use smallvec::smallvec;

use super::{SelectAndGather, SelectAndScatter};
use crate::buffer::Buffer;
use crate::cost::{Cost, TensorType};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::kernels::common::{Number, arch};
use crate::kernels::parts::Shared;
use crate::kernels::{Kernel, Tensors};
use crate::layout;
use crate::tensor::Tensor;
use crate::threads;

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
        plan.each_run(size_of::<T>(), |entry, places| {
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
        let in_chunk =
            (plan.rows_of_part(size_of::<T>()) / rows_of_line.max(1)).clamp(1, lines.max(1));
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
