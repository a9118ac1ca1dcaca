# Every target works from a clean clone, on a machine with Rust and Python 3.11 or later.

PYTHON := $(shell scripts/find-python)
TOUR := .venv/tour
TEST := .venv/test

# One build of the whole workspace, so that its parts share their dependencies' features.
BUILD = PYO3_PYTHON=$(CURDIR)/$(1)/bin/python PYO3_BUILD_EXTENSION_MODULE=1 cargo
EXTENSION = python/pullback/_pullback.so

.PHONY: tour test laws lint docs bench generate sanitize sanitize-threads clean

# Builds the package, runs the tutorials' programs in both languages, prints figure by figure.
tour: $(TOUR)/ready
	$(call BUILD,$(TOUR)) build --workspace --lib --examples
	cp target/debug/lib_pullback.so $(EXTENSION)
	mkdir -p out
	PYTHONPATH=python $(TOUR)/bin/python examples/tour/tour.py > out/python.tsv
	target/debug/examples/tour > out/rust.tsv
	PYTHONPATH=python $(TOUR)/bin/python examples/tour/plots.py out
	$(TOUR)/bin/python examples/tour/table.py examples/tour/figures.tsv out/python.tsv out/rust.tsv

# Formatting, lints, Rust tests with the laws and the documentation, the laws again by machine code
# from the first run on (for AVX2 too), by the tile machine alone (without vectors too) and by the
# oracle, Python tests, conformance with JAX, and some of the former by the oracle.
test: $(TEST)/ready
	cargo fmt --all --check
	$(call BUILD,$(TEST)) clippy --workspace --all-targets --features pullback/ndarray -- -D warnings
	$(call BUILD,$(TEST)) test --workspace --features pullback/ndarray
	for engine in native tile oracle; do \
		PULLBACK_ENGINE=$$engine $(call BUILD,$(TEST)) test --workspace --features pullback/ndarray \
			--test laws --test random_programs || exit 1; \
	done
	PULLBACK_ISA=avx2 PULLBACK_ENGINE=native $(call BUILD,$(TEST)) test --workspace \
		--features pullback/ndarray --test laws --test random_programs --test native
	PULLBACK_ISA=baseline PULLBACK_ENGINE=tile $(call BUILD,$(TEST)) test --workspace \
		--features pullback/ndarray --test laws --test random_programs
	$(call BUILD,$(TEST)) build --workspace --features pullback/ndarray
	target/debug/xtask check
	cp target/debug/lib_pullback.so $(EXTENSION)
	PYTHONPATH=python $(TEST)/bin/python -m pytest -q -n auto --dist loadfile tests/python
	PULLBACK_ENGINE=oracle PYTHONPATH=python $(TEST)/bin/python -m pytest -q -n auto \
		tests/python/test_transforms.py tests/python/test_array.py

# The laws over the list of primitives, alone.
laws: $(TEST)/ready
	$(call BUILD,$(TEST)) test --workspace --test laws

lint: $(TEST)/ready
	cargo fmt --all --check
	$(call BUILD,$(TEST)) clippy --workspace --all-targets -- -D warnings

# The engine's tests under the address sanitizer, which sees what its unsafe code reads and writes, and
# under the thread sanitizer, which sees whether threads have agreed on it. The options are those of
# unstable Rust, which the variable lets any compiler take. Neither sees what machine code does that the
# engine writes.
HOST = $$(rustc -vV | sed -n 's/^host: //p')

sanitize: sanitize-threads
	RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address cargo test --package pullback-engine --lib \
		--target $(HOST) --target-dir target/sanitized

sanitize-threads:
	TSAN_OPTIONS="suppressions=$(CURDIR)/crates/pullback-engine/src/sync/unseen.txt" RUSTC_BOOTSTRAP=1 \
	RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg thread_sanitizer" \
		cargo test --package pullback-engine --lib --target $(HOST) --target-dir target/sanitized/threads \
		-- --test-threads=1 --skip tile::math

docs:
	cargo doc --no-deps --workspace

bench: $(TEST)/ready
	$(call BUILD,$(TEST)) build --release --workspace
	cp target/release/lib_pullback.so $(EXTENSION)
	PYTHONPATH=python $(TEST)/bin/python benches/kernels.py --write

# Stubs, the reference of primitives, and the table of compatibility.
generate: $(TEST)/ready
	$(call BUILD,$(TEST)) build --workspace
	target/debug/xtask generate
	cp target/debug/lib_pullback.so $(EXTENSION)
	PYTHONPATH=python $(TEST)/bin/python scripts/compatibility.py

$(TOUR)/ready: scripts/requirements-tour.txt
	$(PYTHON) -m venv $(TOUR)
	$(TOUR)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(TEST)/ready: scripts/requirements-test.txt
	$(PYTHON) -m venv $(TEST)
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

clean:
	rm -rf .venv out target $(EXTENSION)
