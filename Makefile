# Needs git, make and Python 3.11 or newer; everything else goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed

.PHONY: help venv demo test lint fmt docs gallery targets wheel clean
.DEFAULT_GOAL := help

help:
	@echo "make demo [CHECKPOINT=dir]  compile, draw and run GPT-2, and compare it with transformers"
	@echo "make gallery                every figure, drawn and checked, as a page: build/gallery/index.html"
	@echo "make targets                hand-placed pictures beside automatic ones: build/targets/index.html"
	@echo "make test                   linters, type checks, import contracts and the tests"
	@echo "make lint | fmt | docs | wheel | venv | clean"

venv: $(STAMP)

$(STAMP): pyproject.toml constraints.txt tests/circuits/requirements.txt scripts/venv.sh
	@PYTHON="$(PYTHON)" sh scripts/venv.sh
	@touch $@

demo: $(STAMP)
	$(BIN)/python examples/demo.py --out build/demo $(if $(CHECKPOINT),--checkpoint "$(CHECKPOINT)")

test: lint
	$(BIN)/python -m pytest -n auto --dist loadgroup

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict tnlang
	$(BIN)/lint-imports

fmt: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)
	$(BIN)/python -m docs.pages

gallery: $(STAMP)
	$(BIN)/python -m docs.gallery build/gallery

targets: $(STAMP)
	$(BIN)/python -m docs.targets build/targets

wheel: $(STAMP)
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean:
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
