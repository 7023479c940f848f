# The two commands of the README are `run` and `test`; each installs what is missing first.
.DEFAULT_GOAL := help
.PHONY: help run up query report cost notebook docs dictionary catalogue diagram deploy-check test site-check clients faults broken-home at-random mutants audit bench lint infra-check

PYTHON ?= python3.11
VENV := .venv
BOVESPA := $(VENV)/bin/bovespa
AXE_VERSION := 4.14.1
AXE := $(VENV)/axe/node_modules/axe-core/axe.min.js
# pip would compile every module, a third of them pulumi-aws's: a minute. Python compiles those that are used, when they are.
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --no-compile --constraint constraints.txt
# Or each command would compile all libraries again, which takes longer than most of them take.
unexport PYTHONDONTWRITEBYTECODE

# Each target says what it does behind its two hashes.
help:  ## this list
	@awk -F ' *## *' '/^[a-z-]+:.*## /{ split($$1, target, ":"); printf "make %-14s %s\n", target[1], $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "Everything a user can do: $(BOVESPA) --help"

run: $(VENV)/.local  ## collect the recorded sample and take it the whole way, offline; LIVE=1 what B3 shows now, INDEX=IBXX another index, FORCE=1 again
	@$(BOVESPA) run $(if $(LIVE),--live) $(if $(INDEX),--index $(INDEX)) $(if $(FORCE),--force)

up: $(VENV)/.local  ## keep the account on the laptop up, and say how to reach it; SCHEDULE=1 collect every day
	@$(BOVESPA) up $(if $(SCHEDULE),--schedule)

# Through the environment, so that the query's own quotes and dollars arrive as they stand.
query: export SQL := $(value SQL)
query: $(VENV)/.local  ## query the published tables: make query SQL="SELECT ..."
	@test -n "$$SQL" || { echo 'Say what to query: make query SQL="SELECT ..."'; exit 1; }
	@$(BOVESPA) query "$$SQL"

cost: $(VENV)/.local  ## what a month has cost so far; MONTH=2025-06, AWS=1
	@$(BOVESPA) cost $(if $(MONTH),--month $(MONTH)) $(if $(AWS),--aws)

deploy-check: $(VENV)/.local  ## try the deployments on schedule against a real Prefect server on this machine
	@$(VENV)/bin/python -m local.deploy_check.check

report: $(VENV)/.local  ## make the data-quality site again, and say where it is
	@$(BOVESPA) report

notebook: $(VENV)/.notebooks  ## run the notebook over the published sample, and keep it, with its figures, as a page that opens in a browser
	@$(BOVESPA) run --json > /dev/null
	@$(VENV)/bin/python notebooks/execute.py

docs: $(VENV)/.docs dictionary  ## build the documentation's site into site/, which reads without a network
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet
	@echo "Built: site/index.html"

dictionary: $(VENV)/bin/python  ## write docs/data-dictionary.md and its Portuguese page from the contract and the views
	@$(VENV)/bin/python -m expectations.queries.dictionary > docs/data-dictionary.md
	@$(VENV)/bin/python -m expectations.queries.dictionary pt > docs/data-dictionary.pt.md

catalogue: $(VENV)/.dev  ## compile the translations of the command line and the site, flows/locale/*.po
	@$(VENV)/bin/pybabel --quiet compile --directory flows/locale --domain bovespa

test: $(VENV)/.dev  ## run the tests
	@echo "Running the tests: about eight minutes on two cores"
	@$(VENV)/bin/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(TESTS)
	@echo "All tests passed. Next: make run"

faults: $(VENV)/.dev  ## inject a fault at every boundary, and write what came of it into docs/reliability.md
	@echo "Injecting faults: about seven minutes on two cores"
	@$(VENV)/bin/pytest tests/faults/test_matrix.py --whole-matrix --write-reliability --numprocesses 2 --dist loadgroup
	@echo "All faults were survived: see docs/reliability.md"

broken-home: $(VENV)/.dev  ## spoil every kind of a home's files in four ways, each in turn, and mend it; not part of CI: about half an hour
	@$(VENV)/bin/pytest tests/faults/test_broken_home.py --whole-matrix
	@echo "Every spoilt home was told in a line, and mended"

at-random: $(VENV)/.dev  ## kill, stop, spoil, fill the disk, at random for an hour, and look after each that nothing wrong is told; MINUTES=5; not part of CI
	@$(VENV)/bin/pytest tests/faults/test_at_random.py --whole-matrix --minutes $(or $(MINUTES),60)
	@echo "Whatever came, the sample was published again"

# Half an hour a part on a machine that does nothing else; CHILDREN runs so many tests side by side.
mutants: $(VENV)/.mutants  ## put small faults into the critical modules, each of which a test must notice; PARTS="lease keys" some of them; not part of CI
	@$(VENV)/bin/python tests/mutants/run.py $(or $(CHILDREN),2) $(PARTS)

site-check: $(VENV)/.browser  ## look at the site's pages in Chromium: a phone and a desk, light, dark, print, accessibility; PICTURES=folder keeps pictures
	@command -v chromium > /dev/null || { echo "Chromium is needed: apt-get install chromium"; exit 1; }
	@$(if $(PICTURES),mkdir -p $(PICTURES))
	@BOVESPA_AXE=$(AXE) BOVESPA_SCREENSHOTS=$(PICTURES) $(VENV)/bin/pytest tests/browser
	@echo "Every page fits, reads in the dark and in print, and axe-core has nothing against it"

clients: $(VENV)/.clients $(VENV)-dbt/.dbt  ## let awswrangler, PyAthena, polars, DuckDB, pandas, s3fs, the AWS CLI and dbt read the tables
	@BOVESPA_CLIENTS=1 BOVESPA_DBT=$(CURDIR)/$(VENV)-dbt/bin/dbt $(VENV)/bin/pytest tests/clients
	@echo "Every client reads the same"

lint: $(VENV)/.dev  ## run the linter, the formatter's check, the type checker and the check of who imports whom
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	PYTHONPATH=lambda $(VENV)/bin/lint-imports --no-cache --no-logo

infra-check: $(VENV)/.dev  ## find what AWS or the Pulumi CLI would refuse of the Pulumi program, without either
	@echo "Checking the Pulumi program: about two minutes on two cores"
	@$(VENV)/bin/python -W ignore -m infrastructure.check

# Advisories come with what PyPI says of each release; an index that passes on files alone has none, and then nothing was checked.
audit: $(VENV)-audit/.audit  ## look up whether a release of constraints.txt has a known vulnerability, at PyPI's own advisories
	@said=$$($(VENV)-audit/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off --requirement constraints.txt 2>&1); \
	code=$$?; echo "$$said" | grep -v "^WARNING"; \
	case "$$said" in *"could not be audited"*) echo "NOT CHECKED: the package index that is in use here does not say what is known of its releases";; \
	*) [ $$code = 0 ] || echo "Look at what is named above: take a release that mends it into constraints.txt, or find out why it could not be looked up";; esac; \
	exit $$code

diagram: $(VENV)/.local  ## write docs/resources.md from what the Pulumi program declares
	@$(VENV)/bin/python -m infrastructure.diagram
	@echo "Written: docs/resources.md"

bench: $(VENV)/.dev  ## measure, and put the figures into docs/performance.md; QUICK=1 small sizes, prints only
	@echo "Measuring: about $(if $(QUICK),five minutes,twenty minutes), on a machine that does nothing else"
	@$(VENV)/bin/python -W ignore -m benchmarks $(if $(QUICK),--quick) $(if $(SIZES),--sizes $(SIZES)) $(if $(ONLY),--only $(ONLY))

# One virtual environment; `.local` and `.dev` are stamps of what it holds.
$(VENV)/bin/python:
	@command -v $(PYTHON) > /dev/null || { echo "Python 3.11 is needed: $(PYTHON) was not found; say where it is with PYTHON=..."; exit 1; }
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.local: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing what the pipeline needs into $(VENV): about two minutes, once"
	@$(INSTALL) --editable '.[local]'
	@$(VENV)/bin/python -m local.installation.prepare
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing what the tests need into $(VENV): about two minutes, once"
	@$(INSTALL) --editable '.[dev]'
	@$(VENV)/bin/python -m local.installation.prepare
	@touch $@ $(VENV)/.local

$(VENV)/.clients: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing the clients into $(VENV)"
	@$(INSTALL) --editable '.[clients]'
	@$(INSTALL) --no-deps awswrangler
	@$(VENV)/bin/python -m local.installation.prepare
	@touch $@ $(VENV)/.local $(VENV)/.dev

# dbt has a virtual environment of its own: it asks for other releases of what the pipeline has, too.
$(VENV)-dbt/.dbt: Makefile | $(VENV)/bin/python
	@echo "Installing dbt into $(VENV)-dbt"
	@$(PYTHON) -m venv $(VENV)-dbt
	@$(VENV)-dbt/bin/python -m pip --disable-pip-version-check install dbt-core==1.10.23 dbt-athena==1.11.1
	@touch $@

# So has what looks up advisories.
$(VENV)-audit/.audit: Makefile | $(VENV)/bin/python
	@echo "Installing what looks up advisories into $(VENV)-audit"
	@$(PYTHON) -m venv $(VENV)-audit
	@$(VENV)-audit/bin/python -m pip --disable-pip-version-check --quiet install pip-audit==2.10.1
	@touch $@

$(VENV)/.browser: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing what looks at the site into $(VENV)"
	@npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(VENV)/axe axe-core@$(AXE_VERSION)
	@$(INSTALL) --editable '.[browser]'
	@$(VENV)/bin/python -m local.installation.prepare
	@touch $@ $(VENV)/.local $(VENV)/.dev

$(VENV)/.mutants: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing what puts faults into modules into $(VENV)"
	@$(PIP) install --constraint constraints.txt --editable '.[mutants]'
	@$(VENV)/bin/python -m local.installation.prepare
	@touch $@ $(VENV)/.local $(VENV)/.dev

$(VENV)/.docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing what the documentation's site needs into $(VENV)"
	@$(INSTALL) --editable '.[docs]'
	@touch $@

$(VENV)/.notebooks: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing what the notebook needs into $(VENV)"
	@$(INSTALL) --editable '.[notebooks]'
	@$(VENV)/bin/python -m local.installation.prepare
	@touch $@ $(VENV)/.local
