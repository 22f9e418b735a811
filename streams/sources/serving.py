"""The collector role with the doors of all registered sources: what ``funnelwatch run collector`` starts."""

from __future__ import annotations

from streams.collector import role
from streams.config.model import Config
from streams.instance.files import StateReport
from streams.settings import Settings
from streams.sources.registry import doors


async def run(settings: Settings, config: Config, report: StateReport) -> None:
    """Serve until cancelled."""
    await role.run(settings, config, report, doors())
