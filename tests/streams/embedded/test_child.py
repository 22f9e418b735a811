"""One kept process: started again with growing pauses, its last words reported, killed when it will not end."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from streams.clock import monotonic
from streams.embedded.child import Child
from streams.embedded.plan import Command
from tests.deadlines import within
from tests.places import ROOT

Changes = list[tuple[str, str, str]]


def command(script: str, grace_s: float = 5.0) -> Command:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return Command("worker", "", ("-c", script), environment, grace_s)


async def until(holds: Callable[[], bool], timeout_s: float = 30.0) -> None:
    deadline = monotonic() + within(timeout_s)
    while not holds():
        assert monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


def kept(tmp_path: Path, script: str, grace_s: float = 5.0) -> tuple[Child, Changes]:
    changes: Changes = []
    child = Child(
        command(script, grace_s), tmp_path, lambda *change: changes.append(change), first_pause_s=0.02
    )
    return child, changes


READY = "from streams.instance.files import StateReport; StateReport(__import__('pathlib').Path({data!r}), 'worker').ready('here')\n"


async def test_a_process_that_keeps_failing_is_started_again_with_growing_pauses(tmp_path: Path) -> None:
    child, changes = kept(tmp_path, "print('bad luck'); raise SystemExit(3)")
    child.start()
    await until(lambda: sum(change[1] == "ended" for change in changes) >= 4)
    await child.stop()
    endings = [change[2] for change in changes if change[1] == "ended"]
    assert "with code 3" in endings[0]
    assert endings[0].endswith("bad luck")
    pauses = [float(found[1]) for text in endings if (found := re.search(r"again in ([\d.]+) s", text))]
    assert pauses == sorted(pauses)
    assert pauses[3] >= 5 * 0.02 - 0.05


async def test_the_reason_is_read_from_a_json_line_and_not_from_what_follows(tmp_path: Path) -> None:
    script = (
        'print(\'{"event": "the role failed", "level": "error", "exception": "Trace\\\\nKafkaError: away"}\');'
        'print(\'{"event": "Unclosed client", "level": "error"}\'); raise SystemExit(1)'
    )
    child, changes = kept(tmp_path, script)
    child.start()
    await until(lambda: any(change[1] == "ended" for change in changes))
    await child.stop()
    assert next(change[2] for change in changes if change[1] == "ended").endswith(
        "the role failed: KafkaError: away"
    )


async def test_a_process_that_ended_without_a_word_is_not_given_those_of_an_earlier_run(
    tmp_path: Path,
) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "worker.log").write_text("what broke the day before\n")
    child, changes = kept(tmp_path, "raise SystemExit(1)")
    child.start()
    await until(lambda: any(change[1] == "ended" for change in changes))
    await child.stop()
    (ending, *_) = [change[2] for change in changes if change[1] == "ended"]
    assert ending.endswith(" s")


async def test_readiness_counts_only_from_the_process_itself(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "worker.json").write_text(
        '{"name":"worker","pid":1,"state":"ready","detail":"of another run","updated_at_ms":0}'
    )
    gate = tmp_path / "gate"
    script = f"import time, os\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)\n"
    child, changes = kept(tmp_path, script + READY.format(data=str(tmp_path)) + "time.sleep(60)")
    child.start()
    await until(lambda: child.pid is not None)
    assert not child.ready.is_set()
    gate.touch()
    await asyncio.wait_for(child.wait_ready(), within(30))
    assert ("worker", "ready", "here") in changes
    pid = child.pid
    assert pid is not None
    await child.stop()
    assert not Path(f"/proc/{pid}").exists() or sys.platform != "linux"
    assert changes[-1][1] == "stopped"


async def test_a_process_that_will_not_end_is_killed_after_its_grace(tmp_path: Path) -> None:
    script = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    child, changes = kept(tmp_path, script + READY.format(data=str(tmp_path)) + "time.sleep(60)", grace_s=0.2)
    child.start()
    await asyncio.wait_for(child.wait_ready(), within(30))
    await asyncio.wait_for(child.stop(), within(10))
    assert [change[1] for change in changes][-2:] == ["killed", "stopped"]


async def test_a_process_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "logs" / "worker.log").mkdir(parents=True)
    child, changes = kept(tmp_path, "pass")
    child.start()
    await until(lambda: sum(change[1] == "failed" for change in changes) >= 2)
    await child.stop()
    assert "cannot be started" in changes[0][2]


class TightChild(Child):
    """A child whose disk has as much room as ``left`` says."""

    left = 0

    def _free_bytes(self) -> int:
        return self.left


async def test_what_ends_on_a_full_disk_was_started_every_half_minute_to_end_again(tmp_path: Path) -> None:
    def tight(needs_room: bool) -> tuple[TightChild, Changes]:
        changes: Changes = []
        made = replace(command("print('no room'); raise SystemExit(1)"), needs_room=needs_room)
        return TightChild(made, tmp_path, lambda *change: changes.append(change), first_pause_s=0.02), changes

    def endings(changes: Changes) -> list[str]:
        return [text for _, what, text in changes if what == "ended"]

    part, of_part = tight(needs_room=True)
    door, of_door = tight(needs_room=False)
    part.start()
    door.start()
    await until(lambda: len(endings(of_door)) >= 4)
    assert len(endings(of_part)) == 1
    assert f"again once there is room: the disk of {tmp_path} is full" in endings(of_part)[0]
    part.left = 10_000_000  # which broker and store would use up at once
    ended = len(endings(of_door))
    await until(lambda: len(endings(of_door)) > ended)
    assert len(endings(of_part)) == 1
    part.left = 20_000_000
    await until(lambda: len(endings(of_part)) >= 2)
    assert "is full" not in endings(of_part)[1]
    await part.stop()
    await door.stop()
