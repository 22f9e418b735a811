"""An attribution as a page shows it, in one reader's words: tables of channels, campaigns, platforms and models, and what they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, format_decimal

from scoring.evaluation.attribution import texts
from scoring.evaluation.attribution.attributing import (
    BY_MANY_WAYS,
    LEAST_CONVERSIONS,
    LEAST_INTERACTIONS,
)
from scoring.evaluation.attribution.credits import CENT, AttributionModel, Credit, Ranged
from scoring.evaluation.attribution.lines import (
    AttributedLine,
    Attribution,
    AttributionLack,
    AttributionRefusal,
    Compared,
)
from scoring.evaluation.results import ORDERS, SALES
from scoring.evaluation.sentences import reading_name, say_rows
from scoring.wording.text import Language
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS
from streams.incidents.reader import LOCALES

#: lines of campaigns that a page shows; the others are in the view and in the API
MOST_CAMPAIGNS = 40
#: with which the ids of its numbers begin
ATTRIBUTION = "attribution:"


@dataclass(frozen=True, slots=True)
class AttributionRow:
    """One line of a table.

    Attributes:
        name: of the channel, campaign or platform.
        under: the channel or the platform of a campaign.
        cells: in the order of the table's heads.
        why: why figures are missing, each once.
        rows: where it comes from.
        ids: of the orders and of the spend behind it, for whoever asks for their rows.
    """

    name: str
    under: str
    cells: tuple[str, ...]
    why: tuple[str, ...]
    rows: tuple[str, ...]
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttributionView:
    """All that a page shows of an attribution. ``models`` are heads, then a line a channel; ``withheld`` says which are missing."""

    summary: tuple[str, ...]
    channels: tuple[AttributionRow, ...]
    campaigns: tuple[AttributionRow, ...]
    more_campaigns: int
    sources: tuple[AttributionRow, ...]
    models: tuple[str, ...]
    by_model: tuple[AttributionRow, ...]
    withheld: str
    notes: tuple[str, ...]


def attribution_view(found: Attribution, wording: EvaluationReader) -> AttributionView:
    """What a page shows of an attribution."""
    language = wording.language
    campaigns = sorted(found.campaigns, key=_weight, reverse=True)
    models = [model for model in AttributionModel if model not in found.withheld]
    return AttributionView(
        tuple(_summary(found, wording)),
        tuple(_row(found, line, "channel", wording) for line in found.channels),
        tuple(_row(found, line, "campaign", wording) for line in campaigns[:MOST_CAMPAIGNS]),
        max(0, len(campaigns) - MOST_CAMPAIGNS),
        tuple(_row(found, line, "source", wording) for line in found.sources),
        tuple(texts.MODEL_NAMES[model](language) for model in models),
        tuple(_by_model(found, line, models, wording) for line in found.channels if line.credits),
        _withheld(found, wording),
        tuple(note(language) for note in texts.ATTRIBUTION_NOTES),
    )


def line_id(line: AttributedLine, what: str) -> str:
    """The id of the orders, or of the spend, behind a line."""
    return f"{ATTRIBUTION}{what}|{line.channel}|{line.source}|{line.campaign}"


def line_with(found: Attribution, of: str) -> tuple[AttributedLine, int] | None:
    """The line with an id, and which of its rows; None if there is none."""
    for line in (*found.channels, *found.campaigns, *found.sources):
        for at, what in enumerate(_whats(line)):
            if line_id(line, what) == of:
                return line, at
    return None


def rows_name(of: str, language: Language) -> str:
    """What the rows of an id are of, for people."""
    if not of.startswith(ATTRIBUTION):
        return WORDS[f"result_{of}"](language) if of in (ORDERS, SALES) else reading_name(of, language)
    channel, source, campaign = [*of.split("|", 3), "", "", ""][1:4]
    return " · ".join(part for part in (channel_name(channel, language), source, campaign) if part)


def channel_name(channel: str, language: Language) -> str:
    """A channel for people; one that somebody named is as it was named."""
    known = texts.CHANNEL_NAMES.get(channel)
    return known(language) if known else channel


def exact_money(amount: Decimal | float, currency: str, language: Language) -> str:
    """An amount to the cent, or to the unit where the currency has no smaller one."""
    return str(format_currency(amount, currency, locale=LOCALES[language])) if currency else f"{amount:,.2f}"


def _whats(line: AttributedLine) -> list[str]:
    return ["spend" if row.relation == "report_rows" else "orders" for row in line.rows]


def _weight(line: AttributedLine) -> tuple[float, float, str]:
    """The costly first, then those with most orders."""
    spend = float(line.compared.spend or 0) if line.compared else 0.0
    credit = line.credits.get(AttributionModel.LAST)
    return spend, float(credit.orders) if credit else 0.0, line.campaign


def _summary(found: Attribution, wording: EvaluationReader) -> list[str]:
    language = wording.language
    if not found.orders:
        return [texts.NO_ORDERS(language)]
    lines = [
        texts.KNOWN_WAYS(
            language,
            orders=wording.count(found.orders),
            known=wording.count(found.known),
            share=wording.percent(found.known / found.orders),
        )
    ]
    if found.money is None or found.known_money is None:
        lines.append(texts.ATTRIBUTION_LACKS[AttributionLack.NO_RATE](language))
    elif found.currency and found.unpriced < found.orders:
        money, known = (
            exact_money(one, found.currency, language) for one in (found.money, found.known_money)
        )
        lines.append(texts.KNOWN_MONEY(language, money=money, known=known))
        base = found.base
        if base is not None and base.into != found.currency:
            amount = (found.money * base.rate).quantize(CENT)
            lines.append(
                texts.IN_BASE(language, day=base.day, money=exact_money(amount, base.into, language))
            )
    if found.unpriced:
        lines.append(texts.UNPRICED(language, n=wording.count(found.unpriced)))
    lines += [
        texts.RATE_USED(language, currency=one.currency, rate=f"{one.rate:.6g}", into=one.into, day=one.day)
        for one in found.rates
    ]
    if found.window is not None:
        zone = found.span.zone
        first, last = found.window[0], found.window[1] - 1
        lines.append(
            texts.AD_DAYS(
                language, first=wording.calendar_day(first, zone), last=wording.calendar_day(last, zone)
            )
        )
    return lines


def _row(found: Attribution, line: AttributedLine, kind: str, wording: EvaluationReader) -> AttributionRow:
    language, compared = wording.language, line.compared
    credit = line.credits.get(AttributionModel.LAST)
    name, under = channel_name(line.channel, language), ""
    if kind == "campaign":
        name, under = line.campaign or texts.NO_CAMPAIGN(language), line.source or name
    elif kind == "source":
        name = line.source
    cells = [
        wording.count(line.visits) if line.visits is not None else "–",
        *_credit_cells(found, credit, line, wording),
        *_compared_cells(compared, language, wording),
    ]
    ids = tuple(line_id(line, what) for what in _whats(line))
    return AttributionRow(
        name, under, tuple(cells), _why(compared, wording), say_rows(line.rows, wording), ids
    )


def _credit_cells(
    found: Attribution, credit: Credit | None, line: AttributedLine, wording: EvaluationReader
) -> tuple[str, str]:
    if credit is None:
        return ("0", "–") if line.visits else ("–", "–")
    said = _parts(credit.orders, wording)
    orders = f"{said} ({_plain(credit.low, wording)}–{_plain(credit.high, wording)})"
    if found.known_money is None or found.unpriced == found.orders:
        return orders, "–"
    return orders, exact_money(credit.money, found.currency, wording.language)


def _compared_cells(
    compared: Compared | None, language: Language, wording: EvaluationReader
) -> tuple[str, ...]:
    if compared is None:
        return ("–",) * 6

    def money(amount: Decimal | float) -> str:
        return exact_money(amount, compared.currency, language)

    claimed = compared.claimed_orders
    return (
        money(compared.spend) if compared.spend is not None else "–",
        _said(compared.cost, money),
        _said(compared.roas, lambda one: f"{one:.2f}"),
        f"{compared.claimed_roas:.2f}" if isinstance(compared.claimed_roas, float) else "–",
        _parts(claimed, wording) if claimed is not None else "–",
        _said(compared.claimed_share, lambda one: f"{one:.2f}"),
    )


def _said(figure: Ranged | AttributionRefusal, write: Callable[[float], str]) -> str:
    if isinstance(figure, AttributionRefusal):
        return "–"
    low, high = write(figure.low), write(figure.high)
    return f"{write(figure.value)} ({low}–{high})"


def _why(compared: Compared | None, wording: EvaluationReader) -> tuple[str, ...]:
    if compared is None:
        return ()
    figures = (compared.cost, compared.roas, compared.claimed_roas, compared.claimed_share)
    said = [say_why(one, wording) for one in figures if isinstance(one, AttributionRefusal)]
    return tuple(dict.fromkeys(said))


def say_why(one: AttributionRefusal, wording: EvaluationReader) -> str:
    """Why a figure is not given."""
    return texts.ATTRIBUTION_LACKS[one.lack](
        wording.language, have=wording.count(one.have), need=wording.count(one.need)
    )


def _by_model(
    found: Attribution,
    line: AttributedLine,
    models: Sequence[AttributionModel],
    wording: EvaluationReader,
) -> AttributionRow:
    cells = []
    for model in models:
        credit = line.credits.get(model)
        if credit is None:
            cells.append("–")
            continue
        said = (
            f"{_parts(credit.orders, wording)} ({_plain(credit.low, wording)}–{_plain(credit.high, wording)})"
        )
        if found.known_money is not None and found.currency and found.unpriced < found.orders:
            said += f" · {exact_money(credit.money, found.currency, wording.language)}"
        cells.append(said)
    return AttributionRow(channel_name(line.channel, wording.language), "", tuple(cells), (), (), ())


def _withheld(found: Attribution, wording: EvaluationReader) -> str:
    """Why models are missing."""
    lacks: Mapping[AttributionModel, tuple[AttributionRefusal, ...]] = found.withheld
    missing = next((lacks[model] for model in BY_MANY_WAYS if model in lacks), ())
    if not missing:
        return ""
    if any(one.lack is AttributionLack.NO_WAYS for one in missing):
        return texts.ATTRIBUTION_LACKS[AttributionLack.NO_WAYS](wording.language)
    return texts.MODEL_FLOOR(
        wording.language,
        orders=wording.count(found.recent[0]),
        least_orders=wording.count(LEAST_CONVERSIONS),
        visits=wording.count(found.recent[1]),
        least_visits=wording.count(LEAST_INTERACTIONS),
    )


def _parts(orders: Decimal, wording: EvaluationReader) -> str:
    """A number of orders, with the hundredths that sharing leaves."""
    return str(format_decimal(orders, format="#,##0.##", locale=LOCALES[wording.language]))


def _plain(value: float, wording: EvaluationReader) -> str:
    return wording.count(value) if value >= 20 else wording.decimal(value)
