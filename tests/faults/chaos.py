"""The faults and their schedule: which, when and against whom, drawn from a seed."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

from streams.collector.spool import set_aside
from streams.kafka.topics import EVENTS
from tests.deadlines import within
from tests.faults.checker import Checker
from tests.faults.clocked_part import CLOCK, LOOK_S
from tests.faults.flips import flip_bit_of_store, flip_index, flip_log, flip_spool
from tests.faults.hostile import Hostile
from tests.faults.load import Load
from tests.faults.monitor_part import FREEZE
from tests.faults.proxy import Proxy
from tests.faults.system import System
from tests.fixtures.kafka_tools import remake

#: longer than the group session, so that the frozen worker has lost its partitions when it wakes
FREEZE_S = 9.0
#: for how long a clock is wrong
MOMENT_S, HOUR_S, DAY_S = 3.0, 3600.0, 86_400.0
#: seconds in which the spool has surely been filled
FULL_S = 40.0


class Chaos:
    """Does faults to a system; ``done`` counts them by kind, ``kills`` how many processes were ended with SIGKILL."""

    def __init__(
        self,
        system: System,
        load: Load,
        seed: int,
        unreachable_s: float,
        say: Callable[[str], None],
        chosen: str = "",
    ) -> None:
        self._system, self._load, self._unreachable_s, self._say = system, load, unreachable_s, say
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
            (1, self.freeze_before_write),
            (2, self.cut_kafka),
            (1, self.cut_store),
            (2, self.delay_kafka),
            (1, self.delay_store),
            (2, self.change_workers),
            (1, self.fill_spool),
            (1, self.restart_everything),
            (1, self.recreate_events),
            (1, self.set_collector_clock),
            (1, self.set_collector_clock_far_ahead),
            (1, self.set_sender_clock),
            (2, self.flip_a_byte_of_the_log),
            (1, self.flip_a_byte_of_an_index),
            (2, self.flip_a_byte_of_the_spool),
            (2, self.flip_a_bit_of_the_store),
            (1, self.set_a_workers_clock),
            (1, self.start_with_a_wrong_clock),
            (1, self.attack_the_door),
        ]
        if chosen:
            names = chosen.split(",")
            self._faults = [(1, getattr(self, name)) for name in names]

    async def run(self, kills: int, pause_s: tuple[float, float], faults: int = 0) -> None:
        """Faults in random order, each kind once and then until so many processes were killed and faults done."""
        first = [fault for _, fault in self._faults]
        self._chance.shuffle(first)
        while first or self.kills < kills or self.done.total() < faults:
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
        await asyncio.sleep(self._chance.choice((0.0, self._unreachable_s)))
        system.broker_is_wanted = True

    async def kill_store(self) -> None:
        part = self._system.parts["store"]
        part.is_wanted = False
        part.kill()
        self.kills += 1
        await asyncio.sleep(self._chance.uniform(0, 2 * self._unreachable_s))
        part.is_wanted = True

    async def keep_store_unreachable(self) -> None:
        """ClickHouse is gone for all of the time for which parts stay away. Not drawn: to be asked for by ``--only``."""
        part = self._system.parts["store"]
        part.is_wanted = False
        part.kill()
        self.kills += 1
        await asyncio.sleep(self._unreachable_s)
        part.is_wanted = True

    async def keep_broker_unreachable(self) -> None:
        """The broker is gone for all of that time. Not drawn."""
        system = self._system
        system.broker_is_wanted = False
        system.broker.kill()
        self.kills += 1
        await asyncio.sleep(self._unreachable_s)
        system.broker_is_wanted = True

    async def do_nothing(self) -> None:
        """Load without a fault for all of that time: what the machine can carry. Not drawn."""
        await asyncio.sleep(self._unreachable_s)

    async def freeze_a_monitor(self) -> None:
        await self._freeze(self._a_monitor())

    async def freeze_landing(self) -> None:
        await self._freeze("landing")

    async def _freeze(self, name: str) -> None:
        part = self._system.parts[name]
        part.signal(signal.SIGSTOP)
        await asyncio.sleep(FREEZE_S)
        part.signal(signal.SIGCONT)

    async def freeze_before_write(self) -> None:
        """A worker stops between the check of its lease and its write, or before the commit; wakes as a zombie."""
        name = self._a_monitor()
        part, asked = self._system.parts[name], self._system.folder / name / FREEZE
        asked.write_text(self._chance.choice(("", "mid")))
        began = time.monotonic()
        while not part.is_stopped and time.monotonic() - began < within(FREEZE_S):
            await asyncio.sleep(0.05)
        asked.unlink(missing_ok=True)
        await asyncio.sleep(FREEZE_S)
        part.signal(signal.SIGCONT)

    def _some_links(self) -> list[Proxy]:
        """One link to the broker, or all of them."""
        links = list(self._system.links.values())
        return self._chance.choice([links, *([link] for link in links)])

    async def cut_kafka(self) -> None:
        seconds = self._chance.uniform(0, self._unreachable_s)
        for link in self._some_links():
            link.cut(seconds)

    async def cut_store(self) -> None:
        self._system.store_proxy.cut(self._chance.uniform(0, self._unreachable_s))

    async def delay_kafka(self) -> None:
        by_s = self._chance.uniform(0.05, 0.4)
        for link in self._some_links():
            link.delay(5, by_s)

    async def delay_store(self) -> None:
        self._system.store_proxy.delay(5, self._chance.uniform(0.05, 0.4))

    async def fill_spool(self) -> None:
        """The broker stays unreachable until the collector has no room on its disk and answers 503."""
        system, rejected = self._system, self._load.ledger.repeats["http 503"]
        system.broker_is_wanted = False
        system.broker.kill()
        self.kills += 1
        began = time.monotonic()
        while self._load.ledger.repeats["http 503"] == rejected and time.monotonic() - began < within(FULL_S):
            await asyncio.sleep(0.2)
        system.broker_is_wanted = True

    async def restart_everything(self) -> None:
        """All in order, as somebody who ends ``up`` and starts it again, in mid-incident or not."""
        system = self._system
        system.is_kept = False
        await system.end_parts()
        system.is_kept = True

    async def recreate_events(self) -> None:
        """The events topic is deleted and made again, once what was acknowledged has been counted and landed."""
        load, system = self._load, self._system
        await load.pause()
        await self._at_rest()
        await remake(system.settings.kafka, EVENTS, system.make_topics)
        load.go_on()

    async def flip_a_byte_of_the_log(self) -> None:
        """The disk changes a byte of what is in the log, of any topic, while the broker is down."""
        await self._with_broker_down(lambda: flip_log(self._system.broker.folder, self._chance))

    async def flip_a_byte_of_an_index(self) -> None:
        await self._with_broker_down(lambda: flip_index(self._system.broker.folder, self._chance))

    async def _with_broker_down(self, damage: Callable[[], str]) -> None:
        """Ended in order or not: a broker that was killed looks through the end of its log itself."""
        system = self._system
        system.broker_is_wanted = False
        if self._chance.random() < 0.5:
            system.broker.kill()
            self.kills += 1
        else:
            await asyncio.to_thread(system.broker.stop)
        self._say(f"{' ' * 10}{damage()}")
        system.broker_is_wanted = True

    async def flip_a_byte_of_the_spool(self) -> None:
        """The disk changes a byte of what waits in the spool: its frame is kept aside, and all others are sent."""
        system, spool = self._system, self._system.folder / "collector" / "spool"
        system.broker_is_wanted = False
        system.broker.kill()
        began = time.monotonic()
        while not any(one.stat().st_size for one in spool.glob("*/*.seg")):
            if time.monotonic() - began > within(FULL_S):
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(self._chance.uniform(0.5, 4))
        system.parts["collector"].is_wanted = False
        self._kill("collector")
        said, events = flip_spool(spool, self._chance)
        self._load.ledger.damaged |= events
        self._say(f"{' ' * 10}{said}")
        before = len(set_aside(spool))
        system.parts["collector"].is_wanted = system.broker_is_wanted = True
        began = time.monotonic()
        while events and len(set_aside(spool)) == before:
            assert time.monotonic() - began < within(FULL_S), f"nothing was kept aside of {said}"
            await asyncio.sleep(0.2)

    async def flip_a_bit_of_the_store(self) -> None:
        """The disk changes a bit of a part of a table while everything runs: it is put right, or no query would be answered."""
        for _ in range(20):
            with suppress(OSError):  # a merge takes parts away
                self._say(f"{' ' * 10}{flip_bit_of_store(self._system.folder / 'store', self._chance)}")
                return

    async def set_a_workers_clock(self) -> None:
        """For a moment the clock of a monitor or of landing is wrong: by an hour, by a day, or over midnight."""
        off_s = self._chance.choice((HOUR_S, -HOUR_S, DAY_S, -DAY_S, DAY_S - time.time() % DAY_S + 1))
        file = self._system.folder / self._a_worker() / CLOCK
        file.write_text(str(off_s))
        await asyncio.sleep(MOMENT_S)
        file.unlink()

    async def start_with_a_wrong_clock(self) -> None:
        """A monitor or landing starts a day ahead or behind, and its clock is put right later."""
        name = self._a_worker()
        file = self._system.folder / name / CLOCK
        file.write_text(str(self._chance.choice((DAY_S, -DAY_S))))
        self._kill(name)
        await asyncio.sleep(3 * MOMENT_S)
        file.unlink()

    def _a_worker(self) -> str:
        return self._chance.choice(("landing", self._a_monitor()))

    async def attack_the_door(self) -> None:
        """Somebody with the pages' key does what can be done with it, and without, next to the servers."""
        hostile = Hostile(self._system.collector_url, self._load, self._chance.randrange(1 << 30))
        await hostile.run(within(2 * FREEZE_S))
        self._say(f"{' ' * 10}answered {dict(hostile.answers)}")

    async def set_collector_clock(self) -> None:
        """For a moment the collector's clock is an hour ahead, or behind, as far as records are believed."""
        await self._with_clock(self._chance.choice((HOUR_S - 2 * MOMENT_S, -HOUR_S)))

    async def set_collector_clock_far_ahead(self) -> None:
        """For a moment it is ahead by hours, or years: what it took is kept as dead letters, and nothing else is held up."""
        await self._with_clock(self._chance.choice((2 * HOUR_S, 1e8)), is_doubted=True)

    async def set_sender_clock(self) -> None:
        """For a moment the senders' clock is an hour ahead, which is rejected at the door, or behind, which is late."""
        load = self._load
        load.may_be_rejected = True
        await load.pause()
        load.off_s = self._chance.choice((HOUR_S, -HOUR_S))
        await self._for_a_moment()
        load.off_s = 0.0
        load.go_on()

    async def _with_clock(self, off_s: float, is_doubted: bool = False) -> None:
        load, file = self._load, self._system.folder / "collector" / CLOCK
        await load.pause()  # else it would not be known by which clock an event was taken
        load.may_be_rejected, load.is_doubted = True, is_doubted
        file.write_text(str(off_s))
        await asyncio.sleep(4 * LOOK_S)
        await self._for_a_moment()
        file.unlink()
        load.is_doubted = False
        await asyncio.sleep(4 * LOOK_S)
        load.go_on()

    async def _for_a_moment(self) -> None:
        self._load.go_on()
        await asyncio.sleep(MOMENT_S)
        await self._load.pause()
        self._load.may_be_rejected = False

    async def _at_rest(self) -> None:
        report = await Checker(self._system).wait(self._load.ledger, 120, self._say)
        assert not report.differences, f"before the topic was deleted: {report}"

    async def change_workers(self) -> None:
        """A worker more, or one less in order."""
        if len([part for part in self._system.monitors if part.is_wanted]) < self._most:
            self._system.add_monitor()
            return
        part = self._system.parts[self._a_monitor()]
        part.is_wanted = False
        await asyncio.to_thread(part.end)
