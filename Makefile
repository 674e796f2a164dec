# Two commands: « make report » and « make test ». What they do is in caqes_analysis/bootstrap, the same on Windows and in
# conda: « python -m caqes_analysis report » and « python -m caqes_analysis test ».

CAMPAIGN ?= parameters/demonstration-2024.yml
ARGS ?=

# Any Python 3 can start: the bootstrap looks for one that the lock file covers (3.11 to 3.13) and says so otherwise.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null && echo "$$name" && break; done)
CAQES = $(if $(PYTHON),$(PYTHON),$(error Python introuvable : installer Python 3.11, 3.12 ou 3.13. \
	/ Python not found: install Python 3.11, 3.12 or 3.13)) -m caqes_analysis

.DEFAULT_GOAL := help
.PHONY: help setup report test slow-test lint lab docs lock clean

help: ## Show this help
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

setup: ## Make the environment (.venv) from requirements.lock, or bring it up to date
	@$(CAQES) setup

report: ## Build a report; CAMPAIGN=parameters/… chooses it, ARGS=… are options of « caqes build »
	@$(CAQES) report "$(CAMPAIGN)" $(ARGS)

test: ## Run the fast tests; ARGS=… are options of pytest
	@$(CAQES) test $(ARGS)

slow-test: ## Run the other tests: real data, browser, whole reports
	@$(CAQES) slow-test $(ARGS)

lint: ## Check style, format and types
	@$(CAQES) lint

lab: ## Open the notebooks in JupyterLab; CAMPAIGN=… gives their defaults
	@$(CAQES) lab "$(CAMPAIGN)"

docs: ## Write again the documentation that is generated from the code
	@$(CAQES) docs

lock: ## Resolve the dependencies again (needs uv); ARGS=--upgrade takes the newest
	@$(CAQES) lock $(ARGS)

clean: ## Delete caches; data and reports are kept; ARGS=--all deletes .venv too
	@$(CAQES) clean $(ARGS)
