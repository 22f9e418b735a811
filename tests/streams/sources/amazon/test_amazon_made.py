"""What Amazon makes on request: Data Kiosk's queries, the account's health, topics of reviews, the file of all orders."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from scoring.records.report_row import Period
from scoring.records.signal import SignalKind
from scoring.sources.cursors import PollWindow
from scoring.sources.translated import Translated
from streams.sources.amazon.asking import judge
from streams.sources.amazon.polling import second_way
from streams.sources.amazon.source import SOURCE
from streams.sources.asking import AnswerGarbledError, PlatformFailedError
from streams.sources.made_reports import MadeReports
from streams.sources.questions import is_asked, questions
from streams.sources.source import PolledRow
from tests.fakes.lying_amazon import MARKETPLACE, amazon_connection
from tests.fakes.virtual import VirtualClock, in_virtual_time
from tests.fakes.workbench import connection_from
from tests.places import SHARED
from tests.streams.sources.market_bench import NOW_MS, Answers, Market

READS = ["orders", "kiosk", "health", "feedback"]
SETTINGS = amazon_connection(reads=READS, products=["B0BT5K9B2T", "B08C1W5N87"])
MARKET = Market(SOURCE, connection_from(SETTINGS))
DAY_MS = 86_400_000
HEALTH_SAMPLE = SHARED / "data" / "apis" / "amazon" / "accountHealthReport-2020-11-18.json"


def read(resource: str, api: Answers, window: PollWindow, market: Market = MARKET) -> list[PolledRow]:
    """All rows of a window, page by page."""

    async def work(clock: VirtualClock) -> list[PolledRow]:
        rows, mark = list[PolledRow](), ""
        while True:
            page = await market.polls[resource].fetch(api, window, mark)
            rows += page.rows
            mark = page.next_mark
            if not mark:
                return rows

    return in_virtual_time(work)


def of_kiosk(day: str, **more: Any) -> dict[str, Any]:
    money = {"amount": 238.44, "currencyCode": "USD"}
    sales = {"unitsOrdered": 23, "totalOrderItems": 20, "orderedProductSales": money}
    traffic = {"sessions": 1000, "pageViews": 1658, "buyBoxPercentage": 10.54}
    return {
        "startDate": day, "endDate": day, "marketplaceId": MARKETPLACE, "sales": sales, "traffic": traffic, **more,
    }  # fmt: skip


def query(*rows: dict[str, Any], status: str = "DONE", **more: Any) -> list[tuple[int, Any]]:
    """The answers to a query: taken, looked at once, where its document is, and the document of one object a line."""
    state = {"queryId": "Q", "processingStatus": status, **({"dataDocumentId": "D"} if rows else {}), **more}
    place = {"documentId": "D", "documentUrl": "https://files.example/D"}
    file = "\n".join(json.dumps(row) for row in rows).encode()
    return [(202, {"queryId": "Q"}), (200, state), *([(200, place), (200, file)] if rows else [])]


def said(resource: str, rows: list[PolledRow]) -> list[Translated]:
    return [MARKET.polled(resource, json.loads(row.body)) for row in rows]


# ---------------------------------------------------------------- Data Kiosk


def test_a_query_s_days_are_the_report_s_and_shares_are_fractions() -> None:
    api = Answers(judge, *query(of_kiosk("2026-11-26"), of_kiosk("2026-11-27")))
    rows = read("kiosk_days", api, PollWindow(NOW_MS - 2 * DAY_MS, NOW_MS))
    assert [row.row_id for row in rows] == ["2026-11-26", "2026-11-27"]
    (first, _) = said("kiosk_days", rows)
    figures = {one.measure: one.value for one in first.reports}
    assert (figures["sessions"], figures["order_items"], figures["revenue"]) == ("1000", "20", "238.44")
    assert figures["featured_offer_share"] == "0.1054"
    assert {(one.period, tuple(one.dimensions)) for one in first.reports} == {(Period.DAY, ())}
    asked = json.loads(api.asked[0].body)["query"]
    assert "analytics_salesAndTraffic_2024_04_24" in asked
    assert 'startDate: "2026-11-26", endDate: "2026-11-28"' in asked


def test_products_are_asked_for_day_by_day_because_a_query_sums_its_days() -> None:
    answers = [
        one for day in ("2026-11-26", "2026-11-27") for one in query(of_kiosk(day, childAsin="B08C1W5N87"))
    ]
    api = Answers(judge, *answers)
    rows = read("kiosk_products", api, PollWindow(NOW_MS - 2 * DAY_MS, NOW_MS))
    assert [row.row_id for row in rows] == ["2026-11-26 B08C1W5N87", "2026-11-27 B08C1W5N87"]
    asked = [json.loads(one.body)["query"] for one in api.asked if one.method == "POST"]
    assert all(text.count(day) == 2 for text, day in zip(asked, ("2026-11-26", "2026-11-27"), strict=True))
    found = said("kiosk_products", rows)[0].reports
    assert {one.dimensions["product"] for one in found} == {"B08C1W5N87"}


def test_a_document_that_goes_on_is_asked_for_with_its_token() -> None:
    first = query(of_kiosk("2026-11-26"), pagination={"nextToken": "NEXT"})
    api = Answers(judge, *first, *query(of_kiosk("2026-11-27")))
    assert len(read("kiosk_days", api, PollWindow(NOW_MS - 2 * DAY_MS, NOW_MS))) == 2
    bodies = [json.loads(one.body) for one in api.asked if one.method == "POST"]
    assert [body.get("paginationToken") for body in bodies] == [None, "NEXT"]
    assert bodies[0]["query"] == bodies[1]["query"]


def test_a_query_that_is_done_without_a_document_found_nothing_and_one_that_ended_otherwise_is_not_empty() -> (
    None
):
    window = PollWindow(NOW_MS - DAY_MS, NOW_MS)
    assert read("kiosk_days", Answers(judge, *query()), window) == []
    for status in ("CANCELLED", "FATAL", "SHIMMERING"):
        with pytest.raises(PlatformFailedError):
            read("kiosk_days", Answers(judge, *query(status=status)), window)
    with pytest.raises(AnswerGarbledError):
        read(
            "kiosk_days",
            Answers(judge, *query(of_kiosk("2026-11-27", marketplaceId="A1VC38T7YXB528"))),
            window,
        )


def test_figures_of_several_days_are_set_aside_and_not_counted_for_one() -> None:
    found = MARKET.polled("kiosk_days", {**of_kiosk("2026-11-26"), "endDate": "2026-11-27"})
    assert (found.count, len(found.set_aside)) == (0, 1)


def test_whoever_waits_for_a_query_is_woken_by_its_notification() -> None:
    async def work(clock: VirtualClock) -> tuple[float, float]:
        made = MadeReports()
        made.note("early")
        await made.wait("early", 60)
        at_once = clock.now_s()
        await made.wait("never", 60)
        return at_once, clock.now_s()

    at_once, waited = in_virtual_time(work)
    assert (at_once, waited) == (0, 60)


def test_a_notification_in_the_queue_wakes_the_poll_of_the_same_connection() -> None:
    settings = {**SETTINGS, "queue": "https://sqs.eu-west-1.amazonaws.com/1/q", "aws_key_id": "env:NEW", "aws_secret": "env:OLD"}  # fmt: skip
    market = Market(SOURCE, connection_from(settings))
    notice = {
        "notificationType": "DATA_KIOSK_QUERY_PROCESSING_FINISHED",
        "payload": {"queryId": "Q", "processingStatus": "DONE"},
        "notificationMetadata": {"notificationId": "n"},
    }

    async def work(clock: VirtualClock) -> float:
        window = PollWindow(NOW_MS - DAY_MS, NOW_MS)
        days, queue = market.polls["kiosk_days"].fetch, market.polls["notifications"].fetch
        api = Answers(judge, *query(of_kiosk("2026-11-27")))
        first = await days(api, window, "")
        reading = asyncio.create_task(days(api, window, first.next_mark))
        await asyncio.sleep(1)
        message = {"MessageId": "m", "ReceiptHandle": "r", "Body": json.dumps(notice)}
        await queue(Answers(judge, (200, {"Messages": [message]})), window, "")
        assert len((await reading).rows) == 1
        return clock.now_s()

    assert in_virtual_time(work) == 1


# ---------------------------------------------------------------- the account's health, and reviews


@pytest.mark.skipif(not HEALTH_SAMPLE.is_file(), reason="Amazon's schemas are not next to the project")
def test_amazon_s_sample_of_the_account_s_health_is_metrics_with_their_targets_and_a_signal() -> None:
    (sample,) = json.loads(HEALTH_SAMPLE.read_text("utf-8"))["examples"][:1]
    place = {"reportDocumentId": "D", "url": "https://files.example/D"}
    done = {"reportId": "R", "processingStatus": "DONE", "reportDocumentId": "D"}
    api = Answers(judge, (202, {"reportId": "R"}), (200, done), (200, place), (200, sample))
    (found,) = said("health", read("health", api, PollWindow(NOW_MS - DAY_MS, NOW_MS)))
    figures = {(one.dimensions["metric"], one.measure): one.value for one in found.reports}
    assert figures["lateShipmentRate", "seller_metric_target"] == "0.04"
    rules = {
        one.dimensions["metric"]: one.dimensions["comparator"]
        for one in found.reports
        if one.measure == "seller_metric_target"
    }
    assert (rules["lateShipmentRate"], rules["listingPolicyViolations"]) == ("<", "=")
    assert figures["orderDefectRate.mfn", "seller_metric"] == "0.009"
    assert figures["listingPolicyViolations", "seller_metric"] == "86"
    assert [(one.kind, one.details) for one in found.signals] == [
        (SignalKind.ACCOUNT_AT_RISK, {"status": "AT_RISK"})
    ]


def test_topics_of_reviews_are_kept_and_no_review_is() -> None:
    topic = {
        "topic": "Assembly/Installation",
        "asinMetrics": {"numberOfMentions": 36, "occurrencePercentage": 27.58, "starRatingImpact": 0.02},
        "reviewSnippets": ["Call me at 13812345678, Zhang San"],
    }
    answer = {
        "asin": "B0BT5K9B2T", "itemName": "Rack for Zhang San", "marketplaceId": MARKETPLACE,
        "dateRange": {"startDate": "2026-05-22T08:35:43.717Z", "endDate": "2026-11-22T08:35:43.717Z"},
        "topics": {"positiveTopics": [topic], "negativeTopics": [{**topic, "topic": "Odour"}]},
    }  # fmt: skip
    rows = read("feedback", Answers(judge, (200, answer), (204, b"")), PollWindow(NOW_MS - DAY_MS, NOW_MS))
    assert "Zhang" not in rows[0].body
    assert "138" not in rows[0].body
    figures = {
        (one.dimensions["sentiment"], one.measure): one.value for one in said("feedback", rows)[0].reports
    }
    assert figures["negative", "review_mentions"] == "36"
    assert figures["positive", "review_topic_share"] == "0.2758"


# ---------------------------------------------------------------- the file of all orders


def test_closed_days_are_counted_by_the_file_of_all_orders() -> None:
    lines = (
        "\ufeffamazon-order-id\tpurchase-date\torder-status\tsales-channel\tis-replacement-order\tship-city",
        '1\t2026-11-27T09:00:00+00:00\tShipped\tAmazon.com\t\tAustin "the',
        "1\t2026-11-27T09:00:00+00:00\tShipped\tAmazon.com\t\tAustin",
        "2\t2026-11-27T17:00:00+00:00\tCancelled\tAmazon.com\tfalse\tAustin",
        "3\t2026-11-27T09:00:00+00:00\tShipped\tAmazon.ca\t\tAustin",
        "4\t2026-11-27T09:00:00+00:00\tShipped\tNon-Amazon US\t\tAustin",
        "5\t2026-11-27T09:00:00+00:00\tShipped\tAmazon.com\ttrue\tAustin",
    )
    place = {"reportDocumentId": "D", "url": "https://files.example/D"}
    done = {"reportId": "R", "processingStatus": "DONE", "reportDocumentId": "D"}
    days = [date(2026, 11, 27), date(2026, 11, 28)]

    def counted(*file: str) -> dict[str, dict[str, str]]:
        api = Answers(
            judge, (202, {"reportId": "R"}), (200, done), (200, place), (200, "\r\n".join(file).encode())
        )

        async def work(clock: VirtualClock) -> dict[str, dict[str, str]]:
            found = await second_way(api, MARKET.connection, days)
            return {one.day: {"orders": one.figures["orders"]} for one in found}

        return in_virtual_time(work)

    # on the store's clock, which is eight hours ahead
    assert counted(*lines) == {"2026-11-27": {"orders": "1"}, "2026-11-28": {"orders": "1"}}
    assert counted(lines[0]) == {"2026-11-27": {"orders": "0"}, "2026-11-28": {"orders": "0"}}
    with pytest.raises(AnswerGarbledError):
        counted("<html>maintenance</html>")


# ---------------------------------------------------------------- what is asked for


@pytest.mark.parametrize(
    "more",
    [
        {"reads": ["feedback"]},
        {"reads": ["orders"], "products": ["B08C1W5N87"]},
        {"reads": ["traffic", "kiosk"]},
    ],
)
def test_settings_that_do_not_go_together_are_rejected(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        connection_from(amazon_connection(**more))


def test_a_quantity_of_none_is_out_of_stock() -> None:
    settings = {**SETTINGS, "queue": "https://sqs.eu-west-1.amazonaws.com/1/q", "aws_key_id": "env:NEW", "aws_secret": "env:OLD"}  # fmt: skip
    market = Market(SOURCE, connection_from(settings))

    def of(quantity: int) -> list[SignalKind]:
        notice = {
            "notificationType": "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
            "eventTime": "2026-11-28T12:00:00Z",
            "payload": {"sku": "NLS-SHOES-03", "quantity": quantity, "fulfillmentChannelCode": "DEFAULT"},
        }
        return [one.kind for one in market.polled("notifications", notice).signals]

    assert (of(0), of(99)) == ([SignalKind.STOCK_OUT], [])


def test_a_queue_s_key_is_asked_for_where_there_is_a_queue_and_products_where_their_reviews_are() -> None:
    model = type(MARKET.connection.config)
    asked = {question.name: question for question in questions(model, ())}
    assert not is_asked(asked["aws_secret"], {}, model)
    assert is_asked(asked["aws_secret"], {"queue": "https://sqs.eu-west-1.amazonaws.com/1/q"}, model)
    assert not is_asked(asked["products"], {"reads": ["orders"]}, model)
    assert is_asked(asked["products"], {"reads": ["orders", "feedback"]}, model)
