//! Transposes planes square by square.

use bytemuck::Pod;

use super::LINE;

/// Bytes of a register.
const REGISTER: usize = 16;

/// Element `r * down + c` of the target becomes that at `at + c * across + r` of the source.
pub(super) fn transpose_plane<T: Pod>(
    source: &[T],
    (at, across): (isize, isize),
    target: &mut [T],
    down: usize,
    [rows, columns]: [usize; 2],
) {
    match size_of::<T>() {
        1 => Plane::<T, 64, 16> { source, at, across, down }.run(target, rows, columns),
        2 => Plane::<T, 32, 8> { source, at, across, down }.run(target, rows, columns),
        4 => Plane::<T, 16, 4> { source, at, across, down }.run(target, rows, columns),
        8 => Plane::<T, 8, 2> { source, at, across, down }.run(target, rows, columns),
        _ => Plane::<T, 4, 1> { source, at, across, down }.run(target, rows, columns),
    }
}

/// A plane of elements of which `SIDE` fill a cache line, and `LANES` a register.
struct Plane<'a, T, const SIDE: usize, const LANES: usize> {
    source: &'a [T],
    at: isize,
    across: isize,
    down: usize,
}

impl<T: Pod, const SIDE: usize, const LANES: usize> Plane<'_, T, SIDE, LANES> {
    fn run(&self, target: &mut [T], rows: usize, columns: usize) {
        debug_assert_eq!((SIDE * size_of::<T>(), LANES * size_of::<T>()), (LINE, REGISTER));
        for row in (0..rows).step_by(SIDE) {
            for column in (0..columns).step_by(SIDE) {
                let (height, width) = (SIDE.min(rows - row), SIDE.min(columns - column));
                if (height, width) == (SIDE, SIDE) {
                    self.square(target, row, column);
                } else {
                    for r in row..row + height {
                        let slots = &mut target[r * self.down + column..][..width];
                        for (c, slot) in slots.iter_mut().enumerate() {
                            *slot = self.source[self.from(r, column + c)];
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn from(&self, row: usize, column: usize) -> usize {
        (self.at + column as isize * self.across) as usize + row
    }

    /// Each line of the source is read at once and each of the target written at once, so that
    /// lines which share a place in the cache do not drive each other out.
    #[inline(always)]
    fn square(&self, target: &mut [T], row: usize, column: usize) {
        let lines: [[T; SIDE]; SIDE] = std::array::from_fn(|c| {
            let line = &self.source[self.from(row, column + c)..][..SIDE];
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
                target[(row + r + i) * self.down + column..][..SIDE].copy_from_slice(out);
            }
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
