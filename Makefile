# `make` lists what there is to do.

GOLANGCI_LINT = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

.PHONY: run
run: ## Start the gateway for development, with demo data and a playground
	go run . dev

.PHONY: generate
generate: ## Generate everything that follows from ent/schema and graph/*.graphql
	go generate ./...

.PHONY: test
test: ## Run the tests; parts that need Postgres, a browser or Node are skipped aloud without them
	go test ./...

.PHONY: verify-long
verify-long: ## Run the checks that take too long for every change
	@seed=$${ENTWINE_TEST_SEED:-$$(date +%s)}; echo "ENTWINE_TEST_SEED=$$seed"; \
	ENTWINE_TEST_LONG=1 ENTWINE_TEST_SEED=$$seed RAPID_CHECKS=5000 go test -count=1 -timeout 2h -v ./...

.PHONY: race
race: ## Run the tests of concurrent writers with the race detector, which needs a C compiler
	go test -race -count=1 -run 'Race|Deadlocks|Storm' ./tests/scenarios ./tests/idempotency

.PHONY: lint
lint: ## Check formatting and look for mistakes
	$(GOLANGCI_LINT) run

.PHONY: format
format: ## Format the hand-written Go files
	$(GOLANGCI_LINT) fmt

.PHONY: web
web: ## Build the playground into web/dist (needs Node 20.19 or newer)
	cd web && npm ci && npm run build

.PHONY: verify
verify: ## Check that generated files and the playground are those that their sources give
	.ci/verify

.PHONY: build
build: ## Build the static binary that the Docker image holds
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o entwine .
