# Two commands matter: `make demo` and `make test`. Both make the same virtual environment first.
PYTHON ?= python3
VENV   ?= .venv
# tests that run at a time; each takes up to 1.3 GB
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(os.cpu_count() or 2, 8))')
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
NATIVE := analyze/native/native.so
TRACES := build/traces
DB     := build/study.duckdb

export OMP_NUM_THREADS ?= 2
export TOKENIZERS_PARALLELISM := false
export HF_HUB_OFFLINE := 1
export KINETO_LOG_LEVEL := 99
# some containers set it; the tests start many processes, and each would compile every module again
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test sanitize lint check env reference results lessons example docs figures clean

env: $(STAMP) $(NATIVE)

# torch first and by itself: a plain "torch" asked for by another package may take a build of several GB
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[capture,cluster,dev,mcp]'
	@touch $@

# after a change of the C code; without a compiler nothing is made, and loading is slow
$(NATIVE): setup.py $(wildcard analyze/native/*.[ch]) | $(STAMP)
	$(BIN)/python setup.py --quiet build_ext --inplace

demo: env
	@mkdir -p build
	@rm -f $(DB)
	$(BIN)/genscope capture stable_diffusion --profiler dry --attention baseline --size paper --out $(TRACES)
	$(BIN)/genscope capture stable_diffusion --profiler dry --attention flash --size paper --out $(TRACES)
	$(BIN)/genscope capture stable_diffusion --profiler torch --attention flash --size tiny --out $(TRACES)
	$(BIN)/genscope ingest '$(TRACES)/*' 'traces/reference/*' --db $(DB)
	@$(BIN)/genscope report --db $(DB) --out build/report.html

test: env
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --durations=40

# hostile files against a build of the C code that checks each access: gcc's AddressSanitizer and UBSan
CHECKED := build/sanitize/genscope/$(NATIVE)
sanitize: env
	rm -rf build/sanitize
	GENSCOPE_SANITIZE=1 $(BIN)/python setup.py --quiet build_ext --build-lib build/sanitize --build-temp build/sanitize
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libstdc++.so)" \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 GENSCOPE_LIBRARY="$(CURDIR)/$(CHECKED)" \
	  GENSCOPE_FUZZ_SECONDS=$${GENSCOPE_FUZZ_SECONDS:-30} $(BIN)/python -m pytest tests/readers/test_native.py \
	  tests/readers/test_kineto_fuzz.py tests/readers/test_kineto_mutation.py tests/readers/test_kineto_values.py tests/test_arrays.py

# one process without the cycle collector takes two thirds of the CPU time of two with it
SQLFLUFF := import gc; gc.disable(); from sqlfluff.cli.commands import cli; cli()
lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -c '$(SQLFLUFF)' lint --disable-progress-bar queries

check: lint test

# the dry runs that are committed: the suite, Stable Diffusion by image size, video by frames;
# made again when a model or the dry profiler changes
DRY := $(BIN)/genscope capture --profiler dry --size paper --out traces/reference
reference: env
	rm -rf traces/reference
	$(BIN)/genscope suite --profiler dry --size paper --out traces/reference
	for pixels in 256 768 1024; do for attention in baseline flash; do \
	  $(DRY) stable_diffusion --attention $$attention --image-size $$pixels || exit 1; done; done
	for frames in 8 32; do $(DRY) make_a_video --attention flash --frames $$frames || exit 1; done

# RESULTS.md, of the reference runs, predicted for each device; public traces from $GENSCOPE_TRACES, if set
results: env
	$(BIN)/python docs/results.py traces/reference RESULTS.md

# docs/lessons.md and its pages, of dry runs of nine papers' steps: every variant, and the settings at which a lesson shows;
# what the pages have measured on a CPU is written by bench/lessons.py
LESSON := $(BIN)/genscope capture --profiler dry --size paper --out traces/lessons
lessons: env
	rm -rf traces/lessons
	$(BIN)/genscope suite --family seeds --profiler dry --size paper --out traces/lessons
	for variant in ti s sam-h; do $(LESSON) efficient_sam:$$variant --set prompts=1 || exit 1; done
	for variant in ti sam-h; do $(LESSON) efficient_sam:$$variant --set prompts=1024 || exit 1; done
	for count in 1 1024; do $(LESSON) efficient_sam --attention baseline --set prompts=$$count || exit 1; done
	$(LESSON) tea --set rounds=5
	for variant in neuron slice; do $(LESSON) mos:$$variant --batch 128 || exit 1; done
	for variant in bpr apr apr-rows; do $(LESSON) robust_rec:$$variant --set rows=1000000 || exit 1; done
	$(LESSON) llmcrs --batch 16
	$(BIN)/python docs/lessons.py traces/lessons docs

# the two runs that `genscope example` copies: one thread, so that a busy machine disturbs them little
example: env
	rm -rf build/example
	for attention in baseline flash; do OMP_NUM_THREADS=1 $(BIN)/genscope capture stable_diffusion \
	  --attention $$attention --image-size 256 --steps 1 --out build/example || exit 1; done
	$(BIN)/python docs/example.py build/example genscope/example

docs: env
	$(BIN)/python docs/generate.py
	$(BIN)/python -m genscope.analyze.report.glossary > docs/glossary.md

# the README's pictures, of the reference runs
figures: env
	@mkdir -p build
	@rm -f build/reference.duckdb
	$(BIN)/genscope ingest 'traces/reference/*' --db build/reference.duckdb
	$(BIN)/python docs/gallery.py build/reference.duckdb docs/figures
	$(BIN)/python docs/pictures.py build/reference.duckdb docs/figures

clean:
	rm -rf build
