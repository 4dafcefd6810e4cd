# Everything works on a machine with Go, git, make and a C compiler, and nothing else. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo development)

# Go needs a home for its caches; without one they go below the repository, in a folder that ./... does not enter.
ifeq ($(strip $(HOME)),)
export GOPATH ?= $(CURDIR)/.rehearsal/go
export GOCACHE ?= $(CURDIR)/.rehearsal/go-build
endif

# One environment, for example ENVIRONMENT=production. For `make rehearse`, `make bench` and `make security-scan` none means
# both; what acts on AWS wants one.
ENVIRONMENT ?=

# Further flags for the operator's commands, for example `make deploy ENVIRONMENT=staging FLAGS=--yes`.
FLAGS ?=

# One service, function or `api` for `make logs`; none means the backend.
SERVICE ?=

# Further flags for `go test`, for example TESTFLAGS='-run TestNetwork'.
TESTFLAGS ?=

say = @printf '==> %s\n' $(1)

.PHONY: help
help: ## Print this list
	@printf 'Targets:\n'
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS=$$'\t' read -r name text; do printf '  %-22s %s\n' "$$name" "$$text"; done

.PHONY: build
build: bin/itrack functions tools ## Build bin/itrack, the function zips and, where needed, bin/pulumi

.PHONY: bin/itrack
bin/itrack:
	$(call say,'building bin/itrack (a first build compiles the Pulumi SDKs: some minutes)')
	@go build -ldflags "-X main.release=$(VERSION)" -o $@ ./cmd/itrack

.PHONY: functions
functions: bin/itrack
	$(call say,'building the Lambda functions: build/functions/*.zip')
	@bin/itrack build functions

# Flags for `itrack build`, for example BUILDFLAGS='--version v1.4.0 --platform linux/arm64'.
BUILDFLAGS ?=

.PHONY: build-all
build-all: bin/itrack ## Build what the platform runs: function zips, images with their SBOMs (build/)
	$(call say,'building build/functions and build/images')
	@bin/itrack build $(BUILDFLAGS)

.PHONY: tools
tools: ## Make sure of a pulumi command: the one on PATH if new enough, else build bin/pulumi
	@tools/pulumi.sh

.PHONY: rehearse
rehearse: known build ## Deploy both stacks into the stand-in AWS (ENVIRONMENT=production for one)
	$(call say,'rehearsing $(or $(ENVIRONMENT),staging and production)')
	@bin/itrack rehearse $(ENVIRONMENT)

# What the tests talk to; tests start servers of their own. NO_INSTALL=1 only names what is missing.
.PHONY: emulators
emulators:
	@tools/mariadb.sh install
	@tools/moto.sh install

.PHONY: test
test: functions tools emulators bin/testreport ## Run every test with -race; a skipped test fails
	$(call say,'testing with -race (a first run compiles the Pulumi SDKs again: some minutes)')
	@go test -race -timeout 40m -json $(TESTFLAGS) ./... | bin/testreport
	@cd tools && go test -race ./testreport

# Kills on each stack's way in `make soak`; ITRACK_SEED repeats the moments of an earlier run.
SOAK_KILLS ?= 24

.PHONY: soak
soak: functions tools ## Kill both stacks at random moments through their whole lives, repair and compare (ten minutes and more)
	$(call say,'soaking: $(SOAK_KILLS) kills on the way of each stack')
	@ITRACK_SOAK=$(SOAK_KILLS) go test -count=1 -timeout 4h -v -run TestKilledDeploymentsAreRepaired ./tests/interruption

.PHONY: bin/testreport
bin/testreport:
	@cd tools && go build -o ../bin/testreport ./testreport

.PHONY: lint
lint: bin/staticcheck bin/actionlint ## Check formatting, go vet, staticcheck, the workflows
	$(call say,'gofmt')
	@files="$$(git ls-files -co --exclude-standard '*.go' | while read -r f; do [ -f "$$f" ] && echo "$$f"; done | xargs gofmt -l)"; \
		if [ -n "$$files" ]; then printf 'not formatted (run gofmt -w):\n%s\n' "$$files"; exit 1; fi
	$(call say,'go vet')
	@go vet ./...
	@cd tools && go vet ./testreport
	$(call say,'staticcheck')
	@bin/staticcheck ./...
	$(call say,'actionlint')
	@bin/actionlint

# The linters are built again only when tools/go.mod changes their versions.
bin/staticcheck: tools/go.mod
	$(call say,'building $@')
	@cd tools && go build -o ../$@ honnef.co/go/tools/cmd/staticcheck
	@touch $@

bin/actionlint: tools/go.mod
	$(call say,'building $@')
	@cd tools && go build -o ../$@ github.com/rhysd/actionlint/cmd/actionlint
	@touch $@

bin/govulncheck: tools/go.mod
	$(call say,'building $@')
	@cd tools && go build -o ../$@ golang.org/x/vuln/cmd/govulncheck
	@touch $@

.PHONY: docs
docs: build ## Write the documents that are made from the code (docs/coverage.md from three rehearsals)
	$(call say,'writing docs: what `itrack docs --help` lists')
	@bin/itrack docs

.PHONY: bench
bench: known build ## Time the first up of each stack against as many trivial resources
	$(call say,'benchmarking $(or $(ENVIRONMENT),staging and production): medians of 5')
	@bin/itrack bench $(ENVIRONMENT)

# Flags for the backend's benchmark, for example BENCHFLAGS=--json.
BENCHFLAGS ?=

.PHONY: bench-backend
bench-backend: ## Measure the backend: health beside a bare handler, items, start, memory (a minute)
	@go run ./app/backend/bench $(BENCHFLAGS)

# Flags for `itrack dev`, for example DEVFLAGS='--port 8081'. DSN and AWS_ENDPOINT_URL name a database and an emulator that are there.
DEVFLAGS ?=

.PHONY: dev
dev: bin/itrack ## Run the backend with a database, emulated AWS, sample data, and reload on changes
	@bin/itrack dev $(DEVFLAGS)

# The operator's commands. Each target is its command: `make deploy ENVIRONMENT=staging` is `itrack deploy staging`, which has
# a --help of its own and exit codes that make hides (docs/cli.md).
# `named` comes first, so that nothing is built in vain; `known` is for what takes every environment where none is named.
.PHONY: named
named: known
	@if [ -z "$(ENVIRONMENT)" ]; then printf 'name the environment: make %s ENVIRONMENT=staging\n' "$(firstword $(MAKECMDGOALS))" >&2; exit 2; fi

.PHONY: known
known:
	@for name in $(ENVIRONMENT); do [ -f "Pulumi.$$name.yaml" ] || { \
		printf 'ENVIRONMENT=%s: there is no Pulumi.%s.yaml; there are:%s\n' "$$name" "$$name" "$$(printf ' %s' Pulumi.*.yaml | sed 's/Pulumi\.//g; s/\.yaml//g')" >&2; exit 2; }; done

.PHONY: doctor
doctor: named bin/itrack tools ## Check tools, credentials, account, quotas, secrets, state
	@bin/itrack doctor $(ENVIRONMENT) $(FLAGS)

.PHONY: setup-state
setup-state: named bin/itrack tools ## Make the bucket and the key of Pulumi's state, and the stack
	@bin/itrack setup-state $(ENVIRONMENT) $(FLAGS)

.PHONY: create-secrets
create-secrets: named bin/itrack ## Make the three secrets, from DB_PASSWORD, JWT_SECRET, API_KEY or by chance
	@bin/itrack create-secrets $(ENVIRONMENT) $(FLAGS)

.PHONY: preview
preview: named bin/itrack functions tools ## Say what a deployment would change
	@bin/itrack preview $(ENVIRONMENT) $(FLAGS)

.PHONY: deploy
deploy: named bin/itrack functions tools ## Deploy the stack, then what should run in it
	@bin/itrack deploy $(ENVIRONMENT) $(FLAGS)

.PHONY: validate
validate: named bin/itrack functions tools ## Check formatting, vet, settings, preview and drift
	@bin/itrack validate $(ENVIRONMENT) $(FLAGS)

.PHONY: push-all
push-all: named bin/itrack tools ## Push the images that build-all made, with signature and SBOM
	@bin/itrack push $(ENVIRONMENT) $(FLAGS)

.PHONY: deploy-apps
deploy-apps: named bin/itrack tools ## Deploy functions, services (blue/green) and frontend
	@bin/itrack deploy-apps $(ENVIRONMENT) $(FLAGS)

.PHONY: promote-to-production
promote-to-production: bin/itrack functions tools emulators bin/testreport ## Test, then bring what runs in staging to production
	@bin/itrack promote staging production $(FLAGS)

.PHONY: rollback
rollback: named bin/itrack tools ## Stop a running deployment, or go back to an earlier revision
	@bin/itrack rollback $(ENVIRONMENT) $(FLAGS)

.PHONY: health
health: named bin/itrack tools ## Ask the endpoints and the alarms
	@bin/itrack health $(ENVIRONMENT) $(FLAGS)

.PHONY: status
status: named bin/itrack tools ## Services, deployments, database and queues on one screen
	@bin/itrack status $(ENVIRONMENT) $(FLAGS)

.PHONY: logs
logs: named bin/itrack tools ## Show logs (SERVICE=item-events, FLAGS=--follow)
	@bin/itrack logs $(ENVIRONMENT) $(SERVICE) $(FLAGS)

.PHONY: outputs
outputs: named bin/itrack tools ## Print the outputs of the stack
	@bin/itrack outputs $(ENVIRONMENT) $(FLAGS)

.PHONY: connect-db
connect-db: named bin/itrack tools ## Open a way to MySQL through the bastion
	@bin/itrack connect db $(ENVIRONMENT) $(FLAGS)

.PHONY: security-scan
security-scan: known bin/itrack functions tools bin/govulncheck ## Look for known vulnerabilities, secrets, and what the review finds
	@bin/itrack security-scan $(ENVIRONMENT) $(FLAGS)

.PHONY: unlock
unlock: named bin/itrack functions tools ## Free a stack that a killed run left locked, and repair it
	@bin/itrack state unlock $(ENVIRONMENT) $(FLAGS)

.PHONY: destroy
destroy: named bin/itrack functions tools ## Delete the stack; refuses while protections are on
	@bin/itrack destroy $(ENVIRONMENT) $(FLAGS)

.PHONY: clean
clean: ## Remove what was built and rehearsed
	$(call say,'removing bin, build and .rehearsal')
	@if [ -d .rehearsal ]; then chmod -R u+w .rehearsal; fi
	@rm -rf bin build .rehearsal coverage.out
