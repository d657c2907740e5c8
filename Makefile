# `make` alone lists what there is. Each target installs what it needs.

BUILD_PACKAGES = g++ libgrpc-dev libprotobuf-c-dev libevent-dev libcurl4-openssl-dev libsqlite3-dev \
	libyaml-dev libsodium-dev tzdata
TEST_PACKAGES = protobuf-c-compiler protobuf-compiler libprotobuf-dev sqlite3 gcc libc6-dev \
	python3 python3-venv procps strace
PYTHON = .venv/bin/python
RELEASE = .build/release
# Generic code of one module is made for the types of another, which saves a fifth of a task's cost.
OPTIMIZED = -Xswiftc -cross-module-optimization
DOCS = .build/docs
MINUTES = 10
# The tests' view of internals in an optimised build. Swift 6.3.1 stops over that at one function of the
# store, in a pass that can be left out.
FUZZ_FLAGS = --sanitize fuzzer -Xswiftc -enable-testing \
	-Xswiftc -Xllvm -Xswiftc -sil-disable-pass=copy-propagation
DOCUMENTED = Tompion TompionClient ControlAPI

.PHONY: help build demo test faults simulate bench fuzz docs format lint check-generated clean

help:
	@echo 'make build   release executables in $(RELEASE)/'
	@echo 'make demo    the main job, end to end, on SQLite'
	@echo 'make test    every test, real processes included'
	@echo 'make faults  the fault sweeps in full; make test runs a sample of each'
	@echo 'make bench   the benchmarks; ONLY=name runs one, RUNS=1 once, SECONDS=n shorter or longer'
	@echo 'make simulate  two servers, workers and faults in virtual time; SEEDS=n of them, or SEED=n again'
	@echo 'make fuzz    every parser against made-up input, MINUTES=$(MINUTES) in all; ONLY=name runs one'
	@echo 'make docs    the pages of the products, in $(DOCS)/'
	@echo 'make format  lay the code out; make lint checks it'
	@echo 'make clean   remove what was built'

.PHONY: build-packages test-packages
build-packages:
	@Tools/check-swift
	@Tools/install $(BUILD_PACKAGES)

test-packages: build-packages
	@Tools/install $(TEST_PACKAGES)

build: build-packages
	swift build --configuration release $(OPTIMIZED)

demo: build
	@Examples/demo/demo.sh $(RELEASE)

test: build $(PYTHON) check-generated lint
	swift test --no-parallel --explicit-target-dependency-import-check error
	$(PYTHON) -m pytest Tests/EndToEnd

faults: build $(PYTHON)
	$(PYTHON) -m pytest Tests/EndToEnd --whole -m faults -s

bench: build
	@$(RELEASE)/tompion-bench $(if $(ONLY),--only $(ONLY)) $(if $(RUNS),--runs $(RUNS)) \
		$(if $(SECONDS),--seconds $(SECONDS))

simulate: build
	@$(RELEASE)/tompion-simulate $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),10000))

fuzz: build-packages
	TOMPION_FUZZ=1 swift build --configuration release --scratch-path .build/fuzz $(FUZZ_FLAGS) \
		--product tompion-fuzz
	@Tools/fuzz .build/fuzz/release/tompion-fuzz $(MINUTES) $(ONLY)

docs: build-packages
	@set -e; for module in $(DOCUMENTED); do \
		swift build --target $$module; \
		mkdir -p $(DOCS)/symbols/$$module; \
		swift symbolgraph-extract -module-name $$module -target $$(uname -m)-unknown-linux-gnu \
			-I "$$(swift build --show-bin-path)/Modules" -output-dir $(DOCS)/symbols/$$module \
			$(addprefix -Xcc -fmodule-map-file=,$(wildcard Sources/Platform/C*/module.modulemap)) \
			-Xcc -fmodule-map-file=Sources/Wire/Generated/module.modulemap; \
		docc convert Sources/$$module/$$module.docc --transform-for-static-hosting \
			--additional-symbol-graph-dir $(DOCS)/symbols/$$module \
			--hosting-base-path $$module --output-path $(DOCS)/$$module \
			--fallback-bundle-identifier tompion.$$module --fallback-display-name $$module; \
	done

$(PYTHON): Tests/EndToEnd/requirements.txt | test-packages
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

check-generated: test-packages
	Protos/generate.sh --check

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests Examples Benchmarks

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Examples Benchmarks

clean:
	rm -rf .build .venv
