# make app and make test set everything up by themselves: Python 3.11 or newer and make are all they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
STUDY ?=
WORKERS ?= 2
# One thread for each worker of pytest: with more, two workers on two cores wait for each other's threads.
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: app test test-fast lint bench screenshots pin clean

app: $(VENV)/app.done
	$(BIN)/latent-explorer app $(STUDY)

test: $(VENV)/test.done lint
	$(PYTEST)

test-fast: $(VENV)/test.done
	$(PYTEST) -m "not slow and not browser"

lint: $(VENV)/test.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/test.done
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/test.done
	$(BIN)/python docs/make_screenshots.py

$(VENV)/python.done:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Latent Explorer needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say which one to use: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	touch $@

# One install line for both: pip leaves alone what is there already.
$(VENV)/app.done: $(VENV)/python.done pyproject.toml constraints.txt
	@echo "Installing what the app needs; this takes a minute or two, once."
	$(PIP) install --constraint constraints.txt --editable .
	touch $@

$(VENV)/test.done: $(VENV)/app.done
	@echo "Installing what the tests need."
	$(PIP) install --constraint constraints.txt --editable '.[test,bench]'
	@# Compiles itself when it is first imported: once, alone. Two test workers that did so at the same time have crashed.
	$(BIN)/python -c 'import dcor'
	touch $@

# Write the versions at hand as the ones everybody gets.
pin: $(VENV)/test.done
	@{ echo "# Every version this project is tested with. Made by 'make pin'; read by the Makefile and .ci/run."; \
	  $(BIN)/python -m pip --disable-pip-version-check freeze --all --exclude-editable --exclude pip \
	  | sed 's/ @ .*//; s/+cpu$$//'; } > constraints.txt

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
