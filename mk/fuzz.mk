# SPDX-License-Identifier: BSD-3-Clause
# libFuzzer (clang 14) over tests/fuzz: `make fuzz FUZZ_SECONDS=600 FUZZ_RUNS=10000000`, each until
# it has had that much of a processor or made as many executions, FUZZ_LANES at once;
# FUZZ="codec header" chooses. What one finds is left in build-fuzz/findings/TARGET/, what it learns
# in build-fuzz/corpus/TARGET/.

FUZZ_SECONDS ?= 60
FUZZ_RUNS    ?= -1
FUZZ_LANES   ?= 1
FUZZ_CXX     ?= clang++-14
FUZZ_TARGETS := $(patsubst tests/fuzz/%.cpp,%,$(wildcard tests/fuzz/*.cpp))
FUZZ         ?= $(FUZZ_TARGETS)
# What is looked at; the rest comes from the ordinary build, which saves most of the compiling.
FUZZ_CODE := $(addprefix libipc/,$(addprefix util/,hostlist idset size text) \
  $(addprefix wire/,codec errors header id_table json signer) $(addprefix net/,connection frame) \
  $(addprefix hub/,accounts buffer_blob late_output queries query record registry sqlite_rows \
    store) sched/task_request $(addprefix engine/,frames pickled_name request) \
  $(addprefix client/,engines error message npy slices unpickle) \
  $(addprefix config/,keys launch profile task_list trait_file) \
  $(addprefix cli/,groups jobs joblog placeholders targets values)) \
  $(addprefix cmd/ipdag/,dagman graph read)
FUZZ_OBJS := $(FUZZ_CODE:%=build-fuzz/obj/%.o) build-fuzz/obj/tests/lib/fuzz_driver.o
FUZZ_BINS := $(FUZZ_TARGETS:%=build-fuzz/fuzz/%)
FUZZ_BUILD = BUILD=build-fuzz PCH= CXX=$(FUZZ_CXX) OPT='-O1 -g1' \
  SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=vptr,function \
  -fno-sanitize-recover=all -fno-omit-frame-pointer'

fuzz-objs: $(FUZZ_OBJS) $(FUZZ_TARGETS:%=build-fuzz/obj/tests/fuzz/%.o)

$(FUZZ_BINS): build-fuzz/fuzz/%: build-fuzz/obj/tests/fuzz/%.o $(FUZZ_OBJS) $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(FUZZ_CXX) -pthread -fsanitize=fuzzer,address,undefined -o $@ $(filter %.o,$^) $(ARCHIVES) \
	  $(SHARED_LIBS)

fuzz-build: setup-deep
	@$(MAKE) --no-print-directory $(FUZZ_BUILD) fuzz-objs
	@$(MAKE) --no-print-directory $(FUZZ_BINS)

fuzz: fuzz-build
	@scripts/fuzz -s $(FUZZ_SECONDS) -r $(FUZZ_RUNS) -j $(FUZZ_LANES) build-fuzz $(FUZZ)

.PHONY: fuzz fuzz-build fuzz-objs
