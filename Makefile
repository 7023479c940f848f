# The two commands of the README are `run` and `test`; each installs what is missing first.
.DEFAULT_GOAL := help
.PHONY: help run up query test lint faults

PYTHON ?= python3.11
VENV := .venv
BOVESPA := $(VENV)/bin/bovespa
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check

help:
	@echo "make run             collect the recorded sample and take it the whole way, on this machine, offline"
	@echo "make run LIVE=1      the same with what B3 shows now"
	@echo "make up              keep the account on the laptop up, and say how to reach it"
	@echo 'make query SQL="..." query the published tables'
	@echo "make test            run the tests"
	@echo "make faults          inject a fault at every boundary, and write what came of it into docs/reliability.md"
	@echo "make lint            run the linter, the formatter's check and the type checker"
	@echo "Everything a user can do: $(BOVESPA) --help"

run: $(VENV)/.local
	@$(BOVESPA) run $(if $(LIVE),--live) $(if $(INDEX),--index $(INDEX)) $(if $(FORCE),--force)

up: $(VENV)/.local
	@$(BOVESPA) up

# Through the environment, so that the query's own quotes and dollars arrive as they stand.
query: export SQL := $(value SQL)
query: $(VENV)/.local
	@test -n "$$SQL" || { echo 'Say what to query: make query SQL="SELECT ..."'; exit 1; }
	@$(BOVESPA) query "$$SQL"

test: $(VENV)/.dev
	@echo "Running the tests: about three minutes on two cores"
	@$(VENV)/bin/pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(TESTS)
	@echo "All tests passed. Next: make run"

faults: $(VENV)/.dev
	@echo "Injecting faults: about six minutes on two cores"
	@$(VENV)/bin/pytest tests/faults/test_matrix.py --whole-matrix --write-reliability
	@echo "All faults were survived: see docs/reliability.md"

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# One virtual environment; `.local` and `.dev` are stamps of what it holds.
$(VENV)/bin/python:
	@command -v $(PYTHON) > /dev/null || { echo "Python 3.11 is needed: $(PYTHON) was not found; say where it is with PYTHON=..."; exit 1; }
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.local: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing what the pipeline needs into $(VENV): about two minutes, once"
	@$(PIP) install --constraint constraints.txt --editable '.[local]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing what the tests need into $(VENV): about two minutes, once"
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.local
