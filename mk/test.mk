# SPDX-License-Identifier: BSD-3-Clause
# Tests: GoogleTest in one binary, Python's unittest, bats; scripts/check runs and sums them.

UNIT_OBJS := $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard tests/unit/*/*.cpp))
# A kernel that runs inside a test.
UNIT_OBJS += $(BUILD)/obj/kernels/echo/echo.o
# The assembly of the controller, for the test that has everything in one process.
UNIT_OBJS += $(patsubst %,$(BUILD)/obj/cmd/ipcontroller/%.o,controller binding)
# What decides in ipdag, and what it reads.
UNIT_OBJS += $(patsubst %,$(BUILD)/obj/cmd/ipdag/%.o,graph schedule read dagman)
# The fuzzers' targets, for their corpora.
UNIT_OBJS += $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard tests/fuzz/*.cpp))
# What a report says of a run.
UNIT_OBJS += $(patsubst %,$(BUILD)/obj/cmd/ipreport/%.o,data graph load marks page run style \
  summary timeline)
# What iptop knows of engines.
UNIT_OBJS += $(BUILD)/obj/cmd/iptop/model.o
# How many engines ipcluster wants.
UNIT_OBJS += $(BUILD)/obj/cmd/ipcluster/elastic.o
# What ipmap does with bytes, and how many items it sends.
UNIT_OBJS += $(patsubst %,$(BUILD)/obj/cmd/ipmap/%.o,blocks partials pace)
# What ipconsole does without a terminal.
UNIT_OBJS += $(patsubst %,$(BUILD)/obj/cmd/ipconsole/%.o,overlay transcript)
# What ipkernel makes of several engines' messages.
UNIT_OBJS += $(BUILD)/obj/cmd/ipkernel/shown.o
UNIT      := $(BUILD)/tests/unit
SANITIZED = BUILD=build-$(1) PCH=build-$(1)/common.hpp.gch OPT='-O1 -g1' \
  SANITIZE='-fsanitize=$(2) -fno-omit-frame-pointer'
# Without the checks that ASan does too (null, size) or that have nothing to find here: a third of
# the compile time.
UNDEFINED := address,undefined -fno-sanitize=vptr,null,alignment,object-size
# What the sanitizers look at beside the unit tests: every program once.
SMOKE     ?= $(wildcard tests/pipe/smoke.bats)

# Linked anew also when a test file is gone.
$(UNIT).list: FORCE
	@mkdir -p $(@D)
	@echo $(UNIT_OBJS) | cmp -s - $@ || echo $(UNIT_OBJS) > $@

$(UNIT): $(UNIT_OBJS) $(ARCHIVES) $(UNIT).list
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CXX) $(LDFLAGS) -o $@ $(UNIT_OBJS) $(ARCHIVES) -lgtest -lgtest_main $(SHARED_LIBS)

# What the tests of bats use beside the programs.
TEST_TOOLS := $(BUILD)/bench/fleet $(BUILD)/bench/clients $(BUILD)/bench/load

tools: $(TEST_TOOLS)

unit: $(UNIT) tools

# common.hpp itself is not needed beside it.
$(BUILD)/common.hpp.gch: tests/lib/common.hpp
	@mkdir -p $(@D)
	@echo "  CXX $<"
	@$(CC_WRAP) $(CXX) $(filter-out -M%,$(CPPFLAGS)) $(CXXFLAGS) -x c++-header -o $@ $<

FORCE:

check: setup-check
	@$(MAKE) --no-print-directory $(ALL_CORES) all unit
	@scripts/check -B $(BUILD)

check-unit: unit
	@scripts/check -B $(BUILD) unit

check-bats: all tools
	@scripts/check -B $(BUILD) bats interop

check-docs: all
	@scripts/check -B $(BUILD) tests/docs/*.bats tests/examples/*.bats

# Random faults: SEED=N ROUNDS=1 does that one again.
ROUNDS ?= 200
check-faults: all
	@IPKIT_BUILD=$(BUILD) python3 tests/fault/chaos --rounds=$(ROUNDS) $(if $(SEED),--seed=$(SEED)) \
	  $(if $(LANES),--jobs=$(LANES)) --csv=$(BUILD)/faults.csv

check-smoke: all unit
	@scripts/check -B $(BUILD) unit $(SMOKE)

# Every sanitized program has it in it; before itself, as make does not link anew for it alone.
ifneq ($(SANITIZE),)
LDFLAGS += $(BUILD)/sanitizers.o
$(ARCHIVES): | $(BUILD)/sanitizers.o
endif
$(BUILD)/sanitizers.o: tests/lib/sanitizers.cpp
	@mkdir -p $(@D) $(BUILD)/reports
	@touch $(BUILD)/instrumented # at_most
	@$(CXX) -DREPORTS='"$(abspath $(BUILD))/reports"' \
	  -DSUPPRESSIONS='"$(CURDIR)/tests/lib/tsan.supp"' -c -o $@ $<

# The sanitizers look at the unit tests and a smoke of the programs; with -bats at all bats files
# instead: hours, as each test takes three to ten times as long.
# ccache keeps what was compiled with a precompiled header only if told so.
ASAN := check-asan check-asan-bats
TSAN := check-tsan check-tsan-bats
check-asan-bats check-tsan-bats check-valgrind-bats: export IPKIT_CHECK_LIMIT ?= 3600
# The limits of the tests, as many times longer.
check-asan-bats: export IPKIT_SLOW ?= 3
check-tsan-bats check-valgrind check-valgrind-bats: export IPKIT_SLOW ?= 8
$(ASAN) $(TSAN): export CCACHE_SLOPPINESS = pch_defines,time_macros
$(ASAN): WITH = $(call SANITIZED,asan,$(UNDEFINED))
$(TSAN): WITH = $(call SANITIZED,tsan,thread)
check-asan check-tsan: setup-check
	@$(MAKE) --no-print-directory $(ALL_CORES) $(WITH) all unit
	@$(MAKE) --no-print-directory $(WITH) check-smoke
check-asan-bats check-tsan-bats: setup-check
	@$(MAKE) --no-print-directory $(ALL_CORES) $(WITH) all tools
	@$(MAKE) --no-print-directory $(WITH) check-bats

# The ordinary build under valgrind: every program of ours, also those that others start.
VALGRIND := $(BUILD)-valgrind
check-valgrind: setup-deep
	@$(MAKE) --no-print-directory $(ALL_CORES) all unit
	@scripts/valgrind-build $(BUILD) $(VALGRIND)
	@scripts/check -B $(VALGRIND) unit $(SMOKE)
check-valgrind-bats: setup-deep
	@$(MAKE) --no-print-directory $(ALL_CORES) all tools
	@scripts/valgrind-build $(BUILD) $(VALGRIND)
	@scripts/check -B $(VALGRIND) bats interop

.PHONY: FORCE tools unit check check-docs check-faults check-unit check-bats check-smoke \
  $(ASAN) $(TSAN) check-valgrind check-valgrind-bats
