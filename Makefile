# Every target does its own set-up; make and Python >= 3.11 are all it needs.

VENV = .venv
PYTHON = $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& command -v $$python && break; done)
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST = $(BIN)/python -m pytest
BENCH = .venv-bench

.PHONY: demo test test-slow test-all check coverage wheel-test snippets bench bench-quick clean

demo: $(VENV)/package.stamp
	@$(BIN)/streamkit demo

test: $(VENV)/dev.stamp
	$(PYTEST) -m "not slow and not network"

test-slow: $(VENV)/dev.stamp
	$(PYTEST) -m "slow and not network" || test $$? -eq 5  # 5: there is none

test-all: $(VENV)/dev.stamp
	$(PYTEST) -m "not network"

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(PYTEST) --quiet tests/test_layers.py

coverage: $(VENV)/dev.stamp
	$(BIN)/coverage run -m pytest -m "not slow and not network"
	$(BIN)/coverage report
	$(BIN)/coverage report --include='*/streamkit/wire/*,*/streamkit/stages/*' --fail-under=99

# The copy leaves `streamkit/` behind, so that only the installed wheel can be imported.
wheel-test: $(VENV)/build.stamp
	rm -rf dist && $(BIN)/python -m build --outdir dist .
	set -e; away=$$(mktemp -d); trap 'rm -rf "$$away"' EXIT; \
	cp -R pyproject.toml tests pipelines examples "$$away"; \
	$(BIN)/python -m venv "$$away/venv"; \
	"$$away/venv/bin/python" -m pip --disable-pip-version-check --quiet install --upgrade "pip>=25.1"; \
	"$$away/venv/bin/python" -m pip --disable-pip-version-check --quiet install dist/*.whl --group dev; \
	cd "$$away"; env -u PYTHONPATH venv/bin/python -m pytest -m "not slow and not network"

# Each program that pages, examples and pipelines show, in an environment with what it says it needs and nothing else.
snippets: $(VENV)/build.stamp
	rm -rf dist && $(BIN)/python -m build --wheel --outdir dist .
	$(BIN)/python tests/snippets.py --wheel dist/*.whl

# ARGS: --help names them; --plot rewrites the pictures and tables of docs/performance.md.
bench: $(BENCH)/bench.stamp
	$(BENCH)/bin/python -m tests.benchmarks $(ARGS)

bench-quick: $(BENCH)/bench.stamp
	$(BENCH)/bin/python -m tests.benchmarks --quick $(ARGS)

clean:
	rm -rf .venv* build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "streamkit needs Python >= 3.11 with its venv module" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/package.stamp: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[offline,text]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/package.stamp
	$(PIP) install --upgrade "pip>=25.1"  # the first that knows dependency groups
	$(PIP) install --group dev
	@touch $@

$(VENV)/build.stamp: pyproject.toml | $(BIN)/python
	$(PIP) install build
	@touch $@

$(BENCH)/bench.stamp: pyproject.toml tests/benchmarks/requirements.txt
	@test -n "$(PYTHON)" || { echo "streamkit needs Python >= 3.11 with its venv module" >&2; exit 1; }
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip --disable-pip-version-check --quiet install \
		--requirement tests/benchmarks/requirements.txt --editable '.[offline,text]'
	@touch $@
