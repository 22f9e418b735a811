"""One turn of the digests: who is due, claim the day, make, send, settle.

A day is claimed in the send log before its mail is composed; so however many processes run, a subscriber gets one mail a day. A
process that dies between claim and settlement leaves the claim open; whoever comes next sends with the same Message-ID, by
which mail servers and programs recognise the repeat. A mail that a server rejects for good is settled as rejected and not
tried again that day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import structlog

from scoring.digest.schedule import Occurrence, due
from streams.channels import SendRejectedError, SendRetryableError
from streams.channels.mail import Post
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.config.model import Config
from streams.config.subscribers import SubscriberConfig
from streams.digests.composing import DigestComposer
from streams.digests.unsubscribe import has_unsubscribed
from streams.incidents.send_log import SendLog, SendRecord
from streams.metrics import DIGESTS_FAILED, DIGESTS_LAST_SUCCESS, DIGESTS_OVERDUE, DIGESTS_SENT
from streams.settings import Settings

_log = structlog.get_logger()

SENT, REJECTED, BEFORE = "sent", "rejected", "before"
#: the longest wait between two attempts
MAX_BACKOFF_S = 600.0


class Digests:
    """Sends what is due. One instance leads at a time (``role.py``)."""

    def __init__(
        self,
        settings: Settings,
        config: Config,
        send_log: SendLog,
        composer: DigestComposer,
        post: Post,
        now_ms: Callable[[], int],
    ) -> None:
        self._settings, self._config, self._send_log = settings, config, send_log
        self._composer, self._post, self._now_ms = composer, post, now_ms
        self._not_before_ms: dict[str, int] = {}
        #: False once the group gave the lead to another: what is under way is settled, nothing more is begun
        self.may_claim = True

    async def begin(self) -> None:
        """Note when each new subscriber begins: what was due before is of days on which nobody had asked for it.

        Raises:
            LogFencedError: another process leads now.
        """
        for subscriber in self._config.digests:
            if self._send_log.records.get(subscriber.name) is None:
                when = due(subscriber.schedule, self._now_ms())
                day = when.day.isoformat() if when else ""
                await self._send_log.write(
                    subscriber.name, SendRecord(self._now_ms(), thread=day, settled=BEFORE)
                )

    def waiting(self) -> list[tuple[SubscriberConfig, Occurrence]]:
        """Who is due and has not been sent the day's digest."""
        found = []
        for subscriber in self._config.digests:
            if has_unsubscribed(self._send_log, subscriber.name):
                continue
            when = due(subscriber.schedule, self._now_ms())
            record = self._send_log.records.get(subscriber.name)
            if when is not None and not (record and record.thread == when.day.isoformat() and record.settled):
                found.append((subscriber, when))
        return found

    async def turn(self) -> int:
        """Send what is due; the number of mails sent.

        Raises:
            LogFencedError: another process leads now.
        """
        sent = 0
        waiting = self.waiting()
        DIGESTS_OVERDUE.set(len(waiting))
        for subscriber, when in waiting:
            if self.may_claim and self._now_ms() >= self._not_before_ms.get(subscriber.name, 0):
                sent += await self._send(subscriber, when)
        DIGESTS_OVERDUE.set(len(waiting) - sent)
        return sent

    async def _send(self, subscriber: SubscriberConfig, when: Occurrence) -> int:
        name, day = subscriber.name, when.day.isoformat()
        before = self._send_log.records.get(name)
        failures = before.failures if before and before.thread == day else 0
        key = digest_key(self._settings, subscriber, day)
        await self._send_log.write(name, SendRecord(self._now_ms(), claim=key, thread=day, failures=failures))
        form = subscriber.form.value
        try:
            composed = await self._composer.compose(subscriber, when, self._now_ms())
            await self._post.deliver(composed.mail(self._settings, key, self._now_ms()), subscriber.to)
        except (SendRetryableError, ClickHouseUnreachableError) as error:
            _log.warning("digest_waiting", subscriber=name, error=str(error), failures=failures + 1)
            await self._put_off(subscriber, day, failures + 1)
            return 0
        except SendRejectedError as error:
            DIGESTS_FAILED.labels(form).inc()
            _log.error("digest_rejected", subscriber=name, error=str(error))
            await self._send_log.write(name, SendRecord(self._now_ms(), thread=day, settled=REJECTED))
            return 0
        except Exception:  # what breaks one subscriber's digest must not cost the others theirs
            _log.exception("digest_failed", subscriber=name)
            await self._put_off(subscriber, day, failures + 1)
            return 0
        await self._send_log.write(
            name, SendRecord(self._now_ms(), thread=day, receipt=composed.laid.said.subject, settled=SENT)
        )
        DIGESTS_SENT.labels(form).inc()
        DIGESTS_LAST_SUCCESS.labels(form).set(self._now_ms() / 1000)
        _log.info("digest_sent", subscriber=name, day=day, subject=composed.laid.said.subject)
        return 1

    async def _put_off(self, subscriber: SubscriberConfig, day: str, failures: int) -> None:
        DIGESTS_FAILED.labels(subscriber.form.value).inc()
        wait_s = min(MAX_BACKOFF_S, 2.0 ** min(failures, 10))
        self._not_before_ms[subscriber.name] = self._now_ms() + round(wait_s * 1000)
        await self._send_log.write(subscriber.name, SendRecord(self._now_ms(), thread=day, failures=failures))


def digest_key(settings: Settings, subscriber: SubscriberConfig, day: str) -> str:
    """Equal for the same subscriber and day, so that a repeat carries the same Message-ID."""
    text = f"{settings.group_prefix}|digest|{subscriber.name}|{subscriber.form.value}|{day}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
