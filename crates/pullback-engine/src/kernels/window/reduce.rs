//! The elements under a window, as one.
//!
//! What lies under the window at one place is known by the distances of its taps, which are the same
//! all along a line. Where places follow each other as elements do, they are done at once.

use std::ops::Range;

use smallvec::smallvec;

use super::plan::{Line, Plan, Seen};
use super::{ReduceWindow, WindowOp};
use crate::buffer::Buffer;
use crate::cost::{Cost, TensorType};
use crate::error::Result;
use crate::kernels::common::{Number, arch, with_number};
use crate::kernels::parts::Shared;
use crate::kernels::{Kernel, Tensors};
use crate::layout;
use crate::tensor::Tensor;

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
        plan.each_run(size_of::<T>(), |entry, places| {
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
    places: Range<usize>,
    source: &'a [T],
    out: &'a mut [T],
}

impl<T: Number, const OP: usize> pulp::NullaryFnOnce for Fold<'_, T, OP> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Fold { plan, entry, places, source, out } = self;
        let (row, start) = (plan.row, places.start);
        let mut taps: Vec<usize> = vec![];
        plan.each_line(
            entry,
            places,
            #[inline(always)]
            |place, Line { lines, seen, distance }| {
                let out = &mut out[(place - start) * row..][..seen.len() * row];
                let (mut at, mut known) = (0, usize::MAX);
                while let Some(&Seen { first, count }) = seen.get(at) {
                    if count != known {
                        known = count;
                        taps.clear();
                        for &line in lines {
                            taps.extend((0..count).map(|n| (line + n * distance) * row));
                        }
                    }
                    let follows = |&(n, seen): &(usize, &Seen)| {
                        seen.first == first + n && seen.count == count
                    };
                    let together = seen[at..].iter().enumerate().take_while(follows).count();
                    let out = &mut out[at * row..(at + together) * row];
                    fold_taps::<T, OP>(&source[first * row..], &taps, out);
                    at += together;
                }
            },
        );
    }
}

/// Elements whose folds are kept in registers.
const BLOCK: usize = 32;

/// Each element from those at the distances given, in their order.
#[inline(always)]
fn fold_taps<T: Number, const OP: usize>(source: &[T], taps: &[usize], out: &mut [T]) {
    let length = out.len();
    let at = |tap: usize| &source[tap..][..length];
    match *taps {
        [] => out.fill([T::ZERO, T::LEAST, T::GREATEST][OP]),
        [tap] => out.copy_from_slice(at(tap)),
        [a, b] => {
            for ((slot, &a), &b) in out.iter_mut().zip(at(a)).zip(at(b)) {
                *slot = fold::<T, OP>(a, b);
            }
        }
        [a, b, c, d] => {
            let (a, b, c, d) = (at(a), at(b), at(c), at(d));
            for n in 0..length {
                let front = fold::<T, OP>(a[n], b[n]);
                out[n] = fold::<T, OP>(fold::<T, OP>(front, c[n]), d[n]);
            }
        }
        [first, ref rest @ ..] => {
            let (blocks, end) = out.as_chunks_mut::<BLOCK>();
            for (n, block) in blocks.iter_mut().enumerate() {
                let from = |tap: usize| &source[n * BLOCK + tap..][..BLOCK];
                block.copy_from_slice(from(first));
                let mut folded = *block;
                for &tap in rest {
                    for (folded, &value) in folded.iter_mut().zip(from(tap)) {
                        *folded = fold::<T, OP>(*folded, value);
                    }
                }
                *block = folded;
            }
            let before = blocks.len() * BLOCK;
            for (n, slot) in end.iter_mut().enumerate() {
                let from = |tap: usize| source[before + n + tap];
                *slot = rest.iter().fold(from(first), |x, &tap| fold::<T, OP>(x, from(tap)));
            }
        }
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
