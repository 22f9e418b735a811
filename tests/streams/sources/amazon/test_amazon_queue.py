"""Amazon's notifications: received, durable, then deleted; what each says; and the examples of Amazon's own schemas."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scoring.events.personal_values import REMOVED
from scoring.records.signal import SignalKind
from scoring.sources.translated import Translated
from streams.sources.amazon.asking import authorise, judge
from streams.sources.amazon.notices import LEFT_OUT, NOTICES
from streams.sources.amazon.queue import lowered
from streams.sources.amazon.source import SOURCE
from streams.sources.asking import AnswerGarbledError, HttpRequest, PlatformFailedError, PlatformRejectedError
from tests.fakes.lying_amazon import MARKETPLACE, amazon_connection
from tests.fakes.workbench import connection_from
from tests.places import SHARED
from tests.streams.sources.market_bench import Answers, Market, fetched

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
CONNECTION = connection_from(amazon_connection(queue=QUEUE, aws_key_id="env:NEW", aws_secret="env:OLD"))
MARKET = Market(SOURCE, CONNECTION)
POLL = MARKET.polls["notifications"]
FOLDER = SHARED / "data" / "apis" / "amazon"


def notice(kind: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    metadata = {"notificationMetadata": {"notificationId": "8e009934", "publishTime": "2026-11-28T12:00:01Z"}}
    return {
        "notificationType": kind,
        "eventTime": "2026-11-28T12:00:00Z",
        "payload": payload,
        **metadata,
        **more,
    }


def said(content: dict[str, Any]) -> Translated:
    return MARKET.polled("notifications", lowered(content))


def message(number: int, content: Any) -> dict[str, str]:
    return {"MessageId": f"m{number}", "ReceiptHandle": f"r{number}", "Body": json.dumps(content)}


def changed(
    status: str, kind: str = "OrderStatusChange", at: str | None = "2026-11-28T11:58:00Z"
) -> Translated:
    summary = {
        "MarketplaceId": MARKETPLACE,
        "OrderStatus": status,
        "PurchaseDate": "2026-11-28T10:00:00Z",
        "DestinationPostalCode": "48110",
    }
    trigger = {"TimeOfOrderChange": at, "ChangeReason": "Buyer Requested Cancel"}
    order = {
        "AmazonOrderId": "903-8868176-2219830",
        "OrderChangeType": kind,
        "OrderChangeTrigger": trigger,
        "Summary": summary,
    }
    return said(
        {
            "NotificationType": "ORDER_CHANGE",
            "EventTime": "2026-11-28T12:00:00Z",
            "Payload": {"OrderChangeNotification": order},
        }
    )


# ---------------------------------------------------------------- the queue


def test_messages_are_deleted_once_they_are_durable_and_the_end_is_an_empty_answer() -> None:
    two = [
        message(1, notice("PRICING_HEALTH", {})),
        message(2, {"NotificationMetadata": {"NotificationId": "n2"}}),
    ]
    api = Answers(judge, (200, {"Messages": two}), (200, {"Successful": []}), (200, {}))
    first = fetched(POLL, api)
    assert [row.row_id for row in first.rows] == ["8e009934", "n2"]
    last = fetched(POLL, api, mark=first.next_mark)
    assert (last.rows, last.next_mark) == ([], "")
    actions = [request.headers["X-Amz-Target"].partition(".")[2] for request in api.asked]
    assert actions == ["ReceiveMessage", "DeleteMessageBatch", "ReceiveMessage"]
    assert [one["ReceiptHandle"] for one in json.loads(api.asked[1].body)["Entries"]] == ["r1", "r2"]


def test_the_same_notification_delivered_twice_is_one_row() -> None:
    pages = [
        fetched(POLL, Answers(judge, (200, {"Messages": [message(number, notice("PRICING_HEALTH", {}))]})))
        for number in (1, 2)
    ]
    assert pages[0].rows == pages[1].rows


def test_a_message_that_is_not_a_notification_is_kept_and_named() -> None:
    page = fetched(
        POLL,
        Answers(judge, (200, {"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Body": "hello Eva"}]})),
    )
    assert "Eva" not in page.rows[0].body
    found = MARKET.polled("notifications", json.loads(page.rows[0].body))
    assert [gap.what for gap in found.gaps] == ["topic"]


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (400, {"__type": "com.amazonaws.sqs#QueueDoesNotExist"}, PlatformRejectedError),
        (503, {}, PlatformFailedError),
        (200, [], AnswerGarbledError),
        (200, {"Messages": "none"}, AnswerGarbledError),
        (200, {"Messages": [{"MessageId": "m"}]}, AnswerGarbledError),
    ],
)
def test_an_answer_that_is_none_is_not_an_empty_queue(
    status: int, content: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        fetched(POLL, Answers(judge, (status, content)))


def test_a_request_to_the_queue_is_signed_for_its_region_and_carries_no_token_of_the_api() -> None:
    api = Answers(judge, (200, {}))
    fetched(POLL, api)
    sent = authorise(CONNECTION, api.asked[0], None)
    assert sent.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=new-secret-of-contract/")
    assert "/eu-west-1/sqs/aws4_request" in sent.headers["Authorization"]
    assert "x-amz-access-token" not in sent.headers
    elsewhere = authorise(CONNECTION, HttpRequest("https://files.example/D"), None)
    assert "Authorization" not in elsewhere.headers


# ---------------------------------------------------------------- what they say


def test_an_order_that_changed_has_the_time_of_its_change_and_no_postal_code() -> None:
    facts = changed("Shipped").orders[0]
    assert (facts.order_id, facts.shipped_ms - facts.placed_ms, facts.amount) == (
        "903-8868176-2219830",
        118 * 60_000,
        "",
    )
    assert changed("Canceled", at=None).orders[0].cancelled_ms - facts.placed_ms == 120 * 60_000


def test_what_the_buyer_asks_for_is_not_yet_done() -> None:
    facts = changed("Unshipped", "BuyerRequestedChange").orders[0]
    assert (facts.paid_ms, facts.cancelled_ms, facts.is_paid, facts.is_cancelled) == (0, 0, True, None)


@pytest.mark.parametrize(
    ("kind", "payload", "signal"),
    [
        (
            "LISTINGS_ITEM_ISSUES_CHANGE",
            {"Sku": "S", "EnforcementActions": ["SEARCH_SUPPRESSED"]},
            SignalKind.LISTING_SUPPRESSED,
        ),
        ("LISTINGS_ITEM_ISSUES_CHANGE", {"Sku": "S", "Severities": ["ERROR"]}, SignalKind.LISTING_ISSUE),
        (
            "LISTINGS_ITEM_STATUS_CHANGE",
            {"Sku": "S", "Status": ["DISCOVERABLE"]},
            SignalKind.LISTING_SUPPRESSED,
        ),
        (
            "PRICING_HEALTH",
            {"issueType": "BuyBoxDisqualification", "offerChangeTrigger": {"asin": "B"}},
            SignalKind.FEATURED_OFFER_LOST,
        ),
        ("ACCOUNT_STATUS_CHANGED", {"currentAccountStatus": "AT_RISK"}, SignalKind.ACCOUNT_AT_RISK),
        (
            "FBA_INVENTORY_AVAILABILITY_CHANGES",
            {
                "SKU": "S",
                "FulfillmentInventoryByMarketplace": [
                    {"MarketplaceId": MARKETPLACE, "FulfillmentInventory": {"Fulfillable": 0}}
                ],
            },
            SignalKind.STOCK_OUT,
        ),
    ],
)
def test_states_are_signals(kind: str, payload: dict[str, Any], signal: SignalKind) -> None:
    assert [one.kind for one in said(notice(kind, payload)).signals] == [signal]


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("LISTINGS_ITEM_ISSUES_CHANGE", {"Sku": "S", "Severities": []}),
        ("LISTINGS_ITEM_STATUS_CHANGE", {"Sku": "S", "Status": ["BUYABLE", "DISCOVERABLE"]}),
        ("ACCOUNT_STATUS_CHANGED", {"currentAccountStatus": "NORMAL"}),
    ],
)
def test_what_is_well_is_left_out_by_name(kind: str, payload: dict[str, Any]) -> None:
    found = said(notice(kind, payload))
    assert (found.count, bool(found.left_out)) == (0, True)


# ---------------------------------------------------------------- Amazon's own examples

EXAMPLES = [
    (path.stem, number, example)
    for path in sorted(FOLDER.glob("*Notification.json"))
    for number, example in enumerate(json.loads(path.read_text("utf-8")).get("examples", ()))
]


@pytest.mark.skipif(not EXAMPLES, reason="Amazon's schemas are not next to the project: not checked")
def test_each_example_of_amazon_s_schemas_is_read_or_left_out_by_name() -> None:
    assert len({name for name, _, _ in EXAMPLES}) > 5
    for name, number, example in EXAMPLES:
        found = said(example)
        kind = lowered(example)["notificationType"]
        assert kind in {*NOTICES, *LEFT_OUT}, kind
        assert found.set_aside == [], (name, number)
        assert found.count or found.left_out, (name, number)
        assert REMOVED not in str(found.orders), (name, number)
