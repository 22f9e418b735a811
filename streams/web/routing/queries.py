"""Who is notified of an alert and why: the notifier's own decision, worked out from the log when somebody asks.

It reads topics from their beginning, so it is done on demand only, within a time limit, and one answer serves everyone for
ten seconds.
"""

from __future__ import annotations

from aiokafka.errors import KafkaError

from scoring.wording.text import Language
from streams.clickhouse.reader import Database
from streams.clock import now_ms
from streams.config.model import Config
from streams.incidents.alert_log import AlertBook, BookReader
from streams.incidents.explaining import Explanation, explain
from streams.incidents.facts import FactsReader
from streams.incidents.send_log import SendLog
from streams.kafka.errors import KafkaUnreachableError
from streams.settings import Settings
from streams.web.frame.broker import broker_within
from streams.web.routing.answers import RouteDecision, Routing

#: how long an answer serves everyone, and how long a request waits for one
FRESH_S = 10.0
PATIENCE_S = 8.0


class RoutingQueries:
    """Explains routing. One per process."""

    def __init__(self, settings: Settings, config: Config, database: Database) -> None:
        self._settings, self._config, self._database = settings, config, database

    async def routing(self, alert_id: str, language: Language) -> Routing:
        """What routing says of the alert on each route that takes it.

        Raises:
            KafkaUnreachableError: the broker is unreachable or too slow.
        """
        at_ms, found = await self._database.shared(
            ("routing", alert_id), FRESH_S, lambda: self._ask(alert_id)
        )
        decisions = tuple(self._decision(one, language) for one in found or ())
        return Routing(alert_id, at_ms, found is not None, decisions)

    def _decision(self, one: Explanation, language: Language) -> RouteDecision:
        receiver = self._config.alerting.receiver(one.receiver)
        return RouteDecision(
            route=one.route,
            receiver=one.receiver,
            channel=receiver.channel if receiver else "",
            group=one.group,
            action=one.decision.action.value,
            reason=one.decision.reason.value,
            text=one.text(language),
            until_ms=one.decision.until_ms,
        )

    async def _ask(self, alert_id: str) -> tuple[int, list[Explanation] | None]:
        try:
            async with broker_within(self._settings, PATIENCE_S):
                return now_ms(), await self._explained(alert_id)
        except KafkaError as error:
            raise KafkaUnreachableError(f"The broker at {self._settings.kafka} does not answer.") from error

    async def _explained(self, alert_id: str) -> list[Explanation] | None:
        """The explanations; None if the log does not hold the alert (any more)."""
        book, send_log = AlertBook(), SendLog(self._settings, "notifier")
        reader, facts = BookReader(self._settings, book), FactsReader(self._settings, self._config, now_ms)
        try:
            await reader.catch_up()
            alert = book.alerts.get(alert_id)
            if alert is None:
                return None
            await send_log.read()
            money = await facts.lost_in_base(alert)  # severity by money, as the notifier sees it
            if money is not None:
                book.lost_money[alert_id] = money
            return explain(alert_id, self._config, book, send_log, facts, now_ms())
        finally:
            await reader.close()
            await facts.close()
