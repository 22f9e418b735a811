"""A role that is asked to stop ends, whatever a library makes of the cancellation."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from streams import roles
from streams.roles import until_stopped


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "CANCEL_AGAIN_S", 0.02)
    monkeypatch.setattr(roles, "PARTING_S", 0.3)


async def stopped(work: Callable[[], object], is_stopping: Callable[[], bool]) -> None:
    """Run ``work`` as a role and send this process SIGTERM once it is under way."""
    asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
    with pytest.raises(asyncio.CancelledError):
        await until_stopped(work(), is_stopping)  # type: ignore[arg-type]


@pytest.mark.usefixtures("patient")
async def test_a_swallowed_cancellation_does_not_keep_a_role_alive() -> None:
    swallowed = 0

    async def work() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 3:
                    raise

    await stopped(work, lambda: False)
    assert swallowed == 3


@pytest.mark.usefixtures("patient")
async def test_a_role_that_is_stopping_is_left_to_finish_what_it_does() -> None:
    done: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            done.append("stopping")
            await asyncio.sleep(0.15)
            done.append("finished")

    await stopped(work, lambda: bool(done))
    assert done == ["stopping", "finished"]


@pytest.mark.usefixtures("patient")
async def test_a_role_that_never_finishes_stopping_is_cancelled_again() -> None:
    done: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            done.append("stopping")
            await asyncio.sleep(3600)

    await stopped(work, lambda: bool(done))
    assert done == ["stopping"]
