"""Compares what was acknowledged with what readers see: events, counts, alert transitions."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import clickhouse_connect
import msgspec

from scoring.alerts.alert import AlertTransition
from streams.kafka.topics import ALERTS
from tests.faults.ledger import Cell, Ledger
from tests.faults.system import System
from tests.faults.system_state import state_of
from tests.fixtures.kafka_tools import read_all

SHOWN = 20
#: seconds between two lines about what still differs
SAID_S = 15.0
#: seconds after which it is reported that the system has not come to rest
PATIENCE_S = 900.0


_EVENT_ID = re.compile(r'"event_id":"([^"]+)"')


@dataclass
class Report:
    """What differs; empty lists are what everything is about."""

    events: int = 0
    counted: int = 0
    transitions: int = 0
    #: transitions that were published and did not land, or are missing in an alert's numbers; published or landed more than once
    lost_transitions: int = 0
    repeated_transitions: int = 0
    missing_events: list[str] = field(default_factory=list)
    repeated_events: list[str] = field(default_factory=list)
    strange_events: list[str] = field(default_factory=list)
    count_differences: list[str] = field(default_factory=list)
    alert_differences: list[str] = field(default_factory=list)
    #: events of a clock that nobody believes, found as dead letters, and of damaged frames, found in the spool's folder
    kept_aside: int = 0
    waited_s: float = 0.0
    #: the state of the system at the end if it had not come to rest: what is missing then may be on its way
    not_settled: str = ""

    @property
    def differences(self) -> int:
        return sum(map(len, self.lists().values()))

    def lists(self) -> dict[str, list[str]]:
        """Every kind of difference with what was found of it."""
        return {
            name: value
            for name in self.__dataclass_fields__
            if isinstance(value := getattr(self, name), list)
        }

    def __str__(self) -> str:
        head = (
            f"{self.events:,} events, {self.counted:,} counted, {self.transitions} alert transitions "
            f"({self.lost_transitions} lost, {self.repeated_transitions} repeated), {self.kept_aside} kept aside"
        )
        if self.not_settled:
            verdict = f"NOT SETTLED, so not known: {self.not_settled}; until now {self.differences} to come"
        else:
            verdict = f"{self.differences} differences"
        lines = [f"{head}: {verdict} (after {self.waited_s:.0f} s)"]
        for name, found in self.lists().items():
            if found:
                lines.append(f"  {name} ({len(found)}): " + "; ".join(found[:SHOWN]))
        return "\n".join(lines)


class Checker:
    """Reads as the read-only user, from the store itself and not through a proxy that may be cut."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._settings, self._port = system.settings, system.store_port

    async def wait(
        self,
        ledger: Ledger,
        limit_s: float,
        say: Callable[[str], None] = print,
        patience_s: float = PATIENCE_S,
    ) -> Report:
        """The report once nothing differs.

        Else the last one after the system was at rest, and nothing changed in the report, for ``limit_s``; or, if the
        system has not come to rest within ``patience_s``, one that says so, with the state it is in.
        """
        began = changed = said = time.monotonic()
        before: dict[str, list[str]] = {}
        report = Report(missing_events=["not compared yet"])
        while True:
            now = await state_of(self._system)
            is_late = time.monotonic() - began > patience_s
            if (
                now.is_settled or is_late
            ):  # before, comparing millions of events would only hold up who works on
                report = await self.compare(ledger)
            present = time.monotonic()
            report.waited_s = present - began
            if report.lists() != before or not now.is_settled:
                before, changed = report.lists(), present
            if not report.differences or present - changed > limit_s:
                return report
            if is_late and not now.is_settled:
                report.not_settled = str(now)
                return report
            if present - said > SAID_S:
                counts = ", ".join(f"{name} {len(found)}" for name, found in before.items() if found)
                say(f"{report.waited_s:6.1f} s  still: {counts}; {now}")
                said = present
            await asyncio.sleep(1.0)

    async def compare(self, ledger: Ledger) -> Report:
        """What differs now."""
        report = Report(events=len(ledger.events))
        try:
            present, counted, landed, letters = await asyncio.to_thread(self._read)
        except Exception as error:  # the store is starting: look again
            report.missing_events.append(f"the store does not answer: {error}")
            return report
        # what was in a damaged frame of the spool may have been sent before, or again
        lost = {key for key in ledger.damaged if key not in present}
        for key in ledger.events:
            if key not in present and key not in lost:
                report.missing_events.append("/".join(key))
        for key, times in present.items():
            if times > 1:
                report.repeated_events.append(f"{'/'.join(key)} {times} times")
            if key not in ledger.events:
                report.strange_events.append("/".join(key))
        report.kept_aside = len(ledger.doubtful & letters) + len(lost)
        for key in ledger.doubtful - letters:
            report.missing_events.append(f"{'/'.join(key)}, as a dead letter")
        wanted = ledger.counts(lost)
        report.counted = sum(wanted.values())
        for cell in sorted(wanted.keys() | counted.keys()):
            if wanted[cell] != counted[cell]:
                report.count_differences.append(f"{cell}: {counted[cell]}, not {wanted[cell]}")
        await self._compare_alerts(landed, report)
        return report

    def _read(
        self,
    ) -> tuple[Counter[tuple[str, str]], Counter[Cell], Counter[tuple[str, int, str]], set[tuple[str, str]]]:
        settings = self._settings
        client = clickhouse_connect.get_client(
            host="127.0.0.1",
            port=self._port,
            username=settings.clickhouse_reader,
            password=settings.clickhouse_reader_password.get_secret_value(),
            database=settings.clickhouse_database,
        )
        try:
            rows: Any = client.query(
                "SELECT store_id, event_id, count() FROM event_records WHERE source != 'pixel' GROUP BY ALL"
            ).result_rows
            present = Counter({(store, event): times for store, event, times in rows})
            rows = client.query(
                "SELECT store_id, toUnixTimestamp(minute) * 1000, stage, sum(count) FROM stage_counts GROUP BY ALL"
            ).result_rows
            counted = Counter(
                {(store, minute, str(stage)): int(count) for store, minute, stage, count in rows}
            )
            rows = client.query("SELECT alert_id, sequence, state FROM alert_transitions").result_rows
            transitions = Counter((alert, sequence, str(state)) for alert, sequence, state in rows)
            rows = client.query("SELECT store_id, payload FROM dead_letters").result_rows
            letters = {(store, found[1]) for store, text in rows if (found := _EVENT_ID.search(text))}
            return present, counted, transitions, letters
        finally:
            client.close()

    async def _compare_alerts(self, landed: Counter[tuple[str, int, str]], report: Report) -> None:
        """Each alert's transitions are numbered without a gap, published once and landed once."""
        published: Counter[tuple[str, int, str]] = Counter()
        for record in await read_all(self._settings.kafka, ALERTS):
            transition = msgspec.json.decode(record.value, type=AlertTransition)
            published[transition.alert_id, transition.sequence, transition.state.value] += 1
        report.transitions = sum(published.values())
        report.alert_differences += [
            f"{key} published {times} times" for key, times in published.items() if times > 1
        ]
        for key in sorted(published.keys() | landed.keys()):
            if landed[key] != 1 or key not in published:
                report.alert_differences.append(
                    f"{key}: landed {landed[key]} times, published {published[key]} times"
                )
        report.lost_transitions = sum(landed[key] == 0 for key in published)
        report.repeated_transitions = sum(
            times > 1 for counts in (published, landed) for times in counts.values()
        )
        sequences: dict[str, set[int]] = {}
        for alert, sequence, _ in published:
            sequences.setdefault(alert, set()).add(sequence)
        for alert, numbers in sequences.items():
            if numbers != set(range(len(numbers))):
                report.lost_transitions += max(numbers) + 1 - len(numbers)
                report.alert_differences.append(f"alert {alert} has the transitions {sorted(numbers)}")
