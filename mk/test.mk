# SPDX-License-Identifier: BSD-3-Clause
# Tests: GoogleTest in one binary, Python's unittest, bats; scripts/check runs and sums them.

UNIT_OBJS := $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard tests/unit/*/*.cpp))
# A kernel that runs inside a test.
UNIT_OBJS += $(BUILD)/obj/kernels/echo/echo.o
# The assembly of the controller, for the test that has everything in one process.
UNIT_OBJS += $(patsubst %,$(BUILD)/obj/cmd/ipcontroller/%.o,controller binding)
UNIT      := $(BUILD)/tests/unit
SANITIZED = BUILD=build-$(1) OPT='-O1 -g' SANITIZE='-fsanitize=$(2) -fno-omit-frame-pointer'
# What the sanitizers look at beside the unit tests: every program once.
SMOKE     ?= $(wildcard tests/pipe/smoke.bats)

# Linked anew also when a test file is gone.
$(UNIT).list: FORCE
	@mkdir -p $(@D)
	@echo $(UNIT_OBJS) | cmp -s - $@ || echo $(UNIT_OBJS) > $@

$(UNIT): $(UNIT_OBJS) $(ARCHIVES) $(UNIT).list
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CXX) $(LDFLAGS) -o $@ $(UNIT_OBJS) $(ARCHIVES) -lgtest -lgtest_main $(LIBS)

unit: $(UNIT)

FORCE:

check: setup-check
	@$(MAKE) --no-print-directory all unit
	@scripts/check -B $(BUILD)

check-unit: unit
	@scripts/check -B $(BUILD) unit

check-bats: all
	@scripts/check -B $(BUILD) bats

check-smoke: all unit
	@scripts/check -B $(BUILD) unit $(SMOKE)

check-asan: export ASAN_OPTIONS = detect_leaks=1:abort_on_error=0:exitcode=99
check-asan: export UBSAN_OPTIONS = halt_on_error=1:print_stacktrace=1
check-asan:
	@$(MAKE) --no-print-directory $(call SANITIZED,asan,address$(comma)undefined) check-smoke

check-tsan: export TSAN_OPTIONS = exitcode=99:suppressions=$(CURDIR)/tests/lib/tsan.supp
check-tsan:
	@$(MAKE) --no-print-directory $(call SANITIZED,tsan,thread) check-smoke

comma := ,

.PHONY: FORCE unit check check-unit check-bats check-smoke check-asan check-tsan
