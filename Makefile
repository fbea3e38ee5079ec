# Everything that people and CI do. `make` alone lists it.
#
# CLUSTER=current uses the kubectl context that is set, instead of the disposable cluster of test/cluster. It then has to
# be able to pull IMAGE, and helm and kubectl come from PATH.
CLUSTER ?= test
IMAGE   ?= redis-sentinel-webhook:dev
VERSION ?= dev

BIN     := $(CURDIR)/bin
TOOL    := $(BIN)/cluster
RELEASE := redis-sentinel-webhook
SYSTEM  := redis-sentinel-system
# The race detector needs a C compiler.
RACE    := $(if $(shell command -v gcc),-race)
# What webhook and agent share, what is pure, and whatever has goroutines.
AGENT   := ./internal/bootstrap
RACED   := ./internal/contract ./internal/redisconf ./internal/policy ./internal/mutate \
           $(AGENT)/act $(AGENT)/loop $(AGENT)/observe $(AGENT)/redisagent $(AGENT)/redisio $(AGENT)/report $(AGENT)/sentinelagent $(AGENT)/status
E2E     ?= ./test/e2e/...
# Tests that apiserver, process and e2e leave out; all run unless make test says so, which has a part for the attacks.
EXCEPT  ?=
LESS    := $(if $(EXCEPT),-skip '$(EXCEPT)')
# Image of the servers that bench-failover measures, and what else it is told.
SERVER  ?= redis:7.0
BENCH   ?=

ifeq ($(CLUSTER),current)
ENV = export KUBECONFIG=$${KUBECONFIG:-$$HOME/.kube/config};
BUILT = $(IMAGE)
else
# The tag stays the same while the image changes: pods have to be replaced when what is in it does.
BUILT = $$(sha256sum $(BIN)/images/redis-sentinel-webhook.tar | cut -c1-16)
ENV = export TEST_CLUSTER_BIN=$(TOOL) KUBECONFIG="$$($(TOOL) kubeconfig)" PATH="$$($(TOOL) tools 2>/dev/null):$$PATH";
endif

SHELL         := bash
.DEFAULT_GOAL := help
.PHONY: help demo demo-down test unit clients stories apiserver process incidents attacks sim mutants chart e2e soak bench-admission bench-failover bench-failover-page cluster-up cluster-down tools install uninstall images build lint generate verify

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Try it
demo: install ## a cluster, the chart, a labelled Redis; kill its master and watch
	@$(ENV) go run ./test/e2e/demo
ifneq ($(CLUSTER),current)
	@echo "kubectl and helm are in $$($(TOOL) tools 2>/dev/null)"
endif

demo-down: ## remove everything that demo made
ifeq ($(CLUSTER),current)
	-kubectl delete namespace quickstart --ignore-not-found
	-helm uninstall $(RELEASE) -n $(SYSTEM) --ignore-not-found
	kubectl delete namespace $(SYSTEM) --ignore-not-found
else
	@$(MAKE) --no-print-directory cluster-down
endif

##@ Test
test: ## everything: generated files, lint, unit tests, stories, API server tests, processes, then a cluster, the end-to-end tests and the attacks
	@EXCEPT='^TestAttack' TEST_SERVER="$${TEST_SERVER-ends}" .ci/parts verify lint unit stories tools chart apiserver process e2e attacks

unit: ## tests that need Go only, the long ones cut short
	go vet ./... && go vet -C tools ./... && go vet -C test/cluster ./...
	go test -v -short $(RACE) $(RACED)
	go test -v -short $$(go list ./internal/... ./cmd/... ./test/docs/... ./test/casebook/... ./test/incidents/... ./test/attacks/... ./test/clients/... ./test/e2e/world/... ./test/e2e/failover/... ./test/e2e/soak/schedule ./test/e2e/soak/history | grep -vxFf <(go list $(RACED)))
	go test -C tools -v ./mutants
	go test -C test/cluster -v -short -skip '^(TestProtectedModeIsOffInTheChangedServer|TestTallyIsSavedAndReplicated)$$' ./...

stories: ## the deciders at length: every view of a small group, 500 simulated stories, wrong designs that must be seen
	go test -v -count=1 ./internal/bootstrap/decide/... ./internal/bootstrap/simtest

chart: $(TOOL) ## render and check the chart
	@$(ENV) helm lint --strict --quiet charts/$(RELEASE)
	@$(ENV) go test -v -count=1 ./test/chart/...

apiserver: $(TOOL) ## tests against a real API server
	@KUBEBUILDER_ASSETS="$$($(TOOL) tools)" go test -v -count=1 $(LESS) ./test/apiserver/...

process: $(TOOL) ## real Redis 7.0, 8.0 and Valkey 8.1, 9.1, Sentinels and agents, without Kubernetes' nodes (needs root; TEST_SERVER=ends leaves the oldest and the newest); PROCESS='-run TestX' names tests
	@KUBEBUILDER_ASSETS="$$($(TOOL) tools)" go test -v -count=1 -timeout 20m -parallel 5 $(LESS) ./test/process/... $(PROCESS)

sim: ## 100,000 simulated stories of faults (minutes); SIM='-sim.seeds=5000 -sim.first=1' says how many and which
	go test -v -count=1 -timeout 60m -run '^TestSeeds$$' ./internal/bootstrap/simtest -sim.seeds=100000 $(SIM)

mutants: ## changes the agents' code in one place at a time and shows what no test notices (an hour or more); MUTANTS='-sample=50 -seed=7 -packages=...' says which
	go build -C tools -o $(BIN)/mutants ./mutants
	$(BIN)/mutants $(MUTANTS)

incidents: $(TOOL) ## what has hurt others, and what happens here; runs the tests of every row
	@KUBEBUILDER_ASSETS="$$($(TOOL) tools)" TEST_SERVER="$${TEST_SERVER:-redis-7.0.15}" go run ./test/incidents

attacks: install ## every attack that was tried on the first version, tried again; on processes and on a real cluster
	@$(ENV) export KUBEBUILDER_ASSETS="$$($(TOOL) tools)" TEST_MAY_CHANGE_CLUSTER=1; go run ./test/attacks

clients: install ## what clients of other languages see when the master changes; installs them; minutes, and not part of test; CLIENTS='-rounds 5 -page docs/clients.md'
	@$(ENV) go run ./test/clients $(CLIENTS)

e2e: install ## tests on a real cluster; E2E names packages
ifneq ($(CLUSTER),current)
	@# Needs the machine's redis-server and compiler, which the cluster has installed; without them it fails.
	go test -C test/cluster -v -count=1 -run '^(TestProtectedModeIsOffInTheChangedServer|TestTallyIsSavedAndReplicated)$$' ./internal/image
endif
	@$(ENV) TEST_MAY_CHANGE_CLUSTER=1 go test -v -count=1 -p 1 -timeout 60m $(LESS) $(E2E)

soak: install ## 200 handovers in a row and an hour of random faults, with a fresh seed; SOAK='-soak.faults=20m -soak.seed=7' says otherwise
	@$(ENV) TEST_MAY_CHANGE_CLUSTER=1 go test -v -count=1 -timeout 4h ./test/e2e/soak -soak.handovers=200 -soak.faults=1h -soak.seed=$$(date +%s) $(SOAK)

bench-admission: ## how long the served webhook takes to answer, beside a handler that does nothing; minutes; BENCH='-rates 500 -rounds 3'
	go run ./test/admission $(BENCH)

bench-failover: install ## what clients notice of each change of master, beside plain Sentinel (hours; goes on where it was); BENCH='-faults delete -rounds 5', SERVER=valkey:9.1
	CGO_ENABLED=0 go build -trimpath -o $(BIN)/failover ./test/e2e/failover
ifeq ($(SERVER),valkey:9.1)
	@$(TOOL) images -bin $(BIN) -out $(BIN)/bench-images -valkey "$$($(BIN)/failover valkey)" >/dev/null
	@$(TOOL) load $(BIN)/bench-images/valkey.tar
endif
	@$(ENV) $(BIN)/failover run -image $(SERVER) $(BENCH)
	@$(MAKE) --no-print-directory bench-failover-page

bench-failover-page: ## page and picture of what bench-failover measured so far
	go run ./test/e2e/failover render

##@ Cluster
cluster-up: $(TOOL) ## start the disposable Kubernetes (needs root on Debian 12)
ifneq ($(CLUSTER),current)
	@$(TOOL) up
	@$(TOOL) tools >/dev/null
endif

cluster-down: $(TOOL) ## end it; nothing stays
	@$(TOOL) down

tools: $(TOOL) ## build Kubernetes, helm and kubectl, and say where they are
	@$(TOOL) tools

images: $(TOOL) build ## make the images as tar files, without Docker
	@$(TOOL) images -bin $(BIN) -out $(BIN)/images

install: cluster-up ## make and load the images, install or upgrade the chart
ifneq ($(CLUSTER),current)
	@$(MAKE) --no-print-directory images
	@$(TOOL) load $(BIN)/images/*.tar
endif
	@$(ENV) image='$(IMAGE)'; helm upgrade --install $(RELEASE) charts/$(RELEASE) -n $(SYSTEM) --create-namespace \
	  --wait --timeout 3m --set image.repository="$${image%:*}",image.tag="$${image##*:}" \
	  --set-string webhook.podAnnotations.image="$(BUILT)",sentinels.podAnnotations.image="$(BUILT)"

uninstall: ## remove the chart; it lists the groups that are left
	@$(ENV) helm uninstall $(RELEASE) -n $(SYSTEM)

##@ Build
build: ## the two static binaries, in bin/
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $(BIN)/ ./cmd/webhook ./cmd/bootstrap

lint: $(BIN)/golangci-lint $(BIN)/deadcode ## style, architecture rules and unreachable code; the first run builds the linter, which takes minutes
	$(BIN)/golangci-lint run ./...
	@# A module of its own. The two below it would have the linter load all of Kubernetes.
	cd test/cluster && $(BIN)/golangci-lint run -c ../../.golangci.yml ./...
	cd tools && $(BIN)/golangci-lint run -c ../.golangci.yml ./...
	@dead=$$($(BIN)/deadcode -test ./... && cd test/cluster && $(BIN)/deadcode -test ./...); \
	[ -z "$$dead" ] || { printf 'unreachable, also by tests:\n%s\n' "$$dead"; exit 1; }

$(BIN)/golangci-lint: tools/go.mod
	go build -C tools -trimpath -ldflags "-s -w" -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(BIN)/deadcode: tools/go.mod
	go build -C tools -trimpath -ldflags "-s -w" -o $@ golang.org/x/tools/cmd/deadcode

generate: ## write generated files again
	go generate ./...

verify: ## generated files are up to date, go.mod is tidy
	@before=$$(git diff | sha256sum); $(MAKE) --no-print-directory generate; \
	[ "$$before" = "$$(git diff | sha256sum)" ] || { echo 'generated files were not up to date: see git diff, and commit what changed'; exit 1; }
	go mod tidy -diff
	go -C test/cluster mod tidy -diff

$(TOOL): $(shell find test/cluster -name '*.go' -o -name go.mod 2>/dev/null)
	@mkdir -p $(BIN)
	go build -C test/cluster -o $@ .
