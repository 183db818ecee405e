.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON_HERE := .venv/bin/python
# browser tests of one file stay together on one worker: tests/conftest.py
PARALLEL ?= -n 2 --dist loadgroup

.PHONY: help run split test test-unit check bench chaos readme lock

help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F '\t' '{printf "  make %-10s %s\n", $$1, $$2}'
	@echo
	@echo "  ARGS='…' goes to pytest or the benchmarks, as in: make test ARGS='tests/e2e -k review'"
	@echo "  Settings are environment variables: README lists them."

run: ## Start the hub on http://127.0.0.1:8000 (the first time: installs, imports the catalogue, makes accounts)
	@scripts/prepare run
	@exec .venv/bin/models-hub run

split: ## Start the hub as services of their own, over RabbitMQ and PostgreSQL on private ports (ARGS='--replicas 2')
	@scripts/prepare split
	@scripts/prepare_servers split
	@exec .venv/bin/python -m scripts.split $(ARGS)

test: ## Every test, the ones in the browser too (installs what they need)
	@scripts/prepare dev
	@scripts/prepare_browser
	@scripts/prepare_bench
	@scripts/prepare_servers test
	@$(PYTHON_HERE) -m scripts.github_description
	@exec $(PYTHON_HERE) -m pytest $(PARALLEL) $(ARGS)

test-unit: ## The tests without files, servers or browser: seconds
	@scripts/prepare dev
	@exec $(PYTHON_HERE) -m pytest tests/unit $(ARGS)

check: ## Linters, types, walls and house rules: seconds
	@scripts/prepare dev
	@exec $(PYTHON_HERE) -m scripts.check $(ARGS)

bench: ## The benchmarks, side by side with their peers, as ratios
	@scripts/prepare dev
	@scripts/prepare_bench
	@scripts/prepare_servers bench
	@exec $(PYTHON_HERE) -m scripts.bench $(ARGS)

chaos: ## Submissions and reviews while everything under the split hub is killed, frozen, cut off and restored
	@scripts/prepare dev
	@scripts/prepare_servers test
	@exec $(PYTHON_HERE) -m scripts.chaos $(ARGS)

readme: ## Write README's tables that are made from code
	@scripts/prepare dev
	@exec $(PYTHON_HERE) -m scripts.check --write

lock: ## Write the lock files anew from pyproject.toml (needs uv; UPGRADE=1 takes newer releases)
	@scripts/lock $(if $(UPGRADE),--upgrade)
