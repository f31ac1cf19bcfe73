# make demo   sends the sample campaign to the built-in sandbox
# make test   runs the tests on all cores; with ARGS="-m ''" also those that only CI runs (some five minutes)
# make bench  measures what is claimed, and writes benchmarks/README.md (some 15 minutes)
# make chaos  kills a thousand runs and accounts for every recipient (some 20 minutes); ARGS=--git, --postgres too
# make mutants ARGS=smtp  which defects of a room its own tests do not see (smtp, ledger, limits, delivery)
# Everything goes into .venv; a second call installs nothing unless a lock or pyproject.toml changed.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links

# The first Python on the PATH that is new enough; `make PYTHON=/path/to/python3` names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: help demo test chaos mutants bench lint docs lock charts disposable clients release clean

help:
	@sed -n '1,5s/^# //p' Makefile
	@echo 'make lint   ruff, mypy and the architecture (import-linter)'
	@echo 'make docs   writes the tables of keys, the page of checks and the drawing of the rooms anew'
	@echo 'make lock   writes the lock files anew (needs uv)'
	@echo 'make charts VERSION=…   puts that version of uPlot into the package (needs npm)'
	@echo 'make clients VERSION=…   puts that version of what caniemail.com tested into the package (needs npm)'
	@echo 'make disposable VERSION=…   puts that version of the domains of throw-away mail into the package'
	@echo 'make release   wheel and source archive in dist/, checked and tried, with the text of the release'
	@echo 'make clean  removes .venv, caches and what the samples left'

demo: $(VENV)/.runtime
	$(BIN)/sendbatch run campaigns/welcome.yaml
	@echo
	@echo 'Every letter lies as an .eml file in campaigns/reports/welcome.sandbox/outbox/'
	@echo 'Next: $(BIN)/sendbatch outbox campaigns/welcome.yaml --open'

# Two at once on each core: a part of the tests waits for servers and clocks; who has none left takes some of
# another's. What is compiled is kept, whatever this shell says of it: the tests start some thousand processes, and
# each would compile the package anew.
test: $(VENV)/.dev
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n "$$($(BIN)/python -c 'import os; print(2 * (os.cpu_count() or 1))')" --dist worksteal $(ARGS)

chaos: $(VENV)/.dev
	$(BIN)/python -m tests.chaos $(ARGS)

mutants: $(VENV)/.dev
	$(BIN)/python -m tests.mutants $(ARGS)

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.runtime
	$(BIN)/python docs/keys.py
	$(BIN)/python docs/checks.py
	$(BIN)/python docs/house.py

lock:
	uv pip compile $(LOCK) pyproject.toml requirements-build.in -o requirements.txt
	uv pip compile $(LOCK) --extra dkim --extra encrypt --extra mjml --extra postgres -c requirements.txt \
		pyproject.toml requirements-build.in -o requirements-action.txt
	uv pip compile $(LOCK) --extra dkim --extra encrypt --extra keyring --extra mjml --extra postgres --extra preview --group dev -c requirements.txt \
		pyproject.toml requirements-build.in -o requirements-dev.txt
	uv pip compile $(LOCK) --group release -c requirements-dev.txt requirements-build.in \
		-o requirements-release.txt

# Puts this version of uPlot in its place, which draws the curves of report.html, with the sums of its files (needs npm).
charts: $(VENV)/.runtime
	$(BIN)/python docs/charts.py $(VERSION)

# Puts what caniemail.com tested in its place, by which check looks at HTML and CSS (needs npm). It ends where a
# feature is new: that is to be judged first.
clients: $(VENV)/.runtime
	$(BIN)/python docs/clients.py $(VERSION)

# Puts this version of the list of throw-away domains in its place (the package disposable-email-domains).
disposable: $(VENV)/.runtime
	$(BIN)/python docs/disposable.py $(VERSION)

# Refuses a tree with changes, and a version of which the changelog says nothing.
release: $(VENV)/.release
	$(BIN)/python .ci/release.py

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache campaigns/reports benchmarks/.peers benchmarks/.work
	find sendbatch tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'sendbatch needs Python 3.11 or newer; none is on the PATH' >&2; exit 1; }
	@echo 'Making $(VENV) with '"$$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo 'This Python cannot make a venv. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }

# --no-build-isolation: what builds the package is locked too, and is in the venv by then.
$(VENV)/.runtime: requirements.txt pyproject.toml | $(BIN)/python
	@echo 'Installing what sendbatch needs'
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo 'Installing what its tests need'
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.release: requirements-release.txt $(VENV)/.runtime
	@echo 'Installing what makes a release'
	@$(PIP) install --require-hashes -r requirements-release.txt
	@touch $@
