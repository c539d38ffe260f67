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
	install -m 644 $(DOCS) LICENSE $(prefix)/share/doc/ipkit/
	install -d $(prefix)/share/doc/ipkit/examples
	install -m 755 $(filter-out %.c,$(wildcard docs/examples/*)) $(prefix)/share/doc/ipkit/examples/
	install -m 644 docs/examples/*.c $(prefix)/share/doc/ipkit/examples/
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

uninstall:
	rm -f $(PROGRAMS:%=$(prefix)/bin/%)
	rm -rf $(prefix)/include/ipkit
	rm -rf $(prefix)/libexec/ipkit $(prefix)/share/doc/ipkit
	rm -f $(MANPAGES:%=$(prefix)/share/%)
	rm -f $(PROGRAMS:%=$(prefix)/share/bash-completion/completions/%)
	rm -f $(PROGRAMS:%=$(prefix)/share/fish/vendor_completions.d/%.fish)
	rm -f $(prefix)/share/zsh/site-functions/_ipkit

dist:
	@mkdir -p $(BUILD)
	git archive --prefix=ipkit-$(VERSION)/ -o $(BUILD)/ipkit-$(VERSION).tar.gz HEAD
	@echo $(BUILD)/ipkit-$(VERSION).tar.gz

.PHONY: install uninstall dist
