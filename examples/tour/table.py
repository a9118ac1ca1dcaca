"""Compares the figures of both languages with the published ones; exit status 1 if one is off."""

import csv
import sys


def read(path):
    with open(path, encoding="utf-8") as lines:
        return dict(row[:2] for row in csv.reader(lines, delimiter="\t") if len(row) >= 2)


def agrees(figure, published, tolerance):
    if figure is None:
        return False
    if tolerance.startswith("abs "):
        return abs(figure - published) <= float(tolerance[4:])
    return abs(figure - published) <= float(tolerance) * max(abs(published), 1e-30) or figure == published


def main(figures, python, rust):
    by_python, by_rust = read(python), read(rust)
    rows, ok = [("program", "published", "Python", "Rust", "ok")], True
    with open(figures, encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            name, published = row["name"], float(row["published"])
            here = [by.get(name) for by in (by_python, by_rust)]
            good = all(
                agrees(figure and float(figure), published, row["tolerance"]) for figure in here
            )
            ok &= good
            shown = [f"{float(figure):.8g}" if figure else "missing" for figure in here]
            rows.append((name, row["published"], *shown, "ok" if good else "OFF"))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    good = sum(row[4] == "ok" for row in rows)
    print(f"\n{good} of {len(rows) - 1} figures agree")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
