"""How long a broker may hold a consumer's fetch while there is nothing to give: longer once nothing has come for a while.

A held fetch is answered the moment something comes for any of its partitions, so a long hold costs no time as long as it asks for
all of them. While records wait to be taken, a fetch asks for the other partitions only and would keep the first from being asked for
again: then, and for a while after, the consumer's own short hold stays. One connection is answered in order, so what else is asked of
that broker takes the connection that a group's member has for its coordinator, and does not wait for the fetch.
"""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.client import ConnectionGroup
from aiokafka.protocol.fetch import FetchRequest

from streams.clock import monotonic

#: of a consumer without a group, and of a member, whose next partitions have to wait for the fetch
QUIET_MS, QUIET_MEMBER_MS = 5_000, 1_000
#: of a consumer to which records have come twice within a moment, once all are taken, unless so many bytes have come: a fetch costs both
#: sides most of what a few hundred records cost
_BUSY_MS, _BUSY_BYTES, _MOMENT_S = 250, 262_144, 0.3
#: so long after the last record it is quiet
_QUIET_AFTER_S = 0.5
#: how often a consumer looks whether there is something to ask for although nothing has happened; aiokafka's own is 0.2, and everything
#: that leads to a request also wakes it
_LOOK_S = 5.0


def look_rarely(consumer: AIOKafkaConsumer) -> None:
    """Let a consumer wait for what happens instead of looking five times a second."""
    consumer._fetcher._fetcher_timeout = _LOOK_S


def hold_while_quiet(consumer: AIOKafkaConsumer, quiet_ms: int, after_s: float = _QUIET_AFTER_S) -> None:
    """Let the fetches of a started consumer be held for up to ``quiet_ms`` once nothing has come for ``after_s``."""
    look_rarely(consumer)
    _ask_besides(consumer._client)
    fetcher: Any = consumer._fetcher
    short_ms, ask = fetcher._fetch_max_wait_ms, fetcher._get_actions_per_node
    newest, known = monotonic(), frozenset[tuple[Any, int]]()
    came, is_busy = newest, False

    def ask_with_patience(assignment: Any) -> Any:
        nonlocal newest, known, came, is_busy
        present = monotonic()
        # what stays untaken, of a partition that is paused, is not asked for and keeps nothing waiting
        waiting = frozenset((tp, id(records)) for tp, records in fetcher._records.items())
        if waiting - known:
            came, is_busy = present, present - came < _MOMENT_S
        if waiting != known:
            newest, known = present, waiting
        is_quiet = present - newest >= after_s
        gathers = is_busy and not waiting and not is_quiet
        fetcher._fetch_min_bytes = _BUSY_BYTES if gathers else 1
        fetcher._fetch_max_wait_ms = (
            max(quiet_ms, short_ms) if is_quiet else _BUSY_MS if gathers else short_ms
        )
        return ask(assignment)

    fetcher._get_actions_per_node = ask_with_patience


def _ask_besides(client: Any) -> None:
    """Let everything but fetches take the other connection to a broker."""
    send = client.send

    async def send_besides(
        node_id: int, request: Any, *, group: ConnectionGroup = ConnectionGroup.DEFAULT
    ) -> Any:
        is_fetch = isinstance(request, FetchRequest)
        return await send(node_id, request, group=group if is_fetch else ConnectionGroup.COORDINATION)

    client.send = send_besides
