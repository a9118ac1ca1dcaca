"""Why rows are thought to be slower than JAX's: beginnings of their names, and reasons."""

LIMITS = {
    "softmax axis 0": "memory: several passes over blocks of columns",
    "logsumexp": "exponentials, of which both compute as many",
    "softmax axis 1": "exponentials, and memory",
    "matmul 1024 float64": "the depth of blocks",
    "matmul": "the multiply-add units: both are near their peak",
    "vector times matrix": "memory",
    "attention": "exponentials and divisions of short rows; products are at the peak of the multiply-add units",
    "training step, layers (784": "products, which are at the peak of the multiply-add units",
    "training step, layers (16": "some ten steps of half a microsecond each",
    "transpose": "memory: elements are transposed into the result, in place of which code computes",
    "gather": "memory latency",
    "scatter": "memory latency",
    "inv": "panels wait for each other",
    "det": "panels wait for each other",
    "leapfrog": "each step waits for the one before",
    "irfft": "lines are transposed into lanes and back",
    "fft2": "memory: two passes",
    "convolution": "the multiply-add units",
    "svd 1000x8x8": "the library's bidiagonal matrices",
    "qr": "reflections of short columns",
    "Gaussian process": "decompositions and products of middle size, on one thread each",
    "Rosenbrock": "two passes over memory, where JAX computes terms twice in one",
}


def reason(row):
    """What limits a row."""
    known = [text for name, text in LIMITS.items() if row.startswith(name)]
    return known[0] if known else "not known"


def section(lines):
    """The rows of a table that are above 1, with what limits them."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    slow = [row for row in rows if len(row) == 4 and row[1][:1].isdigit() and float(row[3]) > 1]
    slow.sort(key=lambda row: -float(row[3]))
    table = [f"| {row[0]} | {row[3]} | {reason(row[0])} |" for row in slow]
    return ["## What is thought to limit the rows above 1", "", "| row | ratio | limit |", "|---|---|---|", *table]
