"""The mail of a digest, made from rows in the real engine: parts, pictures, numbers, addresses."""

import asyncio
import base64
import io
import itertools
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from typer.testing import CliRunner

from scoring.digest.judging import build_digest
from scoring.digest.schedule import day_start, local_day, occurrence_now
from scoring.digest.sentences import say_digest
from scoring.digest.values import StageBar
from scoring.evaluation.spans import SpanLength, last_spans, span_name
from scoring.funnel.stages import Stage
from scoring.funnel.trade import Trade, trade_figures
from streams.cli.main import app
from streams.config.subscribers import SubscriberConfig
from streams.digests import pictures
from streams.digests.composing import ComposedDigest, DigestComposer
from streams.digests.layout import Addresses, lay_out
from streams.settings import Settings
from tests.fixtures import web_seed
from tests.fixtures.clickhouse import Databases, Store
from tests.fixtures.digest_facts import alert, context, facts, shop
from tests.fixtures.page import page_settings
from tests.fixtures.report_seed import insert_reports

ZONE = "Asia/Shanghai"
MADE: dict[tuple[str, str], ComposedDigest] = {}


@pytest.fixture(scope="module")
def moment() -> int:
    """Twenty minutes after midnight in the reader's zone, so that the seeded hours hold the whole day before."""
    now_ms = time.time_ns() // 1_000_000
    return day_start(local_day(now_ms, ZONE), ZONE) + 20 * 60_000


@pytest.fixture(scope="module")
def database(clickhouse: Store, databases: Databases) -> Iterator[str]:
    with databases.lent(clickhouse) as name:
        yield name


@pytest.fixture(scope="module")
def settings(
    clickhouse: Store, database: str, tmp_path_factory: pytest.TempPathFactory, moment: int
) -> Settings:
    settings = page_settings(
        clickhouse, tmp_path_factory.mktemp("digests"), clickhouse_database=database, public_url="https://fw.example.com",
        mail_from="Funnelwatch <fw@shop.example>",
    )  # fmt: skip
    client = clickhouse.client(database)
    before, web_seed.FALL_MINUTES = (
        web_seed.FALL_MINUTES,
        300,
    )  # the fall is the last hours of the day it covers
    web_seed.seed(client, moment)
    insert_reports(client, moment)
    insert_evaluations(client, moment)
    web_seed.FALL_MINUTES = before
    return settings


def insert_evaluations(client: Any, moment: int) -> None:
    """Two months of us-own: 61 points after 50, by shipping alone; of tw-shopee one month in which too little is measured."""
    columns = (
        "store_id",
        "period",
        "period_start",
        "period_end",
        "zone",
        "days",
        "kind",
        "name",
        "comparator",
    )
    numbers = ("score", "low", "high", "coverage", "reason", "is_headline", "weights_version", "evaluated_at")
    at, rows = datetime.fromtimestamp(moment / 1000, UTC), []

    def row(store: str, back: int, kind: str, name: str, score: float | None, coverage: float | None) -> None:
        span = last_spans(moment, ZONE, SpanLength.MONTH, 2)[back]
        begun, ended = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (span.start_ms, span.end_ms))
        bounds = [None, None] if score is None else [score - 4, score + 4]
        known = [store, "month", begun, ended, ZONE, span_name(span), kind, name, "own", score]
        rows.append([*known, *bounds, coverage, "" if score else "low_coverage", 1, 1, at])

    for back, (health, shipping) in enumerate(((61.0, 72.0), (50.0, 50.0))):
        row("us-own", back, "health", "health", health, 0.7)
        row("us-own", back, "dimension", "logistics", shipping, 0.8)
        row("us-own", back, "dimension", "returns", 50.0, 0.8)
    row("de-shopify", 0, "health", "health", None, 0.21)
    client.insert("evaluations_raw", rows, column_names=[*columns, *numbers])
    _insert_targets(client, moment)


def _insert_targets(client: Any, moment: int) -> None:
    """Two targets of the newest month, one missed; and one that the newest evaluation no longer has."""
    span = last_spans(moment, ZONE, SpanLength.MONTH, 1)[0]
    begun, ended, at = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (span.start_ms, span.end_ms, moment))
    period, whole = ["us-own", "month", begun], [ended, ZONE, span_name(span)]
    targets = [
        ["step", "order_to_payment", "missed", 0.9, at],
        ["indicator", "logistics.time_to_ship", "met", 48.0, at],
        ["indicator", "returns.refunds", "missed", 0.01, at - timedelta(hours=1)],
    ]
    names = ["store_id", "period", "period_start", "period_end", "zone", "days", "comparator", "kind", "name", "reason", "target", "evaluated_at"]  # fmt: skip
    client.insert("evaluations_raw", [[*period, *whole, "target", *one] for one in targets], column_names=names)  # fmt: skip
    figures = [
        ["step:order_to_payment", "rate", 0.62],
        ["logistics.time_to_ship", "duration", 30.5],
        ["returns.refunds", "rate", 0.05],
    ]
    names = ["store_id", "period", "period_start", "name", "figure_kind", "value", "evaluated_at"]
    client.insert("indicators_raw", [[*period, *one, at] for one in figures], column_names=names)


def subscriber(**more: Any) -> SubscriberConfig:
    return SubscriberConfig(
        **{"name": "li", "to": ("li@shop.example",), "zone": ZONE, "language": "zh", **more}
    )


@pytest.fixture
def make(settings: Settings, moment: int) -> Any:
    """Make a digest of the seeded day; the same one is made once."""

    def work(**more: Any) -> ComposedDigest:
        key = (str(sorted(more.items())), "")
        if key not in MADE:
            MADE[key] = asyncio.run(once(subscriber(**more)))
        return MADE[key]

    async def once(whom: SubscriberConfig) -> ComposedDigest:
        composer = DigestComposer(settings, web_seed.CONFIG)
        try:
            return await composer.compose(whom, occurrence_now(whom.schedule, moment), moment)
        finally:
            await composer.close()

    return work


def pixels(png: bytes) -> np.ndarray:
    return matplotlib.image.imread(io.BytesIO(png), format="png")


def test_the_worst_store_comes_first_with_its_fall_against_what_was_expected(make: Any) -> None:
    rows = make().laid.said.rows
    assert (rows[0].name, rows[0].verdict) == ("US-独立站", "需处理")
    assert re.fullmatch(r"−[\d.]+%", rows[0].change)
    assert -0.3 < (rows[0].row.change or 0) < -0.04
    assert rows[0].detail.startswith("下单 → 支付 −")
    by_name = {row.name: row for row in rows}
    assert by_name["DE Shopify"].verdict == "已恢复"
    assert by_name["TH Lazada"].change == "样本太少"
    assert by_name["新店（未开业）"].verdict == "尚无数据"
    assert make().laid.said.subject.endswith("：1 家需处理 · 1 家已恢复 · 4 家正常 · 2 家数据不足")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", r"61 分（57–65）.*和自己过去比 · 比上一期高 11 分（7–15）；变化最大的是物流时效：\+22 分 · 目标 2 项，未达标 1 项：下单 → 支付差 28 个百分点"),
        ("en", r"61 points \(57–65\).*against its own past · 11 points above the period before \(7–15\); the largest change: Logistics, \+22 points · 1 of 2 targets missed: Orders → Payments by 28 pp"),
    ],
)  # fmt: skip
def test_a_store_that_was_evaluated_has_a_line_of_health_and_of_what_changed(
    make: Any, language: str, said: str
) -> None:
    laid = make(language=language).laid
    assert [bool(line) for line in (item.lines for item in laid.said.health)] == [True, False]
    for text in (laid.text, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", laid.html))):
        assert re.search(said, text), text
        assert "21%" in text
    assert (
        laid.said.health[0].url
        == f"https://fw.example.com/stores/us-own/evaluation?period=month&lang={language}"
    )
    assert make(language=language, stores=("jp-amazon",)).laid.said.health == ()


def test_money_place_people_and_owner_are_shown_with_what_matters(make: Any) -> None:
    matter = make(language="en").laid.said.matters[0]
    assert re.search(r"about 260 fewer payments \(172–348\), about \$\d\d,\d00", matter.lines[0])
    assert matter.lines[1].startswith("mainly iOS × paid (74%)")
    assert "unassigned" in matter.lines[2]
    assert matter.lines[3].startswith("Payments: ")
    assert matter.url == "https://fw.example.com/alerts/al-us-payments?lang=en"


def test_a_stage_that_nobody_supplies_has_no_line_in_the_funnel_and_no_value_in_the_radar(make: Any) -> None:
    made = make(stores=("jp-*",))
    assert [row.name for row in made.laid.said.rows] == ["JP Amazon"]
    assert "曝光" not in [stage.name for stage in made.laid.said.stages]
    assert made.laid.said.axes[0] == "点击 未测"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_plain_text_is_complete_in_itself(make: Any, language: str) -> None:
    made = make(language=language)
    said, text = made.laid.said, made.laid.text
    for part in (said.result, said.period, *said.data, said.definitions, said.version):
        assert part in text
    for row in said.rows:
        assert f"- {row.name} · {row.verdict}" in text
    for stage in said.stages:
        assert f"{stage.name}: {stage.count}" in text
    assert said.reports
    for item in (*said.matters, *said.incidents, *said.reports):
        assert item.title in text
        assert all(line in text for line in item.lines)
    assert "<" not in text.replace("<https", "")


def test_the_newest_complete_day_of_a_platform_is_in_both_parts_and_is_not_counted(make: Any) -> None:
    made = make(language="en")
    (reported,) = made.laid.said.reports
    assert reported.title.startswith("SG Shopee · Shopee · ")
    assert reported.lines[0].startswith("Visitors 1,020 · Page views 4,080 · Orders 34 · Revenue ")
    assert reported.lines[0] in made.laid.html
    assert make(language="en", form="weekly").laid.said.reports == ()
    row = next(one for one in made.laid.said.rows if one.name == "SG Shopee")
    assert row.row.store.counts["order"] != 34


def test_every_picture_is_drawn_is_in_the_mail_and_has_its_numbers_as_text(
    make: Any, settings: Settings
) -> None:
    made = make()
    mail = message_from_bytes(made.mail(settings, "key", 0).as_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    images = re.findall(r'<img[^>]*src="cid:([^"]+)"[^>]*>', html)
    alts = re.findall(r'<img[^>]*alt="([^"]*)"', html)
    parts = {
        part["Content-ID"].strip("<>"): part for part in mail.walk() if part.get_content_type() == "image/png"
    }
    assert set(images) == set(parts)
    assert len(images) == 2 + 4  # a line for each store that is not quiet; funnel and radar in light and dark
    assert all(re.search(r"\d.*\d", alt) for alt in alts)
    assert len(alts) == len(images)
    for part in parts.values():
        assert part.get_content_disposition() == "inline"
        picture = pixels(part.get_content())
        assert picture.std() > 0.05  # not blank
        assert picture.shape[0] >= 60


def many(stores: int, language: str) -> Any:
    """A digest of many stores of which a dozen need somebody."""
    sold = trade_figures({"x": Trade(2e5, 3e4, 9.5e6, 3e4)}, {"x": Trade(1, 1, 1, 1)}, {}, {"x"}, set())
    shops = [shop(f"store-{n:02}", 60, trade=sold, currency="THB") for n in range(stores)]
    given = facts(*shops, alerts=tuple(alert(f"store-{n:02}") for n in range(12)))
    digest = build_digest(given)
    page = "https://funnelwatch.example.com"
    around = context(given, language, store_url=lambda store: f"{page}/?store={store}&lang={language}")
    return lay_out(digest, say_digest(digest, around), Addresses(page))


def test_a_mail_of_many_stores_shows_every_picture_and_is_not_cut_off() -> None:
    laid = many(60, "zh")
    page = laid.page()
    sources = re.findall(r'<img[^>]*src="([^"]+)"', page)
    assert len([name for name in laid.pictures if name.startswith("spark")]) == 12
    for source in sources:
        assert (
            base64.b64decode(source.removeprefix("data:image/png;base64,"), validate=True)[:4] == b"\x89PNG"
        )
    assert len(sources) == len(laid.pictures)
    assert len(laid.html.encode()) < 100_000  # Gmail cuts longer ones off


def test_the_html_is_for_dark_readers_and_phones_too(make: Any) -> None:
    html = make().laid.html
    assert "prefers-color-scheme: dark" in html
    assert "max-width: 520px" in html
    assert '<html lang="zh-CN">' in html
    assert len(html.encode()) < 100_000  # Gmail cuts longer ones off


def test_a_reader_can_be_left_out_with_one_press_of_the_mail_program(make: Any, settings: Settings) -> None:
    mail = make().mail(settings, "key", 0)
    assert "<mailto:fw@shop.example?subject=unsubscribe%20li>" in mail["List-Unsubscribe"]
    assert mail["List-Unsubscribe"].startswith("<https://fw.example.com/unsubscribe/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert make().mail(settings, "key", 1)["Message-ID"] == mail["Message-ID"]
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_weekly_digest_covers_seven_days(make: Any, moment: int) -> None:
    made = make(form="weekly")
    when = made.occurrence
    assert (when.to_ms - when.from_ms) // 86_400_000 == 7
    assert "周报" in made.laid.said.subject
    assert re.search("[0-9]+ 家店中 [0-9]+ 家数据完整", made.laid.said.data[0])
    assert len(made.laid.said.rows[0].row.line) == 28


def test_chinese_is_drawn_with_a_font_that_has_it_and_else_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if pictures.chinese_font() is None:
        pytest.skip("no Chinese font on this machine: pictures carry no words here")
    bars = [StageBar(Stage.CLICK, 100, 120.0)]
    drawn = [pixels(pictures.funnel(bars, [name], [""], [""], pictures.LIGHT)) for name in ("", "曝", "履")]
    # three pictures: no word, one character, another one; an empty box would make the last two equal
    assert not any(np.array_equal(a, b) for a, b in itertools.combinations(drawn, 2))
    monkeypatch.setattr(pictures, "chinese_font", lambda: None)
    assert (pictures.can_write("曝光"), pictures.can_write("Orders")) == (False, True)


def test_a_font_that_was_installed_after_matplotlib_made_its_list_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    latin = [e for e in pictures.font_manager.fontManager.ttflist if e.name == pictures.LATIN_FONT]
    monkeypatch.setattr(pictures.font_manager.fontManager, "ttflist", latin)
    pictures.chinese_font.cache_clear()
    try:
        assert pictures.chinese_font() in pictures.CHINESE_FONTS
    finally:
        pictures.chinese_font.cache_clear()


def test_preview_writes_files_and_schedule_shows_the_readers_clock(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "funnelwatch.yaml").write_text(
        "digests: [{name: li, to: [li@shop.example], zone: America/Los_Angeles, hour: 7:30, days: [mon], form: weekly}]"
    )
    for name, value in {
        "DATA": str(tmp_path), "KAFKA": "127.0.0.1:9", "CLICKHOUSE_URL": settings.clickhouse_url, "CLICKHOUSE_DATABASE": settings.clickhouse_database,
        "CLICKHOUSE_READER_PASSWORD": settings.clickhouse_reader_password.get_secret_value(),
    }.items():  # fmt: skip
        monkeypatch.setenv(f"FUNNELWATCH_{name}", value)

    ran = CliRunner().invoke(app, ["digest", "schedule", "--next", "2"])
    assert ran.exit_code == 0, ran.output
    assert len(re.findall(r"Mon \d{4}-\d\d-\d\d 07:30 -0[78]00", ran.output)) == 2
    ran = CliRunner().invoke(app, ["digest", "preview", "li", "--form", "daily", "--language", "zh"])
    assert ran.exit_code == 0, ran.output
    names = sorted(path.suffix for path in (tmp_path / "digest-preview").iterdir())
    assert names == [".eml", ".html", ".txt"]
    (page,) = (tmp_path / "digest-preview").glob("*.html")
    assert "cid:" not in page.read_text()
    ran = CliRunner().invoke(app, ["digest", "send", "li"])
    assert ran.exit_code == 0, ran.output
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1
    ran = CliRunner().invoke(app, ["digest", "send", "nobody"])
    assert (ran.exit_code, "expected one of: li" in ran.output) == (1, True)


def test_an_alert_of_empty_or_unknown_names_does_not_keep_the_digest_back(
    make: Any, clickhouse: Store, database: str, moment: int
) -> None:
    web_seed.insert_foreign_alert(
        clickhouse.client(database), "odd", "th-lazada", moment - 7_200_000, "", "loud", ""
    )
    made = make(stores=("th-*",), language="en")
    assert [row.verdict for row in made.laid.said.rows] == ["Recovered"]


@pytest.mark.parametrize(
    ("language", "title", "line"),
    [
        ("zh", "DE Shopify · 发货 −70%", "实际发货 96，按此前的支付应为 320（8 个工作小时）"),
        ("en", "DE Shopify · fulfilment −70%", "96 fulfilled, 320 due of the payments before"),
    ],
)
def test_a_warehouse_that_is_behind_is_in_both_parts_of_the_mail(
    make: Any, clickhouse: Store, database: str, moment: int, language: str, title: str, line: str
) -> None:
    day_begun_ms = moment - 20 * 60_000 - 24 * 3_600_000
    hours = [day_begun_ms + hour * 3_600_000 for hour in range(10, 18)]
    web_seed.insert_slow_scores(clickhouse.client(database), "de-shopify", hours, 12.0, 40.0)
    laid = make(stores=("de-*",), language=language).laid
    for part in (laid.html, laid.text):
        assert title in part
        assert line in part
        assert laid.said.headings["slow"].rpartition("'")[2] in part  # HTML writes the apostrophe otherwise
    assert laid.said.stages[5].expected == "—"  # the day's other parcels came in hours that were not judged
