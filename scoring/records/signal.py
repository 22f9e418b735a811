"""A signal: a state that explains or excuses what a funnel shows, with a beginning and, once it is over, an end."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from scoring.records.report_row import BadRecordError, check_times
from scoring.wording.text import Text


class SignalKind(StrEnum):
    """What kind of state. Closed: a new kind is a new member here with its words."""

    STOCK_OUT = "stock_out"
    STOCK_LOW = "stock_low"
    LISTING_SUPPRESSED = "listing_suppressed"
    LISTING_ISSUE = "listing_issue"
    FEATURED_OFFER_LOST = "featured_offer_lost"
    PRICE_UNCOMPETITIVE = "price_uncompetitive"
    PAYMENT_DECLINED = "payment_declined"
    CHECKOUT_ERROR = "checkout_error"
    ACCOUNT_AT_RISK = "account_at_risk"
    DISPUTE = "dispute"
    SHOP_CLOSED = "shop_closed"
    PROMOTION = "promotion"
    RELEASE = "release"
    AD_BUDGET_SPENT = "ad_budget_spent"
    AD_REJECTED = "ad_rejected"
    AUTHORISATION_ENDS = "authorisation_ends"
    ACCESS_REVOKED = "access_revoked"
    QUOTA_LOW = "quota_low"


SIGNAL_NAMES: Mapping[SignalKind, Text] = {
    SignalKind.STOCK_OUT: Text("缺货", "Out of stock"),
    SignalKind.STOCK_LOW: Text("库存偏低", "Low stock"),
    SignalKind.LISTING_SUPPRESSED: Text("商品被下架或屏蔽", "Listing suppressed"),
    SignalKind.LISTING_ISSUE: Text("商品信息有问题", "Listing issue"),
    SignalKind.FEATURED_OFFER_LOST: Text("丢失购物车", "Featured offer lost"),
    SignalKind.PRICE_UNCOMPETITIVE: Text("价格没有竞争力", "Price not competitive"),
    SignalKind.PAYMENT_DECLINED: Text("支付被拒", "Payment declined"),
    SignalKind.CHECKOUT_ERROR: Text("结账出错", "Checkout error"),
    SignalKind.ACCOUNT_AT_RISK: Text("账号有风险", "Account at risk"),
    SignalKind.DISPUTE: Text("买家拒付争议", "Payment disputed by the buyer"),
    SignalKind.SHOP_CLOSED: Text("店铺打烊或休假", "Shop closed or on holiday"),
    SignalKind.PROMOTION: Text("促销进行中", "Promotion running"),
    SignalKind.RELEASE: Text("上线了改动", "Release"),
    SignalKind.AD_BUDGET_SPENT: Text("广告预算用完", "Ad budget spent"),
    SignalKind.AD_REJECTED: Text("广告被拒", "Ad rejected"),
    SignalKind.AUTHORISATION_ENDS: Text("授权即将到期", "Authorisation ends soon"),
    SignalKind.ACCESS_REVOKED: Text("授权被撤销", "Access revoked"),
    SignalKind.QUOTA_LOW: Text("接口额度不足", "API quota nearly used up"),
}


class Signal(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One version of one state, as it is on ``funnel.signals.v1``.

    Attributes:
        object: what it is about: a SKU, a listing, a promotion, a decline code; empty for the whole store.
        since_ms: when it began, by the platform's clock.
        until_ms: when it ended; 0 while it lasts.
        source: who reports it.
        details: what else is known, such as ``{"code": "do_not_honor"}``; no personal data.
    """

    store_id: str
    kind: SignalKind
    object: str = ""
    since_ms: int
    until_ms: int = 0
    source: str
    details: dict[str, str] = {}
    told_at_ms: int = 0
    connection: str = ""
    import_id: str = ""
    withdrawn: bool = False


def signal_identity(signal: Signal) -> tuple[str, str, str, int]:
    """What a signal speaks of: the same state reported again is the same signal."""
    return signal.store_id, signal.kind.value, signal.object, signal.since_ms


def check_signal(signal: Signal) -> None:
    """See that a signal can be kept.

    Raises:
        BadRecordError: a field cannot be used; the text says which.
    """
    if not signal.store_id or not signal.source:
        raise BadRecordError("`store_id` and `source` of a signal must not be empty")
    if signal.since_ms <= 0:
        raise BadRecordError("`since_ms` of a signal must be known")
    check_times(signal, ("since_ms", "until_ms", "told_at_ms"))
    if signal.until_ms and signal.until_ms < signal.since_ms:
        raise BadRecordError("`until_ms` of a signal must not be before `since_ms`")
