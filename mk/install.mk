# Installation, a Debian package and a release archive. Included by the Makefile.
#
#   make install PREFIX=/usr/local DESTDIR=      program, man page, completion, documents, configurations, examples
#   make deb                                     build/astro_VERSION_ARCH.deb
#   make release                                 build/astro-VERSION-ARCH.tar.gz with one static binary

PREFIX  ?= /usr/local
DESTDIR ?=
# Debian's versions begin with a digit.
VERSION := 0.1+$(shell git log -1 --format=%cd.%h --date=format:%Y%m%d 2>/dev/null || echo unknown)
SHARE    = $(DESTDIR)$(PREFIX)/share

.PHONY: install deb release
install: $(BUILD)/astro
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1 $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions
	install -d $(SHARE)/doc/astro $(SHARE)/astro/configs $(SHARE)/astro/examples
	install -m 755 $(BUILD)/astro $(DESTDIR)$(PREFIX)/bin/astro
	$(BUILD)/astro help --man >$(SHARE)/man/man1/astro.1
	$(BUILD)/astro help --completion bash >$(SHARE)/bash-completion/completions/astro
	$(BUILD)/astro help --completion zsh >$(SHARE)/zsh/site-functions/_astro
	install -m 644 README.md docs/*.md docs/*.png $(SHARE)/doc/astro
	install -m 644 configs/*.ini $(SHARE)/astro/configs
	cp -r examples/convert examples/exec examples/ogbench examples/policy $(SHARE)/astro/examples
	find $(SHARE)/astro -name __pycache__ -prune -exec rm -rf {} +

PACKAGE = $(BUILD)/package
deb: $(BUILD)/astro
	@rm -rf $(PACKAGE)
	@$(MAKE) --no-print-directory install PREFIX=/usr DESTDIR=$(PACKAGE)
	@strip $(PACKAGE)/usr/bin/astro
	@gzip -9n $(PACKAGE)/usr/share/man/man1/astro.1
	@mkdir -p $(PACKAGE)/DEBIAN
	@printf '%s\n' 'Package: astro' 'Version: $(VERSION)' "Architecture: $$(dpkg --print-architecture)" \
	    'Maintainer: the astro project <noreply@invalid>' 'Depends: libc6, libstdc++6, libgcc-s1, zlib1g' 'Section: science' \
	    'Priority: optional' 'Description: offline reinforcement learning by stitching trajectories' \
	    ' Augments recorded trajectories with new ones that connect states which no' \
	    ' recorded trajectory connects, trains policies and evaluates them.' >$(PACKAGE)/DEBIAN/control
	dpkg-deb --root-owner-group --build $(PACKAGE) $(BUILD)

ARCHIVE = astro-$(VERSION)-$(shell uname -m)
release: $(BUILD)/obj/apps/main.o $(BUILD)/libastro.a $(BUILD)/astro
	@rm -rf $(BUILD)/release
	@$(MAKE) --no-print-directory install PREFIX= DESTDIR=$(BUILD)/release/$(ARCHIVE)
	$(CXX) -static $(LDFLAGS) $(BUILD)/obj/apps/main.o $(BUILD)/libastro.a -o $(BUILD)/release/$(ARCHIVE)/bin/astro $(LDLIBS)
	@strip $(BUILD)/release/$(ARCHIVE)/bin/astro
	tar -C $(BUILD)/release -czf $(BUILD)/$(ARCHIVE).tar.gz $(ARCHIVE)
