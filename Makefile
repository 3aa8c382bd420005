# SPDX-License-Identifier: GPL-2.0
VERSION := $(shell cat VERSION)
KERNEL ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KERNEL)/build
ROW ?= bookworm-amd
ROWS ?=
BENCH_ROWS ?= bookworm-amd trixie-amd trixie-bpo-amd
PREFIX ?= /usr/local
BASHCOMP ?= $(PREFIX)/share/bash-completion/completions
INSTALL ?= install

.PHONY: all modules cli unit lint lab check check-hostile check-long check-compile check-debug check-exporter check-matrix check-packages check-rest demo fuzz fuzz-short bench bench-profile bench-cli deb install clean help

all: cli modules ## build the two commands and the modules

modules: ## build the modules of host and guest for KERNEL (this machine's)
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

cli: ## build build/vcpu-info and build/vcpu-info-guest
	$(MAKE) -C cli

unit: ## run the unit tests
	$(MAKE) -j $(shell nproc) -C tests/unit programs
	$(MAKE) -C tests/unit check

lint: ## run the checkers of code, manual pages and packaging
	tests/lint.sh

lab: ## run the lab tests of ROW (bookworm-amd) [root]
	tests/lab/lab run $(ROW)

check: ## install what the tests need, run them on ROWS (four), count them [root]
	tests/check.sh $(ROWS)

check-rest: ## run the tests that check leaves out, to stay short [root]
	tests/check-rest.sh

check-hostile: ## hostile guests and bad days; prints one table [root]
	tests/setup.sh lab intel
	tests/check-hostile.sh

check-long: ## like check, with 10,000 snapshots per state and upstream's tests [root]
	VCPU_INFO_LONG=1 tests/check.sh $(ROWS)

check-compile: ## compile the modules for all of Debian's kernels [root]
	tests/setup.sh lab
	tests/compile-matrix.sh

check-debug: ## run lab tests on kernels with KASAN, lockdep and kmemleak [root]
	tests/check-debug.sh

check-matrix: ## run the lab on every row, print one table [root]
	tests/setup.sh lab
	tests/check-matrix.sh

demo: ## install what it needs, show a record of a real guest [root]
	tests/setup.sh lab
	tests/lab/lab demo $(ROW)

fuzz: ## fuzz what the commands read, a minute for each kind of input
	tests/setup.sh fuzz
	$(MAKE) -C tests/fuzz fuzz

fuzz-short: ## the same, a number of runs for each
	$(MAKE) -j $(shell nproc) -C tests/fuzz programs
	$(MAKE) -C tests/fuzz fuzz-short

bench: ## count what requests cost, on BENCH_ROWS, as one table [root]
	tests/setup.sh lab
	tests/bench/bench.sh $(BENCH_ROWS)

bench-profile: ## count in which functions of ROW's kernel a request spends it [root]
	tests/setup.sh lab
	tests/lab/lab bench $(ROW) 19

bench-cli: ## records per second of vcpu-info report and trace-cmd report
	tests/setup.sh bench
	$(MAKE) -C cli bench-cli

check-packages: ## build the Debian packages, look at them from all sides [root]
	tests/check-packages.sh

check-exporter: ## let Prometheus scrape made-up hosts, fire and clear alerts [root]
	tests/setup.sh exporter
	tests/check-exporter.sh

deb: ## build the Debian packages in build/deb
	debian/build.sh build/deb

install: cli ## install commands, manuals and headers to PREFIX [root]
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/share/man/man1
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/share/man/man4
	$(INSTALL) -d $(DESTDIR)$(BASHCOMP)
	$(INSTALL) build/vcpu-info build/vcpu-info-guest $(DESTDIR)$(PREFIX)/bin
	$(INSTALL) -m 644 include/*.h $(DESTDIR)$(PREFIX)/include
	$(INSTALL) -m 644 man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	$(INSTALL) -m 644 man/*.4 $(DESTDIR)$(PREFIX)/share/man/man4
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/share/vcpu-info
	$(INSTALL) -m 644 docs/record.schema.json $(DESTDIR)$(PREFIX)/share/vcpu-info
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/share/vcpu-info/prometheus
	$(INSTALL) -m 644 docs/prometheus/* docs/fleet.md docs/fleet.png $(DESTDIR)$(PREFIX)/share/vcpu-info/prometheus
	$(INSTALL) -m 644 completions/* $(DESTDIR)$(BASHCOMP)

clean: ## remove everything that was built (.cache stays)
	rm -rf build
	find . \( -path ./.git -o -path ./.cache \) -prune -o -type f \
		-regex '.*\(\.\(o\|d\|ko\|mod\|mod\.c\|cmd\|symvers\)\|/modules\.order\)' \
		-exec rm -f {} +

help: ## list the targets
	@echo "vcpu-info $(VERSION). Targets; those with [root] need root:"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18
