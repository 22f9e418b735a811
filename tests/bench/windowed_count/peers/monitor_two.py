"""Two processes of the monitor role as shipped, in one group: ``monitor_member.py`` twice, begun and heard by this one.

Both are held at the end of their recovery until they have all partitions between them; the clock starts when they are let
go, so neither has read a record before. It is done when their marks, summed, are behind the last event. This process does
nothing else meanwhile; what it costs is counted too.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec

from streams.instance.processes import killed_with_us
from tests.bench.windowed_count.peers import Job, read_job, say

MEMBERS = 2
LOOK_S = 0.01


class Member:
    """One monitor process: what it reported last of each thing."""

    def __init__(self, job: Job, number: int) -> None:
        folder = Path(job.folder) / f"member-{number}"
        folder.mkdir()
        command = [sys.executable, "-m", "tests.bench.windowed_count.peers.monitor_member"]
        encoded = msgspec.json.encode(job).decode()
        self._process = subprocess.Popen(
            killed_with_us([*command, encoded, str(folder)]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.said = {"holds": 0, "counted": 0}
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, number = line.split()
            self.said[word.decode()] = int(number)

    def look(self) -> None:
        """Raise if it has ended: the run is over then."""
        if self._process.poll() is not None:
            raise SystemExit(f"a member ended with code {self._process.returncode}")

    def let_go(self) -> None:
        """Let it count."""
        assert self._process.stdin is not None
        self._process.stdin.close()


def main() -> None:
    job = read_job()
    members = [Member(job, number) for number in range(MEMBERS)]
    while not _share_all(members, job.partitions):
        _pause(members)
    say("start")
    for member in members:
        member.let_go()
    while sum(member.said["counted"] for member in members) < job.events:
        _pause(members)
    say("done")  # the clock looks at the members now: they end with this process
    from tests.bench.windowed_count.peers.monitor import count  # only now: it is not part of what is measured

    asyncio.run(count(job))


def _share_all(members: list[Member], partitions: int) -> bool:
    held = [member.said["holds"] for member in members]
    return min(held) > 0 and sum(held) == partitions


def _pause(members: list[Member]) -> None:
    time.sleep(LOOK_S)
    for member in members:
        member.look()


if __name__ == "__main__":
    main()
