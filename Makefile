# The commands to remember. Thin: Meson and Ninja build, tools/ holds the rest.
#   make          build/qs, release            make check    everything CI runs
#   make up       the lab on this machine      make bench    qs beside its peers, writes bench/RESULTS.md
#   make down     stop it, leave nothing       make fuzz     fuzz every parser (clang), FUZZ_SECONDS=60 each
#   make fmt      clang-format                 make check-all  the heavy tests too
# ARGS goes to qs: make up ARGS=--detach. STATE=DIR chooses another state folder.
SHELL := /bin/bash
QS := build/qs
STATE_ARGS := $(if $(STATE),--state $(STATE))

all: $(QS)

$(QS): build/build.ninja FORCE
	@ninja -C build $(if $(V),-v) qs

build/build.ninja:
	@tools/setup build
	@meson setup build --buildtype=release > build-setup.log 2>&1 || { cat build-setup.log; exit 1; }
	@rm -f build-setup.log

up:
	@tools/setup build run
	@$(MAKE) --no-print-directory $(QS)
	@$(QS) up $(STATE_ARGS) $(ARGS)

down:
	@if [ -x $(QS) ]; then $(QS) down $(STATE_ARGS) $(ARGS); else echo "qs is not built: nothing to stop"; fi

check:
	@tools/setup build run check
	@tools/check

check-all:
	@tools/setup build run check
	@tools/check --all

bench:
	@tools/setup build run bench
	@$(MAKE) --no-print-directory $(QS)
	@bench/run

fuzz:
	@tools/setup build fuzz
	@tools/fuzz $(or $(FUZZ_SECONDS),60)

fmt:
	@tools/setup fmt
	@git ls-files '*.c' '*.h' | xargs clang-format -i

install: $(QS)
	@meson install -C build

FORCE:
.PHONY: all up down check check-all bench fuzz fmt install FORCE
