//! Incomplete gamma and beta functions, and sums of negative powers, in `f64`.
//!
//! Series and continued fractions are those of the Digital Library of Mathematical Functions,
//! <https://dlmf.nist.gov>, by the numbers given. Derivatives with respect to the parameter are
//! carried along, as the second part of a [`Dual`].

use std::ops::{Add, Div, Mul};

use pulp::{Simd, WithSimd};

use super::super::kernel::dispatch;
use super::double;

/// The precision that sums and fractions are continued to.
const PRECISION: f64 = 1e-16;

/// Terms at most: for parameters of a million and more some thousands are needed.
const TERMS: usize = 100_000;

/// A number, and its derivative with respect to the parameter.
#[derive(Clone, Copy)]
struct Dual {
    value: f64,
    slope: f64,
}

impl Dual {
    fn constant(value: f64) -> Dual {
        Dual { value, slope: 0.0 }
    }

    fn variable(value: f64) -> Dual {
        Dual { value, slope: 1.0 }
    }

    /// The number, but not too small to divide by.
    fn away_from_zero(self) -> Dual {
        if self.value.abs() < 1e-300 { Dual { value: 1e-300, ..self } } else { self }
    }

    fn inverse(self) -> Dual {
        let value = 1.0 / self.value;
        Dual { value, slope: -self.slope * value * value }
    }
}

impl Add for Dual {
    type Output = Dual;

    fn add(self, other: Dual) -> Dual {
        Dual { value: self.value + other.value, slope: self.slope + other.slope }
    }
}

impl Mul for Dual {
    type Output = Dual;

    fn mul(self, other: Dual) -> Dual {
        Dual {
            value: self.value * other.value,
            slope: self.slope * other.value + self.value * other.slope,
        }
    }
}

impl Div for Dual {
    type Output = Dual;

    // A quotient is a product with the inverse.
    #[allow(clippy::suspicious_arithmetic_impl)]
    fn div(self, other: Dual) -> Dual {
        self * other.inverse()
    }
}

/// `b₀ + a₁ / (b₁ + a₂ / (b₂ + ...))` by the method of Lentz; `term(n)` gives `aₙ` and `bₙ`.
fn continued_fraction(first: Dual, term: impl Fn(f64) -> (Dual, Dual)) -> Dual {
    let mut y = first.away_from_zero();
    let (mut c, mut d) = (y, Dual::constant(0.0));
    for n in 1..TERMS {
        let (a, b) = term(n as f64);
        c = (b + a / c).away_from_zero();
        d = (b + a * d).away_from_zero().inverse();
        let factor = c * d;
        y = y * factor;
        let rest = (factor.value - 1.0).abs();
        if rest < PRECISION && factor.slope.abs() < PRECISION * (1.0 + y.slope.abs()) {
            break;
        }
    }
    y
}

/// The sum of `xⁿ / ((a + 1) ... (a + n))`, 8.7.1.
fn series(a: f64, x: f64) -> Dual {
    let mut term = Dual::constant(1.0);
    let mut sum = term;
    for n in 1..TERMS {
        term = term * Dual::constant(x) / (Dual::variable(a) + Dual::constant(n as f64));
        sum = sum + term;
        let slope_rests = term.slope.abs() < PRECISION * sum.slope.abs().max(1e-300);
        if term.value < PRECISION * sum.value && slope_rests {
            break;
        }
    }
    sum
}

/// The fraction of 8.9.2, whose product with `xᵃ e⁻ˣ / Γ(a)` is the complement.
fn fraction(a: f64, x: f64) -> Dual {
    let parameter = Dual::variable(a);
    let minus = Dual::constant(-1.0) * parameter;
    let denominator = |n: f64| Dual::constant(x + 2.0 * n + 1.0) + minus;
    continued_fraction(denominator(0.0), |n| {
        let numerator = Dual::constant(-n) * (Dual::constant(n) + minus);
        (numerator, denominator(n))
    })
    .inverse()
}

/// The logarithm of `xᵃ e⁻ˣ / Γ(a)`.
fn log_density(a: f64, x: f64) -> f64 {
    a * x.ln() - x - lgamma(a)
}

fn prefers_fraction(a: f64, x: f64) -> bool {
    x >= 1.0 && x > a
}

fn outside(a: f64, x: f64) -> bool {
    let undefined = (a == 0.0 && x == 0.0) || (a.is_infinite() && x.is_infinite());
    a.is_nan() || x.is_nan() || a < 0.0 || x < 0.0 || undefined
}

/// The regularized lower incomplete gamma function.
pub(crate) fn igamma(a: f64, x: f64) -> f64 {
    match () {
        _ if outside(a, x) => f64::NAN,
        _ if x.is_infinite() || a == 0.0 => 1.0,
        _ if x == 0.0 || a.is_infinite() => 0.0,
        _ if prefers_fraction(a, x) => 1.0 - log_density(a, x).exp() * fraction(a, x).value,
        _ => log_density(a, x).exp() * series(a, x).value / a,
    }
}

/// The regularized upper incomplete gamma function, one minus [`igamma`].
pub(crate) fn igammac(a: f64, x: f64) -> f64 {
    match () {
        _ if outside(a, x) => f64::NAN,
        _ if x.is_infinite() || a == 0.0 => 0.0,
        _ if x == 0.0 || a.is_infinite() => 1.0,
        _ if prefers_fraction(a, x) => log_density(a, x).exp() * fraction(a, x).value,
        _ => 1.0 - log_density(a, x).exp() * series(a, x).value / a,
    }
}

/// The derivative of [`igamma`] with respect to `a`, divided by `xᵃ e⁻ˣ / Γ(a)`.
fn relative_slope(a: f64, x: f64) -> f64 {
    if prefers_fraction(a, x) {
        let complement = fraction(a, x);
        -(complement.slope + complement.value * (x.ln() - digamma(a)))
    } else {
        let sum = series(a, x);
        (sum.slope + sum.value * (x.ln() - digamma(a + 1.0))) / a
    }
}

/// The derivative of [`igamma`] with respect to `a`.
pub(crate) fn igamma_grad_a(a: f64, x: f64) -> f64 {
    match () {
        _ if outside(a, x) || a == 0.0 => f64::NAN,
        _ if x == 0.0 || x.is_infinite() || a.is_infinite() => 0.0,
        _ => log_density(a, x).exp() * relative_slope(a, x),
    }
}

/// How much a sample `x` of the gamma distribution with parameter `a` moves with `a`, its
/// probability kept.
pub(crate) fn random_gamma_grad(a: f64, x: f64) -> f64 {
    match () {
        _ if outside(a, x) || a == 0.0 => f64::NAN,
        _ if x == 0.0 => 0.0,
        // The density is what the slope is divided by, times 1 / x.
        _ => -x * relative_slope(a, x),
    }
}

/// The regularized incomplete beta function, 8.17.2.
pub(crate) fn betainc(a: f64, b: f64, x: f64) -> f64 {
    if a.is_nan() || b.is_nan() || !(0.0..=1.0).contains(&x) || a < 0.0 || b < 0.0 {
        return f64::NAN;
    }
    // All of the weight is at zero, or at one.
    let at_zero = a == 0.0 || b.is_infinite();
    let at_one = b == 0.0 || a.is_infinite();
    match (at_zero, at_one) {
        (true, true) => return f64::NAN,
        (true, false) => return if x == 0.0 { 0.0 } else { 1.0 },
        (false, true) => return if x == 1.0 { 1.0 } else { 0.0 },
        (false, false) => {}
    }
    if x == 0.0 || x == 1.0 {
        return x;
    }
    // The fraction converges fast up to the mean, and beyond it for the complement, 8.17.4.
    match x < (a + 1.0) / (a + b + 2.0) {
        true => beta_fraction(a, b, x),
        false => 1.0 - beta_fraction(b, a, 1.0 - x),
    }
}

/// 8.17.22.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let log_beta = lgamma(a) + lgamma(b) - lgamma(a + b);
    let scale = (a * x.ln() + b * (-x).ln_1p() - log_beta).exp() / a;
    let one = Dual::constant(1.0);
    let fraction = continued_fraction(one, |n| {
        let m = (n / 2.0).floor();
        let numerator = match n % 2.0 == 0.0 {
            true => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            false => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        };
        (Dual::constant(numerator), one)
    });
    scale / fraction.value
}

/// The zeta function of Hurwitz: the sum of `(q + k)⁻ˢ` over all `k`, 25.11.1.
pub(crate) fn zeta(s: f64, q: f64) -> f64 {
    if s.is_nan() || q.is_nan() || s < 1.0 {
        return f64::NAN;
    }
    if s == 1.0 {
        return f64::INFINITY;
    }
    if q <= 0.0 {
        if q == q.floor() {
            return f64::INFINITY;
        }
        if s != s.floor() || q < -1e4 {
            return f64::NAN;
        }
    }
    if q.is_infinite() {
        return 0.0;
    }
    // Bernoulli numbers of even index over factorials, from the second on.
    const COEFFICIENTS: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30240.0,
        -1.0 / 1209600.0,
        1.0 / 47900160.0,
        -691.0 / 1307674368000.0,
        1.0 / 74724249600.0,
        -3617.0 / 10670622842880000.0,
    ];
    // The rest of the sum by the formula of Euler and Maclaurin, 25.11.43.
    let start = 10.0f64.max(s / 2.0);
    let (mut sum, mut at) = (0.0, q);
    while at < start {
        let term = at.powf(-s);
        sum += term;
        at += 1.0;
        // Also where all terms vanish, and there would be many of them.
        if !sum.is_finite() || at > 1.0 && term <= PRECISION * sum.abs() {
            return sum;
        }
    }
    let power = at.powf(-s);
    let mut rest = power * (at / (s - 1.0) + 0.5);
    let mut factor = s * power / at;
    for (j, coefficient) in COEFFICIENTS.iter().enumerate() {
        rest += coefficient * factor;
        let n = s + 2.0 * j as f64;
        factor *= (n + 1.0) * (n + 2.0) / (at * at);
    }
    sum + rest
}

/// The derivative of the digamma function of the order given, 5.15.1.
pub(crate) fn polygamma(order: f64, x: f64) -> f64 {
    if order == 0.0 {
        return digamma(x);
    }
    if order.is_nan() || order < 0.0 || order != order.floor() {
        return f64::NAN;
    }
    let sign = if order % 2.0 == 0.0 { -1.0 } else { 1.0 };
    sign * libm::tgamma(order + 1.0) * zeta(order + 1.0, x)
}

/// That of `double`, compiled for this processor. Compiled for all, it would call a function for
/// every fused step.
fn lgamma(x: f64) -> f64 {
    struct Lgamma<'a>(f64, &'a mut f64);
    impl WithSimd for Lgamma<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _simd: S) {
            *self.1 = double::lgamma(self.0);
        }
    }
    let mut y = 0.0;
    dispatch(Lgamma(x, &mut y));
    y
}

/// That of `double`, likewise.
fn digamma(x: f64) -> f64 {
    struct Digamma<'a>(f64, &'a mut f64);
    impl WithSimd for Digamma<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _simd: S) {
            *self.1 = double::digamma(self.0);
        }
    }
    let mut y = 0.0;
    dispatch(Digamma(x, &mut y));
    y
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: f64, exact: f64) {
        assert!((value - exact).abs() <= 4e-14 * exact.abs(), "{value:e} {exact:e}");
    }

    #[test]
    fn incomplete_gamma_functions_at_known_points() {
        check(igamma(1.0, 2.0), 1.0 - (-2.0f64).exp());
        check(igamma(0.5, 0.25), double::erf(0.5));
        check(igamma(0.5, 9.0), double::erf(3.0));
        check(igammac(0.5, 25.0), double::erfc(5.0));
        check(igammac(3.0, 10.0), (-10.0f64).exp() * 61.0);
        assert_eq!((igamma(2.0, 0.0), igamma(2.0, f64::INFINITY)), (0.0, 1.0));
        assert!(igamma(-1.0, 1.0).is_nan() && igamma(0.0, 0.0).is_nan());
    }

    #[test]
    fn slopes_are_those_of_differences() {
        for (a, x) in [(0.5, 0.2), (2.0, 1.0), (2.0, 5.0), (30.0, 29.0), (30.0, 40.0), (0.1, 3.0)] {
            let h = 1e-5;
            let difference = (igamma(a + h, x) - igamma(a - h, x)) / (2.0 * h);
            assert!((igamma_grad_a(a, x) - difference).abs() < 1e-8, "{a} {x}");
            let density = (log_density(a, x)).exp() / x;
            check(random_gamma_grad(a, x), -igamma_grad_a(a, x) / density);
        }
    }

    #[test]
    fn incomplete_beta_function_at_known_points() {
        check(betainc(1.0, 3.0, 0.2), 1.0 - 0.8f64.powi(3));
        check(betainc(2.0, 2.0, 0.5), 0.5);
        check(betainc(2.0, 3.0, 0.7), 0.9163);
        check(betainc(0.5, 0.5, 0.25), 1.0 / 3.0);
        assert_eq!((betainc(2.0, 3.0, 0.0), betainc(2.0, 3.0, 1.0)), (0.0, 1.0));
        assert!(betainc(2.0, 3.0, 1.1).is_nan());
    }

    #[test]
    fn zeta_and_polygamma_at_known_points() {
        let pi = std::f64::consts::PI;
        check(zeta(2.0, 1.0), pi * pi / 6.0);
        check(zeta(4.0, 1.0), pi.powi(4) / 90.0);
        check(zeta(1.5, 1.0), 2.612375348685488);
        check(zeta(40.0, 2.0), 9.09494784026389e-13);
        for (x, y) in [
            (0.5, 4.93480220054468),
            (-0.5, 8.934802200544677),
            (1.5, 0.9348022005446794),
            (30.0, 0.033895060357739946),
            (1e-3, 1000001.6425331958),
        ] {
            check(polygamma(1.0, x), y);
        }
        check(polygamma(2.0, 1.0), -2.0 * 1.2020569031595942);
        assert_eq!(zeta(1.0, 2.0), f64::INFINITY);
        assert!(polygamma(0.5, 1.0).is_nan());
    }
}
