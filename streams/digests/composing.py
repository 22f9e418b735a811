"""Composes one subscriber's digest: facts, judgement, words, pictures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import quote

from scoring.calendar.entries import CalendarEntry, calendar_between
from scoring.digest.judging import build_digest
from scoring.digest.schedule import Occurrence
from scoring.digest.sentences import calendar_span, say_digest
from scoring.digest.values import DigestFacts
from scoring.digest.worded import DigestContext
from streams.clickhouse.reader import Database
from streams.config.core import day_rules
from streams.config.model import Config
from streams.config.subscribers import SubscriberConfig
from streams.digests.layout import Addresses, LaidOut, digest_mail, lay_out
from streams.digests.queries import DigestQueries
from streams.digests.wording import DigestReaderWording
from streams.incidents.links import Link, sign
from streams.instance.files import read_instance, secret
from streams.settings import Settings

#: how long each query of a digest may take: a week of many stores is more than a page asks for
PATIENCE_S = 120.0
#: an unsubscribe link works for a year
UNSUBSCRIBE_MS = 366 * 86_400_000
UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class ComposedDigest:
    """A digest and who it is for."""

    subscriber: SubscriberConfig
    occurrence: Occurrence
    laid: LaidOut

    def mail(self, settings: Settings, key: str, sent_ms: int) -> EmailMessage:
        """The mail, with a Message-ID made from ``key``."""
        return digest_mail(self.laid, settings.mail_from, self.subscriber.to, key, sent_ms)


class DigestComposer:
    """Composes digests; holds the connection to ClickHouse."""

    def __init__(self, settings: Settings, config: Config) -> None:
        self._settings, self._config = settings, config
        self._database = Database(settings, timeout_s=PATIENCE_S)
        self._reads = DigestQueries(self._database, config)

    async def compose(self, subscriber: SubscriberConfig, when: Occurrence, made_ms: int) -> ComposedDigest:
        """The digest of ``when`` as of ``made_ms``.

        Raises:
            ClickHouseUnreachableError: ClickHouse does not answer.
        """
        facts = await self._reads.facts(subscriber, when, made_ms)
        addresses = self._addresses(subscriber, made_ms)

        def work() -> LaidOut:
            digest = build_digest(facts)
            countries = {store.country for store in facts.stores}
            context = DigestContext(
                wording=DigestReaderWording(subscriber.language, subscriber.zone),
                zone=subscriber.zone,
                form=subscriber.form,
                occurrence=when,
                made_ms=made_ms,
                calendar=(*self._own_days(facts, when), *calendar_between(countries, *calendar_span(when))),
                critical_money=self._config.alerting.critical_money,
                alert_url=lambda alert: self._page(f"/alerts/{quote(alert)}", subscriber, addresses),
                store_url=lambda store: self._page(f"/?store={quote(store)}", subscriber, addresses),
                evaluation_url=lambda store, length: self._page(
                    f"/stores/{quote(store)}/evaluation?period={length}", subscriber, addresses
                ),
            )
            return lay_out(digest, say_digest(digest, context), addresses)

        return ComposedDigest(subscriber, when, await asyncio.to_thread(work))

    def _own_days(self, facts: DigestFacts, when: Occurrence) -> tuple[CalendarEntry, ...]:
        """The business's own entries of the seven days that concern a store of this reader."""
        first, last = calendar_span(when)
        entries = (
            day.as_calendar()
            for day in day_rules(self._config).own
            if any(day.is_for(store.store_id, store.country) for store in facts.stores)
        )
        return tuple(entry for entry in entries if entry.first <= last and entry.last >= first)

    def _page(self, path: str, subscriber: SubscriberConfig, addresses: Addresses) -> str:
        if not addresses.page:
            return ""
        return f"{addresses.page.rstrip('/')}{path}{'&' if '?' in path else '?'}lang={subscriber.language}"

    def _addresses(self, subscriber: SubscriberConfig, made_ms: int) -> Addresses:
        settings = self._settings
        instance = read_instance(settings.data)
        page = settings.public_url or (instance.page_url if instance else "")
        unsubscribe = ""
        if page:
            key = settings.link_key.get_secret_value() or secret(settings.data, "link_key")
            link = Link("", UNSUBSCRIBE, subscriber.name, made_ms + UNSUBSCRIBE_MS)
            unsubscribe = f"{page.rstrip('/')}/unsubscribe/{sign(link, key)}?lang={subscriber.language}"
        _, sender = parseaddr(settings.mail_from)
        by_mail = f"mailto:{sender}?subject={quote(f'unsubscribe {subscriber.name}')}" if sender else ""
        return Addresses(page, unsubscribe, by_mail)

    async def close(self) -> None:
        """Close the connection."""
        await self._database.close()
