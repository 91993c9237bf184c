.PHONY: format check test test-all repro container serve docs lock

VENV := .venv
PYTHON ?= python3
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# uv installs here, wherever VENV lies.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export DVC_NO_ANALYTICS := 1
# Without bytecode, every process compiles TensorFlow again: 14 seconds in place of 4.
unexport PYTHONDONTWRITEBYTECODE
READY := $(VENV)/ready
# What is installed. CI also tests the lowest versions that pyproject.toml allows.
PACKAGES ?= --require-hashes --requirement requirements.txt

# Format the code.
format: $(READY)
	ruff check --fix-only --quiet .
	ruff format .

# Lint, types, and whether the lock still fits pyproject.toml.
check: $(READY)
	ruff check .
	ruff format --check .
	mypy
	python .ci/lock.py

# The tests but the slow ones, in the order of `tests/conftest.py`: the longest files first.
test: $(READY) data
	pytest -n 2 --dist loadfile --no-loadscope-reorder

# All tests, and how many of the branches they take: not fewer than `pyproject.toml` asks for.
test-all: $(READY) data
	coverage erase
	coverage run -m pytest -m '' -n 2 --dist loadfile --no-loadscope-reorder
	coverage combine --quiet
	coverage report

# The pipeline, from the pictures to the model; what is up to date is not run again.
repro: $(READY) data
	dvc repro
	canting show

# The container of the last `make repro`, built and run for real; needs root and Debian, no registry.
container: $(READY)
	PYTHON=python .ci/container

# The pages and the API on the model of the last `make repro`: http://127.0.0.1:3000
serve: $(READY)
	canting serve

# The embedded pictures, in a fresh clone.
data: | $(READY)
	@dvc pull --quiet data.dvc || { echo 'The pictures of data.dvc cannot be brought:' >&2; canting doctor git data >&2; exit 1; }

# The documentation, as a site in build/docs. To read it with search: mkdocs serve
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

# Lock the packages anew, with hashes; what is locked stays as it is. To take a newer one:
# make lock UPGRADE='--upgrade-package keras', and all: make lock UPGRADE=--upgrade
lock: $(READY)
	uv pip compile pyproject.toml --quiet --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --output-file requirements.txt $(UPGRADE)

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "canting needs Python 3.11, 3.12 or 3.13. Name one: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --disable-pip-version-check uv==0.13.9
	uv pip install --quiet $(PACKAGES)
	uv pip install --quiet --no-deps --no-build-isolation --editable .
	.ci/install-hook
	touch $@
