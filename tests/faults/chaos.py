"""The faults and their schedule: which, when and against whom, drawn from a seed."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from tests.faults.system import System

#: longer than the group session, so that the frozen worker has lost its partitions when it wakes
FREEZE_S = 9.0


class Chaos:
    """Does faults to a system; ``done`` counts them by kind, ``kills`` how many processes were ended with SIGKILL."""

    def __init__(self, system: System, seed: int, away_s: float, say: Callable[[str], None]) -> None:
        self._system, self._away_s, self._say = system, away_s, say
        self._chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.kills = 0
        self._most = len(system.monitors) + 1
        self._began = time.monotonic()
        self._faults: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (6, self.kill_a_monitor),
            (2, self.kill_all_monitors),
            (3, self.kill_landing),
            (3, self.kill_collector),
            (2, self.kill_broker),
            (2, self.kill_store),
            (2, self.freeze_a_monitor),
            (1, self.freeze_landing),
            (1, self.cut_kafka),
            (1, self.cut_store),
            (1, self.delay_kafka),
            (1, self.change_workers),
        ]

    async def run(self, kills: int, pause_s: tuple[float, float]) -> None:
        """Faults in random order until so many processes were killed; each kind at least once if there are enough."""
        first = [fault for _, fault in self._faults]
        self._chance.shuffle(first)
        while self.kills < kills:
            await asyncio.sleep(self._chance.uniform(*pause_s))
            fault = first.pop() if first else self._drawn()
            self.done[fault.__name__] += 1
            self._say(
                f"{time.monotonic() - self._began:6.1f} s  {fault.__name__} ({self.kills} kills so far)"
            )
            await fault()

    def _drawn(self) -> Callable[[], Awaitable[None]]:
        weights = [weight for weight, _ in self._faults]
        return self._chance.choices(self._faults, weights)[0][1]

    def _kill(self, name: str) -> None:
        self._system.parts[name].kill()
        self.kills += 1

    def _a_monitor(self) -> str:
        return self._chance.choice(
            [part.name for part in self._system.monitors if part.is_running] or ["monitor-0"]
        )

    async def kill_a_monitor(self) -> None:
        self._kill(self._a_monitor())

    async def kill_all_monitors(self) -> None:
        for part in self._system.monitors:
            self._kill(part.name)

    async def kill_landing(self) -> None:
        self._kill("landing")

    async def kill_collector(self) -> None:
        self._kill("collector")

    async def kill_broker(self) -> None:
        """Sometimes it stays away for longer than the group session."""
        system = self._system
        system.broker_is_wanted = False
        system.broker.kill()
        self.kills += 1
        await asyncio.sleep(self._chance.choice((0.0, self._away_s)))
        system.broker_is_wanted = True

    async def kill_store(self) -> None:
        part = self._system.parts["store"]
        part.is_wanted = False
        part.kill()
        self.kills += 1
        await asyncio.sleep(self._chance.uniform(0, 2 * self._away_s))
        part.is_wanted = True

    async def freeze_a_monitor(self) -> None:
        await self._freeze(self._a_monitor())

    async def freeze_landing(self) -> None:
        await self._freeze("landing")

    async def _freeze(self, name: str) -> None:
        part = self._system.parts[name]
        part.signal(signal.SIGSTOP)
        await asyncio.sleep(FREEZE_S)
        part.signal(signal.SIGCONT)

    async def cut_kafka(self) -> None:
        self._system.kafka_proxy.cut(self._chance.uniform(0, 5))

    async def cut_store(self) -> None:
        self._system.store_proxy.cut(self._chance.uniform(0, 5))

    async def delay_kafka(self) -> None:
        self._system.kafka_proxy.delay(5, self._chance.uniform(0.05, 0.4))

    async def change_workers(self) -> None:
        """A worker more, or one less in order."""
        if len([part for part in self._system.monitors if part.is_wanted]) < self._most:
            self._system.add_monitor()
            return
        part = self._system.parts[self._a_monitor()]
        part.is_wanted = False
        await asyncio.to_thread(part.end)
