"""What the work on a connection uses of its process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from scoring.alerts.alert import AlertTransition
from scoring.sources.health import ConnectionHealth
from streams.sources.asking import HttpSender
from streams.sources.budgets import Budgets
from streams.sources.comparing import StoredDays
from streams.sources.doubting import OrderStatements
from streams.sources.polling import DeliverySink, Pseudonym
from streams.sources.sealing import Sealer


class OwnerWrite(Protocol):
    """Makes records of the topic of sources durable, and publishes alerts with them."""

    async def __call__(self, records: Mapping[str, Any], alerts: Sequence[AlertTransition] = ()) -> None:
        """Raises OwnershipLostError."""
        ...


@dataclass(frozen=True, slots=True)
class WorkerTools:
    """What a connection's work uses of its process.

    Attributes:
        sender, budgets, sealer: shared by all connections.
        sink: takes raw deliveries.
        write: makes records of the topic of sources durable; raises OwnershipLostError.
        pseudonym: of (store, id of a person), marked as ours.
        stored: what is stored of closed days.
        orders: what is stored of orders, by who said it.
        now_ms, clock_s: the clocks.
        lag: deliveries that wait to be translated next to this connection's.
        process: its name, for people.
        report: takes each state that is published (metrics, alerts).
        pace_s: how often the state is looked at, and what people wish for.
    """

    sender: HttpSender
    budgets: Budgets
    sealer: Sealer
    sink: DeliverySink
    write: OwnerWrite
    pseudonym: Pseudonym
    stored: StoredDays
    orders: OrderStatements
    now_ms: Callable[[], int]
    clock_s: Callable[[], float]
    lag: Callable[[], int]
    process: str
    report: Callable[[ConnectionHealth], Awaitable[None]]
    pace_s: float = 5.0
