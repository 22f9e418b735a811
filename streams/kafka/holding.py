"""How long a broker may hold a consumer's fetch while there is nothing to give: longer once nothing has come for a while.

A held fetch is answered the moment something comes for any of its partitions, so a long hold costs no time as long as it asks for
all of them. While records wait to be taken, a fetch asks for the other partitions only and would keep the first from being asked for
again: then, and for a while after, the consumer's own short hold stays. One connection is answered in order: what else is asked of
that broker on it waits for the fetch, so this is for consumers that only read.
"""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaConsumer

from streams.clock import monotonic

#: of a consumer without a group, and of a member, whose next partitions have to wait for the fetch
QUIET_MS, QUIET_MEMBER_MS = 2_000, 1_000
#: so long after the last record it is quiet
_QUIET_AFTER_S = 0.5


def hold_while_quiet(consumer: AIOKafkaConsumer, quiet_ms: int, after_s: float = _QUIET_AFTER_S) -> None:
    """Let the fetches of a started consumer be held for up to ``quiet_ms`` once nothing has come for ``after_s``."""
    fetcher: Any = consumer._fetcher
    short_ms, ask = fetcher._fetch_max_wait_ms, fetcher._get_actions_per_node
    newest, known = monotonic(), frozenset[tuple[Any, int]]()

    def ask_with_patience(assignment: Any) -> Any:
        nonlocal newest, known
        present = monotonic()
        # what stays untaken, of a partition that is paused, is not asked for and keeps nothing waiting
        waiting = frozenset((tp, id(records)) for tp, records in fetcher._records.items())
        if waiting != known:
            newest, known = present, waiting
        is_quiet = present - newest >= after_s
        fetcher._fetch_max_wait_ms = max(quiet_ms, short_ms) if is_quiet else short_ms
        return ask(assignment)

    fetcher._get_actions_per_node = ask_with_patience
