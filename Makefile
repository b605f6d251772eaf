# make book   read a finished book: installs, runs stale notebooks, builds, says where it is
# make test   unit tests, freshness, and all notebooks again
# make run    run the notebooks whose outputs are stale
# make data   fetch the optional data sets (about 400 MB) through torchvision
# make check  look at the built pages in headless Chromium
# make bench  time the scores, the rooms, the couplings and a coupled transfer against their floors and rivals

PYTHON ?= python3
BIN := .venv/bin
# two workers of one thread each use two cores better than two workers of two
TESTS := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope
NBVAL := --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg --nbval-cell-timeout 900

.PHONY: book test run data check bench install clean

install: .venv/installed

# written last, so that an interrupted install is completed by the next call
.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' || \
	  { echo "tdist needs Python 3.11 or 3.12; name one with: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	@echo "installing: about four minutes"
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	@touch $@

run: install
	$(BIN)/python book/execute.py

book: run
	$(BIN)/jupyter-book build . -W --keep-going -n --quiet
	@test -f _build/html/index.html
	@echo "the book is at $(CURDIR)/_build/html/index.html"

test: install
	$(TESTS) $(NBVAL) tests notebooks

data: install
	$(BIN)/python -c 'import tdist; tdist.tasks.download()'

check: install
	$(BIN)/python book/check.py _build/html

bench: install
	$(PYTHON) -m venv --without-pip .venv-bench
	$(BIN)/python tests/benchmarks/install.py .venv-bench
	.venv-bench/bin/python -m pytest tests/benchmarks --override-ini addopts= --benchmark-columns=min,median,max

clean:
	rm -rf _build .venv .venv-bench
