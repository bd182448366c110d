# Latchkey's commands. `make help` lists them; what each does in detail stands at the head of its script.

SHELL := bash
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help serve build watch check test faults bench rename

# All that the release build is made from. Folders are listed too: one is touched when a file in it comes or goes.
sources := Cargo.toml Cargo.lock rust-toolchain.toml $(shell find src style public migrations 2>/dev/null)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

serve: ## Set up what is missing, build quickly, and serve http://127.0.0.1:3000 on SQLite with demo accounts
	@$(MAKE) --no-print-directory --question target/.built || $(MAKE) --no-print-directory target/.built-quick
	@scripts/serve

build: target/.built ## Build server and browser in release: target/release/latchkey and target/site

watch: ## Serve a debug build that follows your edits
	@scripts/watch

check: ## Format, clippy for server and browser, licences and known vulnerabilities of the dependencies
	@scripts/check

test: ## Everything: lints, cargo tests on SQLite and on PostgreSQL, release build, browser tests
	@scripts/test

faults: ## The fault tests in their long form: 1,000 kills, a million refreshes (about an hour and a half)
	@scripts/faults

bench: target/.built ## Measure against baselines built from the same dependencies, and print the table of docs/performance.md
	@scripts/bench

rename: ## Turn this template into your own project, once: make rename NAME=acme TITLE="Acme"
	@scripts/rename "$$NAME" "$$TITLE"

target/.built: $(sources)
	@scripts/build

target/.built-quick: $(sources)
	@scripts/build quick
