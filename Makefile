# Every target works from a clean clone, on a machine with Rust and Python 3.11 or later.

PYTHON := $(shell scripts/find-python)
TOUR := .venv/tour
TEST := .venv/test

.PHONY: tour test lint docs bench generate clean

# Builds the package, runs the tutorials' programs in both languages, prints figure by figure.
tour: $(TOUR)/ready
	. $(TOUR)/bin/activate && maturin develop --quiet --release
	mkdir -p out
	$(TOUR)/bin/python examples/tour/tour.py > out/python.tsv
	cargo run --quiet --release -p pullback --example tour > out/rust.tsv
	$(TOUR)/bin/python examples/tour/plots.py out
	$(TOUR)/bin/python examples/tour/table.py examples/tour/figures.tsv out/python.tsv out/rust.tsv

# Everything: formatting, lints, unit, law, text and doc tests, Python tests, conformance.
test: lint $(TEST)/ready
	cargo test --quiet --workspace --exclude pullback-python
	. $(TEST)/bin/activate && maturin develop --quiet
	$(TEST)/bin/python -m pytest -q tests/python

lint:
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets

docs:
	cargo doc --no-deps --workspace

bench: $(TEST)/ready
	. $(TEST)/bin/activate && maturin develop --quiet --release
	$(TEST)/bin/python benches/bench.py

generate:
	cargo run --quiet -p xtask

$(TOUR)/ready: scripts/requirements-tour.txt
	$(PYTHON) -m venv $(TOUR)
	$(TOUR)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(TEST)/ready: scripts/requirements-test.txt
	$(PYTHON) -m venv $(TEST)
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

clean:
	rm -rf .venv out target
