# What there is to do here. `make` alone prints this list.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory

# The program needs no cgo; only the race detector does.
export CGO_ENABLED ?= 0

# The released program and tests that build in a copy of the tree leave folders out of what they compile. With the same
# flag everywhere, each package is compiled once.
export GOFLAGS := $(strip $(GOFLAGS) -trimpath)

PACKAGES ?= ./...
FUZZTIME ?= 10s
SOAK     ?= 10m
LIVES    ?= 100000
DEALS    ?= 1000000
CREATIONS ?= 20000
# events whose counts make prove makes, reads and folds
EVENTS   ?= 10000000
# random folds of counts that make prove tries
FOLDS    ?= 10000
# planted months of events of which make prove makes figures
PLANTS   ?= 200
# simulated rollouts that make prove tries
ROLLOUTS ?= 1000

# Mutants of each package, and the seed that draws them.
MUTANTS ?= 40
SEED    ?= 1
MUTATED ?= ./dialog ./dialog/form ./dialog/sqlitestore ./dialog/pgstore ./dialog/telegram

# make test runs a package once, whole, with the race detector. The calm ones run without it: no goroutines, or only those of
# tests that start the program, which is built without it. Those of SHORTER run with the detector and -short; the tests that
# -short shortens, WHOLE, run without the detector too. TestStages of internal/arch holds the three lists. All other packages
# run beside these, so that each core has work until the end.
CALM    := ./deploy ./insight ./dialog/telegram/internal/botapi ./docs ./internal/arch ./internal/decimal ./texts ./views
SHORTER := . ./cmd/lockbay ./deal ./dialog/dialogtest ./rollout ./simulate
WHOLE   := TestAlike|TestFirstOnly|TestLives|TestMonths|TestPasswordIsNotSaid|TestRandomLives|TestSimulation|TestSplitsAreExact|TestStates|TestTooFew|TestWorse
OTHERS   = $(filter-out $(patsubst .%,$(MODULE)%,$(CALM) $(SHORTER)),$(shell go list ./...))
MODULE  := github.com/lockbay/lockbay
SHORT   ?= -short
RUN     ?= .

# The race detector looks at Go's heap, and SQLite, translated from C, has its memory outside: it is not instrumented. Its
# driver is, like all other code.
DETECTOR := -race -gcflags='modernc.org/sqlite/lib=-race=false'

# Tests of a package that run at once: those that may wait more than they compute, for programs and servers.
PARALLEL ?= 4

# After which a package's tests are taken to hang. It is no measure of how long they take.
HANG := 60m

GOLANGCI_VERSION := v2.15.0
GOLANGCI         := .bin/golangci-lint-$(GOLANGCI_VERSION)

# What a full run must have used; a run that did without is red.
BACKENDS := PostgreSQL "Redis [0-9]" "Redis Cluster" "Redis Sentinel" PgBouncer

RESULTS := '^(ok|FAIL|---|panic:)|^\s+--- FAIL'

.DEFAULT_GOAL := help
.PHONY: help check test citus needs fmt fmt-check vet lint build unit race bench soak prove mutants fuzz cover clean

help: ## print this list
	@echo "make TARGET, where TARGET is one of:"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-10s %s\n", $$1, $$2 }'
	@echo "PACKAGES=./dialog/... narrows vet, unit, race, bench, fuzz and cover; FUZZTIME=1m fuzzes longer."

check: fmt-check vet ## the quick look before a commit: format, vet, arrows, tests that need no server
	@go list -f '{{.ImportPath}} {{.TestImports}} {{.XTestImports}}' $(PACKAGES) \
		| grep -vE '/(internal/testdb|bench)( |\])' | cut -d' ' -f1 \
		| xargs go test -short -timeout $(HANG) | grep -v 'no test files'

test: needs fmt-check vet lint build ## everything, as CI runs it, against real servers; installs what it needs when it can
	@rm -rf .bin/run-*; mkdir -p .bin; run=$$(mktemp -d .bin/run-XXXXXX); \
	export LOCKBAY_TEST_BACKENDS="$(CURDIR)/$$run/backends"; \
	failed=0; \
	{ $(MAKE) race SHORT= PACKAGES="$(OTHERS)" 2>&1 | tee $$run/race; } & others=$$!; \
	{ $(MAKE) unit PACKAGES="$(CALM)" && $(MAKE) unit RUN='^($(WHOLE))$$$$' PACKAGES="$(SHORTER)" \
		&& $(MAKE) race PACKAGES="$(SHORTER)"; } 2>&1 | tee $$run/unit || failed=1; \
	wait $$others || failed=1; \
	[ $$failed = 0 ] || { echo; grep -hE $(RESULTS) $$run/unit $$run/race; exit 1; }; \
	for backend in $(BACKENDS); do grep -qs "testdb: $$backend" $$run/backends \
		|| { echo "make test: no test ran against $$backend" >&2; exit 1; }; done; \
	echo; echo "Ran against:"; sed -E 's/^testdb: (.*) on .*/\1/' $$run/backends | sort | uniq -c \
		| awk '{ n = $$1; $$1 = ""; printf " %s, started %d times\n", $$0, n }'; \
	echo; echo "Results (go test, go test -race -short, go test -race):"; grep -hE $(RESULTS) $$run/unit $$run/race; \
	[ -n "$${LOCKBAY_TEST_CITUS:-}" ] || echo "Citus: not run"

citus: ## what needs a Citus coordinator: LOCKBAY_TEST_CITUS=postgres://… names an empty database with the extension
	@[ -n "$${LOCKBAY_TEST_CITUS:-}" ] || { echo "make citus: LOCKBAY_TEST_CITUS names no coordinator: nothing was run" >&2; exit 1; }
	go test -count=1 -timeout $(HANG) -run 'OnCitus$$' ./dialog/pgstore -v

needs: ## see that the servers, the browser and gcc are there; as root with apt-get, install them
	@.ci/needs

fmt: ## format the code
	gofmt -w $$(git ls-files --cached --others --exclude-standard '*.go')

fmt-check:
	@files=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go' | xargs ls -d 2>/dev/null)); \
	if [ -n "$$files" ]; then echo "not formatted (make fmt does it):" >&2; echo "$$files" >&2; exit 1; fi

vet: ## go vet
	go vet $(PACKAGES)

lint: $(GOLANGCI) ## golangci-lint at the version named here (docs/decisions/0002-lint.md)
	$(GOLANGCI) run

$(GOLANGCI):
	@echo "installing golangci-lint $(GOLANGCI_VERSION) into .bin/ (once, about a minute)"
	@mkdir -p .bin; GOBIN="$(CURDIR)/.bin" GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION) > .bin/install.log 2>&1 \
		|| { cat .bin/install.log >&2; echo "make lint: golangci-lint $(GOLANGCI_VERSION) could not be fetched or built: nothing was linted" >&2; exit 1; }
	@mv .bin/golangci-lint $@

build: ## build everything and ./lockbay, without cgo
	CGO_ENABLED=0 go build ./...
	CGO_ENABLED=0 go build -ldflags='-s -w' -o lockbay ./cmd/lockbay

unit: ## go test, all packages
	go test -vet=off -run '$(RUN)' -parallel $(PARALLEL) -timeout $(HANG) $(PACKAGES)

race: ## go test with the race detector; long simulations are shorter (-short)
	@command -v gcc >/dev/null || { echo "make race: gcc is not installed: the Debian package gcc has it (the race detector needs cgo)" >&2; exit 1; }
	CGO_ENABLED=1 go test -vet=off $(DETECTOR) $(SHORT) -parallel $(PARALLEL) -timeout $(HANG) $(PACKAGES)

bench: ## Go benchmarks (the whole bot under load: ./lockbay bench)
	go test -run '^$$' -bench . -benchmem $(PACKAGES)

soak: ## people make escrows while servers break, for SOAK=10m in all, and beside floods; prints what was lost, doubled, stuck
	go test -count=1 -timeout 0 -run '^Test(Soak|Floods)$$' ./internal/soak -v -soak $(SOAK) | grep -vE '^(=== |testdb: )'

prove: ## LIVES random lives of deals, FOLDS of counts, EVENTS in counts, figures of PLANTS, ROLLOUTS of a mode, 200 deals at once under kill -9, months of CREATIONS, and the books of DEALS escrows: in full what make test samples, hours
	go test -count=1 -timeout 0 -run '^TestDeals$$' ./internal/soak -v -deals 200 | grep -vE '^(=== |testdb: )'
	go test -count=1 -timeout 0 -run '^TestLives$$' ./deal -v -lives $(LIVES) | grep -vE '^=== '
	go test -count=1 -timeout 0 -run '^TestMonths$$' ./simulate -v -creations $(CREATIONS) | grep -vE '^=== '
	go test -count=1 -timeout 0 -run '^Test(Plants|PlantedLeaves|IntervalsCover|IntervalsCoverClumps|Pausers|Harm)$$' ./insight -v -plants $(PLANTS) | grep -vE '^=== '
	go test -count=1 -timeout 0 -run '^TestRandomFolds$$' ./insight/insightdb -v -folds $(FOLDS) | grep -vE '^(=== |testdb: |  )'
	go test -count=1 -timeout 0 -run '^TestManyEvents$$' ./insight/insightdb -v -events $(EVENTS) | grep -vE '^(=== |testdb: )'
	go test -count=1 -timeout 0 -run '^Test(Alike|FirstOnly|Worse|TooFew)$$' ./rollout -v -rollouts $(ROLLOUTS) | grep -vE '^=== '
	go test -count=1 -timeout 0 -run '^TestRandomLives$$' . -v -lives $(LIVES) | grep -vE '^=== '
	go test -count=1 -timeout 0 -run '^TestManyDeals$$' ./cmd/lockbay -v -many $(DEALS) | grep -vE '^(=== |testdb: )'

mutants: ## change the code in MUTANTS places of each of MUTATED, drawn by SEED, and tell which changes no test notices
	go run ./internal/mutate -n $(MUTANTS) -seed $(SEED) $(MUTATED)

fuzz: ## fuzz every target for FUZZTIME
	@found=0; while IFS=: read -r file target; do found=1; \
		echo "fuzzing $$target in $$(dirname "$$file") for $(FUZZTIME)"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")"; \
	done < <(git ls-files --cached --others --exclude-standard '*_test.go' | xargs grep -oE '^func Fuzz\w+' /dev/null | sed 's/func //'); \
	[ $$found = 1 ] || { echo "make fuzz: there is no fuzz target" >&2; exit 1; }

cover: ## test coverage: the total, and coverage.html
	go test -timeout $(HANG) -coverpkg=$(PACKAGES) -coverprofile=coverage.out $(PACKAGES) | grep -v 'no test files'
	@go tool cover -html=coverage.out -o coverage.html; go tool cover -func=coverage.out | tail -1

clean: ## remove what was built
	rm -rf lockbay .bin coverage.out coverage.html
