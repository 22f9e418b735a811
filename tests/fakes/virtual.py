"""Virtual time: an event loop whose clock jumps to the next timer, so that weeks of polling pass in seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import async_solipsism

T = TypeVar("T")
#: when virtual time begins: 2026-11-01 00:00 in Shanghai
BEGIN_MS = 1_793_462_400_000


class VirtualClock:
    """The clocks of a virtual loop."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return BEGIN_MS + round(asyncio.get_running_loop().time() * 1000)

    def now_s(self) -> float:
        """Seconds that only grow."""
        return asyncio.get_running_loop().time()


def in_virtual_time(work: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    """What ``work`` comes to on a loop of virtual time."""
    loop = async_solipsism.EventLoop()
    try:
        return loop.run_until_complete(work(VirtualClock()))
    finally:
        loop.close()
