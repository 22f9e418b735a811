"""A landing role in a process of its own, on topics with a prefix, for tests that kill it.

``python -m tests.streams.landing.landing_process SETTINGS_JSON PREFIX [dies-before-commit]``
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import msgspec

from streams.config.model import Config
from streams.landing.role import Landing, Records
from streams.settings import load_settings


class DiesBeforeCommit(Landing):
    """Is killed after its first insert, before the commit."""

    async def _commit(self, records: Records) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    settings = load_settings(**msgspec.json.decode(sys.argv[1]))
    kind = DiesBeforeCommit if "dies-before-commit" in sys.argv else Landing
    landing = kind(settings, Config(), sys.argv[2])
    await landing.start()
    await landing.run()


if __name__ == "__main__":
    asyncio.run(main())
