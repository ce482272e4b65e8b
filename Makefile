# Needs Python 3.11 or newer, git and make. Everything else goes into $(VENV) and is taken away by `make clean`.
#   make VENV=/somewhere/else …        another place for the virtual environment
#   make PYTHON=/path/to/python …      another Python to make it with
#   make test PYTEST="-k certificates" what to hand to pytest
#   make proof TIERS="model gates"     some tiers of proof; without it all, and docs/proof.md is written anew

VENV ?= .venv
PYTEST ?=
BENCH ?=
TIERS ?=
PROOF ?=
PEERS := peers/bin

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# Where .ci/install puts what it builds.
TOOLS ?= $(HOME)/.cache/readiness/bin
export PATH := $(TOOLS):$(PATH)

# With these set, the first run would compile everything again and again, or import from another project.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH
unexport PYTHONHOME

bin := $(VENV)/bin
installed := $(VENV)/installed
installed_dev := $(VENV)/installed-dev
quiet_pip := --quiet --disable-pip-version-check --no-input

.PHONY: help
help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# pip is the last thing that venv writes: a folder without it was interrupted.
$(bin)/pip:
	@tools/make-venv "$(VENV)"

$(installed): pyproject.toml | $(bin)/pip
	@echo "installing readiness and its libraries into $(VENV)"
	@"$(bin)/python" -m pip install $(quiet_pip) --editable .
	@"$(bin)/python" -m compileall -q -j 0 readiness checks deploy prove
	@touch $@

# pip reads dependency groups since 25.1; the one that Python brings along is often older.
$(installed_dev): pyproject.toml $(installed)
	@echo "installing what the tests and linters need into $(VENV)"
	@"$(bin)/python" -m pip install $(quiet_pip) --upgrade "pip>=25.1"
	@"$(bin)/python" -m pip install $(quiet_pip) --group dev
	@touch $@

.PHONY: install
install: $(installed_dev) ## make the virtual environment for development

.PHONY: demo
demo: $(installed) ## is examples/payments ready, and do three versions of it ship without losing a request?
	@echo '$$ cd examples/payments && readiness check --env staging'
	@readiness=$$(cd "$(bin)" && pwd)/readiness && cd examples/payments && "$$readiness" check --env staging
	@"$(bin)/python" examples/payments/demo/demo.py --readiness "$$(cd "$(bin)" && pwd)/readiness" --only-prepare
	@"$(bin)/python" examples/payments/demo/demo.py --readiness "$$(cd "$(bin)" && pwd)/readiness"

.PHONY: test
test: $(installed_dev) ## run all tests (PYTEST="…" for pytest)
	@"$(bin)/python" -m pytest -n auto $(PYTEST)

# Four tiers at a time, those that measure time alone, each within its time; a tier that fails, or a promise that is
# broken, makes it end with 1.
.PHONY: proof
proof: $(installed_dev) ## kill, cut, race and measure; write docs/proof.md (under 20 minutes; TIERS="model gates" for some)
	@python=$$(cd "$(bin)" && pwd)/python && cd tools && "$$python" -m proof $(TIERS) $(PROOF)

.PHONY: check
check: check-format check-lint check-types check-imports check-changelog check-docs test ## the gate, the same for people and for CI

.PHONY: check-format check-lint check-types check-imports check-changelog check-docs
check-format: $(installed_dev)
	@"$(bin)/ruff" format --check .
check-lint: $(installed_dev)
	@"$(bin)/ruff" check .
check-types: $(installed_dev)
	@"$(bin)/mypy"
	@MYPYPATH=bench:tools "$(bin)/mypy" tools/*.py tools/proof bench/*.py
check-imports: $(installed_dev)
	@"$(bin)/lint-imports" --no-logo
check-changelog: $(installed_dev)
	@"$(bin)/python" tools/changelog.py check
check-docs: $(installed_dev)
	@"$(bin)/readiness" docs --check

.PHONY: docs
docs: $(installed_dev) ## write the generated pages again
	@"$(bin)/readiness" docs

.PHONY: format
format: $(installed_dev) ## format, and mend what a linter can mend
	@"$(bin)/ruff" check --fix-only --exit-zero .
	@"$(bin)/ruff" format .

.PHONY: peers
peers: ## install kube-score and kubeconform into ./peers/bin (needs Go)
	@tools/install-peers "$(PEERS)"

.PHONY: bench
bench: $(installed_dev) ## measure readiness and its peers, write bench/results.md (BENCH="…" for bench/run.py)
	@"$(bin)/python" bench/run.py --readiness "$(bin)/readiness" --peers "$(PEERS)" $(BENCH)

.PHONY: clean
clean: ## take away everything that make made
	@if [ -f "$(VENV)/pyvenv.cfg" ]; then rm -rf -- "$(VENV)"; fi
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis peers
	@find . -path ./.git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
