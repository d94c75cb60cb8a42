# The front door. `make help` lists what it does; recipes longer than a few lines stand in packaging/build/.

SHELL         := /bin/bash
.SHELLFLAGS   := -euo pipefail -c
MAKEFLAGS     += --no-builtin-rules
.DEFAULT_GOAL := all

CONFIGURATION ?= Release
RID           ?= linux-x64
HOSTS         ?= 2
PORT          ?= 8080
PREFIX        ?= /usr
SYSCONFDIR    ?= /etc
DESTDIR       ?=

OUT    := out
BIN    := $(OUT)/bin
BUILD  := packaging/build
NATIVE := $(OUT)/native/pvh-guest $(OUT)/native/xen-domain-builder

# One MSBuild at a time and no build server left behind: a native publish needs over a gigabyte of memory.
MSBUILD_FLAGS := -nodeReuse:false -m:$(shell nproc) -v:quiet -nologo
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1

PROGRAMS := message-switch xenopsd xapi xe
BUILD_RULES := $(wildcard Directory.*.props Directory.*.targets global.json)
sources = $(shell find $(1) -name obj -prune -o \( -name '*.cs' -o -name '*.csproj' -o -name 'packages.lock.json' \) -type f -print 2>/dev/null)
SHARED_SOURCES := $(call sources,daemons/hosting daemons/idl daemons/idl-generator daemons/xenopsd/contract daemons/xapi/datamodel interop)

.NOTPARALLEL:

.PHONY: all
all: $(PROGRAMS:%=$(BIN)/%) $(NATIVE) ## Build the native executables into out/bin and the C pieces into out/native

define program
$(BIN)/$(1): $(call sources,daemons/$(1)) $(SHARED_SOURCES) $(BUILD_RULES) | prerequisites
	@echo "  native   $(1)"
	@$(BUILD)/publish daemons/$(1)/$(1).csproj $(1) $(RID) $(CONFIGURATION) $(MSBUILD_FLAGS)
endef
$(foreach name,$(PROGRAMS),$(eval $(call program,$(name))))

$(NATIVE) &: $(wildcard native/*.[chS] native/*/*.[chS] native/*.lds native/*/*.lds native/Makefile) | prerequisites
	@$(MAKE) --no-print-directory -C native OUT=$(abspath $(OUT)/native)

.PHONY: prerequisites
prerequisites:
	@$(BUILD)/prerequisites

.PHONY: test
test: all ## Run every test; the last line is "N passed, N failed"
	@$(BUILD)/run-tests $(CONFIGURATION) $(MSBUILD_FLAGS)

.PHONY: demo
demo: all ## Start a pool of two hosts and live-migrate a running VM between them
	@dotnet build tests/end-to-end/demo -c $(CONFIGURATION) $(MSBUILD_FLAGS)
	@TOOLSTACK_BIN=$(abspath $(BIN)) $(OUT)/build/bin/demo/release/demo

.PHONY: pool
pool: all ## Run a pool of HOSTS=2 hosts on PORT=8080 in the foreground; variables in out/pool/env
	@dotnet build tests/end-to-end/pool -c $(CONFIGURATION) $(MSBUILD_FLAGS)
	@TOOLSTACK_BIN=$(abspath $(BIN)) exec setpriv --pdeathsig TERM $(OUT)/build/bin/pool/release/pool \
		--hosts $(HOSTS) --port $(PORT) --env $(OUT)/pool/env

.PHONY: bench
bench: all ## Measure: codecs against their peers, the switch and a migration against their floors
	@dotnet build bench -c $(CONFIGURATION) $(MSBUILD_FLAGS)
	@TOOLSTACK_BIN=$(abspath $(BIN)) $(OUT)/build/bin/Toolstack.Bench/release/Toolstack.Bench $(BENCH)

.PHONY: install
install: all ## Install into DESTDIR under PREFIX=/usr (configuration under SYSCONFDIR=/etc)
	@$(BUILD)/install $(BIN) $(OUT)/native "$(DESTDIR)" "$(PREFIX)" "$(SYSCONFDIR)"

.PHONY: quality
quality: ## Count the debts that may only go down
	@$(BUILD)/quality

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf $(OUT)

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
