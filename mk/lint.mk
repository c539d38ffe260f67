# SPDX-License-Identifier: BSD-3-Clause
# What is checked without running anything.

CXX_FILES := $(wildcard cmd/*.[ch]pp cmd/*/*.[ch]pp libipc/*/*.[ch]pp kernels/*/*.[ch]pp \
  launchers/*/*.[ch]pp tests/unit/*/*.[ch]pp bench/*.[ch]pp include/*/*.h)
TIDY := $(filter-out tests/% bench/%,$(filter %.cpp,$(CXX_FILES)))
TIDY := $(TIDY:%.cpp=$(BUILD)/tidy/%.ok)

# All of them, even if one complains.
lint: setup-check
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory -k lint-light format-check tidy

# The quick ones, also part of `make check`.
lint-light: all
	@scripts/check -B $(BUILD) lint

format:
	clang-format -i $(CXX_FILES)

format-check:
	@clang-format --dry-run -Werror $(CXX_FILES) && echo "format: clean"

# clang-tidy over what has changed since it last passed: the object file is made anew when the
# source or a header it includes is.
tidy: $(TIDY)

$(BUILD)/tidy/%.ok: $(BUILD)/obj/%.o .clang-tidy
	@mkdir -p $(@D)
	@echo "  TIDY $*.cpp"
	@clang-tidy --quiet $*.cpp -- $(CPPFLAGS:-MMD=) $(CXXFLAGS) 2>&1 | \
	  { ! grep -vE '^[0-9]+ warnings? (treated|generated)|^Suppressed|^Use -header' ; }
	@touch $@

man:
	@scripts/check-man
	@mkdir -p $(BUILD)/man
	@for page in man/man[157]/*.[157]; do \
	  mandoc -T utf8 $$page | sed "s/.\x08//g" > $(BUILD)/man/$$(basename $$page).txt || exit; done
	@echo "rendered into $(BUILD)/man/"

.PHONY: lint lint-light format format-check tidy man
