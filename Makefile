# The two commands of the README are `run` and `test`; each installs what is missing first.
.DEFAULT_GOAL := help
.PHONY: help run up query cost deploy-check test faults lint diagram bench

PYTHON ?= python3.11
VENV := .venv
BOVESPA := $(VENV)/bin/bovespa
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check

help:
	@echo "make run             collect the recorded sample and take it the whole way, on this machine, offline"
	@echo "make run LIVE=1      the same with what B3 shows now"
	@echo "make up              keep the account on the laptop up, and say how to reach it"
	@echo 'make query SQL="..." query the published tables'
	@echo "make cost            what a month has cost so far; MONTH=2025-06 AWS=1"
	@echo "make deploy-check    try the deployments on schedule against a real Prefect server on this machine"
	@echo "make test            run the tests"
	@echo "make faults          inject a fault at every boundary, and write what came of it into docs/reliability.md"
	@echo "make lint            run the linter, the formatter's check and the type checker"
	@echo "make diagram         write docs/resources.md from what the Pulumi program declares"
	@echo "make bench           measure, and write docs/performance.md (QUICK=1: three minutes, prints only)"
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

cost: $(VENV)/.local
	@$(BOVESPA) cost $(if $(MONTH),--month $(MONTH)) $(if $(AWS),--aws)

deploy-check: $(VENV)/.local
	@$(VENV)/bin/python -m local.deploy_check

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

diagram: $(VENV)/.local
	@$(VENV)/bin/python -m infrastructure.diagram
	@echo "Written: docs/resources.md"

bench: $(VENV)/.dev
	@echo "Measuring: about $(if $(QUICK),three minutes,a quarter of an hour), on a machine that does nothing else"
	@$(VENV)/bin/python -W ignore -m benchmarks $(if $(QUICK),--quick) $(if $(SIZES),--sizes $(SIZES)) $(if $(ONLY),--only $(ONLY))

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
