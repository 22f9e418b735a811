"""How connections are shown on a terminal and to scripts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice

import msgspec
from rich.table import Table
from rich.text import Text as RichText

from scoring.records.raw_delivery import RawDelivery
from scoring.sources.backfills import BackfillState
from scoring.sources.doubts import doubt_in_words
from scoring.sources.endings import ending_with_days
from scoring.wording.text import Language
from streams.cli.terminal import console, say
from streams.collector.intake import open_intake
from streams.config.model import Config
from streams.settings import Settings
from streams.sources.overview import STATE_NAMES, ConnectionStatus
from streams.sources.publishing import RecordPublisher

_AT_ONCE = 500


def status_json(status: ConnectionStatus) -> str:
    """For scripts: every field."""
    return msgspec.json.encode(status).decode()


def print_statuses(found: list[ConnectionStatus], language: Language, now_ms: int) -> None:
    """A table, a line a connection."""
    table = Table(header_style="bold")
    for name in ("name", "source", "stores", "state", "last data", "read until", "days left", "what"):
        table.add_column(name, overflow="fold" if name == "what" else "ellipsis", no_wrap=name != "what")
    for one in found:
        cells = (
            one.name,
            one.source,
            ", ".join(one.stores),
            STATE_NAMES[one.state](language),
            _ago(one.last_ms, now_ms),
            _ago(one.until_ms, now_ms),
            _days_left(one),
            " ".join(part for part in (one.trouble_text(language), one.detail) if part),
        )
        table.add_row(*(RichText(cell[:200]) for cell in cells))
    console(wide=200).print(table)


def _days_left(one: ConnectionStatus) -> str:
    """Until the first of authorisation and what is used ends."""
    days = [one.token_days, *(ending.days for ending in one.endings)]
    return str(min((left for left in days if left is not None), default="–"))


def print_status(one: ConnectionStatus, language: Language) -> None:
    """Everything, a line each."""
    say(f"{one.name} ({one.source}): {STATE_NAMES[one.state](language)} since {_moment(one.since_ms)}")
    for text in (one.trouble_text(language), one.detail, one.advice(language)):
        if text:
            say(f"  {text}")
    say(f"stores          {', '.join(one.stores)}")
    say(
        f"authorisation   {one.authorisation}"
        + ("" if one.token_days is None else f", {one.token_days} days left")
    )
    for ending in one.endings:
        say(f"uses            {ending_with_days(ending, language)}")
    say(f"owned by        {one.process or '–'}, last heard {_moment(one.heard_ms)}")
    if one.hook_path:
        say(f"deliver to      COLLECTOR{one.hook_path}")
    _print_deliveries(one)
    for resource in one.resources:
        said = f"; {resource.detail}" if resource.detail else ""
        say(
            f"resource        {resource.resource}: read until {_moment(resource.until_ms)}, {resource.rows:,} rows{said}"
        )
    compared = f"compared {_moment(one.compared_ms)}" if one.compared_ms else "not compared"
    say(
        f"closed days     {compared}"
        + (f"; differ: {', '.join(one.differing_days)}" if one.differing_days else "")
    )
    for difference in one.differences:
        say(
            f"                {difference.day} {difference.figure}: stored {difference.stored}, platform {difference.second}"
        )
    for doubt in one.doubts:
        say(f"doubted         {doubt_in_words(doubt, language)}")
    for backfill in one.backfills:
        left_s = None if backfill.state is BackfillState.DONE else backfill.left_s
        left = "" if left_s is None else f", about {left_s / 60:.0f} min left"
        say(
            f"backfill        {backfill.backfill_id} {backfill.resource}: {backfill.state}, {backfill.days_done} of {backfill.days} days, "
            f"{backfill.rows:,} rows{left}"
        )


def _print_deliveries(one: ConnectionStatus) -> None:
    known = one.deliveries
    say(
        f"deliveries      {known.hooks:,} by webhook (last {_moment(known.last_ms)}), {known.polls:,} rows by poll"
    )
    say(
        f"                {known.repeated:,} repeats, {known.quarantined:,} set aside whole, {known.set_aside:,} rows set aside"
    )
    seen = known.first_by_hook + known.first_by_poll
    if seen:
        say(
            f"orders first    {known.first_by_hook / seen:.0%} by webhook, {known.first_by_poll / seen:.0%} by poll"
        )
    for gap, count in sorted(known.gaps.items(), key=lambda item: -item[1])[:20]:
        say(f"not mapped      {gap} ({count:,} times)")
    for name, count in sorted(known.left_out.items(), key=lambda item: -item[1])[:20]:
        say(f"left out        {name} ({count:,} times)")


def _moment(at_ms: int) -> str:
    return (
        datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().isoformat(" ", "seconds") if at_ms else "never"
    )


def _ago(at_ms: int, now_ms: int) -> str:
    if not at_ms:
        return "–"
    seconds = max(0, now_ms - at_ms) // 1000
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


async def replayed(settings: Settings, config: Config, deliveries: Iterable[RawDelivery]) -> int:
    """Put deliveries back into the log; how many.

    Raises:
        KafkaUnreachableError: not all are known to be there; the command can be run again.
    """
    count = 0
    async with open_intake(settings, config, spool=False, patience_s=10.0) as intake:
        records = RecordPublisher.of(intake)
        for some in _chunks(iter(deliveries)):
            await records.publish(raw=some)
            count += len(some)
    return count


def _chunks(deliveries: Iterator[RawDelivery]) -> Iterator[list[RawDelivery]]:
    while some := list(islice(deliveries, _AT_ONCE)):
        yield some
