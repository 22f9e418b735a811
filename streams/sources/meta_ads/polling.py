"""What is asked for: figures by day and by hour of the account's own clock, asked again for 28 days, and ads that are rejected."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scoring.funnel.units import DAY_MS
from scoring.records.report_rules import is_complete
from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.json_values import UnreadableValueError, json_text, moment_of, read_json, text_of
from streams.sources.asking import AnswerGarbledError, HttpAnswer, HttpRequest, PlatformApi
from streams.sources.market_asking import ends_of
from streams.sources.meta_ads.config import MetaAdsConnection
from streams.sources.meta_ads.mapping import ADS, DAYS, HOURLY, HOURS, KEPT, PLATFORM, REJECTED
from streams.sources.source import Poll, PolledRow, PollPage, polled_row

#: days in which Meta still credits actions to ads
_RESTATED_DAYS = 28
_A_DAY_S = DAY_MS / 1000
_FIELDS = "account_currency,date_start,date_stop,spend,impressions,clicks,inline_link_clicks"
#: nobody's clicks are people's: reach and actions cannot be had by hour
_FIELDS_OF_DAYS = f"{_FIELDS},reach,actions,action_values"
_ROWS, _PAGES_OF_ADS = 500, 40


def polls(config: MetaAdsConnection) -> tuple[Poll, ...]:
    """The resources of a connection."""
    first_s = config.first_days * _A_DAY_S
    return (
        Poll(
            DAYS,
            PollPlan(3600.0, 7 * _A_DAY_S, 3 * _A_DAY_S, 0.0, first_s),
            partial(figures_page, config, DAYS),
            scope="ads_read",
            restated_days=_RESTATED_DAYS,
            version=config.version,
            only=KEPT,
        ),
        Poll(
            HOURS,
            PollPlan(config.interval_s, _A_DAY_S, _A_DAY_S, 0.0, min(first_s, 2 * _A_DAY_S)),
            partial(figures_page, config, HOURS),
            scope="ads_read",
            restated_days=_RESTATED_DAYS,
            version=config.version,
            only=KEPT,
        ),
        Poll(
            ADS,
            PollPlan(config.interval_s, _A_DAY_S, 0.0, 0.0, config.interval_s),
            partial(rejected_ads, config),
            has_past=False,
            scope="ads_read",
            version=config.version,
            only=KEPT,
        ),
    )


# ---------------------------------------------------------------- figures


async def figures_page(
    config: MetaAdsConnection, resource: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """One page of the figures of the days that a window touches, on the account's own clock."""
    zone, _, after = mark.partition(" ")
    zone = zone or await _zone(config, api)
    first, last = ends_of(window, zone)
    query = {
        "level": "account",
        "fields": _FIELDS_OF_DAYS if resource == DAYS else _FIELDS,
        "time_range": json_text({"since": first.isoformat(), "until": last.isoformat()}),
        "time_increment": "1",
        "use_unified_attribution_setting": "true",
        "limit": str(_ROWS),
        **({"breakdowns": HOURLY} if resource == HOURS else {}),
        **({"after": after} if after else {}),
    }
    answer = await api.ask(HttpRequest(config.address("/insights"), query=tuple(query.items())))
    rows, after = _listed(answer)
    try:
        made = [_figures(row, zone, api.now_ms) for row in rows]
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    return PollPage(rows=made, next_mark=f"{zone} {after}" if after else "", served=_served(answer))


async def _zone(config: MetaAdsConnection, api: PlatformApi) -> str:
    """The account's zone: days and hours are its."""
    answer = await api.ask(HttpRequest(config.address(), query=(("fields", "timezone_name"),)))
    content = answer.json()
    name = content.get("timezone_name") if isinstance(content, dict) else None
    try:
        ZoneInfo(name if isinstance(name, str) else "")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise AnswerGarbledError(f"{answer.host} does not say the account's time zone") from error
    return str(name)


def _figures(row: dict[str, Any], zone: str, now_ms: int) -> PolledRow:
    """A row with what makes it readable later: the zone, and whether its day is complete, which changes without a figure."""
    day, hour = text_of(row.get("date_start"), "date_start"), text_of(row.get(HOURLY), HOURLY)
    try:
        after = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), ZoneInfo(zone))
    except ValueError as error:
        raise UnreadableValueError(f"`date_start`: {error}") from error
    ends_ms = round(after.timestamp() * 1000)
    content = {**row, "zone": zone, "complete": is_complete(PLATFORM, ends_ms, now_ms)}
    return polled_row(f"{day} {hour[:2]}".strip(), content, min(ends_ms, now_ms))


def _listed(answer: HttpAnswer) -> tuple[list[dict[str, Any]], str]:
    """The rows of a page, and where the next one begins: never by its address, which carries the token."""
    content = answer.json()
    rows = content.get("data") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AnswerGarbledError(f"{answer.host} answered with no list: not an empty answer")
    paging = content.get("paging")
    if not isinstance(paging, dict) or "next" not in paging:
        return rows, ""
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if not isinstance(after, str) or not after:
        raise AnswerGarbledError(f"{answer.host}: there is a next page, but no cursor to it")
    return rows, after


def _served(answer: HttpAnswer) -> str:
    """The version that was served: a retired one is answered by a newer one."""
    return answer.headers.get("facebook-api-version", "")


# ---------------------------------------------------------------- rejected ads


async def rejected_ads(
    config: MetaAdsConnection, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """Ads that are rejected now, and those that were at the poll before and are not now: which, is the cursor's mark."""
    before = _before(window.mark)
    found, served, after = {}, "", ""
    for _ in range(_PAGES_OF_ADS):
        query = (
            ("fields", "id,effective_status,updated_time,ad_review_feedback"),
            ("effective_status", f'["{REJECTED}"]'),
            ("limit", "100"),
            *((("after", after),) if after else ()),
        )
        answer = await api.ask(HttpRequest(config.address("/ads"), query=query))
        rows, after = _listed(answer)
        served = _served(answer) or served
        try:
            found.update({text_of(row.get("id"), "id"): row for row in rows})
        except UnreadableValueError as error:
            raise AnswerGarbledError(f"{answer.host}: {error}") from error
        if not after:
            break
    else:
        raise AnswerGarbledError(f"the list of rejected ads of act_{config.account} does not end")
    since = {ad: before.get(ad) or _since(row, api.now_ms) for ad, row in found.items()}
    made = [_rejected(ad, {**row, "since": since[ad], "until": 0}) for ad, row in found.items()]
    gone = {ad: at_ms for ad, at_ms in before.items() if ad not in found}
    made += [_rejected(ad, {"id": ad, "since": at_ms, "until": api.now_ms}) for ad, at_ms in gone.items()]
    return PollPage(rows=made, cursor_mark=json_text(since), served=served)


def _before(mark: str) -> dict[str, int]:
    content = read_json(mark) if mark else {}
    return {str(ad): int(at_ms) for ad, at_ms in content.items()} if isinstance(content, dict) else {}


def _since(row: dict[str, Any], now_ms: int) -> int:
    """When an ad was rejected: no later than it was changed last."""
    try:
        return min(moment_of(row.get("updated_time"), "updated_time", UTC.tzname(None)) or now_ms, now_ms)
    except UnreadableValueError:
        return now_ms


def _rejected(ad: str, row: dict[str, Any]) -> PolledRow:
    feedback = row.pop("ad_review_feedback", None)
    policies = feedback.get("global") if isinstance(feedback, dict) else None
    row["policies"] = sorted(str(name)[:80] for name in policies) if isinstance(policies, dict) else []
    return polled_row(ad, row, int(row["until"] or row["since"]))
