"""One broker and one store serve all processes of a test run, and nothing of it is left, however it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.deadlines import within
from tests.fixtures.shared import RUN_VARIABLE, processes_of
from tests.places import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

#: a run of two workers: each says what it was given, one is killed, and a process outlives its test
TESTS = """
import os, pathlib, signal, subprocess, sys, time
import pytest

HERE = pathlib.Path(__file__).parent

def say(name, kafka, clickhouse):
    (HERE / name).write_text(f"{kafka} {clickhouse.url} {clickhouse.pid} {os.environ['VARIABLE']}")

def test_a_worker_crashes(kafka, clickhouse):
    say("crashed", kafka, clickhouse)
    forgotten = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    (HERE / "forgotten").write_text(str(forgotten.pid))
    os.kill(os.getpid(), signal.SIGKILL)

@pytest.mark.parametrize("turn", [1, 2])
def test_others_go_on(kafka, clickhouse, turn):
    while not (HERE / "crashed").exists():
        time.sleep(0.05)
    assert clickhouse.client().command("SELECT 1") == 1
    say(f"other{turn}", kafka, clickhouse)
    while turn == 2 and not (HERE / "interrupted").exists():
        time.sleep(0.05)
""".replace("'VARIABLE'", repr(RUN_VARIABLE))
PLUGINS = ("tests.fixtures.shared", "tests.fixtures.kafka", "tests.fixtures.clickhouse")


@pytest.mark.parametrize(
    "how",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.long),
        pytest.param(signal.SIGKILL, marks=pytest.mark.long),
    ],
    ids=lambda how: how.name,
)
def test_all_workers_get_the_same_and_a_crash_or_an_interruption_leaves_nothing(
    tmp_path: Path, how: signal.Signals
) -> None:
    (tmp_path / "test_run.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "2", str(tmp_path)]
    plugins = [part for plugin in PLUGINS for part in ("-p", plugin)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (tmp_path / "output").open("wb") as output:
        run = subprocess.Popen(
            [*command, *plugins], cwd=tmp_path, env=environment, stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + within(90)
        while not (tmp_path / "other2").exists():
            assert run.poll() is None, (tmp_path / "output").read_text()
            assert time.monotonic() < deadline, (tmp_path / "output").read_text()
            time.sleep(0.1)
        said = {(tmp_path / name).read_text() for name in ("crashed", "other1", "other2")}
        assert len(said) == 1, said
        run_id = said.pop().split()[-1]
        assert len(list(processes_of(run_id))) >= 5, "two workers, broker, store and what outlives its test"
        run.send_signal(how)
        (tmp_path / "interrupted").touch()
        run.wait(within(60))
        # nobody is left to end what a test forgot if pytest itself was killed
        forgotten = {int((tmp_path / "forgotten").read_text())} if how is signal.SIGKILL else set()
        while (left := set(processes_of(run_id))) != forgotten:
            assert time.monotonic() < deadline, left
            time.sleep(0.1)
    finally:
        run.kill()
        for path in tmp_path.glob("forgotten"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(path.read_text()), signal.SIGKILL)
