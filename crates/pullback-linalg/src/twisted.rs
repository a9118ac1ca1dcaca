//! Eigenvectors of symmetric tridiagonal matrices, from factors that are twisted.
//!
//! `T - x` is factored from above and from below, up to a row in which the two meet: where what is
//! left there is least, the factors give the vector, without any sums, and what `x` is wrong by
//! (I. Dhillon, B. Parlett 2004, "Multiple representations to compute orthogonal eigenvectors of
//! symmetric tridiagonal matrices"). All is computed in f64, for many vectors beside each other, and
//! is meant for results in f32: vectors are orthogonal as far as values differ. Where values are too
//! close for that, nothing is found.

use super::rows::dispatch;
use super::values::Intervals;

/// Vectors that are found together.
pub(crate) const LANES: usize = 16;

/// Bits of the largest element that values are to be known by to begin with.
pub(crate) const BITS: usize = 22;
/// Bits of results, at most.
pub(crate) const RESULT: usize = 27;
/// What is left of `(T - x) z` for a vector of length one must be so small a part of what its value
/// differs by from others: the product of two vectors is then no more than their parts.
const PART: f64 = 1.0 / (1 << 27) as f64;
/// What is left after rounding.
const LEAST: f64 = 2e-15;
/// Steps that a value is improved by at most.
const STEPS: usize = 16;
/// What a divisor is at least. Factors are no more than its inverse.
const TINY: f64 = 1e-140;

/// A matrix whose largest element is one, of which the values from number `skipped` on are sought.
pub(crate) struct Twisted<'a> {
    pub diagonal: &'a [f64],
    pub beside: &'a [f64],
    pub skipped: usize,
}

/// What takes vectors, with the number of the first of them: the elements of all, row by row.
pub(crate) type Store<'a> = &'a mut dyn FnMut(usize, &[[f64; LANES]]);

impl Twisted<'_> {
    /// The values, in rising order, that lie in intervals; vectors go to `store` as they are found.
    pub(crate) fn find(self, intervals: &Intervals, store: Store<'_>) -> Option<Vec<f64>> {
        let skips = self.skipped > 0;
        let found = dispatch(Find { of: self, intervals, store })?;
        // The negative of the least that is sought is a value, too, if not all are.
        let first = found.first().map(|&(value, rest)| (-value, rest)).filter(|_| skips);
        let all: Vec<(f64, f64)> = first.into_iter().chain(found.iter().copied()).collect();
        let is_apart = |pair: &[(f64, f64)]| {
            pair[0].1.max(pair[1].1).max(LEAST) <= 2.0 * PART * (pair[1].0 - pair[0].0)
        };
        all.windows(2).all(is_apart).then(|| found.iter().map(|&(value, _)| value).collect())
    }
}

struct Find<'a> {
    of: Twisted<'a>,
    intervals: &'a Intervals,
    store: Store<'a>,
}

impl pulp::NullaryFnOnce for Find<'_> {
    /// The values, and what is left for their vectors.
    type Output = Option<Vec<(f64, f64)>>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Find { of, intervals: Intervals { low, high }, store } = self;
        let n = of.diagonal.len();
        let mut work = Work {
            downward: vec![[0.0; LANES]; n],
            factors: vec![[0.0; LANES]; n],
            upward: vec![[0.0; LANES]; n],
            z: vec![[0.0; LANES]; n],
        };
        let mut found = Vec::with_capacity(low.len());
        let middle = |i: usize| 0.5 * (low[i] + high[i]);
        let tolerance = |i: usize| {
            // The value before the first is its negative, or there is none.
            let first = if of.skipped > 0 { -middle(0) } else { f64::NEG_INFINITY };
            let before = middle(i) - if i > 0 { middle(i - 1) } else { first };
            let after = if i + 1 < low.len() { middle(i + 1) - middle(i) } else { f64::INFINITY };
            (PART * before.min(after).min(1.0)).max(LEAST)
        };
        for (group, (lows, highs)) in low.chunks(LANES).zip(high.chunks(LANES)).enumerate() {
            let count = lows.len();
            // Lanes without a value of their own repeat the last.
            let at = |lane: usize| lane.min(count - 1);
            let mut low: [f64; LANES] = std::array::from_fn(|lane| lows[at(lane)]);
            let mut high: [f64; LANES] = std::array::from_fn(|lane| highs[at(lane)]);
            let number: [f64; LANES] =
                std::array::from_fn(|lane| (of.skipped + group * LANES + at(lane)) as f64);
            let mut x: [f64; LANES] = std::array::from_fn(|lane| 0.5 * (low[lane] + high[lane]));
            let tolerance: [f64; LANES] =
                std::array::from_fn(|lane| tolerance(group * LANES + at(lane)));
            let mut steps = 0;
            let (rest, squares) = loop {
                let Step { below, rest, squares } = work.step(&of, &x);
                let mut done = true;
                for lane in 0..LANES {
                    let above = below[lane] > number[lane];
                    high[lane] = if above { x[lane].min(high[lane]) } else { high[lane] };
                    low[lane] = if above { low[lane] } else { x[lane].max(low[lane]) };
                    let most = tolerance[lane] * tolerance[lane] * squares[lane];
                    let found = rest[lane] * rest[lane] <= most && squares[lane] < f64::MAX;
                    done &= found;
                    let better = x[lane] + rest[lane] / squares[lane];
                    let inside = better > low[lane] && better < high[lane];
                    let better = if inside { better } else { 0.5 * (low[lane] + high[lane]) };
                    x[lane] = if found { x[lane] } else { better };
                }
                if done {
                    break (rest, squares);
                }
                steps += 1;
                if steps == STEPS {
                    return None;
                }
            };
            let scale: [f64; LANES] = std::array::from_fn(|lane| 1.0 / squares[lane].sqrt());
            for z in &mut work.z {
                for lane in 0..LANES {
                    z[lane] *= scale[lane];
                }
            }
            store(group * LANES, &work.z);
            found.extend((0..count).map(|lane| {
                let better = x[lane] + rest[lane] * scale[lane] * scale[lane];
                (better, rest[lane].abs() * scale[lane])
            }));
        }
        Some(found)
    }
}

struct Work {
    /// The pivots from above.
    downward: Vec<[f64; LANES]>,
    /// The factors of the elimination from above, and from below.
    factors: Vec<[f64; LANES]>,
    upward: Vec<[f64; LANES]>,
    z: Vec<[f64; LANES]>,
}

struct Step {
    /// How many values are below a point.
    below: [f64; LANES],
    /// `(T - x) z` in the row where the factors meet, the only one where it is not zero.
    rest: [f64; LANES],
    /// The square of the length of `z`.
    squares: [f64; LANES],
}

impl Work {
    #[inline(always)]
    fn step(&mut self, of: &Twisted<'_>, x: &[f64; LANES]) -> Step {
        let (n, diagonal, beside) = (of.diagonal.len(), of.diagonal, of.beside);
        let (downward, z) = (&mut self.downward[..n], &mut self.z[..n]);
        let (factors, upward) = (&mut self.factors[..n], &mut self.upward[..n]);
        let mut below = [0.0; LANES];
        let (mut factor, mut before) = ([0.0; LANES], 0.0);
        for i in 0..n {
            let next = if i + 1 < n { beside[i] } else { 0.0 };
            for lane in 0..LANES {
                let pivot = away(diagonal[i] - x[lane] - before * factor[lane]);
                below[lane] += if pivot < 0.0 { 1.0 } else { 0.0 };
                downward[i][lane] = pivot;
                factor[lane] = next / pivot;
            }
            factors[i] = factor;
            before = next;
        }
        let (mut rest, mut row) = ([f64::INFINITY; LANES], [0.0; LANES]);
        (factor, before) = ([0.0; LANES], 0.0);
        for i in (0..n).rev() {
            let next = if i > 0 { beside[i - 1] } else { 0.0 };
            for lane in 0..LANES {
                // What is subtracted from below is subtracted from what is left from above.
                let change = before * factor[lane];
                let pivot = away(diagonal[i] - x[lane] - change);
                let left = downward[i][lane] - change;
                let less = left.abs() < rest[lane].abs();
                rest[lane] = if less { left } else { rest[lane] };
                row[lane] = if less { i as f64 } else { row[lane] };
                factor[lane] = next / pivot;
            }
            upward[i] = factor;
            before = next;
        }
        let (mut last, mut squares) = ([0.0; LANES], [0.0; LANES]);
        for i in (0..n).rev() {
            for lane in 0..LANES {
                let is_row = row[lane] == i as f64;
                last[lane] = if is_row { 1.0 } else { -factors[i][lane] * last[lane] };
                squares[lane] += last[lane] * last[lane];
            }
            z[i] = last;
        }
        last = [0.0; LANES];
        for i in 0..n {
            for lane in 0..LANES {
                let is_row = row[lane] == i as f64;
                let at = -upward[i][lane] * last[lane];
                squares[lane] += at * at;
                last[lane] = if is_row { 1.0 } else { at };
                z[i][lane] = if row[lane] < i as f64 { at } else { z[i][lane] };
            }
        }
        Step { below, rest, squares }
    }
}

/// A pivot that can be divided by.
#[inline(always)]
fn away(pivot: f64) -> f64 {
    if pivot.abs() < TINY { -TINY } else { pivot }
}

#[cfg(test)]
mod tests {
    use super::super::values::intervals_of_tridiagonal;
    use super::*;

    /// Values and vectors, row by row.
    fn find(diagonal: &[f64], beside: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
        let n = diagonal.len();
        let mut vectors = vec![0.0; n * n];
        let intervals = intervals_of_tridiagonal(diagonal, beside, BITS);
        let of = Twisted { diagonal, beside, skipped: 0 };
        let values = of.find(&intervals, &mut |first, z| {
            for (row, z) in vectors.chunks_exact_mut(n).zip(z) {
                row[first..].iter_mut().zip(z).for_each(|(slot, &z)| *slot = z);
            }
        })?;
        Some((values, vectors))
    }

    #[test]
    fn known_vectors() {
        for n in [1, 2, 15, 16, 33, 100] {
            let (values, vectors) = find(&vec![1.0; n], &vec![-0.5; n - 1]).expect("values differ");
            let part = std::f64::consts::PI / (n + 1) as f64;
            let scale = (2.0 / (n + 1) as f64).sqrt();
            for k in 0..n {
                let angle = (k + 1) as f64 * part;
                assert!((values[k] - (1.0 - angle.cos())).abs() < 1e-10);
                let sign = vectors[k].signum();
                for i in 0..n {
                    let known = scale * ((i + 1) as f64 * angle).sin();
                    assert!((sign * vectors[i * n + k] - known).abs() < 1e-7, "{n} {k} {i}");
                }
            }
        }
    }

    #[test]
    fn equal_values_have_none() {
        assert!(find(&[1.0, 1.0, 0.5], &[0.0, 0.0]).is_none());
        // Two values that differ by no more than rounding.
        let diagonal: Vec<f64> = (0..41).map(|i| f64::from(i - 20).abs() / 20.0).collect();
        assert!(find(&diagonal, &[0.05; 40]).is_none());
        assert!(find(&[1.0, 0.25, 0.5], &[0.0, 0.0]).is_some());
    }
}
