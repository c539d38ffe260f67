# SPDX-License-Identifier: BSD-3-Clause
# Measurements: `make bench` runs them all in less than ten minutes, `make bench-quick` less of
# each; method in bench/README.md. bench/plot makes the plots of docs/performance.md of them.

BENCH_SRCS := $(wildcard bench/*.cpp)
BENCH_BINS := $(BENCH_SRCS:bench/%.cpp=$(BUILD)/bench/%)

bench-build: $(BENCH_BINS)

bench: all bench-build
	bench/run

bench-quick: all bench-build
	bench/run --quick

$(BENCH_BINS): $(BUILD)/bench/%: $(BUILD)/obj/bench/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LD  $(@F)"
	@$(CXX) $(LDFLAGS) -o $@ $(filter %.o,$^) $(ARCHIVES) $(SHARED_LIBS)

# Its engines have the echo kernel in them.
$(BUILD)/bench/fleet: $(BUILD)/obj/kernels/echo/echo.o

.PHONY: bench bench-build bench-quick
.SECONDARY: $(BENCH_SRCS:bench/%.cpp=$(BUILD)/obj/bench/%.o)
