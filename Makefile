# `make figures` makes the figures of the default study, and `make test` runs the tests. Both first install what they
# need into .venv. `make lint` checks the style, and the imports between the parts of the package.
PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed

.PHONY: figures test lint lock clean

figures: $(INSTALLED)
	$(VENV)/bin/snakemake
	@echo "Made: figures/fig_beta_sweep.pdf"

test: $(INSTALLED)
	$(VENV)/bin/python -m pytest -n 2

lint: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/snakefmt --check Snakefile workflow/rules
	$(VENV)/bin/lint-imports

# The lock file has versions and hashes for every platform, and no addresses. `make lock` needs uv.
lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --extra test pyproject.toml -o requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, {sys.executable} is {v[0]}.{v[1]}; say which with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --require-hashes -r requirements.lock
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV)
