//! The logarithm of the gamma function and its derivative.

use std::f64::consts::PI;

use super::super::lane::Double;
use super::log::{log, log_pair};

/// The polynomials that `lgamma` is made of.
pub(crate) struct Lgamma<const N: usize, const S: usize, const P: usize> {
    /// ln Γ(2 + d) / (d (d + 1)) in d, from -0.7 to 1.
    pub near: [f64; N],
    /// What Stirling's formula lacks, times x, in 1 / x² for x >= 3.
    pub stirling: [f64; S],
    /// sin(πr) / r - π in r², for |r| <= 1/2.
    pub sin_pi: [f64; P],
}

/// ln |Γ(x)|, within 3 ulp of the larger of it and the terms that cancel near its negative roots.
#[inline(always)]
pub(crate) fn lgamma<R: Double>(x: R) -> R {
    lgamma_by(x, LGAMMA)
}

/// ln |Γ(x)| by the polynomials given.
#[inline(always)]
pub(crate) fn lgamma_by<R: Double, const N: usize, const S: usize, const P: usize>(
    x: R,
    by: Lgamma<N, S, P>,
) -> R {
    // ln √(2π) - 1/2.
    const HALF_LN_TAU: f64 = 0.418_938_533_204_672_7;
    let (one, half, infinity) = (R::of(1.0), R::of(0.5), R::of(f64::INFINITY));
    let a = x.abs();
    let large = a.ge(R::of(3.0));
    let below = a.lt(R::of(1.3));
    let small = a.lt(half);
    // ln Γ(a) = ln Γ(a + 1) - ln a, until the argument is 2 + d. Both roots are factors.
    let d = R::choose(small, a, R::choose(below, a - one, a - R::of(2.0)));
    let factor = R::choose(small, a.mul_add(a, a), R::choose(below | large, a, one));
    let (ln, rest) = log_pair(factor);
    let near = (d.mul_add(d, d)).mul_add(d.poly(by.near), -rest) - ln;
    // Stirling's formula.
    let reciprocal = one / a;
    let tail = reciprocal.mul_add((reciprocal * reciprocal).poly(by.stirling), R::of(HALF_LN_TAU));
    let power = a - half;
    let far = power.mul_add(ln - one, power.mul_add(rest, tail));
    let y = R::choose(large, R::choose(a.lt(infinity), far, a), near);
    // Γ(-a) Γ(a) = -π / (a sin πa), and for tiny a both factors are alike.
    let r = a - a.round_ties_even();
    let sin = r.abs() * (R::of(PI) + (r * r).poly(by.sin_pi));
    let reflected = log(R::of(PI) / (a * sin)) - y;
    let reflected = R::choose(r.eq(R::of(0.0)), infinity, reflected);
    let reflect = x.lt(R::of(-1e-20)) & a.lt(infinity);
    R::choose(reflect, reflected, y)
}

/// The polynomials that `digamma` is made of.
pub(crate) struct Digamma<const N: usize, const S: usize, const P: usize> {
    /// ψ(x) / (x - root) in x - 3/2, for x from 1 to 2.
    pub near: [f64; N],
    /// x² (ln x - 1 / 2x - ψ(x)) in 1 / x² for x >= 3.
    pub tail: [f64; S],
    /// r π / tan πr / (1 - 4r²) in r², for |r| <= 1/2.
    pub cot_pi: [f64; P],
}

/// The derivative of ln Γ(x), within 4 ulp of the larger of it and the terms that cancel near
/// its negative roots.
#[inline(always)]
pub(crate) fn digamma<R: Double>(x: R) -> R {
    digamma_by(x, DIGAMMA)
}

/// The derivative of ln Γ(x) by the polynomials given.
#[inline(always)]
pub(crate) fn digamma_by<R: Double, const N: usize, const S: usize, const P: usize>(
    x: R,
    by: Digamma<N, S, P>,
) -> R {
    const ROOT: f64 = 1.461_632_144_968_362_2;
    // What the constant lacks of the root.
    const ROOT_REST: f64 = 9.549_995_429_965_697e-17;
    let (zero, one, two) = (R::of(0.0), R::of(1.0), R::of(2.0));
    let a = x.abs();
    let large = a.ge(R::of(3.0));
    let small = a.lt(one);
    let middle = a.ge(two) & !large;
    let negative = x.lt(zero);
    // ψ(a) = ψ(a + 1) - 1 / a, until the argument is between 1 and 2. The reflection below adds
    // 1 / a, which is put together with this term.
    let t = R::choose(small, a + one, R::choose(middle, a - one, a));
    let denominator = R::choose(middle, a - one, a);
    let own = R::choose(small, -one, R::choose(large, R::of(-0.5), R::choose(middle, one, zero)));
    let denominator = R::choose(negative & middle, denominator * a, denominator);
    // Where nothing is divided, since the reciprocal of the argument may be infinite.
    let denominator = R::choose(negative & small, one, denominator);
    let both = R::choose(middle, a + (a - one), own + one);
    let reciprocal = one / denominator;
    let term = R::choose(negative, both, own) * reciprocal;
    let root = (t - R::of(ROOT)) - R::of(ROOT_REST);
    let near = root.mul_add((t - R::of(1.5)).poly(by.near), term);
    let (ln, rest) = log_pair(a);
    let z = reciprocal * reciprocal;
    let far = ln + (z.mul_add(-z.poly(by.tail), rest) + term);
    let y = R::choose(large, R::choose(a.lt(R::of(f64::INFINITY)), far, a), near);
    // ψ(-a) = ψ(a) + 1 / a + π / tan πa.
    let r = a - a.round_ties_even();
    let root = (R::of(-4.0) * r).mul_add(r, one);
    let cotangent = root * (r * r).poly(by.cot_pi) / r;
    let reflected = R::choose(r.eq(zero), R::of(f64::NAN), y + cotangent);
    R::choose(negative, reflected, R::choose(x.eq(zero), R::of(f64::NEG_INFINITY), y))
}

const LGAMMA: Lgamma<23, 11, 9> = Lgamma { near: LGAMMA_NEAR, stirling: STIRLING, sin_pi: SIN_PI };

const DIGAMMA: Digamma<21, 12, 15> =
    Digamma { near: DIGAMMA_NEAR, tail: DIGAMMA_TAIL, cot_pi: COT_PI };

const LGAMMA_NEAR: [f64; 23] = [
    0.42278433509846713,
    -0.10031730167435376,
    0.032965000621157106,
    -0.012384192193391427,
    0.0049986411646232775,
    -0.0021081308331835132,
    0.0009153769237867606,
    -0.0004057074113065048,
    0.00018255262506665363,
    -8.309498946722614e-05,
    3.816893755337554e-05,
    -1.7662491740489634e-05,
    8.222306297364295e-06,
    -3.844329556241302e-06,
    1.806461440328446e-06,
    -8.595675711583111e-07,
    4.0990588706845435e-07,
    -1.838974832987271e-07,
    7.976091007824914e-08,
    -4.592244738702345e-08,
    3.084653253267287e-08,
    -1.3595638375847422e-08,
    2.534390365704717e-09,
];

const STIRLING: [f64; 11] = [
    0.08333333333333331,
    -0.002777777777731262,
    0.0007936507757480145,
    -0.0005952353892445878,
    0.0008415382531160254,
    -0.0019075574178549631,
    0.0061071585514189215,
    -0.023209499744926303,
    0.082746759705832,
    -0.2130622383252946,
    0.27250772547347496,
];

const SIN_PI: [f64; 9] = [
    -6.485425473263489e-19,
    -5.167712780049969,
    2.5501640398773007,
    -0.5992645293189474,
    0.08214588657314421,
    -0.007370430506269508,
    0.0004662998178563369,
    -2.1903501176412406e-05,
    7.697867782956378e-07,
];

const DIGAMMA_NEAR: [f64; 21] = [
    0.951055876031833,
    -0.4236274212814572,
    0.24054248424076244,
    -0.1484049230548798,
    0.09498872445649557,
    -0.06192213318919539,
    0.04076083373285551,
    -0.02697580007834529,
    0.01790725450811786,
    -0.011908145661767724,
    0.007926913753062172,
    -0.005280911755652931,
    0.003519287262348716,
    -0.0023374990989332733,
    0.0015550514659260389,
    -0.0010778824891637267,
    0.0007286997105848832,
    -0.00035437084062033724,
    0.00021711897082339328,
    -0.00037872186432446817,
    0.00026777626332874694,
];

const DIGAMMA_TAIL: [f64; 12] = [
    0.08333333333333327,
    -0.008333333333185066,
    0.003968253899933439,
    -0.004166654256558722,
    0.007574578474312276,
    -0.02102531457045054,
    0.08080014355441847,
    -0.3769657272107666,
    1.7744680859260753,
    -6.897097004127591,
    17.981241377802977,
    -22.470604774849708,
];

const COT_PI: [f64; 15] = [
    1.0,
    0.7101318663035281,
    0.6758809977974842,
    0.6688378665542051,
    0.667196795390835,
    0.6667964576758117,
    0.6667328750937767,
    0.6661326261885713,
    0.6728265033353913,
    0.6168458586268802,
    0.953911753465,
    -0.49594889682580406,
    3.8488528409315883,
    -4.766546887880772,
    5.392211650248291,
];
