"""How a target runs: for how long, what it may cost, and the figures that it prints.

``search`` lets Hypothesis make the examples, shrink one that fails, and be led towards the costly ones. ``mutate`` changes bytes
itself, a hundred times as fast, and goes on from whatever gave an answer that was not seen before.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st

from tests.deadlines import within

#: seconds of one target
SECONDS = float(os.environ.get("FUZZ_SECONDS", "2"))
#: whether costs are judged: no usual test measures time
JUDGES_TIME = "FUZZ_SECONDS" in os.environ
#: of the mutations; another one each time unless it is given
SEED = int(os.environ.get("FUZZ_SEED", time.time_ns() % 1_000_000_007))
#: seconds of processor time for which a request may hold an event loop
HOLD_S = 0.1
#: seconds of processor time that a byte may cost wherever the work is done, and a record
BYTE_S, RECORD_S = 10e-6, 5e-3
#: bytes that mutants go on from, and how long a mutant is
_CORPUS, _LONGEST = 5000, 20_000

#: Hypothesis remembers what it has tried; an hour's memory would not fit, so it begins again after this many examples
_SETTINGS = settings(
    max_examples=2000 if JUDGES_TIME else 100,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
_TOKENS = (
    *(b"\\ud800", b"\\u0000", b"1e999", b"NaN", b"\xff", b"\x00", b"null", b"true", b"[", b"{", b"]", b"}", b'"', b",", b":"),
    *(b"\\", b"\n", b"\r", b"9" * 20, b"-1", b"0", b"\xe7\x94\xb5", b"\xf0\x9f", b"@", b"'", b"`", b"(", b")", b";", b"--", b"/*", b"$$"),
)  # fmt: skip
Done = TypeVar("Done")


@dataclass
class Figures:
    """What a target has done."""

    name: str
    until: float
    examples: int = 0
    longest_s: float = 0.0
    #: the example that took longest, and its beginning
    example: object = None
    longest: str = ""
    #: what ``mutate`` has seen
    answers: int = 0
    #: of the present example
    cost_s: float = 0.0

    @classmethod
    def begun(cls, name: str, share: float = 1.0) -> Self:
        """Those of a target that begins now and takes a share of the time."""
        return cls(name, time.monotonic() + SECONDS * share)

    def judge(self, seconds: float, limit_s: float) -> None:
        """Note what an example cost in processor time."""
        if seconds > self.longest_s:
            self.longest_s, self.longest = seconds, repr(self.example)[:300]
        self.cost_s = max(self.cost_s, seconds)
        assert not JUDGES_TIME or seconds < within(limit_s), f"{seconds:.3f} s, more than {limit_s:.3f} s"

    def report(self) -> None:
        """Print them; a target that did nothing has shown nothing."""
        print(
            f"\nfuzz {self.name}: {self.examples:,} examples, {self.answers:,} different answers, "
            f"the longest {self.longest_s * 1000:,.1f} ms (seed {SEED}): {self.longest}"
        )
        assert self.examples > 0, "no example within the time"


def search(
    name: str, strategy: st.SearchStrategy[Any], look: Callable[[Any, Figures], object], share: float = 1.0
) -> None:
    """Run ``look`` on what ``strategy`` gives for a share of the time; fails with the smallest example that fails."""
    figures = Figures.begun(f"{name}, made", share)

    @_SETTINGS
    @given(strategy)
    def run(example: Any) -> None:
        if time.monotonic() > figures.until:
            return  # the rest of this round
        figures.example, figures.cost_s = example, 0.0
        look(example, figures)
        target(figures.cost_s, label="seconds")
        figures.examples += 1

    while time.monotonic() < figures.until:
        run()
    figures.report()


def mutate(
    name: str, seeds: Sequence[bytes], look: Callable[[bytes, Figures], Hashable], share: float = 1.0
) -> None:
    """Run ``look`` on mutants of ``seeds``, and of mutants whose answer was a new one; fails with a mutant made small."""
    figures = Figures.begun(f"{name}, mutated", share)
    chance, corpus, seen = random.Random(SEED), list(seeds), set()
    while time.monotonic() < figures.until:
        mutant = figures.example = mutant_of(corpus, chance)
        try:
            answer = look(mutant, figures)
        except Exception as error:
            small = _made_small(mutant, lambda one: _fails(look, one))
            raise AssertionError(f"{name}, seed {SEED}: {small!r}") from error
        figures.examples += 1
        if answer not in seen:
            seen.add(answer)
            corpus.append(mutant)
            del corpus[len(seeds) : -_CORPUS]
    figures.answers = len(seen)
    figures.report()


def mutant_of(corpus: Sequence[bytes], chance: random.Random) -> bytes:
    """One of ``corpus`` with some bytes put in, cut out, changed, doubled, moved, or taken from another one."""
    content = chance.choice(corpus)
    for _ in range(1 + int(chance.expovariate(0.5))):
        at, length = chance.randrange(len(content) + 1), 1 + int(chance.expovariate(0.1))
        before, piece, after = content[:at], content[at : at + length], content[at + length :]
        match chance.randrange(7):
            case 0:
                content = before + chance.choice(_TOKENS) + piece + after
            case 1:
                content = before + chance.randbytes(chance.randrange(1, 5)) + piece + after
            case 2:
                content = before + after
            case 3:
                content = (
                    before + bytes(byte ^ 1 << chance.randrange(8) for byte in piece[:1]) + piece[1:] + after
                )
            case 4:
                content = before + piece * chance.choice((2, 3, 50)) + after
            case 5:
                content = after + piece + before
            case _:
                other = chance.choice(corpus)
                cut = chance.randrange(len(other) + 1)
                content = before + other[cut : cut + 10 * length] + after
    return content[:_LONGEST]


def _fails(look: Callable[[bytes, Figures], Hashable], content: bytes) -> bool:
    try:
        look(content, Figures("", 0.0))
    except Exception:
        return True
    return False


def _made_small(content: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """``content`` without all that it can do without and still fail."""
    step = len(content) // 2
    while step:
        at = 0
        while at < len(content):
            shorter = content[:at] + content[at + step :]
            if fails(shorter):
                content = shorter
            else:
                at += step
        step //= 2
    return content


def cost_s(work: Callable[[], object]) -> float:
    """Processor time of this thread, which other processes do not lengthen."""
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


async def held(work: Awaitable[Done]) -> tuple[Done, float]:
    """What ``work`` gives, and the most processor time of this process between two turns of the event loop.

    Time of other threads counts: a call into C that keeps the interpreter's lock holds the loop as much as one on it.
    """
    longest, before = 0.0, time.process_time()
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.sleep(0)
        now = time.process_time()
        longest, before = max(longest, now - before), now
    return task.result(), longest
