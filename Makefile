.PHONY: format check test repro serve docs

VENV := .venv
PYTHON ?= python3
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
# Without bytecode, every process compiles TensorFlow again: 14 seconds in place of 4.
unexport PYTHONDONTWRITEBYTECODE
READY := $(VENV)/ready

# Format the code.
format: $(READY)
	ruff check --fix-only --quiet .
	ruff format .

# Lint and types.
check: $(READY)
	ruff check .
	ruff format --check .
	mypy

# All tests, in the order of `tests/conftest.py`: the longest files first.
test: $(READY) data
	pytest -n 2 --dist loadfile --no-loadscope-reorder

# The pipeline, from the pictures to the model; what is up to date is not run again.
repro: $(READY) data
	dvc repro
	canting show

# The pages and the API on the model of the last `make repro`: http://127.0.0.1:3000
serve: $(READY)
	canting serve

# The embedded pictures, in a fresh clone.
data: | $(READY)
	dvc pull --quiet data.dvc

# The documentation, as a site in build/docs. To read it with search: mkdocs serve
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

$(READY): requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "canting needs Python 3.11 or newer. Name one: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --disable-pip-version-check uv==0.13.9
	uv pip install --quiet --require-hashes --requirement requirements.txt
	uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
