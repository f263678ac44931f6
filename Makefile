# Two commands do everything on a fresh machine: make demo, make test. `make` alone lists all.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do $$name -c '' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
ENV := .venv/.complete
# One more than two cores: the tests of schedules mostly wait.
WORKERS ?= 3
# PostgreSQL's folder of another version than the embedded server's.
SECOND ?= $(patsubst %/bin/initdb,%,$(firstword $(wildcard /usr/lib/postgresql/*/bin/initdb)))

# Files stay whole and in their own order, the longest first.
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(ENV): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.13")'
	@echo "making .venv from requirements.lock: one to three minutes"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(ENV)

env: $(ENV)  ## make .venv from requirements.lock

demo: $(ENV)  ## a simulated marketplace, upgraded, scored and reported, on the embedded server
	$(BIN)/standing load simulated --users 2000 --orders 20000 --seed 1
	$(BIN)/standing migrate
	$(BIN)/standing load loyalty
	$(BIN)/python -m flows refresh
	$(BIN)/standing status

check: $(ENV)  ## format, lint, types, imports, dbt's parse, SQL lint of what differs from main: half a minute, the first time more
	@$(MAKE) --no-print-directory -j2 types sql SQL=--changed

test: $(ENV)  ## what a change can break: check, SQL lint of everything, pytest; some ten minutes on two cores
	@$(MAKE) --no-print-directory -j3 types sql tests

prove: $(ENV)  ## what draws, kills or takes long, with new seeds (SEED=… for known ones); at most 90 minutes
	$(PYTEST) -m prove $(if $(SEED),--seed $(SEED))
	@$(if $(SECOND),,echo "no second PostgreSQL under /usr/lib/postgresql: its suite is left out")
	@for server in $(SECOND); do echo "== $$server"; \
		STANDING_TEST_POSTGRES=$$server $(PYTEST) || exit 1; done

types:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/mypy

tests:
	$(PYTEST)

sql:
	$(BIN)/python tests/lint_sql.py $(SQL)

sample: $(ENV)  ## docs/sample: the report of a demo and its picture, for README; needs Chromium
	$(BIN)/python docs/sample.py

bench: $(ENV)  ## the benchmarks, side by side; by hand, for minutes or hours
	@for file in $$(grep -l __main__ benchmarks/*.py); do echo "== $$file"; $(BIN)/python $$file || exit 1; done

format: $(ENV)  ## put Python into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(ENV)  ## resolve requirements.lock anew, for all platforms, with hashes
	$(BIN)/uv pip compile --universal --generate-hashes --no-strip-extras --no-header --quiet \
		--python-version 3.11 --group dev pyproject.toml -o requirements.lock

up: $(ENV)  ## PostgreSQL, a Prefect server and the scheduled deployments, in the background
	$(BIN)/standing up --prefect

down: $(ENV)  ## stop all of that
	$(BIN)/standing down

clean:  ## stop what runs and delete everything that git ignores, the demo's data too
	-test -x $(BIN)/standing && $(BIN)/standing down
	git clean -fdXq

.PHONY: help env demo sample up down check test tests prove types sql bench format lock clean
