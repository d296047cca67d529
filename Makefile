# Every target sets up .venv: a Debian machine with Python 3.11 and its venv is enough.

STAGE ?= dev
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv/.installed
RUN := .venv/bin/python -m
# How many processes share the tests: one a core, and one for the local cloud, which mostly waits.
SHARED := --numprocesses $(shell expr $$(nproc) + 1) --maxprocesses 4

.DEFAULT_GOAL := help
.PHONY: help demo test check verify bench decisions cost run down package deploy foundation wire smoke openapi requirements

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV) ## Show the product on the local cloud, step by step
	@$(RUN) infra.local.demo

run: $(VENV) ## Start the local cloud, print its addresses, run until Ctrl-C
	@$(RUN) infra.local.cloud run

down: $(VENV) ## Stop the local cloud; WIPE=1 deletes its data
	@$(RUN) infra.local.cloud down $(if $(filter 1,$(WIPE)),--wipe)

test: $(VENV) ## Run all tests
	@$(RUN) infra.local.engine
	@.venv/bin/pytest $(SHARED)

check: test verify ## Do what CI does: make test, then make verify

verify: $(VENV) ## Check style, types, imports, generated files, package; no tests
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	@before=$$(git status --porcelain; git diff HEAD | git hash-object --stdin); \
	$(RUN) infra.routes && $(RUN) infra.openapi && $(RUN) infra.locales && $(RUN) infra.decision_table && \
	$(RUN) infra.policy_table || exit 1; \
	after=$$(git status --porcelain; git diff HEAD | git hash-object --stdin); \
	if [ "$$before" != "$$after" ]; then \
	  git status --short; \
	  echo "Generated files were out of date and have been written again: check and commit them."; \
	  exit 1; \
	fi
	@$(RUN) infra.package prod

bench: $(VENV) ## Measure against the goals of docs/performance.md
	@$(RUN) bench

decisions: $(VENV) ## Time from scan to decision while a provider fails, on the local cloud
	@$(RUN) bench.decisions

cost: $(VENV) ## Print what a million scans cost, as make bench measured; PRICES=file for a region
	@$(RUN) bench.cost $(if $(PRICES),--prices $(PRICES))

package: $(VENV) ## Build what is deployed and lint the template; STAGE=prod or dev
	@$(RUN) infra.package $(STAGE)

deploy: $(VENV) ## Package and deploy to AWS with the environment's credentials; STAGE=prod or dev
	@$(RUN) infra.deploy $(STAGE)

foundation: $(VENV) ## Make what chalice deploy stands on; STAGE=dev, YES=1 does not ask
	@$(RUN) infra.foundation $(STAGE) $(if $(filter 1,$(YES)),--yes)

wire: $(VENV) ## Connect what chalice deploy has made; STAGE=dev
	@$(RUN) infra.wire $(STAGE)

smoke: $(VENV) ## Tell the story in five minutes on a deployment; STAGE=dev or local, SANDBOX=url, URL=url
	@$(RUN) infra.smoke $(STAGE) $(if $(SANDBOX),--sandbox $(SANDBOX)) $(if $(URL),--url $(URL))

openapi: $(VENV) ## Write docs/openapi.json from the routes
	@$(RUN) infra.openapi

requirements: $(VENV) ## Print each requirement with its tests and their results
	@$(RUN) infra.requirements $(SHARED)

$(VENV): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@echo "Installing the tools into .venv (once, and after a change of requirements-dev.txt)"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  --requirement requirements-dev.txt
	@touch $@
