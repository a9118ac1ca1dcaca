"""Compares figures with the published ones; exit status 1 if one is off or missing.

Arguments: the published figures, then one file of figures for each language.
"""

import csv
import sys
from pathlib import Path


def read(path):
    with open(path, encoding="utf-8") as lines:
        return dict(row[:2] for row in csv.reader(lines, delimiter="\t") if len(row) >= 2)


def agrees(figure, published, tolerance):
    if figure is None:
        return False
    if tolerance.startswith("abs "):
        return abs(figure - published) <= float(tolerance[4:])
    return abs(figure - published) <= float(tolerance) * abs(published)


def main(figures, *files):
    languages = [read(path) for path in files]
    rows = [("program", "published", *(Path(path).stem.capitalize() for path in files), "ok")]
    with open(figures, encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            name, published = row["name"], float(row["published"])
            here = [float(by[name]) if name in by else None for by in languages]
            good = all(agrees(figure, published, row["tolerance"]) for figure in here)
            shown = ["missing" if figure is None else f"{figure:.8g}" for figure in here]
            rows.append((name, row["published"], *shown, "ok" if good else "OFF"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    good = sum(row[-1] == "ok" for row in rows[1:])
    print(f"\n{good} of {len(rows) - 1} figures agree")
    return 0 if good == len(rows) - 1 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
