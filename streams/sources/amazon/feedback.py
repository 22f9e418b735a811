"""Customer Feedback: what reviews of a product speak of, by Amazon's own topics. No review itself is kept."""

from __future__ import annotations

from typing import Any

from scoring.sources.cursors import PollWindow
from streams.sources.amazon.config import AmazonConnection
from streams.sources.asking import AnswerGarbledError, HttpRequest, PlatformApi
from streams.sources.market_asking import part_of, row_of
from streams.sources.source import PollPage

VERSION = "2024-06-01"
_NO_CONTENT = 204


async def topics(
    config: AmazonConnection, marketplace: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """The topics of one product after another; the mark is the product's place. A product without enough reviews has none."""
    at = int(mark or 0)
    product = config.products[at]
    query = (("marketplaceId", marketplace), ("sortBy", "MENTIONS"))
    path = f"/customerFeedback/{VERSION}/items/{product}/reviews/topics"
    answer = await api.ask(HttpRequest(config.base + path, query=query))
    next_mark = str(at + 1) if at + 1 < len(config.products) else ""
    if answer.status == _NO_CONTENT:
        return PollPage(rows=(), next_mark=next_mark)
    content = answer.json()
    if part_of(answer, content, "marketplaceId", kind=str) != marketplace:
        raise AnswerGarbledError(f"{answer.host} answered of another marketplace than {marketplace}")
    found = part_of(answer, content, "topics")
    span = part_of(answer, content, "dateRange")
    row = {
        "asin": product,
        "startDate": span.get("startDate"),
        "endDate": span.get("endDate"),
        "topics": [
            {"sentiment": sentiment, **_plain(topic)}
            for sentiment, name in (("positive", "positiveTopics"), ("negative", "negativeTopics"))
            for topic in found.get(name) or ()
        ],
    }
    return PollPage(
        rows=(row_of(answer, row, "asin", store=config.stores_of_shops[marketplace]),), next_mark=next_mark
    )


def _plain(topic: Any) -> dict[str, Any]:
    """A topic without what buyers wrote."""
    own = topic.get("asinMetrics") if isinstance(topic, dict) else None
    return {"topic": topic.get("topic") if isinstance(topic, dict) else None, **(own or {})}
