"""Runs a function in a process of its own: what reads a hostile or a huge file can be killed, and its memory is given back.

The child is this module: it takes the pickled function and arguments on standard input and answers on what was standard output.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from scoring.wording.text import Bilingual
from streams.errors import FunnelwatchError, StateError

T = TypeVar("T")
_NICE = 5


class ChildEndedError(StateError):
    """The process ended without an answer, or took too long. The page says so next to the file."""


async def run_elsewhere(patience_s: float, work: Callable[..., T], *arguments: Any) -> T:
    """What ``work`` gives, with arguments and a result that can be pickled.

    Raises:
        FunnelwatchError: ``work`` raised it.
        ChildEndedError: it gave no answer.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(patience_s):
            answer, _ = await child.communicate(pickle.dumps((work, arguments)))
    except TimeoutError as error:
        raise ChildEndedError(
            Bilingual(
                "读取时间过长；请每次少导出几个月，或使用 `funnelwatch import`",
                "reading it took too long; export fewer months at a time, or use `funnelwatch import`",
            )
        ) from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if not answer:
        raise ChildEndedError(
            Bilingual(
                "读取文件的进程中止：可能内存不足；请每次少导出几个月",
                "the process that read the file ended: it may need more memory than there is; export fewer months at a time",
            )
        )
    result, failure = pickle.loads(answer)  # noqa: S301 (our own process wrote it)
    if failure is not None:
        raise failure
    return result  # type: ignore[no-any-return]


def _main() -> None:
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # logs and whatever a reader prints do not belong to the answer
    os.nice(_NICE)
    work, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301 (our parent wrote it)
    try:
        found: tuple[Any, FunnelwatchError | None] = (work(*arguments), None)
    except FunnelwatchError as error:
        found = (None, StateError(str(error)))
    with answer:
        pickle.dump(found, answer)


if __name__ == "__main__":
    _main()
