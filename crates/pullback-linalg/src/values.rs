//! Eigenvalues of tridiagonal and singular values of bidiagonal matrices, by bisection.
//!
//! How many values lie below a point follows from the signs of a recurrence along the matrix
//! (Sturm's theorem). Iterations of QR have to wait for one division after the other; the
//! recurrences of many points do not wait for each other, so that each value's interval is halved
//! beside those of others. All is computed in f64.

use super::rows::dispatch;

/// Matrices of so many columns are worth it.
pub(crate) const LEAST: usize = 32;

/// Values that are found together.
const LANES: usize = 32;
/// What a divisor is at least, when all elements are at most one.
const TINY: f64 = 1e-290;

/// The eigenvalues, in rising order, of a symmetric matrix with the given diagonal and, beside it,
/// off-diagonal, which is one shorter; `bits` of the largest are found.
pub(crate) fn tridiagonal(diagonal: &[f64], beside: &[f64], bits: usize) -> Vec<f64> {
    let scale = largest(diagonal).max(largest(beside));
    if scale == 0.0 {
        return vec![0.0; diagonal.len()];
    }
    let diagonal: Vec<f64> = diagonal.iter().map(|x| x / scale).collect();
    // The first is of no meaning, so that both lists are as long.
    let squares: Vec<f64> =
        std::iter::once(0.0).chain(beside.iter().map(|x| (x / scale) * (x / scale))).collect();
    // Circles around the diagonal hold all eigenvalues.
    let bisection = Bisection { recurrence: Tridiagonal { diagonal, squares }, range: 3.0, bits };
    dispatch(bisection).iter().map(|x| x * scale).collect()
}

/// The singular values, in falling order, of a matrix with the given diagonal and, above it,
/// off-diagonal, which is one shorter; `bits` of the largest are found.
pub(crate) fn bidiagonal(diagonal: &[f64], above: &[f64], bits: usize) -> Vec<f64> {
    let scale = largest(diagonal).max(largest(above));
    if scale == 0.0 {
        return vec![0.0; diagonal.len()];
    }
    let square = |x: &f64| (x / scale) * (x / scale);
    let diagonal: Vec<f64> = diagonal.iter().map(square).collect();
    let above: Vec<f64> = above.iter().map(square).chain([0.0]).collect();
    let bisection = Bisection { recurrence: Bidiagonal { diagonal, above }, range: 2.0, bits };
    let values = dispatch(bisection);
    values.iter().rev().map(|x| x.abs() * scale).collect()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, x| largest.max(x.abs()))
}

/// Counts values below points.
trait Recurrence {
    /// Whether no value is negative.
    const POSITIVE: bool;
    fn order(&self) -> usize;
    fn below(&self, points: &[f64; LANES]) -> [f64; LANES];
}

struct Tridiagonal {
    diagonal: Vec<f64>,
    squares: Vec<f64>,
}

impl Recurrence for Tridiagonal {
    const POSITIVE: bool = false;

    fn order(&self) -> usize {
        self.diagonal.len()
    }

    /// The pivots of `T - x`: as many are negative as there are eigenvalues below `x`.
    #[inline(always)]
    fn below(&self, points: &[f64; LANES]) -> [f64; LANES] {
        let (mut pivots, mut counts) = ([1.0; LANES], [0.0; LANES]);
        for (&diagonal, &square) in self.diagonal.iter().zip(&self.squares) {
            for lane in 0..LANES {
                let pivot = away(diagonal - points[lane] - square / pivots[lane]);
                counts[lane] += if pivot < 0.0 { 1.0 } else { 0.0 };
                pivots[lane] = pivot;
            }
        }
        counts
    }
}

/// The squares of the elements.
struct Bidiagonal {
    diagonal: Vec<f64>,
    above: Vec<f64>,
}

impl Recurrence for Bidiagonal {
    const POSITIVE: bool = true;

    fn order(&self) -> usize {
        self.diagonal.len()
    }

    /// The pivots of `Bᵀ B - x²`, of which differences are formed as in the stationary qd
    /// algorithm, which keeps small values accurate (B. Parlett, K. Fernando 1994, "Accurate
    /// singular values and differential qd algorithms").
    #[inline(always)]
    fn below(&self, points: &[f64; LANES]) -> [f64; LANES] {
        let (mut rest, mut counts) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            rest[lane] = -points[lane] * points[lane];
        }
        for (&diagonal, &above) in self.diagonal.iter().zip(&self.above) {
            for lane in 0..LANES {
                let pivot = away(diagonal + rest[lane]);
                counts[lane] += if pivot < 0.0 { 1.0 } else { 0.0 };
                rest[lane] = above * (rest[lane] / pivot) - points[lane] * points[lane];
            }
        }
        counts
    }
}

/// A pivot that can be divided by.
#[inline(always)]
fn away(pivot: f64) -> f64 {
    if pivot.abs() < TINY { -TINY } else { pivot }
}

/// The search for all values, which lie no further than `range` from zero.
struct Bisection<R> {
    recurrence: R,
    range: f64,
    bits: usize,
}

impl<R: Recurrence> pulp::NullaryFnOnce for Bisection<R> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn call(self) -> Vec<f64> {
        let Bisection { recurrence, range, bits } = self;
        let mut values = vec![0.0; recurrence.order()];
        for (group, values) in values.chunks_mut(LANES).enumerate() {
            let mut low = [if R::POSITIVE { 0.0 } else { -range }; LANES];
            let mut high = [range; LANES];
            let mut middle = [0.0; LANES];
            // Two more for the range.
            for _ in 0..bits + 2 {
                for lane in 0..LANES {
                    middle[lane] = 0.5 * (low[lane] + high[lane]);
                }
                let below = recurrence.below(&middle);
                for lane in 0..LANES {
                    let above = below[lane] > (group * LANES + lane) as f64;
                    high[lane] = if above { middle[lane] } else { high[lane] };
                    low[lane] = if above { low[lane] } else { middle[lane] };
                }
            }
            for (lane, value) in values.iter_mut().enumerate() {
                *value = 0.5 * (low[lane] + high[lane]);
            }
        }
        values
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
