"""The collector role with the doors of all registered sources: what ``funnelwatch run collector`` starts."""

from __future__ import annotations

from streams.collector import role
from streams.config.model import Config
from streams.instance.files import StateReport
from streams.settings import Settings
from streams.sources.directory import following
from streams.sources.hook_door import HookDoor
from streams.sources.registry import SOURCES, doors


async def run(settings: Settings, config: Config, report: StateReport) -> None:
    """Serve until cancelled."""
    async with following(settings, config) as directory:
        hooks = HookDoor(directory, {source.name: source for source in SOURCES}, settings.collector_rate)
        await role.run(settings, config, report, (*doors(), *hooks.doors))
