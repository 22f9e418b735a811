"""The read API against the real engine: what it answers, what it rejects, and from whom."""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from pydantic import SecretStr

from scoring.funnel.stages import STAGES
from streams.clickhouse.reader import Database
from streams.settings import Settings
from streams.web.comparison.queries import StageTotals, compared_step
from streams.web.frame.access import ATTEMPTS_PER_ADDRESS
from streams.web.frame.errors import PageNotSafeError
from streams.web.frame.server import make_app
from streams.web.frame.sessions import COOKIE
from streams.web.store.known import SEEN
from streams.web.store.queries import SEGMENTS
from tests.deadlines import within
from tests.fixtures.clickhouse import Store
from tests.fixtures.page import PAGE_DATABASE, RunningPage, page_settings
from tests.fixtures.web_seed import (
    ALERT,
    CONFIG,
    FALL_MINUTES,
    HOURS,
    MINUTE_MS,
    OLD_ALERT,
    insert_foreign_alert,
    insert_slow_scores,
)

Serve = Callable[[Settings], RunningPage]
TOKEN = "a-token-of-tests"
DAY_MS = 24 * 60 * MINUTE_MS


def test_the_store_with_the_firing_alert_comes_first_with_its_step_and_money(page: RunningPage) -> None:
    first = page.json("/stores")["stores"][0]
    assert (first["store_id"], first["state"], first["worst"]["step"]) == (
        "us-own",
        "firing",
        "order_to_payment",
    )
    assert first["alert_id"] == ALERT
    assert first["money"]["amount"] == pytest.approx(260 * 47.6)
    assert first["money"]["low"] < first["money"]["amount"] < first["money"]["high"]


def test_the_grid_says_of_every_store_what_is_known(page: RunningPage) -> None:
    rows = {row["store_id"]: row for row in page.json("/stores")["stores"]}
    assert set(rows) == {store.id for store in CONFIG.stores}
    assert rows["new-store"]["state"] == "no_data"
    assert rows["new-store"]["last_event_ms"] is None
    assert {s["state"] for s in rows["th-lazada"]["steps"]} == {"normal", "not_enough_data"}
    assert page.json("/stores/de-shopify")["name"] == "DE Shopify"


def test_a_store_that_has_just_begun_was_said_to_have_no_recent_data(
    page: RunningPage, clickhouse: Store
) -> None:
    long_before_ms = page.now_ms - (HOURS + 2) * 60 * MINUTE_MS
    when = datetime.fromtimestamp(long_before_ms / 1000, UTC)
    clickhouse.client(PAGE_DATABASE).insert(
        "events_raw",
        [["begun-1", "just-begun", "click", when, when, "api"]],
        column_names=["event_id", "store_id", "type", "event_time", "received_at", "source"],
    )
    asked = page.json(f"/stores?at={long_before_ms + 5 * MINUTE_MS}")
    states = {row["store_id"]: row["state"] for row in asked["stores"]}
    assert states["just-begun"] == "no_baseline"
    assert states["new-store"] == "no_data"


def test_a_past_grid_showed_the_alerts_of_now(page: RunningPage) -> None:
    def firing(at_ms: int) -> dict[str, tuple[str, str, float, int]]:
        rows = page.json(f"/stores?at={at_ms}")["stores"]
        return {
            row["store_id"]: (
                row["alert_id"],
                row["alert_level"],
                row["alert"]["surprise"],
                row["alert_count"],
            )
            for row in rows
            if row["state"] == "firing"
        }

    before_ms = page.now_ms - 9 * 60 * MINUTE_MS
    assert firing(before_ms - MINUTE_MS) == {}
    assert firing(before_ms + 20 * MINUTE_MS) == {"de-shopify": (OLD_ALERT, "notice", 6.2, 1)}
    assert firing(before_ms + 60 * MINUTE_MS) == {}
    assert firing(page.now_ms - 15 * MINUTE_MS) == {"us-own": (ALERT, "notice", 6.4, 1)}
    assert firing(page.now_ms - MINUTE_MS) == {"us-own": (ALERT, "page", 31.2, 1)}


def test_a_past_list_of_alerts_revealed_how_they_ended_later(page: RunningPage) -> None:
    then_ms = page.now_ms - 9 * 60 * MINUTE_MS + 20 * MINUTE_MS
    (alert,) = page.json(f"/alerts?at={then_ms}")["alerts"]
    assert (alert["alert_id"], alert["state"], alert["resolved_at_ms"]) == (OLD_ALERT, "firing", None)
    assert (alert["surprise"], alert["lost"]) == (6.2, 92.0)
    assert page.json(f"/status?at={then_ms}")["firing"] == 1
    assert page.json(f"/status?at={then_ms}")["dead_letters_hour"] == 0
    text = page.get(f"/?at={then_ms}&lang=en").text
    assert f"/alerts/{OLD_ALERT}" in text
    assert f"/alerts/{ALERT}" not in text


def test_whether_a_store_exists_was_asked_of_the_whole_grid(
    page: RunningPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    rows = Database.rows

    async def noted(self: Database, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        asked.append(sql)
        return await rows(self, sql, **parameters)

    monkeypatch.setattr(Database, "rows", noted)
    past_ms = page.now_ms - 7 * 60 * MINUTE_MS
    page.json(f"/stores/us-own/segments?at={past_ms}")
    assert asked == [SEGMENTS]
    assert page.get("/api/v1/stores/nobody-yet/segments").status_code == 404
    assert asked[1:] == [SEEN]
    assert page.get("/api/v1/stores/pool:platform=shopify/segments").status_code == 404
    assert len(asked) == 2


def test_a_funnel_counts_what_was_landed(page: RunningPage, clickhouse: Store) -> None:
    funnel = page.json("/stores/us-own/funnel?window=60")
    assert funnel["to_ms"] - funnel["from_ms"] == 60 * MINUTE_MS
    counted = clickhouse.client(PAGE_DATABASE).query(
        "SELECT stage, sum(count) FROM stage_counts WHERE store_id = 'us-own' AND minute >= toDateTime({a:Int64}, 'UTC') "
        "AND minute < toDateTime({b:Int64}, 'UTC') GROUP BY stage",
        parameters={"a": funnel["from_ms"] // 1000, "b": funnel["to_ms"] // 1000},
    )
    assert {s["stage"]: s["count"] for s in funnel["stages"]} == dict(counted.result_rows)
    payment = funnel["stages"][4]
    assert payment["count"] < 0.9 * payment["expected"]
    assert funnel["steps"][3]["state"] == "breach"
    rate = funnel["steps"][3]["conversion_rate"]
    assert funnel["steps"][3]["drop_off_rate"] == pytest.approx(1 - rate)


def test_a_stage_nobody_supplies_is_missing_and_not_zero(page: RunningPage) -> None:
    funnel = page.json("/stores/jp-amazon/funnel?window=60")
    assert funnel["stages"][0] == {"stage": "impression", "count": None, "expected": None, "pageless": None}
    assert funnel["steps"][0]["state"] == "missing_stage"
    assert funnel["steps"][0]["drop_off_rate"] is None
    assert funnel["stages"][1]["count"] > 0


def test_fulfilment_is_shown_with_what_was_due_in_its_business_hours(
    page: RunningPage, clickhouse: Store
) -> None:
    hours = [page.now_ms - hour * 60 * MINUTE_MS for hour in range(2, 10)]
    insert_slow_scores(clickhouse.client(PAGE_DATABASE), "uk-tiktok", hours, 20.0, 25.0)
    day = page.json("/stores/uk-tiktok/funnel?window=1440")
    assert day["stages"][5]["expected"] == pytest.approx(8 * 25.0)
    assert day["stages"][5]["count"] > 0
    hour = page.json("/stores/uk-tiktok/funnel?window=60")  # business hours and this hour are not the same
    assert hour["stages"][5]["expected"] is None
    assert "200" in page.get("/?store=uk-tiktok&window=1440&lang=en").text


def test_the_newest_score_of_a_slow_step_is_shown_be_it_of_this_hour_or_of_before_the_weekend(
    page: RunningPage, clickhouse: Store
) -> None:
    client, at_ms = clickhouse.client(PAGE_DATABASE), page.now_ms - 4 * 60 * MINUTE_MS
    insert_slow_scores(client, "sg-shopee", [at_ms - 3 * DAY_MS], 5.0, 5.0)
    insert_slow_scores(client, "cn-taobao", [at_ms - 3 * DAY_MS, at_ms - 3 * 60 * MINUTE_MS], 5.0, 5.0)
    insert_slow_scores(client, "cn-taobao", [at_ms - 2 * MINUTE_MS], 7.0, 7.0)
    rows = {row["store_id"]: row for row in page.json(f"/stores?at={at_ms}")["stores"]}
    shown = {
        store: {s["step"]: s["observed"] for s in rows[store]["steps"]}["payment_to_fulfilment"]
        for store in ("sg-shopee", "cn-taobao")
    }
    assert shown == {"sg-shopee": 20.0, "cn-taobao": 28.0}


def test_an_expectation_that_covers_a_part_of_the_window_is_not_shown_as_the_whole(page: RunningPage) -> None:
    past = page.now_ms - 25 * 60 * MINUTE_MS  # two hours after the first score
    funnel = page.json(f"/stores/us-own/funnel?window=1440&at={past}")
    assert funnel["covered_minutes"] < 120
    assert {s["expected"] for s in funnel["stages"]} == {None}


def test_segments_add_up_to_the_store(page: RunningPage) -> None:
    whole = page.json("/stores/us-own/funnel?window=5")["stages"]
    segments = page.json("/stores/us-own/segments")
    parts = [page.json(f"/stores/us-own/funnel?window=5&segment={s}")["stages"] for s in segments]
    sums = [sum(part[i]["count"] or 0 for part in parts) for i in range(len(STAGES))]
    assert sums == [stage["count"] for stage in whole]


def test_a_line_has_every_minute_and_shows_the_fall_below_the_band(page: RunningPage) -> None:
    series = page.json("/stores/us-own/series?step=order_to_payment&hours=3")
    assert series["resolution_minutes"] == 1
    assert [p["at_ms"] for p in series["points"]] == list(
        range(series["from_ms"], series["to_ms"], MINUTE_MS)
    )
    fallen = series["points"][-FALL_MINUTES + 2 :]
    assert sum(p["observed"] for p in fallen) < 0.5 * sum(p["expected"] for p in fallen)
    assert all(p["low"] <= p["expected"] <= p["high"] for p in series["points"])


def test_a_long_line_is_bucketed_and_says_that_its_band_is_approximate(page: RunningPage) -> None:
    series = page.json("/stores/us-own/series?step=order_to_payment&hours=24")
    assert series["band"] == "approximate"
    assert len(series["points"]) <= 240
    assert series["points"][-1]["expected"] > 0


def test_alerts_come_open_first_and_lead_to_their_rows(page: RunningPage) -> None:
    alerts = page.json("/alerts")["alerts"]
    assert [a["alert_id"] for a in alerts] == [ALERT, OLD_ALERT]
    assert [a["alert_id"] for a in page.json("/alerts?state=resolved")["alerts"]] == [OLD_ALERT]
    detail = page.json(f"/alerts/{ALERT}")
    assert [t["level"] for t in detail["transitions"]] == ["notice", "page"]
    assert detail["alert"]["contributions"][0] == {"segment": "ios/paid", "share": pytest.approx(0.74)}
    assert detail["checks"][0]["owner"] == "payments"
    assert "store_id = 'us-own'" in detail["rows_sql"]


@pytest.mark.parametrize(("kind", "level", "label"), [("", "", ""), ("novel", "loud", "odd")])
def test_an_alert_of_empty_or_unknown_names_is_shown_all_the_same(
    page: RunningPage, clickhouse: Store, kind: str, level: str, label: str
) -> None:
    alert_id = f"foreign-{kind}"
    # long ago: the other tests of this page count the alerts of the last days
    client = clickhouse.client(PAGE_DATABASE)
    insert_foreign_alert(client, alert_id, "us-own", page.now_ms - 200 * DAY_MS, kind, level, label)
    detail = page.json(f"/alerts/{alert_id}")
    assert detail["alert"]["label"] == (label or "unknown")
    assert detail["checks"]
    for path in (f"/alerts/{alert_id}", f"/alerts/{alert_id}?lang=en", f"/alerts/{alert_id}/rows"):
        answer = page.get(path)
        assert answer.status_code == 200, path
        assert "US" in answer.text


def test_the_sql_given_with_an_alert_runs_for_the_reader(page: RunningPage, clickhouse: Store) -> None:
    sql = page.json(f"/alerts/{ALERT}")["rows_sql"]
    rows = clickhouse.read_client(PAGE_DATABASE).query(sql)
    kinds = {row[rows.column_names.index("type")] for row in rows.result_rows}
    assert kinds == {"order", "payment"}


def test_raw_events_are_bounded_and_say_when_they_are_cut(page: RunningPage) -> None:
    raw = page.json("/stores/us-own/events?limit=3&type=payment")
    assert len(raw["events"]) == 3
    assert raw["truncated"] is True
    assert {e["type"] for e in raw["events"]} == {"payment"}


def test_dead_letters_are_counted_by_reason(page: RunningPage) -> None:
    summary = page.json("/dead-letters/summary?hours=24")
    assert {r["reason"]: r["count"] for r in summary["reasons"]} == {
        "broken_json": 9, "unknown_type": 4, "time_in_future": 2, "bad_money": 1,
    }  # fmt: skip
    assert summary["total"] == 16
    letters = page.json("/dead-letters?reason=bad_money")["letters"]
    assert [letter["reason"] for letter in letters] == ["bad_money"]


def test_windows_and_status_give_counts_and_ages(page: RunningPage) -> None:
    windows = page.json("/windows?store=us-own")["windows"]
    assert [w["window_minutes"] for w in windows] == [5, 60, 1440]
    status = page.json("/status")
    assert status["ready"] is True
    assert status["firing"] == 1
    assert status["dead_letters_hour"] == 16
    assert {s["source"] for s in status["sources"]} == {"pixel", "webhook"}


@pytest.mark.parametrize(
    ("path", "code", "word"),
    [
        ("/stores/nobody/funnel", 404, "nobody"),
        ("/stores/us-own/funnel?window=7", 400, "5, 60, 1440"),
        ("/stores/us-own/series", 400, "order_to_payment"),
        ("/stores/us-own/series?step=order_to_payment&hours=9999", 400, "336"),
        ("/stores?at=yesterday", 400, "RFC 3339"),
        ("/stores?at=1", 400, "2000"),
        ("/stores/us-own/events?from=2020-01-01T00:00:00Z", 400, "72 hours"),
        ("/alerts?state=lost", 400, "firing"),
        ("/alerts/none", 404, "alert"),
        ("/dead-letters?limit=x", 400, "number"),
        ("/nothing", 404, "openapi"),
    ],
)
def test_a_bad_query_is_answered_with_what_is_possible(
    page: RunningPage, path: str, code: int, word: str
) -> None:
    answer = page.get(f"/api/v1{path}")
    assert answer.status_code == code
    assert word in answer.json()["detail"]


def test_text_that_looks_like_sql_is_only_text(page: RunningPage) -> None:
    evil = "' OR 1=1 UNION SELECT --"
    assert page.json("/alerts?store=" + evil)["alerts"] == []
    assert (
        page.get("/api/v1/stores/us-own/funnel", params={"segment": evil}).json()["stages"][1]["count"] == 0
    )


def test_the_openapi_document_describes_every_answer(page: RunningPage) -> None:
    document = page.json("/openapi.json")
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/stores/{store}/funnel" in document["paths"]
    names = set(document["components"]["schemas"])
    assert {"Stores", "StoreTile", "Funnel", "Series", "Alert", "Status", "ApiProblem"} <= names


def test_the_answers_are_what_the_openapi_document_promises(page: RunningPage) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    document = page.json("/openapi.json")
    asked = {
        "/stores": "/stores",
        "/stores/{store}/funnel": "/stores/us-own/funnel",
        "/stores/{store}/series": "/stores/us-own/series?step=order_to_payment",
        "/alerts/{alert}": f"/alerts/{ALERT}",
        "/status": "/status",
        "/dead-letters": "/dead-letters",
    }
    for path, question in asked.items():
        content = document["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]["content"]
        schema = {**content["application/json"]["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(page.json(question))


@pytest.fixture
def locked(clickhouse: Store, page: RunningPage, tmp_path: Path, serve_page: Serve) -> RunningPage:
    return serve_page(
        page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE, page_token=SecretStr(TOKEN))
    )


def test_without_the_token_nothing_is_read(locked: RunningPage) -> None:
    assert locked.get("/api/v1/stores").status_code == 401
    assert locked.get("/").headers["Location"] == "/sign-in?to=/"
    assert locked.get("/api/v1/stores", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert locked.get("/api/v1/stores", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert locked.get("/healthz").status_code == 200


def longer(content: str) -> str:
    """A session's content with another end."""
    session = msgspec.json.decode(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    session["until_s"] += 1
    return base64.urlsafe_b64encode(msgspec.json.encode(session)).decode().rstrip("=")


def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_cannot_use(locked: RunningPage) -> None:
    answer = httpx.post(locked.url + "/sign-in", data={"token": TOKEN, "to": "/alerts"}, timeout=within(5))
    assert answer.headers["Location"] == "/alerts"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert TOKEN not in cookie
    session = {COOKIE: answer.cookies[COOKIE]}
    assert locked.get("/", cookies=session).status_code == 200
    forged = {COOKIE: answer.cookies[COOKIE][:-1] + "0" * 2}
    assert locked.get("/", cookies=forged).status_code == 303
    content, _, signature = session[COOKIE].partition(".")
    assert locked.get("/", cookies={COOKIE: f"{longer(content)}.{signature}"}).status_code == 303


def test_signing_in_never_leads_to_another_site(locked: RunningPage) -> None:
    for target in ("https://evil.example", "//evil.example", "/\\evil.example"):
        answer = httpx.post(locked.url + "/sign-in", data={"token": TOKEN, "to": target}, timeout=within(5))
        assert answer.headers["Location"] == "/"


def test_guessing_the_token_is_slowed_down(locked: RunningPage) -> None:
    codes = [
        httpx.post(locked.url + "/sign-in", data={"token": f"guess {i}"}, timeout=within(5)).status_code
        for i in range(ATTEMPTS_PER_ADDRESS + 1)
    ]
    assert codes == [401] * ATTEMPTS_PER_ADDRESS + [429]
    right = httpx.post(locked.url + "/sign-in", data={"token": TOKEN}, timeout=within(5))
    assert right.status_code == 429
    assert int(right.headers["Retry-After"]) > 0


def test_every_answer_carries_the_headers_that_keep_it_to_itself(page: RunningPage) -> None:
    for path in ("/", "/api/v1/stores", "/static/page.js", "/nowhere"):
        headers = page.get(path).headers
        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


def test_a_foreign_name_that_points_here_is_rejected(page: RunningPage) -> None:
    answer = page.get("/api/v1/stores", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert answer.json()["error"] == "foreign_name"


def test_a_page_for_strangers_without_a_token_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(PageNotSafeError, match="FUNNELWATCH_PAGE_TOKEN"):
        make_app(Settings(data=tmp_path, page_host="0.0.0.0"), CONFIG)


@pytest.fixture
def cut_off(tmp_path: Path, serve_page: Serve) -> RunningPage:
    return serve_page(Settings(data=tmp_path, clickhouse_url="http://127.0.0.1:9"))


def test_with_clickhouse_unreachable_the_api_says_so(cut_off: RunningPage) -> None:
    answer = cut_off.get("/api/v1/stores")
    assert answer.status_code == 503
    assert answer.json() == {
        "error": "clickhouse_unreachable",
        "detail": "ClickHouse at 127.0.0.1:9 does not answer.",
    }
    status: dict[str, Any] = cut_off.json("/status")
    assert status["ready"] is False


@pytest.mark.parametrize("path", ["/", "/alerts", "/alerts/x", "/dead-letters"])
def test_with_clickhouse_unreachable_every_page_says_so_without_a_stack(
    cut_off: RunningPage, path: str
) -> None:
    answer = cut_off.get(path, headers={"Accept-Language": "en"})
    assert "Data cannot be read right now" in answer.text
    assert "Traceback" not in answer.text


def test_a_small_stores_line_is_drawn_coarse_enough_to_read(page: RunningPage) -> None:
    fine = page.json("/stores/th-lazada/series?step=impression_to_click&hours=3")
    coarse = page.json("/stores/th-lazada/series?step=impression_to_click&hours=3&resolution=10")
    assert (fine["resolution_minutes"], coarse["resolution_minutes"]) == (1, 10)
    assert coarse["points"][-1]["expected"] == pytest.approx(10, rel=0.5)
    inside = [p["low"] <= p["observed"] <= p["high"] for p in coarse["points"]]
    assert (
        sum(inside) >= len(inside) - 1
    )  # minutes whose bound is cut off at zero do not make the band too narrow
    assert "clicks / 5 min" in page.get("/?store=th-lazada&step=impression_to_click&lang=en").text
    assert (
        page.get(
            "/api/v1/stores/th-lazada/series?step=impression_to_click&hours=336&resolution=1"
        ).status_code
        == 400
    )


def test_a_store_scored_for_minutes_only_shows_the_window_that_has_an_expectation(page: RunningPage) -> None:
    begins = page.now_ms // 60_000 - 1 - HOURS * 60
    at = (begins + 14) * 60_000 + 30_000
    young = page.get(f"/?store=cn-taobao&at={at}&lang=en").text
    assert young.count('class="ghost"') == 4
    assert re.search(r'aria-current="true">\s*5 min', young)
    again = page.get(f"/?store=cn-taobao&at={at}&lang=en").text
    assert again.count('class="ghost"') == 4
    assert re.search(r'<option[^>]*value="1"[^>]*selected', young)
    assert re.search(r'<option[^>]*value="1"[^>]*selected', again)
    asked = page.get(f"/?store=cn-taobao&at={at}&window=60&lang=en").text
    assert 'class="ghost"' not in asked
    assert "baseline for" in asked


def test_a_tile_that_alerts_shows_the_alerts_own_place_and_how_it_is_now(page: RunningPage) -> None:
    at = page.now_ms + 1000  # the window grows with each minute that the alert lasts
    rows = {row["store_id"]: row for row in page.json(f"/stores?at={at}")["stores"]}
    alerts = {one["alert_id"]: one for one in page.json(f"/alerts?at={at}")["alerts"]}
    now = alerts[ALERT]["now"]
    assert rows["us-own"]["alert"] == {
        "step": "order_to_payment",
        "segment": "",
        "surprise": 31.2,
        **{name: now[name] for name in ("observed", "expected", "window_minutes")},
    }
    assert now["observed"] < now["expected"] / 2
    assert rows["de-shopify"]["alert"] is None


def test_a_comparison_over_a_part_of_the_hours_says_over_how_much() -> None:
    row = {"missing": 0, "minutes": 40, "covered": 35, "mean": 70.0, "seen": 63.0, "newest": "normal"}
    step = compared_step("order_to_payment", row, StageTotals({"order": 100, "payment": 63}), 1440, None)
    assert (step.observed, step.expected, step.covered_minutes) == (63.0, 70.0, 35)
    assert (
        compared_step("order_to_payment", {**row, "covered": 29}, StageTotals(), 1440, None).expected is None
    )
