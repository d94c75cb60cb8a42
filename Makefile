# The front door. `make help` lists what it does; recipes longer than a few lines stand in packaging/build/.

SHELL         := /bin/bash
.SHELLFLAGS   := -euo pipefail -c
MAKEFLAGS     += --no-builtin-rules
.DEFAULT_GOAL := all

CONFIGURATION ?= Release
HOSTS         ?= 2
PORT          ?= 8080
STEPS         ?= 2000
ROUNDS        ?= 50
PREFIX        ?= /usr
SYSCONFDIR    ?= /etc
DESTDIR       ?=
DIST          ?= out/dist
FUZZ_ROUNDS   ?= 2000000

OUT    := out
BIN    := $(OUT)/bin
BUILD  := packaging/build
NATIVE := $(OUT)/native/pvh-guest $(OUT)/native/xen-domain-builder

# No build server is left behind. Two at a time at most: compiling ahead of time takes over a gigabyte of memory.
# Packages are those of the lock files or none: after changing one, `dotnet restore --force-evaluate` writes them anew.
MSBUILD_FLAGS := -nodeReuse:false -m:$(shell nproc | awk '{ print $$1 < 2 ? 1 : 2 }') -v:quiet -nologo -p:RestoreLockedMode=true
COMPILE       := dotnet msbuild -restore -p:Configuration=$(CONFIGURATION) $(MSBUILD_FLAGS)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1

PROGRAMS := message-switch switch-cli xen-simulator xenopsd xapi xe
EXECUTABLES := $(PROGRAMS:%=$(BIN)/%)
BUILD_RULES := $(wildcard Directory.*.props Directory.*.targets global.json .editorconfig) $(BUILD)/programs.proj $(BUILD)/publish
SOURCES := $(shell find daemons interop -name obj -prune -o \( -name '*.cs' -o -name '*.csproj' -o -name packages.lock.json \) -type f -print)

.NOTPARALLEL:

.PHONY: all
all: $(EXECUTABLES) $(NATIVE) ## Build the native executables into out/bin and the C pieces into out/native

$(EXECUTABLES) &: $(SOURCES) $(BUILD_RULES) | prerequisites
	@echo "  native   $(PROGRAMS)"
	@$(BUILD)/publish $(CONFIGURATION) $(COMPILE)

$(NATIVE) &: $(wildcard native/*.[chS] native/*/*.[chS] native/*.lds native/*/*.lds native/Makefile) | prerequisites
	@$(MAKE) --no-print-directory -C native OUT=$(abspath $(OUT)/native)

.PHONY: prerequisites
prerequisites:
	@$(BUILD)/prerequisites

.PHONY: prerequisites-test
prerequisites-test:
	@$(BUILD)/prerequisites test

.PHONY: test
test: prerequisites-test all ## Run every test; the last line is "N passed, N failed"
	@$(BUILD)/run-tests $(CONFIGURATION) $(COMPILE)

.PHONY: prerequisites-test-xen
prerequisites-test-xen:
	@$(BUILD)/prerequisites test-xen

.PHONY: test-xen
test-xen: prerequisites-test-xen all ## Run the toolstack on emulated machines with a real Xen; the last line is "N passed, N failed"
	@$(COMPILE) tests/xen/scenario/xen-scenario.csproj
	@tests/xen/run $(BIN) $(OUT)/native $(OUT)/build/bin/xen-scenario/release/xen-scenario $(PART)

.PHONY: demo
demo: all ## Start a pool of two hosts and live-migrate a running VM between them
	@$(COMPILE) tests/end-to-end/demo/demo.csproj
	@TOOLSTACK_BIN=$(abspath $(BIN)) $(OUT)/build/bin/demo/release/demo

.PHONY: pool
pool: all ## Run a pool of HOSTS=2 hosts on PORT=8080 in the foreground; variables in out/pool/env
	@$(COMPILE) tests/end-to-end/pool/pool.csproj
	@TOOLSTACK_BIN=$(abspath $(BIN)) exec setpriv --pdeathsig TERM $(OUT)/build/bin/pool/release/pool \
		--hosts $(HOSTS) --port $(PORT) --env $(OUT)/pool/env

.PHONY: soak
soak: all ## Start, move, suspend and stop 200 VMs at random for STEPS=2000 steps, then check that nothing leaked
	@$(COMPILE) tests/end-to-end/Toolstack.Tests.EndToEnd.csproj
	@TOOLSTACK_BIN=$(abspath $(BIN)) SOAK_STEPS=$(STEPS) SOAK_VMS=200 \
		$(OUT)/build/bin/Toolstack.Tests.EndToEnd/release/Toolstack.Tests.EndToEnd -class "*.SoakTests"

.PHONY: soak-kill
soak-kill: all ## Kill every daemon in turn, then ROUNDS=50 times up to three of nine at random, while VMs migrate between their hosts (KILL_SEED repeats a run)
	@$(COMPILE) tests/end-to-end/Toolstack.Tests.EndToEnd.csproj
	@TOOLSTACK_BIN=$(abspath $(BIN)) KILL_ROUNDS=$(ROUNDS) $(OUT)/build/bin/Toolstack.Tests.EndToEnd/release/Toolstack.Tests.EndToEnd \
		-class "*.KilledInTurnTests" -class "*.RandomKillTests" -explicit on -parallel none -noLogo -showLiveOutput

.PHONY: bench
bench: all ## Measure: codecs against their peers, the switch and a migration against their floors
	@$(COMPILE) bench/Toolstack.Bench.csproj
	@TOOLSTACK_BIN=$(abspath $(BIN)) $(OUT)/build/bin/Toolstack.Bench/release/Toolstack.Bench $(BENCH)

.PHONY: bench-xen
bench-xen: prerequisites-test-xen $(NATIVE) ## Measure guests on an emulated machine with Xen: started, saved, restored and moved by us and by xl
	@$(COMPILE) tests/xen/engine/xen-engine.csproj -t:Publish -p:_IsPublishing=true -p:PublishDir=$(abspath $(OUT)/bench-xen)/ \
		-p:CppCompilerAndLinker=$(if $(shell command -v clang),clang,gcc)
	@tests/xen/bench $(OUT)/bench-xen/xen-engine $(OUT)/native $(BENCH)

.PHONY: api-coverage
api-coverage: all ## Print each class of XenAPI, its messages, and how many of them are implemented
	@$(BIN)/xapi --api-coverage

.PHONY: fuzz
fuzz: ## Run the fuzz targets for FUZZ_ROUNDS=2000000 documents each instead of the few of make test
	@$(COMPILE) tests/fuzz/Toolstack.Tests.Fuzz.csproj
	@FUZZ_ROUNDS=$(FUZZ_ROUNDS) $(OUT)/build/bin/Toolstack.Tests.Fuzz/release/Toolstack.Tests.Fuzz -noColor -noLogo

SOAK_MESSAGES ?= 10000000

.PHONY: soak-switch
soak-switch: all ## Pass SOAK_MESSAGES=10000000 messages through the switch and print its memory on the way
	@$(COMPILE) tests/end-to-end/Toolstack.Tests.EndToEnd.csproj
	@TOOLSTACK_BIN=$(abspath $(BIN)) SOAK_MESSAGES=$(SOAK_MESSAGES) $(OUT)/build/bin/Toolstack.Tests.EndToEnd/release/Toolstack.Tests.EndToEnd \
		-class "*SwitchSoakTests" -noLogo -showLiveOutput

.PHONY: bench-migration
bench-migration: all ## Measure live migrations of a VM of MIB=4096 beside their floor
	@$(COMPILE) bench/Toolstack.Bench.csproj
	@TOOLSTACK_BIN=$(abspath $(BIN)) $(OUT)/build/bin/Toolstack.Bench/release/Toolstack.Bench pool-migration $(or $(MIB),4096)

.PHONY: install
install: all ## Install into DESTDIR under PREFIX=/usr (configuration under SYSCONFDIR=/etc)
	@$(BUILD)/install $(BIN) $(OUT)/native "$(DESTDIR)" "$(PREFIX)" "$(SYSCONFDIR)"

.PHONY: dist
dist: ## Write the source and the packages it is built from to DIST=out/dist, for builders without a network
	@$(BUILD)/dist $(DIST) $(COMPILE)

.PHONY: rpm
rpm: dist ## Build RPM packages from those archives into out/rpm
	@DIST=$(DIST) $(BUILD)/rpm $(OUT)/rpm

.PHONY: deb
deb: all ## Build Debian packages of the executables into out/deb
	@$(BUILD)/deb $(OUT)/deb

.PHONY: quality
quality: ## Count the debts that may only go down
	@$(BUILD)/quality

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf $(OUT)

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
