"""``funnelwatch baseline``: fit, show and export what the monitor expects of each store."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from aiokafka.errors import KafkaError
from rich.table import Table

from scoring.baselines import BaselineSource, StoreBaseline, encode_baseline
from scoring.baselines.benchmark import BenchmarkError
from scoring.detection import DetectionPolicy
from scoring.detection.sensitivity import smallest_drop
from streams.backtest.run import TRAIN_DAYS
from streams.cli.asking import configuration, running_instance
from streams.cli.terminal import console, say, say_json
from streams.clickhouse.errors import ClickHouseError
from streams.config.core import detection_policy
from streams.config.model import Config
from streams.jobs.baselines import fit_from_store, publish, read_published
from streams.jobs.benchmark import drop_benchmark, put_benchmark
from streams.printable import counted
from streams.settings import Settings

Data = Annotated[Path | None, typer.Option(help="Folder of the running instance.")]
Store = Annotated[str | None, typer.Option(help="Only this store.")]


def _instance(data: Path | None) -> tuple[Settings, Config]:
    settings = running_instance(data)
    return settings, configuration(settings)


def _published(settings: Settings, store: str | None) -> list[StoreBaseline]:
    try:
        found = read_published(settings)
    except ClickHouseError as error:
        say(f"error: the store does not answer: {error}", err=True)
        raise typer.Exit(1) from error
    if store is not None and store not in found:
        say(f"error: no baseline of store {store!r} is published; there are {len(found)}", err=True)
        raise typer.Exit(1)
    return [found[name] for name in sorted(found) if store in (None, name)]


def step_facts(baseline: StoreBaseline, policy: DetectionPolicy) -> list[dict[str, object]]:
    """What a baseline says of each step, as plain values for a person or a page."""
    return [
        {
            "store_id": baseline.store_id,
            "step": step.step,
            "days": round(baseline.days, 1),
            "rate": round(step.rate, 5),
            "arrivals_per_hour": round(step.arrivals_per_hour, 2),
            "delay_minutes": round(step.kernel.mean_minutes, 1),
            "delay_spread_minutes": step.kernel.spread_minutes,
            "delay_is_uncertain": step.kernel.is_uncertain,
            "kernel": step.kernel.source.value,
            "sigma": step.sigma,
            "tau": step.tau,
            "source": step.source.value,
            "borrowed_from": list(baseline.borrowed_from) if step.source in _BORROWED else [],
            "stage": stage_of_youth(baseline.days),
            "smallest_drop_1h": smallest_drop(
                step, policy, looks=max(len(baseline.steps), 1), days=baseline.days
            ),
        }
        for step in baseline.steps.values()
    ]


#: days of history at which a store enters the next stage of its youth, and what it is called
_YOUTH = ((7.0, "first week"), (28.0, "first month"))
_BORROWED = (BaselineSource.PEERS, BaselineSource.BENCHMARK)


def stage_of_youth(days: float) -> str:
    """Where a store is between its first event and four weeks of history (``scoring/baselines/fit.py`` says what that means)."""
    return next((name for until, name in _YOUTH if days < until), "grown")


def _drop_text(fact: dict[str, object], drop: object) -> str:
    if isinstance(drop, float):
        return f"-{drop:.0%}"
    return "not known yet" if not fact["arrivals_per_hour"] else "none: too few"


def _source(fact: dict[str, object]) -> str:
    lent_by = fact["borrowed_from"]
    if not isinstance(lent_by, list) or not lent_by:
        return str(fact["source"])
    return counted(len(lent_by), "peer") if fact["source"] == BaselineSource.PEERS else ", ".join(lent_by)


def _delay(fact: dict[str, object]) -> str:
    """The mean delay; marked where counts and pairs leave it open."""
    return f"{fact['delay_minutes']}?" if fact["delay_is_uncertain"] else str(fact["delay_minutes"])


def _facts_table(facts: list[dict[str, object]]) -> Table:
    shown = Table(title="What is expected, and the smallest drop each step could show within one hour")
    columns = (
        "store",
        "step",
        "days",
        "rate",
        "per hour",
        "delay min",
        "wobble",
        "over min",
        "from",
        "drop in 1 h",
    )
    for name in columns:
        shown.add_column(name, justify="left" if name in ("store", "step", "from") else "right")
    for fact in facts:
        drop = fact["smallest_drop_1h"]
        shown.add_row(
            str(fact["store_id"]), str(fact["step"]), str(fact["days"]), f"{fact['rate']:.2%}", f"{fact['arrivals_per_hour']:.1f}",
            _delay(fact), f"{fact['sigma']:.1%}", f"{fact['tau']:.0f}", _source(fact),
            _drop_text(fact, drop),
        )  # fmt: skip
    return shown


group = typer.Typer(no_args_is_help=True, help="Fit, show and export what the monitor expects of each store.")


@group.command()
def fit(
    data: Data = None,
    days: Annotated[int, typer.Option(help="Days of history to fit on.", min=1, max=365)] = TRAIN_DAYS,
) -> None:
    """Fit all stores on the instance's history now, and publish the baselines to the monitor."""
    settings, config = _instance(data)
    try:
        made = fit_from_store(settings, config, days)
        asyncio.run(publish(settings, made))
    except (ClickHouseError, KafkaError, OSError) as error:
        say(f"error: store or broker do not answer: {error}", err=True)
        raise typer.Exit(1) from error
    if not made:
        say("No store has two hours of history yet; nothing was published.")
        raise typer.Exit(1)
    pools = sum(bool(baseline.members) for baseline in made)
    pooled = f", and of {counted(pools, 'pool')}" if pools else ""
    say(f"Baselines of {counted(len(made) - pools, 'store')}{pooled} fitted and published.")


@group.command()
def show(
    data: Data = None,
    store: Store = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per step and line.")] = False,
) -> None:
    """Show the published baselines: rates, delays, wobble, and the smallest drop detectable within an hour."""
    settings, config = _instance(data)
    policy = detection_policy(config)
    facts = [fact for baseline in _published(settings, store) for fact in step_facts(baseline, policy)]
    if as_json:
        for fact in facts:
            say_json(json.dumps(fact))
    else:
        console(wide=150).print(_facts_table(facts))


@group.command()
def benchmark(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="CSV with the columns step, rate; optional low, high, platform, category, country."
        ),
    ] = None,
    data: Data = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the uploaded benchmark.")] = False,
) -> None:
    """Upload a benchmark of conversion rates, used for stores with a short history and fewer than five peers."""
    settings, _ = _instance(data)
    if remove:
        say("The benchmark is gone." if drop_benchmark(settings.data) else "There was no benchmark.")
        return
    if file is None:
        raise typer.BadParameter("name a file, or --remove")
    try:
        found = put_benchmark(settings.data, file.read_bytes())
    except (BenchmarkError, OSError) as error:
        say(f"error: {file}: {error}", err=True)
        raise typer.Exit(1) from error
    say(
        f"{counted(len(found.lines), 'line')} taken, to count from the next fit on (`funnelwatch baseline fit`: now)."
    )


@group.command()
def export(
    out: Annotated[Path, typer.Option(help="File to write, one baseline (JSON) per line.")],
    data: Data = None,
    store: Store = None,
) -> None:
    """Write the published baselines to a file in full, to inspect them or for another instance."""
    settings, _ = _instance(data)
    found = _published(settings, store)
    out.write_bytes(
        b"".join(msgspec.json.encode(msgspec.Raw(encode_baseline(item))) + b"\n" for item in found)
    )
    say(f"{counted(len(found), 'baseline')} written to {out}")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="baseline")
