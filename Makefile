# landseer: `make demo` and `make test` do everything on a fresh machine with Python 3.11 to 3.13.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
TASK   ?= kelp
OUT    ?= $(if $(filter kelp,$(TASK)),demo,demo-$(TASK))

.PHONY: demo test test-gpu lint bench docs clean install

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,tensorboard]'
	touch $@

demo: $(STAMP)           ## made data, a whole system on it, a report to open: TASK=kelp, geopose, landcover or buildings
	$(BIN)/landseer demo $(TASK) --out $(OUT)

test: $(STAMP)           ## all tests
	$(BIN)/python -m pytest -n 2

test-gpu: $(STAMP)       ## what is proved on a GPU too, on a machine that has one
	$(BIN)/python -m pytest -m gpu

lint: $(STAMP)           ## style, spelling, types, import floors
	$(BIN)/ruff format --check src tests benchmarks docs
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/codespell README.md ARCHITECTURE.md CHANGES.md docs src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)          ## figures under benchmarks/results/
	$(BIN)/python benchmarks/run_all.py

docs: $(STAMP)           ## the generated pages of docs/reference and the module list
	$(BIN)/python docs/make_reference.py

clean:
	rm -rf $(VENV) demo demo-* runs .pytest_cache .mypy_cache .ruff_cache
