//! Transforms of many lines at once, a line in each lane of a vector.
//!
//! Where lines are of a length without large prime factors, the steps of a transform are the same
//! for all of them, and none of them moves anything between lanes. A line of all lanes is larger
//! than the first-level cache, and each step through it would wait for the second. So a length is
//! a product of two, and there are two passes: the first transforms the elements that are the
//! second factor apart, the second those next to each other, some tens at a time, which the
//! first-level cache holds. Within a pass the steps are those of Stockham: each goes from one of
//! two arrays to the other, and leaves the elements in order.

use std::cell::Cell;

use num_complex::Complex;
use pulp::{NullaryFnOnce, Simd, WithSimd};

use super::Real;
use super::lane::{Lane, Places};
use super::step::{Pass, radices, real, turned};
use crate::kernels::common::arch;
use crate::kernels::copy::transpose_bytes;
use crate::kernels::parts::Shared;

/// The longest lines: their elements, of all lanes, should fit the second-level cache, and those
/// of both arrays of a pass the first.
const LONGEST: usize = 4096;
/// Lines up to this length are transformed in one pass.
const SHORT: usize = 64;
/// Elements of lines that change between lines and lanes at once.
const ROWS: usize = 32;

/// How lines of one length are transformed.
pub(super) struct Batch<T> {
    pub length: usize,
    /// Elements `p + second * k`, for each `p`.
    first: Pass<T>,
    /// What these give for each `k`, next to each other.
    second: Pass<T>,
    /// By what the results of the first pass are multiplied, for each `p` those of all `k`.
    between: Vec<[T; 2]>,
    /// Where each element of the result is after both passes.
    places: Vec<usize>,
    /// The turns from each element to that of a real line of twice the length.
    turns: Vec<[T; 2]>,
}

impl<T: Real> Batch<T> {
    /// None for lengths with other prime factors than 2, 3 and 5, and for long ones.
    pub(super) fn new(length: usize) -> Option<Batch<T>> {
        if !(2..=LONGEST).contains(&length) {
            return None;
        }
        radices(length)?;
        let is_short = length <= SHORT;
        let root = (1..).take_while(|n| n * n <= length).filter(|&n| length.is_multiple_of(n));
        let second = if is_short { 1 } else { length / root.last()? };
        let first = length / second;
        let between = (0..second).flat_map(|p| (0..first).map(move |k| turned(p * k, length)));
        Some(Batch {
            length,
            first: Pass::new(first)?,
            second: Pass::new(second)?,
            between: between.collect(),
            places: (0..length).map(|k| k % first * second + k / first).collect(),
            turns: (0..=length).map(|k| turned(k, 2 * length)).collect(),
        })
    }

    /// Elements of scratch memory that a run needs.
    pub(super) fn scratch(&self) -> usize {
        (self.length + 1 + 2 * self.longest() + ROWS) * 2 * lanes::<T>()
    }

    /// Elements of the longer pass.
    fn longest(&self) -> usize {
        self.first.length.max(self.second.length)
    }
}

/// How many lines are transformed at once: as many as a vector has lanes.
pub(super) fn lanes<T: Real>() -> usize {
    struct Lanes<T>(std::marker::PhantomData<T>);
    impl<T: Real> WithSimd for Lanes<T> {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            size_of::<T::Vector<S>>() / size_of::<T>()
        }
    }
    arch().dispatch(Lanes::<T>(std::marker::PhantomData))
}

/// What is transformed: at most as many lines as there are lanes.
pub(super) enum Lines<'a, T> {
    /// Complex lines one after the other, from elsewhere or in place.
    Complex(Option<&'a [Complex<T>]>, &'a mut [Complex<T>]),
    /// Columns.
    Columns(Columns<'a, T>),
    /// Real lines of twice the length, and the first halves of their transforms.
    Forward(&'a [T], &'a mut [Complex<T>]),
    /// The reverse.
    Backward(&'a [Complex<T>], &'a mut [T]),
}

/// So many columns from an element on, with the distance of rows; from elsewhere or in place.
pub(super) struct Columns<'a, T> {
    pub from: Option<&'a [Complex<T>]>,
    pub all: &'a Shared<'a, Complex<T>>,
    pub start: usize,
    pub width: usize,
    pub pitch: usize,
}

/// Transforms some lines. The factor is what results are multiplied by.
pub(super) struct Run<'a, T> {
    pub batch: &'a Batch<T>,
    pub lines: Lines<'a, T>,
    pub inverse: bool,
    pub factor: Option<T>,
    pub scratch: &'a mut [T],
}

impl<T: Real> Run<'_, T> {
    pub(super) fn run(self) {
        arch().dispatch(self);
    }
}

impl<T: Real> WithSimd for Run<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Run { batch, lines, inverse, factor, scratch } = self;
        let (n, lanes) = (batch.length, size_of::<T::Vector<S>>() / size_of::<T>());
        let (vectors, rows) = scratch.split_at_mut(2 * (n + 1 + 2 * batch.longest()) * lanes);
        let vectors: &mut [T::Vector<S>] = bytemuck::cast_slice_mut(vectors);
        let (z, near) = Cell::from_mut(vectors).as_slice_of_cells().split_at(2 * (n + 1));
        let (here, there) = near.split_at(2 * batch.longest());
        let work = Work { simd, batch, z, here, there };
        let rows: &mut [Complex<T>] = bytemuck::cast_slice_mut(&mut rows[..2 * ROWS * lanes]);
        rows.fill(Complex { re: T::zero(), im: T::zero() });
        match lines {
            Lines::Complex(from, to) => {
                work.load_lines(from.unwrap_or(to), n, inverse, rows);
                work.transform();
                work.store_lines(
                    to,
                    n,
                    rows,
                    #[inline(always)]
                    |k| work.result(k).finished(inverse, factor),
                );
            }
            Lines::Columns(columns) => work.columns(&columns, inverse, factor, rows),
            Lines::Forward(lines, halves) => {
                work.load_lines(bytemuck::cast_slice(lines), n, false, rows);
                work.transform();
                let half = real::<T>(0.5);
                work.store_lines(
                    halves,
                    n + 1,
                    rows,
                    #[inline(always)]
                    |k| {
                        let front = work.result(if k == n { 0 } else { k });
                        let back = work.result(if k == 0 { 0 } else { n - k }).conj();
                        let (even, odd) = (front.plus(back), front.minus(back).quarter());
                        even.plus(odd.times(batch.turns[k])).scaled(half)
                    },
                );
            }
            Lines::Backward(halves, lines) => {
                work.load_lines(halves, n + 1, false, rows);
                // What stands for no wave, and for the shortest one, is real in any real line.
                let zero = T::splat(simd, T::zero());
                z[1].set(zero);
                z[2 * n + 1].set(zero);
                // Each element needs the one that is as far from the end.
                for k in 0..=n / 2 {
                    let (one, other) = (Lane::of(simd, z, k), Lane::of(simd, z, n - k));
                    one.unfolded(other, batch.turns[k]).put(z, k);
                    other.unfolded(one, batch.turns[n - k]).put(z, n - k);
                }
                work.transform();
                work.store_lines(
                    bytemuck::cast_slice_mut(lines),
                    n,
                    rows,
                    #[inline(always)]
                    |k| work.result(k).finished(true, factor),
                );
            }
        }
    }
}

/// The memory that lines are transformed in, of which a vector holds a number of each line. Each
/// element is two numbers.
struct Work<'a, T: Real, S: Simd> {
    simd: S,
    batch: &'a Batch<T>,
    /// A line, and an element more.
    z: &'a [Cell<T::Vector<S>>],
    /// The two arrays of a pass.
    here: &'a [Cell<T::Vector<S>>],
    there: &'a [Cell<T::Vector<S>>],
}

impl<T: Real, S: Simd> Work<'_, T, S> {
    /// An element of the result of `transform`.
    #[inline(always)]
    fn result(&self, k: usize) -> Lane<T, S> {
        Lane::of(self.simd, self.z, self.batch.places[k])
    }

    /// Transforms lines in place, but for the order: each element of the result is at its place.
    #[inline(always)]
    fn transform(&self) {
        let (a, b) = (self.batch.first.length, self.batch.second.length);
        for p in 0..b {
            let own = Places { vectors: &self.z[2 * p..], apart: b };
            self.pass(&self.batch.first, own, own, self.turns(p));
        }
        for k in 0..if b == 1 { 0 } else { a } {
            let own = Places { vectors: &self.z[2 * k * b..], apart: 1 };
            self.pass(&self.batch.second, own, own, None);
        }
    }

    /// By what the results of the first pass are multiplied for a `p`.
    #[inline(always)]
    fn turns(&self, p: usize) -> Option<&[[T; 2]]> {
        let a = self.batch.first.length;
        (p > 0).then(|| &self.batch.between[p * a..][..a])
    }

    /// Transforms columns.
    #[inline(always)]
    fn columns(
        &self,
        columns: &Columns<T>,
        inverse: bool,
        factor: Option<T>,
        spare: &mut [Complex<T>],
    ) {
        let (simd, batch) = (self.simd, self.batch);
        let (a, b) = (batch.first.length, batch.second.length);
        let [here, there] = [self.here, self.there].map(|vectors| Places { vectors, apart: 1 });
        // Where the last step of a pass does not read.
        let free = if batch.second.stages.len().is_multiple_of(2) { here } else { there };
        for p in 0..b {
            let rows = (p, b);
            simd.vectorize(ReadRows {
                simd,
                columns,
                rows,
                inverse,
                to: &self.here[..2 * a],
                spare,
            });
            let to = Places { vectors: &self.z[2 * p..], apart: b };
            self.pass(&batch.first, here, to, self.turns(p));
        }
        for k in 0..a {
            let own = Places { vectors: &self.z[2 * k * b..], apart: 1 };
            let to = if b == 1 { own } else { free };
            if b > 1 {
                self.pass(&batch.second, own, to, None);
            }
            let (rows, from) = ((k, a), &to.vectors[..2 * b]);
            simd.vectorize(WriteRows { simd, columns, rows, inverse, factor, from, spare });
        }
    }

    /// Transforms elements from some places to others, which may be the same, and multiplies the
    /// results.
    #[inline(always)]
    fn pass(&self, pass: &Pass<T>, from: Places<T, S>, to: Places<T, S>, turns: Option<&[[T; 2]]>) {
        let [here, there] = [self.here, self.there].map(|vectors| Places { vectors, apart: 1 });
        let (mut beside, mut now) = (1, from);
        for (n, stage) in pass.stages.iter().enumerate() {
            let is_last = n + 1 == pass.stages.len();
            let next = match n {
                _ if is_last => to,
                // What is read may be `here`, and what is read last be written `there`.
                _ if n % 2 == 0 => there,
                _ => here,
            };
            stage.run(self.simd, (now, next), beside, if is_last { turns } else { None });
            beside *= stage.radix;
            now = next;
        }
    }

    /// Reads lines of `length` elements, one after the other, into lanes.
    #[inline(always)]
    fn load_lines(
        &self,
        lines: &[Complex<T>],
        length: usize,
        inverse: bool,
        rows: &mut [Complex<T>],
    ) {
        let (count, lanes) = (lines.len() / length, rows.len() / ROWS);
        for first in (0..length).step_by(ROWS) {
            let together = ROWS.min(length - first);
            transpose_bytes(
                size_of::<Complex<T>>(),
                bytemuck::cast_slice(lines),
                (first as isize, length as isize),
                bytemuck::cast_slice_mut(rows),
                lanes,
                [together, count],
            );
            for (k, row) in rows[..together * lanes].chunks_exact(lanes).enumerate() {
                Lane::read(self.simd, row).exchanged(inverse).put(self.z, first + k);
            }
        }
    }

    /// Writes the lanes of each element to lines of `length` elements, one after the other.
    #[inline(always)]
    fn store_lines(
        &self,
        lines: &mut [Complex<T>],
        length: usize,
        rows: &mut [Complex<T>],
        element: impl Fn(usize) -> Lane<T, S>,
    ) {
        let (count, lanes) = (lines.len() / length, rows.len() / ROWS);
        for first in (0..length).step_by(ROWS) {
            let together = ROWS.min(length - first);
            for (k, row) in rows[..together * lanes].chunks_exact_mut(lanes).enumerate() {
                element(first + k).write(row);
            }
            transpose_bytes(
                size_of::<Complex<T>>(),
                bytemuck::cast_slice(rows),
                (0, lanes as isize),
                &mut bytemuck::cast_slice_mut(lines)[first * size_of::<Complex<T>>()..],
                length,
                [count, together],
            );
        }
    }
}

/// Reads rows that are equally far apart.
struct ReadRows<'a, T: Real, S: Simd> {
    simd: S,
    columns: &'a Columns<'a, T>,
    rows: (usize, usize),
    inverse: bool,
    to: &'a [Cell<T::Vector<S>>],
    spare: &'a mut [Complex<T>],
}

impl<T: Real, S: Simd> NullaryFnOnce for ReadRows<'_, T, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let ReadRows { simd, columns, rows: (first, apart), inverse, to, spare } = self;
        let &Columns { from, all, start, width, pitch } = columns;
        let whole = width == spare.len() / ROWS;
        for k in 0..to.len() / 2 {
            let at = start + (first + k * apart) * pitch;
            let row = match from {
                Some(from) => &from[at..at + width],
                // SAFETY: these are the columns of this run, which no other has, one row of them
                // at a time.
                None => unsafe { all.part(at, width) },
            };
            let row = match whole {
                true => row,
                false => {
                    spare[..width].copy_from_slice(row);
                    &*spare
                }
            };
            Lane::read(simd, row).exchanged(inverse).put(to, k);
        }
    }
}

/// Writes rows that are equally far apart.
struct WriteRows<'a, T: Real, S: Simd> {
    simd: S,
    columns: &'a Columns<'a, T>,
    rows: (usize, usize),
    inverse: bool,
    factor: Option<T>,
    from: &'a [Cell<T::Vector<S>>],
    spare: &'a mut [Complex<T>],
}

impl<T: Real, S: Simd> NullaryFnOnce for WriteRows<'_, T, S> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let WriteRows { simd, columns, rows: (first, apart), inverse, factor, from, spare } = self;
        let &Columns { all, start, width, pitch, .. } = columns;
        let whole = width == spare.len() / ROWS;
        for k in 0..from.len() / 2 {
            // SAFETY: these are the columns of this run, which no other has, one row of them at a
            // time.
            let row = unsafe { all.part(start + (first + k * apart) * pitch, width) };
            let lane = Lane::<T, S>::of(simd, from, k).finished(inverse, factor);
            if whole {
                lane.write(row);
            } else {
                lane.write(spare);
                row.copy_from_slice(&spare[..width]);
            }
        }
    }
}
