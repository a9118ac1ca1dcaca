"""Prints the polynomials of the engine's functions, as Rust constants with their errors.

`minimax.py NAME...` prints those of crates/pullback-engine/src/tile/math whose constants have one
of the names, and without names all of them. Remez's exchange algorithm, in 60 digits. Needs mpmath.
"""

import struct
import sys

from mpmath import acos, asin, atan, atanh, besseli, cos, digamma, erf, erfc, exp
from mpmath import expm1, findroot, log, loggamma, log1p, lu_solve, matrix, mp, mpf, pi, polyval
from mpmath import sin, sinh, sqrt, tanh

mp.dps = 60


def remez(f, low, high, count, weight=lambda x: 1, rounds=12):
    """The polynomial of `count` coefficients whose largest weighted error is the least."""
    low, high = mpf(low), mpf(high)
    middle, half = (low + high) / 2, (high - low) / 2
    nodes = [-cos(pi * i / (24 * count)) for i in range(24 * count + 1)]
    grid = [min(max(middle + half * t, low), high) for t in nodes]
    values = [f(x) for x in grid]
    weights = [weight(x) for x in grid]
    chosen = [24 * i for i in range(count + 1)]
    chosen[-1] = 24 * count
    for _ in range(rounds):
        # In Chebyshev's variable, so that the equations are well conditioned.
        rows, right = [], []
        for sign, i in enumerate(chosen):
            angle = acos(nodes[i])
            rows.append([cos(k * angle) for k in range(count)] + [(-1) ** sign / weights[i]])
            right.append(values[i])
        *chebyshev, level = lu_solve(matrix(rows), matrix(right))
        p = powers(chebyshev, middle, half)
        errors = [(polyval(p[::-1], x) - y) * w for x, y, w in zip(grid, values, weights)]
        # The largest error of each run of one sign.
        peaks = []
        for i, e in enumerate(errors):
            if not peaks or (e > 0) != (errors[peaks[-1]] > 0):
                peaks.append(i)
            elif abs(e) > abs(errors[peaks[-1]]):
                peaks[-1] = i
        while len(peaks) > count + 1:
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        worst = max(abs(e) for e in errors)
        if len(peaks) < count + 1 or worst < abs(level) * mpf("1.01"):
            break
        chosen = peaks
    return p, worst


def powers(chebyshev, middle, half):
    """Coefficients of powers of x, from those of the polynomials of Chebyshev on an interval."""
    t = [-middle / half, 1 / half]
    before, current = [mpf(1)], t
    total = [chebyshev[0]] + [mpf(0)] * (len(chebyshev) - 1)
    for c in chebyshev[1:]:
        for k, a in enumerate(current):
            total[k] += c * a
        shifted = [2 * t[0] * a for a in current] + [mpf(0)]
        for k, a in enumerate(current):
            shifted[k + 1] += 2 * t[1] * a
        for k, a in enumerate(before):
            shifted[k] -= a
        before, current = current, shifted
    return total


def odd(f):
    """The tail of an odd function, (f(x) - x) / x³, as a function of x²."""
    return lambda z: (f(sqrt(z)) - sqrt(z)) / sqrt(z) ** 3


LOG_SPLIT = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2
DIGAMMA_ROOT = findroot(digamma, mpf("1.4616321449683623"))
TINY = mpf(10) ** -16


def log_tail(z):
    return (2 * atanh(sqrt(z)) - 2 * sqrt(z)) / sqrt(z) ** 3


def lgamma_near(x):
    x = beside(x, 2)
    return loggamma(x).real / ((x - 1) * (x - 2))


def stirling(w):
    """x (ln Γ(x) - (x - 1/2) ln x + x - ln(2π) / 2) in 1 / x²."""
    x = 1 / sqrt(w)
    return x * (loggamma(x).real - (x - mpf(1) / 2) * log(x) + x - log(2 * pi) / 2)


def digamma_tail(w):
    """x² (ln x - 1 / 2x - ψ(x)) in 1 / x²."""
    x = 1 / sqrt(w)
    return x * x * (log(x) - 1 / (2 * x) - digamma(x))


def cotangent(z):
    """r π / tan πr / (1 - 4 r²) in r²."""
    r = sqrt(z)
    return r * pi * cos(pi * r) / sin(pi * r) / (1 - 4 * z)


def bessel_near(order):
    """I(x) / x^order in x²."""
    return lambda z: besseli(order, sqrt(z)) / sqrt(z) ** order


def bessel_far(order):
    """sqrt(x) e^-x I(x) in 1 / x."""
    return lambda t: exp(-1 / t) * besseli(order, 1 / t) / sqrt(t)


def erfc_scaled(k):
    """erfc(a) e^(a²) (1 + 2a) in (a - k) / (a + k)."""

    def f(t):
        a = k * (1 + t) / (1 - t)
        return erfc(a) * exp(a * a) * (1 + 2 * a)

    return f


def erf_inverse_of(w):
    """erf⁻¹(x) / x where w = -ln(1 - x²)."""
    with mp.workdps(80):
        x = sqrt(-expm1(-w))
        y = sqrt(w)
        # Newton's steps on the complement, which keeps its digits.
        complement = exp(-w) / (1 + x)
        for _ in range(60):
            step = (erfc(y) - complement) / (2 / sqrt(pi) * exp(-y * y))
            y += step
            if abs(step) < mpf(10) ** -60:
                break
        return y / x


def beside(x, point):
    """`point` moved off a place where a quotient is 0 / 0."""
    return x + TINY if abs(x - point) < TINY else x


# The logarithm that erf⁻¹ takes is scaled, so that what tables are looked up by lies between 1 and
# 16, and a little more than 1, so that rounding leaves it there: the scale, and that.
SINGLE_ERF_INV = mpf(1.0703125), 1 + mpf(2) ** -20
DOUBLE_ERF_INV = mpf(2.41), 1 + mpf(2) ** -30


def scaled_log(scale):
    """-ln(1 + f) / f / scale in f."""
    return lambda f: -log1p(beside(f, 0)) / beside(f, 0) / scale


QUARTER = (pi / 4) ** 2 * mpf("1.0001")

# Name: function, interval, number of coefficients, width, and a weight of the errors.
FITS = {
    "single::ATAN": (odd(atan), TINY, 1, 10, 32),
    "single::ASIN": (odd(asin), TINY, 0.25, 5, 32),
    "single::ATANH": (odd(atanh), TINY, mpf("0.205") ** 2, 4, 32),
    "single::CBRT": (lambda m: m ** (-mpf(1) / 3), 1, 2, 5, 32),
    "single::LN_1P_NEAR": (
        lambda f: (log1p(beside(f, 0)) - beside(f, 0)) / beside(f, 0) ** 2,
        -mpf(1) / 31,
        mpf(1) / 16,
        4,
        32,
    ),
    "single::ERF_INV_LOG": (scaled_log(SINGLE_ERF_INV[0]), -mpf(1) / 33, mpf(1) / 33, 3, 32),
    "single::LGAMMA_NEAR": (lgamma_near, mpf("1.3"), 3, 12, 64),
    "single::SIN_PI": (lambda z: sin(pi * sqrt(z)) / sqrt(z) - pi, TINY, 0.25, 6, 64),
    "single::STIRLING": (stirling, mpf(10) ** -8, mpf(1) / 9, 5, 64),
    "single::DIGAMMA_NEAR": (
        lambda x: digamma(beside(x, DIGAMMA_ROOT)) / (beside(x, DIGAMMA_ROOT) - DIGAMMA_ROOT),
        1,
        2,
        11,
        64,
    ),
    "single::COT_PI": (cotangent, TINY, mpf("0.2499999"), 8, 64),
    "single::DIGAMMA_TAIL": (digamma_tail, mpf(10) ** -8, mpf(1) / 9, 5, 64),
    "double::EXP2": (lambda r: (2 ** beside(r, 0) - 1) / beside(r, 0), -0.5, 0.5, 12, 64),
    "double::LOG": (log_tail, TINY, LOG_SPLIT, 7, 64),
    "double::LOG_LATE": (lambda z: (log_tail(z) - mpf(2) / 3) / z, TINY, LOG_SPLIT, 8, 64),
    "double::SIN": (odd(sin), TINY, QUARTER, 6, 64),
    "double::COS": (
        lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2,
        TINY,
        QUARTER,
        6,
        64,
    ),
    "double::SIN_PI": (lambda z: sin(pi * sqrt(z)) / sqrt(z) - pi, TINY, 0.25, 9, 64),
    "double::SINH": (odd(sinh), TINY, 1, 7, 64),
    "double::TANH": (odd(tanh), TINY, 1, 16, 64),
    "double::ATAN": (odd(atan), TINY, 1, 21, 64),
    "double::ATANH": (odd(atanh), TINY, mpf("0.205") ** 2, 8, 64),
    "double::ASIN": (odd(asin), TINY, 0.25, 13, 64),
    "double::ERF": (lambda z: erf(sqrt(z)) / sqrt(z) - 1, TINY, 1, 12, 64),
    # What is far from 1 hardly matters to 1 - e^p.
    "double::ERF_FAR": (lambda a: log(erfc(a)), 1, 6, 17, 64, erfc),
    "double::ERFC": (erfc_scaled(4), -1, mpf(24) / 32, 24, 64),
    "double::CBRT": (lambda m: m ** (-mpf(1) / 3), 1, 2, 6, 64),
    "double::ERF_INV_LOG": (scaled_log(DOUBLE_ERF_INV[0]), -mpf(1) / 17, mpf(1) / 17, 9, 64),
    "double::LGAMMA_NEAR": (lgamma_near, mpf("1.3"), 3, 23, 64),
    "double::STIRLING": (stirling, mpf(10) ** -8, mpf(1) / 9, 11, 64),
    "double::DIGAMMA_NEAR": (
        lambda x: digamma(beside(x, DIGAMMA_ROOT)) / (beside(x, DIGAMMA_ROOT) - DIGAMMA_ROOT),
        1,
        2,
        21,
        64,
    ),
    "double::COT_PI": (cotangent, TINY, mpf("0.2499999"), 15, 64),
    "double::DIGAMMA_TAIL": (digamma_tail, mpf(10) ** -8, mpf(1) / 9, 12, 64),
}

for order in (0, 1):
    near, far = bessel_near(order), bessel_far(order)
    for suffix, (near_count, far_count) in {"": (16, 24), "_SHORT": (11, 7)}.items():
        weight = (lambda f: lambda z: 1 / f(z))(near)
        FITS[f"bessel::I{order}_NEAR{suffix}"] = (near, TINY, 64, near_count, 64, weight)
        FITS[f"bessel::I{order}_FAR{suffix}"] = (far, mpf(10) ** -4, mpf(1) / 8, far_count, 64)

# Polynomials in a variable moved to the middle of the interval, which rounds off less.
CENTERS = {
    "LGAMMA_NEAR": 2,
    "DIGAMMA_NEAR": 1.5,
    "ERF_FAR": 1,
}


def number(value, width):
    """The nearest float of the width, as Rust and rustfmt have it."""
    if width == 64:
        return repr(float(value))
    nearest = struct.unpack("f", struct.pack("f", float(value)))[0]
    for digits in range(1, 10):
        text = f"{nearest:.{digits}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == nearest:
            return repr(float(text))


def erf_inv_places(scale, first, parts, count, most):
    """erf⁻¹(x) / x in v less the middle of a part of a binade, v = first - ln(1 - x²) / scale.

    The rows are the middles and the coefficients, and the columns the parts of the binades from 1
    to 16. They are in the order of the last digits of the exponent and first of the fraction.
    """
    columns = {}
    for n in range(4 * parts):
        low, width = mpf(2) ** (n // parts) * (1 + mpf(n % parts) / parts), mpf(2) ** (n // parts)
        middle, high = low + width / parts / 2, low + width / parts
        high = min(high, first + most / scale)
        low = max(low, first + mpf(10) ** -15)
        g = lambda s: erf_inverse_of((s + middle - first) * scale)  # noqa: B023, E731
        fit, _ = remez(g, low - middle, high - middle, count, lambda s: 1 / g(s))  # noqa: B023
        # The exponent of 1 is 3 with its last two digits.
        columns[(n + 3 * parts) % (4 * parts)] = [middle, *fit]
    return [[columns[at][k] for at in range(4 * parts)] for k in range(count + 1)]


def erf_inv_logs(scale, first, count, width):
    """Inverses of the middles of parts of [1, 2], and first + ln of these / scale."""
    inverses = [1 / (1 + (mpf(n) + 0.5) / count) for n in range(count)]
    inverses = [mpf(float(number(inverse, width))) for inverse in inverses]
    return [inverses, [first + log(inverse) / scale for inverse in inverses]]


def log_parts():
    """Inverses of sixteenths of [11/16, 11/8] and minus their logarithms, by the first digits.

    Each is near the inverse of the middle, where its logarithm is close to a float. Beside 1 it is 1.
    """
    inverses = []
    for n in range(16):
        middle = (1 + (mpf(n) + 0.5) / 16) / (1 if n < 6 else 2)
        bits = struct.unpack("I", struct.pack("f", float(1 / middle)))[0]
        near = [mpf(struct.unpack("f", struct.pack("I", bits + k))[0]) for k in range(-2000, 2001)]
        lost = lambda x: abs(1 + log(x) / mpf(float(number(-log(x), 32))))  # noqa: E731
        inverses.append(mpf(1) if n in (0, 15) else min(near, key=lost))
    return [inverses, [-log(inverse) for inverse in inverses]]


# Names and tables, of which each row is looked up by itself.
TABLES = {
    "single::LOG_PARTS": (log_parts, 32),
    "single::ERF_INV": (lambda: erf_inv_places(*SINGLE_ERF_INV, 4, 5, mpf(16)), 32),
    "single::ERF_INV_LOGS": (lambda: erf_inv_logs(*SINGLE_ERF_INV, 16, 32), 32),
    "double::ERF_INV": (lambda: erf_inv_places(*DOUBLE_ERF_INV, 2, 15, mpf("36.1")), 64),
    "double::ERF_INV_LOGS": (lambda: erf_inv_logs(*DOUBLE_ERF_INV, 8, 64), 64),
}


def print_table(name, rows, width):
    print(f"const {name.split('::')[1]}: [[f{width}; {len(rows[0])}]; {len(rows)}] = [")
    for row in rows:
        print("    [")
        for value in row:
            print(f"        {number(value, width)},")
        print("    ],")
    print("];", flush=True)


def main(names):
    for name, (f, low, high, count, width, *weight) in FITS.items():
        if names and name.split("::")[1] not in names and name not in names:
            continue
        center = mpf(CENTERS.get(name.split("::")[1], 0))
        weight = weight[0] if weight else lambda x: 1
        coefficients, error = remez(
            lambda x: f(x + center),
            low - center,
            high - center,
            count,
            lambda x: weight(x + center),
        )
        print(f"/// {name} in x - {float(center)}: error 2^{float(log(error, 2)):.1f}.")
        print(f"const {name.split('::')[1]}: [f{width}; {count}] = [")
        for c in coefficients:
            print(f"    {number(c, width)},")
        print("];", flush=True)
    for name, (table, width) in TABLES.items():
        if not names or name.split("::")[1] in names or name in names:
            print_table(name, table(), width)


if __name__ == "__main__":
    main(sys.argv[1:])
