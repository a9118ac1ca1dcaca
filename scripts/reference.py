"""Writes values of functions to more than double precision, to measure errors against.

`reference.py COUNT FILE` writes some COUNT points of each function and width. The file has a line
with a function's name and a width, and then a line for each point: the arguments and the nearest
float to the value, both as bits, what the value is more than that in units in its last place,
and, where terms cancel, the size of the largest. Needs mpmath and numpy.

crates/pullback-engine/src/tile/math/reference.txt, which tests use, is that of 120 points.
"""

import random
import sys

import mpmath
import numpy
from mpmath import mp, mpf

from minimax import erf_inverse_of

WIDE, HUGE = 260, 1400


def erf_inv(x):
    if abs(x) < mpf(2) ** -60:
        return x * mpmath.sqrt(mpmath.pi) / 2
    return x * erf_inverse_of(-mpmath.log((1 - x) * (1 + x)))


def lgamma(x):
    return mpmath.loggamma(x).real


def lgamma_terms(x):
    """The size of what cancels in the formula of reflection."""
    if x > 0:
        return mpf(0)
    return max(mpmath.log(mpmath.pi), abs(mpmath.log(abs(x * mpmath.sinpi(x)))))


def digamma_terms(x):
    return abs(mpmath.pi * mpmath.cospi(x) / mpmath.sinpi(x)) if x < 0 else mpf(0)


# Name: function, and the intervals that half of the arguments are from.
ONE = {
    "exp": (mpmath.exp, [(-1, 1), (-745, 710)]),
    "exp2": (lambda x: mpf(2) ** x, [(-1, 1), (-1075, 1024)]),
    "expm1": (mpmath.expm1, [(-0.5, 0.5), (-4, 4), (-40, 710)]),
    "log": (mpmath.log, [(0.5, 2), (0, 10)]),
    "log1p": (mpmath.log1p, [(-0.5, 1), (-1, 10)]),
    "log2": (lambda x: mpmath.log(x) / mpmath.log(2), [(0.5, 2), (0, 10)]),
    "sin": (mpmath.sin, [(-4, 4), (-1000, 1000), (-1e7, 1e7)]),
    "cos": (mpmath.cos, [(-4, 4), (-1000, 1000), (-1e7, 1e7)]),
    "tan": (mpmath.tan, [(-4, 4), (-1000, 1000), (-1e7, 1e7)]),
    "asin": (mpmath.asin, [(-1, 1), (0.4, 0.6)]),
    "acos": (mpmath.acos, [(-1, 1), (0.4, 0.6)]),
    "atan": (mpmath.atan, [(-1, 1), (-4, 4)]),
    "sinh": (mpmath.sinh, [(-2, 2), (-710, 710)]),
    "cosh": (mpmath.cosh, [(-2, 2), (-710, 710)]),
    "tanh": (mpmath.tanh, [(-1, 1), (-4, 4)]),
    "asinh": (mpmath.asinh, [(-1, 1), (-10, 10)]),
    "acosh": (mpmath.acosh, [(1, 1.1), (1, 10)]),
    "atanh": (mpmath.atanh, [(-0.3, 0.3), (-1, 1)]),
    "logistic": (lambda x: 1 / (1 + mpmath.exp(-x)), [(-5, 5), (-745, 40)]),
    "erf": (mpmath.erf, [(-1, 1), (-6, 6)]),
    "erfc": (mpmath.erfc, [(-1, 1), (0, 27)]),
    "erf_inv": (erf_inv, [(-0.1, 0.1), (-1, 1), (0.999, 1)]),
    "cbrt": (lambda x: mpmath.sign(x) * abs(x) ** (mpf(1) / 3), [(-1, 1), (1, 8)]),
    "lgamma": (lgamma, [(0, 3), (3, 100), (-10, 0)]),
    "digamma": (mpmath.digamma, [(0, 3), (3, 100), (-10, 0)]),
}
for order in (0, 1):
    ONE[f"bessel_i{order}e"] = (
        lambda x, order=order: mpmath.exp(-abs(x)) * mpmath.besseli(order, x),
        [(-8, 8), (8, 100)],
    )
TERMS = {"lgamma": lgamma_terms, "digamma": digamma_terms}
TWO = {
    "pow": lambda x, y: x**y,
    "atan2": lambda y, x: mpmath.atan2(y, x),
}

# Where something changes in a formula or in its result, and what comes closest to multiples of π/2.
HARD = [0.1, 0.5, 1, 1.4375, 1.5, 2, 3, 4, 6, 10, 23, 36, 88.72, 103.5, 708.3, 745.1, 1e-3, 1e-8]
HARD += [1e-16, 1e-30, 1e-40, 1e-300, 1e-310, 1e5, 1.3e7, 1.4e7, 1e12, 2e12, 1e22, 1e30, 1e300]
HARD += [6381956970095103.0 * 2.0**797, 16367173.0 * 2.0**72, 3.3e38, 1.7e308, 1.4616321449683623]
HARD += [0.9999999999999999, 0.99999994, 1.0000000000000002, 1.0000001, 0.3466, 0.7071067811865475]


class Width:
    def __init__(self, bits):
        self.bits = bits
        self.float = numpy.float32 if bits == 32 else numpy.float64
        self.integer = numpy.uint32 if bits == 32 else numpy.uint64
        self.digits, self.least = (24, -149) if bits == 32 else (53, -1074)

    def hex(self, x):
        return format(int(numpy.array(x, self.float).view(self.integer)), f"0{self.bits // 4}x")

    def any(self, source):
        bits = source.getrandbits(self.bits)
        return float(numpy.array(bits, self.integer).view(self.float))

    def round(self, x):
        with numpy.errstate(over="ignore"):
            return float(self.float(x))

    def unit(self, x):
        """The unit in the last place of a positive number."""
        return mpf(2) ** max(int(mpmath.floor(mpmath.log(x, 2))) + 1 - self.digits, self.least)

    def line(self, arguments, value, terms):
        """A point, or nothing where the value is no real number or too large."""
        if isinstance(value, mpmath.mpc) or not mpmath.isfinite(value):
            return None
        nearest = self.round(float(value))
        if not numpy.isfinite(nearest):
            return None
        unit = mpf(2) ** self.least
        if nearest != 0:
            unit = mpf(2) ** max(mpmath.frexp(mpf(nearest))[1] - self.digits, self.least)
        rest = float((value - mpf(nearest)) / unit)
        words = [self.hex(x) for x in arguments] + [self.hex(nearest), f"{rest:+.4f}"]
        if terms > abs(value):
            words.append(f"{float(terms):.4g}")
        return " ".join(words)


def arguments_of_one(intervals, count, width, source):
    hard = [sign * width.round(x) for x in HARD for sign in (1, -1)]
    yield from (x for x in hard if numpy.isfinite(x))
    for i in range(count):
        if i % 2:
            low, high = intervals[i // 2 % len(intervals)]
            if width.bits == 32:
                low, high = max(low, -104), min(high, 1e7 if high == 1e7 else 130)
            yield width.round(source.uniform(low, high))
        else:
            yield width.any(source)


def arguments_of_two(name, count, width, source):
    for i in range(count):
        x = [
            lambda: source.uniform(0.5, 2),
            lambda: source.uniform(0, 100),
            lambda: source.uniform(-10, 10),
            lambda: abs(width.any(source)),
        ][i % 4]()
        y = source.uniform(-10, 10)
        if name == "pow":
            x = width.round(x)
            largest = 709 if width.bits == 64 else 88
            if not 0 < x < numpy.inf:
                y = source.randint(-20, 20)
            elif x != 1:
                y = source.uniform(-1.03, 1.0) * largest / float(abs(numpy.log(x)))
        elif i % 4 == 3:
            y = x * source.uniform(-2, 2)
        yield width.round(x), width.round(y)


def points(name, count, width):
    source = random.Random(f"{name} {width.bits}")
    mp.prec = HUGE if name in ("sin", "cos", "tan") else WIDE
    if name in TWO:
        for x, y in arguments_of_two(name, count, width, source):
            if not (numpy.isfinite(x) and numpy.isfinite(y)) or (x == 0 and y <= 0):
                continue
            if x < 0 and name == "pow" and y != int(y):
                continue
            yield width.line((x, y), TWO[name](mpf(x), mpf(y)), 0)
        return
    function, intervals = ONE[name]
    for x in arguments_of_one(intervals, count, width, source):
        if numpy.isnan(x) or numpy.isinf(x) or x == 0:
            continue
        outside = {
            "log": x < 0,
            "log2": x < 0,
            "log1p": x <= -1,
            "asin": abs(x) > 1,
            "acos": abs(x) > 1,
            "acosh": x < 1,
            "atanh": abs(x) >= 1,
            "erf_inv": abs(x) >= 1,
            "lgamma": x < 0 and (x == int(x) or x < -1e6),
            "digamma": x < 0 and (x == int(x) or x < -1e6),
            # Known to be zero, one or infinite, but not to the library in reasonable time.
            "exp": abs(x) > 1000,
            "exp2": abs(x) > 2000,
            "expm1": abs(x) > 1000,
            "sinh": abs(x) > 1000,
            "cosh": abs(x) > 1000,
            "tanh": abs(x) > 1000,
            "logistic": abs(x) > 1000,
            "erf": abs(x) > 30,
            "erfc": abs(x) > 30,
            "bessel_i0e": abs(x) > 1e4,
            "bessel_i1e": abs(x) > 1e4,
        }
        if outside.get(name, False):
            continue
        terms = TERMS[name](mpf(x)) if name in TERMS else 0
        yield width.line((x,), function(mpf(x)), terms)


def main(count, path):
    with open(path, "w") as file:
        for name in [*ONE, *TWO]:
            for bits in (32, 64):
                lines = [line for line in points(name, count, Width(bits)) if line]
                file.write(f"{name} f{bits}\n" + "".join(line + "\n" for line in lines))
            print(name, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
