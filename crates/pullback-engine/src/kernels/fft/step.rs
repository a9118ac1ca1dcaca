//! The steps of a transform, those of Stockham.

use pulp::{NullaryFnOnce, Simd};

use super::Real;
use super::lane::{Lane, Places};

/// A transform of so many elements as the first-level cache holds.
pub(super) struct Pass<T> {
    pub length: usize,
    pub stages: Vec<Stage<T>>,
}

/// A step: what is left are `rest` times `radix` elements, of which each `radix` are transformed.
pub(super) struct Stage<T> {
    pub radix: usize,
    rest: usize,
    /// By what all but the first of each are multiplied afterwards; the first of all by nothing.
    twiddles: Vec<[T; 2]>,
}

/// `exp(-2πi turn / whole)`.
pub(super) fn turned<T: Real>(turn: usize, whole: usize) -> [T; 2] {
    let angle = -std::f64::consts::TAU * (turn % whole) as f64 / whole as f64;
    [angle.cos(), angle.sin()].map(real)
}

#[inline(always)]
pub(super) fn real<T: Real>(value: f64) -> T {
    T::from_f64(value).unwrap_or_else(T::zero)
}

/// Factors of a length that there are steps for, if it has no others.
pub(super) fn radices(length: usize) -> Option<Vec<usize>> {
    let (mut rest, mut radices) = (length, vec![]);
    for radix in [5, 3] {
        while rest.is_multiple_of(radix) {
            radices.push(radix);
            rest /= radix;
        }
    }
    while rest.is_multiple_of(2) {
        // Sixteen is four times four rather than eight times two.
        let radix = match rest {
            2 => 2,
            4 | 16 => 4,
            _ => 8,
        };
        radices.push(radix);
        rest /= radix;
    }
    (rest == 1).then_some(radices)
}

impl<T: Real> Pass<T> {
    pub(super) fn new(length: usize) -> Option<Pass<T>> {
        let (mut whole, mut stages) = (length, vec![]);
        for radix in radices(length)? {
            let rest = whole / radix;
            let twiddles = (0..rest).flat_map(|p| (1..radix).map(move |j| turned(p * j, whole)));
            stages.push(Stage { radix, rest, twiddles: twiddles.collect() });
            whole = rest;
        }
        Some(Pass { length, stages })
    }
}

impl<T: Real> Stage<T> {
    /// Takes the step from some places to others. Results are multiplied by `turns` where it is
    /// the last.
    #[inline(always)]
    pub(super) fn run<S: Simd>(
        &self,
        simd: S,
        (from, to): (Places<T, S>, Places<T, S>),
        beside: usize,
        turns: Option<&[[T; 2]]>,
    ) {
        macro_rules! step {
            ($RADIX:expr) => {
                match turns {
                    Some(turns) => simd.vectorize(Step::<T, S, $RADIX, LAST> {
                        simd,
                        stage: self,
                        beside,
                        from,
                        to,
                        turns,
                    }),
                    None if self.rest == 1 => simd.vectorize(Step::<T, S, $RADIX, PLAIN> {
                        simd,
                        stage: self,
                        beside,
                        from,
                        to,
                        turns: &[],
                    }),
                    None => simd.vectorize(Step::<T, S, $RADIX, INNER> {
                        simd,
                        stage: self,
                        beside,
                        from,
                        to,
                        turns: &self.twiddles,
                    }),
                }
            };
        }
        match self.radix {
            2 => step!(2),
            3 => step!(3),
            4 => step!(4),
            5 => step!(5),
            _ => step!(8),
        }
    }
}

/// What results of a step are multiplied by: nothing, for what stands before a step that follows,
/// or for what stands after the last.
const PLAIN: u8 = 0;
const INNER: u8 = 1;
const LAST: u8 = 2;

/// Each `RADIX` elements that are equally far apart, transformed, one after the other.
struct Step<'a, T: Real, S: Simd, const RADIX: usize, const TURNS: u8> {
    simd: S,
    stage: &'a Stage<T>,
    beside: usize,
    from: Places<'a, T, S>,
    to: Places<'a, T, S>,
    turns: &'a [[T; 2]],
}

impl<T: Real, S: Simd, const RADIX: usize, const TURNS: u8> NullaryFnOnce
    for Step<'_, T, S, RADIX, TURNS>
{
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Step { simd, stage, beside, from, to, turns } = self;
        let rest = stage.rest;
        for p in 0..rest {
            for q in 0..beside {
                // Values by name: arrays of them would be kept in memory.
                macro_rules! a {
                    ($k:expr) => {
                        Lane::<T, S>::of(
                            simd,
                            from.vectors,
                            (q + beside * (p + $k * rest)) * from.apart,
                        )
                    };
                }
                macro_rules! put {
                    ($j:expr, $value:expr) => {{
                        let (value, k) = ($value, q + beside * (RADIX * p + $j));
                        let value = match TURNS {
                            LAST => value.times(turns[k]),
                            INNER if $j > 0 => value.times(turns[p * (RADIX - 1) + $j - 1]),
                            _ => value,
                        };
                        value.put(to.vectors, k * to.apart);
                    }};
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
                        let middle = a0.with(sum, real(-0.5));
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
                    5 => {
                        let (a0, a1, a2, a3, a4) = (a!(0), a!(1), a!(2), a!(3), a!(4));
                        let cos =
                            [0.309_016_994_374_947_45, -0.809_016_994_374_947_5].map(real::<T>);
                        let sin = [0.951_056_516_295_153_5, 0.587_785_252_292_473_1].map(real::<T>);
                        let (outer, inner) = (a1.plus(a4), a2.plus(a3));
                        let (across, within) = (a1.minus(a4), a2.minus(a3));
                        let first = a0.with(outer, cos[0]).with(inner, cos[1]);
                        let second = a0.with(outer, cos[1]).with(inner, cos[0]);
                        let turned = across.scaled(sin[0]).with(within, sin[1]).quarter();
                        let other = across.scaled(sin[1]).with(within, -sin[0]).quarter();
                        put!(0, a0.plus(outer).plus(inner));
                        put!(1, first.plus(turned));
                        put!(2, second.plus(other));
                        put!(3, second.minus(other));
                        put!(4, first.minus(turned));
                    }
                    _ => {
                        let (a0, a1, a2, a3) = (a!(0), a!(1), a!(2), a!(3));
                        let (a4, a5, a6, a7) = (a!(4), a!(5), a!(6), a!(7));
                        // Elements an even number apart, then odd ones: each as four elements are.
                        let (b0, b1, b2, b3) = (a0.plus(a4), a1.plus(a5), a2.plus(a6), a3.plus(a7));
                        let (even, odd) = (b0.plus(b2), b1.plus(b3));
                        let (front, back) = (b0.minus(b2), b1.minus(b3).quarter());
                        put!(0, even.plus(odd));
                        put!(2, front.plus(back));
                        put!(4, even.minus(odd));
                        put!(6, front.minus(back));
                        let root = real::<T>(std::f64::consts::FRAC_1_SQRT_2);
                        let (c0, c2) = (a0.minus(a4), a2.minus(a6).quarter());
                        let (d1, d3) = (a1.minus(a5), a3.minus(a7));
                        // Times an eighth of a turn, and three eighths.
                        let c1 = d1.plus(d1.quarter()).scaled(root);
                        let c3 = d3.quarter().minus(d3).scaled(root);
                        let (even, odd) = (c0.plus(c2), c1.plus(c3));
                        let (front, back) = (c0.minus(c2), c1.minus(c3).quarter());
                        put!(1, even.plus(odd));
                        put!(3, front.plus(back));
                        put!(5, even.minus(odd));
                        put!(7, front.minus(back));
                    }
                }
            }
        }
    }
}
