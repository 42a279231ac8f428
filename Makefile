# Menshen: every task. `make help` lists them.

PYTHON ?= python3
PORT ?= 8000
ARGS ?=

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
VENV := .venv/bin/python
RUFF := $(VENV) -m ruff

.PHONY: help
help: ## list these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: setup ## run a simulated lock with its page at http://127.0.0.1:8000 (PORT=8000)
	@exec $(VENV) -m tools.simulator --port $(PORT)

.PHONY: test
test: setup ## run all tests (ARGS="-k door" for pytest)
	@exec $(VENV) -m pytest $(ARGS)

.PHONY: test-fast
test-fast: setup ## run the unit tests and the static checks only
	@exec $(VENV) -m pytest tests/unit tests/static $(ARGS)

.PHONY: nightly
nightly: setup ## run all tests with many more generated cases
	@MENSHEN_NIGHTLY=1 exec $(VENV) -m pytest $(ARGS)

.PHONY: bench
bench: setup ## measure the running lock against its budgets; writes build/bench.json
	@exec $(VENV) -m tools.bench

.PHONY: lint
lint: setup ## mend what the linter can mend
	@$(RUFF) check --fix .

.PHONY: lint-check
lint-check: setup ## look for lint and type errors
	@$(RUFF) check .
	@$(VENV) -m pyright

.PHONY: format
format: setup ## format the Python code
	@$(RUFF) format .

.PHONY: format-check
format-check: setup ## look for unformatted code
	@$(RUFF) format --check .

.PHONY: setup
setup: ## fetch and install what all of these need (they do it by themselves)
	@command -v $(PYTHON) >/dev/null || { \
		echo "setup: there is no $(PYTHON) on the PATH: install Python 3.11 or later, or set PYTHON." >&2; exit 1; }
	@$(PYTHON) -m tools.setup

.PHONY: clean
clean: ## remove everything that was fetched or built
	rm -rf build .venv lib/umqtt .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
