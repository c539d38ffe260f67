# SPDX-License-Identifier: BSD-3-Clause
# What is checked without running anything.

CXX_FILES := $(wildcard cmd/*.[ch]pp cmd/*/*.[ch]pp libipc/*/*.[ch]pp kernels/*/*.[ch]pp \
  launchers/*/*.[ch]pp tests/unit/*/*.[ch]pp bench/*.[ch]pp)

lint: setup-check
	@$(MAKE) --no-print-directory all
	@IPKIT_BUILD=$(BUILD) scripts/lint

format:
	clang-format -i $(CXX_FILES)

man:
	@scripts/check-man
	@mkdir -p $(BUILD)/man
	@for page in man/man[157]/*.[157]; do \
	  mandoc -T utf8 $$page | sed "s/.\x08//g" > $(BUILD)/man/$$(basename $$page).txt || exit; done
	@echo "rendered into $(BUILD)/man/"

.PHONY: lint format man
