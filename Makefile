# Needs Debian's python3 (3.11 or newer), its venv module, and make. Everything else is installed here.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?=

.PHONY: help install serve test lint acceptance bench clean

help:  ## list these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	$(BIN)/python -m compileall -q src/entrepot  # each start would do it where it cannot be kept
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

install: $(VENV)/.installed  ## make .venv and put the program at .venv/bin/entrepot

# Without CONFIG nothing of the machine's own is read: a config.yml of another registry may lie there.
serve: install  ## run the registry on 127.0.0.1:5000 (CONFIG=FILE runs it with that config.yml)
	@exec $(BIN)/entrepot serve $(if $(CONFIG),--config $(CONFIG),--defaults)

test: $(VENV)/.installed-dev  ## unit, contract, wire and model tests
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.installed-dev  ## ruff, mypy, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

acceptance: $(VENV)/.installed-dev  ## real clients and servers; installs Debian packages when run as root
	tests/acceptance/install-packages
	$(BIN)/python -m pytest tests/acceptance $(PYTEST_ARGS)

bench: $(VENV)/.installed-dev  ## measure beside Debian's docker-registry; writes bench/RESULTS.md
	bench/install-packages
	$(BIN)/python -m bench $(BENCH_ARGS)

clean:  ## remove what make made
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
