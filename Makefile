# make demo          both sites, seeded, on http://localhost:8000 and http://127.0.0.1:8000 (PORT= moves them)
# make demo-reset    the same, from nothing
# make test          every check there is (ARGS= goes to pytest)
# make soak          the tests that take minutes to hours, on PostgreSQL and Redis (ARGS= goes to pytest)
# make fuzz          every parser and every endpoint with inputs nobody wrote (FUZZ_SECONDS=600 each; docs/fuzzing.md)
# make lint          formatters, linters and types alone
# make bench         this provider beside bare Django, stock DOT and oidc-provider (ARGS= goes to it; docs/performance.md)
# make requirements  requirements*.txt anew from pyproject.toml and requirements*.in
# make audit         asks for known vulnerabilities of everything that is pinned
# make sbom          what a deployment installs, as CycloneDX, into dist/
# make screenshots   the README's pictures, taken from a run of the demonstration

SHELL := /bin/sh
PORT ?= 8000
ARGS ?=
export PORT

# Only when it is used: `make requirements` on a machine without Python says so itself.
python = $$(PYTHON="$(PYTHON)" .ci/find-python)
venv = .venv/bin/python

.PHONY: help demo demo-reset test soak fuzz bench lint requirements screenshots environment test-environment bench-environment fuzz-environment

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

environment:
	@python=$(python) && "$$python" .ci/environment.py requirements.txt

test-environment:
	@python=$(python) && "$$python" .ci/environment.py requirements.txt requirements-test.txt

bench-environment:
	@python=$(python) && "$$python" .ci/environment.py requirements.txt requirements-bench.txt

demo: environment
	@exec $(venv) manage.py demo

demo-reset: environment
	@$(venv) -m project.ports
	@rm -rf var
	@exec $(venv) manage.py demo

test: test-environment
	@exec $(venv) .ci/test.py $(ARGS)

soak: test-environment
	@exec $(venv) .ci/soak.py $(ARGS)

fuzz-environment:
	@python=$(python) && "$$python" .ci/environment.py requirements.txt requirements-test.txt requirements-fuzz.txt

fuzz: fuzz-environment
	@exec $(venv) .ci/fuzz.py $(ARGS)

bench: bench-environment
	@exec $(venv) .ci/bench.py $(ARGS)

lint: test-environment
	@$(venv) -m ruff format --check .
	@$(venv) -m ruff check .
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/djlint --lint --quiet project/templates provider_site/templates consumer_site/templates consumer_site/sandbox/templates
	@$(venv) -m mypy

requirements: test-environment
	@$(venv) -m pip install --quiet --disable-pip-version-check uv
	@$(venv) .ci/requirements.py

audit: test-environment
	@exec $(venv) .ci/audit.py

sbom: test-environment
	@exec $(venv) .ci/sbom.py $(ARGS)

screenshots: test-environment
	@exec $(venv) .ci/screenshots.py
