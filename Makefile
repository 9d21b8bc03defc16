# make install | demo | test | bench | kill | mutants - all in .venv, nothing outside but bubblewrap and PostgreSQL for tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
JOBS ?= 2

.PHONY: install dev demo test lint types layers unit sandbox postgres machines bench kill mutants clean

install: $(VENV)/installed

demo: $(VENV)/installed
	$(BIN)/partita demo

test: dev sandbox postgres machines lint types layers unit

dev: $(VENV)/installed-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Partita needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/installed

sandbox:
	@command -v bwrap >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq bubblewrap; \
	  else echo "bubblewrap is missing: sandbox tests will be skipped"; fi; }

postgres:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql; \
	  else echo "PostgreSQL is missing: its tests will be skipped"; fi; }

machines:
	@command -v ip >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq iproute2; \
	  else echo "iproute2 is missing: tests on several machines will be skipped"; fi; }

lint:
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks

types:
	$(BIN)/mypy

layers:
	$(BIN)/lint-imports --no-logo

unit:
	$(BIN)/pytest -n $(JOBS)

bench: dev sandbox postgres
	$(BIN)/python benchmarks/run.py

kill: dev sandbox postgres
	$(BIN)/python -m benchmarks.kill $(ARGS)

mutants: dev
	$(PIP) install -c constraints.txt -e '.[dev,mutation]'
	$(BIN)/python benchmarks/mutants.py $(ARGS)

clean:
	rm -rf $(VENV) build dist src/*.egg-info .mypy_cache .ruff_cache .hypothesis
