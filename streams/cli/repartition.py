"""``funnelwatch repartition``: more partitions for the events topic, with everything that the monitor knows carried over."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from streams.cli.asking import failed, running_instance
from streams.cli.starting import data_option
from streams.cli.terminal import say


def repartition(
    count: Annotated[
        int | None,
        typer.Argument(
            min=1,
            max=1000,  # a slip could not be taken back
            show_default=False,
            help="Number of partitions to give the events topic; omit it if the topic already has them.",
        ),
    ] = None,
    data: data_option = None,
) -> None:
    """Carry the monitor's counts and open alerts over to more partitions of funnel.events.v1.

    Kafka moves stores between partitions when a topic gets more of them. Monitors exit when they see it and start again once
    this is done; `funnelwatch up` handles both. Collectors and landing keep running. Kafka cannot remove partitions again.
    If interrupted, run it again.
    """
    from aiokafka.errors import KafkaError

    from streams.kafka.admin import TopicsNotReadyError
    from streams.monitor.repartitioning import CannotRepartitionError
    from streams.monitor.repartitioning import repartition as carry_over

    settings = running_instance(data)
    try:
        done = asyncio.run(carry_over(settings, count, report=say))
    except (CannotRepartitionError, TopicsNotReadyError) as error:
        raise failed(str(error)) from error
    except (KafkaError, OSError) as error:
        raise failed(
            f"Kafka at {settings.kafka}: {error or type(error).__name__}; nothing was moved"
        ) from error
    if not done.is_changed:
        say(f"nothing to do: all topics and counts have {done.partitions} partitions")
        return
    say(
        f"all topics have {done.partitions} partitions; start the monitors, unless `up` does. "
        "`funnelwatch reconcile` shows in some minutes whether any count differs"
    )


def register(app: typer.Typer) -> None:
    """Add ``repartition``."""
    app.command()(repartition)
