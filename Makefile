# A short front to Meson. `make` lists what there is.
BUILD ?= build
NICE ?=

.PHONY: checks help setup build demo test bench fuzz fresh contract lint format clean install

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install the Debian packages that are needed (root or sudo)
	@tools/setup.sh

checks:
	@tools/setup.sh --checks

build: setup ## Build build/kolcast (WEB=no: without the web application)
	@[ "$(WEB)" = no ] || $(NICE) tools/build-web
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD) >$(BUILD).log 2>&1 || \
		{ cat $(BUILD).log; rm -f $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log
	@$(NICE) ninja -C $(BUILD) --quiet

demo: build ## Call 2,000 people through the simulated carrier, with a live display
	@tools/demo $(BUILD)

test: build ## Run all tests: unit, property, fuzz corpora, scenarios, web application
	@tools/run-tests $(BUILD) --web

bench: build ## Measure; writes build/bench.json and prints a table
	@tools/bench $(BUILD)

fuzz: checks ## Run every fuzzer for a minute (SECONDS_EACH=60)
	@tools/fuzz $(or $(SECONDS_EACH),60)

fresh: ## Try the README's commands in a bare Debian 12 (root only)
	@tools/fresh

contract: build ## Hold the running API against its contract (schemathesis, from PyPI)
	@tools/check-contract $(BUILD)

lint: checks build ## Formatting, layers, shell scripts, clang-tidy
	@tools/lint $(BUILD)

format: ## Format the C and C++ files in place
	@git ls-files '*.c' '*.h' '*.cpp' | xargs clang-format -i

clean: ## Remove what was built
	@rm -rf build build-* web/dist web/node_modules web/src/lib/api/schema.d.ts

install: build ## Install (DESTDIR= and PREFIX= as usual)
	@meson install -C $(BUILD) $(if $(DESTDIR),--destdir $(DESTDIR))
