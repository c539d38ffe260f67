# SPDX-License-Identifier: BSD-3-Clause
# Helpers that are not on PATH: kernels and launcher plugins. The build tree has the installed
# tree's shape (bin/, libexec/ipkit/), so that programs find them the same way in both.

CPP_KERNELS := $(filter-out python common, \
  $(patsubst kernels/%/,%,$(dir $(wildcard kernels/*/*.cpp))))
CPP_KERNELS := $(sort $(CPP_KERNELS))
KERNEL_BINS := $(CPP_KERNELS:%=$(LIBEXEC)/ipkit-kernel-%)
LIBEXEC_DATA := $(patsubst %,$(LIBEXEC)/%,$(shell find kernels/python -name '*.py') \
  $(wildcard kernels/sh/*.bash kernels/jupyter/helper.* profiles/*.yaml))
LAUNCHERS   := $(filter-out common, \
  $(patsubst launchers/%/,%,$(dir $(wildcard launchers/*/*.cpp))))
LAUNCHERS   := $(sort $(LAUNCHERS))
# What one of them alone needs.
LAUNCHER_LIBS_winhpc := -lcurl $(PUGIXML)
LAUNCHER_BINS := $(LAUNCHERS:%=$(LIBEXEC)/ipkit-launch-%)
# One program under several names: which one tells it the system.
BATCH_NAMES := slurm pbs sge lsf condor
BATCH_LINKS := $(BATCH_NAMES:%=$(LIBEXEC)/ipkit-launch-%)

libexec: $(KERNEL_BINS) $(LAUNCHER_BINS) $(BATCH_LINKS) $(LIBEXEC_DATA)

# What one of them alone needs.
KERNEL_LIBS_jupyter := -lcrypto

define kernel_rule
$(LIBEXEC)/ipkit-kernel-$(1): $$(call objs,kernels/$(1)) $$(call objs,kernels/common) $(ARCHIVES)
	@mkdir -p $$(@D)
	@echo "  LD  ipkit-kernel-$(1)"
	@$$(CXX) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(ARCHIVES) $$(KERNEL_LIBS_$(1)) $$(LIBS) \
	  $(if $(filter $(1),$(LOADING)),,$(RUNTIME))
endef
$(foreach k,$(CPP_KERNELS),$(eval $(call kernel_rule,$(k))))

# Both are peers of an engine that are something else behind.
$(LIBEXEC)/ipkit-kernel-cluster: $(BUILD)/obj/kernels/jupyter/link.o

define launcher_rule
$(LIBEXEC)/ipkit-launch-$(1): $$(call objs,launchers/$(1)) \
  $$(call objs,launchers/common) $(ARCHIVES)
	@mkdir -p $$(@D)
	@echo "  LD  ipkit-launch-$(1)"
	@$$(CXX) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(ARCHIVES) $$(LAUNCHER_LIBS_$(1)) $$(LIBS) \
	  $(RUNTIME)
endef
$(foreach l,$(LAUNCHERS),$(eval $(call launcher_rule,$(l))))

# mpiexec is a process of this machine.
$(LIBEXEC)/ipkit-launch-mpi: $(filter-out %/main.o,$(call objs,launchers/local))

$(BATCH_LINKS): $(LIBEXEC)/ipkit-launch-batch
	@ln -sf ipkit-launch-batch $@

$(LIBEXEC)/kernels/%: kernels/%
	@mkdir -p $(@D)
	@install -m 644 $< $@

$(LIBEXEC)/profiles/%: profiles/%
	@mkdir -p $(@D)
	@install -m 644 $< $@
