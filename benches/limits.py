"""Why rows are thought to be slower than JAX's: beginnings of their names, and reasons."""

LIMITS = {
    "softmax axis 0": "rows of blocks of columns are short, and each result of a block is copied",
    "logsumexp axis 0": "several passes over memory",
    "matmul 1024 float64": "the depth of blocks",
    "matmul 256 bfloat16": "operands are copied in pairs before they are multiplied",
    "matmul 256 float16": "conversion of operands",
    "matmul 10000x64": "packing of few columns",
    "vector times matrix": "memory",
    "attention": "exponentials and divisions of short rows; products are at the peak of the multiply-add units",
    "training step, layers (16": "16 steps of half a microsecond each",
    "transpose 100x100x100": "the axes that cross are not the last two, so elements are moved one by one",
    "transpose": "elements are transposed into a cache, then computed with",
    "gather": "memory latency",
    "scatter-add rows": "updates of a row are on one thread",
    "irfft": "lines are transposed into lanes and back",
    "convolution": "the multiply-add units: both are near their peak",
    "svd values 64": "bisection, whose divisions depend on each other",
    "svd": "the library's bidiagonal matrices, on one thread",
    "eigh": "the library's divide and conquer, on one thread",
    "det 256": "panels are factored on one thread",
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
