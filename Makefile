# On a fresh Debian 12 or later two commands do everything; both install what they lack (tests/setup) and are quick the second time.
#   make run     builds, and serves http://localhost:8080 with mail printed here
#   make test    builds with the sanitizers and runs all tests
.DEFAULT_GOAL := help
.PHONY: help run build test check fuzz faults race bench bench-build soak install clean coverage

prefix ?= /usr/local
DESTDIR ?=
BUILD = build
FUZZ_SECONDS ?= 600
SOAK_SECONDS ?= 3600
ARGS ?=

help:
	@echo 'make run             build and serve http://localhost:8080 (more flags: make run ARGS="--name Demo")'
	@echo 'make test            every test; the last line counts them'
	@echo 'make check           format, include arrows, documents against tables, clang-tidy, gcc -fanalyzer, cppcheck'
	@echo 'make fuzz            each fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS), two at a time'
	@echo 'make coverage        which lines the tests run, and which not: at least 95 % of the parsers, 90 % of all'
	@echo 'make faults          the whole journey while the n-th call of each kind fails, for each n (more than an hour; make test has a sample)'
	@echo 'make race            the doors that checks go through, under ThreadSanitizer'
	@echo 'make soak            who has an account is not told by time; then what races and kills, for SOAK_SECONDS=$(SOAK_SECONDS)'
	@echo 'make bench           speed beside its ceilings and peers (one of them: make bench ROW=check)'
	@echo 'make install         into $$(DESTDIR)$$(prefix), prefix=$(prefix)'
	@echo 'make clean           removes what was built; ./data stays'

build:
	@tests/setup run
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) -Dtests=false --prefix=$(prefix) >$(BUILD)-setup.log || \
		{ cat $(BUILD)-setup.log; rm -rf $(BUILD) $(BUILD)-setup.log; exit 1; }
	@rm -f $(BUILD)-setup.log
	@ninja -C $(BUILD) -n twostep | grep -q 'no work to do' || echo 'building'
	@ninja -C $(BUILD) --quiet twostep

run: build
	@exec env TWOSTEP_MAIL_PRINT=1 build/twostep serve $(ARGS)

test:
	@tests/setup test
	@tests/run

check:
	@tests/setup check
	@tests/run check
	@tests/lint

fuzz:
	@tests/setup test
	@tests/fuzz/run $(FUZZ_SECONDS)

coverage:
	@tests/setup test
	@tests/coverage

faults:
	@tests/setup test
	@tests/run --each faults

soak:
	@tests/setup test
	@tests/run timing
	@TWOSTEP_KILLS=200 TWOSTEP_CUTS=3000 tests/run --for $(SOAK_SECONDS) faults door

race:
	@tests/setup test
	@tests/run --threads door -k guard
	@tests/run --threads door -k sessions

bench: bench-build
	@tests/setup bench
	@bench/run $(if $(ROW),$(ROW),--json build/bench/bench.json --plots build/bench)

bench-build: build
	@ninja -C build --quiet bench/crowd

# In a folder that is gone afterwards: what root builds would be in the way of the clone's owner.
install:
	@rm -rf build-install
	@trap 'rm -rf build-install' EXIT; trap 'exit 1' INT TERM; \
		$(MAKE) --no-print-directory build BUILD=build-install && \
		DESTDIR=$(DESTDIR) meson install -C build-install --no-rebuild --quiet >/dev/null

clean:
	rm -rf build build-*
