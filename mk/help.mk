# SPDX-License-Identifier: BSD-3-Clause
# What one can ask for.

help:
	@echo "make                 build everything into build/ (BUILD=DIR elsewhere)"
	@echo "make demo            install what is missing, build, and run three real jobs on 4 engines"
	@echo "make check           all tests; the last line is 'N passed, N failed'"
	@echo "make check-docs      the tutorial and the other pages of docs/, as they stand"
	@echo "make check-asan      unit tests and a smoke of the programs under ASan and UBSan"
	@echo "make check-tsan      the same under ThreadSanitizer"
	@echo "make check-valgrind  the same under valgrind"
	@echo "make check-asan-bats, check-tsan-bats, check-valgrind-bats: all bats files, for hours"
	@echo "make check-faults    ROUNDS=200 of kills, cuts and full disks, from SEED on, LANES at once"
	@echo "make fuzz            every fuzzer for FUZZ_SECONDS (60); FUZZ=\"codec …\" chooses"
	@echo "make bench           the measurements of bench/"
	@echo "make lint            layers, sizes, clang-tidy, shellcheck, manual pages, format"
	@echo "make format          clang-format over the C++ files"
	@echo "make man             check the manual pages and render them as text into build/man/"
	@echo "make html            the manual pages as HTML into build/html/, with an index"
	@echo "make install         to PREFIX (/usr/local), below DESTDIR; make uninstall undoes it"
	@echo "make install-dev     libipc's headers, static library and pkg-config file as well"
	@echo "make deb             Debian packages in build/deb/ (needs debhelper)"
	@echo "make check-deb       and their life in a fresh Debian (needs debootstrap, as root)"
	@echo "make check-dist      make dist and make deb are reproducible, and build in a fresh Debian"
	@echo "make dist            a source archive in build/"
	@echo "make clean           remove build/ and build-*/"

# Packages: looks, and installs only what is missing.
setup-demo setup-check setup-deep: setup-%:
	@scripts/setup $*

# On all processors, for whoever did not say -j.
ALL_CORES = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

demo: setup-demo
	@$(MAKE) --no-print-directory $(ALL_CORES) all
	@IPKIT_BUILD=$(BUILD) scripts/demo

.PHONY: help setup-demo setup-check setup-deep demo
