# SPDX-License-Identifier: BSD-3-Clause
# ipkit: `make demo` shows it, `make check` tests it, `make help` lists the rest.

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
CXX     ?= g++
CC_WRAP := $(if $(shell command -v ccache 2>/dev/null),ccache)
# -g1: line numbers in reports at a quarter less compile time than -g.
OPT     ?= -O2 -g1
WARN    := -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
CXXFLAGS += $(OPT) $(SANITIZE) -std=c++20 $(WARN) -fno-plt -pthread
CPPFLAGS += -I. -DIPKIT_VERSION='"$(VERSION)"' -MMD -MP
# Only what a program uses is linked: start-up time is mostly symbol relocation.
LDFLAGS += $(SANITIZE) -Wl,--as-needed -Wl,-O1 -pthread
# SHA-256 out of the archive is 20 kB; the shared libcrypto is a fifth of what a command costs.
CRYPTO  := $(or $(filter /%,$(shell $(CXX) -print-file-name=libcrypto.a)),-lcrypto)
OTHERS  := $(CRYPTO) -lSQLiteCpp -lsqlite3 -lz
SHARED_LIBS := -lczmq -lzmq -lyaml-cpp $(OTHERS)
# The shared libzmq brings sixteen libraries along, Kerberos among them: half of what a command
# costs. Its archive, as Debian has it, brings none (libipc/zmq/ has what it asks for instead). To
# relocate the shared libstdc++ is another half a millisecond; so nothing in C++ is shared then.
# LINK=shared: for distributions, and for sanitizers, which know libraries by their files.
LINK    ?= $(if $(SANITIZE),shared,static)
FOUND   := $(foreach l,czmq zmq sodium bsd md yaml-cpp pugixml,$(filter /%,\
  $(shell $(CXX) -print-file-name=lib$(l).a)))
PUGIXML := -lpugixml
ifeq ($(LINK) $(words $(FOUND)),static 7)
  PUGIXML := $(filter %/libpugixml.a,$(FOUND))
  LIBS := $(filter-out $(PUGIXML),$(FOUND)) $(BUILD)/lib/zmq.a $(OTHERS)
  RUNTIME := -static-libstdc++ -static-libgcc
else
  LIBS := $(SHARED_LIBS)
endif

# What loads code in C++ of others has one libstdc++ with it.
LOADING := ipcontroller native
# What one program alone needs.
LIBS_ipconsole := -ledit
LIBS_iptop := -lncursesw
LIBS_ipcontroller := -lmicrohttpd

# Layers, top first: the order static archives are linked in.
LAYERS  := console cli serial client engine sched hub config net wire util
ARCHIVES := $(LAYERS:%=$(BUILD)/lib/libipc-%.a)

srcs = $(wildcard $(1)/*.cpp)
objs = $(patsubst %.cpp,$(BUILD)/obj/%.o,$(call srcs,$(1)))

# A program is cmd/NAME.cpp or the folder cmd/NAME/.
CMD_FILES := $(patsubst cmd/%.cpp,%,$(wildcard cmd/*.cpp))
CMD_DIRS  := $(patsubst cmd/%/,%,$(wildcard cmd/*/))
PROGRAMS  := $(CMD_FILES) $(CMD_DIRS)
BINS      := $(PROGRAMS:%=$(BUILD)/bin/%)
LIBEXEC   := $(BUILD)/libexec/ipkit

include $(wildcard mk/*.mk)

.DEFAULT_GOAL := all
all: $(BINS) libexec

define archive_rule
$(BUILD)/lib/libipc-$(1).a: $(call objs,libipc/$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@$(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call archive_rule,$(l))))

$(BUILD)/obj/%.o: %.cpp | $(PCH)
	@mkdir -p $(@D)
	@echo "  CXX $<"
	@$(CC_WRAP) $(CXX) $(PCH:%.gch=-include %) $(CPPFLAGS) $(CXXFLAGS) -c -o $@ $<

define program_rule
$(BUILD)/bin/$(1): $$(if $$(wildcard cmd/$(1).cpp),$(BUILD)/obj/cmd/$(1).o) \
  $$(call objs,cmd/$(1)) $(ARCHIVES)
	@mkdir -p $$(@D)
	@echo "  LD  $(1)"
	@$(CXX) $(LDFLAGS) -o $$@ $$(filter %.o,$$^) $(ARCHIVES) $(LIBS) $(LIBS_$(1)) \
	  $(if $(filter $(1),$(LOADING)),,$(RUNTIME))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

# Linked anew when LINK is another one.
$(BINS) $(KERNEL_BINS) $(LAUNCHER_BINS): $(filter $(BUILD)/%,$(LIBS)) $(BUILD)/link
$(BUILD)/link: FORCE
	@mkdir -p $(@D)
	@echo $(LINK) | cmp -s - $@ || echo $(LINK) > $@
$(BUILD)/lib/zmq.a: $(call objs,libipc/zmq)
	@rm -f $@
	@$(AR) rcs $@ $^

-include $(shell test -d $(BUILD)/obj && find $(BUILD)/obj -name '*.d')

clean:
	rm -rf build build-*

.PHONY: all clean libexec
