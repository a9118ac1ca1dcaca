"""Writes docs/performance.svg from the table docs/performance.md: a dot for each row, by group."""

import math
import pathlib
import re
from xml.sax.saxutils import escape

DOCS = pathlib.Path(__file__).parent.parent / "docs"
WIDTH, LEFT, RIGHT, TOP = 900, 140, 20, 50
# The height of a group: as many lines of dots as there are names to tell apart.
BAND, LINES = 60, 8


def ratios(text):
    """For each group of the table, its rows and their ratios."""
    groups, rows = {}, None
    for line in text.splitlines():
        if line.startswith("## "):
            rows = groups.setdefault(line[3:].strip(), [])
        found = re.fullmatch(r"\| (.+) \| [\d.]+ \| [\d.]+ \| ([\d.]+) \|", line)
        if found and rows is not None:
            rows.append((found[1], float(found[2])))
    return {name: rows for name, rows in groups.items() if rows}


def svg(groups):
    """A picture of them: left of the line at 1 it is faster than JAX."""
    values = [ratio for rows in groups.values() for _, ratio in rows]
    low = math.floor(math.log10(max(min(values), 1e-4)))
    high = max(1, math.ceil(math.log10(max(values))))
    bottom = TOP + BAND * len(groups)
    place = lambda ratio: LEFT + (  # noqa: E731
        (math.log10(max(ratio, 1e-4)) - low) / (high - low) * (WIDTH - LEFT - RIGHT)
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 40}" '
        f'width="{WIDTH}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{bottom + 40}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="15">Time of pullback / time of JAX</text>',
        f'<text x="{LEFT}" y="38" fill="#666">a dot a row of performance.md; '
        "the bar is the geometric mean of the group</text>",
    ]
    for exponent in range(low, high + 1):
        for digit in range(1, 10) if exponent < high else (1,):
            x = place(digit * 10.0**exponent)
            color = "#c00" if (digit, exponent) == (1, 0) else "#bbb" if digit == 1 else "#eee"
            lines.append(f'<path d="M{x:.1f} {TOP}V{bottom}" stroke="{color}"/>')
        label = f"{10.0**exponent:g}"
        lines.append(
            f'<text x="{place(10.0**exponent):.1f}" y="{bottom + 18}" '
            f'text-anchor="middle">{label}</text>'
        )
    for n, (name, rows) in enumerate(groups.items()):
        y = TOP + n * BAND
        if n % 2:
            width = WIDTH - LEFT - RIGHT
            lines.append(
                f'<rect x="{LEFT}" y="{y}" width="{width}" height="{BAND}" fill="#000" '
                'fill-opacity="0.04"/>'
            )
        lines.append(
            f'<text x="{LEFT - 10}" y="{y + BAND / 2 + 4}" text-anchor="end">{escape(name)}</text>'
        )
        mean = math.exp(sum(math.log(ratio) for _, ratio in rows) / len(rows))
        x = place(mean)
        lines.append(
            f'<path d="M{x:.1f} {y + 6}V{y + BAND - 6}" stroke="#333" stroke-width="3" '
            'stroke-opacity="0.6"/>'
        )
        for at, (row, ratio) in enumerate(rows):
            height = y + (at % LINES + 1) * BAND / (LINES + 1)
            color = "#1769aa" if ratio <= 1 else "#c00"
            lines.append(
                f'<circle cx="{place(ratio):.1f}" cy="{height:.1f}" r="3.5" fill="{color}" '
                f'fill-opacity="0.7"><title>{escape(row)}: {ratio:g}</title></circle>'
            )
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def main():
    groups = ratios((DOCS / "performance.md").read_text())
    (DOCS / "performance.svg").write_text(svg(groups))


if __name__ == "__main__":
    main()
