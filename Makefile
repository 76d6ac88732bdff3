# Needs GNU make and Python 3.11 or newer, nothing else: the targets make a virtual environment for themselves.
#
#   make test ARGS="-k tanh"                       further arguments for pytest
#   make test JOBS=8                               in so many processes at once; 0 for one, which a debugger can enter
#   make test PYTHON=python3.13 VENV=.venv-3.13    another interpreter, in an environment of its own
#   make test VENV=/tmp/chainrule                  from a folder that cannot be written to
#   make test-all PYTHONS="3.11 3.13"              several interpreters, one after the other

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
JOBS   ?= 2
PYTHONS ?= 3.11 3.13 3.14

# Of `make fuzz` and `make mutants`: how many, and the seed (a new one each time if not given). Of the first, how many
# processes; of the second, which files.
N       ?=
SEED    ?=
WORKERS ?= 1
FILES   ?=

# A path meant for another interpreter must not leak into this one.
unexport PYTHONPATH PYTHONHOME

PY      := $(VENV)/bin/python
PIP     := $(PY) -m pip --quiet --disable-pip-version-check install
MADE    := $(VENV)/.made
RUNTIME := $(VENV)/.installed
DEV     := $(VENV)/.installed-dev
LARGE   := $(VENV)-backends
PEERS   := $(VENV)-peers
OLDEST  := $(VENV)-oldest
DIST    := $(VENV)-dist

# Where nothing can be written, pytest and Hypothesis keep nothing here from one run to the next.
ifeq ($(shell test -w . && echo yes),)
CACHE := -p no:cacheprovider
export HYPOTHESIS_STORAGE_DIRECTORY := $(VENV)/hypothesis
endif

.PHONY: help demo test test-all test-oldest test-backends fuzz lint bench bench-peers notebooks javascript dist clean
.DELETE_ON_ERROR:

help:  ## say what can be made (this text)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

demo: $(RUNTIME)  ## differentiate an expression, draw it, train a digit classifier
	$(PY) -m autograd "tanh(w*x + b)" w=-3 x=2 b=6.9 --svg graph.svg --html steps.html \
		|| $(PY) -m autograd "tanh(w*x + b)" w=-3 x=2 b=6.9 --html steps.html    # where nothing can render
	$(PY) -m nn digits

test: $(DEV)  ## run the whole test suite: tests, docstring examples, notebooks
	$(PY) $(MEASURE) -m pytest -W error --nbmake -n $(JOBS) $(CACHE) $(ARGS)

test-all:  ## run the suite on several interpreters: PYTHONS="3.11 3.13 3.14"
	@for v in $(PYTHONS); do python$$v -c "import sys; sys.exit('$$v' != '%d.%d' % sys.version_info[:2])" 2>/dev/null \
		|| { echo "test-all: expected an interpreter python$$v on PATH, got none; leave it out: make test-all PYTHONS=..." >&2; exit 1; }; done
	@for v in $(PYTHONS); do $(MAKE) --no-print-directory test PYTHON=python$$v VENV=$(VENV)-$$v || exit 1; done

# Old packages use what newer ones deprecate.
test-oldest: $(OLDEST)/.installed-oldest  ## run the suite on the oldest dependencies that pyproject.toml allows
	$(OLDEST)/bin/python -m pytest -W error -W ignore::DeprecationWarning -n $(JOBS) $(CACHE) $(ARGS)

test-backends: $(LARGE)/.installed-backends  ## run what jit makes on jax and torch, in an environment of their own
	$(LARGE)/bin/python -m pytest -W error tests/backends $(ARGS)

fuzz: $(DEV)  ## hold jit against N=2000 programs made at random (SEED=7 WORKERS=2)
	$(PY) -m pytest -W error tests/test_fuzz.py --fuzz $(or $(N),2000) $(if $(SEED),--seed $(SEED)) --fuzz-workers $(WORKERS) $(ARGS)

.PHONY: coverage mutants

coverage: $(DEV)  ## run the test suite and say what no test reaches; fails where that is more than before
	$(PY) -m coverage erase
	$(MAKE) --no-print-directory test MEASURE="-m coverage run"
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

mutants: $(DEV)  ## put N=40 faults into FILES="autograd/graph.py", one at a time, and name those that no test finds
	PYTHONPATH=tests $(PY) -m source_mutants $(FILES) $(if $(N),-n $(N)) $(if $(SEED),--seed $(SEED)) $(ARGS)

lint: $(DEV)  ## run ruff and mypy
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy --strict autograd nn tests

bench: $(DEV)  ## run the benchmarks, and print a table at the end: ARGS="--rounds 5" for a quick look
	$(PY) -m pytest tests/benchmarks $(ARGS)

bench-peers: $(PEERS)/.installed-peers  ## the same functions in jax, CasADi, PyTorch and micrograd, side by side
	PYTHONPATH=tests $(PEERS)/bin/python -m benchmarks.peers $(ARGS)

notebooks: $(DEV)  ## make notebooks/*.ipynb from notebooks/*.py and execute them
	$(PY) -m jupytext --quiet --to ipynb --update notebooks/*.py
	$(PY) -c "$$EXECUTE" notebooks/*.ipynb

javascript:  ## install what the tests in JavaScript need, with npm
	npm install --prefix tests/js --no-package-lock --no-audit --no-fund --ignore-scripts

dist: $(DIST)/.installed-dist  ## build sdist and wheel into dist/, check them, and try each in an empty environment
	rm -rf dist
	$(DIST)/bin/python -m build --outdir dist .
	$(DIST)/bin/python -m twine check --strict dist/*
	for file in dist/*; do sh tests/try_distribution.sh "$(DIST)/bin/python" "$$file" || exit 1; done

clean:  ## remove the virtual environment, caches, build output and what the demo wrote
	if [ -f "$(MADE)" ]; then rm -rf "$(VENV)"; fi
	for venv in "$(LARGE)" "$(PEERS)" "$(OLDEST)" "$(DIST)"; do if [ -f "$$venv/.made" ]; then rm -rf "$$venv"; fi; done
	rm -rf .benchmarks .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist htmlcov
	rm -rf tests/js/node_modules
	rm -f graph.svg steps.html
	find $(wildcard autograd nn tests notebooks) -name __pycache__ -prune -exec rm -rf {} +

# Executed in place, without the times of execution that would make every run a change to commit.
define EXECUTE
import sys, nbclient, nbformat
for path in sys.argv[1:]:
    print("executing", path, flush=True)
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": "notebooks"}}
    nbclient.NotebookClient(
        notebook, timeout=600, record_timing=False, coalesce_streams=True, resources=where
    ).execute()
    nbformat.write(notebook, path)
endef
export EXECUTE

# jax and torch are large, and come with types that would be checked: they are not for every contributor's environment.
$(LARGE)/.installed-backends: pyproject.toml
	@$(MAKE) --no-print-directory VENV=$(LARGE) $(LARGE)/.installed-dev
	@echo "Installing jax and torch into $(LARGE) (some minutes)"
	@$(LARGE)/bin/python -m pip --quiet --disable-pip-version-check install jax torch==2.13.0
	@touch $@

# What other people's libraries need has no place in a contributor's environment either.
$(PEERS)/.installed-peers: pyproject.toml
	@$(MAKE) --no-print-directory VENV=$(PEERS) $(PEERS)/.installed
	@echo "Installing jax, CasADi, PyTorch and micrograd into $(PEERS) (some minutes, about 2 GB)"
	@$(PEERS)/bin/python -m pip --quiet --disable-pip-version-check install jax casadi torch==2.13.0 micrograd
	@touch $@

# Each `name>=version` of the run-time dependencies and of the extras beside them, at that version.
$(OLDEST)/.installed-oldest: pyproject.toml
	@$(MAKE) --no-print-directory VENV=$(OLDEST) $(OLDEST)/.installed-dev
	@echo "Installing the oldest dependencies into $(OLDEST)"
	@$(OLDEST)/bin/python -c "$$LOWER_BOUNDS" > $(OLDEST)/oldest.txt
	@cat $(OLDEST)/oldest.txt
	@$(OLDEST)/bin/python -m pip --quiet --disable-pip-version-check install --requirement $(OLDEST)/oldest.txt
	@touch $@

define LOWER_BOUNDS
import tomllib
from packaging.requirements import Requirement
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extras = project["optional-dependencies"]
for text in [*project["dependencies"], *extras["plot"], *extras["safetensors"]]:
    wanted = Requirement(text)
    if wanted.marker is None or wanted.marker.evaluate():
        (bound,) = [each.version for each in wanted.specifier if each.operator == ">="]
        print(f"{wanted.name}=={bound}")
endef
export LOWER_BOUNDS

$(DIST)/.installed-dist: pyproject.toml
	@$(MAKE) --no-print-directory VENV=$(DIST) $(DIST)/.made
	@$(DIST)/bin/python -m pip --quiet --disable-pip-version-check install "pip>=25.1"
	@$(DIST)/bin/python -m pip --quiet --disable-pip-version-check install --group dist
	@touch $@

# Each installation leaves a stamp and is repeated when pyproject.toml changes. DEV waits for RUNTIME, so that
# under `make -j` no two of them write into the environment at once.
$(DEV): pyproject.toml $(RUNTIME)
	@echo "Installing what the tests need into $(VENV) (about a minute)"
	@$(PIP) --editable ".[dev]"
	@touch $@

$(RUNTIME): pyproject.toml $(MADE)
	@echo "Installing chainrule into $(VENV)"
	@$(PIP) "pip>=21.3"
	@$(PIP) --editable .
	@touch $@

$(MADE):
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || { \
		echo "chainrule needs Python 3.11 or newer; '$(PYTHON)' is:" `$(PYTHON) --version 2>&1`"." \
			"Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || { \
		echo "'$(PYTHON)' cannot make virtual environments: its modules venv and ensurepip are missing." \
			"On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@
