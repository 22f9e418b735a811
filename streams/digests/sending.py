"""One turn of the digests: who is due, claim the day, make, send, settle.

A day is claimed in the send log before its mail is composed; so however many processes run, a subscriber gets one mail a day. A
process that dies between claim and settlement leaves the claim open; whoever comes next sends with the same Message-ID, by
which mail servers and programs recognise the repeat. A mail that a server rejects for good is settled as rejected and not
tried again that day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.message import EmailMessage

import structlog

from scoring.digest.schedule import Occurrence, due
from scoring.evaluation.schedule import DueReport, due_report
from scoring.evaluation.spans import span_name
from streams.channels import SendRejectedError, SendRetryableError
from streams.channels.mail import Post
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.config.evaluating import ReportConfig
from streams.config.model import Config
from streams.config.subscribers import SubscriberConfig
from streams.digests.composing import DigestComposer
from streams.digests.reports import ReportComposer, ReportNotReadyError, report_thread, waiting_reports
from streams.digests.unsubscribe import has_unsubscribed
from streams.incidents.send_log import SendLog, SendRecord
from streams.metrics import DIGESTS_FAILED, DIGESTS_LAST_SUCCESS, DIGESTS_OVERDUE, DIGESTS_SENT
from streams.settings import Settings

_log = structlog.get_logger()

SENT, REJECTED, BEFORE = "sent", "rejected", "before"
#: the form of a report, for metrics
REPORT = "report"
#: the longest wait between two attempts
MAX_BACKOFF_S = 600.0


@dataclass(frozen=True, slots=True)
class DueMail:
    """One mail that is due: the key it is remembered by, the day or period it is of, its Message-ID's key, and how it is made."""

    name: str
    thread: str
    form: str
    to: tuple[str, ...]
    key: str
    compose: Callable[[], Awaitable[tuple[EmailMessage, str]]]


class Digests:
    """Sends what is due, digests and reports. One instance leads at a time (``role.py``)."""

    def __init__(
        self,
        settings: Settings,
        config: Config,
        send_log: SendLog,
        composer: DigestComposer,
        post: Post,
        now_ms: Callable[[], int],
        reports: ReportComposer | None = None,
    ) -> None:
        self._settings, self._config, self._send_log = settings, config, send_log
        self._composer, self._post, self._now_ms = composer, post, now_ms
        self._reports = reports
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
        for one in self._config.reports:
            if self._send_log.records.get(report_thread(one.name)) is None:
                due_one = due_report(one.schedule, self._now_ms())
                period = span_name(due_one.span) if due_one else ""
                await self._send_log.write(
                    report_thread(one.name), SendRecord(self._now_ms(), thread=period, settled=BEFORE)
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
        waiting = [self._digest(subscriber, when) for subscriber, when in self.waiting()]
        waiting += self._due_reports()
        DIGESTS_OVERDUE.set(len(waiting))
        for due_mail in waiting:
            if self.may_claim and self._now_ms() >= self._not_before_ms.get(due_mail.name, 0):
                sent += await self._send(due_mail)
        DIGESTS_OVERDUE.set(len(waiting) - sent)
        return sent

    def _digest(self, subscriber: SubscriberConfig, when: Occurrence) -> DueMail:
        day = when.day.isoformat()
        key = digest_key(self._settings, subscriber, day)

        async def compose() -> tuple[EmailMessage, str]:
            composed = await self._composer.compose(subscriber, when, self._now_ms())
            return composed.mail(self._settings, key, self._now_ms()), composed.laid.said.subject

        return DueMail(subscriber.name, day, subscriber.form.value, subscriber.to, key, compose)

    def _due_reports(self) -> list[DueMail]:
        if self._reports is None:
            return []
        waiting = waiting_reports(self._config, self._send_log, self._now_ms())
        return [self._report(self._reports, one, due_one) for one, due_one in waiting]

    def _report(self, composer: ReportComposer, one: ReportConfig, due_one: DueReport) -> DueMail:
        name, period = report_thread(one.name), span_name(due_one.span)
        key = _key(self._settings, name, one.period, period)

        async def compose() -> tuple[EmailMessage, str]:
            composed = await composer.compose(one, due_one, self._now_ms())
            return composed.mail(self._settings, key, self._now_ms()), composed.subject

        return DueMail(name, period, REPORT, one.to, key, compose)

    async def _send(self, due_mail: DueMail) -> int:
        name, day, key, form = due_mail.name, due_mail.thread, due_mail.key, due_mail.form
        before = self._send_log.records.get(name)
        failures = before.failures if before and before.thread == day else 0
        await self._send_log.write(name, SendRecord(self._now_ms(), claim=key, thread=day, failures=failures))
        try:
            mail, subject = await due_mail.compose()
            await self._post.deliver(mail, due_mail.to)
        except (SendRetryableError, ClickHouseUnreachableError, ReportNotReadyError) as error:
            _log.warning("digest_waiting", subscriber=name, error=str(error), failures=failures + 1)
            await self._put_off(due_mail, failures + 1)
            return 0
        except SendRejectedError as error:
            DIGESTS_FAILED.labels(form).inc()
            _log.error("digest_rejected", subscriber=name, error=str(error))
            await self._send_log.write(name, SendRecord(self._now_ms(), thread=day, settled=REJECTED))
            return 0
        except Exception:  # what breaks one subscriber's digest must not cost the others theirs
            _log.exception("digest_failed", subscriber=name)
            await self._put_off(due_mail, failures + 1)
            return 0
        await self._send_log.write(
            name, SendRecord(self._now_ms(), thread=day, receipt=subject, settled=SENT)
        )
        DIGESTS_SENT.labels(form).inc()
        DIGESTS_LAST_SUCCESS.labels(form).set(self._now_ms() / 1000)
        _log.info("digest_sent", subscriber=name, day=day, subject=subject)
        return 1

    async def _put_off(self, due_mail: DueMail, failures: int) -> None:
        name, day = due_mail.name, due_mail.thread
        DIGESTS_FAILED.labels(due_mail.form).inc()
        wait_s = min(MAX_BACKOFF_S, 2.0 ** min(failures, 10))
        self._not_before_ms[name] = self._now_ms() + round(wait_s * 1000)
        await self._send_log.write(name, SendRecord(self._now_ms(), thread=day, failures=failures))


def digest_key(settings: Settings, subscriber: SubscriberConfig, day: str) -> str:
    """Equal for the same subscriber and day, so that a repeat carries the same Message-ID."""
    return _key(settings, subscriber.name, subscriber.form.value, day)


def _key(settings: Settings, name: str, form: str, thread: str) -> str:
    text = f"{settings.group_prefix}|digest|{name}|{form}|{thread}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
