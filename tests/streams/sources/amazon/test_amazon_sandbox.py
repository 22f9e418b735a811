"""Amazon's own sandbox cases on the operations that are used: each is the right rows, or the right one of six outcomes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from scoring.sources.cursors import PollWindow
from streams.sources.amazon.asking import judge
from streams.sources.amazon.config import MARKETPLACES
from streams.sources.amazon.feedback import topics
from streams.sources.amazon.polling import orders, sales
from streams.sources.amazon.source import SOURCE
from streams.sources.asking import (
    AnswerGarbledError,
    HttpRequest,
    PlatformError,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    ScopeMissingError,
)
from streams.sources.source import PollPage
from tests.fakes.lying_amazon import MARKETPLACE, amazon_connection
from tests.fakes.workbench import connection_from
from tests.places import SHARED
from tests.streams.sources.broken_values import broken
from tests.streams.sources.market_bench import NOW_MS, Answers, Market

FOLDER = SHARED / "data" / "apis" / "amazon"
#: the models of the operations that are used, and what one of their answers is called by
USED = {
    "orders_2026-01-01": ("searchOrders",),
    "sales": ("getOrderMetrics",),
    "reports_2021-06-30": ("createReport", "getReport", "getReportDocument"),
    "dataKiosk_2023-11-15": ("createQuery", "getQuery", "getDocument"),
}
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="Amazon's models are not next to the project: not checked"
)
WINDOW = PollWindow(NOW_MS - 86_400_000, NOW_MS)


def cases(used: Mapping[str, tuple[str, ...]] = USED) -> Iterator[tuple[str, int, dict[str, Any]]]:
    for name, operations in used.items():
        path = FOLDER / f"{name}.json"
        model = json.loads(path.read_text("utf-8")) if path.is_file() else {"paths": {}}
        for methods in model["paths"].values():
            for operation in methods.values():
                if not isinstance(operation, dict) or operation.get("operationId") not in operations:
                    continue
                for status, response in operation["responses"].items():
                    for case in response.get("x-amzn-api-sandbox", {}).get("static", []):
                        yield operation["operationId"], int(status), case


CASES = list(cases())


def market() -> Market:
    """An account with a shop in every marketplace of America."""
    shops = {one: "cn" for one, (region, _) in MARKETPLACES.items() if region == "na"}
    settings = {**amazon_connection(), "shops": shops, "marketplace": min(shops)}
    return Market(SOURCE, connection_from(settings))


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_case_becomes_its_rows_or_its_outcome(number: int) -> None:
    operation, status, case = CASES[number]
    content = case["response"]
    api = Answers(judge, (status, content), (status, content), (status, content))
    config = market().connection.config
    fetch = {
        "searchOrders": lambda: orders(config, api, WINDOW, ""),
        "getOrderMetrics": lambda: sales(config, config.marketplace, api, WINDOW, ""),
    }.get(operation)
    if status >= 400:
        with pytest.raises(PlatformRejectedError):  # stop: a person has to look
            asyncio.run(fetch() if fetch else _asked(api))
        return
    if fetch is None:
        assert asyncio.run(_asked(api)) == content
        return
    page: PollPage = asyncio.run(fetch())
    listed = content["orders"] if operation == "searchOrders" else content["payload"]
    assert len(page.rows) == len(listed)
    for row, original in zip(page.rows, listed, strict=True):
        _check(operation, row.body, original)


async def _asked(api: Answers) -> Any:
    return (await api.ask(HttpRequest("https://api.example/"))).json()


def _check(operation: str, body: str, original: dict[str, Any]) -> None:
    bench = market()
    if operation == "searchOrders":
        found = bench.polled("orders", json.loads(body))
        assert found.set_aside == []
        known = original["salesChannel"]["marketplaceId"] in bench.connection.config.shops
        if not known:  # another region's: named, and counted for nobody
            assert [gap.what for gap in found.gaps] == ["shop"]
            assert found.count == 0
            return
        facts, total = found.orders[-1], original["proceeds"]["grandTotal"]
        assert (facts.order_id, facts.amount, facts.currency) == (
            original["orderId"],
            total["amount"],
            total["currencyCode"],
        )
        assert facts.is_shipped is (
            True if original["fulfillment"]["fulfillmentStatus"] == "SHIPPED" else None
        )
        assert "buyer" not in body or original["buyer"]["buyerName"] not in str(found)
        return
    found = bench.polled(f"sales_hours.{bench.connection.config.marketplace}", json.loads(body))
    begin, end = original["interval"].split("--")
    if (
        end <= begin
    ):  # Amazon's own typing error: a figure that cannot be placed in time is set aside, not counted
        assert len(found.set_aside) == 1
        assert found.count == 0
        return
    figures = {row.measure: row.value for row in found.reports}
    assert (figures["orders"], figures["units"]) == (str(original["orderCount"]), str(original["unitCount"]))
    assert figures["revenue"] == original["totalSales"]["amount"]


@pytest.mark.long
@pytest.mark.parametrize("operation", ["searchOrders", "getOrderMetrics"])
def test_a_case_with_one_value_broken_is_counted_named_or_no_answer(operation: str) -> None:
    bench, seen = market(), set()
    config = bench.connection.config
    for name, status, case in CASES:
        if name != operation or status != 200:
            continue
        for place, content in broken(case["response"]):
            api = Answers(judge, *((200, content),) * 3)
            fetch = (
                orders(config, api, WINDOW, "")
                if operation == "searchOrders"
                else sales(config, config.marketplace, api, WINDOW, "")
            )
            try:
                rows = asyncio.run(fetch).rows
            except AnswerGarbledError:
                seen.add("no answer")
                continue
            for row in rows:
                topic = "orders" if operation == "searchOrders" else f"sales_hours.{config.marketplace}"
                found = bench.polled(topic, json.loads(row.body))
                assert found.count or found.gaps or found.set_aside or found.left_out, place
                seen |= {what for what in ("set_aside", "gaps", "count") if getattr(found, what)}
    assert {"no answer", "set_aside", "count"} <= seen


@pytest.mark.parametrize("field", ["createdTime", "orderId"])
def test_an_order_without_its_time_or_number_was_counted_on_no_day(field: str) -> None:
    bench = market()
    listed = [
        row
        for name, status, case in CASES
        if name == "searchOrders" and status == 200
        for row in case["response"]["orders"]
    ]
    row = next(one for one in listed if one["salesChannel"]["marketplaceId"] in bench.connection.config.shops)
    found = bench.polled("orders", {key: value for key, value in row.items() if key != field})
    assert found.orders == []
    assert len(found.set_aside) == 1


def test_a_case_of_feedback_becomes_its_topics_without_a_word_of_a_review() -> None:
    settings = amazon_connection(reads=["feedback"], products=["B08PD3JNPF"])
    bench, seen = Market(SOURCE, connection_from(settings)), set()
    for _, status, case in cases({"customerFeedback_2024-06-01": ("getItemReviewTopics",)}):
        content = case["response"]
        seen.add(status)
        api = Answers(judge, (status, b"" if status == 204 else content))
        fetch = topics(bench.connection.config, MARKETPLACE, api, WINDOW, "")
        if status >= 400:
            with pytest.raises(PlatformError):
                asyncio.run(fetch)
            continue
        rows = asyncio.run(fetch).rows
        listed = [one for found in content.get("topics", {}).values() for one in found]
        made = [one for row in rows for one in bench.polled("feedback", json.loads(row.body)).reports]
        assert {one.dimensions["topic"] for one in made} == {one["topic"] for one in listed}
        snippets = [text for one in listed for text in one.get("reviewSnippets", ())]
        assert not any(text in row.body for row in rows for text in snippets)
    assert {200, 204} <= seen


def test_no_case_of_an_error_becomes_rows() -> None:
    for _, status, case in CASES:
        if status >= 400:
            api = Answers(judge, (status, case["response"]))
            with pytest.raises(PlatformError):
                asyncio.run(_asked(api))
    assert sum(status >= 400 for _, status, _ in CASES) >= 4


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("QuotaExceeded", PlatformThrottledError),
        ("InternalFailure", PlatformFailedError),
        ("ServiceUnavailable", PlatformFailedError),
        ("Unauthorized", ScopeMissingError),
        ("InvalidInput", PlatformRejectedError),
        ("NeverSeen", PlatformRejectedError),
    ],
)
@pytest.mark.parametrize("listed", ["orders", "payload"])
def test_errors_next_to_an_empty_list_counted_as_zero_orders(
    listed: str, code: str, kind: type[PlatformError]
) -> None:
    """The model of sales has both in one answer; of which status it does not say."""
    error = {"code": code, "message": "We encountered an error. Try again.", "details": ""}
    api = Answers(judge, *((200, {listed: [], "errors": [error]}),) * 2)
    config = market().connection.config
    fetch = (
        orders(config, api, WINDOW, "")
        if listed == "orders"
        else sales(config, config.marketplace, api, WINDOW, "")
    )
    with pytest.raises(kind):
        asyncio.run(fetch)


@pytest.mark.parametrize("errors", [[], None])
def test_an_empty_list_of_errors_says_nothing(errors: Any) -> None:
    api = Answers(judge, (200, {"payload": [], "errors": errors}))
    config = market().connection.config
    assert asyncio.run(sales(config, config.marketplace, api, WINDOW, "")).rows == []
