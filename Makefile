# make book   read a finished book: installs (4 minutes, once), runs stale pages, builds (2 minutes)
# make unit   what to run between edits: lint, quick unit tests, examples in docstrings (3 minutes)
# make lint   ruff alone (a second)
# make test   the whole: lint, all tests, all examples, every notebook again (15 minutes)
# make run    run the notebooks whose outputs are stale
# make data   fetch the optional data sets (about 400 MB) through torchvision
# make check  look at the built pages in headless Chromium, at two widths, light, dark, on paper
# make lab    edit the notebooks in JupyterLab, which writes both files of a pair (66 MB, once);
#             as root, in a container: make lab LAB=--allow-root
# make bench  time the scores, the rooms, the couplings and a coupled transfer against their rivals
# make fuzz   try thousands of odd inputs where make test tries dozens (an hour)
# make mutants  small changes of the package that no test notices (hours)
# make clean  remove what the others made
#
# PYTHON names another interpreter for the first install: make book PYTHON=python3.12

PYTHON ?= python3
RUN := .venv/bin/python -m
# two workers of one thread each use two cores better than two workers of two
TESTS := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(RUN) pytest
TESTS += -n 2 --dist loadscope
NBVAL := --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg
NBVAL += --nbval-cell-timeout 900
EXAMPLES := --doctest-modules tdist

.PHONY: help install book unit lint test run data check lab bench fuzz mutants clean

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

# an environment knows the folder that it was made in: in a moved or copied checkout it is renewed
install:
	@test "$$(cat .venv/installed 2> /dev/null)" = "$(CURDIR)" || rm -f .venv/installed
	@$(MAKE) --no-print-directory .venv/installed

# written last, so that an interrupted install is completed by the next call
.venv/installed: requirements.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or \
	  sys.exit("tdist needs Python 3.11 or later, this is %d.%d" % sys.version_info[:2])' || \
	  { echo "name another interpreter: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	@echo "installing for $(CURDIR): about four minutes and 6 GB"
	$(RUN) pip install --quiet --requirement requirements.txt --constraint constraints.txt
	@echo "$(CURDIR)" > $@

run: install
	.venv/bin/python book/execute.py

book: run
	.venv/bin/python .venv/bin/jupyter-book build . -W --keep-going -n --quiet
	@test -f _build/html/index.html
	@echo "the book is at $(CURDIR)/_build/html/index.html"

lint: install
	$(RUN) ruff check .

unit: lint
	$(TESTS) -m "not slow" --ignore tests/test_notebooks.py $(EXAMPLES) tests

# a notebook's .py is run by nbval through its .ipynb, and has no examples to collect
test: lint
	$(TESTS) $(NBVAL) $(EXAMPLES) --ignore-glob "notebooks/*.py" tests notebooks

data: install
	.venv/bin/python -c 'import tdist; tdist.tasks.download()'

check: install
	.venv/bin/python book/check.py _build/html

# of its own, on top of the project's environment, whose jupytext and kernel it finds by two paths
lab: install
	test -x .venv-lab/bin/jupyter-lab || { $(PYTHON) -m venv --without-pip .venv-lab && \
	  .venv/bin/python tests/install.py .venv-lab jupyterlab==4.6.6; }
	JUPYTER_PATH="$(CURDIR)/.venv/share/jupyter" JUPYTER_CONFIG_PATH="$(CURDIR)/.venv/etc/jupyter" \
	  .venv-lab/bin/python -m jupyterlab $(LAB) notebooks

bench: install
	$(PYTHON) -m venv --without-pip .venv-bench
	.venv/bin/python tests/install.py .venv-bench transformer-ranker==0.2.0 pytest-benchmark==5.3.1
	.venv-bench/bin/python -m pytest tests/benchmarks --override-ini addopts= \
	  --benchmark-columns=min,median,max

fuzz: install
	TDIST_FUZZ=long OMP_NUM_THREADS=1 $(RUN) pytest -n 2 tests/test_fuzz.py

# goes on where it was stopped; `make clean` forgets
mutants: install
	$(PYTHON) -m venv --without-pip .venv-mutants
	.venv/bin/python tests/install.py .venv-mutants mutmut==3.8.1
	OMP_NUM_THREADS=1 PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 .venv-mutants/bin/python tests/mutants.py run \
		--max-children 2
	.venv-mutants/bin/python tests/mutants.py results --all true > mutants/results.txt
	@.venv-mutants/bin/python tests/mutants.py report mutants/results.txt

clean:
	rm -rf _build .venv .venv-bench .venv-lab .venv-mutants mutants
