"""A report by mail: what is due, and its mail with the PDF attached."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from pathlib import Path

from scoring.evaluation.schedule import DueReport, due_report
from scoring.evaluation.spans import SpanLength, span_name
from streams.channels.mail import new_mail
from streams.clickhouse.reader import Database
from streams.config.evaluating import ReportConfig
from streams.config.model import Config
from streams.digests.composing import PATIENCE_S
from streams.errors import StateError
from streams.evaluation.page import stored_view
from streams.evaluation.pdf import NoPrinterError, print_pdf
from streams.evaluation.reporting import MadeReport, group_report, known_stores, store_report
from streams.evaluation.words import WORDS
from streams.incidents.send_log import SendLog
from streams.settings import Settings


class ReportNotReadyError(StateError):
    """Raised where nothing is known yet of the period of a report. It is tried again later."""


@dataclass(frozen=True, slots=True)
class ComposedReport:
    """A report and who it is for. ``pdf`` is None where nothing here can print one: then the page is attached."""

    config: ReportConfig
    due: DueReport
    made: MadeReport
    subject: str
    lines: tuple[str, ...]
    pdf: bytes | None

    def mail(self, settings: Settings, key: str, sent_ms: int) -> EmailMessage:
        """The mail, with a Message-ID made from ``key``."""
        mail = new_mail(self.subject, settings.mail_from, self.config.to, key, sent_ms)
        mail.set_content("\n".join((self.subject, "", *self.lines)) + "\n")
        listed = "".join(f"<p>{escape(line)}</p>" for line in self.lines)
        mail.add_alternative(f"<h1>{escape(self.subject)}</h1>{listed}", subtype="html")
        name = f"{self.config.name}-{span_name(self.due.span).partition('/')[0]}"
        if self.pdf is not None:
            mail.add_attachment(self.pdf, maintype="application", subtype="pdf", filename=f"{name}.pdf")
        else:
            mail.add_attachment(self.made.page, subtype="html", filename=f"{name}.html")
        return mail


def report_thread(name: str) -> str:
    """The name under which a report is remembered; no subscriber's name holds a bar."""
    return f"report|{name}"


def waiting_reports(config: Config, send_log: SendLog, now_ms: int) -> list[tuple[ReportConfig, DueReport]]:
    """The reports that are due and have not been sent."""
    found = []
    for one in config.reports:
        due = due_report(one.schedule, now_ms)
        record = send_log.records.get(report_thread(one.name))
        if due is not None and not (record and record.thread == span_name(due.span) and record.settled):
            found.append((one, due))
    return found


class ReportComposer:
    """Composes reports; holds the connection to ClickHouse."""

    def __init__(self, settings: Settings, config: Config) -> None:
        self._config = config
        self._database = Database(settings, timeout_s=PATIENCE_S)

    async def compose(self, asked: ReportConfig, due: DueReport, at_ms: int) -> ComposedReport:
        """The report of a period as of ``at_ms``.

        Raises:
            ReportNotReadyError: of no store is the period known.
            ClickHouseUnreachableError: ClickHouse does not answer.
        """
        stores = self._config.chosen(asked.stores, asked.group)
        length = SpanLength(asked.period)
        known, missing = await known_stores(
            self._database, self._config, stores, length, at_ms, due.span.end_ms
        )
        if not known:
            raise ReportNotReadyError(
                f"nothing is known yet of {span_name(due.span)}: {', '.join(missing[:5])}"
            )

        def work() -> ComposedReport:
            is_one = len(stores) == 1
            name = asked.group or asked.name
            made = (
                store_report(known[0], asked.language)
                if is_one
                else group_report(name, known, missing, asked.language)
            )
            title = known[0].config.name or known[0].config.id if is_one else name
            subject = WORDS["mail_subject"](asked.language, name=title, period=span_name(due.span))
            pdf = _printed(made.page)
            return ComposedReport(asked, due, made, subject, _lines(made, asked, pdf is not None), pdf)

        return await asyncio.to_thread(work)

    async def close(self) -> None:
        """Close the connection."""
        await self._database.close()


def _printed(page: str) -> bytes | None:
    with tempfile.TemporaryDirectory() as folder:
        html, pdf = Path(folder) / "report.html", Path(folder) / "report.pdf"
        html.write_text(page, "utf-8")
        try:
            print_pdf(html, pdf)
        except NoPrinterError:
            return None
        return pdf.read_bytes()


def _lines(made: MadeReport, asked: ReportConfig, has_pdf: bool) -> tuple[str, ...]:
    """What the mail itself says: of each store its health, what is lowest, what was lost, how its targets came out."""
    language, lines = asked.language, []
    for one in made.known:
        view = stored_view(one, language)
        health = f"{WORDS['health'](language)}: {view.health.said}"
        weak = view.seen.weak[0][0] if view.seen.weak else WORDS["none_weak"](language)
        said = [health, weak, f"{WORDS['loss'](language)}: {view.lost}"]
        said += [f"{target.name}: {target.said}" for target in view.targets]
        lines.append(f"{view.called} · " + " · ".join(said))
    lines += [f"{store}: {WORDS['group_missing'](language)}" for store in made.missing]
    lines.append(WORDS["mail_pdf" if has_pdf else "mail_page"](language))
    return tuple(lines)
