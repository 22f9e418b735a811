"""The jobs role: its jobs side by side in one process. If one of them fails, the process ends and is started again."""

from __future__ import annotations

import asyncio

from streams.config.model import Config
from streams.instance.files import StateReport
from streams.jobs import baselines, brushing, evaluations, rollups
from streams.jobs.reconciling import Reconciler
from streams.settings import Settings


async def run(settings: Settings, config: Config, report: StateReport) -> None:
    """Run every job until cancelled."""
    async with asyncio.TaskGroup() as group:
        group.create_task(baselines.run(settings, config, report))
        group.create_task(Reconciler(settings, config).run())
        group.create_task(rollups.run(settings))
        group.create_task(brushing.run(settings, config))
        group.create_task(evaluations.run(settings, config))
