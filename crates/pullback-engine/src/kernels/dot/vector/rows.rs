//! A matrix of real numbers, stored by rows, times a vector: the sums of `dot`, for as many rows at
//! a time as a vector has lanes.
//!
//! The lanes of a row are added in halves. Of two rows, the halves of both fill a vector; of four,
//! the quarters; and so on, until each lane is the sum of one row. So adding the lanes takes hardly
//! more instructions for all these rows than for one, and the order is the same.

use pulp::Simd;

use super::super::Factor;
use super::super::lanes::Real;
use super::{Matrix, ROUNDS, halved};

pub(super) struct Rows<'a, R, const LANES: usize> {
    pub matrix: Matrix<'a, R>,
    pub vector: &'a [R],
    pub out: &'a mut [R],
}

impl<R: Real + Factor, const LANES: usize> pulp::WithSimd for Rows<'_, R, LANES> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Several rows are on their way from memory at once, as many as there are registers for.
        match (LANES / R::lanes::<S>(), R::lanes::<S>()) {
            (2, 16) => self.run::<S, 2, 8, 16>(simd),
            (2, 8) => self.run::<S, 2, 8, 8>(simd),
            (4, 8) => self.run::<S, 4, 2, 8>(simd),
            (4, 4) => self.run::<S, 4, 2, 4>(simd),
            (8, 4) => self.run::<S, 8, 2, 4>(simd),
            (8, 2) => self.run::<S, 8, 2, 2>(simd),
            (16, _) => self.run::<S, 16, 2, 1>(simd),
            _ => self.run::<S, 32, 2, 1>(simd),
        }
    }
}

impl<R: Real + Factor, const LANES: usize> Rows<'_, R, LANES> {
    /// With `VECTORS` of `WIDTH` lanes each for the lanes of a row, and `TOGETHER` rows at once.
    #[inline(always)]
    fn run<S: Simd, const VECTORS: usize, const TOGETHER: usize, const WIDTH: usize>(
        self,
        simd: S,
    ) {
        let Rows { matrix, vector, out } = self;
        let Some(last) = out.len().checked_sub(1) else { return };
        let at = |row: usize| matrix.at + row as isize * matrix.row;
        let (begin, end) = (at(0).min(at(last)), at(0).max(at(last)) + vector.len() as isize);
        assert!(0 <= begin && end <= matrix.elements.len() as isize, "rows outside of a matrix");
        let first_row = matrix.elements.as_ptr().wrapping_offset(matrix.at);
        let factors = Factors::<R, LANES>::new(vector);
        // SAFETY: the first row and the last one lie within the elements, and so do those between;
        // there are no rows beyond the last.
        unsafe {
            let mut first = 0;
            while WIDTH > 1 && out.len() - first >= WIDTH.div_ceil(2) {
                // The last rows are taken with some before them, if there are.
                first = first.min(out.len().saturating_sub(WIDTH));
                let lines = Lines {
                    begin: first_row.wrapping_offset(first as isize * matrix.row),
                    step: matrix.row,
                    last: last - first,
                };
                let sums = group::<S, R, LANES, VECTORS, TOGETHER, WIDTH>(simd, lines, &factors);
                let count = WIDTH.min(out.len() - first);
                out[first..first + count].copy_from_slice(&sums[..count]);
                first += count;
            }
            for (i, slot) in out.iter_mut().enumerate().skip(first) {
                let row = first_row.wrapping_offset(i as isize * matrix.row);
                *slot = one::<S, R, LANES, VECTORS, WIDTH>(simd, row, &factors);
            }
        }
    }
}

/// Rows, of which the last stands for those beyond it.
#[derive(Clone, Copy)]
struct Lines<R> {
    begin: *const R,
    step: isize,
    last: usize,
}

/// The vector, and what of it does not fill the lanes, with what leaves sums unchanged beyond it.
struct Factors<'a, R, const LANES: usize> {
    all: &'a [R],
    rest: usize,
    padded: [R; LANES],
}

impl<'a, R: Real, const LANES: usize> Factors<'a, R, LANES> {
    #[inline(always)]
    fn new(all: &'a [R]) -> Self {
        let rest = all.as_chunks::<LANES>().1;
        let mut padded = [R::NOTHING; LANES];
        padded[..rest.len()].copy_from_slice(rest);
        Factors { all, rest: rest.len(), padded }
    }
}

/// The sums of `WIDTH` rows.
///
/// # Safety
/// Each of the rows must have as many elements as there are factors.
#[inline(always)]
unsafe fn group<
    S: Simd,
    R: Real,
    const LANES: usize,
    const VECTORS: usize,
    const TOGETHER: usize,
    const WIDTH: usize,
>(
    simd: S,
    lines: Lines<R>,
    factors: &Factors<R, LANES>,
) -> [R; WIDTH] {
    let zero = R::splat(simd, R::ZERO);
    let mut total = zero;
    for block in 0..factors.all.len().div_ceil(LANES * ROUNDS) {
        let begin = lines.begin.wrapping_add(block * LANES * ROUNDS);
        let mut sums = [zero; WIDTH];
        let [half, pairs] = [WIDTH / 2, TOGETHER / 2];
        macro_rules! batches {
            ($($batch:literal)*) => {$(
                if $batch * pairs < half {
                    let first = $batch * pairs;
                    let mut rows = [std::ptr::null(); TOGETHER];
                    for r in 0..TOGETHER {
                        let row = (first + r % pairs + r / pairs * half).min(lines.last);
                        rows[r] = begin.wrapping_offset(row as isize * lines.step);
                    }
                    // SAFETY: passed on.
                    let of_rows = unsafe {
                        accumulated::<S, R, LANES, VECTORS, TOGETHER>(simd, rows, factors, block)
                    };
                    for r in 0..pairs {
                        let (a, b) = (of_rows[r], of_rows[r + pairs]);
                        sums[first + r] = match WIDTH {
                            16 => added::<S, R, WIDTH, 8>(simd, a, b),
                            8 => added::<S, R, WIDTH, 4>(simd, a, b),
                            4 => added::<S, R, WIDTH, 2>(simd, a, b),
                            _ => added::<S, R, WIDTH, 1>(simd, a, b),
                        };
                    }
                }
            )*};
        }
        // Not a loop, so that all sums stay in registers.
        batches!(0 1 2 3);
        if WIDTH > 8 {
            for i in 0..4 {
                sums[i] = added::<S, R, WIDTH, 4>(simd, sums[i], sums[i + 4]);
            }
        }
        if WIDTH > 4 {
            for i in 0..2 {
                sums[i] = added::<S, R, WIDTH, 2>(simd, sums[i], sums[i + 2]);
            }
        }
        if WIDTH > 2 {
            sums[0] = added::<S, R, WIDTH, 1>(simd, sums[0], sums[1]);
        }
        total = if block == 0 { sums[0] } else { R::sum(simd, total, sums[0]) };
    }
    lanes_of(total)
}

/// The sum of one row.
///
/// # Safety
/// The row must have as many elements as there are factors.
#[inline(always)]
unsafe fn one<S: Simd, R: Real, const LANES: usize, const VECTORS: usize, const WIDTH: usize>(
    simd: S,
    row: *const R,
    factors: &Factors<R, LANES>,
) -> R {
    let mut total = R::ZERO;
    for block in 0..factors.all.len().div_ceil(LANES * ROUNDS) {
        let row = row.wrapping_add(block * LANES * ROUNDS);
        // SAFETY: passed on.
        let [sum] = unsafe { accumulated::<S, R, LANES, VECTORS, 1>(simd, [row], factors, block) };
        let sum = halved::<R, WIDTH>(&mut lanes_of(sum));
        total = if block == 0 { sum } else { total.plus(sum) };
    }
    total
}

/// The products of some rows with a block of the factors, in one vector for each row: the lanes are
/// added in halves as far as that is vectors.
///
/// # Safety
/// Each of the rows must have as many elements as the block has factors.
#[inline(always)]
unsafe fn accumulated<
    S: Simd,
    R: Real,
    const LANES: usize,
    const VECTORS: usize,
    const ROWS: usize,
>(
    simd: S,
    rows: [*const R; ROWS],
    factors: &Factors<R, LANES>,
    block: usize,
) -> [R::Vector<S>; ROWS] {
    let width = R::lanes::<S>();
    let begin = block * LANES * ROUNDS;
    let end = factors.all.len().min(begin + LANES * ROUNDS);
    let (whole, rest) = factors.all[begin..end].as_chunks::<LANES>();
    let mut sums = [[R::splat(simd, R::ZERO); VECTORS]; ROWS];
    for (i, factors) in whole.iter().enumerate() {
        let factors = vectors::<S, R, LANES, VECTORS>(factors);
        for r in 0..ROWS {
            for v in 0..VECTORS {
                let from = rows[r].wrapping_add(i * LANES + v * width);
                // SAFETY: the row has as many elements.
                let x = unsafe { from.cast::<R::Vector<S>>().read_unaligned() };
                sums[r][v] = R::accumulate(simd, sums[r][v], x, factors[v]);
            }
        }
    }
    if !rest.is_empty() {
        let padded = vectors::<S, R, LANES, VECTORS>(&factors.padded);
        for v in 0..VECTORS {
            if v * width < factors.rest {
                let there = R::first::<S>(simd, (factors.rest - v * width).min(width));
                for r in 0..ROWS {
                    let from = rows[r].wrapping_add(whole.len() * LANES + v * width);
                    // SAFETY: these lanes are elements of the row, its last ones.
                    let x = unsafe { R::load(simd, there, from) };
                    sums[r][v] = R::accumulate(simd, sums[r][v], x, padded[v]);
                }
            }
        }
    }
    // No closures here: they would not be compiled for the instruction set if they stayed calls.
    let mut results = [sums[0][0]; ROWS];
    for r in 0..ROWS {
        let mut half = VECTORS / 2;
        while half > 0 {
            for v in 0..half {
                sums[r][v] = R::sum(simd, sums[r][v], sums[r][v + half]);
            }
            half /= 2;
        }
        results[r] = sums[r][0];
    }
    results
}

/// Two vectors, of parts of `2 * HALF` lanes, with the halves of each part added: first those of the
/// first part of `a`, then of `b`, and so on.
#[inline(always)]
fn added<S: Simd, R: Real, const WIDTH: usize, const HALF: usize>(
    simd: S,
    a: R::Vector<S>,
    b: R::Vector<S>,
) -> R::Vector<S> {
    #[cfg(target_arch = "x86_64")]
    if WIDTH == 16 && std::any::TypeId::of::<S>() == std::any::TypeId::of::<pulp::x86::V4>() {
        // The compiler finds no instructions as good as these.
        let indices = const { [sources::<WIDTH, HALF>(0), sources::<WIDTH, HALF>(HALF)] };
        // SAFETY: the instruction set is the same type by another name; vectors are 64 bytes, as are
        // sixteen integers, and of any bits.
        return unsafe {
            let v4: pulp::x86::V4 = std::mem::transmute_copy(&simd);
            let (a, b) = (std::mem::transmute_copy(&a), std::mem::transmute_copy(&b));
            let (low, high) =
                (std::mem::transmute_copy(&indices[0]), std::mem::transmute_copy(&indices[1]));
            let low = v4.avx512f._mm512_permutex2var_ps(a, low, b);
            let high = v4.avx512f._mm512_permutex2var_ps(a, high, b);
            R::sum(simd, std::mem::transmute_copy(&low), std::mem::transmute_copy(&high))
        };
    }
    let (a, b): ([R; WIDTH], [R; WIDTH]) = (lanes_of(a), lanes_of(b));
    let (mut low, mut high) = ([R::ZERO; WIDTH], [R::ZERO; WIDTH]);
    for lane in 0..WIDTH {
        let from = if (lane / HALF).is_multiple_of(2) { &a } else { &b };
        let at = lane / HALF / 2 * 2 * HALF + lane % HALF;
        (low[lane], high[lane]) = (from[at], from[at + HALF]);
    }
    assert!(size_of::<R::Vector<S>>() == size_of::<[R; WIDTH]>());
    // SAFETY: the vectors are as large as the lanes, and of any bits.
    unsafe { R::sum(simd, std::mem::transmute_copy(&low), std::mem::transmute_copy(&high)) }
}

/// For each lane where it comes from in two vectors, one after the other, when halves are taken that
/// begin at `half` in each part.
#[cfg(target_arch = "x86_64")]
const fn sources<const WIDTH: usize, const HALF: usize>(half: usize) -> [i32; WIDTH] {
    let mut sources = [0; WIDTH];
    let mut lane = 0;
    while lane < WIDTH {
        let of = lane / HALF % 2 * WIDTH;
        sources[lane] = (of + lane / HALF / 2 * 2 * HALF + half + lane % HALF) as i32;
        lane += 1;
    }
    sources
}

/// The lanes of a vector.
#[inline(always)]
fn lanes_of<R: Real, V: bytemuck::Pod, const WIDTH: usize>(vector: V) -> [R; WIDTH] {
    assert!(size_of::<V>() == size_of::<[R; WIDTH]>());
    // SAFETY: the lanes are as large as the vector, and any bits are numbers.
    unsafe { std::mem::transmute_copy(&vector) }
}

/// The vectors that so many lanes fill.
#[inline(always)]
fn vectors<S: Simd, R: Real, const LANES: usize, const VECTORS: usize>(
    lanes: &[R; LANES],
) -> [R::Vector<S>; VECTORS] {
    assert!(size_of::<[R::Vector<S>; VECTORS]>() == size_of::<[R; LANES]>());
    // SAFETY: the vectors are as large as the lanes, and any bits are numbers.
    unsafe { lanes.as_ptr().cast::<[R::Vector<S>; VECTORS]>().read_unaligned() }
}
