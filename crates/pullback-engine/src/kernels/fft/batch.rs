//! Transforms of many lines at once, a line in each lane of a vector.
//!
//! Where lines are of a length without large prime factors, the steps of a transform are the same
//! for all of them, and none of them moves anything between lanes. The steps are those of Stockham:
//! each goes from one of two arrays to the other, and leaves the elements in order.

use num_complex::Complex;

use super::Real;
use crate::kernels::common::arch;
use crate::kernels::copy::transpose_bytes;
use crate::kernels::parts::Shared;

/// The longest lines: twice their elements, of all lanes, should fit the second-level cache.
const LONGEST: usize = 2048;
/// Elements of lines that change between lines and lanes at once.
const ROWS: usize = 32;

/// How lines of one length are transformed.
pub(super) struct Batch<T> {
    pub length: usize,
    stages: Vec<Stage<T>>,
    /// The turns from each element to that of a real line of twice the length.
    turns: Vec<[T; 2]>,
}

/// A step: what is left are `rest` times `radix` elements, of which each `radix` are transformed.
struct Stage<T> {
    radix: usize,
    rest: usize,
    /// By what all but the first of each are multiplied afterwards.
    twiddles: Vec<[T; 2]>,
}

/// `exp(-2πi turn / whole)`.
fn turned<T: Real>(turn: usize, whole: usize) -> [T; 2] {
    let angle = -std::f64::consts::TAU * (turn % whole) as f64 / whole as f64;
    [angle.cos(), angle.sin()].map(real)
}

#[inline(always)]
fn real<T: Real>(value: f64) -> T {
    T::from_f64(value).unwrap_or_else(T::zero)
}

impl<T: Real> Batch<T> {
    /// None for lengths with other prime factors than 2, 3 and 5, and for long ones.
    pub(super) fn new(length: usize) -> Option<Batch<T>> {
        if !(2..=LONGEST).contains(&length) {
            return None;
        }
        let (mut whole, mut stages) = (length, vec![]);
        for radix in [5, 3, 4, 2] {
            while whole.is_multiple_of(radix) {
                let rest = whole / radix;
                let twiddles =
                    (0..rest).flat_map(|p| (1..radix).map(move |j| turned(p * j, whole))).collect();
                stages.push(Stage { radix, rest, twiddles });
                whole = rest;
            }
        }
        let turns = (0..=length).map(|k| turned(k, 2 * length)).collect();
        (whole == 1).then_some(Batch { length, stages, turns })
    }

    /// Elements of scratch memory that lines of so many lanes need.
    pub(super) fn scratch(&self, lanes: usize) -> usize {
        (2 * (self.length + 1) + ROWS) * 2 * lanes
    }
}

/// What is transformed: at most as many lines as there are lanes.
pub(super) enum Lines<'a, T> {
    /// Complex lines one after the other, in place.
    Complex(&'a mut [Complex<T>]),
    /// So many columns from an element on, with the distance of rows.
    Columns { all: &'a Shared<'a, Complex<T>>, start: usize, width: usize, pitch: usize },
    /// Real lines of twice the length, and the first halves of their transforms.
    Forward(&'a [T], &'a mut [Complex<T>]),
    /// The reverse.
    Backward(&'a [Complex<T>], &'a mut [T]),
}

/// Transforms some lines. The factor is what results are multiplied by.
pub(super) struct Run<'a, T, const LANES: usize> {
    pub batch: &'a Batch<T>,
    pub lines: Lines<'a, T>,
    pub inverse: bool,
    pub factor: Option<T>,
    pub scratch: &'a mut [T],
}

impl<T: Real, const LANES: usize> Run<'_, T, LANES> {
    pub(super) fn run(self) {
        arch().dispatch(self);
    }
}

impl<T: Real, const LANES: usize> pulp::NullaryFnOnce for Run<'_, T, LANES> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Run { batch, lines, inverse, factor, scratch } = self;
        let n = batch.length;
        let (arrays, rows) = scratch.split_at_mut(4 * (n + 1) * LANES);
        let (arrays, _) = arrays.as_chunks_mut::<LANES>();
        let (x, y) = arrays.split_at_mut(2 * (n + 1));
        let rows: &mut [Complex<T>] = bytemuck::cast_slice_mut(rows);
        rows.fill(Complex { re: T::zero(), im: T::zero() });
        match lines {
            Lines::Complex(lines) => {
                load_lines(lines, n, inverse, rows, x);
                let z = transform(batch, x, y);
                store_lines(
                    lines,
                    n,
                    rows,
                    #[inline(always)]
                    |k| Lane::of(z, k).finished(inverse, factor),
                );
            }
            Lines::Columns { all, start, width, pitch } => {
                for k in 0..n {
                    // SAFETY: these are the columns of this run, which no other has, one row of
                    // them at a time.
                    let row = unsafe { all.part(start + k * pitch, width) };
                    let lane = match width == LANES {
                        true => Lane::read(row),
                        false => {
                            rows[..width].copy_from_slice(row);
                            Lane::read(rows)
                        }
                    };
                    lane.exchanged(inverse).put(x, k);
                }
                let z = transform(batch, x, y);
                for k in 0..n {
                    // SAFETY: as above.
                    let row = unsafe { all.part(start + k * pitch, width) };
                    let lane = Lane::of(z, k).finished(inverse, factor);
                    if width == LANES {
                        lane.write(row);
                    } else {
                        lane.write(rows);
                        row.copy_from_slice(&rows[..width]);
                    }
                }
            }
            Lines::Forward(lines, halves) => {
                load_lines(bytemuck::cast_slice(lines), n, false, rows, x);
                let z = transform(batch, x, y);
                let half = real::<T>(0.5);
                store_lines(
                    halves,
                    n + 1,
                    rows,
                    #[inline(always)]
                    |k| {
                        let (front, back) = (Lane::of(z, k % n), Lane::of(z, (n - k) % n).conj());
                        let (even, odd) = (front.plus(back), front.minus(back).quarter());
                        even.plus(odd.times(batch.turns[k])).scaled(half)
                    },
                );
            }
            Lines::Backward(halves, lines) => {
                load_lines(halves, n + 1, false, rows, x);
                // What stands for no wave, and for the shortest one, is real in any real line.
                x[1] = [T::zero(); LANES];
                x[2 * n + 1] = [T::zero(); LANES];
                for k in 0..n {
                    let (front, back) = (Lane::of(x, k), Lane::of(x, n - k).conj());
                    let odd = front.minus(back).times_conj(batch.turns[k]);
                    let z = front.plus(back).minus(odd.quarter());
                    z.exchanged(true).put(y, k);
                }
                let z = transform(batch, y, x);
                store_lines(
                    bytemuck::cast_slice_mut(lines),
                    n,
                    rows,
                    #[inline(always)]
                    |k| Lane::of(z, k).finished(true, factor),
                );
            }
        }
    }
}

/// Reads lines of `length` elements, one after the other, into lanes.
#[inline(always)]
fn load_lines<T: Real, const LANES: usize>(
    lines: &[Complex<T>],
    length: usize,
    inverse: bool,
    rows: &mut [Complex<T>],
    x: &mut [[T; LANES]],
) {
    let count = lines.len() / length;
    for first in (0..length).step_by(ROWS) {
        let together = ROWS.min(length - first);
        transpose_bytes(
            size_of::<Complex<T>>(),
            bytemuck::cast_slice(lines),
            (first as isize, length as isize),
            bytemuck::cast_slice_mut(rows),
            LANES,
            [together, count],
        );
        arch().dispatch(Apart::<T, LANES> {
            rows: &rows[..together * LANES],
            inverse,
            x: &mut x[2 * first..2 * (first + together)],
        });
    }
}

/// Real and imaginary parts, moved apart.
struct Apart<'a, T, const LANES: usize> {
    rows: &'a [Complex<T>],
    inverse: bool,
    x: &'a mut [[T; LANES]],
}

impl<T: Real, const LANES: usize> pulp::NullaryFnOnce for Apart<'_, T, LANES> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Apart { rows, inverse, x } = self;
        for (k, row) in rows.chunks_exact(LANES).enumerate() {
            Lane::read(row).exchanged(inverse).put(x, k);
        }
    }
}

/// Writes the lanes of each element to lines of `length` elements, one after the other.
#[inline(always)]
fn store_lines<T: Real, const LANES: usize>(
    lines: &mut [Complex<T>],
    length: usize,
    rows: &mut [Complex<T>],
    element: impl Fn(usize) -> Lane<T, LANES>,
) {
    let count = lines.len() / length;
    for first in (0..length).step_by(ROWS) {
        let together = ROWS.min(length - first);
        for k in 0..together {
            element(first + k).write(&mut rows[k * LANES..]);
        }
        transpose_bytes(
            size_of::<Complex<T>>(),
            bytemuck::cast_slice(rows),
            (0, LANES as isize),
            &mut bytemuck::cast_slice_mut(lines)[first * size_of::<Complex<T>>()..],
            length,
            [count, together],
        );
    }
}

/// Transforms what is in the first array, and says which of the two has the result.
fn transform<'a, T: Real, const LANES: usize>(
    batch: &Batch<T>,
    mut from: &'a mut [[T; LANES]],
    mut to: &'a mut [[T; LANES]],
) -> &'a [[T; LANES]] {
    let mut beside = 1;
    for stage in &batch.stages {
        // Each by itself: all in one function are too much to be made vectors of.
        match stage.radix {
            2 => arch().dispatch(Step::<T, LANES, 2> { stage, beside, from, to }),
            3 => arch().dispatch(Step::<T, LANES, 3> { stage, beside, from, to }),
            4 => arch().dispatch(Step::<T, LANES, 4> { stage, beside, from, to }),
            _ => arch().dispatch(Step::<T, LANES, 5> { stage, beside, from, to }),
        }
        beside *= stage.radix;
        std::mem::swap(&mut from, &mut to);
    }
    from
}

struct Step<'a, T, const LANES: usize, const RADIX: usize> {
    stage: &'a Stage<T>,
    beside: usize,
    from: &'a [[T; LANES]],
    to: &'a mut [[T; LANES]],
}

impl<T: Real, const LANES: usize, const RADIX: usize> pulp::NullaryFnOnce
    for Step<'_, T, LANES, RADIX>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        step::<T, LANES, RADIX>(self.stage, self.beside, self.from, self.to);
    }
}

/// Each `RADIX` elements that are equally far apart, transformed, one after the other.
#[inline(always)]
fn step<T: Real, const LANES: usize, const RADIX: usize>(
    stage: &Stage<T>,
    beside: usize,
    from: &[[T; LANES]],
    to: &mut [[T; LANES]],
) {
    let length = beside * RADIX * stage.rest;
    let (from, to) = (&from[..2 * length], &mut to[..2 * length]);
    let twiddles = stage.twiddles.chunks_exact(RADIX - 1);
    for (p, twiddles) in twiddles.enumerate() {
        for q in 0..beside {
            // Values by name: arrays of them would be kept in memory.
            macro_rules! a {
                ($k:expr) => {
                    Lane::<T, LANES>::of(from, q + beside * (p + $k * stage.rest))
                };
            }
            macro_rules! put {
                (0, $value:expr) => {
                    $value.put(to, q + beside * RADIX * p)
                };
                ($j:expr, $value:expr) => {
                    $value.times(twiddles[$j - 1]).put(to, q + beside * (RADIX * p + $j))
                };
            }
            match RADIX {
                2 => {
                    let (a0, a1) = (a!(0), a!(1));
                    put!(0, a0.plus(a1));
                    put!(1, a0.minus(a1));
                }
                3 => {
                    let (a0, a1, a2) = (a!(0), a!(1), a!(2));
                    let sin = real(0.866_025_403_784_438_6);
                    let (sum, difference) = (a1.plus(a2), a1.minus(a2).quarter().scaled(sin));
                    let middle = a0.minus(sum.scaled(real(0.5)));
                    put!(0, a0.plus(sum));
                    put!(1, middle.plus(difference));
                    put!(2, middle.minus(difference));
                }
                4 => {
                    let (a0, a1, a2, a3) = (a!(0), a!(1), a!(2), a!(3));
                    let (even, odd) = (a0.plus(a2), a1.plus(a3));
                    let (front, back) = (a0.minus(a2), a1.minus(a3).quarter());
                    put!(0, even.plus(odd));
                    put!(1, front.plus(back));
                    put!(2, even.minus(odd));
                    put!(3, front.minus(back));
                }
                _ => {
                    let (a0, a1, a2, a3, a4) = (a!(0), a!(1), a!(2), a!(3), a!(4));
                    let cos = [0.309_016_994_374_947_45, -0.809_016_994_374_947_5].map(real::<T>);
                    let sin = [0.951_056_516_295_153_5, 0.587_785_252_292_473_1].map(real::<T>);
                    let (outer, inner) = (a1.plus(a4), a2.plus(a3));
                    let (across, within) = (a1.minus(a4), a2.minus(a3));
                    let first = a0.plus(outer.scaled(cos[0])).plus(inner.scaled(cos[1]));
                    let second = a0.plus(outer.scaled(cos[1])).plus(inner.scaled(cos[0]));
                    let turned = across.scaled(sin[0]).plus(within.scaled(sin[1])).quarter();
                    let other = across.scaled(sin[1]).minus(within.scaled(sin[0])).quarter();
                    put!(0, a0.plus(outer).plus(inner));
                    put!(1, first.plus(turned));
                    put!(2, second.plus(other));
                    put!(3, second.minus(other));
                    put!(4, first.minus(turned));
                }
            }
        }
    }
}

/// An element of each line.
#[derive(Clone, Copy)]
struct Lane<T, const LANES: usize> {
    re: [T; LANES],
    im: [T; LANES],
}

/// What an expression is for every lane; the loop is known to end, so that all is one register.
macro_rules! lanes {
    ($v:ident => $value:expr) => {{
        let mut lanes = [T::zero(); LANES];
        for $v in 0..LANES {
            lanes[$v] = $value;
        }
        lanes
    }};
}

impl<T: Real, const LANES: usize> Lane<T, LANES> {
    #[inline(always)]
    fn of(x: &[[T; LANES]], k: usize) -> Self {
        Lane { re: x[2 * k], im: x[2 * k + 1] }
    }

    #[inline(always)]
    fn put(self, x: &mut [[T; LANES]], k: usize) {
        (x[2 * k], x[2 * k + 1]) = (self.re, self.im);
    }

    #[inline(always)]
    fn read(row: &[Complex<T>]) -> Self {
        let row: &[Complex<T>; LANES] = row[..LANES].try_into().expect("as many as lanes");
        let row = *row;
        Lane { re: lanes!(v => row[v].re), im: lanes!(v => row[v].im) }
    }

    #[inline(always)]
    fn write(self, row: &mut [Complex<T>]) {
        for (v, slot) in row[..LANES].iter_mut().enumerate() {
            *slot = Complex { re: self.re[v], im: self.im[v] };
        }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        let (re, im) =
            (lanes!(v => self.re[v] + other.re[v]), lanes!(v => self.im[v] + other.im[v]));
        Lane { re, im }
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        let (re, im) =
            (lanes!(v => self.re[v] - other.re[v]), lanes!(v => self.im[v] - other.im[v]));
        Lane { re, im }
    }

    #[inline(always)]
    fn scaled(self, by: T) -> Self {
        Lane { re: lanes!(v => self.re[v] * by), im: lanes!(v => self.im[v] * by) }
    }

    #[inline(always)]
    fn times(self, [re, im]: [T; 2]) -> Self {
        Lane {
            re: lanes!(v => self.re[v] * re - self.im[v] * im),
            im: lanes!(v => self.re[v] * im + self.im[v] * re),
        }
    }

    #[inline(always)]
    fn times_conj(self, [re, im]: [T; 2]) -> Self {
        self.times([re, -im])
    }

    /// What a result is in the end.
    #[inline(always)]
    fn finished(self, inverse: bool, factor: Option<T>) -> Self {
        let value = self.exchanged(inverse);
        match factor {
            Some(factor) => value.scaled(factor),
            None => value,
        }
    }

    /// The inverse is the transform with real and imaginary parts exchanged, before and after.
    #[inline(always)]
    fn exchanged(self, inverse: bool) -> Self {
        let Lane { re, im } = self;
        if inverse { Lane { re: im, im: re } } else { self }
    }

    #[inline(always)]
    fn conj(self) -> Self {
        Lane { re: self.re, im: lanes!(v => -self.im[v]) }
    }

    /// Turned back by a quarter: times `-i`.
    #[inline(always)]
    fn quarter(self) -> Self {
        Lane { re: self.im, im: lanes!(v => -self.re[v]) }
    }
}
