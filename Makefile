# make            list the targets
# make run        everything on this machine: web, worker, the local stand-in for Stripe and the local mailbox
# make test       every test, on SQLite and on PostgreSQL
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
STRIPE_PORT ?= 8420
MAIL_PORT ?= 8425
SMTP_PORT ?= 8426
KILLS ?= 200
EVENTS ?= 10000
ENGINE ?= postgresql
# Test processes: twice as many as two cores, because many tests wait for servers of their own.
JOBS ?= 4
# Elsewhere than on the usual ports, the addresses that name them follow.
ifneq ($(PORT),8000)
export APP_BASE_URL ?= http://localhost:$(PORT)
endif
ifneq ($(STRIPE_PORT),8420)
export STRIPE_API_BASE ?= http://localhost:$(STRIPE_PORT)
endif
# Mails go to the local mailbox, unless the environment or .env says where else.
ifeq ($(shell grep -sE '^ *(export +)?MAIL_URL *= *[^ ]' .env),)
run: export MAIL_URL ?= smtp://localhost:$(SMTP_PORT)
endif
# Else every process that a test starts compiles all of our source anew.
export PYTHONDONTWRITEBYTECODE :=
# One file's tests run in one process, in the order of tests/scheduling.py.
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
HTMX := build/vendor/django_htmx/static/django_htmx/htmx-2.min.js

.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-long chaos lint audit format bench growth pressure pictures requirements clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.run-time $(HTMX) ## Make the virtual environment and install what running needs

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "payapp needs Python 3.11 or later; try: make run PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-time: requirements-stand-in.txt | $(VENV)/bin/python
	@echo "Installing what payapp needs into $(VENV) (once, about half a minute) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-stand-in.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run-time
	@echo "Installing the test tools into $(VENV) (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(HTMX): requirements-assets.txt | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	  --only-binary :all: --upgrade --target build/vendor -r requirements-assets.txt
	@touch $@

run: setup ## Start payapp on this machine (PORT=8000, STRIPE_PORT=8420, MAIL_PORT=8425); Ctrl-C stops it
	@$(BIN)/flask dev check-ports $(PORT) $(STRIPE_PORT) $(MAIL_PORT) $(SMTP_PORT)
	@$(BIN)/flask db upgrade
	@PATH="$(CURDIR)/$(BIN):$$PATH" PORT=$(PORT) STRIPE_PORT=$(STRIPE_PORT) \
	  MAIL_PORT=$(MAIL_PORT) SMTP_PORT=$(SMTP_PORT) \
	  $(BIN)/honcho -e /dev/null -f Procfile.dev start || test $$? -eq 130  # stopped by Ctrl-C: all is well

demo: $(VENV)/.dev $(HTMX) ## Sign up, buy, get the webhook, spend: over real HTTP, on free ports
	@$(BIN)/python -m tests.journeys.demo

test: $(VENV)/.dev $(HTMX) ## Run every test, on SQLite and on PostgreSQL, in a real browser too
	@$(BIN)/python -m tests.chromium
	$(PYTEST) $(ARGS)

test-long: $(VENV)/.dev $(HTMX) ## Run what can try more at full size: properties, races, all requests, every page's every form
	@$(BIN)/python -m tests.chromium
	PAYAPP_TEST_LONG=1 $(PYTEST) -m long $(ARGS)

chaos: $(VENV)/.dev $(HTMX) ## Kill everything at random, then compare the books with Stripe's (KILLS=200, EVENTS=10000, SEED=, ENGINE=)
	$(BIN)/python -m tests.chaos --kills $(KILLS) --events $(EVENTS) --engine $(ENGINE) $(if $(SEED),--seed $(SEED))

lint: $(VENV)/.dev ## Check style, types, templates, and code that bandit knows as dangerous
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint --quiet --lint payapp/templates fake_stripe/templates local_mailbox/templates
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive payapp clients wsgi.py 2> >(grep -v 'no failed test' >&2)
	$(BIN)/python -m pip check

audit: $(VENV)/.dev ## Ask whether weaknesses are known of the packages we pin (needs PyPI itself; says what it could not check)
	@$(PYTHON) -m venv build/audit && build/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	@$(BIN)/python -m tests.weaknesses $(ARGS)

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

bench: $(VENV)/.dev $(HTMX) ## Measure webhooks and spends a second, and their CPU, on both engines; writes bench/RESULTS.md
	$(BIN)/python -m bench

growth: $(VENV)/.dev $(HTMX) ## Measure what grows with the ledger, up to ten million entries (ENTRIES=10000,…); writes bench/GROWTH.md
	$(BIN)/python -m bench.growth $(if $(ENTRIES),--entries $(ENTRIES))

pressure: $(VENV)/.dev $(HTMX) ## Measure who waits while Stripe is silent or many log in at once; writes bench/PRESSURE.md
	$(BIN)/python -m bench.pressure

pictures: $(VENV)/.dev $(HTMX) ## Take the README's picture anew
	$(BIN)/python -m tests.browser.pictures

requirements: $(VENV)/.dev ## Pin the direct requirements, and what they bring, anew
	@$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate requirements-stand-in.in -o requirements-stand-in.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate requirements-dev.in -o requirements-dev.txt

clean: ## Remove the virtual environment and everything built (not your data in instance/)
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis
