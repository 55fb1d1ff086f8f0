# make demo   a sample model in the page        make test   everything CI runs
# make lint   ruff      make types   mypy       make wheel  build sdist and wheel

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.installed

.PHONY: demo test lint types wheel browser clean

demo: $(READY)
	$(BIN)/hexviz view bert-tiny

test: $(READY) browser
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

wheel: $(READY)
	$(BIN)/python -m build --outdir dist

# Playwright's own browser is not reachable everywhere; the system's Chromium serves as well.
browser: $(READY)
	$(BIN)/python tests/browser/install_chromium.py

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[hf,dev]'
	touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache
