# Targets set up .venv: a Debian machine with Python 3.11 and its venv is enough.

STAGE ?= dev
PYTHON ?= $(shell command -v python3.11 || command -v python3)
# The local cloud and the demo need a third of what tests, checks and packaging need.
LOCAL := .venv/.local
TOOLS := .venv/.installed
CLIENT := client/node_modules/.installed
BROWSER := client/dist/build/h5/index.html
MINI_PROGRAMS := client/dist/build/mp-weixin/app.json client/dist/build/mp-alipay/app.json
NPM := $(shell command -v npm)
RUN := .venv/bin/python -m
INSTALL := $(RUN) pip install --quiet --disable-pip-version-check --require-hashes --requirement
# How many processes share the tests: one a core, and one for the local cloud, which mostly waits.
SHARED := --numprocesses $(shell expr $$(nproc) + 1) --maxprocesses 4

.DEFAULT_GOAL := help
.PHONY: help demo client test check verify bench decisions cost run down package deploy foundation wire smoke openapi requirements

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(LOCAL) ## Show the product on the local cloud, step by step
	@$(RUN) infra.local.demo

# Without npm, or if the build fails, the local cloud runs without the client and says so.
run: $(LOCAL) ## Start the local cloud with the client, print addresses, run until Ctrl-C
	@$(if $(NPM),$(MAKE) --no-print-directory $(BROWSER) || true)
	@$(RUN) infra.local.cloud run

down: $(LOCAL) ## Stop the local cloud; WIPE=1 deletes its data
	@$(RUN) infra.local.cloud down $(if $(filter 1,$(WIPE)),--wipe)

client: $(BROWSER) $(MINI_PROGRAMS) ## Build the client for browsers, WeChat and Alipay
	@$(RUN) infra.client_builds

# Without npm the client's tests are skipped, but not in CI. Those in a browser are in tests/cloud.
test: $(TOOLS) ## Run all tests
	@$(if $(NPM)$(CI),$(MAKE) --no-print-directory client-tests,$(call say,$(NO_NPM),$(NO_NPM_ZH)))
	@$(RUN) infra.local.engine
	@.venv/bin/pytest $(SHARED)

.PHONY: client-tests client-checks
client-tests: client
	@cd client && npm run --silent types && npm run --silent test

check: test verify ## Do what CI does: make test, then make verify

verify: $(TOOLS) ## Check style, types, imports, generated files, package, client; no tests
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	@before=$$(git status --porcelain; git diff HEAD | git hash-object --stdin); \
	$(RUN) infra.routes && $(RUN) infra.openapi && $(RUN) infra.locales && $(RUN) infra.client_texts && \
	$(RUN) infra.decision_table && $(RUN) infra.policy_table || exit 1; \
	after=$$(git status --porcelain; git diff HEAD | git hash-object --stdin); \
	if [ "$$before" != "$$after" ]; then \
	  git status --short; \
	  echo "Generated files were out of date and have been written again: check and commit them."; \
	  exit 1; \
	fi
	@$(RUN) infra.package prod
	@$(if $(NPM)$(CI),$(MAKE) --no-print-directory client-checks,$(call say,$(NO_NPM),$(NO_NPM_ZH)))

client-checks: $(CLIENT)
	@cd client && npm run --silent check
	@$(MAKE) --no-print-directory client

bench: $(TOOLS) ## Measure against the goals of docs/performance.md
	@$(RUN) bench

decisions: $(TOOLS) ## Time from scan to decision while a provider fails, on the local cloud
	@$(RUN) bench.decisions

cost: $(TOOLS) ## Print what a million scans cost, as make bench measured; PRICES=file for a region
	@$(RUN) bench.cost $(if $(PRICES),--prices $(PRICES))

package: $(TOOLS) ## Build what is deployed and lint the template; STAGE=prod or dev
	@$(RUN) infra.package $(STAGE)

deploy: $(TOOLS) ## Package and deploy to AWS with the environment's credentials; STAGE=prod or dev
	@$(if $(NPM),$(MAKE) --no-print-directory $(BROWSER))
	@$(RUN) infra.deploy $(STAGE)

foundation: $(TOOLS) ## Make what chalice deploy stands on; STAGE=dev, YES=1 does not ask
	@$(RUN) infra.foundation $(STAGE) $(if $(filter 1,$(YES)),--yes)

wire: $(TOOLS) ## Connect what chalice deploy has made; STAGE=dev
	@$(if $(NPM),$(MAKE) --no-print-directory $(BROWSER))
	@$(RUN) infra.wire $(STAGE)

smoke: $(LOCAL) ## Tell the story in five minutes on a deployment; STAGE=dev or local, SANDBOX=url, URL=url
	@$(RUN) infra.smoke $(STAGE) $(if $(SANDBOX),--sandbox $(SANDBOX)) $(if $(URL),--url $(URL))

openapi: $(TOOLS) ## Write docs/openapi.json from the routes
	@$(RUN) infra.openapi

requirements: $(TOOLS) ## Print each requirement with its tests and their results
	@$(RUN) infra.requirements $(SHARED)

$(LOCAL): requirements-local.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Python 3.11 or newer is needed: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@$(call say,$(LOCAL_SIZE),$(LOCAL_SIZE_ZH))
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@$(INSTALL) $<
	@touch $@

$(TOOLS): requirements-dev.txt | $(LOCAL)
	@$(call say,$(TOOLS_SIZE),$(TOOLS_SIZE_ZH))
	@$(INSTALL) $<
	@touch $@

$(CLIENT): client/package-lock.json client/package.json | $(LOCAL)
	@test -n "$(NPM)" || { $(call say,$(NO_NPM),$(NO_NPM_ZH)); exit 1; }
	@$(call say,$(CLIENT_SIZE),$(CLIENT_SIZE_ZH))
	@cd client && npm ci --silent --no-audit --no-fund
	@touch $@

$(BROWSER) $(MINI_PROGRAMS): $(CLIENT) $(shell find client/src client/index.html client/vite.config.ts client/mini-programs.ts -type f)
	@$(call build,$(notdir $(patsubst %/,%,$(dir $@))))
	@touch $@

# The CI variable keeps the compiler from asking its maker for news. What it prints is shown if it fails.
build = cd client && { CI=1 npm run --silent build:$(1) > node_modules/.build.log 2>&1 || { cat node_modules/.build.log; exit 1; }; }

# In the language of the terminal, as infra/local/language.py.
say = case "$${LC_ALL:-$${LC_MESSAGES:-$$LANG}}" in [zZ][hH]*) echo "$(2)";; *) echo "$(1)";; esac
# tests/unit/test_installation.py holds the sizes to what is installed.
LOCAL_SIZE := Installing the local cloud into .venv, once: 58 packages, 240 MB, about a minute. \
  The first start adds 470 MB in build/ and .local/, and another minute.
LOCAL_SIZE_ZH := 首次运行，把本地云装进 .venv：58 个软件包，240 MB，约一分钟。首次启动还要在 build/ 和 .local/ 写入 470 MB，再约一分钟。
TOOLS_SIZE := Installing the tools for tests and packaging into .venv, once: 48 packages, 500 MB, about two minutes.
TOOLS_SIZE_ZH := 首次运行，把测试和打包的工具装进 .venv：48 个软件包，500 MB，约两分钟。
CLIENT_SIZE := Installing the tools of the client into client/node_modules, once: 320 MB, about a minute.
CLIENT_SIZE_ZH := 首次运行，把客户端的构建工具装进 client/node_modules：320 MB，约一分钟。
NO_NPM := The client is left out, because npm is missing: apt-get install nodejs npm
NO_NPM_ZH := 未找到 npm，跳过客户端。安装：apt-get install nodejs npm
