# Thin: a .venv with nox in it, then nox. Needs Python >= 3.11 and make.

PYTHON ?= python3

.PHONY: help setup demo lectures test
help:
	@echo "make demo       run every lesson's train.py on bundled data"
	@echo "make lectures   the lectures as live notebooks, in the browser"
	@echo "make test       lint, check types, and run the tests of every lesson"
	@echo "make setup      a .venv with all lessons installed, to run train.py yourself"

setup demo lectures: .venv/bin/nox
	.venv/bin/nox -s $@

test: .venv/bin/nox
	.venv/bin/nox --parallel 2

.venv/bin/nox: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed, and $(PYTHON) is older; say make PYTHON=…")'
	@echo "Making .venv with nox in it."
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet -c constraints.txt nox
	@touch $@
