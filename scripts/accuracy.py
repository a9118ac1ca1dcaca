"""Writes docs/accuracy.md: the largest errors of our functions beside those of NumPy and JAX.

    python scripts/reference.py 20000 points.txt
    target/release/xtask accuracy points.txt > errors.tsv
    python scripts/accuracy.py points.txt errors.tsv

All are measured at the same points. Needs numpy, scipy and jax.
"""

import sys
from pathlib import Path

import jax
import numpy
import scipy
import scipy.special

ROOT = Path(__file__).parent.parent

jax.config.update("jax_enable_x64", True)

NUMPY = {
    name: getattr(numpy, name)
    for name in "exp exp2 expm1 log log1p log2 sin cos tan sinh cosh tanh cbrt".split()
}
NUMPY |= {
    "asin": numpy.arcsin,
    "acos": numpy.arccos,
    "atan": numpy.arctan,
    "asinh": numpy.arcsinh,
    "acosh": numpy.arccosh,
    "atanh": numpy.arctanh,
    "pow": numpy.power,
    "atan2": numpy.arctan2,
    # NumPy has none of these, and SciPy is what its users take.
    "logistic": scipy.special.expit,
    "erf": scipy.special.erf,
    "erfc": scipy.special.erfc,
    "erf_inv": scipy.special.erfinv,
    "lgamma": scipy.special.gammaln,
    "digamma": scipy.special.digamma,
    "bessel_i0e": scipy.special.i0e,
    "bessel_i1e": scipy.special.i1e,
}
JAX = {name: getattr(jax.lax, name) for name in NUMPY if name != "log2"}
JAX["log2"] = jax.numpy.log2


def functions(path):
    """Name and width, and the points as an array of columns."""
    key, rows = None, []
    for line in path.read_text().splitlines():
        words = line.split(" ")
        if words[-1] in ("f32", "f64"):
            if rows:
                yield *key, rows
            key, rows = (words[0], int(words[1][1:])), []
        else:
            rows.append(words)
    yield *key, rows


def largest_error(function, name, bits, rows, flushes=False):
    """Over all points, or of a library that takes denormal numbers for zero, over the others."""
    kind = numpy.float32 if bits == 32 else numpy.float64
    integer = numpy.uint32 if bits == 32 else numpy.uint64
    at = next(i for i, word in enumerate(rows[0]) if word[0] in "+-")

    def column(i):
        return numpy.array([int(row[i], 16) for row in rows], integer).view(kind)

    with numpy.errstate(all="ignore"):
        result = numpy.asarray(function(*[column(i) for i in range(at - 1)]))
    assert result.dtype == kind, name
    # The differences are exact in long doubles, whose exponents have a larger range too.
    nearest = column(at - 1).astype(numpy.longdouble)
    rest = numpy.array([float(row[at]) for row in rows])
    terms = numpy.array([float(row[at + 1]) if len(row) > at + 1 else 0.0 for row in rows])
    digits, least = (24, -149) if bits == 32 else (53, -1074)
    own = numpy.maximum(numpy.frexp(nearest)[1] - digits, least)
    own = numpy.where(nearest == 0, least, own)
    larger = numpy.maximum(numpy.frexp(terms)[1] - digits - own, 0)
    larger = numpy.where(terms == 0, 0, larger)
    with numpy.errstate(all="ignore"):
        error = abs(numpy.ldexp(result.astype(numpy.longdouble) - nearest, -own) - rest)
        error = numpy.where(numpy.isfinite(result), numpy.ldexp(error, -larger), numpy.inf)
    smallest = numpy.finfo(kind).smallest_normal
    normal = numpy.all([abs(column(i)) >= smallest for i in range(at)], axis=0)
    return float(error[normal].max() if flushes else error.max())


def shown(error):
    if error == numpy.inf:
        return "∞"
    return f"{error:.2f}" if error < 100 else f"{error:.1e}"


def main(points, errors):
    own = {}
    for line in Path(errors).read_text().splitlines()[1:]:
        name, width, largest, *_ = line.split("\t")
        own[name, int(width[1:])] = float(largest)
    rows, count = {}, 0
    for name, bits, points_of in functions(Path(points)):
        count = max(count, len(points_of))
        errors = [
            own[name, bits],
            largest_error(NUMPY[name], name, bits, points_of),
            largest_error(JAX[name], name, bits, points_of, flushes=True),
        ]
        rows.setdefault(name, []).extend(shown(error) for error in errors)
    lines = [
        "# Accuracy",
        "",
        "The largest errors found, in units in the last place of the exact value, of pullback,",
        f"NumPy {numpy.__version__} (SciPy {scipy.__version__} for what NumPy lacks), and JAX",
        f"{jax.__version__} on a CPU. The points are the same, those of `scripts/reference.py`: up",
        f"to {count} of each function, half of them over all floats and half where the function",
        "bends. `scripts/accuracy.py` says how this page is made.",
        "",
        "Correct rounding is 0.5. Of JAX, points are left out where an argument or the value is",
        "zero or denormal, since it flushes those to zero. Left of 0, errors of lgamma and digamma",
        "are in units of the larger of the value and the terms that cancel near its roots.",
        "Infinity means a result that is infinite or no number where the value is finite.",
        "",
        "| function | pullback f32 | NumPy | JAX | pullback f64 | NumPy | JAX |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [f"| {name} | " + " | ".join(row) + " |" for name, row in rows.items()]
    (ROOT / "docs/accuracy.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
