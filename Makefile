# Setaria. `make help` tells what there is; everything else is `.venv/bin/setaria --help`.

PORT ?= 8000
HOST ?= 127.0.0.1
# Another port is another instance with data of its own, so that two run at once.
HOME_DIR ?= $(if $(filter 8000,$(PORT)),.home,.home/$(PORT))
# Options for the program that a target runs: make test ARGS="-k door -x"
ARGS ?=

# The first Python that is really there, is 3.11 or later, and can make environments.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo "$$python"; break; }; done)

# A stamp names what the environment was built from and where: it is stale when either changes.
key = $(shell { pwd; cat $(1); } | cksum | cut -d ' ' -f 1)
RUN_STAMP := .venv/.setaria-run-$(call key,requirements.lock)
DEV_STAMP := .venv/.setaria-dev-$(call key,requirements-dev.lock)
python := .venv/bin/python -P
setaria := $(python) -m setaria.site.cli

.PHONY: help up test lint format bench reports screenshots venv
.DEFAULT_GOAL := help

help:  ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/make \1	\2/p' Makefile | expand -t 18

up: $(RUN_STAMP)  ## run everything on http://127.0.0.1:8000 until Ctrl-C (PORT=8001 HOST=0.0.0.0 HOME_DIR=dir)
	@exec $(setaria) up --port "$(PORT)" --host "$(HOST)" --home "$(HOME_DIR)" $(ARGS)

test: $(DEV_STAMP)  ## run the tests (ARGS="-k name")
	@exec $(python) -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(DEV_STAMP)  ## check form, types, floors, and that no migration is missing
	$(python) -m ruff format --check
	$(python) -m ruff check
	$(python) -m mypy src/setaria
	.venv/bin/lint-imports
	$(python) -m setaria.site.embedded $(setaria) manage makemigrations --check --dry-run

format: $(DEV_STAMP)  ## put the code into its form
	$(python) -m ruff check --fix --quiet
	$(python) -m ruff format

bench: $(DEV_STAMP)  ## measure this machine (ARGS=--quick)
	@exec $(setaria) bench $(ARGS)

reports: $(DEV_STAMP)  ## play the scenarios and keep what they say in docs/reports (ARGS="many-skus bots")
	@exec $(python) tools/reports.py $(ARGS)

screenshots: $(DEV_STAMP)  ## take the README's pictures, of a demo started for it
	@exec $(python) tools/screenshots.py

venv: $(DEV_STAMP)  ## build .venv, with what developers need

$(RUN_STAMP):
	@$(call build,requirements.lock,$@,run)

$(DEV_STAMP):
	@$(call build,requirements-dev.lock,$@,dev)

# Two builds at once wait for each other (the Makefile serves as the lock), and the second finds
# the work done. An environment that was copied from elsewhere does not work here, so it is made
# again. The project itself is put on the path as it stands: no build, nothing to build it with.
define build
set -e; \
command -v flock >/dev/null && exec 9<Makefile && flock 9; \
[ ! -e $(2) ] || exit 0; \
[ -n "$(PYTHON)" ] || { echo "Setaria needs Python 3.11 or later with its venv module, and found none." \
	"Install it (Debian: apt-get install python3-venv), or name it: make PYTHON=/path/to/python3" >&2; exit 1; }; \
{ grep -qsF "$$PWD/.venv" .venv/bin/pip && .venv/bin/python -c pass; } || { rm -rf .venv; echo "Making .venv"; "$(PYTHON)" -m venv .venv; }; \
echo "Installing $(1) into .venv"; \
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --require-hashes -r $(1); \
echo "$$PWD/src" > "$$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/setaria.pth"; \
printf '#!/bin/sh\nexec "%s/.venv/bin/python" -P -m setaria.site.cli "$$@"\n' "$$PWD" > .venv/bin/setaria; \
chmod +x .venv/bin/setaria; \
rm -f .venv/.setaria-$(3)-*; \
touch $(2)
endef
