# Each target does its own set-up; nothing needs root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
STARTED := $(shell date +%s)

.PHONY: setup demo test check format bench bench-detection faults clean

setup: $(VENV)/.done

$(VENV)/.done: pyproject.toml uv.lock streams/embedded/broker_jars.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv sync --frozen --extra embedded --inexact
	$(BIN)/funnelwatch fetch-broker
	@touch $@

# eight simulated stores, four weeks of history, a planted incident; Ctrl-C ends it. DEMO="--language zh" passes options on
demo: setup
	$(BIN)/funnelwatch demo --started-at $(STARTED) $(DEMO)

# tests that start many processes and wait for them by a deadline run one after the other, the rest two at a time
ALONE := tests/faults tests/e2e tests/streams/embedded/test_up.py tests/streams/monitor/test_watchdog_process.py \
	tests/streams/digests/test_digest_role.py tests/streams/notifier/test_notifier.py
test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ALONE:%=--ignore=%)
	$(BIN)/python -m pytest $(ALONE)

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

# on real Kafka: the windowed count beside its peers, then the whole path; half an hour on a quiet machine of two cores.
# BENCH="--only windowed_count", BENCH="--only collector delay", BENCH="--runs 1" for less
BENCH ?=
bench: setup
	$(BIN)/uv sync --frozen --extra embedded --group bench --inexact
	$(BIN)/python -m tests.bench $(BENCH)

# kills, freezes, cuts and rebalances under load, then compares; FAULTS="--kills 20" for a shorter run
FAULTS ?= --kills 100
faults: setup
	$(BIN)/python -m tests.faults $(FAULTS)

clean:
	rm -rf $(VENV)
