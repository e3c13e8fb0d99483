# Everything runs in .venv. The first target that is made makes it, from
# nothing but Python and the network; a changed dependency brings it up to date.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# A process a core, each with a half that it steals from when its own is done.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup litertjs quickstart test test-slow test-all campaigns lint \
    docs-check package-check docs docs-site docs-devices docs-edge docs-goodfellow docs-lift docs-notebooks docs-strangers \
    docs-szegedy docs-white-box clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' \
	    $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv, with the tested version of every dependency

$(READY): pyproject.toml setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    2>/dev/null || { \
	    echo "advkeras needs Python 3.11 or newer; '$(PYTHON)' is" \
	        "$$($(PYTHON) --version 2>&1 || true)." \
	        "Name another: make PYTHON=python3.12" >&2; \
	    exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 \
	    || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --disable-pip-version-check \
	    --editable '.[test]' --constraint constraints.txt
	@touch $@

litertjs: $(READY) ## Fetch LiteRT.js, and what tests its page; needs Node.js
	$(BIN)/python -m advkeras.edge.runtimes.litertjs
	$(BIN)/python -m tests.edge.page.axe

quickstart: $(READY) ## Go the whole way on real digits, in a few minutes
	$(BIN)/python -m apps.quickstart --output=output/quickstart

test: $(READY) ## Run the fast tests; ARGS='-k lbfgs' goes to pytest
	$(PYTEST) $(ARGS)

test-slow: $(READY) ## Run the slow tests
	$(PYTEST) -m slow $(ARGS)

test-all: $(READY) ## Run every test
	$(PYTEST) -m '' $(ARGS)

campaigns: $(READY) ## Try by the thousand what docs/reliability.md counts; an hour or two
	$(BIN)/python -m tests.campaigns --write

lint: $(READY) ## Check style, the direction of imports, and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

docs-check: output/quickstart/results.json ## Run what README.md and docs/ show
	$(BIN)/python tests/run_docs.py
	$(BIN)/python tests/readme_figures.py

output/quickstart/results.json: | $(READY)
	$(BIN)/python -m apps.quickstart --output=output/quickstart

package-check: $(READY) ## Build the wheel and the sdist, and use them in an empty environment
	$(BIN)/python tests/run_package.py

docs: docs-devices docs-edge docs-goodfellow docs-lift docs-notebooks docs-strangers docs-szegedy docs-white-box ## Measure again what docs/ shows; needs MNIST, CIFAR-10

docs-notebooks: $(READY) ## Run the notebooks of examples/ anew
	$(BIN)/python tests/run_notebooks.py

docs-site: $(READY) ## Build docs/ and the reference into output/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

docs-devices: $(READY) ## Measure again what docs/devices.md shows
	PATH="$(CURDIR)/$(BIN):$$PATH" bash docs/parts/devices.sh

docs-edge: $(READY) ## Measure again what docs/edge.md shows
	PATH="$(CURDIR)/$(BIN):$$PATH" bash docs/parts/edge.sh

docs-goodfellow: $(READY) ## Measure again what docs/goodfellow.md shows
	PATH="$(CURDIR)/$(BIN):$$PATH" bash docs/parts/study.sh goodfellow

docs-lift: $(READY) ## Measure again what docs/lift.md shows
	PATH="$(CURDIR)/$(BIN):$$PATH" bash docs/parts/lift.sh

docs-strangers: $(READY) ## Measure again what docs/strangers.md shows
	PATH="$(CURDIR)/$(BIN):$$PATH" bash docs/parts/strangers.sh

docs-szegedy: $(READY) ## Measure again what docs/szegedy.md shows
	PATH="$(CURDIR)/$(BIN):$$PATH" bash docs/parts/study.sh szegedy

docs-white-box: $(READY) ## Measure again what docs/white_box.md shows
	PATH="$(CURDIR)/$(BIN):$$PATH" bash docs/parts/white_box.sh

clean: ## Remove .venv and every cache; output/ stays
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache \
	    .ruff_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
