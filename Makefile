# sipwake: `make help` lists what there is. Every target sets up what it needs and no more.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Tools that set-up had to keep apart from the machine's own (see scripts/setup.sh).
export PATH := $(CURDIR)/target/tools/bin:$(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help setup demo test pkg www edge bench fuzz docs lint fmt clean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-7s %s\n", $$1, $$2}' Makefile

setup: ## everything that demo, test and bench need
	@bash scripts/setup.sh demo test bench

demo: ## build, start the embedded server and the page, print the address (Ctrl-C ends it)
	@bash scripts/setup.sh demo
	@node scripts/demo.mjs

test: ## every test there is, with a table at the end
	@bash scripts/setup.sh test
	@node scripts/test.mjs $(SUITES)

pkg: ## the npm package, into pkg/
	@bash scripts/setup.sh pkg
	@bash scripts/pkg.sh

www: ## the demo page, into www/dist/
	@bash scripts/setup.sh demo
	@bash scripts/www.sh

edge: ## the embedded development server
	@cargo build --workspace --bins

bench: ## sizes and speeds beside JsSIP and SIP.js, into target/bench/report.json
	@bash scripts/setup.sh bench
	@bash scripts/www.sh
	@node benches/run.mjs

docs: ## the generated part of the documentation
	@node scripts/bridge.mjs
	@node scripts/conformance.mjs
	@node scripts/api.mjs

fuzz: ## fuzz what reads from outside, MINUTES (10) a target, and print the coverage
	@bash scripts/setup.sh fuzz
	@bash scripts/fuzz.sh $(TARGETS)

lint: ## format, clippy natively and for wasm32
	@bash scripts/setup.sh lint
	@node scripts/test.mjs fmt clippy clippy-wasm

fmt: ## format the Rust code
	@cargo fmt --all

clean: ## remove what was built (not what was installed)
	@if [ -d target ]; then find target -mindepth 1 -maxdepth 1 ! -name tools -exec rm -rf {} +; fi
	@rm -rf pkg www/dist www/phone/pkg
