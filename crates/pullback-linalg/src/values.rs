//! Eigenvalues of tridiagonal and singular values of bidiagonal matrices, by bisection.
//!
//! How many values lie below a point follows from the signs of a recurrence along the matrix
//! (Sturm's theorem). Iterations of QR have to wait for one division after the other; the
//! recurrences of many points need none, and do not wait for each other, so that each value's
//! interval is halved beside those of others. All is computed in f64.

use super::rows::dispatch;

/// Matrices of so many columns are worth it.
pub(crate) const LEAST: usize = 32;

/// Values that are found together.
const LANES: usize = 32;
/// Equal steps, for each value, that bisection begins with.
const POINTS: usize = 2;
/// What bounds may be wrong by.
const MARGIN: f64 = 1e-12;

/// The eigenvalues, in rising order, of a symmetric matrix with the given diagonal and, beside it,
/// off-diagonal, which is one shorter; `bits` of the largest are found.
pub(crate) fn tridiagonal(diagonal: &[f64], beside: &[f64], bits: usize) -> Vec<f64> {
    let scale = largest(diagonal).max(largest(beside));
    if scale == 0.0 {
        return vec![0.0; diagonal.len()];
    }
    let diagonal: Vec<f64> = diagonal.iter().map(|x| x / scale).collect();
    let beside: Vec<f64> = beside.iter().map(|x| x / scale).collect();
    intervals_of_tridiagonal(&diagonal, &beside, bits).middles().map(|x| x * scale).collect()
}

/// Intervals of the eigenvalues of a matrix whose largest element is one.
pub(crate) fn intervals_of_tridiagonal(diagonal: &[f64], beside: &[f64], bits: usize) -> Intervals {
    let before = std::iter::once(0.0).chain(beside.iter().map(|x| x * x));
    let rows = diagonal.iter().zip(before).map(|(&element, square)| [element, square]);
    // Circles around the diagonal hold all eigenvalues.
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for (i, x) in diagonal.iter().enumerate() {
        let radius = beside.get(i).map_or(0.0, |x| x.abs());
        let radius = radius + if i > 0 { beside[i - 1].abs() } else { 0.0 };
        (low, high) = (low.min(x - radius), high.max(x + radius));
    }
    let determinants = Determinants::new(rows, 0);
    dispatch(Bisection { determinants, range: [low - MARGIN, high + MARGIN], bits })
}

/// The singular values, in falling order, of a matrix with the given diagonal and, above it,
/// off-diagonal, which is one shorter; `bits` of the largest are found.
pub(crate) fn bidiagonal(diagonal: &[f64], above: &[f64], bits: usize) -> Vec<f64> {
    let scale = largest(diagonal).max(largest(above));
    if scale == 0.0 {
        return vec![0.0; diagonal.len()];
    }
    let diagonal: Vec<f64> = diagonal.iter().map(|x| x / scale).collect();
    let above: Vec<f64> = above.iter().map(|x| x / scale).collect();
    let intervals = intervals_of_bidiagonal(&diagonal, &above, bits);
    intervals.middles().rev().map(|x| x.abs() * scale).collect()
}

/// Intervals of the singular values, in rising order, of a matrix whose largest element is one.
pub(crate) fn intervals_of_bidiagonal(diagonal: &[f64], above: &[f64], bits: usize) -> Intervals {
    let mut high = 0.0f64;
    for (i, x) in diagonal.iter().enumerate() {
        let right = above.get(i).map_or(0.0, |x| x.abs());
        let up = if i > 0 { above[i - 1].abs() } else { 0.0 };
        high = high.max(x.abs() + right.max(up));
    }
    // With rows and columns taken in turn, they are eigenvalues of a tridiagonal matrix whose diagonal
    // is zero, as are their negatives: small ones remain accurate.
    let above = std::iter::once(&0.0).chain(above);
    let squares = above.zip(diagonal).flat_map(|(e, d)| [e * e, d * d]);
    let determinants = Determinants::new(squares.map(|square| [0.0, square]), diagonal.len());
    dispatch(Bisection { determinants, range: [0.0, high + MARGIN], bits })
}

/// An interval for each value, which has as many values below as there are before it.
pub(crate) struct Intervals {
    pub low: Vec<f64>,
    pub high: Vec<f64>,
}

impl Intervals {
    fn middles(&self) -> impl DoubleEndedIterator<Item = f64> {
        self.low.iter().zip(&self.high).map(|(low, high)| 0.5 * (low + high))
    }
}

pub(crate) fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, x| largest.max(x.abs()))
}

/// The sequence of determinants of the leading parts of `T - x`, for a tridiagonal matrix `T` whose
/// elements are at most one or so.
///
/// It changes its sign as often as there are eigenvalues below `x`. No division is needed, and what
/// is rounded is as if elements were slightly different; but numbers have to be scaled as they go.
struct Determinants {
    /// Each element, and the square of the one that is before it beside the diagonal.
    rows: Vec<[f64; 2]>,
    /// Values that are counted, but not sought.
    skipped: usize,
}

/// Rows between which numbers are scaled.
const ROWS: usize = 8;
/// Squares are no less, or numbers could vanish before they are scaled.
const LEAST_SQUARE: f64 = 1e-33;

impl Determinants {
    fn new(rows: impl Iterator<Item = [f64; 2]>, skipped: usize) -> Determinants {
        let rows = rows.map(|[element, square]| [element, square.max(LEAST_SQUARE)]).collect();
        Determinants { rows, skipped }
    }

    /// How many values are below points, of those that are sought.
    #[inline(always)]
    fn below(&self, points: &[f64; LANES]) -> [u64; LANES] {
        let (mut last, mut before, mut counts) = ([1.0; LANES], [0.0; LANES], [0; LANES]);
        for rows in self.rows.chunks(ROWS) {
            for &[element, square] in rows {
                for lane in 0..LANES {
                    let next = (element - points[lane]) * last[lane] - square * before[lane];
                    counts[lane] += (f64::to_bits(next) ^ f64::to_bits(last[lane])) >> 63;
                    before[lane] = last[lane];
                    last[lane] = next;
                }
            }
            for lane in 0..LANES {
                let greater = last[lane].abs().max(before[lane].abs());
                // The power of two that brings it near one.
                let power = f64::from_bits((2046 << 52) - (greater.to_bits() & (2047 << 52)));
                last[lane] *= power;
                before[lane] *= power;
            }
        }
        counts.map(|count| count.saturating_sub(self.skipped as u64))
    }
}

/// The search for all values, which lie in the given range.
struct Bisection {
    determinants: Determinants,
    range: [f64; 2],
    bits: usize,
}

impl pulp::NullaryFnOnce for Bisection {
    type Output = Intervals;

    #[inline(always)]
    fn call(self) -> Intervals {
        let Bisection { determinants, range: [from, to], bits } = self;
        let count = determinants.rows.len() - determinants.skipped;
        // Equal steps first: they tell of all values at once.
        let steps = POINTS * count.next_multiple_of(LANES);
        let step = (to - from) / (steps + 1) as f64;
        let point = |i: usize| from + i as f64 * step;
        let (mut low, mut high) = (vec![from; count], vec![to; count]);
        let (mut known, mut before) = (0, from);
        for first in (1..=steps).step_by(LANES) {
            let points = std::array::from_fn(|lane| point(first + lane));
            for (&point, below) in points.iter().zip(determinants.below(&points)) {
                let below = (below as usize).min(count);
                if below > known {
                    low[known..below].fill(before);
                    high[known..below].fill(point);
                    known = below;
                }
                before = point;
            }
        }
        low[known..].fill(before);
        let halvings = (step.log2() + bits as f64).ceil().max(0.0) as usize;
        let groups = low.chunks_mut(LANES).zip(high.chunks_mut(LANES));
        for (group, (lows, highs)) in groups.enumerate() {
            let (mut low, mut high, mut middle) = ([0.0; LANES], [1.0; LANES], [0.0; LANES]);
            low[..lows.len()].copy_from_slice(lows);
            high[..highs.len()].copy_from_slice(highs);
            for _ in 0..halvings {
                for lane in 0..LANES {
                    middle[lane] = 0.5 * (low[lane] + high[lane]);
                }
                let below = determinants.below(&middle);
                for lane in 0..LANES {
                    let above = below[lane] > (group * LANES + lane) as u64;
                    high[lane] = if above { middle[lane] } else { high[lane] };
                    low[lane] = if above { low[lane] } else { middle[lane] };
                }
            }
            lows.copy_from_slice(&low[..lows.len()]);
            highs.copy_from_slice(&high[..highs.len()]);
        }
        Intervals { low, high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // 2 on the diagonal and -1 beside it: 2 - 2 cos(k pi / (n + 1)).
        for n in [1, 2, 40, 100] {
            let values = tridiagonal(&vec![2.0; n], &vec![-1.0; n - 1], 54);
            for (k, value) in values.iter().enumerate() {
                let angle = (k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64;
                assert!((value - (2.0 - 2.0 * angle.cos())).abs() < 1e-14);
            }
            // Ones in both: 2 sin((2 k - 1) pi / (4 n + 2)), from the largest.
            let values = bidiagonal(&vec![1.0; n], &vec![1.0; n - 1], 54);
            for (k, value) in values.iter().enumerate() {
                let angle = (2 * (n - k) - 1) as f64 * std::f64::consts::PI / (4 * n + 2) as f64;
                assert!((value - 2.0 * angle.sin()).abs() < 1e-14, "{n} {k} {value}");
            }
        }
    }

    #[test]
    fn zeros_and_scales() {
        assert_eq!(tridiagonal(&[0.0; 3], &[0.0; 2], 54), [0.0; 3]);
        assert_eq!(bidiagonal(&[0.0; 3], &[0.0; 2], 54), [0.0; 3]);
        let values = bidiagonal(&[3e200, 0.0, 1e-200], &[0.0, 0.0], 54);
        assert!((values[0] / 3e200 - 1.0).abs() < 1e-14 && values[1] < 1e185);
        let values = tridiagonal(&[-5.0, 1.0, 0.0], &[0.0, 0.0], 54);
        for (value, known) in values.iter().zip([-5.0, 0.0, 1.0]) {
            assert!((value - known).abs() < 1e-14);
        }
    }
}
