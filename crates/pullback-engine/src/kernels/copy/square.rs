//! Transposes planes square by square.
//!
//! The sides of a square are a cache line long. Squares are taken in an order that reads lines
//! next to each other, and never more of them at a time than the cache can hold.

use std::ops::Range;

use bytemuck::Pod;

use super::LINE;
#[cfg(target_arch = "x86_64")]
use crate::isa::{Isa, isa};

/// Bytes of a register that every processor has.
const REGISTER: usize = 16;
/// Squares next to each other in the source that are taken one after the other.
const NEIGHBOURS: usize = 8;

/// Element `r * down + c` of the target becomes that at `at + c * across + r` of the source.
pub(super) fn transpose_plane<T: Pod>(
    source: &[T],
    (at, across): (isize, isize),
    target: &mut [T],
    down: usize,
    [rows, columns]: [usize; 2],
) {
    let plane = Plane { source, at, across, target, down, rows, columns };
    #[cfg(target_arch = "x86_64")]
    if matches!(size_of::<T>(), 4 | 8)
        && isa() >= Isa::Avx2
        && let Some(simd) = pulp::x86::V3::try_new()
    {
        return match size_of::<T>() {
            4 => simd.vectorize(wide::Wide::<T, 8> { simd, plane }),
            _ => simd.vectorize(wide::Wide::<T, 4> { simd, plane }),
        };
    }
    match size_of::<T>() {
        1 => plane.run(narrow::<T, 64, 16>),
        2 => plane.run(narrow::<T, 32, 8>),
        4 => plane.run(narrow::<T, 16, 4>),
        8 => plane.run(narrow::<T, 8, 2>),
        _ => plane.run(narrow::<T, 4, 1>),
    }
}

struct Plane<'a, T> {
    source: &'a [T],
    at: isize,
    across: isize,
    target: &'a mut [T],
    down: usize,
    rows: usize,
    columns: usize,
}

impl<T: Pod> Plane<'_, T> {
    /// Transposes whole squares by `square`, which is given their first row and column, and what
    /// is left element by element.
    #[inline(always)]
    fn run(mut self, square: impl Fn(&mut Self, usize, usize)) {
        let side = LINE / size_of::<T>();
        let (rows, columns) = (self.rows / side * side, self.columns / side * side);
        for first in (0..rows).step_by(NEIGHBOURS * side) {
            for column in (0..columns).step_by(side) {
                for row in (first..rows.min(first + NEIGHBOURS * side)).step_by(side) {
                    square(&mut self, row, column);
                }
            }
        }
        self.one_by_one(0..rows, columns..self.columns);
        self.one_by_one(rows..self.rows, 0..self.columns);
    }

    /// Makes sure that all elements are within source and target.
    ///
    /// # Panics
    /// If they are not.
    fn check(&self) {
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        let ends = [self.at, self.at + (self.columns - 1) as isize * self.across];
        let last = (self.rows - 1) * self.down + self.columns - 1;
        let inside = |end: isize| end >= 0 && end as usize + self.rows <= self.source.len();
        assert!(ends.into_iter().all(inside) && last < self.target.len(), "a plane within bounds");
    }

    fn one_by_one(&mut self, rows: Range<usize>, columns: Range<usize>) {
        for column in columns {
            let start = self.from(rows.start, column);
            let line = &self.source[start..start + rows.len()];
            for (row, &value) in rows.clone().zip(line) {
                self.target[row * self.down + column] = value;
            }
        }
    }

    #[inline(always)]
    fn from(&self, row: usize, column: usize) -> usize {
        (self.at + column as isize * self.across) as usize + row
    }
}

/// A square of elements of which `SIDE` fill a cache line, and `LANES` a register. Each line of
/// the source is read at once and each of the target written at once, so that lines which share a
/// place in the cache do not drive each other out.
#[inline(always)]
fn narrow<T: Pod, const SIDE: usize, const LANES: usize>(
    plane: &mut Plane<T>,
    row: usize,
    column: usize,
) {
    debug_assert_eq!((SIDE * size_of::<T>(), LANES * size_of::<T>()), (LINE, REGISTER));
    let lines: [[T; SIDE]; SIDE] = std::array::from_fn(|c| {
        let line = &plane.source[plane.from(row, column + c)..][..SIDE];
        line.try_into().expect("a line of that many elements")
    });
    for r in (0..SIDE).step_by(LANES) {
        let mut out = [[T::zeroed(); SIDE]; LANES];
        for c in (0..SIDE).step_by(LANES) {
            let small: [[T; LANES]; LANES] = std::array::from_fn(|i| {
                let part = &lines[c + i][r..r + LANES];
                part.try_into().expect("a part of that many elements")
            });
            let small = transposed(small);
            for i in 0..LANES {
                out[i][c..c + LANES].copy_from_slice(&small[i]);
            }
        }
        for (i, out) in out.iter().enumerate() {
            let start = (row + r + i) * plane.down + column;
            plane.target[start..start + SIDE].copy_from_slice(out);
        }
    }
}

/// A square as wide as a register, transposed: interleaving the first half of its rows with the
/// second, as often as halves can be halved, moves each element to its place.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn transposed<T: Pod, const N: usize>(square: [[T; N]; N]) -> [[T; N]; N] {
    use std::arch::x86_64::*;
    let mut rows: [__m128i; N] = square.map(|row| {
        let bytes: [u8; REGISTER] =
            bytemuck::cast_slice(&row).try_into().expect("rows as wide as a register");
        bytemuck::cast(bytes)
    });
    let mut half = N;
    while half > 1 {
        let mut next = rows;
        for i in 0..N / 2 {
            let (a, b) = (rows[i], rows[i + N / 2]);
            // SAFETY: every processor of this architecture has these instructions.
            #[allow(unused_unsafe)]
            let (low, high) = unsafe {
                match size_of::<T>() {
                    1 => (_mm_unpacklo_epi8(a, b), _mm_unpackhi_epi8(a, b)),
                    2 => (_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b)),
                    4 => (_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b)),
                    _ => (_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b)),
                }
            };
            (next[2 * i], next[2 * i + 1]) = (low, high);
        }
        rows = next;
        half /= 2;
    }
    rows.map(|row| {
        let mut elements = [T::zeroed(); N];
        let bytes: [u8; REGISTER] = bytemuck::cast(row);
        bytemuck::cast_slice_mut(&mut elements).copy_from_slice(&bytes);
        elements
    })
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn transposed<T: Pod, const N: usize>(square: [[T; N]; N]) -> [[T; N]; N] {
    std::array::from_fn(|r| std::array::from_fn(|c| square[c][r]))
}

/// Squares by registers of 32 bytes.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{__m256i, _mm256_loadu_si256, _mm256_storeu_si256};

    use bytemuck::Pod;
    use pulp::x86::V3;

    use super::Plane;

    /// A plane of elements of which `LANES` fill a register.
    pub(super) struct Wide<'a, T, const LANES: usize> {
        pub(super) simd: V3,
        pub(super) plane: Plane<'a, T>,
    }

    impl<T: Pod, const LANES: usize> pulp::NullaryFnOnce for Wide<'_, T, LANES> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let Wide { simd, mut plane } = self;
            plane.check();
            let (rows, columns) = (plane.rows / LANES * LANES, plane.columns / LANES * LANES);
            // Neighbours in the source one after the other, two registers of each line at a time.
            let strip = super::NEIGHBOURS * 2 * LANES;
            for first in (0..rows).step_by(strip) {
                let last = rows.min(first + strip);
                for column in (0..columns).step_by(2 * LANES) {
                    let half = columns - column == LANES;
                    for row in (first..last).step_by(2 * LANES) {
                        let both = last - row > LANES;
                        // SAFETY: `check` has seen that all elements of the plane are within source
                        // and target, and these squares are within the plane.
                        unsafe {
                            square::<T, LANES>(simd, &mut plane, row, column);
                            if !half {
                                square::<T, LANES>(simd, &mut plane, row, column + LANES);
                            }
                            if both {
                                square::<T, LANES>(simd, &mut plane, row + LANES, column);
                            }
                            if both && !half {
                                square::<T, LANES>(simd, &mut plane, row + LANES, column + LANES);
                            }
                        }
                    }
                }
            }
            if rows == 0 || columns == 0 {
                return plane.one_by_one(0..plane.rows, 0..plane.columns);
            }
            // What is left by squares that take some elements again.
            let (last_row, last_column) = (plane.rows - LANES, plane.columns - LANES);
            // SAFETY: as above.
            unsafe {
                if rows < plane.rows {
                    for column in (0..columns).step_by(LANES) {
                        square::<T, LANES>(simd, &mut plane, last_row, column);
                    }
                }
                if columns < plane.columns {
                    for row in (0..rows).step_by(LANES) {
                        square::<T, LANES>(simd, &mut plane, row, last_column);
                    }
                    square::<T, LANES>(simd, &mut plane, last_row, last_column);
                }
            }
        }
    }

    /// Transposes the square that begins at a row and column.
    ///
    /// # Safety
    /// The square is within a plane that lies within its source and target.
    #[inline(always)]
    unsafe fn square<T: Pod, const LANES: usize>(
        simd: V3,
        plane: &mut Plane<T>,
        row: usize,
        column: usize,
    ) {
        let mut square = [bytemuck::Zeroable::zeroed(); LANES];
        for (c, register) in square.iter_mut().enumerate() {
            // SAFETY: a line of the square is within the source, and as wide as a register.
            *register = unsafe {
                _mm256_loadu_si256(plane.source.as_ptr().add(plane.from(row, column + c)).cast())
            };
        }
        for (r, register) in transposed(simd, square).into_iter().enumerate() {
            let start = (row + r) * plane.down + column;
            // SAFETY: a row of the square is within the target, and as wide as a register.
            unsafe { _mm256_storeu_si256(plane.target.as_mut_ptr().add(start).cast(), register) }
        }
    }

    /// Eight rows of eight elements, or four of four.
    #[inline(always)]
    fn transposed<const LANES: usize>(simd: V3, mut rows: [__m256i; LANES]) -> [__m256i; LANES] {
        let avx2 = simd.avx2;
        if LANES == 8 {
            for i in (0..LANES).step_by(2) {
                let (a, b) = (rows[i], rows[i + 1]);
                rows[i] = avx2._mm256_unpacklo_epi32(a, b);
                rows[i + 1] = avx2._mm256_unpackhi_epi32(a, b);
            }
        }
        // Pairs of rows, which are neighbours for the moment or belong to neighbouring pairs.
        let step = LANES / 4;
        let mut next = rows;
        for half in (0..LANES).step_by(2 * step) {
            for i in 0..step {
                let (a, b) = (rows[half + i], rows[half + step + i]);
                next[half + 2 * i] = avx2._mm256_unpacklo_epi64(a, b);
                next[half + 2 * i + 1] = avx2._mm256_unpackhi_epi64(a, b);
            }
        }
        for i in 0..LANES / 2 {
            let (a, b) = (next[i], next[i + LANES / 2]);
            rows[i] = avx2._mm256_permute2x128_si256::<0x20>(a, b);
            rows[i + LANES / 2] = avx2._mm256_permute2x128_si256::<0x31>(a, b);
        }
        rows
    }
}
