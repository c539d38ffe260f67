# SPDX-License-Identifier: BSD-3-Clause
# Installation: the build tree has the installed tree's shape, so it is copied as it is.

prefix   := $(DESTDIR)$(PREFIX)
MANPAGES := $(wildcard man/man[157]/*.[157])
COMPLETED := $(filter-out ipkit,$(PROGRAMS))
DOCS     := README.md CHANGELOG.md $(wildcard docs/*.md)

install: all
	install -d $(prefix)/bin $(prefix)/libexec $(prefix)/share/doc/ipkit
	install -m 755 $(BINS) $(prefix)/bin/
	cp -R $(LIBEXEC) $(prefix)/libexec/
	find $(prefix)/libexec/ipkit -name __pycache__ -prune -exec rm -r {} +
	install -m 644 $(DOCS) LICENSE $(prefix)/share/doc/ipkit/
	install -d $(prefix)/share/doc/ipkit/examples
	install -m 755 $(filter-out %.c,$(wildcard docs/examples/*)) $(prefix)/share/doc/ipkit/examples/
	install -m 644 docs/examples/*.c $(prefix)/share/doc/ipkit/examples/
	install -D -m 644 share/grafana/ipkit.json $(prefix)/share/ipkit/grafana/ipkit.json
	install -d $(prefix)/include/ipkit
	install -m 644 include/ipkit/*.h $(prefix)/include/ipkit/
	for page in $(MANPAGES); do install -D -m 644 $$page $(prefix)/share/$$page; done
	install -D -m 644 share/completion/ipkit.bash \
	  $(prefix)/share/bash-completion/completions/ipkit
	for name in $(COMPLETED); do \
	  ln -sf ipkit $(prefix)/share/bash-completion/completions/$$name; done
	install -D -m 644 share/completion/_ipkit $(prefix)/share/zsh/site-functions/_ipkit
	install -D -m 644 share/completion/ipkit.fish \
	  $(prefix)/share/fish/vendor_completions.d/ipkit.fish
	for name in $(COMPLETED); do \
	  ln -sf ipkit.fish $(prefix)/share/fish/vendor_completions.d/$$name.fish; done

	install -d $(prefix)/lib/systemd/user
	sed 's|@PREFIX@|$(PREFIX)|' share/systemd/ipcluster@.service.in \
	  > $(prefix)/lib/systemd/user/ipcluster@.service

# For who writes programs of their own: libipc as one static library, its headers, pkg-config.
install-dev: all
	install -d $(prefix)/lib/pkgconfig
	rm -f $(prefix)/lib/libipc.a
	$(AR) rcsD $(prefix)/lib/libipc.a $(foreach l,$(LAYERS),$(call objs,libipc/$(l)))
	for header in libipc/*/*.hpp; do \
	  install -D -m 644 $$header $(prefix)/include/ipkit/$$header; done
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' share/pkgconfig/libipc.pc.in \
	  > $(prefix)/lib/pkgconfig/libipc.pc

uninstall:
	rm -f $(PROGRAMS:%=$(prefix)/bin/%)
	rm -rf $(prefix)/include/ipkit $(prefix)/share/ipkit
	rm -rf $(prefix)/libexec/ipkit $(prefix)/share/doc/ipkit
	rm -f $(MANPAGES:%=$(prefix)/share/%)
	rm -f $(PROGRAMS:%=$(prefix)/share/bash-completion/completions/%)
	rm -f $(PROGRAMS:%=$(prefix)/share/fish/vendor_completions.d/%.fish)
	rm -f $(prefix)/share/zsh/site-functions/_ipkit $(prefix)/lib/systemd/user/ipcluster@.service
	rm -f $(prefix)/lib/libipc.a $(prefix)/lib/pkgconfig/libipc.pc

dist:
	@mkdir -p $(BUILD)
	git archive --prefix=ipkit-$(VERSION)/ -o $(BUILD)/ipkit-$(VERSION).tar.gz HEAD
	@echo $(BUILD)/ipkit-$(VERSION).tar.gz

# Debian packages in build/deb, of what is built: ipkit and libipkit-dev. In a copy, as the tools
# that make them write beside and into the sources.
DEB := $(abspath $(BUILD))/deb
deb: all
	@rm -rf $(DEB) && mkdir -p $(DEB)/ipkit-$(VERSION)
	@git ls-files -z | xargs -0 cp -p --parents -t $(DEB)/ipkit-$(VERSION)
	@cd $(DEB)/ipkit-$(VERSION) && export IPKIT_BUILD=$(abspath $(BUILD)) && \
	  dpkg-buildpackage --build=binary --no-sign -d > $(DEB)/log 2>&1 || \
	  { tail -n 30 $(DEB)/log; exit 1; }
	@ls $(DEB)/*.deb

# In a fresh Debian, as root: installed, used, purged.
check-deb: deb
	@scripts/check-deb $(DEB)

# The archive and the packages are the same each time; the archive builds in a fresh Debian.
check-dist:
	@IPKIT_BUILD=$(abspath $(BUILD)) scripts/check-dist

.PHONY: install install-dev uninstall dist deb check-deb check-dist
