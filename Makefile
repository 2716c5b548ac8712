# make demo   makes .venv, installs longdoc, summarizes Python's language reference with citations
# make test   the same set-up for developers, then the whole test suite

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test slow check lint link clean

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py

test: $(VENV)/.dev
	$(BIN)/python -m pytest

slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m 'slow or not slow' tests/packaging

# The strict editable install lays a tree of links: lay it again after adding a file.
link: $(VENV)/.dev
	$(INSTALL) --no-deps -e . --config-settings editable_mode=strict

PACKAGES := src/longdoc chunkers models memory pipelines

$(VENV)/.demo: pyproject.toml constraints.txt $(PACKAGES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) -e . --config-settings editable_mode=strict
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(PACKAGES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) -e '.[dev]' --config-settings editable_mode=strict
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
