# `make help` lists the targets. All of them first install what they need into .venv.
PYTHON ?= python3
VENV := .venv
# A user's own settings of pip and Python do not reach into the environment. Those of package registries do.
export PIP_USER := 0
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PYTHONHOME PYTHONPATH
INSTALLED := $(VENV)/.installed

.PHONY: help all figures quickstart test lint lock clean

figures: $(INSTALLED) ## figures and claims of the default study: about 10 minutes on 2 cores (the default target)
	$(VENV)/bin/snakemake
	@echo "Made: figures/fig_beta_sweep.pdf"

all: figures ## the same, and report.html, which shows everything in one file
	$(VENV)/bin/snakemake --report report.html
	@echo "Made: report.html"

quickstart: $(INSTALLED) ## one network, three β, one figure: about a minute
	$(VENV)/bin/snakemake figures/fig_beta_sweep.pdf --configfile config/quickstart.yaml
	@echo "Made: figures/fig_beta_sweep.png"

test: $(INSTALLED) ## the tests
	$(VENV)/bin/python -m pytest -n 2

lint: $(INSTALLED) ## checks of style, and of the imports between the parts of the package
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/snakefmt --check Snakefile workflow/rules
	$(VENV)/bin/lint-imports

# The lock file has versions and hashes for every platform, and no addresses. `make lock` needs uv.
lock: ## renew requirements.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --extra test pyproject.toml -o requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, {sys.executable} is {v[0]}.{v[1]}; say which with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --require-hashes -r requirements.lock
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean: ## remove .venv
	rm -rf $(VENV)

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST)
