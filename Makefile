# The project's commands. `make help` lists them; each script's first lines give the details.

SHELL := bash
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help serve build watch check test faults bench feature feature-remove rename

# The inputs of the release build. Folders are included, because adding or deleting a file changes their time.
sources := Cargo.toml Cargo.lock rust-toolchain.toml $(shell find src style public migrations 2>/dev/null)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

serve: ## Install what is missing, build, and serve http://127.0.0.1:3000 on SQLite with demo accounts
	@$(MAKE) --no-print-directory --question target/.built || $(MAKE) --no-print-directory target/.built-quick
	@scripts/serve

build: target/.built ## Build the release: target/release/latchkey and target/site

watch: ## Serve a debug build and rebuild it on each edit
	@scripts/watch

check: ## Check formatting, clippy for both targets, and the dependencies' licences and vulnerabilities
	@scripts/check

test: ## Run everything: lints, cargo tests on SQLite and PostgreSQL, release build, browser tests
	@scripts/test

faults: ## Run the long fault tests: 1,000 kills, a million refreshes (about an hour and a half)
	@scripts/faults

bench: target/.built ## Measure against the baselines and write the table of docs/performance.md
	@scripts/bench

feature: ## Generate a feature with pages, tests and migrations: make feature NAME=notes
	@scripts/feature "$$NAME" "$$ITEM"

feature-remove: ## Delete a feature and what belongs to it: make feature-remove NAME=moderation
	@scripts/feature-remove "$$NAME"

rename: ## Turn this template into your own project, once: make rename NAME=acme TITLE="Acme"
	@scripts/rename "$$NAME" "$$TITLE"

target/.built: $(sources)
	@scripts/build

target/.built-quick: $(sources)
	@scripts/build-quick
