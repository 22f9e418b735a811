"""What is asked of the GraphQL Admin API, as text."""

from __future__ import annotations

from datetime import UTC, datetime

from scoring.sources.cursors import PollWindow
from streams.sources.shopify.order_parts import PARCELS, REFUNDS, TRANSACTIONS

_MONEY = "{ shopMoney { amount currencyCode } }"
_OF_BUYER = "customer { legacyResourceId } shippingAddress { countryCodeV2 }"
_ORDER = f"""
  legacyResourceId createdAt processedAt updatedAt cancelledAt test sourceName
  displayFinancialStatus displayFulfillmentStatus subtotalLineItemsQuantity paymentGatewayNames
  totalPriceSet {_MONEY}
  transactions(first: {TRANSACTIONS}) {{ id kind status gateway errorCode createdAt processedAt test amountSet {_MONEY} }}
  refunds(first: {REFUNDS}) {{ legacyResourceId createdAt totalRefundedSet {_MONEY} }}
  fulfillments(first: {PARCELS}) {{ status createdAt deliveredAt }}
"""

ACCESS = "{ currentAppInstallation { accessScopes { handle } } shop { ianaTimezone currencyCode } }"
SCOPES = "{ currentAppInstallation { accessScopes { handle } } }"
RUN_BULK = """mutation ($query: String!) {
  bulkOperationRunQuery(query: $query) { bulkOperation { id status } userErrors { code message } }
}"""
BULK_STATE = """query ($id: ID!) {
  node(id: $id) { ... on BulkOperation { id status errorCode rootObjectCount fileSize url } }
}"""


def orders_page(with_buyer: bool) -> str:
    """One page of the orders of a filter, and how many there are in all."""
    return f"""query ($filter: String!, $first: Int!, $after: String) {{
  orders(first: $first, after: $after, query: $filter, sortKey: UPDATED_AT) {{
    nodes {{ {_ORDER} {_OF_BUYER if with_buyer else ""} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
  ordersCount(query: $filter, limit: null) {{ count precision }}
}}"""


def all_orders(window: PollWindow, with_buyer: bool) -> str:
    """The orders of a window, for a bulk operation, which takes no variables and has no connections inside lists."""
    fields = f"{_ORDER} {_OF_BUYER if with_buyer else ''}"
    return f'{{ orders(query: "{changed_in(window)}") {{ edges {{ node {{ {fields} }} }} }} }}'


def changed_in(window: PollWindow) -> str:
    """The filter of a window. Shopify's times have whole seconds: what begins within one begins with it."""
    return f"updated_at:>='{_second(window.from_ms)}' updated_at:<'{_second(window.to_ms + 999)}'"


def placed_in(from_ms: int, to_ms: int) -> str:
    """The filter of the orders that were placed in a span, which begins and ends with a second."""
    return f"processed_at:>='{_second(from_ms)}' processed_at:<'{_second(to_ms)}' test:false"


def count(from_ms: int, to_ms: int) -> str:
    """How many orders were placed in a span."""
    return f'{{ ordersCount(query: "{placed_in(from_ms, to_ms)}", limit: null) {{ count precision }} }}'


def _second(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
