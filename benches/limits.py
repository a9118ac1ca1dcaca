"""Why rows are thought to miss what was aimed at: beginnings of their names, and reasons."""

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
    "Gaussian process": "matrices of middle size, which go from the cache of one thread to that of another",
    "import, ": "Python itself, which starts in a fiftieth of the time of the other side",
    "first gradient, ": "Python itself, and reading the modules",
    "equation of state": "products: as many as there, where sums come with them in one instruction",
    "randint": "random bits, two words of each element",
    "exponential": "random bits, of which both compute as many",
    "cold": "caches that the other side has just filled with its own",
    "Rosenbrock": "two passes over memory, where JAX computes terms twice in one",
}


def reason(row):
    """What limits a row."""
    known = [text for name, text in LIMITS.items() if row.startswith(name)]
    return known[0] if known else "not known"


def target(group, row):
    """The part of the other side's time that was aimed at; None where nothing was."""
    if group == "compile":
        return 0.02
    if group == "dispatch":
        if row.startswith("jitted"):
            return 0.1
        return 0.05 if row.startswith("un-jitted") else None
    is_random = group == "random" or row.startswith(("sort", "argsort", "top_k"))
    return 0.15 if is_random else 1.0


def section(lines):
    """The rows of a table that miss what was aimed at, with what limits them."""
    group, missed = "", []
    for line in lines:
        if line.startswith("## "):
            group = line[3:].strip()
        row = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(row) != 4 or not row[1][:1].isdigit():
            continue
        aim = target(group, row[0])
        if aim is not None and float(row[3]) > aim:
            missed.append((float(row[3]) / aim, row[0], row[3], aim))
    missed.sort(key=lambda one: -one[0])
    table = [f"| {row} | {ratio} | {aim} | {reason(row)} |" for _, row, ratio, aim in missed]
    return [
        "## What is thought to limit the rows that miss",
        "",
        "Aimed at are 1 for every row of compiled functions, 0.15 for sorting and random numbers, 0.02 to",
        "compile, 0.1 for jitted calls and 0.05 for transformations that are not.",
        "",
        "| row | ratio | aim | limit |",
        "|---|---|---|---|",
        *table,
    ]
