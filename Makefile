# Podium's commands. `make` alone lists them.
#
#   PYTHON=python3.12 make run    takes that interpreter for the virtual environment
#   PYTEST_ARGS="-k audit" make test

.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
PYTEST_ARGS ?=

# A private folder for commands that only need *some* settings.
WITH_SCRATCH_HOME := scripts/with_scratch_home

.PHONY: help run test check bench pictures lock clean dev \
	check-format check-lint check-types check-imports check-templates check-django check-frame

help: ## list these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## start Podium on http://127.0.0.1:8000 (set-up on the first run, seconds after that)
	@scripts/venv run
	@exec $(PY) manage.py up

test: ## run every test: SQLite, PostgreSQL, Redis and Chromium
	@scripts/system_packages
	@scripts/venv dev
	@scripts/test $(PYTEST_ARGS)

check: check-format check-lint check-types check-imports check-templates check-django check-frame ## format, lint, types, layers, templates, Django's checks, lock files

bench: dev ## run the benchmarks, one after another
	@scripts/bench

pictures: dev ## take the pictures of docs/pictures anew, in Chromium
	@$(PY) -m tests.browser.pictures

lock: dev ## recompile requirements/*.txt from requirements/*.in (UPGRADE=1 takes newer versions)
	@scripts/lock

clean: ## remove the virtual environment and all caches, but not your data in var/
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

dev:
	@scripts/venv dev

check-format: dev
	$(PY) -m ruff format --check .

check-lint: dev
	$(PY) -m ruff check .

check-types: dev
	$(WITH_SCRATCH_HOME) $(PY) -m mypy

check-imports: dev
	$(WITH_SCRATCH_HOME) .venv/bin/lint-imports --no-cache

check-templates: dev
	$(PY) -m djlint --quiet --check --lint templates

check-django: dev
	$(WITH_SCRATCH_HOME) PODIUM_URL=https://podium.example $(PY) -W error manage.py check --deploy --fail-level WARNING
	$(WITH_SCRATCH_HOME) $(PY) manage.py makemigrations --check --dry-run

check-frame: dev
	$(PY) scripts/check_frame.py
