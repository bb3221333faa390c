# Everything sets itself up: `make serve` and `make test` work from a bare clone.
# Needs Python 3.11 or newer and make; PYTHON=... picks another interpreter.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=
TESTS  ?= tests
# With COVERAGE=1 the tests that run in one process are recorded, and those that start servers and
# commands run after them as they are: traced they would take an hour.
INSIDE := tests/openapi tests/fixtures tests/mock_server
APART  := tests/contract_tests tests/docs tests/e2e

# Sources are byte-compiled once, so that the first start is as quick as the next.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The HCL parser keeps its tables after its first use, so that the first upload need not wait for it.
EDITABLE = $(INSTALL) --no-deps --no-build-isolation --editable . \
	&& $(BIN)/python -m compileall -q openapi fixtures mock_server contract_tests \
	&& $(BIN)/python -c "import hcl2; hcl2.loads('')"

.DEFAULT_GOAL := help
.PHONY: help serve test test-fast nightly lint format types imports specs contract bench mutation lock build clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: $(VENV)/.server ## Run the mock server (ARGS="--scenario busy-organization --port 3001")
	@$(BIN)/coder-mock serve $(ARGS)

test: $(VENV)/.dev ## Run the tests (TESTS=tests/openapi to run a part)
	@$(if $(COVERAGE),$(BIN)/coverage run -m pytest -n 2 $(INSIDE) $(ARGS) &&) \
		$(BIN)/python -m pytest -n 2 $(if $(COVERAGE),$(APART),$(TESTS)) $(ARGS)

test-fast: $(VENV)/.dev ## Run the tests that need no server process
	@$(BIN)/python -m pytest -n 2 --ignore tests/e2e tests $(ARGS)

nightly: $(VENV)/.dev ## Run the tests with the long random ones and every fault of the fault list
	@CODER_MOCK_NIGHTLY=1 $(BIN)/python -m pytest -n 2 $(TESTS) $(ARGS)

lint: $(VENV)/.dev ## Check style and formatting
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: $(VENV)/.dev ## Put code into its format
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

types: $(VENV)/.dev ## Check types (mypy, strict)
	@$(BIN)/mypy

imports: $(VENV)/.dev ## Check who imports whom
	@$(BIN)/lint-imports

specs: $(VENV)/.dev ## Derive the committed documents again (CODER_MOCK_DOCS=folder of the API docs)
	@test -n "$(CODER_MOCK_DOCS)" || { echo "specs: set CODER_MOCK_DOCS to the folder that holds the API docs" >&2; exit 2; }
	@$(BIN)/python -m coder_openapi.rebuild "$(CODER_MOCK_DOCS)"

contract: $(VENV)/.dev ## Examine a server (URL=http://127.0.0.1:3000 ARGS="--token ...")
	@$(BIN)/coder-contract run $(or $(URL),http://127.0.0.1:3000) $(ARGS)

bench: $(VENV)/.dev ## Measure start-up and requests, one table (more: python -m benchmarks.scale, .subscribers, .contract)
	@$(BIN)/python -m benchmarks $(ARGS)

mutation: $(VENV)/.dev ## Try faults of the fault list (ARGS="--sample 10", --healthy, --help)
	@$(BIN)/python -m tests.mutation $(ARGS)

lock: $(VENV)/.dev ## Pin the dependencies again, with hashes
	@$(INSTALL) uv
	@$(BIN)/uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
		--no-header --extra all --group dev pyproject.toml -o requirements/dev.txt
	@$(BIN)/uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
		--no-header --extra server --group editable -c requirements/dev.txt pyproject.toml -o requirements/server.txt

build: $(VENV)/.dev ## Build sdist and wheel
	@$(BIN)/python -m build --no-isolation --outdir dist .

clean: ## Remove what the targets made
	@rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

$(BIN)/python:
	@$(PYTHON) -m venv $(VENV)

# The tests' environment serves too, so whoever has it skips the smaller one.
$(VENV)/.server: requirements/server.txt pyproject.toml | $(BIN)/python
	@test $(VENV)/.dev -nt requirements/dev.txt -a $(VENV)/.dev -nt pyproject.toml || { \
		echo "Setting up the server (once) ..." >&2; \
		$(INSTALL) --require-hashes --requirement requirements/server.txt && $(EDITABLE); }
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Setting up the test environment (once) ..." >&2
	@$(INSTALL) --require-hashes --requirement requirements/dev.txt && $(EDITABLE)
	@touch $@
